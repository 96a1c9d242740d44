#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# BIRD 2 by link-local address, with extended next hops, and as the neighbour of an unnumbered
# peer of ours; see link-lib.sh.
# shellcheck source=tests/interop/link-lib.sh
. "$(dirname "$0")/link-lib.sh"

bird_file() { # NEIGHBOR [OPTIONS]
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.2;
		log stderr all;
		protocol device { }
		protocol radv { interface "v0" { min ra interval 3; max ra interval 4; default lifetime 0; }; }
		protocol bfd { interface "*" { interval 300 ms; multiplier 3; }; }
		protocol kernel { ipv4 { export where source = RTS_BGP; }; }
		protocol kernel { ipv6 { export where source = RTS_BGP; }; }
		protocol static { ipv4; route 10.9.0.2/32 blackhole; }
		protocol static { ipv6; route fd09::2/128 blackhole; }
		protocol bgp speaker {
			local as 64513;
			neighbor $1 as 64512;
			${2:-}
			connect delay time 1; connect retry time 1; error wait time 1,1;
			ipv4 { import all; export where source = RTS_STATIC; extended next hop on; };
			ipv6 { import all; export where source = RTS_STATIC; };
		}
	CONF
}

peer_up() { # NEIGHBOR [OPTIONS]
	bird_file "$@"
	lab_start them bird bird -f -c "$LAB/bird.conf" -s "$LAB/bird.ctl" -P "$LAB/bird.pid"
}

peer_has() { # PREFIX
	birdc -s "$LAB/bird.ctl" show route for "$1" protocol speaker | grep -F "$1"
}

peer_bfd_is_up() {
	local sessions

	sessions=$(birdc -s "$LAB/bird.ctl" show bfd sessions)
	grep -E "^$us_address +v0 +Up .* $((guard_ms / 1000))\.[03]00 +$guard_silence" <<<"$sessions" || { echo "$sessions"; return 1; }
}

link_begin link-bird
us_config "address = \"$them_address%v0\"" 'as = 64513' 'extended-next-hop = true'
link_conversation link-local peer_up "$us_address%v0"
lab_stop bird

guard_conversation "link-local, guarded" \
	"address = \"$them_address%v0\" as = 64513 extended-next-hop = true" \
	peer_up "$us_address%v0" "bfd on; password \"$guard_key\";"
lab_stop bird
# It has no unnumbered peers itself, but its advertisements let us find it.
guard_conversation "unnumbered here, guarded" 'interface = "v0" as = "external"' \
	peer_up "$us_address%v0" "bfd on; password \"$guard_key\";"
lab_stop bird

link_gets_addresses
us_config 'address = "fd08::2"' 'as = 64513' 'extended-next-hop = true'
link_conversation "over IPv6" peer_up fd08::1
