/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd: the command line, and from there the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "fib.h"
#include "log.h"
#include "secret.h"

enum { EXIT_USAGE = 2 };

struct options {
	const char *config;
	bool check, detach, flush;
	unsigned verbose;
};

static void
usage(FILE *to)
{
	fputs("usage: bgpd [-f FILE] [-n] [-d] [-v] [-V] [--flush]\n"
	      "  -f, --config FILE    configuration (default " BGPD_CONFIG ")\n"
	      "  -n, --check          read and check the configuration, print every "
	      "error, "
	      "and exit\n"
	      "  -d, --daemonize      detach; write the pid file named in the "
	      "configuration\n"
	      "      --flush          remove our routes from the kernel and exit\n"
	      "  -v, --verbose        log at debug level; twice: with all octets sent "
	      "and "
	      "received\n"
	      "  -V, --version        version, build options\n"
	      "  -h, --help           this text\n",
	    to);
}

static void
print_version(void)
{
	printf("bgpd %s\nbuilt with %s, libevent %s, %s\n", BGPD_VERSION, BGPD_COMPILER,
	    event_get_version(), BGPD_BUILD_TYPE);
}

/* -1: go on; else the exit code. */
static int
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "config", required_argument, NULL,
						   'f' },
		{ "check", no_argument, NULL, 'n' },
		{ "daemonize", no_argument, NULL, 'd' },
		{ "flush", no_argument, NULL, 'F' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "f:ndvVh", longs, NULL)) != -1) {
		switch (c) {
		case 'f': o->config = optarg; break;
		case 'n': o->check = true; break;
		case 'd': o->detach = true; break;
		case 'F': o->flush = true; break;
		case 'v': o->verbose++; break;
		case 'V': print_version(); return 0;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "bgpd: '%s' is not an option\n", argv[optind]);
		usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static struct conf *
read_config(const struct options *o)
{
	struct conf_errors errors = { 0 };
	struct conf_local local = { 0 };
	struct addr *addrs = local_addresses(&local);
	struct conf *conf;

	conf = config_read(o->config, &local, &errors);
	conf_errors_print(&errors, stderr);
	conf_errors_free(&errors);
	free(addrs);
	return conf;
}

/* As many connections as the system allows. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool
daemon_answers(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers;

	if (fd < 0 || strlen(path) >= sizeof(un.sun_path)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	memcpy(un.sun_path, path, strlen(path) + 1);
	answers = connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
	close(fd);
	return answers;
}

static int
flush(const struct conf *conf)
{
	char error[512] = "";
	uint32_t removed = 0;

	if (daemon_answers(conf->control.socket)) {
		fprintf(stderr, "bgpd: a daemon runs on %s; stop it first\n",
		    conf->control.socket);
		return 1;
	}
	if (!fib_remove_all(&conf->kernel, &removed, error, sizeof(error))) {
		fprintf(stderr, "bgpd: %s\n", error);
		return 1;
	}
	printf("%u routes removed\n", removed);
	return 0;
}

/*
 * The parent waits until the daemon runs, so that its exit code tells.  Returns the
 * write end of the pipe in the child; the parent does not return.
 */
static int
detach(void)
{
	int ends[2];
	pid_t pid;
	char code = 1;

	if (pipe(ends) < 0 || (pid = fork()) < 0) {
		fprintf(stderr, "bgpd: cannot detach: %s\n", strerror(errno));
		exit(1);
	}
	if (pid > 0) {
		close(ends[1]);
		if (read(ends[0], &code, 1) != 1)
			code = 1;
		exit(code);
	}
	close(ends[0]);
	setsid();
	return ends[1];
}

static void
detached(int report, const struct conf_control *control, struct daemon *d)
{
	const char code = 0;
	int null = open("/dev/null", O_RDWR);
	FILE *f = fopen(control->pid_file, "we");

	if (f != NULL) {
		fprintf(f, "%ld\n", (long)getpid());
		fclose(f);
		snprintf(d->pid_file, sizeof(d->pid_file), "%s", control->pid_file);
	} else {
		log_warning("cannot write %s: %s", control->pid_file, strerror(errno));
	}
	if (null >= 0) {
		for (int fd = 0; fd <= 2; fd++)
			(void)dup2(null, fd);
		if (null > 2)
			close(null);
	}
	(void)!chdir("/");
	(void)!write(report, &code, 1);
	close(report);
}

static int
run(const struct options *o, struct conf *conf)
{
	struct daemon d = { .config_path = o->config, .verbose = o->verbose };
	struct conf_control control = conf->control;
	char error[512];
	int report = o->detach ? detach() : -1;
	int code;

	if (!log_open(&conf->log, o->verbose > 0, error, sizeof(error))) {
		fprintf(stderr, "bgpd: %s\n", error);
		conf_free(conf);
		return 1;
	}
	secret_warn_of_files();
	raise_descriptor_limit();
	code = daemon_start(&d, conf);
	if (code == 0) {
		if (o->detach)
			detached(report, &control, &d);
		daemon_run(&d);
	}
	daemon_free(&d);
	if (d.pid_file[0] != '\0')
		unlink(d.pid_file);
	if (code == 0)
		log_notice("stopped");
	log_close();
	secret_wipe();
	return code;
}

int
main(int argc, char **argv)
{
	struct options o = { .config = BGPD_CONFIG };
	static char path[PATH_MAX];
	struct conf *conf;
	int code = parse_options(argc, argv, &o);

	if (code >= 0)
		return code;
	daemon_hold_signals(true);
	conf = read_config(&o);
	if (conf == NULL) {
		secret_wipe();
		return EX_CONFIG;
	}
	/* Detached we live in the root folder, and a reload reads the file again. */
	if (o.detach && realpath(o.config, path) != NULL)
		o.config = path;
	if (o.check || o.flush) {
		secret_warn_of_files();
		code = o.flush ? flush(conf) : 0;
		conf_free(conf);
		secret_wipe();
		return code;
	}
	return run(&o, conf);
}
