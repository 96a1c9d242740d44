#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# GoBGP as route reflector and as client; tests/interop/reflector-lib.sh tells what is asked.
# Its routes come through its API, so each start adds them.
# shellcheck source=tests/interop/reflector-lib.sh
. "$(dirname "$0")/reflector-lib.sh"

d_marks_own=true

d_config() { # client|reflector NUMBER...
	local n family reflect=false

	[ "$1" = client ] || reflect=true
	shift
	cat >"$LAB/gobgp.toml" <<-CONF
		[global.config]
		  as = $as
		  router-id = "10.9.0.2"
	CONF
	for n; do
		cat >>"$LAB/gobgp.toml" <<-CONF
			[[neighbors]]
			  [neighbors.config]
			    neighbor-address = "10.9.0.$n"
			    peer-as = $as
			  [neighbors.transport.config]
			    local-address = "10.9.0.2"
			  [neighbors.timers.config]
			    connect-retry = 1
			    idle-hold-time-after-reset = 1
			  [neighbors.route-reflector.config]
			    route-reflector-client = $reflect
			    route-reflector-cluster-id = "10.9.0.2"
		CONF
		for family in ipv4 ipv6; do
			cat >>"$LAB/gobgp.toml" <<-CONF
				  [[neighbors.afi-safis]]
				    [neighbors.afi-safis.config]
				      afi-safi-name = "$family-unicast"
			CONF
		done
	done
}

d_up() {
	lab_start d gobgp gobgpd -f "$LAB/gobgp.toml" --api-hosts 127.0.0.1:50051
	lab_wait 5 gobgp global
	d_add 10.2.0.0/24
	d_add fd02::/64
}

d_down() {
	lab_stop gobgp
}

gobgp() {
	lab_in d gobgp "$@"
}

family_of() { # PREFIX
	[[ $1 = *:* ]] && echo ipv6 || echo ipv4
}

d_is_up() {
	gobgp neighbor -j | jq -e 'length > 0 and all(.state.session_state == 6)'
}

d_routes() {
	local family

	for family in ipv4 ipv6; do
		gobgp -a $family global rib -j | jq -r 'to_entries[] | .key as $prefix | .value[] |
			select(has("source-id")) | (.attrs | INDEX(.type)) as $a |
			[$prefix, ($a["3"].nexthop // $a["14"].nexthop), $a["9"].value // "-",
			 ($a["10"].value // [] | join(",") | if . == "" then "-" else . end),
			 $a["5"].value // "-", $a["4"].metric // "-"] | join(" ")'
	done
}

d_add() { # PREFIX; the next hop is its own: it knows no interfaces
	local next_hop=10.9.0.2

	[ "$(family_of "$1")" = ipv4 ] || next_hop=fd09::2
	gobgp -a "$(family_of "$1")" global rib add "$1" nexthop $next_hop med 50 local-pref 150
}

d_del() { # PREFIX
	gobgp -a "$(family_of "$1")" global rib del "$1"
}

reflector_main gobgp
