/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the part: each belongs to one key of the queue. */
#include "cred-priv.h"

struct cred_op *cred_op_new(
	struct cred *k, struct og_sv key, struct og_sv ns, struct og_sv name, struct og_sv stack)
{
	struct cred_op *op = og_calloc(1, sizeof(*op));

	if (!op || !og_sv_set(&op->key, key) || !og_sv_set(&op->ns, ns) ||
		!og_sv_set(&op->name, name) || !og_sv_set(&op->stack, stack)) {
		if (op) {
			og_free(op->key);
			og_free(op->ns);
			og_free(op->name);
			og_free(op->stack);
		}
		og_free(op);
		controller_done(k->c, PART_CREDENTIALS, key, OG_QUEUE_FAILED, -1);
		return NULL;
	}
	op->k = k;
	op->next = k->ops;
	if (op->next)
		op->next->prev = op;
	k->ops = op;
	return op;
}

static void op_free(struct cred_op *op)
{
	if (op->prev)
		op->prev->next = op->next;
	else
		op->k->ops = op->next;
	if (op->next)
		op->next->prev = op->prev;
	og_free(op->ns);
	og_free(op->name);
	og_free(op->stack);
	og_free(op->key);
	og_free(op);
}

void cred_op_end(struct cred_op *op, enum og_queue_result r, int64_t again_ms)
{
	struct cred *k = op->k;
	char *key = og_take(op->key);

	op_free(op);
	controller_done(k->c, PART_CREDENTIALS, og_svz(key), r, again_ms);
	og_free(key);
}

void cred_ops_cancel(struct cred *k)
{
	while (k->ops) {
		og_kube_cancel(k->ops->call);
		op_free(k->ops);
	}
}

bool cred_get(struct cred_op *op, void (*on_done)(void *ctx, const struct og_kube_answer *a))
{
	struct og_err err = OG_ERR_INIT;
	struct og_kube_request q = {.verb = OG_KUBE_GET,
		.res = {.group = OG_SV(""),
			.version = OG_SV("v1"),
			.resource = OG_SV("secrets"),
			.ns = og_svz(op->ns),
			.name = og_svz(op->name)},
		.max_bytes = CRED_ANSWER_BYTES,
		.ctx = op,
		.on_done = on_done};

	if (og_kube_start(op->k->c->kube, &q, &op->call, &err) == 0)
		return true;
	og_log_limited(OG_SV("credentials-get"), 10000, OG_LOG_WARN, "credentials", "not read",
		og_lf_err(&err));
	cred_op_end(op, OG_QUEUE_FAILED, -1);
	return false;
}
