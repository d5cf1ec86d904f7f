/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* RFC 6902 in the plainest way, on jansson documents: an independent judge of our own patches. */
#include <jansson.h>
#include <stdbool.h>

/* Changes *doc in place (it may be replaced). False when an operation cannot be carried out. */
bool naive_patch(json_t **doc, const json_t *patch);
