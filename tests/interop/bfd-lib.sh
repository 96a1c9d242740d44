# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# BFD with other speakers: the same conversation with each.  "us" (10.9.0.1, fd09::1)
# and "them" (10.9.0.2, fd09::2) on a bridge, so that the link stays up when the other falls
# silent; 10.6.0.1 and 10.7.0.2 on lo, which are on no connected subnet: multihop for BFD.  A script defines:
#
#   peer_start                  writes the configuration and starts the processes
#   peer_bfd KEY PATTERN        does what the peer says of the BFD session match?
#   peer_bgp_is_up KEY          is the BGP session established, as the peer sees it?
#   peer_admin_down, peer_admin_up   the operator's word at the peer, unless it is one that
#                               falls silent: peer_says_admin_down=false
#
# with KEY one of 10.9.0.1, fd09::1 and 10.6.0.1 (multihop), and calls bfd_main.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

peer_says_admin_down=true

us_config() {
	cat >"$LAB/us.conf" <<-CONF
		router { as = 64512 id = "10.9.0.1" connect-retry = 1 connect-retry-max = 1 }
		network "10.1.0.0/24" { }
		filter "all" { default = "accept" }
		group "fast" {
			as = 64513
			import = "all" export = "all"
			bfd = true bfd-interval = 300 bfd-multiplier = 3
		}
		peer "v4" { address = "10.9.0.2" group = "fast" families = {"ipv4"} }
		peer "v6" { address = "fd09::2" group = "fast" families = {"ipv6"} }
		peer "far" { address = "10.7.0.2" group = "fast" families = {"ipv4"} multihop = 5
			local-address = "10.6.0.1" }
		log { level = "debug" }
	CONF
}

us_bfd() { # PEER EXPRESSION
	lab_json us ".bfd | $2" show peer "$1"
}

us_up() { # PEER
	us_bfd "$1" '.state == "Up" and (.polling | not) and .detection_time_ms == 900' &&
		lab_established us "$1"
}

all_up() {
	us_up v4 && us_up v6 && us_up far && peer_up_all
}

peer_up_all() {
	local key

	for key in 10.9.0.1 fd09::1 10.6.0.1; do
		peer_bfd "$key" up && peer_bgp_is_up "$key" || return 1
	done
}

flaps() {
	lab_ctl us -j show peer "$1" | jq .flaps
}

# Seconds until a command is true, checked every 20 ms; "never" after three.
ms_until() { # COMMAND...
	local since=${EPOCHREALTIME/./}

	until "$@" >/dev/null 2>&1; do
		[ $((${EPOCHREALTIME/./} - since)) -lt 3000000 ] || { echo never; return; }
		sleep 0.02
	done
	echo $(((${EPOCHREALTIME/./} - since) / 1000))
}

us_said() { # PATTERN: since the mark
	tail -n "+$mark" "$LAB/us.log" | grep -E "$1"
}

set_mark() {
	mark=$(($(wc -l <"$LAB/us.log") + 1))
}

# Everything to and from the peer is lost; our own link stays as it is.
silence() {
	local ms

	set_mark
	lab_ip sw link set p-them down
	ms=$(ms_until us_said 'v4.*BFD session down: Control Detection Time Expired')
	# the time of asking is in it
	lab_check "silence: we find out in $ms ms" test "${ms/never/9999}" -lt 1200
	lab_check_within 1 "… IPv6" us_said 'v6.*BFD session down: Control Detection Time Expired'
	lab_check_within 1 "… multihop" us_said 'far.*BFD session down: Control Detection Time Expired'
	for key in 10.9.0.1 fd09::1 10.6.0.1; do
		lab_check_within 3 "… and so does the peer, $key" peer_bfd $key down
	done
	lab_check "… BGP is down" lab_not lab_established us v4
	lab_check_within 3 "… as the peer sees it" lab_not peer_bgp_is_up 10.9.0.1
	lab_ip sw link set p-them up
	lab_check_within 40 "the peer is back" all_up
}

drop() { # -I|-D NODE CHAIN
	lab_in "$2" iptables "$1" "$3" -p udp -m multiport --dports 3784,4784 -j DROP
}

one_way() {
	set_mark
	drop -I us INPUT
	lab_check_within 2 "we hear nothing: we find out" \
		us_said 'v4.*BFD session down: Control Detection Time Expired'
	lab_check_within 3 "… and the peer is told" peer_bfd 10.9.0.1 down
	lab_check_within 3 "… and BGP ends" us_said 'v4: session down'
	drop -D us INPUT
	lab_check_within 40 "up again" all_up

	set_mark
	drop -I them INPUT
	lab_check_within 2 "the peer hears nothing: we are told" \
		us_said 'v4.*BFD session down: Neighbor Signaled Session Down .Control Detection'
	lab_check_within 2 "… multihop" us_said 'far.*BFD session down: Neighbor Signaled'
	lab_check_within 2 "… BGP ends" us_said 'v4: session down'
	drop -D them INPUT
	lab_check_within 40 "up again" all_up
}

timers() {
	local before

	before=$(flaps v4)
	sed -i 's/bfd-interval = 300/bfd-interval = 1000/; s/multiplier = 3/multiplier = 5/' "$LAB/us.conf"
	lab_ctl us reload >/dev/null
	lab_check_within 10 "a Poll Sequence: a longer interval" us_bfd v4 \
		'.transmit_interval_ms == 1000 and .detection_time_ms == 3000 and (.polling | not)'
	lab_check_within 5 "… and the peer knows" peer_bfd 10.9.0.1 slow
	sed -i 's/bfd-interval = 1000/bfd-interval = 300/; s/multiplier = 5/multiplier = 3/' "$LAB/us.conf"
	lab_ctl us reload >/dev/null
	lab_check_within 10 "… and a shorter one" all_up
	lab_check "… and nothing flapped" lab_equal "$before" "$(flaps v4)"
}

admin_down() {
	local before

	if ! $peer_says_admin_down; then
		lab_skip "AdminDown from the peer is heard" "it never says so"
		return
	fi
	before=$(flaps v4)
	set_mark
	peer_admin_down
	lab_check_within 5 "AdminDown from the peer is heard" \
		us_said 'v4.*BFD session down: Neighbor Signaled Session Down .Administratively Down'
	sleep 2
	lab_check "… BGP stays" lab_equal "$before Established" \
		"$(flaps v4) $(lab_ctl us -j show peer v4 | jq -r .state)"
	peer_admin_up
	lab_check_within 40 "up again" all_up
}

bfd_main() { # NAME
	lab_begin "bfd-$1"
	lab_ns_add us them sw
	lab_ip sw link add br0 type bridge
	lab_ip sw link set br0 up
	for name in us them; do
		ip link add v0 netns "$(lab_ns $name)" type veth peer name "p-$name" netns "$(lab_ns sw)"
		lab_ip sw link set "p-$name" master br0 up
	done
	lab_address us v0 10.9.0.1/24 fd09::1/64
	lab_address them v0 10.9.0.2/24 fd09::2/64
	lab_ip them addr add 10.7.0.2/32 dev lo
	lab_ip us addr add 10.6.0.1/32 dev lo
	lab_ip us route add 10.7.0.2/32 via 10.9.0.2
	lab_ip them route add 10.6.0.1/32 via 10.9.0.1
	us_config
	peer_start
	lab_bgpd us us
	lab_check_within 40 "BGP and BFD, IPv4, IPv6 and multihop, are up, both say" all_up || {
		lab_logs
		lab_ctl us show peer v4
		lab_ctl us show peer far
		return
	}
	lab_check "multihop is the far one" us_bfd far '.type == "multihop"'
	timers
	silence
	one_way
	admin_down
	lab_stop us
	lab_check_within 5 "we stop: the peer's BFD session is down" peer_bfd 10.9.0.1 down
}
