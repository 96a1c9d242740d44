/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys of TCP MD5 (RFC 2385).  The texts go straight to whoever keeps them for us
 * (struct conf_local); a configuration holds numbers, which can be compared, copied and
 * dumped without harm.  No error here repeats a text.
 */
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

const char *
conf_secret_fault(const char *text, size_t len)
{
	if (len == 0)
		return "empty";
	if (len > CONF_SECRET_MAX_LEN)
		return "too long";
	/* Nobody types them, but a file of the wrong kind has them. */
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return "not one line of text";
	}
	return NULL;
}

bool
secret_read(struct builder *b, const struct conf_option *option,
    const struct conf_node *node, const struct conf_text *text, uint32_t *out)
{
	size_t len = strlen(text->text);
	const char *fault = conf_secret_fault(text->text, len);

	if (fault == NULL && b->local->secret != NULL) {
		*out = b->local->secret(b->local->arg, text->text, len);
		return true;
	}
	build_error(b, node, text->line, "'%s' is %s; allowed: %s", option->key,
	    fault != NULL ? fault : "not possible here", option->allowed);
	return false;
}

static struct secret_file *
file_find(const struct builder *b, const struct conf_node *option)
{
	for (size_t i = 0; i < b->n_secret_files; i++) {
		if (b->secret_files[i].option == option)
			return &b->secret_files[i];
	}
	return NULL;
}

static void
file_note(struct builder *b, const struct conf_node *option, uint32_t secret)
{
	size_t n = b->n_secret_files;

	if ((n & (n - 1)) == 0) /* room doubles at every power of two */
		b->secret_files = mem_resize(
		    b->secret_files, n == 0 ? 1 : n * 2, sizeof *b->secret_files);
	b->secret_files[b->n_secret_files++] = (struct secret_file){ option, secret };
}

bool
secret_file_read(struct builder *b, const struct conf_option *option,
    const struct conf_node *node, const struct conf_text *text, uint32_t *out)
{
	const struct secret_file *known = file_find(b, node);
	const char *path = text->text;
	char why[256] = "not possible here";
	uint32_t secret = 0;

	if (known != NULL) {
		secret = known->secret;
	} else {
		if (path[0] == '\0')
			memcpy(why, "no path", sizeof "no path");
		else if (b->local->secret_file != NULL)
			secret = b->local->secret_file(
			    b->local->arg, node->file, path, why, sizeof why);
		file_note(b, node, secret);
		if (secret == 0)
			build_error(b, node, text->line, "%s is %s: %s; allowed: %s",
			    option->key, quote(path).text, why, option->allowed);
	}
	if (secret != 0)
		*out = secret;
	return secret != 0;
}

bool
secret_is_written(const struct conf_node *section)
{
	return option_node(section, "password") != NULL ||
	       option_node(section, "password-file") != NULL;
}

void
secret_check(struct builder *b, const struct conf_node *section)
{
	const struct conf_node *text = option_node(section, "password");
	const struct conf_node *file = option_node(section, "password-file");
	const struct conf_node *second = file;

	if (text == NULL || file == NULL)
		return;
	if (text->order > file->order)
		second = text;
	build_error(b, second, second->line,
	    "'password' and 'password-file' are both set in %s; allowed: one",
	    section_describe(section).text);
}

/* ---- ranges ---- */

/*
 * The kernel matches keys by the longest prefix, and one without a key cannot be
 * expressed: whoever lies inside would be refused in silence.
 */
static void
inside_report(struct builder *b, const struct conf_node *node, const char *lies,
    const struct conf_group *group, const struct prefix *range)
{
	char text[PREFIX_TEXT_LEN];

	build_error(b, node, node->line,
	    "%s has no password, but %s inside of range %s of group '%s', which has "
	    "one for the whole prefix; allowed: a password of its own",
	    section_describe(node).text, lies, prefix_format(range, text), group->name);
}

/* A key that was refused where it stands is not missing. */
static bool
peer_has_secret(const struct builder *b, size_t index)
{
	const struct conf_node *node = b->peer_nodes[index];

	if (b->conf->peers[index].options.password != 0 || secret_is_written(node))
		return true;
	if (b->conf->peers[index].from_cluster)
		node = section_find(b, "cluster");
	return secret_is_written(node) || secret_is_written(group_find(b,
					      option_text(option_node(node, "group"))));
}

/* An unnumbered peer may have any address of a link. */
static bool
may_lie_inside(const struct conf_peer *peer, const struct prefix *range)
{
	struct prefix links;

	if (!conf_peer_is_unnumbered(peer))
		return peer->address.family != FAMILY_NONE &&
		       prefix_covers_addr(range, &peer->address);
	return prefix_parse("fe80::/10", &links) == PREFIX_PARSE_OK &&
	       (prefix_covers(range, &links) || prefix_covers(&links, range));
}

static void
peers_inside(
    struct builder *b, const struct conf_group *group, const struct prefix *range)
{
	for (size_t i = 0; i < b->conf->n_peers; i++)
		if (may_lie_inside(&b->conf->peers[i], range) && !peer_has_secret(b, i))
			inside_report(b, b->peer_nodes[i],
			    conf_peer_is_unnumbered(&b->conf->peers[i]) ? "may lie"
									: "lies",
			    group, range);
}

static void
groups_inside(
    struct builder *b, const struct conf_group *group, const struct prefix *range)
{
	for (size_t g = 0; g < b->conf->n_groups; g++) {
		const struct conf_group *other = &b->conf->groups[g];
		const struct conf_node *node = group_find(b, other->name);

		if (other->options.password != 0 || node == NULL ||
		    secret_is_written(node))
			continue;
		for (size_t i = 0; i < other->n_ranges; i++) {
			if (prefix_covers(range, &other->ranges[i])) {
				inside_report(b, node, "lies", group, range);
				break;
			}
		}
	}
}

void
secret_ranges_check(struct builder *b)
{
	for (size_t g = 0; g < b->conf->n_groups; g++) {
		const struct conf_group *group = &b->conf->groups[g];

		for (size_t i = 0; group->options.password != 0 && i < group->n_ranges;
		     i++) {
			peers_inside(b, group, &group->ranges[i]);
			groups_inside(b, group, &group->ranges[i]);
		}
	}
}

/* ---- links ---- */

static void
pair_check(struct builder *b, size_t first, size_t second)
{
	const struct conf_node *node = b->peer_nodes[second];
	const struct conf_node *other = b->peer_nodes[first];
	const struct conf_peer *peer = &b->conf->peers[second];
	char text[ADDR_TEXT_LEN];

	if (peer->options.password == b->conf->peers[first].options.password ||
	    /* one that was refused where it stands */
	    (peer->options.password == 0 && peer_has_secret(b, second)) ||
	    (b->conf->peers[first].options.password == 0 && peer_has_secret(b, first)))
		return;
	build_error(b, node, node->line,
	    "%s has the address %s of %s at %s:%u, on another interface, and not its "
	    "password; allowed: the same password, or none for both (the kernel tells "
	    "keys apart by address alone)",
	    section_describe(node).text, addr_format(&peer->address, text),
	    section_describe(other).text, other->file, (unsigned)other->line);
}

static bool
has_link_address(const struct conf_peer *peer)
{
	return peer->interface[0] != '\0' && !conf_peer_is_unnumbered(peer);
}

/*
 * The same link-local address behind two interfaces: a key of the kernel's has no
 * interface but a VRF device's, see bgpd/link_keys.h.
 */
void
secret_links_check(struct builder *b)
{
	const struct conf_peer *peers = b->conf->peers;

	for (size_t i = 0; i < b->conf->n_peers; i++) {
		size_t first = 0;

		if (!has_link_address(&peers[i]))
			continue;
		while (!has_link_address(&peers[first]) ||
		       !addr_equal(&peers[first].address, &peers[i].address))
			first++;
		/* The same interface, too, is an error of its own. */
		if (first < i &&
		    strcmp(peers[first].interface, peers[i].interface) != 0)
			pair_check(b, first, i);
	}
}
