/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A peer's BFD session as JSON: what we want, what was agreed on, how it went.
 */
#include "bgp/bfd.h"
#include "show.h"

/* Rounded up: a peer may say 1 microsecond. */
static json_t *
milliseconds(uint64_t us)
{
	return us == 0 ? json_null() : json_integer((json_int_t)((us + 999) / 1000));
}

static json_t *
age(uint64_t now_us, uint64_t then_us)
{
	if (then_us == 0 || then_us > now_us)
		return json_null();
	return json_integer((json_int_t)((now_us - then_us) / 1000000));
}

static json_t *
remote(const struct bfd_status *status)
{
	json_t *o;

	if (status->remote_discriminator == 0)
		return json_null();
	o = json_object();
	show_put(o, "state", json_string(bfd_state_name(status->remote_state)));
	show_put(o, "diagnostic", json_string(bfd_diag_name(status->remote_diag)));
	show_put(o, "min_transmit_ms", milliseconds(status->remote_min_tx_us));
	show_put(o, "min_receive_ms", milliseconds(status->remote_min_rx_us));
	show_put(o, "multiplier", json_integer(status->remote_multiplier));
	show_put(o, "demand", json_boolean(status->remote_demand));
	show_put(
	    o, "control_plane_independent", json_boolean(status->remote_independent));
	return o;
}

static json_t *
last_down(const struct bfd_status *status, uint64_t now_us)
{
	if (status->last_down_us == 0)
		return json_null();
	return json_pack("{s:s, s:o}", "reason", bfd_diag_name(status->last_down_diag),
	    "age_s", age(now_us, status->last_down_us));
}

json_t *
show_bfd(const struct control_ops *ops, const struct peer *peer)
{
	struct bfd_status status;
	char trouble[160];
	uint64_t now_us;
	json_t *o;

	if (ops->bfd == NULL ||
	    !ops->bfd(ops->arg, peer, &status, trouble, sizeof(trouble), &now_us))
		return json_null();
	o = json_object();
	show_put(o, "state", json_string(bfd_state_name(status.state)));
	show_put(o, "diagnostic", json_string(bfd_diag_name(status.diag)));
	show_put(o, "type", json_string(status.multihop ? "multihop" : "single-hop"));
	show_put(o, "local_address", show_addr_on(&status.local, peer->conf.interface));
	show_put(
	    o, "remote_address", show_addr_on(&peer->address, peer->conf.interface));
	show_put(o, "local_discriminator", json_integer(status.local_discriminator));
	show_put(o, "remote_discriminator",
	    status.remote_discriminator == 0
		? json_null()
		: json_integer(status.remote_discriminator));
	show_put(o, "interval_ms", json_integer(status.interval_us / 1000));
	show_put(o, "multiplier", json_integer(status.multiplier));
	show_put(o, "transmit_interval_ms", milliseconds(status.transmit_us));
	show_put(o, "detection_time_ms", milliseconds(status.detection_us));
	show_put(o, "polling", json_boolean(status.polling));
	show_put(o, "remote", remote(&status));
	show_put(o, "uptime_s", age(now_us, status.up_since_us));
	show_put(o, "ups", json_integer((json_int_t)status.ups));
	show_put(o, "last_down", last_down(&status, now_us));
	show_put(o, "packets",
	    json_pack("{s:I, s:I, s:I}", "in", (json_int_t)status.in, "out",
		(json_int_t)status.out, "dropped", (json_int_t)status.dropped));
	show_put(o, "trouble", trouble[0] == '\0' ? json_null() : json_string(trouble));
	return o;
}
