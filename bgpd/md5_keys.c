/* SPDX-License-Identifier: BSD-2-Clause
 *
 * New keys are set before old ones are taken away, so that an address that stays has a
 * key at every moment.
 */
#include "md5_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "log.h"
#include "secret.h"
#include "socket.h"

/*
 * A key's share of net.core.optmem_max: 136 octets in Linux 6 on 64 bits, by trial (963
 * keys fit 131,072 octets, 150 fit 20,480); the rest is for kernels to come.
 */
enum { KEY_COST = 160, OPTMEM_STEP = 4096, REPORT_MAX = 10 };

static int
key_set(int fd, const struct keyring_key *key)
{
	size_t len = 0;
	const char *text = secret_text(key->secret, &len);

	return text == NULL ? ENOKEY : socket_set_md5(fd, &key->prefix, text, len);
}

static struct md5_key *
key_find(const struct md5_keys *keys, const struct prefix *prefix)
{
	size_t low = 0, high = keys->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = prefix_compare(prefix, &keys->list[middle].key.prefix);

		if (order == 0)
			return &keys->list[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* What the kernel would match: the longest. */
static const struct md5_key *
key_of(const struct md5_keys *keys, const struct addr *a)
{
	for (unsigned bits = family_max_bits((enum family)a->family) + 1; bits-- > 0;) {
		struct prefix prefix = prefix_of(a, bits);
		const struct md5_key *key = key_find(keys, &prefix);

		if (key != NULL)
			return key;
	}
	return NULL;
}

/* True: one was set. */
static bool
missing_set(struct md5_keys *keys, int fd)
{
	bool is_set = false;

	for (size_t i = 0; i < keys->n; i++) {
		struct md5_key *key = &keys->list[i];

		if (key->error == 0)
			continue;
		key->error = key_set(fd, &key->key);
		is_set |= key->error == 0;
	}
	return is_set;
}

bool
md5_keys_apply(
    struct md5_keys *keys, int fd, enum family family, const struct keyring *ring)
{
	struct md5_keys want = { mem_zero(ring->n, sizeof(*want.list)), 0 };
	bool is_set, has_freed = false;

	for (size_t i = 0; i < ring->n; i++) {
		const struct keyring_key *key = &ring->list[i];
		const struct md5_key *old = key_find(keys, &key->prefix);
		bool is_same = old != NULL && old->key.secret == key->secret;

		if (key->prefix.family == family)
			want.list[want.n++] =
			    (struct md5_key){ *key, is_same ? old->error : ENOKEY };
	}
	is_set = missing_set(&want, fd);
	for (size_t i = 0; i < keys->n; i++) {
		const struct md5_key *old = &keys->list[i];

		if (old->error != 0 || key_find(&want, &old->key.prefix) != NULL)
			continue;
		(void)socket_set_md5(fd, &old->key.prefix, NULL, 0);
		has_freed = true;
	}
	if (has_freed) /* and there is more room now */
		is_set |= missing_set(&want, fd);
	md5_keys_free(keys);
	*keys = want;
	return is_set;
}

int
md5_keys_check(const struct md5_keys *keys, const struct addr *a, uint32_t secret)
{
	const struct md5_key *key = key_of(keys, a);

	if (key == NULL || key->key.secret != secret)
		return ENOKEY;
	return key->error;
}

bool
md5_keys_cover(const struct md5_keys *keys, const struct addr *a)
{
	return key_of(keys, a) != NULL;
}

const char *
md5_error_text(int error)
{
	switch (error) {
	case ENOPROTOOPT:
		return "this kernel has no TCP MD5 signatures (CONFIG_TCP_MD5SIG), or "
		       "none for a whole prefix (before Linux 4.13)";
	case ENOMEM: return "no room for another key (net.core.optmem_max)";
	default: return strerror(error);
	}
}

/* ---- the report ---- */

static bool
is_link_local(const struct keyring_key *key)
{
	struct addr a = prefix_addr(&key->prefix);

	return addr_is_link_local(&a);
}

/* Whose key it was meant to be; one of many where it is merged, or was learned. */
static const char *
owner_of(const struct conf *conf, const struct keyring_key *key)
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct conf_peer *peer = &conf->peers[i];

		if (peer->options.password == key->secret &&
		    (prefix_covers_addr(&key->prefix, &peer->address) ||
			(conf_peer_is_unnumbered(peer) && is_link_local(key))))
			return peer->name;
	}
	for (size_t g = 0; g < conf->n_groups; g++) {
		for (size_t i = 0; i < conf->groups[g].n_ranges; i++) {
			if (prefix_equal(&conf->groups[g].ranges[i], &key->prefix))
				return conf->groups[g].name;
		}
	}
	return NULL;
}

static void
room_report(size_t n_keys)
{
	FILE *file = fopen("/proc/sys/net/core/optmem_max", "re");
	size_t need = (n_keys * KEY_COST / OPTMEM_STEP + 1) * OPTMEM_STEP;
	unsigned long has;

	/* In a network namespace of an older kernel the host's value rules. */
	if (file != NULL && fscanf(file, "%lu", &has) == 1)
		log_error("net.core.optmem_max is %lu, too small for %zu TCP MD5 keys "
			  "on one socket: %zu is enough; set it and reload",
		    has, n_keys, need);
	else
		log_error("net.core.optmem_max of the host is too small for %zu TCP "
			  "MD5 keys on one socket: %zu is enough; set it and reload",
		    n_keys, need);
	if (file != NULL)
		fclose(file);
}

void
md5_keys_report(
    const struct md5_keys *keys, const struct conf *conf, const struct addr *listening)
{
	size_t n_failed = 0;
	bool is_room = true;
	char prefix[PREFIX_TEXT_LEN], where[ADDR_TEXT_LEN];

	for (size_t i = 0; i < keys->n; i++) {
		const struct md5_key *key = &keys->list[i];

		if (key->error == 0)
			continue;
		is_room &= key->error != ENOMEM;
		if (n_failed++ >= REPORT_MAX)
			continue;
		log_write(LOG_LEVEL_ERROR, owner_of(conf, &key->key),
		    "no TCP MD5 key for %s on the socket that listens on %s: %s; "
		    "connections from there are refused",
		    prefix_format(&key->key.prefix, prefix),
		    addr_format(listening, where), md5_error_text(key->error));
	}
	if (n_failed > REPORT_MAX)
		log_error("… and %zu more keys", n_failed - REPORT_MAX);
	if (!is_room)
		room_report(keys->n);
}

void
md5_keys_free(struct md5_keys *keys)
{
	free(keys->list);
	keys->list = NULL;
	keys->n = 0;
}
