/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its handler: path, verb, who, faults. */
#include "sim/sim-priv.h"

struct og_sv sim_header(const struct sim_req *q, const char *name)
{
	for (size_t i = 0; i < q->nheaders; i++)
		if (og_sv_caseeq(q->headers[i].name, og_svz(name)))
			return q->headers[i].val;
	return og_svz("");
}

struct og_sv sim_param(const struct sim_req *q, const char *name)
{
	for (size_t i = 0; i < q->nparams; i++)
		if (og_sv_eq(q->params[i].key, og_svz(name)))
			return q->params[i].val;
	return og_svz("");
}

bool sim_param_true(const struct sim_req *q, const char *name)
{
	struct og_sv v = sim_param(q, name);

	return og_sv_is(v, "true") || og_sv_is(v, "1");
}

const char *sim_z(struct sim_req *q, struct og_sv s)
{
	const char *z = s.n ? og_arena_strndup(q->a, s.p, s.n) : "";

	return z ? z : "";
}

void sim_warn(struct sim_req *q, const char *text)
{
	if (q->nwarnings < (int)OG_COUNT(q->warnings))
		q->warnings[q->nwarnings++] = og_arena_strndup(q->a, text, strlen(text));
}

/*
 * /api/v1/… and /apis/GROUP/VERSION/… with namespaces/NS before the resource or not. False when
 * the path is of no resource.
 */
static bool parse_path(struct sim_req *q)
{
	struct og_sv rest = q->path, seg[9], part;
	size_t n = 0, at;

	while (og_sv_split(&rest, '/', &part))
		if (part.n) {
			if (n == OG_COUNT(seg))
				return false;
			seg[n++] = part;
		}
	if (n >= 3 && og_sv_is(seg[0], "api")) {
		q->version = seg[1];
		at = 2;
	} else if (n >= 4 && og_sv_is(seg[0], "apis")) {
		q->group = seg[1];
		q->version = seg[2];
		at = 3;
	} else {
		return false;
	}
	if (og_sv_is(seg[at], "namespaces") && n - at >= 3 && !og_sv_is(seg[at + 2], "status") &&
		!og_sv_is(seg[at + 2], "finalize")) {
		q->ns = seg[at + 1];
		at += 2;
	}
	q->plural = seg[at++];
	if (at < n)
		q->name = seg[at++];
	if (at < n)
		q->sub = seg[at++];
	q->resource = at == n;
	/* authorisation sees a namespace's own name as the namespace */
	if (q->resource && og_sv_is(q->plural, "namespaces") && !q->group.n && q->name.n)
		q->ns = q->name;
	return q->resource;
}

static const char *verb_of(struct sim_req *q)
{
	static const struct {
		const char *method, *one, *all;
	} t[] = {
		{"GET", "get", "list"},
		{"HEAD", "get", "list"},
		{"POST", "create", "create"},
		{"PUT", "update", "update"},
		{"PATCH", "patch", "patch"},
		{"DELETE", "delete", "deletecollection"},
	};

	for (size_t i = 0; i < OG_COUNT(t); i++)
		if (og_sv_eq(q->method, og_svz(t[i].method))) {
			if (i < 2 && q->resource && sim_param_true(q, "watch"))
				return "watch";
			return q->resource && q->name.n ? t[i].one
			       : q->resource		? t[i].all
			       : i < 2			? "get"
							: t[i].one;
		}
	return "unknown";
}

/* Accept: the forms we can give are JSON and JSON of metadata alone; false = 406. */
static bool negotiate(struct sim_req *q)
{
	struct og_sv accept = sim_header(q, "accept"), rest = accept, part;
	struct sim_status st = {.code = 406, .reason = "NotAcceptable", .kind = ""};

	q->gzip = og_sv_has(sim_header(q, "accept-encoding"), OG_SV("gzip"));
	if (!accept.n)
		return true;
	while (og_sv_split(&rest, ',', &part)) {
		bool json = og_sv_has(part, OG_SV("application/json")) ||
			    og_sv_has(part, OG_SV("*/*")) ||
			    og_sv_has(part, OG_SV("application/*"));

		if (!json)
			continue;
		if (!og_sv_has(part, OG_SV("as=")))
			return true;
		if (og_sv_has(part, OG_SV("as=PartialObjectMetadata")) &&
			og_sv_has(part, OG_SV("g=meta.k8s.io")) && og_sv_has(part, OG_SV("v=v1"))) {
			q->partial = true;
			return true;
		}
		if (!q->resource && og_sv_has(part, OG_SV("g=apidiscovery.k8s.io")))
			return true;
	}
	sim_fail(q, st,
		"406: Not Acceptable\n\nAvailable representations: application/json, "
		"application/yaml, application/vnd.kubernetes.protobuf, "
		"application/json;stream=watch, "
		"application/vnd.kubernetes.protobuf;stream=watch");
	return false;
}

static void dispatch_resource(struct sim_req *q)
{
	const char *v = q->verb;
	bool collection = !q->name.n;

	if (q->res->flags & SIM_R_VIRTUAL) {
		if (strcmp(v, "create"))
			sim_fail_method(q);
		else
			sim_review(q);
	} else if (!strcmp(v, "watch")) {
		sim_watch(q);
	} else if (!strcmp(v, "list")) {
		sim_list(q);
	} else if (!strcmp(v, "get")) {
		sim_get_one(q);
	} else if (!strcmp(v, "create") && (collection || q->sub.n)) {
		sim_create(q);
	} else if (!strcmp(v, "update") && !collection) {
		sim_update(q);
	} else if (!strcmp(v, "patch") && !collection) {
		sim_patch(q);
	} else if (!strcmp(v, "delete") && !q->sub.n) {
		sim_delete_one(q);
	} else if (!strcmp(v, "deletecollection") &&
		   (q->ns.n || !(q->res->flags & SIM_R_NAMESPACED))) {
		sim_delete_many(q);
	} else {
		sim_fail_method(q);
	}
}

static bool sub_exists(const struct sim_req *q)
{
	if (!q->sub.n)
		return true;
	if (og_sv_is(q->sub, "status"))
		return q->res->flags & SIM_R_STATUS;
	if (og_sv_is(q->sub, "scale"))
		return q->res->flags & SIM_R_SCALE;
	return og_sv_is(q->sub, "token") && !strcmp(q->res->plural, "serviceaccounts");
}

static void fail_resource(struct sim_req *q)
{
	struct sim_status st = {.code = 404, .reason = "NotFound", .kind = ""};

	sim_fail(q, st, "the server could not find the requested resource");
}

static void route_resource(struct sim_req *q)
{
	struct og_sim *s = q->s;
	bool group, crd = false;

	pthread_mutex_lock(&s->mu);
	group = sim_group_exists(s, q->group, q->version);
	q->res = sim_res_find(s, q->group, q->version, q->plural);
	if (!q->res) {
		/* an unknown kind of a group of CRDs answers in plain text */
		for (size_t i = 0; i < s->nres; i++)
			if ((s->res[i]->flags & SIM_R_CRD) &&
				og_sv_eq(og_svz(s->res[i]->group), q->group))
				crd = true;
	}
	pthread_mutex_unlock(&s->mu);
	if (!group || (!q->res && crd)) {
		sim_send(q, 404, "text/plain; charset=utf-8", OG_SV("404 page not found\n"));
		return;
	}
	if (!q->res || !sub_exists(q)) {
		fail_resource(q);
		return;
	}
	if (!strcmp(q->res->plural, "namespaces"))
		q->ns = og_svz("");
	if (!(q->res->flags & SIM_R_NAMESPACED) && q->ns.n) {
		fail_resource(q);
		return;
	}
	dispatch_resource(q);
}

static void route_path(struct sim_req *q)
{
	if (sim_discovery(q) || sim_openapi(q))
		return;
	if (og_sv_is(q->path, "/readyz") || og_sv_is(q->path, "/livez") ||
		og_sv_is(q->path, "/healthz"))
		sim_send(q, 200, "text/plain; charset=utf-8", OG_SV("ok"));
	else if (og_sv_is(q->path, "/version"))
		sim_send_json(q, 200,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "major", "1", "minor", "36",
				"gitVersion", "v1.36.3+sim", "gitCommit", "", "goVersion", "",
				"compiler", "", "platform", "linux/amd64"));
	else if (og_sv_starts(q->path, OG_SV("/sim/")))
		sim_admin(q);
	else
		sim_send(q, 404, "text/plain; charset=utf-8", OG_SV("404 page not found\n"));
}

/* Authorisation sees the one name that a list or watch asks for. */
static void name_by_selector(struct sim_req *q)
{
	struct og_sv rest = sim_param(q, "fieldSelector"), part;

	if (!q->resource || q->name.n || (strcmp(q->verb, "list") && strcmp(q->verb, "watch")))
		return;
	while (og_sv_split(&rest, ',', &part))
		if (og_sv_starts(part, OG_SV("metadata.name=")))
			q->name = og_sv(part.p + 14, part.n - 14);
}

/* With mu held. What a pod was allowed to do, once: which rights of its roles are used. */
static void note_use(struct sim_req *q)
{
	enum { USES_MAX = 20000 };

	if (!q->resource || !og_sv_starts(og_svz(q->user), OG_SV("system:serviceaccount:")))
		return;
	og_auto_free char *line = sim_fmt("%s\t%s\t%.*s\t%.*s%s%.*s\t%.*s\t%.*s", q->user, q->verb,
		OG_SV_ARG(q->group), OG_SV_ARG(q->plural), q->sub.n ? "/" : "", OG_SV_ARG(q->sub),
		OG_SV_ARG(q->ns), OG_SV_ARG(q->name));
	if (!q->s->uses)
		q->s->uses = json_object();
	if (line && json_object_size(q->s->uses) < USES_MAX)
		json_object_set_new(q->s->uses, line, json_true());
}

static bool authorised(struct sim_req *q)
{
	bool ok;

	pthread_mutex_lock(&q->s->mu);
	ok = sim_allowed(q->s, q->user, q->groups, q->verb, sim_z(q, q->group), sim_z(q, q->plural),
		sim_z(q, q->sub), sim_z(q, q->ns), sim_z(q, q->name),
		q->resource ? NULL : sim_z(q, q->path));
	if (ok)
		note_use(q);
	pthread_mutex_unlock(&q->s->mu);
	return ok;
}

bool sim_may_create(struct sim_req *q)
{
	const char *verb = q->verb;
	bool ok;

	q->verb = "create";
	ok = authorised(q);
	if (!ok)
		sim_fail_forbidden(q);
	q->verb = verb;
	return ok;
}

void sim_route(struct sim_req *q)
{
	struct sim_status big = {.code = 413, .reason = "RequestEntityTooLarge"};
	struct og_sv cl = sim_header(q, "content-length"), name;

	parse_path(q);
	if (!q->resource)
		q->group = q->version = q->ns = q->plural = q->name = q->sub = og_svz("");
	q->verb = verb_of(q);
	if (!q->resource)
		q->verb = og_sv_is(q->method, "GET") || og_sv_is(q->method, "HEAD") ? "get"
			  : og_sv_is(q->method, "POST")				    ? "post"
			  : og_sv_is(q->method, "PUT")				    ? "put"
			  : og_sv_is(q->method, "DELETE")			    ? "delete"
										    : "patch";
	if (!sim_authenticate(q))
		return;
	if (!og_sv_starts(q->path, OG_SV("/sim/")) && sim_fault_apply(q))
		return;
	name = q->name;
	name_by_selector(q);
	if (!authorised(q)) {
		sim_fail_forbidden(q);
		return;
	}
	q->name = name;
	if (cl.n && !q->body.n && q->c->close && strtoul(sim_z(q, cl), NULL, 10) > 3145728) {
		sim_fail(q, big, "Request entity too large: limit is 3145728");
		return;
	}
	if (!negotiate(q))
		return;
	if (q->resource)
		route_resource(q);
	else
		route_path(q);
}
