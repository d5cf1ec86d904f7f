/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAPI schemas of CRDs: pruning, defaults, and the checks that our CRDs use. */
#include <regex.h>
#include "otelgate/codec/base64.h"
#include "sim/sim-priv.h"

static void prune(const json_t *schema, json_t *o, const char *path, json_t *unknown);

static void prune_members(const json_t *schema, json_t *o, const char *path, json_t *unknown)
{
	const json_t *props = json_object_get(schema, "properties");
	const json_t *any = json_object_get(schema, "additionalProperties");
	bool all = json_is_true(json_object_get(schema, "x-kubernetes-preserve-unknown-fields")) ||
		   any;
	const char *k;
	json_t *v;
	void *tmp;

	json_object_foreach((json_t *)(uintptr_t)props, k, v)
	{
		json_t *def = json_object_get(v, "default");

		if (def && !json_object_get(o, k))
			json_object_set_new(o, k, json_deep_copy(def));
	}
	json_object_foreach_safe(o, tmp, k, v)
	{
		const json_t *s = json_object_get(props, k);
		og_auto_free char *at = sim_fmt("%s%s%s", path, *path ? "." : "", k);

		if (!*path &&
			(!strcmp(k, "metadata") || !strcmp(k, "kind") || !strcmp(k, "apiVersion")))
			continue;
		if (s || json_is_object(any)) {
			prune(s ? s : any, v, at ? at : k, unknown);
		} else if (!all) {
			json_array_append_new(unknown, json_string(at ? at : k));
			json_object_del(o, k);
		}
	}
}

static void prune(const json_t *schema, json_t *o, const char *path, json_t *unknown)
{
	size_t i;
	json_t *v;

	if (json_is_object(o))
		prune_members(schema, o, path, unknown);
	json_array_foreach(o, i, v)
	{
		og_auto_free char *at = sim_fmt("%s[%zu]", path, i);

		prune(json_object_get(schema, "items"), v, at ? at : path, unknown);
	}
}

/* fieldValidation: Strict refuses, Warn (as without it) tells, Ignore is silent. */
static bool tell(struct sim_write *w, const struct sim_res *r, const json_t *unknown)
{
	struct sim_req *q = w->q;
	struct og_sv how = q ? sim_param(q, "fieldValidation") : OG_SV("Ignore");
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	size_t i;
	json_t *v;

	if (!json_array_size(unknown) || og_sv_is(how, "Ignore"))
		return true;
	json_array_foreach(unknown, i, v)
	{
		og_auto_free char *text = sim_fmt("unknown field \\\"%s\\\"", json_string_value(v));

		if (!og_sv_is(how, "Strict") && text)
			sim_warn(q, text);
		og_buf_fmt(&b, "%sunknown field \"%s\"", i ? ", " : "", json_string_value(v));
	}
	if (og_sv_is(how, "Strict"))
		sim_fail_bad(q,
			"%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
			r->kind, r->version, r->kind, og_buf_view(&b).p);
	return !og_sv_is(how, "Strict");
}

/* The data of Secrets has to be base64. False = answered. */
static bool decodes(struct sim_write *w, const struct sim_res *r, const json_t *o)
{
	const char *k;
	json_t *v;

	if (!w->q || strcmp(r->kind, "Secret"))
		return true;
	json_object_foreach(json_object_get(o, "data"), k, v)
	{
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		const char *text = json_string_value(v);

		if (!text || !og_base64_decode(&b, og_svz(text), NULL))
			continue;
		sim_fail_bad(w->q,
			"Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data "
			"at input byte %zu",
			strspn(text,
				"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
		return false;
	}
	return true;
}

bool sim_prune(struct sim_write *w, const struct sim_res *r, json_t *o)
{
	json_t *unknown = json_array();
	bool fine = decodes(w, r, o);

	if (fine && w->schema) {
		prune(w->schema, o, "", unknown);
		fine = tell(w, r, unknown);
	}
	json_decref(unknown);
	return fine;
}

static bool type_fits(const char *type, const json_t *v)
{
	static const struct {
		const char *name;
		int a, b;
	} t[] = {
		{"object", JSON_OBJECT, JSON_OBJECT},
		{"array", JSON_ARRAY, JSON_ARRAY},
		{"string", JSON_STRING, JSON_STRING},
		{"integer", JSON_INTEGER, JSON_INTEGER},
		{"number", JSON_INTEGER, JSON_REAL},
		{"boolean", JSON_TRUE, JSON_FALSE},
	};

	for (size_t i = 0; i < OG_COUNT(t); i++)
		if (!strcmp(t[i].name, type))
			return (int)json_typeof(v) == t[i].a || (int)json_typeof(v) == t[i].b;
	return true;
}

/*
 * Patterns are Go's (RE2), regcomp takes POSIX ones: within brackets a backslash is nothing special
 * there, so that [^\s] would be "neither backslash nor s".
 */
static bool pattern_make(const char *pattern, regex_t *re)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	bool in = false;

	for (const char *p = pattern; *p; p++) {
		if (p[0] == '\\' && p[1]) {
			p++;
			if (in && (*p == 's' || *p == 'd' || *p == 'w'))
				og_buf_str(&b, *p == 's'   ? "[:space:]"
					       : *p == 'd' ? "0-9"
							   : "0-9A-Za-z_");
			else if (!in && *p == 'd')
				og_buf_lit(&b, "[0-9]");
			else {
				if (!in)
					og_buf_ch(&b, '\\');
				og_buf_ch(&b, *p);
			}
			continue;
		}
		in = in ? *p != ']' : *p == '[';
		og_buf_ch(&b, *p);
	}
	return !b.failed && regcomp(re, b.p, REG_EXTENDED | REG_NOSUB) == 0;
}

static void check_text(const json_t *schema, const char *text, const char *path, json_t *causes)
{
	const char *pattern = sim_str(schema, "pattern");
	const json_t *max = json_object_get(schema, "maxLength");
	const json_t *min = json_object_get(schema, "minLength");
	regex_t re;

	if (*pattern && pattern_make(pattern, &re)) {
		if (regexec(&re, text, 0, NULL, 0))
			sim_cause(causes, "FieldValueInvalid", path,
				"Invalid value: \"%s\": %s in body should match '%s'", text, path,
				pattern);
		regfree(&re);
	}
	if (max && (json_int_t)strlen(text) > json_integer_value(max))
		sim_cause(causes, "FieldValueTooLong", path,
			"Too long: may not be more than %lld bytes",
			(long long)json_integer_value(max));
	if (min && (json_int_t)strlen(text) < json_integer_value(min))
		sim_cause(causes, "FieldValueInvalid", path,
			"Invalid value: \"%s\": %s in body should be at least %lld chars long",
			text, path, (long long)json_integer_value(min));
}

static void check_enum(const json_t *schema, const json_t *v, const char *path, json_t *causes)
{
	const json_t *set = json_object_get(schema, "enum");
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	size_t i;
	json_t *e;

	if (!set || !json_is_string(v))
		return;
	json_array_foreach(set, i, e)
	{
		if (json_equal(e, v))
			return;
		og_buf_fmt(&b, "%s\"%s\"", i ? ", " : "", json_string_value(e));
	}
	sim_cause(causes, "FieldValueNotSupported", path,
		"Unsupported value: \"%s\": supported values: %s", json_string_value(v),
		og_buf_view(&b).p);
}

static void check_number(const json_t *schema, const json_t *v, const char *path, json_t *causes)
{
	const json_t *min = json_object_get(schema, "minimum");
	const json_t *max = json_object_get(schema, "maximum");
	double x = json_number_value(v);

	if (min && x < json_number_value(min))
		sim_cause(causes, "FieldValueInvalid", path,
			"Invalid value: %g: %s in body should be greater than or equal to %g", x,
			path, json_number_value(min));
	if (max && x > json_number_value(max))
		sim_cause(causes, "FieldValueInvalid", path,
			"Invalid value: %g: %s in body should be less than or equal to %g", x, path,
			json_number_value(max));
}

static void check(const json_t *schema, const json_t *v, const char *path, json_t *causes);

static void check_members(const json_t *schema, const json_t *v, const char *path, json_t *causes)
{
	const json_t *props = json_object_get(schema, "properties");
	const json_t *any = json_object_get(schema, "additionalProperties");
	const char *k;
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, e)
	{
		const char *name = json_string_value(e);
		og_auto_free char *at = sim_fmt("%s%s%s", path, *path ? "." : "", name ? name : "");

		if (name && at && !json_object_get(v, name))
			sim_cause(causes, "FieldValueRequired", at, "Required value");
	}
	json_object_foreach((json_t *)(uintptr_t)v, k, e)
	{
		const json_t *s = json_object_get(props, k);
		og_auto_free char *at = sim_fmt("%s%s%s", path, *path ? "." : "", k);

		if (!s && json_is_object(any))
			s = any;
		if (s && at && (*path || strcmp(k, "metadata")))
			check(s, e, at, causes);
	}
}

static void check(const json_t *schema, const json_t *v, const char *path, json_t *causes)
{
	const char *type = sim_str(schema, "type");
	size_t i;
	json_t *e;

	if (json_is_true(json_object_get(schema, "x-kubernetes-int-or-string")) ||
		(json_is_null(v) && json_is_true(json_object_get(schema, "nullable"))))
		return;
	if (*type && !type_fits(type, v)) {
		static const char *const kinds[] = {"object", "array", "string", "integer",
			"number", "boolean", "boolean", "null"};

		sim_cause(causes, "FieldValueTypeInvalid", path,
			"Invalid value: \"%s\": %s in body must be of type %s: \"%s\"",
			kinds[json_typeof(v)], path, type, kinds[json_typeof(v)]);
		return;
	}
	check_enum(schema, v, path, causes);
	if (json_is_string(v))
		check_text(schema, json_string_value(v), path, causes);
	if (json_is_number(v))
		check_number(schema, v, path, causes);
	if (json_is_object(v))
		check_members(schema, v, path, causes);
	json_array_foreach(v, i, e)
	{
		og_auto_free char *at = sim_fmt("%s[%zu]", path, i);

		if (at && json_object_get(schema, "items"))
			check(json_object_get(schema, "items"), e, at, causes);
	}
}

void sim_schema_check(const json_t *schema, const json_t *o, json_t *causes)
{
	if (schema)
		check(schema, o, "", causes);
}
