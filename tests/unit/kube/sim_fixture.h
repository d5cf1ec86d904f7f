/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The real client against a simulated API server inside the test, on the system's clock. */
#include <check.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/kube/client.h"
#include "otelgate/kube/kubeconfig.h"
#include "sim/sim.h"
#include "support/suite.h"
#include "support/tmpdir.h"

struct simfix {
	struct og_sim *sim;
	struct og_loop *loop;
	struct og_kube *kube;
};

static inline const char *simfix_env_(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

/* A client for the user of that token; NULL = the admin. */
static inline struct og_kube *simfix_client(
	struct simfix *f, const char *token, int64_t timeout_ms, struct og_metrics *metrics)
{
	static const struct og_kube_env env = {.get = simfix_env_};
	og_auto_tmpdir struct og_tmpdir dir = og_tmpdir_make();
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	char path[512];
	struct og_err err = OG_ERR_INIT;
	struct og_kube *k = NULL;
	og_sim_kubeconfig(f->sim, token, &text);
	og_buf_ch(&text, '\0');
	og_tmpdir_write(&dir, "config", text.p);
	const struct og_kube_options o = {
		.flags = {.kubeconfig = og_tmpdir_join(&dir, "config", path, sizeof(path))},
		.env = &env,
		.service_account_dir = "/nonexistent"};
	struct og_kube_opts ko = {.loop = f->loop,
		.component = "unit-test",
		.timeout_ms = timeout_ms,
		.metrics = metrics,
		.seed = 1};
	ck_assert_msg(og_kube_access_load(&o, &ko.access, &err) == 0, "%s", err.msg);
	ck_assert_msg(og_kube_new(&ko, &k, &err) == 0, "%s", err.msg);
	return k;
}

static inline void simfix_init(struct simfix *f, const struct og_sim_opts *o)
{
	struct og_err err = OG_ERR_INIT;
	*f = (struct simfix){.sim = NULL};
	ck_assert_msg(og_sim_start(o, &f->sim, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(og_loop_new(NULL, &f->loop, NULL), 0);
	f->kube = simfix_client(f, NULL, 0, NULL);
}

static inline void simfix_fini(struct simfix *f)
{
	og_kube_free(f->kube);
	og_loop_free(f->loop);
	og_sim_stop(f->sim);
}

/* Turns the loop until `ready` says so; false when that takes longer. */
static inline bool simfix_until(
	struct simfix *f, bool (*ready)(void *ctx), void *ctx, int64_t most_ms)
{
	int64_t end = og_loop_now_ns(f->loop) + most_ms * OG_NS_PER_MS * og_suite_patience();
	while (!ready(ctx)) {
		if (og_loop_now_ns(f->loop) > end)
			return false;
		(void)og_loop_turn(f->loop, 10);
	}
	return true;
}

static inline void simfix_fault(struct simfix *f, const char *json)
{
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_sim_fault(f->sim, json, &err) == 0, "%s", err.msg);
}
