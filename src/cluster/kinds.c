/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of what is watched, and of the rights that takes. */
#include "otelgate/cluster/kinds.h"

#include <stdio.h>
#include "otelgate/base/mem.h"

/* What a row is: how much of an object is read, and kept. */
#define METADATA .metadata_only = true
#define WHOLE	 .metadata_only = false
#define LABELS	 .labels = true
#define OF_NS	 .namespaced = true
#define OTELGATE "otelgate.dev", "v1alpha1"
/* Finished pods miss nothing any more, and need nothing. */
#define UNFINISHED "status.phase!=Succeeded,status.phase!=Failed"

static const struct og_cluster_kind kinds[] = {
	{OG_CLUSTER_CONFIG, OTELGATE, "grafanastacks", "GrafanaStack", WHOLE},
	{OG_CLUSTER_CONFIG, OTELGATE, "telemetryprofiles", "TelemetryProfile", WHOLE},

	{OG_CLUSTER_OWNERS, "", "v1", "namespaces", "Namespace", METADATA, LABELS},
	{OG_CLUSTER_OWNERS, "apps", "v1", "deployments", "Deployment", OF_NS, METADATA, LABELS},
	/* Their labels are those of their pods. */
	{OG_CLUSTER_OWNERS, "apps", "v1", "replicasets", "ReplicaSet", OF_NS, METADATA},
	{OG_CLUSTER_OWNERS, "apps", "v1", "statefulsets", "StatefulSet", OF_NS, METADATA, LABELS},
	{OG_CLUSTER_OWNERS, "apps", "v1", "daemonsets", "DaemonSet", OF_NS, METADATA, LABELS},
	{OG_CLUSTER_OWNERS, "batch", "v1", "jobs", "Job", OF_NS, METADATA, LABELS},
	{OG_CLUSTER_OWNERS, "batch", "v1", "cronjobs", "CronJob", OF_NS, METADATA, LABELS},
	{OG_CLUSTER_OWNERS, "argoproj.io", "v1alpha1", "rollouts", "Rollout", OF_NS, METADATA,
		LABELS, .optional = true},

	{OG_CLUSTER_PODS, "", "v1", "pods", "Pod", OF_NS, METADATA, LABELS,
		.field_selector = UNFINISHED},
	{OG_CLUSTER_REGISTRATION, "admissionregistration.k8s.io", "v1",
		"mutatingwebhookconfigurations", "MutatingWebhookConfiguration", WHOLE},

	{OG_CLUSTER_WORKLOADS, "", "v1", "namespaces", "Namespace", METADATA, LABELS},
	{OG_CLUSTER_WORKLOADS, "apps", "v1", "deployments", "Deployment", OF_NS, WHOLE, LABELS},
	{OG_CLUSTER_WORKLOADS, "apps", "v1", "replicasets", "ReplicaSet", OF_NS, WHOLE,
		.by_owner = true},
	{OG_CLUSTER_WORKLOADS, "apps", "v1", "statefulsets", "StatefulSet", OF_NS, WHOLE, LABELS},
	{OG_CLUSTER_WORKLOADS, "apps", "v1", "daemonsets", "DaemonSet", OF_NS, WHOLE, LABELS},
	{OG_CLUSTER_WORKLOADS, "batch", "v1", "jobs", "Job", OF_NS, WHOLE, LABELS,
		.by_owner = true},
	{OG_CLUSTER_WORKLOADS, "batch", "v1", "cronjobs", "CronJob", OF_NS, WHOLE, LABELS},
	{OG_CLUSTER_WORKLOADS, "argoproj.io", "v1alpha1", "rollouts", "Rollout", OF_NS, WHOLE,
		LABELS, .optional = true},

	{OG_CLUSTER_PODSTATES, "", "v1", "pods", "Pod", OF_NS, WHOLE, LABELS,
		.field_selector = UNFINISHED, .by_owner = true},
	{OG_CLUSTER_POLICIES, "networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", OF_NS,
		WHOLE, LABELS},
	{OG_CLUSTER_SERVICES, "", "v1", "services", "Service", OF_NS, WHOLE, LABELS},
	{OG_CLUSTER_TELEMETRY, OTELGATE, "workloadtelemetries", "WorkloadTelemetry", OF_NS, WHOLE,
		LABELS},
	{OG_CLUSTER_STATUSES, OTELGATE, "workloadtelemetries", "WorkloadTelemetry", OF_NS, WHOLE,
		.optional = true},
};
#undef METADATA
#undef WHOLE
#undef LABELS
#undef OF_NS
#undef OTELGATE

const struct og_cluster_kind *og_cluster_kinds(size_t *ret_n)
{
	*ret_n = OG_COUNT(kinds);
	return kinds;
}

const struct og_cluster_kind *og_cluster_kind(struct og_sv group, struct og_sv kind)
{
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (og_sv_eq(kind, og_svz(kinds[i].kind)) &&
			og_sv_eq(group, og_svz(kinds[i].group)))
			return &kinds[i];
	return NULL;
}

enum {
	SERVICES = OG_RBAC_WEBHOOK | OG_RBAC_CONTROLLER,
};
#define WATCH "list watch"
#define READ  "get " WATCH

/* What one of these grants to webhook or controller has to be used by it: the scenario rights_used
 * of tests/scenario looks at each verb. */
static const struct og_rbac_rule rules[] = {
	{SERVICES, false, "otelgate.dev", "grafanastacks telemetryprofiles", NULL, WATCH,
		"The configuration."},
	{OG_RBAC_CONTROLLER, false, "otelgate.dev", "grafanastacks", NULL, "get",
		"Its status as it stands, before it is written."},
	{SERVICES, false, "", "namespaces", NULL, WATCH,
		"Opt-in by namespace; metadata only is asked for."},
	{SERVICES, false, "apps", "deployments replicasets statefulsets daemonsets", NULL, WATCH,
		"Opt-in by workload, and the workload's name; the controller reads how rollouts go."},
	{SERVICES, false, "batch", "jobs cronjobs", NULL, WATCH, "The same."},
	{SERVICES, false, "argoproj.io", "rollouts", NULL, WATCH, "The same, where installed."},
	{OG_RBAC_WEBHOOK, false, "", "namespaces", NULL, "get",
		"A pod may be reviewed before the watch has shown what it belongs to."},
	{OG_RBAC_WEBHOOK, false, "apps", "deployments replicasets statefulsets daemonsets", NULL,
		"get", "The same."},
	{OG_RBAC_WEBHOOK, false, "batch", "jobs cronjobs", NULL, "get", "The same."},
	{OG_RBAC_WEBHOOK, false, "argoproj.io", "rollouts", NULL, "get",
		"The same, where installed."},
	{OG_RBAC_READER, false, "otelgate.dev", "grafanastacks telemetryprofiles", NULL, READ,
		"The configuration."},
	{OG_RBAC_READER, false, "", "namespaces", NULL, READ, "Opt-in by namespace."},
	{OG_RBAC_READER, false, "apps", "deployments replicasets statefulsets daemonsets", NULL,
		READ, "Opt-in by workload, and the workload's name."},
	{OG_RBAC_READER, false, "batch", "jobs cronjobs", NULL, READ, "The same."},
	{OG_RBAC_READER, false, "argoproj.io", "rollouts", NULL, READ,
		"The same, where installed."},
	{OG_RBAC_CONTROLLER | OG_RBAC_READER, false, "", "pods", NULL, READ,
		"Which pods run without injection, and what of."},
	{OG_RBAC_WEBHOOK, false, "admissionregistration.k8s.io", "mutatingwebhookconfigurations",
		"otelgate", WATCH " patch", "caBundle of the webhook's own registration."},
	{OG_RBAC_CONTROLLER, false, "admissionregistration.k8s.io", "mutatingwebhookconfigurations",
		"otelgate", WATCH, "When the webhook was registered, and for whom."},
	{OG_RBAC_READER, false, "admissionregistration.k8s.io", "mutatingwebhookconfigurations",
		"otelgate", READ, "The same."},
	{OG_RBAC_WEBHOOK, true, "", "secrets", "otelgate-webhook-ca", WATCH " patch",
		"The CA that the webhook's certificates are signed by."},
	{OG_RBAC_WEBHOOK, true, "", "secrets", NULL, "create",
		"The same, the first time: create cannot be limited to a name."},
	{OG_RBAC_CONTROLLER, true, "coordination.k8s.io", "leases", "otelgate-controller",
		"get update", "One of the replicas leads."},
	{OG_RBAC_CONTROLLER, true, "coordination.k8s.io", "leases", NULL, "create",
		"The same, the first time."},
	{OG_RBAC_CONTROLLER, false, "events.k8s.io", "events", NULL, "create patch",
		"Missed admissions, rollouts and transitions are said on the workload."},
	{OG_RBAC_CONTROLLER, false, "events.k8s.io", "events", NULL, "list",
		"Why the pods of a StatefulSet, DaemonSet or Job are refused: it stands nowhere else."},
	{OG_RBAC_CONTROLLER, false, "otelgate.dev", "workloadtelemetries", NULL,
		WATCH " create patch delete", "How each workload stands; one object for each."},
	{OG_RBAC_CONTROLLER, false, "otelgate.dev", "workloadtelemetries/status", NULL, "patch",
		"The same."},
	{OG_RBAC_READER, false, "otelgate.dev", "workloadtelemetries", NULL, READ,
		"How each workload stands."},
	{OG_RBAC_READER, false, "", "services", NULL, "get list",
		"What webhook and receiver are reached by."},
	{OG_RBAC_READER, false, "discovery.k8s.io", "endpointslices", NULL, "list",
		"What stands behind them."},
	{OG_RBAC_READER, false, "networking.k8s.io", "networkpolicies", NULL, "list",
		"Whether pods may send to the receiver, where no controller says it."},
	{OG_RBAC_READER, false, "coordination.k8s.io", "leases", "otelgate-controller", "get",
		"Whether a controller leads."},
	{OG_RBAC_CONTROLLER, false, "otelgate.dev", "grafanastacks/status", NULL, "patch",
		"Hash and state of the credentials."},
	{OG_RBAC_CONTROLLER, false, "", "secrets", OG_CLUSTER_SECRET_NAME,
		READ " create patch delete",
		"The distributed credentials; that name and no other, in any namespace."},
	{OG_RBAC_CONTROLLER, false, "networking.k8s.io", "networkpolicies", NULL,
		WATCH " create patch delete",
		"Whether pods may send to the receiver; one policy for each that may not."},
	{OG_RBAC_CONTROLLER, false, "", "services", NULL, WATCH,
		"Which pods are behind the receiver's name."},
	{OG_RBAC_CONTROLLER, false, "discovery.k8s.io", "endpointslices", NULL, "list",
		"The same: the port they listen on, and those that are no pods."},
	{OG_RBAC_CONTROLLER, false, "cilium.io", "ciliumnetworkpolicies", NULL,
		WATCH " create patch delete",
		"A policy by host name for a receiver outside, where Cilium is installed."},
	{OG_RBAC_RESTARTS, false, "apps", "deployments statefulsets daemonsets", NULL, "patch",
		"Managed restarts, where a profile asks for them."},
	{OG_RBAC_RESTARTS, false, "argoproj.io", "rollouts", NULL, "patch",
		"The same, where installed."},
};

const struct og_rbac_rule *og_rbac_rules(size_t *ret_n)
{
	*ret_n = OG_COUNT(rules);
	return rules;
}

/* ["a", "b"] from "a b". */
static void write_words(struct og_buf *out, const char *key, const char *words)
{
	struct og_sv rest = og_svz(words);
	const char *comma = "";

	og_buf_fmt(out, "  %s: [", key);
	while (rest.n) {
		size_t n = 0;
		while (n < rest.n && rest.p[n] != ' ')
			n++;
		og_buf_fmt(out, "%s\"%.*s\"", comma, (int)n, rest.p);
		comma = ", ";
		rest = og_sv(rest.p + n, rest.n - n);
		if (rest.n)
			rest = og_sv(rest.p + 1, rest.n - 1);
	}
	og_buf_str(out, "]\n");
}

static void write_rule(struct og_buf *out, const struct og_rbac_rule *r)
{
	og_buf_fmt(out, "# %s\n- apiGroups: [\"%s\"]\n", r->why, r->group);
	write_words(out, "resources", r->resources);
	if (r->names)
		write_words(out, "resourceNames", r->names);
	write_words(out, "verbs", r->verbs);
}

static bool has_rules(enum og_rbac_component component, bool own_namespace)
{
	for (size_t i = 0; i < OG_COUNT(rules); i++)
		if ((rules[i].components & component) && rules[i].own_namespace == own_namespace)
			return true;
	return false;
}

static void write_role(struct og_buf *out, enum og_rbac_component component, const char *name,
	const char *ns, bool own_namespace)
{
	og_buf_fmt(out,
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s\n",
		own_namespace ? "Role" : "ClusterRole", name);
	if (own_namespace)
		og_buf_fmt(out, "  namespace: %s\n", ns);
	og_buf_str(out, "  labels:\n    app.kubernetes.io/part-of: otelgate\nrules:\n");
	for (size_t i = 0; i < OG_COUNT(rules); i++)
		if ((rules[i].components & component) && rules[i].own_namespace == own_namespace)
			write_rule(out, &rules[i]);
}

static void write_binding(struct og_buf *out, const char *name, const char *account, const char *ns,
	bool own_namespace)
{
	const char *kind = own_namespace ? "Role" : "ClusterRole";

	og_buf_fmt(out,
		"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\nmetadata:\n"
		"  name: %s\n",
		kind, name);
	if (own_namespace)
		og_buf_fmt(out, "  namespace: %s\n", ns);
	og_buf_fmt(out,
		"  labels:\n    app.kubernetes.io/part-of: otelgate\nroleRef:\n"
		"  apiGroup: rbac.authorization.k8s.io\n  kind: %s\n  name: %s\n"
		"subjects:\n- kind: ServiceAccount\n  name: %s\n  namespace: %s\n",
		kind, name, account, ns);
}

void og_rbac_manifest(enum og_rbac_component component, const char *prefix, const char *account,
	const char *ns, struct og_buf *out)
{
	static const struct {
		enum og_rbac_component component;
		const char *suffix;
	} names[] = {{OG_RBAC_WEBHOOK, "webhook"}, {OG_RBAC_CONTROLLER, "controller"},
		{OG_RBAC_READER, "reader"}, {OG_RBAC_RESTARTS, "controller-restarts"}};
	const char *suffix = "";
	char name[128];

	for (size_t i = 0; i < OG_COUNT(names); i++)
		if (names[i].component == component)
			suffix = names[i].suffix;
	(void)snprintf(name, sizeof(name), "%s-%s", prefix, suffix);
	for (int own = 0; own < 2; own++) {
		if (!has_rules(component, own))
			continue;
		og_buf_str(out, "---\n");
		write_role(out, component, name, ns, own);
		/* People are bound to the reader's role by whoever administers the cluster. */
		if (account)
			write_binding(out, name, account, ns, own);
	}
}
