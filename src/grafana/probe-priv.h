/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/codec/url.h"
#include "otelgate/grafana/probe.h"

enum {
	PROBE_ANSWER_BYTES = 64 << 10,
	PROBE_ATTRS = 16,
	PROBE_HEADER_TEXT = 64 << 10,
};

struct probe_reading {
	struct og_probe *p;
	enum og_otlp_signal s;
	struct og_timer timer;
	struct og_gf_call *call;
	int64_t pause_ms, sent_ns;
	bool attributes; /* found; its resource is looked for */
};

struct og_probe {
	struct og_probe_opts o; /* its views lead into the arena */
	struct og_arena arena;
	struct og_probe_result r;
	struct og_timer deadline, next;
	struct og_send_facts facts[OG_OTLP_SIGNAL_COUNT_];
	struct og_otlp_attr resource[PROBE_ATTRS], attrs[1];
	size_t nresource;
	struct og_otlp_record record;
	/* the proxy */
	bool proxied;
	char proxy_host[256];
	uint16_t proxy_port;
	struct og_secret proxy_auth;
	/* the signal that is being written */
	int at; /* OG_OTLP_SIGNAL_COUNT_ = all are */
	struct og_url url;
	struct og_dial *dial;
	struct og_httpc_call *call;
	bool preflight;
	int64_t begun_ns;
	struct og_buf body;
	char content_type[128], retry_after[64], location[1024];
	struct og_httpc_result last; /* of a call that got no answer */
	struct og_send_seen seen;
	bool look_tls; /* of the second look: TLS, then HTTP/2 */
	struct probe_reading reading[OG_OTLP_SIGNAL_COUNT_];
};

struct og_probe_row *probe_row(struct og_probe *p); /* of the signal that is being written */
void probe_stage(struct og_probe *p, enum og_otlp_signal s, enum og_probe_stage stage);
/* The write of the signal is over; the next one begins. */
void probe_written(struct og_probe *p);
/* Looks whether all is over. */
void probe_check_end(struct og_probe *p);

/* probe_write.c */
/* Connects to the receiver that is at work, by its proxy: the rest of r says how. Errors: as
 * og_dial_start. */
int probe_dial(struct og_probe *p, struct og_dial_request *r, struct og_err *err);
void probe_write_begin(struct og_probe *p);
/* probe_post.c */
void probe_post(struct og_probe *p);
void probe_second_look(struct og_probe *p);
/* probe_read.c */
void probe_read_begin(struct og_probe *p, enum og_otlp_signal s);
void probe_read_stop(struct og_probe *p, enum og_otlp_signal s);
void probe_read_late(struct og_probe *p, enum og_otlp_signal s);
/* probe_record.c */
int probe_record_make(struct og_probe *p, struct og_err *err);
bool probe_gzip(struct og_sv plain, struct og_buf *out);
