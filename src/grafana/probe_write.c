/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a signal's receiver: connecting step by step, once for each receiver. */
#include "otelgate/base/mem.h"
#include "probe-priv.h"

static void bad_target(struct og_probe *p, const char *what)
{
	struct og_probe_row *r = probe_row(p);
	const struct og_send_facts *f = &p->facts[p->at];

	og_send_say(&r->write, OG_SEND_BAD_TARGET,
		og_svz(og_arena_fmt(&p->arena, "%s: %s", og_otlp_signal_name(f->signal), what)),
		og_svz(og_arena_fmt(&p->arena, "%s %.*s", r->url.n ? "Correct" : "Set",
			OG_SV_ARG(f->field.n ? f->field : OG_SV("spec.receiver.endpoint")))));
	probe_written(p);
}

static enum og_probe_stage stage_of(enum og_dial_step s)
{
	static const enum og_probe_stage stages[] = {[OG_DIAL_DNS] = OG_PROBE_DNS,
		[OG_DIAL_TCP] = OG_PROBE_TCP,
		[OG_DIAL_PROXY] = OG_PROBE_PROXY,
		[OG_DIAL_TLS] = OG_PROBE_TLS,
		[OG_DIAL_TALK] = OG_PROBE_TLS};
	return (unsigned)s < OG_COUNT(stages) ? stages[s] : OG_PROBE_TLS;
}

/* gRPC: everything up to HTTP/2 is looked at, and nothing is sent. */
static void judge_grpc(struct og_probe *p, const struct og_dial_result *d)
{
	struct og_probe_row *r = probe_row(p);
	struct og_sv host = p->url.host;

	if (d->speaks == OG_DIAL_SPEAKS_HTTP2)
		og_send_say(&r->write, OG_SEND_GRPC_UNTRIED,
			og_svz(og_arena_fmt(&p->arena,
				"not sent: the protocol is grpc; name, connection%s and HTTP/2 are as they should be",
				d->tls_version[0] ? ", TLS" : "")),
			og_sv("", 0));
	else if (d->speaks == OG_DIAL_SPEAKS_HTTP1)
		og_send_say(&r->write, OG_SEND_HTTP1_ONLY,
			og_svz(og_arena_fmt(&p->arena,
				"port %u of %.*s speaks HTTP/1.1, and the protocol is grpc",
				p->url.port, OG_SV_ARG(host))),
			OG_SV("Use the receiver's gRPC port (4317), or set spec.receiver.protocol to http/protobuf"));
	else
		og_send_say(&r->write, OG_SEND_NO_HTTP,
			og_svz(og_arena_fmt(&p->arena, "port %u of %.*s does not speak HTTP/2",
				p->url.port, OG_SV_ARG(host))),
			OG_SV("Check the port; gRPC receivers listen at 4317"));
	probe_written(p);
}

static void go_on(struct og_probe *p)
{
	struct og_probe_row *r = probe_row(p);

	if (r->dial.why != OG_DIAL_OK) {
		og_send_judge_dial(&p->facts[p->at], &r->dial, &p->arena, &r->write);
		probe_written(p);
	} else if (p->o.protocol == OG_PROBE_GRPC && !p->o.target[p->at].ingest) {
		judge_grpc(p, &r->dial);
	} else {
		/* Pyroscope has no empty request */
		p->preflight = !p->o.target[p->at].ingest;
		probe_post(p);
	}
}

static void on_dial_step(void *ctx, enum og_dial_step s)
{
	struct og_probe *p = ctx;
	probe_stage(p, (enum og_otlp_signal)p->at, stage_of(s));
}

static void on_dialled(void *ctx, const struct og_dial_result *d)
{
	struct og_probe *p = ctx;
	struct og_probe_row *r = probe_row(p);

	p->dial = NULL;
	r->dial = *d;
	r->dialled = true;
	go_on(p);
}

/* An earlier signal with the same receiver: it is not connected to twice. */
static int same_receiver(const struct og_probe *p)
{
	for (int s = 0; s < p->at; s++) {
		const struct og_probe_row *r = &p->r.signal[s];
		struct og_url u;
		if (r->asked && r->dialled && p->o.target[s].ingest == p->o.target[p->at].ingest &&
			og_url_parse(r->url, &u, NULL) == 0 && u.https == p->url.https &&
			u.port == p->url.port && og_sv_eq(u.host, p->url.host))
			return s;
	}
	return -1;
}

int probe_dial(struct og_probe *p, struct og_dial_request *r, struct og_err *err)
{
	r->host = og_arena_strndup(&p->arena, p->url.host.p, p->url.host.n);
	r->port = p->url.port;
	r->proxy_host = p->proxied ? p->proxy_host : NULL;
	r->proxy_port = p->proxy_port;
	r->proxy_auth = &p->proxy_auth;
	r->timeout_ms = p->o.connect_ms;
	r->resolve = p->o.resolve;
	r->ctx = p;
	if (!r->host)
		return og_err_set(err, OG_E_OOM, "no memory");
	return og_dial_start(p->o.loop, r, &p->dial, err);
}

static void dial(struct og_probe *p)
{
	struct og_err err = OG_ERR_INIT;
	bool grpc = p->o.protocol == OG_PROBE_GRPC && !p->o.target[p->at].ingest;
	struct og_dial_request r = {.tls = p->url.https,
		.insecure = p->o.insecure,
		.ca_pem = p->o.ca_pem,
		.cert_pem = p->o.cert_pem,
		.key_pem = p->o.key_pem,
		.h2 = grpc,
		.talk = grpc,
		.on_step = on_dial_step,
		.on_done = on_dialled};

	if (probe_dial(p, &r, &err) < 0)
		bad_target(p, err.msg);
}

void probe_write_begin(struct og_probe *p)
{
	struct og_probe_row *r = probe_row(p);
	struct og_err err = OG_ERR_INIT;

	if (!r->url.n) {
		bad_target(p, "no endpoint is configured");
		return;
	}
	if (og_url_parse(r->url, &p->url, &err) < 0) {
		bad_target(p, err.msg);
		return;
	}
	int s = same_receiver(p);
	if (s < 0) {
		dial(p);
		return;
	}
	r->dial = p->r.signal[s].dial;
	r->dialled = true;
	if (r->dial.why == OG_DIAL_OK)
		probe_stage(
			p, (enum og_otlp_signal)p->at, p->url.https ? OG_PROBE_TLS : OG_PROBE_TCP);
	go_on(p);
}
