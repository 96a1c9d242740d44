# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Route reflection (RFC 4456) with every other BGP speaker: as clients of our reflectors, and
# ours as clients of theirs.  On one LAN, AS 64512:
#
#   r  10.9.0.1  ours, reflector        u  10.9.0.3  ours, client
#   s  10.9.0.5  ours, reflector        v  10.9.0.4  ours, client
#   d  10.9.0.2  the daemon in question: client of r (and s), or the reflector of u and v
#
# each also fd09::N, with its address as router id.  Each announces 10.N.0.0/24 and fd0N::/64;
# d, with LOCAL_PREF 150 and MED 50 on them, may announce 10.2.1.0/24 and fd02:0:0:1::/64 too.
# A script defines:
#
#   d_config client REFLECTOR... | reflector CLIENT...    by the last number of their addresses
#   d_up, d_down             starts and ends its processes
#   d_is_up                  is each session established, as it sees it?
#   d_routes                 what it holds from peers, a line a path as we print ours:
#                            PREFIX NEXT_HOP ORIGINATOR_ID CLUSTER_LIST LOCAL_PREF MED
#   d_add PREFIX, d_del PREFIX
#   d_reflected_med=M        if it puts a MED on what it reflects without one
#   d_marks_own=true         if it puts ORIGINATOR_ID and CLUSTER_LIST on its own routes, too
#   d_marks_taken=true       if it does so when it takes a client's routes in
#
# and calls reflector_main.  What is compared is always all that a speaker holds.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

as=64512
d_reflected_med=-
d_marks_own=false
d_marks_taken=false
declare -A number=([r]=1 [d]=2 [u]=3 [v]=4 [s]=5)

lan_up() {
	local name n

	lab_ns_add lan r d u v s
	lab_ip lan link add br0 type bridge
	lab_ip lan link set br0 up
	for name in r d u v s; do
		n=${number[$name]}
		ip link add eth0 netns "$(lab_ns "$name")" type veth peer name "p$n" netns "$(lab_ns lan)"
		lab_ip lan link set "p$n" master br0 up
		lab_address "$name" eth0 "10.9.0.$n/24" "fd09::$n/64"
	done
}

# ---------------------------------------------------------------- ours

# The one peer file: d, u and v, and the reflectors.
peer_file() { # REFLECTOR...
	local name

	echo "cluster {"
	for name in "$@"; do
		printf '\tnode "%s" { address = "10.9.0.%s" address6 = "fd09::%s" reflector = true }\n' \
			"$name" "${number[$name]}" "${number[$name]}"
	done
	for name in d u v; do
		[[ " $* " = *" $name "* ]] ||
			printf '\tnode "%s" { address = "10.9.0.%s" address6 = "fd09::%s" }\n' \
				"$name" "${number[$name]}" "${number[$name]}"
	done
	echo "}"
}

our_up() { # NAME [ROUTER-OPTION]: with $LAB/cluster.conf
	local n=${number[$1]}

	cat >"$LAB/$1.conf" <<-CONF
		router { as = $as id = "10.9.0.$n" connect-retry = 1 connect-retry-max = 1 graceful-restart = false ${2:-} }
		network "10.$n.0.0/24" { }
		network "fd0$n::/64" { }
		include("$LAB/cluster.conf")
	CONF
	lab_bgpd "$1" "$1"
}

# Learned routes, as d_routes prints them.
our_routes() { # NAME
	lab_ctl "$1" -j show routes | jq -r '.[] | select(.peer != null and .valid) |
		[.prefix, .next_hop, .originator_id // "-", (.cluster_list // [] | join(",") | if . == "" then "-" else . end),
		 .local_pref, .med // "-"] | join(" ")'
}

# ---------------------------------------------------------------- what is expected

# The two routes of a host: as it sent them, or as reflected with that CLUSTER_LIST.
routes_of() { # NAME [CLUSTER_LIST]
	local n=${number[$1]} tail="100 -" from="- -"

	[ -z "${2:-}" ] || from="10.9.0.$n $2"
	[ "${2:-}" != 10.9.0.2 ] || tail="100 $d_reflected_med"
	[ "$1" != d ] || tail="150 50"
	echo "10.$n.0.0/24 10.9.0.$n $from $tail"
	echo "fd0$n::/64 fd09::$n $from $tail"
}

each_of() { # CLUSTER_LIST NAME...
	local list=$1 name

	shift
	for name; do routes_of "$name" "$list"; done
}

holds() { # NAME LINES: exactly these, in any order
	local held

	if [ "$1" = d ]; then held=$(d_routes); else held=$(our_routes "$1"); fi
	lab_equal "$(sort <<<"$2")" "$(sort <<<"$held")"
}

in_kernel() { # NAME PREFIX NEXT-HOP
	local family=-4

	[[ $2 != *:* ]] || family=-6
	lab_ip "$1" $family route show "$2" | grep -E "via $3 .*proto (bgp|186)"
}

all_up() { # NAME...: ours
	local name

	for name; do
		lab_json "$name" 'length > 0 and all(.state == "Established")' show peers || return 1
	done
	d_is_up
}

end_all() {
	local name

	d_down
	for name in r s u v; do lab_stop "$name"; done
}

# ---------------------------------------------------------------- the three conversations

client_of_ours() {
	peer_file r >"$LAB/cluster.conf"
	d_config client 1
	d_up
	our_up r
	our_up u
	our_up v
	lab_check_within 20 "client of ours: sessions established" all_up r u v || lab_logs
	lab_check_within 10 "client of ours: it has our clients' routes as they sent them, not its own" \
		holds d "$(routes_of r; routes_of u 10.9.0.1; routes_of v 10.9.0.1)"
	lab_check_within 10 "client of ours: our client has its routes, and not its own" \
		holds u "$(routes_of r; routes_of d 10.9.0.1; routes_of v 10.9.0.1)"
	lab_check_within 5 "client of ours: our reflector has what all sent" \
		holds r "$(routes_of d; routes_of u; routes_of v)"
	lab_check_within 5 "client of ours: its route is in our client's kernel, by its own address" \
		in_kernel u 10.2.0.0/24 10.9.0.2
	lab_check_within 5 "client of ours: IPv6 as well" in_kernel u fd02::/64 fd09::2
	moves_are_seen "client of ours" u
	lab_stop v
	lab_check_within 10 "client of ours: another client leaves, its routes are withdrawn from it" \
		holds d "$(routes_of r; routes_of u 10.9.0.1)"
	end_all
}

# d announces another route per family, and withdraws it.
moves_are_seen() { # LABEL AT
	local had

	had=$(our_routes "$2")
	d_add 10.2.1.0/24
	d_add fd02:0:0:1::/64
	lab_check_within 10 "$1: it announces two more" moved "$2" 2
	d_del 10.2.1.0/24
	d_del fd02:0:0:1::/64
	lab_check_within 10 "$1: it withdraws them" holds "$2" "$had"
}

moved() { # NAME ROUTES
	[ "$(our_routes "$1" | grep -cE '^(10\.2\.1\.0/24 10\.9\.0\.2|fd02:0:0:1::/64 fd09::2) ')" = "$2" ]
}

two_of_ours() { # LABEL CLUSTER-ID-OF-R CLUSTER-ID-OF-S
	local from_both

	peer_file r s >"$LAB/cluster.conf"
	d_config client 1 5
	d_up
	our_up r "cluster-id = \"$2\""
	our_up s "cluster-id = \"$3\""
	our_up u
	our_up v
	lab_check_within 20 "$1: sessions established" all_up r s u v || lab_logs
	# RFC 4456 6: what a reflector has from one that is no client it sends to its clients
	from_both=$(routes_of r; routes_of r "$3"; routes_of s; routes_of s "$2")
	lab_check_within 10 "$1: it has each route by way of both" \
		holds d "$from_both"$'\n'"$(each_of "$2" u v; each_of "$3" u v)"
	lab_check_within 10 "$1: and so has our client" \
		holds u "$from_both"$'\n'"$(each_of "$2" d v; each_of "$3" d v)"
	if [ "$2" = "$3" ]; then
		lab_check "$1: a reflector takes nothing of its own cluster from the other" \
			holds r "$(routes_of s; each_of '' d u v)"
		lab_check "$1: … and says so" \
			lab_json r 'map(select(.valid | not)) | length == 6 and all(.reason == "our cluster id is in CLUSTER_LIST")' show routes
	else
		lab_check "$1: a reflector holds what the other reflects, too" \
			holds r "$(routes_of s; each_of '' d u v; each_of "$3" d u v)"
	fi
	lab_stop r KILL
	lab_check_within 10 "$1: one is killed, the other's paths remain" \
		holds d "$(routes_of s; routes_of u "$3"; routes_of v "$3")"
	lab_check_within 10 "$1: … in our client, too" \
		holds u "$(routes_of s; routes_of d "$3"; routes_of v "$3")"
	lab_check "$1: … and in its kernel" in_kernel u 10.2.0.0/24 10.9.0.2
	end_all
}

client_of_theirs() {
	local of_d at_u

	peer_file d >"$LAB/cluster.conf"
	d_config reflector 3 4
	d_up
	our_up u
	our_up v
	lab_check_within 20 "client of theirs: sessions established" all_up u v || lab_logs
	of_d=$(if $d_marks_own; then routes_of d 10.9.0.2; else routes_of d; fi)
	at_u=$of_d$'\n'$(routes_of v 10.9.0.2)
	lab_check_within 10 "client of theirs: it has what our clients sent" \
		holds d "$(if $d_marks_taken; then each_of 10.9.0.2 u v; else each_of '' u v; fi)"
	lab_check_within 10 "client of theirs: ours has its route and the other client's" holds u "$at_u"
	lab_check_within 10 "client of theirs: and the other one" \
		holds v "$of_d"$'\n'"$(routes_of u 10.9.0.2)"
	lab_check_within 5 "client of theirs: the kernel's route goes to the other client, not by the reflector" \
		in_kernel u 10.4.0.0/24 10.9.0.4
	lab_check_within 5 "client of theirs: IPv6 as well" in_kernel u fd04::/64 fd09::4
	moves_are_seen "client of theirs" u
	lab_stop v
	lab_check_within 10 "client of theirs: a client leaves, its routes go" holds u "$of_d"
	our_up v
	lab_check_within 20 "client of theirs: it is back" holds u "$at_u"
	d_down
	d_up
	lab_check_within 40 "client of theirs: the reflector restarts, all is as it was" holds u "$at_u"
	end_all
}

reflector_main() { # NAME
	lab_begin "reflector-$1"
	lan_up
	client_of_ours
	two_of_ours "two of ours, a cluster each" 10.9.0.1 10.9.0.5
	two_of_ours "two of ours, one cluster" 10.9.0.99 10.9.0.99
	client_of_theirs
}
