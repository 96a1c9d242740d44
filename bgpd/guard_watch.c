/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP drops a segment with a wrong signature without a word (RFC 2385 2.0), so that all
 * one sees of a wrong key is a peer that does not answer.  The kernel counts what it
 * dropped; while a peer is down that is told, each kind once a
 * minute at most.
 */
#include <stdio.h>
#include <string.h>

#include "bgp/peer.h"
#include "guard.h"
#include "log.h"

enum { TELL_EVERY_MS = 60000, LINE_LEN = 8192, NAMES_LEN = 160 };

static const struct {
	const char *name;
	bool keyed; /* about peers that have a password here, or about the others */
	const char *what;
} kinds[GUARD_DROP_KINDS] = {
	{ "TCPMD5Failure", true, "with a wrong TCP MD5 signature" },
	{ "TCPMD5NotFound", true, "without a TCP MD5 signature" },
	{ "TCPMD5Unexpected", false, "with a TCP MD5 signature" },
};

/* Of a line of names and the line of numbers below it. */
static void
counts_take(char *names, char *numbers, unsigned long long *counts)
{
	char *name, *number;

	while ((name = strsep(&names, " \n")) != NULL &&
	       (number = strsep(&numbers, " \n")) != NULL)
		for (int i = 0; i < GUARD_DROP_KINDS; i++)
			if (strcmp(name, kinds[i].name) == 0)
				(void)sscanf(number, "%llu", &counts[i]);
}

static bool
counts_read(unsigned long long *counts)
{
	FILE *file = fopen("/proc/self/net/netstat", "re");
	char names[LINE_LEN], numbers[LINE_LEN];

	if (file == NULL)
		return false;
	while (fgets(names, sizeof(names), file) != NULL &&
	       fgets(numbers, sizeof(numbers), file) != NULL)
		if (strncmp(names, "TcpExt:", 7) == 0)
			counts_take(names, numbers, counts);
	fclose(file);
	return true;
}

/* How many peers are down that have a password, or have none; and the first of them. */
static unsigned
down_peers(struct daemon *d, bool keyed, char *names, size_t len)
{
	unsigned n = 0;
	size_t at = 0;

	names[0] = '\0';
	for (struct peer *peer = speaker_first_peer(d->speaker); peer != NULL;
	     peer = speaker_next_peer(d->speaker, peer)) {
		int more;

		if (peer->established != NULL || peer->disabled ||
		    (peer->conf.options.password != 0) != keyed)
			continue;
		more = snprintf(
		    names + at, len - at, "%s%s", n > 0 ? ", " : "", peer->conf.name);
		if (more < 0 || (size_t)more >= len - at)
			names[at] = '\0'; /* not half a name */
		else
			at += (size_t)more;
		n++;
	}
	return n;
}

/* Are there peers that it may be about? */
static bool
tell(struct daemon *d, int kind, unsigned long long count)
{
	char names[NAMES_LEN];
	unsigned n;

	if (count == 0)
		return false;
	n = down_peers(d, kinds[kind].keyed, names, sizeof(names));
	if (n > 0)
		log_warning("the kernel dropped %llu segments %s; peers that are down "
			    "and have %s password here (%u): %s",
		    count, kinds[kind].what, kinds[kind].keyed ? "a" : "no", n, names);
	return n > 0;
}

void
guard_watch(struct daemon *d)
{
	struct guard_drops *drops = &d->drops;
	unsigned long long counts[GUARD_DROP_KINDS] = { 0 };

	if (!counts_read(counts))
		return;
	for (int i = 0; i < GUARD_DROP_KINDS; i++) {
		/* What comes until it may be told again is told then. */
		if (drops->told_ms[i] != 0 &&
		    now_ms() - drops->told_ms[i] < TELL_EVERY_MS)
			continue;
		if (drops->is_known && tell(d, i, counts[i] - drops->counts[i]))
			drops->told_ms[i] = now_ms();
		drops->counts[i] = counts[i];
	}
	drops->is_known = true;
}
