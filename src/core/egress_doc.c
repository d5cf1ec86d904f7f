/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that otelgate makes, as JSON. */
#include <stdio.h>
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/egress.h"

enum { NAME_BYTES = 253, HASH_HEX = 10 };

int og_egress_name(const char *prefix, struct og_sv kind, struct og_sv name, struct og_arena *arena,
	struct og_sv *ret, struct og_err *err)
{
	char *low = og_arena_strndup(arena, kind.p, kind.n);
	char *full;
	unsigned char sum[OG_SHA256_BYTES];
	char hex[OG_SHA256_HEX_BYTES];

	for (char *p = low; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	full = low ? og_arena_fmt(arena, "%s%s-%.*s", prefix, low, OG_SV_ARG(name)) : NULL;
	if (!full)
		return og_err_set(err, OG_E_OOM, "out of memory naming a network policy");
	size_t n = strlen(full);
	if (n > NAME_BYTES) {
		int rc = og_sha256(full, n, sum, err);
		if (rc)
			return rc;
		og_hex(hex, sum, sizeof(sum));
		n = NAME_BYTES - HASH_HEX - 1;
		while (full[n - 1] == '.' || full[n - 1] == '-') /* ".-" is no name */
			n--;
		(void)snprintf(full + n, NAME_BYTES - n + 1, "-%.*s", HASH_HEX, hex);
		n = strlen(full);
	}
	*ret = og_sv(full, n);
	return 0;
}

/* ---- selectors ---- */

static bool same_req(const struct og_selector_req *a, const struct og_selector_req *b)
{
	if (a->op != b->op || a->nvalues != b->nvalues || !og_sv_eq(a->key, b->key))
		return false;
	for (uint32_t i = 0; i < a->nvalues; i++)
		if (!og_sv_eq(a->values[i], b->values[i]))
			return false;
	return true;
}

/* One value for a key that no requirement before it has. */
static bool is_label(const struct og_selector *s, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (og_sv_eq(s->reqs[i].key, s->reqs[at].key))
			return false;
	return s->reqs[at].op == OG_SEL_IN && s->reqs[at].nvalues == 1;
}

static void put_req(struct og_buf *b, const struct og_selector_req *q, const char *prefix)
{
	static const char *const ops[] = {"In", "NotIn", "Exists", "DoesNotExist"};
	og_buf_fmt(b, "{\"key\":\"%s", prefix);
	og_jw_part(b, q->key);
	og_buf_fmt(b, "\",\"operator\":\"%s\"", ops[q->op]);
	for (uint32_t i = 0; i < q->nvalues; i++) {
		og_buf_str(b, i ? "," : ",\"values\":[");
		og_jw_str(b, q->values[i]);
	}
	og_buf_str(b, q->nvalues ? "]}" : "}");
}

static void put_label(struct og_buf *b, const char *open, const char *prefix, struct og_sv key,
	struct og_sv value)
{
	og_buf_fmt(b, "%s\"%s", open, prefix);
	og_jw_part(b, key);
	og_buf_lit(b, "\":");
	og_jw_str(b, value);
}

/*
 * Labels and both selectors, ANDed. Nothing empty is written: the API server would leave it out,
 * and what it gives back has to compare equal.
 */
static void put_selector(struct og_buf *b, const struct og_kvs *labels,
	const struct og_selector *own, const struct og_selector *guard, const char *prefix)
{
	static const struct og_selector none = {.present = true};
	const struct og_selector *both[] = {own ? own : &none, guard ? guard : &none};
	const char *open = "\"matchLabels\":{";
	const char *comma = "";

	og_buf_ch(b, '{');
	for (uint32_t i = 0; labels && i < labels->n; i++, open = ",")
		put_label(b, open, prefix, labels->v[i].key, labels->v[i].value);
	for (uint32_t i = 0; i < both[0]->nreqs; i++) {
		if (!is_label(both[0], i))
			continue;
		put_label(b, open, prefix, both[0]->reqs[i].key, both[0]->reqs[i].values[0]);
		open = ",";
	}
	if (*open == ',') {
		og_buf_ch(b, '}');
		comma = ",";
	}
	open = "\"matchExpressions\":[";
	for (unsigned k = 0; k < 2; k++) {
		for (uint32_t i = 0; i < both[k]->nreqs; i++) {
			const struct og_selector_req *q = &both[k]->reqs[i];
			bool said = k == 0 && is_label(both[0], i);
			for (uint32_t j = 0; k && j < both[0]->nreqs && !said; j++)
				said = same_req(q, &both[0]->reqs[j]);
			if (said)
				continue;
			og_buf_str(b, *open == ',' ? "" : comma);
			og_buf_str(b, open);
			put_req(b, q, prefix);
			open = ",";
		}
	}
	og_buf_str(b, *open == ',' ? "]}" : "}");
}

static void put_labels(struct og_buf *b, const struct og_kvs *labels, const char *prefix)
{
	og_buf_ch(b, '{');
	for (uint32_t i = 0; i < labels->n; i++) {
		og_buf_fmt(b, "%s\"%s", i ? "," : "", prefix);
		og_jw_part(b, labels->v[i].key);
		og_buf_lit(b, "\":");
		og_jw_str(b, labels->v[i].value);
	}
	og_buf_ch(b, '}');
}

/* ---- metadata ---- */

static void put_owner(struct og_buf *b, const struct og_egress_owner *o)
{
	if (!o || !o->uid.n)
		return;
	og_buf_lit(b, ",\"ownerReferences\":[{\"apiVersion\":");
	og_jw_str(b, o->api_version);
	og_buf_lit(b, ",\"kind\":");
	og_jw_str(b, o->kind);
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, o->name);
	og_buf_lit(b, ",\"uid\":");
	og_jw_str(b, o->uid);
	og_buf_lit(b, ",\"controller\":true}]");
}

static void put_head(struct og_buf *b, bool cilium, struct og_sv name, struct og_sv ns,
	const struct og_egress_owner *owner, struct og_sv description)
{
	og_buf_str(b, cilium ? "{\"apiVersion\":\"cilium.io/v2\",\"kind\":\"CiliumNetworkPolicy\""
			     : "{\"apiVersion\":\"networking.k8s.io/v1\","
			       "\"kind\":\"NetworkPolicy\"");
	og_buf_lit(b, ",\"metadata\":{\"name\":");
	og_jw_str(b, name);
	og_buf_lit(b, ",\"namespace\":");
	og_jw_str(b, ns);
	if (owner)
		og_buf_lit(b, ",\"labels\":{\"" OG_MANAGED_LABEL "\":\"" OG_MANAGED_VALUE "\"}");
	og_buf_lit(b, ",\"annotations\":{\"kubernetes.io/description\":");
	og_jw_str(b, description);
	og_buf_lit(b, "}");
	put_owner(b, owner);
	og_buf_lit(b, "}");
}

/* ---- peers and ports ---- */

static void put_address(struct og_buf *b, const struct og_cidr *c)
{
	og_buf_lit(b, "{\"ipBlock\":{\"cidr\":\"");
	if (!c->ip.v6)
		og_buf_fmt(b, "%u.%u.%u.%u", c->ip.b[0], c->ip.b[1], c->ip.b[2], c->ip.b[3]);
	for (unsigned i = 0; c->ip.v6 && i < 16; i += 2)
		og_buf_fmt(b, "%s%x", i ? ":" : "", (unsigned)(c->ip.b[i] << 8 | c->ip.b[i + 1]));
	og_buf_fmt(b, "/%u\"}}", c->bits);
}

static bool earlier_end(const struct og_egress_target *t, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (!t->ends[i].end.pod && t->ends[i].end.addr.bits == t->ends[at].end.addr.bits &&
			og_ip_eq(&t->ends[i].end.addr.ip, &t->ends[at].end.addr.ip))
			return true;
	return false;
}

static bool has_pods(const struct og_egress_target *t)
{
	bool some = t->nends == 0;
	for (uint32_t i = 0; i < t->nends; i++)
		some = some || t->ends[i].end.pod;
	return t->kind == OG_TARGET_PODS && t->selector.n && some;
}

static void put_pods(struct og_buf *b, const struct og_egress_target *t)
{
	og_buf_lit(b, "{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":");
	og_jw_str(b, t->ns);
	og_buf_lit(b, "}},\"podSelector\":{\"matchLabels\":");
	put_labels(b, &t->selector, "");
	og_buf_lit(b, "}}");
}

/* Peers of one target; 0 when standard policies have no way to name it. */
static uint32_t put_peers(struct og_buf *b, const struct og_egress_target *t)
{
	uint32_t n = 0;
	if (has_pods(t)) {
		put_pods(b, t);
		n++;
	}
	for (uint32_t i = 0; t->kind == OG_TARGET_PODS && i < t->nends; i++) {
		if (t->ends[i].end.pod || !t->ends[i].end.has_addr || earlier_end(t, i))
			continue;
		og_buf_str(b, n++ ? "," : "");
		put_address(b, &t->ends[i].end.addr);
	}
	for (uint32_t i = 0; i < t->ncidrs; i++) {
		og_buf_str(b, n++ ? "," : "");
		put_address(b, &t->cidrs[i]);
	}
	return n;
}

static void put_port(struct og_buf *b, enum og_l4 protocol, uint16_t port, const char **comma)
{
	og_buf_fmt(b, "%s{\"protocol\":\"%s\",\"port\":%u}", *comma, og_l4_name(protocol), port);
	*comma = ",";
}

static bool earlier_port(const struct og_egress_target *t, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (t->ports[i] == t->ports[at])
			return true;
	return false;
}

static void put_ports(struct og_buf *b, const struct og_egress_target *t, bool both)
{
	const char *comma = "";
	for (uint32_t i = 0; i < t->nports; i++) {
		if (earlier_port(t, i))
			continue;
		put_port(b, both ? OG_L4_UDP : t->protocol, t->ports[i], &comma);
		if (both)
			put_port(b, OG_L4_TCP, t->ports[i], &comma);
	}
}

static bool is_host(const struct og_egress_target *t)
{
	return t->kind == OG_TARGET_HOST && !t->ncidrs;
}

static void put_standard(
	struct og_buf *b, const struct og_egress_in *in, const struct og_egress_result *r)
{
	static const struct og_cidr node_local = {{{169, 254, 20, 10}, false}, 32};
	const char *comma = "";

	og_buf_lit(b, ",\"policyTypes\":[\"Egress\"],\"egress\":[");
	for (uint32_t i = 0; i < in->ntargets; i++) {
		const struct og_egress_target *t = &in->targets[i];
		struct og_buf peers = OG_BUF_INIT(0);
		uint32_t n = t->nports ? put_peers(&peers, t) : 0;
		if (n) {
			og_buf_fmt(b, "%s{\"to\":[", comma);
			og_buf_sv(b, og_buf_view(&peers));
			og_buf_lit(b, "],\"ports\":[");
			put_ports(b, t, false);
			og_buf_lit(b, "]}");
			comma = ",";
		}
		b->failed = b->failed || peers.failed;
		og_buf_fini(&peers);
	}
	if (r->dns_needed && in->dns && (has_pods(in->dns) || in->node_local_dns)) {
		og_buf_fmt(b, "%s{\"to\":[", comma);
		if (has_pods(in->dns))
			put_pods(b, in->dns);
		if (in->node_local_dns) {
			og_buf_str(b, has_pods(in->dns) ? "," : "");
			put_address(b, &node_local);
		}
		og_buf_lit(b, "],\"ports\":[");
		put_ports(b, in->dns, true);
		og_buf_lit(b, "]}");
	}
	og_buf_lit(b, "]}}");
}

/* Cilium learns the addresses from the answers that it passes on itself, so it has to look into
 * DNS (https://docs.cilium.io/en/stable/security/policy/language/, "DNS based"). */
static void put_by_host(struct og_buf *b, const struct og_egress_in *in)
{
	const char *comma = in->dns ? "," : "";

	og_buf_lit(b, ",\"egress\":[");
	if (in->dns) {
		og_buf_lit(b, "{\"toEndpoints\":[{\"matchLabels\":{"
			      "\"k8s:io.kubernetes.pod.namespace\":");
		og_jw_str(b, in->dns->ns);
		for (uint32_t i = 0; i < in->dns->selector.n; i++) {
			og_buf_lit(b, ",\"k8s:");
			og_jw_part(b, in->dns->selector.v[i].key);
			og_buf_lit(b, "\":");
			og_jw_str(b, in->dns->selector.v[i].value);
		}
		og_buf_lit(b, "}}],\"toPorts\":[{\"ports\":[");
		for (uint32_t i = 0; i < in->dns->nports; i++)
			og_buf_fmt(b, "%s{\"port\":\"%u\",\"protocol\":\"ANY\"}", i ? "," : "",
				in->dns->ports[i]);
		og_buf_lit(b, "],\"rules\":{\"dns\":[{\"matchPattern\":\"*\"}]}}]}");
	}
	for (uint32_t i = 0; i < in->ntargets; i++) {
		const struct og_egress_target *t = &in->targets[i];
		if (!is_host(t))
			continue;
		og_buf_fmt(b, "%s{\"toFQDNs\":[{\"matchName\":", comma);
		comma = ",";
		og_jw_str(b, t->name);
		og_buf_lit(b, "}],\"toPorts\":[{\"ports\":[");
		for (uint32_t k = 0; k < t->nports; k++)
			og_buf_fmt(b, "%s{\"port\":\"%u\",\"protocol\":\"%s\"}", k ? "," : "",
				t->ports[k], og_l4_name(t->protocol));
		og_buf_lit(b, "]}]}");
	}
	og_buf_lit(b, "]}}");
}

int og_egress_policy(const struct og_egress_in *in, const struct og_egress_result *r, bool by_host,
	struct og_sv name, const struct og_egress_owner *owner, struct og_buf *out,
	struct og_err *err)
{
	struct og_buf what = OG_BUF_INIT(4096);

	og_buf_lit(&what, "Lets these pods reach their telemetry receiver (");
	for (uint32_t i = 0, n = 0; i < in->ntargets; i++)
		if (is_host(&in->targets[i]) == by_host)
			og_buf_fmt(
				&what, "%s%.*s", n++ ? ", " : "", OG_SV_ARG(in->targets[i].name));
	og_buf_lit(&what, ") and DNS.");
	if (owner)
		og_buf_lit(&what, " Made by otelgate, and removed by it when no other policy "
				  "closes that way.");
	put_head(out, by_host, name, in->pod.ns, owner, og_buf_view(&what));
	og_buf_str(
		out, by_host ? ",\"spec\":{\"endpointSelector\":" : ",\"spec\":{\"podSelector\":");
	put_selector(
		out, NULL, &in->selector, r->guard ? &r->guard->pods : NULL, by_host ? "k8s:" : "");
	if (by_host)
		put_by_host(out, in);
	else
		put_standard(out, in, r);
	bool oom = out->failed || (what.failed && !what.full);
	og_buf_fini(&what);
	return oom ? og_err_set(err, OG_E_OOM, "out of memory writing a network policy") : 0;
}

int og_egress_ingress_policy(const struct og_egress_target *t, const struct og_netpol *guard,
	const struct og_sv *namespaces, uint32_t n, struct og_sv name,
	const struct og_egress_owner *owner, struct og_buf *out, struct og_err *err)
{
	put_head(out, false, name, t->ns, owner,
		OG_SV("Lets pods that otelgate injected reach this receiver. Made by otelgate, and "
		      "removed by it when no other policy closes that way."));
	og_buf_lit(out, ",\"spec\":{\"podSelector\":");
	put_selector(out, &t->selector, NULL, guard ? &guard->pods : NULL, "");
	og_buf_lit(out, ",\"policyTypes\":[\"Ingress\"],\"ingress\":[{\"from\":[{"
			"\"namespaceSelector\":{\"matchExpressions\":[{"
			"\"key\":\"kubernetes.io/metadata.name\",\"operator\":\"In\",\"values\":[");
	for (uint32_t i = 0; i < n; i++) {
		og_buf_str(out, i ? "," : "");
		og_jw_str(out, namespaces[i]);
	}
	og_buf_lit(out,
		"]}]},\"podSelector\":{\"matchExpressions\":[{"
		"\"key\":\"otelgate.dev/revision\",\"operator\":\"Exists\"}]}}],\"ports\":[");
	put_ports(out, t, false);
	og_buf_lit(out, "]}]}}");
	return out->failed ? og_err_set(err, OG_E_OOM, "out of memory writing a network policy")
			   : 0;
}
