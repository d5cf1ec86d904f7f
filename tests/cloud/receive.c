/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP/HTTP: the gateway, and the collector with its pipeline. */
#include <inttypes.h>
#include <stdio.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/jwrite.h"

static const char *const signal_names[] = {"metrics", "traces", "logs", "profiles"};
static const char *const rejected[] = {
	"rejectedDataPoints", "rejectedSpans", "rejectedLogRecords", "rejectedProfiles"};

/* What the chart's pipeline does to resource attributes. With mu held. */
static void pipeline(struct og_cloud *c, struct og_arena *a, struct cl_export *e)
{
	const struct cl_pipeline *p = &c->set.pipe;

	for (uint32_t i = 0; i < e->ngroups; i++) {
		struct cl_attrs *r = &e->groups[i].resource;
		struct og_sv name = cl_attr_get(r, OG_SV("service.name"));

		for (uint32_t k = 0; k < p->nrename; k++)
			if (og_sv_eq(name, p->rename[k].k))
				cl_attr_set(a, r, OG_SV("service.name"), p->rename[k].v);
		for (uint32_t k = 0; k < p->nadd; k++)
			if (!cl_attr_get(r, p->add[k].k).n)
				cl_attr_set(a, r, p->add[k].k, p->add[k].v);
		if (p->cluster.n) {
			cl_attr_set(a, r, OG_SV("cluster"), p->cluster);
			cl_attr_set(a, r, OG_SV("k8s.cluster.name"), p->cluster);
		}
		for (uint32_t k = 0; k < p->drop.n; k++)
			cl_attr_del(r, p->drop.v[k]);
	}
}

/* ExportXResponse{partial_success=1{rejected=1, error_message=2}}. */
static void success(struct cl_req *q, enum cl_signal sig, uint64_t n, const char *why)
{
	og_buf_reset(&q->out);
	q->status = 200;
	if (q->otlp_json) {
		q->content_type = "application/json";
		og_buf_lit(&q->out, "{\"partialSuccess\":{");
		if (n || (why && *why)) {
			og_buf_fmt(&q->out,
				"\"%s\":\"%" PRIu64 "\",\"errorMessage\":", rejected[sig], n);
			og_jw_str(&q->out, og_svz(why));
		}
		og_buf_lit(&q->out, "}}");
		return;
	}
	q->content_type = "application/x-protobuf";
	if (n || (why && *why)) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);

		if (n)
			cl_pb_varint(&b, 1, n);
		cl_pb_bytes(&b, 2, og_svz(why));
		cl_pb_bytes(&q->out, 1, og_buf_view(&b));
	}
}

static void apply(struct cl_req *q, enum cl_signal sig, bool collector, struct cl_export *e)
{
	struct og_cloud *c = q->c;
	struct cl_refusal r = {0};
	int status = 0;

	pthread_mutex_lock(&c->mu);
	if (collector) {
		status = c->set.pipe.status;
		if (!status && c->set.pipe.forward &&
			!cl_words_has(&c->set.pipe.drop_signals, og_svz(signal_names[sig]))) {
			pipeline(c, q->a, e);
			/* what the gateway refuses is the collector's own sorrow */
			cl_ingest(c, q->a, sig, e, &r);
			r = (struct cl_refusal){0};
		}
	} else {
		cl_ingest(c, q->a, sig, e, &r);
	}
	pthread_mutex_unlock(&c->mu);
	if (status) {
		if (status == 429 || status == 503)
			og_buf_lit(&q->head, "Retry-After: 1\r\n");
		cl_text(q, status, "data refused due to high memory usage");
	} else if (r.status) {
		cl_text(q, r.status, "%s", r.why);
	} else if (q->fault.kind == CL_F_REJECT) {
		success(q, sig, (uint64_t)q->fault.n, q->fault.text ? q->fault.text : "");
	} else {
		success(q, sig, r.n, r.why);
	}
}

void cl_receive(struct cl_req *q, enum cl_signal sig, bool collector)
{
	struct og_sv type = cl_header(q, "content-type"), enc = cl_header(q, "content-encoding");
	struct og_err err = OG_ERR_INIT;
	struct cl_export e;
	size_t max;
	bool large = false;

	pthread_mutex_lock(&q->c->mu);
	max = (size_t)q->c->set.body_bytes;
	pthread_mutex_unlock(&q->c->mu);
	type = og_sv_trim(og_sv(type.p, og_sv_chr(type, ';')));
	if (!og_sv_caseeq(type, OG_SV("application/json")) &&
		!og_sv_caseeq(type, OG_SV("application/x-protobuf"))) {
		q->otlp = false;
		cl_text(q, 415,
			"unsupported content type: %.*s, supported: [application/json, "
			"application/x-protobuf]\n",
			(int)(type.n > 100 ? 100 : type.n), type.p);
		return;
	}
	if (enc.n && !og_sv_caseeq(enc, OG_SV("gzip")) && !og_sv_caseeq(enc, OG_SV("identity"))) {
		cl_text(q, 415, "unsupported compression: %.*s. Only \"gzip\" or no compression",
			(int)(enc.n > 100 ? 100 : enc.n), enc.p);
		return;
	}
	if (og_sv_caseeq(enc, OG_SV("gzip")) && !cl_gunzip(q->a, &q->body, max, &large)) {
		if (large)
			cl_text(q, 413,
				"the request has been rejected because its size exceeds the limit "
				"of %zu bytes",
				max);
		else
			cl_text(q, 400, "gzip: invalid header or cut body");
		return;
	}
	if (cl_otlp_decode(q->a, sig, q->otlp_json, q->body, &e, &err)) {
		cl_text(q, err.code == OG_E_OOM ? 500 : 400, "otlp parse error: %s", err.msg);
		return;
	}
	apply(q, sig, collector, &e);
}

int og_cloud_push(struct og_cloud *c, const char *sig_name, const char *json, struct og_err *err)
{
	og_auto_arena struct og_arena a;
	struct cl_export e;
	struct cl_refusal r;
	int rc;

	og_arena_init(&a, 0, 1ULL << 30);
	for (int s = 0; s < CL_SIGNALS_; s++) {
		if (strcmp(sig_name, signal_names[s]) != 0)
			continue;
		rc = cl_otlp_decode(&a, (enum cl_signal)s, true, og_svz(json), &e, err);
		if (rc)
			return rc;
		pthread_mutex_lock(&c->mu);
		cl_ingest(c, &a, (enum cl_signal)s, &e, &r);
		pthread_mutex_unlock(&c->mu);
		return r.n || r.status ? og_err_set(err, OG_E_INVALID, "%s", r.why) : 0;
	}
	return og_err_set(err, OG_E_USAGE, "no signal is named %s", sig_name);
}
