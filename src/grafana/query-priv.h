/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "labels-priv.h"
#include "otelgate/base/err.h"
#include "otelgate/grafana/query.h"

enum {
	GF_WINDOW_S = 900,
	GF_WINDOW_MAX_S = 86400, /* Tempo: metrics.max_duration, 24 h */
	GF_STEP_S = 60,
	GF_TEMPO_BY_MAX = 4, /* Tempo refuses to group by more (pkg/traceql maxGroupBys) */
	GF_NAME_MAX = 1024,  /* of a cluster, a label, a value */
	GF_TEXT_MAX = 32 << 10,
	GF_TARGET_MAX = 7000, /* longer ones go as POST: nginx takes 8 KiB of a request line */
};

/* A query with its defaults filled in. */
struct gf_ask {
	const struct og_gf_query *q;
	enum og_gf_backend backend;
	int64_t window_s, step_s;
	struct og_buf *text; /* what people read, too */
};

/* Label of a selector: plain, or quoted as UTF-8 name. */
void gf_put_label(struct og_buf *b, struct og_sv name);
/* An attribute's name that TraceQL takes without quotes. */
bool gf_attribute_is_plain(struct og_sv s);
void gf_put_duration(struct og_buf *b, int64_t s); /* "15m" */

/* Text of the question into t->text. */
void gf_text_prometheus(struct gf_ask *t);
void gf_text_loki(struct gf_ask *t);
void gf_text_tempo(struct gf_ask *t);
/* The body of a Pyroscope request, and the selector for people. */
void gf_body_pyroscope(struct gf_ask *t, int64_t end_s, struct og_buf *body);
/* What stands between the braces of a selector: cluster, shard and `more` (may be NULL). `other`
 * takes the other names of cluster and namespace, where there are two (gf_text_has_other). */
void gf_text_matchers(struct gf_ask *t, bool other, const char *more);
bool gf_text_has_other(const struct gf_ask *t);
/* "by (a, b)" of query.by, or else of the question's own keys. */
void gf_text_by(struct gf_ask *t, uint32_t keys);
void gf_text_window(struct gf_ask *t); /* "[15m]" */

/* Names that questions of this backend group by, one after another. */
struct gf_by {
	size_t at;
	uint32_t keys;
	enum og_gf_backend backend;
	bool utf8;
};
void gf_by_init(struct gf_by *by, const struct gf_ask *t, uint32_t keys);
const char *gf_by_next(struct gf_by *by);
