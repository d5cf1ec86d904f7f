/* SPDX-License-Identifier: Apache-2.0 */
#include "support/kube_script.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"

/* The product's allocations are counted in torture tests, the double's are not. */
static char *copy(struct og_sv s)
{
	char *p = calloc(1, s.n + 1);
	ck_assert_ptr_nonnull(p);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static int start(
	void *ctx, const struct og_kube_request *r, struct og_kube_call **ret, struct og_err *err)
{
	struct kube_script *s = ctx;
	struct kube_script_call *c = NULL;
	if (s->refuse)
		return og_err_set(err, OG_E_OOM, "told to refuse");
	for (size_t i = 0; i < KUBE_SCRIPT_CALLS && !c; i++)
		if (!s->call[i].used)
			c = &s->call[i];
	ck_assert_ptr_nonnull(c);
	*c = (struct kube_script_call){.used = true,
		.number = ++s->started,
		.verb = r->verb,
		.patch = r->patch,
		.lane = r->lane,
		.force = r->force,
		.deadline_ms = r->deadline_ms,
		.max_tries = r->max_tries,
		.body = copy(r->body),
		.on_done = r->on_done,
		.ctx = r->ctx};
	(void)snprintf(c->where, sizeof(c->where), "%.*s/%.*s/%.*s/%.*s/%.*s/%.*s",
		OG_SV_ARG(r->res.group), OG_SV_ARG(r->res.version), OG_SV_ARG(r->res.resource),
		OG_SV_ARG(r->res.ns), OG_SV_ARG(r->res.name), OG_SV_ARG(r->res.subresource));
	(void)snprintf(c->query, sizeof(c->query), "%.*s", OG_SV_ARG(r->query));
	(void)snprintf(
		c->manager, sizeof(c->manager), "%s", r->field_manager ? r->field_manager : "");
	if (ret)
		*ret = (struct og_kube_call *)(void *)c;
	return 0;
}

static void drop(struct kube_script_call *c)
{
	free(c->body);
	*c = (struct kube_script_call){.used = false};
}

static void cancel(void *ctx, struct og_kube_call *call)
{
	struct kube_script *s = ctx;
	struct kube_script_call *c = (struct kube_script_call *)(void *)call;
	if (!c)
		return;
	ck_assert(c->used);
	s->cancelled++;
	drop(c);
}

void kube_script_init(struct kube_script *s, struct og_loop *loop)
{
	*s = (struct kube_script){
		.seam = {.loop = loop, .ctx = s, .start = start, .cancel = cancel}};
}

void kube_script_fini(struct kube_script *s)
{
	for (size_t i = 0; i < KUBE_SCRIPT_CALLS; i++)
		if (s->call[i].used)
			drop(&s->call[i]);
}

unsigned kube_script_pending(const struct kube_script *s)
{
	unsigned n = 0;
	for (size_t i = 0; i < KUBE_SCRIPT_CALLS; i++)
		n += s->call[i].used;
	return n;
}

struct kube_script_call *kube_script_first(struct kube_script *s)
{
	struct kube_script_call *first = NULL;
	for (size_t i = 0; i < KUBE_SCRIPT_CALLS; i++)
		if (s->call[i].used && (!first || s->call[i].number < first->number))
			first = &s->call[i];
	ck_assert_msg(first != NULL, "no request is waiting for an answer");
	return first;
}

static int code_of(int http)
{
	if (http >= 200 && http < 300)
		return 0;
	switch (http) {
	case 0:
		return -OG_E_IO;
	case 404:
		return -OG_E_NOT_FOUND;
	case 409:
		return -OG_E_CONFLICT;
	case 410:
		return -OG_E_CONFLICT;
	default:
		return -OG_E_INVALID;
	}
}

void kube_script_answer_call(
	struct kube_script *s, struct kube_script_call *c, int http, const char *body)
{
	struct kube_script_call was = *c;
	struct og_jdoc doc;
	og_auto_arena struct og_arena arena;
	(void)s;
	og_arena_init(&arena, 0, 0);
	c->used = false;
	struct og_kube_answer a = {
		.code = code_of(http), .http = http, .arena = &arena, .tries = 1};
	a.status.retry_after_s = -1;
	if (a.code == 0) {
		a.body = og_svz(body);
		if (og_jdoc_parse(&doc, &arena, a.body, NULL, NULL) == 0)
			a.doc = &doc;
	} else {
		struct og_sv rest = og_svz(body);
		a.status.code = http;
		(void)og_sv_split(&rest, ':', &a.status.reason);
		(void)og_sv_split(&rest, ':', &a.status.cause);
		(void)og_err_set(&a.err, (enum og_code) - a.code, "told to fail with %d", http);
	}
	was.on_done(was.ctx, &a);
	free(was.body);
}

void kube_script_answer(struct kube_script *s, int http, const char *body)
{
	kube_script_answer_call(s, kube_script_first(s), http, body);
}
