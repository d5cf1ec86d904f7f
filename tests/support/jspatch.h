/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A second opinion on JSON Patch: RFC 6902 add, remove and replace on jansson trees. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Applies the operations to *doc in place. False with the reason in why[] when one of them does not
 * apply; *doc is then half changed.
 */
bool js_patch(json_t **doc, const json_t *ops, char why[200]);
