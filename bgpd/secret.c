/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The store: an array in pages of its own, sorted by number as numbers only grow.
 *
 * PR_SET_DUMPABLE would do the same for a core dump, and take the whole of it, with all
 * that one needs to find a fault.
 */
#include "secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bgp/conf_read.h"

struct secret {
	uint32_t number;
	uint8_t len;
	bool is_marked;
	char text[CONF_SECRET_MAX_LEN];
};

static struct {
	struct secret *list;
	size_t n;
	size_t size; /* octets mapped */
	uint32_t last;
} store;

static void
store_unmap(struct secret *list, size_t size)
{
	if (list == NULL)
		return;
	explicit_bzero(list, size);
	munmap(list, size);
}

static void
store_grow(void)
{
	size_t size = store.size == 0 ? (size_t)sysconf(_SC_PAGESIZE) : store.size * 2;
	struct secret *list = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (list == MAP_FAILED)
		abort(); /* out of memory, as mem_alloc() */
	(void)madvise(list, size, MADV_DONTDUMP);
	(void)mlock(list, size); /* as far as RLIMIT_MEMLOCK lets us */
	if (store.n > 0)
		memcpy(list, store.list, store.n * sizeof(*list));
	store_unmap(store.list, store.size);
	store.list = list;
	store.size = size;
}

uint32_t
secret_take(void *arg, const char *text, size_t len)
{
	struct secret *secret;

	(void)arg;
	for (size_t i = 0; i < store.n; i++) {
		secret = &store.list[i];
		if (secret->len == len && memcmp(secret->text, text, len) == 0)
			return secret->number;
	}
	if ((store.n + 1) * sizeof(*secret) > store.size)
		store_grow();
	secret = &store.list[store.n++];
	secret->number = ++store.last;
	secret->len = (uint8_t)len;
	secret->is_marked = false;
	memcpy(secret->text, text, len);
	return secret->number;
}

static int
number_compare(const void *key, const void *item)
{
	const uint32_t *number = key;
	const struct secret *secret = item;

	return *number < secret->number ? -1 : *number > secret->number;
}

static struct secret *
secret_find(uint32_t number)
{
	if (store.n == 0)
		return NULL;
	return bsearch(
	    &number, store.list, store.n, sizeof(*store.list), number_compare);
}

const char *
secret_text(uint32_t secret, size_t *len)
{
	const struct secret *found = secret_find(secret);

	if (found == NULL)
		return NULL;
	*len = found->len;
	return found->text;
}

void
secret_sweep_begin(void)
{
	for (size_t i = 0; i < store.n; i++)
		store.list[i].is_marked = false;
}

void
secret_mark(uint32_t secret)
{
	struct secret *found = secret_find(secret);

	if (found != NULL)
		found->is_marked = true;
}

void
secret_mark_conf(const struct conf *conf)
{
	if (conf == NULL)
		return;
	secret_mark(conf->cluster.password);
	for (size_t i = 0; i < conf->n_peers; i++)
		secret_mark(conf->peers[i].options.password);
	for (size_t i = 0; i < conf->n_groups; i++)
		secret_mark(conf->groups[i].options.password);
}

void
secret_sweep_end(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < store.n; i++) {
		if (!store.list[i].is_marked)
			continue;
		if (kept != i)
			store.list[kept] = store.list[i];
		kept++;
	}
	if (kept < store.n)
		explicit_bzero(
		    &store.list[kept], (store.n - kept) * sizeof(*store.list));
	store.n = kept;
}

void
secret_wipe(void)
{
	store_unmap(store.list, store.size);
	store.list = NULL;
	store.n = store.size = 0;
}
