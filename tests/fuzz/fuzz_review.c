/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One admission, from bytes to bytes. Checked: the answer is a review with the uid, or plain text
 * with HTTP 400, 413 or 500; a patch applies to the object that came; memory that runs out gives
 * the same answer, a fault or HTTP 500.
 */
#include "fuzz-engine.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/core/review.h"

static void handle(
	struct og_sv body, struct og_arena *arena, struct og_buf *out, struct og_review_result *r)
{
	struct og_review_input in = {.config = fuzz_config(), .body = body};
	og_review_handle(&in, arena, out, r);
}

static struct og_jval parse(struct og_sv text, struct og_arena *arena)
{
	struct og_jdoc *d = og_arena_new(arena, struct og_jdoc);
	FUZZ_CHECK(d && og_jdoc_parse(d, arena, text, &fuzz_wide, NULL) == 0);
	return og_jroot(d);
}

static void check_answer(struct og_sv body, struct og_sv answer, const struct og_review_result *r)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	if (!r->valid_envelope) {
		FUZZ_CHECK(r->http_status == 400 || r->http_status == 413 || r->http_status == 500);
		FUZZ_CHECK(answer.n && og_utf8_valid(answer.p, answer.n) && !r->patched);
		return;
	}
	FUZZ_CHECK(r->http_status == 200);
	struct og_jval request = og_jgetl(parse(body, &arena), "request");
	struct og_jval response = og_jgetl(parse(answer, &arena), "response");
	FUZZ_CHECK(og_jequal(og_jgetl(request, "uid"), og_jgetl(response, "uid")));
	FUZZ_CHECK(og_jis(og_jgetl(response, "allowed"), r->allowed ? OG_J_TRUE : OG_J_FALSE));
	FUZZ_CHECK(og_jcount(og_jgetl(response, "warnings")) <= 2);
	struct og_sv text = og_jstr_or_empty(og_jgetl(response, "patch"), &arena);
	FUZZ_CHECK(r->patched == (text.n > 0));
	if (!text.n)
		return;
	struct og_buf patch = OG_BUF_INIT(0);
	FUZZ_CHECK(og_base64_decode(&patch, text, NULL) == 0);
	struct og_jval object = og_jgetl(request, "object");
	FUZZ_CHECK(!og_jequal(fuzz_apply(object, og_buf_view(&patch), &arena), object));
	og_buf_fini(&patch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv body = og_sv((const char *)data, size);
	og_auto_arena struct og_arena arena;
	og_auto_buf struct og_buf out = OG_BUF_INIT(0), again = OG_BUF_INIT(0),
				  patch = OG_BUF_INIT(0);
	struct og_review_result r;
	og_arena_init(&arena, 0, 0);
	handle(body, &arena, &out, &r);
	check_answer(body, og_buf_view(&out), &r);
	bool patched = r.patched;
	if (patched)
		og_buf_sv(&patch, r.plan->patch);
	og_arena_reset(&arena);
	og_mem_fault_arm(1 + size % 251, size & 256);
	handle(body, &arena, &again, &r);
	og_mem_fault_disarm();
	if (again.len)
		check_answer(body, og_buf_view(&again), &r);
	/* a warning may be lost, no part of a patch */
	FUZZ_CHECK(!r.patched || (patched && og_sv_eq(r.plan->patch, og_buf_view(&patch))));
	return 0;
}
