/* SPDX-License-Identifier: Apache-2.0 */
/* A dry run of a pod: whether the API server really asks the webhook. Nothing is stored. */
#include "doctor_look-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/plan.h"
#include "otelgate/kobj/workload.h"

enum { BODY_BYTES = 4 << 20 };

/* Keeps every PodSecurity level and asks for next to nothing, so that only webhooks decide. */
#define SPEC                                                                                    \
	"{\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":65532,\"seccompProfile\":{"  \
	"\"type\":\"RuntimeDefault\"}},\"automountServiceAccountToken\":false,\"containers\":[" \
	"{\"name\":\"doctor\",\"image\":\"registry.k8s.io/pause:3.10\",\"resources\":{"         \
	"\"requests\":{\"cpu\":\"1m\",\"memory\":\"8Mi\"},\"limits\":{\"cpu\":\"10m\","         \
	"\"memory\":\"16Mi\"}},\"securityContext\":{\"allowPrivilegeEscalation\":false,"        \
	"\"capabilities\":{\"drop\":[\"ALL\"]}}}]}"
#define HEAD                                                                        \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"generateName\":\"" \
	"otelgate-doctor-\""

/* ---- the pod ---- */

static void put_raw(struct og_buf *b, const char *name, struct og_jval v)
{
	if (og_junset(v))
		return;
	og_buf_fmt(b, ",\"%s\":", name);
	og_buf_sv(b, og_jraw(v));
}

/* A claim takes the place of the volume of its name: apps/v1, volumeClaimTemplates. */
static bool claimed(struct doctor_look *l, struct og_jval claims, struct og_jval volume)
{
	struct og_sv name = doctor_str(l, og_jgetl(volume, "name"));

	og_jfor (it, claims)
		if (og_jstr_eq(og_jpath(it.val, "metadata", "name", NULL), name))
			return true;
	return false;
}

/* Claims of a StatefulSet become empty folders: nothing is to be asked of storage. */
static void put_spec(
	struct doctor_look *l, struct og_buf *b, struct og_jval spec, struct og_jval claims)
{
	const char *comma = "";

	if (!og_jcount(claims)) {
		og_buf_sv(b, og_jraw(spec));
		return;
	}
	og_buf_ch(b, '{');
	og_jfor (it, spec) {
		if (og_jstr_is(it.key, "volumes"))
			continue;
		og_buf_sv(b, og_jraw(it.key));
		og_buf_ch(b, ':');
		og_buf_sv(b, og_jraw(it.val));
		og_buf_ch(b, ',');
	}
	og_buf_lit(b, "\"volumes\":[");
	og_jfor (it, og_jgetl(spec, "volumes")) {
		if (claimed(l, claims, it.val))
			continue;
		og_buf_str(b, comma);
		og_buf_sv(b, og_jraw(it.val));
		comma = ",";
	}
	og_jfor (it, claims) {
		og_buf_fmt(b, "%s{\"name\":", comma);
		og_buf_sv(b, og_jraw(og_jpath(it.val, "metadata", "name", NULL)));
		og_buf_lit(b, ",\"emptyDir\":{}}");
		comma = ",";
	}
	og_buf_lit(b, "]}");
}

static void put_owner(struct doctor_look *l, struct og_jval object, struct og_buf *b)
{
	const struct og_coverage_row *row = &l->f->row->row;

	og_buf_lit(b, ",\"ownerReferences\":[{\"controller\":true,\"apiVersion\":");
	og_buf_sv(b, og_jraw(og_jgetl(object, "apiVersion")));
	og_buf_lit(b, ",\"kind\":");
	og_jw_str(b, row->kind);
	og_buf_lit(b, ",\"name\":");
	og_jw_str(b, row->name);
	og_buf_lit(b, ",\"uid\":");
	og_buf_sv(b, og_jraw(og_jpath(object, "metadata", "uid", NULL)));
	og_buf_lit(b, "}]");
}

/* A pod as the workload would make it. False when it may not be read, or makes none. */
static bool pod_of_workload(struct doctor_look *l, struct og_buf *b)
{
	const struct og_coverage_row *row = &l->f->row->row;
	const struct og_cluster_kind *kind = og_cluster_kind(row->group, row->kind);
	struct og_doctor_known *known = &l->f->part[OG_DP_CALL];
	struct og_jval object, tmpl;

	if (!kind || og_sv_is(row->kind, "Pod"))
		return false;
	doctor_read(l, kind->group, kind->version, kind->resource, row->ns, row->name, OG_SV(""),
		&object, known);
	tmpl = og_sv_is(row->kind, "CronJob")
		       ? og_jpath(object, "spec", "jobTemplate", "spec", "template", NULL)
		       : og_jpath(object, "spec", "template", NULL);
	if (!og_jis(og_jgetl(tmpl, "spec"), OG_J_OBJECT))
		return false;
	og_buf_lit(b, HEAD);
	put_raw(b, "labels", og_jpath(tmpl, "metadata", "labels", NULL));
	put_raw(b, "annotations", og_jpath(tmpl, "metadata", "annotations", NULL));
	put_owner(l, object, b);
	og_buf_lit(b, "},\"spec\":");
	put_spec(l, b, og_jgetl(tmpl, "spec"),
		og_jpath(object, "spec", "volumeClaimTemplates", NULL));
	og_buf_ch(b, '}');
	return true;
}

static void any_pod(struct doctor_look *l, struct og_buf *b)
{
	const struct og_config *c = l->config ? l->config->config : NULL;
	bool by_name = c && !c->default_profile && c->nprofiles;

	og_buf_lit(b, HEAD ",\"annotations\":{\"otelgate.dev/inject\":");
	og_jw_str(b, by_name ? c->profiles[0].name : OG_SV("true"));
	og_buf_lit(b, "}},\"spec\":" SPEC "}");
}

/* ---- whether it should be injected ---- */

static bool has_finding(const struct og_telemetry_row *row, const char *id)
{
	for (uint32_t i = 0; i < row->row.nfindings; i++)
		if (!strcmp(row->row.findings[i].def->id, id))
			return true;
	for (int i = 0; i < OG_LINK_COUNT_; i++)
		if (row->row.link[i].finding && !strcmp(row->row.link[i].finding, id))
			return true;
	return false;
}

static bool expected(const struct doctor_look *l, struct og_sv ns)
{
	/* With these the engine rightly injects nothing. */
	static const char *const nothing[] = {"OG204", "OG207", "OG302", "OG501"};
	const struct og_doctor_facts *f = l->f;
	static const char *const system[] = {"kube-system", "kube-public", "kube-node-lease"};

	for (size_t i = 0; i < OG_COUNT(system); i++)
		if (og_sv_eq(ns, og_svz(system[i])))
			return false;
	if (og_sv_eq(ns, f->hook.service.ns))
		return false;
	if (!f->row)
		return f->nstacks && f->nprofiles;
	for (size_t i = 0; i < OG_COUNT(nothing); i++)
		if (has_finding(f->row, nothing[i]))
			return false;
	return f->row->row.opted_in;
}

/* ---- the answer ---- */

static enum og_doctor_refusal refusal_of(struct og_sv said)
{
	static const struct {
		const char *text;
		enum og_doctor_refusal is;
	} rows[] = {
		{"violates PodSecurity", OG_DR_POD_SECURITY},
		{"exceeded quota", OG_DR_QUOTA},
		{"failed quota", OG_DR_QUOTA},
		{"per Container is", OG_DR_QUOTA}, /* LimitRange */
		{"per Pod is", OG_DR_QUOTA},
		{"does not support dry run", OG_DR_DRY_RUN},
		{".otelgate.dev\": failed to call", OG_DR_OUR_WEBHOOK},
		{".otelgate.dev\": the server", OG_DR_OUR_WEBHOOK},
		{"failed calling webhook", OG_DR_OTHER_WEBHOOK},
		{"denied the request", OG_DR_OTHER_WEBHOOK},
	};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		if (og_sv_has(said, og_svz(rows[i].text)))
			return rows[i].is;
	return OG_DR_OTHER;
}

static bool has_any(struct og_sv s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (og_sv_has(s, og_svz(words[i])))
			return true;
	return false;
}

static void read_refusal(struct og_doctor_call *c, struct og_sv said)
{
	static const char *const tls[] = {"x509", "tls:", "certificate"};
	static const char *const slow[] = {"deadline exceeded", "i/o timeout", "Timeout exceeded"};

	c->said = said;
	c->refusal = refusal_of(said);
	if (c->refusal != OG_DR_OUR_WEBHOOK)
		return;
	c->says_tls = has_any(said, tls, OG_COUNT(tls));
	c->says_timeout = has_any(said, slow, OG_COUNT(slow));
	/* Go's crypto/x509 says "has expired or is not yet valid: current time … is after …". */
	c->says_ended = c->says_tls && og_sv_has(said, OG_SV("certificate has expired")) &&
			og_sv_has(said, OG_SV(" is after "));
}

static void read_pod(struct doctor_look *l, struct og_jval pod)
{
	struct og_doctor_call *c = &l->f->call;
	struct og_jval meta = og_jgetl(pod, "metadata");
	struct og_jval annotations = og_jgetl(meta, "annotations");
	struct og_sv at = doctor_str(l, og_jgetl(meta, "creationTimestamp"));
	int64_t ns;

	c->created = true;
	c->revision = doctor_str(l, og_jget(og_jgetl(meta, "labels"), OG_SV(OG_LABEL_REVISION)));
	c->marked = c->revision.n && !og_junset(og_jgetl(annotations, OG_ANNOTATION_INJECTION));
	if (at.n && og_parse_rfc3339(at, &ns, NULL) == 0) {
		l->f->skew_known = true;
		l->f->skew_s = og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S - ns / OG_NS_PER_S;
	}
}

/* The same way as the call, past the certificate: through the API server to the Service. */
static void ask_through(struct doctor_look *l)
{
	struct og_doctor_call *c = &l->f->call;
	const struct og_doctor_service *s = &l->f->hook.service;
	og_auto_arena struct og_arena a = {0};
	struct og_kube_answer answer = {0};
	struct og_err err = OG_ERR_INIT;

	if (c->marked || !c->expected || !s->found || !s->ready)
		return;
	og_arena_init(&a, 0, 0);
	const struct og_kube_request r = {.verb = OG_KUBE_RAW,
		.raw_path = og_arena_fmt(&a,
			"/api/v1/namespaces/%.*s/services/https:%.*s:%u/proxy/", OG_SV_ARG(s->ns),
			OG_SV_ARG(s->name), s->port),
		.accept = "*/*",
		.deadline_ms = 5000,
		.max_tries = 1};
	if (!r.raw_path)
		return;
	(void)og_kube_wait(l->s.kube, &r, &a, &answer, &err);
	/* An answer that is no Status is the webhook's own; a 503 with one says why not. */
	bool status = answer.status.reason.n > 0;
	c->reached = answer.http && !status;
	c->proxied = c->reached || answer.http == 503 || answer.http == 504;
	c->proxy_said = og_arena_sv(l->arena, answer.status.message);
}

/* ---- all of it ---- */

static void fail(struct og_doctor_known *known, enum og_doctor_sight sight, const char *why)
{
	*known = (struct og_doctor_known){.sight = sight, .why = og_svz(why), .rule = OG_SV("")};
}

static void try_it(struct doctor_look *l, struct og_sv body)
{
	struct og_doctor_known *known = &l->f->part[OG_DP_CALL];
	struct og_doctor_call *c = &l->f->call;
	const struct og_kube_request r = {.verb = OG_KUBE_CREATE,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("pods"), .ns = c->ns},
		.query = OG_SV("dryRun=All"),
		.body = body};
	struct og_jval pod;

	doctor_fetch(l, &r, l->arena, &pod, known);
	if (known->sight == OG_DS_SEEN && !og_junset(pod)) {
		read_pod(l, pod);
	} else if (known->sight == OG_DS_SEEN) {
		fail(known, OG_DS_FAILED, "The namespace is not there.");
	} else if (!og_sv_has(known->why, OG_SV("cannot create resource"))) {
		read_refusal(c, known->why);
		known->sight = OG_DS_SEEN;
	}
	if (known->sight != OG_DS_SEEN || c->marked || doctor_seen(l->f, OG_DP_CONFIG))
		return;
	fail(known, OG_DS_FAILED,
		"Whether it should be injected is not known: the configuration was not seen.");
}

void doctor_look_call(struct doctor_look *l)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(BODY_BYTES);
	struct og_doctor_known *known = &l->f->part[OG_DP_CALL];
	struct og_doctor_call *c = &l->f->call;

	c->ns = l->f->row ? l->f->row->row.ns : l->f->ns.n ? l->f->ns : OG_SV("default");
	c->said = c->revision = c->proxy_said = OG_SV("");
	if (l->ask->no_dry_run) {
		fail(known, OG_DS_FAILED, "--no-dry-run was given.");
		return;
	}
	c->expected = expected(l, c->ns);
	if (l->f->row && pod_of_workload(l, &b)) {
		c->what = og_svz(og_arena_fmt(l->arena, "a pod of %.*s", OG_SV_ARG(l->f->target)));
	} else {
		c->what = OG_SV("a pod that asks");
		og_buf_reset(&b);
		any_pod(l, &b);
	}
	if (b.failed) {
		fail(known, OG_DS_FAILED, "The pod is too large for a dry run.");
		return;
	}
	try_it(l, og_buf_view(&b));
	ask_through(l);
}
