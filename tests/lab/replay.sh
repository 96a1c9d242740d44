#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/replay.sh [SECONDS]: the recorded updates of 20 peers, 49,220 UPDATEs with the
# attributes of 2026, replayed again and again for SECONDS (20; 600 for a long look) into one
# speaker that passes them on.  No session ends, each round has the same errors, those that
# are in the record, the table is the same after each, and memory stays where it is.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${1:-20}
file=$BGPD_TEST_DATA/updates-2026-02-22.mrt.bz2
if [ ! -r "$file" ]; then
	echo "1..0 # SKIP $file is not there (BGPD_TEST_DATA)"
	exit 0
fi
lab_begin replay
lab_ns_add r world
lab_link r v0 10.9.0.1/16 '' world v0 10.9.0.3/16 ''
tool=$lab_top/tests/tools/replay.py
"$tool" "$file" --to 10.9.0.1 --as 64512 --seconds 0 --peers >"$LAB/peers"
{
	cat <<-END
	router { as = 64512 id = "10.9.0.1" resolve-next-hops = false }
	kernel { install = false }
	filter "all" { default = "accept" }
	peer "observer" { address = "10.9.0.3" as = 64512 passive = true }
	END
	while read -r address asn; do
		lab_ip world addr add "$address/16" dev v0
		printf 'peer "as%s" { address = "%s" as = %s passive = true import = "all" }\n' \
			"$asn" "$address" "$asn"
	done <"$LAB/peers"
} >"$LAB/r.conf"
lab_bgpd r r
listens() { lab_in r ss -Hltn 'sport = 179' | grep -q .; }
lab_wait 10 listens

errors() { # of all peers: withdraw, discard, reset; and how often one left Established
	local name

	for name in $(lab_ctl r -j show peers | jq -r '.[].name'); do
		lab_ctl r -j show peer "$name"
	done | jq -cs '[map(.update_faults.withdraw // 0), map(.update_faults.discard // 0),
		map(.update_faults.reset // 0), map(.flaps)] | map(add)'
}
# What can leak: pages of the program itself come in over the first minutes, too.
anonymous_kb() { awk '/^RssAnon/ { print $2 }' "/proc/${lab_pid[r]}/status"; }

mkfifo "$LAB/in"
lab_in world "$tool" "$file" --to 10.9.0.1 --as 64512 --seconds "$seconds" \
	<"$LAB/in" >"$LAB/rounds" 2>"$LAB/replay.log" &
lab_pid[replay]=$!
exec {order}>"$LAB/in"
rounds() { wc -l <"$LAB/rounds"; }
is_over() { ! kill -0 "${lab_pid[replay]}" 2>/dev/null; }
first_round() { [ "$(rounds)" -ge 1 ] || is_over; }
tenth_round() { [ "$(rounds)" -ge 10 ] || is_over; }
done_all() { is_over || [ "$(tail -n 1 "$LAB/rounds" | jq ".seconds >= $seconds")" = true ]; }

# The errors of the first round are looked at when it is over; the next has begun then, so
# they are compared by whole rounds at the end.
lab_wait 60 first_round
wanted=$(head -n 1 "$LAB/rounds" | jq .faults)
lab_wait $((seconds + 60)) tenth_round
kb_tenth=$(anonymous_kb)
lab_wait $((seconds + 60)) done_all
sleep 1
n=$(rounds)
kb_end=$(anonymous_kb)
lab_check "no session ended, no NOTIFICATION was sent" lab_not is_over
lab_check "in $n rounds the errors are those of the record ($wanted a round), no reset, no flap" \
	lab_equal "$((n * wanted)) 0 0" "$(errors | jq -r '"\(.[0] + .[1]) \(.[2]) \(.[3])"')"
lab_check "the observer has the same number of routes after each round" \
	lab_equal 1 "$(jq .routes "$LAB/rounds" | sort -u | wc -l)"
lab_check "and there are routes" [ "$(tail -n 1 "$LAB/rounds" | jq .routes)" -gt 1000 ]
lab_check "so has the speaker" lab_json r \
	".routes.ipv4.prefixes == $(tail -n 1 "$LAB/rounds" | jq .routes)" show
echo "# $n rounds of $(head -n 1 "$LAB/rounds" | jq .updates) UPDATEs in" \
	"$(tail -n 1 "$LAB/rounds" | jq .seconds) s; $kb_tenth kB of heap resident after ten rounds, $kb_end kB at the end"
lab_check "memory is where it was (2 % and 256 kB)" \
	[ "$kb_end" -le $((kb_tenth + kb_tenth / 50 + 256)) ]
echo end >&"$order"
exec {order}>&-
lab_end
