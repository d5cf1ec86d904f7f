/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the Secret that a stack refers to. */
#include "cred-priv.h"
#include "verify-priv.h"

enum { ARENA_BYTES = 1 << 20 };

static enum og_credential_read how(const struct og_kube_answer *a)
{
	return a->code == 0 && a->doc ? OG_CREDENTIAL_FOUND
	       : a->http == 404	      ? OG_CREDENTIAL_ABSENT
	       : a->http == 403	      ? OG_CREDENTIAL_FORBIDDEN
				      : OG_CREDENTIAL_UNREADABLE;
}

static bool same(const struct cred_stack *s, const struct og_credentials *c)
{
	return s->known && s->cred.state == c->state && !strcmp(s->cred.hash, c->hash) &&
	       og_sv_eq(s->cred.message, c->message);
}

static void tell(struct cred *k, const struct cred_stack *s, bool rotated)
{
	const struct og_credentials *c = &s->cred;
	bool valid = c->state == OG_CREDENTIAL_VALID;

	og_log(valid && !c->finding ? OG_LOG_INFO : OG_LOG_WARN, "credentials", "source",
		og_lf_str("stack", s->name), og_lf_str("reason", c->reason),
		og_lf_str("finding", c->finding ? c->finding : ""), og_lf_sv("message", c->message),
		og_lf_str("hash", c->hash));
	if (c->finding)
		cred_event(k, s, true, c->reason, "ReadCredentials", c->message);
	if (rotated && valid)
		cred_event(k, s, false, "CredentialsRotated", "ReadCredentials",
			OG_SV("the credentials have changed and are being distributed; pods use them when they start"));
}

/* Takes what was read in the place of what was known. */
static void take(
	struct cred *k, struct cred_stack *s, struct og_credentials *c, struct og_arena *arena)
{
	bool rotated = s->known && s->cred.state == OG_CREDENTIAL_VALID &&
		       strcmp(s->cred.hash, c->hash) != 0;

	og_credentials_fini(&s->cred);
	og_arena_fini(&s->arena);
	s->cred = *c;
	s->arena = *arena;
	s->known = true;
	tell(k, s, rotated);
	cred_tell_workloads(k, og_svz(s->name));
	cred_enqueue_namespaces(k, OG_QUEUE_USER);
	cred_enqueue(k, 't', og_svz(s->name), OG_QUEUE_USER, CRED_STATUS_MS);
	verify_probe_credentials(k->c, og_svz(s->name));
}

static void find_uid(struct cred *k, struct cred_stack *s)
{
	struct og_store *store =
		og_cluster_store(k->c->cluster, OG_SV("otelgate.dev"), OG_SV("GrafanaStack"));
	struct og_record r;

	if (!store || !og_store_get(store, OG_SV(""), og_svz(s->name), &r) ||
		r.uid.n >= sizeof(s->uid))
		return;
	memcpy(s->uid, r.uid.p, r.uid.n);
	s->uid[r.uid.n] = '\0';
}

static void on_read(void *ctx, const struct og_kube_answer *a)
{
	struct cred_op *op = ctx;
	struct cred *k = op->k;
	struct cred_stack *s = cred_stack_of(k, og_svz(op->stack));
	const struct og_stack *spec = cred_stack_spec(k, og_svz(op->stack));
	struct og_arena arena;
	struct og_credentials c = {0};
	struct og_err err = OG_ERR_INIT;
	enum og_credential_read read = how(a);

	if (!s || !spec || !spec->credentials.present) { /* gone meanwhile */
		cred_op_end(op, OG_QUEUE_OK, 0);
		return;
	}
	if (read == OG_CREDENTIAL_UNREADABLE && s->known) {
		cred_op_end(op, OG_QUEUE_FAILED, -1);
		return;
	}
	find_uid(k, s);
	og_arena_init(&arena, 4096, ARENA_BYTES);
	int r = og_credentials_make(spec, og_svz(s->uid), read,
		read == OG_CREDENTIAL_FOUND ? og_jroot(a->doc) : OG_JABSENT, &arena, &c, &err);
	if (r < 0) {
		og_log(OG_LOG_ERROR, "credentials", "not read", og_lf_err(&err));
		og_arena_fini(&arena);
		cred_op_end(op, OG_QUEUE_FAILED, -1);
		return;
	}
	if (same(s, &c)) {
		og_credentials_fini(&c);
		og_arena_fini(&arena);
	} else {
		take(k, s, &c, &arena);
	}
	/* Without a watch nobody tells when it changes. */
	cred_op_end(op, read == OG_CREDENTIAL_UNREADABLE ? OG_QUEUE_FAILED : OG_QUEUE_OK,
		cred_watch_synced(s->source) && read != OG_CREDENTIAL_FORBIDDEN ? -1
										: CRED_AGAIN_MS);
}

static struct cred_stack *stack_add(struct cred *k, struct og_sv name)
{
	struct cred_stack *s = og_calloc(1, sizeof(*s));

	if (!s || !og_sv_set(&s->name, name) || !og_map_set(&k->stacks, name, s)) {
		if (s)
			og_free(s->name);
		og_free(s);
		return NULL;
	}
	og_arena_init(&s->arena, 4096, ARENA_BYTES);
	return s;
}

void cred_work_source(struct cred *k, struct og_sv key, struct og_sv stack)
{
	const struct og_stack *spec = cred_stack_spec(k, stack);
	struct cred_stack *s = cred_stack_of(k, stack);
	struct og_err err = OG_ERR_INIT;

	if (!spec || !spec->credentials.present) {
		if (s) {
			cred_stack_drop(k, stack);
			cred_enqueue_namespaces(k, OG_QUEUE_LOW);
		}
		if (spec)
			cred_enqueue(k, 't', stack, OG_QUEUE_USER, CRED_STATUS_MS);
		controller_done(k->c, PART_CREDENTIALS, key, OG_QUEUE_OK, -1);
		return;
	}
	if (!s)
		s = stack_add(k, stack);
	if (!s || cred_watch_source(k, s, spec, &err) < 0) {
		controller_done(k->c, PART_CREDENTIALS, key, OG_QUEUE_FAILED, -1);
		return;
	}
	struct cred_op *op = cred_op_new(
		k, key, spec->credentials.secret_namespace, spec->credentials.secret_name, stack);
	if (op)
		(void)cred_get(op, on_read);
}
