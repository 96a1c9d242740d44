/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `password-file`: one line, whose end is cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bgp/conf_read.h"
#include "bgp/memory.h"
#include "log.h"
#include "secret.h"

/* A key, the end of its line, and one octet more to see that it is too long. */
enum { PATH_LEN = 4096, READ_LEN = CONF_SECRET_MAX_LEN + 3, WARN_MAX = 16 };

/* Files that anybody may read; the log is not open yet when they are. */
static struct {
	char *paths[WARN_MAX];
	size_t n;
} exposed;

static void
note_exposed(const char *path)
{
	for (size_t i = 0; i < exposed.n; i++) {
		if (strcmp(exposed.paths[i], path) == 0)
			return;
	}
	if (exposed.n < WARN_MAX)
		exposed.paths[exposed.n++] =
		    memcpy(mem_alloc(strlen(path) + 1), path, strlen(path) + 1);
}

void
secret_warn_of_files(void)
{
	for (size_t i = 0; i < exposed.n; i++) {
		log_warning("password-file %s can be read by everybody: take that away "
			    "with chmod o-r",
		    exposed.paths[i]);
		free(exposed.paths[i]);
	}
	exposed.n = 0;
}

/* Up to READ_LEN octets; -1 with errno. */
static ssize_t
content_read(const char *path, char content[READ_LEN])
{
	struct stat status;
	/* Not to wait for ever for who writes into a pipe of that name. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	int error;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0) {
		if ((status.st_mode & S_IROTH) != 0)
			note_exposed(path);
		do {
			n = read(fd, content, READ_LEN);
		} while (n < 0 && errno == EINTR);
	}
	error = errno;
	close(fd);
	errno = error;
	return n;
}

static bool
path_resolve(char out[PATH_LEN], const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');
	int folder = path[0] == '/' || slash == NULL ? 0 : (int)(slash - from) + 1;
	int len = snprintf(out, PATH_LEN, "%.*s%s", folder, from, path);

	return len >= 0 && len < PATH_LEN;
}

uint32_t
secret_take_file(void *arg, const char *from, const char *path, char *why, size_t len)
{
	char content[READ_LEN], resolved[PATH_LEN];
	const char *fault = "the path is too long";
	uint32_t secret = 0;
	ssize_t n = 0;

	if (path_resolve(resolved, from, path)) {
		n = content_read(resolved, content);
		fault = n < 0 ? strerror(errno) : NULL;
	}
	if (fault == NULL) {
		if (n > 0 && content[n - 1] == '\n')
			n--;
		if (n > 0 && content[n - 1] == '\r')
			n--;
		fault = conf_secret_fault(content, (size_t)n);
	}
	if (fault == NULL)
		secret = secret_take(arg, content, (size_t)n);
	else
		(void)snprintf(why, len, "%s", fault);
	explicit_bzero(content, sizeof(content));
	return secret;
}
