/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at CA certificates and keys that someone else may have written. */
#include "certs-priv.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"

/* A CA is some 700 bytes; far above that it is nothing a server certificate hangs on. */
enum { PEM_BYTES = 256 << 10 };

static X509 *read_cert(struct og_sv pem, struct og_err *err)
{
	if (!pem.n || pem.n > PEM_BYTES) {
		og_err_set(err, OG_E_TLS,
			pem.n ? "the certificate's text is above %d KiB"
			      : "it is empty (0 of %d KiB)",
			PEM_BYTES >> 10);
		return NULL;
	}
	auto_bio BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = b ? PEM_read_bio_X509(b, NULL, certs_no_passphrase, NULL) : NULL;
	ERR_clear_error();
	if (!x)
		og_err_set(err, OG_E_TLS, "there is no certificate in PEM form in it");
	return x;
}

static bool unix_time(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = (int64_t)timegm(&tm);
	return true;
}

static bool put_pem(X509 *x, struct og_buf *out)
{
	auto_bio BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;

	if (!b || PEM_write_bio_X509(b, x) != 1)
		return false;
	long n = BIO_get_mem_data(b, &p);
	if (n > 0)
		og_buf_add(out, p, (size_t)n);
	return n > 0 && !out->failed;
}

int og_certs_inspect_ca(
	struct og_sv cert_pem, struct og_ca_info *ret, struct og_buf *ret_pem, struct og_err *err)
{
	auto_cert X509 *x = read_cert(cert_pem, err);
	unsigned char md[OG_SHA256_BYTES];
	struct og_ca_info got;
	unsigned n = 0;

	if (!x)
		return -OG_E_TLS;
	if (X509_check_ca(x) != 1) {
		ERR_clear_error();
		return og_err_set(err, OG_E_TLS, "the certificate is not a CA");
	}
	if (!unix_time(X509_get0_notBefore(x), &got.not_before) ||
		!unix_time(X509_get0_notAfter(x), &got.not_after) ||
		X509_digest(x, EVP_sha256(), md, &n) != 1 || n != sizeof(md)) {
		ERR_clear_error();
		return og_err_set(err, OG_E_TLS, "the certificate cannot be read whole");
	}
	og_hex(got.id, md, sizeof(md));
	if (ret_pem && !put_pem(x, ret_pem)) {
		ERR_clear_error();
		return og_err_set(err, OG_E_OOM, "no memory for a certificate");
	}
	*ret = got;
	return 0;
}

int og_certs_match_key(struct og_sv cert_pem, struct og_sv key_pem, struct og_err *err)
{
	auto_cert X509 *x = read_cert(cert_pem, err);

	if (!x)
		return -OG_E_TLS;
	if (!key_pem.n || key_pem.n > PEM_BYTES)
		return og_err_set(err, OG_E_TLS, "the key is missing");
	auto_bio BIO *b = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	auto_key EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, certs_no_passphrase, NULL)
				   : NULL;
	ERR_clear_error();
	if (!key)
		return og_err_set(err, OG_E_TLS, "there is no private key in PEM form in it");
	bool same = X509_check_private_key(x, key) == 1;
	ERR_clear_error();
	return same ? 0 : og_err_set(err, OG_E_TLS, "the key belongs to another certificate");
}
