#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# BIRD 2 as route reflector and as client; tests/interop/reflector-lib.sh tells what is asked.
# shellcheck source=tests/interop/reflector-lib.sh
. "$(dirname "$0")/reflector-lib.sh"

d_config() { # client|reflector NUMBER...
	local n reflect=''

	[ "$1" = client ] || reflect='rr client;'
	shift
	cat >"$LAB/bird.conf" <<-CONF
		router id 10.9.0.2;
		log stderr all;
		protocol device { }
		protocol static s4 { ipv4; route 10.2.0.0/24 blackhole; }
		protocol static s6 { ipv6; route fd02::/64 blackhole; }
		protocol static t4 { disabled; ipv4; route 10.2.1.0/24 blackhole; }
		protocol static t6 { disabled; ipv6; route fd02:0:0:1::/64 blackhole; }
		filter marked {
			if source = RTS_STATIC then { bgp_local_pref = 150; bgp_med = 50; }
			accept;
		}
		template bgp speaker {
			local 10.9.0.2 as $as;
			direct;
			$reflect
			connect delay time 1; connect retry time 1; error wait time 1,1;
			ipv4 { import all; export filter marked; };
			ipv6 { import all; export filter marked; next hop address fd09::2; };
		}
	CONF
	for n; do
		echo "protocol bgp p$n from speaker { neighbor 10.9.0.$n as $as; }" >>"$LAB/bird.conf"
	done
}

d_up() {
	lab_start d bird bird -f -c "$LAB/bird.conf" -s "$LAB/bird.ctl" -P "$LAB/bird.pid"
}

d_down() {
	lab_stop bird
}

birdc() {
	command birdc -s "$LAB/bird.ctl" "$@"
}

d_is_up() {
	! birdc show protocols | grep -w BGP | grep -vw Established
}

# A path begins with its prefix, or with blanks where it is another one of the last prefix;
# its attributes follow.
d_routes() {
	birdc show route all 2>/dev/null | awk '
		function out() { if (bgp) print prefix, hop, originator, cluster, pref, med; bgp = 0 }
		/ \[[a-z0-9]+ [0-9:.-]+/ {
			out()
			if ($1 ~ "/") prefix = $1
			bgp = / \[p[0-9]+ /
			originator = cluster = med = "-"
		}
		/BGP.next_hop:/      { hop = $2 }
		/BGP.local_pref:/    { pref = $2 }
		/BGP.med:/           { med = $2 }
		/BGP.originator_id:/ { originator = $2 }
		/BGP.cluster_list:/  { cluster = $2; for (i = 3; i <= NF; i++) cluster = cluster "," $i }
		END { out() }'
}

static() { # PREFIX
	[[ $1 = *:* ]] && echo t6 || echo t4
}

d_add() { # PREFIX
	birdc enable "$(static "$1")" >/dev/null
}

d_del() { # PREFIX
	birdc disable "$(static "$1")" >/dev/null
}

reflector_main bird
