/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made by net/certs and judged by net/tlspair. */
#include <check.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/net/certs.h"
#include "otelgate/net/tlspair.h"
#include "support/http_fixture.h"

static struct pki pki;
static struct og_tls_pair pair;
static struct og_err err;
static time_t now;

static void setup(void)
{
	now = time(NULL);
	ck_assert(pki_make(&pki));
	err = (struct og_err)OG_ERR_INIT;
}

static void teardown(void)
{
	og_tls_pair_fini(&pair);
	pki_fini(&pki);
}

START_TEST(good_pair_is_described)
{
	ck_assert_msg(og_tls_pair_parse(
			      &pair, og_buf_view(&pki.cert), og_buf_view(&pki.key), now, &err) == 0,
		"%s", err.msg);
	ck_assert_str_eq(pair.names.p, "localhost\notelgate.otelgate.svc\n127.0.0.1\n::1\n");
	ck_assert_str_eq(pair.key_type, "EC P-256");
	ck_assert_str_eq(pair.subject, "CN=localhost");
	ck_assert_uint_eq(pair.chain_len, 1);
	ck_assert_uint_eq(pair.nwarnings, 0);
	ck_assert_uint_eq(strlen(pair.hash), 64);
	ck_assert_uint_ge(strlen(pair.serial), 20);
	ck_assert_int_ge(pair.not_after, now + 7 * 86400 - 5);
	ck_assert_int_le(pair.not_before, now - 295);
	ck_assert(og_tls_pair_names_host(&pair, "otelgate.otelgate.svc"));
	ck_assert(og_tls_pair_names_host(&pair, "127.0.0.1"));
	ck_assert(og_tls_pair_names_host(&pair, "::1"));
	ck_assert(!og_tls_pair_names_host(&pair, "otelgate.other.svc"));
	ck_assert(!og_tls_pair_names_host(&pair, "127.0.0.2"));
}
END_TEST

START_TEST(leaf_with_its_ca_is_a_chain)
{
	struct og_buf both = OG_BUF_INIT(0);
	og_buf_lit(&both, "# a comment before\n");
	og_buf_sv(&both, og_buf_view(&pki.cert));
	og_buf_sv(&both, og_buf_view(&pki.ca));
	ck_assert_msg(
		og_tls_pair_parse(&pair, og_buf_view(&both), og_buf_view(&pki.key), now, &err) == 0,
		"%s", err.msg);
	ck_assert_uint_eq(pair.chain_len, 2);
	og_buf_fini(&both);
}
END_TEST

START_TEST(hash_tells_changes)
{
	struct og_tls_pair other;
	struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);

	ck_assert_int_eq(
		og_tls_pair_parse(&pair, og_buf_view(&pki.cert), og_buf_view(&pki.key), now, NULL),
		0);
	ck_assert_int_eq(og_tls_pair_parse(&other, og_buf_view(&pki.cert), og_buf_view(&pki.key),
				 now + 1000, NULL),
		0);
	ck_assert_str_eq(pair.hash, other.hash);
	og_tls_pair_fini(&other);
	ck_assert(pki_leaf(&pki, &cert, &key));
	ck_assert_int_eq(
		og_tls_pair_parse(&other, og_buf_view(&cert), og_buf_view(&key), now, NULL), 0);
	ck_assert_str_ne(pair.hash, other.hash);
	og_tls_pair_fini(&other);
	og_buf_fini(&cert);
	og_buf_wipe(&key);
}
END_TEST

static void expect_warning(time_t at, const char *text)
{
	ck_assert_int_eq(
		og_tls_pair_parse(&pair, og_buf_view(&pki.cert), og_buf_view(&pki.key), at, NULL),
		0);
	ck_assert_uint_eq(pair.nwarnings, 1);
	ck_assert_ptr_nonnull(strstr(pair.warnings[0], text));
	og_tls_pair_fini(&pair);
}

START_TEST(time_gives_warnings_not_errors)
{
	expect_warning(now + 8 * 86400, "expired");
	expect_warning(now + 7 * 86400 - 3600, "within a day");
	expect_warning(now - 1000, "not valid yet");
}
END_TEST

/* A self-made leaf with one thing wrong. */
struct odd {
	int rsa_bits; /* 0 = EC of that group */
	const char *group;
	const EVP_MD *(*md)(void);
	const char *san, *usage, *constraints;
	const char *error;
};

static void add(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	if (!value)
		return;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static void to_buf(BIO *bio, struct og_buf *b)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);
	og_buf_add(b, p, (size_t)n);
	BIO_free(bio);
}

static void make_odd(const struct odd *o, struct og_buf *cert, struct og_buf *key_pem)
{
	EVP_PKEY *key = o->rsa_bits ? EVP_RSA_gen((unsigned)o->rsa_bits) : EVP_EC_gen(o->group);
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	ck_assert(key && ca_key && x);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	ASN1_TIME_set(X509_getm_notBefore(x), now - 100);
	ASN1_TIME_set(X509_getm_notAfter(x), now + 30 * 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
		(const unsigned char *)"leaf", -1, -1, 0);
	X509_NAME *issuer = X509_NAME_new();
	X509_NAME_add_entry_by_txt(
		issuer, "CN", MBSTRING_UTF8, (const unsigned char *)"elsewhere", -1, -1, 0);
	X509_set_issuer_name(x, issuer);
	X509_NAME_free(issuer);
	X509_set_pubkey(x, key);
	add(x, NID_subject_alt_name, o->san);
	add(x, NID_ext_key_usage, o->usage);
	add(x, NID_basic_constraints, o->constraints);
	ck_assert_int_gt(X509_sign(x, ca_key, o->md()), 0);
	BIO *b = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(b, x);
	to_buf(b, cert);
	b = BIO_new(BIO_s_mem());
	PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	to_buf(b, key_pem);
	X509_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static const struct odd odds[] = {
	{0, "P-256", EVP_sha256, "DNS:a.b.svc", "serverAuth", "critical,CA:FALSE", NULL},
	{0, "P-384", EVP_sha256, "DNS:a.b.svc", NULL, NULL, NULL},
	{2048, NULL, EVP_sha256, "IP:10.0.0.1", "anyExtendedKeyUsage", NULL, NULL},
	{0, "P-256", EVP_sha1, "DNS:a.b.svc", "serverAuth", NULL, "signed with SHA1"},
	{1024, NULL, EVP_sha256, "DNS:a.b.svc", "serverAuth", NULL, "RSA key of 1024 bits"},
	{0, "P-224", EVP_sha256, "DNS:a.b.svc", "serverAuth", NULL, "EC key of 224 bits"},
	{0, "P-256", EVP_sha256, NULL, "serverAuth", NULL, "no subject alternative name"},
	{0, "P-256", EVP_sha256, "email:a@b.c", "serverAuth", NULL, "no subject alternative name"},
	{0, "P-256", EVP_sha256, "DNS:a.b.svc", "clientAuth", NULL, "not meant for servers"},
	{0, "P-256", EVP_sha256, "DNS:a.b.svc", NULL, "critical,CA:TRUE", "is a CA"},
};

START_TEST(odd_certificates)
{
	struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);

	make_odd(&odds[_i], &cert, &key);
	int r = og_tls_pair_parse(&pair, og_buf_view(&cert), og_buf_view(&key), now, &err);
	if (odds[_i].error) {
		ck_assert_int_eq(r, -OG_E_TLS);
		ck_assert_msg(strstr(err.msg, odds[_i].error), "%s", err.msg);
		ck_assert_ptr_null(pair.key_pem.p);
	} else {
		ck_assert_msg(r == 0, "%s", err.msg);
		ck_assert_uint_eq(pair.nwarnings, odds[_i].rsa_bits ? 1 : 0);
	}
	og_buf_fini(&cert);
	og_buf_fini(&key);
}
END_TEST

static void expect_error(struct og_sv cert, struct og_sv key, const char *text)
{
	err = (struct og_err)OG_ERR_INIT;
	ck_assert_int_lt(og_tls_pair_parse(&pair, cert, key, now, &err), 0);
	ck_assert_msg(strstr(err.msg, text), "%s", err.msg);
	ck_assert_ptr_null(strstr(err.msg, "BEGIN EC"));
}

START_TEST(unusable_text)
{
	struct og_sv cert = og_buf_view(&pki.cert), key = og_buf_view(&pki.key);
	struct og_buf b = OG_BUF_INIT(0);

	expect_error(OG_SV(""), key, "certificate 1 is missing");
	expect_error(OG_SV("hello"), key, "certificate 1 is missing");
	expect_error(key, key, "certificate 1 is missing");
	expect_error(cert, OG_SV(""), "the key is missing");
	expect_error(cert, cert, "the key is missing");
	expect_error(og_sv(cert.p, cert.n / 2), key, "certificate 1 is missing or damaged");
	expect_error(cert, og_sv(key.p, key.n / 2), "the key is missing or damaged");
	expect_error(cert, og_buf_view(&pki.ca_key), "does not belong to the first certificate");
	/* CA first */
	og_buf_sv(&b, og_buf_view(&pki.ca));
	og_buf_sv(&b, cert);
	expect_error(og_buf_view(&b), key, "does not belong to the first certificate");
	/* the leaf twice: certificate 1 is not signed by certificate 2 */
	og_buf_reset(&b);
	og_buf_sv(&b, cert);
	og_buf_sv(&b, cert);
	expect_error(og_buf_view(&b), key, "out of order");
	/* second one damaged */
	og_buf_reset(&b);
	og_buf_sv(&b, cert);
	og_buf_lit(&b, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	expect_error(og_buf_view(&b), key, "certificate 2 of the file is damaged");
	og_buf_reset(&b);
	for (int i = 0; i < OG_TLS_PAIR_CHAIN + 1; i++)
		og_buf_sv(&b, cert);
	expect_error(og_buf_view(&b), key, "more than 10 certificates");
	og_buf_fini(&b);
	char *huge = og_calloc(1, OG_TLS_PAIR_CERT_BYTES + 1);
	expect_error(og_sv(huge, OG_TLS_PAIR_CERT_BYTES + 1), key, "larger than");
	og_free(huge);
}
END_TEST

START_TEST(encrypted_key_is_named)
{
	BIO *in = BIO_new_mem_buf(pki.key.p, (int)pki.key.len), *out = BIO_new(BIO_s_mem());
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	static char pass[] = "secret";
	struct og_buf b = OG_BUF_INIT(0);

	PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), pass, 6, NULL, NULL);
	to_buf(out, &b);
	expect_error(og_buf_view(&pki.cert), og_buf_view(&b), "passphrase");
	og_buf_fini(&b);
	EVP_PKEY_free(key);
	BIO_free(in);
}
END_TEST

static void write_file(const char *path, struct og_sv s)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(s.p, 1, s.n, f), s.n);
	fclose(f);
}

START_TEST(files)
{
	char dir[] = "/tmp/og-tlspair-XXXXXX", cert[64], key[64], fifo[64];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/tls.crt", dir);
	snprintf(key, sizeof(key), "%s/tls.key", dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(og_tls_pair_load(&pair, cert, key, now, &err), -OG_E_IO);
	ck_assert_ptr_nonnull(strstr(err.msg, cert));
	write_file(cert, og_buf_view(&pki.cert));
	ck_assert_int_eq(og_tls_pair_load(&pair, cert, key, now, &err), -OG_E_IO);
	ck_assert_ptr_nonnull(strstr(err.msg, key));
	write_file(key, og_buf_view(&pki.key));
	ck_assert_msg(og_tls_pair_load(&pair, cert, key, now, &err) == 0, "%s", err.msg);
	og_tls_pair_fini(&pair);
	ck_assert_int_eq(og_tls_pair_load(&pair, cert, cert, now, &err), -OG_E_TLS);
	ck_assert_ptr_nonnull(strstr(err.msg, cert));
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(og_tls_pair_load(&pair, cert, fifo, now, &err), -OG_E_INVALID);
	ck_assert_int_eq(og_tls_pair_load(&pair, dir, key, now, &err), -OG_E_INVALID);
	unlink(cert);
	unlink(key);
	unlink(fifo);
	rmdir(dir);
}
END_TEST

START_TEST(allocation_failures_are_clean)
{
	unsigned long n = 1;
	int r;

	do {
		og_mem_fault_arm(n++, false);
		r = og_tls_pair_parse(
			&pair, og_buf_view(&pki.cert), og_buf_view(&pki.key), now, &err);
		og_mem_fault_disarm();
		if (r < 0)
			ck_assert_int_eq(r, -OG_E_OOM);
	} while (r < 0 && n < 100);
	ck_assert_int_eq(r, 0);
	ck_assert_uint_gt(n, 3);
}
END_TEST

START_TEST(bad_certificate_requests)
{
	struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	static const char *const bad[] = {
		"", "a..b", "-a", "a b", "a\nb", ".a", "a.", "a-.", "x,DNS:y"};
	struct og_leaf_opts o = {.ndns = 1, .not_before = now, .not_after = now + 10};
	struct og_ca_opts ca = {.common_name = "", .not_before = now, .not_after = now + 10};

	for (size_t i = 0; i < OG_COUNT(bad); i++) {
		o.dns_names = &bad[i];
		ck_assert_int_eq(og_certs_make_leaf(og_buf_view(&pki.ca), og_buf_view(&pki.ca_key),
					 &o, &a, &b, &err),
			-OG_E_INVALID);
	}
	o = (struct og_leaf_opts){.not_before = now, .not_after = now + 10};
	ck_assert_int_eq(og_certs_make_leaf(
				 og_buf_view(&pki.ca), og_buf_view(&pki.ca_key), &o, &a, &b, &err),
		-OG_E_INVALID);
	static const char *const ip = "10.0.0.256", *const dns = "a.b.svc";
	o.ips = &ip;
	o.nips = 1;
	ck_assert_int_eq(og_certs_make_leaf(
				 og_buf_view(&pki.ca), og_buf_view(&pki.ca_key), &o, &a, &b, &err),
		-OG_E_INVALID);
	o = (struct og_leaf_opts){
		.dns_names = &dns, .ndns = 1, .not_before = now, .not_after = now + 10};
	/* signing with a leaf, with a foreign key, with an expired CA */
	ck_assert_int_eq(
		og_certs_make_leaf(og_buf_view(&pki.cert), og_buf_view(&pki.key), &o, &a, &b, &err),
		-OG_E_TLS);
	ck_assert_int_eq(
		og_certs_make_leaf(og_buf_view(&pki.ca), og_buf_view(&pki.key), &o, &a, &b, &err),
		-OG_E_TLS);
	o.not_before = now + 40 * 86400;
	o.not_after = o.not_before + 10;
	ck_assert_int_eq(og_certs_make_leaf(
				 og_buf_view(&pki.ca), og_buf_view(&pki.ca_key), &o, &a, &b, &err),
		-OG_E_TLS);
	ck_assert_int_eq(og_certs_make_ca(&ca, &a, &b, &err), -OG_E_INVALID);
	ca.common_name = "x";
	ca.not_after = now - 1;
	ck_assert_int_eq(og_certs_make_ca(&ca, &a, &b, &err), -OG_E_INVALID);
	ck_assert_uint_eq(a.len + b.len, 0);
}
END_TEST

START_TEST(leaf_does_not_outlive_its_ca)
{
	struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	static const char *const dns = "*.b.svc";
	struct og_leaf_opts o = {
		.dns_names = &dns, .ndns = 1, .not_before = now, .not_after = now + 4000LL * 86400};

	ck_assert_msg(og_certs_make_leaf(og_buf_view(&pki.ca), og_buf_view(&pki.ca_key), &o, &a, &b,
			      &err) == 0,
		"%s", err.msg);
	ck_assert_int_eq(og_tls_pair_parse(&pair, og_buf_view(&a), og_buf_view(&b), now, &err), 0);
	ck_assert_int_le(pair.not_after, now + 30 * 86400 + 5);
	ck_assert(og_tls_pair_names_host(&pair, "x.b.svc"));
	ck_assert_ptr_nonnull(strstr(b.p, "BEGIN PRIVATE KEY"));
	og_buf_fini(&a);
	og_buf_wipe(&b);
	ck_assert_ptr_null(b.p);
}
END_TEST

START_TEST(service_names)
{
	char buf[256];
	const char *names[OG_CERT_SERVICE_NAMES];

	ck_assert_int_eq(og_certs_service_names(
				 "otelgate", "obs", "cluster.local", buf, sizeof(buf), names, &err),
		0);
	ck_assert_str_eq(names[0], "otelgate");
	ck_assert_str_eq(names[1], "otelgate.obs");
	ck_assert_str_eq(names[2], "otelgate.obs.svc");
	ck_assert_str_eq(names[3], "otelgate.obs.svc.cluster.local");
	ck_assert_int_eq(og_certs_service_names("otelgate", "obs", "c.l", buf, 20, names, &err),
		-OG_E_LIMIT);
	ck_assert_int_eq(
		og_certs_service_names("otel gate", "obs", "c.l", buf, sizeof(buf), names, &err),
		-OG_E_INVALID);
	ck_assert_int_eq(og_certs_service_names("o", "", "c.l", buf, sizeof(buf), names, &err),
		-OG_E_INVALID);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/tlspair");
	TCase *tc = tcase_create("pair");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good_pair_is_described);
	tcase_add_test(tc, leaf_with_its_ca_is_a_chain);
	tcase_add_test(tc, hash_tells_changes);
	tcase_add_test(tc, time_gives_warnings_not_errors);
	tcase_add_loop_test(tc, odd_certificates, 0, (int)OG_COUNT(odds));
	tcase_add_test(tc, unusable_text);
	tcase_add_test(tc, encrypted_key_is_named);
	tcase_add_test(tc, files);
	tcase_add_test(tc, allocation_failures_are_clean);
	tcase_add_test(tc, bad_certificate_requests);
	tcase_add_test(tc, leaf_does_not_outlive_its_ca);
	tcase_add_test(tc, service_names);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
