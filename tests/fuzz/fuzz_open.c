/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The body of an OPEN.  One that is accepted must hold what open_get() promises and,
 * once encoded, decode to the same.
 */
#include "bgp/open.h"
#include "fuzz.h"

static void
check_name(const char *name)
{
	size_t i, len = strlen(name);

	DEMAND(len <= FQDN_MAX_LEN);
	for (i = 0; i < len; i++)
		DEMAND(name[i] > 0x20 && name[i] < 0x7f);
}

static void
check_promises(const struct open *open)
{
	struct session_params p = open_negotiate(open, open);
	int f;

	DEMAND(open->as != 0 && open->bgp_id != 0);
	DEMAND(open->hold_time_s == 0 || open->hold_time_s >= 3);
	DEMAND(open->as4 || open->as <= UINT16_MAX);
	DEMAND(open->restart_time_s <= 4095);
	for (f = 0; f < FAMILY_COUNT; f++) {
		DEMAND(open->graceful_restart || !open->gr_families[f]);
		DEMAND(open->gr_families[f] || !open->forwarding[f]);
		DEMAND(p.families[f] == open->families[f]);
		DEMAND(open->graceful_restart || !open->long_lived_restart);
		DEMAND(open->long_lived_restart || !open->ll_families[f]);
		DEMAND(open->ll_families[f] || open->ll_stale_time_s[f] == 0);
		DEMAND(open->ll_stale_time_s[f] <= 0xffffff);
	}
	DEMAND(p.hold_time_s == open->hold_time_s);
	DEMAND(p.hold_time_s == 0 || p.keepalive_s > 0);
	check_name(open->hostname);
	check_name(open->domain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t buf[MESSAGE_MAX_LEN];
	struct wcur w = wcur_of(buf, sizeof(buf));
	struct bgp_error error = { 0 };
	struct open open, again;
	struct message msg = { 0 };

	if (!open_get((struct slice){ data, len }, &open, &error)) {
		DEMAND(error.code == NOTIFY_OPEN);
		return 0;
	}
	check_promises(&open);
	/* Families that we carry none of cannot be said: an OPEN without any means
	 * IPv4. */
	if (!open.families[FAMILY_IPV4] && !open.families[FAMILY_IPV6])
		open.families[FAMILY_IPV4] = true;
	open_put(&w, &open);
	DEMAND(!w.failed);
	DEMAND(message_frame(buf, wcur_len(&w), sizeof(buf), &msg, &error) == FRAME_OK);
	DEMAND(msg.whole.len == wcur_len(&w));
	DEMAND(open_get(msg.body, &again, &error));
	DEMAND(memcmp(&open, &again, sizeof(open)) == 0);
	return 0;
}
