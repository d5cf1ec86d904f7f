/* SPDX-License-Identifier: Apache-2.0 */
/* Distribution of credentials: what the part keeps, what wakes it, and what others ask of it. */
#include "credentials-priv.h"

#include "cred-priv.h"
#include "otelgate/base/clock.h"

/* ---- small things ---- */

int64_t cred_now_s(const struct cred *k)
{
	return og_clock_wall_ns(og_loop_clock(k->c->loop)) / OG_NS_PER_S;
}

const struct og_stack *cred_stack_spec(const struct cred *k, struct og_sv name)
{
	const struct og_config *c = k->cfg ? k->cfg->config : NULL;

	for (uint32_t i = 0; c && i < c->nstacks; i++)
		if (og_sv_eq(c->stacks[i].name, name))
			return &c->stacks[i];
	return NULL;
}

struct cred_stack *cred_stack_of(const struct cred *k, struct og_sv name)
{
	return og_map_get(&k->stacks, name);
}

void cred_enqueue(struct cred *k, char kind, struct og_sv name, int priority, int64_t in_ms)
{
	char buf[CRED_KEY_BYTES];

	if (k->stopped || name.n + 2 > sizeof(buf))
		return;
	buf[0] = kind;
	buf[1] = '/';
	if (name.n)
		memcpy(buf + 2, name.p, name.n);
	(void)controller_enqueue_in(
		k->c, PART_CREDENTIALS, og_sv(buf, name.n + 2), priority, in_ms);
}

void cred_enqueue_namespaces(struct cred *k, int priority)
{
	struct og_store *s = og_cluster_store(k->c->cluster, OG_SV(""), OG_SV("Namespace"));
	struct og_record r;
	uint32_t at = 0;

	while (s && og_store_next(s, &at, &r))
		cred_enqueue(k, 'n', r.name, priority, 0);
}

void cred_event(struct cred *k, const struct cred_stack *s, bool warning, const char *reason,
	const char *action, struct og_sv note)
{
	const struct og_event ev = {.warning = warning,
		.api_version = OG_SV("otelgate.dev/v1alpha1"),
		.kind = OG_SV("GrafanaStack"),
		.ns = OG_SV(""),
		.name = og_svz(s->name),
		.uid = og_svz(s->uid),
		.reason = reason,
		.action = action,
		.note = note};

	if (controller_acts(k->c))
		og_events_emit(k->c->events, &ev);
}

/* Those that say who needs a Secret. */
static bool says_needs(const char *resource)
{
	static const char *const kinds[] = {"grafanastacks.otelgate.dev",
		"telemetryprofiles.otelgate.dev", "namespaces", "pods", "deployments.apps",
		"replicasets.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch",
		"cronjobs.batch"};

	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (!strcmp(resource, kinds[i]))
			return true;
	return false;
}

static bool watches_stand(const struct cred *k)
{
	struct og_watch_info info[OG_CLUSTER_WATCHES];
	size_t n = 0;

	og_cluster_watches(k->c->cluster, info, &n);
	for (size_t i = 0; i < n; i++)
		if (info[i].state != OG_WATCH_SYNCED && says_needs(info[i].resource))
			return false;
	return true;
}

bool cred_settled(const struct cred *k)
{
	struct og_queue *q = k->c->queues[PART_WORKLOADS].queue;
	struct og_queue_stats s = {0};

	if (!k->cfg || !controller_acts(k->c) || !watches_stand(k))
		return false;
	if (q)
		og_queue_stats(q, &s);
	return !s.ready && !s.working;
}

/* ---- the table of Secrets ---- */

static bool secret_key(
	struct og_sv ns, struct og_sv name, char buf[CRED_KEY_BYTES], struct og_sv *ret)
{
	const struct og_sv parts[] = {ns, name};
	return og_sv_key(buf, CRED_KEY_BYTES, parts, OG_COUNT(parts), '/', ret);
}

static const char *const state_names[CRED_COUNT_] = {
	[CRED_NOT_NEEDED] = "not-needed",
	[CRED_READY] = "ready",
	[CRED_WAITING] = "waiting",
	[CRED_SOURCE_MISSING] = "source-missing",
	[CRED_SOURCE_INVALID] = "source-invalid",
	[CRED_FOREIGN] = "foreign",
	[CRED_FORBIDDEN] = "forbidden",
	[CRED_EXCLUDED] = "excluded",
};

static void count(struct cred *k, enum credentials_what what, int by)
{
	if (what == CRED_NOT_NEEDED)
		return;
	k->counts[what] += (uint32_t)by;
	og_metric_set(
		k->c->m, OG_CM_CREDENTIAL_SECRETS, k->counts[what], OG_LABELS(state_names[what]));
}

struct cred_secret *cred_secret_of(struct cred *k, struct og_sv ns, struct og_sv name, bool add)
{
	char buf[CRED_KEY_BYTES];
	struct og_sv key;

	if (!secret_key(ns, name, buf, &key))
		return NULL;
	struct cred_secret *s = og_map_get(&k->secrets, key);
	if (s || !add)
		return s;
	s = og_calloc(1, sizeof(*s));
	if (s && !og_map_set(&k->secrets, key, s))
		og_free(og_take(s));
	if (s)
		s->reason = "NotNeeded";
	return s;
}

void cred_tell_namespace(struct cred *k, struct og_sv ns)
{
	const struct workload *w;
	uint32_t at = 0;

	while ((w = controller_workload_next(k->c, &at)))
		if (og_sv_eq(w->ns, ns))
			(void)controller_enqueue(k->c, PART_WORKLOADS, w->key, OG_QUEUE_USER);
}

void cred_tell_workloads(struct cred *k, struct og_sv stack)
{
	const struct workload *w;
	uint32_t at = 0;

	while ((w = controller_workload_next(k->c, &at)))
		if (og_sv_eq(w->stack, stack))
			(void)controller_enqueue(k->c, PART_WORKLOADS, w->key, OG_QUEUE_LOW);
}

void cred_secret_set(struct cred *k, struct og_sv ns, struct og_sv name, enum credentials_what what,
	const char *reason, const char *finding, struct og_sv message)
{
	struct cred_secret *s = cred_secret_of(k, ns, name, true);

	if (!s)
		return;
	bool same = s->what == what && !strcmp(s->reason, reason) &&
		    og_sv_eq(og_svz(s->message), message);
	if (same)
		return;
	count(k, s->what, -1);
	count(k, what, 1);
	s->what = what;
	s->reason = reason;
	s->finding = finding;
	(void)og_sv_set(&s->message, message);
	og_log(what == CRED_READY || what == CRED_NOT_NEEDED || what == CRED_WAITING ? OG_LOG_INFO
										     : OG_LOG_WARN,
		"credentials", "secret", og_lf_sv("namespace", ns), og_lf_sv("secret", name),
		og_lf_str("state", state_names[what]), og_lf_str("reason", reason),
		og_lf_sv("message", message));
	cred_tell_namespace(k, ns);
	if (s->stack)
		cred_enqueue(k, 't', og_svz(s->stack), OG_QUEUE_USER, CRED_STATUS_MS);
}

static void secret_free(struct cred_secret *s)
{
	og_free(s->message);
	og_free(s->stack);
	og_free(s);
}

/* ---- what the workload pass asks ---- */

static void say(struct credentials_state *ret, enum credentials_what what, const char *reason,
	const char *finding, struct og_sv message)
{
	ret->state = what;
	ret->reason = reason;
	ret->finding = finding;
	ret->message = message;
}

static void of_entry(const struct cred *k, const struct cred_secret *e, struct og_arena *arena,
	struct credentials_state *ret)
{
	const struct cred_stack *s = cred_stack_of(k, og_svz(e->stack));
	bool doubt = e->what == CRED_READY && s && s->cred.finding; /* it works, and is not right */
	struct og_sv message = og_arena_sv(arena, doubt ? s->cred.message : og_svz(e->message));

	say(ret, e->what, e->reason, doubt ? s->cred.finding : e->finding,
		message.p ? message : OG_SV(""));
	ret->created_s = e->created_s;
	ret->since_s = e->since_s;
	memcpy(ret->hash, e->hash, sizeof(ret->hash));
}

void controller_credentials_state(struct controller *c, struct og_sv ns, struct og_sv stack,
	struct og_arena *arena, struct credentials_state *ret)
{
	struct cred *k = c->credentials;
	const struct og_stack *spec = k ? cred_stack_spec(k, stack) : NULL;

	*ret = (struct credentials_state){
		.state = CRED_NOT_NEEDED, .reason = "NotNeeded", .message = OG_SV("")};
	if (!spec || !spec->credentials.present)
		return;
	const struct cred_secret *e = cred_secret_of(k, ns, spec->distribute.secret_name, false);
	if (e && e->stack && og_sv_eq(og_svz(e->stack), stack) && e->what != CRED_NOT_NEEDED) {
		of_entry(k, e, arena, ret);
		return;
	}
	if (e && e->stack && e->what != CRED_NOT_NEEDED) {
		char *text = og_arena_fmt(arena,
			"Secret %.*s/%.*s holds the credentials of GrafanaStack %s, which is used in this namespace as well: give one of the stacks another spec.distribute.secretName",
			OG_SV_ARG(ns), OG_SV_ARG(spec->distribute.secret_name), e->stack);
		say(ret, CRED_FOREIGN, "OtherStack", "OG415", og_svz(text));
		return;
	}
	say(ret, CRED_WAITING, "NotLookedAt", NULL, OG_SV(""));
}

void credentials_workload_changed(struct controller *c, const struct workload *now, bool gone)
{
	struct cred *k = c->credentials;

	(void)gone;
	if (!k)
		return;
	k->needs_stale = true;
	cred_enqueue(k, 'n', now->ns, OG_QUEUE_USER, 0);
}

/* ---- what wakes it ---- */

static void on_namespace(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct controller *c = ctx;

	(void)what, (void)stale;
	if (c->credentials && (now || old))
		cred_enqueue(c->credentials, 'n', now ? now->name : old->name, OG_QUEUE_USER, 0);
}

void credentials_work(struct controller *c, struct og_sv key)
{
	static const struct {
		char kind;
		void (*work)(struct cred *k, struct og_sv key, struct og_sv name);
	} rows[] = {{'s', cred_work_source}, {'n', cred_work_namespace}, {'t', cred_work_status}};

	for (size_t i = 0; i < OG_COUNT(rows) && key.n > 2; i++) {
		if (key.p[0] == rows[i].kind) {
			rows[i].work(c->credentials, key, og_sv(key.p + 2, key.n - 2));
			return;
		}
	}
	controller_done(c, PART_CREDENTIALS, key, OG_QUEUE_TERMINAL, -1);
}

static void watch_names(struct cred *k)
{
	struct og_err err = OG_ERR_INIT;

	for (uint32_t i = 0; i < k->cfg->config->nstacks; i++) {
		const struct og_stack *s = &k->cfg->config->stacks[i];
		if (s->credentials.present &&
			cred_watch_name(k, s->distribute.secret_name, &err) < 0)
			og_log(OG_LOG_ERROR, "credentials", "not watched", og_lf_err(&err));
	}
}

void credentials_resync(struct controller *c)
{
	struct cred *k = c->credentials;
	struct og_cluster_config *now = og_cluster_config(c->cluster);

	og_cluster_config_unref(k->cfg);
	k->cfg = now;
	k->needs_stale = true;
	/* Without any, the default name is looked at: what a stack that is gone left behind. */
	struct og_err err = OG_ERR_INIT;
	if (cred_watch_name(k, OG_SV(OG_CLUSTER_SECRET_NAME), &err) < 0)
		og_log(OG_LOG_ERROR, "credentials", "not watched", og_lf_err(&err));
	if (now) {
		watch_names(k);
		for (uint32_t i = 0; i < now->config->nstacks; i++)
			cred_enqueue(k, 's', now->config->stacks[i].name, OG_QUEUE_USER, 0);
	}
	og_map_for (&k->stacks, e)
		cred_enqueue(k, 's', e->key, OG_QUEUE_USER, 0);
	cred_enqueue_namespaces(k, OG_QUEUE_LOW);
}

int credentials_init(struct controller *c, struct og_err *err)
{
	struct cred *k = og_calloc(1, sizeof(*k));

	if (!k)
		return og_err_set(err, OG_E_OOM, "starting the credentials");
	k->c = c;
	k->needs_stale = true;
	og_map_init(&k->stacks, 0x63726564737461ULL, NULL);
	og_map_init(&k->names, 0x637265646e616dULL, NULL);
	og_map_init(&k->secrets, 0x63726564736563ULL, NULL);
	og_map_init(&k->needs, 0x637265646e6565ULL, NULL);
	c->credentials = k;
	int r = og_ownwrites_new(og_loop_clock(c->loop), 0, 0, &k->own, err);
	for (int i = 1; i < CRED_COUNT_; i++)
		og_metric_set(c->m, OG_CM_CREDENTIAL_SECRETS, 0, OG_LABELS(state_names[i]));
	return r < 0 ? r
		     : og_store_listen(og_cluster_store(c->cluster, OG_SV(""), OG_SV("Namespace")),
			       on_namespace, c, err);
}

static void stack_free(struct cred_stack *s)
{
	cred_watch_free(s->source);
	og_credentials_fini(&s->cred);
	og_arena_fini(&s->arena);
	og_free(s->name);
	og_free(s);
}

void credentials_fini(struct controller *c)
{
	struct cred *k = og_take(c->credentials);

	if (!k)
		return;
	k->stopped = true;
	cred_ops_cancel(k);
	og_map_for (&k->stacks, e)
		stack_free(e->value);
	og_map_for (&k->names, e)
		cred_watch_free(e->value);
	og_map_for (&k->secrets, e)
		secret_free(e->value);
	og_map_fini(&k->stacks);
	og_map_fini(&k->names);
	og_map_fini(&k->secrets);
	og_map_fini(&k->needs);
	og_ownwrites_free(k->own);
	og_cluster_config_unref(k->cfg);
	og_free(k);
}

void cred_stack_drop(struct cred *k, struct og_sv name)
{
	struct cred_stack *s = og_map_remove(&k->stacks, name);

	if (s)
		stack_free(s);
}
