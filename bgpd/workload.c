/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Matching of kernel routes against the import sections: interface, protocol, covering
 * prefix, type; every condition given must hold, and any value of it will do.
 */
#include "workload.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "bgp/memory.h"

struct workload_rule {
	char **interfaces;
	size_t n_interfaces;
	uint8_t *protocols;
	size_t n_protocols;
	struct prefix *prefixes;
	size_t n_prefixes;
	uint8_t *types;
	size_t n_types;
};

struct workload_rules {
	uint8_t own_protocol;
	size_t n;
	struct workload_rule rules[];
};

static void *
copy_of(const void *from, size_t n, size_t len)
{
	void *to;

	if (n == 0)
		return NULL;
	to = mem_alloc(n * len);
	memcpy(to, from, n * len);
	return to;
}

static char *
text_copy(const char *text)
{
	return copy_of(text, strlen(text) + 1, 1);
}

static void
rule_init(struct workload_rule *rule, const struct conf_import *conf)
{
	rule->n_interfaces = conf->n_interfaces;
	rule->interfaces = mem_zero(conf->n_interfaces, sizeof(*rule->interfaces));
	for (size_t i = 0; i < conf->n_interfaces; i++)
		rule->interfaces[i] = text_copy(conf->interfaces[i]);
	rule->n_protocols = conf->n_protocols;
	rule->protocols =
	    copy_of(conf->protocols, conf->n_protocols, sizeof(*conf->protocols));
	rule->n_prefixes = conf->n_prefixes;
	rule->prefixes =
	    copy_of(conf->prefixes, conf->n_prefixes, sizeof(*conf->prefixes));
	rule->n_types = conf->n_types;
	rule->types = copy_of(conf->types, conf->n_types, sizeof(*conf->types));
}

struct workload_rules *
workload_rules_new(const struct conf_kernel *conf, char *err, size_t errlen)
{
	struct workload_rules *rules;

	if (conf->n_imports > WORKLOAD_RULES_MAX) {
		snprintf(err, errlen,
		    "kernel: %zu import sections, at most %d are served",
		    conf->n_imports, WORKLOAD_RULES_MAX);
		return NULL;
	}
	rules = mem_zero(1, sizeof(*rules) + conf->n_imports * sizeof(*rules->rules));
	rules->own_protocol = conf->protocol;
	rules->n = conf->n_imports;
	for (size_t i = 0; i < rules->n; i++)
		rule_init(&rules->rules[i], &conf->imports[i]);
	return rules;
}

void
workload_rules_free(struct workload_rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->n; i++) {
		struct workload_rule *rule = &rules->rules[i];

		for (size_t j = 0; j < rule->n_interfaces; j++)
			free(rule->interfaces[j]);
		free(rule->interfaces);
		free(rule->protocols);
		free(rule->prefixes);
		free(rule->types);
	}
	free(rules);
}

static bool
device_matches(const struct workload_rule *rule, const char *device)
{
	for (size_t i = 0; i < rule->n_interfaces; i++)
		if (fnmatch(rule->interfaces[i], device, 0) == 0)
			return true;
	return false;
}

/* A route over several devices is a workload's only if all of them are. */
static bool
interface_ok(const struct workload_rule *rule, const struct workload_route *route)
{
	if (rule->n_interfaces == 0)
		return true;
	for (unsigned i = 0; i < route->n_devices; i++)
		if (!device_matches(rule, route->devices[i]))
			return false;
	return route->n_devices > 0;
}

static bool
octet_listed(const uint8_t *list, size_t n, uint8_t octet)
{
	return n > 0 && memchr(list, octet, n) != NULL;
}

static bool
protocol_ok(const struct workload_rules *rules, const struct workload_rule *rule,
    uint8_t protocol)
{
	if (rule->n_protocols == 0)
		return protocol != rules->own_protocol && protocol != RTPROT_KERNEL;
	return octet_listed(rule->protocols, rule->n_protocols, protocol);
}

static bool
prefix_ok(const struct workload_rule *rule, const struct prefix *prefix)
{
	for (size_t i = 0; i < rule->n_prefixes; i++)
		if (prefix_covers(&rule->prefixes[i], prefix))
			return true;
	return rule->n_prefixes == 0;
}

static bool
type_ok(const struct workload_rule *rule, uint8_t type)
{
	if (rule->n_types == 0)
		return type == RTN_UNICAST;
	return octet_listed(rule->types, rule->n_types, type);
}

uint64_t
workload_match(const struct workload_rules *rules, const struct workload_route *route)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct workload_rule *rule = &rules->rules[i];

		if (type_ok(rule, route->type) &&
		    protocol_ok(rules, rule, route->protocol) &&
		    prefix_ok(rule, &route->prefix) && interface_ok(rule, route))
			taken |= UINT64_C(1) << i;
	}
	return taken;
}

bool
workload_wants_type(const struct workload_rules *rules, uint8_t type)
{
	for (size_t i = 0; i < rules->n; i++)
		if (type_ok(&rules->rules[i], type))
			return true;
	return false;
}
