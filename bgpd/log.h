/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The log: where it goes, from which level on, and as text or JSON lines.  There is one
 * log a process; its state lives in log.c.
 *
 * What the speaker tells is put into words in log_event.c; the shell's own sentences
 * are log_warning() and its kin at the place where the thing happens.
 */
#ifndef BGPD_LOG_H
#define BGPD_LOG_H

#include "bgp/conf.h"

struct speaker_event; /* bgp/speaker.h */
struct json_t;

/*
 * Opens the log as the configuration says; again after a reload.  `verbose` (-v) sets
 * the level to debug whatever the configuration says.  False: the file cannot be
 * opened, `error` says why, and the log stays as it was (standard error at first).
 */
bool log_open(const struct conf_log *conf, bool verbose, char *error, size_t len);
/* SIGUSR1: a log file is opened again by its name.  Where that fails the old one stays.
 */
void log_reopen(void);
void log_close(void);

void log_set_level(enum conf_log_level level);
enum conf_log_level log_level(void);
/* False: no level has that name. */
bool log_level_parse(const char *name, enum conf_log_level *out);
const char *log_level_name(enum conf_log_level level);
/* Would a line of that level be written?  For what is costly to word. */
bool log_is_on(enum conf_log_level level);

/* `peer` is the name of the peer that it is about, or NULL. */
void log_write(enum conf_log_level level, const char *peer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)

/* One line with fields of its own for the JSON format.  `fields` is an object that is
 * used up, or NULL; it is worth building only where log_is_json(). */
void log_line(enum conf_log_level level, const char *peer, struct json_t *fields,
    const char *message);
bool log_is_json(void);

/* One line for an event of the speaker; DIAL and CLOSE are the shell's and not logged.
 * Call before the next event is drawn.  A peer's repeated faults are counted, not told.
 */
void log_event(const struct speaker_event *event);
/* Now and then, at least once a minute: tells what was counted ("... 57 more"). */
void log_event_flush(void);

#endif
