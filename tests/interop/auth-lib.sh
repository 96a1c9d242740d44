# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# TCP MD5 (RFC 2385) and TTL security (RFC 5082) with every other BGP speaker that has them,
# over IPv4 and IPv6; sourced by lib.sh in place of its own conversation, for auth-PEER.sh.
# A peer may set peer_has_md5, peer_has_gtsm or peer_needs_signature to false.

peer_has_md5=${peer_has_md5:-true}
peer_has_gtsm=${peer_has_gtsm:-true}
peer_needs_signature=${peer_needs_signature:-true}

auth_start() { # TRANSPORT OUR-OPTIONS
	us_options="hold-time = 9 $2"
	us_config ebgp "$1" plain
	peer_config ebgp "$1" plain
	peer_up
	lab_bgpd us us
}

auth_stop() {
	lab_stop us
	peer_down KILL
	lab_ip us route flush proto bgp 2>/dev/null
	lab_ip us -6 route flush proto bgp 2>/dev/null
}

us_reload() { # TRANSPORT OUR-OPTIONS
	us_options="hold-time = 9 $2"
	us_config ebgp "$1" plain
	echo "control { socket = \"$LAB/us.sock\" }" >>"$LAB/us.conf"
	lab_ctl us reload >/dev/null
}

auth_routes() { # LABEL TRANSPORT
	local ours theirs nh their_nh

	families_of ebgp "$2"
	read -r ours _ theirs _ nh their_nh <<<"${families[0]}"
	lab_check_within 5 "$1: peer has $ours" peer_has_via "$ours" "$nh"
	lab_check_within 5 "$1: we have $theirs" us_has "$theirs" ".next_hop == \"$their_nh\""
}

# It lives longer than the hold time, with no other session in between.
lived() { # SECONDS
	lab_json us "map(select(.name == \"them\")) | .[0] | .state == \"Established\" and .uptime_s >= $1" show peers
}

conversation_md5() { # TRANSPORT
	local label="TCP MD5 over IPv$1"

	auth_key='Tapir-0815.x' auth_hops=''
	auth_start "$1" "password = \"$auth_key\""
	lab_check_within 30 "$label: RFC 2385 2.0: session established, both say" both_up || {
		lab_logs
		auth_stop
		return
	}
	auth_routes "$label" "$1"
	# A rekey that the other side is late for: TCP sends again what was not acknowledged.
	us_reload "$1" 'password = "another"'
	sleep 2
	us_reload "$1" "password = \"$auth_key\""
	sleep 9
	lab_check "$label: another key for two seconds, the session lives on" lived 10
	lab_check "$label: … as the peer sees it, too" peer_is_up
	auth_stop

	auth_start "$1" 'password = "another"'
	sleep 6
	lab_check "$label: RFC 2385 2.0: another key does not come up" lab_not both_up
	if $peer_needs_signature; then
		us_reload "$1" ''
		sleep 6
		lab_check "$label: RFC 2385 2.0: nor does none" lab_not both_up
	fi
	us_reload "$1" "password = \"$auth_key\""
	lab_check_within 40 "$label: the right one by a reload, and it does" both_up
	auth_stop
}

conversation_gtsm() { # TRANSPORT KEY
	local label="TTL security over IPv$1${2:+ and TCP MD5}"

	auth_key=$2 auth_hops=1
	auth_start "$1" "ttl-security = 1 ${2:+password = \"$2\"}"
	lab_check_within 30 "$label: RFC 5082 3: session established, both say" both_up || {
		lab_logs
		auth_stop
		return
	}
	auth_routes "$label" "$1"
	sleep 9
	lab_check "$label: it outlives the hold time" lived 9
	auth_stop

	# Without it we send with a TTL of 1, as to any eBGP peer.
	auth_start "$1" "${2:+password = \"$2\"}"
	sleep 6
	lab_check "$label: RFC 5082 3: we without it do not come up" lab_not both_up
	us_reload "$1" "ttl-security = 1 ${2:+password = \"$2\"}"
	lab_check_within 40 "$label: by a reload, and it does" both_up
	auth_stop
}

auth_main() { # NAME
	local name=$1

	lab_begin "interop-auth-$name"
	lab_ns_add us them
	lab_link us v0 10.9.0.1/24 fd09::1/64 them v0 10.9.0.2/24 fd09::2/64
	if $peer_has_md5; then
		conversation_md5 4
		conversation_md5 6
	fi
	if $peer_has_gtsm; then
		conversation_gtsm 4 ''
		conversation_gtsm 6 ''
		! $peer_has_md5 || conversation_gtsm 4 'Tapir-0815.x'
	fi
}
