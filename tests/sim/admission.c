/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutating admission of pods: which webhooks, in which order, how often, and what their answers
 * mean. A matchCondition in a part of CEL that cel.c does not know counts as true.
 */
#include <stdio.h>
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jpatch.h"
#include "sim/admission-priv.h"

static bool has(const json_t *list, const char *want)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const char *s = json_string_value(v);

		if (s && (!strcmp(s, "*") || !strcmp(s, "*/*") || !strcmp(s, want)))
			return true;
	}
	return false;
}

static bool rules_match(const json_t *hook)
{
	size_t i;
	json_t *r;

	json_array_foreach(json_object_get(hook, "rules"), i, r)
	{
		if (has(json_object_get(r, "operations"), "CREATE") &&
			has(json_object_get(r, "apiGroups"), "") &&
			has(json_object_get(r, "apiVersions"), "v1") &&
			has(json_object_get(r, "resources"), "pods") &&
			strcmp(sim_str(r, "scope"), "Cluster"))
			return true;
	}
	return false;
}

static json_t *namespace_labels(struct og_sim *s, const char *ns)
{
	struct sim_obj *o;
	json_t *j, *labels;

	pthread_mutex_lock(&s->mu);
	o = sim_coll_find(sim_res_by_name(s, "namespaces")->coll, og_svz(""), og_svz(ns));
	if (o)
		sim_obj_ref(o);
	pthread_mutex_unlock(&s->mu);
	j = o ? sim_obj_json(o) : NULL;
	labels = json_incref(json_object_get(json_object_get(j, "metadata"), "labels"));
	json_decref(j);
	sim_obj_unref(o);
	return labels ? labels : json_object();
}

/* All webhooks in order: configurations by name, then as listed. Each gets its configuration. */
static json_t *all_hooks(struct og_sim *s)
{
	json_t *out = json_array(), *h;
	struct sim_obj **v = NULL;
	struct sim_coll *c;
	size_t n = 0, k;

	pthread_mutex_lock(&s->mu);
	c = sim_res_by_name(s, "mutatingwebhookconfigurations.admissionregistration.k8s.io")->coll;
	v = og_calloc(c->n + 1, sizeof(struct sim_obj *));
	for (; v && n < c->n; n++)
		v[n] = sim_obj_ref(c->v[n]);
	pthread_mutex_unlock(&s->mu);
	for (size_t i = 0; i < n; i++) {
		json_t *o = sim_obj_json(v[i]);

		json_array_foreach(json_object_get(o, "webhooks"), k, h) json_array_append(out, h);
		json_decref(o);
	}
	sim_ctl_release(v, n);
	return out;
}

static json_t *groups_of(const char *groups)
{
	struct og_sv rest = og_svz(groups), part;
	json_t *a = json_array();

	while (og_sv_split(&rest, ',', &part))
		json_array_append_new(a, json_stringn(part.p, part.n));
	return a;
}

static json_t *review_of(struct sim_admission *a, const char *uid)
{
	json_t *req = json_pack(
		"{s:s,s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:{s:s,s:s,s:s}}", "uid", uid,
		"kind", "group", "", "version", "v1", "kind", "Pod", "resource", "group", "",
		"version", "v1", "resource", "pods", "requestKind", "group", "", "version", "v1",
		"kind", "Pod", "requestResource", "group", "", "version", "v1", "resource", "pods");
	json_t *o = json_deep_copy(a->o);
	const char *name = sim_str(json_object_get(o, "metadata"), "name");

	json_object_set_new(o, "kind", json_string("Pod"));
	json_object_set_new(o, "apiVersion", json_string("v1"));
	json_object_set_new(json_object_get(o, "metadata"), "namespace", json_string(a->ns));
	if (*name)
		json_object_set_new(req, "name", json_string(name));
	json_object_set_new(req, "namespace", json_string(a->ns));
	json_object_set_new(req, "operation", json_string("CREATE"));
	json_object_set_new(req, "userInfo",
		json_pack("{s:s,s:o}", "username", a->w->user, "groups", groups_of(a->w->groups)));
	json_object_set_new(req, "object", o);
	json_object_set_new(req, "oldObject", json_null());
	json_object_set_new(req, "dryRun", json_boolean(a->w->dry_run));
	json_object_set_new(req, "options",
		json_pack("{s:s,s:s,s:s}", "kind", "CreateOptions", "apiVersion", "meta.k8s.io/v1",
			"fieldManager", a->w->manager));
	return json_pack("{s:s,s:s,s:o}", "kind", "AdmissionReview", "apiVersion",
		"admission.k8s.io/v1", "request", req);
}

static int internal(struct sim_admission *a, const char *text)
{
	struct sim_status st = {.code = 500, .reason = "InternalError"};
	og_auto_free char *message = sim_fmt("Internal error occurred: %s", text);

	st.causes = json_pack("[{s:s}]", "message", text);
	a->status = sim_status_json(&st, message);
	return -1;
}

/* A fault of the call itself: failurePolicy decides. */
static int call_failed(struct sim_admission *a, const json_t *hook, const char *why)
{
	og_auto_free char *text = NULL;

	if (!strcmp(sim_str(hook, "failurePolicy"), "Ignore"))
		return 0;
	text = sim_fmt("failed calling webhook \"%s\": %s", sim_str(hook, "name"), why);
	return internal(a, text ? text : why);
}

static int denied(struct sim_admission *a, const json_t *hook, const json_t *response)
{
	const json_t *rs = json_object_get(response, "status");
	json_int_t code = json_integer_value(json_object_get(rs, "code"));
	const char *message = sim_str(rs, "message"), *reason = sim_str(rs, "reason");
	struct sim_status st = {.code = code < 400 ? 400 : (int)code, .reason = reason};
	og_auto_free char *text = sim_fmt("admission webhook \"%s\" denied the request%s%s",
		sim_str(hook, "name"), *message || *reason ? ": " : " without explanation",
		*message ? message : reason);

	a->status = sim_status_json(&st, text ? text : "denied");
	return -1;
}

/* The patch applied; a result that is no pod is an error whatever the failurePolicy says. */
static int patched(struct sim_admission *a, const char *patch64, bool *ret_changed)
{
	og_auto_arena struct og_arena arena = {0};
	og_auto_buf struct og_buf patch = OG_BUF_INIT(0), out = OG_BUF_INIT(0);
	struct og_jdoc pd, od;
	struct og_err err = OG_ERR_INIT;
	char *text;
	json_t *o;
	int rc;

	og_arena_init(&arena, 0, 0);
	if (og_base64_decode(&patch, og_svz(patch64), &err) ||
		og_jdoc_parse(&pd, &arena, og_buf_view(&patch), NULL, &err))
		return 1; /* not a patch: a fault of the call */
	text = json_dumps(a->o, JSON_COMPACT | JSON_REAL_PRECISION(15));
	rc = !text || og_jdoc_parse(&od, &arena, og_svz(text), NULL, &err) ||
	     og_jpatch_apply(og_jroot(&od), og_jroot(&pd), &arena, &out, &err);
	free(text);
	if (rc)
		return internal(a, err.msg);
	o = json_loadb(out.p, out.len, 0, NULL);
	if (!json_is_object(json_object_get(o, "metadata")) ||
		!json_is_array(json_object_get(json_object_get(o, "spec"), "containers"))) {
		json_decref(o);
		return internal(a, "json: cannot unmarshal the patched object into a Pod");
	}
	*ret_changed = !json_equal(o, a->o);
	json_decref(a->o);
	a->o = o;
	return 0;
}

static void warnings(struct sim_admission *a, const json_t *response)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(response, "warnings"), i, v)
	{
		if (a->w->q && json_string_value(v))
			sim_warn(a->w->q, json_string_value(v));
	}
}

/* NULL, or what is wrong with the envelope. */
static const char *envelope(const json_t *r, const char *uid)
{
	const json_t *response = json_object_get(r, "response");
	const json_t *patch = json_object_get(response, "patch");
	const json_t *type = json_object_get(response, "patchType");

	if (strcmp(sim_str(r, "kind"), "AdmissionReview") ||
		strcmp(sim_str(r, "apiVersion"), "admission.k8s.io/v1"))
		return "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview";
	if (!response)
		return "webhook response was absent";
	if (strcmp(sim_str(response, "uid"), uid))
		return "expected response.uid to be that of the request";
	if (json_string_length(patch) && !type)
		return "webhook returned response.patch but not response.patchType";
	if (type && !json_string_length(patch))
		return "webhook returned response.patchType but not response.patch";
	if (type && strcmp(json_string_value(type) ? json_string_value(type) : "", "JSONPatch"))
		return "webhook returned an invalid response.patchType";
	return NULL;
}

/* 0 fine, -1 refused with a->status. */
static int call(struct sim_admission *a, const json_t *hook, bool *ret_changed)
{
	og_auto_buf struct og_buf answer = OG_BUF_INIT(16 << 20);
	json_t *review, *r, *response;
	const char *wrong;
	char uid[40], *text, why[512];
	int rc;

	if (a->w->dry_run && strcmp(sim_str(hook, "sideEffects"), "None") &&
		strcmp(sim_str(hook, "sideEffects"), "NoneOnDryRun")) {
		struct sim_status st = {.code = 400, .reason = "BadRequest"};

		a->status = sim_status_json(&st, "admission webhook does not support dry run");
		return -1;
	}
	sim_uuid(uid);
	review = review_of(a, uid);
	text = json_dumps(review, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(review);
	rc = text ? sim_hook_call(a->s, hook, text, &answer, why, sizeof(why)) : -1;
	free(text);
	if (rc)
		return call_failed(a, hook, why);
	r = json_loadb(answer.p ? answer.p : "", answer.len, 0, NULL);
	wrong = envelope(r, uid);
	response = json_object_get(r, "response");
	if (wrong) {
		rc = call_failed(a, hook, wrong);
	} else {
		warnings(a, response);
		if (!json_is_true(json_object_get(response, "allowed")))
			rc = denied(a, hook, response);
		else if (*sim_str(response, "patch"))
			rc = patched(a, sim_str(response, "patch"), ret_changed);
		if (rc > 0)
			rc = call_failed(a, hook, "webhook returned an undecodable patch");
	}
	json_decref(r);
	return rc;
}

/* 1 called, 0 left out, -1 refused: one false is enough to leave it out, whatever the others do. */
static int conditions(struct sim_admission *a, const json_t *hook)
{
	og_auto_free char *text = NULL;
	json_t *review = review_of(a, ""), *c;
	struct sim_cel_vars vars = {.request = json_object_get(review, "request")};
	bool no = false, error = false;
	size_t i;

	vars.object = json_object_get(vars.request, "object");
	json_array_foreach(json_object_get(hook, "matchConditions"), i, c)
	{
		enum sim_cel r = sim_cel_eval(sim_str(c, "expression"), &vars);

		no = no || r == SIM_CEL_FALSE;
		error = error || r == SIM_CEL_ERROR;
	}
	json_decref(review);
	if (no || (error && !strcmp(sim_str(hook, "failurePolicy"), "Ignore")))
		return 0;
	if (!error)
		return 1;
	text = sim_fmt(
		"pods is forbidden: matchConditions of webhook \"%s\" could not be evaluated",
		sim_str(hook, "name"));
	a->status = sim_status_json(
		&(struct sim_status){.code = 403, .reason = "Forbidden", .kind = "pods"},
		text ? text : "");
	return -1;
}

/* 1 called, 0 left out, -1 refused. */
static int wanted(struct sim_admission *a, const json_t *hook)
{
	const json_t *labels = json_object_get(json_object_get(a->o, "metadata"), "labels");
	json_t *none = json_object();
	bool ok = rules_match(hook) &&
		  sim_label_match(json_object_get(hook, "namespaceSelector"), a->ns_labels) &&
		  sim_label_match(json_object_get(hook, "objectSelector"), labels ? labels : none);

	json_decref(none);
	return ok && json_array_size(json_object_get(hook, "matchConditions")) ? conditions(a, hook)
									       : ok;
}

enum { MAX_HOOKS = 64 };

/*
 * One round over the chain (AS admission/plugin/webhook/mutating/dispatcher.go): a change makes
 * those called before it, with reinvocationPolicy IfNeeded, due again in the second round.
 */
static int chain(struct sim_admission *a, bool again[MAX_HOOKS], bool second)
{
	bool before[MAX_HOOKS] = {false};
	size_t i;
	json_t *h;

	json_array_foreach(a->hooks, i, h)
	{
		bool changed = false;
		int rc;

		if (i >= MAX_HOOKS)
			break;
		if (second && !again[i])
			continue;
		rc = wanted(a, h);
		if (rc < 0 || (rc && call(a, h, &changed)))
			return -1;
		if (!rc)
			continue;
		for (size_t k = 0; changed && k < i && !second; k++)
			again[k] = again[k] || before[k];
		before[i] = !strcmp(sim_str(h, "reinvocationPolicy"), "IfNeeded");
	}
	return 0;
}

bool sim_admit(struct sim_write *w, struct og_sim *s, struct sim_res *r, const char *ns, json_t **o,
	json_t **ret_status)
{
	struct sim_admission a = {.w = w, .s = s, .ns = ns, .o = *o};
	bool again[MAX_HOOKS] = {false};
	int rc = 0;

	(void)r;
	a.hooks = all_hooks(s);
	if (json_array_size(a.hooks)) {
		a.ns_labels = namespace_labels(s, ns);
		rc = chain(&a, again, false);
		if (!rc)
			rc = chain(&a, again, true);
	}
	*o = a.o;
	*ret_status = a.status;
	json_decref(a.hooks);
	json_decref(a.ns_labels);
	return rc == 0;
}
