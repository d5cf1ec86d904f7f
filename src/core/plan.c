/* SPDX-License-Identifier: Apache-2.0 */
/* Making the plan: opt-in, targets, and the mutators for each of them. */
#include "plan-priv.h"

#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/uninject.h"

/* The order is that of the variables in the result; OTEL_RESOURCE_ATTRIBUTES is last (I3). */
const struct og_mutator og_mutators[] = {
	{"profile-env", og_mut_profile_env},
	{"language", og_mut_language},
	{"service-name", og_mut_service_name},
	{"exporter", og_mut_exporter},
	{"user-headers", og_mut_user_headers},
	{"tls", og_mut_tls},
	{"headers", og_mut_headers},
	{"signals", og_mut_signals},
	{"sdk", og_mut_sdk},
	{"profiles", og_mut_profiles},
	{"attributes", og_mut_attributes},
	{"helpers", og_mut_helpers},
	{NULL, NULL},
};

static const char *const origins[OG_ORIGIN_COUNT_] = {
	[OG_FROM_USER] = "the container",
	[OG_FROM_ENV_FROM] = "envFrom",
	[OG_FROM_LANGUAGE] = "profile languages env",
	[OG_FROM_PROFILE] = "profile sdk.env",
	[OG_FROM_AGENT] = "language agent",
	[OG_FROM_STACK] = "stack receiver",
	[OG_FROM_SDK] = "profile sdk",
	[OG_FROM_SIGNALS] = "signals",
	[OG_FROM_IDENTITY] = "identity",
	[OG_FROM_HELPER] = "downward API",
};

static const struct {
	const char *name, *text;
} skips[OG_SKIP_COUNT_] = {
	[OG_SKIP_NONE] = {"injected", "it is a target"},
	[OG_SKIP_SIDECAR] = {"sidecar", "a known sidecar"},
	[OG_SKIP_EXCLUDED] = {"excluded", "excluded by annotation"},
	[OG_SKIP_NOT_NAMED] = {"not-named", "other containers are named"},
	[OG_SKIP_INIT] = {"init", "an init container"},
	[OG_SKIP_OWN] = {"own", "put there by otelgate"},
};

const char *og_origin_name(enum og_origin o)
{
	return (unsigned)o < OG_ORIGIN_COUNT_ ? origins[o] : "unknown";
}

const char *og_skip_name(enum og_skip s)
{
	return (unsigned)s < OG_SKIP_COUNT_ ? skips[s].name : "unknown";
}

const char *og_skip_text(enum og_skip s)
{
	return (unsigned)s < OG_SKIP_COUNT_ ? skips[s].text : "unknown";
}

/* --- one container -------------------------------------------------------------------------- */

static const char *list_of(const struct og_plan_container *pc)
{
	return pc->c.init ? "initContainers" : "containers";
}

static int read_user_env(struct og_mut *m, struct og_err *err)
{
	struct og_jval env = m->pc->c.env;
	uint32_t n = og_jcount(env);
	m->user = og_arena_new_n(m->a, n ? n : 1, struct og_user_env);
	if (!m->user)
		return og_err_set(err, OG_E_OOM, "out of memory reading env");
	m->nuser = 0;
	og_jfor (it, env) {
		struct og_user_env *u = &m->user[m->nuser];
		struct og_jval value = og_jgetl(it.val, "value");
		if (!og_jis(it.val, OG_J_OBJECT) ||
			!og_jstr(og_jgetl(it.val, "name"), m->a, &u->name) || !u->name.n)
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u/env/%u: a variable without a name", list_of(m->pc),
				m->pc->c.index, it.index);
		if (!og_junset(value) && !og_jis(value, OG_J_STRING))
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u/env/%u/value: expected a string, found %s",
				list_of(m->pc), m->pc->c.index, it.index,
				og_jtype_name(og_jtype(value)));
		u->v = it.val;
		u->has_value_from = !og_junset(og_jgetl(it.val, "valueFrom"));
		u->has_value = !u->has_value_from;
		u->value = og_jstr_or_empty(value, m->a);
		m->nuser++;
	}
	return 0;
}

static void add_keys(struct og_mut *m, const struct og_sv *keys, uint32_t n, struct og_sv prefix)
{
	struct og_sv *all = og_arena_new_n(m->a, m->nenv_from_keys + n + 1, struct og_sv);
	if (!all) {
		m->oom = true;
		return;
	}
	for (uint32_t i = 0; i < m->nenv_from_keys; i++)
		all[i] = m->env_from_keys[i];
	for (uint32_t i = 0; i < n; i++)
		all[m->nenv_from_keys + i] =
			prefix.n ? og_mut_fmt(m, "%.*s%.*s", OG_SV_ARG(prefix), OG_SV_ARG(keys[i]))
				 : keys[i];
	m->env_from_keys = all;
	m->nenv_from_keys += n;
}

/* envFrom hides variables: known ConfigMaps count as the user's own, the rest is reported. */
static void read_env_from(struct og_mut *m)
{
	const struct og_facts *f = &m->plan->facts;
	og_jfor (it, m->pc->c.env_from) {
		struct og_jval map = og_jgetl(it.val, "configMapRef");
		struct og_sv prefix = og_jstr_or_empty(og_jgetl(it.val, "prefix"), m->a);
		struct og_sv name = og_jstr_or_empty(og_jgetl(map, "name"), m->a);
		struct og_config_map_facts cm = {0};
		if (name.n && f->source && f->source->config_map &&
			f->source->config_map(f->source->ctx, f->namespace_name, name, m->a, &cm) &&
			cm.known) {
			add_keys(m, cm.keys, cm.nkeys, prefix);
			continue;
		}
		m->env_from_opaque = true;
		bool secret = !og_junset(og_jgetl(it.val, "secretRef"));
		struct og_sv sname =
			og_jstr_or_empty(og_jpath(it.val, "secretRef", "name", NULL), m->a);
		og_mut_finding(m, "OG316", og_mut_place(m),
			"takes environment from %s \"%.*s\", whose keys are not known here: a variable of the same name in it is hidden by the injected one",
			secret ? "Secret" : "ConfigMap", OG_SV_ARG(secret ? sname : name));
	}
}

static int plan_container(struct og_mut *m, struct og_err *err)
{
	m->user = NULL;
	m->nuser = m->nenv_from_keys = 0;
	m->env_from_keys = NULL;
	m->env_from_opaque = m->endpoint_by_user = false;
	m->pod_name_ref = m->node_name_ref = m->pod_uid_ref = m->namespace_ref = og_sv("", 0);
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		m->signal_by_user[s] = m->headers_by_user[s] = false;
	int rc = read_user_env(m, err);
	if (rc)
		return rc;
	read_env_from(m);
	for (const struct og_mutator *mu = og_mutators; mu->name && !m->oom; mu++)
		mu->run(m);
	if (!m->oom)
		return 0;
	return m->large
		       ? og_err_set(err, OG_E_LIMIT,
				 "/spec/%s/%u: its variables would be larger than otelgate makes them",
				 list_of(m->pc), m->pc->c.index)
		       : og_err_set(err, OG_E_OOM, "out of memory planning a container");
}

/* --- revision ------------------------------------------------------------------------------- */

/* Without the attributes of one ReplicaSet or Job, which say nothing of how the pod is shaped. */
static struct og_sv covered(const struct og_plan_env *e)
{
	return e->stable_len ? og_sv(e->value.p, e->stable_len) : e->value;
}

static bool same_env(const struct og_plan_env *a, const struct og_plan_env *b)
{
	return a->action == b->action && og_sv_eq(a->name, b->name) &&
	       og_sv_eq(covered(a), covered(b)) && og_sv_eq(a->json, b->json);
}

static void hash_count(struct og_sha256 *h, uint32_t n)
{
	char le[4] = {(char)n, (char)(n >> 8), (char)(n >> 16), (char)(n >> 24)};
	og_sha256_part(h, og_sv(le, sizeof(le)));
}

/* What a container shares with the one before it counts as one mark: most of it, in most pods. */
static void hash_container(struct og_sha256 *h, const struct og_plan_container *pc,
	const struct og_plan_container *before)
{
	og_sha256_part(h, pc->c.name);
	uint32_t same = 0;
	for (uint32_t k = 0; k < pc->nenv; k++) {
		const struct og_plan_env *e = &pc->env[k];
		if (e->action == OG_ENV_KEEP || e->action == OG_ENV_OFF)
			continue;
		if (before && k < before->nenv && same_env(e, &before->env[k])) {
			same++;
			continue;
		}
		hash_count(h, same);
		og_sha256_part(h, e->name);
		og_sha256_part(h, e->json.n ? e->json : covered(e));
		same = 0;
	}
	hash_count(h, same);
	for (uint32_t k = 0; k < pc->nmounts; k++)
		og_sha256_part(h, pc->mounts[k]);
}

/*
 * A hash of all that is injected. The pods of one workload get the same, whichever ReplicaSet or
 * Job made them and whether it was the webhook or `inject`; a change of profile, stack or agent
 * that does not reach this pod changes nothing. The leading number is the version
 * of the engine's own rules.
 */
static int make_revision(struct og_mut *m, struct og_err *err)
{
	struct og_plan *p = m->plan;
	og_auto_sha256 struct og_sha256 h;
	og_sha256_init(&h);
	og_sha256_part(&h, OG_SV("otelgate 1"));
	og_sha256_part(&h, p->profile->name);
	const struct og_plan_container *before = NULL;
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		const struct og_plan_container *pc = &p->containers[i];
		if (pc->skip != OG_SKIP_NONE)
			continue;
		hash_container(&h, pc, before);
		before = pc;
	}
	for (uint32_t i = 0; i < p->nvolumes; i++)
		og_sha256_part(&h, p->volumes[i].json);
	for (uint32_t i = 0; i < p->ninits; i++) {
		const struct og_plan_object *o = &p->inits[i];
		og_sha256_part(&h, o->stable_len ? og_sv(o->json.p, o->stable_len) : o->json);
	}
	for (uint32_t i = 0; i < p->nannotations; i++) {
		og_sha256_part(&h, p->annotations[i].name);
		og_sha256_part(&h, p->annotations[i].json);
	}
	/* what the variables get from the Secret, where they refer to it */
	p->uses_secret = m->nsecrets > 0;
	if (p->uses_secret && m->stack->auth_hash.n)
		og_sha256_part(&h, m->stack->auth_hash);
	unsigned char sum[OG_SHA256_BYTES];
	int rc = og_sha256_final(&h, sum, err);
	if (rc)
		return rc;
	char hex[OG_SHA256_HEX_BYTES];
	og_hex(hex, sum, sizeof(sum));
	memcpy(p->revision, hex, OG_REVISION_DIGITS);
	p->revision[OG_REVISION_DIGITS] = '\0';
	for (uint32_t i = 0; i < m->nrevision_at; i++)
		memcpy(m->revision_at[i], hex, OG_REVISION_DIGITS);
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Never touched, whoever asks: a fault there takes the cluster down (W-23). */
static bool system_namespace(struct og_sv ns)
{
	return og_sv_is(ns, "kube-system") || og_sv_is(ns, "kube-public") ||
	       og_sv_is(ns, "kube-node-lease");
}

static void leave_alone(struct og_plan *p, enum og_reason reason)
{
	p->reason = reason;
	p->optin.in = false;
	if (reason == OG_REASON_WINDOWS)
		p->optin.reason = reason;
}

static void read_required(struct og_plan *p, struct og_arena *a)
{
	enum og_level level;
	struct og_said said = og_optin_setting(&p->optin, OG_KEY_REQUIRED, &level);
	p->required = p->profile && p->profile->on_error == OG_ON_ERROR_REJECT;
	if (!said.said)
		return;
	if (og_sv_is(said.value, "true"))
		p->required = true;
	else if (og_sv_is(said.value, "false"))
		p->required = false;
	else
		og_findings_addf(&p->findings, a, "OG203",
			og_svz(og_arena_fmt(a, "%s %s", og_level_name(level),
				og_key_def(OG_KEY_REQUIRED)->name)),
			"\"%.*s\" is neither true nor false; it is ignored", OG_SV_ARG(said.value));
}

static bool names_endpoint(const struct og_cfg_env *env, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (og_sv_is(env[i].name, "OTEL_EXPORTER_OTLP_ENDPOINT"))
			return true;
	return false;
}

/* Without one, SDKs would send to localhost and fill the application's log with errors. */
static bool has_endpoint(const struct og_profile *p)
{
	bool any = p->stack->receiver.endpoint.n > 0 || names_endpoint(p->sdk.env, p->sdk.nenv);
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++)
		any |= p->stack->receiver.signal_endpoint[s].n > 0;
	for (int l = 0; l < OG_LANG_COUNT_; l++)
		any |= names_endpoint(p->languages[l].env, p->languages[l].nenv);
	return any;
}

/* True when the plan ends here. */
static bool not_for_us(struct og_plan *p, struct og_arena *a)
{
	if (!p->optin.in) {
		p->reason = p->optin.reason;
		return true;
	}
	struct og_sv ns = p->facts.namespace_name;
	if (system_namespace(ns)) {
		og_findings_addf(&p->findings, a, "OG207", og_sv("", 0),
			"the namespace \"%.*s\" is a system namespace; its pods are never changed",
			OG_SV_ARG(ns));
		leave_alone(p, OG_REASON_EXCLUDED_NAMESPACE);
	} else if (og_kvs_getl(&p->meta.annotations, "kubernetes.io/config.mirror")) {
		og_findings_addf(&p->findings, a, "OG207", og_sv("", 0),
			"the pod mirrors a static pod of its node, and the API server refuses changes to it");
		leave_alone(p, OG_REASON_MIRROR_POD);
	} else if (og_podspec_is_windows(p->spec)) {
		og_findings_addf(&p->findings, a, "OG207", og_sv("", 0),
			"the pod is for Windows nodes; otelgate's agents and paths are Linux only");
		leave_alone(p, OG_REASON_WINDOWS);
	} else if (!has_endpoint(p->profile)) {
		og_findings_addf(&p->findings, a, "OG501", og_sv("", 0),
			"the stack \"%.*s\" has no endpoint: its slug has not been discovered yet",
			OG_SV_ARG(p->profile->stack->name));
		leave_alone(p, OG_REASON_NO_ENDPOINT);
	} else {
		return false;
	}
	return true;
}

static int list_containers(struct og_plan *p, struct og_arena *a, struct og_err *err)
{
	struct og_containers cs;
	int rc = og_podspec_containers(p->spec, a, &cs, err);
	if (rc)
		return rc;
	p->containers = og_arena_new_n(a, cs.n ? cs.n : 1, struct og_plan_container);
	if (!p->containers)
		return og_err_set(err, OG_E_OOM, "out of memory planning");
	for (uint32_t i = 0; i < cs.n; i++)
		p->containers[i].c = cs.v[i];
	p->ncontainers = cs.n;
	return 0;
}

static int run_mutators(struct og_plan *p, struct og_arena *a, struct og_err *err)
{
	struct og_mut m = {.plan = p, .a = a, .profile = p->profile, .stack = p->profile->stack};
	uint32_t targets = 0;
	int rc = 0;
	m.scratch.max = 4 << 20;
	for (uint32_t i = 0; i < p->ncontainers && !rc; i++) {
		if (p->containers[i].skip != OG_SKIP_NONE)
			continue;
		m.pc = &p->containers[i];
		rc = plan_container(&m, err);
		targets++;
	}
	og_buf_fini(&m.scratch);
	if (rc)
		return rc;
	if (!targets) {
		leave_alone(p, OG_REASON_NO_TARGET);
		og_findings_addf(&p->findings, a, "OG302", og_sv("", 0),
			"every container is skipped, so there is nothing to inject");
		return 0;
	}
	rc = make_revision(&m, err);
	return rc ? rc : og_record_write(p, a, err);
}

/* More annotations are refused by the API server (apimachinery, TotalAnnotationSizeLimitB); more
 * labels than that fit into no object that etcd takes. */
static int check_pairs(const struct og_kvs *kvs, const char *what, struct og_err *err)
{
	enum { MAX_BYTES = 256 << 10 };
	size_t total = 0;
	for (uint32_t i = 0; i < kvs->n; i++)
		total += kvs->v[i].key.n + kvs->v[i].value.n;
	return total <= MAX_BYTES
		       ? 0
		       : og_err_set(err, OG_E_LIMIT, "the %s come to %zu bytes, the limit is %d",
				 what, total, MAX_BYTES);
}

/*
 * `otelgate.dev/inject: true` without quotes is a boolean, which the API server refuses and which
 * says nothing here either; the commonest slip in manifests, so it is named.
 */
static void note_no_strings(
	struct og_plan *p, struct og_arena *a, struct og_jval object, enum og_level level)
{
	static const char *const maps[] = {"annotations", "labels"};
	for (size_t i = 0; i < OG_COUNT(maps); i++)
		og_jfor (it, og_jpath(object, "metadata", maps[i], NULL)) {
			if (og_jis(it.val, OG_J_STRING))
				continue;
			struct og_sv key = og_jstr_or_empty(it.key, a);
			if (!og_sv_starts(key, OG_SV(OG_PREFIX)) &&
				!og_sv_starts(key, OG_SV(OG_ATTR_PREFIX)))
				continue;
			og_findings_addf(&p->findings, a, "OG203",
				og_svz(og_arena_fmt(
					a, "%s %.*s", og_level_name(level), OG_SV_ARG(key))),
				"expected a string, found %s; put the value in quotes",
				og_jtype_name(og_jtype(it.val)));
		}
}

static int start(
	const struct og_plan_input *in, struct og_plan *p, struct og_arena *a, struct og_err *err)
{
	p->received = p->object = in->object;
	p->facts = in->facts;
	p->kind = og_workload_kind_of(in->object);
	if (!p->kind)
		return og_err_set(err, OG_E_UNSUPPORTED, "not a kind that makes pods");
	p->tmpl = og_workload_template(p->kind, in->object);
	p->tmpl_path = og_svz(p->kind->template_path);
	p->spec = og_jgetl(p->tmpl, "spec");
	if (!og_jis(p->spec, OG_J_OBJECT))
		return og_err_set(err, OG_E_INVALID, "%s/spec: expected an object, found %s",
			p->kind->template_path, og_jtype_name(og_jtype(p->spec)));
	int rc = og_meta_read(p->tmpl, a, &p->meta, err);
	if (!rc)
		rc = check_pairs(&p->meta.annotations, "annotations", err);
	if (!rc)
		rc = check_pairs(&p->meta.labels, "labels", err);
	if (rc)
		return rc;
	note_no_strings(p, a, p->tmpl, OG_LEVEL_TEMPLATE);
	if (p->tmpl_path.n)
		note_no_strings(p, a, p->received, OG_LEVEL_WORKLOAD);
	return 0;
}

static int make(const struct og_plan_input *in, struct og_arena *arena, struct og_plan **ret,
	struct og_err *err)
{
	struct og_plan *p = og_arena_new(arena, struct og_plan);
	if (!p)
		return og_err_set(err, OG_E_OOM, "out of memory planning");
	int rc = start(in, p, arena, err);
	if (rc)
		return rc;
	*ret = p;
	og_optin_decide(in->config, &p->meta, &p->facts, in->profile_override, arena, &p->findings,
		&p->optin);
	p->profile = p->optin.profile;
	read_required(p, arena);
	if (not_for_us(p, arena))
		return 0;
	p->reinjected = og_kvs_getl(&p->meta.annotations, OG_ANNOTATION_INJECTION) != NULL;
	if (!p->reinjected && og_kvs_getl(&p->meta.labels, OG_LABEL_REVISION))
		og_findings_addf(&p->findings, arena, "OG321", OG_SV("label " OG_LABEL_REVISION),
			"the record " OG_ANNOTATION_INJECTION
			" is missing, so all that was injected counts as the owner's");
	if (p->reinjected) {
		rc = og_plan_rebase(p, arena, err);
		if (rc)
			return rc;
	}
	rc = list_containers(p, arena, err);
	if (rc)
		return rc;
	og_settings_signals(p, arena);
	og_settings_targets(p, arena);
	og_settings_languages(p, arena);
	og_settings_others(p, arena);
	return run_mutators(p, arena, err);
}

int og_plan_make(const struct og_plan_input *in, struct og_arena *arena, struct og_plan **ret,
	struct og_err *err)
{
	int rc = make(in, arena, ret, err);
	/* facts, names and texts that had no room: the plan, or the verdict, may be a wrong one */
	if (arena->failed && rc != -OG_E_LIMIT)
		rc = og_err_set(err, OG_E_OOM, "out of memory planning");
	return rc;
}
