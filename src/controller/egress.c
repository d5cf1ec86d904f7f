/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network policies of the opted-in workloads: what has changed, who is looked at again, and the
 * decision for one workload.
 */
#include "egress_parts-priv.h"

enum { SETTLE_MS = 100 };

/* ---- jobs ---- */

struct egress_job *egress_job_new(struct egress *e, struct og_sv key)
{
	struct egress_job *j = og_calloc(1, sizeof(*j));

	if (!j) {
		controller_done(e->c, PART_EGRESS, key, OG_QUEUE_FAILED, -1);
		return NULL;
	}
	og_arena_init(&j->arena, 4096, 64 << 20);
	j->e = e;
	j->again_ms = -1;
	j->key = og_arena_sv(&j->arena, key);
	j->next = e->jobs;
	j->at = &e->jobs;
	if (j->next)
		j->next->at = &j->next;
	e->jobs = j;
	if (j->key.p)
		return j;
	j->key = key;
	egress_job_done(j, OG_QUEUE_FAILED, -1);
	return NULL;
}

static void job_free(struct egress_job *j)
{
	*j->at = j->next;
	if (j->next)
		j->next->at = j->at;
	og_arena_fini(&j->arena);
	og_free(j);
}

void egress_job_done(struct egress_job *j, enum og_queue_result r, int64_t again_ms)
{
	controller_done(j->e->c, PART_EGRESS, j->key, r, again_ms);
	job_free(j);
}

/* ---- who is looked at again ---- */

void egress_enqueue_users(struct egress *e, const struct egress_receiver *r)
{
	og_map_for (&e->entries, m) {
		const struct egress_entry *en = m->value;
		for (uint32_t i = 0; i < en->nreceivers; i++) {
			if (en->receivers[i] != r)
				continue;
			(void)controller_enqueue_in(
				e->c, PART_EGRESS, en->key, OG_QUEUE_USER, SETTLE_MS);
			break;
		}
	}
}

static bool in_space(const struct egress_entry *en, struct og_sv ns)
{
	if (en->key.n > ns.n && en->key.p[ns.n] == '/' && og_sv_starts(en->key, ns))
		return true;
	for (uint32_t i = 0; i < en->nreceivers; i++)
		if (en->receivers[i] && og_sv_eq(en->receivers[i]->ns, ns))
			return true;
	return false;
}

/* Workloads of a namespace, and those with a receiver in it. */
static void enqueue_space(struct egress *e, struct og_sv ns)
{
	og_map_for (&e->entries, m) {
		const struct egress_entry *en = m->value;
		if (in_space(en, ns))
			(void)controller_enqueue_in(
				e->c, PART_EGRESS, en->key, OG_QUEUE_USER, SETTLE_MS);
	}
	og_map_for (&e->receivers, m) {
		const struct egress_receiver *r = m->value;
		if (og_sv_eq(r->ns, ns))
			egress_ingress_enqueue(e, r);
	}
}

/* The workload that a policy of ours belongs to. */
static void enqueue_owner(struct egress *e, const struct og_record *r)
{
	char key[EGRESS_KEY_BYTES];
	struct og_owner o;
	struct og_sv out;

	if (!og_record_owner(r, &o))
		return;
	struct og_sv parts[] = {r->ns, o.group, o.kind, o.name};
	if (og_sv_is(o.kind, "Service") && !o.group.n) {
		struct og_sv in[] = {OG_SV("!in"), r->ns, o.name};
		if (og_sv_key(key, sizeof(key), in, OG_COUNT(in), '/', &out))
			(void)controller_enqueue(
				e->c, PART_EGRESS, og_sv(out.p, out.n - 1), OG_QUEUE_USER);
	} else if (og_sv_key(key, sizeof(key), parts, OG_COUNT(parts), '/', &out)) {
		(void)controller_enqueue(e->c, PART_EGRESS, og_sv(out.p, out.n - 1), OG_QUEUE_USER);
	}
}

/* The cache knows our last write, or what became of it: a deletion never shows our version. */
static void caught_up(struct egress *e, enum egress_kind kind, const struct og_record *old,
	const struct og_record *now)
{
	const struct og_record *r = now ? now : old;
	struct og_kube_pre pre = {r->uid, r->resource_version};
	struct og_sv parts[] = {r->ns, r->name}, key;
	char buf[EGRESS_KEY_BYTES];

	if (!og_sv_key(buf, sizeof(buf), parts, OG_COUNT(parts), '/', &key))
		return;
	key.n--;
	if (now)
		(void)og_ownwrites_fresh(e->own[kind], key, &pre);
	else
		og_ownwrites_gone(e->own[kind], key, r->uid);
}

bool egress_policy_changed(struct egress *e, enum egress_kind kind, const struct og_record *old,
	const struct og_record *now)
{
	caught_up(e, kind, old, now);
	if (!controller_acts(e->c))
		return false;
	if (old) /* someone may have taken the owner off */
		enqueue_owner(e, old);
	if (now)
		enqueue_owner(e, now);
	return true;
}

/* Whether the receiver's side is open is part of what workloads say. */
static void tell_kept_out(struct egress *e, struct og_sv ns)
{
	og_map_for (&e->entries, m) {
		const struct egress_entry *en = m->value;
		for (uint32_t i = 0; i < en->nreceivers; i++) {
			if (!en->kept_out[i] || !en->receivers[i] ||
				!og_sv_eq(en->receivers[i]->ns, ns))
				continue;
			(void)controller_enqueue(e->c, PART_WORKLOADS, en->key, OG_QUEUE_USER);
			break;
		}
	}
}

static void on_policy(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct egress *e = ctx;
	const struct og_record *r = now ? now : old;

	(void)what, (void)stale;
	if (!r || e->stopped)
		return;
	bool ours = (!old || egress_is_ours(old)) && (!now || egress_is_ours(now));
	if (!ours)
		egress_sets_forget(e, r->ns);
	if (!egress_policy_changed(e, EGRESS_STANDARD, old, now))
		return;
	if (!ours)
		enqueue_space(e, r->ns);
	if (ours && (!old || !now) && og_sv_starts(r->name, OG_SV(OG_INGRESS_PREFIX)))
		tell_kept_out(e, r->ns);
}

/* What is behind a Service may be another thing now. */
static void look_again(struct egress *e, struct egress_receiver *r)
{
	if (r->known)
		(void)controller_enqueue_in(e->c, PART_EGRESS, r->key, OG_QUEUE_USER, SETTLE_MS);
}

static void on_service(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct egress *e = ctx;
	const struct og_record *r = now ? now : old;

	(void)what, (void)stale;
	if (!r || e->stopped || !controller_acts(e->c))
		return;
	og_map_for (&e->receivers, m) {
		struct egress_receiver *v = m->value;
		if (!og_sv_eq(v->ns, r->ns) || !og_sv_eq(v->service, r->name))
			continue;
		v->asked_ns = 0; /* a person did it: at once */
		look_again(e, v);
		egress_enqueue_users(e, v);
	}
	/* The name that a workload asks for may be a Service from now on, or no more. */
	if (!old || !now)
		og_map_for (&e->entries, m) {
			const struct egress_entry *en = m->value;
			if (!en->nreceivers || en->finding)
				(void)controller_enqueue_in(
					e->c, PART_EGRESS, en->key, OG_QUEUE_USER, SETTLE_MS);
		}
}

static void on_pod(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct egress *e = ctx;
	const struct og_record *r = now ? now : old;

	(void)what, (void)stale;
	/* A receiver's pods come and go; those that only change their status do not matter. */
	if (!r || e->stopped || (old && now) || !controller_acts(e->c))
		return;
	og_map_for (&e->receivers, m) {
		struct egress_receiver *v = m->value;
		if (og_sv_eq(v->ns, r->ns))
			look_again(e, v);
	}
}

static void on_namespace(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct egress *e = ctx;

	(void)what, (void)stale;
	if ((old || now) && !e->stopped && controller_acts(e->c))
		enqueue_space(e, now ? now->name : old->name);
}

int egress_init(struct controller *c, struct og_err *err)
{
	static const struct {
		const char *group, *kind;
		og_store_listener *fn;
	} rows[] = {{"networking.k8s.io", "NetworkPolicy", on_policy}, {"", "Service", on_service},
		{"", "Pod", on_pod}, {"", "Namespace", on_namespace}};
	struct egress *e = c->egress = og_calloc(1, sizeof(*e));

	if (!e)
		return og_err_set(err, OG_E_OOM, "starting the network policies");
	e->c = c;
	og_map_init(&e->entries, 0x656772657373ULL, NULL);
	og_map_init(&e->receivers, 0x7265636569766572ULL, NULL);
	og_map_init(&e->sets, 0x7365747321ULL, NULL);
	int r = 0;
	for (int i = 0; i < EGRESS_KINDS_ && r == 0; i++)
		r = og_ownwrites_new(og_loop_clock(c->loop), 0, 0, &e->own[i], err);
	for (size_t i = 0; i < OG_COUNT(rows) && r == 0; i++) {
		struct og_store *s =
			og_cluster_store(c->cluster, og_svz(rows[i].group), og_svz(rows[i].kind));
		r = s ? og_store_listen(s, rows[i].fn, e, err)
		      : og_err_set(err, OG_E_BUG, "%s is not watched", rows[i].kind);
	}
	return r;
}

/* The listeners stay, and do nothing any more. */
void egress_fini(struct controller *c)
{
	struct egress *e = c->egress;

	if (!e)
		return;
	e->stopped = true;
	og_kube_discover_cancel(c->kube, e);
	egress_host_stop(e);
	while (e->jobs) {
		og_kube_cancel(e->jobs->call);
		job_free(e->jobs);
	}
}

static void entry_free(struct egress_entry *en)
{
	og_buf_fini(&en->message);
	og_buf_fini(&en->ingress_message);
	og_free(en);
}

void egress_free(struct controller *c)
{
	struct egress *e = og_take(c->egress);

	if (!e)
		return;
	og_map_for (&e->entries, m)
		entry_free(m->value);
	og_map_for (&e->receivers, m)
		egress_receiver_free(m->value);
	og_map_for (&e->sets, m) {
		og_arena_fini(&((struct egress_set *)m->value)->arena);
		og_free(m->value);
	}
	og_map_fini(&e->entries);
	og_map_fini(&e->receivers);
	og_map_fini(&e->sets);
	for (int i = 0; i < EGRESS_KINDS_; i++)
		og_ownwrites_free(e->own[i]);
	og_store_free(e->host_store);
	og_free(e);
}

void egress_workload_changed(struct controller *c, const struct workload *now, bool gone)
{
	(void)gone;
	(void)controller_enqueue(c, PART_EGRESS, now->key, OG_QUEUE_USER);
}

void egress_resync(struct controller *c)
{
	struct egress *e = c->egress;
	struct og_store *s =
		og_cluster_store(c->cluster, OG_SV("networking.k8s.io"), OG_SV("NetworkPolicy"));
	const struct workload *w;
	struct og_record r;
	uint32_t at = 0;

	while (c->workloads && (w = controller_workload_next(c, &at)))
		(void)controller_enqueue(c, PART_EGRESS, w->key, OG_QUEUE_LOW);
	og_map_for (&e->entries, m)
		(void)controller_enqueue(c, PART_EGRESS, m->key, OG_QUEUE_LOW);
	og_map_for (&e->receivers, m)
		look_again(e, m->value);
	at = 0;
	while (s && og_store_next(s, &at, &r)) /* of workloads that nobody knows any more, too */
		if (egress_is_ours(&r))
			enqueue_owner(e, &r);
	at = 0;
	while (e->host_store && og_store_next(e->host_store, &at, &r))
		enqueue_owner(e, &r);
	egress_host_look(e);
}

/* ---- one workload ---- */

static struct egress_entry *entry_of(struct egress *e, struct og_sv key)
{
	struct egress_entry *en = og_map_get(&e->entries, key);

	if (en)
		return en;
	en = og_calloc(1, sizeof(*en) + key.n + 1);
	if (!en)
		return NULL;
	memcpy(en + 1, key.p, key.n);
	en->key = og_sv((const char *)(en + 1), key.n);
	og_buf_init(&en->message, 4096);
	og_buf_init(&en->ingress_message, 4096);
	en->reason = "NotLookedAt";
	if (og_map_set(&e->entries, en->key, en))
		return en;
	entry_free(en);
	return NULL;
}

static bool set_text(struct og_buf *b, struct og_sv text)
{
	if (og_sv_eq(og_buf_view(b), text))
		return false;
	og_buf_reset(b);
	og_buf_sv(b, text);
	return true;
}

static bool same_word(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* What is said of an open way: of ours, and of what is wrong for optional signals alone. */
static void way_of(struct egress_job *j, bool managed, const char **reason, const char **finding,
	struct og_sv *message)
{
	if (managed) {
		*reason = "PolicyApplied";
		*finding = NULL;
		*message = og_svz(og_arena_fmt(&j->arena,
			"Policy %.*s opens the way to the receiver.", OG_SV_ARG(j->name)));
	}
	if (!j->aside.n || *finding)
		return;
	*finding = "OG524";
	*message = og_svz(
		og_arena_fmt(&j->arena, "%.*s %.*s That is the way of optional signals alone.",
			OG_SV_ARG(*message), OG_SV_ARG(j->aside)));
}

/* Said by its own words unless the job knows better. */
static void settle(struct egress_job *j, bool managed)
{
	struct egress_entry *en = j->entry;
	enum egress_allowed allowed = EGRESS_DENIED;
	const char *reason = og_egress_need_name(j->r.need), *finding = j->r.finding;
	struct og_sv message = j->r.message;

	if (j->reason) {
		reason = j->reason;
		finding = j->finding ? j->finding : finding;
		message = j->message;
		allowed = j->failed ? EGRESS_DENIED : EGRESS_UNKNOWN;
	} else if (j->r.need == OG_NEED_OPEN || j->r.need == OG_NEED_ALLOWED ||
		   j->r.need == OG_NEED_OFF) {
		allowed = j->r.need == OG_NEED_OFF ? EGRESS_UNKNOWN : EGRESS_ALLOWED;
		way_of(j, managed, &reason, &finding, &message);
	} else if ((j->r.need == OG_NEED_POLICY || j->r.need == OG_NEED_FQDN) && managed) {
		allowed = EGRESS_ALLOWED;
		way_of(j, managed, &reason, &finding, &message);
	} else if (j->r.need == OG_NEED_UNKNOWN || j->r.need == OG_NEED_NOTHING) {
		allowed = EGRESS_UNKNOWN;
	}
	bool changed = en->allowed != allowed || en->need != j->r.need || en->managed != managed ||
		       !same_word(en->reason, reason) || !same_word(en->finding, finding) ||
		       !same_word(en->ingress_finding, j->r.ingress_finding);
	if (j->wrote && en->managed != managed && j->w)
		controller_event(j->e->c, j->w, false,
			managed ? "NetworkPolicyCreated" : "NetworkPolicyRemoved", "OpenEgress",
			"%s %.*s",
			managed ? "The way to the receiver is open by policy"
				: "Not needed any more: policy",
			OG_SV_ARG(j->name));
	en->allowed = allowed;
	en->need = j->r.need;
	en->managed = managed;
	en->reason = reason;
	en->finding = finding;
	en->ingress_finding = j->r.ingress_finding;
	changed = set_text(&en->message, message) || changed;
	changed = set_text(&en->ingress_message, j->r.ingress_message) || changed;
	if (changed)
		(void)controller_enqueue(j->e->c, PART_WORKLOADS, en->key, OG_QUEUE_USER);
}

/* Which receivers it depends on, and which of them keep it out. */
static void note_receivers(struct egress_job *j)
{
	struct egress_entry *en = j->entry;
	bool managed = j->manages_receiver;

	for (uint32_t i = 0; i < OG_EGRESS_MAX_TARGETS; i++) {
		struct egress_receiver *r = i < j->in.ntargets ? j->receivers[i] : NULL;
		bool out = r && j->r.from[i].way == OG_WAY_CLOSED;
		struct egress_receiver *before = en->receivers[i];
		bool was = en->kept_out[i] && en->manages_receiver;
		en->receivers[i] = r;
		en->kept_out[i] = out;
		if (before && was && (before != r || !(out && managed)))
			egress_ingress_enqueue(j->e, before);
		if (r && out && managed && !(was && before == r))
			egress_ingress_enqueue(j->e, r);
	}
	en->nreceivers = j->in.ntargets;
	en->manages_receiver = managed;
}

static void finish(struct egress_job *j)
{
	bool wanted = j->r.make || j->r.make_fqdn;

	j->w = j->e->c->workloads ? controller_workload(j->e->c, j->key) : NULL;
	if (j->entry && j->w)
		settle(j, wanted && !j->failed);
	else if (j->entry && !j->failed) {
		struct og_sv key = j->entry->key;
		struct egress_entry *en = og_map_remove(&j->e->entries, key);
		entry_free(en);
	}
	egress_job_done(j, j->failed && !j->terminal ? OG_QUEUE_FAILED : OG_QUEUE_OK, j->again_ms);
}

static void after_policy(struct egress_job *j)
{
	if (j->failed || !j->e->cilium)
		finish(j);
	else
		egress_keep(j, EGRESS_BY_HOST, j->in.pod.ns, j->name, j->host_text, j->owner_uid,
			finish);
}

/* Out of memory gives false. */
static bool body(struct egress_job *j, bool by_host, struct og_sv *ret)
{
	struct og_egress_owner owner = {j->w->api_version, j->w->kind, j->w->name, j->w->uid};
	struct og_buf b = OG_BUF_INIT(1 << 20);

	*ret = OG_SV("");
	if (by_host ? !j->r.make_fqdn : !j->r.make)
		return true;
	if (og_egress_policy(&j->in, &j->r, by_host, j->name, &owner, &b, NULL) == 0)
		*ret = og_arena_sv(&j->arena, og_buf_view(&b));
	og_buf_fini(&b);
	return ret->n > 0;
}

/* Its receiver cannot be told: what we have made stays, while others isolate the pods. */
static bool stays(struct egress_job *j)
{
	struct og_egress_end nowhere = {.pod = false};
	struct og_egress_verdict v;

	og_egress_judge(&j->in.policies, OG_NETPOL_EGRESS, &j->in.pod, &nowhere, OG_L4_TCP, 1, &v);
	return v.way == OG_WAY_CLOSED || v.way == OG_WAY_ALLOWED;
}

/* 0, 1 = not yet, negative = again later. */
static int decide(struct egress_job *j)
{
	struct og_cluster_config *config = og_cluster_config(j->e->c->cluster);
	const struct og_profile *p = config ? og_config_profile(config->config, j->w->profile)
					    : NULL;
	struct og_err err = OG_ERR_INIT;
	int r = 0;

	j->r = (struct og_egress_result){
		.need = OG_NEED_OFF, .message = OG_SV("Network policies are left alone.")};
	if (!j->w->injects)
		j->r.message = OG_SV("Its pods are not injected.");
	else if (!j->w->netpol_off && p && p->stack)
		r = egress_facts(j, p, &err);
	else if (!j->w->netpol_off)
		r = 1;
	if (r == 0 && j->in.targets)
		r = og_egress_decide(&j->in, &j->arena, &j->r, &err);
	/* Texts of a target are views into the configuration. */
	og_cluster_config_unref(config);
	if (r < 0)
		og_log_limited(j->key, 60000, OG_LOG_ERROR, "controller", "network policies",
			og_lf_sv("workload", j->key), og_lf_err(&err));
	return r;
}

/* Gone, not opted in, or not looked at yet since we lead. */
static void work_unknown(struct egress_job *j)
{
	struct og_sv rest = j->key, ns, group, kind;
	struct og_queue_stats s = {.ready = 0};
	struct og_queue *q = j->e->c->queues[PART_WORKLOADS].queue;

	if (q)
		og_queue_stats(q, &s);
	if (s.ready || s.working) {
		egress_job_done(j, OG_QUEUE_OK, EGRESS_BUSY_MS);
		return;
	}
	if (!og_sv_split(&rest, '/', &ns) || !og_sv_split(&rest, '/', &group) ||
		!og_sv_split(&rest, '/', &kind) ||
		og_egress_name(OG_EGRESS_PREFIX, kind, rest, &j->arena, &j->name, NULL) < 0) {
		egress_job_done(j, OG_QUEUE_TERMINAL, -1);
		return;
	}
	j->in.pod.ns = ns;
	if (j->entry)
		note_receivers(j);
	egress_keep(j, EGRESS_STANDARD, ns, j->name, OG_SV(""), OG_SV(""), after_policy);
}

static void work_workload(struct egress_job *j)
{
	struct og_sv text;
	int r = decide(j);

	for (uint32_t i = 0; r == 1 && i < j->in.ntargets; i++)
		j->entry->receivers[i] = j->receivers[i];
	if (r == 1)
		j->entry->nreceivers = j->in.ntargets;
	if (r) { /* the receiver's job, or the workload's pass, comes back to it */
		egress_job_done(j, r < 0 ? OG_QUEUE_FAILED : OG_QUEUE_OK, -1);
		return;
	}
	j->in.pod.ns = j->w->ns;
	note_receivers(j);
	if (og_egress_name(OG_EGRESS_PREFIX, j->w->kind, j->w->name, &j->arena, &j->name, NULL) <
			0 ||
		!body(j, false, &text) || !body(j, true, &j->host_text)) {
		egress_job_done(j, OG_QUEUE_FAILED, -1);
		return;
	}
	struct og_sv ns = og_arena_sv(&j->arena, j->w->ns);
	j->owner_uid = og_arena_sv(&j->arena, j->w->uid);
	j->in.pod.ns = ns;
	if (j->reason && stays(j))
		finish(j);
	else
		egress_keep(j, EGRESS_STANDARD, ns, j->name, text, j->owner_uid, after_policy);
}

void egress_work(struct controller *c, struct og_sv key)
{
	struct egress *e = c->egress;

	if (og_sv_starts(key, OG_SV("!r/"))) {
		egress_receiver_work(e, key);
		return;
	}
	if (og_sv_starts(key, OG_SV("!in/"))) {
		egress_ingress_work(e, key);
		return;
	}
	struct egress_job *j = egress_job_new(e, key);
	if (!j)
		return;
	j->w = c->workloads ? controller_workload(c, key) : NULL;
	j->entry = j->w ? entry_of(e, key) : og_map_get(&e->entries, key);
	if (!j->w)
		work_unknown(j);
	else if (j->entry)
		work_workload(j);
	else
		egress_job_done(j, OG_QUEUE_FAILED, -1);
}

void controller_egress_state(struct controller *c, const struct workload *w, struct og_arena *arena,
	struct egress_state *ret)
{
	const struct egress_entry *en = c->egress ? og_map_get(&c->egress->entries, w->key) : NULL;

	*ret = (struct egress_state){.allowed = EGRESS_UNKNOWN,
		.reason = "NotLookedAt",
		.message = OG_SV("The network policies have not been looked at yet.")};
	if (!en || !en->message.p)
		return;
	*ret = (struct egress_state){.allowed = en->allowed,
		.need = en->need,
		.reason = en->reason,
		.message = og_arena_sv(arena, og_buf_view(&en->message)),
		.finding = en->finding,
		.managed = en->managed};
	bool opened = en->manages_receiver;
	for (uint32_t i = 0; i < en->nreceivers && opened; i++)
		opened = !en->kept_out[i] || egress_ingress_opened(c->egress, en->receivers[i]);
	if (!en->ingress_finding || opened)
		return;
	ret->ingress_finding = en->ingress_finding;
	ret->ingress_message = og_arena_sv(arena, og_buf_view(&en->ingress_message));
	if (ret->allowed == EGRESS_ALLOWED && !strcmp(en->ingress_finding, "OG517")) {
		ret->allowed = EGRESS_DENIED;
		ret->reason = "ReceiverDenies";
		ret->finding = en->ingress_finding;
		ret->message = ret->ingress_message;
	}
}
