/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * source: a text written by people (a YAML stream of any number of documents, or JSON) read into
 * documents that everything else sees as jdoc, with the place of every value in the text.
 *
 * Typing is kubectl's, which reads YAML 1.1 by sigs.k8s.io/yaml (its goyaml.v2/resolve.go): y, yes,
 * on, true (three case forms) and their opposites are booleans; ~, null and nothing are null;
 * integers may be octal (0755, 0o755), hexadecimal, binary, with underscores; dates, quoted and
 * block scalars are strings; !!str, !!int … are honoured; << merges, a later key wins. Integers
 * keep their digits. Refused: .inf and .nan, duplicate keys (kubectl takes the last one, silently),
 * keys that are null or no scalars, aliases to values that contain them, UTF-16, invalid UTF-8.
 *
 * A text that starts with { or [ is tried as strict JSON first (any number of values in a row), and
 * as YAML when that fails.
 *
 * Lines and columns count from 1, columns in bytes (a byte order mark is not counted), as jdoc's.
 * A source borrows the text and the arena; both must outlive it. Read-only after parsing.
 */
#include "otelgate/codec/jdoc.h"

/* The text itself; made by og_source_parse, in its arena. */
struct og_source_text {
	struct og_sv text;
	const char *name;      /* for messages: a file name or "<stdin>"; borrowed */
	const uint32_t *lines; /* offset of the first byte of each line */
	uint32_t nlines;
};

struct og_ytree; /* private: the nodes of a YAML source */

struct og_source_limits {
	uint32_t max_bytes; /* 0 = 8 MB (8,000,000) */
	uint32_t max_depth; /* 0 = 100; at most 1,000 */
	uint32_t max_nodes; /* keys and values, aliases counted expanded; 0 = 200,000 */
};

struct og_source_doc {
	struct og_jdoc doc;
	bool json; /* the text is JSON, not YAML */
	/* The ranges of all documents together are the whole text: a document starts with its
	 * directives or "---", the first one with the text, and ends where the next one starts. */
	uint32_t start, end;
	uint32_t index; /* from 0 */
	const struct og_source_text *src;
	const struct og_ytree *tree; /* private; NULL for JSON */
	uint32_t root;		     /* private: the root node */
	const uint32_t *node_of;     /* private: node of every tape token */
};

struct og_source {
	const struct og_source_text *src;
	struct og_source_doc *docs;
	uint32_t ndocs; /* 0 for a text of comments and white space alone */
};

/*
 * Reads the whole text. limits NULL = defaults. Errors: PARSE, LIMIT, UNSUPPORTED (UTF-16), OOM,
 * with "name:line:column: what (fix)". Values are never quoted; keys are. *s is only valid on
 * success and may be moved. Documents may be empty (null): what that means is the caller's
 * business.
 */
int og_source_parse(struct og_source *s, struct og_arena *a, struct og_sv text, const char *name,
	const struct og_source_limits *limits, struct og_err *err);

/* Line and column of a byte offset of the text. */
void og_source_offset(
	const struct og_source_text *src, uint32_t off, uint32_t *ret_line, uint32_t *ret_col);

/*
 * Where a value of d->doc stands; for one that comes through an alias or a merge, where it was
 * written. An absent value gives the start of the document. A key handle (og_jiter.key) works too.
 */
void og_source_position(
	const struct og_source_doc *d, struct og_jval v, uint32_t *ret_line, uint32_t *ret_col);
/* Where the key of a member stands; the object itself when it has no such member. */
void og_source_position_key(const struct og_source_doc *d, struct og_jval object, struct og_sv key,
	uint32_t *ret_line, uint32_t *ret_col);
