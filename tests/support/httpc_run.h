/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* One call of the HTTP client at a time, driven until it has ended. */
#include "otelgate/net/httpc.h"

struct hrun {
	struct og_loop *loop;
	struct og_httpc *c;
	struct og_httpc_request req; /* to be filled; callbacks are set by hrun_start */
	struct og_httpc_call *call;
	/* of the latest call */
	bool done;
	unsigned heads, dones;
	struct og_httpc_result r;
	struct og_buf body;
	char type[128]; /* Content-Type, as seen by on_head */
	int refuse_head, refuse_data;
};

/* Method GET, limits of 10 s. */
void hrun_init(struct hrun *h, const struct og_httpc_opts *o);
/* The same with a clock of the test's own: turn h->loop, and hrun_wait is of no use. */
void hrun_init_clock(struct hrun *h, const struct og_httpc_opts *o, const struct og_clock *clock);
void hrun_fini(struct hrun *h);
int hrun_start(struct hrun *h, const char *url, struct og_err *err);
/* Turns the loop until the call has ended; false after 20 s. */
bool hrun_wait(struct hrun *h);
/* Both; the start has to succeed. */
void hrun(struct hrun *h, const char *url);
