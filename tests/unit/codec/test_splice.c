/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden cases of text edits: tests/golden/splice/<case>/{in.yaml,patch.json} with want.yaml or,
 * for refusals, error.txt. patch.json is a patch of the first document, or an object that has one
 * per document number. OG_GOLDEN_UPDATE=1 writes what comes out. Then: memory, limits, speed.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/splice.h"
#include "support/suite.h"

#define ROOT "tests/golden/splice"
enum { MAX_CASES = 200 };

static char *names[MAX_CASES];
static int ncases;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_cases(void)
{
	DIR *d = opendir(ROOT);
	if (!d) {
		fprintf(stderr, "run from the top of the source: " ROOT " is not there\n");
		exit(EXIT_FAILURE);
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.' && ncases < MAX_CASES)
			names[ncases++] = og_strdup(e->d_name);
	closedir(d);
	qsort(names, (size_t)ncases, sizeof(*names), by_name);
}

static bool slurp(const char *name, const char *file, struct og_buf *b)
{
	char path[300];
	snprintf(path, sizeof(path), ROOT "/%s/%s", name, file);
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	char part[4096];
	for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;)
		og_buf_add(b, part, n);
	fclose(f);
	og_buf_lit(b, "");
	return true;
}

static void save(const char *name, const char *file, struct og_sv text)
{
	char path[300];
	snprintf(path, sizeof(path), ROOT "/%s/%s", name, file);
	FILE *f = fopen(path, "wb");
	ck_assert(f && fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0);
}

static struct og_jval patch_of(struct og_jval patches, uint32_t i)
{
	char key[16];
	if (og_jis(patches, OG_J_ARRAY))
		return i ? OG_JABSENT : patches;
	snprintf(key, sizeof(key), "%u", i);
	return og_jget(patches, og_svz(key));
}

static int edit(struct og_sv in, struct og_sv patch_text, struct og_arena *a, struct og_buf *out,
	struct og_err *err)
{
	struct og_source s;
	struct og_jdoc patches;
	int rc = og_source_parse(&s, a, in, "in.yaml", NULL, err);
	if (!rc)
		rc = og_jdoc_parse(&patches, a, patch_text, NULL, err);
	for (uint32_t i = 0; !rc && i < s.ndocs; i++) {
		struct og_jval p = patch_of(og_jroot(&patches), i);
		if (og_jtype(p) == OG_J_ABSENT)
			og_buf_add(out, in.p + s.docs[i].start, s.docs[i].end - s.docs[i].start);
		else
			rc = og_splice_patch(&s.docs[i], p, a, out, err);
	}
	return rc;
}

START_TEST(golden)
{
	const char *name = names[_i];
	og_auto_arena struct og_arena a;
	og_auto_buf struct og_buf in = OG_BUF_INIT(0), patch = OG_BUF_INIT(0), out = OG_BUF_INIT(0),
				  want = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	og_arena_init(&a, 0, 0);
	ck_assert_msg(slurp(name, "in.yaml", &in) && slurp(name, "patch.json", &patch), "%s", name);
	bool refusal = strncmp(name, "refuse-", 7) == 0;
	const char *file = refusal ? "error.txt" : "want.yaml";
	int rc = edit(og_buf_view(&in), og_buf_view(&patch), &a, &out, &err);
	ck_assert_msg((rc != 0) == refusal, "%s: %s", name, err.msg);
	if (refusal) {
		ck_assert_uint_eq(out.len, 0);
		og_buf_fmt(&out, "%s\n", err.msg);
	}
	if (getenv("OG_GOLDEN_UPDATE"))
		save(name, file, og_buf_view(&out));
	ck_assert_msg(slurp(name, file, &want), "%s has no %s", name, file);
	ck_assert_msg(og_sv_eq(og_buf_view(&out), og_buf_view(&want)), "%s gives\n%s", name, out.p);
}
END_TEST

static const struct {
	const char *in, *patch;
} torture[] = {
	{"a: &x\n- name: n # c\n  v: |\n    t\nb: {k: [1, 2]}\n",
		"[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":{\"k\":\"on\",\"l\":[{\"m\":\"\\u00e9\"}]}},"
		"{\"op\":\"remove\",\"path\":\"/a/0/name\"},"
		"{\"op\":\"add\",\"path\":\"/b/k/-\",\"value\":3},"
		"{\"op\":\"replace\",\"path\":\"/a/0/v\",\"value\":\"a: \\\"b\"}]"},
	{"{\n  \"a\": [\n    1\n  ]\n}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":{\"c\":[1]}},"
					 "{\"op\":\"add\",\"path\":\"/a/0\",\"value\":\"x\"}]"},
	{"12: x\n? b\n: c", "[{\"op\":\"add\",\"path\":\"/12\",\"value\":\"y\"}]"},
};

START_TEST(allocation_failures_are_clean)
{
	struct og_arena a;
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf good = OG_BUF_INIT(0);
	og_arena_init(&a, 0, 0);
	struct og_sv in = og_svz(torture[_i].in), patch = og_svz(torture[_i].patch);
	og_mem_fault_arm(0, false);
	int normal = edit(in, patch, &a, &good, &err);
	unsigned long total = og_mem_fault_disarm();
	og_arena_fini(&a);
	ck_assert_uint_gt(total, 20);
	for (unsigned long n = 1; n <= 2 * total; n++) {
		og_auto_buf struct og_buf out = OG_BUF_INIT(0);
		/* Small blocks, so that arena and system both fail; both kinds of failure. */
		og_arena_init(&a, 256, 0);
		og_err_clear(&err);
		og_mem_fault_arm((n + 1) / 2, n % 2);
		int rc = edit(in, patch, &a, &out, &err);
		og_mem_fault_disarm();
		if (rc == 0)
			ck_assert(og_sv_eq(og_buf_view(&out), og_buf_view(&good)));
		else
			ck_assert_msg((rc == -OG_E_OOM || rc == normal) && out.len == 0,
				"failure %lu: %d %s", n, rc, err.msg);
		og_arena_fini(&a);
	}
}
END_TEST

START_TEST(the_cases_are_there)
{
	ck_assert_int_ge(ncases, 79);
}
END_TEST

START_TEST(a_full_buffer_is_told)
{
	og_auto_arena struct og_arena a;
	og_auto_buf struct og_buf tiny = OG_BUF_INIT(4);
	struct og_err err = OG_ERR_INIT;
	og_arena_init(&a, 0, 0);
	int rc = edit(OG_SV("a: 1\n"), OG_SV("[{\"op\":\"add\",\"path\":\"/b\",\"value\":1}]"), &a,
		&tiny, &err);
	ck_assert_int_eq(rc, -OG_E_LIMIT);
	ck_assert_uint_eq(tiny.len, 0);
	og_buf_reset(&tiny);
	ck_assert_int_eq(edit(OG_SV("a: 1\n"), OG_SV("[]"), &a, &tiny, &err), -OG_E_LIMIT);
}
END_TEST

/* A patch of thousands of operations on a large document is no square of anything that hurts. */
START_TEST(many_operations)
{
	og_auto_arena struct og_arena a;
	og_auto_buf struct og_buf in = OG_BUF_INIT(0), patch = OG_BUF_INIT(0), out = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	og_arena_init(&a, 0, 0);
	og_buf_lit(&in, "list:\n");
	for (int i = 0; i < 2000; i++)
		og_buf_fmt(&in, "- name: n%d # %d\n  v: [1]\n", i, i);
	for (int i = 0; i < 500; i++)
		og_buf_fmt(&patch,
			"%s{\"op\":\"add\",\"path\":\"/list/%d/w\",\"value\":\"x\"},"
			"{\"op\":\"add\",\"path\":\"/list/%d/v/-\",\"value\":2},"
			"{\"op\":\"add\",\"path\":\"/list/-\",\"value\":{\"name\":\"new\"}}",
			i ? "," : "[", i, i);
	og_buf_ch(&patch, ']');
	int rc = edit(og_buf_view(&in), og_buf_view(&patch), &a, &out, &err);
	ck_assert_msg(!rc, "%s", err.msg);
	ck_assert_uint_gt(out.len, in.len + 500 * 20);
}
END_TEST

int main(void)
{
	list_cases();
	Suite *s = suite_create("codec/splice");
	TCase *tc = tcase_create("splice");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, golden, 0, ncases);
	tcase_add_loop_test(tc, allocation_failures_are_clean, 0, (int)OG_COUNT(torture));
	tcase_add_test(tc, the_cases_are_there);
	tcase_add_test(tc, a_full_buffer_is_told);
	tcase_add_test(tc, many_operations);
	suite_add_tcase(s, tc);
	int rc = og_suite_run(s);
	while (ncases)
		og_free(names[--ncases]);
	return rc;
}
