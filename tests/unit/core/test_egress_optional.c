/* SPDX-License-Identifier: Apache-2.0 */
/* Receivers of optional signals alone: their way is opened with the others, and stops none of them.
 */
#include <check.h>
#include <string.h>
#include "otelgate/base/mem.h"
#include "support/netpolworld.h"
#include "support/suite.h"

#define DENY	 "{\"podSelector\":{},\"policyTypes\":[\"Egress\"]}"
#define ALLOY_OK "{\"podSelector\":{},\"egress\":[{\"ports\":[{\"port\":4318}]}]}"
#define DNS_OK                                                                              \
	"{\"podSelector\":{},\"egress\":[{\"to\":[{\"namespaceSelector\":{}}],\"ports\":[{" \
	"\"protocol\":\"UDP\",\"port\":53}]}]}"

static struct og_arena arena;
static struct netpol_world world;
static const uint16_t port_4318[] = {4318}, port_443[] = {443};
static const struct og_cidr one_address = {{{203, 0, 113, 7}, false}, 32};

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
	netpol_world_load(&world, &arena);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

/* Of the pods' own namespace. */
static struct og_egress_policies specs(const char *json)
{
	struct og_jval list = netpol_parse(&arena, og_svz(json));
	struct og_netpol *v = og_arena_new_n(&arena, og_jcount(list) + 1, struct og_netpol);

	og_jfor (it, list)
		v[it.index] = netpol_of(&arena, OG_SV("shop"), OG_SV("p"), it.val);
	return (struct og_egress_policies){.v = v, .n = og_jcount(list)};
}

/* "alloy", a host outside, or an address. */
static struct og_egress_target target_of(const char *to)
{
	bool address = !strcmp(to, "address");

	if (!strcmp(to, "alloy"))
		return netpol_target(&world, "alloy", port_4318);
	return (struct og_egress_target){.kind = address ? OG_TARGET_ADDRESS : OG_TARGET_HOST,
		.name = address ? OG_SV("203.0.113.7") : OG_SV("otlp.example.com"),
		.by_name = !address,
		.ports = port_443,
		.nports = 1,
		.cidrs = address ? &one_address : NULL,
		.ncidrs = address};
}

/* Ours does, and without an owner it is nobody's. */
static bool opens(const struct og_egress_in *in, const char *text)
{
	struct og_egress_result r = netpol_decide(&world, in);
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);

	ck_assert_int_eq(og_egress_policy(in, &r, false, OG_SV("x"), NULL, &b, NULL), 0);
	ck_assert(!og_sv_has(og_buf_view(&b), OG_SV("managed-by")));
	ck_assert(!og_sv_has(og_buf_view(&b), OG_SV("Made by otelgate")));
	(void)netpol_parse(&arena, og_buf_view(&b));
	return og_sv_has(og_buf_view(&b), og_svz(text));
}

/* The receiver of optional signals alone is opened, too, and what is wrong with it stops no other.
 */
START_TEST(optional_receivers_stop_nobody)
{
	static const struct {
		const char *policies, *to;
		bool expected, in_pod; /* another receiver is there that is expected */
		enum og_egress_need need;
		const char *finding;
		bool make;
		const char *says;
	} rows[] = {
		{"[]", "alloy", true, false, OG_NEED_OPEN, NULL, false, "No network policy"},
		/* both are closed: the expected one says it, and one policy opens both */
		{"[" DENY "]", "alloy", true, false, OG_NEED_POLICY, "OG512", true,
			"closes the way to Service monitoring/alloy"},
		/* the optional one alone */
		{"[" ALLOY_OK "," DNS_OK "]", "address", true, false, OG_NEED_ALLOWED, "OG524",
			true, "203.0.113.7, which only optional signals take"},
		{"[" ALLOY_OK "," DNS_OK "]", "host", true, false, OG_NEED_ALLOWED, "OG524", false,
			"otlp.example.com, which only optional signals take"},
		{"[" DENY "]", "address", false, true, OG_NEED_OPEN, "OG524", true,
			"in the pods themselves: no policy stands between. NetworkPolicy"},
		/* where nothing else is sent anywhere, it is all there is */
		{"[" DENY "]", "address", false, false, OG_NEED_POLICY, "OG512", true,
			"203.0.113.7"},
		{"[" ALLOY_OK "," DNS_OK "]", "host", false, false, OG_NEED_EXTERNAL, "OG515",
			false, "spec.networkPolicyCidrs"},
	};

	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct og_egress_policies p = specs(rows[i].policies);
		struct og_egress_target t[] = {target_of(rows[i].to), target_of("alloy")};
		t[0].optional = true;
		struct og_egress_in in =
			netpol_input(&world, "web", &p, t, rows[i].expected ? 2 : 1);
		in.in_pod = rows[i].in_pod;
		struct og_egress_result r = netpol_decide(&world, &in);
		ck_assert_msg(r.need == rows[i].need, "%zu: %s", i, og_egress_need_name(r.need));
		ck_assert_msg(
			(r.finding && rows[i].finding && !strcmp(r.finding, rows[i].finding)) ||
				r.finding == rows[i].finding,
			"%zu: %s", i, r.finding ? r.finding : "none");
		ck_assert_msg(r.make == rows[i].make, "%zu", i);
		ck_assert_msg(og_sv_has(r.message, og_svz(rows[i].says)), "%zu: %.*s", i,
			OG_SV_ARG(r.message));
		ck_assert(r.make <= (r.guard != NULL));
		if (r.make && !strcmp(rows[i].to, "address"))
			ck_assert(opens(&in, "203.0.113.7/32"));
	}
}
END_TEST

/* Nor does the side of such a receiver. */
START_TEST(optional_receivers_that_let_nobody_in)
{
	struct og_egress_policies p = specs("[]");
	struct og_egress_target t[] = {
		netpol_target(&world, "alloy", port_4318), target_of("address")};
	struct og_egress_in in = netpol_input(&world, "web", &p, t, 2);
	struct og_netpol *closed = og_arena_new(&arena, struct og_netpol);

	*closed = (struct og_netpol){.ns = t[0].ns, .name = OG_SV("in"), .unreadable = false};
	ck_assert_int_eq(og_netpol_read(netpol_parse(&arena, OG_SV("{\"podSelector\":{},"
								   "\"policyTypes\":["
								   "\"Ingress\"]}")),
				 &arena, closed, NULL),
		0);
	closed->ns = t[0].ns;
	closed->name = OG_SV("in");
	in.policies = (struct og_egress_policies){closed, 1, false};
	struct og_egress_result r = netpol_decide(&world, &in);
	ck_assert_str_eq(r.ingress_finding, "OG517");
	ck_assert_ptr_null(r.finding);
	t[0].optional = true;
	r = netpol_decide(&world, &in);
	ck_assert_ptr_null(r.ingress_finding);
	ck_assert_int_eq(r.need, OG_NEED_OPEN);
	ck_assert_str_eq(r.finding, "OG524");
	ck_assert(og_sv_has(r.aside, OG_SV("monitoring/in at the receiver does not let")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/egress-optional");
	TCase *t = tcase_create("optional");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, optional_receivers_stop_nobody);
	tcase_add_test(t, optional_receivers_that_let_nobody_in);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
