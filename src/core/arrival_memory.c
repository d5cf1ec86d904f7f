/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of arrival, as one line: "1" and per signal ";" followed by
 * state,since,seen,answered,misses,regressed,revision,flowed. It stands in a status that others may
 * write, so nothing of a line is believed that is not exactly this.
 */
#include "arrival-priv.h"

#include "otelgate/base/parse.h"

static bool fine_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

/* Revisions are hex (core/plan.h); whatever else came in is no revision of ours. */
static struct og_sv revision_text(const char *s)
{
	struct og_sv v = og_sv(s, strnlen(s, OG_ARRIVAL_REVISION_BYTES));
	if (v.n == OG_ARRIVAL_REVISION_BYTES)
		return OG_SV("");
	for (size_t i = 0; i < v.n; i++)
		if (!fine_char(v.p[i]))
			return OG_SV("");
	return v;
}

void og_arrival_memory_write(const struct og_arrival_memory *m, struct og_buf *out)
{
	og_buf_ch(out, '1');
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		const struct og_arrival_recall *r = &m->signal[s];
		bool known = (unsigned)r->state < OG_AR_STATE_COUNT_;
		og_buf_ch(out, ';');
		og_buf_str(out, og_arrival_state_name(known ? r->state : OG_AR_UNKNOWN));
		const int64_t times[] = {r->since_s, r->seen_s, r->answered_s};
		for (size_t i = 0; i < 3; i++) {
			og_buf_ch(out, ',');
			og_buf_u64(out, (unsigned long long)ar_time(times[i]));
		}
		og_buf_ch(out, ',');
		og_buf_u64(out, r->misses < 255 ? r->misses : 255);
		og_buf_str(out, r->regressed ? ",1," : ",0,");
		og_buf_sv(out, revision_text(r->revision));
		og_buf_ch(out, ',');
		og_buf_sv(out, revision_text(r->flowed));
	}
}

static bool read_revision(struct og_sv s, char out[OG_ARRIVAL_REVISION_BYTES])
{
	if (s.n >= OG_ARRIVAL_REVISION_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!fine_char(s.p[i]))
			return false;
	memset(out, 0, OG_ARRIVAL_REVISION_BYTES);
	if (s.n)
		memcpy(out, s.p, s.n);
	return true;
}

/* The part before the next `c`, or all of it for the last one. */
static bool next(struct og_sv *rest, char c, bool last, struct og_sv *ret)
{
	size_t at = og_sv_chr(*rest, c);
	if ((at == rest->n) != last)
		return false;
	*ret = og_sv(rest->p, at);
	*rest = last ? og_sv(rest->p + at, 0) : og_sv(rest->p + at + 1, rest->n - at - 1);
	return true;
}

static bool read_one(struct og_sv text, int64_t now_s, struct og_arrival_recall *r)
{
	struct og_sv part[8];
	for (size_t i = 0; i < 8; i++)
		if (!next(&text, ',', i == 7, &part[i]))
			return false;
	unsigned state = 0;
	while (state < OG_AR_STATE_COUNT_ &&
		!og_sv_eq(part[0], og_svz(og_arrival_state_name((enum og_arrival_state)state))))
		state++;
	if (state == OG_AR_STATE_COUNT_)
		return false;
	r->state = (enum og_arrival_state)state;
	int64_t *const times[] = {&r->since_s, &r->seen_s, &r->answered_s};
	for (size_t i = 0; i < 3; i++) {
		if (og_parse_i64(part[i + 1], 0, ar_time(INT64_MAX), times[i], NULL))
			return false;
		if (*times[i] > now_s)
			*times[i] = now_s; /* else it would be believed for ever */
	}
	uint32_t regressed;
	if (og_parse_u32(part[4], 0, 255, &r->misses, NULL) ||
		og_parse_u32(part[5], 0, 1, &regressed, NULL))
		return false;
	r->regressed = regressed != 0;
	return read_revision(part[6], r->revision) && read_revision(part[7], r->flowed);
}

int og_arrival_memory_read(
	struct og_sv text, int64_t now_s, struct og_arrival_memory *ret, struct og_err *err)
{
	struct og_arrival_memory m = {0};
	struct og_sv part;
	if (text.n > OG_ARRIVAL_MEMORY_BYTES)
		return og_err_set(err, OG_E_LIMIT, "a memory of arrival is longer than %d bytes",
			OG_ARRIVAL_MEMORY_BYTES);
	bool fine = next(&text, ';', false, &part) && og_sv_is(part, "1");
	for (unsigned s = 0; fine && s < OG_SIGNAL_COUNT_; s++)
		fine = next(&text, ';', s + 1 == OG_SIGNAL_COUNT_, &part) &&
		       read_one(part, ar_time(now_s), &m.signal[s]);
	if (!fine)
		return og_err_set(err, OG_E_PARSE, "not a memory of arrival");
	*ret = m;
	return 0;
}
