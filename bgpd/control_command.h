/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The commands of bgpctl: from words to an answer.  Short answers are emitted at once,
 * long ones become a job that control.c carries on in slices.
 *
 * Knows the speaker and the renderers; knows nothing of sockets.
 */
#ifndef BGPD_CONTROL_COMMAND_H
#define BGPD_CONTROL_COMMAND_H

#include "show_explain.h"
#include "show_routes.h"

enum control_status {
	CONTROL_OK = 0,
	CONTROL_FAILED = 1, /* no such peer; the operation failed */
	CONTROL_USAGE = 2,  /* unknown word */
};

enum { CONTROL_WORDS_MAX = 32, CONTROL_ERROR_LEN = 8192 };

struct control_result {
	enum control_status status;
	char error[CONTROL_ERROR_LEN];
};

enum control_job_kind {
	CONTROL_JOB_NONE, /* all is said */
	CONTROL_JOB_ROUTES,
	CONTROL_JOB_PEERS,
	CONTROL_JOB_KERNEL,
	CONTROL_JOB_EXPLAIN,
	CONTROL_JOB_SHUTDOWN, /* answered when the daemon ends */
};

struct control_job {
	enum control_job_kind kind;
	struct route_walk routes;
	uint32_t *peers; /* numbers; owned */
	size_t n_peers, next_peer;
	uint32_t fib_position;
	struct prefix prefix; /* of EXPLAIN */
	json_t *answer;       /* being made; a reference */
};

/*
 * Runs the command.  With CONTROL_OK `job` is what remains to be done.  `changes` says
 * whether it was an order, not a question: for the log.
 */
void control_command(const struct control_ops *ops, const char *const *words, size_t n,
    struct control_job *job, struct control_result *result, bool *changes,
    show_emit *emit, void *arg);

/* A small slice of the job (some tens of objects).  False: it is finished. */
bool control_job_slice(
    struct control_job *job, const struct control_ops *ops, show_emit *emit, void *arg);
void control_job_end(struct control_job *job);

#endif
