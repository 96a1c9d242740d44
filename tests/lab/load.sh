#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmarks' load generator as a test.  First of itself: a reflector that gets one thing
# wrong must not pass.  Then of the daemon as reflector of a hundred clients: everybody ends
# with exactly what the others announced, whatever the shape of the load, all dialling in the
# same instant, and while one reads nothing.  What takes how long is not asked here.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

export BGPD=$bgpd BENCH_TOOLS=$BGPD_BUILD/tests/bench QUIET=0 NICE=0
lab_begin load

run() { # SCENARIO DAEMON [OPTIONS]: one line of JSON
	timeout 120 "$lab_top/tests/bench/reflector.py" "$@" >"$LAB/result"
	cat "$LAB/result"
}

is_right() { # SCENARIO DAEMON [OPTIONS]
	run "$@" | jq -e '.ok'
}

# A check of the generator that counts what is wrong: under .check or .counts.
is_found_out() { # LIE WHAT-IS-COUNTED SCENARIO [OPTIONS]
	local lie=$1 where=$2 scenario=$3

	shift 3
	LIE=$lie run "$scenario" null "$@" --timeout 3 | jq -e "(.ok | not) and $where > 0"
}

few=(s1-100 --senders 10)
lab_check "the generator: a null reflector that is right passes" is_right s1-100 null --senders 10
lab_check "… one that leaves a route out does not" is_found_out missing .check.missing "${few[@]}"
lab_check "… nor one with a route too many" is_found_out extra .check.extra "${few[@]}"
lab_check "… nor with a wrong prefix" is_found_out wrongprefix .check.missing "${few[@]}"
lab_check "… nor with a wrong next hop" is_found_out nexthop .counts.wrong_next_hop "${few[@]}"
lab_check "… nor with a wrong LOCAL_PREF" is_found_out localpref .counts.wrong_local_pref "${few[@]}"
lab_check "… nor with a wrong ORIGIN" is_found_out origin .counts.wrong_attributes "${few[@]}"
lab_check "… nor with a wrong ORIGINATOR_ID" \
	is_found_out originator .counts.wrong_originator_or_cluster "${few[@]}"
lab_check "… nor with a wrong AS_PATH" is_found_out aspath .counts.wrong_attributes \
	s2-100k-100 --prefixes 2000 --receivers 5

lab_check "20 clients that come, flap, leave, come back and withdraw all" is_right smoke bgpd
lab_check "100 clients that dial in the same instant" is_right s1b-100 bgpd
lab_check "… with three attribute sets each, in random order" is_right s1b-100 bgpd --sets 3 --shuffle
lab_check "… over IPv6" is_right s1b-100 bgpd --family 6
lab_check "… with add-path" is_right s1b-100 bgpd --addpath 3
lab_check "a table of 20,000 to 20 clients, and its withdrawal" \
	is_right s2-100k-100 bgpd --prefixes 20000 --receivers 20
lab_check "… with add-path" is_right s2-100k-100 bgpd --prefixes 20000 --receivers 20 --addpath 3

run stall-short bgpd >/dev/null
lab_check "one of 101 reads nothing for four seconds: all end with the right table" \
	jq -e '.ok and .stalled.full_again_s != null' "$LAB/result"
lab_check "… and memory grew by less than 10 MB" jq -e '.stalled.rss_growth_mb < 10' "$LAB/result"
