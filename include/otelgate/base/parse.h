/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Strict readers of small values. The whole text has to be the value: leading or trailing bytes,
 * blanks included, are refused. 0 or -OG_E_PARSE (not such a value), -OG_E_LIMIT (out of range);
 * *ret is written on success only. Messages say what was expected and never quote the text, so
 * that they may be used for secrets; the caller wraps them with the place. Pure.
 */
#include <stdint.h>
#include <stdbool.h>
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

/* Decimal digits alone: no sign for unsigned, an optional '-' for signed, no leading zeros
 * ("0" itself is fine), no exponent. min and max are inclusive. */
int og_parse_u32(struct og_sv s, uint32_t min, uint32_t max, uint32_t *ret, struct og_err *err);
int og_parse_u64(struct og_sv s, uint64_t min, uint64_t max, uint64_t *ret, struct og_err *err);
int og_parse_i64(struct og_sv s, int64_t min, int64_t max, int64_t *ret, struct og_err *err);

/* Exactly "true" or "false", as Kubernetes annotations are read. */
int og_parse_bool(struct og_sv s, bool *ret, struct og_err *err);

/*
 * Go's time.ParseDuration (https://pkg.go.dev/time#ParseDuration) in whole milliseconds: "10s",
 * "1m30s", "1.5h", "-250ms", "0"; units ns us µs ms s m h. A remainder below one millisecond is
 * refused rather than rounded.
 */
int og_parse_duration_ms(
	struct og_sv s, int64_t min_ms, int64_t max_ms, int64_t *ret_ms, struct og_err *err);
enum { OG_DURATION_BYTES = 32 };
/* "1h2m3s", "250ms", "1.5s", "0s": the shortest text og_parse_duration_ms reads back. */
void og_fmt_duration_ms(char out[OG_DURATION_BYTES], int64_t ms);

/*
 * Syntax of a Kubernetes quantity (k8s.io/apimachinery/pkg/api/resource): sign, decimal number,
 * and nothing, n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or a decimal exponent e3, E-3.
 */
int og_parse_quantity(struct og_sv s, struct og_err *err);

/*
 * RFC 3339 date-time as Go's time.RFC3339 reads it: upper-case T and Z, numeric offsets, an
 * optional fraction (digits beyond nanoseconds are dropped), no leap second. Years 1678 to 2262
 * fit; others are -OG_E_LIMIT.
 */
int og_parse_rfc3339(struct og_sv s, int64_t *ret_ns, struct og_err *err);
enum { OG_RFC3339_BYTES = 32 };
/* "2024-05-06T07:08:09Z", "….123Z" and "….123456Z" from nanoseconds since 1970, UTC. */
void og_fmt_rfc3339(char out[OG_RFC3339_BYTES], int64_t wall_ns);
void og_fmt_rfc3339_ms(char out[OG_RFC3339_BYTES], int64_t wall_ns);
void og_fmt_rfc3339_us(char out[OG_RFC3339_BYTES], int64_t wall_ns); /* metav1.MicroTime */
