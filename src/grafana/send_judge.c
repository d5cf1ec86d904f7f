/* SPDX-License-Identifier: Apache-2.0 */
/* From a status and a body to what it means. */
#include "otelgate/base/harmless.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "send_judge-priv.h"

enum { TEXT_BYTES = 1200, QUOTE_BYTES = 240, RETRY_MAX_S = 24 * 3600 };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool judge_has(struct og_sv text, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; n <= text.n && i <= text.n - n; i++) {
		size_t k = 0;
		while (k < n && lower(text.p[i + k]) == lower(needle[k]))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

struct og_sv judge_text(struct judge *j, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	return og_arena_sv(j->arena, og_buf_view(&b));
}

void judge_say(struct judge *j, enum og_send_class c, const char *fix, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	og_send_say(j->ret, c, og_arena_sv(j->arena, og_buf_view(&b)),
		og_arena_sv(j->arena, og_svz(fix)));
}

/* ---- what may be quoted ---- */

/* Servers that echo requests would make a message of a credential. */
static bool may_hold_secret(struct og_sv s)
{
	static const char *const signs[] = {"glc_", "glsa_", "eyJ", "basic ", "bearer ",
		"authorization:", "authorization=", "password="};
	for (size_t i = 0; i < OG_COUNT(signs); i++)
		if (judge_has(s, signs[i]))
			return true;
	return false;
}

static bool is_html(struct og_sv type, struct og_sv body)
{
	struct og_sv t = og_sv_trim(body);
	return judge_has(type, "text/html") ||
	       judge_has(og_sv(t.p, t.n < 15 ? t.n : 15), "<!doctype html") ||
	       judge_has(og_sv(t.p, t.n < 6 ? t.n : 6), "<html");
}

/* One line, cut, no control characters; empty when it is no text. */
static struct og_sv harmless(struct og_arena *arena, struct og_sv s)
{
	s = og_sv_trim(s);
	size_t n = s.n < QUOTE_BYTES ? s.n : QUOTE_BYTES;
	while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	if (may_hold_secret(s) || !og_utf8_valid(s.p, n))
		return og_sv("", 0);
	return og_harmless(og_sv(s.p, n), n, arena);
}

void judge_init(struct judge *j, const struct og_send_facts *f, struct og_arena *arena,
	struct og_send_verdict *ret)
{
	*j = (struct judge){.f = f, .arena = arena, .ret = ret};
	*ret = (struct og_send_verdict){.retry_after_s = -1};
	j->url_ok = og_url_parse(f->url, &j->url, NULL) == 0;
	j->host = j->url_ok ? j->url.host : OG_SV("the receiver");
	j->cloud = f->shape.token == OG_TOKEN_POLICY || og_sv_ends(j->host, OG_SV(".grafana.net"));
	j->place = f->field.n ? f->field : OG_SV("spec.receiver.endpoint");
	j->cred = f->where.n ? f->where : OG_SV("the credential");
	j->said = og_sv("", 0);
}

/* ---- 2xx ---- */

static void judge_accepted(struct judge *j, const struct og_otlp_answer *a)
{
	const char *name = og_otlp_signal_name(j->f->signal);
	bool otlp = !j->f->ingest; /* Pyroscope's own way says nothing in its body */

	if (is_html(j->s->content_type, j->s->body)) {
		judge_say(j, OG_SEND_WEB_PAGE,
			judge_text(j,
				"Look whether %.*s is right, and whether a proxy or login page stands before it: curl -sv -X POST -H 'Content-Type: application/json' -d '{}' '%.*s'",
				OG_SV_ARG(j->place), OG_SV_ARG(j->f->url))
				.p,
			"%.*s answers %d with a web page, which no receiver does: a proxy, a login page or another server takes what is sent",
			OG_SV_ARG(j->host), j->s->http);
	} else if (otlp && !a->readable) {
		judge_say(j, OG_SEND_NOT_OTLP,
			judge_text(j,
				"Correct %.*s: it leads to something else than an OTLP receiver",
				OG_SV_ARG(j->place))
				.p,
			"%.*s answers %d, and what it says is no answer of OTLP",
			OG_SV_ARG(j->host), j->s->http);
	} else if (otlp && a->rejected > 0) {
		j->ret->rejected = a->rejected;
		if (judge_words(j, a->message))
			return;
		judge_say(j, OG_SEND_PARTIAL,
			"The receiver's words say which limit or rule it is; the store's ingestion limits and the SDK's views are the places to look.",
			"%.*s takes the %s and refuses %lld of them%s%.*s", OG_SV_ARG(j->host),
			name, (long long)a->rejected, j->said.n ? ": " : "", OG_SV_ARG(j->said));
	} else if (otlp && a->partial) {
		judge_say(j, OG_SEND_WARNED, "", "accepted, with a warning: %.*s",
			OG_SV_ARG(j->said));
	} else {
		judge_say(j, OG_SEND_ACCEPTED, "", "accepted");
	}
}

/* ---- others ---- */

static int64_t retry_after(struct og_sv v)
{
	uint64_t n;
	return og_parse_u64(og_sv_trim(v), 0, RETRY_MAX_S, &n, NULL) == 0 ? (int64_t)n : -1;
}

static void judge_throttled(struct judge *j)
{
	char wait[OG_DURATION_BYTES] = "";

	if (j->ret->retry_after_s >= 0)
		og_fmt_duration_ms(wait, j->ret->retry_after_s * 1000);
	judge_say(j, OG_SEND_THROTTLED,
		"Send less (sampling, fewer series, longer intervals) or have the limits of the stack raised; SDKs try again, and drop data when that lasts.",
		"%.*s is at its limit (429)%s%s%s%.*s", OG_SV_ARG(j->host),
		*wait ? ", and asks to wait " : "", wait, j->said.n ? ": " : "",
		OG_SV_ARG(j->said));
}

static void judge_bad_request(struct judge *j)
{
	if (judge_words(j, j->s->body) || judge_words(j, j->said) || judge_wrong_signal_path(j))
		return;
	judge_say(j, OG_SEND_MALFORMED,
		judge_text(j,
			"Look whether %.*s is an OTLP receiver of this protocol, and at the receiver's log",
			OG_SV_ARG(j->place))
			.p,
		"%.*s refuses the request (%d)%s%.*s", OG_SV_ARG(j->host), j->s->http,
		j->said.n ? ": " : "", OG_SV_ARG(j->said));
}

static void judge_failing(struct judge *j)
{
	if (j->s->http == 501) {
		judge_say(j, OG_SEND_UNIMPLEMENTED,
			"Add a pipeline for this signal to the collector, or set the signal to Off in the TelemetryProfile.",
			"%.*s does not implement %s (501)", OG_SV_ARG(j->host),
			og_otlp_signal_name(j->f->signal));
		return;
	}
	judge_say(j, OG_SEND_SERVER_ERROR,
		og_sv_ends(j->host, OG_SV(".grafana.net"))
			? "Look at https://status.grafana.com, and try again."
		: j->cloud
			? "Look at the receiver's log; when that is Grafana Cloud by another name, at https://status.grafana.com."
			: "Look at the collector's log: its exporter or its queue may be the cause.",
		"%.*s fails with %d%s%.*s", OG_SV_ARG(j->host), j->s->http, j->said.n ? ": " : "",
		OG_SV_ARG(j->said));
}

static void judge_method(struct judge *j)
{
	judge_say(j, OG_SEND_METHOD,
		judge_text(j,
			"Correct %.*s: OTLP goes to <base>/v1/<signal>, and the page of the stack in Grafana Cloud shows the base under OpenTelemetry",
			OG_SV_ARG(j->place))
			.p,
		"%.*s takes no POST at that path (%d)", OG_SV_ARG(j->host), j->s->http);
}

static void judge_media(struct judge *j)
{
	judge_say(j, OG_SEND_MEDIA_TYPE,
		"Set spec.receiver.protocol to http/protobuf, which every receiver takes, and spec.receiver.compression to none if it takes no gzip.",
		"%.*s does not take this form of request (%d)%s%.*s", OG_SV_ARG(j->host),
		j->s->http, j->said.n ? ": " : "", OG_SV_ARG(j->said));
}

static void judge_large(struct judge *j)
{
	judge_say(j, OG_SEND_TOO_LARGE,
		"Raise the limit of the proxy or receiver (client_max_body_size in nginx, max_request_body_size in Alloy); OTLP asks for 20 MiB.",
		"%.*s takes no request of that size (413), and this one was small",
		OG_SV_ARG(j->host));
}

static void judge_other(struct judge *j)
{
	judge_say(j, OG_SEND_STATUS,
		judge_text(j, "Look whether %.*s leads to an OTLP receiver", OG_SV_ARG(j->place)).p,
		"%.*s answers with status %d, which no receiver does%s%.*s", OG_SV_ARG(j->host),
		j->s->http, j->said.n ? ": " : "", OG_SV_ARG(j->said));
}

static void judge_proxy_answer(struct judge *j)
{
	judge_say(j, OG_SEND_PROXY_AUTH,
		"Put user name and password into the proxy's URL (http://user:password@proxy:port), or name the receiver in NO_PROXY.",
		"a proxy on the way wants a user name and a password (407)");
}

static const struct {
	int from, to;
	void (*judge)(struct judge *j);
} statuses[] = {{300, 399, judge_redirect}, {400, 400, judge_bad_request},
	{401, 401, judge_unauthorized}, {403, 403, judge_forbidden}, {404, 404, judge_not_found},
	{405, 405, judge_method}, {407, 407, judge_proxy_answer}, {413, 413, judge_large},
	{415, 415, judge_media}, {422, 422, judge_bad_request}, {429, 429, judge_throttled},
	{500, 599, judge_failing}};

static void judge_status(struct judge *j)
{
	struct og_otlp_answer a;
	bool ok = j->s->http >= 200 && j->s->http < 300, html;

	og_otlp_read_answer(j->s->body, j->s->content_type, ok, j->arena, &a);
	html = is_html(j->s->content_type, j->s->body);
	if (!html)
		j->said = harmless(j->arena, a.readable ? a.message : j->s->body);
	if (ok) {
		judge_accepted(j, &a);
		return;
	}
	j->ret->retry_after_s = retry_after(j->s->retry_after);
	for (size_t i = 0; i < OG_COUNT(statuses); i++)
		if (j->s->http >= statuses[i].from && j->s->http <= statuses[i].to) {
			statuses[i].judge(j);
			return;
		}
	judge_other(j);
}

/* ---- no answer ---- */

static void judge_silence(struct judge *j)
{
	const struct og_send_seen *s = j->s;
	unsigned port = j->url_ok ? j->url.port : 0;

	if (s->speaks_tls)
		judge_say(j, OG_SEND_TLS_SERVER,
			judge_text(
				j, "Write https:// instead of http:// in %.*s", OG_SV_ARG(j->place))
				.p,
			"port %u of %.*s speaks TLS, and the endpoint says http://", port,
			OG_SV_ARG(j->host));
	else if (s->speaks_http2)
		judge_say(j, OG_SEND_HTTP2_ONLY,
			judge_text(j,
				"Use the receiver's HTTP port (4318) in %.*s, or set spec.receiver.protocol to grpc",
				OG_SV_ARG(j->place))
				.p,
			"port %u of %.*s speaks HTTP/2 alone, as gRPC ports do, and the protocol is http",
			port, OG_SV_ARG(j->host));
	else if (s->refused)
		judge_say(j, OG_SEND_REFUSED,
			"Check the port, and that the receiver runs: kubectl get endpoints",
			"nothing listens at %.*s:%u", OG_SV_ARG(j->host), port);
	else if (s->code == -OG_E_TIMEOUT)
		judge_say(j, OG_SEND_NO_ANSWER,
			"Look at the receiver's log and load; a firewall that swallows packets looks the same.",
			"%.*s takes the request and does not answer in time", OG_SV_ARG(j->host));
	else if (s->code == -OG_E_PARSE)
		judge_say(j, OG_SEND_NO_HTTP,
			judge_text(j, "Check the port in %.*s", OG_SV_ARG(j->place)).p,
			"what port %u of %.*s answers is no HTTP", port, OG_SV_ARG(j->host));
	else if (s->code == -OG_E_LIMIT)
		judge_say(j, OG_SEND_NOT_OTLP, judge_text(j, "Correct %.*s", OG_SV_ARG(j->place)).p,
			"the answer of %.*s is larger than any receiver's", OG_SV_ARG(j->host));
	else if (s->code == -OG_E_OOM || s->code == -OG_E_INVALID)
		judge_say(j, s->code == -OG_E_OOM ? OG_SEND_LOCAL : OG_SEND_BAD_TARGET, "",
			"nothing was sent: %.*s", OG_SV_ARG(s->error));
	else
		judge_say(j, OG_SEND_CUT,
			"Look at the receiver's log, and at proxies and meshes between here and there.",
			"%.*s ends the connection without an answer%s%.*s", OG_SV_ARG(j->host),
			s->error.n ? ": " : "", OG_SV_ARG(s->error));
}

void og_send_judge(const struct og_send_facts *f, const struct og_send_seen *s,
	struct og_arena *arena, struct og_send_verdict *ret)
{
	struct judge j;

	judge_init(&j, f, arena, ret);
	j.s = s;
	ret->http = s->http;
	if (s->http)
		judge_status(&j);
	else
		judge_silence(&j);
}
