/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen on the way, and the link that is named for it. */
#include "otelgate/grafana/send.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/core/findings.h"
#include "support/suite.h"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

#define GATEWAY	 "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces"
#define TOKEN	 "glc_eyJvIjoiMSIsIm4iOiJuIiwiayI6ImsiLCJtIjp7InIiOiJldSJ9fQ" /* m.r = eu */
#define TOKEN_US "glc_eyJvIjoiMSIsIm4iOiJuIiwiayI6ImsiLCJtIjp7InIiOiJ1cyJ9fQ"

/* ---- credentials ---- */

static struct og_send_shape shape_of(const char *text)
{
	struct og_send_shape s;
	struct og_secret v = OG_SECRET_INIT;
	ck_assert_int_eq(og_secret_set(&v, text, strlen(text), NULL), 0);
	og_send_shape_headers(&v, &s);
	og_secret_fini(&v);
	return s;
}

/* Authorization=Basic%20<base64 of pair> */
static const char *basic(const char *pair)
{
	static char text[1024];
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_base64_encode(&b, og_svz(pair));
	(void)snprintf(text, sizeof(text), "Authorization=Basic%%20%s", b.p);
	return text;
}

START_TEST(shapes)
{
	struct og_send_shape s = shape_of(basic("123456:" TOKEN));
	ck_assert(s.authorization && s.basic && !s.no_colon && !s.bad_base64 && !s.cut);
	ck_assert_str_eq(s.id, "123456");
	ck_assert_int_eq(s.token, OG_TOKEN_POLICY);
	ck_assert_str_eq(s.region, "eu");
	ck_assert_uint_eq(s.token_chars, strlen(TOKEN));
	ck_assert(!s.token_space && !s.swapped && !s.double_encoded);

	s = shape_of("x-a=b");
	ck_assert(!s.authorization);
	s = shape_of("");
	ck_assert(!s.authorization);
	s = shape_of("a=b,Authorization=Basic%2520MTIzOng%253D");
	ck_assert(s.authorization && s.double_encoded);
	s = shape_of("Authorization=" TOKEN);
	ck_assert(s.no_scheme && s.token == OG_TOKEN_POLICY);
	s = shape_of("Authorization=Basic%20" TOKEN);
	ck_assert(s.basic && (s.bad_base64 || s.no_colon));
	s = shape_of(basic("123456"));
	ck_assert(s.no_colon && s.token == OG_TOKEN_NUMBER);
	s = shape_of(basic("123456:" TOKEN "\n"));
	ck_assert(s.token_space && s.token == OG_TOKEN_POLICY && !s.cut);
	s = shape_of(basic("123456:"));
	ck_assert_int_eq(s.token, OG_TOKEN_NONE);
	s = shape_of(basic(TOKEN ":123456"));
	ck_assert(s.swapped && !*s.id);
	s = shape_of(basic("mystack:" TOKEN));
	ck_assert(!*s.id && !s.id_empty && s.id_chars == 7);
	s = shape_of(basic("1:glsa_abc"));
	ck_assert_int_eq(s.token, OG_TOKEN_SERVICE);
	s = shape_of(basic("1:glc_eyJvIjoiMSIsIm4iOiJ"));
	ck_assert(s.cut);
	s = shape_of("authorization=Bearer%20" TOKEN);
	ck_assert(s.authorization && !s.basic && !s.no_scheme && s.token == OG_TOKEN_POLICY);
	og_send_shape_headers(NULL, &s);
	ck_assert(!s.authorization);
}
END_TEST

START_TEST(shapes_of_pairs)
{
	struct og_secret u = OG_SECRET_INIT, p = OG_SECRET_INIT;
	struct og_send_shape s;
	og_send_shape_basic(&u, &p, &s);
	ck_assert(!s.authorization);
	ck_assert_int_eq(og_secret_set(&p, TOKEN, strlen(TOKEN), NULL), 0);
	og_send_shape_basic(&u, &p, &s);
	ck_assert(s.authorization && s.id_empty);
	ck_assert_int_eq(og_secret_set(&u, "77", 2, NULL), 0);
	og_send_shape_basic(&u, &p, &s);
	ck_assert_str_eq(s.id, "77");
	og_secret_fini(&u);
	og_secret_fini(&p);
}
END_TEST

START_TEST(header_lines)
{
	static const struct {
		const char *text, *lines;
		bool lost;
	} rows[] = {
		{"", "", false},
		{"Authorization=Basic%20YTpi", "Authorization: Basic YTpi|", false},
		{" a = b , c=d%2Ce", "a: b|c: d,e|", false},
		{"a=100%", "a: 100%|", false},
		{"novalue,=x,a=b", "a: b|", false},
		{"a=b%0Ac", "", true},
		{"a=b\nx: y,c=d", "c: d|", true},
		{"a b=c", "", true},
		{"a:b=c", "", true},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		const char *lines[OG_SEND_HEADERS + 1];
		og_auto_wipe struct og_buf text = OG_BUF_INIT(0);
		og_auto_buf struct og_buf all = OG_BUF_INIT(0);
		struct og_secret v = OG_SECRET_INIT;
		bool lost;
		ck_assert_int_eq(og_secret_set(&v, rows[i].text, strlen(rows[i].text), NULL), 0);
		ck_assert_int_eq(og_send_header_lines(&v, &text, lines, &lost, NULL), 0);
		for (const char **l = lines; *l; l++)
			og_buf_fmt(&all, "%s|", *l);
		ck_assert_str_eq(all.p ? all.p : "", rows[i].lines);
		ck_assert_int_eq(lost, rows[i].lost);
		og_secret_fini(&v);
	}
}
END_TEST

/* ---- answers ---- */

struct row {
	const char *url;     /* NULL = GATEWAY */
	const char *headers; /* NULL = a right one; a pair "id:token" without '=' is made Basic */
	int http;
	const char *type, *body;
	enum og_send_class class;
	const char *finding; /* NULL = none */
	const char *says, *fix;
	const char *location, *stack_id;
	bool own_url, ingest;
};
#define JSON   "application/json"
#define INSIDE "http://alloy.monitoring.svc:4318/v1/traces"

static const struct row rows[] = {
	{.http = 200, .type = JSON, .body = "{}", .class = OG_SEND_ACCEPTED, .says = "accepted"},
	{.http = 200, .type = "application/x-protobuf", .body = "", .class = OG_SEND_ACCEPTED},
	{.http = 202, .type = "", .body = "", .class = OG_SEND_ACCEPTED},
	{.http = 200,
		.type = JSON,
		.body = "{\"partialSuccess\":{\"errorMessage\":\"be careful\"}}",
		.class = OG_SEND_WARNED,
		.says = "be careful"},
	{.http = 200,
		.type = JSON,
		.body = "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"too many attributes\"}}",
		.class = OG_SEND_PARTIAL,
		.finding = "OG713",
		.says = "refuses 1"},
	{.http = 200,
		.type = JSON,
		.body = "{\"partialSuccess\":{\"rejectedDataPoints\":\"1\",\"errorMessage\":\"invalid temporality and type combination\"}}",
		.class = OG_SEND_DELTA,
		.finding = "OG706",
		.fix = "cumulative"},
	{.http = 200,
		.type = JSON,
		.body = "{\"partialSuccess\":{\"rejectedDataPoints\":1,\"errorMessage\":\"sample out of order\"}}",
		.class = OG_SEND_OUT_OF_ORDER,
		.finding = "OG713",
		.fix = "service.instance.id"},
	{.http = 200,
		.type = "text/html; charset=utf-8",
		.body = "<html><form>",
		.class = OG_SEND_WEB_PAGE,
		.finding = "OG522",
		.says = "web page",
		.fix = "curl"},
	{.http = 200,
		.type = "",
		.body = " <!DOCTYPE html><p>",
		.class = OG_SEND_WEB_PAGE,
		.finding = "OG522"},
	{.http = 200,
		.type = "text/plain",
		.body = "hello",
		.class = OG_SEND_NOT_OTLP,
		.finding = "OG522"},
	{.http = 200, .type = JSON, .body = "[1]", .class = OG_SEND_NOT_OTLP, .finding = "OG522"},
	{.http = 200, .type = "text/plain", .body = "", .class = OG_SEND_ACCEPTED, .ingest = true},
	{.http = 200,
		.type = "text/html",
		.body = "<html>",
		.class = OG_SEND_WEB_PAGE,
		.finding = "OG522",
		.ingest = true},
	/* 400 */
	{.http = 400,
		.type = JSON,
		.body = "{\"code\":3,\"message\":\"bad span\"}",
		.class = OG_SEND_MALFORMED,
		.finding = "OG713",
		.says = "bad span"},
	{.http = 400,
		.type = "text/plain",
		.body = "otlp parse error: invalid temporality and type combination for metric",
		.class = OG_SEND_DELTA,
		.finding = "OG706",
		.says = "cumulative"},
	{.http = 400,
		.type = "text/plain",
		.body = "err-mimir-sample-out-of-order: out of order",
		.class = OG_SEND_OUT_OF_ORDER,
		.finding = "OG713"},
	{.http = 400,
		.type = "text/plain",
		.body = "entry has timestamp too old",
		.class = OG_SEND_CLOCK,
		.finding = "OG716",
		.fix = "NTP"},
	{.http = 400,
		.type = "text/plain",
		.body = "received a sample whose timestamp is too far in the future",
		.class = OG_SEND_CLOCK,
		.finding = "OG716",
		.says = "future"},
	{.http = 400,
		.type = "text/html",
		.url = "http://h:443/v1/traces",
		.body = "<html>400 The plain HTTP request was sent to HTTPS port</html>",
		.class = OG_SEND_TLS_SERVER,
		.finding = "OG507",
		.fix = "https://"},
	{.http = 400,
		.type = "text/plain",
		.url = "http://h:443/v1/traces",
		.body = "Client sent an HTTP request to an HTTPS server.\n",
		.class = OG_SEND_TLS_SERVER,
		.finding = "OG507"},
	{.http = 422,
		.type = "text/plain",
		.body = "no",
		.class = OG_SEND_MALFORMED,
		.finding = "OG713"},
	/* 401: the known causes */
	{.http = 401,
		.headers = "",
		.class = OG_SEND_NO_CREDENTIAL,
		.finding = "OG408",
		.says = "none is sent"},
	{.http = 401,
		.headers = "1:",
		.class = OG_SEND_TOKEN_EMPTY,
		.finding = "OG416",
		.says = "empty",
		.fix = "kubectl create secret"},
	{.http = 401,
		.headers = "1:" TOKEN "\n",
		.class = OG_SEND_TOKEN_SPACE,
		.finding = "OG403",
		.says = "line end"},
	{.http = 401,
		.headers = "Authorization=Basic%2520MTp4",
		.class = OG_SEND_DOUBLE_ENCODED,
		.finding = "OG405",
		.says = "%25",
		.fix = "once"},
	{.http = 401,
		.headers = "Authorization=" TOKEN,
		.class = OG_SEND_RAW_TOKEN,
		.finding = "OG404",
		.says = "without a scheme"},
	{.http = 401,
		.headers = "Authorization=Basic%20!!",
		.class = OG_SEND_RAW_TOKEN,
		.finding = "OG404",
		.says = "no base64"},
	{.http = 401,
		.headers = "Authorization=Basic%20Z2xjX2FiYw==",
		.class = OG_SEND_RAW_TOKEN,
		.finding = "OG404",
		.says = "the token alone"},
	{.http = 401,
		.headers = TOKEN ":123456",
		.class = OG_SEND_SWAPPED,
		.finding = "OG411",
		.fix = "Exchange"},
	{.http = 401,
		.headers = "mystack:" TOKEN,
		.class = OG_SEND_ID_NOT_NUMBER,
		.finding = "OG404",
		.says = "no number"},
	{.http = 401,
		.headers = ":" TOKEN,
		.class = OG_SEND_ID_NOT_NUMBER,
		.finding = "OG404",
		.says = "empty",
		.stack_id = "123456",
		.fix = "Put 123456 there"},
	{.http = 401,
		.headers = "2222:" TOKEN,
		.class = OG_SEND_ID_OF_BACKEND,
		.finding = "OG408",
		.says = "2222 belongs to the Loki data source",
		.stack_id = "123456",
		.fix = "123456"},
	{.http = 401,
		.headers = "2222:" TOKEN,
		.class = OG_SEND_ID_OF_BACKEND,
		.finding = "OG408",
		.fix = "under OpenTelemetry"},
	{.http = 401,
		.headers = "999:" TOKEN,
		.class = OG_SEND_ID_OTHER,
		.finding = "OG408",
		.stack_id = "123456",
		.says = "999 is not the one"},
	{.http = 401,
		.headers = "123456:glsa_x",
		.class = OG_SEND_TOKEN_KIND,
		.finding = "OG412",
		.says = "glsa_",
		.fix = "glc_"},
	{.http = 401,
		.headers = "123456:glc_eyJvIjoiMSIs",
		.class = OG_SEND_TOKEN_CUT,
		.finding = "OG417",
		.says = "16 characters"},
	{.http = 401,
		.headers = "123456:" TOKEN_US,
		.class = OG_SEND_WRONG_REGION,
		.finding = "OG413",
		.says = "region us, and the receiver is in prod-eu-west-2"},
	{.http = 401,
		.type = JSON,
		.headers = "123456:" TOKEN,
		.body = "{\"status\":\"error\",\"error\":\"authentication error: invalid scope requested\"}",
		.class = OG_SEND_SCOPE,
		.finding = "OG409",
		.says = "invalid scope",
		.fix = "traces:write"},
	{.http = 401,
		.type = JSON,
		.headers = "123456:" TOKEN,
		.body = "{\"message\":\"token has expired\"}",
		.class = OG_SEND_TOKEN_EXPIRED,
		.finding = "OG408"},
	{.http = 401,
		.headers = "123456:" TOKEN,
		.stack_id = "123456",
		.class = OG_SEND_UNAUTHORIZED,
		.finding = "OG408",
		.says = "instance id 123456, token of 58 characters, an access policy token"},
	{.http = 401,
		.headers = "user:password",
		.url = INSIDE,
		.class = OG_SEND_UNAUTHORIZED,
		.finding = "OG408",
		.says = "no token of Grafana Cloud"},
	/* 403 … */
	{.http = 403,
		.type = JSON,
		.body = "{\"message\":\"denied\"}",
		.class = OG_SEND_FORBIDDEN,
		.finding = "OG409",
		.says = "denied",
		.fix = "traces:write"},
	{.http = 403,
		.type = JSON,
		.body = "{\"error\":\"invalid scope requested\"}",
		.class = OG_SEND_SCOPE,
		.finding = "OG409"},
	{.http = 404,
		.url = "https://otlp-gateway-prod-eu-west-2.grafana.net/v1/traces",
		.class = OG_SEND_PATH_OTLP,
		.finding = "OG505",
		.fix = "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp into spec.receiver.endpoint"},
	{.http = 404,
		.url = "http://127.0.0.1:8080/v1/traces",
		.class = OG_SEND_PATH_OTLP,
		.finding = "OG505",
		.fix = "http://127.0.0.1:8080/otlp into"},
	{.http = 404,
		.url = GATEWAY "/v1/traces",
		.class = OG_SEND_PATH_DOUBLED,
		.finding = "OG504",
		.fix = "Take /v1/traces off"},
	{.http = 404,
		.url = "https://x.example/otlp/v1/logs",
		.own_url = true,
		.class = OG_SEND_PATH_SIGNAL,
		.finding = "OG503",
		.fix = "/v1/traces"},
	{.http = 404,
		.url = "https://x.example/otlp",
		.own_url = true,
		.class = OG_SEND_PATH_SIGNAL,
		.finding = "OG503"},
	{.http = 404,
		.url = INSIDE,
		.headers = "",
		.type = "text/plain",
		.body = "404 page not found\n",
		.class = OG_SEND_NOT_FOUND,
		.finding = "OG522",
		.says = "404 page not found"},
	{.http = 405, .class = OG_SEND_METHOD, .finding = "OG522", .says = "no POST"},
	{.http = 407, .class = OG_SEND_PROXY_AUTH, .finding = "OG520"},
	{.http = 413, .class = OG_SEND_TOO_LARGE, .finding = "OG713"},
	{.http = 415,
		.type = "text/plain",
		.body = "unsupported media type",
		.class = OG_SEND_MEDIA_TYPE,
		.finding = "OG522",
		.fix = "http/protobuf"},
	{.http = 429, .class = OG_SEND_THROTTLED, .finding = "OG707", .says = "limit"},
	{.http = 500,
		.type = "text/plain",
		.body = "oops",
		.class = OG_SEND_SERVER_ERROR,
		.finding = "OG523",
		.says = "oops",
		.fix = "status.grafana.com"},
	{.http = 503,
		.url = INSIDE,
		.class = OG_SEND_SERVER_ERROR,
		.finding = "OG523",
		.fix = "Look at the receiver's log"},
	{.http = 503,
		.url = INSIDE,
		.headers = "",
		.class = OG_SEND_SERVER_ERROR,
		.finding = "OG523",
		.fix = "collector's log"},
	{.http = 501, .class = OG_SEND_UNIMPLEMENTED, .finding = "OG511"},
	{.http = 302,
		.location = "https://login.example/x?token=abc",
		.class = OG_SEND_REDIRECT,
		.finding = "OG522",
		.says = "https://login.example (302)"},
	{.http = 301,
		.location = "/otlp/",
		.class = OG_SEND_REDIRECT,
		.finding = "OG522",
		.says = "another path"},
	{.http = 418, .class = OG_SEND_STATUS, .finding = "OG522", .says = "418"},
	/* what echoes the credential is not quoted */
	{.http = 500,
		.type = "text/plain",
		.body = "you sent Authorization: Basic MTIzOnNlY3JldA==",
		.class = OG_SEND_SERVER_ERROR,
		.finding = "OG523"},
	{.http = 400,
		.type = "text/plain",
		.body = "bad token glc_secret",
		.class = OG_SEND_MALFORMED,
		.finding = "OG713"},
	{.http = 500,
		.type = "text/plain",
		.body = "a\x1b[31mb\r\nc",
		.class = OG_SEND_SERVER_ERROR,
		.finding = "OG523",
		.says = "a?[31mb  c"},
	{.http = 500,
		.type = "text/plain",
		.body = "\xff\xfe",
		.class = OG_SEND_SERVER_ERROR,
		.finding = "OG523"},
};

static const struct og_send_id ids[] = {
	{"the Prometheus data source", OG_SV("1111")}, {"the Loki data source", OG_SV("2222")}};

static void facts_of(const struct row *r, struct og_send_facts *f)
{
	const char *h = r->headers ? r->headers : "123456:" TOKEN;
	*f = (struct og_send_facts){.signal = OG_OTLP_TRACES,
		.url = og_svz(r->url ? r->url : GATEWAY),
		.own_url = r->own_url,
		.ingest = r->ingest,
		.stack_id = og_svz(r->stack_id),
		.ids = ids,
		.nids = OG_COUNT(ids),
		.shape = shape_of(!*h || strncmp(h, "Authorization=", 14) == 0 ? h : basic(h))};
}

static bool in(struct og_sv text, const char *needle)
{
	return og_sv_has(text, og_svz(needle));
}

START_TEST(answers)
{
	const struct row *r = &rows[_i];
	struct og_send_verdict v;
	struct og_send_facts f;
	struct og_send_seen s = {.http = r->http,
		.content_type = og_svz(r->type),
		.location = og_svz(r->location),
		.body = og_svz(r->body)};
	facts_of(r, &f);
	og_send_judge(&f, &s, &arena, &v);
	ck_assert_msg(v.class == r->class, "row %d: %s, %.*s", _i, og_send_class_name(v.class),
		OG_SV_ARG(v.message));
	ck_assert_msg((v.finding == NULL) == (r->finding == NULL) &&
			      (!v.finding || strcmp(v.finding, r->finding) == 0),
		"row %d: %s", _i, v.finding ? v.finding : "none");
	ck_assert_int_eq(v.ok, r->class == OG_SEND_ACCEPTED || r->class == OG_SEND_WARNED);
	ck_assert_msg(!r->says || in(v.message, r->says), "row %d: %.*s", _i, OG_SV_ARG(v.message));
	ck_assert_msg(!r->fix || in(v.fix, r->fix), "row %d: %.*s", _i, OG_SV_ARG(v.fix));
	ck_assert_msg(v.ok == (v.fix.n == 0), "row %d: fix %.*s", _i, OG_SV_ARG(v.fix));
	ck_assert(v.message.n > 0);
	ck_assert(
		!in(v.message, "glc_e") && !in(v.message, "c2VjcmV0") && !in(v.message, "secret"));
	for (size_t i = 0; i < v.message.n; i++)
		ck_assert((unsigned char)v.message.p[i] >= 0x20);
	ck_assert(og_utf8_valid(v.message.p, v.message.n));
}
END_TEST

START_TEST(waits)
{
	static const struct {
		const char *header;
		int64_t s;
	} w[] = {{"30", 30}, {" 7 ", 7}, {"", -1}, {"-1", -1}, {"soon", -1}, {"99999999999", -1}};
	for (size_t i = 0; i < OG_COUNT(w); i++) {
		struct og_send_verdict v;
		struct og_send_facts f;
		struct og_send_seen s = {.http = 429, .retry_after = og_svz(w[i].header)};
		facts_of(&rows[0], &f);
		og_send_judge(&f, &s, &arena, &v);
		ck_assert_int_eq(v.retry_after_s, w[i].s);
		ck_assert_int_eq(in(v.message, "asks to wait"), w[i].s >= 0);
	}
}
END_TEST

START_TEST(no_answers)
{
	static const struct {
		struct og_send_seen s;
		enum og_send_class class;
		const char *says;
	} silent[] = {
		{{.code = -OG_E_PARSE}, OG_SEND_NO_HTTP, "no HTTP"},
		{{.code = -OG_E_PARSE, .speaks_tls = true}, OG_SEND_TLS_SERVER, "speaks TLS"},
		{{.code = -OG_E_PARSE, .speaks_http2 = true}, OG_SEND_HTTP2_ONLY, "gRPC"},
		{{.code = -OG_E_IO, .reset = true}, OG_SEND_CUT, "ends the connection"},
		{{.code = -OG_E_IO, .refused = true}, OG_SEND_REFUSED, "nothing listens"},
		{{.code = -OG_E_TIMEOUT}, OG_SEND_NO_ANSWER, "in time"},
		{{.code = -OG_E_LIMIT}, OG_SEND_NOT_OTLP, "larger"},
		{{.code = -OG_E_OOM}, OG_SEND_LOCAL, "nothing was sent"},
		{{.code = -OG_E_INVALID}, OG_SEND_BAD_TARGET, "nothing was sent"},
	};
	for (size_t i = 0; i < OG_COUNT(silent); i++) {
		struct og_send_verdict v;
		struct og_send_facts f;
		facts_of(&rows[0], &f);
		og_send_judge(&f, &silent[i].s, &arena, &v);
		ck_assert_msg(v.class == silent[i].class, "row %zu: %.*s", i, OG_SV_ARG(v.message));
		ck_assert(in(v.message, silent[i].says) && !v.ok);
	}
}
END_TEST

START_TEST(connections)
{
	static const struct {
		enum og_dial_step step;
		enum og_dial_why why;
		bool proxied;
		enum og_send_class class;
		enum og_send_link link;
	} dials[] = {
		{OG_DIAL_END, OG_DIAL_OK, false, OG_SEND_ACCEPTED, OG_LINK_NONE},
		{OG_DIAL_DNS, OG_DIAL_NO_NAME, false, OG_SEND_NO_NAME, OG_LINK_DNS},
		{OG_DIAL_DNS, OG_DIAL_NO_DNS, false, OG_SEND_NO_DNS, OG_LINK_DNS},
		{OG_DIAL_DNS, OG_DIAL_NO_NAME, true, OG_SEND_PROXY_UNREACHABLE, OG_LINK_PROXY},
		{OG_DIAL_TCP, OG_DIAL_REFUSED, false, OG_SEND_REFUSED, OG_LINK_TCP},
		{OG_DIAL_TCP, OG_DIAL_REFUSED, true, OG_SEND_PROXY_UNREACHABLE, OG_LINK_PROXY},
		{OG_DIAL_TCP, OG_DIAL_TIMEOUT, false, OG_SEND_CONNECT_TIMEOUT, OG_LINK_TCP},
		{OG_DIAL_TCP, OG_DIAL_UNREACHABLE, false, OG_SEND_UNREACHABLE, OG_LINK_TCP},
		{OG_DIAL_PROXY, OG_DIAL_PROXY_AUTH, true, OG_SEND_PROXY_AUTH, OG_LINK_PROXY},
		{OG_DIAL_PROXY, OG_DIAL_PROXY_DENIED, true, OG_SEND_PROXY_DENIED, OG_LINK_PROXY},
		{OG_DIAL_PROXY, OG_DIAL_PROXY_NO_HTTP, true, OG_SEND_PROXY_NO_HTTP, OG_LINK_PROXY},
		{OG_DIAL_TLS, OG_DIAL_PLAINTEXT, false, OG_SEND_PLAIN_SERVER, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CERT_UNKNOWN_CA, false, OG_SEND_UNKNOWN_CA, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CERT_EXPIRED, false, OG_SEND_EXPIRED, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CERT_NOT_YET, true, OG_SEND_NOT_YET, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CERT_HOST, false, OG_SEND_WRONG_HOST, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CERT_OTHER, false, OG_SEND_CERT_OTHER, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CLIENT_CERT, false, OG_SEND_CLIENT_CERT, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_NO_PROTOCOL, false, OG_SEND_HTTP2_ONLY, OG_LINK_HTTP},
		{OG_DIAL_TLS, OG_DIAL_TIMEOUT, false, OG_SEND_TLS_OTHER, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_CUT, false, OG_SEND_TLS_OTHER, OG_LINK_TLS},
		{OG_DIAL_TLS, OG_DIAL_LOCAL, false, OG_SEND_LOCAL, OG_LINK_CONFIG},
	};
	for (size_t i = 0; i < OG_COUNT(dials); i++) {
		struct og_dial_result d = {.step = dials[i].step,
			.why = dials[i].why,
			.cert = {.present = dials[i].step == OG_DIAL_TLS,
				.subject = "CN=x",
				.issuer = "CN=corporate proxy",
				.not_after = 253402300799,
				.sha256 = "0123456789abcdef0123456789abcdef"}};
		struct og_send_verdict v;
		struct og_send_facts f;
		facts_of(&rows[0], &f);
		f.proxied = dials[i].proxied;
		(void)snprintf(d.err.msg, sizeof(d.err.msg), "what happened");
		og_send_judge_dial(&f, &d, &arena, &v);
		ck_assert_msg(
			v.class == dials[i].class, "row %zu: %s", i, og_send_class_name(v.class));
		ck_assert_int_eq(v.link, dials[i].link);
		ck_assert_int_eq(v.ok, dials[i].why == OG_DIAL_OK);
		ck_assert(v.ok || (in(v.message, "what happened") && v.fix.n));
		ck_assert_int_eq(in(v.message, "issuer CN=corporate proxy"), d.cert.present);
	}
}
END_TEST

START_TEST(compared)
{
	struct og_send_verdict v[OG_OTLP_SIGNAL_COUNT_];
	struct og_send_verdict *p[] = {&v[0], &v[1], &v[2], NULL};
	static const enum og_send_class before[][3] = {
		{OG_SEND_ACCEPTED, OG_SEND_UNAUTHORIZED, OG_SEND_NOT_FOUND},
		{OG_SEND_UNAUTHORIZED, OG_SEND_UNAUTHORIZED, OG_SEND_NOT_FOUND},
		{OG_SEND_FORBIDDEN, OG_SEND_WARNED, OG_SEND_SERVER_ERROR},
		{OG_SEND_ACCEPTED, OG_SEND_ID_OTHER, OG_SEND_THROTTLED},
	};
	static const enum og_send_class after[][3] = {
		{OG_SEND_ACCEPTED, OG_SEND_SCOPE, OG_SEND_UNROUTED},
		{OG_SEND_UNAUTHORIZED, OG_SEND_UNAUTHORIZED, OG_SEND_NOT_FOUND},
		{OG_SEND_SCOPE, OG_SEND_WARNED, OG_SEND_SERVER_ERROR},
		{OG_SEND_ACCEPTED, OG_SEND_ID_OTHER, OG_SEND_THROTTLED},
	};
	for (size_t i = 0; i < OG_COUNT(before); i++) {
		for (int s = 0; s < 3; s++)
			og_send_say(&v[s], before[i][s], OG_SV("m"), OG_SV("f"));
		og_send_compare(p, &arena);
		for (int s = 0; s < 3; s++)
			ck_assert_int_eq(v[s].class, after[i][s]);
	}
	og_send_say(&v[0], OG_SEND_ACCEPTED, OG_SV("m"), OG_SV(""));
	og_send_say(&v[1], OG_SEND_UNAUTHORIZED, OG_SV("m"), OG_SV("f"));
	og_send_compare(p, &arena);
	ck_assert(in(v[1].message, "lacks the scope traces:write"));
	ck_assert(in(v[1].fix, "traces:write"));
}
END_TEST

START_TEST(words)
{
	for (int c = 0; c < OG_SEND_CLASS_COUNT_; c++) {
		ck_assert_ptr_nonnull(og_send_class_name((enum og_send_class)c));
		ck_assert_str_ne(og_send_link_name(og_send_class_link((enum og_send_class)c)), "?");
		for (int d = 0; d < c; d++)
			ck_assert_str_ne(og_send_class_name((enum og_send_class)c),
				og_send_class_name((enum og_send_class)d));
	}
	for (int c = 0; c < OG_SEND_CLASS_COUNT_; c++) {
		const char *id = og_send_class_finding((enum og_send_class)c);
		ck_assert_msg(!id || og_finding_def(og_svz(id)), "%s", id);
	}
	ck_assert_str_eq(og_send_class_name(OG_SEND_CLASS_COUNT_), "?");
	ck_assert_str_eq(og_send_link_name(OG_SEND_LINK_COUNT_), "?");
	ck_assert_ptr_null(og_send_class_finding(OG_SEND_ACCEPTED));
}
END_TEST

START_TEST(no_memory)
{
	struct og_send_verdict v;
	struct og_send_facts f;
	struct og_send_seen s = {.http = 401, .body = OG_SV("invalid scope")};
	facts_of(&rows[0], &f);
	og_mem_fault_arm(1, true);
	og_send_judge(&f, &s, &arena, &v);
	og_mem_fault_disarm();
	ck_assert_int_eq(v.class, OG_SEND_SCOPE);
	ck_assert_uint_eq(v.message.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("send");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, shapes);
	tcase_add_test(t, shapes_of_pairs);
	tcase_add_test(t, header_lines);
	tcase_add_loop_test(t, answers, 0, (int)OG_COUNT(rows));
	tcase_add_test(t, waits);
	tcase_add_test(t, no_answers);
	tcase_add_test(t, connections);
	tcase_add_test(t, compared);
	tcase_add_test(t, words);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
