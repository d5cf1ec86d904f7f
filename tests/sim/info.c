/* SPDX-License-Identifier: Apache-2.0 */
/* What tests ask a simulator. */
#include "otelgate/codec/base64.h"
#include "sim/sim-priv.h"

void og_sim_compact(struct og_sim *s)
{
	pthread_mutex_lock(&s->mu);
	sim_compact_locked(s);
	pthread_mutex_unlock(&s->mu);
}

void og_sim_drop_connections(struct og_sim *s)
{
	sim_kill_all(s, SIM_KILL_RST);
}

const char *og_sim_url(const struct og_sim *s)
{
	return s->url;
}

const char *og_sim_ca_pem(const struct og_sim *s)
{
	return s->ca_pem.p;
}

uint16_t og_sim_port(const struct og_sim *s)
{
	return s->port;
}

const char *og_sim_admin_token(const struct og_sim *s)
{
	return s->admin_token;
}

void og_sim_kubeconfig(const struct og_sim *s, const char *token, struct og_buf *out)
{
	og_buf_fmt(out,
		"apiVersion: v1\nkind: Config\ncurrent-context: sim\nclusters:\n- name: sim\n"
		"  cluster:\n    server: %s\n    certificate-authority-data: ",
		s->url);
	og_base64_encode(out, og_buf_view(&s->ca_pem));
	og_buf_fmt(out,
		"\ncontexts:\n- name: sim\n  context:\n    cluster: sim\n    user: sim\n"
		"    namespace: default\nusers:\n- name: sim\n  user:\n    token: %s\n",
		token ? token : s->admin_token);
}

uint64_t og_sim_rv(struct og_sim *s)
{
	uint64_t rv;

	pthread_mutex_lock(&s->mu);
	rv = s->rv;
	pthread_mutex_unlock(&s->mu);
	return rv;
}

uint64_t og_sim_connections(struct og_sim *s)
{
	uint64_t n;

	pthread_mutex_lock(&s->mu);
	n = s->nconns;
	pthread_mutex_unlock(&s->mu);
	return n;
}

unsigned og_sim_watches(struct og_sim *s)
{
	unsigned n;

	pthread_mutex_lock(&s->mu);
	n = s->nwatches;
	pthread_mutex_unlock(&s->mu);
	return n;
}

uint64_t og_sim_bytes_sent(struct og_sim *s)
{
	return __atomic_load_n(&s->bytes_sent, __ATOMIC_RELAXED);
}

uint64_t og_sim_faults_hit(struct og_sim *s)
{
	uint64_t n;

	pthread_mutex_lock(&s->mu);
	n = s->nfaults;
	pthread_mutex_unlock(&s->mu);
	return n;
}
