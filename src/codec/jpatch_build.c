/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Patch as text, one operation after the other. */
#include "otelgate/codec/jpatch.h"
#include "otelgate/codec/jwrite.h"

void og_jpatch_begin(struct og_jpatch *p, struct og_buf *out)
{
	*p = (struct og_jpatch){.out = out};
	og_buf_ch(out, '[');
}

static void operation(struct og_jpatch *p, const char *op, struct og_sv path)
{
	if (p->nops++)
		og_buf_ch(p->out, ',');
	og_buf_lit(p->out, "{\"op\":\"");
	og_buf_str(p->out, op);
	og_buf_lit(p->out, "\",\"path\":");
	og_jw_str(p->out, path);
}

static void value_and_end(struct og_jpatch *p, struct og_sv value)
{
	og_buf_lit(p->out, ",\"value\":");
	og_buf_sv(p->out, value);
	og_buf_ch(p->out, '}');
}

void og_jpatch_add(struct og_jpatch *p, struct og_sv path, struct og_sv value)
{
	operation(p, "add", path);
	value_and_end(p, value);
}

void og_jpatch_replace(struct og_jpatch *p, struct og_sv path, struct og_sv value)
{
	operation(p, "replace", path);
	value_and_end(p, value);
}

void og_jpatch_test(struct og_jpatch *p, struct og_sv path, struct og_sv value)
{
	operation(p, "test", path);
	value_and_end(p, value);
}

void og_jpatch_remove(struct og_jpatch *p, struct og_sv path)
{
	operation(p, "remove", path);
	og_buf_ch(p->out, '}');
}

bool og_jpatch_end(struct og_jpatch *p)
{
	og_buf_ch(p->out, ']');
	return !p->out->failed;
}
