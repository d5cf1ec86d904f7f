/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of GET /api/instances/{slug}. Whoever wrote it, credentials will go where it says. */
#include <stdio.h>
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/codec/url.h"
#include "otelgate/grafana/discovery.h"

enum { TEXT_MAX = 253 };

struct reading {
	struct og_arena *a;
	struct og_jval root;
	struct og_buf missing, note;
	struct og_sv foreign[8]; /* hosts in the note */
	size_t nforeign;
};

bool og_gf_slug_is_valid(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i > 0);
		if (!ok)
			return false;
	}
	return s.n > 0 && s.n <= 63;
}

static void miss(struct reading *r, const char *field, const char *why)
{
	if (r->missing.len)
		og_buf_lit(&r->missing, ", ");
	og_buf_fmt(&r->missing, "%s %s", field, why);
}

/* Words that go into host names and messages. */
static struct og_sv word(struct reading *r, const char *field)
{
	struct og_sv s = og_jstr_or_empty(og_jget(r->root, og_svz(field)), r->a);
	bool ok = s.n <= TEXT_MAX;
	for (size_t i = 0; ok && i < s.n; i++) {
		char c = s.p[i];
		ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		     c == '-' || c == '_' || c == '.';
	}
	if (!s.n || !ok) {
		miss(r, field, s.n ? "is no name" : "is missing");
		return OG_SV("");
	}
	return s;
}

/* Ids are numbers, in some versions as strings. 0 = the stack has no such backend. */
static struct og_sv id(struct reading *r, const char *field)
{
	int64_t n;
	struct og_jval v = og_jget(r->root, og_svz(field));
	struct og_sv s = og_jstr_or_empty(v, r->a);
	if (og_ji64(v, &n) && n > 0) {
		char *p = og_arena_fmt(r->a, "%lld", (long long)n);
		return og_svz(p);
	}
	bool digits = s.n > 0 && s.n < 19 && s.p[0] != '0';
	for (size_t i = 0; i < s.n; i++)
		digits = digits && s.p[i] >= '0' && s.p[i] <= '9';
	if (digits)
		return s;
	miss(r, field, og_junset(v) ? "is missing" : "is no id");
	return OG_SV("");
}

static void say_foreign(struct reading *r, const struct og_url *u)
{
	if (og_sv_ends(u->host, OG_SV(".grafana.net")) ||
		og_sv_ends(u->host, OG_SV(".grafana.com")))
		return;
	for (size_t i = 0; i < r->nforeign; i++) {
		if (og_sv_eq(r->foreign[i], u->host))
			return;
	}
	if (r->nforeign < OG_COUNT(r->foreign))
		r->foreign[r->nforeign++] = u->host;
	og_buf_str(&r->note, r->note.len ? ", " : "credentials would go to ");
	og_buf_sv(&r->note, u->host);
}

static struct og_sv url(struct reading *r, const char *field, struct og_url *ret)
{
	struct og_jval v = og_jget(r->root, og_svz(field));
	struct og_sv s = og_jstr_or_empty(v, r->a);
	*ret = (struct og_url){.https = false};
	if (!s.n) {
		miss(r, field, og_junset(v) || og_jis(v, OG_J_STRING) ? "is missing" : "is no URL");
		return OG_SV("");
	}
	/* refuses user names, other schemes and control characters, too */
	if (og_url_parse(s, ret, NULL) < 0 || ret->has_query || ret->has_fragment ||
		(!ret->https && !og_url_is_loopback(ret))) {
		miss(r, field, "is no https URL without user, query and fragment");
		*ret = (struct og_url){.https = false};
		return OG_SV("");
	}
	say_foreign(r, ret);
	return s;
}

/* "grafana.net" of "prometheus-prod-13-prod-us-east-0.grafana.net". */
static struct og_sv domain_of(const struct og_url *u)
{
	size_t dot = og_sv_chr(u->host, '.');
	if (u->host_kind != OG_URL_NAME || dot + 1 >= u->host.n)
		return OG_SV("");
	return og_sv(u->host.p + dot + 1, u->host.n - dot - 1);
}

static void derive_gateway(struct reading *r, struct og_gf_stack *s, struct og_sv domain)
{
	/* a domain needs a dot: "https://localhost" says nothing about gateways */
	if (!s->region.n || og_sv_chr(domain, '.') == domain.n ||
		og_sv_has(s->region, OG_SV("."))) {
		miss(r, "the OTLP gateway", "cannot be derived");
		return;
	}
	char *p = og_arena_fmt(r->a, "https://otlp-gateway-%.*s.%.*s/otlp", OG_SV_ARG(s->region),
		OG_SV_ARG(domain));
	s->otlp.url = og_svz(p);
	s->otlp.user = s->id;
	s->otlp_derived = true;
}

static void read_fields(struct reading *r, struct og_gf_stack *s)
{
	static const struct {
		enum og_gf_backend b;
		const char *url, *user;
	} fields[] = {
		{OG_GF_PROMETHEUS, "hmInstancePromUrl", "hmInstancePromId"},
		{OG_GF_LOKI, "hlInstanceUrl", "hlInstanceId"},
		{OG_GF_TEMPO, "htInstanceUrl", "htInstanceId"},
		{OG_GF_PYROSCOPE, "hpInstanceUrl", "hpInstanceId"},
	};
	struct og_sv domain = OG_SV("");
	struct og_url u;
	s->slug = word(r, "slug");
	s->status = word(r, "status");
	s->region = word(r, "regionSlug");
	s->cluster = word(r, "clusterSlug");
	s->id = id(r, "id");
	s->grafana_url = url(r, "url", &u);
	for (size_t i = 0; i < OG_COUNT(fields); i++) {
		struct og_gf_place *p = &s->backend[fields[i].b];
		p->url = url(r, fields[i].url, &u);
		p->user = id(r, fields[i].user);
		if (!domain.n)
			domain = domain_of(&u);
	}
	derive_gateway(r, s, domain);
}

int og_gf_stack_read(
	struct og_sv body, struct og_arena *a, struct og_gf_stack *ret, struct og_err *err)
{
	static const struct og_jlimits limits = {
		.max_bytes = 4 << 20, .max_depth = 64, .max_tokens = 100000};
	struct og_gf_stack s = {.otlp_derived = false};
	struct reading r = {.a = a};
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	if (!d)
		return og_err_set(err, OG_E_OOM, "no memory for a stack");
	body = og_arena_sv(a, body);
	if (!body.p)
		return og_err_set(err, OG_E_OOM, "no memory for a stack");
	int rc = og_jdoc_parse(d, a, body, &limits, err);
	if (rc < 0)
		return rc;
	r.root = og_jroot(d);
	if (!og_jis(r.root, OG_J_OBJECT) ||
		(og_junset(og_jgetl(r.root, "id")) && og_junset(og_jgetl(r.root, "slug"))))
		return og_err_set(
			err, OG_E_INVALID, "JSON, but no stack: it has neither id nor slug");
	og_buf_init(&r.missing, 4096);
	og_buf_init(&r.note, 4096);
	read_fields(&r, &s);
	s.missing = og_arena_sv(a, og_buf_view(&r.missing));
	s.note = og_harmless(og_buf_view(&r.note), 1024, a);
	bool ok = !a->failed && !r.missing.failed && !r.note.failed;
	og_buf_fini(&r.missing);
	og_buf_fini(&r.note);
	if (!ok)
		return og_err_set(err, OG_E_OOM, "no memory for a stack");
	*ret = s;
	return 0;
}

static void take(struct og_sv *to, struct og_sv from)
{
	if (from.n)
		*to = from;
}

void og_gf_stack_merge(struct og_gf_stack *s, const struct og_gf_stack *given)
{
	take(&s->slug, given->slug);
	take(&s->status, given->status);
	take(&s->region, given->region);
	take(&s->cluster, given->cluster);
	take(&s->id, given->id);
	take(&s->grafana_url, given->grafana_url);
	for (size_t i = 0; i < OG_GF_COUNT_; i++) {
		take(&s->backend[i].url, given->backend[i].url);
		take(&s->backend[i].user, given->backend[i].user);
	}
	if (given->otlp.url.n)
		s->otlp_derived = false;
	take(&s->otlp.url, given->otlp.url);
	take(&s->otlp.user, given->otlp.user);
}
