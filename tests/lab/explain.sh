#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# `bgpctl explain`: one router in the middle, five neighbours of different kinds; for each
# path and each peer the reason is asked for, and compared with what the RFCs say.
. "$(dirname "$0")/lib.sh"

lab_begin explain
lab_ns_add r a b c d e
lab_link r to-a 192.0.2.1/30 2001:db8:a::1/64 a to-r 192.0.2.2/30 2001:db8:a::2/64
lab_link r to-b 192.0.2.5/30 2001:db8:b::1/64 b to-r 192.0.2.6/30 2001:db8:b::2/64
lab_link r to-c 192.0.2.9/30 2001:db8:c::1/64 c to-r 192.0.2.10/30 2001:db8:c::2/64
lab_link r to-d 192.0.2.13/30 2001:db8:d::1/64 d to-r 192.0.2.14/30 2001:db8:d::2/64
lab_link r to-e 192.0.2.17/30 2001:db8:e::1/64 e to-r 192.0.2.18/30 2001:db8:e::2/64

neighbour() { # NAME AS ADDRESS-OF-R NETWORK...
	local name=$1 as=$2 address=$3 network

	shift 3
	cat <<-END
	router { as = $as connect-retry = 1 }
	filter "all" { default = "accept" }
	peer "r" { address = "$address" as = 64512 import = "all" export = "all" }
	END
	for network; do echo "network \"$network\" { }"; done
}
cat >"$LAB/r.conf" <<-END
	router { as = 64512 id = "192.0.2.1" connect-retry = 1 }
	kernel { metric = 4321 }
	filter "all" { default = "accept" }
	network "172.16.0.0/16" { }
	# eBGP, twice
	peer "a" { address = "192.0.2.2" as = 65001 import = "all" export = "all" }
	peer "b" { address = "192.0.2.6" as = 65002 import = "all" export = "all" }
	# iBGP, twice, no reflection between them
	peer "c" { address = "192.0.2.10" as = 64512 }
	peer "d" { address = "192.0.2.14" as = 64512 families = {"ipv4"} }
	# eBGP without an export filter
	peer "e" { address = "192.0.2.18" as = 65005 import = "all" }
	peer "nobody" { address = "192.0.2.21" as = 64512 }
END
neighbour a 65001 192.0.2.1 10.1.0.0/16 10.2.0.0/16 10.4.0.0/16 >"$LAB/a.conf"
neighbour b 65002 192.0.2.5 10.1.0.0/16 10.4.0.0/16 >"$LAB/b.conf"
neighbour c 64512 192.0.2.9 10.1.0.0/16 10.3.0.0/16 2001:db8:3::/48 >"$LAB/c.conf"
neighbour d 64512 192.0.2.13 >"$LAB/d.conf"
neighbour e 65005 192.0.2.17 >"$LAB/e.conf"
lab_ip r route add 10.3.0.0/16 dev to-c metric 4321 proto static
for name in r a b c d e; do lab_bgpd "$name" "$name"; done

explain() { # PREFIX JQ: is it true of the answer?
	lab_ctl r -j explain "$1" >"$LAB/out" 2>&1 && jq -e "$2" "$LAB/out" >/dev/null || {
		cat "$LAB/out"
		return 1
	}
}
peer_says() { # PREFIX PEER TEXT
	explain "$1" ".peers[] | select(.name == \"$2\") | (.sent | not) and (.reason | contains(\"$3\"))"
}
peer_has() { # PREFIX PEER FROM
	explain "$1" ".peers[] | select(.name == \"$2\") | .sent and .routes[0].from == \"$3\""
}
path_says() { # PREFIX PEER TEXT
	explain "$1" ".paths[] | select(.peer == \"$2\") | (.reason | contains(\"$3\"))"
}
all_there() {
	explain 10.1.0.0/16 '.paths | length == 3' && explain 10.3.0.0/16 '.paths | length == 1' &&
		explain 10.4.0.0/16 '.paths | length == 2' && peer_has 10.1.0.0/16 b c &&
		peer_has 10.4.0.0/16 c a
}
lab_check_within 20 "three paths to one prefix are there" all_there

# ---- the choice
lab_check "the best is named, with the rule by which the next best lost (RFC 4271 9.1.2.2 a)" \
	explain 10.1.0.0/16 '.best == "c" and (.why | contains("from a") and contains("longer AS_PATH"))'
lab_check "so is each path's own reason" path_says 10.1.0.0/16 b "longer AS_PATH"
lab_check "the last rules decide between equals (RFC 4271 9.1.2.2 f)" \
	explain 10.4.0.0/16 '.best == "a" and (.why | contains("from b") and contains("higher BGP identifier"))'
lab_check "what is the only path is said to be that" \
	explain 10.2.0.0/16 '.best == "a" and .why == "it is the only path"'
lab_check "each path shows how its next hop resolves, and at what cost" \
	explain 10.2.0.0/16 '.paths[0] | .next_hop_via == "192.0.2.2" and .igp_cost == 0 and .bgp_id != null'
lab_check "an address is explained by the prefix that its packets follow" \
	explain 10.2.3.4 '.prefix == "10.2.0.0/16"'
lab_check "a prefix that nobody announces: what its packets follow" \
	explain 10.2.3.0/24 '.best == null and .paths == [] and (.why | contains("10.2.0.0/16"))'
lab_check "a prefix that nothing covers" \
	explain 203.0.113.0/24 '.best == null and (.why | contains("no peer announces it"))'

# ---- the kernel
lab_check "what is in the kernel is shown with its way" \
	explain 10.2.0.0/16 '.kernel | .state == "installed" and .via == "192.0.2.2" and .device == "to-a"'
lab_check "our own network is not in the FIB, and why" \
	explain 172.16.0.0/16 '.kernel | .state == "none" and .detail == "it is our own"'
lab_check "a foreign route in our place is a conflict, with its owner" \
	explain 10.3.0.0/16 '.kernel.state == "conflict" and .kernel.owner == "protocol 4"'

# ---- the peers
lab_check "who was sent it, and whose path" peer_has 10.1.0.0/16 b c
lab_check "not back to whom it came from" peer_says 10.2.0.0/16 a "learned from this peer"
lab_check "iBGP to iBGP without a client (RFC 4456 6)" peer_says 10.3.0.0/16 d "RFC 4456 6"
lab_check "no export filter on eBGP (RFC 8212)" peer_says 10.2.0.0/16 e "RFC 8212"
lab_check "no session" peer_says 10.2.0.0/16 nobody "no session, it is "
lab_check "a family that the session does not carry" \
	peer_says 2001:db8:3::/48 d "does not carry ipv6"

# ---- text, and errors
text() {
	lab_ctl r explain 10.4.0.0/16 >"$LAB/out" && grep -q 'best  *a$' "$LAB/out" &&
		grep -q 'not sent: it was learned from this peer' "$LAB/out" &&
		grep -q 'higher BGP identifier' "$LAB/out" && ! grep -qE '^.{81}' "$LAB/out" ||
		{ cat "$LAB/out"; return 1; }
}
lab_check "as text, within 80 columns" text
usage() { # WORDS...
	lab_ctl r explain "$@" >"$LAB/out" 2>&1
	lab_equal 2 $? || { cat "$LAB/out"; return 1; }
}
lab_check "without a prefix: exit code 2" usage
lab_check "with something else: exit code 2" usage nonsense
lab_check "with a word too many: exit code 2" usage 10.0.0.0/8 now

lab_end
