/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One text into one field, by the type of its row in options.def.  A text that does
 * not fit leaves the field as it was and adds an error with what is allowed.
 */
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

/* What a parser of texts gets to see; `node` is NULL for a default. */
struct value {
	struct builder *b;
	const struct conf_option *option;
	const struct conf_node *node;
	const struct conf_text *text;
};

struct quoted
quote(const char *text)
{
	struct quoted q;
	size_t digits = strspn(text, "0123456789");
	size_t n = 0;
	bool is_number = digits > 0 && digits <= 20 && text[digits] == '\0';

	if (!is_number)
		q.text[n++] = '\'';
	while (*text != '\0' && n < sizeof q.text - 6) {
		unsigned char c = (unsigned char)*text++;

		q.text[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	if (*text != '\0') {
		memcpy(&q.text[n], "...", 3);
		n += 3;
	}
	if (!is_number)
		q.text[n++] = '\'';
	q.text[n] = '\0';
	return q;
}

void
value_refuse(struct builder *b, const struct conf_option *option,
    const struct conf_node *node, const struct conf_text *text)
{
	build_error(b, node, text->line, "%s is %s; allowed: %s", option->key,
	    quote(text->text).text, option->allowed);
}

static bool
refuse(const struct value *v)
{
	value_refuse(v->b, v->option, v->node, v->text);
	return false;
}

/* Decimal digits and nothing else: no sign, no space, no octal. */
static bool
decimal_parse(const char *text, size_t len, uint64_t *out)
{
	uint64_t n = 0;

	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*out = n;
	return true;
}

/* Is `n` one of "0, 3..65535"?  Words that are no range are passed over. */
static bool
ranges_hold(const char *allowed, uint64_t n)
{
	const char *at;
	size_t len;

	for (size_t i = 0; (at = conf_word_at(allowed, i, &len)) != NULL; i++) {
		size_t low_len = strspn(at, "0123456789");
		uint64_t low;
		uint64_t high;

		if (!decimal_parse(at, low_len, &low))
			continue;
		high = low;
		if (len > low_len + 2 && at[low_len] == '.')
			(void)decimal_parse(at + low_len + 2, len - low_len - 2, &high);
		if (n >= low && n <= high)
			return true;
	}
	return false;
}

static void
number_store(void *field, size_t size, uint64_t n)
{
	if (size == sizeof(uint8_t)) {
		*(uint8_t *)field = (uint8_t)n;
	} else if (size == sizeof(uint16_t)) {
		uint16_t narrow = (uint16_t)n;

		memcpy(field, &narrow, sizeof narrow);
	} else {
		uint32_t wide = (uint32_t)n;

		memcpy(field, &wide, sizeof wide);
	}
}

static bool
bool_read(const struct value *v, void *field)
{
	return conf_bool_parse(v->text->text, field) || refuse(v);
}

static bool
number_read(const struct value *v, void *field)
{
	const char *text = v->text->text;
	uint64_t n;

	if (!decimal_parse(text, strlen(text), &n) ||
	    !ranges_hold(v->option->allowed, n))
		return refuse(v);
	number_store(field, v->option->size, n);
	return true;
}

static bool
octal_read(const struct value *v, void *field)
{
	const char *text = v->text->text;
	size_t len = strlen(text);

	if (len == 0 || len > 4 || strspn(text, "01234567") != len ||
	    strtoul(text, NULL, 8) > 0777)
		return refuse(v);
	number_store(field, v->option->size, strtoul(text, NULL, 8));
	return true;
}

static bool
word_read(const struct value *v, void *field)
{
	int index = conf_word_find(v->option->allowed, v->text->text);

	if (index < 0)
		return refuse(v);
	number_store(field, v->option->size, (uint64_t)index);
	return true;
}

static bool
text_read(const struct value *v, void *field)
{
	const char *text = v->text->text;
	size_t len = strlen(text);

	if (len >= v->option->size)
		return refuse(v);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return refuse(v);
	}
	memset(field, 0, v->option->size);
	memcpy(field, text, len);
	return true;
}

static bool
address_read(const struct value *v, void *field)
{
	struct addr a = addr_none();

	if (v->text->text[0] != '\0' && !addr_parse(v->text->text, &a))
		return refuse(v);
	memcpy(field, &a, sizeof a);
	return true;
}

static bool
router_id_read(const struct value *v, void *field)
{
	struct addr a;
	uint32_t id;

	if (!addr_parse(v->text->text, &a) || a.family != FAMILY_IPV4)
		return refuse(v);
	id = addr_to_ipv4(&a);
	if (id == 0)
		return refuse(v);
	memcpy(field, &id, sizeof id);
	return true;
}

/* "internal" is known only with the session's own AS: 0 here, see peers.c. */
static bool
as_read(const struct value *v, void *field)
{
	const char *text = v->text->text;

	if (strcmp(text, "internal") == 0 || strcmp(text, "external") == 0) {
		number_store(field, v->option->size, 0);
		return true;
	}
	return number_read(v, field);
}

static bool
filter_read(const struct value *v, void *field)
{
	const struct conf *conf = v->b->conf;
	const char *text = v->text->text;
	int index = -1;

	for (size_t i = 0; i < conf->n_filters && index < 0; i++) {
		if (strcmp(conf->filters[i].name, text) == 0)
			index = (int)i;
	}
	if (index < 0 && text[0] != '\0' && !v->b->is_partial) {
		build_error(v->b, v->node, v->text->line,
		    "%s is %s, which does not exist; allowed: %s", v->option->key,
		    quote(text).text, v->option->allowed);
		return false;
	}
	memcpy(field, &index, sizeof index);
	return true;
}

/* Numbers of rtnetlink; the host's own names come from its look-up. */
static const struct {
	enum conf_lookup what;
	const char *name;
	uint32_t number;
} well_known[] = {
	{ CONF_LOOKUP_TABLE, "default", 253 },
	{ CONF_LOOKUP_TABLE, "main", 254 },
	{ CONF_LOOKUP_TABLE, "local", 255 },
	{ CONF_LOOKUP_PROTOCOL, "kernel", 2 },
	{ CONF_LOOKUP_PROTOCOL, "boot", 3 },
	{ CONF_LOOKUP_PROTOCOL, "static", 4 },
	{ CONF_LOOKUP_PROTOCOL, "ra", 9 },
	{ CONF_LOOKUP_PROTOCOL, "zebra", 11 },
	{ CONF_LOOKUP_PROTOCOL, "bird", 12 },
	{ CONF_LOOKUP_PROTOCOL, "dhcp", 16 },
	{ CONF_LOOKUP_PROTOCOL, "bgp", 186 },
};

static bool
number_or_name_read(
    const struct value *v, enum conf_lookup what, size_t size, void *field)
{
	const struct conf_local *local = v->b->local;
	const char *text = v->text->text;
	uint64_t n = 0;
	uint32_t found;
	bool is_known = decimal_parse(text, strlen(text), &n);

	for (size_t i = 0; i < sizeof well_known / sizeof well_known[0]; i++) {
		if (!is_known && well_known[i].what == what &&
		    strcmp(well_known[i].name, text) == 0) {
			n = well_known[i].number;
			is_known = true;
		}
	}
	if (!is_known && local->lookup != NULL &&
	    local->lookup(local->arg, what, text, &found)) {
		n = found;
		is_known = true;
	}
	if (!is_known || !ranges_hold(v->option->allowed, n))
		return refuse(v);
	number_store(field, size, n);
	return true;
}

static bool
table_read(const struct value *v, void *field)
{
	return number_or_name_read(v, CONF_LOOKUP_TABLE, sizeof(uint32_t), field);
}

static bool
protocol_read(const struct value *v, void *field)
{
	return number_or_name_read(v, CONF_LOOKUP_PROTOCOL, sizeof(uint8_t), field);
}

static bool
secret_text_read(const struct value *v, void *field)
{
	return secret_read(v->b, v->option, v->node, v->text, field);
}

static bool
secret_path_read(const struct value *v, void *field)
{
	return secret_file_read(v->b, v->option, v->node, v->text, field);
}

static bool
prefix_read(const struct value *v, void *field)
{
	struct prefix prefix;
	char text[PREFIX_TEXT_LEN];

	switch (prefix_parse(v->text->text, &prefix)) {
	case PREFIX_PARSE_OK: memcpy(field, &prefix, sizeof prefix); return true;
	case PREFIX_PARSE_HOST_BITS:
		build_error(v->b, v->node, v->text->line,
		    "%s is %s, which has host bits set; allowed: '%s'", v->option->key,
		    quote(v->text->text).text, prefix_format(&prefix, text));
		return false;
	case PREFIX_PARSE_BAD: break;
	}
	return refuse(v);
}

/* Interface names and their patterns; longer ones can match nothing. */
static bool
pattern_read(const struct value *v, void *field)
{
	size_t len = strlen(v->text->text);
	char *copy;

	if (len == 0 || len >= CONF_NAME_LEN)
		return refuse(v);
	copy = memcpy(mem_alloc(len + 1), v->text->text, len + 1);
	memcpy(field, &copy, sizeof copy);
	return true;
}

static bool
route_type_read(const struct value *v, void *field)
{
	/* RTN_* in the order of the words in options.def */
	static const uint8_t numbers[] = { 1, 6, 7, 8, 2 };
	int index = conf_word_find(v->option->allowed, v->text->text);

	if (index < 0)
		return refuse(v);
	memcpy(field, &numbers[index], 1);
	return true;
}

/* An address of a list must be one; only the scalar may be "". */
static bool
listed_address_read(const struct value *v, void *field)
{
	return v->text->text[0] != '\0' ? address_read(v, field) : refuse(v);
}

/* Sets one family of the array; the caller cleared it. */
static bool
family_read(const struct value *v, void *field)
{
	int index = conf_word_find(v->option->allowed, v->text->text);
	bool *families = field;

	if (index < 0)
		return refuse(v);
	families[index] = true;
	return true;
}

static const struct {
	bool (*read)(const struct value *v, void *field);
	size_t item; /* size of a list's item in allocated memory */
} types[] = {
	[CONF_TYPE_BOOL] = { bool_read, 0 },
	[CONF_TYPE_NUMBER] = { number_read, 0 },
	[CONF_TYPE_OCTAL] = { octal_read, 0 },
	[CONF_TYPE_WORD] = { word_read, 0 },
	[CONF_TYPE_TEXT] = { text_read, 0 },
	[CONF_TYPE_ADDRESS] = { address_read, 0 },
	[CONF_TYPE_ROUTER_ID] = { router_id_read, 0 },
	[CONF_TYPE_AS] = { as_read, 0 },
	[CONF_TYPE_FILTER] = { filter_read, 0 },
	[CONF_TYPE_TABLE] = { table_read, 0 },
	[CONF_TYPE_PROTOCOL] = { protocol_read, 0 },
	[CONF_TYPE_SECRET] = { secret_text_read, 0 },
	[CONF_TYPE_SECRET_FILE] = { secret_path_read, 0 },
	[CONF_TYPE_FAMILIES] = { family_read, 0 },
	[CONF_TYPE_ADDRESSES] = { listed_address_read, sizeof(struct addr) },
	[CONF_TYPE_PREFIXES] = { prefix_read, sizeof(struct prefix) },
	[CONF_TYPE_TEXTS] = { pattern_read, sizeof(char *) },
	[CONF_TYPE_PROTOCOLS] = { protocol_read, sizeof(uint8_t) },
	[CONF_TYPE_ROUTE_TYPES] = { route_type_read, sizeof(uint8_t) },
	[CONF_TYPE_SPECIAL] = { NULL, 0 },
	[CONF_TYPE_UNBUILT] = { NULL, 0 },
};

static void
list_free(const struct conf_option *option, void *base)
{
	void **items = (void **)(void *)((char *)base + option->offset);
	size_t *count = (size_t *)(void *)((char *)base + option->count_offset);

	if (option->type == CONF_TYPE_TEXTS) {
		for (size_t i = 0; i < *count; i++)
			free(((char **)*items)[i]);
	}
	free(*items);
	*items = NULL;
	*count = 0;
}

static void
families_read(struct value *v, const struct conf_text *texts, size_t n, void *field)
{
	bool families[FAMILY_COUNT] = { false };

	if (n == 0) {
		build_error(v->b, v->node, v->node->line, "%s is empty; allowed: %s",
		    v->option->key, v->option->allowed);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		v->text = &texts[i];
		if (!family_read(v, families))
			return;
	}
	memcpy(field, families, sizeof families);
}

/* Every item is judged, so that all that is wrong is said at once. */
static void
list_read(struct value *v, const struct conf_text *texts, size_t n, void *base)
{
	const struct conf_option *option = v->option;
	size_t item = types[option->type].item;
	char *items = n > 0 ? mem_zero(n, item) : NULL;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		v->text = &texts[i];
		if (types[option->type].read(v, items + kept * item))
			kept++;
	}
	list_free(option, base);
	memcpy((char *)base + option->offset, &items, sizeof items);
	memcpy((char *)base + option->count_offset, &kept, sizeof kept);
}

static void
value_read(struct value *v, const struct conf_text *texts, size_t n, void *base)
{
	void *field = (char *)base + v->option->offset;

	if (v->option->type == CONF_TYPE_FAMILIES) {
		families_read(v, texts, n, field);
	} else if (conf_type_is_list(v->option->type)) {
		list_read(v, texts, n, base);
	} else {
		v->text = texts;
		(void)types[v->option->type].read(v, field);
	}
}

static bool
has_field(const struct conf_option *option)
{
	return option->type < CONF_TYPE_SPECIAL;
}

static void
default_read(struct builder *b, const struct conf_option *option, void *base)
{
	enum { MOST = 4 };
	struct conf_text texts[MOST];
	char copies[MOST][CONF_PATH_LEN];
	struct value v = { b, option, NULL, NULL };
	const char *at;
	size_t n = 0;
	size_t len;

	while (n < MOST && (at = conf_word_at(option->initial, n, &len)) != NULL) {
		memcpy(copies[n], at, len);
		copies[n][len] = '\0';
		texts[n] = (struct conf_text){ copies[n], 0 };
		n++;
	}
	if (n == 0)
		texts[n++] = (struct conf_text){ "", 0 };
	value_read(&v, texts, n, base);
}

void
values_default(struct builder *b, enum conf_section section, void *base)
{
	for (size_t i = 0; i < conf_n_options; i++) {
		const struct conf_option *option = &conf_options[i];

		if (option->section == section && has_field(option) &&
		    option->initial != NULL)
			default_read(b, option, base);
	}
}

void
values_read(struct builder *b, enum conf_section section, const struct conf_node *node,
    void *base)
{
	for (const struct conf_node *at = node->first; at != NULL; at = at->next) {
		const struct conf_option *option;
		struct value v = { b, NULL, at, NULL };

		if (at->kind != CONF_NODE_OPTION)
			continue;
		option = conf_option_find(section, at->name);
		if (option == NULL || option->section != section ||
		    !has_field(option) || option_node(node, at->name) != at)
			continue;
		/* A list where one text belongs: structure.c has said so. */
		if (!conf_type_is_list(option->type) &&
		    (at->is_list || at->n_values != 1))
			continue;
		v.option = option;
		value_read(&v, at->values, at->n_values, base);
	}
}

void
values_free(enum conf_section section, void *base)
{
	for (size_t i = 0; i < conf_n_options; i++) {
		const struct conf_option *option = &conf_options[i];

		if (option->section == section && types[option->type].item > 0)
			list_free(option, base);
	}
}

static bool
list_equal(const struct conf_option *option, const void *a, const void *b)
{
	const char *items_a;
	const char *items_b;
	size_t n_a;
	size_t n_b;

	memcpy(&items_a, (const char *)a + option->offset, sizeof items_a);
	memcpy(&items_b, (const char *)b + option->offset, sizeof items_b);
	memcpy(&n_a, (const char *)a + option->count_offset, sizeof n_a);
	memcpy(&n_b, (const char *)b + option->count_offset, sizeof n_b);
	if (n_a != n_b)
		return false;
	if (option->type != CONF_TYPE_TEXTS)
		return n_a == 0 ||
		       memcmp(items_a, items_b, n_a * types[option->type].item) == 0;
	for (size_t i = 0; i < n_a; i++) {
		const char *const *texts_a = (const char *const *)(const void *)items_a;
		const char *const *texts_b = (const char *const *)(const void *)items_b;

		if (strcmp(texts_a[i], texts_b[i]) != 0)
			return false;
	}
	return true;
}

bool
option_equal(const struct conf_option *option, const struct conf *conf_a, const void *a,
    const struct conf *conf_b, const void *b)
{
	const void *field_a = (const char *)a + option->offset;
	const void *field_b = (const char *)b + option->offset;
	int filter;

	if (!has_field(option))
		return true;
	if (types[option->type].item > 0)
		return list_equal(option, a, b);
	if (memcmp(field_a, field_b, option->size) != 0)
		return false;
	if (option->type != CONF_TYPE_FILTER)
		return true;
	memcpy(&filter, field_a, sizeof filter);
	return filter < 0 ||
	       conf_a->filters[filter].accept == conf_b->filters[filter].accept;
}
