/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The configuration reader's inside: documents while they are read, and their problems. */
#include "otelgate/codec/source.h"
#include "otelgate/core/config_read.h"

/* A GrafanaStack or TelemetryProfile as it is read. */
struct cfg_doc {
	const struct og_doc_type *type;
	uint32_t input;
	const struct og_source_doc *sdoc;
	struct og_jval root, name_val;
	struct og_sv name;	       /* empty = missing or malformed */
	struct og_jval *val;	       /* per field row, as written; absent = not given */
	bool *bad;		       /* per field row: given, and wrong */
	struct og_config_place *place; /* per field row */
	bool unknown; /* holds fields that are none: what is missing may be there */
	void *base;   /* struct og_stack or struct og_profile */
};

struct cfg_reader {
	struct og_arena *arena;
	const struct og_config_input *inputs;
	struct og_config_report *report;
	struct cfg_doc *docs;
	uint32_t ndocs, cap_docs;
	bool oom;
};

static inline struct og_stack *cfg_stack(const struct cfg_doc *d)
{
	return d->base;
}
static inline struct og_profile *cfg_profile(const struct cfg_doc *d)
{
	return d->base;
}

/* --- problems (config_report.c) --- */

/* Severities as letters in front of the format: cfg_error and cfg_warn differ in nothing else.
 * `at` is the value meant; absent = the place of `path`, or of its nearest ancestor given.
 * `hint` may be NULL. */
void cfg_problem(struct cfg_reader *r, enum og_severity sev, const struct cfg_doc *d,
	struct og_jval at, const char *path, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
#define cfg_error(r, d, at, path, hint, ...) \
	cfg_problem((r), OG_SEV_ERROR, (d), (at), (path), (hint), __VA_ARGS__)
#define cfg_warn(r, d, at, path, hint, ...) \
	cfg_problem((r), OG_SEV_WARNING, (d), (at), (path), (hint), __VA_ARGS__)
/* A problem of a text, at a known place (line 0 = none). */
void cfg_file_problem(struct cfg_reader *r, enum og_severity sev, uint32_t input, uint32_t line,
	uint32_t col, const char *hint, const char *message);
/* Sorts; called once. */
void cfg_report_finish(struct cfg_reader *r);
/* Arena text for messages and hints; "" (and r->oom) when memory is out. */
const char *cfg_fmt(struct cfg_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Key or word for a message: at most 60 bytes, control characters replaced. */
const char *cfg_quote(struct cfg_reader *r, struct og_sv s);

/* --- the whole (config_build.c) --- */

/* Names, defaults, references, and the combinations of every document. */
void cfg_check_references(struct cfg_reader *r);
/* The snapshot of documents without errors; NULL when memory is out. */
struct og_config *cfg_build(struct cfg_reader *r, size_t ninputs);

/* --- fields (config_fields.c) --- */

/* Reads spec by the table and sets defaults. */
void cfg_read_spec(struct cfg_reader *r, struct cfg_doc *d, struct og_jval spec);
/* Row of a path that the table has (a test checks all that are used; else spec's). */
size_t cfg_row(const struct cfg_doc *d, const char *path);
struct og_jval cfg_val(const struct cfg_doc *d, const char *path);
/* Given in the document (well formed or not). */
bool cfg_given(const struct cfg_doc *d, const char *path);
/* Well formed: given and right, or not given. */
bool cfg_ok(const struct cfg_doc *d, const char *path);
/* "{{ … }}", "${…}" or "<…>" left by a template. */
bool cfg_is_template(struct og_sv s);
/* A string, reported when it is none; false then. */
bool cfg_text(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path,
	struct og_sv *ret);

/* --- scalars, lists and maps by their row (config_scalars.c); false when reported --- */
bool cfg_read_string(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_sv *ret, uint32_t *ret_word);
bool cfg_read_bool(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, bool *ret);
bool cfg_read_int(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, uint32_t *ret);
bool cfg_read_duration(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, uint32_t *ret);
bool cfg_read_strings(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, const struct og_sv **ret, uint32_t *ret_n);
bool cfg_read_map(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_kvs *ret);
bool cfg_read_selector(struct cfg_reader *r, const struct cfg_doc *d, const struct og_field *f,
	struct og_jval v, struct og_selector *ret);

/* --- values with a shape of their own (config_values.c); false when anything was reported --- */
bool cfg_read_env(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v, const char *path,
	const struct og_cfg_env **ret, uint32_t *ret_n);
bool cfg_read_resources(struct cfg_reader *r, const struct cfg_doc *d, struct og_jval v,
	const char *path, struct og_sv *ret);

/* --- combinations (config_check_*.c) --- */
void cfg_check_stack(struct cfg_reader *r, const struct cfg_doc *d);
/* `stack` may be NULL when the reference is broken. */
void cfg_check_profile(struct cfg_reader *r, const struct cfg_doc *d, const struct cfg_doc *stack);
