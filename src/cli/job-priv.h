/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One run of inject, uninject or explain over what was read: configuration and facts are put
 * together, every workload is planned, and the changed documents get their new text.
 */
#include "otelgate/core/config_read.h"
#include "otelgate/core/plan.h"
#include "input-priv.h"

/* Options that inject, explain and review share; rows in joboptions-priv.h. */
struct og_job_args {
	struct og_strs files, config, objects;
	const char *profile, *ns;
};

struct og_job {
	struct og_cli *cli;
	struct og_job_args args;
	bool uninject;
	bool plan_only; /* no new texts: explain, review */
	/* Another change than a plan's: sets o->patch ("" = none) of a WORKLOAD. Needs neither
	 * configuration nor facts. */
	int (*edit)(struct og_job *job, struct og_in_object *o, struct og_err *err);
	void *edit_ctx;
	const char
		*done; /* "injected": what became of an object that changed; NULL = by the rest */
	struct og_inputs in;
	const struct og_config *config; /* NULL = none was found */
	const char *config_from;	/* for messages: "--config …", "the input" */
	struct og_facts_objects facts;
	struct og_facts_source source;
	bool fault; /* a document could not be handled: exit 3 */
};

/*
 * Reads inputs, configuration and facts. Returns OG_EXIT_PASS, or the exit code after the messages
 * are printed. Inputs that could not be read are marked as failed and job->fault is set.
 */
int og_job_load(struct og_job *job);

/* Whether --profile names one that exists; when not, a usage error is printed. */
bool og_job_profile_known(const struct og_job *job);

/*
 * Plans every workload (or the removal, with job->uninject), and makes the new text of every
 * changed document. A document with a fault fails its input: a message is printed, the other
 * inputs go on. Returns false only when memory is out.
 */
bool og_job_run(struct og_job *job);

/* The configuration problems of a report, one line each, on standard error. */
void og_job_config_problems(struct og_cli *cli, const struct og_config_report *r);

/* All objects of all inputs that did not fail: for (…) with og_job_next. */
struct og_job_iter {
	size_t input;
	uint32_t doc, object;
};
struct og_in_object *og_job_next(const struct og_inputs *in, struct og_job_iter *it);
