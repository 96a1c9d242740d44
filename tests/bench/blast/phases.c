/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The phases of a run in order: establish, converge, churn, restart, withdraw.
 */
#include "blast.h"

static uint64_t
deadline(void)
{
	return now_ns() + (uint64_t)opt.timeout * SEC;
}

static bool failed;
static void
note_fail(const char *phase)
{
	if (!failed)
		printf(",\"failed\":\"%s\"", phase);
	failed = true;
}

static void
phase_correctness(const char *name)
{
	uint64_t missing = 0, wrong = 0, subopt = 0, paths = 0;
	for (uint32_t i = 0; i < nsess; i++) {
		struct sess *s = &S[i];
		if (!s->receiver)
			continue;
		missing += s->goal - s->nhave;
		wrong += s->nbad;
		paths += s->nhave;
		if (s->from)
			for (uint32_t k = 0; k < npfx; k++)
				if (s->from[k] && pfx[k].grp < nshared &&
				    akey[aidx(s->from[k] - 1u, pfx[k].grp)] !=
					best_key[pfx[k].grp])
					subopt++;
	}
	printf(",\"%s\":{\"held\":%" PRIu64 ",\"missing\":%" PRIu64
	       ",\"wrong\":%" PRIu64 ",\"extra\":%" PRIu64 ",\"not_best\":%" PRIu64 "}",
	    name, paths, missing, wrong, C.extra, subopt);
	if (missing > 0)
		note_fail(name);
}

/* ---- churn ---- */

struct churn {
	uint32_t slots; /* a step takes every slots'th prefix */
	uint32_t *ids;
	struct buf *out; /* by sender */
	uint64_t written, expected;
};

/* Prefixes of the sender in the slot of step `k`. */
static uint32_t
pick(const struct churn *c, const struct sess *s, int k, uint32_t *ids)
{
	uint32_t n = 0;

	for (uint32_t i = s->first; i < s->first + s->nown; i++)
		if (i % c->slots == (uint32_t)k % c->slots)
			ids[n++] = i;
	return n;
}

/* Announces again what the last step withdrew, and withdraws the next share. */
static void
churn_sender(struct churn *c, struct sess *s, int k)
{
	struct buf *o = &c->out[s->idx];
	uint32_t back = k > 0 ? pick(c, s, k - 1, c->ids) : 0;
	uint32_t gone = k < opt.churn_steps ? pick(c, s, k, c->ids + back) : 0;
	uint64_t t;

	o->n = 0;
	enc_by_group(o, s, c->ids, back);
	enc_withdraw(o, c->ids + back, gone);
	t = now_ns();
	for (uint32_t i = 0; i < back; i++)
		t_ann[c->ids[i]] = t;
	for (uint32_t i = back; i < back + gone; i++)
		t_wdr[c->ids[i]] = t;
	c->written += back + gone;
	c->expected +=
	    (uint64_t)(back + gone) * (n_goal - opt.stall - (s->receiver ? 1 : 0));
	send_bulk(s, o->b, o->n, false);
}

static void
churn_steps(struct churn *c)
{
	uint64_t t0 = now_ns(), interval = (uint64_t)opt.churn_interval * MS;

	for (int k = 0; k <= opt.churn_steps; k++) {
		uint64_t next = t0 + (uint64_t)(k + 1) * interval;

		for (uint32_t s = 0; s < opt.senders; s++) {
			/* senders take turns over the interval */
			if (opt.spread)
				pump(NULL,
				    next - interval * (opt.senders - s) / opt.senders);
			if (!S[s].stalled)
				churn_sender(c, &S[s], k);
		}
		pump(NULL, next);
	}
}

static void
put_latency(const char *name, const struct hist *h)
{
	printf(",\"%s\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name,
	    hpct(h, .5), hpct(h, .9), hpct(h, .99), (double)h->max / 1e6);
}

static void
churn(const char *name)
{
	struct churn c = { .slots = (uint32_t)(100 / opt.churn_pct + 0.5),
		.ids = xalloc(2 * npfx, sizeof(uint32_t)),
		.out = xalloc(opt.senders, sizeof(struct buf)) };
	uint64_t t0 = now_ns();
	char text[32];

	if (c.slots == 0)
		c.slots = 1;
	memset(&h_ann, 0, sizeof(h_ann));
	memset(&h_wdr, 0, sizeof(h_wdr));
	churning = true;
	churn_steps(&c);
	if (!pump(full_again, deadline()))
		note_fail(name);
	churning = false;
	printf(",\"%s\":{\"steps\":%d,\"interval_ms\":%d,\"spread\":%s,"
	       "\"prefix_events\":%" PRIu64 ",\"deliveries_expected\":%" PRIu64
	       ",\"deliveries_seen\":%" PRIu64,
	    name, opt.churn_steps, opt.churn_interval, opt.spread ? "true" : "false",
	    c.written, c.expected, h_ann.n + h_wdr.n);
	put_latency("announce_ms", &h_ann);
	put_latency("withdraw_ms", &h_wdr);
	printf("}");
	put_usage(name, secs(t0, now_ns()));
	snprintf(text, sizeof(text), "%s_check", name);
	if (opt.stall == 0 || strcmp(name, "stall") != 0)
		phase_correctness(text);
	for (uint32_t s = 0; s < opt.senders; s++)
		free(c.out[s].b);
	free(c.out);
	free(c.ids);
}

static void
phase_churn(void)
{
	unsigned stall = opt.stall;

	if (failed || opt.churn_steps <= 0)
		return;
	opt.stall = 0; /* nobody stalls yet */
	churn("churn");
	opt.stall = stall;
}

/* ---- stall ---- */

static uint64_t reading_since;

/* What it held before it stalled counts for nothing: it has to have read all there is.
 */
static bool
all_read_and_full(void)
{
	uint64_t last = C.t_lastupd > reading_since ? C.t_lastupd : reading_since;

	if (now_ns() - last < (uint64_t)opt.settle * MS)
		return false;
	for (uint32_t i = 0; i < nsess; i++)
		if (S[i].st != UP || (S[i].receiver && S[i].nhave != S[i].goal))
			return false;
	return true;
}

/* The same churn, while the last sessions read nothing; then they read again, or come
 * back where they were dropped, and must end with the right table. */
static void
phase_stall(void)
{
	struct usage before = usage_now(), after;
	unsigned kept = 0;

	if (failed || opt.stall == 0)
		return;
	for (uint32_t i = nsess - opt.stall; i < nsess; i++)
		sess_stall(&S[i], true);
	churn("stall");
	after = usage_now();
	reading_since = now_ns();
	for (uint32_t i = nsess - opt.stall; i < nsess; i++) {
		sess_stall(&S[i], false);
		kept += S[i].st == UP;
	}
	connecting = true;
	if (!pump(all_read_and_full, deadline()))
		note_fail("stall_end");
	connecting = false;
	printf(",\"stalled\":{\"sessions\":%u,\"kept\":%u,\"rss_growth_mb\":%.1f,"
	       "\"full_again_s\":%.3f}",
	    opt.stall, kept, (double)(after.rss - before.rss) / 1024,
	    secs(reading_since, C.t_lastupd));
	phase_correctness("stall_check");
}

/* ---- restart ---- */

/* By restart: times of its four stages. */
struct restarts {
	double *gone, *up, *self, *back;
	unsigned n;
};

static void
count_what_goes(const struct sess *s)
{
	drop_gone = 0;
	for (uint32_t i = 0; i < nsess; i++) {
		if (i == drop_s || !S[i].receiver)
			continue;
		if (S[i].from == NULL)
			drop_gone += s->nown;
		for (uint32_t k = 0; S[i].from != NULL && k < npfx; k++)
			drop_gone += S[i].from[k] == drop_s + 1;
	}
}

static bool
go_away(struct restarts *r, struct sess *s)
{
	uint64_t t = now_ns();

	count_what_goes(s);
	sess_close(s, false);
	forget_routes(s);
	s->t_up = 0;
	s->done = false;
	if (!pump(drop_gone_done, deadline())) {
		note_fail("drop");
		return false;
	}
	r->gone[r->n] = secs(t, now_ns());
	pump(quiet, now_ns() + 10 * SEC);
	return true;
}

static bool
come_back(struct restarts *r, struct sess *s)
{
	uint64_t t = now_ns();

	drop_back = 0;
	for (uint32_t i = 0; i < nsess; i++)
		if (i != drop_s && S[i].receiver)
			drop_back += s->nown;
	s->t_retry = 0;
	connecting = true;
	if (!pump(drop_up, deadline())) {
		note_fail("reconnect");
		return false;
	}
	connecting = false;
	r->up[r->n] = secs(t, now_ns());
	if (opt.barrier)
		send_bulk(s, s->ann, s->nann, true);
	s->done = !s->receiver;
	if (s->receiver && !pump(drop_back_done, deadline())) {
		note_fail("restart");
		return false;
	}
	r->back[r->n] = secs(t, now_ns());
	r->self[r->n] = s->receiver ? secs(t, s->t_done) : 0;
	pump(quiet, now_ns() + 10 * SEC);
	return true;
}

static void
phase_drop(void)
{
	size_t n = opt.drops > 0 ? (size_t)opt.drops : 0;
	struct restarts r = { xalloc(n, sizeof(double)), xalloc(n, sizeof(double)),
		xalloc(n, sizeof(double)), xalloc(n, sizeof(double)), 0 };
	uint64_t begin = now_ns();

	for (int d = 0; d < opt.drops && !failed; d++) {
		drop_s = (uint32_t)(((uint64_t)d * opt.senders) / (uint64_t)opt.drops);
		if (!go_away(&r, &S[drop_s]) ||
		    (!opt.overlap && !come_back(&r, &S[drop_s])))
			break;
		r.n++;
		if (opt.overlap)
			break; /* the tables differ from here on */
	}
	drop_s = NONE;
	if (n > 0) {
		put_spread("drop_withdrawn_s", r.gone, r.n);
		put_spread("restart_up_s", r.up, opt.overlap ? 0 : r.n);
		put_spread("restart_self_full_s", r.self, opt.overlap ? 0 : r.n);
		put_spread("restart_all_full_s", r.back, opt.overlap ? 0 : r.n);
		put_usage("drop", secs(begin, now_ns()));
	}
	free(r.gone);
	free(r.up);
	free(r.self);
	free(r.back);
}

static void
phase_withdraw(void)
{
	if (failed || !opt.withdraw_all)
		return;
	reset_goal();
	for (uint32_t i = 0; i < nsess; i++)
		if (!S[i].nhave && S[i].receiver) {
			S[i].done = true;
			n_done++;
		}
	uint64_t t0 = now_ns();
	for (uint32_t s = 0; s < opt.senders; s++)
		send_bulk(&S[s], S[s].wdr, S[s].nwdr, true);
	if (!pump(all_done, deadline()) || n_done != n_goal)
		note_fail("withdraw");
	uint64_t t = now_ns();
	printf(",\"withdraw_all_s\":%.4f", secs(t0, t));
	put_receivers("withdraw_receiver_s", t0);
	put_usage("withdraw", secs(t0, t));
}

/* ---- establish, converge ---- */

static void
put_head(void)
{
	size_t octets = 0;

	for (uint32_t s = 0; s < opt.senders; s++)
		octets += S[s].nann;
	printf("{\"label\":\"%s\",\"sessions\":%u,\"senders\":%u,\"receivers\":%u,"
	       "\"prefixes_per_sender\":%u,\"distinct_prefixes\":%u,"
	       "\"attribute_sets\":%u,\"family\":%d,\"mode\":\"%s\",\"overlap\":%s,"
	       "\"barrier\":%s,\"connect_window\":%d,\"announce_mb\":%.3f",
	    opt.label, nsess, opt.senders, n_goal, opt.prefixes, npfx, ngrp, opt.family,
	    opt.internet ? "internet" : "calico", opt.overlap ? "true" : "false",
	    opt.barrier ? "true" : "false", opt.window, (double)octets / 1e6);
}

static void
phase_establish(uint64_t t0)
{
	double *v = xalloc(nsess, sizeof(*v));
	unsigned n = 0;

	connecting = true;
	for (uint32_t i = 0; opt.passive && i < nsess; i++)
		sess_listen(
		    &S[i], ntohs(((struct sockaddr_in *)(void *)&opt.local)->sin_port));
	if (!pump(all_up, deadline()))
		note_fail("establish");
	for (uint32_t i = 0; i < nsess; i++)
		if (S[i].t_up > 0)
			v[n++] = secs(t0, S[i].t_up);
	put_spread("establish_s", v, n);
	free(v);
	put_usage("establish", secs(t0, now_ns()));
	connecting = false;
}

/* Returns the time from which convergence counts. */
static uint64_t
announce_all(uint64_t t0)
{
	uint64_t t;

	if (!opt.barrier)
		return t0;
	/* Lets the daemon finish its own start-up work. */
	pump(NULL, now_ns() + 200 * MS);
	u_prev = usage_now();
	t = now_ns();
	for (uint32_t s = 0; s < opt.senders; s++)
		send_bulk(&S[s], S[s].ann, S[s].nann, true);
	return t;
}

static void
run_hook(void)
{
	if (opt.hook == NULL)
		return;
	fflush(stdout);
	printf(",\"hook_rc\":%d", system(opt.hook));
	u_prev = usage_now();
}

static void
phase_converge(uint64_t t0)
{
	uint64_t announced, end;

	if (failed)
		return;
	announced = announce_all(t0);
	if (!pump(all_done, deadline()) || n_done != n_goal)
		note_fail("converge");
	end = now_ns();
	printf(",\"first_route_s\":%.6f,\"converged_s\":%.4f,"
	       "\"converged_from_start_s\":%.4f",
	    secs(announced, t_first_any), secs(announced, end), secs(t0, end));
	put_receivers("receiver_s", announced);
	put_usage("converge", secs(announced, end));
	if (opt.settle > 0)
		pump(quiet, now_ns() + 120 * SEC);
	printf(",\"last_update_s\":%.4f", secs(announced, C.t_lastupd));
	put_usage("settle", secs(end, now_ns()));
	printf(",\"rx_mb\":%.3f,\"rx_msgs\":%" PRIu64 ",\"rx_updates\":%" PRIu64
	       ",\"rx_prefixes\":%" PRIu64,
	    (double)C.bytes / 1e6, C.msgs, C.updates, C.ann);
	phase_correctness("check");
	run_hook();
	if (opt.until_file == NULL || failed)
		return;
	if (!pump(file_there, deadline()))
		note_fail("until-file");
	printf(",\"linger\":{\"announce_mono_s\":%.6f,\"end_mono_s\":%.6f}",
	    (double)announced / 1e9, (double)now_ns() / 1e9);
	put_usage("linger", secs(announced, now_ns()));
}

/* ---- the end ---- */

static void
phase_leave(void)
{
	if (opt.until_file == NULL)
		return;
	printf(",\"leave_mono_s\":%.6f", (double)now_ns() / 1e9);
	for (uint32_t i = 0; i < nsess; i++)
		sess_close(&S[i], false);
}

static void
put_counts(void)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = { { "rx_bytes", C.bytes }, { "rx_msgs", C.msgs },
		{ "rx_updates", C.updates }, { "rx_announced", C.ann },
		{ "rx_withdrawn", C.wdr }, { "tx_bytes", C.tx_bytes }, { "eor", C.eor },
		{ "duplicates", C.dup }, { "path_changes", C.changed },
		{ "own_echo", C.own_echo }, { "extra", C.extra },
		{ "spurious_withdraw", C.spurious_wdr },
		{ "wrong_prefix_events", C.wrong_events },
		{ "wrong_next_hop", C.wrong_nh }, { "wrong_attributes", C.wrong_attr },
		{ "wrong_originator_or_cluster", C.wrong_orig },
		{ "wrong_local_pref", C.wrong_lp },
		{ "with_originator_id", C.with_orig },
		{ "with_cluster_list", C.with_cluster }, { "next_hop_kept", C.nh_kept },
		{ "next_hop_self", C.nh_self }, { "malformed", C.malformed },
		{ "notifications", C.notif_rx }, { "sessions_lost", C.drops },
		{ "connect_retries", C.retries }, { "no_as4", C.no_as4 },
		{ "route_refresh_rx", C.refresh_rx },
		{ "hold_overruns", C.hold_over } };

	printf(",\"counts\":{\"last_notification\":\"%d/%d\",\"max_rx_gap_s\":%.2f",
	    C.notif_code, C.notif_sub, (double)C.max_gap / 1e9);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		printf(",\"%s\":%" PRIu64, counts[i].name, counts[i].value);
	printf("}");
}

static void
put_total(uint64_t t0, const struct usage *first)
{
	struct usage u = usage_now();
	double dut = u.user + u.sys - first->user - first->sys,
	       gen = u.gen - first->gen;

	printf(",\"total\":{\"wall_s\":%.3f,\"dut_cpu_s\":%.2f,\"dut_hwm_mb\":%.1f,"
	       "\"gen_cpu_s\":%.3f,\"other_cpu_s\":%.2f}",
	    secs(t0, now_ns()), dut, (double)u.hwm / 1024, gen,
	    u.machine - first->machine - dut - gen);
}

int
run(void)
{
	struct usage first = usage_now();
	uint64_t t0, wrong = 0;
	bool ok;

	u_prev = first;
	put_head();
	t0 = now_ns();
	phase_establish(t0);
	phase_converge(t0);
	phase_churn();
	phase_stall();
	phase_drop();
	phase_withdraw();
	phase_leave();
	put_total(t0, &first);
	put_counts();
	for (uint32_t i = 0; i < nsess; i++)
		wrong += S[i].nbad;
	ok = !failed && wrong == 0 && C.wrong_events == 0 && C.extra == 0 &&
	     C.malformed == 0 && C.drops == 0;
	printf(",\"ok\":%s}\n", ok ? "true" : "false");
	return ok ? 0 : 1;
}
