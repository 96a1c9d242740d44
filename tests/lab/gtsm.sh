#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/gtsm.sh
#
# TTL security (RFC 5082): "a" has a direct eBGP peer "d", and an eBGP peer "f" behind the
# router "r", both also over IPv6; and with f an iBGP session "i", for which no subnet must
# be connected, so that TTL alone decides.  d and f send with TTL 255, as ttl-security makes
# them, but for the last part.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin gtsm
lab_ns_add a d r f
lab_link a e0 10.0.1.1/24 fd00:1::1/64 d e0 10.0.1.2/24 fd00:1::2/64
lab_link a e1 10.0.2.1/24 fd00:2::1/64 r e0 10.0.2.2/24 fd00:2::2/64
lab_link r e1 10.0.3.1/24 fd00:3::1/64 f e0 10.0.3.2/24 fd00:3::2/64
lab_ip a addr add 10.0.2.11/24 dev e1
lab_ip f addr add 10.0.3.3/24 dev e0
lab_in r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
lab_ip a route add 10.0.3.0/24 via 10.0.2.2
lab_ip a route add fd00:3::/64 via fd00:2::2
lab_ip f route add 10.0.2.0/24 via 10.0.3.1
lab_ip f route add fd00:2::/64 via fd00:3::1

router() { # AS ID
	echo "router { as = $1 id = \"$2\" hold-time = 6 connect-retry = 1 connect-retry-max = 1 }"
	echo 'kernel { install = false }'
}

conf_of() { # PROCESS: from standard input, in one piece
	{
		cat
		echo "control { socket = \"$LAB/$1.sock\" }"
	} >"$LAB/$1.new"
	mv "$LAB/$1.new" "$LAB/$1.conf"
}

a_conf() { # OPTIONS FOR D, OPTIONS FOR F [HOPS OF I]
	{
		router 65001 10.0.1.1
		echo "peer \"d\"  { address = \"10.0.1.2\"  as = 65002 $1 }"
		echo "peer \"d6\" { address = \"fd00:1::2\" as = 65002 $1 }"
		echo "peer \"f\"  { address = \"10.0.3.2\"  as = 65003 $2 }"
		echo "peer \"f6\" { address = \"fd00:3::2\" as = 65003 $2 }"
		echo "peer \"i\"  { address = \"10.0.3.3\"  as = \"internal\" local-address = \"10.0.2.11\""
		echo "ttl-security = ${3:-1} }"
	} | conf_of a
}

d_conf() { # OPTIONS
	{
		router 65002 10.0.1.2
		echo "peer \"a\"  { address = \"10.0.1.1\"  as = 65001 $1 }"
		echo "peer \"a6\" { address = \"fd00:1::1\" as = 65001 $1 }"
	} | conf_of d
}

f_conf() { # OPTIONS
	{
		router 65003 10.0.3.2
		echo "peer \"a\"  { address = \"10.0.2.1\"  as = 65001 $1 }"
		echo "peer \"a6\" { address = \"fd00:2::1\" as = 65001 $1 }"
		echo 'peer "i"  { address = "10.0.2.11" as = 65001 local-as = 65001 local-address = "10.0.3.3"'
		echo "${2:-} ttl-security = 255 }"
	} | conf_of f
}

reload() { # PROCESS
	lab_ctl "$1" reload >/dev/null || lab_fail "reload of $1" "$(tail -n 3 "$LAB/$1.log")"
}

up() { # PEER...: as a sees them
	local name

	for name; do lab_established a "$name" || return 1; done
}

down() {
	local name

	for name; do lab_not lab_established a "$name" || return 1; done
}

lives_on() { # PEER SECONDS
	lab_json a ".state == \"Established\" and .uptime_s >= $2 and .flaps == 0" show peer "$1"
}

# ---------------------------------------------------------------- one hop, and two

# f sends with a TTL of 255 and takes any.
a_conf 'ttl-security = 1' 'ttl-security = 1 passive = true'
d_conf 'ttl-security = 1'
f_conf 'ttl-security = 255'
lab_bgpd a a
lab_bgpd d d
lab_bgpd f f
lab_check_within 10 "RFC 5082 3: a direct peer with ttl-security = 1 comes up, over both" up d d6
lab_check "show peer has it" lab_json a '.ttl_security == 1' show peer d
sleep 2
lab_check "a peer two hops away does not" down f f6 i
lab_check "… eBGP: it is on no connected subnet" lab_json a '.last_error | test("connected subnet")' show peer f
lab_check "RFC 5082 3: its SYN is refused for its TTL, with the reason" \
	grep -q 'i: connection refused: ttl-security: it came with a TTL of 254, 255 is the least' "$LAB/a.log"
f_conf 'ttl-security = 255' 'passive = true'
reload f
lab_check_within 10 "RFC 5082 3: what answers our SYN is dropped for its TTL: a hint" \
	lab_json a '.last_error | test("no answer.*near enough")' show peer i
lab_check "… it is not up" down i

a_conf 'ttl-security = 1' 'ttl-security = 2' 2
f_conf 'ttl-security = 2'
reload a
reload f
lab_check_within 10 "RFC 5082 3: with ttl-security = 2 on both sides it does, over both" up f f6 i
sleep 7
lab_check "… and lives" lives_on f 7
lab_check "… over IPv6, too" lives_on f6 7
lab_check "the others were not touched" lives_on d 7

# ---------------------------------------------------------------- a change under the session

a_conf 'ttl-security = 2' 'ttl-security = 255'
reload a
sleep 7
lab_check "another number of hops, the session lives on" lives_on f 14
lab_check "… the other, too" lives_on d6 14
a_conf 'ttl-security = 1' 'multihop = 255'
reload a
lab_check_within 10 "multihop needs a new session" up f f6
a_conf 'ttl-security = 1' 'ttl-security = 2'
reload a
lab_check_within 10 "… and back" up f f6

# i is a hop more away than what a takes from now on.
a_conf 'ttl-security = 1' 'ttl-security = 2' 1
reload a
lab_check_within 12 "RFC 5082 3: one hop too many from now on: the hold timer ends the session" down i
lab_check "… that one alone" up d d6 f f6
lab_check "the direct peer was not touched" lives_on d 15

# ---------------------------------------------------------------- who sends less

lab_stop d
a_conf 'ttl-security = 1 passive = true' 'ttl-security = 2'
reload a
d_conf ''
: >"$LAB/a.log"
lab_bgpd d d
lab_check_within 10 "RFC 5082 3: a direct peer that sends with a TTL of 1 is refused, with the reason" \
	grep -qE 'd6?: connection refused: ttl-security: it came with a TTL of 1, 255 is the least' "$LAB/a.log"
lab_check "… and is not up" down d d6

lab_stop d
a_conf 'ttl-security = 1' 'ttl-security = 2'
reload a
d_conf 'passive = true'
lab_bgpd d d
lab_check_within 10 "… when we dial its answer is dropped: the last error says what may be wrong" \
	lab_json a '.last_error | test("no answer.*TTL 255")' show peer d
lab_check "… it is not up" down d d6

# Who accepts must answer a SYN with 255 as well, though it checks this peer alone.
lab_stop d
a_conf 'ttl-security = 1 passive = true' 'ttl-security = 2'
reload a
d_conf 'ttl-security = 1'
lab_bgpd d d
lab_check_within 10 "RFC 5082 3: what answers a SYN has 255, too: a peer that checks comes up" up d d6
