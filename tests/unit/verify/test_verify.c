/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against a simulated Grafana Cloud: what a cycle asks, what is kept of the answers, and
 * what is asked in parts. */
#include "otelgate/verify/stars.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "cloud/cloud.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

static struct og_cloud *cloud;
static struct og_loop *loop;
static struct og_httpc *http;
static struct og_verify *verify;
static struct og_secret token = OG_SECRET_INIT;
static struct og_arena arena;
static unsigned cycles_ended;
static struct og_verify_place places[256];
static uint32_t nplaces;

static void on_cycle(void *ctx, struct og_sv stack)
{
	(void)ctx;
	ck_assert(og_sv_is(stack, "s"));
	cycles_ended++;
}

static uint32_t places_of(
	void *ctx, struct og_sv stack, struct og_arena *a, const struct og_verify_place **ret)
{
	(void)ctx, (void)stack, (void)a;
	*ret = places;
	return nplaces;
}

static void setup(void)
{
	struct og_err err = OG_ERR_INIT;
	const struct og_httpc_opts ho = {.user_agent = "test"};

	cycles_ended = 0;
	nplaces = 0;
	og_arena_init(&arena, 0, 0);
	ck_assert_msg(og_cloud_start(NULL, &cloud, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(og_loop_new(NULL, &loop, &err), 0);
	ck_assert_int_eq(og_httpc_new(loop, &ho, &http, &err), 0);
	const struct og_verify_opts o = {
		.loop = loop, .http = http, .seed = 7, .on_cycle = on_cycle, .places = places_of};
	ck_assert_int_eq(og_verify_new(&o, &verify, &err), 0);
	ck_assert_int_eq(
		og_secret_set(&token, OG_CLOUD_TOKEN_READ, strlen(OG_CLOUD_TOKEN_READ), &err), 0);
}

static void teardown(void)
{
	og_verify_free(og_take(verify));
	og_httpc_free(og_take(http));
	og_loop_free(og_take(loop));
	og_cloud_stop(og_take(cloud));
	og_secret_fini(&token);
	og_arena_fini(&arena);
}

static struct og_verify_spec spec(void)
{
	static const enum og_cloud_host hosts[OG_GF_COUNT_] = {[OG_GF_PROMETHEUS] = OG_CLOUD_PROM,
		[OG_GF_LOKI] = OG_CLOUD_LOKI,
		[OG_GF_TEMPO] = OG_CLOUD_TEMPO,
		[OG_GF_PYROSCOPE] = OG_CLOUD_PYROSCOPE};
	struct og_verify_spec s = {.stack = OG_SV("s"),
		.token = &token,
		.cluster = OG_SV("sim"),
		.interval_ms = 100,
		.window_ms = 900000,
		.freshness_ms = 300000,
		.request_ms = 1};

	for (int i = 0; i < OG_GF_COUNT_; i++) {
		s.url[i] = og_svz(og_cloud_url(cloud, hosts[i]));
		s.user[i] = og_svz(og_cloud_user(cloud, hosts[i]));
	}
	return s;
}

static void set(const struct og_verify_spec *s, uint32_t n)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_verify_set(verify, s, n, &err) == 0, "%s", err.msg);
}

/* Until so many more cycles have ended. */
static void turn(unsigned n)
{
	unsigned until = cycles_ended + n;
	for (int i = 0; cycles_ended < until && i < 100000; i++)
		(void)og_loop_turn(loop, 1000);
	ck_assert_uint_ge(cycles_ended, until);
}

static struct og_arrival_evidence evidence(void)
{
	struct og_arrival_evidence e;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_verify_evidence(verify, OG_SV("s"), &arena, &e, &err) == 0, "%s", err.msg);
	return e;
}

static uint32_t rows(const struct og_arrival_evidence *e, enum og_signal s, bool fresh)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < e->nrows; i++)
		n += e->rows[i].signal == s && e->rows[i].fresh == fresh;
	return n;
}

static struct og_verify_state state(enum og_gf_backend b)
{
	struct og_verify_state s;
	ck_assert(og_verify_state(verify, OG_SV("s"), b, &s));
	return s;
}

static struct og_verify_stats stats(void)
{
	struct og_verify_stats s;
	ck_assert(og_verify_stats(verify, OG_SV("s"), &s));
	return s;
}

static void seed(uint32_t workloads, uint32_t pods, uint32_t namespaces)
{
	struct og_err err = OG_ERR_INIT;
	const struct og_cloud_seed o = {
		.workloads = workloads, .pods = pods, .namespaces = namespaces, .age_ms = 5000};
	static char names[256][16];

	ck_assert_msg(og_cloud_seed(cloud, &o, &err) == 0, "%s", err.msg);
	nplaces = namespaces;
	for (uint32_t i = 0; i < namespaces; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "team-%03u", i);
		places[i] = (struct og_verify_place){
			og_svz(names[i]), workloads / namespaces * pods, workloads / namespaces};
	}
}

static void config(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_cloud_config(cloud, json, &err) == 0, "%s", err.msg);
}

static void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_cloud_fault(cloud, json, &err) == 0, "%s", err.msg);
}

/* ---- the cases ---- */

START_TEST(a_cycle_asks_each_backend_and_keeps_what_it_says)
{
	struct og_verify_spec s = spec();

	seed(4, 2, 2);
	set(&s, 1);
	ck_assert_str_eq(state(OG_GF_LOKI).why, "NotAskedYet");
	struct og_arrival_evidence e = evidence();
	ck_assert(e.source[OG_SIGNAL_LOGS].asked && !e.source[OG_SIGNAL_LOGS].answered);
	ck_assert_uint_eq(e.nrows, 0);
	turn(1);
	e = evidence();
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		const struct og_arrival_source *src = &e.source[i];
		ck_assert_msg(src->answered && !src->partial && src->asked_s, "%d", i);
		ck_assert_int_eq(src->window_s, 900);
		ck_assert(src->tells_age == (i == OG_SIGNAL_METRICS));
		ck_assert_msg(rows(&e, (enum og_signal)i, false) >= 8, "%d: %u", i,
			rows(&e, (enum og_signal)i, false));
		if (i != OG_SIGNAL_METRICS)
			ck_assert(src->fresh_answered && rows(&e, (enum og_signal)i, true) >= 8);
	}
	for (uint32_t i = 0; i < e.nrows; i++)
		if (e.rows[i].signal == OG_SIGNAL_TRACES) {
			ck_assert(og_sv_starts(e.rows[i].pod, OG_SV("app-0000")));
			ck_assert(og_sv_is(e.rows[i].revision, "rev-1"));
		}
	for (int b = 0; b < OG_GF_COUNT_; b++) {
		ck_assert_str_eq(state((enum og_gf_backend)b).why, "Answers");
		ck_assert_int_gt(state((enum og_gf_backend)b).asked_s, 0);
	}
	ck_assert_uint_le(stats().cycle_calls, OG_VERIFY_CALLS);
	ck_assert_uint_eq(stats().cycle_calls, 8);
	ck_assert(stats().whole);
}
END_TEST

static struct og_stars_evidence stars(const char *stack)
{
	struct og_stars_evidence e;
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_verify_stars(verify, og_svz(stack), &arena, &e, &err), 0);
	return e;
}

/* What stars are counted by: after the proof, one question in a cycle, each once in an hour. */
START_TEST(rare_questions_take_turns)
{
	struct og_verify_spec s = spec();
	unsigned asked = 0;

	seed(4, 2, 2);
	set(&s, 1);
	turn(1);
	ck_assert_uint_eq(stats().cycle_calls, 8);
	for (int a = 0; a < OG_STARS_ASK_COUNT_; a++)
		ck_assert(!stars("s").source[a].answered);
	for (int i = 0; i < 10; i++) {
		turn(1);
		ck_assert_uint_ge(stats().cycle_calls, 8);
		ck_assert_uint_le(stats().cycle_calls, 9);
		asked += stats().cycle_calls == 9;
	}
	ck_assert_uint_eq(asked, OG_STARS_ASK_COUNT_);
	ck_assert_uint_eq(stats().cycle_calls, 8);
	struct og_stars_evidence e = stars("s");
	ck_assert(e.source[OG_STARS_ASK_TRACE_SHARE].answered);
	ck_assert(e.source[OG_STARS_ASK_VERSIONS].answered);
	uint32_t versions = 0;
	for (uint32_t i = 0; i < e.n; i++)
		versions += e.notes[i].ask == OG_STARS_ASK_VERSIONS && e.rows[i].job.n > 0 &&
			    e.rows[i].signal == OG_SIGNAL_METRICS;
	ck_assert_uint_ge(versions, 4);
	/* none of it is evidence of arrival */
	struct og_arrival_evidence arrived = evidence();
	ck_assert_uint_eq(rows(&arrived, OG_SIGNAL_METRICS, false), 8);
	ck_assert_uint_eq(stars("nobody").n, 0);
}
END_TEST

/* A backend that fails them is no worse for it, and is asked again sooner. */
START_TEST(rare_questions_blame_nobody)
{
	struct og_verify_spec s = spec();

	seed(4, 2, 2);
	set(&s, 1);
	turn(1);
	fault("{\"host\":\"loki\",\"count\":-1,\"type\":\"status\",\"code\":503}");
	turn(10);
	ck_assert(!stars("s").source[OG_STARS_ASK_TRACE_SHARE].answered);
	ck_assert_str_eq(state(OG_GF_PROMETHEUS).why, "Answers");
	ck_assert_str_eq(state(OG_GF_LOKI).why, "BackendError"); /* by its own questions */
}
END_TEST

START_TEST(what_is_not_configured_is_not_asked)
{
	struct og_verify_spec s = spec();

	s.url[OG_GF_LOKI] = s.url[OG_GF_TEMPO] = s.url[OG_GF_PYROSCOPE] = OG_SV("");
	set(&s, 1);
	turn(2);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_LOKI, NULL), 0);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_TEMPO, NULL), 0);
	ck_assert(!state(OG_GF_LOKI).configured && state(OG_GF_PROMETHEUS).configured);
	struct og_arrival_evidence e = evidence();
	ck_assert(!e.source[OG_SIGNAL_LOGS].asked && e.source[OG_SIGNAL_METRICS].answered);
	/* Nobody at all: no cycle, and nothing to be asked of. */
	set(NULL, 0);
	ck_assert(!og_verify_now(verify, OG_SV("s")));
	struct og_verify_state st;
	ck_assert(!og_verify_state(verify, OG_SV("s"), OG_GF_LOKI, &st));
	e = evidence();
	ck_assert(!e.source[OG_SIGNAL_METRICS].asked && !e.nrows);
}
END_TEST

START_TEST(a_slug_is_enough)
{
	struct og_verify_spec s = spec();
	struct og_sv loki = s.url[OG_GF_LOKI];

	seed(4, 2, 2);
	s.slug = OG_SV(OG_CLOUD_SLUG);
	s.discovery_url = og_svz(og_cloud_url(cloud, OG_CLOUD_DISCOVERY));
	for (int b = 0; b < OG_GF_COUNT_; b++)
		s.url[b] = s.user[b] = OG_SV("");
	fault("{\"host\":\"discovery\",\"count\":1,\"type\":\"status\",\"code\":401}");
	set(&s, 1);
	turn(1);
	ck_assert_str_eq(state(OG_GF_TEMPO).why, "AuthFailed");
	ck_assert(evidence().source[OG_SIGNAL_TRACES].asked);
	ck_assert(!evidence().source[OG_SIGNAL_TRACES].answered);
	turn(2);
	for (int b = 0; b < OG_GF_COUNT_; b++)
		ck_assert_str_eq(state((enum og_gf_backend)b).why, "Answers");
	struct og_arrival_evidence e = evidence();
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_METRICS, false), 8);
	ck_assert_uint_eq(og_cloud_requests(cloud, OG_CLOUD_DISCOVERY, NULL), 2);
	/* What is said goes before what is found. */
	s.url[OG_GF_LOKI] = OG_SV("http://127.0.0.1:1");
	set(&s, 1);
	turn(1);
	ck_assert_str_eq(state(OG_GF_LOKI).why, "NoConnection");
	ck_assert_str_eq(state(OG_GF_TEMPO).why, "Answers");
	s.url[OG_GF_LOKI] = loki;
	set(&s, 1);
	turn(1);
	ck_assert_str_eq(state(OG_GF_LOKI).why, "Answers");
}
END_TEST

START_TEST(a_url_that_is_none_says_so_and_the_others_are_asked)
{
	struct og_verify_spec s = spec();

	s.url[OG_GF_TEMPO] = OG_SV("https://user:secret@tempo.example.com");
	set(&s, 1);
	turn(1);
	ck_assert_str_eq(state(OG_GF_TEMPO).why, "WrongPath");
	ck_assert(state(OG_GF_TEMPO).message.n &&
		  !og_sv_has(state(OG_GF_TEMPO).message, OG_SV("secret")));
	ck_assert_str_eq(state(OG_GF_LOKI).why, "Answers");
	struct og_arrival_evidence e = evidence();
	ck_assert(e.source[OG_SIGNAL_TRACES].asked && !e.source[OG_SIGNAL_TRACES].answered);
	ck_assert_str_eq(e.source[OG_SIGNAL_TRACES].why, "WrongPath");
}
END_TEST

START_TEST(a_new_token_goes_on_with_the_answers)
{
	struct og_verify_spec s = spec();
	struct og_err err = OG_ERR_INIT;

	seed(4, 2, 2);
	set(&s, 1);
	turn(1);
	uint32_t before = evidence().nrows;
	ck_assert_int_eq(og_secret_set(&token, "glc_wrong", 9, &err), 0);
	set(&s, 1);
	turn(2);
	for (int b = 0; b < OG_GF_COUNT_; b++) {
		ck_assert_str_eq(state((enum og_gf_backend)b).why, "AuthFailed");
		ck_assert_str_eq(state((enum og_gf_backend)b).finding, "OG419");
		ck_assert(!og_sv_has(state((enum og_gf_backend)b).message, OG_SV("glc_")));
	}
	/* Bridged: what was said stands, and why there is nothing new is said. */
	struct og_arrival_evidence e = evidence();
	ck_assert_uint_eq(e.nrows, before);
	ck_assert(e.source[OG_SIGNAL_LOGS].answered);
	ck_assert_str_eq(e.source[OG_SIGNAL_LOGS].why, "AuthFailed");
	ck_assert_int_eq(
		og_secret_set(&token, OG_CLOUD_TOKEN_READ, strlen(OG_CLOUD_TOKEN_READ), &err), 0);
	set(&s, 1);
	turn(2);
	ck_assert_str_eq(state(OG_GF_LOKI).why, "Answers");
	ck_assert_ptr_null(evidence().source[OG_SIGNAL_LOGS].why);
}
END_TEST

START_TEST(what_fails_for_longer_than_the_freshness_is_unanswered)
{
	struct og_verify_spec s = spec();

	seed(4, 2, 2);
	s.freshness_ms = 1000;
	s.window_ms = 900000;
	set(&s, 1);
	turn(1);
	fault("{\"host\":\"loki\",\"count\":-1,\"type\":\"status\",\"code\":503}");
	turn(2);
	ck_assert(evidence().source[OG_SIGNAL_LOGS].answered);
	int64_t until = og_clock_mono_ms(og_clock_system()) + 3000;
	while (og_clock_mono_ms(og_clock_system()) < until)
		turn(1);
	struct og_arrival_evidence e = evidence();
	ck_assert(!e.source[OG_SIGNAL_LOGS].answered && !e.source[OG_SIGNAL_LOGS].fresh_answered);
	ck_assert_str_eq(e.source[OG_SIGNAL_LOGS].why, "BackendError");
	ck_assert_str_eq(e.source[OG_SIGNAL_LOGS].finding, "OG003");
	ck_assert(e.source[OG_SIGNAL_TRACES].answered);
	og_cloud_clear_faults(cloud);
	turn(2);
	ck_assert(evidence().source[OG_SIGNAL_LOGS].answered);
}
END_TEST

/* Its memory is looked at by the sanitizers. */
START_TEST(the_engine_may_end_while_it_asks)
{
	struct og_verify_spec s = spec();

	fault("{\"host\":\"prometheus\",\"count\":-1,\"type\":\"hang\"}");
	set(&s, 1);
	while (!og_cloud_requests(cloud, OG_CLOUD_PROM, NULL))
		(void)og_loop_turn(loop, 100);
	set(NULL, 0);
	set(&s, 1);
	while (og_cloud_requests(cloud, OG_CLOUD_PROM, NULL) < 2)
		(void)og_loop_turn(loop, 100);
}
END_TEST

START_TEST(another_place_or_cluster_begins_anew)
{
	struct og_verify_spec s = spec();

	seed(4, 2, 2);
	set(&s, 1);
	turn(1);
	ck_assert_uint_gt(evidence().nrows, 0);
	s.interval_ms = 50;
	set(&s, 1); /* other times change nothing */
	ck_assert_uint_gt(evidence().nrows, 0);
	s.cluster = OG_SV("other");
	set(&s, 1);
	ck_assert_uint_eq(evidence().nrows, 0);
	turn(1);
	struct og_arrival_evidence e = evidence();
	ck_assert(e.source[OG_SIGNAL_TRACES].answered);
	ck_assert_uint_eq(rows(&e, OG_SIGNAL_TRACES, false), 0);
}
END_TEST

START_TEST(limits_are_met_by_parts)
{
	struct og_verify_spec s = spec();
	unsigned turns = 0;

	seed(60, 2, 10);
	config("{\"limits\":{\"lokiSeries\":40,\"tempoSeries\":40}}");
	set(&s, 1);
	for (;;) {
		turn(1);
		ck_assert_uint_le(stats().cycle_calls, OG_VERIFY_CALLS);
		struct og_arrival_evidence e = evidence();
		if (e.source[OG_SIGNAL_LOGS].answered && !e.source[OG_SIGNAL_LOGS].partial &&
			!e.source[OG_SIGNAL_TRACES].partial &&
			!e.source[OG_SIGNAL_LOGS].fresh_partial &&
			!e.source[OG_SIGNAL_TRACES].fresh_partial)
			break;
		ck_assert_uint_lt(turns++, 40);
		og_arena_reset(&arena);
	}
	struct og_arrival_evidence e = evidence();
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_LOGS, true), 60);
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_TRACES, true), 60);
	ck_assert(state(OG_GF_LOKI).parts > 1 || state(OG_GF_LOKI).coarse);
	ck_assert(state(OG_GF_TEMPO).parts > 1 || state(OG_GF_TEMPO).coarse);
	ck_assert_uint_eq(state(OG_GF_PROMETHEUS).parts, 1);
	/* A namespace that comes later is asked for, too. */
	const struct og_cloud_seed more = {
		.workloads = 11, .pods = 1, .namespaces = 11, .age_ms = 5000};
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(og_cloud_seed(cloud, &more, &err), 0);
	places[nplaces++] = (struct og_verify_place){OG_SV("team-010"), 1, 1};
	bool found = false;
	for (turns = 0; !found && turns < 40; turns++) {
		turn(1);
		og_arena_reset(&arena);
		e = evidence();
		for (uint32_t i = 0; i < e.nrows; i++)
			found |= e.rows[i].signal == OG_SIGNAL_TRACES &&
				 og_sv_is(e.rows[i].service_namespace, "team-010");
	}
	ck_assert(found);
}
END_TEST

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

enum { MANY = 5000, EACH = 3 };

/* The workloads that were seeded, as their passes know them. */
static struct og_arrival_workload *many(void)
{
	struct og_arrival_workload *w = og_arena_new_n(&arena, MANY, struct og_arrival_workload);
	int64_t long_ago = (int64_t)time(NULL) - 7200;

	ck_assert_ptr_nonnull(w);
	for (unsigned i = 0; i < MANY; i++) {
		struct og_arrival_identity *id = og_arena_new(&arena, struct og_arrival_identity);
		struct og_arrival_pod *pods = og_arena_new_n(&arena, EACH, struct og_arrival_pod);
		ck_assert(id && pods);
		w[i] = (struct og_arrival_workload){
			.ns = og_svz(og_arena_fmt(&arena, "team-%03u", i % 100)),
			.kind = OG_SV("Deployment"),
			.name = og_svz(og_arena_fmt(&arena, "app-%05u", i)),
			.opted_in = true,
			.revision = OG_SV("rev-1"),
			.identities = id,
			.nidentities = 1,
			.pods = pods,
			.npods = EACH,
			.opted_in_s = long_ago,
			.rolled_out_s = long_ago};
		*id = (struct og_arrival_identity){
			.service_namespace = w[i].ns, .service_name = w[i].name};
		for (unsigned k = 0; k < EACH; k++)
			pods[k] = (struct og_arrival_pod){.name = og_svz(og_arena_fmt(&arena,
								  "app-%05u-5d8f9c7b6-%05u", i, k)),
				.revision = w[i].revision,
				.started_s = long_ago,
				.class_ = OG_CLASS_CURRENT,
				.ready = true};
		for (int k = 0; k < OG_SIGNAL_COUNT_; k++)
			w[i].ask[k] = (struct og_arrival_ask){.mode = OG_MODE_EXPECTED,
				.via = k == OG_SIGNAL_PROFILES ? OG_ROUTE_OTLP : OG_ROUTE_UNKNOWN,
				.ratio = 1};
	}
	return w;
}

static void judge_many(const struct og_arrival_evidence *e, bool show)
{
	struct og_arrival_workload *w = many();
	const struct og_arrival_params p = {
		.now_s = (int64_t)time(NULL), .freshness_s = 300, .grace_s = 300, .window_s = 900};
	og_auto_arena struct og_arena own, one;
	struct og_arrival_index *ix;
	struct og_err err = OG_ERR_INIT;
	unsigned flow[OG_SIGNAL_COUNT_] = {0};
	double before = cpu_ms();

	og_arena_init(&own, 0, 0);
	og_arena_init(&one, 0, 0);
	ck_assert_int_eq(og_arrival_index_new(w, MANY, e, 7, &own, &ix, &err), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		struct og_arrival_result r;
		ck_assert_int_eq(og_arrival_judge(ix, i, NULL, &p, &one, &r, NULL, &err), 0);
		for (int k = 0; k < OG_SIGNAL_COUNT_; k++)
			flow[k] += r.signal[k].state == OG_AR_FLOWING;
		og_arena_reset(&one);
	}
	if (show)
		fprintf(stderr, "judged: %.0f ms CPU, %.1f MiB for the time of it\n",
			cpu_ms() - before, (double)own.used_bytes / 1048576);
	for (int k = 0; k < OG_SIGNAL_COUNT_; k++)
		ck_assert_msg(flow[k] == MANY, "%d: %u", k, flow[k]);
}

/* Prints its figures with OG_FIGURES set: docs/performance.md. */
START_TEST(five_thousand_workloads_take_ten_calls)
{
	struct og_verify_spec s = spec();
	bool show = getenv("OG_FIGURES") != NULL;
	uint32_t turns = 0;

	seed(MANY, EACH, 100);
	s.interval_ms = 1000;
	set(&s, 1);
	for (;;) {
		double before = cpu_ms();
		uint64_t wire = stats().wire_bytes;
		turn(1);
		struct og_verify_stats st = stats();
		struct og_arrival_evidence e = evidence();
		ck_assert_uint_le(st.cycle_calls, OG_VERIFY_CALLS);
		bool whole = true;
		for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
			whole &= e.source[i].answered && !e.source[i].partial &&
				 !e.source[i].fresh_partial;
		if (show)
			fprintf(stderr,
				"cycle %u: %u calls, %.2f MB (%.2f on the wire), %.0f ms CPU, %.1f MiB held, %u rows, turn %lld s%s\n",
				turns + 1, st.cycle_calls, (double)st.cycle_bytes / 1e6,
				(double)(st.wire_bytes - wire) / 1e6, cpu_ms() - before,
				(double)st.held_bytes / 1048576, e.nrows, (long long)st.turn_s,
				whole ? ", whole" : "");
		og_arena_reset(&arena);
		turns++;
		if (whole && turns > 2)
			break;
		ck_assert_uint_lt(turns, 12);
	}
	struct og_arrival_evidence e = evidence();
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_METRICS, false), 15000);
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_LOGS, false), 5000);
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_TRACES, false), 5000);
	ck_assert_uint_ge(rows(&e, OG_SIGNAL_PROFILES, false), 5000);
	judge_many(&e, show);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verify/verify");
	TCase *tc = tcase_create("verify");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_cycle_asks_each_backend_and_keeps_what_it_says);
	tcase_add_test(tc, rare_questions_take_turns);
	tcase_add_test(tc, rare_questions_blame_nobody);
	tcase_add_test(tc, what_is_not_configured_is_not_asked);
	tcase_add_test(tc, a_slug_is_enough);
	tcase_add_test(tc, a_url_that_is_none_says_so_and_the_others_are_asked);
	tcase_add_test(tc, a_new_token_goes_on_with_the_answers);
	tcase_add_test(tc, what_fails_for_longer_than_the_freshness_is_unanswered);
	tcase_add_test(tc, the_engine_may_end_while_it_asks);
	tcase_add_test(tc, another_place_or_cluster_begins_anew);
	tcase_add_test(tc, limits_are_met_by_parts);
	tcase_add_test(tc, five_thousand_workloads_take_ten_calls);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
