/* SPDX-License-Identifier: Apache-2.0 */
/* Random puts, deletions and lists, beside a plain array; a mirror made from what listeners hear.
 */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/store.h"
#include "support/jsongen.h"
#include "support/suite.h"

enum { NAMES = 60, OPS = 400 };

struct thing {
	bool there, marked;
	unsigned ns, rv, uid, label, owner, text;
};

struct world {
	struct jsongen g;
	struct og_store *store;
	struct thing model[NAMES], mirror[NAMES];
	unsigned rv, synced;
	bool replacing;
	struct og_buf json;
};

/* Thing n is named so that lengths differ; ns is part of who it is. */
static void name_of(unsigned n, char out[64])
{
	snprintf(out, 64, "thing-%u-%.*s", n, (int)(n % 17), "abcdefghijklmnopq");
}
static const char *const spaces[] = {"", "a", "shop", "a-namespace-with-a-long-name"};
static const char *const labels[] = {"", "red", "green", "blue"};

static void uid_of(unsigned uid, char out[64])
{
	if (uid % 3 == 0)
		snprintf(out, 64, "%08x-1111-4222-8333-444455556666", uid);
	else
		snprintf(
			out, 64, uid % 3 == 1 ? "odd-%u" : "%08X-1111-4222-8333-444455556666", uid);
}

static void write_json(struct world *w, unsigned n, const struct thing *t)
{
	char name[64], uid[64], owner[64];
	name_of(n, name);
	uid_of(t->uid, uid);
	uid_of(t->owner, owner);
	og_buf_reset(&w->json);
	og_buf_fmt(&w->json,
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"uid\":\"%s\","
		"\"resourceVersion\":\"%u\"",
		name, spaces[t->ns], uid, t->rv);
	if (t->label)
		og_buf_fmt(&w->json, ",\"labels\":{\"colour\":\"%s\",\"n\":\"%u\"}",
			labels[t->label], t->text % 5);
	if (t->owner)
		og_buf_fmt(&w->json,
			",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Set\",\"name\":"
			"\"%.*s\",\"uid\":\"%s\",\"controller\":true}]",
			(int)(t->owner % 9), name, owner);
	og_buf_fmt(&w->json, "},\"spec\":\"%0*u\"}", (int)(t->text % 100), t->text);
}

static int project(void *ctx, struct og_jval object, struct og_arena *scratch, struct og_buf *extra,
	struct og_err *err)
{
	(void)ctx;
	(void)err;
	og_buf_sv(extra, og_jstr_or_empty(og_jgetl(object, "spec"), scratch));
	return 1;
}

static unsigned index_colour(void *ctx, const struct og_record *r, struct og_sv *keys)
{
	(void)ctx;
	keys[0] = og_record_label(r, OG_SV("colour"));
	keys[1] = r->ns;
	return 2;
}

static void check_record(const struct og_record *r, unsigned n, const struct thing *t)
{
	char want[128];
	name_of(n, want);
	ck_hold(og_sv_eq(r->name, og_svz(want)));
	ck_hold(og_sv_eq(r->ns, og_svz(spaces[t->ns])));
	uid_of(t->uid, want);
	ck_hold(og_sv_eq(r->uid, og_svz(want)));
	snprintf(want, sizeof(want), "%u", t->rv);
	ck_hold(og_sv_eq(r->resource_version, og_svz(want)));
	snprintf(want, sizeof(want), "%0*u", (int)(t->text % 100), t->text);
	ck_hold(og_sv_eq(r->extra, og_svz(want)));
	ck_hold(og_sv_eq(og_record_label(r, OG_SV("colour")), og_svz(labels[t->label])));
	struct og_owner o;
	bool named = t->owner && t->owner % 9;
	ck_hold(og_record_owner(r, &o) == named);
	if (!named)
		return;
	uid_of(t->owner, want);
	ck_hold(og_sv_eq(o.uid, og_svz(want)) && og_sv_is(o.kind, "Set"));
	name_of(n, want);
	ck_hold(og_sv_eq(o.name, og_sv(want, t->owner % 9)));
}

static unsigned number(const struct og_record *r)
{
	unsigned n = 0;
	for (size_t i = 6; i < r->name.n && r->name.p[i] != '-'; i++)
		n = n * 10 + (unsigned)(r->name.p[i] - '0');
	return n;
}

static void listener(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct world *w = ctx;
	if (what == OG_STORE_SYNCED) {
		w->synced++;
		return;
	}
	struct thing *t = &w->mirror[number(now ? now : old)];
	ck_hold(t->there == (old != NULL || what == OG_STORE_DELETED));
	ck_hold(!stale || what == OG_STORE_DELETED);
	if (old)
		check_record(old, number(old), t);
	t->there = now != NULL;
	if (now) {
		*t = w->model[number(now)];
		check_record(now, number(now), t);
	}
}

static void compare(struct world *w)
{
	unsigned live = 0, seen = 0;
	struct og_record r;
	for (unsigned n = 0; n < NAMES; n++) {
		const struct thing *t = &w->model[n];
		char name[64];
		name_of(n, name);
		bool got = og_store_get(w->store, og_svz(spaces[t->ns]), og_svz(name), &r);
		ck_hold(got == t->there);
		ck_hold(w->mirror[n].there == t->there);
		if (got)
			check_record(&r, n, t);
		live += t->there;
	}
	ck_hold(og_store_count(w->store) == live);
	for (uint32_t at = 0; og_store_next(w->store, &at, &r); seen++)
		check_record(&r, number(&r), &w->model[number(&r)]);
	ck_hold(seen == live);
	for (unsigned k = 1; k < OG_COUNT(labels); k++) {
		unsigned want = 0, have = 0;
		for (unsigned n = 0; n < NAMES; n++)
			want += w->model[n].there && w->model[n].label == k;
		for (uint32_t at = 0; og_store_next_indexed(w->store, og_svz(labels[k]), &at, &r);
			have++)
			ck_hold(w->model[number(&r)].label == k);
		ck_hold(have == want);
	}
}

static void do_put(struct world *w, unsigned n, bool fail)
{
	struct jsongen *g = &w->g;
	struct thing *t = &w->model[n], old = *t;
	if (!t->there || jsongen_chance(g, 10))
		t->uid = jsongen_below(g, 1000);
	if (!t->there || jsongen_chance(g, 80)) {
		t->rv = ++w->rv;
		t->label = jsongen_below(g, OG_COUNT(labels));
		t->owner = jsongen_below(g, 50);
		t->text = jsongen_below(g, 1000);
	} else {
		t->uid = old.uid; /* nothing new */
	}
	t->there = t->marked = true;
	write_json(w, n, t);
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	ck_hold(og_jdoc_parse(&d, &a, og_buf_view(&w->json), NULL, NULL) == 0);
	if (fail)
		og_mem_fault_arm(1 + jsongen_below(g, 8), jsongen_chance(g, 50));
	int rc = og_store_put(w->store, og_jroot(&d), NULL);
	if (fail)
		og_mem_fault_disarm();
	ck_hold(rc == 0 || (fail && rc == -OG_E_OOM));
	if (rc) {
		*t = old;
		t->marked = true;
	}
}

static void step(struct world *w)
{
	unsigned n = jsongen_below(&w->g, NAMES), what = jsongen_below(&w->g, 100);
	char name[64];
	name_of(n, name);
	if (what < 60) {
		do_put(w, n, what < 10);
	} else if (what < 85) {
		og_store_delete(w->store, og_svz(spaces[w->model[n].ns]), og_svz(name));
		w->model[n].there = false;
	} else if (what < 90) {
		og_store_replace_begin(w->store);
		w->replacing = true;
		for (unsigned i = 0; i < NAMES; i++)
			w->model[i].marked = false;
	} else if (what < 98) {
		unsigned synced = w->synced;
		for (unsigned i = 0; w->replacing && i < NAMES; i++)
			w->model[i].there &= w->model[i].marked;
		og_store_replace_commit(w->store);
		ck_hold(w->synced == synced + (w->replacing ? 1U : 0U));
		w->replacing = false;
	} else {
		og_store_replace_abort(w->store);
		w->replacing = false;
	}
}

START_TEST(as_a_plain_array_would)
{
	uint64_t seed = jsongen_seed();
	for (unsigned run = 0; run < 60; run++) {
		struct world w = {.g = jsongen_case(seed, run), .json = OG_BUF_INIT(0)};
		struct og_store_opts o = {.name = "things",
			.labels = true,
			.project = project,
			.index = index_colour,
			.seed = seed};
		ck_assert_int_eq(og_store_new(&o, &w.store, NULL), 0);
		ck_assert_int_eq(og_store_listen(w.store, listener, &w, NULL), 0);
		og_buf_reserve(&w.json, 4096);
		for (unsigned n = 0; n < NAMES; n++)
			w.model[n].ns = jsongen_below(&w.g, OG_COUNT(spaces));
		printf("# OG_SEED=%llu run %u\n", (unsigned long long)seed, run);
		for (unsigned i = 0; i < OPS; i++) {
			step(&w);
			compare(&w);
		}
		og_store_replace_begin(w.store);
		og_store_replace_commit(w.store);
		ck_assert_uint_eq(og_store_count(w.store), 0);
		ck_assert_uint_eq(og_store_bytes(w.store), 0);
		og_store_free(w.store);
		og_buf_fini(&w.json);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/store_model");
	TCase *tc = tcase_create("model");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, as_a_plain_array_would);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
