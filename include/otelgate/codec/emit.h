/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Documents in the other form: -o json of YAML input, -o yaml of JSON input. */
#include "otelgate/codec/jdoc.h"

/* Appends the value as JSON, indented by two; numbers keep their text. */
void og_emit_json(struct og_buf *b, struct og_jval v, unsigned indent);
/* Appends the value as a block-style YAML document; strings are quoted where YAML 1.1 or 1.2 might
 * read something else. Ends with a newline. */
void og_emit_yaml(struct og_buf *b, struct og_jval v, struct og_arena *arena);
/* Appends the value within a line: strings as above, arrays and objects as they were received. */
void og_emit_yaml_value(struct og_buf *b, struct og_jval v, struct og_arena *arena);
