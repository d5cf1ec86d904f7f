/* SPDX-License-Identifier: Apache-2.0 */
/* Each fault, as a client meets it on single requests and lists. */
#include <curl/curl.h>
#include <stdio.h>
#include "contract/cluster.h"
#include "sim/test.h"

#define CMS "/api/v1/namespaces/@/configmaps"

void fault(const char *json)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(!og_sim_fault(ct_sim(), ct_json(json), &err), "%s", err.msg);
}

static const struct {
	const char *action;
	long code;
	const char *reason, *retry;
} statuses[] = {
	{"{'type':'status','code':401}", 401, "Unauthorized", ""},
	{"{'type':'status','code':403}", 403, "Forbidden", ""},
	{"{'type':'status','code':409}", 409, "Conflict", ""},
	{"{'type':'status','code':410}", 410, "Expired", ""},
	{"{'type':'status','code':429}", 429, "TooManyRequests", ""},
	{"{'type':'status','code':429,'retryAfter':3}", 429, "TooManyRequests", "3"},
	{"{'type':'status','code':500}", 500, "InternalError", ""},
	{"{'type':'status','code':503,'retryAfter':0}", 503, "ServiceUnavailable", "0"},
	{"{'type':'status','code':504,'reason':'Mine','message':'slow'}", 504, "Mine", ""},
};

START_TEST(status)
{
	char rule[256];
	struct ct_reply *r;

	snprintf(rule, sizeof(rule),
		"{'match':{'verb':'list','resource':'configmaps'},'action':%s}",
		statuses[_i].action);
	fault(rule);
	r = ct("GET", CMS, NULL);
	ct_status(r, statuses[_i].code, statuses[_i].reason, NULL);
	ck_assert_str_eq(r->retry, statuses[_i].retry);
	ct_want(200, "GET", CMS, NULL);
	ck_assert_uint_eq(og_sim_faults_hit(ct_sim()), 1);
}
END_TEST

START_TEST(nth_and_count)
{
	static const long want[] = {200, 503, 503, 200};

	fault("{'match':{'verb':'list','nth':2,'count':2},'action':{'type':'status','code':503}}");
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(ct("GET", CMS, NULL)->code, want[i]);
	fault("{'match':{'count':-1},'action':{'type':'status','code':500}}");
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(ct("GET", CMS, NULL)->code, 500);
	og_sim_clear_faults(ct_sim());
	ct_want(200, "GET", CMS, NULL);
}
END_TEST

START_TEST(matches)
{
	static const struct {
		const char *match;
		bool hit;
	} t[] = {
		{"{'path':'/api/v1/namespaces'}", true},
		{"{'path':'/apis'}", false},
		{"{'user':'admin'}", true},
		{"{'user':'someone'}", false},
		{"{'namespace':'@NS'}", true},
		{"{'namespace':'other'}", false},
		{"{'name':'a'}", false},
		{"{'group':''}", true},
		{"{'group':'apps'}", false},
		{"{'verb':'watch'}", false},
		{"{'resource':'pods'}", false},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char rule[256], match[128];
		const char *at = strstr(t[i].match, "@NS");

		if (at)
			snprintf(match, sizeof(match), "%.*s%s%s", (int)(at - t[i].match),
				t[i].match, ct_ns, at + 3);
		else
			snprintf(match, sizeof(match), "%s", t[i].match);
		snprintf(rule, sizeof(rule), "{'match':%s,'action':{'type':'status','code':503}}",
			match);
		fault(rule);
		ck_assert_msg((ct("GET", CMS, NULL)->code == 503) == t[i].hit, "%s", match);
		og_sim_clear_faults(ct_sim());
	}
}
END_TEST

START_TEST(bad_rules)
{
	static const char *const bad[] = {"", "{}", "{'action':{}}", "{'action':{'type':'nope'}}",
		"{'action':{'type':'status'}}", "{'action':{'type':'status','code':200}}",
		"{'action':{'type':'body'}}", "{'action':{'type':'garbage'}}",
		"{'action':{'type':'contentType'}}", "[{'action':{'type':'reset'}},{}]"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(
			og_sim_fault(ct_sim(), ct_json(bad[i]), NULL) == -OG_E_USAGE, "%s", bad[i]);
	og_sim_clear_faults(ct_sim()); /* the good one before the bad one stays */
}
END_TEST

START_TEST(reset_before_the_answer)
{
	struct ct_reply *r;

	fault("{'match':{'verb':'list'},'action':{'type':'reset','after':-1}}");
	ct_opt.token =
		og_sim_admin_token(ct_sim()); /* a new connection: curl repeats on old ones */
	r = ct_try("GET", CMS, NULL);
	ck_assert_msg(r->rc == CURLE_RECV_ERROR || r->rc == CURLE_GOT_NOTHING, "rc %d", r->rc);
	ck_assert_int_eq(r->code, 0);
	ct_want(200, "GET", CMS, NULL);
}
END_TEST

START_TEST(reset_before_leaves_writes_undone)
{
	fault("{'match':{'verb':'create'},'action':{'type':'reset','after':-1}}");
	ct_opt.token = og_sim_admin_token(ct_sim());
	ck_assert_int_ne(ct_try("POST", CMS, "{'metadata':{'name':'a'}}")->rc, 0);
	ct_want(404, "GET", CMS "/a", NULL);
}
END_TEST

START_TEST(reset_behind_leaves_writes_done)
{
	fault("{'match':{'verb':'create'},'action':{'type':'reset','after':0}}");
	ck_assert_int_ne(ct_try("POST", CMS, "{'metadata':{'name':'a'}}")->rc, 0);
	ct_want(200, "GET", CMS "/a", NULL);
}
END_TEST

START_TEST(reset_in_the_body)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	fault("{'match':{'verb':'list'},'action':{'type':'reset','after':40}}");
	r = ct_try("GET", CMS, NULL);
	ck_assert_int_ne(r->rc, CURLE_OK);
	ck_assert_int_eq(r->code, 200);
	ck_assert_uint_le(r->len, 40);
}
END_TEST

/* Enough that the answer is chunked. */
static void many(void)
{
	for (int i = 0; i < 8; i++) {
		char name[8];

		snprintf(name, sizeof(name), "m%d", i);
		ct_configmap(name, "1");
	}
}

START_TEST(truncated_chunks)
{
	struct ct_reply *r;

	many();
	fault("{'match':{'verb':'list'},'action':{'type':'truncate','after':1000}}");
	r = ct_try("GET", CMS, NULL);
	/* a clean end of TLS and TCP: only the missing last chunk tells */
	ck_assert_msg(r->rc == CURLE_PARTIAL_FILE || r->rc == CURLE_RECV_ERROR, "rc %d", r->rc);
	ck_assert_uint_eq(r->len, 1000);
}
END_TEST

START_TEST(truncated_length)
{
	struct ct_reply *r;

	many();
	fault("{'match':{'verb':'list'},'action':{'type':'truncate','after':1000,"
	      "'framing':'length'}}");
	r = ct_try("GET", CMS, NULL);
	ck_assert_msg(r->rc == CURLE_PARTIAL_FILE || r->rc == CURLE_RECV_ERROR, "rc %d", r->rc);
	ck_assert_uint_eq(r->len, 1000);
}
END_TEST

START_TEST(stalls)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	fault("{'match':{'verb':'list'},'action':{'type':'stall','after':40}}");
	ct_opt.seconds = 0.3;
	r = ct_try("GET", CMS, NULL);
	ck_assert_int_eq(r->rc, CURLE_OPERATION_TIMEDOUT);
	ck_assert_uint_eq(r->len, 40);
	fault("{'match':{'verb':'list'},'action':{'type':'stall','after':-1}}");
	ct_opt.seconds = 0.3;
	r = ct_try("GET", CMS, NULL);
	ck_assert_int_eq(r->rc, CURLE_OPERATION_TIMEDOUT);
	ck_assert_int_eq(r->code, 0);
}
END_TEST

START_TEST(stall_that_ends)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	fault("{'match':{'verb':'list'},'action':{'type':'stall','after':40,'ms':150}}");
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert(r->json != NULL);
	ck_assert(r->seconds >= 0.14);
}
END_TEST

START_TEST(delay_and_slow)
{
	struct ct_reply *r;

	fault("{'match':{'verb':'list'},'action':{'type':'delay','ms':150}}");
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert(r->seconds >= 0.14);
	fault("{'match':{'verb':'list'},'action':{'type':'slow','bytes':30,'ms':20}}");
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert(r->json != NULL);
	ck_assert(r->seconds >= 0.03);
}
END_TEST

START_TEST(wrong_bodies)
{
	struct ct_reply *r;

	ct_configmap("a", "1");
	fault("{'match':{'verb':'list'},'action':{'type':'garbage','after':20,'text':'@#!'}}");
	r = ct_want(200, "GET", CMS, NULL);
	ck_assert_ptr_null(r->json);
	ck_assert_str_eq(strndupa(r->body + 20, 3), "@#!");
	fault("{'match':{'verb':'list'},'action':{'type':'body','text':'<html>','code':502,"
	      "'contentType':'text/html'}}");
	r = ct_want(502, "GET", CMS, NULL);
	ck_assert_str_eq(r->body, "<html>");
	ck_assert_str_eq(r->type, "text/html");
	fault("{'match':{'verb':'get'},'action':{'type':'body','text':'{}'}}");
	ck_assert_str_eq(ct_want(200, "GET", CMS "/a", NULL)->body, "{}");
	fault("{'match':{'verb':'list'},'action':{'type':'contentType','contentType':'text/plain'}}");
	ck_assert_str_eq(ct_want(200, "GET", CMS, NULL)->type, "text/plain");
}
END_TEST

START_TEST(rotated_tokens)
{
	fault("{'match':{'verb':'list'},'action':{'type':'rotateTokens'}}");
	ct_status(ct("GET", CMS, NULL), 401, "Unauthorized", "Unauthorized");
	ct_status(ct("GET", "/api", NULL), 401, "Unauthorized", NULL);
	ck_assert_int_eq(
		og_sim_add_user(ct_sim(), "admin", "system:masters", "fresh-token", NULL), 0);
	ct_opt.token = "fresh-token";
	ct_want(200, "GET", CMS, NULL);
	og_sim_revoke_token(ct_sim(), "fresh-token");
	ct_opt.token = "fresh-token";
	ct_want(401, "GET", CMS, NULL);
}
END_TEST

START_TEST(compaction)
{
	struct ct_reply *r;
	char path[512];

	many();
	r = ct_want(200, "GET", CMS "?limit=2", NULL);
	snprintf(path, sizeof(path), CMS "?limit=2&continue=%s",
		ct_text(r->json, "metadata.continue"));
	fault("{'match':{'verb':'list'},'action':{'type':'compact'}}");
	/* what is asked for was not changed since: it still could be answered */
	ct_configmap("late", "1");
	ct_status(ct("GET", path, NULL), 410, "Expired", NULL);
	ct_want(200, "GET", CMS "?limit=2", NULL);
}
END_TEST

START_TEST(over_http)
{
	struct ct_reply *r;

	ct_want(201, "POST", "/sim/faults",
		"[{'match':{'verb':'list'},'action':{'type':'status','code':503}}]");
	ct_want(503, "GET", CMS, NULL);
	ct_want(400, "POST", "/sim/faults", "{}");
	r = ct_want(200, "GET", "/sim/requests", NULL);
	ck_assert_int_eq(ct_int(r->json, "faultsHit"), 1);
	ck_assert_int_eq(ct_int(r->json, "requests.1.code"), 503);
	ck_assert_str_eq(ct_text(r->json, "requests.1.user"), "admin");
	ck_assert_str_eq(ct_text(r->json, "requests.1.verb"), "list");
	ck_assert_str_eq(ct_text(r->json, "requests.1.userAgent"), "otelgate-contract/1 (test)");
	ct_opt.as = "someone";
	ct_want(403, "GET", "/sim/requests", NULL);
	ct_want(200, "DELETE", "/sim/faults", NULL);
	ct_want(404, "GET", "/sim/nothing", NULL);
}
END_TEST

Suite *suite_faults(void)
{
	Suite *s = suite_create("sim: faults");
	TCase *tc = tcase_create("status");

	tcase_add_checked_fixture(tc, ct_setup, ct_teardown);
	tcase_add_loop_test(tc, status, 0, (int)(sizeof(statuses) / sizeof(*statuses)));
	suite_add_tcase(s, tc);
	CT_CASE(s, "rules", nth_and_count, matches, bad_rules, over_http);
	CT_CASE(s, "transport", reset_before_the_answer, reset_before_leaves_writes_undone,
		reset_behind_leaves_writes_done, reset_in_the_body, truncated_chunks,
		truncated_length, stalls, stall_that_ends, delay_and_slow);
	CT_CASE(s, "content", wrong_bodies, rotated_tokens, compaction);
	return s;
}
