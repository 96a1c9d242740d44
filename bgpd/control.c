/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients of the control socket: reading a request, sending the answer at the client's
 * pace, and forgetting clients that stop.  See control.h for the protocol.
 *
 *   READING --line--> WORKING --job ends--> FLUSHING --all written--> closed
 *                        `--shutdown--> WAITING --control_free()--> closed
 *
 * Work is done in turns of the loop at its lowest priority, TURN_US at a time for all
 * clients together, and for a client only while less than OUTPUT_HIGH octets wait for
 * it: one that does not read costs its buffer, and after IDLE_S nothing.
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "bgp/memory.h"
#include "clock.h"
#include "control_command.h"
#include "control_socket.h"
#include "log.h"
#include "text.h"

enum {
	CLIENTS_MAX = 32,
	REQUEST_MAX = 4096,       /* octets of a request line */
	OUTPUT_HIGH = 256 * 1024, /* no more is made while so much waits */
	OUTPUT_LOW = 64 * 1024,   /* ... until so little is left */
	TURN_US = 2000,
	IDLE_S = 30, /* without progress, reading or writing */
	ACCEPT_PAUSE_S = 1,
};

enum client_state { CLIENT_READING, CLIENT_WORKING, CLIENT_WAITING, CLIENT_FLUSHING };

struct client {
	struct client *next, *prev;
	struct control *control;
	struct bufferevent *stream;
	enum client_state state;
	struct control_job job;
	struct ucred cred; /* pid 0: not known */
};

struct control {
	struct event_base *base;
	const struct control_ops *ops;
	struct control_socket sock;
	struct event *accept_ready;
	struct event *accept_again; /* after descriptors or memory ran out */
	struct event *turn;
	struct client *clients; /* the next to be worked for comes first */
	size_t n_clients;
};

/* ---- clients ---- */

static void
client_unlink(struct client *client)
{
	struct control *control = client->control;

	if (control->clients == client)
		control->clients = client->next;
	else
		client->prev->next = client->next;
	if (client->next != NULL)
		client->next->prev = client->prev;
	client->next = client->prev = NULL;
}

static void
client_append(struct client *client)
{
	struct client **at = &client->control->clients, *last = NULL;

	for (; *at != NULL; at = &(*at)->next)
		last = *at;
	*at = client;
	client->prev = last;
	client->next = NULL;
}

static void
client_free(struct client *client)
{
	client_unlink(client);
	client->control->n_clients--;
	control_job_end(&client->job);
	bufferevent_free(client->stream); /* closes the descriptor */
	free(client);
}

/* Takes the object; one line. */
static void
client_emit(void *arg, json_t *object)
{
	struct client *client = arg;
	struct evbuffer *output = bufferevent_get_output(client->stream);
	char *text = json_dumps(object, JSON_COMPACT);

	if (text != NULL)
		evbuffer_add_printf(output, "%s\n", text);
	free(text);
	json_decref(object);
}

static json_t *
status_line(enum control_status status, const char *error)
{
	json_t *o = json_pack("{s:i}", "status", (int)status);

	if (error[0] != '\0')
		json_object_set_new(o, "error", text_json_lines(error));
	return o;
}

/* The status line; the connection ends when it is written. */
static void
client_finish(struct client *client, enum control_status status, const char *error)
{
	struct timeval idle = { .tv_sec = IDLE_S };

	client->state = CLIENT_FLUSHING;
	bufferevent_setwatermark(client->stream, EV_WRITE, 0, 0);
	bufferevent_set_timeouts(client->stream, NULL, &idle);
	client_emit(client, status_line(status, error));
}

static void
turn_soon(struct control *control)
{
	struct timeval now = { .tv_sec = 0 };

	if (!event_pending(control->turn, EV_TIMEOUT, NULL))
		event_add(control->turn, &now);
}

static bool
client_has_room(const struct client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->stream)) <
	       OUTPUT_HIGH;
}

static struct client *
next_at_work(const struct control *control)
{
	struct client *client;

	for (client = control->clients; client != NULL; client = client->next)
		if (client->state == CLIENT_WORKING && client_has_room(client))
			return client;
	return NULL;
}

/* One turn: slices for one client until the time is over, then it goes to the end. */
static void
turn_ready(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	struct client *client = next_at_work(control);
	uint64_t end = clock_us() + TURN_US;
	bool more = true;

	(void)fd;
	(void)what;
	if (client == NULL)
		return;
	control->ops->before(control->ops->arg);
	while (more && client_has_room(client) && clock_us() < end)
		more =
		    control_job_slice(&client->job, control->ops, client_emit, client);
	client_unlink(client);
	client_append(client);
	if (!more)
		client_finish(client, CONTROL_OK, "");
	if (next_at_work(control) != NULL)
		turn_soon(control);
}

/* ---- requests ---- */

static void
log_order(
    const struct client *client, const char *line, const struct control_result *result)
{
	if (result->status == CONTROL_OK)
		log_notice("control: %s by uid %ld, pid %ld", line,
		    (long)client->cred.uid, (long)client->cred.pid);
	else
		log_warning("control: %s by uid %ld, pid %ld: %s", line,
		    (long)client->cred.uid, (long)client->cred.pid, result->error);
}

/* False: `request` is not an array of words. */
static bool
read_words(const json_t *request, const char **words, size_t *n)
{
	size_t i;

	*n = json_array_size(request);
	if (!json_is_array(request) || *n > CONTROL_WORDS_MAX)
		return false;
	for (i = 0; i < *n; i++) {
		words[i] = json_string_value(json_array_get(request, i));
		if (words[i] == NULL)
			return false;
	}
	return true;
}

static void
client_command(
    struct client *client, const char *line, const char *const *words, size_t n)
{
	struct control *control = client->control;
	struct control_result result;
	bool changes;

	control->ops->before(control->ops->arg);
	control_command(control->ops, words, n, &client->job, &result, &changes,
	    client_emit, client);
	if (changes)
		log_order(client, line, &result);
	if (result.status != CONTROL_OK || client->job.kind == CONTROL_JOB_NONE) {
		client_finish(client, result.status, result.error);
	} else if (client->job.kind == CONTROL_JOB_SHUTDOWN) {
		client->state = CLIENT_WAITING;
	} else {
		client->state = CLIENT_WORKING;
		bufferevent_setwatermark(client->stream, EV_WRITE, OUTPUT_LOW, 0);
		turn_soon(control);
	}
}

static void
client_request(struct client *client, const char *line)
{
	const char *words[CONTROL_WORDS_MAX];
	json_t *request = json_loads(line, 0, NULL);
	size_t n;

	if (read_words(request, words, &n))
		client_command(client, line, words, n);
	else
		client_finish(client, CONTROL_USAGE,
		    "the request is not a JSON array of at most 32 words");
	json_decref(request);
}

static void
client_readable(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t len;
	char *line;

	if (client->state != CLIENT_READING)
		return;
	line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);
	if (line == NULL && evbuffer_get_length(input) <= REQUEST_MAX)
		return;
	bufferevent_disable(stream, EV_READ);
	if (line == NULL || len > REQUEST_MAX)
		client_finish(
		    client, CONTROL_USAGE, "the request is longer than 4096 octets");
	else
		client_request(client, line);
	free(line);
}

/* Little enough, or nothing, is left to be written. */
static void
client_written(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;

	if (client->state == CLIENT_WORKING)
		turn_soon(client->control);
	else if (client->state == CLIENT_FLUSHING &&
		 evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		client_free(client);
}

/* End of file, an error, or no progress in IDLE_S. */
static void
client_ended(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	client_free(arg);
}

/* ---- listening ---- */

static void
refuse(int fd)
{
	static const char text[] = "{\"status\":1,\"error\":\"too many control"
				   " connections\"}\n";

	(void)send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void
client_new(struct control *control, int fd)
{
	struct timeval idle = { .tv_sec = IDLE_S };
	struct client *client = mem_zero(1, sizeof(*client));
	socklen_t len = sizeof(client->cred);

	client->control = control;
	client->stream =
	    bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (client->stream == NULL) {
		free(client);
		close(fd);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->cred, &len) != 0)
		client->cred = (struct ucred){ .pid = 0 };
	client_append(client);
	control->n_clients++;
	bufferevent_setcb(
	    client->stream, client_readable, client_written, client_ended, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, REQUEST_MAX + 1);
	bufferevent_set_timeouts(client->stream, &idle, &idle);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

static void
accept_ready(evutil_socket_t listener, short what, void *arg)
{
	struct timeval pause = { .tv_sec = ACCEPT_PAUSE_S };
	struct control *control = arg;
	int fd = accept4((int)listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			log_warning("control: %s", strerror(errno));
			event_del(control->accept_ready);
			event_add(control->accept_again, &pause);
		}
		return;
	}
	if (control->n_clients < CLIENTS_MAX)
		client_new(control, fd);
	else
		refuse(fd);
}

static void
accept_again(evutil_socket_t fd, short what, void *arg)
{
	struct timeval pause = { .tv_sec = ACCEPT_PAUSE_S };
	struct control *control = arg;

	(void)fd;
	(void)what;
	/* Watching a socket takes memory of the kernel's, too. */
	if (event_add(control->accept_ready, NULL) != 0)
		event_add(control->accept_again, &pause);
}

static bool
watch_socket(struct control *control)
{
	control->accept_ready = event_new(control->base, control->sock.fd,
	    EV_READ | EV_PERSIST, accept_ready, control);
	return control->accept_ready != NULL &&
	       event_add(control->accept_ready, NULL) == 0;
}

struct control *
control_new(struct event_base *base, const struct conf_control *conf,
    const struct control_ops *ops, char *error, size_t len)
{
	struct control *control = mem_zero(1, sizeof(*control));

	control->base = base;
	control->ops = ops;
	control->sock.fd = -1;
	if (!control_socket_open(conf, &control->sock, error, len)) {
		free(control);
		return NULL;
	}
	control->accept_again = evtimer_new(base, accept_again, control);
	control->turn = evtimer_new(base, turn_ready, control);
	if (control->accept_again == NULL || control->turn == NULL ||
	    !watch_socket(control)) {
		snprintf(error, len, "control socket %s: the event loop refuses it",
		    conf->socket);
		control_free(control);
		return NULL;
	}
	/* Answers are made when nothing else is to be done. */
	event_priority_set(control->turn, event_base_get_npriorities(base) - 1);
	return control;
}

bool
control_configure(
    struct control *control, const struct conf_control *conf, char *error, size_t len)
{
	struct control_socket old = control->sock, new;
	struct event *old_ready = control->accept_ready;

	if (strcmp(conf->socket, old.path) == 0)
		return control_socket_permit(conf, error, len);
	if (!control_socket_open(conf, &new, error, len))
		return false;
	control->sock = new;
	if (!watch_socket(control)) {
		snprintf(error, len, "control socket %s: the event loop refuses it",
		    conf->socket);
		if (control->accept_ready != NULL)
			event_free(control->accept_ready);
		control->accept_ready = old_ready;
		control->sock = old;
		control_socket_close(&new);
		return false;
	}
	event_free(old_ready);
	control_socket_close(&old);
	return true;
}

/* The loop is over: what the socket takes now is all that the client gets. */
static void
client_last_words(struct client *client)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);

	if (client->state == CLIENT_WAITING)
		client_emit(client, status_line(CONTROL_OK, ""));
	else if (client->state == CLIENT_READING || client->state == CLIENT_WORKING)
		client_emit(client, status_line(CONTROL_FAILED, "the daemon ends"));
	bufferevent_disable(client->stream, EV_WRITE);
	evbuffer_unfreeze(output, 1); /* bufferevent keeps its front to itself */
	(void)evbuffer_write(output, bufferevent_getfd(client->stream));
}

void
control_free(struct control *control)
{
	struct client *client, *next;

	if (control == NULL)
		return;
	for (client = control->clients; client != NULL; client = next) {
		next = client->next;
		client_last_words(client);
		client_free(client);
	}
	if (control->accept_ready != NULL)
		event_free(control->accept_ready);
	if (control->accept_again != NULL)
		event_free(control->accept_again);
	if (control->turn != NULL)
		event_free(control->turn);
	control_socket_close(&control->sock);
	free(control);
}
