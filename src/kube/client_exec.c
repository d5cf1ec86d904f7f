/* SPDX-License-Identifier: Apache-2.0 */
/* Credential plugins on the loop: a request that needs what one prints waits for it. */
#include "client-priv.h"

#include <sys/epoll.h>

static void arm(struct og_kube *k);

static void unwatch(struct og_kube *k)
{
	og_loop_fd_remove(k->loop, k->auth.plugin_watch);
	k->auth.plugin_watch = NULL;
	og_timer_cancel(k->loop, &k->auth.plugin_timer);
}

/* The program has ended: those who waited go on, or are told why they cannot. */
static void resume(struct og_kube *k, const struct og_err *why)
{
	kc_hold(k);
	for (struct og_kube_call *call = k->calls; call; call = call->next) {
		if (call->state != KC_CREDENTIALS || call->failed.code)
			continue;
		if (why)
			kc_call_fail(call, why);
		else
			kc_call_go(call);
	}
	kc_release(k);
}

static void step(struct og_kube *k)
{
	struct og_err err = OG_ERR_INIT;
	int64_t wall = og_clock_wall_ns(og_loop_clock(k->loop));
	int rc = og_exec_plugin_step(k->auth.plugin, og_loop_now_ns(k->loop), wall, &err);
	if (rc == 1) {
		arm(k);
		return;
	}
	unwatch(k);
	if (rc == 0 && !og_exec_plugin_creds(k->auth.plugin, wall)) {
		rc = og_err_set(&err, OG_E_INVALID,
			"the credential plugin gave credentials that have expired already");
	}
	resume(k, rc < 0 ? &err : NULL);
}

static void on_fd(void *ctx, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	step(ctx);
}

static void on_timer(void *ctx)
{
	step(ctx);
}

static void arm(struct og_kube *k)
{
	int64_t at = og_exec_plugin_deadline(k->auth.plugin);
	if (og_timer_at(k->loop, &k->auth.plugin_timer, at, on_timer, k) == 0)
		return;
	struct og_err err = OG_ERR_INIT;
	(void)og_err_set(&err, OG_E_OOM, "no memory to wait for the credential plugin");
	unwatch(k);
	resume(k, &err);
}

static int start(struct og_kube *k, struct og_err *err)
{
	struct kc_auth *u = &k->auth;
	if (u->plugin_watch)
		return 1;
	int rc = og_exec_plugin_start(u->plugin, og_loop_now_ns(k->loop), err);
	if (rc < 0)
		return rc;
	rc = og_loop_fd_add(
		k->loop, og_exec_plugin_fd(u->plugin), EPOLLIN, on_fd, k, &u->plugin_watch, err);
	if (rc < 0)
		return rc;
	rc = og_timer_at(
		k->loop, &u->plugin_timer, og_exec_plugin_deadline(u->plugin), on_timer, k);
	if (rc < 0) {
		unwatch(k);
		return og_err_set(err, OG_E_OOM, "no memory to wait for the credential plugin");
	}
	return 1;
}

int kc_exec_get(struct og_kube *k, struct kc_creds *ret, struct og_err *err)
{
	struct kc_auth *u = &k->auth;
	if (!u->plugin)
		u->plugin = og_exec_plugin_new(k->access, &u->plugin_options, err);
	if (!u->plugin)
		return err ? -(int)err->code : -OG_E_OOM;
	const struct og_exec_creds *c = NULL;
	if (!u->plugin_watch)
		c = og_exec_plugin_creds(u->plugin, og_clock_wall_ns(og_loop_clock(k->loop)));
	if (!c)
		return start(k, err);
	ret->generation = c->generation;
	if (og_secret_is_set(&c->token))
		ret->bearer = &c->token;
	if (c->client_cert) {
		ret->tls.cert_pem = og_svz(c->client_cert);
		ret->tls.key_pem = &c->client_key;
	}
	kc_auth_changed(k, &u->exec_cert_generation, c->cert_generation);
	return 0;
}

bool kc_exec_drop(struct og_kube *k, unsigned generation)
{
	if (k->auth.plugin)
		og_exec_plugin_drop(k->auth.plugin, generation);
	return k->auth.plugin != NULL;
}

void kc_exec_fini(struct og_kube *k)
{
	unwatch(k);
	if (k->auth.plugin)
		og_exec_plugin_free(k->auth.plugin);
}
