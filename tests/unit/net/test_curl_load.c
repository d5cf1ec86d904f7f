/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, found when it is needed; and what is said when it is not there. */
#include "../../../src/net/curl-priv.h"

#include <string.h>
#include "support/suite.h"

START_TEST(every_function_is_found)
{
	struct httpc_curl c = {0};
	struct og_err err = OG_ERR_INIT;
	void *p;

	ck_assert_msg(httpc_curl_load(NULL, &c, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < sizeof(c); i += sizeof(p)) {
		memcpy(&p, (char *)&c + i, sizeof(p));
		ck_assert_ptr_nonnull(p);
	}
	ck_assert_uint_ge(c.version_info(CURLVERSION_NOW)->version_num, 0x075800); /* 7.88 */
}
END_TEST

static void refused(const char *soname, const char *why)
{
	struct httpc_curl c, before;
	struct og_err err = OG_ERR_INIT;

	memset(&c, 0x5a, sizeof(c));
	before = c;
	ck_assert_int_eq(httpc_curl_load(soname, &c, &err), -OG_E_UNSUPPORTED);
	ck_assert_msg(strstr(err.msg, why) != NULL, "%s", err.msg);
	ck_assert_mem_eq(&c, &before, sizeof(c));
}

START_TEST(a_library_that_is_not_there_is_named)
{
	refused("libcurl-of-nobody.so.4", "libcurl-of-nobody.so.4");
	refused("libcurl-of-nobody.so.4", "libcurl4");
}
END_TEST

START_TEST(another_library_is_none)
{
	refused("libyaml-0.so.2", "libyaml-0.so.2 has no curl_easy_cleanup");
}
END_TEST

START_TEST(a_file_that_is_no_library)
{
	refused("/proc/self/status", "/proc/self/status");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/curl_load");
	TCase *t = tcase_create("load");

	tcase_add_test(t, every_function_is_found);
	tcase_add_test(t, a_library_that_is_not_there_is_named);
	tcase_add_test(t, another_library_is_none);
	tcase_add_test(t, a_file_that_is_no_library);
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
