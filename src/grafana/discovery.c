/* SPDX-License-Identifier: Apache-2.0 */
/* One question to grafana.com. */
#include "otelgate/grafana/discovery.h"

#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"

/* An instance is some 10 KiB. */
enum { ANSWER_BYTES = 4 << 20 };

struct og_gf_discovery {
	struct og_gf_client *client;
	void *ctx;
	og_gf_discovered_fn *done;
};

/* A pause of a stack ends all its backends; better to say so than to ask them. */
static void tell(struct og_gf_discovery *d, const struct og_gf_answer *a)
{
	og_auto_arena struct og_arena arena;
	struct og_gf_stack stack;
	struct og_err err = OG_ERR_INIT;
	char text[OG_GF_MESSAGE_BYTES];
	struct og_gf_discovered r = {.state = a->state,
		.why = a->why,
		.http = a->http,
		.message = a->message,
		.retry_after_ms = a->retry_after_ms,
		.skew_ms = a->skew_ms};
	og_arena_init(&arena, 16384, 64 << 20);
	if (a->state == OG_GF_PRESENT) {
		int rc = og_gf_stack_read(a->body, &arena, &stack, &err);
		if (rc == 0) {
			r.stack = &stack;
		} else {
			r.state = OG_GF_BACKEND_ERROR;
			r.why = rc == -OG_E_OOM ? OG_GF_WHY_MEMORY : OG_GF_WHY_SHAPE;
			(void)snprintf(text, sizeof(text),
				"the answer of grafana.com about the stack cannot be used: %.600s",
				err.msg);
			r.message = og_svz(text);
		}
	}
	d->done(d->ctx, &r);
}

static void on_answer(void *ctx, const struct og_gf_answer *a)
{
	struct og_gf_discovery *d = ctx;
	struct og_gf_client *client = d->client;
	tell(d, a);
	og_free(d);
	og_gf_client_free(client);
}

static int check(const struct og_gf_discovery_opts *o, struct og_err *err)
{
	if (!og_gf_slug_is_valid(o->slug))
		return og_err_set(err, OG_E_INVALID,
			"the slug of a stack is its name in https://<slug>.grafana.net: lower-case "
			"letters, digits and \"-\"");
	if (!o->token || !og_secret_len(o->token))
		return og_err_set(err, OG_E_INVALID,
			"looking a stack up needs an access-policy token with the scope stacks:read");
	return 0;
}

static int begin(
	struct og_gf_discovery *d, const struct og_gf_discovery_opts *o, struct og_err *err)
{
	char target[100];
	struct og_gf_client_opts c = {.loop = o->loop,
		.http = o->http,
		.ca_pem = o->ca_pem,
		.insecure = o->insecure,
		.proxy = o->proxy,
		.allow_http = o->allow_http,
		.deadline_ms = o->deadline_ms,
		.max_bytes = ANSWER_BYTES,
		.metrics = o->metrics};
	c.other.url = o->url.n ? o->url : OG_SV("https://grafana.com");
	c.other.token = o->token;
	(void)snprintf(target, sizeof(target), "/api/instances/%.*s", OG_SV_ARG(o->slug));
	struct og_gf_http h = {.backend = OG_GF_COUNT_,
		.shape = OG_GF_SHAPE_RAW,
		.method = "GET",
		.target = target,
		.headers = {"Accept: application/json", NULL},
		.text = o->slug,
		.name = "stack",
		.who = "grafana.com"};
	int rc = og_gf_client_new(&c, &d->client, err);
	if (rc == 0)
		rc = og_gf_client_send(d->client, &h, NULL, d, on_answer, NULL, err);
	return rc;
}

int og_gf_discover(const struct og_gf_discovery_opts *o, void *ctx, og_gf_discovered_fn *done,
	struct og_gf_discovery **ret, struct og_err *err)
{
	int rc = check(o, err);
	if (rc < 0)
		return rc;
	struct og_gf_discovery *d = og_calloc(1, sizeof(*d));
	if (!d)
		return og_err_set(err, OG_E_OOM, "no memory for looking a stack up");
	d->ctx = ctx;
	d->done = done;
	rc = begin(d, o, err);
	if (rc < 0) {
		og_gf_discovery_cancel(d);
		return rc;
	}
	if (ret)
		*ret = d;
	return 0;
}

void og_gf_discovery_cancel(struct og_gf_discovery *d)
{
	if (!d)
		return;
	og_gf_client_free(d->client);
	og_free(d);
}
