/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How missed admissions are shown. */
#include "otelgate/audit/missed.h"

/* `wide` adds who opted in, profile, detail and the fix. */
void og_missed_table(const struct og_missed_report *r, bool wide, bool headers, bool ascii,
	int64_t now_s, struct og_arena *arena, struct og_buf *out);
void og_missed_legend(const struct og_missed_report *r, bool colour, unsigned width,
	struct og_arena *arena, struct og_buf *out);
void og_missed_json(const struct og_audit_missed *m, struct og_buf *out);
