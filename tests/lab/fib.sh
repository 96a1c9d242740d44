# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the tests of the kernel side share: our routes as `ip -j route` shows them, a watch
# over those that have to stay, and checks with the time something took.  Sourced after
# lib.sh.  SLOW=N allows N times the time.

SLOW=${SLOW:-1}
watchnet=$BGPD_BUILD/tests/tools/watchnet

# ---------------------------------------------------------------- what the kernel has

# A node's routes of both families, "PREFIX GATEWAY..." a line (a type or a device where
# there is none), sorted.  Default: ours.
fib_routes() { # NODE [SELECTOR...]
	local node=$1 family

	shift
	[ $# -gt 0 ] || set -- proto bgp metric 32
	for family in -4 -6; do
		lab_ip "$node" -j "$family" route show "$@" || return
	done | jq -r '.[] | ([.nexthops[]? | .gateway // .via.host] | sort) as $hops |
		(if .dst | test("/|default") then "" elif .dst | test(":") then "/128" else "/32" end) as $bits |
		[.dst + $bits] + if $hops != [] then $hops else [.gateway // .via.host // .type // .dev] end |
		join(" ")' | sort
}

fib_has() { # NODE COUNT
	lab_equal "$2" "$(fib_routes "$1" | wc -l)"
}

# Exactly the routes of a file with such lines?
fib_is() { # NODE FILE [SELECTOR...]
	local node=$1 file=$2 differences

	shift 2
	differences=$(diff <(sort "$file") <(fib_routes "$node" "$@") | sed -n 's/^</missing/p; s/^>/too much/p')
	[ -z "$differences" ] || { head -n 20 <<<"$differences"; return 1; }
}

# What the daemon wants and the kernel lacks, or has otherwise, found without asking the
# daemon for differences: its best paths of peers against `ip route`.
fib_differences() { # NODE
	diff <(lab_ctl "$1" -j show routes best | jq -r '.[] | select(.source == "peer") | .prefix' | sort) \
		<(fib_routes "$1" | cut -d' ' -f1 | sort) |
		sed -n 's/^[<>] //p' | sort
}

# `show kernel` lists exactly these as not installed.
fib_shows_differences() { # NODE
	local wanted

	wanted=$(fib_differences "$1")
	lab_equal "$wanted" "$(lab_ctl "$1" -j show kernel |
		jq -r '.[] | select(.state != "installed") | .prefix' | sort)"
}

# ---------------------------------------------------------------- how long it takes

# Milliseconds that the daemon of node n was kept waiting for a processor so far.
daemon_waited() {
	awk '{ printf "%d", $2 / 1e6 }' "/proc/${lab_pid[n]}/schedstat" 2>/dev/null || echo 0
}

# Something that becomes true; the time is in the line.  Not yet true when somebody looks
# after so many milliseconds is a failure, but how late it was is told.  What the machine
# kept the daemon of node n waiting, because others ran, does not count.
fib_within() { # MILLISECONDS WHAT COMMAND...
	local limit=$(($1 * SLOW)) what=$2 began=${EPOCHREALTIME/./} waited now=0 late=false

	waited=$(daemon_waited)
	shift 2
	while now=$(((${EPOCHREALTIME/./} - began) / 1000)) && ! "$@" >/dev/null 2>&1; do
		[ "$now" -le $((limit + $(daemon_waited) - waited)) ] || late=true
		if [ "$now" -gt $((limit + 20000)) ]; then
			lab_fail "$what: not even 20 s after its time" "$("$@" 2>&1 | head -n 20)"
			return
		fi
		sleep 0.02
	done
	waited=$(($(daemon_waited) - waited))
	if $late; then
		lab_fail "$what: after $now ms, later than $limit, $waited ms waiting for a processor"
	else
		lab_ok "$what ($now ms)"
	fi
}

# ---------------------------------------------------------------- the watch

watched=()
watch_named=false
declare -A watched_files=() watched_inputs=()

# From now on no prefix of FILE (one a line) may leave the node's FIB.  Dumps every 10 ms
# and events by watchnet, whose buffer loses none, and `ip monitor` beside it.  Several
# nodes can be watched at a time; which one it is is said then, and with watch_named=true.
watch_begin() { # NODE FILE
	local node=$1 at=$LAB/watch-$1 input

	watched+=("$node")
	watched_files[$node]=$2
	printf 'node %s %s\n\n' "$(lab_ns "$node")" "$(tr '\n' ' ' <"$2")" >"$at.list"
	rm -f "$at.in"
	mkfifo "$at.in"
	"$watchnet" 0 <"$at.in" >"$at.out" 2>"$at.log" &
	lab_pid["watchnet-$node"]=$!
	exec {input}>"$at.in"
	watched_inputs[$node]=$input
	cat "$at.list" >&"$input"
	lab_wait 10 grep -qx ready "$at.out" || lab_fail "watchnet starts" "$(cat "$at.log")"
	: >"$LAB/monitor-$node.log"
	lab_start "$node" "monitor-$node" stdbuf -oL ip -o monitor route
	lab_wait 10 ip_monitor_listens "monitor-$node"
}

# Its socket is in the groups.
ip_monitor_listens() { # [PROCESS]
	local pid=${lab_pid[${1:-monitor}]} inode

	inode=$(readlink "/proc/$pid/fd/"* | sed -n 's/^socket:\[\(.*\)\]$/\1/p' | head -n 1)
	[ -n "$inode" ] && awk -v inode="$inode" '$NF == inode && $4 != "00000000" { found = 1 }
		END { exit !found }' "/proc/$pid/net/netlink"
}

# Prefixes of the watch that `ip monitor` saw leave.
monitor_deleted() { # NODE
	sed -n 's/^Deleted \([a-z]* \)\{0,1\}\([0-9a-f.:]*\/[0-9]*\) .*/\2/p' "$LAB/monitor-$1.log" |
		grep -xF -f "${watched_files[$1]}" | sort | uniq -c | head -n 10
}

watch_end() { # WHAT
	local node input what result

	sleep 0.1
	for node in "${watched[@]}"; do
		what=$1
		if $watch_named || [ "${#watched[@]}" -gt 1 ]; then what="$1, $node"; fi
		input=${watched_inputs[$node]}
		echo end >&"$input"
		exec {input}>&-
		wait "${lab_pid[watchnet-$node]}"
		unset "lab_pid[watchnet-$node]"
		lab_stop "monitor-$node"
		result=$(tail -n 1 "$LAB/watch-$node.out")
		echo "# $what: $(jq -r '"\(.dumps) dumps, \(.dumps_skipped) rounds skipped, in \(.seconds) s; \(.missing) prefixes missing, \(.deleted) deleted"' <<<"$result"); ip monitor: $(wc -l <"$LAB/monitor-$node.log") lines"
		jq -r '.found[]? | "#   at \(.)"' <<<"$result"
		lab_check "$what: none of $(wc -l <"${watched_files[$node]}") routes is deleted or missing from a dump" \
			jq -e '.dumps > 0 and .missing == 0 and .deleted == 0' <<<"$result"
		lab_check "$what: ip monitor says the same" lab_equal '' "$(monitor_deleted "$node")"
	done
	watched=()
}
