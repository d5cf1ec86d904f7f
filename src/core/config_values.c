/* SPDX-License-Identifier: Apache-2.0 */
/* Values with a shape of their own: corev1.EnvVar and corev1.ResourceRequirements. */
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/base/suggest.h"
#include "otelgate/kobj/names.h"
#include "config_read-priv.h"

enum { MAX_ENV = 64 };

/* https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.31/#envvarsource-v1-core */
static const struct {
	const char *name;
	const char *members[4];	 /* strings but for `optional` */
	const char *required[3]; /* among them */
} sources[] = {
	{"fieldRef", {"apiVersion", "fieldPath"}, {"fieldPath"}},
	{"resourceFieldRef", {"containerName", "divisor", "resource"}, {"resource"}},
	{"configMapKeyRef", {"key", "name", "optional"}, {"key", "name"}},
	{"secretKeyRef", {"key", "name", "optional"}, {"key", "name"}},
};

static bool is_object(
	struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path)
{
	if (og_jis(v, OG_J_OBJECT))
		return true;
	cfg_error(r, d, v, path, NULL, "must be an object, not %s", og_jtype_name(og_jtype(v)));
	return false;
}

/* Reports a key that is none of `names`. */
static void unknown(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval key,
	const char *path, const char *const *names, size_t n)
{
	struct og_sv name = og_jstr_or_empty(key, r->arena);
	const char *near = og_suggest(name, names, n);
	cfg_error(r, d, key, path, near ? cfg_fmt(r, "did you mean \"%s\"?", near) : NULL,
		"unknown field \"%s\"", cfg_quote(r, name));
}

static bool among(struct og_jval key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] && og_jstr_eq(key, og_svz(names[i])))
			return true;
	}
	return false;
}

static bool read_source(
	struct cfg_reader *r, const struct cfg_doc *d, size_t i, struct og_jval v, const char *path)
{
	struct og_sv s;
	bool ok = true;
	if (!is_object(r, d, v, path))
		return false;
	og_jfor (it, v) {
		if (!among(it.key, sources[i].members, OG_COUNT(sources[i].members))) {
			unknown(r, d, it.key, path, sources[i].members,
				OG_COUNT(sources[i].members));
			ok = false;
			continue;
		}
		s = og_jstr_or_empty(it.key, r->arena);
		const char *at = cfg_fmt(r, "%s.%.*s", path, OG_SV_ARG(s));
		if (!og_sv_is(s, "optional")) {
			ok = cfg_text(r, d, it.val, at, &s) && ok;
		} else if (!og_jis(it.val, OG_J_TRUE) && !og_jis(it.val, OG_J_FALSE)) {
			cfg_error(r, d, it.val, at, NULL, "must be true or false");
			ok = false;
		}
	}
	for (size_t k = 0; k < OG_COUNT(sources[i].required); k++) {
		const char *name = sources[i].required[k];
		if (name && og_junset(og_jget(v, og_svz(name)))) {
			cfg_error(r, d, v, cfg_fmt(r, "%s.%s", path, name), NULL, "is missing");
			ok = false;
		}
	}
	return ok;
}

static bool read_value_from(
	struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path)
{
	const char *names[OG_COUNT(sources)];
	bool ok = true;
	if (!is_object(r, d, v, path))
		return false;
	for (size_t i = 0; i < OG_COUNT(sources); i++)
		names[i] = sources[i].name;
	og_jfor (it, v) {
		size_t i = 0;
		while (i < OG_COUNT(sources) && !og_jstr_eq(it.key, og_svz(names[i])))
			i++;
		if (i < OG_COUNT(sources)) {
			ok = read_source(r, d, i, it.val, cfg_fmt(r, "%s.%s", path, names[i])) &&
			     ok;
		} else {
			unknown(r, d, it.key, path, names, OG_COUNT(names));
			ok = false;
		}
	}
	if (og_jcount(v) != 1) {
		cfg_error(r, d, v, path, NULL, "must have exactly one source");
		ok = false;
	}
	return ok;
}

static bool read_env_name(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval e,
	const char *path, struct og_sv *ret)
{
	struct og_jval v = og_jgetl(e, "name");
	const char *at = cfg_fmt(r, "%s.name", path);
	if (og_junset(v)) {
		cfg_error(r, d, e, at, NULL, "is missing");
		return false;
	}
	if (!cfg_text(r, d, v, at, ret))
		return false;
	if (og_name_is_env(*ret))
		return true;
	cfg_error(r, d, v, at, NULL,
		"is not a variable's name (letters, digits and _, no digit first)");
	return false;
}

static bool read_env_one(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval e,
	const char *path, struct og_cfg_env *ret)
{
	static const char *const names[] = {"name", "value", "valueFrom"};
	bool ok = true;
	if (!is_object(r, d, e, path))
		return false;
	og_jfor (it, e) {
		if (!among(it.key, names, OG_COUNT(names))) {
			unknown(r, d, it.key, path, names, OG_COUNT(names));
			ok = false;
		}
	}
	ok = read_env_name(r, d, e, path, &ret->name) && ok;
	struct og_jval value = og_jgetl(e, "value"), from = og_jgetl(e, "valueFrom");
	ret->json = og_jraw(e);
	ret->has_value_from = !og_junset(from);
	if (ret->has_value_from)
		ok = read_value_from(r, d, from, cfg_fmt(r, "%s.valueFrom", path)) && ok;
	if (!og_junset(value))
		ok = cfg_text(r, d, value, cfg_fmt(r, "%s.value", path), &ret->value) && ok;
	if (ret->has_value_from && !og_junset(value) && !og_jstr_is(value, "")) {
		cfg_error(r, d, e, path, "remove one", "has both value and valueFrom");
		ok = false;
	}
	return ok;
}

bool cfg_read_env(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path,
	const struct og_cfg_env **ret, uint32_t *ret_n)
{
	bool ok = true;
	if (!og_jis(v, OG_J_ARRAY)) {
		cfg_error(r, d, v, path,
			og_jis(v, OG_J_OBJECT) ? "write \"- name: NAME\" and \"value: …\"" : NULL,
			"must be a list of variables, not %s", og_jtype_name(og_jtype(v)));
		return false;
	}
	if (og_jcount(v) > MAX_ENV) {
		cfg_error(r, d, v, path, NULL, "has more than %d elements", MAX_ENV);
		return false;
	}
	struct og_cfg_env *env = og_arena_new_n(r->arena, og_jcount(v) + 1, struct og_cfg_env);
	if (!env) {
		r->oom = true;
		return false;
	}
	og_jfor (it, v) {
		const char *at = cfg_fmt(r, "%s[%u]", path, it.index);
		struct og_cfg_env *e = &env[it.index];
		ok = read_env_one(r, d, it.val, at, e) && ok;
		for (uint32_t i = 0; e->name.n && i < it.index; i++) {
			if (!og_sv_eq(env[i].name, e->name))
				continue;
			cfg_error(r, d, it.val, cfg_fmt(r, "%s.name", at), "remove it",
				"is the name of [%u], too", i);
			ok = false;
			break;
		}
	}
	*ret = env;
	*ret_n = og_jcount(v);
	return ok;
}

static bool read_quantity(
	struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path)
{
	struct og_sv s = og_jraw(v);
	if (!og_jis(v, OG_J_STRING) && !og_jis(v, OG_J_NUMBER)) {
		cfg_error(r, d, v, path, NULL, "must be a quantity such as 100m or 64Mi, not %s",
			og_jtype_name(og_jtype(v)));
		return false;
	}
	if (og_jis(v, OG_J_STRING) && !cfg_text(r, d, v, path, &s))
		return false;
	if (og_parse_quantity(s, NULL) == 0 && s.p[0] != '-')
		return true;
	cfg_error(r, d, v, path, NULL, "must be a quantity such as 100m or 64Mi");
	return false;
}

static bool read_quantities(
	struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path)
{
	static const char *const known[] = {"cpu", "memory", "ephemeral-storage"};
	bool ok = true;
	if (!is_object(r, d, v, path))
		return false;
	og_jfor (it, v) {
		struct og_sv name = og_jstr_or_empty(it.key, r->arena);
		bool plain = among(it.key, known, OG_COUNT(known)) ||
			     og_sv_starts(name, OG_SV("hugepages-"));
		if (!plain && (og_sv_chr(name, '/') == name.n || !og_name_is_label_key(name))) {
			const char *near = og_suggest(name, known, OG_COUNT(known));
			cfg_error(r, d, it.key, path,
				near ? cfg_fmt(r, "did you mean \"%s\"?", near)
				     : "cpu, memory or ephemeral-storage",
				"unknown resource \"%s\"", cfg_quote(r, name));
			ok = false;
			continue;
		}
		const char *at = cfg_fmt(r, "%s.%s", path, cfg_quote(r, name));
		ok = read_quantity(r, d, it.val, at) && ok;
	}
	return ok;
}

bool cfg_read_resources(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v,
	const char *path, struct og_sv *ret)
{
	static const char *const names[] = {"limits", "requests"};
	bool ok = true;
	if (!is_object(r, d, v, path))
		return false;
	og_jfor (it, v) {
		if (!among(it.key, names, OG_COUNT(names))) {
			unknown(r, d, it.key, path, names, OG_COUNT(names));
			ok = false;
			continue;
		}
		struct og_sv name = og_jstr_or_empty(it.key, r->arena);
		if (!og_junset(it.val))
			ok = read_quantities(
				     r, d, it.val, cfg_fmt(r, "%s.%.*s", path, OG_SV_ARG(name))) &&
			     ok;
	}
	*ret = og_jraw(v);
	return ok;
}
