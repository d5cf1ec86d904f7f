/* SPDX-License-Identifier: Apache-2.0 */
/* The field table is sound: parents, defaults, words, places in the structs, lengths of texts. */
#include <stdio.h>
#include <ctype.h>
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "support/suite.h"

static const struct og_field *row(size_t kind, size_t i)
{
	return &og_doc_types[kind].fields[i];
}
#define og_each_row(k, i)                               \
	for (size_t k = 0; k < OG_DOC_KIND_COUNT_; k++) \
		for (size_t i = 0; i < og_nfields((enum og_doc_kind)k); i++)

START_TEST(paths_are_a_tree)
{
	og_each_row(k, i)
	{
		const struct og_field *f = row(k, i);
		ck_assert_int_eq(og_field_index((enum og_doc_kind)k, og_svz(f->path)), (int)i);
		if (i == 0) {
			ck_assert_str_eq(f->path, "spec");
			continue;
		}
		struct og_sv parent = og_svz(f->path);
		parent.n = (size_t)(strrchr(f->path, '.') - f->path);
		int up = og_field_index((enum og_doc_kind)k, parent);
		ck_assert_msg(up >= 0 && (size_t)up < i, "%s has no parent before it", f->path);
		ck_assert_int_eq(row(k, (size_t)up)->type, OG_FT_OBJECT);
		ck_assert(og_field_is_member(f, parent));
		ck_assert(!og_field_is_member(f, OG_SV("spe")));
		for (const char *p = f->path; *p; p++)
			ck_assert_msg(isalnum((unsigned char)*p) || *p == '.', "%s", f->path);
	}
}
END_TEST

START_TEST(texts_are_there)
{
	og_each_row(k, i)
	{
		const struct og_field *f = row(k, i);
		ck_assert_msg(
			f->help && *f->help && f->help[strlen(f->help) - 1] != '.', "%s", f->path);
		ck_assert_msg(strlen(f->help) < 90, "%s", f->path);
		ck_assert_msg(!f->doc || f->doc[strlen(f->doc) - 1] == '.', "%s", f->path);
		ck_assert_msg(!(f->flags & OG_FF_COLUMN) == !f->column, "%s", f->path);
		ck_assert_str_ne(og_field_type_name(f->type), "?");
	}
	ck_assert_str_eq(og_field_type_name(OG_FT_COUNT_), "?");
}
END_TEST

static size_t width_of(const struct og_field *f)
{
	switch (f->type) {
	case OG_FT_BOOL:
	case OG_FT_OBJECT:
		return sizeof(bool);
	case OG_FT_ENUM:
	case OG_FT_INT:
	case OG_FT_DURATION:
		return sizeof(uint32_t);
	case OG_FT_SELECTOR:
		return sizeof(struct og_selector);
	case OG_FT_STRINGS:
	case OG_FT_ENV:
		return sizeof(void *);
	default:
		return sizeof(struct og_sv);
	}
}

START_TEST(places_do_not_overlap)
{
	og_each_row(k, i)
	{
		const struct og_field *a = row(k, i);
		if (a->at < 0) {
			ck_assert(a->type == OG_FT_OBJECT || strcmp(a->path, "spec.stack") == 0);
			continue;
		}
		size_t a0 = (size_t)a->at, a1 = a0 + width_of(a);
		ck_assert_msg(a1 <= og_doc_types[k].bytes, "%s", a->path);
		if (a->type == OG_FT_STRINGS || a->type == OG_FT_ENV)
			ck_assert_msg(a->at_count > 0, "%s", a->path);
		for (size_t j = 0; j < i; j++) {
			const struct og_field *b = row(k, j);
			if (b->at < 0)
				continue;
			size_t b0 = (size_t)b->at, b1 = b0 + width_of(b);
			ck_assert_msg(a1 <= b0 || b1 <= a0, "%s and %s", a->path, b->path);
			ck_assert_msg(!a->at_count || a->at_count != b->at_count, "%s and %s",
				a->path, b->path);
		}
	}
}
END_TEST

START_TEST(defaults_parse_and_come_back)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 0, 0);
	for (size_t k = 0; k < OG_DOC_KIND_COUNT_; k++) {
		void *base = og_arena_calloc(&arena, 1, og_doc_types[k].bytes);
		ck_assert_ptr_nonnull(base);
		for (size_t i = 0; i < og_nfields((enum og_doc_kind)k); i++) {
			const struct og_field *f = row(k, i);
			ck_assert_msg(og_field_set_default(f, base, &arena), "%s", f->path);
			og_auto_buf struct og_buf out = OG_BUF_INIT(0);
			og_field_write(f, base, &out);
			if (f->def && f->at >= 0)
				ck_assert_msg(!og_sv_is(og_buf_view(&out), "null"), "%s", f->path);
			else if (f->type != OG_FT_BOOL && f->type != OG_FT_INT)
				ck_assert_msg(og_sv_is(og_buf_view(&out), "null"), "%s: %s",
					f->path, out.p);
		}
	}
}
END_TEST

START_TEST(kinds_of_rows_are_complete)
{
	og_each_row(k, i)
	{
		const struct og_field *f = row(k, i);
		bool ranged = f->type == OG_FT_INT || f->type == OG_FT_DURATION;
		bool sized = f->type == OG_FT_STRINGS || f->type == OG_FT_ENV ||
			     f->type == OG_FT_MAP;
		ck_assert_msg((f->max > 0) == (ranged || sized), "%s", f->path);
		if (f->type == OG_FT_ENUM || f->type == OG_FT_WORD)
			ck_assert_msg(f->words && f->words[f->first_word], "%s", f->path);
		if (f->type == OG_FT_STRING || f->type == OG_FT_MAP)
			ck_assert_msg(f->format && f->format->check, "%s", f->path);
		if (f->type == OG_FT_STRINGS)
			ck_assert_msg(!f->format != !f->words, "%s", f->path);
		for (const struct og_cel *c = f->cel; c && c->rule; c++)
			ck_assert(f->type == OG_FT_OBJECT && *c->message);
	}
}
END_TEST

START_TEST(words)
{
	int i = og_field_index(OG_DOC_PROFILE, OG_SV("spec.signals.metrics"));
	const struct og_field *f = row(OG_DOC_PROFILE, (size_t)i);
	uint32_t n = 99;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert(og_field_word(f, OG_SV("off"), &n) && n == OG_MODE_OFF);
	ck_assert(!og_field_word(f, OG_SV("stdout"), &n)); /* logs alone */
	ck_assert(!og_field_word(f, OG_SV(""), NULL) && !og_field_word(f, OG_SV("Off"), NULL));
	og_field_words_text(f, &b);
	ck_assert_str_eq(b.p, "expected, optional or off");
	i = og_field_index(OG_DOC_STACK, OG_SV("spec.receiver.compression"));
	ck_assert(!og_field_word(row(OG_DOC_STACK, (size_t)i), OG_SV("unset"), NULL));
	ck_assert_int_eq(og_field_index(OG_DOC_STACK, OG_SV("spec.nothing")), -1);
	ck_assert_int_eq(og_field_index(OG_DOC_STACK, OG_SV("")), -1);
}
END_TEST

static const struct {
	const struct og_format *format;
	const char *good, *bad;
} formats[] = {
	{&og_format_name, "a.b-c", "a_b"},
	{&og_format_namespace, "kube-system", "a.b"},
	{&og_format_object_key, "tls.crt", "a/b"},
	{&og_format_url, "http://[::1]:4318/x", "http://"},
	{&og_format_url, "https://a.b.:443", "https://a b"},
	{&og_format_url, "http://[1:2:3:4:5:6:7:8]", "http://[1:2:3]"},
	{&og_format_url, "http://[fe80::]", "http://[::1::2]"},
	{&og_format_url, "http://1.2.3.4", "http://1.2.3"},
	{&og_format_url, "http://0.0.0.0", "http://01.2.3.4"},
	{&og_format_url, "http://a", "http://a..b"},
	{&og_format_url, "http://A-b.C", "http://-a"},
	{&og_format_url, "http://a:1", "http://[::1]x"},
	{&og_format_url, "http://a/%20", "http://a\x7f"},
	{&og_format_image, "a:1", "a:"},
	{&og_format_attribute_key, "service.name", "service name"},
	{&og_format_text, "any thing, é", "a\x01"},
};

START_TEST(formats_tell)
{
	ck_assert_ptr_null(formats[_i].format->check(og_svz(formats[_i].good)));
	const char *problem = formats[_i].format->check(og_svz(formats[_i].bad));
	ck_assert_ptr_nonnull(problem);
	ck_assert(*problem);
	ck_assert_ptr_nonnull(formats[_i].format->check(OG_SV("")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("core/fields");
	TCase *tc = tcase_create("fields");
	tcase_add_test(tc, paths_are_a_tree);
	tcase_add_test(tc, texts_are_there);
	tcase_add_test(tc, places_do_not_overlap);
	tcase_add_test(tc, defaults_parse_and_come_back);
	tcase_add_test(tc, kinds_of_rows_are_complete);
	tcase_add_test(tc, words);
	tcase_add_loop_test(tc, formats_tell, 0, (int)OG_COUNT(formats));
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
