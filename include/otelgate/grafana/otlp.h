/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * OTLP for what a probe sends: one metric, one span, one log record or one profile under one
 * resource, in protobuf and in JSON, and what a receiver answers. Pure.
 *
 * Field numbers and names: open-telemetry/opentelemetry-proto 1.9, opentelemetry/proto/
 * {collector/<signal>,common,resource,metrics,trace,logs,profiles}; JSON as its
 * docs/specification.md "JSON Protobuf Encoding" has it: lowerCamelCase, trace and span ids in hex,
 * 64-bit integers as strings, enums as numbers. Both forms come from one description, so that they
 * cannot differ.
 *
 * OTLP profiles are under development (v1development), and Grafana Cloud takes no profiles over
 * OTLP; og_otlp_folded makes what Pyroscope's /ingest takes.
 */
#include <stdint.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

/* In the order of enum og_signal of core/config.h. */
enum og_otlp_signal {
	OG_OTLP_METRICS,
	OG_OTLP_TRACES,
	OG_OTLP_LOGS,
	OG_OTLP_PROFILES,
	OG_OTLP_SIGNAL_COUNT_
};
enum og_otlp_encoding { OG_OTLP_PROTOBUF, OG_OTLP_JSON };
enum og_otlp_metric { OG_OTLP_GAUGE, OG_OTLP_SUM_CUMULATIVE, OG_OTLP_SUM_DELTA };

enum {
	OG_OTLP_TRACE_ID_BYTES = 16,
	OG_OTLP_SPAN_ID_BYTES = 8,
	OG_OTLP_MAX_ATTRS = 64,
	OG_OTLP_MAX_TEXT = 4096,
};

const char *og_otlp_signal_name(enum og_otlp_signal s); /* "metrics", …; "?" out of range */
/* "/v1/metrics" …; profiles are "/v1development/profiles". */
const char *og_otlp_path(enum og_otlp_signal s);
const char *og_otlp_content_type(enum og_otlp_encoding e);
/* Full name of the method for gRPC: "/opentelemetry.proto.collector.trace.v1.TraceService/Export".
 */
const char *og_otlp_grpc_path(enum og_otlp_signal s);

struct og_otlp_attr {
	struct og_sv key, value; /* keys not empty, UTF-8; an empty value is left out */
};

struct og_otlp_record {
	const struct og_otlp_attr *resource; /* attributes of the resource */
	size_t nresource;
	const struct og_otlp_attr *attrs; /* of data point, span, log record, sample */
	size_t nattrs;
	struct og_sv scope_name, scope_version;
	int64_t start_ns, time_ns; /* Unix nanoseconds, positive, start not after time */
	/* Traces need both, not all zero; a log record has them or zeros. */
	unsigned char trace_id[OG_OTLP_TRACE_ID_BYTES], span_id[OG_OTLP_SPAN_ID_BYTES];
	struct og_sv name; /* of metric, span, and of the profile's frame */
	struct og_sv body; /* of the log record */
	enum og_otlp_metric metric;
	double value; /* finite */
};

/*
 * Appends an Export<Signal>ServiceRequest. Errors: INVALID (text that is no UTF-8, ids, times,
 * value), LIMIT (texts, attributes, the buffer), OOM; the buffer is cut back to where it was.
 */
int og_otlp_encode(const struct og_otlp_record *r, enum og_otlp_signal s, enum og_otlp_encoding e,
	struct og_buf *out, struct og_err *err);
/* A request that holds nothing: receivers answer with success (docs/specification.md). */
void og_otlp_encode_empty(enum og_otlp_encoding e, struct og_buf *out);

/*
 * A profile of one stack and one sample for POST <server>/ingest: appends the query (without "?")
 * to `query` and the text to `body`. The application's name is the attribute service.name of the
 * resource, all others become labels, dots as "_"; in values what separates labels becomes "_".
 * Errors as og_otlp_encode.
 */
int og_otlp_folded(const struct og_otlp_record *r, struct og_buf *query, struct og_buf *body,
	struct og_err *err);

/* What a receiver says beside the status code. */
struct og_otlp_answer {
	bool readable;	      /* it is OTLP in the form that was told, or empty */
	bool partial;	      /* 2xx: there is a partial_success with a count or a message */
	int64_t rejected;     /* of it */
	int64_t code;	      /* not 2xx: google.rpc.Status.code; 0 = none */
	struct og_sv message; /* UTF-8, of the arena or the body; may be empty */
};
/*
 * Reads an answer of at most 64 KiB: protobuf or JSON by its content type (parameters are ignored);
 * of another type it is not readable. `ok` says whether the status was 2xx. Never fails: what
 * cannot be read is not `readable`, and out of memory is the same.
 */
void og_otlp_read_answer(struct og_sv body, struct og_sv content_type, bool ok,
	struct og_arena *arena, struct og_otlp_answer *ret);
