/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * OTEL_EXPORTER_OTLP_HEADERS: key=value pairs joined by commas, values percent-encoded as W3C
 * Baggage has it, without `;` properties (OpenTelemetry specification/protocol/exporter.md). SDKs
 * decode it in five different ways; what is strict here is read alike by all of them.
 *
 * The text is a credential: nothing here quotes it, and messages give places only.
 */
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum og_headers_fault {
	OG_HEADERS_OK,
	OG_HEADERS_SYNTAX,	   /* some SDKs drop the item, others the whole variable */
	OG_HEADERS_RAW,		   /* a byte that has to be percent-encoded */
	OG_HEADERS_DOUBLE_ENCODED, /* %25 where an escape was meant */
	OG_HEADERS_CREDENTIAL,	   /* Authorization is not what a receiver can accept */
	OG_HEADERS_FAULT_COUNT_
};

/*
 * Checks one value. 0 when every SDK reads it as meant; else -OG_E_INVALID, with the kind in
 * *ret_fault and "item N, byte B: what (fix)" in err. Items count from 1, bytes from 0.
 * *ret_credential (may be NULL) says whether an Authorization header or another that looks like
 * a credential is among the items, also when there is a fault.
 */
int og_otlp_headers_check(struct og_sv text, enum og_headers_fault *ret_fault, bool *ret_credential,
	struct og_err *err);
