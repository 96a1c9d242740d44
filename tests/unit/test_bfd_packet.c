// links: bgp_bfd
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control packet of BFD (RFC 5880 4.1): each rule of RFC 5880 6.8.6 that needs no
 * session, and every field both ways.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/bfd.h"

/* Version 1, diag 1; Up, P, C; mult 3; length 24. */
static const uint8_t good[BFD_PACKET_LEN] = { 0x21, 0xe8, 3, 24, 0x11, 0x22, 0x33, 0x44,
	0xaa, 0xbb, 0xcc, 0xdd, 0, 4, 0x93, 0xe0, 0, 0, 0xc3, 0x50, 0, 0, 0, 7 };

/* One octet of the good packet is another one, or the datagram has another length. */
static const struct {
	const char *what; /* the rule of RFC 5880 6.8.6 */
	uint8_t at, value;
	size_t len;
	enum bfd_drop want;
} cases[] = {
	{ "as it is", 0, 0x21, 24, BFD_DROP_NOT },
	{ "octets behind the packet", 0, 0x21, 40, BFD_DROP_NOT },
	{ "nothing", 0, 0x21, 0, BFD_DROP_SHORT },
	{ "cut short", 0, 0x21, 23, BFD_DROP_SHORT },
	{ "version 0", 0, 0x01, 24, BFD_DROP_VERSION },
	{ "version 2", 0, 0x41, 24, BFD_DROP_VERSION },
	{ "length below the minimum", 3, 23, 24, BFD_DROP_LENGTH },
	{ "length 0", 3, 0, 24, BFD_DROP_LENGTH },
	{ "length above the payload", 3, 25, 24, BFD_DROP_LENGTH },
	{ "length above the payload, much", 3, 255, 40, BFD_DROP_LENGTH },
	{ "length within the payload", 3, 30, 40, BFD_DROP_NOT },
	{ "A set, length of a packet without", 1, 0xec, 40, BFD_DROP_LENGTH },
	{ "Detect Mult 0", 2, 0, 24, BFD_DROP_MULTIPLIER },
	{ "Detect Mult 1", 2, 1, 24, BFD_DROP_NOT },
	{ "Detect Mult 255", 2, 255, 24, BFD_DROP_NOT },
	{ "Multipoint", 1, 0xe9, 24, BFD_DROP_MULTIPOINT },
	{ "Demand", 1, 0xea, 24, BFD_DROP_NOT },
	{ "Poll and Final", 1, 0xf8, 24, BFD_DROP_NOT },
	{ "a diagnostic that nobody knows", 0, 0x3f, 24, BFD_DROP_NOT },
};

START_TEST(packet_get_case)
{
	uint8_t octets[64] = { 0 };
	struct bfd_packet packet = { .detect_mult = 99 };
	enum bfd_drop drop;

	memcpy(octets, good, sizeof(good));
	octets[cases[_i].at] = cases[_i].value;
	drop = bfd_packet_get(octets, cases[_i].len, &packet);
	ck_assert_msg(
	    drop == cases[_i].want, "%s: %s", cases[_i].what, bfd_drop_name(drop));
	if (drop != BFD_DROP_NOT)
		ck_assert_uint_eq(packet.detect_mult, 99); /* untouched */
}
END_TEST

/* "If the My Discriminator field is zero, the packet MUST be discarded." */
START_TEST(my_discriminator_is_not_zero)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_packet packet;

	memcpy(octets, good, sizeof(good));
	memset(octets + 4, 0, 4);
	ck_assert_int_eq(
	    bfd_packet_get(octets, sizeof(octets), &packet), BFD_DROP_DISCRIMINATOR);
}
END_TEST

/* "If the Your Discriminator field is zero and the State field is not Down or AdminDown
 * the packet MUST be discarded." */
START_TEST(your_discriminator_is_zero_while_down_alone)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_packet packet;

	memcpy(octets, good, sizeof(good));
	memset(octets + 8, 0, 4);
	for (uint8_t state = BFD_ADMIN_DOWN; state <= BFD_UP; state++) {
		octets[1] = (uint8_t)(state << 6);
		ck_assert_int_eq(bfd_packet_get(octets, sizeof(octets), &packet),
		    state <= BFD_DOWN ? BFD_DROP_NOT : BFD_DROP_STATE);
	}
}
END_TEST

/* "If the A bit is set and no authentication is in use … MUST be discarded." */
START_TEST(authentication_is_not_in_use)
{
	uint8_t octets[BFD_PACKET_LEN + 8] = { 0 };
	struct bfd_packet packet;

	memcpy(octets, good, sizeof(good));
	octets[1] |= 0x04;
	for (uint8_t len = 24; len <= 32; len++) {
		octets[3] = len;
		ck_assert_int_eq(bfd_packet_get(octets, sizeof(octets), &packet),
		    len < 26 ? BFD_DROP_LENGTH : BFD_DROP_AUTHENTICATION);
	}
}
END_TEST

START_TEST(every_field)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_packet p;

	ck_assert_int_eq(bfd_packet_get(good, sizeof(good), &p), BFD_DROP_NOT);
	ck_assert_uint_eq(p.diag, BFD_DIAG_DETECTION_EXPIRED);
	ck_assert_uint_eq(p.state, BFD_UP);
	ck_assert(p.poll && !p.final && p.independent && !p.demand);
	ck_assert_uint_eq(p.detect_mult, 3);
	ck_assert_uint_eq(p.my_discriminator, 0x11223344);
	ck_assert_uint_eq(p.your_discriminator, 0xaabbccdd);
	ck_assert_uint_eq(p.desired_min_tx_us, 300000);
	ck_assert_uint_eq(p.required_min_rx_us, 50000);
	ck_assert_uint_eq(p.required_min_echo_rx_us, 7);
	bfd_packet_put(&p, octets);
	ck_assert_mem_eq(octets, good, sizeof(good));
}
END_TEST

static uint32_t
any(void)
{
	return (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

START_TEST(both_ways)
{
	srand(1);
	for (int i = 0; i < 10000; i++) {
		struct bfd_packet in = { .diag = (uint8_t)(any() & 31),
			.state = (uint8_t)(any() & 3),
			.poll = any() & 1,
			.final = any() & 1,
			.independent = any() & 1,
			.demand = any() & 1,
			.detect_mult = (uint8_t)(any() % 255 + 1),
			.my_discriminator = any() | 1,
			.your_discriminator = any() | 1,
			.desired_min_tx_us = any(),
			.required_min_rx_us = any(),
			.required_min_echo_rx_us = any() };
		struct bfd_packet out = { 0 };
		uint8_t octets[BFD_PACKET_LEN], again[BFD_PACKET_LEN];

		bfd_packet_put(&in, octets);
		ck_assert_int_eq(
		    bfd_packet_get(octets, sizeof(octets), &out), BFD_DROP_NOT);
		bfd_packet_put(&out, again);
		ck_assert_mem_eq(octets, again, sizeof(octets));
		ck_assert_uint_eq(out.desired_min_tx_us, in.desired_min_tx_us);
		ck_assert(out.poll == in.poll && out.demand == in.demand);
	}
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(bfd_state_name(BFD_ADMIN_DOWN), "AdminDown");
	ck_assert_str_eq(bfd_state_name(BFD_UP), "Up");
	ck_assert_str_eq(bfd_state_name(4), "?");
	ck_assert_str_eq(bfd_diag_name(BFD_DIAG_NONE), "No Diagnostic");
	ck_assert_str_eq(
	    bfd_diag_name(BFD_DIAG_REVERSE_DOWN), "Reverse Concatenated Path Down");
	ck_assert_str_eq(bfd_diag_name(31), "Unknown");
	for (int i = 0; i < BFD_DROP_REASON_COUNT; i++)
		ck_assert_ptr_nonnull(bfd_drop_name((enum bfd_drop)i));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bfd_packet");
	TCase *tc = tcase_create("packet");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, packet_get_case, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, my_discriminator_is_not_zero);
	tcase_add_test(tc, your_discriminator_is_zero_while_down_alone);
	tcase_add_test(tc, authentication_is_not_in_use);
	tcase_add_test(tc, every_field);
	tcase_add_test(tc, both_ways);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
