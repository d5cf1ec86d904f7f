/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A client of a scripted API server, and one request at a time, driven until it is answered. */
#include "otelgate/kube/client.h"
#include "otelgate/kube/kubeconfig.h"
#include "support/script_server.h"

struct krun {
	struct og_loop *loop;
	struct og_kube *k;
	struct og_arena arena;
	struct og_kube_answer a; /* of the latest request */
	struct og_err err;
	struct og_buf streamed;
	int refuse; /* what on_data returns */
	unsigned notices;
	char notice[OG_ERR_MSG_BYTES];
};

/* An access with these flags and nothing else; NULL on failure. */
struct og_kube_access *krun_access(const struct og_kube_flags *f, struct og_err *err);
/* A client for the server, with defaults of `o` (may be NULL); flags->server is filled in. */
void krun_init(struct krun *r, const struct ss *s, const struct og_kube_flags *flags,
	const struct og_kube_opts *o);
void krun_fini(struct krun *r);
/* og_kube_wait; the answer is in r->a. */
int krun(struct krun *r, const struct og_kube_request *q);
/* on_data for requests: collects in r->streamed; ctx is r. */
int krun_stream(void *r, struct og_sv chunk);
