/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake that goes on whatever the certificate is, and says afterwards what is wrong with it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/epoll.h>
#include "dial-priv.h"
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"

void dial_hush(struct dial_hush *h)
{
	sigset_t set;

	(void)sigpending(&set);
	h->pending = sigismember(&set, SIGPIPE) == 1;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &set, &h->before);
}

void dial_unhush(const struct dial_hush *h)
{
	const struct timespec now = {0};
	sigset_t set;
	int saved = errno;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	while (!h->pending && sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
		;
	(void)pthread_sigmask(SIG_SETMASK, &h->before, NULL);
	errno = saved;
}

static bool is_address(const char *s)
{
	unsigned char raw[16];
	return inet_pton(AF_INET, s, raw) == 1 || inet_pton(AF_INET6, s, raw) == 1;
}

static BIO *reader(struct og_sv s)
{
	return s.n <= INT32_MAX ? BIO_new_mem_buf(s.p, (int)s.n) : NULL;
}

/* All certificates of the text; false when there is none. */
static bool trust(SSL_CTX *ctx, struct og_sv pem)
{
	BIO *bio = reader(pem);
	unsigned n = 0;

	for (X509 *x; bio && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)); X509_free(x))
		n += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1;
	BIO_free(bio);
	ERR_clear_error();
	return n > 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's pem_password_cb */
static int no_passphrase(char *buf, int size, int rw, void *ctx)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)ctx;
	return 0;
}

static bool identify(SSL_CTX *ctx, const struct og_dial *d)
{
	BIO *bio = reader(d->req.cert_pem);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool ok = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (SSL_CTX_add_extra_chain_cert(ctx, x) != 1) { /* takes it over */
			X509_free(x);
			ok = false;
		}
	BIO_free(bio);
	bio = og_secret_is_set(&d->key)
		      ? reader(og_sv(og_secret_expose(&d->key), og_secret_len(&d->key)))
		      : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	ok = ok && key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

static bool set_up(struct og_dial *d)
{
	static const unsigned char h1[] = "\x08http/1.1", h2[] = "\x02h2";
	const unsigned char *alpn = d->req.h2 ? h2 : h1;
	unsigned nalpn = d->req.h2 ? sizeof(h2) - 1 : sizeof(h1) - 1;

	d->ssl = SSL_new(d->ctx);
	if (!d->ssl || SSL_set_fd(d->ssl, d->fd) != 1 ||
		SSL_set_alpn_protos(d->ssl, alpn, nalpn) != 0)
		return false;
	X509_VERIFY_PARAM *v = SSL_get0_param(d->ssl);
	SSL_set_connect_state(d->ssl);
	SSL_set_mode(d->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (is_address(d->verify))
		return X509_VERIFY_PARAM_set1_ip_asc(v, d->verify) == 1;
	return X509_VERIFY_PARAM_set1_host(v, d->verify, 0) == 1 &&
	       SSL_set_tlsext_host_name(d->ssl, d->verify) == 1;
}

bool dial_tls_begin(struct og_dial *d)
{
	ERR_clear_error();
	d->ctx = SSL_CTX_new(TLS_client_method());
	if (!d->ctx || SSL_CTX_set_min_proto_version(d->ctx, TLS1_2_VERSION) != 1) {
		dial_fail(d, OG_DIAL_LOCAL, "no memory for TLS");
		return false;
	}
	/* looked at afterwards, so that the certificate can be shown */
	SSL_CTX_set_verify(d->ctx, SSL_VERIFY_NONE, NULL);
	if (d->req.ca_pem.n ? !trust(d->ctx, d->req.ca_pem)
			    : SSL_CTX_set_default_verify_paths(d->ctx) != 1) {
		dial_fail(d, OG_DIAL_LOCAL, "the CA certificates to verify %s with cannot be read",
			d->req.host);
		return false;
	}
	if (d->req.cert_pem.n && !identify(d->ctx, d)) {
		dial_fail(d, OG_DIAL_CLIENT_CERT,
			"the client certificate or its key for %s cannot be used", d->req.host);
		return false;
	}
	if (!set_up(d)) {
		dial_fail(d, OG_DIAL_LOCAL, "no memory for TLS");
		return false;
	}
	return true;
}

void dial_tls_fini(struct og_dial *d)
{
	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	d->ssl = NULL;
	d->ctx = NULL;
}

/* ---- what was shown ---- */

static void put_name(X509_NAME *n, char *out, size_t size)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;

	*out = '\0';
	if (b && X509_NAME_print_ex(b, n, 0, XN_FLAG_RFC2253) >= 0) {
		long len = BIO_get_mem_data(b, &p);
		(void)snprintf(out, size, "%.*s", (int)(len > 0 ? len : 0), p ? p : "");
	}
	BIO_free(b);
	for (char *c = out; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm = {.tm_sec = 0};
	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void add_name(char *out, size_t size, const char *p, int n)
{
	size_t used = strlen(out);

	if (n <= 0 || used + (size_t)n + 2 > size)
		return;
	(void)snprintf(out + used, size - used, "%s%.*s", used ? " " : "", n, p);
	for (char *c = out + used; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static void put_names(X509 *x, char *out, size_t size)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; all && i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
		char text[INET6_ADDRSTRLEN] = "";
		if (g->type == GEN_DNS) {
			add_name(out, size, (const char *)ASN1_STRING_get0_data(g->d.dNSName),
				ASN1_STRING_length(g->d.dNSName));
		} else if (g->type == GEN_IPADD) {
			int len = ASN1_STRING_length(g->d.iPAddress);
			if ((len == 4 || len == 16) &&
				inet_ntop(len == 4 ? AF_INET : AF_INET6,
					ASN1_STRING_get0_data(g->d.iPAddress), text, sizeof(text)))
				add_name(out, size, text, (int)strlen(text));
		}
	}
	GENERAL_NAMES_free(all);
}

static void look_at(struct og_dial *d)
{
	struct og_dial_cert *c = &d->r.cert;
	X509 *x = SSL_get1_peer_certificate(d->ssl);
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!x)
		return;
	c->present = true;
	put_name(X509_get_subject_name(x), c->subject, sizeof(c->subject));
	put_name(X509_get_issuer_name(x), c->issuer, sizeof(c->issuer));
	put_names(x, c->names, sizeof(c->names));
	c->not_before = seconds_of(X509_get0_notBefore(x));
	c->not_after = seconds_of(X509_get0_notAfter(x));
	if (X509_digest(x, EVP_sha256(), raw, &n) == 1 && n == OG_SHA256_BYTES)
		og_hex(c->sha256, raw, n);
	X509_free(x);
}

/* ---- what is wrong ---- */

static enum og_dial_why judge(long v)
{
	switch (v) {
	case X509_V_OK:
		return OG_DIAL_OK;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return OG_DIAL_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return OG_DIAL_CERT_NOT_YET;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return OG_DIAL_CERT_HOST;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return OG_DIAL_CERT_UNKNOWN_CA;
	default:
		return OG_DIAL_CERT_OTHER;
	}
}

static void refuse(struct og_dial *d, enum og_dial_why why, long v)
{
	const char *h = d->req.host;

	if (why == OG_DIAL_CERT_EXPIRED)
		dial_fail(d, why, "the certificate of %s has expired", h);
	else if (why == OG_DIAL_CERT_NOT_YET)
		dial_fail(d, why, "the certificate of %s is not valid yet", h);
	else if (why == OG_DIAL_CERT_HOST)
		dial_fail(d, why, "the certificate of %s is not for \"%s\"", h, d->verify);
	else if (why == OG_DIAL_CERT_UNKNOWN_CA)
		dial_fail(d, why,
			"the certificate of %s is not signed by a CA that is trusted (%s)", h,
			X509_verify_cert_error_string(v));
	else
		dial_fail(d, why, "the certificate of %s is refused: %s", h,
			X509_verify_cert_error_string(v));
}

static void succeeded(struct og_dial *d)
{
	const unsigned char *p = NULL;
	unsigned n = 0;
	long v = SSL_get_verify_result(d->ssl);

	(void)snprintf(d->r.tls_version, sizeof(d->r.tls_version), "%s", SSL_get_version(d->ssl));
	SSL_get0_alpn_selected(d->ssl, &p, &n);
	(void)snprintf(d->r.alpn, sizeof(d->r.alpn), "%.*s", (int)n, p ? (const char *)p : "");
	look_at(d);
	enum og_dial_why why = d->req.insecure ? OG_DIAL_OK : judge(v);
	if (why != OG_DIAL_OK)
		refuse(d, why, v);
	else
		dial_step_done(d);
}

static bool is_plaintext(int reason)
{
	return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
	       reason == SSL_R_HTTP_REQUEST || reason == SSL_R_UNEXPECTED_MESSAGE ||
	       reason == SSL_R_RECORD_LENGTH_MISMATCH || reason == SSL_R_BAD_RECORD_TYPE;
}

static bool wants_client(int reason)
{
	return reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED ||
	       reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
	       reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
	       reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED ||
	       reason == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN;
}

static void failed(struct og_dial *d, int error)
{
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);
	const char *h = d->req.host, *text = e ? ERR_reason_error_string(e) : NULL;

	look_at(d);
	if (e && ERR_GET_LIB(e) == ERR_LIB_SSL && is_plaintext(reason))
		dial_fail(d, OG_DIAL_PLAINTEXT, "%s:%u does not speak TLS", h, d->req.port);
	else if (e && ERR_GET_LIB(e) == ERR_LIB_SSL && wants_client(reason))
		dial_fail(d, OG_DIAL_CLIENT_CERT, "%s refuses %s (%s)", h,
			d->req.cert_pem.n ? "the client certificate"
					  : "a client without a certificate",
			text ? text : "no reason");
	else if (e && reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)
		dial_fail(d, OG_DIAL_NO_PROTOCOL, "%s does not speak %s", h,
			d->req.h2 ? "HTTP/2" : "HTTP/1.1");
	else if (error == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		dial_fail(d, OG_DIAL_CUT, "%s:%u ends the connection within the TLS handshake", h,
			d->req.port);
	else
		dial_fail(d, OG_DIAL_TLS_OTHER, "the TLS handshake with %s fails: %s", h,
			text ? text : "no reason is given");
}

void dial_tls_go(struct og_dial *d)
{
	struct dial_hush hush;

	ERR_clear_error();
	dial_hush(&hush);
	int r = SSL_do_handshake(d->ssl);
	dial_unhush(&hush);
	int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(d->ssl, r);

	if (r == 1)
		succeeded(d);
	else if (error == SSL_ERROR_WANT_READ)
		(void)dial_want(d, EPOLLIN);
	else if (error == SSL_ERROR_WANT_WRITE)
		(void)dial_want(d, EPOLLOUT);
	else
		failed(d, error);
	ERR_clear_error();
}
