#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# tests/lab/nexthop.sh [ROUTES]
#
# Next hops that resolve through kernel routes of others: two iBGP peers on loopback
# addresses, to which static routes lead; their metric is the cost.  Next hops come and go,
# costs change, links go down, somebody deletes our routes or puts others in their place:
# what the kernel has is right again within a second, in IPv4 and IPv6, and `show kernel`
# lists each difference while it lasts.
#
#   set a (ROUTES of each family, 50) by p1 and p2      set b (half of it) by p1 alone
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

size=${1:-50}
second=1000

lab_begin nexthop
lab_ns_add n p1 p2
for i in 1 2; do
	lab_link n "e$i" "10.0.$i.1/24" "fd00:$i::1/64" "p$i" e0 "10.0.$i.2/24" "fd00:$i::2/64"
	lab_ip "p$i" addr add "10.255.0.$i/32" dev lo
	lab_ip "p$i" addr add "fd00:255::$i/128" dev lo nodad
done
lab_ip n addr add 10.255.0.9/32 dev lo
lab_ip n addr add fd00:255::9/128 dev lo nodad

# ---------------------------------------------------------------- routes

# The way to a peer's address, and from it.
way() { # add|del PEER METRIC
	lab_ip n route "$1" "10.255.0.$2/32" via "10.0.$2.2" metric "$3" proto static
	lab_ip n route "$1" "fd00:255::$2/128" via "fd00:$2::2" metric "$3" proto static
}

way_back() { # PEER
	lab_ip "p$1" route add 10.255.0.9/32 via "10.0.$1.1"
	lab_ip "p$1" route add fd00:255::9/128 via "fd00:$1::1"
}

# A set's routes FROM to TO as the node has them, by way of these peers.
routes() { # SET "PEER..." [FROM TO]
	local i third=64

	[ "$1" = a ] || third=80
	# shellcheck disable=SC2086 # a word a peer
	for ((i = ${3:-1}; i <= ${4:-size}; i++)); do
		printf '10.%d.%d.0/24' $third "$i"
		printf ' 10.0.%d.2' $2
		printf '\n2001:db8:%s:%x::/64' "$1" "$i"
		printf ' fd00:%d::2' $2
		echo
	done
}

table() { # PEERS-OF-A [b]: a file with what is to be there
	local file=$LAB/a-${1// /-}${2:-}

	routes a "$1" >"$file"
	[ -z "${2:-}" ] || routes b 1 1 $((size / 2)) >>"$file"
	echo "$file"
}

prefixes() { # FILE
	cut -d' ' -f1 "$1"
}

# Blackholes that a peer imports.
announce() { # PEER SET FROM TO [add|del]
	routes "$2" 0 "$3" "$4" | awk -v what="${5:-add}" '{ print "route " what " blackhole " $1 }' |
		lab_ip "p$1" -batch -
}

# ---------------------------------------------------------------- daemons

peer_file() { # NUMBER
	cat >"$LAB/p$1.conf" <<-CONF
		router { as = 64512 id = "10.255.0.$1" connect-retry = 1 connect-retry-max = 1 }
		kernel {
			install = false
			import "blackholes" { type = {"blackhole"} }
		}
		peer "n" {
			address = "10.255.0.9"
			local-address = "10.255.0.$1"
			as = "internal"
			families = {"ipv4"}
		}
		peer "n-ipv6" {
			address = "fd00:255::9"
			local-address = "fd00:255::$1"
			as = "internal"
			families = {"ipv6"}
		}
	CONF
}

node_file() { # [ROUTER [KERNEL]]
	local i

	{
		cat <<-CONF
			router { as = 64512 id = "10.255.0.9" connect-retry = 1 connect-retry-max = 1 ${1:-} }
			kernel { ${2:-} }
			control { socket = "$LAB/n.sock" }
		CONF
		for i in 1 2; do
			cat <<-CONF
				peer "p$i" {
					address = "10.255.0.$i"
					local-address = "10.255.0.9"
					as = "internal"
					families = {"ipv4"}
				}
				peer "p$i-ipv6" {
					address = "fd00:255::$i"
					local-address = "fd00:255::9"
					as = "internal"
					families = {"ipv6"}
				}
			CONF
		done
	} >"$LAB/n.conf"
}

reload_node() { # [ROUTER [KERNEL]]
	node_file "$@"
	lab_ctl n reload >/dev/null || lab_fail "reload" "$(tail -n 3 "$LAB/n.log")"
}

at_rest() { # FILE: the kernel has it, and the daemon says so
	fib_is n "$1" &&
		lab_json n "length == $(wc -l <"$1") and all(.state == \"installed\")" show kernel
}

for i in 1 2; do
	way_back "$i"
	way add "$i" "${i}0"
	peer_file "$i"
	announce "$i" a 1 "$size"
done
announce 1 b 1 $((size / 2))
node_file
for i in 1 2; do lab_bgpd "p$i" "p$i"; done
lab_bgpd n n
by_1=$(table 1 b)
by_2=$(table 2 b)
by_2_alone=$(table 2)
by_both=$(table '1 2' b)
lab_check_within 20 "the nearer of two peers has the routes" at_rest "$by_1"

# ---------------------------------------------------------------- reachability and cost

way del 1 10
fib_within $second "a next hop becomes unreachable: the other peer's paths are in" fib_is n "$by_2_alone"
lab_check "… and the daemon says why" lab_json n \
	'map(select(.peer == "p1")) | length == 1 and all((.valid | not) and (.reason | test("unreachable")))' \
	show routes 10.80.1.0/24
way add 1 10
fib_within $second "… and back" fib_is n "$by_1"

way add 1 30
way del 1 10
fib_within $second "its cost rises above the other's: the other is best" fib_is n "$by_2"
way add 1 5
fib_within $second "… and falls: it is best again" fib_is n "$by_1"
way del 1 30
way del 2 20
way add 2 4
fib_within $second "the other's cost falls: the other is best" fib_is n "$by_2"
way del 2 4
way add 2 20
fib_within $second "… and rises" fib_is n "$by_1"

lab_ip n route add default via 10.0.1.2 metric 7
lab_ip n route add default via fd00:1::2 metric 7
way del 1 5
fib_within $second "a default route leads to the next hop" fib_is n "$by_1"
reload_node '' 'resolve-via-default = false'
fib_within $second "resolve-via-default = false: it does not" fib_is n "$by_2_alone"
reload_node
fib_within $second "… and back" fib_is n "$by_1"
lab_ip n route del default via 10.0.1.2 metric 7
lab_ip n route del default via fd00:1::2 metric 7
fib_within $second "the default route goes" fib_is n "$by_2_alone"
way add 1 10
fib_within $second "… and one of its own comes" fib_is n "$by_1"

# ---------------------------------------------------------------- by way of IPv6

# IPv4 next hops may resolve by an IPv6 gateway (ip route ... via inet6): their routes go
# through it, and what is read back is what was written.
link_local=$(lab_ip p1 -j -6 addr show dev e0 scope link | jq -r '.[].addr_info[]?.local | strings')
via_ipv6() { # GATEWAY: the first peer's IPv4 routes go through it
	awk -v gateway="$1" '/^10/ { $2 = gateway } { print }' "$by_1" >"$LAB/via-ipv6"
}

for gateway in fd00:1::2 "$link_local"; do
	via_ipv6 "$gateway"
	lab_ip n route replace 10.255.0.1/32 via inet6 "$gateway" dev e1 metric 10 proto static
	fib_within $second "a next hop resolves by an IPv6 gateway: its IPv4 routes have it" at_rest "$LAB/via-ipv6"
done
before=$(lab_ctl n -j show | jq -c '.fib')
lab_ip n route add 10.255.0.77/32 via 10.0.1.2
lab_ip n route del 10.255.0.77/32
lab_start n monitor stdbuf -oL ip -o monitor route
sleep 1.5
lab_stop monitor
lab_check "… and are written once" lab_equal '' "$(grep 'proto bgp' "$LAB/monitor.log")"
lab_check "… nothing changes at rest" lab_equal "$before" "$(lab_ctl n -j show | jq -c '.fib')"
lab_stop n KILL
lab_start n monitor stdbuf -oL ip -o monitor route
sleep 0.3
lab_bgpd n n
lab_check_within 10 "the daemon is killed and started: it has them" at_rest "$LAB/via-ipv6"
lab_stop monitor
# Set a may have gone by the other peer, whose routes may have come first.
lab_check "… and wrote none of those that one peer has" lab_equal '' "$(grep '10\.80\..*proto bgp' "$LAB/monitor.log")"
way add 2 10
reload_node 'multipath = 2'
awk -v gateway="$link_local" '/^10.64/ { $2 = "10.0.2.2 " gateway } /^10.80/ { $2 = gateway } { print }' \
	<(awk '/^10/ { print $1, $2 }' "$by_both") >"$LAB/both-ways"
grep -v '^10' "$by_both" >>"$LAB/both-ways"
fib_within $second "multipath: one hop by IPv6, one by IPv4" at_rest "$LAB/both-ways"
reload_node
fib_within $second "… and one again" at_rest "$LAB/via-ipv6"
way del 2 10
lab_ip n route replace 10.255.0.1/32 via 10.0.1.2 metric 10 proto static
fib_within $second "the gateway is IPv4 again" at_rest "$by_1"

# ---------------------------------------------------------------- multipath

way add 2 10
reload_node 'multipath = 2'
fib_within $second "multipath: two of equal cost" fib_is n "$by_both"
way del 1 10
fib_within $second "… one goes" fib_is n "$by_2_alone"
way add 1 10
fib_within $second "… and comes" fib_is n "$by_both"
lab_ip n link set e1 down
fib_within $second "… its link goes down" fib_is n "$by_2_alone"
lab_ip n addr add fd00:1::1/64 dev e1 nodad
lab_ip n link set e1 up
lab_ip n route add 10.255.0.1/32 via 10.0.1.2 metric 10 proto static
lab_wait 5 eval 'lab_ip n route add fd00:255::1/128 via fd00:1::2 metric 10 proto static'
fib_within $second "… and up" fib_is n "$by_both"
way del 2 10
fib_within $second "… one costs more" fib_is n "$by_1"
way add 2 10
fib_within $second "… and the same again" fib_is n "$by_both"
reload_node
fib_within $second "one of two by a reload" fib_is n "$by_1"
way del 2 10

# ---------------------------------------------------------------- links

# IPv4 routes over a link that goes down vanish without a word.
lab_ip n link set e1 down
fib_within $second "a link goes down: by the other" fib_is n "$by_2_alone"
lab_ip n addr add fd00:1::1/64 dev e1 nodad
lab_ip n link set e1 up
lab_ip n route add 10.255.0.1/32 via 10.0.1.2 metric 10 proto static
lab_wait 5 eval 'lab_ip n route add fd00:255::1/128 via fd00:1::2 metric 10 proto static'
fib_within $second "… and up: by the first" at_rest "$by_1"

# Down and up before anybody can look; whoever made the static routes is quick, too.
lab_ip n -batch - <<-BATCH
	link set e1 down
	link set e1 up
	addr add fd00:1::1/64 dev e1 nodad
	route add 10.255.0.1/32 via 10.0.1.2 metric 10 proto static
BATCH
lab_wait 5 eval 'lab_ip n route add fd00:255::1/128 via fd00:1::2 metric 10 proto static'
fib_within $second "down and up in an instant: all is back" at_rest "$by_1"

lab_ip p1 link set e0 down
fib_within $second "a carrier is lost: by the other" fib_is n "$by_2_alone"
lab_ip p1 link set e0 up
lab_ip p1 addr add fd00:1::2/64 dev e0 nodad
way_back 1
lab_wait 5 eval 'lab_ip n route get 10.0.1.2 | grep -vq linkdown'
fib_within $second "… and is back" at_rest "$by_1"

# ---------------------------------------------------------------- others delete

both_families() { # ip's arguments
	lab_ip n -4 "$@"
	lab_ip n -6 "$@"
}

both_families route flush proto bgp
fib_within $second "somebody flushes all our routes: they are put back" at_rest "$by_1"
lab_check "… the log tells of it" grep -q 'our route .* was deleted by another process' "$LAB/n.log"
announce 1 a $((size + 1)) $((size + 4))
routes a 1 $((size + 1)) $((size + 4)) >"$LAB/more"
cat "$by_1" "$LAB/more" >"$LAB/with-more"
# TCP may still be sending again what was lost with the link.
lab_check_within 20 "four more of each family" at_rest "$LAB/with-more"
lab_ip n route del "10.64.$((size + 1)).0/24" metric 32
lab_ip n route del "$(printf '2001:db8:a:%x::/64' $((size + 1)))" metric 32
fib_within $second "somebody deletes one: it is put back" at_rest "$LAB/with-more"
lab_ip n route replace "10.64.$((size + 2)).0/24" via 10.0.2.2 proto bgp metric 32
lab_ip n route replace "$(printf '2001:db8:a:%x::/64' $((size + 2)))" via fd00:2::2 proto bgp metric 32
fib_within $second "somebody changes one: it is changed back" at_rest "$LAB/with-more"

# ---------------------------------------------------------------- others are in our place

conflict() { # PREFIX [OWNER]
	lab_json n "map(select(.prefix == \"$1\")) | length == 1 and .[0].state == \"conflict\" and
		(.[0].owner == \"protocol ${2:-4}\")" show kernel
}

foreign() { # ip-route's verb, PREFIX4 PREFIX6
	lab_ip n route "$1" "$2" via 10.0.2.2 metric 32 proto static
	lab_ip n route "$1" "$3" via fd00:2::2 metric 32 proto static
}

foreign_stays() { # PREFIX...
	lab_equal "$(printf '%s\n' "$@" | sort)" "$(fib_routes n proto static metric 32 | cut -d' ' -f1)"
}

taken=("10.64.$((size + 3)).0/24" "$(printf '2001:db8:a:%x::/64' $((size + 3)))")
late=("10.64.$((size + 5)).0/24" "$(printf '2001:db8:a:%x::/64' $((size + 5)))")
foreign replace "${taken[@]}"
fib_within $second "a foreign route replaces ours: a conflict" conflict "${taken[0]}"
fib_within $second "… in IPv6, too" conflict "${taken[1]}"
foreign add "${late[@]}"
announce 1 a $((size + 5)) $((size + 5))
fib_within 3000 "one is there before ours comes: a conflict" conflict "${late[0]}"
fib_within $second "… in IPv6, too" conflict "${late[1]}"
lab_check "… logged" grep -q "conflict: .*${late[0]}" "$LAB/n.log"
sleep 1.5
lab_check "… and the foreign routes stay" foreign_stays "${taken[@]}" "${late[@]}"
lab_check "show kernel lists these four and no other" fib_shows_differences n
lab_check "… four indeed" lab_equal 4 "$(fib_differences n | wc -l)"

# More of all kinds at a time: a connected prefix, default routes, routes that somebody
# deletes again and again.
announce 1 a $((size + 6)) $((size + 8))
routes a 1 $((size + 6)) $((size + 8)) >"$LAB/fought"
fought_are_in() {
	[ "$(fib_routes n | grep -cxF -f "$LAB/fought")" = 6 ]
}
for turn in 1 2 3 4 5; do
	lab_wait 20 fought_are_in || lab_fail "what is deleted comes back, turn $turn"
	awk '{ print "route del " $1 " metric 32" }' "$LAB/fought" | lab_ip n -batch -
	if [ $turn = 3 ]; then
		lab_ip n addr add "10.64.$((size + 4)).1/24" dev e2
		lab_ip p1 route add blackhole default
		lab_ip p1 -6 route add blackhole default
	fi
	[ $turn = 5 ] || sleep 0.6 # sooner would be the same accident
done
lab_check_within 2 "a connected prefix, default routes, a fight: show kernel lists each difference" \
	fib_shows_differences n
lab_check "… thirteen with the four" lab_equal 13 "$(fib_differences n | wc -l)"
lab_check "… connected: in conflict" conflict "10.64.$((size + 4)).0/24" 2
lab_check "… default routes: denied" lab_json n \
	'map(select(.prefix == "0.0.0.0/0" or .prefix == "::/0")) | length == 2 and all(.state == "denied")' show kernel
lab_check "… fought over: pending, and when they come back" lab_json n \
	'map(select(.state == "pending")) | length == 6 and all(.detail | test("taken out 5 times"))' show kernel

# ---------------------------------------------------------------- and they leave

lab_ip p1 route del blackhole default
lab_ip p1 -6 route del blackhole default
lab_ip n addr del "10.64.$((size + 4)).1/24" dev e2
foreign del "${taken[@]}"
foreign del "${late[@]}"
routes a 1 $((size + 5)) $((size + 5)) >>"$LAB/with-more"
all_but_fought() {
	lab_equal '' "$(fib_is n "$LAB/with-more" | grep -vF -f <(prefixes "$LAB/fought"))"
}
fib_within $second "the others leave: ours are in" all_but_fought
cat "$LAB/fought" >>"$LAB/with-more"
fib_within 9000 "… and those that were fought over, after their delay" at_rest "$LAB/with-more"
lab_check "there is no difference any more" fib_shows_differences n
