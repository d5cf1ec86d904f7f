/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reads configuration documents into one resolved snapshot. Pure: texts in, snapshot or problems
 * out. All problems of all texts are reported in one run, each with its place, the field's path
 * and, where there is one, the fix.
 */
#include "otelgate/core/findings.h"
#include "otelgate/core/fields.h"

struct og_config_input {
	const char *name; /* file name for messages, or "<stdin>" */
	struct og_sv text;
};

enum { OG_CONFIG_MAX_PROBLEMS = 100, OG_CONFIG_MAX_DOCUMENTS = 1000 };

struct og_config_problem {
	enum og_severity severity; /* OG_SEV_ERROR or OG_SEV_WARNING */
	uint32_t input;		   /* index of the text */
	const char *file;	   /* its name */
	uint32_t line, col;	   /* from 1; 0 when it has no place */
	const char *path;	   /* "spec.receiver.protocol"; "" for the document or file */
	const char *message;	   /* what is wrong; never a value that may be secret */
	const char *hint;	   /* what to write instead; "" = none */
};

/* Sorted by text, line and column. Memory is the arena's. */
struct og_config_report {
	struct og_config_problem *v;
	uint32_t n;
	uint32_t nerrors, nwarnings;	       /* all that were found, also those above the cap */
	uint32_t nstacks, nprofiles, nignored; /* documents seen */
};

/* Where a field of a document was given; line 0 = it was not, and the default holds. */
struct og_config_place {
	uint32_t input, line, col;
};

/* Origins of one document of the snapshot, parallel to og_config.stacks and .profiles. */
struct og_config_origin {
	struct og_config_place self;	     /* the document */
	const struct og_config_place *field; /* indexed as the field table's rows */
};

/*
 * The snapshot and all it points to are the arena's; the texts must outlive it. The order of the
 * texts does not matter for what is read, except for which of two equal names is called the
 * second one.
 * 0 (there may be warnings); -OG_E_CONFIG when the report has errors; -OG_E_OOM, when the report
 * may be incomplete. *ret is written on success only, *report always.
 */
int og_config_read(struct og_arena *arena, const struct og_config_input *inputs, size_t n,
	struct og_config **ret, struct og_config_report *report);

/* "file:line:col: error: path: message (hint)", one line, appended to out. */
void og_config_problem_text(const struct og_config_problem *p, struct og_buf *out);
