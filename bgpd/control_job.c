/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Long answers, a slice at a time; see control_command.h.  A slice looks up what it
 * needs by number, since between two of them peers and routes come and go.
 */
#include <stdlib.h>

#include "control_command.h"

/* A destination may have a path a peer: the caller looks at the clock between slices.
 */
enum { SLICE_DESTINATIONS = 16, SLICE_PEERS = 8 };

struct kernel_emit {
	show_emit *emit;
	void *arg;
};

static void
emit_kernel_route(void *arg, const struct control_fib_route *route)
{
	const struct kernel_emit *to = arg;

	to->emit(to->arg, show_kernel_route(route));
}

static bool
slice_peers(
    struct control_job *job, const struct control_ops *ops, show_emit *emit, void *arg)
{
	const struct peer *peer;
	int i;

	for (i = 0; i < SLICE_PEERS && job->next_peer < job->n_peers; i++) {
		peer = speaker_peer(ops->speaker, job->peers[job->next_peer++]);
		if (peer != NULL && !peer->leaving)
			emit(arg, show_peer(ops, peer));
	}
	return job->next_peer < job->n_peers;
}

static bool
slice_explain(
    struct control_job *job, const struct control_ops *ops, show_emit *emit, void *arg)
{
	const struct peer *peer;
	int i;

	for (i = 0; i < SLICE_PEERS && job->next_peer < job->n_peers; i++) {
		peer = speaker_peer(ops->speaker, job->peers[job->next_peer++]);
		if (peer != NULL && !peer->leaving)
			explain_peer(job->answer, ops, &job->prefix, peer);
	}
	if (job->next_peer < job->n_peers)
		return true;
	emit(arg, job->answer);
	job->answer = NULL;
	return false;
}

bool
control_job_slice(
    struct control_job *job, const struct control_ops *ops, show_emit *emit, void *arg)
{
	struct kernel_emit to = { emit, arg };

	switch (job->kind) {
	case CONTROL_JOB_ROUTES:
		return route_walk_slice(
		    &job->routes, ops, SLICE_DESTINATIONS, emit, arg);
	case CONTROL_JOB_PEERS: return slice_peers(job, ops, emit, arg);
	case CONTROL_JOB_EXPLAIN: return slice_explain(job, ops, emit, arg);
	case CONTROL_JOB_KERNEL:
		return ops->fib_walk(
		    ops->arg, &job->fib_position, emit_kernel_route, &to);
	case CONTROL_JOB_NONE:
	case CONTROL_JOB_SHUTDOWN: break;
	}
	return false;
}

void
control_job_end(struct control_job *job)
{
	free(job->peers);
	json_decref(job->answer);
	*job = (struct control_job){ .kind = CONTROL_JOB_NONE };
}
