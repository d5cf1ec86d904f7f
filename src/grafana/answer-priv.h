/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "labels-priv.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/grafana/answer.h"

enum {
	GF_BODY_MAX = 64 << 20,	 /* longest body that is parsed */
	GF_TOKENS_MAX = 4 << 20, /* 64 MiB of them */
	GF_WARNING_BYTES = 200,
};

/* A body in the reading. */
struct gf_read {
	const struct og_gf_http *asked;
	const struct og_gf_reply *r;
	struct og_arena *a;
	struct og_gf_answer *out;
	struct gf_rows rows;
	struct og_jval root;
	int64_t made_s;		    /* by the backend's clock; 0 = not told */
	bool complete_without_rows; /* an answer that has none by its nature, and is good news */
};

/* Each reads root into rows. False: the answer is not of that shape (or memory is out). */
bool gf_read_prom(struct gf_read *g);
bool gf_read_series(struct gf_read *g);
bool gf_read_exemplars(struct gf_read *g);
bool gf_read_tempo_metrics(struct gf_read *g);
bool gf_read_tempo_search(struct gf_read *g);
bool gf_read_tempo_values(struct gf_read *g);
bool gf_read_tempo_trace(struct gf_read *g);
bool gf_read_pyro_series(struct gf_read *g);
bool gf_read_pyro_names(struct gf_read *g);

/* What the backend says beside its rows; the first counts. */
void gf_warn(struct gf_read *g, struct og_sv text, bool partial);
/* int64 as a number or as a string of one (proto3 JSON). */
bool gf_int(struct og_jval v, int64_t *ret);
/* A number, or a string of one: "1", "1.5e3", "NaN", "+Inf", "-Inf". */
bool gf_double(struct og_jval v, struct og_arena *a, double *ret);
/* 0 … INT64_MAX; 0 for NaN and what does not fit. */
int64_t gf_seconds(double v);

/* A trace id of 32 lower-case digits in the arena; leading zeros may have been cut. Empty: none. */
struct og_sv gf_trace_id(struct gf_read *g, struct og_sv hex);

/* Errors: state, why and message from a status that is no success. */
void gf_classify(struct gf_read *g);
void gf_say(struct gf_read *g, enum og_gf_state s, enum og_gf_why w, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool gf_is_html(const struct og_gf_reply *r);
const char *gf_who(const struct og_gf_http *h); /* "prometheus", "grafana.com" */
/* As og_harmless, with credentials left out. */
struct og_sv gf_quote(struct gf_read *g, struct og_sv s, size_t max);
/* What an error body says, in at most OG_GF_QUOTE_BYTES; empty for web pages. */
struct og_sv gf_error_text(struct gf_read *g);
/* The backend's words for "more than a limit allows: ask for less". */
bool gf_asks_for_less(struct og_sv text);
