/* SPDX-License-Identifier: Apache-2.0 */
/* One review: deadline, engine, metrics, one log line. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/review.h"
#include "webhook-priv.h"

/* W-1: what the API server allows, less the way back. */
enum { RESERVE_MS = 500, DEFAULT_REVIEW_MS = 4500, LONGEST_TIMEOUT_MS = 30000 };

int64_t webhook_budget_ms(struct og_sv timeout, int64_t cap_ms)
{
	int64_t ms = 0, cap = cap_ms ? cap_ms : DEFAULT_REVIEW_MS;

	if (!timeout.n || og_parse_duration_ms(timeout, 1, LONGEST_TIMEOUT_MS, &ms, NULL) < 0)
		return cap;
	ms = ms > 2 * RESERVE_MS ? ms - RESERVE_MS : ms / 2;
	return ms < cap ? ms : cap;
}

static bool expired(void *ctx)
{
	return og_clock_mono_ns(og_clock_system()) >= *(const int64_t *)ctx;
}

/* How loud a reason is, and whether it is a fault. */
static const struct {
	enum og_log_level level;
	bool fault;
} reasons[OG_REASON_COUNT_] = {
	[OG_REASON_INJECTED] = {OG_LOG_INFO, false},
	[OG_REASON_UP_TO_DATE] = {OG_LOG_DEBUG, false},
	[OG_REASON_NOT_OPTED_IN] = {OG_LOG_DEBUG, false},
	[OG_REASON_OPTED_OUT] = {OG_LOG_DEBUG, false},
	[OG_REASON_PROFILE_MISSING] = {OG_LOG_WARN, false},
	[OG_REASON_NO_CONFIG] = {OG_LOG_WARN, false},
	[OG_REASON_WINDOWS] = {OG_LOG_INFO, false},
	[OG_REASON_MIRROR_POD] = {OG_LOG_DEBUG, false},
	[OG_REASON_EXCLUDED_NAMESPACE] = {OG_LOG_DEBUG, false},
	[OG_REASON_NO_TARGET] = {OG_LOG_INFO, false},
	[OG_REASON_NOT_A_POD] = {OG_LOG_DEBUG, false},
	[OG_REASON_BAD_OBJECT] = {OG_LOG_WARN, false},
	[OG_REASON_BAD_REQUEST] = {OG_LOG_WARN, false},
	[OG_REASON_TOO_LARGE] = {OG_LOG_WARN, true},
	[OG_REASON_DEADLINE] = {OG_LOG_ERROR, true},
	[OG_REASON_SELF_CHECK] = {OG_LOG_ERROR, true},
	[OG_REASON_INTERNAL] = {OG_LOG_ERROR, true},
};

static const char *const decision_names[DECISION_COUNT_] = {
	[DECISION_INJECTED] = "injected",
	[DECISION_UNCHANGED] = "unchanged",
	[DECISION_FAULTY] = "faulty",
	[DECISION_REJECTED] = "rejected",
	[DECISION_REFUSED] = "refused",
};

static enum webhook_decision decide(const struct og_review_result *r)
{
	if (!r->valid_envelope || r->http_status != 200)
		return DECISION_REFUSED;
	if (!r->allowed)
		return DECISION_REJECTED;
	if (r->patched)
		return DECISION_INJECTED;
	return reasons[r->reason].fault ? DECISION_FAULTY : DECISION_UNCHANGED;
}

static void count(struct webhook *w, const struct og_review_result *r, enum webhook_decision d,
	int64_t took_ns)
{
	_Atomic(struct og_metric_series *) *at = &w->reviews[d][r->reason][r->dry_run];
	struct og_metric_series *s = atomic_load_explicit(at, memory_order_acquire);

	if (!s) {
		s = og_metric_series(w->m, OG_WM_REVIEWS,
			OG_LABELS(decision_names[d], og_reason_name(r->reason),
				r->dry_run ? "true" : "false"));
		atomic_store_explicit(at, s, memory_order_release);
	}
	og_series_add(s, 1);
	og_series_observe(w->review_seconds, (double)took_ns / OG_NS_PER_S);
}

/* No field at all when there is nothing to say. */
static struct og_lf said(const char *key, struct og_sv v)
{
	return v.n ? og_lf_sv(key, v) : (struct og_lf){.type = OG_LF_NONE_};
}

static void log_review(const struct og_review_result *r, enum webhook_decision d, int64_t took_ns,
	size_t answer_bytes, uint64_t generation)
{
	enum og_log_level level = d == DECISION_REJECTED ? OG_LOG_WARN : reasons[r->reason].level;

	if (d == DECISION_REFUSED) { /* anyone can send these */
		og_log_limited(OG_SV(""), 1000, level, "webhook", "request refused",
			og_lf_int("code", r->http_status),
			og_lf_str("reason", og_reason_name(r->reason)),
			og_lf_sv("error", r->error));
		return;
	}
	og_log(level, "webhook", "review", og_lf_sv("uid", r->uid), og_lf_sv("namespace", r->ns),
		og_lf_sv("pod", r->name), said("owner_kind", r->owner_kind),
		said("owner", r->owner_name), og_lf_str("decision", decision_names[d]),
		og_lf_str("reason", og_reason_name(r->reason)), said("profile", r->profile),
		said("revision", og_svz(r->revision)), og_lf_bool("dry_run", r->dry_run),
		og_lf_uint("findings", r->nfindings), said("error", r->error),
		og_lf_uint("answer_bytes", answer_bytes), og_lf_uint("config", generation),
		og_lf_dur_ns("took", took_ns));
}

/* W-31: within its own time the API server comes again. */
static void come_again(struct og_http_resp *resp)
{
	resp->status = 429;
	resp->content_type = "text/plain; charset=utf-8";
	og_http_resp_header(resp, "Retry-After", "1");
	og_buf_lit(resp->body, "the caches have not answered yet\n");
}

void webhook_mutate(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct webhook *w = ctx;
	struct worker_scratch *s = req->worker;
	int64_t begun = og_clock_mono_ns(og_clock_system());
	og_auto_snapshot struct og_snapshot *config = og_snapshot_get(&w->config);
	og_auto_snapshot struct og_snapshot *objects = og_snapshot_get(&w->objects);
	struct og_sv timeout = {0};
	struct og_review_result r = {0};
	struct review_facts facts;

	if (webhook_cluster_defers(w)) {
		come_again(resp);
		return;
	}
	atomic_store_explicit(&s->busy_since_ns, begun, memory_order_relaxed);
	(void)og_http_query(req, "timeout", &timeout);
	/* The body's arrival is part of the API server's time. */
	int64_t until = req->begun_ns + webhook_budget_ms(timeout, w->o->review_ms) * OG_NS_PER_MS;
	struct og_facts_source source = webhook_facts(w, objects, until, &facts);
	struct og_review_input in = {
		.config = config ? config->config : NULL,
		.facts = source.object ? &source : NULL,
		.body = req->body,
		.expired = expired,
		.expired_ctx = &until,
		.fail_mode = w->o->fail_mode,
	};
	og_review_handle(&in, &s->arena, resp->body, &r);
	resp->status = r.http_status;
	resp->content_type = r.valid_envelope && r.http_status == 200 ? "application/json"
								      : "text/plain; charset=utf-8";
	int64_t took = og_clock_mono_ns(og_clock_system()) - begun;
	enum webhook_decision d = decide(&r);
	count(w, &r, d, took);
	log_review(&r, d, took, resp->body->len, config ? config->generation : 0);
	og_arena_reset(&s->arena);
	atomic_store_explicit(&s->busy_since_ns, 0, memory_order_relaxed);
}

void webhook_done(void *ctx, const struct og_http_done *d)
{
	struct webhook *w = ctx;
	char code[8];

	if (d->status < 0 || d->status >= HTTP_CODES)
		return;
	_Atomic(struct og_metric_series *) *at = &w->codes[d->status];
	struct og_metric_series *s = atomic_load_explicit(at, memory_order_acquire);
	if (!s) {
		(void)snprintf(code, sizeof(code), "%d", d->status);
		s = og_metric_series(w->m, OG_WM_REQUESTS, OG_LABELS("/mutate", code));
		atomic_store_explicit(at, s, memory_order_release);
	}
	og_series_add(s, 1);
	og_series_observe(w->latency, (double)d->took_ns / OG_NS_PER_S);
}
