#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/auth-limits.sh
#
# Where the kernel does not take a key for TCP MD5 (RFC 2385): no room on the listening
# socket (net.core.optmem_max), and no such option at all.  Who has no key there is not let
# in; the others are.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_begin auth-limits
lab_ns_add a b
lab_link a e0 10.0.0.1/16 fd00:1::1/64 b e0 10.0.0.2/16 fd00:1::2/64
lab_ip a addr add 10.0.0.3/16 dev e0
lab_ip b addr add 10.0.200.1/16 dev e0

head_of() { # ID
	echo "router { as = 64512 id = \"$1\" hold-time = 6 connect-retry = 1 connect-retry-max = 1 ${2:-} }"
	echo 'kernel { install = false }'
}

peer() { # NAME ADDRESS OPTIONS
	echo "peer \"$1\" { address = \"$2\" as = \"internal\" $3 }"
}

optmem() { # [VALUE]
	lab_in a sysctl ${1:+-w} -nq "net.core.optmem_max${1:+=$1}"
}

# ---------------------------------------------------------------- room for keys

# Each of 200 addresses has a key of its own; b's is the last, where the room has ended.
{
	head_of 10.0.0.1
	for ((i = 1; i < 200; i++)); do
		peer "n$i" "10.0.100.$i" "enabled = false password = \"key-$i\""
	done
	peer b 10.0.200.1 'passive = true password = "key-b"'
	peer v6 fd00:1::9 'enabled = false password = "key-v6"'
} >"$LAB/a.conf"
{
	head_of 10.0.0.2
	peer a 10.0.0.1 'local-address = "10.0.200.1" password = "key-b"'
} >"$LAB/b.conf"

before=$(optmem 2>/dev/null || true)
if [ -z "$before" ] || [ ! -w /proc/sys/net/core/optmem_max ]; then
	lab_skip "no room for all keys" "net.core.optmem_max belongs to the whole host here"
else
	host=$(sysctl -n net.core.optmem_max)
	optmem 20480
	lab_check "net.core.optmem_max is a namespace's own" lab_equal "$host" "$(sysctl -n net.core.optmem_max)"
	lab_bgpd a a
	lab_bgpd b b
	lab_check_within 5 "no room for all keys: the log has how much is enough" \
		grep -qE 'error +net.core.optmem_max is 20480, too small for 200 TCP MD5 keys .*: [0-9]+ is enough' "$LAB/a.log"
	lab_check "… and whose key is missing, and why" \
		grep -qE 'n[0-9]+: no TCP MD5 key for 10.0.100.[0-9]+/32 on .* 0.0.0.0: no room' "$LAB/a.log"
	lab_check "… ten of them, and how many more" lab_equal "10 1" \
		"$(grep -c 'no TCP MD5 key for' "$LAB/a.log") $(grep -cE 'and [0-9]+ more keys' "$LAB/a.log")"
	lab_check "… the socket of the other family has its one" lab_not grep -q 'fd00:1::9' "$LAB/a.log"
	sleep 2
	lab_check "a peer without its key there is not let in" lab_not lab_established a b

	# Without a signature the kernel would let it in, as it has no key to miss one.
	sed -i 's/ password = .key-b.//' "$LAB/b.conf"
	lab_ctl b reload >/dev/null
	lab_check_within 5 "… least of all without a signature: refused, with the reason" \
		lab_json a '.last_error | test("no TCP MD5 key for it: no room")' show peer b
	lab_check "… it is not up" lab_not lab_established a b
	sed -i 's/\(local-address = "10.0.200.1"\)/\1 password = "key-b"/' "$LAB/b.conf"
	lab_ctl b reload >/dev/null

	enough=$(grep -oE '[0-9]+ is enough' "$LAB/a.log" | head -n 1 | cut -d' ' -f1)
	optmem "$enough"
	: >"$LAB/a.log"
	lab_ctl a reload >/dev/null
	lab_check "what the log called enough is enough" lab_not grep -q optmem "$LAB/a.log"
	lab_check_within 10 "… and the peer comes up" lab_established a b
	lab_stop a

	# A mesh has one key: a prefix stands for many addresses.
	optmem 20480
	{
		head_of 10.0.0.1 'node = "a"'
		echo 'cluster { password-file = "key"'
		echo 'node "a" { address = "10.0.0.1" }'
		echo 'node "b" { address = "10.0.200.1" }'
		for ((i = 0; i < 2000; i++)); do
			echo "node \"n$i\" { address = \"10.0.$((100 + i / 250)).$((i % 250 + 1))\" }"
		done
		echo '}'
	} >"$LAB/a.conf"
	echo key-b >"$LAB/key"
	chmod 600 "$LAB/key"
	: >"$LAB/a.log"
	lab_bgpd a a
	lab_check_within 10 "2,002 nodes with one key fit in the room of 150" lab_established a b
	lab_check "… not one key is missing" lab_not grep -qE 'optmem|no TCP MD5' "$LAB/a.log"
	lab_stop a
	lab_stop b
	optmem "$before"
fi

# ---------------------------------------------------------------- no TCP MD5

# A kernel without CONFIG_TCP_MD5SIG: its answer, given by the C library.
cat >"$LAB/none.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int (*real)(int, int, int, const void *, socklen_t) =
	    (int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");

	if (level == IPPROTO_TCP && (name == TCP_MD5SIG || name == TCP_MD5SIG_EXT)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return real(fd, level, name, value, len);
}
C
if ! cc -shared -fPIC -o "$LAB/none.so" "$LAB/none.c" 2>/dev/null; then
	lab_skip "a kernel without TCP MD5" "no C compiler"
	exit
fi
{
	head_of 10.0.0.1
	peer keyed 10.0.200.1 'local-address = "10.0.0.1" password = "key-b"'
	peer open 10.0.0.2 'local-address = "10.0.0.3"'
	echo "control { socket = \"$LAB/a.sock\" }"
} >"$LAB/a.conf"
{
	head_of 10.0.0.2
	peer a 10.0.0.1 'local-address = "10.0.200.1"'
	peer a3 10.0.0.3 'local-address = "10.0.0.2"'
} >"$LAB/b.conf"
: >"$LAB/a.log"
lab_start a a env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$LAB/none.so" "$bgpd" -f "$LAB/a.conf"
lab_bgpd b b
lab_check_within 10 "a kernel without TCP MD5: a peer without a password comes up" lab_established a open
lab_check "… the log says what is missing, for the one with" \
	grep -qE 'error +keyed: no TCP MD5 key .*CONFIG_TCP_MD5SIG' "$LAB/a.log"
lab_check_within 5 "… so does its last error" \
	lab_json a '.last_error | test("CONFIG_TCP_MD5SIG")' show peer keyed
sleep 2
lab_check "… it does not come up without a signature" lab_not lab_established a keyed
