/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Judgements that need the configuration beside a peer's OPEN: is it the peer we want
 * (RFC 4271 6.2, RFC 6286), and which of two connections to it stays (RFC 4271 6.8).
 * What an OPEN looks like on the wire, and what it may say by itself, is open_get()'s.
 */
#include "bgp/fsm.h"

bool
open_accept(const struct open_policy *policy, const struct open *theirs,
    struct bgp_error *error)
{
	bool internal = theirs->as == policy->local_as;
	bool as_wanted =
	    policy->remote_as == 0 ? !internal : theirs->as == policy->remote_as;

	if (!as_wanted) {
		*error =
		    (struct bgp_error){ NOTIFY_OPEN, OPEN_BAD_PEER_AS, { NULL, 0 } };
		return false;
	}
	/* RFC 6286 2.2: identifiers are unique inside an AS only. */
	if (internal && theirs->bgp_id == policy->local_id) {
		*error =
		    (struct bgp_error){ NOTIFY_OPEN, OPEN_BAD_BGP_ID, { NULL, 0 } };
		return false;
	}
	return true;
}

bool
collision_keeps_ours(
    uint32_t local_id, uint32_t local_as, uint32_t remote_id, uint32_t remote_as)
{
	if (local_id != remote_id)
		return local_id > remote_id;
	return local_as > remote_as;
}
