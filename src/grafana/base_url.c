/* SPDX-License-Identifier: Apache-2.0 */
/* What people paste, and what it means. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/url.h"
#include "otelgate/grafana/client.h"

/*
 * Ends that belong to one API. `word` is where it begins, and everything behind it goes too when
 * `open`, else only the very end of the path is meant. In order: the first that fits counts, until
 * none does.
 */
static const struct {
	enum og_gf_backend b;
	const char *word;
	bool open;
} ends[] = {
	{OG_GF_PROMETHEUS, "/api/v1/query", true},
	{OG_GF_PROMETHEUS, "/api/v1/write", false},
	{OG_GF_PROMETHEUS, "/api/v1/push", false},
	{OG_GF_PROMETHEUS, "/api/v1/otlp", true},
	{OG_GF_PROMETHEUS, "/api/v1", false},
	{OG_GF_PROMETHEUS, "/push", false},
	{OG_GF_LOKI, "/loki/api/v1", true},
	{OG_GF_LOKI, "/loki/api", false},
	{OG_GF_LOKI, "/loki", false},
	{OG_GF_LOKI, "/otlp", true},
	{OG_GF_TEMPO, "/api/search", true},
	{OG_GF_TEMPO, "/api/v2/search", true},
	{OG_GF_TEMPO, "/api/traces", true},
	{OG_GF_TEMPO, "/api/v2/traces", true},
	{OG_GF_TEMPO, "/api/metrics", true},
	{OG_GF_TEMPO, "/api/echo", false},
	{OG_GF_TEMPO, "/api", false},
	{OG_GF_TEMPO, "/v1/traces", false},
	{OG_GF_PYROSCOPE, "/querier.v1.QuerierService", true},
	{OG_GF_PYROSCOPE, "/push.v1.PusherService", true},
	{OG_GF_PYROSCOPE, "/pyroscope/render", true},
	{OG_GF_PYROSCOPE, "/ingest", false},
	{OG_GF_PYROSCOPE, "/pyroscope", false},
};

/* Where the APIs are on Grafana Cloud's hosts (GCOM returns URLs without these). */
static const char *const cloud_paths[OG_GF_COUNT_] = {
	[OG_GF_PROMETHEUS] = "/api/prom",
	[OG_GF_TEMPO] = "/tempo",
};

static struct og_sv no_slash(struct og_sv s)
{
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

/* At a border of a path's parts: "/loki" is not in "/loki-read". */
static bool begins_part(struct og_sv path, size_t at, size_t n, bool open)
{
	size_t end = at + n;
	if (end == path.n)
		return true;
	return open && (path.p[end] == '/' || path.p[end] == '_');
}

static struct og_sv cut(enum og_gf_backend b, struct og_sv path)
{
	path = no_slash(path);
	for (size_t i = 0; i < OG_COUNT(ends); i++) {
		size_t n = strlen(ends[i].word);
		if (ends[i].b != b)
			continue;
		for (size_t at = 0; n <= path.n && at <= path.n - n; at++) {
			if (memcmp(path.p + at, ends[i].word, n) == 0 &&
				begins_part(path, at, n, ends[i].open))
				return no_slash(og_sv(path.p, at));
		}
	}
	return path;
}

static bool is_cloud(const struct og_url *u)
{
	return og_sv_ends(u->host, OG_SV(".grafana.net"));
}

static int check(const struct og_url *u, bool allow_http, struct og_err *err)
{
	if (u->has_query || u->has_fragment)
		return og_err_set(err, OG_E_INVALID,
			"the URL has a query or a fragment: only scheme, host and path are used");
	if (!u->https && !allow_http && !og_url_is_loopback(u))
		return og_err_set(err, OG_E_INVALID,
			"the URL is http://, and the token would travel in the clear: use https://");
	for (size_t i = 0; i < u->path.n; i++) {
		unsigned char c = (unsigned char)u->path.p[i];
		if (c <= 0x20 || c >= 0x7f)
			return og_err_set(err, OG_E_INVALID,
				"the path of the URL holds what has to be percent-encoded");
	}
	return 0;
}

static void put_note(struct og_buf *note, const char *fmt, struct og_sv what)
{
	if (note->len)
		og_buf_lit(note, "; ");
	og_buf_str(note, fmt);
	og_buf_sv(note, what);
}

int og_gf_base_url(enum og_gf_backend b, struct og_sv text, bool allow_http, struct og_buf *url,
	struct og_buf *note, struct og_err *err)
{
	struct og_url u;
	og_auto_buf struct og_buf full = OG_BUF_INIT(OG_URL_BYTES + 16);
	text = og_sv_trim(text);
	bool bare = !og_sv_has(text, OG_SV("://"));
	if (bare)
		og_buf_lit(&full, "https://");
	og_buf_sv(&full, text);
	if (full.failed)
		return og_err_set(err, full.full ? OG_E_LIMIT : OG_E_OOM, "the URL is too long");
	int rc = og_url_parse(og_buf_view(&full), &u, err);
	if (rc == 0)
		rc = check(&u, allow_http, err);
	if (rc < 0)
		return rc;
	struct og_sv path = cut(b, u.path);
	bool added = !path.n && is_cloud(&u) && (unsigned)b < OG_GF_COUNT_ && cloud_paths[b];
	if (bare)
		put_note(note, "https:// was added", OG_SV(""));
	/* a lone "/" is nobody's mistake */
	struct og_sv gone = og_sv(u.path.p + path.n, u.path.n - path.n);
	if (no_slash(gone).n)
		put_note(note, "the end of the path was left out: ", gone);
	if (added)
		put_note(note, "the path of Grafana Cloud was added: ", og_svz(cloud_paths[b]));
	og_buf_str(url, u.https ? "https://" : "http://");
	if (u.port_written)
		og_url_put_hostport(url, &u);
	else if (u.host_kind == OG_URL_IPV6)
		og_buf_fmt(url, "[%.*s]", OG_SV_ARG(u.host));
	else
		og_buf_sv(url, u.host);
	og_buf_sv(url, path);
	if (added)
		og_buf_str(url, cloud_paths[b]);
	return url->failed || note->failed ? og_err_set(err, OG_E_OOM, "no memory for a URL") : 0;
}
