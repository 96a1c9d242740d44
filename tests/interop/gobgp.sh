#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# GoBGP as peer; tests/interop/lib.sh tells what is asked of it.  Its routes come through its
# API, so each start adds them.
# shellcheck source=tests/interop/lib.sh
. "$(dirname "$0")/lib.sh"

peer_config() { # KIND TRANSPORT GR
	local neighbor=10.9.0.1 local_address=10.9.0.2 graceful=false

	[ "$2" = 4 ] || { neighbor=fd09::1 local_address=fd09::2; }
	[ "$3" = plain ] || graceful=true
	gobgp_families=()
	[ "$1$2" = ebgp6 ] || gobgp_families+=(ipv4)
	[ "$1$2" = ebgp4 ] || gobgp_families+=(ipv6)
	gobgp_graceful=$graceful
	cat >"$LAB/gobgp.toml" <<-CONF
		[global.config]
		  as = $(them_as "$1")
		  router-id = "10.9.0.2"
		[[neighbors]]
		  [neighbors.config]
		    neighbor-address = "$neighbor"
		    peer-as = $us_as
		    auth-password = "$auth_key"
		  [neighbors.transport.config]
		    local-address = "$local_address"
		  [neighbors.ttl-security.config]
		    enabled = $([ -n "$auth_hops" ] && echo true || echo false)
		    ttl-min = $((256 - ${auth_hops:-1}))
		  [neighbors.timers.config]
		    connect-retry = 1
		    idle-hold-time-after-reset = 1
		  [neighbors.graceful-restart.config]
		    enabled = $graceful
		    restart-time = 20
	CONF
	for family in "${gobgp_families[@]}"; do
		cat >>"$LAB/gobgp.toml" <<-CONF
			  [[neighbors.afi-safis]]
			    [neighbors.afi-safis.config]
			      afi-safi-name = "$family-unicast"
			    [neighbors.afi-safis.mp-graceful-restart.config]
			      enabled = $graceful
		CONF
	done
	gobgp_restarted=''
}

peer_up() {
	lab_start them gobgp gobgpd -f "$LAB/gobgp.toml" --api-hosts 127.0.0.1:50051 $gobgp_restarted
	! $gobgp_graceful || gobgp_restarted=--graceful-restart
	lab_wait 5 gobgp global
	for family in "${gobgp_families[@]}"; do
		if [ "$family" = ipv4 ]; then peer_add 10.2.0.0/24; else peer_add fd02::/64; fi
	done
}

peer_down() { # SIGNAL
	lab_stop gobgp "$1"
}

gobgp() {
	lab_in them gobgp "$@"
}

family_of() { # PREFIX
	[[ $1 = *:* ]] && echo ipv6 || echo ipv4
}

peer_is_up() {
	gobgp neighbor -j | jq -e '.[0].state.session_state == 6'
}

peer_has() { # PREFIX
	gobgp -a "$(family_of "$1")" global rib "$1" | grep -F "$1"
}

peer_add() { # the next hop is its own: it knows no interfaces
	local next_hop=10.9.0.2

	[ "$(family_of "$1")" = ipv4 ] || next_hop=fd09::2
	gobgp -a "$(family_of "$1")" global rib add "$1" nexthop $next_hop
}

peer_del() {
	gobgp -a "$(family_of "$1")" global rib del "$1"
}

interop_main gobgp
