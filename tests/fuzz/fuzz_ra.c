/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A router advertisement or solicitation, from anybody on the link.  It is never both,
 * and one that is taken has whole options.
 */
#include "ra.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ra ra = { 0 };
	bool advertisement = ra_get(data, len, &ra), solicitation = rs_get(data, len);

	DEMAND(!(advertisement && solicitation));
	if (advertisement) {
		DEMAND(len >= 16 && len % 8 == 0 && data[0] == 134);
		DEMAND(ra.lifetime_s == (data[6] << 8 | data[7]));
	}
	if (solicitation)
		DEMAND(len >= 8 && len % 8 == 0 && data[0] == 133);
	return 0;
}
