/* SPDX-License-Identifier: Apache-2.0 */
/* What a workload's conditions say, from what was found. */
#include "otelgate/cluster/report.h"
#include "workloads-priv.h"

static void say(struct og_telemetry_said *s, enum og_cond_status status, const char *reason,
	struct og_sv message)
{
	*s = (struct og_telemetry_said){.status = status, .reason = reason, .message = message};
}

/* ---- Injected ---- */

static void say_injected(struct pass *p, struct og_telemetry_said *s)
{
	const struct workload *w = &p->found;
	struct og_injected is;

	if (!w->injects) {
		say(s, OG_COND_FALSE, og_reason_condition(w->reason),
			og_svz(og_arena_fmt(p->arena, "%s%s%.*s%s", og_reason_text(w->reason),
				w->detail.n ? " (" : "", OG_SV_ARG(w->detail),
				w->detail.n ? ")" : "")));
		return;
	}
	og_rollout_injected(&p->result, p->arena, &is);
	say(s, is.all ? OG_COND_TRUE : OG_COND_FALSE, is.reason, is.message);
}

/* ---- RolloutComplete ---- */

static enum og_cond_status status_of_rollout(enum og_rollout_state s)
{
	static const enum og_cond_status of[OG_ROLLOUT_STATE_COUNT_] = {
		[OG_ROLLOUT_UNKNOWN] = OG_COND_UNKNOWN,
		[OG_ROLLOUT_COMPLETE] = OG_COND_TRUE,
		[OG_ROLLOUT_PROGRESSING] = OG_COND_FALSE,
		[OG_ROLLOUT_WAITING] = OG_COND_FALSE,
		[OG_ROLLOUT_STUCK] = OG_COND_FALSE,
	};
	return of[s];
}

static void say_rollout(struct pass *p, struct og_telemetry_said *s)
{
	const struct og_rollout_verdict *v = og_rollout_outcome(&p->result);
	enum og_cond_status status = status_of_rollout(v->state);

	if (og_rollout_rests(&p->result, p->has_facts ? &p->facts : NULL))
		status = OG_COND_TRUE;
	say(s, status, v->reason ? v->reason : "Unknown", v->message);
}

/* ---- credentials, egress: what the parts say ---- */

static void say_credentials(struct pass *p, struct og_telemetry_said *s)
{
	static const struct {
		enum og_cond_status status;
		const char *message; /* NULL = that of the part */
	} states[CRED_COUNT_] = {
		[CRED_NOT_NEEDED] = {OG_COND_UNKNOWN,
			"Whether a Secret is needed is not known yet."},
		[CRED_READY] = {OG_COND_TRUE, "The namespace has the Secret that the pods read."},
		[CRED_WAITING] = {OG_COND_UNKNOWN, NULL},
		[CRED_SOURCE_MISSING] = {OG_COND_FALSE, NULL},
		[CRED_SOURCE_INVALID] = {OG_COND_FALSE, NULL},
		[CRED_FOREIGN] = {OG_COND_FALSE, NULL},
		[CRED_FORBIDDEN] = {OG_COND_FALSE, NULL},
		[CRED_EXCLUDED] = {OG_COND_FALSE, NULL},
	};
	struct credentials_state *c = &p->credentials;

	if (!p->found.uses_secret) {
		say(s, OG_COND_TRUE, "NotNeeded", OG_SV("Its pods send without credentials."));
		return;
	}
	controller_credentials_state(p->c, p->ref.ns, p->found.stack, p->arena, c);
	say(s, states[c->state].status, c->reason,
		states[c->state].message ? og_svz(states[c->state].message) : c->message);
	p->in.secret_created_s = c->created_s;
	p->in.secret_changed_s = c->since_s;
}

static void say_egress(struct pass *p, struct og_telemetry_said *s)
{
	static const enum og_cond_status status[] = {[EGRESS_UNKNOWN] = OG_COND_UNKNOWN,
		[EGRESS_ALLOWED] = OG_COND_TRUE,
		[EGRESS_DENIED] = OG_COND_FALSE};
	struct egress_state *es = &p->egress;

	if (!p->found.injects || p->found.netpol_off) {
		say(s, OG_COND_TRUE, p->found.injects ? "Off" : "NotNeeded",
			OG_SV("Network policies are not looked at."));
		return;
	}
	controller_egress_state(p->c, &p->found, p->arena, es);
	p->status.egress_need = og_egress_need_name(es->need);
	p->status.policy_managed = es->managed;
	say(s, status[es->allowed], es->reason, es->message);
}

/* ---- pods that are not as they should be ---- */

static bool is_old(const struct og_rollout_pod *pod)
{
	return pod->class_ == OG_CLASS_STALE || pod->class_ == OG_CLASS_BARE;
}

static bool older(const struct og_rollout_pod *x, const struct og_rollout_pod *y)
{
	return x->created_s != y->created_s ? x->created_s < y->created_s
					    : og_sv_cmp(x->name, y->name) < 0;
}

/* The oldest ones, in order: the list is short, so each finds its place from the end. */
static bool list_old(struct pass *p)
{
	const struct og_rollout_pod *best[OG_TELEMETRY_OLD_PODS];
	struct og_telemetry_pod *list =
		og_arena_new_n(p->arena, OG_TELEMETRY_OLD_PODS, struct og_telemetry_pod);
	uint32_t n = 0;

	if (!list)
		return false;
	for (uint32_t i = 0; i < p->in.npods; i++) {
		const struct og_rollout_pod *pod = &p->in.pods[i];
		uint32_t at = n;
		if (!is_old(pod))
			continue;
		p->status.pods.old_total++;
		while (at && older(pod, best[at - 1]))
			at--;
		if (at == OG_TELEMETRY_OLD_PODS)
			continue;
		if (n < OG_TELEMETRY_OLD_PODS)
			n++;
		memmove(&best[at + 1], &best[at], (n - 1 - at) * sizeof(best[0]));
		best[at] = pod;
	}
	for (uint32_t i = 0; i < n; i++)
		list[i] = (struct og_telemetry_pod){.name = best[i]->name,
			.replica_set = best[i]->owner,
			.revision = best[i]->revision,
			.class_ = og_pod_class_name(best[i]->class_),
			.cause = best[i]->cause != OG_STALE_NOT
					 ? og_stale_cause_name(best[i]->cause)
					 : NULL,
			.created_s = best[i]->created_s};
	p->status.pods.old = list;
	p->status.pods.nold = n;
	return true;
}

/* ---- findings ---- */

static void add_finding(struct pass *p, struct og_telemetry_finding *list, uint32_t *n,
	const char *id, struct og_sv message)
{
	(void)p;
	if (id && *n < OG_TELEMETRY_FINDINGS)
		list[(*n)++] = (struct og_telemetry_finding){id, message};
}

static bool list_findings(struct pass *p)
{
	struct og_telemetry_finding *list =
		og_arena_new_n(p->arena, OG_TELEMETRY_FINDINGS, struct og_telemetry_finding);
	const struct og_rollout_result *r = &p->result;
	uint32_t n = 0;

	if (!list)
		return false;
	/* Where it is what the rollout is stuck on, that says it. */
	if (r->blame.blamed && r->blame.reason != r->rollout.reason)
		add_finding(p, list, &n, r->blame.finding, r->blame.message);
	add_finding(p, list, &n, r->rollout.finding, r->rollout.message);
	add_finding(p, list, &n, r->revision.finding, r->revision.message);
	add_finding(p, list, &n, p->credentials.finding, p->credentials.message);
	add_finding(p, list, &n, p->egress.finding, p->egress.message);
	add_finding(p, list, &n, p->egress.ingress_finding, p->egress.ingress_message);
	const struct arrival_said *said = p->entry->arrival.said;
	for (uint32_t i = 0; p->verified && said && i < said->nfindings; i++)
		add_finding(p, list, &n, said->findings[i].id, said->findings[i].message);
	p->status.findings = list;
	p->status.nfindings = n;
	return true;
}

/* ---- all of it ---- */

/* What ran well before the present injection, for when what runs now does not. */
static void remember_health(struct pass *p)
{
	for (uint32_t i = 0; i < p->in.npods; i++) {
		const struct og_rollout_pod *pod = &p->in.pods[i];
		if (!pod->state || !pod->state->ready || pod->deleting ||
			og_sv_eq(pod->revision, og_svz(p->found.revision)))
			continue;
		p->entry->was_healthy = true;
		p->entry->was_images = pod->state->images;
		p->entry->was_rest = pod->state->rest;
		return;
	}
}

static void take_status(struct pass *p)
{
	const struct og_rollout_verdict *v = og_rollout_outcome(&p->result);
	const struct og_rollout_result *r = &p->result;
	struct og_telemetry_input *t = &p->status;
	const struct workload *w = &p->found;

	t->ns = p->ref.ns;
	t->group = p->ref.group;
	t->version = og_svz(p->kind->version);
	t->kind = p->ref.kind;
	t->name = p->ref.name;
	t->uid = w->uid;
	t->generation = w->generation;
	t->profile = w->profile;
	t->stack = w->stack;
	t->revision = og_svz(w->revision);
	t->pods.ratio = r->ratio;
	t->pods.total = r->total;
	t->pods.current = r->classes[OG_CLASS_CURRENT];
	t->pods.stale = r->classes[OG_CLASS_STALE];
	t->pods.bare = r->classes[OG_CLASS_BARE];
	t->pods.skipped = r->classes[OG_CLASS_SKIPPED];
	t->pods.terminating = r->classes[OG_CLASS_TERMINATING];
	t->pods.outdated = r->held_back;
	t->rollout.state = og_rollout_state_name(v->state);
	t->rollout.reason = v->reason;
	t->rollout.message = v->message;
	t->rollout.fix = v->fix;
	t->rollout.finding = v->finding;
	t->rollout.pod = v->pod;
	t->rollout.container = v->container;
	t->rollout.exited = v->exited;
	t->rollout.exit_code = v->exit_code;
	t->rollout.since_s = v->since_s;
	t->seen = p->has_seen ? &p->seen : NULL;
	t->now_s = p->in.now_s;
}

static int64_t newest_old(const struct pass *p)
{
	int64_t newest = 0;

	for (uint32_t i = 0; i < p->in.npods; i++) {
		const struct og_rollout_pod *pod = &p->in.pods[i];
		int64_t at = pod->created_s || !pod->state ? pod->created_s : pod->state->created_s;
		if (is_old(pod) && at > newest)
			newest = at;
	}
	return newest;
}

static void take_found(struct pass *p)
{
	const struct og_rollout_result *r = &p->result;
	struct workload *w = &p->found;

	memcpy(w->classes, r->classes, sizeof(w->classes));
	w->pods = r->total;
	w->held_back = r->held_back;
	w->rollout = r->rollout;
	w->mixed = r->revision;
	w->blamed = r->blame.blamed;
	w->blame_message = r->blame.message;
	w->blame_fix = r->blame.fix;
	w->newest_old_s = newest_old(p);
	w->paused = p->has_facts && (p->facts.paused || p->facts.suspended);
	w->restart_json = p->seen.restart_json;
}

int pass_judge(struct pass *p, struct og_err *err)
{
	struct workload_entry *e = p->entry;
	int r;

	p->in.ns = p->ref.ns;
	p->in.group = p->ref.group;
	p->in.kind = p->ref.kind;
	p->in.name = p->ref.name;
	p->in.now_s = og_clock_wall_ns(og_loop_clock(p->c->loop)) / OG_NS_PER_S;
	p->in.injects = p->found.injects;
	p->in.revision = og_svz(p->found.revision);
	p->in.required = p->found.required;
	p->in.secret_name = p->found.secret_name;
	if (p->has_facts) {
		p->in.facts = &p->facts;
		og_rollout_timer_turn(&e->timer, &p->facts, p->in.now_s);
	}
	p->in.timer = &e->timer;
	p->in.was_healthy = e->was_healthy;
	p->in.was_images = e->was_images;
	p->in.was_rest = e->was_rest;
	pass_refused_known(p);
	say_credentials(p, &p->status.said[OG_TC_CREDENTIALS_READY]);
	if ((r = og_rollout_judge(&p->in, p->arena, &p->result, err)) < 0)
		return r;
	if ((r = pass_arrival(p, err)) < 0)
		return r;
	remember_health(p);
	take_found(p);
	say_egress(p, &p->status.said[OG_TC_EGRESS_ALLOWED]);
	say_injected(p, &p->status.said[OG_TC_INJECTED]);
	say_rollout(p, &p->status.said[OG_TC_ROLLOUT_COMPLETE]);
	pass_received(p);
	take_status(p);
	pass_stars(p, og_rollout_outcome(&p->result)->state);
	if (!list_old(p) || !list_findings(p) || p->arena->failed)
		return og_err_set(err, OG_E_OOM, "judging a workload");
	return 0;
}
