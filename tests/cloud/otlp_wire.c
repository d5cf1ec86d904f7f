/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reader for OTLP's two encodings: protobuf (protobuf.dev/programming-guides/encoding) and its
 * JSON form (opentelemetry-proto docs/specification.md: lowerCamelCase, hex ids, 64-bit integers
 * as strings or numbers, unknown fields ignored). A message is walked field by field; repeated
 * fields, packed ones too, come one by one.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "cloud/cloud-priv.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/base64.h"

struct cl_it cl_it(struct cl_wire *w, struct cl_node n)
{
	struct cl_it it = {.w = w, .n = n};

	if (n.json) {
		if (!og_junset(n.j) && !og_jis(n.j, OG_J_OBJECT)) {
			w->bad = true;
			w->why = "an object is expected";
		}
		it.ji = og_jiter(n.j);
	}
	return it;
}

static bool bad(struct cl_it *it, const char *why)
{
	it->w->bad = true;
	it->w->why = why;
	return false;
}

static bool varint(struct og_sv s, size_t *at, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned char c;

		if (*at >= s.n)
			return false;
		c = (unsigned char)s.p[(*at)++];
		v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool fixed(struct og_sv s, size_t *at, unsigned bytes, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n - *at < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)(unsigned char)s.p[*at + i] << (8 * i);
	*at += bytes;
	*ret = v;
	return true;
}

static const struct cl_fdesc *by_num(const struct cl_mdesc *m, uint64_t num)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->f[i].num == num)
			return &m->f[i];
	return NULL;
}

static void scalar(struct cl_field *f, const struct cl_fdesc *d, unsigned wt, uint64_t u)
{
	float small;
	uint32_t low = (uint32_t)u;

	f->i = (int64_t)u;
	if (d->type != CL_T_DBL)
		return;
	if (wt == 5) {
		memcpy(&small, &low, sizeof(small));
		f->d = (double)small;
	} else {
		memcpy(&f->d, &u, sizeof(f->d));
	}
}

/* Next value out of a packed run. */
static bool next_packed(struct cl_it *it, struct cl_field *f)
{
	const struct cl_fdesc *d = it->fd;
	size_t at = 0;
	uint64_t u;
	bool ok;

	*f = (struct cl_field){.num = d->num};
	/* what is packed here are fixed64 and doubles; enums and counts are varints */
	ok = it->packed_wt == 1 ? fixed(it->packed, &at, 8, &u) : varint(it->packed, &at, &u);
	if (!ok)
		return bad(it, "a packed field is cut");
	scalar(f, d, it->packed_wt, u);
	it->packed = og_sv(it->packed.p + at, it->packed.n - at);
	return true;
}

static bool next_pb(struct cl_it *it, struct cl_field *f)
{
	while (it->packed.n)
		return next_packed(it, f);
	while (it->at < it->n.pb.n) {
		const struct cl_fdesc *d;
		uint64_t tag, u = 0;
		unsigned wt;
		struct og_sv s = {NULL, 0};
		bool ok;

		if (!varint(it->n.pb, &it->at, &tag) || tag >> 3 == 0)
			return bad(it, "a tag is cut or 0");
		wt = tag & 7;
		if (wt == 0)
			ok = varint(it->n.pb, &it->at, &u);
		else if (wt == 1)
			ok = fixed(it->n.pb, &it->at, 8, &u);
		else if (wt == 5)
			ok = fixed(it->n.pb, &it->at, 4, &u);
		else
			ok = wt == 2 && varint(it->n.pb, &it->at, &u) && u <= it->n.pb.n - it->at;
		if (!ok)
			return bad(it, "a field is cut, or of an unknown wire type");
		if (wt == 2) {
			s = og_sv(it->n.pb.p + it->at, (size_t)u);
			it->at += (size_t)u;
		}
		d = by_num(it->n.m, tag >> 3);
		if (!d)
			continue;
		*f = (struct cl_field){.num = d->num};
		if (d->type == CL_T_INT || d->type == CL_T_DBL) {
			if (wt == 2) {
				it->fd = d;
				it->packed = s;
				/* fixed64 of counts (6 of HistogramDataPoint) and doubles */
				it->packed_wt = d->type == CL_T_DBL || d->msg ? 1 : 0;
				if (!s.n)
					continue;
				return next_packed(it, f);
			}
			if (d->type == CL_T_DBL && wt == 0)
				return bad(it, "a double has the wire type of an integer");
			scalar(f, d, wt, u);
			return true;
		}
		if (wt != 2)
			return bad(it, "a text or message has another wire type");
		f->s = s;
		f->sub = (struct cl_node){.m = d->msg, .pb = s};
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hex(struct cl_it *it, struct og_sv s, struct og_sv *ret)
{
	char *p = og_arena_alloc(it->w->a, s.n / 2 + 1);

	if (!p || s.n % 2)
		return bad(it, "an id has an odd number of hex digits");
	for (size_t i = 0; i < s.n / 2; i++) {
		int hi = hex_digit(s.p[2 * i]), lo = hex_digit(s.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return bad(it, "an id is not in hex digits");
		p[i] = (char)(hi * 16 + lo);
	}
	*ret = og_sv(p, s.n / 2);
	return true;
}

static bool unbase64(struct cl_it *it, struct og_sv s, struct og_sv *ret)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	if (og_base64_decode(&b, s, NULL))
		return bad(it, "bytes are not base64");
	*ret = og_arena_sv(it->w->a, og_buf_view(&b));
	return true;
}

static bool number(struct cl_it *it, struct og_jval v, struct cl_field *f)
{
	struct og_sv raw = og_jis(v, OG_J_STRING) ? og_jstr_or_empty(v, it->w->a) : og_jraw(v);
	char text[64], *end;
	uint64_t u;

	if (og_jis(v, OG_J_TRUE) || og_jis(v, OG_J_FALSE)) {
		f->i = og_jis(v, OG_J_TRUE);
		return true;
	}
	if (!raw.n || raw.n >= sizeof(text))
		return bad(it, "a number is expected");
	memcpy(text, raw.p, raw.n);
	text[raw.n] = '\0';
	f->d = strtod(text, &end);
	if (*end)
		return bad(it, "a number is expected");
	if (og_parse_i64(raw, INT64_MIN, INT64_MAX, &f->i, NULL)) {
		if (!og_parse_u64(raw, 0, UINT64_MAX, &u, NULL))
			f->i = (int64_t)u;
		else if (isfinite(f->d) && fabs(f->d) < 9e18)
			f->i = (int64_t)f->d;
	}
	return true;
}

static bool value(struct cl_it *it, const struct cl_fdesc *d, struct og_jval v, struct cl_field *f)
{
	*f = (struct cl_field){.num = d->num};
	switch (d->type) {
	case CL_T_MSG:
		f->sub = (struct cl_node){.m = d->msg, .j = v, .json = true};
		if (!og_jis(v, OG_J_OBJECT))
			return bad(it, "an object is expected");
		return true;
	case CL_T_INT:
	case CL_T_DBL:
		return number(it, v, f);
	default:
		if (!og_jstr(v, it->w->a, &f->s))
			return bad(it, "a string is expected");
		if (d->type == CL_T_HEX)
			return hex(it, f->s, &f->s);
		return d->type != CL_T_B64 || unbase64(it, f->s, &f->s);
	}
}

static const struct cl_fdesc *by_key(const struct cl_mdesc *m, struct og_jval key)
{
	for (size_t i = 0; i < m->n; i++)
		if (og_jstr_eq(key, og_svz(m->f[i].name)))
			return &m->f[i];
	return NULL;
}

static bool next_json(struct cl_it *it, struct cl_field *f)
{
	for (;;) {
		const struct cl_fdesc *d;

		if (it->in_array) {
			if (og_jnext(&it->inner))
				return value(it, it->fd, it->inner.val, f);
			it->in_array = false;
		}
		if (!og_jnext(&it->ji))
			return false;
		d = by_key(it->n.m, it->ji.key);
		if (!d || og_junset(it->ji.val))
			continue;
		if (!og_jis(it->ji.val, OG_J_ARRAY))
			return value(it, d, it->ji.val, f);
		it->fd = d;
		it->inner = og_jiter(it->ji.val);
		it->in_array = true;
	}
}

bool cl_next(struct cl_it *it, struct cl_field *f)
{
	if (it->w->bad)
		return false;
	return it->n.json ? next_json(it, f) : next_pb(it, f);
}

static void put_varint(struct og_buf *b, uint64_t v)
{
	while (v >= 0x80) {
		og_buf_ch(b, (char)(v | 0x80));
		v >>= 7;
	}
	og_buf_ch(b, (char)v);
}

void cl_pb_varint(struct og_buf *b, unsigned num, uint64_t v)
{
	put_varint(b, (uint64_t)num << 3);
	put_varint(b, v);
}

void cl_pb_bytes(struct og_buf *b, unsigned num, struct og_sv s)
{
	put_varint(b, ((uint64_t)num << 3) | 2);
	put_varint(b, s.n);
	og_buf_sv(b, s);
}
