/* SPDX-License-Identifier: Apache-2.0 */
/* One admission: AdmissionReview in, answer out. */
#include "otelgate/core/review.h"

#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"

enum {
	MAX_WARNINGS = 2,    /* W-25 */
	WARNING_BYTES = 120, /* what kubectl shows on one line */
	DEFAULT_ARENA = 96 << 20,
};

struct review {
	const struct og_review_input *in;
	struct og_arena *a;
	struct og_buf *out;
	struct og_review_result *r;
	struct og_sv api_version, kind; /* of the envelope, echoed (W-2) */
	struct og_jval request, object;
	struct og_plan *plan;
};

static bool expired(const struct review *v)
{
	return v->in->expired && v->in->expired(v->in->expired_ctx);
}

/* --- the envelope --------------------------------------------------------------------------- */

static void bad_envelope(struct review *v, enum og_reason reason, int http, const char *text)
{
	v->r->valid_envelope = false;
	v->r->http_status = http;
	v->r->reason = reason;
	v->r->error = og_arena_sv(v->a, og_svz(text));
	if (!v->r->error.p)
		v->r->error = OG_SV("out of memory");
	og_buf_str(v->out, text);
	og_buf_ch(v->out, '\n');
}

static bool read_envelope(struct review *v)
{
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc *d = og_arena_new(v->a, struct og_jdoc);
	int rc = d ? og_jdoc_parse(d, v->a, v->in->body, &v->in->limits.json, &err) : -OG_E_OOM;
	if (rc == -OG_E_OOM) {
		/* without a uid there is no answer to give: failurePolicy decides (W-5) */
		bad_envelope(v, OG_REASON_INTERNAL, 500, "out of memory reading the review");
		return false;
	}
	if (rc) {
		bad_envelope(v, rc == -OG_E_LIMIT ? OG_REASON_TOO_LARGE : OG_REASON_BAD_REQUEST,
			rc == -OG_E_LIMIT ? 413 : 400, err.msg);
		return false;
	}
	struct og_jval root = og_jroot(d);
	v->api_version = og_jstr_or_empty(og_jgetl(root, "apiVersion"), v->a);
	v->kind = og_jstr_or_empty(og_jgetl(root, "kind"), v->a);
	v->request = og_jgetl(root, "request");
	v->r->uid = og_jstr_or_empty(og_jgetl(v->request, "uid"), v->a);
	const char *why = NULL;
	if (v->a->failed) {
		bad_envelope(v, OG_REASON_INTERNAL, 500, "out of memory reading the review");
		return false;
	}
	if (!og_sv_is(v->kind, "AdmissionReview"))
		why = "kind: expected AdmissionReview";
	else if (!og_sv_is(v->api_version, "admission.k8s.io/v1"))
		why = "apiVersion: expected admission.k8s.io/v1";
	else if (!og_jis(v->request, OG_J_OBJECT))
		why = "request: expected an object";
	else if (!v->r->uid.n)
		why = "request.uid: expected a string that is not empty";
	if (why)
		bad_envelope(v, OG_REASON_BAD_REQUEST, 400, why);
	return why == NULL;
}

/* --- deciding ------------------------------------------------------------------------------- */

static void fault(struct review *v, enum og_reason reason, const char *text)
{
	v->r->reason = reason;
	v->r->error = og_arena_sv(v->a, og_svz(text));
	if (!v->r->error.p)
		v->r->error = OG_SV("out of memory");
}

/* Pods being created, and nothing else (W-10). */
static bool concerns_us(struct review *v)
{
	struct og_jval res = og_jgetl(v->request, "resource");
	struct og_jval sub = og_jgetl(v->request, "subResource");
	bool pods = og_jstr_is(og_jgetl(res, "group"), "") &&
		    og_jstr_is(og_jgetl(res, "version"), "v1") &&
		    og_jstr_is(og_jgetl(res, "resource"), "pods");
	if (pods && (og_junset(sub) || og_jstr_is(sub, "")) &&
		og_jstr_is(og_jgetl(v->request, "operation"), "CREATE"))
		return true;
	v->r->reason = OG_REASON_NOT_A_POD;
	return false;
}

static bool is_pod(struct review *v)
{
	v->object = og_jgetl(v->request, "object");
	const struct og_workload_kind *k = og_workload_kind_of(v->object);
	if (og_jis(v->object, OG_J_OBJECT) && k && k->template_path[0] == '\0')
		return true;
	fault(v, OG_REASON_BAD_OBJECT, "request.object is not a v1 Pod");
	return false;
}

static void note_result(struct review *v, const struct og_meta *pod, const struct og_facts *f)
{
	struct og_review_result *r = v->r;
	r->name = pod->name.n ? pod->name : pod->generate_name;
	if (f->nowners) {
		r->owner_kind = f->owners[f->nowners - 1].kind;
		r->owner_name = f->owners[f->nowners - 1].name;
	}
}

/* Memory that ran out because of what was asked is no fault of ours. */
static enum og_reason reason_of(const struct review *v, int rc)
{
	switch (-rc) {
	case OG_E_OOM:
		return v->a->full ? OG_REASON_TOO_LARGE : OG_REASON_INTERNAL;
	case OG_E_BUG:
		return OG_REASON_SELF_CHECK;
	case OG_E_LIMIT:
		return OG_REASON_TOO_LARGE;
	case OG_E_INVALID:
		return OG_REASON_BAD_OBJECT;
	default:
		return OG_REASON_INTERNAL;
	}
}

static void decide(struct review *v)
{
	struct og_err err = OG_ERR_INIT;
	struct og_meta pod;
	struct og_plan_input in = {.config = v->in->config, .object = v->object};
	int rc = og_meta_read(v->object, v->a, &pod, &err);
	if (rc) {
		fault(v, reason_of(v, rc), err.msg);
		return;
	}
	v->r->ns = og_jstr_or_empty(og_jgetl(v->request, "namespace"), v->a);
	if (!v->r->ns.n)
		v->r->ns = pod.ns;
	og_facts_collect(v->in->facts, v->r->ns, &pod, v->a, &in.facts);
	note_result(v, &pod, &in.facts);
	if (expired(v)) {
		fault(v, OG_REASON_DEADLINE, "the deadline passed before the pod was planned");
		return;
	}
	rc = og_plan_make(&in, v->a, &v->plan, &err);
	if (!rc)
		rc = og_plan_patch(v->plan, v->a, &err);
	v->r->plan = v->plan;
	if (v->plan) {
		v->r->profile = v->plan->profile ? v->plan->profile->name : og_sv("", 0);
		v->r->nfindings = v->plan->findings.n;
		v->r->reason = v->plan->reason;
	}
	if (rc) {
		fault(v, reason_of(v, rc), err.msg);
		return;
	}
	if (expired(v)) {
		fault(v, OG_REASON_DEADLINE, "the deadline passed while the pod was planned");
		return;
	}
	memcpy(v->r->revision, v->plan->revision, sizeof(v->r->revision));
	v->r->patched = v->plan->patch.n > 0;
}

static bool is_fault(enum og_reason r)
{
	return r == OG_REASON_DEADLINE || r == OG_REASON_SELF_CHECK || r == OG_REASON_INTERNAL ||
	       r == OG_REASON_TOO_LARGE || r == OG_REASON_BAD_OBJECT;
}

/* The owner said that the pod must not run without injection, and it would. */
static bool owner_rejects(const struct review *v)
{
	if (!v->plan || !v->plan->required)
		return false;
	switch (v->r->reason) {
	case OG_REASON_INJECTED:
	case OG_REASON_UP_TO_DATE:
	case OG_REASON_NOT_OPTED_IN:
	case OG_REASON_OPTED_OUT:
	case OG_REASON_NOT_A_POD:
	case OG_REASON_MIRROR_POD:
	case OG_REASON_EXCLUDED_NAMESPACE:
	case OG_REASON_WINDOWS:
	case OG_REASON_BAD_REQUEST:
	case OG_REASON_COUNT_:
		return false;
	case OG_REASON_PROFILE_MISSING:
	case OG_REASON_NO_CONFIG:
	case OG_REASON_NO_ENDPOINT:
	case OG_REASON_NO_TARGET:
	case OG_REASON_BAD_OBJECT:
	case OG_REASON_TOO_LARGE:
	case OG_REASON_DEADLINE:
	case OG_REASON_SELF_CHECK:
	case OG_REASON_INTERNAL:
		return true;
	}
	return false;
}

/* --- answering ------------------------------------------------------------------------------ */

/* Cut at a character's start, so that the text stays UTF-8. */
static struct og_sv clip(struct og_sv s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return og_sv(s.p, max);
}

/* A warning that is too long ends after a whole word. */
static void warning(struct review *v, struct og_buf *b, struct og_sv text)
{
	static const char more[] = "…";
	if (v->r->nwarnings == MAX_WARNINGS)
		return;
	og_buf_str(b, v->r->nwarnings++ ? "," : ",\"warnings\":[");
	if (text.n <= WARNING_BYTES) {
		og_jw_str(b, text);
		return;
	}
	struct og_sv cut = clip(text, WARNING_BYTES - (sizeof(more) - 1));
	size_t n = cut.n;
	while (n > cut.n / 2 && cut.p[n - 1] != ' ')
		n--;
	if (n > cut.n / 2)
		cut.n = n;
	while (cut.n && strchr(" ,;:", cut.p[cut.n - 1]))
		cut.n--;
	og_buf_ch(b, '"');
	og_jw_part(b, cut);
	og_buf_lit(b, "…\"");
}

static void write_warnings(struct review *v)
{
	struct og_buf b = OG_BUF_INIT(8192);
	if (is_fault(v->r->reason)) {
		og_buf_fmt(&b, "otelgate: admitted unchanged (%s): %.*s",
			og_reason_name(v->r->reason), OG_SV_ARG(v->r->error));
		struct og_sv text = og_arena_sv(v->a, og_buf_view(&b));
		warning(v, v->out, text.p ? text : OG_SV("otelgate: admitted unchanged"));
	}
	for (uint32_t i = 0; v->plan && i < v->plan->findings.n; i++) {
		const struct og_finding *f = &v->plan->findings.v[i];
		if (f->def->severity != OG_SEV_WARNING && f->def->severity != OG_SEV_ERROR)
			continue;
		og_buf_reset(&b);
		/* a place can hold a key of any length */
		struct og_sv place = clip(f->place, WARNING_BYTES);
		struct og_sv detail = clip(f->detail, WARNING_BYTES);
		og_buf_fmt(&b, "otelgate %s: %.*s%s%.*s", f->def->id, OG_SV_ARG(place),
			place.n ? ": " : "", OG_SV_ARG(detail));
		if (b.len > WARNING_BYTES && place.n) {
			/* something will be cut: rather the place than what to do */
			og_buf_reset(&b);
			og_buf_fmt(&b, "otelgate %s: %.*s (%.*s)", f->def->id, OG_SV_ARG(detail),
				OG_SV_ARG(place));
		}
		warning(v, v->out, og_buf_view(&b));
	}
	if (v->r->nwarnings)
		og_buf_ch(v->out, ']');
	v->out->failed |= b.failed;
	og_buf_fini(&b);
}

/* Keys get the webhook's name in front from the API server; values are deterministic (W-26). */
static void write_audit(struct review *v)
{
	struct og_buf *b = v->out;
	og_buf_lit(b, ",\"auditAnnotations\":{\"decision\":");
	og_jw_str(b, og_svz(og_reason_name(v->r->reason)));
	if (v->r->profile.n) {
		og_buf_lit(b, ",\"profile\":");
		og_jw_str(b, v->r->profile);
	}
	if (v->r->revision[0] && !is_fault(v->r->reason))
		og_buf_fmt(b, ",\"revision\":\"%s\"", v->r->revision);
	og_buf_ch(b, '}');
}

static void write_status(struct review *v)
{
	struct og_buf m = OG_BUF_INIT(4096);
	og_buf_fmt(&m, "otelgate: %s (%s), and the owner asked that the pod be injected or not run",
		og_reason_text(v->r->reason), og_reason_name(v->r->reason));
	if (v->r->error.n)
		og_buf_fmt(&m, ": %.*s", OG_SV_ARG(clip(v->r->error, 512)));
	og_buf_lit(&m, ". Remove otelgate.dev/required to run it without.");
	og_buf_lit(v->out, ",\"status\":{\"code\":422,\"reason\":\"Invalid\",\"message\":");
	og_jw_str(v->out, og_buf_view(&m));
	og_buf_ch(v->out, '}');
	v->out->failed |= m.failed;
	og_buf_fini(&m);
}

static void write_answer(struct review *v)
{
	struct og_buf *b = v->out;
	if (v->r->patched)
		(void)og_buf_reserve(b, og_base64_len(v->plan->patch.n) + 1024);
	og_buf_lit(b, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
		      "\"response\":{\"uid\":");
	og_jw_str(b, v->r->uid);
	og_buf_str(b, v->r->allowed ? ",\"allowed\":true" : ",\"allowed\":false");
	if (!v->r->allowed)
		write_status(v);
	if (v->r->allowed && v->r->patched) {
		og_buf_lit(b, ",\"patchType\":\"JSONPatch\",\"patch\":\"");
		og_base64_encode(b, v->plan->patch);
		og_buf_ch(b, '"');
	}
	write_warnings(v);
	if (v->r->reason != OG_REASON_NOT_A_POD)
		write_audit(v);
	og_buf_lit(b, "}}\n");
}

void og_review_handle(const struct og_review_input *in, struct og_arena *arena, struct og_buf *out,
	struct og_review_result *ret)
{
	struct review v = {.in = in, .a = arena, .out = out, .r = ret};
	size_t start = out->len;
	*ret = (struct og_review_result){
		.valid_envelope = true, .http_status = 200, .allowed = true};
	size_t max = arena->max_bytes;
	arena->max_bytes = in->limits.arena_bytes ? in->limits.arena_bytes : DEFAULT_ARENA;
	if (read_envelope(&v)) {
		ret->dry_run = og_jis(og_jgetl(v.request, "dryRun"), OG_J_TRUE);
		if (concerns_us(&v) && is_pod(&v))
			decide(&v);
		if (is_fault(ret->reason))
			ret->patched = false;
		ret->rejected_by_owner = owner_rejects(&v);
		ret->allowed = !ret->rejected_by_owner;
		bool own_fault = ret->reason == OG_REASON_DEADLINE ||
				 ret->reason == OG_REASON_SELF_CHECK ||
				 ret->reason == OG_REASON_INTERNAL;
		if (in->fail_mode && own_fault && ret->allowed) {
			/* failurePolicy Fail: an answer that is no answer lets it decide (W-14) */
			bad_envelope(&v, ret->reason, 500, "otelgate could not decide");
		} else {
			write_answer(&v);
		}
	}
	arena->max_bytes = max;
	if (out->failed) {
		out->failed = false;
		out->len = start;
		ret->valid_envelope = false;
		ret->http_status = 500;
		ret->reason = OG_REASON_INTERNAL;
		ret->patched = false;
		ret->error = OG_SV("out of memory writing the answer");
		og_buf_lit(out, "out of memory writing the answer\n");
		out->failed = false;
	}
}
