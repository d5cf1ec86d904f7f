/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A Check program of properties over random worlds: a row each. */
#include "otelgate/base/mem.h"
#include "support/gen_world.h"

struct property {
	const char *name;
	world_property *holds;
	const struct gen_opts *opts;
	unsigned atleast; /* percent of the runs that must have had something to look at */
};
/* Runs each row as a test of its own, with a seed as world_run takes it; gives main's return value.
 */
int property_main(const char *suite, const struct property *rows, size_t n, unsigned runs);
