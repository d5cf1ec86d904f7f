/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies and probes, for another evaluator: netpol_diff FOLDER SEED POLICIES writes
 * FOLDER/policies/N.json and FOLDER/traffic.json, and prints what we say, "true" or "false" a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/codec/jwrite.h"
#include "support/netpolworld.h"

static struct og_arena arena;
static struct netpol_world world;

static void save(const char *dir, const char *name, const struct og_buf *b)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	if (!f || b->failed || fwrite(b->p, 1, b->len, f) != b->len || fclose(f)) {
		perror(path);
		exit(3);
	}
}

/* The API server's default, which files do not get. */
static void with_types(struct og_buf *spec, const struct og_netpol *p)
{
	if (strstr(spec->p, "policyTypes"))
		return;
	spec->len--;
	og_buf_str(spec, p->isolates[OG_NETPOL_EGRESS]
				 ? ",\"policyTypes\":[\"Ingress\",\"Egress\"]}"
				 : ",\"policyTypes\":[\"Ingress\"]}");
}

static void put_labels(struct og_buf *b, const struct og_kvs *l)
{
	og_buf_ch(b, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		og_buf_str(b, i ? "," : "");
		og_jw_str(b, l->v[i].key);
		og_buf_ch(b, ':');
		og_jw_str(b, l->v[i].value);
	}
	og_buf_ch(b, '}');
}

static void put_end(struct og_buf *b, const struct og_egress_end *e)
{
	const struct og_ip *ip = &e->addr.ip;
	og_buf_lit(b, "{\"IP\":\"");
	if (!ip->v6)
		og_buf_fmt(b, "%u.%u.%u.%u", ip->b[0], ip->b[1], ip->b[2], ip->b[3]);
	for (unsigned i = 0; ip->v6 && i < 16; i += 2)
		og_buf_fmt(b, "%s%x", i ? ":" : "", (unsigned)(ip->b[i] << 8 | ip->b[i + 1]));
	og_buf_ch(b, '"');
	if (e->pod) {
		og_buf_lit(b, ",\"Internal\":{\"Namespace\":");
		og_jw_str(b, e->ns);
		og_buf_lit(b, ",\"PodLabels\":");
		put_labels(b, &e->labels);
		og_buf_lit(b, ",\"NamespaceLabels\":");
		put_labels(b, &e->ns_labels);
		og_buf_ch(b, '}');
	}
	og_buf_ch(b, '}');
}

static void probe(const struct og_egress_policies *p, const struct og_egress_end *from,
	const struct og_egress_end *to, enum og_l4 l4, uint16_t port, struct og_buf *out)
{
	struct og_egress_verdict in, eg;
	struct og_sv name = {"", 0};

	for (uint32_t i = 0; i < to->nports; i++)
		if (to->ports[i].port == port && to->ports[i].protocol == l4)
			name = to->ports[i].name;
	og_buf_str(out, out->len > 1 ? ",\n{\"Source\":" : "{\"Source\":");
	put_end(out, from);
	og_buf_lit(out, ",\"Destination\":");
	put_end(out, to);
	og_buf_fmt(out, ",\"ResolvedPort\":%u,\"ResolvedPortName\":\"%.*s\",\"Protocol\":\"%s\"}",
		port, OG_SV_ARG(name), og_l4_name(l4));
	og_egress_judge(p, OG_NETPOL_EGRESS, from, to, l4, port, &eg);
	og_egress_judge(p, OG_NETPOL_INGRESS, from, to, l4, port, &in);
	puts(eg.way != OG_WAY_CLOSED && in.way != OG_WAY_CLOSED ? "true" : "false");
}

int main(int argc, char **argv)
{
	static const char *const spaces[] = {"shop", "monitoring", "lab"};
	static const char *const from[] = {"web", "db", "bare"};
	static const char *const to[] = {"alloy", "alloy6", "dns", "db", "ext", "ext6", "node"};
	static const uint16_t ports[] = {4317, 4318, 53, 443};
	struct og_netpol v[16];
	struct og_buf traffic = OG_BUF_INIT(0);

	if (argc != 4)
		return 2;
	uint64_t seed = strtoull(argv[2], NULL, 10);
	uint32_t n = (uint32_t)strtoul(argv[3], NULL, 10) % 17;
	netpol_notin_exists = true;
	og_arena_init(&arena, 0, 0);
	netpol_world_load(&world, &arena);
	for (uint32_t i = 0; i < n; i++) {
		struct og_buf spec = OG_BUF_INIT(0), doc = OG_BUF_INIT(0);
		const char *ns = spaces[netpol_rand(&seed) % 3];
		char name[32];
		netpol_random(&seed, &spec);
		v[i] = netpol_of(&arena, og_svz(ns), og_svz(og_arena_fmt(&arena, "p%u", i)),
			netpol_parse(&arena, og_buf_view(&spec)));
		with_types(&spec, &v[i]);
		og_buf_fmt(&doc,
			"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\","
			"\"metadata\":{\"name\":\"p%u\",\"namespace\":\"%s\"},\"spec\":%.*s}\n",
			i, ns, (int)spec.len, spec.p);
		(void)snprintf(name, sizeof(name), "policies/%u.json", i);
		save(argv[1], name, &doc);
		og_buf_fini(&spec);
		og_buf_fini(&doc);
	}
	struct og_egress_policies p = {.v = v, .n = n};
	og_buf_ch(&traffic, '[');
	for (size_t f = 0; f < 3; f++)
		for (size_t t = 0; t < 7; t++)
			for (size_t k = 0; k < 4; k++)
				for (int l4 = 0; l4 < 2; l4++)
					probe(&p, netpol_end(&world, from[f]),
						netpol_end(&world, to[t]), (enum og_l4)l4, ports[k],
						&traffic);
	og_buf_lit(&traffic, "]\n");
	save(argv[1], "traffic.json", &traffic);
	og_buf_fini(&traffic);
	og_arena_fini(&arena);
	return 0;
}
