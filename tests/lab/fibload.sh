#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmark of the kernel's table as a test.  First of itself: a floor that gets one route
# wrong must not pass.  Then of the daemon: 5,000 routes of a peer are in the kernel, exactly,
# and gone when it leaves.  What takes how long is not asked here.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

export BGPD=$bgpd BENCH_TOOLS=$BGPD_BUILD/tests/bench QUIET=0 NICE=0
lab_begin fibload

run() { # SCENARIO DAEMON [OPTIONS]: one line of JSON
	timeout 120 "$lab_top/tests/bench/fib.py" "$@" >"$LAB/result"
	cat "$LAB/result"
}

is_right() { # ROUTES SCENARIO DAEMON [OPTIONS]
	local routes=$1

	shift
	run "$@" | jq -e ".ok and .there.held == $routes and .gone.held == 0"
}

is_found_out() { # LIE WHAT-IS-COUNTED [DAEMON]
	LIE=$1 PATIENCE=2 run fib-200k "${3:-floor}" --prefixes 5000 |
		jq -e "(.ok | not) and .there.$2 == 1"
}

few=(--prefixes 5000)
lab_check "a floor that is right passes" is_right 5000 fib-200k floor "${few[@]}"
lab_check "… and one with nexthop objects" is_right 5000 fib-nexthops floor-objects "${few[@]}"
lab_check "… one that leaves a route out does not" is_found_out missing missing
lab_check "… nor one with a wrong gateway" is_found_out gateway wrong
lab_check "… nor one with a wrong nexthop object" is_found_out gateway wrong floor-objects
lab_check "… nor one with a route too many" is_found_out extra extra

lab_check "5,000 routes of an eBGP peer, and their end" is_right 5000 fib-200k bgpd "${few[@]}"
lab_check "5,000 routes over 2,500 next hops of an iBGP peer, and their end" \
	is_right 5000 fib-nexthops bgpd "${few[@]}"
