/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON Patch (RFC 6902): written as text, applied in memory, computed between two documents.
 */
#include "otelgate/codec/jdoc.h"

/*
 * Builder. Usage: og_jpatch_begin, any number of operations, og_jpatch_end. `path` is a JSON
 * Pointer as plain text; `value` is JSON text, copied as it is. Failures are those of the buffer.
 */
struct og_jpatch {
	struct og_buf *out;
	uint32_t nops;
};
void og_jpatch_begin(struct og_jpatch *p, struct og_buf *out);
void og_jpatch_add(struct og_jpatch *p, struct og_sv path, struct og_sv value);
void og_jpatch_replace(struct og_jpatch *p, struct og_sv path, struct og_sv value);
void og_jpatch_remove(struct og_jpatch *p, struct og_sv path);
void og_jpatch_test(struct og_jpatch *p, struct og_sv path, struct og_sv value);
/* Closes the array; true unless the buffer failed. With no operation the text is "[]". */
bool og_jpatch_end(struct og_jpatch *p);

/*
 * Applies a patch (an array of operations: add remove replace move copy test) to `doc` and appends
 * the resulting JSON text to `out`. Untouched parts are copied byte for byte. All or nothing: on
 * error `out` is as before. Errors: INVALID with "operation N (add /path): why", N from 0; PARSE
 * for a malformed operation; OOM; LIMIT (result larger than out->max or deeper than 1,024 levels,
 * more operations than 10,000 and than the document has values, more work than a patch of ours
 * could ever need).
 */
int og_jpatch_apply(struct og_jval doc, struct og_jval patch, struct og_arena *arena,
	struct og_buf *out, struct og_err *err);

/*
 * Appends a patch that turns `from` into `to` (as an RFC 6902 array; "[]" when equal). Arrays are
 * compared element by element with common head and tail kept, so that an insertion is one `add`.
 * Errors: OOM.
 */
int og_jpatch_diff(struct og_jval from, struct og_jval to, struct og_arena *arena,
	struct og_buf *out, struct og_err *err);
