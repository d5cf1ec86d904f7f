/* SPDX-License-Identifier: Apache-2.0 */
/* Base URLs as people paste them, and stacks as grafana.com describes them. */
#include "otelgate/grafana/discovery.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/url.h"
#include "support/script_server.h"
#include "support/suite.h"

static struct og_arena arena;
static struct og_gf_stack stack;
static struct og_err err;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	err = (struct og_err)OG_ERR_INIT;
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

#define CLOUD_P "https://prometheus-prod-13-prod-us-east-0.grafana.net"
#define P	OG_GF_PROMETHEUS
#define L	OG_GF_LOKI
#define T	OG_GF_TEMPO
#define Y	OG_GF_PYROSCOPE

static const struct {
	enum og_gf_backend b;
	const char *text, *url, *note;
} pasted[] = {
	{P, CLOUD_P, CLOUD_P "/api/prom", "the path of Grafana Cloud was added: /api/prom"},
	{P, CLOUD_P "/", CLOUD_P "/api/prom", "the path of Grafana Cloud was added: /api/prom"},
	{P, CLOUD_P "/api/prom", CLOUD_P "/api/prom", ""},
	{P, CLOUD_P "/api/prom///", CLOUD_P "/api/prom", ""},
	{P, CLOUD_P "/api/prom/push", CLOUD_P "/api/prom",
		"the end of the path was left out: /push"},
	{P, CLOUD_P "/api/prom/api/v1/query", CLOUD_P "/api/prom",
		"the end of the path was left out: /api/v1/query"},
	{P, CLOUD_P "/api/prom/api/v1/query_range", CLOUD_P "/api/prom",
		"the end of the path was left out: /api/v1/query_range"},
	{P, CLOUD_P "/api/v1/write", CLOUD_P "/api/prom",
		"the end of the path was left out: /api/v1/write; the path of Grafana Cloud was "
		"added: /api/prom"},
	{P, "http://127.0.0.1:9090", "http://127.0.0.1:9090", ""},
	{P, "http://[::1]:9090/", "http://[::1]:9090", ""},
	{P, "http://localhost/prometheus/api/v1/", "http://localhost/prometheus",
		"the end of the path was left out: /api/v1/"},
	{P, "https://mimir.example/prometheus", "https://mimir.example/prometheus", ""},
	{P, "https://x.example/pushed", "https://x.example/pushed", ""},
	{P, " https://x.example \n", "https://x.example", ""},
	{P, "https://g.grafana.net/api/datasources/proxy/uid/grafanacloud-prom",
		"https://g.grafana.net/api/datasources/proxy/uid/grafanacloud-prom", ""},
	{L, "https://logs-prod-006.grafana.net", "https://logs-prod-006.grafana.net", ""},
	{L, "https://logs-prod-006.grafana.net/loki/api/v1/push",
		"https://logs-prod-006.grafana.net",
		"the end of the path was left out: /loki/api/v1/push"},
	{L, "https://logs.example/loki/", "https://logs.example",
		"the end of the path was left out: /loki/"},
	{L, "https://logs.example/loki-read", "https://logs.example/loki-read", ""},
	{T, "tempo-prod-04-prod-us-east-0.grafana.net:443",
		"https://tempo-prod-04-prod-us-east-0.grafana.net:443/tempo",
		"https:// was added; the path of Grafana Cloud was added: /tempo"},
	{T, "https://tempo-prod-04.grafana.net/tempo", "https://tempo-prod-04.grafana.net/tempo",
		""},
	{T, "https://tempo-prod-04.grafana.net/tempo/api/search",
		"https://tempo-prod-04.grafana.net/tempo",
		"the end of the path was left out: /api/search"},
	{T, "http://localhost:3200/api/v2/traces/1", "http://localhost:3200",
		"the end of the path was left out: /api/v2/traces/1"},
	{Y, "https://profiles-prod-001.grafana.net", "https://profiles-prod-001.grafana.net", ""},
	{Y, "https://profiles-prod-001.grafana.net/ingest", "https://profiles-prod-001.grafana.net",
		"the end of the path was left out: /ingest"},
	{Y, "https://p.example/querier.v1.QuerierService/Series", "https://p.example",
		"the end of the path was left out: /querier.v1.QuerierService/Series"},
	{OG_GF_COUNT_, "https://grafana.com/", "https://grafana.com", ""},
};

START_TEST(base_urls)
{
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_auto_buf struct og_buf note = OG_BUF_INIT(0);
	ck_assert_msg(og_gf_base_url(
			      pasted[_i].b, og_svz(pasted[_i].text), false, &url, &note, &err) == 0,
		"%s", err.msg);
	ck_assert_str_eq(url.p, pasted[_i].url);
	ck_assert_str_eq(note.p ? note.p : "", pasted[_i].note);
	/* what came out stays as it is */
	og_auto_buf struct og_buf again = OG_BUF_INIT(0);
	og_buf_reset(&note);
	ck_assert_int_eq(
		og_gf_base_url(pasted[_i].b, og_buf_view(&url), false, &again, &note, &err), 0);
	ck_assert_str_eq(again.p, pasted[_i].url);
	ck_assert_uint_eq(note.len, 0);
}
END_TEST

static const char *const no_urls[] = {"", "https://", "http://prometheus.example",
	"ftp://x.example", "https://user:glc_pw@x.example", "https://glc_token@x.example",
	"https://x.example?token=glc_1", "https://x.example/#a", "https://x.example/a b",
	"https://x.example/\r\nHost: y", "file:///etc/passwd", "http://127.0.0.1.evil.example",
	"http://localhost.evil.example", "https://x.example:99999", "http://2130706433/",
	"http://[::ffff:127.0.0.1]/", "glc_token", "https://exa mple", "//x.example"};

START_TEST(what_is_no_base_url)
{
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_auto_buf struct og_buf note = OG_BUF_INIT(0);
	int rc = og_gf_base_url(P, og_svz(no_urls[_i]), false, &url, &note, &err);
	if (strcmp(no_urls[_i], "glc_token") == 0) {
		/* "_" is in no host name that TLS knows, but in URLs */
		ck_assert(rc < 0 || og_sv_is(og_buf_view(&url), "https://glc_token"));
		return;
	}
	ck_assert_int_lt(rc, 0);
	ck_assert_str_ne(err.msg, "");
	ck_assert_ptr_null(strstr(err.msg, "glc_"));
}
END_TEST

START_TEST(plain_http_when_allowed)
{
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_auto_buf struct og_buf note = OG_BUF_INIT(0);
	ck_assert_int_eq(og_gf_base_url(P, OG_SV("http://prometheus.monitoring.svc:9090"), true,
				 &url, &note, &err),
		0);
	ck_assert_str_eq(url.p, "http://prometheus.monitoring.svc:9090");
}
END_TEST

#define STACK                                                                                      \
	"{\"id\":12345,\"orgId\":6,\"slug\":\"acme\",\"name\":\"acme.grafana.net\",\"url\":"       \
	"\"https://acme.grafana.net\",\"status\":\"active\",\"regionSlug\":\"prod-eu-west-2\","    \
	"\"clusterSlug\":\"prod-eu-west-2\",\"hmInstancePromUrl\":"                                \
	"\"https://prometheus-prod-24-prod-eu-west-2.grafana.net\",\"hmInstancePromId\":111,"      \
	"\"hlInstanceUrl\":\"https://logs-prod-012.grafana.net\",\"hlInstanceId\":222,"            \
	"\"htInstanceUrl\":\"https://tempo-prod-10-prod-eu-west-2.grafana.net\",\"htInstanceId\":" \
	"333,\"hpInstanceUrl\":\"https://profiles-prod-002.grafana.net\",\"hpInstanceId\":\"444\"}"

static void read_stack(const char *text)
{
	ck_assert_msg(og_gf_stack_read(og_svz(text), &arena, &stack, &err) == 0, "%s", err.msg);
}
#define ck_sv(got, want) ck_assert_msg(og_sv_eq((got), og_svz(want)), "%.*s", OG_SV_ARG(got))

START_TEST(a_stack)
{
	char text[] = STACK;
	read_stack(text);
	memset(text, 'x', sizeof(text)); /* nothing is a view of it */
	ck_sv(stack.slug, "acme");
	ck_sv(stack.status, "active");
	ck_sv(stack.id, "12345");
	ck_sv(stack.cluster, "prod-eu-west-2");
	ck_sv(stack.grafana_url, "https://acme.grafana.net");
	ck_sv(stack.backend[P].url, "https://prometheus-prod-24-prod-eu-west-2.grafana.net");
	ck_sv(stack.backend[P].user, "111");
	ck_sv(stack.backend[L].user, "222");
	ck_sv(stack.backend[T].user, "333");
	ck_sv(stack.backend[Y].url, "https://profiles-prod-002.grafana.net");
	ck_sv(stack.backend[Y].user, "444");
	ck_sv(stack.otlp.url, "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp");
	ck_sv(stack.otlp.user, "12345");
	ck_assert(stack.otlp_derived);
	ck_sv(stack.missing, "");
	ck_sv(stack.note, "");
}
END_TEST

/* One field is replaced in a good answer; what must be said, and what must not be taken. */
static const struct {
	const char *field, *value, *missing, *note;
} hostile[] = {
	{"hlInstanceUrl", "null", "hlInstanceUrl is missing", ""},
	{"hlInstanceUrl", "7", "hlInstanceUrl is no URL", ""},
	{"hlInstanceUrl", "\"\"", "hlInstanceUrl is missing", ""},
	{"hlInstanceUrl", "\"http://logs.grafana.net\"", "hlInstanceUrl is no https URL", ""},
	{"hlInstanceUrl", "\"https://u:p@logs.grafana.net\"", "hlInstanceUrl is no https URL", ""},
	{"hlInstanceUrl", "\"javascript:alert(1)\"", "hlInstanceUrl is no https URL", ""},
	{"hlInstanceUrl", "\"file:///etc/passwd\"", "hlInstanceUrl is no https URL", ""},
	{"hlInstanceUrl", "\"https://x.grafana.net\\r\\nHost: y\"", "hlInstanceUrl is no https",
		""},
	{"hlInstanceUrl", "\"https://logs.evil.example\"", "",
		"credentials would go to logs.evil.example"},
	{"hlInstanceUrl", "\"https://evilgrafana.net\"", "",
		"credentials would go to evilgrafana.net"},
	{"hlInstanceUrl", "\"https://x.grafana.net.evil.example\"", "",
		"credentials would go to x.grafana.net.evil.example"},
	{"hlInstanceUrl", "\"http://127.0.0.1:3100\"", "", "credentials would go to 127.0.0.1"},
	{"hmInstancePromId", "0", "hmInstancePromId is no id", ""},
	{"hmInstancePromId", "-4", "hmInstancePromId is no id", ""},
	{"hmInstancePromId", "1.5", "hmInstancePromId is no id", ""},
	{"hmInstancePromId", "\"1:glc_x\"", "hmInstancePromId is no id", ""},
	{"hmInstancePromId", "{}", "hmInstancePromId is no id", ""},
	{"regionSlug", "\"evil.example/x?\"",
		"regionSlug is no name, the OTLP gateway cannot be derived", ""},
	{"regionSlug", "\"a.evil.example\"", "the OTLP gateway cannot be derived", ""},
	{"regionSlug", "null", "regionSlug is missing, the OTLP gateway cannot be derived", ""},
	{"status", "\"act\\nive\"", "status is no name", ""},
	{"id", "null", "id is missing", ""},
	{"slug", "\"<b>\"", "slug is no name", ""},
};

static const char *replaced(const char *field, const char *value)
{
	static char out[4096];
	char name[64];
	(void)snprintf(name, sizeof(name), "\"%s\":", field);
	const char *at = strstr(STACK, name);
	ck_assert_ptr_nonnull(at);
	at += strlen(name);
	size_t n = *at == '"' ? strcspn(at + 1, "\"") + 2 : strcspn(at, ",}");
	(void)snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - STACK), STACK, value, at + n);
	return out;
}

START_TEST(odd_and_hostile_fields)
{
	read_stack(replaced(hostile[_i].field, hostile[_i].value));
	ck_assert_msg(og_sv_starts(stack.missing, og_svz(hostile[_i].missing)), "%.*s",
		OG_SV_ARG(stack.missing));
	ck_assert((stack.missing.n == 0) == (hostile[_i].missing[0] == '\0'));
	ck_sv(stack.note, hostile[_i].note);
	ck_assert(!og_sv_has(stack.missing, OG_SV("glc_")));
	ck_assert(
		og_sv_has(stack.missing, OG_SV("hlInstanceUrl")) == (stack.backend[L].url.n == 0));
	ck_assert(og_sv_has(stack.missing, OG_SV("hmInstancePromId")) ==
		  (stack.backend[P].user.n == 0));
	ck_assert(og_sv_has(stack.missing, OG_SV("gateway")) == (stack.otlp.url.n == 0));
}
END_TEST

static const char *const no_stacks[] = {"", "null", "[]", "{}", "{\"code\":\"NotFound\"}", "\"x\"",
	"{\"id\":1", "<html>", "{\"id\":null,\"slug\":null}", "{\"id\":1,\"id\":2}"};

START_TEST(what_is_no_stack)
{
	ck_assert_int_lt(og_gf_stack_read(og_svz(no_stacks[_i]), &arena, &stack, &err), 0);
	ck_assert_str_ne(err.msg, "");
}
END_TEST

START_TEST(what_is_given_wins)
{
	read_stack(STACK);
	struct og_gf_stack given = {.otlp = {.url = OG_SV("https://otlp.example/otlp")}};
	given.backend[L].user = OG_SV("999");
	og_gf_stack_merge(&stack, &given);
	ck_sv(stack.otlp.url, "https://otlp.example/otlp");
	ck_sv(stack.otlp.user, "12345");
	ck_assert(!stack.otlp_derived);
	ck_sv(stack.backend[L].user, "999");
	ck_sv(stack.backend[L].url, "https://logs-prod-012.grafana.net");
	ck_sv(stack.backend[P].user, "111");
}
END_TEST

START_TEST(slugs)
{
	static const char *const good[] = {"acme", "a", "1a", "a-b"};
	static const char *const bad[] = {"", "-a", "A", "a.b", "a/b", "../x", "a b", "a?b", "a%2f",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	for (size_t i = 0; i < OG_COUNT(good); i++)
		ck_assert(og_gf_slug_is_valid(og_svz(good[i])));
	for (size_t i = 0; i < OG_COUNT(bad); i++)
		ck_assert(!og_gf_slug_is_valid(og_svz(bad[i])));
}
END_TEST

/* Over the wire. */
static struct {
	bool done, with_stack;
	enum og_gf_state state;
	enum og_gf_why why;
	char message[OG_GF_MESSAGE_BYTES + 1], user[32];
} got;

static void on_discovered(void *ctx, const struct og_gf_discovered *d)
{
	ck_assert_ptr_eq(ctx, &got);
	ck_assert(!got.done);
	got.done = true;
	got.state = d->state;
	got.why = d->why;
	got.with_stack = d->stack != NULL;
	(void)snprintf(got.message, sizeof(got.message), "%.*s", OG_SV_ARG(d->message));
	if (d->stack)
		(void)snprintf(
			got.user, sizeof(got.user), "%.*s", OG_SV_ARG(d->stack->backend[P].user));
	ck_assert(got.with_stack == (d->state == OG_GF_PRESENT));
	ck_assert((d->message.n == 0) == got.with_stack);
	ck_assert_ptr_null(strstr(got.message, "secret"));
}

static const struct {
	const char *answer;
	enum og_gf_state state;
	enum og_gf_why why;
	const char *says;
} wires[] = {
	{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" STACK,
		OG_GF_PRESENT, OG_GF_WHY_NONE, ""},
	{"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
	 "{\"code\":\"Unauthorized\",\"message\":\"token glc_secret123456 is bad\"}",
		OG_GF_AUTH_FAILED, OG_GF_WHY_CREDENTIALS,
		"grafana.com refuses the token (HTTP 401: token [redacted] is bad)"},
	{"HTTP/1.1 403 No\r\nConnection: close\r\n\r\n{\"code\":\"Forbidden\",\"message\":"
	 "\"missing scope stacks:read\"}",
		OG_GF_FORBIDDEN, OG_GF_WHY_SCOPE, "stacks:read"},
	{"HTTP/1.1 404 No\r\nConnection: close\r\n\r\n{\"code\":\"NotFound\",\"message\":\"Instance "
	 "not found\"}",
		OG_GF_QUERY_ERROR, OG_GF_WHY_NOT_FOUND, "Instance not found"},
	{"HTTP/1.1 404 No\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>",
		OG_GF_WRONG_PATH, OG_GF_WHY_NOT_FOUND, "web page"},
	{"HTTP/1.1 301 Moved\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n",
		OG_GF_WRONG_PATH, OG_GF_WHY_REDIRECT, "other.example"},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>", OG_GF_WRONG_PATH, OG_GF_WHY_WEB_PAGE,
		"web page"},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"id\":1", OG_GF_BACKEND_ERROR,
		OG_GF_WHY_SHAPE, "cannot be used"},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE,
		"neither id nor slug"},
};

START_TEST(over_the_wire)
{
	static const struct og_httpc_opts http = {.user_agent = "test/1"};
	struct ss_step steps[2] = {{wires[_i].answer, 0, SS_CLOSE}, {NULL, 0, SS_KEEP}};
	struct ss *srv = ss_start(NULL, steps, NULL);
	struct og_loop *l;
	struct og_httpc *c;
	og_auto_secret struct og_secret token = OG_SECRET_INIT;
	ck_assert_ptr_nonnull(srv);
	ck_assert_int_eq(og_secret_set(&token, "glc_secret", 10, NULL), 0);
	ck_assert_int_eq(og_loop_new(NULL, &l, NULL), 0);
	ck_assert_int_eq(og_httpc_new(l, &http, &c, NULL), 0);
	struct og_gf_discovery_opts o = {.loop = l, .http = c, .slug = OG_SV("acme")};
	o.url = og_svz(ss_url(srv, "/"));
	o.token = &token;
	ck_assert_msg(og_gf_discover(&o, &got, on_discovered, NULL, &err) == 0, "%s", err.msg);
	for (int i = 0; i < 2000 && !got.done; i++)
		(void)og_loop_turn(l, 100);
	ck_assert(got.done);
	ck_assert_msg(got.state == wires[_i].state && got.why == wires[_i].why, "%s %s: %s",
		og_gf_state_name(got.state), og_gf_why_name(got.why), got.message);
	ck_assert_msg(strstr(got.message, wires[_i].says) != NULL, "%s", got.message);
	ck_assert(!got.with_stack || strcmp(got.user, "111") == 0);
	const char *q = ss_seen(srv, 0);
	ck_assert_ptr_nonnull(strstr(q, "GET /api/instances/acme HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(q, "\r\nAuthorization: Bearer glc_secret\r\n"));
	og_httpc_free(c);
	og_loop_free(l);
	ss_stop(srv);
}
END_TEST

START_TEST(what_cannot_be_looked_up)
{
	static const struct og_httpc_opts http = {.user_agent = "test/1"};
	struct og_loop *l;
	struct og_httpc *c;
	struct og_gf_discovery *d = NULL;
	og_auto_secret struct og_secret token = OG_SECRET_INIT;
	ck_assert_int_eq(og_loop_new(NULL, &l, NULL), 0);
	ck_assert_int_eq(og_httpc_new(l, &http, &c, NULL), 0);
	struct og_gf_discovery_opts o = {.loop = l, .http = c, .slug = OG_SV("acme")};
	o.token = &token;
	ck_assert_int_eq(og_gf_discover(&o, &got, on_discovered, &d, &err), -OG_E_INVALID);
	ck_assert_ptr_nonnull(strstr(err.msg, "stacks:read"));
	ck_assert_int_eq(og_secret_set(&token, "glc_secret", 10, NULL), 0);
	o.slug = OG_SV("../users");
	ck_assert_int_eq(og_gf_discover(&o, &got, on_discovered, &d, &err), -OG_E_INVALID);
	o.slug = OG_SV("acme");
	o.url = OG_SV("http://grafana.example");
	ck_assert_int_eq(og_gf_discover(&o, &got, on_discovered, &d, &err), -OG_E_INVALID);
	/* cancelled before it was sent */
	o.url = OG_SV("http://127.0.0.1:1");
	ck_assert_int_eq(og_gf_discover(&o, &got, on_discovered, &d, &err), 0);
	og_gf_discovery_cancel(d);
	og_gf_discovery_cancel(NULL);
	(void)og_loop_turn(l, 0);
	ck_assert(!got.done);
	og_httpc_free(c);
	og_loop_free(l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grafana/discovery");
	TCase *tc = tcase_create("discovery");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, base_urls, 0, (int)OG_COUNT(pasted));
	tcase_add_loop_test(tc, what_is_no_base_url, 0, (int)OG_COUNT(no_urls));
	tcase_add_test(tc, plain_http_when_allowed);
	tcase_add_test(tc, a_stack);
	tcase_add_loop_test(tc, odd_and_hostile_fields, 0, (int)OG_COUNT(hostile));
	tcase_add_loop_test(tc, what_is_no_stack, 0, (int)OG_COUNT(no_stacks));
	tcase_add_test(tc, what_is_given_wins);
	tcase_add_test(tc, slugs);
	tcase_add_loop_test(tc, over_the_wire, 0, (int)OG_COUNT(wires));
	tcase_add_test(tc, what_cannot_be_looked_up);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
