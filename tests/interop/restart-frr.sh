#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# FRR's graceful restart; tests/interop/restart-lib.sh tells what is asked of it.
#
# A bgpd that is killed: zebra keeps its routes.  At End-of-RIB it deletes those of IPv6 that
# bgpd has not given it again, and gets them some 50 ms later: IPv4 is watched there.  At
# times it forgets to look for what did not come again, until rib-stale-time is over.
#
# A bgpd that is stopped takes its routes out of a zebra that is there (8.4 has no option
# against it): all of FRR restarts, zebra first, which keeps what it finds in the kernel for
# 8 s.  Without --v6-rr-semantics it replaces an IPv6 route by a deletion and an addition.
# shellcheck source=tests/interop/restart-lib.sh
. "$(dirname "$0")/restart-lib.sh"

frr=/usr/lib/frr
peer_kernel=(proto bgp metric 20)
peer_killed_loses=:
peer_killed_sweeps=false # zebra forgets to, at times

peer_config() {
	local long=''

	[ "$long_s" = 0 ] || long=" bgp long-lived-graceful-restart stale-time $long_s"
	mkdir -p "$LAB/frr"
	chown frr:frr "$LAB/frr"
	echo 'frr defaults traditional' >"$LAB/zebra.conf"
	cat >"$LAB/frr-head.conf" <<-CONF
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
		 bgp graceful-restart rib-stale-time 25
		$long
		 neighbor 10.9.0.1 remote-as $us_as
		 neighbor 10.9.0.1 timers connect 1
		 neighbor 10.9.0.1 advertisement-interval 0
		 address-family ipv4 unicast
		  neighbor 10.9.0.1 activate
		 exit-address-family
		 address-family ipv6 unicast
		  neighbor 10.9.0.1 activate
		  neighbor 10.9.0.1 route-map own out
		 exit-address-family
	CONF
	: >"$LAB/frr-routes"
}

networks() { # [no]: of the prefixes it reads
	local prefix

	while read -r prefix; do
		printf 'address-family %s unicast\n%s network %s\nexit-address-family\n' \
			"$(family_of "$prefix")" "$1" "$prefix"
	done
}

peer_announces() { # FILE
	local commands

	sort "$1" >"$LAB/frr-routes.new"
	mapfile -t commands < <(
		comm -23 "$LAB/frr-routes" "$LAB/frr-routes.new" | networks no
		comm -13 "$LAB/frr-routes" "$LAB/frr-routes.new" | networks ''
	)
	mv "$LAB/frr-routes.new" "$LAB/frr-routes"
	{
		cat "$LAB/frr-head.conf"
		networks '' <"$LAB/frr-routes"
	} >"$LAB/frr.conf.new"
	mv "$LAB/frr.conf.new" "$LAB/frr.conf"
	[ -z "${lab_pid[frr]:-}" ] ||
		frr_sh 'configure terminal' "router bgp $us_as" "${commands[@]}" >/dev/null
}

peer_stop() {
	lab_stop zebra TERM
	lab_stop frr TERM
}

peer_up() {
	local common=(-P 0 -z "$LAB/frr/zserv.api" --vty_socket "$LAB/frr")

	if [ -z "${lab_pid[zebra]:-}" ]; then
		rm -f "$LAB/frr/zserv.api" # a bgpd that finds nobody there tries again after 10 s
		lab_start them zebra $frr/zebra -f "$LAB/zebra.conf" -i "$LAB/frr/zebra.pid" \
			--retain --graceful_restart 8 --v6-rr-semantics "${common[@]}"
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
