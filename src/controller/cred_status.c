/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GrafanaStack.status: the hash of the credentials in use, told only when every namespace that
 * needs them has them, so that a pod which is restarted for it finds the new ones; and conditions.
 */
#include <stdio.h>
#include "cred-priv.h"
#include "verify-priv.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

enum { STATUS_BYTES = 64 << 10, EXAMPLES = 5, LATER_MS = 2000 };

struct summary {
	uint32_t needed, ready, waiting, blocked;
	struct og_buf example; /* what blocks, the first of them; or who waits */
	uint32_t examples;
};

struct condition {
	const char *type, *status, *reason;
	struct og_sv message;
	bool may_be_unknown; /* then Ready does not depend on it */
};

/* ---- the sum of the namespaces ---- */

static void add_example(struct summary *s, struct og_sv key, const struct cred_secret *e)
{
	if (s->examples++ >= EXAMPLES)
		return;
	size_t slash = og_sv_chr(key, '/');
	og_buf_fmt(&s->example, "%s%.*s (%s)", s->examples > 1 ? ", " : "", (int)slash, key.p,
		e->reason);
}

static void sum_up(const struct cred *k, const struct cred_stack *st, struct summary *s)
{
	*s = (struct summary){.example = OG_BUF_INIT(4096)};
	og_map_for (&k->secrets, m) {
		const struct cred_secret *e = m->value;
		if (!e->stack || !og_sv_eq(og_svz(e->stack), og_svz(st->name)) ||
			e->what == CRED_NOT_NEEDED || e->what == CRED_EXCLUDED)
			continue;
		bool right = e->what == CRED_READY && !strcmp(e->hash, st->cred.hash);
		bool blocked = e->what == CRED_FOREIGN || e->what == CRED_FORBIDDEN;
		s->needed++;
		s->ready += right;
		s->blocked += blocked;
		s->waiting += !right && !blocked;
		if (!right)
			add_example(s, m->key, e);
	}
}

/* ---- the document ---- */

static struct condition valid_condition(const struct cred_stack *s)
{
	struct condition c = {"CredentialsValid", "Unknown", "NotRead",
		OG_SV("the Secret of spec.credentials has not been read yet"), false};

	if (!s) {
		c.status = "True";
		c.reason = "NoCredentials";
		c.message = OG_SV("the stack has no credentials: workloads send without");
	} else if (s->known) {
		c.status = s->cred.state == OG_CREDENTIAL_VALID	     ? "True"
			   : s->cred.state == OG_CREDENTIAL_UNKNOWN_ ? "Unknown"
								     : "False";
		c.reason = s->cred.reason;
		c.message = s->cred.message;
	}
	return c;
}

static struct condition distributed_condition(
	const struct cred_stack *st, const struct summary *s, struct og_buf *text)
{
	struct condition c = {"CredentialsDistributed", "True", "Distributed", OG_SV(""), false};

	if (!st) {
		c.reason = "NoCredentials";
		return c;
	}
	if (s->waiting || s->blocked) {
		c.status = "False";
		c.reason = s->blocked ? "Blocked" : "Distributing";
		og_buf_fmt(text, "%u of %u namespaces have the credentials; not yet: %.*s%s",
			s->ready, s->needed, OG_SV_ARG(og_buf_view(&s->example)),
			s->examples > EXAMPLES ? " and others" : "");
	} else if (s->needed) {
		og_buf_fmt(text, "%u of %u namespaces have the credentials", s->ready, s->needed);
	} else {
		c.reason = "NotNeeded";
		og_buf_lit(text, "no namespace needs them yet");
	}
	c.message = og_buf_view(text);
	return c;
}

/* The first that is not as it should be, in the order of cause and effect; what is asked of nobody
 * does not count. */
static struct condition ready_condition(const struct condition *all, size_t n)
{
	struct condition c = all[1];

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(all[i].status, "True") || !strcmp(all[i].reason, "NotConfigured") ||
			(all[i].may_be_unknown && !strcmp(all[i].status, "Unknown")))
			continue;
		c = all[i];
		break;
	}
	c.type = "Ready";
	return c;
}

static struct og_jval old_condition(struct og_jval status, const char *type)
{
	og_jfor (it, og_jgetl(status, "conditions"))
		if (og_jstr_eq(og_jgetl(it.val, "type"), og_svz(type)))
			return it.val;
	return OG_JABSENT;
}

/* What the controller before this one has found holds until it is known anew. */
static void keep_old(struct condition *c, struct og_jval status, struct og_arena *arena)
{
	static const char *const all[] = {"True", "False"};
	struct og_jval old = old_condition(status, c->type);
	struct og_sv reason = og_jstr_or_empty(og_jgetl(old, "reason"), arena);
	char *text = reason.n ? og_arena_fmt(arena, "%.*s", OG_SV_ARG(reason)) : NULL;

	for (size_t i = 0; i < OG_COUNT(all) && text; i++) {
		if (!og_jstr_eq(og_jgetl(old, "status"), og_svz(all[i])))
			continue;
		c->status = all[i];
		c->reason = text;
		c->message = og_jstr_or_empty(og_jgetl(old, "message"), arena);
	}
}

/* How writing goes, and how the backends answer. Returns how many there are to tell. */
static size_t of_verification(const struct cred *k, const struct og_stack *spec,
	struct og_jval status, struct og_arena *arena, struct condition ret[VERIFY_CONDITIONS])
{
	struct verify_condition v[VERIFY_CONDITIONS];
	size_t n = verify_conditions(k->c, spec->name, arena, v);

	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct condition){
			v[i].type, v[i].status, v[i].reason, v[i].message, v[i].may_be_unknown};
		if (v[i].not_yet)
			keep_old(&ret[i], status, arena);
	}
	return n;
}

static void put_condition(struct og_buf *b, const struct condition *c, struct og_jval status,
	int64_t generation, const char *now, struct og_arena *arena)
{
	struct og_jval old = old_condition(status, c->type);
	struct og_sv since = og_jstr_or_empty(og_jgetl(old, "lastTransitionTime"), arena);

	if (!og_jstr_eq(og_jgetl(old, "status"), og_svz(c->status)) || !since.n)
		since = og_svz(now);
	og_buf_fmt(b,
		"{\"type\":\"%s\",\"status\":\"%s\",\"observedGeneration\":%lld,"
		"\"lastTransitionTime\":",
		c->type, c->status, (long long)generation);
	og_jw_str(b, since);
	og_buf_lit(b, ",\"reason\":");
	og_jw_str(b, og_svz(c->reason));
	og_buf_lit(b, ",\"message\":");
	og_jw_str(b, c->message);
	og_buf_ch(b, '}');
}

/* What is told as the hash: the new one when it is everywhere, else the one from before. */
static struct og_sv hash_to_tell(const struct cred *k, const struct cred_stack *s,
	const struct summary *sum, struct og_sv before)
{
	if (!s)
		return OG_SV("");
	if (s->known && s->cred.state == OG_CREDENTIAL_VALID && !sum->waiting && cred_settled(k))
		return og_svz(s->cred.hash);
	return before;
}

struct told {
	struct og_buf body;
	bool rotated, same, later; /* later: who needs it is not known yet */
};

static void put_strangers(
	const struct cred *k, const struct og_stack *spec, struct og_jval status, struct og_buf *b)
{
	bool known = false;
	struct og_sv json = verify_strangers_json(k->c, spec->name, &known);
	struct og_jval old = og_jgetl(status, "strangers");

	if (!known && og_jis(old, OG_J_OBJECT))
		json = og_jraw(old);
	if (json.n)
		og_buf_fmt(b, "\"strangers\":%.*s,", OG_SV_ARG(json));
}

/* The status as it should be; `same` when that is what is there. */
static void make_status(const struct cred *k, const struct cred_stack *s,
	const struct og_stack *spec, const struct og_kube_answer *a, struct told *ret)
{
	struct og_jval root = og_jroot(a->doc), status = og_jgetl(root, "status");
	struct og_sv before = og_jstr_or_empty(og_jgetl(status, "authHash"), a->arena);
	struct og_sv at =
		og_jstr_or_empty(og_jpath(status, "credentials", "rotatedAt", NULL), a->arena);
	og_auto_buf struct og_buf text = OG_BUF_INIT(8192);
	struct summary sum = {.example = OG_BUF_INIT(0)};
	char now[OG_RFC3339_BYTES];
	int64_t generation = 0;

	if (s)
		sum_up(k, s, &sum);
	struct condition c[3 + VERIFY_CONDITIONS] = {
		valid_condition(s), distributed_condition(s, &sum, &text)};
	size_t nconds = 2 + of_verification(k, spec, status, a->arena, &c[2]);
	c[nconds] = ready_condition(c, nconds);
	nconds++;
	struct og_sv hash = hash_to_tell(k, s, &sum, before);
	ret->later = s && s->known && s->cred.state == OG_CREDENTIAL_VALID &&
		     !og_sv_eq(hash, og_svz(s->cred.hash));
	ret->rotated = hash.n && !og_sv_eq(hash, before);
	og_fmt_rfc3339(now, og_clock_wall_ns(og_loop_clock(k->c->loop)));
	if (ret->rotated)
		at = og_svz(now);
	(void)og_ji64(og_jpath(root, "metadata", "generation", NULL), &generation);
	struct og_buf *b = &ret->body;
	og_buf_lit(b, "{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\","
		      "\"metadata\":{\"name\":");
	og_jw_str(b, spec->name);
	og_buf_fmt(b, "},\"status\":{\"observedGeneration\":%lld,", (long long)generation);
	if (hash.n) {
		og_buf_lit(b, "\"authHash\":");
		og_jw_str(b, hash); /* it may be what others wrote */
		og_buf_ch(b, ',');
	}
	if (s) {
		og_buf_lit(b, "\"credentials\":{\"secretName\":");
		og_jw_str(b, spec->distribute.secret_name);
		og_buf_fmt(b, ",\"namespaces\":%u,\"ready\":%u", sum.needed, sum.ready);
		if (at.n) {
			og_buf_lit(b, ",\"rotatedAt\":");
			og_jw_str(b, at);
		}
		og_buf_lit(b, "},");
	}
	put_strangers(k, spec, status, b);
	og_buf_lit(b, "\"conditions\":[");
	for (size_t i = 0; i < nconds; i++) {
		if (i)
			og_buf_ch(b, ',');
		put_condition(b, &c[i], status, generation, now, a->arena);
	}
	og_buf_lit(b, "]}}");
	og_buf_fini(&sum.example);
	struct og_jdoc d;
	if (!b->failed && og_jdoc_parse(&d, a->arena, og_buf_view(b), NULL, NULL) == 0)
		ret->same = og_jequal(og_jgetl(og_jroot(&d), "status"), status);
}

/* ---- requests ---- */

static void on_written(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;
	struct cred *k = op->k;

	controller_wrote(k->c, PART_CREDENTIALS, a);
	if (a->code == 0 && op->replacing)
		og_metric_set(k->c->m, OG_CM_CREDENTIAL_ROTATED, (double)cred_now_s(k),
			OG_LABELS(op->stack));
	bool over = a->code == 0 || a->code == -(int)OG_E_CANCELLED || a->http == 404;
	cred_op_end(op, over ? OG_QUEUE_OK : OG_QUEUE_FAILED, op->creating ? LATER_MS : -1);
}

static void write_status(struct cred_op *op, const struct og_kube_answer *a, struct told *t)
{
	struct cred *k = op->k;
	struct og_err err = OG_ERR_INIT;
	struct og_kube_pre pre = {0};
	int64_t wait_ms = 0;

	if (!og_kube_written(a, &pre) || t->body.failed) {
		cred_op_end(op, OG_QUEUE_FAILED, -1);
		return;
	}
	if (!controller_write_token(k->c, PART_CREDENTIALS, &wait_ms)) {
		cred_op_end(op, OG_QUEUE_OK, wait_ms);
		return;
	}
	op->replacing = t->rotated;
	op->creating = t->later;
	pre.resource_version = OG_SV("");
	const struct og_kube_write w = {.res = {.group = OG_SV("otelgate.dev"),
						.version = OG_SV("v1alpha1"),
						.resource = OG_SV("grafanastacks"),
						.name = og_svz(op->stack)},
		.body = og_buf_view(&t->body),
		.pre = pre,
		.field_manager = "otelgate-controller",
		.force = true,
		.lease = k->c->lease,
		.ctx = op,
		.on_done = on_written};
	if (og_kube_apply_status(k->c->kube, &w, &op->call, &err) < 0) {
		controller_wrote(k->c, PART_CREDENTIALS, NULL);
		og_log(OG_LOG_WARN, "credentials", "status not written", og_lf_err(&err));
		cred_op_end(op, OG_QUEUE_FAILED, -1);
	}
}

static void on_seen(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;
	struct cred *k = op->k;
	const struct og_stack *spec = cred_stack_spec(k, og_svz(op->stack));
	struct told t = {.body = OG_BUF_INIT(STATUS_BYTES)};

	if (!spec || a->http == 404) {
		cred_op_end(op, OG_QUEUE_OK, -1);
		return;
	}
	if (a->code < 0 || !a->doc) {
		cred_op_end(op, OG_QUEUE_FAILED, -1);
		return;
	}
	const struct cred_stack *s = cred_stack_of(k, og_svz(op->stack));
	make_status(k, spec->credentials.present ? s : NULL, spec, a, &t);
	if (spec->credentials.present && !s) /* read first */
		cred_op_end(op, OG_QUEUE_OK, -1);
	else if (t.same)
		cred_op_end(op, OG_QUEUE_OK, t.later ? LATER_MS : -1);
	else
		write_status(op, a, &t);
	og_buf_fini(&t.body);
}

void cred_work_status(struct cred *k, struct og_sv key, struct og_sv stack)
{
	struct og_err err = OG_ERR_INIT;
	struct cred_op *op = cred_op_new(k, key, OG_SV(""), OG_SV(""), stack);
	struct og_kube_request q = {.verb = OG_KUBE_GET,
		.res = {.group = OG_SV("otelgate.dev"),
			.version = OG_SV("v1alpha1"),
			.resource = OG_SV("grafanastacks"),
			.name = stack},
		.ctx = op,
		.on_done = on_seen};

	if (op && og_kube_start(k->c->kube, &q, &op->call, &err) < 0)
		cred_op_end(op, OG_QUEUE_FAILED, -1);
}
