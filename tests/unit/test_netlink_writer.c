// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd/netlink_writer.c against the kernel: each message has its answer once, in the
 * order of writing, with and without a thread.  What is written asks about links, which
 * changes nothing and needs no rights.
 */
#include "netlink_writer.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

enum { LOOPBACK = 1, NO_LINK = 0x7ffffff0, WAIT_MS = 10000 };

static struct netlink_writer writer;
static uint64_t buffer[NETLINK_BUFFER_LEN / sizeof(uint64_t)];
static unsigned answers, unknown;

/* Message i asks for a link that is there, but for each third one. */
static bool
is_wrong(unsigned i)
{
	return i % 3 == 1;
}

static void
on_done(void *arg, void *what, unsigned detail, enum writer_result result, int error,
    const char *reason)
{
	ck_assert_ptr_eq(arg, &answers);
	ck_assert_ptr_eq(what, &writer);
	ck_assert_ptr_nonnull(reason);
	ck_assert_uint_eq(detail, answers);
	answers++;
	if (result == WRITER_UNKNOWN) {
		unknown++;
		return;
	}
	ck_assert_int_eq(result, is_wrong(detail) ? WRITER_REFUSED : WRITER_OK);
	ck_assert_int_eq(error, is_wrong(detail) ? ENODEV : 0);
}

static void
open_it(bool threaded)
{
	char err[128];

	answers = unknown = 0;
	ck_assert_msg(
	    netlink_writer_open(&writer, threaded, on_done, &answers, err, sizeof(err)),
	    "%s", err);
}

static void
ask(unsigned i)
{
	const struct ifinfomsg ifi = { .ifi_index = is_wrong(i) ? NO_LINK : LOOPBACK };
	struct nl_msg *msg = nlmsg_alloc_size(NLMSG_HDRLEN + 64);

	ck_assert_ptr_nonnull(msg);
	nlmsg_put(msg, 0, 0, RTM_GETLINK, 0, NLM_F_REQUEST);
	nlmsg_append(msg, (void *)(uintptr_t)&ifi, sizeof(ifi), NLMSG_ALIGNTO);
	netlink_writer_add(&writer, msg, &writer, i);
}

/* Reads what there is, and waits for it first if nothing more may be written. */
static void
read_some(int wait_ms)
{
	struct pollfd poller = { writer.nl.fd, POLLIN, 0 };
	uint32_t us;

	if (wait_ms > 0)
		ck_assert_int_eq(poll(&poller, 1, wait_ms), 1);
	ck_assert(netlink_writer_read(&writer, buffer));
	while (netlink_writer_wrote(&writer, &us))
		;
	/* Nothing is sent twice. */
	if (writer.n_batch == 0)
		ck_assert_uint_eq(
		    writer.batches[writer.filled % WRITER_BATCHES].len, 0);
}

/* Batches of one, of two, of three … messages. */
START_TEST(each_has_its_answer)
{
	enum { MESSAGES = 5000 };
	unsigned sent = 0;

	open_it(_i == 1);
	for (unsigned batch = 1; sent < MESSAGES; batch = batch % 40 + 1) {
		for (unsigned i = 0; i < batch && netlink_writer_room(&writer) > 0; i++)
			ask(sent++);
		ck_assert(netlink_writer_send(&writer));
		read_some(netlink_writer_room(&writer) == 0 ? WAIT_MS : 0);
	}
	while (answers < sent)
		read_some(WAIT_MS);
	ck_assert_uint_eq(writer.n_flying, 0);
	ck_assert_uint_eq(unknown, 0);
	ck_assert((writer.thread != NULL) == (_i == 1));
	netlink_writer_close(&writer);
}
END_TEST

START_TEST(settled_is_answered)
{
	unsigned i = 0;

	open_it(_i == 1);
	for (int batch = 0; batch < 3; batch++) {
		for (int n = 0; n < 20; n++)
			ask(i++);
		ck_assert(netlink_writer_send(&writer));
	}
	netlink_writer_settle(&writer);
	ck_assert(netlink_writer_read(&writer, buffer));
	ck_assert_uint_eq(answers, i);
	ck_assert_uint_eq(unknown, 0);
	netlink_writer_close(&writer);
}
END_TEST

/* The answers that come all the same are nobody's, and what follows has its own. */
START_TEST(abandoned_is_unknown)
{
	open_it(_i == 1);
	for (unsigned i = 0; i < 20; i++)
		ask(i);
	ck_assert(netlink_writer_send(&writer));
	for (unsigned i = 20; i < 30; i++)
		ask(i); /* not sent */
	netlink_writer_abandon(&writer);
	ck_assert_uint_eq(answers, 30);
	ck_assert_uint_eq(unknown, 30);
	for (unsigned i = 30; i < 40; i++)
		ask(i);
	ck_assert(netlink_writer_send(&writer));
	netlink_writer_settle(&writer);
	ck_assert(netlink_writer_read(&writer, buffer));
	ck_assert_uint_eq(answers, 40);
	ck_assert_uint_eq(unknown, 30);
	netlink_writer_close(&writer);
}
END_TEST

/* The answers overran their buffer. */
START_TEST(lost_answers_are_unknown)
{
	int small = 1;
	unsigned i = 0;

	open_it(_i == 1);
	setsockopt(writer.nl.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (netlink_writer_room(&writer) > 0 && i < 2000) {
		ask(i++);
		if (writer.n_batch == 200)
			ck_assert(netlink_writer_send(&writer));
	}
	ck_assert(netlink_writer_send(&writer));
	netlink_writer_settle(&writer);
	while (netlink_writer_read(&writer, buffer))
		ck_assert_uint_lt(answers, i);
	ck_assert_uint_eq(answers, i);
	ck_assert_uint_gt(unknown, 0);
	netlink_writer_close(&writer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("netlink_writer");
	TCase *tc = tcase_create("with and without a thread");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, each_has_its_answer, 0, 2);
	tcase_add_loop_test(tc, settled_is_answered, 0, 2);
	tcase_add_loop_test(tc, abandoned_is_unknown, 0, 2);
	tcase_add_loop_test(tc, lost_answers_are_unknown, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
