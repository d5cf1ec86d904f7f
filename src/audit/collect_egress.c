/* SPDX-License-Identifier: Apache-2.0 */
/* May pods reach their receiver, by the network policies among the files? */
#include "collect-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/emit.h"
#include "otelgate/codec/url.h"

enum { POLICY_BYTES = 1 << 20 };

struct way {
	struct collect *c;
	const struct kept *k;
	struct og_arena *a;
	struct og_egress_in in;
	struct og_egress_target targets[OG_EGRESS_MAX_TARGETS];
	const char *reason, *finding; /* it cannot be judged, or is wrong before that */
	struct og_sv message;
	bool fails;
	bool optional; /* the receiver that is looked at is of optional signals alone */
	struct og_sv aside;
};

static int oom(struct og_err *err)
{
	return og_err_set(err, OG_E_OOM, "reading network policies");
}

static struct og_jval parse(struct og_arena *a, struct og_sv json)
{
	struct og_jdoc *d = og_arena_new(a, struct og_jdoc);
	if (!d || !json.n || og_jdoc_parse(d, a, json, NULL, NULL) < 0)
		return OG_JABSENT;
	return og_jroot(d);
}

/* All policies, once: those that otelgate made itself are left out, as its controller does. */
static int read_policies(struct collect *c, struct og_err *err)
{
	uint32_t n = 0;

	if (c->policies)
		return 0;
	for (const struct kept *k = c->first; k; k = k->next)
		n += og_sv_is(k->kind, "NetworkPolicy");
	c->policies = og_arena_new_n(c->arena, (size_t)n + 1, struct og_netpol);
	if (!c->policies)
		return oom(err);
	for (const struct kept *k = c->first; k; k = k->next) {
		const struct og_sv *by = og_kvs_getl(&k->labels, OG_MANAGED_LABEL);
		bool ours = by && og_sv_is(*by, OG_MANAGED_VALUE) &&
			    (og_sv_starts(k->name, OG_SV(OG_EGRESS_PREFIX)) ||
				    og_sv_starts(k->name, OG_SV(OG_INGRESS_PREFIX)));
		if (!og_sv_is(k->kind, "NetworkPolicy") || ours)
			continue;
		struct og_netpol *p = &c->policies[c->npolicies++];
		struct og_jval spec = parse(c->arena, k->json);
		p->unreadable = og_junset(spec) || og_netpol_read(spec, c->arena, p, NULL) < 0;
		p->ns = k->ns;
		p->name = k->name;
	}
	return c->arena->failed ? oom(err) : 0;
}

/* With the one that each namespace has by itself, which no manifest says. */
static struct og_kvs ns_labels(struct way *w, struct og_sv ns)
{
	const struct kept *k = kept_find(w->c, OG_SV(""), OG_SV("Namespace"), OG_SV(""), ns);
	struct og_kvs said = k ? k->labels : (struct og_kvs){NULL, 0};
	struct og_kv *v = og_arena_new_n(w->a, (size_t)said.n + 1, struct og_kv);

	if (!v || og_kvs_getl(&said, "kubernetes.io/metadata.name"))
		return said;
	if (said.n)
		memcpy(v, said.v, said.n * sizeof(*v));
	v[said.n] = (struct og_kv){OG_SV("kubernetes.io/metadata.name"), ns};
	return (struct og_kvs){v, said.n + 1};
}

static void unclear(struct way *w, const char *reason, const char *finding, const char *message)
{
	if (w->optional && finding && !w->aside.n)
		w->aside = og_svz(message);
	if (w->optional || w->reason)
		return;
	w->reason = reason;
	w->finding = finding;
	w->message = og_svz(message);
	w->fails = finding != NULL;
}

static struct og_egress_target *add_target(
	struct way *w, enum og_egress_kind kind, struct og_sv name, uint16_t port)
{
	uint16_t *ports = og_arena_new(w->a, uint16_t);

	if (!ports || w->in.ntargets == OG_EGRESS_MAX_TARGETS)
		return NULL;
	*ports = port;
	for (uint32_t i = 0; i < w->in.ntargets; i++)
		if (og_sv_eq(w->targets[i].name, name) && w->targets[i].ports[0] == port)
			return &w->targets[i];
	struct og_egress_target *t = &w->targets[w->in.ntargets++];
	*t = (struct og_egress_target){.kind = kind,
		.name = name,
		.ports = ports,
		.nports = 1,
		.by_name = true,
		.optional = w->optional};
	return t;
}

static void outside(struct way *w, const struct og_plan *plan, struct og_sv host, uint16_t port)
{
	struct og_egress_target *t = add_target(w, OG_TARGET_HOST, host, port);
	uint32_t n = plan->profile->nnetwork_policy_cidrs;
	struct og_cidr *v = og_arena_new_n(w->a, (size_t)n + 1, struct og_cidr);

	if (!t || !v)
		return;
	t->ncidrs = 0;
	for (uint32_t i = 0; i < n; i++)
		t->ncidrs += og_cidr_parse(plan->profile->network_policy_cidrs[i], &v[t->ncidrs]);
	t->cidrs = v;
}

static void address(struct way *w, struct og_sv host, uint16_t port)
{
	struct og_egress_target *t = add_target(w, OG_TARGET_ADDRESS, host, port);
	struct og_cidr *c = og_arena_new(w->a, struct og_cidr);

	if (!t || !c || !og_ip_parse(host, &c->ip))
		return;
	c->bits = c->ip.v6 ? 128 : 32;
	t->cidrs = c;
	t->ncidrs = 1;
	t->by_name = false;
}

/* Pods behind the Service, as its selector promises them. */
static void behind(struct way *w, const struct og_egress_host *h, const struct og_plan *plan,
	struct og_sv host, uint16_t port)
{
	const struct kept *k = kept_find(w->c, OG_SV(""), OG_SV("Service"), h->ns, h->service);
	struct og_egress_service s;

	if (!k && !h->surely && !kept_find(w->c, OG_SV(""), OG_SV("Namespace"), OG_SV(""), h->ns)) {
		outside(w, plan, host, port);
		return;
	}
	const char *name = og_arena_fmt(
		w->c->arena, "Service %.*s/%.*s", OG_SV_ARG(h->ns), OG_SV_ARG(h->service));
	if (!k) {
		unclear(w, "ServiceUnknown", NULL,
			og_arena_fmt(w->c->arena, "%s is not among the objects.", name));
		return;
	}
	if (og_egress_service_read(parse(w->a, k->json), port, w->a, &s, NULL) < 0)
		return;
	if (s.external.n) {
		outside(w, plan, s.external, port);
		return;
	}
	if (!s.has_port) {
		unclear(w, "ServicePort", "OG509",
			og_arena_fmt(w->c->arena, "%s has no port %u.", name, port));
		return;
	}
	struct og_egress_target *t = add_target(w, OG_TARGET_PODS, og_svz(name), port);
	struct og_egress_endpoint *e = og_arena_new(w->a, struct og_egress_endpoint);
	if (!t || !e)
		return;
	t->ns = h->ns;
	t->ns_labels = ns_labels(w, h->ns);
	t->selector = s.selector;
	if (!s.target || !s.selector.n) {
		unclear(w, "EndpointsUnknown", NULL,
			og_arena_fmt(w->c->arena,
				"Which pods and ports are behind %s, only its endpoints tell.",
				name));
		return;
	}
	uint16_t *target = og_arena_new(w->a, uint16_t);
	if (!target)
		return;
	*target = s.target;
	t->ports = target;
	*e = (struct og_egress_endpoint){.end = {.pod = true,
						 .ns = t->ns,
						 .name = og_svz(name),
						 .ns_labels = t->ns_labels,
						 .labels = s.selector},
		.port = s.target};
	t->ends = e;
	t->nends = 1;
}

static void receiver(struct way *w, const struct og_plan *plan, struct og_sv endpoint)
{
	struct og_url u;
	struct og_egress_host h;

	if (!endpoint.n)
		return;
	if (og_url_parse(endpoint, &u, NULL) < 0 &&
		og_url_parse_hostport(endpoint, 4317, &u, NULL) < 0)
		unclear(w, "EndpointUnreadable", NULL, "The receiver's address cannot be read.");
	else if (og_url_is_loopback(&u))
		w->in.in_pod = true; /* a container beside it, or nobody */
	else if (u.host_kind != OG_URL_NAME)
		address(w, u.host, u.port);
	else if (og_egress_host_read(u.host, w->k->ns, &h))
		behind(w, &h, plan, u.host, u.port);
	else
		outside(w, plan, u.host, u.port);
}

static int pod_of(
	struct way *w, const struct og_plan *plan, struct og_jval object, struct og_err *err)
{
	struct og_jval selector = og_jpath(object, "spec", "selector", NULL);
	struct og_kvs labels;

	w->in.pod = (struct og_egress_end){.pod = true,
		.ns = w->k->ns,
		.name = w->k->name,
		.ns_labels = ns_labels(w, w->k->ns)};
	if (!og_kvs_read(og_jpath(plan->tmpl, "metadata", "labels", NULL), w->a, &labels))
		return oom(err);
	struct og_kv *v = og_arena_new_n(w->a, (size_t)labels.n + 1, struct og_kv);
	if (!v)
		return oom(err);
	if (labels.n)
		memcpy(v, labels.v, labels.n * sizeof(*v));
	v[labels.n] = (struct og_kv){OG_SV(OG_LABEL_REVISION), og_svz(plan->revision)};
	w->in.pod.labels = (struct og_kvs){v, labels.n + 1};
	w->in.host_network = og_jis(og_jgetl(plan->spec, "hostNetwork"), OG_J_TRUE);
	if (!og_jis(selector, OG_J_OBJECT) ||
		og_selector_read(selector, w->a, &w->in.selector, NULL) < 0)
		w->in.selector = (struct og_selector){.present = false};
	return 0;
}

/* What is expected before what is optional: a receiver of both is no optional one. */
static void receivers(struct way *w, const struct og_plan *plan)
{
	static const enum og_signal_mode order[] = {OG_MODE_EXPECTED, OG_MODE_OPTIONAL};
	const struct og_stack *to = plan->profile->stack;
	bool base = false, expected = false;

	for (int k = 0; k < 2 * OG_SIGNAL_COUNT_; k++) {
		int i = k % OG_SIGNAL_COUNT_;
		struct og_sv own = to->receiver.signal_endpoint[i];
		if (plan->signals[i] != order[k / OG_SIGNAL_COUNT_])
			continue;
		expected |= plan->signals[i] == OG_MODE_EXPECTED;
		w->optional = expected && plan->signals[i] == OG_MODE_OPTIONAL;
		if (own.n) {
			receiver(w, plan, own);
		} else if (!base && i != OG_SIGNAL_PROFILES) {
			base = true;
			receiver(w, plan, to->receiver.endpoint);
		}
	}
	w->optional = false;
}

/*
 * The policy that opens it, as somebody would write it: without the label of those that the
 * controller makes and takes away. DNS is where clusters have it as a rule.
 */
static struct og_sv policy(struct way *w, const struct og_egress_result *r)
{
	static const struct og_kv label = {{"k8s-app", 7}, {"kube-dns", 8}};
	static const uint16_t port = 53;
	const struct og_egress_target dns = {.kind = OG_TARGET_PODS,
		.name = OG_SV("DNS"),
		.ns = OG_SV("kube-system"),
		.selector = {&label, 1},
		.ports = &port,
		.nports = 1};
	og_auto_buf struct og_buf json = OG_BUF_INIT(POLICY_BYTES), b = OG_BUF_INIT(POLICY_BYTES);
	struct og_egress_in in = w->in;
	struct og_jval v;
	struct og_sv name;

	in.dns = &dns;
	if (!r->make ||
		og_egress_name("allow-telemetry-", w->k->kind, w->k->name, w->a, &name, NULL) < 0 ||
		og_egress_policy(&in, r, false, name, NULL, &json, NULL) < 0)
		return OG_SV("");
	v = parse(w->a, og_arena_sv(w->a, og_buf_view(&json)));
	og_buf_lit(&b, "kubectl apply -f - <<'END'\n");
	og_emit_yaml(&b, v, w->a);
	og_buf_lit(&b, "END");
	struct og_sv text = og_arena_sv(w->c->arena, og_buf_view(&b));
	return b.failed || og_junset(v) || !text.p ? OG_SV("") : text;
}

/* Isolation of the pods themselves, and of the receiver's where that is a Service. */
static void say(struct way *w, const struct og_egress_result *r, struct og_coverage_row *row)
{
	struct og_cell *cell = &row->link[OG_LINK_EGRESS];
	struct og_arena *a = w->c->arena;
	bool open = r->need == OG_NEED_OPEN || r->need == OG_NEED_ALLOWED;
	bool unknown = r->need == OG_NEED_UNKNOWN || r->need == OG_NEED_NOTHING ||
		       r->need == OG_NEED_OFF;
	bool in = open && r->ingress_finding;

	cell->result = in || (!open && !unknown) ? OG_RESULT_FAIL
		       : unknown		 ? OG_RESULT_UNKNOWN
						 : OG_RESULT_PASS;
	cell->reason = in ? "IngressDenied" : og_egress_need_name(r->need);
	cell->message = og_arena_sv(a, in ? r->ingress_message : r->message);
	cell->finding = in ? r->ingress_finding : r->finding;
	if (cell->result == OG_RESULT_FAIL && !cell->finding)
		cell->finding = "OG512";
	if (cell->result == OG_RESULT_FAIL)
		cell->fix = policy(w, r);
	if (cell->finding && cell->result != OG_RESULT_UNKNOWN)
		(void)og_coverage_add(
			row, a, cell->finding, OG_SV(""), cell->message, OG_SV(""), NULL);
	else if (w->aside.n && cell->result == OG_RESULT_PASS)
		(void)og_coverage_add(row, a, "OG524", OG_SV(""), w->aside, OG_SV(""), NULL);
}

int collect_egress(struct collect *c, const struct kept *k, const struct og_plan *plan,
	struct og_jval object, struct og_arena *scratch, struct og_coverage_row *row,
	struct og_err *err)
{
	struct way *w = og_arena_new(scratch, struct way);
	struct og_cell *cell = &row->link[OG_LINK_EGRESS];
	const struct og_stack *stack = plan->profile ? plan->profile->stack : NULL;
	struct og_egress_result r;

	cell->result = OG_RESULT_UNKNOWN;
	cell->reason = "NotChecked";
	cell->message = OG_SV("No NetworkPolicy is among the objects.");
	if (!c->saw_policies || !stack)
		return 0;
	if (!w)
		return oom(err);
	*w = (struct way){.c = c, .k = k, .a = scratch};
	int rc = read_policies(c, err);
	if (rc == 0)
		rc = pod_of(w, plan, object, err);
	if (rc < 0)
		return rc;
	receivers(w, plan);
	if (!w->reason && !w->in.ntargets && !w->in.in_pod)
		unclear(w, "NoReceiver", NULL, "The stack's receiver is not known from files.");
	if (w->reason) {
		cell->result = w->fails ? OG_RESULT_FAIL : OG_RESULT_UNKNOWN;
		cell->reason = w->reason;
		cell->message = w->message;
		cell->finding = w->finding;
		(void)og_coverage_add(
			row, c->arena, w->finding, OG_SV(""), w->message, OG_SV(""), NULL);
		return 0;
	}
	w->in.policies = (struct og_egress_policies){c->policies, c->npolicies, false};
	w->in.targets = w->targets;
	rc = og_egress_decide(&w->in, scratch, &r, err);
	if (rc == 0)
		say(w, &r, row);
	return rc;
}
