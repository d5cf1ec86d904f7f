/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The table of the chart's values: charts/otelgate/values.yaml, values.schema.json and
 * docs/reference/values.md are made from its rows, and so is the check of what a user gives.
 * To add a value: a row here, and its use in a template.
 */
#include "otelgate/core/fields.h"

enum og_value_type {
	OG_VT_GROUP, /* an object whose members have rows of their own */
	OG_VT_STRING,
	OG_VT_WORD, /* one of `words` */
	OG_VT_BOOL,
	OG_VT_INT, /* min..max */
	OG_VT_STRINGS,
	OG_VT_STRING_MAP, /* labels, annotations */
	OG_VT_OBJECT,	  /* of Kubernetes: the API server knows what may stand in it */
	OG_VT_OBJECTS,	  /* a list of such */
	OG_VT_RESOURCES,
	OG_VT_DOCUMENTS /* name -> spec of a kind of ours */
};

struct og_value {
	const char *path; /* "webhook.replicas"; parents stand before their members */
	enum og_value_type type;
	const char *def;   /* as YAML in one line; NULL for groups */
	long min, max;	   /* OG_VT_INT */
	const char *words; /* OG_VT_WORD: separated by a blank; OG_VT_STRING: a pattern or NULL */
	enum og_doc_kind kind; /* OG_VT_DOCUMENTS */
	const char *help;      /* whole sentences */
};

extern const struct og_value og_values[];
extern const size_t og_nvalues;

/* Nesting of a row: 0 at the top. */
int og_value_depth(const struct og_value *v);
/* The last part of its path. */
const char *og_value_key(const struct og_value *v);
/* True when v is a direct member of `parent`; NULL is the top. */
bool og_value_is_member(const struct og_value *v, const struct og_value *parent);

/* The JSON schema (draft 07) of a kind's spec, without a line end. */
void og_gen_spec_schema(struct og_buf *out, enum og_doc_kind kind, int indent);

/* charts/otelgate/: values.yaml, values.schema.json; docs/reference/values.md. */
void og_gen_values(struct og_buf *out);
void og_gen_values_schema(struct og_buf *out);
void og_gen_values_reference(struct og_buf *out);
/* Templates of the chart: rights and definitions, as in manifests/. */
void og_gen_chart_rbac_webhook(struct og_buf *out);
void og_gen_chart_rbac_controller(struct og_buf *out);
void og_gen_chart_rbac_reader(struct og_buf *out);
void og_gen_chart_rbac_restarts(struct og_buf *out);
void og_gen_chart_stacks(struct og_buf *out);
void og_gen_chart_profiles(struct og_buf *out);
void og_gen_chart_telemetry(struct og_buf *out);
