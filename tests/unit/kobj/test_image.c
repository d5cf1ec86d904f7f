/* SPDX-License-Identifier: Apache-2.0 */
/* Image references: parts, and what is refused. */
#include <check.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/kobj/image.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *ref, *registry, *repository, *tag, *digest;
} good[] = {
	{"nginx", "", "nginx", "", ""},
	{"nginx:1.25", "", "nginx", "1.25", ""},
	{"library/nginx", "", "library/nginx", "", ""},
	{"localhost/nginx:a", "localhost", "nginx", "a", ""},
	{"localhost:5000/nginx", "localhost:5000", "nginx", "", ""},
	{"registry.example.com:5000/a/b/c:v1.2.3-rc.1", "registry.example.com:5000", "a/b/c",
		"v1.2.3-rc.1", ""},
	{"ghcr.io/a/b@sha256:" HEX64, "ghcr.io", "a/b", "", "sha256:" HEX64},
	{"ghcr.io/a/b:1@sha256:" HEX64, "ghcr.io", "a/b", "1", "sha256:" HEX64},
	{"[2001:db8::1]:5000/x:1", "[2001:db8::1]:5000", "x", "1", ""},
	{"[::1]/x", "[::1]", "x", "", ""},
	{"HOST/x", "HOST", "x", "", ""},
	{"a__b/c-----d/e.f_g:_x", "", "a__b/c-----d/e.f_g", "_x", ""},
	{"test:5000/repo", "test:5000", "repo", "", ""},
	{"x:5000", "", "x", "5000", ""},
};

START_TEST(parts)
{
	struct og_image im;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_image_parse(og_svz(good[_i].ref), &im, &err) == 0, "%s: %s", good[_i].ref,
		err.msg);
	ck_assert(og_sv_eq(im.registry, og_svz(good[_i].registry)));
	ck_assert(og_sv_eq(im.repository, og_svz(good[_i].repository)));
	ck_assert(og_sv_eq(im.tag, og_svz(good[_i].tag)));
	ck_assert(og_sv_eq(im.digest, og_svz(good[_i].digest)));
}
END_TEST

#define BAD_TAG "image reference has a tag that is not 1 to 128 of A-Z a-z 0-9 _ . -"
#define BAD_REP \
	"image reference has a repository that is not lower-case letters, digits and . _ - between slashes"
#define BAD_REG "image reference has a registry that is not host[:port]"
#define BAD_DIG "image reference has a digest that is not sha256:<64 hex digits> (sha384, sha512)"

static const struct {
	const char *ref, *message;
} bad[] = {
	{"", "image reference is empty"},
	{":1", BAD_REP},
	{"Nginx", BAD_REP},
	{"nginx:", BAD_TAG},
	{"nginx:-a", BAD_TAG},
	{"nginx:a b", BAD_TAG},
	{"nginx:.a", BAD_TAG},
	{"nginx latest", BAD_REP},
	{"a//b", BAD_REP},
	{"a/", BAD_REP},
	{"/a", BAD_REP},
	{"a___b", BAD_REP},
	{"a..b", BAD_REP},
	{"a-", BAD_REP},
	{"-a", BAD_REP},
	{"https://ghcr.io/a", BAD_REG},
	{"ghcr.io:/a", BAD_REG},
	{"ghcr.io:99999/a", BAD_REG},
	{"ghcr.io:0/a", BAD_REG},
	{"ghcr..io/a", BAD_REG},
	{".io/a", BAD_REG},
	{"ghcr.io./a", BAD_REG},
	{"-x.io/a", BAD_REG},
	{"[::g]:5000/a", BAD_REG},
	{"a@", BAD_DIG},
	{"a@sha256:abc", BAD_DIG},
	{"a@md5:" HEX64, BAD_DIG},
	{"a@sha256:" HEX64 "00", BAD_DIG},
	{"a@sha256:ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", BAD_DIG},
	{"{{ .Values.image }}", BAD_REP},
	{"${IMAGE}", BAD_REP},
	{"a\nb", BAD_REP},
};

START_TEST(refused)
{
	struct og_image im;
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(
		og_image_parse(og_svz(bad[_i].ref), &im, &err) == -OG_E_PARSE, "%s", bad[_i].ref);
	ck_assert_str_eq(err.msg, bad[_i].message);
}
END_TEST

START_TEST(long_names)
{
	struct og_image im;
	struct og_err err = OG_ERR_INIT;
	char s[400];
	memset(s, 'a', sizeof s);
	ck_assert(!og_image_parse(og_sv(s, 255), &im, NULL));
	ck_assert(og_image_parse(og_sv(s, 256), &im, &err) == -OG_E_PARSE);
	ck_assert_str_eq(err.msg, "image reference has a name longer than 255 characters");
	s[1] = ':';
	ck_assert(!og_image_parse(og_sv(s, 2 + 128), &im, NULL));
	ck_assert(og_image_parse(og_sv(s, 2 + 129), &im, NULL) == -OG_E_PARSE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kobj/image");
	TCase *tc = tcase_create("image");
	tcase_add_loop_test(tc, parts, 0, (int)OG_COUNT(good));
	tcase_add_loop_test(tc, refused, 0, (int)OG_COUNT(bad));
	tcase_add_test(tc, long_names);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
