/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the doctor found, for people and for programs. */
#include "otelgate/audit/doctor.h"
#include "otelgate/cli/command.h"

struct doctor_style {
	bool colour, ascii, all; /* all: notes, too */
	unsigned width;
};
void doctor_table(const struct doctor_style *v, const struct og_doctor_facts *f,
	const struct og_doctor_report *r, struct og_buf *out);
/* One document: {"schemaVersion":1,"result":…,"rungs":[…]}. */
void doctor_json(
	const struct og_doctor_facts *f, const struct og_doctor_report *r, struct og_buf *out);
/* "broken", "unknown" or "pass". */
const char *doctor_result(const struct og_doctor_report *r);
