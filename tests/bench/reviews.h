/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Reviews and a configuration for benchmarks, made like those an API server sends. */
#include "otelgate/base/str.h"
#include "otelgate/core/config.h"

/* A review of a Deployment's pod with that many containers, `env` variables each. */
void bench_review(struct og_buf *b, unsigned containers, unsigned env, bool opted_in);
/* A gateway stack with credentials, and a default profile. NULL on failure. */
const struct og_config *bench_config(struct og_arena *arena);
