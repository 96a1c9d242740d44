// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd/netlink_thread.c: what is put is written in its order while the caller goes on;
 * a socket that takes nothing, for a while or for good, holds nobody up.
 */
#include "netlink_thread.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000, BIG = 32 * 1024 };

static struct netlink_thread *thread;
static int ours, theirs;
static char octets[NETLINK_THREAD_MAX][BIG];

static void
set_up(void)
{
	int fds[2], len = BIG;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	ours = fds[0];
	theirs = fds[1];
	/* The kernel doubles it: one message fits, or two, never all. */
	ck_assert_int_eq(setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &len, sizeof(len)), 0);
	thread = netlink_thread_new(ours);
	ck_assert_ptr_nonnull(thread);
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		memset(octets[i], 'a' + i, BIG);
}

static void
tear_down(void)
{
	netlink_thread_free(thread);
	close(ours);
	close(theirs);
}

/* The first octet of the next message; 0: none came. */
static char
receive(void)
{
	struct pollfd poller = { theirs, POLLIN, 0 };
	static char buffer[BIG];

	if (poll(&poller, 1, WAIT_MS) != 1)
		return 0;
	ck_assert_int_gt(recv(theirs, buffer, sizeof(buffer), 0), 0);
	return buffer[0];
}

static bool
take_within(int wait_ms)
{
	uint32_t us;

	while (!netlink_thread_take(thread, &us)) {
		if (wait_ms-- <= 0)
			return false;
		usleep(1000);
	}
	return true;
}

START_TEST(in_their_order)
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NETLINK_THREAD_MAX; i++)
			netlink_thread_put(thread, octets[i], 1 + (size_t)i);
		ck_assert_uint_eq(netlink_thread_load(thread), NETLINK_THREAD_MAX);
		for (int i = 0; i < NETLINK_THREAD_MAX; i++)
			ck_assert_int_eq(receive(), 'a' + i);
		for (int i = 0; i < NETLINK_THREAD_MAX; i++)
			ck_assert(take_within(WAIT_MS));
		ck_assert(!take_within(0));
		ck_assert_uint_eq(netlink_thread_load(thread), 0);
	}
}
END_TEST

START_TEST(a_full_socket_holds_nobody_up)
{
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		netlink_thread_put(thread, octets[i], BIG);
	ck_assert(netlink_thread_is_busy(thread));
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		ck_assert_int_eq(receive(), 'a' + i);
	ck_assert(netlink_thread_settle(thread));
	ck_assert(!netlink_thread_is_busy(thread));
	ck_assert_int_eq(netlink_thread_error(thread), 0);
}
END_TEST

START_TEST(what_fails_is_tried_again)
{
	fcntl(ours, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		netlink_thread_put(thread, octets[i], BIG);
	for (int i = 0; i < WAIT_MS && netlink_thread_error(thread) == 0; i++)
		usleep(1000);
	ck_assert_int_eq(netlink_thread_error(thread), EAGAIN);
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		ck_assert_int_eq(receive(), 'a' + i);
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		ck_assert(take_within(WAIT_MS));
	ck_assert_int_eq(netlink_thread_error(thread), 0);
}
END_TEST

START_TEST(what_cannot_be_written_is_thrown_away)
{
	close(theirs);
	theirs = -1;
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		netlink_thread_put(thread, octets[i], 1);
	ck_assert(!netlink_thread_settle(thread));
	ck_assert(!netlink_thread_is_busy(thread));
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		ck_assert(take_within(0));
	/* … and nothing keeps the end waiting. */
	netlink_thread_put(thread, octets[0], 1);
}
END_TEST

START_TEST(the_end_writes_what_was_put)
{
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		netlink_thread_put(thread, octets[i], 1);
	netlink_thread_free(thread);
	thread = NULL;
	for (int i = 0; i < NETLINK_THREAD_MAX; i++)
		ck_assert_int_eq(receive(), 'a' + i);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("netlink_thread");
	TCase *tc = tcase_create("thread");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, in_their_order);
	tcase_add_test(tc, a_full_socket_holds_nobody_up);
	tcase_add_test(tc, what_fails_is_tried_again);
	tcase_add_test(tc, what_cannot_be_written_is_thrown_away);
	tcase_add_test(tc, the_end_writes_what_was_put);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
