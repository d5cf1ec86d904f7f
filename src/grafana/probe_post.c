/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a receiver: an empty one, the record, and a second look when nothing comes back. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/grafana/answer.h"
#include "probe-priv.h"

enum { HEADERS = OG_SEND_HEADERS + 4, BASIC_BYTES = 16 << 10 };

static void copy_text(char *to, size_t size, struct og_sv s)
{
	(void)snprintf(to, size, "%.*s", OG_SV_ARG(s));
}

static int on_head(void *ctx, const struct og_httpc_head *h)
{
	struct og_probe *p = ctx;
	struct og_probe_row *r = probe_row(p);
	int64_t now = og_clock_wall_ns(og_loop_clock(p->o.loop)), date;

	copy_text(p->content_type, sizeof(p->content_type), og_httpc_header(h, "Content-Type"));
	copy_text(p->retry_after, sizeof(p->retry_after), og_httpc_header(h, "Retry-After"));
	copy_text(p->location, sizeof(p->location), og_httpc_header(h, "Location"));
	if (og_gf_http_date(og_httpc_header(h, "Date"), &date)) {
		/* the header has whole seconds: half of one is the best guess */
		r->skew_ms = now / OG_NS_PER_MS - (date * 1000 + 500);
		r->has_skew = true;
	}
	return 0;
}

static int on_data(void *ctx, struct og_sv chunk)
{
	struct og_probe *p = ctx;
	og_buf_sv(&p->body, chunk);
	return p->body.failed;
}

/* ---- what came of it ---- */

/* NOLINTBEGIN(misc-no-recursion): after the preflight one post, whose end is the end */
static void judge(struct og_probe *p)
{
	struct og_probe_row *r = probe_row(p);

	og_send_judge(&p->facts[p->at], &p->seen, &p->arena, &r->write);
	/* Loki takes no empty request (422), and says so after path and credential are judged: the
	 * record tells whether that was all. */
	bool reads = p->preflight && r->write.class == OG_SEND_MALFORMED;
	if (!r->write.ok && !reads) {
		probe_written(p);
	} else if (p->preflight) {
		p->preflight = false;
		probe_stage(p, (enum og_otlp_signal)p->at, OG_PROBE_READY);
		probe_post(p);
	} else {
		r->stage = OG_PROBE_ACCEPTED;
		probe_written(p);
	}
}

static void on_done(void *ctx, const struct og_httpc_result *res)
{
	struct og_probe *p = ctx;
	struct og_probe_row *r = probe_row(p);

	p->call = NULL;
	p->last = *res;
	r->write_ms = res->took_ns / OG_NS_PER_MS;
	p->seen = (struct og_send_seen){.http = res->status,
		.content_type = og_svz(p->content_type),
		.retry_after = og_svz(p->retry_after),
		.location = og_svz(p->location),
		.body = og_buf_view(&p->body),
		.code = res->code,
		.refused = res->refused,
		.reset = res->reset,
		.error = og_svz(p->last.err.msg)};
	/* a status says more than a body that was cut or is too large */
	bool cut = res->status >= 200 && res->status < 300 && res->code != 0;
	if (cut)
		p->seen.http = 0;
	bool odd = !res->status && (res->code == -OG_E_PARSE || res->reset);
	if (odd)
		probe_second_look(p);
	else
		judge(p);
}

/* ---- a second look ---- */

static void look(struct og_probe *p);

static void on_looked(void *ctx, const struct og_dial_result *d)
{
	struct og_probe *p = ctx;

	p->dial = NULL;
	if (!p->look_tls) {
		p->seen.speaks_http2 = d->speaks == OG_DIAL_SPEAKS_HTTP2;
	} else if (d->why == OG_DIAL_OK) {
		p->seen.speaks_tls = true;
	} else {
		p->look_tls = false;
		look(p);
		return;
	}
	judge(p);
}

static void look(struct og_probe *p)
{
	struct og_dial_request r = {.tls = p->url.https || p->look_tls,
		.insecure = true,
		.h2 = !p->look_tls,
		.talk = !p->look_tls,
		.on_done = on_looked};

	if (probe_dial(p, &r, NULL) < 0)
		judge(p);
}

/* What is it that did not answer HTTP? First TLS, where none was spoken, then HTTP/2. */
void probe_second_look(struct og_probe *p)
{
	p->look_tls = !p->url.https;
	look(p);
}

/* ---- requests ---- */

static int basic_line(struct og_probe *p, struct og_buf *text, struct og_err *err)
{
	og_auto_wipe struct og_buf pair = OG_BUF_INIT(BASIC_BYTES);
	const struct og_secret *u = p->o.profiles_user, *w = p->o.profiles_password;

	if (!w || !og_secret_is_set(w))
		return 0;
	size_t nu = u && og_secret_is_set(u) ? og_secret_len(u) : 0, nw = og_secret_len(w);
	if (!og_buf_reserve(&pair, nu + nw + 1) ||
		!og_buf_reserve(text, 32 + og_base64_len(nu + nw + 1)))
		return og_err_set(err, OG_E_OOM, "headers for a probe");
	if (nu)
		og_buf_add(&pair, og_secret_expose(u), nu);
	og_buf_ch(&pair, ':');
	og_buf_add(&pair, og_secret_expose(w), nw);
	og_buf_lit(text, "Authorization: Basic ");
	og_base64_encode(text, og_buf_view(&pair));
	return text->failed ? og_err_set(err, OG_E_OOM, "headers for a probe") : 1;
}

/* The body, and for /ingest what stands behind the URL. */
static int encode(struct og_probe *p, struct og_buf *url, struct og_buf *body, struct og_err *err)
{
	enum og_otlp_signal s = (enum og_otlp_signal)p->at;
	enum og_otlp_encoding e = p->o.protocol == OG_PROBE_JSON ? OG_OTLP_JSON : OG_OTLP_PROTOBUF;
	struct og_otlp_record *r = &p->record;
	int64_t now = og_clock_wall_ns(og_loop_clock(p->o.loop));

	r->time_ns = now;
	r->start_ns = now - 10 * OG_NS_PER_MS;
	og_buf_sv(url, p->r.signal[s].url);
	if (p->o.target[s].ingest) {
		r->start_ns = now - OG_NS_PER_S;
		og_buf_ch(url, '?');
		return og_otlp_folded(r, url, body, err);
	}
	if (!p->preflight)
		return og_otlp_encode(r, s, e, body, err);
	og_otlp_encode_empty(e, body);
	return 0;
}

static const char *type_of(const struct og_probe *p)
{
	if (p->o.target[p->at].ingest)
		return "Content-Type: text/plain";
	return p->o.protocol == OG_PROBE_JSON ? "Content-Type: application/json"
					      : "Content-Type: application/x-protobuf";
}

static int post(struct og_probe *p, struct og_err *err)
{
	og_auto_wipe struct og_buf text = OG_BUF_INIT(PROBE_HEADER_TEXT);
	og_auto_buf struct og_buf url = OG_BUF_INIT(32 << 10), body = OG_BUF_INIT(64 << 10);
	og_auto_buf struct og_buf packed = OG_BUF_INIT(66 << 10);
	const char *lines[HEADERS + 1];
	bool ingest = p->o.target[p->at].ingest, lost = false;
	size_t n = 0;
	int rc = encode(p, &url, &body, err);

	if (rc == 0 && ingest)
		rc = basic_line(p, &text, err);
	else if (rc == 0)
		rc = og_send_header_lines(p->o.headers, &text, lines, &lost, err);
	if (rc < 0)
		return rc;
	if (ingest) {
		lines[0] = rc == 1 ? text.p : NULL;
		lines[1] = NULL;
	}
	while (lines[n])
		n++;
	p->facts[p->at].headers_lost = lost;
	lines[n++] = type_of(p);
	bool gzip = p->o.gzip && !ingest && probe_gzip(og_buf_view(&body), &packed);
	if (gzip)
		lines[n++] = "Content-Encoding: gzip";
	lines[n] = NULL;
	if (url.failed || body.failed || packed.failed)
		return og_err_set(err, OG_E_OOM, "a probe's request");
	struct og_httpc_request r = {.method = "POST",
		.url = url.p,
		.headers = lines,
		.body = og_buf_view(gzip ? &packed : &body),
		.tls = {.ca_pem = p->o.ca_pem,
			.insecure = p->o.insecure,
			.cert_pem = p->o.cert_pem,
			.key_pem = p->o.key_pem},
		.proxy = p->o.proxy,
		.accept_gzip = true,
		.connect_ms = p->o.connect_ms,
		.total_ms = p->o.connect_ms > 0 ? p->o.connect_ms : 10000,
		.max_bytes = PROBE_ANSWER_BYTES,
		.own_connection = true,
		.ctx = p,
		.on_head = on_head,
		.on_data = on_data,
		.on_done = on_done};
	og_buf_reset(&p->body);
	p->content_type[0] = p->retry_after[0] = p->location[0] = '\0';
	return og_httpc_start(p->o.http, &r, &p->call, err);
}

void probe_post(struct og_probe *p)
{
	struct og_err err = OG_ERR_INIT;

	p->begun_ns = og_loop_now_ns(p->o.loop);
	int rc = post(p, &err);
	if (rc >= 0)
		return;
	p->last = (struct og_httpc_result){.code = rc, .err = err};
	p->seen = (struct og_send_seen){.code = rc, .error = og_svz(p->last.err.msg)};
	judge(p);
}
/* NOLINTEND(misc-no-recursion) */
