/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the stars: what each looks at, what it weighs, and how it would rise. */
#include "stars-priv.h"

static int of_fact(enum og_fact f)
{
	return f == OG_FACT_YES ? 1000 : f == OG_FACT_NO ? 0 : ST_UNKNOWN;
}

/* 1000 at `good` and beyond, 0 at `bad` and beyond, in a line between. */
static int of_share(double share, double bad, double good)
{
	if (!(share >= 0)) /* NaN too */
		return ST_UNKNOWN;
	double at = (share - bad) / (good - bad);
	return at >= 1 ? 1000 : at <= 0 ? 0 : (int)(at * 1000);
}

static const struct og_arrival_verdict *of(const struct st_input *in, enum og_signal s)
{
	return &in->v[s];
}

/* Idle is not known: there was nothing to see. A kept verdict is the last thing known. */
static int arrives(const struct st_input *in, enum og_signal s)
{
	const struct og_arrival_verdict *v = of(in, s);
	switch (v->state) {
	case OG_AR_FLOWING:
		return 1000;
	case OG_AR_VIA_STDOUT:
		return !strcmp(v->reason ? v->reason : "", "OnlyByStdout") ? 600 : 1000;
	case OG_AR_NEVER:
	case OG_AR_STALE:
		return 0;
	case OG_AR_OFF:
		return !strcmp(v->reason ? v->reason : "", "NotAsked") ||
				       !strcmp(v->reason ? v->reason : "", "Skipped")
			       ? ST_NOT_APPLICABLE
			       : 0;
	case OG_AR_UNKNOWN:
	case OG_AR_WAITING:
	case OG_AR_IDLE:
	case OG_AR_STATE_COUNT_:
	default:
		return ST_UNKNOWN;
	}
}

static bool off(const struct st_input *in, enum og_signal s)
{
	return of(in, s)->state == OG_AR_OFF;
}

static int metrics(const struct st_input *in)
{
	return arrives(in, OG_SIGNAL_METRICS);
}
static int traces(const struct st_input *in)
{
	return arrives(in, OG_SIGNAL_TRACES);
}
static int logs(const struct st_input *in)
{
	return arrives(in, OG_SIGNAL_LOGS);
}

static int pods_of(const struct og_arrival_verdict *v)
{
	if (!v->covers_known || !v->of)
		return ST_UNKNOWN;
	return (int)(1000ull * (v->covered < v->of ? v->covered : v->of) / v->of);
}

/* Of metrics, which every pod sends; without them of what is best known. */
static int pods(const struct st_input *in)
{
	static const enum og_signal order[] = {OG_SIGNAL_METRICS, OG_SIGNAL_LOGS, OG_SIGNAL_TRACES};
	for (size_t i = 0; i < 3; i++) {
		int met = pods_of(of(in, order[i]));
		if (met >= 0)
			return met;
	}
	return ST_UNKNOWN;
}

static int old_pods(const struct st_input *in)
{
	bool known = false;
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		if (in->v[s].old_sending)
			return 0;
		known |= in->v[s].state == OG_AR_FLOWING && !in->v[s].kept;
	}
	return known ? 1000 : ST_UNKNOWN;
}

static int k8s_attributes(const struct st_input *in)
{
	return of_fact(in->f->k8s_attributes);
}
static int name_right(const struct st_input *in)
{
	return of_fact(in->f->name_right);
}
static int name_unique(const struct st_input *in)
{
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++)
		if (in->v[s].shared)
			return 0;
	return of_fact(in->f->name_unique);
}
static int service_version(const struct st_input *in)
{
	return of_fact(in->f->service_version);
}
static int instance_id(const struct st_input *in)
{
	return of_fact(in->f->instance_id);
}

/* Lines of start-up and of background work have no trace: a fifth with one is a bridge that works.
 */
static int logs_with_trace(const struct st_input *in)
{
	return off(in, OG_SIGNAL_LOGS) || off(in, OG_SIGNAL_TRACES)
		       ? ST_NOT_APPLICABLE
		       : of_share(in->f->logs_with_trace, 0, 0.2);
}
static int exemplars(const struct st_input *in)
{
	return off(in, OG_SIGNAL_METRICS) || off(in, OG_SIGNAL_TRACES) ? ST_NOT_APPLICABLE
								       : of_fact(in->f->exemplars);
}
static int one_name(const struct st_input *in)
{
	return of_fact(in->f->one_name);
}
/* Lines collected from stdout have neither revision nor, by themselves, a trace. */
static int logs_by_otlp(const struct st_input *in)
{
	const struct og_arrival_verdict *v = of(in, OG_SIGNAL_LOGS);
	return v->state == OG_AR_VIA_STDOUT ? 0 : arrives(in, OG_SIGNAL_LOGS);
}
static int revision(const struct st_input *in)
{
	int least = ST_UNKNOWN;
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		if (in->v[s].state != OG_AR_FLOWING || in->v[s].kept)
			continue;
		if (in->v[s].tie < OG_TIE_REVISION)
			return 0;
		least = 1000;
	}
	return least;
}

static int export_failed(const struct st_input *in)
{
	return of_share(in->f->export_failed, 0.05, 0);
}
static int dropped(const struct st_input *in)
{
	return of_share(in->f->dropped, 0.01, 0);
}
static int retried(const struct st_input *in)
{
	return of_share(in->f->retried, 0.2, 0);
}
/* A hundredth of the CPU is what nobody notices; a tenth is what people switch agents off for. */
static int overhead(const struct st_input *in)
{
	return of_share(in->f->overhead, 0.1, 0.01);
}
static int sampler(const struct st_input *in)
{
	return off(in, OG_SIGNAL_TRACES) ? ST_NOT_APPLICABLE : of_fact(in->f->sampler_set);
}

/* The worst of what is expected. */
static int expected(const struct st_input *in)
{
	int least = ST_NOT_APPLICABLE;
	for (unsigned s = 0; s < OG_SIGNAL_COUNT_; s++) {
		if (!in->v[s].expected)
			continue;
		int met = arrives(in, (enum og_signal)s);
		if (met == ST_NOT_APPLICABLE)
			continue;
		if (met == 0)
			return 0;
		if (least == ST_NOT_APPLICABLE || met == ST_UNKNOWN ||
			(least != ST_UNKNOWN && met < least))
			least = met;
	}
	return least;
}
static int rollout(const struct st_input *in)
{
	return of_fact(in->f->rollout_complete);
}
static int egress(const struct st_input *in)
{
	return of_fact(in->f->egress_allowed);
}
static int replicas(const struct st_input *in)
{
	return of_fact(in->f->replicas);
}
static int resources(const struct st_input *in)
{
	return of_fact(in->f->resources);
}
static int probes(const struct st_input *in)
{
	return of_fact(in->f->probes);
}
static int restarts(const struct st_input *in)
{
	return of_fact(in->f->restarts);
}

static bool no_profiles(const struct st_input *in)
{
	return arrives(in, OG_SIGNAL_PROFILES) == ST_NOT_APPLICABLE;
}
static int profiles(const struct st_input *in)
{
	return arrives(in, OG_SIGNAL_PROFILES);
}
static int profiled_pods(const struct st_input *in)
{
	return no_profiles(in) ? ST_NOT_APPLICABLE : pods_of(of(in, OG_SIGNAL_PROFILES));
}
static int profiles_joined(const struct st_input *in)
{
	const struct og_arrival_verdict *v = of(in, OG_SIGNAL_PROFILES);
	if (no_profiles(in))
		return ST_NOT_APPLICABLE;
	if (v->state != OG_AR_FLOWING || v->kept)
		return ST_UNKNOWN;
	return v->tie >= OG_TIE_POD ? 1000 : 0;
}

#define RULE(dim, w, id, fn, need, rise)                \
	{                                               \
		{id, OG_STARS_##dim, w, need, rise}, fn \
	}
const struct st_rule st_rules[OG_STARS_RULES] = {
	RULE(COVERAGE, 25, "coverage.metrics", metrics, "metrics arrive",
		"Bring the metrics in: otelgate doctor names the first broken link."),
	RULE(COVERAGE, 25, "coverage.traces", traces, "traces arrive",
		"Bring the traces in: otelgate doctor names the first broken link."),
	RULE(COVERAGE, 25, "coverage.logs", logs,
		"log lines arrive, by OTLP where that was asked for",
		"Switch the SDK's log bridge on; lines collected from stdout count for a part."),
	RULE(COVERAGE, 15, "coverage.pods", pods, "every pod sends",
		"Look at the silent pods that the status names."),
	RULE(COVERAGE, 10, "coverage.revision", old_pods, "no pod of an older revision sends",
		"Finish the rollout, or restart the workload."),

	RULE(QUALITY, 25, "quality.name", name_right, "the service has its own name everywhere",
		"Set resource.opentelemetry.io/service.name, or correct what renames it (OG801, OG802)."),
	RULE(QUALITY, 25, "quality.k8s", k8s_attributes, "namespace, pod and workload arrive",
		"Keep k8s.* attributes in the collector's pipeline (OG804)."),
	RULE(QUALITY, 20, "quality.unique", name_unique, "no other workload has its name",
		"Give each its own resource.opentelemetry.io/service.name (OG803)."),
	RULE(QUALITY, 15, "quality.version", service_version, "service.version arrives",
		"Tag the image, or set the label app.kubernetes.io/version."),
	RULE(QUALITY, 15, "quality.instance", instance_id,
		"service.instance.id tells the pods apart",
		"Take service.instance.id out of spec.sdk.disable (OG805)."),

	RULE(CORRELATION, 35, "correlation.logs", logs_with_trace, "log lines carry a trace_id",
		"Send logs through the SDK's bridge, or write trace_id into each line."),
	RULE(CORRELATION, 25, "correlation.names", one_name,
		"all backends know it by the same name",
		"Set resource.opentelemetry.io/service.name: it wins in every path."),
	RULE(CORRELATION, 20, "correlation.exemplars", exemplars, "metrics carry exemplars",
		"Set OTEL_METRICS_EXEMPLAR_FILTER=trace_based, and let the collector pass exemplars on."),
	RULE(CORRELATION, 10, "correlation.otlp", logs_by_otlp, "logs come by OTLP",
		"Ask for logs by OTLP instead of stdout."),
	RULE(CORRELATION, 10, "correlation.revision", revision,
		"otelgate.revision arrives with every signal",
		"Keep otelgate.revision in the collector's pipeline."),

	RULE(PERFORMANCE, 30, "performance.exports", export_failed, "exports succeed",
		"Look at the receiver: timeouts and refusals (OG5xx, OG707)."),
	RULE(PERFORMANCE, 30, "performance.drops", dropped, "nothing is dropped",
		"Raise the SDK's queue (OTEL_BSP_MAX_QUEUE_SIZE), or sample."),
	RULE(PERFORMANCE, 15, "performance.overhead", overhead,
		"telemetry takes a hundredth of the CPU or less",
		"Sample traces, and switch off instrumentations that nobody reads."),
	RULE(PERFORMANCE, 15, "performance.sampler", sampler, "a sampler was chosen",
		"Set spec.sdk.sampler of the TelemetryProfile."),
	RULE(PERFORMANCE, 10, "performance.retries", retried, "exports seldom need a second try",
		"Send through a collector in the cluster; look at its limits."),

	RULE(PRODUCTION, 25, "production.signals", expected, "every expected signal arrives",
		"Bring the missing one in: otelgate doctor names the first broken link."),
	RULE(PRODUCTION, 15, "production.rollout", rollout, "the rollout is complete",
		"kubectl rollout status names what holds it."),
	RULE(PRODUCTION, 15, "production.egress", egress, "network policies let telemetry out",
		"Let otelgate open it: spec.networkPolicy: auto."),
	RULE(PRODUCTION, 15, "production.replicas", replicas, "two replicas or more",
		"Raise spec.replicas."),
	RULE(PRODUCTION, 10, "production.resources", resources,
		"containers have requests and a memory limit",
		"Set resources of the containers: agents need some."),
	RULE(PRODUCTION, 10, "production.probes", probes, "a readiness probe tells when it serves",
		"Add a readinessProbe."),
	RULE(PRODUCTION, 10, "production.restarts", restarts, "it comes back after a crash",
		"Set restartPolicy: Always, or let a controller own the pod."),

	RULE(PROFILING, 60, "profiling.arrive", profiles, "profiles arrive",
		"Set an agent or profiles via ebpf; otelgate doctor names what is in the way."),
	RULE(PROFILING, 20, "profiling.pods", profiled_pods, "every pod is profiled",
		"Look at the silent pods that the status names."),
	RULE(PROFILING, 20, "profiling.joined", profiles_joined,
		"profiles name their pod, so that they fit the other signals",
		"Put namespace and pod into PYROSCOPE_LABELS."),
};
