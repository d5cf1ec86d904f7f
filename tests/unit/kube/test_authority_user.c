/* SPDX-License-Identifier: Apache-2.0 */
/* The authority with a Secret of cert-manager's or the user's. */
#include "authority_world.inc"

static void user_secret(const char *cn_host, bool with_ca, bool wrong_key)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0), ca_key = OG_BUF_INIT(0),
				  cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	int64_t now = atomic_load(&r[0].clock.wall) / OG_NS_PER_S;
	now = now ? now : 1714979289;
	const struct og_ca_opts co = {"theirs", now - HOUR, now + 300 * DAY};
	const char *const names[] = {cn_host};
	const struct og_leaf_opts lo = {.dns_names = names,
		.ndns = 1,
		.not_before = now - HOUR,
		.not_after = now + 90 * DAY};

	ck_assert_int_eq(og_certs_make_ca(&co, &ca, &ca_key, NULL), 0);
	ck_assert_int_eq(
		og_certs_make_leaf(og_buf_view(&ca), og_buf_view(&ca_key), &lo, &cert, &key, NULL),
		0);
	og_buf_lit(&b, "{\"type\":\"kubernetes.io/tls\",\"metadata\":{\"name\":\"webhook-tls\","
		       "\"namespace\":\"otelgate\"},\"data\":{\"tls.crt\":\"");
	og_base64_encode(&b, og_buf_view(&cert));
	og_buf_lit(&b, "\",\"tls.key\":\"");
	og_base64_encode(&b, og_buf_view(wrong_key ? &ca_key : &key));
	og_buf_lit(&b, "\"");
	if (with_ca) {
		og_buf_lit(&b, ",\"ca.crt\":\"");
		og_base64_encode(&b, og_buf_view(&ca));
		og_buf_lit(&b, "\"");
	}
	og_buf_lit(&b, "}}");
	fake_put(USER_PATH, b.p);
}

static void user_setup(void)
{
	setup();
	opts.source = OG_AUTHORITY_SECRET;
	opts.secret = "webhook-tls";
}

START_TEST(their_pair_is_served)
{
	user_secret(dns[0], true, false);
	start(2);
	run_ms(3000);
	ck_assert(all_trusted());
	ck_assert_uint_eq(r[0].pairs, 1);
	ck_assert_uint_eq(fake.creates, 0);
	ck_assert_str_eq(info(0).error, "");
	user_secret(dns[0], true, false); /* cert-manager renews */
	run_ms(3000);
	ck_assert(all_trusted());
	ck_assert_uint_eq(r[0].pairs, 2);
	ck_assert_uint_eq(info(0).bundle_repairs, 0);
}
END_TEST

START_TEST(without_ca_crt_the_bundle_is_left_alone)
{
	config_put(CONFIG_PATH, "QUFB");
	user_secret(dns[0], false, false);
	start(1);
	run_ms(5000);
	ck_assert_uint_eq(r[0].pairs, 1);
	ck_assert_uint_eq(fake.patches, 0);
}
END_TEST

START_TEST(their_secret_comes_later)
{
	start(1);
	run_ms(20000);
	SAYS(0, "does not exist");
	ck_assert_uint_eq(fake.creates, 0);
	user_secret(dns[0], true, false);
	run_ms(3000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
}
END_TEST

START_TEST(the_last_good_pair_is_kept)
{
	user_secret(dns[0], true, false);
	start(1);
	run_ms(3000);
	switch (_i) {
	case 0:
		user_secret(dns[0], true, true);
		break;
	case 1:
		fake_put(USER_PATH, "{\"metadata\":{\"name\":\"webhook-tls\","
				    "\"namespace\":\"otelgate\"},\"data\":{}}");
		break;
	case 2:
		fake_put(USER_PATH, "{\"metadata\":{\"name\":\"webhook-tls\","
				    "\"namespace\":\"otelgate\"},\"data\":{"
				    "\"tls.crt\":\"Zm9v\",\"tls.key\":\"***\"}}");
		break;
	default:
		fake_put(USER_PATH, NULL);
	}
	run_ms(3000);
	ck_assert_uint_eq(r[0].pairs, 1);
	ck_assert(info(0).have_pair);
	ck_assert_str_ne(info(0).error, "");
	user_secret(dns[0], true, false);
	run_ms(3000);
	ck_assert_uint_eq(r[0].pairs, 2);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
}
END_TEST

START_TEST(a_certificate_for_another_name_is_said)
{
	user_secret("something.else", true, false);
	start(1);
	run_ms(3000);
	ck_assert_uint_eq(r[0].pairs, 1);
	ck_assert_msg(strstr(r[0].last, "none of the names") != NULL, "%s", r[0].last);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authority_user");
	TCase *t = tcase_create("their Secret");
	tcase_add_checked_fixture(t, user_setup, teardown);
	tcase_add_test(t, their_pair_is_served);
	tcase_add_test(t, without_ca_crt_the_bundle_is_left_alone);
	tcase_add_test(t, their_secret_comes_later);
	tcase_add_loop_test(t, the_last_good_pair_is_kept, 0, 4);
	tcase_add_test(t, a_certificate_for_another_name_is_said);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
