/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Specs of network policies, one per line: what is read is judged, and the policy that is made
 * against them opens the way.
 */
#include "fuzz-support.h"
#include "otelgate/core/egress.h"

static const struct og_kv web[] = {{{"app", 3}, {"web", 3}}};
static const struct og_kv alloy[] = {{{"app", 3}, {"alloy", 5}}};
static const struct og_kv shop[] = {{{"kubernetes.io/metadata.name", 27}, {"shop", 4}}};
static const struct og_kv mon[] = {{{"kubernetes.io/metadata.name", 27}, {"mon", 3}}};
static const struct og_egress_cport otlp = {{"otlp-http", 9}, OG_L4_TCP, 4318};
static const uint16_t port = 4318;
static const struct og_sv value = {"web", 3};
static const struct og_selector_req req = {{"app", 3}, OG_SEL_IN, &value, 1};

enum { MAX = 8 };

static uint32_t read_lines(struct og_arena *a, struct og_sv rest, struct og_netpol *v)
{
	struct og_sv line;
	uint32_t n = 0;
	while (n < MAX && og_sv_split(&rest, '\n', &line)) {
		struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
		if (!d || og_jdoc_parse(d, a, line, NULL, NULL) < 0)
			continue;
		v[n] = (struct og_netpol){.unreadable = false};
		v[n].unreadable = og_netpol_read(og_jroot(d), a, &v[n], NULL) < 0;
		v[n].ns = n % 3 == 2 ? OG_SV("mon") : OG_SV("shop");
		v[n].name = OG_SV("p");
		n++;
	}
	return n;
}

static void make(const struct og_egress_in *in, const struct og_egress_result *r,
	struct og_netpol *v, uint32_t n, struct og_arena *a)
{
	struct og_buf b = OG_BUF_INIT(0);
	struct og_egress_in with = *in;
	struct og_egress_result after;
	struct og_jdoc d;

	if (og_egress_policy(in, r, false, OG_SV("ours"), NULL, &b, NULL) < 0 ||
		og_jdoc_parse(&d, a, og_buf_view(&b), NULL, NULL) < 0 ||
		og_netpol_read(og_jgetl(og_jroot(&d), "spec"), a, &v[n], NULL) < 0)
		abort();
	v[n].ns = OG_SV("shop");
	v[n].name = OG_SV("ours");
	with.policies.n = n + 1;
	if (og_egress_decide(&with, a, &after, NULL) < 0 || after.need != OG_NEED_ALLOWED)
		abort();
	og_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	og_auto_arena struct og_arena a;
	struct og_netpol v[MAX + 1];
	struct og_egress_endpoint end = {.end = {.pod = true,
						 .ns = OG_SV("mon"),
						 .ns_labels = {mon, 1},
						 .labels = {alloy, 1},
						 .ports = &otlp,
						 .nports = 1},
		.port = port};
	struct og_egress_target t = {.kind = OG_TARGET_PODS,
		.name = OG_SV("Service mon/alloy"),
		.ns = OG_SV("mon"),
		.ns_labels = {mon, 1},
		.selector = {alloy, 1},
		.ports = &port,
		.nports = 1,
		.ends = &end,
		.nends = 1};
	struct og_egress_in in = {.policies = {.v = v},
		.pod = {.pod = true,
			.ns = OG_SV("shop"),
			.ns_labels = {shop, 1},
			.labels = {web, 1}},
		.selector = {true, &req, 1},
		.targets = &t,
		.ntargets = 1};
	struct og_egress_result r;

	og_arena_init(&a, 0, 64 << 20);
	in.policies.n = read_lines(&a, og_sv((const char *)data, size), v);
	if (og_egress_decide(&in, &a, &r, NULL) == 0 && r.make)
		make(&in, &r, v, in.policies.n, &a);
	struct og_cidr c;
	(void)og_cidr_parse(og_sv((const char *)data, size), &c);
	return 0;
}
