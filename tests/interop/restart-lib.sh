# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Graceful restart (RFC 4724), long-lived too (RFC 9494), and enhanced route refresh (RFC
# 7313) with every other BGP speaker that has them.  Our daemon ("us", 10.9.0.1, fd09::1)
# and the peer ("them", 10.9.0.2, fd09::2) are iBGP, both families over IPv4.  A script
# defines:
#
#   peer_config              writes its configuration: restart time $restart_s, long-lived
#                            stale time $long_s, 0: none
#   peer_up, peer_down SIGNAL   starts and ends its processes
#   peer_is_up               is the session established, as the peer sees it?
#   peer_has PREFIX          has it our route?
#   peer_has_lowered PREFIX  has it, with LLGR_STALE?
#   peer_refresh_in          asks us for our routes
#   peer_refreshes=false     it has no enhanced route refresh
#   peer_helps=false         it does not keep our routes beyond the restart time
#   peer_announces FILE      announces these prefixes alone, running or after its next start
#   peer_kernel=(SELECTOR)   its routes in the kernel, for `ip route show`
#   peer_has_kernel=false    it has none: it defines them_have, them_watch_begin and _end,
#                            which look at what its process has while that lives
#   peer_stop                ends it as gracefully as it can: its restart begins
#   peer_killed_loses=TEXT   when it restarts after it was killed its kernel lacks prefixes
#                            with TEXT in them for a moment, which is not our affair
#   peer_killed_sweeps=false … and what did not come again may stay in it
#
# and calls restart_main.  The peer announces 10.2.0.0/24 and fd02::/64, until it is told
# otherwise.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/fib.sh"

us_as=64512
restart_s=3
long_s=8
peer_kernel=()
peer_refreshes=true
peer_helps=true
peer_has_kernel=true
peer_killed_loses=''
peer_killed_sweeps=true
watch_named=true
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
		kernel {
			import "test" { type = {"blackhole"} }
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

	printf '%s\n' "${theirs[@]}" >"$LAB/theirs"
	watch_begin us "$LAB/theirs"
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
	watch_end "stale, long-lived stale, fresh"
	watch_begin us "$LAB/theirs"
	peer_down KILL
	for prefix in "${theirs[@]}"; do
		lab_check_within $((restart_s + 2)) "$prefix is long-lived stale again" us_has "$prefix" \
			.long_lived_stale
	done
	watch_end "and again"
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
	printf '%s\n' "${ours[@]}" >"$LAB/ours"
	them_watch_begin "$LAB/ours"
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
	them_watch_end "lowered, and fresh"
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

# ---------------------------------------------------------------- both kernels

# Routes 0 to TO of a side, IPv4 and IPv6, as the other side's kernel has them.
side() { # us | them  TO
	local number=1 i

	[ "$1" = us ] || number=2
	printf 'fd0%d::/64 fd09::%d\n' $number $number
	for ((i = 0; i <= $2; i++)); do
		printf '10.%d.%d.0/24 10.9.0.%d\n' $number "$i" $number
		[ "$i" = 0 ] || printf 'fd0%d:0:0:%x::/64 fd09::%d\n' $number "$i" $number
	done
}

# These prefixes and no other; those with `network` are in every such file.
we_announce() { # FILE
	local there

	there=$(fib_routes us type blackhole | cut -d' ' -f1)
	{
		grep -vxF -f "$1" <<<"$there" | sed '/./s/^/route del blackhole /'
		grep -vxF "$(printf '%s\n' "${ours[@]}" "$there")" "$1" | sed 's/^/route add blackhole /'
	} | lab_ip us -batch -
}

announce() { # all | kept: each side
	we_announce "$LAB/us-$1.prefixes"
	peer_announces "$LAB/them-$1.prefixes"
}

# What the peer's side has of our routes, and a watch over them: its kernel.
them_have() { # FILE
	fib_is them "$1" "${peer_kernel[@]}"
}

them_watch_begin() { # FILE
	watch_begin them "$1"
}

them_watch_end() { # WHAT
	watch_end "$1"
}

watch_both() { # DIES  all | kept  [FILE: of ours]
	watch_begin us "$LAB/them-$2.prefixes"
	them_watching=false
	if $peer_has_kernel || [ "$1" = us ]; then
		them_watch_begin "${3:-$LAB/us-$2.prefixes}"
		them_watching=true
	fi
}

watch_both_end() { # WHAT
	watch_end "$1"
	! $them_watching || $peer_has_kernel || them_watch_end "$1"
}

we_have() { # all | kept
	both_up && fib_is us "$LAB/them-$1"
}

both_have() { # all | kept
	we_have "$1" && them_have "$LAB/us-$1"
}

# Where somebody is to be asked for it.
them_have_still() { # WHAT
	! $them_watching || lab_check "$1" them_have "$LAB/us-all"
}

# One side goes down and comes back; meanwhile each has less to announce.  Nothing that is
# still announced may leave either kernel, not for a moment; what is not goes after
# End-of-RIB.
restarts() { # WHAT us|them DOWN UP [FILE: what of ours is watched]
	announce all
	lab_check_within 30 "$1: before, both have all" both_have all || return
	watch_both "$2" kept "${5:-}"
	$3
	sleep 0.5
	announce kept
	sleep 0.5
	lab_check "$1: meanwhile we have all" fib_is us "$LAB/them-all"
	them_have_still "$1: … and the peer"
	$4
	if [ "$3" = "peer_down KILL" ] && ! $peer_killed_sweeps; then
		lab_check_within 30 "$1: after it, what is not announced any more is gone from ours" we_have kept
	else
		lab_check_within 30 "$1: after it, what is not announced any more is gone from both" both_have kept
	fi
	sleep 0.5
	watch_both_end "$1"
}

# One side goes down and does not come back until after the restart time.
stays_away() { # WHAT us|them DOWN UP
	announce all
	lab_check_within 30 "$1: before, both have all" both_have all || return
	watch_both "$2" all
	$3
	sleep $((restart_s / 2))
	watch_both_end "$1, until the restart time"
	if [ "$2" = us ]; then
		lab_check_within $((restart_s / 2 + 3)) "$1: … then the peer has none of our routes" them_have "$LAB/none"
		lab_check "$1: … our kernel has the peer's still" fib_is us "$LAB/them-all"
	else
		lab_check_within $((restart_s / 2 + 3)) "$1: … then we have none of its routes" fib_is us "$LAB/none"
		them_have_still "$1: … its kernel has ours still"
	fi
	$4
	lab_check_within 30 "$1: after it, both have all" both_have all
}

both_start() {
	us_config
	peer_config
	announce all
	peer_up
	lab_bgpd us us
}

both_kernels() {
	local side part

	: >"$LAB/none"
	for side in us them; do
		side $side 19 >"$LAB/$side-kept"
		side $side 24 >"$LAB/$side-all"
		for part in kept all; do
			cut -d' ' -f1 "$LAB/$side-$part" >"$LAB/$side-$part.prefixes"
		done
	done
	grep -vF "${peer_killed_loses:-no prefix}" "$LAB/us-kept.prefixes" >"$LAB/us-killed.prefixes"
	# Nobody is away for so long, but with a long-lived stale time goes the N bit of RFC 8538.
	restart_s=40 long_s=8
	both_start
	restarts "we stop" us "lab_stop us" "lab_bgpd us us"
	restarts "we are killed" us "lab_stop us KILL" "lab_bgpd us us"
	restarts "the peer is killed" them "peer_down KILL" peer_up "$LAB/us-killed.prefixes"
	restarts "the peer stops" them peer_stop peer_up
	lab_stop us
	peer_down TERM
	restart_s=6 long_s=0
	both_start
	stays_away "we are gone" us "lab_stop us KILL" "lab_bgpd us us"
	stays_away "the peer is gone" them "peer_down KILL" peer_up
}

restart_main() { # NAME
	lab_begin "restart-$1"
	lab_ns_add us them
	lab_link us v0 10.9.0.1/24 fd09::1/64 them v0 10.9.0.2/24 fd09::2/64
	us_config
	peer_config
	printf '%s\n' "${theirs[@]}" >"$LAB/theirs"
	peer_announces "$LAB/theirs"
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
	both_kernels
	lab_stop us
	peer_down TERM
}
