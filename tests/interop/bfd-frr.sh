#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# BFD with FRR (zebra, bfdd, bgpd); tests/interop/bfd-lib.sh tells what is asked of it.
# shellcheck source=tests/interop/bfd-lib.sh
. "$(dirname "$0")/bfd-lib.sh"

frr=/usr/lib/frr

peer_start() {
	local common=(-P 0 -z "$LAB/frr/zserv.api" --vty_socket "$LAB/frr")

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
	cat >"$LAB/bgpd.conf" <<-CONF
		frr defaults traditional
		log stdout
		router bgp 64513
		 bgp router-id 10.9.0.2
		 no bgp ebgp-requires-policy
		 no bgp network import-check
		 neighbor 10.9.0.1 remote-as 64512
		 neighbor 10.9.0.1 timers connect 1
		 neighbor 10.9.0.1 bfd
		 neighbor 10.9.0.1 bfd profile fast
		 neighbor fd09::1 remote-as 64512
		 neighbor fd09::1 timers connect 1
		 neighbor fd09::1 bfd
		 neighbor fd09::1 bfd profile fast
		 neighbor 10.6.0.1 remote-as 64512
		 neighbor 10.6.0.1 timers connect 1
		 neighbor 10.6.0.1 ebgp-multihop 5
		 neighbor 10.6.0.1 update-source 10.7.0.2
		 neighbor 10.6.0.1 bfd
		 neighbor 10.6.0.1 bfd profile fast
		 address-family ipv4 unicast
		  network 10.2.0.0/24
		  no neighbor fd09::1 activate
		 exit-address-family
		 address-family ipv6 unicast
		  neighbor fd09::1 activate
		 exit-address-family
	CONF
	lab_start them zebra $frr/zebra -f "$LAB/zebra.conf" -i "$LAB/frr/zebra.pid" "${common[@]}"
	lab_wait 5 test -S "$LAB/frr/zserv.api"
	lab_start them bfdd $frr/bfdd -f "$LAB/bfdd.conf" -i "$LAB/frr/bfdd.pid" \
		--bfdctl "$LAB/frr/bfdd.sock" "${common[@]}"
	lab_start them frr $frr/bgpd -f "$LAB/bgpd.conf" -i "$LAB/frr/bgpd.pid" "${common[@]}"
}

frr_sh() { # DAEMON COMMAND...
	local daemon=$1 command words=()

	shift
	for command; do words+=(-c "$command"); done
	lab_in them vtysh --vty_socket "$LAB/frr" -d "$daemon" "${words[@]}"
}

peer_bfd() { # KEY up|down|slow
	local json

	json=$(frr_sh bfdd 'show bfd peers json' | jq "map(select(.peer == \"$1\")) | .[0]")
	echo "$json"
	case $2 in
	up) jq -e '.status == "up" and ."remote-transmit-interval" == 300' <<<"$json" ;;
	slow)
		jq -e '.status == "up" and ."remote-transmit-interval" == 1000 and
			."remote-detect-multiplier" == 5' <<<"$json"
		;;
	down) jq -e '.status != "up"' <<<"$json" ;;
	esac
}

peer_bgp_is_up() { # KEY
	frr_sh bgpd 'show bgp summary json' |
		jq -e "[.[].peers.\"$1\" // empty] | length > 0 and all(.state == \"Established\")"
}

peer_admin_down() {
	frr_sh bfdd 'configure terminal' bfd 'profile fast' shutdown
}

peer_admin_up() {
	frr_sh bfdd 'configure terminal' bfd 'profile fast' 'no shutdown'
}

bfd_main frr
