/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Random pods, workloads, facts and configurations for property tests, replayable: every choice
 * comes from one 64-bit seed. PROPERTY_SEED replays a run, PROPERTY_RUNS changes the number of
 * cases. The objects are well formed JSON that the API server would mostly accept; what is odd
 * about them is odd on purpose.
 */
#include <stdint.h>
#include "otelgate/base/str.h"

struct gen {
	uint64_t state;
};

/* A generator for case `n` of a run; the cases do not depend on each other. */
struct gen gen_case(uint64_t seed, uint64_t n);
uint64_t gen_next(struct gen *g);
uint32_t gen_below(struct gen *g, uint32_t n); /* 0 .. n-1; n > 0 */
bool gen_chance(struct gen *g, unsigned percent);
#define gen_pick(g, table) ((table)[gen_below((g), (uint32_t)(sizeof(table) / sizeof((table)[0])))])

/* Appends `s` as a JSON string, now and then with escapes it would not need. */
void gen_string(struct gen *g, struct og_buf *out, const char *s);
/* Appends any JSON value: numbers such as 1.10, 1e3 and 2^60, nested objects, odd texts. */
void gen_any(struct gen *g, struct og_buf *out, unsigned depth);

/* A text that means trouble: quotes, NUL, "$(X)", UTF-8, commas, percent signs; JSON-escaped
 * already, without quotes. */
const char *gen_odd_text(struct gen *g);

/* What a generated object is about, so that properties can aim. */
struct gen_opts {
	bool pods_only;	      /* no workloads */
	bool always_in;	      /* says otelgate.dev/inject: "true" on the template */
	bool never_in;	      /* says nothing about injection and has no operator annotation */
	bool no_object_names; /* no names of its own: two pods of one template */
	unsigned odd;	      /* percent of oddities; 0 = 8 */
};

/* One Pod or workload as JSON text. */
void gen_object(struct gen *g, const struct gen_opts *o, struct og_buf *out);
/* The spec of a pod. */
void gen_podspec(struct gen *g, const struct gen_opts *o, struct og_buf *out);
/* metadata.annotations of a template, workload or namespace: {...} */
void gen_annotations(struct gen *g, const struct gen_opts *o, struct og_buf *out);

/* Names of the configurations' profiles, NULL-terminated; "true" uses the default. */
extern const char *const gen_profile_names[];
/* This text stands wherever a configuration names its source Secret; it must never leave. */
#define GEN_CANARY "canary-7f3a91"

enum { GEN_MAX_DOCS = 12 };
struct gen_docs {
	struct og_buf v[GEN_MAX_DOCS];
	uint32_t n;
};
void gen_docs_fini(struct gen_docs *d);
#define gen_auto_docs __attribute__((cleanup(gen_docs_fini)))

/* Stacks and profiles, valid: a problem in them is a failed test. */
void gen_config(struct gen *g, struct gen_docs *out);
/* Namespace, owners and ConfigMaps of the generated pods. */
void gen_facts(struct gen *g, struct gen_docs *out);
