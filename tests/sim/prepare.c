/* SPDX-License-Identifier: Apache-2.0 */
/* What the server itself puts into objects: names, times, defaults, what it keeps on updates. */
#include <stdio.h>
#include "sim/sim-priv.h"

static void set_new(json_t *o, const char *k, json_t *v)
{
	json_object_set_new(o, k, v);
}

static void missing(json_t *o, const char *k, json_t *v)
{
	if (json_object_get(o, k))
		json_decref(v);
	else
		set_new(o, k, v);
}

static const char *str(const json_t *o, const char *k)
{
	const char *s = json_string_value(json_object_get(o, k));

	return s ? s : "";
}

static json_t *child(json_t *o, const char *k)
{
	missing(o, k, json_object());
	return json_object_get(o, k);
}

static void pod_spec_defaults(json_t *spec)
{
	static const char *const lists[] = {"containers", "initContainers"};

	missing(spec, "restartPolicy", json_string("Always"));
	missing(spec, "terminationGracePeriodSeconds", json_integer(30));
	missing(spec, "dnsPolicy", json_string("ClusterFirst"));
	missing(spec, "securityContext", json_object());
	missing(spec, "schedulerName", json_string("default-scheduler"));
	for (size_t l = 0; l < OG_COUNT(lists); l++) {
		size_t i;
		json_t *c;

		json_array_foreach(json_object_get(spec, lists[l]), i, c)
		{
			const char *image = str(c, "image"), *tag = strrchr(image, ':');
			bool latest = !tag || strchr(tag, '/') || !strcmp(tag, ":latest");

			missing(c, "resources", json_object());
			missing(c, "terminationMessagePath", json_string("/dev/termination-log"));
			missing(c, "terminationMessagePolicy", json_string("File"));
			missing(c, "imagePullPolicy",
				json_string(latest ? "Always" : "IfNotPresent"));
		}
	}
}

static void deployment_defaults(json_t *spec)
{
	missing(spec, "replicas", json_integer(1));
	missing(spec, "strategy",
		json_pack("{s:s,s:{s:s,s:s}}", "type", "RollingUpdate", "rollingUpdate",
			"maxUnavailable", "25%", "maxSurge", "25%"));
	missing(spec, "revisionHistoryLimit", json_integer(10));
	missing(spec, "progressDeadlineSeconds", json_integer(600));
}

static void rolling_defaults(json_t *spec, const char *kind)
{
	bool sts = !strcmp(kind, "StatefulSet");

	missing(spec, "revisionHistoryLimit", json_integer(10));
	missing(spec, "updateStrategy",
		sts ? json_pack("{s:s,s:{s:i}}", "type", "RollingUpdate", "rollingUpdate",
			      "partition", 0)
		    : json_pack("{s:s,s:{s:i,s:i}}", "type", "RollingUpdate", "rollingUpdate",
			      "maxUnavailable", 1, "maxSurge", 0));
	if (sts) {
		missing(spec, "replicas", json_integer(1));
		missing(spec, "podManagementPolicy", json_string("OrderedReady"));
	}
}

static void job_defaults(json_t *o, json_t *spec)
{
	missing(spec, "parallelism", json_integer(1));
	missing(spec, "completions", json_integer(1));
	missing(spec, "backoffLimit", json_integer(6));
	missing(spec, "completionMode", json_string("NonIndexed"));
	missing(spec, "suspend", json_false());
	(void)o;
}

static void namespace_defaults(json_t *o)
{
	json_t *meta = child(o, "metadata");

	set_new(child(meta, "labels"), "kubernetes.io/metadata.name",
		json_string(str(meta, "name")));
	missing(child(o, "spec"), "finalizers", json_pack("[s]", "kubernetes"));
	missing(child(o, "status"), "phase", json_string("Active"));
}

static void hook_defaults(json_t *o)
{
	size_t i;
	json_t *h;

	json_array_foreach(json_object_get(o, "webhooks"), i, h)
	{
		missing(h, "failurePolicy", json_string("Fail"));
		missing(h, "matchPolicy", json_string("Equivalent"));
		missing(h, "namespaceSelector", json_object());
		missing(h, "objectSelector", json_object());
		missing(h, "reinvocationPolicy", json_string("Never"));
		missing(h, "timeoutSeconds", json_integer(10));
	}
}

static void crd_status(json_t *o)
{
	json_t *spec = child(o, "spec"), *conds = json_array(), *stored = json_array();
	static const char *const types[] = {"NamesAccepted", "Established"};
	static const char *const reasons[] = {"NoConflicts", "InitialNamesAccepted"};
	char now[32];
	size_t i;
	json_t *v;

	sim_now(now);
	missing(child(spec, "names"), "singular", json_string(""));
	missing(child(spec, "names"), "listKind",
		json_sprintf("%sList", str(json_object_get(spec, "names"), "kind")));
	missing(spec, "conversion", json_pack("{s:s}", "strategy", "None"));
	for (i = 0; i < OG_COUNT(types); i++)
		json_array_append_new(conds,
			json_pack("{s:s,s:s,s:s,s:s,s:s}", "type", types[i], "status", "True",
				"lastTransitionTime", now, "reason", reasons[i], "message", ""));
	json_array_foreach(json_object_get(spec, "versions"), i, v)
	{
		if (json_is_true(json_object_get(v, "storage")))
			json_array_append(stored, json_object_get(v, "name"));
	}
	set_new(o, "status",
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
		missing(spec, "replicas", json_integer(1));
	if ((!strcmp(k, "StatefulSet") || !strcmp(k, "DaemonSet")) && spec)
		rolling_defaults(spec, k);
	if (!strcmp(k, "Job") && spec)
		job_defaults(o, spec);
	if (json_is_object(tmpl) && !strcmp(r->group, "apps"))
		pod_spec_defaults(tmpl);
	if (!strcmp(k, "Namespace"))
		namespace_defaults(o);
	if (!strcmp(k, "Secret"))
		missing(o, "type", json_string("Opaque"));
	if (strstr(k, "WebhookConfiguration"))
		hook_defaults(o);
	if (!strcmp(k, "CustomResourceDefinition"))
		crd_status(o);
}

/* Token volume and its mounts, as the ServiceAccount admission plugin adds them. */
void sim_service_account(json_t *o)
{
	json_t *spec = json_object_get(o, "spec"), *c;
	char name[40];
	size_t i;

	if (!json_is_object(spec))
		return;
	missing(spec, "serviceAccountName", json_string("default"));
	missing(spec, "serviceAccount", json_string(str(spec, "serviceAccountName")));
	if (json_is_false(json_object_get(spec, "automountServiceAccountToken")))
		return;
	snprintf(name, sizeof(name), "kube-api-access-%05x", (unsigned)(sim_random() & 0xfffffU));
	missing(spec, "volumes", json_array());
	json_array_append_new(json_object_get(spec, "volumes"),
		json_pack("{s:s,s:{s:[{s:{s:i,s:s}},{s:{s:s,s:[{s:s,s:s}]}}],s:i}}", "name", name,
			"projected", "sources", "serviceAccountToken", "expirationSeconds", 3607,
			"path", "token", "configMap", "name", "kube-root-ca.crt", "items", "key",
			"ca.crt", "path", "ca.crt", "defaultMode", 420));
	json_array_foreach(json_object_get(spec, "containers"), i, c)
	{
		missing(c, "volumeMounts", json_array());
		json_array_append_new(json_object_get(c, "volumeMounts"),
			json_pack("{s:s,s:b,s:s}", "name", name, "readOnly", 1, "mountPath",
				"/var/run/secrets/kubernetes.io/serviceaccount"));
	}
}

/* generateName and five of the letters that the real server uses (no vowels, no confusion). */
static void make_name(json_t *meta)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	const char *base = str(meta, "generateName");
	uint64_t r = sim_random();
	char tail[6];

	if (*str(meta, "name") || !*base)
		return;
	for (int i = 0; i < 5; i++, r /= sizeof(letters) - 1)
		tail[i] = letters[r % (sizeof(letters) - 1)];
	tail[5] = '\0';
	set_new(meta, "name", json_sprintf("%.*s%s", 58, base, tail));
}

static void strip_status(const struct sim_res *r, json_t *o)
{
	if ((r->flags & SIM_R_STATUS) && strcmp(r->kind, "Namespace") &&
		strcmp(r->kind, "CustomResourceDefinition") && strcmp(r->kind, "Node"))
		json_object_del(o, "status");
	if (!strcmp(r->kind, "Pod"))
		set_new(o, "status",
			json_pack("{s:s,s:s}", "phase", "Pending", "qosClass", "BestEffort"));
}

/* Empty maps and lists of metadata are not kept. */
static void drop_empty(json_t *meta)
{
	static const char *const names[] = {
		"labels", "annotations", "finalizers", "ownerReferences"};

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		json_t *v = json_object_get(meta, names[i]);

		if (v && !json_object_size(v) && !json_array_size(v))
			json_object_del(meta, names[i]);
	}
}

bool sim_prepare_create(struct sim_write *w, struct sim_res *r, json_t *o, const char *ns)
{
	json_t *meta = child(o, "metadata");
	char uid[40], now[32];

	if (!json_is_object(meta))
		return false;
	make_name(meta);
	sim_uuid(uid);
	sim_now(now);
	set_new(meta, "uid", json_string(uid));
	set_new(meta, "creationTimestamp", json_string(now));
	json_object_del(meta, "deletionTimestamp");
	json_object_del(meta, "deletionGracePeriodSeconds");
	json_object_del(meta, "selfLink");
	drop_empty(meta);
	if (r->flags & SIM_R_NAMESPACED)
		set_new(meta, "namespace", json_string(ns));
	else
		json_object_del(meta, "namespace");
	if (r->flags & SIM_R_GENERATION)
		set_new(meta, "generation", json_integer(1));
	else
		json_object_del(meta, "generation");
	strip_status(r, o);
	if (!strcmp(r->kind, "Namespace"))
		namespace_defaults(o);
	(void)w;
	return true;
}

static void keep(json_t *o, const json_t *old, const char *k)
{
	json_t *v = json_object_get(old, k);

	if (v)
		json_object_set(o, k, v);
	else
		json_object_del(o, k);
}

/* Whether anything but metadata (and status, where it is a subresource) differs. */
static bool spec_changed(const struct sim_res *r, const json_t *a, const json_t *b)
{
	bool status = r->flags & SIM_R_STATUS;
	const json_t *sides[2] = {a, b};

	for (int side = 0; side < 2; side++) {
		const char *k;
		json_t *v;

		/* jansson's iterators take the object as not constant, and leave it alone */
		json_t *it = json_incref((json_t *)(uintptr_t)sides[side]);
		bool differs = false;

		json_object_foreach(it, k, v)
		{
			if (!strcmp(k, "metadata") || !strcmp(k, "kind") ||
				!strcmp(k, "apiVersion") || (status && !strcmp(k, "status")))
				continue;
			if (!json_equal(v, json_object_get(sides[!side], k)))
				differs = true;
		}
		json_decref(it);
		if (differs)
			return true;
	}
	return false;
}

/* Into a status update goes the status alone; into any other everything else. */
static void keep_other_half(
	const struct sim_write *w, struct sim_res *r, json_t *o, const json_t *old)
{
	if (!strcmp(w->sub, "status")) {
		json_t *status = json_incref(json_object_get(o, "status"));
		json_t *managed = json_incref(
			json_object_get(json_object_get(o, "metadata"), "managedFields"));
		json_t *copy = json_deep_copy(old);

		json_object_clear(o);
		json_object_update(o, copy);
		json_decref(copy);
		if (status)
			json_object_set(o, "status", status);
		else
			json_object_del(o, "status");
		if (managed)
			json_object_set(json_object_get(o, "metadata"), "managedFields", managed);
		json_decref(status);
		json_decref(managed);
	} else if (r->flags & SIM_R_STATUS) {
		keep(o, old, "status");
	}
}

void sim_prepare_update(struct sim_write *w, struct sim_res *r, json_t *o, const json_t *old)
{
	static const char *const system[] = {"uid", "creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "namespace", "name", "generateName", "generation"};
	const json_t *old_meta = json_object_get(old, "metadata");
	json_t *meta;

	if (!(w->sub[0] == '*'))
		keep_other_half(w, r, o, old);
	meta = child(o, "metadata");
	for (size_t i = 0; i < OG_COUNT(system); i++)
		keep(meta, old_meta, system[i]);
	json_object_del(meta, "selfLink");
	drop_empty(meta);
	if (!strcmp(r->kind, "CustomResourceDefinition"))
		crd_status(o);
	if ((r->flags & SIM_R_GENERATION) && spec_changed(r, o, old))
		set_new(meta, "generation",
			json_integer(
				json_integer_value(json_object_get(old_meta, "generation")) + 1));
}

bool sim_same_but_managed(const json_t *a, const json_t *b)
{
	json_t *x = json_deep_copy(a), *y = json_deep_copy(b);
	json_t *sides[2] = {x, y};
	bool same;

	for (int i = 0; i < 2; i++) {
		json_t *meta = json_object_get(sides[i], "metadata"), *e;
		size_t n;

		json_object_del(meta, "resourceVersion");
		json_array_foreach(json_object_get(meta, "managedFields"), n, e)
			json_object_del(e, "time");
		json_object_del(sides[i], "kind");
		json_object_del(sides[i], "apiVersion");
	}
	same = json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return same;
}
