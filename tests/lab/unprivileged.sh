#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A pure reflector needs no privilege beyond its port: as a user of its own it reflects
# between two nodes, once with nothing but CAP_NET_BIND_SERVICE, once with no capability at
# all on a port above 1023.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin unprivileged
lab_ns_add r a b
lab_link r va 10.9.1.1/24 '' a v0 10.9.1.2/24 ''
lab_link r vb 10.9.2.1/24 '' b v0 10.9.2.2/24 ''
lab_ip a route add 10.9.2.0/24 via 10.9.1.1
lab_ip b route add 10.9.1.0/24 via 10.9.2.1
lab_in r sysctl -qw net.ipv4.ip_forward=1

node() { # NAME REFLECTOR BLOCK PORT
	cat >"$LAB/$1.conf" <<-CONF
		router { as = 64512 connect-retry = 1 connect-retry-max = 1 }
		network "$3" { }
		peer "r" { address = "$2" as = internal port = $4 }
	CONF
	lab_bgpd "$1" "$1"
}

# Its own socket has to lie where its user may write.
reflector() { # PORT SETPRIV-OPTION...
	local port=$1

	shift
	mkdir -p "$LAB/r"
	chown nobody "$LAB/r"
	cat >"$LAB/r.conf" <<-CONF
		router { as = 64512 id = "10.9.1.1" port = $port }
		kernel { install = false }
		group "clients" {
			as = internal
			client = true
			range = {"10.9.0.0/16"}
		}
		log { level = "notice" }
		control { socket = "$LAB/r/sock" }
	CONF
	ln -sf r/sock "$LAB/r.sock"
	lab_start r r setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs "$@" \
		"$bgpd" -f "$LAB/r.conf"
}

runs_as() { # CAPABILITIES
	local status=/proc/${lab_pid[r]}/status

	lab_equal "$(id -u nobody) $1" "$(sed -n 's/^Uid:\t[0-9]*\t\([0-9]*\).*/\1/p' "$status") $(
		sed -n 's/^CapEff:\t0*\([0-9a-f]*\)/\1/p' "$status")"
}

reflects() { # LABEL PORT CAPABILITIES SETPRIV-OPTION...
	local label=$1 port=$2 capabilities=$3

	shift 3
	: >"$LAB/r.log"
	reflector "$port" "$@"
	node a 10.9.1.1 10.1.0.0/24 "$port"
	node b 10.9.2.1 10.2.0.0/24 "$port"
	lab_check_within 10 "$label: sessions with both" \
		lab_json r 'length == 2 and all(.state == "Established")' show peers
	lab_check "$label: it runs as nobody with capabilities [$capabilities]" runs_as "$capabilities"
	lab_check_within 5 "$label: a has b's route in its kernel" \
		lab_in a sh -c 'ip route show 10.2.0.0/24 | grep -q "via 10.9.1.1"'
	lab_check_within 5 "$label: and b has a's" \
		lab_in b sh -c 'ip route show 10.1.0.0/24 | grep -q "via 10.9.2.1"'
	lab_check "$label: the reflector's own kernel has neither" lab_equal '' "$(lab_ip r route show proto 186)"
	lab_check "$label: and it complains of nothing" lab_not grep -E 'warning|error|denied|permitted' "$LAB/r.log"
	lab_stop a
	lab_stop b
	lab_stop r
}

reflects "port 179" 179 400 --inh-caps=-all,+net_bind_service --ambient-caps=+net_bind_service \
	--bounding-set=-all,+net_bind_service
reflects "port 1179" 1179 '' --inh-caps=-all --bounding-set=-all
