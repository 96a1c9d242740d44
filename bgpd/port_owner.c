/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who holds a TCP port: its socket's inode from /proc/net/tcp, then the process that
 * has it open.  For one error message; slow, and never needed otherwise.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket.h"

/* 0: nobody listens on the port in this table. */
static unsigned long
listening_inode(const char *table, uint16_t port)
{
	FILE *f = fopen(table, "re");
	char line[512];
	unsigned long found = 0;

	if (f == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL) {
		unsigned local_port, state;
		unsigned long inode;

		/* sl local rem st queues timer retrnsmt uid timeout inode */
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu",
			&local_port, &state, &inode) == 3 &&
		    local_port == port && state == 0x0a)
			found = inode;
	}
	fclose(f);
	return found;
}

static bool
process_has_socket(const char *pid, unsigned long inode)
{
	char folder[64], want[64];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(folder, sizeof(folder), "/proc/%.20s/fd", pid);
	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	fds = opendir(folder);
	if (fds == NULL)
		return false;
	while (!found && (entry = readdir(fds)) != NULL) {
		char target[PATH_MAX];
		ssize_t n =
		    readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, want) == 0;
	}
	closedir(fds);
	return found;
}

static void
name_process(const char *pid, char *buf, size_t len)
{
	char path[64], name[64] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f != NULL) {
		if (fgets(name, sizeof(name), f) == NULL)
			name[0] = '\0';
		name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	snprintf(buf, len, "%s (pid %.20s)", name, pid);
}

const char *
port_owner(uint16_t port, char *buf, size_t len)
{
	unsigned long inode = listening_inode("/proc/net/tcp", port);
	struct dirent *entry;
	DIR *proc;

	buf[0] = '\0';
	if (inode == 0)
		inode = listening_inode("/proc/net/tcp6", port);
	if (inode == 0 || (proc = opendir("/proc")) == NULL)
		return buf;
	while ((entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    process_has_socket(entry->d_name, inode)) {
			name_process(entry->d_name, buf, len);
			break;
		}
	closedir(proc);
	return buf;
}
