/* SPDX-License-Identifier: Apache-2.0 */
/* The four requests; field numbers of opentelemetry-proto stand beside each name. */
#include "otelgate/grafana/otlp.h"

#include <math.h>
#include "otelgate/base/mem.h"
#include "otlp_write-priv.h"

static const struct {
	const char *name, *path, *grpc;
} signals[OG_OTLP_SIGNAL_COUNT_] = {
	[OG_OTLP_METRICS] = {"metrics", "/v1/metrics",
		"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
	[OG_OTLP_TRACES] = {"traces", "/v1/traces",
		"/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
	[OG_OTLP_LOGS] = {"logs", "/v1/logs",
		"/opentelemetry.proto.collector.logs.v1.LogsService/Export"},
	[OG_OTLP_PROFILES] = {"profiles", "/v1development/profiles",
		"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"},
};

const char *og_otlp_signal_name(enum og_otlp_signal s)
{
	return (unsigned)s < OG_OTLP_SIGNAL_COUNT_ ? signals[s].name : "?";
}

const char *og_otlp_path(enum og_otlp_signal s)
{
	return (unsigned)s < OG_OTLP_SIGNAL_COUNT_ ? signals[s].path : "";
}

const char *og_otlp_grpc_path(enum og_otlp_signal s)
{
	return (unsigned)s < OG_OTLP_SIGNAL_COUNT_ ? signals[s].grpc : "";
}

const char *og_otlp_content_type(enum og_otlp_encoding e)
{
	return e == OG_OTLP_JSON ? "application/json" : "application/x-protobuf";
}

/* ---- what may be written ---- */

static int check_text(struct og_sv s, const char *what, struct og_err *err)
{
	if (s.n > OG_OTLP_MAX_TEXT)
		return og_err_set(
			err, OG_E_LIMIT, "%s is longer than %d bytes", what, (int)OG_OTLP_MAX_TEXT);
	if (s.n && !og_utf8_valid(s.p, s.n))
		return og_err_set(err, OG_E_INVALID, "%s is no UTF-8", what);
	return 0;
}

static int check_attrs(const struct og_otlp_attr *v, size_t n, struct og_err *err)
{
	int r = 0;

	if (n > OG_OTLP_MAX_ATTRS)
		return og_err_set(
			err, OG_E_LIMIT, "more than %d attributes", (int)OG_OTLP_MAX_ATTRS);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (!v[i].key.n)
			return og_err_set(err, OG_E_INVALID, "an attribute without a key");
		r = check_text(v[i].key, "the key of an attribute", err);
		if (r == 0)
			r = check_text(v[i].value, "the value of an attribute", err);
	}
	return r;
}

static bool all_zero(const unsigned char *p, size_t n)
{
	unsigned char any = 0;
	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

static int check(const struct og_otlp_record *r, enum og_otlp_signal s, struct og_err *err)
{
	int rc = check_attrs(r->resource, r->nresource, err);

	if (rc == 0)
		rc = check_attrs(r->attrs, r->nattrs, err);
	if (rc == 0)
		rc = check_text(r->scope_name, "the scope's name", err);
	if (rc == 0)
		rc = check_text(r->scope_version, "the scope's version", err);
	if (rc == 0)
		rc = check_text(r->name, "the name", err);
	if (rc == 0)
		rc = check_text(r->body, "the log record's body", err);
	if (rc < 0)
		return rc;
	if ((unsigned)s >= OG_OTLP_SIGNAL_COUNT_)
		return og_err_set(err, OG_E_INVALID, "no signal of OTLP");
	if (r->start_ns <= 0 || r->time_ns < r->start_ns)
		return og_err_set(err, OG_E_INVALID, "times that are not in order");
	if (!r->name.n && s != OG_OTLP_LOGS)
		return og_err_set(err, OG_E_INVALID, "a metric, span or frame without a name");
	if (s == OG_OTLP_METRICS && !isfinite(r->value))
		return og_err_set(err, OG_E_INVALID, "a value that is not finite");
	if (s == OG_OTLP_TRACES && (all_zero(r->trace_id, sizeof(r->trace_id)) ||
					   all_zero(r->span_id, sizeof(r->span_id))))
		return og_err_set(err, OG_E_INVALID, "a span whose ids are zero");
	return 0;
}

/* ---- common ---- */

/* KeyValue: key 1, value 2; AnyValue: string_value 1 */
static void put_attrs(struct otlp_writer *w, unsigned field, const struct og_otlp_attr *v, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++)
		any |= v[i].value.n > 0;
	if (!any)
		return;
	otlp_list(w, "attributes");
	for (size_t i = 0; i < n; i++) {
		if (!v[i].value.n)
			continue;
		otlp_item(w, field);
		otlp_str(w, 1, "key", v[i].key);
		otlp_open(w, 2, "value");
		otlp_str_always(w, 1, "stringValue", v[i].value);
		otlp_close(w);
		otlp_close(w);
	}
	otlp_list_end(w);
}

/* Resource: attributes 1 */
static void put_resource(struct otlp_writer *w, const struct og_otlp_record *r)
{
	otlp_open(w, 1, "resource");
	put_attrs(w, 1, r->resource, r->nresource);
	otlp_close(w);
}

/* InstrumentationScope: name 1, version 2 */
static void put_scope(struct otlp_writer *w, const struct og_otlp_record *r)
{
	otlp_open(w, 1, "scope");
	otlp_str(w, 1, "name", r->scope_name);
	otlp_str(w, 2, "version", r->scope_version);
	otlp_close(w);
}

/* ---- metrics ---- */

/* NumberDataPoint: start_time_unix_nano 2, time_unix_nano 3, as_double 4, attributes 7 */
static void put_points(struct otlp_writer *w, const struct og_otlp_record *r)
{
	otlp_list(w, "dataPoints");
	otlp_item(w, 1);
	otlp_fixed64(w, 2, "startTimeUnixNano", (uint64_t)r->start_ns);
	otlp_fixed64(w, 3, "timeUnixNano", (uint64_t)r->time_ns);
	otlp_double(w, 4, "asDouble", r->value);
	put_attrs(w, 7, r->attrs, r->nattrs);
	otlp_close(w);
	otlp_list_end(w);
}

/* Metric: name 1, gauge 5, sum 7; Gauge: data_points 1; Sum: data_points 1,
 * aggregation_temporality 2 (DELTA 1, CUMULATIVE 2), is_monotonic 3 */
static void put_metric(struct otlp_writer *w, const struct og_otlp_record *r)
{
	otlp_str(w, 1, "name", r->name);
	if (r->metric == OG_OTLP_GAUGE) {
		otlp_open(w, 5, "gauge");
		put_points(w, r);
		otlp_close(w);
		return;
	}
	otlp_open(w, 7, "sum");
	put_points(w, r);
	otlp_u32(w, 2, "aggregationTemporality", r->metric == OG_OTLP_SUM_DELTA ? 1 : 2);
	otlp_bool(w, 3, "isMonotonic", true);
	otlp_close(w);
}

/* ---- traces ---- */

/* Span: trace_id 1, span_id 2, name 5, kind 6 (INTERNAL 1), start_time_unix_nano 7,
 * end_time_unix_nano 8, attributes 9, status 15; Status: code 3 (OK 1) */
static void put_span(struct otlp_writer *w, const struct og_otlp_record *r)
{
	otlp_id(w, 1, "traceId", r->trace_id, sizeof(r->trace_id));
	otlp_id(w, 2, "spanId", r->span_id, sizeof(r->span_id));
	otlp_str(w, 5, "name", r->name);
	otlp_u32(w, 6, "kind", 1);
	otlp_fixed64(w, 7, "startTimeUnixNano", (uint64_t)r->start_ns);
	otlp_fixed64(w, 8, "endTimeUnixNano", (uint64_t)r->time_ns);
	put_attrs(w, 9, r->attrs, r->nattrs);
	otlp_open(w, 15, "status");
	otlp_u32(w, 3, "code", 1);
	otlp_close(w);
}

/* ---- logs ---- */

/* LogRecord: time_unix_nano 1, severity_number 2 (INFO 9), severity_text 3, body 5, attributes 6,
 * trace_id 9, span_id 10, observed_time_unix_nano 11 */
static void put_log(struct otlp_writer *w, const struct og_otlp_record *r)
{
	otlp_fixed64(w, 1, "timeUnixNano", (uint64_t)r->time_ns);
	otlp_u32(w, 2, "severityNumber", 9);
	otlp_str(w, 3, "severityText", OG_SV("INFO"));
	otlp_open(w, 5, "body");
	otlp_str_always(w, 1, "stringValue", r->body);
	otlp_close(w);
	put_attrs(w, 6, r->attrs, r->nattrs);
	if (!all_zero(r->trace_id, sizeof(r->trace_id)))
		otlp_id(w, 9, "traceId", r->trace_id, sizeof(r->trace_id));
	if (!all_zero(r->span_id, sizeof(r->span_id)))
		otlp_id(w, 10, "spanId", r->span_id, sizeof(r->span_id));
	otlp_fixed64(w, 11, "observedTimeUnixNano", (uint64_t)r->time_ns);
}

/* ---- the envelope, and profiles ---- */

struct kind {
	const char *resources, *scopes, *items;
	void (*put)(struct otlp_writer *w, const struct og_otlp_record *r);
};
static void put_profile(struct otlp_writer *w, const struct og_otlp_record *r);
static const struct kind kinds[OG_OTLP_SIGNAL_COUNT_] = {
	[OG_OTLP_METRICS] = {"resourceMetrics", "scopeMetrics", "metrics", put_metric},
	[OG_OTLP_TRACES] = {"resourceSpans", "scopeSpans", "spans", put_span},
	[OG_OTLP_LOGS] = {"resourceLogs", "scopeLogs", "logRecords", put_log},
	[OG_OTLP_PROFILES] = {"resourceProfiles", "scopeProfiles", "profiles", put_profile},
};

/* Places in the dictionary; its tables begin with an empty element (profiles.proto). */
enum { STR_NONE, STR_TYPE, STR_UNIT, STR_FRAME, STR_COUNT_ };

/* ValueType: type_strindex 1, unit_strindex 2 */
static void put_type(struct otlp_writer *w, unsigned field, const char *name)
{
	otlp_open(w, field, name);
	otlp_u32(w, 1, "typeStrindex", STR_TYPE);
	otlp_u32(w, 2, "unitStrindex", STR_UNIT);
	otlp_close(w);
}

/* Profile: sample_type 1, samples 2, time_unix_nano 3, duration_nano 4, period_type 5, period 6;
 * Sample: stack_index 1, values 4, timestamps_unix_nano 5 */
static void put_profile(struct otlp_writer *w, const struct og_otlp_record *r)
{
	const uint64_t one = 10000000, at = (uint64_t)r->start_ns;

	put_type(w, 1, "sampleType");
	otlp_list(w, "samples");
	otlp_item(w, 2);
	otlp_u32(w, 1, "stackIndex", 1);
	otlp_u64s(w, 4, "values", &one, 1);
	otlp_fixed64s(w, 5, "timestampsUnixNano", &at, 1);
	otlp_close(w);
	otlp_list_end(w);
	otlp_fixed64(w, 3, "timeUnixNano", (uint64_t)r->start_ns);
	otlp_u64(w, 4, "durationNano", (uint64_t)(r->time_ns - r->start_ns));
	put_type(w, 5, "periodType");
	otlp_u64(w, 6, "period", one);
}

/* An empty element, then one that is open still. */
static void open_table(struct otlp_writer *w, unsigned field, const char *name)
{
	otlp_list(w, name);
	otlp_item(w, field);
	otlp_close(w);
	otlp_item(w, field);
}

static void close_table(struct otlp_writer *w)
{
	otlp_close(w);
	otlp_list_end(w);
}

/* An element of nothing alone: index 0 of a table that is not used. */
static void null_table(struct otlp_writer *w, unsigned field, const char *name)
{
	otlp_list(w, name);
	otlp_item(w, field);
	otlp_close(w);
	otlp_list_end(w);
}

/* ProfilesDictionary: mapping_table 1, location_table 2, function_table 3, link_table 4,
 * string_table 5, attribute_table 6, stack_table 7; Location: lines 3; Line: function_index 1;
 * Function: name_strindex 1; Stack: location_indices 1 */
static void put_dictionary(struct otlp_writer *w, const struct og_otlp_record *r)
{
	const struct og_sv strings[STR_COUNT_] = {
		[STR_NONE] = {"", 0},
		[STR_TYPE] = OG_SV("cpu"),
		[STR_UNIT] = OG_SV("nanoseconds"),
		[STR_FRAME] = r->name,
	};
	const uint32_t one = 1;

	otlp_open(w, 2, "dictionary");
	null_table(w, 1, "mappingTable");
	open_table(w, 2, "locationTable");
	otlp_list(w, "lines");
	otlp_item(w, 3);
	otlp_u32(w, 1, "functionIndex", 1);
	otlp_close(w);
	otlp_list_end(w);
	close_table(w);
	open_table(w, 3, "functionTable");
	otlp_u32(w, 1, "nameStrindex", STR_FRAME);
	close_table(w);
	null_table(w, 4, "linkTable");
	otlp_list(w, "stringTable");
	for (int i = 0; i < STR_COUNT_; i++)
		otlp_item_str(w, 5, strings[i]);
	otlp_list_end(w);
	null_table(w, 6, "attributeTable");
	open_table(w, 7, "stackTable");
	otlp_u32s(w, 1, "locationIndices", &one, 1);
	close_table(w);
	otlp_close(w);
}

/* Export…ServiceRequest: resource_… 1; Resource…: resource 1, scope_… 2; Scope…: scope 1, items 2
 */
static void put_request(
	struct otlp_writer *w, const struct og_otlp_record *r, enum og_otlp_signal s)
{
	const struct kind *k = &kinds[s];

	otlp_list(w, k->resources);
	otlp_item(w, 1);
	put_resource(w, r);
	otlp_list(w, k->scopes);
	otlp_item(w, 2);
	put_scope(w, r);
	otlp_list(w, k->items);
	otlp_item(w, 2);
	k->put(w, r);
	otlp_close(w);
	otlp_list_end(w);
	otlp_close(w);
	otlp_list_end(w);
	otlp_close(w);
	otlp_list_end(w);
	if (s == OG_OTLP_PROFILES)
		put_dictionary(w, r);
}

int og_otlp_encode(const struct og_otlp_record *r, enum og_otlp_signal s, enum og_otlp_encoding e,
	struct og_buf *out, struct og_err *err)
{
	size_t before = out->len;
	struct otlp_writer w;
	int rc = check(r, s, err);

	if (rc < 0)
		return rc;
	otlp_begin(&w, out, e);
	put_request(&w, r, s);
	otlp_end(&w);
	if (!out->failed && !w.bad)
		return 0;
	if (out->p) {
		out->len = before;
		out->p[before] = '\0';
	}
	return w.bad	   ? og_err_set(err, OG_E_BUG, "a message that is nested too deep")
	       : out->full ? og_err_set(err, OG_E_LIMIT, "the message is too large")
			   : og_err_set(err, OG_E_OOM, "encoding a message");
}

void og_otlp_encode_empty(enum og_otlp_encoding e, struct og_buf *out)
{
	if (e == OG_OTLP_JSON)
		og_buf_lit(out, "{}");
}
