/* SPDX-License-Identifier: Apache-2.0 */
/* The spec of a kind as JSON schema draft 07, from the field table: for the chart's values. */
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "gen_values-priv.h"

#define DURATION "^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$"
#define STRINGS	 "{\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}}"

/* Kubernetes' own types: as the definitions have them. */
static const char selector[] =
	", \"additionalProperties\": false, \"properties\": {\"matchLabels\": " STRINGS
	", \"matchExpressions\": {\"type\": \"array\", \"items\": {\"type\": \"object\", "
	"\"required\": [\"key\", \"operator\"], \"additionalProperties\": false, \"properties\": "
	"{\"key\": {\"type\": \"string\", \"minLength\": 1}, \"operator\": {\"enum\": [\"In\", "
	"\"NotIn\", \"Exists\", \"DoesNotExist\"]}, \"values\": {\"type\": \"array\", \"items\": "
	"{\"type\": \"string\"}}}}}}";
static const char env_items[] =
	", \"items\": {\"type\": \"object\", \"required\": [\"name\"], \"additionalProperties\": "
	"false, \"properties\": {\"name\": {\"type\": \"string\", \"pattern\": "
	"\"^[A-Za-z_][A-Za-z0-9_]*$\"}, \"value\": {\"type\": \"string\"}, \"valueFrom\": "
	"{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1}}}";
static const char quantities[] =
	", \"additionalProperties\": false, \"properties\": {\"limits\": {\"type\": \"object\", "
	"\"additionalProperties\": {\"type\": [\"integer\", \"number\", \"string\"]}}, \"requests\": "
	"{\"type\": \"object\", \"additionalProperties\": {\"type\": [\"integer\", \"number\", "
	"\"string\"]}}}";

static void pattern(struct og_buf *out, const char *re)
{
	og_buf_lit(out, ", \"pattern\": ");
	og_jw_str(out, og_svz(re));
}

/* What a string may be: after its type. */
static void string_limits(struct og_buf *out, const struct og_field *f)
{
	const char *comma = "";

	if (f->words) {
		og_buf_lit(out, ", \"enum\": [");
		for (uint32_t i = f->first_word;
			f->words[i] && (!f->max_words || i < f->first_word + f->max_words); i++) {
			og_buf_fmt(out, "%s\"%s\"", comma, f->words[i]);
			comma = ", ";
		}
		og_buf_ch(out, ']');
		return;
	}
	og_buf_fmt(out, ", \"minLength\": 1, \"maxLength\": %u", f->format->max_length);
	if (f->format->pattern)
		pattern(out, f->format->pattern);
}

static void string_list(struct og_buf *out, const struct og_field *f)
{
	if (f->max)
		og_buf_fmt(out, ", \"maxItems\": %lld", (long long)f->max);
	if (f->flags & OG_FF_UNIQUE)
		og_buf_lit(out, ", \"uniqueItems\": true");
	og_buf_lit(out, ", \"items\": {\"type\": \"string\"");
	string_limits(out, f);
	og_buf_ch(out, '}');
}

static void limits(struct og_buf *out, const struct og_field *f)
{
	switch (f->type) {
	case OG_FT_STRING:
	case OG_FT_WORD:
	case OG_FT_ENUM:
		string_limits(out, f);
		break;
	case OG_FT_INT:
		og_buf_fmt(out, ", \"minimum\": %lld, \"maximum\": %lld", (long long)f->min,
			(long long)f->max);
		break;
	case OG_FT_DURATION:
		pattern(out, DURATION);
		break;
	case OG_FT_SELECTOR:
		og_buf_str(out, selector);
		break;
	case OG_FT_STRINGS:
		string_list(out, f);
		break;
	case OG_FT_MAP:
		og_buf_lit(out, ", \"additionalProperties\": {\"type\": \"string\"}");
		break;
	case OG_FT_ENV:
		og_buf_str(out, env_items);
		break;
	case OG_FT_RESOURCES:
		og_buf_str(out, quantities);
		break;
	default:
		break;
	}
}

static const char *type_of(enum og_field_type t)
{
	switch (t) {
	case OG_FT_BOOL:
		return "boolean";
	case OG_FT_INT:
		return "integer";
	case OG_FT_STRINGS:
	case OG_FT_ENV:
		return "array";
	case OG_FT_OBJECT:
	case OG_FT_SELECTOR:
	case OG_FT_MAP:
	case OG_FT_RESOURCES:
		return "object";
	default:
		return "string";
	}
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the table of fields */
static void schema(struct og_buf *out, const struct og_doc_type *t, size_t at, int in);

static void required(struct og_buf *out, const struct og_doc_type *t, size_t at)
{
	const char *comma = "";

	for (size_t i = at + 1; i < og_nfields(t->doc); i++) {
		const struct og_field *f = &t->fields[i];
		if (!og_field_is_member(f, og_svz(t->fields[at].path)) ||
			!(f->flags & OG_FF_REQUIRED))
			continue;
		og_buf_fmt(
			out, "%s\"%s\"", *comma ? comma : ", \"required\": [", og_field_key(f).p);
		comma = ", ";
	}
	if (*comma)
		og_buf_ch(out, ']');
}

static void members(struct og_buf *out, const struct og_doc_type *t, size_t at, int in)
{
	const char *comma = "";

	required(out, t, at);
	og_buf_lit(out, ", \"additionalProperties\": false, \"properties\": {");
	for (size_t i = at + 1; i < og_nfields(t->doc); i++) {
		const struct og_field *f = &t->fields[i];
		if (!og_field_is_member(f, og_svz(t->fields[at].path)))
			continue;
		og_buf_fmt(out, "%s\n%*s\"%s\": ", comma, in + 2, "", og_field_key(f).p);
		schema(out, t, i, in + 2);
		comma = ",";
	}
	og_buf_fmt(out, "\n%*s}", in, "");
}

static void schema(struct og_buf *out, const struct og_doc_type *t, size_t at, int in)
{
	const struct og_field *f = &t->fields[at];

	og_buf_fmt(out, "{\"type\": \"%s\", \"description\": \"", type_of(f->type));
	og_jw_part(out, og_svz(f->help));
	og_buf_lit(out, ".\"");
	if (f->type == OG_FT_OBJECT)
		members(out, t, at, in);
	else
		limits(out, f);
	og_buf_ch(out, '}');
}
/* NOLINTEND(misc-no-recursion) */

void og_gen_spec_schema(struct og_buf *out, enum og_doc_kind kind, int indent)
{
	schema(out, &og_doc_types[kind], 0, indent);
}
