/* SPDX-License-Identifier: Apache-2.0 */
/* The status document of a workload: what is written, what is seen again, and that both agree. */
#include "otelgate/core/telemetry.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_buf out = OG_BUF_INIT(4 << 20);
static struct og_telemetry_input in;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	in = (struct og_telemetry_input){.ns = OG_SV("shop"),
		.group = OG_SV("apps"),
		.version = OG_SV("v1"),
		.kind = OG_SV("Deployment"),
		.name = OG_SV("web"),
		.uid = OG_SV("u-1"),
		.generation = 7,
		.profile = OG_SV("p"),
		.stack = OG_SV("s"),
		.revision = OG_SV("abc"),
		.now_s = 1767225600};
	in.pods.ratio = OG_SV("2/3");
}

static void teardown(void)
{
	og_arena_fini(&arena);
	og_buf_fini(&out);
}

static struct og_jval parse(struct og_sv text)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	ck_assert_msg(og_jdoc_parse(d, &arena, og_arena_sv(&arena, text), NULL, &err) == 0,
		"%s: %.*s", err.msg, OG_SV_ARG(text));
	return og_jroot(d);
}

static struct og_jval status(void)
{
	og_buf_reset(&out);
	ck_assert_int_eq(og_telemetry_status(&in, &out, NULL), 0);
	return parse(og_buf_view(&out));
}

static struct og_telemetry_seen seen_of(struct og_jval object)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(65536);
	struct og_telemetry_seen seen;
	ck_assert_int_eq(og_telemetry_seen_pack(object, &arena, &b, NULL), 0);
	ck_assert_int_eq(
		og_telemetry_seen_read(og_arena_sv(&arena, og_buf_view(&b)), &seen, NULL), 0);
	return seen;
}

static const char *text_of(struct og_jval v)
{
	return og_arena_strndup(
		&arena, og_jstr_or_empty(v, &arena).p, og_jstr_or_empty(v, &arena).n);
}

static struct og_jval condition(struct og_jval object, const char *type)
{
	og_jfor (it, og_jpath(object, "status", "conditions", NULL))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(type)))
			return it.val;
	return OG_JABSENT;
}

/* ---- names ---- */

START_TEST(a_name_is_kind_and_name)
{
	char buf[OG_TELEMETRY_NAME_BYTES];
	struct og_sv n = og_telemetry_name(OG_SV("StatefulSet"), OG_SV("db"), buf);
	ck_assert_str_eq(buf, "statefulset-db");
	ck_assert_uint_eq(n.n, strlen(buf));
}
END_TEST

START_TEST(long_names_are_cut_and_stay_apart)
{
	char name[300], a[OG_TELEMETRY_NAME_BYTES], b[OG_TELEMETRY_NAME_BYTES];

	for (size_t len = 230; len <= 253; len++) {
		memset(name, 'x', sizeof(name));
		struct og_sv n = og_telemetry_name(OG_SV("Deployment"), og_sv(name, len), a);
		ck_assert_uint_le(n.n, 253);
		ck_assert_uint_eq(strlen(a), n.n);
		name[len - 1] = 'y';
		(void)og_telemetry_name(OG_SV("Deployment"), og_sv(name, len), b);
		ck_assert_str_ne(a, b);
	}
	/* A dot before the hash would end a label with a dash. */
	memset(name, '.', sizeof(name));
	(void)og_telemetry_name(OG_SV("Pod"), og_sv(name, 253), a);
	ck_assert_ptr_null(strstr(a, ".-"));
}
END_TEST

/* ---- the document ---- */

START_TEST(the_object_is_owned_and_marked)
{
	ck_assert_int_eq(og_telemetry_object(&in, &out, NULL), 0);
	struct og_jval o = parse(og_buf_view(&out));
	struct og_jval ref = og_jat(og_jpath(o, "metadata", "ownerReferences", NULL), 0);
	ck_assert(og_jstr_is(og_jgetl(ref, "apiVersion"), "apps/v1"));
	ck_assert(og_jstr_is(og_jgetl(ref, "uid"), "u-1"));
	ck_assert(og_jis(og_jgetl(ref, "controller"), OG_J_TRUE));
	ck_assert(og_jis(og_jgetl(ref, "blockOwnerDeletion"), OG_J_FALSE));
	ck_assert(og_jstr_is(
		og_jpath(o, "metadata", "labels", OG_LABEL_MANAGED_BY, NULL), "otelgate"));
	ck_assert(og_jis(og_jgetl(o, "status"), OG_J_ABSENT));
	/* Of the core group there is no slash. */
	in.group = OG_SV("");
	in.kind = OG_SV("Pod");
	og_buf_reset(&out);
	ck_assert_int_eq(og_telemetry_object(&in, &out, NULL), 0);
	ck_assert(og_sv_has(og_buf_view(&out), OG_SV("\"apiVersion\":\"v1\"")));
}
END_TEST

START_TEST(every_condition_is_there_from_the_first_time)
{
	struct og_jval o = status();
	ck_assert_uint_eq(og_jcount(og_jpath(o, "status", "conditions", NULL)), OG_TC_COUNT_);
	og_jfor (it, og_jpath(o, "status", "conditions", NULL)) {
		ck_assert(og_jstr_is(og_jgetl(it.val, "status"), "Unknown"));
		ck_assert_uint_gt(strlen(text_of(og_jgetl(it.val, "reason"))), 0);
		ck_assert(og_jis(og_jgetl(it.val, "message"), OG_J_STRING));
		ck_assert_str_eq(
			text_of(og_jgetl(it.val, "lastTransitionTime")), "2026-01-01T00:00:00Z");
		int64_t n;
		ck_assert(og_ji64(og_jgetl(it.val, "observedGeneration"), &n) && n == 7);
	}
}
END_TEST

START_TEST(a_transition_is_a_change_of_status_and_of_nothing_else)
{
	in.said[OG_TC_INJECTED] = (struct og_telemetry_said){
		.status = OG_COND_TRUE, .reason = "Injected", .message = OG_SV("all")};
	struct og_telemetry_seen seen = seen_of(status());
	in.seen = &seen;
	in.now_s += 100;
	in.said[OG_TC_INJECTED].reason = "Other";
	in.said[OG_TC_INJECTED].message = OG_SV("other words");
	struct og_jval o = status();
	ck_assert_str_eq(text_of(og_jgetl(condition(o, "Injected"), "lastTransitionTime")),
		"2026-01-01T00:00:00Z");
	ck_assert_str_eq(text_of(og_jgetl(condition(o, "Injected"), "reason")), "Other");
	in.said[OG_TC_INJECTED].status = OG_COND_FALSE;
	o = status();
	ck_assert_str_eq(text_of(og_jgetl(condition(o, "Injected"), "lastTransitionTime")),
		"2026-01-01T00:01:40Z");
	ck_assert_str_eq(text_of(og_jgetl(condition(o, "RolloutComplete"), "lastTransitionTime")),
		"2026-01-01T00:00:00Z");
}
END_TEST

START_TEST(what_is_written_is_seen_as_the_same)
{
	struct og_telemetry_pod old[] = {
		{OG_SV("web-1-a"), OG_SV("web-1"), OG_SV("old"), "stale", "config", 1700000000}};
	struct og_telemetry_finding f[] = {{"OG301", OG_SV("<&> \"quoted\" \xc3\xa9\n")}};

	in.pods.old = old;
	in.pods.nold = in.pods.old_total = 1;
	in.findings = f;
	in.nfindings = 1;
	in.rollout.state = "Stuck";
	in.rollout.reason = "CrashLooping";
	in.rollout.message = OG_SV("a & b < c");
	in.rollout.since_s = 1700000000;
	struct og_telemetry_seen seen = seen_of(status());
	ck_assert(seen.has_status);
	/* Later, by another process whose clocks began anew. */
	in.seen = &seen;
	in.now_s += 5000;
	in.rollout.since_s = in.now_s;
	struct og_jval again = og_jgetl(status(), "status");
	ck_assert_uint_eq(og_telemetry_digest(again, &arena), seen.digest);
	in.rollout.reason = "ImagePullFailed";
	ck_assert_uint_ne(og_telemetry_digest(og_jgetl(status(), "status"), &arena), seen.digest);
}
END_TEST

static uint64_t digest(const char *json)
{
	return og_telemetry_digest(parse(og_svz(json)), &arena);
}

START_TEST(the_digest_is_of_the_meaning)
{
	ck_assert_uint_eq(digest("{\"a\":1,\"b\":{\"c\":\"x\",\"d\":[1,2]}}"),
		digest("{ \"b\":{\"d\":[1, 2],\"c\":\"\\u0078\"}, \"a\":1}"));
	ck_assert_uint_eq(digest("{\"a\":\"\\u003c\"}"), digest("{\"a\":\"<\"}"));
	ck_assert_uint_eq(digest("{\"a\":1,\"restart\":{\"x\":1}}"), digest("{\"a\":1}"));
	static const char *const others[] = {"{}", "{\"a\":1}", "{\"a\":\"1\"}", "{\"a\":2}",
		"{\"b\":1}", "{\"a\":[1,2]}", "{\"a\":[2,1]}", "{\"a\":[[1],2]}",
		"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1},\"b\":{\"a\":1}}",
		"{\"a\":{\"a\":1},\"b\":{\"b\":1}}", "{\"a\":null}", "{\"a\":[]}", "{\"a\":{}}",
		"{\"a\":\"\"}"};
	for (size_t i = 0; i < OG_COUNT(others); i++)
		for (size_t j = i + 1; j < OG_COUNT(others); j++)
			ck_assert_msg(digest(others[i]) != digest(others[j]), "%s %s", others[i],
				others[j]);
}
END_TEST

START_TEST(ready_is_the_first_that_is_not)
{
	struct og_telemetry_said said[OG_TC_COUNT_] = {{0}}, r;

	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_UNKNOWN);
	for (int i = 0; i < OG_TC_METRICS_RECEIVED; i++)
		said[i] = (struct og_telemetry_said){
			.status = OG_COND_TRUE, .reason = "Fine", .message = OG_SV("")};
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_TRUE);
	said[OG_TC_EGRESS_ALLOWED].status = OG_COND_UNKNOWN;
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_UNKNOWN);
	/* A clear no is worth more than what is not known. */
	said[OG_TC_ROLLOUT_COMPLETE] = (struct og_telemetry_said){
		.status = OG_COND_FALSE, .reason = "Stuck", .message = OG_SV("why")};
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_FALSE);
	ck_assert_str_eq(r.reason, "Stuck");
	/* Profiles are optional: they never make a workload unready. */
	said[OG_TC_EGRESS_ALLOWED].status = said[OG_TC_ROLLOUT_COMPLETE].status = OG_COND_TRUE;
	said[OG_TC_PROFILES_RECEIVED].status = OG_COND_FALSE;
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_TRUE);
}
END_TEST

static void all_true(struct og_telemetry_said said[OG_TC_COUNT_])
{
	for (int i = 0; i < OG_TC_COUNT_; i++)
		said[i] = (struct og_telemetry_said){.status = OG_COND_TRUE,
			.reason = "Fine",
			.message = OG_SV(""),
			.verified = true};
}

START_TEST(what_is_verified_has_to_be_known_and_what_is_optional_not)
{
	struct og_telemetry_said said[OG_TC_COUNT_], r;

	all_true(said);
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_TRUE);
	ck_assert_str_eq(r.reason, "Arrives");
	said[OG_TC_TRACES_RECEIVED].status = OG_COND_UNKNOWN;
	said[OG_TC_TRACES_RECEIVED].reason = "Throttled";
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_UNKNOWN);
	ck_assert_str_eq(r.reason, "Throttled");
	said[OG_TC_TRACES_RECEIVED].verified = false;
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_TRUE);
	/* A clear no of another signal goes before it, and what is optional is neither. */
	said[OG_TC_TRACES_RECEIVED].verified = true;
	said[OG_TC_LOGS_RECEIVED].status = OG_COND_FALSE;
	said[OG_TC_LOGS_RECEIVED].reason = "NeverArrived";
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_FALSE);
	ck_assert_str_eq(r.reason, "NeverArrived");
	/* Who knows the link that breaks it is asked first. */
	said[OG_TC_LOGS_RECEIVED].cause = "ScopeMissing";
	og_telemetry_ready(said, &r);
	ck_assert_str_eq(r.reason, "ScopeMissing");
	said[OG_TC_LOGS_RECEIVED].optional = said[OG_TC_TRACES_RECEIVED].optional = true;
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_TRUE);
	/* Where all of it is its owner's wish, that is said, and not that it can send. */
	said[OG_TC_TRACES_RECEIVED] = (struct og_telemetry_said){.status = OG_COND_UNKNOWN,
		.reason = "ExporterNone",
		.message = OG_SV("off"),
		.verified = true,
		.optional = true,
		.off = true};
	og_telemetry_ready(said, &r);
	ck_assert_str_eq(r.reason, "Arrives");
	said[OG_TC_METRICS_RECEIVED] = said[OG_TC_LOGS_RECEIVED] = said[OG_TC_TRACES_RECEIVED];
	og_telemetry_ready(said, &r);
	ck_assert_int_eq(r.status, OG_COND_TRUE);
	ck_assert_str_eq(r.reason, "ExporterNone");
}
END_TEST

START_TEST(what_is_upstream_goes_before_what_does_not_arrive)
{
	static const enum og_telemetry_cond upstream[] = {OG_TC_INJECTED, OG_TC_ROLLOUT_COMPLETE,
		OG_TC_CREDENTIALS_READY, OG_TC_EGRESS_ALLOWED};
	struct og_telemetry_said said[OG_TC_COUNT_], r;

	for (size_t i = 0; i < OG_COUNT(upstream); i++) {
		all_true(said);
		said[OG_TC_METRICS_RECEIVED].status = OG_COND_FALSE;
		said[upstream[i]] = (struct og_telemetry_said){
			.status = OG_COND_FALSE, .reason = "Upstream", .message = OG_SV("")};
		og_telemetry_ready(said, &r);
		ck_assert_str_eq(r.reason, "Upstream");
	}
}
END_TEST

START_TEST(what_was_seen_is_seen_again)
{
	struct og_telemetry_seen seen;

	in.seen_text = OG_SV("1 mF1,2,3");
	seen = seen_of(status());
	ck_assert(og_sv_is(seen.seen_text, "1 mF1,2,3"));
	ck_assert(!seen.restart_json.n);
	/* A line would end where it should not, and a novel is none of ours. */
	seen = seen_of(parse(OG_SV("{\"status\":{\"seen\":\"a\\nb\",\"restart\":{}}}")));
	ck_assert(!seen.seen_text.n && og_sv_is(seen.restart_json, "{}"));
	char novel[3000];
	(void)snprintf(novel, sizeof(novel), "{\"status\":{\"seen\":\"%02000d\"}}", 1);
	ck_assert(!seen_of(parse(og_svz(novel))).seen_text.n);
}
END_TEST

START_TEST(what_is_not_verified_is_not_written)
{
	in.signals[OG_SIGNAL_TRACES] =
		(struct og_telemetry_signal){.state = "Never", .reason = "NeverArrived"};
	struct og_jval s = og_jpath(status(), "status", "signals", NULL);
	ck_assert(og_junset(og_jgetl(s, "metrics")));
	ck_assert(og_jstr_is(og_jpath(s, "traces", "state", NULL), "Never"));
	ck_assert(og_junset(og_jpath(s, "traces", "pods", NULL)));
	ck_assert(og_junset(og_jpath(s, "traces", "lastSeen", NULL)));
	in.signals[OG_SIGNAL_TRACES].state = NULL;
	ck_assert(og_junset(og_jpath(status(), "status", "signals", NULL)));
}
END_TEST

START_TEST(lists_are_bounded_and_say_so)
{
	struct og_telemetry_pod old[15];
	struct og_telemetry_finding f[20];

	for (size_t i = 0; i < OG_COUNT(old); i++)
		old[i] = (struct og_telemetry_pod){.name = og_svz(og_arena_fmt(&arena, "p%zu", i))};
	for (size_t i = 0; i < OG_COUNT(f); i++)
		f[i] = (struct og_telemetry_finding){i % 2 ? "OG301" : "OG512", OG_SV("x")};
	in.pods.old = old;
	in.pods.nold = OG_COUNT(old);
	in.pods.old_total = 3000;
	in.findings = f;
	in.nfindings = OG_COUNT(f);
	struct og_jval o = status();
	int64_t more = 0;
	ck_assert_uint_eq(og_jcount(og_jpath(o, "status", "pods", "old", NULL)), 10);
	ck_assert(og_ji64(og_jpath(o, "status", "pods", "more", NULL), &more) && more == 2990);
	/* An id is the key of the list: once each. */
	ck_assert_uint_eq(og_jcount(og_jpath(o, "status", "findings", NULL)), 2);
}
END_TEST

START_TEST(long_texts_are_cut_at_a_character)
{
	char *text = og_arena_alloc(&arena, 40001);
	for (size_t i = 0; i + 1 < 40000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[0] = 'x';
	text[1] = 'x';
	in.said[OG_TC_INJECTED] = (struct og_telemetry_said){
		.status = OG_COND_FALSE, .reason = "R", .message = og_sv(text, 39999)};
	struct og_jval o = status();
	struct og_sv m = og_jstr_or_empty(og_jgetl(condition(o, "Injected"), "message"), &arena);
	ck_assert_uint_le(m.n, 32768);
	ck_assert_uint_gt(m.n, 32760);
	ck_assert(og_utf8_valid(m.p, m.n));
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_an_error)
{
	struct og_buf small = OG_BUF_INIT(64);
	ck_assert_int_eq(og_telemetry_status(&in, &small, NULL), -(int)OG_E_LIMIT);
	og_buf_fini(&small);
	small = (struct og_buf)OG_BUF_INIT(64);
	ck_assert_int_eq(og_telemetry_object(&in, &small, NULL), -(int)OG_E_LIMIT);
	og_buf_fini(&small);
}
END_TEST

/* ---- what is seen ---- */

START_TEST(hostile_objects_are_seen_as_something_else)
{
	static const char *const objects[] = {"{}", "{\"status\":null}", "{\"status\":{}}",
		"{\"status\":7}", "{\"status\":\"x\"}", "{\"status\":[1]}",
		"{\"status\":{\"conditions\":{}}}", "{\"status\":{\"conditions\":[1,null,{}]}}",
		"{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"Maybe\","
		"\"lastTransitionTime\":\"yesterday\"}]}}",
		"{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\","
		"\"lastTransitionTime\":\"1850-01-01T00:00:00Z\"}],\"restart\":[1],"
		"\"rollout\":{\"state\":7,\"since\":{}}}}"};

	for (size_t i = 0; i < OG_COUNT(objects); i++) {
		struct og_telemetry_seen s = seen_of(parse(og_svz(objects[i])));
		ck_assert_msg(s.has_status == (i > 1), "%s", objects[i]);
		ck_assert_int_eq(s.conds[OG_TC_READY].since_s, 0);
		ck_assert_uint_eq(s.restart_json.n, 0);
		in.seen = &s;
		(void)status();
	}
}
END_TEST

START_TEST(deep_documents_do_not_go_deep)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);
	og_buf_lit(&b, "{\"status\":{\"a\":");
	for (int i = 0; i < 90; i++)
		og_buf_ch(&b, '[');
	for (int i = 0; i < 90; i++)
		og_buf_ch(&b, ']');
	og_buf_lit(&b, "}}");
	ck_assert(seen_of(parse(og_buf_view(&b))).has_status);
}
END_TEST

START_TEST(texts_that_were_not_packed_are_refused)
{
	static const char *const texts[] = {"", "x\n", "- x\n", "0123\n",
		"0123456789abcdeX T1 T1 T1 T1 T1 T1 T1 T1 T1 0123456789abcdef 1\n",
		"0123456789abcdef\n", "0123456789abcdef T1\n",
		"0123456789abcdef T1 T1 T1 T1 T1 T1 T1 T1 Q1 0123456789abcdef 1\n",
		"0123456789abcdef T1 T1 T1 T1 T1 T1 T1 T1 T-1 0123456789abcdef 1\n",
		"0123456789abcdef T1 T1 T1 T1 T1 T1 T1 T1 T1 0123456789abcdef\n",
		"0123456789abcdef T1 T1 T1 T1 T1 T1 T1 T1 T1 0123456789abcdef 1 2\n"};
	struct og_telemetry_seen s;
	for (size_t i = 0; i < OG_COUNT(texts); i++)
		ck_assert_msg(
			og_telemetry_seen_read(og_svz(texts[i]), &s, NULL) == -(int)OG_E_PARSE,
			"%s", texts[i]);
}
END_TEST

START_TEST(the_restart_is_kept_as_it_is)
{
	struct og_telemetry_seen s = seen_of(parse(
		OG_SV("{\"status\":{\"restart\":{\"state\":\"Complete\",\n\"revision\":\"a\"}}}")));
	ck_assert(og_sv_starts(s.restart_json, OG_SV("{\"state\":\"Complete\"")));
	ck_assert(og_sv_ends(s.restart_json, OG_SV("\"a\"}")));
}
END_TEST

/* ---- the table ---- */

static bool in_table(const char *path)
{
	for (size_t i = 0; i < og_telemetry_fields_n; i++)
		if (strcmp(og_telemetry_fields[i].path, path) == 0)
			return true;
	return false;
}

static unsigned written;
static void walk(struct og_jval v, const char *path)
{
	ck_assert_msg(in_table(path), "%s is written and not in the table", path);
	written++;
	if (strcmp(path, "status.conditions") == 0)
		return;
	if (og_jis(v, OG_J_OBJECT))
		og_jfor (it, v)
			walk(it.val, og_arena_fmt(&arena, "%s.%s", path, text_of(it.key)));
	else if (og_jis(v, OG_J_ARRAY) && og_jis(og_jat(v, 0), OG_J_OBJECT))
		og_jfor (it, og_jat(v, 0))
			walk(it.val, og_arena_fmt(&arena, "%s[].%s", path, text_of(it.key)));
}

START_TEST(what_is_written_is_in_the_table_and_the_reverse)
{
	struct og_telemetry_pod old[] = {
		{OG_SV("a"), OG_SV("b"), OG_SV("c"), "stale", "config", 1}};
	struct og_telemetry_finding f[] = {{"OG301", OG_SV("x")}};

	in.pods.old = old;
	in.pods.nold = 1;
	in.pods.old_total = 2;
	in.findings = f;
	in.nfindings = 1;
	in.rollout.state = "Stuck";
	in.rollout.reason = "R";
	in.rollout.message = in.rollout.fix = in.rollout.pod = in.rollout.container = OG_SV("x");
	in.rollout.finding = "OG1";
	in.rollout.exited = true;
	in.rollout.since_s = 1;
	in.egress_need = "NotIsolated";
	static const struct og_sv silent[] = {OG_SV("a")};
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		in.signals[i] = (struct og_telemetry_signal){.state = "Flowing",
			.reason = "R",
			.finding = "OG1",
			.via = "otlp",
			.tie = "pod",
			.trust = "high",
			.pods_known = true,
			.of = 2,
			.silent = silent,
			.nsilent = 1,
			.last_seen_s = 1,
			.since_s = 1,
			.query = OG_SV("q"),
			.explore = OG_SV("e")};
	in.seen_text = OG_SV("1 F");
	in.stars.told = true;
	for (int d = 0; d < OG_STARS_DIMENSION_COUNT_; d++)
		in.stars.score[d] = (struct og_stars_brief_score){.applies = true,
			.stars = 1,
			.best = 2,
			.percent = 33,
			.best_percent = 66,
			.raise = og_stars_rule(0),
			.unknown = og_stars_rule(1)};
	walk(og_jgetl(status(), "status"), "status");
	unsigned restart = 0; /* has another writer */
	for (size_t i = 0; i < og_telemetry_fields_n; i++)
		restart += strncmp(og_telemetry_fields[i].path, "status.restart", 14) == 0;
	ck_assert_uint_eq(written + restart, og_telemetry_fields_n);
}
END_TEST

START_TEST(parents_come_before_their_members)
{
	for (size_t i = 1; i < og_telemetry_fields_n; i++) {
		char parent[128];
		(void)snprintf(parent, sizeof(parent), "%s", og_telemetry_fields[i].path);
		*strrchr(parent, '.') = '\0';
		if (strcmp(parent + strlen(parent) - 2, "[]") == 0)
			parent[strlen(parent) - 2] = '\0';
		bool found = false;
		for (size_t j = 0; j < i; j++)
			found |= strcmp(og_telemetry_fields[j].path, parent) == 0;
		ck_assert_msg(found, "%s", og_telemetry_fields[i].path);
		ck_assert_ptr_nonnull(og_telemetry_fields[i].help);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/telemetry");
	TCase *tc = tcase_create("telemetry");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_name_is_kind_and_name);
	tcase_add_test(tc, long_names_are_cut_and_stay_apart);
	tcase_add_test(tc, the_object_is_owned_and_marked);
	tcase_add_test(tc, every_condition_is_there_from_the_first_time);
	tcase_add_test(tc, a_transition_is_a_change_of_status_and_of_nothing_else);
	tcase_add_test(tc, what_is_written_is_seen_as_the_same);
	tcase_add_test(tc, the_digest_is_of_the_meaning);
	tcase_add_test(tc, ready_is_the_first_that_is_not);
	tcase_add_test(tc, what_is_verified_has_to_be_known_and_what_is_optional_not);
	tcase_add_test(tc, what_is_upstream_goes_before_what_does_not_arrive);
	tcase_add_test(tc, what_was_seen_is_seen_again);
	tcase_add_test(tc, what_is_not_verified_is_not_written);
	tcase_add_test(tc, lists_are_bounded_and_say_so);
	tcase_add_test(tc, long_texts_are_cut_at_a_character);
	tcase_add_test(tc, a_buffer_that_is_too_small_is_an_error);
	tcase_add_test(tc, hostile_objects_are_seen_as_something_else);
	tcase_add_test(tc, deep_documents_do_not_go_deep);
	tcase_add_test(tc, texts_that_were_not_packed_are_refused);
	tcase_add_test(tc, the_restart_is_kept_as_it_is);
	tcase_add_test(tc, what_is_written_is_in_the_table_and_the_reverse);
	tcase_add_test(tc, parents_come_before_their_members);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
