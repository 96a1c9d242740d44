#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# A recorded full feed (577,706 prefixes, 89,679 UPDATEs) through our daemon as reflector to
# one client: nothing missing, nothing changed that RFC 4456 does not ask for.  The same for
# BIRD 2, to set its memory beside ours.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

file=$BGPD_TEST_DATA/pch-2015-10-23.full-feed.mrt.gz
if [ ! -r "$file" ]; then
	echo "1..0 # SKIP $file is not there (BGPD_TEST_DATA)"
	exit 0
fi
lab_begin feed
trap '' PIPE # the feeder may be gone already
lab_ns_add rr world
lab_link rr v0 10.9.0.1/24 '' world v0 10.9.0.2/24 ''
lab_ip world addr add 10.9.0.3/24 dev v0

write_config() { # ACCEPT-AS-SET
	cat >"$LAB/rr.conf" <<-CONF
		router {
			as = 3856
			id = "10.9.0.1"
			resolve-next-hops = false
		}
		kernel { install = false }
		group "feed" {
			as = "internal"
			families = {"ipv4"}
			passive = true
			accept-as-set = $1
		}
		peer "feeder"   { address = "10.9.0.2" group = "feed" }
		peer "observer" { address = "10.9.0.3" group = "feed" client = true }
	CONF
	rm -f "$LAB/rr.sock"
}

write_bird() { # the next hops of the feed are nowhere near: all resolve in a table of their own
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.1;
		protocol device { }
		ipv4 table hops;
		protocol static { ipv4 { table hops; }; route 0.0.0.0/0 via 10.9.0.2; }
		template bgp feed {
			local as 3856; passive; multihop;
			ipv4 { import all; export all; gateway recursive; igp table hops; };
		}
		protocol bgp feeder from feed { neighbor 10.9.0.2 as 3856; }
		protocol bgp observer from feed { neighbor 10.9.0.3 as 3856; rr client; }
	CONF
}

listens() {
	lab_in rr ss -Hltn 'sport = 179' | grep -q .
}

resident_mb() { # PROCESS
	[ ! -r "/proc/${lab_pid[$1]}/status" ] || awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/${lab_pid[$1]}/status"
}

# Feeds; the sessions stay up until feed_end.
feed_begin() { # OPTIONS...
	mkfifo "$LAB/feed.in"
	lab_in world "$lab_top/tests/tools/feed.py" "$file" --to 10.9.0.1 "$@" \
		<"$LAB/feed.in" >"$LAB/feed.json" 2>"$LAB/feed.log" &
	lab_pid[feed]=$!
	exec {feed_in}>"$LAB/feed.in"
	lab_wait 90 feed_results 1
	[ -s "$LAB/feed.json" ] || lab_logs
}

feed_results() { # NUMBER: so many lines are there, or none can come any more
	[ "$(wc -l <"$LAB/feed.json")" = "$1" ] || ! kill -0 "${lab_pid[feed]}"
}

feed_next() { # N: gives the tool its next order and waits for result N
	echo >&"$feed_in"
	lab_wait 50 feed_results "$1"
}

feed_end() {
	local code

	exec {feed_in}>&-
	rm -f "$LAB/feed.in"
	wait "${lab_pid[feed]}"
	code=$?
	unset 'lab_pid[feed]'
	return $code
}

fed() { # FIELD
	tail -n 1 "$LAB/feed.json" | jq -r ".$1"
}

got_all() { # LABEL COUNT
	lab_check "$1: $2 prefixes in the table" lab_json rr ".routes.ipv4.prefixes == $2" show
	lab_check "$1: the client has $2" lab_equal "$2" "$(fed received)"
	lab_check "$1: none missing, extra or different" lab_equal "0 0 0" \
		"$(fed missing) $(fed extra) $(fed different)"
}

through_ours() { # LABEL ACCEPT-AS-SET COUNT OPTIONS...
	local label=$1 count=$3

	write_config "$2"
	shift 3
	lab_bgpd rr rr
	lab_wait 10 listens
	feed_begin "$@"
	[ -n "$count" ] || count=$(fed expected)
	count=${count:-0}
	got_all "$label" "$count"
	echo "# $label: $(resident_mb rr) MB resident, $(fed seconds) s," \
		"$(fed received_updates) UPDATEs for $(fed sent_updates)"
	feed_next 2
	got_all "$label, three withdrawn" "$((count - 3))"
	feed_next 3
	got_all "$label, feeder gone" 0
	lab_check "$label: the client's session stands all that" lab_established rr observer
	feed_end
	lab_check "$label: feeder and client had nothing to object" test $? = 0
	lab_stop rr
}

through_ours "AS_SETs taken" true 577706 --accept-as-set
through_ours "AS_SETs refused (RFC 9774)" false ''

if command -v bird >/dev/null; then
	write_bird
	lab_start rr bird bird -f -c "$LAB/bird.conf" -s "$LAB/bird.ctl" -P "$LAB/bird.pid"
	lab_wait 10 listens
	feed_begin --accept-as-set
	echo "# BIRD 2: $(resident_mb bird) MB resident, $(fed seconds) s," \
		"$(fed received_updates) UPDATEs, $(fed received) prefixes," \
		"$(fed different) different"
	feed_end
fi
