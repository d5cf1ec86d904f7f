/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is generated from the field table: the schemas are structural (rules of
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/)
 * and agree with the table; the examples of the documentation are valid configuration.
 */
#include "../../../src/cli/gen_config-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/source.h"
#include "support/suite.h"

static struct og_arena arena;

static void setup(void)
{
	og_arena_init(&arena, 0, 0);
}

static void teardown(void)
{
	og_arena_fini(&arena);
}

static struct og_jval crd(enum og_doc_kind kind)
{
	static struct og_source src;
	struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	og_gen_crd(&b, kind);
	ck_assert(!b.failed);
	struct og_sv text = og_arena_sv(&arena, og_buf_view(&b));
	og_buf_fini(&b);
	ck_assert_msg(
		og_source_parse(&src, &arena, text, "crd.yaml", NULL, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(src.ndocs, 1);
	return og_jroot(&src.docs[0].doc);
}

static struct og_jval schema_of(struct og_jval root)
{
	return og_jpath(og_jat(og_jpath(root, "spec", "versions", NULL), 0), "schema",
		"openAPIV3Schema", NULL);
}

static bool is_known_keyword(struct og_jval key)
{
	static const char *const keywords[] = {"description", "type", "properties", "required",
		"items", "enum", "default", "pattern", "format", "minLength", "maxLength",
		"minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties",
		"additionalProperties", "anyOf", "x-kubernetes-validations",
		"x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
		"x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"};
	for (size_t i = 0; i < OG_COUNT(keywords); i++) {
		if (og_jstr_eq(key, og_svz(keywords[i])))
			return true;
	}
	return false;
}

static void check_default(struct og_jval s)
{
	struct og_jval def = og_jgetl(s, "default"), words = og_jgetl(s, "enum");
	bool found = !og_jcount(words);
	if (og_jis(def, OG_J_ABSENT))
		return;
	og_jfor (it, words)
		found = found || og_jequal(it.val, def);
	ck_assert(found);
	if (og_jstr_is(og_jgetl(s, "type"), "boolean"))
		ck_assert(og_jis(def, OG_J_TRUE) || og_jis(def, OG_J_FALSE));
	else if (og_jstr_is(og_jgetl(s, "type"), "integer"))
		ck_assert(og_jis(def, OG_J_NUMBER));
	else
		ck_assert(og_jis(def, OG_J_STRING));
}

static void check_array(struct og_jval s)
{
	struct og_jval type = og_jgetl(s, "x-kubernetes-list-type");
	ck_assert(og_jis(og_jgetl(s, "items"), OG_J_OBJECT));
	ck_assert(og_jstr_is(type, "atomic") || og_jstr_is(type, "set") || og_jstr_is(type, "map"));
	if (!og_jstr_is(type, "map"))
		return;
	/* Keys of a map list are required properties of its items. */
	og_jfor (key, og_jgetl(s, "x-kubernetes-list-map-keys")) {
		bool required = false;
		og_jfor (r, og_jpath(s, "items", "required", NULL))
			required = required || og_jequal(r.val, key.val);
		ck_assert(required);
	}
}

/* One schema node; its children are pushed. Depth is bounded by the stack array. */
static void check_node(struct og_jval s, struct og_jval *stack, size_t *n, size_t max)
{
	struct og_jval type = og_jgetl(s, "type"), props = og_jgetl(s, "properties");
	bool int_or_string = og_jis(og_jgetl(s, "x-kubernetes-int-or-string"), OG_J_TRUE);
	ck_assert(og_jis(s, OG_J_OBJECT));
	ck_assert(og_jis(type, OG_J_STRING) != int_or_string);
	ck_assert(int_or_string || !og_jis(og_jgetl(s, "anyOf"), OG_J_ARRAY));
	og_jfor (it, s)
		ck_assert_msg(is_known_keyword(it.key), "unknown keyword");
	check_default(s);
	if (og_jstr_is(type, "array"))
		check_array(s);
	if (og_jcount(props))
		ck_assert(og_jstr_is(type, "object"));
	/* properties and additionalProperties exclude each other */
	ck_assert(!og_jcount(props) || og_jis(og_jgetl(s, "additionalProperties"), OG_J_ABSENT));
	og_jfor (r, og_jgetl(s, "required"))
		ck_assert(!og_jis(og_jget(props, og_jstr_or_empty(r.val, &arena)), OG_J_ABSENT));
	og_jfor (rule, og_jgetl(s, "x-kubernetes-validations")) {
		ck_assert(og_jis(og_jgetl(rule.val, "rule"), OG_J_STRING));
		ck_assert(og_jis(og_jgetl(rule.val, "message"), OG_J_STRING));
	}
	og_jfor (p, props) {
		ck_assert_uint_lt(*n, max);
		stack[(*n)++] = p.val;
	}
	struct og_jval below[] = {og_jgetl(s, "items"), og_jgetl(s, "additionalProperties")};
	for (size_t i = 0; i < OG_COUNT(below); i++) {
		if (og_jis(below[i], OG_J_OBJECT)) {
			ck_assert_uint_lt(*n, max);
			stack[(*n)++] = below[i];
		}
	}
}

START_TEST(schemas_are_structural)
{
	struct og_jval stack[512];
	size_t n = 1, seen = 0;
	stack[0] = schema_of(crd((enum og_doc_kind)_i));
	while (n) {
		struct og_jval s = stack[--n];
		check_node(s, stack, &n, OG_COUNT(stack));
		seen++;
	}
	ck_assert_uint_gt(seen, 50);
}
END_TEST

START_TEST(headers_are_right)
{
	const struct og_doc_type *t = &og_doc_types[_i];
	struct og_jval root = crd((enum og_doc_kind)_i);
	struct og_jval names = og_jpath(root, "spec", "names", NULL);
	struct og_jval version = og_jat(og_jpath(root, "spec", "versions", NULL), 0);
	ck_assert(og_jstr_is(og_jgetl(root, "apiVersion"), "apiextensions.k8s.io/v1"));
	ck_assert(og_jstr_is(og_jpath(root, "spec", "scope", NULL), "Cluster"));
	ck_assert(og_jstr_eq(og_jgetl(names, "kind"), og_svz(t->kind)));
	ck_assert(og_jstr_eq(og_jat(og_jgetl(names, "shortNames"), 0), og_svz(t->short_name)));
	ck_assert(og_jstr_is(og_jat(og_jgetl(names, "categories"), 0), "otelgate"));
	ck_assert(og_jis(og_jpath(version, "subresources", "status", NULL), OG_J_OBJECT));
	const char *want = og_arena_fmt(&arena, "%s." OG_GROUP, t->plural);
	ck_assert(og_jstr_eq(og_jpath(root, "metadata", "name", NULL), og_svz(want)));
	ck_assert(og_jis(
		og_jpath(schema_of(root), "properties", "status", "properties", "conditions", NULL),
		OG_J_OBJECT));
	og_jfor (c, og_jgetl(version, "additionalPrinterColumns"))
		ck_assert(og_jis(og_jgetl(c.val, "jsonPath"), OG_J_STRING));
	ck_assert_uint_ge(og_jcount(og_jgetl(version, "additionalPrinterColumns")), 4);
}
END_TEST

/* Every row is in the schema, with the table's words and default, and nothing else is. */
START_TEST(schema_is_the_table)
{
	enum og_doc_kind kind = (enum og_doc_kind)_i;
	struct og_jval root = schema_of(crd(kind));
	for (size_t i = 0; i < og_nfields(kind); i++) {
		const struct og_field *f = &og_doc_types[kind].fields[i];
		struct og_sv rest = og_svz(f->path), part;
		struct og_jval s = root;
		uint32_t members = 0;
		while (og_sv_split(&rest, '.', &part))
			s = og_jget(og_jgetl(s, "properties"), part);
		ck_assert_msg(og_jis(s, OG_J_OBJECT), "%s", f->path);
		ck_assert_msg(
			!f->def == og_jis(og_jgetl(s, "default"), OG_J_ABSENT), "%s", f->path);
		og_jfor (w, og_jgetl(s, "enum"))
			ck_assert(og_field_word(f, og_jstr_or_empty(w.val, &arena), NULL));
		if (f->type != OG_FT_OBJECT)
			continue;
		for (size_t k = i + 1; k < og_nfields(kind); k++)
			members +=
				og_field_is_member(&og_doc_types[kind].fields[k], og_svz(f->path));
		ck_assert_uint_eq(og_jcount(og_jgetl(s, "properties")), members);
	}
}
END_TEST

/* The YAML blocks of the reference, read together: valid, without a warning. */
START_TEST(examples_of_the_reference_are_valid)
{
	og_auto_buf struct og_buf doc = OG_BUF_INIT(0), yaml = OG_BUF_INIT(0);
	struct og_config_report rep;
	struct og_config *c = NULL;
	bool inside = false;
	size_t blocks = 0;
	og_gen_config_reference(&doc);
	struct og_sv rest = og_buf_view(&doc), line;
	while (og_sv_split(&rest, '\n', &line)) {
		if (og_sv_starts(line, OG_SV("```"))) {
			inside = og_sv_is(line, "```yaml");
			blocks += inside;
			og_buf_lit(&yaml, "---\n");
		} else if (inside) {
			og_buf_sv(&yaml, line);
			og_buf_ch(&yaml, '\n');
		}
	}
	ck_assert_uint_ge(blocks, 2);
	struct og_config_input in = {"reference", og_buf_view(&yaml)};
	int rc = og_config_read(&arena, &in, 1, &c, &rep);
	ck_assert_msg(rc == 0 && rep.n == 0, "%s", rep.n ? rep.v[0].message : "");
	ck_assert(c->nstacks == 1 && c->nprofiles == 1 && c->default_profile);
}
END_TEST

/* Every field is in the reference, in a row of its own. */
START_TEST(reference_is_complete)
{
	og_auto_buf struct og_buf doc = OG_BUF_INIT(0);
	og_gen_config_reference(&doc);
	for (size_t i = 1; i < og_nfields((enum og_doc_kind)_i); i++) {
		const char *row = og_arena_fmt(
			&arena, "\n| `%s` |", og_doc_types[_i].fields[i].path + strlen("spec."));
		ck_assert_msg(og_sv_has(og_buf_view(&doc), og_svz(row)), "%s", row);
	}
}
END_TEST

/* What a row gives as example is accepted there. */
START_TEST(examples_of_fields_are_valid)
{
	enum og_doc_kind kind = (enum og_doc_kind)_i;
	for (size_t i = 0; i < og_nfields(kind); i++) {
		const struct og_field *f = &og_doc_types[kind].fields[i];
		struct og_source src;
		struct og_sv s;
		if (!f->example)
			continue;
		ck_assert(og_source_parse(&src, &arena, og_svz(f->example), "x", NULL, NULL) == 0);
		struct og_jval v = og_jroot(&src.docs[0].doc);
		if (f->type == OG_FT_WORD || f->type == OG_FT_ENUM)
			ck_assert(og_field_word(f, og_jstr_or_empty(v, &arena), NULL));
		if (f->type == OG_FT_STRING && og_jstr(v, &arena, &s))
			ck_assert_msg(!f->format->check(s), "%s", f->path);
		og_jfor (it, v) {
			s = og_jstr_or_empty(f->type == OG_FT_MAP ? it.key : it.val, &arena);
			ck_assert_msg(f->words ? og_field_word(f, s, NULL) : !f->format->check(s),
				"%s", f->path);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/gen_config");
	TCase *tc = tcase_create("generated");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, schemas_are_structural, 0, OG_DOC_KIND_COUNT_);
	tcase_add_loop_test(tc, headers_are_right, 0, OG_DOC_KIND_COUNT_);
	tcase_add_loop_test(tc, schema_is_the_table, 0, OG_DOC_KIND_COUNT_);
	tcase_add_test(tc, examples_of_the_reference_are_valid);
	tcase_add_loop_test(tc, reference_is_complete, 0, OG_DOC_KIND_COUNT_);
	tcase_add_loop_test(tc, examples_of_fields_are_valid, 0, OG_DOC_KIND_COUNT_);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
