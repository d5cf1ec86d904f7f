/* SPDX-License-Identifier: Apache-2.0 */
/* The CRD of WorkloadTelemetry and docs/reference/status.md, from the table of status fields. */
#include <stdarg.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/rollout.h"
#include "otelgate/core/telemetry.h"
#include "gen_config-priv.h"

enum { STRING_BYTES = 1024 };

__attribute__((format(printf, 3, 4))) static void line(
	struct og_buf *out, int indent, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	og_buf_fmt(out, "%*s", indent, "");
	og_buf_vfmt(out, fmt, ap);
	og_buf_ch(out, '\n');
	va_end(ap);
}

static void text(struct og_buf *out, int indent, const char *key, const char *value)
{
	og_buf_fmt(out, "%*s%s: ", indent, "", key);
	og_jw_str(out, og_svz(value));
	og_buf_ch(out, '\n');
}

/* The last part of a path, and what is before it. */
static struct og_sv last(const char *path, struct og_sv *ret_parent)
{
	struct og_sv all = og_svz(path);
	size_t dot = all.n;

	while (dot && all.p[dot - 1] != '.')
		dot--;
	*ret_parent = og_sv(all.p, dot ? dot - 1 : 0);
	return og_sv(all.p + dot, all.n - dot);
}

/* Of a list's elements the parent is "path[]". */
static bool is_member(const struct og_status_field *f, const struct og_status_field *of)
{
	struct og_sv parent, path = og_svz(of->path);

	(void)last(f->path, &parent);
	if (of->type != OG_ST_LIST)
		return og_sv_eq(parent, path);
	return parent.n == path.n + 2 && og_sv_starts(parent, path) &&
	       og_sv_ends(parent, OG_SV("[]"));
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the table of fields */
static void schema(struct og_buf *out, int in, const struct og_status_field *f);

static void members(struct og_buf *out, int in, const struct og_status_field *of)
{
	line(out, in, "type: object");
	if (of->type == OG_ST_LIST)
		line(out, in, "required: [%s]", of->key);
	line(out, in, "properties:");
	for (size_t i = 0; i < og_telemetry_fields_n; i++)
		if (is_member(&og_telemetry_fields[i], of))
			schema(out, in + 2, &og_telemetry_fields[i]);
}

static void schema(struct og_buf *out, int in, const struct og_status_field *f)
{
	struct og_sv parent, name = last(f->path, &parent);

	if (f->type == OG_ST_CONDITIONS) {
		og_gen_conditions(out, in);
		return;
	}
	line(out, in, "%.*s:", OG_SV_ARG(name));
	in += 2;
	text(out, in, "description", f->help);
	switch (f->type) {
	case OG_ST_OBJECT:
		members(out, in, f);
		break;
	case OG_ST_LIST:
		line(out, in, "type: array");
		line(out, in, "maxItems: %u", f->max);
		line(out, in, "x-kubernetes-list-type: map");
		line(out, in, "x-kubernetes-list-map-keys: [%s]", f->key);
		line(out, in, "items:");
		members(out, in + 2, f);
		break;
	case OG_ST_STRINGS:
		line(out, in, "type: array");
		line(out, in, "maxItems: %u", f->max);
		line(out, in, "x-kubernetes-list-type: atomic");
		line(out, in, "items:");
		line(out, in + 2, "type: string");
		line(out, in + 2, "maxLength: 253");
		break;
	case OG_ST_STRING:
		line(out, in, "type: string");
		line(out, in, "maxLength: %u", f->max ? f->max : STRING_BYTES);
		break;
	case OG_ST_INT:
	case OG_ST_INT64:
		line(out, in, "type: integer");
		line(out, in, "format: %s", f->type == OG_ST_INT ? "int32" : "int64");
		if (!f->negative)
			line(out, in, "minimum: 0");
		break;
	case OG_ST_BOOL:
		line(out, in, "type: boolean");
		break;
	case OG_ST_TIME:
		line(out, in, "type: string");
		line(out, in, "format: date-time");
		break;
	default:
		break;
	}
}
/* NOLINTEND(misc-no-recursion) */

static void columns(struct og_buf *out)
{
	line(out, 4, "additionalPrinterColumns:");
	for (size_t i = 0; i < og_telemetry_columns_n; i++) {
		const struct og_status_column *c = &og_telemetry_columns[i];
		line(out, 4, "- name: %s", c->name);
		line(out, 6, "type: %s", c->type);
		line(out, 6, "jsonPath: %s", c->json_path);
		if (c->wide)
			line(out, 6, "priority: 1");
	}
}

void og_gen_crd_telemetry(struct og_buf *out)
{
	line(out, 0, "# SPDX-License-Identifier: Apache-2.0");
	line(out, 0,
		"# Generated from the table of status fields (src/core/telemetry_fields.c) by `make generate`.");
	line(out, 0, "apiVersion: apiextensions.k8s.io/v1");
	line(out, 0, "kind: CustomResourceDefinition");
	line(out, 0, "metadata:");
	line(out, 2, "name: " OG_TELEMETRY_RESOURCE "." OG_GROUP);
	line(out, 2, "labels:");
	line(out, 4, "app.kubernetes.io/part-of: otelgate");
	line(out, 0, "spec:");
	line(out, 2, "group: " OG_GROUP);
	line(out, 2, "scope: Namespaced");
	line(out, 2, "names:");
	line(out, 4, "kind: " OG_TELEMETRY_KIND);
	line(out, 4, "listKind: " OG_TELEMETRY_KIND "List");
	line(out, 4, "plural: " OG_TELEMETRY_RESOURCE);
	line(out, 4, "singular: workloadtelemetry");
	line(out, 4, "shortNames: [wt]");
	line(out, 4, "categories: [otelgate]");
	line(out, 2, "versions:");
	line(out, 2, "- name: v1alpha1");
	line(out, 4, "served: true");
	line(out, 4, "storage: true");
	line(out, 4, "subresources:");
	line(out, 6, "status: {}");
	columns(out);
	line(out, 4, "schema:");
	line(out, 6, "openAPIV3Schema:");
	text(out, 8, "description",
		"Where one opted-in workload stands. Written by the controller, owned by the workload and gone with it. `kubectl get wt -A` is the coverage table.");
	line(out, 8, "type: object");
	line(out, 8, "properties:");
	line(out, 10, "apiVersion:");
	line(out, 12, "type: string");
	line(out, 10, "kind:");
	line(out, 12, "type: string");
	line(out, 10, "metadata:");
	line(out, 12, "type: object");
	schema(out, 10, &og_telemetry_fields[0]);
}

/* ---- documentation ---- */

static void cell(struct og_buf *out, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '|' || *s == '<')
			og_buf_ch(out, '\\');
		og_buf_ch(out, *s);
	}
}

static const char *type_name(enum og_status_type t)
{
	static const char *const names[] = {[OG_ST_OBJECT] = "object",
		[OG_ST_LIST] = "list of objects",
		[OG_ST_STRINGS] = "list of strings",
		[OG_ST_STRING] = "string",
		[OG_ST_INT] = "integer",
		[OG_ST_INT64] = "integer",
		[OG_ST_BOOL] = "boolean",
		[OG_ST_TIME] = "time",
		[OG_ST_CONDITIONS] = "conditions"};
	return names[t];
}

static void write_reasons(struct og_buf *out)
{
	size_t n;
	const struct og_rollout_reason *r = og_rollout_reasons(&n);

	og_buf_lit(out,
		"\n## Reasons of a rollout\n\n"
		"`status.rollout.reason`, and the reason of `RolloutComplete`.\n\n"
		"| reason | state | finding | meaning | what to do |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		og_buf_fmt(out, "| `%s` | %s | %s | ", r[i].name, og_rollout_state_name(r[i].state),
			r[i].finding ? r[i].finding : "");
		cell(out, r[i].text);
		og_buf_lit(out, " | ");
		cell(out, r[i].fix);
		og_buf_lit(out, " |\n");
	}
}

static void write_stars(struct og_buf *out)
{
	og_buf_lit(out,
		"\n## Rules of the stars\n\n"
		"`status.stars.<dimension>.raise` and `.unknown` name one of these. Stars are drawn from what is\n"
		"earned, rounded down; what does not apply is left out, and the rest counts for the whole.\n\n"
		"| rule | dimension | weight | what is needed | how it would rise |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < OG_STARS_RULES; i++) {
		const struct og_stars_rule *r = og_stars_rule(i);
		og_buf_fmt(out, "| `%s` | %s, %u stars | %u %% | ", r->id,
			og_stars_dimension_name(r->dimension), og_stars_most(r->dimension),
			r->weight);
		cell(out, r->need);
		og_buf_lit(out, " | ");
		cell(out, r->rise);
		og_buf_lit(out, " |\n");
	}
}

void og_gen_status_reference(struct og_buf *out)
{
	og_buf_lit(out,
		"<!-- Generated from the table of status fields (src/core/telemetry_fields.c) by `make generate`. -->\n"
		"# Status of workloads\n\n"
		"For every opted-in workload the controller keeps a `WorkloadTelemetry` (short name `wt`) of the\n"
		"name `<kind>-<workload>` in the workload's namespace, owned by the workload and gone with it.\n"
		"`kubectl get wt -A` is the coverage table; `-o wide` adds the columns marked so.\n\n"
		"| column | from |\n|---|---|\n");
	for (size_t i = 0; i < og_telemetry_columns_n; i++)
		og_buf_fmt(out, "| %s%s | `%s` |\n", og_telemetry_columns[i].name,
			og_telemetry_columns[i].wide ? " (wide)" : "",
			og_telemetry_columns[i].json_path);
	og_buf_lit(out, "\n## Fields\n\n| field | type | meaning |\n|---|---|---|\n");
	for (size_t i = 1; i < og_telemetry_fields_n; i++) {
		const struct og_status_field *f = &og_telemetry_fields[i];
		og_buf_fmt(out, "| `%s` | %s | ", f->path, type_name(f->type));
		cell(out, f->help);
		og_buf_lit(out, " |\n");
	}
	og_buf_lit(out, "\n## Conditions\n\n");
	for (int i = 0; i < OG_TC_COUNT_; i++)
		og_buf_fmt(out, "- `%s`\n", og_telemetry_cond_name((enum og_telemetry_cond)i));
	write_reasons(out);
	write_stars(out);
}
