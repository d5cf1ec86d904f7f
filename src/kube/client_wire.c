/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to method, URL, headers and body. Checks what callers put together. */
#include "client-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"

/* client-go refuses what could change the path (api/validation/path IsValidPathSegmentName). */
static bool is_segment(struct og_sv s)
{
	if (og_sv_is(s, ".") || og_sv_is(s, "..") || s.n > 512)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '/' || c == '%')
			return false;
	}
	return true;
}

static int check_resource(const struct og_kube_request *r, struct og_err *err)
{
	const struct og_kube_resource *s = &r->res;
	const struct {
		const char *what;
		struct og_sv v;
	} parts[] = {{"group", s->group}, {"version", s->version}, {"resource", s->resource},
		{"subresource", s->subresource}, {"namespace", s->ns}, {"name", s->name}};
	for (size_t i = 0; i < OG_COUNT(parts); i++) {
		if (!is_segment(parts[i].v))
			return og_err_set(err, OG_E_INVALID,
				"the %s of a request holds what no %s can hold", parts[i].what,
				parts[i].what);
	}
	if (!s->resource.n)
		return og_err_set(err, OG_E_INVALID, "a request without a resource");
	bool named = r->verb == OG_KUBE_GET || r->verb == OG_KUBE_UPDATE ||
		     r->verb == OG_KUBE_PATCH || r->verb == OG_KUBE_DELETE;
	if (named && !s->name.n)
		return og_err_set(err, OG_E_INVALID, "a request to %s %.*s without a name",
			og_kube_verb_name(r->verb), OG_SV_ARG(s->resource));
	if ((r->verb == OG_KUBE_LIST || r->verb == OG_KUBE_WATCH) && s->name.n)
		return og_err_set(err, OG_E_INVALID, "a request to %s %.*s with a name",
			og_kube_verb_name(r->verb), OG_SV_ARG(s->resource));
	bool body = r->verb == OG_KUBE_CREATE || r->verb == OG_KUBE_UPDATE ||
		    r->verb == OG_KUBE_PATCH;
	if (body && !r->body.n)
		return og_err_set(err, OG_E_INVALID, "a request to %s %.*s without a body",
			og_kube_verb_name(r->verb), OG_SV_ARG(s->resource));
	return 0;
}

static bool is_clean(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '#')
			return false;
	}
	return true;
}

static int check(const struct og_kube_request *r, struct og_err *err)
{
	if ((unsigned)r->verb >= OG_KUBE_VERB_COUNT_ || (unsigned)r->lane >= OG_KUBE_LANES_ ||
		!r->on_done)
		return og_err_set(err, OG_E_INVALID, "a request that is not filled in");
	if (!is_clean(r->query))
		return og_err_set(err, OG_E_INVALID, "the query of a request is not encoded");
	if (r->verb == OG_KUBE_RAW) {
		struct og_sv p = og_svz(r->raw_path);
		bool ok = p.n && p.p[0] == '/' && is_clean(p) && !memchr(p.p, '?', p.n);
		return ok ? 0 : og_err_set(err, OG_E_INVALID, "the path of a request is no path");
	}
	if (r->verb == OG_KUBE_PATCH && (unsigned)r->patch > OG_KUBE_APPLY)
		return og_err_set(err, OG_E_INVALID, "a patch of no known type");
	return check_resource(r, err);
}

static bool has_parameter(struct og_sv query, const char *name)
{
	struct og_sv part;
	size_t n = strlen(name);
	while (og_sv_split(&query, '&', &part)) {
		if (part.n >= n && memcmp(part.p, name, n) == 0 &&
			(part.n == n || part.p[n] == '='))
			return true;
	}
	return false;
}

static void put_parameter(struct og_buf *b, bool *first, const char *name, struct og_sv value)
{
	og_buf_ch(b, *first ? '?' : '&');
	*first = false;
	og_buf_str(b, name);
	og_buf_ch(b, '=');
	og_percent_encode(b, value);
}

static void put_query(struct og_buf *b, const struct og_kube *k, const struct og_kube_request *r)
{
	bool first = true;
	if (r->query.n) {
		og_buf_ch(b, '?');
		og_buf_sv(b, r->query);
		first = false;
	}
	if (r->verb == OG_KUBE_WATCH && !has_parameter(r->query, "watch"))
		put_parameter(b, &first, "watch", OG_SV("true"));
	bool managed = r->verb == OG_KUBE_CREATE || r->verb == OG_KUBE_UPDATE ||
		       r->verb == OG_KUBE_PATCH;
	if (managed && !has_parameter(r->query, "fieldManager"))
		put_parameter(b, &first, "fieldManager",
			og_svz(r->field_manager ? r->field_manager : k->component));
	if (r->verb == OG_KUBE_PATCH && r->patch == OG_KUBE_APPLY && r->force)
		put_parameter(b, &first, "force", OG_SV("true"));
}

static const char *const methods[OG_KUBE_VERB_COUNT_] = {
	[OG_KUBE_GET] = "GET",
	[OG_KUBE_LIST] = "GET",
	[OG_KUBE_WATCH] = "GET",
	[OG_KUBE_CREATE] = "POST",
	[OG_KUBE_UPDATE] = "PUT",
	[OG_KUBE_PATCH] = "PATCH",
	[OG_KUBE_DELETE] = "DELETE",
	[OG_KUBE_RAW] = "GET",
};
static const char *const patch_types[] = {
	[OG_KUBE_JSON_PATCH] = "application/json-patch+json",
	[OG_KUBE_MERGE_PATCH] = "application/merge-patch+json",
	[OG_KUBE_STRATEGIC] = "application/strategic-merge-patch+json",
	[OG_KUBE_APPLY] = "application/apply-patch+yaml", /* of which JSON is a part */
};

struct lines {
	struct og_arena *a;
	const char **p;
	size_t n, cap;
	bool failed;
};

static void add_line(struct lines *l, const char *name, struct og_sv value)
{
	if (l->n + 2 > l->cap || l->failed) {
		l->failed = true;
		return;
	}
	l->p[l->n] = og_arena_fmt(l->a, "%s: %.*s", name, OG_SV_ARG(value));
	l->failed = !l->p[l->n++];
	l->p[l->n] = NULL;
}

/* The keys of extra values are part of a header's name (client-go transport/round_trippers.go). */
static void add_extra(struct lines *l, const struct og_kube_extra *e)
{
	og_auto_buf struct og_buf name = OG_BUF_INIT(0);
	static const char hex[] = "0123456789ABCDEF";
	og_buf_lit(&name, "Impersonate-Extra-");
	for (const char *c = e->key; *c; c++) {
		unsigned char u = (unsigned char)*c;
		if ((u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') ||
			strchr("!#$&'*+-.^_`|~", u)) {
			og_buf_ch(&name, *c);
		} else {
			const char esc[3] = {'%', hex[u >> 4], hex[u & 15]};
			og_buf_add(&name, esc, sizeof(esc));
		}
	}
	if (name.failed) {
		l->failed = true;
		return;
	}
	for (size_t i = 0; i < e->nvalues; i++)
		add_line(l, name.p, og_svz(e->values[i]));
}

static void add_impersonation(struct lines *l, const struct og_kube_access *a)
{
	if (!a->as)
		return;
	add_line(l, "Impersonate-User", og_svz(a->as));
	if (a->as_uid)
		add_line(l, "Impersonate-Uid", og_svz(a->as_uid));
	for (size_t i = 0; i < a->nas_groups; i++)
		add_line(l, "Impersonate-Group", og_svz(a->as_groups[i]));
	for (size_t i = 0; i < a->nas_extra; i++)
		add_extra(l, &a->as_extra[i]);
}

static bool make_headers(struct og_kube_call *call, const struct og_kube_request *r)
{
	const struct og_kube_access *a = call->k->access;
	size_t cap = 8 + a->nas_groups;
	for (size_t i = 0; i < a->nas_extra; i++)
		cap += a->as_extra[i].nvalues;
	struct lines l = {.a = &call->arena, .cap = cap};
	l.p = og_arena_new_n(&call->arena, cap, const char *);
	l.failed = !l.p;
	add_line(&l, "Accept", og_svz(r->accept ? r->accept : "application/json"));
	if (r->body.n)
		add_line(&l, "Content-Type",
			og_svz(r->verb == OG_KUBE_PATCH ? patch_types[r->patch]
							: "application/json"));
	add_impersonation(&l, a);
	call->wire.headers = l.p;
	return !l.failed;
}

static bool copy_resource(struct og_kube_call *call, const struct og_kube_request *r)
{
	const struct og_kube_resource *s = &r->res;
	struct og_kube_resource *d = &call->res;
	struct og_arena *a = &call->arena;
	/* RBAC knows paths that are no resources by their path */
	d->resource = og_arena_sv(a, r->verb == OG_KUBE_RAW ? og_svz(r->raw_path) : s->resource);
	if (r->verb != OG_KUBE_RAW) {
		d->group = og_arena_sv(a, s->group);
		d->version = og_arena_sv(a, s->version);
		d->subresource = og_arena_sv(a, s->subresource);
		d->ns = og_arena_sv(a, s->ns);
		d->name = og_arena_sv(a, s->name);
	}
	return !a->failed;
}

static bool make_url(struct og_kube_call *call, const struct og_kube_request *r)
{
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_buf_str(&url, call->k->access->server);
	if (r->verb == OG_KUBE_RAW)
		og_buf_str(&url, r->raw_path);
	else
		og_kube_path(&r->res, &url);
	if (url.failed)
		return false;
	call->wire.shown_url = og_arena_fmt(&call->arena, "%.*s%s",
		(int)(url.len > 240 ? 240 : url.len), url.p, url.len > 240 ? "…" : "");
	put_query(&url, call->k, r);
	call->wire.url = url.failed ? NULL : og_arena_strndup(&call->arena, url.p, url.len);
	return call->wire.url && call->wire.shown_url;
}

int kc_wire_make(struct og_kube_call *call, const struct og_kube_request *r, struct og_err *err)
{
	int rc = check(r, err);
	if (rc < 0)
		return rc;
	call->verb = r->verb;
	call->wire.method = methods[r->verb];
	bool ok = copy_resource(call, r) && make_url(call, r) && make_headers(call, r);
	if (ok && r->body.n) {
		call->wire.body = og_arena_sv(&call->arena, r->body);
		ok = call->wire.body.p != NULL;
	}
	call->json_wanted = r->verb != OG_KUBE_RAW && (!r->accept || strstr(r->accept, "json"));
	return ok ? 0 : og_err_set(err, OG_E_OOM, "no memory for a request to the API server");
}
