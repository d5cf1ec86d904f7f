/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* One admission on its way through the webhooks. */
#include "sim/sim-priv.h"

struct sim_admission {
	struct sim_write *w;
	struct og_sim *s;
	const char *ns;
	json_t *o;     /* the object, replaced by each patch */
	json_t *hooks; /* all of them, in order */
	json_t *ns_labels;
	json_t *status; /* why it was refused */
};

/*
 * POSTs the review as the real server does: HTTP/1.1, its User-Agent, ?timeout=, the caBundle and
 * nothing else trusted, 429 and 503 with Retry-After repeated within the time. 0 or -1 with why.
 */
int sim_hook_call(struct og_sim *s, const json_t *hook, const char *body, struct og_buf *answer,
	char *why, size_t size);

/* What expressions may name; request without object. */
struct sim_cel_vars {
	const json_t *object, *request;
};
enum sim_cel { SIM_CEL_FALSE, SIM_CEL_TRUE, SIM_CEL_ERROR, SIM_CEL_UNKNOWN };
/* UNKNOWN: in a part of CEL that is not known here. */
enum sim_cel sim_cel_eval(const char *text, const struct sim_cel_vars *vars);
