#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/trouble.sh
#
# A node with one iBGP peer and what may go wrong at its kernel: no CAP_NET_ADMIN; the link
# and the addresses under the session vanish and come back; the kernel refuses routes, or has
# no memory for them; a reload comes in the midst of a start.  (A burst of events with a
# small receive buffer is in test_fib.py.)
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

# ENOMEM and ENOBUFS: the IPv4 FIB's entries are charged to a memory cgroup that has no
# room for all of them.  tests/lab/test_fib.py has what `show kernel` says of each.
many=3000
room=$((256 * 1024))
for ((i = 0; i < many; i++)); do
	echo "10.65.$((i / 256)).$((i % 256))/32 10.0.1.2"
done >"$LAB/many"
cat "$LAB/all" "$LAB/many" >"$LAB/with-many"

many_routes() { # add|del
	awk -v what="$1" '{ print "route " what " blackhole " $1 }' "$LAB/many" | lab_ip p -batch -
}

counted() { # FAILED INSTALLED
	lab_json n ".fib.failed == $1 and .fib.pending == 0 and
		.routes.ipv4.installed + .routes.ipv6.installed == $2" show
}

established_since() { # SECONDS: so long at least, as the peer sees it
	lab_json p "all(.state == \"Established\" and .uptime_s >= $1)" show peers
}

reached() { # PREFIX
	[ -n "$(lab_ip n -6 route show "$1" proto bgp)" ]
}

# Connections that nobody asked for, ten a second.
knock() {
	lab_start p knock python3 -c '
import socket, time
kept = []
while True:
    kept.append(socket.socket())
    kept[-1].setblocking(False)
    kept[-1].bind(("10.0.1.3", 0))
    kept[-1].connect_ex(("10.0.1.1", 179))
    time.sleep(0.1)'
}

until_second() { # SECOND, of this part
	sleep "$(awk -v began="$began" -v now="${EPOCHREALTIME/./}" -v second="$1" \
		'BEGIN { left = second - (now - began) / 1e6; print(left > 0 ? left : 0) }')"
}

daemon_ran() { # hundredths of a second
	awk '{ print $14 + $15 }' "/proc/${lab_pid[n]}/stat"
}

no_room() {
	local began ran many_in

	# All refused once, all in once, all shown once: the memory for it is paid for.
	lab_stop n
	node_file 'prefer-source = "192.0.2.1"'
	many_routes add
	lab_start n n "${lab_keep_memory[@]}" "$bgpd" -f "$LAB/n.conf"
	lab_wait 20 counted $((many + size)) $size || lab_fail "$many routes are refused"
	lab_ctl n -j show kernel >/dev/null
	reload_node
	lab_wait 20 counted 0 $((many + 2 * size)) || lab_fail "$many routes are in"
	lab_ctl n -j show kernel >/dev/null
	many_routes del
	lab_wait 20 at_rest || lab_fail "$many routes are withdrawn"
	lab_ip p addr add 10.0.1.3/24 dev e0
	sleep 10 # the log's next window
	echo "# no room from here" >"$LAB/n.log"
	lab_memory_limit $room
	lab_memory_take n

	many_routes add
	began=${EPOCHREALTIME/./}
	knock
	sleep 2
	many_in=$(fib_routes n | grep -c '^10\.65\.')
	if [ "$many_in" = $many ]; then
		lab_skip "the kernel has no room for a route (ENOMEM)" \
			"it does not charge routes to the cgroup"
		return
	fi
	lab_check "the kernel has no room for all routes: it is logged" \
		grep -qE 'cannot add 10\.65\..*: (Cannot allocate memory|No buffer space available)( |$)' "$LAB/n.log"
	lab_check "… some are in" test "$many_in" -gt $((room / 200)) -a "$many_in" -lt $((room / 80))
	lab_check "… what was there is" lab_equal '' "$(comm -23 <(sort "$LAB/all") <(fib_routes n))"
	# Tries follow after 1, 2, 4 and 8 seconds, and take a while.  Between them nothing is
	# to be done, though a connection waits that cannot be taken.
	until_second 5
	ran=$(daemon_ran)
	sleep 1.5
	ran=$(($(daemon_ran) - ran))
	lab_check "… the daemon does not spin, though connections cannot be taken ($((ran * 10)) ms of 1,500)" \
		test "$ran" -lt 75
	# These the kernel makes without asking for room.
	lab_ip p route add blackhole 2001:db8:c:1::/64
	fib_within 1000 "… another route comes in" reached 2001:db8:c:1::/64
	lab_ip p route del blackhole 2001:db8:c:1::/64
	fib_within 1000 "… and goes" lab_not reached 2001:db8:c:1::/64
	lab_check "… nobody says that descriptors are out" logged 0 descriptors
	lab_stop knock
	until_second 9 # the next try is a while to come
	lab_check "… the session lives" established_since 15
	lab_check "… the log has ten lines of it at most" eval \
		'[ "$(grep -cE "cannot (add|replace|delete)" "$LAB/n.log")" -le 10 ]'
	lab_memory_limit -1
	lab_ctl n -j show kernel >"$LAB/shown"
	lab_check "there is room: until they are tried again, the rest is shown as failed" eval \
		'[ "$(jq "map(select(.state == \"failed\")) | length" "$LAB/shown")" -gt $((many / 10)) ]'
	lab_check "… with the reason" lab_equal '' "$(jq -r '.[] | select(.state == "failed") | .detail' "$LAB/shown" |
		grep -vE '^(Cannot allocate memory|No buffer space available), again in' | sort | uniq -c)"
	fib_within 16000 "… and they are all in after the delay" counted 0 $((many + 2 * size))
	lab_check "… as the kernel says, too" fib_is n "$LAB/with-many"
	lab_check "… the session lives" established_since 17
}

if lab_memory_begin; then
	no_room
else
	lab_skip "the kernel has no room for a route (ENOMEM)" "$lab_memory_why"
fi
