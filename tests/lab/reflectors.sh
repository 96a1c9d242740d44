#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# tests/lab/reflectors.sh [NODES [SEED]]
#
# A cluster that moves between mesh and reflectors by its one peer file, and reflectors that
# die, while every container pings every other 100 times a second and every FIB is dumped
# every 10 ms: not one ping is lost, and no block is missing from any dump.  NODES (6; 20 is
# the full form) nodes with a container each, as a CNI makes them; two more, r1 and r2, that
# may be reflectors and nothing else.  The order and the pauses of the reloads follow SEED.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "$0")/cni.sh"

nodes=${1:-6}
RANDOM=${2:-$$}
restart_time=15
watchnet=$BGPD_BUILD/tests/tools/watchnet

lab_begin reflectors
echo "# $nodes nodes, seed ${2:-$$}"
cni_lab=$lab_tag
cni_dir=$LAB/cni
mkdir "$cni_dir"
cni_up "$nodes" 1
for n in $(seq "$nodes"); do
	lab_spaces+=("$cni_lab-n$n" "$cni_lab-c${n}1")
done
lab_spaces+=("$cni_lab-switch")

reflector_up() { # NUMBER: a host of its own on the bridge, 192.168.2.(200 + NUMBER)
	lab_ns_add "r$1"
	ip link add eth0 netns "$cni_lab-r$1" type veth peer name "r$1" netns "$cni_lab-switch"
	ip -n "$cni_lab-switch" link set "r$1" master br0 up
	lab_address "r$1" eth0 "192.168.2.$((200 + $1))/24" ''
}
reflector_up 1
reflector_up 2

# ---------------------------------------------------------------- the one file

# Written anew as a whole, as an operator's tool would: MESH is "", "mesh = true" or
# "mesh = false"; the rest are the nodes that reflect (n1 ...), and "dedicated" for r1 and r2.
peer_file() { # MESH REFLECTOR...
	local mesh=$1 n
	shift
	{
		echo "cluster {"
		echo "    $mesh"
		for n in $(seq "$nodes"); do
			printf '    node "n%s" { address = "192.168.2.%s"%s }\n' "$n" "$n" \
				"$([[ " $* " = *" n$n "* ]] && echo ' reflector = true')"
		done
		if [[ " $* " = *" dedicated "* ]]; then
			echo '    node "r1" { address = "192.168.2.201" reflector = true }'
			echo '    node "r2" { address = "192.168.2.202" reflector = true }'
		fi
		echo "}"
	} >"$LAB/cluster.new"
	mv "$LAB/cluster.new" "$LAB/cluster.conf"
}

own_file() { # NAME NODE
	cat >"$LAB/$1.conf" <<-CONF
		router { as = 64512 restart-time = $restart_time connect-retry = 2 connect-retry-max = 4 }
		$(if [[ $1 = r* ]]; then
			echo 'kernel { install = false }'
		else
			echo "kernel { import \"containers\" { interface = {\"veth*\"} } }"
			echo "network \"10.233.$2.0/26\" { summary-only = true }"
		fi)
		include("$LAB/cluster.conf")
	CONF
}

start_node() { # NAME
	lab_bgpd "$1" "$1"
}

reload_all() { # NAME...: in a random order, with pauses up to a second, one of them long
	local name

	for name in $(shuf -e "$@" --random-source=<(yes $RANDOM)); do
		lab_ctl "$name" reload >/dev/null || echo "# $name: reload failed"
		sleep "0.$((RANDOM % 10))"
		[ $((RANDOM % nodes)) != 0 ] || sleep 3
	done
}

members=()
for n in $(seq "$nodes"); do members+=("n$n"); done

# ---------------------------------------------------------------- what is watched

watch_begin() {
	local n m

	{
		for n in $(seq "$nodes"); do
			echo "container $cni_lab-c${n}1 $(cni_address "$n" 1)"
		done
		for n in $(seq "$nodes"); do
			printf 'node %s-n%s' "$cni_lab" "$n"
			for m in $(seq "$nodes"); do
				[ "$m" = "$n" ] || printf ' 10.233.%s.0/26' "$m"
			done
			echo
		done
		echo
	} >"$LAB/watch.list"
	mkfifo "$LAB/watch.in"
	"$watchnet" 100 <"$LAB/watch.in" >"$LAB/watch.out" 2>"$LAB/watch.log" &
	watcher=$!
	exec {watch_in}>"$LAB/watch.in"
	cat "$LAB/watch.list" >&"$watch_in"
	lab_wait 10 grep -qx ready "$LAB/watch.out"
}

watch_end() { # WHAT
	local result

	echo end >&"$watch_in"
	exec {watch_in}>&-
	wait "$watcher"
	rm -f "$LAB/watch.in"
	result=$(tail -n 1 "$LAB/watch.out")
	echo "# $1: $(jq -r '"\(.sent) pings sent, \(.lost) lost; \(.dumps) dumps, \(.missing) blocks missing; \(.skipped) pings and \(.dumps_skipped) rounds of dumps skipped in \(.seconds) s"' <<<"$result")"
	jq -r '.found[] | "#   at \(.)"' <<<"$result"
	lab_check "$1: not one ping is lost, no block missing from a FIB" \
		jq -e '.sent > 0 and .lost == 0 and .failed == 0 and .dumps > 0 and .missing == 0' <<<"$result"
}

fib_is_complete() { # NODE
	[ "$(cni_node "$1" ip route show proto 186 | grep -c '^10\.233\..*/26 via ')" = $((nodes - 1)) ]
}

all_complete() {
	local n

	for n in $(seq "$nodes"); do fib_is_complete "$n" || return 1; done
}

sessions_are() { # WANTED NAME...: that many are Established, and no other is there
	local wanted=$1 name

	shift
	for name; do
		lab_json "$name" "length == $wanted and all(.state == \"Established\")" show peers || return 1
	done
}

flaps() { # NAME PEER
	lab_ctl "$1" -j show peer "$2" | jq .flaps
}

# ---------------------------------------------------------------- mesh, reflectors, mesh

peer_file ''
for n in $(seq "$nodes"); do
	own_file "n$n" "$n"
	start_node "n$n"
done
lab_check_within 30 "a mesh of $nodes: every block is in every FIB" all_complete
lab_check_within 30 "every node has $((nodes - 1)) sessions" sessions_are $((nodes - 1)) "${members[@]}"

watch_begin
peer_file '' n1 n2
reload_all "${members[@]}"
lab_check_within 60 "in one edit to two reflectors: the nodes have two sessions" \
	sessions_are 2 "${members[@]:2}"
lab_check_within 10 "… and the reflectors all" sessions_are $((nodes - 1)) n1 n2
sleep 2
watch_end "mesh to reflectors in one edit"

watch_begin
peer_file 'mesh = true'
reload_all "${members[@]}"
lab_check_within 60 "in one edit back: every node has $((nodes - 1)) sessions" \
	sessions_are $((nodes - 1)) "${members[@]}"
sleep $((restart_time + 3)) # so long the former reflectors go on
watch_end "reflectors to mesh in one edit"

watch_begin
peer_file 'mesh = true' n1 n2
reload_all "${members[@]}"
sleep 3
peer_file 'mesh = false' n1 n2
reload_all "${members[@]}"
lab_check_within 60 "by way of both: the nodes have two sessions" sessions_are 2 "${members[@]:2}"
sleep 1
peer_file 'mesh = true' n1 n2
reload_all "${members[@]}"
lab_check_within 60 "… and back" sessions_are $((nodes - 1)) "${members[@]}"
peer_file 'mesh = true'
reload_all "${members[@]}"
sleep $((restart_time + 3))
watch_end "mesh to reflectors and back by way of both"
lab_check "the session between n1 and n2 was the same all the time" lab_equal 0 "$(flaps n1 n2)"
lab_check "… and that between n1 and the last node" lab_equal 0 "$(flaps n1 "n$nodes")"

# ---------------------------------------------------------------- dedicated reflectors

watch_begin
peer_file '' dedicated
for n in 1 2; do
	own_file "r$n" "$n"
	start_node "r$n"
done
reload_all "${members[@]}"
lab_check_within 60 "two reflectors of their own: every node has two sessions" \
	sessions_are 2 "${members[@]}"
lab_check "… and they one with each node and each other" sessions_are $((nodes + 1)) r1 r2
watch_end "mesh to reflectors of their own"

routes_via() { # NODE: containers of others, by their announcement alone
	cni_node "$1" ip route show proto 186 | grep -c "^10\.234\."
}

watch_begin
lab_stop r1 KILL
sleep 2
# What is new goes by way of the other.
printf 'network "10.234.1.0/26" { }\n' >>"$LAB/n1.conf"
lab_ctl n1 reload
lab_check_within 5 "one reflector killed: what is new still arrives" \
	lab_equal 1 "$(sleep 1; routes_via "$nodes")"
sed -i '/10.234.1/d' "$LAB/n1.conf"
lab_ctl n1 reload
sleep 1
lab_check "… and what is withdrawn goes" lab_equal 0 "$(routes_via "$nodes")"
sleep $((restart_time + 3))
start_node r1
lab_check_within 30 "it comes back" sessions_are 2 "${members[@]}"
sleep 2
watch_end "one reflector killed, gone for longer than restart-time, and back"

watch_begin
lab_stop r1 KILL
lab_stop r2 KILL
sleep $((restart_time - 5))
start_node r1
start_node r2
lab_check_within 30 "both reflectors killed, and back within restart-time" sessions_are 2 "${members[@]}"
sleep 3
watch_end "both reflectors killed and back in time"

watch_begin
lab_stop r1 TERM
lab_stop r2 TERM
sleep $((restart_time - 5))
start_node r1
start_node r2
lab_check_within 30 "both stopped by SIGTERM, and back within restart-time" sessions_are 2 "${members[@]}"
sleep 3
watch_end "both reflectors stopped and back in time"

none_left() {
	local n

	for n in $(seq "$nodes"); do
		[ "$(cni_node "$n" ip route show proto 186 | grep -c '^10\.233\..*/26 via ')" = 0 ] || return 1
	done
}

watch_begin
began=${EPOCHREALTIME/./}
lab_stop r1 KILL
lab_stop r2 KILL
sleep $((restart_time - 1 - (${EPOCHREALTIME/./} - began) / 1000000))
lab_check "both killed for good: every route is kept for restart-time" all_complete
watch_end "both killed, until restart-time"
lab_check_within 10 "… and goes after it" none_left
for n in $(seq "$nodes"); do lab_stop "n$n"; done
