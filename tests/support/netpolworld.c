/* SPDX-License-Identifier: Apache-2.0 */
#include "support/netpolworld.h"

#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/fs.h"
#include "otelgate/codec/source.h"

static void need(bool ok, const char *what, const struct og_err *err)
{
	if (ok)
		return;
	(void)fprintf(stderr, "netpolworld: %s: %s\n", what, err ? err->msg : "");
	abort();
}

struct og_jval netpol_load(struct og_arena *a, const char *path)
{
	struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	struct og_source *s = og_arena_new(a, struct og_source);

	need(og_fs_read(path, 1 << 20, &b, &err) == 0, path, &err);
	struct og_sv text = og_arena_sv(a, og_buf_view(&b));
	og_buf_fini(&b);
	need(og_source_parse(s, a, text, path, NULL, &err) == 0 && s->ndocs == 1, path, &err);
	return og_jroot(&s->docs[0].doc);
}

struct og_jval netpol_parse(struct og_arena *a, struct og_sv json)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	need(og_jdoc_parse(d, a, og_arena_sv(a, json), NULL, &err) == 0, "JSON", &err);
	return og_jroot(d);
}

static void read_ports(struct og_arena *a, struct og_jval v, struct og_egress_end *e)
{
	struct og_egress_cport *p = og_arena_new_n(a, og_jcount(v) + 1, struct og_egress_cport);
	og_jfor (it, v) {
		int64_t n = 0;
		(void)og_ji64(og_jgetl(it.val, "port"), &n);
		p[it.index].port = (uint16_t)n;
		p[it.index].name = og_jstr_or_empty(og_jgetl(it.val, "name"), a);
		(void)og_l4_parse(
			og_jstr_or_empty(og_jgetl(it.val, "protocol"), a), &p[it.index].protocol);
	}
	e->ports = p;
	e->nports = og_jcount(v);
}

static void read_end(struct netpol_world *w, struct og_jval v, struct og_egress_end *e)
{
	struct og_jval ip = og_jgetl(v, "ip"), addr = og_jgetl(v, "addr");
	struct og_jval ns = og_jgetl(w->root, "namespaces");

	e->pod = !og_junset(og_jgetl(v, "ns"));
	e->anywhere = og_jis(og_jgetl(v, "anywhere"), OG_J_TRUE);
	if (!og_junset(addr))
		e->has_addr = og_cidr_parse(og_jstr_or_empty(addr, w->a), &e->addr);
	if (!og_junset(ip)) {
		e->has_addr = og_ip_parse(og_jstr_or_empty(ip, w->a), &e->addr.ip);
		e->addr.bits = e->addr.ip.v6 ? 128 : 32;
	}
	need(e->pod || e->has_addr || e->anywhere, "an end that is nothing", NULL);
	if (!e->pod)
		return;
	e->ns = og_jstr_or_empty(og_jgetl(v, "ns"), w->a);
	need(og_kvs_read(og_jget(ns, e->ns), w->a, &e->ns_labels) &&
			og_kvs_read(og_jgetl(v, "labels"), w->a, &e->labels),
		"labels", NULL);
	read_ports(w->a, og_jgetl(v, "ports"), e);
}

void netpol_world_load(struct netpol_world *w, struct og_arena *a)
{
	*w = (struct netpol_world){.a = a};
	w->root = netpol_load(a, "tests/golden/egress/world.yaml");
	og_jfor (it, og_jgetl(w->root, "ends")) {
		need(w->n < NETPOL_WORLD_ENDS, "too many ends", NULL);
		w->ends[w->n].name = og_jstr_or_empty(it.key, a);
		read_end(w, it.val, &w->ends[w->n++]);
	}
}

const struct og_egress_end *netpol_end(const struct netpol_world *w, const char *name)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (og_sv_eq(w->ends[i].name, og_svz(name)))
			return &w->ends[i];
	need(false, name, NULL);
	return NULL;
}

struct og_netpol netpol_of(
	struct og_arena *a, struct og_sv ns, struct og_sv name, struct og_jval spec)
{
	struct og_netpol p = {.unreadable = false};
	struct og_err err = OG_ERR_INIT;
	p.unreadable = og_netpol_read(spec, a, &p, &err) < 0;
	need(!p.unreadable || (err.code == OG_E_CONFIG && err.msg[0]), "a bad error", &err);
	p.ns = ns;
	p.name = name;
	return p;
}

/* ---- at random ---- */

/* splitmix64, public domain algorithm of Steele, Lea and Flood. */
uint64_t netpol_rand(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15ULL;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

bool netpol_notin_exists;

static unsigned one_of(uint64_t *s, unsigned n)
{
	return (unsigned)(netpol_rand(s) % n);
}

static void expression(uint64_t *s, const char *const *labels, unsigned n, struct og_buf *out)
{
	const char *const *l = &labels[2 * one_of(s, n)];
	switch (one_of(s, 4)) {
	case 0:
		og_buf_fmt(out, "{\"key\":\"%s\",\"operator\":\"In\",\"values\":[\"x\",\"%s\"]}",
			l[0], l[1]);
		break;
	case 1:
		if (netpol_notin_exists)
			og_buf_fmt(out, "{\"key\":\"%s\",\"operator\":\"Exists\"},", l[0]);
		og_buf_fmt(out, "{\"key\":\"%s\",\"operator\":\"NotIn\",\"values\":[\"%s\"]}", l[0],
			l[1]);
		break;
	case 2:
		og_buf_fmt(out, "{\"key\":\"%s\",\"operator\":\"Exists\"}", l[0]);
		break;
	default:
		og_buf_fmt(out, "{\"key\":\"%s\",\"operator\":\"DoesNotExist\"}", l[0]);
	}
}

static void selector(uint64_t *s, const char *const *labels, unsigned n, struct og_buf *out)
{
	const char *const *l = &labels[2 * one_of(s, n)];
	switch (one_of(s, 5)) {
	case 0:
		og_buf_lit(out, "{}");
		return;
	case 1:
	case 2:
		og_buf_fmt(out, "{\"matchLabels\":{\"%s\":\"%s\"}}", l[0], l[1]);
		return;
	case 3:
		og_buf_fmt(
			out, "{\"matchLabels\":{\"%s\":\"%s\"},\"matchExpressions\":[", l[0], l[1]);
		expression(s, labels, n, out);
		break;
	default:
		og_buf_lit(out, "{\"matchExpressions\":[");
		expression(s, labels, n, out);
	}
	og_buf_lit(out, "]}");
}

static const char *const pod_labels[] = {"app", "web", "app", "alloy", "app", "db", "tier", "front",
	"role", "collector", "k8s-app", "kube-dns", "job", "7"};
static const char *const ns_labels[] = {"kubernetes.io/metadata.name", "monitoring",
	"kubernetes.io/metadata.name", "shop", "purpose", "observability", "env", "prod", "env",
	"test", "team", "web"};

static void peer(uint64_t *s, struct og_buf *out)
{
	static const char *const blocks[] = {"\"cidr\":\"10.0.0.0/8\"",
		"\"cidr\":\"10.1.0.0/16\",\"except\":[\"10.1.1.0/24\"]",
		"\"cidr\":\"0.0.0.0/0\",\"except\":[\"10.0.0.0/8\",\"203.0.113.0/24\"]",
		"\"cidr\":\"0.0.0.0/0\"", "\"cidr\":\"203.0.113.7/32\"",
		"\"cidr\":\"192.168.0.0/16\"", "\"cidr\":\"::/0\"",
		"\"cidr\":\"2001:db8::/32\",\"except\":[\"2001:db8::/64\"]"};
	unsigned kind = one_of(s, 7);

	if (kind == 0) {
		og_buf_fmt(out, "{\"ipBlock\":{%s}}", blocks[one_of(s, 8)]);
		return;
	}
	og_buf_ch(out, '{');
	if (kind != 1 && kind != 2) {
		og_buf_lit(out, "\"namespaceSelector\":");
		selector(s, ns_labels, 6, out);
	}
	if (kind <= 4) {
		og_buf_str(out, kind > 2 ? ",\"podSelector\":" : "\"podSelector\":");
		selector(s, pod_labels, 7, out);
	}
	og_buf_ch(out, '}');
}

static void port(uint64_t *s, struct og_buf *out)
{
	static const char *const ports[] = {"{}", "{\"protocol\":\"TCP\"}",
		"{\"protocol\":\"UDP\"}", "{\"port\":4318}", "{\"port\":4317}",
		"{\"protocol\":\"TCP\",\"port\":4318}", "{\"protocol\":\"UDP\",\"port\":53}",
		"{\"port\":53}", "{\"port\":443}", "{\"port\":\"otlp-http\"}",
		"{\"port\":\"otlp-grpc\",\"protocol\":\"TCP\"}",
		"{\"port\":\"dns\",\"protocol\":\"UDP\"}",
		"{\"port\":\"stats\",\"protocol\":\"UDP\"}", "{\"port\":4000,\"endPort\":4400}",
		"{\"port\":1,\"endPort\":4317}",
		"{\"protocol\":\"UDP\",\"port\":1,\"endPort\":65535}",
		"{\"protocol\":\"SCTP\",\"port\":4318}"};
	og_buf_str(out, ports[one_of(s, sizeof(ports) / sizeof(ports[0]))]);
}

static void list(uint64_t *s, const char *key, void (*item)(uint64_t *, struct og_buf *),
	struct og_buf *out, const char **comma)
{
	unsigned n = one_of(s, 4);
	if (!n)
		return;
	og_buf_fmt(out, "%s\"%s\":[", *comma, key);
	for (unsigned i = 0; i < n; i++) {
		og_buf_str(out, i ? "," : "");
		item(s, out);
	}
	og_buf_ch(out, ']');
	*comma = ",";
}

static void egress_rule(uint64_t *s, struct og_buf *out)
{
	const char *comma = "";
	og_buf_ch(out, '{');
	list(s, "to", peer, out, &comma);
	list(s, "ports", port, out, &comma);
	og_buf_ch(out, '}');
}

static void ingress_rule(uint64_t *s, struct og_buf *out)
{
	const char *comma = "";
	og_buf_ch(out, '{');
	list(s, "from", peer, out, &comma);
	list(s, "ports", port, out, &comma);
	og_buf_ch(out, '}');
}

void netpol_random(uint64_t *s, struct og_buf *out)
{
	static const char *const types[] = {"", ",\"policyTypes\":[\"Egress\"]",
		",\"policyTypes\":[\"Ingress\"]", ",\"policyTypes\":[\"Ingress\",\"Egress\"]"};
	const char *comma = ",";

	og_buf_lit(out, "{\"podSelector\":");
	selector(s, pod_labels, 7, out);
	og_buf_str(out, types[one_of(s, 4)]);
	list(s, "egress", egress_rule, out, &comma);
	list(s, "ingress", ingress_rule, out, &comma);
	og_buf_ch(out, '}');
}

/* ---- decisions ---- */

struct og_egress_target netpol_target(
	const struct netpol_world *w, const char *end, const uint16_t *port)
{
	const struct og_egress_end *e = netpol_end(w, end);
	struct og_egress_endpoint *p = og_arena_new(w->a, struct og_egress_endpoint);
	struct og_kv *app = og_arena_new(w->a, struct og_kv);
	p->end = *e;
	p->port = *port;
	*app = e->labels.v[0];
	return (struct og_egress_target){.kind = OG_TARGET_PODS,
		.name = OG_SV("Service monitoring/alloy"),
		.by_name = true,
		.ns = e->ns,
		.ns_labels = e->ns_labels,
		.selector = {app, 1},
		.ports = port,
		.nports = 1,
		.ends = p,
		.nends = 1};
}

struct og_egress_in netpol_input(const struct netpol_world *w, const char *pod,
	const struct og_egress_policies *p, const struct og_egress_target *targets, uint32_t n)
{
	static const uint16_t port_53[] = {53};
	struct og_egress_target *dns = og_arena_new(w->a, struct og_egress_target);
	const struct og_egress_end *e = netpol_end(w, pod);
	struct og_selector_req *q = og_arena_new_n(w->a, e->labels.n + 1, struct og_selector_req);
	struct og_sv *values = og_arena_new_n(w->a, e->labels.n + 1, struct og_sv);

	for (uint32_t i = 0; i < e->labels.n; i++) {
		values[i] = e->labels.v[i].value;
		q[i] = (struct og_selector_req){e->labels.v[i].key, OG_SEL_IN, &values[i], 1};
	}
	*dns = netpol_target(w, "dns", port_53);
	return (struct og_egress_in){.policies = *p,
		.pod = *e,
		.selector = {true, q, e->labels.n},
		.targets = targets,
		.ntargets = n,
		.dns = dns};
}

struct og_egress_result netpol_decide(const struct netpol_world *w, const struct og_egress_in *in)
{
	struct og_egress_result r;
	struct og_err err = OG_ERR_INIT;
	need(og_egress_decide(in, w->a, &r, &err) == 0, "a decision", &err);
	need(r.message.n && og_utf8_valid(r.message.p, r.message.n), "a message", &err);
	return r;
}
