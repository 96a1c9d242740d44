#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/blackhole.sh
#
# A block is announced when its blackhole is in the kernel, however slow that is: here each
# takes half a second, in which a peer that had heard of the block would send packets that
# follow the default route back.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/fib.sh
. "$(dirname "$0")/fib.sh"

lab_begin blackhole
cat >"$LAB/slow.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

/* Only netlink messages of a whole header are looked into: a socket's family says. */
ssize_t
send(int fd, const void *octets, size_t len, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int) =
	    (ssize_t (*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	const struct nlmsghdr *header = octets;
	struct sockaddr_storage ss;
	socklen_t ss_len = sizeof(ss);
	int left = (int)len;

	if (getsockname(fd, (struct sockaddr *)&ss, &ss_len) == 0 && ss.ss_family == AF_NETLINK)
		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			const struct rtmsg *route = NLMSG_DATA(header);

			if (header->nlmsg_type == RTM_NEWROUTE && route->rtm_type == RTN_BLACKHOLE) {
				usleep(500000);
				break;
			}
		}
	return real(fd, octets, len, flags);
}
C
if ! cc -shared -fPIC -o "$LAB/slow.so" "$LAB/slow.c" 2>"$LAB/cc.log"; then
	lab_skip "a slow kernel" "no C compiler: $(head -n 1 "$LAB/cc.log")"
	exit
fi
lab_ns_add a b
lab_link a v0 10.9.0.1/24 fd09::1/64 b v0 10.9.0.2/24 fd09::2/64

config() { # NODE OTHER NETWORK...
	local node=$1 other=$2

	shift 2
	cat <<-CONF
		router { as = 64512 id = "10.9.0.$node" connect-retry = 1 }
		peer "other" { address = "10.9.0.$other" as = 64512 }
		control { socket = "$LAB/$node.sock" }
	CONF
	printf 'network "%s" { blackhole = true }\n' "$@"
}

blackhole_is_there() { # PREFIX
	fib_routes a type blackhole | grep -q "^$1\b"
}

# As soon as the peer has it the kernel is looked at.
early=0
peer_has_it() { # PREFIX
	lab_json b "map(select(.prefix == \"$1\")) | length == 1" show routes || return
	blackhole_is_there "$1" || early=$((early + 1))
}

in_order() { # WHAT PREFIX...
	local what=$1 prefix

	shift
	for prefix in "$@"; do
		early=0
		lab_check_within 10 "$what: the peer has $prefix" peer_has_it "$prefix"
		lab_check "… and when it had, its blackhole was there" test $early = 0
	done
}

config 2 1 10.20.0.0/24 >"$LAB/b.conf"
sed -i 's/blackhole = true//; s/2\.sock/b.sock/' "$LAB/b.conf"
lab_bgpd b b
config 1 2 10.10.0.0/24 fd10::/64 | sed 's/1\.sock/a.sock/' >"$LAB/a.conf"
: >"$LAB/a.log"
lab_start a a env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$LAB/slow.so" "$bgpd" -f "$LAB/a.conf"
in_order "at the start" 10.10.0.0/24 fd10::/64

config 1 2 10.10.0.0/24 fd10::/64 10.10.1.0/24 fd10:0:0:1::/64 10.10.2.7/32 fd10:0:0:2::7/128 |
	sed 's/1\.sock/a.sock/' >"$LAB/a.conf"
lab_check "a reload adds blocks" lab_ctl a reload
in_order "after a reload" 10.10.1.0/24 fd10:0:0:1::/64
for prefix in 10.10.2.7/32 fd10:0:0:2::7/128; do
	lab_check_within 10 "one address alone is announced: $prefix" \
		lab_json b "map(select(.prefix == \"$prefix\")) | length == 1" show routes
	lab_check "… and has no blackhole" lab_not blackhole_is_there "$prefix"
done

# The session ends and comes back: the blackholes stay, and nobody waits for them.
lab_ctl a peer other restart >/dev/null
lab_check_within 10 "a new session: all are announced again" \
	lab_json b 'map(select(.peer == "other")) | length == 6' show routes
for prefix in 10.10.0.0/24 fd10::/64 10.10.1.0/24 fd10:0:0:1::/64; do
	lab_check "… the blackhole of $prefix is there" blackhole_is_there "$prefix"
done

config 1 2 10.10.0.0/24 | sed 's/1\.sock/a.sock/' >"$LAB/a.conf"
lab_check "a reload takes blocks away" lab_ctl a reload
lab_check_within 5 "… from the peer" lab_json b 'map(select(.peer == "other")) | length == 1' show routes
only_the_first() {
	lab_equal 10.10.0.0/24 "$(fib_routes a type blackhole | cut -d' ' -f1)"
}
lab_check_within 5 "… and their blackholes from the kernel" only_the_first
