/* SPDX-License-Identifier: Apache-2.0 */
/* Reading spec by the field table: types, words, ranges, syntax, unknown fields, defaults. */
#include "otelgate/base/parse.h"
#include "otelgate/base/suggest.h"
#include "config_read-priv.h"
#include "fields-priv.h"

enum { MAX_STRING_BYTES = 4096 };

size_t cfg_row(const struct cfg_doc *d, const char *path)
{
	int row = og_field_index(d->type->doc, og_svz(path));
	return row < 0 ? 0 : (size_t)row;
}

struct og_jval cfg_val(const struct cfg_doc *d, const char *path)
{
	return d->val[cfg_row(d, path)];
}

bool cfg_given(const struct cfg_doc *d, const char *path)
{
	return og_jtype(cfg_val(d, path)) != OG_J_ABSENT;
}

bool cfg_ok(const struct cfg_doc *d, const char *path)
{
	return !d->bad[cfg_row(d, path)];
}

bool cfg_is_template(struct og_sv s)
{
	size_t lt = og_sv_chr(s, '<');
	return og_sv_has(s, OG_SV("{{")) || og_sv_has(s, OG_SV("${")) ||
	       og_sv_chr(og_sv(s.p + lt, s.n - lt), '>') < s.n - lt;
}

static bool is_scalar(struct og_jval v)
{
	enum og_jtype t = og_jtype(v);
	return t == OG_J_FALSE || t == OG_J_TRUE || t == OG_J_NUMBER;
}

bool cfg_text(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path,
	struct og_sv *ret)
{
	if (!og_jis(v, OG_J_STRING)) {
		bool boolean = og_jis(v, OG_J_TRUE) || og_jis(v, OG_J_FALSE);
		cfg_error(r, d, v, path,
			boolean ? "YAML reads y, n, yes, no, on and off as booleans: put it in quotes"
			: is_scalar(v) ? "put it in quotes"
				       : NULL,
			"must be a string, not %s", og_jtype_name(og_jtype(v)));
		return false;
	}
	if (!og_jstr(v, r->arena, ret)) {
		r->oom = true;
		return false;
	}
	if (memchr(ret->p, 0, ret->n)) {
		cfg_error(r, d, v, path, NULL, "holds a NUL character");
		return false;
	}
	if (ret->n > MAX_STRING_BYTES) {
		cfg_error(r, d, v, path, NULL, "is longer than %d bytes", MAX_STRING_BYTES);
		return false;
	}
	return true;
}

static bool check_word(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, const char *path, struct og_sv s, uint32_t *ret)
{
	const char *words[32], *near;
	size_t n = 0;
	og_auto_buf struct og_buf list = OG_BUF_INIT(1024);
	if (og_field_word(f, s, ret))
		return true;
	for (uint32_t i = f->first_word;
		f->words[i] && (!f->max_words || i < f->first_word + f->max_words) && n < 32; i++)
		words[n++] = f->words[i];
	near = og_suggest(s, words, n);
	og_field_words_text(f, &list);
	if (list.failed)
		r->oom = true;
	cfg_error(r, d, v, path, near ? cfg_fmt(r, "did you mean \"%s\"?", near) : NULL,
		"must be %s", list.p ? list.p : "");
	return false;
}

/* A string by the row's format and words. `path` names the value (it may be a list's element). */
static bool check_string(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, const char *path, struct og_sv *ret, uint32_t *ret_word)
{
	if (f->words && og_jis(v, OG_J_FALSE) && og_field_word(f, OG_SV("off"), NULL)) {
		cfg_error(r, d, v, path, "write \"off\", in quotes",
			"must be a string, and YAML reads an unquoted off as false");
		return false;
	}
	if (!cfg_text(r, d, v, path, ret))
		return false;
	if (f->words)
		return check_word(r, d, f, v, path, *ret, ret_word);
	if (cfg_is_template(*ret)) {
		cfg_error(r, d, v, path, "fill it in, or render the template first",
			"looks like an unfilled template");
		return false;
	}
	const char *bad = f->format ? f->format->check(*ret) : NULL;
	if (!bad && f->format && ret->n > f->format->max_length)
		bad = cfg_fmt(r, "is longer than %u characters", f->format->max_length);
	if (bad)
		cfg_error(r, d, v, path, NULL, "%s", bad);
	return !bad;
}

static bool read_bool(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, bool *ret)
{
	bool quoted = og_jstr_is(v, "true") || og_jstr_is(v, "false");
	*ret = og_jis(v, OG_J_TRUE);
	if (*ret || og_jis(v, OG_J_FALSE))
		return true;
	cfg_error(r, d, v, f->path, quoted ? "remove the quotes" : NULL,
		"must be true or false, not %s", og_jtype_name(og_jtype(v)));
	return false;
}

static bool read_int(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, uint32_t *ret)
{
	int64_t i = 0;
	bool whole = og_ji64(v, &i);
	if (!whole && !og_jis(v, OG_J_NUMBER))
		cfg_error(r, d, v, f->path, NULL, "must be a whole number, not %s",
			og_jtype_name(og_jtype(v)));
	else if (!whole)
		cfg_error(r, d, v, f->path, NULL, "must be a whole number");
	else if (i < f->min || i > f->max)
		cfg_error(r, d, v, f->path, NULL, "must be from %lld to %lld", (long long)f->min,
			(long long)f->max);
	else
		*ret = (uint32_t)i;
	return whole && i >= f->min && i <= f->max;
}

static bool read_duration(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, uint32_t *ret)
{
	struct og_sv s = {NULL, 0};
	if (og_jis(v, OG_J_NUMBER)) {
		cfg_error(r, d, v, f->path, "add a unit: 30s, 5m or 1h30m",
			"must be a duration, not number");
		return false;
	}
	if (!cfg_text(r, d, v, f->path, &s))
		return false;
	const char *bad = og_field_duration(f, s, ret);
	if (bad && strcmp(bad, "is out of range") == 0) {
		char from[OG_DURATION_BYTES], to[OG_DURATION_BYTES];
		og_fmt_duration_ms(from, f->min);
		og_fmt_duration_ms(to, f->max);
		cfg_error(r, d, v, f->path, NULL, "must be from %s to %s", from, to);
	} else if (bad) {
		cfg_error(r, d, v, f->path, NULL, "%s", bad);
	}
	return !bad;
}

static bool has(const struct og_sv *list, uint32_t n, struct og_sv s)
{
	for (uint32_t i = 0; i < n; i++) {
		if (og_sv_eq(list[i], s))
			return true;
	}
	return false;
}

static bool read_strings(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, const struct og_sv **ret, uint32_t *ret_n)
{
	uint32_t n = og_jcount(v), word = 0;
	bool ok = true;
	if (!og_jis(v, OG_J_ARRAY)) {
		cfg_error(r, d, v, f->path, og_jis(v, OG_J_STRING) ? "write [ ] around it" : NULL,
			"must be a list, not %s", og_jtype_name(og_jtype(v)));
		return false;
	}
	if (f->max && n > f->max) {
		cfg_error(r, d, v, f->path, NULL, "has more than %lld elements", (long long)f->max);
		return false;
	}
	struct og_sv *list = og_arena_new_n(r->arena, n + 1, struct og_sv);
	if (!list) {
		r->oom = true;
		return false;
	}
	og_jfor (it, v) {
		const char *path = cfg_fmt(r, "%s[%u]", f->path, it.index);
		if (!check_string(r, d, f, it.val, path, &list[it.index], &word)) {
			ok = false;
		} else if ((f->flags & OG_FF_UNIQUE) && has(list, it.index, list[it.index])) {
			cfg_error(r, d, it.val, path, "remove it", "is given twice");
			ok = false;
		}
	}
	*ret = list;
	*ret_n = n;
	return ok;
}

static bool read_map(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_kvs *ret)
{
	bool ok = true;
	uint32_t n = 0;
	if (!og_jis(v, OG_J_OBJECT)) {
		cfg_error(r, d, v, f->path, NULL, "must be a map of strings, not %s",
			og_jtype_name(og_jtype(v)));
		return false;
	}
	if (f->max && og_jcount(v) > f->max) {
		cfg_error(r, d, v, f->path, NULL, "has more than %lld entries", (long long)f->max);
		return false;
	}
	struct og_kv *kv = og_arena_new_n(r->arena, og_jcount(v) + 1, struct og_kv);
	if (!kv) {
		r->oom = true;
		return false;
	}
	og_jfor (it, v) {
		if (!og_jstr(it.key, r->arena, &kv[n].key)) {
			r->oom = true;
			return false;
		}
		const char *quoted = cfg_quote(r, kv[n].key);
		const char *bad = f->format->check(kv[n].key);
		if (!bad && kv[n].key.n > f->format->max_length)
			bad = "is too long";
		if (bad)
			cfg_error(r, d, it.key, f->path, NULL, "key \"%s\" %s", quoted, bad);
		const char *path = cfg_fmt(r, "%s.%s", f->path, quoted);
		bool text = cfg_text(r, d, it.val, path, &kv[n].value);
		bool template = text && cfg_is_template(kv[n].value);
		if (template)
			cfg_error(r, d, it.val, path, "fill it in, or render the template first",
				"looks like an unfilled template");
		ok = ok && !bad && text && !template;
		n++;
	}
	*ret = (struct og_kvs){kv, n};
	return ok;
}

struct selector_ctx {
	struct cfg_reader *r;
	const struct cfg_doc *d;
	const char *path;
};

static void selector_problem(void *ctx, struct og_jval at, const char *path, const char *message)
{
	struct selector_ctx *c = ctx;
	cfg_error(c->r, c->d, at, cfg_fmt(c->r, "%s%s%s", c->path, *path ? "." : "", path), NULL,
		"%s", message);
}

static bool read_selector(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_selector *ret)
{
	struct selector_ctx ctx = {r, d, f->path};
	int rc = og_selector_read_all(v, r->arena, ret, selector_problem, &ctx);
	if (rc == -OG_E_OOM)
		r->oom = true;
	return rc == 0;
}

#define PUT(type, value)                                                     \
	do {                                                                 \
		type put_ = (value);                                         \
		if (f->at >= 0)                                              \
			memcpy((char *)d->base + f->at, &put_, sizeof put_); \
	} while (0)
#define PUT_COUNT(n) memcpy((char *)d->base + f->at_count, &(n), sizeof(uint32_t))

static bool read_value(
	struct cfg_reader *r, struct cfg_doc *d, const struct og_field *f, struct og_jval v)
{
	struct og_sv s = {NULL, 0};
	uint32_t n = 0;
	bool b = false, ok = false;
	struct og_selector sel = {.present = false};
	struct og_kvs kvs = {NULL, 0};
	const struct og_sv *list = NULL;
	const struct og_cfg_env *env = NULL;
	switch (f->type) {
	case OG_FT_STRING:
	case OG_FT_WORD:
		if ((ok = check_string(r, d, f, v, f->path, &s, &n)))
			PUT(struct og_sv, s);
		break;
	case OG_FT_ENUM:
		if ((ok = check_string(r, d, f, v, f->path, &s, &n)))
			PUT(uint32_t, n);
		break;
	case OG_FT_BOOL:
		if ((ok = read_bool(r, d, f, v, &b)))
			PUT(bool, b);
		break;
	case OG_FT_INT:
		if ((ok = read_int(r, d, f, v, &n)))
			PUT(uint32_t, n);
		break;
	case OG_FT_DURATION:
		if ((ok = read_duration(r, d, f, v, &n)))
			PUT(uint32_t, n);
		break;
	case OG_FT_SELECTOR:
		if ((ok = read_selector(r, d, f, v, &sel)))
			PUT(struct og_selector, sel);
		break;
	case OG_FT_MAP:
		if ((ok = read_map(r, d, f, v, &kvs)))
			PUT(struct og_kvs, kvs);
		break;
	case OG_FT_RESOURCES:
		if ((ok = cfg_read_resources(r, d, v, f->path, &s)))
			PUT(struct og_sv, s);
		break;
	case OG_FT_STRINGS:
		if ((ok = read_strings(r, d, f, v, &list, &n))) {
			PUT(const struct og_sv *, list);
			PUT_COUNT(n);
		}
		break;
	case OG_FT_ENV:
		if ((ok = cfg_read_env(r, d, v, f->path, &env, &n))) {
			PUT(const struct og_cfg_env *, env);
			PUT_COUNT(n);
		}
		break;
	default:
		break;
	}
	return ok;
}

/* The nearest member name, or where in the document the name belongs. */
static void unknown_field(
	struct cfg_reader *r, struct cfg_doc *d, struct og_jval key, const struct og_field *parent)
{
	const struct og_field *rows = d->type->fields, *elsewhere = NULL;
	struct og_sv name = {"", 0}, path = og_svz(parent->path);
	const char *names[64];
	size_t n = 0;
	if (!og_jstr(key, r->arena, &name))
		r->oom = true;
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		if (og_field_is_member(&rows[i], path) && n < 64)
			names[n++] = og_field_key(&rows[i]).p;
		else if (!elsewhere && og_sv_eq(og_field_key(&rows[i]), name))
			elsewhere = &rows[i];
	}
	const char *near = og_suggest(name, names, n), *hint = NULL;
	d->unknown = true;
	if (near)
		hint = cfg_fmt(r, "did you mean \"%s\"?", near);
	else if (elsewhere)
		hint = cfg_fmt(r, "it belongs at %s", elsewhere->path);
	cfg_error(r, d, key, parent->path, hint, "unknown field \"%s\"", cfg_quote(r, name));
}

static void read_object(struct cfg_reader *r, struct cfg_doc *d, size_t row);

static void read_member(
	struct cfg_reader *r, struct cfg_doc *d, size_t row, struct og_jval key, struct og_jval v)
{
	const struct og_field *f = &d->type->fields[row];
	struct og_config_place *p = &d->place[row];
	if (og_junset(v))
		return; /* null is "not set", as for the API server */
	d->val[row] = v;
	p->input = d->input;
	og_source_position(d->sdoc, key, &p->line, &p->col);
	if (f->type == OG_FT_OBJECT)
		read_object(r, d, row);
	else
		d->bad[row] = !read_value(r, d, f, v);
}

/* Recursion follows the table's own nesting (four levels), never the document's. */
static void read_object(struct cfg_reader *r, struct cfg_doc *d, size_t row)
{
	const struct og_field *rows = d->type->fields, *f = &rows[row];
	size_t n = og_nfields(d->type->doc);
	if (!og_jis(d->val[row], OG_J_OBJECT)) {
		d->bad[row] = true;
		cfg_error(r, d, d->val[row], f->path, NULL, "must be an object, not %s",
			og_jtype_name(og_jtype(d->val[row])));
		return;
	}
	if (f->at >= 0)
		*((bool *)((char *)d->base + f->at)) = true;
	og_jfor (it, d->val[row]) {
		size_t i = row + 1;
		while (i < n && !(og_field_is_member(&rows[i], og_svz(f->path)) &&
					og_jstr_eq(it.key, og_field_key(&rows[i]))))
			i++;
		if (i < n)
			read_member(r, d, i, it.key, it.val);
		else
			unknown_field(r, d, it.key, f);
	}
	for (size_t i = row + 1; i < n; i++) {
		if ((rows[i].flags & OG_FF_REQUIRED) &&
			og_field_is_member(&rows[i], og_svz(f->path)) &&
			og_jtype(d->val[i]) == OG_J_ABSENT)
			cfg_error(r, d, OG_JABSENT, rows[i].path, NULL, "is missing");
	}
}

void cfg_read_spec(struct cfg_reader *r, struct cfg_doc *d, struct og_jval spec)
{
	const struct og_field *rows = d->type->fields;
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		if (!og_field_set_default(&rows[i], d->base, r->arena))
			r->oom = true;
	}
	if (og_junset(spec))
		return;
	d->val[0] = spec;
	og_source_position_key(
		d->sdoc, d->root, OG_SV("spec"), &d->place[0].line, &d->place[0].col);
	d->place[0].input = d->input;
	read_object(r, d, 0);
}
