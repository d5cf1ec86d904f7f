/* SPDX-License-Identifier: Apache-2.0 */
/* From the end of a try to the answer that its owner gets: the body read whole, or the reason why
 * not in words that say what was wanted, of whom, and what to do. */
#include "client-priv.h"

#include <stdio.h>

#include "otelgate/base/parse.h"

/* cannot list pods in namespace "x" (GET https://host/api/v1/namespaces/x/pods) */
static void put_what(const struct og_kube_call *call, struct og_buf *b)
{
	const struct og_kube_resource *r = &call->res;
	og_buf_fmt(b, "cannot %s %.*s", og_kube_verb_name(call->verb), OG_SV_ARG(r->resource));
	if (r->subresource.n)
		og_buf_fmt(b, "/%.*s", OG_SV_ARG(r->subresource));
	if (r->group.n)
		og_buf_fmt(b, ".%.*s", OG_SV_ARG(r->group));
	if (r->name.n)
		og_buf_fmt(b, " \"%.*s\"", OG_SV_ARG(r->name));
	if (r->ns.n)
		og_buf_fmt(b, " in namespace \"%.*s\"", OG_SV_ARG(r->ns));
	og_buf_fmt(b, " (%s %s)", call->wire.method, call->wire.shown_url);
}

static void empty(const struct og_kube_call *call, struct og_arena *arena, struct og_kube_answer *a)
{
	*a = (struct og_kube_answer){.arena = arena,
		.body = OG_SV(""),
		.rule = OG_SV(""),
		.status = {.reason = OG_SV(""),
			.message = OG_SV(""),
			.cause = OG_SV(""),
			.retry_after_s = -1},
		.tries = call->tries,
		.took_ns = og_loop_now_ns(call->k->loop) - call->begin_ns};
}

static void say(const struct og_kube_call *call, enum og_code code, int sys, const char *why,
	struct og_kube_answer *a)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);
	put_what(call, &b);
	a->code = og_err_set(&a->err, code, "%s: %s", b.p ? b.p : "a request failed", why);
	a->err.sys = sys;
}

void kc_answer_error(const struct og_kube_call *call, const struct og_err *why,
	struct og_arena *arena, struct og_kube_answer *a)
{
	empty(call, arena, a);
	say(call, why->code ? why->code : OG_E_BUG, why->sys, why->msg, a);
}

/* RBAC is one reason for 403 among others (quotas, admission): "User "x" cannot list resource …",
 * "cannot get path …" (apiserver endpoints/handlers/responsewriters/errors.go). */
static bool is_rbac(const struct og_kube_call *call, struct og_sv message)
{
	char want[64];
	(void)snprintf(want, sizeof(want), " cannot %s %s", og_kube_verb_name(call->verb),
		call->verb == OG_KUBE_RAW ? "path" : "resource");
	return message.n == 0 || og_sv_has(message, og_svz(want));
}

static void add_rule(const struct og_kube_call *call, struct og_kube_answer *a)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4096);
	if (!is_rbac(call, a->status.message))
		return;
	og_kube_rbac_rule(call->verb, &call->res, &b);
	a->rule = b.failed ? OG_SV("") : og_arena_sv(a->arena, og_buf_view(&b));
	if (!a->rule.p)
		a->rule = OG_SV("");
}

static const char *advice(const struct og_kube_call *call, const struct og_kube_answer *a)
{
	if (a->http >= 300 && a->http < 400)
		return ": redirects are not followed; use the address that the server is reached "
		       "by directly";
	if (a->http == 401)
		return call->reauthorised ? ": the credentials are not accepted, also after they "
					    "were read again"
					  : ": the credentials are not accepted";
	if (a->http == 403 && og_sv_has(a->status.message, OG_SV("system:anonymous")))
		return ": no credentials were sent, or none that the server knows";
	return "";
}

static void refused(const struct og_kube_call *call, struct og_kube_answer *a)
{
	/* a server may quote the Secret that it refuses */
	og_auto_wipe struct og_buf b = OG_BUF_INIT(4096);
	const struct og_kube_status *s = &a->status;
	const char *reason = kc_http_reason(a->http);
	og_buf_fmt(&b, "%d%s%s%s", a->http, *reason ? " " : "", reason, advice(call, a));
	if (s->message.n && !og_sv_eq(s->message, og_svz(reason)))
		og_buf_fmt(&b, ": %.*s", OG_SV_ARG(s->message));
	say(call, kc_code_of_http(a->http), 0, b.p ? b.p : "no memory for the reason", a);
	if (a->http == 403)
		add_rule(call, a);
}

static int no_json(const struct og_kube_call *call, const struct og_httpc_result *r,
	const struct og_err *why, struct og_err *err)
{
	if (why->code == OG_E_OOM || why->code == OG_E_LIMIT)
		return og_err_set(err, why->code, "the answer: %s", why->msg);
	if (call->html_type)
		return og_err_set(err, OG_E_PARSE,
			"the answer is a web page, not JSON: a proxy or another server may stand in "
			"between");
	if (!call->body.len)
		return og_err_set(err, OG_E_PARSE, "the answer is empty, not JSON");
	return og_err_set(err, OG_E_PARSE, "the answer is no whole JSON%s: %s",
		r->unmarked_end
			? " (the connection ended, and nothing says whether it was complete)"
			: "",
		why->msg);
}

static int parse(const struct og_kube_call *call, const struct og_httpc_result *r,
	struct og_kube_answer *a, struct og_err *err)
{
	struct og_err why = OG_ERR_INIT;
	struct og_sv body = og_buf_view(&call->body);
	a->body = og_arena_sv(a->arena, body);
	if (!a->body.p) {
		a->body = OG_SV("");
		return og_err_set(err, a->arena->full ? OG_E_LIMIT : OG_E_OOM,
			"no memory for an answer of %zu bytes", body.n);
	}
	if ((!call->json_wanted && !call->json_type) || r->status == 204)
		return 0;
	const struct og_jlimits limits = {
		.max_bytes =
			(uint32_t)(call->max_bytes < UINT32_MAX ? call->max_bytes : UINT32_MAX),
		.max_tokens = (uint32_t)(call->max_bytes / 8 < 500000	 ? 500000
					 : call->max_bytes / 8 < 1 << 27 ? call->max_bytes / 8
									 : 1 << 27)};
	struct og_jdoc *d = og_arena_new(a->arena, struct og_jdoc);
	if (!d)
		return og_err_set(err, OG_E_OOM, "no memory for an answer");
	if (og_jdoc_parse(d, a->arena, a->body, &limits, &why) < 0)
		return no_json(call, r, &why, err);
	if (call->json_wanted && !og_jis(og_jroot(d), OG_J_OBJECT))
		return og_err_set(err, OG_E_PARSE, "the answer is no JSON object");
	a->doc = d;
	return 0;
}

/* A Status of failure in an answer of success: a proxy that means well, or a server that had
 * begun. */
static int hidden_failure(struct og_kube_answer *a, struct og_err *err)
{
	if (!a->doc || !og_jstr_is(og_jgetl(og_jroot(a->doc), "kind"), "Status") ||
		!og_jstr_is(og_jgetl(og_jroot(a->doc), "status"), "Failure"))
		return 0;
	kc_status_read(a->body, false, a->arena, &a->status);
	enum og_code code = kc_code_of_http(a->status.code);
	return og_err_set(err, code ? code : OG_E_IO,
		"the answer is a failure in spite of its "
		"status %d: %.*s",
		a->http, OG_SV_ARG(a->status.message));
}

void kc_answer_make(const struct og_kube_call *call, const struct og_httpc_result *r,
	struct og_arena *arena, struct og_kube_answer *a)
{
	struct og_err why = OG_ERR_INIT;
	int rc = 0;
	empty(call, arena, a);
	a->http = r->status;
	a->bytes = r->body_bytes;
	if (call->stop_code) {
		rc = og_err_set(&why, (enum og_code) - call->stop_code,
			"the receiver of the answer gave it up");
	} else if (call->too_large) {
		rc = og_err_set(&why, OG_E_LIMIT,
			"the answer is larger than the %zu bytes that are accepted",
			call->max_bytes);
	} else if (r->code < 0) {
		why = r->err;
		rc = r->code;
	} else if (r->status < 200 || r->status > 299) {
		kc_status_read(og_buf_view(&call->body), call->html_type, arena, &a->status);
		if (call->retry_after_s >= 0)
			a->status.retry_after_s = call->retry_after_s;
		refused(call, a);
		return;
	} else if (!call->on_data) {
		rc = parse(call, r, a, &why);
		if (rc == 0)
			rc = hidden_failure(a, &why);
	}
	if (rc < 0) {
		a->doc = NULL;
		say(call, why.code, why.sys, why.msg, a);
	}
}
