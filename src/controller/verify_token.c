/* SPDX-License-Identifier: Apache-2.0 */
/* The token to ask with: read by name, again and again, so that no right to watch is needed. */
#include "verify-priv.h"
#include "otelgate/codec/base64.h"

enum {
	AGAIN_MS = 60000,
	ANSWER_BYTES = 3 << 20,
	TOKEN_BYTES = 4096,
	CA_BYTES = 1 << 20, /* as much as a Secret holds */
	ARENA_BYTES = 4 << 20,
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

/* ---- which Secret ---- */

struct source {
	struct og_sv ns, name, key; /* name empty = none is needed */
	bool header;		    /* the stack's Secret holds a header, and no token */
};

static struct source source_of(const struct og_stack *s)
{
	struct source r = {.ns = s->query.secret_namespace,
		.name = s->query.secret_name,
		.key = s->query.token_key};

	if (r.name.n) {
		if (!r.key.n)
			r.key = OG_SV("token");
		return r;
	}
	if (!s->credentials.present)
		return (struct source){.name = OG_SV("")};
	r.ns = s->credentials.secret_namespace;
	r.name = s->credentials.secret_name;
	r.header = !r.key.n && s->credentials.header_key.n != 0;
	if (!r.key.n)
		r.key = s->credentials.token_key;
	return r;
}

/* ---- what came of it ---- */

static void none(struct verify_part_stack *s, const char *why, const char *finding,
	const struct source *src, const char *what)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(2048);

	og_buf_fmt(&b, "Secret %.*s/%.*s %s", OG_SV_ARG(src->ns), OG_SV_ARG(src->name), what);
	bool same = s->token_known && s->token_why && !strcmp(s->token_why, why);
	s->token_known = true;
	s->token_why = why;
	s->token_finding = finding;
	og_free(s->token_message);
	s->token_message = og_buf_take(&b);
	if (!same)
		og_log(OG_LOG_WARN, "verify", "no token to ask with", og_lf_str("stack", s->name),
			og_lf_str("reason", why), og_lf_str("message", s->token_message));
}

/* It is known what to ask with. */
static void settled(struct verify_part_stack *s)
{
	s->token_known = true;
	s->token_why = NULL;
	s->token_finding = NULL;
	og_free(og_take(s->token_message));
}

static bool visible(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n != 0;
}

/* CA certificates are no secret. False when they are wanted and not there. */
static bool take_ca(struct verify_part_stack *s, const struct og_stack *spec,
	const struct source *src, struct og_jval data, struct og_arena *arena)
{
	struct og_buf pem = OG_BUF_INIT(CA_BYTES);
	struct og_jval v = og_jget(data, spec->query.ca_key);

	og_free(og_take(s->ca));
	if (!spec->query.ca_key.n)
		return true;
	bool ok = !og_junset(v) && og_base64_decode(&pem, og_jstr_or_empty(v, arena), NULL) == 0 &&
		  og_sv_has(og_buf_view(&pem), OG_SV("-----BEGIN CERTIFICATE-----"));
	if (ok)
		s->ca = og_buf_take(&pem);
	og_buf_fini(&pem);
	if (!s->ca)
		none(s, og_junset(v) ? "KeyMissing" : "CaInvalid", "OG402", src,
			og_junset(v) ? "has no such key as spec.query.caKey names"
				     : "holds no CA certificates in PEM under spec.query.caKey");
	return s->ca != NULL;
}

/* The value is wiped wherever it has been. */
static void take(struct verify_part_stack *s, const struct og_stack *spec, const struct source *src,
	struct og_jval data)
{
	og_auto_arena_wipe struct og_arena arena;
	og_auto_wipe struct og_buf plain = OG_BUF_INIT(TOKEN_BYTES);
	struct og_err err = OG_ERR_INIT;

	og_arena_init(&arena, 0, ARENA_BYTES);
	struct og_jval v = og_jget(data, src->key);
	if (og_junset(v)) {
		none(s, "KeyMissing", "OG402", src,
			"has no such key as spec.query.tokenKey (or spec.credentials.tokenKey) names");
		return;
	}
	if (og_base64_decode(&plain, og_jstr_or_empty(v, &arena), NULL) < 0 || plain.failed ||
		!visible(og_sv_trim(og_buf_view(&plain)))) {
		none(s, "TokenInvalid", "OG416", src,
			"holds no token under the key: empty, far too long, or no text of one line");
		return;
	}
	if (!take_ca(s, spec, src, data, &arena))
		return;
	struct og_sv token = og_sv_trim(og_buf_view(&plain));
	if (og_secret_set(&s->token, token.p, token.n, &err) < 0) {
		none(s, "NoMemory", NULL, src, "could not be kept: out of memory");
		return;
	}
	settled(s);
}

static void on_read(void *ctx, const struct og_kube_answer *a)
{
	struct verify_op *op = ctx;
	struct verify_part *p = op->p;
	const struct og_stack *spec = verify_stack_spec(p, op->stack);
	struct verify_part_stack *s = verify_stack_find(p, op->stack);
	enum og_queue_result r = OG_QUEUE_OK;

	if (spec && s) {
		struct source src = source_of(spec);
		if (a->code == 0 && a->doc)
			take(s, spec, &src, og_jgetl(og_jroot(a->doc), "data"));
		else if (a->http == 404)
			none(s, "SecretMissing", "OG401", &src,
				"is not there; make it, or name another one in spec.query.secretRef");
		else if (a->http == 403)
			none(s, "SecretForbidden", "OG414", &src,
				"may not be read: give the controller's ServiceAccount get on it (docs/verification.md has the rule)");
		else
			r = OG_QUEUE_FAILED; /* what was known holds */
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
	struct source src = source_of(spec);
	if (!src.name.n || src.header) {
		og_secret_fini(&s->token);
		og_free(og_take(s->ca));
		if (src.header)
			none(s, "NoToken", "OG402", &src,
				"holds a ready-made header and no token: name the Secret of a reading token in spec.query.secretRef");
		else
			settled(s);
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
