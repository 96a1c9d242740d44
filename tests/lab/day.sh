#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# tests/lab/day.sh [SECONDS [SEED]]
#
# A node's life, shortened: three nodes whose containers come and go a hundred times a second
# in all (host routes on veth devices, as a CNI makes them), while links flap, somebody
# flushes our routes, and daemons are stopped, killed, started and reloaded.  Each minute,
# and at the end, all comes to rest: then the nodes' own routes, their RIBs, the other
# nodes' RIBs and all kernels agree exactly.  The daemon of n1 runs all the time: its memory
# and its descriptors are at the end what they were after the first tenth.  SECONDS: 30; 600
# is the full form.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

duration=${1:-30}
seed=${2:-${SEED:-$$}}
RANDOM=$seed
nodes=(1 2 3)
slots=60     # containers of a node
devices=20   # on so many veth devices
rate=100     # changes a second
rest_each=60 # seconds
rss_limit_kb=2048

lab_begin day
echo "# $duration s, seed $seed"
lab_ns_add switch n1 n2 n3
lab_ip switch link add br0 type bridge
lab_ip switch link set br0 up
for n in "${nodes[@]}"; do
	ip link add eth0 netns "$(lab_ns "n$n")" type veth peer name "n$n" netns "$(lab_ns switch)"
	lab_ip switch link set "n$n" master br0 up
	lab_in "n$n" sysctl -qw net.ipv6.conf.eth0.keep_addr_on_down=1 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.eth0.accept_dad=0
	lab_address "n$n" eth0 "192.168.2.$n/24" "fd00:2::$n/64"
	lab_ip "n$n" addr add "192.0.2.$n/32" dev lo
done

# ---------------------------------------------------------------- daemons

for n in "${nodes[@]}"; do
	printf 'node "n%d" { address = "192.168.2.%d" address6 = "fd00:2::%d" }\n' "$n" "$n" "$n"
done >"$LAB/nodes.conf"

node_file() { # NODE: some options at random
	local source='' objects=(auto on off)

	[ $((RANDOM % 2)) = 0 ] || source="prefer-source = \"192.0.2.$1\""
	cat >"$LAB/n$1.conf" <<-CONF
		router {
			as = 64512
			id = "192.168.2.$1"
			restart-time = 20
			connect-retry = 1
			connect-retry-max = $((1 + RANDOM % 2))
			multipath = $((1 + RANDOM % 2))
		}
		kernel {
			$source
			nexthop-objects = "${objects[RANDOM % 3]}"
			import "containers" { interface = {"cali*"} }
		}
		network "10.233.$1.0/24" { blackhole = true }
		cluster { include("$LAB/nodes.conf") }
		control { socket = "$LAB/n$1.sock" }
	CONF
}

# ---------------------------------------------------------------- containers

# One ip process a node takes the changes; what fails (a route over a device that is not
# there) fails for a CNI, too.
for n in "${nodes[@]}"; do
	mkfifo "$LAB/ip$n"
	lab_start "n$n" "ip$n" sh -c "exec ip -force -batch - <$LAB/ip$n"
done
exec {to_1}>"$LAB/ip1" {to_2}>"$LAB/ip2" {to_3}>"$LAB/ip3"
to=([1]=$to_1 [2]=$to_2 [3]=$to_3)
declare -A present=()

device_add() { # NODE NUMBER
	printf '%s\n' "link add cali$2 type veth peer name pod$2" "link set pod$2 up" \
		"link set cali$2 up" >&"${to[$1]}"
	present[d$1.$2]=1
}

container_add() { # NODE SLOT
	printf '%s\n' "route replace 10.233.$1.$2/32 dev cali$(($2 % devices)) scope link" \
		"route replace fd00:233:$1::$2/128 dev cali$(($2 % devices))" >&"${to[$1]}"
	present[$1.$2]=1
}

container_del() { # NODE SLOT
	printf '%s\n' "route del 10.233.$1.$2/32" "route del fd00:233:$1::$2/128" >&"${to[$1]}"
	present[$1.$2]=
}

changes=0
change() {
	local n=$((1 + RANDOM % 3)) slot=$((1 + RANDOM % slots)) device

	changes=$((changes + 1))
	if [ $((RANDOM % 20)) != 0 ]; then
		if [ -n "${present[$n.$slot]:-}" ]; then
			container_del $n $slot
		else
			container_add $n $slot
		fi
		return
	fi
	device=$((slot % devices))
	if [ -z "${present[d$n.$device]:-}" ]; then
		device_add $n $device
	elif [ $((RANDOM % 2)) = 0 ]; then
		echo "link del cali$device" >&"${to[$n]}"
		present[d$n.$device]=
	else
		printf '%s\n' "link set cali$device down" "link set cali$device up" >&"${to[$n]}"
	fi
}

# ---------------------------------------------------------------- what befalls them

declare -A count=()
declare -A later=() # command -> microseconds
declare -A flushed=()

befall() { # WHAT
	count[$1]=$((${count[$1]:-0} + 1))
}

in_ms() { # MILLISECONDS COMMAND...
	later[${*:2}]=$((${EPOCHREALTIME/./} + $1 * 1000))
}

run_due() { # [all]
	local command

	for command in "${!later[@]}"; do
		if [ "${1:-}" = all ] || [ "${later[$command]}" -le "${EPOCHREALTIME/./}" ]; then
			unset "later[$command]"
			$command
		fi
	done
}

is_there() { # NODE
	[ -d "/proc/${lab_pid[n$1]:-none}" ]
}

died=0
nobody_died() {
	local n

	for n in "${nodes[@]}"; do
		[ -n "${later[daemon_start $n]:-}" ] || is_there "$n" || died=$((died + 1))
	done
	[ $died = 0 ] || { echo "$died times; the ends of the logs:"; tail -n 2 "$LAB"/n?.log; return 1; }
}

daemon_start() { # NODE
	# it has ended, mostly, and its number may be another's by now
	if [ "/proc/${lab_pid[n$1]}/exe" -ef "$bgpd" ]; then
		lab_stop "n$1"
	else
		unset "lab_pid[n$1]"
	fi
	lab_bgpd "n$1" "n$1"
}

# 2 and 3 alone; the first one's memory is looked at.
daemon_end() {
	local n=$((2 + RANDOM % 2)) signal=TERM

	[ -z "${later[daemon_start $n]:-}" ] || return
	[ $((RANDOM % 2)) = 0 ] || signal=KILL
	is_there $n || died=$((died + 1))
	kill -$signal "${lab_pid[n$n]}"
	[ $signal = TERM ] || wait "${lab_pid[n$n]}" 2>/dev/null
	befall "SIG$signal"
	in_ms $((200 + RANDOM % 2000)) daemon_start $n
}

# A process that is just beginning would be ended by SIGHUP; one that is still this shell
# catches it, too.
takes_hangup() { # NODE
	local caught

	[ -z "${later[daemon_start $1]:-}" ] || return
	[ "/proc/${lab_pid[n$1]}/exe" -ef "$bgpd" ] || return
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/${lab_pid[n$1]}/status")
	[ $((0x${caught:-0} & 1)) = 1 ]
}

daemon_reload() {
	local n=$((1 + RANDOM % 3))

	takes_hangup $n || return
	node_file $n
	kill -HUP "${lab_pid[n$n]}"
	befall reload
}

link_down() {
	local n=$((1 + RANDOM % 3))

	if [ $((RANDOM % 2)) = 0 ]; then
		lab_ip switch link set "n$n" down
		in_ms $((50 + RANDOM % 800)) lab_ip switch link set "n$n" up
	else
		lab_ip "n$n" link set eth0 down
		in_ms $((50 + RANDOM % 800)) lab_ip "n$n" link set eth0 up
	fi
	befall "link down"
}

# Not the same node's twice in a while: routes that are taken out again and again are put
# back ever later.
flush() {
	local n=$((1 + RANDOM % 3)) family=$((RANDOM % 2 * 2 + 4))

	[ $((SECONDS - ${flushed[$n]:--99})) -gt 25 ] || return
	flushed[$n]=$SECONDS
	# It fails on routes that refer to an object: it hands their hops back, too.
	lab_ip "n$n" "-$family" route flush proto bgp 2>/dev/null ||
		lab_ip "n$n" nexthop flush proto 186 >/dev/null
	befall flush
}

# Changes and disturbances for so many seconds.
live() { # SECONDS
	local began=${EPOCHREALTIME/./} now done=0 due next=0

	while now=${EPOCHREALTIME/./} && [ $((now - began)) -lt $(($1 * 1000000)) ]; do
		due=$(((now - began) * rate / 1000000))
		# a machine that was away for a while need not catch up
		[ $((due - done)) -le $rate ] || done=$((due - rate))
		for (( ; done < due; done++)); do change; done
		run_due
		if [ $((now / 500000)) != $next ]; then # twice a second
			next=$((now / 500000))
			case $((RANDOM % 20)) in
			0 | 1 | 2) daemon_end ;;
			3 | 4 | 5 | 6) daemon_reload ;;
			7 | 8 | 9 | 10) link_down ;;
			11 | 12) flush ;;
			esac
		fi
		sleep 0.03
	done
	run_due all
}

# ---------------------------------------------------------------- what has to agree

# Of a node: "own" by its kernel (its containers' and its block), "rib", the same in its RIB,
# and of each other node "nN.rib" and "nN.fib", what it learned and what it installed.
look_at() { # NODE
	local here=$LAB/look.$1 m

	lab_ctl "n$1" -j show routes | jq -r '.[] | "\(.prefix) \(.peer // "-")" +
		if .best and .valid and (.stale | not) and (.installed or .peer == null) then " good" else "" end' \
		>"$here.routes" || return
	fib_routes "n$1" table main >"$here.table" || return
	{
		echo "10.233.$1.0/24"
		awk '/ cali[0-9]+$/ && !/^fe80/ { print $1 }' "$here.table"
	} | sort >"$here.own"
	awk '$2 == "-" && $3 == "good" { print $1 }' "$here.routes" | sort >"$here.rib"
	for m in "${nodes[@]}"; do
		[ "$m" != "$1" ] || continue
		awk -v peer="n$m" '$2 == peer { print $1 ($3 == "good" ? "" : " is no good") }' "$here.routes" |
			sort >"$here.n$m.rib"
		awk -v via4="192.168.2.$m" -v via6="fd00:2::$m" \
			'NF == 2 && ($2 == via4 || $2 == via6) { print $1 }' "$here.table" | sort >"$here.n$m.fib"
	done
}

same() { # WHAT FILE FILE
	local differences

	differences=$(diff "$2" "$3" | grep '^[<>]')
	[ -z "$differences" ] || { printf '%s\n' "$1:" "$differences" | head -n 12; return 1; }
}

all_agree() {
	local n m what

	for n in "${nodes[@]}"; do
		lab_json "n$n" '.peers.established == 2 and .fib.pending == 0' show || return 1
	done
	for n in "${nodes[@]}"; do look_at "$n" || return 1; done
	for n in "${nodes[@]}"; do
		same "n$n: < its containers, > its RIB" "$LAB/look.$n.own" "$LAB/look.$n.rib" || return 1
		for m in "${nodes[@]}"; do
			[ "$n" != "$m" ] || continue
			for what in rib fib; do
				same "< n$m, > n$n's $what" "$LAB/look.$m.own" "$LAB/look.$n.n$m.$what" || return 1
			done
		done
		# ours, and the block's blackhole; nothing else
		lab_equal "$(cat "$LAB/look.$n".n?.fib | wc -l) + 1" \
			"$(($(fib_routes "n$n" | wc -l) - 1)) + 1" || return 1
	done
}

# The last changes have been made when the ip processes have read all: they say so.
batches_are_done() {
	local n

	for n in "${nodes[@]}"; do
		lab_ip "n$n" link show dev "mark$1" || return 1
	done
}

rests=0
come_to_rest() {
	local n began=${EPOCHREALTIME/./}

	rests=$((rests + 1))
	for n in "${nodes[@]}"; do
		[ $rests = 1 ] || echo "link del mark$((rests - 1))" >&"${to[$n]}"
		echo "link add mark$rests type bridge" >&"${to[$n]}"
	done
	lab_wait 60 batches_are_done $rests
	# 32 s is the delay of a route that was taken out six times in a row
	lab_check "after $1 s: no daemon ended that was not asked to" nobody_died
	lab_check_within $((40 * SLOW)) "after $1 s: kernels, RIBs and other nodes' RIBs agree exactly" all_agree
	echo "# $(cat "$LAB"/look.?.own | wc -l) routes of three nodes, $changes changes so far; $(((${EPOCHREALTIME/./} - began) / 1000)) ms to rest"
}

status_kb() { # FIELD: of n1's daemon
	awk -v field="$1:" '$1 == field { print $2 }' "/proc/${lab_pid[n1]}/status"
}

descriptors() {
	find "/proc/${lab_pid[n1]}/fd" -mindepth 1 | wc -l
}

no_more_descriptors() {
	[ "$(descriptors)" -le "$fds_then" ] || { ls -l "/proc/${lab_pid[n1]}/fd"; return 1; }
}

# ---------------------------------------------------------------- the day

for n in "${nodes[@]}"; do
	for ((i = 0; i < devices; i++)); do device_add "$n" "$i"; done
	for ((i = 1; i <= slots; i += 2)); do container_add "$n" "$i"; done
	node_file "$n"
	lab_bgpd "n$n" "n$n"
done
come_to_rest 0

tenth=$((duration / 10 > 2 ? duration / 10 : 2))
live $tenth
lab_wait 20 lab_json n1 '.peers.established == 2' show
rss_then=$(status_kb VmRSS)
fds_then=$(descriptors)
pid_then=${lab_pid[n1]}
for ((lived = tenth; lived < duration; lived += part)); do
	part=$((duration - lived < rest_each ? duration - lived : rest_each))
	live $part
	come_to_rest $((lived + part))
done
for what in "${!count[@]}"; do printf '# %d times %s\n' "${count[$what]}" "$what"; done
lab_check "the daemon of n1 lived all the time" test "$pid_then" = "${lab_pid[n1]}" -a -d "/proc/$pid_then"
rss_now=$(status_kb VmRSS)
lab_check "its memory: $rss_then kB after $tenth s, $rss_now kB after $duration s; at most $rss_limit_kb kB more" \
	test $((rss_now - rss_then)) -le $rss_limit_kb
lab_check_within 5 "its descriptors: $fds_then and no more" no_more_descriptors
lab_check "no daemon complains of itself" lab_not grep -hiE 'assert|BUG|cannot be written|sanitizer' \
	"$LAB/n1.log" "$LAB/n2.log" "$LAB/n3.log"

# ---------------------------------------------------------------- a container disappears

# From the event of the node's own kernel to that of the other's.
stamps() { # FILE: "PREFIX SECONDS" for each that was deleted
	sed -nE 's/^\[(.*)\] Deleted (10\.233\.1\.2[0-9][0-9]) .*/\2 \1/p' "$1" | while read -r prefix when; do
		echo "$prefix $(date -d "${when/T/ }" +%s.%6N)"
	done | sort
}

others_have() { # COUNT
	[ "$(fib_routes n2 | grep -c '^10\.233\.1\.2[0-9][0-9]/')" = "$1" ]
}

device_add 1 99
for ((i = 201; i <= 220; i++)); do
	echo "route add 10.233.1.$i/32 dev cali99 scope link" >&"${to[1]}"
done
lab_check_within 5 "twenty more containers: their routes are at another node" others_have 20
lab_start n1 here stdbuf -oL ip -ts -o -4 monitor route
lab_start n2 there stdbuf -oL ip -ts -o -4 monitor route
sleep 0.5
for ((i = 201; i <= 220; i++)); do
	echo "route del 10.233.1.$i/32" >&"${to[1]}"
	sleep 0.05
done
lab_check_within 5 "they disappear one by one: none is there any more" others_have 0
sleep 0.2
join <(stamps "$LAB/here.log") <(stamps "$LAB/there.log") |
	awk '{ printf "%.1f\n", ($3 - $2) * 1000 }' | sort -n >"$LAB/took"
lab_check "… twenty events in both kernels" lab_equal 20 "$(wc -l <"$LAB/took")"
worst=$(tail -n 1 "$LAB/took")
lab_check "… from kernel to kernel: median $(sed -n 10p "$LAB/took") ms, worst $worst ms; wanted 100, at most 1000" \
	awk -v worst="${worst:-9999}" 'BEGIN { exit !(worst < 1000) }'
