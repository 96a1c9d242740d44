// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel is told about a BGP connection.
 */
#include "socket.h"

#include <check.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

static int
option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* By family; -1: the host has none of it. */
static int
tcp_socket(enum family family)
{
	return socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
}

/* RFC 4271 appendix E: nothing waits for more, and bits 0 to 2 of DSCP are 110. */
START_TEST(prepared)
{
	enum family family = (enum family)_i;
	int fd = tcp_socket(family);

	if (fd < 0)
		return;
	socket_prepare(fd, family);
	ck_assert_int_ne(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_eq(family == FAMILY_IPV4
			     ? option_of(fd, IPPROTO_IP, IP_TOS)
			     : option_of(fd, IPPROTO_IPV6, IPV6_TCLASS),
	    IPTOS_CLASS_CS6);
	close(fd);
}
END_TEST

/* RFC 5082 3: what we send has 255, and less than asked for is not let in. */
START_TEST(ttl)
{
	enum family family = (enum family)_i;
	int fd = tcp_socket(family);
	bool v4 = family == FAMILY_IPV4;

	if (fd < 0)
		return;
	socket_set_ttl(fd, family, 255);
	ck_assert_int_eq(v4 ? option_of(fd, IPPROTO_IP, IP_TTL)
			    : option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS),
	    255);
	ck_assert_int_eq(socket_set_min_ttl(fd, family, 254), 0);
	ck_assert_int_eq(v4 ? option_of(fd, IPPROTO_IP, IP_MINTTL)
			    : option_of(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT),
	    254);
	ck_assert_int_eq(socket_set_min_ttl(fd, family, 0), 0);
	ck_assert_int_eq(v4 ? option_of(fd, IPPROTO_IP, IP_MINTTL)
			    : option_of(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT),
	    0);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("socket");
	TCase *tc = tcase_create("socket");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, prepared, 0, FAMILY_COUNT);
	tcase_add_loop_test(tc, ttl, 0, FAMILY_COUNT);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
