# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Another BGP speaker on a link without any global address: "us" and "them" joined by a veth
# pair, loopbacks 10.9.0.1 and 10.9.0.2, fd09::1 and fd09::2.  A script for one speaker
# configures both sides and calls link_conversation: the session comes, IPv4 and IPv6 routes
# go both ways with IPv6 next hops, packets flow, a route comes and goes.
#
# It says how to start the peer, defines peer_has PREFIX and, where the peer writes no routes
# into its kernel, sets peer_forwards=false.  For guard_conversation, with TCP MD5 and BFD over
# the link-local addresses, it defines peer_bfd_is_up: is the BFD session with us Up at 300 ms x 3?
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

peer_forwards=true

link_begin() { # NAME
	local i=0 name

	lab_begin "interop-$1"
	lab_ns_add us them
	lab_link us v0 '' '' them v0 '' ''
	for name in us them; do
		i=$((i + 1))
		lab_ip $name addr add "10.9.0.$i/32" dev lo
		lab_ip $name addr add "fd09::$i/128" dev lo nodad
		lab_wait 5 eval "[ -n \"\$(link_local $name)\" ]"
	done
	us_address=$(link_local us)
	them_address=$(link_local them)
	us_hops=("$us_address")
	them_hops=("$them_address")
}

link_local() { # NAME
	lab_ip "$1" -j -6 addr show dev v0 scope link | jq -r '.[].addr_info[] | select(.tentative | not) | .local'
}

# Ours: a peer section's own lines.
us_config() { # LINE...
	cat >"$LAB/us.conf" <<-CONF
		router { as = 64512 id = "10.9.0.1" connect-retry = 1 connect-retry-max = 1 }
		kernel { import "test" { type = {"blackhole"} } }
		network "10.9.0.1/32" { }
		network "fd09::1/128" { }
		filter "all" { default = "accept" }
		log { level = "debug" }
		peer "them" {
			import = "all"
			export = "all"
			$(printf '%s\n' "$@")
		}
	CONF
}

us_reload() { # LINE...
	us_config "$@"
	echo "control { socket = \"$LAB/us.sock\" }" >>"$LAB/us.conf"
	lab_ctl us reload >/dev/null
}

us_has() { # PREFIX
	lab_json us "map(select(.prefix == \"$1\" and .peer == \"them\" and .valid)) | length > 0" show routes
}

# In a kernel: by an address of the other side, on the link.
routed() { # NAME PREFIX ADDRESS...
	local family=-4 hop

	[[ $2 != *:* ]] || family=-6
	hop=$(lab_ip "$1" -j $family route show "$2" | jq -r '.[] | (.nexthops // [.])[] |
		.dev + " " + (.via.host // .gateway)')
	printf 'v0 %s\n' "${@:3}" | grep -Fx -e "$hop" || { echo "wanted one of: ${*:3}"; echo "got: $hop"; return 1; }
}

# The link gets global addresses, and the session goes over those.
link_gets_addresses() {
	lab_ip us addr add fd08::1/64 dev v0 nodad
	lab_ip them addr add fd08::2/64 dev v0 nodad
	us_hops+=(fd08::1)
	them_hops=(fd08::2)
}

# Either way round.
pings() { # FROM TO
	lab_in us ping -c 1 -W 1 -I "$1" "$2"
}

peer_lacks() {
	! peer_has "$1"
}

link_conversation() { # LABEL COMMAND...: that starts the peer
	local prefix label=$1

	shift
	lab_bgpd us us
	"$@"
	lab_check_within 25 "$label: session established" lab_established us them || {
		lab_logs
		return
	}
	for prefix in 10.9.0.2 fd09::2; do
		lab_check_within 10 "$label: $prefix is in our kernel by the peer's IPv6 address" \
			routed us "$prefix" "${them_hops[@]}"
	done
	for prefix in 10.9.0.1/32 fd09::1/128; do
		lab_check_within 10 "$label: the peer has $prefix" peer_has "$prefix"
		! $peer_forwards ||
			lab_check_within 10 "$label: … in its kernel by ours" routed them "${prefix%/*}" "${us_hops[@]}"
	done
	if $peer_forwards; then
		lab_check_within 5 "$label: IPv4 packets there and back" pings 10.9.0.1 10.9.0.2
		lab_check_within 5 "$label: IPv6 packets there and back" pings fd09::1 fd09::2
	fi
	for prefix in 10.1.1.0/24 fd01:1::/64; do
		lab_ip us route add blackhole "$prefix"
		lab_check_within 10 "$label: the peer gets $prefix" peer_has "$prefix"
		lab_ip us route del blackhole "$prefix"
		lab_check_within 10 "$label: and loses it" peer_lacks "$prefix"
		lab_check "$label: the session stays" lab_established us them
	done
	lab_stop us
}

# ---------------------------------------------------------------- TCP MD5 and BFD

guard_key=Tapir-0815.x
guard_bfd='bfd = true bfd-interval = 300 bfd-multiplier = 3'
# Where a machine that is slow for a second must not end the session.
guard_bfd_slow='bfd = true bfd-interval = 1000 bfd-multiplier = 5'

us_bfd() { # EXPRESSION
	lab_json us ".bfd | $1" show peer them
}

# The slow way, or the quick one: our interval, our detection time, the peer's.
both_guarded() { # slow | quick
	local ms=900

	guard_ms=300 guard_silence=0.900
	[ "$1" = quick ] || guard_ms=1000 guard_silence=5.000 ms=3000
	lab_established us them && us_bfd ".state == \"Up\" and (.polling | not) and .detection_time_ms == $ms" &&
		peer_bfd_is_up
}

us_said() { # PATTERN
	grep -E "$1" "$LAB/us.log"
}

# Either side hears nothing of the other, whose link is up.
silence() { # -I|-D
	lab_in us ip6tables "$1" INPUT -i v0 -j DROP
	lab_in them ip6tables "$1" INPUT -i v0 -j DROP
}

ms_until() { # COMMAND...
	local since=${EPOCHREALTIME/./}

	until "$@" >/dev/null 2>&1; do
		[ $((${EPOCHREALTIME/./} - since)) -lt 3000000 ] || { echo never; return; }
		sleep 0.02
	done
	echo $(((${EPOCHREALTIME/./} - since) / 1000))
}

# FRR begins its BFD session anew when BGP has come up: that one flap is over by then.
lives_on() { # SECONDS
	lab_json us ".state == \"Established\" and .uptime_s >= $1" show peer them
}

# With another key first: no session.  The right one by a reload, then a peer that falls silent.
guard_conversation() { # LABEL OPTIONS COMMAND...: ours about the peer; that starts it
	local label=$1 options=$2 ms

	shift 2
	us_config "$options" 'hold-time = 9' "$guard_bfd_slow" 'password = "another"'
	lab_bgpd us us
	"$@"
	lab_check_within 30 "$label: RFC 2385 2.0: with another key nobody answers" \
		lab_json us '.last_error | test("no answer.*same password")' show peer them
	lab_check "$label: … and there is no session" lab_not lab_established us them
	us_reload "$options" 'hold-time = 9' "$guard_bfd_slow" "password = \"$guard_key\""
	lab_check_within 40 "$label: with the right one BGP and BFD are up, both say" both_guarded slow || {
		lab_logs
		lab_ctl us show peer them
		lab_stop us
		return
	}
	lab_check "$label: it is single hop, on the interface" us_bfd \
		".type == \"single-hop\" and .local_address == \"$us_address%v0\" and .remote_address == \"$them_address%v0\""
	us_reload "$options" 'hold-time = 9' "$guard_bfd_slow" 'password = "another"'
	sleep 2
	us_reload "$options" 'hold-time = 9' "$guard_bfd_slow" "password = \"$guard_key\""
	sleep 9
	lab_check "$label: another key for two seconds, the session lives on" lives_on 10
	us_reload "$options" 'hold-time = 9' "$guard_bfd" "password = \"$guard_key\""
	lab_check_within 10 "$label: the timers change in place" both_guarded quick
	: >"$LAB/us.log"
	silence -I
	ms=$(ms_until us_said 'BFD session down: Control Detection Time Expired')
	lab_check "$label: silence: we find out in $ms ms" test "${ms/never/9999}" -lt 1200
	lab_check_within 1 "$label: … BGP ends" us_said 'them: session down'
	lab_check_within 3 "$label: … the peer found out, too" lab_not peer_bfd_is_up
	silence -D
	lab_check_within 60 "$label: up again" both_guarded quick
	lab_stop us
}
