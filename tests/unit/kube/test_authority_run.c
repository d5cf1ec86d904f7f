/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running authority: several replicas with clocks of their own against one API server in
 * memory, with real keys and certificates. At each step every certificate that is served has to
 * verify against what the webhook configuration carries.
 */
#include "authority_world.inc"

/* ---- cases ---- */

START_TEST(first_start_of_several)
{
	fake_init((uint64_t)_i + 1);
	config_put(CONFIG_PATH, NULL);
	start(3);
	run_ms(5000);
	ck_assert_uint_eq(fake.creates, 1);
	ck_assert(all_trusted());
	for (size_t i = 0; i < 3; i++) {
		struct og_authority_info x = info(i);
		ck_assert_uint_eq(r[i].pairs, 1);
		ck_assert(x.have_pair && x.bundles_current && x.seen);
		ck_assert_uint_eq(x.cas, 1);
		ck_assert_uint_eq(x.found, 1);
		ck_assert_str_eq(x.error, "");
	}
	unsigned patches = fake.patches;
	run_hours(1); /* and then there is nothing to do */
	ck_assert_uint_eq(fake.patches, patches);
	ck_assert_uint_le(patches, 3);
}
END_TEST

START_TEST(the_others_entries_stay)
{
	start(1);
	run_ms(3000);
	json_t *second = json_array_get(json_object_get(fake_get(CONFIG_PATH), "webhooks"), 1);
	ck_assert_ptr_null(json_object_get(json_object_get(second, "clientConfig"), "caBundle"));
}
END_TEST

static void wipe(int how)
{
	static const char *const with[] = {
		NULL, "", "AAAA", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"};
	config_put(CONFIG_PATH, with[how]);
}

START_TEST(a_wiped_bundle_is_back_in_seconds)
{
	start(3);
	run_ms(3000);
	ck_assert(all_trusted());
	wipe(_i);
	ck_assert(!all_trusted());
	run_ms(2000);
	ck_assert(all_trusted());
	ck_assert_uint_ge(info(0).bundle_repairs, 1);
}
END_TEST

START_TEST(a_foreign_ca_in_the_bundle_is_taken_out)
{
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0), key = OG_BUF_INIT(0), pem = OG_BUF_INIT(0),
				  b64 = OG_BUF_INIT(0);
	const struct og_ca_opts o = {"someone else's", 1700000000, 1900000000};

	start(1);
	run_ms(3000);
	ck_assert_int_eq(og_certs_make_ca(&o, &ca, &key, NULL), 0);
	ck_assert_int_eq(og_base64_decode(&pem, og_svz(data("ca.crt")), NULL), 0);
	og_buf_sv(&pem, og_buf_view(&ca));
	og_base64_encode(&b64, og_buf_view(&pem));
	config_put(CONFIG_PATH, b64.p);
	run_ms(2000);
	const char *now = json_string_value(json_object_get(
		json_object_get(
			json_array_get(json_object_get(fake_get(CONFIG_PATH), "webhooks"), 0),
			"clientConfig"),
		"caBundle"));
	ck_assert_str_eq(now, data("ca.crt"));
}
END_TEST

START_TEST(leaves_are_renewed_and_rotation_loses_nothing)
{
	fake_init((uint64_t)_i + 10);
	config_put(CONFIG_PATH, NULL);
	start(3);
	og_fakeclock_step_wall_ms(&r[1].clock, 20 * 60000);
	og_fakeclock_step_wall_ms(&r[2].clock, -20 * 60000);
	run_ms(5000);
	ck_assert(all_trusted());
	char *first = og_strdup(data("tls.crt"));
	watch_trust = true;
	run_hours(50 * 24);
	ck_assert_uint_eq(distrusted, 0);
	ck_assert_str_ne(first, data("tls.crt"));
	uint64_t rotations = info(0).rotations + info(1).rotations + info(2).rotations;
	ck_assert_uint_eq(rotations, 2); /* after 20 and 40 days */
	for (size_t i = 0; i < 3; i++) {
		/* every 32 hours, and at each rotation */
		ck_assert_uint_ge(r[i].pairs, 36);
		ck_assert_uint_le(r[i].pairs, 42);
		ck_assert_uint_eq(info(i).cas, 1);
		ck_assert_str_eq(info(i).error, "");
	}
	ck_assert_ptr_null(data("previous.crt"));
	ck_assert_ptr_null(data("next.crt"));
	og_free(first);
}
END_TEST

START_TEST(a_deleted_secret_loses_nothing)
{
	start(3);
	run_ms(5000);
	char *first = og_strdup(data("tls.crt"));
	watch_trust = true;
	fake_put(SECRET_PATH, NULL);
	run_ms(3000);
	ck_assert_ptr_nonnull(data("next.key"));
	ck_assert_str_eq(data("tls.crt"), first);
	ck_assert_str_eq(data("tls.key"), "");
	ck_assert_uint_eq(info(1).cas, 2);
	run_ms(90000);
	ck_assert_str_ne(data("tls.crt"), first);
	ck_assert_str_ne(data("tls.key"), "");
	ck_assert_ptr_null(data("next.key"));
	ck_assert_uint_eq(distrusted, 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(r[i].pairs, 2);
	run_hours(60); /* the former CA goes when its last leaf has ended */
	ck_assert_ptr_null(data("previous.crt"));
	ck_assert_uint_eq(distrusted, 0);
	og_free(first);
}
END_TEST

START_TEST(a_secret_deleted_as_soon_as_it_is_made)
{
	start(1);
	run_ms(5000);
	watch_trust = true;
	for (int i = 0; i < 2; i++) {
		fake_put(SECRET_PATH, NULL);
		run_ms(3000);
		ck_assert_ptr_nonnull(data("next.key"));
		run_ms(90000);
		ck_assert_str_eq(info(0).error, "");
	}
	/* it does not go on like that for ever */
	fake_put(SECRET_PATH, NULL);
	run_ms(60000);
	ck_assert_ptr_null(fake_get(SECRET_PATH));
	SAYS(0, "keeps changing the Secret");
	run_ms(600000);
	ck_assert_ptr_nonnull(fake_get(SECRET_PATH));
	run_ms(90000);
	ck_assert_str_eq(info(0).error, "");
	ck_assert_uint_eq(distrusted, 0);
}
END_TEST

START_TEST(a_garbled_secret_loses_nothing)
{
	static const char *const keys[] = {"tls.key", "tls.crt", "ca.crt"};
	start(2);
	run_ms(5000);
	watch_trust = true;
	json_t *copy = json_deep_copy(fake_get(SECRET_PATH));
	json_object_set_new(json_object_get(copy, "data"), keys[_i], json_string("Z2FyYmFnZQ=="));
	char *text = json_dumps(copy, 0);
	json_decref(copy);
	fake_put(SECRET_PATH, text);
	free(text);
	run_ms(120000);
	/* without its certificate the old CA cannot be published any longer: only then there is a
	 * gap, as long as making a new one takes */
	if (_i == 1)
		ck_assert_uint_le(distrusted, 5000 / STEP_MS);
	else
		ck_assert_uint_eq(distrusted, 0);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
	ck_assert_str_eq(info(1).error, "");
}
END_TEST

START_TEST(the_secret_of_another_is_not_touched)
{
	fake_put(SECRET_PATH, "{\"type\":\"Opaque\",\"metadata\":{\"name\":\"otelgate-webhook-ca\","
			      "\"namespace\":\"otelgate\"},\"data\":{\"tls.crt\":\"Zm9v\"}}");
	start(2);
	run_hours(1);
	ck_assert_uint_eq(fake.creates + fake.patches + fake.conflicts, 0);
	ck_assert_uint_eq(r[0].pairs, 0);
	SAYS(0, "app.kubernetes.io/managed-by");
	SAYS(1, "otelgate/otelgate-webhook-ca");
	fake_put(SECRET_PATH, NULL); /* its owner takes it away */
	run_ms(5000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
}
END_TEST

START_TEST(an_empty_secret_with_our_label_is_filled)
{
	fake_put(SECRET_PATH, "{\"type\":\"Opaque\",\"metadata\":{\"name\":\"otelgate-webhook-ca\","
			      "\"namespace\":\"otelgate\",\"labels\":{"
			      "\"app.kubernetes.io/managed-by\":\"otelgate\",\"mine\":\"kept\"}},"
			      "\"data\":{}}");
	start(2);
	run_ms(120000);
	ck_assert(all_trusted());
	ck_assert_ptr_nonnull(data("tls.key"));
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_object_get(json_object_get(fake_get(SECRET_PATH), "metadata"),
					 "labels"),
				 "mine")),
		"kept");
}
END_TEST

START_TEST(the_api_server_is_away_for_days)
{
	start(2);
	run_ms(5000);
	watch_trust = true;
	fake.away = true;
	fake_tell_watches();
	run_hours(3 * 24);
	/* leaves are renewed without it, since the CA is in memory */
	ck_assert_uint_ge(r[0].pairs, 2);
	ck_assert_uint_eq(distrusted, 0);
	SAYS(0, "away");
	fake_back();
	run_ms(5000);
	ck_assert_str_eq(info(0).error, "");
	ck_assert_uint_eq(distrusted, 0);
}
END_TEST

static int refuse_secrets(enum og_kube_verb v, const char *resource)
{
	return v == OG_KUBE_CREATE && strcmp(resource, "secrets") == 0 ? 403 : 0;
}
static int refuse_configs(enum og_kube_verb v, const char *resource)
{
	return v == OG_KUBE_PATCH && strcmp(resource, "secrets") != 0 ? 403 : 0;
}

START_TEST(no_right_to_create_the_secret)
{
	fake.refuse = refuse_secrets;
	start(2);
	run_ms(60000);
	ck_assert_uint_eq(r[0].pairs, 0);
	SAYS(0, "cannot create secrets");
	ck_assert_uint_le(fake.refused, 16); /* it does not hammer */
	ck_assert_uint_ge(fake.refused, 4);
	fake.refuse = NULL;
	run_ms(60000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
}
END_TEST

START_TEST(no_right_to_write_the_bundle)
{
	fake.refuse = refuse_configs;
	start(1);
	run_ms(60000);
	ck_assert_uint_eq(r[0].pairs, 1);
	ck_assert(!info(0).bundles_current);
	SAYS(0, "cannot patch mutatingwebhookconfigurations");
	ck_assert_uint_le(fake.refused, 8);
	fake.refuse = NULL;
	run_ms(60000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
}
END_TEST

START_TEST(no_right_to_see)
{
	fake.forbidden = _i ? "mutatingwebhookconfigurations" : "secrets";
	start(1);
	run_ms(20000);
	SAYS(0, "403");
	ck_assert_uint_eq(r[0].pairs, _i ? 1 : 0);
	ck_assert(!info(0).seen);
	fake.forbidden = NULL;
	run_ms(1000); /* nothing tells it */
	ck_assert(!info(0).seen);
	og_authority_poke(NULL);
	og_authority_poke(r[0].authority);
	run_ms(10000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
	ck_assert(info(0).seen);
}
END_TEST

START_TEST(a_rotation_waits_for_what_cannot_be_seen)
{
	fake.forbidden = "mutatingwebhookconfigurations";
	start(1);
	run_ms(5000);
	run_hours(21 * 24);
	ck_assert_ptr_nonnull(data("next.crt"));
	ck_assert_ptr_nonnull(strstr(info(0).waiting, "cannot be seen"));
	fake.forbidden = NULL;
	fake_tell_watches();
	run_ms(90000);
	ck_assert(all_trusted());
	ck_assert_ptr_null(data("next.crt"));
	ck_assert_str_eq(info(0).waiting, "");
}
END_TEST

START_TEST(a_registration_that_comes_and_goes)
{
	fake_put(CONFIG_PATH, NULL);
	start(2);
	run_ms(5000);
	ck_assert_uint_eq(r[0].pairs, 1);
	SAYS(0, "does not exist");
	ck_assert_uint_eq(info(0).found, 0);
	config_put(CONFIG_PATH, NULL);
	run_ms(2000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
	fake_put(CONFIG_PATH, NULL);
	run_ms(2000);
	SAYS(1, "does not exist");
	config_put(CONFIG_PATH, "AAAA");
	run_ms(2000);
	ck_assert(all_trusted());
}
END_TEST

START_TEST(two_registrations)
{
	opts.nconfigurations = 2;
	config_put(OTHER_PATH, NULL);
	start(2);
	run_ms(5000);
	ck_assert(all_trusted() && verifies(&r[1], OTHER_PATH));
	ck_assert_uint_eq(info(0).found, 2);
	fake.refuse = NULL;
	/* a rotation waits for both */
	fake.forbidden = NULL;
	run_hours(21 * 24);
	ck_assert(verifies(&r[0], OTHER_PATH) && all_trusted());
	ck_assert_uint_eq(info(0).rotations + info(1).rotations, 1);
}
END_TEST

START_TEST(a_registration_of_someone_else)
{
	fake_put(CONFIG_PATH,
		"{\"metadata\":{\"name\":\"otelgate\"},\"webhooks\":[{\"clientConfig\":{"
		"\"url\":\"https://other.example/\"}}]}");
	start(1);
	run_ms(5000);
	SAYS(0, "no webhook that points to");
	ck_assert_uint_eq(fake.patches, 0);
	ck_assert(!info(0).bundles_current);
}
END_TEST

START_TEST(cainjector_keeps_its_bundle)
{
	fake_put(CONFIG_PATH,
		"{\"metadata\":{\"name\":\"otelgate\",\"annotations\":{"
		"\"cert-manager.io/inject-ca-from\":\"a/b\"}},\"webhooks\":[{\"clientConfig\":{"
		"\"service\":{\"name\":\"otelgate-webhook\",\"namespace\":\"otelgate\"},"
		"\"caBundle\":\"AAAA\"}}]}");
	start(1);
	run_ms(20000);
	ck_assert_uint_eq(fake.patches, 0);
	SAYS(0, "cert-manager");
}
END_TEST

START_TEST(a_suspended_machine)
{
	start(2);
	run_ms(5000);
	/* the wall clock of one goes on for three days while all else stands still */
	og_fakeclock_step_wall_ms(&r[0].clock, 3LL * DAY * 1000);
	og_fakeclock_step_wall_ms(&r[1].clock, 3LL * DAY * 1000);
	ck_assert(!all_trusted());
	run_ms(12000);
	ck_assert(all_trusted());
	ck_assert_uint_eq(r[0].pairs, 2);
}
END_TEST

START_TEST(a_listener_that_refuses)
{
	start(1);
	r[0].refuse_pairs = true;
	run_ms(5000);
	SAYS(0, "does not want it");
	ck_assert(!info(0).have_pair);
	r[0].refuse_pairs = false;
	run_ms(3000);
	ck_assert(all_trusted());
	ck_assert_str_eq(info(0).error, "");
}
END_TEST

START_TEST(stopped_at_any_moment)
{
	/* whatever is in flight when it stops, the next one finds its way */
	fake_init((uint64_t)_i + 50);
	config_put(CONFIG_PATH, NULL);
	start(1);
	run_ms(_i * 37);
	stop_replica(&r[0]);
	start_replica(&r[0], 0);
	run_ms(8000);
	ck_assert(all_trusted());
	ck_assert_uint_eq(fake.creates, 1);
}
END_TEST

START_TEST(bad_options)
{
	static const char *const many[9] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
	struct og_authority *a = NULL;
	struct og_authority_opts o = opts;
	struct og_fakeclock clock;
	struct og_loop *l = NULL;

	ck_assert_int_eq(authority_start(&o, &fake_seam, &a, NULL), -OG_E_INVALID);
	og_fakeclock_init(&clock);
	ck_assert_int_eq(og_loop_new(&clock.clock, &l, NULL), 0);
	o.kube = fake_client(l);
	o.ns = "";
	ck_assert_int_eq(authority_start(&o, &fake_seam, &a, NULL), -OG_E_INVALID);
	o.ns = "x";
	o.on_pair = NULL;
	ck_assert_int_eq(authority_start(&o, &fake_seam, &a, NULL), -OG_E_INVALID);
	o.on_pair = on_pair;
	o.ndns = 0;
	ck_assert_int_eq(authority_start(&o, &fake_seam, &a, NULL), -OG_E_INVALID);
	o.ndns = 2;
	o.configurations = many;
	o.nconfigurations = 9;
	ck_assert_int_eq(authority_start(&o, &fake_seam, &a, NULL), -OG_E_LIMIT);
	ck_assert_ptr_null(a);
	og_authority_stop(NULL);
	fake_client_free(o.kube);
	og_loop_free(l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authority_run");
	TCase *t = tcase_create("own CA");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, first_start_of_several, 0, 12);
	tcase_add_test(t, the_others_entries_stay);
	tcase_add_loop_test(t, a_wiped_bundle_is_back_in_seconds, 0, 4);
	tcase_add_test(t, a_foreign_ca_in_the_bundle_is_taken_out);
	tcase_add_loop_test(t, leaves_are_renewed_and_rotation_loses_nothing, 0, 2);
	tcase_add_test(t, a_deleted_secret_loses_nothing);
	tcase_add_test(t, a_secret_deleted_as_soon_as_it_is_made);
	tcase_add_loop_test(t, a_garbled_secret_loses_nothing, 0, 3);
	tcase_add_test(t, the_secret_of_another_is_not_touched);
	tcase_add_test(t, an_empty_secret_with_our_label_is_filled);
	tcase_add_test(t, the_api_server_is_away_for_days);
	tcase_add_test(t, no_right_to_create_the_secret);
	tcase_add_test(t, no_right_to_write_the_bundle);
	tcase_add_loop_test(t, no_right_to_see, 0, 2);
	tcase_add_test(t, a_rotation_waits_for_what_cannot_be_seen);
	tcase_add_test(t, a_registration_that_comes_and_goes);
	tcase_add_test(t, two_registrations);
	tcase_add_test(t, a_registration_of_someone_else);
	tcase_add_test(t, cainjector_keeps_its_bundle);
	tcase_add_test(t, a_suspended_machine);
	tcase_add_test(t, a_listener_that_refuses);
	tcase_add_loop_test(t, stopped_at_any_moment, 0, 24);
	tcase_add_test(t, bad_options);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
