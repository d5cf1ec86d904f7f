/* SPDX-License-Identifier: Apache-2.0 */
/* Network policies: the truth table (tests/golden/egress/cases.yaml), what holds for any policies,
 * and the policies that otelgate makes, read back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/netpolworld.h"
#include "support/suite.h"

static struct og_arena arena;
static struct netpol_world world;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	netpol_world_load(&world, &arena);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

/* ---- the truth table ---- */

static const char *word(struct og_jval v, const char *key, const char *otherwise)
{
	struct og_jval m = og_jget(v, og_svz(key));
	struct og_sv s = og_jstr_or_empty(m, &arena);
	return og_junset(m) ? otherwise : og_arena_strndup(&arena, s.p, s.n);
}

static bool flag(struct og_jval v, const char *key)
{
	return og_jis(og_jget(v, og_svz(key)), OG_J_TRUE);
}

static struct og_egress_policies policies_of(struct og_jval list, struct og_sv own)
{
	struct og_netpol *v = og_arena_new_n(&arena, og_jcount(list) + 1, struct og_netpol);
	og_jfor (it, list) {
		struct og_jval spec = og_jgetl(it.val, "spec"), ns = og_jgetl(it.val, "ns");
		v[it.index] = netpol_of(&arena, og_junset(ns) ? own : og_jstr_or_empty(ns, &arena),
			og_svz(og_arena_fmt(&arena, "p%u", it.index)),
			og_junset(spec) ? it.val : spec);
	}
	return (struct og_egress_policies){.v = v, .n = og_jcount(list)};
}

static void run_case(struct og_jval row)
{
	const char *name = word(row, "n", "?"), *want = word(row, "want", "?");
	const struct og_egress_end *from = netpol_end(&world, word(row, "from", "web"));
	const struct og_egress_end *to = netpol_end(&world, word(row, "to", "alloy"));
	enum og_netpol_dir dir = flag(row, "in") ? OG_NETPOL_INGRESS : OG_NETPOL_EGRESS;
	struct og_egress_policies p =
		policies_of(og_jgetl(row, "p"), dir == OG_NETPOL_INGRESS ? to->ns : from->ns);
	enum og_l4 l4 = flag(row, "udp") ? OG_L4_UDP : OG_L4_TCP;
	int64_t port = 4318;
	struct og_egress_verdict v;

	(void)og_ji64(og_jgetl(row, "port"), &port);
	p.blocks_skip_pods = flag(row, "skip");
	og_egress_judge(&p, dir, from, to, l4, (uint16_t)port, &v);
	ck_assert_msg(og_svz(want).n && og_sv_eq(og_svz(og_egress_way_name(v.way)), og_svz(want)),
		"%s: %s, not %s", name, og_egress_way_name(v.way), want);
	ck_assert_msg((v.by != NULL) == (v.way != OG_WAY_OPEN), "%s: by whom", name);
	ck_assert_msg((v.almost != NULL) == flag(row, "almost"), "%s: almost", name);
	ck_assert_msg(v.partly == flag(row, "partly"), "%s: partly", name);
	ck_assert_msg(v.by_address == flag(row, "address"), "%s: by address", name);
}

START_TEST(truth_table)
{
	uint32_t n = 0, negative = 0;
	og_jfor (it, netpol_load(&arena, "tests/golden/egress/cases.yaml")) {
		run_case(it.val);
		n++;
		negative += og_jstr_is(og_jgetl(it.val, "want"), "closed") ||
			    og_jstr_is(og_jgetl(it.val, "want"), "unknown");
	}
	ck_assert_uint_ge(n, 190);
	ck_assert_uint_ge(2 * negative, n);
}
END_TEST

START_TEST(addresses)
{
	static const char *const good[] = {"0.0.0.0/0", "10.0.0.0/8", "010.1.2.3/32", "::/0",
		"2001:db8::/32", "::ffff:10.0.0.0/104", "1:2:3:4:5:6:7:8/128", "::1/128",
		"fe80::1:2/64", "1::8/16", "::1.2.3.4/96"};
	static const char *const bad[] = {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0/8",
		"10.0.0.0.0/8", "10.0.0.256/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8",
		"a.b.c.d/8", ":/0", ":::/0", "1::2::3/64", "2001:db8::/129", "12345::/16",
		"1:2:3:4:5:6:7/64", "1:2:3:4:5:6:7:8:9/64", "1:2:3:4:5:6:7:8::/64", "::g/16",
		"10.0.0.0./8", "fe80::1%eth0/64", " 10.0.0.0/8", "10.0.0.0/8 ", "1:/16", "::1:/16",
		"1.2.3.4::/16", "0x10.0.0.0/8"};
	struct og_cidr c;
	struct og_ip a, b;

	for (size_t i = 0; i < OG_COUNT(good); i++)
		ck_assert_msg(og_cidr_parse(og_svz(good[i]), &c), "%s", good[i]);
	for (size_t i = 0; i < OG_COUNT(bad); i++)
		ck_assert_msg(!og_cidr_parse(og_svz(bad[i]), &c), "%s", bad[i]);
	ck_assert(og_cidr_parse(OG_SV("::ffff:10.0.0.0/104"), &c) && !c.ip.v6 && c.bits == 8);
	ck_assert(og_ip_parse(OG_SV("10.9.8.7"), &a) && og_cidr_has(&c, &a));
	ck_assert(og_ip_parse(OG_SV("::ffff:10.9.8.7"), &b) && og_ip_eq(&a, &b));
	ck_assert(og_ip_parse(OG_SV("2001:db8:0:0::1"), &a) &&
		  og_ip_parse(OG_SV("2001:DB8::0001"), &b) && og_ip_eq(&a, &b));
	ck_assert(!og_ip_parse(OG_SV("2001:db8::/32"), &a));
}
END_TEST

/* ---- what holds for any policies ---- */

enum { ROUNDS = 400, MAX_POLICIES = 6 };
static const char *const sources[] = {"web", "db", "bare", "batch"};
static const char *const receivers[] = {"alloy", "alloy6", "dns", "db", "ext", "node", "noip"};
static const uint16_t probe_ports[] = {4317, 4318, 53, 443, 5432, 1};

static uint32_t random_set(uint64_t *seed, struct og_netpol *v)
{
	static const char *const spaces[] = {"shop", "monitoring", "lab"};
	uint32_t n = (uint32_t)(netpol_rand(seed) % MAX_POLICIES) + 1;

	for (uint32_t i = 0; i < n; i++) {
		struct og_buf b = OG_BUF_INIT(0);
		netpol_random(seed, &b);
		v[i] = netpol_of(&arena, og_svz(spaces[netpol_rand(seed) % 3]),
			og_svz(og_arena_fmt(&arena, "p%u", i)),
			netpol_parse(&arena, og_buf_view(&b)));
		ck_assert_msg(!v[i].unreadable, "%s", b.p);
		og_buf_fini(&b);
	}
	return n;
}

typedef void probe_fn(const struct og_egress_policies *p, enum og_netpol_dir dir,
	const struct og_egress_end *from, const struct og_egress_end *to, enum og_l4 l4,
	uint16_t port, void *ctx);

static void all_probes(const struct og_egress_policies *p, probe_fn *fn, void *ctx)
{
	for (size_t s = 0; s < OG_COUNT(sources); s++)
		for (size_t t = 0; t < OG_COUNT(receivers); t++)
			for (size_t k = 0; k < OG_COUNT(probe_ports); k++)
				for (int l4 = 0; l4 < 2; l4++)
					for (int dir = 0; dir < 2; dir++)
						fn(p, (enum og_netpol_dir)dir,
							netpol_end(&world, sources[s]),
							netpol_end(&world, receivers[t]),
							(enum og_l4)l4, probe_ports[k], ctx);
}

static void same_as(const struct og_egress_policies *p, enum og_netpol_dir dir,
	const struct og_egress_end *from, const struct og_egress_end *to, enum og_l4 l4,
	uint16_t port, void *ctx)
{
	const struct og_egress_policies *other = ctx;
	struct og_egress_verdict a, b;
	og_egress_judge(p, dir, from, to, l4, port, &a);
	og_egress_judge(other, dir, from, to, l4, port, &b);
	ck_assert_int_eq(a.way, b.way);
	ck_assert(a.partly == b.partly && a.by_address == b.by_address);
	ck_assert(!a.by == !b.by && (!a.by || og_sv_eq(a.by->name, b.by->name)));
}

START_TEST(order_does_not_matter)
{
	uint64_t seed = 11;
	for (int round = 0; round < ROUNDS / 4; round++) {
		struct og_netpol v[MAX_POLICIES], turned[MAX_POLICIES];
		uint32_t n = random_set(&seed, v);
		for (uint32_t i = 0; i < n; i++)
			turned[n - 1 - i] = v[i];
		struct og_egress_policies p = {.v = v, .n = n}, q = {.v = turned, .n = n};
		all_probes(&p, same_as, &q);
	}
}
END_TEST

struct more {
	struct og_egress_policies p;
	unsigned opened, isolated;
};

/* With a policy more, what was isolated and allowed stays so, and nothing isolated becomes open. */
static void never_closes(const struct og_egress_policies *p, enum og_netpol_dir dir,
	const struct og_egress_end *from, const struct og_egress_end *to, enum og_l4 l4,
	uint16_t port, void *ctx)
{
	struct more *m = ctx;
	struct og_egress_verdict a, b;
	og_egress_judge(p, dir, from, to, l4, port, &a);
	og_egress_judge(&m->p, dir, from, to, l4, port, &b);
	if (a.way == OG_WAY_ALLOWED)
		ck_assert_int_eq(b.way, OG_WAY_ALLOWED);
	if (a.way == OG_WAY_CLOSED)
		ck_assert_int_ne(b.way, OG_WAY_OPEN);
	m->opened += a.way == OG_WAY_CLOSED && b.way == OG_WAY_ALLOWED;
	m->isolated += a.way == OG_WAY_OPEN && b.way == OG_WAY_CLOSED;
}

START_TEST(policies_add_up)
{
	uint64_t seed = 12;
	struct more m = {.opened = 0};
	for (int round = 0; round < ROUNDS / 4; round++) {
		struct og_netpol v[MAX_POLICIES];
		uint32_t n = random_set(&seed, v);
		struct og_egress_policies p = {.v = v, .n = n - 1};
		m.p = (struct og_egress_policies){.v = v, .n = n};
		all_probes(&p, never_closes, &m);
	}
	/* the set is rich enough for both effects */
	ck_assert_uint_gt(m.opened, 100);
	ck_assert_uint_gt(m.isolated, 500);
}
END_TEST

/* ---- the policies that otelgate makes ---- */

static const uint16_t port_4318[] = {4318}, port_443[] = {443};

static struct og_jval document(const struct og_egress_in *in, const struct og_egress_result *r)
{
	struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	struct og_egress_owner owner = {
		OG_SV("apps/v1"), OG_SV("Deployment"), OG_SV("web"), OG_SV("u-1")};
	ck_assert_int_eq(
		og_egress_policy(in, r, false, OG_SV("otelgate-egress-x"), &owner, &b, &err), 0);
	struct og_jval v = netpol_parse(&arena, og_buf_view(&b));
	og_buf_fini(&b);
	return v;
}

struct effect {
	const struct og_egress_in *in;
	struct og_egress_policies with;
	unsigned opened;
};

static bool selected(const struct og_egress_end *e, struct og_sv ns, struct og_kvs labels)
{
	if (!e->pod || !og_sv_eq(e->ns, ns))
		return false;
	for (uint32_t i = 0; i < labels.n; i++) {
		const struct og_sv *have = og_kvs_get(&e->labels, labels.v[i].key);
		if (!have || !og_sv_eq(*have, labels.v[i].value))
			return false;
	}
	return true;
}

/* Ours opens the receiver's port and DNS to the workload's pods, and changes nothing else at all.
 */
static void exactly(const struct og_egress_policies *p, enum og_netpol_dir dir,
	const struct og_egress_end *from, const struct og_egress_end *to, enum og_l4 l4,
	uint16_t port, void *ctx)
{
	struct effect *e = ctx;
	const struct og_egress_target *t = &e->in->targets[0], *dns = e->in->dns;
	struct og_egress_verdict a, b;
	og_egress_judge(p, dir, from, to, l4, port, &a);
	og_egress_judge(&e->with, dir, from, to, l4, port, &b);
	bool ours = dir == OG_NETPOL_EGRESS && selected(from, e->in->pod.ns, e->in->pod.labels) &&
		    a.way != OG_WAY_OPEN;
	bool meant = (selected(to, t->ns, t->selector) && l4 == OG_L4_TCP && port == t->ports[0]) ||
		     (selected(to, dns->ns, dns->selector) && port == 53);
	if (a.way == OG_WAY_CLOSED && ours && meant) {
		ck_assert_int_eq(b.way, OG_WAY_ALLOWED);
		e->opened++;
	} else {
		ck_assert_msg(a.way == b.way, "%.*s to %.*s %d: %s became %s",
			OG_SV_ARG(from->name), OG_SV_ARG(to->name), port, og_egress_way_name(a.way),
			og_egress_way_name(b.way));
	}
}

START_TEST(ours_opens_exactly_the_receiver_and_dns)
{
	uint64_t seed = 13;
	unsigned made = 0, left = 0, opened = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct og_netpol v[MAX_POLICIES + 1];
		uint32_t n = random_set(&seed, v);
		struct og_egress_policies p = {.v = v, .n = n};
		struct og_egress_target t = netpol_target(&world, "alloy", port_4318);
		struct og_egress_in in = netpol_input(&world, round % 2 ? "web" : "db", &p, &t, 1);
		struct og_egress_result r = netpol_decide(&world, &in);
		if (!r.make) {
			ck_assert(r.need == OG_NEED_OPEN || r.need == OG_NEED_ALLOWED);
			left++;
			continue;
		}
		made++;
		ck_assert_int_eq(r.need, OG_NEED_POLICY);
		ck_assert_ptr_nonnull(r.guard);
		struct og_jval doc = document(&in, &r);
		v[n] = netpol_of(&arena, in.pod.ns, OG_SV("ours"), og_jgetl(doc, "spec"));
		ck_assert(!v[n].unreadable);
		struct effect e = {.in = &in, .with = {.v = v, .n = n + 1}};
		all_probes(&p, exactly, &e);
		opened += e.opened;
		in.policies = e.with;
		r = netpol_decide(&world, &in);
		ck_assert_int_eq(r.need, OG_NEED_ALLOWED);
	}
	ck_assert_uint_gt(made, 40);
	ck_assert_uint_gt(left, 40);
	ck_assert_uint_ge(opened, made);
}
END_TEST

static struct og_egress_policies specs(const char *json)
{
	return policies_of(netpol_parse(&arena, og_svz(json)), OG_SV("shop"));
}

#define DENY "{\"podSelector\":{},\"policyTypes\":[\"Egress\"]}"
#define DNS_OK                                                                              \
	"{\"podSelector\":{},\"egress\":[{\"to\":[{\"namespaceSelector\":{}}],\"ports\":[{" \
	"\"protocol\":\"UDP\",\"port\":53}]}]}"
#define ALLOY_OK "{\"podSelector\":{},\"egress\":[{\"ports\":[{\"port\":4318}]}]}"
#define ALL_OK	 "{\"podSelector\":{},\"egress\":[{}]}"

/* Pods that were open stay open, although the workload's selector fits them, too. */
START_TEST(ours_never_isolates_a_pod_that_was_open)
{
	struct og_egress_policies p = specs(
		"[{\"podSelector\":{\"matchLabels\":{\"tier\":\"front\"},\"matchExpressions\":[{"
		"\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"x\"]}]},"
		"\"policyTypes\":[\"Egress\"]}]");
	struct og_egress_target t = netpol_target(&world, "alloy", port_4318);
	struct og_egress_in in = netpol_input(&world, "web", &p, &t, 1);
	static const struct og_kv app = {OG_SV("app"), OG_SV("web")};
	struct og_egress_end sibling = *netpol_end(&world, "web");
	struct og_egress_verdict v;

	in.selector.nreqs = 1; /* app=web alone */
	struct og_egress_result r = netpol_decide(&world, &in);
	ck_assert(r.make);
	struct og_netpol both[] = {p.v[0], netpol_of(&arena, OG_SV("shop"), OG_SV("ours"),
						   og_jgetl(document(&in, &r), "spec"))};
	struct og_egress_policies with = {.v = both, .n = 2};
	sibling.labels = (struct og_kvs){&app, 1};
	og_egress_judge(&with, OG_NETPOL_EGRESS, &sibling, &t.ends[0].end, OG_L4_TCP, 9, &v);
	ck_assert_int_eq(v.way, OG_WAY_OPEN);
	og_egress_judge(&with, OG_NETPOL_EGRESS, &in.pod, &t.ends[0].end, OG_L4_TCP, 4318, &v);
	ck_assert_int_eq(v.way, OG_WAY_ALLOWED);
}
END_TEST

static const struct {
	const char *policies;
	const char *to; /* a pod, "host", "host+cidr", "address", "none", "promised" */
	enum og_egress_need need;
	const char *finding;
	bool make, make_fqdn, fqdn, labels, host_network;
	const char *says;
} decisions[] = {
	{"[]", "alloy", OG_NEED_OPEN, NULL, false, false, true, true, false, "No network policy"},
	{"[" DENY "]", "alloy", OG_NEED_POLICY, "OG512", true, false, true, true, false,
		"shop/p0 closes the way to Service monitoring/alloy"},
	{"[" DENY "]", "alloy", OG_NEED_OPEN, NULL, false, false, true, true, true,
		"network of their node"},
	{"[" DENY "]", "alloy", OG_NEED_NO_LABELS, "OG512", false, false, true, false, false,
		"label the pod template"},
	{"[" DENY "]", "none", OG_NEED_NOTHING, NULL, false, false, true, true, false,
		"No receiver"},
	{"[" DENY "]", "promised", OG_NEED_POLICY, "OG512", true, false, true, true, false, "p0"},
	{"[" ALLOY_OK "]", "alloy", OG_NEED_POLICY, "OG513", true, false, true, true, false,
		"closes the way to DNS"},
	{"[" DNS_OK "]", "alloy", OG_NEED_POLICY, "OG512", true, false, true, true, false,
		"allows these pods on other ports alone"},
	{"[" ALLOY_OK "," DNS_OK "]", "alloy", OG_NEED_ALLOWED, NULL, false, false, true, true,
		false, "allow"},
	{"[" ALL_OK "," DENY "]", "alloy", OG_NEED_ALLOWED, NULL, false, false, true, true, false,
		"allow"},
	{"[" DENY "]", "host", OG_NEED_EXTERNAL, "OG515", false, false, false, true, false,
		"spec.networkPolicyCidrs"},
	{"[" DENY "]", "host", OG_NEED_FQDN, "OG512", false, true, true, true, false,
		"CiliumNetworkPolicy"},
	{"[" DENY "]", "host", OG_NEED_EXTERNAL, "OG515", false, false, true, false, false,
		"egress gateway"},
	{"[" ALL_OK "]", "host", OG_NEED_ALLOWED, NULL, false, false, true, true, false, "allow"},
	{"[]", "host", OG_NEED_OPEN, NULL, false, false, true, true, false, "No network policy"},
	{"[" DNS_OK "]", "host", OG_NEED_EXTERNAL, "OG515", false, false, false, true, false,
		"does not let"},
	{"[{\"podSelector\":{},\"egress\":[{\"to\":[{\"ipBlock\":{\"cidr\":\"34.0.0.0/8\"}}]}]}]",
		"host", OG_NEED_EXTERNAL, "OG515", false, false, false, true, false,
		"only some addresses"},
	{"[" DENY "]", "host+cidr", OG_NEED_POLICY, "OG512", true, false, true, true, false,
		"otlp.example.com"},
	{"[" DENY "]", "address", OG_NEED_POLICY, "OG512", true, false, false, true, false,
		"203.0.113.7"},
	{"[{\"podSelector\":{},\"egress\":{}}]", "alloy", OG_NEED_UNKNOWN, "OG514", false, false,
		true, true, false, "not understood"},
	{"[{\"podSelector\":{},\"egress\":{}}]", "host", OG_NEED_UNKNOWN, "OG514", false, false,
		true, true, false, "not understood"},
	{"[{\"podSelector\":{},\"egress\":{}}," DENY "]", "alloy", OG_NEED_POLICY, "OG512", true,
		false, true, true, false, "p1"},
};

static const struct og_cidr one_address = {{{203, 0, 113, 7}, false}, 32};

static struct og_egress_target target_of(const char *to)
{
	struct og_egress_target t = {.kind = OG_TARGET_HOST,
		.name = OG_SV("otlp.example.com"),
		.by_name = true,
		.ports = port_443,
		.nports = 1};
	if (!strcmp(to, "host"))
		return t;
	if (!strcmp(to, "promised")) {
		t = netpol_target(&world, "alloy", port_4318);
		t.nends = 0;
		return t;
	}
	if (strcmp(to, "host+cidr") != 0 && strcmp(to, "address") != 0)
		return netpol_target(&world, "alloy", port_4318);
	t.cidrs = &one_address;
	t.ncidrs = 1;
	if (!strcmp(to, "address")) {
		t.kind = OG_TARGET_ADDRESS;
		t.by_name = false;
		t.name = OG_SV("203.0.113.7");
	}
	return t;
}

START_TEST(decisions_and_what_they_say)
{
	struct og_egress_policies p = specs(decisions[_i].policies);
	struct og_egress_target t = target_of(decisions[_i].to);
	struct og_egress_in in =
		netpol_input(&world, "web", &p, &t, strcmp(decisions[_i].to, "none") != 0);

	in.fqdn = decisions[_i].fqdn;
	in.host_network = decisions[_i].host_network;
	in.selector.nreqs = decisions[_i].labels ? in.selector.nreqs : 0;
	struct og_egress_result r = netpol_decide(&world, &in);
	ck_assert_str_eq(og_egress_need_name(r.need), og_egress_need_name(decisions[_i].need));
	ck_assert(r.make == decisions[_i].make && r.make_fqdn == decisions[_i].make_fqdn);
	ck_assert((r.finding == NULL) == (decisions[_i].finding == NULL));
	ck_assert(!r.finding || !strcmp(r.finding, decisions[_i].finding));
	ck_assert_msg(
		og_sv_has(r.message, og_svz(decisions[_i].says)), "%.*s", OG_SV_ARG(r.message));
	ck_assert((r.make || r.make_fqdn) <= (r.guard != NULL));
}
END_TEST

/* ---- documents ---- */

static bool document_has(const struct og_egress_in *in, bool by_host, const char *text)
{
	struct og_egress_result r = netpol_decide(&world, in);
	struct og_buf b = OG_BUF_INIT(0);
	struct og_egress_owner owner = {OG_SV("v1"), OG_SV("Pod"), OG_SV("a\"b"), OG_SV("u")};
	ck_assert_int_eq(og_egress_policy(in, &r, by_host, OG_SV("x"), &owner, &b, NULL), 0);
	bool has = og_sv_has(og_buf_view(&b), og_svz(text));
	(void)netpol_parse(&arena, og_buf_view(&b));
	if (!has)
		(void)fprintf(stderr, "%s\n", b.p);
	og_buf_fini(&b);
	return has;
}

START_TEST(a_policy_by_host_name)
{
	struct og_egress_policies p = specs("[" DENY "]");
	struct og_egress_target t[] = {target_of("host"), target_of("host"), target_of("alloy")};
	struct og_egress_in in = netpol_input(&world, "web", &p, t, 3);

	t[1].name = OG_SV("profiles.example.com");
	in.fqdn = true;
	struct og_egress_result r = netpol_decide(&world, &in);
	ck_assert(r.make && r.make_fqdn);
	ck_assert(document_has(&in, true, "\"toFQDNs\":[{\"matchName\":\"otlp.example.com\"}]"));
	ck_assert(
		document_has(&in, true, "\"toFQDNs\":[{\"matchName\":\"profiles.example.com\"}]"));
	ck_assert(document_has(&in, true, "\"k8s:io.kubernetes.pod.namespace\":\"kube-system\""));
	ck_assert(document_has(&in, true, "{\"dns\":[{\"matchPattern\":\"*\"}]}"));
	ck_assert(document_has(&in, true, "\"kind\":\"CiliumNetworkPolicy\""));
	ck_assert(document_has(&in, true, "\"k8s:app\":\"web\""));
	ck_assert(document_has(&in, false, "\"name\":\"a\\\"b\""));
	in.dns = NULL;
	ck_assert(document_has(&in, true, "\"egress\":[{\"toFQDNs\""));
}
END_TEST

START_TEST(no_policy_ever_opens_everything)
{
	struct og_egress_policies p = specs("[" DENY "]");
	struct og_egress_target t[] = {target_of("host"), target_of("alloy")};
	struct og_egress_in in = netpol_input(&world, "web", &p, t, 2);
	struct og_egress_result r = netpol_decide(&world, &in);
	struct og_buf b = OG_BUF_INIT(0);

	/* the host is said, the way inside the cluster is opened all the same */
	ck_assert_int_eq(r.need, OG_NEED_EXTERNAL);
	ck_assert(r.make && !r.make_fqdn);
	ck_assert_int_eq(og_egress_policy(&in, &r, false, OG_SV("x"), NULL, &b, NULL), 0);
	ck_assert(!og_sv_has(og_buf_view(&b), OG_SV("/0\"")));
	ck_assert(!og_sv_has(og_buf_view(&b), OG_SV("ownerReferences")));
	struct og_jval egress =
		og_jpath(netpol_parse(&arena, og_buf_view(&b)), "spec", "egress", NULL);
	ck_assert_uint_eq(og_jcount(egress), 2); /* alloy and DNS */
	og_jfor (it, egress) {
		ck_assert_uint_gt(og_jcount(og_jgetl(it.val, "to")), 0);
		ck_assert_uint_gt(og_jcount(og_jgetl(it.val, "ports")), 0);
	}
	og_buf_fini(&b);
}
END_TEST

START_TEST(receivers_that_are_no_pods)
{
	struct og_egress_policies p = specs("[" DENY "]");
	struct og_egress_target t = netpol_target(&world, "alloy", port_4318);
	struct og_egress_endpoint ends[OG_EGRESS_MAX_ADDRESSES + 1];
	struct og_egress_in in = netpol_input(&world, "web", &p, &t, 1);

	for (uint32_t i = 0; i < OG_COUNT(ends); i++) {
		ends[i] = (struct og_egress_endpoint){*netpol_end(&world, "node"), 4318};
		ends[i].end.addr.ip.b[3] = (unsigned char)(i / 2);
	}
	t.ends = ends;
	t.nends = 4;
	ck_assert(document_has(&in, false,
		"\"to\":[{\"ipBlock\":{\"cidr\":\"192.168.5.0/32\"}},"
		"{\"ipBlock\":{\"cidr\":\"192.168.5.1/32\"}}],"));
	ends[0].end = *netpol_end(&world, "alloy");
	ck_assert(document_has(&in, false,
		"\"to\":[{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":"
		"\"monitoring\"}},\"podSelector\":{\"matchLabels\":{\"app\":\"alloy\"}}},"
		"{\"ipBlock\""));
	ends[1].end = *netpol_end(&world, "ext6");
	ck_assert(document_has(&in, false, "\"2001:db8:0:0:0:0:0:7/128\""));
	in.node_local_dns = true;
	ck_assert(document_has(&in, false, "169.254.20.10/32"));
	t.nends = OG_COUNT(ends);
	ends[0].end = *netpol_end(&world, "node");
	ends[1].end = *netpol_end(&world, "node");
	ck_assert_int_eq(netpol_decide(&world, &in).need, OG_NEED_TOO_MANY);
	in.ntargets = OG_EGRESS_MAX_TARGETS + 1;
	struct og_egress_result r;
	ck_assert_int_eq(og_egress_decide(&in, &arena, &r, NULL), -OG_E_LIMIT);
}
END_TEST

START_TEST(the_receivers_side)
{
	struct og_netpol v[3];
	struct og_egress_target t = netpol_target(&world, "alloy", port_4318);
	struct og_sv spaces[] = {OG_SV("lab"), OG_SV("shop")};
	struct og_buf b = OG_BUF_INIT(0);
	static const struct og_kv injected[] = {
		{OG_SV("app"), OG_SV("web")}, {OG_SV("otelgate.dev/revision"), OG_SV("abc")}};

	v[0] = netpol_of(&arena, OG_SV("monitoring"), OG_SV("deny"),
		netpol_parse(&arena, OG_SV("{\"podSelector\":{\"matchLabels\":{\"role\":"
					   "\"collector\"}}}")));
	struct og_egress_policies p = {.v = v, .n = 1};
	struct og_egress_in in = netpol_input(&world, "web", &p, &t, 1);
	struct og_egress_result r = netpol_decide(&world, &in);
	ck_assert_int_eq(r.need, OG_NEED_OPEN);
	ck_assert_str_eq(r.ingress_finding, "OG517");
	ck_assert(og_sv_has(r.ingress_message, OG_SV("monitoring/deny at the receiver")));
	ck_assert_int_eq(
		og_egress_ingress_policy(&t, r.ingress.by, spaces, 2, OG_SV("x"), NULL, &b, NULL),
		0);
	struct og_jval doc = netpol_parse(&arena, og_buf_view(&b));
	v[1] = netpol_of(&arena, OG_SV("monitoring"), OG_SV("ours"), og_jgetl(doc, "spec"));
	ck_assert(!v[1].unreadable && v[1].pods.nreqs == 2);
	p.n = in.policies.n = 2;
	/* without injection no way in; with it there is, in these namespaces and on that port */
	ck_assert_int_eq(netpol_decide(&world, &in).ingress.way, OG_WAY_CLOSED);
	in.pod.labels = (struct og_kvs){injected, 2};
	ck_assert_int_eq(netpol_decide(&world, &in).ingress.way, OG_WAY_ALLOWED);
	t.ports = port_443;
	((struct og_egress_endpoint *)(uintptr_t)t.ends)->port = 443;
	ck_assert_int_eq(netpol_decide(&world, &in).ingress.way, OG_WAY_CLOSED);
	in.pod.ns_labels = netpol_end(&world, "dns")->ns_labels;
	((struct og_egress_endpoint *)(uintptr_t)t.ends)->port = 4318;
	ck_assert_int_eq(netpol_decide(&world, &in).ingress.way, OG_WAY_CLOSED);
	v[2] = (struct og_netpol){
		.ns = OG_SV("monitoring"), .name = OG_SV("odd"), .unreadable = true};
	in.policies = (struct og_egress_policies){.v = &v[2], .n = 1};
	r = netpol_decide(&world, &in);
	ck_assert_int_eq(r.ingress.way, OG_WAY_UNKNOWN);
	ck_assert_str_eq(r.ingress_finding, "OG514");
	og_buf_fini(&b);
}
END_TEST

START_TEST(names)
{
	char longest[400];
	struct og_sv a, b;

	ck_assert_int_eq(og_egress_name(OG_EGRESS_PREFIX, OG_SV("Deployment"), OG_SV("web"), &arena,
				 &a, NULL),
		0);
	ck_assert(og_sv_is(a, "otelgate-egress-deployment-web"));
	memset(longest, 'a', sizeof(longest));
	longest[224] = '.';
	for (size_t n = 200; n < 260; n++) {
		ck_assert_int_eq(og_egress_name(OG_EGRESS_PREFIX, OG_SV("Job"), og_sv(longest, n),
					 &arena, &a, NULL),
			0);
		ck_assert(a.n <= 253 && (a.n == 20 + n || a.n > 240));
		ck_assert_int_eq(og_egress_name(OG_EGRESS_PREFIX, OG_SV("Job"),
					 og_sv(longest, n + 1), &arena, &b, NULL),
			0);
		ck_assert(!og_sv_eq(a, b));
	}
}
END_TEST

/* ---- bounds ---- */

static int read_text(const char *json)
{
	struct og_netpol p;
	struct og_err err = OG_ERR_INIT;
	return og_netpol_read(netpol_parse(&arena, og_svz(json)), &arena, &p, &err);
}

START_TEST(limits)
{
	struct og_buf b = OG_BUF_INIT(0);
	for (int over = 0; over < 2; over++) {
		og_buf_reset(&b);
		og_buf_lit(&b, "{\"egress\":[{\"ports\":[");
		for (int i = 0; i < OG_NETPOL_MAX_PARTS - 1 + over; i++)
			og_buf_str(&b, i ? ",{}" : "{}");
		og_buf_lit(&b, "]}]}");
		ck_assert_int_eq(read_text(b.p), over ? -OG_E_LIMIT : 0);
	}
	ck_assert_int_eq(read_text("[]"), -OG_E_CONFIG);
	ck_assert_int_eq(read_text("null"), -OG_E_CONFIG);
	ck_assert_int_eq(read_text("{\"policyTypes\":{}}"), -OG_E_CONFIG);
	ck_assert_int_eq(read_text("{\"policyTypes\":[1]}"), -OG_E_CONFIG);
	ck_assert_int_eq(read_text("{\"ingress\":[null]}"), -OG_E_CONFIG);
	ck_assert_int_eq(read_text("{\"ingress\":[{\"from\":[{\"ipBlock\":{}}]}]}"), -OG_E_CONFIG);
	ck_assert_int_eq(read_text("{\"podSelector\":{\"x\":1}}"), -OG_E_CONFIG);
	og_buf_fini(&b);
}
END_TEST

START_TEST(memory_runs_out_anywhere)
{
	struct og_egress_policies p = specs("[" DENY "," DNS_OK "]");
	struct og_egress_target t = netpol_target(&world, "alloy", port_4318);
	struct og_egress_in in = netpol_input(&world, "web", &p, &t, 1);
	struct og_jval spec = netpol_parse(&arena,
		OG_SV("{\"podSelector\":{\"matchLabels\":{\"a\":\"b\"}},\"egress\":[{\"to\":[{"
		      "\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\"]}}],"
		      "\"ports\":[{\"port\":\"\\u0061b\"}]}]}"));

	for (unsigned long at = 1;; at++) {
		struct og_arena a;
		struct og_netpol np;
		struct og_egress_result r;
		struct og_buf b = OG_BUF_INIT(0);
		struct og_sv name;
		og_arena_init(&a, 256, 0);
		og_mem_fault_arm(at, true);
		int rc = og_netpol_read(spec, &a, &np, NULL);
		if (rc == 0)
			rc = og_egress_decide(&in, &a, &r, NULL);
		if (rc == 0)
			rc = og_egress_policy(&in, &r, false, OG_SV("x"), NULL, &b, NULL);
		if (rc == 0)
			rc = og_egress_name("p-", OG_SV("Kind"), OG_SV("n"), &a, &name, NULL);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		og_buf_fini(&b);
		og_arena_fini(&a);
		if (seen < at) {
			ck_assert_int_eq(rc, 0);
			ck_assert_uint_gt(at, 5);
			return;
		}
		ck_assert_int_eq(rc, -OG_E_OOM);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("egress");
	TCase *t = tcase_create("egress");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, truth_table);
	tcase_add_test(t, addresses);
	tcase_add_test(t, order_does_not_matter);
	tcase_add_test(t, policies_add_up);
	tcase_add_test(t, ours_opens_exactly_the_receiver_and_dns);
	tcase_add_test(t, ours_never_isolates_a_pod_that_was_open);
	tcase_add_loop_test(t, decisions_and_what_they_say, 0, OG_COUNT(decisions));
	tcase_add_test(t, a_policy_by_host_name);
	tcase_add_test(t, no_policy_ever_opens_everything);
	tcase_add_test(t, receivers_that_are_no_pods);
	tcase_add_test(t, the_receivers_side);
	tcase_add_test(t, names);
	tcase_add_test(t, limits);
	tcase_add_test(t, memory_runs_out_anywhere);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
