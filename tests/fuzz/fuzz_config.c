/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A configuration text through the whole way: outline, libconfuse, tree, checks, plan.
 * No file is touched.  Either there is a configuration or an error, never both; and a
 * configuration compared with itself needs nothing.
 */
#include "bgp/conf_plan.h"
#include "config.h"
#include "fuzz.h"
#include "secret.h"

static void
plan_with_itself(const struct conf *conf)
{
	struct conf_plan plan = conf_plan_make(conf, conf);
	const char *section;
	const char *key;

	DEMAND(plan.n_steps == conf->n_peers);
	for (size_t i = 0; i < plan.n_steps; i++)
		DEMAND(plan.steps[i].action == CONF_PLAN_SAME);
	DEMAND(!conf_restart_needed(conf, conf, &section, &key));
	conf_plan_free(&plan);
}

static uint32_t
no_file(void *arg, const char *from, const char *path, char *why, size_t len)
{
	(void)arg;
	(void)from;
	(void)path;
	(void)len;
	why[0] = '\0';
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct addr addr = addr_ipv4(0xc0a80201);
	struct conf_local local = {
		.addrs = &addr, .n_addrs = 1, .secret_file = no_file
	};
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf *conf =
	    config_read_text("fuzz", (const char *)data, len, &local, &errors);

	DEMAND((conf != NULL) == (errors.n == 0));
	if (conf != NULL)
		plan_with_itself(conf);
	conf_free(conf);
	conf_errors_free(&errors);
	secret_wipe();
	return 0;
}
