/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Patch: "document NUL patch". Checked: a result is a document that the computed patch also
 * makes; an error leaves the output alone; the two inputs differ by a patch that works.
 */
#include "fuzz-support.h"
#include "otelgate/codec/jpatch.h"

static const struct og_jlimits limits = {
	.max_depth = 1024, .max_tokens = 2000000, .max_bytes = 8 << 20};

static void check_diff(struct og_jval from, struct og_jval to, struct og_arena *arena)
{
	og_auto_buf struct og_buf patch = OG_BUF_INIT(0), got = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	int rc = og_jpatch_diff(from, to, arena, &patch, &err);
	FUZZ_CHECK(rc == 0 || rc == -OG_E_OOM);
	struct og_jdoc p, d;
	if (rc != 0)
		return;
	FUZZ_CHECK(og_jdoc_parse(&p, arena, og_buf_view(&patch), &limits, &err) == 0 ||
		   err.code == OG_E_LIMIT || err.code == OG_E_OOM);
	if (err.code != OG_OK)
		return;
	FUZZ_CHECK(og_jequal(from, to) == (og_jcount(og_jroot(&p)) == 0));
	rc = og_jpatch_apply(from, og_jroot(&p), arena, &got, &err);
	FUZZ_CHECK(rc == 0 || rc == -OG_E_LIMIT || rc == -OG_E_OOM);
	if (rc == 0 && og_jdoc_parse(&d, arena, og_buf_view(&got), &limits, &err) == 0)
		FUZZ_CHECK(og_jequal(og_jroot(&d), to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv doc_text, patch_text;
	if (!fuzz_split(data, size, &doc_text, &patch_text))
		return 0;
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 32 << 20);
	struct og_jdoc doc, patch, result;
	struct og_err err = OG_ERR_INIT;
	if (og_jdoc_parse(&doc, &arena, doc_text, &limits, NULL) != 0 ||
		og_jdoc_parse(&patch, &arena, patch_text, &limits, NULL) != 0)
		return 0;
	struct og_jval from = og_jroot(&doc), p = og_jroot(&patch);
	og_auto_buf struct og_buf out = OG_BUF_INIT(1 << 20), again = OG_BUF_INIT(1 << 20);
	int rc = og_jpatch_apply(from, p, &arena, &out, &err);
	FUZZ_CHECK(rc == -(int)err.code && !out.failed);
	FUZZ_CHECK(rc == 0 || (out.len == 0 && og_utf8_valid(err.msg, strlen(err.msg))));
	if (rc == 0) {
		FUZZ_CHECK(og_jdoc_parse(&result, &arena, og_buf_view(&out), &limits, &err) == 0 ||
			   err.code == OG_E_LIMIT || err.code == OG_E_OOM);
		if (err.code == OG_OK)
			check_diff(from, og_jroot(&result), &arena);
	}
	check_diff(from, p, &arena);
	og_mem_fault_arm(1 + size % 13, true);
	int rc2 = og_jpatch_apply(from, p, &arena, &again, NULL);
	og_mem_fault_disarm();
	FUZZ_CHECK(rc2 == rc || rc2 == -OG_E_OOM);
	FUZZ_CHECK(rc2 != 0 || og_sv_eq(og_buf_view(&out), og_buf_view(&again)));
	return 0;
}
