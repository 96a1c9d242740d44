/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Nexthop objects of the kernel that our routes share.  Part of the FIB; nobody else
 * includes it.
 *
 * A classic route costs the kernel more the more different next hops there are, since
 * it looks for an equal one among all.  A route that refers to an object by its id
 * costs the same always, and when the next hop moves, one message replaces the object
 * and no route is touched.
 *
 *   fib_nexthop.c        which objects there are, their ids, who refers to them
 *   fib_nexthop_shape.c  which of them a route needs: keys, groups
 *   fib_nexthop_write.c  made, replaced, deleted: messages and answers
 *   fib_nexthop_watch.c  what the kernel tells of them: dumps, events, adoption
 *
 * The rules:
 * - The key of an object is the BGP next hop, not what it resolves to; without one it
 *   is the hop itself.  A group has the key of its members.
 * - Its id comes from a hash of the key, inside a range that comes from our table and
 *   metric: so after a crash each object is found again, and two daemons rarely meet.
 *   An id that somebody else has is passed over.
 * - In a batch an object stands before the routes that need it.
 * - It is deleted when nothing refers to it any longer: no route of ours in the kernel,
 *   none that is wanted, no group, and nobody else's route or group that was ever seen.
 */
#ifndef BGPD_FIB_NEXTHOP_H
#define BGPD_FIB_NEXTHOP_H

#include <sys/queue.h>

#include "fib.h"
#include "fib_shape.h"
#include "netlink_writer.h"

struct event;
struct fib_entry;

/* With `auto`, objects are used while more shapes of routes than that are wanted. */
enum { FIB_NEXTHOP_THRESHOLD = 256 };

enum {
	NEXTHOP_PRESENT = 1 << 0,  /* the kernel has it, as `now` */
	NEXTHOP_FLYING = 1 << 1,   /* a write is under way, to what `goal` is */
	NEXTHOP_CLAIMED = 1 << 2,  /* its key is known; else it was adopted */
	NEXTHOP_GROUP = 1 << 3,    /* of members, else a hop */
	NEXTHOP_FOREIGN = 1 << 4,  /* somebody else has this id */
	NEXTHOP_BORROWED = 1 << 5, /* somebody else refers to it: never deleted */
	NEXTHOP_SEEN = 1 << 6,   /* in the dump under way, or changed since it began */
	NEXTHOP_QUEUED = 1 << 7, /* to be looked at by fib_nexthops_work() */
	NEXTHOP_RETIRED =
	    1 << 8,            /* in no table any more, freed with the last reference */
	NEXTHOP_LOST = 1 << 9, /* the kernel has taken its routes along */
	NEXTHOP_RECHECK = 1 << 10, /* its routes are to be judged again */
};

/* Compared and hashed as octets: made zero first. */
struct nexthop_key {
	struct addr next_hop;
	uint8_t family; /* of the object */
	uint8_t onlink;
	uint32_t ifindex; /* 0: does not matter */
};

struct nexthop_member {
	struct fib_nexthop *nexthop;
	uint8_t weight;
};

struct fib_nexthop {
	struct fib_nexthop *next_id, *next_key;
	STAILQ_ENTRY(fib_nexthop) work;
	uint32_t id;        /* 0: none yet */
	uint32_t hash;      /* of the key */
	uint32_t refs;      /* shapes, and groups it is a member of */
	uint32_t stamp;     /* of the entry that moved it last, see fib_entry */
	uint32_t seq;       /* of the last message */
	uint32_t lost_port; /* who deleted it, of LOST; 0: unknown */
	uint32_t n_groups;  /* of the kernel's that have it, see may_delete() */
	uint16_t flags;
	uint8_t tries; /* ids that were passed over */
	uint8_t refusals, fights;
	uint8_t reason; /* the kernel's words, of `error` */
	int error;      /* errno of the last refusal; 0: none */
	uint64_t due_ms, last_fight_ms;

	/* A hop. */
	struct nexthop_key key; /* of an adopted one the family alone */
	struct fib_hop goal, now;
	/* A group: what it should have, in the order of the key; what the kernel has.
	 */
	uint8_t n_members, n_now;
	struct nexthop_member *members;
	struct nhmsg_member *now_members;
};

struct fib_nexthops {
	struct fib_nexthop **by_id, **by_key;
	uint32_t n_buckets; /* a power of two */
	uint32_t n;
	uint32_t range;
	STAILQ_HEAD(, fib_nexthop) work;
	struct event *timer;
	uint64_t timer_due_ms;
	bool moved;          /* one was, and who did not follow must be looked for */
	bool marked;         /* some are LOST or to be RECHECKed */
	bool groups_changed; /* n_groups is to be counted again */
	bool doubted;        /* see fib_nexthop_doubt() */
	bool doubt_answered; /* one came or left since, and the retry has to rest */
	uint64_t doubt_ms;   /* of the last retry */
	bool told;           /* that this kernel has none */
	uint64_t succeeded, refused;
};

/* How a route is to be written. */
enum fib_form {
	FORM_CLASSIC,
	FORM_OBJECT, /* its object is there, or before it in the batch */
	FORM_HELD,   /* the object cannot be made now */
	FORM_LATER,  /* the batch is full */
};

/* ---- fib_nexthop.c ---- */
bool fib_nexthops_open(struct fib *fib);
void fib_nexthops_close(struct fib *fib);
/* After the configuration changed. */
void fib_nexthops_configure(struct fib *fib);
/* Forgets all: the objects in the kernel are somebody else's affair. */
void fib_nexthops_retire(struct fib *fib);
/* Those of ours that the kernel has. */
uint32_t fib_nexthops_present(const struct fib *fib);

struct fib_nexthop *fib_nexthop_new(struct fib *fib, unsigned flags);
/* One that the kernel shows, with no key so far. */
struct fib_nexthop *fib_nexthop_adopt(struct fib *fib, uint32_t id, bool group);
/* Out of the tables, and free when nobody refers to it. */
void fib_nexthop_retire(struct fib *fib, struct fib_nexthop *nexthop);
void fib_nexthop_reap(struct fib_nexthop *nexthop);

struct fib_nexthop *fib_nexthop_find(const struct fib *fib, uint32_t id);
/* The first with a key of about this hash; the others are behind it. */
struct fib_nexthop *fib_nexthop_first(const struct fib_nexthops *all, uint32_t hash);
/* `each` may retire the one it gets. */
void fib_nexthop_each(struct fib *fib,
    void (*each)(struct fib *fib, struct fib_nexthop *nexthop, void *arg), void *arg);
/* Puts it into the table by key. */
void fib_nexthop_claim(struct fib *fib, struct fib_nexthop *nexthop, uint32_t hash);
/* The id tried as number i for a key of this hash. */
uint32_t fib_nexthop_nth_id(const struct fib_nexthops *all, uint32_t hash, unsigned i);
/* Gives it the first id that is free.  False: there is none. */
bool fib_nexthop_choose_id(struct fib *fib, struct fib_nexthop *nexthop);
void fib_nexthop_drop_id(struct fib *fib, struct fib_nexthop *nexthop);
/* The kernel has it, or not; of a group in front of fib_nexthop_set_now_members(). */
void
fib_nexthop_set_present(struct fib *fib, struct fib_nexthop *nexthop, bool present);
void fib_nexthop_set_now_members(
    struct fib_nexthop *group, const struct nhmsg_member *members, uint8_t n);

/* From now on the shape refers to this one; NULL: to none. */
void fib_nexthop_refer(
    struct fib *fib, struct fib_shape *shape, struct fib_nexthop *nexthop);
/* For fib_shapes_init(). */
void fib_nexthop_released(void *arg, struct fib_shape *shape);
/* Of a shape with an id: finds the object. */
void fib_nexthop_resolve(struct fib *fib, struct fib_shape *have);
/* The shape of a route as the kernel shows it; with one reference more. */
struct fib_shape *fib_nexthop_row(struct fib *fib, const struct kroute *route);

/* ---- fib_nexthop_shape.c ---- */
/* May a route like this refer to an object? */
bool fib_nexthop_may_serve(const struct fib_shape *want);
/* Finds, or with `create` makes, the objects of a wanted shape.  False: none. */
bool fib_nexthop_attach(struct fib *fib, struct fib_shape *want, bool create);
/* The object of hop i of the wanted shape, which is attached. */
struct fib_nexthop *
fib_nexthop_of_hop(struct fib *fib, const struct fib_shape *want, unsigned i);
/* The object is, or is just becoming, what `want` asks for. */
bool
fib_nexthop_serves(const struct fib_nexthop *nexthop, const struct fib_shape *want);
/* The kernel has all members of it, or is just getting them. */
bool fib_nexthop_is_whole(const struct fib_nexthop *group);
/* Is `have`, in the kernel, what `want` asks for, in a form that may stay? */
bool fib_fits(
    const struct fib *fib, const struct fib_shape *want, const struct fib_shape *have);
/* The hops of what the kernel has, for a route that refers to it. */
uint8_t fib_nexthop_hops(
    const struct fib *fib, const struct fib_nexthop *nexthop, struct fib_hop *hops);

/* ---- fib_nexthop_write.c ---- */
/* Sees to that the entry's object is there, and says how its route is written. */
enum fib_form fib_nexthop_prepare(struct fib *fib, struct fib_entry *e);
void fib_nexthop_answer(struct fib *fib, struct fib_nexthop *nexthop, enum fib_op op,
    enum writer_result result, int error, const char *reason);
/*
 * Something that refers to an object was refused as if there were none.  A dump tells;
 * and when one comes back, or is found to be gone, what was refused is tried again,
 * however long it should wait.  Once a second at most: the kernel may have meant
 * something else.
 */
void fib_nexthop_doubt(struct fib *fib);
/* One came or left. */
void fib_nexthop_answer_doubt(struct fib *fib);
/*
 * A route that refers to it was refused: by whose fault?  False: by nobody's, the
 * object has another id now and the route is to be written again.
 */
bool fib_nexthop_blame(struct fib *fib, const struct fib_nexthop *nexthop, int *error,
    const char **reason);
/* Repairs and deletes, into the batch. */
void fib_nexthops_work(struct fib *fib);
void fib_nexthop_queue(struct fib *fib, struct fib_nexthop *nexthop);
void fib_nexthops_queue_all(struct fib *fib);
/* What failed is tried again. */
void fib_nexthops_release(struct fib *fib);
void fib_nexthops_arm(struct fib *fib, unsigned delay_ms);
void fib_nexthops_on_timer(int fd, short what, void *arg);

static inline bool
fib_nexthop_is_held(const struct fib_nexthop *nexthop)
{
	return nexthop->due_ms > kernel_now_ms();
}

/* ---- fib_nexthop_watch.c ---- */
/* See struct kernel_hook. */
void fib_nexthop_told(void *arg, const struct nhmsg_object *object,
    enum kernel_source source, uint32_t port, bool present);
void fib_nexthop_borrowed(void *arg, uint32_t id);
bool fib_nexthops_all_tables(void *arg);
void fib_nexthops_dump_end(struct fib *fib, bool complete);
/*
 * The entries whose route refers to it: their route is gone, or is to be judged again.
 * They are looked for by fib_nexthops_find_routes(), in one walk over the FIB for all
 * that has come together.
 */
void fib_nexthop_lost(struct fib *fib, struct fib_nexthop *nexthop, uint32_t port);
void fib_nexthop_recheck(struct fib *fib, struct fib_nexthop *nexthop);
/* Before any of them is decided. */
void fib_nexthops_find_routes(struct fib *fib);
/* Those that did not follow when an object moved are written by themselves. */
void fib_nexthops_recheck_strays(struct fib *fib);

#endif
