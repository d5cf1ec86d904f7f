/* SPDX-License-Identifier: Apache-2.0 */
/* Audits of files: the same objects give the same report, however they are written and cut; the
 * JSON form is what its schema says. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <check.h>
#include "otelgate/audit/collect.h"
#include "otelgate/audit/report.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "support/schema.h"
#include "support/suite.h"
#include "support/tmpdir.h"

static struct og_arena arena;
static struct og_coverage c;
static struct og_err err;
static int nproblems;
static char last_problem[800];

static void on_problem(void *ctx, const char *message)
{
	(void)ctx;
	nproblems++;
	(void)snprintf(last_problem, sizeof(last_problem), "%s", message);
}

static int audit_path(const char *path)
{
	struct og_audit_files f = {.paths = &path, .n = 1, .stdin_fd = -1, .problem = on_problem};
	struct og_audit_want want = {.now_s = 1782864000};

	nproblems = 0;
	err = (struct og_err)OG_ERR_INIT;
	int r = og_audit_collect_files(&f, &want, &arena, &c, &err);
	if (r == 0)
		r = og_coverage_finish(&c, &arena, &err);
	return r;
}

static int audit_text(const char *text)
{
	struct og_tmpdir dir og_auto_tmpdir = og_tmpdir_make();
	char path[400];

	og_tmpdir_write(&dir, "in.yaml", text);
	return audit_path(og_tmpdir_join(&dir, "in.yaml", path, sizeof(path)));
}

static void setup(void)
{
	og_arena_init(&arena, 0, (size_t)1 << 30);
}
static void teardown(void)
{
	og_arena_fini(&arena);
}

/* ---- forms of one dump ---- */

#define CONFIG                                                                             \
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\n"     \
	"spec: {receiver: {endpoint: \"http://alloy.m:4318\"}}\n---\n"                     \
	"apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: p}\n" \
	"spec: {stack: s, default: true}\n"

enum shape { DOCUMENTS, LIST_AT_0, LIST_AT_2, LIST_KIND_FIRST, JSON_LIST, JSON_STREAM, SHAPES };

/* One workload of every kind of interest, with its pods; `pad` makes it large. */
static void object(struct og_buf *b, enum shape s, const char *kind, const char *api,
	const char *name, const char *owner, size_t pad)
{
	bool json = s == JSON_LIST || s == JSON_STREAM, pod = strcmp(kind, "Pod") == 0;
	const char *in = s == LIST_AT_2 ? "    " : s == DOCUMENTS ? "" : "  ";
	const char *dash = s == LIST_AT_2 ? "  - " : s == DOCUMENTS ? "" : "- ";

	if (json) {
		og_buf_fmt(b,
			"{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
			"\"namespace\":\"a\",\"annotations\":{\"pad\":\"%*s\"}",
			api, kind, name, (int)pad, "");
		if (owner)
			og_buf_fmt(b,
				",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":"
				"\"%s\",\"name\":\"%s\",\"controller\":true}]",
				pod ? "ReplicaSet" : "Deployment", owner);
		og_buf_fmt(b,
			"},\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"otelgate.dev/"
			"inject\":\"true\"}},\"spec\":{\"containers\":[{\"name\":\"x\",\"image\":"
			"\"i\"}]}}},\"status\":{\"phase\":\"Running\",\"replicas\":1}}");
		return;
	}
	og_buf_fmt(b, "%sapiVersion: %s\n%skind: %s\n%smetadata:\n", dash, api, in, kind, in);
	og_buf_fmt(b,
		"%s  annotations:\n%s    pad: '%*s'\n%s    text: |\n%s      --- no\n%s      items:\n",
		in, in, (int)pad, "", in, in, in);
	og_buf_fmt(b,
		"%s  managedFields:\n%s  - manager: x\n\n%s    time: y\n%s  name: %s\n%s  namespace: a\n",
		in, in, in, in, name, in);
	if (owner)
		og_buf_fmt(b,
			"%s  ownerReferences:\n%s  - apiVersion: apps/v1\n%s    controller: true\n"
			"%s    kind: %s\n%s    name: %s\n",
			in, in, in, in, pod ? "ReplicaSet" : "Deployment", in, owner);
	og_buf_fmt(b,
		"%sspec:\n%s  tolerations:\n%s  - key: k\n%s  template:\n%s    metadata:\n%s      "
		"annotations:\n%s        otelgate.dev/inject: \"true\"\n%s    spec:\n%s      "
		"containers:\n%s      - name: x\n%s        image: i\n%sstatus:\n%s  phase: Running\n"
		"%s  replicas: 1\n",
		in, in, in, in, in, in, in, in, in, in, in, in, in, in);
}

static const struct {
	const char *kind, *api, *name, *owner;
} objects[] = {
	{"Event", "v1", "e", NULL},
	{"Deployment", "apps/v1", "web", NULL},
	{"ReplicaSet", "apps/v1", "web-1", "web"},
	{"Pod", "v1", "web-1-a", "web-1"},
	{"Secret", "v1", "sec", NULL},
	{"Pod", "v1", "web-1-b", "web-1"},
	{"StatefulSet", "apps/v1", "db", NULL},
};

static void dump(struct og_buf *b, enum shape s, size_t pad)
{
	const char *apart = s == DOCUMENTS     ? "---\n"
			    : s == JSON_LIST   ? ","
			    : s == JSON_STREAM ? "\n"
					       : "";

	og_buf_str(b, s == LIST_KIND_FIRST ? "kind: List\napiVersion: v1\n# c\nitems: # c\n\n"
		      : s == LIST_AT_0	   ? "apiVersion: v1\nitems:\n"
		      : s == LIST_AT_2	   ? "apiVersion: v1\nitems:\n"
		      : s == JSON_LIST	   ? "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":["
					   : "");
	for (size_t i = 0; i < OG_COUNT(objects); i++) {
		if (i)
			og_buf_str(b, apart);
		object(b, s, objects[i].kind, objects[i].api, objects[i].name, objects[i].owner,
			pad);
	}
	if (s == LIST_AT_0 || s == LIST_AT_2)
		og_buf_lit(b, "kind: List\nmetadata:\n  resourceVersion: \"\"\n");
	if (s == JSON_LIST)
		og_buf_lit(b, "]}\n");
	if (s < JSON_LIST)
		og_buf_lit(b, "---\n" CONFIG);
}

/* What is the same for all: everything but places. */
static void check_report(void)
{
	ck_assert_uint_eq(c.n, 2);
	ck_assert(og_sv_is(c.rows[0].name, "web") && og_sv_is(c.rows[1].name, "db"));
	ck_assert_uint_eq(c.rows[0].npod, 2);
	ck_assert(c.rows[0].opted_in && c.rows[1].opted_in);
	ck_assert(c.rows[0].pods_seen);
}

START_TEST(every_form_gives_the_same)
{
	enum shape s = (enum shape)(_i / 2);
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	char where[32];

	dump(&b, s, _i % 2 ? 800000 : 10); /* read whole, and object by object */
	ck_assert_int_eq(audit_text(b.p), 0);
	ck_assert_msg(nproblems == 0, "%s", last_problem);
	check_report();
	if (s >= JSON_LIST)
		return;
	/* The place is that of the object's first key. */
	uint32_t line = 1;
	const char *at = strstr(b.p, "kind: Deployment");
	for (const char *p = b.p; p < at; p++)
		line += *p == '\n';
	(void)snprintf(where, sizeof(where), "in.yaml:%u", line - 1);
	ck_assert_msg(og_sv_ends(c.rows[0].source, og_svz(where)), "%.*s is not %s",
		OG_SV_ARG(c.rows[0].source), where);
}
END_TEST

START_TEST(what_is_broken_does_not_hide_the_rest)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	dump(&b, LIST_AT_0, 800000);
	char *at = strstr(b.p, "  kind: StatefulSet");
	memcpy(at, "  kind: [tateful]}}", 19);
	ck_assert_int_eq(audit_text(b.p), 0);
	ck_assert_int_eq(nproblems, 1);
	ck_assert_uint_eq(c.n, 1);
	bool said = false;
	for (uint32_t i = 0; i < c.nblind; i++)
		said |= og_sv_is(c.blind[i].what, "some of the input");
	ck_assert(said);
}
END_TEST

/* Inputs that are wrong; none of them is silently nothing. */
static const char *const wrong[] = {"a: [", "{\"a\":", "just text", "- 1\n- 2\n", "[]", "7",
	"kind: Deployment\n", "apiVersion: v1\nkind: List\nitems: [{}]\n", "\xff\xfe", "a: *b\n",
	"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[7]}"};

START_TEST(wrong_input_is_said)
{
	ck_assert_int_eq(audit_text(wrong[_i]), 0);
	ck_assert_int_ge(nproblems, 1);
	ck_assert_uint_ge(c.nblind, 1);
}
END_TEST

START_TEST(nothing_at_all)
{
	ck_assert_int_eq(audit_text(""), 0);
	ck_assert_int_eq(nproblems, 0);
	ck_assert_uint_eq(c.n, 0);
	ck_assert_int_eq(audit_path("/nowhere/at/all"), 0);
	ck_assert_int_eq(nproblems, 1);
}
END_TEST

START_TEST(an_object_too_large_is_said)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT((size_t)128 << 20);

	og_buf_lit(&b, "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  data:\n");
	while (b.len < (size_t)OG_AUDIT_OBJECT_BYTES + 4096)
		og_buf_lit(&b,
			"    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: b\n");
	ck_assert_int_eq(audit_text(b.p), 0);
	ck_assert_int_eq(nproblems, 1);
	ck_assert_msg(strstr(last_problem, "larger than"), "%s", last_problem);
}
END_TEST

START_TEST(without_memory_it_ends_in_order)
{
	struct og_tmpdir dir og_auto_tmpdir = og_tmpdir_make();
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	char path[400];

	dump(&b, LIST_AT_2, 10);
	og_tmpdir_write(&dir, "in.yaml", b.p);
	(void)og_tmpdir_join(&dir, "in.yaml", path, sizeof(path));
	for (unsigned long n = 1;; n += n < 200 ? 1 : 17) {
		og_mem_fault_arm(n, true);
		int r = audit_path(path);
		bool hit = og_mem_fault_disarm() >= n;
		teardown();
		setup();
		if (!hit) {
			ck_assert_int_eq(r, 0);
			return;
		}
		ck_assert_int_lt(r, 0);
	}
}
END_TEST

/* ---- the JSON form against its schema ---- */

START_TEST(json_is_what_its_schema_says)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0), schema og_auto_buf = OG_BUF_INIT(0),
			text og_auto_buf = OG_BUF_INIT(0);
	struct og_report_opts o = {.width = 80};
	struct og_jdoc d, s;

	dump(&b, LIST_AT_0, 10);
	ck_assert_int_eq(audit_text(b.p), 0);
	/* Members that this audit has nothing for. */
	struct og_coverage_row *row = &c.rows[0];
	static const struct og_sv silent[] = {{"p", 1}, {"\"\\\x01", 3}};
	row->signal[0] = (struct og_coverage_signal){
		.cell = {OG_RESULT_FAIL, "Never", OG_SV("m"), OG_SV("f"), "OG701", true, true},
		.state = OG_AR_NEVER,
		.last_seen_s = 1,
		.since_s = 2,
		.asked_s = 3,
		.pods_known = true,
		.of = 2,
		.silent = silent,
		.nsilent = 2,
		.via = "otlp",
		.tie = "pod",
		.query = OG_SV("q"),
		.explore = OG_SV("e")};
	ck_assert(og_coverage_add(
		row, &arena, "OG701", OG_SV("place"), OG_SV("m"), OG_SV("f"), "metrics"));
	row->findings[0].ignored = true;
	row->findings[0].ignored_by = row->findings[0].ignored_why = OG_SV("x");
	row->findings[0].ignored_until_s = 5;
	c.baselined = true;
	ck_assert_uint_ge(c.nblind, 1);
	c.blind[0].rule = OG_SV("rules:\n- x");
	struct og_gates g;
	struct og_gate_result r;
	og_gates_init(&g);
	g.min_score = 50;
	ck_assert_int_eq(og_coverage_finish(&c, &arena, &err), 0);
	ck_assert_int_eq(og_gates_judge(&c, &g, &arena, &r, &err), 0);
	o.gates = &r;
	ck_assert(og_report_form(OG_SV("json"))->write(&c, &o, &arena, &text));
	og_report_schema(&schema);
	ck_assert_int_eq(og_jdoc_parse(&d, &arena, og_buf_view(&text), NULL, &err), 0);
	ck_assert_int_eq(og_jdoc_parse(&s, &arena, og_buf_view(&schema), NULL, &err), 0);
	schema_validate(og_jroot(&d), og_jroot(&s), "$");
}
END_TEST

START_TEST(every_form_ends_in_order_without_memory)
{
	const struct og_report_form *f = &og_report_forms[_i];
	struct og_report_opts o = {.width = 80};
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);

	dump(&b, LIST_AT_0, 10);
	ck_assert_int_eq(audit_text(b.p), 0);
	for (unsigned long n = 1; n < 400; n++) {
		struct og_buf out og_auto_buf = OG_BUF_INIT(0);
		struct og_arena a;
		og_arena_init(&a, 0, 0);
		og_mem_fault_arm(n, true);
		bool ok = f->write(&c, &o, &a, &out) && !out.failed && !a.failed;
		bool hit = og_mem_fault_disarm() >= n;
		og_arena_fini(&a);
		ck_assert_msg(ok || hit, "%s fails with all memory there is", f->name);
		if (!hit)
			return;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit/collect");
	TCase *t = tcase_create("collect");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, every_form_gives_the_same, 0, 2 * SHAPES);
	tcase_add_test(t, what_is_broken_does_not_hide_the_rest);
	tcase_add_loop_test(t, wrong_input_is_said, 0, (int)OG_COUNT(wrong));
	tcase_add_test(t, nothing_at_all);
	tcase_add_test(t, an_object_too_large_is_said);
	tcase_add_test(t, without_memory_it_ends_in_order);
	tcase_add_test(t, json_is_what_its_schema_says);
	tcase_add_loop_test(t, every_form_ends_in_order_without_memory, 0, (int)og_report_nforms);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
