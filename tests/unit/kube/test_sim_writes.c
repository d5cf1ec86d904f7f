/* SPDX-License-Identifier: Apache-2.0 */
/* Writes, leases and events by the real client against the simulated API server. */
#include <stdio.h>
#include "otelgate/kube/apply.h"
#include "otelgate/kube/events.h"
#include "otelgate/kube/lease.h"
#include "sim_fixture.h"
#include "support/suite.h"

static struct simfix f;
static struct og_err err;

struct result {
	bool done, changed;
	int code, http;
	char rv[64], uid[64], msg[OG_ERR_MSG_BYTES];
};

static void setup(void)
{
	simfix_init(&f, NULL);
	ck_assert_int_eq(og_sim_put(f.sim,
				 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
				 "\"namespace\":\"x\",\"name\":\"a\"},\"data\":{\"n\":\"0\"}}",
				 &err),
		0);
}

static void teardown(void)
{
	simfix_fini(&f);
}

static bool is_done(void *ctx)
{
	const struct result *r = ctx;
	return r->done;
}

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct result *r = ctx;
	struct og_kube_pre p;
	*r = (struct result){.done = true, .code = a->code, .http = a->http};
	(void)snprintf(r->msg, sizeof(r->msg), "%s", a->err.msg);
	if (og_kube_written(a, &p)) {
		(void)snprintf(r->rv, sizeof(r->rv), "%.*s", OG_SV_ARG(p.resource_version));
		(void)snprintf(r->uid, sizeof(r->uid), "%.*s", OG_SV_ARG(p.uid));
	}
}

typedef int write_fn(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);

static struct result write_with(write_fn *fn, struct og_kube_write w, const char *body)
{
	struct result r = {.done = false};
	if (!w.res.name.n)
		w.res = (struct og_kube_resource){.version = OG_SV("v1"),
			.resource = OG_SV("configmaps"),
			.ns = OG_SV("x"),
			.name = OG_SV("a")};
	w.body = og_svz(body);
	w.ctx = &r;
	w.on_done = on_done;
	ck_assert_msg(fn(f.kube, &w, NULL, &err) == 0, "%s", err.msg);
	ck_assert(simfix_until(&f, is_done, &r, 10000));
	return r;
}

#define CM(name, rest)                                                                            \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name "\"}" rest \
	"}"

/* Whether the ConfigMap as the server has it holds the text. */
static bool has(const char *name, const char *text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	return og_sim_get(f.sim, "configmaps", "x", name, &b, NULL) == 0 && strstr(b.p, text);
}

static struct og_kube_write named(const char *name, const char *manager, bool force)
{
	return (struct og_kube_write){
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("configmaps"),
			.ns = OG_SV("x"),
			.name = og_svz(name)},
		.field_manager = manager,
		.force = force,
	};
}

START_TEST(apply_makes_changes_and_removes)
{
	struct result r = write_with(og_kube_apply, named("new", "one", true),
		CM("new", ",\"data\":{\"k\":\"1\",\"l\":\"2\"}"));
	ck_assert_msg(r.code == 0, "%s", r.msg);
	ck_assert(*r.rv && *r.uid);
	ck_assert(has("new", "\"l\":\"2\""));
	r = write_with(
		og_kube_apply, named("new", "one", true), CM("new", ",\"data\":{\"k\":\"1\"}"));
	ck_assert_int_eq(r.code, 0);
	ck_assert(!has("new", "\"l\":")); /* what is no longer said is removed */
}
END_TEST

START_TEST(apply_respects_others_unless_forced)
{
	(void)write_with(
		og_kube_apply, named("new", "one", true), CM("new", ",\"data\":{\"k\":\"1\"}"));
	struct result r = write_with(
		og_kube_apply, named("new", "two", false), CM("new", ",\"data\":{\"k\":\"2\"}"));
	ck_assert_int_eq(r.code, -OG_E_CONFLICT);
	ck_assert(has("new", "\"k\":\"1\""));
	r = write_with(
		og_kube_apply, named("new", "two", true), CM("new", ",\"data\":{\"k\":\"2\"}"));
	ck_assert_int_eq(r.code, 0);
	ck_assert(has("new", "\"k\":\"2\""));
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	struct og_kube_write w = named("dry", "one", true);
	w.dry_run = true;
	struct result r = write_with(og_kube_apply, w, CM("dry", ",\"data\":{}"));
	ck_assert_msg(r.code == 0, "%s", r.msg);
	ck_assert_int_eq(og_sim_get(f.sim, "configmaps", "x", "dry", NULL, NULL), -OG_E_NOT_FOUND);
}
END_TEST

START_TEST(a_merge_is_bound_to_a_version)
{
	struct result first = write_with(og_kube_apply, named("a", "one", true), CM("a", ""));
	ck_assert_int_eq(first.code, 0);
	struct og_kube_write w = {.pre = {OG_SV(""), og_svz(first.rv)}};
	struct result r = write_with(og_kube_merge, w, "{\"data\":{\"n\":\"1\"}}");
	ck_assert_msg(r.code == 0, "%s", r.msg);
	r = write_with(og_kube_merge, w, "{\"data\":{\"n\":\"2\"}}"); /* an old one */
	ck_assert_int_eq(r.code, -OG_E_CONFLICT);
	ck_assert_int_eq(r.http, 409);
	w.pre = (struct og_kube_pre){OG_SV("another"), OG_SV("")};
	r = write_with(og_kube_merge, w, "{\"data\":{\"n\":\"3\"}}");
	ck_assert_int_eq(r.http, 422); /* a uid cannot be changed */
	ck_assert(has("a", "\"n\":\"1\""));
}
END_TEST

START_TEST(a_deletion_is_bound_to_an_object)
{
	struct result first = write_with(og_kube_apply, named("a", "one", true), CM("a", ""));
	struct og_kube_write w = {.pre = {OG_SV("another"), OG_SV("")}};
	struct result r = write_with(og_kube_delete, w, "");
	ck_assert_int_eq(r.code, -OG_E_CONFLICT);
	w.pre = (struct og_kube_pre){og_svz(first.uid), OG_SV("1")};
	r = write_with(og_kube_delete, w, "");
	ck_assert_int_eq(r.code, -OG_E_CONFLICT);
	ck_assert(has("a", "\"n\""));
	w.pre = (struct og_kube_pre){og_svz(first.uid), og_svz(first.rv)};
	r = write_with(og_kube_delete, w, "");
	ck_assert_msg(r.code == 0, "%s", r.msg);
	r = write_with(og_kube_delete, w, "");
	ck_assert_int_eq(r.code, -OG_E_NOT_FOUND);
}
END_TEST

START_TEST(create_and_replace)
{
	struct result r = write_with(og_kube_create, named("c", "one", false), CM("c", ""));
	ck_assert_msg(r.code == 0, "%s", r.msg);
	char body[512];
	(void)snprintf(body, sizeof(body),
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\","
		"\"namespace\":\"x\",\"resourceVersion\":\"%s\"},\"data\":{\"z\":\"1\"}}",
		r.rv);
	r = write_with(og_kube_create, named("c", "one", false), CM("c", ""));
	ck_assert_int_eq(r.code, -OG_E_CONFLICT);
	r = write_with(og_kube_replace, named("c", "one", false), body);
	ck_assert_msg(r.code == 0, "%s", r.msg);
	ck_assert(has("c", "\"z\":\"1\""));
	r = write_with(og_kube_replace, named("c", "one", false), body);
	ck_assert_int_eq(r.code, -OG_E_CONFLICT);
}
END_TEST

START_TEST(a_forbidden_write_names_the_rule)
{
	og_kube_free(f.kube);
	ck_assert_int_eq(og_sim_add_user(f.sim, "bob", NULL, "bobs-token", &err), 0);
	f.kube = simfix_client(&f, "bobs-token", 0, NULL);
	struct result r = write_with(og_kube_apply, named("a", "one", true), CM("a", ""));
	ck_assert_int_eq(r.http, 403);
	ck_assert_ptr_nonnull(strstr(r.msg, "configmaps"));
}
END_TEST

/* ---- read, modify, write ---- */

struct count {
	struct result r;
	unsigned edits;
};

static bool count_done(void *ctx)
{
	const struct count *n = ctx;
	return n->r.done;
}

static int plus_one(void *ctx, struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_err *e)
{
	struct count *n = ctx;
	(void)e;
	n->edits++;
	struct og_sv was = og_jstr_or_empty(og_jpath(object, "data", "n", NULL), arena);
	og_buf_fmt(out, "{\"data\":{\"n\":\"%d\"}}", (int)strtol(was.p, NULL, 10) + 1);
	return OG_EDIT_MERGE;
}

static void on_edited(void *ctx, const struct og_kube_answer *a, bool changed)
{
	struct count *n = ctx;
	on_done(&n->r, a);
	n->r.changed = changed;
}

static struct og_kube_edit_opts edit_opts(struct count *n)
{
	return (struct og_kube_edit_opts){
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("configmaps"),
			.ns = OG_SV("x"),
			.name = OG_SV("a")},
		.seed = (uint64_t)(uintptr_t)n,
		.ctx = n,
		.edit = plus_one,
		.on_done = on_edited,
	};
}

START_TEST(editors_at_once_lose_nothing)
{
	enum { N = 4 };
	struct count n[N] = {{.edits = 0}};
	int added = 0;
	unsigned edits = 0;
	for (int i = 0; i < N; i++) {
		const struct og_kube_edit_opts o = edit_opts(&n[i]);
		ck_assert_int_eq(og_kube_edit(f.kube, &o, NULL, &err), 0);
	}
	for (int i = 0; i < N; i++) {
		ck_assert(simfix_until(&f, count_done, &n[i], 20000));
		ck_assert(n[i].r.changed == (n[i].r.code == 0));
		added += n[i].r.changed;
		edits += n[i].edits;
	}
	char want[32];
	(void)snprintf(want, sizeof(want), "\"n\":\"%d\"", added);
	ck_assert(has("a", want)); /* each that says it did, did */
	ck_assert_int_ge(added, 1);
	ck_assert_uint_ge(edits, (unsigned)added);
}
END_TEST

/* What the server does to the PATCH of an edit, and whether the edit gets through. */
static const struct {
	const char *fault;
	bool through;
} hurdles[] = {
	{"{\"match\":{\"verb\":\"patch\",\"count\":4},\"action\":{\"type\":\"status\",\"code\":409,"
	 "\"reason\":\"Conflict\"}}",
		true},
	{"{\"match\":{\"verb\":\"patch\",\"count\":9},\"action\":{\"type\":\"status\",\"code\":409,"
	 "\"reason\":\"Conflict\"}}",
		false},
	{"{\"match\":{\"verb\":\"patch\",\"count\":1},\"action\":{\"type\":\"reset\",\"after\":-1}}",
		true},
	{"{\"match\":{\"verb\":\"patch\",\"count\":1},\"action\":{\"type\":\"status\",\"code\":422,"
	 "\"reason\":\"Invalid\"}}",
		false},
	{"{\"match\":{\"verb\":\"patch\",\"count\":1},\"action\":{\"type\":\"status\",\"code\":500}}",
		false},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"reset\",\"after\":10}}",
		true},
	{"{\"match\":{\"verb\":\"get\",\"count\":1},\"action\":{\"type\":\"status\",\"code\":429,"
	 "\"retryAfter\":0}}",
		true},
};

START_TEST(edits_get_over_what_passes)
{
	struct count n = {.edits = 0};
	simfix_fault(&f, hurdles[_i].fault);
	const struct og_kube_edit_opts o = edit_opts(&n);
	ck_assert_int_eq(og_kube_edit(f.kube, &o, NULL, &err), 0);
	ck_assert(simfix_until(&f, count_done, &n, 30000));
	ck_assert_msg((n.r.code == 0) == hurdles[_i].through, "%s", n.r.msg);
	ck_assert_uint_gt(og_sim_faults_hit(f.sim), 0);
	if (n.r.code == 0) /* once; twice where the first was done and its answer lost */
		ck_assert(has("a", "\"n\":\"1\"") || has("a", "\"n\":\"2\""));
}
END_TEST

static int finalizer(void *ctx, struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_err *e)
{
	struct count *n = ctx;
	return og_kube_finalizer_edit(
		object, OG_SV("otelgate.dev/test"), n->edits == 0, arena, out, e);
}

START_TEST(finalizers_hold_an_object)
{
	struct count n = {.edits = 0};
	struct og_kube_edit_opts o = edit_opts(&n);
	o.edit = finalizer;
	ck_assert_int_eq(og_kube_edit(f.kube, &o, NULL, &err), 0);
	ck_assert(simfix_until(&f, count_done, &n, 10000));
	ck_assert_msg(n.r.code == 0 && n.r.changed, "%s", n.r.msg);
	ck_assert(has("a", "otelgate.dev/test"));
	struct og_kube_write w = {.pre = {og_svz(n.r.uid), OG_SV("")}};
	struct result r = write_with(og_kube_delete, w, "");
	ck_assert_msg(r.code == 0, "%s", r.msg);
	ck_assert(has("a", "deletionTimestamp"));
	n = (struct count){.edits = 1}; /* and away with it */
	ck_assert_int_eq(og_kube_edit(f.kube, &o, NULL, &err), 0);
	ck_assert(simfix_until(&f, count_done, &n, 10000));
	ck_assert_msg(n.r.code == 0 && n.r.changed, "%s", n.r.msg);
	ck_assert(!has("a", "name"));
}
END_TEST

/* ---- leases ---- */

struct candidate {
	struct og_lease *l;
	unsigned started, stopped;
	bool released;
};

static void on_started(void *ctx)
{
	((struct candidate *)ctx)->started++;
}

static void on_stopped(void *ctx)
{
	((struct candidate *)ctx)->stopped++;
}

static void on_released(void *ctx)
{
	((struct candidate *)ctx)->released = true;
}

static void candidate(struct candidate *c, const char *identity)
{
	*c = (struct candidate){.l = NULL};
	const struct og_lease_opts o = {.kube = f.kube,
		.ns = "x",
		.name = "lock",
		.identity = identity,
		.duration_ms = 2000,
		.renew_ms = 1500,
		.retry_ms = 100,
		.ctx = c,
		.on_started = on_started,
		.on_stopped = on_stopped};
	ck_assert_msg(og_lease_start(&o, &c->l, &err) == 0, "%s", err.msg);
}

static bool leads(void *ctx)
{
	return og_lease_holds(((struct candidate *)ctx)->l);
}

static bool leads_not(void *ctx)
{
	return !og_lease_holds(((struct candidate *)ctx)->l);
}

static bool is_released(void *ctx)
{
	return ((struct candidate *)ctx)->released;
}

static bool lease_says(void *ctx)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	return og_sim_get(f.sim, "leases.coordination.k8s.io", "x", "lock", &b, NULL) == 0 &&
	       strstr(b.p, ctx) != NULL;
}

START_TEST(a_lease_is_handed_over)
{
	struct candidate a, b;
	candidate(&a, "a");
	ck_assert(simfix_until(&f, leads, &a, 5000));
	char has_a[] = "\"holderIdentity\":\"a\"", has_none[] = "\"holderIdentity\":\"\"";
	ck_assert(lease_says(has_a));
	candidate(&b, "b");
	(void)og_loop_turn(f.loop, 300);
	og_lease_release(a.l, on_released, &a);
	ck_assert_uint_eq(a.stopped, 1);
	ck_assert(simfix_until(&f, is_released, &a, 5000));
	ck_assert(simfix_until(&f, leads, &b, 1000)); /* sooner than it runs out */
	ck_assert(!lease_says(has_none) && !og_lease_holds(a.l));
	ck_assert_str_eq(og_lease_holder(b.l), "b");
	og_lease_free(a.l);
	og_lease_free(b.l);
}
END_TEST

START_TEST(a_lease_of_a_dead_process_runs_out)
{
	struct candidate a, b;
	candidate(&a, "a");
	ck_assert(simfix_until(&f, leads, &a, 5000));
	og_lease_free(a.l); /* killed: nothing is given back */
	int64_t from = og_loop_now_ns(f.loop);
	candidate(&b, "b");
	ck_assert(simfix_until(&f, leads, &b, 10000));
	ck_assert_int_ge(og_loop_now_ns(f.loop) - from, 2000 * OG_NS_PER_MS - OG_NS_PER_MS * 200);
	og_lease_free(b.l);
}
END_TEST

START_TEST(a_leader_outlives_a_short_outage_and_gives_up_in_a_long_one)
{
	struct candidate a;
	candidate(&a, "a");
	ck_assert(simfix_until(&f, leads, &a, 5000));
	const struct og_sim_restart_opts down = {.down_ms = 300};
	ck_assert_int_eq(og_sim_restart(f.sim, &down, &err), 0);
	int64_t end = og_loop_now_ns(f.loop) + 1000 * OG_NS_PER_MS;
	while (og_loop_now_ns(f.loop) < end) {
		(void)og_loop_turn(f.loop, 10);
		ck_assert(og_lease_holds(a.l));
	}
	og_sim_down(f.sim);
	ck_assert(simfix_until(&f, leads_not, &a, 5000));
	ck_assert_int_eq(og_sim_up(f.sim, &err), 0);
	ck_assert(simfix_until(&f, leads, &a, 10000));
	ck_assert_uint_ge(a.started, 2);
	og_lease_free(a.l);
}
END_TEST

START_TEST(a_deleted_lease_comes_back)
{
	struct candidate a;
	char has_a[] = "\"holderIdentity\":\"a\"";
	candidate(&a, "a");
	ck_assert(simfix_until(&f, leads, &a, 5000));
	ck_assert_int_eq(og_sim_delete(f.sim, "leases.coordination.k8s.io", "x", "lock", &err), 0);
	ck_assert(simfix_until(&f, lease_says, has_a, 5000));
	ck_assert(og_lease_holds(a.l));
	ck_assert_uint_eq(a.stopped, 0);
	og_lease_free(a.l);
}
END_TEST

START_TEST(two_never_lead_while_the_server_misbehaves)
{
	struct candidate a, b;
	simfix_fault(&f,
		"[{\"match\":{\"verb\":\"update\",\"resource\":\"leases\",\"nth\":3,"
		"\"count\":4},\"action\":{\"type\":\"reset\",\"after\":5}},"
		"{\"match\":{\"verb\":\"get\",\"resource\":\"leases\",\"nth\":5,\"count\":3},"
		"\"action\":{\"type\":\"status\",\"code\":500}},"
		"{\"match\":{\"verb\":\"update\",\"resource\":\"leases\",\"nth\":9,"
		"\"count\":3},\"action\":{\"type\":\"delay\",\"ms\":900}}]");
	candidate(&a, "a");
	candidate(&b, "b");
	int64_t end = og_loop_now_ns(f.loop) + 4000 * OG_NS_PER_MS;
	unsigned led = 0;
	while (og_loop_now_ns(f.loop) < end) {
		(void)og_loop_turn(f.loop, 10);
		bool one = og_lease_holds(a.l), two = og_lease_holds(b.l);
		ck_assert(!(one && two));
		led += one || two;
	}
	ck_assert_uint_gt(led, 10);
	ck_assert_uint_gt(og_sim_faults_hit(f.sim), 3);
	og_lease_free(a.l);
	og_lease_free(b.l);
}
END_TEST

/* ---- events ---- */

struct flush {
	bool done;
};

static void on_flushed(void *ctx)
{
	((struct flush *)ctx)->done = true;
}

static bool flush_done(void *ctx)
{
	return ((struct flush *)ctx)->done;
}

static void emit(struct og_events *e, const char *ns, const char *name)
{
	const struct og_event ev = {.api_version = OG_SV("apps/v1"),
		.kind = OG_SV("Deployment"),
		.ns = og_svz(ns),
		.name = og_svz(name),
		.uid = OG_SV("u"),
		.reason = "Injected",
		.action = "Inject",
		.warning = true,
		.note = OG_SV("said \"\xff\"\n")};
	og_events_emit(e, &ev);
}

static void flush(struct og_events *e)
{
	struct flush d = {.done = false};
	og_events_flush(e, 10000, on_flushed, &d);
	ck_assert(simfix_until(&f, flush_done, &d, 12000));
}

static bool event_has(const char *text)
{
	og_auto_buf struct og_buf log = OG_BUF_INIT(0);
	og_sim_request_log(f.sim, &log);
	return strstr(log.p, text) != NULL;
}

static struct og_events *events(struct og_metrics *m)
{
	struct og_events *e = NULL;
	const struct og_events_opts o = {.kube = f.kube,
		.controller = "otelgate.dev/test",
		.instance = "unit",
		.metrics = m};
	ck_assert_int_eq(og_events_new(&o, &e, &err), 0);
	return e;
}

static bool counted(struct og_metrics *m, const char *line)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(m, OG_METRIC_TEXT, &b, NULL), 0);
	og_buf_ch(&b, '\0');
	if (strstr(b.p, line))
		return true;
	(void)fprintf(stderr, "%s", b.p);
	return false;
}

START_TEST(events_are_taken_by_the_server)
{
	struct og_metrics *m = og_metrics_new(NULL);
	struct og_events *e = events(m);
	for (int i = 0; i < 7; i++)
		emit(e, "x", "web");
	emit(e, "", "cluster-thing");
	flush(e);
	for (int i = 0; i < 5; i++)
		emit(e, "x", "web");
	flush(e);
	ck_assert_uint_eq(og_sim_count(f.sim, "events.events.k8s.io", "x"), 1);
	ck_assert_uint_eq(og_sim_count(f.sim, "events.events.k8s.io", "default"), 1);
	ck_assert(counted(m, "otelgate_events_total{result=\"created\"} 2\n"));
	ck_assert(counted(m, "otelgate_events_total{result=\"patched\"} 1\n"));
	ck_assert(counted(m, "otelgate_events_total{result=\"rejected\"} 0\n"));
	ck_assert(event_has("\"patch\""));
	og_events_free(e);
	og_metrics_free(m);
}
END_TEST

START_TEST(events_for_a_namespace_that_is_gone)
{
	struct og_metrics *m = og_metrics_new(NULL);
	struct og_events *e = events(m);
	emit(e, "nowhere", "web");
	flush(e);
	ck_assert(counted(m, "otelgate_events_total{result=\"namespace_terminating\"} 1\n"));
	og_events_free(e);
	og_metrics_free(m);
}
END_TEST

START_TEST(events_get_over_an_outage)
{
	struct og_metrics *m = og_metrics_new(NULL);
	struct og_events *e = events(m);
	simfix_fault(&f, "{\"match\":{\"resource\":\"events\",\"count\":2},\"action\":"
			 "{\"type\":\"reset\",\"after\":5}}");
	emit(e, "x", "web");
	flush(e);
	ck_assert(counted(m, "otelgate_events_total{result=\"created\"} 1\n"));
	ck_assert_uint_eq(og_sim_count(f.sim, "events.events.k8s.io", "x"), 1);
	og_events_free(e);
	og_metrics_free(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/sim_writes");
	TCase *tc = tcase_create("sim_writes");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, apply_makes_changes_and_removes);
	tcase_add_test(tc, apply_respects_others_unless_forced);
	tcase_add_test(tc, a_dry_run_changes_nothing);
	tcase_add_test(tc, a_merge_is_bound_to_a_version);
	tcase_add_test(tc, a_deletion_is_bound_to_an_object);
	tcase_add_test(tc, create_and_replace);
	tcase_add_test(tc, a_forbidden_write_names_the_rule);
	tcase_add_test(tc, editors_at_once_lose_nothing);
	tcase_add_loop_test(tc, edits_get_over_what_passes, 0, (int)OG_COUNT(hurdles));
	tcase_add_test(tc, finalizers_hold_an_object);
	tcase_add_test(tc, a_lease_is_handed_over);
	tcase_add_test(tc, a_lease_of_a_dead_process_runs_out);
	tcase_add_test(tc, a_leader_outlives_a_short_outage_and_gives_up_in_a_long_one);
	tcase_add_test(tc, a_deleted_lease_comes_back);
	tcase_add_test(tc, two_never_lead_while_the_server_misbehaves);
	tcase_add_test(tc, events_are_taken_by_the_server);
	tcase_add_test(tc, events_for_a_namespace_that_is_gone);
	tcase_add_test(tc, events_get_over_an_outage);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
