/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and judging a certificate chain and its key. */
#include "otelgate/net/tlspair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"

enum { RSA_MIN_BITS = 2048, EC_MIN_BITS = 256, SOON = 86400 };

struct chain {
	X509 *x[OG_TLS_PAIR_CHAIN];
	unsigned n;
};

static void chain_fini(struct chain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		X509_free(c->x[i]);
	c->n = 0;
	ERR_clear_error();
}

static void warn(struct og_tls_pair *p, const char *text)
{
	if (p->nwarnings < OG_TLS_PAIR_WARNINGS)
		(void)snprintf(p->warnings[p->nwarnings++], sizeof(p->warnings[0]), "%s", text);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type of OpenSSL's pem_password_cb */
static int no_passphrase(char *buf, int size, int rwflag, void *asked)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)asked = true;
	return -1;
}

static int read_chain(struct chain *c, struct og_sv pem, struct og_err *err)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	bool asked = false;
	int r = 0;

	if (!bio)
		return og_err_set(err, OG_E_OOM, "reading a certificate");
	for (;;) {
		X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, &asked);
		unsigned long e = ERR_peek_last_error();
		ERR_clear_error();
		if (!x && c->n > 0 && ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
			break;
		if (!x) {
			r = og_err_set(err, OG_E_TLS,
				c->n ? "certificate %u of the file is damaged"
				     : "certificate %u is missing or damaged; expected PEM "
				       "(-----BEGIN CERTIFICATE-----)",
				c->n + 1);
			break;
		}
		if (c->n == OG_TLS_PAIR_CHAIN) {
			X509_free(x);
			r = og_err_set(err, OG_E_LIMIT, "more than %d certificates in the chain",
				OG_TLS_PAIR_CHAIN);
			break;
		}
		c->x[c->n++] = x;
	}
	BIO_free(bio);
	return r;
}

static int read_key(EVP_PKEY **ret, struct og_sv pem, struct og_err *err)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	bool asked = false;

	if (!bio)
		return og_err_set(err, OG_E_OOM, "reading a key");
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	BIO_free(bio);
	ERR_clear_error();
	if (key) {
		*ret = key;
		return 0;
	}
	return og_err_set(err, OG_E_TLS,
		asked ? "the key is protected by a passphrase; provide it unencrypted"
		      : "the key is missing or damaged; expected PEM (-----BEGIN PRIVATE KEY-----)");
}

static int check_key_size(const X509 *x, unsigned at, struct og_err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	int bits = key ? EVP_PKEY_get_bits(key) : 0;

	if (type == EVP_PKEY_RSA && bits < RSA_MIN_BITS)
		return og_err_set(err, OG_E_TLS,
			"certificate %u has an RSA key of %d bits; clients want %d or more", at + 1,
			bits, RSA_MIN_BITS);
	if (type == EVP_PKEY_EC && bits < EC_MIN_BITS)
		return og_err_set(err, OG_E_TLS,
			"certificate %u has an EC key of %d bits; clients want %d or more", at + 1,
			bits, EC_MIN_BITS);
	if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC && type != EVP_PKEY_ED25519)
		return og_err_set(err, OG_E_TLS,
			"certificate %u has a key that is neither RSA, EC nor Ed25519", at + 1);
	return 0;
}

/* The signature on a self-signed root is never checked by anyone. */
static int check_digest(X509 *x, unsigned at, struct og_err *err)
{
	int digest = NID_undef;

	if (X509_get_extension_flags(x) & EXFLAG_SS)
		return 0;
	if (X509_get_signature_info(x, &digest, NULL, NULL, NULL) != 1)
		return og_err_set(
			err, OG_E_TLS, "certificate %u has an unknown signature type", at + 1);
	if (digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1)
		return og_err_set(err, OG_E_TLS,
			"certificate %u is signed with %s, which clients reject; use SHA-256",
			at + 1, OBJ_nid2sn(digest));
	return 0;
}

static int check_chain(const struct chain *c, struct og_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < c->n && r == 0; i++) {
		r = check_key_size(c->x[i], i, err);
		if (r == 0)
			r = check_digest(c->x[i], i, err);
	}
	for (unsigned i = 0; i + 1 < c->n && r == 0; i++) {
		EVP_PKEY *issuer = X509_get0_pubkey(c->x[i + 1]);
		if (X509_check_issued(c->x[i + 1], c->x[i]) != X509_V_OK ||
			X509_verify(c->x[i], issuer) != 1)
			r = og_err_set(err, OG_E_TLS,
				"the chain is out of order: certificate %u is not signed by "
				"certificate %u; put the server's first, then each issuer",
				i + 1, i + 2);
	}
	return r;
}

static int check_leaf(struct og_tls_pair *p, X509 *leaf, EVP_PKEY *key, struct og_err *err)
{
	uint32_t flags = X509_get_extension_flags(leaf);
	/* A self-signed server certificate may call itself a CA (so does `openssl req -x509`). */
	bool self_signed = flags & EXFLAG_SS;

	if (X509_check_private_key(leaf, key) != 1)
		return og_err_set(err, OG_E_TLS,
			"the key does not belong to the first certificate of the file");
	if (flags & EXFLAG_INVALID)
		return og_err_set(err, OG_E_TLS, "the certificate has invalid extensions");
	if ((flags & EXFLAG_CA) && !self_signed)
		return og_err_set(err, OG_E_TLS,
			"the first certificate is a CA; put the server's certificate first");
	if ((flags & EXFLAG_XKUSAGE) &&
		!(X509_get_extended_key_usage(leaf) & (XKU_SSL_SERVER | XKU_ANYEKU)))
		return og_err_set(
			err, OG_E_TLS, "the certificate is not meant for servers (no serverAuth)");
	if (p->names.len == 0)
		return og_err_set(err, OG_E_TLS,
			"the certificate has no subject alternative name; clients ignore the "
			"common name");
	return 0;
}

static bool read_names(struct og_tls_pair *p, X509 *leaf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	char text[INET6_ADDRSTRLEN];

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(names, i);
		if (gn->type == GEN_DNS) {
			const char *s = (const char *)ASN1_STRING_get0_data(gn->d.dNSName);
			size_t n = (size_t)ASN1_STRING_length(gn->d.dNSName);
			if (memchr(s, 0, n) || memchr(s, '\n', n))
				continue;
			og_buf_add(&p->names, s, n);
			og_buf_ch(&p->names, '\n');
		} else if (gn->type == GEN_IPADD) {
			int n = ASN1_STRING_length(gn->d.iPAddress);
			if ((n == 4 || n == 16) &&
				inet_ntop(n == 4 ? AF_INET : AF_INET6,
					ASN1_STRING_get0_data(gn->d.iPAddress), text, sizeof(text)))
				og_buf_fmt(&p->names, "%s\n", text);
		}
	}
	GENERAL_NAMES_free(names);
	return !p->names.failed;
}

static int64_t asn1_unix(const ASN1_TIME *t)
{
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void describe_key(struct og_tls_pair *p, EVP_PKEY *key)
{
	char group[24] = "";
	size_t n = 0;
	int type = EVP_PKEY_get_base_id(key), bits = EVP_PKEY_get_bits(key);

	if (type == EVP_PKEY_EC) {
		(void)EVP_PKEY_get_group_name(key, group, sizeof(group), &n);
		(void)snprintf(p->key_type, sizeof(p->key_type), "EC %s",
			strcmp(group, "prime256v1") == 0  ? "P-256"
			: strcmp(group, "secp384r1") == 0 ? "P-384"
			: strcmp(group, "secp521r1") == 0 ? "P-521"
							  : group);
		return;
	}
	(void)snprintf(p->key_type, sizeof(p->key_type), "%s %d",
		type == EVP_PKEY_RSA ? "RSA" : "Ed25519", bits);
	if (type == EVP_PKEY_RSA)
		warn(p, "an RSA key makes handshakes four times slower than EC P-256");
	else
		warn(p, "not every client supports Ed25519; EC P-256 is safe");
}

static void describe_leaf(struct og_tls_pair *p, X509 *leaf, int64_t now)
{
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
	char *hex = serial ? BN_bn2hex(serial) : NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	(void)snprintf(p->serial, sizeof(p->serial), "%s", hex ? hex : "");
	for (char *c = p->serial; *c; c++)
		*c = *c >= 'A' && *c <= 'F' ? (char)(*c + 32) : *c;
	OPENSSL_free(hex);
	BN_free(serial);
	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(leaf), 0, XN_FLAG_RFC2253) >= 0) {
		n = BIO_read(bio, p->subject, sizeof(p->subject) - 1);
		p->subject[n > 0 ? n : 0] = '\0';
	}
	BIO_free(bio);
	p->not_before = asn1_unix(X509_get0_notBefore(leaf));
	p->not_after = asn1_unix(X509_get0_notAfter(leaf));
	if (now >= p->not_after)
		warn(p, "the certificate has expired; clients will refuse it");
	else if (p->not_after - now < SOON)
		warn(p, "the certificate expires within a day");
	if (now < p->not_before)
		warn(p, "the certificate is not valid yet; clients will refuse it");
}

static bool hash_pair(struct og_tls_pair *p, struct og_sv cert, struct og_sv key)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	uint64_t lengths[2] = {cert.n, key.n};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, lengths, sizeof(lengths)) == 1 &&
		  EVP_DigestUpdate(ctx, cert.p, cert.n) == 1 &&
		  EVP_DigestUpdate(ctx, key.p, key.n) == 1 && EVP_DigestFinal_ex(ctx, md, &n) == 1;

	EVP_MD_CTX_free(ctx);
	for (unsigned i = 0; ok && i < n; i++)
		(void)snprintf(p->hash + 2 * (size_t)i, 3, "%02x", md[i]);
	return ok;
}

static int judge(struct og_tls_pair *p, struct chain *chain, int64_t now, struct og_err *err)
{
	EVP_PKEY *key = NULL;
	struct og_sv cert_pem = og_buf_view(&p->cert_pem), key_pem = og_buf_view(&p->key_pem);
	int r = read_chain(chain, cert_pem, err);

	if (r == 0)
		r = read_key(&key, key_pem, err);
	if (r == 0 && (!read_names(p, chain->x[0]) || !hash_pair(p, cert_pem, key_pem)))
		r = og_err_set(err, OG_E_OOM, "reading a certificate");
	if (r == 0)
		r = check_leaf(p, chain->x[0], key, err);
	if (r == 0)
		r = check_chain(chain, err);
	if (r == 0) {
		p->chain_len = chain->n;
		describe_leaf(p, chain->x[0], now);
		describe_key(p, key);
	}
	EVP_PKEY_free(key);
	return r;
}

static void pair_init(struct og_tls_pair *p)
{
	memset(p, 0, sizeof(*p));
	og_buf_init(&p->cert_pem, OG_TLS_PAIR_CERT_BYTES);
	og_buf_init(&p->key_pem, OG_TLS_PAIR_KEY_BYTES);
	og_buf_init(&p->names, OG_TLS_PAIR_CERT_BYTES);
}

void og_tls_pair_fini(struct og_tls_pair *p)
{
	og_buf_wipe(&p->key_pem);
	og_buf_fini(&p->cert_pem);
	og_buf_fini(&p->names);
	memset(p, 0, sizeof(*p));
}

static int parse_filled(struct og_tls_pair *p, int64_t now, struct og_err *err)
{
	struct chain chain __attribute__((cleanup(chain_fini))) = {.n = 0};
	int r = judge(p, &chain, now, err);
	if (r < 0)
		og_tls_pair_fini(p);
	return r;
}

int og_tls_pair_parse(struct og_tls_pair *ret, struct og_sv cert_pem, struct og_sv key_pem,
	int64_t now, struct og_err *err)
{
	pair_init(ret);
	if (cert_pem.n > OG_TLS_PAIR_CERT_BYTES || key_pem.n > OG_TLS_PAIR_KEY_BYTES)
		return og_err_set(err, OG_E_LIMIT, "certificate or key is larger than %d KiB",
			OG_TLS_PAIR_CERT_BYTES >> 10);
	/* Reserved at once, so that no grown-out-of copy of the key stays behind in the heap. */
	if (!og_buf_reserve(&ret->cert_pem, cert_pem.n) ||
		!og_buf_reserve(&ret->key_pem, key_pem.n)) {
		og_tls_pair_fini(ret);
		return og_err_set(err, OG_E_OOM, "reading a certificate");
	}
	og_buf_sv(&ret->cert_pem, cert_pem);
	og_buf_sv(&ret->key_pem, key_pem);
	return parse_filled(ret, now, err);
}

static int read_file(struct og_buf *b, const char *path, size_t max, struct og_err *err)
{
	struct stat st;
	og_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return og_err_sys(err, errno, "opening %s", path);
	if (fstat(fd, &st) < 0)
		return og_err_sys(err, errno, "looking at %s", path);
	if (!S_ISREG(st.st_mode))
		return og_err_set(err, OG_E_INVALID, "%s is not a regular file", path);
	if (st.st_size < 0 || (uintmax_t)st.st_size > max)
		return og_err_set(err, OG_E_LIMIT, "%s is larger than %zu KiB", path, max >> 10);
	size_t size = (size_t)st.st_size;
	if (!og_buf_reserve(b, size))
		return og_err_set(err, OG_E_OOM, "reading %s", path);
	while (b->len < size) {
		ssize_t n = read(fd, b->p + b->len, size - b->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return og_err_sys(err, errno, "reading %s", path);
		if (n == 0)
			break; /* it shrank; what is left is judged as it is */
		b->len += (size_t)n;
	}
	b->p[b->len] = '\0';
	return 0;
}

int og_tls_pair_load(struct og_tls_pair *ret, const char *cert_path, const char *key_path,
	int64_t now, struct og_err *err)
{
	int r;

	pair_init(ret);
	r = read_file(&ret->cert_pem, cert_path, OG_TLS_PAIR_CERT_BYTES, err);
	if (r == 0)
		r = read_file(&ret->key_pem, key_path, OG_TLS_PAIR_KEY_BYTES, err);
	if (r < 0) {
		og_tls_pair_fini(ret);
		return r;
	}
	r = parse_filled(ret, now, err);
	return r < 0 ? og_err_wrap(err, "TLS pair %s, %s", cert_path, key_path) : 0;
}

bool og_tls_pair_names_host(const struct og_tls_pair *p, const char *host)
{
	BIO *bio = BIO_new_mem_buf(p->cert_pem.p, (int)p->cert_pem.len);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char raw[16];
	bool ip = inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
	bool ok = x && (ip ? X509_check_ip_asc(x, host, 0)
			   : X509_check_host(
				     x, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL)) == 1;

	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}
