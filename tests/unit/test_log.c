/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The log: a sentence for each event of the speaker, cleaned text, both formats,
 * levels, files opened again, and repetition that is counted instead of told.
 */
// links: bgpd_shell
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>
#include <jansson.h>

#include "bgp/attribute.h"
#include "bgp/message.h"
#include "bgp/peer.h"
#include "log.h"
#include "text.h"

static char path[64];
static struct peer the_peer;

static void
open_log(bool json, enum conf_log_level level)
{
	struct conf_log conf = { .level = (uint8_t)level, .json = json };
	char error[256];

	snprintf(path, sizeof(path), "/tmp/test_log.%ld", (long)getpid());
	snprintf(conf.target, sizeof(conf.target), "%s", path);
	unlink(path);
	ck_assert_msg(log_open(&conf, false, error, sizeof(error)), "%s", error);
}

static void
setup(void)
{
	the_peer.address = the_peer.conf.address = addr_ipv4(0xc0a80202);
	the_peer.conf.options.remote_as = 64512;
	the_peer.remote_open.as = 64512;
	the_peer.params.hold_time_s = 90;
	open_log(false, LOG_LEVEL_DEBUG);
}

static void
teardown(void)
{
	log_close();
	unlink(path);
}

/* The log so far; lines without their 25 octets of time and blank where `bare`. */
static const char *
logged(bool bare)
{
	static char text[65536];
	char line[8192];
	FILE *f = fopen(path, "r");

	text[0] = '\0';
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		ck_assert(
		    !bare || (strlen(line) > 25 && line[10] == 'T' && line[23] == 'Z'));
		strncat(text, bare ? line + 25 : line, sizeof(text) - strlen(text) - 1);
	}
	fclose(f);
	return text;
}

/* ---- text ---- */

static const struct {
	const char *in, *want;
} cleans[] = {
	{ "rack 12", "rack 12" },
	{ "a\nb\x1b[31m", "a\\x0ab\\x1b[31m" },
	{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7",
	    "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7" },
	{ "\xc2\x9b", "\\xc2\\x9b" },          /* C1 */
	{ "\xc0\xaf", "\\xc0\\xaf" },          /* overlong */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "cut \xe2\x82", "cut \\xe2\\x82" },
};

START_TEST(clean_case)
{
	char out[128];

	ck_assert_str_eq(text_clean(cleans[_i].in, out, sizeof(out)), cleans[_i].want);
}
END_TEST

START_TEST(clean_keeps_the_room)
{
	char out[32];

	for (size_t len = 1; len < sizeof(out); len++) {
		memset(out, '#', sizeof(out));
		text_clean("\xc3\xa4\x1b\xff\xe2\x82\xac-end", out, len);
		ck_assert_uint_lt(strlen(out), len);
		ck_assert_int_eq(out[len], '#');
	}
}
END_TEST

/* ---- sentences ---- */

static const struct {
	struct speaker_event event;
	const char *want;
} events[] = {
	{ { .kind = EVENT_PEER_UP, .peer = &the_peer },
	    "info    n2: session established, 192.168.2.2, AS 64512, hold time 90 "
	    "s\n" },
	{ { .kind = EVENT_PEER_DOWN, .text = "hold timer expired" },
	    "warning n2: session down: hold timer expired\n" },
	{ { .kind = EVENT_PEER_ADDED, .peer = &the_peer },
	    "info    n2: peer added, 192.168.2.2, AS 64512\n" },
	{ { .kind = EVENT_PEER_REMOVED }, "info    n2: peer removed\n" },
	{ { .kind = EVENT_NOTIFICATION_SENT, .code = 6, .subcode = 2, .text = "move" },
	    "warning n2: NOTIFICATION sent: Cease/Administrative Shutdown, "
	    "\"move\"\n" },
	{ { .kind = EVENT_UPDATE_FAULT,
	      .action = ACTION_WITHDRAW,
	      .attribute = ATTRIBUTE_AS_PATH,
	      .text = "segment of length 0",
	      .n_octets = 2,
	      .octets = { 2, 0 } },
	    "warning n2: faulty UPDATE, AS_PATH: segment of length 0; treated as "
	    "withdraw;"
	    " octets 0200\n" },
	{ { .kind = EVENT_UPDATE_FAULT, .action = ACTION_RESET, .text = "x\ny" },
	    "warning n2: faulty UPDATE: x\\x0ay; session reset\n" },
	{ { .kind = EVENT_END_OF_RIB, .family = FAMILY_IPV6 },
	    "debug   n2: End-of-RIB received, ipv6\n" },
	{ { .kind = EVENT_STALE_KEPT, .family = FAMILY_IPV4, .count = 7 },
	    "info    n2: 7 ipv4 routes of the ended session are kept as stale\n" },
	{ { .kind = EVENT_STALE_SWEPT, .family = FAMILY_IPV4 },
	    "info    n2: stale ipv4 routes that did not come again are removed\n" },
	{ { .kind = EVENT_LONG_LIVED,
	      .family = FAMILY_IPV6,
	      .count = 7,
	      .text = "3600 s" },
	    "notice  n2: 7 stale ipv6 routes are long-lived stale from now on, for "
	    "3600 s at most\n" },
	{ { .kind = EVENT_NOTIFICATION_RECEIVED,
	      .code = 6,
	      .subcode = 4,
	      .hard_reset = true },
	    "warning n2: NOTIFICATION received: Cease/Administrative Reset (hard "
	    "reset)\n" },
	{ { .kind = EVENT_MAX_PREFIXES, .count = 101, .text = "restart" },
	    "warning n2: 101 prefixes are over max-prefixes: restart\n" },
	{ { .kind = EVENT_TOO_LONG, .prefix = { FAMILY_IPV4, 8, { 10 } } },
	    "warning n2: 10.0.0.0/8 is not sent: its attributes do not fit into a"
	    " message\n" },
	{ { .kind = EVENT_REFUSED_OPEN, .text = "AS 1" },
	    "warning n2: OPEN refused: AS 1\n" },
	{ { .kind = EVENT_DIAL }, "" },
	{ { .kind = EVENT_CLOSE }, "" },
};

START_TEST(event_case)
{
	struct speaker_event event = events[_i].event;

	strcpy(event.peer_name, "n2");
	log_event(&event);
	ck_assert_str_eq(logged(true), events[_i].want);
}
END_TEST

/* In JSON every event is an object of one line with the same sentence. */
START_TEST(event_as_json)
{
	struct speaker_event event = events[_i].event;
	json_t *object;

	if (events[_i].want[0] == '\0')
		return;
	open_log(true, LOG_LEVEL_DEBUG);
	strcpy(event.peer_name, "n2");
	log_event(&event);
	object = json_loads(logged(false), 0, NULL);
	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(json_string_value(json_object_get(object, "peer")), "n2");
	ck_assert_ptr_nonnull(json_object_get(object, "event"));
	ck_assert_ptr_nonnull(json_object_get(object, "time"));
	ck_assert_ptr_nonnull(
	    strstr(events[_i].want, json_string_value(json_object_get(object, "msg"))));
	json_decref(object);
}
END_TEST

START_TEST(faults_are_counted)
{
	struct speaker_event event = { .kind = EVENT_UPDATE_FAULT, .text = "bad" };
	const char *text, *line;
	int lines = 0;

	strcpy(event.peer_name, "n2");
	for (int i = 0; i < 62; i++)
		log_event(&event);
	strcpy(event.peer_name, "n3"); /* not held back by n2 */
	log_event(&event);
	text = logged(true);
	for (line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n'))
		lines++;
	ck_assert_int_eq(lines, 6);
	ck_assert_ptr_nonnull(strstr(text, "n3: faulty UPDATE"));
}
END_TEST

START_TEST(levels_hold_back)
{
	log_set_level(LOG_LEVEL_WARNING);
	log_notice("no");
	log_warning("yes %d", 1);
	log_write(LOG_LEVEL_ERROR, "n2", "yes 2");
	ck_assert_str_eq(logged(true), "warning yes 1\nerror   n2: yes 2\n");
}
END_TEST

START_TEST(file_is_reopened)
{
	char moved[80];

	snprintf(moved, sizeof(moved), "%s.1", path);
	log_info("one");
	ck_assert_int_eq(rename(path, moved), 0);
	log_info("two");
	log_reopen();
	log_info("three");
	ck_assert_str_eq(logged(true), "info    three\n");
	unlink(moved);
}
END_TEST

START_TEST(target_that_cannot_be_opened)
{
	struct conf_log conf = { .target = "/nonexistent/log" };
	char error[256];

	ck_assert(!log_open(&conf, false, error, sizeof(error)));
	ck_assert_str_eq(error, "log file /nonexistent/log: No such file or directory");
	log_info("still here");
	ck_assert_str_eq(logged(true), "info    still here\n");
}
END_TEST

START_TEST(level_names)
{
	enum conf_log_level level = LOG_LEVEL_INFO;

	ck_assert(log_level_parse("warning", &level));
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);
	ck_assert(!log_level_parse("loud", &level));
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);
	ck_assert_str_eq(log_level_name(LOG_LEVEL_ERROR), "error");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, clean_case, 0, sizeof(cleans) / sizeof(cleans[0]));
	tcase_add_test(tc, clean_keeps_the_room);
	tcase_add_loop_test(tc, event_case, 0, sizeof(events) / sizeof(events[0]));
	tcase_add_loop_test(tc, event_as_json, 0, sizeof(events) / sizeof(events[0]));
	tcase_add_test(tc, faults_are_counted);
	tcase_add_test(tc, levels_hold_back);
	tcase_add_test(tc, file_is_reopened);
	tcase_add_test(tc, target_that_cannot_be_opened);
	tcase_add_test(tc, level_names);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
