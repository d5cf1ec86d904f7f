/* SPDX-License-Identifier: Apache-2.0 */
/* Readers beside the writer: whatever a reader sees is whole, and the writer gets its turn. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/store.h"
#include "support/suite.h"

enum { READERS = 3, ROUNDS = 4000, NAMES = 300 };

static struct og_store *store;
static atomic_bool stop;
static atomic_uint reads;

static unsigned index_mod(void *ctx, const struct og_record *r, struct og_sv *keys)
{
	(void)ctx;
	keys[0] = og_record_label(r, OG_SV("v"));
	keys[1] = r->ns;
	return 2;
}

/* Version, label and owner of one object carry the same number. */
static void check_whole(const struct og_record *r)
{
	struct og_owner o;
	struct og_sv v = og_record_label(r, OG_SV("v"));
	ck_assert(og_sv_eq(v, r->resource_version));
	ck_assert(og_record_owner(r, &o));
	ck_assert(og_sv_ends(o.name, v) && og_sv_is(o.kind, "Set"));
	ck_assert_uint_eq(r->uid.n, 36);
	ck_assert(og_sv_is(r->ns, "shop") || og_sv_is(r->ns, "other"));
}

static void *reader(void *arg)
{
	unsigned n = *(unsigned *)arg;
	while (!atomic_load(&stop)) {
		char name[32];
		struct og_record r;
		n = (n * 1103515245U + 12345U) % NAMES;
		snprintf(name, sizeof(name), "n%u", n);
		og_store_read_begin(store);
		if (og_store_get(store, OG_SV("shop"), og_svz(name), &r)) {
			check_whole(&r);
			char key[64];
			snprintf(key, sizeof(key), "%.*s", OG_SV_ARG(r.resource_version));
			uint32_t at = 0;
			struct og_record s;
			ck_assert(og_store_next_indexed(store, og_svz(key), &at, &s));
			check_whole(&s);
		}
		if (n % 16 == 0) {
			uint32_t seen = 0;
			for (uint32_t at = 0; og_store_next(store, &at, &r); seen++)
				check_whole(&r);
			ck_assert_uint_eq(seen, og_store_count(store));
		}
		og_store_read_end(store);
		(void)og_store_bytes(store);
		(void)og_store_generation(store);
		(void)og_store_synced(store);
		atomic_fetch_add(&reads, 1);
	}
	return NULL;
}

static void put(unsigned n, unsigned v)
{
	char json[512];
	int len = snprintf(json, sizeof(json),
		"{\"metadata\":{\"name\":\"n%u\",\"namespace\":\"%s\",\"resourceVersion\":\"%u\","
		"\"uid\":\"%08x-1111-4222-8333-444455556666\",\"labels\":{\"v\":\"%u\"},"
		"\"ownerReferences\":[{\"kind\":\"Set\",\"name\":\"set-%u\",\"uid\":\"u%u\","
		"\"controller\":true}]}}",
		n, n % 7 ? "shop" : "other", v, v % 5 ? n : v, v, v, v);
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 4096, 0);
	struct og_jdoc d;
	ck_assert_int_eq(og_jdoc_parse(&d, &a, og_sv(json, (size_t)len), NULL, NULL), 0);
	ck_assert_int_eq(og_store_put(store, og_jroot(&d), NULL), 0);
}

START_TEST(readers_and_a_writer)
{
	struct og_store_opts o = {.name = "things", .labels = true, .index = index_mod, .seed = 7};
	ck_assert_int_eq(og_store_new(&o, &store, NULL), 0);
	pthread_t t[READERS];
	unsigned first[READERS];
	for (unsigned i = 0; i < READERS; i++) {
		first[i] = i + 1;
		ck_assert_int_eq(pthread_create(&t[i], NULL, reader, &first[i]), 0);
	}
	for (unsigned v = 1; v <= ROUNDS; v++) {
		unsigned n = v * 2654435761U >> 8;
		put(n % NAMES, v);
		if (v % 3 == 0) {
			char name[32];
			snprintf(name, sizeof(name), "n%u", n / NAMES % NAMES);
			og_store_delete(store, OG_SV("shop"), og_svz(name));
		}
		if (v % 500 == 0) {
			og_store_replace_begin(store);
			for (unsigned i = 0; i < NAMES / 2; i++)
				put(i, v);
			og_store_replace_commit(store);
		}
		if (v % 1700 == 0) { /* down to nothing, tables and all */
			og_store_replace_begin(store);
			og_store_replace_commit(store);
		}
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_gt(atomic_load(&reads), 0);
	og_store_replace_begin(store);
	og_store_replace_commit(store);
	ck_assert_uint_eq(og_store_bytes(store), 0);
	og_store_free(store);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/store_threads");
	TCase *tc = tcase_create("threads");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, readers_and_a_writer);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
