/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A reload is all or nothing: what can fail comes first, and changes nothing.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/conf_plan.h"
#include "bgp/memory.h"
#include "daemon.h"
#include "fib.h"
#include "guard.h"
#include "log.h"
#include "secret.h"
#include "socket.h"
#include "tunnel.h"
#include "unnumbered.h"

/* Behind those that are there already. */
static struct addr *
add_addresses(struct addr *out, size_t *n, const struct ifaddrs *all, bool up)
{
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		struct sockaddr_storage ss;
		bool is6;

		if (i->ifa_addr == NULL || ((i->ifa_flags & IFF_UP) != 0) != up ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		is6 = i->ifa_addr->sa_family == AF_INET6;
		if (!is6 && i->ifa_addr->sa_family != AF_INET)
			continue;
		memset(&ss, 0, sizeof(ss));
		memcpy(&ss, i->ifa_addr,
		    is6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		if (*n % 16 == 0)
			out = mem_resize(out, *n + 16, sizeof(*out));
		out[(*n)++] = sockaddr_to(&ss);
	}
	return out;
}

/* A node is itself while its link is down, too; but a router id comes from one that is
 * up.
 */
struct addr *
local_addresses(struct conf_local *local)
{
	struct ifaddrs *all;
	struct addr *out;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return NULL;
	out = add_addresses(NULL, &n, all, true);
	local->n_addrs = n;
	out = add_addresses(out, &n, all, false);
	local->n_down = n - local->n_addrs;
	local->addrs = out;
	freeifaddrs(all);
	return out;
}

static void
errors_to_text(const struct conf_errors *errors, char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < errors->n && at < len; i++) {
		int n = snprintf(text + at, len - at, "%s%s", i > 0 ? "\n" : "",
		    errors->list[i].text);

		at += n < 0 ? 0 : (size_t)n;
	}
}

static struct conf *
read_again(struct daemon *d, char *error, size_t len)
{
	struct conf_errors errors = { 0 };
	struct conf_local local = { .running = speaker_conf(d->speaker) };
	struct addr *addrs = local_addresses(&local);
	struct conf *conf;

	conf = config_read(d->config_path, &local, &errors);
	if (conf == NULL)
		errors_to_text(&errors, error, len);
	conf_errors_free(&errors);
	free(addrs);
	return conf;
}

/* What the shell itself must change.  False: nothing was changed. */
static bool
apply_to_shell(struct daemon *d, const struct conf *conf, char *error, size_t len)
{
	if (!log_open(&conf->log, d->verbose > 0, error, len))
		return false;
	if (!control_configure(d->control, &conf->control, error, len))
		return false;
	return kernel_reconfigure(d->kernel, &conf->kernel, error, len);
}

static void
switch_install(struct daemon *d, bool install)
{
	char error[256];

	if (install == (d->fib != NULL))
		return;
	if (!install) {
		fib_flush_all(d->fib);
		fib_free(d->fib);
		d->fib = NULL;
		return;
	}
	d->fib = fib_new(d->kernel, error, sizeof(error));
	if (d->fib == NULL)
		log_error("%s", error);
	else
		fib_set_waiting(d->fib, tunnel_trouble(d->tunnel));
}

/* False: `error` says why, and nothing was changed. */
static bool
take_over(struct daemon *d, char *error, size_t len)
{
	struct conf *conf;
	const char *section, *key;
	bool fixed;

	conf = read_again(d, error, len);
	if (conf == NULL)
		return false;
	fixed = conf_restart_needed(speaker_conf(d->speaker), conf, &section, &key);
	if (fixed)
		snprintf(error, len,
		    "%s: %s %s cannot be changed while the daemon runs: restart it",
		    d->config_path, section, key);
	if (fixed || !apply_to_shell(d, conf, error, len)) {
		conf_free(conf);
		return false;
	}
	switch_install(d, conf->kernel.install);
	speaker_configure(d->speaker, conf);
	d->bfd_due = true;
	guard_reconfigure(d);
	unnumbered_configure(d->unnumbered);
	tunnel_reconfigured(d->tunnel);
	daemon_fill_control_ops(d);
	log_notice("configuration reloaded");
	daemon_wake(d);
	return true;
}

int
daemon_reload(struct daemon *d, char *error, size_t len)
{
	bool is_done;

	snprintf(error, len, "the daemon has not started yet");
	if (!d->started)
		return -1;
	is_done = take_over(d, error, len);
	secret_warn_of_files();
	guard_forget(d); /* what was read, and not taken over, too */
	return is_done ? 0 : -1;
}
