/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Secrets of one namespace: one step at a time, each decided by what is there now. Nothing is
 * written before it was read, nothing is written over another state than the one that was read, and
 * a Secret that is not ours is left alone.
 */
#include <stdio.h>
#include "cred-priv.h"
#include "otelgate/base/parse.h"

#define MANAGER "otelgate-controller"

/* One Secret of one namespace, as it is and as it should be. */
struct place {
	struct cred *k;
	struct og_sv key; /* of the queue */
	struct og_sv ns, name;
	const struct cred_watch *watch;
	bool there;
	struct og_record rec; /* when there */
	const struct og_stack *want;
	bool excluded; /* the selector of a stack that is used there leaves it out */
	const struct og_stack *by;
};

/* What a step ends with. */
enum step { STEP_NOTHING, STEP_BEGUN, STEP_WAIT };

static struct og_kube_resource resource(struct og_sv ns, struct og_sv name)
{
	return (struct og_kube_resource){.group = OG_SV(""),
		.version = OG_SV("v1"),
		.resource = OG_SV("secrets"),
		.ns = ns,
		.name = name};
}

static bool own_key(struct og_sv ns, struct og_sv name, char buf[CRED_KEY_BYTES], struct og_sv *ret)
{
	const struct og_sv parts[] = {ns, name};
	return og_sv_key(buf, CRED_KEY_BYTES, parts, OG_COUNT(parts), '/', ret);
}

static void note_own(
	struct cred *k, struct og_sv ns, struct og_sv name, const struct og_kube_pre *now)
{
	char buf[CRED_KEY_BYTES];
	struct og_sv key;

	if (own_key(ns, name, buf, &key))
		(void)og_ownwrites_note(k->own, key, now, NULL);
}

/* ---- saying ---- */

__attribute__((format(printf, 6, 7))) static void set(struct cred *k, struct og_sv ns,
	struct og_sv name, enum credentials_what what, const char *finding, const char *fmt, ...)
{
	static const char *const reasons[CRED_COUNT_] = {
		[CRED_NOT_NEEDED] = "NotNeeded",
		[CRED_READY] = "SecretReady",
		[CRED_WAITING] = "SecretWaiting",
		[CRED_SOURCE_MISSING] = "SourceMissing",
		[CRED_SOURCE_INVALID] = "SourceInvalid",
		[CRED_FOREIGN] = "SecretForeign",
		[CRED_FORBIDDEN] = "SecretForbidden",
		[CRED_EXCLUDED] = "NamespaceExcluded",
	};
	og_auto_buf struct og_buf b = OG_BUF_INIT(2048);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	cred_secret_set(k, ns, name, what, reasons[what], finding, og_buf_view(&b));
}

static void set_foreign(struct cred *k, struct og_sv ns, struct og_sv name)
{
	set(k, ns, name, CRED_FOREIGN, "OG415",
		"Secret %.*s/%.*s is there and was not made by otelgate, which leaves it alone: delete it, or give the GrafanaStack another spec.distribute.secretName",
		OG_SV_ARG(ns), OG_SV_ARG(name));
}

/* ---- answers ---- */

static int64_t created_s(const struct og_kube_answer *a)
{
	struct og_jval v = og_jpath(og_jroot(a->doc), "metadata", "creationTimestamp", NULL);
	int64_t ns = 0;

	if (og_parse_rfc3339(og_jstr_or_empty(v, a->arena), &ns, NULL) < 0)
		return 0;
	return ns / OG_NS_PER_S;
}

static int64_t since_s(const struct og_kube_answer *a)
{
	struct og_jval notes = og_jpath(og_jroot(a->doc), "metadata", "annotations", NULL);
	int64_t ns = 0;

	if (og_parse_rfc3339(og_jstr_or_empty(og_jgetl(notes, OG_CREDENTIAL_SINCE), a->arena), &ns,
		    NULL) < 0)
		return 0;
	return ns / OG_NS_PER_S;
}

static void copy(char *to, size_t size, struct og_sv s)
{
	(void)snprintf(to, size, "%.*s", OG_SV_ARG(s));
}

/* The object in the answer holds what it should. */
static void verified(struct cred_op *op, const struct og_kube_answer *a)
{
	struct cred *k = op->k;
	struct og_sv ns = og_svz(op->ns), name = og_svz(op->name);
	struct cred_secret *e = cred_secret_of(k, ns, name, true);
	struct og_kube_pre now;

	if (!e || !og_kube_written(a, &now))
		return;
	e->verified = true;
	copy(e->uid, sizeof(e->uid), now.uid);
	copy(e->rv, sizeof(e->rv), now.resource_version);
	const int64_t was_since = e->since_s, was_created = e->created_s;
	memcpy(e->hash, op->hash, sizeof(e->hash));
	e->since_s = since_s(a);
	e->created_s = created_s(a);
	/* One that was deleted and came back the same is as old as its content. */
	if (e->since_s && e->since_s < e->created_s)
		e->created_s = e->since_s;
	(void)og_sv_set(&e->stack, og_svz(op->stack));
	set(k, ns, name, CRED_READY, NULL, "%s", "");
	if (e->since_s != was_since || e->created_s != was_created)
		cred_tell_namespace(k, ns); /* pods may be older now than it is */
	cred_enqueue(k, 't', og_svz(op->stack), OG_QUEUE_USER, CRED_STATUS_MS);
}

/* Without what the server says of values: its message may quote them. */
static void refused(struct cred_op *op, const struct og_kube_answer *a)
{
	struct cred *k = op->k;
	struct og_sv ns = og_svz(op->ns), name = og_svz(op->name);

	if (a->code == -(int)OG_E_CANCELLED || a->http == 404) {
		cred_op_end(op, OG_QUEUE_OK, a->http == 404 ? CRED_AGAIN_MS : -1);
	} else if (a->http == 403 && og_sv_is(a->status.cause, "NamespaceTerminating")) {
		set(k, ns, name, CRED_NOT_NEEDED, NULL, "%s", "");
		cred_op_end(op, OG_QUEUE_OK, -1);
	} else if (a->http == 403) {
		bool rbac = a->rule.n > 0;
		set(k, ns, name, CRED_FORBIDDEN, "OG414",
			rbac ? "otelgate may not write Secret %.*s/%.*s: give the ServiceAccount of its controller get, list, watch, create, patch and delete on Secrets of that name, by a ClusterRole with resourceNames"
			     : "Secret %.*s/%.*s is refused by a quota or another rule of the cluster: look at kubectl describe resourcequota in that namespace",
			OG_SV_ARG(ns), OG_SV_ARG(name));
		cred_op_end(op, OG_QUEUE_OK, CRED_AGAIN_MS);
	} else {
		if (a->http != 409)
			set(k, ns, name, CRED_WAITING, NULL,
				"Secret %.*s/%.*s could not be written (%d %.*s); it is tried again",
				OG_SV_ARG(ns), OG_SV_ARG(name), a->http,
				OG_SV_ARG(a->status.reason));
		cred_op_end(op, OG_QUEUE_FAILED, -1);
	}
}

/* ---- writing ---- */

static void begin_write(struct cred_op *op, int r, const struct og_err *err)
{
	if (r == 0)
		return;
	controller_wrote(op->k->c, PART_CREDENTIALS, NULL);
	og_log_limited(OG_SV("credentials-write"), 10000,
		r == -(int)OG_E_CANCELLED ? OG_LOG_INFO : OG_LOG_ERROR, "credentials",
		"not written", og_lf_err(err));
	cred_op_end(op, r == -(int)OG_E_CANCELLED ? OG_QUEUE_OK : OG_QUEUE_FAILED, -1);
}

static void on_undone(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;

	controller_wrote(op->k->c, PART_CREDENTIALS, a);
	cred_op_end(op, a->code == 0 ? OG_QUEUE_OK : OG_QUEUE_FAILED, 0);
}

/* Somebody has made a Secret of the name between our look and our write, and the server has put our
 * fields into it: they are taken out again, which is what applying nothing does. */
static void undo(struct cred_op *op)
{
	struct og_err err = OG_ERR_INIT;
	char body[CRED_KEY_BYTES + 200];

	(void)snprintf(body, sizeof(body),
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"}}",
		op->name, op->ns);
	const struct og_kube_write w = {.res = resource(og_svz(op->ns), og_svz(op->name)),
		.body = og_svz(body),
		.field_manager = MANAGER,
		.lease = op->k->c->lease,
		.ctx = op,
		.on_done = on_undone};
	int r = og_kube_apply(op->k->c->kube, &w, &op->call, &err);
	begin_write(op, r, &err);
}

static bool others_manage(const struct og_kube_answer *a)
{
	og_jfor (it, og_jpath(og_jroot(a->doc), "metadata", "managedFields", NULL))
		if (!og_jstr_is(og_jgetl(it.val, "manager"), MANAGER))
			return true;
	return false;
}

static void on_applied(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;
	struct og_kube_pre now;

	controller_wrote(op->k->c, PART_CREDENTIALS, a);
	if (a->code < 0) {
		refused(op, a);
		return;
	}
	if (og_kube_written(a, &now)) {
		struct cred_secret *e =
			cred_secret_of(op->k, og_svz(op->ns), og_svz(op->name), true);
		note_own(op->k, og_svz(op->ns), og_svz(op->name), &now);
		if (e)
			e->own_rv = cred_version(now.resource_version);
	}
	if (op->creating && others_manage(a)) {
		undo(op);
		return;
	}
	verified(op, a);
	cred_op_end(op, OG_QUEUE_OK, 0);
}

static void apply(struct cred_op *op, const struct og_kube_pre *pre)
{
	struct cred *k = op->k;
	const struct cred_stack *s = cred_stack_of(k, og_svz(op->stack));
	const struct og_stack *spec = cred_stack_spec(k, og_svz(op->stack));
	const struct og_kube_pre none = {OG_SV(""), OG_SV("")};
	og_auto_secret struct og_secret doc = OG_SECRET_INIT;
	struct og_err err = OG_ERR_INIT;

	if (!s || !spec || strcmp(s->cred.hash, op->hash) != 0) { /* changed meanwhile */
		cred_op_end(op, OG_QUEUE_OK, 0);
		return;
	}
	op->creating = !pre;
	int r = og_credentials_document(&s->cred, spec, og_svz(op->ns), op->since_s, &doc, &err);
	const struct og_kube_write w = {.res = resource(og_svz(op->ns), og_svz(op->name)),
		.body = og_sv(r == 0 ? og_secret_expose(&doc) : "", og_secret_len(&doc)),
		.pre = pre ? *pre : none,
		.field_manager = MANAGER,
		.force = pre != NULL, /* ours: what somebody has edited comes back */
		.lease = k->c->lease,
		.ctx = op,
		.on_done = on_applied};
	if (r == 0)
		r = og_kube_apply(k->c->kube, &w, &op->call, &err);
	begin_write(op, r, &err);
}

static void on_deleted(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;
	struct og_sv ns = og_svz(op->ns), name = og_svz(op->name);
	const struct og_kube_pre gone = {.uid = og_svz(op->uid), .resource_version = OG_SV("")};

	controller_wrote(op->k->c, PART_CREDENTIALS, a);
	if (a->code < 0 && a->http != 404) {
		refused(op, a);
		return;
	}
	struct cred_secret *e = cred_secret_of(op->k, ns, name, false);
	if (e)
		e->own_rv = 0;
	note_own(op->k, ns, name, &gone);
	if (op->replacing) {
		apply(op, NULL);
		return;
	}
	set(op->k, ns, name, CRED_NOT_NEEDED, NULL, "%s", "");
	cred_op_end(op, OG_QUEUE_OK, 0);
}

static void delete (struct cred_op *op, const struct og_kube_pre *pre)
{
	struct og_err err = OG_ERR_INIT;
	const struct og_kube_write w = {.res = resource(og_svz(op->ns), og_svz(op->name)),
		.body = OG_SV(""),
		.pre = *pre,
		.lease = op->k->c->lease,
		.ctx = op,
		.on_done = on_deleted};

	copy(op->uid, sizeof(op->uid), pre->uid);
	int r = og_kube_delete(op->k->c->kube, &w, &op->call, &err);
	begin_write(op, r, &err);
}

/* ---- looking ---- */

static void act(struct cred_op *op, const struct og_kube_answer *a, enum og_credential_match match,
	bool replace)
{
	struct cred *k = op->k;
	struct og_kube_pre pre;
	int64_t wait_ms = 0;

	if (!og_kube_written(a, &pre)) {
		cred_op_end(op, OG_QUEUE_FAILED, -1);
		return;
	}
	if (!op->token && !controller_write_token(k->c, PART_CREDENTIALS, &wait_ms)) {
		cred_op_end(op, OG_QUEUE_OK, wait_ms);
		return;
	}
	op->since_s = match == OG_CREDENTIAL_UNMARKED && since_s(a) ? since_s(a) : cred_now_s(k);
	op->replacing = replace;
	if (match == OG_CREDENTIAL_EDITED || match == OG_CREDENTIAL_UNMARKED)
		og_log(OG_LOG_WARN, "credentials", "a Secret was edited: repairing",
			og_lf_str("namespace", op->ns), og_lf_str("secret", op->name));
	if (replace)
		delete (op, &pre);
	else
		apply(op, &pre);
}

static bool is_ours(const struct og_kube_answer *a)
{
	og_jfor (it, og_jpath(og_jroot(a->doc), "metadata", "managedFields", NULL))
		if (og_jstr_is(og_jgetl(it.val, "manager"), MANAGER) &&
			og_jstr_is(og_jgetl(it.val, "operation"), "Apply"))
			return true;
	return false;
}

static void on_looked(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;
	struct cred *k = op->k;
	const struct cred_stack *s = cred_stack_of(k, og_svz(op->stack));
	const struct og_stack *spec = cred_stack_spec(k, og_svz(op->stack));
	bool replace = false;

	if (!s || !spec || s->cred.state != OG_CREDENTIAL_VALID) {
		cred_op_end(op, OG_QUEUE_OK, 0);
		return;
	}
	memcpy(op->hash, s->cred.hash, sizeof(op->hash));
	if (a->http == 404) {
		apply(op, NULL);
		return;
	}
	if (a->code < 0 || !a->doc) {
		refused(op, a);
		return;
	}
	enum og_credential_match match =
		og_credentials_compare(&s->cred, spec, og_jroot(a->doc), &replace);
	if (match == OG_CREDENTIAL_FOREIGN || !is_ours(a)) {
		set_foreign(k, og_svz(op->ns), og_svz(op->name));
		cred_op_end(op, OG_QUEUE_OK, -1);
	} else if (match == OG_CREDENTIAL_SAME) {
		verified(op, a);
		cred_op_end(op, OG_QUEUE_OK, -1);
	} else {
		act(op, a, match, replace);
	}
}

/* ---- deciding ---- */

static bool pays(struct place *p, int64_t *ret_ms)
{
	return controller_write_token(p->k->c, PART_CREDENTIALS, ret_ms);
}

static enum step look(struct place *p, bool token)
{
	struct cred_op *op = cred_op_new(p->k, p->key, p->ns, p->name, p->want->name);

	if (!op)
		return STEP_BEGUN;
	struct cred_secret *e = cred_secret_of(p->k, p->ns, p->name, true);
	op->token = token;
	/* One that has gone and comes back the same is as old as its content. */
	const struct cred_stack *s = cred_stack_of(p->k, p->want->name);
	bool came_back = e && e->since_s && !strcmp(e->hash, s->cred.hash);
	op->since_s = came_back ? e->since_s : cred_now_s(p->k);
	(void)cred_get(op, on_looked);
	return STEP_BEGUN;
}

/* What a Secret of that name held before says nothing of the next one. */
static void forget(struct cred_secret *e)
{
	e->verified = false;
	e->since_s = e->created_s = e->idle_ns = 0;
	e->hash[0] = '\0';
}

static enum step not_wanted(struct place *p, int64_t *ret_ms)
{
	struct cred *k = p->k;
	struct cred_secret *e = cred_secret_of(k, p->ns, p->name, p->there || p->excluded);
	int64_t now = og_loop_now_ns(k->c->loop);
	int64_t grace = (k->c->o->prune_ms ? k->c->o->prune_ms : CRED_PRUNE_MS) * OG_NS_PER_MS;

	if (p->excluded && e)
		(void)og_sv_set(&e->stack, p->by->name);
	if (p->excluded)
		set(k, p->ns, p->name, CRED_EXCLUDED, "OG401",
			"spec.distribute.namespaceSelector of GrafanaStack %.*s leaves namespace %.*s out, and its workloads send without credentials: let it match, or make Secret %.*s there yourself",
			OG_SV_ARG(p->by->name), OG_SV_ARG(p->ns), OG_SV_ARG(p->name));
	else if (e)
		set(k, p->ns, p->name, CRED_NOT_NEEDED, NULL, "%s", "");
	if (!e || !p->there || p->rec.deleting || !cred_record_ours(&p->rec)) {
		if (e)
			forget(e);
		return STEP_NOTHING;
	}
	if (!e->idle_ns || !cred_settled(k))
		e->idle_ns = now;
	if (now - e->idle_ns < grace) {
		*ret_ms = (e->idle_ns + grace - now) / OG_NS_PER_MS + 1;
		return STEP_WAIT;
	}
	if (!pays(p, ret_ms))
		return STEP_WAIT;
	struct cred_op *op = cred_op_new(k, p->key, p->ns, p->name, OG_SV(""));
	const struct og_kube_pre pre = {p->rec.uid, p->rec.resource_version};
	forget(e);
	if (op)
		delete (op, &pre);
	return STEP_BEGUN;
}

/* What the stack's own Secret is like decides when it is not right. */
static bool source_ready(struct place *p, const struct cred_stack *s)
{
	struct og_sv none = OG_SV("");

	if (!s || !s->known) {
		cred_secret_set(p->k, p->ns, p->name, CRED_WAITING, "SourceUnread", NULL, none);
		return false;
	}
	switch (s->cred.state) {
	case OG_CREDENTIAL_VALID:
		return true;
	case OG_CREDENTIAL_MISSING:
		cred_secret_set(p->k, p->ns, p->name, CRED_SOURCE_MISSING, s->cred.reason,
			s->cred.finding, s->cred.message);
		break;
	case OG_CREDENTIAL_DENIED:
		cred_secret_set(p->k, p->ns, p->name, CRED_FORBIDDEN, s->cred.reason,
			s->cred.finding, s->cred.message);
		break;
	case OG_CREDENTIAL_INVALID:
	case OG_CREDENTIAL_UNKNOWN_:
		cred_secret_set(p->k, p->ns, p->name, CRED_SOURCE_INVALID, s->cred.reason,
			s->cred.finding, s->cred.message);
		break;
	}
	return false;
}

static bool is_verified(
	const struct place *p, const struct cred_secret *e, const struct cred_stack *s)
{
	return e->verified && p->there && !strcmp(e->hash, s->cred.hash) &&
	       og_sv_eq(og_svz(e->uid), p->rec.uid) &&
	       og_sv_eq(og_svz(e->rv), p->rec.resource_version);
}

static enum step wanted(struct place *p, int64_t *ret_ms)
{
	struct cred *k = p->k;
	const struct cred_stack *s = cred_stack_of(k, p->want->name);
	struct cred_secret *e = cred_secret_of(k, p->ns, p->name, true);
	char buf[CRED_KEY_BYTES];
	struct og_sv own;

	if (!e || !own_key(p->ns, p->name, buf, &own))
		return STEP_NOTHING;
	e->idle_ns = 0;
	(void)og_sv_set(&e->stack, p->want->name);
	if (!source_ready(p, s))
		return STEP_NOTHING;
	if (is_verified(p, e, s)) {
		set(k, p->ns, p->name, CRED_READY, NULL, "%s", "");
		return STEP_NOTHING;
	}
	const struct og_kube_pre seen = {p->rec.uid, p->rec.resource_version};
	/* Shown already, and gone since: an answer may come after what the watch says of it. */
	if (e->own_rv && e->own_rv <= p->watch->seen_rv)
		og_ownwrites_forget(k->own, own);
	if (!og_ownwrites_fresh(k->own, own, p->there ? &seen : NULL) ||
		(p->there && p->rec.deleting)) {
		*ret_ms = CRED_FRESH_MS;
		return STEP_WAIT;
	}
	if (p->there && !cred_record_ours(&p->rec)) {
		set_foreign(k, p->ns, p->name);
		return STEP_NOTHING;
	}
	/* What is put right at once is not worth a word. */
	bool was_ready = e->what == CRED_READY;
	if (!was_ready)
		set(k, p->ns, p->name, CRED_WAITING, NULL, "%s", "");
	bool writes = !p->there ||
		      !og_sv_eq(og_record_annotation(&p->rec, OG_SV(OG_CREDENTIAL_HASH)),
			      og_svz(s->cred.hash));
	if (writes && !pays(p, ret_ms)) {
		set(k, p->ns, p->name, CRED_WAITING, NULL, "%s", "");
		return STEP_WAIT;
	}
	return look(p, writes);
}

/* Of several stacks with the same name for their Secret the one whose it is already, else the
 * first. */
static void find_want(struct place *p)
{
	const struct og_config *c = p->k->cfg ? p->k->cfg->config : NULL;
	struct og_sv holds = p->there ? og_record_annotation(&p->rec, OG_SV(OG_CREDENTIAL_STACK))
				      : OG_SV("");

	for (uint32_t i = 0; c && i < c->nstacks; i++) {
		const struct og_stack *s = &c->stacks[i];
		if (!s->credentials.present || !og_sv_eq(s->distribute.secret_name, p->name))
			continue;
		enum cred_need need = cred_need_of(p->k, p->ns, s);
		if (need == CRED_NEED_YES && (!p->want || og_sv_eq(s->name, holds)))
			p->want = s;
		if (need == CRED_NEED_EXCLUDED) {
			p->excluded = true;
			p->by = s;
		}
	}
}

static void not_listed(struct place *p)
{
	struct cred_secret *e = cred_secret_of(p->k, p->ns, p->name, true);

	if (e)
		(void)og_sv_set(&e->stack, p->want->name);
	set(p->k, p->ns, p->name, CRED_FORBIDDEN, "OG414",
		"otelgate may not see Secrets of the name %.*s: give the ServiceAccount of its controller get, list, watch, create, patch and delete on them, by a ClusterRole with resourceNames",
		OG_SV_ARG(p->name));
}

void cred_work_namespace(struct cred *k, struct og_sv key, struct og_sv ns)
{
	int64_t wait_ms = -1;

	og_map_for (&k->names, n) {
		struct place p = {.k = k, .key = key, .ns = ns, .name = n->key, .watch = n->value};
		int64_t ms = -1;
		if (!cred_watch_synced(p.watch)) { /* its first list enqueues everything */
			find_want(&p);
			if (p.want && cred_watch_forbidden(p.watch))
				not_listed(&p);
			continue;
		}
		p.there = og_store_get(p.watch->store, ns, p.name, &p.rec);
		find_want(&p);
		enum step s = p.want ? wanted(&p, &ms) : not_wanted(&p, &ms);
		if (s == STEP_BEGUN)
			return;
		if (s == STEP_WAIT && (wait_ms < 0 || ms < wait_ms))
			wait_ms = ms;
	}
	controller_done(k->c, PART_CREDENTIALS, key, OG_QUEUE_OK, wait_ms);
}
