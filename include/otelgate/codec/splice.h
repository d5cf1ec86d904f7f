/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * splice: a JSON Patch carried out on the text a person wrote. Only the lines that the patch adds,
 * changes or removes differ; comments, quoting, anchors, line endings, a missing final newline, a
 * byte order mark and document markers stay as they are. What is written follows the document:
 * its indentation, its list style, its line endings, its flow style, its JSON layout.
 *
 * Never a wrong text: the result is read again and compared with the patched object.
 */
#include "otelgate/codec/source.h"

/*
 * Carries out `patch`, an RFC 6902 array of add, replace, remove and test operations, on the
 * document and appends the new text of its range (start to end) to `out`. With an empty patch that
 * is the old text.
 *
 * An element that is removed goes with its lines and the comments inside it; a member that becomes
 * the last one to go leaves {} or [] behind.
 *
 * Errors, all with out as before: INVALID, PARSE for the patch, as og_jpatch_apply;
 * UNSUPPORTED with "name:line:column: why (what to do)" when the edit would change another place
 * as well (anchors, merges), or cannot be made in this text; OOM; LIMIT (out->max).
 * `a` is scratch memory and can be reset afterwards.
 */
int og_splice_patch(const struct og_source_doc *d, struct og_jval patch, struct og_arena *a,
	struct og_buf *out, struct og_err *err);
