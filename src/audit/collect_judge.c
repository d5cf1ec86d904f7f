/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads from files as rows of the report. */
#include "collect-priv.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/expect.h"
#include "otelgate/core/stars_facts.h"

enum { PODS_MAX = 100, SCRATCH_BYTES = 256 << 20 };

/* One workload while it is judged. */
struct look {
	struct collect *c;
	const struct kept *k;
	struct og_arena *a; /* scratch, until the row is done */
	struct og_jdoc doc;
	struct og_plan *plan;
	struct og_expectation expect;
	struct og_coverage_row *row;
	bool injects, has_facts;
	struct og_audit_sends sends;
	struct og_rollout_facts facts;
	struct og_rollout_result rollout;
};

static struct og_sv keep(struct look *l, struct og_sv s)
{
	return s.n ? og_arena_sv(l->c->arena, s) : OG_SV("");
}

static void set(
	struct og_cell *cell, enum og_result result, const char *reason, struct og_sv message)
{
	*cell = (struct og_cell){.result = result, .reason = reason, .message = message};
}

/* ---- plan ---- */

static bool is_out(enum og_reason r)
{
	return r == OG_REASON_NOT_OPTED_IN || r == OG_REASON_OPTED_OUT ||
	       r == OG_REASON_EXCLUDED_NAMESPACE || r == OG_REASON_MIRROR_POD ||
	       r == OG_REASON_NOT_A_POD;
}

static int make_plan(struct look *l, struct og_err *err)
{
	const struct og_jlimits limits = {.max_bytes = OG_AUDIT_OBJECT_BYTES,
		.max_tokens = OG_AUDIT_OBJECT_BYTES / 4,
		.max_depth = 1000,
		.own_text = true};
	struct og_facts_source source = kept_facts(l->c);
	struct og_plan_input in = {.config = l->c->loaded};
	struct og_meta m;

	int r = og_jdoc_parse(&l->doc, l->a, l->k->json, &limits, err);
	if (r < 0)
		return r;
	in.object = og_jroot(&l->doc);
	if (l->k->of_pod) {
		r = og_meta_read(in.object, l->a, &m, err);
		if (r == 0)
			og_facts_collect(&source, l->k->ns, &m, l->a, &in.facts);
	} else {
		r = og_facts_of_workload(&source, in.object, l->k->ns, l->a, &in.facts, err);
	}
	if (r == 0)
		r = og_plan_make(&in, l->a, &l->plan, err);
	if (r == 0 && l->plan->reason == OG_REASON_INJECTED)
		r = og_plan_patch(l->plan, l->a, err);
	if (r == 0)
		r = og_expect(l->plan, l->a, &l->expect, err);
	return r;
}

/* Its revision covers the credentials, and which are distributed is not known. */
static bool revision_known(const struct og_plan *p)
{
	return !p->uses_secret || !p->profile || !p->profile->stack ||
	       p->profile->stack->auth_hash.n > 0;
}

static void opted_in(struct look *l)
{
	const struct og_plan *p = l->plan;
	struct og_coverage_row *row = l->row;
	struct og_cell *cell = &row->link[OG_LINK_OPTED_IN];

	row->opted_in = !is_out(p->reason);
	if (!row->opted_in) {
		row->out_reason = og_reason_name(p->reason);
		set(cell, OG_RESULT_NA, og_reason_condition(p->reason),
			og_svz(og_reason_text(p->reason)));
		return;
	}
	const char *level = p->optin.level < OG_LEVEL_COUNT_ ? og_level_name(p->optin.level)
							     : "an annotation";
	set(cell, OG_RESULT_PASS, "OptedIn",
		og_svz(og_arena_fmt(
			l->c->arena, "It was asked for at the level of the %s.", level)));
	if (p->profile) {
		row->profile = keep(l, p->profile->name);
		row->stack = p->profile->stack ? keep(l, p->profile->stack->name) : OG_SV("");
	}
	row->revision = keep(l, og_svz(p->revision));
}

/* ---- pods ---- */

static int by_age(const void *a, const void *b)
{
	const struct og_coverage_pod *x = a, *y = b;
	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	return og_sv_cmp(x->name, y->name);
}

static int take_pods(struct look *l, const struct og_rollout_pod *v, uint32_t n, struct og_err *err)
{
	struct og_coverage_row *row = l->row;
	struct og_coverage_pod *pods =
		og_arena_new_n(l->c->arena, (size_t)n + 1, struct og_coverage_pod);

	if (!pods)
		return og_err_set(err, OG_E_OOM, "reading pods");
	for (uint32_t i = 0; i < n; i++)
		pods[i] = (struct og_coverage_pod){.name = v[i].name,
			.owner = v[i].owner,
			.revision = v[i].revision,
			.class_ = v[i].class_,
			.cause = v[i].cause,
			.ready = v[i].state && v[i].state->ready,
			.created_s = v[i].created_s};
	if (n)
		qsort(pods, n, sizeof(*pods), by_age);
	row->pod = pods;
	row->npod = n < PODS_MAX ? n : PODS_MAX;
	return 0;
}

static int read_children(struct look *l, struct og_rollout_input *in, struct og_err *err)
{
	uint32_t n = 0;

	for (const struct kept *k = l->k->children; k; k = k->next_child)
		n++;
	struct og_rollout_child *v = og_arena_new_n(l->a, (size_t)n + 1, struct og_rollout_child);
	struct og_rollout_facts *f = og_arena_new_n(l->a, (size_t)n + 1, struct og_rollout_facts);
	if (!v || !f)
		return og_err_set(err, OG_E_OOM, "reading ReplicaSets");
	n = 0;
	for (const struct kept *k = l->k->children; k; k = k->next_child) {
		struct og_sv bytes = k->facts;
		const struct og_sv *hash = og_kvs_getl(&k->labels, "pod-template-hash");
		if (!bytes.n || og_rollout_facts_unpack(&bytes, &f[n], NULL) < 0)
			continue;
		v[n] = (struct og_rollout_child){.name = k->name,
			.hash = hash ? *hash : OG_SV(""),
			.created_s = f[n].created_s,
			.facts = &f[n]};
		n++;
	}
	in->children = v;
	in->nchildren = n;
	return 0;
}

/* Classes of pods and the rollout's end. */
static int judge_rollout(struct look *l, struct og_err *err)
{
	const struct kept *k = l->k;
	struct og_rollout_input in = {.ns = k->ns,
		.group = k->group,
		.kind = k->kind,
		.name = k->name,
		.facts = l->has_facts ? &l->facts : NULL,
		.injects = l->injects,
		.revision = revision_known(l->plan) ? og_svz(l->plan->revision) : OG_SV(""),
		.required = l->plan->required,
		.now_s = l->c->want->now_s};
	struct og_pod_state *states =
		og_arena_new_n(l->a, (size_t)k->npods + 1, struct og_pod_state);

	in.pods = og_arena_new_n(l->a, (size_t)k->npods + 1, struct og_rollout_pod);
	if (!in.pods || !states)
		return og_err_set(err, OG_E_OOM, "reading pods");
	for (const struct kept_pod *p = k->pods; p; p = p->next) {
		struct og_pod_state *s = &states[in.npods];
		if (og_pod_state_unpack(p->state, l->a, s, err) < 0)
			return -(int)OG_E_OOM;
		in.pods[in.npods++] = (struct og_rollout_pod){.name = p->name,
			.owner = p->owner_name,
			.hash = p->hash,
			.revision = p->revision,
			.deleting = p->deleting,
			.created_s = p->created_s,
			.state = s};
	}
	int r = read_children(l, &in, err);
	if (r == 0)
		r = og_rollout_judge(&in, l->a, &l->rollout, err);
	if (r < 0)
		return r;
	memcpy(l->row->classes, l->rollout.classes, sizeof(l->row->classes));
	l->row->pods = l->rollout.total;
	r = l->c->want->backends ? og_expect_pods(&in, &l->rollout, 0, l->a, &l->sends.w, err) : 0;
	return r < 0 ? r : take_pods(l, in.pods, in.npods, err);
}

/* ---- links ---- */

static bool add(
	struct look *l, const char *id, struct og_sv message, struct og_sv fix, const char *signal)
{
	/* Several links may rest on one fault; it is said once. */
	for (uint32_t i = 0; i < l->row->nfindings; i++) {
		const struct og_coverage_finding *f = &l->row->findings[i];
		if (strcmp(f->def->id, id) == 0 && (!signal || f->signal == signal))
			return true;
	}
	return og_coverage_add(
		l->row, l->c->arena, id, OG_SV(""), keep(l, message), keep(l, fix), signal);
}

static void fail(struct look *l, enum og_link link, const char *reason, const char *finding,
	struct og_sv message, struct og_sv fix)
{
	struct og_cell *cell = &l->row->link[link];

	set(cell, OG_RESULT_FAIL, reason, keep(l, message));
	cell->fix = keep(l, fix);
	cell->finding = finding;
	if (finding)
		(void)add(l, finding, message, fix, NULL);
}

static void not_injected(struct look *l)
{
	static const char *const findings[OG_REASON_COUNT_] = {
		[OG_REASON_PROFILE_MISSING] = "OG204",
		[OG_REASON_NO_ENDPOINT] = "OG501",
		[OG_REASON_WINDOWS] = "OG207",
		[OG_REASON_NO_TARGET] = "OG302",
	};
	const struct og_plan *p = l->plan;
	const char *id = findings[p->reason];
	struct og_cell *cell = &l->row->link[OG_LINK_INJECTED];
	struct og_sv detail = OG_SV("");

	for (uint32_t i = 0; id && i < p->findings.n; i++)
		if (strcmp(p->findings.v[i].def->id, id) == 0)
			detail = p->findings.v[i].detail;
	/* The engine's own finding says it already. */
	set(cell, OG_RESULT_FAIL, og_reason_condition(p->reason),
		keep(l, detail.n ? detail : og_svz(og_reason_text(p->reason))));
	if (p->reason == OG_REASON_NO_CONFIG)
		set(cell, OG_RESULT_UNKNOWN, "NoConfig",
			OG_SV("No GrafanaStack and TelemetryProfile is among the files; name them "
			      "with --config."));
	else if (detail.n)
		cell->finding = id;
	else if (id)
		fail(l, OG_LINK_INJECTED, cell->reason, id, cell->message, OG_SV(""));
}

static void injected(struct look *l)
{
	struct og_cell *cell = &l->row->link[OG_LINK_INJECTED];
	struct og_injected is;

	if (!l->injects) {
		not_injected(l);
		return;
	}
	if (!l->row->pods_seen) {
		set(cell, OG_RESULT_PASS,
			l->plan->reason == OG_REASON_UP_TO_DATE ? "UpToDate" : "WouldBeInjected",
			l->plan->reason == OG_REASON_UP_TO_DATE
				? OG_SV("Its manifest carries the injection.")
				: OG_SV("Its pods are injected when they are made."));
		return;
	}
	og_rollout_injected(&l->rollout, l->c->arena, &is);
	if (is.all)
		set(cell, OG_RESULT_PASS, is.reason, is.message);
	else
		fail(l, OG_LINK_INJECTED, is.reason, "OG301", is.message, l->rollout.revision.fix);
}

static void credentials(struct look *l)
{
	struct og_cell *cell = &l->row->link[OG_LINK_CREDENTIALS];
	const struct og_plan *p = l->plan;

	if (!l->injects || !p->uses_secret || !p->profile || !p->profile->stack) {
		set(cell, OG_RESULT_NA, "NotNeeded", OG_SV("Its pods need no credentials."));
		return;
	}
	struct og_sv name = p->profile->stack->distribute.secret_name;
	if (kept_find(l->c, OG_SV(""), OG_SV("Secret"), l->k->ns, name))
		set(cell, OG_RESULT_PASS, "SecretPresent",
			OG_SV("The Secret that the pods read is among the objects."));
	else
		set(cell, OG_RESULT_UNKNOWN, "NotChecked",
			og_svz(og_arena_fmt(l->c->arena,
				"Secret %.*s/%.*s is not among the objects.", OG_SV_ARG(l->k->ns),
				OG_SV_ARG(name))));
}

static void rolled_out(struct look *l)
{
	struct og_cell *cell = &l->row->link[OG_LINK_ROLLED_OUT];
	const struct og_rollout_verdict *v = l->row->pods_seen ? og_rollout_outcome(&l->rollout)
							       : &l->rollout.rollout;

	if (!l->injects) {
		set(cell, OG_RESULT_NA, "NotInjected", OG_SV(""));
		return;
	}
	if (!l->has_facts) {
		set(cell, OG_RESULT_UNKNOWN, "NoStatus",
			OG_SV("The object has no status: files tell nothing of its rollout."));
		return;
	}
	if (v->state == OG_ROLLOUT_COMPLETE || og_rollout_rests(&l->rollout, &l->facts))
		set(cell, OG_RESULT_PASS, v->reason ? v->reason : "Complete", keep(l, v->message));
	else if (v->state == OG_ROLLOUT_UNKNOWN || !l->row->pods_seen)
		set(cell, OG_RESULT_UNKNOWN, v->reason ? v->reason : "Unknown",
			keep(l, v->message));
	else
		fail(l, OG_LINK_ROLLED_OUT, v->reason ? v->reason : "NotComplete", v->finding,
			v->message, v->fix);
}

static void blame(struct look *l)
{
	const struct og_rollout_blame *b = &l->rollout.blame;
	if (b->blamed && b->finding)
		(void)add(l, b->finding, b->message, b->fix, NULL);
}

/* ---- signals ---- */

static void signal_of(struct look *l, int i)
{
	const struct og_arrival_ask *ask = &l->expect.ask[i];
	struct og_coverage_signal *s = &l->row->signal[i];
	const char *off = NULL;

	/* Without a profile nobody knows what is expected. */
	s->mode = l->plan->profile ? l->plan->signals[i] : OG_MODE_OPTIONAL;
	s->state = OG_AR_UNKNOWN;
	if (!l->row->opted_in || s->mode == OG_MODE_OFF)
		off = "NotAsked";
	else if (l->injects && ask->exporter == OG_EXPORTER_NONE)
		off = "ExporterNone";
	else if (l->injects && ask->exporter == OG_EXPORTER_ELSEWHERE)
		off = "SentElsewhere";
	else if (i == OG_SIGNAL_TRACES && l->injects && ask->ratio >= 0 && ask->ratio <= 0 &&
		 ask->mode != OG_MODE_OFF)
		off = "SampledOut";
	if (!off) {
		set(&s->cell, OG_RESULT_UNKNOWN, "NotVerified",
			OG_SV("Files cannot tell what arrives."));
		return;
	}
	const struct og_arrival_reason *why = og_arrival_reason(og_svz(off));
	s->state = OG_AR_OFF;
	if (!l->row->opted_in)
		s->mode = OG_MODE_OFF;
	set(&s->cell, OG_RESULT_NA, off, og_svz(why ? why->text : ""));
	if (why && why->finding && s->mode != OG_MODE_OFF) {
		s->cell.finding = why->finding;
		(void)add(l, why->finding, og_svz(why->text), og_svz(why->fix),
			og_signal_name((enum og_signal)i));
	}
}

/* ---- stars ---- */

/* Without a status the manifest still says how many there are to be. */
static int stars(struct look *l, struct og_err *err)
{
	struct og_rollout_facts spec = {.kind = OG_RK_NONE};
	struct og_stars_facts *f = &l->sends.stars;
	int r = 0;

	og_stars_facts_init(f);
	og_stars_facts_of_plan(l->plan, l->a, f);
	if (!l->has_facts && !l->k->of_pod)
		r = og_rollout_facts_read(og_jroot(&l->doc), l->a, &spec, err);
	if (l->has_facts || !l->k->of_pod)
		og_stars_facts_of_rollout(l->has_facts ? &l->facts : &spec,
			l->has_facts && l->row->pods_seen ? og_rollout_outcome(&l->rollout)->state
							  : OG_ROLLOUT_UNKNOWN,
			f);
	if (r == 0 && l->plan->profile)
		og_stars_unverified(l->plan->signals, f, &l->row->stars);
	return r;
}

/* ---- what is to arrive ---- */

static int sends(struct look *l, struct og_err *err)
{
	struct og_audit_sends *x = &l->sends;

	if (!l->c->want->backends || !l->row->stack.n)
		return 0;
	x->w.identities = l->expect.identities;
	x->w.nidentities = l->expect.nidentities;
	memcpy(x->w.ask, l->expect.ask, sizeof(x->w.ask));
	memcpy(x->mode, l->plan->signals, sizeof(x->mode));
	x->profiles = l->expect.profiles;
	x->w.revision = revision_known(l->plan) ? og_svz(l->plan->revision) : OG_SV("");
	x->seen = OG_SV("");
	return og_audit_sends_keep(x, l->row, l->c->arena, err);
}

/* ---- the row ---- */

static int take_findings(struct look *l, struct og_err *err)
{
	const struct og_findings *f = &l->plan->findings;

	for (uint32_t i = 0; i < f->n; i++) {
		/* No profile is missing where none could be there. */
		if (!l->c->loaded && strcmp(f->v[i].def->id, "OG204") == 0)
			continue;
		if (!og_coverage_add(l->row, l->c->arena, f->v[i].def->id, keep(l, f->v[i].place),
			    keep(l, f->v[i].detail.n ? f->v[i].detail : og_svz(f->v[i].def->title)),
			    OG_SV(""), NULL))
			return og_err_set(err, OG_E_OOM, "reading findings");
	}
	return 0;
}

static int accept(struct look *l, struct og_err *err)
{
	struct og_said s = og_optin_setting(&l->plan->optin, OG_KEY_IGNORE, NULL);

	return s.said ? og_ignores_annotation(
				s.value, l->row, l->c->want->now_s, l->c->arena, l->c->notes, err)
		      : 0;
}

static int fill(struct look *l, struct og_err *err)
{
	struct og_sv bytes = l->k->facts;
	int r = make_plan(l, err);

	if (r < 0)
		return r;
	l->injects = l->plan->reason == OG_REASON_INJECTED ||
		     l->plan->reason == OG_REASON_UP_TO_DATE;
	l->has_facts = bytes.n && og_rollout_facts_unpack(&bytes, &l->facts, NULL) == 0;
	opted_in(l);
	r = judge_rollout(l, err);
	if (r == 0)
		r = take_findings(l, err);
	for (int i = 0; r == 0 && i < OG_SIGNAL_COUNT_; i++)
		signal_of(l, i);
	if (r == 0 && l->row->opted_in) {
		injected(l);
		credentials(l);
		rolled_out(l);
		blame(l);
		if (l->injects)
			r = collect_egress(
				l->c, l->k, l->plan, og_jroot(&l->doc), l->a, l->row, err);
		if (r == 0)
			r = stars(l, err);
		if (r == 0)
			r = sends(l, err);
		if (r == 0)
			r = collect_status(l->c, l->k, l->row, err);
		og_coverage_received(l->row);
	}
	return r < 0 ? r : accept(l, err);
}

static struct og_coverage_row *new_row(struct collect *c)
{
	if (c->out->n == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 64;
		struct og_coverage_row *v = og_arena_new_n(c->arena, cap, struct og_coverage_row);
		if (!v)
			return NULL;
		if (c->out->n)
			memcpy(v, c->out->rows, c->out->n * sizeof(*v));
		c->out->rows = v;
		c->cap = cap;
	}
	struct og_coverage_row *row = &c->out->rows[c->out->n++];
	*row = (struct og_coverage_row){.broken = OG_LINK_COUNT_};
	return row;
}

/* A workload that cannot be judged is in the report all the same. */
static int settle(struct look *l, int r, const struct og_err *err)
{
	if (r == 0 || err->code == OG_E_OOM)
		return r;
	struct og_coverage_row *row = l->row;
	row->opted_in = true;
	set(&row->link[OG_LINK_INJECTED], OG_RESULT_UNKNOWN, "NotPlanned",
		keep(l, og_svz(err->msg)));
	const char *what = og_arena_fmt(l->c->arena, "%.*s %.*s/%.*s", OG_SV_ARG(row->kind),
		OG_SV_ARG(row->ns), OG_SV_ARG(row->name));
	return collect_blind(l->c, what, row->link[OG_LINK_INJECTED].message.p, NULL);
}

static bool wanted(const struct collect *c, const struct kept *k)
{
	if (!k->workload || k->parent || (c->want->ns.n && !og_sv_eq(k->ns, c->want->ns)))
		return false;
	return !c->want->selector.present || og_selector_match(&c->want->selector, &k->labels);
}

/* A ReplicaSet that its Deployment made is told by a pod of it. */
static const struct kept *with_text(struct collect *c, const struct kept *k, struct kept *copy)
{
	struct og_sv parts[] = {k->group, k->kind, k->ns, k->name}, key;
	char buf[2048];

	if (k->json.n)
		return k;
	const struct kept *s = og_sv_key(buf, sizeof(buf), parts, OG_COUNT(parts), '\n', &key)
				       ? og_map_get(&c->samples, key)
				       : NULL;
	if (!s)
		return NULL;
	*copy = *k;
	copy->json = s->json;
	copy->of_pod = true;
	return copy;
}

int collect_rows(struct collect *c, struct og_err *err)
{
	og_auto_arena struct og_arena scratch = {0};
	int r = 0;

	og_arena_init(&scratch, 0, SCRATCH_BYTES);
	struct og_map seen; /* namespaces whose pods are among the objects */
	og_map_init(&seen, 1, c->arena);
	for (const struct kept *k = c->first; k; k = k->next)
		if (k->npods && !og_map_put(&seen, k->ns, NULL))
			return og_err_set(err, OG_E_OOM, "reading pods");
	for (const struct kept *k = c->first; k && r == 0; k = k->next) {
		struct kept copy;
		struct og_err why = OG_ERR_INIT;
		const struct kept *with = wanted(c, k) ? with_text(c, k, &copy) : NULL;
		if (!with)
			continue;
		struct look l = {.c = c, .k = with, .a = &scratch, .row = new_row(c)};
		if (!l.row)
			return og_err_set(err, OG_E_OOM, "out of memory");
		l.row->ns = k->ns;
		l.row->group = k->group;
		l.row->kind = k->kind;
		l.row->name = k->name;
		l.row->uid = k->uid;
		l.row->source = k->source;
		l.row->pods_seen = og_map_find(&seen, k->ns) != NULL;
		r = fill(&l, &why);
		r = settle(&l, r, &why);
		if (r < 0 && err)
			*err = why;
		og_arena_reset(&scratch);
		if (c->arena->failed)
			return og_err_set(err, OG_E_OOM, "out of memory");
	}
	return r;
}
