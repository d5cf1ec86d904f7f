/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into PEM and tokens before they are used, so that the error names where they came from.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "otelgate/kube/kubeconfig.h"

/* OpenSSL would ask on the terminal. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type of OpenSSL's pem_password_cb */
static int no_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

int og_kube_token_check(struct og_sv token, const char *what, struct og_err *err)
{
	if (!token.n)
		return og_err_set(err, OG_E_CONFIG, "%s is empty", what);
	if (token.n > OG_KUBE_TOKEN_BYTES)
		return og_err_set(err, OG_E_LIMIT, "%s is longer than %d bytes, which is no token",
			what, OG_KUBE_TOKEN_BYTES);
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] > '~')
			return og_err_set(err, OG_E_CONFIG,
				"%s holds a blank, line end or other character that no token has "
				"(byte %zu)",
				what, i + 1);
	return 0;
}

static BIO *open_pem(struct og_sv pem, const char *what, struct og_err *err)
{
	ERR_clear_error();
	if (pem.n > OG_KUBE_PEM_BYTES) {
		og_err_set(err, OG_E_LIMIT, "%s is larger than %d bytes", what, OG_KUBE_PEM_BYTES);
		return NULL;
	}
	BIO *bio = BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
	if (!bio)
		og_err_set(err, OG_E_OOM, "out of memory while reading %s", what);
	return bio;
}

/* Go skips what is not a certificate (x509.CertPool.AppendCertsFromPEM). */
int og_kube_ca_check(struct og_sv pem, const char *what, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	err = err ? err : &own;
	BIO *bio = open_pem(pem, what, err);
	if (!bio)
		return -(int)err->code;
	bool asked = false, found = false;
	while (!found && !BIO_eof(bio)) {
		X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, &asked);
		found = x != NULL;
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (found)
		return 0;
	return og_err_set(err, OG_E_CONFIG,
		"%s holds no certificate (PEM text that begins with -----BEGIN CERTIFICATE-----)",
		what);
}

static int check_key(struct og_sv key_pem, X509 *leaf, const char *what, struct og_err *err)
{
	BIO *bio = open_pem(key_pem, what, err);
	if (!bio)
		return -(int)err->code;
	bool asked = false;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	BIO_free(bio);
	int rc = 0;
	if (!key && asked)
		rc = og_err_set(err, OG_E_UNSUPPORTED,
			"the key of %s has a passphrase: write it without one (openssl pkey -in KEY "
			"-out NEW)",
			what);
	else if (!key)
		rc = og_err_set(
			err, OG_E_CONFIG, "the key of %s is not a private key in PEM", what);
	else if (X509_check_private_key(leaf, key) != 1)
		rc = og_err_set(
			err, OG_E_CONFIG, "the key of %s belongs to another certificate", what);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}

int og_kube_pair_check(
	struct og_sv cert_pem, struct og_sv key_pem, const char *what, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	err = err ? err : &own;
	BIO *bio = open_pem(cert_pem, what, err);
	if (!bio)
		return -(int)err->code;
	bool asked = false;
	X509 *leaf = PEM_read_bio_X509(bio, NULL, no_passphrase, &asked);
	BIO_free(bio);
	ERR_clear_error();
	if (!leaf)
		return og_err_set(err, OG_E_CONFIG, "%s is not a certificate in PEM", what);
	int rc = check_key(key_pem, leaf, what, err);
	X509_free(leaf);
	return rc;
}
