// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Groups with add-path (RFC 7911), octet by octet: identifiers that stay, what is
 * pushed out of the best few, and owners.  The random test of all of it is
 * test_out_model.c.
 */
#include "bgp/nlri.h"
#include "exporter.h"

#include <check.h>
#include <stdlib.h>

#define PREFIX "198.51.100.0/24"

/* What the member holds of PREFIX: LOCAL_PREF by identifier, 0 nothing. */
struct held {
	uint32_t local_pref[16];
	unsigned announced, withdrawn; /* since the last look */
};

static struct exporter *
start(uint8_t max, uint32_t message_size)
{
	struct exporter *e = exporter_new();
	struct group_key key;

	for (uint32_t p = 1; p <= EXPORTER_MEMBER; p++)
		rib_peer(e->rib, p)->client = true;
	group_key_init(&key, FAMILY_IPV4);
	key.as4 = key.passes = key.client = 1;
	key.message_size = message_size;
	key.add_path = max;
	key.cluster_id = 1;
	key.self = addr_of("10.0.0.100");
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	return e;
}

/* Path `id` of `source`; `filler` octets of an unknown attribute make it long. */
static void
announce(struct exporter *e, uint32_t source, uint32_t id, uint32_t local_pref,
    const char *next_hop, size_t filler)
{
	static const uint8_t zeroes[8192];
	uint8_t block[16384], value[4] = { ORIGIN_IGP };
	struct wcur out = wcur_of(block, sizeof(block));
	struct prefix prefix = prefix_from(PREFIX);
	struct addr nh = addr_of(next_hop);
	struct attrs *attrs;

	attribute_put(&out, 0x40, ATTRIBUTE_ORIGIN, value, 1);
	attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, NULL, 0);
	put_u32(value, local_pref);
	attribute_put(&out, 0x40, ATTRIBUTE_LOCAL_PREF, value, 4);
	if (filler > 0)
		attribute_put(&out, 0xe0, 99, zeroes, filler);
	attrs = attrs_from_block(e->attrs, (struct slice){ block, wcur_len(&out) },
	    (struct slice){ nh.bytes, 4 });
	ck_assert_ptr_nonnull(attrs);
	ck_assert(rib_announce(e->rib, source, &prefix, id, attrs, 0, 1));
	attrs_unref(e->attrs, attrs);
}

static void
withdraw(struct exporter *e, uint32_t source, uint32_t id)
{
	struct prefix prefix = prefix_from(PREFIX);

	ck_assert(rib_withdraw(e->rib, source, &prefix, id));
}

static void
take_update(struct held *held, struct slice body)
{
	struct update_context context = {
		.as4 = true, .families = { true, true }, .add_path = { true, true }
	};
	struct update u;
	struct attribute a;
	struct nlri nlri;
	struct rcur in;

	update_get(body, &context, &u);
	ck_assert_int_eq(u.verdict, ACTION_NONE);
	in = rcur_of_slice(u.withdrawn);
	for (; nlri_get(&in, FAMILY_IPV4, true, &nlri); held->withdrawn++)
		held->local_pref[nlri.path_id] = 0;
	in = rcur_of_slice(u.nlri);
	for (; nlri_get(&in, FAMILY_IPV4, true, &nlri); held->announced++) {
		ck_assert(attribute_find(u.attributes, ATTRIBUTE_LOCAL_PREF, &a));
		ck_assert_uint_gt(nlri.path_id, 0);
		held->local_pref[nlri.path_id] = get_u32(a.value.at);
	}
}

static void
look(struct exporter *e, struct held *held)
{
	struct message message;
	struct bgp_error error;
	size_t at = 0;

	held->announced = held->withdrawn = 0;
	exporter_drain(e);
	while (at < e->len) {
		ck_assert_int_eq(message_frame(e->octets + at, e->len - at,
				     MESSAGE_MAX_EXTENDED_LEN, &message, &error),
		    FRAME_OK);
		take_update(held, message.body);
		at += message.whole.len;
	}
	e->len = 0;
}

/* The identifier under which it holds that LOCAL_PREF; 0: none. */
static uint32_t
id_of(const struct held *held, uint32_t local_pref)
{
	for (uint32_t id = 1; id < 16; id++)
		if (held->local_pref[id] == local_pref)
			return id;
	return 0;
}

/* Of several paths of one source each has its identifier, and keeps it whatever happens
 * to the others; a change of one is one message. */
START_TEST(identifiers_stay)
{
	struct exporter *e = start(4, MESSAGE_MAX_LEN);
	struct held held = { 0 };
	uint32_t low, high;

	announce(e, 1, 7, 100, "192.0.2.1", 0);
	announce(e, 1, 8, 200, "192.0.2.1", 0);
	announce(e, 2, 7, 300, "192.0.2.2", 0);
	look(e, &held);
	ck_assert_uint_eq(held.announced, 3);
	low = id_of(&held, 100);
	high = id_of(&held, 300);
	ck_assert(low != 0 && high != 0 && id_of(&held, 200) != 0);
	ck_assert_uint_eq(member_sent_count(&e->member), 3);

	withdraw(e, 1, 8);
	look(e, &held);
	ck_assert_uint_eq(held.announced, 0);
	ck_assert_uint_eq(held.withdrawn, 1);
	ck_assert_uint_eq(id_of(&held, 100), low);
	ck_assert_uint_eq(id_of(&held, 300), high);

	/* The worst becomes the best: the same identifier, one announcement. */
	announce(e, 1, 7, 400, "192.0.2.1", 0);
	look(e, &held);
	ck_assert_uint_eq(held.announced, 1);
	ck_assert_uint_eq(held.withdrawn, 0);
	ck_assert_uint_eq(id_of(&held, 400), low);
	/* The same again is no change at all. */
	announce(e, 1, 7, 400, "192.0.2.1", 0);
	look(e, &held);
	ck_assert_uint_eq(held.announced + held.withdrawn, 0);
	exporter_free(e);
}
END_TEST

/* Who is behind hears of no identifier that nobody can hold. */
START_TEST(behind)
{
	struct exporter *e = start(8, MESSAGE_MAX_LEN);
	struct held held = { 0 };

	announce(e, 1, 7, 100, "192.0.2.1", 0);
	while (out_work(e->out, 4096)) /* the group has seen it, the member not */
		continue;
	announce(e, 1, 7, 200, "192.0.2.1", 0);
	look(e, &held);
	ck_assert_uint_eq(id_of(&held, 200), 1);
	ck_assert_uint_eq(held.withdrawn, 0);
	/* Once a second path was there, its identifier is in question. */
	announce(e, 1, 8, 150, "192.0.2.1", 0);
	while (out_work(e->out, 4096))
		continue;
	withdraw(e, 1, 8);
	out_refresh(e->out, &e->member);
	look(e, &held);
	ck_assert_uint_eq(id_of(&held, 200), 1);
	ck_assert_uint_eq(id_of(&held, 150), 0);
	exporter_free(e);
}
END_TEST

/* A path pushed out of the best N is a withdrawal, or its identifier is given to the
 * one that pushed; when there is room again it comes back. */
START_TEST(pushed_out)
{
	struct exporter *e = start(2, MESSAGE_MAX_LEN);
	struct held held = { 0 };

	announce(e, 1, 1, 100, "192.0.2.1", 0);
	announce(e, 1, 2, 200, "192.0.2.1", 0);
	look(e, &held);
	announce(e, 1, 3, 300, "192.0.2.1", 0);
	look(e, &held);
	ck_assert_uint_eq(id_of(&held, 100), 0);
	ck_assert(id_of(&held, 200) != 0 && id_of(&held, 300) != 0);
	ck_assert_uint_eq(held.announced, 1);
	/* Worse than those that are sent: nobody hears of it. */
	announce(e, 1, 4, 50, "192.0.2.1", 0);
	look(e, &held);
	ck_assert_uint_eq(held.announced + held.withdrawn, 0);
	withdraw(e, 1, 2);
	look(e, &held);
	ck_assert(id_of(&held, 100) != 0 && id_of(&held, 200) == 0);
	withdraw(e, 1, 1);
	withdraw(e, 1, 3);
	withdraw(e, 1, 4);
	look(e, &held);
	ck_assert_uint_eq(held.withdrawn, 2);
	ck_assert_uint_eq(member_sent_count(&e->member), 0);
	exporter_free(e);
}
END_TEST

/* What is the member's own does not come back; where its path takes an identifier over,
 * it alone gets the withdrawal. */
START_TEST(owner_alone)
{
	static const struct {
		const char *what;
		uint32_t source;
		const char *next_hop;
	} own[] = { { "its source", EXPORTER_MEMBER, "192.0.2.1" },
		{ "its next hop", 2, "10.0.0.3" } };
	struct exporter *e = start(1, MESSAGE_MAX_LEN);
	struct held held = { 0 };

	announce(e, 1, 1, 100, "192.0.2.1", 0);
	look(e, &held);
	ck_assert_uint_eq(id_of(&held, 100), 1);
	announce(e, own[_i].source, 1, 200, own[_i].next_hop, 0);
	look(e, &held);
	ck_assert_msg(held.withdrawn == 1 && held.announced == 0, "%s", own[_i].what);
	withdraw(e, own[_i].source, 1);
	look(e, &held);
	ck_assert_uint_eq(id_of(&held, 100), 1);
	exporter_free(e);
}
END_TEST

/* Legal where it came from, too long with CLUSTER_LIST: it is withdrawn, and counted;
 * the other path stays. */
START_TEST(too_long)
{
	struct exporter *e = start(2, MESSAGE_MAX_LEN);
	struct held held = { 0 };

	announce(e, 1, 1, 100, "192.0.2.1", 0);
	announce(e, 1, 2, 200, "192.0.2.1", 0);
	look(e, &held);
	announce(e, 1, 2, 300, "192.0.2.1", 4050);
	look(e, &held);
	ck_assert_uint_eq(held.withdrawn, 1);
	ck_assert(id_of(&held, 100) != 0 && id_of(&held, 200) == 0);
	ck_assert_uint_eq(out_too_long_count(e->out), 1);
	ck_assert_uint_eq(member_sent_count(&e->member), 1);
	announce(e, 1, 2, 300, "192.0.2.1", 10);
	look(e, &held);
	ck_assert_uint_ne(id_of(&held, 300), 0);
	exporter_free(e);
}
END_TEST

/* What one peer may put on one prefix is bounded. */
START_TEST(bounded)
{
	struct exporter *e = start(2, MESSAGE_MAX_LEN);
	struct prefix prefix = prefix_from(PREFIX);
	struct attrs *attrs;

	for (uint32_t id = 1; id <= RIB_PATHS_PER_PEER; id++)
		announce(e, 1, id, 100 + id, "192.0.2.1", 0);
	attrs = attrs_ref(dest_best(rib_find(e->rib, &prefix))->attrs);
	ck_assert(!rib_announce(e->rib, 1, &prefix, 99999, attrs, 0, 1));
	ck_assert(rib_announce(e->rib, 1, &prefix, 7, attrs, 0, 1));
	ck_assert(rib_announce(e->rib, 2, &prefix, 99999, attrs, 0, 1));
	ck_assert_uint_eq(rib_path_count(e->rib, FAMILY_IPV4), RIB_PATHS_PER_PEER + 1);
	withdraw(e, 1, 7);
	ck_assert(rib_announce(e->rib, 1, &prefix, 99999, attrs, 0, 1));
	rib_attrs_unref(e->rib, attrs);
	exporter_free(e);
}
END_TEST

/* The order of the few is the order of the decision: MED counts between paths through
 * the same neighbouring AS alone, RFC 4271 9.1.2.2 c. */
START_TEST(ranked_with_med)
{
	static const struct {
		const char *block, *next_hop;
	} paths[] = {
		/* through AS 300 with MED 20 and 10, through AS 400 with MED 50 */
		{ "400101 00 400206 0201 0000012c 800404 00000014", "192.0.2.1" },
		{ "400101 00 400206 0201 0000012c 800404 0000000a", "192.0.2.3" },
		{ "400101 00 400206 0201 00000190 800404 00000032", "192.0.2.2" },
	};
	struct exporter *e = exporter_new();
	struct prefix prefix = prefix_from(PREFIX);
	const struct path *ranked[3];
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint8_t block[64];
		size_t len = hex_bytes(paths[i].block, block, sizeof(block));

		exporter_announce(
		    e, i + 1, PREFIX, (struct slice){ block, len }, paths[i].next_hop);
	}
	for (const struct path *p = rib_find(e->rib, &prefix)->paths; p != NULL;
	     p = p->next)
		ranked[n++] = p;
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(rib_rank(e->rib, ranked, 3, 3), 3);
	/* Peer 1 loses to peer 2 by MED and so is not in question first; of 2 and 3 the
	 * BGP identifier decides, and of 1 and 3 as well. */
	ck_assert_uint_eq(ranked[0]->peer, 2);
	ck_assert_uint_eq(ranked[1]->peer, 1);
	ck_assert_uint_eq(ranked[2]->peer, 3);
	ck_assert_ptr_eq(ranked[0], dest_best(rib_find(e->rib, &prefix)));
	ck_assert_uint_eq(rib_rank(e->rib, ranked, 3, 1), 1);
	ck_assert_uint_eq(ranked[0]->peer, 2);
	exporter_free(e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("out_paths");
	TCase *t = tcase_create("paths");
	SRunner *r;
	int failed;

	tcase_add_test(t, identifiers_stay);
	tcase_add_test(t, behind);
	tcase_add_test(t, pushed_out);
	tcase_add_loop_test(t, owner_alone, 0, 2);
	tcase_add_test(t, too_long);
	tcase_add_test(t, bounded);
	tcase_add_test(t, ranked_with_med);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
