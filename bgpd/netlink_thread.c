/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread that writes routes: a ring of batches, and one lock that is never held
 * over a system call that may wait.
 */
#include "netlink_thread.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "bgp/memory.h"
#include "clock.h"

enum { RETRY_MS = 10 };

struct job {
	const void *octets;
	size_t len;
	uint32_t us;
};

struct netlink_thread {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* the thread: there is work, or the end */
	pthread_cond_t idle; /* the event loop: all is written, or cannot be */
	int fd;
	unsigned put, taken; /* the event loop's; they count on */

	/* Under the lock. */
	struct job jobs[NETLINK_THREAD_MAX];
	unsigned given, written;
	int error;
	bool writing, ending;
};

/* ---- the thread ---- */

static void
wait_a_little(struct netlink_thread *t)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += RETRY_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&t->wake, &t->lock, &until);
}

/* With the lock, but not while it writes. */
static void
write_one(struct netlink_thread *t)
{
	struct job *job = &t->jobs[t->written % NETLINK_THREAD_MAX];
	uint64_t start;
	bool sent;
	int error;

	t->writing = true;
	pthread_mutex_unlock(&t->lock);
	start = clock_us();
	sent = send(t->fd, job->octets, job->len, 0) >= 0;
	error = errno;
	pthread_mutex_lock(&t->lock);
	t->writing = false;
	t->error = sent ? 0 : error;
	if (sent) {
		job->us = (uint32_t)(clock_us() - start);
		t->written++;
	}
	if (t->error != 0 || t->written == t->given)
		pthread_cond_signal(&t->idle);
	if (t->error != 0 && !t->ending)
		wait_a_little(t);
}

static void *
thread_main(void *arg)
{
	struct netlink_thread *t = arg;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (t->written == t->given && !t->ending)
			pthread_cond_wait(&t->wake, &t->lock);
		if (t->written == t->given || (t->ending && t->error != 0))
			break;
		write_one(t);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- the event loop's side ---- */

/* Signals are the event loop's. */
static int
start(struct netlink_thread *t)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&t->thread, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static void
release(struct netlink_thread *t)
{
	pthread_cond_destroy(&t->wake);
	pthread_cond_destroy(&t->idle);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct netlink_thread *
netlink_thread_new(int fd)
{
	struct netlink_thread *t = mem_zero(1, sizeof(*t));
	pthread_condattr_t monotonic;
	int error;

	t->fd = fd;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&t->idle, NULL);
	error = start(t);
	if (error == 0)
		return t;
	release(t);
	errno = error;
	return NULL;
}

void
netlink_thread_free(struct netlink_thread *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->ending = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	release(t);
}

unsigned
netlink_thread_load(const struct netlink_thread *t)
{
	return t->put - t->taken;
}

void
netlink_thread_put(struct netlink_thread *t, const void *octets, size_t len)
{
	assert(netlink_thread_load(t) < NETLINK_THREAD_MAX);
	pthread_mutex_lock(&t->lock);
	t->jobs[t->given++ % NETLINK_THREAD_MAX] = (struct job){ octets, len, 0 };
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	t->put++;
}

bool
netlink_thread_take(struct netlink_thread *t, uint32_t *us)
{
	bool is_there;

	if (t->taken == t->put)
		return false;
	pthread_mutex_lock(&t->lock);
	is_there = t->taken != t->written;
	if (is_there)
		*us = t->jobs[t->taken++ % NETLINK_THREAD_MAX].us;
	pthread_mutex_unlock(&t->lock);
	return is_there;
}

bool
netlink_thread_is_busy(struct netlink_thread *t)
{
	bool busy;

	pthread_mutex_lock(&t->lock);
	busy = t->written != t->given;
	pthread_mutex_unlock(&t->lock);
	return busy;
}

int
netlink_thread_error(struct netlink_thread *t)
{
	int error;

	pthread_mutex_lock(&t->lock);
	error = t->error;
	pthread_mutex_unlock(&t->lock);
	return error;
}

bool
netlink_thread_settle(struct netlink_thread *t)
{
	bool all;

	pthread_mutex_lock(&t->lock);
	while (t->writing || (t->written != t->given && t->error == 0))
		pthread_cond_wait(&t->idle, &t->lock);
	all = t->written == t->given;
	t->written = t->given;
	t->error = 0;
	pthread_mutex_unlock(&t->lock);
	return all;
}
