#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# ExaBGP as peer; tests/interop/lib.sh tells what is asked of it.  It has no table of its
# own: a process beside it (tests/tools/exabgp-process.py) writes down what arrives.
# shellcheck source=tests/interop/lib.sh
. "$(dirname "$0")/lib.sh"

peer_has_rib=false

peer_config() { # KIND TRANSPORT GR
	local neighbor=10.9.0.1 local_address=10.9.0.2 graceful='' v4='' v6=''

	[ "$2" = 4 ] || { neighbor=fd09::1 local_address=fd09::2; }
	[ "$3" = plain ] || graceful='graceful-restart 20;'
	[ "$1$2" = ebgp6 ] || v4=4
	[ "$1$2" = ebgp4 ] || v6=6
	rm -f "$LAB/commands" "$LAB/state"
	mkfifo "$LAB/commands"
	cat >"$LAB/exabgp.conf" <<-CONF
		process table {
			run $lab_top/tests/tools/exabgp-process.py $LAB/commands $LAB/state;
			encoder json;
		}
		neighbor $neighbor {
			router-id 10.9.0.2;
			local-address $local_address;
			local-as $(them_as "$1");
			peer-as $us_as;
			hold-time 30;
			capability { $graceful }
			family {
				${v4:+ipv4 unicast;}
				${v6:+ipv6 unicast;}
			}
			api {
				processes [ table ];
				neighbor-changes;
				receive { parsed; update; }
			}
			static {
				${v4:+route 10.2.0.0/24 next-hop 10.9.0.2;}
				${v6:+route fd02::/64 next-hop fd09::2;}
			}
		}
	CONF
}

peer_up() {
	lab_start them exabgp env exabgp.daemon.user=root exabgp.daemon.drop=false \
		exabgp.api.cli=false exabgp.tcp.delay=0 exabgp.log.level=INFO \
		exabgp "$LAB/exabgp.conf"
}

peer_down() { # SIGNAL
	lab_stop exabgp "$1"
	rm -f "$LAB/state"
}

peer_is_up() {
	grep -x 'state up' "$LAB/state"
}

peer_has() { # PREFIX
	grep -F "route $1 " "$LAB/state"
}

next_hop_of() { # PREFIX
	[[ $1 = *:* ]] && echo fd09::2 || echo 10.9.0.2
}

peer_add() {
	echo "announce route $1 next-hop $(next_hop_of "$1")" >"$LAB/commands"
}

peer_del() {
	echo "withdraw route $1 next-hop $(next_hop_of "$1")" >"$LAB/commands"
}

interop_main exabgp
