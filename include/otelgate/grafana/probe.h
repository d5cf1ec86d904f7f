/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The probe: one metric, one span, one log record and one profile are sent as the pods of a stack
 * send them, and read back from its backends. For each signal it says how far it came, after how
 * long, what the way has changed, or which link is the first that is broken.
 *
 * A state machine on the loop: nothing blocks, one probe ends by its deadline whatever happens.
 * What is sent carries a random id as otelgate.probe.id, by which it is found again.
 */
#include "otelgate/grafana/client.h"
#include "otelgate/grafana/send.h"

enum {
	OG_PROBE_ID_BYTES = 17,	     /* 16 hex digits and a NUL */
	OG_PROBE_TIMEOUT_MS = 60000, /* Grafana Cloud shows traces after about 10 s */
	OG_PROBE_SKEW_MS = 30000,    /* clocks that differ by more are told */
};
#define OG_PROBE_SERVICE "otelgate-probe"
#define OG_PROBE_METRIC	 "otelgate_probe"

enum og_probe_protocol { OG_PROBE_PROTOBUF, OG_PROBE_JSON, OG_PROBE_GRPC };

/* How far a signal has come. */
enum og_probe_stage {
	OG_PROBE_NOTHING,
	OG_PROBE_DNS,
	OG_PROBE_TCP,
	OG_PROBE_PROXY,
	OG_PROBE_TLS,
	OG_PROBE_READY,	   /* an empty request is taken: path and credential are right */
	OG_PROBE_ACCEPTED, /* the record is taken */
	OG_PROBE_VISIBLE,
	OG_PROBE_STAGE_COUNT_
};
const char *og_probe_stage_name(enum og_probe_stage s); /* "dns", …, "visible" */

/* Where one signal goes. All views of these structures are copied by og_probe_start. */
struct og_probe_target {
	bool wanted;
	struct og_sv url; /* whole; empty = not told, which is a broken link */
	bool own_url;	  /* the signal's own variable: used as it is */
	bool ingest;	  /* Pyroscope: /ingest, with user and password of their own */
};
/*
 * The URL that SDKs post to: a signal's own as it is, else the base with "/v1/<signal>" behind it;
 * profiles go to their own URL with "/ingest" behind it, unless it ends in an OTLP path or in
 * /ingest. Appends to `out`; false when there is none.
 */
bool og_probe_url(enum og_otlp_signal s, struct og_sv base, struct og_sv own, struct og_buf *out,
	struct og_probe_target *ret);

struct og_probe_opts {
	struct og_loop *loop;
	struct og_httpc *http;	     /* must outlive the probe */
	struct og_gf_client *client; /* the same; NULL = nothing is read back */
	struct og_probe_target target[OG_OTLP_SIGNAL_COUNT_];
	enum og_probe_protocol protocol;
	bool gzip;
	/* As SDKs have it in OTEL_EXPORTER_OTLP_HEADERS; borrowed until og_probe_free. */
	const struct og_secret *headers;
	const struct og_secret *profiles_user, *profiles_password; /* for ingest; likewise */
	struct og_sv ca_pem, cert_pem;
	const struct og_secret *key_pem; /* likewise */
	bool insecure;
	const char *proxy; /* http://[user:password@]host:port; NULL = none */
	/* For messages and for the causes of a 401. */
	struct og_sv where, field, profiles_field; /* see struct og_send_facts */
	struct og_sv stack_id;	      /* the user that is right for the OTLP receiver */
	const struct og_send_id *ids; /* `what` is static */
	size_t nids;
	/* Attributes of what is sent; empty = left out. */
	struct og_sv service_namespace, cluster, k8s_namespace, k8s_pod, revision, version;
	int64_t timeout_ms; /* of all of it; 0 = OG_PROBE_TIMEOUT_MS */
	int64_t connect_ms; /* of one connection; 0 = 10 s */
	int64_t pause_ms;   /* after the first look; later ones are longer, up to 10 s; 0 = 1 s */
	struct og_sv id;    /* empty = random; 16 hex digits */
	og_dial_resolve_fn *resolve; /* of names; NULL = getaddrinfo */

	void *ctx;
	/* A signal has come further, or is at its end; optional. Must not free the probe. */
	void (*on_progress)(void *ctx, enum og_otlp_signal s);
	/* Once. May free the probe. */
	void (*on_done)(void *ctx);
};

/* What came of one signal. */
struct og_probe_row {
	bool asked;
	bool over; /* nothing changes any more */
	enum og_probe_stage stage;
	struct og_sv url;	    /* posted to */
	struct og_dial_result dial; /* of its receiver */
	bool dialled;
	struct og_send_verdict write; /* valid once the write is over */
	bool written;
	bool read_wanted, read_over;
	struct og_send_verdict read; /* valid with read_over */
	enum og_gf_state read_state;
	unsigned looked;      /* how often it was looked for */
	int64_t write_ms;     /* how long the receiver took; -1 */
	int64_t visible_ms;   /* from sending to seeing; -1 */
	struct og_sv seen_as; /* service.name under which it was seen, when it is another */
	struct og_sv lost; /* attributes that did not arrive: "otelgate.revision, k8s.pod.name" */
	int64_t skew_ms;   /* clock here minus the receiver's, when the receiver tells */
	bool has_skew;
};

struct og_probe_result {
	char id[OG_PROBE_ID_BYTES];
	int64_t begun_s; /* Unix */
	bool over;	 /* all of it */
	struct og_probe_row signal[OG_OTLP_SIGNAL_COUNT_];
};

struct og_probe;
/* Errors: INVALID (an id, a proxy that cannot be read), OOM, IO. No callback comes before the
 * loop's next turn. */
int og_probe_start(const struct og_probe_opts *o, struct og_probe **ret, struct og_err *err);
/* What is known so far; lives as long as the probe. */
const struct og_probe_result *og_probe_result(const struct og_probe *p);
void og_probe_free(struct og_probe *p); /* NULL is fine */

/* The verdict that counts for a signal: the write's when it is broken, else the read's when there
 * is one. NULL when nothing is known of it. */
const struct og_send_verdict *og_probe_verdict(const struct og_probe_row *r);
/* Everything that was asked went well. */
bool og_probe_all_ok(const struct og_probe_result *r);
