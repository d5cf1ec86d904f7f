/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What receivers answer: Export…ServiceResponse {partial_success 1 {rejected_… 1, error_message 2}}
 * with success, google.rpc.Status {code 1, message 2} without (docs/specification.md).
 */
#include "otelgate/codec/jdoc.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/grafana/otlp.h"

enum { ANSWER_BYTES = 64 << 10 };

/* ---- protobuf ---- */

struct wire {
	const unsigned char *p, *end;
};
struct field {
	uint64_t number, value; /* value of varint */
	unsigned type;
	struct og_sv bytes; /* of a length-delimited field */
};

static bool get_varint(struct wire *w, uint64_t *ret)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && w->p < w->end; shift += 7) {
		unsigned char c = *w->p++;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool get_bytes(struct wire *w, uint64_t n, struct og_sv *ret)
{
	if (n > (size_t)(w->end - w->p))
		return false;
	*ret = og_sv((const char *)w->p, (size_t)n);
	w->p += n;
	return true;
}

/* False when it is no field: groups are not used by OTLP. */
static bool get_field(struct wire *w, struct field *f)
{
	uint64_t tag, n;

	if (!get_varint(w, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return false;
	*f = (struct field){.number = tag >> 3, .type = (unsigned)tag & 7};
	switch (f->type) {
	case 0:
		return get_varint(w, &f->value);
	case 1:
		return get_bytes(w, 8, &f->bytes);
	case 2:
		return get_varint(w, &n) && get_bytes(w, n, &f->bytes);
	case 5:
		return get_bytes(w, 4, &f->bytes);
	default:
		return false;
	}
}

/* {1: number, 2: text}, which is the shape of both messages. */
static bool read_pair(struct og_sv body, int64_t *number, struct og_sv *text)
{
	struct wire w = {(const unsigned char *)body.p, (const unsigned char *)body.p + body.n};
	struct field f;

	while (w.p < w.end) {
		if (!get_field(&w, &f))
			return false;
		if (f.number == 1 && f.type == 0)
			*number = (int64_t)f.value;
		else if (f.number == 2 && f.type == 2 && og_utf8_valid(f.bytes.p, f.bytes.n))
			*text = f.bytes;
		else if (f.number <= 2)
			return false;
	}
	return true;
}

static bool read_protobuf(struct og_sv body, bool ok, struct og_otlp_answer *a)
{
	struct wire w = {(const unsigned char *)body.p, (const unsigned char *)body.p + body.n};
	struct field f;

	if (!ok)
		return read_pair(body, &a->code, &a->message);
	while (w.p < w.end) {
		if (!get_field(&w, &f))
			return false;
		if (f.number != 1)
			continue;
		if (f.type != 2 || !read_pair(f.bytes, &a->rejected, &a->message))
			return false;
	}
	return true;
}

/* ---- JSON ---- */

static int64_t get_number(struct og_jval v, struct og_arena *arena)
{
	int64_t n = 0;

	if (og_ji64(v, &n))
		return n;
	return og_parse_i64(og_jstr_or_empty(v, arena), INT64_MIN, INT64_MAX, &n, NULL) == 0 ? n
											     : 0;
}

static bool read_json(struct og_sv body, bool ok, struct og_arena *arena, struct og_otlp_answer *a)
{
	static const char *const counts[] = {
		"rejectedDataPoints", "rejectedSpans", "rejectedLogRecords", "rejectedProfiles"};
	const struct og_jlimits limits = {.max_bytes = ANSWER_BYTES, .max_depth = 32};
	struct og_jdoc d;

	if (og_jdoc_parse(&d, arena, body, &limits, NULL) < 0 || !og_jis(og_jroot(&d), OG_J_OBJECT))
		return false;
	if (!ok) {
		a->code = get_number(og_jgetl(og_jroot(&d), "code"), arena);
		a->message = og_jstr_or_empty(og_jgetl(og_jroot(&d), "message"), arena);
		return true;
	}
	struct og_jval p = og_jgetl(og_jroot(&d), "partialSuccess");
	for (size_t i = 0; i < OG_COUNT(counts) && a->rejected == 0; i++)
		a->rejected = get_number(og_jget(p, og_svz(counts[i])), arena);
	a->message = og_jstr_or_empty(og_jgetl(p, "errorMessage"), arena);
	return true;
}

static struct og_sv media_type(struct og_sv t)
{
	return og_sv_trim(og_sv(t.p, og_sv_chr(t, ';')));
}

void og_otlp_read_answer(struct og_sv body, struct og_sv content_type, bool ok,
	struct og_arena *arena, struct og_otlp_answer *ret)
{
	struct og_otlp_answer a = {.message = og_sv("", 0)};
	struct og_sv type = media_type(content_type);

	*ret = a;
	if (body.n > ANSWER_BYTES)
		return;
	if (!body.n)
		a.readable = true;
	else if (og_sv_caseeq(type, OG_SV("application/x-protobuf")))
		a.readable = read_protobuf(body, ok, &a);
	else if (og_sv_caseeq(type, OG_SV("application/json")))
		a.readable = read_json(body, ok, arena, &a);
	if (!a.readable)
		return;
	a.partial = ok && (a.rejected != 0 || a.message.n);
	*ret = a;
}
