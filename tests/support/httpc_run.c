/* SPDX-License-Identifier: Apache-2.0 */
#include "support/httpc_run.h"

#include <check.h>
#include <stdio.h>

static int on_head(void *ctx, const struct og_httpc_head *head)
{
	struct hrun *h = ctx;
	struct og_sv type = og_httpc_header(head, "Content-Type");
	h->heads++;
	ck_assert_int_ge(og_httpc_status(head), 200);
	(void)snprintf(h->type, sizeof(h->type), "%.*s", OG_SV_ARG(type));
	return h->refuse_head;
}

static int on_data(void *ctx, struct og_sv chunk)
{
	struct hrun *h = ctx;
	ck_assert_uint_eq(h->heads, 1);
	og_buf_sv(&h->body, chunk);
	return h->refuse_data;
}

static void on_done(void *ctx, const struct og_httpc_result *r)
{
	struct hrun *h = ctx;
	h->r = *r;
	h->done = true;
	h->dones++;
	h->call = NULL;
	ck_assert_int_eq(-(int)r->err.code, r->code);
	ck_assert((r->code != 0) == (r->err.msg[0] != '\0'));
}

void hrun_init(struct hrun *h, const struct og_httpc_opts *o)
{
	hrun_init_clock(h, o, NULL);
}

void hrun_init_clock(struct hrun *h, const struct og_httpc_opts *o, const struct og_clock *clock)
{
	static const struct og_httpc_opts none = {.user_agent = "test/1"};
	*h = (struct hrun){.req = {.method = "GET", .total_ms = 10000}};
	og_buf_init(&h->body, 0);
	ck_assert_int_eq(og_loop_new(clock, &h->loop, NULL), 0);
	ck_assert_int_eq(og_httpc_new(h->loop, o ? o : &none, &h->c, NULL), 0);
}

void hrun_fini(struct hrun *h)
{
	og_httpc_free(h->c);
	og_loop_free(h->loop);
	og_buf_fini(&h->body);
}

int hrun_start(struct hrun *h, const char *url, struct og_err *err)
{
	h->req.url = url;
	h->req.ctx = h;
	h->req.on_head = on_head;
	h->req.on_data = on_data;
	h->req.on_done = on_done;
	h->done = false;
	h->heads = 0;
	og_buf_reset(&h->body);
	return og_httpc_start(h->c, &h->req, &h->call, err);
}

bool hrun_wait(struct hrun *h)
{
	int64_t end = og_loop_now_ns(h->loop) + 20 * OG_NS_PER_S;
	while (!h->done && og_loop_now_ns(h->loop) < end)
		(void)og_loop_turn(h->loop, 100);
	return h->done;
}

void hrun(struct hrun *h, const char *url)
{
	struct og_err err = OG_ERR_INIT;
	int r = hrun_start(h, url, &err);
	ck_assert_msg(r == 0, "%s", err.msg);
	ck_assert(hrun_wait(h));
}
