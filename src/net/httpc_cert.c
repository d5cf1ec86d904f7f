/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection's TLS is told beside its keys: which certificate it was that was not trusted is
 * to be known, since whoever has to mend it looks for its name, and nothing is to stay in its
 * buffers. */
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include "httpc-priv.h"
#include "otelgate/base/mem.h"

static int ctx_index = -1;

static void make_index(void)
{
	ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Printable ASCII alone: a certificate holds what its maker wrote. */
static void put_name(struct og_buf *b, const X509_NAME *name)
{
	char text[160] = "";

	(void)X509_NAME_oneline(name, text, sizeof(text));
	for (const char *p = text; *p; p++)
		og_buf_ch(b, *p >= ' ' && *p < 0x7f ? *p : '?');
}

/* The first that fails is the one; nothing is decided here. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct og_httpc_call *call = ssl ? SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index)
					 : NULL;
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	og_auto_buf struct og_buf b = OG_BUF_INIT(sizeof(call->cert));

	if (ok || !call || !cert || call->cert[0])
		return ok;
	put_name(&b, X509_get_subject_name(cert));
	og_buf_lit(&b, ", signed by ");
	put_name(&b, X509_get_issuer_name(cert));
	if (!b.failed && b.len < sizeof(call->cert))
		memcpy(call->cert, b.p, b.len + 1);
	return ok;
}

/* The connection outlives the call that has opened it, and its server may shake hands again. */
static void on_info(const SSL *ssl, int where, int ret)
{
	(void)ret;
	if (where & SSL_CB_HANDSHAKE_DONE)
		(void)SSL_CTX_set_ex_data(SSL_get_SSL_CTX(ssl), ctx_index, NULL);
}

/*
 * A record is decrypted where it was received, in a buffer that lives as long as its connection: an
 * answer of less than 16 KiB would stay there until the next one is written over its beginning.
 * libcurl 7.88 had OpenSSL give the buffer back after each record (and what OpenSSL gives back is
 * wiped, httpc_global.c); later ones do not, github.com/curl/curl/pull/13203. What was read is
 * wiped in the buffer as well, which does not depend on whose allocator OpenSSL has.
 */
static void leave_nothing(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT);
}

static CURLcode on_context(CURL *easy, void *context, void *ctx)
{
	(void)easy;
	leave_nothing(context);
	if (SSL_CTX_get_verify_mode(context) == SSL_VERIFY_NONE || ctx_index < 0 ||
		SSL_CTX_set_ex_data(context, ctx_index, ctx) != 1)
		return CURLE_OK;
	SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), on_verify);
	SSL_CTX_set_info_callback(context, on_info);
	return CURLE_OK;
}

CURLcode httpc_set_context(struct og_httpc_call *call)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CURLcode rc;

	(void)pthread_once(&once, make_index);
	call->cert[0] = '\0';
	rc = curl(easy_setopt)(call->easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
	if (rc == CURLE_OK)
		rc = curl(easy_setopt)(call->easy, CURLOPT_SSL_CTX_DATA, call);
	return rc;
}
