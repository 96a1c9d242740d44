# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The same conversation with every other BGP speaker.  Our daemon ("us", 10.9.0.1, fd09::1)
# and the peer ("them", 10.9.0.2, fd09::2) sit in two namespaces joined by a veth pair.  A
# script for one peer says how to configure, start and ask it, by defining:
#
#   peer_config KIND TRANSPORT GR   writes its configuration; ibgp|ebgp, 4|6, gr|plain
#   peer_up, peer_down SIGNAL       starts and ends its processes
#   peer_is_up                      is the session established, as the peer sees it?
#   peer_has PREFIX                 has it our route?  prints what it knows, with the next hop
#   peer_add PREFIX, peer_del PREFIX   announces and withdraws a route of its own
#
# and calls interop_main.  At the start the peer announces 10.2.0.0/24 and fd02::/64.  It may
# set peer_has_rib=false (holds no routes of ours once the session is gone) and
# peer_restarts=false (does not announce that it keeps its own forwarding state).
#
# peer_config also heeds $auth_key, the key for TCP MD5, and $auth_hops, for TTL security:
# empty in this conversation, set in that of auth-lib.sh, which interop_main starts instead
# where $interop_part is "auth".
#
# Ours has "network" for 10.1.0.0/24 and fd01::/64, and imports blackhole routes from the
# kernel: those come and go.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

us_as=64512
auth_key='' auth_hops='' us_options=''
peer_has_rib=true
peer_restarts=true

us_config() { # KIND TRANSPORT GR
	local graceful=false families='"ipv4", "ipv6"'

	[ "$3" = plain ] || graceful=true
	cat >"$LAB/us.conf" <<-CONF
		router {
			as = $us_as
			id = "10.9.0.1"
			connect-retry = 1
			connect-retry-max = 1
			graceful-restart = $graceful
			restart-time = 20
		}
		kernel {
			import "test" {
				type = {"blackhole"}
				prefix = {"10.1.0.0/16", "fd01::/32"}
			}
		}
		network "10.1.0.0/24" { }
		network "fd01::/64" { }
		filter "all" { default = "accept" }
		log { level = "debug" }
	CONF
	if [ "$1" = ibgp ]; then
		cat >>"$LAB/us.conf" <<-CONF
			cluster {
				node "us"   { address = "10.9.0.1" address6 = "fd09::1" }
				node "them" { address = "10.9.0.2" address6 = "fd09::2" }
			}
		CONF
	else
		[ "$2" = 4 ] && families='"ipv4"' || families='"ipv6"'
		cat >>"$LAB/us.conf" <<-CONF
			peer "them" {
				address  = "$([ "$2" = 4 ] && echo 10.9.0.2 || echo fd09::2)"
				as       = 64513
				families = {$families}
				import   = "all"
				export   = "all"
				$us_options
			}
		CONF
	fi
}

them_as() { # KIND
	if [ "$1" = ibgp ]; then echo $us_as; else echo 64513; fi
}

us_has() { # PREFIX [EXPRESSION]: a route from the peer
	lab_json us "map(select(.prefix == \"$1\" and .peer == \"them\" and (${2:-true}))) | length > 0" \
		show routes
}

us_lacks() {
	lab_json us "map(select(.prefix == \"$1\" and .peer == \"them\")) | length == 0" show routes
}

us_fib() { # PREFIX: in the kernel, by our protocol number
	local family=-4

	[[ $1 != *:* ]] || family=-6
	lab_ip us $family route show "$1" | grep -E "proto (bgp|bird)"
}

us_fib_lacks() {
	! us_fib "$@"
}

peer_lacks() {
	! peer_has "$1"
}

peer_has_via() { # PREFIX NEXT-HOP
	local shown

	shown=$(peer_has "$1") || { echo "$shown"; return 1; }
	grep -qE "(^|[^0-9a-f.:])${2//./\\.}([^0-9a-f.:]|$)" <<<"$shown" || { echo "$shown"; return 1; }
}

both_up() {
	lab_established us them && peer_is_up
}


# Sets `families` to the lines "ours ours-toggled theirs theirs-toggled our-nh their-nh".
families_of() { # KIND TRANSPORT
	local v4='10.1.0.0/24 10.1.1.0/24 10.2.0.0/24 10.2.1.0/24 10.9.0.1 10.9.0.2'
	local v6='fd01::/64 fd01:0:0:1::/64 fd02::/64 fd02:0:0:1::/64 fd09::1 fd09::2'

	case $1$2 in
	ibgp*) families=("$v4" "$v6") ;;
	ebgp4) families=("$v4") ;;
	ebgp6) families=("$v6") ;;
	esac
}

conversation() { # KIND TRANSPORT GR
	local label="$1 over IPv$2, $3" family ours toggled theirs moving nh their_nh

	families_of "$1" "$2"
	us_config "$@"
	peer_config "$@"
	peer_up
	lab_bgpd us us
	lab_check_within 20 "$label: session established, both say" both_up || {
		lab_logs
		return
	}

	for family in "${families[@]}"; do
		read -r ours toggled theirs moving nh their_nh <<<"$family"
		lab_check_within 5 "$label: peer has $ours via $nh" peer_has_via "$ours" "$nh"
		lab_check_within 5 "$label: we have $theirs via $their_nh" \
			us_has "$theirs" ".next_hop == \"$their_nh\""
		lab_check_within 5 "$label: $theirs is in the kernel" us_fib "$theirs"
		[ "$1" = ibgp ] || lab_check "$label: AS_PATH of $theirs is the peer's AS" \
			us_has "$theirs" '.as_path == "64513"'

		lab_ip us route add blackhole "$toggled"
		lab_check_within 5 "$label: peer gets $toggled when our kernel does" peer_has "$toggled"
		lab_ip us route del blackhole "$toggled"
		lab_check_within 5 "$label: and loses it again" peer_lacks "$toggled"
		lab_check "$label: but keeps $ours" peer_has "$ours"

		peer_add "$moving"
		lab_check_within 10 "$label: we get $moving" us_has "$moving"
		lab_check_within 5 "$label: into the kernel" us_fib "$moving"
		peer_del "$moving"
		lab_check_within 10 "$label: and lose it" us_lacks "$moving"
		lab_check_within 5 "$label: from the kernel too" us_fib_lacks "$moving"
		lab_check "$label: but keep $theirs" us_has "$theirs"
	done
	if [ "$3" = gr ]; then loss_kept "$label"; else loss_cleared "$label"; fi
	lab_stop us
	peer_down TERM
}

# Each side's daemon dies in turn; without graceful restart its routes go with it.
loss_cleared() { # LABEL
	local family ours theirs

	peer_down KILL
	for family in "${families[@]}"; do
		read -r ours _ theirs _ <<<"$family"
		lab_check_within 3 "$1: peer dies, $theirs is gone" us_lacks "$theirs"
		lab_check_within 3 "$1: and from the kernel" us_fib_lacks "$theirs"
	done
	peer_up
	lab_check_within 40 "$1: peer is back" both_up
	for family in "${families[@]}"; do
		read -r ours _ theirs _ <<<"$family"
		lab_check_within 5 "$1: and $theirs" us_has "$theirs"
	done
	$peer_has_rib || return 0
	lab_stop us KILL
	for family in "${families[@]}"; do
		read -r ours _ theirs _ <<<"$family"
		lab_check_within 5 "$1: we die, peer drops $ours" peer_lacks "$ours"
	done
}

# With it they stay, ours in the peer and the peer's in our kernel.
loss_kept() { # LABEL
	local family ours theirs

	if $peer_restarts; then
		peer_down KILL
		lab_check_within 3 "$1: peer dies, its session is down" lab_not lab_established us them
		for family in "${families[@]}"; do
			read -r ours _ theirs _ <<<"$family"
			lab_check_within 2 "$1: $theirs is stale" us_has "$theirs" .stale
			lab_check "$1: and still in the kernel" us_fib "$theirs"
		done
		peer_up
		lab_check_within 40 "$1: peer is back" both_up
		for family in "${families[@]}"; do
			read -r ours _ theirs _ <<<"$family"
			lab_check_within 10 "$1: $theirs is fresh again" us_has "$theirs" '.stale | not'
			lab_check_within 5 "$1: peer has $ours" peer_has "$ours"
		done
	fi
	$peer_has_rib || return 0
	lab_stop us KILL
	sleep 1
	for family in "${families[@]}"; do
		read -r ours _ theirs _ <<<"$family"
		lab_check "$1: we die, peer keeps $ours" peer_has "$ours"
		lab_check "$1: $theirs stays in the kernel" us_fib "$theirs"
	done
	lab_bgpd us us
	lab_check_within 40 "$1: we are back" both_up
	sleep 1
	for family in "${families[@]}"; do
		read -r ours _ theirs _ <<<"$family"
		lab_check "$1: peer still has $ours" peer_has "$ours"
		lab_check_within 5 "$1: we have $theirs" us_has "$theirs" '.stale | not'
		lab_check "$1: and the kernel has it" us_fib "$theirs"
	done
}

interop_main() { # NAME
	local run

	if [ "${interop_part:-}" = auth ]; then
		. "$(dirname "${BASH_SOURCE[0]}")/auth-lib.sh"
		auth_main "$1"
		return
	fi
	lab_begin "interop-$1"
	lab_ns_add us them
	lab_link us v0 10.9.0.1/24 fd09::1/64 them v0 10.9.0.2/24 fd09::2/64
	while read -r -a run; do
		conversation "${run[@]}"
		lab_stop us
		peer_down KILL
		lab_ip us route flush proto bgp 2>/dev/null
		lab_ip us -6 route flush proto bgp 2>/dev/null
	done <<-RUNS
		ibgp 4 plain
		ibgp 4 gr
		ebgp 6 plain
		ebgp 4 gr
	RUNS
}
