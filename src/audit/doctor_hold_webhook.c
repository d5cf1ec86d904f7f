/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over the webhook: its registration, its Service, its CA, and a call of it. Pure. */
#include "doctor-priv.h"

enum { TIMEOUT_S = 5 };

#define HOLDS(name)                                                                         \
	bool doctor_##name(const struct og_doctor_facts *f, const struct og_doctor_rule *r, \
		struct og_arena *arena, struct og_doctor_said *ret)
#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))

static bool registered(const struct og_doctor_facts *f)
{
	return doctor_seen(f, OG_DP_REGISTRATION) && f->hook.present && f->hook.webhooks;
}

static bool served(const struct og_doctor_facts *f)
{
	return registered(f) && !f->hook.by_url && doctor_seen(f, OG_DP_SERVICE);
}

/* ---- registration and Service ---- */

HOLDS(no_registration)
{
	(void)r;
	if (!doctor_seen(f, OG_DP_REGISTRATION) || registered(f))
		return false;
	ret->message = f->hook.present
			       ? SAY("MutatingWebhookConfiguration %.*s has no webhook in it.",
					 OG_SV_ARG(f->hook.name))
			       : SAY("The cluster has no MutatingWebhookConfiguration %.*s.",
					 OG_SV_ARG(f->hook.name));
	ret->fix = OG_SV("kubectl apply -k manifests/base");
	return true;
}

HOLDS(hook_service)
{
	const struct og_doctor_service *s = &f->hook.service;

	(void)r;
	if (!served(f) || (s->found && s->has_port))
		return false;
	if (s->found)
		ret->message = SAY("Service %.*s/%.*s has no port %u.", OG_SV_ARG(s->ns),
			OG_SV_ARG(s->name), s->port);
	else
		ret->message = SAY("MutatingWebhookConfiguration %.*s points to Service "
				   "%.*s/%.*s, which is not there.",
			OG_SV_ARG(f->hook.name), OG_SV_ARG(s->ns), OG_SV_ARG(s->name));
	if (!s->found && s->nearest.n)
		ret->fix = SAY("Did you mean %.*s? Correct webhooks[].clientConfig.service in "
			       "MutatingWebhookConfiguration %.*s.",
			OG_SV_ARG(s->nearest), OG_SV_ARG(f->hook.name));
	return true;
}

HOLDS(hook_endpoints)
{
	const struct og_doctor_service *s = &f->hook.service;

	(void)r;
	if (!served(f) || !s->found || !s->slices || s->ready)
		return false;
	ret->message = SAY("Service %.*s/%.*s has no ready address (%u that are not ready).",
		OG_SV_ARG(s->ns), OG_SV_ARG(s->name), s->not_ready);
	ret->fix = SAY("kubectl -n %.*s get pods -l app.kubernetes.io/component=webhook -o wide",
		OG_SV_ARG(s->ns));
	return true;
}

HOLDS(fails_broad)
{
	const struct og_doctor_hook *h = &f->hook;

	(void)r;
	if (!registered(f) || !h->fails_closed || (!h->covers_system && !h->covers_own))
		return false;
	ret->message = SAY("failurePolicy is Fail, and the selectors include %s%s%s.",
		h->covers_system ? "kube-system" : "",
		h->covers_system && h->covers_own ? " and " : "",
		h->covers_own ? "its own namespace" : "");
	ret->fix = SAY("kubectl patch mutatingwebhookconfiguration %.*s --type=json -p "
		       "'[{\"op\":\"replace\",\"path\":\"/webhooks/0/failurePolicy\",\"value\":"
		       "\"Ignore\"}]'",
		OG_SV_ARG(h->name));
	return true;
}

HOLDS(availability)
{
	const struct og_doctor_hook *h = &f->hook;
	bool one = served(f) && h->service.slices && h->service.ready == 1;

	(void)r;
	if (!registered(f) || (!one && h->timeout_s <= TIMEOUT_S))
		return false;
	if (one)
		ret->message = SAY("One address alone stands behind Service %.*s/%.*s.",
			OG_SV_ARG(h->service.ns), OG_SV_ARG(h->service.name));
	else
		ret->message = SAY("timeoutSeconds is %lld: so long each pod may be held up.",
			(long long)h->timeout_s);
	if (one)
		ret->fix = SAY("kubectl -n %.*s scale deployment otelgate-webhook --replicas=2",
			OG_SV_ARG(h->service.ns));
	return true;
}

HOLDS(no_reinvocation)
{
	(void)r, (void)arena;
	if (!registered(f) || f->hook.reinvokes)
		return false;
	ret->message = OG_SV("reinvocationPolicy is not IfNeeded: containers that other webhooks "
			     "add later get nothing.");
	return true;
}

/* ---- CA ---- */

HOLDS(ca_expired)
{
	const struct og_doctor_hook *h = &f->hook;

	(void)r;
	if (!registered(f) || !h->ca_good || h->ca_not_after > f->now_s)
		return false;
	ret->message = SAY("The CA in caBundle of MutatingWebhookConfiguration %.*s has ended %.*s "
			   "ago.",
		OG_SV_ARG(h->name), OG_SV_ARG(doctor_span(f->now_s - h->ca_not_after, arena)));
	ret->fix = SAY("kubectl -n %.*s rollout restart deployment/otelgate-webhook",
		OG_SV_ARG(h->service.ns));
	return true;
}

/* The call fails although the network carries it. */
static bool distrusted(const struct og_doctor_facts *f)
{
	const struct og_doctor_call *c = &f->call;

	return doctor_seen(f, OG_DP_CALL) && !c->marked && c->expected && c->says_tls;
}

/* Whoever renews it has done so, or should have: the CA is good for longer. */
HOLDS(cert_old)
{
	const struct og_doctor_hook *h = &f->hook;

	(void)r;
	if (!registered(f) || !h->ca_good || h->ca_not_after <= f->now_s || !distrusted(f) ||
		!f->call.says_ended)
		return false;
	ret->message = SAY("The certificate that the webhook shows has ended, and the CA in "
			   "caBundle has not: %.*s",
		OG_SV_ARG(f->call.said));
	ret->fix = SAY("kubectl -n %.*s rollout restart deployment/otelgate-webhook   # reads its "
		       "certificate anew",
		OG_SV_ARG(h->service.ns.n ? h->service.ns : OG_SV("otelgate")));
	return true;
}

HOLDS(ca_mismatch)
{
	const struct og_doctor_hook *h = &f->hook;

	(void)r;
	if (!registered(f) || (h->by_url && !h->ca_given))
		return false; /* the system's own CAs hold then */
	if (!h->ca_given)
		ret->message = SAY("caBundle of MutatingWebhookConfiguration %.*s is empty: the "
				   "API server trusts no certificate of the webhook.",
			OG_SV_ARG(h->name));
	else if (!h->ca_good)
		ret->message = SAY("caBundle of MutatingWebhookConfiguration %.*s holds no CA "
				   "certificate.",
			OG_SV_ARG(h->name));
	else if (distrusted(f))
		ret->message = SAY(
			"The API server does not trust the webhook: %.*s", OG_SV_ARG(f->call.said));
	else
		return false;
	ret->fix = SAY("kubectl -n %.*s rollout restart deployment/otelgate-webhook   # its "
		       "replicas keep caBundle",
		h->service.ns.n ? (int)h->service.ns.n : 8,
		h->service.ns.n ? h->service.ns.p : "otelgate");
	return true;
}

HOLDS(ca_expiring)
{
	const struct og_doctor_hook *h = &f->hook;
	int64_t life = h->ca_not_after - h->ca_not_before, left = h->ca_not_after - f->now_s;

	(void)r;
	if (!registered(f) || !h->ca_good || left <= 0 || left >= life / 3)
		return false;
	ret->message = SAY("The CA in caBundle ends in %.*s, less than a third of its life.",
		OG_SV_ARG(doctor_span(left, arena)));
	return true;
}

/* ---- the call ---- */

static bool called(const struct og_doctor_facts *f)
{
	return doctor_seen(f, OG_DP_CALL) && !f->call.marked;
}

HOLDS(excluded)
{
	(void)r;
	if (!called(f) || !f->hook.skips)
		return false;
	ret->message = SAY("namespaceSelector of MutatingWebhookConfiguration %.*s leaves "
			   "namespace %.*s out.",
		OG_SV_ARG(f->hook.name), OG_SV_ARG(f->call.ns));
	return true;
}

static bool refused(const struct og_doctor_facts *f, struct og_arena *arena,
	struct og_doctor_said *ret, enum og_doctor_refusal as)
{
	if (!called(f) || f->call.created || f->call.refusal != as)
		return false;
	ret->place = SAY("dry run of %.*s", OG_SV_ARG(f->call.what));
	ret->message = f->call.said;
	return true;
}

HOLDS(refused_psa)
{
	(void)r;
	return refused(f, arena, ret, OG_DR_POD_SECURITY);
}

HOLDS(refused_quota)
{
	(void)r;
	return refused(f, arena, ret, OG_DR_QUOTA);
}

HOLDS(refused_webhook)
{
	(void)r;
	return refused(f, arena, ret, OG_DR_OTHER_WEBHOOK);
}

/* Its address is there and the way to it is not: asked through the API server itself. */
HOLDS(firewall)
{
	const struct og_doctor_call *c = &f->call;

	(void)r;
	if (!called(f) || !c->expected ||
		!(c->says_timeout || (c->proxied && !c->reached && f->hook.service.ready)))
		return false;
	ret->message = SAY("The webhook has a ready address, and the API server does not reach "
			   "it: %.*s",
		OG_SV_ARG(c->proxied && !c->reached && c->proxy_said.n ? c->proxy_said : c->said));
	return true;
}

HOLDS(no_mutation)
{
	const struct og_doctor_call *c = &f->call;

	(void)r;
	if (!called(f) || !c->expected || (!c->created && c->refusal != OG_DR_OUR_WEBHOOK))
		return false;
	if (c->refusal == OG_DR_OUR_WEBHOOK) {
		ret->message = c->said;
		return true;
	}
	ret->message = SAY("A dry run of %.*s in namespace %.*s came back without otelgate's marks"
			   "%s.",
		OG_SV_ARG(c->what), OG_SV_ARG(c->ns),
		c->reached ? ", although the API server reaches the webhook: its certificate is "
			     "not of the CA in caBundle, or it answered with an error"
			   : "");
	ret->fix =
		OG_SV("kubectl -n otelgate logs -l app.kubernetes.io/component=webhook --tail=50");
	return true;
}

/* ---- what the outage left ---- */

HOLDS(fail_open_gap)
{
	uint32_t pods = 0, workloads = 0;

	(void)r;
	for (uint32_t i = 0; i < f->nrows; i++) {
		uint32_t n = f->rows[i].row.classes[OG_CLASS_BARE];
		if (!f->rows[i].row.opted_in || !f->rows[i].row.pods_seen || !n)
			continue;
		pods += n;
		workloads++;
	}
	if (!pods)
		return false;
	ret->message = SAY("%u pod%s of %u workload%s run%s without the injection they asked for.",
		pods, pods == 1 ? "" : "s", workloads, workloads == 1 ? "" : "s",
		pods == 1 ? "s" : "");
	ret->fix = OG_SV("otelgate missed -A   # why each of them, with the command that mends it");
	return true;
}
