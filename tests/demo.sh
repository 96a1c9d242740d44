#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A cluster of three nodes on this machine, and what a crash of its BGP daemon costs.
#
#   tests/demo.sh [--mixed bird|frr] [--keep]
#   tests/demo.sh --clean
#
#   --mixed   node 3 runs BIRD 2 or FRR in place of bgpd
#   --keep    leave the cluster running at the end, to look at; --clean removes it
#
# Nodes are network namespaces, containers are made by the CNI plugin "ptp".  Needs root and
# installs the Debian packages that are missing.  Exit code 0 only if every check held.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${BGPD_BUILD:-$top/build-release}
cni_lab=bgpdemo
cni_dir=/run/bgpdemo
nodes=3
containers=2
restart_time=20
mixed=''
keep=false

# shellcheck source=tests/lab/cni.sh
. "$top/tests/lab/cni.sh"

usage() {
	sed -n '5,11s/^#  \{0,1\}//p' "$0"
	exit "$1"
}

# ---------------------------------------------------------------- what the reader sees

checks=0
failures=0

heading() {
	printf '\n== %s\n\n' "$*"
}

ok() {
	checks=$((checks + 1))
	echo "ok $checks - $1"
}

fail() {
	checks=$((checks + 1))
	failures=$((failures + 1))
	echo "not ok $checks - $1"
}

verdict() { # WHAT CONDITION...: a check
	local what=$1

	shift
	if "$@"; then ok "$what"; else fail "$what"; fi
}

die() {
	echo "demo.sh: $*" >&2
	exit 1
}

# ---------------------------------------------------------------- start and end

clean() {
	local n

	for n in $(seq $nodes); do
		# shellcheck disable=SC2046 # one word a process
		kill $(ip netns pids $cni_lab-n"$n" 2>/dev/null) 2>/dev/null
	done
	sleep 0.2
	for n in $(seq $nodes); do
		# shellcheck disable=SC2046
		kill -KILL $(ip netns pids $cni_lab-n"$n" 2>/dev/null) 2>/dev/null
	done
	cni_down $nodes $containers
	rm -rf $cni_dir
}

finish() {
	local code=$?

	trap - EXIT
	# A child that a signal reached before it became the command it was forked for.
	[ "$BASHPID" = $$ ] || exit
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	if $keep && [ $code = 0 ]; then
		heading "The cluster keeps running"
		cat <<-TEXT
			$bgpctl -s $cni_dir/n1.sock show        (n1, n2$([ -n "$mixed" ] || echo ', n3'))
			ip netns exec $cni_lab-n1 ip route
			ip netns exec $cni_lab-c11 ping $(cni_address 3 1)
			logs and configuration: $cni_dir
			tests/demo.sh --clean                   removes it all
		TEXT
	else
		clean
	fi
	printf '\n%s of %s checks held\n' $((checks - failures)) $checks
	[ $failures = 0 ] || code=1
	exit $code
}

while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=true ;;
	--mixed)
		mixed=${2:-}
		shift
		case $mixed in bird | frr) ;; *) usage 2 ;; esac
		;;
	--clean)
		clean
		exit 0
		;;
	-h | --help) usage 0 ;;
	*) usage 2 ;;
	esac
	shift
done
[ "$(id -u)" = 0 ] || die "needs root, for network namespaces"
if [ -e /run/netns/$cni_lab-switch ]; then
	die "a demonstration is there already: tests/demo.sh --clean removes it"
fi

heading "Build"
"$top/tests/packages.sh" demo $mixed || die "packages are missing"
if [ -z "${BGPD_BUILD:-}" ]; then
	(cd "$top" && cmake --preset release >/dev/null &&
		cmake --build build-release -j "$(nproc)" --target bgpd bgpctl | tail -n 1) ||
		die "the build failed"
fi
bgpd=$build/bgpd/bgpd
bgpctl=$build/bgpd/bgpctl
echo "$($bgpd --version | head -n 1), $bgpd"

# ---------------------------------------------------------------- the cluster

node_kind() { # N: what runs there
	if [ "$1" = 3 ] && [ -n "$mixed" ]; then echo "$mixed"; else echo bgpd; fi
}

write_peer_file() {
	local n

	{
		echo 'cluster {'
		for n in $(seq $nodes); do
			printf '    node "n%s" { address = "192.168.2.%s" }\n' "$n" "$n"
		done
		echo '}'
	} >$cni_dir/cluster.conf
}

write_bgpd() { # N
	cat >"$cni_dir/n$1.conf" <<-CONF
		router {
		    as = 64512
		    node = "n$1"
		    restart-time = $restart_time
		}
		kernel {
		    import "workloads" {
		        interface = {"veth*"}
		        prefix = {"10.233.0.0/16"}
		    }
		}
		network "10.233.$1.0/26" {
		    summary-only = true
		    blackhole = true
		}
		control { socket = "$cni_dir/n$1.sock" }
		include("cluster.conf")
	CONF
}

write_bird() { # N
	local other

	{
		cat <<-CONF
			router id 192.168.2.$1;
			log "$cni_dir/n$1.log" all;
			graceful restart wait 30;
			protocol device { scan time 2; }
			protocol static { ipv4; route 10.233.$1.0/26 blackhole; }
			protocol kernel { persist; graceful restart; ipv4 { import none; export all; }; }
			template bgp mesh {
				local as 64512; direct; graceful restart; graceful restart time $restart_time;
				connect delay time 1; connect retry time 2; error wait time 1,2;
				ipv4 { import all; export where source = RTS_STATIC; next hop self; };
			}
		CONF
		for other in $(seq $nodes); do
			[ "$other" = "$1" ] ||
				echo "protocol bgp n$other from mesh { neighbor 192.168.2.$other as 64512; }"
		done
	} >"$cni_dir/n$1.conf"
}

write_frr() { # N
	local other

	{
		cat <<-CONF
			frr defaults traditional
			hostname n$1
			log file $cni_dir/frr/n$1.log
			ip route 10.233.$1.0/26 blackhole
			router bgp 64512
			 bgp router-id 192.168.2.$1
			 bgp graceful-restart
			 bgp graceful-restart preserve-fw-state
			 bgp graceful-restart restart-time $restart_time
		CONF
		for other in $(seq $nodes); do
			[ "$other" = "$1" ] && continue
			echo " neighbor 192.168.2.$other remote-as 64512"
			echo " neighbor 192.168.2.$other timers connect 2"
			echo " neighbor 192.168.2.$other advertisement-interval 0"
		done
		printf ' address-family ipv4 unicast\n  network 10.233.%s.0/26\n exit-address-family\n' "$1"
	} >"$cni_dir/n$1.conf"
}

start_frr() { # N
	local daemon

	mkdir -p $cni_dir/frr
	chown frr:frr $cni_dir/frr
	for daemon in zebra staticd bgpd; do
		cni_node "$1" setsid /usr/lib/frr/$daemon -d -f "$cni_dir/n$1.conf" \
			-z $cni_dir/frr/zserv.api -i $cni_dir/frr/$daemon.pid \
			--vty_socket $cni_dir/frr -P 0 >>"$cni_dir/n$1.out" 2>&1
	done
}

start() { # N: its daemon; survives this script
	case $(node_kind "$1") in
	bgpd)
		# not through a function: $! is to be the daemon
		ip netns exec $cni_lab-n"$1" setsid "$bgpd" -f "$cni_dir/n$1.conf" \
			>>"$cni_dir/n$1.log" 2>&1 </dev/null &
		echo $! >"$cni_dir/n$1.pid"
		disown
		;;
	bird)
		cni_node "$1" bird -c "$cni_dir/n$1.conf" -s "$cni_dir/n$1.ctl" -P "$cni_dir/n$1.pid"
		;;
	frr) start_frr "$1" ;;
	esac
}

# SIGKILL to node N's daemon, and nothing of it may be left.
crash() { # N
	kill -KILL "$(cat "$cni_dir/n$1.pid")"
	wait_for 2 eval '[ -z "$(ip netns pids $cni_lab-n'"$1"')" ]' || die "n$1's daemon survived"
}

# ---------------------------------------------------------------- asking

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

wait_for() { # SECONDS COMMAND...
	local end=$(($(now_ms) + $1 * 1000))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt $end ] || return 1
		sleep 0.05
	done
}

has_route() { # NODE BLOCK
	[ -n "$(ip -n $cni_lab-n"$1" route show 10.233."$2".0/26 2>/dev/null)" ]
}

has_no_route() {
	! has_route "$@"
}

all_routes() {
	local n other

	for n in $(seq $nodes); do
		for other in $(seq $nodes); do
			has_route "$n" "$other" || return 1
		done
	done
}

established() { # NODE: all of its sessions
	[ "$($bgpctl -s "$cni_dir/n$1.sock" -j show 2>/dev/null |
		jq .peers.established 2>/dev/null)" = $((nodes - 1)) ]
}

# Every container pings every other once; the TTL of the answer tells how many nodes
# forwarded it: 63 inside a node, 62 between nodes.
ping_all() {
	local from to n c m d answered=0 wanted=0 ttl hops

	for n in $(seq $nodes); do for c in $(seq $containers); do
		for m in $(seq $nodes); do for d in $(seq $containers); do
			[ "$n$c" != "$m$d" ] || continue
			wanted=$((wanted + 1))
			if [ "$n" = "$m" ]; then hops=63; else hops=62; fi
			from=$cni_lab-c$n$c
			to=$(cni_address "$m" "$d")
			ttl=$(ip netns exec "$from" ping -n -c 1 -W 2 "$to" | sed -n 's/.*ttl=\([0-9]*\).*/\1/p')
			if [ "$ttl" = $hops ]; then
				answered=$((answered + 1))
			else
				echo "container $n.$c to $m.$d ($to): ttl '${ttl:-no answer}', wanted $hops"
			fi
		done; done
	done; done
	verdict "$answered of $wanted pings answered over the right number of nodes" \
		[ $answered = $wanted ]
}

# 100 pings a second for every ordered pair of containers on different nodes of those named.
# A fixed number each: ping then waits for the last answer, which it does not when it is
# interrupted.
ping_start() { # COUNT NODE...
	local count=$1 n c m d

	shift
	rm -f $cni_dir/ping-*
	pingers=()
	for n; do for c in $(seq $containers); do
		for m; do for d in $(seq $containers); do
			[ "$n" != "$m" ] || continue
			ip netns exec $cni_lab-c"$n$c" ping -n -q -i 0.01 -c "$count" -W 2 \
				"$(cni_address "$m" "$d")" >$cni_dir/ping-"$n$c-$m$d" 2>&1 &
			pingers+=($!)
		done; done
	done; done
}

ping_end() { # WHAT
	local sent received

	wait "${pingers[@]}"
	pingers=()
	read -r sent received < <(awk '/packets transmitted/ { sent += $1; received += $4 }
		END { print sent + 0, received + 0 }' $cni_dir/ping-*)
	verdict "$1: $sent pings sent, $received answered, $((sent - received)) lost" \
		[ "$sent" -gt 0 -a "$sent" = "$received" ]
}

# ---------------------------------------------------------------- the steps

trap finish EXIT
trap 'exit 130' INT TERM HUP

heading "Three nodes, two containers each"
mkdir -p $cni_dir
cni_up $nodes $containers || die "the CNI plugin failed"
write_peer_file
for n in $(seq $nodes); do
	"write_$(node_kind "$n")" "$n"
	for c in $(seq $containers); do
		echo "node n$n (192.168.2.$n, $(node_kind "$n")): container $(cni_address "$n" "$c")"
	done
done
echo
echo "The peer file, the same on every node:"
sed 's/^/    /' $cni_dir/cluster.conf
echo "Node n1's own file:"
sed 's/^/    /' $cni_dir/n1.conf

heading "Start the daemons: routes appear"
began=$(now_ms)
for n in $(seq $nodes); do start "$n"; done
if wait_for 15 all_routes; then
	ok "every node has every other's block $(($(now_ms) - began)) ms after the first start"
else
	fail "every node has every other's block within 15 s"
	tail -n 20 $cni_dir/n*.log
	exit 1
fi
verdict "all sessions are established" wait_for 10 established 1
verdict "on node n2 too" wait_for 10 established 2
for n in $(seq $nodes); do
	if [ "$(node_kind "$n")" = bgpd ]; then
		printf '\nn%s: bgpctl show\n' "$n"
		$bgpctl -s "$cni_dir/n$n.sock" show | sed 's/^/    /'
	fi
	printf '\nn%s: ip route\n' "$n"
	ip -n $cni_lab-n"$n" route | sed 's/^/    /'
done

heading "Every container reaches every other"
ping_all

heading "Kill node n2's daemon with SIGKILL and start it again, under 2400 pings a second"
ping_start 1700 1 2 3
sleep 2
crash 2
echo "killed; the kernel's routes stay, and so do the other nodes' routes to n2"
sleep 1
verdict "n1 and n3 keep the route to n2's block" eval 'has_route 1 2 && has_route 3 2'
start 2
began=$(now_ms)
verdict "its sessions are established again" wait_for 12 established 2
echo "    after $(($(now_ms) - began)) ms"
verdict "every node still has every block" all_routes
verdict "the pings were still running then" kill -0 "${pingers[0]}"
ping_end "crash and restart"

heading "Kill it for good: its routes leave after restart-time = $restart_time s, not before"
wait_for 10 established 1
ping_start 2600 1 3
sleep 1
crash 2
began=$(now_ms)
wait_for 40 eval 'has_no_route 1 2' && left1=$(($(now_ms) - began)) || left1=-1
wait_for 20 eval 'has_no_route 3 2' && left3=$(($(now_ms) - began)) || left3=-1
for pair in "n1 $left1" "n3 $left3"; do
	ms=${pair#* }
	verdict "${pair% *} lost the route to n2's block after $ms ms (18 to 25 s wanted)" \
		[ "$ms" -ge 18000 -a "$ms" -le 25000 ]
done
verdict "n1 and n3 keep each other's" eval 'has_route 1 3 && has_route 3 1'
ping_end "between n1 and n3 all the while"

if $keep; then
	start 2
	wait_for 15 all_routes
fi
exit 0
