#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# FRR, long-lived; tests/interop/restart-lib.sh tells what is asked of it.
# shellcheck source=tests/interop/restart-lib.sh
. "$(dirname "$0")/restart-lib.sh"

frr=/usr/lib/frr

peer_config() {
	mkdir -p "$LAB/frr"
	chown frr:frr "$LAB/frr"
	echo 'frr defaults traditional' >"$LAB/zebra.conf"
	cat >"$LAB/frr.conf" <<-CONF
		frr defaults traditional
		log stdout
		route-map own permit 10
		 set ipv6 next-hop global fd09::2
		router bgp $us_as
		 bgp router-id 10.9.0.2
		 no bgp network import-check
		 no bgp default ipv4-unicast
		 bgp graceful-restart
		 bgp graceful-restart preserve-fw-state
		 bgp graceful-restart restart-time $restart_s
		 bgp graceful-restart stalepath-time 60
		 bgp long-lived-graceful-restart stale-time $long_s
		 neighbor 10.9.0.1 remote-as $us_as
		 neighbor 10.9.0.1 timers connect 1
		 neighbor 10.9.0.1 advertisement-interval 0
		 address-family ipv4 unicast
		  network 10.2.0.0/24
		  neighbor 10.9.0.1 activate
		 exit-address-family
		 address-family ipv6 unicast
		  network fd02::/64
		  neighbor 10.9.0.1 activate
		  neighbor 10.9.0.1 route-map own out
		 exit-address-family
	CONF
}

peer_up() {
	local common=(-P 0 -z "$LAB/frr/zserv.api" --vty_socket "$LAB/frr")

	if [ -z "${lab_pid[zebra]:-}" ]; then
		lab_start them zebra $frr/zebra -f "$LAB/zebra.conf" -i "$LAB/frr/zebra.pid" "${common[@]}"
		lab_wait 5 test -S "$LAB/frr/zserv.api"
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

family_of() { # PREFIX
	[[ $1 = *:* ]] && echo ipv6 || echo ipv4
}

peer_is_up() {
	frr_sh 'show bgp summary json' |
		jq -e '[.[].peers[]] | length > 0 and all(.state == "Established")'
}

peer_has() { # PREFIX
	frr_sh "show bgp $(family_of "$1") unicast $1" | grep -E 'from (10.9.0.1|fd09::1)'
}

peer_has_lowered() { # PREFIX
	frr_sh "show bgp $(family_of "$1") unicast $1" | grep -iE 'Community: .*llgr-stale|Community: .*65535:6'
}

peer_refresh_in() {
	frr_sh 'clear bgp ipv4 unicast 10.9.0.1 soft in'
}

restart_main frr
