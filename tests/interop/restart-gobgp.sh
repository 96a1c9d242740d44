#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# GoBGP's graceful restart; tests/interop/restart-lib.sh tells what is asked of it.  It has
# no enhanced route refresh.
#
# It writes to no kernel but by way of zebra, and 3.10 panics at what the zebra of FRR 8.4
# says ("slice bounds out of range" in interfaceUpdateBody): what it has is its global RIB,
# asked for again and again, and `gobgp monitor`.  That ends with its process, so there is
# nothing to watch at its side when it is GoBGP that restarts.
# shellcheck source=tests/interop/restart-lib.sh
. "$(dirname "$0")/restart-lib.sh"

peer_refreshes=false
peer_has_kernel=false

peer_config() {
	local family

	cat >"$LAB/gobgp.toml" <<-CONF
		[global.config]
		  as = $us_as
		  router-id = "10.9.0.2"
		[[neighbors]]
		  [neighbors.config]
		    neighbor-address = "10.9.0.1"
		    peer-as = $us_as
		  [neighbors.transport.config]
		    local-address = "10.9.0.2"
		  [neighbors.timers.config]
		    connect-retry = 1
		    idle-hold-time-after-reset = 1
		  [neighbors.graceful-restart.config]
		    enabled = true
		    restart-time = $restart_s
		    notification-enabled = true
		    long-lived-enabled = $([ "$long_s" = 0 ] && echo false || echo true)
	CONF
	for family in ipv4 ipv6; do
		cat >>"$LAB/gobgp.toml" <<-CONF
			  [[neighbors.afi-safis]]
			    [neighbors.afi-safis.config]
			      afi-safi-name = "$family-unicast"
			    [neighbors.afi-safis.mp-graceful-restart.config]
			      enabled = true
		CONF
		[ "$long_s" = 0 ] || cat >>"$LAB/gobgp.toml" <<-CONF
			    [neighbors.afi-safis.long-lived-graceful-restart.config]
			      enabled = true
			      restart-time = $long_s
		CONF
	done
	gobgp_restarted=''
}

# One process a route; those there are at the start have to be told before the session is
# up, for its End-of-RIB does not wait for them.
routes() { # add | del: of the prefixes it reads
	xargs -r -P 4 -I {} ip netns exec "$(lab_ns them)" sh -c '
		case {} in
		*:*) exec gobgp -a ipv6 global rib '"$1"' {} nexthop fd09::2 ;;
		*) exec gobgp -a ipv4 global rib '"$1"' {} nexthop 10.9.0.2 ;;
		esac'
}

peer_announces() { # FILE
	[ -e "$LAB/gobgp-routes" ] || : >"$LAB/gobgp-routes"
	sort "$1" >"$LAB/gobgp-routes.new"
	if [ -n "${lab_pid[gobgp]:-}" ]; then
		comm -23 "$LAB/gobgp-routes" "$LAB/gobgp-routes.new" | routes del
		comm -13 "$LAB/gobgp-routes" "$LAB/gobgp-routes.new" | routes add
	fi
	mv "$LAB/gobgp-routes.new" "$LAB/gobgp-routes"
}

reaches_us() { # add | del: whether its TCP does not
	lab_ip them rule "$1" pref 10 to 10.9.0.1 ipproto tcp blackhole
}

peer_up() {
	reaches_us add
	# shellcheck disable=SC2086
	lab_start them gobgp gobgpd -f "$LAB/gobgp.toml" --api-hosts 127.0.0.1:50051 $gobgp_restarted
	gobgp_restarted=--graceful-restart
	lab_wait 5 gobgp global
	routes add <"$LAB/gobgp-routes"
	reaches_us del
}

peer_down() { # SIGNAL
	lab_stop gobgp "$1"
}

# It says Cease, which is no end with RFC 8538.
peer_stop() {
	lab_stop gobgp TERM
}

gobgp() {
	lab_in them gobgp "$@"
}

family_of() { # PREFIX
	[[ $1 = *:* ]] && echo ipv6 || echo ipv4
}

# Our routes in its global RIB, a line each as fib_routes has them.
rib() {
	local family

	for family in ipv4 ipv6; do
		gobgp -j -a $family global rib || return
	done | jq -r 'to_entries[] | .key as $prefix | .value[] | select(."neighbor-ip" == "10.9.0.1") |
		[$prefix, (.attrs[] | .nexthop // empty)] | join(" ")' | sort
}

them_have() { # FILE
	local differences

	differences=$(diff <(sort "$1") <(rib) | sed -n 's/^</missing/p; s/^>/too much/p')
	[ -z "$differences" ] || { head -n 20 <<<"$differences"; return 1; }
}

them_watch_begin() { # FILE
	rib_watched=$1
	: >"$LAB/rib-missing"
	: >"$LAB/rib-asked"
	lab_start them rib-monitor stdbuf -oL gobgp monitor global rib
	while :; do
		if rib >"$LAB/rib"; then
			cut -d' ' -f1 "$LAB/rib" | comm -23 <(sort "$1") - >>"$LAB/rib-missing"
			echo >>"$LAB/rib-asked"
		fi
		sleep 0.05
	done &
	lab_pid[rib-asker]=$!
	lab_wait 10 test -s "$LAB/rib-asked"
}

them_watch_end() { # WHAT
	local asked

	lab_stop rib-asker
	lab_stop rib-monitor
	asked=$(wc -l <"$LAB/rib-asked")
	lab_check "$1, them: none of $(wc -l <"$rib_watched") routes is missing from the RIB" \
		lab_equal '' "$([ "$asked" -gt 3 ] || echo "asked $asked times"; sort "$LAB/rib-missing" | uniq -c)"
	lab_check "$1, them: gobgp monitor sees none deleted" lab_equal '' \
		"$(sed -n 's/.*\[DELROUTE\] \([^ ]*\) .*/\1/p' "$LAB/rib-monitor.log" | grep -xF -f "$rib_watched")"
	rm -f "$LAB/rib-monitor.log"
}

peer_is_up() {
	gobgp neighbor -j | jq -e '.[0].state.session_state == 6'
}

peer_has() { # PREFIX
	gobgp -a "$(family_of "$1")" global rib "$1" | grep -F "$1"
}

peer_has_lowered() { # PREFIX
	gobgp -a "$(family_of "$1")" global rib "$1" | grep -iE 'llgr-stale|65535:6'
}

restart_main gobgp
