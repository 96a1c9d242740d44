/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpctl: sends its words to the daemon, prints what comes back.  The daemon decides
 * what the words mean and sends JSON objects, one a line (bgpd/control.h); here they
 * become a table, or with -j one JSON object or array.
 */
#define _GNU_SOURCE /* getopt_long() */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "bgp/memory.h"
#include "print.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, ANSWER_S = 60 };

static const char default_socket[] = "/run/bgpd/bgpd.sock";

struct command {
	char **words;
	size_t n;
	bool json;
	bool is_list; /* the answer is an array */
	enum view_kind view;
};

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "usage: bgpctl [-s SOCKET] [-j] COMMAND\n"
	    "  show                          this router, its peers, route totals\n"
	    "  show peers                    a line a peer\n"
	    "  show peer NAME|ADDRESS        everything about one\n"
	    "  show routes [PREFIX|ADDRESS] [longer] [best] [from PEER] [sent PEER]\n"
	    "              [family ipv4|ipv6]\n"
	    "  show kernel                   what differs between us and the kernel\n"
	    "  show groups                   who shares one encoding, and how far they "
	    "are\n"
	    "  show memory                   what needs how much\n"
	    "  explain PREFIX|ADDRESS        why a route is, or is not, where one "
	    "looks "
	    "for it\n"
	    "  peer NAME enable | disable [REASON] | restart [REASON] | refresh [in | "
	    "out]\n"
	    "  reload                        read the configuration again\n"
	    "  log debug|info|notice|warning|error\n"
	    "  shutdown [REASON]             end the daemon, take its routes away\n"
	    "  version\n"
	    "options:\n"
	    "  -s, --socket SOCKET           default %s\n"
	    "  -j, --json                    JSON instead of tables\n"
	    "  -V, --version                 the version of bgpctl itself\n"
	    "  -h, --help\n",
	    default_socket);
}

/* ---- what will be printed ---- */

static bool
is_word(const struct command *command, size_t i, const char *word)
{
	return i < command->n && strcmp(command->words[i], word) == 0;
}

/* One prefix or address is asked for: few paths, so all of each. */
static bool
asks_for_one(const struct command *command)
{
	static const char *const keywords[] = { "best", "from", "sent", "family" };
	size_t i;

	if (command->n < 3)
		return false;
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (is_word(command, 2, keywords[i]))
			return false;
	for (i = 3; i < command->n; i++)
		if (is_word(command, i, "longer"))
			return false;
	return true;
}

static void
choose_view(struct command *command)
{
	command->view = is_word(command, 0, "explain") ? VIEW_EXPLAIN : VIEW_RESULT;
	if (!is_word(command, 0, "show"))
		return;
	if (command->n == 1)
		command->view = VIEW_ROUTER;
	else if (is_word(command, 1, "peers"))
		command->view = VIEW_PEERS;
	else if (is_word(command, 1, "peer"))
		command->view = VIEW_PEER;
	else if (is_word(command, 1, "routes"))
		command->view =
		    asks_for_one(command) ? VIEW_ROUTE_RECORDS : VIEW_ROUTES;
	else if (is_word(command, 1, "kernel"))
		command->view = VIEW_KERNEL;
	else if (is_word(command, 1, "groups"))
		command->view = VIEW_GROUPS;
	else if (is_word(command, 1, "memory"))
		command->view = VIEW_MEMORY;
	command->is_list = command->view == VIEW_PEERS ||
			   command->view == VIEW_ROUTES ||
			   command->view == VIEW_ROUTE_RECORDS ||
			   command->view == VIEW_KERNEL || command->view == VIEW_GROUPS;
}

/* ---- the connection ---- */

static int
connect_daemon(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = ANSWER_S };
	const char *hint = "";
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "bgpctl: the socket's path is too long: %s\n", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		return fd;
	}
	if (errno == ENOENT || errno == ECONNREFUSED)
		hint = "; is bgpd running?";
	else if (errno == EACCES)
		hint = "; control { mode, group } says who may";
	fprintf(stderr, "bgpctl: cannot reach bgpd at %s: %s%s\n", path,
	    strerror(errno), hint);
	if (fd >= 0)
		close(fd);
	return -1;
}

static char *
make_request(const struct command *command)
{
	json_t *words = json_array();
	char *line;
	size_t i;

	for (i = 0; i < command->n; i++) {
		if (json_array_append_new(words, json_string(command->words[i])) != 0) {
			fprintf(stderr, "bgpctl: a word is not valid UTF-8\n");
			json_decref(words);
			return NULL;
		}
	}
	line = json_dumps(words, JSON_COMPACT);
	json_decref(words);
	return line;
}

/* An error is left to the reading side: the daemon may have said why it hung up. */
static void
send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* ---- the answer ---- */

/* Errors of a configuration are several lines that name their file. */
static void
print_error(const char *text)
{
	fprintf(stderr, "%s%s\n", strchr(text, '\n') == NULL ? "bgpctl: " : "", text);
}

static void
keep_json(struct view *view, const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "prefix"));
	char *line = json_dumps(object, JSON_COMPACT);
	struct prefix prefix;

	if (text != NULL && prefix_parse(text, &prefix) == PREFIX_PARSE_OK)
		rows_add(&view->rows, &prefix, line);
	else
		rows_add(&view->rows, NULL, line);
}

static void
print_json(const struct command *command, struct view *view)
{
	size_t i;

	if (!command->is_list) {
		printf("%s\n", view->rows.n == 0 ? "{}" : view->rows.items[0].text);
		return;
	}
	if (command->view != VIEW_PEERS)
		rows_sort(&view->rows);
	printf("[");
	for (i = 0; i < view->rows.n; i++)
		printf("%s\n%s", i == 0 ? "" : ",", view->rows.items[i].text);
	printf("%s]\n", view->rows.n == 0 ? "" : "\n");
}

/* Reads up to the status line; its status, or EXIT_FAILED and told. */
static int
read_answer(FILE *in, const struct command *command, struct view *view)
{
	char *line = NULL;
	size_t room = 0;
	int status = -1;

	while (status < 0 && getline(&line, &room, in) > 0) {
		json_t *object = json_loads(line, 0, NULL);
		const json_t *value = json_object_get(object, "status");

		if (object == NULL) {
			fprintf(stderr, "bgpctl: the answer is not understood\n");
			status = EXIT_FAILED;
		} else if (json_is_integer(value)) {
			const char *error =
			    json_string_value(json_object_get(object, "error"));

			status = (int)json_integer_value(value);
			if (status != 0)
				print_error(error == NULL ? "failed" : error);
		} else if (command->json) {
			keep_json(view, object);
		} else {
			view_add(view, object);
		}
		json_decref(object);
	}
	if (status < 0) {
		bool late = ferror(in) && (errno == EAGAIN || errno == EWOULDBLOCK);

		fprintf(stderr, "bgpctl: bgpd %s\n",
		    late ? "does not answer" : "closed the connection");
		status = EXIT_FAILED;
	}
	free(line);
	return status;
}

static int
run(const struct command *command, const char *path)
{
	char *request = make_request(command);
	struct view view;
	int fd, status;
	FILE *in;

	if (request == NULL)
		return EXIT_USAGE;
	fd = connect_daemon(path);
	in = fd < 0 ? NULL : fdopen(fd, "r");
	if (in == NULL) {
		free(request);
		return EXIT_FAILED;
	}
	send_all(fd, request, strlen(request));
	send_all(fd, "\n", 1);
	free(request);
	view_init(&view, command->view);
	status = read_answer(in, command, &view);
	fclose(in);
	if (status == 0 && command->json)
		print_json(command, &view);
	else if (status == 0)
		view_end(&view, stdout);
	view_free(&view);
	return status;
}

/* A reader that left early (`| head`) is no error; a full disk is. */
static int
finish(int status)
{
	if (fclose(stdout) != 0 && errno != EPIPE) {
		fprintf(stderr, "bgpctl: %s\n", strerror(errno));
		return status == 0 ? EXIT_FAILED : status;
	}
	return status;
}

/* -j is taken behind `show` and `explain` too, where no word can be mistaken for it. */
static void
take_late_json(struct command *command)
{
	size_t i, n = 0;

	if (!is_word(command, 0, "show") && !is_word(command, 0, "explain"))
		return;
	for (i = 0; i < command->n; i++) {
		if (is_word(command, i, "-j"))
			command->json = true;
		else
			command->words[n++] = command->words[i];
	}
	command->n = n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = default_socket;
	struct command command = { .json = false };
	int option;

	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt_long(argc, argv, "+s:jVh", options, NULL)) != -1) {
		switch (option) {
		case 's': path = optarg; break;
		case 'j': command.json = true; break;
		case 'V': printf("bgpctl %s\n", BGPD_VERSION); return finish(0);
		case 'h': print_usage(stdout); return finish(0);
		default: print_usage(stderr); return EXIT_USAGE;
		}
	}
	command.words = argv + optind;
	command.n = (size_t)(argc - optind);
	if (command.n == 0) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	take_late_json(&command);
	choose_view(&command);
	return finish(run(&command, path));
}
