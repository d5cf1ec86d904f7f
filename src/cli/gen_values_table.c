/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the chart's values. Requests and limits: docs/performance.md. */
#include "otelgate/base/mem.h"
#include "gen_values-priv.h"

#define GROUP(p, h)                                       \
	{                                                 \
		.path = p, .type = OG_VT_GROUP, .help = h \
	}
#define BOOL(p, d, h)                                              \
	{                                                          \
		.path = p, .type = OG_VT_BOOL, .def = d, .help = h \
	}
#define INT(p, d, from, to, h)                                                            \
	{                                                                                 \
		.path = p, .type = OG_VT_INT, .def = d, .min = from, .max = to, .help = h \
	}
#define TEXT(p, d, pattern, h)                                                         \
	{                                                                              \
		.path = p, .type = OG_VT_STRING, .def = d, .words = pattern, .help = h \
	}
#define WORD(p, d, w, h)                                                       \
	{                                                                      \
		.path = p, .type = OG_VT_WORD, .def = d, .words = w, .help = h \
	}
#define LIST(p, d, h)                                                 \
	{                                                             \
		.path = p, .type = OG_VT_STRINGS, .def = d, .help = h \
	}
#define MAP(p, h)                                                           \
	{                                                                   \
		.path = p, .type = OG_VT_STRING_MAP, .def = "{}", .help = h \
	}
#define OBJECT(p, d, h)                                              \
	{                                                            \
		.path = p, .type = OG_VT_OBJECT, .def = d, .help = h \
	}
#define OBJECTS(p, d, h)                                              \
	{                                                             \
		.path = p, .type = OG_VT_OBJECTS, .def = d, .help = h \
	}

/* A name as RFC 1123 has it, or nothing. */
#define NAME_OR_NOTHING "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"

/* What both Deployments have. */
#define POD(p, replicas_help, resources)                                                          \
	INT(p ".replicas", "2", 1, 64, replicas_help),                                            \
		{.path = p ".resources",                                                          \
			.type = OG_VT_RESOURCES,                                                  \
			.def = resources,                                                         \
			.help = "Requests and limits of the container."},                         \
		LIST(p ".extraArgs", "[]", "More flags: `otelgate help " p "` lists them."),      \
		OBJECTS(p ".extraEnv", "[]", "More environment, like HTTPS_PROXY."),              \
		MAP(p ".podAnnotations", "More annotations of the pods."),                        \
		MAP(p ".podLabels", "More labels of the pods."),                                  \
		MAP(p ".serviceAccountAnnotations", "Annotations of the ServiceAccount."),        \
		OBJECT(p ".nodeSelector", "{kubernetes.io/os: linux}", "Nodes that may run it."), \
		OBJECTS(p ".tolerations", "[]", "Taints that it bears."),                         \
		OBJECT(p ".affinity", "{}", "Affinity; replicas are spread without it already."), \
		TEXT(p ".priorityClassName", "\"\"", NAME_OR_NOTHING,                             \
			"PriorityClass, like system-cluster-critical.")

const struct og_value og_values[] = {
	GROUP("image", "The image of webhook and controller."),
	TEXT("image.repository", "otelgate", "^[^\\s@]+$", "Registry and name, without a tag."),
	TEXT("image.tag", "\"\"", "^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$",
		"Tag; that of the chart's appVersion when empty."),
	TEXT("image.digest", "\"\"", "^(sha256:[0-9a-f]{64})?$",
		"Digest; wins over the tag, and is what production should name."),
	WORD("image.pullPolicy", "IfNotPresent", "IfNotPresent Always Never", "When it is pulled."),
	LIST("image.pullSecrets", "[]", "Names of Secrets to pull with."),

	INT("runAsUser", "65532", 1, 2147483647,
		"User and group of both. null leaves it to the platform, as OpenShift wants it."),

	GROUP("log", "What both write to standard error."),
	WORD("log.level", "info", "debug info warn error", "The least level that is written."),
	WORD("log.format", "auto", "auto text json", "auto is JSON in a pod."),

	GROUP("sandbox", "What both give up before they read a byte from the network: "
			 "docs/security.md."),
	WORD("sandbox.landlock", "auto", "auto required off",
		"Files, programs, ports, signals: as far as the kernel can, or not start without it."),
	WORD("sandbox.seccomp", "\"off\"", "off log errno kill",
		"System calls that are not in the program's own list are named in the audit log, "
		"fail, or end the process; beside the profile RuntimeDefault of the pods."),

	GROUP("webhook", "The webhook: every replica serves, there is no leader."),
	POD("webhook", "Replicas; two or more let pods be injected while a node is drained.",
		"{requests: {cpu: 50m, memory: 48Mi}, limits: {memory: 256Mi}}"),
	GROUP("webhook.autoscaling", "A HorizontalPodAutoscaler; replicas has no effect then."),
	BOOL("webhook.autoscaling.enabled", "false", "Whether there is one."),
	INT("webhook.autoscaling.minReplicas", "2", 1, 64, "At least that many."),
	INT("webhook.autoscaling.maxReplicas", "6", 1, 64, "At most that many."),
	INT("webhook.autoscaling.cpuUtilization", "80", 1, 1000,
		"Percent of the CPU request that is aimed at."),
	GROUP("webhook.podDisruptionBudget", "One replica at a time may be taken away."),
	BOOL("webhook.podDisruptionBudget.enabled", "true", "Whether there is one."),
	INT("webhook.port", "10250", 1024, 65535,
		"Port of the container. 10250 is open from the control plane to nodes also where "
		"firewalls close the rest; with hostNetwork it has to be another."),
	INT("webhook.opsPort", "8080", 1024, 65535, "Port for health and metrics."),
	BOOL("webhook.hostNetwork", "false",
		"Where the control plane cannot reach pods (EKS with an overlay network). PodSecurity "
		"restricted does not allow it."),
	GROUP("webhook.tls", "Certificates; nothing is to be done."),
	TEXT("webhook.tls.secretName", "\"\"", NAME_OR_NOTHING,
		"A Secret of type kubernetes.io/tls to serve instead of otelgate's own certificate; "
		"its ca.crt is written into caBundle. The right to read it comes with it."),
	OBJECT("webhook.tls.issuerRef", "{}",
		"With secretName: a cert-manager Certificate is made that fills it."),
	GROUP("webhook.registration", "What the API server asks about."),
	WORD("webhook.registration.failurePolicy", "Ignore", "Ignore Fail",
		"Fail refuses pods while no replica answers: for clusters in which an uninjected pod "
		"is worse than none."),
	INT("webhook.registration.timeoutSeconds", "3", 1, 30, "How long the API server waits."),
	LIST("webhook.registration.excludedNamespaces",
		"[kube-system, kube-public, kube-node-lease]",
		"Never asked about, like the release's own namespace."),
	MAP("webhook.registration.annotations", "Annotations of the MutatingWebhookConfiguration."),

	GROUP("controller", "The controller: one leads, the other takes over within seconds."),
	POD("controller", "Replicas.",
		"{requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 512Mi}}"),

	GROUP("rbac", "Rights, each with its reason: docs/reference/rbac.md."),
	BOOL("rbac.reader", "true", "The ClusterRole otelgate-reader, for people and CI."),
	BOOL("rbac.credentials", "true",
		"Lets the controller keep the Secret otelgate-otlp, and no other, in the namespaces "
		"that a stack distributes credentials to. false where no stack does."),
	BOOL("rbac.restarts", "false",
		"Lets the controller restart workloads, where a profile says restart.mode managed. "
		"Without it otelgate cannot change a workload."),

	GROUP("crds", "The CustomResourceDefinitions."),
	BOOL("crds.install", "true",
		"Part of the release: installed and upgraded with it. false when something else "
		"brings them (kubectl apply --server-side -k manifests/crds)."),
	BOOL("crds.keep", "true",
		"They and all objects of their kinds stay when the release is uninstalled."),

	GROUP("networkPolicy", "Policies for otelgate itself."),
	BOOL("networkPolicy.enabled", "false", "Whether there are some."),
	OBJECTS("networkPolicy.admissionFrom", "[]",
		"Who may call the webhook: peers of a NetworkPolicy, like {ipBlock: {cidr: "
		"10.0.0.0/28}}. Everybody when empty: API servers have no labels."),
	OBJECTS("networkPolicy.metricsFrom", "[]",
		"Who may read metrics. Everybody when empty; nodes may always check health."),
	OBJECTS("networkPolicy.egress", "[]",
		"Egress rules of a NetworkPolicy; egress is not restricted when empty. The API "
		"server, DNS and the backends of stacks have to stay reachable."),

	GROUP("metrics", "How metrics are found."),
	BOOL("metrics.scrapeAnnotations", "true", "prometheus.io/scrape and port on the pods."),
	GROUP("metrics.podMonitor",
		"A PodMonitor of the Prometheus Operator (Alloy reads it too)."),
	BOOL("metrics.podMonitor.enabled", "false", "Whether there is one."),
	MAP("metrics.podMonitor.labels", "Labels by which Prometheus selects it."),
	TEXT("metrics.podMonitor.interval", "30s", "^([0-9]+(ms|s|m|h))+$", "How often."),
	GROUP("metrics.rules", "A PrometheusRule with alerts; each names its explain page."),
	BOOL("metrics.rules.enabled", "false", "Whether there is one."),
	MAP("metrics.rules.labels", "Labels by which Prometheus selects it."),
	GROUP("metrics.dashboards",
		"ConfigMaps with dashboards, for the sidecar of Grafana's chart or its operator."),
	BOOL("metrics.dashboards.enabled", "false", "Whether there are any."),
	MAP("metrics.dashboards.labels",
		"Labels by which Grafana selects them; grafana_dashboard: \"1\" is there already."),
	MAP("metrics.dashboards.annotations", "Annotations, like grafana_folder: otelgate."),

	{.path = "stacks",
		.type = OG_VT_DOCUMENTS,
		.def = "{}",
		.kind = OG_DOC_STACK,
		.help = "GrafanaStacks by name, each as its spec. The kinds have to be known before: "
			"give them with a `helm upgrade` after the first install, or apply "
			"manifests/crds first. Credentials are named, never given."},
	{.path = "profiles",
		.type = OG_VT_DOCUMENTS,
		.def = "{}",
		.kind = OG_DOC_PROFILE,
		.help = "TelemetryProfiles by name, each as its spec. As stacks."},
};
const size_t og_nvalues = OG_COUNT(og_values);

int og_value_depth(const struct og_value *v)
{
	int n = 0;

	for (const char *p = v->path; *p; p++)
		n += *p == '.';
	return n;
}

const char *og_value_key(const struct og_value *v)
{
	const char *dot = strrchr(v->path, '.');

	return dot ? dot + 1 : v->path;
}

bool og_value_is_member(const struct og_value *v, const struct og_value *parent)
{
	size_t n = parent ? strlen(parent->path) : 0;

	if (!parent)
		return !strchr(v->path, '.');
	return strncmp(v->path, parent->path, n) == 0 && v->path[n] == '.' &&
	       !strchr(v->path + n + 1, '.');
}
