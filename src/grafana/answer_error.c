/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is no success, by a table of status codes and of the words that the backends use. Bodies are
 * JSON {"status","errorType","error"} (Prometheus, Mimir, the gateway), {"code","message"}
 * (Connect, GCOM), plain text (Loki, Tempo, proxies) or a web page.
 */
#include "otelgate/base/mem.h"
#include "answer-priv.h"
#include "otelgate/codec/url.h"

static const struct {
	int from, to;
	enum og_gf_state state;
	enum og_gf_why why;
	const char *what; /* "prometheus …" */
} statuses[] = {
	{201, 299, OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE, "answers without an answer"},
	{300, 399, OG_GF_WRONG_PATH, OG_GF_WHY_REDIRECT, "redirects"},
	{401, 401, OG_GF_AUTH_FAILED, OG_GF_WHY_CREDENTIALS,
		"refuses the credentials: the user is the backend's own instance id, and the token "
		"has to be of the same stack"},
	{402, 403, OG_GF_FORBIDDEN, OG_GF_WHY_PERMISSION,
		"does not allow this to the token: check the access policy's scopes and realms"},
	{404, 404, OG_GF_WRONG_PATH, OG_GF_WHY_NOT_FOUND,
		"does not know this path: check the path of its URL"},
	{405, 405, OG_GF_WRONG_PATH, OG_GF_WHY_METHOD,
		"does not take this method here: check the path of its URL"},
	{407, 407, OG_GF_BACKEND_ERROR, OG_GF_WHY_PROXY,
		"is behind a proxy that wants credentials of its own"},
	{408, 408, OG_GF_BACKEND_ERROR, OG_GF_WHY_TIMEOUT, "gave up waiting"},
	{410, 410, OG_GF_WRONG_PATH, OG_GF_WHY_NOT_FOUND, "does not serve this path any more"},
	{413, 414, OG_GF_QUERY_ERROR, OG_GF_WHY_TOO_LARGE, "takes no question of this size"},
	{422, 422, OG_GF_QUERY_ERROR, OG_GF_WHY_QUERY, "cannot answer the query"},
	{429, 429, OG_GF_THROTTLED, OG_GF_WHY_RATE, "has had too many requests"},
	{400, 498, OG_GF_QUERY_ERROR, OG_GF_WHY_QUERY, "does not understand the question"},
	{499, 499, OG_GF_BACKEND_ERROR, OG_GF_WHY_TIMEOUT, "was not waited for"},
	{504, 504, OG_GF_BACKEND_ERROR, OG_GF_WHY_TIMEOUT, "did not answer its own front in time"},
	{500, 599, OG_GF_BACKEND_ERROR, OG_GF_WHY_SERVER, "has failed"},
};

bool gf_is_html(const struct og_gf_reply *r)
{
	struct og_sv media = og_sv_trim(og_sv(r->content_type.p, og_sv_chr(r->content_type, ';')));
	struct og_sv body = og_sv_trim(r->body);
	return og_sv_caseeq(media, OG_SV("text/html")) || og_sv_starts(body, OG_SV("<"));
}

struct og_sv gf_error_text(struct gf_read *g)
{
	static const struct og_jlimits limits = {
		.max_bytes = 1 << 20, .max_depth = 32, .max_tokens = 20000};
	static const char *const members[] = {"error", "message", "msg", "detail"};
	struct og_sv text = og_sv_trim(g->r->body);
	struct og_jdoc *d = og_arena_new(g->a, struct og_jdoc);
	if (gf_is_html(g->r))
		return OG_SV("");
	if (d && text.n && (*text.p == '{' || *text.p == '"') &&
		og_jdoc_parse(d, g->a, text, &limits, NULL) == 0) {
		struct og_jval root = og_jroot(d);
		g->root = og_jis(root, OG_J_OBJECT) ? root : OG_JABSENT;
		for (size_t i = 0; i < OG_COUNT(members); i++) {
			struct og_jval v = og_jget(root, og_svz(members[i]));
			struct og_sv s = og_jstr_or_empty(v, g->a);
			if (!s.n)
				s = og_jstr_or_empty(og_jgetl(v, "message"), g->a);
			if (s.n)
				return gf_quote(g, s, OG_GF_QUOTE_BYTES);
		}
		if (og_jis(root, OG_J_STRING))
			text = og_jstr_or_empty(root, g->a);
	}
	return gf_quote(g, text, OG_GF_QUOTE_BYTES);
}

/*
 * Loki: "maximum number of series (500) reached for a single query", "max entries limit"; Mimir:
 * err-mimir-max-… ; Prometheus: "query processing would load too many samples"; Tempo: "max
 * series", "range exceeds"; gRPC below all of them: "received message larger than max".
 */
bool gf_asks_for_less(struct og_sv text)
{
	static const char *const words[] = {"maximum number of series", "max entries limit",
		"err-mimir-max-", "too many samples", "larger than max", "response larger than",
		"response too large", "too many series", "max series", "exceeds the maximum",
		"exceeds the limit", "exceeded the limit", "query would read too many bytes",
		"the query hit the max number", "too many labels values", "too much data"};
	for (size_t i = 0; i < OG_COUNT(words); i++) {
		if (og_sv_has(text, og_svz(words[i])))
			return true;
	}
	return false;
}

static bool has_any(struct og_sv text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (og_sv_has(text, og_svz(words[i])))
			return true;
	}
	return false;
}

static const char *sharpen_auth(struct og_sv said, enum og_gf_why *why)
{
	static const char *const scope[] = {
		"invalid scope", "scope", "not authorized to", "insufficient permission"};
	static const char *const expired[] = {"expired", "Expired"};
	if (has_any(said, scope, OG_COUNT(scope))) {
		*why = OG_GF_WHY_SCOPE;
		return "knows the token, which lacks the scope for reading";
	}
	if (has_any(said, expired, OG_COUNT(expired))) {
		*why = OG_GF_WHY_EXPIRED;
		return "says that the token has expired: make a new one";
	}
	return NULL;
}

/* Only the host of where it leads: the rest may hold what nobody should see. */
static struct og_sv target_host(struct gf_read *g)
{
	struct og_url u;
	struct og_buf b = OG_BUF_INIT(512);
	struct og_sv host = OG_SV(""), to = g->r->location, rest;
	if (og_url_parse(to, &u, NULL) == 0) {
		og_url_put_hostport(&b, &u);
		host = gf_quote(g, og_buf_view(&b), 260);
	} else if (to.n && to.p[0] == '/' && !og_sv_starts(to, OG_SV("//"))) {
		host = OG_SV("another path of the same host");
	} else if (og_sv_split(&to, '/', &rest)) {
		host = OG_SV("an address that is none");
	}
	og_buf_fini(&b);
	return host;
}

static bool is_own_404(struct gf_read *g)
{
	return og_jis(og_jgetl(g->root, "errorType"), OG_J_STRING) ||
	       og_jis(og_jgetl(g->root, "code"), OG_J_STRING);
}

static void sharpen(struct gf_read *g, enum og_gf_state *state, enum og_gf_why *why,
	const char **what, struct og_sv said)
{
	int http = g->r->http;
	const char *better = NULL;
	if (http == 401 && g->asked->backend == OG_GF_COUNT_)
		*what = "refuses the token";
	if (http == 401 || http == 403)
		better = sharpen_auth(said, why);
	if (http == 404 && is_own_404(g)) {
		*state = OG_GF_QUERY_ERROR;
		*why = OG_GF_WHY_NOT_FOUND;
		better = "knows the path, but not what is asked for";
	}
	if ((http == 400 || http == 422 || http == 413 || http >= 500) && gf_asks_for_less(said)) {
		*state = http >= 500 ? OG_GF_BACKEND_ERROR : OG_GF_QUERY_ERROR;
		*why = OG_GF_WHY_TOO_LARGE;
		better = "gives no answer of this size: ask for a smaller part";
	}
	if (better)
		*what = better;
}

void gf_classify(struct gf_read *g)
{
	enum og_gf_state state = OG_GF_BACKEND_ERROR;
	enum og_gf_why why = OG_GF_WHY_SHAPE;
	const char *what = "answers with a status that does not exist";
	for (size_t i = 0; i < OG_COUNT(statuses); i++) {
		if (g->r->http >= statuses[i].from && g->r->http <= statuses[i].to) {
			state = statuses[i].state;
			why = statuses[i].why;
			what = statuses[i].what;
			break;
		}
	}
	struct og_sv said = gf_error_text(g);
	/* a trace that is not there (v1, and v2 of some versions) */
	if (g->r->http == 404 && g->asked->shape == OG_GF_SHAPE_TEMPO_TRACE &&
		og_sv_has(said, OG_SV("trace not found"))) {
		g->out->state = OG_GF_EMPTY;
		return;
	}
	sharpen(g, &state, &why, &what, said);
	g->out->too_large = why == OG_GF_WHY_TOO_LARGE;
	if (state == OG_GF_THROTTLED || g->r->http >= 500)
		g->out->retry_after_ms = og_gf_retry_after_ms(g->r->retry_after, g->r->now_s);
	const char *who = gf_who(g->asked);
	if (why == OG_GF_WHY_REDIRECT) {
		struct og_sv host = target_host(g);
		gf_say(g, state, why,
			"%s redirects to %.*s (HTTP %d), which is not followed with credentials: check "
			"its URL",
			who, OG_SV_ARG(host.n ? host : OG_SV("nowhere")), g->r->http);
		return;
	}
	if (gf_is_html(g->r))
		said = OG_SV("a web page: a proxy or another server may stand in between");
	gf_say(g, state, why, "%s %s (HTTP %d%s%.*s)", who, what, g->r->http, said.n ? ": " : "",
		OG_SV_ARG(said));
}
