/* SPDX-License-Identifier: Apache-2.0 */
/* States of a watch, objects that cannot be taken, requests, life and metrics. */
#include "watch_rig.h"

/* ---- absent, forbidden ---- */

START_TEST(absent_and_back)
{
	begin();
	fake_wait(0);
	fake_fails(.http = 404, .reason = "NotFound");
	ck_state(OG_WATCH_ABSENT);
	ck_turns("absent ");
	ck_told("! ");
	int64_t ms = fake_wait(61000);
	ck_assert(ms >= 30000 && ms <= 60010);
	fake_fails(.http = 404);
	ck_turns("");
	ck_told(""); /* once is enough */
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
	ck_initial(NULL);
	fake_open();
	fake_text(EV("ADDED", "a", "1") MARK("2"));
	ck_turns("synced ");
	ck_told("+a@1 ! ");
}
END_TEST

START_TEST(absent_under_way)
{
	synced();
	fake_fails(.http = 404);
	ck_told("-a@1? -b@2? ! ");
	ck_turns("absent ");
	look();
	ck_assert_uint_eq(info.objects, 0);
	ck_assert_int_eq(info.http, 404);
	fake_wait(61000);
	ck_list("0", "500", NULL); /* another resource of the same name, for all we know */
}
END_TEST

START_TEST(forbidden_and_back)
{
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_fails(.http = 403, .reason = "Forbidden", .rule = "rules:\n- verbs: [list]\n");
	ck_state(OG_WATCH_FORBIDDEN);
	ck_turns("forbidden ");
	ck_assert_str_eq(info.rule, "rules:\n- verbs: [list]\n");
	ck_assert(!og_store_synced(store));
	for (int i = 0; i < 5; i++) {
		int64_t ms = fake_wait(31000);
		ck_assert(ms >= 5000 && ms <= 30010);
		fake_fails(.http = 403);
	}
	ck_turns("");
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
	fake_list(LIST("10", "", ""));
	ck_turns("synced ");
	ck_state(OG_WATCH_SYNCED);
	ck_assert_str_eq(info.rule, "");
	ck_assert_int_eq(info.http, 0);
}
END_TEST

START_TEST(forbidden_to_watch_keeps_what_is_known)
{
	synced();
	for (int i = 0; i < 5; i++) {
		fake_fails(.http = 403);
		ck_state(i == 0 ? OG_WATCH_SYNCED : i < 4 ? OG_WATCH_FAILING : OG_WATCH_FORBIDDEN);
		int64_t ms = fake_wait(31000);
		ck_assert(i == 4 ? ms >= 5000 && ms <= 10010
				 : ms >= 500 << i && ms <= (1000 << i) + 10);
		ck_watch("10"); /* goes on where it was */
	}
	ck_told("");
	ck_turns("failing forbidden ");
	for (int i = 0; i < 5; i++) {
		fake_fails(.http = 403);
		int64_t ms = fake_wait(61000);
		ck_assert(ms >= 5000 && ms <= 30010);
	}
	ck_state(OG_WATCH_FORBIDDEN);
}
END_TEST

/* An API server that has just started and has not read its RBAC objects yet. */
START_TEST(refused_by_a_server_that_starts)
{
	synced();
	for (int round = 0; round < 3; round++) {
		fake_cut(0); /* it is away */
		fake_wait(60000);
		for (int i = 0; i < 2; i++) {
			fake_fails(.http = 403, .rule = "not missing");
			look();
			ck_assert_str_eq(info.rule, "");
			ck_assert(fake_wait(61000) >= 0);
			ck_watch("10");
		}
		fake_open();
		fake_advance(3000);
		ck_state(OG_WATCH_SYNCED);
	}
	ck_assert_ptr_null(strstr(states.p, "forbidden"));
	og_buf_reset(&states);
	ck_told("");
}
END_TEST

START_TEST(the_rule_of_one_object_names_it)
{
	opts.field_selector = "metadata.name=ca";
	begin();
	fake_wait(0);
	ck_param("fieldSelector", "metadata.name%3Dca");
	fake_fails(.http = 403, .rule = "a broad one");
	look();
	ck_assert_ptr_nonnull(strstr(info.rule, "resourceNames"));
	ck_assert_ptr_nonnull(strstr(info.rule, "watch"));
}
END_TEST

START_TEST(poking_what_is_fine_does_nothing)
{
	synced();
	og_watch_poke(watch);
	fake_turn();
	ck_assert_uint_eq(fake.starts, 2);
	fake_cut(0);
	og_watch_poke(watch); /* the first fault: it waits its time */
	fake_turn();
	ck_assert(!fake.live);
	fake_wait(70000);
	fake_cut(0);
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
}
END_TEST

/* ---- objects that cannot be taken ---- */

static int project(void *ctx, struct og_jval object, struct og_arena *scratch, struct og_buf *extra,
	struct og_err *err)
{
	(void)ctx;
	(void)scratch;
	if (og_jis(og_jgetl(object, "bad"), OG_J_TRUE))
		return og_err_set(err, OG_E_INVALID, "field bad is set");
	og_buf_sv(extra, og_jraw(og_jgetl(object, "spec")));
	return 1;
}

START_TEST(bad_objects_are_named_and_left_out)
{
	store_opts.project = project;
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	fake_list(LIST("10", "",
		"{\"metadata\":{\"name\":\"ba\\u001bd\",\"namespace\":\"n\"},\"bad\":true},7,{}," OBJ(
			"a", "1")));
	ck_told("+a@1 ! ");
	ck_state(OG_WATCH_SYNCED);
	ck_assert_uint_eq(info.skipped, 3);
	ck_assert_str_eq(
		info.error, "skipped an object of things.apps: an object has no metadata.name");
	fake_wait(0);
	fake_open();
	fake_advance(2100);
	ck_state(OG_WATCH_SYNCED);
	ck_assert_int_ne(info.error[0], '\0'); /* until the next list */
	fake_text("{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"a\\u001b[2J\","
		  "\"namespace\":\"n\",\"resourceVersion\":\"12\"},\"bad\":true}}");
	look();
	ck_assert_str_eq(info.error, "skipped an object of things.apps n/a?[2J: field bad is set");
	fake_advance(2000);
	fake_done();
	fake_wait(0);
	ck_watch("12"); /* never twice */
	fake_text(ERR(410, "Expired"));
	fake_wait(2100);
	fake_list(LIST("20", "", OBJ("a", "1")));
	look();
	ck_assert_str_eq(info.error, "");
	ck_assert_uint_eq(info.skipped, 4);
}
END_TEST

START_TEST(a_full_store)
{
	store_opts.max_bytes = 16 << 10;
	opts.no_watch_list = true;
	begin();
	fake_wait(0);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[");
	for (int i = 0; i < 1000; i++)
		og_buf_fmt(&b, "%s{\"metadata\":{\"name\":\"n%d\",\"resourceVersion\":\"1\"}}",
			i ? "," : "", i);
	og_buf_lit(&b, "]}");
	fake_list(b.p);
	ck_state(OG_WATCH_FAILING);
	ck_assert_ptr_nonnull(strstr(info.error, "the store of things is full"));
	ck_assert(!og_store_synced(store)); /* it is not the whole */
	ck_assert_uint_gt(og_store_count(store), 50);
	fake_wait(0);
	ck_watch("10");
	fake_open();
	fake_advance(5000);
	fake_text(EV("DELETED", "n1", "11") EV("ADDED", "m1", "12"));
	ck_state(OG_WATCH_FAILING);
	struct og_record r;
	ck_assert(og_store_get(store, OG_SV(""), OG_SV("m1"), &r));
	fake_advance(290000);
	ck_assert_uint_eq(fake.cancels, 0);
	for (int sec = 0; sec < 320 && (!fake.live || fake.r.verb != OG_KUBE_LIST); sec++)
		fake_advance(1000);
	ck_list("12", NULL, NULL);
	fake_list(LIST("20", "", OBJ("n0", "1")));
	ck_state(OG_WATCH_SYNCED);
	ck_assert(og_store_synced(store));
	ck_assert_uint_eq(og_store_count(store), 1);
}
END_TEST

START_TEST(a_full_store_is_poked)
{
	store_opts.max_bytes = 16 << 10;
	synced();
	char ev[200];
	int i = 0;
	do {
		snprintf(ev, sizeof(ev), EV("ADDED", "n%d", "11"), i++);
		fake_text(ev);
		look();
	} while (info.state == OG_WATCH_SYNCED && i < 1000);
	ck_assert_int_lt(i, 1000);
	ck_assert_ptr_nonnull(strstr(info.error, "full"));
	og_watch_poke(watch);
	ck_assert_int_eq(fake_wait(0), 0);
	ck_list("11", NULL, NULL);
}
END_TEST

/* ---- requests ---- */

START_TEST(metadata_only_and_selectors)
{
	opts.metadata_only = true;
	opts.label_selector = "app=web,!x";
	opts.field_selector = "status.phase!=Failed";
	opts.res.ns = OG_SV("shop");
	begin();
	fake_wait(0);
	ck_assert_str_eq(fake.accept,
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
	ck_param("labelSelector", "app%3Dweb%2C%21x");
	ck_param("fieldSelector", "status.phase%21%3DFailed");
	ck_assert_str_eq(fake.res, "apps/v1/shop/things/");
	fake_fails(.http = 422);
	fake_wait(0);
	ck_assert_str_eq(fake.accept, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;"
				      "v=v1,application/json");
	ck_param("labelSelector", "app%3Dweb%2C%21x");
	/* a server that knows no metadata-only form sends all of it */
	fake_list(LIST(
		"1", "", "{\"spec\":{\"a\":[1]},\"metadata\":{\"name\":\"a\"},\"status\":{}}"));
	ck_told("+a@ ! ");
}
END_TEST

START_TEST(timeouts_are_spread)
{
	synced();
	int first = (int)strtol(fake_param("timeoutSeconds"), NULL, 10), differ = 0;
	for (int i = 0; i < 20; i++) {
		fake_advance(2000);
		fake_done();
		fake_wait(0);
		fake_open();
		differ += (int)strtol(fake_param("timeoutSeconds"), NULL, 10) != first;
	}
	ck_assert_int_gt(differ, 15);
}
END_TEST

START_TEST(new_lists_are_spread)
{
	int64_t low = 1 << 30, high = 0;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		teardown();
		setup();
		opts.seed = seed;
		synced();
		fake_text(ERR(410, "Expired"));
		int64_t ms = fake_wait(2100);
		ck_assert_int_ge(ms, 0);
		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
	}
	ck_assert_int_lt(low, 300);
	ck_assert_int_gt(high, 1700);
}
END_TEST

START_TEST(requests_that_cannot_be_made)
{
	begin();
	fake.refuse = -OG_E_OOM;
	fake_turn();
	ck_assert_uint_eq(fake.starts, 1);
	ck_state(OG_WATCH_FAILING);
	fake.refuse = 0;
	ck_assert_int_ge(fake_wait(3000), 800);
	ck_initial(NULL);
}
END_TEST

START_TEST(what_is_missing_is_refused)
{
	struct og_store *s;
	ck_assert_int_eq(og_store_new(&store_opts, &s, NULL), 0);
	struct og_watch_opts o[4] = {opts, opts, opts, opts};
	o[1].store = s;
	ck_assert_int_eq(og_watch_start(&o[1], &watch, NULL), -OG_E_INVALID);
	o[1].store = NULL;
	o[2].store = s, o[2].res.resource = og_sv("", 0);
	o[3].store = s, o[3].res.version = og_sv("", 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(watch_start(&o[i], &fake.seam, &watch, NULL), -OG_E_INVALID);
	o[0].store = s;
	unsigned long n = 1, failed = 0;
	for (unsigned long i = 1; i <= n; i++) {
		og_mem_fault_arm(i, false);
		int rc = watch_start(&o[0], &fake.seam, &watch, NULL);
		unsigned long seen = og_mem_fault_disarm();
		n = seen >= i ? i + 1 : n;
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		failed += rc != 0;
		og_watch_stop(watch);
		watch = NULL;
		fake_turn();
		ck_assert(!fake.live);
	}
	ck_assert_uint_gt(failed, 2);
	og_store_free(s);
	og_watch_stop(NULL);
}
END_TEST

START_TEST(stopped_at_any_time)
{
	for (int when = 0; when < 5; when++) {
		begin();
		if (when > 0)
			fake_wait(0);
		if (when > 1)
			fake_open();
		if (when > 2)
			fake_text(EV("ADDED", "a", "1") "{\"type\":");
		if (when > 3) {
			fake_text("\"BOOKMARK\",\"object\":{}}");
			fake_cut(200);
		}
		og_watch_stop(watch);
		watch = NULL;
		ck_assert(!fake.live);
		fake_advance(100000);
		ck_assert(!fake.live);
		og_store_free(store);
		store = NULL;
		fake.starts = fake.cancels = 0;
	}
}
END_TEST

START_TEST(memory_runs_out_under_way)
{
	synced();
	/* an event that cannot be kept is lost: only a list brings it back */
	bool listed = false;
	for (unsigned long i = 1; i < 12 && !listed; i++) {
		og_mem_fault_arm(i, true);
		int rc = fake.r.on_data(fake.r.ctx, OG_SV(EV("ADDED", "new", "11")));
		og_mem_fault_disarm();
		if (rc == 0)
			continue;
		struct og_kube_answer a = {.code = rc, .http = 200, .status.retry_after_s = -1};
		fake_answer(&a);
		ck_assert_int_ge(fake_wait(3000), 0);
		ck_list("10", NULL, NULL);
		fake_list(LIST("12", "", OBJ("a", "1") "," OBJ("b", "2") "," OBJ("new", "11")));
		listed = true;
	}
	ck_assert(listed);
	ck_told("+new@11 ! ");
}
END_TEST

/* Answers whatever is asked for, as a server with a@11 and b@2 would. */
static void serve_once(void)
{
	static const char streamed[] = EV("ADDED", "a", "1") EV("ADDED", "b", "2") MARK("10");
	static const char listed[] = LIST("10", "", OBJ("a", "1") "," OBJ("b", "2"));
	static const char event[] = EV("MODIFIED", "a", "11");
	bool list = fake.r.verb == OG_KUBE_LIST;
	const char *body = list ? listed : fake_param("sendInitialEvents") ? streamed : event;
	struct og_kube_answer a = {.http = 200, .status.retry_after_s = -1};
	fake.r.on_open(fake.r.ctx);
	size_t n = strlen(body), half = n / 2;
	a.code = fake.r.on_data(fake.r.ctx, og_sv(body, half));
	if (a.code == 0)
		a.code = fake.r.on_data(fake.r.ctx, og_sv(body + half, n - half));
	if (a.code == 0)
		fake_advance(5000);
	if (fake.live)
		fake_answer(&a);
}

START_TEST(memory_runs_out_anywhere)
{
	unsigned long n = 1, i = 1;
	for (; i <= n; i++) {
		struct og_record r = {.name = OG_SV("")};
		opts.no_watch_list = i % 2;
		begin();
		og_mem_fault_arm(i, false);
		int rounds = 0;
		for (; rounds < 20; rounds++) {
			if (og_store_synced(store) &&
				og_store_get(store, OG_SV(""), OG_SV("a"), &r) &&
				og_sv_is(r.resource_version, "11"))
				break;
			ck_assert_int_ge(fake_wait(70000), 0);
			serve_once();
		}
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_int_lt(rounds, 20);
		ck_assert_uint_eq(og_store_count(store), 2);
		n = seen >= i ? i + 1 : n;
		teardown();
		setup();
	}
	ck_assert_uint_gt(i, 15);
}
END_TEST

START_TEST(metrics_and_names)
{
	struct og_metrics *m = og_metrics_new(NULL);
	opts.metrics = m;
	synced();
	fake_text(EV("MODIFIED", "a", "11") "{}" BOOKMARK("12") ERR(410, "Expired"));
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	ck_assert_int_eq(og_metrics_write(m, OG_METRIC_TEXT, &out, NULL), 0);
	static const char *const want[] = {
		"otelgate_watch_events_total{resource=\"things.apps\",type=\"modified\"} 1\n",
		"otelgate_watch_events_total{resource=\"things.apps\",type=\"bookmark\"} 1\n",
		"otelgate_watch_events_total{resource=\"things.apps\",type=\"error\"} 1\n",
		"otelgate_watch_ends_total{resource=\"things.apps\",cause=\"expired\"} 1\n",
		"otelgate_watch_lists_total{resource=\"things.apps\",cause=\"start\"} 1\n",
		"otelgate_watch_skipped_total{resource=\"things.apps\"} 1\n",
		"otelgate_watch_state{resource=\"things.apps\",state=\"synced\"} 1\n",
		"otelgate_watch_state{resource=\"things.apps\",state=\"failing\"} 0\n",
		"otelgate_watch_received_bytes_total{resource=\"things.apps\"} ",
		"otelgate_watch_last_list_timestamp_seconds{resource=\"things.apps\"} 17149",
		"otelgate_store_objects{store=\"things\"} 2\n",
	};
	for (size_t i = 0; i < OG_COUNT(want); i++)
		ck_assert_msg(strstr(out.p, want[i]) != NULL, "%s is not in\n%s", want[i], out.p);
	og_watch_stop(watch);
	watch = NULL;
	og_store_free(store);
	store = NULL;
	og_metrics_free(m);
	ck_assert_str_eq(og_watch_state_name(OG_WATCH_FORBIDDEN), "forbidden");
	ck_assert_str_eq(og_watch_state_name((enum og_watch_state)77), "unknown");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/watch_states");
	TCase *tc = watch_tcase(s, "states");
	tcase_add_test(tc, absent_and_back);
	tcase_add_test(tc, absent_under_way);
	tcase_add_test(tc, forbidden_and_back);
	tcase_add_test(tc, forbidden_to_watch_keeps_what_is_known);
	tcase_add_test(tc, refused_by_a_server_that_starts);
	tcase_add_test(tc, the_rule_of_one_object_names_it);
	tcase_add_test(tc, poking_what_is_fine_does_nothing);
	tcase_add_test(tc, bad_objects_are_named_and_left_out);
	tcase_add_test(tc, a_full_store);
	tcase_add_test(tc, a_full_store_is_poked);
	tcase_add_test(tc, metadata_only_and_selectors);
	tcase_add_test(tc, timeouts_are_spread);
	tcase_add_test(tc, new_lists_are_spread);
	tcase_add_test(tc, requests_that_cannot_be_made);
	tcase_add_test(tc, what_is_missing_is_refused);
	tcase_add_test(tc, stopped_at_any_time);
	tcase_add_test(tc, memory_runs_out_under_way);
	tcase_add_test(tc, memory_runs_out_anywhere);
	tcase_add_test(tc, metrics_and_names);
	return og_suite_run(s);
}
