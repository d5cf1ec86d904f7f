/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that the API server refuses: what the controllers write down about it. */
#include "rollout-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

/*
 * Texts of the admission plugins
 * (k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go,
 * k8s.io/pod-security-admission/admission, plugin/pkg/admission/{limitranger,serviceaccount},
 * k8s.io/apiserver/pkg/admission/plugin/webhook/errors). All words of a row have to be there; the
 * first row decides.
 */
static const struct {
	const char *words[2];
	enum og_refusal refusal;
} texts[] = {
	/* webhooks[].name of manifests/base/webhook-registration.yaml */
	{{"webhook \"pods.otelgate.dev\"", NULL}, OG_REFUSAL_OWN_WEBHOOK},
	{{"admission webhook \"", "denied the request"}, OG_REFUSAL_WEBHOOK},
	{{"failed calling webhook", NULL}, OG_REFUSAL_WEBHOOK},
	{{"violates PodSecurity", NULL}, OG_REFUSAL_POD_SECURITY},
	{{"exceeded quota", NULL}, OG_REFUSAL_QUOTA},
	{{"failed quota", NULL}, OG_REFUSAL_QUOTA},
	{{"insufficient quota", NULL}, OG_REFUSAL_QUOTA},
	{{"unable to validate against any security context constraint", NULL},
		OG_REFUSAL_POD_SECURITY},
	{{"usage per Container is", NULL}, OG_REFUSAL_LIMIT_RANGE},
	{{"usage per Pod is", NULL}, OG_REFUSAL_LIMIT_RANGE},
	{{"max limit to request ratio per", NULL}, OG_REFUSAL_LIMIT_RANGE},
	{{"error looking up service account", NULL}, OG_REFUSAL_ACCOUNT},
	{{"serviceaccount \"", "not found"}, OG_REFUSAL_ACCOUNT},
};

enum og_refusal og_refusal_of(struct og_sv message)
{
	for (size_t i = 0; i < OG_COUNT(texts); i++)
		if (og_sv_has(message, og_svz(texts[i].words[0])) &&
			(!texts[i].words[1] || og_sv_has(message, og_svz(texts[i].words[1]))))
			return texts[i].refusal;
	return OG_REFUSAL_OTHER;
}

static const enum rollout_why whys[OG_REFUSAL_COUNT_] = {
	[OG_REFUSAL_OTHER] = WHY_REFUSED,
	[OG_REFUSAL_QUOTA] = WHY_QUOTA,
	[OG_REFUSAL_LIMIT_RANGE] = WHY_LIMIT_RANGE,
	[OG_REFUSAL_POD_SECURITY] = WHY_POD_SECURITY,
	[OG_REFUSAL_WEBHOOK] = WHY_WEBHOOK_DENIED,
	[OG_REFUSAL_OWN_WEBHOOK] = WHY_OWN_WEBHOOK,
	[OG_REFUSAL_ACCOUNT] = WHY_NO_ACCOUNT,
};

static bool says_refused(const struct og_rollout_facts *f)
{
	return f && f->cond[OG_COND_REPLICA_FAILURE].status == OG_COND_TRUE &&
	       !og_sv_is(f->cond[OG_COND_REPLICA_FAILURE].reason, "FailedDelete");
}

/* ---- Events ---- */

bool og_refusal_in_events(enum og_rollout_kind kind)
{
	return kind == OG_RK_STATEFULSET || kind == OG_RK_DAEMONSET || kind == OG_RK_JOB;
}

static int64_t time_of(struct og_jval v, struct og_arena *arena)
{
	struct og_sv text = og_jstr_or_empty(v, arena);
	int64_t ns = 0;

	return text.n && og_parse_rfc3339(text, &ns, NULL) == 0 && ns > 0 ? ns / OG_NS_PER_S : 0;
}

/* Recorders of core/v1 count in deprecated fields, those of events.k8s.io/v1 in `series`
 * (k8s.io/api/events/v1/types.go). */
static int64_t last_of(struct og_jval event, struct og_arena *arena)
{
	int64_t last = time_of(og_jpath(event, "series", "lastObservedTime", NULL), arena);

	if (!last)
		last = time_of(og_jgetl(event, "deprecatedLastTimestamp"), arena);
	return last ? last : time_of(og_jgetl(event, "eventTime"), arena);
}

static int64_t first_of(struct og_jval event, struct og_arena *arena)
{
	int64_t first = time_of(og_jgetl(event, "deprecatedFirstTimestamp"), arena);

	return first ? first : time_of(og_jgetl(event, "eventTime"), arena);
}

bool og_refusal_newest(
	struct og_jval list, struct og_sv uid, struct og_arena *arena, struct og_refusal_event *ret)
{
	struct og_refusal_event best = {.last_s = 0};
	struct og_jval event = {0};

	og_jfor (it, og_jgetl(list, "items")) {
		int64_t last = 0;
		if (og_jstr_is(og_jgetl(it.val, "reason"), "FailedCreate") && uid.n &&
			og_sv_eq(
				og_jstr_or_empty(og_jpath(it.val, "regarding", "uid", NULL), arena),
				uid))
			last = last_of(it.val, arena);
		if (last > best.last_s) {
			best.last_s = last;
			event = it.val;
		}
	}
	if (!best.last_s)
		return false;
	best.first_s = first_of(event, arena);
	if (!best.first_s || best.first_s > best.last_s)
		best.first_s = best.last_s;
	best.message = og_jstr_or_empty(og_jgetl(event, "note"), arena);
	if (best.message.n > OG_REFUSAL_MESSAGE_BYTES)
		best.message.n = OG_REFUSAL_MESSAGE_BYTES;
	while (best.message.n && !og_utf8_valid(best.message.p, best.message.n))
		best.message.n--; /* cut within a character */
	if (!best.message.n)
		return false;
	*ret = best;
	return true;
}

bool rollout_makes_nothing(const struct og_rollout_facts *f)
{
	if (f->kind == OG_RK_JOB)
		return f->active == 0 && !f->suspended;
	return f->total < f->desired && f->ready >= f->total;
}

/* One that is older than the newest pod has been overcome. */
static bool event_counts(const struct og_rollout_input *in)
{
	if (!in->refused.message.n || !in->facts || !og_refusal_in_events(in->facts->kind) ||
		!rollout_makes_nothing(in->facts))
		return false;
	for (uint32_t i = 0; i < in->npods; i++)
		if (in->pods[i].created_s > in->refused.last_s)
			return false;
	return true;
}

/* The newest ReplicaSet's word counts more than the Deployment's copy of it, which may be of an
 * older one. */
struct rollout_refusal rollout_refusal_find(const struct og_rollout_input *in)
{
	const struct og_rollout_child *best = NULL;
	const struct og_rollout_facts *f = says_refused(in->facts) ? in->facts : NULL;
	struct rollout_refusal r = {.why = WHY_COUNT_};

	for (uint32_t i = 0; i < in->nchildren; i++)
		if (says_refused(in->children[i].facts) &&
			(!best || in->children[i].created_s > best->created_s))
			best = &in->children[i];
	if (best) {
		f = best->facts;
		r.child = best->name;
	}
	if (f) {
		const struct og_rollout_cond *c = &f->cond[OG_COND_REPLICA_FAILURE];
		r.message = c->message;
		r.why = whys[og_refusal_of(c->message)];
		r.since_s = c->changed_s;
	} else if (event_counts(in)) {
		r.message = in->refused.message;
		r.why = whys[og_refusal_of(r.message)];
		r.since_s = in->refused.first_s;
	}
	return r;
}
