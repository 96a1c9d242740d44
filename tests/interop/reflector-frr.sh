#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# FRR as route reflector and as client, zebra and bgpd; tests/interop/reflector-lib.sh tells
# what is asked.
# shellcheck source=tests/interop/reflector-lib.sh
. "$(dirname "$0")/reflector-lib.sh"

frr=/usr/lib/frr
d_reflected_med=0

d_config() { # client|reflector NUMBER...
	local n family reflect=$1

	shift
	mkdir -p "$LAB/frr"
	chown frr:frr "$LAB/frr"
	echo 'frr defaults traditional' >"$LAB/zebra.conf"
	# The IPv6 next hop: bgpd may have the session before zebra told it of its addresses
	cat >"$LAB/frr.conf" <<-CONF
		frr defaults traditional
		log stdout
		ipv6 prefix-list own seq 5 permit fd02::/16 le 128
		route-map own permit 10
		 match ipv6 address prefix-list own
		 set ipv6 next-hop global fd09::2
		route-map own permit 20
		route-map marked permit 10
		 set local-preference 150
		 set metric 50
		router bgp $as
		 bgp router-id 10.9.0.2
		 no bgp network import-check
		 no bgp default ipv4-unicast
		 bgp graceful-restart-disable
	CONF
	for n; do
		cat >>"$LAB/frr.conf" <<-CONF
			 neighbor 10.9.0.$n remote-as $as
			 neighbor 10.9.0.$n timers connect 1
			 neighbor 10.9.0.$n advertisement-interval 0
		CONF
	done
	for family in ipv4 ipv6; do
		echo " address-family $family unicast"
		echo "  network $([ $family = ipv4 ] && echo 10.2.0.0/24 || echo fd02::/64) route-map marked"
		for n; do
			echo "  neighbor 10.9.0.$n activate"
			[ "$reflect" = client ] || echo "  neighbor 10.9.0.$n route-reflector-client"
			[ $family = ipv4 ] || echo "  neighbor 10.9.0.$n route-map own out"
		done
		echo " exit-address-family"
	done >>"$LAB/frr.conf"
}

d_up() {
	local common=(-P 0 -z "$LAB/frr/zserv.api" --vty_socket "$LAB/frr")

	lab_start d zebra $frr/zebra -f "$LAB/zebra.conf" -i "$LAB/frr/zebra.pid" "${common[@]}"
	lab_wait 5 test -S "$LAB/frr/zserv.api"
	lab_start d frr $frr/bgpd -f "$LAB/frr.conf" -i "$LAB/frr/bgpd.pid" "${common[@]}"
}

d_down() {
	lab_stop frr
	lab_stop zebra
}

frr_sh() {
	local command words=()

	for command; do words+=(-c "$command"); done
	lab_in d vtysh --vty_socket "$LAB/frr" -d bgpd "${words[@]}"
}

d_is_up() {
	frr_sh 'show bgp summary json' | jq -e '[.[].peers[]] | length > 0 and all(.state == "Established")'
}

d_routes() {
	local family commands

	for family in ipv4 ipv6; do
		mapfile -t commands < <(frr_sh "show bgp $family unicast json" |
			jq -r ".routes | keys[] | \"show bgp $family unicast \(.) json\"")
		frr_sh "${commands[@]}" |
			jq -r '.prefix as $prefix | .paths[] | select(.sourced | not) |
				[$prefix, (.nexthops | map(select(.scope != "link-local")) | .[0].ip), .originatorId // "-",
				 (.clusterList.list // [] | join(",") | if . == "" then "-" else . end), .locPrf, .metric // "-"] | join(" ")'
	done
}

family_of() { # PREFIX
	[[ $1 = *:* ]] && echo ipv6 || echo ipv4
}

d_add() { # PREFIX
	frr_sh 'configure terminal' "router bgp $as" "address-family $(family_of "$1") unicast" "network $1"
}

d_del() { # PREFIX
	frr_sh 'configure terminal' "router bgp $as" "address-family $(family_of "$1") unicast" "no network $1"
}

reflector_main frr
