/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: one pass from left to right, every byte accounted for. */
#include "otelgate/codec/url.h"

/* RFC 1035 §2.3.4, in the form without the root label. */
enum { NAME_BYTES = 253, LABEL_BYTES = 63 };

struct reader {
	struct og_sv text;
	struct og_err *err;
};

static int fail(struct reader *r, const char *at, const char *what)
{
	return og_err_set(r->err, OG_E_PARSE, "byte %zu: %s", (size_t)(at - r->text.p) + 1, what);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Four numbers of 0 to 255 without leading zeros (RFC 3986 §3.2.2). */
static bool is_ipv4(struct og_sv s)
{
	size_t i = 0;
	for (int part = 0; part < 4; part++) {
		size_t from = i;
		unsigned v = 0;
		while (i < s.n && is_digit(s.p[i]) && i - from < 3)
			v = v * 10 + (unsigned)(s.p[i++] - '0');
		if (i == from || v > 255 || (s.p[from] == '0' && i - from > 1))
			return false;
		if (part < 3 && (i == s.n || s.p[i++] != '.'))
			return false;
	}
	return i == s.n;
}

/* Eight groups, one run of zeros as "::", the last two as IPv4 if wanted (RFC 4291 §2.2). */
static bool is_ipv6(struct og_sv s)
{
	unsigned groups = 0;
	bool gap = false;
	size_t i = 0;
	if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
		gap = true;
		i = 2;
	}
	while (i < s.n) {
		size_t from = i;
		while (i < s.n && is_hex(s.p[i]) && i - from < 4)
			i++;
		if (i < s.n && s.p[i] == '.') {
			groups += 2;
			return is_ipv4(og_sv(s.p + from, s.n - from)) &&
			       (gap ? groups <= 7 : groups == 8);
		}
		if (i == from || ++groups > 8)
			return false;
		if (i == s.n)
			break;
		if (s.p[i++] != ':' || i == s.n)
			return false;
		if (s.p[i] == ':') {
			if (gap)
				return false;
			gap = true;
			i++;
		}
	}
	return gap ? groups <= 7 : groups == 8;
}

static int check_label(struct reader *r, struct og_sv label)
{
	if (!label.n)
		return fail(r, label.p, "an empty part in the host name");
	if (label.n > LABEL_BYTES)
		return fail(r, label.p, "a part of the host name has more than 63 characters");
	for (size_t i = 0; i < label.n; i++) {
		unsigned char c = (unsigned char)label.p[i];
		if (c >= 0x80)
			return fail(r, label.p + i,
				"a host name is ASCII (write the xn-- form of the name)");
		if (!is_alnum((char)c) && c != '-' && c != '_')
			return fail(r, label.p + i, "a character that no host name has");
	}
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return fail(r, label.p, "a part of the host name starts or ends with \"-\"");
	return 0;
}

static int check_name(struct reader *r, struct og_sv host)
{
	struct og_sv rest = host, label = host;
	if (rest.n && rest.p[rest.n - 1] == '.')
		rest.n--;
	if (rest.n > NAME_BYTES)
		return fail(r, host.p, "the host name has more than 253 characters");
	for (size_t from = 0, i = 0; i <= rest.n; i++) {
		if (i < rest.n && rest.p[i] != '.')
			continue;
		label = og_sv(rest.p + from, i - from);
		int rc = check_label(r, label);
		if (rc)
			return rc;
		from = i + 1;
	}
	for (size_t i = 0; i < label.n; i++)
		if (!is_digit(label.p[i]))
			return 0;
	return fail(r, host.p, "not a valid IPv4 address (four numbers from 0 to 255)");
}

static int read_port(struct reader *r, struct og_sv s, uint16_t *ret)
{
	uint32_t v = 0;
	if (!s.n)
		return fail(r, s.p, "the port is missing behind \":\"");
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return fail(r, s.p + i, "a port is a number from 1 to 65535");
		v = v * 10 + (uint32_t)(s.p[i] - '0');
		if (v > 65535)
			return fail(r, s.p, "a port is a number from 1 to 65535");
	}
	if (!v)
		return fail(r, s.p, "a port is a number from 1 to 65535");
	*ret = (uint16_t)v;
	return 0;
}

static int read_bracketed(
	struct reader *r, struct og_sv a, struct og_url *u, struct og_sv *ret_rest)
{
	size_t end = og_sv_chr(a, ']');
	if (end == a.n)
		return fail(r, a.p, "the closing \"]\" of the IPv6 address is missing");
	u->host = og_sv(a.p + 1, end - 1);
	u->host_kind = OG_URL_IPV6;
	*ret_rest = og_sv(a.p + end + 1, a.n - end - 1);
	if (og_sv_chr(u->host, '%') < u->host.n)
		return fail(r, u->host.p, "an IPv6 address with a zone works on one machine only");
	if (!is_ipv6(u->host))
		return fail(r, u->host.p, "not a valid IPv6 address");
	if (ret_rest->n && ret_rest->p[0] != ':')
		return fail(r, ret_rest->p, "only \":\" and a port can follow \"]\"");
	return 0;
}

static int read_authority(struct reader *r, struct og_sv a, struct og_url *u)
{
	struct og_sv rest;
	size_t at = og_sv_chr(a, '@');
	if (at < a.n)
		return fail(r, a.p,
			"a user name or password in the address (credentials belong in a Secret)");
	if (a.n && a.p[0] == '[') {
		int rc = read_bracketed(r, a, u, &rest);
		if (rc)
			return rc;
	} else {
		size_t colon = og_sv_chr(a, ':');
		u->host = og_sv(a.p, colon);
		rest = og_sv(a.p + colon, a.n - colon);
		if (colon < a.n && og_sv_chr(og_sv(rest.p + 1, rest.n - 1), ':') < rest.n - 1)
			return fail(r, a.p, "an IPv6 address stands in brackets: [::1]");
		if (!u->host.n)
			return fail(r, a.p, "the host is missing");
		u->host_kind = is_ipv4(u->host) ? OG_URL_IPV4 : OG_URL_NAME;
		int rc = u->host_kind == OG_URL_NAME ? check_name(r, u->host) : 0;
		if (rc)
			return rc;
	}
	if (!rest.n)
		return 0;
	u->port_written = true;
	return read_port(r, og_sv(rest.p + 1, rest.n - 1), &u->port);
}

/* pchar, "/" and, for query and fragment, "?" (RFC 3986 §3.3 to §3.5). */
static int check_part(struct reader *r, struct og_sv s, bool question)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (is_alnum(c) || (c && strchr("-._~!$&'()*+,;=:@/", c)) || (question && c == '?'))
			continue;
		if (c == '%') {
			if (i + 2 >= s.n || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))
				return fail(r, s.p + i,
					"\"%\" without two hex digits behind it "
					"(write a percent sign as %25)");
			i += 2;
			continue;
		}
		if (c == ' ')
			return fail(r, s.p + i, "a space (write it as %20)");
		return fail(r, s.p + i, "a character that has to be percent-encoded");
	}
	return 0;
}

static int read_scheme(struct reader *r, struct og_sv *rest, struct og_url *u)
{
	static const struct og_sv http = OG_SV("http://"), https = OG_SV("https://");
	struct og_sv t = r->text;
	if (!t.n)
		return fail(r, t.p, "the URL is empty");
	u->https = t.n >= https.n && og_sv_caseeq(og_sv(t.p, https.n), https);
	size_t n = u->https ? https.n : http.n;
	if (u->https || (t.n >= http.n && og_sv_caseeq(og_sv(t.p, http.n), http))) {
		*rest = og_sv(t.p + n, t.n - n);
		return 0;
	}
	if (og_sv_has(t, OG_SV("://")))
		return og_err_set(
			r->err, OG_E_UNSUPPORTED, "byte 1: a scheme other than http and https");
	return fail(r, t.p, "no scheme (write http:// or https:// before it)");
}

static int read_url(struct reader *r, struct og_url *u)
{
	struct og_sv rest = {"", 0};
	int rc = read_scheme(r, &rest, u);
	if (rc)
		return rc;
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	rc = read_authority(r, og_sv(rest.p, end), u);
	if (rc)
		return rc;
	rest = og_sv(rest.p + end, rest.n - end);
	size_t hash = og_sv_chr(rest, '#');
	u->has_fragment = hash < rest.n;
	if (u->has_fragment)
		u->fragment = og_sv(rest.p + hash + 1, rest.n - hash - 1);
	rest.n = hash;
	size_t question = og_sv_chr(rest, '?');
	u->has_query = question < rest.n;
	if (u->has_query)
		u->query = og_sv(rest.p + question + 1, rest.n - question - 1);
	u->path = og_sv(rest.p, question);
	rc = check_part(r, u->path, false);
	if (!rc && u->has_query)
		rc = check_part(r, u->query, true);
	if (!rc && u->has_fragment)
		rc = check_part(r, u->fragment, true);
	return rc;
}

static const struct og_url empty = {
	.host = {"", 0}, .path = {"", 0}, .query = {"", 0}, .fragment = {"", 0}};

int og_url_parse(struct og_sv text, struct og_url *ret, struct og_err *err)
{
	struct reader r = {.text = text.n ? text : OG_SV(""), .err = err};
	struct og_url u = empty;
	if (text.n > OG_URL_BYTES)
		return og_err_set(err, OG_E_LIMIT, "a URL of more than %d bytes", OG_URL_BYTES);
	int rc = read_url(&r, &u);
	if (rc)
		return rc;
	if (!u.port_written)
		u.port = u.https ? 443 : 80;
	*ret = u;
	return 0;
}

int og_url_parse_hostport(
	struct og_sv text, uint16_t default_port, struct og_url *ret, struct og_err *err)
{
	struct reader r = {.text = text.n ? text : OG_SV(""), .err = err};
	struct og_url u = empty;
	if (text.n > OG_URL_BYTES)
		return og_err_set(
			err, OG_E_LIMIT, "an address of more than %d bytes", OG_URL_BYTES);
	if (og_sv_has(r.text, OG_SV("://")))
		return fail(&r, r.text.p, "only host:port is wanted here, without a scheme");
	if (og_sv_chr(r.text, '/') < r.text.n)
		return fail(&r, r.text.p + og_sv_chr(r.text, '/'),
			"only host:port is wanted here, without a path");
	int rc = read_authority(&r, r.text, &u);
	if (rc)
		return rc;
	if (!u.port_written && !default_port)
		return fail(&r, r.text.p + r.text.n, "the port is missing (host:port)");
	if (!u.port_written)
		u.port = default_port;
	*ret = u;
	return 0;
}

/* The forms were checked when it was read: ::1 is the only address that is zeros up to a last 1. */
static bool is_ipv6_loopback(struct og_sv s)
{
	size_t zeros = 0;

	while (zeros < s.n && strchr("0:.", s.p[zeros]))
		zeros++;
	return zeros + 1 == s.n && s.p[zeros] == '1';
}

bool og_url_is_loopback(const struct og_url *u)
{
	switch (u->host_kind) {
	case OG_URL_IPV4:
		return og_sv_starts(u->host, OG_SV("127."));
	case OG_URL_IPV6:
		return is_ipv6_loopback(u->host);
	case OG_URL_NAME:
		break;
	}
	return og_sv_caseeq(u->host, OG_SV("localhost"));
}

void og_url_put_hostport(struct og_buf *b, const struct og_url *u)
{
	bool brackets = u->host_kind == OG_URL_IPV6;
	if (brackets)
		og_buf_ch(b, '[');
	og_buf_sv(b, u->host);
	og_buf_str(b, brackets ? "]:" : ":");
	og_buf_u64(b, u->port);
}
