// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Prefixes into messages: as full as the session allows, never over; and attribute sets
 * that fit into none.
 */
#include "bgp/nlri.h"
#include "exporter.h"

#include <check.h>
#include <stdlib.h>

static const uint32_t sizes[] = { MESSAGE_MAX_LEN, MESSAGE_MAX_EXTENDED_LEN };

/* ORIGIN, an empty AS_PATH, and `more` octets of an unknown transitive attribute. */
static size_t
make_block(uint8_t *block, size_t room, size_t more)
{
	static const uint8_t filler[1 << 16];
	struct wcur out = wcur_of(block, room);
	uint8_t origin = ORIGIN_IGP;

	attribute_put(&out, 0x40, ATTRIBUTE_ORIGIN, &origin, 1);
	attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, NULL, 0);
	if (more > 0)
		attribute_put(&out, 0xe0, 99, filler, more);
	ck_assert(!out.failed);
	return wcur_len(&out);
}

static struct group_key
make_key(enum family family, uint32_t size)
{
	struct group_key key;

	group_key_init(&key, family);
	key.as4 = key.passes = 1;
	key.message_size = size;
	key.self = family == FAMILY_IPV4 ? addr_of("10.0.0.100") : addr_of("fd00::100");
	return key;
}

/* IPv4 /24 and IPv6 /56: 4 and 8 octets each. */
static void
nth(enum family family, uint32_t i, char text[PREFIX_TEXT_LEN])
{
	struct prefix p = { .family = (uint8_t)family };

	if (family == FAMILY_IPV4) {
		put_u32(p.bytes, UINT32_C(0x0b000000) + (i << 8));
		p.bits = 24;
	} else {
		put_u32(p.bytes, UINT32_C(0x20010db8));
		put_u32(p.bytes + 4, i << 8);
		p.bits = 56;
	}
	prefix_format(&p, text);
}

struct message_lens {
	unsigned n;
	size_t lens[64];
	unsigned announced, withdrawn;
	bool end_of_rib;
};

static void
read_update(const struct message *message, struct message_lens *got)
{
	const struct update_context context = { .as4 = true,
		.families = { true, true } };
	struct update u;
	struct nlri nlri;

	update_get(message->body, &context, &u);
	ck_assert_msg(u.verdict == ACTION_NONE, "%s", u.fault.what);
	got->end_of_rib = got->end_of_rib || u.end_of_rib;
	if (u.end_of_rib)
		return;
	ck_assert_uint_lt(got->n, 64);
	got->lens[got->n++] = message->whole.len;
	for (int i = 0; i < 4; i++) {
		struct slice fields[] = { u.nlri, u.mp_nlri, u.withdrawn,
			u.mp_withdrawn };
		enum family families[] = { FAMILY_IPV4, FAMILY_IPV6, FAMILY_IPV4,
			FAMILY_IPV6 };
		struct rcur in = rcur_of_slice(fields[i]);

		while (nlri_get(&in, families[i], false, &nlri)) {
			got->announced += i < 2;
			got->withdrawn += i >= 2;
		}
	}
}

static struct message_lens
take(struct exporter *e, size_t max_len)
{
	struct message_lens got = { 0 };
	struct message message;
	struct bgp_error error;
	size_t used = 0;

	exporter_drain(e);
	while (used < e->len) {
		ck_assert_int_eq(message_frame(e->octets + used, e->len - used, max_len,
				     &message, &error),
		    FRAME_OK);
		read_update(&message, &got);
		used += message.whole.len;
	}
	e->len = 0;
	return got;
}

/* What `n` prefixes of `each` octets behind `fixed` ones must look like. */
static void
assert_full(
    const struct message_lens *got, size_t size, size_t fixed, size_t each, unsigned n)
{
	size_t a_message = (size - fixed) / each, left = n % a_message;
	unsigned whole = (unsigned)(n / a_message);

	ck_assert_uint_eq(got->n, whole + (left > 0));
	for (unsigned i = 0; i < whole; i++)
		ck_assert_uint_eq(got->lens[i], fixed + a_message * each);
	if (left > 0)
		ck_assert_uint_eq(got->lens[whole], fixed + left * each);
}

/* By size, family, and length of the block: every remainder in the last octets. */
START_TEST(full_messages)
{
	uint32_t size = sizes[_i & 1];
	enum family family = _i & 2 ? FAMILY_IPV6 : FAMILY_IPV4;
	struct exporter *e = exporter_new();
	struct group_key key = make_key(family, size);
	uint8_t block[1 << 16];
	/* One walk's segment is 4,096 prefixes: a long set fills the long messages,
	 * too. */
	size_t len = make_block(block, sizeof(block),
	    (size_t)(_i >> 2) + (size == MESSAGE_MAX_LEN ? 0 : 60000));
	/* header, two lengths; NEXT_HOP or MP_REACH; LOCAL_PREF */
	size_t fixed = 23 + len + (family == FAMILY_IPV4 ? 7 : 25) + 7;
	struct message_lens got;

	for (uint32_t i = 0; i < 4000; i++) {
		char text[PREFIX_TEXT_LEN];

		nth(family, i, text);
		exporter_announce(
		    e, RIB_LOCAL_PEER, text, (struct slice){ block, len }, "");
	}
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	got = take(e, size);
	ck_assert(got.end_of_rib);
	ck_assert_uint_eq(got.announced, 4000);
	ck_assert_uint_eq(got.withdrawn, 0);
	assert_full(&got, size, fixed, family == FAMILY_IPV4 ? 4 : 8, 4000);
	exporter_free(e);
}
END_TEST

START_TEST(full_withdrawals)
{
	enum family family = _i & 2 ? FAMILY_IPV6 : FAMILY_IPV4;
	uint32_t size = sizes[_i & 1];
	struct exporter *e = exporter_new();
	struct group_key key = make_key(family, size);
	uint8_t block[64];
	size_t len = make_block(block, sizeof(block), 0);
	struct message_lens got;

	for (uint32_t i = 0; i < 4000; i++) {
		char text[PREFIX_TEXT_LEN];

		nth(family, i, text);
		exporter_announce(
		    e, RIB_LOCAL_PEER, text, (struct slice){ block, len }, "");
	}
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	got = take(e, size);
	ck_assert_uint_eq(got.announced, 4000);
	for (uint32_t i = 0; i < 4000; i++) {
		char text[PREFIX_TEXT_LEN];
		struct prefix p;

		nth(family, i, text);
		p = prefix_from(text);
		rib_withdraw_own(e->rib, &p, PATH_NETWORK);
	}
	got = take(e, size);
	ck_assert_uint_eq(got.withdrawn, 4000);
	ck_assert_uint_eq(got.announced, 0);
	assert_full(&got, size, family == FAMILY_IPV4 ? 23 : 30,
	    family == FAMILY_IPV4 ? 4 : 8, 4000);
	exporter_free(e);
}
END_TEST

/* A set that leaves room for exactly one prefix goes out; one octet more does not: what
 * was announced before is withdrawn, and the case is counted. */
START_TEST(too_long)
{
	enum family family = _i & 1 ? FAMILY_IPV6 : FAMILY_IPV4;
	struct exporter *e = exporter_new();
	struct group_key key = make_key(family, MESSAGE_MAX_LEN);
	size_t fixed = 23 + (family == FAMILY_IPV4 ? 7 : 25) + 7;
	size_t each = family == FAMILY_IPV4 ? 4 : 8;
	/* ORIGIN 4, AS_PATH 3, head of the unknown one 4 */
	size_t most = MESSAGE_MAX_LEN - fixed - each - 11;
	uint8_t block[8192];
	char text[PREFIX_TEXT_LEN];
	struct message_lens got;
	size_t len;

	nth(family, 1, text);
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	take(e, MESSAGE_MAX_LEN);
	len = make_block(block, sizeof(block), most);
	exporter_announce(e, RIB_LOCAL_PEER, text, (struct slice){ block, len }, "");
	got = take(e, MESSAGE_MAX_LEN);
	ck_assert_uint_eq(got.announced, 1);
	ck_assert_uint_eq(got.lens[0], MESSAGE_MAX_LEN);
	ck_assert_uint_eq(out_too_long_count(e->out), 0);

	len = make_block(block, sizeof(block), most + (_i < 2 ? 1 : 2000));
	exporter_announce(e, RIB_LOCAL_PEER, text, (struct slice){ block, len }, "");
	got = take(e, MESSAGE_MAX_LEN);
	ck_assert_uint_eq(got.announced, 0);
	ck_assert_uint_eq(got.withdrawn, 1);
	ck_assert_uint_eq(out_too_long_count(e->out), 1);
	ck_assert_uint_eq(member_sent_count(&e->member), 0);

	/* A shorter one: it is announced again. */
	len = make_block(block, sizeof(block), 1);
	exporter_announce(e, RIB_LOCAL_PEER, text, (struct slice){ block, len }, "");
	got = take(e, MESSAGE_MAX_LEN);
	ck_assert_uint_eq(got.announced, 1);
	ck_assert_uint_eq(member_sent_count(&e->member), 1);
	exporter_free(e);
}
END_TEST

/* RFC 8654 4: on such a session the same set has room. */
START_TEST(long_set_on_an_extended_session)
{
	struct exporter *e = exporter_new();
	struct group_key key = make_key(FAMILY_IPV4, MESSAGE_MAX_EXTENDED_LEN);
	uint8_t block[8192];
	size_t len = make_block(block, sizeof(block), 6000);
	struct message_lens got;

	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	take(e, MESSAGE_MAX_EXTENDED_LEN);
	exporter_announce(
	    e, RIB_LOCAL_PEER, "11.0.0.0/8", (struct slice){ block, len }, "");
	got = take(e, MESSAGE_MAX_EXTENDED_LEN);
	ck_assert_uint_eq(got.announced, 1);
	ck_assert_uint_gt(got.lens[0], 6000);
	exporter_free(e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("out_pack");
	TCase *t = tcase_create("pack");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, full_messages, 0, 4 * 9);
	tcase_add_loop_test(t, full_withdrawals, 0, 4);
	tcase_add_loop_test(t, too_long, 0, 4);
	tcase_add_test(t, long_set_on_an_extended_session);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
