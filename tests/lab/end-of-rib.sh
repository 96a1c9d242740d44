#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# tests/lab/end-of-rib.sh [ROUTES]
#
# A node is killed and started again; while it waits for one peer, whose ROUTES (20,000) lie
# adopted in its kernel, two others send 10,000 End-of-RIB markers each, one of them as fast
# as it can and one over five seconds.  Meanwhile another session's changes reach the kernel
# within a second, and no route that is still valid is deleted.
#
#   p1   has the many routes, and comes last      p2   changes its own
#   f g  flood: peers by hand
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

many=${1:-20000}
markers=10000
few=50
restart_time=60

lab_begin end-of-rib
lab_ns_add n p1 p2 w
lab_link n e1 10.0.1.1/24 '' p1 e0 10.0.1.2/24 ''
lab_link n e2 10.0.2.1/24 '' p2 e0 10.0.2.2/24 ''
lab_link n e3 10.0.3.1/24 '' w e0 10.0.3.2/24 ''
lab_ip w addr add 10.0.3.3/24 dev e0

for ((i = 0; i < many; i++)); do
	echo "10.$((100 + i / 65536)).$((i / 256 % 256)).$((i % 256))/32 10.0.1.2"
done >"$LAB/many"
for ((i = 0; i < few; i++)); do
	echo "10.82.$i.0/24 10.0.2.2" >&3
	echo "10.83.$i.0/24 10.0.3.2" >&4
	echo "10.84.$i.0/24 10.0.3.3" >&5
done 3>"$LAB/by-p2" 4>"$LAB/by-f" 5>"$LAB/by-g"
cat "$LAB/many" "$LAB"/by-* >"$LAB/all"

router() { # ID
	echo "router { as = 64512 id = \"$1\" hold-time = 3 restart-time = $restart_time
		connect-retry = 1 connect-retry-max = 1 }"
}

{
	router 10.0.1.1
	printf 'peer "%s" { address = "%s" as = "internal" }\n' p1 10.0.1.2 p2 10.0.2.2
	printf 'peer "%s" { address = "%s" as = "internal" passive = true families = {"ipv4"} }\n' \
		f 10.0.3.2 g 10.0.3.3
} >"$LAB/n.conf"
for i in 1 2; do
	{
		router "10.0.$i.2"
		echo 'kernel { install = false import "blackholes" { type = {"blackhole"} } }'
		echo "peer \"n\" { address = \"10.0.$i.1\" as = \"internal\" }"
	} >"$LAB/p$i.conf"
done
awk '{ print "route add blackhole " $1 }' "$LAB/many" | lab_ip p1 -batch -
awk '{ print "route add blackhole " $1 }' "$LAB/by-p2" | lab_ip p2 -batch -

# A peer by hand with its routes; what it hears and when it is through is in $LAB/NAME.
wire() { # NAME ADDRESS MARKERS PAUSE
	local routes hold

	mapfile -t routes < <(awk '{ print "--route"; print $1 "=" $2 }' "$LAB/by-$1")
	rm -f "$LAB/$1.in" "$LAB/$1"
	mkfifo "$LAB/$1.in"
	lab_in w "$lab_top/tests/tools/wire.py" --to 10.0.3.1 --from "$2" --as 64512 --hold 3 \
		"${routes[@]}" --end-of-rib "$3" --pause "$4" \
		<"$LAB/$1.in" >"$LAB/$1" 2>>"$LAB/$1.log" &
	lab_pid[$1]=$!
	exec {hold}>"$LAB/$1.in" # it ends with its standard input
}

counts() { # "STATE COUNT"...: show kernel has so many of each
	lab_equal "$(printf '%s\n' "$@")" \
		"$(lab_ctl n -j show kernel | jq -r 'group_by(.state) | .[] | "\(.[0].state) \(length)"')"
}

listens() {
	lab_in n ss -Hltn 'sport = 179' | grep -q .
}

reached() { # PREFIX
	[ -n "$(lab_ip n route show "$1" proto bgp)" ]
}

for name in p1 p2 n; do lab_bgpd "$name" "$name"; done
lab_wait 10 listens
wire f 10.0.3.2 1 0
wire g 10.0.3.3 1 0
lab_check_within 60 "four peers' $(wc -l <"$LAB/all") routes are in the kernel" fib_is n "$LAB/all"

# ---------------------------------------------------------------- the flood

lab_stop p1
lab_stop n KILL
lab_stop f
lab_stop g
lab_check "p1 is stopped and the node killed: they stay" fib_is n "$LAB/all"
lab_start n monitor stdbuf -oL ip -o monitor route
lab_wait 10 ip_monitor_listens
lab_bgpd n n
lab_wait 10 listens
wire f 10.0.3.2 $markers 0.05
lab_check_within 10 "p2's session comes up while a peer floods" lab_established n p2
wire g 10.0.3.3 $markers 0
lab_wait 10 grep -q ^up "$LAB/g"
for turn in first second third; do
	lab_ip p2 route add blackhole 10.82.200.0/24
	fib_within 1000 "both flood: a route of p2 comes, the $turn time" reached 10.82.200.0/24
	lab_ip p2 route del blackhole 10.82.200.0/24
	fib_within 1000 "… and goes" lab_not reached 10.82.200.0/24
done
lab_check "the slower flood still goes on" lab_not grep -q ^said "$LAB/f"
lab_check_within 20 "both are through" eval 'grep -q ^said "$LAB/f" && grep -q ^said "$LAB/g"'
lab_check "nothing else was deleted" lab_equal '' \
	"$(grep '^Deleted' "$LAB/monitor.log" | grep -v '^Deleted 10\.82\.200\.0/24 ' | head -n 5)"
lab_check "p1's routes are stale, the others' installed" counts "installed $((3 * few))" "stale $many"
lab_check "the sessions live" lab_json n \
	'map(select(.name != "p1")) | length == 3 and all(.state == "Established" and .uptime_s >= 4)' show peers

# ---------------------------------------------------------------- and p1 comes

lab_bgpd p1 p1
lab_check_within 30 "p1 comes: all are confirmed" counts "installed $((many + 3 * few))"
sleep 1
lab_check "… and in the kernel" fib_is n "$LAB/all"
lab_check "not one was deleted on the way" lab_equal '' \
	"$(grep '^Deleted' "$LAB/monitor.log" | grep -v '^Deleted 10\.82\.200\.0/24 ' | head -n 5)"
