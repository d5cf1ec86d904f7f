/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Shared by the generators of completions. */
#include "otelgate/cli/command.h"

extern const char og_gen_header[];
/* Whether a shell can complete the option's value as a file. */
bool og_gen_takes_file(const struct og_opt *o);
/* "a|b|c" with another separator. */
void og_gen_words(struct og_buf *b, const char *list, char sep);
/* Command names that are one word and the first words of the others, each once. */
void og_gen_first_words(struct og_buf *b);
/* Second words of the commands of a group. */
void og_gen_second_words(struct og_buf *b, struct og_sv group);
/* True for the first visible sub-command of its group: the row that stands for the group. */
bool og_gen_opens_group(size_t i, struct og_sv *ret_group);
