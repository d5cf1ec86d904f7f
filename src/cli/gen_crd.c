/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifests/crds/ from the field table: structural schemas with CEL rules
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
 */
#include <stdarg.h>
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "gen_config-priv.h"

#define QUANTITY                                                                                   \
	"^[+]?([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-" \
	"9]+)?$"
#define DURATION "^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$"
enum { ENV_VALUE_BYTES = 4096 };

struct gen {
	struct og_buf *out;
	const struct og_doc_type *type;
};

__attribute__((format(printf, 3, 4))) static void line(
	struct gen *g, int indent, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	og_buf_fmt(g->out, "%*s", indent, "");
	og_buf_vfmt(g->out, fmt, ap);
	og_buf_ch(g->out, '\n');
	va_end(ap);
}

/* key: "text" — double quotes with JSON's escapes are YAML, too. */
static void text(struct gen *g, int indent, const char *key, const char *value)
{
	og_buf_fmt(g->out, "%*s%s: ", indent, "", key);
	og_jw_str(g->out, og_svz(value));
	og_buf_ch(g->out, '\n');
}

static void description(struct gen *g, int indent, const struct og_field *f)
{
	og_buf_fmt(g->out, "%*sdescription: \"", indent, "");
	og_jw_part(g->out, og_svz(f->help));
	og_buf_ch(g->out, '.');
	if (f->doc) {
		og_buf_ch(g->out, ' ');
		og_jw_part(g->out, og_svz(f->doc));
	}
	og_buf_lit(g->out, "\"\n");
}

static void rule(struct gen *g, int indent, const char *cel, const char *message)
{
	text(g, indent, "- rule", cel);
	text(g, indent + 2, "message", message);
}

static void rules(struct gen *g, int indent, const struct og_cel *cel)
{
	for (const struct og_cel *c = cel; c && c->rule; c++) {
		if (c == cel)
			line(g, indent, "x-kubernetes-validations:");
		rule(g, indent, c->rule, c->message);
	}
}

/* The syntax of a string: of the field, of a list's elements. */
static void string_schema(struct gen *g, int indent, const struct og_field *f)
{
	line(g, indent, "type: string");
	if (f->words) {
		line(g, indent, "enum:");
		for (uint32_t i = f->first_word;
			f->words[i] && (!f->max_words || i < f->first_word + f->max_words); i++)
			line(g, indent, "- \"%s\"", f->words[i]);
		return;
	}
	line(g, indent, "minLength: 1");
	line(g, indent, "maxLength: %u", f->format->max_length);
	if (f->format->pattern)
		text(g, indent, "pattern", f->format->pattern);
}

static void duration_schema(struct gen *g, int indent, const struct og_field *f)
{
	char from[OG_DURATION_BYTES], to[OG_DURATION_BYTES], cel[160], message[96];
	og_fmt_duration_ms(from, f->min);
	og_fmt_duration_ms(to, f->max);
	(void)snprintf(cel, sizeof cel,
		"duration(self) >= duration('%s') && duration(self) <= duration('%s')", from, to);
	(void)snprintf(message, sizeof message, "must be from %s to %s", from, to);
	line(g, indent, "type: string");
	line(g, indent, "maxLength: 32");
	text(g, indent, "pattern", DURATION);
	line(g, indent, "x-kubernetes-validations:");
	rule(g, indent, cel, message);
}

static void selector_schema(struct gen *g, int in)
{
	line(g, in, "type: object");
	line(g, in, "x-kubernetes-map-type: atomic");
	line(g, in, "properties:");
	line(g, in + 2, "matchLabels:");
	line(g, in + 4, "type: object");
	line(g, in + 4, "maxProperties: 64");
	line(g, in + 4, "additionalProperties:");
	line(g, in + 6, "type: string");
	line(g, in + 6, "maxLength: 63");
	line(g, in + 2, "matchExpressions:");
	line(g, in + 4, "type: array");
	line(g, in + 4, "maxItems: 64");
	line(g, in + 4, "x-kubernetes-list-type: atomic");
	line(g, in + 4, "items:");
	line(g, in + 6, "type: object");
	line(g, in + 6, "required: [key, operator]");
	line(g, in + 6, "x-kubernetes-validations:");
	rule(g, in + 6,
		"self.operator in ['In', 'NotIn'] ? has(self.values) && "
		"size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
		"In and NotIn take values, Exists and DoesNotExist take none");
	line(g, in + 6, "properties:");
	line(g, in + 8, "key:");
	line(g, in + 10, "type: string");
	line(g, in + 10, "minLength: 1");
	line(g, in + 10, "maxLength: 317");
	line(g, in + 8, "operator:");
	line(g, in + 10, "type: string");
	line(g, in + 10, "enum: [In, NotIn, Exists, DoesNotExist]");
	line(g, in + 8, "values:");
	line(g, in + 10, "type: array");
	line(g, in + 10, "maxItems: 64");
	line(g, in + 10, "x-kubernetes-list-type: atomic");
	line(g, in + 10, "items:");
	line(g, in + 12, "type: string");
	line(g, in + 12, "maxLength: 63");
}

static void env_schema(struct gen *g, int in, const struct og_field *f)
{
	line(g, in, "type: array");
	line(g, in, "maxItems: %lld", (long long)f->max);
	line(g, in, "x-kubernetes-list-type: map");
	line(g, in, "x-kubernetes-list-map-keys: [name]");
	line(g, in, "items:");
	line(g, in + 2, "type: object");
	line(g, in + 2, "required: [name]");
	line(g, in + 2, "x-kubernetes-validations:");
	rule(g, in + 2, "!has(self.value) || !has(self.valueFrom)",
		"value and valueFrom exclude each other");
	line(g, in + 2, "properties:");
	line(g, in + 4, "name:");
	line(g, in + 6, "type: string");
	line(g, in + 6, "maxLength: 253");
	text(g, in + 6, "pattern", "^[A-Za-z_][A-Za-z0-9_]*$");
	line(g, in + 4, "value:");
	line(g, in + 6, "type: string");
	line(g, in + 6, "maxLength: %d", ENV_VALUE_BYTES);
	line(g, in + 4, "valueFrom:");
	line(g, in + 6, "type: object");
	line(g, in + 6, "minProperties: 1");
	line(g, in + 6, "maxProperties: 1");
	line(g, in + 6, "x-kubernetes-preserve-unknown-fields: true");
}

static void resources_schema(struct gen *g, int in)
{
	static const char *const names[] = {"limits", "requests"};
	line(g, in, "type: object");
	line(g, in, "properties:");
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		line(g, in + 2, "%s:", names[i]);
		line(g, in + 4, "type: object");
		line(g, in + 4, "maxProperties: 16");
		line(g, in + 4, "additionalProperties:");
		line(g, in + 6, "anyOf:");
		line(g, in + 6, "- type: integer");
		line(g, in + 6, "- type: string");
		line(g, in + 6, "x-kubernetes-int-or-string: true");
		text(g, in + 6, "pattern", QUANTITY);
	}
}

static void strings_schema(struct gen *g, int in, const struct og_field *f)
{
	line(g, in, "type: array");
	line(g, in, "maxItems: %lld", (long long)f->max);
	line(g, in, "x-kubernetes-list-type: %s", f->flags & OG_FF_UNIQUE ? "set" : "atomic");
	line(g, in, "items:");
	string_schema(g, in + 2, f);
}

static void map_schema(struct gen *g, int in, const struct og_field *f)
{
	line(g, in, "type: object");
	line(g, in, "maxProperties: %lld", (long long)f->max);
	line(g, in, "additionalProperties:");
	line(g, in + 2, "type: string");
	line(g, in + 2, "maxLength: %d", ENV_VALUE_BYTES);
}

static void default_of(struct gen *g, int in, const struct og_field *f)
{
	if (!f->def)
		return;
	if (f->type == OG_FT_BOOL || f->type == OG_FT_INT)
		line(g, in, "default: %s", f->def);
	else
		text(g, in, "default", f->def);
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the table of fields */
static void schema(struct gen *g, int in, size_t row);

static void object_schema(struct gen *g, int in, size_t row)
{
	const struct og_field *rows = g->type->fields, *f = &rows[row];
	bool any = false;
	line(g, in, "type: object");
	for (size_t i = row + 1; i < og_nfields(g->type->doc); i++) {
		if (!og_field_is_member(&rows[i], og_svz(f->path)) ||
			!(rows[i].flags & OG_FF_REQUIRED))
			continue;
		if (!any)
			line(g, in, "required:");
		any = true;
		line(g, in, "- %s", og_field_key(&rows[i]).p);
	}
	rules(g, in, f->cel);
	line(g, in, "properties:");
	for (size_t i = row + 1; i < og_nfields(g->type->doc); i++) {
		if (og_field_is_member(&rows[i], og_svz(f->path)))
			schema(g, in + 2, i);
	}
}

/* Recursion follows the table's nesting. */
static void schema(struct gen *g, int in, size_t row)
{
	const struct og_field *f = &g->type->fields[row];
	line(g, in, "%s:", og_field_key(f).p);
	in += 2;
	description(g, in, f);
	switch (f->type) {
	case OG_FT_OBJECT:
		object_schema(g, in, row);
		break;
	case OG_FT_STRING:
	case OG_FT_WORD:
	case OG_FT_ENUM:
		string_schema(g, in, f);
		break;
	case OG_FT_BOOL:
		line(g, in, "type: boolean");
		break;
	case OG_FT_INT:
		line(g, in, "type: integer");
		line(g, in, "format: int32");
		line(g, in, "minimum: %lld", (long long)f->min);
		line(g, in, "maximum: %lld", (long long)f->max);
		break;
	case OG_FT_DURATION:
		duration_schema(g, in, f);
		break;
	case OG_FT_SELECTOR:
		selector_schema(g, in);
		break;
	case OG_FT_STRINGS:
		strings_schema(g, in, f);
		break;
	case OG_FT_MAP:
		map_schema(g, in, f);
		break;
	case OG_FT_ENV:
		env_schema(g, in, f);
		break;
	case OG_FT_RESOURCES:
		resources_schema(g, in);
		break;
	default:
		break;
	}
	default_of(g, in, f);
}

/* --- status: written by the controller, never read from files --- */

static void status_string(struct gen *g, int in, const char *name, const char *help)
{
	line(g, in, "%s:", name);
	text(g, in + 2, "description", help);
	line(g, in + 2, "type: string");
}

static void status_conditions(struct gen *g, int in)
{
	line(g, in, "conditions:");
	text(g, in + 2, "description", "What is known of the document, one entry per type.");
	line(g, in + 2, "type: array");
	line(g, in + 2, "x-kubernetes-list-type: map");
	line(g, in + 2, "x-kubernetes-list-map-keys: [type]");
	line(g, in + 2, "items:");
	line(g, in + 4, "type: object");
	line(g, in + 4, "required: [type, status, lastTransitionTime, reason, message]");
	line(g, in + 4, "properties:");
	line(g, in + 6, "type:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "maxLength: 316");
	line(g, in + 6, "status:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "enum: [\"True\", \"False\", Unknown]");
	line(g, in + 6, "observedGeneration:");
	line(g, in + 8, "type: integer");
	line(g, in + 8, "format: int64");
	line(g, in + 8, "minimum: 0");
	line(g, in + 6, "lastTransitionTime:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "format: date-time");
	line(g, in + 6, "reason:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "minLength: 1");
	line(g, in + 8, "maxLength: 1024");
	line(g, in + 6, "message:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "maxLength: 32768");
}

static void status_count(struct gen *g, int in, const char *name, const char *help)
{
	line(g, in, "%s:", name);
	text(g, in + 2, "description", help);
	line(g, in + 2, "type: integer");
	line(g, in + 2, "format: int32");
	line(g, in + 2, "minimum: 0");
}

static void status_credentials(struct gen *g, int in)
{
	line(g, in, "credentials:");
	text(g, in + 2, "description", "Where the credentials are.");
	line(g, in + 2, "type: object");
	line(g, in + 2, "properties:");
	status_string(g, in + 4, "secretName", "Name of the Secret in the namespaces.");
	status_count(g, in + 4, "namespaces", "Namespaces that need it.");
	status_count(g, in + 4, "ready", "Namespaces that have it, with these credentials.");
	line(g, in + 4, "rotatedAt:");
	text(g, in + 6, "description", "When these credentials were in place everywhere.");
	line(g, in + 6, "type: string");
	line(g, in + 6, "format: date-time");
}

static void status_strangers(struct gen *g, int in)
{
	line(g, in, "strangers:");
	text(g, in + 2, "description",
		"Services that arrive under the cluster's name, and that no opted-in workload explains; left out when there are none.");
	line(g, in + 2, "type: object");
	line(g, in + 2, "properties:");
	status_count(g, in + 4, "count", "How many there are.");
	line(g, in + 4, "first:");
	text(g, in + 6, "description", "The first ten by namespace and name.");
	line(g, in + 6, "type: array");
	line(g, in + 6, "maxItems: 10");
	line(g, in + 6, "x-kubernetes-list-type: atomic");
	line(g, in + 6, "items:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "maxLength: 512");
}

void og_gen_conditions(struct og_buf *out, int in)
{
	struct gen g = {out, NULL};
	status_conditions(&g, in);
}

static void status_stack(struct gen *g, int in)
{
	line(g, in, "endpoints:");
	text(g, in + 2, "description", "Endpoints in effect, given or discovered.");
	line(g, in + 2, "type: object");
	line(g, in + 2, "properties:");
	status_string(g, in + 4, "otlp", "Base URL of the receiver.");
	for (size_t i = 0; i < OG_SIGNAL_COUNT_; i++)
		status_string(g, in + 4, og_signal_name((enum og_signal)i),
			"Where the signal is sent when not to the base URL.");
	status_string(g, in, "authHash", "Short hash of the credentials in use; tells a rotation.");
	status_credentials(g, in);
	status_strangers(g, in);
	line(g, in, "probes:");
	text(g, in + 2, "description", "The last test record per signal.");
	line(g, in + 2, "type: array");
	line(g, in + 2, "x-kubernetes-list-type: map");
	line(g, in + 2, "x-kubernetes-list-map-keys: [signal]");
	line(g, in + 2, "items:");
	line(g, in + 4, "type: object");
	line(g, in + 4, "required: [signal, result]");
	line(g, in + 4, "properties:");
	line(g, in + 6, "signal:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "enum: [metrics, traces, logs, profiles]");
	status_string(g, in + 6, "result", "What became of it.");
	line(g, in + 6, "time:");
	line(g, in + 8, "type: string");
	line(g, in + 8, "format: date-time");
	line(g, in + 6, "visibleAfter:");
	text(g, in + 8, "description", "Time until it could be read back.");
	line(g, in + 8, "type: string");
}

static void status(struct gen *g, int in)
{
	line(g, in, "status:");
	text(g, in + 2, "description", "Written by otelgate.");
	line(g, in + 2, "type: object");
	line(g, in + 2, "properties:");
	line(g, in + 4, "observedGeneration:");
	line(g, in + 6, "type: integer");
	line(g, in + 6, "format: int64");
	line(g, in + 6, "minimum: 0");
	status_conditions(g, in + 4);
	if (g->type->doc == OG_DOC_STACK)
		status_stack(g, in + 4);
	else
		status_string(g, in + 4, "stack", "Name of the GrafanaStack in effect.");
}

static void columns(struct gen *g)
{
	line(g, 4, "additionalPrinterColumns:");
	for (size_t i = 0; i < og_nfields(g->type->doc); i++) {
		const struct og_field *f = &g->type->fields[i];
		if (!(f->flags & OG_FF_COLUMN))
			continue;
		line(g, 4, "- name: %s", f->column);
		line(g, 6, "type: %s", f->type == OG_FT_BOOL ? "boolean" : "string");
		line(g, 6, "jsonPath: .%s", f->path);
	}
	line(g, 4, "- name: Ready");
	line(g, 6, "type: string");
	line(g, 6, "jsonPath: .status.conditions[?(@.type==\"Ready\")].status");
	line(g, 4, "- name: Age");
	line(g, 6, "type: date");
	line(g, 6, "jsonPath: .metadata.creationTimestamp");
}

void og_gen_crd(struct og_buf *out, enum og_doc_kind kind)
{
	struct gen gen = {out, &og_doc_types[kind]}, *g = &gen;
	line(g, 0, "# SPDX-License-Identifier: Apache-2.0");
	line(g, 0, "# Generated from the field table (src/core/fields_*.c) by `make generate`.");
	line(g, 0, "apiVersion: apiextensions.k8s.io/v1");
	line(g, 0, "kind: CustomResourceDefinition");
	line(g, 0, "metadata:");
	line(g, 2, "name: %s." OG_GROUP, g->type->plural);
	line(g, 2, "labels:");
	line(g, 4, "app.kubernetes.io/part-of: otelgate");
	line(g, 0, "spec:");
	line(g, 2, "group: " OG_GROUP);
	line(g, 2, "scope: Cluster");
	line(g, 2, "names:");
	line(g, 4, "kind: %s", g->type->kind);
	line(g, 4, "listKind: %sList", g->type->kind);
	line(g, 4, "plural: %s", g->type->plural);
	line(g, 4, "singular: %s", g->type->singular);
	line(g, 4, "shortNames: [%s]", g->type->short_name);
	line(g, 4, "categories: [otelgate]");
	line(g, 2, "versions:");
	line(g, 2, "- name: v1alpha1");
	line(g, 4, "served: true");
	line(g, 4, "storage: true");
	line(g, 4, "subresources:");
	line(g, 6, "status: {}");
	columns(g);
	line(g, 4, "schema:");
	line(g, 6, "openAPIV3Schema:");
	text(g, 8, "description", g->type->text);
	line(g, 8, "type: object");
	line(g, 8, "required: [spec]");
	rules(g, 8, g->type->cel);
	line(g, 8, "properties:");
	line(g, 10, "apiVersion:");
	line(g, 12, "type: string");
	line(g, 10, "kind:");
	line(g, 12, "type: string");
	line(g, 10, "metadata:");
	line(g, 12, "type: object");
	schema(g, 10, 0);
	status(g, 10);
}
/* NOLINTEND(misc-no-recursion) */
