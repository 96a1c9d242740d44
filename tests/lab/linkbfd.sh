#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# tests/lab/linkbfd.sh
#
# BFD over link-local addresses.  Two links between "a" and "b", each with a bridge in it, so
# that both ends' links stay up when packets are lost; on both links a is fe80::1 and b is
# fe80::2, so that nothing but the interface tells the sessions apart.  On the first the peers
# are configured by address, on the second they are unnumbered.
#
#   a e1 ── br1 ── e1 b        a e2 ── br2 ── e2 b
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin linkbfd
lab_ns_add a b sw

bridged() { # NAME DEVICE BRIDGE ADDRESS
	ip link add "$2" netns "$(lab_ns "$1")" type veth peer name "p-$1-$2" netns "$(lab_ns sw)" || exit 1
	lab_ip sw link set "p-$1-$2" master "$3" up
	lab_ip "$1" link set "$2" addrgenmode none
	lab_address "$1" "$2" '' "$4"
}

for i in 1 2; do
	lab_ip sw link add "br$i" type bridge
	lab_ip sw link set "br$i" up
	bridged a "e$i" "br$i" fe80::1/64
	bridged b "e$i" "br$i" fe80::2/64
done

config() { # NODE NUMBER NEIGHBOUR
	cat >"$LAB/$1.conf" <<-CONF
		router { as = 6450$2 id = "10.9.0.$2" connect-retry = 1 connect-retry-max = 1 }
		network "10.$2.0.0/24" { }
		filter "all" { default = "accept" }
		group "fast" {
			as = "external"
			extended-next-hop = true
			import = "all" export = "all"
			bfd = true
			bfd-interval = 300
			bfd-multiplier = 3
		}
		peer "fixed" { address = "$3%e1" group = "fast" }
		peer "found" { interface = "e2" group = "fast" }
	CONF
}

reconfigure() { # NODE SED-EXPRESSION
	sed -i -e "$2" "$LAB/$1.conf"
	lab_ctl "$1" reload >/dev/null
}

bfd() { # NODE PEER EXPRESSION: is it true of the peer's BFD session?
	lab_json "$1" ".bfd | $3" show peer "$2"
}

up() { # NODE PEER
	bfd "$1" "$2" '.state == "Up" and (.polling | not) and .detection_time_ms == 900' &&
		lab_established "$1" "$2"
}

flaps() { # NODE PEER
	lab_ctl "$1" -j show peer "$2" | jq .flaps
}

# Two ports that are isolated hear nothing of each other; both are up.
isolate() { # LINK on|off
	local name

	for name in a b; do
		lab_ip sw link set "p-$name-e$1" type bridge_slave isolated "$2"
	done
}

silence() { isolate "$1" on; }
speech() { isolate "$1" off; }

links_are_up() {
	[ "$( { lab_ip a link show; lab_ip b link show; } | grep -c 'e[12]@.*LOWER_UP')" = 4 ]
}

watch_log() { # NODE: every line of its log with the microsecond at which it came
	tail -n 0 -s 0.01 --pid=$$ -F "$LAB/$1.log" 2>/dev/null | while IFS= read -r line; do
		printf '%s %s\n' "${EPOCHREALTIME/./}" "$line"
	done >"$LAB/$1.watch" &
}

ms_to_line() { # PROCESS SINCE-MICROSECONDS PATTERN
	local seen

	until grep -q "$3" "$LAB/$1.watch"; do
		[ $((${EPOCHREALTIME/./} - $2)) -lt 5000000 ] || return 1
		sleep 0.02
	done
	seen=$(grep "$3" "$LAB/$1.watch" | tail -n 1)
	echo $(((${seen%% *} - $2) / 1000))
}

config a 1 fe80::2
config b 2 fe80::1
lab_bgpd a a
lab_bgpd b b

# ---------------------------------------------------------------- they come up

for name in fixed found; do
	lab_check_within 20 "$name: BGP and BFD are up" up a $name
	lab_check_within 5 "$name: … the other side says the same" up b $name
done
lab_check "single hop, with the interface behind the address" bfd a fixed \
	'.type == "single-hop" and .local_address == "fe80::1%e1" and .remote_address == "fe80::2%e1"'
lab_check "… of the unnumbered peer, too" bfd a found \
	'.type == "single-hop" and .local_address == "fe80::1%e2" and .remote_address == "fe80::2%e2"'
lab_check "show peer says it in words" eval \
	'lab_ctl a show peer found | grep -E "addresses +local fe80::1%e2, remote fe80::2%e2"'

# ---------------------------------------------------------------- a peer falls silent

watch_log a
sleep 0.2
for i in 1 2; do
	name=fixed other=found
	[ "$i" = 1 ] || name=found other=fixed
	before=$(flaps a $other)
	since=${EPOCHREALTIME/./}
	silence "$i"
	ms=$(ms_to_line a "$since" "$name.*session down")
	lab_check "$name: silence is found in ${ms:-no time} ms" test "${ms:-9999}" -lt 1000
	lab_check "… while all links are up" links_are_up
	lab_check "… with its name in the log" grep -q "$name.*BFD session down: Control Detection Time Expired" "$LAB/a.log"
	lab_check "… it is Cease 6/10 that ends BGP" grep -q "$name.*NOTIFICATION sent.*BFD Down" "$LAB/a.log"
	lab_check "… show says why" bfd a $name '.last_down.reason == "Control Detection Time Expired"'
	sleep 1
	lab_check "… the same addresses on the other link are not concerned" up a $other
	lab_check "… nor were they" lab_equal "$before" "$(flaps a $other)"
	speech "$i"
	lab_check_within 25 "… and back" up a $name
	lab_check_within 5 "… as the other side says" up b $name
	: >"$LAB/a.log"
done

# ---------------------------------------------------------------- what must not count

dropped=$(lab_ctl a -j show peer fixed | jq .bfd.packets.dropped)
ours=$(lab_ctl a -j show peer fixed | jq .bfd.local_discriminator)
before=$(flaps a fixed)
lab_in b python3 - "$ours" <<-'PYTHON'
	import socket, struct, sys
	for device, ttl, yours in (("e1", 254, 0), ("e1", 1, int(sys.argv[1])), ("e2", 255, int(sys.argv[1]))):
	    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	    index = socket.if_nametoindex(device)
	    s.bind(("fe80::2", 0, 0, index))
	    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
	    packet = struct.pack(">BBBBIIIII", 0x20, 0x40, 3, 24, 99, yours, 1000000, 1000000, 0)
	    s.sendto(packet, ("fe80::1", 3784, 0, index))
PYTHON
lab_check_within 2 "RFC 5881 5: a Down with a hop limit below 255 is dropped" bfd a fixed \
	".packets.dropped == $dropped + 2 and .state == \"Up\""
lab_check_within 2 "RFC 5881 3: so is one from the other link, that knows the discriminator" bfd a found \
	'.packets.dropped >= 1 and .state == "Up"'
lab_check "BGP took no notice" lab_equal "$before" "$(flaps a fixed)"

# ---------------------------------------------------------------- the operator

before=$(flaps a found)
reconfigure b 's/bfd = true/bfd = false/'
for name in fixed found; do
	lab_check_within 3 "$name: bfd off at b: AdminDown is heard" bfd a $name \
		'.state == "Down" and .last_down.reason == "Neighbor Signaled Session Down"'
done
sleep 2
lab_check "… BGP stays (RFC 5882 3.2)" lab_equal "$before Established" \
	"$(flaps a found) $(lab_ctl a -j show peer found | jq -r .state)"
reconfigure b 's/bfd = false/bfd = true/'
for name in fixed found; do
	lab_check_within 5 "$name: bfd on again" up a $name
done

# ---------------------------------------------------------------- another neighbour

lab_ip b addr del fe80::2/64 dev e2
lab_ip b addr add fe80::3/64 dev e2 nodad
lab_check_within 40 "the unnumbered neighbour has another address: BFD follows" bfd a found \
	'.state == "Up" and .remote_address == "fe80::3%e2"'
lab_check_within 5 "… and the other side knows its own" bfd b found \
	'.state == "Up" and .local_address == "fe80::3%e2"'

# ---------------------------------------------------------------- interfaces come and go

lab_ip a link del e2
lab_check_within 3 "the interface is deleted: no session" lab_json a '.bfd == null' show peer found
lab_check "… the other one is as it was" up a fixed
bridged a e2 br2 fe80::1/64
lab_check_within 30 "another one has its name: BFD is up on that" up a found
lab_ip a link set e1 down
lab_ip a link set e1 name other
lab_ip a link set other up
lab_check_within 3 "an interface is renamed: no session" lab_json a '.bfd == null' show peer fixed
lab_ip a link set other down
lab_ip a link set other name e1
lab_ip a link set e1 up
lab_ip a addr add fe80::1/64 dev e1 nodad 2>/dev/null
lab_check_within 20 "… and back" up a fixed

sed -i '/^peer "found/d' "$LAB/a.conf"
lab_ctl a reload >/dev/null
lab_check_within 5 "a peer is taken away: its session's socket, too" eval \
	'[ "$(lab_in a ss -Huan | grep -vc :3784)" = 1 ]'
lab_check "… and the other's stays" up a fixed
