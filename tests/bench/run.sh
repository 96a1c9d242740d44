#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/run.sh SCENARIO ["DAEMONS" [RUNS]] [generator's options]
#
#   tests/bench/run.sh fib
#   tests/bench/run.sh s1-1000
#   tests/bench/run.sh s1-1000 "null bgpd bird2" 5 --sets 3 --shuffle
#   tests/bench/run.sh mesh 100
#
# Each daemon in turn, as often as told (floor, ours, BIRD 2, FRR and OpenBGPD, three times),
# then one table of medians.  "fib" is all three scenarios of the kernel's table, a table each.  The runs are kept, a JSON line each, in $RESULTS
# (build-release/bench).  Needs root.  tests/bench/README.md says what the scenarios and the
# columns mean.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
scenario=${1:?usage: run.sh SCENARIO [\"DAEMONS\" [RUNS]] [options]}
shift
if [ "$scenario" = mesh ]; then
	exec "$top/tests/bench/mesh.sh" "$@"
fi
runner=reflector.py
daemons='null bgpd bird2 frr-fast openbgpd'
if [[ $scenario = fib* ]]; then
	runner=fib.py
	daemons='floor floor-objects bgpd bird2 frr'
fi
scenarios=$scenario
if [ "$scenario" = fib ]; then scenarios='fib-200k fib-1m fib-nexthops'; fi
runs=3
if [ $# -gt 0 ] && [[ $1 != --* ]]; then daemons=$1; shift; fi
if [ $# -gt 0 ] && [[ $1 != --* ]]; then runs=$1; shift; fi

"$top/tests/packages.sh" bench
if [ -z "${BGPD:-}" ] || [ -z "${BENCH_TOOLS:-}" ]; then
	(cd "$top" && cmake --preset release >/dev/null &&
		cmake --build build-release -j "$(nproc)" \
			--target bgpd bgpctl bgpblast nullrr fibwatch fibfloor >/dev/null)
	BGPD=${BGPD:-$top/build-release/bgpd/bgpd}
	BENCH_TOOLS=${BENCH_TOOLS:-$top/build-release/tests/bench}
fi
export BGPD BENCH_TOOLS

results=${RESULTS:-$top/build-release/bench}
mkdir -p "$results"
name=$(tr -s ' /' '__' <<<"$scenario $*" | sed 's/_*$//')
file=$results/$name.$(date +%Y%m%dT%H%M%S).jsonl
# Rounds are the outer loop: a slow spell of the machine hits every daemon alike.
for scenario in $scenarios; do
	for _ in $(seq "$runs"); do
		for daemon in $daemons; do
			"$top/tests/bench/$runner" "$scenario" "$daemon" "$@" >>"$file" || true
			tail -n 1 "$file" | jq -r '"\(.daemon): right \(.ok), converged \(.converged_s) s\(
				if .ok then "" else ", " + (.failed // .error // "" | tostring)[:200] end)"' >&2
		done
	done
done
"$top/tests/bench/table.py" "$file"
