/* SPDX-License-Identifier: Apache-2.0 */
/* metav1.LabelSelector: reading with every problem named, and matching. */
#include <stdarg.h>
#include <stdio.h>
#include "otelgate/kobj/names.h"
#include "otelgate/kobj/selector.h"

static const struct {
	const char *word;
	enum og_selector_op op;
	bool takes_values;
} ops[] = {
	{"In", OG_SEL_IN, true},
	{"NotIn", OG_SEL_NOT_IN, true},
	{"Exists", OG_SEL_EXISTS, false},
	{"DoesNotExist", OG_SEL_NOT_EXISTS, false},
};

struct reader {
	struct og_arena *arena;
	og_selector_problem_fn *report;
	void *ctx;
	char path[96]; /* of what is being read, below the selector */
	bool bad, oom;
};

static void problem(struct reader *r, struct og_jval at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void problem(struct reader *r, struct og_jval at, const char *fmt, ...)
{
	char msg[256];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	r->bad = true;
	r->report(r->ctx, at, r->path, msg);
}

static void at(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void at(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(r->path, sizeof r->path, fmt, ap);
	va_end(ap);
}

/* False (reported, or out of memory) when v is no string. */
static bool text(struct reader *r, struct og_jval v, struct og_sv *ret)
{
	if (!og_jis(v, OG_J_STRING)) {
		problem(r, v, "must be a string, not %s", og_jtype_name(og_jtype(v)));
		return false;
	}
	if (!og_jstr(v, r->arena, ret)) {
		r->oom = true;
		return false;
	}
	return true;
}

static bool label_key(struct reader *r, struct og_jval v, struct og_sv *ret)
{
	if (!text(r, v, ret))
		return false;
	if (og_name_is_label_key(*ret))
		return true;
	problem(r, v, "is not a label key (expected [prefix/]name)");
	return false;
}

static bool label_value(struct reader *r, struct og_jval v, struct og_sv *ret)
{
	if (!text(r, v, ret))
		return false;
	if (og_name_is_label_value(*ret))
		return true;
	problem(r, v, "is not a label value (at most 63 of A-Z a-z 0-9 . _ -)");
	return false;
}

static void read_labels(struct reader *r, struct og_jval v, struct og_selector_req *req)
{
	og_jfor (it, v) {
		struct og_sv *value = og_arena_new(r->arena, struct og_sv);
		if (!value) {
			r->oom = true;
			return;
		}
		at(r, "matchLabels");
		if (label_key(r, it.key, &req->key)) {
			at(r, "matchLabels.%.*s", OG_SV_ARG(req->key));
			(void)label_value(r, it.val, value);
		}
		req->op = OG_SEL_IN;
		req->values = value;
		req->nvalues = 1;
		req++;
	}
}

static void read_values(struct reader *r, struct og_jval v, uint32_t i, struct og_selector_req *req)
{
	uint32_t n = og_jcount(v);
	struct og_sv *values = n ? og_arena_new_n(r->arena, n, struct og_sv) : NULL;
	if (n && !values) {
		r->oom = true;
		return;
	}
	og_jfor (it, v) {
		at(r, "matchExpressions[%u].values[%u]", i, it.index);
		(void)label_value(r, it.val, &values[it.index]);
	}
	req->values = values;
	req->nvalues = n;
}

static void read_op(struct reader *r, struct og_jval e, uint32_t i, struct og_selector_req *req)
{
	struct og_jval v = og_jgetl(e, "operator"), values = og_jgetl(e, "values");
	const size_t nops = sizeof ops / sizeof ops[0];
	size_t k = 0;
	while (k < nops && !og_jstr_eq(v, og_svz(ops[k].word)))
		k++;
	at(r, "matchExpressions[%u].operator", i);
	if (k == nops) {
		problem(r, og_junset(v) ? e : v,
			og_junset(v) ? "is missing (In, NotIn, Exists or DoesNotExist)"
				     : "must be In, NotIn, Exists or DoesNotExist");
		return;
	}
	req->op = ops[k].op;
	at(r, "matchExpressions[%u].values", i);
	if (!og_junset(values) && !og_jis(values, OG_J_ARRAY))
		problem(r, values, "must be an array, not %s", og_jtype_name(og_jtype(values)));
	else if (ops[k].takes_values && !og_jcount(values))
		problem(r, og_junset(values) ? v : values, "must not be empty with operator %s",
			ops[k].word);
	else if (!ops[k].takes_values && og_jcount(values))
		problem(r, values, "must be empty with operator %s", ops[k].word);
	else
		read_values(r, values, i, req);
}

static void read_expressions(struct reader *r, struct og_jval v, struct og_selector_req *req)
{
	og_jfor (it, v) {
		at(r, "matchExpressions[%u]", it.index);
		if (!og_jis(it.val, OG_J_OBJECT)) {
			problem(r, it.val, "must be an object, not %s",
				og_jtype_name(og_jtype(it.val)));
			continue;
		}
		og_jfor (m, it.val) {
			if (!og_jstr_is(m.key, "key") && !og_jstr_is(m.key, "operator") &&
				!og_jstr_is(m.key, "values"))
				problem(r, m.key, "has an unknown field (key, operator, values)");
		}
		struct og_jval key = og_jgetl(it.val, "key");
		at(r, "matchExpressions[%u].key", it.index);
		if (og_junset(key))
			problem(r, it.val, "is missing");
		else
			(void)label_key(r, key, &req->key);
		read_op(r, it.val, it.index, req++);
	}
}

static bool shape(struct reader *r, struct og_jval v, const char *name, enum og_jtype want)
{
	at(r, "%s", name);
	if (og_junset(v) || og_jis(v, want))
		return true;
	problem(r, v, "must be %s, not %s", want == OG_J_OBJECT ? "an object" : "an array",
		og_jtype_name(og_jtype(v)));
	return false;
}

int og_selector_read_all(struct og_jval v, struct og_arena *arena, struct og_selector *ret,
	og_selector_problem_fn *report, void *ctx)
{
	struct reader r = {.arena = arena, .report = report, .ctx = ctx};
	if (og_junset(v)) {
		*ret = (struct og_selector){.present = false};
		return 0;
	}
	if (!og_jis(v, OG_J_OBJECT)) {
		problem(&r, v, "must be an object, not %s", og_jtype_name(og_jtype(v)));
		return -OG_E_CONFIG;
	}
	og_jfor (it, v) {
		if (!og_jstr_is(it.key, "matchLabels") && !og_jstr_is(it.key, "matchExpressions"))
			problem(&r, it.key, "has an unknown field (matchLabels, matchExpressions)");
	}
	struct og_jval labels = og_jgetl(v, "matchLabels");
	struct og_jval exprs = og_jgetl(v, "matchExpressions");
	bool ok = shape(&r, labels, "matchLabels", OG_J_OBJECT);
	ok = shape(&r, exprs, "matchExpressions", OG_J_ARRAY) && ok;
	uint32_t n = ok ? og_jcount(labels) + og_jcount(exprs) : 0;
	struct og_selector_req *reqs = n ? og_arena_new_n(arena, n, struct og_selector_req) : NULL;
	if (n && !reqs)
		return -OG_E_OOM;
	if (n) {
		read_labels(&r, labels, reqs);
		read_expressions(&r, exprs, reqs + og_jcount(labels));
	}
	if (r.oom)
		return -OG_E_OOM;
	if (r.bad)
		return -OG_E_CONFIG;
	*ret = (struct og_selector){.present = true, .reqs = reqs, .nreqs = n};
	return 0;
}

static void keep_first(void *ctx, struct og_jval where, const char *path, const char *message)
{
	struct og_err *err = ctx;
	(void)where;
	if (err->code == OG_OK)
		(void)og_err_set(err, OG_E_CONFIG, "%s%s%s", path, *path ? " " : "", message);
}

int og_selector_read(
	struct og_jval v, struct og_arena *arena, struct og_selector *ret, struct og_err *err)
{
	struct og_err first = OG_ERR_INIT;
	int rc = og_selector_read_all(v, arena, ret, keep_first, &first);
	if (rc == -OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "out of memory reading a label selector");
	if (rc && err)
		*err = first;
	return rc;
}

static bool req_match(const struct og_selector_req *q, const struct og_kvs *labels)
{
	const struct og_sv *have = og_kvs_get(labels, q->key);
	if (q->op == OG_SEL_EXISTS || q->op == OG_SEL_NOT_EXISTS)
		return (have != NULL) == (q->op == OG_SEL_EXISTS);
	bool in = false;
	for (uint32_t i = 0; have && !in && i < q->nvalues; i++)
		in = og_sv_eq(*have, q->values[i]);
	return in == (q->op == OG_SEL_IN);
}

bool og_selector_match(const struct og_selector *s, const struct og_kvs *labels)
{
	if (!s->present)
		return false;
	for (uint32_t i = 0; i < s->nreqs; i++) {
		if (!req_match(&s->reqs[i], labels))
			return false;
	}
	return true;
}
