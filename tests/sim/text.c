/* SPDX-License-Identifier: Apache-2.0 */
/* Small things: texts, times, chance. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include "sim/sim-priv.h"

char *sim_fmt(const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	return og_buf_take(&b);
}

static void stamp(char *out, size_t size, bool micro)
{
	struct timespec ts;
	struct tm tm;
	char base[24];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(base, sizeof(base), "%Y-%m-%dT%H:%M:%S", &tm);
	if (micro)
		snprintf(out, size, "%s.%06ldZ", base, ts.tv_nsec / 1000);
	else
		snprintf(out, size, "%sZ", base);
}

void sim_now(char out[32])
{
	stamp(out, 32, false);
}

void sim_now_micro(char out[40])
{
	stamp(out, 40, true);
}

uint64_t sim_random(void)
{
	uint64_t v = 0;

	while (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v))
		;
	return v;
}

void sim_uuid(char out[40])
{
	uint64_t a = sim_random(), b = sim_random();

	snprintf(out, 40, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16) & 0xffffu, (unsigned)a & 0xfffu,
		(unsigned)((b >> 48) & 0x3fffu) | 0x8000u,
		(unsigned long long)(b & 0xffffffffffffULL));
}

int64_t sim_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool sim_list_has(const char *commas, const char *word)
{
	struct og_sv rest = og_svz(commas), part;

	while (og_sv_split(&rest, ',', &part))
		if (og_sv_eq(part, og_svz(word)))
			return true;
	return false;
}

const char *sim_str(const json_t *o, const char *k)
{
	const char *s = json_string_value(json_object_get(o, k));

	return s ? s : "";
}

void sim_missing(json_t *o, const char *k, json_t *v)
{
	if (json_object_get(o, k))
		json_decref(v);
	else
		json_object_set_new(o, k, v);
}

json_t *sim_child(json_t *o, const char *k)
{
	sim_missing(o, k, json_object());
	return json_object_get(o, k);
}
