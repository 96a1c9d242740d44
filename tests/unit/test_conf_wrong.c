// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Wrong files: every conf/wrong/NAME.conf gives exactly the lines of NAME.expect.  A
 * file may begin with "# local: ADDRESS…" (this host), "# env: NAME=VALUE" and "#
 * running: reflector" (what a reload would replace).  BGPD_UPDATE_GOLDEN=1 writes the
 * expected lines anew.
 */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>

#include "conf_text.h"

static glob_t files;

static const struct conf running_reflector = {
	.cluster = { .present = true, .n_reflectors = 1, .n_nodes = 2 },
};

static void
directives_read(const char *path, struct conf_text_local *host)
{
	FILE *file = fopen(path, "r");
	char line[256];

	ck_assert_ptr_nonnull(file);
	conf_text_local_set(host, "");
	while (fgets(line, sizeof line, file) != NULL && line[0] == '#') {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "# local: ", 9) == 0)
			conf_text_local_set(host, line + 9);
		if (strncmp(line, "# env: ", 7) == 0)
			ck_assert_int_eq(putenv(strdup(line + 7)), 0);
		if (strcmp(line, "# running: reflector") == 0)
			host->local.running = &running_reflector;
	}
	fclose(file);
}

static char *
file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(file != NULL, "no %s", path);
	ck_assert_uint_lt(fread(text, 1, 1 << 16, file), 1 << 16);
	fclose(file);
	return text;
}

START_TEST(wrong_file)
{
	const char *path = files.gl_pathv[_i];
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf_text_local host;
	char expect[256];
	char *want;
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	directives_read(path, &host);
	ck_assert_msg(
	    config_read(path, &host.local, &errors) == NULL, "%s is taken", path);
	conf_errors_print(&errors, out);
	fclose(out);
	ck_assert_msg(strstr(got, "hidden") == NULL, "%s shows a secret", path);

	(void)snprintf(
	    expect, sizeof expect, "%.*s.expect", (int)(strlen(path) - 5), path);
	if (getenv("BGPD_UPDATE_GOLDEN") != NULL) {
		out = fopen(expect, "w");
		fputs(got, out);
		fclose(out);
	}
	want = file_text(expect);
	ck_assert_msg(strcmp(got, want) == 0, "%s:\n%sinstead of\n%s", path, got, want);
	free(want);
	free(got);
	conf_errors_free(&errors);
}
END_TEST

START_TEST(file_that_is_not_there)
{
	struct conf_errors errors = { NULL, 0, 0 };

	ck_assert_ptr_null(config_read("no-such.conf", NULL, &errors));
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_str_eq(errors.list[0].text,
	    "no-such.conf:1: cannot be read: No such file or directory; "
	    "allowed: a file");
	conf_errors_free(&errors);

	ck_assert_ptr_null(config_read("wrong", NULL, &errors));
	ck_assert_str_eq(errors.list[0].text,
	    "wrong:1: cannot be read: Is a directory; allowed: a file");
	conf_errors_free(&errors);
}
END_TEST

static void
file_write(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "w");
	va_list args;

	ck_assert_ptr_nonnull(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

/* A chain of includes, each by its whole path: 16 are taken, the 17th is not. */
START_TEST(includes_nested_deep)
{
	char folder[] = "/tmp/bgpd-test-XXXXXX";
	struct conf_errors errors = { NULL, 0, 0 };
	char path[64];
	char want[256];
	struct conf *conf;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (int i = 0; i <= 17; i++) {
		(void)snprintf(path, sizeof path, "%s/%d", folder, i);
		file_write(path, i < 17 ? "include(\"%s/%d\")\n" : "", folder, i + 1);
	}
	(void)snprintf(path, sizeof path, "%s/1", folder);
	file_write(path, "router { as = 1 id = 1.1.1.1 }\ninclude(\"%s/2\")\n", folder);
	conf = config_read(path, NULL, &errors);
	ck_assert_ptr_nonnull(conf);
	conf_free(conf);

	(void)snprintf(path, sizeof path, "%s/0", folder);
	ck_assert_ptr_null(config_read(path, NULL, &errors));
	(void)snprintf(want, sizeof want,
	    "%s/16:1: includes are nested too deep; allowed: 16", folder);
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_str_eq(errors.list[0].text, want);
	conf_errors_free(&errors);
	for (int i = 0; i <= 17; i++) {
		(void)snprintf(path, sizeof path, "%s/%d", folder, i);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}
END_TEST

START_TEST(text_includes_nothing)
{
	static const char text[] = "router { as = 1 id = 1.1.1.1 }\ninclude(\"x\")\n";
	struct conf_errors errors = { NULL, 0, 0 };

	ck_assert_ptr_null(
	    config_read_text("text", text, sizeof text - 1, NULL, &errors));
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_str_eq(
	    errors.list[0].text, "text:2: include is not possible outside a file");
	conf_errors_free(&errors);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_wrong");
	TCase *tcase = tcase_create("wrong");
	SRunner *runner;
	int n_failed;

	conf_text_enter(__FILE__, "conf");
	if (glob("wrong/*.conf", 0, NULL, &files) != 0)
		abort();
	tcase_add_loop_test(tcase, wrong_file, 0, (int)files.gl_pathc);
	tcase_add_test(tcase, file_that_is_not_there);
	tcase_add_test(tcase, includes_nested_deep);
	tcase_add_test(tcase, text_includes_nothing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&files);
	return n_failed == 0 ? 0 : 1;
}
