/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of CEL that matchConditions of webhooks are written in: fields, [], has(), in, ! && ||,
 * comparisons, the conditional, startsWith endsWith contains size. No macros. Errors behave as in
 * CEL: && and || absorb them when the other side decides.
 */
#include <ctype.h>
#include "sim/admission-priv.h"

enum type { T_ERR, T_NULL, T_BOOL, T_INT, T_STR, T_JSON };
struct val {
	enum type t;
	bool fresh; /* an error of this very step: what has() asks about */
	bool b;
	int64_t i;
	struct og_sv s;
	const json_t *j;
};

struct cel {
	struct og_sv text;
	size_t at;
	const struct sim_cel_vars *vars;
	bool bad; /* not understood */
	int depth;
};

enum { MAX_DEPTH = 64 };

static struct val expr(struct cel *c);

static struct val err_val(bool fresh)
{
	return (struct val){.t = T_ERR, .fresh = fresh};
}

static struct val bool_val(bool b)
{
	return (struct val){.t = T_BOOL, .b = b};
}

static struct val of_json(const json_t *j)
{
	if (!j)
		return err_val(true);
	if (json_is_string(j))
		return (struct val){
			.t = T_STR, .s = og_sv(json_string_value(j), json_string_length(j))};
	if (json_is_boolean(j))
		return bool_val(json_is_true(j));
	if (json_is_integer(j))
		return (struct val){.t = T_INT, .i = json_integer_value(j)};
	if (json_is_null(j))
		return (struct val){.t = T_NULL};
	return (struct val){.t = T_JSON, .j = j};
}

static void blanks(struct cel *c)
{
	while (c->at < c->text.n && isspace((unsigned char)c->text.p[c->at]))
		c->at++;
}

static bool eat(struct cel *c, const char *tok)
{
	size_t n = strlen(tok);
	bool word = isalpha((unsigned char)tok[0]);

	blanks(c);
	if (c->text.n - c->at < n || memcmp(c->text.p + c->at, tok, n))
		return false;
	if (word && c->at + n < c->text.n &&
		(isalnum((unsigned char)c->text.p[c->at + n]) || c->text.p[c->at + n] == '_'))
		return false;
	c->at += n;
	return true;
}

static void need(struct cel *c, const char *tok)
{
	if (!eat(c, tok))
		c->bad = true;
}

static struct og_sv ident(struct cel *c)
{
	size_t from;

	blanks(c);
	from = c->at;
	while (c->at < c->text.n &&
		(isalnum((unsigned char)c->text.p[c->at]) || c->text.p[c->at] == '_'))
		c->at++;
	return og_sv(c->text.p + from, c->at - from);
}

/* 'x' or "x" without escapes. */
static struct val quoted(struct cel *c)
{
	char q = c->text.p[c->at++];
	size_t from = c->at;

	while (c->at < c->text.n && c->text.p[c->at] != q && c->text.p[c->at] != '\\')
		c->at++;
	if (c->at == c->text.n || c->text.p[c->at] != q) {
		c->bad = true;
		return err_val(false);
	}
	return (struct val){.t = T_STR, .s = og_sv(c->text.p + from, c->at++ - from)};
}

static struct val member(struct val v, struct og_sv name)
{
	og_auto_free char *key = sim_fmt("%.*s", OG_SV_ARG(name));

	if (v.t != T_JSON || !json_is_object(v.j) || !key)
		return err_val(false);
	return of_json(json_object_get(v.j, key));
}

static struct val item(struct val v, struct val k)
{
	if (k.t == T_STR)
		return member(v, k.s);
	if (k.t == T_INT && v.t == T_JSON && json_is_array(v.j) && k.i >= 0)
		return of_json(json_array_get(v.j, (size_t)k.i));
	return err_val(false);
}

static struct val call(struct cel *c, struct val v, struct og_sv name)
{
	struct val a = {.t = T_ERR};

	if (og_sv_is(name, "size")) {
		need(c, ")");
		if (v.t == T_STR)
			return (struct val){.t = T_INT, .i = (int64_t)v.s.n};
		if (v.t != T_JSON)
			return err_val(false);
		return (struct val){
			.t = T_INT, .i = (int64_t)(json_array_size(v.j) + json_object_size(v.j))};
	}
	a = expr(c);
	need(c, ")");
	if (v.t != T_STR || a.t != T_STR)
		return err_val(false);
	if (og_sv_is(name, "startsWith"))
		return bool_val(og_sv_starts(v.s, a.s));
	if (og_sv_is(name, "endsWith"))
		return bool_val(og_sv_ends(v.s, a.s));
	if (og_sv_is(name, "contains"))
		return bool_val(og_sv_has(v.s, a.s));
	c->bad = true;
	return err_val(false);
}

static struct val variable(struct cel *c, struct og_sv name)
{
	if (og_sv_is(name, "object"))
		return of_json(c->vars->object);
	if (og_sv_is(name, "oldObject"))
		return (struct val){.t = T_NULL};
	if (og_sv_is(name, "request"))
		return of_json(c->vars->request);
	c->bad = true;
	return err_val(false);
}

static struct val primary(struct cel *c)
{
	struct val v;

	blanks(c);
	if (c->at == c->text.n) {
		c->bad = true;
		return err_val(false);
	}
	if (c->text.p[c->at] == '\'' || c->text.p[c->at] == '"')
		return quoted(c);
	if (eat(c, "(")) {
		v = expr(c);
		need(c, ")");
		return v;
	}
	if (eat(c, "true"))
		return bool_val(true);
	if (eat(c, "false"))
		return bool_val(false);
	if (eat(c, "null"))
		return (struct val){.t = T_NULL};
	if (isdigit((unsigned char)c->text.p[c->at])) {
		int64_t n = 0;

		while (c->at < c->text.n && isdigit((unsigned char)c->text.p[c->at]) &&
			n < 1000000000)
			n = n * 10 + (c->text.p[c->at++] - '0');
		return (struct val){.t = T_INT, .i = n};
	}
	if (eat(c, "has")) {
		need(c, "(");
		v = expr(c);
		need(c, ")");
		return v.t == T_ERR ? (v.fresh ? bool_val(false) : v) : bool_val(true);
	}
	return variable(c, ident(c));
}

static struct val postfix(struct cel *c)
{
	struct val v = primary(c);

	while (!c->bad) {
		if (eat(c, ".")) {
			struct og_sv name = ident(c);

			v = eat(c, "(") ? call(c, v, name) : member(v, name);
		} else if (eat(c, "[")) {
			struct val k = expr(c);

			need(c, "]");
			v = item(v, k);
		} else {
			break;
		}
	}
	return v;
}

static struct val unary(struct cel *c)
{
	struct val v;

	if (c->at < c->text.n && (blanks(c), c->text.n - c->at > 1) && c->text.p[c->at] == '!' &&
		c->text.p[c->at + 1] != '=') {
		c->at++;
		if (++c->depth > MAX_DEPTH) {
			c->bad = true;
			return err_val(false);
		}
		v = unary(c);
		c->depth--;
		return v.t == T_BOOL ? bool_val(!v.b) : err_val(false);
	}
	return postfix(c);
}

static struct val in_list(struct val x, struct val list)
{
	size_t i;
	json_t *v;

	if (list.t != T_JSON || x.t != T_STR)
		return err_val(false);
	if (json_is_object(list.j))
		return bool_val(member(list, x.s).t != T_ERR);
	json_array_foreach(list.j, i, v)
	{
		struct val e = of_json(v);

		if (e.t == T_STR && og_sv_eq(e.s, x.s))
			return bool_val(true);
	}
	return bool_val(false);
}

static struct val same(struct val a, struct val b, bool want)
{
	bool eq;

	if (a.t == T_ERR || b.t == T_ERR)
		return err_val(false);
	if (a.t != b.t)
		return bool_val(!want);
	eq = a.t == T_STR    ? og_sv_eq(a.s, b.s)
	     : a.t == T_BOOL ? a.b == b.b
	     : a.t == T_INT  ? a.i == b.i
	     : a.t == T_JSON ? json_equal(a.j, b.j)
			     : true;
	return bool_val(eq == want);
}

static struct val relation(struct cel *c)
{
	static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
	struct val a = unary(c), b;

	if (eat(c, "in")) {
		b = unary(c);
		return a.t == T_ERR || b.t == T_ERR ? err_val(false) : in_list(a, b);
	}
	for (size_t i = 0; i < OG_COUNT(ops); i++) {
		if (!eat(c, ops[i]))
			continue;
		b = unary(c);
		if (i < 2)
			return same(a, b, i == 0);
		if (a.t != T_INT || b.t != T_INT)
			return err_val(false);
		return bool_val(i == 2	 ? a.i <= b.i
				: i == 3 ? a.i >= b.i
				: i == 4 ? a.i < b.i
					 : a.i > b.i);
	}
	return a;
}

/* One side that decides is enough; otherwise an error stays one. */
static struct val join(struct val a, struct val b, bool decides)
{
	if ((a.t == T_BOOL && a.b == decides) || (b.t == T_BOOL && b.b == decides))
		return bool_val(decides);
	return a.t == T_BOOL && b.t == T_BOOL ? bool_val(!decides) : err_val(false);
}

static struct val conjunction(struct cel *c)
{
	struct val v = relation(c);

	while (!c->bad && eat(c, "&&"))
		v = join(v, relation(c), false);
	return v;
}

static struct val expr(struct cel *c)
{
	struct val v, yes, no;

	if (++c->depth > MAX_DEPTH) {
		c->bad = true;
		return err_val(false);
	}
	v = conjunction(c);
	while (!c->bad && eat(c, "||"))
		v = join(v, conjunction(c), true);
	if (!c->bad && eat(c, "?")) {
		yes = expr(c);
		need(c, ":");
		no = expr(c);
		v = v.t != T_BOOL ? err_val(false) : v.b ? yes : no;
	}
	c->depth--;
	return v;
}

enum sim_cel sim_cel_eval(const char *text, const struct sim_cel_vars *vars)
{
	struct cel c = {.text = og_svz(text), .vars = vars};
	struct val v = expr(&c);

	blanks(&c);
	if (c.bad || c.at != c.text.n)
		return SIM_CEL_UNKNOWN;
	if (v.t != T_BOOL)
		return SIM_CEL_ERROR;
	return v.b ? SIM_CEL_TRUE : SIM_CEL_FALSE;
}
