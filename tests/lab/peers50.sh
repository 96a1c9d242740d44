#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# Fifty iBGP peers of which one cannot be reached: the others' routes do not wait for it.
# Each has to be in the kernel within two seconds of its session.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

peers=50
lab_begin peers50
lab_ns_add node world
lab_link node v0 10.9.0.1/16 '' world v0 10.9.0.2/16 ''
for i in $(seq $((peers - 1))); do
	echo "addr add 10.9.1.$i/16 dev v0"
done | lab_ip world -batch -

{
	printf 'router { as = 64512 id = "10.9.0.1" }\n'
	for i in $(seq $peers); do
		printf 'peer "p%s" { address = "10.9.1.%s" as = "internal" }\n' "$i" "$i"
	done
} >"$LAB/node.conf"
lab_start node monitor stdbuf -oL ip -ts monitor route
lab_bgpd node node
lab_wait 10 lab_ctl node show

mkfifo "$LAB/peers.in"
lab_in world "$lab_top/tests/tools/peers.py" --to 10.9.0.1 --as 64512 --count $((peers - 1)) \
	<"$LAB/peers.in" >"$LAB/sessions" 2>"$LAB/peers.log" &
lab_pid[peers]=$!
exec {hold}>"$LAB/peers.in"

kernel_routes() {
	lab_ip node route show | grep -c '^10\.100\.'
}

all_installed() {
	[ "$(kernel_routes)" = $((peers - 1)) ]
}

if ! lab_wait 30 grep -qx ready "$LAB/sessions"; then
	lab_fail "$((peers - 1)) sessions come up" "$(wc -l <"$LAB/sessions") did"
	lab_logs
	exit 0
fi
lab_ok "$((peers - 1)) sessions come up"
lab_check_within 10 "$((peers - 1)) routes are in the kernel" all_installed
sleep 0.2

# Each route's time in the kernel's own events against its session's.
awk -v limit=2 '
	NR == FNR {
		if ($1 != "ready") session[$2] = $3
		next
	}
	{
		split(substr($1, 2), t, /[-T:\]]/)
		for (i = 2; i <= 3; i++) if ($i in session && !($i in seen)) {
			seconds = mktime(t[1] " " t[2] " " t[3] " " t[4] " " t[5] " " int(t[6])) \
				+ t[6] - int(t[6])
			seen[$i] = seconds - session[$i]
			if (seen[$i] > slowest) slowest = seen[$i]
			n++
		}
	}
	END { printf "%d %.3f %d\n", n, slowest, slowest <= limit }' \
	"$LAB/sessions" "$LAB/monitor.log" >"$LAB/result"
read -r seen slowest good <"$LAB/result"
lab_check "the kernel told of each" lab_equal $((peers - 1)) "$seen"
lab_check "the slowest came ${slowest} s after its session" test "$good" = 1
lab_check "one peer is not established" lab_json node \
	'map(select(.state != "Established")) | length == 1' show peers
lab_check "the routes are still there" all_installed
exec {hold}>&-
