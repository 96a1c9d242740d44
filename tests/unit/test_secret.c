// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Passwords from the text to the store, and what a reload does with them (RFC 2385 4.5:
 * a key of up to 80 octets).
 */
#include <stdio.h>
#include <sys/stat.h>

#include "bgp/conf_plan.h"
#include "conf_text.h"
#include "config_parse.h"
#include "secret.h"

#define ROUTER "router { as = 64512 id = 192.0.2.1 }\n"
#define EIGHTY                                                                         \
	"1234567890123456789012345678901234567890123456789012345678901234567890123456" \
	"7"                                                                            \
	"890"

static void
text_expect(uint32_t secret, const char *want)
{
	size_t len = 0;
	const char *text = secret_text(secret, &len);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, strlen(want));
	ck_assert_mem_eq(text, want, len);
}

static uint32_t
password_of(const struct conf *conf, size_t index)
{
	return conf->peers[index].options.password;
}

START_TEST(texts_as_they_are_written)
{
	struct conf *conf;

	setenv("BGPD_TEST_KEY", "from outside", 1);
	conf = conf_text_read(ROUTER
	    "group 'g' { as = 65000 password = \"of the group\" }\n"
	    "peer 'a' { address = 10.0.0.1 group = g }\n"
	    "peer 'b' { address = 10.0.0.2 group = g password = plain }\n"
	    "peer 'c' { address = 10.0.0.3 group = g password = '#\\'x\"$' }\n"
	    "peer 'd' { address = 10.0.0.4 group = g password = \"a\\\"b\\\\\" }\n"
	    "peer 'e' { address = 10.0.0.5 group = g password = \"${BGPD_TEST_KEY}\" "
	    "}\n"
	    "peer 'f' { address = 10.0.0.6 group = g password = \"" EIGHTY "\" }\n"
	    "peer 'g2' { address = 10.0.0.7 group = g password = \"of the group\" }\n"
	    "peer 'h' { address = 10.0.0.8 as = 1 }\n",
	    "");
	text_expect(password_of(conf, 0), "of the group");
	text_expect(password_of(conf, 1), "plain");
	text_expect(password_of(conf, 2), "#'x\"$");
	text_expect(password_of(conf, 3), "a\"b\\");
	text_expect(password_of(conf, 4), "from outside");
	text_expect(password_of(conf, 5), EIGHTY);
	ck_assert_uint_eq(password_of(conf, 6), password_of(conf, 0));
	ck_assert_uint_eq(password_of(conf, 7), 0);
	conf_free(conf);
	secret_wipe();
}
END_TEST

/* What the lexer, which leaves copies, gets to see. */
START_TEST(lexer_never_sees_them)
{
	char text[256] = "peer x { password = \"top secret\" as = 1 password = "
			 "bare-secret description = \"top secret\" }";
	struct conf_tree *tree = conf_tree_new("f");
	const struct conf_node *option;

	config_parse(tree, conf_tree_root(tree), "f", text, strlen(text));
	ck_assert_msg(
	    strncmp(text + 1, "eer x { password = \"xxxxxxxxxx\" as", 32) == 0, "%s",
	    text);
	ck_assert_ptr_null(strstr(text, "bare-secret"));
	ck_assert_ptr_nonnull(strstr(text, "top secret")); /* the description */
	option = conf_tree_root(tree)->first->first;
	ck_assert_str_eq(option->values[0].text, "top secret");
	ck_assert_str_eq(option->next->next->values[0].text, "bare-secret");
	conf_tree_free(tree);
}
END_TEST

/* ---- files ---- */

static char folder[] = "/tmp/bgpd-test-XXXXXX";

static void
file_write(const char *name, const char *content)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(content, file);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

static struct conf *
file_read(const char *name, struct conf_errors *errors)
{
	struct conf_text_local host;
	char path[128];

	conf_text_local_set(&host, "192.0.2.1");
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return config_read(path, &host.local, errors);
}

START_TEST(files_beside_the_configuration)
{
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf *conf;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	file_write("conf",
	    "router { as = 64512 }\n"
	    "group 'g' { as = 65000 password-file = lf }\n"
	    "peer 'a' { address = 10.0.0.1 group = g }\n"
	    "peer 'b' { address = 10.0.0.2 group = g password-file = crlf }\n"
	    "peer 'c' { address = 10.0.0.3 group = g password-file = none }\n"
	    "peer 'd' { address = 10.0.0.4 group = g password = own }\n"
	    "cluster { password-file = eighty node 'n' { address = 192.0.2.1 }\n"
	    "node 'm' { address = 192.0.2.2 } }\n");
	file_write("lf", " with blanks \n");
	file_write("crlf", "by an editor\r\n");
	file_write("none", "no end");
	file_write("eighty", EIGHTY "\r\n");
	conf = file_read("conf", &errors);
	conf_errors_print(&errors, stdout);
	ck_assert_ptr_nonnull(conf);
	text_expect(password_of(conf, 0), EIGHTY); /* the node */
	text_expect(password_of(conf, 1), " with blanks ");
	text_expect(password_of(conf, 2), "by an editor");
	text_expect(password_of(conf, 3), "no end");
	text_expect(password_of(conf, 4), "own");
	conf_free(conf);

	file_write("lf", EIGHTY "1");
	file_write("none", "two\n\n");
	file_write("eighty", "\n");
	file_write("crlf", "with\033 in it");
	ck_assert_ptr_null(file_read("conf", &errors));
	ck_assert_uint_eq(errors.n, 4);
	for (size_t i = 0; i < errors.n; i++)
		ck_assert_ptr_null(strstr(errors.list[i].text, "with\033"));
	conf_errors_free(&errors);
	ck_assert_int_eq(chdir(folder), 0);
	(void)remove("conf");
	(void)remove("lf");
	(void)remove("crlf");
	(void)remove("none");
	(void)remove("eighty");
	(void)rmdir(folder);
	secret_wipe();
}
END_TEST

/* ---- the store ---- */

START_TEST(store_forgets)
{
	uint32_t a = secret_take(NULL, "alpha", 5);
	uint32_t b = secret_take(NULL, "beta", 4);
	uint32_t many[200];
	char text[16];
	size_t len;

	ck_assert_uint_ne(a, b);
	ck_assert_uint_eq(secret_take(NULL, "alpha", 5), a);
	ck_assert_uint_ne(secret_take(NULL, "alph", 4), a);
	for (int i = 0; i < 200; i++) { /* several pages */
		(void)snprintf(text, sizeof text, "key %d", i);
		many[i] = secret_take(NULL, text, strlen(text));
	}
	text_expect(a, "alpha");
	secret_sweep_begin();
	secret_mark(b);
	secret_mark(many[150]);
	secret_mark(0);
	secret_sweep_end();
	text_expect(b, "beta");
	text_expect(many[150], "key 150");
	ck_assert_ptr_null(secret_text(a, &len));
	ck_assert_ptr_null(secret_text(many[0], &len));
	/* The number is another one: who held the old one does not get this. */
	ck_assert_uint_ne(secret_take(NULL, "alpha", 5), a);
	secret_wipe();
	ck_assert_ptr_null(secret_text(b, &len));
}
END_TEST

/* ---- reload ---- */

static enum conf_plan_action
action_of(const char *before, const char *after)
{
	struct conf *old = conf_text_read(before, "192.0.2.1");
	struct conf *new = conf_text_read(after, "192.0.2.1");
	struct conf_plan plan = conf_plan_make(old, new);
	enum conf_plan_action action = plan.steps[0].action;

	ck_assert_uint_eq(plan.n_steps, 1);
	conf_plan_free(&plan);
	conf_free(old);
	conf_free(new);
	return action;
}

#define PEER(options) ROUTER "peer 'a' { address = 10.0.0.1 as = 65000 " options "}\n"
#define NODES(group)                                                         \
	ROUTER group "cluster { group = g node 'n' { address = 192.0.2.1 } " \
		     "node 'm' { address = 192.0.2.2 } }"

/* Options of a socket: no change of theirs needs a new session. */
START_TEST(reload_resets_nothing)
{
	ck_assert_int_eq(
	    action_of(PEER("password = x"), PEER("password = 'x'")), CONF_PLAN_SAME);
	ck_assert_int_eq(
	    action_of(PEER("password = x"), PEER("password = y")), CONF_PLAN_APPLY);
	ck_assert_int_eq(action_of(PEER("password = x"), PEER("")), CONF_PLAN_APPLY);
	ck_assert_int_eq(action_of(PEER(""), PEER("password = x")), CONF_PLAN_APPLY);
	ck_assert_int_eq(action_of(PEER("ttl-security = 1"), PEER("ttl-security = 2")),
	    CONF_PLAN_APPLY);
	ck_assert_int_eq(action_of(NODES("group 'g' { password = x }"),
			     NODES("group 'g' { password = y }")),
	    CONF_PLAN_APPLY);
	secret_wipe();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tcase = tcase_create("secret");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase, texts_as_they_are_written);
	tcase_add_test(tcase, lexer_never_sees_them);
	tcase_add_test(tcase, files_beside_the_configuration);
	tcase_add_test(tcase, store_forgets);
	tcase_add_test(tcase, reload_resets_nothing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
