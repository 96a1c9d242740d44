// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which key a link-local address has, where several ends on several links have it.
 */
#include "conf_make.h"
#include "link_keys.h"

static struct link_ends before, now;
static struct keyring keys;

/* A router heard on an unnumbered peer's link. */
static void
hear(const char *interface, const char *address, uint32_t secret)
{
	struct conf_peer peer = { .address = addr_none() };
	struct addr a = addr_of(address);

	snprintf(peer.interface, sizeof(peer.interface), "%s", interface);
	snprintf(peer.name, sizeof(peer.name), "on-%s", interface);
	peer.options.password = secret;
	link_ends_add(&now, &peer, &a);
}

static void
configure(const char *interface, const char *address, uint32_t secret)
{
	struct conf_peer peer = { .address = addr_of(address) };

	snprintf(peer.interface, sizeof(peer.interface), "%s", interface);
	peer.options.password = secret;
	link_ends_add(&now, &peer, &peer.address);
}

/* And what comes is a list of its own. */
static void
settle(void)
{
	keyring_free(&keys);
	link_ends_settle(&now, &before);
	keys = link_ends_keys(&now);
	link_ends_free(&before);
	before = now;
	now = (struct link_ends){ NULL, 0 };
}

static uint32_t
key_of(const char *address)
{
	struct addr a = addr_of(address);

	for (size_t i = 0; i < keys.n; i++)
		if (prefix_covers_addr(&keys.list[i].prefix, &a)) {
			ck_assert_uint_eq(keys.list[i].prefix.bits, 128);
			return keys.list[i].secret;
		}
	return 0;
}

static bool
is_refused(const char *interface, const char *address)
{
	struct addr a = addr_of(address);
	const struct link_end *end = link_ends_find(&before, &a, interface);

	ck_assert_ptr_nonnull(end);
	return end->refused;
}

static void
teardown(void)
{
	link_ends_free(&before);
	link_ends_free(&now);
	keyring_free(&keys);
}

START_TEST(each_has_its_own)
{
	hear("eth1", "fe80::2", 8);
	hear("eth0", "fe80::1", 7);
	hear("eth0", "fe80::1", 7); /* as the peer, and as a router that is heard */
	hear("eth2", "fe80::3", 0);
	settle();
	ck_assert_uint_eq(keys.n, 2);
	ck_assert_uint_eq(key_of("fe80::1"), 7);
	ck_assert_uint_eq(key_of("fe80::2"), 8);
	ck_assert(!is_refused("eth2", "fe80::3"));
	settle(); /* all have left */
	ck_assert_uint_eq(keys.n, 0);
}
END_TEST

START_TEST(one_key_for_two_links)
{
	hear("eth0", "fe80::1", 7);
	hear("eth1", "fe80::1", 7);
	settle();
	ck_assert_uint_eq(keys.n, 1);
	ck_assert(!is_refused("eth0", "fe80::1") && !is_refused("eth1", "fe80::1"));
	hear("eth1", "fe80::1", 7); /* one leaves, the other needs it still */
	settle();
	ck_assert_uint_eq(key_of("fe80::1"), 7);
}
END_TEST

/* Whatever the order of the list, who has the key keeps it. */
START_TEST(who_was_first_stays)
{
	hear("eth1", "fe80::1", 8);
	settle();
	hear("eth0", "fe80::1", 7);
	hear("eth1", "fe80::1", 8);
	hear("eth2", "fe80::1", 0);
	settle();
	ck_assert_uint_eq(key_of("fe80::1"), 8);
	ck_assert(!is_refused("eth1", "fe80::1"));
	ck_assert(is_refused("eth0", "fe80::1") && is_refused("eth2", "fe80::1"));
	hear("eth0", "fe80::1", 7);
	hear("eth1", "fe80::1", 9); /* another key by a reload */
	hear("eth2", "fe80::1", 0);
	settle();
	ck_assert_uint_eq(key_of("fe80::1"), 9);
	hear("eth0", "fe80::1", 7);
	hear("eth2", "fe80::1", 0);
	settle(); /* it left: the next one's turn */
	ck_assert_uint_eq(key_of("fe80::1"), 7);
	ck_assert(!is_refused("eth0", "fe80::1") && is_refused("eth2", "fe80::1"));
}
END_TEST

START_TEST(no_key_is_a_right_too)
{
	hear("eth0", "fe80::1", 0);
	settle();
	hear("eth0", "fe80::1", 0);
	hear("eth1", "fe80::1", 7);
	settle();
	ck_assert_uint_eq(keys.n, 0);
	ck_assert(is_refused("eth1", "fe80::1"));
}
END_TEST

START_TEST(the_configured_one_first)
{
	hear("eth0", "fe80::1", 7);
	settle();
	hear("eth0", "fe80::1", 7);
	configure("eth1", "fe80::1", 8);
	settle();
	ck_assert_uint_eq(keys.n, 0); /* that one's key comes with the configuration */
	ck_assert(is_refused("eth0", "fe80::1") && !is_refused("eth1", "fe80::1"));
	hear("eth1", "fe80::1", 9); /* on one link */
	configure("eth1", "fe80::1", 8);
	hear("eth1", "fe80::1", 9);
	settle();
	ck_assert_uint_eq(before.n, 1);
	ck_assert_uint_eq(keys.n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("link_keys");
	TCase *tcase = tcase_create("link_keys");
	SRunner *runner;
	int n_failed;

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, each_has_its_own);
	tcase_add_test(tcase, one_key_for_two_links);
	tcase_add_test(tcase, who_was_first_stays);
	tcase_add_test(tcase, no_key_is_a_right_too);
	tcase_add_test(tcase, the_configured_one_first);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
