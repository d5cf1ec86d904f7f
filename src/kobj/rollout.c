/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what rollouts are judged by. Packing it is rollout_pack.c. */
#include "otelgate/kobj/rollout.h"

#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/kobj/meta.h"
#include "pack-priv.h"
#include "rollout-priv.h"

static const struct {
	const char *group, *kind;
} kinds[OG_RK_COUNT_] = {
	[OG_RK_NONE] = {"", ""},
	[OG_RK_DEPLOYMENT] = {"apps", "Deployment"},
	[OG_RK_REPLICASET] = {"apps", "ReplicaSet"},
	[OG_RK_STATEFULSET] = {"apps", "StatefulSet"},
	[OG_RK_DAEMONSET] = {"apps", "DaemonSet"},
	[OG_RK_JOB] = {"batch", "Job"},
	[OG_RK_CRONJOB] = {"batch", "CronJob"},
	[OG_RK_ARGO] = {"argoproj.io", "Rollout"},
	[OG_RK_POD] = {"", "Pod"},
	[OG_RK_REPLICATION_CONTROLLER] = {"", "ReplicationController"},
};

enum og_rollout_kind og_rollout_kind_of(struct og_sv group, struct og_sv kind)
{
	for (unsigned i = 1; i < OG_RK_COUNT_; i++)
		if (og_sv_eq(kind, og_svz(kinds[i].kind)) &&
			og_sv_eq(group, og_svz(kinds[i].group)))
			return (enum og_rollout_kind)i;
	return OG_RK_NONE;
}

const char *og_rollout_kind_name(enum og_rollout_kind k)
{
	return (unsigned)k < OG_RK_COUNT_ ? kinds[k].kind : "";
}

#define M(kinds_, path_, member, type_, def_)                                                    \
	{                                                                                        \
		(kinds_), (path_), (uint16_t)offsetof(struct og_rollout_facts, member), (type_), \
			(def_)                                                                   \
	}

/* Defaults: k8s.io/kubernetes/pkg/apis/{apps,batch}/v1/defaults.go; Argo Rollouts
 * utils/defaults/defaults.go. */
static const struct rollout_member members[] = {
	M(~0u, "metadata.creationTimestamp", created_s, RT_TIME, 0),
	M(~0u, "metadata.generation", generation, RT_I64, 0),
	M(~RB(ARGO), "status.observedGeneration", observed, RT_I64, 0),
	M(RB(DEPLOYMENT) | RB(ARGO), "spec.paused", paused, RT_BOOL, 0),
	M(RB(JOB) | RB(CRONJOB), "spec.suspend", suspended, RT_BOOL, 0),
	M(RB(ARGO), "status.abort", aborted, RT_BOOL, 0),
	M(RB_SCALED, "spec.replicas", desired, RT_I32, 1),
	M(RB_SCALED, "status.replicas", total, RT_I32, 0),
	M(RB_SCALED, "status.updatedReplicas", updated, RT_I32, 0),
	M(RB_SCALED, "status.readyReplicas", ready, RT_I32, 0),
	M(RB_SCALED, "status.availableReplicas", available, RT_I32, 0),
	M(RB(STATEFULSET), "status.currentReplicas", current, RT_I32, 0),
	M(RB(DAEMONSET), "status.desiredNumberScheduled", desired, RT_I32, 0),
	M(RB(DAEMONSET), "status.currentNumberScheduled", total, RT_I32, 0),
	M(RB(DAEMONSET), "status.updatedNumberScheduled", updated, RT_I32, 0),
	M(RB(DAEMONSET), "status.numberReady", ready, RT_I32, 0),
	M(RB(DAEMONSET), "status.numberAvailable", available, RT_I32, 0),
	M(RB(STATEFULSET), "spec.updateStrategy.rollingUpdate.partition", partition, RT_I32, 0),
	M(RB_SCALED | RB(DAEMONSET), "spec.minReadySeconds", min_ready_s, RT_I32, 0),
	M(RB(DEPLOYMENT) | RB(ARGO), "spec.progressDeadlineSeconds", progress_deadline_s, RT_I32,
		600),
	M(RB(STATEFULSET), "status.currentRevision", current_revision, RT_TEXT, 0),
	M(RB(STATEFULSET), "status.updateRevision", update_revision, RT_TEXT, 0),
	M(RB(ARGO), "status.stableRS", current_revision, RT_TEXT, 0),
	M(RB(ARGO), "status.currentPodHash", update_revision, RT_TEXT, 0),
	M(RB(JOB), "spec.parallelism", parallelism, RT_I32, 1),
	M(RB(JOB), "spec.completions", completions, RT_I32, -1),
	M(RB(JOB), "spec.backoffLimit", backoff_limit, RT_I32, 6),
	M(RB(JOB), "spec.ttlSecondsAfterFinished", ttl_s, RT_I32, -1),
	M(RB(JOB), "spec.activeDeadlineSeconds", active_deadline_s, RT_I64, -1),
	M(RB(JOB), "status.active", active, RT_I32, 0),
	M(RB(JOB), "status.succeeded", succeeded, RT_I32, 0),
	M(RB(JOB), "status.failed", failed, RT_I32, 0),
	M(RB(CRONJOB), "spec.schedule", schedule, RT_TEXT, 0),
	M(RB(CRONJOB), "spec.timeZone", time_zone, RT_TEXT, 0),
	M(RB(CRONJOB), "status.lastScheduleTime", last_run_s, RT_TIME, 0),
	M(RB(ARGO), "status.phase", argo_phase, RT_TEXT, 0),
	M(RB(ARGO), "status.message", argo_message, RT_TEXT, 0),
};

struct reader {
	struct og_arena *arena;
	struct og_jval object;
	struct og_rollout_facts f;
};

static struct og_jval at(struct og_jval v, const char *path)
{
	struct og_sv rest = og_svz(path), part;
	while (og_sv_split(&rest, '.', &part))
		v = og_jget(v, part);
	return v;
}

static void read_member(struct reader *r, const struct rollout_member *m)
{
	struct og_jval v = at(r->object, m->path);
	char *to = (char *)&r->f + m->offset;
	int64_t n;

	switch ((enum rollout_type)m->type) {
	case RT_I32:
		/* A number of pods is never negative, whoever says so. */
		if (!og_ji64(v, &n) || n < 0 || n > INT32_MAX)
			n = m->def;
		*(int32_t *)(void *)to = (int32_t)n;
		break;
	case RT_I64:
		if (!og_ji64(v, &n) || n < 0)
			n = m->def;
		*(int64_t *)(void *)to = n;
		break;
	case RT_BOOL:
		*(bool *)(void *)to = og_jis(v, OG_J_TRUE);
		break;
	case RT_TEXT:
		*(struct og_sv *)(void *)to = kobj_text(v, OG_COND_REASON_BYTES, r->arena);
		break;
	case RT_TIME:
		*(int64_t *)(void *)to = kobj_seconds(v, r->arena);
		break;
	}
}

/* ---- strategy ---- */

static const struct {
	unsigned kinds;
	const char *path, *value; /* value NULL: the member is an object */
	enum og_strategy strategy;
} strategies[] = {
	{RB(DEPLOYMENT), "spec.strategy.type", "Recreate", OG_STRATEGY_RECREATE},
	{RB(DEPLOYMENT), "spec.strategy.type", "RollingUpdate", OG_STRATEGY_ROLLING},
	{RB(STATEFULSET) | RB(DAEMONSET), "spec.updateStrategy.type", "OnDelete",
		OG_STRATEGY_ON_DELETE},
	{RB(STATEFULSET) | RB(DAEMONSET), "spec.updateStrategy.type", "RollingUpdate",
		OG_STRATEGY_ROLLING},
	{RB(ARGO), "spec.strategy.canary", NULL, OG_STRATEGY_CANARY},
	{RB(ARGO), "spec.strategy.blueGreen", NULL, OG_STRATEGY_BLUE_GREEN},
};

static struct og_jval strategy_type(struct reader *r)
{
	struct og_jval v = at(r->object, "spec.strategy.type");
	return og_junset(v) ? at(r->object, "spec.updateStrategy.type") : v;
}

static void read_strategy(struct reader *r)
{
	unsigned bit = 1u << r->f.kind;
	if (og_jis(strategy_type(r), OG_J_STRING))
		r->f.strategy = OG_STRATEGY_OTHER;
	for (size_t i = 0; i < OG_COUNT(strategies); i++) {
		struct og_jval v = at(r->object, strategies[i].path);
		if ((strategies[i].kinds & bit) &&
			(strategies[i].value ? og_jstr_eq(v, og_svz(strategies[i].value))
					     : og_jis(v, OG_J_OBJECT))) {
			r->f.strategy = strategies[i].strategy;
			break;
		}
	}
	r->f.rolling = og_jis(at(r->object, "spec.updateStrategy.rollingUpdate"), OG_J_OBJECT);
}

/* IntOrString: 3 or "25%". */
static void read_limit(struct reader *r, const char *field, struct og_rollout_limit *ret)
{
	static const char *const places[] = {"spec.strategy.rollingUpdate",
		"spec.updateStrategy.rollingUpdate", "spec.updateStrategy", "spec.strategy.canary"};
	struct og_jval v = OG_JABSENT;
	int64_t n;
	uint32_t share;

	for (size_t i = 0; i < OG_COUNT(places) && og_junset(v); i++)
		v = og_jget(at(r->object, places[i]), og_svz(field));
	if (og_ji64(v, &n) && n >= 0 && n <= INT32_MAX) {
		*ret = (struct og_rollout_limit){.set = true, .value = (int32_t)n};
		return;
	}
	struct og_sv s = og_jstr_or_empty(v, r->arena);
	if (og_sv_ends(s, OG_SV("%")) &&
		og_parse_u32(og_sv(s.p, s.n - 1), 0, 1000000, &share, NULL) == 0)
		*ret = (struct og_rollout_limit){
			.set = true, .percent = true, .value = (int32_t)share};
}

/* ---- conditions ---- */

static const struct {
	unsigned kinds;
	const char *type;
	enum og_cond cond;
} conditions[] = {
	{RB(DEPLOYMENT) | RB(ARGO), "Progressing", OG_COND_PROGRESSING},
	{RB(DEPLOYMENT) | RB(ARGO), "Available", OG_COND_AVAILABLE},
	{RB(DEPLOYMENT) | RB(REPLICASET) | RB(REPLICATION_CONTROLLER) | RB(ARGO), "ReplicaFailure",
		OG_COND_REPLICA_FAILURE},
	{RB(JOB), "Complete", OG_COND_COMPLETE},
	{RB(ARGO), "Completed", OG_COND_COMPLETE},
	{RB(JOB), "Failed", OG_COND_FAILED},
	{RB(JOB), "Suspended", OG_COND_SUSPENDED},
	{RB(ARGO), "Paused", OG_COND_SUSPENDED},
};

static void read_condition(struct reader *r, struct og_jval v, struct og_rollout_cond *ret)
{
	struct og_jval status = og_jgetl(v, "status");
	*ret = (struct og_rollout_cond){
		.status = og_jstr_is(status, "True")	? OG_COND_TRUE
			  : og_jstr_is(status, "False") ? OG_COND_FALSE
							: OG_COND_UNKNOWN,
		.reason = kobj_text(og_jgetl(v, "reason"), OG_COND_REASON_BYTES, r->arena),
		.message = kobj_text(og_jgetl(v, "message"), OG_COND_MESSAGE_BYTES, r->arena),
		.updated_s = kobj_seconds(og_jgetl(v, "lastUpdateTime"), r->arena),
		.changed_s = kobj_seconds(og_jgetl(v, "lastTransitionTime"), r->arena),
	};
}

static void read_conditions(struct reader *r)
{
	enum { MAX_CONDITIONS = 64 };
	og_jfor (it, at(r->object, "status.conditions")) {
		struct og_jval type = og_jgetl(it.val, "type");
		if (it.index == MAX_CONDITIONS)
			break;
		for (size_t i = 0; i < OG_COUNT(conditions); i++)
			if ((conditions[i].kinds & 1u << r->f.kind) &&
				og_jstr_eq(type, og_svz(conditions[i].type)))
				read_condition(r, it.val, &r->f.cond[conditions[i].cond]);
	}
}

/* ---- the rest ---- */

/* A Rollout's is text (types.go: "ObservedGeneration string"). */
static void read_argo(struct reader *r)
{
	struct og_sv s = og_jstr_or_empty(at(r->object, "status.observedGeneration"), r->arena);
	(void)og_parse_i64(s, 0, INT64_MAX, &r->f.observed, NULL);
}

static void clear(struct og_rollout_facts *f)
{
	*f = (struct og_rollout_facts){.parallelism = -1,
		.completions = -1,
		.backoff_limit = -1,
		.ttl_s = -1,
		.active_deadline_s = -1};
	f->current_revision = f->update_revision = f->schedule = f->time_zone = OG_SV("");
	f->argo_phase = f->argo_message = f->restarted_at = OG_SV("");
	for (unsigned i = 0; i < OG_COND_COUNT_; i++)
		f->cond[i].reason = f->cond[i].message = OG_SV("");
}

int og_rollout_facts_read(struct og_jval object, struct og_arena *arena,
	struct og_rollout_facts *ret, struct og_err *err)
{
	struct reader r = {.arena = arena, .object = object};
	struct og_sv api = og_jstr_or_empty(og_jgetl(object, "apiVersion"), arena);

	clear(&r.f);
	r.f.kind = og_rollout_kind_of(
		og_api_group(api), og_jstr_or_empty(og_jgetl(object, "kind"), arena));
	if (r.f.kind != OG_RK_NONE) {
		for (size_t i = 0; i < OG_COUNT(members); i++)
			if (members[i].kinds & 1u << r.f.kind)
				read_member(&r, &members[i]);
		read_strategy(&r);
		read_limit(&r, "maxSurge", &r.f.max_surge);
		read_limit(&r, "maxUnavailable", &r.f.max_unavailable);
		read_conditions(&r);
		r.f.restarted_at =
			kobj_text(og_jget(at(object, "spec.template.metadata.annotations"),
					  OG_SV("kubectl.kubernetes.io/restartedAt")),
				OG_COND_REASON_BYTES, r.arena);
	}
	if (r.f.kind == OG_RK_ARGO)
		read_argo(&r);
	if (r.f.kind == OG_RK_POD)
		r.f.desired = 1;
	if (r.f.kind == OG_RK_CRONJOB)
		r.f.active = (int32_t)og_jcount(at(object, "status.active"));
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "out of memory reading a rollout");
	*ret = r.f;
	return 0;
}
