// links: bgp_conf
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.def against itself: what a row says must be readable by what checks it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/conf/conf_internal.h"

static bool
is_initial(const char *key, const char *initial)
{
	for (size_t i = 0; i < conf_n_options; i++) {
		if (strcmp(conf_options[i].key, key) == 0 &&
		    conf_options[i].initial != NULL &&
		    strcmp(conf_options[i].initial, initial) == 0)
			return true;
	}
	return false;
}

/* A tree of "section { key = value }" with all its defaults written out. */
static void
defaults_write(struct conf_tree *tree, enum conf_section id, struct conf_node *section)
{
	for (size_t i = 0; i < conf_n_options; i++) {
		const struct conf_option *option = &conf_options[i];
		struct conf_node *node;
		const char *at;
		size_t len;

		if (!conf_option_is_in(option, id) || option->initial == NULL)
			continue;
		node =
		    conf_node_add(tree, section, CONF_NODE_OPTION, "f", 1, option->key);
		node->values = conf_tree_alloc(tree, 4 * sizeof *node->values);
		node->is_list = conf_type_is_list(option->type);
		while (
		    (at = conf_word_at(option->initial, node->n_values, &len)) != NULL)
			node->values[node->n_values++].text =
			    conf_tree_text(tree, at, len);
		if (node->n_values == 0)
			node->values[node->n_values++].text = "";
	}
}

static void
option_write(struct conf_tree *tree, struct conf_node *section, const char *key,
    const char *value)
{
	struct conf_node *node =
	    conf_node_add(tree, section, CONF_NODE_OPTION, "f", 1, key);

	node->values = conf_tree_alloc(tree, sizeof *node->values);
	node->values[0].text = value;
	node->n_values = 1;
}

/* Every section with its defaults written out is right: a default passes its check. */
START_TEST(defaults_pass_their_checks)
{
	static const enum conf_section ids[] = { CONF_SECTION_ROUTER,
		CONF_SECTION_KERNEL, CONF_SECTION_GROUP, CONF_SECTION_FILTER,
		CONF_SECTION_LOG, CONF_SECTION_CONTROL };
	struct conf_tree *tree = conf_tree_new("f");
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf *conf;

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		const struct conf_schema *schema = conf_schema_of(ids[i]);
		struct conf_node *section = conf_node_add(tree, conf_tree_root(tree),
		    CONF_NODE_SECTION, "f", 1, schema->name);

		if (schema->form == CONF_FORM_TITLED) {
			section->values =
			    conf_tree_alloc(tree, sizeof *section->values);
			section->values[0].text = "t";
			section->n_values = 1;
		}
		defaults_write(tree, ids[i], section);
		if (ids[i] == CONF_SECTION_ROUTER) {
			option_write(tree, section, "as", "1");
			option_write(tree, section, "id", "1.1.1.1");
		}
	}
	conf = conf_build(tree, NULL, &errors);
	ck_assert_msg(
	    conf != NULL, "%s", errors.n > 0 ? errors.list[0].text : "no error");
	conf_free(conf);
	conf_tree_free(tree);
	ck_assert(is_initial("table", "254"));
}
END_TEST

/* No section has a key twice, nor a key and a section of one name. */
START_TEST(rows_are_unique)
{
	for (size_t i = 0; i < conf_n_options; i++) {
		const struct conf_option *a = &conf_options[i];

		ck_assert_ptr_null(conf_schema_find(a->section, a->key));
		ck_assert_uint_gt(strlen(a->help), 0);
		for (size_t k = i + 1; k < conf_n_options; k++) {
			const struct conf_option *b = &conf_options[k];

			ck_assert_msg(strcmp(a->key, b->key) != 0 ||
					  (!conf_option_is_in(b, a->section) &&
					      !conf_option_is_in(a, b->section)),
			    "%s", a->key);
		}
	}
}
END_TEST

static const struct {
	const char *words;
	const char *word;
	int want;
} words[] = {
	{ "a, bc, d", "a", 0 },
	{ "a, bc, d", "bc", 1 },
	{ "a, bc, d", "d", 2 },
	{ "a, bc, d", "b", -1 },
	{ "a, bc, d", "bc, d", -1 },
	{ "a, bc, d", "", -1 },
	{ "", "", -1 },
};

START_TEST(word_find)
{
	ck_assert_int_eq(
	    conf_word_find(words[_i].words, words[_i].word), words[_i].want);
}
END_TEST

/* Errors come out in reading order, those of one place in order of arrival. */
START_TEST(errors_in_order)
{
	struct conf_errors errors = { NULL, 0, 0 };

	conf_errors_add(&errors, 7, "b", 1, "third");
	conf_errors_add(&errors, 2, "a", 9, "first %d", 1);
	conf_errors_add(&errors, 2, "a", 8, "second");
	conf_errors_sort(&errors);
	ck_assert_str_eq(errors.list[0].text, "a:9: first 1");
	ck_assert_str_eq(errors.list[1].text, "a:8: second");
	ck_assert_str_eq(errors.list[2].text, "b:1: third");
	conf_errors_free(&errors);
}
END_TEST

START_TEST(errors_are_bounded)
{
	struct conf_errors errors = { NULL, 0, 0 };

	for (uint32_t i = 0; i < CONF_ERRORS_MAX + 5; i++)
		conf_errors_add(&errors, i, "f", i, "x");
	ck_assert_uint_eq(errors.n, CONF_ERRORS_MAX);
	conf_errors_free(&errors);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_options");
	TCase *tcase = tcase_create("options");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase, defaults_pass_their_checks);
	tcase_add_test(tcase, rows_are_unique);
	tcase_add_loop_test(tcase, word_find, 0, (int)(sizeof words / sizeof words[0]));
	tcase_add_test(tcase, errors_in_order);
	tcase_add_test(tcase, errors_are_bounded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
