/* SPDX-License-Identifier: Apache-2.0 */
#include "support/kube_run.h"

#include <check.h>
#include <stdio.h>

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

struct og_kube_access *krun_access(const struct og_kube_flags *f, struct og_err *err)
{
	static const struct og_kube_env none = {.get = no_variable};
	const struct og_kube_options o = {
		.flags = *f, .env = &none, .service_account_dir = "/nonexistent"};
	struct og_kube_access *a = NULL;
	return og_kube_access_load(&o, &a, err) == 0 ? a : NULL;
}

static void on_notice(void *ctx, const struct og_err *why)
{
	struct krun *r = ctx;
	r->notices++;
	(void)snprintf(r->notice, sizeof(r->notice), "%s", why->msg);
}

void krun_init(struct krun *r, const struct ss *s, const struct og_kube_flags *flags,
	const struct og_kube_opts *o)
{
	struct og_kube_flags f = flags ? *flags : (struct og_kube_flags){.ns = NULL};
	struct og_kube_opts opts = o ? *o : (struct og_kube_opts){.component = "unit-test"};
	*r = (struct krun){.err = OG_ERR_INIT};
	og_arena_init(&r->arena, 0, 0);
	og_buf_init(&r->streamed, 0);
	ck_assert_int_eq(og_loop_new(NULL, &r->loop, NULL), 0);
	f.server = ss_url(s, "");
	opts.loop = r->loop;
	opts.access = krun_access(&f, &r->err);
	ck_assert_msg(opts.access != NULL, "%s", r->err.msg);
	opts.on_notice = on_notice;
	opts.notice_ctx = r;
	if (!opts.seed)
		opts.seed = 1;
	ck_assert_int_eq(og_kube_new(&opts, &r->k, &r->err), 0);
}

void krun_fini(struct krun *r)
{
	og_kube_free(r->k);
	og_loop_free(r->loop);
	og_arena_fini(&r->arena);
	og_buf_fini(&r->streamed);
}

int krun_stream(void *ctx, struct og_sv chunk)
{
	struct krun *r = ctx;
	og_buf_sv(&r->streamed, chunk);
	return r->refuse;
}

int krun(struct krun *r, const struct og_kube_request *q)
{
	og_arena_reset(&r->arena);
	og_err_clear(&r->err);
	og_buf_reset(&r->streamed);
	int rc = og_kube_wait(r->k, q, &r->arena, &r->a, &r->err);
	ck_assert_int_eq(rc, r->a.code);
	ck_assert((rc < 0) == (r->a.err.msg[0] != '\0'));
	return rc;
}
