/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulated cloud share. */
#include <stdio.h>
#include <stdlib.h>
#include "cloud/test.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/percent.h"
#include "support/http_client.h"

struct og_cloud *cloud;
struct og_buf answer;
char answer_head[4096];
static char ring[16][24];
static char *quotes[16];
static unsigned at;

void cloud_setup(void)
{
	struct og_err err = OG_ERR_INIT;

	og_buf_init(&answer, 0);
	ck_assert_msg(og_cloud_start(NULL, &cloud, &err) == 0, "%s", err.msg);
}

void cloud_teardown(void)
{
	og_cloud_stop(cloud);
	cloud = NULL;
	og_buf_fini(&answer);
	for (size_t i = 0; i < OG_COUNT(quotes); i++) {
		og_free(quotes[i]);
		quotes[i] = NULL;
	}
}

TCase *cloud_case(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, cloud_setup, cloud_teardown);
	suite_add_tcase(s, t);
	return t;
}

int ask(const struct ask *a)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0), basic = OG_BUF_INIT(0);
	struct hc c;
	struct hc_resp r = {0};
	const char *user = a->user ? a->user : og_cloud_user(cloud, a->host);
	const char *token = a->token ? a->token : OG_CLOUD_TOKEN_ALL;
	size_t n = a->n || !a->body ? a->n : strlen(a->body);
	bool sent;

	og_buf_fmt(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\n", a->method ? a->method : "GET",
		a->path);
	if (*token && !*user) {
		og_buf_fmt(&b, "Authorization: Bearer %s\r\n", token);
	} else if (*token) {
		og_buf_fmt(&basic, "%s:%s", user, token);
		og_buf_lit(&b, "Authorization: Basic ");
		og_base64_encode(&b, og_buf_view(&basic));
		og_buf_lit(&b, "\r\n");
	}
	if (a->type)
		og_buf_fmt(&b, "Content-Type: %s\r\n", a->type);
	if (a->body)
		og_buf_fmt(&b, "Content-Length: %zu\r\n", n);
	og_buf_fmt(&b, "%s\r\n", a->headers ? a->headers : "");
	if (a->body)
		og_buf_add(&b, a->body, n);
	og_buf_reset(&answer);
	og_buf_lit(&answer, "");
	answer_head[0] = '\0';
	if (!hc_open(&c, og_cloud_port(cloud, a->host), NULL))
		return 0;
	og_buf_init(&r.body, 0);
	sent = hc_send(&c, b.p, b.len) || a->n > 1 << 20; /* refused before its end */
	if (sent && hc_recv(&c, &r)) {
		og_buf_sv(&answer, og_buf_view(&r.body));
		memcpy(answer_head, r.head, sizeof(answer_head));
	} else {
		r.status = 0;
	}
	hc_resp_fini(&r);
	hc_close(&c);
	return r.status;
}

int get(enum og_cloud_host h, const char *path, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct ask a = {.host = h, .token = OG_CLOUD_TOKEN_READ};
	const char *k;
	char sep = '?';
	va_list ap;

	og_buf_str(&b, path);
	va_start(ap, path);
	while ((k = va_arg(ap, const char *))) {
		og_buf_ch(&b, sep);
		og_percent_encode(&b, og_svz(k));
		og_buf_ch(&b, '=');
		og_percent_encode(&b, og_svz(quoted(va_arg(ap, const char *))));
		sep = '&';
	}
	va_end(ap);
	a.path = b.p;
	return ask(&a);
}

int post(enum og_cloud_host h, const char *path, const char *json)
{
	return ask(&(struct ask){.host = h,
		.method = "POST",
		.path = path,
		.token = h == OG_CLOUD_GATEWAY ? OG_CLOUD_TOKEN_WRITE : OG_CLOUD_TOKEN_READ,
		.type = "application/json",
		.body = quoted(json)});
}

const char *quoted(const char *text)
{
	char **slot = &quotes[at++ % OG_COUNT(quotes)];

	og_free(*slot);
	*slot = og_strdup(text);
	ck_assert_ptr_nonnull(*slot);
	for (char *p = *slot; *p; p++)
		if (*p == '\'')
			*p = '"';
	return *slot;
}

unsigned times(const char *text)
{
	const char *want = quoted(text), *p = answer.p;
	unsigned n = 0;

	while (p && (p = strstr(p, want))) {
		n++;
		p++;
	}
	return n;
}

bool has(const char *text)
{
	return times(text) > 0;
}

bool head_has(const char *text)
{
	return strcasestr(answer_head, text) != NULL;
}

const char *ago(int64_t s)
{
	char *to = ring[at++ % OG_COUNT(ring)];

	snprintf(
		to, sizeof(ring[0]), "%lld", (long long)(og_cloud_now_ns(cloud) - s * OG_NS_PER_S));
	return to;
}

static void send_it(const char *signal, struct og_buf *b)
{
	struct og_err err = OG_ERR_INIT;

	ck_assert_msg(og_cloud_push(cloud, signal, quoted(b->p), &err) == 0, "%s", err.msg);
}

void send_counter(const char *res, int64_t s, long v)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_buf_fmt(&b,
		"{'resourceMetrics':[{%s,'scopeMetrics':[{'metrics':[{'name':'http.requests',"
		"'sum':{'aggregationTemporality':2,'isMonotonic':true,'dataPoints':[{"
		"'timeUnixNano':'%s','asInt':'%ld'}]}}]}]}]}",
		res, ago(s), v);
	send_it("metrics", &b);
}

void send_span(const char *res, int64_t s, const char *trace)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_buf_fmt(&b,
		"{'resourceSpans':[{%s,'scopeSpans':[{'scope':{'name':'lib'},'spans':[{"
		"'traceId':'%s','spanId':'0102030405060708','name':'GET /','kind':2,"
		"'startTimeUnixNano':'%s','endTimeUnixNano':'%s','attributes':[{'key':"
		"'http.response.status_code','value':{'intValue':'200'}}],'status':{}}]}]}]}",
		res, trace, ago(s), ago(s - 5));
	send_it("traces", &b);
}

void send_line(const char *res, int64_t s, const char *more)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_buf_fmt(&b,
		"{'resourceLogs':[{%s,'scopeLogs':[{'scope':{'name':'lib'},'logRecords':[{"
		"'timeUnixNano':'%s','severityNumber':9,'severityText':'INFO','body':{"
		"'stringValue':'hello'}%s}]}]}]}",
		res, ago(s), more);
	send_it("logs", &b);
}

int main(void)
{
	SRunner *sr = srunner_create(suite_write());
	int failed;

	srunner_add_suite(sr, suite_prom());
	srunner_add_suite(sr, suite_loki());
	srunner_add_suite(sr, suite_tempo());
	srunner_add_suite(sr, suite_pyroscope());
	srunner_add_suite(sr, suite_access());
	srunner_add_suite(sr, suite_faults());
	srunner_add_suite(sr, suite_pipeline());
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
