/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Levels, targets and formats of the log; see log.h.  A line is put together whole and
 * written with one write(2), so that lines of several processes never mix.
 *
 * Text:  2026-11-22T21:50:01.123Z info  n2: session established, ...
 * JSON:  {"time":"...","level":"info","peer":"n2","msg":"...", ...}
 * Syslog takes the same without the time, which it adds itself.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "text.h"

enum { LOG_MESSAGE_LEN = 1024, LOG_TEXT_LEN = 4 * LOG_MESSAGE_LEN, LOG_TIME_LEN = 32 };

enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET_FILE };

static struct {
	enum conf_log_level level;
	enum log_target target;
	bool json;
	int fd; /* LOG_TARGET_FILE */
	char path[CONF_PATH_LEN];
} state = { .level = LOG_LEVEL_INFO, .target = LOG_TARGET_STDERR, .fd = -1 };

static const struct {
	const char *name;
	int syslog;
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_NOTICE] = { "notice", LOG_NOTICE },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
};
enum { LEVEL_COUNT = sizeof(levels) / sizeof(levels[0]) };

static int
open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

bool
log_open(const struct conf_log *conf, bool verbose, char *error, size_t len)
{
	enum log_target target = LOG_TARGET_FILE;
	int fd = -1;

	if (strcmp(conf->target, "stderr") == 0 || conf->target[0] == '\0')
		target = LOG_TARGET_STDERR;
	else if (strcmp(conf->target, "syslog") == 0)
		target = LOG_TARGET_SYSLOG;
	else if ((fd = open_file(conf->target)) < 0) {
		snprintf(error, len, "log file %s: %s", conf->target, strerror(errno));
		return false;
	}
	log_close();
	if (target == LOG_TARGET_SYSLOG)
		openlog("bgpd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	state.target = target;
	state.fd = fd;
	state.json = conf->json;
	state.level = verbose ? LOG_LEVEL_DEBUG : (enum conf_log_level)conf->level;
	snprintf(state.path, sizeof(state.path), "%s", conf->target);
	return true;
}

void
log_reopen(void)
{
	int fd;

	if (state.target != LOG_TARGET_FILE)
		return;
	fd = open_file(state.path);
	if (fd < 0) {
		log_error(
		    "log file %s cannot be reopened: %s", state.path, strerror(errno));
		return;
	}
	close(state.fd);
	state.fd = fd;
}

void
log_close(void)
{
	if (state.target == LOG_TARGET_SYSLOG)
		closelog();
	if (state.fd >= 0)
		close(state.fd);
	state.fd = -1;
	state.target = LOG_TARGET_STDERR;
}

void
log_set_level(enum conf_log_level level)
{
	state.level = level;
}

enum conf_log_level
log_level(void)
{
	return state.level;
}

bool
log_level_parse(const char *name, enum conf_log_level *out)
{
	size_t i;

	for (i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(name, levels[i].name) == 0) {
			*out = (enum conf_log_level)i;
			return true;
		}
	}
	return false;
}

const char *
log_level_name(enum conf_log_level level)
{
	return levels[level].name;
}

bool
log_is_on(enum conf_log_level level)
{
	return level >= state.level;
}

bool
log_is_json(void)
{
	return state.json;
}

static void
format_time(char *buf, size_t len)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, len, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, len - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

/* A log that cannot be written to (a full disk, a closed pipe) must not stop routing.
 */
static void
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void
put_line(enum conf_log_level level, char *line, size_t len)
{
	if (state.target == LOG_TARGET_SYSLOG) {
		syslog(levels[level].syslog, "%.*s", (int)len, line);
		return;
	}
	line[len] = '\n';
	write_all(
	    state.target == LOG_TARGET_FILE ? state.fd : STDERR_FILENO, line, len + 1);
}

static void
put_text(enum conf_log_level level, const char *peer, const char *message)
{
	char time_text[LOG_TIME_LEN], line[LOG_TEXT_LEN + LOG_MESSAGE_LEN];
	char clean[LOG_TEXT_LEN], clean_peer[4 * CONF_NAME_LEN];
	int n = 0;

	if (state.target != LOG_TARGET_SYSLOG) {
		format_time(time_text, sizeof(time_text));
		n = snprintf(
		    line, sizeof(line), "%s %-7s ", time_text, levels[level].name);
	}
	text_clean(message, clean, sizeof(clean));
	text_clean(peer == NULL ? "" : peer, clean_peer, sizeof(clean_peer));
	n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s%s", clean_peer,
	    peer == NULL ? "" : ": ", clean);
	put_line(level, line, (size_t)n);
}

static void
put_json(
    enum conf_log_level level, const char *peer, json_t *fields, const char *message)
{
	json_t *object = json_object();
	char time_text[LOG_TIME_LEN];
	char *text;

	if (state.target != LOG_TARGET_SYSLOG) {
		format_time(time_text, sizeof(time_text));
		json_object_set_new(object, "time", json_string(time_text));
	}
	json_object_set_new(object, "level", json_string(levels[level].name));
	if (peer != NULL)
		json_object_set_new(object, "peer", text_json(peer));
	json_object_set_new(object, "msg", text_json(message));
	if (fields != NULL)
		json_object_update_missing(object, fields);
	text = json_dumps(object, JSON_COMPACT);
	if (text != NULL) /* the terminating NUL makes room for the line's end */
		put_line(level, text, strlen(text));
	free(text);
	json_decref(object);
}

void
log_line(
    enum conf_log_level level, const char *peer, json_t *fields, const char *message)
{
	if (log_is_on(level)) {
		if (state.json)
			put_json(level, peer, fields, message);
		else
			put_text(level, peer, message);
	}
	json_decref(fields);
}

void
log_write(enum conf_log_level level, const char *peer, const char *format, ...)
{
	char message[LOG_MESSAGE_LEN];
	va_list args;

	if (!log_is_on(level))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_line(level, peer, NULL, message);
}
