/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of a verdict. */
#include "arrival-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"

enum { NAME_MAX_SAID = 128 };

static const char *const things[] = {"metrics", "traces", "log lines", "profiles"};
static const char *const backends[] = {"Prometheus", "Tempo", "Loki", "Pyroscope"};

/* Names come from whoever sends: control characters and what is no text are not passed on. */
void ar_quote(struct og_buf *b, struct og_sv s)
{
	bool cut = s.n > NAME_MAX_SAID;
	s.n = cut ? NAME_MAX_SAID : s.n;
	while (cut && s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	bool text = og_utf8_valid(s.p, s.n);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		og_buf_ch(b, c < ' ' || c == 0x7f || (c >= 0x80 && !text) ? '?' : s.p[i]);
	}
	if (cut)
		og_buf_lit(b, "...");
}

static void when(struct og_buf *b, int64_t s)
{
	char text[OG_RFC3339_BYTES];
	og_fmt_rfc3339(text, (s < INT64_MAX / OG_NS_PER_S ? s : 0) * OG_NS_PER_S);
	og_buf_str(b, text);
}

static void say_silent(struct og_buf *b, const struct og_arrival_verdict *v)
{
	og_buf_lit(b, "; not: ");
	for (uint32_t i = 0; i < v->nsilent; i++) {
		if (i)
			og_buf_lit(b, ", ");
		ar_quote(b, v->silent[i]);
	}
	if (v->silent_total > v->nsilent)
		og_buf_fmt(b, " and %u more", v->silent_total - v->nsilent);
}

static void say_arrival(struct og_buf *b, const struct og_arrival_verdict *v)
{
	const char *thing = things[v->signal];
	if (!v->covers_known) {
		og_buf_ch(b, (char)(thing[0] - 'a' + 'A'));
		og_buf_str(b, thing + 1);
		og_buf_str(b, v->has_evidence && v->tie <= OG_TIE_SERVICE
				      ? " arrive under the name of the service"
				      : " arrive");
	} else {
		og_buf_u64(b, v->covered);
		og_buf_ch(b, '/');
		og_buf_u64(b, v->of);
		og_buf_str(b, v->of == 1 ? " pod sends " : " pods send ");
		og_buf_str(b, thing);
		if (v->nsilent)
			say_silent(b, v);
	}
	og_buf_ch(b, '.');
}

static void say_kept(struct og_buf *b, const struct ar_one *o, const struct og_arrival_verdict *v)
{
	og_buf_fmt(b, "%s has no new answer (%s); ", backends[o->s], v->why);
	if (o->src->message.n && !o->usable) {
		ar_quote(b, o->src->message);
		og_buf_lit(b, "; ");
	}
	og_buf_fmt(b, "the last one, of ");
	when(b, v->answered_s);
	og_buf_fmt(b, ", said %s.", og_arrival_state_name(v->state));
}

static void say_reason(struct ar_judge *j, struct og_buf *b, const struct ar_one *o,
	const struct og_arrival_verdict *v)
{
	enum ar_why why = j->why[o->s];
	if (why == AR_UNANSWERED && o->src->message.n) {
		ar_quote(b, o->src->message);
		if (b->len && b->p[b->len - 1] != '.')
			og_buf_ch(b, '.');
	} else {
		og_buf_str(b, ar_reasons[why].text);
	}
	bool missing = v->state == OG_AR_NEVER || v->state == OG_AR_STALE ||
		       (v->state == OG_AR_IDLE && why != AR_NO_REQUESTS);
	if (missing && v->last_seen_s) {
		og_buf_lit(b, " Last seen ");
		when(b, v->last_seen_s);
		og_buf_ch(b, '.');
	}
	if (why == AR_SHARED_NAME && j->nothers) {
		og_buf_lit(b, " The same name has ");
		ar_quote(b, j->ix->w[j->others[0]].ns);
		og_buf_ch(b, '/');
		ar_quote(b, j->ix->w[j->others[0]].name);
		og_buf_ch(b, '.');
	}
}

void ar_say(struct ar_judge *j, struct ar_one *o, struct og_arrival_verdict *v)
{
	struct og_buf b = OG_BUF_INIT(AR_TEXT_MAX);
	enum ar_why why = j->why[o->s];
	if (v->kept)
		say_kept(&b, o, v);
	else if (why == AR_ARRIVING)
		say_arrival(&b, v);
	else
		say_reason(j, &b, o, v);
	if (v->regressed) {
		og_buf_lit(&b, " With revision ");
		ar_quote(&b, og_sv(o->before->flowed,
				     strnlen(o->before->flowed, OG_ARRIVAL_REVISION_BYTES)));
		og_buf_lit(&b, " it arrived.");
	} else if (v->old_sending && why != AR_OLD_PODS_ONLY && why != AR_OLD_REVISION_ONLY) {
		og_buf_lit(&b, " Pods of another revision send too.");
	}
	v->message = og_arena_sv(j->arena, og_buf_view(&b));
	if (b.failed && !b.full)
		j->arena->failed = true;
	og_buf_fini(&b);
}
