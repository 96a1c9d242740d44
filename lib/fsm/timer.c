/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lengths of timers, as numbers: jitter (RFC 4271 10) and the delay between connection
 * attempts.  Who arms them and where random bits come from is core's affair.
 */
#include "bgp/fsm.h"

uint32_t
timer_jitter_ms(uint32_t ms, uint32_t random)
{
	/* ms * (random / 2^32) / 4, always below a quarter */
	return ms - (uint32_t)((uint64_t)ms * random >> 34);
}

uint32_t
timer_retry_ms(uint32_t base_s, uint32_t max_s, unsigned failures, uint32_t random)
{
	uint64_t delay_ms = (uint64_t)base_s * 1000u;
	uint64_t max_ms = (uint64_t)max_s * 1000u;

	if (max_ms > UINT32_MAX)
		max_ms = UINT32_MAX;
	/* Ends after 32 rounds at the latest: base_s >= 1 has passed max_ms by then. */
	while (failures > 0 && delay_ms != 0 && delay_ms < max_ms) {
		delay_ms *= 2;
		failures--;
	}
	return timer_jitter_ms(
	    (uint32_t)(delay_ms < max_ms ? delay_ms : max_ms), random);
}
