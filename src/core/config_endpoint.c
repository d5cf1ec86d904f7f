/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs of receivers and backends. Stricter than RFC 3986: what SDKs would choke on or silently
 * misread is refused (userinfo, query, fragment), and the two host variables are understood.
 */
#include "config_endpoint-priv.h"
#include "otelgate/core/config.h"
#include "otelgate/base/mem.h"

static const char *const host_vars[] = {"$(OTEL_NODE_IP)", "$(OTEL_POD_IP)"};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool ipv4(struct og_sv s)
{
	struct og_sv rest = s, part;
	size_t parts = 0;
	while (og_sv_split(&rest, '.', &part)) {
		unsigned v = 0;
		if (!part.n || part.n > 3 || (part.n > 1 && part.p[0] == '0'))
			return false;
		for (size_t i = 0; i < part.n; i++) {
			if (!is_digit(part.p[i]))
				return false;
			v = v * 10 + (unsigned)(part.p[i] - '0');
		}
		if (v > 255)
			return false;
		parts++;
	}
	return parts == 4 && s.p[s.n - 1] != '.';
}

/* Groups of up to four hex digits, one "::" at most; embedded IPv4 is not taken. */
static bool ipv6(struct og_sv s)
{
	size_t groups = 0, digits = 0, gaps = 0;
	if (s.n < 2 || (s.p[0] == ':' && s.p[1] != ':'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == ':') {
			groups += digits > 0;
			digits = 0;
			if (i + 1 < s.n && s.p[i + 1] == ':') {
				gaps++;
				i++;
				if (i + 1 < s.n && s.p[i + 1] == ':')
					return false;
			} else if (i + 1 == s.n) {
				return false;
			}
			continue;
		}
		bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (!hex || ++digits > 4)
			return false;
	}
	groups += digits > 0;
	return gaps == 0 ? groups == 8 : gaps == 1 && groups < 8;
}

static bool dns_name(struct og_sv s)
{
	struct og_sv rest = s, part;
	if (s.n && s.p[s.n - 1] == '.')
		rest.n--; /* an absolute name */
	if (!rest.n || rest.n > 253)
		return false;
	while (og_sv_split(&rest, '.', &part)) {
		if (!part.n || part.n > 63 || part.p[0] == '-' || part.p[part.n - 1] == '-')
			return false;
		for (size_t i = 0; i < part.n; i++) {
			char c = part.p[i];
			if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
				c != '-')
				return false;
		}
	}
	return true;
}

static bool host_var(struct og_sv s)
{
	for (size_t i = 0; i < OG_COUNT(host_vars); i++) {
		if (og_sv_eq(s, og_svz(host_vars[i])))
			return true;
	}
	return false;
}

static const char *parse_port(struct og_sv s, uint32_t *ret)
{
	uint32_t v = 0;
	if (!s.n)
		return "has an empty port";
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return "has a port that is no number";
		v = v * 10 + (uint32_t)(s.p[i] - '0');
		if (v > 65535)
			return "has a port above 65535";
	}
	*ret = v;
	return v ? NULL : "has port 0";
}

static const char *parse_authority(struct og_sv s, struct og_endpoint *e)
{
	struct og_sv port = {NULL, 0};
	if (og_sv_chr(s, '@') < s.n)
		return "holds a user or password: use spec.credentials";
	size_t end = og_sv_chr(s, s.n && s.p[0] == '[' ? ']' : ':');
	if (s.n && s.p[0] == '[') {
		if (end == s.n)
			return "has an unclosed [ in its host";
		e->bracketed = true;
		e->host = og_sv(s.p + 1, end - 1);
		end++;
	} else {
		e->host = og_sv(s.p, end);
	}
	if (end < s.n && s.p[end] != ':')
		return "has a malformed host";
	if (end < s.n) {
		port = og_sv(s.p + end + 1, s.n - end - 1);
		const char *bad = parse_port(port, &e->port);
		if (bad)
			return e->bracketed || og_sv_chr(port, ':') == port.n
				       ? bad
				       : "has an IPv6 host without brackets: write [::1]";
	}
	if (!e->host.n)
		return "has no host";
	if (og_sv_has(e->host, OG_SV("$(")))
		return host_var(e->host) ? NULL
					 : "may refer to $(OTEL_NODE_IP) or $(OTEL_POD_IP) alone, "
					   "as the whole host";
	if (e->bracketed)
		return ipv6(e->host) ? NULL : "has a malformed IPv6 host";
	bool numeric = true;
	for (size_t i = 0; i < e->host.n; i++)
		numeric = numeric && (is_digit(e->host.p[i]) || e->host.p[i] == '.');
	if (numeric)
		return ipv4(e->host) ? NULL : "has a malformed IPv4 host";
	return dns_name(e->host) ? NULL : "has a malformed host";
}

const char *og_endpoint_parse(struct og_sv url, struct og_endpoint *ret)
{
	struct og_endpoint e = {.port = 0};
	struct og_sv rest = url;
	for (size_t i = 0; i < url.n; i++) {
		if ((unsigned char)url.p[i] <= 0x20 || (unsigned char)url.p[i] >= 0x7f)
			return "holds a blank, a control character or one that is not ASCII";
	}
	if (!url.n)
		return "must not be empty";
	if (og_sv_starts(url, OG_SV("http://")))
		rest = og_sv(url.p + 7, url.n - 7);
	else if (og_sv_starts(url, OG_SV("https://")))
		rest = og_sv(url.p + 8, url.n - 8), e.https = true;
	else if (og_sv_has(url, OG_SV("://")))
		return "has a scheme other than http or https";
	else
		return "has no scheme: write http:// or https:// before it";
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	e.path = og_sv(rest.p + end, rest.n - end);
	const char *bad = parse_authority(og_sv(rest.p, end), &e);
	if (bad)
		return bad;
	if (og_sv_chr(e.path, '?') < e.path.n)
		return "has a query (?…): SDKs append to the URL, so that it can't work";
	if (og_sv_chr(e.path, '#') < e.path.n)
		return "has a fragment (#…), which is never sent";
	if (og_sv_has(e.path, OG_SV("$(")))
		return "may refer to $(OTEL_NODE_IP) or $(OTEL_POD_IP) alone, as the whole host";
	*ret = e;
	return NULL;
}

static bool ends_nocase(struct og_sv s, const char *suffix)
{
	size_t n = strlen(suffix);
	return s.n >= n && og_sv_caseeq(og_sv(s.p + s.n - n, n), og_sv(suffix, n));
}

static bool starts_nocase(struct og_sv s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && og_sv_caseeq(og_sv(s.p, n), og_sv(prefix, n));
}

/* The host without the dot of an absolute name. */
static struct og_sv name_of(const struct og_endpoint *e)
{
	struct og_sv h = e->host;
	if (h.n && h.p[h.n - 1] == '.')
		h.n--;
	return h;
}

static bool grafana_cloud(const struct og_endpoint *e)
{
	struct og_sv h = name_of(e);
	return ends_nocase(h, ".grafana.net") || ends_nocase(h, ".grafana-dev.net") ||
	       ends_nocase(h, ".grafana-ops.net");
}

bool og_endpoint_is_gateway(const struct og_endpoint *e)
{
	return grafana_cloud(e) && starts_nocase(e->host, "otlp-gateway-");
}

bool og_endpoint_is_tempo(const struct og_endpoint *e)
{
	return grafana_cloud(e) && starts_nocase(e->host, "tempo-");
}

enum og_reach og_endpoint_reach(const struct og_endpoint *e)
{
	/* RFC 6762, RFC 8375, RFC 2606 and Kubernetes service names. */
	static const char *const suffixes[] = {".svc", ".cluster.local", ".local", ".internal",
		".lan", ".home.arpa", ".localdomain", ".localhost", ".test", ".intranet", ".corp"};
	static const char *const tlds[] = {"com", "net", "org", "edu", "gov", "mil", "int", "info"};
	struct og_sv h = name_of(e);
	size_t dot = og_sv_chr(h, '.');
	if (e->bracketed || ipv4(h) || host_var(h) || dot == h.n || og_sv_has(h, OG_SV(".svc.")))
		return OG_REACH_PRIVATE;
	for (size_t i = 0; i < OG_COUNT(suffixes); i++) {
		if (ends_nocase(h, suffixes[i]))
			return OG_REACH_PRIVATE;
	}
	struct og_sv tail = og_sv(h.p + dot + 1, h.n - dot - 1);
	if (og_sv_chr(tail, '.') < tail.n || tail.n == 2)
		return OG_REACH_PUBLIC;
	for (size_t i = 0; i < OG_COUNT(tlds); i++) {
		if (og_sv_caseeq(tail, og_svz(tlds[i])))
			return OG_REACH_PUBLIC;
	}
	return OG_REACH_UNSURE;
}

bool og_endpoint_is_local(const struct og_endpoint *e)
{
	struct og_sv h = name_of(e);
	return host_var(h) || og_sv_is(h, "localhost") || og_sv_is(h, "::1") ||
	       (ipv4(h) && og_sv_starts(h, OG_SV("127.")));
}

struct og_sv og_endpoint_path(const struct og_endpoint *e)
{
	struct og_sv p = e->path;
	while (p.n && p.p[p.n - 1] == '/')
		p.n--;
	return p;
}

bool og_url_in_the_clear(struct og_sv url)
{
	struct og_endpoint e;

	return !og_endpoint_parse(url, &e) && !e.https && og_endpoint_reach(&e) == OG_REACH_PUBLIC;
}
