#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/trouble.sh
#
# A node with one iBGP peer and what may go wrong at its kernel: no CAP_NET_ADMIN; the link
# and the addresses under the session vanish and come back; the kernel refuses routes; a
# reload comes in the midst of a start.  (A burst of events with a small receive buffer is
# in test_fib.py.)
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

size=100

lab_begin trouble
lab_ns_add n p
link_up() {
	lab_link n e0 10.0.1.1/24 fd00:1::1/64 p e0 10.0.1.2/24 fd00:1::2/64
}
link_up

for ((i = 1; i <= size; i++)); do
	printf '10.64.%d.0/24 10.0.1.2\n2001:db8:a:%x::/64 fd00:1::2\n' "$i" "$i"
done >"$LAB/all"
grep '^10' "$LAB/all" >"$LAB/ipv4"
grep -v '^10' "$LAB/all" >"$LAB/ipv6"
: >"$LAB/nothing"
awk '{ print "route add blackhole " $1 }' "$LAB/all" | lab_ip p -batch -

cat >"$LAB/p.conf" <<-CONF
	router { as = 64512 id = "10.0.1.2" hold-time = 3 connect-retry = 1 connect-retry-max = 1 }
	kernel {
		install = false
		import "blackholes" { type = {"blackhole"} }
	}
	peer "n" { address = "10.0.1.1" as = "internal" }
CONF

# Its socket lies where the user nobody may write, too.
mkdir "$LAB/n"
chown nobody "$LAB/n"
ln -s n/sock "$LAB/n.sock"
node_file() { # [KERNEL]: in one piece
	cat >"$LAB/n.new" <<-CONF
		router { as = 64512 id = "10.0.1.1" hold-time = 3 connect-retry = 1 connect-retry-max = 1 }
		kernel { ${1:-} }
		peer "p" { address = "10.0.1.2" as = "internal" }
		control { socket = "$LAB/n/sock" }
	CONF
	mv "$LAB/n.new" "$LAB/n.conf"
}

reload_node() { # [KERNEL]
	node_file "$@"
	lab_ctl n reload >/dev/null || lab_fail "reload" "$(tail -n 3 "$LAB/n.log")"
}

states() { # STATE FILE: `show kernel` has just these routes in this state
	lab_equal "$(cut -d' ' -f1 "$2" | sort)" \
		"$(lab_ctl n -j show kernel | jq -r ".[] | select(.state == \"$1\") | .prefix" | sort)"
}

at_rest() {
	fib_is n "$LAB/all" && states installed "$LAB/all" && fib_shows_differences n
}

logged() { # COUNT PATTERN
	lab_equal "$1" "$(grep -c "$2" "$LAB/n.log")"
}

with_source() { # COUNT: so many IPv4 routes have the preferred source
	lab_equal "$1" "$(lab_ip n -4 route show proto bgp | grep -c ' src 192\.0\.2\.1 ')"
}

lab_bgpd p p

# ---------------------------------------------------------------- no CAP_NET_ADMIN

node_file
lab_start n n setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs \
	--inh-caps=-all,+net_bind_service --ambient-caps=+net_bind_service \
	--bounding-set=-all,+net_bind_service "$bgpd" -f "$LAB/n.conf"
lab_check_within 10 "without CAP_NET_ADMIN the session comes up" lab_established n p
lab_check_within 5 "… the routes are in the RIB, and none says that it is installed" lab_json n \
	"length == 2 * $size and all(.best and .valid and (.installed | not))" show routes
lab_check_within 5 "… show kernel has each as failed" states failed "$LAB/all"
lab_check "… and says why" lab_json n 'all(.detail | test("not permitted"))' show kernel
lab_check "… so does show" lab_json n ".fib.failed == 2 * $size and .fib.pending == 0 and
	.routes.ipv4.installed == 0" show
sleep 4 # longer than the hold time
lab_check "… the log has it once" logged 1 'cannot be written'
lab_check "… the session lives" lab_json n 'all(.state == "Established" and .uptime_s >= 3)' show peers
lab_check "… the kernel has none" fib_is n "$LAB/nothing"
lab_stop n
lab_bgpd n n
lab_check_within 10 "with it they are installed" at_rest

# ---------------------------------------------------------------- link and addresses

lab_ip n addr flush dev e0
lab_check_within 2 "the addresses vanish: the routes are out" fib_is n "$LAB/nothing"
lab_ip n addr add 10.0.1.1/24 dev e0
lab_ip n addr add fd00:1::1/64 dev e0 nodad
fib_within 1500 "they come back: so do the routes" at_rest

lab_ip n link del e0
lab_check_within 2 "the link vanishes: the routes are out" fib_is n "$LAB/nothing"
link_up
fib_within 1500 "another of its name comes: so do the routes" at_rest

lab_ip n link del e0
lab_check_within 8 "it vanishes for longer than the hold time: the session ends" \
	lab_not lab_established n p
lab_check "… and the daemon shows no route as installed" lab_json n 'all(.installed | not)' show routes
sleep 1
link_up
lab_check_within 10 "… it comes back: session and routes, too" at_rest

# ---------------------------------------------------------------- the kernel refuses

# A preferred source that is no address of ours is refused with EINVAL.
lab_ip n -o monitor route >"$LAB/monitor" 2>&1 &
lab_pid[monitor]=$!
sleep 0.3
reload_node 'prefer-source = "192.0.2.1"'
lab_check_within 5 "the kernel refuses each IPv4 route: failed, with its words" lab_json n \
	"map(select(.state == \"failed\")) | length == $size and all(.detail | test(\"prefsrc|[Ii]nvalid\"))" show kernel
lab_check "… not the IPv6 routes" states installed "$LAB/ipv6"
sleep 2
lab_check "… what was there before goes the same way and stays" fib_is n "$LAB/all"
lab_check "… nothing was deleted" lab_not grep '^Deleted' "$LAB/monitor"
lab_ip n addr add 192.0.2.1/32 dev lo
fib_within 1000 "the address comes: they have it" with_source $size
lab_check_within 5 "… and are installed" at_rest
lab_stop monitor
reload_node
lab_check_within 5 "and without it again" with_source 0
lab_ip n addr del 192.0.2.1/32 dev lo

lab_stop n
lab_in n "$bgpd" -f "$LAB/n.conf" --flush >/dev/null
: >"$LAB/n.log"
node_file 'prefer-source = "192.0.2.1"'
lab_bgpd n n
lab_check_within 10 "the same from the start: IPv6 is installed, IPv4 failed" eval \
	'states failed "$LAB/ipv4" && fib_is n "$LAB/ipv6" && fib_shows_differences n'
lab_check "… the log has ten such lines and no more" logged 10 'cannot add'
lab_ip n addr add 192.0.2.1/32 dev lo
fib_within 1000 "the address comes: all are installed" at_rest
lab_ip n addr del 192.0.2.1/32 dev lo
reload_node
lab_check_within 5 "the address goes, and its option: all are installed" at_rest

# ---------------------------------------------------------------- a reload at the start

# The file is so long that SIGHUP arrives while it is read.
lab_stop n
node_file
awk 'BEGIN { for (i = 0; i < 1000000; i++) print "# nothing" }' >>"$LAB/n.conf"
: >"$LAB/n.log"
lab_bgpd n n
lab_wait 5 test "/proc/${lab_pid[n]}/exe" -ef "$bgpd"
sleep 0.1
kill -HUP "${lab_pid[n]}"
lab_check_within 10 "SIGHUP in the midst of a start is a reload" grep -q 'configuration reloaded' "$LAB/n.log"
lab_stop n
node_file
lab_bgpd n n
lab_check_within 5 "… and no harm done" at_rest

# ---------------------------------------------------------------- a start without a link

# In a cluster a node knows itself by its address, though the link is down.
lab_stop n
lab_ip n link set e0 down
cat >"$LAB/n.conf" <<-CONF
	router { as = 64512 connect-retry = 1 connect-retry-max = 1 }
	cluster {
		node "n" { address = "10.0.1.1" }
		node "p" { address = "10.0.1.2" }
	}
	control { socket = "$LAB/n/sock" }
CONF
lab_bgpd n n
lab_check_within 5 "started while the link is down: it runs" lab_json n '.router_id == "10.0.1.1"' show
lab_ip n addr replace fd00:1::1/64 dev e0 nodad
lab_ip n link set e0 up
lab_check_within 10 "… and has its session when the link comes" lab_established n p
lab_stop n
node_file
lab_bgpd n n
lab_check_within 10 "… and all is as it was" at_rest

# ---------------------------------------------------------------- no room

# ENOMEM: the limit of IPv6 routes, where the kernel still heeds it (it counts no FIB
# entries since Linux 6.3; before, it does only where subtrees are built in).
lab_in n sysctl -qw net.ipv6.route.max_size=1
if lab_ip n -6 route add 2001:db8:ffff::/64 via fd00:1::2 2>/dev/null; then
	lab_skip "the kernel has no room for a route (ENOMEM)" \
		"net.ipv6.route.max_size has no effect, and a memory limit would end the daemon"
else
	awk '{ print "route add blackhole " $1 }' <<<"2001:db8:b:1::/64" | lab_ip p -batch -
	lab_check_within 5 "the kernel has no room for a route: failed" lab_json n \
		'map(select(.state == "failed")) | length == 1' show kernel
	lab_in n sysctl -qw net.ipv6.route.max_size=2147483647
	lab_check_within 5 "… there is room: installed" lab_json n 'all(.state == "installed")' show kernel
fi
