#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# Network namespaces that disappear: a workload's, whose prefix is withdrawn; a neighbour
# node's, whose link vanishes and whose routes leave while other sessions live on; and the
# daemon's own, which loses its name and lives on as long as the daemon.
#
#   n    the node: 10.0.1.1 towards p, 10.0.2.1 towards q, 10.0.3.1 towards w
#   p q  neighbours with a daemon      w  a peer by hand, which tells what it hears and when
#   cN   workloads: 10.233.2.N on a veth caliN of the node
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

workloads=5
hold_time=3
restart_time=4

lab_begin netns
lab_ns_add n p q w
lab_link n e1 10.0.1.1/24 fd00:1::1/64 p e0 10.0.1.2/24 fd00:1::2/64
lab_link n e2 10.0.2.1/24 fd00:2::1/64 q e0 10.0.2.2/24 fd00:2::2/64
lab_link n e3 10.0.3.1/24 '' w e0 10.0.3.2/24 ''

neighbour_file() { # NAME NUMBER
	cat >"$LAB/$1.conf" <<-CONF
		router {
			as = 64512
			id = "10.0.$2.2"
			hold-time = $hold_time
			restart-time = $restart_time
			connect-retry = 1
			connect-retry-max = 1
		}
		kernel {
			install = false
			import "blackholes" { type = {"blackhole"} }
		}
		peer "n" { address = "10.0.$2.1" as = "internal" }
	CONF
}

cat >"$LAB/n.conf" <<-CONF
	router {
		as = 64512
		id = "10.0.1.1"
		hold-time = $hold_time
		restart-time = $restart_time
		connect-retry = 1
		connect-retry-max = 1
	}
	kernel {
		import "workloads" { interface = {"cali*"} }
	}
	peer "p" { address = "10.0.1.2" as = "internal" }
	peer "q" { address = "10.0.2.2" as = "internal" }
	peer "w" { address = "10.0.3.2" as = "internal" passive = true families = {"ipv4"} }
CONF

for i in 1 2 3 4 5 6 7 8 9; do
	echo "route add blackhole 10.81.$i.0/24"
	echo "route add blackhole 2001:db8:1:$i::/64"
done | lab_ip p -batch -
for i in 1 2 3 4 5 6 7 8 9; do
	echo "route add blackhole 10.82.$i.0/24"
	echo "route add blackhole 2001:db8:2:$i::/64"
done | lab_ip q -batch -
neighbour_file p 1
neighbour_file q 2
for name in p q n; do lab_bgpd "$name" "$name"; done

# w announces one route by itself and one by way of q, whose address is a next hop like others.
lab_wait 10 lab_ctl n show || lab_fail "the node runs" "$(tail -n 3 "$LAB/n.log")"
mkfifo "$LAB/wire.in"
lab_in w "$lab_top/tests/tools/wire.py" --to 10.0.3.1 --from 10.0.3.2 --as 64512 --hold $hold_time \
	--route 10.83.1.0/24=10.0.3.2 --route 10.83.2.0/24=10.0.2.2 \
	<"$LAB/wire.in" >"$LAB/wire" 2>"$LAB/wire.log" &
lab_pid[wire]=$!
exec {wire_in}>"$LAB/wire.in"

# PREFIX GATEWAY a line, what the node is to have by way of these.
by() { # p|q|w...
	local i

	case $1 in
	p | q)
		i=1
		[ "$1" = p ] || i=2
		printf "10.8$i.%d.0/24 10.0.$i.2\n" 1 2 3 4 5 6 7 8 9
		printf "2001:db8:$i:%d::/64 fd00:$i::2\n" 1 2 3 4 5 6 7 8 9
		;;
	w) echo "10.83.1.0/24 10.0.3.2" ;;
	w-by-q) echo "10.83.2.0/24 10.0.2.2" ;;
	esac
}

{ by p; by q; by w; by w-by-q; } >"$LAB/all"
{ by p; by w; } >"$LAB/without-q"

at_rest() { # FILE
	fib_is n "$1" && lab_json n "length == $(wc -l <"$1") and all(.state == \"installed\")" show kernel
}

lab_check_within 20 "three sessions, and what they announce" at_rest "$LAB/all"

# ---------------------------------------------------------------- a workload's namespace

workload_add() { # NUMBER
	lab_ns_add "c$1"
	ip link add "cali$1" netns "$(lab_ns n)" type veth peer name eth0 netns "$(lab_ns "c$1")" || exit 1
	lab_ip "c$1" link set eth0 up
	lab_ip n link set "cali$1" up
	# As plugins do: with the link's scope, and with the host's.
	lab_ip n route add "10.233.2.$1" dev "cali$1" scope link
	lab_ip n route add "10.233.3.$1" dev "cali$1" scope host
	lab_ip n route add "fd00:233::$1" dev "cali$1"
}

heard() { # +|- NUMBER: both of its prefixes
	grep -qF -e "$1 10.233.2.$2/32 " "$LAB/wire" && grep -qF -e "$1 10.233.3.$2/32 " "$LAB/wire"
}

when_heard() { # +|- NUMBER: the later one
	grep -F -e "$1 10.233.2.$2/32 " -e "$1 10.233.3.$2/32 " "$LAB/wire" | awk '{ print $3 }' | sort | tail -n 1
}

link_gone() { # NUMBER
	grep -q "Deleted.* cali$1[@:]" "$LAB/links.log"
}

# When the kernel told that it has taken the link, and the routes with the host's scope along.
when_gone() { # NUMBER
	awk -v link="cali$1" '/Deleted/ && $0 ~ " " link "[@:]" {
		split(substr($1, 2), t, /[-T:\]]/)
		printf "%.6f\n", mktime(t[1] " " t[2] " " t[3] " " t[4] " " t[5] " " int(t[6])) + t[6] - int(t[6])
		exit
	}' "$LAB/links.log"
}

ms_between() { # TIME TIME
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%d", (b - a) * 1000 + 0.5 }'
}

prefix_is_away() { # PREFIX: the neighbour has it no more
	lab_json p 'length == 0' show routes "$1"
}

for i in $(seq $((workloads + 1))); do workload_add "$i"; done
for i in $(seq $((workloads + 1))); do
	lab_wait 10 heard + "$i" || lab_fail "workload $i is announced" "$(cat "$LAB/wire")"
done
lab_ok "$((workloads + 1)) workloads are announced"
lab_start n links stdbuf -oL ip -ts monitor link
sleep 0.3

worst=0 worst_all=0
for i in $(seq $workloads); do
	began=$EPOCHREALTIME
	ip netns del "$(lab_ns "c$i")"
	if ! lab_wait 20 heard - "$i" || ! lab_wait 5 link_gone "$i"; then
		lab_fail "workload $i's namespace is deleted: its prefixes are withdrawn" \
			"$(tail -n 5 "$LAB/wire")" "$(tail -n 5 "$LAB/links.log")"
		continue
	fi
	took=$(ms_between "$(when_gone "$i")" "$(when_heard - "$i")")
	took_all=$(ms_between "$began" "$(when_heard - "$i")")
	[ "$took" -le "$worst" ] || worst=$took
	[ "$took_all" -le "$worst_all" ] || worst_all=$took_all
done
# The kernel takes a namespace down when it likes: the time since the command has that in it.
lab_check "a workload's namespace is deleted: withdrawn on the wire $worst ms after its link, $worst_all ms after the command, at the latest" \
	test "$worst" -le $((1000 * SLOW)) -a "$worst_all" -le $((1000 * SLOW))
[ "$worst_all" -le 100 ] || echo "# more than the 100 ms that are the goal"
for i in $(seq $workloads); do
	lab_check_within 2 "… workload $i has left the neighbour in IPv6, too" prefix_is_away "fd00:233::$i/128"
done
lab_check "… one that stays was not withdrawn" lab_not heard - $((workloads + 1))
lab_check "… nor has the neighbour lost it" lab_json p 'length == 1' show routes "10.233.2.$((workloads + 1))/32"
lab_check "… the kernel's table is as it was" at_rest "$LAB/all"
lab_stop links

# ---------------------------------------------------------------- a neighbour's namespace

uptime_of() { # PEER
	lab_ctl n -j show peers | jq -r ".[] | select(.name == \"$1\") | .uptime_s"
}

valid_by_q() { # COUNT: so many valid paths by way of q, whoever announced them
	lab_equal "$1" "$(lab_ctl n -j show routes | jq '[.[] | select(.next_hop == "10.0.2.2" or
		.next_hop == "fd00:2::2") | select(.valid)] | length')"
}

paths_of_q() { # COUNT
	lab_equal "$1" "$(lab_ctl n -j show routes | jq '[.[] | select(.peer == "q")] | length')"
}

lab_check "by way of the neighbour there are 19 valid paths" valid_by_q 19
by p | cut -d' ' -f1 >"$LAB/stay"
watch_begin n "$LAB/stay"
up_p=$(uptime_of p) up_w=$(uptime_of w)
lab_stop q KILL
ip netns del "$(lab_ns q)"
lab_check_within 5 "a neighbour's namespace is deleted: its link vanishes" lab_not lab_ip n link show e2
fib_within 1000 "… what goes by way of it leaves the kernel" fib_is n "$LAB/without-q"
fib_within 1000 "… the next hops are unreachable, in show routes, too" valid_by_q 0
lab_check "… also that of another peer, and it is told" lab_json n \
	'length == 1 and all((.valid | not) and .peer == "w" and (.reason | test("unreachable")))' show routes 10.83.2.0/24
lab_check_within $((hold_time + restart_time + 5)) "… its session is over, and its paths go" eval \
	'lab_not lab_established n q && paths_of_q 0'
lab_check "… the others' sessions live" test "$(uptime_of p)" -gt "$up_p" -a "$(uptime_of w)" -gt "$up_w"
lab_check "… their routes are in" at_rest "$LAB/without-q"
lab_check "… show peers says that there is no way" lab_json n \
	'map(select(.name == "q")) | length == 1 and .[0].state != "Established"' show peers
watch_end "the neighbour that stays"

lab_ns_add q
lab_link n e2 10.0.2.1/24 fd00:2::1/64 q e0 10.0.2.2/24 fd00:2::2/64
for i in 1 2 3 4 5 6 7 8 9; do
	echo "route add blackhole 10.82.$i.0/24"
	echo "route add blackhole 2001:db8:2:$i::/64"
done | lab_ip q -batch -
lab_bgpd q q
lab_check_within 15 "a node of its name comes: all is as it was" at_rest "$LAB/all"

# ---------------------------------------------------------------- the daemon's own

# Everything about the node by its process from now on.
nameless() { # COMMAND...
	nsenter -t "${lab_pid[n]}" -n "$@"
}

nameless_has() { # PREFIX GATEWAY
	lab_equal "$2" "$(nameless ip -j route show "$1" proto bgp | jq -r '.[].gateway')"
}

nameless_counts() { # COUNT
	lab_equal "$1" "$( { nameless ip -j -4 route show proto bgp; nameless ip -j -6 route show proto bgp; } | jq -s 'add | length')"
}

all=$(wc -l <"$LAB/all")
ip netns del "$(lab_ns n)"
lab_check "the daemon's own namespace loses its name" lab_not lab_ip n link show
lab_check "… all routes are there" nameless_counts "$all"
lab_ip p route add blackhole 10.81.77.0/24
lab_check_within 2 "… a route that is learned now is in the kernel" nameless_has 10.81.77.0/24 10.0.1.2
lab_ip p route del blackhole 10.81.77.0/24
lab_check_within 2 "… and goes" nameless_counts "$all"
nameless ip route del 10.81.1.0/24 proto bgp
lab_check_within 2 "… one that somebody deletes comes back" nameless_counts "$all"
lab_check "… bgpctl reload" lab_ctl n reload
nameless ip route add 10.233.2.77 dev e1 scope link proto boot
nameless ip link add cali77 type veth peer name cali78
nameless ip link set cali77 up
nameless ip link set cali78 up
nameless ip route add 10.233.2.78 dev cali77 scope link
lab_check_within 2 "… a workload that comes is announced" grep -qF '+ 10.233.2.78/32 ' "$LAB/wire"
sleep $((hold_time + 1))
lab_check "… the sessions live" lab_json n \
	"length == 3 and all(.state == \"Established\" and .uptime_s >= $hold_time)" show peers
lab_stop n
code=$?
lab_check "SIGTERM ends it with exit code 0" lab_equal 0 $code
lab_check "… in order" grep -q ' stopped$' "$LAB/n.log"
lab_check "… without an error" lab_not grep -E '^[^ ]+ error ' "$LAB/n.log"
lab_check_within 10 "… its namespace goes with it, and so does the neighbour's link" lab_not lab_ip p link show e0
exec {wire_in}>&-
