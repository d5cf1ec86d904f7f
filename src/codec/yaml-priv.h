/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The YAML reader's inside: a tree of nodes with order, style and byte ranges, the typing of plain
 * scalars, and the writing of that tree as JSON.
 */
#include "otelgate/codec/source.h"

enum og_ykind { OG_Y_SCALAR = 1, OG_Y_SEQ, OG_Y_MAP, OG_Y_ALIAS };

/* Explicit tags that change how a scalar is read; all others leave it a string. */
enum og_ytag {
	OG_YT_NONE,
	OG_YT_STR,
	OG_YT_BOOL,
	OG_YT_INT,
	OG_YT_FLOAT,
	OG_YT_NULL,
	OG_YT_TIMESTAMP,
	OG_YT_BINARY,
	OG_YT_MERGE,
	OG_YT_OTHER
};

enum og_ystyle { OG_YS_PLAIN, OG_YS_SINGLE, OG_YS_DOUBLE, OG_YS_LITERAL, OG_YS_FOLDED };

/*
 * Node 0 is unused, so that 0 means "none". The children of a map are key, value, key, value …
 * chained by `next`.
 */
struct og_ynode {
	uint32_t start; /* first byte, anchor and tag included */
	uint32_t end;	/* behind the last byte; a block collection ends with its last child */
	uint32_t next;	/* sibling */
	uint32_t first, last; /* children */
	uint32_t count;	      /* children; a map has two per member */
	uint32_t target;      /* of an alias */
	uint8_t kind, style, tag;
	bool flow : 1;	   /* a flow collection */
	bool implicit : 1; /* a scalar whose type follows from its text */
	bool anchored : 1;
	bool aliased : 1;  /* some alias refers to it */
	struct og_sv text; /* of a scalar, decoded */
};

struct og_ytree {
	struct og_ynode *n;
	uint32_t count, cap;
};

/* A scalar as kubectl reads it. */
enum og_ytype {
	OG_Y_STR,
	OG_Y_NULL,
	OG_Y_TRUE,
	OG_Y_FALSE,
	OG_Y_INT,  /* sign and magnitude */
	OG_Y_REAL, /* finite */
	OG_Y_INF,
	OG_Y_NINF,
	OG_Y_NAN
};
struct og_yvalue {
	enum og_ytype type;
	bool negative;
	uint64_t magnitude;
	double real;
};

/* NULL, or why the text cannot carry the tag. */
const char *og_ytype_resolve(
	struct og_sv text, enum og_ytag tag, bool implicit, struct og_yvalue *ret);
/* Appends a number as JSON; `text` is the scalar's own text. */
void og_ytype_number(struct og_buf *b, const struct og_yvalue *v, struct og_sv text);
/* Appends the text that kubectl makes of a key of this type (not for NULL). */
void og_ytype_key(struct og_buf *b, const struct og_yvalue *v, struct og_sv text);

static inline bool og_ynode_merge(const struct og_ynode *n)
{
	return n->kind == OG_Y_SCALAR && n->text.n == 2 && n->text.p[0] == '<' &&
	       n->text.p[1] == '<' && (n->implicit || n->tag == OG_YT_MERGE);
}
static inline const struct og_ynode *og_ydeep(const struct og_ytree *t, uint32_t i)
{
	return &t->n[t->n[i].kind == OG_Y_ALIAS ? t->n[i].target : i];
}

/* The limits in force, all set. */
struct og_ylimits {
	uint32_t bytes, depth, nodes;
};

struct og_ydocs {
	const struct og_source_text *src;
	struct og_arena *a;
	struct og_source_doc *v;
	uint32_t n, cap;
};
/* Adds a document that ends the one before it. NULL when memory is out. */
struct og_source_doc *og_ydocs_add(struct og_ydocs *d, uint32_t start);

/* Fills err with "name:line:column: …". */
int og_source_fail(const struct og_source_text *s, uint32_t off, enum og_code code,
	struct og_err *err, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define og_source_oom(s, err) og_err_set((err), OG_E_OOM, "%s: out of memory", (s)->name)

/* Reads the stream into a tree; docs get root, start and end. */
int og_yaml_read(struct og_ydocs *docs, const struct og_ylimits *lim, struct og_ytree *tree,
	struct og_err *err);
/* Writes the document as JSON, parses it into d->doc and fills d->node_of. */
int og_yaml_json(struct og_source_doc *d, struct og_arena *a, const struct og_ylimits *lim,
	struct og_err *err);

/* A key for a message: at most 60 bytes, without control characters. */
struct og_ykeytext {
	char s[68];
};
struct og_ykeytext og_ykey_show(struct og_sv key);
