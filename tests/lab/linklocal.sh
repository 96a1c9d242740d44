#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/linklocal.sh
#
# Peers by link-local address.  Two neighbours of the node have the same one, on two links
# without any global address; a third one has sessions over global addresses.  IPv6 and IPv4
# routes (extended next hop) go `via fe80::1 dev eN`, packets follow them, and no link-local
# next hop is passed on to another link.  Links come late, go down, are renamed.
#
#   p1 e0 fe80::1 ──── e1 fe80::9 n e2 fe80::9 ──── e0 fe80::1 p2
#                                 e3 10.3.0.1, fd03::1 ──── e0 p3
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin linklocal
lab_ns_add n p1 p2 p3

# A link whose addresses are those that are given, and ready at once.
bare_link() { # DEVICE ADDRESS6 NAME DEVICE ADDRESS6
	ip link add "$1" netns "$lab_tag-n" type veth peer name "$4" netns "$lab_tag-$3" || exit 1
	lab_ip n link set "$1" addrgenmode none
	lab_ip "$3" link set "$4" addrgenmode none
	lab_address n "$1" '' "$2"
	lab_address "$3" "$4" '' "$5"
}

bare_link e1 fe80::9/64 p1 e0 fe80::1/64
bare_link e2 fe80::9/64 p2 e0 fe80::1/64
lab_link n e3 10.3.0.1/24 fd03::1/64 p3 e0 10.3.0.2/24 fd03::2/64
lab_ip n addr add 10.9.0.9/32 dev lo
for i in 1 2; do
	lab_ip "p$i" addr add "10.$i.0.1/32" dev lo
	lab_ip "p$i" addr add "fd0$i::1/128" dev lo nodad
done

peer_file() { # NUMBER [OPTIONS]
	cat >"$LAB/p$1.conf" <<-CONF
		router { as = 6451$1 id = "10.0.0.$1" connect-retry = 1 connect-retry-max = 1 }
		kernel { import "test" { type = {"blackhole"} } }
		network "10.$1.0.0/24" { }
		network "fd0$1::/64" { }
		control { socket = "$LAB/p$1.sock" }
		filter "all" { default = "accept" }
		peer "n" {
			address = "fe80::9%e0"
			as = 64519
			extended-next-hop = true
			import = "all"
			export = "all"
			${2:-}
		}
	CONF
}

node_file() { # [OPTIONS of p3 [KERNEL]]
	cat >"$LAB/n.conf" <<-CONF
		router { as = 64519 id = "10.9.0.9" connect-retry = 1 connect-retry-max = 1 }
		kernel { ${2:-} }
		network "10.9.0.9/32" { }
		network "fd09::9/128" { }
		filter "all" { default = "accept" }
		group "link" {
			as = "external"
			extended-next-hop = true
			import = "all"
			export = "all"
		}
		peer "p1" { address = "fe80::1%e1" group = "link" }
		peer "p2" { address = "fe80::1%e2" group = "link" }
		peer "late" { address = "fe80::1%e4" group = "link" }
		peer "p3" { address = "fd03::2" as = "internal" ${1:-} }
		peer "p3-4" { address = "10.3.0.2" as = "internal" families = {"ipv4"} ${1:-} }
		control { socket = "$LAB/n.sock" }
	CONF
}

cat >"$LAB/p3.conf" <<-CONF
	router { as = 64519 id = "10.0.0.3" connect-retry = 1 connect-retry-max = 1 }
	kernel { install = false }
	peer "n" { address = "fd03::1" as = "internal" }
	peer "n-4" { address = "10.3.0.1" as = "internal" families = {"ipv4"} }
CONF

# What the kernel has for a prefix: "DEVICE GATEWAY" of each hop.
hops() { # NAME PREFIX
	local family=-4

	[[ $2 != *:* ]] || family=-6
	lab_ip "$1" -j $family route show "$2" proto bgp | jq -r '.[] | (.nexthops // [.])[] |
		.dev + " " + (.via.host // .gateway)'
}

goes() { # NAME PREFIX DEVICE GATEWAY
	lab_equal "$3 $4" "$(hops "$1" "$2")"
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

has() { # PROCESS PREFIX EXPRESSION
	lab_json "$1" "map(select(.prefix == \"$2\")) | length > 0 and all($3)" show routes
}

lacks() { # PROCESS PREFIX
	lab_json "$1" "all(.prefix != \"$2\")" show routes
}

peer_file 1 'local-address = "fe80::1"'
peer_file 2
node_file
for i in 1 2 3; do lab_bgpd "p$i" "p$i"; done
lab_bgpd n n

for i in 1 2; do
	lab_check_within 10 "p$i: session established" lab_established n "p$i"
done
lab_check "show peers has the zones" lab_json n \
	'map(.address) | contains(["fe80::1%e1", "fe80::1%e2"])' show peers
lab_check "a peer is found by address and zone" lab_json n \
	'.name == "p2" and .local_address == "fe80::9%e2" and .negotiated.extended_next_hop' \
	show peer fe80::1%e2
for i in 1 2; do
	lab_check_within 5 "p$i: IPv6 by its link-local address, on its link" goes n "fd0$i::/64" "e$i" fe80::1
	lab_check_within 5 "p$i: IPv4 likewise" goes n "10.$i.0.0/24" "e$i" fe80::1
	lab_check_within 5 "p$i has our route" goes "p$i" 10.9.0.9/32 e0 fe80::9
	lab_check "p$i: show routes names the link" has n "10.$i.0.0/24" ".next_hop == \"fe80::1%e$i\""
	lab_check_within 3 "p$i: IPv4 packets go there and back" pings n 10.9.0.9 "10.$i.0.1"
done
lab_check_within 5 "p2 has p1's routes by us" goes p2 10.1.0.0/24 e0 fe80::9
lab_check_within 5 "… of IPv6, too" goes p2 fd01::/64 e0 fe80::9

# ---------------------------------------------------------------- nexthop objects

by_object() { # PREFIX
	local family=-4

	[[ $1 != *:* ]] || family=-6
	lab_ip n -j $family route show "$1" proto bgp | jq -e 'length == 1 and .[0].nhid != null'
}

if lab_ip n nexthop show >/dev/null 2>&1; then
	node_file '' 'nexthop-objects = "on"'
	lab_check "reload: nexthop objects" lab_ctl n reload
	for i in 1 2; do
		for prefix in "10.$i.0.0/24" "fd0$i::/64"; do
			lab_check_within 5 "$prefix refers to an object" by_object "$prefix"
			lab_check "… which is on its link" goes n "$prefix" "e$i" fe80::1
		done
		lab_check_within 3 "p$i: packets go by it" pings n 10.9.0.9 "10.$i.0.1"
	done
	node_file
	lab_check "reload: back" lab_ctl n reload
else
	lab_skip "nexthop objects" "this kernel has none"
fi

# ---------------------------------------------------------------- restart

lab_stop n KILL
for i in 1 2; do
	lab_check "the daemon dies: p$i's routes stay" goes n "10.$i.0.0/24" "e$i" fe80::1
done
lab_bgpd n n
for i in 1 2; do
	lab_check_within 10 "… and is back: p$i's session" lab_established n "p$i"
done
confirmed() {
	lab_json n 'length == 4 and all(.state == "installed")' show kernel
}
lab_check_within 10 "… all is confirmed" confirmed
for i in 1 2; do
	lab_check "… as it was" goes n "10.$i.0.0/24" "e$i" fe80::1
	lab_check "… IPv6, too" goes n "fd0$i::/64" "e$i" fe80::1
done

# ---------------------------------------------------------------- other links

lab_check_within 10 "p3: session established" lab_established n p3
lab_check_within 10 "p3: session over IPv4 established" lab_established n p3-4
lab_check_within 5 "p3 has p1's IPv6 route by our global address, not by fe80::1" \
	has p3 fd01::/64 '.next_hop == "fd03::1"'
lab_check_within 5 "… and its IPv4 route by our IPv4 address" \
	has p3 10.1.0.0/24 '.next_hop == "10.3.0.1"'
node_file 'next-hop = "unchanged"'
lab_check "reload: next-hop = unchanged" lab_ctl n reload
lab_check_within 5 "p3 is not sent what means nothing there" lacks p3 fd01::/64
lab_check_within 5 "… of IPv4, too" lacks p3 10.1.0.0/24
lab_check "… and has our own" has p3 fd09::9/128 '.next_hop == "fd03::1"'
node_file
lab_check "reload: back" lab_ctl n reload
lab_check_within 5 "p3 has it again" has p3 fd01::/64 '.next_hop == "fd03::1"'

# ---------------------------------------------------------------- links come and go

lab_check "a dial waits for its interface, and says so" last_error n late 'no interface e4'
ip link add e4 netns "$lab_tag-n" type veth peer name e1 netns "$lab_tag-p2"
lab_ip p2 link set e1 addrgenmode none
lab_ip n link set e4 addrgenmode none
lab_check_within 8 "… for its being up" last_error n late 'e4 is down'
lab_ip n link set e4 up
lab_address p2 e1 '' fe80::1/64
lab_check_within 8 "… for its link-local address" last_error n late 'no link-local address'
peer_file 2 '}
	peer "n-late" { address = "fe80::9%e1" as = 64519 import = "all" export = "all"'
lab_ctl p2 reload >/dev/null
lab_address n e4 '' fe80::9/64
lab_check_within 3 "a late interface: the session comes" lab_established n late

lab_ip n link set e1 down
lab_check_within 3 "a link goes down: its routes are gone" is_gone n 10.1.0.0/24
lab_check_within 3 "… the session as well" lab_not lab_established n p1
lab_check "… the other is not concerned" goes n 10.2.0.0/24 e2 fe80::1
lab_ip n addr add fe80::9/64 dev e1 nodad 2>/dev/null
lab_ip n link set e1 up
lab_wait 2 lab_ip n addr add fe80::9/64 dev e1 nodad
lab_check_within 8 "… and comes up: the session is back" lab_established n p1
lab_check_within 5 "… its routes, too" goes n 10.1.0.0/24 e1 fe80::1

lab_ip p1 link set e0 down
lab_check_within 3 "a carrier is lost: its routes are gone" is_gone n fd01::/64
lab_ip p1 link set e0 up
lab_wait 2 lab_ip p1 addr add fe80::1/64 dev e0 nodad
lab_check_within 12 "… and is back" goes n fd01::/64 e1 fe80::1

lab_ip n link set e1 name other
lab_check_within 3 "an interface is renamed: no peer is there" lab_not lab_established n p1
lab_check_within 8 "… and the reason is shown" last_error n p1 'no interface e1'
lab_ip n link set other name e1
lab_check_within 8 "… and back" lab_established n p1

lab_ip n link del e1
lab_check_within 3 "an interface is deleted" lab_not lab_established n p1
bare_link e1 fe80::9/64 p1 e0 fe80::1/64
lab_check_within 8 "… and another one has its name: the session comes" lab_established n p1
lab_check_within 5 "… with its routes" goes n 10.1.0.0/24 e1 fe80::1
lab_check_within 3 "… and packets" pings n 10.9.0.9 10.1.0.1
