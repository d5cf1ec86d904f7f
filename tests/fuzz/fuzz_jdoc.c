/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader: any bytes. Checked: the same verdict and values as jansson (see
 * test_jdoc_oracle.c for the known differences), every reader on every value, out of memory.
 */
#include <jansson.h>
#include "fuzz-support.h"
#include "otelgate/codec/jwrite.h"
#include "support/jsongen.h"

static const struct og_jlimits limits = {.max_depth = 1024, .max_tokens = 200000};

static void check_string(struct og_jval v, struct og_arena *arena)
{
	struct og_sv s;
	FUZZ_CHECK(og_jstr(v, arena, &s) && og_utf8_valid(s.p, s.n) && og_jstr_eq(v, s));
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_jw_str(&b, s);
	struct og_jdoc again;
	FUZZ_CHECK(og_jdoc_parse(&again, arena, og_buf_view(&b), NULL, NULL) == 0);
	FUZZ_CHECK(og_jequal(og_jroot(&again), v) && og_jstr_eq(og_jroot(&again), s));
}

/* Every token: inside the text, readable, found again by key and index. */
static void check_values(const struct og_jdoc *d, struct og_arena *arena)
{
	for (uint32_t i = 0; i < d->ntok; i++) {
		struct og_jval v = {d, i};
		struct og_sv raw = og_jraw(v);
		FUZZ_CHECK(raw.n && raw.p >= d->text && raw.p + raw.n <= d->text + d->len);
		uint32_t line, col;
		og_jdoc_position(d, og_jtok(v)->off, &line, &col);
		FUZZ_CHECK(line >= 1 && col >= 1);
		int64_t n;
		if (og_ji64(v, &n))
			FUZZ_CHECK(og_jis(v, OG_J_NUMBER));
		if (og_jis(v, OG_J_STRING) && i < 2000)
			check_string(v, arena);
		uint32_t turns = 0;
		og_jfor (it, v) {
			turns++;
			if (it.index > 200)
				continue;
			if (og_jis(v, OG_J_ARRAY))
				FUZZ_CHECK(og_jat(v, it.index).i == it.val.i);
			else
				FUZZ_CHECK(
					og_jget(v, og_jstr_or_empty(it.key, arena)).i == it.val.i);
		}
		FUZZ_CHECK(turns == og_jcount(v));
	}
}

static void check_oracle(struct og_sv text, const struct og_jdoc *d, int rc)
{
	json_error_t err;
	json_t *j = json_loadb(text.n ? text.p : "", text.n,
		JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &err);
	enum json_error_code code = j ? json_error_unknown : json_error_code(&err);
	bool raw_nul = text.n && memchr(text.p, '\0', text.n);
	if (raw_nul) {
		FUZZ_CHECK(rc != 0);
	} else if (code != json_error_numeric_overflow && code != json_error_null_byte_in_key &&
		   code != json_error_stack_overflow && rc != -OG_E_LIMIT) {
		FUZZ_CHECK((rc == 0) == (j != NULL));
		FUZZ_CHECK(!j || jsongen_same(og_jroot(d), j));
	}
	json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv text = og_sv((const char *)data, size);
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc d, again;
	struct og_err err = OG_ERR_INIT;
	int rc = og_jdoc_parse(&d, &arena, text, &limits, &err);
	FUZZ_CHECK((rc == 0) == (err.code == OG_OK) && rc == -(int)err.code);
	FUZZ_CHECK(rc == 0 || rc == -OG_E_PARSE || rc == -OG_E_LIMIT);
	check_oracle(text, &d, rc);
	if (rc == 0) {
		check_values(&d, &arena);
		FUZZ_CHECK(
			og_jdoc_parse(&again, &arena, og_jraw(og_jroot(&d)), &limits, &err) == 0);
		FUZZ_CHECK(again.ntok == d.ntok && og_jequal(og_jroot(&d), og_jroot(&again)));
	}
	og_mem_fault_arm(1 + size % 5, true);
	int rc2 = og_jdoc_parse(&again, &arena, text, &limits, &err);
	og_mem_fault_disarm();
	FUZZ_CHECK(rc2 == rc || rc2 == -OG_E_OOM);
	return 0;
}
