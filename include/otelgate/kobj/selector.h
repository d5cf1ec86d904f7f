/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Label selectors (metav1.LabelSelector): matchLabels and matchExpressions, all ANDed. */
#include "otelgate/base/err.h"
#include "otelgate/kobj/kv.h"

enum og_selector_op { OG_SEL_IN, OG_SEL_NOT_IN, OG_SEL_EXISTS, OG_SEL_NOT_EXISTS };

struct og_selector_req {
	struct og_sv key;
	enum og_selector_op op;
	const struct og_sv *values; /* In and NotIn only */
	uint32_t nvalues;
};

struct og_selector {
	bool present; /* a selector that is not present matches nothing */
	const struct og_selector_req *reqs;
	uint32_t nreqs; /* present with 0 requirements matches everything */
};

/*
 * Reads a LabelSelector object. Absent or null gives `present = false`. Errors: CONFIG for a wrong
 * shape or operator, with the JSON path below the selector in the message; OOM.
 */
int og_selector_read(
	struct og_jval v, struct og_arena *arena, struct og_selector *ret, struct og_err *err);

/*
 * The same, reporting every problem: `at` is the value or key that is wrong, `path` its place below
 * the selector ("" for the selector itself), `message` what is wrong with it ("must be …").
 * 0, -OG_E_CONFIG when anything was reported, -OG_E_OOM.
 */
typedef void og_selector_problem_fn(
	void *ctx, struct og_jval at, const char *path, const char *message);
int og_selector_read_all(struct og_jval v, struct og_arena *arena, struct og_selector *ret,
	og_selector_problem_fn *report, void *ctx);

/* NotIn and DoesNotExist match when the key is missing, as in Kubernetes. */
bool og_selector_match(const struct og_selector *s, const struct og_kvs *labels);

/*
 * A selector as kubectl's -l takes it (k8s.io/apimachinery/pkg/labels): a=b, a==b, a!=b,
 * a in (b,c), a notin (b,c), a, !a; separated by commas, all ANDed. Views are of the text. Errors:
 * PARSE with what was expected, LIMIT, OOM.
 */
enum { OG_SELECTOR_MAX_REQS = 64, OG_SELECTOR_MAX_VALUES = 256 };
int og_selector_parse(
	struct og_sv text, struct og_arena *arena, struct og_selector *ret, struct og_err *err);
