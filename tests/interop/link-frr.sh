#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# FRR unnumbered: each side finds the other by router advertisements; see link-lib.sh.  And
# by a link-local address that is configured.
# shellcheck source=tests/interop/link-lib.sh
. "$(dirname "$0")/link-lib.sh"

frr=/usr/lib/frr

peer_up() { # NEIGHBOR DEFINITION...
	local common=(-P 0 -z "$LAB/frr/zserv.api" --vty_socket "$LAB/frr")

	rm -rf "$LAB/frr"
	mkdir -p "$LAB/frr"
	chown frr:frr "$LAB/frr"
	echo 'frr defaults traditional' >"$LAB/zebra.conf"
	cat >"$LAB/bfdd.conf" <<-CONF
		frr defaults traditional
		bfd
		 profile fast
		  detect-multiplier 3
		  receive-interval 300
		  transmit-interval 300
		 exit
		exit
	CONF
	cat >"$LAB/frr.conf" <<-CONF
		frr defaults traditional
		log stdout
		router bgp 64513
		 bgp router-id 10.9.0.2
		 no bgp ebgp-requires-policy
		 no bgp network import-check
		 $(printf '%s\n ' "${@:2}")
		 neighbor $1 timers connect 1
		 neighbor $1 advertisement-interval 0
		 neighbor $1 capability extended-nexthop
		 address-family ipv4 unicast
		  network 10.9.0.2/32
		 exit-address-family
		 address-family ipv6 unicast
		  network fd09::2/128
		  neighbor $1 activate
		 exit-address-family
	CONF
	lab_start them zebra $frr/zebra -f "$LAB/zebra.conf" -i "$LAB/frr/zebra.pid" "${common[@]}"
	lab_wait 5 test -S "$LAB/frr/zserv.api"
	lab_start them bfdd $frr/bfdd -f "$LAB/bfdd.conf" -i "$LAB/frr/bfdd.pid" \
		--bfdctl "$LAB/frr/bfdd.sock" "${common[@]}"
	lab_start them frr $frr/bgpd -f "$LAB/frr.conf" -i "$LAB/frr/bgpd.pid" "${common[@]}"
}

frr_sh() { # COMMAND [DAEMON]
	lab_in them vtysh --vty_socket "$LAB/frr" -d "${2:-bgpd}" -c "$1"
}

peer_has() { # PREFIX
	local family=ipv4

	[[ $1 != *:* ]] || family=ipv6
	frr_sh "show bgp $family unicast $1 json" | jq -e '.paths | length > 0 and all(.valid)'
}

peer_bfd_is_up() {
	local json

	json=$(frr_sh 'show bfd peers json' bfdd)
	jq -e "any(.peer == \"$us_address\" and .interface == \"v0\" and .status == \"up\" and
		.\"remote-transmit-interval\" == $guard_ms)" <<<"$json" || { echo "$json"; return 1; }
}

peer_down() {
	lab_stop frr
	lab_stop bfdd
	lab_stop zebra
	lab_ip them route flush proto bgp 2>/dev/null
	lab_ip them -6 route flush proto bgp 2>/dev/null
}

link_begin link-frr

us_config 'interface = "v0"' 'as = "external"'
link_conversation unnumbered peer_up v0 'neighbor v0 interface remote-as external'
peer_down

us_config "address = \"$them_address%v0\"" 'as = 64513' 'extended-next-hop = true'
link_conversation link-local peer_up "$us_address" \
	"neighbor $us_address remote-as 64512" "neighbor $us_address interface v0"
peer_down

guard_conversation "unnumbered, guarded" 'interface = "v0" as = "external"' peer_up v0 \
	'neighbor v0 interface remote-as external' \
	"neighbor v0 password $guard_key" 'neighbor v0 bfd' 'neighbor v0 bfd profile fast'
peer_down

guard_conversation "link-local, guarded" \
	"address = \"$them_address%v0\" as = 64513 extended-next-hop = true" peer_up "$us_address" \
	"neighbor $us_address remote-as 64512" "neighbor $us_address interface v0" \
	"neighbor $us_address password $guard_key" "neighbor $us_address bfd" \
	"neighbor $us_address bfd profile fast"
peer_down

link_gets_addresses
us_config 'address = "fd08::2"' 'as = 64513' 'extended-next-hop = true'
link_conversation "over IPv6" peer_up fd08::1 'neighbor fd08::1 remote-as 64512'
