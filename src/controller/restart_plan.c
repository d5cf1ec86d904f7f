/* SPDX-License-Identifier: Apache-2.0 */
/* What the plan is made of, and the jobs that follow from it. */
#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/cluster/projections.h"
#include "otelgate/kobj/rollout.h"
#include "credentials-priv.h"
#include "restarts-priv.h"

/* One workload of the plan, beside what core sees of it. */
struct planned {
	const struct workload *w;
	struct restart_entry *entry;
	struct og_sv resource_version; /* of the workload */
	struct og_sv wt_name, wt_uid, wt_version;
	struct og_sv said, message; /* in the status */
};

struct profile {
	struct og_restart_rules rules;
	char wave[OG_RESTART_ID_BYTES]; /* "" = unknown */
};

struct planner {
	struct controller *c;
	struct og_arena *arena;
	struct og_cluster_config *config; /* may be NULL */
	struct og_map profiles;		  /* name → struct profile */
	struct og_restart_workload *v;
	struct planned *p;
	struct og_restart_result *r;
	uint32_t n, cap;
	int64_t now_s;
	bool registered; /* the webhook is: new pods will be injected */
};

#define ECHO_NS	    (30 * OG_NS_PER_S)
#define OUTDATED_NS (60 * OG_NS_PER_S)

static const struct {
	const char *group, *kind;
} CONFIG[] = {{"otelgate.dev", "TelemetryProfile"}, {"otelgate.dev", "GrafanaStack"}};

struct restart_entry *restart_entry_of(struct controller *c, struct og_sv key)
{
	struct og_map_entry *m = og_map_put(&c->restarts->entries, key, NULL);

	if (m && !m->value)
		m->value = og_calloc(1, sizeof(struct restart_entry));
	if (m && !m->value)
		(void)og_map_remove(&c->restarts->entries, key);
	return m ? m->value : NULL;
}

/* ---- profiles ---- */

static struct og_sv document(struct planner *p, size_t kind, struct og_sv name)
{
	struct og_store *s = og_cluster_store(
		p->c->cluster, og_svz(CONFIG[kind].group), og_svz(CONFIG[kind].kind));
	struct og_record r;

	return s && og_store_get(s, OG_SV(""), name, &r) ? r.extra : OG_SV("");
}

/* The hash of the credentials is a part of the stack's document. */
static struct profile *profile_of(struct planner *p, const struct workload *w)
{
	const struct og_profile *pr = p->config ? og_config_profile(p->config->config, w->profile)
						: NULL;
	struct og_map_entry *e = og_map_put(&p->profiles, w->profile, NULL);

	if (!e || e->value)
		return e ? e->value : NULL;
	struct profile *ret = og_arena_new(p->arena, struct profile);
	if (!(e->value = ret) || !pr || !pr->stack)
		return ret;
	og_restart_rules_of(pr, &ret->rules);
	struct og_sv texts[] = {document(p, 0, pr->name), document(p, 1, pr->stack->name)};
	if (!texts[0].n || !texts[1].n ||
		og_restart_wave(pr->name, texts[0], pr->stack->name, texts[1], OG_SV(""), ret->wave,
			NULL) < 0)
		ret->wave[0] = '\0';
	return ret;
}

/* ---- one workload ---- */

static void take_record(struct planner *p, struct planned *one, struct og_restart_workload *v)
{
	struct controller *c = p->c;
	struct og_store *s =
		og_cluster_store(c->cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND));
	char name[OG_TELEMETRY_NAME_BYTES];
	struct og_sv wt = og_telemetry_name(one->w->kind, one->w->name, name);
	struct og_telemetry_seen seen;
	struct og_record r;
	struct og_owner o;

	if (!s || !og_store_get(s, one->w->ns, wt, &r) || !og_record_owner(&r, &o) ||
		!og_sv_eq(o.uid, one->w->uid))
		return; /* it is made by the pass; nothing is restarted before */
	one->wt_name = og_arena_sv(p->arena, wt);
	one->wt_uid = og_arena_sv(p->arena, r.uid);
	one->wt_version = og_arena_sv(p->arena, r.resource_version);
	struct og_kube_pre now = {one->wt_uid, one->wt_version};
	if (one->entry && !og_ownwrites_fresh(c->restarts->own, one->w->key, &now)) {
		v->record = one->entry->record;
		one->said = og_svz(one->entry->reason);
		one->wt_version = og_sv("", 0); /* nothing can be written by this state */
		return;
	}
	struct og_jlimits limits = {.max_bytes = 8192, .max_depth = 4};
	struct og_jdoc *doc = og_arena_new(p->arena, struct og_jdoc);
	if (!doc || og_telemetry_seen_read(r.extra, &seen, NULL) < 0 || !seen.restart_json.n ||
		og_jdoc_parse(
			doc, p->arena, og_arena_sv(p->arena, seen.restart_json), &limits, NULL) < 0)
		return;
	og_restart_record_read(og_jroot(doc), &v->record);
	one->said = og_jstr_or_empty(og_jgetl(og_jroot(doc), "reason"), p->arena);
	one->message = og_jstr_or_empty(og_jgetl(og_jroot(doc), "message"), p->arena);
}

/* What the workload's own object says, which may be newer than what the pass has found. */
static bool take_object(struct planner *p, struct planned *one, struct og_restart_workload *v)
{
	struct og_store *s = og_cluster_store(p->c->cluster, v->group, v->kind);
	struct og_cluster_extra extra;
	struct og_rollout_facts f;
	struct og_record r;
	int64_t ns = 0;

	if (!s || !og_store_get(s, v->ns, v->name, &r) || !og_sv_eq(r.uid, one->w->uid) ||
		r.deleting || !og_cluster_extra_read(r.extra, &extra) ||
		og_rollout_facts_unpack(&extra.facts, &f, NULL) < 0)
		return false;
	one->resource_version = og_arena_sv(p->arena, r.resource_version);
	v->paused = f.paused;
	v->on_delete = f.strategy == OG_STRATEGY_ON_DELETE;
	v->partition = f.partition > 0;
	if (og_parse_rfc3339(f.restarted_at, &ns, NULL) == 0 && ns > 0)
		v->template_restarted_s = ns / OG_NS_PER_S;
	/* Our own change may not have come back yet. */
	if (one->entry->changed_s > v->template_restarted_s &&
		og_loop_now_ns(p->c->loop) - one->entry->changed_ns < ECHO_NS) {
		v->template_restarted_s = one->entry->changed_s;
		v->rollout = OG_ROLLOUT_PROGRESSING;
	}
	if (f.generation > f.observed || f.generation != one->w->generation)
		v->rollout = OG_ROLLOUT_PROGRESSING;
	return true;
}

static void take_found(
	const struct planner *p, const struct workload *w, struct og_restart_workload *v)
{
	*v = (struct og_restart_workload){
		.ns = w->ns,
		.group = w->group,
		.kind = w->kind,
		.name = w->name,
		.profile = w->profile,
		.mode = w->injects ? w->restart_mode : OG_RESTART_NEVER,
		.revision = og_svz(w->revision),
		.pods = w->pods,
		.current = w->classes[OG_CLASS_CURRENT],
		.old = w->classes[OG_CLASS_STALE] + (p->registered ? w->classes[OG_CLASS_BARE] : 0),
		.newest_old_s = w->newest_old_s,
		.rollout = w->rollout.state,
		.why = w->rollout.message,
		.crashes = w->blamed,
		.crash = w->blame_message,
		.back_out = w->blame_fix,
	};
}

/*
 * A new token reaches the Secrets first and the revision afterwards. In between pods are old
 * already, and restarted then they would be old again at once, and be restarted twice.
 */
static bool token_settled(struct planner *p, const struct workload *w)
{
	const struct og_config *config = p->config ? p->config->config : NULL;
	struct credentials_state s;

	if (!w->uses_secret || !config)
		return true;
	controller_credentials_state(p->c, w->ns, w->stack, p->arena, &s);
	for (uint32_t i = 0; i < config->nstacks && s.hash[0]; i++)
		if (og_sv_eq(config->stacks[i].name, w->stack))
			return og_sv_eq(config->stacks[i].auth_hash, og_svz(s.hash));
	return true;
}

static int add(struct planner *p, const struct workload *w, struct og_err *err)
{
	struct og_restart_workload *v = &p->v[p->n];
	struct planned *one = &p->p[p->n];

	take_found(p, w, v);
	*one = (struct planned){.w = w, .entry = og_map_get(&p->c->restarts->entries, w->key)};
	/* Nothing to do, nothing done before: nearly all workloads, nearly always. */
	if (!w->restart_json.n && !one->entry && (!v->old || v->mode == OG_RESTART_NEVER))
		return 0;
	struct profile *pr = profile_of(p, w);
	if (!pr || !(one->entry = restart_entry_of(p->c, w->key)))
		return og_err_set(err, OG_E_OOM, "planning restarts");
	v->rules = pr->rules.max_per_cluster ? &pr->rules : NULL;
	v->wave = pr->wave;
	v->forbidden = restart_forbidden(p->c, w->ns, w->kind);
	if (!take_object(p, one, v))
		return 0;
	take_record(p, one, v);
	if (!one->wt_uid.n || !token_settled(p, w))
		v->wave = "";
	p->n++;
	return 0;
}

static int gather(struct planner *p, struct og_err *err)
{
	struct og_store *reg = og_cluster_store(p->c->cluster,
		OG_SV("admissionregistration.k8s.io"), OG_SV("MutatingWebhookConfiguration"));
	const struct workload *w;
	uint32_t at = 0;
	int r = 0;

	p->cap = controller_workload_count(p->c);
	p->registered = reg && og_store_count(reg) > 0;
	p->v = og_arena_new_n(p->arena, p->cap + 1, struct og_restart_workload);
	p->p = og_arena_new_n(p->arena, p->cap + 1, struct planned);
	p->r = og_arena_new_n(p->arena, p->cap + 1, struct og_restart_result);
	if (!p->v || !p->p || !p->r)
		return og_err_set(err, OG_E_OOM, "planning restarts");
	while (r == 0 && p->n < p->cap && (w = controller_workload_next(p->c, &at)))
		r = add(p, w, err);
	if (r == 0 && p->arena->failed)
		r = og_err_set(err, OG_E_OOM, "planning restarts");
	return r;
}

/* ---- jobs ---- */

/* Reasons that are worth an Event when they are new. */
static bool is_told(const struct og_restart_result *r, uint32_t i)
{
	switch (r->what) {
	case OG_RESTART_TELL:
		return r->first_time || r->tell == OG_RTELL_FORBIDDEN || r->tell == OG_RTELL_TWICE;
	case OG_RESTART_NOW:
	case OG_RESTART_DONE:
	case OG_RESTART_STAND_DOWN:
		return true;
	case OG_RESTART_HALTED:
		return r->blocker == i;
	default:
		return false;
	}
}

static const char *counts(const struct planner *p, uint32_t i)
{
	static const char *const names[OG_RSTATE_COUNT_] = {
		[OG_RSTATE_COMPLETE] = "complete", [OG_RSTATE_STOOD_DOWN] = "stood-down"};
	const struct og_restart_result *r = &p->r[i];

	if (r->next.state != p->v[i].record.state && names[r->next.state])
		return names[r->next.state];
	return r->what == OG_RESTART_HALTED && r->blocker == i &&
			       !og_sv_is(p->p[i].said, "RestartHalted")
		       ? "stuck"
		       : NULL;
}

static bool is_news(const struct planner *p, uint32_t i)
{
	const struct og_restart_result *r = &p->r[i];

	return !og_restart_record_eq(&r->next, &p->v[i].record) ||
	       !og_sv_eq(og_svz(og_restart_reason(r)), p->p[i].said);
}

static void add_job(struct planner *p, uint32_t i, enum restart_job_kind kind)
{
	struct og_restart_input in = {.v = p->v, .n = p->n, .leads = true, .now_s = p->now_s};
	struct restarts *rs = p->c->restarts;
	const struct og_restart_result *r = &p->r[i];
	const struct planned *one = &p->p[i];
	const struct workload *w = one->w;
	struct restart_job *j = &rs->jobs[rs->njobs];
	og_auto_buf struct og_buf text = OG_BUF_INIT(RESTART_NOTE_BYTES);

	og_restart_say(&in, i, r, &text);
	*j = (struct restart_job){
		.kind = kind,
		.key = og_arena_sv(p->arena, w->key),
		.ns = og_arena_sv(p->arena, w->ns),
		.group = og_arena_sv(p->arena, w->group),
		.object_kind = og_arena_sv(p->arena, w->kind),
		.name = og_arena_sv(p->arena, w->name),
		.uid = og_arena_sv(p->arena, w->uid),
		.resource_version = one->resource_version,
		.wt_name = one->wt_name,
		.wt_uid = one->wt_uid,
		.wt_version = one->wt_version,
		.record = r->next,
		.reason = og_restart_reason(r),
		.tell = is_told(r, i) && is_news(p, i),
		.counts = counts(p, i),
		.message = og_arena_sv(p->arena, og_buf_view(&text)),
	};
	rs->njobs += !p->arena->failed;
}

/* The same reason, said of other pods or of another workload. What waits for its turn says only
 * that it does: that would change all the time. */
static bool is_outdated(const struct planner *p, uint32_t i)
{
	struct og_restart_input in = {.v = p->v, .n = p->n, .leads = true, .now_s = p->now_s};
	og_auto_buf struct og_buf text = OG_BUF_INIT(RESTART_NOTE_BYTES);
	const struct og_restart_result *r = &p->r[i];
	int64_t since = og_loop_now_ns(p->c->loop) - p->p[i].entry->noted_ns;

	if ((r->what != OG_RESTART_TELL && r->what != OG_RESTART_HALTED) ||
		(p->p[i].entry->noted_ns && since < OUTDATED_NS))
		return false;
	og_restart_say(&in, i, r, &text);
	return !og_sv_eq(og_buf_view(&text), p->p[i].message);
}

/* A restart is one job; another is what has to be written down of the others. */
static bool needs_note(const struct planner *p, uint32_t i)
{
	if (!p->p[i].wt_version.n || p->r[i].what == OG_RESTART_NOW)
		return false;
	return is_news(p, i) || is_outdated(p, i);
}

static void make_jobs(struct planner *p)
{
	struct restarts *rs = p->c->restarts;

	for (uint32_t i = 0; i < p->n && rs->njobs < RESTART_JOBS_MAX; i++)
		if (p->r[i].what == OG_RESTART_NOW && p->p[i].wt_version.n)
			add_job(p, i, p->r[i].again ? RESTART_CHANGE : RESTART_BEGIN);
	for (uint32_t i = 0; i < p->n && rs->njobs < RESTART_JOBS_MAX; i++)
		if (needs_note(p, i))
			add_job(p, i, RESTART_NOTE);
}

static void summarize(struct planner *p)
{
	uint32_t dos[OG_RESTART_DO_COUNT_] = {0}, waits[OG_RWAIT_COUNT_] = {0};
	struct og_metric_table *m = p->c->restarts->m;
	int64_t again_s = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		const struct og_restart_result *r = &p->r[i];
		dos[r->what]++;
		if (r->what == OG_RESTART_WAIT)
			waits[r->wait]++;
		if (r->again_s && (!again_s || r->again_s < again_s))
			again_s = r->again_s;
		p->p[i].entry->planned = og_restart_reason(r);
	}
	for (int i = 0; i < OG_RESTART_DO_COUNT_; i++)
		og_metric_set(m, OG_RSM_WORKLOADS, dos[i],
			OG_LABELS(og_restart_do_name((enum og_restart_do)i)));
	for (int i = OG_RWAIT_OWN; i < OG_RWAIT_COUNT_; i++)
		og_metric_set(m, OG_RSM_WAITING, waits[i],
			OG_LABELS(og_restart_wait_name((enum og_restart_wait)i)));
	og_metric_set(m, OG_RSM_HALTED, dos[OG_RESTART_HALTED], NULL);
	/* The clock of the plan is in whole seconds. */
	p->c->restarts->again_ms = p->c->restarts->njobs == RESTART_JOBS_MAX ? 0
				   : !again_s				     ? -1
				   : again_s > p->now_s ? (again_s - p->now_s) * 1000
							: 1000;
}

int restarts_plan(struct controller *c, struct og_err *err)
{
	struct restarts *rs = c->restarts;
	struct planner p = {.c = c,
		.arena = &rs->arena,
		.config = og_cluster_config(c->cluster),
		.now_s = og_clock_wall_ns(og_loop_clock(c->loop)) / OG_NS_PER_S};

	og_arena_reset(&rs->arena);
	rs->njobs = rs->at = 0;
	og_map_init(&p.profiles, 0, p.arena);
	rs->jobs = og_arena_new_n(p.arena, RESTART_JOBS_MAX, struct restart_job);
	int r = rs->jobs ? gather(&p, err) : og_err_set(err, OG_E_OOM, "planning restarts");
	if (r == 0) {
		struct og_restart_input in = {.v = p.v, .n = p.n, .leads = true, .now_s = p.now_s};
		r = og_restart_plan(&in, p.arena, p.r, err);
	}
	if (r == 0) {
		make_jobs(&p);
		summarize(&p);
	}
	og_cluster_config_unref(p.config);
	return r;
}
