/* SPDX-License-Identifier: Apache-2.0 */
/* Life of a simulated cloud. */
#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "cloud/cloud-priv.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/net/certs.h"

const char *og_cloud_host_name(enum og_cloud_host h)
{
	static const char *const names[] = {"gateway", "prometheus", "loki", "tempo", "pyroscope",
		"discovery", "collector", "admin"};

	return names[h];
}

static int make_tls(struct og_cloud *c, struct og_err *err)
{
	static const char *const dns[] = {"localhost"};
	static const char *const ips[] = {"127.0.0.1", "::1"};
	int64_t now = (int64_t)time(NULL);
	struct og_ca_opts ca = {"otelgate simulated cloud", now - 3600, now + 365 * 86400};
	struct og_leaf_opts leaf = {.common_name = "cloud.invalid",
		.dns_names = dns,
		.ndns = OG_COUNT(dns),
		.ips = ips,
		.nips = OG_COUNT(ips),
		.not_before = now - 3600,
		.not_after = now + 365 * 86400};
	og_auto_wipe struct og_buf ca_key = OG_BUF_INIT(0), key = OG_BUF_INIT(0);
	og_auto_buf struct og_buf cert = OG_BUF_INIT(0);
	BIO *cb, *kb;
	X509 *x;
	EVP_PKEY *k;
	bool ok;
	int rc = og_certs_make_ca(&ca, &c->ca_pem, &ca_key, err);

	if (!rc)
		rc = og_certs_make_leaf(
			og_buf_view(&c->ca_pem), og_buf_view(&ca_key), &leaf, &cert, &key, err);
	if (rc)
		return rc;
	cb = BIO_new_mem_buf(cert.p, (int)cert.len);
	kb = BIO_new_mem_buf(key.p, (int)key.len);
	x = cb ? PEM_read_bio_X509(cb, NULL, NULL, NULL) : NULL;
	k = kb ? PEM_read_bio_PrivateKey(kb, NULL, NULL, NULL) : NULL;
	c->tls = SSL_CTX_new(TLS_server_method());
	ok = c->tls && x && k && SSL_CTX_use_certificate(c->tls, x) == 1 &&
	     SSL_CTX_use_PrivateKey(c->tls, k) == 1;
	if (ok)
		SSL_CTX_set_min_proto_version(c->tls, TLS1_2_VERSION);
	X509_free(x);
	EVP_PKEY_free(k);
	BIO_free(cb);
	BIO_free(kb);
	return ok ? 0 : og_err_set(err, OG_E_TLS, "server certificate");
}

static void make_urls(struct og_cloud *c)
{
	static const char *const tails[OG_CLOUD_HOSTS_] = {[OG_CLOUD_GATEWAY] = "/otlp",
		[OG_CLOUD_PROM] = "/api/prom",
		[OG_CLOUD_TEMPO] = "/tempo"};
	char base[sizeof(c->base[0])];

	for (int h = 0; h < OG_CLOUD_HOSTS_; h++) {
		bool tls = c->tls && h != OG_CLOUD_COLLECTOR && h != OG_CLOUD_ADMIN;

		snprintf(base, sizeof(base), "%s://127.0.0.1:%u", tls ? "https" : "http",
			c->port[h]);
		memcpy(c->base[h], base, sizeof(base));
		snprintf(c->url[h], sizeof(c->url[h]), "%s%s", base, tails[h] ? tails[h] : "");
	}
}

static int bring_up(struct og_cloud *c, struct og_err *err)
{
	static const char write[] = "metrics:write,logs:write,traces:write,profiles:write";
	static const char read[] = "metrics:read,logs:read,traces:read,profiles:read,stacks:read";
	char all[CL_SCOPES];
	int rc = 0;

	snprintf(all, sizeof(all), "%s,%s", write, read);
	if (cl_store_init(&c->st, c->o.max_bytes))
		rc = og_err_set(err, OG_E_OOM, "stores");
	if (!rc && c->o.tls)
		rc = make_tls(c, err);
	if (!rc)
		rc = og_cloud_token(c, OG_CLOUD_TOKEN_WRITE, write, err);
	if (!rc)
		rc = og_cloud_token(c, OG_CLOUD_TOKEN_READ, read, err);
	if (!rc)
		rc = og_cloud_token(c, OG_CLOUD_TOKEN_ALL, all, err);
	if (!rc)
		rc = cl_listen_all(c, err);
	if (rc)
		return rc;
	make_urls(c);
	rc = pthread_create(&c->acceptor, NULL, cl_accept_thread, c);
	if (rc)
		return og_err_sys(err, rc, "thread");
	c->has_acceptor = true;
	return 0;
}

int og_cloud_start(const struct og_cloud_opts *opts, struct og_cloud **ret, struct og_err *err)
{
	struct og_cloud *c = og_calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return og_err_set(err, OG_E_OOM, "simulated cloud");
	if (opts)
		c->o = *opts;
	if (!c->o.max_bytes)
		c->o.max_bytes = 1ULL << 30;
	for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
		c->listen_fd[h] = -1;
	pthread_mutex_init(&c->mu, NULL);
	pthread_cond_init(&c->cond, NULL);
	og_buf_init(&c->ca_pem, 0);
	og_arena_init(&c->words, 4096, 4 << 20);
	cl_settings_init(c);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = c->wake_fd < 0 ? og_err_sys(err, errno, "eventfd") : bring_up(c, err);
	if (rc) {
		og_cloud_stop(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void og_cloud_stop(struct og_cloud *c)
{
	uint64_t one = 1;

	if (!c)
		return;
	atomic_store(&c->stopping, true);
	if (c->has_acceptor) {
		if (write(c->wake_fd, &one, sizeof(one)) < 0)
			one = 0;
		pthread_join(c->acceptor, NULL);
	}
	cl_kill_all(c);
	for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
		if (c->listen_fd[h] >= 0)
			close(c->listen_fd[h]);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	og_cloud_clear_faults(c);
	og_cloud_clear_requests(c);
	while (c->tokens) {
		struct cl_token *t = c->tokens;

		c->tokens = t->next;
		og_free(t->token);
		og_free(t);
	}
	cl_store_fini(&c->st);
	og_arena_fini(&c->words);
	og_buf_fini(&c->ca_pem);
	SSL_CTX_free(c->tls);
	pthread_cond_destroy(&c->cond);
	pthread_mutex_destroy(&c->mu);
	og_free(c);
}

uint16_t og_cloud_port(const struct og_cloud *c, enum og_cloud_host h)
{
	return c->port[h];
}

const char *og_cloud_base(const struct og_cloud *c, enum og_cloud_host h)
{
	return c->base[h];
}

const char *og_cloud_url(const struct og_cloud *c, enum og_cloud_host h)
{
	return c->url[h];
}

const char *og_cloud_ca_pem(const struct og_cloud *c)
{
	return c->ca_pem.p ? c->ca_pem.p : "";
}

void og_cloud_state(struct og_cloud *c, struct og_buf *out)
{
	og_buf_lit(out, "{\"ca\":");
	og_jw_str(out, og_buf_view(&c->ca_pem));
	og_buf_lit(out, ",\"slug\":");
	pthread_mutex_lock(&c->mu);
	og_jw_str(out, c->set.slug);
	pthread_mutex_unlock(&c->mu);
	og_buf_lit(out, ",\"hosts\":{");
	for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
		og_buf_fmt(out,
			"%s\n\"%s\":{\"url\":\"%s\",\"base\":\"%s\",\"user\":\"%s\",\"port\":%u}",
			h ? "," : "", og_cloud_host_name((enum og_cloud_host)h), c->url[h],
			c->base[h], og_cloud_user(c, (enum og_cloud_host)h), c->port[h]);
	og_buf_lit(out,
		"},\n\"tokens\":{\"write\":\"" OG_CLOUD_TOKEN_WRITE
		"\",\"read\":\"" OG_CLOUD_TOKEN_READ "\",\"all\":\"" OG_CLOUD_TOKEN_ALL "\"}}\n");
}
