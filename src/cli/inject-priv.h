/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* inject and uninject: their options and the parts of their output. */
#include "job-priv.h"
#include "view-priv.h"

enum og_out_form { OG_OUT_AS_IS, OG_OUT_YAML, OG_OUT_JSON, OG_OUT_PATCH, OG_OUT_NONE };
enum og_report_form { OG_REPORT_OFF, OG_REPORT_TABLE, OG_REPORT_JSON };

struct og_inject_args {
	struct og_job_args job;
	unsigned output; /* enum og_out_form */
	unsigned report; /* enum og_report_form */
	uint32_t context;
	bool diff, why, check, in_place, strict, quiet;
};

/* The documents of all inputs on standard output, in the form asked for. */
void og_out_documents(struct og_job *job, enum og_out_form form);
/* The whole new text of one input, in its own form. */
void og_out_text(struct og_buf *b, const struct og_input *in);
/* A unified diff of every changed input; `why` adds the reason behind each added line. */
void og_out_diff(struct og_job *job, const struct og_inject_args *a);
/* One JSON object per changed object: its identity and its patch. */
void og_out_patches(struct og_job *job);
/* Replaces the files that change and says so. False when one could not be written (said). */
bool og_out_in_place(struct og_job *job);
/* One line per object that would change (--check). */
void og_out_check(struct og_job *job);

/* What was decided for every workload. */
void og_report_table(struct og_buf *b, const struct og_job *job, bool colour);
void og_report_json(struct og_buf *b, const struct og_job *job);

/* The new value of a ResourceList's `results`: what was there and our findings. False when there
 * is nothing to add. */
bool og_krm_results(const struct og_in_doc *d, struct og_buf *ret_value);
