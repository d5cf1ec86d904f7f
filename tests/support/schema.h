/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* JSON against a schema of ours. */
#include "otelgate/codec/jdoc.h"

/* As much of JSON Schema as ours use; a member that is not in it is a fault, too. Fails the test;
 * `at` is where the value stands, for the message. */
void schema_validate(struct og_jval v, struct og_jval schema, const char *at);
