/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP header values: what every SDK reads alike, and each way to get it wrong. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/headers.h"

static const struct {
	const char *text;
	enum og_headers_fault kind;
	bool credential;
	const char *want; /* NULL = accepted */
} rows[] = {
	/* accepted: 123456:glc_abc in base64, encoded as the gateway's documentation has it */
	{"Authorization=Basic%20MTIzNDU2OmdsY19hYmM%3D", OG_HEADERS_OK, true, NULL},
	{"authorization=Basic%20MTIzNDU2OmdsY19hYmM=", OG_HEADERS_OK, true, NULL},
	{"Authorization=Bearer%20abc.def", OG_HEADERS_OK, true, NULL},
	{"x-scope-orgid=team-a", OG_HEADERS_OK, false, NULL},
	{"a=1,b=2, c=3", OG_HEADERS_OK, false, NULL},
	{"api-key=abc123", OG_HEADERS_OK, true, NULL},
	{"a=%E2%82%AC", OG_HEADERS_OK, false, NULL},
	{"a=b=c", OG_HEADERS_OK, false, NULL},
	{"", OG_HEADERS_OK, false, NULL},
	/* syntax */
	{"Authorization", OG_HEADERS_SYNTAX, false,
		"item 1, byte 0: an item without \"=\" (write name=value)"},
	{"a=1,,b=2", OG_HEADERS_SYNTAX, false, "item 2, byte 4: an empty item"},
	{"a=1,", OG_HEADERS_SYNTAX, false, "item 2, byte 4: an empty item"},
	{",a=1", OG_HEADERS_SYNTAX, false, "item 1, byte 0: an empty item"},
	{"=1", OG_HEADERS_SYNTAX, false, "item 1, byte 0: a header without a name"},
	{"a=", OG_HEADERS_SYNTAX, false, "item 1, byte 2: a header without a value"},
	{"a b=1", OG_HEADERS_SYNTAX, false,
		"item 1, byte 1: a character that header names cannot have"},
	{"a:b=1", OG_HEADERS_SYNTAX, false,
		"item 1, byte 1: a character that header names cannot have"},
	{"Authorization: Basic abc=", OG_HEADERS_SYNTAX, false,
		"item 1, byte 13: a character that header names cannot have"},
	{"\xc3\xa9=1", OG_HEADERS_SYNTAX, false,
		"item 1, byte 0: a character that header names cannot have"},
	{"a=%", OG_HEADERS_SYNTAX, false,
		"item 1, byte 2: \"%\" is not followed by two hex digits (write %25)"},
	{"a=%2", OG_HEADERS_SYNTAX, false,
		"item 1, byte 2: \"%\" is not followed by two hex digits (write %25)"},
	{"a=50%zz", OG_HEADERS_SYNTAX, false,
		"item 1, byte 4: \"%\" is not followed by two hex digits (write %25)"},
	{"a=%00", OG_HEADERS_SYNTAX, false, "item 1, byte 2: a NUL character"},
	{"a=x%0A", OG_HEADERS_SYNTAX, false,
		"item 1, byte 3: a line break, which no header can hold (the token was encoded with it)"},
	/* bytes that have to be encoded */
	{"Authorization=Basic MTIz", OG_HEADERS_RAW, true,
		"item 1, byte 19: a raw space (write %20)"},
	{"a=1\t2", OG_HEADERS_RAW, false, "item 1, byte 3: a raw tab (write %09)"},
	{"a=1\n", OG_HEADERS_RAW, false,
		"item 1, byte 3: a line break; a Secret made with echo ends in one (use printf, or echo -n)"},
	{"a=1\r", OG_HEADERS_RAW, false,
		"item 1, byte 3: a carriage return; a Secret made on Windows ends in one"},
	{"a=\"1\"", OG_HEADERS_RAW, false,
		"item 1, byte 2: a raw quotation mark (write %22); quotes are not stripped"},
	{"a=1;b=2", OG_HEADERS_RAW, false,
		"item 1, byte 3: a semicolon, behind which SDKs cut the value (write %3B)"},
	{"a=x\\y", OG_HEADERS_RAW, false, "item 1, byte 3: a raw backslash (write %5C)"},
	{"a=1+2", OG_HEADERS_RAW, false,
		"item 1, byte 3: a raw \"+\", which Java reads as a space (write %2B)"},
	{"a=\x01", OG_HEADERS_RAW, false, "item 1, byte 2: a control character"},
	{"a=\xe2\x82\xac", OG_HEADERS_RAW, false,
		"item 1, byte 2: a byte outside ASCII (percent-encode its UTF-8)"},
	/* encoded twice */
	{"Authorization=Basic%2520MTIz", OG_HEADERS_DOUBLE_ENCODED, true,
		"item 1, byte 19: encoded twice: %25 stands where an escape was meant (encode once)"},
	{"x=1,a=b%253D", OG_HEADERS_DOUBLE_ENCODED, false,
		"item 2, byte 7: encoded twice: %25 stands where an escape was meant (encode once)"},
	/* credentials no receiver accepts */
	{"Authorization=glc_abc", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: Authorization has no scheme (write Basic%20…)"},
	{"Authorization=Basic%20%20MTIz", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: what follows \"Basic\" is not base64 (encode \"<instance id>:<token>\")"},
	{"Authorization=Basic%20Basic%20MTIz", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: \"Basic\" stands twice"},
	{"Authorization=Basic%20123456:glc_abc", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: what follows \"Basic\" is not base64 (encode \"<instance id>:<token>\")"},
	{"Authorization=Basic%20Z2xjX2FiYw%3D%3D", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: the credential has no \":\" between instance id and token"},
	{"Authorization=Basic%20MTIzNDU2OmdsY19hYmMK", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: the token ends in a line break (it was encoded with echo; use printf)"},
	{"Authorization=Basic%20Z2xjX2FiYzoxMjM0NTY%3D", OG_HEADERS_CREDENTIAL, true,
		"item 1, byte 14: instance id and token are swapped (write \"<instance id>:<token>\")"},
	/* a credential behind a fault is still seen */
	{"bad,Authorization=Basic%20MTIzNDU2OmdsY19hYmM%3D", OG_HEADERS_SYNTAX, true,
		"item 1, byte 0: an item without \"=\" (write name=value)"},
};

START_TEST(table)
{
	enum og_headers_fault kind;
	bool credential;
	struct og_err err = OG_ERR_INIT;
	int rc = og_otlp_headers_check(og_svz(rows[_i].text), &kind, &credential, &err);
	ck_assert_int_eq(rc, rows[_i].want ? -OG_E_INVALID : 0);
	ck_assert_str_eq(err.msg, rows[_i].want ? rows[_i].want : "");
	ck_assert_int_eq(kind, rows[_i].kind);
	ck_assert_int_eq(credential, rows[_i].credential);
}
END_TEST

START_TEST(too_long_is_refused_without_reading_on)
{
	static char text[9000];
	memset(text, 'a', sizeof(text));
	enum og_headers_fault kind;
	struct og_err err = OG_ERR_INIT;
	ck_assert_int_eq(
		og_otlp_headers_check(og_sv(text, sizeof(text)), &kind, NULL, &err), -OG_E_INVALID);
	ck_assert_str_eq(err.msg, "longer than 8192 bytes");
}
END_TEST

/* No message may hold any part of a value. */
START_TEST(messages_quote_nothing)
{
	static const char *const texts[] = {"Authorization=CANARY",
		"Authorization=Basic%20CANARY:x", "a=CANARY\n", "CANARY", "a=CANARY%zz"};
	for (size_t i = 0; i < OG_COUNT(texts); i++) {
		enum og_headers_fault kind;
		struct og_err err = OG_ERR_INIT;
		ck_assert_int_ne(og_otlp_headers_check(og_svz(texts[i]), &kind, NULL, &err), 0);
		ck_assert_ptr_null(strstr(err.msg, "CANARY"));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/headers");
	TCase *tc = tcase_create("headers");
	tcase_add_loop_test(tc, table, 0, (int)OG_COUNT(rows));
	tcase_add_test(tc, too_long_is_refused_without_reading_on);
	tcase_add_test(tc, messages_quote_nothing);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
