/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The listening end of the control socket as a file: who may connect, whether another
 * daemon answers there already, and what is left of one that is gone.  No libevent
 * here.
 */
#ifndef BGPD_CONTROL_SOCKET_H
#define BGPD_CONTROL_SOCKET_H

#include <sys/stat.h>

#include "bgp/conf.h"

struct control_socket {
	int fd; /* -1: none */
	char path[CONF_PATH_LEN];
	dev_t device; /* of the file that we made: another's is not removed */
	ino_t inode;
};

/*
 * Makes the socket with mode and group, and listens without blocking.  A file that no
 * process answers is replaced.  False: `error` says why; `out->fd` is -1.
 */
bool control_socket_open(const struct conf_control *conf, struct control_socket *out,
    char *error, size_t len);
/* Mode and group of a socket that is open. */
bool control_socket_permit(const struct conf_control *conf, char *error, size_t len);
void control_socket_close(struct control_socket *sock);

#endif
