/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets and webhook configurations as anyone may have written them, and what is written back. */
#include <stdio.h>
#include <string.h>
#include "../../../src/kube/authority-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"
#include "support/suite.h"

enum { NOW = 1700000000, DAY = 86400 };

static struct og_arena arena;
static struct og_err err;
static struct og_buf ca1, key1, ca2, key2, leaf, leaf_key;

static void make(struct og_buf *cert, struct og_buf *key, const char *cn)
{
	const struct og_ca_opts o = {cn, NOW - DAY, NOW + 364 * DAY};
	ck_assert_int_eq(og_certs_make_ca(&o, cert, key, &err), 0);
}

static void setup(void)
{
	static const char *const names[] = {"otelgate-webhook.otelgate.svc"};
	const struct og_leaf_opts o = {.dns_names = names,
		.ndns = 1,
		.not_before = NOW - 3600,
		.not_after = NOW + 7 * DAY};

	og_arena_init(&arena, 0, 0);
	make(&ca1, &key1, "one");
	make(&ca2, &key2, "two");
	ck_assert_int_eq(og_certs_make_leaf(
				 og_buf_view(&ca1), og_buf_view(&key1), &o, &leaf, &leaf_key, &err),
		0);
}

static void teardown(void)
{
	struct og_buf *all[] = {&ca1, &key1, &ca2, &key2, &leaf, &leaf_key};
	for (size_t i = 0; i < OG_COUNT(all); i++)
		og_buf_fini(all[i]);
	og_arena_fini(&arena);
}

static struct og_jval parse(struct og_sv text)
{
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	ck_assert_ptr_nonnull(d);
	ck_assert_msg(og_jdoc_parse(d, &arena, text, NULL, &err) == 0, "%s: %.*s", err.msg,
		OG_SV_ARG(text));
	return og_jroot(d);
}

#define LABELS "\"labels\":{\"app.kubernetes.io/managed-by\":\"otelgate\"}"
#define HEAD                                                                 \
	"{\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\",\"metadata\":{" \
	"\"name\":\"s\",\"resourceVersion\":\"7\"," LABELS "},\"data\":{"

struct entry {
	const char *key;
	const struct og_buf *value;
};

static struct secret_seen *read_entries(const struct entry *e, size_t n)
{
	struct og_buf b = OG_BUF_INIT(0);

	og_buf_str(&b, HEAD);
	for (size_t i = 0; i < n; i++) {
		og_buf_fmt(&b, "%s\"%s\":\"", i ? "," : "", e[i].key);
		og_base64_encode(&b, og_buf_view(e[i].value));
		og_buf_ch(&b, '"');
	}
	og_buf_lit(&b, "}}");
	char *text = og_arena_strndup(&arena, b.p, b.len);
	struct og_sv v = og_sv(text, b.len);
	og_buf_fini(&b);
	struct secret_seen *s = secret_seen_read(parse(v), &arena);
	ck_assert_ptr_nonnull(s);
	return s;
}
#define READ(...)                                         \
	read_entries((const struct entry[]){__VA_ARGS__}, \
		sizeof((const struct entry[]){__VA_ARGS__}) / sizeof(struct entry))

static struct secret_seen *read_text(const char *json)
{
	struct secret_seen *s = secret_seen_read(parse(og_svz(json)), &arena);
	ck_assert_ptr_nonnull(s);
	return s;
}

START_TEST(a_good_secret)
{
	struct secret_seen *s = READ({"tls.crt", &ca1}, {"tls.key", &key1}, {"ca.crt", &ca1});
	char id[65];

	ck_assert_str_eq(s->resource_version, "7");
	ck_assert_str_eq(s->refused, "");
	ck_assert(s->current.given && s->current.cert_ok && s->current.key_ok);
	ck_assert_str_eq(s->current.error, "");
	ck_assert_int_eq(s->current.info.not_after, NOW + 364 * DAY);
	ck_assert_int_eq(s->current.info.not_before, NOW - DAY);
	ck_assert(!s->next.given && !s->previous.given);
	ck_assert_int_eq(bundle_id(og_buf_view(&ca1), id, NULL), 0);
	ck_assert_str_eq(s->bundle_id, id);
	secret_seen_free(s);
}
END_TEST

START_TEST(flaws_of_a_secret)
{
	struct og_buf junk = OG_BUF_INIT(0), cut = OG_BUF_INIT(0), empty = OG_BUF_INIT(0);
	struct secret_seen *s;

	og_buf_lit(&junk, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	og_buf_add(&cut, ca1.p, ca1.len / 2);
	og_buf_lit(&empty, "");
	const struct {
		struct entry e[2];
		bool cert, key;
		const char *says;
	} rows[] = {
		{{{"tls.crt", &ca1}, {"tls.key", &key2}}, true, false, "another certificate"},
		{{{"tls.crt", &ca1}, {"tls.key", &ca1}}, true, false, "no private key"},
		{{{"tls.crt", &ca1}, {"tls.key", &junk}}, true, false, "no private key"},
		{{{"tls.crt", &ca1}, {"x", &key1}}, true, false, "key is missing"},
		{{{"tls.crt", &ca1}, {"tls.key", &empty}}, true, false, "key is missing"},
		{{{"tls.crt", &leaf}, {"tls.key", &leaf_key}}, false, false, "not a CA"},
		{{{"tls.crt", &junk}, {"tls.key", &key1}}, false, false, "no certificate"},
		{{{"tls.crt", &cut}, {"tls.key", &key1}}, false, false, "no certificate"},
		{{{"tls.crt", &empty}, {"tls.key", &key1}}, false, false, "tls.crt is missing"},
		{{{"x", &ca1}, {"tls.key", &key1}}, false, false, "tls.crt is missing"},
		{{{"tls.crt", &key1}, {"tls.key", &key1}}, false, false, "no certificate"},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		s = read_entries(rows[i].e, 2);
		ck_assert_msg(s->current.cert_ok == rows[i].cert, "row %zu", i);
		ck_assert_msg(s->current.key_ok == rows[i].key, "row %zu", i);
		ck_assert_msg(strstr(s->current.error, rows[i].says) != NULL, "row %zu: \"%s\"", i,
			s->current.error);
		ck_assert_ptr_null(strstr(s->current.error, "BEGIN"));
		secret_seen_free(s);
	}
	og_buf_fini(&junk);
	og_buf_fini(&cut);
	og_buf_fini(&empty);
}
END_TEST

START_TEST(hostile_secrets)
{
	static const char *const texts[] = {
		"{}",
		"{\"data\":null,\"metadata\":null}",
		"{\"data\":[1,2],\"metadata\":[]}",
		"{\"data\":{\"tls.crt\":5,\"tls.key\":{}},\"metadata\":{\"labels\":3}}",
		"{\"data\":{\"tls.crt\":\"###\",\"tls.key\":\"A\"}}",
		"{\"data\":{\"tls.crt\":\"\\u0000\",\"previous.until\":\"!!\"}}",
		("{\"metadata\":{\"resourceVersion\":"
		 "\"1111111111111111111111111111111111111111111111111111111111111111111111111\"}}"),
		"[]",
		"\"x\"",
	};
	for (size_t i = 0; i < OG_COUNT(texts); i++) {
		struct secret_seen *s = read_text(texts[i]);
		struct og_buf b = OG_BUF_INIT(0);
		ck_assert(!s->current.cert_ok && !s->current.key_ok && !s->next.cert_ok &&
			  !s->previous.cert_ok);
		ck_assert_str_ne(s->refused, "");
		ck_assert_int_eq(secret_bundle(s, &b, NULL), 0);
		ck_assert_uint_eq(b.len, 0);
		og_buf_fini(&b);
		secret_seen_free(s);
	}
}
END_TEST

START_TEST(whose_secret)
{
	static const struct {
		const char *json, *refused;
	} rows[] = {
		{"{\"type\":\"Opaque\",\"metadata\":{" LABELS "}}", ""},
		{"{\"metadata\":{" LABELS "}}", ""},
		{"{\"type\":\"kubernetes.io/tls\",\"metadata\":{" LABELS "}}", ""},
		{"{\"type\":\"kubernetes.io/dockerconfigjson\",\"metadata\":{" LABELS "}}", "type"},
		{"{\"type\":\"kubernetes.io/tls\",\"metadata\":{\"labels\":{}}}", "label"},
		{"{\"type\":\"Opaque\",\"metadata\":{\"labels\":{"
		 "\"app.kubernetes.io/managed-by\":\"Helm\"}}}",
			"label"},
		{"{\"metadata\":{\"annotations\":{\"app.kubernetes.io/managed-by\":\"otelgate\"}}}",
			"label"},
		{"{\"immutable\":true,\"metadata\":{" LABELS "}}", "immutable"},
		{"{\"immutable\":false,\"metadata\":{" LABELS "}}", ""},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct secret_seen *s = read_text(rows[i].json);
		if (*rows[i].refused)
			ck_assert_msg(strstr(s->refused, rows[i].refused) != NULL, "row %zu: %s", i,
				s->refused);
		else
			ck_assert_str_eq(s->refused, "");
		secret_seen_free(s);
	}
}
END_TEST

/* ---- bundles ---- */

static void bundle_of(const struct secret_seen *s, struct og_buf *b)
{
	og_buf_reset(b);
	ck_assert_int_eq(secret_bundle(s, b, NULL), 0);
}

START_TEST(a_bundle_does_not_depend_on_who_signs)
{
	struct og_buf a = OG_BUF_INIT(0), b = OG_BUF_INIT(0);
	struct secret_seen *s = READ(
		{"tls.crt", &ca1}, {"tls.key", &key1}, {"next.crt", &ca2}, {"next.key", &key2});
	struct secret_seen *t = READ({"tls.crt", &ca2}, {"tls.key", &key2}, {"previous.crt", &ca1});

	bundle_of(s, &a);
	bundle_of(t, &b);
	ck_assert_uint_eq(a.len, ca1.len + ca2.len);
	ck_assert(og_sv_eq(og_buf_view(&a), og_buf_view(&b)));
	secret_seen_free(t);
	t = READ({"tls.crt", &ca1}, {"previous.crt", &ca1}, {"next.crt", &ca1});
	bundle_of(t, &b); /* the same three times is one */
	ck_assert(og_sv_eq(og_buf_view(&ca1), og_buf_view(&b)));
	secret_seen_free(t);
	t = READ({"tls.crt", &leaf}, {"previous.crt", &ca2}, {"next.crt", &key1});
	bundle_of(t, &b);
	ck_assert(og_sv_eq(og_buf_view(&ca2), og_buf_view(&b)));
	secret_seen_free(t);
	secret_seen_free(s);
	og_buf_fini(&a);
	og_buf_fini(&b);
}
END_TEST

START_TEST(text_around_a_certificate_is_left_out)
{
	struct og_buf noisy = OG_BUF_INIT(0), b = OG_BUF_INIT(0);

	og_buf_lit(&noisy, "# my CA\nsubject=CN = one\n");
	og_buf_sv(&noisy, og_buf_view(&ca1));
	og_buf_sv(&noisy, og_buf_view(&key1)); /* what must never be published */
	struct secret_seen *s = READ({"tls.crt", &noisy}, {"tls.key", &key1});
	bundle_of(s, &b);
	ck_assert(og_sv_eq(og_buf_view(&ca1), og_buf_view(&b)));
	secret_seen_free(s);
	og_buf_fini(&noisy);
	og_buf_fini(&b);
}
END_TEST

/* ---- bodies ---- */

/* Writes, and reads back what a server would keep. The patch's nulls must be there, too. */
static struct og_jval body(const struct authority_make *m)
{
	struct og_buf b = OG_BUF_INIT(0);
	ck_assert_msg(authority_body(m, &b, &err) == 0, "%s", err.msg);
	struct og_sv kept = og_arena_sv(&arena, og_buf_view(&b));
	og_buf_fini(&b);
	return parse(kept);
}

static struct og_sv decoded(struct og_jval o, const char *key)
{
	struct og_buf b = OG_BUF_INIT(0);
	struct og_sv v = og_jstr_or_empty(og_jget(og_jgetl(o, "data"), og_svz(key)), &arena);
	ck_assert_int_eq(og_base64_decode(&b, v, NULL), 0);
	v = og_arena_sv(&arena, og_buf_view(&b));
	og_buf_fini(&b);
	return v;
}

static struct authority_make making(enum authority_write w, const struct secret_seen *seen)
{
	return (struct authority_make){.write = w,
		.seen = seen,
		.ns = "otelgate",
		.name = "otelgate-webhook-ca",
		.now = NOW,
		.ca_s = 365 * DAY,
		.leaf_s = 7 * DAY};
}

START_TEST(a_new_secret)
{
	struct authority_make m = making(WRITE_CREATE, NULL);
	struct og_jval o = body(&m);
	struct secret_seen *s = secret_seen_read(o, &arena);

	ck_assert(og_jstr_is(og_jgetl(o, "type"), "kubernetes.io/tls"));
	ck_assert(og_jstr_is(og_jpath(o, "metadata", "name", NULL), "otelgate-webhook-ca"));
	ck_assert(og_jstr_is(og_jpath(o, "metadata", "namespace", NULL), "otelgate"));
	ck_assert_str_eq(s->refused, "");
	ck_assert(s->current.cert_ok && s->current.key_ok && !s->next.given && !s->previous.given);
	ck_assert_int_eq(s->current.info.not_before, NOW - AUTHORITY_SKEW_S);
	ck_assert_int_eq(s->current.info.not_after, NOW + 365 * DAY);
	ck_assert(og_sv_eq(decoded(o, "ca.crt"), decoded(o, "tls.crt")));
	secret_seen_free(s);
}
END_TEST

START_TEST(a_secret_made_anew)
{
	struct secret_seen *old = READ({"tls.crt", &ca1}, {"tls.key", &key1});
	struct authority_make m = making(WRITE_RECREATE, NULL);
	m.remembered = &old->current;
	struct og_jval o = body(&m);
	struct secret_seen *s = secret_seen_read(o, &arena);

	ck_assert(s->current.cert_ok && !s->current.key_ok);
	ck_assert_str_eq(s->current.info.id, old->current.info.id);
	ck_assert(og_jstr_is(og_jpath(o, "data", "tls.key", NULL), ""));
	ck_assert(s->next.cert_ok && s->next.key_ok);
	ck_assert_uint_gt(decoded(o, "ca.crt").n, ca1.len);
	secret_seen_free(s);
	secret_seen_free(old);
}
END_TEST

START_TEST(a_rotation_step_by_step)
{
	struct secret_seen *s = READ({"tls.crt", &ca1}, {"tls.key", &key1});
	struct authority_make m = making(WRITE_BEGIN, s);
	struct og_jval o = body(&m);

	ck_assert(og_jstr_is(og_jpath(o, "metadata", "resourceVersion", NULL), "7"));
	ck_assert(og_junset(og_jpath(o, "data", "tls.crt", NULL)));
	ck_assert(og_sv_starts(decoded(o, "next.crt"), OG_SV("-----BEGIN CERT")));
	ck_assert_uint_gt(decoded(o, "ca.crt").n, ca1.len);
	secret_seen_free(s);

	s = READ({"tls.crt", &ca1}, {"tls.key", &key1}, {"next.crt", &ca2}, {"next.key", &key2});
	m = making(WRITE_PROMOTE, s);
	o = body(&m);
	ck_assert(og_sv_eq(decoded(o, "tls.crt"), og_buf_view(&ca2)));
	ck_assert(og_sv_eq(decoded(o, "tls.key"), og_buf_view(&key2)));
	ck_assert(og_sv_eq(decoded(o, "previous.crt"), og_buf_view(&ca1)));
	ck_assert_str_eq(decoded(o, "previous.until").p, "2023-11-21T23:13:20Z");
	ck_assert(og_jis(og_jpath(o, "data", "next.crt", NULL), OG_J_NULL));
	ck_assert(og_jis(og_jpath(o, "data", "next.key", NULL), OG_J_NULL));
	ck_assert_uint_eq(decoded(o, "ca.crt").n, ca1.len + ca2.len);
	secret_seen_free(s);

	s = READ({"tls.crt", &ca2}, {"tls.key", &key2}, {"previous.crt", &ca1});
	m = making(WRITE_DROP, s);
	m.drop_previous = true;
	o = body(&m);
	ck_assert(og_jis(og_jpath(o, "data", "previous.crt", NULL), OG_J_NULL));
	ck_assert(og_jis(og_jpath(o, "data", "previous.until", NULL), OG_J_NULL));
	ck_assert(og_jis(og_jpath(o, "data", "next.crt", NULL), OG_J_ABSENT));
	ck_assert(og_sv_eq(decoded(o, "ca.crt"), og_buf_view(&ca2)));
	secret_seen_free(s);
}
END_TEST

START_TEST(a_broken_ca_is_not_kept_as_previous)
{
	struct secret_seen *s = READ(
		{"tls.crt", &leaf}, {"tls.key", &key1}, {"next.crt", &ca2}, {"next.key", &key2});
	struct authority_make m = making(WRITE_PROMOTE, s);
	struct og_jval o = body(&m);

	ck_assert(og_junset(og_jpath(o, "data", "previous.crt", NULL)));
	ck_assert(og_sv_eq(decoded(o, "ca.crt"), og_buf_view(&ca2)));
	secret_seen_free(s);
}
END_TEST

START_TEST(repairing_ca_crt)
{
	struct secret_seen *s = READ({"tls.crt", &ca1}, {"tls.key", &key1}, {"ca.crt", &ca2});
	struct authority_make m = making(WRITE_BUNDLE, s);
	struct og_jval o = body(&m);

	ck_assert_uint_eq(og_jcount(og_jgetl(o, "data")), 1);
	ck_assert(og_sv_eq(decoded(o, "ca.crt"), og_buf_view(&ca1)));
	secret_seen_free(s);
}
END_TEST

START_TEST(no_such_write)
{
	struct secret_seen *s = READ({"tls.crt", &ca1});
	struct authority_make m = making(WRITE_NOTHING, s);
	struct og_buf b = OG_BUF_INIT(0);

	ck_assert_int_eq(authority_body(&m, &b, &err), -OG_E_BUG);
	og_buf_fini(&b);
	secret_seen_free(s);
}
END_TEST

START_TEST(a_body_without_memory)
{
	struct secret_seen *s = READ({"tls.crt", &ca1}, {"tls.key", &key1});
	struct authority_make m = making(WRITE_BUNDLE, s);

	for (unsigned long at = 1; at < 50; at++) {
		struct og_buf b = OG_BUF_INIT(0);
		og_mem_fault_arm(at, true);
		int r = authority_body(&m, &b, &err);
		bool fired = og_mem_fault_disarm() >= at;
		ck_assert(r == 0 || fired);
		ck_assert(r == 0 || r == -OG_E_OOM);
		og_buf_fini(&b);
		if (!fired)
			break;
	}
	secret_seen_free(s);
}
END_TEST

/* ---- configurations ---- */

static const char *const dns[] = {"otelgate-webhook", "otelgate-webhook.otelgate",
	"otelgate-webhook.otelgate.svc", "otelgate-webhook.otelgate.svc.cluster.local"};
static const char *const ips[] = {"127.0.0.1", "::1"};
static const struct our_names ours = {dns, OG_COUNT(dns), ips, OG_COUNT(ips)};

static struct config_seen *config(const char *webhooks, const char *annotations)
{
	char *t = og_arena_fmt(&arena,
		"{\"metadata\":{\"name\":\"otelgate\",\"resourceVersion\":\"42\","
		"\"annotations\":%s},\"webhooks\":%s}",
		annotations ? annotations : "{}", webhooks);
	struct config_seen *c = config_seen_read(parse(og_svz(t)), &ours, &arena);
	ck_assert_ptr_nonnull(c);
	return c;
}

START_TEST(which_entries_are_ours)
{
	static const struct {
		const char *client;
		bool ours;
	} rows[] = {
		{"{\"service\":{\"name\":\"otelgate-webhook\",\"namespace\":\"otelgate\"}}", true},
		{"{\"service\":{\"name\":\"otelgate-webhook\",\"namespace\":\"other\"}}", false},
		{"{\"service\":{\"name\":\"other\",\"namespace\":\"otelgate\"}}", false},
		{"{\"service\":{\"name\":\"otelgate-webhook\"}}", false},
		{"{\"service\":{\"name\":\"\",\"namespace\":\"\"}}", false},
		{"{\"service\":null,\"url\":\"https://127.0.0.1:9443/mutate\"}", true},
		{"{\"url\":\"https://[::1]:9443/mutate\"}", true},
		{"{\"url\":\"https://otelgate-webhook.otelgate.svc/mutate\"}", true},
		{"{\"url\":\"https://OTELGATE-webhook.otelgate.svc/mutate\"}", true},
		{"{\"url\":\"https://10.0.0.1:9443/mutate\"}", false},
		{"{\"url\":\"https://evil.example/otelgate-webhook.otelgate.svc\"}", false},
		{"{\"url\":\"not a url\"}", false},
		{"{\"url\":17}", false},
		{"{}", false},
		{"null", false},
		{"[]", false},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		struct config_seen *c = config(
			og_arena_fmt(&arena, "[{\"clientConfig\":%s}]", rows[i].client), NULL);
		ck_assert_msg(c->n == (rows[i].ours ? 1U : 0U), "row %zu: %s", i, rows[i].client);
		og_free(c);
	}
}
END_TEST

#define OURS "\"service\":{\"name\":\"otelgate-webhook\",\"namespace\":\"otelgate\"}"
START_TEST(a_patch_touches_what_is_ours_and_not_current)
{
	struct og_buf b = OG_BUF_INIT(0), b64 = OG_BUF_INIT(0);
	char id[65];

	og_base64_encode(&b64, og_buf_view(&ca1));
	ck_assert_int_eq(bundle_id(og_buf_view(&ca1), id, NULL), 0);
	struct config_seen *c = config(
		og_arena_fmt(&arena,
			"[{\"clientConfig\":{" OURS "}},{\"clientConfig\":{\"url\":\"https://x\"}},"
			"{\"clientConfig\":{" OURS ",\"caBundle\":\"%s\"}},"
			"{\"clientConfig\":{" OURS ",\"caBundle\":\"AAAA\"}}]",
			b64.p),
		NULL);
	ck_assert_uint_eq(c->n, 3);
	ck_assert(!config_is_current(c, id));
	config_patch(c, id, og_buf_view(&ca1), &b);
	struct og_jval p = parse(og_buf_view(&b));
	ck_assert_uint_eq(og_jcount(p), 3);
	ck_assert(og_jstr_is(og_jgetl(og_jat(p, 0), "op"), "test"));
	ck_assert(og_jstr_is(og_jgetl(og_jat(p, 0), "value"), "42"));
	ck_assert(og_jstr_is(og_jgetl(og_jat(p, 1), "path"), "/webhooks/0/clientConfig/caBundle"));
	ck_assert(og_jstr_is(og_jgetl(og_jat(p, 2), "path"), "/webhooks/3/clientConfig/caBundle"));
	ck_assert(og_jstr_eq(og_jgetl(og_jat(p, 2), "value"), og_buf_view(&b64)));
	og_free(c);
	c = config(
		og_arena_fmt(&arena, "[{\"clientConfig\":{" OURS ",\"caBundle\":\"%s\"}}]", b64.p),
		NULL);
	ck_assert(config_is_current(c, id));
	og_free(c);
	og_buf_fini(&b);
	og_buf_fini(&b64);
}
END_TEST

START_TEST(hostile_configurations)
{
	static const char *const webhooks[] = {"null", "{}", "[]", "[null,5,\"x\",[]]",
		"[{\"clientConfig\":{" OURS ",\"caBundle\":\"****\"}}]",
		"[{\"clientConfig\":{" OURS ",\"caBundle\":7}}]"};
	for (size_t i = 0; i < OG_COUNT(webhooks); i++) {
		struct config_seen *c = config(webhooks[i], NULL);
		ck_assert_uint_eq(c->n, i < 4 ? 0 : 1);
		if (c->n)
			ck_assert_str_eq(c->v[0].bundle_id, "");
		ck_assert(config_is_current(c, "x") == (c->n == 0));
		og_free(c);
	}
	struct og_buf many = OG_BUF_INIT(0);
	og_buf_ch(&many, '[');
	for (int i = 0; i < 3 * AUTHORITY_WEBHOOKS; i++)
		og_buf_fmt(&many, "%s{\"clientConfig\":{" OURS "}}", i ? "," : "");
	og_buf_ch(&many, ']');
	struct config_seen *c = config(many.p, NULL);
	ck_assert_uint_eq(c->n, AUTHORITY_WEBHOOKS);
	og_free(c);
	og_buf_fini(&many);
}
END_TEST

START_TEST(cainjector_is_not_fought)
{
	struct config_seen *c = config("[]", "{\"cert-manager.io/inject-ca-from\":\"a/b\"}");
	ck_assert(c->injected_by_other);
	og_free(c);
	c = config("[]", "{\"cert-manager.io/other\":\"a/b\"}");
	ck_assert(!c->injected_by_other);
	og_free(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authority_docs");
	TCase *t = tcase_create("documents");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_good_secret);
	tcase_add_test(t, flaws_of_a_secret);
	tcase_add_test(t, hostile_secrets);
	tcase_add_test(t, whose_secret);
	tcase_add_test(t, a_bundle_does_not_depend_on_who_signs);
	tcase_add_test(t, text_around_a_certificate_is_left_out);
	tcase_add_test(t, a_new_secret);
	tcase_add_test(t, a_secret_made_anew);
	tcase_add_test(t, a_rotation_step_by_step);
	tcase_add_test(t, a_broken_ca_is_not_kept_as_previous);
	tcase_add_test(t, repairing_ca_crt);
	tcase_add_test(t, no_such_write);
	tcase_add_test(t, a_body_without_memory);
	tcase_add_test(t, which_entries_are_ours);
	tcase_add_test(t, a_patch_touches_what_is_ours_and_not_current);
	tcase_add_test(t, hostile_configurations);
	tcase_add_test(t, cainjector_is_not_fought);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
