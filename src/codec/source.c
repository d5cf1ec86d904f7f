/* SPDX-License-Identifier: Apache-2.0 */
/* Texts into documents: what kind of text it is, its lines, and the places of its values. */
#include "yaml-priv.h"

#include <stdarg.h>
#include <stdio.h>

#define BOM "\xEF\xBB\xBF"

struct og_ykeytext og_ykey_show(struct og_sv key)
{
	struct og_ykeytext t;
	size_t n = 0;
	while (n < key.n && n < 60) {
		unsigned char c = (unsigned char)key.p[n];
		t.s[n++] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	if (n < key.n) {
		while (n && ((unsigned char)key.p[n] & 0xC0) == 0x80)
			n--;
		memcpy(t.s + n, "...", 3);
		n += 3;
	}
	t.s[n] = '\0';
	return t;
}

void og_source_offset(
	const struct og_source_text *src, uint32_t off, uint32_t *ret_line, uint32_t *ret_col)
{
	uint32_t lo = 0, hi = src->nlines;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (src->lines[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	uint32_t from = src->nlines ? src->lines[lo] : 0;
	*ret_line = lo + 1;
	*ret_col = (off > from ? off - from : 0) + 1;
}

int og_source_fail(const struct og_source_text *s, uint32_t off, enum og_code code,
	struct og_err *err, const char *fmt, ...)
{
	char what[512];
	uint32_t line, col;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	og_source_offset(s, off, &line, &col);
	return og_err_set(err, code, "%s:%u:%u: %s", s->name, line, col, what);
}

struct og_source_doc *og_ydocs_add(struct og_ydocs *d, uint32_t start)
{
	if (d->n == d->cap) {
		uint32_t cap = d->cap ? d->cap * 2 : 4;
		void *p = og_arena_grow(d->a, d->v, d->cap * sizeof(*d->v), cap * sizeof(*d->v));
		if (!p)
			return NULL;
		d->v = p;
		d->cap = cap;
	}
	if (d->n)
		d->v[d->n - 1].end = start;
	d->v[d->n] = (struct og_source_doc){
		.start = d->n ? start : 0,
		.end = (uint32_t)d->src->text.n,
		.index = d->n,
		.src = d->src,
	};
	return &d->v[d->n++];
}

/* A line ends with LF, CR or both. */
static bool find_lines(struct og_source_text *s, struct og_arena *a)
{
	const char *p = s->text.p;
	size_t n = s->text.n;
	uint32_t count = 1;
	for (size_t i = 0; i < n; i++)
		count += p[i] == '\n' || (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n'));
	uint32_t *lines = og_arena_new_n(a, count, uint32_t);
	if (!lines)
		return false;
	s->lines = lines;
	lines[s->nlines++] = og_sv_starts(s->text, OG_SV(BOM)) ? 3 : 0;
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n' || (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n')))
			lines[s->nlines++] = (uint32_t)i + 1;
	return true;
}

static bool looks_utf16(struct og_sv t)
{
	const unsigned char *p = (const unsigned char *)t.p;
	return t.n >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF) ||
				   (p[0] == 0 && p[1] != 0) || (p[0] != 0 && p[1] == 0));
}

static int check_text(const struct og_source_text *s, struct og_err *err)
{
	if (looks_utf16(s->text))
		return og_source_fail(s, 0, OG_E_UNSUPPORTED, err,
			"the text is UTF-16 or binary (save it as UTF-8)");
	if (og_utf8_valid(s->text.p, s->text.n))
		return 0;
	size_t good = 0;
	for (size_t len = 1; good + len <= s->text.n && len <= 4;)
		if (og_utf8_valid(s->text.p + good, len)) {
			good += len;
			len = 1;
		} else {
			len++;
		}
	return og_source_fail(
		s, (uint32_t)good, OG_E_PARSE, err, "invalid UTF-8 (save the file as UTF-8)");
}

static size_t skip_space(struct og_sv t, size_t i)
{
	while (i < t.n && (t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\n' || t.p[i] == '\r'))
		i++;
	return i;
}

/* Behind the object or array that starts at i, or n when it does not end. */
static size_t json_end(struct og_sv t, size_t i)
{
	size_t depth = 0;
	bool in_string = false;
	for (; i < t.n; i++) {
		char c = t.p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return t.n;
}

/* Values in a row. Any error but lack of memory means: not JSON, try YAML. */
static int read_json(struct og_ydocs *docs, const struct og_ylimits *lim, size_t i)
{
	struct og_sv t = docs->src->text;
	struct og_jlimits jlim = {
		.max_bytes = lim->bytes, .max_depth = lim->depth, .max_tokens = lim->nodes};
	for (i = skip_space(t, i); i < t.n; i = skip_space(t, i)) {
		if (t.p[i] != '{' && t.p[i] != '[')
			return -OG_E_PARSE;
		size_t end = json_end(t, i);
		struct og_source_doc *d = og_ydocs_add(docs, (uint32_t)i);
		if (!d)
			return -OG_E_OOM;
		d->json = true;
		d->root = (uint32_t)i;
		int rc = og_jdoc_parse(&d->doc, docs->a, og_sv(t.p + i, end - i), &jlim, NULL);
		if (rc)
			return rc;
		i = end;
	}
	return 0;
}

static int read_yaml(struct og_ydocs *docs, const struct og_ylimits *lim, struct og_err *err)
{
	struct og_ytree *tree = og_arena_new(docs->a, struct og_ytree);
	if (!tree)
		return og_source_oom(docs->src, err);
	docs->n = 0;
	int rc = og_yaml_read(docs, lim, tree, err);
	for (uint32_t i = 0; i < docs->n && !rc; i++) {
		docs->v[i].tree = tree;
		rc = og_yaml_json(&docs->v[i], docs->a, lim, err);
	}
	return rc;
}

static struct og_ylimits limits_of(const struct og_source_limits *l)
{
	struct og_source_limits in = l ? *l : (struct og_source_limits){0};
	struct og_ylimits lim = {
		.bytes = in.max_bytes ? in.max_bytes : 8000000,
		.depth = in.max_depth ? in.max_depth : 100,
		.nodes = in.max_nodes ? in.max_nodes : 200000,
	};
	lim.depth = lim.depth > 1000 ? 1000 : lim.depth;
	/* Offsets and the expanded text are kept in 32 bits. */
	lim.bytes = lim.bytes > (uint32_t)1 << 28 ? (uint32_t)1 << 28 : lim.bytes;
	return lim;
}

int og_source_parse(struct og_source *s, struct og_arena *a, struct og_sv text, const char *name,
	const struct og_source_limits *limits, struct og_err *err)
{
	struct og_ylimits lim = limits_of(limits);
	if (text.n > lim.bytes)
		return og_err_set(err, OG_E_LIMIT, "%s: larger than %u bytes (split the file)",
			name, lim.bytes);
	struct og_source_text *src = og_arena_new(a, struct og_source_text);
	if (!src)
		return og_err_set(err, OG_E_OOM, "%s: out of memory", name);
	src->text = text.n ? text : OG_SV("");
	src->name = name;
	if (!find_lines(src, a))
		return og_source_oom(src, err);
	int rc = check_text(src, err);
	if (rc)
		return rc;
	struct og_ydocs docs = {.src = src, .a = a};
	size_t first = skip_space(src->text, src->lines[0]);
	rc = -OG_E_PARSE;
	if (first < text.n && (text.p[first] == '{' || text.p[first] == '['))
		rc = read_json(&docs, &lim, first);
	if (rc == -OG_E_OOM)
		return og_source_oom(src, err);
	if (rc)
		rc = read_yaml(&docs, &lim, err);
	if (rc)
		return rc;
	*s = (struct og_source){.src = src, .docs = docs.v, .ndocs = docs.n};
	return 0;
}

void og_source_position(
	const struct og_source_doc *d, struct og_jval v, uint32_t *ret_line, uint32_t *ret_col)
{
	uint32_t off = d->start;
	if (v.d && v.d == &d->doc) {
		const struct og_jtok *t = og_jtok(v);
		if (d->json)
			off = d->root + t->off - (t->type == OG_J_STRING);
		else
			off = d->tree->n[d->node_of[v.i]].start;
	}
	og_source_offset(d->src, off, ret_line, ret_col);
}

void og_source_position_key(const struct og_source_doc *d, struct og_jval object, struct og_sv key,
	uint32_t *ret_line, uint32_t *ret_col)
{
	og_jfor (it, object)
		if (it.object && og_jstr_eq(it.key, key)) {
			og_source_position(d, it.key, ret_line, ret_col);
			return;
		}
	og_source_position(d, object, ret_line, ret_col);
}
