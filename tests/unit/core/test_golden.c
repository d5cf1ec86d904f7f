/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's golden cases. GOLDEN_UPDATE=1 writes the expectations anew and prints what changed;
 * GOLDEN_CASE=name runs one case. Beside what the files say, every case proves: a second injection
 * changes nothing, undoing gives back exactly what came, the patch applies with another applier,
 * the user's variables stand unchanged and in order, no variable lacks its reference page, and what
 * is added stays within the PodSecurity profile `restricted`.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "otelgate/codec/jpatch.h"
#include "otelgate/core/envdoc.h"
#include "otelgate/core/uninject.h"
#include "support/golden.h"
#include "support/jspatch.h"
#include "support/suite.h"

static const char *root;
static struct dirent **cases;
static int ncases;

static json_t *load(struct og_sv text)
{
	json_error_t e;
	json_t *j = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	ck_assert_msg(j != NULL, "%s", e.text);
	return j;
}

static char *dump(const json_t *j, size_t flags)
{
	char *s = json_dumps(j, flags | JSON_ENCODE_ANY);
	ck_assert_ptr_nonnull(s);
	return s;
}

/* --- expectations --------------------------------------------------------------------------- */

static void hide_revision(char *text, const char *revision)
{
	size_t n = strlen(revision);
	if (n)
		for (char *p = text; (p = strstr(p, revision)); p += n)
			memset(p, 'R', n);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	char *text = calloc(1, 4 << 20);
	ck_assert_ptr_nonnull(text);
	size_t n = fread(text, 1, (4 << 20) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void print_diff(const char *path, const char *got)
{
	char cmd[1200];
	snprintf(cmd, sizeof(cmd), "diff -u --label '%s' --label got '%s' - >&2", path, path);
	fflush(stderr);
	FILE *p = popen(cmd, "w");
	if (!p)
		return;
	fputs(got, p);
	(void)pclose(p);
}

/* NULL means that there must be no such file. */
static void expect(const char *dir, const char *name, const char *got)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/inject/%s/%s", root, dir, name);
	char *want = read_file(path);
	bool same = want && got ? !strcmp(want, got) : !want && !got;
	if (!same && getenv("GOLDEN_UPDATE")) {
		if (want && got)
			print_diff(path, got);
		else
			fprintf(stderr, "%s: %s\n", path, got ? "new" : "removed");
		if (got) {
			FILE *f = fopen(path, "w");
			ck_assert_ptr_nonnull(f);
			fputs(got, f);
			fclose(f);
		} else {
			(void)remove(path);
		}
		same = true;
	} else if (!same && want && got) {
		print_diff(path, got);
	}
	free(want);
	ck_assert_msg(same, "%s is not what came out%s", path,
		!got ? " (the object must not change)" : "");
}

/* --- properties ----------------------------------------------------------------------------- */

static void check_second(const struct golden *g, struct og_sv after, const char *revision)
{
	struct og_plan *p = NULL;
	struct og_err err = OG_ERR_INIT;
	int rc = golden_plan(g, golden_parse(g->a, after), &p, &err);
	ck_assert_msg(rc == 0, "second injection: %s", err.msg);
	ck_assert_msg(p->patch.n == 0, "second injection: %.*s", OG_SV_ARG(p->patch));
	ck_assert_int_eq(p->reason, OG_REASON_UP_TO_DATE);
	ck_assert_str_eq(p->revision, revision);
}

static void check_undo(const struct golden *g, struct og_sv after, struct og_sv before)
{
	og_auto_buf struct og_buf patch = OG_BUF_INIT(0), text = OG_BUF_INIT(0);
	struct og_findings findings = {0};
	struct og_err err = OG_ERR_INIT;
	struct og_jval v = golden_parse(g->a, after);
	int rc = og_uninject_patch(v, g->a, &patch, &findings, &err);
	ck_assert_msg(rc == 0, "undo: %s", err.msg);
	rc = og_jpatch_apply(v, golden_parse(g->a, og_buf_view(&patch)), g->a, &text, &err);
	ck_assert_msg(rc == 0, "undo: %s", err.msg);
	json_t *got = load(og_buf_view(&text)), *want = load(before);
	char *a = dump(got, JSON_COMPACT), *b = dump(want, JSON_COMPACT);
	ck_assert_str_eq(a, b); /* the order of members too */
	ck_assert_uint_eq(findings.n, 0);
	free(a);
	free(b);
	json_decref(got);
	json_decref(want);
}

/* User's variables, in order, with only the planned merges changed; by name, not by place. */
static void check_user_env(
	const struct og_plan_container *pc, const json_t *before, const json_t *after)
{
	size_t k = 0, n = json_array_size(after), i;
	json_t *u;
	json_array_foreach((json_t *)(uintptr_t)before, i, u)
	{
		const char *name = json_string_value(json_object_get(u, "name"));
		for (; k < n; k++) {
			const json_t *o = json_array_get(after, k);
			if (json_equal(o, u))
				break;
			bool merged = false;
			for (uint32_t m = 0; m < pc->nenv; m++)
				merged |= pc->env[m].action == OG_ENV_MERGE &&
					  og_sv_eq(pc->env[m].name, og_svz(name)) &&
					  json_equal(json_object_get(o, "name"),
						  json_object_get(u, "name"));
			if (merged) {
				const char *was = json_string_value(json_object_get(u, "value"));
				const char *now = json_string_value(json_object_get(o, "value"));
				ck_assert_msg(strstr(now, was ? was : "") != NULL,
					"%s lost the user's text", name);
				break;
			}
		}
		ck_assert_msg(k++ < n, "the user's variable %s is gone or moved", name);
	}
}

static json_t *named(const json_t *list, struct og_sv name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *c = json_array_get(list, i);
		if (og_sv_eq(og_svz(json_string_value(json_object_get(c, "name"))), name))
			return c;
	}
	return NULL;
}

static void check_containers(const struct og_plan *p, const json_t *before, const json_t *after)
{
	static const char *const lists[] = {"initContainers", "containers"};
	json_t *b = json_object_get(golden_template(p, before), "spec");
	json_t *a = json_object_get(golden_template(p, after), "spec");
	for (uint32_t i = 0; i < p->ncontainers; i++) {
		const struct og_plan_container *pc = &p->containers[i];
		const char *list = lists[!pc->c.init];
		json_t *was = json_array_get(json_object_get(b, list), pc->c.index);
		/* by name: what was injected before may stay between what others put in since */
		json_t *now = named(json_object_get(a, list), pc->c.name);
		if (pc->skip != OG_SKIP_NONE)
			ck_assert_msg(json_equal(was, now), "a skipped container changed");
		else
			check_user_env(
				pc, json_object_get(was, "env"), json_object_get(now, "env"));
	}
}

/* https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
static void check_restricted(const struct og_plan *p)
{
	for (uint32_t i = 0; i < p->ninits; i++) {
		json_t *c = load(p->inits[i].json);
		json_t *sc = json_object_get(c, "securityContext");
		json_t *drop = json_object_get(json_object_get(sc, "capabilities"), "drop");
		ck_assert(json_is_false(json_object_get(sc, "allowPrivilegeEscalation")));
		ck_assert(json_is_true(json_object_get(sc, "runAsNonRoot")));
		const json_t *uid = json_object_get(sc, "runAsUser");
		ck_assert(!uid || json_integer_value(uid) > 0);
		ck_assert_str_eq(json_string_value(json_array_get(drop, 0)), "ALL");
		ck_assert_str_eq(json_string_value(json_object_get(
					 json_object_get(sc, "seccompProfile"), "type")),
			"RuntimeDefault");
		ck_assert(json_is_object(json_object_get(c, "resources")));
		json_decref(c);
	}
}

static void check_documented(const struct og_plan *p)
{
	for (uint32_t i = 0; i < p->ncontainers; i++)
		for (uint32_t k = 0; k < p->containers[i].nenv; k++) {
			const struct og_plan_env *e = &p->containers[i].env[k];
			bool ours = e->origin != OG_FROM_LANGUAGE && e->origin != OG_FROM_PROFILE &&
				    e->origin != OG_FROM_USER && e->origin != OG_FROM_ENV_FROM;
			ck_assert_msg(!ours || og_envdoc(e->name), "%.*s has no reference page",
				OG_SV_ARG(e->name));
		}
}

static void check_findings(const struct og_plan *p)
{
	ck_assert(!p->findings.lost);
	for (uint32_t i = 0; i < p->findings.n; i++) {
		const struct og_finding *f = &p->findings.v[i];
		ck_assert_uint_gt(f->detail.n, 0);
		ck_assert_msg(f->detail.p[f->detail.n - 1] != '.', "%.*s", OG_SV_ARG(f->detail));
		ck_assert(og_utf8_valid(f->detail.p, f->detail.n));
	}
}

static bool has_finding(const struct og_plan *p, const char *id)
{
	for (uint32_t i = 0; i < p->findings.n; i++)
		if (!strcmp(p->findings.v[i].def->id, id))
			return true;
	return false;
}

/* --- one case ------------------------------------------------------------------------------- */

static json_t *apply_both_ways(const struct golden *g, const struct og_plan *p, struct og_sv *ret)
{
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	char why[200];
	json_t *ops = load(p->patch), *after = load(g->object_text);
	bool ok = js_patch(&after, ops, why);
	ck_assert_msg(ok, "%s\n%.*s", why, OG_SV_ARG(p->patch));
	int rc = og_jpatch_apply(g->object, golden_parse(g->a, p->patch), g->a, &text, &err);
	ck_assert_msg(rc == 0, "%s", err.msg);
	json_t *own = load(og_buf_view(&text));
	ck_assert_msg(json_equal(own, after), "two appliers disagree");
	json_decref(own);
	json_decref(ops);
	*ret = og_arena_sv(g->a, og_buf_view(&text));
	return after;
}

static void check_case(const struct golden *g, const struct og_plan *p)
{
	og_auto_buf struct og_buf words = OG_BUF_INIT(0);
	json_t *before = load(g->object_text), *after = json_incref(before);
	char *pretty = NULL;
	if (p->patch.n) {
		struct og_sv text;
		json_decref(after);
		after = apply_both_ways(g, p, &text);
		check_second(g, text, p->revision);
		/* without a record that can be read, nobody knows what was there before */
		if (!has_finding(p, "OG321"))
			check_undo(g, text, og_jraw(p->object));
		json_t *user = load(og_jraw(p->object)); /* without an earlier injection */
		check_containers(p, user, after);
		json_decref(user);
		check_restricted(p);
		char *json = dump(after, JSON_INDENT(2));
		ck_assert_int_gt(asprintf(&pretty, "%s\n", json), 0);
		free(json);
		hide_revision(pretty, p->revision);
	}
	check_documented(p);
	check_findings(p);
	golden_explain(p, after, &words);
	ck_assert(!words.failed);
	hide_revision(words.p, p->revision);
	expect(g->dir, "want.json", pretty);
	expect(g->dir, "want.explain", words.p);
	free(pretty);
	json_decref(before);
	json_decref(after);
}

START_TEST(golden)
{
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 0, 0);
	struct golden g;
	struct og_plan *p = NULL;
	struct og_err err = OG_ERR_INIT;
	const char *only = getenv("GOLDEN_CASE"), *dir = cases[_i]->d_name;
	if (only && strcmp(only, dir) != 0)
		return;
	golden_load(&g, &a, root, dir);
	if (golden_plan(&g, g.object, &p, &err) == 0) {
		check_case(&g, p);
		return;
	}
	char text[700];
	snprintf(text, sizeof(text), "error %s: %s\n", og_code_name(err.code), err.msg);
	expect(dir, "want.json", NULL);
	expect(dir, "want.explain", text);
}
END_TEST

static int is_case(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int main(void)
{
	char path[512];
	root = getenv("GOLDEN_ROOT") ? getenv("GOLDEN_ROOT") : "tests/golden";
	snprintf(path, sizeof(path), "%s/inject", root);
	ncases = scandir(path, &cases, is_case, alphasort);
	if (ncases <= 0) {
		fprintf(stderr, "%s: no cases; run from the top of the source tree\n", path);
		return EXIT_FAILURE;
	}
	Suite *s = suite_create("golden");
	TCase *t = tcase_create("inject");
	tcase_add_loop_test(t, golden, 0, ncases);
	suite_add_tcase(s, t);
	int rc = og_suite_run(s);
	for (int i = 0; i < ncases; i++)
		free(cases[i]);
	free(cases);
	return rc;
}
