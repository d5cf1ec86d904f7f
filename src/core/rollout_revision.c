/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of pods, and what they add up to: "2/3", the old ones by name. */
#include "rollout-priv.h"

#include "otelgate/base/mem.h"

static const struct {
	const char *name;
} classes[OG_POD_CLASS_COUNT_] = {
	[OG_CLASS_CURRENT] = {"current"},
	[OG_CLASS_STALE] = {"stale"},
	[OG_CLASS_BARE] = {"bare"},
	[OG_CLASS_SKIPPED] = {"skipped"},
	[OG_CLASS_TERMINATING] = {"terminating"},
	[OG_CLASS_FINISHED] = {"finished"},
};
static const struct {
	const char *name, *text;
	enum rollout_why all; /* every pod that should be current is so */
} causes[OG_STALE_COUNT_] = {
	[OG_STALE_NOT] = {"", "", WHY_STALE},
	[OG_STALE_CONFIG] = {"config", "injected before the configuration changed", WHY_STALE},
	[OG_STALE_CREDENTIAL] = {"credential", "started before the credentials changed",
		WHY_STALE_CREDENTIAL},
	[OG_STALE_BEFORE_SECRET] = {"started-before-secret", "started before its Secret was there",
		WHY_BEFORE_SECRET},
};

const char *og_pod_class_name(enum og_pod_class c)
{
	return (unsigned)c < OG_POD_CLASS_COUNT_ ? classes[c].name : "unknown";
}
const char *og_stale_cause_name(enum og_stale_cause c)
{
	return (unsigned)c < OG_STALE_COUNT_ ? causes[c].name : "unknown";
}
const char *og_stale_cause_text(enum og_stale_cause c)
{
	return (unsigned)c < OG_STALE_COUNT_ ? causes[c].text : "";
}

/* ---- one pod ---- */

static bool is_injected(const struct og_rollout_pod *p)
{
	/* A label alone may have been copied into the template. */
	return p->state ? p->state->injected : p->revision.n > 0;
}

/* Variables from a Secret are read when the container starts. What started in the second of the
 * change may have either; it is not accused. */
static enum og_stale_cause credential_cause(
	const struct og_rollout_input *in, const struct og_rollout_pod *p)
{
	const struct og_pod_state *s = p->state;
	if (!s || !s->uses_secret || !s->started_s)
		return OG_STALE_NOT;
	if (in->secret_created_s && s->started_s < in->secret_created_s)
		return OG_STALE_BEFORE_SECRET;
	if (in->secret_changed_s && s->started_s < in->secret_changed_s)
		return OG_STALE_CREDENTIAL;
	return OG_STALE_NOT;
}

void og_rollout_classify(const struct og_rollout_input *in, struct og_rollout_pod *p)
{
	enum og_pod_phase phase = p->state ? p->state->phase : OG_POD_PHASE_UNKNOWN;
	p->cause = OG_STALE_NOT;
	if (phase == OG_POD_SUCCEEDED || phase == OG_POD_FAILED) {
		p->class_ = OG_CLASS_FINISHED;
	} else if (p->deleting) {
		p->class_ = OG_CLASS_TERMINATING;
	} else if (!in->injects || p->left_alone) {
		p->class_ = is_injected(p) ? OG_CLASS_STALE : OG_CLASS_SKIPPED;
		p->cause = is_injected(p) ? OG_STALE_CONFIG : OG_STALE_NOT;
	} else if (!is_injected(p)) {
		p->class_ = OG_CLASS_BARE;
	} else {
		p->cause = credential_cause(in, p);
		if (p->cause == OG_STALE_NOT && in->revision.n &&
			!og_sv_eq(p->revision, in->revision))
			p->cause = OG_STALE_CONFIG;
		p->class_ = p->cause == OG_STALE_NOT ? OG_CLASS_CURRENT : OG_CLASS_STALE;
	}
}

/* ---- all of them ---- */

enum { NAMED = 3 };

static bool is_old(const struct og_rollout_pod *p)
{
	return p->class_ == OG_CLASS_STALE || p->class_ == OG_CLASS_BARE;
}

static int64_t made_at(const struct og_rollout_pod *p)
{
	return p->created_s || !p->state ? p->created_s : p->state->created_s;
}

/* The oldest first, by name among equals. */
static const struct og_rollout_pod *next_old(
	const struct og_rollout_input *in, const struct og_rollout_pod *after)
{
	const struct og_rollout_pod *best = NULL;
	for (uint32_t i = 0; i < in->npods; i++) {
		const struct og_rollout_pod *p = &in->pods[i];
		int64_t at = made_at(p);
		if (!is_old(p))
			continue;
		if (after && (at < made_at(after) || (at == made_at(after) &&
							     og_sv_cmp(p->name, after->name) <= 0)))
			continue;
		if (!best || at < made_at(best) ||
			(at == made_at(best) && og_sv_cmp(p->name, best->name) < 0))
			best = p;
	}
	return best;
}

static void name_one(const struct og_rollout_pod *p, struct og_buf *b)
{
	const char *open = " (";
	rollout_quote(b, p->name);
	if (made_at(p)) {
		og_buf_str(b, open);
		og_buf_lit(b, "of ");
		rollout_when(b, made_at(p));
		open = ", ";
	}
	if (p->owner.n) {
		og_buf_str(b, open);
		rollout_quote(b, p->owner);
		open = ", ";
	}
	const char *why = p->class_ == OG_CLASS_STALE  ? causes[p->cause].text
			  : p->missed != OG_MISSED_NOT ? og_missed_name(p->missed)
						       : "without injection";
	og_buf_fmt(b, "%s%s)", open, why);
}

static void name_old(const struct og_rollout_input *in, struct og_buf *b)
{
	uint32_t named = 0, all = 0;
	for (uint32_t i = 0; i < in->npods; i++)
		all += is_old(&in->pods[i]);
	for (const struct og_rollout_pod *p = next_old(in, NULL); p && named < NAMED;
		p = next_old(in, p)) {
		og_buf_str(b, named++ ? ", " : ": ");
		name_one(p, b);
	}
	if (all > named)
		og_buf_fmt(b, " and %u more", all - named);
	og_buf_lit(b, ".");
}

static bool by_hand(const struct og_rollout_input *in)
{
	return in->facts && (in->facts->strategy == OG_STRATEGY_ON_DELETE || in->facts->partition);
}

static bool by_runs(const struct og_rollout_input *in)
{
	return in->facts && in->facts->kind == OG_RK_CRONJOB;
}

static enum og_stale_cause worst_cause(const struct og_rollout_result *r)
{
	for (unsigned c = OG_STALE_COUNT_ - 1; c > OG_STALE_NOT; c--)
		if (r->causes[c])
			return (enum og_stale_cause)c;
	return OG_STALE_NOT;
}

static enum rollout_why revision_why(
	const struct og_rollout_input *in, const struct og_rollout_result *r)
{
	uint32_t current = r->classes[OG_CLASS_CURRENT], bare = r->classes[OG_CLASS_BARE];
	uint32_t stale = r->classes[OG_CLASS_STALE];
	if (!r->total)
		return WHY_NOBODY;
	if (!in->injects)
		return stale ? WHY_REMOVAL : WHY_NOT_WANTED;
	if (!stale && !bare)
		return current ? WHY_ALL_CURRENT : WHY_NOT_WANTED;
	if (by_runs(in))
		return WHY_COMES_WITH_RUN;
	if (by_hand(in))
		return WHY_HELD_BACK;
	if (current)
		return WHY_MIXED;
	return stale ? causes[worst_cause(r)].all : WHY_BARE;
}

static struct og_sv ratio(const struct og_rollout_result *r, struct og_arena *arena)
{
	struct og_buf b = OG_BUF_INIT(64);
	uint32_t current = r->classes[OG_CLASS_CURRENT];
	uint32_t all = current + r->classes[OG_CLASS_STALE] + r->classes[OG_CLASS_BARE];
	if (all)
		og_buf_fmt(&b, "%u/%u", current, all);
	else
		og_buf_lit(&b, "-");
	return rollout_keep(&b, arena);
}

static void count(const struct og_rollout_input *in, struct og_rollout_result *r)
{
	for (uint32_t i = 0; i < in->npods; i++) {
		struct og_rollout_pod *p = &in->pods[i];
		og_rollout_classify(in, p);
		r->classes[p->class_]++;
		r->causes[p->cause] += p->class_ == OG_CLASS_STALE;
		r->total += p->class_ != OG_CLASS_TERMINATING && p->class_ != OG_CLASS_FINISHED;
	}
	r->held_back = r->causes[OG_STALE_CREDENTIAL] + r->causes[OG_STALE_BEFORE_SECRET];
}

void rollout_revision_judge(
	const struct og_rollout_input *in, struct og_arena *arena, struct og_rollout_result *r)
{
	struct og_rollout_verdict *v = &r->revision;
	struct og_buf b = OG_BUF_INIT(ROLLOUT_TEXT_MAX);

	count(in, r);
	r->ratio = ratio(r, arena);
	enum rollout_why why = revision_why(in, r);
	const struct og_rollout_pod *old = next_old(in, NULL);
	if (old) {
		v->pod = old->name;
		v->since_s = made_at(old);
		v->affected = r->classes[OG_CLASS_STALE] + r->classes[OG_CLASS_BARE];
		if (in->injects)
			og_buf_fmt(&b, "%.*s pods carry what they should; not so",
				OG_SV_ARG(r->ratio));
		else
			og_buf_fmt(&b, "%u pods are still injected", r->classes[OG_CLASS_STALE]);
		name_old(in, &b);
	} else {
		og_buf_str(&b, rollout_reasons[why].text);
	}
	rollout_verdict_set(in, why, arena, v);
	v->message = rollout_keep(&b, arena);
}
