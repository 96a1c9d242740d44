/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Our own routes: network sections, and workload routes that the shell imports from the
 * kernel.  Both are paths of peer 0; a network wins over an import of the same prefix.
 */
#include <stdlib.h>

#include "core_internal.h"

/* ORIGIN and an empty AS_PATH: RFC 4271 5.1.1, 5.1.2. */
static struct attrs *
own_attrs(struct speaker *sp, enum origin origin)
{
	const uint8_t block[] = { ATTRIBUTE_TRANSITIVE, ATTRIBUTE_ORIGIN, 1,
		(uint8_t)origin, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_AS_PATH, 0 };

	return attrs_from_block(sp->attrs, (struct slice){ block, sizeof(block) },
	    (struct slice){ NULL, 0 });
}

static bool
filter_passes(const struct conf *conf, int filter)
{
	return filter < 0 || conf->filters[filter].accept;
}

static bool
is_summarised(const struct conf *conf, const struct prefix *prefix)
{
	for (size_t i = 0; i < conf->n_networks; i++)
		if (conf->networks[i].summary_only &&
		    conf->networks[i].prefix.bits < prefix->bits &&
		    prefix_covers(&conf->networks[i].prefix, prefix))
			return true;
	return false;
}

static void
network_announce(struct speaker *sp, const struct conf_network *network)
{
	uint8_t flags = PATH_NETWORK;

	if (!filter_passes(sp->conf, network->filter))
		flags |= PATH_FILTERED;
	rib_announce(sp->rib, RIB_LOCAL_PEER, &network->prefix, 0, sp->network_attrs,
	    flags, speaker_now_s(sp));
}

/* ---- workloads ---- */

/* Index of the prefix, or of where it would stand. */
static uint32_t
workload_index(const struct speaker *sp, const struct prefix *prefix)
{
	uint32_t low = 0, high = sp->n_workloads;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (prefix_compare(&sp->workloads[mid].prefix, prefix) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
workload_passes(const struct speaker *sp, const struct workload *workload)
{
	for (size_t i = 0; i < sp->conf->kernel.n_imports && i < 64; i++)
		if ((workload->imports >> i & 1) != 0 &&
		    filter_passes(sp->conf, sp->conf->kernel.imports[i].filter))
			return true;
	return false;
}

static void
workload_announce(struct speaker *sp, const struct workload *workload)
{
	uint8_t flags = PATH_KERNEL;

	if (is_summarised(sp->conf, &workload->prefix))
		flags |= PATH_SUPPRESSED;
	if (!workload_passes(sp, workload))
		flags |= PATH_FILTERED;
	rib_announce(sp->rib, RIB_LOCAL_PEER, &workload->prefix, 0, sp->kernel_attrs,
	    flags, speaker_now_s(sp));
}

static struct workload *
workload_insert(struct speaker *sp, uint32_t at, const struct prefix *prefix)
{
	if (sp->n_workloads == sp->workloads_room) {
		sp->workloads_room =
		    sp->workloads_room == 0 ? 16 : sp->workloads_room * 2;
		sp->workloads = mem_resize(
		    sp->workloads, sp->workloads_room, sizeof(*sp->workloads));
	}
	memmove(sp->workloads + at + 1, sp->workloads + at,
	    (sp->n_workloads - at) * sizeof(*sp->workloads));
	sp->n_workloads++;
	sp->workloads[at] = (struct workload){ .prefix = *prefix };
	return &sp->workloads[at];
}

void
speaker_workload(struct speaker *sp, unsigned import_index, const struct prefix *prefix,
    bool present)
{
	uint32_t at = workload_index(sp, prefix);
	bool known =
	    at < sp->n_workloads && prefix_equal(&sp->workloads[at].prefix, prefix);
	uint64_t bit = UINT64_C(1) << import_index % 64;
	struct workload *workload;

	if (!known && !present)
		return;
	workload = known ? &sp->workloads[at] : workload_insert(sp, at, prefix);
	workload->imports =
	    present ? workload->imports | bit : workload->imports & ~bit;
	if (workload->imports != 0) {
		if (sp->conf != NULL)
			workload_announce(sp, workload);
		return;
	}
	rib_withdraw_own(sp->rib, prefix, PATH_KERNEL);
	sp->n_workloads--;
	memmove(sp->workloads + at, sp->workloads + at + 1,
	    (sp->n_workloads - at) * sizeof(*sp->workloads));
}

/* ---- life ---- */

void
originate_start(struct speaker *sp)
{
	sp->network_attrs = own_attrs(sp, ORIGIN_IGP);
	sp->kernel_attrs = own_attrs(sp, ORIGIN_INCOMPLETE);
	for (size_t i = 0; i < sp->conf->n_networks; i++)
		network_announce(sp, &sp->conf->networks[i]);
	/* Those that were reported before the start. */
	for (uint32_t i = 0; i < sp->n_workloads; i++)
		workload_announce(sp, &sp->workloads[i]);
}

static bool
has_network(const struct conf *conf, const struct prefix *prefix)
{
	for (size_t i = 0; i < conf->n_networks; i++)
		if (prefix_equal(&conf->networks[i].prefix, prefix))
			return true;
	return false;
}

void
originate_reload(struct speaker *sp, const struct conf *old)
{
	for (size_t i = 0; i < sp->conf->n_networks; i++)
		network_announce(sp, &sp->conf->networks[i]);
	for (size_t i = 0; i < old->n_networks; i++)
		if (!has_network(sp->conf, &old->networks[i].prefix))
			rib_withdraw_own(
			    sp->rib, &old->networks[i].prefix, PATH_NETWORK);
	for (uint32_t i = 0; i < sp->n_workloads; i++)
		workload_announce(sp, &sp->workloads[i]);
	/* blackhole may have changed without a change of the path. */
	rib_fib_requeue(sp->rib);
}

void
originate_free(struct speaker *sp)
{
	if (sp->network_attrs != NULL)
		attrs_unref(sp->attrs, sp->network_attrs);
	if (sp->kernel_attrs != NULL)
		attrs_unref(sp->attrs, sp->kernel_attrs);
	free(sp->workloads);
}
