/* SPDX-License-Identifier: Apache-2.0 */
/* What the server writes into objects where their authors said nothing. */
#include <stdio.h>
#include "otelgate/codec/base64.h"
#include "sim/sim-priv.h"

static void pod_spec_defaults(json_t *spec)
{
	static const char *const lists[] = {"containers", "initContainers"};

	sim_missing(spec, "restartPolicy", json_string("Always"));
	sim_missing(spec, "terminationGracePeriodSeconds", json_integer(30));
	sim_missing(spec, "dnsPolicy", json_string("ClusterFirst"));
	sim_missing(spec, "securityContext", json_object());
	sim_missing(spec, "schedulerName", json_string("default-scheduler"));
	for (size_t l = 0; l < OG_COUNT(lists); l++) {
		size_t i;
		json_t *c;

		json_array_foreach(json_object_get(spec, lists[l]), i, c)
		{
			const char *image = sim_str(c, "image"), *tag = strrchr(image, ':');
			bool latest = !tag || strchr(tag, '/') || !strcmp(tag, ":latest");

			sim_missing(c, "resources", json_object());
			sim_missing(
				c, "terminationMessagePath", json_string("/dev/termination-log"));
			sim_missing(c, "terminationMessagePolicy", json_string("File"));
			sim_missing(c, "imagePullPolicy",
				json_string(latest ? "Always" : "IfNotPresent"));
		}
	}
}

static void deployment_defaults(json_t *spec)
{
	sim_missing(spec, "replicas", json_integer(1));
	sim_missing(spec, "strategy",
		json_pack("{s:s,s:{s:s,s:s}}", "type", "RollingUpdate", "rollingUpdate",
			"maxUnavailable", "25%", "maxSurge", "25%"));
	sim_missing(spec, "revisionHistoryLimit", json_integer(10));
	sim_missing(spec, "progressDeadlineSeconds", json_integer(600));
}

static void rolling_defaults(json_t *spec, const char *kind)
{
	bool sts = !strcmp(kind, "StatefulSet");

	sim_missing(spec, "revisionHistoryLimit", json_integer(10));
	sim_missing(spec, "updateStrategy",
		sts ? json_pack("{s:s,s:{s:i}}", "type", "RollingUpdate", "rollingUpdate",
			      "partition", 0)
		    : json_pack("{s:s,s:{s:i,s:i}}", "type", "RollingUpdate", "rollingUpdate",
			      "maxUnavailable", 1, "maxSurge", 0));
	if (sts) {
		sim_missing(spec, "replicas", json_integer(1));
		sim_missing(spec, "podManagementPolicy", json_string("OrderedReady"));
	}
}

static void job_defaults(json_t *spec)
{
	sim_missing(spec, "parallelism", json_integer(1));
	sim_missing(spec, "completions", json_integer(1));
	sim_missing(spec, "backoffLimit", json_integer(6));
	sim_missing(spec, "completionMode", json_string("NonIndexed"));
	sim_missing(spec, "suspend", json_false());
}

static void cron_defaults(json_t *spec)
{
	sim_missing(spec, "concurrencyPolicy", json_string("Allow"));
	sim_missing(spec, "suspend", json_false());
	sim_missing(spec, "successfulJobsHistoryLimit", json_integer(3));
	sim_missing(spec, "failedJobsHistoryLimit", json_integer(1));
}

/* stringData is written only: it becomes data. */
static void secret_defaults(json_t *o)
{
	const char *k;
	json_t *v, *plain = json_incref(json_object_get(o, "stringData"));

	sim_missing(o, "type", json_string("Opaque"));
	json_object_del(o, "stringData");
	json_object_foreach(plain, k, v)
	{
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);

		og_base64_encode(&b, og_svz(json_string_value(v)));
		json_object_set_new(sim_child(o, "data"), k, json_string(og_buf_view(&b).p));
	}
	json_decref(plain);
}

static void namespace_defaults(json_t *o)
{
	json_t *meta = sim_child(o, "metadata");

	json_object_set_new(sim_child(meta, "labels"), "kubernetes.io/metadata.name",
		json_string(sim_str(meta, "name")));
	sim_missing(sim_child(o, "spec"), "finalizers", json_pack("[s]", "kubernetes"));
	sim_missing(sim_child(o, "status"), "phase", json_string("Active"));
}

static void hook_defaults(json_t *o)
{
	size_t i;
	json_t *h;

	json_array_foreach(json_object_get(o, "webhooks"), i, h)
	{
		sim_missing(h, "failurePolicy", json_string("Fail"));
		sim_missing(h, "matchPolicy", json_string("Equivalent"));
		sim_missing(h, "namespaceSelector", json_object());
		sim_missing(h, "objectSelector", json_object());
		sim_missing(h, "reinvocationPolicy", json_string("Never"));
		sim_missing(h, "timeoutSeconds", json_integer(10));
	}
}

static void crd_status(json_t *o)
{
	json_t *spec = sim_child(o, "spec"), *conds = json_array(), *stored = json_array();
	static const char *const types[] = {"NamesAccepted", "Established"};
	static const char *const reasons[] = {"NoConflicts", "InitialNamesAccepted"};
	char now[32];
	size_t i;
	json_t *v;

	sim_now(now);
	sim_missing(sim_child(spec, "names"), "singular", json_string(""));
	sim_missing(sim_child(spec, "names"), "listKind",
		json_sprintf("%sList", sim_str(json_object_get(spec, "names"), "kind")));
	sim_missing(spec, "conversion", json_pack("{s:s}", "strategy", "None"));
	for (i = 0; i < OG_COUNT(types); i++)
		json_array_append_new(conds,
			json_pack("{s:s,s:s,s:s,s:s,s:s}", "type", types[i], "status", "True",
				"lastTransitionTime", now, "reason", reasons[i], "message", ""));
	json_array_foreach(json_object_get(spec, "versions"), i, v)
	{
		if (json_is_true(json_object_get(v, "storage")))
			json_array_append(stored, json_object_get(v, "name"));
	}
	json_object_set_new(o, "status",
		json_pack("{s:o,s:O,s:o}", "conditions", conds, "acceptedNames",
			json_object_get(spec, "names"), "storedVersions", stored));
}

void sim_defaults(const struct sim_res *r, json_t *o)
{
	json_t *spec = json_object_get(o, "spec");
	json_t *tmpl = json_object_get(json_object_get(spec, "template"), "spec");
	const char *k = r->kind;

	if (r->flags & SIM_R_CRD)
		return;
	if (!strcmp(k, "Pod") && spec)
		pod_spec_defaults(spec);
	if (!strcmp(k, "Deployment") && spec)
		deployment_defaults(spec);
	if (!strcmp(k, "ReplicaSet") && spec)
		sim_missing(spec, "replicas", json_integer(1));
	if ((!strcmp(k, "StatefulSet") || !strcmp(k, "DaemonSet")) && spec)
		rolling_defaults(spec, k);
	if (!strcmp(k, "Job") && spec)
		job_defaults(spec);
	if (json_is_object(tmpl) && !strcmp(r->group, "apps"))
		pod_spec_defaults(tmpl);
	if (!strcmp(k, "Namespace"))
		namespace_defaults(o);
	if (!strcmp(k, "CronJob") && spec)
		cron_defaults(spec);
	if (!strcmp(k, "NetworkPolicy"))
		sim_netpol_defaults(o);
	if (!strcmp(k, "Service"))
		sim_service_defaults(o);
	if (!strcmp(k, "Secret"))
		secret_defaults(o);
	if (strstr(k, "WebhookConfiguration"))
		hook_defaults(o);
	if (!strcmp(k, "CustomResourceDefinition"))
		crd_status(o);
}

/* What the in-tree admission plugins add to pods: token volume, tolerations, priority. */
void sim_admit_pod(json_t *o)
{
	json_t *spec = json_object_get(o, "spec"), *c;
	char name[40];
	size_t i;

	if (!json_is_object(spec))
		return;
	sim_missing(spec, "enableServiceLinks", json_true());
	sim_missing(spec, "priority", json_integer(0));
	sim_missing(spec, "preemptionPolicy", json_string("PreemptLowerPriority"));
	sim_missing(spec, "tolerations",
		json_pack("[{s:s,s:s,s:s,s:i},{s:s,s:s,s:s,s:i}]", "key",
			"node.kubernetes.io/not-ready", "operator", "Exists", "effect", "NoExecute",
			"tolerationSeconds", 300, "key", "node.kubernetes.io/unreachable",
			"operator", "Exists", "effect", "NoExecute", "tolerationSeconds", 300));
	sim_missing(spec, "serviceAccountName", json_string("default"));
	sim_missing(spec, "serviceAccount", json_string(sim_str(spec, "serviceAccountName")));
	if (json_is_false(json_object_get(spec, "automountServiceAccountToken")))
		return;
	snprintf(name, sizeof(name), "kube-api-access-%05x", (unsigned)(sim_random() & 0xfffffU));
	sim_missing(spec, "volumes", json_array());
	json_array_append_new(json_object_get(spec, "volumes"),
		json_pack(
			"{s:s,s:{s:[{s:{s:i,s:s}},{s:{s:s,s:[{s:s,s:s}]}},{s:{s:[{s:s,s:{s:s,s:s}}]}}],"
			"s:i}}",
			"name", name, "projected", "sources", "serviceAccountToken",
			"expirationSeconds", 3607, "path", "token", "configMap", "name",
			"kube-root-ca.crt", "items", "key", "ca.crt", "path", "ca.crt",
			"downwardAPI", "items", "path", "namespace", "fieldRef", "apiVersion", "v1",
			"fieldPath", "metadata.namespace", "defaultMode", 420));
	json_array_foreach(json_object_get(spec, "containers"), i, c)
	{
		sim_missing(c, "volumeMounts", json_array());
		json_array_append_new(json_object_get(c, "volumeMounts"),
			json_pack("{s:s,s:b,s:s}", "name", name, "readOnly", 1, "mountPath",
				"/var/run/secrets/kubernetes.io/serviceaccount"));
	}
}
