/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and streams taken apart: any bytes, any chunks. First byte: mode and size of chunks.
 * Checked: parts, envelope and verdict are the same as in one chunk, and what jdoc reads in them.
 */
#include "fuzz-support.h"
#include "otelgate/codec/jsplit.h"

struct got {
	struct og_buf out;
	unsigned long parts;
};

static int on_part(void *ctx, struct og_sv p)
{
	struct got *g = ctx;
	FUZZ_CHECK(p.n > 0);
	og_buf_sv(&g->out, p);
	og_buf_ch(&g->out, '\n');
	g->parts++;
	return 0;
}

static int on_envelope(void *ctx, struct og_sv json, bool complete)
{
	struct got *g = ctx;
	og_buf_str(&g->out, complete ? "=" : "(");
	og_buf_sv(&g->out, json);
	return 0;
}

static int take(enum og_jsplit_mode mode, struct og_sv text, size_t step, struct got *g)
{
	struct og_jsplit s;
	og_jsplit_init(&s, mode, 1000);
	s.ctx = g;
	s.on_part = on_part;
	s.on_envelope = on_envelope;
	int rc = 0;
	for (size_t i = 0; i < text.n && rc == 0; i += step) {
		size_t n = text.n - i < step ? text.n - i : step;
		char *copy = og_memdup(text.p + i, n); /* a read outside of it is seen */
		FUZZ_CHECK(copy);
		rc = og_jsplit_feed(&s, og_sv(copy, n), NULL);
		og_free(copy);
	}
	if (rc == 0)
		rc = og_jsplit_end(&s, NULL);
	FUZZ_CHECK(rc == 0 || rc == -OG_E_PARSE || rc == -OG_E_LIMIT);
	FUZZ_CHECK(s.parts == g->parts);
	og_jsplit_fini(&s);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 20000)
		return 0;
	enum og_jsplit_mode mode = data[0] & 1 ? OG_JSPLIT_LIST : OG_JSPLIT_STREAM;
	struct og_sv text = og_sv((const char *)data + 1, size - 1);
	struct got one = {.out = OG_BUF_INIT(0)}, many = {.out = OG_BUF_INIT(0)};
	int rc = take(mode, text, size, &one);
	int rc2 = take(mode, text, 1 + data[0] / 2, &many);
	FUZZ_CHECK(rc == rc2 && og_sv_eq(og_buf_view(&one.out), og_buf_view(&many.out)));
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc d;
	if (mode == OG_JSPLIT_LIST && og_jdoc_parse(&d, &arena, text, NULL, NULL) == 0 && rc == 0)
		FUZZ_CHECK(og_jis(og_jroot(&d), OG_J_OBJECT) &&
			   og_jcount(og_jgetl(og_jroot(&d), "items")) == one.parts);
	og_buf_fini(&one.out);
	og_buf_fini(&many.out);
	return 0;
}
