#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/linkauth.sh
#
# TCP MD5 signatures (RFC 2385) of peers that are on a link.  "b" is a peer of "a" twice: by
# link-local address on e1, unnumbered on e2.  "c" is on e3 and has the link-local address of
# b: the kernel tells keys apart by address alone, so two keys for it cannot be.
#
#   fe80::1 a e1 ── e1 b fe80::2      a e2 ── e2 b fe80::2      a e3 ── e0 c fe80::2
#
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin linkauth
lab_ns_add a b c

bare_link() { # DEVICE NAME DEVICE
	ip link add "$1" netns "$(lab_ns a)" type veth peer name "$3" netns "$(lab_ns "$2")" || exit 1
	lab_ip a link set "$1" addrgenmode none
	lab_ip "$2" link set "$3" addrgenmode none
	lab_address a "$1" '' fe80::1/64
	lab_address "$2" "$3" '' fe80::2/64
}

bare_link e1 b e1
bare_link e2 b e2
bare_link e3 c e0

first=quaggaZebra4711 second=okapiTapir0815

# Every file has the same head; the rest is what the test is about.
conf() { # NAME NUMBER LINE...
	local name=$1 number=$2

	shift 2
	{
		cat <<-CONF
			router { as = 6450$number id = "10.9.0.$number" hold-time = 6 connect-retry = 1 connect-retry-max = 1 }
			kernel { install = false }
			log { level = "debug" }
			control { socket = "$LAB/$name.sock" }
		CONF
		printf '%s\n' "$@"
	} >"$LAB/$name.new"
	mv "$LAB/$name.new" "$LAB/$name.conf"
}

fixed() { # NEIGHBOUR OPTIONS
	echo "peer \"fixed\" { address = \"$1%e1\" as = \"external\" $2 }"
}

found() { # INTERFACE OPTIONS
	echo "peer \"on-$1\" { interface = \"$1\" as = \"external\" $2 }"
}

both_conf() { # OPTIONS AT A [AT B]
	conf a 1 "$(fixed fe80::2 "$1")" "$(found e2 "$1")"
	conf b 2 "$(fixed fe80::1 "${2-$1}")" "$(found e2 "${2-$1}")"
}

reload() { # PROCESS...
	local name

	for name; do
		lab_ctl "$name" reload >/dev/null || lab_fail "reload of $name" "$(tail -n 3 "$LAB/$name.log")"
	done
}

both_up() { # PEER
	lab_established a "$1" && lab_established b "$1"
}

both_down() {
	lab_not lab_established a "$1" && lab_not lab_established b "$1"
}

# Longer than the hold time, a session lives only if its KEEPALIVEs arrive.
lives_on() { # PEER SECONDS
	lab_json a ".state == \"Established\" and .uptime_s >= $2 and .flaps == 0" show peer "$1"
}

# A SYN without a signature: the kernel answers it, or drops it.
answers_unsigned() { # DEVICE OF B [SOURCE]
	lab_in b python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET6)
s.settimeout(1.5)
index = socket.if_nametoindex(sys.argv[1])
s.bind((sys.argv[2], 0, 0, index))
s.connect(('fe80::1', 179, 0, index))" "$1" "${2:-fe80::2}"
}

# The keys of a's listening socket, as the kernel tells them.
keys() {
	lab_in a ss -Htlni6 'sport = 179' | grep -o 'md5keys:[^ ]*' | grep -o 'fe80[^=]*' | sort | tr '\n' ' '
}

has_keys() { # ADDRESS...
	lab_equal "$*" "$(keys | sed 's|/128||g; s/ $//')"
}

# ---------------------------------------------------------------- a wrong key

both_conf "password = \"$first\" bfd = true" "password = \"$second\" bfd = true"
lab_bgpd a a
lab_bgpd b b
for name in fixed on-e2; do
	lab_check_within 20 "$name: another key: a dial that nobody answers says what may be wrong" \
		lab_json a '.last_error | test("no answer.*same password")' show peer $name
done
lab_check_within 30 "… the log has what the kernel dropped" \
	grep -qE 'dropped [0-9]+ segments with a wrong TCP MD5 signature.*fixed, on-e2' "$LAB/a.log"
lab_check "… neither is up" eval 'both_down fixed && both_down on-e2'
lab_ip b addr add fe80::66/64 dev e2 nodad
lab_check "who is on the link and was not heard reaches the socket" answers_unsigned e2 fe80::66
lab_check_within 2 "… and is refused, for want of a key" \
	grep -q 'on-e2: connection refused: the listening socket has no TCP MD5 key' "$LAB/a.log"
lab_ip b addr del fe80::66/64 dev e2

# ---------------------------------------------------------------- one key

both_conf "password = \"$first\" bfd = true"
reload b
for name in fixed on-e2; do
	lab_check_within 15 "$name: the same key on both sides, the session comes up" both_up $name
	lab_check "$name: authentication is md5" lab_json a '.authentication == "md5"' show peer $name
	lab_check_within 5 "$name: BFD beside it" lab_json a '.bfd.state == "Up"' show peer $name
done
lab_check "RFC 2385 2.0: a SYN without a signature is not answered" lab_not answers_unsigned e1
lab_check "… of the unnumbered neighbour" lab_not answers_unsigned e2
lab_check "one address on two links has one key" has_keys fe80::2

# ---------------------------------------------------------------- another key under the session

lab_check_within 15 "it has outlived a hold time" lives_on on-e2 7
both_conf "password = '$second' bfd = true"
reload a
sleep 1
reload b
sleep 7
for name in fixed on-e2; do
	lab_check "$name: RFC 2385 4.5: the key changes on both sides, the session lives on" lives_on $name 14
done
lab_check "RFC 2385 2.0: new connections need the new key" lab_not answers_unsigned e2
both_conf ''
reload a b
sleep 7
for name in fixed on-e2; do
	lab_check "$name: the key is taken away on both sides, the session lives on" lives_on $name 20
done
lab_check "… no key is left" has_keys
lab_check "… a SYN without a signature is answered" answers_unsigned e2
both_conf "password = '$first'"
reload b a
sleep 7
for name in fixed on-e2; do
	lab_check "$name: a key comes, the session lives on" lives_on $name 27
done
lab_check "… it is on the listening socket" has_keys fe80::2

# ---------------------------------------------------------------- a key on one side alone

both_conf "password = '$first'" "password = '$second'"
reload b
for name in fixed on-e2; do
	lab_check_within 12 "$name: another key on one side: the hold timer ends the session" both_down $name
done
both_conf "password = '$first'" ''
reload b
sleep 3
lab_check "none on one side: they stay down" eval 'both_down fixed && both_down on-e2'
both_conf "password = '$first'"
reload b
for name in fixed on-e2; do
	lab_check_within 20 "$name: the right one by a reload: up" both_up $name
done

# ---------------------------------------------------------------- who waits

lab_stop a
lab_stop b
conf a 1 "$(found e2 "password = '$first' passive = true")"
conf b 2 "$(found e2 "password = '$first'")"
lab_bgpd a a
lab_bgpd b b
lab_check_within 20 "the passive side hears who may come, and it comes" both_up on-e2
lab_stop b KILL
lab_check_within 10 "… it dies" lab_not lab_established a on-e2
lab_ip b addr del fe80::2/64 dev e2
lab_ip b addr add fe80::3/64 dev e2 nodad
lab_bgpd b b
lab_check_within 20 "… and is back with another address" both_up on-e2
lab_check "… which has a key, as has who was heard before" has_keys fe80::2 fe80::3
lab_ip a link set e2 down
lab_check_within 5 "the link goes: its keys, too" has_keys
lab_ip a link set e2 up
lab_wait 3 lab_ip a addr add fe80::1/64 dev e2 nodad
lab_ip b addr add fe80::3/64 dev e2 nodad 2>/dev/null
lab_check_within 25 "… and back" both_up on-e2

# ---------------------------------------------------------------- one address, two keys

c_up() {
	lab_established a on-e3 && lab_established c on-e0
}

lab_stop b
lab_ip b addr del fe80::3/64 dev e2
lab_ip b addr add fe80::2/64 dev e2 nodad
conf a 1 "$(found e2 "password = '$first'")" "$(found e3 "password = '$first'")"
conf b 2 "$(found e2 "password = '$first'")"
conf c 3 "$(found e0 "password = '$first'")"
lab_stop a
for i in a b c; do lab_bgpd $i $i; done
lab_check_within 20 "the same address and key on two links: one" both_up on-e2
lab_check_within 20 "… and the other" c_up
lab_check "… one key" has_keys fe80::2
lab_stop c
conf c 3 "$(found e0 "password = '$second'")"
conf a 1 "$(found e2 "password = '$first'")" "$(found e3 "password = '$second'")"
: >"$LAB/a.log"
reload a
lab_bgpd c c
lab_check_within 5 "another key for it: the log says that this cannot be" \
	grep -q 'on-e3: fe80::2%e3 is also the address of on-e2 on e2, which has another password' "$LAB/a.log"
lab_check_within 5 "… and so does show peer" lab_json a \
	'.authentication_trouble | test("^fe80::2%e3 is also the address of on-e2")' show peer on-e3
lab_check "… which has no trouble" lab_json a '.authentication_trouble == null' show peer on-e2
lab_check_within 20 "… a connection of ours has the right one" c_up
lab_check "… who was first is not concerned" lives_on on-e2 1
lab_check "… there is one key" has_keys fe80::2
lab_stop a
lab_stop c
conf a 1 "$(found e2 "password = '$first'")" "$(found e3 "password = '$second' passive = true")"
: >"$LAB/a.log"
lab_bgpd a a
lab_check_within 20 "… who is heard first has the address" both_up on-e2
lab_bgpd c c
lab_check_within 10 "… the second one" lab_json a '.routers | length == 1' show peer on-e3
sleep 4
lab_check "… is refused where we only wait for it, and that is said once" eval \
	'! lab_established a on-e3 && [ "$(grep -c "is also the address of" "$LAB/a.log")" = 1 ]'

conf a 1 "$(fixed fe80::2 "password = '$first'")" "peer \"c\" { address = \"fe80::2%e3\" as = \"external\" password = '$second' }"
lab_check "two that are configured so are a wrong configuration" eval \
	'! lab_ctl a reload >"$LAB/out" 2>&1 && grep "$LAB/out" -e "peer .c. has the address fe80::2 of peer .fixed. .*on another interface, and not its password"'
lab_check "no log has a key" lab_not grep -E "$first|$second" "$LAB"/[abc].log "$LAB/out"
