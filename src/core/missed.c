/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a pod's admission was missed, and why. */
#include "otelgate/core/missed.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/plan.h"

static const struct {
	const char *name, *text, *finding;
} rows[OG_MISSED_COUNT_] = {
	[OG_MISSED_NOT] = {"none", "nothing is missing", NULL},
	[OG_MISSED_EXCLUDED] = {"excluded", "injection is asked for where otelgate never comes",
		"OG207"},
	[OG_MISSED_CONFIG] = {"config-error", "what is asked for is not in the configuration",
		"OG204"},
	[OG_MISSED_NO_WEBHOOK] = {"no-webhook", "the webhook is not registered", "OG101"},
	[OG_MISSED_BEFORE_WEBHOOK] = {"before-webhook",
		"the pod was created before the webhook was registered", "OG603"},
	[OG_MISSED_BEFORE_PROFILE] = {"before-profile", "the pod was created before its profile",
		"OG603"},
	[OG_MISSED_BEFORE_OPT_IN] = {"before-opt-in",
		"the pod was created before the opt-in, or before its last change", "OG603"},
	[OG_MISSED_WEBHOOK_AWAY] = {"webhook-away",
		"the pod was created while the webhook could not be reached, or failed open",
		"OG111"},
	[OG_MISSED_UNKNOWN] = {"unknown", "something that decides could not be seen", "OG301"},
};

const char *og_missed_name(enum og_missed m)
{
	return (unsigned)m < OG_MISSED_COUNT_ ? rows[m].name : "unknown";
}

const char *og_missed_text(enum og_missed m)
{
	return (unsigned)m < OG_MISSED_COUNT_ ? rows[m].text : "";
}

const char *og_missed_finding(enum og_missed m)
{
	return (unsigned)m < OG_MISSED_COUNT_ ? rows[m].finding : NULL;
}

static int64_t time_of(struct og_jval v, struct og_arena *arena)
{
	int64_t ns = 0;
	struct og_sv text = og_jstr_or_empty(v, arena);
	return text.n && og_parse_rfc3339(text, &ns, NULL) == 0 ? ns / OG_NS_PER_S : 0;
}

static int read_selector(struct og_jval webhook, const char *member, struct og_arena *arena,
	struct og_selector *ret, struct og_err *err)
{
	struct og_jval v = og_jget(webhook, og_svz(member));
	if (og_junset(v)) {
		*ret = (struct og_selector){.present = true}; /* absent lets everything through */
		return 0;
	}
	int r = og_selector_read(v, arena, ret, err);
	return r < 0 ? og_err_wrap(err, "%s", member) : 0;
}

int og_registration_read(struct og_jval object, struct og_arena *arena, struct og_registration *ret,
	struct og_err *err)
{
	struct og_jval list = og_jgetl(object, "webhooks");
	struct og_registration reg = {.present = og_jis(object, OG_J_OBJECT)};
	bool ours = false;

	for (struct og_jiter it = og_jiter(list); og_jnext(&it);)
		ours |= og_sv_ends(
			og_jstr_or_empty(og_jgetl(it.val, "name"), arena), OG_SV(".otelgate.dev"));
	for (struct og_jiter it = og_jiter(list); og_jnext(&it);) {
		struct og_sv name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena);
		if ((ours && !og_sv_ends(name, OG_SV(".otelgate.dev"))) ||
			reg.nwebhooks == OG_COUNT(reg.webhooks))
			continue;
		struct og_registration_webhook *w = &reg.webhooks[reg.nwebhooks++];
		w->name = name;
		int r = read_selector(it.val, "namespaceSelector", arena, &w->namespaces, err);
		if (r == 0)
			r = read_selector(it.val, "objectSelector", arena, &w->objects, err);
		if (r < 0)
			return og_err_wrap(err, "webhook %.*s", OG_SV_ARG(name));
	}
	reg.created_s = time_of(og_jpath(object, "metadata", "creationTimestamp", NULL), arena);
	*ret = reg;
	return arena->failed ? og_err_set(err, OG_E_OOM, "reading the registration") : 0;
}

/* Members of fieldsV1 that mean an opt-in; the operator's name their language. */
static bool opts_in(struct og_jval fields)
{
	enum { LONGEST = 128 };
	for (struct og_jiter it = og_jiter(fields); og_jnext(&it);) {
		struct og_sv key = og_jraw(it.key);
		if (key.n > LONGEST)
			continue;
		if (og_sv_is(key, "\"f:" OG_PREFIX "inject\"") ||
			og_sv_starts(key, OG_SV("\"f:instrumentation.opentelemetry.io/inject-")))
			return true;
	}
	return false;
}

int64_t og_optin_written_s(struct og_jval object)
{
	int64_t earliest = 0;
	struct og_jval list = og_jpath(object, "metadata", "managedFields", NULL);

	for (struct og_jiter it = og_jiter(list); og_jnext(&it);) {
		struct og_jval meta = og_jpath(it.val, "fieldsV1", "f:metadata", NULL);
		if (!opts_in(og_jgetl(meta, "f:annotations")) &&
			!opts_in(og_jgetl(meta, "f:labels")))
			continue;
		/* A time never holds an escape, so the raw text less its quotes is the value. */
		struct og_sv raw = og_jraw(og_jgetl(it.val, "time"));
		int64_t ns = 0;
		if (raw.n > 2 && og_parse_rfc3339(og_sv(raw.p + 1, raw.n - 2), &ns, NULL) == 0 &&
			(!earliest || ns / OG_NS_PER_S < earliest))
			earliest = ns / OG_NS_PER_S;
	}
	return earliest;
}

/* Whether any webhook of the registration gets this pod. Unknown namespace labels let it through:
 * the answer must not be "excluded" without having seen why. */
static bool lets_through(const struct og_registration *reg, const struct og_missed_input *in)
{
	for (uint32_t i = 0; i < reg->nwebhooks; i++) {
		const struct og_registration_webhook *w = &reg->webhooks[i];
		if (in->facts.ns.known && !og_selector_match(&w->namespaces, &in->facts.ns.labels))
			continue;
		if (og_selector_match(&w->objects, &in->pod->labels))
			return true;
	}
	return false;
}

static const char *excluded(const struct og_missed_input *in, enum og_reason reason)
{
	struct og_sv ns = in->facts.namespace_name;

	if (reason == OG_REASON_EXCLUDED_NAMESPACE || og_sv_is(ns, "kube-system") ||
		og_sv_is(ns, "kube-public") || og_sv_is(ns, "kube-node-lease"))
		return "it is in a system namespace";
	if (og_kvs_getl(&in->pod->annotations, "kubernetes.io/config.mirror"))
		return "it mirrors a static pod of its node";
	if (reason == OG_REASON_WINDOWS)
		return "it is for Windows nodes";
	if (reason == OG_REASON_NO_TARGET)
		return "every container of it is skipped";
	if (in->registration && in->registration->nwebhooks && !lets_through(in->registration, in))
		return "the selectors of the webhook's registration leave it out";
	return NULL;
}

/* What the pod is older than, in the order in which people can do something about it. */
static enum og_missed by_time(const struct og_missed_input *in, struct og_missed_result *r)
{
	const struct og_registration *reg = in->registration;
	int64_t profile = in->profile_created_s && r->profile.n
				  ? in->profile_created_s(in->ctx, r->profile)
				  : 0;
	int64_t optin = r->level < OG_LEVEL_PROFILE ? in->written_s[r->level] : 0;
	const struct {
		int64_t at;
		enum og_missed what;
	} begins[] = {{reg ? reg->created_s : 0, OG_MISSED_BEFORE_WEBHOOK},
		{profile, OG_MISSED_BEFORE_PROFILE}, {optin, OG_MISSED_BEFORE_OPT_IN}};

	for (size_t i = 0; i < OG_COUNT(begins); i++) {
		if (!begins[i].at || in->created_s >= begins[i].at)
			continue;
		r->since_s = begins[i].at;
		return begins[i].what;
	}
	return in->created_s && reg ? OG_MISSED_WEBHOOK_AWAY : OG_MISSED_UNKNOWN;
}

/* The decision, from the whole pod where it is known. */
static int decide(const struct og_missed_input *in, struct og_arena *arena,
	struct og_missed_result *r, struct og_findings *findings, struct og_err *err)
{
	struct og_optin optin;
	struct og_plan *plan = NULL;

	if (!og_jis(in->object, OG_J_OBJECT)) {
		og_optin_decide(
			in->config, in->pod, &in->facts, og_sv(NULL, 0), arena, findings, &optin);
		r->reason = optin.reason;
	} else {
		struct og_plan_input pi = {
			.config = in->config, .object = in->object, .facts = in->facts};
		int rc = og_plan_make(&pi, arena, &plan, err);
		if (rc < 0)
			return rc;
		optin = plan->optin;
		r->reason = plan->reason;
		*findings = plan->findings;
	}
	r->level = optin.level;
	r->profile = optin.profile ? optin.profile->name : og_sv("", 0);
	return 0;
}

static struct og_sv first_detail(const struct og_findings *f, const char *id)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (og_sv_eq(og_svz(f->v[i].def->id), og_svz(id)))
			return f->v[i].detail;
	return og_sv("", 0);
}

static void judge(const struct og_missed_input *in, const struct og_findings *findings,
	struct og_missed_result *r)
{
	const char *why;

	switch (r->reason) {
	case OG_REASON_NOT_OPTED_IN:
	case OG_REASON_OPTED_OUT:
	case OG_REASON_NOT_A_POD:
		return;
	case OG_REASON_PROFILE_MISSING:
	case OG_REASON_NO_CONFIG:
	case OG_REASON_NO_ENDPOINT:
		if (in->config_unknown) {
			r->what = OG_MISSED_UNKNOWN;
			r->detail = OG_SV("the profiles could not be seen");
			return;
		}
		r->what = OG_MISSED_CONFIG;
		r->detail = first_detail(
			findings, r->reason == OG_REASON_NO_ENDPOINT ? "OG501" : "OG204");
		return;
	default:
		break;
	}
	if ((why = excluded(in, r->reason))) {
		r->what = OG_MISSED_EXCLUDED;
		r->detail = og_svz(why);
	} else if (in->registration && !in->registration->nwebhooks) {
		r->what = OG_MISSED_NO_WEBHOOK;
	} else {
		r->what = by_time(in, r);
	}
}

int og_missed_judge(const struct og_missed_input *in, struct og_arena *arena,
	struct og_missed_result *ret, struct og_err *err)
{
	struct og_missed_result r = {.what = OG_MISSED_NOT, .level = OG_LEVEL_COUNT_};
	struct og_findings findings = {0};

	if (og_kvs_getl(&in->pod->labels, OG_LABEL_REVISION)) {
		r.reason = OG_REASON_UP_TO_DATE;
		*ret = r;
		return 0;
	}
	int rc = decide(in, arena, &r, &findings, err);
	if (rc < 0)
		return rc;
	judge(in, &findings, &r);
	*ret = r;
	return arena->failed ? og_err_set(err, OG_E_OOM, "judging a pod") : 0;
}
