#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/bfd.sh [SESSIONS [ROUTES]]
#
# Does the daemon keep its BFD sessions while it has all hands full?  So many sessions (500)
# of 300 ms x 3 with bfdpeers, and one peer that announces so many routes (1,000,000), which
# go into the RIB and the kernel; then the peer leaves, and they go again; then a reload and a
# `show routes` of everything.  A line of JSON a phase: no session may go down on either side.
# `gap_ms` is the longest silence of the daemon in any session: above 900 it would be one.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

sessions=${1:-500}
routes=${2:-1000000}
lab_begin bfdload
lab_ns_add dut world
lab_link dut v0 10.20.0.1/16 '' world v0 10.20.0.2/16 ''
# bfdpeers counts its addresses on from the first: whole octets
for ((i = 0; i < sessions; i++)); do
	n=$((256 + i))
	echo "addr add 10.20.$((n / 256)).$((n % 256))/16 dev v0"
done >"$LAB/addresses"
lab_ip world -batch "$LAB/addresses"

{
	cat <<-CONF
		router { as = 64512 id = "10.20.0.1" graceful-restart = false }
		filter "all" { default = "accept" }
		group "bfd" { as = 65001 bfd = true passive = true families = {"ipv4"} }
		peer "feeder" { address = "10.20.0.2" as = 65001 import = "all" families = {"ipv4"} }
	CONF
	for ((i = 0; i < sessions; i++)); do
		n=$((256 + i))
		echo "peer \"p$i\" { address = \"10.20.$((n / 256)).$((n % 256))\" group = \"bfd\" }"
	done
} >"$LAB/dut.conf"
lab_bgpd dut dut
lab_wait 10 lab_ctl dut show

mkfifo "$LAB/peers.in"
lab_in world nice -n -15 "$BGPD_BUILD/tests/tools/bfdpeers" 10.20.0.1 10.20.1.0 "$sessions" 300 3 \
	<"$LAB/peers.in" >"$LAB/peers.out" 2>&1 &
lab_pid[bfdpeers]=$!
exec {peers_in}>"$LAB/peers.in"

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/${lab_pid[dut]}/stat"
}

phases=0
report() { # PHASE: a line of JSON, and what is wrong with it
	local line began=$phase_began

	phases=$((phases + 1))
	echo >&"$peers_in"
	lab_wait 5 eval '[ "$(wc -l <"$LAB/peers.out")" -ge $phases ]'
	line=$(tail -n 1 "$LAB/peers.out" | jq -c --arg phase "$1" --argjson s $((SECONDS - began)) \
		--argjson cpu "$(($(cpu_ticks) - phase_ticks))" \
		'{phase: $phase, seconds: $s, cpu_s: ($cpu / 100)} + .')
	echo "# $line"
	[ "$1" = start ] || lab_check "$1: no session went down" \
		jq -e ".up == $sessions and .detected_downs + .signaled_downs == 0" <<<"$line"
	begin_phase
}

begin_phase() {
	phase_began=$SECONDS
	phase_ticks=$(cpu_ticks)
}

all_up() {
	[ "$(grep -c 'BFD session up' "$LAB/dut.log")" = "$sessions" ]
}

kernel_routes() {
	lab_json dut ".routes.ipv4.installed $1" show
}

begin_phase
lab_check_within 60 "$sessions sessions are up" all_up
sleep 2
report start
sleep 10
report idle

lab_in world "$BGPD_BUILD/tests/bench/bgpblast" --dut 10.20.0.1 --local 10.20.0.2 --senders 1 \
	--receivers 0 --prefixes "$routes" --mode internet --as 65001 --dut-as 64512 --hold 90 \
	--timeout 600 --until-file "$LAB/full" >"$LAB/blast.json" 2>"$LAB/blast.log" &
lab_pid[blast]=$!
lab_check_within 300 "$routes routes are in the kernel" kernel_routes "== $routes"
report "full feed arrives"
lab_ctl dut reload >/dev/null
sleep 2
report "a reload with it"
lab_ctl dut show routes best >/dev/null
lab_ctl dut -j show routes | tail -n 1 >/dev/null
report "all routes are shown"
touch "$LAB/full"
lab_check_within 300 "the feeder leaves: they are gone" kernel_routes "== 0"
report "full feed leaves"
lab_check "nor did the daemon's side see one go" eval '! grep -q "BFD session down" "$LAB/dut.log"'
exec {peers_in}>&-
