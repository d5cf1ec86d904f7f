/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors as people type them. */
#include "otelgate/base/mem.h"
#include "otelgate/kobj/selector.h"

static void blanks(struct og_sv *s)
{
	while (s->n && (*s->p == ' ' || *s->p == '\t'))
		*s = og_sv(s->p + 1, s->n - 1);
}

static bool take(struct og_sv *s, const char *word)
{
	struct og_sv w = og_svz(word);

	blanks(s);
	if (!og_sv_starts(*s, w))
		return false;
	*s = og_sv(s->p + w.n, s->n - w.n);
	return true;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '/';
}

/* May be empty, as values may. */
static struct og_sv name(struct og_sv *s)
{
	size_t n = 0;

	blanks(s);
	while (n < s->n && is_name(s->p[n]))
		n++;
	struct og_sv word = og_sv(s->p, n);
	*s = og_sv(s->p + n, s->n - n);
	return word;
}

static int values(
	struct og_sv *s, struct og_arena *arena, struct og_selector_req *q, struct og_err *err)
{
	struct og_sv *v = og_arena_new_n(arena, OG_SELECTOR_MAX_VALUES, struct og_sv);

	if (!v)
		return og_err_set(err, OG_E_OOM, "reading a selector");
	if (!take(s, "("))
		return og_err_set(err, OG_E_PARSE, "in and notin want a list: a in (b,c)");
	do {
		if (q->nvalues == OG_SELECTOR_MAX_VALUES)
			return og_err_set(
				err, OG_E_LIMIT, "more than %d values", OG_SELECTOR_MAX_VALUES);
		v[q->nvalues++] = name(s);
	} while (take(s, ","));
	if (!take(s, ")"))
		return og_err_set(err, OG_E_PARSE, "a \")\" is missing: a in (b,c)");
	q->values = v;
	return 0;
}

static int one_value(
	struct og_sv *s, struct og_arena *arena, struct og_selector_req *q, struct og_err *err)
{
	struct og_sv *v = og_arena_new(arena, struct og_sv);

	if (!v)
		return og_err_set(err, OG_E_OOM, "reading a selector");
	*v = name(s);
	q->values = v;
	q->nvalues = 1;
	return 0;
}

static int requirement(
	struct og_sv *s, struct og_arena *arena, struct og_selector_req *q, struct og_err *err)
{
	bool not = take(s, "!");

	*q = (struct og_selector_req){.key = name(s), .op = OG_SEL_EXISTS};
	if (!q->key.n)
		return og_err_set(
			err, OG_E_PARSE, "a label's name is missing: a=b, a in (b,c), !a");
	if (not ) {
		q->op = OG_SEL_NOT_EXISTS;
		return 0;
	}
	if (take(s, "!=")) {
		q->op = OG_SEL_NOT_IN;
		return one_value(s, arena, q, err);
	}
	if (take(s, "==") || take(s, "=")) {
		q->op = OG_SEL_IN;
		return one_value(s, arena, q, err);
	}
	struct og_sv rest = *s;
	struct og_sv word = name(&rest);
	if (!word.n)
		return 0;
	q->op = og_sv_is(word, "in") ? OG_SEL_IN : OG_SEL_NOT_IN;
	if (!og_sv_is(word, "in") && !og_sv_is(word, "notin"))
		return og_err_set(err, OG_E_PARSE, "expected =, !=, in, notin or a comma");
	*s = rest;
	return values(s, arena, q, err);
}

int og_selector_parse(
	struct og_sv text, struct og_arena *arena, struct og_selector *ret, struct og_err *err)
{
	struct og_selector_req *v =
		og_arena_new_n(arena, OG_SELECTOR_MAX_REQS, struct og_selector_req);
	uint32_t n = 0;

	if (!v)
		return og_err_set(err, OG_E_OOM, "reading a selector");
	do {
		if (n == OG_SELECTOR_MAX_REQS)
			return og_err_set(
				err, OG_E_LIMIT, "more than %d requirements", OG_SELECTOR_MAX_REQS);
		int r = requirement(&text, arena, &v[n], err);
		if (r < 0)
			return r;
		n++;
	} while (take(&text, ","));
	blanks(&text);
	if (text.n)
		return og_err_set(err, OG_E_PARSE, "expected =, !=, in, notin or a comma");
	*ret = (struct og_selector){.present = true, .reqs = v, .nreqs = n};
	return 0;
}
