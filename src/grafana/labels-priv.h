/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How each backend spells what we know by og_gf_key, and rows made of labels. */
#include "otelgate/codec/jdoc.h"
#include "otelgate/grafana/rows.h"

#define GF_BIT(x) (1U << (unsigned)(x))

enum gf_hint { GF_HINT_NONE, GF_HINT_STDOUT, GF_HINT_EBPF, GF_HINT_SCRAPE, GF_HINT_OTLP };

struct gf_label {
	const char *name;
	const char *kind; /* K8S_WORKLOAD: "Deployment" */
	enum og_gf_key key;
	uint8_t rank;	  /* of those that name the same thing the lowest wins */
	uint8_t backends; /* bits of og_gf_backend where it is understood */
	uint8_t group;	  /* bits of og_gf_backend where questions may group by it */
	uint8_t hint_at;  /* bits of og_gf_backend where its presence says how it came */
	enum gf_hint hint;
};
/* NULL when it is none of ours. */
const struct gf_label *gf_label_find(struct og_sv name);
/* The n-th of the table; NULL behind the end. Labels of one key come in order of rank. */
const struct gf_label *gf_label_at(size_t n);

struct gf_seen {
	struct og_sv name;
	const struct gf_label *label;
};

/* Rows in the making. */
struct gf_rows {
	struct og_arena *a;
	enum og_gf_backend backend;
	struct og_gf_rows *out;
	uint32_t cap;
	bool failed; /* memory is out */
	struct og_gf_row row;
	uint8_t rank[OG_GF_KEY_COUNT_]; /* of what the row holds + 1 */
	enum gf_hint hint;
	uint32_t nth; /* label of the row */
	struct gf_seen seen[24];
};
void gf_rows_init(struct gf_rows *b, struct og_arena *a, enum og_gf_backend backend,
	struct og_gf_rows *out, uint32_t expected);
void gf_rows_begin(struct gf_rows *b);
void gf_rows_label(struct gf_rows *b, struct og_sv name, struct og_sv value);
/* The same for a value that is not read unless it is wanted. */
void gf_rows_label_raw(struct gf_rows *b, struct og_sv name, struct og_jval value);
void gf_rows_end(struct gf_rows *b, double value, int64_t last_s);
