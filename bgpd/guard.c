/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Never weaker than the configuration says: what cannot be set ends the connection,
 * with the reason.
 */
#include "guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bgp/peer.h"
#include "connection.h"
#include "listener.h"
#include "md5_keys.h"
#include "secret.h"
#include "socket.h"

enum { TTL_MAX = 255 };

/* On a connection that has data on its way, both sides' TCP go on sending it until it
 * arrives with the right signature: a key can change, come and go under a session. */
static int
set_key(const struct addr *remote, int fd, const struct peer *peer)
{
	struct prefix host =
	    prefix_of(remote, family_max_bits((enum family)remote->family));
	size_t key_len = 0;
	const char *key = secret_text(peer->conf.options.password, &key_len);

	if (peer->conf.options.password != 0 && key == NULL)
		return ENOKEY;
	return socket_set_md5(fd, &host, key, key_len);
}

/* RFC 4271 says nothing of TTL; as every speaker does, eBGP is one hop unless told. */
static int
sent_ttl(const struct peer *peer)
{
	const struct conf_peer_options *options = &peer->conf.options;

	if (options->ttl_security != 0)
		return TTL_MAX; /* RFC 5082 3 */
	if (!peer->ebgp)
		return -1;
	return options->multihop == 0 ? 1 : options->multihop;
}

static int
least_ttl(const struct peer *peer)
{
	return TTL_MAX + 1 - peer->conf.options.ttl_security;
}

static int
set_ttl(enum family family, int fd, const struct peer *peer)
{
	bool is_checked = peer->conf.options.ttl_security != 0;

	/* Not left to what an accepted socket has from the one that listens. */
	socket_set_ttl(fd, family, sent_ttl(peer));
	return socket_set_min_ttl(fd, family, is_checked ? least_ttl(peer) : 0);
}

bool
guard_set(struct guard *guard, int fd, const struct peer *peer, char *why, size_t len)
{
	const struct conf_peer_options *options = &peer->conf.options;
	int error = 0;

	/* One that was accepted may have had a key from the listening socket. */
	if (!guard->is_set || guard->secret != options->password)
		error = set_key(&guard->remote, fd, peer);
	if (error != 0 && (guard->is_set || options->password != 0)) {
		snprintf(why, len, "TCP MD5 key: %s", md5_error_text(error));
		return false;
	}
	guard->secret = options->password;

	error = 0;
	if (!guard->is_set || guard->ttl_security != options->ttl_security)
		error = set_ttl((enum family)guard->remote.family, fd, peer);
	/* The minimum of an old kernel or of a family it lacks matters to those alone
	 * who want one. */
	if (error != 0 && options->ttl_security != 0) {
		snprintf(why, len, "ttl-security: %s", strerror(error));
		return false;
	}
	guard->ttl_security = options->ttl_security;
	guard->is_set = true;
	return true;
}

/* RFC 5082 3: a SYN reaches a listening socket unchecked, whose peers differ. */
static bool
is_near(enum family family, int fd, const struct peer *peer, char *why, size_t len)
{
	int ttl = socket_syn_ttl(fd, family);

	if (peer->conf.options.ttl_security == 0 || ttl < 0 || ttl >= least_ttl(peer))
		return true;
	snprintf(why, len, "ttl-security: it came with a TTL of %d, %d is the least%s",
	    ttl, least_ttl(peer), ttl <= 64 ? " (does the peer send with 255?)" : "");
	return false;
}

bool
guard_admits(const struct guard *guard, int fd, const struct listener *listener,
    const struct peer *peer, char *why, size_t len)
{
	uint32_t secret = peer->conf.options.password;
	int error = 0;

	if (secret != 0)
		error = listener_check_md5(listener, &guard->remote, secret);
	if (error == 0)
		return is_near((enum family)guard->remote.family, fd, peer, why, len);
	snprintf(why, len, "the listening socket has no TCP MD5 key for it: %s",
	    md5_error_text(error));
	return false;
}

void
guard_forget(struct daemon *d)
{
	secret_sweep_begin();
	secret_mark_conf(d->first_conf);
	secret_mark_conf(speaker_conf(d->speaker));
	for (struct peer *peer = speaker_first_peer(d->speaker); peer != NULL;
	     peer = speaker_next_peer(d->speaker, peer))
		secret_mark(peer->conf.options.password);
	secret_sweep_end();
}

void
guard_reconfigure(struct daemon *d)
{
	listener_set_ttl(d->listener, speaker_conf(d->speaker));
	guard_links_reload(d);
	for (struct peer *peer = speaker_first_peer(d->speaker); peer != NULL;
	     peer = speaker_next_peer(d->speaker, peer)) {
		for (int i = 0; i < PEER_CONNECTIONS; i++) {
			if (peer->connections[i] != NULL)
				connection_reconfigure(peer->connections[i]);
		}
	}
}
