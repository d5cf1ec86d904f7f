/* SPDX-License-Identifier: Apache-2.0 */
/* Status objects: how an API server says no. Forms as observed on a server of 1.36. */
#include <stdarg.h>
#include "sim/sim-priv.h"

static void set(json_t *o, const char *k, const char *v)
{
	if (v && *v)
		json_object_set_new(o, k, json_string(v));
}

json_t *sim_status_json(const struct sim_status *st, const char *message)
{
	json_t *o = json_object(), *d = json_object();
	bool details;

	json_object_set_new(o, "kind", json_string("Status"));
	json_object_set_new(o, "apiVersion", json_string("v1"));
	json_object_set_new(o, "metadata", json_object());
	set(o, "status", st->code < 400 ? "Success" : "Failure");
	set(o, "message", message);
	set(o, "reason", st->reason);
	set(d, "name", st->name);
	set(d, "group", st->group);
	set(d, "kind", st->kind);
	set(d, "uid", st->uid);
	if (st->causes)
		json_object_set_new(d, "causes", st->causes);
	if (st->retry_after > 0)
		json_object_set_new(d, "retryAfterSeconds", json_integer(st->retry_after));
	details = json_object_size(d) || (st->kind && !*st->kind);
	if (details)
		json_object_set(o, "details", d);
	json_decref(d);
	if (st->code >= 400)
		json_object_set_new(o, "code", json_integer(st->code));
	return o;
}

void sim_fail(struct sim_req *q, struct sim_status st, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	sim_send_json(q, st.code, sim_status_json(&st, og_buf_view(&b).p));
}

const char *sim_qualified(struct sim_req *q, const struct sim_res *r)
{
	if (!*r->group)
		return r->plural;
	return og_arena_fmt(q->a, "%s.%s", r->plural, r->group);
}

static struct sim_status about(struct sim_req *q, int code, const char *reason)
{
	struct sim_status st = {.code = code, .reason = reason};

	st.group = q->res->group;
	st.kind = q->res->plural;
	st.name = sim_z(q, q->name);
	return st;
}

void sim_fail_notfound(struct sim_req *q)
{
	sim_fail(q, about(q, 404, "NotFound"), "%s \"%s\" not found", sim_qualified(q, q->res),
		sim_z(q, q->name));
}

void sim_fail_conflict(struct sim_req *q, const char *why)
{
	sim_fail(q, about(q, 409, "Conflict"), "Operation cannot be fulfilled on %s \"%s\": %s",
		sim_qualified(q, q->res), sim_z(q, q->name), why);
}

void sim_fail_bad(struct sim_req *q, const char *fmt, ...)
{
	struct sim_status st = {.code = 400, .reason = "BadRequest"};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	sim_fail(q, st, "%s", og_buf_view(&b).p);
}

void sim_fail_oom(struct sim_req *q)
{
	sim_send(q, 500, "text/plain", OG_SV("out of memory\n"));
}

void sim_fail_forbidden(struct sim_req *q)
{
	struct sim_status st = {.code = 403, .reason = "Forbidden", .kind = ""};
	const char *what, *where;

	if (!q->resource) {
		sim_fail(q, st, "forbidden: User \"%s\" cannot %s path \"%s\"", q->user, q->verb,
			sim_z(q, q->path));
		return;
	}
	st.group = sim_z(q, q->group);
	st.kind = sim_z(q, q->plural);
	st.name = sim_z(q, q->name);
	what = *st.group ? og_arena_fmt(q->a, "%s.%s", st.kind, st.group) : st.kind;
	if (*st.name)
		what = og_arena_fmt(q->a, "%s \"%s\"", what, st.name);
	where = q->ns.n ? og_arena_fmt(q->a, "in the namespace \"%s\"", sim_z(q, q->ns))
			: "at the cluster scope";
	sim_fail(q, st,
		"%s is forbidden: User \"%s\" cannot %s resource \"%s%s%s\" in API group \"%s\" %s",
		what, q->user, q->verb, st.kind, q->sub.n ? "/" : "", sim_z(q, q->sub), st.group,
		where);
}

void sim_fail_method(struct sim_req *q)
{
	struct sim_status st = {.code = 405, .reason = "MethodNotAllowed", .kind = ""};

	sim_fail(q, st, "the server does not allow this method on the requested resource");
}

void sim_fail_media(struct sim_req *q, const char *accepted)
{
	struct sim_status st = {.code = 415, .reason = "UnsupportedMediaType"};

	if (!accepted) {
		st.kind = "";
		sim_fail(q, st, "415: Unsupported Media Type");
		return;
	}
	sim_fail(q, st,
		"the body of the request was in an unknown format - accepted media types include: %s",
		accepted);
}

json_t *sim_causes(void)
{
	return json_array();
}

void sim_cause(json_t *causes, const char *reason, const char *field, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	json_array_append_new(causes, json_pack("{s:s,s:s,s:s}", "reason", reason, "message",
					      og_buf_view(&b).p, "field", field));
}

/* "Kind.group \"name\" is invalid: field: message" or "[…, …]" for several. */
void sim_fail_invalid(struct sim_req *q, const char *kind, const char *name, json_t *causes)
{
	struct sim_status st = {.code = 422, .reason = "Invalid", .kind = kind, .name = name};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	bool many = json_array_size(causes) > 1;
	size_t i;
	json_t *c;

	if (q->res && kind == q->res->kind)
		st.group = q->res->group;
	else if (strstr(kind, "Options"))
		st.group = "meta.k8s.io";
	json_array_foreach(causes, i, c) og_buf_fmt(&b, "%s%s: %s", i ? ", " : "",
		json_string_value(json_object_get(c, "field")),
		json_string_value(json_object_get(c, "message")));
	st.causes = causes;
	sim_fail(q, st, "%s%s%s \"%s\" is invalid: %s%s%s", kind, st.group && *st.group ? "." : "",
		st.group ? st.group : "", name, many ? "[" : "", og_buf_view(&b).p,
		many ? "]" : "");
}
