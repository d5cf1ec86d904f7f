/* SPDX-License-Identifier: Apache-2.0 */
/* Reading spec by the field table: objects, unknown and missing fields, defaults. */
#include "otelgate/base/suggest.h"
#include "config_read-priv.h"

size_t cfg_row(const struct cfg_doc *d, const char *path)
{
	int row = og_field_index(d->type->doc, og_svz(path));
	return row < 0 ? 0 : (size_t)row;
}

struct og_jval cfg_val(const struct cfg_doc *d, const char *path)
{
	return d->val[cfg_row(d, path)];
}

bool cfg_given(const struct cfg_doc *d, const char *path)
{
	return og_jtype(cfg_val(d, path)) != OG_J_ABSENT;
}

bool cfg_ok(const struct cfg_doc *d, const char *path)
{
	return !d->bad[cfg_row(d, path)];
}

#define PUT(type, value)                                                     \
	do {                                                                 \
		type put_ = (value);                                         \
		if (f->at >= 0)                                              \
			memcpy((char *)d->base + f->at, &put_, sizeof put_); \
	} while (0)
#define PUT_COUNT(n) memcpy((char *)d->base + f->at_count, &(n), sizeof(uint32_t))

/* NOLINTNEXTLINE(readability-function-cognitive-complexity): one short case for each type */
static bool read_value(
	struct cfg_reader *r, struct cfg_doc *d, const struct og_field *f, struct og_jval v)
{
	struct og_sv s = {NULL, 0};
	uint32_t n = 0;
	bool b = false, ok = false;
	struct og_selector sel = {.present = false};
	struct og_kvs kvs = {NULL, 0};
	const struct og_sv *list = NULL;
	const struct og_cfg_env *env = NULL;
	switch (f->type) {
	case OG_FT_STRING:
	case OG_FT_WORD:
		if ((ok = cfg_read_string(r, d, f, v, &s, &n)))
			PUT(struct og_sv, s);
		break;
	case OG_FT_ENUM:
		if ((ok = cfg_read_string(r, d, f, v, &s, &n)))
			PUT(uint32_t, n);
		break;
	case OG_FT_BOOL:
		if ((ok = cfg_read_bool(r, d, f, v, &b)))
			PUT(bool, b);
		break;
	case OG_FT_INT:
		if ((ok = cfg_read_int(r, d, f, v, &n)))
			PUT(uint32_t, n);
		break;
	case OG_FT_DURATION:
		if ((ok = cfg_read_duration(r, d, f, v, &n)))
			PUT(uint32_t, n);
		break;
	case OG_FT_SELECTOR:
		if ((ok = cfg_read_selector(r, d, f, v, &sel)))
			PUT(struct og_selector, sel);
		break;
	case OG_FT_MAP:
		if ((ok = cfg_read_map(r, d, f, v, &kvs)))
			PUT(struct og_kvs, kvs);
		break;
	case OG_FT_RESOURCES:
		if ((ok = cfg_read_resources(r, d, v, f->path, &s)))
			PUT(struct og_sv, s);
		break;
	case OG_FT_STRINGS:
		if ((ok = cfg_read_strings(r, d, f, v, &list, &n))) {
			PUT(const struct og_sv *, list);
			PUT_COUNT(n);
		}
		break;
	case OG_FT_ENV:
		if ((ok = cfg_read_env(r, d, v, f->path, &env, &n))) {
			PUT(const struct og_cfg_env *, env);
			PUT_COUNT(n);
		}
		break;
	default:
		break;
	}
	return ok;
}

/* The nearest member name, or where in the document the name belongs. */
static void unknown_field(
	struct cfg_reader *r, struct cfg_doc *d, struct og_jval key, const struct og_field *parent)
{
	const struct og_field *rows = d->type->fields, *elsewhere = NULL;
	struct og_sv name = {"", 0}, path = og_svz(parent->path);
	const char *names[64];
	size_t n = 0;
	if (!og_jstr(key, r->arena, &name))
		r->oom = true;
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		if (og_field_is_member(&rows[i], path) && n < 64)
			names[n++] = og_field_key(&rows[i]).p;
		else if (!elsewhere && og_sv_eq(og_field_key(&rows[i]), name))
			elsewhere = &rows[i];
	}
	const char *near = og_suggest(name, names, n), *hint = NULL;
	d->unknown = true;
	if (near)
		hint = cfg_fmt(r, "did you mean \"%s\"?", near);
	else if (elsewhere)
		hint = cfg_fmt(r, "it belongs at %s", elsewhere->path);
	cfg_error(r, d, key, parent->path, hint, "unknown field \"%s\"", cfg_quote(r, name));
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the table of fields */
static void read_object(struct cfg_reader *r, struct cfg_doc *d, size_t row);

static void read_member(
	struct cfg_reader *r, struct cfg_doc *d, size_t row, struct og_jval key, struct og_jval v)
{
	const struct og_field *f = &d->type->fields[row];
	struct og_config_place *p = &d->place[row];
	if (og_junset(v))
		return; /* null is "not set", as for the API server */
	d->val[row] = v;
	p->input = d->input;
	og_source_position(d->sdoc, key, &p->line, &p->col);
	if (f->type == OG_FT_OBJECT)
		read_object(r, d, row);
	else
		d->bad[row] = !read_value(r, d, f, v);
}

/* Recursion follows the table's own nesting (four levels), never the document's. */
static void read_object(struct cfg_reader *r, struct cfg_doc *d, size_t row)
{
	const struct og_field *rows = d->type->fields, *f = &rows[row];
	size_t n = og_nfields(d->type->doc);
	if (!og_jis(d->val[row], OG_J_OBJECT)) {
		d->bad[row] = true;
		cfg_error(r, d, d->val[row], f->path, NULL, "must be an object, not %s",
			og_jtype_name(og_jtype(d->val[row])));
		return;
	}
	if (f->at >= 0)
		*((bool *)((char *)d->base + f->at)) = true;
	og_jfor (it, d->val[row]) {
		size_t i = row + 1;
		while (i < n && !(og_field_is_member(&rows[i], og_svz(f->path)) &&
					og_jstr_eq(it.key, og_field_key(&rows[i]))))
			i++;
		if (i < n)
			read_member(r, d, i, it.key, it.val);
		else
			unknown_field(r, d, it.key, f);
	}
	for (size_t i = row + 1; i < n; i++) {
		if ((rows[i].flags & OG_FF_REQUIRED) &&
			og_field_is_member(&rows[i], og_svz(f->path)) &&
			og_jtype(d->val[i]) == OG_J_ABSENT)
			cfg_error(r, d, OG_JABSENT, rows[i].path, NULL, "is missing");
	}
}

void cfg_read_spec(struct cfg_reader *r, struct cfg_doc *d, struct og_jval spec)
{
	const struct og_field *rows = d->type->fields;
	for (size_t i = 0; i < og_nfields(d->type->doc); i++) {
		if (!og_field_set_default(&rows[i], d->base, r->arena))
			r->oom = true;
	}
	if (og_junset(spec))
		return;
	d->val[0] = spec;
	og_source_position_key(
		d->sdoc, d->root, OG_SV("spec"), &d->place[0].line, &d->place[0].col);
	d->place[0].input = d->input;
	read_object(r, d, 0);
}
/* NOLINTEND(misc-no-recursion) */
