/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: each way to get the source Secret wrong, what is made of a right one, and what is
 * never said. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/credentials.h"
#include "otelgate/core/plan.h"
#include "support/suite.h"

#define GATEWAY                                                                             \
	"  receiver: {type: gateway, endpoint: https://otlp-gateway-prod-eu-west-2.grafana" \
	".net/otlp%s}\n"
#define REF "  credentials: {secretRef: {name: cloud, namespace: mon}%s}\n"

/* {"o":"1","n":"x","k":"y","m":{"r":"REGION"}} */
#define TOKEN_EU2      "glc_eyJvIjoiMSIsIm4iOiJ4IiwiayI6InkiLCJtIjp7InIiOiJwcm9kLWV1LXdlc3QtMiJ9fQ=="
#define TOKEN_EU       "glc_eyJvIjoiMSIsIm4iOiJ4IiwiayI6InkiLCJtIjp7InIiOiJldSJ9fQ=="
#define TOKEN_US0      "glc_eyJvIjoiMSIsIm4iOiJ4IiwiayI6InkiLCJtIjp7InIiOiJwcm9kLXVzLWVhc3QtMCJ9fQ=="
#define TOKEN_US       "glc_eyJvIjoiMSIsIm4iOiJ4IiwiayI6InkiLCJtIjp7InIiOiJ1cyJ9fQ=="
#define TOKEN_NONE     "glc_eyJvIjoiMSIsIm4iOiJ4IiwiayI6InkifQ=="
#define TOKEN_UNPADDED "glc_eyJvIjoiMSIsIm4iOiJ4IiwiayI6InkiLCJtIjp7InIiOiJwcm9kLWV1LXdlc3QtMiJ9fQ"
#define TOKEN_EVIL     "glc_eyJtIjp7InIiOiJBIFxuIFNFQ1JFVCJ9fQ==" /* region "A \n SECRET" */

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static const struct og_stack *stack_of(const char *spec)
{
	struct og_config_report rep;
	struct og_config *c = NULL;
	char *text = og_arena_fmt(&arena,
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: "
		"grafana}\nspec:\n%s",
		spec);
	struct og_config_input in = {"stack.yaml", og_svz(text)};
	int r = og_config_read(&arena, &in, 1, &c, &rep);

	ck_assert_msg(r == 0, "%s: %s", rep.n ? rep.v[0].path : "", rep.n ? rep.v[0].message : "");
	return &c->stacks[0];
}

static const struct og_stack *cloud(const char *receiver_more, const char *credentials_more)
{
	char *a = og_arena_fmt(&arena, GATEWAY REF, receiver_more, credentials_more);
	return stack_of(a);
}

static const struct og_stack *collector(const char *credentials_more)
{
	return stack_of(og_arena_fmt(&arena,
		"  receiver: {endpoint: \"http://alloy.mon:4318\"}\n" REF, credentials_more));
}

static struct og_jval parse(struct og_sv text)
{
	struct og_jdoc *d = og_arena_new(&arena, struct og_jdoc);
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_jdoc_parse(d, &arena, og_arena_sv(&arena, text), NULL, &err) == 0,
		"%s in %.*s", err.msg, OG_SV_ARG(text));
	return og_jroot(d);
}

struct kv {
	const char *key, *value; /* NULL key ends; NULL value leaves it out */
	size_t n;		 /* 0 = strlen */
};

static struct og_jval secret_of(const struct kv *kv, const char *meta)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const char *comma = "";
	og_buf_fmt(&b, "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"cloud\"%s},\"data\":{", meta);
	for (; kv->key; kv++) {
		if (!kv->value)
			continue;
		og_buf_fmt(&b, "%s\"%s\":\"", comma, kv->key);
		og_base64_encode(&b, og_sv(kv->value, kv->n ? kv->n : strlen(kv->value)));
		og_buf_ch(&b, '"');
		comma = ",";
	}
	og_buf_lit(&b, "}}");
	return parse(og_buf_view(&b));
}

static void make(const struct og_stack *s, struct og_jval secret, struct og_credentials *ret)
{
	struct og_err err = OG_ERR_INIT;
	int r = og_credentials_make(
		s, OG_SV("uid-1"), OG_CREDENTIAL_FOUND, secret, &arena, ret, &err);
	ck_assert_msg(r == 0, "%s", err.msg);
}

static struct og_sv exposed(const struct og_secret *s)
{
	return og_sv(og_secret_is_set(s) ? og_secret_expose(s) : "", og_secret_len(s));
}

static bool has(const struct og_credentials *c, const char *id)
{
	for (uint32_t i = 0; i < c->findings.n; i++)
		if (!strcmp(c->findings.v[i].def->id, id))
			return true;
	return false;
}

/* ---- instance id and token ---- */

#define V OG_CREDENTIAL_VALID
#define M OG_CREDENTIAL_MISSING
#define I OG_CREDENTIAL_INVALID

static const struct {
	const char *name, *id, *token;
	bool collector;
	enum og_credential_state state;
	const char *reason, *finding; /* NULL finding: none at all */
	const char *says;	      /* part of the message */
} pairs[] = {
	{"right", "123456", TOKEN_EU2, false, V, "Valid", NULL, NULL},
	{"unpadded", "123456", TOKEN_UNPADDED, false, V, "Valid", NULL, NULL},
	{"no region", "123456", TOKEN_NONE, false, V, "Valid", NULL, NULL},
	{"continent", "123456", TOKEN_EU, false, V, "Valid", NULL, NULL},
	{"unknown kind of token", "123456", "abcdefghij", false, V, "Valid", NULL, NULL},
	{"collector: any user", "alice", "s3cr3t-of-alice", true, V, "Valid", NULL, NULL},
	{"collector: a number as password", "alice", "12345", true, V, "Valid", NULL, NULL},
	{"collector: service token", "alice", "glsa_abcdefgh", true, V, "Valid", NULL, NULL},
	{"collector: another region", "1", TOKEN_US, true, V, "Valid", NULL, NULL},
	{"collector: colons in the password", "alice", "a:b:c", true, V, "Valid", NULL, NULL},
	/* white space around is left away */
	{"token with a line end", "123456", TOKEN_EU2 "\n", false, V, "WhiteSpace", "OG403",
		"Secret mon/cloud, key token: the value has white space"},
	{"id with a line end", "123456\r\n", TOKEN_EU2, false, V, "WhiteSpace", "OG403",
		"key instance-id"},
	{"blank before", " 123456", TOKEN_EU2, false, V, "WhiteSpace", "OG403", "printf"},
	/* doubtful, and used */
	{"other region", "123456", TOKEN_US0, false, V, "WrongRegion", "OG413",
		"in region prod-us-east-0, and the receiver is in prod-eu-west-2"},
	{"other continent", "123456", TOKEN_US, false, V, "WrongRegion", "OG413", "region us,"},
	{"cut", "123456", "glc_eyJvIjoiMSIsIm4iOiJ4Ii", false, V, "TokenDoubtful", "OG417",
		"does not look whole"},
	{"cut at once", "123456", "glc_", false, V, "TokenDoubtful", "OG417", "whole"},
	{"payload is a list", "123456", "glc_W10=", false, V, "TokenDoubtful", "OG417", "whole"},
	{"region that is none", "123456", TOKEN_EVIL, false, V, "Valid", NULL, NULL},
	{"old API key", "123456", "eyJrIjoiYWJjIn0=", false, V, "TokenDoubtful", "OG417", "eyJ"},
	/* refused */
	{"no token", "123456", NULL, false, M, "KeyMissing", "OG402",
		"key token: there is no such key; the Secret has instance-id. Add it"},
	{"no id", NULL, TOKEN_EU2, false, M, "KeyMissing", "OG402", "the Secret has token."},
	{"nothing", NULL, NULL, false, M, "KeyMissing", "OG402", "has no keys at all"},
	{"empty token", "123456", "", false, I, "ValueEmpty", "OG416", "is empty"},
	{"blank token", "123456", " \n\n", false, I, "ValueEmpty", "OG416", "is empty"},
	{"empty id", "", TOKEN_EU2, false, I, "ValueEmpty", "OG416", "key instance-id"},
	{"swapped", TOKEN_EU2, "123456", false, I, "Swapped", "OG411", "Exchange them"},
	{"swapped, service token", "glsa_abc", "123456", false, I, "Swapped", "OG411", "swapped"},
	{"swapped, old key", "eyJrIjoiYWJjIn0=", "123456", false, I, "Swapped", "OG411", "swapped"},
	{"swapped at a collector", "glc_abc", "alice", true, I, "Swapped", "OG411", "swapped"},
	{"tokens twice", TOKEN_EU2, TOKEN_EU2, false, I, "NotAnId", "OG404", "a token stands"},
	{"ids twice", "123456", "123456", false, I, "NotAToken", "OG404", "is a number"},
	{"service token", "123456", "glsa_abcdefgh", false, I, "TokenKind", "OG412",
		"access policy token (glc_)"},
	{"name for id", "acme", TOKEN_EU2, false, I, "NotAnId", "OG404", "is a number, not a name"},
	{"both in the id", "123456:" TOKEN_EU2, TOKEN_EU2, false, I, "NotAnId", "OG404", "\":\""},
	{"colon in a collector's user", "a:b", "c", true, I, "NotAnId", "OG404", "\":\""},
	{"Basic in the token", "123456", "Basic MTIzOmdsY18=", false, I, "NotAToken", "OG404",
		"stand in the header twice"},
	{"encoded Basic", "123456", "basic%20MTIzOmdsY18=", false, I, "NotAToken", "OG404",
		"Basic"},
	{"header in the token", "123456", "Authorization=Basic%20MTIz", false, I, "NotAToken",
		"OG404", "headerKey"},
	{"header in the id", "Basic MTIzOmdsY18=", TOKEN_EU2, false, I, "NotAnId", "OG404",
		"a whole header"},
	{"pair in base64", "123456", "MTIzNDU2OmdsY19hYmM=", false, I, "NotAToken", "OG404",
		"otelgate makes that itself"},
	{"pair in base64, as id", "MTIzNDU2OmdsY19hYmM=", TOKEN_EU2, false, I, "NotAToken", "OG404",
		"otelgate makes that itself"},
	{"token twice in base64", "123456", "Z2xjX2FiYw==", false, I, "EncodedTwice", "OG405",
		"stringData"},
	{"token twice in base64, with echo", "123456", "Z2xjX2FiYwo=", false, I, "EncodedTwice",
		"OG405", "twice"},
	{"id twice in base64", "MTIzNDU2", TOKEN_EU2, false, I, "EncodedTwice", "OG405",
		"key instance-id"},
	{"line break inside", "123456", "glc_abc\ndef", false, I, "ValueNotText", "OG416",
		"in the middle"},
	{"blank inside", "123456", "glc_abc def", false, I, "ValueNotText", "OG416", "blank"},
	{"blank inside the id", "123 456", "alice", true, I, "ValueNotText", "OG416",
		"key instance-id"},
	{"control character", "123456", "glc_\x01", false, I, "ValueNotText", "OG416", "control"},
	{"no UTF-8", "123456", "glc_\xff\xfe", false, I, "ValueNotText", "OG416", "UTF-8"},
	{"UTF-16", "123456", "\xff\xfeg", false, I, "ValueNotText", "OG416", "encoding"},
};

START_TEST(instance_id_and_token)
{
	const struct og_stack *s = pairs[_i].collector ? collector("") : cloud("", "");
	const struct kv kv[] = {
		{"instance-id", pairs[_i].id, 0}, {"token", pairs[_i].token, 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials c = {0};

	make(s, secret_of(kv, ""), &c);
	const char *name = pairs[_i].name;
	ck_assert_msg(c.state == pairs[_i].state, "%s: state %u, %s", name, c.state, c.reason);

	ck_assert_msg(!strcmp(c.reason, pairs[_i].reason), "%s: %s", name, c.reason);
	ck_assert_msg(!c.finding == !pairs[_i].finding, "%s: %s", name, c.finding);
	if (pairs[_i].finding) {
		ck_assert_msg(!strcmp(c.finding, pairs[_i].finding), "%s: %s", name, c.finding);
		ck_assert_msg(has(&c, c.finding), "%s", name);
		ck_assert_msg(og_sv_has(c.message, og_svz(pairs[_i].says)), "%s: %.*s", name,
			OG_SV_ARG(c.message));
		ck_assert_msg(og_sv_starts(c.message, OG_SV("Secret mon/cloud")), "%s: %.*s", name,
			OG_SV_ARG(c.message));
	}
	ck_assert_msg(og_secret_is_set(&c.header) == (c.state == V), "%s", name);
	ck_assert_uint_eq(strlen(c.hash), c.state == V ? 16 : 0);
	ck_assert(!og_secret_is_set(&c.profiles_user) && !og_secret_is_set(&c.profiles_password));
}
END_TEST

/* RFC 7617 and percent-encoding, by hand: base64("123456:glc_abc?>") = MTIzNDU2OmdsY19hYmM/Pg== */
START_TEST(the_header_is_encoded)
{
	const struct kv kv[] = {
		{"instance-id", "123456\n", 0}, {"token", "\tglc_abc?>\n", 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials c = {0};

	make(cloud("", ""), secret_of(kv, ""), &c);
	ck_assert(
		og_sv_is(exposed(&c.header), "Authorization=Basic%20MTIzNDU2OmdsY19hYmM/Pg%3D%3D"));
}
END_TEST

/* ---- a complete header ---- */

static const struct {
	const char *value;
	enum og_credential_state state;
	const char *reason, *finding, *header; /* header: what is distributed */
} headers[] = {
	{"Authorization=Basic%20MTIzNDU2OmFiYw%3D%3D", V, "Valid", NULL,
		"Authorization=Basic%20MTIzNDU2OmFiYw%3D%3D"},
	{"Authorization=Bearer%20abc,x-scope-orgid=a", V, "Valid", NULL,
		"Authorization=Bearer%20abc,x-scope-orgid=a"},
	{"Authorization=Basic%20MTIzNDU2OmFiYw==\n", V, "WhiteSpace", "OG403",
		"Authorization=Basic%20MTIzNDU2OmFiYw=="},
	{"Authorization=Basic MTIzNDU2OmFiYw==", V, "HeaderEncoding", "OG406",
		"Authorization=Basic%20MTIzNDU2OmFiYw=="},
	{"api-key=1+2;3,b=\"x\"", V, "HeaderEncoding", "OG406", "api-key=1%2B2%3B3,b=%22x%22"},
	{"api-key=\xc3\xa9", V, "HeaderEncoding", "OG406", "api-key=%C3%A9"},
	{"", I, "ValueEmpty", "OG416", NULL},
	{"MTIzNDU2OmFiYw==", I, "HeaderMalformed", "OG404", NULL},
	{"glc_abc", I, "HeaderMalformed", "OG404", NULL},
	{"Basic MTIzNDU2OmFiYw", I, "HeaderMalformed", "OG404", NULL},
	{"Authorization=Basic%20Basic%20MTIz", I, "HeaderMalformed", "OG404", NULL},
	{"Authorization=Basic Basic MTIz", I, "HeaderMalformed", "OG404", NULL},
	{"Authorization=Basic%2520MTIz", I, "EncodedTwice", "OG405", NULL},
	{"Authorization=Basic%20Z2xjX2FiYzoxMjM0NTY%3D", I, "HeaderMalformed", "OG404", NULL},
	{"Authorization=Basic%20MTIzNDU2OmFiYwo%3D", I, "HeaderMalformed", "OG404", NULL},
	{"Authorization=Basic%20MTpnbHNhX2FiYw%3D%3D", I, "TokenKind", "OG412",
		NULL}, /* 1:glsa_abc */
	{"Authorization: Basic abc", I, "HeaderMalformed", "OG404", NULL},
	{"a=1\nb=2", I, "ValueNotText", "OG416", NULL},
	{"a=1\x01", I, "ValueNotText", "OG416", NULL},
	{"a=%zz", I, "HeaderMalformed", "OG404", NULL},
	{"a=%00", I, "HeaderMalformed", "OG404", NULL},
};

START_TEST(a_complete_header)
{
	const struct kv kv[] = {{"hdr", headers[_i].value, 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials c = {0};

	make(cloud("", ", headerKey: hdr"), secret_of(kv, ""), &c);
	ck_assert_msg(c.state == headers[_i].state && !strcmp(c.reason, headers[_i].reason),
		"row %d: %u %s %.*s", _i, c.state, c.reason, OG_SV_ARG(c.message));
	ck_assert(!c.finding == !headers[_i].finding);
	ck_assert(!c.finding || !strcmp(c.finding, headers[_i].finding));
	ck_assert_msg(og_sv_eq(exposed(&c.header), og_svz(headers[_i].header)), "row %d", _i);
}
END_TEST

/* ---- profiles ---- */

START_TEST(profiles_get_user_and_password)
{
	const struct kv kv[] = {{"instance-id", "123456", 0}, {"token", "glc_e30=", 0},
		{"hdr", "x=1,Authorization=Basic%20Nzg6cHc%3D", 0},
		{"bearer", "Authorization=Bearer%20x", 0}, {NULL, NULL, 0}};
	const char *ep = ", endpoints: {profiles: \"https://profiles-prod-1.grafana.net\"}";
	og_auto_credentials struct og_credentials pair = {0}, header = {0}, bearer = {0},
						  named = {0};
	struct og_jval secret = secret_of(kv, "");

	make(cloud(ep, ""), secret, &pair);
	ck_assert(og_sv_is(exposed(&pair.profiles_user), "123456"));
	ck_assert(og_sv_is(exposed(&pair.profiles_password), "glc_e30="));
	make(cloud(ep, ", headerKey: hdr"), secret, &header);
	ck_assert(og_sv_is(exposed(&header.profiles_user), "78"));
	ck_assert(og_sv_is(exposed(&header.profiles_password), "pw"));
	make(cloud(ep, ", headerKey: bearer"), secret, &bearer);
	ck_assert(bearer.state == V && !og_secret_is_set(&bearer.profiles_user));
	make(stack_of(og_arena_fmt(&arena,
		     GATEWAY REF
		     "  query: {pyroscope: {url: \"https://profiles-prod-1.grafana.net\", user: \"999\"}}\n",
		     ep, "")),
		secret, &named);
	ck_assert(og_sv_is(exposed(&named.profiles_user), "999"));
	ck_assert_str_ne(named.hash, pair.hash);
}
END_TEST

/* ---- hash ---- */

START_TEST(the_hash_is_of_what_pods_read)
{
	const struct kv a[] = {{"instance-id", "1", 0}, {"token", "aaaa", 0}, {NULL, NULL, 0}};
	const struct kv b[] = {{"instance-id", "1", 0}, {"token", "aaab", 0}, {NULL, NULL, 0}};
	const struct kv blank[] = {{"instance-id", "1", 0}, {"token", "aaaa\n", 0},
		{"other", "x", 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials one = {0}, two = {0}, same = {0}, other = {0};

	make(collector(""), secret_of(a, ""), &one);
	make(collector(""), secret_of(b, ""), &two);
	make(collector(""), secret_of(blank, ""), &same);
	ck_assert_int_eq(og_credentials_make(collector(""), OG_SV("uid-2"), OG_CREDENTIAL_FOUND,
				 secret_of(a, ""), &arena, &other, NULL),
		0);
	ck_assert_str_ne(one.hash, two.hash);
	ck_assert_str_eq(one.hash, same.hash);
	ck_assert_str_ne(one.hash, other.hash);
	ck_assert_uint_eq(strspn(one.hash, "0123456789abcdef"), 16);
}
END_TEST

/* ---- not there, not readable, malformed ---- */

START_TEST(what_could_not_be_read)
{
	static const struct {
		enum og_credential_read how;
		enum og_credential_state state;
		const char *reason, *finding;
	} rows[] = {
		{OG_CREDENTIAL_ABSENT, OG_CREDENTIAL_MISSING, "SecretMissing", "OG401"},
		{OG_CREDENTIAL_FORBIDDEN, OG_CREDENTIAL_DENIED, "SecretForbidden", "OG414"},
		{OG_CREDENTIAL_UNREADABLE, OG_CREDENTIAL_UNKNOWN_, "SecretUnreadable", "OG414"},
	};
	for (size_t i = 0; i < OG_COUNT(rows); i++) {
		og_auto_credentials struct og_credentials c = {0};
		ck_assert_int_eq(og_credentials_make(cloud("", ""), OG_SV("u"), rows[i].how,
					 OG_JABSENT, &arena, &c, NULL),
			0);
		ck_assert_int_eq(c.state, rows[i].state);
		ck_assert_str_eq(c.reason, rows[i].reason);
		ck_assert_str_eq(c.finding, rows[i].finding);
		ck_assert(!c.hash[0] && !og_secret_is_set(&c.header));
	}
}
END_TEST

START_TEST(objects_that_are_no_secrets)
{
	static const char *const texts[] = {"{}", "[]", "null", "\"x\"", "{\"data\":null}",
		"{\"data\":[]}", "{\"data\":{\"token\":1,\"instance-id\":{}}}",
		"{\"data\":{\"token\":\"***\",\"instance-id\":\"MQ==\"}}",
		"{\"data\":{\"token\":\"MQ\",\"instance-id\":\"MQ==\"}}",
		"{\"stringData\":{\"token\":\"MQ==\",\"instance-id\":\"MQ==\"}}",
		"{\"data\":{\"token\":null,\"instance-id\":\"MQ==\"}}"};
	for (size_t i = 0; i < OG_COUNT(texts); i++) {
		og_auto_credentials struct og_credentials c = {0};
		make(cloud("", ""), parse(og_svz(texts[i])), &c);
		ck_assert_msg(c.state == M || c.state == I, "%s: %u", texts[i], c.state);
		ck_assert(c.finding && !og_secret_is_set(&c.header));
	}
}
END_TEST

START_TEST(too_long)
{
	static char big[600000];
	memset(big, 'a', sizeof(big));
	const size_t sizes[] = {OG_CREDENTIAL_TOKEN_BYTES, OG_CREDENTIAL_TOKEN_BYTES + 1,
		OG_CREDENTIAL_TOKEN_BYTES + 100, sizeof(big)};
	for (size_t i = 0; i < OG_COUNT(sizes); i++) {
		const struct kv kv[] = {
			{"instance-id", "1", 0}, {"token", big, sizes[i]}, {NULL, NULL, 0}};
		og_auto_credentials struct og_credentials c = {0};
		make(collector(""), secret_of(kv, ""), &c);
		ck_assert_int_eq(c.state, i ? I : V);
		ck_assert(!i || !strcmp(c.reason, "ValueTooLong"));
	}
}
END_TEST

START_TEST(a_copy_in_an_annotation_is_said)
{
	const struct kv kv[] = {{"instance-id", "1", 0}, {"token", TOKEN_EU2, 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials c = {0};
	make(cloud("", ""),
		secret_of(kv,
			",\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"x\"}"),
		&c);
	ck_assert_int_eq(c.state, V);
	ck_assert_str_eq(c.finding, "OG418");
	ck_assert(og_sv_has(c.message, OG_SV("--server-side")));
}
END_TEST

/* Nothing that is said holds any part of a value, whatever is wrong with it. */
START_TEST(nothing_is_quoted)
{
	static const char *const values[] = {"CANARY", "CANARY\n", "CAN ARY", "glc_CANARY",
		"glsa_CANARY", "CANARY:CANARY", "Basic CANARY", "Authorization=CANARY", "eyJCANARY",
		"CANARY\xff", "Q0FOQVJZ", "MTIzOkNBTkFSWQ==", "Authorization=Basic%2520CANARY",
		"x=CANARY\n1", TOKEN_EVIL};
	static const char *const more[] = {"", ", headerKey: token"};
	for (size_t i = 0; i < OG_COUNT(values) * OG_COUNT(values) * 2; i++) {
		const struct kv kv[] = {{"instance-id", values[i / 2 % OG_COUNT(values)], 0},
			{"token", values[i / 2 / OG_COUNT(values)], 0}, {NULL, NULL, 0}};
		og_auto_credentials struct og_credentials c = {0};
		make(cloud("", more[i % 2]), secret_of(kv, ""), &c);
		ck_assert(!og_sv_has(c.message, OG_SV("CAN")) &&
			  !og_sv_has(c.message, OG_SV("SECRET")));
		for (uint32_t k = 0; k < c.findings.n; k++) {
			ck_assert(!og_sv_has(c.findings.v[k].detail, OG_SV("CAN")));
			ck_assert(!og_sv_has(c.findings.v[k].place, OG_SV("CAN")));
		}
	}
}
END_TEST

/* ---- the Secret of a namespace ---- */

static struct og_jval document(
	const struct og_credentials *c, const struct og_stack *s, int64_t since)
{
	og_auto_secret struct og_secret doc = OG_SECRET_INIT;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_credentials_document(c, s, OG_SV("shop"), since, &doc, &err) == 0, "%s",
		err.msg);
	return parse(exposed(&doc));
}

START_TEST(the_document)
{
	const struct kv kv[] = {{"instance-id", "1", 0}, {"token", "ab", 0}, {NULL, NULL, 0}};
	const struct og_stack *s = collector("");
	og_auto_credentials struct og_credentials c = {0};

	make(s, secret_of(kv, ""), &c);
	struct og_jval d = document(&c, s, 1700000000);
	og_auto_buf struct og_buf want = OG_BUF_INIT(0);
	og_buf_fmt(&want,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\","
		"\"metadata\":{\"name\":\"otelgate-otlp\",\"namespace\":\"shop\",\"labels\":{"
		"\"app.kubernetes.io/managed-by\":\"otelgate\",\"app.kubernetes.io/part-of\":"
		"\"otelgate\"},\"annotations\":{\"otelgate.dev/stack\":\"grafana\","
		"\"otelgate.dev/credential-hash\":\"%s\",\"otelgate.dev/credential-since\":"
		"\"2023-11-14T22:13:20Z\"}},\"data\":{\"otlp-headers\":"
		/* Authorization=Basic%20MTphYg%3D%3D */
		"\"QXV0aG9yaXphdGlvbj1CYXNpYyUyME1UcGhZZyUzRCUzRA==\"}}",
		c.hash);
	ck_assert(og_jequal(d, parse(og_buf_view(&want))));
}
END_TEST

START_TEST(the_document_is_made_of_valid_ones_alone)
{
	const struct kv kv[] = {{"token", "ab", 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials c = {0};
	og_auto_secret struct og_secret doc = OG_SECRET_INIT;

	make(collector(""), secret_of(kv, ""), &c);
	ck_assert_int_eq(og_credentials_document(&c, collector(""), OG_SV("shop"), 1, &doc, NULL),
		-OG_E_BUG);
	ck_assert(!og_secret_is_set(&doc));
}
END_TEST

/* Edits of the document by replacing a part of its text. */
static const struct {
	const char *from, *to;
	enum og_credential_match match;
	bool replace;
} edits[] = {
	{"", "", OG_CREDENTIAL_SAME, false},
	{"\"data\":{", "\"data\":{\"mine\":\"eA==\",", OG_CREDENTIAL_SAME, false},
	{"\"labels\":{", "\"labels\":{\"team\":\"a\",", OG_CREDENTIAL_SAME, false},
	{"QXV0", "QXV1", OG_CREDENTIAL_EDITED, false},
	{"\"otlp-headers\":", "\"otlp-header\":", OG_CREDENTIAL_EDITED, false},
	{"\"otelgate.dev/stack\":\"grafana\"", "\"otelgate.dev/stack\":\"x\"",
		OG_CREDENTIAL_UNMARKED, false},
	{"\"app.kubernetes.io/managed-by\":\"otelgate\"", "\"a\":\"b\"", OG_CREDENTIAL_UNMARKED,
		false},
	{"\"app.kubernetes.io/part-of\":\"otelgate\"", "\"a\":\"b\"", OG_CREDENTIAL_UNMARKED,
		false},
	{"credential-since", "credential-sinc", OG_CREDENTIAL_UNMARKED, false},
	{"\"type\":\"Opaque\"", "\"type\":\"Opaque\",\"immutable\":true", OG_CREDENTIAL_UNMARKED,
		true},
	{"\"type\":\"Opaque\"", "\"type\":\"kubernetes.io/tls\"", OG_CREDENTIAL_EDITED, true},
	{"credential-hash\":\"", "credential-hash\":\"0", OG_CREDENTIAL_OLDER, false},
	{"credential-hash\"", "credential-has\"", OG_CREDENTIAL_OLDER, false},
	{"\"labels\":{\"app.kubernetes.io/managed-by\":\"otelgate\"",
		"\"labels\":{\"app.kubernetes.io/managed-by\":\"Helm\"", OG_CREDENTIAL_UNMARKED,
		false},
};

START_TEST(what_is_there_is_compared)
{
	const struct kv kv[] = {{"instance-id", "1", 0}, {"token", "ab", 0}, {NULL, NULL, 0}};
	const struct og_stack *s = collector("");
	og_auto_credentials struct og_credentials c = {0};
	og_auto_secret struct og_secret doc = OG_SECRET_INIT;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	bool replace;

	make(s, secret_of(kv, ""), &c);
	ck_assert_int_eq(og_credentials_document(&c, s, OG_SV("shop"), 1, &doc, NULL), 0);
	const char *text = og_secret_expose(&doc), *at = strstr(text, edits[_i].from);
	ck_assert_ptr_nonnull(at);
	og_buf_add(&b, text, (size_t)(at - text));
	og_buf_str(&b, edits[_i].to);
	og_buf_str(&b, at + strlen(edits[_i].from));
	ck_assert_msg(
		og_credentials_compare(&c, s, parse(og_buf_view(&b)), &replace) == edits[_i].match,
		"%s", edits[_i].to);
	ck_assert_msg(replace == edits[_i].replace, "%s", edits[_i].to);
}
END_TEST

START_TEST(foreign_secrets)
{
	static const char *const texts[] = {"{}", "null",
		"{\"metadata\":{\"name\":\"otelgate-otlp\"}}",
		"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"Helm\"}}}",
		"{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":\"Otelgate\"}}}",
		"{\"metadata\":{\"labels\":{\"app.kubernetes.io/part-of\":\"otelgate\"}}}",
		"{\"metadata\":{\"labels\":[],\"annotations\":\"x\"}}"};
	const struct kv kv[] = {{"instance-id", "1", 0}, {"token", "ab", 0}, {NULL, NULL, 0}};
	og_auto_credentials struct og_credentials c = {0};
	bool replace;

	make(collector(""), secret_of(kv, ""), &c);
	for (size_t i = 0; i < OG_COUNT(texts); i++)
		ck_assert_msg(og_credentials_compare(&c, collector(""), parse(og_svz(texts[i])),
				      &replace) == OG_CREDENTIAL_FOREIGN,
			"%s", texts[i]);
}
END_TEST

START_TEST(immutable_secrets_are_replaced)
{
	const struct kv a[] = {{"instance-id", "1", 0}, {"token", "ab", 0}, {NULL, NULL, 0}};
	const struct kv b[] = {{"instance-id", "1", 0}, {"token", "ac", 0}, {NULL, NULL, 0}};
	const struct og_stack *frozen = stack_of(og_arena_fmt(&arena,
		"  receiver: {endpoint: \"http://alloy.mon:4318\"}\n" REF
		"  distribute: {immutable: true}\n",
		""));
	og_auto_credentials struct og_credentials one = {0}, two = {0};
	bool replace;

	make(frozen, secret_of(a, ""), &one);
	make(frozen, secret_of(b, ""), &two);
	struct og_jval was = document(&one, frozen, 1);
	ck_assert(og_jis(og_jgetl(was, "immutable"), OG_J_TRUE));
	ck_assert_int_eq(og_credentials_compare(&one, frozen, was, &replace), OG_CREDENTIAL_SAME);
	ck_assert(!replace);
	ck_assert_int_eq(og_credentials_compare(&two, frozen, was, &replace), OG_CREDENTIAL_OLDER);
	ck_assert(replace);
	/* mutable before, immutable now: a patch does it */
	was = document(&one, collector(""), 1);
	ck_assert_int_eq(og_credentials_compare(&two, frozen, was, &replace), OG_CREDENTIAL_OLDER);
	ck_assert(!replace);
	ck_assert_int_eq(
		og_credentials_compare(&one, frozen, was, &replace), OG_CREDENTIAL_UNMARKED);
}
END_TEST

/* ---- what a pod's revision says of them ---- */

#define POD(annotations)                                                                          \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\",\"annotations\":" \
	"{\"otelgate.dev/inject\":\"true\"" annotations                                           \
	"}},\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"web:1\"}]}}"
#define REQUIRED ",\"otelgate.dev/required\":\"true\""

static const struct og_plan *plan_of(const char *stack_more, const char *status, const char *pod)
{
	struct og_err err = OG_ERR_INIT;
	struct og_config_report rep;
	struct og_config *c = NULL;
	char *text = og_arena_fmt(&arena,
		"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: s}\nspec:\n"
		"  receiver: {endpoint: \"http://alloy.mon:4318\"}\n%s%s"
		"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\n"
		"metadata: {name: p}\nspec: {default: true}\n",
		stack_more, status);
	struct og_config_input in = {"config", og_svz(text)};
	ck_assert_int_eq(og_config_read(&arena, &in, 1, &c, &rep), 0);
	struct og_plan_input pi = {.config = c, .object = parse(og_svz(pod))};
	struct og_plan *plan = NULL;
	struct og_meta meta;
	ck_assert_int_eq(og_meta_read(pi.object, &arena, &meta, &err), 0);
	og_facts_collect(NULL, OG_SV("shop"), &meta, &arena, &pi.facts);
	ck_assert_msg(og_plan_make(&pi, &arena, &plan, &err) == 0, "%s", err.msg);
	ck_assert_msg(og_plan_patch(plan, &arena, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(plan->reason, OG_REASON_INJECTED);
	return plan;
}

#define CREDENTIALS "  credentials: {secretRef: {name: cloud, namespace: mon}}\n"

START_TEST(a_rotation_changes_the_revision_of_those_who_refer_to_the_secret)
{
	const struct og_plan *none = plan_of(CREDENTIALS, "", POD(""));
	const struct og_plan *a =
		plan_of(CREDENTIALS, "status: {authHash: \"00000000000000aa\"}\n", POD(""));
	const struct og_plan *again =
		plan_of(CREDENTIALS, "status: {authHash: \"00000000000000aa\"}\n", POD(""));
	const struct og_plan *b =
		plan_of(CREDENTIALS, "status: {authHash: \"00000000000000ab\"}\n", POD(""));
	ck_assert(none->uses_secret && a->uses_secret);
	ck_assert_str_ne(none->revision, a->revision);
	ck_assert_str_ne(b->revision, a->revision);
	ck_assert_str_eq(again->revision, a->revision);
}
END_TEST

START_TEST(a_status_without_a_hash_changes_nothing)
{
	static const char *const statuses[] = {"status: {}\n", "status: null\n", "status: []\n",
		"status: {authHash: \"\"}\n", "status: {authHash: null}\n",
		"status: {authHash: 12}\n", "status: {authHash: \"NOT HEX\"}\n",
		"status: {observedGeneration: 3}\n",
		"status: {authHash: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0\"}\n"};
	const struct og_plan *none = plan_of(CREDENTIALS, "", POD(""));
	for (size_t i = 0; i < OG_COUNT(statuses); i++)
		ck_assert_msg(!strcmp(plan_of(CREDENTIALS, statuses[i], POD(""))->revision,
				      none->revision),
			"%s", statuses[i]);
}
END_TEST

START_TEST(without_credentials_the_hash_says_nothing)
{
	const struct og_plan *a = plan_of("", "", POD(""));
	const struct og_plan *b = plan_of("", "status: {authHash: \"aa\"}\n", POD(""));
	ck_assert(!a->uses_secret && !b->uses_secret);
	ck_assert_str_eq(a->revision, b->revision);
	ck_assert(!og_sv_has(b->patch, OG_SV("secretKeyRef")));
}
END_TEST

START_TEST(who_requires_it_waits_for_the_secret)
{
	const struct og_plan *may = plan_of(CREDENTIALS, "", POD(""));
	const struct og_plan *must = plan_of(CREDENTIALS, "", POD(REQUIRED));
	ck_assert(og_sv_has(may->patch, OG_SV("\"optional\":true")));
	ck_assert(!og_sv_has(may->patch, OG_SV("\"optional\":false")));
	ck_assert(og_sv_has(must->patch, OG_SV("\"key\":\"otlp-headers\",\"optional\":false")));
	ck_assert(!og_sv_has(must->patch, OG_SV("\"optional\":true")));
}
END_TEST

START_TEST(who_says_no_to_required_does_not_wait)
{
	static const char *const pods[] = {POD(",\"otelgate.dev/required\":\"false\""),
		POD(",\"otelgate.dev/required\":\"yes\""), POD(",\"otelgate.dev/required\":\"\"")};
	for (size_t i = 0; i < OG_COUNT(pods); i++)
		ck_assert(!og_sv_has(
			plan_of(CREDENTIALS, "", pods[i])->patch, OG_SV("\"optional\":false")));
}
END_TEST

/* ---- memory runs out anywhere ---- */

START_TEST(without_memory)
{
	const struct kv kv[] = {
		{"instance-id", "123456\n", 0}, {"token", TOKEN_US0, 0}, {NULL, NULL, 0}};
	const struct og_stack *s = cloud(", endpoints: {profiles: \"https://p.grafana.net\"}", "");
	struct og_jval secret = secret_of(kv, "");
	unsigned failed = 0;

	for (unsigned long at = 1; at < 200; at++) {
		og_auto_credentials struct og_credentials c = {0};
		og_auto_arena struct og_arena own;
		og_arena_init(&own, 0, 0);
		og_mem_fault_arm(at, at % 2);
		int r = og_credentials_make(
			s, OG_SV("u"), OG_CREDENTIAL_FOUND, secret, &own, &c, NULL);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_msg(r == 0 || r == -OG_E_OOM || r == -OG_E_BUG, "%lu: %d", at, r);
		ck_assert(r != 0 || c.state == V);
		failed += r != 0;
		if (r == 0 && seen < at)
			break;
		ck_assert_uint_lt(at, 199);
	}
	ck_assert_uint_gt(failed, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/credentials");
	TCase *tc = tcase_create("credentials");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, instance_id_and_token, 0, (int)OG_COUNT(pairs));
	tcase_add_test(tc, the_header_is_encoded);
	tcase_add_loop_test(tc, a_complete_header, 0, (int)OG_COUNT(headers));
	tcase_add_test(tc, profiles_get_user_and_password);
	tcase_add_test(tc, the_hash_is_of_what_pods_read);
	tcase_add_test(tc, what_could_not_be_read);
	tcase_add_test(tc, objects_that_are_no_secrets);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, a_copy_in_an_annotation_is_said);
	tcase_add_test(tc, nothing_is_quoted);
	tcase_add_test(tc, the_document);
	tcase_add_test(tc, the_document_is_made_of_valid_ones_alone);
	tcase_add_loop_test(tc, what_is_there_is_compared, 0, (int)OG_COUNT(edits));
	tcase_add_test(tc, foreign_secrets);
	tcase_add_test(tc, immutable_secrets_are_replaced);
	tcase_add_test(tc, a_rotation_changes_the_revision_of_those_who_refer_to_the_secret);
	tcase_add_test(tc, a_status_without_a_hash_changes_nothing);
	tcase_add_test(tc, without_credentials_the_hash_says_nothing);
	tcase_add_test(tc, who_requires_it_waits_for_the_secret);
	tcase_add_test(tc, who_says_no_to_required_does_not_wait);
	tcase_add_test(tc, without_memory);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
