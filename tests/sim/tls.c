/* SPDX-License-Identifier: Apache-2.0 */
/* The server's certificates, and those of clients. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>
#include "otelgate/net/certs.h"
#include "sim/sim-priv.h"

static int alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
	unsigned int len, void *arg)
{
	static const unsigned char http11[] = "\x08http/1.1";
	unsigned char *chosen = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, n, http11, sizeof(http11) - 1, in, len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int make_certs(struct og_sim *s, struct og_err *err)
{
	static const char *const dns[] = {
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"};
	static const char *const ips[] = {"127.0.0.1", "::1"};
	int64_t now = (int64_t)time(NULL);
	struct og_ca_opts ca = {"otelgate simulated cluster", now - 3600, now + 365 * 86400};
	struct og_leaf_opts leaf = {.common_name = "kube-apiserver",
		.dns_names = dns,
		.ndns = OG_COUNT(dns),
		.ips = ips,
		.nips = OG_COUNT(ips)};
	int rc;

	leaf.not_before = ca.not_before;
	leaf.not_after = ca.not_after;
	rc = og_certs_make_ca(&ca, &s->ca_pem, &s->ca_key, err);
	return rc ? rc
		  : og_certs_make_leaf(og_buf_view(&s->ca_pem), og_buf_view(&s->ca_key), &leaf,
			    &s->cert_pem, &s->key_pem, err);
}

/* Client certificates of our CA are known, others refused, none is fine. */
static bool trust_clients(struct og_sim *s)
{
	BIO *b = BIO_new_mem_buf(s->ca_pem.p, (int)s->ca_pem.len);
	X509 *ca = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	bool ok = ca && X509_STORE_add_cert(SSL_CTX_get_cert_store(s->tls), ca) == 1;

	X509_free(ca);
	BIO_free(b);
	/* what og_certs makes is for servers */
	X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(s->tls), X509_PURPOSE_ANY);
	SSL_CTX_set_verify(s->tls, SSL_VERIFY_PEER, NULL);
	return ok;
}

int og_sim_client_cert(struct og_sim *s, const char *user, struct og_buf *cert, struct og_buf *key,
	struct og_err *err)
{
	static const char *const dns[] = {"client.invalid"};
	int64_t now = (int64_t)time(NULL);
	struct og_leaf_opts leaf = {.common_name = user, .dns_names = dns, .ndns = 1};

	leaf.not_before = now - 3600;
	leaf.not_after = now + 86400;
	return og_certs_make_leaf(
		og_buf_view(&s->ca_pem), og_buf_view(&s->ca_key), &leaf, cert, key, err);
}

static int make_tls(struct og_sim *s, struct og_err *err)
{
	BIO *c = BIO_new_mem_buf(s->cert_pem.p, (int)s->cert_pem.len);
	BIO *k = BIO_new_mem_buf(s->key_pem.p, (int)s->key_pem.len);
	X509 *cert = c ? PEM_read_bio_X509(c, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = k ? PEM_read_bio_PrivateKey(k, NULL, NULL, NULL) : NULL;
	bool ok;

	s->tls = SSL_CTX_new(TLS_server_method());
	ok = s->tls && cert && key && SSL_CTX_use_certificate(s->tls, cert) == 1 &&
	     SSL_CTX_use_PrivateKey(s->tls, key) == 1;
	if (ok) {
		SSL_CTX_set_min_proto_version(s->tls, TLS1_2_VERSION);
		SSL_CTX_set_alpn_select_cb(s->tls, alpn, NULL);
		SSL_CTX_set_mode(s->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
						 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
						 SSL_MODE_RELEASE_BUFFERS);
		/* every handshake is a whole one, with the client's certificate */
		SSL_CTX_set_session_cache_mode(s->tls, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(s->tls, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(s->tls, 0);
	}
	ok = ok && trust_clients(s);
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(c);
	BIO_free(k);
	return ok ? 0 : og_err_set(err, OG_E_TLS, "server certificate");
}

int sim_tls_init(struct og_sim *s, struct og_err *err)
{
	int rc = make_certs(s, err);

	return rc ? rc : make_tls(s, err);
}
