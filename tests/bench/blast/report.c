/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Figures: latency histograms, CPU and memory of the daemon under test, JSON.
 */
#include "blast.h"

#include <sys/resource.h>

struct hist h_ann, h_wdr;
struct usage u_prev;

/* log-linear histogram of nanoseconds: 32 steps per octave, error under 3.2 % */
void
hadd(struct hist *h, uint64_t v)
{
	unsigned e = v < 32 ? 0 : 63 - (unsigned)__builtin_clzll(v) - 4;
	h->b[e ? e * 32 + ((v >> (e - 1)) & 31) : v]++;
	h->n++;
	if (v > h->max)
		h->max = v;
}

double
hpct(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->n), c = 0;
	for (unsigned i = 0; i < HBINS; i++)
		if ((c += h->b[i]) > want) {
			unsigned e = i / 32;
			uint64_t v = e ? (UINT64_C(32) + i % 32) << (e - 1) : i;
			return (double)v / 1e6;
		}
	return (double)h->max / 1e6;
}

struct usage
usage_now(void)
{
	struct usage u = { 0 };
	double hz = (double)sysconf(_SC_CLK_TCK);
	for (int i = 0; i < opt.npids; i++) {
		char path[64], buf[8192];
		snprintf(path, sizeof path, "/proc/%d/stat", opt.pids[i]);
		FILE *f = fopen(path, "r");
		if (!f)
			continue;
		size_t n = fread(buf, 1, sizeof buf - 1, f);
		buf[n] = 0;
		fclose(f);
		char *p = strrchr(buf, ')');
		unsigned long ut, st;
		if (p &&
		    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&ut, &st) == 2) {
			u.user += (double)ut / hz;
			u.sys += (double)st / hz;
		}
		snprintf(path, sizeof path, "/proc/%d/status", opt.pids[i]);
		if (!(f = fopen(path, "r")))
			continue;
		long v;
		while (fgets(buf, sizeof buf, f)) {
			if (sscanf(buf, "VmRSS: %ld", &v) == 1)
				u.rss += v;
			else if (sscanf(buf, "VmHWM: %ld", &v) == 1)
				u.hwm += v;
		}
		fclose(f);
	}
	FILE *f = fopen("/proc/stat", "r");
	unsigned long c[8] = { 0 };
	if (f && fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", c, c + 1, c + 2,
		     c + 3, c + 4, c + 5, c + 6, c + 7) == 8)
		u.machine = (double)(c[0] + c[1] + c[2] + c[5] + c[6] + c[7]) /
			    hz; /* all but idle and iowait */
	if (f)
		fclose(f);
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	u.gen = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		(double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
	return u;
}

/* closes a phase: prints its resources and makes them the base of the next */
void
put_usage(const char *name, double wall)
{
	struct usage u = usage_now();
	printf(",\"%s_res\":{\"wall_s\":%.4f,\"dut_cpu_s\":%.2f,\"dut_user_s\":%.2f,"
	       "\"dut_sys_s\":%.2f,"
	       "\"dut_rss_mb\":%.1f,\"dut_hwm_mb\":%.1f,\"gen_cpu_s\":%.3f,\"other_cpu_"
	       "s\":%.2f}",
	    name, wall, u.user + u.sys - u_prev.user - u_prev.sys, u.user - u_prev.user,
	    u.sys - u_prev.sys, (double)u.rss / 1024, (double)u.hwm / 1024,
	    u.gen - u_prev.gen,
	    u.machine - u_prev.machine -
		(u.user + u.sys + u.gen - u_prev.user - u_prev.sys - u_prev.gen));
	u_prev = u;
}

double
secs(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e9 : 0;
}

static int
cmp_d(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

void
put_spread(const char *name, double *v, unsigned n)
{
	qsort(v, n, sizeof *v, cmp_d);
	if (n)
		printf(",\"%s\":{\"n\":%u,\"min\":%.6f,\"p50\":%.6f,\"max\":%.6f}",
		    name, n, v[0], v[n / 2], v[n - 1]);
	else
		printf(",\"%s\":{\"n\":0}", name);
}

void
put_receivers(const char *name, uint64_t t0)
{
	double *v = xalloc(nsess, sizeof *v);
	unsigned n = 0;
	for (uint32_t i = 0; i < nsess; i++)
		if (S[i].receiver && S[i].done)
			v[n++] = secs(t0, S[i].t_done);
	put_spread(name, v, n);
	free(v);
}
