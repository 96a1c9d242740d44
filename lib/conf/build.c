/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_build(): the order of work, the sections that stand for themselves, and the
 * small helpers that every file of the folder uses.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

/* sun_path of a Unix socket, with its NUL */
enum { SOCKET_PATH_LEN = 108 };
/* IFNAMSIZ without its NUL, and what the kernel refuses in a name */
enum { DEVICE_NAME_MAX = 15 };

void
build_error(struct builder *b, const struct conf_node *node, uint32_t line,
    const char *format, ...)
{
	char text[3072];
	va_list args;

	if (b->is_quiet)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	conf_errors_add(b->errors, node->order, node->file, line, "%s", text);
}

void
build_unsupported(struct builder *b, const struct conf_node *node, const char *what)
{
	build_error(b, node, node->line, "'%s' is not supported by this release", what);
}

const char *
section_title(const struct conf_node *section)
{
	return section->n_values > 0 ? section->values[0].text : "";
}

struct section_text
section_describe(const struct conf_node *section)
{
	struct section_text out;

	if (section->n_values > 0)
		(void)snprintf(out.text, sizeof out.text, "%s %s", section->name,
		    quote(section_title(section)).text);
	else
		(void)snprintf(out.text, sizeof out.text, "'%s'", section->name);
	return out;
}

const struct conf_node *
option_node(const struct conf_node *section, const char *key)
{
	if (section == NULL)
		return NULL;
	for (const struct conf_node *at = section->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_OPTION && strcmp(at->name, key) == 0)
			return at;
	}
	return NULL;
}

const char *
option_text(const struct conf_node *option)
{
	if (option == NULL || option->is_list || option->n_values != 1)
		return "";
	return option->values[0].text;
}

const struct conf_node *
section_find(const struct builder *b, const char *name)
{
	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_SECTION && strcmp(at->name, name) == 0)
			return at;
	}
	return NULL;
}

static size_t
sections_count(const struct conf_node *parent, const char *name)
{
	size_t n = 0;

	for (const struct conf_node *at = parent->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_SECTION && strcmp(at->name, name) == 0)
			n++;
	}
	return n;
}

static bool
is_section(const struct conf_node *node, const char *name)
{
	return node->kind == CONF_NODE_SECTION && strcmp(node->name, name) == 0;
}

/* Numbers all nodes in reading order; true when the parser left an error. */
static bool
tree_number(struct conf_node *node, uint32_t *order)
{
	bool has_error = node->kind == CONF_NODE_ERROR;

	node->order = (*order)++;
	for (struct conf_node *at = node->first; at != NULL; at = at->next)
		has_error |= tree_number(at, order);
	return has_error;
}

/* A cut copy; a title that is too long was reported by structure.c. */
static void
title_copy(const struct conf_node *section, char name[CONF_NAME_LEN])
{
	(void)snprintf(name, CONF_NAME_LEN, "%s", section_title(section));
}

static void
filters_build(struct builder *b)
{
	struct conf *conf = b->conf;
	size_t n = sections_count(b->root, "filter");

	conf->filters = mem_zero(n, sizeof *conf->filters);
	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		struct conf_filter *filter = &conf->filters[conf->n_filters];

		if (!is_section(at, "filter"))
			continue;
		values_default(b, CONF_SECTION_FILTER, filter);
		values_read(b, CONF_SECTION_FILTER, at, filter);
		title_copy(at, filter->name);
		conf->n_filters++;
	}
}

/* RFC 9494 4.1: its capability goes with that of RFC 4724. */
static void
long_lived_check(struct builder *b, const struct conf_node *node)
{
	const struct conf_router *router = &b->conf->router;
	const struct conf_node *option = option_node(node, "long-lived-stale-time");

	if (option != NULL && router->long_lived_stale_time_s > 0 &&
	    !router->graceful_restart)
		build_error(b, option, option->line,
		    "long-lived-stale-time is %u, and graceful-restart is false; "
		    "allowed: 0, or graceful-restart = true",
		    (unsigned)router->long_lived_stale_time_s);
}

static void
router_build(struct builder *b)
{
	struct conf_router *router = &b->conf->router;
	const struct conf_node *node = section_find(b, "router");
	const struct conf_node *max;

	values_default(b, CONF_SECTION_ROUTER, router);
	if (node == NULL) {
		if (!b->is_partial)
			build_error(b, b->root, b->root->line,
			    "section 'router' is missing; allowed: router { as = ... "
			    "}");
		return;
	}
	values_read(b, CONF_SECTION_ROUTER, node, router);
	if (option_node(node, "as") == NULL && !b->is_partial)
		build_error(b, node, node->line,
		    "'as' is missing in 'router'; allowed: %s",
		    conf_option_find(CONF_SECTION_ROUTER, "as")->allowed);

	long_lived_check(b, node);

	max = option_node(node, "connect-retry-max");
	if (router->connect_retry_max_s >= router->connect_retry_s)
		return;
	if (max == NULL)
		router->connect_retry_max_s = router->connect_retry_s;
	else
		build_error(b, max, max->line,
		    "connect-retry-max is %u; allowed: connect-retry (%u) or more",
		    (unsigned)router->connect_retry_max_s,
		    (unsigned)router->connect_retry_s);
}

static void
imports_build(struct builder *b, const struct conf_node *section)
{
	struct conf_kernel *kernel = &b->conf->kernel;

	kernel->imports =
	    mem_zero(sections_count(section, "import"), sizeof *kernel->imports);
	for (const struct conf_node *at = section->first; at != NULL; at = at->next) {
		struct conf_import *import = &kernel->imports[kernel->n_imports];

		if (!is_section(at, "import"))
			continue;
		values_default(b, CONF_SECTION_IMPORT, import);
		values_read(b, CONF_SECTION_IMPORT, at, import);
		title_copy(at, import->title);
		kernel->n_imports++;
	}
}

/* At most one: a route goes by one device. */
static void
tunnel_build(struct builder *b, const struct conf_node *section)
{
	struct conf_tunnel *tunnel = &b->conf->kernel.tunnel;

	for (const struct conf_node *at = section->first; at != NULL; at = at->next) {
		if (!is_section(at, "tunnel"))
			continue;
		if (tunnel->device[0] != '\0') {
			build_error(b, at, at->line,
			    "tunnel %s is a second one; allowed: one tunnel (%s)",
			    quote(section_title(at)).text, tunnel->device);
			continue;
		}
		values_default(b, CONF_SECTION_TUNNEL, tunnel);
		values_read(b, CONF_SECTION_TUNNEL, at, tunnel);
		title_copy(at, tunnel->device);
		if (strlen(tunnel->device) > DEVICE_NAME_MAX ||
		    strpbrk(tunnel->device, "/ \t:") != NULL)
			build_error(b, at, at->line,
			    "tunnel is %s; allowed: a device name of at most %d "
			    "characters, none of them '/', ':' or a space",
			    quote(section_title(at)).text, DEVICE_NAME_MAX);
	}
}

static void
kernel_build(struct builder *b)
{
	const struct conf_node *node = section_find(b, "kernel");

	values_default(b, CONF_SECTION_KERNEL, &b->conf->kernel);
	if (node == NULL)
		return;
	values_read(b, CONF_SECTION_KERNEL, node, &b->conf->kernel);
	imports_build(b, node);
	tunnel_build(b, node);
}

static void
network_prefix_read(
    struct builder *b, const struct conf_node *node, struct prefix *prefix)
{
	struct conf_text title = { section_title(node), node->line };
	char text[PREFIX_TEXT_LEN];

	switch (prefix_parse(title.text, prefix)) {
	case PREFIX_PARSE_OK: break;
	case PREFIX_PARSE_HOST_BITS:
		build_error(b, node, node->line,
		    "network is %s, which has host bits set; allowed: '%s'",
		    quote(title.text).text, prefix_format(prefix, text));
		break;
	case PREFIX_PARSE_BAD:
		if (title.text[0] != '\0')
			build_error(b, node, node->line,
			    "network is %s; allowed: a prefix as 10.0.0.0/8 or "
			    "fd00::/8",
			    quote(title.text).text);
		break;
	}
}

static void
networks_build(struct builder *b)
{
	struct conf *conf = b->conf;

	conf->networks =
	    mem_zero(sections_count(b->root, "network"), sizeof *conf->networks);
	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		struct conf_network *network = &conf->networks[conf->n_networks];

		if (!is_section(at, "network"))
			continue;
		values_default(b, CONF_SECTION_NETWORK, network);
		values_read(b, CONF_SECTION_NETWORK, at, network);
		network_prefix_read(b, at, &network->prefix);
		conf->n_networks++;
	}
}

/* A text whose row cannot say all that it must be. */
static void
text_check(struct builder *b, enum conf_section section, const struct conf_node *node,
    const char *key, bool is_good)
{
	const struct conf_node *option = option_node(node, key);

	if (option != NULL && !is_good && !option->is_list && option->n_values == 1)
		value_refuse(
		    b, conf_option_find(section, key), option, &option->values[0]);
}

static void
log_build(struct builder *b)
{
	struct conf_log *out = &b->conf->log;
	const struct conf_node *node = section_find(b, "log");

	values_default(b, CONF_SECTION_LOG, out);
	if (node == NULL)
		return;
	values_read(b, CONF_SECTION_LOG, node, out);
	text_check(b, CONF_SECTION_LOG, node, "target",
	    strcmp(out->target, "stderr") == 0 || strcmp(out->target, "syslog") == 0 ||
		strchr(out->target, '/') != NULL);
}

static void
control_build(struct builder *b)
{
	struct conf_control *control = &b->conf->control;
	const struct conf_node *node = section_find(b, "control");

	values_default(b, CONF_SECTION_CONTROL, control);
	if (node == NULL)
		return;
	values_read(b, CONF_SECTION_CONTROL, node, control);
	text_check(b, CONF_SECTION_CONTROL, node, "socket",
	    control->socket[0] != '\0' && strlen(control->socket) < SOCKET_PATH_LEN);
}

struct conf *
conf_build(
    struct conf_tree *tree, const struct conf_local *local, struct conf_errors *errors)
{
	static const struct conf_local silent = { .n_addrs = 0 };
	struct builder b = {
		.conf = mem_zero(1, sizeof(struct conf)),
		.local = local != NULL ? local : &silent,
		.errors = errors,
		.root = conf_tree_root(tree),
	};
	uint32_t order = 0;

	b.is_partial = tree_number(conf_tree_root(tree), &order);
	structure_check(&b);
	filters_build(&b); /* before all that name one */
	router_build(&b);  /* before the peers, which take defaults from it */
	kernel_build(&b);
	networks_build(&b);
	log_build(&b);
	control_build(&b);
	groups_build(&b);
	cluster_build(&b);
	peers_build(&b);
	unique_check(&b);
	secret_ranges_check(&b);
	secret_links_check(&b);

	free(b.peer_nodes);
	free(b.nodes);
	free(b.secret_files);
	conf_errors_sort(errors);
	if (errors->n == 0)
		return b.conf;
	conf_free(b.conf);
	return NULL;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	values_free(CONF_SECTION_ROUTER, &conf->router);
	for (size_t i = 0; i < conf->kernel.n_imports; i++)
		values_free(CONF_SECTION_IMPORT, &conf->kernel.imports[i]);
	for (size_t i = 0; i < conf->n_groups; i++)
		values_free(CONF_SECTION_GROUP, &conf->groups[i]);
	free(conf->kernel.imports);
	free(conf->networks);
	free(conf->peers);
	free(conf->groups);
	free(conf->filters);
	free(conf->cluster.addresses);
	free(conf);
}
