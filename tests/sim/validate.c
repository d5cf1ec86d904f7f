/* SPDX-License-Identifier: Apache-2.0 */
/* The validation a client like ours can run into; not the API server's whole. */
#include <stdio.h>
#include "otelgate/kobj/names.h"
#include "sim/sim-priv.h"

/* Equal, or both not there. */
static bool same(const json_t *a, const json_t *b)
{
	return (!a && !b) || json_equal(a, b);
}

static void required(json_t *c, const char *field)
{
	sim_cause(c, "FieldValueRequired", field, "Required value");
}

static void invalid(json_t *c, const char *field, const char *value, const char *why)
{
	sim_cause(c, "FieldValueInvalid", field, "Invalid value: \"%s\": %s", value, why);
}

static void names(const struct sim_res *r, const json_t *meta, json_t *c)
{
	static const char subdomain[] =
		"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
		"'-' or '.', and must start and end with an alphanumeric character (e.g. "
		"'example.com', regex used for validation is "
		"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
	static const char label[] =
		"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
		"'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
		"'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
	const char *name = sim_str(meta, "name");
	bool rbac = !strcmp(r->group, "rbac.authorization.k8s.io");

	if (!*name) {
		sim_cause(c, "FieldValueRequired", "metadata.name",
			"Required value: name or generateName is required");
		return;
	}
	if (!strcmp(r->kind, "Namespace") && !og_name_is_dns_label(og_svz(name)))
		invalid(c, "metadata.name", name, label);
	else if (rbac ? strchr(name, '/') || strchr(name, '%')
		      : !og_name_is_dns_subdomain(og_svz(name)))
		invalid(c, "metadata.name", name, subdomain);
}

static void labels(const json_t *meta, json_t *c)
{
	const char *k;
	json_t *v;

	json_object_foreach(json_object_get(meta, "labels"), k, v)
	{
		if (!og_name_is_label_key(og_svz(k)))
			invalid(c, "metadata.labels", k,
				"name part must consist of alphanumeric characters, '-', '_' or '.', and "
				"must start and end with an alphanumeric character (e.g. 'MyName',  or "
				"'my.name',  or '123-abc', regex used for validation is "
				"'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");
		if (!og_name_is_label_value(og_svz(json_string_value(v))))
			invalid(c, "metadata.labels", json_string_value(v),
				"a valid label must be an empty string or consist of alphanumeric "
				"characters, '-', '_' or '.', and must start and end with an "
				"alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
				"regex used for validation is "
				"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
	}
	json_object_foreach(json_object_get(meta, "annotations"), k, v)
	{
		if (!og_name_is_label_key(og_svz(k)))
			invalid(c, "metadata.annotations", k,
				"prefix part or name part is not valid");
	}
}

static void lease(const json_t *o, json_t *c)
{
	static const char *const fields[] = {"leaseDurationSeconds", "leaseTransitions"};
	const json_t *spec = json_object_get(o, "spec");

	for (int i = 0; i < 2; i++) {
		const json_t *n = json_object_get(spec, fields[i]);
		json_int_t v = json_integer_value(n);
		char field[48];

		snprintf(field, sizeof(field), "spec.%s", fields[i]);
		if (n && i == 0 && v <= 0)
			sim_cause(c, "FieldValueInvalid", field,
				"Invalid value: %lld: must be greater than 0", (long long)v);
		if (n && i == 1 && v < 0)
			sim_cause(c, "FieldValueInvalid", field,
				"Invalid value: %lld: must be greater than or equal to 0",
				(long long)v);
	}
}

static void text_128(const json_t *o, const char *k, json_t *c)
{
	if (!*sim_str(o, k))
		required(c, k);
	else if (strlen(sim_str(o, k)) > 128)
		invalid(c, k, "", "can have at most 128 characters");
}

static void deprecated_unset(const json_t *o, json_t *c)
{
	/* the fields are named as the core group names them */
	static const struct {
		const char *name, *core;
	} gone[] = {
		{"deprecatedFirstTimestamp", "firstTimestamp"},
		{"deprecatedLastTimestamp", "lastTimestamp"},
		{"deprecatedCount", "count"},
		{"deprecatedSource", "source"},
	};

	for (size_t i = 0; i < OG_COUNT(gone); i++) {
		const json_t *v = json_object_get(o, gone[i].name);

		if (v && !json_is_null(v) && !(json_is_object(v) && !json_object_size(v)))
			invalid(c, gone[i].core, "", "needs to be unset");
	}
}

/* events.k8s.io/v1 (pkg/apis/core/validation/events.go). */
static void event(const json_t *o, const json_t *old, json_t *c)
{
	const json_t *series = json_object_get(o, "series");
	const char *type = sim_str(o, "type");

	if (old) {
		static const char *const fixed[] = {"eventTime", "type", "reason", "action",
			"reportingController", "reportingInstance", "note", "regarding", "related"};

		for (size_t i = 0; i < OG_COUNT(fixed); i++)
			if (!same(json_object_get(o, fixed[i]), json_object_get(old, fixed[i])))
				invalid(c, fixed[i], "", "field is immutable");
	}
	if (!*sim_str(o, "eventTime"))
		required(c, "eventTime");
	text_128(o, "reportingController", c);
	if (*sim_str(o, "reportingController") &&
		!og_name_is_label_key(og_svz(sim_str(o, "reportingController"))))
		invalid(c, "reportingController", sim_str(o, "reportingController"),
			"name part must be a qualified name");
	text_128(o, "reportingInstance", c);
	text_128(o, "action", c);
	text_128(o, "reason", c);
	if (strcmp(type, "Normal") && strcmp(type, "Warning"))
		sim_cause(c, "FieldValueInvalid", "type",
			"Invalid value: \"\": has invalid value: %s", type);
	if (strlen(sim_str(o, "note")) > 1024)
		invalid(c, "message", "", "can have at most 1024 characters");
	deprecated_unset(o, c);
	if (series && !json_is_null(series) &&
		json_integer_value(json_object_get(series, "count")) < 2)
		invalid(c, "series.count", "", "should be at least 2");
	if (series && !json_is_null(series) && !*sim_str(series, "lastObservedTime"))
		required(c, "series.lastObservedTime");
}

static void containers(const json_t *spec, const char *at, json_t *c)
{
	const json_t *list = json_object_get(spec, "containers");
	char field[96];
	size_t i;
	json_t *x;

	snprintf(field, sizeof(field), "%s.containers", at);
	if (!json_array_size(list))
		required(c, field);
	json_array_foreach(list, i, x)
	{
		snprintf(field, sizeof(field), "%s.containers[%zu].name", at, i);
		if (!*sim_str(x, "name"))
			required(c, field);
		else if (!og_name_is_dns_label(og_svz(sim_str(x, "name"))))
			invalid(c, field, sim_str(x, "name"),
				"a lowercase RFC 1123 label must consist of "
				"lower case alphanumeric characters or '-'");
		snprintf(field, sizeof(field), "%s.containers[%zu].image", at, i);
		if (!*sim_str(x, "image") && !strcmp(at, "spec"))
			required(c, field);
	}
}

/* pkg/apis/core/validation, ValidateVolumes: names are unique. */
static void volumes(const json_t *spec, json_t *c)
{
	const json_t *list = json_object_get(spec, "volumes");
	char field[64];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = sim_str(json_array_get(list, i), "name");
		size_t k = 0;
		while (k < i && strcmp(name, sim_str(json_array_get(list, k), "name")) != 0)
			k++;
		if (k == i)
			continue;
		snprintf(field, sizeof(field), "spec.volumes[%zu].name", i);
		sim_cause(c, "FieldValueDuplicate", field, "Duplicate value: \"%s\"", name);
	}
}

/* Of a pod only images, tolerations and times may change once it is there. */
static void pod_update(const json_t *o, const json_t *old, json_t *c)
{
	json_t *a = json_deep_copy(json_object_get(o, "spec"));
	json_t *b = json_deep_copy(json_object_get(old, "spec"));
	static const char *const lists[] = {"containers", "initContainers"};
	static const char *const free_[] = {"activeDeadlineSeconds", "tolerations",
		"terminationGracePeriodSeconds", "ephemeralContainers", "schedulingGates"};

	for (int side = 0; side < 2; side++) {
		json_t *s = side ? b : a, *x;
		size_t i;

		for (size_t l = 0; l < OG_COUNT(lists); l++)
			json_array_foreach(json_object_get(s, lists[l]), i, x)
				json_object_del(x, "image");
		for (size_t f = 0; f < OG_COUNT(free_); f++)
			json_object_del(s, free_[f]);
	}
	/* the scheduler may place it */
	if (!*sim_str(b, "nodeName"))
		json_object_del(a, "nodeName");
	if (!json_equal(a, b))
		sim_cause(c, "FieldValueForbidden", "spec",
			"Forbidden: pod updates may not change fields other than "
			"`spec.containers[*].image`,`spec.initContainers[*].image`,"
			"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
			"tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if "
			"it was previously negative)");
	json_decref(a);
	json_decref(b);
}

static void workload(const json_t *o, const json_t *old, json_t *c)
{
	const json_t *spec = json_object_get(o, "spec"), *tmpl = json_object_get(spec, "template");
	const json_t *sel = json_object_get(spec, "selector");
	const json_t *was = json_object_get(json_object_get(old, "spec"), "selector");

	if (!json_object_size(sel))
		required(c, "spec.selector");
	else if (!sim_label_match(
			 sel, json_object_get(json_object_get(tmpl, "metadata"), "labels")))
		sim_cause(c, "FieldValueInvalid", "spec.template.metadata.labels",
			"Invalid value: `selector` does not match template `labels`");
	if (old && !json_equal(sel, was))
		sim_cause(c, "FieldValueInvalid", "spec.selector",
			"Invalid value: field is immutable");
	if (json_integer_value(json_object_get(spec, "replicas")) < 0)
		sim_cause(c, "FieldValueInvalid", "spec.replicas",
			"Invalid value: %lld: must be greater than or equal to 0",
			(long long)json_integer_value(json_object_get(spec, "replicas")));
	containers(json_object_get(tmpl, "spec"), "spec.template.spec", c);
}

static void hooks(const json_t *o, json_t *c)
{
	size_t i;
	json_t *h;

	json_array_foreach(json_object_get(o, "webhooks"), i, h)
	{
		json_int_t t = json_integer_value(json_object_get(h, "timeoutSeconds"));
		const char *side = sim_str(h, "sideEffects");
		char field[64];

		snprintf(field, sizeof(field), "webhooks[%zu].timeoutSeconds", i);
		if (t < 1 || t > 30)
			sim_cause(c, "FieldValueInvalid", field,
				"Invalid value: %lld: the timeout value must be between 1 and 30 "
				"seconds",
				(long long)t);
		snprintf(field, sizeof(field), "webhooks[%zu].sideEffects", i);
		if (strcmp(side, "None") && strcmp(side, "NoneOnDryRun"))
			sim_cause(c, *side ? "FieldValueNotSupported" : "FieldValueRequired", field,
				"%s",
				*side ? "Unsupported value: must be None or NoneOnDryRun"
				      : "Required value: must specify one of None, NoneOnDryRun");
		snprintf(field, sizeof(field), "webhooks[%zu].admissionReviewVersions", i);
		if (!json_array_size(json_object_get(h, "admissionReviewVersions")))
			sim_cause(c, "FieldValueRequired", field,
				"Required value: must specify one of v1, v1beta1");
		snprintf(field, sizeof(field), "webhooks[%zu].name", i);
		if (!og_sv_has(og_svz(sim_str(h, "name")), OG_SV(".")) ||
			!og_name_is_dns_subdomain(og_svz(sim_str(h, "name"))))
			invalid(c, field, sim_str(h, "name"),
				"should be a domain with at least three segments separated by dots");
	}
}

/* A deleted object takes no new finalizers. */
static void late_finalizers(const json_t *meta, const json_t *old, json_t *c)
{
	size_t i, k;
	json_t *f, *g;

	if (!json_object_get(old, "deletionTimestamp"))
		return;
	json_array_foreach(json_object_get(meta, "finalizers"), i, f)
	{
		bool known = false;

		json_array_foreach(json_object_get(old, "finalizers"), k, g)
		{
			if (json_equal(f, g))
				known = true;
		}
		if (!known)
			sim_cause(c, "FieldValueForbidden", "metadata.finalizers",
				"Forbidden: no new finalizers can be added if the object is being "
				"deleted, found new finalizers []string{\"%s\"}",
				json_string_value(f));
	}
}

/* Secrets and ConfigMaps that are not to change; the type of a Secret never does. */
static void fixed(const struct sim_res *r, const json_t *o, const json_t *old, json_t *c)
{
	static const char *const fields[] = {"immutable", "data", "binaryData"};

	if (!strcmp(r->kind, "Secret") && strcmp(sim_str(o, "type"), sim_str(old, "type")))
		invalid(c, "type", sim_str(o, "type"), "field is immutable");
	for (size_t i = 0; i < OG_COUNT(fields); i++)
		if (json_is_true(json_object_get(old, "immutable")) &&
			!same(json_object_get(o, fields[i]), json_object_get(old, fields[i])))
			sim_cause(c, "FieldValueForbidden", fields[i],
				"Forbidden: field is immutable when `immutable` is set");
}

/* Keys of data are names of files. */
static void keys(const json_t *o, json_t *c)
{
	const char *k;
	json_t *v;

	json_object_foreach(json_object_get(o, "data"), k, v)
	{
		char field[300];

		if (*k &&
			strspn(k,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
				strlen(k))
			continue;
		snprintf(field, sizeof(field), "data[%.250s]", k);
		invalid(c, field, k,
			"a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
			"(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
			"'[-._a-zA-Z0-9]+')");
	}
}

json_t *sim_validate(
	const struct sim_write *w, const struct sim_res *r, const json_t *o, const json_t *old)
{
	const json_t *meta = json_object_get(o, "metadata");
	json_t *c = sim_causes();

	names(r, meta, c);
	labels(meta, c);
	if (!strcmp(r->kind, "Lease"))
		lease(o, c);
	else if (!strcmp(r->group, "events.k8s.io"))
		event(o, old, c);
	else if (!strcmp(r->kind, "Pod")) {
		containers(json_object_get(o, "spec"), "spec", c);
		volumes(json_object_get(o, "spec"), c);
	} else if (!strcmp(r->group, "apps") && strcmp(r->kind, "ControllerRevision"))
		workload(o, old, c);
	else if (strstr(r->kind, "WebhookConfiguration"))
		hooks(o, c);
	else if (!strcmp(r->kind, "NetworkPolicy"))
		sim_netpol_validate(o, c);
	else if (!strcmp(r->kind, "Service"))
		sim_service_validate(o, c);
	else if (!strcmp(r->kind, "Secret") || !strcmp(r->kind, "ConfigMap"))
		keys(o, c);
	if (!strcmp(r->kind, "Pod") && old)
		pod_update(o, old, c);
	if (old)
		late_finalizers(
			json_object_get(o, "metadata"), json_object_get(old, "metadata"), c);
	if (old)
		fixed(r, o, old, c);
	sim_schema_check(w->schema, o, c);
	if (json_array_size(c))
		return c;
	json_decref(c);
	return NULL;
}
