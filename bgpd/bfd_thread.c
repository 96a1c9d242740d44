/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread of BFD.  It waits for packets, for the next deadline, and for the event
 * loop to have changed something; it holds the lock whenever it does not wait.
 *
 * What is received is always read before timers are run: a packet that waits in the
 * socket because we were late is not taken for missing.
 */
#include "bfd_thread.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bfd_socket.h"
#include "bgp/memory.h"

enum {
	KINDS = 2,       /* single hop, multihop */
	READ_MAX = 4096, /* datagrams a turn and socket: it is full with less */
	PORT_TRIES = 64,
	PORTS = BFD_SOURCE_PORT_MAX - BFD_SOURCE_PORT_MIN + 1,
	URGENT = -10, /* the thread's nice value, where that is allowed */
};

struct bfd_thread {
	pthread_t thread;
	pthread_mutex_t lock;
	bool started, ending;
	bool news_due;
	int wake; /* eventfds: for the thread … */
	int news; /* … and for the event loop */
	struct bfd *bfd;
	int receivers[FAMILY_COUNT][KINDS]; /* -1: not open */
	uint64_t read_us;
	uint16_t next_port;
	uint8_t ports_used[PORTS / 8];
};

uint64_t
bfd_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
raise_fd(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

static void
lower_fd(int fd)
{
	uint64_t value;

	(void)!read(fd, &value, sizeof(value));
}

/* ---- receiving ---- */

static void
take(void *arg, const struct bfd_datagram *datagram)
{
	struct bfd_thread *t = arg;

	bfd_receive(t->bfd, t->read_us, datagram);
}

static void
read_all(struct bfd_thread *t)
{
	t->read_us = bfd_now_us();
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			if (t->receivers[f][kind] >= 0)
				bfd_socket_read(t->receivers[f][kind], kind == 1,
				    READ_MAX, take, t);
}

bool
bfd_thread_receive(struct bfd_thread *t, enum family family, bool multihop, bool needed)
{
	int *fd = &t->receivers[family][multihop];

	if (needed && *fd < 0)
		*fd = bfd_socket_receiver(family, multihop);
	if (!needed && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return !needed || *fd >= 0;
}

/* ---- sending ---- */

static bool
port_is_used(const struct bfd_thread *t, uint16_t port)
{
	unsigned i = port - (unsigned)BFD_SOURCE_PORT_MIN;

	return (t->ports_used[i / 8] >> i % 8 & 1) != 0;
}

static void
port_mark(struct bfd_thread *t, uint16_t port, bool used)
{
	unsigned i = port - (unsigned)BFD_SOURCE_PORT_MIN;
	uint8_t bit = (uint8_t)(1u << i % 8);

	if (used)
		t->ports_used[i / 8] |= bit;
	else
		t->ports_used[i / 8] &= (uint8_t)~bit;
}

static uint16_t
port_next(struct bfd_thread *t)
{
	uint16_t port = t->next_port;

	t->next_port =
	    port == BFD_SOURCE_PORT_MAX ? BFD_SOURCE_PORT_MIN : (uint16_t)(port + 1);
	return port;
}

/* RFC 5881 4: a port of its own for each session, and the same for its life. */
static void
sender_open(struct bfd_thread *t, struct bfd_line *line)
{
	enum family family = (enum family)line->remote.family;

	errno = EADDRINUSE;
	if (line->port != 0) {
		line->fd =
		    bfd_socket_sender(family, &line->local, line->link, line->port);
		return;
	}
	for (int tries = 0; tries < PORT_TRIES && errno == EADDRINUSE; tries++) {
		uint16_t port = port_next(t);

		if (port_is_used(t, port))
			continue;
		line->fd = bfd_socket_sender(family, &line->local, line->link, port);
		if (line->fd >= 0) {
			line->port = port;
			port_mark(t, port, true);
			return;
		}
	}
}

/* What cannot be sent is lost, as on any path; the event loop tells of it. */
static void
send_packet(struct bfd_thread *t, struct bfd_line *line, const uint8_t *octets)
{
	int error = 0;

	if (line->fd < 0)
		sender_open(t, line);
	if (line->fd < 0 || !bfd_socket_send(line->fd, &line->remote, line->link,
				line->multihop, octets))
		error = errno;
	if ((error == 0) != (line->error == 0))
		t->news_due = true;
	line->error = error;
}

void
bfd_thread_flush(struct bfd_thread *t)
{
	uint8_t octets[BFD_PACKET_LEN];
	void *user;

	while (bfd_next_packet(t->bfd, bfd_now_us(), &user, octets))
		send_packet(t, user, octets);
}

void
bfd_line_init(struct bfd_line *line)
{
	line->fd = -1;
}

void
bfd_line_close(struct bfd_thread *t, struct bfd_line *line, bool for_good)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
	if (for_good && line->port != 0) {
		port_mark(t, line->port, false);
		line->port = 0;
	}
}

/* ---- the thread ---- */

static void
run(struct bfd_thread *t)
{
	read_all(t);
	bfd_tick(t->bfd, bfd_now_us());
	bfd_thread_flush(t);
	if (t->news_due || bfd_has_changes(t->bfd)) {
		t->news_due = false;
		raise_fd(t->news);
	}
}

/* Without the lock. */
static void
sleep_until(struct bfd_thread *t, struct pollfd *fds, unsigned n, uint64_t deadline_us)
{
	uint64_t now = bfd_now_us();
	uint64_t delay = deadline_us <= now ? 0 : deadline_us - now;
	struct timespec ts = { .tv_sec = (time_t)(delay / 1000000),
		.tv_nsec = (long)(delay % 1000000 * 1000) };

	(void)ppoll(fds, n, deadline_us == UINT64_MAX ? NULL : &ts, NULL);
	if (fds[0].revents != 0)
		lower_fd(t->wake);
}

static unsigned
watch(const struct bfd_thread *t, struct pollfd *fds)
{
	unsigned n = 0;

	fds[n++] = (struct pollfd){ t->wake, POLLIN, 0 };
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			if (t->receivers[f][kind] >= 0)
				fds[n++] =
				    (struct pollfd){ t->receivers[f][kind], POLLIN, 0 };
	return n;
}

static void *
thread_main(void *arg)
{
	struct bfd_thread *t = arg;

	/* Its work is a few packets, and late is lost. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), URGENT);
	pthread_mutex_lock(&t->lock);
	while (!t->ending) {
		struct pollfd fds[1 + FAMILY_COUNT * KINDS];
		unsigned n;
		uint64_t deadline_us;

		run(t);
		n = watch(t, fds);
		deadline_us = bfd_deadline(t->bfd);
		pthread_mutex_unlock(&t->lock);
		sleep_until(t, fds, n, deadline_us);
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* Signals are the event loop's. */
static void
start(struct bfd_thread *t)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	t->started = pthread_create(&t->thread, NULL, thread_main, t) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert(t->started);
}

struct bfd *
bfd_thread_lock(struct bfd_thread *t)
{
	pthread_mutex_lock(&t->lock);
	return t->bfd;
}

void
bfd_thread_unlock(struct bfd_thread *t)
{
	if (!t->started)
		start(t);
	pthread_mutex_unlock(&t->lock);
	raise_fd(t->wake);
}

int
bfd_thread_news(const struct bfd_thread *t)
{
	return t->news;
}

void
bfd_thread_news_read(struct bfd_thread *t)
{
	lower_fd(t->news);
}

struct bfd_thread *
bfd_thread_new(void)
{
	struct bfd_thread *t = mem_zero(1, sizeof(*t));
	uint64_t seed = bfd_now_us();
	uint16_t port = 0;

	(void)getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	(void)getrandom(&port, sizeof(port), GRND_NONBLOCK);
	pthread_mutex_init(&t->lock, NULL);
	t->bfd = bfd_new(seed);
	t->next_port = (uint16_t)(BFD_SOURCE_PORT_MIN + port % PORTS);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			t->receivers[f][kind] = -1;
	return t;
}

void
bfd_thread_free(struct bfd_thread *t)
{
	if (t->started) {
		pthread_mutex_lock(&t->lock);
		t->ending = true;
		pthread_mutex_unlock(&t->lock);
		raise_fd(t->wake);
		pthread_join(t->thread, NULL);
	}
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			bfd_thread_receive(t, (enum family)f, kind == 1, false);
	close(t->wake);
	close(t->news);
	bfd_free(t->bfd);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
