#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# GoBGP unnumbered: it takes its neighbour from the kernel's table, where our router
# advertisements put us; we know its address.  See link-lib.sh.
# shellcheck source=tests/interop/link-lib.sh
. "$(dirname "$0")/link-lib.sh"

peer_forwards=false

peer_up() {
	cat >"$LAB/gobgp.toml" <<-CONF
		[global.config]
		  as = 64513
		  router-id = "10.9.0.2"
		[[neighbors]]
		  [neighbors.config]
		    neighbor-interface = "v0"
		    peer-as = 64512
		  [neighbors.timers.config]
		    connect-retry = 1
		    idle-hold-time-after-reset = 1
		  [[neighbors.afi-safis]]
		    [neighbors.afi-safis.config]
		      afi-safi-name = "ipv4-unicast"
		  [[neighbors.afi-safis]]
		    [neighbors.afi-safis.config]
		      afi-safi-name = "ipv6-unicast"
	CONF
	lab_check_within 10 "our advertisements make us known to the kernel next door" in_neighbour_table
	lab_start them gobgp gobgpd -f "$LAB/gobgp.toml" --api-hosts 127.0.0.1:50051
	lab_wait 5 gobgp global
	gobgp -a ipv4 global rib add 10.9.0.2/32 nexthop "$them_address"
	gobgp -a ipv6 global rib add fd09::2/128 nexthop "$them_address"
}

in_neighbour_table() {
	lab_ip them -6 neigh show dev v0 | grep -F "$us_address"
}

gobgp() {
	lab_in them gobgp "$@"
}

peer_has() { # PREFIX
	local family=ipv4

	[[ $1 != *:* ]] || family=ipv6
	gobgp -a $family global rib "$1" | grep -F "$1"
}

link_begin link-gobgp
us_config 'interface = "v0"' 'as = "external"'
link_conversation unnumbered peer_up
