/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Configuration texts and files for the tests of the configuration.
 */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include <check.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

enum { CONF_TEXT_ADDRS = 4 };

/* This host, as "192.168.2.1 fd00::1". */
struct conf_text_local {
	struct addr addrs[CONF_TEXT_ADDRS];
	struct conf_local local;
};

static inline void
conf_text_local_set(struct conf_text_local *out, const char *addrs)
{
	char copy[256];
	char *rest = copy;
	char *word;

	memset(out, 0, sizeof *out);
	(void)snprintf(copy, sizeof copy, "%s", addrs);
	while ((word = strtok_r(rest, " \n", &rest)) != NULL) {
		ck_assert_uint_lt(out->local.n_addrs, CONF_TEXT_ADDRS);
		ck_assert_msg(
		    addr_parse(word, &out->addrs[out->local.n_addrs]), "%s", word);
		out->local.n_addrs++;
	}
	out->local.addrs = out->addrs;
}

/* The configuration of a right text; prints what is wrong and fails otherwise. */
static inline struct conf *
conf_text_read(const char *text, const char *addrs)
{
	struct conf_text_local host;
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf *conf;

	conf_text_local_set(&host, addrs);
	conf = config_read_text("text", text, strlen(text), &host.local, &errors);
	conf_errors_print(&errors, stdout);
	ck_assert_ptr_nonnull(conf);
	conf_errors_free(&errors);
	return conf;
}

/* Into the folder of the test files, so that errors name them by a short path. */
static inline void
conf_text_enter(const char *source, const char *folder)
{
	char copy[4096];

	(void)snprintf(copy, sizeof copy, "%s", source);
	if (chdir(dirname(copy)) != 0 || chdir(folder) != 0)
		abort();
}

#endif
