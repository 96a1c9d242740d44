// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which prefixes get which key of TCP MD5: whatever is merged, every address has the
 * key that its own peer or the longest range has, and no other address has one.
 */
#include "conf_make.h"
#include "keyring.h"

static uint32_t
key_of(const struct keyring *ring, const struct addr *a)
{
	const struct keyring_key *best = NULL;

	for (size_t i = 0; i < ring->n; i++) {
		const struct keyring_key *key = &ring->list[i];

		if (prefix_covers_addr(&key->prefix, a) &&
		    (best == NULL || key->prefix.bits > best->prefix.bits))
			best = key;
	}
	return best == NULL ? 0 : best->secret;
}

/* The same from the configuration, the slow and plain way. */
static uint32_t
key_wanted(const struct conf *conf, const struct addr *a)
{
	uint32_t secret = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < conf->n_peers; i++)
		if (addr_equal(&conf->peers[i].address, a) &&
		    conf->peers[i].options.password != 0)
			return conf->peers[i].options.password;
	for (size_t g = 0; g < conf->n_groups; g++) {
		const struct conf_group *group = &conf->groups[g];

		if (group->options.password != 0 &&
		    prefix_covers_addr(&group->ranges[0], a) &&
		    group->ranges[0].bits >= bits) {
			bits = group->ranges[0].bits;
			secret = group->options.password;
		}
	}
	return secret;
}

static void
ring_check(const struct conf *conf, const struct keyring *ring)
{
	for (size_t i = 1; i < ring->n; i++)
		ck_assert_int_lt(
		    prefix_compare(&ring->list[i - 1].prefix, &ring->list[i].prefix),
		    0);
	for (uint32_t i = 0; i < 1024; i++) { /* 10.0.0.0/22 */
		struct addr a = addr_ipv4(0x0a000000 + i);

		ck_assert_uint_eq(key_of(ring, &a), key_wanted(conf, &a));
	}
}

static void
peer_add(struct conf *conf, size_t index, uint32_t address, uint32_t password)
{
	struct conf_peer *peer = &conf->peers[index];

	*peer = (struct conf_peer){ .address = addr_ipv4(address) };
	peer->options.password = password;
	conf->n_peers = index + 1;
}

static struct conf *
conf_with_room(size_t peers)
{
	struct conf *conf = conf_make(64512, 1);

	free(conf->peers);
	conf->peers = calloc(peers, sizeof(*conf->peers));
	ck_assert_ptr_nonnull(conf->peers);
	return conf;
}

START_TEST(few_have_one_each)
{
	struct conf *conf = conf_with_room(64);
	struct keyring ring;

	for (uint32_t i = 0; i < KEYRING_MERGE_FROM; i++)
		peer_add(conf, i, 0x0a000000 + i, 7);
	ring = keyring_of(conf, NULL);
	ck_assert_uint_eq(ring.n, KEYRING_MERGE_FROM);
	ring_check(conf, &ring);
	keyring_free(&ring);
	conf_free(conf);
}
END_TEST

START_TEST(many_of_one_key_are_merged)
{
	struct conf *conf = conf_with_room(1024);
	struct keyring ring;

	for (uint32_t i = 0; i < 1024; i++)
		peer_add(conf, i, 0x0a000000 + i, 7);
	ring = keyring_of(conf, NULL);
	ck_assert_uint_eq(ring.n, 1);
	ck_assert_uint_eq(ring.list[0].prefix.bits, 22);
	ring_check(conf, &ring);
	keyring_free(&ring);

	conf->peers[5].options.password = 8; /* one of them has another */
	conf->peers[600].options.password = 0;
	ring = keyring_of(conf, NULL);
	ck_assert_uint_le(ring.n, 20);
	ring_check(conf, &ring);
	keyring_free(&ring);
	conf_free(conf);
}
END_TEST

/* A range inside of what could be merged would win over it. */
START_TEST(ranges_keep_their_place)
{
	struct conf *conf = conf_with_room(256);
	struct keyring ring;

	for (uint32_t i = 0; i < 256; i++)
		peer_add(conf, i, 0x0a000000 + i, 7);
	conf_range_add(conf, "inner", "10.0.0.16/30", 65000)->options.password = 8;
	conf_range_add(conf, "one", "10.0.0.9/32", 65000)->options.password = 8;
	conf_range_add(conf, "outer", "10.0.0.0/23", 65000)->options.password = 9;
	conf_range_add(conf, "none", "10.0.2.0/24", 65000);
	conf_range_add(conf, "six", "fd00::/64", 65000)->options.password = 9;
	ring = keyring_of(conf, NULL);
	ring_check(conf, &ring);
	ck_assert_uint_le(ring.n, 30);
	ck_assert_int_eq(ring.list[ring.n - 1].prefix.family, FAMILY_IPV6);
	keyring_free(&ring);
	conf_free(conf);
}
END_TEST

/* One link-local address on two links, and what was learned beside it. */
START_TEST(each_prefix_once)
{
	struct conf *conf = conf_with_room(128);
	struct keyring learned = { NULL, 0 }, ring;

	for (uint32_t i = 0; i < 126; i++)
		peer_add(conf, i, 0x0a000000 + i, 7);
	peer_add(conf, 126, 0x0a000001, 7);
	for (uint32_t i = 126; i < 128; i++) {
		struct addr a = addr_ipv4(0x0a000000 + i);
		struct prefix prefix = prefix_of(&a, 32);

		keyring_add(&learned, &prefix, 7);
	}
	ring = keyring_of(conf, &learned);
	ck_assert_uint_eq(ring.n, 1);
	ck_assert_uint_eq(ring.list[0].prefix.bits, 25);
	keyring_free(&ring);
	conf->peers[0].options.password = 8;
	ring = keyring_of(conf, &learned);
	ck_assert_uint_eq(ring.n, 8); /* .0, .1, .2/31 to .64/26 */
	keyring_free(&ring);
	keyring_free(&learned);
	conf_free(conf);
}
END_TEST

START_TEST(any_mixture)
{
	struct conf *conf = conf_with_room(1024);

	srandom(1);
	for (int round = 0; round < 50; round++) {
		struct keyring ring;
		size_t n = 0;

		for (uint32_t i = 0; i < 1024; i++)
			if (random() % 8 != 0)
				peer_add(conf, n++, 0x0a000000 + i,
				    random() % 32 == 0 ? 8 : 7);
		ring = keyring_of(conf, NULL);
		ring_check(conf, &ring);
		keyring_free(&ring);
	}
	conf_free(conf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keyring");
	TCase *tcase = tcase_create("keyring");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase, few_have_one_each);
	tcase_add_test(tcase, many_of_one_key_are_merged);
	tcase_add_test(tcase, ranges_keep_their_place);
	tcase_add_test(tcase, each_prefix_once);
	tcase_add_test(tcase, any_mixture);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
