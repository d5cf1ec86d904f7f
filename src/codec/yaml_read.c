/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events into nodes. The document API of libyaml gives no chance to stop (its scanner is
 * quadratic in the depth of flow collections), so that depth and counts are checked event by event.
 */
#include "yaml-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

/* Aliases look their anchor up one by one. */
enum { MAX_DEPTH = 1000, MAX_ANCHORS = 1000 };
/* libyaml compares every %TAG with all before it. */
enum { MAX_DIRECTIVES = 100 };
/* Characters between two entries of the character-to-byte table. */
enum { STRIDE = 64 };

struct anchor {
	struct og_sv name;
	uint32_t node;
};

struct reader {
	struct og_ydocs *docs;
	const struct og_source_text *s;
	struct og_arena *a;
	const struct og_ylimits *lim;
	struct og_ytree *tree;
	struct og_err *err;
	uint32_t bom;	   /* bytes of the mark at the start */
	uint32_t *strides; /* byte of every STRIDEth character; NULL when all are ASCII */
	uint32_t nstrides;
	struct anchor anchors[MAX_ANCHORS];
	uint32_t nanchors;
	uint32_t open[MAX_DEPTH + 1];
	uint32_t depth;
};

/* What a message of libyaml usually comes from. */
static const struct {
	const char *problem, *fix;
} fixes[] = {
	{"mapping values are not allowed in this context",
		"quote the value if it holds \": \", or check the indentation"},
	{"did not find expected key", "check the indentation of this line"},
	{"did not find expected '-' indicator", "check the indentation of this list item"},
	{"could not find expected ':'", "a key needs \": \" behind it; check the indentation"},
	{"found character that cannot start any token",
		"indent with spaces, never tabs, and quote text that starts with @ ` or %"},
	{"found a tab character that violates indentation", "indent with spaces, never tabs"},
	{"found a tab character where an indentation space is expected",
		"indent with spaces, never tabs"},
	{"found unexpected end of stream", "a closing quote or bracket is missing"},
	{"did not find expected ',' or ']'", "a closing ] or a comma is missing"},
	{"did not find expected ',' or '}'",
		"a closing } or a comma is missing; a template has to be rendered first"},
	{"did not find expected node content", "a value is missing, or a template is not rendered"},
	{"did not find expected <document start>", "separate documents by a line of \"---\""},
	{"found unknown escape character", "in double quotes a backslash is written \\\\"},
	{"found undefined tag handle", "declare it with %TAG, or drop the tag"},
	{"block sequence entries are not allowed in this context", "put the list on its own lines"},
	{"found incompatible YAML document", "only YAML 1.1 and 1.2 are understood"},
	{"control characters are not allowed", "write them as escapes in double quotes"},
};

static const char *fix_of(const char *problem)
{
	for (size_t i = 0; i < sizeof(fixes) / sizeof(fixes[0]); i++)
		if (strcmp(fixes[i].problem, problem) == 0)
			return fixes[i].fix;
	return NULL;
}

static bool map_characters(struct reader *r)
{
	const unsigned char *p = (const unsigned char *)r->s->text.p;
	size_t n = r->s->text.n;
	bool ascii = true;
	for (size_t i = r->bom; i < n && ascii; i++)
		ascii = p[i] < 0x80;
	if (ascii)
		return true;
	r->strides = og_arena_new_n(r->a, n / STRIDE + 2, uint32_t);
	if (!r->strides)
		return false;
	size_t chars = 0;
	for (size_t i = r->bom; i < n; i++) {
		if ((p[i] & 0xC0) == 0x80)
			continue;
		if (chars++ % STRIDE == 0)
			r->strides[r->nstrides++] = (uint32_t)i;
	}
	return true;
}

/* libyaml counts characters, behind the byte order mark. */
static uint32_t byte_of(const struct reader *r, const yaml_mark_t *m)
{
	size_t n = r->s->text.n, at;
	if (!r->strides) {
		at = r->bom + m->index;
		return (uint32_t)(at < n ? at : n);
	}
	if (m->index / STRIDE >= r->nstrides)
		return (uint32_t)n;
	at = r->strides[m->index / STRIDE];
	for (size_t left = m->index % STRIDE; left && at < n; left--) {
		at++;
		while (at < n && ((unsigned char)r->s->text.p[at] & 0xC0) == 0x80)
			at++;
	}
	return (uint32_t)at;
}

static int fail_oom(struct reader *r)
{
	return og_source_oom(r->s, r->err);
}

static int fail_parser(struct reader *r, const yaml_parser_t *p)
{
	if (p->error == YAML_MEMORY_ERROR)
		return fail_oom(r);
	bool reader = p->error == YAML_READER_ERROR;
	const char *problem = p->problem ? p->problem : "not valid YAML";
	const char *fix = fix_of(problem);
	char context[128] = "";
	if (p->context && !reader && p->context_mark.line != p->problem_mark.line) {
		uint32_t line, col;
		og_source_offset(r->s, byte_of(r, &p->context_mark), &line, &col);
		snprintf(context, sizeof(context), ", %s that starts at %u:%u", p->context, line,
			col);
	}
	return og_source_fail(r->s,
		reader ? (uint32_t)p->problem_offset + r->bom : byte_of(r, &p->problem_mark),
		OG_E_PARSE, r->err, "%s%s%s%s%s", problem, context, fix ? " (" : "", fix ? fix : "",
		fix ? ")" : "");
}

static bool starts_blank(const char *p, size_t n)
{
	return n == 0 || *p == '#' || *p == '\r' || *p == '\n';
}

static int check_directives(struct reader *r)
{
	struct og_sv rest = r->s->text, line;
	uint32_t run = 0;
	while (og_sv_split(&rest, '\n', &line)) {
		if (line.n && line.p[0] == '%')
			run++;
		else if (!starts_blank(line.p, line.n))
			run = 0;
		if (run > MAX_DIRECTIVES)
			return og_source_fail(r->s, (uint32_t)(line.p - r->s->text.p), OG_E_LIMIT,
				r->err, "more than %d directives for one document", MAX_DIRECTIVES);
	}
	return 0;
}

/* A node index, or 0 with the error set. */
static uint32_t new_node(struct reader *r, uint8_t kind, const yaml_event_t *e)
{
	struct og_ytree *t = r->tree;
	uint32_t start = byte_of(r, &e->start_mark);
	if (t->count > r->lim->nodes) {
		og_source_fail(r->s, start, OG_E_LIMIT, r->err,
			"more than %u keys and values (split the file)", r->lim->nodes);
		return 0;
	}
	if (t->count == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 256;
		void *n = og_arena_grow(r->a, t->n, t->cap * sizeof(*t->n), cap * sizeof(*t->n));
		if (!n) {
			fail_oom(r);
			return 0;
		}
		t->n = n;
		t->cap = cap;
	}
	if (!t->count)
		t->n[t->count++] = (struct og_ynode){0};
	t->n[t->count] =
		(struct og_ynode){.kind = kind, .start = start, .end = byte_of(r, &e->end_mark)};
	return t->count++;
}

static int attach(struct reader *r, uint32_t i)
{
	struct og_ynode *n = r->tree->n;
	if (!r->depth) {
		r->docs->v[r->docs->n - 1].root = i;
		return 0;
	}
	struct og_ynode *up = &n[r->open[r->depth - 1]];
	if (up->kind == OG_Y_MAP && up->count % 2 == 0 && n[i].kind != OG_Y_SCALAR &&
		n[i].kind != OG_Y_ALIAS)
		return og_source_fail(r->s, n[i].start, OG_E_PARSE, r->err,
			"a key must be text, not a list or a mapping (a template has to be "
			"rendered first)");
	if (up->last)
		n[up->last].next = i;
	else
		up->first = i;
	up->last = i;
	up->count++;
	return 0;
}

static int add_anchor(struct reader *r, uint32_t i, const yaml_char_t *name)
{
	if (!name)
		return 0;
	r->tree->n[i].anchored = true;
	struct og_sv sv = og_arena_sv(r->a, og_svz((const char *)name));
	if (!sv.p)
		return fail_oom(r);
	if (r->nanchors == MAX_ANCHORS)
		return og_source_fail(r->s, r->tree->n[i].start, OG_E_LIMIT, r->err,
			"more than %d anchors in one document", MAX_ANCHORS);
	r->anchors[r->nanchors++] = (struct anchor){sv, i};
	return 0;
}

static int on_alias(struct reader *r, const yaml_event_t *e)
{
	uint32_t i = new_node(r, OG_Y_ALIAS, e);
	if (!i)
		return -(int)r->err->code;
	struct og_sv name = og_svz((const char *)e->data.alias.anchor);
	uint32_t k = r->nanchors, target = 0;
	while (k && !target)
		if (og_sv_eq(r->anchors[--k].name, name))
			target = r->anchors[k].node;
	struct og_ynode *n = r->tree->n;
	if (!target)
		return og_source_fail(r->s, n[i].start, OG_E_PARSE, r->err,
			"the alias *%s has no anchor before it (define &%s first)",
			og_ykey_show(name).s, og_ykey_show(name).s);
	for (uint32_t d = 0; d < r->depth; d++)
		if (r->open[d] == target)
			return og_source_fail(r->s, n[i].start, OG_E_PARSE, r->err,
				"the alias *%s refers to a value that contains it",
				og_ykey_show(name).s);
	n[i].target = target;
	n[target].aliased = true;
	return attach(r, i);
}

static uint8_t tag_of(const yaml_char_t *tag)
{
	static const char *const names[] = {
		[OG_YT_STR] = "str",
		[OG_YT_BOOL] = "bool",
		[OG_YT_INT] = "int",
		[OG_YT_FLOAT] = "float",
		[OG_YT_NULL] = "null",
		[OG_YT_TIMESTAMP] = "timestamp",
		[OG_YT_BINARY] = "binary",
		[OG_YT_MERGE] = "merge",
	};
	static const char prefix[] = "tag:yaml.org,2002:";
	if (!tag)
		return OG_YT_NONE;
	const char *s = (const char *)tag;
	if (strncmp(s, prefix, sizeof(prefix) - 1) != 0)
		return OG_YT_OTHER;
	for (unsigned i = OG_YT_STR; i <= OG_YT_MERGE; i++)
		if (strcmp(s + sizeof(prefix) - 1, names[i]) == 0)
			return (uint8_t)i;
	return OG_YT_OTHER;
}

/* libyaml hides the tag "!", which makes any scalar a string (YAML 1.1 §3.3.2). */
static bool bare_tag(const struct reader *r, uint32_t start, uint32_t end)
{
	const char *p = r->s->text.p;
	for (uint32_t i = start; i < end; i++) {
		if (p[i] == '!')
			return true;
		if (p[i] != '&')
			return false;
		while (i < end && !strchr(" \t\r\n", p[i]))
			i++;
		while (i + 1 < end && strchr(" \t\r\n", p[i + 1]))
			i++;
	}
	return false;
}

static int on_scalar(struct reader *r, const yaml_event_t *e)
{
	static const uint8_t styles[] = {
		[YAML_PLAIN_SCALAR_STYLE] = OG_YS_PLAIN,
		[YAML_SINGLE_QUOTED_SCALAR_STYLE] = OG_YS_SINGLE,
		[YAML_DOUBLE_QUOTED_SCALAR_STYLE] = OG_YS_DOUBLE,
		[YAML_LITERAL_SCALAR_STYLE] = OG_YS_LITERAL,
		[YAML_FOLDED_SCALAR_STYLE] = OG_YS_FOLDED,
	};
	uint32_t i = new_node(r, OG_Y_SCALAR, e);
	if (!i)
		return -(int)r->err->code;
	struct og_ynode *n = &r->tree->n[i];
	n->style = styles[e->data.scalar.style];
	n->implicit = e->data.scalar.plain_implicit;
	n->tag = tag_of(e->data.scalar.tag);
	if (n->implicit && !n->tag && bare_tag(r, n->start, n->end))
		n->tag = OG_YT_OTHER;
	struct og_sv text = {(const char *)e->data.scalar.value, e->data.scalar.length};
	const char *raw = r->s->text.p + n->start + (n->style != OG_YS_PLAIN);
	if (text.n <= n->end - n->start && memcmp(raw, text.p, text.n) == 0)
		n->text = og_sv(raw, text.n);
	else
		n->text = og_arena_sv(r->a, text);
	if (!n->text.p)
		return fail_oom(r);
	int rc = add_anchor(r, i, e->data.scalar.anchor);
	return rc ? rc : attach(r, i);
}

static int on_open(struct reader *r, const yaml_event_t *e)
{
	bool map = e->type == YAML_MAPPING_START_EVENT;
	uint32_t i = new_node(r, map ? OG_Y_MAP : OG_Y_SEQ, e);
	if (!i)
		return -(int)r->err->code;
	struct og_ynode *n = &r->tree->n[i];
	n->flow = map ? e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
		      : e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	if (r->depth >= r->lim->depth)
		return og_source_fail(r->s, n->start, OG_E_LIMIT, r->err,
			"more than %u levels of nesting", r->lim->depth);
	int rc = add_anchor(
		r, i, map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor);
	if (!rc)
		rc = attach(r, i);
	if (!rc)
		r->open[r->depth++] = i;
	return rc;
}

static void on_close(struct reader *r, const yaml_event_t *e)
{
	struct og_ynode *n = &r->tree->n[r->open[--r->depth]];
	if (n->flow)
		n->end = byte_of(r, &e->end_mark);
	else if (n->last)
		n->end = r->tree->n[n->last].end;
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		r->nanchors = 0;
		return og_ydocs_add(r->docs, byte_of(r, &e->start_mark)) ? 0 : fail_oom(r);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return on_open(r, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_close(r, e);
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

static int read_events(struct reader *r, yaml_parser_t *p)
{
	for (bool end = false; !end;) {
		yaml_event_t e;
		if (!yaml_parser_parse(p, &e))
			return fail_parser(r, p);
		int rc = on_event(r, &e);
		end = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
		if (rc)
			return rc;
	}
	return 0;
}

int og_yaml_read(struct og_ydocs *docs, const struct og_ylimits *lim, struct og_ytree *tree,
	struct og_err *err)
{
	struct og_err local = OG_ERR_INIT;
	struct og_sv text = docs->src->text;
	struct reader *r = og_arena_new(docs->a, struct reader);
	if (!r)
		return og_source_oom(docs->src, err);
	r->docs = docs;
	r->s = docs->src;
	r->a = docs->a;
	r->lim = lim;
	r->tree = tree;
	r->err = err ? err : &local;
	r->bom = og_sv_starts(text, OG_SV("\xEF\xBB\xBF")) ? 3 : 0;
	if (!map_characters(r))
		return fail_oom(r);
	int rc = check_directives(r);
	if (rc)
		return rc;
	yaml_parser_t p;
	if (!yaml_parser_initialize(&p))
		return fail_oom(r);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text.p + r->bom, text.n - r->bom);
	rc = read_events(r, &p);
	yaml_parser_delete(&p);
	return rc;
}
