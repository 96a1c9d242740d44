/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of TCP MD5 (RFC 2385).  There is one store a process, in memory that goes
 * neither into a core dump nor, where that is allowed, to the swap device; what leaves
 * it is wiped.  Everybody else holds numbers.
 */
#ifndef BGPD_SECRET_H
#define BGPD_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;

/* Functions of struct conf_local (bgp/conf_read.h).  Equal texts get the same number as
 * long as one of them is kept; no number is used again for another text. */
uint32_t secret_take(void *arg, const char *text, size_t len);
/* A relative path is seen from the folder of the file `from`, as with include(). */
uint32_t
secret_take_file(void *arg, const char *from, const char *path, char *why, size_t len);
/* Warns of the files, read since it was last called, that others can read, too. */
void secret_warn_of_files(void);

/* NULL: no such secret.  Not terminated; valid until the next call but for this. */
const char *secret_text(uint32_t secret, size_t *len);

/* What is not marked between these two is wiped.  0 is no secret, and is fine. */
void secret_sweep_begin(void);
void secret_mark(uint32_t secret);
void secret_mark_conf(const struct conf *conf);
void secret_sweep_end(void);
/* At the end of the process. */
void secret_wipe(void);

#endif
