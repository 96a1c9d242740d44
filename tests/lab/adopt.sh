#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# A node with many routes is killed and started again: all of them come back within a few
# turns of the loop, End-of-RIB right behind, and not one is deleted on the way.  Far more of them
# than the FIB is handed in one turn.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

count=${1:-200000}

lab_begin adopt
lab_ns_add a b
lab_link a eth0 10.9.0.1/24 '' b eth0 10.9.0.2/24 ''

for n in $(seq 0 $((count - 1))); do
	echo "route add blackhole 10.$((100 + n / 65536)).$((n / 256 % 256)).$((n % 256))/32"
done >"$LAB/routes"
lab_ip b -batch "$LAB/routes"

conf() { # NAME OWN OTHER MORE
	cat >"$LAB/$1.conf" <<-CONF
		router { as = 64512 id = "10.9.0.$2" connect-retry = 1 restart-time = 60 }
		peer "other" { address = "10.9.0.$3" as = internal }
		kernel { $4 }
	CONF
}
conf a 1 2 ''
conf b 2 1 'import "all" { type = {"blackhole"} }'
lab_bgpd b b
lab_bgpd a a

installed() {
	lab_ip a route show proto bgp | grep -c .
}

lab_check_within 60 "$count routes are in the kernel" eval '[ "$(installed)" = "$count" ]'

lab_in a ip monitor route >"$LAB/monitor" 2>&1 &
monitor=$!
sleep 0.3
for signal in KILL TERM; do
	lab_stop a "$signal"
	lab_check "$signal: they stay" lab_equal "$count" "$(installed)"
	lab_bgpd a a
	lab_check_within 30 "$signal: the session is back" lab_established a other
	lab_check_within 30 "$signal: all are confirmed" lab_json a \
		'map(select(.state == "installed")) | length == '"$count" show kernel
	sleep 1
	lab_check "$signal: not one was deleted on the way" \
		lab_equal 0 "$(grep -c '^Deleted 10\.1' "$LAB/monitor")"
done
kill "$monitor"
wait "$monitor" 2>/dev/null

# What is not announced any more goes with the peer's End-of-RIB, no later.
lab_stop a KILL
lab_ip b route del blackhole 10.100.0.7/32
lab_bgpd a a
lab_check_within 30 "what the peer has no more goes after the restart" \
	lab_equal $((count - 1)) "$(sleep 3; installed)"
