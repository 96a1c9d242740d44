#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OpenBGPD as route reflector and as client; tests/interop/reflector-lib.sh tells what is asked.
# shellcheck source=tests/interop/reflector-lib.sh
. "$(dirname "$0")/reflector-lib.sh"

openbgpd=/usr/sbin/bgpd
openbgpctl=/usr/sbin/bgpctl
d_marks_taken=true

d_config() { # client|reflector NUMBER...
	local n reflect=''

	[ "$1" = client ] || reflect='route-reflector 10.9.0.2'
	shift
	cat >"$LAB/openbgpd.conf" <<-CONF
		AS $as
		router-id 10.9.0.2
		fib-update no
		connect-retry 1
		socket "$LAB/openbgpd.sock"
		network 10.2.0.0/24 set { localpref 150 med 50 }
		network fd02::/64 set { localpref 150 med 50 }
	CONF
	for n; do
		cat >>"$LAB/openbgpd.conf" <<-CONF
			neighbor 10.9.0.$n {
				remote-as $as
				local-address 10.9.0.2
				announce IPv4 unicast
				announce IPv6 unicast
				announce restart no
				down
				$reflect
			}
		CONF
	done
	# Over an IPv4 session it would send ::1 as next hop of its own IPv6 routes
	cat >>"$LAB/openbgpd.conf" <<-CONF
		allow from any
		allow to any
		match to any prefix fd02::/16 prefixlen 16 - 128 set nexthop fd09::2
	CONF
	chmod 600 "$LAB/openbgpd.conf"
}

# What clients send before its decision engine has the configuration it would reflect without
# ORIGINATOR_ID: so its sessions start afterwards.
d_up() {
	local neighbor

	: >"$LAB/openbgpd.log"
	lab_start d openbgpd $openbgpd -d -v -f "$LAB/openbgpd.conf"
	lab_wait 10 grep -q 'RDE soft reconfiguration done' "$LAB/openbgpd.log"
	for neighbor in $(sed -n 's/^neighbor \(.*\) {$/\1/p' "$LAB/openbgpd.conf"); do
		openbgpctl neighbor "$neighbor" up >/dev/null
	done
}

d_down() { # its helpers go with it
	lab_stop openbgpd
	rm -f "$LAB/openbgpd.sock"
}

openbgpctl() {
	$openbgpctl -s "$LAB/openbgpd.sock" "$@"
}

d_is_up() {
	openbgpctl -j show neighbor | jq -e '.neighbors | length > 0 and all(.state == "Established")'
}

d_routes() {
	openbgpctl -j show rib detail | jq -r '.rib[] | select(.neighbor.description != "LOCAL") |
		((.attributes // []) | INDEX(.type)) as $a |
		[.prefix, .exit_nexthop, $a["Originator Id"].originator // "-",
		 ($a["Cluster Id List"].cluster_list // [] | join(",") | if . == "" then "-" else . end),
		 .localpref, (.metric | if . == 0 then "-" else . end)] | join(" ")'
}

d_add() { # PREFIX
	openbgpctl network add "$1" >/dev/null
}

d_del() { # PREFIX
	openbgpctl network delete "$1" >/dev/null
}

if ! getent passwd _openbgpd >/dev/null; then
	echo "1..0 # SKIP the user _openbgpd is missing"
	exit 0
fi
mkdir -p "$(getent passwd _openbgpd | cut -d: -f6)" # it changes its root to there
reflector_main openbgpd
