/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A RIB and one member of one update group, for tests of what exactly goes out.  Peers
 * 1 and 2 are sources (eBGP or iBGP as told), peer 3 is the member.
 */
#ifndef TESTS_EXPORTER_H
#define TESTS_EXPORTER_H

#include "bgp/out.h"
#include "conf_make.h"
#include "hex.h"

#include <string.h>

enum { EXPORTER_MEMBER = 3 };

struct exporter {
	struct attr_table *attrs;
	struct rib *rib;
	struct out *out;
	struct member member;
	uint8_t *octets; /* what was sent and not taken yet */
	size_t len;
};

static inline struct exporter *
exporter_new(void)
{
	struct exporter *e = calloc(1, sizeof(*e));

	ck_assert_ptr_nonnull(e);
	e->attrs = attr_table_new();
	e->rib = rib_new(e->attrs);
	e->out = out_new(e->rib);
	rib_set_resolution(e->rib, false, true);
	rib_resolve(e->rib);
	for (uint32_t p = 1; p <= EXPORTER_MEMBER; p++) {
		struct rib_peer *peer = rib_peer(e->rib, p);

		peer->used = true;
		peer->router_id = 0x0a000000 + p;
		peer->address = addr_ipv4(0x0a000000 + p);
	}
	return e;
}

static inline void
exporter_free(struct exporter *e)
{
	out_leave(e->out, &e->member);
	out_free(e->out);
	rib_free(e->rib);
	attr_table_free(e->attrs);
	free(e->octets);
	free(e);
}

/* `block` is canonical; `next_hop` "" for a route of our own. */
static inline void
exporter_announce(struct exporter *e, uint32_t source, const char *prefix,
    struct slice block, const char *next_hop)
{
	struct prefix p = prefix_from(prefix);
	struct addr a = addr_none();
	struct slice nh = { NULL, 0 };
	struct attrs *attrs;

	if (next_hop[0] != '\0') {
		a = addr_of(next_hop);
		nh = (struct slice){ a.bytes, family_addr_len((enum family)a.family) };
	}
	attrs = attrs_from_block(e->attrs, block, nh);
	ck_assert_ptr_nonnull(attrs);
	rib_announce(e->rib, source, &p, 0, attrs,
	    source == RIB_LOCAL_PEER ? PATH_NETWORK : 0, 1);
	attrs_unref(e->attrs, attrs);
}

/* Everything that is due goes out at once. */
static inline void
exporter_drain(struct exporter *e)
{
	struct iovec iov[8];
	int n;

	while (out_work(e->out, 4096))
		continue;
	while (out_next_ready(e->out) != NULL)
		continue;
	while ((n = member_gather(e->out, &e->member, iov, 8, 1 << 20, false)) > 0) {
		size_t total = 0;

		for (int i = 0; i < n; i++) {
			e->octets = realloc(e->octets, e->len + iov[i].iov_len);
			ck_assert_ptr_nonnull(e->octets);
			memcpy(e->octets + e->len, iov[i].iov_base, iov[i].iov_len);
			e->len += iov[i].iov_len;
			total += iov[i].iov_len;
		}
		member_wrote(e->out, &e->member, total);
	}
}

#endif
