/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent. */
#include <openssl/rand.h>
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "probe-priv.h"

enum { STORED_MAX = 65535 };

static void put32(struct og_buf *b, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		og_buf_ch(b, (char)(unsigned char)(v >> (8 * i)));
}

static uint32_t crc32_of(struct og_sv s)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < s.n; i++) {
		c ^= (unsigned char)s.p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
	}
	return ~c;
}

/* RFC 1952, with one block that is stored (RFC 1951 §3.2.4): what counts is that the receiver is
 * asked to take gzip, and a message is some hundred bytes. False above 65,535. */
bool probe_gzip(struct og_sv plain, struct og_buf *out)
{
	static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\x01";
	uint32_t n = (uint32_t)plain.n;

	if (plain.n > STORED_MAX)
		return false;
	og_buf_add(out, head, sizeof(head) - 1);
	put32(out, n | (~n & 0xffff) << 16);
	og_buf_sv(out, plain);
	put32(out, crc32_of(plain));
	put32(out, n);
	return !out->failed;
}

static int make_ids(struct og_probe *p, struct og_err *err)
{
	struct og_otlp_record *r = &p->record;
	unsigned char raw[8];

	if (RAND_bytes(r->trace_id, sizeof(r->trace_id)) != 1 ||
		RAND_bytes(r->span_id, sizeof(r->span_id)) != 1 ||
		RAND_bytes(raw, sizeof(raw)) != 1)
		return og_err_set(err, OG_E_BUG, "no random numbers");
	r->trace_id[0] |= 1; /* never all zero, and no leading zeros for those that cut them */
	r->trace_id[0] |= 0x80;
	r->span_id[0] |= 0x80;
	if (!p->o.id.n) {
		og_hex(p->r.id, raw, sizeof(raw));
		return 0;
	}
	if (p->o.id.n != OG_PROBE_ID_BYTES - 1)
		return og_err_set(err, OG_E_INVALID, "the probe's id has 16 hex digits");
	for (size_t i = 0; i < p->o.id.n; i++)
		if (!p->o.id.p[i] || !strchr("0123456789abcdef", p->o.id.p[i]))
			return og_err_set(err, OG_E_INVALID, "the probe's id has 16 hex digits");
	memcpy(p->r.id, p->o.id.p, p->o.id.n);
	return 0;
}

static void attr(struct og_probe *p, struct og_sv key, struct og_sv value)
{
	if (value.n && p->nresource < PROBE_ATTRS)
		p->resource[p->nresource++] = (struct og_otlp_attr){key, value};
}

int probe_record_make(struct og_probe *p, struct og_err *err)
{
	struct og_otlp_record *r = &p->record;
	int rc = make_ids(p, err);
	struct og_sv id = og_svz(p->r.id);

	if (rc < 0)
		return rc;
	attr(p, OG_SV("service.name"), OG_SV(OG_PROBE_SERVICE));
	attr(p, OG_SV("service.namespace"), p->o.service_namespace);
	attr(p, OG_SV("service.instance.id"), id);
	attr(p, OG_SV("service.version"), p->o.version);
	attr(p, OG_SV("k8s.cluster.name"), p->o.cluster);
	attr(p, OG_SV("k8s.namespace.name"), p->o.k8s_namespace);
	attr(p, OG_SV("k8s.pod.name"), p->o.k8s_pod);
	attr(p, OG_SV("otelgate.revision"), p->o.revision);
	attr(p, OG_SV("otelgate.probe.id"), id);
	/* Of the data point: becomes a label wherever resources become target_info alone. Spelt as
	 * Prometheus does, so that it is the same whether the store translates names or not. */
	p->attrs[0] = (struct og_otlp_attr){OG_SV("otelgate_probe_id"), id};
	const char *body = og_arena_fmt(&p->arena, "otelgate probe %s", p->r.id);
	if (!body)
		return og_err_set(err, OG_E_OOM, "making a probe");
	r->resource = p->resource;
	r->nresource = p->nresource;
	r->attrs = p->attrs;
	r->nattrs = 1;
	r->scope_name = OG_SV("otelgate");
	r->scope_version = p->o.version;
	r->name = OG_SV(OG_PROBE_METRIC);
	r->body = og_svz(body);
	r->metric = OG_OTLP_GAUGE;
	r->value = 1;
	return 0;
}
