/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the state of a Pod. Packing it is podstate_pack.c. */
#include "otelgate/kobj/podstate.h"

#include "otelgate/base/mem.h"
#include "pack-priv.h"
#include "podstate-priv.h"

static const char *const phases[OG_POD_PHASE_COUNT_] = {
	[OG_POD_PHASE_UNKNOWN] = "Unknown",
	[OG_POD_PENDING] = "Pending",
	[OG_POD_RUNNING] = "Running",
	[OG_POD_SUCCEEDED] = "Succeeded",
	[OG_POD_FAILED] = "Failed",
};

const char *og_pod_phase_name(enum og_pod_phase p)
{
	return (unsigned)p < OG_POD_PHASE_COUNT_ ? phases[p] : "Unknown";
}

struct reader {
	struct og_arena *arena;
	struct podstate_record rec;
	struct og_jval spec, status;
	struct og_container_state c[OG_POD_TROUBLED_MAX];
	struct og_pod_state s;
};

static bool is_true(struct og_jval v)
{
	return og_jis(v, OG_J_TRUE);
}

/* What the loaders of glibc and musl say when they are handed the other's library. Only whether it
 * was said is kept. */
static bool speaks_of_libc(struct og_jval message)
{
	static const char *const words[] = {
		"ld-linux", "ld-musl", "GLIBC_", "Error relocating", "symbol not found"};
	struct og_sv raw = og_jis(message, OG_J_STRING) ? og_jraw(message) : OG_SV("");
	for (size_t i = 0; i < OG_COUNT(words); i++)
		if (og_sv_has(raw, og_svz(words[i])))
			return true;
	return false;
}

/* The end that is or was last. */
static void read_end(struct reader *r, struct og_jval t, struct og_container_state *c)
{
	int64_t code = 0, signal = 0;
	if (!og_jis(t, OG_J_OBJECT))
		return;
	if (og_ji64(og_jgetl(t, "signal"), &signal) && signal > 0 && signal < 128)
		code = 128 + signal;
	(void)og_ji64(og_jgetl(t, "exitCode"), &code);
	c->exited = true;
	c->exit_code = code >= INT32_MIN && code <= INT32_MAX ? (int32_t)code : -1;
	c->exit_reason = kobj_text(og_jgetl(t, "reason"), OG_POD_REASON_BYTES, r->arena);
	c->other_libc = speaks_of_libc(og_jgetl(t, "message"));
	c->since_s = kobj_seconds(og_jgetl(t, "finishedAt"), r->arena);
}

static void read_state(struct reader *r, struct og_jval status, struct og_container_state *c)
{
	struct og_jval state = og_jgetl(status, "state");
	struct og_jval waiting = og_jgetl(state, "waiting"), running = og_jgetl(state, "running");
	struct og_jval ended = og_jgetl(state, "terminated");
	int64_t n = 0;

	read_end(r, og_jpath(status, "lastState", "terminated", NULL), c);
	if (og_jis(running, OG_J_OBJECT)) {
		c->run = OG_RUN_RUNNING;
		c->since_s = kobj_seconds(og_jgetl(running, "startedAt"), r->arena);
	} else if (og_jis(ended, OG_J_OBJECT)) {
		c->run = OG_RUN_TERMINATED;
		read_end(r, ended, c);
	} else if (og_jis(waiting, OG_J_OBJECT)) {
		c->run = OG_RUN_WAITING;
		c->reason = kobj_text(og_jgetl(waiting, "reason"), OG_POD_REASON_BYTES, r->arena);
		/* "back-off 5m0s restarting failed container=…" says nothing more */
		if (!og_sv_is(c->reason, "CrashLoopBackOff"))
			c->message = kobj_text(
				og_jgetl(waiting, "message"), OG_POD_MESSAGE_BYTES, r->arena);
	}
	c->ready = is_true(og_jgetl(status, "ready"));
	if (og_ji64(og_jgetl(status, "restartCount"), &n) && n > 0)
		c->restarts = n <= UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* Nothing to tell: as it should be, or its turn has not come. */
static bool is_fine(const struct og_container_state *c)
{
	if (c->restarts || (c->exited && c->exit_code != 0) || c->other_libc)
		return false;
	switch (c->run) {
	case OG_RUN_RUNNING:
		return c->ready && (c->sidecar || !c->init) && !c->exited;
	case OG_RUN_TERMINATED:
		return !c->sidecar;
	case OG_RUN_WAITING:
		return !c->reason.n || og_sv_is(c->reason, "PodInitializing") ||
		       og_sv_is(c->reason, "ContainerCreating");
	default:
		return true;
	}
}

/* Whether a variable that injection writes comes from a Secret (core/mut_exporter.c). */
static bool takes_secret(struct og_jval container)
{
	og_jfor (it, og_jgetl(container, "env")) {
		struct og_jval name = og_jgetl(it.val, "name");
		struct og_sv raw = og_jis(name, OG_J_STRING) ? og_jraw(name) : OG_SV("");
		if ((og_sv_starts(raw, OG_SV("\"OTEL_EXPORTER_OTLP_")) ||
			    og_sv_starts(raw, OG_SV("\"PYROSCOPE_BASIC_AUTH_"))) &&
			og_jis(og_jpath(it.val, "valueFrom", "secretKeyRef", NULL), OG_J_OBJECT))
			return true;
	}
	return false;
}

static struct og_jval status_of(struct og_jval statuses, struct og_sv name)
{
	og_jfor (it, statuses) {
		if (it.index == PODSTATE_CONTAINERS)
			break;
		if (og_jstr_eq(og_jgetl(it.val, "name"), name))
			return it.val;
	}
	return OG_JABSENT;
}

static void read_container(
	struct reader *r, struct og_jval container, struct og_jval statuses, bool init)
{
	struct og_pod_state *s = &r->s;
	struct og_container_state c = {.init = init};
	c.name = og_jstr_or_empty(og_jgetl(container, "name"), r->arena);
	struct og_jval status = status_of(statuses, c.name);
	c.name = kobj_cut(c.name, OG_POD_REASON_BYTES);
	c.sidecar = init && og_jstr_is(og_jgetl(container, "restartPolicy"), "Always");
	c.own = init && podstate_is_own(c.name);
	c.touched = og_jis(og_jget(r->rec.containers, c.name), OG_J_OBJECT);
	bool secret = c.touched && takes_secret(container);
	s->uses_secret |= secret;
	s->containers = (uint16_t)(s->containers + !init);
	if (!og_jis(status, OG_J_OBJECT))
		return;
	read_state(r, status, &c);
	s->nready = (uint16_t)(s->nready + (!init && c.ready));
	if (secret && c.run == OG_RUN_RUNNING && c.since_s &&
		(!s->started_s || c.since_s < s->started_s))
		s->started_s = c.since_s;
	if (!is_fine(&c) && s->ncontainers < OG_POD_TROUBLED_MAX)
		r->c[s->ncontainers++] = c;
}

static void read_containers(struct reader *r)
{
	static const struct {
		const char *list, *statuses;
		bool init;
	} lists[] = {
		{"initContainers", "initContainerStatuses", true},
		{"containers", "containerStatuses", false},
	};
	for (size_t i = 0; i < OG_COUNT(lists); i++) {
		struct og_jval statuses = og_jget(r->status, og_svz(lists[i].statuses));
		og_jfor (it, og_jget(r->spec, og_svz(lists[i].list))) {
			if (it.index == PODSTATE_CONTAINERS)
				break;
			read_container(r, it.val, statuses, lists[i].init);
		}
	}
}

static struct og_jval condition(struct reader *r, const char *type)
{
	og_jfor (it, og_jgetl(r->status, "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(type)))
			return it.val;
	return OG_JABSENT;
}

static bool has_status(struct og_jval cond, const char *status)
{
	return og_jstr_eq(og_jgetl(cond, "status"), og_svz(status));
}

static void take_reason(struct reader *r, struct og_jval from)
{
	r->s.reason = kobj_text(og_jgetl(from, "reason"), OG_POD_REASON_BYTES, r->arena);
	r->s.message = kobj_text(og_jgetl(from, "message"), OG_POD_MESSAGE_BYTES, r->arena);
}

static void read_conditions(struct reader *r)
{
	struct og_jval ready = condition(r, "Ready");
	struct og_jval scheduled = condition(r, "PodScheduled");
	struct og_jval target = condition(r, "DisruptionTarget");
	struct og_pod_state *s = &r->s;

	s->ready = has_status(ready, "True");
	s->ready_s = kobj_seconds(og_jgetl(ready, "lastTransitionTime"), r->arena);
	s->gates = !s->ready && og_jcount(og_jgetl(r->spec, "readinessGates")) &&
		   has_status(condition(r, "ContainersReady"), "True");
	take_reason(r, r->status);
	if (!s->reason.n && has_status(scheduled, "False"))
		take_reason(r, scheduled);
	if (!s->reason.n && has_status(target, "True"))
		take_reason(r, target);
	if (!s->reason.n)
		s->message = OG_SV("");
}

/* The record is the value of an annotation (core/record.c). One that cannot be read is none. */
static void read_record(struct reader *r, struct og_jval meta)
{
	struct og_jval v = og_jpath(meta, "annotations", "otelgate.dev/injection", NULL);
	struct og_sv s = og_jstr_or_empty(v, r->arena);
	if (!s.n)
		return;
	struct og_jdoc *d = og_arena_new(r->arena, struct og_jdoc);
	if (!d || og_jdoc_parse(d, r->arena, s, NULL, NULL) != 0)
		return;
	r->rec.sets = og_jgetl(og_jroot(d), "sets");
	r->rec.containers = og_jgetl(og_jroot(d), "containers");
	r->s.injected = og_jis(r->rec.containers, OG_J_OBJECT);
}

int og_pod_state_read(
	struct og_jval pod, struct og_arena *arena, struct og_pod_state *ret, struct og_err *err)
{
	struct og_jval meta = og_jgetl(pod, "metadata");
	struct reader r = {
		.arena = arena, .spec = og_jgetl(pod, "spec"), .status = og_jgetl(pod, "status")};
	struct og_jval phase = og_jgetl(r.status, "phase");

	r.s.reason = r.s.message = OG_SV("");
	r.s.created_s = kobj_seconds(og_jgetl(meta, "creationTimestamp"), r.arena);
	for (unsigned i = 0; i < OG_POD_PHASE_COUNT_; i++)
		if (og_jstr_eq(phase, og_svz(phases[i])))
			r.s.phase = (enum og_pod_phase)i;
	r.s.bound = og_jis(og_jgetl(r.spec, "nodeName"), OG_J_STRING) &&
		    !og_jstr_is(og_jgetl(r.spec, "nodeName"), "");
	read_record(&r, meta);
	read_containers(&r);
	read_conditions(&r);
	podstate_digest(r.spec, &r.rec, arena, &r.s);
	struct og_container_state *c = NULL;
	if (r.s.ncontainers) {
		c = og_arena_new_n(arena, r.s.ncontainers, struct og_container_state);
		if (c)
			memcpy(c, r.c, r.s.ncontainers * sizeof(*c));
	}
	if (arena->failed)
		return og_err_set(err, OG_E_OOM, "out of memory reading the state of a pod");
	r.s.c = c;
	*ret = r.s;
	return 0;
}
