/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, redirects, and the words of refusals. */
#include "otelgate/base/mem.h"
#include "send_judge-priv.h"

/* The path without the slashes at its end. */
static struct og_sv path_of(const struct judge *j)
{
	struct og_sv p = j->url_ok ? j->url.path : og_sv("", 0);
	while (p.n && p.p[p.n - 1] == '/')
		p.n--;
	return p;
}

/* Host, and port where one is written. */
static struct og_sv authority_of(struct judge *j)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(512);

	if (!j->url.port_written)
		return j->host;
	og_url_put_hostport(&b, &j->url);
	return og_arena_sv(j->arena, og_buf_view(&b));
}

static unsigned signal_parts(struct og_sv path)
{
	unsigned n = 0;
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		struct og_sv part = og_svz(og_otlp_path((enum og_otlp_signal)s));
		for (size_t i = 0; i + part.n <= path.n; i++)
			n += memcmp(path.p + i, part.p, part.n) == 0;
	}
	return n;
}

bool judge_wrong_signal_path(struct judge *j)
{
	struct og_sv path = path_of(j);
	const char *want = og_otlp_path(j->f->signal);

	if (!j->f->own_url || j->f->ingest || og_sv_ends(path, og_svz(want)))
		return false;
	judge_say(j, OG_SEND_PATH_SIGNAL,
		judge_text(j, "End the URL of %s in %s, or leave it away and set the base alone",
			og_otlp_signal_name(j->f->signal), want)
			.p,
		"the URL of %s does not end in %s: SDKs use a signal's own URL as it is (%d)",
		og_otlp_signal_name(j->f->signal), want, j->s->http);
	return true;
}

void judge_not_found(struct judge *j)
{
	struct og_sv path = path_of(j);
	const char *signal = og_otlp_signal_name(j->f->signal);

	if (signal_parts(path) > 1) {
		judge_say(j, OG_SEND_PATH_DOUBLED,
			judge_text(j, "Take /v1/%s off the end of %.*s: SDKs append it", signal,
				OG_SV_ARG(j->place))
				.p,
			"the path holds the signal twice (%.*s), which %.*s does not know (404)",
			OG_SV_ARG(path), OG_SV_ARG(j->host));
		return;
	}
	if (judge_wrong_signal_path(j))
		return;
	if (j->cloud && !j->f->ingest && !og_sv_has(path, OG_SV("/otlp"))) {
		judge_say(j, OG_SEND_PATH_OTLP,
			judge_text(j, "Write %s://%.*s/otlp into %.*s",
				j->url.https ? "https" : "http", OG_SV_ARG(authority_of(j)),
				OG_SV_ARG(j->place))
				.p,
			"%.*s does not know the path %.*s (404): the gateway of Grafana Cloud wants /otlp before /v1/%s",
			OG_SV_ARG(j->host), OG_SV_ARG(path), signal);
		return;
	}
	judge_say(j, OG_SEND_NOT_FOUND,
		judge_text(j,
			"Correct %.*s: it is the base to which /v1/%s is appended; a collector may also lack a receiver for %s",
			OG_SV_ARG(j->place), signal, signal)
			.p,
		"%.*s does not know the path %.*s (404)%s%.*s", OG_SV_ARG(j->host), OG_SV_ARG(path),
		j->said.n ? ": " : "", OG_SV_ARG(j->said));
}

void judge_redirect(struct judge *j)
{
	struct og_url to;
	bool known = og_url_parse(j->s->location, &to, NULL) == 0;

	judge_say(j, OG_SEND_REDIRECT,
		judge_text(j, "Put the address it leads to into %.*s, if it is the right one",
			OG_SV_ARG(j->place))
			.p,
		"%.*s sends on to %s%.*s (%d); a credential is never taken to another address",
		OG_SV_ARG(j->host), known ? (to.https ? "https://" : "http://") : "",
		known ? (int)to.host.n : (int)strlen("another path"),
		known ? to.host.p : "another path", j->s->http);
}

/* ---- words ---- */

static const struct {
	const char *word;
	enum og_send_class class;
	const char *fix;
	const char *what;
} words[] = {
	{"temporality", OG_SEND_DELTA,
		"Set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative, or convert with deltatocumulative in the collector.",
		"the store takes cumulative sums and histograms, and no delta"},
	{"delta metric", OG_SEND_DELTA,
		"Set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative, or convert with deltatocumulative in the collector.",
		"the store takes cumulative sums and histograms, and no delta"},
	{"to https port", OG_SEND_TLS_SERVER, "Write https:// instead of http:// in the endpoint.",
		"the port speaks TLS, and the endpoint says http://"},
	{"http request to an https server", OG_SEND_TLS_SERVER,
		"Write https:// instead of http:// in the endpoint.",
		"the port speaks TLS, and the endpoint says http://"},
	{"out of order", OG_SEND_OUT_OF_ORDER,
		"Give each process a service.instance.id of its own, so that two do not write one series.",
		"the store has newer samples of the same series"},
	{"out-of-order", OG_SEND_OUT_OF_ORDER,
		"Give each process a service.instance.id of its own, so that two do not write one series.",
		"the store has newer samples of the same series"},
	{"duplicate sample", OG_SEND_OUT_OF_ORDER,
		"Give each process a service.instance.id of its own, so that two do not write one series.",
		"the store has another sample of the same time"},
	{"too old", OG_SEND_CLOCK, "Let chrony or NTP keep the clock of this machine.",
		"the store takes the time of the record for too old"},
	{"too far behind", OG_SEND_CLOCK, "Let chrony or NTP keep the clock of this machine.",
		"the store takes the time of the record for too old"},
	{"in the future", OG_SEND_CLOCK, "Let chrony or NTP keep the clock of this machine.",
		"the store takes the time of the record for one in the future"},
	{"too new", OG_SEND_CLOCK, "Let chrony or NTP keep the clock of this machine.",
		"the store takes the time of the record for one in the future"},
	{"rate limit", OG_SEND_THROTTLED, "Send less, or have the limits of the stack raised.",
		"the store is at its limit"},
	{"ingestion rate", OG_SEND_THROTTLED, "Send less, or have the limits of the stack raised.",
		"the store is at its limit"},
	{"unsupported media", OG_SEND_MEDIA_TYPE, "Set spec.receiver.protocol to http/protobuf.",
		"the receiver does not take this form of request"},
	{"unsupported content", OG_SEND_MEDIA_TYPE,
		"Set spec.receiver.protocol to http/protobuf, and spec.receiver.compression to none.",
		"the receiver does not take this form of request"},
};

bool judge_words(struct judge *j, struct og_sv text)
{
	for (size_t i = 0; i < OG_COUNT(words); i++) {
		if (!judge_has(text, words[i].word))
			continue;
		judge_say(j, words[i].class, words[i].fix, "%s (%d)%s%.*s", words[i].what,
			j->s->http, j->said.n ? ": " : "", OG_SV_ARG(j->said));
		return true;
	}
	return false;
}
