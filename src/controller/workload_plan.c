/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a workload, from what is kept of its template. */
#include <stdio.h>
#include "otelgate/codec/jwrite.h"
#include "workloads-priv.h"

enum { OBJECT_BYTES = 4 << 20 };

static void write_kvs(struct og_buf *b, const char *key, const struct og_kvs *kvs)
{
	og_buf_fmt(b, ",\"%s\":{", key);
	for (uint32_t i = 0; i < kvs->n; i++) {
		og_buf_str(b, i ? "," : "");
		og_jw_str(b, kvs->v[i].key);
		og_buf_ch(b, ':');
		og_jw_str(b, kvs->v[i].value);
	}
	og_buf_ch(b, '}');
}

static void write_owner(struct og_buf *b, const struct og_owner *o)
{
	og_buf_lit(b, ",\"ownerReferences\":[{\"apiVersion\":\"");
	if (o->group.n) {
		og_jw_part(b, o->group);
		og_buf_ch(b, '/');
	}
	og_buf_lit(b, "v1\",\"kind\":"); /* only its group is read */
	og_jw_str(b, o->kind);
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, o->name);
	og_buf_lit(b, ",\"uid\":");
	og_jw_str(b, o->uid);
	og_buf_lit(b, ",\"controller\":true}]");
}

/* The object again, as far as it was kept. */
static int write_object(struct pass *p, struct og_buf *b, struct og_err *err)
{
	struct og_meta m;
	int r = og_record_meta(&p->record, p->arena, &m, err);

	if (r < 0)
		return r;
	og_buf_fmt(b, "{\"apiVersion\":\"%.*s\",\"kind\":", OG_SV_ARG(p->found.api_version));
	og_jw_str(b, p->ref.kind);
	if (og_sv_is(p->ref.kind, "Pod")) { /* metadata and spec are kept together */
		og_buf_ch(b, ',');
		og_buf_sv(b, og_sv(p->extra.object.p + 1, p->extra.object.n - 1));
	} else {
		og_buf_lit(b, ",\"metadata\":{\"name\":");
		og_jw_str(b, m.name);
		og_buf_lit(b, ",\"namespace\":");
		og_jw_str(b, m.ns);
		og_buf_lit(b, ",\"uid\":");
		og_jw_str(b, m.uid);
		write_kvs(b, "labels", &m.labels);
		write_kvs(b, "annotations", &m.annotations);
		if (m.has_owner)
			write_owner(b, &m.owner);
		og_buf_lit(b, "},\"spec\":");
		og_buf_sv(b, p->extra.object);
		og_buf_ch(b, '}');
	}
	return b->failed ? og_err_set(err, OG_E_OOM, "putting a workload together") : 0;
}

/* The distributed Secret: a variable of the stack's that comes from it. */
static bool uses_secret(const struct og_plan *plan, const struct og_stack *stack)
{
	for (uint32_t i = 0; i < plan->ncontainers; i++)
		for (uint32_t j = 0; j < plan->containers[i].nenv; j++) {
			const struct og_plan_env *e = &plan->containers[i].env[j];
			if ((e->action == OG_ENV_ADD_FIRST || e->action == OG_ENV_ADD_LAST) &&
				e->json.n && og_sv_has(e->json, OG_SV("secretKeyRef")) &&
				og_sv_has(e->json, stack->distribute.secret_name))
				return true;
		}
	return false;
}

static enum og_restart_mode restart_mode(const struct og_plan *plan)
{
	struct og_said s = og_optin_setting(&plan->optin, OG_KEY_RESTART, NULL);

	for (int i = 0; s.said && og_words_restart_mode[i]; i++)
		if (og_sv_eq(s.value, og_svz(og_words_restart_mode[i])))
			return (enum og_restart_mode)i;
	return plan->profile ? plan->profile->restart.mode : OG_RESTART_NEVER;
}

static bool netpol_off(const struct og_plan *plan)
{
	struct og_said s = og_optin_setting(&plan->optin, OG_KEY_NETWORK_POLICY, NULL);

	if (s.said && (og_sv_is(s.value, "off") || og_sv_is(s.value, "auto")))
		return og_sv_is(s.value, "off");
	return plan->profile && plan->profile->network_policy == OG_NETPOL_OFF;
}

/* Nobody asked, or it is none of ours. */
static bool is_out(enum og_reason r)
{
	return r == OG_REASON_NOT_OPTED_IN || r == OG_REASON_OPTED_OUT ||
	       r == OG_REASON_EXCLUDED_NAMESPACE || r == OG_REASON_MIRROR_POD ||
	       r == OG_REASON_NOT_A_POD;
}

static void take(struct pass *p, const struct og_plan *plan)
{
	struct workload *w = &p->found;
	const struct og_profile *profile = plan->profile;

	p->opted_in = !is_out(plan->reason);
	w->reason = plan->reason;
	w->injects = plan->reason == OG_REASON_INJECTED || plan->reason == OG_REASON_UP_TO_DATE;
	w->required = plan->required;
	w->restart_mode = restart_mode(plan);
	w->netpol_off = netpol_off(plan);
	(void)snprintf(w->revision, sizeof(w->revision), "%s", w->injects ? plan->revision : "");
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		p->signals[i] = plan->signals[i];
	if (plan->findings.n)
		w->detail = plan->findings.v[0].detail;
	if (!profile)
		return;
	w->profile = profile->name;
	if (!profile->stack)
		return;
	w->stack = profile->stack->name;
	w->uses_secret = w->injects && uses_secret(plan, profile->stack);
	w->secret_name = w->uses_secret ? profile->stack->distribute.secret_name : OG_SV("");
}

static void take_texts(struct pass *p, const struct og_plan *plan, struct og_jval object)
{
	struct og_jval selector = og_jpath(object, "spec", "selector", NULL);
	struct og_jval labels = og_jpath(plan->tmpl, "metadata", "labels", NULL);

	if (og_jis(selector, OG_J_OBJECT))
		p->found.selector_json = og_jraw(selector);
	if (og_jis(labels, OG_J_OBJECT))
		p->found.template_labels_json = og_jraw(labels);
}

int pass_plan(struct pass *p, struct og_err *err)
{
	struct og_cluster_facts facts = {.c = p->c->cluster};
	struct og_facts_source source = og_cluster_facts_source(&facts);
	struct og_plan_input in = {.config = p->config ? p->config->config : NULL};
	og_auto_buf struct og_buf b = OG_BUF_INIT(OBJECT_BYTES);
	struct og_jdoc *doc = og_arena_new(p->arena, struct og_jdoc);
	struct og_plan *plan;
	int r = doc ? write_object(p, &b, err) : og_err_set(err, OG_E_OOM, "planning");

	if (r < 0)
		return r;
	struct og_sv text = og_arena_sv(p->arena, og_buf_view(&b));
	if (!text.p)
		return og_err_set(err, OG_E_OOM, "planning");
	if ((r = og_jdoc_parse(doc, p->arena, text, NULL, err)) < 0)
		return r;
	in.object = og_jroot(doc);
	r = og_facts_of_workload(&source, in.object, p->ref.ns, p->arena, &in.facts, err);
	if (r == 0)
		r = og_plan_make(&in, p->arena, &plan, err);
	if (r < 0)
		return r;
	p->owner_facts = in.facts;
	take(p, plan);
	take_texts(p, plan, in.object);
	return pass_expect(p, plan, err);
}
