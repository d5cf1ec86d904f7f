/* SPDX-License-Identifier: Apache-2.0 */
/* Read, modify, write against a scripted server: conflicts, lost answers, another object. */
#include <stdio.h>
#include "../../../src/kube/lease-priv.h"
#include "../../../src/kube/write-priv.h"
#include "otelgate/base/mem.h"
#include "support/fakeclock.h"
#include "support/kube_script.h"
#include "support/suite.h"

static struct og_fakeclock fc;
static struct og_loop *loop;
static struct kube_script server;
static struct og_kube_edit *edit;
static struct og_err err;
static int code, http;
static bool changed, is_done;
static unsigned edits;
enum mode { NOTHING, MERGE, PATCH, REFUSE, REFUSE_BARE, TOO_MUCH, NO_JSON };
static enum mode mode;

static int editor(void *ctx, struct og_jval object, struct og_arena *arena, struct og_buf *out,
	struct og_err *e)
{
	ck_assert_ptr_eq(ctx, &fc);
	ck_assert_ptr_nonnull(arena);
	edits++;
	if (og_jstr_is(og_jgetl(object, "colour"), "red"))
		return OG_EDIT_NOTHING;
	switch (mode) {
	case MERGE:
		og_buf_lit(out, "{\"colour\":\"red\"}");
		return OG_EDIT_MERGE;
	case PATCH:
		og_buf_lit(out, "[{\"op\":\"add\",\"path\":\"/colour\",\"value\":\"red\"}]");
		return OG_EDIT_JSON_PATCH;
	case REFUSE:
		return og_err_set(e, OG_E_UNSUPPORTED, "not this colour");
	case REFUSE_BARE:
		return -OG_E_UNSUPPORTED;
	case TOO_MUCH:
		for (int i = 0; i < 4000000 && !out->failed; i++)
			og_buf_ch(out, ' ');
		return OG_EDIT_MERGE;
	case NO_JSON:
		og_buf_lit(out, "red");
		return OG_EDIT_MERGE;
	default:
		return OG_EDIT_NOTHING;
	}
}

static void on_done(void *ctx, const struct og_kube_answer *a, bool did)
{
	ck_assert_ptr_eq(ctx, &fc);
	ck_assert(!is_done);
	ck_assert_ptr_nonnull(a->arena);
	is_done = true;
	code = a->code;
	http = a->http;
	changed = did;
	edit = NULL;
}

static struct og_kube_edit_opts opts(void)
{
	return (struct og_kube_edit_opts){
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("configmaps"),
			.ns = OG_SV("x"),
			.name = OG_SV("a")},
		.field_manager = "painter",
		.ctx = &fc,
		.edit = editor,
		.on_done = on_done,
	};
}

static void setup(void)
{
	og_fakeclock_init(&fc);
	ck_assert_int_eq(og_loop_new(&fc.clock, &loop, NULL), 0);
	kube_script_init(&server, loop);
	err = (struct og_err)OG_ERR_INIT;
	edit = NULL;
	edits = 0;
	is_done = changed = false;
	mode = MERGE;
}

static void teardown(void)
{
	og_kube_edit_cancel(edit);
	kube_script_fini(&server);
	og_loop_free(loop);
}

static void begin(void)
{
	const struct og_kube_edit_opts o = opts();
	ck_assert_int_eq(edit_start(&server.seam, &o, &edit, &err), 0);
}

static void read_as(const char *uid, int rv, const char *colour)
{
	char text[256];
	ck_assert_int_eq(kube_script_first(&server)->verb, OG_KUBE_GET);
	(void)snprintf(text, sizeof(text),
		"{\"metadata\":{\"uid\":\"%s\",\"resourceVersion\":\"%d\"},\"colour\":\"%s\"}", uid,
		rv, colour);
	kube_script_answer(&server, 200, text);
}

static void turn(int64_t ms)
{
	og_fakeclock_advance_ms(&fc, ms);
	(void)og_loop_turn(loop, 0);
}

START_TEST(a_merge_patch_is_bound_to_what_was_read)
{
	begin();
	ck_assert_str_eq(kube_script_first(&server)->where, "/v1/configmaps/x/a/");
	read_as("u", 7, "blue");
	const struct kube_script_call *c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, OG_KUBE_PATCH);
	ck_assert_int_eq(c->patch, OG_KUBE_MERGE_PATCH);
	ck_assert_str_eq(c->where, "/v1/configmaps/x/a/");
	ck_assert_str_eq(c->manager, "painter");
	ck_assert_str_eq(c->body,
		"{\"colour\":\"red\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"7\"}}");
	ck_assert(!is_done);
	kube_script_answer(&server, 200, "{}");
	ck_assert(is_done && changed && code == 0);
}
END_TEST

START_TEST(a_json_patch_tests_the_uid)
{
	mode = PATCH;
	begin();
	read_as("u", 7, "blue");
	const struct kube_script_call *c = kube_script_first(&server);
	ck_assert_int_eq(c->patch, OG_KUBE_JSON_PATCH);
	ck_assert_str_eq(c->body, "[{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"u\"},"
				  "{\"op\":\"add\",\"path\":\"/colour\",\"value\":\"red\"}]");
}
END_TEST

START_TEST(what_is_right_is_left_alone)
{
	begin();
	read_as("u", 7, "red");
	ck_assert(is_done && !changed && code == 0);
	ck_assert_uint_eq(server.started, 1);
}
END_TEST

START_TEST(a_conflict_is_looked_at_again)
{
	begin();
	read_as("u", 7, "blue");
	kube_script_answer(&server, 409, "Conflict");
	ck_assert_uint_eq(kube_script_pending(&server), 0);
	turn(9);
	ck_assert_uint_eq(kube_script_pending(&server), 0);
	turn(2); /* 10 ms, at most a tenth more */
	read_as("u", 8, "green");
	ck_assert_ptr_nonnull(
		strstr(kube_script_first(&server)->body, "\"resourceVersion\":\"8\""));
	kube_script_answer(&server, 200, "{}");
	ck_assert(is_done && changed);
	ck_assert_uint_eq(edits, 2);
}
END_TEST

START_TEST(someone_else_may_have_done_it)
{
	begin();
	read_as("u", 7, "blue");
	kube_script_answer(&server, 409, "Conflict");
	turn(11);
	read_as("u", 8, "red");
	ck_assert(is_done && !changed && code == 0);
}
END_TEST

/* What a write is answered with, as what patch, and whether it is worth another look. */
static const struct {
	enum mode mode;
	int http;
	bool again;
} ends[] = {
	{MERGE, 409, true},
	{PATCH, 409, true},
	{PATCH, 422, true}, /* a test failed */
	{MERGE, 0, true},   /* no answer: it may have been done */
	{MERGE, 422, false},
	{MERGE, 400, false},
	{MERGE, 403, false},
	{MERGE, 404, false},
	{PATCH, 404, false},
	{MERGE, 413, false},
	{MERGE, 500, false},
};

START_TEST(five_rounds_and_no_more)
{
	unsigned rounds = 0;
	mode = ends[_i].mode;
	begin();
	for (; !is_done && rounds < 20; rounds++) {
		read_as("u", (int)rounds, "blue");
		kube_script_answer(&server, ends[_i].http, "Reason");
		turn(11);
	}
	ck_assert(is_done && !changed && code < 0);
	ck_assert_int_eq(http, ends[_i].http);
	ck_assert_uint_eq(rounds, ends[_i].again ? OG_KUBE_EDIT_ROUNDS : 1);
}
END_TEST

static const int reads[] = {403, 404, 500, 0};
START_TEST(what_cannot_be_read_is_not_edited)
{
	begin();
	kube_script_answer(&server, reads[_i], "Reason");
	ck_assert(is_done && !changed && code < 0 && http == reads[_i]);
	ck_assert_uint_eq(edits, 0);
}
END_TEST

static const char *const strange[] = {
	"", "[]", "{}", "null", "{\"metadata\":{}}", "{\"metadata\":{\"resourceVersion\":5}}"};
START_TEST(strange_answers_are_not_edited)
{
	begin();
	kube_script_answer(&server, 200, strange[_i]);
	ck_assert(is_done && !changed);
	ck_assert_int_eq(code, -OG_E_PARSE);
	ck_assert_uint_eq(edits, 0);
}
END_TEST

START_TEST(another_object_of_the_name_is_not_touched)
{
	struct og_kube_edit_opts o = opts();
	o.uid = OG_SV("u");
	ck_assert_int_eq(edit_start(&server.seam, &o, &edit, &err), 0);
	read_as("u", 7, "blue");
	kube_script_answer(&server, 409, "Conflict");
	turn(11);
	read_as("v", 9, "blue");
	ck_assert(is_done && !changed);
	ck_assert_int_eq(code, -OG_E_NOT_FOUND);
	ck_assert_uint_eq(edits, 1);
}
END_TEST

static const struct {
	enum mode mode;
	int code;
} refusals[] = {
	{REFUSE, -OG_E_UNSUPPORTED},
	{REFUSE_BARE, -OG_E_UNSUPPORTED},
	{TOO_MUCH, -OG_E_LIMIT},
	{NO_JSON, -OG_E_INVALID},
};
START_TEST(an_editor_may_refuse)
{
	mode = refusals[_i].mode;
	begin();
	read_as("u", 7, "blue");
	ck_assert(is_done && !changed);
	ck_assert_int_eq(code, refusals[_i].code);
	ck_assert_uint_eq(server.started, 1);
}
END_TEST

static void ignore(void *ctx)
{
	(void)ctx;
}

START_TEST(a_lost_lease_ends_it_before_the_write)
{
	struct kube_script other;
	struct og_lease *l = NULL;
	kube_script_init(&other, loop);
	const struct og_lease_opts lo = {.ns = "n",
		.name = "l",
		.identity = "me",
		.on_started = ignore,
		.on_stopped = ignore};
	ck_assert_int_eq(lease_start(&lo, &other.seam, &l, NULL), 0);
	struct og_kube_edit_opts o = opts();
	o.lease = l;
	ck_assert_int_eq(edit_start(&server.seam, &o, &edit, &err), 0);
	read_as("u", 7, "blue");
	ck_assert(is_done && !changed);
	ck_assert_int_eq(code, -OG_E_CANCELLED);
	og_lease_free(l);
	kube_script_fini(&other);
}
END_TEST

START_TEST(cancel_ends_it_silently)
{
	begin();
	og_kube_edit_cancel(edit);
	ck_assert_uint_eq(server.cancelled, 1);
	begin();
	read_as("u", 7, "blue");
	kube_script_answer(&server, 409, "Conflict");
	og_kube_edit_cancel(edit); /* while it waits */
	edit = NULL;
	turn(1000);
	ck_assert(!is_done);
	ck_assert_uint_eq(kube_script_pending(&server), 0);
	og_kube_edit_cancel(NULL);
}
END_TEST

START_TEST(views_are_copied)
{
	char name[] = "a", ns[] = "x", manager[] = "painter", uid[] = "u";
	struct og_kube_edit_opts o = opts();
	o.res.name = og_svz(name);
	o.res.ns = og_svz(ns);
	o.uid = og_svz(uid);
	o.field_manager = manager;
	ck_assert_int_eq(edit_start(&server.seam, &o, &edit, &err), 0);
	name[0] = ns[0] = manager[0] = uid[0] = '!';
	read_as("u", 7, "blue");
	ck_assert_str_eq(kube_script_first(&server)->where, "/v1/configmaps/x/a/");
	ck_assert_str_eq(kube_script_first(&server)->manager, "painter");
}
END_TEST

START_TEST(what_nobody_could_mean_is_refused)
{
	struct og_kube_edit_opts o = opts();
	o.edit = NULL;
	ck_assert_int_eq(edit_start(&server.seam, &o, NULL, &err), -OG_E_INVALID);
	o = opts();
	o.on_done = NULL;
	ck_assert_int_eq(edit_start(&server.seam, &o, NULL, &err), -OG_E_INVALID);
	o = opts();
	o.res.name = OG_SV("");
	ck_assert_int_eq(edit_start(&server.seam, &o, NULL, &err), -OG_E_INVALID);
	o = opts();
	server.refuse = true;
	ck_assert_int_eq(edit_start(&server.seam, &o, NULL, &err), -OG_E_OOM);
	turn(100);
	ck_assert(!is_done);
}
END_TEST

START_TEST(torture)
{
	for (unsigned long at = 1;; at++) {
		const struct og_kube_edit_opts o = opts();
		is_done = false;
		mode = at % 2 ? MERGE : PATCH;
		og_mem_fault_arm(at / 2 + 1, false);
		int r = edit_start(&server.seam, &o, NULL, &err);
		for (int i = 0; r == 0 && !is_done && i < 9; i++) {
			if (kube_script_first(&server)->verb == OG_KUBE_GET)
				read_as("u", 7, "blue");
			if (!is_done)
				kube_script_answer(&server, i ? 200 : 409, "{}");
			turn(11);
		}
		unsigned long seen = og_mem_fault_disarm();
		ck_assert(r == -OG_E_OOM || is_done);
		if (seen < at / 2 + 1) {
			ck_assert(changed && code == 0);
			break;
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/edit");
	TCase *tc = tcase_create("edit");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_merge_patch_is_bound_to_what_was_read);
	tcase_add_test(tc, a_json_patch_tests_the_uid);
	tcase_add_test(tc, what_is_right_is_left_alone);
	tcase_add_test(tc, a_conflict_is_looked_at_again);
	tcase_add_test(tc, someone_else_may_have_done_it);
	tcase_add_loop_test(tc, five_rounds_and_no_more, 0, (int)OG_COUNT(ends));
	tcase_add_loop_test(tc, what_cannot_be_read_is_not_edited, 0, (int)OG_COUNT(reads));
	tcase_add_loop_test(tc, strange_answers_are_not_edited, 0, (int)OG_COUNT(strange));
	tcase_add_test(tc, another_object_of_the_name_is_not_touched);
	tcase_add_loop_test(tc, an_editor_may_refuse, 0, (int)OG_COUNT(refusals));
	tcase_add_test(tc, a_lost_lease_ends_it_before_the_write);
	tcase_add_test(tc, cancel_ends_it_silently);
	tcase_add_test(tc, views_are_copied);
	tcase_add_test(tc, what_nobody_could_mean_is_refused);
	tcase_add_test(tc, torture);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
