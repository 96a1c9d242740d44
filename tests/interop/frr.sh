#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# FRR as peer, zebra and bgpd; tests/interop/lib.sh tells what is asked of it.  zebra keeps
# running while bgpd is killed, as on a router whose bgpd crashes.
# shellcheck source=tests/interop/lib.sh
. "$(dirname "$0")/lib.sh"

frr=/usr/lib/frr

peer_config() { # KIND TRANSPORT GR
	local neighbor=10.9.0.1 gr=' bgp graceful-restart-disable'

	[ "$2" = 4 ] || neighbor=fd09::1
	[ "$3" = plain ] ||
		gr=$' bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n bgp graceful-restart restart-time 20'
	frr_as=$(them_as "$1")
	mkdir -p "$LAB/frr"
	chown frr:frr "$LAB/frr"
	echo 'frr defaults traditional' >"$LAB/zebra.conf"
	# bgpd may have the session before it has heard of its addresses from zebra, and would
	# send ::ffff:10.9.0.2 as IPv6 next hop for ever: so it is told
	cat >"$LAB/frr.conf" <<-CONF
		frr defaults traditional
		log stdout
		route-map own permit 10
		 set ipv6 next-hop global fd09::2
		router bgp $frr_as
		 bgp router-id 10.9.0.2
		 no bgp ebgp-requires-policy
		 no bgp network import-check
		 no bgp default ipv4-unicast
		$gr
		 neighbor $neighbor remote-as $us_as
		 neighbor $neighbor timers connect 1
		 ${auth_key:+neighbor $neighbor password $auth_key}
		 ${auth_hops:+neighbor $neighbor ttl-security hops $auth_hops}
		 neighbor $neighbor advertisement-interval 0
	CONF
	frr_families=()
	[ "$1$2" = ebgp6 ] || frr_family "$neighbor" ipv4 10.2.0.0/24
	[ "$1$2" = ebgp4 ] || frr_family "$neighbor" ipv6 fd02::/64
}

frr_family() { # NEIGHBOR FAMILY NETWORK
	frr_families+=("$2")
	cat >>"$LAB/frr.conf" <<-CONF
		 address-family $2 unicast
		  network $3
		  neighbor $1 activate
		  $([ "$2" = ipv4 ] || echo "neighbor $1 route-map own out")
		 exit-address-family
	CONF
}

# A bgpd that does not know its interfaces yet withdraws what comes with a link-local next
# hop (RFC 2545 3), and does not ask again.
zebra_knows_links() {
	lab_in them vtysh --vty_socket "$LAB/frr" -d zebra -c 'show interface v0' | grep -q 'fd09::2'
}

peer_up() {
	local common=(-P 0 -z "$LAB/frr/zserv.api" --vty_socket "$LAB/frr")

	if [ -z "${lab_pid[zebra]:-}" ]; then
		lab_start them zebra $frr/zebra -f "$LAB/zebra.conf" -i "$LAB/frr/zebra.pid" "${common[@]}"
		lab_wait 5 test -S "$LAB/frr/zserv.api"
		lab_wait 5 zebra_knows_links
	fi
	lab_start them frr $frr/bgpd -f "$LAB/frr.conf" -i "$LAB/frr/bgpd.pid" "${common[@]}"
}

peer_down() { # SIGNAL
	lab_stop frr "$1"
	[ "$1" != TERM ] || lab_stop zebra
}

frr_sh() {
	local command words=()

	for command; do words+=(-c "$command"); done
	lab_in them vtysh --vty_socket "$LAB/frr" -d bgpd "${words[@]}"
}

peer_is_up() {
	frr_sh 'show bgp summary json' | jq -e '[.[].peers[]] | length > 0 and all(.state == "Established")'
}

family_of() { # PREFIX
	[[ $1 = *:* ]] && echo ipv6 || echo ipv4
}

peer_has() { # PREFIX
	frr_sh "show bgp $(family_of "$1") unicast $1" | grep -A 30 -F "Paths:" | grep -B 30 -E 'from (10.9.0.1|fd09::1)'
}

peer_add() {
	frr_sh 'configure terminal' "router bgp $frr_as" "address-family $(family_of "$1") unicast" \
		"network $1"
}

peer_del() {
	frr_sh 'configure terminal' "router bgp $frr_as" "address-family $(family_of "$1") unicast" \
		"no network $1"
}

interop_main frr
