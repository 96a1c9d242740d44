#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/restart.sh [ROUTES]
#
# A node with three iBGP peers that announce about 3,000 routes between them (ROUTES is the
# size of one of four sets, 380), IPv4 and IPv6.  Best paths change, the daemon and its
# peers are stopped and killed and started, the configuration is reloaded; all the while the
# kernel's events are read and its table is dumped every 10 ms: no route that is still valid
# may be deleted or missing.  What is no longer valid goes, and when.
#
#   set a   announced by p1 and p2, at times by p3, whose lower router id is preferred
#   set b   by p1      set c   by p2      set d   by p3
#   set e   by p4, which comes later and is behind p1: ten routes
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

size=${1:-380}
restart_time=12

lab_begin restart
lab_ns_add n p1 p2 p3 p4
for i in 1 2 3; do
	lab_link n "e$i" "10.0.$i.1/24" "fd00:$i::1/64" "p$i" e0 "10.0.$i.2/24" "fd00:$i::2/64"
done
lab_link p1 e4 10.0.4.1/24 fd00:4::1/64 p4 e0 10.0.4.2/24 fd00:4::2/64
lab_in p1 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
lab_ip p4 route add default via 10.0.4.1
lab_ip p4 route add default via fd00:4::1
lab_ip n route add 10.0.4.0/24 via 10.0.1.2
lab_ip n route add fd00:4::/64 via fd00:1::2
lab_ip n addr add 192.0.2.1/32 dev lo

# ---------------------------------------------------------------- routes

declare -A octet=([a]=64 [b]=80 [c]=96 [d]=112 [e]=128)

# A set's routes FROM to TO as the node has them, by way of peer NUMBER.
routes() { # SET NUMBER [FROM TO]
	local i

	for ((i = ${3:-1}; i <= ${4:-size}; i++)); do
		printf '10.%d.%d.0/24 10.0.%d.2\n' $((octet[$1] + i / 256)) $((i % 256)) "$2"
		printf '2001:db8:%s:%x::/64 fd00:%d::2\n' "$1" "$i" "$2"
	done
}

prefixes() { # FILE...
	cut -d' ' -f1 "$@" | sort
}

# A peer's own table: blackholes, which it imports.
announce() { # NUMBER SET [FROM TO]
	routes "$2" 0 "${@:3}" | awk '{ print "route add blackhole " $1 }' | lab_ip "p$1" -batch -
}

withdraw() { # NUMBER SET [FROM TO]
	routes "$2" 0 "${@:3}" | awk '{ print "route del blackhole " $1 }' | lab_ip "p$1" -batch -
}

# ---------------------------------------------------------------- daemons

peer_file() { # NUMBER: of the peer; the third has the lowest router id
	local node=$1

	[ "$1" != 4 ] || node=1
	cat >"$LAB/p$1.conf" <<-CONF
		router {
			as = 64512
			id = "$([ "$1" = 3 ] && echo 10.0.0.3 || echo "10.0.$1.2")"
			restart-time = $restart_time
			connect-retry = 1
			connect-retry-max = 1
		}
		kernel {
			install = false
			import "blackholes" { type = {"blackhole"} }
		}
		peer "n" {
			address = "10.0.$node.1"
			as = "internal"
			families = {"ipv4"}
		}
		peer "n-ipv6" {
			address = "fd00:$node::1"
			as = "internal"
			families = {"ipv6"}
		}
	CONF
}

sessions_with() { # NUMBER [OPTIONS]
	cat <<-CONF
		peer "p$1" {
			address = "10.0.$1.2"
			as = "internal"
			families = {"ipv4"}
			${2:-}
		}
		peer "p$1-ipv6" {
			address = "fd00:$1::2"
			as = "internal"
			families = {"ipv6"}
			${2:-}
		}
	CONF
}

# With KERNEL options and those of p1; peers are 1 to PEERS.
node_file() { # PEERS [KERNEL [P1]]
	local i

	cat >"$LAB/n.conf" <<-CONF
		router {
			as = 64512
			id = "10.0.1.1"
			restart-time = $restart_time
			connect-retry = 1
			connect-retry-max = 1
		}
		kernel { ${2:-} }
		filter "nothing" { default = "reject" }
		$(sessions_with 1 "${3:-}")
		$(for ((i = 2; i <= $1; i++)); do sessions_with "$i"; done)
		control { socket = "$LAB/n.sock" }
	CONF
}

start_node() {
	lab_bgpd n n
}

reload_node() { # PEERS [KERNEL [P1]]
	node_file "$@"
	lab_ctl n reload >/dev/null || lab_fail "reload" "$(tail -n 3 "$LAB/n.log")"
}

# So many peers are up, the kernel's routes are those of FILE, and the daemon says the same.
at_rest() { # PEERS FILE
	lab_json n ".peers.established == 2 * $1" show &&
		lab_json n "length == $(wc -l <"$2") and all(.state == \"installed\")" show kernel &&
		fib_is n "$2"
}

stays() { # FILE: its prefixes
	prefixes "$1" >"$LAB/stay"
	watch_begin n "$LAB/stay"
}

for i in 1 2 3 4; do peer_file "$i"; done
node_file 3
announce 1 a
announce 2 a
announce 1 b
announce 2 c
announce 3 d
announce 4 e 1 10
{ routes a 1; routes b 1; routes c 2; routes d 3; } >"$LAB/all"
{ routes a 2; routes b 1; routes c 2; routes d 3; } >"$LAB/a-by-p2"
{ routes a 3; routes b 1; routes c 2; routes d 3; } >"$LAB/a-by-p3"
for i in 1 2 3 4; do lab_bgpd "p$i" "p$i"; done
start_node
lab_check_within 20 "$(wc -l <"$LAB/all") routes of three peers are in the kernel" at_rest 3 "$LAB/all"

# ---------------------------------------------------------------- best paths

stays "$LAB/all"
withdraw 1 a
lab_check_within 10 "one peer withdraws what another has, too: it goes by that one" fib_is n "$LAB/a-by-p2"
announce 1 a
lab_check_within 10 "… and back" fib_is n "$LAB/all"
for turn in first second; do
	announce 3 a
	lab_check_within 10 "a better path comes, the $turn time" fib_is n "$LAB/a-by-p3"
	withdraw 3 a
	lab_check_within 10 "… and goes" fib_is n "$LAB/all"
done
watch_end "changes of the best path"

# ---------------------------------------------------------------- the daemon's own restart

stays "$LAB/all"
lab_stop n
sleep 0.5
lab_check "SIGTERM: every route stays" fib_is n "$LAB/all"
start_node
lab_check_within 10 "… and is adopted and confirmed after the start" at_rest 3 "$LAB/all"
lab_stop n KILL
sleep 0.5
lab_check "SIGKILL: every route stays" fib_is n "$LAB/all"
start_node
lab_check_within 10 "… and is adopted and confirmed after the start" at_rest 3 "$LAB/all"
watch_end "SIGTERM and SIGKILL"

stays "$LAB/all"
for pause in 0.2 1.5 0.7; do
	lab_stop n KILL
	start_node
	sleep $pause
done
lab_stop n
start_node
lab_check_within 10 "killed three times and stopped once in a few seconds: all is as it was" at_rest 3 "$LAB/all"
watch_end "restarts in a row"

# ---------------------------------------------------------------- reload

with_source() { # COUNT: so many IPv4 routes have the preferred source
	lab_equal "$1" "$(lab_ip n -4 route show proto bgp | grep -c ' src 192\.0\.2\.1 ')"
}


# p4's routes have p1 as their gateway.
{ routes a 2; routes c 2; routes d 3; } >"$LAB/without-p1"
{ cat "$LAB/all"; routes e 1 1 10; } >"$LAB/all-4"

stays "$LAB/all"
reload_node 3 'prefer-source = "192.0.2.1"'
lab_check_within 10 "a reload gives a preferred source" with_source $((4 * size))
lab_check "… and nothing else" fib_is n "$LAB/all"
reload_node 3
lab_check_within 10 "… and takes it away" with_source 0
reload_node 4
lab_check_within 10 "a peer is added" at_rest 4 "$LAB/all-4"
reload_node 3
lab_check_within 10 "… and removed: its routes go" at_rest 3 "$LAB/all"
reload_node 4
lab_check_within 10 "… and added again" at_rest 4 "$LAB/all-4"
watch_end "reloads"

stays "$LAB/without-p1"
reload_node 3 '' 'import = "nothing"'
lab_check_within 10 "a filter of one peer rejects all: what another has goes by that one" \
	at_rest 3 "$LAB/without-p1"
reload_node 4
lab_check_within 10 "… and back without it" at_rest 4 "$LAB/all-4"
watch_end "an import filter: the others"

reload_node 4 'filter = "nothing"'
lab_check_within 10 "kernel { filter } rejects all: nothing is installed" fib_has n 0
lab_check "… and the peers are still there" lab_json n '.peers.established == 8' show
reload_node 4
lab_check_within 10 "… and back without it" at_rest 4 "$LAB/all-4"

# ---------------------------------------------------------------- a peer's restart

part=$((size / 4))
{ routes a 1; routes b 1 $((part + 1)) "$size"; routes c 2; routes d 3; routes e 1 1 10; } >"$LAB/without-part"

stays "$LAB/all-4"
lab_stop p1
sleep 1
lab_check "a peer is stopped: its routes stay" fib_is n "$LAB/all-4"
lab_bgpd p1 p1
lab_check_within 10 "… and it comes back" at_rest 4 "$LAB/all-4"
lab_stop p1 KILL
sleep 1
lab_check "a peer is killed: its routes stay" fib_is n "$LAB/all-4"
lab_bgpd p1 p1
lab_check_within 10 "… and it comes back" at_rest 4 "$LAB/all-4"
watch_end "a peer's restart"

stays "$LAB/without-part"
lab_stop p1 KILL
withdraw 1 b 1 $part
lab_bgpd p1 p1
lab_check_within 10 "a peer comes back without some of its routes: they go" at_rest 4 "$LAB/without-part"
announce 1 b 1 $part
lab_check_within 10 "… and come" at_rest 4 "$LAB/all-4"
watch_end "a peer comes back with less: the others"

# ---------------------------------------------------------------- what goes after our restart

# p2 has less than before, p3 and p4 are not there: p2's are swept when it has said all,
# theirs at restart-time; p4's, too, though their gateway is p1, which has said all.
{ routes a 1; routes b 1; routes c 2 $((part + 1)) "$size"; } >"$LAB/without-d"
{ cat "$LAB/without-d"; routes d 3; routes e 1 1 10; } >"$LAB/without-part"
lab_stop n KILL
withdraw 2 c 1 $part
lab_stop p3
lab_stop p4
stays "$LAB/without-part"
start_node
began=${EPOCHREALTIME/./}
lab_check_within $((restart_time / 2)) \
	"killed, two peers down: what another no longer announces goes after that one's End-of-RIB" \
	fib_is n "$LAB/without-part"
lab_check "… and the daemon calls those of the peers that are down stale" \
	lab_json n "map(select(.state == \"stale\")) | length == $((2 * size + 20))" show kernel
sleep "$(awk -v began="$began" -v now="${EPOCHREALTIME/./}" -v limit=$restart_time \
	'BEGIN { left = limit - 1 - (now - began) / 1e6; print(left > 0 ? left : 0) }')"
watch_end "… and the others stay until restart-time"
prefixes "$LAB/without-d" >"$LAB/stay"
watch_begin n "$LAB/stay"
lab_check_within 4 "… then the routes of the peers that are down go" fib_is n "$LAB/without-d"
lab_bgpd p3 p3
lab_bgpd p4 p4
announce 2 c 1 $part
lab_check_within 10 "… and they come back" at_rest 4 "$LAB/all-4"
watch_end "the routes of the peers that are up, meanwhile"

# ---------------------------------------------------------------- the end

lab_stop_asked() { # the process has ended
	! kill -0 "${lab_pid[n]}" 2>/dev/null
}

lab_ctl n shutdown "the end" >/dev/null
lab_check_within 10 "bgpctl shutdown ends the daemon" lab_stop_asked
unset 'lab_pid[n]'
lab_check "… and takes all our routes out" fib_has n 0
