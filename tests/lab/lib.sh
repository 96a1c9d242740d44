# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the laboratory and interoperability tests share: namespaces, processes, waiting, and
# one line a check.  Sourced; makes nothing before lab_begin.  Everything made here (name-
# spaces, processes, a working directory) goes away when the script ends, however it ends.
#
# A check prints "ok N - what", "not ok N - what" or "ok N - what # SKIP why".
# Environment: BGPD_BUILD, the build directory with bgpd/bgpd (default build-release);
# LAB_KEEP=1 keeps the working directory.

set -uo pipefail

lab_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BGPD_BUILD=${BGPD_BUILD:-$lab_top/build-release}
BGPD_TEST_DATA=${BGPD_TEST_DATA:-$lab_top/../shared/data}
bgpd=$BGPD_BUILD/bgpd/bgpd
bgpctl=$BGPD_BUILD/bgpd/bgpctl

LAB=''               # working directory
lab_shell=''         # whose it is
lab_tag=''           # every namespace's name begins so
lab_spaces=()
declare -A lab_pid=()
lab_memory=''           # a memory cgroup, see lab_memory_begin
lab_memory_why=''
lab_checks=0
lab_failures=0

lab_begin() { # NAME
	if [ "$(id -u)" != 0 ]; then
		echo "1..0 # SKIP needs root for network namespaces"
		exit 0
	fi
	if [ ! -x "$bgpd" ] || [ ! -x "$bgpctl" ]; then
		echo "not ok 1 - $bgpd and bgpctl are built"
		exit 1
	fi
	LAB=$(mktemp -d "/tmp/bgpd-$1.XXXXXX")
	chmod 755 "$LAB"
	lab_tag=bgpt$$
	lab_shell=$BASHPID
	trap lab_end EXIT
	trap 'exit 130' INT TERM HUP
}

lab_end() {
	local code=$? name

	trap - EXIT
	# A child that a signal reached before it became the command it was forked for.
	[ "$BASHPID" = "$lab_shell" ] || exit "$code"
	[ -z "$lab_memory" ] || lab_memory_limit -1
	for name in "${!lab_pid[@]}"; do
		lab_stop "$name"
	done
	[ -z "$lab_memory" ] || rmdir "$lab_memory"
	for name in "${lab_spaces[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
	if [ -n "${LAB_KEEP:-}" ]; then
		echo "# kept: $LAB"
	else
		rm -rf "$LAB"
	fi
	if [ "$code" = 0 ]; then
		echo "1..$lab_checks"
		[ "$lab_failures" = 0 ] || code=1
	fi
	exit "$code"
}

# ---------------------------------------------------------------- checks

lab_ok() { # WHAT
	lab_checks=$((lab_checks + 1))
	echo "ok $lab_checks - $1"
}

lab_fail() { # WHAT [DETAIL...]
	lab_checks=$((lab_checks + 1))
	lab_failures=$((lab_failures + 1))
	echo "not ok $lab_checks - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
	return 1
}

# The end of every log, as comments: for after a failure that ends a test.
lab_logs() {
	local file

	for file in "$LAB"/*.log; do
		echo "# --- ${file##*/}"
		tail -n 15 "$file" | sed 's/^/#   /'
	done
}

lab_skip() { # WHAT WHY
	lab_checks=$((lab_checks + 1))
	echo "ok $lab_checks - $1 # SKIP $2"
}

# Runs a command; its success is the check's, its output is shown where it fails.
lab_check() { # WHAT COMMAND...
	local what=$1 out

	shift
	if out=$("$@" 2>&1); then
		lab_ok "$what"
	else
		lab_fail "$what" "$out"
	fi
}

# The same for something that becomes true within so many seconds.
lab_check_within() { # SECONDS WHAT COMMAND...
	local limit=$1 what=$2

	shift 2
	if lab_wait "$limit" "$@"; then
		lab_ok "$what"
	else
		lab_fail "$what (within $limit s)" "$("$@" 2>&1)"
	fi
}

lab_wait() { # SECONDS COMMAND...
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.1
	done
}

lab_equal() { # WANTED GOT
	[ "$1" = "$2" ] || { echo "wanted: $1"; echo "got:    $2"; return 1; }
}

lab_not() { # COMMAND...
	! "$@"
}

# ---------------------------------------------------------------- namespaces and processes

lab_ns() { # NAME: the namespace's name in full
	echo "$lab_tag-$1"
}

lab_ns_add() { # NAME...
	local name

	for name; do
		ip netns add "$lab_tag-$name" || exit 1
		lab_spaces+=("$lab_tag-$name")
		ip -n "$lab_tag-$name" link set lo up
	done
}

lab_in() { # NAME COMMAND...
	local name=$1

	shift
	ip netns exec "$lab_tag-$name" "$@"
}

lab_ip() { # NAME ARGUMENTS...
	local name=$1

	shift
	ip -n "$lab_tag-$name" "$@"
}

# A veth pair: eth device, IPv4 and IPv6 address (with lengths) on both sides.
lab_link() { # NAME DEVICE ADDRESS ADDRESS6 NAME DEVICE ADDRESS ADDRESS6
	ip link add "$2" netns "$lab_tag-$1" type veth peer name "$6" netns "$lab_tag-$5" || exit 1
	lab_address "$1" "$2" "$3" "$4"
	lab_address "$5" "$6" "$7" "$8"
}

lab_address() { # NAME DEVICE ADDRESS ADDRESS6
	[ -z "$3" ] || lab_ip "$1" addr add "$3" dev "$2"
	[ -z "$4" ] || lab_ip "$1" addr add "$4" dev "$2" nodad
	lab_ip "$1" link set "$2" up
}

# Starts a process in a namespace; its output is $LAB/PROCESS.log.
lab_start() { # NAME PROCESS COMMAND...
	local name=$1 process=$2

	shift 2
	ip netns exec "$lab_tag-$name" "$@" >>"$LAB/$process.log" 2>&1 </dev/null &
	lab_pid[$process]=$!
}

# Ends one; the answer is its exit code, 128 + the signal's number if that ended it.
lab_stop() { # PROCESS [SIGNAL]
	local pid=${lab_pid[$1]:-} waited=0

	[ -n "$pid" ] || return 0
	unset "lab_pid[$1]"
	{ # bash would tell of each process that a signal ended
		kill "-${2:-TERM}" "$pid"
		while kill -0 "$pid" && [ $waited -lt 100 ]; do
			sleep 0.1
			waited=$((waited + 1))
		done
		kill -KILL "$pid" && echo "# $1 did not end by itself"
		wait "$pid"
	} 2>/dev/null
}

# ---------------------------------------------------------------- no memory

# A memory cgroup in which the kernel's own allocations fail where there is no room: it is
# v1's, without the OOM killer.  But a page that the process itself needs then waits for
# room: what goes in runs under lab_keep_memory and has used all that it will need.
# Where there can be none lab_memory_why says why.
lab_memory_begin() {
	local top=/sys/fs/cgroup/memory

	if [ ! -e $top/memory.oom_control ]; then
		lab_memory_why="no memory controller of cgroup v1 at $top"
	elif grep -q nokmem /proc/cmdline; then
		lab_memory_why="the kernel does not account for its memory (cgroup.memory=nokmem)"
	elif grep -q __asan_init "$bgpd"; then
		lab_memory_why="a daemon with a sanitizer takes ever more memory"
	elif ! mkdir "$top/$lab_tag" 2>/dev/null; then
		lab_memory_why="no cgroup can be made in $top"
	else
		lab_memory=$top/$lab_tag
		echo 1 >"$lab_memory/memory.oom_control"
		return 0
	fi
	return 1
}

lab_keep_memory=(env MALLOC_TRIM_THRESHOLD_=1000000000 MALLOC_MMAP_THRESHOLD_=1000000000)

lab_memory_limit() { # OCTETS; -1: none
	echo "$1" >"$lab_memory/memory.limit_in_bytes"
}

lab_memory_take() { # PROCESS
	echo "${lab_pid[$1]}" >"$lab_memory/cgroup.procs"
}

# ---------------------------------------------------------------- our daemon

# Starts bgpd in a namespace with $LAB/PROCESS.conf; the control socket is appended.
lab_bgpd() { # NAME PROCESS
	grep -q '^control' "$LAB/$2.conf" ||
		printf 'control { socket = "%s" }\n' "$LAB/$2.sock" >>"$LAB/$2.conf"
	lab_start "$1" "$2" "$bgpd" -f "$LAB/$2.conf"
}

lab_ctl() { # PROCESS ARGUMENTS...
	local process=$1

	shift
	timeout 10 "$bgpctl" -s "$LAB/$process.sock" "$@"
}

# Is a jq expression true of the JSON of a bgpctl command?
lab_json() { # PROCESS EXPRESSION COMMAND...
	local process=$1 expression=$2 json

	shift 2
	json=$(lab_ctl "$process" -j "$@") || return 1
	jq -e "$expression" <<<"$json" >/dev/null || { printf '%s\n' "$json" | head -c 3000; return 1; }
}

lab_established() { # PROCESS PEER
	lab_json "$1" "map(select(.name == \"$2\" or .address == \"$2\")) | .[0].state == \"Established\"" \
		show peers
}
