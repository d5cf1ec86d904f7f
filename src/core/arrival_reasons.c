/* SPDX-License-Identifier: Apache-2.0 */
/* The table of reasons of arrival verdicts, and the words of its enums. */
#include "arrival-priv.h"

#include "otelgate/base/mem.h"

#define ROW(why, name, state, trust, finding, text, fix) \
	[why] = {name, OG_AR_##state, OG_TRUST_##trust, finding, text, fix}

const struct og_arrival_reason ar_reasons[AR_WHY_COUNT_] = {
	ROW(AR_ARRIVING, "Arriving", FLOWING, HIGH, NULL,
		"Telemetry of the wanted revision arrives.", NULL),
	ROW(AR_ARRIVED_WITH_RUN, "ArrivedWithRun", FLOWING, HIGH, NULL,
		"Telemetry of the last run has arrived.", NULL),
	ROW(AR_ROUTE_NOT_TOLD, "RouteNotTold", FLOWING, LOW, NULL,
		"Log lines arrive; whether by OTLP or collected from stdout, they do not say.",
		"Keep the attribute otelgate.revision in the collector's pipeline."),
	ROW(AR_MISSED_ONCE, "MissedOnce", FLOWING, LOW, NULL,
		"The last answer had nothing new; one alone does not count.", NULL),
	ROW(AR_BY_STDOUT, "ByStdout", VIA_STDOUT, HIGH, NULL,
		"Log lines are collected from stdout, as was asked for.", NULL),
	ROW(AR_ONLY_BY_STDOUT, "OnlyByStdout", VIA_STDOUT, HIGH, NULL,
		"Log lines are collected from stdout; none come by OTLP.",
		"Switch the log bridge of the SDK on, or ask for it: otelgate.dev/signals: logs=stdout."),
	ROW(AR_NO_REQUESTS, "NoRequests", IDLE, HIGH, "OG704",
		"Metrics arrive, and their counters of requests stand still.",
		"Send a request and look again."),
	ROW(AR_TRAFFIC_UNKNOWN, "TrafficUnknown", IDLE, LOW, NULL,
		"Other signals of the same pods arrive; whether there was anything to report here is not known.",
		"Send a request and look again."),
	ROW(AR_QUIET, "Quiet", IDLE, LOW, NULL,
		"Lines of this revision have arrived before, and other signals still do: nothing has been logged since.",
		NULL),
	ROW(AR_STOPPED, "Stopped", STALE, HIGH, "OG702",
		"It has arrived from this revision, and comes no more while pods run.",
		"Look at what changed since it was last seen."),
	ROW(AR_NEVER_ARRIVED, "NeverArrived", NEVER, HIGH, "OG701",
		"Nothing has arrived since the pods started, and their grace is over.",
		"otelgate doctor walks the chain and stops at the first broken link."),
	ROW(AR_NOTHING_IN_WINDOW, "NothingInWindow", NEVER, FAIR, "OG701",
		"Nothing has arrived within the time looked at; what was before is not known.",
		"otelgate doctor walks the chain and stops at the first broken link."),
	ROW(AR_OLD_REVISION_ONLY, "OldRevisionOnly", NEVER, HIGH, "OG701",
		"It arrives from pods of another revision alone.",
		"Look at what the new revision changed."),
	ROW(AR_NOTHING_FROM_RUN, "NothingFromRun", NEVER, HIGH, "OG701",
		"The last run has ended, and nothing of it has arrived.",
		"Flush the SDK at the end of the run: it sends in batches."),
	ROW(AR_WITHIN_GRACE, "WithinGrace", WAITING, HIGH, NULL,
		"The pods are young: silence does not count yet.", NULL),
	ROW(AR_ANSWER_PENDING, "AnswerPending", WAITING, HIGH, NULL,
		"The answer at hand is older than the end of the grace.", NULL),
	ROW(AR_NO_PODS, "NoPods", WAITING, HIGH, NULL, "There is no pod that could send.", NULL),
	ROW(AR_SCALED_TO_ZERO, "ScaledToZero", WAITING, HIGH, NULL,
		"The workload is scaled to zero.", NULL),
	ROW(AR_PODS_NOT_READY, "PodsNotReady", WAITING, HIGH, NULL, "No injected pod is ready.",
		"Look at the rollout first."),
	ROW(AR_NOT_INJECTED, "NotInjected", WAITING, HIGH, NULL,
		"No pod carries the wanted injection yet.", "Restart the workload."),
	ROW(AR_OLD_PODS_ONLY, "OldPodsOnly", WAITING, HIGH, NULL,
		"No pod carries the wanted injection yet; telemetry comes from pods of another one.",
		"Restart the workload."),
	ROW(AR_SUSPENDED, "Suspended", WAITING, HIGH, NULL, "The workload is suspended.", NULL),
	ROW(AR_FIRST_RUN, "FirstRun", WAITING, HIGH, NULL, "It has not run yet.", NULL),
	ROW(AR_NEXT_RUN, "NextRun", WAITING, HIGH, NULL,
		"The last run was before the injection; the next one will carry it.", NULL),
	ROW(AR_NOT_ASKED, "NotAsked", OFF, HIGH, NULL, "The signal was not asked for.", NULL),
	ROW(AR_EXPORTER_NONE, "ExporterNone", OFF, HIGH, "OG703",
		"Its owner switched the exporter off.",
		"Nothing, if that is what you want; otherwise remove the variable."),
	ROW(AR_SENT_ELSEWHERE, "SentElsewhere", OFF, HIGH, "OG703",
		"Its owner sends it to an endpoint of their own.",
		"Nothing, if that is what you want; otherwise remove the variable."),
	ROW(AR_SAMPLED_OUT, "SampledOut", OFF, HIGH, "OG705", "The sampler drops every trace.",
		"Set spec.sdk.sampler of the TelemetryProfile, or remove OTEL_TRACES_SAMPLER."),
	ROW(AR_SKIPPED, "Skipped", OFF, HIGH, NULL, "Its pods are rightly not injected.", NULL),
	ROW(AR_NOT_CONFIGURED, "NotConfigured", UNKNOWN, NONE, NULL,
		"The stack does not say where this signal is read.",
		"Set spec.slug or spec.query of the GrafanaStack."),
	ROW(AR_UNANSWERED, "NotAnswered", UNKNOWN, NONE, "OG003", "The backend has not answered.",
		"Look at the conditions of the GrafanaStack."),
	ROW(AR_TOO_OLD, "AnswerTooOld", UNKNOWN, NONE, "OG003",
		"The last answer of the backend is too old to say anything.",
		"Look at the conditions of the GrafanaStack."),
	ROW(AR_PARTIAL, "PartialAnswer", UNKNOWN, NONE, "OG003",
		"The answer is not complete, so what it lacks may be there.", NULL),
	ROW(AR_FRESHNESS_NOT_TOLD, "FreshnessNotTold", UNKNOWN, NONE, "OG003",
		"It came within the window; whether it still comes was not answered.", NULL),
	ROW(AR_REVISION_NOT_TOLD, "RevisionNotTold", UNKNOWN, NONE, "OG804",
		"It arrives under the name of the service, and does not say from which pods, of which some are not current.",
		"Keep k8s.pod.name or otelgate.revision in the collector's pipeline."),
	ROW(AR_SHARED_NAME, "SharedName", UNKNOWN, NONE, "OG803",
		"It arrives under a name that several workloads have, and does not say from which pods.",
		"Give each its own resource.opentelemetry.io/service.name."),
	ROW(AR_AMBIGUOUS_JOB, "AmbiguousJob", UNKNOWN, NONE, "OG803",
		"It arrives under a job with several \"/\", which names of several workloads fit.",
		"Take the \"/\" out of service.namespace or service.name."),
	ROW(AR_LOW_SAMPLING, "LowSampling", UNKNOWN, NONE, "OG705",
		"So few requests are sampled that none may have been.",
		"Raise the ratio of the sampler, or the freshness of the stack."),
	ROW(AR_NO_TRAFFIC_EVIDENCE, "NoTrafficEvidence", UNKNOWN, NONE, NULL,
		"Nothing has come, and nothing tells whether there was anything to send.",
		"Send a request and look again; or let the workload send metrics."),
	ROW(AR_HIDDEN, "HiddenByAccessPolicy", UNKNOWN, NONE, "OG712",
		"The backend shows nothing at all of this signal, although it should be there: an access policy may hide it.",
		"Look at the label selectors of the access policy whose token queries."),
	ROW(AR_START_UNKNOWN, "StartUnknown", UNKNOWN, NONE, NULL,
		"Nothing has come, and when the pods started is not known.", NULL),
	ROW(AR_RUN_TOO_LONG_AGO, "RunTooLongAgo", UNKNOWN, NONE, NULL,
		"The last run is further back than the answers reach.",
		"Wait for the next run, or raise spec.query.window."),
	ROW(AR_LAST_KNOWN, "LastKnown", UNKNOWN, LOW, NULL,
		"There is no new answer; this is the last one's.", NULL),
};

static const char *const states[] = {
	"Unknown", "Off", "Waiting", "Never", "Stale", "Idle", "ViaStdout", "Flowing"};
static const char *const ties[] = {"none", "job", "service", "pod", "revision"};
static const char *const trusts[] = {"none", "low", "fair", "high"};
static const char *const routes[] = {"", "otlp", "stdout", "scrape", "ebpf"};

const char *og_arrival_state_name(enum og_arrival_state s)
{
	return (unsigned)s < OG_COUNT(states) ? states[s] : "Unknown";
}

int og_arrival_state_rank(enum og_arrival_state s)
{
	static const int ranks[] = {[OG_AR_NEVER] = 0,
		[OG_AR_STALE] = 1,
		[OG_AR_UNKNOWN] = 2,
		[OG_AR_WAITING] = 3,
		[OG_AR_OFF] = 3,
		[OG_AR_IDLE] = 4,
		[OG_AR_VIA_STDOUT] = 5,
		[OG_AR_FLOWING] = 6};
	return (unsigned)s < OG_COUNT(ranks) ? ranks[s] : ranks[OG_AR_UNKNOWN];
}

enum og_cond_status og_arrival_condition(enum og_arrival_state s)
{
	static const enum og_cond_status of[OG_AR_STATE_COUNT_] = {
		[OG_AR_UNKNOWN] = OG_COND_UNKNOWN,
		[OG_AR_OFF] = OG_COND_UNKNOWN,
		[OG_AR_WAITING] = OG_COND_UNKNOWN,
		[OG_AR_NEVER] = OG_COND_FALSE,
		[OG_AR_STALE] = OG_COND_FALSE,
		[OG_AR_IDLE] = OG_COND_TRUE,
		[OG_AR_VIA_STDOUT] = OG_COND_TRUE,
		[OG_AR_FLOWING] = OG_COND_TRUE};
	return (unsigned)s < OG_AR_STATE_COUNT_ ? of[s] : OG_COND_UNKNOWN;
}

bool og_arrival_at_rest(enum og_arrival_state s, const char *reason)
{
	static const char *const reasons[] = {
		"ScaledToZero", "NoPods", "Suspended", "FirstRun", "NextRun"};

	for (size_t i = 0; s == OG_AR_WAITING && reason && i < OG_COUNT(reasons); i++)
		if (!strcmp(reason, reasons[i]))
			return true;
	return false;
}

const char *og_arrival_tie_name(enum og_arrival_tie t)
{
	return (unsigned)t < OG_COUNT(ties) ? ties[t] : "none";
}

const char *og_arrival_trust_name(enum og_arrival_trust t)
{
	return (unsigned)t < OG_COUNT(trusts) ? trusts[t] : "none";
}

const char *og_arrival_route_name(enum og_arrival_route r)
{
	return (unsigned)r < OG_COUNT(routes) ? routes[r] : "";
}

const struct og_arrival_reason *og_arrival_reasons(size_t *ret_n)
{
	*ret_n = AR_WHY_COUNT_;
	return ar_reasons;
}

const struct og_arrival_reason *og_arrival_reason(struct og_sv name)
{
	for (size_t i = 0; i < AR_WHY_COUNT_; i++)
		if (og_sv_eq(name, og_svz(ar_reasons[i].name)))
			return &ar_reasons[i];
	return NULL;
}
