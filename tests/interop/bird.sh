#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# BIRD 2 as peer; tests/interop/lib.sh tells what is asked of it.
# shellcheck source=tests/interop/lib.sh
. "$(dirname "$0")/lib.sh"

peer_config() { # KIND TRANSPORT GR
	local gr='graceful restart off;' neighbor=10.9.0.1 v4='' v6=''

	[ "$3" = plain ] || gr='graceful restart on; graceful restart time 20;'
	[ "$2" = 4 ] || neighbor=fd09::1
	[ "$1$2" = ebgp6 ] || v4='ipv4 { import all; export where source = RTS_STATIC; };'
	[ "$1$2" = ebgp4 ] ||
		v6='ipv6 { import all; export where source = RTS_STATIC; next hop address fd09::2; };'
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.2;
		log stderr all;
		protocol device { }
		protocol static s4 { ipv4; route 10.2.0.0/24 blackhole; }
		protocol static s6 { ipv6; route fd02::/64 blackhole; }
		protocol static t4 { disabled; ipv4; route 10.2.1.0/24 blackhole; }
		protocol static t6 { disabled; ipv6; route fd02:0:0:1::/64 blackhole; }
		protocol bgp speaker {
			local as $(them_as "$1");
			neighbor $neighbor as $us_as;
			direct;
			${auth_key:+password \"$auth_key\";}
			${auth_hops:+ttl security on;}
			$gr
			connect delay time 1; connect retry time 1; error wait time 1,1;
			$v4
			$v6
		}
	CONF
}

peer_up() {
	lab_start them bird bird -f -c "$LAB/bird.conf" -s "$LAB/bird.ctl" -P "$LAB/bird.pid"
}

peer_down() { # SIGNAL
	lab_stop bird "$1"
}

birdc() {
	command birdc -s "$LAB/bird.ctl" "$@"
}

peer_is_up() {
	birdc show protocols speaker | grep -w Established
}

peer_has() { # PREFIX
	birdc show route for "$1" protocol speaker all | grep -F -e "$1" -e BGP.next_hop -e via |
		grep -A 2 -F "$1 "
}

toggle() { # PREFIX
	[[ $1 = *:* ]] && echo t6 || echo t4
}

peer_add() {
	birdc enable "$(toggle "$1")" >/dev/null
}

peer_del() {
	birdc disable "$(toggle "$1")" >/dev/null
}

interop_main bird
