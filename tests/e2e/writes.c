/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writes KUBECONFIG NAMESPACE: writes with preconditions, an election and events by the product's
 * own client against a real API server. Prints what is not as it has to be; exit code 1 then.
 */
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/apply.h"
#include "otelgate/kube/events.h"
#include "otelgate/kube/kubeconfig.h"
#include "otelgate/kube/lease.h"

static struct og_loop *loop;
static struct og_kube *kube;
static const char *ns;
static int faults;

static struct {
	bool done, changed;
	int http;
	char uid[64], rv[64], said[OG_ERR_MSG_BYTES];
} got;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	faults++;
	printf("%s: HTTP %d, %s %s\n", what, got.http, got.changed ? "changed" : "not changed",
		got.said);
}

static bool turn_until(const bool *flag, int64_t ms)
{
	int64_t end = og_loop_now_ns(loop) + ms * OG_NS_PER_MS;
	while (!*flag && og_loop_now_ns(loop) < end)
		(void)og_loop_turn(loop, 20);
	return *flag;
}

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	struct og_kube_pre p;
	(void)ctx;
	got.done = true;
	got.http = a->http;
	(void)snprintf(got.said, sizeof(got.said), "%s", a->err.msg);
	if (og_kube_written(a, &p)) {
		(void)snprintf(got.uid, sizeof(got.uid), "%.*s", OG_SV_ARG(p.uid));
		(void)snprintf(got.rv, sizeof(got.rv), "%.*s", OG_SV_ARG(p.resource_version));
	}
}

static struct og_kube_resource object(void)
{
	return (struct og_kube_resource){.version = OG_SV("v1"),
		.resource = OG_SV("configmaps"),
		.ns = og_svz(ns),
		.name = OG_SV("written")};
}

typedef int write_fn(struct og_kube *k, const struct og_kube_write *w, struct og_kube_call **ret,
	struct og_err *err);

/* `rest` follows the metadata of an object; a merge patch is `rest` alone. */
static int write_it(write_fn *fn, const char *uid, const char *rv, const char *rest)
{
	char body[512];
	struct og_err err = OG_ERR_INIT;
	struct og_kube_write w = {.res = object(), .force = true, .on_done = on_done};
	(void)snprintf(body, sizeof(body),
		fn == og_kube_apply ? "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
				      "{\"name\":\"written\"}%s}"
				    : "%s",
		rest);
	w.body = og_svz(body);
	w.pre = (struct og_kube_pre){og_svz(uid), og_svz(rv)};
	got.done = got.changed = false;
	if (fn(kube, &w, NULL, &err) < 0 || !turn_until(&got.done, 20000))
		return -1;
	return got.http;
}

static void preconditions(void)
{
	static const char other[] = "11111111-1111-1111-1111-111111111111";
	expect(write_it(og_kube_apply, "", "", ",\"data\":{\"n\":\"0\",\"gone\":\"x\"}") == 201,
		"apply makes the object");
	expect(write_it(og_kube_apply, "", "", ",\"data\":{\"n\":\"0\"}") == 200,
		"apply changes it");
	char uid[64], rv[64];
	(void)snprintf(uid, sizeof(uid), "%s", got.uid);
	(void)snprintf(rv, sizeof(rv), "%s", got.rv);
	expect(write_it(og_kube_merge, other, "", "{\"data\":{\"n\":\"1\"}}") == 422,
		"a merge for another uid is refused");
	expect(write_it(og_kube_merge, "", "1", "{\"data\":{\"n\":\"1\"}}") == 409,
		"a merge for an old version is refused");
	expect(write_it(og_kube_merge, uid, rv, "{\"data\":{\"n\":\"1\"}}") == 200,
		"a merge for what was read is done");
	expect(write_it(og_kube_delete, other, "", "") == 409,
		"a deletion of another uid is refused");
	expect(write_it(og_kube_delete, "", rv, "") == 409,
		"a deletion of an old version is refused");
}

static void on_edited(void *ctx, const struct og_kube_answer *a, bool changed)
{
	on_done(ctx, a);
	got.changed = changed;
}

static int add_finalizer(
	void *ctx, struct og_jval o, struct og_arena *arena, struct og_buf *out, struct og_err *err)
{
	(void)ctx;
	return og_kube_finalizer_edit(o, OG_SV("otelgate.dev/e2e"), true, arena, out, err);
}

static int drop_finalizer(
	void *ctx, struct og_jval o, struct og_arena *arena, struct og_buf *out, struct og_err *err)
{
	(void)ctx;
	return og_kube_finalizer_edit(o, OG_SV("otelgate.dev/e2e"), false, arena, out, err);
}

static int failing_test(
	void *ctx, struct og_jval o, struct og_arena *arena, struct og_buf *out, struct og_err *err)
{
	(void)o;
	(void)arena;
	(void)err;
	++*(int *)ctx;
	og_buf_lit(out, "[{\"op\":\"test\",\"path\":\"/metadata/name\",\"value\":\"other\"}]");
	return OG_EDIT_JSON_PATCH;
}

static int edit_it(
	int (*edit)(void *, struct og_jval, struct og_arena *, struct og_buf *, struct og_err *),
	void *ctx)
{
	struct og_err err = OG_ERR_INIT;
	const struct og_kube_edit_opts o = {
		.res = object(), .ctx = ctx, .edit = edit, .on_done = on_edited};
	got.done = false;
	if (og_kube_edit(kube, &o, NULL, &err) < 0 || !turn_until(&got.done, 20000))
		return -1;
	return got.http;
}

static void edits(void)
{
	int rounds = 0;
	expect(edit_it(add_finalizer, NULL) == 200 && got.changed, "a finalizer is added");
	expect(edit_it(add_finalizer, NULL) == 200 && !got.changed, "it is not added again");
	expect(edit_it(failing_test, &rounds) == 422 && rounds == OG_KUBE_EDIT_ROUNDS,
		"a test that fails is tried five times");
	expect(write_it(og_kube_delete, got.uid, "", "") == 200, "it is being deleted");
	expect(edit_it(add_finalizer, NULL) == 200 && !got.changed, "it is still there");
	expect(edit_it(drop_finalizer, NULL) == 200 && got.changed, "the finalizer goes");
	expect(edit_it(drop_finalizer, NULL) == 404, "and the object with it");
}

static void on_flag(void *ctx)
{
	*(bool *)ctx = true;
}

static void events(void)
{
	struct og_events *e = NULL;
	struct og_metrics *m = og_metrics_new(NULL);
	const struct og_events_opts o = {
		.kube = kube, .controller = "otelgate.dev/e2e", .instance = "writes", .metrics = m};
	struct og_event ev = {.api_version = OG_SV("apps/v1"),
		.kind = OG_SV("Deployment"),
		.ns = og_svz(ns),
		.name = OG_SV("web"),
		.reason = "Tested",
		.action = "Test",
		.warning = true,
		.note = OG_SV("a note \"\xff\" of\ntwo lines\x01")};
	if (og_events_new(&o, &e, NULL) < 0) {
		expect(false, "events begin");
		return;
	}
	for (int round = 0; round < 3; round++) {
		bool flushed = false;
		for (int i = 0; i < 4; i++)
			og_events_emit(e, &ev);
		og_events_flush(e, 10000, on_flag, &flushed);
		expect(turn_until(&flushed, 20000), "events are flushed");
	}
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	(void)og_metrics_write(m, OG_METRIC_TEXT, &b, NULL);
	og_buf_ch(&b, '\0');
	expect(b.p && strstr(b.p, "{result=\"created\"} 1\n") &&
			strstr(b.p, "{result=\"patched\"} 2\n") &&
			strstr(b.p, "{result=\"rejected\"} 0\n"),
		"the series is taken by the server");
	og_events_free(e);
	og_metrics_free(m);
}

static bool started;

static void election(void)
{
	struct og_lease *a = NULL, *b = NULL;
	bool released = false;
	struct og_lease_opts o = {.kube = kube,
		.ns = ns,
		.name = "election",
		.identity = "a",
		.duration_ms = 6000,
		.renew_ms = 4000,
		.retry_ms = 300,
		.ctx = &started,
		.on_started = on_flag,
		.on_stopped = on_flag};
	bool b_leads = false;
	if (og_lease_start(&o, &a, NULL) < 0)
		return;
	expect(turn_until(&started, 20000) && og_lease_holds(a), "one leads");
	o.identity = "b";
	o.ctx = &b_leads;
	if (og_lease_start(&o, &b, NULL) == 0) {
		expect(!turn_until(&b_leads, 2000), "the other does not");
		int64_t from = og_loop_now_ns(loop);
		og_lease_release(a, on_flag, &released);
		expect(turn_until(&released, 5000) && turn_until(&b_leads, 5000) &&
				!og_lease_holds(a) && og_lease_holds(b) &&
				og_loop_now_ns(loop) - from < 5000 * OG_NS_PER_MS,
			"until the first gives it back");
	}
	og_lease_free(a);
	og_lease_free(b);
}

int main(int argc, char **argv)
{
	struct og_err err = OG_ERR_INIT;
	if (argc != 3)
		return 2;
	ns = argv[2];
	const struct og_kube_options o = {.flags = {.kubeconfig = argv[1], .ns = ns}};
	struct og_kube_opts ko = {.component = "otelgate-e2e"};
	if (og_loop_new(NULL, &loop, &err) < 0)
		return 2;
	ko.loop = loop;
	if (og_kube_access_load(&o, &ko.access, &err) < 0 || og_kube_new(&ko, &kube, &err) < 0) {
		printf("%s\n", err.msg);
		return 2;
	}
	preconditions();
	edits();
	events();
	election();
	og_kube_free(kube);
	og_loop_free(loop);
	return faults ? 1 : 0;
}
