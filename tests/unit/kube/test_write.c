/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and their preconditions: what is sent, and what is refused before it is sent. */
#include <stdio.h>
#include "../../../src/kube/lease-priv.h"
#include "../../../src/kube/write-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"
#include "support/fakeclock.h"
#include "support/kube_script.h"
#include "support/suite.h"

static struct og_fakeclock fc;
static struct og_loop *loop;
static struct kube_script server;
static struct og_err err;
static unsigned answers;

static void setup(void)
{
	og_fakeclock_init(&fc);
	ck_assert_int_eq(og_loop_new(&fc.clock, &loop, NULL), 0);
	kube_script_init(&server, loop);
	err = (struct og_err)OG_ERR_INIT;
	answers = 0;
}

static void teardown(void)
{
	kube_script_fini(&server);
	og_loop_free(loop);
}

static void on_done(void *ctx, const struct og_kube_answer *a)
{
	ck_assert_ptr_eq(ctx, &fc);
	ck_assert_int_eq(a->code, 0);
	answers++;
}

#define CM(meta, rest) \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{" meta "}" rest "}"
#define NAME "\"name\":\"a\""

static struct og_kube_write write_of(const char *body, const char *uid, const char *rv)
{
	return (struct og_kube_write){
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("configmaps"),
			.ns = OG_SV("x"),
			.name = OG_SV("a")},
		.body = og_svz(body),
		.pre = {og_svz(uid), og_svz(rv)},
		.ctx = &fc,
		.on_done = on_done,
	};
}

/* what is given, and the body that is sent; NULL = INVALID, with this in the message */
static const struct {
	enum write_kind kind;
	const char *body, *uid, *rv, *sent, *fault;
} bodies[] = {
	{WRITE_APPLY, CM(NAME, ",\"data\":{}"), "", "", CM(NAME, ",\"data\":{}"), NULL},
	{WRITE_APPLY, " " CM(NAME, "") "\n", "", "", CM(NAME, ""), NULL},
	{WRITE_APPLY, CM(NAME, ""), "u", "", CM(NAME ",\"uid\":\"u\"", ""), NULL},
	{WRITE_APPLY, CM(NAME ",\"namespace\":\"x\"", ""), "u", "7",
		CM(NAME ",\"namespace\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"7\"", ""), NULL},
	{WRITE_APPLY, CM(NAME, ",\"x\\u0041\":\"\\\"\""), "u", "",
		CM(NAME ",\"uid\":\"u\"", ",\"x\\u0041\":\"\\\"\""), NULL},
	{WRITE_APPLY_STATUS, CM(NAME, ",\"status\":{}"), "", "", CM(NAME, ",\"status\":{}"), NULL},
	{WRITE_MERGE, "{\"data\":{\"k\":null}}", "", "7",
		"{\"data\":{\"k\":null},\"metadata\":{\"resourceVersion\":\"7\"}}", NULL},
	{WRITE_MERGE, "{}", "u", "", "{\"metadata\":{\"uid\":\"u\"}}", NULL},
	{WRITE_MERGE, "{\"metadata\":{\"labels\":{}},\"a\":1}", "u", "7",
		"{\"metadata\":{\"labels\":{},\"uid\":\"u\",\"resourceVersion\":\"7\"},\"a\":1}",
		NULL},
	{WRITE_MERGE, "{\"metadata\":null}", "u\"", "", "{\"metadata\":{\"uid\":\"u\\\"\"}}", NULL},
	{WRITE_REPLACE, CM(NAME ",\"resourceVersion\":\"7\"", ""), "", "",
		CM(NAME ",\"resourceVersion\":\"7\"", ""), NULL},
	{WRITE_CREATE, CM(NAME, ""), "", "", CM(NAME, ""), NULL},
	{WRITE_CREATE, CM("\"generateName\":\"a-\"", ""), "", "", CM("\"generateName\":\"a-\"", ""),
		NULL},
	{WRITE_DELETE, "", "u", "",
		"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"propagationPolicy\":"
		"\"Background\",\"preconditions\":{\"uid\":\"u\"}}",
		NULL},
	{WRITE_DELETE, "{\"gracePeriodSeconds\":0}", "u", "7",
		"{\"gracePeriodSeconds\":0,\"preconditions\":{\"uid\":\"u\",\"resourceVersion\":\"7\"}}",
		NULL},

	{WRITE_APPLY, "", "", "", NULL, "no JSON"},
	{WRITE_APPLY, "{", "", "", NULL, "no JSON"},
	{WRITE_APPLY, "apiVersion: v1", "", "", NULL, "no JSON"},
	{WRITE_APPLY, "[]", "", "", NULL, "no object"},
	{WRITE_APPLY, "null", "", "", NULL, "no object"},
	{WRITE_APPLY, "{}", "", "", NULL, "apiVersion and kind"},
	{WRITE_APPLY, "{\"apiVersion\":\"v1\",\"metadata\":{" NAME "}}", "", "", NULL, "kind"},
	{WRITE_APPLY, "{\"apiVersion\":1,\"kind\":\"X\",\"metadata\":{" NAME "}}", "", "", NULL,
		"kind"},
	{WRITE_APPLY, CM("", ""), "", "", NULL, "metadata.name"},
	{WRITE_APPLY, CM("\"name\":\"b\"", ""), "", "", NULL, "metadata.name"},
	{WRITE_APPLY, CM("\"name\":5", ""), "", "", NULL, "metadata.name"},
	{WRITE_APPLY, CM(NAME ",\"namespace\":\"y\"", ""), "", "", NULL, "metadata.namespace"},
	{WRITE_APPLY, CM(NAME ",\"managedFields\":[]", ""), "", "", NULL, "managedFields"},
	{WRITE_APPLY_STATUS, CM(NAME ",\"managedFields\":[{}]", ""), "", "", NULL, "managedFields"},
	{WRITE_APPLY, CM(NAME ",\"uid\":\"v\"", ""), "u", "", NULL, "beside the body"},
	{WRITE_MERGE, "{\"data\":{}}", "", "", NULL, "needs the uid"},
	{WRITE_MERGE, "{\"metadata\":{\"resourceVersion\":\"6\"}}", "", "7", NULL,
		"beside the body"},
	{WRITE_MERGE, "{\"metadata\":{\"resourceV\\u0065rsion\":\"6\"}}", "", "7", NULL,
		"beside the body"},
	{WRITE_MERGE, "{\"metadata\":[]}", "u", "", NULL, "metadata"},
	{WRITE_MERGE, "{\"metadata\":{\"name\":\"b\"}}", "u", "", NULL, "metadata.name"},
	{WRITE_MERGE, "{\"metadata\":{},\"metadata\":{}}", "u", "", NULL, "no JSON"},
	{WRITE_REPLACE, CM(NAME, ""), "", "", NULL, "resourceVersion"},
	{WRITE_REPLACE, CM(NAME ",\"resourceVersion\":\"\"", ""), "", "", NULL, "resourceVersion"},
	{WRITE_REPLACE, CM(NAME ",\"resourceVersion\":7", ""), "", "", NULL, "resourceVersion"},
	{WRITE_REPLACE, CM(NAME ",\"resourceVersion\":\"7\"", ""), "", "7", NULL, "in the object"},
	{WRITE_CREATE, CM(NAME ",\"resourceVersion\":\"7\"", ""), "", "", NULL, "new object"},
	{WRITE_CREATE, CM(NAME, ""), "u", "", NULL, "in the object"},
	{WRITE_CREATE, CM("\"name\":\"b\"", ""), "", "", NULL, "metadata.name"},
	{WRITE_DELETE, "", "", "", NULL, "needs the uid"},
	{WRITE_DELETE, "[]", "u", "", NULL, "no object"},
	{WRITE_DELETE, "{\"preconditions\":{\"uid\":\"v\"}}", "u", "", NULL, "beside the body"},
};

START_TEST(bodies_carry_their_preconditions)
{
	const struct og_kube_write w = write_of(bodies[_i].body, bodies[_i].uid, bodies[_i].rv);
	struct og_kube_call *call = NULL;
	int r = write_start(&server.seam, bodies[_i].kind, &w, &call, &err);
	if (!bodies[_i].sent) {
		ck_assert_int_eq(r, -OG_E_INVALID);
		ck_assert_msg(strstr(err.msg, bodies[_i].fault) != NULL, "%s", err.msg);
		ck_assert_uint_eq(server.started, 0);
		ck_assert_ptr_null(call);
		return;
	}
	ck_assert_msg(r == 0, "%s", err.msg);
	ck_assert_ptr_nonnull(call);
	ck_assert_str_eq(kube_script_first(&server)->body, bodies[_i].sent);
	kube_script_answer(&server, 200, "{}");
	ck_assert_uint_eq(answers, 1);
}
END_TEST

static const struct {
	enum write_kind kind;
	enum og_kube_verb verb;
	enum og_kube_patch_type patch;
	const char *where;
} requests[] = {
	{WRITE_APPLY, OG_KUBE_PATCH, OG_KUBE_APPLY, "/v1/configmaps/x/a/"},
	{WRITE_APPLY_STATUS, OG_KUBE_PATCH, OG_KUBE_APPLY, "/v1/configmaps/x/a/status"},
	{WRITE_MERGE, OG_KUBE_PATCH, OG_KUBE_MERGE_PATCH, "/v1/configmaps/x/a/"},
	{WRITE_REPLACE, OG_KUBE_UPDATE, OG_KUBE_JSON_PATCH, "/v1/configmaps/x/a/"},
	{WRITE_CREATE, OG_KUBE_CREATE, OG_KUBE_JSON_PATCH, "/v1/configmaps/x//"},
	{WRITE_DELETE, OG_KUBE_DELETE, OG_KUBE_JSON_PATCH, "/v1/configmaps/x/a/"},
};

START_TEST(requests_are_what_they_have_to_be)
{
	enum write_kind k = requests[_i].kind;
	bool in_body = k == WRITE_REPLACE, none = in_body || k == WRITE_CREATE;
	struct og_kube_write w =
		write_of(in_body ? CM(NAME ",\"resourceVersion\":\"7\"", "") : CM(NAME, ""),
			none ? "" : "u", "");
	if (k == WRITE_DELETE)
		w.body = OG_SV("");
	w.field_manager = "me";
	w.force = w.dry_run = true;
	w.lane = OG_KUBE_BULK;
	w.deadline_ms = 77;
	ck_assert_int_eq(write_start(&server.seam, k, &w, NULL, &err), 0);
	const struct kube_script_call *c = kube_script_first(&server);
	ck_assert_int_eq(c->verb, requests[_i].verb);
	if (c->verb == OG_KUBE_PATCH)
		ck_assert_int_eq(c->patch, requests[_i].patch);
	ck_assert_str_eq(c->where, requests[_i].where);
	ck_assert_str_eq(c->manager, "me");
	ck_assert_str_eq(c->query, "dryRun=All");
	ck_assert(c->force && c->lane == OG_KUBE_BULK && c->deadline_ms == 77);
}
END_TEST

START_TEST(what_nobody_could_mean_is_refused)
{
	struct og_kube_write w = write_of(CM(NAME, ""), "", "");
	w.res.name = OG_SV("");
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_INVALID);
	ck_assert_int_eq(write_start(&server.seam, WRITE_DELETE, &w, NULL, &err), -OG_E_INVALID);
	w = write_of(CM(NAME, ""), "", "");
	w.res.resource = OG_SV("");
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_INVALID);
	w = write_of(CM(NAME, ""), "", "");
	w.on_done = NULL;
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_INVALID);
	w = write_of("", "", "");
	og_auto_free char *big = og_malloc(WRITE_BODY_BYTES + 1);
	memset(big, ' ', WRITE_BODY_BYTES + 1);
	w.body = og_sv(big, WRITE_BODY_BYTES + 1);
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_LIMIT);
	ck_assert_uint_eq(server.started, 0);
}
END_TEST

static void ignore(void *ctx)
{
	(void)ctx;
}

START_TEST(only_a_leader_writes)
{
	struct kube_script other;
	struct og_lease *l = NULL;
	kube_script_init(&other, loop);
	ck_assert_int_eq(lease_start(&(struct og_lease_opts){.ns = "n",
					     .name = "l",
					     .identity = "me",
					     .on_started = ignore,
					     .on_stopped = ignore},
				 &other.seam, &l, NULL),
		0);
	struct og_kube_write w = write_of(CM(NAME, ""), "", "");
	w.lease = l;
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_CANCELLED);
	(void)og_loop_turn(loop, 0);
	kube_script_answer(&other, 404, "NotFound");
	kube_script_answer(&other, 201,
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":\"me\","
		"\"leaseDurationSeconds\":15}}");
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), 0);
	og_fakeclock_advance_ms(&fc, 10000); /* and nothing has noticed yet */
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_CANCELLED);
	ck_assert_uint_eq(server.started, 1);
	og_lease_free(l);
	kube_script_fini(&other);
}
END_TEST

START_TEST(a_client_that_refuses_is_heard)
{
	const struct og_kube_write w = write_of(CM(NAME, ""), "", "");
	server.refuse = true;
	ck_assert_int_eq(write_start(&server.seam, WRITE_APPLY, &w, NULL, &err), -OG_E_OOM);
	ck_assert_uint_eq(answers, 0);
}
END_TEST

static const struct {
	int code;
	const char *body, *uid, *rv; /* uid NULL = false */
} written[] = {
	{0, "{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"5\"}}", "u", "5"},
	{0, "{\"metadata\":{\"uid\":\"u\"}}", NULL, NULL},
	{0, "{\"metadata\":{\"resourceVersion\":\"5\"}}", NULL, NULL},
	{0, "{\"kind\":\"Status\",\"status\":\"Success\",\"details\":{\"uid\":\"u\"}}", NULL, NULL},
	{0, "[]", NULL, NULL},
	{0, "{\"metadata\":{\"uid\":5,\"resourceVersion\":\"5\"}}", NULL, NULL},
	{-OG_E_CONFLICT, "{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"5\"}}", NULL, NULL},
};

START_TEST(what_was_written_can_be_read)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc doc;
	struct og_kube_pre p = {OG_SV("before"), OG_SV("before")};
	ck_assert_int_eq(og_jdoc_parse(&doc, &arena, og_svz(written[_i].body), NULL, NULL), 0);
	struct og_kube_answer a = {.code = written[_i].code, .doc = &doc, .arena = &arena};
	ck_assert_int_eq(og_kube_written(&a, &p), written[_i].uid != NULL);
	ck_assert(og_sv_eq(p.uid, og_svz(written[_i].uid ? written[_i].uid : "before")));
	a.doc = NULL;
	ck_assert(!og_kube_written(&a, &p));
}
END_TEST

/* ---- finalizers ---- */

#define F(list) "{\"metadata\":{\"resourceVersion\":\"7\",\"finalizers\":" list "}}"
static const struct {
	const char *object;
	bool want;
	int kind;	   /* or negative code */
	const char *after; /* finalizers, when patched */
} finalizers[] = {
	{"{\"metadata\":{\"resourceVersion\":\"7\"}}", true, OG_EDIT_JSON_PATCH, "[\"o/f\"]"},
	{F("null"), true, OG_EDIT_JSON_PATCH, "[\"o/f\"]"},
	{F("[]"), true, OG_EDIT_JSON_PATCH, "[\"o/f\"]"},
	{F("[\"a/b\"]"), true, OG_EDIT_JSON_PATCH, "[\"a/b\",\"o/f\"]"},
	{F("[\"o/f\"]"), true, OG_EDIT_NOTHING, NULL},
	{F("[\"a\",\"o/f\",\"b\"]"), false, OG_EDIT_JSON_PATCH, "[\"a\",\"b\"]"},
	{F("[\"o/f\"]"), false, OG_EDIT_JSON_PATCH, "[]"},
	{F("[\"o/f\",\"x\",\"o\\/f\"]"), false, OG_EDIT_JSON_PATCH, "[\"x\"]"},
	{F("[\"x\"]"), false, OG_EDIT_NOTHING, NULL},
	{F("[]"), false, OG_EDIT_NOTHING, NULL},
	{"{\"metadata\":{}}", false, OG_EDIT_NOTHING, NULL},
	{"{}", false, OG_EDIT_NOTHING, NULL},
	{F("\"o/f\""), true, -OG_E_INVALID, NULL},
	{F("{}"), false, -OG_E_INVALID, NULL},
	{"{\"metadata\":{\"deletionTimestamp\":\"x\"}}", true, -OG_E_INVALID, NULL},
	{"{\"metadata\":{\"deletionTimestamp\":\"x\",\"finalizers\":[\"o/f\"]}}", false,
		OG_EDIT_JSON_PATCH, "[]"},
};

START_TEST(finalizers_come_and_go)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	struct og_jdoc doc, patch, after;
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	og_auto_buf struct og_buf result = OG_BUF_INIT(0);
	ck_assert_int_eq(og_jdoc_parse(&doc, &arena, og_svz(finalizers[_i].object), NULL, NULL), 0);
	int r = og_kube_finalizer_edit(
		og_jroot(&doc), OG_SV("o/f"), finalizers[_i].want, &arena, &text, &err);
	ck_assert_int_eq(r, finalizers[_i].kind);
	if (r <= 0) {
		ck_assert_uint_eq(text.len, 0);
		return;
	}
	ck_assert_int_eq(og_jdoc_parse(&patch, &arena, og_buf_view(&text), NULL, NULL), 0);
	ck_assert(og_jstr_is(og_jgetl(og_jat(og_jroot(&patch), 0), "op"), "test"));
	ck_assert_int_eq(
		og_jpatch_apply(og_jroot(&doc), og_jroot(&patch), &arena, &result, &err), 0);
	ck_assert_int_eq(og_jdoc_parse(&after, &arena, og_buf_view(&result), NULL, NULL), 0);
	struct og_sv list = og_jraw(og_jpath(og_jroot(&after), "metadata", "finalizers", NULL));
	ck_assert_msg(og_sv_eq(list, og_svz(finalizers[_i].after)), "%.*s", OG_SV_ARG(list));
	/* another state of the list: the patch does not go through */
	og_buf_reset(&result);
	ck_assert_int_eq(og_jdoc_parse(&doc, &arena, OG_SV(F("[\"else\"]")), NULL, NULL), 0);
	if (strstr(finalizers[_i].object, "[") != NULL)
		ck_assert_int_eq(
			og_jpatch_apply(og_jroot(&doc), og_jroot(&patch), &arena, &result, NULL),
			-OG_E_INVALID);
}
END_TEST

/* ---- own writes ---- */

static const struct {
	const char *noted, *seen; /* resourceVersions; noted "" = deleted; seen NULL = not there */
	bool fresh;
} states[] = {
	{"100", "100", true},
	{"100", "101", true},
	{"100", "1000", true},
	{"100", "99", false},
	{"100", "9", false},
	{"99999999999999999999999", "100000000000000000000000", true},
	{"100000000000000000000000", "99999999999999999999999", false},
	{"100", NULL, false},
	{"abc", "abc", true},
	{"abc", "abd", false},
	{"abc", "100", false},
	{"100", "", false},
	{"100", "0x64", false},
	{"100", "0101", false},
	{"100", "-101", false},
	{"", NULL, true},
	{"", "100", false},
};

START_TEST(older_states_are_told_apart)
{
	struct og_ownwrites *o = NULL;
	ck_assert_int_eq(og_ownwrites_new(&fc.clock, 0, 0, &o, NULL), 0);
	const struct og_kube_pre noted = {OG_SV("u"), og_svz(states[_i].noted)};
	const struct og_kube_pre seen = {OG_SV("u"), og_svz(states[_i].seen)};
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/a"), &noted, &err), 0);
	ck_assert(og_ownwrites_fresh(o, OG_SV("x/b"), NULL)); /* of another key */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			og_ownwrites_fresh(o, OG_SV("x/a"), states[_i].seen ? &seen : NULL),
			states[_i].fresh);
	ck_assert_uint_eq(og_ownwrites_count(o), !states[_i].fresh);
	og_fakeclock_advance_ms(&fc, 29999);
	ck_assert_int_eq(og_ownwrites_fresh(o, OG_SV("x/a"), states[_i].seen ? &seen : NULL),
		states[_i].fresh);
	og_fakeclock_advance_ms(&fc, 1);
	ck_assert(og_ownwrites_fresh(o, OG_SV("x/a"), NULL)); /* it is not waited for ever */
	ck_assert_uint_eq(og_ownwrites_count(o), 0);
	og_ownwrites_free(o);
}
END_TEST

/* A watch may show that our object was made and removed before the answer to its making comes. */
START_TEST(an_end_that_comes_before_the_answer_is_known)
{
	struct og_ownwrites *o = NULL;
	const struct og_kube_pre made = {OG_SV("u"), OG_SV("5")}, other = {OG_SV("v"), OG_SV("9")},
				 removed = {OG_SV("w"), OG_SV("")};
	char uid[16];

	ck_assert_int_eq(og_ownwrites_new(&fc.clock, 0, 0, &o, NULL), 0);
	og_ownwrites_gone(o, OG_SV("x/a"), OG_SV("u"));
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/a"), &made, NULL), 0);
	ck_assert(og_ownwrites_fresh(o, OG_SV("x/a"), NULL)); /* it may be made anew at once */
	/* once: a uid that is noted again is waited for */
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/a"), &made, NULL), 0);
	ck_assert(!og_ownwrites_fresh(o, OG_SV("x/a"), NULL));
	og_ownwrites_gone(o, OG_SV("x/a"), OG_SV("u"));
	ck_assert(og_ownwrites_fresh(o, OG_SV("x/a"), NULL));
	/* the end of an older object says nothing of the newer one */
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/a"), &other, NULL), 0);
	og_ownwrites_gone(o, OG_SV("x/a"), OG_SV("u"));
	ck_assert(!og_ownwrites_fresh(o, OG_SV("x/a"), NULL));
	/* one that we have removed */
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/d"), &removed, NULL), 0);
	og_ownwrites_gone(o, OG_SV("x/d"), OG_SV("w"));
	ck_assert_uint_eq(og_ownwrites_count(o), 1);
	/* bounded: the oldest end is forgotten */
	og_ownwrites_gone(o, OG_SV("x/e"), OG_SV(""));
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(uid, sizeof(uid), "%d", i);
		og_ownwrites_gone(o, OG_SV("x/f"), og_svz(uid));
	}
	const struct og_kube_pre early = {OG_SV("0"), OG_SV("1")},
				 late = {OG_SV("2999"), OG_SV("1")};
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/f"), &early, NULL), 0);
	ck_assert(!og_ownwrites_fresh(o, OG_SV("x/f"), NULL));
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("x/f"), &late, NULL), 0);
	ck_assert(og_ownwrites_fresh(o, OG_SV("x/f"), NULL));
	og_ownwrites_free(o);
}
END_TEST

START_TEST(own_writes_are_bounded_and_replaced)
{
	struct og_ownwrites *o = NULL;
	char key[16];
	ck_assert_int_eq(og_ownwrites_new(&fc.clock, 1000, 10, &o, NULL), 0);
	for (int i = 0; i < 25; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		const struct og_kube_pre p = {OG_SV("u"), OG_SV("5")};
		ck_assert_int_eq(og_ownwrites_note(o, og_svz(key), &p, NULL), 0);
		ck_assert_int_eq(og_ownwrites_note(o, og_svz(key), &p, NULL), 0);
	}
	ck_assert_uint_eq(og_ownwrites_count(o), 10);
	ck_assert(og_ownwrites_fresh(o, OG_SV("14"), NULL));
	ck_assert(!og_ownwrites_fresh(o, OG_SV("15"), NULL));
	const struct og_kube_pre newer = {OG_SV("u"), OG_SV("6")}, five = {OG_SV("u"), OG_SV("5")};
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("15"), &newer, NULL), 0);
	ck_assert(!og_ownwrites_fresh(o, OG_SV("15"), &five));
	og_ownwrites_forget(o, OG_SV("15"));
	og_ownwrites_forget(o, OG_SV("no such key"));
	ck_assert(og_ownwrites_fresh(o, OG_SV("15"), &five));
	/* deleted, and made again by another */
	const struct og_kube_pre gone = {OG_SV("u"), OG_SV("")}, again = {OG_SV("v"), OG_SV("3")};
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("d"), &gone, NULL), 0);
	ck_assert(!og_ownwrites_fresh(o, OG_SV("d"), &five));
	ck_assert(og_ownwrites_fresh(o, OG_SV("d"), &again));
	og_ownwrites_free(o);
	og_ownwrites_free(NULL);
}
END_TEST

START_TEST(own_writes_refuse_what_they_cannot_hold)
{
	struct og_ownwrites *o = NULL;
	static char big[1025];
	memset(big, '1', sizeof(big));
	const struct og_kube_pre none = {OG_SV(""), OG_SV("")}, ok = {OG_SV("u"), OG_SV("1")};
	const struct og_kube_pre long_uid = {og_sv(big, 1025), OG_SV("1")};
	const struct og_kube_pre long_rv = {OG_SV("u"), og_sv(big, 1025)};
	ck_assert_int_eq(og_ownwrites_new(NULL, -1, 0, &o, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_ownwrites_new(NULL, INT64_MAX, 0, &o, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_ownwrites_new(NULL, 0, 0, &o, NULL), 0);
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV(""), &ok, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_ownwrites_note(o, og_sv(big, 1025), &ok, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("k"), &none, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("k"), &long_uid, NULL), -OG_E_INVALID);
	ck_assert_int_eq(og_ownwrites_note(o, OG_SV("k"), &long_rv, NULL), -OG_E_INVALID);
	for (unsigned long at = 1; at < 9; at++) {
		og_mem_fault_arm(at, true);
		int r = og_ownwrites_note(o, OG_SV("k"), &ok, NULL);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_int_eq(r, seen < at ? 0 : -OG_E_OOM);
	}
	ck_assert_uint_eq(og_ownwrites_count(o), 1);
	og_ownwrites_free(o);
}
END_TEST

START_TEST(torture)
{
	const struct og_kube_write w = write_of(CM(NAME, ",\"a\":[1,2]"), "u", "5");
	for (unsigned long at = 1;; at++) {
		uint64_t before = server.started;
		og_mem_fault_arm(at, false);
		int r = write_start(&server.seam, WRITE_APPLY, &w, NULL, &err);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert(r == 0 || r == -OG_E_OOM);
		ck_assert_uint_eq(server.started - before, r == 0);
		if (r == 0)
			kube_script_answer(&server, 200, "{}");
		if (seen < at)
			break;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/write");
	TCase *tc = tcase_create("write");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, bodies_carry_their_preconditions, 0, (int)OG_COUNT(bodies));
	tcase_add_loop_test(tc, requests_are_what_they_have_to_be, 0, (int)OG_COUNT(requests));
	tcase_add_test(tc, what_nobody_could_mean_is_refused);
	tcase_add_test(tc, only_a_leader_writes);
	tcase_add_test(tc, a_client_that_refuses_is_heard);
	tcase_add_loop_test(tc, what_was_written_can_be_read, 0, (int)OG_COUNT(written));
	tcase_add_loop_test(tc, finalizers_come_and_go, 0, (int)OG_COUNT(finalizers));
	tcase_add_loop_test(tc, older_states_are_told_apart, 0, (int)OG_COUNT(states));
	tcase_add_test(tc, an_end_that_comes_before_the_answer_is_known);
	tcase_add_test(tc, own_writes_are_bounded_and_replaced);
	tcase_add_test(tc, own_writes_refuse_what_they_cannot_hold);
	tcase_add_test(tc, torture);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
