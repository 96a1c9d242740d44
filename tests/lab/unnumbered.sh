#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/unnumbered.sh
#
# Unnumbered peers: a leaf and two spines with nothing on their links but what the kernel
# gives them.  They find each other by router advertisements; IPv4 and IPv6 routes go by the
# link-local addresses, and packets from loopback to loopback.  Advertisements that are forged
# or malformed change nothing; a second router on the link is passed over until the first one
# fails.
#
#   s1 e0 ──── e1 leaf e2 ──── e0 s2        loopbacks 10.9.0.1, .2 and .9, no other IPv4
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin unnumbered
lab_ns_add leaf s1 s2
for i in 1 2; do
	lab_link leaf "e$i" '' '' "s$i" e0 '' ''
	lab_ip "s$i" addr add "10.9.0.$i/32" dev lo
	lab_ip "s$i" addr add "fd09::$i/128" dev lo nodad
done
lab_ip leaf addr add 10.9.0.9/32 dev lo
lab_ip leaf addr add fd09::9/128 dev lo nodad

file_of() { # NAME NUMBER AS INTERFACE...
	local name=$1 number=$2 as=$3 interface

	shift 3
	{
		cat <<-CONF
			router { as = $as id = "10.9.0.$number" connect-retry = 1 connect-retry-max = 2 multipath = 2 }
			network "10.9.0.$number/32" { }
			network "fd09::$number/128" { }
			filter "all" { default = "accept" }
			control { socket = "$LAB/$name.sock" }
			group "fabric" { as = "external" import = "all" export = "all" }
		CONF
		for interface; do
			printf 'peer "on-%s" { interface = "%s" group = "fabric" }\n' "$interface" "$interface"
		done
	} >"$LAB/$name.conf"
}

link_local() { # NAME DEVICE
	lab_ip "$1" -j -6 addr show dev "$2" scope link | jq -r '.[].addr_info[].local // empty'
}

hops() { # NAME PREFIX
	local family=-4

	[[ $2 != *:* ]] || family=-6
	lab_ip "$1" -j $family route show "$2" proto bgp | jq -r '.[] | (.nexthops // [.])[] |
		.dev + " " + (.via.host // .gateway)'
}

goes() { # NAME PREFIX DEVICE NEIGHBOUR DEVICE: by the link-local address of that one
	lab_equal "$3 $(link_local "$4" "$5")" "$(hops "$1" "$2")"
}

is_gone() { # NAME PREFIX
	lab_equal '' "$(hops "$1" "$2")"
}

pings() { # NAME FROM TO
	lab_in "$1" ping -c 1 -W 1 -I "$2" "$3"
}

last_error() { # PROCESS PEER TEXT
	lab_json "$1" "map(select(.name == \"$2\")) | .[0].last_error | test(\"$3\")" show peers
}

# An advertisement from somebody on s1's link: hop limit, ICMPv6 octets, source address.
forge() { # HOP-LIMIT HEX SOURCE
	lab_in s1 python3 - "$@" <<-'PYTHON'
		import socket, sys
		hops, octets, source = int(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3]
		s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
		index = socket.if_nametoindex("e0")
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
		s.bind((source, 0, 0, index))
		s.sendto(octets, ("ff02::1", 0, 0, index))
	PYTHON
}

routers() { # N: so many are heard on e1
	lab_json leaf ".routers | length == $1" show peer on-e1
}

file_of leaf 9 64519 e1 e2 e3
file_of s1 1 64511 e0
file_of s2 2 64512 e0
for i in leaf s1 s2; do lab_bgpd $i $i; done

# ---------------------------------------------------------------- they find each other

for i in 1 2; do
	lab_check_within 8 "s$i is found" lab_established leaf "on-e$i"
	lab_check "… by its link-local address, with the interface" lab_json leaf \
		"map(select(.name == \"on-e$i\")) | .[0].address == \"$(link_local "s$i" e0)%e$i\"" show peers
	lab_check_within 5 "its IPv4 route by IPv6" goes leaf "10.9.0.$i" "e$i" "s$i" e0
	lab_check_within 5 "its IPv6 route" goes leaf "fd09::$i" "e$i" "s$i" e0
	lab_check_within 5 "and ours there" goes "s$i" 10.9.0.9 e0 leaf "e$i"
	lab_check_within 3 "IPv4 packets, without an IPv4 address on the link" pings leaf 10.9.0.9 "10.9.0.$i"
	lab_check_within 3 "IPv6 packets" pings leaf fd09::9 "fd09::$i"
done
lab_in leaf sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
lab_check_within 5 "s1 has s2's route by the leaf" goes s1 10.9.0.2 e0 leaf e1
lab_check_within 3 "packets from spine to spine" pings s1 10.9.0.1 10.9.0.2
lab_check_within 3 "… of IPv6" pings s1 fd09::1 fd09::2
lab_check "extended next hop is on by itself" lab_json leaf \
	'.unnumbered and .negotiated.extended_next_hop and .interface == "e1"' show peer on-e1
lab_check "one router is on the link" routers 1
lab_check "an interface that is not there is waited for" last_error leaf on-e3 'no interface e3'

# ---------------------------------------------------------------- the same prefix from both

for i in 1 2; do
	echo 'network "10.50.0.0/24" { }' >>"$LAB/s$i.conf"
	lab_ctl "s$i" reload >/dev/null
done
both() {
	[ "$(hops leaf 10.50.0.0/24 | wc -l)" = 1 ] && [ "$(hops leaf 10.9.0.1 | wc -l)" = 1 ]
}
lab_check_within 5 "different neighbouring AS: no multipath, and all in the kernel" both

# ---------------------------------------------------------------- forged and malformed ones

lab_ip s1 addr add fe80::bad/64 dev e0 nodad
good=86000000400000000000000000000000 # cur hop limit 64, no lifetime, no options
forge 64 $good fe80::bad              # it came through a router
forge 255 860100004000001e0000000000000000 fe80::bad   # code 1
forge 255 860000004000001e00000000 fe80::bad           # 12 octets
forge 255 ${good}0100000000000000 fe80::bad            # an option of length 0
forge 255 ${good}0102000000000000 fe80::bad            # an option past the end
forge 255 ${good}01 fe80::bad                          # half an option
sleep 0.5
lab_check "what RFC 4861 6.1.2 forbids is not heard" routers 1
forge 255 $good fe80::bad
lab_check_within 2 "a second router on the link is told of" routers 2
lab_check "… in the log" grep -q 'more than one router is on this link' "$LAB/leaf.log"
lab_check "… and the session stays with the first" lab_established leaf on-e1
for i in $(seq 1 20); do
	lab_ip s1 addr add "fe80::bad:$i/64" dev e0 nodad
	forge 255 $good "fe80::bad:$i"
done
lab_check "their number is bounded" lab_json leaf '.routers | length == 8' show peer on-e1
lab_check "the session is still there" lab_established leaf on-e1

# ---------------------------------------------------------------- failures

lab_stop s1 KILL
lab_check_within 5 "s1 dies: the session is down" lab_not lab_established leaf on-e1
lab_bgpd s1 s1
lab_check_within 25 "s1 is back: found among those that do not answer" lab_established leaf on-e1

lab_ip leaf link set e2 down
lab_check_within 3 "a link goes down: its routes are gone" is_gone leaf 10.9.0.2
lab_ip leaf link set e2 up
lab_check_within 15 "… and up: all is back" goes leaf 10.9.0.2 e2 s2 e0

ip link add e3 netns "$lab_tag-leaf" type veth peer name e1 netns "$lab_tag-s2"
lab_ip leaf link set e3 up
lab_ip s2 link set e1 up
file_of s2 2 64512 e0 e1
lab_ctl s2 reload >/dev/null
lab_check_within 15 "a late interface: the session comes" lab_established leaf on-e3
two() {
	[ "$(hops leaf fd09::2 | cut -d' ' -f1 | sort | tr '\n' ' ')" = 'e2 e3 ' ]
}
lab_check_within 5 "two links to one router: multipath over both" two
two4() {
	[ "$(hops leaf 10.9.0.2 | cut -d' ' -f1 | sort | tr '\n' ' ')" = 'e2 e3 ' ]
}
lab_check_within 5 "… of IPv4, by IPv6" two4
file_of leaf 9 64519 e1 e3
lab_check "reload without e2" lab_ctl leaf reload
lab_check_within 5 "its session is gone, the other stays" goes leaf 10.9.0.2 e3 s2 e1

# ---------------------------------------------------------------- no privilege for it

lab_stop leaf
mkdir -p "$LAB/u"
chown nobody "$LAB/u"
file_of leaf 9 64519 e1
sed -i "s|leaf.sock|u/leaf.sock|" "$LAB/leaf.conf"
ln -sf u/leaf.sock "$LAB/leaf.sock"
lab_start leaf leaf2 setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs \
	--inh-caps=-all,+net_admin,+net_bind_service --ambient-caps=-all,+net_admin,+net_bind_service \
	"$bgpd" -f "$LAB/leaf.conf"
lab_check_within 8 "without CAP_NET_RAW the peer's error says so" last_error leaf on-e1 'no CAP_NET_RAW'
lab_check "… and the log" grep -q 'no CAP_NET_RAW' "$LAB/leaf2.log"
