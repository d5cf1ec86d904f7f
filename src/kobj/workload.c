/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds that make pods. */
#include "otelgate/kobj/workload.h"
#include "otelgate/kobj/meta.h"

/* name_rank: service.name order of the OpenTelemetry Kubernetes attribute rules
 * (semantic-conventions docs/non-normative/k8s-attributes.md). A Rollout stands where a Deployment
 * does; the rules do not know it. */
static const struct og_workload_kind kinds[] = {
	{"", "Pod", "", "k8s.pod.name", "k8s.pod.uid", 90},
	{"apps", "Deployment", "/spec/template", "k8s.deployment.name", "k8s.deployment.uid", 10},
	{"argoproj.io", "Rollout", "/spec/template", NULL, NULL, 11},
	{"apps", "ReplicaSet", "/spec/template", "k8s.replicaset.name", "k8s.replicaset.uid", 20},
	{"", "ReplicationController", "/spec/template", "k8s.replicationcontroller.name",
		"k8s.replicationcontroller.uid", 21},
	{"apps", "StatefulSet", "/spec/template", "k8s.statefulset.name", "k8s.statefulset.uid",
		30},
	{"apps", "DaemonSet", "/spec/template", "k8s.daemonset.name", "k8s.daemonset.uid", 40},
	{"batch", "CronJob", "/spec/jobTemplate/spec/template", "k8s.cronjob.name",
		"k8s.cronjob.uid", 50},
	{"batch", "Job", "/spec/template", "k8s.job.name", "k8s.job.uid", 60},
	{0},
};

const struct og_workload_kind *og_workload_kinds(void)
{
	return kinds;
}

const struct og_workload_kind *og_workload_kind(struct og_sv group, struct og_sv kind)
{
	for (const struct og_workload_kind *k = kinds; k->kind; k++)
		if (og_sv_eq(kind, og_svz(k->kind)) && og_sv_eq(group, og_svz(k->group)))
			return k;
	return NULL;
}

const struct og_workload_kind *og_workload_kind_of(struct og_jval object)
{
	struct og_jval api = og_jgetl(object, "apiVersion"), kind = og_jgetl(object, "kind");
	for (const struct og_workload_kind *k = kinds; k->kind; k++) {
		if (!og_jstr_eq(kind, og_svz(k->kind)))
			continue;
		struct og_sv raw = og_jraw(api); /* with quotes; groups never need escapes */
		if (!og_jis(api, OG_J_STRING) || raw.n < 2)
			return NULL;
		struct og_sv group = og_api_group(og_sv(raw.p + 1, raw.n - 2));
		if (og_sv_eq(group, og_svz(k->group)))
			return k;
	}
	return NULL;
}

struct og_jval og_workload_template(const struct og_workload_kind *k, struct og_jval object)
{
	struct og_sv rest = og_svz(k->template_path), part;
	struct og_jval v = object;
	if (rest.n)
		rest = og_sv(rest.p + 1, rest.n - 1);
	while (og_sv_split(&rest, '/', &part))
		v = og_jget(v, part);
	return og_jis(v, OG_J_OBJECT) ? v : OG_JABSENT;
}
