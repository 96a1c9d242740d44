#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/auth.sh
#
# TCP MD5 signatures (RFC 2385) between three daemons: "a" has a keyed peer "b" on one link
# and an unkeyed one "c" on another, which nothing that happens to b may touch.  Room for
# keys, and a kernel that has none, are in auth-limits.sh.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin auth
lab_ns_add a b c
lab_link a e0 10.0.1.1/24 fd00:1::1/64 b e0 10.0.1.2/24 fd00:1::2/64
lab_link a e1 10.0.2.1/24 '' c e0 10.0.2.2/24 ''

# Words that are nowhere else; the whole of them must not be anywhere.
first=quaggaZebra4711 second=okapiTapir0815 file_key=wombatNumbat2342

router() { # ID
	echo "router { as = 64512 id = \"$1\" hold-time = 6 connect-retry = 1 connect-retry-max = 1 }"
	echo 'kernel { install = false }'
	echo 'log { level = "debug" }'
}

a_conf() { # OPTIONS OF B: in one piece
	{
		router 10.0.1.1
		echo "${1:-}"
		echo 'peer "c" { address = "10.0.2.2" as = "internal" }'
		echo "control { socket = \"$LAB/a.sock\" }"
	} >"$LAB/a.new"
	mv "$LAB/a.new" "$LAB/a.conf"
}

b_conf() { # OPTIONS OF A [ADDRESS]
	{
		router 10.0.1.2
		echo "peer \"a\" { address = \"${2:-10.0.1.1}\" as = \"internal\" $1 }"
		echo "control { socket = \"$LAB/b.sock\" }"
	} >"$LAB/b.new"
	mv "$LAB/b.new" "$LAB/b.conf"
}

b_is() { # OPTIONS: the section of b in a's file
	echo "peer \"b\" { address = \"${2:-10.0.1.2}\" as = \"internal\" $1 }"
}

reload() { # PROCESS
	lab_ctl "$1" reload >/dev/null || lab_fail "reload of $1" "$(tail -n 3 "$LAB/$1.log")"
}

both_up() {
	lab_established a "${1:-b}" && lab_established b a
}

both_down() {
	lab_not lab_established a "${1:-b}" && lab_not lab_established b a
}

# Longer than the hold time, a session lives only if its KEEPALIVEs arrive.
lives_on() { # PROCESS PEER SECONDS
	lab_json "$1" ".state == \"Established\" and .uptime_s >= $3 and .flaps == 0" show peer "$2"
}

# A segment without a signature: the kernel answers a SYN, or drops it.
answers_unsigned() { # ADDRESS
	lab_in b python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
s.settimeout(1.5)
s.connect((sys.argv[1], 179))" "$1"
}

printf 'router { as = 64512 id = "10.0.2.2" hold-time = 6 connect-retry = 1 }
kernel { install = false }\npeer "a" { address = "10.0.2.1" as = "internal" }\n' >"$LAB/c.conf"
lab_bgpd c c

# ---------------------------------------------------------------- one key

a_conf "$(b_is "password = \"$first\"")"
b_conf "password = \"$first\""
lab_start a a "$bgpd" -v -v -f "$LAB/a.conf"
lab_bgpd b b
lab_check_within 10 "RFC 2385 2.0: the same key on both sides, the session comes up" both_up
lab_check_within 10 "… beside one without a key" lab_established a c
lab_check "show peer has authentication: md5" lab_json a '.authentication == "md5"' show peer b
lab_check "… and none for the other" lab_json a '.authentication == "none"' show peer c
lab_check "… in text, too" eval 'lab_ctl a show peer b | grep -Eq "authentication +md5"'
lab_check "RFC 2385 2.0: a SYN without a signature is not answered" lab_not answers_unsigned 10.0.1.1
lab_in a timeout 8 tcpdump -n -i e0 -c 4 'tcp port 179' >"$LAB/dump" 2>/dev/null
lab_check "RFC 2385 2.0: every segment has the option" \
	test "$(grep -c 'md5' "$LAB/dump")" = "$(grep -c Flags "$LAB/dump")" -a -s "$LAB/dump"

# ---------------------------------------------------------------- another key under the session

lab_check_within 15 "it has outlived a hold time" lives_on a b 7
a_conf "$(b_is "password = '$second'")"
b_conf "password = '$second'"
reload a
sleep 1
reload b
sleep 7
lab_check "RFC 2385 4.5: the key changes on both sides, the session lives on" lives_on a b 14
lab_check "… the other was not touched" lives_on a c 14
lab_check "RFC 2385 2.0: new connections need the new key" lab_not answers_unsigned 10.0.1.1

a_conf "$(b_is '')"
b_conf ''
reload a
reload b
sleep 7
lab_check "the key is taken away on both sides, the session lives on" lives_on a b 20
lab_check "… authentication: none" lab_json a '.authentication == "none"' show peer b
lab_check "… a SYN without a signature is answered" answers_unsigned 10.0.1.1
echo "$file_key" >"$LAB/key"
chmod 600 "$LAB/key"
a_conf "$(b_is 'password-file = "key"')"
b_conf "password-file = '$LAB/key'"
reload b
reload a
sleep 7
lab_check "a key comes, by a file beside the configuration, the session lives on" lives_on a b 27
lab_check "… and the other still does" lives_on a c 27
lab_check "… the file is nobody else's: no warning" lab_not grep 'read by everybody' "$LAB/a.log"

# ---------------------------------------------------------------- files that are wrong

unchanged() { # PATTERN: reload says so, and nothing changed
	lab_ctl a reload >"$LAB/out" 2>&1 && return 1
	grep -q "$1" "$LAB/out" || { cat "$LAB/out"; return 1; }
	lives_on a b 27 && lab_json a '.authentication == "md5"' show peer b &&
		lab_not answers_unsigned 10.0.1.1
}

mv "$LAB/key" "$LAB/key.away"
lab_check "the file is gone: the reload says where and why, and changes nothing" \
	unchanged "a.conf:4: password-file is 'key': No such file"
: >"$LAB/key"
lab_check "it is empty: the same" unchanged "a.conf:4: password-file is 'key': empty"
mv "$LAB/key.away" "$LAB/key"
chmod 644 "$LAB/key"
lab_check "without a right to read it: a wrong configuration" eval \
	'chmod 600 "$LAB/key"; setpriv --reuid nobody --regid nogroup --clear-groups "$bgpd" -n -f "$LAB/a.conf" >"$LAB/out" 2>&1; [ $? = 78 ] && grep -q "Permission denied" "$LAB/out"'
chmod 644 "$LAB/key"
reload a
lab_check "everybody may read it: a warning" grep -q "password-file $LAB/key can be read by everybody" "$LAB/a.log"
chmod 600 "$LAB/key"

# ---------------------------------------------------------------- a key on one side alone

: >"$LAB/a.log"
a_conf "$(b_is "password = '$first'")"
reload a
lab_check_within 12 "the key changes on one side: the hold timer ends the session" both_down
lab_check "RFC 4271 6.5: it says so" grep -qi 'b: .*hold timer expired' "$LAB/a.log"
lab_check_within 15 "… a dial that nobody answers says what may be wrong" \
	lab_json b '.last_error | test("no answer.*same password")' show peer a
lab_check_within 25 "… the log has what the kernel dropped" \
	grep -qE 'dropped [0-9]+ segments with a wrong TCP MD5 signature.*: b$' "$LAB/a.log"
lab_check "… the other peer was not touched" lives_on a c 30
b_conf "password = '$first'"
reload b
lab_check_within 10 "the other side follows: the session comes up" both_up

: >"$LAB/b.log"
b_conf ''
reload b
lab_check_within 12 "one side without a key: the hold timer ends the session" both_down
sleep 3
lab_check "RFC 2385 2.0: it does not come up" both_down
lab_check_within 25 "… the side without says what the kernel dropped" \
	grep -qE 'dropped [0-9]+ segments with a TCP MD5 signature.*no password here.*: a$' "$LAB/b.log"
b_conf "password = '$first'"
reload b
lab_check_within 10 "with the key it does" both_up

# ---------------------------------------------------------------- a range

lab_stop b
a_conf "group \"r\" { as = \"internal\" range = {\"10.0.1.0/24\", \"fd00:1::/64\"} password = '$first' }"
reload a
lab_bgpd b b
lab_check_within 10 "one key for the prefix of a range: a peer of it comes up" both_up 10.0.1.2
lab_check "… it is dynamic, and has authentication: md5" lab_json a \
	'.dynamic and .authentication == "md5"' show peer 10.0.1.2
lab_check "… a SYN without a signature is not answered" lab_not answers_unsigned 10.0.1.1
lab_stop b
b_conf "password = '$second'"
lab_bgpd b b
sleep 4
lab_check "… another key does not come up" both_down 10.0.1.2
lab_stop b
b_conf "password = '$first'" fd00:1::1
lab_bgpd b b
lab_check_within 10 "the same for IPv6" both_up fd00:1::2
lab_check "… a SYN without a signature is not answered" lab_not answers_unsigned fd00:1::1
a_conf "$(b_is "password = '$second'" fd00:1::2)
	group \"r\" { as = \"internal\" range = {\"10.0.1.0/24\", \"fd00:1::/64\"} password = '$first' }"
reload a
lab_check_within 10 "a peer inside of it with a key of its own: not by that of the range" both_down
b_conf "password = '$second'" fd00:1::1
reload b
lab_check_within 10 "… but by its own" both_up

# ---------------------------------------------------------------- secrets stay secret

lab_check "a peer inside without a key is a wrong configuration" eval "
	a_conf \"\$(b_is '') group 'r' { as = internal range = {'10.0.1.0/24'} password = '$first' }\"
	! lab_ctl a reload >'$LAB/out' 2>&1 && grep '$LAB/out' -e 'peer .b. has no password, but lies inside of range 10.0.1.0/24'"
for command in show 'show peers' 'show peer b' 'show peer c' 'show routes' 'show kernel' 'show groups' 'show memory' version; do
	lab_ctl a $command
	lab_ctl a -j $command
done >"$LAB/outputs" 2>&1
lab_check "bgpctl says something" grep -q Established "$LAB/outputs"
lab_check "no answer of bgpctl has a key" lab_not grep -E "$first|$second|$file_key" "$LAB/outputs" "$LAB/out"
lab_check "no log at debug level with all octets has one" lab_not grep -E "$first|$second|$file_key" "$LAB"/[abc].log
lab_check "nor has it in hexadecimal" lab_not grep -iE "$(printf %s "$first" | od -An -tx1 | tr -d ' \n')" "$LAB"/a.log

# Everything that a core dump would hold: what is mapped and not marked "dd" (do not dump).
cat >"$LAB/dump.py" <<'PYTHON'
import re, sys
pid, words = sys.argv[1], [w.encode() for w in sys.argv[2:]]
maps, dumped, hidden = [], b'', b''
for line in open(f'/proc/{pid}/smaps'):
    area = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S+) .*?(\S*)$', line)
    if area and area[3][0] in 'r-' and ':' not in line.split()[0]:
        maps.append([int(area[1], 16), int(area[2], 16), area[3], False, line.split()[-1]])
    elif line.startswith('VmFlags:'):
        maps[-1][3] = 'dd' in line.split()
memory = open(f'/proc/{pid}/mem', 'rb', 0)
for start, end, mode, dd, name in maps:
    if mode[0] != 'r' or name in ('[vvar]', '[vsyscall]', '[vvar_vclock]'):
        continue
    if end - start > 1 << 28: # a sanitizer's own
        continue
    memory.seek(start)
    octets = memory.read(end - start)
    if dd: hidden += octets
    else: dumped += octets
print(len(maps), 'areas', len(dumped), 'octets dumped', len(hidden), 'hidden')
assert len(dumped) > 1000000
for word in words:
    assert word not in dumped, 'a key would be dumped'
assert any(word in hidden for word in words), 'no key is found at all'
PYTHON
lab_check "no core dump would have a key" python3 "$LAB/dump.py" "${lab_pid[a]}" "$first" "$second"
lab_check "what is not configured any more is wiped" eval \
	"! python3 '$LAB/dump.py' ${lab_pid[a]} '$file_key' 2>'$LAB/out' && grep 'no key is found' '$LAB/out'"
