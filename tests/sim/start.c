/* SPDX-License-Identifier: Apache-2.0 */
/* Life of a simulator: start, restart, end. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/net/certs.h"
#include "sim/sim-priv.h"

static int begin_accepting(struct og_sim *s, struct og_err *err)
{
	uint64_t n;
	int rc = sim_listen(s, err);

	if (rc)
		return rc;
	while (read(s->wake_fd, &n, sizeof(n)) > 0)
		;
	rc = pthread_create(&s->acceptor, NULL, sim_accept_thread, s);
	if (rc) {
		close(s->listen_fd);
		return og_err_sys(err, rc, "thread");
	}
	s->has_acceptor = true;
	return 0;
}

static void end_accepting(struct og_sim *s, int how)
{
	if (s->has_acceptor) {
		sim_poke(s->wake_fd);
		pthread_join(s->acceptor, NULL);
		s->has_acceptor = false;
	}
	sim_kill_all(s, how);
}

static int seed_objects(struct og_sim *s, struct og_err *err)
{
	static const char *const names[] = {
		"default", "kube-system", "kube-public", "kube-node-lease"};

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		og_auto_free char *text = sim_fmt(
			"{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"}}",
			names[i]);
		int rc = text ? og_sim_put(s, text, err) : og_err_set(err, OG_E_OOM, "namespace");

		if (rc)
			return rc;
	}
	return 0;
}

static void set_defaults(struct og_sim *s, const struct og_sim_opts *opts)
{
	if (opts)
		s->o = *opts;
	if (!s->o.history)
		s->o.history = 8192;
	if (!s->o.bookmark_ms)
		s->o.bookmark_ms = 60000;
	if (!s->o.fresh_wait_ms)
		s->o.fresh_wait_ms = 200;
	s->rv = s->o.first_rv ? s->o.first_rv : 1000;
	s->port = s->o.port;
	s->hold_fd = -1;
	snprintf(s->admin_token, sizeof(s->admin_token), "admin-%016llx%016llx",
		(unsigned long long)sim_random(), (unsigned long long)sim_random());
}

static int bring_up(struct og_sim *s, struct og_err *err)
{
	int rc = sim_tls_init(s, err);

	if (!rc)
		rc = sim_resources_init(s, err);
	if (!rc)
		rc = og_sim_add_user(s, "admin", "system:masters", s->admin_token, err);
	if (!rc)
		rc = sim_ctl_start(s, err);
	if (!rc)
		rc = seed_objects(s, err);
	if (!rc)
		rc = begin_accepting(s, err);
	if (!rc)
		snprintf(s->url, sizeof(s->url), "https://127.0.0.1:%u", s->port);
	return rc;
}

/* Once per process; nobody undoes it, as others may use libcurl too. */
static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	json_object_seed(0);
}

int og_sim_start(const struct og_sim_opts *opts, struct og_sim **ret, struct og_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct og_sim *s = og_calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return og_err_set(err, OG_E_OOM, "simulator");
	pthread_once(&once, global_init);
	pthread_mutex_init(&s->mu, NULL);
	pthread_mutex_init(&s->ctl_mu, NULL);
	pthread_mutex_init(&s->life_mu, NULL);
	pthread_cond_init(&s->cond, NULL);
	og_buf_init(&s->ca_pem, 0);
	og_buf_init(&s->cert_pem, 0);
	og_buf_init(&s->key_pem, 0);
	og_buf_init(&s->ca_key, 0);
	set_defaults(s, opts);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = s->wake_fd < 0 ? og_err_sys(err, errno, "eventfd") : bring_up(s, err);
	if (rc) {
		og_sim_stop(s);
		return rc;
	}
	*ret = s;
	return 0;
}

static void free_users(struct og_sim *s)
{
	while (s->tokens) {
		struct sim_token *t = s->tokens;

		s->tokens = t->next;
		og_free(t->token);
		og_free(t->user);
		og_free(t->groups);
		og_free(t);
	}
	while (s->rules) {
		struct sim_rule *r = s->rules;

		s->rules = r->next;
		json_decref(r->rules);
		og_free(r->user);
		og_free(r->ns);
		og_free(r);
	}
	while (s->routes) {
		struct sim_route *r = s->routes;

		s->routes = r->next;
		og_free(r->service);
		og_free(r);
	}
}

void og_sim_stop(struct og_sim *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->mu);
	s->stopping = true;
	sim_wake_all(s);
	pthread_mutex_unlock(&s->mu);
	sim_ctl_stop(s);
	end_accepting(s, SIM_KILL_CLOSE);
	og_sim_clear_requests(s);
	og_free(s->counters);
	sim_hooks_free(s);
	sim_faults_free(s);
	json_decref(s->uses);
	free_users(s);
	for (size_t i = 0; i < s->npaged; i++)
		sim_snap_unref(s->paged[i].snap);
	sim_rbac_fini(s);
	sim_resources_fini(s);
	SSL_CTX_free(s->tls);
	og_buf_fini(&s->ca_pem);
	og_buf_fini(&s->cert_pem);
	og_buf_wipe(&s->key_pem);
	og_buf_wipe(&s->ca_key);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	if (s->hold_fd >= 0)
		close(s->hold_fd);
	pthread_cond_destroy(&s->cond);
	pthread_mutex_destroy(&s->ctl_mu);
	pthread_mutex_destroy(&s->life_mu);
	pthread_mutex_destroy(&s->mu);
	og_free(s);
}

void og_sim_down(struct og_sim *s)
{
	pthread_mutex_lock(&s->life_mu);
	end_accepting(s, SIM_KILL_RST);
	pthread_mutex_unlock(&s->life_mu);
}

int og_sim_up(struct og_sim *s, struct og_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&s->life_mu);
	if (!s->has_acceptor)
		rc = begin_accepting(s, err);
	pthread_mutex_unlock(&s->life_mu);
	return rc;
}

int og_sim_restart(struct og_sim *s, const struct og_sim_restart_opts *o, struct og_err *err)
{
	static const struct og_sim_restart_opts none;

	if (!o)
		o = &none;
	og_sim_down(s);
	pthread_mutex_lock(&s->mu);
	s->rv += o->rv_jump;
	if (o->lose_history)
		sim_compact_locked(s);
	if (o->down_ms) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += (time_t)(o->down_ms / 1000);
		until.tv_nsec += (long)(o->down_ms % 1000) * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		while (!s->stopping && !pthread_cond_timedwait(&s->cond, &s->mu, &until))
			;
	}
	pthread_mutex_unlock(&s->mu);
	return og_sim_up(s, err);
}
