/* SPDX-License-Identifier: Apache-2.0 */
/* What is needed so that a workload reaches its receivers, and how that is said. */
#include "otelgate/base/mem.h"
#include "otelgate/core/egress.h"

const char *og_egress_need_name(enum og_egress_need n)
{
	static const char *const words[] = {"PolicyUnreadable", "NotIsolated", "AllowedByPolicy",
		"PolicyNeeded", "HostPolicyNeeded", "ExternalHost", "NoPodLabels",
		"TooManyAddresses", "NoReceiver", "Off"};
	return (unsigned)n < OG_COUNT(words) ? words[n] : "?";
}

/* Worse first: what one target says about all of them. */
static int rank(const struct og_egress_verdict *v)
{
	static const int ranks[] = {
		[OG_WAY_OPEN] = 0, [OG_WAY_ALLOWED] = 1, [OG_WAY_UNKNOWN] = 2, [OG_WAY_CLOSED] = 3};
	return ranks[v->way] * 2 + (v->way == OG_WAY_CLOSED && !v->partly);
}

static void worst(struct og_egress_verdict *all, const struct og_egress_verdict *one)
{
	if (rank(one) > rank(all))
		*all = *one;
}

/* A pod as the labels of the Service promise it: for a Service without known endpoints. */
static struct og_egress_end promised(const struct og_egress_target *t)
{
	return (struct og_egress_end){
		.pod = true, .ns = t->ns, .ns_labels = t->ns_labels, .labels = t->selector};
}

static void judge_pods(const struct og_egress_in *in, enum og_netpol_dir dir,
	const struct og_egress_target *t, struct og_egress_verdict *all)
{
	struct og_egress_verdict v;
	for (uint32_t i = 0; i < t->nends; i++) {
		og_egress_judge(&in->policies, dir, &in->pod, &t->ends[i].end, t->protocol,
			t->ends[i].port, &v);
		worst(all, &v);
	}
	struct og_egress_end end = promised(t);
	for (uint32_t i = 0; t->nends == 0 && t->selector.n && i < t->nports; i++) {
		og_egress_judge(&in->policies, dir, &in->pod, &end, t->protocol, t->ports[i], &v);
		worst(all, &v);
	}
}

static void judge_target(const struct og_egress_in *in, enum og_netpol_dir dir,
	const struct og_egress_target *t, struct og_egress_verdict *all)
{
	struct og_egress_verdict v;

	*all = (struct og_egress_verdict){.way = OG_WAY_OPEN};
	if (in->host_network && dir == OG_NETPOL_EGRESS)
		return;
	if (t->kind == OG_TARGET_PODS) {
		judge_pods(in, dir, t, all);
		return;
	}
	for (uint32_t p = 0; p < t->nports && dir == OG_NETPOL_EGRESS; p++) {
		struct og_egress_end end = {.anywhere = true};
		for (uint32_t i = 0; i < t->ncidrs; i++) {
			end = (struct og_egress_end){.has_addr = true, .addr = t->cidrs[i]};
			og_egress_judge(
				&in->policies, dir, &in->pod, &end, t->protocol, t->ports[p], &v);
			worst(all, &v);
		}
		if (t->ncidrs)
			continue;
		og_egress_judge(&in->policies, dir, &in->pod, &end, t->protocol, t->ports[p], &v);
		worst(all, &v);
	}
}

/* UDP decides: TCP is only for long answers. */
static void judge_dns(const struct og_egress_in *in, struct og_egress_result *r)
{
	struct og_egress_target udp;

	for (uint32_t i = 0; i < in->ntargets; i++)
		r->dns_needed = r->dns_needed || in->targets[i].by_name;
	r->dns = (struct og_egress_verdict){.way = OG_WAY_OPEN};
	if (!in->dns || !r->dns_needed)
		return;
	udp = *in->dns;
	udp.protocol = OG_L4_UDP;
	judge_target(in, OG_NETPOL_EGRESS, &udp, &r->dns);
}

static uint32_t naddresses(const struct og_egress_in *in)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < in->ntargets; i++) {
		const struct og_egress_target *t = &in->targets[i];
		n += t->ncidrs;
		for (uint32_t k = 0; t->kind == OG_TARGET_PODS && k < t->nends; k++)
			n += !t->ends[k].end.pod;
	}
	return n;
}

struct tally {
	const struct og_egress_target *closed, *host, *unknown, *aside;
	const struct og_egress_verdict *closed_v, *host_v, *unknown_v, *aside_v;
	uint32_t n; /* that count */
	bool by_name, isolated;
};

/* Where nothing else is to be reached, optional signals are all there is. */
static bool is_aside(const struct og_egress_in *in, uint32_t at)
{
	bool others = in->in_pod;

	for (uint32_t i = 0; i < in->ntargets; i++)
		others |= !in->targets[i].optional;
	return others && in->targets[at].optional;
}

static void count_target(
	struct tally *c, const struct og_egress_target *t, const struct og_egress_verdict *v)
{
	c->n++;
	c->by_name |= t->by_name;
	c->isolated = c->isolated || v->way == OG_WAY_ALLOWED || v->way == OG_WAY_CLOSED;
	if (v->way == OG_WAY_UNKNOWN) {
		c->unknown = t;
		c->unknown_v = v;
	} else if (v->way == OG_WAY_CLOSED && t->kind == OG_TARGET_HOST && !t->ncidrs) {
		c->host = t;
		c->host_v = v;
	} else if (v->way == OG_WAY_CLOSED && !c->closed) {
		c->closed = t;
		c->closed_v = v;
	}
}

static void say(struct og_egress_result *r, enum og_egress_need need, const char *finding,
	const char *message)
{
	r->need = need;
	r->finding = finding;
	r->message = og_svz(message);
}

static const char *almost(const struct og_egress_verdict *v, struct og_arena *a)
{
	const char *text = "";
	if (v->almost)
		text = og_arena_fmt(a,
			" NetworkPolicy %.*s allows these pods on other ports alone: a policy "
			"names the port of the pod, not the one of the Service.",
			OG_SV_ARG(v->almost->name));
	return text ? text : "";
}

static void say_host(
	struct og_egress_result *r, const struct tally *c, const char *ns, struct og_arena *a)
{
	const char *by = og_arena_fmt(a, "%.*s", OG_SV_ARG(c->host_v->by->name));
	say(r, OG_NEED_EXTERNAL, "OG515",
		og_arena_fmt(a,
			"%.*s is outside the cluster, and NetworkPolicy %s/%s %s. Standard policies "
			"know addresses alone. Name the addresses in spec.networkPolicyCidrs of the "
			"TelemetryProfile, send through a collector in the cluster, use an egress "
			"gateway, or a policy by host name where the network has them (Cilium, "
			"Calico).",
			OG_SV_ARG(c->host->name), ns, by ? by : "?",
			c->host_v->partly ? "allows only some addresses"
					  : "does not let these pods reach it"));
}

static void say_blocked(const struct og_egress_in *in, struct og_egress_result *r,
	const struct tally *c, const char *ns, struct og_arena *a)
{
	const struct og_egress_verdict *v = c->closed_v ? c->closed_v : &r->dns;
	if (c->closed)
		say(r, OG_NEED_POLICY, "OG512",
			og_arena_fmt(a,
				"NetworkPolicy %s/%.*s closes the way to %.*s, and none opens "
				"it.%s",
				ns, OG_SV_ARG(v->by->name), OG_SV_ARG(c->closed->name),
				almost(v, a)));
	else
		say(r, OG_NEED_POLICY, "OG513",
			og_arena_fmt(a,
				"NetworkPolicy %s/%.*s closes the way to DNS, and the receiver is "
				"known by name.",
				ns, OG_SV_ARG(v->by->name)));
	r->make = true;
	if (!in->selector.present || !in->selector.nreqs) {
		say(r, OG_NEED_NO_LABELS, r->finding,
			og_arena_fmt(a,
				"%.*s Its pods have no labels that a policy could select them by: "
				"label the pod template.",
				OG_SV_ARG(r->message)));
		r->make = false;
	} else if (naddresses(in) > OG_EGRESS_MAX_ADDRESSES) {
		say(r, OG_NEED_TOO_MANY, r->finding,
			og_arena_fmt(a,
				"%.*s The receiver has more than %d addresses that are no pods: "
				"write a policy for their range.",
				OG_SV_ARG(r->message), OG_EGRESS_MAX_ADDRESSES));
		r->make = false;
	}
}

/* Ours opens it, too, where it can be named; nothing else depends on it. */
static void say_aside(const struct og_egress_in *in, struct og_egress_result *r,
	const struct tally *c, struct og_arena *a)
{
	bool named = in->selector.present && in->selector.nreqs;
	bool host = c->aside->kind == OG_TARGET_HOST && !c->aside->ncidrs;

	r->aside = og_svz(og_arena_fmt(a,
		"NetworkPolicy %.*s/%.*s closes the way to %.*s, which only optional signals take.",
		OG_SV_ARG(in->pod.ns), OG_SV_ARG(c->aside_v->by->name), OG_SV_ARG(c->aside->name)));
	if (!r->guard)
		r->guard = c->aside_v->by;
	r->make_fqdn |= host && in->fqdn && named;
	r->make |= !host && named && naddresses(in) <= OG_EGRESS_MAX_ADDRESSES;
}

/* The answer is as good, and somebody should know. */
static void add_aside(struct og_egress_result *r, struct og_arena *a)
{
	if (!r->aside.n || (r->need != OG_NEED_OPEN && r->need != OG_NEED_ALLOWED))
		return;
	r->finding = "OG524";
	r->message =
		og_svz(og_arena_fmt(a, "%.*s %.*s", OG_SV_ARG(r->message), OG_SV_ARG(r->aside)));
}

static void count_all(
	const struct og_egress_in *in, const struct og_egress_result *r, struct tally *c)
{
	for (uint32_t i = 0; i < in->ntargets; i++) {
		if (!is_aside(in, i)) {
			count_target(c, &in->targets[i], &r->to[i]);
		} else if (r->to[i].way == OG_WAY_CLOSED && !c->aside) {
			c->aside = &in->targets[i];
			c->aside_v = &r->to[i];
		}
	}
}

static void say_egress(
	const struct og_egress_in *in, struct og_egress_result *r, struct og_arena *a)
{
	struct tally c = {.isolated = false};
	const char *ns = og_arena_fmt(a, "%.*s", OG_SV_ARG(in->pod.ns));

	ns = ns ? ns : "?";
	count_all(in, r, &c);
	bool dns_closed = r->dns.way == OG_WAY_CLOSED && c.by_name;
	r->guard = c.closed_v ? c.closed_v->by : c.host_v ? c.host_v->by : r->dns.by;
	if (!c.n && in->in_pod)
		say(r, OG_NEED_OPEN, NULL,
			"The receiver runs in the pods themselves: no policy stands between.");
	else if (!c.n)
		say(r, OG_NEED_NOTHING, NULL,
			"No receiver inside or outside the cluster is known.");
	else if (c.closed || (dns_closed && !c.host))
		say_blocked(in, r, &c, ns, a);
	else if (c.unknown && !c.host)
		say(r, OG_NEED_UNKNOWN, "OG514",
			og_arena_fmt(a,
				"NetworkPolicy %s/%.*s is not understood, so nobody knows whether "
				"it closes the way to %.*s.",
				ns, OG_SV_ARG(c.unknown_v->by->name), OG_SV_ARG(c.unknown->name)));
	else if (c.isolated)
		say(r, OG_NEED_ALLOWED, NULL, "Network policies allow the way to the receiver.");
	else
		say(r, OG_NEED_OPEN, NULL,
			in->host_network
				? "The pods use the network of their node, which policies leave alone."
				: "No network policy limits what these pods may reach.");
	if (c.host && in->fqdn && in->selector.present && in->selector.nreqs) {
		r->make_fqdn = true;
		if (r->need != OG_NEED_POLICY)
			say(r, OG_NEED_FQDN, "OG512",
				og_arena_fmt(a,
					"NetworkPolicy %s/%.*s closes the way to %.*s; a "
					"CiliumNetworkPolicy by host name opens it.",
					ns, OG_SV_ARG(c.host_v->by->name),
					OG_SV_ARG(c.host->name)));
	} else if (c.host) {
		say_host(r, &c, ns, a);
	}
	if (c.aside)
		say_aside(in, r, &c, a);
}

static void say_ingress(
	const struct og_egress_in *in, struct og_egress_result *r, struct og_arena *a)
{
	const struct og_egress_verdict *v = &r->ingress;
	const struct og_egress_target *t = &in->targets[r->ingress_target];

	for (uint32_t i = 0; i < in->ntargets && !r->aside.n; i++)
		if (is_aside(in, i) && r->from[i].way == OG_WAY_CLOSED)
			r->aside = og_svz(og_arena_fmt(a,
				"NetworkPolicy %.*s/%.*s at the receiver does not let these pods in to "
				"%.*s, which only optional signals take.",
				OG_SV_ARG(r->from[i].by->ns), OG_SV_ARG(r->from[i].by->name),
				OG_SV_ARG(in->targets[i].name)));
	if (v->way == OG_WAY_CLOSED) {
		r->ingress_finding = "OG517";
		r->ingress_message = og_svz(og_arena_fmt(a,
			"NetworkPolicy %.*s/%.*s at the receiver does not let these pods in to "
			"%.*s.%s",
			OG_SV_ARG(v->by->ns), OG_SV_ARG(v->by->name), OG_SV_ARG(t->name),
			almost(v, a)));
	} else if (v->way == OG_WAY_UNKNOWN) {
		r->ingress_finding = "OG514";
		r->ingress_message = og_svz(og_arena_fmt(a,
			"NetworkPolicy %.*s/%.*s at the receiver is not understood, so nobody knows "
			"whether it lets these pods in.",
			OG_SV_ARG(v->by->ns), OG_SV_ARG(v->by->name)));
	}
}

int og_egress_decide(const struct og_egress_in *in, struct og_arena *arena,
	struct og_egress_result *ret, struct og_err *err)
{
	struct og_egress_result r = {.need = OG_NEED_OPEN};
	bool failed = arena->failed;

	if (in->ntargets > OG_EGRESS_MAX_TARGETS)
		return og_err_set(err, OG_E_LIMIT, "more than %d receivers", OG_EGRESS_MAX_TARGETS);
	for (uint32_t i = 0; i < in->ntargets; i++) {
		judge_target(in, OG_NETPOL_EGRESS, &in->targets[i], &r.to[i]);
		judge_target(in, OG_NETPOL_INGRESS, &in->targets[i], &r.from[i]);
		if (is_aside(in, i))
			continue;
		if (rank(&r.from[i]) > rank(&r.ingress))
			r.ingress_target = i;
		worst(&r.ingress, &r.from[i]);
	}
	judge_dns(in, &r);
	say_egress(in, &r, arena);
	say_ingress(in, &r, arena);
	add_aside(&r, arena);
	if (!failed && arena->failed)
		return og_err_set(err, OG_E_OOM, "out of memory judging network policies");
	*ret = r;
	return 0;
}
