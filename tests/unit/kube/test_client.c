/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the API server: what it asks for, what it makes of answers. */
#include "otelgate/kube/client.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "support/kube_run.h"
#include "support/suite.h"

static struct krun r;
static struct ss *srv;

static void serve_with(
	const struct ss_step *steps, const struct og_kube_flags *f, const struct og_kube_opts *o)
{
	void *ctx;
	memcpy(&ctx, &steps, sizeof(ctx));
	srv = ss_start(NULL, ctx, NULL);
	ck_assert_ptr_nonnull(srv);
	krun_init(&r, srv, f, o);
}

static void serve(const struct ss_step *steps)
{
	serve_with(steps, NULL, NULL);
}

static void teardown(void)
{
	if (r.k)
		krun_fini(&r);
	ss_stop(og_take(srv));
	r.k = NULL;
}

/* A step with the right length. */
static struct ss_step answer(const char *status, const char *more, const char *body)
{
	static char text[8][4096];
	static unsigned next;
	char *t = text[next++ % 8];
	(void)snprintf(t, sizeof(text[0]),
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
		status, more, strlen(body), body);
	return (struct ss_step){t, 0, SS_KEEP};
}
#define POD "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\\u0062c\"}}"
#define END                      \
	{                        \
		NULL, 0, SS_KEEP \
	}

#define AN_OBJECT                                                                    \
	{                                                                            \
		.version = OG_SV("v1"), .resource = OG_SV("pods"), .ns = OG_SV("x"), \
		.name = OG_SV("web")                                                 \
	}
#define A_LIST                                                                      \
	{                                                                           \
		.version = OG_SV("v1"), .resource = OG_SV("pods"), .ns = OG_SV("x") \
	}
#define A_SCALE                                                                                   \
	{                                                                                         \
		.group = OG_SV("apps"), .version = OG_SV("v1"), .resource = OG_SV("deployments"), \
		.subresource = OG_SV("scale"), .ns = OG_SV("x"), .name = OG_SV("web")             \
	}

static void dummy(void *ctx, const struct og_kube_answer *a)
{
	(void)ctx;
	(void)a;
}

/* What goes over the wire. */
static const struct {
	struct og_kube_request q;
	const char *begins, *has;
} sent[] = {
	{{.verb = OG_KUBE_GET, .res = AN_OBJECT}, "GET /api/v1/namespaces/x/pods/web HTTP/1.1\r\n",
		"\r\nAccept: application/json\r\n"},
	{{.verb = OG_KUBE_GET, .res = A_SCALE},
		"GET /apis/apps/v1/namespaces/x/deployments/web/scale HTTP/1.1\r\n", ""},
	{{.verb = OG_KUBE_LIST, .res = A_LIST, .query = OG_SV("limit=5&continue=a%3Db")},
		"GET /api/v1/namespaces/x/pods?limit=5&continue=a%3Db HTTP/1.1\r\n", ""},
	{{.verb = OG_KUBE_LIST,
		 .res = {.group = OG_SV("otelgate.dev"),
			 .version = OG_SV("v1alpha1"),
			 .resource = OG_SV("grafanastacks")},
		 .accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"},
		"GET /apis/otelgate.dev/v1alpha1/grafanastacks HTTP/1.1\r\n",
		"\r\nAccept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1\r\n"},
	{{.verb = OG_KUBE_WATCH, .res = A_LIST, .query = OG_SV("resourceVersion=7")},
		"GET /api/v1/namespaces/x/pods?resourceVersion=7&watch=true HTTP/1.1\r\n", ""},
	{{.verb = OG_KUBE_WATCH, .res = A_LIST, .query = OG_SV("watch=1&a=b")},
		"GET /api/v1/namespaces/x/pods?watch=1&a=b HTTP/1.1\r\n", ""},
	{{.verb = OG_KUBE_CREATE, .res = A_LIST, .body = OG_SV("{\"a\":1}")},
		"POST /api/v1/namespaces/x/pods?fieldManager=unit-test HTTP/1.1\r\n",
		"\r\nContent-Type: application/json\r\n"},
	{{.verb = OG_KUBE_CREATE,
		 .res = A_LIST,
		 .body = OG_SV("{}"),
		 .query = OG_SV("dryRun=All"),
		 .field_manager = "me & you"},
		"POST /api/v1/namespaces/x/pods?dryRun=All&fieldManager=me%20%26%20you HTTP/1.1\r\n",
		"\r\nContent-Length: 2\r\n"},
	{{.verb = OG_KUBE_UPDATE, .res = AN_OBJECT, .body = OG_SV("{}")},
		"PUT /api/v1/namespaces/x/pods/web?fieldManager=unit-test HTTP/1.1\r\n", ""},
	{{.verb = OG_KUBE_UPDATE,
		 .res = AN_OBJECT,
		 .body = OG_SV("{}"),
		 .query = OG_SV("fieldManager=other")},
		"PUT /api/v1/namespaces/x/pods/web?fieldManager=other HTTP/1.1\r\n", ""},
	{{.verb = OG_KUBE_PATCH,
		 .res = AN_OBJECT,
		 .body = OG_SV("[]"),
		 .patch = OG_KUBE_JSON_PATCH},
		"PATCH /api/v1/namespaces/x/pods/web?fieldManager=unit-test HTTP/1.1\r\n",
		"\r\nContent-Type: application/json-patch+json\r\n"},
	{{.verb = OG_KUBE_PATCH,
		 .res = AN_OBJECT,
		 .body = OG_SV("{}"),
		 .patch = OG_KUBE_MERGE_PATCH},
		"PATCH /api/v1/namespaces/x/pods/web?",
		"\r\nContent-Type: application/merge-patch+json\r\n"},
	{{.verb = OG_KUBE_PATCH, .res = AN_OBJECT, .body = OG_SV("{}"), .patch = OG_KUBE_STRATEGIC},
		"PATCH /api/v1/namespaces/x/pods/web?",
		"\r\nContent-Type: application/strategic-merge-patch+json\r\n"},
	{{.verb = OG_KUBE_PATCH,
		 .res = AN_OBJECT,
		 .body = OG_SV("{}"),
		 .patch = OG_KUBE_APPLY,
		 .force = true},
		"PATCH /api/v1/namespaces/x/pods/web?fieldManager=unit-test&force=true HTTP/1.1\r\n",
		"\r\nContent-Type: application/apply-patch+yaml\r\n"},
	{{.verb = OG_KUBE_DELETE, .res = AN_OBJECT},
		"DELETE /api/v1/namespaces/x/pods/web HTTP/1.1\r\n", "\r\nHost: "},
	{{.verb = OG_KUBE_DELETE,
		 .res = AN_OBJECT,
		 .body = OG_SV("{\"preconditions\":{\"uid\":\"u\"}}")},
		"DELETE /api/v1/namespaces/x/pods/web HTTP/1.1\r\n",
		"\r\n\r\n{\"preconditions\":{\"uid\":\"u\"}}"},
	{{.verb = OG_KUBE_RAW, .raw_path = "/version"}, "GET /version HTTP/1.1\r\n",
		"\r\nUser-Agent: otelgate/"},
	{{.verb = OG_KUBE_RAW, .raw_path = "/readyz", .query = OG_SV("verbose")},
		"GET /readyz?verbose HTTP/1.1\r\n", ") unit-test\r\n"},
	{{.verb = OG_KUBE_GET,
		 .res = {.group = OG_SV("rbac.authorization.k8s.io"),
			 .version = OG_SV("v1"),
			 .resource = OG_SV("clusterroles"),
			 .name = OG_SV("system:a+b\xC3\xA9")}},
		NULL, NULL},
	{{.verb = OG_KUBE_GET,
		 .res = {.group = OG_SV("rbac.authorization.k8s.io"),
			 .version = OG_SV("v1"),
			 .resource = OG_SV("clusterroles"),
			 .name = OG_SV("system:a+b&c?d")}},
		"GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2Bb%26c%3Fd HTTP/1.1\r\n",
		""},
};

START_TEST(requests_on_the_wire)
{
	const struct ss_step steps[] = {answer("200 OK", "", POD), END};
	serve(steps);
	int rc = krun(&r, &sent[_i].q);
	if (!sent[_i].begins) {
		ck_assert_int_eq(rc, -OG_E_INVALID);
		return;
	}
	ck_assert_msg(rc == 0, "%s", r.err.msg);
	const char *q = ss_seen(srv, 0);
	ck_assert_msg(strncmp(q, sent[_i].begins, strlen(sent[_i].begins)) == 0, "%s", q);
	ck_assert_msg(strstr(q, sent[_i].has) != NULL, "%s", q);
	ck_assert(!strstr(q, "Authorization"));
	ck_assert(!strstr(q, "Impersonate"));
	ck_assert_uint_eq(r.a.tries, 1);
	ck_assert_int_eq(r.a.http, 200);
	ck_assert_ptr_nonnull(r.a.doc);
	ck_assert(og_jstr_is(og_jpath(og_jroot(r.a.doc), "metadata", "name", NULL), "abc"));
	ck_assert(og_sv_eq(r.a.body, OG_SV(POD)));
}
END_TEST

START_TEST(impersonation)
{
	const struct ss_step steps[] = {answer("200 OK", "", POD), END};
	static const char *const groups[] = {"a", "system:b"};
	static const char *const extra[] = {"example.org/Key=v 1", "x=2"};
	serve_with(steps,
		&(struct og_kube_flags){.as = "jane",
			.as_uid = "u-1",
			.as_groups = groups,
			.nas_groups = 2,
			.as_user_extra = extra,
			.nas_user_extra = 2},
		NULL);
	ck_assert_int_eq(krun(&r, &sent[0].q), 0);
	const char *q = ss_seen(srv, 0);
	ck_assert(strstr(q, "\r\nImpersonate-User: jane\r\n"));
	ck_assert(strstr(q, "\r\nImpersonate-Uid: u-1\r\n"));
	ck_assert(strstr(q, "\r\nImpersonate-Group: a\r\n"));
	ck_assert(strstr(q, "\r\nImpersonate-Group: system:b\r\n"));
	ck_assert_msg(strcasestr(q, "\r\nImpersonate-Extra-example.org%2FKey: v 1\r\n"), "%s", q);
}
END_TEST

/* Requests that cannot be meant. */
static const struct og_kube_request wrong[] = {
	{.verb = OG_KUBE_GET, .res = A_LIST},
	{.verb = OG_KUBE_DELETE, .res = A_LIST},
	{.verb = OG_KUBE_LIST, .res = AN_OBJECT},
	{.verb = OG_KUBE_WATCH, .res = AN_OBJECT},
	{.verb = OG_KUBE_CREATE, .res = A_LIST},
	{.verb = OG_KUBE_UPDATE, .res = AN_OBJECT},
	{.verb = OG_KUBE_PATCH, .res = AN_OBJECT},
	{.verb = OG_KUBE_PATCH,
		.res = AN_OBJECT,
		.body = OG_SV("{}"),
		.patch = (enum og_kube_patch_type)9},
	{.verb = OG_KUBE_VERB_COUNT_, .res = AN_OBJECT},
	{.verb = OG_KUBE_GET, .res = AN_OBJECT, .lane = OG_KUBE_LANES_},
	{.verb = OG_KUBE_GET, .res = {.version = OG_SV("v1"), .name = OG_SV("x")}},
	{.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("pods"), .name = OG_SV("..")}},
	{.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("pods"), .name = OG_SV("a/b")}},
	{.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("pods"), .name = OG_SV("a%2fb")}},
	{.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("pods"), .name = OG_SV("a b")}},
	{.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("."), .resource = OG_SV("pods"), .name = OG_SV("a")}},
	{.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = OG_SV("pods"),
			.ns = OG_SV("a\r\nX: y"),
			.name = OG_SV("a")}},
	{.verb = OG_KUBE_LIST, .res = A_LIST, .query = OG_SV("a=b c")},
	{.verb = OG_KUBE_LIST, .res = A_LIST, .query = OG_SV("a=b\r\nX: y")},
	{.verb = OG_KUBE_LIST, .res = A_LIST, .query = OG_SV("a#b")},
	{.verb = OG_KUBE_RAW},
	{.verb = OG_KUBE_RAW, .raw_path = "version"},
	{.verb = OG_KUBE_RAW, .raw_path = ""},
	{.verb = OG_KUBE_RAW, .raw_path = "/a b"},
	{.verb = OG_KUBE_RAW, .raw_path = "/a?b"},
	{.verb = OG_KUBE_RAW, .raw_path = "/a\r\nX: y"},
};

START_TEST(requests_that_are_refused)
{
	const struct ss_step steps[] = {answer("200 OK", "", POD), END};
	serve(steps);
	struct og_err err = OG_ERR_INIT;
	struct og_kube_request q = wrong[_i];
	struct og_kube_call *call = NULL;
	q.on_done = dummy;
	ck_assert_int_eq(og_kube_start(r.k, &q, &call, &err), -OG_E_INVALID);
	ck_assert_ptr_null(call);
	ck_assert(err.msg[0] != '\0');
	ck_assert_uint_eq(ss_connections(srv), 0);
}
END_TEST

/* Failures, by status and body. */
static const struct {
	const char *status, *body;
	int code;
	const char *says, *reason;
} failures[] = {
	{"404 Not Found",
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"pods "
		"\\\"web\\\" not found\",\"reason\":\"NotFound\",\"code\":404}",
		-OG_E_NOT_FOUND, "404 Not Found: pods \"web\" not found", "NotFound"},
	{"409 Conflict", "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\",\"code\":409}",
		-OG_E_CONFLICT, "409 Conflict", "AlreadyExists"},
	{"412 Precondition Failed", "", -OG_E_CONFLICT, "412", ""},
	{"410 Gone", "{\"kind\":\"Status\",\"reason\":\"Expired\"}", -OG_E_INVALID, "410 Gone",
		"Expired"},
	{"400 Bad Request", "nonsense\nmore", -OG_E_INVALID, "400 Bad Request: nonsense", ""},
	{"422 Unprocessable Entity", "{\"kind\":\"Status\",\"message\":\"no\"}", -OG_E_INVALID,
		": no", ""},
	{"405 Method Not Allowed", "", -OG_E_UNSUPPORTED, "405", ""},
	{"413 Too Large", "", -OG_E_LIMIT, "413", ""},
	{"504 Gateway Timeout",
		"{\"kind\":\"Status\",\"reason\":\"Timeout\",\"details\":{\"causes\":[{\"reason\":"
		"\"ResourceVersionTooLarge\"}]}}",
		-OG_E_TIMEOUT, "504", "Timeout"},
	{"500 Internal Server Error", "<html><body>oops</body></html>", -OG_E_IO, "a web page", ""},
	{"502 Bad Gateway", "", -OG_E_IO, "502 Bad Gateway", ""},
	{"503 Service Unavailable", "upstream connect error", -OG_E_IO, "upstream connect error",
		""},
	{"302 Found", "", -OG_E_UNSUPPORTED, "redirects are not followed", ""},
	{"308 Permanent Redirect", "", -OG_E_UNSUPPORTED, "redirects are not followed", ""},
	{"599 Whatever", "{}", -OG_E_IO, "599: the answer is JSON, but no Status", ""},
	{"418 Teapot", "[1,2]", -OG_E_INVALID, "418: [1,2]", ""},
	{"500 X", "{\"kind\":\"Status\",\"message\":5,\"reason\":{},\"code\":\"x\",\"details\":[]}",
		-OG_E_IO, "500 Internal Server Error", ""},
	{"500 X", "{\"kind\":\"Status\",\"message\":\"a\\u001b[31mred\\nb\\u009b\"}", -OG_E_IO,
		"a?[31mred b?", ""},
	{"500 X", "\x1b]0;title\x07 \xff\xfe", -OG_E_IO, "?]0;title? ??", ""},
	{"500 X", "{\"kind\":\"Status\",\"message\":\"cut", -OG_E_IO, "{\"kind\"", ""},
	{"401 Unauthorized", "Unauthorized", -OG_E_INVALID, "the credentials are not accepted", ""},
};

START_TEST(failures_are_told)
{
	const struct ss_step steps[] = {answer(failures[_i].status, "", failures[_i].body), END};
	serve(steps);
	ck_assert_int_eq(krun(&r, &sent[0].q), failures[_i].code);
	char want[200];
	(void)snprintf(want, sizeof(want),
		"cannot get pods \"web\" in namespace \"x\" (GET %s/api/v1/namespaces/x/pods/web): ",
		og_kube_server(r.k));
	ck_assert_msg(strncmp(r.err.msg, want, strlen(want)) == 0, "%s", r.err.msg);
	ck_assert_msg(strstr(r.err.msg, failures[_i].says), "%s", r.err.msg);
	ck_assert(og_sv_eq(r.a.status.reason, og_svz(failures[_i].reason)));
	ck_assert_uint_eq(r.a.tries, 1);
	ck_assert_uint_eq(ss_requests(srv), 1);
	ck_assert_ptr_null(r.a.doc);
	for (const char *c = r.err.msg; *c; c++)
		ck_assert((unsigned char)*c >= 0x20 && *c != 0x7f);
	if (_i == 8)
		ck_assert(og_sv_is(r.a.status.cause, "ResourceVersionTooLarge"));
}
END_TEST

/* Answers of success that are none. */
static const struct {
	const char *what, *text;
	enum ss_after after;
	int code;
	const char *says;
} lies[] = {
	{"cut JSON", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"items\":", SS_KEEP,
		-OG_E_PARSE, "no whole JSON"},
	{"more behind", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}{}", SS_KEEP, -OG_E_PARSE,
		"no whole JSON"},
	{"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", SS_KEEP, -OG_E_PARSE, "empty"},
	{"no object", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", SS_KEEP, -OG_E_PARSE,
		"no JSON object"},
	{"web page",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n\r\n"
		"<html>",
		SS_KEEP, -OG_E_PARSE, "a web page"},
	{"a failure inside",
		"HTTP/1.1 200 OK\r\nContent-Length: 58\r\n\r\n{\"kind\":\"Status\",\"status\":\"Failure\","
		"\"code\":404,\"pad\":\"12\"}",
		SS_KEEP, -OG_E_NOT_FOUND, "in spite of its status 200"},
	{"twice the same key", "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"a\":2}",
		SS_KEEP, -OG_E_PARSE, "no whole JSON"},
	{"half a body, then RST", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", SS_RESET,
		-OG_E_IO, "ended the connection"},
	{"chunks without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		SS_CLOSE, -OG_E_IO, "ended the connection"},
	{"HTTP/1.0, cut", "HTTP/1.0 200 OK\r\n\r\n{\"a\":", SS_CLOSE, -OG_E_PARSE,
		"nothing says whether it was complete"},
	{"not HTTP", "hello\r\n", SS_CLOSE, -OG_E_PARSE, "no sound HTTP"},
};

START_TEST(answers_that_are_none)
{
	const struct ss_step steps[] = {{lies[_i].text, 0, lies[_i].after}, END};
	serve(steps);
	struct og_kube_request q = sent[0].q;
	q.max_tries = 1;
	ck_assert_msg(krun(&r, &q) == lies[_i].code, "%s: %s", lies[_i].what, r.err.msg);
	ck_assert_msg(strstr(r.err.msg, lies[_i].says), "%s", r.err.msg);
	ck_assert_ptr_null(r.a.doc);
	ck_assert_uint_eq(ss_requests(srv), 1);
}
END_TEST

START_TEST(a_whole_answer_without_length_is_fine)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.0 200 OK\r\n\r\n{\"a\":1}", 0, SS_CLOSE}, END};
	serve(steps);
	ck_assert_int_eq(krun(&r, &sent[0].q), 0);
	ck_assert_ptr_nonnull(r.a.doc);
}
END_TEST

START_TEST(raw_answers_need_not_be_json)
{
	static const struct ss_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok", 0,
			SS_KEEP},
		{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nok",
			0, SS_KEEP},
		END};
	serve(steps);
	const struct og_kube_request q = {.verb = OG_KUBE_RAW, .raw_path = "/readyz"};
	ck_assert_int_eq(krun(&r, &q), 0);
	ck_assert(og_sv_is(r.a.body, "ok"));
	ck_assert_ptr_null(r.a.doc);
	ck_assert_int_eq(krun(&r, &q), -OG_E_PARSE);
}
END_TEST

START_TEST(forbidden_carries_the_rule)
{
	const struct ss_step steps[] = {
		answer("403 Forbidden", "",
			"{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"pods is forbidden: "
			"User \\\"u\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" in the "
			"namespace \\\"x\\\"\"}"),
		answer("403 Forbidden", "",
			"{\"kind\":\"Status\",\"message\":\"exceeded quota: q, requested: pods=1\"}"),
		answer("403 Forbidden", "",
			"{\"kind\":\"Status\",\"message\":\"User \\\"system:anonymous\\\" cannot list "
			"resource \\\"pods\\\"\"}"),
		END};
	serve(steps);
	const struct og_kube_request q = {.verb = OG_KUBE_LIST, .res = A_LIST};
	ck_assert_int_eq(krun(&r, &q), -OG_E_INVALID);
	ck_assert_int_eq(r.a.http, 403);
	ck_assert(strstr(r.err.msg, "cannot list pods in namespace \"x\" (GET http://"));
	ck_assert(strstr(r.err.msg, "): 403 Forbidden: pods is forbidden"));
	ck_assert(og_sv_is(r.a.rule, "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n"
				     "metadata:\n  name: otelgate-extra\n  namespace: \"x\"\n"
				     "rules:\n- apiGroups: [\"\"]\n  resources: [\"pods\"]\n"
				     "  verbs: [\"list\"]\n"));
	ck_assert_int_eq(krun(&r, &q), -OG_E_INVALID);
	ck_assert_uint_eq(r.a.rule.n, 0);
	ck_assert_int_eq(krun(&r, &q), -OG_E_INVALID);
	ck_assert(strstr(r.err.msg, "no credentials were sent"));
}
END_TEST

START_TEST(rules)
{
	static const struct {
		enum og_kube_verb verb;
		struct og_kube_resource res;
		const char *has;
	} cases[] = {
		{OG_KUBE_PATCH, A_SCALE,
			"kind: Role\nmetadata:\n  name: otelgate-extra\n  namespace: \"x\"\nrules:\n- "
			"apiGroups: [\"apps\"]\n  resources: [\"deployments/scale\"]\n  resourceNames: "
			"[\"web\"]\n  verbs: [\"patch\"]\n"},
		{OG_KUBE_CREATE, AN_OBJECT, "  resources: [\"pods\"]\n  verbs: [\"create\"]\n"},
		{OG_KUBE_WATCH,
			{.group = OG_SV("otelgate.dev"),
				.version = OG_SV("v1"),
				.resource = OG_SV("stacks")},
			"kind: ClusterRole\nmetadata:\n  name: otelgate-extra\nrules:\n- apiGroups: "
			"[\"otelgate.dev\"]\n  resources: [\"stacks\"]\n  verbs: [\"watch\"]\n"},
		{OG_KUBE_RAW, {.resource = OG_SV("/version")},
			"kind: ClusterRole\nmetadata:\n  name: otelgate-extra\nrules:\n- "
			"nonResourceURLs: [\"/version\"]\n  verbs: [\"get\"]\n"},
		{OG_KUBE_LIST, {.resource = OG_SV("a\"]\nverbs: [*")},
			"  resources: [\"a]verbs:[*\"]\n"},
	};
	for (size_t i = 0; i < OG_COUNT(cases); i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		og_kube_rbac_rule(cases[i].verb, &cases[i].res, &b);
		ck_assert_msg(strstr(b.p, cases[i].has), "%s", b.p);
	}
	ck_assert_str_eq(og_kube_verb_name(OG_KUBE_DELETE), "delete");
	ck_assert_str_eq(og_kube_verb_name(OG_KUBE_VERB_COUNT_), "unknown");
}
END_TEST

START_TEST(answers_have_a_limit)
{
	const struct ss_step steps[] = {answer("200 OK", "", POD), END};
	serve(steps);
	struct og_kube_request q = sent[0].q;
	q.max_bytes = strlen(POD) - 1;
	ck_assert_int_eq(krun(&r, &q), -OG_E_LIMIT);
	ck_assert(strstr(r.err.msg, "larger than"));
	q.max_bytes++;
	ck_assert_int_eq(krun(&r, &q), 0);
}
END_TEST

/* Streams */
START_TEST(streams)
{
	const struct ss_step steps[] = {answer("200 OK", "", POD),
		answer("410 Gone", "", "{\"kind\":\"Status\",\"reason\":\"Expired\"}"),
		{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", 0, SS_RESET},
		answer("200 OK", "", POD), END};
	serve(steps);
	struct og_kube_request q = {
		.verb = OG_KUBE_LIST, .res = A_LIST, .ctx = &r, .on_data = krun_stream};
	ck_assert_int_eq(krun(&r, &q), 0);
	ck_assert_str_eq(r.streamed.p, POD);
	ck_assert_uint_eq(r.a.body.n, 0);
	ck_assert_ptr_null(r.a.doc);
	/* failures are not streamed */
	ck_assert_int_eq(krun(&r, &q), -OG_E_INVALID);
	ck_assert_uint_eq(r.streamed.len, 0);
	ck_assert(og_sv_is(r.a.status.reason, "Expired"));
	/* what is cut is an error, and not repeated */
	q.max_tries = 5;
	ck_assert_int_eq(krun(&r, &q), -OG_E_IO);
	ck_assert_str_eq(r.streamed.p, "{}");
	ck_assert_uint_eq(r.a.tries, 1);
	/* the receiver wants no more */
	r.refuse = -OG_E_PARSE;
	ck_assert_int_eq(krun(&r, &q), -OG_E_PARSE);
	ck_assert(strstr(r.err.msg, "gave it up"));
	ck_assert_uint_eq(ss_requests(srv), 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/client");
	TCase *tc = tcase_create("client");
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, requests_on_the_wire, 0, (int)OG_COUNT(sent));
	tcase_add_test(tc, impersonation);
	tcase_add_loop_test(tc, requests_that_are_refused, 0, (int)OG_COUNT(wrong));
	tcase_add_loop_test(tc, failures_are_told, 0, (int)OG_COUNT(failures));
	tcase_add_loop_test(tc, answers_that_are_none, 0, (int)OG_COUNT(lies));
	tcase_add_test(tc, a_whole_answer_without_length_is_fine);
	tcase_add_test(tc, raw_answers_need_not_be_json);
	tcase_add_test(tc, forbidden_carries_the_rule);
	tcase_add_test(tc, rules);
	tcase_add_test(tc, answers_have_a_limit);
	tcase_add_test(tc, streams);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
