/* SPDX-License-Identifier: Apache-2.0 */
/* The chart's values.yaml, its schema and its reference, from the table of values. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "gen_values-priv.h"

#define GENERATED \
	"Generated from the table of values (src/cli/gen_values_table.c) by `make generate`."
enum { COLUMNS = 100 };

/* --- values.yaml --- */

static void comment(struct og_buf *out, int indent, const char *text)
{
	int column = COLUMNS;

	for (const char *word = text; *word;) {
		size_t n = strcspn(word, " ");
		if (column + 1 + (int)n > COLUMNS) {
			og_buf_fmt(out, "%s%*s#", word == text ? "" : "\n", indent, "");
			column = indent + 1;
		}
		og_buf_ch(out, ' ');
		og_buf_add(out, word, n);
		column += 1 + (int)n;
		word += n + (word[n] == ' ');
	}
	og_buf_ch(out, '\n');
}

void og_gen_values(struct og_buf *out)
{
	og_buf_lit(out, "# SPDX-License-Identifier: Apache-2.0\n# " GENERATED "\n");
	for (size_t i = 0; i < og_nvalues; i++) {
		const struct og_value *v = &og_values[i];
		int indent = 2 * og_value_depth(v);
		if (!indent)
			og_buf_ch(out, '\n');
		comment(out, indent, v->help);
		og_buf_fmt(out, "%*s%s:", indent, "", og_value_key(v));
		if (v->def)
			og_buf_fmt(out, " %s", v->def);
		og_buf_ch(out, '\n');
	}
}

/* --- values.schema.json --- */

static void begin(struct og_buf *out, int in, const char *type, const char *help)
{
	og_buf_fmt(
		out, "{\n%*s\"type\": \"%s\",\n%*s\"description\": ", in + 2, "", type, in + 2, "");
	og_jw_str(out, og_svz(help));
}

static void words(struct og_buf *out, int in, const char *list)
{
	const char *comma = "";

	og_buf_fmt(out, ",\n%*s\"enum\": [", in, "");
	for (const char *w = list; *w;) {
		size_t n = strcspn(w, " ");
		og_buf_fmt(out, "%s\"%.*s\"", comma, (int)n, w);
		comma = ", ";
		w += n + (w[n] == ' ');
	}
	og_buf_ch(out, ']');
}

static void documents(struct og_buf *out, int in, enum og_doc_kind kind)
{
	og_buf_fmt(out,
		",\n%*s\"propertyNames\": {\"maxLength\": 253, \"pattern\": "
		"\"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$\"},\n%*s\"additionalProperties\": ",
		in, "", in, "");
	og_gen_spec_schema(out, kind, in);
}

static void resources(struct og_buf *out, int in)
{
	static const char *const names[] = {"limits", "requests"};

	og_buf_fmt(out, ",\n%*s\"additionalProperties\": false,\n%*s\"properties\": {", in, "", in,
		"");
	for (size_t i = 0; i < OG_COUNT(names); i++)
		og_buf_fmt(out,
			"%s\n%*s\"%s\": {\"type\": \"object\", \"additionalProperties\": {\"type\": "
			"[\"integer\", \"number\", \"string\"], \"pattern\": \"^[0-9.]+[a-zA-Z]*$\"}}",
			i ? "," : "", in + 2, "", names[i]);
	og_buf_fmt(out, "\n%*s}", in, "");
}

/* A value that has no rows below it. */
static void plain(struct og_buf *out, int in, const struct og_value *v)
{
	switch (v->type) {
	case OG_VT_WORD:
		words(out, in, v->words);
		break;
	case OG_VT_STRING:
		if (v->words) {
			og_buf_fmt(out, ",\n%*s\"pattern\": ", in, "");
			og_jw_str(out, og_svz(v->words));
		}
		break;
	case OG_VT_INT:
		og_buf_fmt(out, ",\n%*s\"minimum\": %ld,\n%*s\"maximum\": %ld", in, "", v->min, in,
			"", v->max);
		break;
	case OG_VT_STRINGS:
		og_buf_fmt(
			out, ",\n%*s\"items\": {\"type\": \"string\", \"minLength\": 1}", in, "");
		break;
	case OG_VT_STRING_MAP:
		og_buf_fmt(out, ",\n%*s\"additionalProperties\": {\"type\": \"string\"}", in, "");
		break;
	case OG_VT_OBJECTS:
		og_buf_fmt(out, ",\n%*s\"items\": {\"type\": \"object\"}", in, "");
		break;
	case OG_VT_RESOURCES:
		resources(out, in);
		break;
	case OG_VT_DOCUMENTS:
		documents(out, in, v->kind);
		break;
	default:
		break;
	}
}

static const char *const types[] = {
	[OG_VT_GROUP] = "object",
	[OG_VT_STRING] = "string",
	[OG_VT_WORD] = "string",
	[OG_VT_BOOL] = "boolean",
	[OG_VT_INT] = "integer",
	[OG_VT_STRINGS] = "array",
	[OG_VT_STRING_MAP] = "object",
	[OG_VT_OBJECT] = "object",
	[OG_VT_OBJECTS] = "array",
	[OG_VT_RESOURCES] = "object",
	[OG_VT_DOCUMENTS] = "object",
};

/* NOLINTBEGIN(misc-no-recursion): no deeper than the table */
static void members(struct og_buf *out, int in, const struct og_value *parent)
{
	const char *comma = "";

	og_buf_fmt(out, ",\n%*s\"additionalProperties\": false,\n%*s\"properties\": {", in, "", in,
		"");
	for (size_t i = 0; i < og_nvalues; i++) {
		const struct og_value *v = &og_values[i];
		if (!og_value_is_member(v, parent))
			continue;
		og_buf_fmt(out, "%s\n%*s\"%s\": ", comma, in + 2, "", og_value_key(v));
		begin(out, in + 2, types[v->type], v->help);
		if (v->type == OG_VT_GROUP)
			members(out, in + 4, v);
		else
			plain(out, in + 4, v);
		og_buf_fmt(out, "\n%*s}", in + 2, "");
		comma = ",";
	}
	/* what Helm itself gives to every chart, and to a subchart */
	if (!parent)
		og_buf_fmt(out,
			",\n%*s\"global\": {\"type\": \"object\"},\n%*s\"enabled\": {\"type\": \"boolean\"}",
			in + 2, "", in + 2, "");
	og_buf_fmt(out, "\n%*s}", in, "");
}
/* NOLINTEND(misc-no-recursion) */

void og_gen_values_schema(struct og_buf *out)
{
	og_buf_lit(out, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
			"  \"$comment\": \"" GENERATED "\",\n"
			"  \"title\": \"Values of the chart otelgate\",\n  \"type\": \"object\"");
	members(out, 2, NULL);
	og_buf_lit(out, "\n}\n");
}

/* --- docs/reference/values.md --- */

static void cell(struct og_buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|' || *s == '<')
			og_buf_ch(out, '\\');
		og_buf_ch(out, *s);
	}
}

static const char *type_name(const struct og_value *v)
{
	static const char *const names[] = {
		[OG_VT_STRING] = "string",
		[OG_VT_BOOL] = "boolean",
		[OG_VT_STRINGS] = "list of strings",
		[OG_VT_STRING_MAP] = "strings by name",
		[OG_VT_OBJECT] = "object",
		[OG_VT_OBJECTS] = "list of objects",
		[OG_VT_RESOURCES] = "resources",
	};
	if (v->type == OG_VT_DOCUMENTS)
		return v->kind == OG_DOC_STACK ? "specs of GrafanaStacks by name"
					       : "specs of TelemetryProfiles by name";
	return names[v->type];
}

static void row(struct og_buf *out, const struct og_value *v)
{
	og_buf_fmt(out, "| `%s` | ", v->path);
	if (v->type == OG_VT_INT)
		og_buf_fmt(out, "%ld to %ld", v->min, v->max);
	else if (v->type == OG_VT_WORD)
		for (const char *w = v->words; *w;) {
			size_t n = strcspn(w, " ");
			og_buf_fmt(out, "%s`%.*s`", w == v->words ? "" : ", ", (int)n, w);
			w += n + (w[n] == ' ');
		}
	else
		og_buf_str(out, type_name(v));
	og_buf_fmt(out, " | `%s` | ", v->def);
	cell(out, v->help);
	og_buf_lit(out, " |\n");
}

void og_gen_values_reference(struct og_buf *out)
{
	og_buf_lit(out,
		"<!-- " GENERATED " -->\n"
		"# Values of the Helm chart\n\n"
		"What `-f values.yaml` and `--set` take. `values.schema.json` is made from the same "
		"table, and of `stacks` and `profiles`\nfrom the table of "
		"[configuration](configuration.md): a name that is not known, or a value that is "
		"not possible, ends `helm install`\nwith its path. How to install: "
		"[install](../install.md).\n\n"
		"| value | type | default | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < og_nvalues; i++)
		if (og_values[i].type != OG_VT_GROUP)
			row(out, &og_values[i]);
}
