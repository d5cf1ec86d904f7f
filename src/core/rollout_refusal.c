/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that the API server refuses: what the controllers write down about it. */
#include "rollout-priv.h"

#include "otelgate/base/mem.h"

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
	[OG_REFUSAL_ACCOUNT] = WHY_NO_ACCOUNT,
};

static bool says_refused(const struct og_rollout_facts *f)
{
	return f && f->cond[OG_COND_REPLICA_FAILURE].status == OG_COND_TRUE &&
	       !og_sv_is(f->cond[OG_COND_REPLICA_FAILURE].reason, "FailedDelete");
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
	}
	return r;
}
