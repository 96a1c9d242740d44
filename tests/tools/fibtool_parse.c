/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Words of fibtool's commands and options as values.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "bgp/memory.h"
#include "fibtool.h"

const char *
next_word(struct words *w)
{
	return w->at < w->n ? w->word[w->at++] : "";
}

size_t
split(char *text, const char *by, char **out, size_t max)
{
	size_t n = 0;
	char *save = NULL;

	for (char *part = strtok_r(text, by, &save); part != NULL && n < max;
	     part = strtok_r(NULL, by, &save))
		out[n++] = part;
	return n;
}

struct addr
parse_addr(const char *text)
{
	struct addr a = addr_none();

	if (!addr_parse(text, &a))
		printf("error: address %s\n", text);
	return a;
}

struct prefix
parse_prefix(const char *text)
{
	struct prefix p = { 0 };

	if (prefix_parse(text, &p) != PREFIX_PARSE_OK)
		printf("error: prefix %s\n", text);
	return p;
}

static void
parse_hops(struct words *w, struct fib_route *route)
{
	struct fib_hop *hop = NULL;

	for (const char *word = next_word(w); word[0] != '\0'; word = next_word(w)) {
		bool via = strcmp(word, "via") == 0, dev = strcmp(word, "dev") == 0;

		if (via || hop == NULL) {
			hop = &route->hops[route->n_hops++];
			*hop = (struct fib_hop){ .gateway = addr_none(),
				.weight = 1,
				.next_hop = addr_none() };
		}
		if (via)
			hop->gateway = parse_addr(next_word(w));
		else if (dev)
			hop->ifindex = kernel_link_index(tool.k, next_word(w));
		else if (strcmp(word, "onlink") == 0)
			hop->onlink = true;
		else if (strcmp(word, "nh") == 0)
			hop->next_hop = parse_addr(next_word(w));
		else if (strcmp(word, "weight") == 0)
			hop->weight = (uint8_t)atoi(next_word(w));
		else
			printf("error: %s\n", word);
	}
}

void
parse_route(struct words *w, struct fib_route *route)
{
	const char *word = w->at < w->n ? w->word[w->at] : "";

	route->type = FIB_UNICAST;
	route->n_hops = 0;
	if (strcmp(word, "blackhole") == 0)
		route->type = FIB_BLACKHOLE;
	else if (strcmp(word, "unreachable") == 0)
		route->type = FIB_UNREACHABLE;
	else if (strcmp(word, "prohibit") == 0)
		route->type = FIB_PROHIBIT;
	else
		parse_hops(w, route);
}

/* ---- configuration ---- */

static void
import_condition(struct conf_import *import, char *text)
{
	char *value = strchr(text, '='), *list[LIST_MAX];
	size_t n;

	if (value == NULL)
		return;
	*value++ = '\0';
	n = split(value, ",", list, LIST_MAX);
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, "interface") == 0)
			import->interfaces[import->n_interfaces++] = strdup(list[i]);
		else if (strcmp(text, "protocol") == 0)
			import->protocols[import->n_protocols++] =
			    (uint8_t)atoi(list[i]);
		else if (strcmp(text, "type") == 0)
			import->types[import->n_types++] = (uint8_t)atoi(list[i]);
		else if (strcmp(text, "prefix") == 0)
			import->prefixes[import->n_prefixes++] = parse_prefix(list[i]);
}

static uint8_t
parse_mode(const char *word)
{
	if (strcmp(word, "on") == 0)
		return CONF_NEXTHOPS_ON;
	return strcmp(word, "off") == 0 ? CONF_NEXTHOPS_OFF : CONF_NEXTHOPS_AUTO;
}

/* --import interface=cali*,veth*;protocol=3;prefix=10.0.0.0/8;type=1 */
static void
add_import(const char *text)
{
	struct conf_import *import = &tool.imports[tool.conf.n_imports++];
	char *copy = strdup(text), *parts[4];
	size_t n = split(copy, ";", parts, 4);

	*import = (struct conf_import){ .filter = -1 };
	import->interfaces = mem_zero(LIST_MAX, sizeof(char *));
	import->protocols = mem_zero(LIST_MAX, 1);
	import->types = mem_zero(LIST_MAX, 1);
	import->prefixes = mem_zero(LIST_MAX, sizeof(struct prefix));
	for (size_t i = 0; i < n; i++)
		import_condition(import, parts[i]);
	free(copy);
}

void
free_imports(void)
{
	for (size_t i = 0; i < tool.conf.n_imports; i++) {
		struct conf_import *import = &tool.imports[i];

		for (size_t j = 0; j < import->n_interfaces; j++)
			free(import->interfaces[j]);
		free(import->interfaces);
		free(import->protocols);
		free(import->types);
		free(import->prefixes);
	}
	tool.conf.n_imports = 0;
}

void
configure(struct words *w)
{
	free_imports();
	tool.conf = (struct conf_kernel){
		.install = true,
		.table = RT_TABLE_MAIN,
		.protocol = RTPROT_BGP,
		.metric = 32,
		.filter = -1,
		.prefer_source = addr_none(),
		.imports = tool.imports,
	};
	for (const char *word = next_word(w); word[0] != '\0'; word = next_word(w))
		if (strcmp(word, "--table") == 0)
			tool.conf.table = (uint32_t)atol(next_word(w));
		else if (strcmp(word, "--protocol") == 0)
			tool.conf.protocol = (uint8_t)atoi(next_word(w));
		else if (strcmp(word, "--metric") == 0)
			tool.conf.metric = (uint32_t)atol(next_word(w));
		else if (strcmp(word, "--default-route") == 0)
			tool.conf.default_route = true;
		else if (strcmp(word, "--prefer-source") == 0)
			tool.conf.prefer_source = parse_addr(next_word(w));
		else if (strcmp(word, "--nexthop-objects") == 0)
			tool.conf.nexthop_objects = parse_mode(next_word(w));
		else if (strcmp(word, "--old-kernel") == 0)
			tool.old_kernel = true;
		else if (strcmp(word, "--import") == 0)
			add_import(next_word(w));
		else if (strcmp(word, "--quiet") == 0)
			tool.quiet = true;
		else
			printf("error: option %s\n", word);
}
