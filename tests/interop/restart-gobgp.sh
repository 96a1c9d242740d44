#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# GoBGP, long-lived; tests/interop/restart-lib.sh tells what is asked of it.  It has no
# enhanced route refresh.
# shellcheck source=tests/interop/restart-lib.sh
. "$(dirname "$0")/restart-lib.sh"

peer_refreshes=false

peer_config() {
	local family

	cat >"$LAB/gobgp.toml" <<-CONF
		[global.config]
		  as = $us_as
		  router-id = "10.9.0.2"
		[[neighbors]]
		  [neighbors.config]
		    neighbor-address = "10.9.0.1"
		    peer-as = $us_as
		  [neighbors.transport.config]
		    local-address = "10.9.0.2"
		  [neighbors.timers.config]
		    connect-retry = 1
		    idle-hold-time-after-reset = 1
		  [neighbors.graceful-restart.config]
		    enabled = true
		    restart-time = $restart_s
		    long-lived-enabled = true
	CONF
	for family in ipv4 ipv6; do
		cat >>"$LAB/gobgp.toml" <<-CONF
			  [[neighbors.afi-safis]]
			    [neighbors.afi-safis.config]
			      afi-safi-name = "$family-unicast"
			    [neighbors.afi-safis.mp-graceful-restart.config]
			      enabled = true
			    [neighbors.afi-safis.long-lived-graceful-restart.config]
			      enabled = true
			      restart-time = $long_s
		CONF
	done
	gobgp_restarted=''
}

peer_up() {
	# shellcheck disable=SC2086
	lab_start them gobgp gobgpd -f "$LAB/gobgp.toml" --api-hosts 127.0.0.1:50051 $gobgp_restarted
	gobgp_restarted=--graceful-restart
	lab_wait 5 gobgp global
	gobgp -a ipv4 global rib add 10.2.0.0/24 nexthop 10.9.0.2
	gobgp -a ipv6 global rib add fd02::/64 nexthop fd09::2
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

peer_has_lowered() { # PREFIX
	gobgp -a "$(family_of "$1")" global rib "$1" | grep -iE 'llgr-stale|65535:6'
}

restart_main gobgp
