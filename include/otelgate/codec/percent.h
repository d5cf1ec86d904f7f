/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Percent-encoding for OTEL_RESOURCE_ATTRIBUTES and OTLP headers (OpenTelemetry resource/sdk.md;
 * W3C Baggage; RFC 3986 §2.1).
 */
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

/*
 * Appends text with every byte encoded but A-Z a-z 0-9 - . _ ~ / : @. That is more than the
 * specification asks ("," and "="), and keeps every SDK's decoder and the kubelet's $(VAR)
 * expansion from finding anything to do.
 */
void og_percent_encode(struct og_buf *b, struct og_sv text);

/*
 * Appends the decoded bytes to `out`, or only checks when out is NULL. Errors: PARSE with the
 * offset of a "%" that is not followed by two hex digits.
 */
int og_percent_decode(struct og_sv text, struct og_buf *out, struct og_err *err);
