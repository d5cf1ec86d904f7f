/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /openapi/v3 with the least that kubectl asks it for: that fieldValidation is a parameter of
 * PATCH, so that the server is left to validate. The schemas themselves are empty.
 */
#include "sim/sim-priv.h"

static json_t *root(struct og_sim *s)
{
	json_t *paths = json_object();

	for (size_t i = 0; i < s->nres; i++) {
		const struct sim_res *r = s->res[i];
		og_auto_free char *key =
			sim_fmt("%s/%s", *r->group ? "apis" : "api", r->api_version);

		if (key && !(r->flags & SIM_R_GONE) && !json_object_get(paths, key))
			json_object_set_new(paths, key,
				json_pack("{s:o}", "serverRelativeURL",
					json_sprintf("/openapi/v3/%s", key)));
	}
	return json_pack("{s:o}", "paths", paths);
}

static json_t *operation(const struct sim_res *r, const char *action)
{
	return json_pack("{s:s,s:{s:s,s:s,s:s},s:[{s:s,s:s},{s:s,s:s},{s:s,s:s}],s:{s:{s:s}}}",
		"x-kubernetes-action", action, "x-kubernetes-group-version-kind", "group", r->group,
		"version", r->version, "kind", r->kind, "parameters", "name", "dryRun", "in",
		"query", "name", "fieldManager", "in", "query", "name", "fieldValidation", "in",
		"query", "responses", "200", "description", "OK");
}

/* NULL = no such group and version. */
static json_t *document(struct og_sim *s, struct og_sv at)
{
	json_t *paths = json_object(), *schemas = json_object();

	for (size_t i = 0; i < s->nres; i++) {
		const struct sim_res *r = s->res[i];
		og_auto_free char *base =
			sim_fmt("%s/%s", *r->group ? "apis" : "api", r->api_version);
		og_auto_free char *path = sim_fmt("/%s/%s%s/{name}", base ? base : "",
			r->flags & SIM_R_NAMESPACED ? "namespaces/{namespace}/" : "", r->plural);

		if (!base || !path || (r->flags & SIM_R_GONE) || !og_sv_eq(og_svz(base), at))
			continue;
		json_object_set_new(paths, path,
			json_pack("{s:o,s:o}", "patch", operation(r, "patch"), "put",
				operation(r, "put")));
		json_object_set_new(schemas, r->kind,
			json_pack("{s:s,s:[{s:s,s:s,s:s}]}", "type", "object",
				"x-kubernetes-group-version-kind", "group", r->group, "version",
				r->version, "kind", r->kind));
	}
	if (json_object_size(paths))
		return json_pack("{s:s,s:{s:s,s:s},s:o,s:{s:o}}", "openapi", "3.0.0", "info",
			"title", "Kubernetes (simulated)", "version", "v1.36.3", "paths", paths,
			"components", "schemas", schemas);
	json_decref(paths);
	json_decref(schemas);
	return NULL;
}

bool sim_openapi(struct sim_req *q)
{
	struct og_sv prefix = OG_SV("/openapi/v3");
	json_t *o = NULL;

	if (!og_sv_starts(q->path, prefix))
		return false;
	pthread_mutex_lock(&q->s->mu);
	if (q->path.n == prefix.n)
		o = root(q->s);
	else if (q->path.p[prefix.n] == '/')
		o = document(q->s, og_sv(q->path.p + prefix.n + 1, q->path.n - prefix.n - 1));
	pthread_mutex_unlock(&q->s->mu);
	if (!o)
		return false;
	sim_send_json(q, 200, o);
	return true;
}
