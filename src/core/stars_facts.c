/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of one workload: its template, its rollout, what arrives of it. */
#include "otelgate/core/stars_facts.h"

#include "arrival-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/stars_brief.h"
#include "otelgate/kobj/rollout.h"

static enum og_fact fact(bool yes)
{
	return yes ? OG_FACT_YES : OG_FACT_NO;
}

/* ---- the template ---- */

/* What a container says of its sampler: it is chosen, it is not, or a source of many variables may
 * hold it. */
static enum og_fact sampler_of(const struct og_plan_container *pc)
{
	struct og_sv name = OG_SV("OTEL_TRACES_SAMPLER");

	for (uint32_t i = 0; i < pc->nenv; i++)
		if (og_sv_eq(pc->env[i].name, name) && pc->env[i].action != OG_ENV_OFF)
			return OG_FACT_YES;
	if (!og_junset(og_env_find(pc->c.env, name, NULL)))
		return OG_FACT_YES;
	return og_jcount(pc->c.env_from) ? OG_FACT_UNKNOWN : OG_FACT_NO;
}

static bool runs_all_the_time(const struct og_container *c)
{
	return !c->init || c->sidecar;
}

/* A request follows from a limit where only that is given (core/v1, ResourceRequirements). */
static bool has_resources(struct og_jval r)
{
	struct og_jval limits = og_jgetl(r, "limits"), requests = og_jgetl(r, "requests");
	bool cpu = !og_junset(og_jgetl(requests, "cpu")) || !og_junset(og_jgetl(limits, "cpu"));

	return cpu && !og_junset(og_jgetl(limits, "memory"));
}

static bool is_one_of(const struct og_workload_kind *k, const char *const *kinds, size_t n)
{
	for (size_t i = 0; k && i < n; i++)
		if (!strcmp(k->kind, kinds[i]))
			return true;
	return false;
}

static void of_containers(const struct og_plan *plan, struct og_stars_facts *f)
{
	bool resources = has_resources(og_jgetl(plan->spec, "resources")), all = true;
	bool probe = false, any = false, target = false;
	enum og_fact sampler = OG_FACT_NO;

	for (uint32_t i = 0; i < plan->ncontainers; i++) {
		const struct og_plan_container *pc = &plan->containers[i];
		if (runs_all_the_time(&pc->c) && pc->skip != OG_SKIP_OWN) {
			any = true;
			all &= has_resources(og_jgetl(pc->c.v, "resources"));
			probe |= og_jis(og_jgetl(pc->c.v, "readinessProbe"), OG_J_OBJECT);
		}
		if (pc->skip != OG_SKIP_NONE)
			continue;
		enum og_fact s = sampler_of(pc);
		/* One that nobody chose is the one that tells. */
		if (!target || s == OG_FACT_NO || sampler == OG_FACT_YES)
			sampler = s;
		target = true;
	}
	if (target)
		f->sampler_set = sampler;
	if (!any)
		return;
	f->resources = fact(resources || all);
	f->probes = fact(probe);
}

void og_stars_facts_of_plan(
	const struct og_plan *plan, struct og_arena *arena, struct og_stars_facts *f)
{
	static const char *const runs[] = {"Job", "CronJob"};
	struct og_sv policy = og_jstr_or_empty(og_jgetl(plan->spec, "restartPolicy"), arena);
	bool run = is_one_of(plan->kind, runs, OG_COUNT(runs));
	bool bare = plan->kind && !strcmp(plan->kind->kind, "Pod") && !plan->meta.has_owner;

	if (!og_jis(plan->spec, OG_J_OBJECT))
		return;
	of_containers(plan, f);
	if (run && f->probes == OG_FACT_NO)
		f->probes = OG_FACT_YES; /* it serves nobody */
	/* What a controller owns comes back whatever its policy. */
	f->restarts = fact(!bare || !og_sv_is(policy, "Never"));
}

/* ---- the rollout ---- */

void og_stars_facts_of_rollout(
	const struct og_rollout_facts *facts, enum og_rollout_state state, struct og_stars_facts *f)
{
	/* Kinds whose spec.replicas says how many there are to be. */
	static const bool counted[OG_RK_COUNT_] = {[OG_RK_DEPLOYMENT] = true,
		[OG_RK_REPLICASET] = true,
		[OG_RK_STATEFULSET] = true,
		[OG_RK_ARGO] = true,
		[OG_RK_POD] = true,
		[OG_RK_REPLICATION_CONTROLLER] = true};

	if (state != OG_ROLLOUT_UNKNOWN)
		f->rollout_complete = fact(state == OG_ROLLOUT_COMPLETE);
	if (!facts || facts->kind == OG_RK_NONE || (unsigned)facts->kind >= OG_RK_COUNT_)
		return;
	/* Jobs of a CronJob that wait for their next run are no unfinished business. */
	if (facts->kind == OG_RK_CRONJOB && state == OG_ROLLOUT_WAITING)
		f->rollout_complete = OG_FACT_YES;
	if (!counted[facts->kind])
		f->replicas = OG_FACT_YES;
	else if (facts->desired > 0) /* at rest, it says nothing of how many there would be */
		f->replicas = fact(facts->desired >= 2);
}

/* ---- what arrives ---- */

static bool found(const struct og_findings *f, const char *id)
{
	for (uint32_t i = 0; f && i < f->n; i++)
		if (!strcmp(f->v[i].def->id, id))
			return true;
	return false;
}

/* The row that shows a signal now; NULL = there is none. */
static const struct og_arrival_row *shown(const struct og_arrival_verdict *v)
{
	bool flows = v->state == OG_AR_FLOWING || v->state == OG_AR_VIA_STDOUT;

	return flows && !v->kept && v->has_evidence ? &v->evidence : NULL;
}

static struct og_sv name_of(const struct og_arrival_row *row)
{
	return row->service_name.n ? row->service_name : ar_job_name(row->job);
}

/* Names in the backends that know it: two at least, else nothing can be compared. */
static enum og_fact one_name(const struct og_arrival_verdict v[OG_SIGNAL_COUNT_])
{
	const struct og_arrival_row *first = NULL;
	enum og_fact r = OG_FACT_UNKNOWN;

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		const struct og_arrival_row *row = shown(&v[s]);
		if (!row || !name_of(row).n)
			continue;
		if (!first) {
			first = row;
			continue;
		}
		bool both = first->service_namespace.n && row->service_namespace.n;
		if (!og_sv_eq(name_of(first), name_of(row)) ||
			(both && !og_sv_eq(first->service_namespace, row->service_namespace)))
			return OG_FACT_NO;
		r = OG_FACT_YES;
	}
	return r;
}

/* Metrics have all of them beside each other (target_info); of log lines the workload's name is
 * not asked for. */
static enum og_fact k8s_attributes(
	const struct og_arrival_workload *w, const struct og_arrival_verdict v[OG_SIGNAL_COUNT_])
{
	const struct og_arrival_row *m = shown(&v[OG_SIGNAL_METRICS]);
	const struct og_arrival_row *l = shown(&v[OG_SIGNAL_LOGS]);

	if (m && v[OG_SIGNAL_METRICS].covers_known)
		return fact(m->k8s_namespace.n && m->pod.n &&
			    (m->workload.n || og_sv_is(w->kind, "Pod")));
	if (l && v[OG_SIGNAL_LOGS].route == OG_ROUTE_OTLP && l->k8s_namespace.n && l->pod.n)
		return OG_FACT_YES;
	return OG_FACT_UNKNOWN;
}

void og_stars_facts_of_arrival(const struct og_arrival_workload *w,
	const struct og_arrival_verdict v[OG_SIGNAL_COUNT_], const struct og_findings *findings,
	struct og_stars_facts *f)
{
	bool named = false, shared = false;

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++) {
		const struct og_arrival_row *row = shown(&v[s]);
		/* The name of lines that were collected is the collector's. */
		named |= row && v[s].state == OG_AR_FLOWING && name_of(row).n > 0;
		shared |= v[s].shared;
	}
	f->k8s_attributes = k8s_attributes(w, v);
	f->one_name = one_name(v);
	if (found(findings, "OG804"))
		f->k8s_attributes = OG_FACT_NO;
	if (found(findings, "OG805"))
		f->instance_id = OG_FACT_NO;
	if (found(findings, "OG801") || found(findings, "OG802"))
		f->name_right = OG_FACT_NO;
	else if (named)
		f->name_right = OG_FACT_YES;
	if (shared || found(findings, "OG803"))
		f->name_unique = OG_FACT_NO;
	else if (named)
		f->name_unique = OG_FACT_YES;
}

/* ---- without backends ---- */

void og_stars_unverified(const enum og_signal_mode modes[OG_SIGNAL_COUNT_],
	const struct og_stars_facts *facts, struct og_stars_brief *ret)
{
	struct og_arrival_verdict v[OG_SIGNAL_COUNT_];
	struct og_stars stars;

	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		v[s] = (struct og_arrival_verdict){.signal = (enum og_signal)s,
			.state = modes[s] == OG_MODE_OFF ? OG_AR_OFF : OG_AR_UNKNOWN,
			.reason = modes[s] == OG_MODE_OFF ? "NotAsked" : "NotVerified",
			.expected = modes[s] == OG_MODE_EXPECTED};
	og_stars_count(v, facts, &stars);
	og_stars_brief_of(&stars, ret);
}
