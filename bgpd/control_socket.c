/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control socket's file; see control_socket.h.
 */
#include "control_socket.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static bool
fail(char *error, size_t len, const char *path, const char *what)
{
	snprintf(error, len, "control socket %s: %s", path, what);
	return false;
}

static bool
make_address(const char *path, struct sockaddr_un *out, char *error, size_t len)
{
	char what[64];

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (path[0] != '\0' && strlen(path) < sizeof(out->sun_path)) {
		memcpy(out->sun_path, path, strlen(path) + 1);
		return true;
	}
	snprintf(what, sizeof(what), "the path must have 1 to %zu octets",
	    sizeof(out->sun_path) - 1);
	return fail(error, len, path, what);
}

static bool
tell_listener(int fd, const char *path, char *error, size_t len)
{
	struct ucred cred;
	socklen_t cred_len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) == 0 &&
	    cred.pid > 0)
		snprintf(error, len, "another daemon already listens on %s (pid %ld)",
		    path, (long)cred.pid);
	else
		snprintf(error, len, "another daemon already listens on %s", path);
	return false;
}

/* True: nothing is at `path` now.  Who is there is found out by connecting. */
static bool
clear_path(const struct sockaddr_un *address, char *error, size_t len)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, code;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || fail(error, len, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(error, len, path, "the file there is not a socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, len, path, strerror(errno));
	code = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0
		   ? 0
		   : errno;
	if (code == 0 || code == EAGAIN) { /* EAGAIN: its backlog is full */
		tell_listener(fd, path, error, len);
		close(fd);
		return false;
	}
	close(fd);
	if (code != ECONNREFUSED && code != ENOENT)
		return fail(error, len, path, strerror(code));
	if (unlink(path) != 0 && errno != ENOENT)
		return fail(error, len, path, strerror(errno));
	return true;
}

/* /run is empty after a boot; a service manager makes our folder there, a shell not. */
static void
make_folder(const char *path)
{
	char folder[CONF_PATH_LEN];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	(void)mkdir(folder, 0755); /* bind() tells what is wrong */
}

static bool
find_group(const char *name, gid_t *out)
{
	const struct group *group = getgrnam(name);
	char *end;
	unsigned long number;

	if (group != NULL) {
		*out = group->gr_gid;
		return true;
	}
	number = strtoul(name, &end, 10);
	*out = (gid_t)number;
	return name[0] >= '0' && name[0] <= '9' && *end == '\0' && number < UINT32_MAX;
}

bool
control_socket_permit(const struct conf_control *conf, char *error, size_t len)
{
	char what[CONF_NAME_LEN + 32];
	gid_t gid;

	if (conf->group[0] != '\0') {
		if (!find_group(conf->group, &gid)) {
			snprintf(what, sizeof(what), "no group '%s'", conf->group);
			return fail(error, len, conf->socket, what);
		}
		if (chown(conf->socket, (uid_t)-1, gid) != 0)
			return fail(error, len, conf->socket, strerror(errno));
	}
	if (chmod(conf->socket, conf->mode & 0777) != 0)
		return fail(error, len, conf->socket, strerror(errno));
	return true;
}

/* bind() makes the file with what umask leaves: nobody comes in before the group is
 * right. */
static int
bind_closed(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int code = errno;

	umask(before);
	errno = code;
	return result;
}

bool
control_socket_open(const struct conf_control *conf, struct control_socket *out,
    char *error, size_t len)
{
	struct sockaddr_un address;
	struct stat st;

	out->fd = -1;
	if (!make_address(conf->socket, &address, error, len) ||
	    !clear_path(&address, error, len))
		return false;
	make_folder(conf->socket);
	out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out->fd < 0 || bind_closed(out->fd, &address) != 0) {
		fail(error, len, conf->socket, strerror(errno));
		if (out->fd >= 0)
			close(out->fd);
		out->fd = -1;
		return false;
	}
	memcpy(out->path, conf->socket, sizeof(out->path));
	if (lstat(out->path, &st) == 0) {
		out->device = st.st_dev;
		out->inode = st.st_ino;
	}
	if (listen(out->fd, BACKLOG) != 0)
		fail(error, len, conf->socket, strerror(errno));
	else if (control_socket_permit(conf, error, len))
		return true;
	control_socket_close(out);
	return false;
}

void
control_socket_close(struct control_socket *sock)
{
	struct stat st;

	if (sock->fd < 0)
		return;
	if (lstat(sock->path, &st) == 0 && st.st_dev == sock->device &&
	    st.st_ino == sock->inode)
		unlink(sock->path);
	close(sock->fd);
	sock->fd = -1;
}
