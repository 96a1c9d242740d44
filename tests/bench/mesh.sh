#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/mesh.sh [NODES [RUNS]]: how long a full mesh takes from the first start to the
# last route in the last kernel, and what it costs: bgpd, BIRD 2 as Calico configures it, and
# BIRD 2 with "connect delay time 0", in turns (default: 20 nodes, 3 runs).  Every run is a
# line; then the medians.  Needs root.  See tests/bench/mesh.py.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
nodes=${1:-20}
runs=${2:-3}
results=$(mktemp)
trap 'rm -f "$results"' EXIT

"$top/tests/packages.sh" demo bird
if [ -z "${BGPD:-}" ]; then
	(cd "$top" && cmake --preset release >/dev/null &&
		cmake --build build-release -j "$(nproc)" --target bgpd >/dev/null)
	BGPD=$top/build-release/bgpd/bgpd
fi
export BGPD

for _ in $(seq "$runs"); do
	for daemon in ${DAEMONS:-bgpd bird bird-nodelay}; do
		"$top/tests/bench/mesh.py" "$nodes" "$daemon" | tee -a "$results"
	done
done
echo
jq -rs '
	def median: sort | .[length / 2 | floor];
	def row(f): map(f | if . == null then 1e9 else . end) | median;
	"daemon          runs   ok  converged s    CPU s  idle ms/s  kB PSS a daemon",
	(group_by(.daemon)[] | [.[0].daemon, length, (map(select(.ok)) | length),
		row(.converged_s), row(.cpu_s), row(.idle_cpu_ms_per_s), row(.pss_kb_per_daemon)]
	 | @tsv)' "$results" |
	awk -F '\t' 'NF < 2 { print; next }
		{ printf "%-14s %5d %4d %12.2f %8.2f %10d %16d\n", $1, $2, $3, $4, $5, $6, $7 }'
