#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# OpenBGPD as peer; tests/interop/lib.sh tells what is asked of it.  It helps a restarting
# peer but does not announce that it keeps its own forwarding state.
# shellcheck source=tests/interop/lib.sh
. "$(dirname "$0")/lib.sh"

openbgpd=/usr/sbin/bgpd
openbgpctl=/usr/sbin/bgpctl
peer_restarts=false
peer_needs_signature=false # with a key it takes connections without a signature, too

peer_config() { # KIND TRANSPORT GR
	local neighbor=10.9.0.1 local_address=10.9.0.2 restart=yes v4=unicast v6=unicast

	[ "$2" = 4 ] || { neighbor=fd09::1 local_address=fd09::2; }
	openbgpd_neighbor=$neighbor
	[ "$3" = gr ] || restart=no
	[ "$1$2" = ebgp6 ] && v4=none
	[ "$1$2" = ebgp4 ] && v6=none
	cat >"$LAB/openbgpd.conf" <<-CONF
		AS $(them_as "$1")
		router-id 10.9.0.2
		fib-update no
		connect-retry 1
		socket "$LAB/openbgpd.sock"
		network 10.2.0.0/24
		network fd02::/64
		neighbor $neighbor {
			remote-as $us_as
			local-address $local_address
			announce IPv4 $v4
			announce IPv6 $v6
			announce restart $restart
			${auth_key:+tcp md5sig password \"$auth_key\"}
			${auth_hops:+ttl-security yes}
		}
		allow from any
		allow to any
		# over an IPv4 session it would send ::1
		match to any inet6 set nexthop fd09::2
	CONF
	chmod 600 "$LAB/openbgpd.conf"
}

peer_up() {
	lab_start them openbgpd $openbgpd -d -v -f "$LAB/openbgpd.conf"
	lab_wait 5 test -S "$LAB/openbgpd.sock"
}

peer_down() { # SIGNAL: to all three processes
	[ -n "${lab_pid[openbgpd]:-}" ] || return 0
	# shellcheck disable=SC2046 # one word a process
	[ "$1" = TERM ] || kill "-$1" $(ip netns pids "$(lab_ns them)")
	lab_stop openbgpd "$1"
	rm -f "$LAB/openbgpd.sock"
}

openbgpctl() {
	$openbgpctl -s "$LAB/openbgpd.sock" "$@"
}

peer_is_up() {
	openbgpctl show neighbor | grep 'BGP state = Established'
}

peer_has() { # PREFIX
	openbgpctl show rib neighbor "$openbgpd_neighbor" "$1" | grep -F "$1 "
}

peer_add() {
	openbgpctl network add "$1" >/dev/null
}

peer_del() {
	openbgpctl network delete "$1" >/dev/null
}

if ! getent passwd _openbgpd >/dev/null; then
	echo "1..0 # SKIP the user _openbgpd is missing"
	exit 0
fi
mkdir -p "$(getent passwd _openbgpd | cut -d: -f6)" # it changes its root to there
interop_main openbgpd
