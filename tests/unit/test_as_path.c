// links: bgp_attr
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * AS paths as text, and the edits of export.
 */
#include <check.h>
#include <stdlib.h>

#include "bgp/attrs.h"
#include "bgp/open.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/*
 * Paths are written as words, so that a row is readable: S(n) opens a sequence of n
 * numbers, SET, CSEQ and CSET likewise; the numbers follow; END ends.
 */
#define S(n) OPENS | SEGMENT_SEQUENCE << 8 | (n)
#define SET(n) OPENS | SEGMENT_SET << 8 | (n)
#define CSEQ(n) OPENS | SEGMENT_CONFED_SEQUENCE << 8 | (n)
#define CSET(n) OPENS | SEGMENT_CONFED_SET << 8 | (n)
#define OPENS (1ull << 32)
#define END (1ull << 33)
typedef uint64_t words[16];

static struct slice
path_of(const uint64_t *word, bool as4, uint8_t *buf, size_t len)
{
	struct wcur out = wcur_of(buf, len);

	for (; *word != END; word++) {
		if ((*word & OPENS) != 0)
			wcur_u16(&out, (uint16_t)*word);
		else if (as4)
			wcur_u32(&out, (uint32_t)*word);
		else
			wcur_u16(&out, (uint16_t)*word);
	}
	ck_assert(!out.failed);
	return (struct slice){ buf, wcur_len(&out) };
}

/* clang-format off */
static const struct {
	words path;
	const char *text;
} texts[] = {
	{ { END }, "" },
	{ { S(1), 65000, END }, "65000" },
	{ { S(2), 65000, 65001, END }, "65000 65001" },
	{ { S(1), 65000, S(1), 65001, END }, "65000 65001" },
	{ { S(2), 65000, 65001, SET(2), 65002, 65003, END },
	  "65000 65001 {65002 65003}" },
	{ { SET(1), 1, S(1), 2, END }, "{1} 2" },
	{ { CSEQ(2), 65000, 65001, S(1), 7, END }, "(65000 65001) 7" },
	{ { CSET(2), 65000, 65001, CSEQ(1), 10, END }, "[65000 65001] (10)" },
	{ { S(3), 0, 10, 65535, END }, "0 10 65535" },
};
/* clang-format on */

START_TEST(text_case)
{
	uint8_t octets[64];
	char buf[64], small[64];
	size_t want = strlen(texts[_i].text);

	for (int as4 = 0; as4 <= 1; as4++) {
		struct slice path =
		    path_of(texts[_i].path, as4, octets, sizeof(octets));

		ck_assert_uint_eq(as_path_format(path, as4, buf, sizeof(buf)), want);
		ck_assert_str_eq(buf, texts[_i].text);
		/* Cut at every length, as snprintf() does. */
		for (size_t len = 0; len <= want; len++) {
			memset(small, '#', sizeof(small));
			ck_assert_uint_eq(as_path_format(path, as4, small, len), want);
			if (len > 0) {
				ck_assert_uint_eq(strlen(small), len - 1);
				ck_assert_int_eq(
				    strncmp(small, texts[_i].text, len - 1), 0);
			}
			ck_assert_int_eq(small[len], '#');
		}
	}
}
END_TEST

START_TEST(text_of_the_unusual)
{
	static const uint8_t wide[] = { 2, 2, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0 };
	static const uint8_t cut[] = { 2, 1, 0, 0, 0, 7, 2, 2, 0, 0, 0, 8 };
	static const uint8_t odd[] = { 2, 1, 0, 0, 0, 7, 9, 1, 0, 0, 0, 8 };
	char buf[64];

	as_path_format((struct slice){ wide, sizeof(wide) }, true, buf, sizeof(buf));
	ck_assert_str_eq(buf, "4294967295 65536");
	as_path_format((struct slice){ cut, sizeof(cut) }, true, buf, sizeof(buf));
	ck_assert_str_eq(buf, "7");
	as_path_format((struct slice){ odd, sizeof(odd) }, true, buf, sizeof(buf));
	ck_assert_str_eq(buf, "7");
	ck_assert_uint_eq(
	    as_path_format((struct slice){ NULL, 0 }, true, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
}
END_TEST

/* clang-format off */
static const struct {
	unsigned count;
	words in, out;
} prepends[] = {
	{ 1, { END }, { S(1), 9, END } },
	{ 3, { END }, { S(3), 9, 9, 9, END } },
	{ 0, { S(1), 1, END }, { S(1), 1, END } },
	{ 1, { S(2), 1, 2, END }, { S(3), 9, 1, 2, END } },
	{ 2, { S(1), 1, S(1), 2, END }, { S(3), 9, 9, 1, S(1), 2, END } },
	{ 1, { SET(2), 1, 2, END }, { S(1), 9, SET(2), 1, 2, END } },
	{ 2, { CSEQ(1), 1, S(1), 2, END }, { S(2), 9, 9, CSEQ(1), 1, S(1), 2, END } },
	{ 1, { CSET(1), 1, END }, { S(1), 9, CSET(1), 1, END } },
};
/* clang-format on */

START_TEST(prepend_case)
{
	uint8_t in_octets[64], want_octets[64], buf[64];
	struct slice in = path_of(prepends[_i].in, true, in_octets, sizeof(in_octets));
	struct slice want =
	    path_of(prepends[_i].out, true, want_octets, sizeof(want_octets));
	struct wcur out = wcur_of(buf, sizeof(buf));

	as_path_prepend(&out, in, 9, prepends[_i].count);
	ck_assert(!out.failed);
	ck_assert_uint_eq(wcur_len(&out), want.len);
	ck_assert_mem_eq(buf, want.at, want.len);
}
END_TEST

/* By segments: { existing count of the first, prepended, counts that come out }. */
static const struct {
	unsigned first, count, out[4];
} overflows[] = {
	{ 254, 1, { 255 } },
	{ 255, 1, { 1, 255 } },
	{ 254, 2, { 1, 255 } },
	{ 250, 6, { 1, 255 } },
	{ 1, 254, { 255 } },
	{ 1, 255, { 1, 255 } },
	{ 255, 255, { 255, 255 } },
	{ 255, 256, { 1, 255, 255 } },
	{ 0, 255, { 255 } },
	{ 0, 600, { 90, 255, 255 } },
};

/* RFC 4271 5.1.2 b: a segment that is full is left as it is. */
START_TEST(prepend_passes_255)
{
	uint8_t in[1100], buf[5000];
	struct wcur path = wcur_of(in, sizeof(in));
	struct wcur out = wcur_of(buf, sizeof(buf));
	struct slice step;
	size_t at = 0;

	if (overflows[_i].first > 0) {
		wcur_u8(&path, SEGMENT_SEQUENCE);
		wcur_u8(&path, (uint8_t)overflows[_i].first);
		for (unsigned i = 0; i < overflows[_i].first; i++)
			wcur_u32(&path, 1000 + i);
	}
	as_path_prepend(
	    &out, (struct slice){ in, wcur_len(&path) }, 9, overflows[_i].count);
	ck_assert(!out.failed);
	for (unsigned i = 0; i < 4 && overflows[_i].out[i] > 0; i++) {
		ck_assert_uint_lt(at, wcur_len(&out));
		ck_assert_uint_eq(buf[at], SEGMENT_SEQUENCE);
		ck_assert_uint_eq(buf[at + 1], overflows[_i].out[i]);
		at += 2 + 4 * overflows[_i].out[i];
	}
	ck_assert_uint_eq(wcur_len(&out), at);

	/* The same as one by one. */
	step = (struct slice){ in, wcur_len(&path) };
	for (unsigned i = 0; i < overflows[_i].count; i++) {
		static uint8_t two[2][5000];
		struct wcur one = wcur_of(two[i % 2], sizeof(two[0]));

		as_path_prepend(&one, step, 9, 1);
		step = (struct slice){ two[i % 2], wcur_len(&one) };
	}
	ck_assert_uint_eq(step.len, wcur_len(&out));
	ck_assert_mem_eq(step.at, buf, step.len);
}
END_TEST

START_TEST(prepend_without_room)
{
	uint8_t buf[64];
	struct wcur out = wcur_of(buf, sizeof(buf));

	/* ends at once though there is no room for four thousand million numbers */
	as_path_prepend(&out, (struct slice){ NULL, 0 }, 9, 4294967295u);
	ck_assert(out.failed);
}
END_TEST

/* clang-format off */
static const struct {
	words in, as2;
	bool lossy;
	words as4_path;
} narrowed[] = {
	{ { END }, { END }, false, { END } },
	{ { S(2), 7, 65535, END }, { S(2), 7, 65535, END }, false, { S(2), 7, 65535,
	  END } },
	{ { S(2), 65536, 7, END }, { S(2), AS_TRANS, 7, END }, true, { S(2), 65536, 7,
	  END } },
	{ { S(1), AS_TRANS, END }, { S(1), AS_TRANS, END }, false, { S(1), AS_TRANS,
	  END } },
	{ { S(1), 7, SET(2), 4200000000, 8, END }, { S(1), 7, SET(2), AS_TRANS, 8,
	  END }, true,
	  { S(1), 7, SET(2), 4200000000, 8, END } },
	{ { CSEQ(1), 70000, S(1), 70001, END }, { CSEQ(1), AS_TRANS, S(1), AS_TRANS,
	  END }, true,
	  { S(1), 70001, END } },
	{ { S(1), 1, CSET(1), 2, END }, { S(1), 1, CSET(1), 2, END }, false, { S(1), 1,
	  END } },
};
/* clang-format on */

START_TEST(narrow_case)
{
	uint8_t in_octets[64], want_octets[64], buf[64];
	struct slice in = path_of(narrowed[_i].in, true, in_octets, sizeof(in_octets));
	struct slice want =
	    path_of(narrowed[_i].as2, false, want_octets, sizeof(want_octets));
	struct wcur out = wcur_of(buf, sizeof(buf));

	ck_assert_int_eq(as_path_to_as2(&out, in), narrowed[_i].lossy);
	ck_assert_uint_eq(wcur_len(&out), want.len);
	ck_assert_mem_eq(buf, want.at, want.len);

	want = path_of(narrowed[_i].as4_path, true, want_octets, sizeof(want_octets));
	out = wcur_of(buf, sizeof(buf));
	as_path_to_as4_path(&out, in);
	ck_assert_uint_eq(wcur_len(&out), want.len);
	ck_assert_mem_eq(buf, want.at, want.len);
}
END_TEST

/* What a 2-octet speaker is sent comes back whole (RFC 6793 4.2.2 and 4.2.3). */
START_TEST(narrow_and_merge)
{
	uint8_t octets[64], narrow[64], wide[64], block[160];
	struct slice path = path_of(narrowed[_i].in, true, octets, sizeof(octets));
	struct wcur as2 = wcur_of(narrow, sizeof(narrow));
	struct wcur as4 = wcur_of(wide, sizeof(wide));
	struct wcur out = wcur_of(block, sizeof(block));
	struct update update = { .keep = { 1u << ATTRIBUTE_AS_PATH, 0,
				     1u << (ATTRIBUTE_AS4_PATH - 16) } };
	struct attr_table *table = attr_table_new();
	struct attribute got;
	struct attrs *a;

	if (path.len > 0 && path.at[0] == SEGMENT_CONFED_SEQUENCE)
		path.at += 6, path.len -= 6; /* cannot come back whole */
	as_path_to_as2(&as2, path);
	as_path_to_as4_path(&as4, path);
	attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, narrow, wcur_len(&as2));
	attribute_put(&out, 0xc0, ATTRIBUTE_AS4_PATH, wide, wcur_len(&as4));
	update.attributes = (struct slice){ block, wcur_len(&out) };
	a = attrs_from_update(table, &update, (struct slice){ NULL, 0 }, false);
	ck_assert_ptr_nonnull(a);
	ck_assert(attribute_find(attrs_block(a), ATTRIBUTE_AS_PATH, &got));
	if (path.len == 12 && path.at[6] == SEGMENT_CONFED_SET)
		path.len = 6;
	ck_assert_uint_eq(got.value.len, path.len);
	ck_assert_mem_eq(got.value.at, path.at, path.len);
	attrs_unref(table, a);
	attr_table_free(table);
}
END_TEST

/* clang-format off */
static const struct {
	words in, out;
} publics[] = {
	/* RFC 6996: 64512..65534, 4200000000..4294967294 */
	{ { END }, { END } },
	{ { S(2), 1, 2, END }, { S(2), 1, 2, END } },
	{ { S(3), 64512, 1, 65534, END }, { S(1), 1, END } },
	{ { S(2), 64511, 65535, END }, { S(2), 64511, 65535, END } },
	{ { S(4), 4199999999, 4200000000, 4294967294, 4294967295, END },
	  { S(2), 4199999999, 4294967295, END } },
	{ { S(1), 65000, S(1), 1, END }, { S(1), 1, END } },
	{ { S(2), 65000, 65001, END }, { END } },
	{ { S(1), 1, SET(2), 65000, 2, END }, { S(1), 1, SET(1), 2, END } },
	{ { S(1), 1, SET(1), 65000, END }, { S(1), 1, END } },
};
/* clang-format on */

START_TEST(remove_private_case)
{
	uint8_t in_octets[64], want_octets[64], buf[64];
	struct slice in = path_of(publics[_i].in, true, in_octets, sizeof(in_octets));
	struct slice want =
	    path_of(publics[_i].out, true, want_octets, sizeof(want_octets));
	struct wcur out = wcur_of(buf, sizeof(buf));

	as_path_remove_private(&out, in);
	ck_assert_uint_eq(wcur_len(&out), want.len);
	ck_assert_mem_eq(buf, want.at, want.len);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("as_path");
	TCase *tcase = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, text_case, 0, COUNT(texts));
	tcase_add_test(tcase, text_of_the_unusual);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("edit");
	tcase_add_loop_test(tcase, prepend_case, 0, COUNT(prepends));
	tcase_add_loop_test(tcase, prepend_passes_255, 0, COUNT(overflows));
	tcase_add_test(tcase, prepend_without_room);
	tcase_add_loop_test(tcase, narrow_case, 0, COUNT(narrowed));
	tcase_add_loop_test(tcase, narrow_and_merge, 0, COUNT(narrowed));
	tcase_add_loop_test(tcase, remove_private_case, 0, COUNT(publics));
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
