/* SPDX-License-Identifier: Apache-2.0 */
/* /api, /apis and below: what there is, in the classic form and aggregated. */
#include "sim/sim-priv.h"

static const char aggregated_type[] =
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

static json_t *verbs(const struct sim_res *r, const char *sub)
{
	static const char *const all[] = {
		"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
	json_t *a = json_array();

	for (size_t i = 0; i < OG_COUNT(all); i++) {
		bool take = true;

		if (r->flags & SIM_R_VIRTUAL)
			take = i == 0;
		else if (*sub)
			take = i == 3 || i == 5 || i == 6;
		else if (!strcmp(r->plural, "namespaces"))
			take = i != 2;
		if (take)
			json_array_append_new(a, json_string(all[i]));
	}
	return a;
}

static json_t *list_of(const char *text)
{
	return json_pack("[s]", text);
}

static json_t *classic_one(const struct sim_res *r, const char *sub)
{
	bool scale = !strcmp(sub, "scale");
	json_t *o = json_object();

	json_object_set_new(
		o, "name", *sub ? json_sprintf("%s/%s", r->plural, sub) : json_string(r->plural));
	json_object_set_new(o, "singularName", json_string(*sub ? "" : r->singular));
	json_object_set_new(o, "namespaced", json_boolean(r->flags & SIM_R_NAMESPACED));
	if (scale) {
		json_object_set_new(o, "group", json_string("autoscaling"));
		json_object_set_new(o, "version", json_string("v1"));
	}
	json_object_set_new(o, "kind", json_string(scale ? "Scale" : r->kind));
	json_object_set_new(o, "verbs", verbs(r, sub));
	if (!*sub && *r->short_name)
		json_object_set_new(o, "shortNames", list_of(r->short_name));
	if (!*sub && *r->category)
		json_object_set_new(o, "categories", list_of(r->category));
	return o;
}

static json_t *classic_list(struct og_sim *s, struct og_sv group, struct og_sv version)
{
	json_t *o = json_object(), *a = json_array();

	json_object_set_new(o, "kind", json_string("APIResourceList"));
	if (group.n)
		json_object_set_new(o, "apiVersion", json_string("v1"));
	json_object_set_new(o, "groupVersion",
		json_sprintf(
			"%.*s%s%.*s", OG_SV_ARG(group), group.n ? "/" : "", OG_SV_ARG(version)));
	json_object_set_new(o, "resources", a);
	for (size_t i = 0; i < s->nres; i++) {
		const struct sim_res *r = s->res[i];

		if ((r->flags & SIM_R_GONE) || !og_sv_eq(og_svz(r->group), group) ||
			!og_sv_eq(og_svz(r->version), version))
			continue;
		json_array_append_new(a, classic_one(r, ""));
		if (r->flags & SIM_R_SCALE)
			json_array_append_new(a, classic_one(r, "scale"));
		if (r->flags & SIM_R_STATUS)
			json_array_append_new(a, classic_one(r, "status"));
	}
	return o;
}

static json_t *classic_group(struct og_sim *s, const char *group, bool alone)
{
	json_t *o = json_object(), *versions = json_array();

	if (alone) {
		json_object_set_new(o, "kind", json_string("APIGroup"));
		json_object_set_new(o, "apiVersion", json_string("v1"));
	}
	json_object_set_new(o, "name", json_string(group));
	json_object_set_new(o, "versions", versions);
	for (size_t i = 0; i < s->nres; i++) {
		const struct sim_res *r = s->res[i];
		bool dup = false;
		size_t k;
		json_t *v;

		if ((r->flags & SIM_R_GONE) || strcmp(r->group, group))
			continue;
		json_array_foreach(versions, k, v)
		{
			if (!strcmp(json_string_value(json_object_get(v, "version")), r->version))
				dup = true;
		}
		if (!dup)
			json_array_append_new(
				versions, json_pack("{s:s,s:s}", "groupVersion", r->api_version,
						  "version", r->version));
	}
	json_object_set(o, "preferredVersion", json_array_get(versions, 0));
	return o;
}

/* Calls fn once for each group but the core one, in the order of the table. */
static void each_group(
	struct og_sim *s, json_t *(*fn)(struct og_sim *s, const char *group), json_t *into)
{
	for (size_t i = 0; i < s->nres; i++) {
		bool seen = !*s->res[i]->group || (s->res[i]->flags & SIM_R_GONE);

		for (size_t k = 0; k < i && !seen; k++)
			seen = !(s->res[k]->flags & SIM_R_GONE) &&
			       !strcmp(s->res[k]->group, s->res[i]->group);
		if (!seen)
			json_array_append_new(into, fn(s, s->res[i]->group));
	}
}

static json_t *group_in_list(struct og_sim *s, const char *group)
{
	return classic_group(s, group, false);
}

static json_t *response_kind(const char *group, const char *version, const char *kind)
{
	return json_pack("{s:s,s:s,s:s}", "group", group, "version", version, "kind", kind);
}

static json_t *aggregated_sub(const struct sim_res *r, const char *sub)
{
	bool scale = !strcmp(sub, "scale");

	return json_pack("{s:s,s:o,s:o}", "subresource", sub, "responseKind",
		scale ? response_kind("autoscaling", "v1", "Scale")
		      : response_kind(r->group, r->version, r->kind),
		"verbs", verbs(r, sub));
}

static json_t *aggregated_one(const struct sim_res *r)
{
	json_t *o = json_object(), *subs = json_array();

	json_object_set_new(o, "resource", json_string(r->plural));
	json_object_set_new(o, "responseKind", response_kind(r->group, r->version, r->kind));
	json_object_set_new(
		o, "scope", json_string(r->flags & SIM_R_NAMESPACED ? "Namespaced" : "Cluster"));
	json_object_set_new(o, "singularResource", json_string(r->singular));
	json_object_set_new(o, "verbs", verbs(r, ""));
	if (*r->short_name)
		json_object_set_new(o, "shortNames", list_of(r->short_name));
	if (*r->category)
		json_object_set_new(o, "categories", list_of(r->category));
	if (r->flags & SIM_R_SCALE)
		json_array_append_new(subs, aggregated_sub(r, "scale"));
	if (r->flags & SIM_R_STATUS)
		json_array_append_new(subs, aggregated_sub(r, "status"));
	if (json_array_size(subs))
		json_object_set(o, "subresources", subs);
	json_decref(subs);
	return o;
}

static json_t *aggregated_group(struct og_sim *s, const char *group)
{
	json_t *meta = json_object(), *versions = json_array();

	if (*group)
		json_object_set_new(meta, "name", json_string(group));
	for (size_t i = 0; i < s->nres; i++) {
		const struct sim_res *r = s->res[i];
		json_t *ver = NULL, *v;
		size_t k;

		if ((r->flags & SIM_R_GONE) || strcmp(r->group, group))
			continue;
		json_array_foreach(versions, k, v)
		{
			if (!strcmp(json_string_value(json_object_get(v, "version")), r->version))
				ver = v;
		}
		if (!ver) {
			ver = json_pack("{s:s,s:[],s:s}", "version", r->version, "resources",
				"freshness", "Current");
			json_array_append_new(versions, ver);
		}
		json_array_append_new(json_object_get(ver, "resources"), aggregated_one(r));
	}
	return json_pack("{s:o,s:o}", "metadata", meta, "versions", versions);
}

static void send_typed(struct sim_req *q, json_t *o, const char *type)
{
	char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	if (text)
		sim_send(q, 200, type, og_svz(text));
	else
		sim_fail_oom(q);
	free(text);
}

static json_t *aggregated(struct sim_req *q, bool core)
{
	json_t *items = json_array();

	if (core)
		json_array_append_new(items, aggregated_group(q->s, ""));
	else
		each_group(q->s, aggregated_group, items);
	return json_pack("{s:s,s:s,s:{},s:o}", "kind", "APIGroupDiscoveryList", "apiVersion",
		"apidiscovery.k8s.io/v2", "metadata", "items", items);
}

static bool wants_aggregated(const struct sim_req *q)
{
	struct og_sv rest = sim_header(q, "accept"), part;

	if (q->s->o.no_aggregated)
		return false;
	/* the first acceptable form decides, as clients that know both list the new one first */
	while (og_sv_split(&rest, ',', &part)) {
		if (og_sv_has(part, OG_SV("g=apidiscovery.k8s.io")) &&
			og_sv_has(part, OG_SV("v=v2;")))
			return true;
		if (og_sv_has(part, OG_SV("g=apidiscovery.k8s.io")) &&
			og_sv_ends(part, OG_SV("v=v2")))
			return true;
		if (!og_sv_has(part, OG_SV("as=")) && og_sv_has(part, OG_SV("application/json")))
			return false;
	}
	return false;
}

static void fail_404(struct sim_req *q)
{
	sim_send(q, 404, "text/plain; charset=utf-8", OG_SV("404 page not found\n"));
}

static void serve(struct sim_req *q, struct og_sv *seg, size_t n)
{
	bool core = og_sv_is(seg[0], "api");
	json_t *o = NULL;

	if (n == 1 && wants_aggregated(q)) {
		o = aggregated(q, core);
		pthread_mutex_unlock(&q->s->mu);
		send_typed(q, o, aggregated_type);
		return;
	}
	if (n == 1 && core) {
		o = json_pack("{s:s,s:[s],s:[{s:s,s:s}]}", "kind", "APIVersions", "versions", "v1",
			"serverAddressByClientCIDRs", "clientCIDR", "0.0.0.0/0", "serverAddress",
			q->s->url + strlen("https://"));
	} else if (n == 1) {
		json_t *groups = json_array();

		each_group(q->s, group_in_list, groups);
		o = json_pack("{s:s,s:s,s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups",
			groups);
	} else if (core && n == 2 && og_sv_is(seg[1], "v1")) {
		o = classic_list(q->s, og_svz(""), seg[1]);
	} else if (!core && n == 2 && sim_group_exists(q->s, seg[1], og_svz(""))) {
		o = classic_group(q->s, sim_z(q, seg[1]), true);
	} else if (!core && n == 3 && sim_group_exists(q->s, seg[1], seg[2])) {
		o = classic_list(q->s, seg[1], seg[2]);
	}
	pthread_mutex_unlock(&q->s->mu);
	if (o)
		send_typed(q, o, "application/json");
	else
		fail_404(q);
}

bool sim_discovery(struct sim_req *q)
{
	struct og_sv rest = q->path, seg[4] = {{0}}, part;
	size_t n = 0;

	while (og_sv_split(&rest, '/', &part))
		if (part.n && n < 4)
			seg[n++] = part;
		else if (part.n)
			return false;
	if (n == 0 || !(og_sv_is(seg[0], "api") || og_sv_is(seg[0], "apis")) ||
		n > (og_sv_is(seg[0], "api") ? 2U : 3U))
		return false;
	if (!og_sv_is(q->method, "GET") && !og_sv_is(q->method, "HEAD")) {
		sim_fail_method(q);
		return true;
	}
	pthread_mutex_lock(&q->s->mu);
	serve(q, seg, n);
	return true;
}
