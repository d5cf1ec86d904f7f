/* SPDX-License-Identifier: Apache-2.0 */
/* The table of resources, built in and from CustomResourceDefinitions. */
#include "sim/sim-priv.h"

#define NS   SIM_R_NAMESPACED
#define ST   SIM_R_STATUS
#define GEN  SIM_R_GENERATION
#define PUTC SIM_R_PUT_CREATES
#define RV   SIM_R_NEED_RV
#define SCL  SIM_R_SCALE
#define VIRT SIM_R_VIRTUAL
#define GRC  SIM_R_GRACE

static const struct builtin {
	const char *group, *version, *plural, *singular, *kind, *short_name, *category;
	unsigned flags;
} builtins[] = {
	{"", "v1", "configmaps", "configmap", "ConfigMap", "cm", "", NS},
	{"", "v1", "endpoints", "endpoints", "Endpoints", "ep", "", NS | PUTC},
	{"", "v1", "events", "event", "Event", "ev", "", NS | PUTC},
	{"", "v1", "limitranges", "limitrange", "LimitRange", "limits", "", NS},
	{"", "v1", "namespaces", "namespace", "Namespace", "ns", "", ST | GRC},
	{"", "v1", "nodes", "node", "Node", "no", "", ST},
	{"", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim",
		"pvc", "", NS | ST},
	{"", "v1", "pods", "pod", "Pod", "po", "all", NS | ST | GEN | GRC},
	{"", "v1", "podtemplates", "podtemplate", "PodTemplate", "", "", NS | GEN},
	{"", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController", "rc",
		"all", NS | ST | GEN},
	{"", "v1", "resourcequotas", "resourcequota", "ResourceQuota", "quota", "", NS | ST},
	{"", "v1", "secrets", "secret", "Secret", "", "", NS},
	{"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", "", NS},
	{"", "v1", "services", "service", "Service", "svc", "all", NS | ST},
	{"apps", "v1", "controllerrevisions", "controllerrevision", "ControllerRevision", "", "",
		NS},
	{"apps", "v1", "daemonsets", "daemonset", "DaemonSet", "ds", "all", NS | ST | GEN},
	{"apps", "v1", "deployments", "deployment", "Deployment", "deploy", "all",
		NS | ST | GEN | SCL},
	{"apps", "v1", "replicasets", "replicaset", "ReplicaSet", "rs", "all", NS | ST | GEN | SCL},
	{"apps", "v1", "statefulsets", "statefulset", "StatefulSet", "sts", "all",
		NS | ST | GEN | SCL},
	{"batch", "v1", "cronjobs", "cronjob", "CronJob", "cj", "all", NS | ST | GEN},
	{"batch", "v1", "jobs", "job", "Job", "", "all", NS | ST | GEN},
	{"networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy", "netpol",
		"", NS | GEN},
	{"networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", "ing", "", NS | ST | GEN},
	{"policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget",
		"pdb", "", NS | ST | GEN},
	{"coordination.k8s.io", "v1", "leases", "lease", "Lease", "", "", NS | PUTC | RV},
	{"events.k8s.io", "v1", "events", "event", "Event", "ev", "", NS | PUTC},
	{"discovery.k8s.io", "v1", "endpointslices", "endpointslice", "EndpointSlice", "", "",
		NS | GEN},
	{"rbac.authorization.k8s.io", "v1", "roles", "role", "Role", "", "", NS},
	{"rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding", "", "",
		NS},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", "ClusterRole", "", "",
		0},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding",
		"ClusterRoleBinding", "", "", 0},
	{"scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", "PriorityClass", "pc", "",
		GEN},
	{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations",
		"mutatingwebhookconfiguration", "MutatingWebhookConfiguration", "",
		"api-extensions", GEN},
	{"admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
		"validatingwebhookconfiguration", "ValidatingWebhookConfiguration", "",
		"api-extensions", GEN},
	{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition",
		"CustomResourceDefinition", "crd", "api-extensions", ST | GEN | RV},
	{"authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview",
		"SelfSubjectReview", "", "", VIRT},
	{"authentication.k8s.io", "v1", "tokenreviews", "tokenreview", "TokenReview", "", "", VIRT},
	{"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
		"SelfSubjectAccessReview", "", "", VIRT},
	{"authorization.k8s.io", "v1", "subjectaccessreviews", "subjectaccessreview",
		"SubjectAccessReview", "", "", VIRT},
};

static void res_free(struct sim_res *r)
{
	char *texts[] = {r->group, r->version, r->plural, r->singular, r->kind, r->short_name,
		r->category, r->api_version};

	for (size_t i = 0; i < OG_COUNT(texts); i++)
		og_free(texts[i]);
	json_decref(r->schema);
	if (!r->view_of)
		sim_coll_free(r->coll);
	og_free(r);
}

static struct sim_res *res_add(struct og_sim *s, const struct builtin *b)
{
	struct sim_res *r = s->nres < SIM_MAX_RES ? og_calloc(1, sizeof(*r)) : NULL;

	if (!r)
		return NULL;
	r->group = og_strdup(b->group);
	r->version = og_strdup(b->version);
	r->plural = og_strdup(b->plural);
	r->singular = og_strdup(b->singular);
	r->kind = og_strdup(b->kind);
	r->short_name = og_strdup(b->short_name ? b->short_name : "");
	r->category = og_strdup(b->category ? b->category : "");
	r->api_version = sim_fmt("%s%s%s", b->group, *b->group ? "/" : "", b->version);
	r->flags = b->flags;
	r->coll = sim_coll_new(s->o.history);
	if (!r->group || !r->version || !r->plural || !r->singular || !r->kind || !r->short_name ||
		!r->category || !r->api_version || !r->coll) {
		res_free(r);
		return NULL;
	}
	r->coll->compact_rv = s->rv;
	s->res[s->nres++] = r;
	return r;
}

int sim_resources_init(struct og_sim *s, struct og_err *err)
{
	struct sim_res *core = NULL;

	for (size_t i = 0; i < OG_COUNT(builtins); i++) {
		struct sim_res *r = res_add(s, &builtins[i]);

		if (!r)
			return og_err_set(err, OG_E_OOM, "resources");
		if (strcmp(r->plural, "events"))
			continue;
		if (!core) {
			core = r;
		} else {
			sim_coll_free(r->coll);
			r->coll = core->coll;
			r->view_of = core;
		}
	}
	return 0;
}

void sim_resources_fini(struct og_sim *s)
{
	for (size_t i = 0; i < s->nres; i++)
		res_free(s->res[i]);
	s->nres = 0;
}

struct sim_res *sim_res_find(
	struct og_sim *s, struct og_sv group, struct og_sv version, struct og_sv plural)
{
	for (size_t i = 0; i < s->nres; i++) {
		struct sim_res *r = s->res[i];

		if (!(r->flags & SIM_R_GONE) && og_sv_eq(og_svz(r->plural), plural) &&
			og_sv_eq(og_svz(r->group), group) &&
			(!version.n || og_sv_eq(og_svz(r->version), version)))
			return r;
	}
	return NULL;
}

struct sim_res *sim_res_by_kind(struct og_sim *s, const char *api_version, const char *kind)
{
	for (size_t i = 0; i < s->nres && api_version && kind; i++) {
		struct sim_res *r = s->res[i];

		if (!(r->flags & SIM_R_GONE) && !strcmp(r->kind, kind) &&
			!strcmp(r->api_version, api_version))
			return r;
	}
	return NULL;
}

struct sim_res *sim_res_by_name(struct og_sim *s, const char *name)
{
	struct og_sv n = og_svz(name);
	size_t dot = og_sv_chr(n, '.');
	struct og_sv group = dot < n.n ? og_sv(n.p + dot + 1, n.n - dot - 1) : og_svz("");

	return sim_res_find(s, group, og_svz(""), og_sv(n.p, dot));
}

bool sim_group_exists(struct og_sim *s, struct og_sv group, struct og_sv version)
{
	for (size_t i = 0; i < s->nres; i++) {
		const struct sim_res *r = s->res[i];

		if (!(r->flags & SIM_R_GONE) && og_sv_eq(og_svz(r->group), group) &&
			(!version.n || og_sv_eq(og_svz(r->version), version)))
			return true;
	}
	return false;
}

/* The version that stores; others are not served. */
static const json_t *storage_version(const json_t *spec)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(spec, "versions"), i, v)
	{
		if (json_is_true(json_object_get(v, "storage")))
			return v;
	}
	return NULL;
}

/* All objects go with their definition. */
static void purge(struct og_sim *s, struct sim_res *r)
{
	while (r->coll->n) {
		struct sim_obj *o = r->coll->v[r->coll->n - 1];

		if (sim_store_remove(s, r, o->ns, o->name))
			break;
	}
}

void sim_crd_changed(struct og_sim *s, const struct sim_obj *crd, bool removed)
{
	json_t *o = sim_obj_json(crd);
	const json_t *spec = json_object_get(o, "spec"), *names = json_object_get(spec, "names");
	const json_t *ver = storage_version(spec);
	struct builtin b = {.group = sim_str(spec, "group"), .version = sim_str(ver, "name")};
	struct sim_res *r = NULL;

	b.plural = sim_str(names, "plural");
	b.singular = sim_str(names, "singular");
	b.kind = sim_str(names, "kind");
	b.short_name = json_string_value(json_array_get(json_object_get(names, "shortNames"), 0));
	b.category = json_string_value(json_array_get(json_object_get(names, "categories"), 0));
	b.flags = SIM_R_CRD | SIM_R_GENERATION | SIM_R_NEED_RV;
	if (!strcmp(sim_str(spec, "scope"), "Namespaced"))
		b.flags |= SIM_R_NAMESPACED;
	if (json_object_get(json_object_get(ver, "subresources"), "status"))
		b.flags |= SIM_R_STATUS;
	for (size_t i = 0; i < s->nres; i++)
		if (!strcmp(s->res[i]->group, b.group) && !strcmp(s->res[i]->plural, b.plural) &&
			!strcmp(s->res[i]->version, b.version))
			r = s->res[i];
	if (removed) {
		if (r) {
			purge(s, r);
			r->flags |= SIM_R_GONE;
			r->gone++;
			r->coll->compact_rv = s->rv; /* what comes back has no history */
			sim_wake_all(s);
		}
	} else if (r) {
		r->flags = b.flags;
		json_decref(r->schema);
		r->schema = NULL;
	} else if (ver) {
		r = res_add(s, &b);
	}
	if (r && !removed)
		r->schema = json_incref(
			json_object_get(json_object_get(ver, "schema"), "openAPIV3Schema"));
	json_decref(o);
}

json_t *sim_schema(struct og_sim *s, struct sim_res *r)
{
	json_t *schema;

	pthread_mutex_lock(&s->mu);
	schema = json_incref(r->schema);
	pthread_mutex_unlock(&s->mu);
	return schema;
}
