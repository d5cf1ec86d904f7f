/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning: "object NUL configuration"; without a NUL the fixed configuration is used. Checked: a
 * patch applies, the second one is empty, undoing gives the object back, errors have a text.
 */
#include "fuzz-engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv object_text = og_sv((const char *)data, size), config_text = OG_SV("");
	const struct og_config *config = fuzz_config();
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 64 << 20);
	struct og_jdoc d;
	if (fuzz_split(data, size, &object_text, &config_text)) {
		struct og_config_input in = {"fuzzed", config_text};
		struct og_config_report report;
		struct og_config *c = NULL;
		if (og_config_read(&arena, &in, 1, &c, &report))
			return 0;
		config = c;
	}
	if (og_jdoc_parse(&d, &arena, object_text, NULL, NULL))
		return 0;
	fuzz_engine(config, og_jroot(&d));
	return 0;
}
