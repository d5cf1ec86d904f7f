/* SPDX-License-Identifier: Apache-2.0 */
/* The last eight bytes choose operations on the text before them: refused, or right. */
#include <stdint.h>
#include <stdlib.h>
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jptr.h"
#include "otelgate/codec/splice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t rng;
static struct og_arena arena;

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 11) % n);
}

static struct og_sv value(void)
{
	static const char *const values[] = {"\"on\"", "\"a: b\"", "12", "null", "{}", "[]",
		"{\"name\":\"x\",\"l\":[1,{\"k\":\"v\"}]}", "[[1],[\"- x\"]]", "\"two\\nlines\"",
		"[{\"name\":\"A\",\"value\":\"0755\"}]"};
	return og_svz(values[rnd(10)]);
}

static struct og_jval pick(struct og_jval v, struct og_buf *path)
{
	while (og_jcount(v)) {
		uint32_t k = rnd(og_jcount(v));
		struct og_jval next = OG_JABSENT;
		size_t before = path->len;
		og_jfor (it, v) {
			if (it.index != k)
				continue;
			next = it.val;
			if (it.object)
				og_jptr_add(path, og_jstr_or_empty(it.key, &arena));
			else
				og_jptr_add_index(path, it.index);
		}
		if (!og_jis(next, OG_J_OBJECT) && !og_jis(next, OG_J_ARRAY)) {
			path->len = before;
			break;
		}
		v = next;
		if (rnd(3) == 0)
			break;
	}
	return v;
}

/* One operation that og_jpatch_apply accepts, as far as it is easy to tell. */
static void operation(struct og_jval root, struct og_jpatch *p)
{
	og_auto_buf struct og_buf path = OG_BUF_INIT(0);
	struct og_jval v = pick(root, &path);
	uint32_t n = og_jcount(v), k = rnd(n + 1), verb = rnd(3);
	if (og_jis(v, OG_J_OBJECT)) {
		struct og_sv key = OG_SV("new");
		og_jfor (it, v)
			if (it.index == k)
				key = og_jstr_or_empty(it.key, &arena);
		og_jptr_add(&path, key);
	} else if (og_jis(v, OG_J_ARRAY)) {
		og_jptr_add_index(&path, k);
	}
	if (verb == 0 || k == n)
		og_jpatch_add(p, og_buf_view(&path), value());
	else if (verb == 1)
		og_jpatch_replace(p, og_buf_view(&path), value());
	else
		og_jpatch_remove(p, og_buf_view(&path));
}

static void try_patch(const struct og_source_doc *d)
{
	og_auto_buf struct og_buf ops = OG_BUF_INIT(0), want = OG_BUF_INIT(0), out = OG_BUF_INIT(0);
	struct og_jpatch p;
	struct og_jdoc patch, object;
	struct og_source again;
	struct og_err err = OG_ERR_INIT;
	og_jpatch_begin(&p, &ops);
	for (unsigned n = 1 + rnd(3); n; n--)
		operation(og_jroot(&d->doc), &p);
	og_jpatch_end(&p);
	if (og_jdoc_parse(&patch, &arena, og_buf_view(&ops), NULL, NULL))
		return;
	bool valid = !og_jpatch_apply(og_jroot(&d->doc), og_jroot(&patch), &arena, &want, NULL);
	if (og_splice_patch(d, og_jroot(&patch), &arena, &out, &err)) {
		if (out.len || err.code == OG_OK || err.code == OG_E_BUG)
			abort();
		return;
	}
	struct og_jlimits lim = {.max_depth = 200};
	if (!valid || og_jdoc_parse(&object, &arena, og_buf_view(&want), &lim, NULL))
		abort();
	struct og_source_limits slim = {.max_depth = 200};
	if (og_source_parse(&again, &arena, og_buf_view(&out), "again", &slim, NULL) ||
		again.ndocs != 1 || !og_jequal(og_jroot(&again.docs[0].doc), og_jroot(&object)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_source s;
	struct og_source_limits lim = {.max_nodes = 2000};
	if (size < 8)
		return 0;
	memcpy(&rng, data + size - 8, 8);
	rng |= 1;
	og_arena_init(&arena, 0, 0);
	if (!og_source_parse(&s, &arena, og_sv((const char *)data, size - 8), "t", &lim, NULL) &&
		s.ndocs)
		try_patch(&s.docs[rnd(s.ndocs)]);
	og_arena_fini(&arena);
	return 0;
}
