/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Parts of `config access`. */
#include "otelgate/core/config.h"

/*
 * Appends, as YAML for kubectl apply, the Roles and bindings that the controller of namespace `ns`
 * needs for the Secrets that the stacks name: each of them once. A comment when there are none.
 * Errors: OOM.
 */
int og_access_rights(const struct og_config *config, struct og_sv ns, struct og_arena *arena,
	struct og_buf *out);
