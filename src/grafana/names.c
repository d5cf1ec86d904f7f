/* SPDX-License-Identifier: Apache-2.0 */
/* Words for enums. */
#include "otelgate/grafana/answer.h"
#include "otelgate/base/mem.h"

static const char *word(const char *const *table, size_t n, unsigned i)
{
	return i < n && table[i] ? table[i] : "unknown";
}

const char *og_gf_backend_name(enum og_gf_backend b)
{
	static const char *const names[OG_GF_COUNT_] = {
		[OG_GF_PROMETHEUS] = "prometheus",
		[OG_GF_LOKI] = "loki",
		[OG_GF_TEMPO] = "tempo",
		[OG_GF_PYROSCOPE] = "pyroscope",
	};
	return word(names, OG_COUNT(names), (unsigned)b);
}

const char *og_gf_state_name(enum og_gf_state s)
{
	static const char *const names[OG_GF_STATE_COUNT_] = {
		[OG_GF_UNASKED] = "Unasked",
		[OG_GF_AUTH_FAILED] = "AuthFailed",
		[OG_GF_FORBIDDEN] = "Forbidden",
		[OG_GF_WRONG_PATH] = "WrongPath",
		[OG_GF_THROTTLED] = "Throttled",
		[OG_GF_BACKEND_ERROR] = "BackendError",
		[OG_GF_QUERY_ERROR] = "QueryError",
		[OG_GF_EMPTY] = "Empty",
		[OG_GF_STALE] = "Stale",
		[OG_GF_PRESENT] = "Present",
	};
	return word(names, OG_COUNT(names), (unsigned)s);
}

bool og_gf_state_is_answer(enum og_gf_state s)
{
	return s == OG_GF_EMPTY || s == OG_GF_STALE || s == OG_GF_PRESENT;
}

const char *og_gf_why_name(enum og_gf_why w)
{
	static const char *const names[OG_GF_WHY_COUNT_] = {
		[OG_GF_WHY_NONE] = "",
		[OG_GF_WHY_CREDENTIALS] = "Credentials",
		[OG_GF_WHY_SCOPE] = "Scope",
		[OG_GF_WHY_EXPIRED] = "Expired",
		[OG_GF_WHY_PERMISSION] = "Permission",
		[OG_GF_WHY_REDIRECT] = "Redirect",
		[OG_GF_WHY_WEB_PAGE] = "WebPage",
		[OG_GF_WHY_NOT_FOUND] = "NotFound",
		[OG_GF_WHY_METHOD] = "Method",
		[OG_GF_WHY_RATE] = "RateLimit",
		[OG_GF_WHY_TOO_LARGE] = "TooLarge",
		[OG_GF_WHY_QUERY] = "Query",
		[OG_GF_WHY_SERVER] = "Server",
		[OG_GF_WHY_TIMEOUT] = "Timeout",
		[OG_GF_WHY_CONNECTION] = "Connection",
		[OG_GF_WHY_TLS] = "TLS",
		[OG_GF_WHY_PROXY] = "Proxy",
		[OG_GF_WHY_SHAPE] = "Shape",
		[OG_GF_WHY_MEMORY] = "Memory",
	};
	return word(names, OG_COUNT(names), (unsigned)w);
}

const char *og_gf_key_name(enum og_gf_key k)
{
	static const char *const names[OG_GF_KEY_COUNT_] = {
		[OG_GF_KEY_SERVICE_NAMESPACE] = "service.namespace",
		[OG_GF_KEY_SERVICE_NAME] = "service.name",
		[OG_GF_KEY_JOB] = "job",
		[OG_GF_KEY_INSTANCE] = "service.instance.id",
		[OG_GF_KEY_K8S_CLUSTER] = "k8s.cluster.name",
		[OG_GF_KEY_K8S_NAMESPACE] = "k8s.namespace.name",
		[OG_GF_KEY_K8S_POD] = "k8s.pod.name",
		[OG_GF_KEY_K8S_CONTAINER] = "k8s.container.name",
		[OG_GF_KEY_K8S_WORKLOAD] = "workload",
		[OG_GF_KEY_REVISION] = "otelgate.revision",
		[OG_GF_KEY_SDK_LANGUAGE] = "telemetry.sdk.language",
		[OG_GF_KEY_ROUTE] = "route",
		[OG_GF_KEY_METRIC] = "metric",
		[OG_GF_KEY_REASON] = "reason",
		[OG_GF_KEY_TRACE] = "trace id",
		[OG_GF_KEY_SERVICE_VERSION] = "service.version",
	};
	return word(names, OG_COUNT(names), (unsigned)k);
}
