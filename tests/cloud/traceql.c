/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TraceQL, as far as it is asked here: one spanset filter of conditions with && and ||, and
 * behind it count_over_time() or rate() with by(…), or select(…).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/clock.h"

struct cond {
	char kind; /* '&' '|' of two, 'c' comparison, 't' true, 'e' exists (one name alone) */
	struct cond *a, *b;
	struct og_sv path;
	char op[3];
	struct cl_match m; /* text comparisons */
	double num;	   /* numeric ones; durations in ns */
	bool numeric, nil;
	struct cond *next;
};
struct cl_tq {
	struct cond *root, *all;
	struct cl_tq_metric metric;
};

struct parser {
	struct og_arena *a;
	struct og_sv text;
	size_t at;
	int depth;
	struct cl_tq *out;
	char *why;
	size_t size;
};

static void *fail(struct parser *p, const char *what)
{
	if (!p->why[0])
		snprintf(p->why, p->size, "parse error at line 1, col %zu: %s", p->at + 1, what);
	return NULL;
}

static bool peek(struct parser *p, const char *s)
{
	while (p->at < p->text.n && strchr(" \t\r\n", p->text.p[p->at]))
		p->at++;
	return og_sv_starts(og_sv(p->text.p + p->at, p->text.n - p->at), og_svz(s));
}

static bool eat(struct parser *p, const char *s)
{
	if (!peek(p, s))
		return false;
	p->at += strlen(s);
	return true;
}

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("._-/:", c);
}

/* resource.a.b, span."quoted name", .x, name, trace:id */
static struct og_sv path(struct parser *p)
{
	size_t from;

	(void)peek(p, "");
	from = p->at;
	while (p->at < p->text.n && name_byte(p->text.p[p->at]))
		p->at++;
	if (p->at > from && p->at < p->text.n && p->text.p[p->at] == '"' &&
		p->text.p[p->at - 1] == '.') {
		size_t q = ++p->at;

		while (p->at < p->text.n && p->text.p[p->at] != '"')
			p->at++;
		if (p->at < p->text.n)
			p->at++;
		return og_svz(og_arena_fmt(p->a, "%.*s%.*s", (int)(q - 1 - from), p->text.p + from,
			(int)(p->at - 1 - q), p->text.p + q));
	}
	return og_sv(p->text.p + from, p->at - from);
}

static bool known(struct og_sv s)
{
	static const char *const intrinsics[] = {"name", "status", "kind", "duration",
		"statusMessage", "trace:id", "span:id", "rootName", "rootServiceName",
		"trace:rootName", "trace:rootService", "span:name", "span:status", "span:kind",
		"span:duration", "instrumentation:name", "traceDuration"};

	if (og_sv_starts(s, OG_SV("resource.")) || og_sv_starts(s, OG_SV("span.")) ||
		og_sv_starts(s, OG_SV(".")))
		return s.n > og_sv_chr(s, '.') + 1;
	for (size_t i = 0; i < OG_COUNT(intrinsics); i++)
		if (og_sv_eq(s, og_svz(intrinsics[i])))
			return true;
	return false;
}

static bool string(struct parser *p, struct og_sv *ret)
{
	char *out = og_arena_alloc(p->a, p->text.n + 1), quote = p->text.p[p->at++];
	size_t n = 0;

	while (out && p->at < p->text.n && p->text.p[p->at] != quote) {
		if (p->text.p[p->at] == '\\' && quote == '"' && p->at + 1 < p->text.n)
			p->at++;
		out[n++] = p->text.p[p->at++];
	}
	if (!out || p->at >= p->text.n)
		return fail(p, "syntax error: unexpected end of string") != NULL;
	p->at++;
	*ret = og_sv(out, n);
	return true;
}

static bool literal(struct parser *p, struct cond *c)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
	char *end;
	struct og_sv w;

	if (peek(p, "\"") || peek(p, "`"))
		return string(p, &c->m.v);
	if (p->at < p->text.n && strchr("-0123456789", p->text.p[p->at])) {
		c->num = strtod(p->text.p + p->at, &end);
		c->numeric = true;
		p->at = (size_t)(end - p->text.p);
		for (size_t i = 0; i < OG_COUNT(units); i++)
			if (eat(p, units[i].unit)) {
				c->num *= units[i].ns;
				break;
			}
		return true;
	}
	w = path(p);
	c->m.v = w;
	c->nil = og_sv_is(w, "nil");
	return w.n || fail(p, "syntax error: unexpected token, a value is expected") != NULL;
}

static struct cond *node(struct parser *p, char kind)
{
	struct cond *c = og_arena_new(p->a, struct cond);

	if (!c)
		return fail(p, "memory");
	c->kind = kind;
	c->next = p->out->all;
	p->out->all = c;
	return c;
}

static struct cond *either(struct parser *p);

static struct cond *one(struct parser *p)
{
	static const char *const ops[] = {"=~", "!~", "!=", ">=", "<=", "=", ">", "<"};
	struct cond *c;
	size_t i;

	if (++p->depth > CL_DEPTH)
		return fail(p, "nested too deeply");
	if (eat(p, "(")) {
		c = either(p);
		p->depth--;
		return c && eat(p, ")") ? c : fail(p, "syntax error: ) is expected");
	}
	p->depth--;
	c = node(p, 'c');
	if (!c)
		return NULL;
	c->path = path(p);
	if (og_sv_is(c->path, "true")) {
		c->kind = 't';
		return c;
	}
	if (!known(c->path))
		return fail(p, "syntax error: unexpected IDENTIFIER, a scoped attribute or an "
			       "intrinsic is expected");
	for (i = 0; i < OG_COUNT(ops) && !eat(p, ops[i]); i++)
		;
	if (i == OG_COUNT(ops))
		return fail(p, "syntax error: an operator is expected");
	memcpy(c->op, ops[i], strlen(ops[i]) + 1);
	if (!literal(p, c))
		return NULL;
	c->m.op = '=';
	if (i == 0 || i == 1) {
		c->m.op = i ? 'x' : '~';
		if (c->numeric || !cl_match_init(&c->m, p->a))
			return fail(p, "error parsing regexp");
	} else if (i == 2) {
		c->m.op = '!';
	} else if (i != 5 && !c->numeric) {
		return fail(p, "binary operations must operate on the same type");
	}
	return c;
}

static struct cond *joined(struct parser *p, char kind, struct cond *a, struct cond *b)
{
	struct cond *c = a && b ? node(p, kind) : NULL;

	if (c) {
		c->a = a;
		c->b = b;
	}
	return c;
}

static struct cond *both(struct parser *p)
{
	struct cond *c = one(p);

	while (c && eat(p, "&&"))
		c = joined(p, '&', c, one(p));
	return c;
}

static struct cond *either(struct parser *p)
{
	struct cond *c = both(p);

	while (c && eat(p, "||"))
		c = joined(p, '|', c, both(p));
	return c;
}

static bool names(struct parser *p, bool keep)
{
	if (!eat(p, "("))
		return fail(p, "syntax error: ( is expected") != NULL;
	while (!eat(p, ")")) {
		struct og_sv s = path(p), *at;

		if (!known(s))
			return fail(p, "syntax error: unexpected IDENTIFIER in the list") != NULL;
		at = keep ? cl_push(p->a, &p->out->metric, by) : NULL;
		if (at)
			*at = s;
		if (!eat(p, ",") && !peek(p, ")"))
			return fail(p, "syntax error: , or ) is expected") != NULL;
	}
	return true;
}

static bool stage(struct parser *p)
{
	struct og_sv fn = path(p);

	if (og_sv_is(fn, "select"))
		return names(p, false);
	if (!og_sv_is(fn, "count_over_time") && !og_sv_is(fn, "rate"))
		return fail(p, "syntax error: this stage is not simulated") != NULL;
	p->out->metric.fn = fn;
	if (!eat(p, "(") || !eat(p, ")"))
		return fail(p, "syntax error: () is expected") != NULL;
	return !eat(p, "by") || names(p, true);
}

struct cl_tq *cl_tq_parse(struct og_arena *a, struct og_sv text, char *why, size_t size)
{
	struct parser p = {.a = a, .why = why, .size = size};
	const char *z = og_arena_strndup(a, text.p ? text.p : "", text.n);
	bool ok;

	why[0] = '\0';
	p.text = og_svz(z);
	p.out = og_arena_new(a, struct cl_tq);
	if (!z || !p.out)
		return NULL;
	if (!eat(&p, "{")) {
		fail(&p, p.at >= p.text.n ? "syntax error: unexpected $end"
					  : "syntax error: unexpected token, { is expected");
		return NULL;
	}
	p.out->root = peek(&p, "}") ? node(&p, 't') : either(&p);
	ok = p.out->root && (eat(&p, "}") || fail(&p, "syntax error: } is expected"));
	while (ok && eat(&p, "|"))
		ok = !p.out->metric.fn.n ? stage(&p)
					 : fail(&p, "syntax error: nothing may follow") != NULL;
	if (ok && (peek(&p, ""), p.at < p.text.n))
		ok = fail(&p, "syntax error: unexpected text behind the query") != NULL;
	if (ok)
		return p.out;
	cl_tq_fini(p.out);
	return NULL;
}

void cl_tq_fini(struct cl_tq *t)
{
	for (struct cond *c = t ? t->all : NULL; c; c = c->next)
		cl_match_fini(&c->m);
}

const struct cl_tq_metric *cl_tq_metric(const struct cl_tq *t)
{
	return &t->metric;
}

static bool find(const struct cl_attrs *a, struct og_sv k, struct og_sv *ret, char *type)
{
	for (uint32_t i = 0; i < a->nv; i++)
		if (og_sv_eq(a->v[i].k, k)) {
			*ret = a->v[i].v;
			*type = a->v[i].type;
			return true;
		}
	return false;
}

static struct og_sv behind(struct og_sv s, size_t n)
{
	return og_sv(s.p + n, s.n - n);
}

/* Static texts and views of the span alone. */
bool cl_tq_value(const struct cl_held_span *s, struct og_sv k, struct og_sv *ret, char *type)
{
	static const char *const kinds[] = {
		"unspecified", "internal", "server", "client", "producer", "consumer"};
	static const char *const status[] = {"unset", "ok", "error"};

	*type = 's';
	if (og_sv_starts(k, OG_SV("resource.")))
		return find(&s->res->attrs, behind(k, 9), ret, type);
	if (og_sv_starts(k, OG_SV("span.")))
		return find(&s->attrs, behind(k, 5), ret, type);
	if (og_sv_starts(k, OG_SV(".")))
		return find(&s->attrs, behind(k, 1), ret, type) ||
		       find(&s->res->attrs, behind(k, 1), ret, type);
	if (og_sv_is(k, "name") || og_sv_is(k, "span:name") || og_sv_is(k, "rootName") ||
		og_sv_is(k, "trace:rootName"))
		*ret = s->name;
	else if (og_sv_is(k, "status") || og_sv_is(k, "span:status"))
		*ret = og_svz(status[s->status >= 0 && s->status <= 2 ? s->status : 0]);
	else if (og_sv_is(k, "kind") || og_sv_is(k, "span:kind"))
		*ret = og_svz(kinds[s->kind >= 0 && s->kind <= 5 ? s->kind : 0]);
	else if (og_sv_is(k, "statusMessage"))
		*ret = s->status_message;
	else if (og_sv_is(k, "rootServiceName") || og_sv_is(k, "trace:rootService"))
		*ret = s->res->service;
	else if (og_sv_is(k, "instrumentation:name"))
		*ret = s->scope;
	else
		return false;
	return true;
}

/* Leading zeros need not be written. */
static bool id_is(const unsigned char *id, size_t n, struct og_sv hex)
{
	char text[33];
	size_t cut;

	if (!hex.n || hex.n > 2 * n)
		return false;
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	cut = 2 * n - hex.n;
	return strspn(text, "0") >= cut && og_sv_caseeq(og_sv(text + cut, hex.n), hex);
}

static bool numeric(const struct cond *c, double v)
{
	if (!strcmp(c->op, "="))
		return !(v < c->num) && !(v > c->num);
	if (!strcmp(c->op, "!="))
		return v < c->num || v > c->num;
	if (!strcmp(c->op, ">"))
		return v > c->num;
	if (!strcmp(c->op, "<"))
		return v < c->num;
	return !strcmp(c->op, ">=") ? v >= c->num : v <= c->num;
}

static bool compare(const struct cond *c, const struct cl_held_span *s)
{
	struct og_sv v = {NULL, 0};
	char type, text[64];
	bool has;

	if (og_sv_ends(c->path, OG_SV("uration")))
		return c->numeric && numeric(c, (double)(s->end_ns - s->start_ns));
	if (og_sv_is(c->path, "trace:id") || og_sv_is(c->path, "span:id")) {
		bool trace = c->path.p[0] == 't';

		return id_is(trace ? s->trace : s->span, trace ? 16 : 8, c->m.v) ==
		       (c->m.op == '=');
	}
	has = cl_tq_value(s, c->path, &v, &type);
	if (c->nil)
		return has == (c->m.op == '!');
	if (!has)
		return false; /* nothing is compared with what is not there */
	if (!c->numeric)
		return cl_match(&c->m, v);
	if ((type != 'i' && type != 'd') || v.n >= sizeof(text))
		return false;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	return numeric(c, strtod(text, NULL));
}

static bool holds(const struct cond *c, const struct cl_held_span *s)
{
	if (c->kind == '&')
		return holds(c->a, s) && holds(c->b, s);
	if (c->kind == '|')
		return holds(c->a, s) || holds(c->b, s);
	return c->kind == 't' || compare(c, s);
}

bool cl_tq_match(const struct cl_tq *t, const struct cl_held_span *s)
{
	return holds(t->root, s);
}
