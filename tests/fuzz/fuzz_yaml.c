/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a source: refused with a message, or read into documents that cover the text, whose
 * values have places inside it, and whose JSON reads as the same again. */
#include <stdint.h>
#include <stdlib.h>
#include "otelgate/codec/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_places(const struct og_source *s, const struct og_source_doc *d)
{
	for (uint32_t i = 0; i < d->doc.ntok; i++) {
		uint32_t line, col;
		og_source_position(d, (struct og_jval){&d->doc, i}, &line, &col);
		if (line < 1 || line > s->src->nlines || col < 1 || col > s->src->text.n + 1)
			abort();
	}
}

static void check_again(const struct og_source_doc *d, struct og_arena *a)
{
	struct og_source again;
	struct og_sv json = og_jraw(og_jroot(&d->doc));
	struct og_jtok first = *og_jtok(og_jroot(&d->doc));
	struct og_source_limits lim = {.max_bytes = 1u << 26, .max_depth = 200};
	/* A bare scalar is read as YAML, where a long text may not be what it is in JSON. */
	if (first.type != OG_J_ARRAY && first.type != OG_J_OBJECT)
		return;
	if (og_source_parse(&again, a, json, "again", &lim, NULL) || again.ndocs != 1 ||
		!again.docs[0].json || !og_jequal(og_jroot(&again.docs[0].doc), og_jroot(&d->doc)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_arena a;
	struct og_source s;
	struct og_err err = OG_ERR_INIT;
	struct og_source_limits lim = {.max_nodes = 5000};
	og_arena_init(&a, 0, 0);
	if (og_source_parse(&s, &a, og_sv((const char *)data, size), "t", &lim, &err)) {
		if (err.code == OG_OK || !og_utf8_valid(err.msg, strlen(err.msg)) ||
			strncmp(err.msg, "t:", 2) != 0)
			abort();
	} else {
		uint32_t at = 0;
		for (uint32_t i = 0; i < s.ndocs; i++) {
			if (s.docs[i].start != at || s.docs[i].end < at)
				abort();
			at = s.docs[i].end;
			check_places(&s, &s.docs[i]);
			check_again(&s.docs[i], &a);
		}
		if (s.ndocs && at != size)
			abort();
	}
	og_arena_fini(&a);
	return 0;
}
