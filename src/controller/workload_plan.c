/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a workload, as the controller keeps it. */
#include <stdio.h>
#include "workloads-priv.h"

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

static void take(struct pass *p, const struct og_look_plan *look)
{
	const struct og_plan *plan = look->plan;
	struct workload *w = &p->found;
	const struct og_profile *profile = plan->profile;

	p->opted_in = look->opted_in;
	w->reason = plan->reason;
	w->injects = look->injects;
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
	w->uses_secret = look->secret_name.n > 0;
	w->secret_name = look->secret_name;
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
	const struct og_look look = pass_look(p);
	struct og_look_plan plan;
	int r = og_look_plan(&look, &p->record, &p->extra, &plan, err);

	if (r < 0)
		return r;
	p->owner_facts = plan.facts;
	take(p, &plan);
	take_texts(p, plan.plan, plan.object);
	og_stars_facts_init(&p->stars);
	og_stars_facts_of_plan(plan.plan, p->arena, &p->stars);
	return pass_expect(p, plan.plan, err);
}

int pass_pods(struct pass *p, struct og_err *err)
{
	const struct og_look look = pass_look(p);

	return og_look_pods(&look, &p->record, &p->owner_facts, &p->in, err);
}
