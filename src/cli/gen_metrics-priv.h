/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* All tables of metrics that a process of otelgate can show. */
#include "otelgate/base/metric.h"

/* note: NULL = none */
typedef void metric_table_fn(
	void *ctx, const char *title, const char *note, const struct og_metric_def *defs, size_t n);
void og_metric_tables(metric_table_fn *fn, void *ctx);
