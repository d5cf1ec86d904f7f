/* SPDX-License-Identifier: Apache-2.0 */
/* What was written before, in as few bytes as tell whether anything has changed. */
#include <stdio.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/telemetry.h"

enum { DEPTH = 16, RESTART_BYTES = 4096 };
static const uint64_t SEED = 0x7774206469676573ULL;

/* Texts are compared unescaped: the server writes them as it likes. */
static uint64_t digest_leaf(struct og_jval v, uint64_t type, struct og_arena *scratch)
{
	return og_hash64(
		SEED + type, og_jis(v, OG_J_STRING) ? og_jstr_or_empty(v, scratch) : og_jraw(v));
}

/* Members in any order give the same: their digests are added up. A number is its text, which is
 * the same both ways for the integers that are written.
 * NOLINTNEXTLINE(misc-no-recursion): no deeper than DEPTH */
static uint64_t digest(struct og_jval v, struct og_arena *scratch, int depth)
{
	uint64_t sum = (uint64_t)og_jtype(v) + 1, one[2];
	bool object = og_jis(v, OG_J_OBJECT);

	if ((!object && !og_jis(v, OG_J_ARRAY)) || depth >= DEPTH)
		return digest_leaf(v, sum, scratch);
	og_jfor (it, v) {
		one[0] = object ? digest_leaf(it.key, 0, scratch) : sum;
		one[1] = digest(it.val, scratch, depth + 1);
		uint64_t h = og_hash64(SEED, og_sv((const char *)one, sizeof(one)));
		sum = object ? sum + h : h;
	}
	return sum;
}

uint64_t og_telemetry_digest(struct og_jval status, struct og_arena *scratch)
{
	uint64_t sum = 0, one[2];

	og_jfor (it, status) {
		if (og_jstr_is(it.key, "restart"))
			continue;
		one[0] = digest_leaf(it.key, 0, scratch);
		one[1] = digest(it.val, scratch, 1);
		sum += og_hash64(SEED, og_sv((const char *)one, sizeof(one)));
	}
	return sum;
}

static const char letters[] = {[OG_COND_ABSENT] = '-',
	[OG_COND_UNKNOWN] = 'U',
	[OG_COND_FALSE] = 'F',
	[OG_COND_TRUE] = 'T'};

static enum og_cond_status status_of(struct og_jval c)
{
	struct og_jval s = og_jgetl(c, "status");

	if (og_jstr_is(s, "True"))
		return OG_COND_TRUE;
	return og_jstr_is(s, "False") ? OG_COND_FALSE : OG_COND_UNKNOWN;
}

static struct og_jval condition(struct og_jval status, enum og_telemetry_cond type)
{
	og_jfor (it, og_jgetl(status, "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(og_telemetry_cond_name(type))))
			return it.val;
	return OG_JABSENT;
}

uint64_t og_telemetry_rollout_mark(struct og_sv state, struct og_sv reason)
{
	return og_hash64(og_hash64(SEED, state), reason);
}

static int64_t seconds_of(struct og_jval text, struct og_arena *scratch)
{
	int64_t ns = 0;

	if (og_parse_rfc3339(og_jstr_or_empty(text, scratch), &ns, NULL) < 0 || ns < 0)
		return 0;
	return ns / OG_NS_PER_S;
}

static void pack_rollout(struct og_jval rollout, struct og_arena *scratch, struct og_buf *out)
{
	og_buf_fmt(out, " %016llx %lld",
		(unsigned long long)og_telemetry_rollout_mark(
			og_jstr_or_empty(og_jgetl(rollout, "state"), scratch),
			og_jstr_or_empty(og_jgetl(rollout, "reason"), scratch)),
		(long long)seconds_of(og_jgetl(rollout, "since"), scratch));
}

/* One line: what is written is. */
static void pack_seen(struct og_jval seen, struct og_arena *scratch, struct og_buf *out)
{
	struct og_sv text = og_jstr_or_empty(seen, scratch);

	if (text.n <= OG_TELEMETRY_SEEN_BYTES && og_sv_chr(text, '\n') == text.n)
		og_buf_sv(out, text);
	og_buf_ch(out, '\n');
}

/* "DIGEST T123 U456 …\n", status.seen, "\n" and status.restart; "-\n" without a status. */
int og_telemetry_seen_pack(
	struct og_jval object, struct og_arena *scratch, struct og_buf *out, struct og_err *err)
{
	struct og_jval status = og_jgetl(object, "status");

	if (og_junset(status)) {
		og_buf_lit(out, "-\n");
	} else {
		og_buf_fmt(
			out, "%016llx", (unsigned long long)og_telemetry_digest(status, scratch));
		for (int i = 0; i < OG_TC_COUNT_; i++) {
			struct og_jval c = condition(status, (enum og_telemetry_cond)i);
			int64_t t = seconds_of(og_jgetl(c, "lastTransitionTime"), scratch);
			if (og_junset(c) || !t)
				og_buf_lit(out, " -0");
			else
				og_buf_fmt(out, " %c%lld", letters[status_of(c)], (long long)t);
		}
		pack_rollout(og_jgetl(status, "rollout"), scratch, out);
		og_buf_ch(out, '\n');
		pack_seen(og_jgetl(status, "seen"), scratch, out);
		struct og_jval restart = og_jgetl(status, "restart");
		if (og_jis(restart, OG_J_OBJECT) && og_jraw(restart).n <= RESTART_BYTES)
			og_buf_sv(out, og_jraw(restart));
	}
	return out->failed ? og_err_set(err, out->full ? OG_E_LIMIT : OG_E_OOM, "keeping a status")
			   : 0;
}

static bool read_digest(struct og_sv text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.n != 16)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return true;
}

static bool read_cond(struct og_sv part, struct og_telemetry_seen *s, int i)
{
	for (size_t l = 0; part.n > 1 && l < OG_COUNT(letters); l++)
		if (part.p[0] == letters[l]) {
			s->conds[i].status = (enum og_cond_status)l;
			return og_parse_i64(og_sv(part.p + 1, part.n - 1), 0, INT64_MAX,
				       &s->conds[i].since_s, NULL) == 0;
		}
	return false;
}

int og_telemetry_seen_read(struct og_sv text, struct og_telemetry_seen *ret, struct og_err *err)
{
	struct og_telemetry_seen s = {0};
	struct og_sv rest = text, head, part;
	bool ok = og_sv_split(&rest, '\n', &head) && og_sv_split(&head, ' ', &part);

	if (ok && !og_sv_is(part, "-")) {
		s.has_status = true;
		ok = read_digest(part, &s.digest);
		for (int i = 0; ok && i < OG_TC_COUNT_; i++)
			ok = og_sv_split(&head, ' ', &part) && read_cond(part, &s, i);
		ok = ok && og_sv_split(&head, ' ', &part) && read_digest(part, &s.rollout_mark) &&
		     og_sv_split(&head, ' ', &part) &&
		     og_parse_i64(part, 0, INT64_MAX, &s.rollout_since_s, NULL) == 0;
		ok = ok && og_sv_split(&rest, '\n', &s.seen_text);
		s.restart_json = rest;
	}
	if (!ok || head.n)
		return og_err_set(err, OG_E_PARSE, "not what was kept of a status");
	*ret = s;
	return 0;
}
