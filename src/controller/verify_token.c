/* SPDX-License-Identifier: Apache-2.0 */
/* The token to ask with: read by name, again and again, so that no right to watch is needed. */
#include "verify-priv.h"

enum {
	AGAIN_MS = 60000,
	ANSWER_BYTES = 3 << 20,
};

struct verify_op {
	struct verify_part *p;
	struct verify_op *prev, *next;
	struct og_kube_call *call;
	struct og_sv key, stack; /* behind it */
};

static struct verify_op *op_new(struct verify_part *p, struct og_sv key)
{
	struct verify_op *op = og_calloc(1, sizeof(*op) + key.n);

	if (!op)
		return NULL;
	char *text = (char *)(op + 1);
	memcpy(text, key.p, key.n);
	op->p = p;
	op->key = og_sv(text, key.n);
	op->stack = og_sv(text + 2, key.n - 2);
	op->next = p->ops;
	if (op->next)
		op->next->prev = op;
	p->ops = op;
	return op;
}

static void op_free(struct verify_op *op)
{
	if (op->prev)
		op->prev->next = op->next;
	else
		op->p->ops = op->next;
	if (op->next)
		op->next->prev = op->prev;
	og_free(op);
}

void verify_ops_cancel(struct verify_part *p)
{
	while (p->ops) {
		og_kube_cancel(p->ops->call);
		op_free(p->ops);
	}
}

/* ---- what came of it ---- */

/* What was taken, or why nothing was; said once for each turn. */
static void known(struct verify_part_stack *s, const char *before)
{
	const char *why = s->token.why;
	bool same = s->token_known && before && why && !strcmp(before, why);

	s->token_known = true;
	if (why && !same)
		og_log(OG_LOG_WARN, "verify", "no token to ask with", og_lf_str("stack", s->name),
			og_lf_str("reason", why), og_lf_str("message", s->token.message));
}

static void on_read(void *ctx, const struct og_kube_answer *a)
{
	struct verify_op *op = ctx;
	struct verify_part *p = op->p;
	const struct og_stack *spec = verify_stack_spec(p, op->stack);
	struct verify_part_stack *s = verify_stack_find(p, op->stack);
	enum og_queue_result r = OG_QUEUE_OK;

	if (spec && s) {
		struct og_verify_source src = og_verify_source_of(spec);
		const char *before = s->token.why;
		if (a->code == 0 && a->doc)
			og_verify_token_take(
				&s->token, spec, &src, og_jgetl(og_jroot(a->doc), "data"));
		else if (a->http == 404)
			og_verify_token_none(&s->token, "SecretMissing", "OG401", &src,
				"is not there; make it, or name another one in spec.query.secretRef");
		else if (a->http == 403)
			og_verify_token_none(&s->token, "SecretForbidden", "OG414", &src,
				"may not be read: give the controller's ServiceAccount get on it (docs/verification.md has the rule)");
		else
			r = OG_QUEUE_FAILED; /* what was known holds */
		if (r == OG_QUEUE_OK)
			known(s, before);
		verify_hand_over(p);
		verify_tell_stack(p, s);
		verify_probe_look(p, s);
	}
	controller_done(p->c, PART_VERIFY, op->key, r, r == OG_QUEUE_OK && spec ? AGAIN_MS : -1);
	op_free(op);
}

void verify_read_token(struct verify_part *p, struct og_sv key, struct og_sv stack)
{
	const struct og_stack *spec = verify_stack_spec(p, stack);
	struct verify_part_stack *s = verify_stack_find(p, stack);
	struct og_err err = OG_ERR_INIT;

	if (!spec || !s) {
		controller_done(p->c, PART_VERIFY, key, OG_QUEUE_OK, -1);
		return;
	}
	struct og_verify_source src = og_verify_source_of(spec);
	if (!src.name.n || src.header) {
		const char *before = s->token.why;
		og_verify_token_no_secret(&s->token, &src);
		known(s, before);
		verify_hand_over(p);
		verify_tell_stack(p, s);
		verify_probe_look(p, s);
		controller_done(p->c, PART_VERIFY, key, OG_QUEUE_OK, -1);
		return;
	}
	struct verify_op *op = op_new(p, key);
	const struct og_kube_request q = {.verb = OG_KUBE_GET,
		.res = {.group = OG_SV(""),
			.version = OG_SV("v1"),
			.resource = OG_SV("secrets"),
			.ns = src.ns,
			.name = src.name},
		.max_bytes = ANSWER_BYTES,
		.ctx = op,
		.on_done = on_read};
	if (op && og_kube_start(p->c->kube, &q, &op->call, &err) == 0)
		return;
	if (op)
		op_free(op);
	controller_done(p->c, PART_VERIFY, key, OG_QUEUE_FAILED, -1);
}
