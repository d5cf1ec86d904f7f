/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates with OpenSSL 3; no deprecated call. */
#include "certs-priv.h"

#include "otelgate/net/certs.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include "otelgate/base/mem.h"

enum { SERIAL_BITS = 127, CN_BYTES = 64, DNS_BYTES = 253 };

/* The library's own words; they name no key material. */
static int tls_err_(struct og_err *err, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return og_err_set(
		err, OG_E_TLS, "%s: %s", what, reason ? reason : "the library gave no reason");
}

static bool set_serial(X509 *x)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
		  !BN_is_zero(n) && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool set_times(X509 *x, int64_t not_before, int64_t not_after)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)not_before) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)not_after);
}

static bool set_cn(X509_NAME *name, const char *cn)
{
	size_t n = strnlen(cn, CN_BYTES);
	return X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, (int)n, -1, 0) == 1;
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool add_general_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
	GENERAL_NAME *gn = value ? GENERAL_NAME_new() : NULL;

	if (!gn) {
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(gn, type, value);
	if (sk_GENERAL_NAME_push(names, gn) > 0)
		return true;
	GENERAL_NAME_free(gn);
	return false;
}

static ASN1_STRING *ascii_string(int type, const void *p, size_t n)
{
	ASN1_STRING *s = ASN1_STRING_type_new(type);
	if (s && ASN1_STRING_set(s, p, (int)n) != 1) {
		ASN1_STRING_free(s);
		return NULL;
	}
	return s;
}

/* Built as objects, not as configuration text: a name cannot smuggle in another field. */
static bool add_sans(X509 *x, const struct og_leaf_opts *o)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok = names != NULL;

	for (size_t i = 0; ok && i < o->ndns; i++)
		ok = add_general_name(names, GEN_DNS,
			ascii_string(V_ASN1_IA5STRING, o->dns_names[i], strlen(o->dns_names[i])));
	for (size_t i = 0; ok && i < o->nips; i++) {
		unsigned char raw[16];
		bool v4 = inet_pton(AF_INET, o->ips[i], raw) == 1;
		ok = (v4 || inet_pton(AF_INET6, o->ips[i], raw) == 1) &&
		     add_general_name(
			     names, GEN_IPADD, ascii_string(V_ASN1_OCTET_STRING, raw, v4 ? 4 : 16));
	}
	ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

static bool append_pem(struct og_buf *b, BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n <= 0)
		return false;
	og_buf_add(b, p, (size_t)n);
	return !b->failed;
}

static bool write_pair(X509 *x, EVP_PKEY *key, struct og_buf *cert_pem, struct og_buf *key_pem)
{
	auto_bio BIO *cert = BIO_new(BIO_s_mem());
	auto_bio BIO *secret = BIO_new(BIO_s_secmem());

	return cert && secret && PEM_write_bio_X509(cert, x) == 1 &&
	       PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	       append_pem(cert_pem, cert) && append_pem(key_pem, secret);
}

int og_certs_make_ca(const struct og_ca_opts *o, struct og_buf *cert_pem, struct og_buf *key_pem,
	struct og_err *err)
{
	if (!o->common_name || !*o->common_name || strlen(o->common_name) > CN_BYTES)
		return og_err_set(
			err, OG_E_INVALID, "a CA needs a name of 1 to %d bytes", CN_BYTES);
	if (o->not_after <= o->not_before)
		return og_err_set(err, OG_E_INVALID, "a certificate that ends before it begins");

	auto_key EVP_PKEY *key = EVP_EC_gen("P-256");
	auto_cert X509 *x = X509_new();
	if (!key || !x || X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) ||
		!set_times(x, o->not_before, o->not_after) ||
		!set_cn(X509_get_subject_name(x), o->common_name) ||
		X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
		X509_set_pubkey(x, key) != 1 ||
		!add_ext(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		!add_ext(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") ||
		!add_ext(x, x, NID_subject_key_identifier, "hash") ||
		X509_sign(x, key, EVP_sha256()) <= 0 || !write_pair(x, key, cert_pem, key_pem))
		return tls_err_(err, "making a CA certificate");
	return 0;
}

static int read_ca(struct og_sv cert_pem, struct og_sv key_pem, X509 **ret_ca, EVP_PKEY **ret_key,
	struct og_err *err)
{
	if (cert_pem.n > INT_MAX || key_pem.n > INT_MAX)
		return og_err_set(err, OG_E_LIMIT, "CA material above 2 GiB");
	auto_bio BIO *cb = BIO_new_mem_buf(cert_pem.p, (int)cert_pem.n);
	auto_bio BIO *kb = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	auto_cert X509 *ca = cb ? PEM_read_bio_X509(cb, NULL, certs_no_passphrase, NULL) : NULL;
	if (!ca)
		return tls_err_(err, "reading the CA certificate");
	auto_key EVP_PKEY *key = kb ? PEM_read_bio_PrivateKey(kb, NULL, certs_no_passphrase, NULL)
				    : NULL;
	if (!key)
		return tls_err_(err, "reading the CA key");
	if (X509_check_ca(ca) != 1)
		return og_err_set(err, OG_E_TLS, "the signing certificate is not a CA");
	if (X509_check_private_key(ca, key) != 1) {
		ERR_clear_error();
		return og_err_set(err, OG_E_TLS, "the CA key belongs to another certificate");
	}
	*ret_ca = og_take(ca);
	*ret_key = og_take(key);
	return 0;
}

static bool dns_name_ok(const char *name)
{
	size_t n = strlen(name);
	char prev = '.';

	if (n == 0 || n > DNS_BYTES)
		return false;
	if (name[0] == '*' && name[1] == '.')
		name += 2;
	for (; *name; prev = *name++) {
		bool alnum = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') ||
			     (*name >= 'A' && *name <= 'Z');
		if (!alnum && *name != '-' && *name != '.' && *name != '_')
			return false;
		if ((*name == '.' || *name == '-') && prev == '.')
			return false;
	}
	return prev != '.' && prev != '-';
}

static int check_names(const struct og_leaf_opts *o, struct og_err *err)
{
	unsigned char raw[16];

	if (o->ndns + o->nips == 0 || o->ndns > OG_CERT_MAX_NAMES || o->nips > OG_CERT_MAX_NAMES)
		return og_err_set(err, OG_E_INVALID, "a server certificate needs 1 to %d names",
			OG_CERT_MAX_NAMES);
	for (size_t i = 0; i < o->ndns; i++)
		if (!dns_name_ok(o->dns_names[i]))
			return og_err_set(
				err, OG_E_INVALID, "\"%.100s\" is not a DNS name", o->dns_names[i]);
	for (size_t i = 0; i < o->nips; i++)
		if (inet_pton(AF_INET, o->ips[i], raw) != 1 &&
			inet_pton(AF_INET6, o->ips[i], raw) != 1)
			return og_err_set(
				err, OG_E_INVALID, "\"%.64s\" is not an IP address", o->ips[i]);
	return 0;
}

static int verify_leaf(
	X509 *leaf, X509 *ca, const struct og_leaf_opts *o, int64_t at, struct og_err *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = store && ctx && X509_STORE_add_cert(store, ca) == 1 &&
		  X509_STORE_CTX_init(ctx, store, leaf, NULL) == 1;
	int code = X509_V_OK;

	if (ok) {
		X509_STORE_CTX_set_time(ctx, 0, (time_t)at);
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
		X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
		ok = X509_verify_cert(ctx) == 1;
		code = X509_STORE_CTX_get_error(ctx);
	}
	for (size_t i = 0; ok && i < o->ndns; i++)
		ok = o->dns_names[i][0] == '*' ||
		     X509_check_host(leaf, o->dns_names[i], 0, 0, NULL) == 1;
	for (size_t i = 0; ok && i < o->nips; i++)
		ok = X509_check_ip_asc(leaf, o->ips[i], 0) == 1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	if (!ok)
		return og_err_set(err, OG_E_TLS, "the new certificate does not verify: %s",
			X509_verify_cert_error_string(code));
	return 0;
}

static int64_t asn1_unix(const ASN1_TIME *t)
{
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

int og_certs_make_leaf(struct og_sv ca_cert_pem, struct og_sv ca_key_pem,
	const struct og_leaf_opts *o, struct og_buf *cert_pem, struct og_buf *key_pem,
	struct og_err *err)
{
	auto_cert X509 *ca = NULL;
	auto_key EVP_PKEY *ca_key = NULL;
	int64_t not_after = o->not_after;
	int r = check_names(o, err);

	if (r == 0)
		r = read_ca(ca_cert_pem, ca_key_pem, &ca, &ca_key, err);
	if (r < 0)
		return r;
	if (not_after > asn1_unix(X509_get0_notAfter(ca)))
		not_after = asn1_unix(X509_get0_notAfter(ca));
	if (not_after <= o->not_before)
		return og_err_set(err, OG_E_TLS,
			"the certificate would end before it begins; has the CA expired?");

	const char *cn = o->common_name ? o->common_name : (o->ndns ? o->dns_names[0] : o->ips[0]);
	auto_key EVP_PKEY *key = EVP_EC_gen("P-256");
	auto_cert X509 *x = X509_new();
	if (!key || !x || X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) ||
		!set_times(x, o->not_before, not_after) || !set_cn(X509_get_subject_name(x), cn) ||
		X509_set_issuer_name(x, X509_get_subject_name(ca)) != 1 ||
		X509_set_pubkey(x, key) != 1 ||
		!add_ext(x, ca, NID_basic_constraints, "critical,CA:FALSE") ||
		!add_ext(x, ca, NID_key_usage, "critical,digitalSignature") ||
		!add_ext(x, ca, NID_ext_key_usage, "serverAuth") ||
		!add_ext(x, ca, NID_subject_key_identifier, "hash") ||
		!add_ext(x, ca, NID_authority_key_identifier, "keyid:always") || !add_sans(x, o) ||
		X509_sign(x, ca_key, EVP_sha256()) <= 0)
		return tls_err_(err, "making a server certificate");
	int64_t at = o->not_before + (not_after - o->not_before) / 2;
	if (at < asn1_unix(X509_get0_notBefore(ca)))
		at = asn1_unix(X509_get0_notBefore(ca));
	r = verify_leaf(x, ca, o, at, err);
	if (r == 0 && !write_pair(x, key, cert_pem, key_pem))
		r = tls_err_(err, "writing a server certificate");
	return r;
}

int og_certs_service_names(const char *service, const char *ns, const char *domain, char *buf,
	size_t size, const char *ret_names[OG_CERT_SERVICE_NAMES], struct og_err *err)
{
	const char *names[OG_CERT_SERVICE_NAMES];
	size_t at = 0;

	for (int i = 0; i < OG_CERT_SERVICE_NAMES; i++) {
		int n = snprintf(buf + at, size - at, "%s%s%s%s%s%s", service, i > 0 ? "." : "",
			i > 0 ? ns : "", i > 1 ? ".svc" : "", i > 2 ? "." : "",
			i > 2 ? domain : "");
		if (n < 0 || (size_t)n >= size - at)
			return og_err_set(err, OG_E_LIMIT, "the service's names are too long");
		names[i] = buf + at;
		at += (size_t)n + 1;
		if (!dns_name_ok(names[i]))
			return og_err_set(
				err, OG_E_INVALID, "\"%.100s\" is not a DNS name", names[i]);
	}
	for (int i = 0; i < OG_CERT_SERVICE_NAMES; i++)
		ret_names[i] = names[i];
	return 0;
}
