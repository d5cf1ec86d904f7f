/* SPDX-License-Identifier: Apache-2.0 */
/* The webhook's registration, and what runs of otelgate. */
#include "doctor_look-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/base64.h"
#include "otelgate/core/missed.h"
#include "otelgate/net/certs.h"

enum { CA_BYTES = 1 << 20, DEFAULT_TIMEOUT_S = 10, DEFAULT_PORT = 443, DEFAULT_LEASE_S = 15 };
#define OWN_NAMESPACE "otelgate"

/* ---- caBundle ---- */

static void look_ca(struct og_doctor_hook *h, struct og_sv base64)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	og_auto_buf struct og_buf pem = OG_BUF_INIT(CA_BYTES);
	struct og_ca_info info;

	h->ca_given = base64.n > 0;
	if (!h->ca_given || og_base64_decode(&pem, base64, NULL) < 0)
		return;
	og_buf_ch(&pem, '\0');
	if (pem.failed)
		return;
	for (const char *at = strstr(pem.p, begin); at; at = strstr(at + 1, begin)) {
		if (og_certs_inspect_ca(og_svz(at), &info, NULL, NULL) < 0)
			continue;
		h->ca_count++;
		if (!h->ca_good || info.not_after > h->ca_not_after) {
			h->ca_not_before = info.not_before;
			h->ca_not_after = info.not_after;
		}
		h->ca_good = true;
	}
}

/* ---- registration ---- */

static struct og_jval first_of_ours(struct og_jval object)
{
	struct og_jval all = og_jgetl(object, "webhooks");

	og_jfor (it, all) {
		struct og_jval name = og_jgetl(it.val, "name");
		if (og_jis(name, OG_J_STRING) &&
			og_sv_ends(og_jraw(name), OG_SV(".otelgate.dev\"")))
			return it.val;
	}
	return og_jat(all, 0);
}

static bool covers(const struct og_registration *r, const struct og_kvs *labels)
{
	for (uint32_t i = 0; i < r->nwebhooks; i++)
		if (!r->webhooks[i].namespaces.present ||
			og_selector_match(&r->webhooks[i].namespaces, labels))
			return true;
	return false;
}

static bool covers_name(const struct og_registration *r, struct og_sv ns)
{
	const struct og_kv label = {OG_SV("kubernetes.io/metadata.name"), ns};
	const struct og_kvs labels = {&label, 1};

	return covers(r, &labels);
}

/* The namespace that a pod is tried in, by its own labels where they may be read. */
static bool covers_target(struct doctor_look *l, const struct og_registration *r, struct og_sv ns)
{
	struct og_doctor_known known;
	struct og_kvs labels;
	struct og_jval v;

	doctor_read(l, "", "v1", "namespaces", OG_SV(""), ns, OG_SV(""), &v, &known);
	if (og_junset(v) ||
		!og_kvs_read(og_jpath(v, "metadata", "labels", NULL), l->arena, &labels))
		return covers_name(r, ns);
	return covers(r, &labels);
}

static void look_selectors(struct doctor_look *l, struct og_jval object)
{
	struct og_doctor_hook *h = &l->f->hook;
	struct og_sv ns = l->f->ns.n ? l->f->ns : OG_SV("default");
	struct og_registration r;

	if (og_registration_read(object, l->arena, &r, NULL) < 0)
		return;
	h->webhooks = r.nwebhooks;
	h->covers_system = covers_name(&r, OG_SV("kube-system"));
	h->covers_own = h->service.ns.n && covers_name(&r, h->service.ns);
	h->skips = r.nwebhooks && !covers_target(l, &r, ns);
}

static void read_hook(struct doctor_look *l, struct og_jval object)
{
	struct og_doctor_hook *h = &l->f->hook;
	struct og_jval one = first_of_ours(object), cc = og_jgetl(one, "clientConfig");
	struct og_jval service = og_jgetl(cc, "service");
	int64_t port;

	h->present = true;
	h->fails_closed = !og_jstr_is(og_jgetl(one, "failurePolicy"), "Ignore");
	h->reinvokes = og_jstr_is(og_jgetl(one, "reinvocationPolicy"), "IfNeeded");
	if (!og_ji64(og_jgetl(one, "timeoutSeconds"), &h->timeout_s))
		h->timeout_s = DEFAULT_TIMEOUT_S;
	h->by_url = og_junset(service);
	h->service.ns = doctor_str(l, og_jgetl(service, "namespace"));
	h->service.name = doctor_str(l, og_jgetl(service, "name"));
	h->path = doctor_str(l, og_jgetl(service, "path"));
	h->service.port = og_ji64(og_jgetl(service, "port"), &port) && port > 0 && port <= 65535
				  ? (uint16_t)port
				  : DEFAULT_PORT;
	look_ca(h, doctor_str(l, og_jgetl(cc, "caBundle")));
	look_selectors(l, object);
}

static void look_registration(struct doctor_look *l)
{
	struct og_doctor_hook *h = &l->f->hook;
	struct og_jval v;

	h->name = og_svz(l->ask->registration ? l->ask->registration : "otelgate");
	doctor_read(l, "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations",
		OG_SV(""), h->name, OG_SV(""), &v, &l->f->part[OG_DP_REGISTRATION]);
	if (!og_junset(v))
		read_hook(l, v);
}

static void look_behind(struct doctor_look *l)
{
	struct og_doctor_hook *h = &l->f->hook;
	struct og_doctor_known *known = &l->f->part[OG_DP_SERVICE];

	if (!h->present || h->by_url) {
		known->sight = h->present ? OG_DS_SEEN : OG_DS_UNSEEN;
		return;
	}
	doctor_look_service(l, &h->service);
	*known = h->service.known;
}

/* ---- what runs ---- */

/* Of "registry/otelgate:v1.2.3@sha256:…" the tag, when it is a version. */
static struct og_sv version_of(struct og_sv image)
{
	struct og_sv rest = og_sv(image.p, og_sv_chr(image, '@')), part, tag = OG_SV("");

	while (og_sv_split(&rest, '/', &part))
		tag = part;
	size_t colon = og_sv_chr(tag, ':');
	if (colon >= tag.n)
		return OG_SV("");
	tag = og_sv(tag.p + colon + 1, tag.n - colon - 1);
	if (tag.n > 1 && tag.p[0] == 'v')
		tag = og_sv(tag.p + 1, tag.n - 1);
	return tag.n && tag.p[0] >= '0' && tag.p[0] <= '9' ? tag : OG_SV("");
}

static void add_component(struct doctor_look *l, struct og_jval d, struct og_doctor_component *to)
{
	struct og_jval part = og_jpath(d, "metadata", "labels", NULL);
	struct og_jval containers = og_jpath(d, "spec", "template", "spec", "containers", NULL);

	part = og_jgetl(part, "app.kubernetes.io/component");
	to->name = og_svz(og_arena_fmt(l->arena, "deployment/%.*s",
		OG_SV_ARG(doctor_str(l, og_jpath(d, "metadata", "name", NULL)))));
	to->image = doctor_str(l, og_jgetl(og_jat(containers, 0), "image"));
	to->version = version_of(to->image);
	to->webhook = og_jstr_is(part, "webhook");
	to->controller = og_jstr_is(part, "controller");
	(void)og_ji64(og_jpath(d, "spec", "replicas", NULL), &to->replicas);
	(void)og_ji64(og_jpath(d, "status", "readyReplicas", NULL), &to->ready);
}

static void look_components(struct doctor_look *l, struct og_sv ns)
{
	struct og_doctor_component *v;
	struct og_jval list, items;

	doctor_read(l, "apps", "v1", "deployments", ns, OG_SV(""),
		OG_SV("app.kubernetes.io/name=otelgate"), &list, &l->f->part[OG_DP_COMPONENTS]);
	items = og_jgetl(list, "items");
	v = og_arena_new_n(l->arena, (size_t)og_jcount(items) + 1, struct og_doctor_component);
	if (!v)
		return;
	og_jfor (it, items)
		add_component(l, it.val, &v[l->f->ncomponents++]);
	l->f->components = v;
}

static void read_lease(struct doctor_look *l, struct og_jval spec)
{
	struct og_doctor_lease *to = &l->f->lease;
	struct og_sv at = doctor_str(l, og_jgetl(spec, "renewTime"));
	int64_t ns;

	to->found = true;
	to->holder = doctor_str(l, og_jgetl(spec, "holderIdentity"));
	if (!og_ji64(og_jgetl(spec, "leaseDurationSeconds"), &to->duration_s) ||
		to->duration_s <= 0)
		to->duration_s = DEFAULT_LEASE_S;
	to->age_s = at.n && og_parse_rfc3339(at, &ns, NULL) == 0 ? l->ask->now_s - ns / OG_NS_PER_S
								 : l->ask->now_s;
	if (to->age_s < 0)
		to->age_s = 0;
}

static void look_lease(struct doctor_look *l, struct og_sv ns)
{
	struct og_doctor_known *known = &l->f->part[OG_DP_LEASE];
	bool deployed = false;
	struct og_jval v;

	for (uint32_t i = 0; i < l->f->ncomponents; i++)
		deployed |= l->f->components[i].controller;
	doctor_read(l, "coordination.k8s.io", "v1", "leases", ns, OG_SV("otelgate-controller"),
		OG_SV(""), &v, known);
	if (!og_junset(v)) {
		read_lease(l, og_jgetl(v, "spec"));
		return;
	}
	if (known->sight != OG_DS_SEEN || deployed ||
		l->f->part[OG_DP_COMPONENTS].sight != OG_DS_SEEN)
		return;
	known->sight = OG_DS_NA;
	known->why = OG_SV("No controller is installed: nothing is verified, and no credentials "
			   "are distributed.");
}

void doctor_look_webhook(struct doctor_look *l)
{
	look_registration(l);
	look_behind(l);
	struct og_sv ns = l->f->hook.service.ns.n ? l->f->hook.service.ns : OG_SV(OWN_NAMESPACE);
	look_components(l, ns);
	look_lease(l, ns);
}
