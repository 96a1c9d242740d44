/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpctl's texts: durations, sizes, cut cells, tables within 80 columns whatever is in
 * them, sorting, and one golden text a view.
 */
// links: bgpctl_format
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "format.h"
#include "print.h"
#include "table.h"

/* ---- small texts ---- */

static const struct {
	int64_t seconds;
	const char *want;
} durations[] = {
	{ -5, "0s" }, { 0, "0s" }, { 59, "59s" }, { 60, "1m00s" }, { 723, "12m03s" },
	{ 3599, "59m59s" }, { 3600, "1h00m" }, { 86399, "23h59m" }, { 86400, "1d00h" },
	{ 273600, "3d04h" }, { 100 * 86400L - 1, "99d23h" }, { 100 * 86400L, "100d" },
	{ INT64_MAX, "991167300d" }, /* nonsense, but no overrun */
};

START_TEST(duration_case)
{
	char buf[DURATION_LEN];

	ck_assert_str_eq(
	    format_duration(durations[_i].seconds, buf), durations[_i].want);
}
END_TEST

static const struct {
	int64_t bytes;
	const char *want;
} sizes[] = {
	{ 0, "0 B" },
	{ 999, "999 B" },
	{ 1000, "1.0 kB" },
	{ 12345, "12 kB" },
	{ 3400000, "3.4 MB" },
	{ 5000000000, "5.0 GB" },
};

START_TEST(size_case)
{
	char buf[SIZE_LEN];

	ck_assert_str_eq(format_size(sizes[_i].bytes, buf), sizes[_i].want);
}
END_TEST

static const struct {
	const char *text;
	size_t width;
	const char *want;
} cuts[] = {
	{ "tor-a", 5, "tor-a" },
	{ "tor-ab", 5, "tor-~" },
	{ "", 3, "" },
	{ "abc", 1, "~" },
	{ "abc", 0, "" },
	{ "\xc3\xa4\xc3\xb6\xc3\xbc", 3,
	    "\xc3\xa4\xc3\xb6\xc3\xbc" }, /* whole characters */
	{ "\xc3\xa4\xc3\xb6\xc3\xbc", 2, "\xc3\xa4~" },
};

START_TEST(cut_case)
{
	char buf[64];

	ck_assert_str_eq(
	    text_cut(cuts[_i].text, cuts[_i].width, buf, sizeof(buf)), cuts[_i].want);
}
END_TEST

/* ---- views ---- */

/* What a view prints of JSON lines; to be freed. */
static char *
render(enum view_kind kind, const char *const *lines, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct view view;

	view_init(&view, kind);
	for (size_t i = 0; i < n; i++) {
		json_error_t error;
		json_t *object = json_loads(lines[i], 0, &error);

		ck_assert_msg(object != NULL, "%s: %s", lines[i], error.text);
		view_add(&view, object);
		json_decref(object);
	}
	view_end(&view, out);
	view_free(&view);
	fclose(out);
	return text;
}

static void
check_fits(const char *text)
{
	const char *line = text, *end;
	char copy[2048];

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
		ck_assert_msg(text_width(copy) <= TABLE_WIDTH, "%zu columns: %s",
		    text_width(copy), copy);
		ck_assert_msg(
		    end == line || end[-1] != ' ', "blank at the end: '%s'", copy);
	}
	ck_assert_str_eq(line, ""); /* ends with a line's end */
}

#define PEER(name, addr, state, disabled, up, down, stale)                            \
	"{\"name\":\"" name "\",\"address\":\"" addr                                  \
	"\",\"as\":64512,\"state\":\"" state "\",\"disabled\":" disabled              \
	",\"uptime_s\":" up ",\"down_s\":" down                                       \
	",\"families\":{\"ipv4\":{\"received\":7,\"accepted\":7,\"best\":6,\"sent\":" \
	"3},"                                                                         \
	"\"ipv6\":{\"received\":1,\"sent\":2}},\"stale\":" stale "}"

static const char *const peer_lines[] = {
	PEER("n2", "192.168.2.2", "Established", "false", "273600", "null", "false"),
	PEER("n3", "192.168.2.3", "Active", "false", "null", "723", "true"),
	PEER("n4", "192.168.2.4", "Idle", "true", "null", "null", "false"),
	PEER("n5", "fd00:2::5", "Established", "false", "59", "null", "false"),
};
static const char peers_text[] =
    "NAME  ADDRESS         AS  STATE        UP/DOWN  RCVD  SENT\n"
    "n2    192.168.2.2  64512  Established    3d04h     8     5\n"
    "n3    192.168.2.3  64512  Active        12m03s     8     5  stale\n"
    "n4    192.168.2.4  64512  disabled           -     8     5\n"
    "n5    fd00:2::5    64512  Established      59s     8     5\n"
    "4 peers: 2 established, 1 not, 1 disabled\n";

#define ROUTE(prefix, flags, peer, rest)                                         \
	"{\"prefix\":\"" prefix "\"," flags ",\"peer\":" peer                    \
	",\"source\":\"network\",\"next_hop\":\"192.0.2.1\",\"origin\":\"igp\"," \
	"\"as_path\":\"65000 65001\",\"local_pref\":100,\"med\":null," rest "}"
#define BEST "\"best\":true,\"valid\":true,\"installed\":true,\"stale\":false"
#define LOST "\"best\":false,\"valid\":true,\"installed\":false,\"stale\":true"
#define UNUSABLE "\"best\":false,\"valid\":false,\"installed\":false,\"stale\":false"

static const char *const route_lines[] = {
	ROUTE("fd00::/64", BEST, "\"n2\"", "\"reason\":null"),
	ROUTE("10.1.0.0/16", BEST, "null", "\"reason\":null"),
	ROUTE("10.0.0.0/8", BEST, "\"n2\"", "\"reason\":null"),
	ROUTE("10.0.0.0/8", LOST, "\"n3\"", "\"reason\":\"a longer AS_PATH\""),
	ROUTE("10.0.0.0/8", UNUSABLE, "\"n4\"", "\"reason\":\"we are its originator\""),
};
static const char routes_text[] =
    "* best, + in the kernel, s stale, x not usable; i igp, e egp, ?"
    " incomplete\n"
    "     PREFIX       NEXT HOP   FROM     LPREF  AS PATH\n"
    "*+   10.0.0.0/8   192.0.2.1  n2         100  65000 65001 i\n"
    "  s  10.0.0.0/8   192.0.2.1  n3         100  65000 65001 i\n"
    "x    10.0.0.0/8   192.0.2.1  n4         100  65000 65001 i\n"
    "*+   10.1.0.0/16  192.0.2.1  network    100  65000 65001 i\n"
    "*+   fd00::/64    192.0.2.1  n2         100  65000 65001 i\n"
    "3 prefixes, 5 paths, 3 in the kernel\n";

static const char *const record_lines[] = {
	ROUTE("10.0.0.0/8", BEST, "\"n2\"",
	    "\"age_s\":184,\"communities\":[\"65000:1\",\"no-export\"],"
	    "\"originator_id\":\"192.0.2.9\",\"cluster_list\":[\"10.0.0.1\",\"10.0.0."
	    "2\"]"),
	ROUTE("10.0.0.0/8", LOST, "\"n3\"",
	    "\"age_s\":1,\"communities\":[],\"originator_id\":null,\"cluster_list\":[],"
	    "\"reason\":\"a longer AS_PATH\""),
};
static const char record_text[] =
    "10.0.0.0/8, best, in the kernel\n"
    "  next hop         192.0.2.1\n"
    "  from             n2, 3m04s ago\n"
    "  AS path          65000 65001\n"
    "  origin           igp, local preference 100, MED -\n"
    "  communities      65000:1 no-export\n"
    "  reflected        originator 192.0.2.9, cluster list 10.0.0.1 10.0.0.2\n"
    "10.0.0.0/8, not the best: a longer AS_PATH, stale\n"
    "  next hop         192.0.2.1\n"
    "  from             n3, 1s ago\n"
    "  AS path          65000 65001\n"
    "  origin           igp, local preference 100, MED -\n";

static const char *const kernel_lines[] = {
	"{\"prefix\":\"10.2.0.0/16\",\"state\":\"conflict\",\"via\":\"192.0.2.1\","
	"\"device\":\"eth0\",\"owner\":\"static\",\"detail\":null}",
	"{\"prefix\":\"10.3.0.0/16\",\"state\":\"installed\",\"via\":\"192.0.2.1\","
	"\"device\":\"eth0\",\"owner\":null,\"detail\":null}",
	"{\"prefix\":\"10.1.0.0/16\",\"state\":\"failed\",\"via\":\"192.0.2.1\","
	"\"device\":null,\"owner\":null,\"detail\":\"Network is unreachable\"}",
};
static const char kernel_text[] =
    "PREFIX       STATE     VIA        DEVICE  WHY\n"
    "10.1.0.0/16  failed    192.0.2.1  -       Network is unreachable\n"
    "10.2.0.0/16  conflict  192.0.2.1  eth0    static\n"
    "3 routes: 1 conflict, 1 installed, 1 failed\n";

static const char *const router_lines[] = {
	"{\"version\":\"0.1.0\",\"as\":64512,\"router_id\":\"192.168.2.1\",\"node\":"
	"null,"
	"\"uptime_s\":12,\"ready\":false,\"restarting\":true,\"peers\":{\"configured\":"
	"3,"
	"\"dynamic\":1,\"established\":1},\"routes\":{\"ipv4\":{\"prefixes\":5,"
	"\"paths\":9,"
	"\"installed\":4},\"ipv6\":{\"prefixes\":0,\"paths\":0,\"installed\":0}},"
	"\"fib\":{\"pending\":0,\"conflicts\":1,\"failed\":0},\"not_established\":["
	"{\"name\":\"n3\",\"address\":\"192.168.2.3\",\"state\":\"Active\","
	"\"disabled\":false,\"down_s\":723,\"last_error\":\"hold timer expired\","
	"\"last_error_age_s\":724},{\"name\":\"n4\",\"address\":\"192.168.2.4\","
	"\"state\":\"Idle\",\"disabled\":true,\"down_s\":null,\"last_error\":null,"
	"\"last_error_age_s\":null}]}",
};
static const char router_text[] =
    "bgpd 0.1.0, AS 64512, router id 192.168.2.1, node -\n"
    "up 12s, NOT READY, restarting\n"
    "peers: 3 configured, 1 dynamic, 1 of 4 established\n"
    "\n"
    "NOT ESTABLISHED  ADDRESS      STATE        SINCE\n"
    "n3               192.168.2.3  Active      12m03s\n"
    "    12m04s ago: hold timer expired\n"
    "n4               192.168.2.4  disabled  never up\n"
    "... and 1 more (bgpctl show peers)\n"
    "\n"
    "ROUTES       PREFIXES        PATHS    IN KERNEL\n"
    "ipv4                5            9            4\n"
    "ipv6                0            0            0\n"
    "kernel: 0 pending, 1 in conflict, 0 failed (bgpctl show kernel)\n";

static const char *const result_lines[] = {
	"{\"peer\":\"n2\",\"result\":\"disabled\"}"
};

#define LINES(a) a, sizeof(a) / sizeof((a)[0])

static const struct {
	enum view_kind kind;
	const char *const *lines;
	size_t n;
	const char *want;
} views[] = {
	{ VIEW_PEERS, LINES(peer_lines), peers_text },
	{ VIEW_ROUTES, LINES(route_lines), routes_text },
	{ VIEW_ROUTES, NULL, 0, "no routes\n" },
	{ VIEW_ROUTE_RECORDS, LINES(record_lines), record_text },
	{ VIEW_ROUTE_RECORDS, NULL, 0, "no route\n" },
	{ VIEW_KERNEL, LINES(kernel_lines), kernel_text },
	{ VIEW_KERNEL, NULL, 0, "0 routes\n" },
	{ VIEW_ROUTER, LINES(router_lines), router_text },
	{ VIEW_RESULT, LINES(result_lines), "n2: disabled\n" },
};

START_TEST(view_case)
{
	char *got = render(views[_i].kind, views[_i].lines, views[_i].n);

	ck_assert_str_eq(got, views[_i].want);
	check_fits(got);
	free(got);
}
END_TEST

START_TEST(lines_break_at_blanks)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	print_line(out, "communities", "%s",
	    "65000:10001 65000:10002 65000:10003 65000:10004 65000:10005 65000:10006");
	fclose(out);
	ck_assert_str_eq(text,
	    "  communities      65000:10001 65000:10002 65000:10003 65000:10004"
	    " 65000:10005\n"
	    "                   65000:10006\n");
	free(text);
}
END_TEST

/* A daemon of another release may leave fields out or say something else. */
START_TEST(missing_fields)
{
	static const char *const lines[] = { "{}", "{\"families\":7,\"state\":[]}",
		"{\"communities\":[1,null],\"peers\":\"x\",\"negotiated\":{}}" };

	for (int kind = VIEW_RESULT; kind <= VIEW_MEMORY; kind++)
		free(render((enum view_kind)kind, LINES(lines)));
}
END_TEST

#define X40 "abcdefghijklmnopqrstuvwxyz0123456789abcd"
#define LONG6 "2001:db8:1111:2222:3333:4444:5555:6666"

/* Whatever is long is cut, and nothing leaves its column. */
START_TEST(long_texts)
{
	static const char *const peers[] = { PEER(
	    X40 X40, LONG6, "Established", "false", "8640000", "null", "true") };
	static const char *const routes[] = {
		"{\"prefix\":\"2001:db8:1111:2222:3333:4444:5555:6666/"
		"128\",\"best\":true,"
		"\"valid\":true,\"installed\":true,\"stale\":true,\"peer\":\"" X40
		"\",\"next_hop\":\"" LONG6 "\",\"as_path\":\"" X40 X40 X40
		"\",\"origin\":\"incomplete\",\"local_pref\":4294967295}",
	};
	static const char *const kernel[] = {
		"{\"prefix\":\"10.1.0.0/16\",\"state\":\"failed\",\"via\":\"" LONG6
		"\",\"device\":\"eth0\",\"owner\":\"" X40 "\",\"detail\":\"" X40 X40
		"\"}",
	};
	static const char *const peer[] = {
		"{\"name\":\"n2\",\"description\":\"" X40 X40 X40
		"\",\"state\":\"Idle\","
		"\"last_error\":\"" X40 " " X40 " " X40 " \xc3\xa4\","
		"\"last_error_age_s\":5,\"disabled\":true,\"disabled_reason\":\"" X40
		    X40 "\",\"messages_in\":{\"open\":1,\"update\":4000000000,"
		"\"notification\":2,\"keepalive\":4000000000,\"route_refresh\":1},"
		"\"messages\":{\"in\":4000000000}}",
	};
	static const struct {
		enum view_kind kind;
		const char *const *lines;
	} cases[] = { { VIEW_PEERS, peers }, { VIEW_ROUTES, routes },
		{ VIEW_KERNEL, kernel }, { VIEW_PEER, peer },
		{ VIEW_ROUTE_RECORDS, routes } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = render(cases[i].kind, cases[i].lines, 1);

		check_fits(got);
		if (cases[i].kind == VIEW_PEERS || cases[i].kind == VIEW_ROUTES ||
		    cases[i].kind == VIEW_KERNEL)
			ck_assert_ptr_nonnull(strchr(got, '~'));
		free(got);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bgpctl_format");
	TCase *texts = tcase_create("texts"), *tables = tcase_create("views");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    texts, duration_case, 0, sizeof(durations) / sizeof(durations[0]));
	tcase_add_loop_test(texts, size_case, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(texts, cut_case, 0, sizeof(cuts) / sizeof(cuts[0]));
	tcase_add_loop_test(tables, view_case, 0, sizeof(views) / sizeof(views[0]));
	tcase_add_test(tables, lines_break_at_blanks);
	tcase_add_test(tables, missing_fields);
	tcase_add_test(tables, long_texts);
	suite_add_tcase(suite, texts);
	suite_add_tcase(suite, tables);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
