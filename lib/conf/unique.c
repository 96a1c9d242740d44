/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What may be there only once: titles, addresses of peers and nodes, prefixes.  Each
 * kind is put into one list, sorted, and neighbours are compared.
 */
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

/* One thing that must be unique within its space. */
struct claim {
	uint32_t space;
	struct prefix prefix; /* an address has all its bits; unused: zero */
	const char *name;     /* "" where the prefix is what counts */
	const struct conf_node *node;
	uint32_t line;
};

struct claims {
	struct claim *list;
	size_t n;
	size_t capacity;
};

/* A name may be that of one peer, group or node; the others stand for themselves. */
enum space {
	SPACE_NAMES,
	SPACE_NETWORK,
	SPACE_FILTER,
	SPACE_IMPORT,
	SPACE_TUNNEL,
};

static const struct {
	const char *section;
	enum space space;
} spaces[] = {
	{ "peer", SPACE_NAMES },
	{ "group", SPACE_NAMES },
	{ "node", SPACE_NAMES },
	{ "network", SPACE_NETWORK },
	{ "filter", SPACE_FILTER },
	{ "import", SPACE_IMPORT },
	{ "tunnel", SPACE_TUNNEL },
};

static void
claim_add(struct claims *claims, struct claim claim)
{
	if (claims->n == claims->capacity) {
		claims->capacity = claims->capacity == 0 ? 64 : claims->capacity * 2;
		claims->list =
		    mem_resize(claims->list, claims->capacity, sizeof *claims->list);
	}
	claims->list[claims->n++] = claim;
}

static int
claim_compare(const struct claim *a, const struct claim *b)
{
	int order;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order != 0 ? order : prefix_compare(&a->prefix, &b->prefix);
}

static int
claim_sort(const void *x, const void *y)
{
	const struct claim *a = x;
	const struct claim *b = y;
	int order = claim_compare(a, b);

	if (order != 0)
		return order;
	if (a->node->order != b->node->order)
		return a->node->order < b->node->order ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* What is said of the second of two; `first` is the one that came before. */
typedef void
claim_report(struct builder *b, const struct claim *first, const struct claim *second);

static void
claims_judge(struct builder *b, struct claims *claims, claim_report *report)
{
	if (claims->n > 1)
		qsort(claims->list, claims->n, sizeof *claims->list, claim_sort);
	for (size_t i = 1, first = 0; i < claims->n; i++) {
		if (claim_compare(&claims->list[first], &claims->list[i]) == 0)
			report(b, &claims->list[first], &claims->list[i]);
		else
			first = i;
	}
	free(claims->list);
	*claims = (struct claims){ NULL, 0, 0 };
}

static void
name_report(struct builder *b, const struct claim *first, const struct claim *second)
{
	if (strcmp(first->node->name, second->node->name) == 0)
		build_error(b, second->node, second->line,
		    "%s is there twice, first at %s:%u; allowed: a title of its own",
		    section_describe(second->node).text, first->node->file,
		    (unsigned)first->line);
	else
		build_error(b, second->node, second->line,
		    "%s has the name of %s at %s:%u; allowed: a name of its own",
		    section_describe(second->node).text,
		    section_describe(first->node).text, first->node->file,
		    (unsigned)first->line);
}

static void
title_add(struct claims *claims, const struct conf_node *node)
{
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
		if (node->kind == CONF_NODE_SECTION && section_title(node)[0] != '\0' &&
		    strcmp(node->name, spaces[i].section) == 0)
			claim_add(claims, (struct claim){ .space = spaces[i].space,
					      .name = section_title(node),
					      .node = node,
					      .line = node->line });
	}
}

static void
titles_check(struct builder *b)
{
	struct claims claims = { NULL, 0, 0 };

	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		title_add(&claims, at);
		for (const struct conf_node *in = at->first; in != NULL; in = in->next)
			title_add(&claims, in);
	}
	claims_judge(b, &claims, name_report);
}

/* Of addresses_check(): the interfaces of unnumbered peers. */
enum { SPACE_UNNUMBERED = 2 };

static void
address_report(struct builder *b, const struct claim *first, const struct claim *second)
{
	struct addr a = prefix_addr(&second->prefix);
	char text[ADDR_TEXT_LEN];
	bool on_link = second->name[0] != '\0';

	/* Two nodes of the cluster are compared as nodes, whoever this one is. */
	if (second->space == 0 && strcmp(second->node->name, "node") == 0 &&
	    strcmp(first->node->name, "node") == 0)
		return;
	if (second->space == SPACE_UNNUMBERED) {
		build_error(b, second->node, second->line,
		    "%s has the interface %s of %s at %s:%u; allowed: an interface of "
		    "its own",
		    section_describe(second->node).text, second->name,
		    section_describe(first->node).text, first->node->file,
		    (unsigned)first->node->line);
		return;
	}
	build_error(b, second->node, second->line,
	    "%s has the address %s%s%s of %s at %s:%u; allowed: an address of its own",
	    section_describe(second->node).text, addr_format(&a, text),
	    on_link ? "%" : "", second->name, section_describe(first->node).text,
	    first->node->file, (unsigned)first->node->line);
}

static void
address_add(struct claims *claims, uint32_t space, const struct conf_node *node,
    const char *key, const struct addr *a, const char *interface)
{
	const struct conf_node *option = option_node(node, key);

	if (a->family == FAMILY_NONE)
		return;
	claim_add(claims, (struct claim){ .space = space,
			      .prefix = prefix_of(a, family_max_bits(a->family)),
			      .name = interface,
			      .node = node,
			      .line = option != NULL ? option->line : node->line });
}

static void
interface_add(
    struct claims *claims, const struct conf_node *node, const char *interface)
{
	claim_add(claims, (struct claim){ .space = SPACE_UNNUMBERED,
			      .name = interface,
			      .node = node,
			      .line = option_node(node, "interface")->line });
}

/* Space 0: the sessions of this node; space 1: the nodes of the cluster. */
static void
addresses_check(struct builder *b)
{
	const struct conf *conf = b->conf;
	struct claims claims = { NULL, 0, 0 };

	for (size_t i = 0; i < conf->n_peers; i++) {
		if (conf_peer_is_unnumbered(&conf->peers[i]))
			interface_add(
			    &claims, b->peer_nodes[i], conf->peers[i].interface);
		address_add(&claims, 0, b->peer_nodes[i],
		    conf->peers[i].from_cluster &&
			    conf->peers[i].address.family == FAMILY_IPV6
			? "address6"
			: "address",
		    &conf->peers[i].address, conf->peers[i].interface);
	}
	for (size_t i = 0; i < b->n_nodes; i++) {
		address_add(
		    &claims, 1, b->nodes[i].node, "address", &b->nodes[i].address, "");
		address_add(&claims, 1, b->nodes[i].node, "address6",
		    &b->nodes[i].address6, "");
	}
	claims_judge(b, &claims, address_report);
}

static void
prefix_report(struct builder *b, const struct claim *first, const struct claim *second)
{
	char text[PREFIX_TEXT_LEN];

	/* The same text twice is the same title, reported as that. */
	if (second->space == 0 &&
	    strcmp(section_title(first->node), section_title(second->node)) == 0)
		return;
	build_error(b, second->node, second->line,
	    "%s '%s' is there twice, first at %s:%u; allowed: once", second->node->name,
	    prefix_format(&second->prefix, text), first->node->file,
	    (unsigned)first->line);
}

static void
prefix_add(struct claims *claims, uint32_t space, const struct conf_node *node,
    const struct conf_text *text)
{
	struct prefix prefix;

	if (prefix_parse(text->text, &prefix) == PREFIX_PARSE_OK)
		claim_add(claims, (struct claim){ .space = space,
				      .prefix = prefix,
				      .name = "",
				      .node = node,
				      .line = text->line });
}

/* Space 0: networks; space 1: ranges, of which a peer must be in one alone. */
static void
prefixes_check(struct builder *b)
{
	struct claims claims = { NULL, 0, 0 };

	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		const struct conf_node *range = option_node(at, "range");
		struct conf_text title = { section_title(at), at->line };

		if (at->kind != CONF_NODE_SECTION)
			continue;
		if (strcmp(at->name, "network") == 0)
			prefix_add(&claims, 0, at, &title);
		if (strcmp(at->name, "group") != 0 || range == NULL)
			continue;
		for (size_t i = 0; i < range->n_values; i++)
			prefix_add(&claims, 1, range, &range->values[i]);
	}
	claims_judge(b, &claims, prefix_report);
}

void
unique_check(struct builder *b)
{
	titles_check(b);
	addresses_check(b);
	prefixes_check(b);
}
