/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, certificates and CAs that others rotate. */
#include <sys/stat.h>
#include <unistd.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/kube/filecreds.h"
#include "support/kubeworld.h"
#include "support/suite.h"

#define S(n) ((int64_t)(n)*OG_NS_PER_S)

static struct og_kubeworld w;
static struct og_token_source t;
static struct og_cert_source c;
static struct og_ca_source k;
static struct og_err err;

static void setup(void)
{
	og_kubeworld_init(&w);
	og_tmpdir_write(&w.dir, "token", "one\n");
	ck_assert_int_eq(og_token_source_init(&t, og_kubeworld_path(&w, "token"), NULL, &err), 0);
	ck_assert_int_eq(og_cert_source_init(&c, og_kubeworld_path(&w, "client.crt"),
				 og_kubeworld_path(&w, "client.key"), &err),
		0);
	ck_assert_int_eq(og_ca_source_init(&k, og_kubeworld_path(&w, "ca.crt"), &err), 0);
}

static void teardown(void)
{
	og_token_source_fini(&t);
	og_cert_source_fini(&c);
	og_ca_source_fini(&k);
	og_kubeworld_fini(&w);
}

/* What get says, and that the token is this one. */
static int token(int64_t now, const char *want)
{
	const struct og_secret *s = NULL;
	og_err_clear(&err);
	int rc = og_token_source_get(&t, now, &s, &err);
	ck_assert((rc == 0) == (err.code == OG_OK));
	if (rc >= 0)
		ck_assert_msg(og_secret_eq(s, want, strlen(want)), "%s",
			(const char *)og_secret_expose(s));
	else
		ck_assert_ptr_null(want);
	return rc;
}

START_TEST(token_is_read_again_after_50_seconds)
{
	ck_assert_int_eq(token(S(100), "one"), 0);
	og_tmpdir_write(&w.dir, "token", "\t two \r\n\n");
	ck_assert_int_eq(token(S(150) - 1, "one"), 0);
	ck_assert_int_eq(token(S(150), "two"), 0);
	og_tmpdir_write(&w.dir, "token", "three");
	ck_assert_int_eq(token(S(199), "two"), 0);
	ck_assert_int_eq(token(S(200), "three"), 0);
}
END_TEST

START_TEST(token_of_before_is_kept_when_the_file_is_bad)
{
	ck_assert_int_eq(token(S(0), "one"), 0);
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "token")), 0);
	ck_assert_int_eq(token(S(50), "one"), 1);
	ck_assert_int_eq(err.code, OG_E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, "/token"));
	og_tmpdir_write(&w.dir, "token", " \n");
	ck_assert_int_eq(token(S(50) + 1, "one"), 1); /* not looked at yet */
	ck_assert_int_eq(err.code, OG_E_NOT_FOUND);
	ck_assert_int_eq(token(S(51), "one"), 1);
	ck_assert_ptr_nonnull(strstr(err.msg, "is empty"));
	og_tmpdir_write(&w.dir, "token", "hunter2 hunter2");
	ck_assert_int_eq(token(S(52), "one"), 1);
	ck_assert_ptr_null(strstr(err.msg, "hunter2"));
	og_tmpdir_write(&w.dir, "token", "two");
	ck_assert_int_eq(token(S(53), "two"), 0);
}
END_TEST

START_TEST(token_that_was_never_there)
{
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "token")), 0);
	ck_assert_int_eq(token(S(0), NULL), -OG_E_NOT_FOUND);
	og_tmpdir_write(&w.dir, "token", "late");
	ck_assert_int_eq(token(S(0) + 1, NULL), -OG_E_NOT_FOUND); /* a second between looks */
	ck_assert_int_eq(token(S(1), "late"), 0);
}
END_TEST

START_TEST(fallback_until_the_file_can_be_read)
{
	og_auto_secret struct og_secret beside = OG_SECRET_INIT;
	ck_assert_int_eq(og_secret_set(&beside, "beside", 6, &err), 0);
	og_token_source_fini(&t);
	ck_assert_int_eq(
		og_token_source_init(&t, og_kubeworld_path(&w, "nowhere"), &beside, &err), 0);
	ck_assert_int_eq(token(S(0), "beside"), 1);
	og_tmpdir_write(&w.dir, "nowhere", "file");
	ck_assert_int_eq(token(S(1), "file"), 0);
}
END_TEST

START_TEST(token_is_dropped_after_a_401)
{
	ck_assert(!og_token_source_drop(&t, S(1000)));
	ck_assert_int_eq(token(S(10), "one"), 0);
	og_tmpdir_write(&w.dir, "token", "two");
	ck_assert(!og_token_source_drop(&t, S(10))); /* read since the request was sent */
	ck_assert_int_eq(token(S(11), "one"), 0);
	ck_assert(og_token_source_drop(&t, S(11)));
	ck_assert_int_eq(token(S(12), "two"), 0);
	ck_assert(!og_token_source_drop(&t, S(11))); /* a second 401 of the same time */
	ck_assert(og_token_source_drop(&t, S(13)));
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "token")), 0);
	ck_assert_int_eq(token(S(14), NULL), -OG_E_NOT_FOUND);
}
END_TEST

static int pair(int64_t now, unsigned *ret_generation)
{
	struct og_sv cert;
	const struct og_secret *key;
	og_err_clear(&err);
	int rc = og_cert_source_get(&c, now, &cert, &key, ret_generation, &err);
	if (rc >= 0)
		ck_assert_int_eq(
			og_kube_pair_check(
				cert, og_sv(og_secret_expose(key), og_secret_len(key)), "it", NULL),
			0);
	return rc;
}

START_TEST(pair_is_looked_at_every_five_minutes)
{
	struct og_kubeworld other;
	unsigned g = 0;
	og_kubeworld_init(&other);
	ck_assert_int_eq(pair(S(0), &g), 0);
	ck_assert_uint_eq(g, 1);
	og_tmpdir_write(&w.dir, "client.crt", other.cert.p);
	ck_assert_int_eq(pair(S(299), &g), 0);
	/* half of a rotation: the old pair goes on */
	ck_assert_int_eq(pair(S(300), &g), 1);
	ck_assert_ptr_nonnull(strstr(err.msg, "another certificate"));
	ck_assert_uint_eq(g, 1);
	og_tmpdir_write(&w.dir, "client.key", other.key.p);
	ck_assert_int_eq(pair(S(300) + 1, &g), 1);
	ck_assert_int_eq(pair(S(301), &g), 0);
	ck_assert_uint_eq(g, 2);
	ck_assert_int_eq(pair(S(602), &g), 0); /* read again, and the same */
	ck_assert_uint_eq(g, 2);
	og_kubeworld_fini(&other);
}
END_TEST

START_TEST(pair_that_was_never_there)
{
	unsigned g = 0;
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "client.key")), 0);
	ck_assert_int_eq(pair(S(0), &g), -OG_E_NOT_FOUND);
	ck_assert_uint_eq(g, 0);
	og_tmpdir_write(&w.dir, "client.key", "nonsense");
	ck_assert_int_eq(pair(S(1), &g), -OG_E_CONFIG);
	og_tmpdir_write(&w.dir, "client.key", w.key.p);
	ck_assert_int_eq(pair(S(2), &g), 0);
}
END_TEST

static int ca(int64_t now, unsigned *g)
{
	struct og_sv pem = OG_SV("");
	og_err_clear(&err);
	int rc = og_ca_source_get(&k, now, &pem, g, &err);
	ck_assert((rc >= 0) == (pem.n > 0));
	return rc;
}

START_TEST(ca_is_looked_at_every_five_minutes)
{
	unsigned g = 0;
	ck_assert_int_eq(ca(S(0), &g), 0);
	ck_assert_uint_eq(g, 1);
	og_tmpdir_write(&w.dir, "ca.crt", w.cert.p);
	ck_assert_int_eq(ca(S(299), &g), 0);
	ck_assert_uint_eq(g, 1);
	ck_assert_int_eq(ca(S(300), &g), 0);
	ck_assert_uint_eq(g, 2);
	og_tmpdir_write(&w.dir, "ca.crt", "");
	ck_assert_int_eq(ca(S(301), &g), 0);
	og_ca_source_touch(&k); /* something was not trusted */
	ck_assert_int_eq(ca(S(302), &g), 1);
	ck_assert_ptr_nonnull(strstr(err.msg, "no certificate"));
	ck_assert_uint_eq(g, 2);
}
END_TEST

START_TEST(ca_that_was_never_there)
{
	unsigned g = 0;
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "ca.crt")), 0);
	ck_assert_int_eq(ca(S(0), &g), -OG_E_NOT_FOUND);
	ck_assert_int_eq(ca(S(0), &g), -OG_E_NOT_FOUND);
	og_tmpdir_write(&w.dir, "ca.crt", w.ca.p);
	ck_assert_int_eq(ca(S(1), &g), 0);
}
END_TEST

START_TEST(pipes_are_not_waited_for)
{
	unsigned g = 0;
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "token")), 0);
	ck_assert_int_eq(mkfifo(og_kubeworld_path(&w, "token"), 0600), 0);
	ck_assert_int_eq(token(S(0), NULL), -OG_E_CONFIG);
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "ca.crt")), 0);
	ck_assert_int_eq(mkfifo(og_kubeworld_path(&w, "ca.crt"), 0600), 0);
	ck_assert_int_eq(ca(S(0), &g), -OG_E_CONFIG);
}
END_TEST

START_TEST(memory_runs_out_anywhere)
{
	for (unsigned long n = 1; n < 40; n++) {
		const struct og_secret *s = NULL, *key = NULL;
		struct og_token_source ts;
		struct og_cert_source cs;
		struct og_sv pem;
		unsigned g;
		og_mem_fault_arm(n, n % 2);
		int rc = og_token_source_init(&ts, og_kubeworld_path(&w, "token"), NULL, NULL);
		if (!rc)
			rc = og_token_source_get(&ts, 0, &s, NULL);
		if (!rc)
			rc = og_cert_source_init(&cs, og_kubeworld_path(&w, "client.crt"),
				og_kubeworld_path(&w, "client.key"), NULL);
		else
			cs = (struct og_cert_source){.have_ = false};
		if (!rc)
			rc = og_cert_source_get(&cs, 0, &pem, &key, &g, NULL);
		(void)og_mem_fault_disarm();
		ck_assert(rc == 0 || rc == -OG_E_OOM);
		og_token_source_fini(&ts);
		og_cert_source_fini(&cs);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/filecreds");
	TCase *tc = tcase_create("filecreds");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, token_is_read_again_after_50_seconds);
	tcase_add_test(tc, token_of_before_is_kept_when_the_file_is_bad);
	tcase_add_test(tc, token_that_was_never_there);
	tcase_add_test(tc, fallback_until_the_file_can_be_read);
	tcase_add_test(tc, token_is_dropped_after_a_401);
	tcase_add_test(tc, pair_is_looked_at_every_five_minutes);
	tcase_add_test(tc, pair_that_was_never_there);
	tcase_add_test(tc, ca_is_looked_at_every_five_minutes);
	tcase_add_test(tc, ca_that_was_never_there);
	tcase_add_test(tc, pipes_are_not_waited_for);
	tcase_add_test(tc, memory_runs_out_anywhere);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
