/* SPDX-License-Identifier: Apache-2.0 */
/* Views over pod specs. */
#include "otelgate/kobj/podspec.h"

enum { MAX_CONTAINERS = 1000, MAX_NAME = 63 /* an RFC 1123 label */ };

static int read_list(struct og_jval list, bool init, struct og_arena *arena,
	struct og_containers *out, struct og_err *err)
{
	const char *where = init ? "initContainers" : "containers";
	if (og_junset(list))
		return 0;
	if (!og_jis(list, OG_J_ARRAY))
		return og_err_set(err, OG_E_INVALID, "/spec/%s: expected an array, found %s", where,
			og_jtype_name(og_jtype(list)));
	og_jfor (it, list) {
		if (!og_jis(it.val, OG_J_OBJECT))
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u: expected an object, found %s", where, it.index,
				og_jtype_name(og_jtype(it.val)));
		struct og_container *c = &out->v[out->n];
		*c = (struct og_container){
			.v = it.val,
			.index = it.index,
			.init = init,
			.env = og_jgetl(it.val, "env"),
			.env_from = og_jgetl(it.val, "envFrom"),
			.mounts = og_jgetl(it.val, "volumeMounts"),
			.image = og_jstr_or_empty(og_jgetl(it.val, "image"), arena),
			.name = og_jstr_or_empty(og_jgetl(it.val, "name"), arena),
			.sidecar = init && og_jstr_is(og_jgetl(it.val, "restartPolicy"), "Always"),
		};
		if (c->name.n == 0)
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u: container without a name", where, it.index);
		if (!og_junset(c->env) && !og_jis(c->env, OG_J_ARRAY))
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u/env: expected an array, found %s", where, it.index,
				og_jtype_name(og_jtype(c->env)));
		if (!og_junset(c->mounts) && !og_jis(c->mounts, OG_J_ARRAY))
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u/volumeMounts: expected an array, found %s", where,
				it.index, og_jtype_name(og_jtype(c->mounts)));
		if (c->name.n > MAX_NAME)
			return og_err_set(err, OG_E_INVALID,
				"/spec/%s/%u/name: %zu bytes, a container's name has at most %d",
				where, it.index, c->name.n, MAX_NAME);
		for (uint32_t i = 0; i < out->n; i++)
			if (og_sv_eq(out->v[i].name, c->name))
				return og_err_set(err, OG_E_INVALID,
					"/spec/%s/%u: two containers share one name", where,
					it.index);
		out->n++;
	}
	return 0;
}

int og_podspec_containers(
	struct og_jval spec, struct og_arena *arena, struct og_containers *ret, struct og_err *err)
{
	struct og_jval init = og_jgetl(spec, "initContainers"), reg = og_jgetl(spec, "containers");
	uint32_t n = og_jcount(init) + og_jcount(reg);
	if (n > MAX_CONTAINERS)
		return og_err_set(
			err, OG_E_LIMIT, "/spec: %u containers, more than %d", n, MAX_CONTAINERS);
	struct og_jval volumes = og_jgetl(spec, "volumes");
	if (!og_junset(volumes) && !og_jis(volumes, OG_J_ARRAY))
		return og_err_set(err, OG_E_INVALID, "/spec/volumes: expected an array, found %s",
			og_jtype_name(og_jtype(volumes)));
	struct og_containers out = {.v = og_arena_new_n(arena, n ? n : 1, struct og_container)};
	if (!out.v)
		return og_err_set(err, OG_E_OOM, "out of memory listing containers");
	int rc = read_list(init, true, arena, &out, err);
	if (rc)
		return rc;
	out.ninit = out.n;
	rc = read_list(reg, false, arena, &out, err);
	if (rc)
		return rc;
	*ret = out;
	return 0;
}

bool og_podspec_is_windows(struct og_jval spec)
{
	return og_jstr_is(og_jpath(spec, "os", "name", NULL), "windows") ||
	       og_jstr_is(og_jpath(spec, "nodeSelector", "kubernetes.io/os", NULL), "windows") ||
	       og_jstr_is(og_jpath(spec, "nodeSelector", "beta.kubernetes.io/os", NULL), "windows");
}

struct og_jval og_env_find(struct og_jval env, struct og_sv name, uint32_t *ret_index)
{
	struct og_jval hit = OG_JABSENT;
	og_jfor (it, env) {
		if (!og_jstr_eq(og_jgetl(it.val, "name"), name))
			continue;
		hit = it.val;
		if (ret_index)
			*ret_index = it.index;
	}
	return hit;
}
