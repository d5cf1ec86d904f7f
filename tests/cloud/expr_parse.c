/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PromQL, and the metric half of LogQL, which shares its aggregations and operators. What is not
 * known here is refused: a wrong number would be worse than no number.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"

struct parser {
	struct og_arena *a;
	struct og_sv text;
	size_t at;
	bool loki;
	int depth;
	struct cl_parsed *out;
};

static struct cl_expr *expr(struct parser *p, int level);

static void *fail(struct parser *p, const char *why)
{
	if (p->out->why[0])
		return NULL;
	if (p->loki)
		snprintf(p->out->why, sizeof(p->out->why), "parse error at line 1, col %zu: %s",
			p->at + 1, why);
	else
		snprintf(p->out->why, sizeof(p->out->why),
			"invalid parameter \"query\": 1:%zu: parse error: %s", p->at + 1, why);
	return NULL;
}

static void space(struct parser *p)
{
	while (p->at < p->text.n && strchr(" \t\r\n", p->text.p[p->at]))
		p->at++;
}

static bool peek(struct parser *p, const char *s)
{
	struct og_sv rest;

	space(p);
	rest = og_sv(p->text.p + p->at, p->text.n - p->at);
	return og_sv_starts(rest, og_svz(s));
}

static bool eat(struct parser *p, const char *s)
{
	if (!peek(p, s))
		return false;
	p->at += strlen(s);
	return true;
}

static bool id_byte(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
	       (!first && c >= '0' && c <= '9');
}

static struct og_sv ident(struct parser *p)
{
	size_t from;

	space(p);
	from = p->at;
	while (p->at < p->text.n && id_byte(p->text.p[p->at], p->at == from))
		p->at++;
	return og_sv(p->text.p + from, p->at - from);
}

/* A whole word, case-insensitive as PromQL's keywords are. */
static bool word(struct parser *p, const char *w)
{
	size_t from = p->at;
	struct og_sv s = ident(p);

	if (og_sv_caseeq(s, og_svz(w)))
		return true;
	p->at = from;
	return false;
}

static bool string(struct parser *p, struct og_sv *ret)
{
	char quote, *out;
	size_t n = 0;

	space(p);
	if (p->at >= p->text.n || !strchr("\"'`", p->text.p[p->at]))
		return fail(p, "a string is expected") != NULL;
	quote = p->text.p[p->at++];
	out = og_arena_alloc(p->a, p->text.n - p->at + 1);
	while (out && p->at < p->text.n && p->text.p[p->at] != quote) {
		char c = p->text.p[p->at++];

		if (c == '\\' && quote != '`' && p->at < p->text.n) {
			c = p->text.p[p->at++];
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (!strchr("\\\"'", c))
				return fail(p, "unknown escape sequence") != NULL;
		}
		out[n++] = c;
	}
	if (!out || p->at >= p->text.n)
		return fail(p, "unterminated string") != NULL;
	p->at++;
	*ret = og_sv(out, n);
	return true;
}

bool cl_duration_ms(struct og_sv s, int64_t *ret)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
		{"w", 604800000}, {"y", 31536000000}};
	int64_t sum = 0;
	size_t at = 0;

	while (at < s.n) {
		int64_t n = 0;
		size_t from = at, u;

		for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && n < 1000000000; at++)
			n = n * 10 + (s.p[at] - '0');
		if (at == from)
			return false;
		for (u = 0; u < OG_COUNT(units); u++) {
			struct og_sv rest = og_sv(s.p + at, s.n - at);

			if (og_sv_starts(rest, og_svz(units[u].unit)))
				break;
		}
		if (u == OG_COUNT(units))
			return false;
		sum += n * units[u].ms;
		at += strlen(units[u].unit);
	}
	*ret = sum;
	return s.n > 0;
}

static bool duration(struct parser *p, int64_t *ret)
{
	size_t from;

	space(p);
	from = p->at;
	while (p->at < p->text.n && (id_byte(p->text.p[p->at], false) && p->text.p[p->at] != ':'))
		p->at++;
	if (!cl_duration_ms(og_sv(p->text.p + from, p->at - from), ret) || *ret <= 0)
		return fail(p, "a duration is expected") != NULL;
	return true;
}

static struct cl_expr *node(struct parser *p, enum cl_expr_type t)
{
	struct cl_expr *e = og_arena_new(p->a, struct cl_expr);

	if (!e)
		return fail(p, "memory");
	e->type = t;
	e->next = p->out->all;
	p->out->all = e;
	return e;
}

static bool match_op(struct parser *p, char *op)
{
	if (eat(p, "=~"))
		*op = '~';
	else if (eat(p, "!~"))
		*op = 'x';
	else if (eat(p, "!="))
		*op = '!';
	else if (eat(p, "="))
		*op = '=';
	else
		return fail(p, "a matching operator is expected") != NULL;
	return true;
}

static bool init_match(struct parser *p, struct cl_match *m)
{
	if (cl_match_init(m, p->a))
		return true;
	return fail(p, "error parsing regexp") != NULL;
}

/* {a="b", …}; UTF-8 names may be quoted, and a quoted name alone is the metric's. */
static bool braces(struct parser *p, struct cl_sel *s)
{
	while (!eat(p, "}")) {
		struct cl_match *m = cl_push(p->a, s, m);
		bool quoted = peek(p, "\"");

		if (!m)
			return fail(p, "memory") != NULL;
		if (quoted ? !string(p, &m->k) : !(m->k = ident(p)).n)
			return fail(p, "a label name is expected") != NULL;
		if (quoted && (peek(p, ",") || peek(p, "}"))) {
			m->v = m->k;
			m->k = OG_SV("__name__");
			m->op = '=';
			s->name = m->v;
		} else if (!match_op(p, &m->op) || !string(p, &m->v) || !init_match(p, m)) {
			return false;
		} else if (og_sv_is(m->k, "__name__") && m->op == '=') {
			s->name = m->v;
		}
		if (!eat(p, ",") && !peek(p, "}"))
			return fail(p, "\",\" or \"}\" is expected") != NULL;
	}
	return true;
}

static bool matches_empty(const struct cl_sel *s)
{
	for (uint32_t i = 0; i < s->nm; i++)
		if (!cl_match(&s->m[i], og_svz("")))
			return false;
	return true;
}

/* |= "x" != "x" |~ "x" !~ "x" | a="b" */
static bool log_pipeline(struct parser *p, struct cl_sel *s)
{
	static const struct {
		const char *text;
		char op;
		bool negate;
	} lines[] = {{"|=", '=', false}, {"|~", '~', false}, {"!=", '=', true}, {"!~", '~', true}};

	for (;;) {
		struct cl_filter *f;
		size_t i;

		for (i = 0; i < OG_COUNT(lines) && !eat(p, lines[i].text); i++)
			;
		if (i == OG_COUNT(lines) && !eat(p, "|"))
			return true;
		f = cl_push(p->a, s, filters);
		if (!f)
			return fail(p, "memory") != NULL;
		if (i < OG_COUNT(lines)) {
			f->kind = '|';
			f->negate = lines[i].negate;
			f->m.op = lines[i].op;
			if (!string(p, &f->m.v))
				return false;
			if (f->m.op == '~') /* unanchored */
				f->m.v =
					og_svz(og_arena_fmt(p->a, ".*(%.*s).*", OG_SV_ARG(f->m.v)));
		} else {
			f->kind = 'l';
			f->m.k = ident(p);
			if (!f->m.k.n || peek(p, "|"))
				return fail(p, "a label filter is expected: parsers and formats "
					       "are not simulated") != NULL;
			if (!match_op(p, &f->m.op) || !string(p, &f->m.v))
				return false;
		}
		if (!init_match(p, &f->m))
			return false;
	}
}

static bool grouping(struct parser *p, struct cl_expr *e)
{
	if (word(p, "without"))
		e->without = true;
	else if (!word(p, "by"))
		return true;
	e->grouped = true;
	if (!eat(p, "("))
		return fail(p, "\"(\" is expected in grouping") != NULL;
	while (!eat(p, ")")) {
		struct og_sv *name = cl_push(p->a, e, by);

		if (!name)
			return fail(p, "memory") != NULL;
		if (peek(p, "\"") ? !string(p, name) : !(*name = ident(p)).n)
			return fail(p, "a label name is expected in grouping") != NULL;
		if (!eat(p, ",") && !peek(p, ")"))
			return fail(p, "\",\" or \")\" is expected in grouping") != NULL;
	}
	return true;
}

static bool among(const char *const *list, size_t n, struct og_sv s)
{
	for (size_t i = 0; i < n; i++)
		if (og_sv_eq(og_svz(list[i]), s))
			return true;
	return false;
}

static const char *const aggs[] = {"sum", "count", "max", "min", "avg", "group"};
static const char *const range_fns[] = {"last_over_time", "max_over_time", "min_over_time",
	"sum_over_time", "avg_over_time", "count_over_time", "present_over_time", "rate",
	"increase"};
static const char *const log_fns[] = {"count_over_time", "rate", "bytes_over_time", "bytes_rate"};
static const char *const vec_fns[] = {
	"timestamp", "abs", "ceil", "floor", "round", "histogram_count"};

/* Behind an instant thing: [range], [range:step]. */
static struct cl_expr *ranged(struct parser *p, struct cl_expr *e)
{
	struct cl_expr *r;

	if (!e || !eat(p, "["))
		return e;
	r = e->type == CL_E_SELECTOR ? e : node(p, CL_E_SUBQUERY);
	if (!r || !duration(p, &r->range_ms))
		return NULL;
	if (eat(p, ":")) {
		if (r == e && !(r = node(p, CL_E_SUBQUERY)))
			return NULL;
		r->range_ms = e->type == CL_E_SELECTOR ? e->range_ms : r->range_ms;
		r->type = CL_E_SUBQUERY;
		r->a = e;
		r->step_ms = 60000; /* the default evaluation interval */
		if (!peek(p, "]") && !duration(p, &r->step_ms))
			return NULL;
	} else if (e->type == CL_E_SELECTOR) {
		r->type = CL_E_RANGE;
	} else {
		return fail(p, "ranges only allowed for vector selectors");
	}
	if (!eat(p, "]"))
		return fail(p, "\"]\" is expected");
	return r;
}

/* {…} filters [range] inside a range function of LogQL. */
static struct cl_expr *log_range(struct parser *p, bool range)
{
	struct cl_expr *e = node(p, range ? CL_E_RANGE : CL_E_LOGS);

	if (!e || !eat(p, "{"))
		return fail(p, "a stream selector is expected");
	if (!braces(p, &e->sel))
		return NULL;
	if (matches_empty(&e->sel))
		return fail(p, "queries require at least one regexp or equality matcher that does "
			       "not have an empty-compatible value. For instance, app=~\".*\" does "
			       "not meet this requirement, but app=~\".+\" will");
	if (range && eat(p, "[")) { /* the range may stand before the filters */
		if (!duration(p, &e->range_ms) || !eat(p, "]"))
			return fail(p, "\"]\" is expected");
	}
	if (!log_pipeline(p, &e->sel))
		return NULL;
	if (!range || e->range_ms)
		return e;
	if (!eat(p, "[") || !duration(p, &e->range_ms) || !eat(p, "]"))
		return fail(p, "a range is expected");
	return e;
}

/* label_replace(v, "dst", "replacement", "src", "regex") behind its "(". */
static struct cl_expr *label_replace(struct parser *p, struct cl_expr *e)
{
	struct cl_match *m;

	e->a = expr(p, 0);
	if (!e->a)
		return NULL;
	for (int i = 0; i < 4; i++) {
		struct og_sv *s = cl_push(p->a, e, by);

		if (!s || !eat(p, ","))
			return fail(p, "label_replace takes a vector and four strings");
		if (!string(p, s))
			return NULL;
	}
	m = cl_push(p->a, &e->sel, m);
	if (!m)
		return fail(p, "memory");
	m->op = 'r';
	m->v = e->by[3];
	(void)cl_match_init(m, p->a); /* a bad one is an error of execution */
	return eat(p, ")") ? e : fail(p, "\")\" is expected");
}

static struct cl_expr *call(struct parser *p, struct og_sv fn)
{
	struct cl_expr *e = node(p, CL_E_CALL);
	bool range = !p->loki && among(range_fns, OG_COUNT(range_fns), fn);

	if (!e)
		return NULL;
	e->fn = fn;
	if (!eat(p, "("))
		return fail(p, "\"(\" is expected");
	if (og_sv_is(fn, "label_replace"))
		return label_replace(p, e);
	if (og_sv_is(fn, "vector")) {
		e->a = expr(p, 0);
		if (e->a && e->a->type != CL_E_NUMBER)
			return fail(p, "expected type scalar in call to function \"vector\"");
		return !e->a || eat(p, ")") ? (e->a ? e : NULL) : fail(p, "\")\" is expected");
	}
	if (p->loki) {
		if (!among(log_fns, OG_COUNT(log_fns), fn))
			return fail(p, "this function is not simulated");
		e->a = log_range(p, true);
	} else if (og_sv_is(fn, "time") && peek(p, ")")) {
		e->a = e;
	} else if (range || among(vec_fns, OG_COUNT(vec_fns), fn)) {
		e->a = expr(p, 0);
	} else {
		return fail(p, "this function is not simulated");
	}
	if (!e->a)
		return NULL;
	if (range != (e->a->type == CL_E_RANGE || e->a->type == CL_E_SUBQUERY) && !p->loki)
		return fail(p, range ? "expected type range vector in call to function"
				     : "expected type instant vector in call to function");
	if (og_sv_is(fn, "time"))
		e->a = NULL;
	return eat(p, ")") ? e : fail(p, "\")\" is expected");
}

static struct cl_expr *aggregate(struct parser *p, struct og_sv fn)
{
	struct cl_expr *e = node(p, CL_E_AGG);

	if (!e || !grouping(p, e))
		return NULL;
	e->fn = fn;
	if (!eat(p, "("))
		return fail(p, "\"(\" is expected");
	e->a = expr(p, 0);
	if (!e->a)
		return NULL;
	if (e->a->type == CL_E_RANGE || e->a->type == CL_E_SUBQUERY || e->a->type == CL_E_LOGS)
		return fail(p, "expected type instant vector in aggregation expression");
	if (!eat(p, ")"))
		return fail(p, "only one argument is simulated; \")\" is expected");
	return e->grouped || grouping(p, e) ? e : NULL;
}

static struct cl_expr *selector(struct parser *p, struct og_sv name)
{
	struct cl_expr *e = node(p, CL_E_SELECTOR);
	struct cl_match *m;

	if (!e)
		return NULL;
	if (name.n) {
		m = cl_push(p->a, &e->sel, m);
		if (!m)
			return fail(p, "memory");
		*m = (struct cl_match){.k = OG_SV("__name__"), .v = name, .op = '='};
		e->sel.name = name;
	}
	if (eat(p, "{") && !braces(p, &e->sel))
		return NULL;
	if (matches_empty(&e->sel))
		return fail(p, "vector selector must contain at least one non-empty matcher");
	return e;
}

static struct cl_expr *offset(struct parser *p, struct cl_expr *e)
{
	if (!e || p->loki || !word(p, "offset"))
		return e;
	if (e->type != CL_E_SELECTOR && e->type != CL_E_RANGE && e->type != CL_E_SUBQUERY)
		return fail(p, "offset modifier must be preceded by a selector");
	return duration(p, &e->offset_ms) ? e : NULL;
}

static struct cl_expr *primary(struct parser *p)
{
	struct cl_expr *e;
	struct og_sv name;
	char *end;
	double v;

	if (eat(p, "(")) {
		e = expr(p, 0);
		if (e && !eat(p, ")"))
			return fail(p, "\")\" is expected");
		return e;
	}
	space(p);
	if (p->loki && peek(p, "{"))
		return log_range(p, false);
	if (p->at < p->text.n && strchr("0123456789.", p->text.p[p->at])) {
		v = strtod(p->text.p + p->at, &end); /* the text ends with a NUL */
		if (end == p->text.p + p->at)
			return fail(p, "a number is expected");
		p->at = (size_t)(end - p->text.p);
		e = node(p, CL_E_NUMBER);
		if (e)
			e->num = v;
		return e;
	}
	name = ident(p);
	if (!name.n && !peek(p, "{"))
		return fail(
			p, p->at >= p->text.n ? "unexpected end of input" : "unexpected character");
	if (name.n && among(aggs, OG_COUNT(aggs), name) &&
		(peek(p, "(") || peek(p, "by") || peek(p, "without")))
		return aggregate(p, name);
	if (name.n && peek(p, "("))
		return call(p, name);
	if (p->loki)
		return fail(p, "unexpected IDENTIFIER");
	return selector(p, name);
}

static struct cl_expr *unary(struct parser *p)
{
	struct cl_expr *e = NULL;

	if (++p->depth > CL_DEPTH)
		return fail(p, "nested too deeply");
	e = primary(p);
	if (!p->loki)
		e = ranged(p, e);
	e = offset(p, e);
	p->depth--;
	return e;
}

static const struct {
	const char *text;
	int level;
	bool keyword;
} ops[] = {{"or", 0, true}, {"and", 1, true}, {"unless", 1, true}, {"==", 2, false},
	{"!=", 2, false}, {">=", 2, false}, {"<=", 2, false}, {">", 2, false}, {"<", 2, false},
	{"+", 3, false}, {"-", 3, false}, {"*", 4, false}, {"/", 4, false}};

static const char *next_op(struct parser *p, int level)
{
	for (size_t i = 0; i < OG_COUNT(ops); i++)
		if (ops[i].level == level &&
			(ops[i].keyword ? word(p, ops[i].text) : eat(p, ops[i].text)))
			return ops[i].text;
	return NULL;
}

static bool modifiers(struct parser *p, struct cl_expr *e)
{
	if (word(p, "bool"))
		e->boolean = true;
	if (word(p, "on"))
		e->on = true;
	else if (word(p, "ignoring"))
		e->ignoring = true;
	else
		return true;
	if (!eat(p, "("))
		return fail(p, "\"(\" is expected") != NULL;
	while (!eat(p, ")")) {
		struct og_sv *name = cl_push(p->a, e, by);

		if (!name || !(*name = ident(p)).n || (!eat(p, ",") && !peek(p, ")")))
			return fail(p, "a label name is expected in grouping") != NULL;
	}
	if (peek(p, "group_"))
		return fail(p, "group_left and group_right are not simulated") != NULL;
	return true;
}

static bool instant(const struct cl_expr *e)
{
	return e->type != CL_E_RANGE && e->type != CL_E_SUBQUERY && e->type != CL_E_LOGS;
}

static struct cl_expr *expr(struct parser *p, int level)
{
	struct cl_expr *a;
	const char *op;

	if (level == 5)
		return unary(p);
	a = expr(p, level + 1);
	while (a && (op = next_op(p, level))) {
		struct cl_expr *e = node(p, CL_E_BINARY);

		if (!e)
			return NULL;
		e->fn = og_svz(op);
		e->a = a;
		if (!modifiers(p, e))
			return NULL;
		e->b = expr(p, level + 1);
		if (!e->b)
			return NULL;
		if (!instant(e->a) || !instant(e->b))
			return fail(p, "binary expression must contain only scalar and instant "
				       "vector types");
		a = e;
	}
	return a;
}

bool cl_expr_parse(struct og_arena *a, struct og_sv text, bool loki, struct cl_parsed *ret)
{
	struct parser p = {.a = a, .loki = loki, .out = ret};
	const char *z = og_arena_strndup(a, text.p ? text.p : "", text.n);

	*ret = (struct cl_parsed){0};
	p.text = og_svz(z);
	ret->root = z ? expr(&p, 0) : NULL;
	space(&p);
	if (ret->root && p.at < p.text.n)
		ret->root = fail(&p, "unexpected text behind the expression");
	return ret->root != NULL;
}

void cl_expr_fini(struct cl_parsed *p)
{
	for (struct cl_expr *e = p->all; e; e = e->next) {
		for (uint32_t i = 0; i < e->sel.nm; i++)
			cl_match_fini(&e->sel.m[i]);
		for (uint32_t i = 0; i < e->sel.nfilters; i++)
			cl_match_fini(&e->sel.filters[i].m);
	}
	p->all = NULL;
}
