#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# BIRD 2, long-lived; tests/interop/restart-lib.sh tells what is asked of it.
# shellcheck source=tests/interop/restart-lib.sh
. "$(dirname "$0")/restart-lib.sh"

peer_config() {
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.2;
		log stderr all;
		protocol device { }
		protocol static s4 { ipv4; route 10.2.0.0/24 blackhole; }
		protocol static s6 { ipv6; route fd02::/64 blackhole; }
		protocol bgp speaker {
			local as $us_as;
			neighbor 10.9.0.1 as $us_as;
			direct;
			graceful restart on; graceful restart time $restart_s;
			long lived graceful restart on; long lived stale time $long_s;
			connect delay time 1; connect retry time 1; error wait time 1,1;
			ipv4 { import all; export where source = RTS_STATIC; };
			ipv6 { import all; export where source = RTS_STATIC; next hop address fd09::2; };
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
	birdc show route for "$1" protocol speaker | grep -F "$1"
}

peer_has_lowered() { # PREFIX
	birdc show route for "$1" protocol speaker all | grep -F '(65535,6)'
}

peer_refresh_in() {
	birdc reload in speaker
}

restart_main bird
