/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointer: "pointer NUL document". Checked: tokens survive the round trip, found or a reason.
 */
#include "fuzz-support.h"
#include "otelgate/codec/jptr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv ptr, text;
	if (!fuzz_split(data, size, &ptr, &text))
		return 0;
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	/* each escape has one meaning, so taking apart and putting together gives the same text */
	og_auto_buf struct og_buf again = OG_BUF_INIT(0);
	struct og_sv rest = ptr, token;
	while (og_jptr_next(&rest, &arena, &token, &err)) {
		uint32_t i;
		if (og_jptr_index(token, &i))
			og_jptr_add_index(&again, i);
		else
			og_jptr_add(&again, token);
	}
	FUZZ_CHECK(err.code == OG_OK || err.code == OG_E_PARSE);
	FUZZ_CHECK(err.code != OG_OK || og_sv_eq(og_buf_view(&again), ptr));
	bool well_formed = err.code == OG_OK;
	if (og_jdoc_parse(&d, &arena, text, NULL, NULL) != 0)
		return 0;
	og_err_clear(&err);
	struct og_jval v = og_jptr_resolve(og_jroot(&d), ptr, &arena, &err);
	FUZZ_CHECK((v.d != NULL) == (err.code == OG_OK));
	FUZZ_CHECK(v.d == NULL || (well_formed && v.i < d.ntok));
	og_mem_fault_arm(1, true);
	struct og_jval w = og_jptr_resolve(og_jroot(&d), ptr, &arena, NULL);
	og_mem_fault_disarm();
	FUZZ_CHECK(!w.d || w.i == v.i);
	return 0;
}
