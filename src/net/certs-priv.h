/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* OpenSSL's objects that end with their scope. */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static inline void free_key(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}
static inline void free_cert(X509 **p)
{
	X509_free(*p);
}
static inline void free_bio(BIO **p)
{
	BIO_free(*p);
}
#define auto_key  __attribute__((cleanup(free_key)))
#define auto_cert __attribute__((cleanup(free_cert)))
#define auto_bio  __attribute__((cleanup(free_bio)))

/* Keys with a passphrase are refused, not asked for. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type of OpenSSL's pem_password_cb */
static inline int certs_no_passphrase(char *buf, int size, int rwflag, void *u)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)u;
	return -1;
}
