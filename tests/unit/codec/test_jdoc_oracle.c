/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader against jansson: the same texts are accepted and refused, and read as the same values.
 * Known differences, all of jansson's making, and told apart by its error code:
 *   - numbers beyond int64 or double are refused (ours reads numbers on demand);
 *   - \u0000 in a key is refused (ours takes it as any character);
 *   - a NUL byte behind a number or a name is lost (2.14; no NUL byte is allowed anywhere, which is
 *     what is checked here instead);
 *   - nesting is refused from 2,048 levels (ours from 1,024 at most; texts here are not that deep).
 * OG_SEED=n or OG_SEED=random takes another seed than the fixed one, OG_CASES=n makes more cases.
 */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "support/jsongen.h"

static uint64_t seed;

struct tally {
	unsigned valid, invalid, not_comparable;
};

static void compare(struct og_sv text, unsigned n, struct tally *t)
{
	static const struct og_jlimits wide = {.max_depth = 1024};
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	json_error_t jerr = {.line = 0};
	/* exact bounds, so that ASan sees any read behind the end */
	og_auto_free char *exact = og_memdup(text.p, text.n);
	ck_assert_ptr_nonnull(exact);
	int rc = og_jdoc_parse(&d, &a, og_sv(exact, text.n), &wide, &err);
	json_t *j = json_loadb(
		exact, text.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &jerr);
	enum json_error_code code = j ? json_error_unknown : json_error_code(&jerr);
	bool skip = code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
		    code == json_error_stack_overflow;
	if (memchr(exact, '\0', text.n)) {
		skip = true;
		ck_assert_msg(rc != 0, "OG_SEED=%llu case %u: a NUL byte was accepted",
			(unsigned long long)seed, n);
	}
	if (!skip) {
		ck_assert_msg((rc == 0) == (j != NULL),
			"OG_SEED=%llu case %u: ours: %s; jansson: %s\n%.*s",
			(unsigned long long)seed, n, rc ? err.msg : "accepted",
			j ? "accepted" : jerr.text, OG_SV_ARG(text));
		if (j)
			ck_assert_msg(jsongen_same(og_jroot(&d), j),
				"OG_SEED=%llu case %u: read differently\n%.*s",
				(unsigned long long)seed, n, OG_SV_ARG(text));
	}
	t->not_comparable += skip;
	t->valid += !skip && j;
	t->invalid += !skip && !j;
	json_decref(j);
}

START_TEST(accepts_and_reads_as_jansson_does)
{
	const char *more = getenv("OG_CASES");
	unsigned cases = more ? (unsigned)strtoul(more, NULL, 10) : 12000;
	struct tally t = {0, 0, 0};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	for (unsigned n = 0; n < cases; n++) {
		struct jsongen g = jsongen_case(seed, n);
		og_buf_reset(&b);
		jsongen_text(&g, &b);
		compare(og_buf_view(&b), n, &t);
		jsongen_damage(&g, &b);
		compare(og_buf_view(&b), n, &t);
	}
	unsigned sum = t.valid + t.invalid + t.not_comparable;
	ck_assert_uint_eq(sum, 2 * cases);
	/* the generator must keep making all three kinds, or this test says nothing */
	ck_assert_msg(t.valid > sum / 4 && t.invalid > sum / 4 && t.not_comparable < sum / 4,
		"%u valid, %u invalid, %u not comparable", t.valid, t.invalid, t.not_comparable);
}
END_TEST

/* Every prefix of a document, and every single byte of it replaced by ones that matter. */
START_TEST(all_prefixes_and_replacements)
{
	static const char doc[] =
		"{\"a\\u00e9\":[1,-2.5e+3,true,false,null,\"\\ud83d\\ude00\xc3\xa9\"],\"b\":{\"\":{}}} ";
	static const char bytes[] = "\"\\{}[]:,0-.eEtn u\x01\x80\xc3\xff";
	struct tally t = {0, 0, 0};
	for (size_t n = 0; n < sizeof(doc); n++)
		compare(og_sv(doc, n), (unsigned)n, &t);
	for (size_t i = 0; i + 1 < sizeof(doc); i++)
		for (size_t k = 0; k < sizeof(bytes); k++) {
			char copy[sizeof(doc)];
			memcpy(copy, doc, sizeof(doc));
			copy[i] = bytes[k];
			compare(og_sv(copy, sizeof(doc) - 1), (unsigned)i, &t);
		}
	ck_assert_uint_gt(t.valid, 50);
	ck_assert_uint_gt(t.invalid, 500);
}
END_TEST

int main(void)
{
	seed = jsongen_seed();
	Suite *s = suite_create("codec/jdoc_oracle");
	TCase *tc = tcase_create("oracle");
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, accepts_and_reads_as_jansson_does);
	tcase_add_test(tc, all_prefixes_and_replacements);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	if (failed)
		printf("replay with OG_SEED=%llu\n", (unsigned long long)seed);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
