/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars, lists and maps of configuration documents: types, words, ranges, syntax. */
#include "otelgate/base/parse.h"
#include "otelgate/base/suggest.h"
#include "config_read-priv.h"
#include "fields-priv.h"

enum { MAX_STRING_BYTES = 4096 };

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

bool cfg_read_string(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_sv *ret, uint32_t *ret_word)
{
	return check_string(r, d, f, v, f->path, ret, ret_word);
}

bool cfg_read_bool(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
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

bool cfg_read_int(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
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

bool cfg_read_duration(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
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

bool cfg_read_strings(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
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

bool cfg_read_map(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
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

bool cfg_read_selector(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_selector *ret)
{
	struct selector_ctx ctx = {r, d, f->path};
	int rc = og_selector_read_all(v, r->arena, ret, selector_problem, &ctx);
	if (rc == -OG_E_OOM)
		r->oom = true;
	return rc == 0;
}
