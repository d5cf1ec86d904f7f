/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Writing JSON text: escaping, and nothing else. Structure is written by the caller. */
#include "otelgate/base/str.h"

/* Appends s as a JSON string with quotes (RFC 8259 §7). Invalid UTF-8 becomes U+FFFD. */
void og_jw_str(struct og_buf *b, struct og_sv s);
/* The same without the quotes, for strings made of several parts. */
void og_jw_part(struct og_buf *b, struct og_sv s);
