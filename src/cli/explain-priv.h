/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* explain: the decision about an object, and reference pages. */
#include "job-priv.h"
#include "view-priv.h"

/* The decision about one workload, for someone who knows only kubectl. */
void og_explain_object(struct og_buf *b, const struct og_in_object *o, struct og_cli *cli);

/*
 * A reference page: "OG112", "optin.misplaced", "env NAME", "field PATH", "annotations",
 * "annotation KEY", "reasons", "list". Returns OG_EXIT_PASS, or OG_EXIT_USAGE after naming the
 * nearest topics.
 */
int og_explain_topic(struct og_cli *cli, const char *const *words, size_t n, bool json);
