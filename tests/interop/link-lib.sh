# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Another BGP speaker on a link without any global address: "us" and "them" joined by a veth
# pair, loopbacks 10.9.0.1 and 10.9.0.2, fd09::1 and fd09::2.  A script for one speaker
# configures both sides and calls link_conversation: the session comes, IPv4 and IPv6 routes
# go both ways with IPv6 next hops, packets flow, a route comes and goes.
#
# It says how to start the peer, defines peer_has PREFIX and, where the peer writes no routes
# into its kernel, sets peer_forwards=false.
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
