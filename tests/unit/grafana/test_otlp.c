/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP: what is written is read back by a reader that knows the wire format alone. */
#include "otelgate/grafana/otlp.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"
#include "support/suite.h"

static const struct og_otlp_attr resource[] = {
	{OG_SV("service.name"), OG_SV("otelgate-probe")},
	{OG_SV("service.namespace"), OG_SV("otelgate")},
	{OG_SV("k8s.cluster.name"), OG_SV("prod \"1\"")},
	{OG_SV("empty"), {"", 0}},
	{OG_SV("otelgate.probe.id"), OG_SV("c0ffee")},
};
static const struct og_otlp_attr attrs[] = {{OG_SV("otelgate.probe.id"), OG_SV("c0ffee")}};

static struct og_otlp_record sample(void)
{
	return (struct og_otlp_record){.resource = resource,
		.nresource = OG_COUNT(resource),
		.attrs = attrs,
		.nattrs = OG_COUNT(attrs),
		.scope_name = OG_SV("otelgate"),
		.scope_version = OG_SV("0.1.0"),
		.start_ns = 1700000000123456789,
		.time_ns = 1700000001123456789,
		.trace_id = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff},
		.span_id = {0xa0, 1, 2, 3, 4, 5, 6, 7},
		.name = OG_SV("otelgate.probe"),
		.body = OG_SV("otelgate probe c0ffee"),
		.value = 0.1};
}

/* ---- a reader of any protobuf message ---- */

struct hit {
	unsigned type;
	uint64_t number;
	struct og_sv bytes;
};

static uint64_t varint(const unsigned char **p, const unsigned char *end)
{
	uint64_t v = 0;
	for (unsigned shift = 0;; shift += 7) {
		ck_assert(*p < end && shift < 64);
		unsigned char c = *(*p)++;
		v |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return v;
	}
}

/* The n-th field of that number; the whole message has to be well formed. */
static bool field(struct og_sv msg, unsigned number, unsigned nth, struct hit *ret)
{
	const unsigned char *p = (const unsigned char *)msg.p, *end = p + msg.n;
	bool found = false;

	while (p < end) {
		uint64_t tag = varint(&p, end), n = 0;
		struct hit h = {.type = (unsigned)tag & 7};
		if (h.type == 0) {
			h.number = varint(&p, end);
		} else {
			n = h.type == 1 ? 8 : h.type == 5 ? 4 : varint(&p, end);
			ck_assert(h.type == 1 || h.type == 2 || h.type == 5);
			ck_assert_uint_le(n, (size_t)(end - p));
			h.bytes = og_sv((const char *)p, n);
			p += n;
			for (unsigned i = 0; i < 8 && h.type == 1; i++)
				h.number |= (uint64_t)(unsigned char)h.bytes.p[i] << (8 * i);
		}
		if (tag >> 3 == number && nth-- == 0 && !found) {
			*ret = h;
			found = true;
		}
	}
	return found;
}

/* "1.2.2#1.7": fields one within another, the second where #1 stands. */
static bool walk(struct og_sv msg, const char *path, struct hit *h)
{
	h->bytes = msg;
	h->type = 2;
	while (*path) {
		char *next;
		unsigned long number = strtoul(path, &next, 10), nth = 0;
		if (*next == '#')
			nth = strtoul(next + 1, &next, 10);
		ck_assert_uint_eq(h->type, 2);
		if (!field(h->bytes, (unsigned)number, (unsigned)nth, h))
			return false;
		path = *next == '.' ? next + 1 : next;
	}
	return true;
}

static void has_text(struct og_sv msg, const char *path, const char *want)
{
	struct hit h;
	ck_assert_msg(walk(msg, path, &h), "%s is not there", path);
	ck_assert_msg(h.type == 2 && og_sv_eq(h.bytes, og_svz(want)), "%s: %.*s", path,
		OG_SV_ARG(h.bytes));
}

static void has_number(struct og_sv msg, const char *path, unsigned type, uint64_t want)
{
	struct hit h;
	ck_assert_msg(walk(msg, path, &h), "%s is not there", path);
	ck_assert_msg(h.type == type && h.number == want, "%s: %" PRIu64, path, h.number);
}

static void has_no(struct og_sv msg, const char *path)
{
	struct hit h;
	ck_assert_msg(!walk(msg, path, &h), "%s is there", path);
}

static struct og_buf encode(enum og_otlp_signal s, enum og_otlp_encoding e)
{
	struct og_buf b = OG_BUF_INIT(16384);
	struct og_otlp_record r = sample();
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_otlp_encode(&r, s, e, &b, &err) == 0, "%s", err.msg);
	return b;
}

static void has_envelope(struct og_sv m)
{
	has_text(m, "1.1.1.1", "service.name");
	has_text(m, "1.1.1.2.1", "otelgate-probe");
	has_text(m, "1.1.1#2.2.1", "prod \"1\"");
	has_text(m, "1.1.1#3.1", "otelgate.probe.id"); /* the empty one is left out */
	has_no(m, "1.1.1#4");
	has_text(m, "1.2.1.1", "otelgate");
	has_text(m, "1.2.1.2", "0.1.0");
	has_no(m, "1.2.2#1");
	has_no(m, "1#1");
}

START_TEST(metrics_on_the_wire)
{
	struct og_buf b = encode(OG_OTLP_METRICS, OG_OTLP_PROTOBUF);
	struct og_sv m = og_buf_view(&b);
	double value = 0.1;
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	has_envelope(m);
	has_text(m, "1.2.2.1", "otelgate.probe");
	has_no(m, "1.2.2.3"); /* a unit of "1" would put _ratio behind the name in Prometheus */
	has_number(m, "1.2.2.5.1.2", 1, 1700000000123456789);
	has_number(m, "1.2.2.5.1.3", 1, 1700000001123456789);
	has_number(m, "1.2.2.5.1.4", 1, bits);
	has_text(m, "1.2.2.5.1.7.1", "otelgate.probe.id");
	has_text(m, "1.2.2.5.1.7.2.1", "c0ffee");
	has_no(m, "1.2.2.7");
	og_buf_fini(&b);
}
END_TEST

START_TEST(sums_on_the_wire)
{
	static const struct {
		enum og_otlp_metric kind;
		uint64_t temporality;
	} rows[] = {{OG_OTLP_SUM_CUMULATIVE, 2}, {OG_OTLP_SUM_DELTA, 1}};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(16384);
		struct og_otlp_record r = sample();
		r.metric = rows[i].kind;
		ck_assert_int_eq(
			og_otlp_encode(&r, OG_OTLP_METRICS, OG_OTLP_PROTOBUF, &b, NULL), 0);
		has_number(og_buf_view(&b), "1.2.2.7.2", 0, rows[i].temporality);
		has_number(og_buf_view(&b), "1.2.2.7.3", 0, 1);
		has_number(og_buf_view(&b), "1.2.2.7.1.3", 1, 1700000001123456789);
		has_no(og_buf_view(&b), "1.2.2.5");
	}
}
END_TEST

START_TEST(traces_on_the_wire)
{
	struct og_buf b = encode(OG_OTLP_TRACES, OG_OTLP_PROTOBUF);
	struct og_sv m = og_buf_view(&b);
	struct og_otlp_record r = sample();
	struct hit h;
	has_envelope(m);
	ck_assert(walk(m, "1.2.2.1", &h) && h.bytes.n == 16);
	ck_assert_mem_eq(h.bytes.p, r.trace_id, 16);
	ck_assert(walk(m, "1.2.2.2", &h) && h.bytes.n == 8);
	ck_assert_mem_eq(h.bytes.p, r.span_id, 8);
	has_text(m, "1.2.2.5", "otelgate.probe");
	has_number(m, "1.2.2.6", 0, 1);
	has_number(m, "1.2.2.7", 1, 1700000000123456789);
	has_number(m, "1.2.2.8", 1, 1700000001123456789);
	has_text(m, "1.2.2.9.2.1", "c0ffee");
	has_number(m, "1.2.2.15.3", 0, 1);
	og_buf_fini(&b);
}
END_TEST

START_TEST(logs_on_the_wire)
{
	struct og_buf b = encode(OG_OTLP_LOGS, OG_OTLP_PROTOBUF);
	struct og_sv m = og_buf_view(&b);
	has_envelope(m);
	has_number(m, "1.2.2.1", 1, 1700000001123456789);
	has_number(m, "1.2.2.11", 1, 1700000001123456789);
	has_number(m, "1.2.2.2", 0, 9);
	has_text(m, "1.2.2.3", "INFO");
	has_text(m, "1.2.2.5.1", "otelgate probe c0ffee");
	has_text(m, "1.2.2.6.1", "otelgate.probe.id");
	struct hit h;
	ck_assert(walk(m, "1.2.2.9", &h) && h.bytes.n == 16);
	ck_assert(walk(m, "1.2.2.10", &h) && h.bytes.n == 8);
	og_buf_fini(&b);
}
END_TEST

START_TEST(profiles_on_the_wire)
{
	struct og_buf b = encode(OG_OTLP_PROFILES, OG_OTLP_PROTOBUF);
	struct og_sv m = og_buf_view(&b);
	has_envelope(m);
	has_number(m, "1.2.2.1.1", 0, 1);
	has_number(m, "1.2.2.1.2", 0, 2);
	has_number(m, "1.2.2.2.1", 0, 1);
	has_text(m, "1.2.2.2.4", "\x80\xad\xe2\x04"); /* packed: 10,000,000 */
	has_number(m, "1.2.2.3", 1, 1700000000123456789);
	has_number(m, "1.2.2.4", 0, 1000000000);
	has_text(m, "2.5#0", "");
	has_text(m, "2.5#1", "cpu");
	has_text(m, "2.5#2", "nanoseconds");
	has_text(m, "2.5#3", "otelgate.probe");
	has_text(m, "2.7#0", "");
	has_text(m, "2.7#1.1", "\x01");
	has_number(m, "2.2#1.3.1", 0, 1);
	has_number(m, "2.3#1.1", 0, 3);
	og_buf_fini(&b);
}
END_TEST

/* ---- JSON, by another reader ---- */

static json_t *one(const json_t *o, const char *list)
{
	json_t *v = json_object_get(o, list);
	ck_assert_msg(json_is_array(v) && json_array_size(v) == 1, "%s", list);
	return json_array_get(v, 0);
}

static json_t *parse(struct og_buf *b)
{
	json_error_t e;
	json_t *j = json_loadb(b->p, b->len, JSON_REJECT_DUPLICATES, &e);
	ck_assert_msg(j != NULL, "%s", e.text);
	og_buf_fini(b);
	return j;
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	ck_assert_msg(s != NULL, "%s", name);
	return s;
}

START_TEST(json_of_all)
{
	static const char *const lists[][3] = {{"resourceMetrics", "scopeMetrics", "metrics"},
		{"resourceSpans", "scopeSpans", "spans"},
		{"resourceLogs", "scopeLogs", "logRecords"},
		{"resourceProfiles", "scopeProfiles", "profiles"}};
	struct og_buf b = encode((enum og_otlp_signal)_i, OG_OTLP_JSON);
	json_t *j = parse(&b), *r = one(j, lists[_i][0]), *s = one(r, lists[_i][1]);
	json_t *item = one(s, lists[_i][2]);
	json_t *a = json_object_get(json_object_get(r, "resource"), "attributes");
	ck_assert_uint_eq(json_array_size(a), 4);
	ck_assert_str_eq(text(json_array_get(a, 2), "key"), "k8s.cluster.name");
	ck_assert_str_eq(
		text(json_object_get(json_array_get(a, 2), "value"), "stringValue"), "prod \"1\"");
	ck_assert_str_eq(text(json_object_get(s, "scope"), "name"), "otelgate");
	if (_i == OG_OTLP_METRICS) {
		json_t *p = one(json_object_get(item, "gauge"), "dataPoints");
		ck_assert_str_eq(text(p, "timeUnixNano"), "1700000001123456789");
		double v = json_real_value(json_object_get(p, "asDouble"));
		ck_assert(v >= 0.1 && v <= 0.1);
	} else if (_i == OG_OTLP_TRACES) {
		ck_assert_str_eq(text(item, "traceId"), "000102030405060708090a0b0c0d0eff");
		ck_assert_str_eq(text(item, "spanId"), "a001020304050607");
		ck_assert(json_is_integer(json_object_get(item, "kind")));
	} else if (_i == OG_OTLP_LOGS) {
		ck_assert_int_eq(json_integer_value(json_object_get(item, "severityNumber")), 9);
		ck_assert_str_eq(text(json_object_get(item, "body"), "stringValue"),
			"otelgate probe c0ffee");
	} else {
		json_t *d = json_object_get(j, "dictionary");
		ck_assert_uint_eq(json_array_size(json_object_get(d, "stringTable")), 4);
		ck_assert_str_eq(text(item, "durationNano"), "1000000000");
		ck_assert_str_eq(json_string_value(json_array_get(
					 json_object_get(one(item, "samples"), "values"), 0)),
			"10000000");
	}
	json_decref(j);
}
END_TEST

START_TEST(empty_requests)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(100);
	og_otlp_encode_empty(OG_OTLP_PROTOBUF, &b);
	ck_assert_uint_eq(b.len, 0);
	og_otlp_encode_empty(OG_OTLP_JSON, &b);
	ck_assert_str_eq(b.p, "{}");
}
END_TEST

/* ---- refused ---- */

static void refused(const struct og_otlp_record *r, enum og_otlp_signal s, enum og_code code)
{
	for (int e = OG_OTLP_PROTOBUF; e <= OG_OTLP_JSON; e++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(16384);
		struct og_err err = OG_ERR_INIT;
		og_buf_lit(&b, "before");
		ck_assert_int_eq(
			og_otlp_encode(r, s, (enum og_otlp_encoding)e, &b, &err), -(int)code);
		ck_assert_str_eq(b.p, "before");
		ck_assert_uint_gt(strlen(err.msg), 0);
	}
}

START_TEST(refused_records)
{
	static const char bad[] = "a\xff"
				  "b";
	static char large[OG_OTLP_MAX_TEXT + 2];
	struct og_otlp_attr many[OG_OTLP_MAX_ATTRS + 1], odd = {OG_SV("k"), og_svz(bad)};
	struct og_otlp_record r = sample();
	memset(large, 'x', sizeof(large) - 1);
	for (size_t i = 0; i < OG_COUNT(many); i++)
		many[i] = attrs[0];
	r.name = og_svz(bad);
	refused(&r, OG_OTLP_TRACES, OG_E_INVALID);
	r.name = og_sv("", 0);
	refused(&r, OG_OTLP_METRICS, OG_E_INVALID);
	r = sample();
	r.name = og_svz(large);
	refused(&r, OG_OTLP_METRICS, OG_E_LIMIT);
	r = sample();
	r.body = og_svz(bad);
	refused(&r, OG_OTLP_LOGS, OG_E_INVALID);
	r = sample();
	r.resource = many;
	r.nresource = OG_COUNT(many);
	refused(&r, OG_OTLP_LOGS, OG_E_LIMIT);
	r = sample();
	r.attrs = &odd;
	refused(&r, OG_OTLP_PROFILES, OG_E_INVALID);
	odd = (struct og_otlp_attr){{"", 0}, OG_SV("v")};
	refused(&r, OG_OTLP_LOGS, OG_E_INVALID);
	r = sample();
	r.start_ns = 0;
	refused(&r, OG_OTLP_METRICS, OG_E_INVALID);
	r = sample();
	r.time_ns = r.start_ns - 1;
	refused(&r, OG_OTLP_TRACES, OG_E_INVALID);
	r = sample();
	memset(r.trace_id, 0, sizeof(r.trace_id));
	refused(&r, OG_OTLP_TRACES, OG_E_INVALID);
	r = sample();
	memset(r.span_id, 0, sizeof(r.span_id));
	refused(&r, OG_OTLP_TRACES, OG_E_INVALID);
	r = sample();
	r.value = strtod("nan", NULL);
	refused(&r, OG_OTLP_METRICS, OG_E_INVALID);
	r.value = HUGE_VAL;
	refused(&r, OG_OTLP_METRICS, OG_E_INVALID);
	r = sample();
	refused(&r, OG_OTLP_SIGNAL_COUNT_, OG_E_INVALID);
}
END_TEST

START_TEST(too_little_room)
{
	og_auto_buf struct og_buf whole = encode(OG_OTLP_PROFILES, OG_OTLP_PROTOBUF);
	struct og_otlp_record r = sample();
	for (size_t max = 1; max < whole.len; max++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(max);
		ck_assert_int_eq(og_otlp_encode(&r, OG_OTLP_PROFILES, OG_OTLP_PROTOBUF, &b, NULL),
			-OG_E_LIMIT);
		ck_assert_uint_eq(b.len, 0);
	}
}
END_TEST

START_TEST(no_memory)
{
	struct og_otlp_record r = sample();
	og_auto_buf struct og_buf b = OG_BUF_INIT(65536);
	og_mem_fault_arm(1, true);
	int rc = og_otlp_encode(&r, OG_OTLP_LOGS, OG_OTLP_JSON, &b, NULL);
	og_mem_fault_disarm();
	ck_assert_int_eq(rc, -OG_E_OOM);
}
END_TEST

/* ---- folded ---- */

START_TEST(folded)
{
	og_auto_buf struct og_buf q = OG_BUF_INIT(8192), b = OG_BUF_INIT(8192);
	og_auto_buf struct og_buf plain = OG_BUF_INIT(8192);
	struct og_otlp_record r = sample();
	ck_assert_int_eq(og_otlp_folded(&r, &q, &b, NULL), 0);
	ck_assert_str_eq(b.p, "otelgate.probe 1\n");
	ck_assert_int_eq(og_percent_decode(og_buf_view(&q), &plain, NULL), 0);
	ck_assert_str_eq(plain.p,
		"name=otelgate-probe{service_namespace=otelgate,k8s_cluster_name=prod__1_,otelgate_probe_id=c0ffee}"
		"&from=1700000000&until=1700000001&format=folded&sampleRate=100&spyName=otelgate"
		"&units=samples&aggregationType=sum");
	ck_assert_ptr_null(strchr(q.p, '{'));
	ck_assert_ptr_null(strchr(q.p, '"'));
}
END_TEST

START_TEST(folded_keeps_to_its_labels)
{
	static const struct og_otlp_attr hostile[] = {
		{OG_SV("service.name"), OG_SV("a{b=c}&name=x")},
		{OG_SV("9 lives&format=x"), OG_SV("v,otelgate=1}\n")}};
	og_auto_buf struct og_buf q = OG_BUF_INIT(8192), b = OG_BUF_INIT(8192);
	struct og_otlp_record r = sample();
	r.resource = hostile;
	r.nresource = OG_COUNT(hostile);
	r.name = OG_SV("frame;other 5\nx");
	r.time_ns = r.start_ns;
	ck_assert_int_eq(og_otlp_folded(&r, &q, &b, NULL), 0);
	ck_assert_str_eq(b.p, "frame_other_5_x 1\n");
	ck_assert(og_sv_starts(og_buf_view(&q),
		OG_SV("name=a_b_c_%26name_x%7B_9_lives_format_x%3Dv_otelgate_1__%7D&from=")));
	ck_assert(og_sv_has(og_buf_view(&q), OG_SV("&from=1700000000&until=1700000001&")));
}
END_TEST

START_TEST(folded_refused)
{
	og_auto_buf struct og_buf q = OG_BUF_INIT(8192), b = OG_BUF_INIT(8192),
				  small = OG_BUF_INIT(20);
	struct og_otlp_record r = sample();
	r.resource++;
	r.nresource--;
	ck_assert_int_eq(og_otlp_folded(&r, &q, &b, NULL), -OG_E_INVALID);
	r = sample();
	r.name = og_sv("", 0);
	ck_assert_int_eq(og_otlp_folded(&r, &q, &b, NULL), -OG_E_INVALID);
	r = sample();
	ck_assert_int_eq(og_otlp_folded(&r, &small, &b, NULL), -OG_E_LIMIT);
}
END_TEST

/* ---- answers ---- */

#define PB   "application/x-protobuf"
#define JSON "application/json; charset=utf-8"
static const struct {
	const char *body;
	size_t n;
	const char *type;
	bool ok, readable, partial;
	int64_t rejected, code;
	const char *message;
} answers[] = {
	{"", 0, PB, true, true, false, 0, 0, ""},
	{"", 0, "", true, true, false, 0, 0, ""},
	{"", 0, "text/html", false, true, false, 0, 0, ""},
	{"\x0a\x00", 2, PB, true, true, false, 0, 0, ""},
	{"\x0a\x05\x08\x01\x12\x01x", 7, PB, true, true, true, 1, 0, "x"},
	{"\x0a\x03\x12\x01w", 5, PB, true, true, true, 0, 0, "w"},
	{"\x0a\x03\x08\xac\x02", 5, PB, true, true, true, 300, 0, ""},
	{"\x18\x07\x0a\x02\x08\x02", 6, PB, true, true, true, 2, 0, ""}, /* an unknown field */
	{"\x08\x10\x12\x02no", 6, PB, false, true, false, 0, 16, "no"},
	{"{}", 2, JSON, true, true, false, 0, 0, ""},
	{"{\"partialSuccess\":{}}", 21, JSON, true, true, false, 0, 0, ""},
	{"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"m\"}}", 59, JSON, true,
		true, true, 3, 0, "m"},
	{"{\"partialSuccess\":{\"rejectedDataPoints\":4}}", 43, "Application/JSON", true, true,
		true, 4, 0, ""},
	{"{\"code\":3,\"message\":\"bad\"}", 26, JSON, false, true, false, 0, 3, "bad"},
	/* what is not what it claims to be */
	{"<html>", 6, "text/html", true, false, false, 0, 0, ""},
	{"<html>", 6, JSON, true, false, false, 0, 0, ""},
	{"[]", 2, JSON, true, false, false, 0, 0, ""},
	{"{\"code\":3", 9, JSON, false, false, false, 0, 0, ""},
	{"<html>", 6, PB, true, false, false, 0, 0, ""},
	{"\x0a\x7f\x08", 3, PB, true, false, false, 0, 0, ""},
	{"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, PB, true, false, false, 0, 0, ""},
	{"\x08", 1, PB, false, false, false, 0, 0, ""},
	{"\x12\x02\xff\xfe", 4, PB, false, false, false, 0, 0, ""},
	{"\x0b", 1, PB, true, false, false, 0, 0, ""},
	{"\x00\x00", 2, PB, true, false, false, 0, 0, ""},
	{"\x0d\x01\x02", 3, PB, true, false, false, 0, 0, ""},
	{"Unauthorized", 12, "text/plain", false, false, false, 0, 0, ""},
};

START_TEST(what_receivers_answer)
{
	og_auto_arena struct og_arena arena = {0};
	struct og_otlp_answer a;
	/* memory of the exact size, so that reading beyond is seen */
	og_auto_free char *body = og_memdup(answers[_i].body, answers[_i].n);
	og_arena_init(&arena, 0, 0);
	og_otlp_read_answer(
		og_sv(body, answers[_i].n), og_svz(answers[_i].type), answers[_i].ok, &arena, &a);
	ck_assert_int_eq(a.readable, answers[_i].readable);
	ck_assert_int_eq(a.partial, answers[_i].partial);
	ck_assert_int_eq(a.rejected, answers[_i].rejected);
	ck_assert_int_eq(a.code, answers[_i].code);
	ck_assert(og_sv_eq(a.message, og_svz(answers[_i].message)));
}
END_TEST

START_TEST(answers_that_are_too_large)
{
	og_auto_arena struct og_arena arena = {0};
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_otlp_answer a;
	og_arena_init(&arena, 0, 0);
	og_buf_lit(&b, "{\"message\":\"");
	while (b.len < 65537)
		og_buf_lit(&b, "xxxxxxxxxxxxxxxx");
	og_buf_lit(&b, "\"}");
	og_otlp_read_answer(og_buf_view(&b), OG_SV(JSON), false, &arena, &a);
	ck_assert(!a.readable && !a.message.n);
}
END_TEST

START_TEST(words)
{
	ck_assert_str_eq(og_otlp_signal_name(OG_OTLP_LOGS), "logs");
	ck_assert_str_eq(og_otlp_signal_name(OG_OTLP_SIGNAL_COUNT_), "?");
	ck_assert_str_eq(og_otlp_path(OG_OTLP_TRACES), "/v1/traces");
	ck_assert_str_eq(og_otlp_path(OG_OTLP_SIGNAL_COUNT_), "");
	ck_assert_str_eq(og_otlp_grpc_path(OG_OTLP_METRICS),
		"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
	ck_assert_str_eq(og_otlp_content_type(OG_OTLP_JSON), "application/json");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("otlp");
	TCase *t = tcase_create("encode");
	tcase_add_test(t, metrics_on_the_wire);
	tcase_add_test(t, sums_on_the_wire);
	tcase_add_test(t, traces_on_the_wire);
	tcase_add_test(t, logs_on_the_wire);
	tcase_add_test(t, profiles_on_the_wire);
	tcase_add_loop_test(t, json_of_all, 0, OG_OTLP_SIGNAL_COUNT_);
	tcase_add_test(t, empty_requests);
	tcase_add_test(t, refused_records);
	tcase_add_test(t, too_little_room);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, folded);
	tcase_add_test(t, folded_keeps_to_its_labels);
	tcase_add_test(t, folded_refused);
	tcase_add_test(t, words);
	suite_add_tcase(s, t);
	t = tcase_create("answers");
	tcase_add_loop_test(t, what_receivers_answer, 0, (int)OG_COUNT(answers));
	tcase_add_test(t, answers_that_are_too_large);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
