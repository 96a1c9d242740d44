#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# kernel { nexthop-objects } in the daemon: all routes of a BGP next hop refer to one object,
# and when that next hop is reached another way, one message moves them.  tests/lab/test_fib.py
# has the rest.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

routes=300
lab_begin nexthops
lab_ns_add node peer other
lab_link node v0 10.9.0.1/24 '' peer v0 10.9.0.2/24 ''
lab_link node v1 10.8.0.1/24 '' other v0 10.8.0.2/24 ''

write_node() { # NEXTHOP-OBJECTS
	cat >"$LAB/node.conf" <<-CONF
		router { as = 64512 id = "10.9.0.1" }
		kernel { nexthop-objects = $1 }
		peer "peer" { address = "10.9.0.2" as = "internal" }
		control { socket = "$LAB/node.sock" }
	CONF
}

objects() {
	lab_ip node nexthop show | grep -c 'proto bgp'
}

routes_by() { # PATTERN
	lab_ip node route show proto bgp | grep -c "$1"
}

is() { # WANTED COMMAND...
	local wanted=$1

	shift
	lab_equal "$wanted" "$("$@")"
}

write_node on
{
	echo 'router { as = 64512 id = "10.9.0.2" }'
	echo 'kernel { install = false }'
	echo 'peer "node" { address = "10.9.0.1" as = "internal" }'
	for i in $(seq $routes); do
		echo "network \"172.16.$((i / 256)).$((i % 256))/32\" { }"
	done
} >"$LAB/peer.conf"
lab_bgpd node node
lab_bgpd peer peer

lab_check_within 20 "all routes refer to an object" is $routes routes_by 'nhid.* via 10.9.0.2 dev v0'
lab_check "it is one object" is 1 objects
id=$(lab_ip node nexthop show | sed -n 's/^id \([0-9]*\) .*/\1/p')
lab_check "bgpctl shows its id" is $routes eval "lab_ctl node -j show kernel | grep -c '\"nexthop_id\":$id,'"

lab_start node nexthop-monitor stdbuf -oL ip monitor nexthop
lab_start node route-monitor stdbuf -oL ip monitor route
sleep 0.3
lab_ip node route add 10.9.0.2/32 via 10.8.0.2
lab_check_within 5 "the next hop moves" is $routes routes_by "nhid $id via 10.8.0.2 dev v1"
sleep 1.5
lab_check "with one message" is 1 eval "grep -c '^id ' '$LAB/nexthop-monitor.log'"
lab_check "no route was deleted" is 0 eval "grep -c Deleted '$LAB/route-monitor.log'"
lab_check "it is still one object" is 1 objects

write_node off
lab_check "reload" lab_ctl node reload
lab_check_within 5 "off: no object is left" is 0 objects
lab_check "the routes are" is $routes routes_by '^172.16.* via 10.8.0.2 dev v1'
lab_check "no route was deleted" is 0 eval "grep -c Deleted '$LAB/route-monitor.log'"

write_node on
lab_check "reload" lab_ctl node reload
lab_check_within 5 "on: they refer to the object again" is $routes routes_by "nhid $id "
lab_ip node route del 10.9.0.2/32
lab_check_within 5 "and move back with it" is $routes routes_by "nhid $id via 10.9.0.2 dev v0"
lab_stop node KILL
lab_check "after a crash all is there" is $routes routes_by "nhid $id "
before=$(wc -l <"$LAB/route-monitor.log")
lab_bgpd node node
lab_check_within 20 "the next daemon has them" \
	is $routes eval "lab_ctl node -j show kernel | grep -c '\"state\":\"installed\"'"
lab_check "and wrote none" is "$before" eval "wc -l <'$LAB/route-monitor.log'"
lab_check "shutdown" lab_ctl node shutdown
lab_check_within 5 "takes the object out" is 0 objects
lab_check "and the routes" is 0 routes_by .
