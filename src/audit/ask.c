/* SPDX-License-Identifier: Apache-2.0 */
/* The backends of stacks, asked once. */
#include "ask-priv.h"

#include <stdio.h>
#include <string.h>
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/kube/client.h"

enum {
	TIMEOUT_MS = 60000,
	TURN_MS = 100,
	SECRET_MS = 15000,
	SECRET_BYTES = 3 << 20,
	SECRET_ARENA_BYTES = 64 << 20,
};

int ask_blind(
	struct ask *a, struct og_sv what, struct og_sv why, const char *finding, struct og_err *err)
{
	struct og_audit_asked *o = &a->out;

	if (o->nblind == a->blind_cap) {
		uint32_t cap = a->blind_cap ? a->blind_cap * 2 : 8;
		struct og_coverage_blind *v =
			og_arena_new_n(a->arena, cap, struct og_coverage_blind);
		if (!v)
			return og_err_set(err, OG_E_OOM, "asking backends");
		if (o->nblind)
			memcpy(v, o->blind, o->nblind * sizeof(*v));
		o->blind = v;
		a->blind_cap = cap;
	}
	o->blind[o->nblind++] = (struct og_coverage_blind){.what = og_arena_sv(a->arena, what),
		.why = og_arena_sv(a->arena, why),
		.finding = finding,
		.rule = OG_SV("")};
	return a->arena->failed ? og_err_set(err, OG_E_OOM, "asking backends") : 0;
}

int og_audit_asked_blind(const struct og_audit_asked *a, struct og_arena *arena,
	struct og_coverage *c, struct og_err *err)
{
	struct og_coverage_blind *v;

	if (!a->nblind)
		return 0;
	v = og_arena_new_n(arena, (size_t)c->nblind + a->nblind, struct og_coverage_blind);
	if (!v)
		return og_err_set(err, OG_E_OOM, "asking backends");
	if (c->nblind)
		memcpy(v, c->blind, c->nblind * sizeof(*v));
	memcpy(v + c->nblind, a->blind, a->nblind * sizeof(*v));
	c->blind = v;
	c->nblind += a->nblind;
	return 0;
}

/* ---- which stacks ---- */

static const struct og_stack *spec_of(const struct ask *a, struct og_sv name)
{
	const struct og_config *c = a->in->config;

	for (uint32_t i = 0; c && i < c->nstacks; i++)
		if (og_sv_eq(c->stacks[i].name, name))
			return &c->stacks[i];
	return NULL;
}

static struct ask_stack *stack_of(struct ask *a, struct og_sv name)
{
	for (uint32_t i = 0; i < a->nstacks; i++)
		if (og_sv_eq(a->stacks[i].spec->name, name))
			return &a->stacks[i];
	return NULL;
}

/* Those that rows send to, each with its rows. */
static int take_stacks(
	struct ask *a, struct og_coverage_row *const *rows, uint32_t n, struct og_err *err)
{
	uint32_t most = a->in->config ? a->in->config->nstacks : 0;

	a->stacks = og_arena_new_n(a->arena, (size_t)most + 1, struct ask_stack);
	if (!a->stacks)
		return og_err_set(err, OG_E_OOM, "asking backends");
	for (uint32_t i = 0; i < n; i++) {
		const struct og_stack *spec = rows[i]->sends ? spec_of(a, rows[i]->stack) : NULL;
		if (!spec)
			continue;
		struct ask_stack *s = stack_of(a, spec->name);
		if (!s) {
			s = &a->stacks[a->nstacks++];
			s->spec = spec;
			s->rows = og_arena_new_n(a->arena, n, struct og_coverage_row *);
			if (!s->rows)
				return og_err_set(err, OG_E_OOM, "asking backends");
		}
		s->rows[s->n++] = rows[i];
	}
	return 0;
}

static bool overridden(const struct og_audit_ask *k)
{
	for (int i = 0; i < OG_GF_COUNT_; i++)
		if (k->url[i].n)
			return true;
	return false;
}

/* What is of one stack is not handed to another one's backends. */
static int check_ask(const struct ask *a, struct og_err *err)
{
	const struct og_audit_ask *k = a->in->ask;
	const char *what = overridden(k) ? "a URL of a backend" : NULL;

	for (uint32_t i = 0; i < k->ntokens; i++) {
		if (!k->tokens[i].stack.n)
			what = "--query-token-file FILE";
		else if (a->in->config && !spec_of(a, k->tokens[i].stack))
			return og_err_set(err, OG_E_USAGE,
				"--query-token-file: there is no GrafanaStack \"%.*s\"",
				(int)(k->tokens[i].stack.n > 253 ? 253 : k->tokens[i].stack.n),
				k->tokens[i].stack.p);
	}
	if (!what || a->nstacks < 2)
		return 0;
	return og_err_set(err, OG_E_USAGE,
		"%s is of one stack, and workloads send to %u (%.*s, %.*s%s); tokens are named "
		"by --query-token-file STACK=FILE",
		what, a->nstacks, OG_SV_ARG(a->stacks[0].spec->name),
		OG_SV_ARG(a->stacks[1].spec->name), a->nstacks > 2 ? ", …" : "");
}

/* ---- tokens ---- */

static const struct og_secret *given_token(const struct ask *a, struct og_sv stack)
{
	const struct og_audit_ask *k = a->in->ask;

	for (uint32_t i = 0; i < k->ntokens; i++)
		if (!k->tokens[i].stack.n || og_sv_eq(k->tokens[i].stack, stack))
			return k->tokens[i].token;
	return NULL;
}

static void secret_refused(struct ask_stack *s, const struct og_verify_source *src,
	const struct og_kube_answer *answer, const struct og_err *why)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(2048);
	const char *word = answer->http == 403 ? "SecretForbidden" : "SecretNotRead";

	if (answer->http == 404) {
		og_verify_token_none(&s->token, "SecretMissing", "OG401", src,
			"is not there; make it, name another one in spec.query.secretRef, or give "
			"the token: --query-token-file FILE");
		return;
	}
	if (answer->http == 403)
		og_buf_fmt(&b,
			"may not be read: it takes get on secrets \"%.*s\" in namespace %.*s; or "
			"give the token: --query-token-file FILE",
			OG_SV_ARG(src->name), OG_SV_ARG(src->ns));
	else
		og_buf_fmt(&b, "could not be read: %s", why->msg);
	og_verify_token_none(&s->token, word, answer->http == 403 ? "OG414" : NULL, src,
		b.failed || !b.p ? "could not be read" : b.p);
}

/* What the cluster itself is entered with is no token of a backend, whatever a GrafanaStack says:
 * its author may not read Secrets, and who asks here may read all. */
static bool is_of_cluster(
	struct ask_stack *s, const struct og_verify_source *src, struct og_jval secret)
{
	static const char *const types[] = {"kubernetes.io/service-account-token",
		"bootstrap.kubernetes.io/token", "kubernetes.io/dockercfg",
		"kubernetes.io/dockerconfigjson", "kubernetes.io/ssh-auth", "kubernetes.io/tls"};
	char text[256];

	for (size_t i = 0; i < OG_COUNT(types); i++) {
		if (!og_jstr_eq(og_jgetl(secret, "type"), og_svz(types[i])))
			continue;
		(void)snprintf(text, sizeof(text),
			"is of type %s: no token of a backend, and not sent to one; make a Secret of "
			"type Opaque",
			types[i]);
		og_verify_token_none(&s->token, "SecretOfCluster", "OG416", src, text);
		return true;
	}
	return false;
}

/* The answer holds a secret: its memory is wiped. */
static void read_secret(struct ask *a, struct ask_stack *s, const struct og_verify_source *src)
{
	og_auto_arena_wipe struct og_arena arena;
	struct og_kube_answer answer = {0};
	struct og_err why = OG_ERR_INIT;
	int64_t left = (a->until_ns - og_loop_now_ns(a->in->loop)) / OG_NS_PER_MS;
	const struct og_kube_request q = {.verb = OG_KUBE_GET,
		.res = {.group = OG_SV(""),
			.version = OG_SV("v1"),
			.resource = OG_SV("secrets"),
			.ns = src->ns,
			.name = src->name},
		.max_bytes = SECRET_BYTES,
		.deadline_ms = left < 1		  ? 1
			       : left < SECRET_MS ? left
						  : SECRET_MS};

	og_arena_init(&arena, 0, SECRET_ARENA_BYTES);
	if (og_kube_wait(a->in->kube, &q, &arena, &answer, &why) < 0 || !answer.doc)
		secret_refused(s, src, &answer, &why);
	else if (!is_of_cluster(s, src, og_jroot(answer.doc)))
		og_verify_token_take(
			&s->token, s->spec, src, og_jgetl(og_jroot(answer.doc), "data"));
}

static void take_token(struct ask *a, struct ask_stack *s)
{
	struct og_verify_source src = og_verify_source_of(s->spec);

	if (given_token(a, s->spec->name))
		return;
	if (!src.name.n || src.header)
		og_verify_token_no_secret(&s->token, &src);
	else if (a->in->kube)
		read_secret(a, s, &src);
	else
		og_verify_token_none(&s->token, "SecretNotSeen", NULL, &src,
			"is of a cluster, and none is asked here; give the token: "
			"--query-token-file FILE");
}

/* ---- the cycle ---- */

static void on_cycle(void *ctx, struct og_sv stack)
{
	struct ask *a = ctx;
	struct ask_stack *s = stack_of(a, stack);

	if (!s || s->ended)
		return;
	s->ended = true;
	a->waiting--;
}

/* A token is not sent where others could read it; the configuration's check knows only of its own
 * tokens. */
static bool in_the_clear(struct ask_stack *s, const struct og_verify_spec *spec)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(2048);

	for (int i = 0; i <= OG_GF_COUNT_ && spec->token; i++) {
		bool found = i < OG_GF_COUNT_; /* the last one is asked where a stack is */
		if (!og_url_in_the_clear(found ? spec->url[i] : spec->discovery_url) ||
			(!found && !spec->slug.n))
			continue;
		og_buf_fmt(&b,
			"the token would go over the internet in the clear: the URL of %s has to be "
			"https://",
			found ? og_gf_backend_name((enum og_gf_backend)i) : "discovery");
		s->token.why = "InTheClear";
		og_free(s->token.message);
		s->token.message = og_buf_take(&b);
		return true;
	}
	return false;
}

static uint32_t make_specs(struct ask *a, struct og_verify_spec *specs)
{
	const struct og_audit_ask *k = a->in->ask;
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->nstacks; i++) {
		struct ask_stack *s = &a->stacks[i];
		struct og_verify_spec *spec = &specs[n];
		if ((!og_verify_wanted(s->spec) && !overridden(k)) || s->token.why)
			continue;
		og_verify_spec_of(s->spec, spec);
		spec->token = given_token(a, s->spec->name);
		if (!spec->token && og_secret_is_set(&s->token.secret))
			spec->token = &s->token.secret;
		spec->ca_pem = k->ca_pem.n ? k->ca_pem : og_svz(s->token.ca);
		spec->request_ms = k->request_ms;
		for (int b = 0; b < OG_GF_COUNT_; b++)
			if (k->url[b].n)
				spec->url[b] = k->url[b];
		if (in_the_clear(s, spec))
			continue;
		s->told = true;
		n++;
	}
	return n;
}

/* Until each cycle has ended, or the time is over. */
static void wait_cycles(struct ask *a)
{
	int64_t told = og_loop_now_ns(a->in->loop);

	for (uint32_t i = 0; i < a->nstacks; i++)
		if (a->stacks[i].told)
			(void)og_verify_now(a->engine, a->stacks[i].spec->name);
	while (a->waiting) {
		int64_t now = og_loop_now_ns(a->in->loop);
		if (now >= a->until_ns)
			return;
		(void)og_loop_turn(a->in->loop, TURN_MS);
		if (now - told < OG_NS_PER_S || !a->in->progress)
			continue;
		a->in->progress(a->in->ctx, "the backends' answers");
		told = now;
	}
}

static int run(struct ask *a, struct og_httpc *http, struct og_err *err)
{
	const struct og_verify_opts o = {
		.loop = a->in->loop, .http = http, .ctx = a, .on_cycle = on_cycle};
	struct og_verify_spec *specs =
		og_arena_new_n(a->arena, (size_t)a->nstacks + 1, struct og_verify_spec);
	int r = og_verify_new(&o, &a->engine, err);

	if (r < 0)
		return r;
	if (!specs)
		return og_err_set(err, OG_E_OOM, "asking backends");
	a->waiting = make_specs(a, specs);
	if ((r = og_verify_set(a->engine, specs, a->waiting, err)) < 0)
		return r;
	wait_cycles(a);
	for (uint32_t i = 0; i < a->nstacks && r == 0; i++)
		r = ask_judge(a, &a->stacks[i], err);
	return r;
}

int og_audit_ask_rows(const struct og_audit_asking *in, struct og_coverage_row *const *rows,
	uint32_t n, struct og_arena *arena, struct og_audit_asked *ret, struct og_err *err)
{
	const struct og_httpc_opts ho = {.user_agent = "otelgate/" OG_VERSION};
	int64_t timeout = in->ask->timeout_ms ? in->ask->timeout_ms : TIMEOUT_MS;
	struct ask a = {.in = in,
		.arena = arena,
		.until_ns = og_loop_now_ns(in->loop) + timeout * OG_NS_PER_MS};
	struct og_httpc *http = NULL;
	int r = take_stacks(&a, rows, n, err);

	if (r == 0)
		r = check_ask(&a, err);
	for (uint32_t i = 0; r == 0 && i < a.nstacks; i++)
		take_token(&a, &a.stacks[i]);
	if (r == 0)
		r = og_httpc_new(in->loop, &ho, &http, err);
	if (r == 0)
		r = run(&a, http, err);
	og_verify_free(a.engine);
	og_httpc_free(http);
	for (uint32_t i = 0; i < a.nstacks; i++)
		og_verify_token_fini(&a.stacks[i].token);
	if (r == 0)
		*ret = a.out;
	return r;
}
