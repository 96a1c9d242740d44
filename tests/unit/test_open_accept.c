// links: bgp_fsm
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Judging a peer's OPEN by the configuration, collision detection, lengths of timers.
 */
#include <check.h>
#include <stdlib.h>

#include "bgp/fsm.h"

static const struct {
	const char *what;
	uint32_t local_as, remote_as, as, id;
	unsigned subcode; /* 0: accepted */
} opens[] = {
	/* RFC 4271 6.2: 2/2 */
	{ "the AS configured", 65000, 65001, 65001, 9, 0 },
	{ "4-octet AS", 65000, 4200000000u, 4200000000u, 9, 0 },
	{ "another AS", 65000, 65001, 65002, 9, OPEN_BAD_PEER_AS },
	{ "AS_TRANS for a 4-octet AS", 65000, 4200000000u, AS_TRANS, 9,
	    OPEN_BAD_PEER_AS },
	{ "our AS, another wanted", 65000, 65001, 65000, 9, OPEN_BAD_PEER_AS },
	{ "external: any other", 65000, 0, 64999, 9, 0 },
	{ "external: ours", 65000, 0, 65000, 9, OPEN_BAD_PEER_AS },
	/* RFC 6286 2.2: 2/3, inside the AS alone */
	{ "iBGP", 65000, 65000, 65000, 9, 0 },
	{ "iBGP with our identifier", 65000, 65000, 65000, 7, OPEN_BAD_BGP_ID },
	{ "eBGP with our identifier", 65000, 65001, 65001, 7, 0 },
	{ "external with our identifier", 65000, 0, 65001, 7, 0 },
	{ "wrong AS and our identifier", 65000, 65001, 65000, 7, OPEN_BAD_PEER_AS },
};

START_TEST(open_accept_case)
{
	const struct open_policy policy = { opens[_i].local_as, opens[_i].remote_as,
		7 };
	const struct open theirs = { .as = opens[_i].as, .bgp_id = opens[_i].id };
	struct bgp_error error = { 99, 99, { NULL, 99 } };
	bool ok = open_accept(&policy, &theirs, &error);

	ck_assert_msg(ok == (opens[_i].subcode == 0), "%s", opens[_i].what);
	if (ok)
		return;
	ck_assert_uint_eq(error.code, NOTIFY_OPEN);
	ck_assert_msg(error.subcode == opens[_i].subcode, "%s: subcode %u",
	    opens[_i].what, error.subcode);
	ck_assert_uint_eq(error.data.len, 0);
}
END_TEST

static const struct {
	uint32_t local_id, local_as, remote_id, remote_as;
	bool ours;
} collisions[] = {
	/* RFC 4271 6.8: the greater identifier dials */
	{ 2, 65000, 1, 65000, true },
	{ 1, 65000, 2, 65000, false },
	{ 0xc0000201, 1, 0x0a000001, 9, true }, /* unsigned, and before AS numbers */
	{ 0x0a000001, 9, 0xc0000201, 1, false },
	{ 5, 65002, 5, 65001, true }, /* RFC 6286 2.3 */
	{ 5, 65001, 5, 65002, false },
	{ 5, 4200000000u, 5, 65002, true },
};

START_TEST(collision_case)
{
	ck_assert_int_eq(
	    collision_keeps_ours(collisions[_i].local_id, collisions[_i].local_as,
		collisions[_i].remote_id, collisions[_i].remote_as),
	    collisions[_i].ours);
	/* The other side comes to the opposite answer. */
	ck_assert_int_eq(
	    collision_keeps_ours(collisions[_i].remote_id, collisions[_i].remote_as,
		collisions[_i].local_id, collisions[_i].local_as),
	    !collisions[_i].ours);
}
END_TEST

/* RFC 4271 10: from three quarters up to the whole, for each timer anew. */
START_TEST(jitter_stays_in_its_quarter)
{
	static const uint32_t lengths[] = { 0, 1, 3, 4, 1000, 30000, 240000,
		4294967295u };
	static const uint32_t randoms[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t ms = lengths[i], before = ms;

		for (size_t j = 0; j < sizeof(randoms) / sizeof(randoms[0]); j++) {
			uint32_t got = timer_jitter_ms(ms, randoms[j]);

			ck_assert_uint_le(got, before); /* falls with `random` */
			ck_assert(got >= (uint64_t)ms * 3 / 4);
			before = got;
		}
		ck_assert_uint_eq(timer_jitter_ms(ms, 0), ms);
		ck_assert(before <= (uint64_t)ms * 3 / 4 + 1);
	}
	ck_assert_uint_eq(timer_jitter_ms(1000, 0x80000000), 875);
}
END_TEST

static const struct {
	uint32_t base_s, max_s;
	unsigned failures;
	uint32_t want_ms; /* without jitter */
} retries[] = {
	/* RFC 4271 10, ConnectRetryTimer: each failure doubles it, up to the longest */
	{ 5, 120, 0, 5000 },
	{ 5, 120, 1, 10000 },
	{ 5, 120, 4, 80000 },
	{ 5, 120, 5, 120000 },
	{ 5, 120, 31, 120000 },
	{ 5, 120, 32, 120000 },
	{ 5, 120, 63, 120000 },
	{ 5, 120, 4294967295u, 120000 },
	{ 300, 120, 0, 120000 },
	{ 120, 120, 3, 120000 },
	{ 0, 120, 4294967295u, 0 },
	{ 1, 4294967295u, 40, 4294967295u },
	{ 4294967295u, 4294967295u, 4294967295u, 4294967295u },
	{ 1, 4294967, 23, 4294967000u },
};

START_TEST(retry_case)
{
	uint32_t want = retries[_i].want_ms;

	ck_assert_uint_eq(timer_retry_ms(retries[_i].base_s, retries[_i].max_s,
			      retries[_i].failures, 0),
	    want);
	ck_assert_uint_eq(timer_retry_ms(retries[_i].base_s, retries[_i].max_s,
			      retries[_i].failures, 0xffffffff),
	    timer_jitter_ms(want, 0xffffffff));
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("open_accept");
	TCase *tcase = tcase_create("open_accept");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, open_accept_case, 0, COUNT(opens));
	tcase_add_loop_test(tcase, collision_case, 0, COUNT(collisions));
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("timer");
	tcase_add_test(tcase, jitter_stays_in_its_quarter);
	tcase_add_loop_test(tcase, retry_case, 0, COUNT(retries));
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
