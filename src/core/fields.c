/* SPDX-License-Identifier: Apache-2.0 */
/* The field table: lookups, defaults, and values written back as JSON. */
#include <assert.h>
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "fields-priv.h"

static_assert(sizeof(enum og_protocol) == sizeof(uint32_t), "enums are kept as 32 bits");

static const char *const type_names[] = {"object", "string", "word", "word", "boolean", "integer",
	"duration", "label selector", "list of strings", "map of strings", "list of EnvVar",
	"ResourceRequirements"};

const char *og_field_type_name(enum og_field_type t)
{
	return (size_t)t < OG_FT_COUNT_ ? type_names[t] : "?";
}

int og_field_index(enum og_doc_kind kind, struct og_sv path)
{
	const struct og_doc_type *t = &og_doc_types[kind];
	for (size_t i = 0; i < og_nfields(kind); i++) {
		if (og_sv_eq(path, og_svz(t->fields[i].path)))
			return (int)i;
	}
	return -1;
}

struct og_sv og_field_key(const struct og_field *f)
{
	const char *dot = strrchr(f->path, '.');
	return og_svz(dot ? dot + 1 : f->path);
}

bool og_field_is_member(const struct og_field *f, struct og_sv parent)
{
	struct og_sv path = og_svz(f->path);
	return path.n > parent.n + 1 && og_sv_starts(path, parent) && path.p[parent.n] == '.' &&
	       !strchr(path.p + parent.n + 1, '.');
}

static bool in_slice(const struct og_field *f, uint32_t i)
{
	return f->words[i] && (!f->max_words || i < f->first_word + f->max_words);
}

bool og_field_word(const struct og_field *f, struct og_sv word, uint32_t *ret_index)
{
	for (uint32_t i = f->first_word; in_slice(f, i); i++) {
		if (!og_sv_eq(word, og_svz(f->words[i])))
			continue;
		if (ret_index)
			*ret_index = i;
		return true;
	}
	return false;
}

void og_field_words_text(const struct og_field *f, struct og_buf *out)
{
	for (uint32_t i = f->first_word; in_slice(f, i); i++) {
		if (i > f->first_word)
			og_buf_str(out, in_slice(f, i + 1) ? ", " : " or ");
		og_buf_str(out, f->words[i]);
	}
}

const char *og_field_duration(const struct og_field *f, struct og_sv s, uint32_t *ret_ms)
{
	int64_t ms = 0;
	int rc = og_parse_duration_ms(s, 0, UINT32_MAX, &ms, NULL);
	if (rc == -OG_E_PARSE)
		return "is not a duration such as 30s, 5m or 1h30m";
	if (rc || ms < f->min || ms > f->max)
		return "is out of range";
	*ret_ms = (uint32_t)ms;
	return NULL;
}

#define AT(base, f, type)  ((type *)(void *)((char *)(base) + (f)->at))
#define CAT(base, f, type) ((const type *)(const void *)((const char *)(base) + (f)->at))
#define CAT_COUNT(base, f) (*(const uint32_t *)(const void *)((const char *)(base) + (f)->at_count))

bool og_field_set_default(const struct og_field *f, void *base, struct og_arena *arena)
{
	struct og_sv def = og_svz(f->def);
	uint32_t n = 0;
	(void)arena;
	if (!f->def || f->at < 0)
		return true;
	switch (f->type) {
	case OG_FT_STRING:
	case OG_FT_WORD:
		*AT(base, f, struct og_sv) = def;
		return true;
	case OG_FT_ENUM:
		if (!og_field_word(f, def, &n))
			return false;
		*AT(base, f, uint32_t) = n;
		return true;
	case OG_FT_BOOL:
		return og_parse_bool(def, AT(base, f, bool), NULL) == 0;
	case OG_FT_INT:
		return og_parse_u32(def, (uint32_t)f->min, (uint32_t)f->max, AT(base, f, uint32_t),
			       NULL) == 0;
	case OG_FT_DURATION:
		return og_field_duration(f, def, AT(base, f, uint32_t)) == NULL;
	default:
		return false;
	}
}

bool og_field_is_empty(const struct og_field *f, const void *base)
{
	if (f->at < 0)
		return true;
	switch (f->type) {
	case OG_FT_STRING:
	case OG_FT_WORD:
	case OG_FT_RESOURCES:
		return CAT(base, f, struct og_sv)->n == 0;
	case OG_FT_ENUM:
		return *CAT(base, f, uint32_t) < f->first_word;
	case OG_FT_SELECTOR:
		return !CAT(base, f, struct og_selector)->present;
	case OG_FT_STRINGS:
	case OG_FT_ENV:
		return CAT_COUNT(base, f) == 0;
	case OG_FT_MAP:
		return CAT(base, f, struct og_kvs)->n == 0;
	case OG_FT_DURATION:
		return !f->def && *CAT(base, f, uint32_t) == 0;
	case OG_FT_OBJECT:
		return !*CAT(base, f, bool);
	default:
		return false;
	}
}

static void write_req(const struct og_selector_req *q, struct og_buf *out)
{
	static const char *const ops[] = {"In", "NotIn", "Exists", "DoesNotExist"};
	og_buf_lit(out, "{\"key\":");
	og_jw_str(out, q->key);
	og_buf_fmt(out, ",\"operator\":\"%s\"", ops[q->op]);
	for (uint32_t i = 0; i < q->nvalues; i++) {
		og_buf_str(out, i ? "," : ",\"values\":[");
		og_jw_str(out, q->values[i]);
	}
	og_buf_str(out, q->nvalues ? "]}" : "}");
}

/* Always as expressions: matchLabels is a short form of them. */
static void write_selector(const struct og_selector *s, struct og_buf *out)
{
	if (!s->nreqs) {
		og_buf_lit(out, "{}");
		return;
	}
	og_buf_lit(out, "{\"matchExpressions\":[");
	for (uint32_t i = 0; i < s->nreqs; i++) {
		if (i)
			og_buf_ch(out, ',');
		write_req(&s->reqs[i], out);
	}
	og_buf_lit(out, "]}");
}

static void write_map(const struct og_kvs *m, struct og_buf *out)
{
	og_buf_ch(out, '{');
	for (uint32_t i = 0; i < m->n; i++) {
		if (i)
			og_buf_ch(out, ',');
		og_jw_str(out, m->v[i].key);
		og_buf_ch(out, ':');
		og_jw_str(out, m->v[i].value);
	}
	og_buf_ch(out, '}');
}

static const void *pointer_at(const struct og_field *f, const void *base)
{
	const void *p;
	memcpy(&p, (const char *)base + f->at, sizeof p);
	return p;
}

static void write_list(const struct og_field *f, const void *base, struct og_buf *out)
{
	uint32_t n = CAT_COUNT(base, f);
	const struct og_cfg_env *env = pointer_at(f, base);
	const struct og_sv *strings = pointer_at(f, base);
	og_buf_ch(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			og_buf_ch(out, ',');
		if (f->type == OG_FT_ENV)
			og_buf_sv(out, env[i].json);
		else
			og_jw_str(out, strings[i]);
	}
	og_buf_ch(out, ']');
}

static void write_duration(uint32_t ms, struct og_buf *out)
{
	char text[OG_DURATION_BYTES];
	og_fmt_duration_ms(text, ms);
	og_buf_fmt(out, "\"%s\"", text);
}

void og_field_write(const struct og_field *f, const void *base, struct og_buf *out)
{
	if (og_field_is_empty(f, base)) {
		og_buf_lit(out, "null");
		return;
	}
	switch (f->type) {
	case OG_FT_STRING:
	case OG_FT_WORD:
		og_jw_str(out, *CAT(base, f, struct og_sv));
		break;
	case OG_FT_ENUM:
		og_jw_str(out, og_svz(f->words[*CAT(base, f, uint32_t)]));
		break;
	case OG_FT_BOOL:
	case OG_FT_OBJECT:
		og_buf_str(out, *CAT(base, f, bool) ? "true" : "false");
		break;
	case OG_FT_INT:
		og_buf_u64(out, *CAT(base, f, uint32_t));
		break;
	case OG_FT_DURATION:
		write_duration(*CAT(base, f, uint32_t), out);
		break;
	case OG_FT_SELECTOR:
		write_selector(CAT(base, f, struct og_selector), out);
		break;
	case OG_FT_MAP:
		write_map(CAT(base, f, struct og_kvs), out);
		break;
	case OG_FT_RESOURCES:
		og_buf_sv(out, *CAT(base, f, struct og_sv));
		break;
	case OG_FT_STRINGS:
	case OG_FT_ENV:
		write_list(f, base, out);
		break;
	default:
		break;
	}
}
