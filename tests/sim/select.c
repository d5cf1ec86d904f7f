/* SPDX-License-Identifier: Apache-2.0 */
/* labelSelector and fieldSelector of lists and watches, and LabelSelector objects. */
#include "otelgate/kobj/names.h"
#include "sim/sim-priv.h"

enum op { EQ, NE, IN, NOTIN, EXISTS, ABSENT };
enum what { LABEL, F_NAME, F_NS, F_NODE, F_PHASE, F_JSON };
struct sim_term {
	enum what what;
	enum op op;
	struct og_sv key;
	struct og_sv *values;
	size_t nvalues;
	const char *path[3]; /* F_JSON: where in the object */
};

static bool value_in(const struct sim_term *t, struct og_sv v)
{
	for (size_t i = 0; i < t->nvalues; i++)
		if (og_sv_eq(t->values[i], v))
			return true;
	return false;
}

static bool term_holds(const struct sim_term *t, bool there, struct og_sv v)
{
	switch (t->op) {
	case EQ:
	case IN:
		return there && value_in(t, v);
	case NE:
	case NOTIN:
		return !there || !value_in(t, v);
	case EXISTS:
		return there;
	case ABSENT:
		return !there;
	}
	return false;
}

static bool json_holds(const struct sim_term *t, const struct sim_obj *o)
{
	json_t *j = sim_obj_json(o), *v = j;
	bool ok;

	for (size_t i = 0; i < OG_COUNT(t->path) && t->path[i]; i++)
		v = json_object_get(v, t->path[i]);
	ok = term_holds(t, true, og_svz(json_string_value(v)));
	json_decref(j);
	return ok;
}

bool sim_select_match(const struct sim_select *sel, const struct sim_obj *o)
{
	for (size_t i = 0; i < sel->nterms; i++) {
		const struct sim_term *t = &sel->terms[i];
		struct og_sv v;
		bool ok;

		switch (t->what) {
		case LABEL:
			v = sim_obj_label(o, t->key);
			ok = term_holds(t, v.p != NULL, v);
			break;
		case F_NAME:
			ok = term_holds(t, true, o->name);
			break;
		case F_NS:
			ok = term_holds(t, true, o->ns);
			break;
		case F_NODE:
			ok = term_holds(t, true, o->node);
			break;
		case F_PHASE:
			ok = term_holds(t, true, o->phase);
			break;
		default:
			ok = json_holds(t, o);
		}
		if (!ok)
			return false;
	}
	return true;
}

/* ---- label selectors as text ---- */
struct scan {
	struct sim_req *q;
	struct og_sv s;
	size_t at;
};

static void blanks(struct scan *c)
{
	while (c->at < c->s.n && (c->s.p[c->at] == ' ' || c->s.p[c->at] == '\t'))
		c->at++;
}

static struct og_sv word(struct scan *c)
{
	size_t from;

	blanks(c);
	from = c->at;
	while (c->at < c->s.n && !strchr(" \t,()=!<>", c->s.p[c->at]))
		c->at++;
	return og_sv(c->s.p + from, c->at - from);
}

static bool eat(struct scan *c, const char *text)
{
	size_t n = strlen(text);

	blanks(c);
	if (c->s.n - c->at < n || memcmp(c->s.p + c->at, text, n))
		return false;
	c->at += n;
	return true;
}

static bool add_value(struct sim_req *q, struct sim_term *t, struct og_sv v)
{
	struct og_sv *a = og_arena_grow(
		q->a, t->values, t->nvalues * sizeof(*a), (t->nvalues + 1) * sizeof(*a));

	if (!a)
		return false;
	t->values = a;
	t->values[t->nvalues++] = v;
	return true;
}

static bool set_term(struct scan *c, struct sim_term *t)
{
	t->values = og_arena_alloc(c->q->a, sizeof(*t->values));
	if (!t->values || !eat(c, "("))
		return false;
	for (;;) {
		if (!add_value(c->q, t, word(c)))
			return false;
		if (eat(c, ")"))
			return true;
		if (!eat(c, ","))
			return false;
	}
}

static bool one_term(struct scan *c, struct sim_term *t)
{
	struct og_sv w;

	t->what = LABEL;
	if (eat(c, "!")) {
		t->op = ABSENT;
		t->key = word(c);
		return t->key.n > 0;
	}
	t->key = word(c);
	if (!t->key.n || !og_name_is_label_key(t->key))
		return false;
	if (eat(c, "==") || eat(c, "=")) {
		t->op = EQ;
	} else if (eat(c, "!=")) {
		t->op = NE;
	} else {
		size_t back = c->at;

		w = word(c);
		if (og_sv_is(w, "in") || og_sv_is(w, "notin")) {
			t->op = og_sv_is(w, "in") ? IN : NOTIN;
			return set_term(c, t);
		}
		c->at = back;
		t->op = EXISTS;
		return w.n == 0;
	}
	w = word(c);
	return og_name_is_label_value(w) && add_value(c->q, t, w);
}

static struct sim_term *grow(struct sim_req *q, struct sim_select *sel)
{
	struct sim_term *t = og_arena_calloc(q->a, sel->nterms + 1, sizeof(*t));

	if (!t)
		return NULL;
	if (sel->nterms)
		memcpy(t, sel->terms, sel->nterms * sizeof(*t));
	sel->terms = t;
	return &t[sel->nterms++];
}

static bool labels(struct sim_req *q, struct og_sv text, struct sim_select *sel)
{
	struct scan c = {q, text, 0};

	blanks(&c);
	if (c.at == text.n)
		return true;
	do {
		struct sim_term *t = grow(q, sel);

		if (!t || !one_term(&c, t))
			return false;
		blanks(&c);
	} while (eat(&c, ","));
	return c.at == text.n;
}

/* ---- field selectors: metadata.name, metadata.namespace everywhere, and some per kind ---- */
static const struct field {
	const char *plural, *name;
	enum what what;
	const char *path[3];
} fields[] = {
	{NULL, "metadata.name", F_NAME, {NULL}},
	{NULL, "metadata.namespace", F_NS, {NULL}},
	{"pods", "spec.nodeName", F_NODE, {NULL}},
	{"pods", "status.phase", F_PHASE, {NULL}},
	{"namespaces", "status.phase", F_PHASE, {NULL}},
	{"pods", "spec.restartPolicy", F_JSON, {"spec", "restartPolicy"}},
	{"pods", "spec.serviceAccountName", F_JSON, {"spec", "serviceAccountName"}},
	{"secrets", "type", F_JSON, {"type"}},
	{"events", "involvedObject.name", F_JSON, {"involvedObject", "name"}},
	{"events", "involvedObject.uid", F_JSON, {"involvedObject", "uid"}},
	{"events", "involvedObject.kind", F_JSON, {"involvedObject", "kind"}},
	{"events", "regarding.name", F_JSON, {"involvedObject", "name"}},
	{"events", "regarding.uid", F_JSON, {"involvedObject", "uid"}},
	{"events", "regarding.kind", F_JSON, {"involvedObject", "kind"}},
	{"events", "reason", F_JSON, {"reason"}},
	{"events", "type", F_JSON, {"type"}},
};

static bool one_field(struct sim_req *q, struct og_sv part, struct sim_term *t, bool *ret_known)
{
	size_t eq = og_sv_chr(part, '=');
	struct og_sv name, val;

	*ret_known = true;
	if (eq == 0 || eq == part.n)
		return false;
	name = og_sv(part.p, eq);
	val = og_sv(part.p + eq + 1, part.n - eq - 1);
	t->op = EQ;
	if (name.p[name.n - 1] == '!') {
		t->op = NE;
		name.n--;
	} else if (val.n && val.p[0] == '=') {
		val = og_sv(val.p + 1, val.n - 1);
	}
	t->key = name;
	for (size_t i = 0; i < OG_COUNT(fields); i++) {
		const struct field *f = &fields[i];

		if ((f->plural && strcmp(f->plural, q->res->plural)) ||
			!og_sv_eq(og_svz(f->name), name))
			continue;
		t->what = f->what;
		memcpy(t->path, f->path, sizeof(t->path));
		return add_value(q, t, val);
	}
	*ret_known = false;
	return false;
}

bool sim_select_parse(struct sim_req *q, struct sim_select *ret)
{
	struct og_sv rest = sim_param(q, "fieldSelector"), part;

	*ret = (struct sim_select){0};
	if (!labels(q, sim_param(q, "labelSelector"), ret)) {
		sim_fail_bad(q, "unable to parse requirement: labelSelector is not valid");
		return false;
	}
	while (og_sv_split(&rest, ',', &part)) {
		struct sim_term *t = grow(q, ret);
		bool known;

		if (t && one_field(q, part, t, &known))
			continue;
		if (t && !known)
			sim_fail_bad(
				q, "\"%.*s\" is not a known field selector", OG_SV_ARG(t->key));
		else
			sim_fail_bad(q, "invalid selector: '%.*s'; can't understand '%.*s'",
				OG_SV_ARG(sim_param(q, "fieldSelector")), OG_SV_ARG(part));
		return false;
	}
	return true;
}

/* ---- metav1.LabelSelector ---- */
static bool expression(const json_t *e, const json_t *labels_)
{
	const char *key = json_string_value(json_object_get(e, "key"));
	const char *op = json_string_value(json_object_get(e, "operator"));
	const char *v = key ? json_string_value(json_object_get(labels_, key)) : NULL;
	bool in = false;
	size_t i;
	json_t *x;

	if (!key || !op)
		return false;
	json_array_foreach(json_object_get(e, "values"), i, x)
	{
		if (v && json_string_value(x) && !strcmp(json_string_value(x), v))
			in = true;
	}
	if (!strcmp(op, "In"))
		return in;
	if (!strcmp(op, "NotIn"))
		return !in;
	if (!strcmp(op, "Exists"))
		return v != NULL;
	return !strcmp(op, "DoesNotExist") && !v;
}

bool sim_label_match(const json_t *selector, const json_t *labels_)
{
	const char *k;
	json_t *v;
	size_t i;

	if (!json_is_object(selector))
		return false;
	json_object_foreach(json_object_get(selector, "matchLabels"), k, v)
	{
		if (!json_equal(v, json_object_get(labels_, k)))
			return false;
	}
	json_array_foreach(json_object_get(selector, "matchExpressions"), i, v)
	{
		if (!expression(v, labels_))
			return false;
	}
	return true;
}
