#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# BFD between our own daemons: "a" and "b" on a bridge, so that either's link stays up when
# the other falls silent; "c" behind the router "r", two hops from "a".
#
#   a ──┐
#       sw (bridge, r's 10.9.0.254) ── r ── c
#   b ──┘
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin bfd
lab_ns_add a b c sw
for name in a b; do
	ip link add v0 netns "$(lab_ns $name)" type veth peer name "p-$name" netns "$(lab_ns sw)"
done
lab_ip sw link add br0 type bridge
lab_address sw br0 10.9.0.254/24 fd09::fe/64
for name in a b; do
	lab_ip sw link set "p-$name" master br0 up
done
lab_address a v0 10.9.0.1/24 fd09::1/64
lab_address b v0 10.9.0.2/24 fd09::2/64
lab_link sw r0 10.8.0.254/24 fd08::fe/64 c v0 10.8.0.3/24 fd08::3/64
lab_in sw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
lab_ip a route add 10.8.0.0/24 via 10.9.0.254
lab_ip c route add 10.9.0.0/24 via 10.8.0.254

config() { # NODE ADDRESS AS; the peers come on standard input
	cat >"$LAB/$1.conf" <<-CONF
		router {
			as = $3
			id = "$2"
			connect-retry = 1
			connect-retry-max = 1
		}
		network "10.${2##*.}.0.0/24" { }
		filter "all" { default = "accept" }
		group "fast" {
			import = "all" export = "all"
			bfd = true
			bfd-interval = 300
			bfd-multiplier = 3
		}
	CONF
	cat >>"$LAB/$1.conf"
}

reconfigure() { # NODE SED-EXPRESSION
	sed -i -e "$2" "$LAB/$1.conf"
	lab_ctl "$1" reload >/dev/null
}

config a 10.9.0.1 64501 <<-CONF
	peer "b4" { address = "10.9.0.2" as = 64502 group = "fast" families = {"ipv4"} }
	peer "b6" { address = "fd09::2" as = 64502 group = "fast" families = {"ipv6"} }
	peer "c" { address = "10.8.0.3" as = 64503 group = "fast" multihop = 5 }
CONF
config b 10.9.0.2 64502 <<-CONF
	peer "a4" { address = "10.9.0.1" as = 64501 group = "fast" families = {"ipv4"} }
	peer "a6" { address = "fd09::1" as = 64501 group = "fast" families = {"ipv6"} }
CONF
config c 10.8.0.3 64503 <<-CONF
	peer "a" { address = "10.9.0.1" as = 64501 group = "fast" multihop = 5 }
CONF

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

# Both ends of b's port fall silent, and a's link knows nothing of it.
silence() { lab_ip sw link set "p-$1" down; }
speech() { lab_ip sw link set "p-$1" up; }

# The log line's time minus the time given, in milliseconds, as is said of the last such line.
ms_to_line() { # PROCESS SINCE-MICROSECONDS PATTERN
	local seen

	until grep -q "$3" "$LAB/$1.watch"; do
		[ $((${EPOCHREALTIME/./} - $2)) -lt 5000000 ] || return 1
		sleep 0.02
	done
	seen=$(grep "$3" "$LAB/$1.watch" | tail -n 1)
	echo $(((${seen%% *} - $2) / 1000))
}

# Every line of a log with the microsecond at which it came.
watch_log() { # NODE
	tail -n 0 -s 0.01 --pid=$$ -F "$LAB/$1.log" 2>/dev/null | while IFS= read -r line; do
		printf '%s %s\n' "${EPOCHREALTIME/./}" "$line"
	done >"$LAB/$1.watch" &
}

has_route() { # NODE PREFIX PEER
	lab_json "$1" "map(select(.prefix == \"$2\" and .peer == \"$3\")) | length > 0" show routes
}

for name in a b c; do lab_bgpd $name $name; done
lab_check_within 20 "single hop, IPv4: BGP and BFD are up" up a b4
lab_check_within 20 "single hop, IPv6: BGP and BFD are up" up a b6
lab_check_within 20 "multihop: BGP and BFD are up" up a c
lab_check_within 5 "… the other sides say the same" up b a4
lab_check_within 5 "… over IPv6" up b a6
lab_check_within 5 "… over two hops" up c a
lab_check "… and which kind it is" bfd a b4 '.type == "single-hop"'
lab_check "… with the multihop port for c" bfd a c '.type == "multihop" and .local_address == "10.9.0.1"'
lab_check "show peer says it in words" eval 'lab_ctl a show peer b4 | grep -E "BFD +Up for"'
lab_check "sockets: ports 3784 and 4784" eval \
	'lab_in a ss -Huln | grep -q :3784 && lab_in a ss -Huln | grep -q :4784'
lab_check "source ports are in RFC 5881 4's range, one a session" eval \
	'lab_in a ss -Huan | awk "{ sub(/.*:/, \"\", \$4); print \$4 }" | grep -vxE "3784|4784" |
		sort -u | awk "\$1 < 49152 { bad = 1 } END { exit bad || NR != 3 }"'

# ---------------------------------------------------------------- a peer falls silent
watch_log a
sleep 0.2
since=${EPOCHREALTIME/./}
silence b
ms=$(ms_to_line a "$since" 'b4.*session down')
lab_check "a silent peer is found in ${ms:-no time} ms, IPv4" test "${ms:-9999}" -lt 1000
ms=$(ms_to_line a "$since" 'b6.*session down')
lab_check "a silent peer is found in ${ms:-no time} ms, IPv6" test "${ms:-9999}" -lt 1000
lab_check "our link to the switch is up all the while" eval \
	'lab_ip a link show v0 | grep -q LOWER_UP'
lab_check "it is Cease 6/10 that ends BGP" grep -q 'b4.*NOTIFICATION sent.*BFD Down' "$LAB/a.log"
lab_check "the diagnostic has its name in the log" \
	grep -q 'b4.*BFD session down: Control Detection Time Expired' "$LAB/a.log"
lab_check_within 1 "its routes are gone, though graceful restart was agreed on" \
	lab_not has_route a 10.2.0.0/24 b4
lab_check "show says why and when" bfd a b4 \
	'.state == "Down" and .last_down.reason == "Control Detection Time Expired" and .last_down.age_s < 5'
lab_check "the session to c stood all that" up a c
speech b
lab_check_within 20 "b is back: BFD and BGP" up a b4
lab_check_within 20 "… over IPv6, too" up a b6

# Beyond the router: its link to c stays up for a, and a BFD packet has two hops to go.
since=${EPOCHREALTIME/./}
lab_ip sw link set r0 down
ms=$(ms_to_line a "$since" '\bc\b.*session down')
lab_check "multihop: silence is found in ${ms:-no time} ms" test "${ms:-9999}" -lt 1000
lab_ip sw link set r0 up
lab_ip sw addr add 10.8.0.254/24 dev r0 2>/dev/null
lab_check_within 20 "c is back" up a c

# One direction alone: a hears nothing, and b is told.
lab_in a iptables -I INPUT -p udp --dport 3784 -s 10.9.0.2 -j DROP
lab_check_within 2 "one way: b hears of it from a" eval \
	'grep -q "a4.*BFD session down: Neighbor Signaled Session Down (Control Detection Time Expired)" "$LAB/b.log"'
lab_check_within 2 "… and drops BGP" grep -q 'a4.*NOTIFICATION.*BFD Down' "$LAB/b.log"
lab_in a iptables -F INPUT
lab_check_within 20 "and up again" up a b4

# ---------------------------------------------------------------- the operator
before=$(flaps a b4)
reconfigure b 's/bfd = true/bfd = false/'
lab_check_within 3 "bfd off at b: AdminDown is heard" bfd a b4 \
	'.state == "Down" and .last_down.reason == "Neighbor Signaled Session Down"'
sleep 4
lab_check "… BGP stays (RFC 5882 3.2)" lab_established a b4
lab_check "… and did not flap" lab_equal "$before" "$(flaps a b4)"
lab_check "… b has no BFD session" lab_json b '.bfd == null' show peer a4
lab_check_within 5 "… nor sockets of it" eval '! lab_in b ss -Huan | grep -q :3784'
reconfigure b 's/bfd = false/bfd = true/'
lab_check_within 5 "bfd on again: up" up a b4

reconfigure a 's/bfd-interval = 300/bfd-interval = 100/'
reconfigure a 's/bfd-multiplier = 3/bfd-multiplier = 5/'
lab_check_within 5 "another multiplier: b's detection time follows" bfd b a4 \
	'.detection_time_ms == 1500 and .remote.multiplier == 5 and .remote.min_transmit_ms == 100'
reconfigure b 's/bfd-interval = 300/bfd-interval = 100/'
lab_check_within 5 "another interval at both: 100 ms x 3" bfd a b4 \
	'.detection_time_ms == 300 and .transmit_interval_ms == 100 and (.polling | not)'
reconfigure a 's/bfd-interval = 100/bfd-interval = 1000/'
lab_check_within 5 "and a longer one" bfd b a4 \
	'.detection_time_ms == 5000 and .transmit_interval_ms == 1000 and (.polling | not)'
reconfigure a 's/bfd-interval = 1000/bfd-interval = 300/; s/bfd-multiplier = 5/bfd-multiplier = 3/'
reconfigure b 's/bfd-interval = 100/bfd-interval = 300/'
lab_check_within 5 "and back" up a b4
lab_check "through all of it BGP did not flap" lab_equal "$before" "$(flaps a b4)"
lab_check "nor BFD, but for b's operator" bfd a b4 '.last_down.reason == "Neighbor Signaled Session Down"'

lab_ctl b peer a4 disable "work on the rack" >/dev/null
lab_check_within 3 "peer disable: AdminDown, and Cease 6/2" \
	grep -q 'b4.*BFD session down: Neighbor Signaled Session Down (Administratively Down)' "$LAB/a.log"
lab_ctl b peer a4 enable >/dev/null
lab_check_within 10 "and enabled again" up a b4

# ---------------------------------------------------------------- what must not count
dropped=$(lab_ctl a -j show peer b4 | jq .bfd.packets.dropped)
before=$(flaps a b4)
lab_in b python3 - <<-PYTHON
	import socket, struct
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("10.9.0.2", 60001))
	packet = struct.pack(">BBBBIIIII", 0x20, 0x40, 3, 24, 99, 0, 1000000, 1000000, 0)
	for ttl in (254, 64, 1):
	    s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
	    s.sendto(packet, ("10.9.0.1", 3784))
	s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
	for bad in (packet[:20], b"\x40" + packet[1:], packet[:2] + b"\0" + packet[3:],
	            packet[:1] + b"\x41" + packet[2:], packet[:1] + b"\xc0" + packet[2:],
	            packet[:4] + bytes(4) + packet[8:], packet[:3] + b"\x19" + packet[4:]):
	    s.sendto(bad, ("10.9.0.1", 3784))
PYTHON
lab_check_within 2 "a Down with a TTL below 255, and seven faulty packets, are dropped" bfd a b4 \
	".packets.dropped == $dropped + 10 and .state == \"Up\""
lab_check "BGP took no notice" lab_equal "$before" "$(flaps a b4)"

# ---------------------------------------------------------------- restarts
# SIGTERM with graceful restart: AdminDown, and the stale routes stay.
lab_stop b
lab_check_within 3 "b stops gracefully: its routes are stale" lab_json a \
	'map(select(.prefix == "10.2.0.0/24" and .peer == "b4" and .stale)) | length == 1' show routes
sleep 1.5
lab_check "… and stay, though BFD is down: that was no failure" has_route a 10.2.0.0/24 b4
lab_bgpd b b
lab_check_within 20 "b is back" up a b4

# A crash: BFD ended with BGP, its C bit is clear, and the restart goes on (RFC 5882 4.3).
lab_stop b KILL
sleep 2
lab_check "b crashes: BFD finds out" bfd a b4 '.state == "Down"'
lab_check "… and its routes stay: the C bit is clear" has_route a 10.2.0.0/24 b4
lab_bgpd b b
lab_check_within 20 "b is back" up a b4

# ---------------------------------------------------------------- the port is taken
lab_stop b
lab_start b taker python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 3784))
time.sleep(60)'
sleep 0.5
lab_bgpd b b
lab_check_within 20 "port 3784 is taken: BGP comes up" lab_established a b4
lab_check "… an error says so" grep -q 'cannot receive BFD on ipv4 UDP port 3784: Address already in use' "$LAB/b.log"
lab_check "… and show" bfd b a4 '.trouble | startswith("cannot receive")'
lab_stop taker
lab_check_within 25 "it is free: BFD comes up" up a b4

# ---------------------------------------------------------------- peers of a range
sed -i '/^peer "b/d' "$LAB/a.conf"
cat >>"$LAB/a.conf" <<-CONF
	group "range" {
		as = 64502
		range = {"10.9.0.0/24"}
		families = {"ipv4"}
		import = "all" export = "all"
		bfd = true
	}
CONF
lab_ctl a reload >/dev/null
lab_check_within 20 "a peer of a range: BFD once it is established" up a 10.9.0.2
since=${EPOCHREALTIME/./}
silence b
ms=$(ms_to_line a "$since" '10.9.0.2.*session down')
lab_check "its silence is found in ${ms:-no time} ms" test "${ms:-9999}" -lt 1000
speech b
lab_check_within 20 "and it comes back" up a 10.9.0.2
