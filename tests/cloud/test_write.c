/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway: what it takes and what it refuses. */
#include <zlib.h>
#include "cloud/cloud-priv.h"
#include "cloud/test.h"
#include "otelgate/base/clock.h"

static int send_hits(int temporality, const char *ts)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_buf_fmt(&b, "{'resourceMetrics':[{" RESOURCE("web-1"));
	og_buf_fmt(&b,
		",'scopeMetrics':[{'metrics':[{'name':'hits','sum':{'aggregationTemporality':%d,"
		"'isMonotonic':true,'dataPoints':[{'timeUnixNano':'%s','asInt':'7'}]}}]}]}]}",
		temporality, ts);
	return post(OG_CLOUD_GATEWAY, "/otlp/v1/metrics", b.p);
}

START_TEST(json_metrics_arrive)
{
	ck_assert_int_eq(send_hits(2, ago(0)), 200);
	ck_assert(head_has("application/json"));
	ck_assert_str_eq(answer.p, "{\"partialSuccess\":{}}");
	ck_assert_int_eq(get(OG_CLOUD_PROM, "/api/prom/api/v1/query", "query",
				 "hits_total{job='shop/web'}", NULL),
		200);
	ck_assert(has("'instance':'shop.web-1.app'"));
	ck_assert(has(",'7']"));
	get(OG_CLOUD_PROM, "/api/prom/api/v1/query", "query", "target_info", NULL);
	ck_assert(has("'otelgate_revision':'r1'"));
	ck_assert(!has("service_name"));
}
END_TEST

START_TEST(empty_requests_are_fine)
{
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{}"), 200);
	ck_assert_str_eq(answer.p, "{\"partialSuccess\":{}}");
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_GATEWAY,
				 .method = "POST",
				 .path = "/otlp/v1/logs",
				 .type = "application/x-protobuf",
				 .body = ""}),
		200);
	ck_assert_uint_eq(answer.len, 0);
	ck_assert(head_has("application/x-protobuf"));
}
END_TEST

static void sub(struct og_buf *b, unsigned num, struct og_buf *in)
{
	cl_pb_bytes(b, num, og_buf_view(in));
	og_buf_fini(in);
	og_buf_init(in, 0);
}

static void text_attr(struct og_buf *b, const char *k, const char *v)
{
	struct og_buf kv = OG_BUF_INIT(0), any = OG_BUF_INIT(0);

	cl_pb_bytes(&any, 1, og_svz(v));
	cl_pb_bytes(&kv, 1, og_svz(k));
	sub(&kv, 2, &any);
	sub(b, 1, &kv);
}

static void fixed64(struct og_buf *b, unsigned num, uint64_t v)
{
	og_buf_ch(b, (char)(num << 3 | 1));
	for (unsigned i = 0; i < 8; i++)
		og_buf_ch(b, (char)(v >> (8 * i)));
}

/* ResourceSpans with one span. */
static void span_request(struct og_buf *out, const char *trace_id, size_t id_bytes)
{
	struct og_buf res = OG_BUF_INIT(0), span = OG_BUF_INIT(0), scope = OG_BUF_INIT(0),
		      group = OG_BUF_INIT(0);
	uint64_t now = (uint64_t)og_cloud_now_ns(cloud);

	text_attr(&res, "service.name", "web");
	cl_pb_bytes(&span, 1, og_sv(trace_id, id_bytes));
	cl_pb_bytes(&span, 2, OG_SV("\1\2\3\4\5\6\7\x8"));
	cl_pb_bytes(&span, 5, OG_SV("GET /"));
	cl_pb_varint(&span, 6, 2);
	fixed64(&span, 7, now - 5000000);
	fixed64(&span, 8, now);
	cl_pb_varint(&span, 10, 3); /* a field that nobody reads */
	sub(&scope, 2, &span);
	sub(&group, 1, &res);
	sub(&group, 2, &scope);
	sub(out, 1, &group);
}

static int send_pb(const char *path, const void *p, size_t n, const char *headers)
{
	return ask(&(struct ask){.host = OG_CLOUD_GATEWAY,
		.method = "POST",
		.path = path,
		.type = "application/x-protobuf",
		.headers = headers,
		.body = p,
		.n = n});
}

static const char id16[] = "\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf";

START_TEST(protobuf_spans_arrive)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	span_request(&b, id16, 16);
	ck_assert_int_eq(send_pb("/otlp/v1/traces", b.p, b.len, NULL), 200);
	ck_assert_int_eq(get(OG_CLOUD_TEMPO, "/tempo/api/search", "q",
				 "{resource.service.name='web'}", NULL),
		200);
	ck_assert(has("'traceID':'102030405060708090a0b0c0d0e0f'"));
}
END_TEST

START_TEST(gzip_is_taken)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	unsigned char z[4096];
	z_stream s = {0};

	span_request(&b, id16, 16);
	ck_assert_int_eq(deflateInit2(&s, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	s.next_in = (Bytef *)b.p;
	s.avail_in = (uInt)b.len;
	s.next_out = z;
	s.avail_out = sizeof(z);
	ck_assert_int_eq(deflate(&s, Z_FINISH), Z_STREAM_END);
	deflateEnd(&s);
	ck_assert_int_eq(
		send_pb("/otlp/v1/traces", z, s.total_out, "Content-Encoding: gzip\r\n"), 200);
	ck_assert_int_eq(
		send_pb("/otlp/v1/traces", z, s.total_out / 2, "Content-Encoding: gzip\r\n"), 400);
	ck_assert_int_eq(
		send_pb("/otlp/v1/traces", z, s.total_out, "Content-Encoding: zstd\r\n"), 415);
}
END_TEST

START_TEST(protobuf_histogram_with_packed_fields)
{
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	struct og_buf res = OG_BUF_INIT(0), p = OG_BUF_INIT(0), h = OG_BUF_INIT(0),
		      m = OG_BUF_INIT(0), scope = OG_BUF_INIT(0), group = OG_BUF_INIT(0),
		      counts = OG_BUF_INIT(0), ex = OG_BUF_INIT(0);
	double bound = 0.5, value = 0.25;
	uint64_t bits, now = (uint64_t)og_cloud_now_ns(cloud);

	text_attr(&res, "service.name", "web");
	fixed64(&p, 3, now);
	fixed64(&p, 4, 5);
	memcpy(&bits, &value, 8);
	fixed64(&p, 5, bits);
	for (int i = 2; i < 4; i++) { /* 2 and 3, packed */
		uint64_t v = (uint64_t)i;

		og_buf_add(&counts, &v, 8);
	}
	sub(&p, 6, &counts);
	cl_pb_bytes(&p, 7, og_sv((const char *)&bound, 8));
	fixed64(&ex, 2, now);
	fixed64(&ex, 3, bits);
	cl_pb_bytes(&ex, 4, OG_SV("\1\2\3\4\5\6\7\x8"));
	cl_pb_bytes(&ex, 5, og_sv(id16, 16));
	sub(&p, 8, &ex);
	sub(&h, 1, &p);
	cl_pb_varint(&h, 2, 2);
	cl_pb_bytes(&m, 1, OG_SV("http.server.request.duration"));
	cl_pb_bytes(&m, 3, OG_SV("s"));
	sub(&m, 9, &h);
	sub(&scope, 2, &m);
	sub(&group, 1, &res);
	sub(&group, 2, &scope);
	sub(&out, 1, &group);
	ck_assert_int_eq(send_pb("/otlp/v1/metrics", out.p, out.len, NULL), 200);
	get(OG_CLOUD_PROM, "/api/prom/api/v1/query", "query",
		"http_server_request_duration_seconds_bucket", NULL);
	ck_assert(has("'le':'0.5'"));
	ck_assert(has(",'2']"));
	ck_assert(has("'le':'+Inf'"));
	ck_assert(has(",'5']"));
	get(OG_CLOUD_PROM, "/api/prom/api/v1/query", "query",
		"http_server_request_duration_seconds_sum", NULL);
	ck_assert(has(",'0.25']"));
	get(OG_CLOUD_PROM, "/api/prom/api/v1/query_exemplars", "query",
		"http_server_request_duration_seconds_bucket", NULL);
	ck_assert(has("'trace_id':'000102030405060708090a0b0c0d0e0f'"));
	ck_assert(has("'value':'0.25'"));
}
END_TEST

START_TEST(cut_protobuf_is_refused_in_protobuf)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	span_request(&b, id16, 16);
	for (size_t n = 1; n < b.len; n += 7) {
		struct cl_export e;
		struct og_err err = OG_ERR_INIT;
		og_auto_arena struct og_arena a;

		og_arena_init(&a, 0, 0);
		ck_assert_int_ne(cl_otlp_decode(&a, CL_TRACES, false, og_sv(b.p, n), &e, &err), 0);
	}
	ck_assert_int_eq(send_pb("/otlp/v1/traces", b.p, b.len - 1, NULL), 400);
	ck_assert(head_has("application/x-protobuf"));
	ck_assert_int_eq(answer.p[0], 8); /* code */
	ck_assert(memmem(answer.p, answer.len, "otlp parse error", 16));
}
END_TEST

START_TEST(delta_is_refused)
{
	ck_assert_int_eq(send_hits(1, ago(0)), 400);
	ck_assert(has("otlp parse error: invalid temporality and type combination for metric "
		      "\\'hits\\'"));
	ck_assert_int_eq(send_hits(0, ago(0)), 400);
	get(OG_CLOUD_PROM, "/api/prom/api/v1/query", "query", "hits_total", NULL);
	ck_assert(has("'result':[]"));
}
END_TEST

START_TEST(times_out_of_bounds_are_refused)
{
	ck_assert_int_eq(send_hits(2, ago(7200)), 400);
	ck_assert(has("err-mimir-sample-timestamp-too-old"));
	ck_assert_int_eq(send_hits(2, ago(-3600)), 400);
	ck_assert(has("err-mimir-too-far-in-future"));
	ck_assert_int_eq(send_hits(2, "12"), 400);
	/* a cloud whose clock is an hour ahead calls "now" too old */
	ck_assert_int_eq(og_cloud_config(cloud, "{\"clockOffsetMs\":7200000}", NULL), 0);
	ck_assert_int_eq(send_hits(2, ago(7200)), 400);
	ck_assert_int_eq(send_hits(2, ago(0)), 200);
}
END_TEST

START_TEST(old_lines_are_refused)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	og_buf_fmt(&b,
		"{'resourceLogs':[{" RESOURCE("web-1") ",'scopeLogs':[{'logRecords':[{"
						       "'timeUnixNano':'%s','body':{"
						       "'stringValue':'x'}}]}]}]}",
		ago(8 * 86400));
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/logs", b.p), 400);
	ck_assert(has("has timestamp too old"));
}
END_TEST

START_TEST(wrong_ids_are_refused)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	span_request(&b, id16, 8);
	ck_assert_int_eq(send_pb("/otlp/v1/traces", b.p, b.len, NULL), 400);
	ck_assert(memmem(answer.p, answer.len, "received 64 bits", 16));
	ck_assert_int_eq(
		post(OG_CLOUD_GATEWAY, "/otlp/v1/traces",
			"{'resourceSpans':[{'scopeSpans':[{'spans':[{'traceId':'xyz'}]}]}]}"),
		400);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "[]"), 400);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{"), 400);
	ck_assert(has("'code':3"));
}
END_TEST

START_TEST(method_path_and_type)
{
	ck_assert_int_eq(get(OG_CLOUD_GATEWAY, "/otlp/v1/traces", NULL), 405);
	ck_assert(head_has("Allow: POST"));
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/v1/traces", "{}"), 404);
	ck_assert(head_has("text/html"));
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp", "{}"), 404);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1development/profiles", "{}"), 404);
	ck_assert_int_eq(ask(&(struct ask){.host = OG_CLOUD_GATEWAY,
				 .method = "POST",
				 .path = "/otlp/v1/traces",
				 .type = "text/plain",
				 .body = "{}"}),
		415);
	ck_assert(has("unsupported content type"));
}
END_TEST

START_TEST(large_bodies_are_refused)
{
	size_t n = (20 << 20) + 1;
	char *body = og_calloc(n, 1);

	ck_assert_ptr_nonnull(body);
	ck_assert_int_eq(send_pb("/otlp/v1/traces", body, n, NULL), 413);
	og_free(body);
	ck_assert_int_eq(og_cloud_config(cloud, "{\"limits\":{\"bodyBytes\":10}}", NULL), 0);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{        }"), 200);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{         }"), 413);
}
END_TEST

START_TEST(partial_success_on_demand)
{
	ck_assert_int_eq(og_cloud_fault(cloud,
				 "{\"host\":\"gateway\",\"type\":\"reject\",\"n\":3,"
				 "\"text\":\"too many\"}",
				 NULL),
		0);
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{}"), 200);
	ck_assert(has("'partialSuccess':{'rejectedSpans':'3','errorMessage':'too many'}"));
	ck_assert_int_eq(post(OG_CLOUD_GATEWAY, "/otlp/v1/traces", "{}"), 200);
	ck_assert(!has("rejected"));
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct og_cloud_opts o = {.max_bytes = 4 << 20};
	struct og_cloud_seed s = {.workloads = 100000, .pods = 3};
	struct og_err err = OG_ERR_INIT;
	struct og_cloud_held h;
	struct og_cloud *c;

	ck_assert_int_eq(og_cloud_start(&o, &c, &err), 0);
	ck_assert_int_eq(og_cloud_seed(c, &s, &err), -OG_E_LIMIT);
	og_cloud_held(c, &h);
	ck_assert_uint_le(h.bytes, 12 << 20);
	og_cloud_wipe(c);
	s.workloads = 1;
	ck_assert_int_eq(og_cloud_seed(c, &s, &err), 0);
	og_cloud_stop(c);
}
END_TEST

Suite *suite_write(void)
{
	Suite *s = suite_create("write");
	TCase *t = cloud_case(s, "gateway");

	tcase_add_test(t, json_metrics_arrive);
	tcase_add_test(t, empty_requests_are_fine);
	tcase_add_test(t, protobuf_spans_arrive);
	tcase_add_test(t, protobuf_histogram_with_packed_fields);
	tcase_add_test(t, gzip_is_taken);
	tcase_add_test(t, cut_protobuf_is_refused_in_protobuf);
	tcase_add_test(t, delta_is_refused);
	tcase_add_test(t, times_out_of_bounds_are_refused);
	tcase_add_test(t, old_lines_are_refused);
	tcase_add_test(t, wrong_ids_are_refused);
	tcase_add_test(t, method_path_and_type);
	tcase_add_test(t, large_bodies_are_refused);
	tcase_add_test(t, partial_success_on_demand);
	tcase_add_test(t, memory_is_bounded);
	return s;
}
