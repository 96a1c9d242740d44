/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A stream of messages, as a connection would read it: framing, then the decoder of
 * each type.  What has an encoder is written again and must decode to the same.
 */
#include "bgp/message.h"
#include "bgp/open.h"
#include "bgp/update.h"
#include "fuzz.h"

static uint8_t out_buf[MESSAGE_MAX_EXTENDED_LEN];

static struct message
reframe(const struct wcur *w)
{
	struct bgp_error error;
	struct message msg = { 0 };

	DEMAND(!w->failed);
	DEMAND(message_frame(w->start, wcur_len(w), MESSAGE_MAX_EXTENDED_LEN, &msg,
		   &error) == FRAME_OK);
	DEMAND(msg.whole.len == wcur_len(w));
	return msg;
}

/* An error must be one that can be sent: a code, and data that is somebody's. */
static void
send_error(const struct bgp_error *error)
{
	struct wcur w = wcur_of(out_buf, sizeof(out_buf));
	struct bgp_error again;
	struct message msg;
	char name[96];

	DEMAND(error->code >= NOTIFY_HEADER && error->code <= NOTIFY_REFRESH);
	notification_put(&w, error);
	msg = reframe(&w);
	DEMAND(msg.whole.len <= MESSAGE_MAX_LEN);
	again = notification_get(msg.body);
	DEMAND(again.code == error->code && again.subcode == error->subcode);
	DEMAND(again.data.len <= error->data.len);
	DEMAND(again.data.len == 0 ||
	       memcmp(again.data.at, error->data.at, again.data.len) == 0);
	notification_format(error->code, error->subcode, name, sizeof(name));
}

static void
take_open(const struct message *msg)
{
	struct bgp_error error = { 0 };
	struct open open;

	if (!open_get(msg->body, &open, &error))
		send_error(&error);
}

static void
take_update(const struct message *msg)
{
	static const struct update_context context = {
		.ebgp = true, .as4 = true, .families = { true, true }
	};
	struct update update;

	update_get(msg->body, &context, &update);
	if (update.verdict == ACTION_RESET)
		send_error(&update.error);
}

static void
take_notification(const struct message *msg)
{
	struct bgp_error error = notification_get(msg->body);
	char text[128], small[8];
	size_t i;

	notification_format(error.code, error.subcode, text, sizeof(text));
	DEMAND(strlen(text) < sizeof(text));
	notification_shutdown_text(&error, text, sizeof(text));
	for (i = 0; text[i] != '\0'; i++)
		DEMAND((uint8_t)text[i] >= 0x20 && text[i] != 0x7f);
	DEMAND(i < sizeof(text));
	notification_shutdown_text(&error, small, sizeof(small));
	DEMAND(strlen(small) <= i);
}

static void
take_refresh(const struct message *msg)
{
	struct bgp_error error = { 0 };
	struct refresh refresh;
	struct message again;
	struct wcur w = wcur_of(out_buf, sizeof(out_buf));

	if (!refresh_get(msg, &refresh, &error)) {
		send_error(&error);
		return;
	}
	refresh_put(&w, &refresh);
	again = reframe(&w);
	DEMAND(again.whole.len == msg->whole.len);
	DEMAND(memcmp(again.whole.at, msg->whole.at, again.whole.len) == 0);
}

static void
take_message(const struct message *msg)
{
	switch (msg->type) {
	case MESSAGE_OPEN: take_open(msg); break;
	case MESSAGE_UPDATE: take_update(msg); break;
	case MESSAGE_NOTIFICATION: take_notification(msg); break;
	case MESSAGE_KEEPALIVE: DEMAND(msg->body.len == 0); break;
	case MESSAGE_ROUTE_REFRESH: take_refresh(msg); break;
	default:
		DEMAND(msg->type == MESSAGE_OPEN);
		break; /* framing lets no other by */
	}
}

/* The first octet chooses the bound of the session. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t max_len, at = 1;

	if (len == 0)
		return 0;
	max_len = data[0] % 2 == 0 ? MESSAGE_MAX_LEN : MESSAGE_MAX_EXTENDED_LEN;
	for (;;) {
		struct bgp_error error = { 0 };
		struct message msg = { 0 };
		enum frame_status st =
		    message_frame(data + at, len - at, max_len, &msg, &error);

		if (st == FRAME_BAD)
			send_error(&error);
		if (st != FRAME_OK)
			return 0;
		DEMAND(msg.whole.at == data + at && msg.whole.len <= len - at);
		DEMAND(msg.whole.len >= MESSAGE_HEADER_LEN && msg.whole.len <= max_len);
		DEMAND(msg.body.at + msg.body.len == msg.whole.at + msg.whole.len);
		take_message(&msg);
		at += msg.whole.len;
	}
}
