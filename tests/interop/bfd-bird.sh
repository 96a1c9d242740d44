#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# BFD with BIRD 2; tests/interop/bfd-lib.sh tells what is asked of it.
# shellcheck source=tests/interop/bfd-lib.sh
. "$(dirname "$0")/bfd-lib.sh"

peer_start() {
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.2;
		log stderr all;
		protocol device { }
		protocol bfd liveness {
			interface "*" { interval 300 ms; multiplier 3; };
			multihop { interval 300 ms; multiplier 3; };
		}
		protocol static { ipv4; route 10.2.0.0/24 blackhole; }
		template bgp speaker {
			local as 64513;
			bfd on;
			connect delay time 1; connect retry time 1; error wait time 1, 1;
		}
		protocol bgp v4 from speaker {
			neighbor 10.9.0.1 as 64512; direct; ipv4 { import all; export all; };
		}
		protocol bgp v6 from speaker {
			neighbor fd09::1 as 64512; direct; ipv6 { import all; export all; };
		}
		protocol bgp far from speaker {
			neighbor 10.6.0.1 as 64512; source address 10.7.0.2; multihop 5;
			ipv4 { import all; export all; };
		}
	CONF
	lab_start them bird bird -f -c "$LAB/bird.conf" -s "$LAB/bird.ctl" -P "$LAB/bird.pid"
}

birdc() {
	command birdc -s "$LAB/bird.ctl" "$@"
}

# "10.9.0.1  v0  Up  SINCE  0.300  0.900"; a multihop one has "---" for the interface.
peer_bfd() { # KEY up|down|slow
	local line

	line=$(birdc show bfd sessions | grep -E "^${1//./\\.} ")
	echo "$line"
	case $2 in
	up) grep -qE ' Up .* 0\.300 +0\.900' <<<"$line" ;;
	slow) grep -qE ' Up .* 1\.000 +5\.000' <<<"$line" ;;
	# one that no BGP session asks for any more is not there
	down) ! grep -q ' Up ' <<<"$line" ;;
	esac
}

peer_bgp_is_up() { # KEY
	local name=v4

	case $1 in
	fd09::1) name=v6 ;;
	10.6.0.1) name=far ;;
	esac
	birdc show protocols $name | grep -w Established
}

# shellcheck disable=SC2034 # a disabled BFD protocol just stops
peer_says_admin_down=false

bfd_main bird
