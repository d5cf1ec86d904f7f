/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map, interning, digest, suggestions. */
#include "otelgate/base/digest.h"
#include "otelgate/base/map.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "support/suite.h"

#include <stdint.h>
#include <stdio.h>

static struct og_sv number(char buf[32], int i)
{
	int n = snprintf(buf, 32, "key-%d", i);
	return og_sv(buf, (size_t)n);
}

static void fill_and_check(struct og_map *m)
{
	char buf[32];
	enum { N = 2000 };
	static int values[N];
	for (int i = 0; i < N; i++)
		ck_assert(og_map_set(m, number(buf, i), &values[i]));
	for (int i = 0; i < N; i += 3)
		ck_assert_ptr_eq(og_map_remove(m, number(buf, i)), &values[i]);
	ck_assert_uint_eq(og_map_count(m), N - (N + 2) / 3);
	for (int i = 0; i < N; i++)
		ck_assert_ptr_eq(og_map_get(m, number(buf, i)), i % 3 ? (void *)&values[i] : NULL);
	int last = -1;
	size_t seen = 0;
	og_map_for (m, e) {
		int i = (int)((int *)e->value - values);
		ck_assert_int_gt(i, last); /* insertion order */
		last = i;
		seen++;
	}
	ck_assert_uint_eq(seen, og_map_count(m));
	/* a key that comes back goes to the end */
	ck_assert(og_map_set(m, OG_SV("key-0"), &values[0]));
	struct og_map_entry *end = NULL;
	og_map_for (m, e)
		end = e;
	ck_assert(og_sv_is(end->key, "key-0"));
}

START_TEST(map_on_heap)
{
	og_auto_map struct og_map m;
	og_map_init(&m, (uint64_t)_i * (uint64_t)0x9E3779B97F4A7C15, NULL);
	fill_and_check(&m);
	og_map_clear(&m);
	ck_assert_uint_eq(og_map_count(&m), 0);
	ck_assert_ptr_null(og_map_find(&m, OG_SV("key-1")));
	fill_and_check(&m);
}
END_TEST

START_TEST(map_in_arena)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_map m;
	og_map_init(&m, 1, &a);
	fill_and_check(&m);
}
END_TEST

START_TEST(map_odd_keys)
{
	og_auto_map struct og_map m;
	og_map_init(&m, 1, NULL);
	bool fresh = false;
	ck_assert_ptr_null(og_map_get(&m, OG_SV("")));
	ck_assert_ptr_null(og_map_remove(&m, OG_SV("x")));
	ck_assert_ptr_nonnull(og_map_put(&m, (struct og_sv){NULL, 0}, &fresh));
	ck_assert(fresh);
	ck_assert_ptr_nonnull(og_map_put(&m, OG_SV(""), &fresh));
	ck_assert(!fresh);
	ck_assert(og_map_set(&m, og_sv("a\0b", 3), &m));
	ck_assert_ptr_null(og_map_get(&m, OG_SV("a")));
	ck_assert_ptr_eq(og_map_get(&m, og_sv("a\0b", 3)), &m);
}
END_TEST

/* Put and remove in turn must not let the table grow without end. */
START_TEST(map_churn_stays_small)
{
	og_auto_map struct og_map m;
	og_map_init(&m, 1, NULL);
	char buf[32];
	for (int i = 0; i < 100000; i++) {
		ck_assert(og_map_set(&m, number(buf, i), &m));
		ck_assert_ptr_eq(og_map_remove(&m, number(buf, i)), &m);
	}
	ck_assert_uint_le(m.cap_, 64);
}
END_TEST

START_TEST(map_remove_while_iterating)
{
	og_auto_map struct og_map m;
	og_map_init(&m, 1, NULL);
	char buf[32];
	for (int i = 0; i < 100; i++)
		ck_assert(og_map_set(&m, number(buf, i), &m));
	size_t seen = 0;
	og_map_for (&m, e) {
		char copy[32];
		struct og_sv key = og_sv(memcpy(copy, e->key.p, e->key.n), e->key.n);
		ck_assert_ptr_eq(og_map_remove(&m, key), &m);
		seen++;
	}
	ck_assert_uint_eq(seen, 100);
	ck_assert_uint_eq(og_map_count(&m), 0);
}
END_TEST

START_TEST(map_allocation_failures)
{
	for (unsigned long at = 1; at < 40; at++) {
		og_auto_map struct og_map m;
		og_map_init(&m, 1, NULL);
		char buf[32];
		int stored = 0;
		og_mem_fault_arm(at, false);
		for (int i = 0; i < 20; i++)
			stored += og_map_set(&m, number(buf, i), &m);
		og_mem_fault_disarm();
		ck_assert_int_ge(stored, 19);
		ck_assert_uint_eq(og_map_count(&m), (size_t)stored);
		for (int i = 0; i < 20; i++)
			ck_assert(og_map_set(&m, number(buf, i), &m));
		ck_assert_uint_eq(og_map_count(&m), 20);
	}
}
END_TEST

START_TEST(hash_depends_on_every_byte_and_seed)
{
	char text[33] = "0123456789abcdef0123456789abcdef";
	uint64_t base = og_hash64(1, og_sv(text, 32));
	ck_assert(base != og_hash64(2, og_sv(text, 32)));
	for (size_t i = 0; i < 32; i++) {
		text[i] ^= 1;
		ck_assert(base != og_hash64(1, og_sv(text, 32)));
		text[i] ^= 1;
		ck_assert(base != og_hash64(1, og_sv(text, i)));
	}
	ck_assert(base == og_hash64(1, og_sv(text, 32)));
}
END_TEST

START_TEST(intern_gives_one_copy)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_intern t;
	og_intern_init(&t, 1, &a);
	char one[] = "value", two[] = "value";
	struct og_sv x = og_intern_sv(&t, og_svz(one)), y = og_intern_sv(&t, og_svz(two));
	ck_assert_ptr_eq(x.p, y.p);
	one[0] = 'V';
	ck_assert(og_sv_is(x, "value"));
	ck_assert_ptr_ne(og_intern_sv(&t, OG_SV("other")).p, x.p);
	ck_assert_uint_eq(og_intern_count(&t), 2);
	og_mem_fault_arm(1, true);
	ck_assert_ptr_null(og_intern_sv(&t, OG_SV("third")).p);
	ck_assert_ptr_eq(og_intern_sv(&t, OG_SV("value")).p, x.p);
	og_mem_fault_disarm();
}
END_TEST

/* FIPS 180-4 examples (NIST CSRC, "SHA-256 Example") */
static const struct {
	const char *text, *hex;
} hashes[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_vectors)
{
	unsigned char md[OG_SHA256_BYTES];
	char hex[OG_SHA256_HEX_BYTES];
	const char *text = hashes[_i].text;
	ck_assert_int_eq(og_sha256(text, strlen(text), md, NULL), 0);
	og_hex(hex, md, sizeof(md));
	ck_assert_str_eq(hex, hashes[_i].hex);
	og_auto_sha256 struct og_sha256 h;
	og_sha256_init(&h);
	for (const char *p = text; *p; p++)
		og_sha256_add(&h, p, 1);
	unsigned char again[OG_SHA256_BYTES];
	ck_assert_int_eq(og_sha256_final(&h, again, NULL), 0);
	ck_assert_mem_eq(md, again, sizeof(md));
	ck_assert_int_eq(og_sha256_final(&h, again, NULL), -(int)OG_E_BUG);
}
END_TEST

static void parts(struct og_sv a, struct og_sv b, unsigned char out[OG_SHA256_BYTES])
{
	og_auto_sha256 struct og_sha256 h;
	og_sha256_init(&h);
	og_sha256_part(&h, a);
	og_sha256_part(&h, b);
	ck_assert_int_eq(og_sha256_final(&h, out, NULL), 0);
}

START_TEST(sha256_parts_keep_borders)
{
	unsigned char x[OG_SHA256_BYTES], y[OG_SHA256_BYTES];
	parts(OG_SV("ab"), OG_SV("c"), x);
	parts(OG_SV("a"), OG_SV("bc"), y);
	ck_assert_mem_ne(x, y, sizeof(x));
	parts(OG_SV("ab"), OG_SV("c"), y);
	ck_assert_mem_eq(x, y, sizeof(x));
}
END_TEST

START_TEST(sha256_out_of_memory)
{
	unsigned char md[OG_SHA256_BYTES] = {0x55};
	struct og_err err = OG_ERR_INIT;
	og_mem_fault_arm(1, false);
	ck_assert_int_eq(og_sha256("x", 1, md, &err), -(int)OG_E_OOM);
	og_mem_fault_disarm();
	ck_assert_int_eq(err.code, OG_E_OOM);
	ck_assert_uint_eq(md[0], 0x55);
}
END_TEST

static const char *const names[] = {
	"endpoint", "protocol", NULL, "propagators", "languages", "signals", "on", "networkPolicy"};
static const struct {
	const char *word, *want;
} guesses[] = {
	{"endpiont", "endpoint"},
	{"endpoint", "endpoint"},
	{"endpoints", "endpoint"},
	{"protocl", "protocol"},
	{"Protocol", "protocol"},
	{"network-policy", "networkPolicy"},
	{"networkpolicy", "networkPolicy"},
	{"singals", "signals"},
	{"language", "languages"},
	{"", NULL},
	{"xy", NULL},
	{"no", NULL}, /* two letters: nothing is near */
	{"completelydifferent", NULL},
	{"end", NULL},
	{"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", NULL},
};

START_TEST(suggest_table)
{
	const char *got = og_suggest(og_svz(guesses[_i].word), names, OG_COUNT(names));
	if (guesses[_i].want)
		ck_assert_str_eq(got, guesses[_i].want);
	else
		ck_assert_msg(got == NULL, "%s gave %s", guesses[_i].word, got);
}
END_TEST

START_TEST(suggest_from_rows)
{
	static const struct {
		int number;
		const char *name;
	} rows[] = {{1, "webhook"}, {2, "inject"}, {3, NULL}, {4, "explain"}};
	ck_assert_str_eq(og_suggest_in(OG_SV("injcet"), rows, OG_COUNT(rows), name), "inject");
	ck_assert_ptr_null(og_suggest_in(OG_SV("audit"), rows, OG_COUNT(rows), name));
	ck_assert_ptr_null(og_suggest_in(OG_SV("inject"), rows, 0, name));
}
END_TEST

START_TEST(distance)
{
	ck_assert_uint_eq(og_edit_distance(OG_SV("ab"), OG_SV("ba"), 9), 1);
	ck_assert_uint_eq(og_edit_distance(OG_SV(""), OG_SV("abc"), 9), 3);
	ck_assert_uint_eq(og_edit_distance(OG_SV("abc"), OG_SV(""), 9), 3);
	ck_assert_uint_eq(og_edit_distance(OG_SV("kitten"), OG_SV("sitting"), 9), 3);
	ck_assert_uint_eq(og_edit_distance(OG_SV("kitten"), OG_SV("sitting"), 1), 2);
	ck_assert_uint_eq(og_edit_distance(OG_SV("ABC"), OG_SV("abc"), 9), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/map");
	TCase *tc = tcase_create("map");
	tcase_add_loop_test(tc, map_on_heap, 0, 4);
	tcase_add_test(tc, map_in_arena);
	tcase_add_test(tc, map_odd_keys);
	tcase_add_test(tc, map_churn_stays_small);
	tcase_add_test(tc, map_remove_while_iterating);
	tcase_add_test(tc, map_allocation_failures);
	tcase_add_test(tc, hash_depends_on_every_byte_and_seed);
	tcase_add_test(tc, intern_gives_one_copy);
	tcase_add_loop_test(tc, sha256_vectors, 0, (int)OG_COUNT(hashes));
	tcase_add_test(tc, sha256_parts_keep_borders);
	tcase_add_test(tc, sha256_out_of_memory);
	tcase_add_loop_test(tc, suggest_table, 0, (int)OG_COUNT(guesses));
	tcase_add_test(tc, suggest_from_rows);
	tcase_add_test(tc, distance);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
