/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.def as data, and the look-ups over it.
 */
#include <string.h>
#include <strings.h>

#include "conf_internal.h"

const struct conf_schema conf_schemas[] = {
#define SECTION(id, name, parent, form) \
	{ CONF_SECTION_##id, CONF_SECTION_##parent, CONF_FORM_##form, name },
#include "options.def"
};
const size_t conf_n_schemas = sizeof conf_schemas / sizeof conf_schemas[0];

#define FIELD(record, field) \
	offsetof(struct record, field), sizeof(((struct record *)NULL)->field)

const struct conf_option conf_options[] = {
#define OPTION(section, key, type, record, field, allowed, initial, change, help) \
	{ CONF_SECTION_##section, CONF_TYPE_##type, key, FIELD(record, field), 0, \
		allowed, initial, CONF_CHANGE_##change, help },
#define LIST(section, key, type, record, field, count, allowed, initial, change, help) \
	{ CONF_SECTION_##section, CONF_TYPE_##type, key, FIELD(record, field),         \
		offsetof(struct record, count), allowed, initial,                      \
		CONF_CHANGE_##change, help },
#define SPECIAL(section, key, allowed, help)                                      \
	{ CONF_SECTION_##section, CONF_TYPE_SPECIAL, key, 0, 0, 0, allowed, NULL, \
		CONF_CHANGE_NOTHING, help },
#define UNBUILT(section, key, accepted, help)                                      \
	{ CONF_SECTION_##section, CONF_TYPE_UNBUILT, key, 0, 0, 0, accepted, NULL, \
		CONF_CHANGE_NOTHING, help },
#include "options.def"
};
const size_t conf_n_options = sizeof conf_options / sizeof conf_options[0];

const struct conf_schema *
conf_schema_find(enum conf_section parent, const char *name)
{
	for (size_t i = 0; i < conf_n_schemas; i++) {
		if (conf_schemas[i].parent == parent &&
		    strcmp(conf_schemas[i].name, name) == 0)
			return &conf_schemas[i];
	}
	return NULL;
}

const struct conf_schema *
conf_schema_of(enum conf_section id)
{
	for (size_t i = 0; i < conf_n_schemas; i++) {
		if (conf_schemas[i].id == id)
			return &conf_schemas[i];
	}
	return NULL;
}

bool
conf_option_is_in(const struct conf_option *option, enum conf_section section)
{
	if (option->section == CONF_SECTION_SESSION)
		return section == CONF_SECTION_PEER || section == CONF_SECTION_GROUP ||
		       section == CONF_SECTION_SESSION;
	return option->section == section;
}

const struct conf_option *
conf_option_find(enum conf_section section, const char *key)
{
	for (size_t i = 0; i < conf_n_options; i++) {
		if (conf_option_is_in(&conf_options[i], section) &&
		    strcmp(conf_options[i].key, key) == 0)
			return &conf_options[i];
	}
	return NULL;
}

bool
conf_type_is_list(enum conf_type type)
{
	return type >= CONF_TYPE_FAMILIES && type <= CONF_TYPE_ROUTE_TYPES;
}

const char *
conf_word_at(const char *words, size_t index, size_t *len)
{
	if (*words == '\0')
		return NULL;
	while (index-- > 0) {
		words = strstr(words, ", ");
		if (words == NULL)
			return NULL;
		words += 2;
	}
	*len = strcspn(words, ",");
	return words;
}

int
conf_word_find(const char *words, const char *word)
{
	const char *at;
	size_t len;

	for (size_t i = 0; (at = conf_word_at(words, i, &len)) != NULL; i++) {
		if (strlen(word) == len && memcmp(at, word, len) == 0)
			return (int)i;
	}
	return -1;
}

bool
conf_bool_parse(const char *text, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off",
		"on" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	}
	return false;
}
