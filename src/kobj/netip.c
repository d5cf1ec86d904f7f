/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and CIDRs as network policies write them (k8s.io/utils/net ParseIPSloppy,
 * ParseCIDRSloppy: Go's net package before leading zeros were refused). */
#include "otelgate/kobj/netpol.h"

static bool parse_v4(struct og_sv s, unsigned char out[4])
{
	struct og_sv part;
	unsigned n = 0;
	if (s.n && s.p[s.n - 1] == '.')
		return false;
	while (og_sv_split(&s, '.', &part)) {
		unsigned v = 0;
		if (n == 4 || !part.n || part.n > 16)
			return false;
		for (size_t i = 0; i < part.n; i++) {
			if (part.p[i] < '0' || part.p[i] > '9')
				return false;
			v = v * 10 + (unsigned)(part.p[i] - '0');
			if (v > 255)
				return false;
		}
		out[n++] = (unsigned char)v;
	}
	return n == 4;
}

/* Up to four hexadecimal digits; -1 for anything else. */
static int group(struct og_sv s)
{
	int v = 0;
	if (!s.n || s.n > 4)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* Groups joined by ':' (none at all is fine), the last one possibly IPv4; bytes, or -1. */
static int parse_groups(struct og_sv s, unsigned char out[16], bool v4_allowed)
{
	int n = 0;
	while (s.n) {
		size_t colon = og_sv_chr(s, ':');
		struct og_sv part = og_sv(s.p, colon);
		int v = group(part);
		bool last = colon == s.n;
		if (v < 0 && last && v4_allowed && n <= 12 && parse_v4(part, out + n))
			return n + 4;
		if (v < 0 || n > 14 || (!last && colon + 1 == s.n))
			return -1;
		out[n++] = (unsigned char)(v >> 8);
		out[n++] = (unsigned char)v;
		s = last ? og_sv(s.p + s.n, 0) : og_sv(s.p + colon + 1, s.n - colon - 1);
	}
	return n;
}

/* RFC 4291 §2.2. */
static bool parse_v6(struct og_sv s, unsigned char out[16])
{
	unsigned char tail[16] = {0};
	size_t gap = 0;
	while (gap + 1 < s.n && !(s.p[gap] == ':' && s.p[gap + 1] == ':'))
		gap++;
	if (gap + 1 >= s.n)
		return parse_groups(s, out, true) == 16;
	int head = parse_groups(og_sv(s.p, gap), out, false);
	int rest = parse_groups(og_sv(s.p + gap + 2, s.n - gap - 2), tail, true);
	if (head < 0 || rest < 0 || head + rest > 14)
		return false;
	memset(out + head, 0, (size_t)(16 - head - rest));
	memcpy(out + 16 - rest, tail, (size_t)rest);
	return true;
}

static bool mapped(const unsigned char b[16])
{
	static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(b, prefix, sizeof(prefix)) == 0;
}

/* *ret_mapped: it was written as IPv6 and is IPv4. */
static bool parse_ip(struct og_sv s, struct og_ip *ret, bool *ret_mapped)
{
	struct og_ip ip = {.v6 = false};

	*ret_mapped = false;
	if (og_sv_chr(s, ':') == s.n) {
		if (!parse_v4(s, ip.b))
			return false;
		*ret = ip;
		return true;
	}
	if (!parse_v6(s, ip.b))
		return false;
	ip.v6 = true;
	if (mapped(ip.b)) {
		memmove(ip.b, ip.b + 12, 4);
		memset(ip.b + 4, 0, 12);
		ip.v6 = false;
		*ret_mapped = true;
	}
	*ret = ip;
	return true;
}

bool og_ip_parse(struct og_sv s, struct og_ip *ret)
{
	bool as_v6;
	return parse_ip(s, ret, &as_v6);
}

bool og_ip_eq(const struct og_ip *a, const struct og_ip *b)
{
	return a->v6 == b->v6 && memcmp(a->b, b->b, a->v6 ? 16 : 4) == 0;
}

bool og_cidr_parse(struct og_sv s, struct og_cidr *ret)
{
	size_t slash = og_sv_chr(s, '/');
	struct og_cidr c = {.bits = 0};
	unsigned bits = 0;
	bool as_v6;

	if (slash == s.n || !parse_ip(og_sv(s.p, slash), &c.ip, &as_v6))
		return false;
	struct og_sv len = og_sv(s.p + slash + 1, s.n - slash - 1);
	if (!len.n || len.n > 3)
		return false;
	for (size_t i = 0; i < len.n; i++) {
		if (len.p[i] < '0' || len.p[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(len.p[i] - '0');
	}
	if (bits > (c.ip.v6 || as_v6 ? 128U : 32U))
		return false;
	if (as_v6)
		bits = bits > 96 ? bits - 96 : 0;
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		if (keep < 8)
			c.ip.b[i] &= (unsigned char)(0xff00U >> keep);
	}
	c.bits = (unsigned char)bits;
	*ret = c;
	return true;
}

bool og_cidr_has(const struct og_cidr *c, const struct og_ip *ip)
{
	unsigned whole = c->bits / 8, rest = c->bits % 8;
	if (c->ip.v6 != ip->v6 || memcmp(c->ip.b, ip->b, whole) != 0)
		return false;
	return !rest || ((c->ip.b[whole] ^ ip->b[whole]) & (unsigned char)(0xff00U >> rest)) == 0;
}
