#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# BIRD 2's graceful restart; tests/interop/restart-lib.sh tells what is asked of it.
# shellcheck source=tests/interop/restart-lib.sh
. "$(dirname "$0")/restart-lib.sh"

peer_kernel=(proto bird)

peer_config() {
	local long='long lived graceful restart off;'

	[ "$long_s" = 0 ] || long="long lived graceful restart on; long lived stale time $long_s;"
	bird_restarted=''
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.2;
		log stderr all;
		protocol device { }
		protocol kernel k4 { persist; graceful restart; ipv4 { export where source = RTS_BGP; }; }
		protocol kernel k6 { persist; graceful restart; ipv6 { export where source = RTS_BGP; }; }
		include "$LAB/bird-routes.conf";
		protocol bgp speaker {
			local as $us_as;
			neighbor 10.9.0.1 as $us_as;
			direct;
			graceful restart on; graceful restart time $restart_s;
			$long
			connect delay time 1; connect retry time 1; error wait time 1,1;
			ipv4 { import all; export where source = RTS_STATIC; };
			ipv6 { import all; export where source = RTS_STATIC; next hop address fd09::2; };
		}
	CONF
}

peer_announces() { # FILE
	{
		echo 'protocol static s4 { ipv4;'
		sed -n '/:/!s/.*/\troute & blackhole;/p' "$1"
		printf '}\nprotocol static s6 { ipv6;\n'
		sed -n '/:/s/.*/\troute & blackhole;/p' "$1"
		echo '}'
	} >"$LAB/bird-routes.new"
	mv "$LAB/bird-routes.new" "$LAB/bird-routes.conf"
	[ -z "${lab_pid[bird]:-}" ] || birdc configure >/dev/null
}

# -R: what it was told before its end is still in the kernel.
peer_up() {
	# shellcheck disable=SC2086
	lab_start them bird bird -f -c "$LAB/bird.conf" -s "$LAB/bird.ctl" -P "$LAB/bird.pid" $bird_restarted
	bird_restarted=-R
}

peer_stop() {
	birdc graceful restart >/dev/null
	lab_wait 5 lab_not kill -0 "${lab_pid[bird]}"
	unset 'lab_pid[bird]'
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
