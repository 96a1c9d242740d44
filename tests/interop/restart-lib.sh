# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Long-lived graceful restart (RFC 9494) and enhanced route refresh (RFC 7313) with every
# other BGP speaker that has them.  Our daemon ("us", 10.9.0.1, fd09::1) and the peer ("them",
# 10.9.0.2, fd09::2) are iBGP, both families over IPv4; restart time 3 s, long-lived stale
# time 8 s, of both.  A script defines:
#
#   peer_config              writes its configuration
#   peer_up, peer_down SIGNAL   starts and ends its processes
#   peer_is_up               is the session established, as the peer sees it?
#   peer_has PREFIX          has it our route?
#   peer_has_lowered PREFIX  has it, with LLGR_STALE?
#   peer_refresh_in          asks us for our routes
#   peer_refreshes=false     it has no enhanced route refresh
#   peer_helps=false         it does not keep our routes beyond the restart time
#
# and calls restart_main.  The peer announces 10.2.0.0/24 and fd02::/64.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

us_as=64512
restart_s=3
long_s=8
peer_refreshes=true
peer_helps=true
ours=(10.1.0.0/24 fd01::/64)
theirs=(10.2.0.0/24 fd02::/64)

us_config() {
	cat >"$LAB/us.conf" <<-CONF
		router {
			as = $us_as
			id = "10.9.0.1"
			connect-retry = 1
			connect-retry-max = 1
			restart-time = $restart_s
			long-lived-stale-time = $long_s
		}
		network "10.1.0.0/24" { }
		network "fd01::/64" { }
		cluster {
			node "us"   { address = "10.9.0.1" address6 = "fd09::1" }
			node "them" { address = "10.9.0.2" address6 = "fd09::2" }
		}
		log { level = "debug" }
	CONF
}

us_has() { # PREFIX EXPRESSION
	lab_json us "map(select(.prefix == \"$1\" and .peer == \"them\" and ($2))) | length == 1" \
		show routes
}

us_lacks() { # PREFIX
	lab_json us "map(select(.prefix == \"$1\" and .peer == \"them\")) | length == 0" show routes
}

us_fib() { # PREFIX
	local family=-4

	[[ $1 != *:* ]] || family=-6
	lab_ip us $family route show "$1" | grep -E "proto (bgp|bird)"
}

us_fib_lacks() {
	! us_fib "$@"
}

peer_lacks() { # PREFIX
	! peer_has "$1"
}

both_up() {
	lab_established us them && peer_is_up
}

all_of() { # COMMAND PREFIX...: it succeeds for each
	local command=$1 prefix

	shift
	for prefix; do "$command" "$prefix" || return 1; done
}

agreed() {
	lab_check "the peer announces its time, we read it" lab_json us \
		".negotiated.long_lived_restart.stale_time == {ipv4: $long_s, ipv6: $long_s}" show peer them
}

# The peer dies and is back before its time is over; dies again, and is not.
we_help() {
	local prefix

	peer_down KILL
	lab_check_within 3 "peer dies: its session is down" lab_not lab_established us them
	for prefix in "${theirs[@]}"; do
		lab_check_within 2 "$prefix is stale" us_has "$prefix" '.stale and (.long_lived_stale | not)'
	done
	for prefix in "${theirs[@]}"; do
		lab_check_within $((restart_s + 2)) "and then long-lived stale" us_has "$prefix" \
			'.long_lived_stale and (.communities | index("llgr-stale"))'
		lab_check "$prefix is in the kernel still" us_fib "$prefix"
	done
	peer_up
	lab_check_within 30 "peer is back" both_up
	for prefix in "${theirs[@]}"; do
		lab_check_within 15 "$prefix is fresh again" us_has "$prefix" \
			'(.stale | not) and (.communities | index("llgr-stale") | not)'
	done
	peer_down KILL
	for prefix in "${theirs[@]}"; do
		lab_check_within $((restart_s + 2)) "$prefix is long-lived stale again" us_has "$prefix" \
			.long_lived_stale
	done
	for prefix in "${theirs[@]}"; do
		lab_check_within $((long_s + 2)) "$prefix is gone when that time is over" us_lacks "$prefix"
		lab_check_within 2 "from the kernel, too" us_fib_lacks "$prefix"
	done
	peer_up
	lab_check_within 30 "peer is back once more" both_up
	lab_check_within 15 "with its routes" all_of us_fib "${theirs[@]}"
}

# We die: the peer keeps our routes, lowers them, and takes them fresh.
they_help() {
	local prefix

	lab_check_within 5 "peer has our routes" all_of peer_has "${ours[@]}"
	lab_stop us KILL
	sleep 1
	lab_check "we die: peer keeps our routes" all_of peer_has "${ours[@]}"
	if $peer_helps; then
		lab_check_within $((restart_s + 4)) "peer lowers them when the restart time is over" \
			all_of peer_has_lowered "${ours[@]}"
	fi
	lab_bgpd us us
	lab_check_within 30 "we are back" both_up
	sleep 2
	for prefix in "${ours[@]}"; do
		lab_check "peer has $prefix, and fresh" eval 'peer_has "$prefix" && ! peer_has_lowered "$prefix"'
	done
}

us_refreshes() { # in | out
	lab_ctl us -j show peer them | jq ".messages_$1.route_refresh"
}

has_counted() { # in | out, AT LEAST
	[ "$(us_refreshes "$1")" -ge "$2" ]
}

# A refresh each way loses nothing, and stands between BoRR and EoRR.
refreshed() {
	local before

	lab_check "enhanced route refresh is agreed on" lab_json us .negotiated.enhanced_refresh \
		show peer them
	before=$(us_refreshes in)
	lab_check "we ask the peer for its routes" lab_ctl us peer them refresh in
	lab_check_within 5 "BoRR and EoRR come, of two families" has_counted in $((before + 4))
	lab_check_within 2 "nothing of it is stale, or gone" lab_json us \
		'map(select(.peer == "them")) | length == 2 and (any(.stale) | not)' show routes
	before=$(us_refreshes out)
	peer_refresh_in >/dev/null
	lab_check_within 5 "the peer asks for ours: BoRR and EoRR go out" has_counted out $((before + 2))
	sleep 1
	lab_check "peer has our routes" all_of peer_has "${ours[@]}"
	lab_check "the session stands" both_up
}

restart_main() { # NAME
	lab_begin "restart-$1"
	lab_ns_add us them
	lab_link us v0 10.9.0.1/24 fd09::1/64 them v0 10.9.0.2/24 fd09::2/64
	us_config
	peer_config
	peer_up
	lab_bgpd us us
	lab_check_within 20 "session established, both say" both_up || {
		lab_logs
		return
	}
	lab_check_within 10 "we have the peer's routes" all_of us_fib "${theirs[@]}"
	agreed
	if $peer_refreshes; then refreshed; fi
	we_help
	they_help
	lab_stop us
	peer_down TERM
}
