/* SPDX-License-Identifier: Apache-2.0 */
/* Many admissions at once over one configuration and one set of facts: for ThreadSanitizer. */
#include "otelgate/core/review.h"
#include "support/gen_world.h"
#include "support/suite.h"

#include <pthread.h>

enum { THREADS = 6, ROUNDS = 60, REVIEWS = 12 };

struct shared {
	struct world world; /* its configuration and facts, read-only from here on */
	struct og_buf body[REVIEWS];
	struct og_buf answer[REVIEWS]; /* as one thread alone gave it */
};

struct worker {
	pthread_t id;
	const struct shared *s;
	unsigned offset, wrong;
};

static void handle(const struct shared *s, unsigned i, struct og_arena *a, struct og_buf *out)
{
	struct og_review_result r;
	struct og_review_input in = {.config = s->world.config,
		.facts = &s->world.source,
		.body = og_buf_view(&s->body[i])};
	og_arena_reset(a);
	og_buf_reset(out);
	og_review_handle(&in, a, out, &r);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	og_auto_arena struct og_arena a;
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	og_arena_init(&a, 0, 0);
	for (unsigned n = 0; n < ROUNDS; n++) {
		unsigned i = (n + w->offset) % REVIEWS;
		handle(w->s, i, &a, &out);
		w->wrong += !og_sv_eq(og_buf_view(&out), og_buf_view(&w->s->answer[i]));
	}
	return NULL;
}

START_TEST(test_shared_snapshot)
{
	static struct shared s;
	static const struct gen_opts opts = {.pods_only = true, .always_in = true};
	struct worker w[THREADS];
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	ck_assert_msg(world_make(&s.world, 11, 3, &opts), "%s", s.world.why);
	for (unsigned i = 0; i < REVIEWS; i++) {
		og_buf_init(&s.body[i], 0);
		og_buf_init(&s.answer[i], 0);
		og_buf_fmt(&s.body[i],
			"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
			"\"request\":{\"uid\":\"u%u\",\"resource\":{\"group\":\"\",\"version\":\"v1\","
			"\"resource\":\"pods\"},\"namespace\":\"prod\",\"operation\":\"CREATE\","
			"\"object\":",
			i);
		gen_object(&s.world.g, &opts, &s.body[i]);
		og_buf_lit(&s.body[i], "}}");
		handle(&s, i, &a, &s.answer[i]);
		ck_assert_uint_gt(s.answer[i].len, 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.s = &s, .offset = i * 5};
		ck_assert_int_eq(pthread_create(&w[i].id, NULL, work, &w[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(w[i].id, NULL), 0);
		ck_assert_msg(w[i].wrong == 0, "thread %u: %u other answers", i, w[i].wrong);
	}
	for (unsigned i = 0; i < REVIEWS; i++) {
		og_buf_fini(&s.body[i]);
		og_buf_fini(&s.answer[i]);
	}
	world_fini(&s.world);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("threads");
	TCase *t = tcase_create("reviews");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_shared_snapshot);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
