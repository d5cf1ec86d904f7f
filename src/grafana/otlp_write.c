/* SPDX-License-Identifier: Apache-2.0 */
/* Wire types: protobuf.dev/programming-guides/encoding. JSON: opentelemetry-proto's mapping. */
#include "otlp_write-priv.h"

#include "otelgate/base/digest.h"
#include "otelgate/codec/jwrite.h"

enum wire { WIRE_VARINT = 0, WIRE_I64 = 1, WIRE_LEN = 2 };
enum { VARINT_BYTES = 10 };

static size_t varint(unsigned char out[VARINT_BYTES], uint64_t v)
{
	size_t n = 0;
	for (; v > 0x7f; v >>= 7)
		out[n++] = (unsigned char)(v | 0x80);
	out[n++] = (unsigned char)v;
	return n;
}

static void put_varint(struct og_buf *b, uint64_t v)
{
	unsigned char raw[VARINT_BYTES];
	og_buf_add(b, raw, varint(raw, v));
}

static void tag(struct otlp_writer *w, unsigned field, enum wire type)
{
	put_varint(w->b, (uint64_t)field << 3 | (unsigned)type);
}

static void put_fixed64(struct og_buf *b, uint64_t v)
{
	unsigned char raw[8];
	for (unsigned i = 0; i < sizeof(raw); i++)
		raw[i] = (unsigned char)(v >> (8 * i));
	og_buf_add(b, raw, sizeof(raw));
}

static bool json(const struct otlp_writer *w)
{
	return w->form == OG_OTLP_JSON;
}

/* The comma before, the name when there is one. */
static void key(struct otlp_writer *w, const char *name)
{
	if (w->some[w->depth])
		og_buf_ch(w->b, ',');
	w->some[w->depth] = true;
	if (name) {
		og_jw_str(w->b, og_svz(name));
		og_buf_ch(w->b, ':');
	}
}

static void down(struct otlp_writer *w, char bracket)
{
	if (w->depth + 1 >= OTLP_DEPTH) {
		w->bad = true;
		return;
	}
	if (json(w))
		og_buf_ch(w->b, bracket);
	w->depth++;
	w->some[w->depth] = false;
	w->begin[w->depth] = w->b->len;
}

static void up(struct otlp_writer *w, char bracket)
{
	if (w->depth == 0) {
		w->bad = true;
		return;
	}
	if (json(w))
		og_buf_ch(w->b, bracket);
	w->depth--;
}

void otlp_begin(struct otlp_writer *w, struct og_buf *b, enum og_otlp_encoding form)
{
	*w = (struct otlp_writer){.b = b, .form = form};
	if (json(w))
		og_buf_ch(b, '{');
}

void otlp_end(struct otlp_writer *w)
{
	if (json(w))
		og_buf_ch(w->b, '}');
	w->bad |= w->depth != 0;
}

void otlp_open(struct otlp_writer *w, unsigned field, const char *name)
{
	if (json(w))
		key(w, name);
	else
		tag(w, field, WIRE_LEN);
	down(w, '{');
}

/* The length comes before the content, which is moved by as many bytes as it takes. */
static void put_length(struct otlp_writer *w)
{
	size_t at = w->begin[w->depth], len = w->b->len - at;
	unsigned char raw[VARINT_BYTES];
	size_t n = varint(raw, len);

	og_buf_add(w->b, raw, n); /* room; the bytes are put in place below */
	if (w->b->failed)
		return;
	memmove(w->b->p + at + n, w->b->p + at, len);
	memcpy(w->b->p + at, raw, n);
}

void otlp_close(struct otlp_writer *w)
{
	if (!json(w) && w->depth)
		put_length(w);
	up(w, '}');
}

void otlp_list(struct otlp_writer *w, const char *name)
{
	if (!json(w))
		return;
	key(w, name);
	down(w, '[');
}

void otlp_item(struct otlp_writer *w, unsigned field)
{
	otlp_open(w, field, NULL);
}

void otlp_list_end(struct otlp_writer *w)
{
	if (json(w))
		up(w, ']');
}

void otlp_str_always(struct otlp_writer *w, unsigned field, const char *name, struct og_sv v)
{
	if (json(w)) {
		key(w, name);
		og_jw_str(w->b, v);
		return;
	}
	tag(w, field, WIRE_LEN);
	put_varint(w->b, v.n);
	og_buf_sv(w->b, v);
}

void otlp_item_str(struct otlp_writer *w, unsigned field, struct og_sv v)
{
	otlp_str_always(w, field, NULL, v);
}

void otlp_str(struct otlp_writer *w, unsigned field, const char *name, struct og_sv v)
{
	if (v.n)
		otlp_str_always(w, field, name, v);
}

void otlp_u32(struct otlp_writer *w, unsigned field, const char *name, uint32_t v)
{
	if (!v)
		return;
	if (json(w)) {
		key(w, name);
		og_buf_u64(w->b, v);
		return;
	}
	tag(w, field, WIRE_VARINT);
	put_varint(w->b, v);
}

void otlp_bool(struct otlp_writer *w, unsigned field, const char *name, bool v)
{
	if (!v)
		return;
	if (json(w)) {
		key(w, name);
		og_buf_lit(w->b, "true");
		return;
	}
	tag(w, field, WIRE_VARINT);
	put_varint(w->b, 1);
}

void otlp_double(struct otlp_writer *w, unsigned field, const char *name, double v)
{
	uint64_t bits;

	if (json(w)) {
		key(w, name);
		og_buf_fmt(w->b, "%.17g", v);
		return;
	}
	memcpy(&bits, &v, sizeof(bits));
	tag(w, field, WIRE_I64);
	put_fixed64(w->b, bits);
}

static void json_u64(struct otlp_writer *w, const char *name, uint64_t v)
{
	key(w, name);
	og_buf_ch(w->b, '"');
	og_buf_u64(w->b, v);
	og_buf_ch(w->b, '"');
}

void otlp_fixed64(struct otlp_writer *w, unsigned field, const char *name, uint64_t v)
{
	if (json(w)) {
		json_u64(w, name, v);
		return;
	}
	tag(w, field, WIRE_I64);
	put_fixed64(w->b, v);
}

void otlp_u64(struct otlp_writer *w, unsigned field, const char *name, uint64_t v)
{
	if (json(w)) {
		json_u64(w, name, v);
		return;
	}
	tag(w, field, WIRE_VARINT);
	put_varint(w->b, v);
}

void otlp_id(struct otlp_writer *w, unsigned field, const char *name, const void *p, size_t n)
{
	char hex[2 * OG_OTLP_TRACE_ID_BYTES + 1];

	if (n > OG_OTLP_TRACE_ID_BYTES) {
		w->bad = true;
	} else if (json(w)) {
		og_hex(hex, p, n);
		key(w, name);
		og_jw_str(w->b, og_sv(hex, 2 * n));
	} else {
		tag(w, field, WIRE_LEN);
		put_varint(w->b, n);
		og_buf_add(w->b, p, n);
	}
}

enum packed { PACKED_U32, PACKED_U64, PACKED_FIXED64 };

static void packed(struct otlp_writer *w, unsigned field, const char *name, enum packed kind,
	const void *v, size_t n)
{
	const uint32_t *small = v;
	const uint64_t *large = v;

	if (!n)
		return;
	if (json(w))
		otlp_list(w, name);
	else
		otlp_open(w, field, name);
	for (size_t i = 0; i < n; i++) {
		if (json(w) && kind == PACKED_U32) {
			key(w, NULL);
			og_buf_u64(w->b, small[i]);
		} else if (json(w)) {
			json_u64(w, NULL, large[i]);
		} else if (kind == PACKED_FIXED64) {
			put_fixed64(w->b, large[i]);
		} else {
			put_varint(w->b, kind == PACKED_U32 ? small[i] : large[i]);
		}
	}
	if (json(w))
		otlp_list_end(w);
	else
		otlp_close(w);
}

void otlp_u32s(struct otlp_writer *w, unsigned field, const char *name, const uint32_t *v, size_t n)
{
	packed(w, field, name, PACKED_U32, v, n);
}

void otlp_u64s(struct otlp_writer *w, unsigned field, const char *name, const uint64_t *v, size_t n)
{
	packed(w, field, name, PACKED_U64, v, n);
}

void otlp_fixed64s(
	struct otlp_writer *w, unsigned field, const char *name, const uint64_t *v, size_t n)
{
	packed(w, field, name, PACKED_FIXED64, v, n);
}
