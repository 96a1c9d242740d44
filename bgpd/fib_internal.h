/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The records of the FIB, shared by fib.c (what is wanted and what is there),
 * fib_write.c (batches), fib_answer.c (answers), fib_retry.c (back-off), fib_sweep.c
 * and fib_show.c.  Nobody else includes it.
 *
 *   fib_set() ─> want ┐              ┌─> ADD, REPLACE, DELETE ─> writer ─> answer ─┐
 *                     ├─ fib_decide() ┤                                             │
 *   events, dumps ─> have            └─> nothing: a state                           │
 *                     ^──────────────────────────────────────────────────────────────┘
 */
#ifndef BGPD_FIB_INTERNAL_H
#define BGPD_FIB_INTERNAL_H

#include <sys/queue.h>

#include "fib.h"
#include "fib_nexthop.h"
#include "fib_shape.h"
#include "netlink_writer.h"
#include "route_table.h"

struct event;

enum {
	ENTRY_STATE = 15,         /* enum fib_state */
	ENTRY_QUEUED = 1 << 4,    /* to be decided */
	ENTRY_FLYING = 1 << 5,    /* a write is under way */
	ENTRY_STALE = 1 << 6,     /* adopted, not confirmed */
	ENTRY_SEEN = 1 << 7,      /* in the dump under way, or changed since it began */
	ENTRY_CONFLICTS = 1 << 8, /* logged as a conflict */
};

/* A million of them: 64 octets.  node.flags are those above, node.stamp is when it was
 * asked for (milliseconds). */
struct fib_entry {
	struct route_node node;
	struct fib_shape *want; /* NULL: nothing */
	struct fib_shape *have; /* what the kernel has of ours, as far as we know */
	struct fib_entry *next; /* of the queue */
	struct fib_trouble *trouble; /* NULL for nearly all */
};

/* Delays of 0.2, 1, 2, 4 ... 60 seconds: a list each, so that the first is due first.
 */
enum { FIB_DELAYS = 8 };

struct fib_trouble {
	TAILQ_ENTRY(fib_trouble) list;
	struct fib_entry *entry;
	uint64_t due_ms;
	uint64_t last_fight_ms;
	int error;        /* errno of the last refusal; 0: none */
	uint8_t reason;   /* the kernel's words, an index into fib->reasons */
	uint8_t refusals; /* in a row */
	uint8_t fights;   /* in a row */
	uint8_t delay;    /* the list it is in */
	bool held;        /* not to be written before due_ms */
};
TAILQ_HEAD(fib_troubles, fib_trouble);

enum {
	FIB_REASONS_MAX = 32,
	FIB_COMPLAINTS_A_WINDOW = 10,
	FIB_SEQUENCES = 8192, /* messages whose kind is remembered for their events */
	FIB_NEXTHOP_RETRY_MS = 1000,
};

/* Keeps one kind of line from filling the log. */
struct fib_complaint {
	uint64_t window_ms;
	uint32_t lines;
	uint32_t left_out;
};

/* What was sent, until the answer; beside the writer's ring. */
struct fib_sent {
	struct fib_shape *shape;     /* what the kernel has then */
	struct fib_nexthop *nexthop; /* the message is an object's, no route's */
	enum fib_op op;
};

/* A foreign route that a write of ours hit, to be put back. */
struct fib_victim {
	STAILQ_ENTRY(fib_victim) list;
	struct nl_msg *msg;
};

struct fib {
	struct kernel *k;
	struct route_table entries;
	struct fib_shapes shapes;
	struct fib_nexthops nexthops;
	struct fib_entry *queue_head, *queue_tail;
	uint32_t n_queued;

	struct netlink_writer writer;
	struct fib_sent sent[WRITER_FLYING_MAX]; /* by netlink_writer_slot() */
	uint8_t of_nexthop[FIB_SEQUENCES / 8];   /* by sequence number */
	STAILQ_HEAD(, fib_victim) victims;
	struct event *answer_ready;
	struct event *flush_timer;
	struct event *lost_timer;
	bool flush_soon; /* the timer is armed with 0 */
	unsigned batch;

	struct fib_troubles held[FIB_DELAYS];
	struct event *retry_timer;
	struct event *network_timer;
	char *reasons[FIB_REASONS_MAX]; /* [0] is NULL: none given */
	bool proven;       /* the kernel took something, since it was blocked last */
	int blocked_error; /* nothing can be written at all */
	uint64_t blocked_until_ms;
	unsigned blocked_times;
	struct fib_complaint refusals, fights, conflicts;

	char waiting[FIB_DETAIL_LEN]; /* why the tunnel device is not there */
	bool synced;                  /* the first dump is done: writing may begin */
	bool dumping;
	bool swept; /* what is ours and not wanted is removed */
	bool moved; /* `old` is to be removed when the new place is filled */
	struct fib_identity old;
	uint32_t adopted;
	struct fib_counters counters;
};

/* ---- fib.c ---- */
struct fib_entry *fib_entry_find(const struct fib *fib, const struct prefix *prefix);
/* Queues it for a decision, and sees to that it is made. */
void fib_entry_queue(struct fib *fib, struct fib_entry *e);
/* NULL when nothing is queued; it is not QUEUED any longer. */
struct fib_entry *fib_entry_dequeue(struct fib *fib);
/* Back to the front, undecided. */
void fib_entry_put_back(struct fib *fib, struct fib_entry *e);
void fib_entry_set_have(struct fib *fib, struct fib_entry *e, struct fib_shape *have);
/* What is to be done for the entry now, and its state until then. */
enum fib_op
fib_decide(const struct fib *fib, const struct fib_entry *e, enum fib_state *state);
/* Frees it when neither side knows it. */
void fib_entry_reap(struct fib *fib, struct fib_entry *e);
void fib_entry_set_state(struct fib *fib, struct fib_entry *e, enum fib_state state);
/* Logs a conflict once. */
void fib_note_conflict(struct fib *fib, struct fib_entry *e);
/* Queue empty, entries freed. */
void fib_forget_entries(struct fib *fib);

static inline enum fib_state
fib_entry_state(const struct fib_entry *e)
{
	return (enum fib_state)(e->node.flags & ENTRY_STATE);
}

/* ---- fib_write.c ---- */
bool fib_writer_open(struct fib *fib, char *err, size_t errlen);
void fib_writer_close(struct fib *fib);
/* Flush within so many milliseconds. */
void fib_flush_within(struct fib *fib, unsigned delay_ms);
/* Of the message just added to the batch. */
void fib_note_sequence(struct fib *fib, bool of_nexthop);
/* The event with this sequence number came of a change of an object, no route's. */
bool fib_came_of_nexthop(const struct fib *fib, uint32_t sequence);
/* Puts a foreign route back with the next flush. */
void fib_restore(struct fib *fib, const struct nlmsghdr *message);

/* ---- fib_answer.c ---- */
/* Watches the writer's socket. */
bool fib_answers_open(struct fib *fib);
void fib_answers_close(struct fib *fib);
/* A writer_done. */
void fib_answer(void *arg, void *what, unsigned detail, enum writer_result result,
    int error, const char *reason);
/* Reads those that are there. */
void fib_read_answers(struct fib *fib);
/* After any change of what is on its way. */
void fib_watch_answers(struct fib *fib);
/* Waits for what is on its way to the kernel, and takes the answers. */
void fib_settle(struct fib *fib);

/* ---- fib_retry.c ---- */
bool fib_retry_open(struct fib *fib);
void fib_retry_close(struct fib *fib);
/* Somebody took our route out. */
void fib_fight(struct fib *fib, struct fib_entry *e, const char *what);
/* The kernel refused the operation. */
void fib_refused(struct fib *fib, struct fib_entry *e, enum fib_op op, int error,
    const char *reason);
/* Not before the delay of this many failures has passed; 0: the least. */
void fib_hold(struct fib *fib, struct fib_entry *e, unsigned times);
/* It is to be tried now. */
void fib_release(struct fib *fib, struct fib_entry *e);
/* All that were refused are tried again, those with this error; 0: with any. */
void fib_release_refused(struct fib *fib, int error);
void fib_network_changed(struct fib *fib);
/* A write succeeded. */
void fib_forgive(struct fib *fib, struct fib_entry *e);
void fib_trouble_free(struct fib *fib, struct fib_entry *e);
/* Frees what has been quiet for long. */
void fib_trouble_expire(struct fib *fib, struct fib_entry *e);
void fib_block(struct fib *fib, int error);
void fib_unblock(struct fib *fib);
/* The delay after so many failures in a row. */
unsigned fib_delay_ms(unsigned times);
/* The kernel's words are few: each is kept once.  0 is "". */
uint8_t fib_reason_index(struct fib *fib, const char *reason);
const char *fib_reason_text(const struct fib *fib, uint8_t index);
/* May this line be logged?  Counts what was left out into `left_out`. */
bool fib_may_complain(struct fib_complaint *complaint, uint32_t *left_out);

static inline bool
fib_is_held(const struct fib_entry *e)
{
	return e->trouble != NULL && e->trouble->held;
}

/* ---- fib_flush.c ---- */
/* Removes all routes and nexthop objects of the identity, waiting for the kernel. */
bool
fib_purge(const struct fib_identity *id, uint32_t *removed, char *err, size_t errlen);

#endif
