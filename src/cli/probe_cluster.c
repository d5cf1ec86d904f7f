/* SPDX-License-Identifier: Apache-2.0 */
/* The stack, its credentials and its TLS material as a cluster has them. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/config_read.h"
#include "otelgate/core/credentials.h"
#include "otelgate/kube/client.h"
#include "probe-priv.h"

struct asking {
	struct probe_plan *p;
	struct og_loop *loop;
	struct og_kube *kube;
	struct og_arena *secret; /* wiped: answers that hold Secrets */
};

static int ask(struct asking *k, const struct og_kube_request *r, struct og_arena *arena,
	struct og_kube_answer *ret)
{
	struct og_err err = OG_ERR_INIT;
	int rc = og_kube_wait(k->kube, r, arena, ret, &err);

	if (rc >= 0 || ret->http == 404)
		return OG_EXIT_PASS;
	if (ret->http == 403 && ret->rule.n)
		(void)og_err_set(&err, OG_E_INVALID, "%s\nThe right that is missing:\n%.*s",
			ret->err.msg, OG_SV_ARG(ret->rule));
	return og_cli_fail(k->p->cli, &err);
}

static int fault(struct asking *k, const char *what)
{
	og_cli_error(k->p->cli, "%s", what);
	return OG_EXIT_FAULT;
}

/* ---- the stack ---- */

/* apiVersion, kind, name and spec: what a file would hold. */
static bool project(struct og_jval o, struct og_buf *b)
{
	og_buf_lit(b, "{\"apiVersion\":\"otelgate.dev/v1alpha1\",\"kind\":\"GrafanaStack\","
		      "\"metadata\":{\"name\":");
	og_buf_sv(b, og_jraw(og_jpath(o, "metadata", "name", NULL)));
	og_buf_lit(b, "},\"spec\":");
	struct og_jval spec = og_jgetl(o, "spec");
	og_buf_sv(b, og_junset(spec) ? OG_SV("{}") : og_jraw(spec));
	og_buf_ch(b, '}');
	return !b->failed;
}

static int read_stack(struct asking *k, struct og_jval object)
{
	struct og_cli *cli = k->p->cli;
	og_auto_buf struct og_buf b = OG_BUF_INIT(4 << 20);
	struct og_config_report rep;
	struct og_config *c = NULL;
	struct og_sv text;

	if (!og_jis(og_jpath(object, "metadata", "name", NULL), OG_J_STRING))
		return fault(k, "the API server's GrafanaStack has no name");
	text = project(object, &b) ? og_arena_sv(cli->arena, og_buf_view(&b)) : og_sv(NULL, 0);
	if (!text.p)
		return fault(k, "out of memory reading the GrafanaStack");
	const struct og_config_input in = {.name = "GrafanaStack", .text = text};
	int rc = og_config_read(cli->arena, &in, 1, &c, &rep);
	if (rc == 0 && c->nstacks == 1) {
		k->p->stack = &c->stacks[0];
		return OG_EXIT_PASS;
	}
	for (uint32_t i = 0; i < rep.n; i++)
		if (rep.v[i].severity == OG_SEV_ERROR)
			og_cli_error(cli, "GrafanaStack: %s: %s", rep.v[i].path, rep.v[i].message);
	return rc == -OG_E_OOM ? fault(k, "out of memory reading the GrafanaStack")
			       : fault(k, "the GrafanaStack is not valid");
}

static int find_stack(struct asking *k, const char *name)
{
	struct og_cli *cli = k->p->cli;
	struct og_kube_answer a = {0};
	struct og_kube_request r = {.verb = name ? OG_KUBE_GET : OG_KUBE_LIST,
		.res = {.group = OG_SV("otelgate.dev"),
			.version = OG_SV("v1alpha1"),
			.resource = OG_SV("grafanastacks"),
			.name = og_svz(name)}};
	int code = ask(k, &r, cli->arena, &a);

	if (code != OG_EXIT_PASS)
		return code;
	if (a.http == 404 && name) {
		og_cli_error(cli, "the cluster has no GrafanaStack \"%s\"", name);
		return OG_EXIT_FAULT;
	}
	if (a.http == 404)
		return fault(k, "the cluster does not know GrafanaStacks: apply manifests/crds, or "
				"use --endpoint or --config");
	if (name)
		return read_stack(k, og_jroot(a.doc));
	struct og_jval items = og_jgetl(og_jroot(a.doc), "items");
	if (og_jcount(items) == 1)
		return read_stack(k, og_jat(items, 0));
	return og_jcount(items) ? og_cli_usage(cli, "the cluster has %u GrafanaStacks: name one",
					  og_jcount(items))
				: fault(k, "the cluster has no GrafanaStack");
}

/* ---- Secrets ---- */

static bool is_there(const struct og_kube_answer *a)
{
	return a->doc != NULL && a->http == 200;
}

static int get_object(struct asking *k, const char *resource, struct og_sv ns, struct og_sv name,
	struct og_kube_answer *ret)
{
	struct og_kube_request r = {.verb = OG_KUBE_GET,
		.res = {.version = OG_SV("v1"),
			.resource = og_svz(resource),
			.ns = ns,
			.name = name}};
	return ask(k, &r, k->secret, ret);
}

/* A value of a Secret, decoded into memory that is wiped. */
static bool secret_value(
	struct asking *k, struct og_jval object, struct og_sv key, struct og_secret *ret)
{
	og_auto_wipe struct og_buf b = OG_BUF_INIT(1 << 20);
	struct og_sv v;

	if (!key.n || !og_jstr(og_jget(og_jgetl(object, "data"), key), k->secret, &v) ||
		!og_buf_reserve(&b, v.n + 4) || og_base64_decode(&b, v, NULL) < 0)
		return false;
	return og_secret_set(ret, og_buf_view(&b).p, b.len, NULL) == 0;
}

/* The token of the first Basic credential, to ask the backends with. */
static void token_of_header(struct probe_plan *p)
{
	og_auto_wipe struct og_buf text = OG_BUF_INIT(64 << 10), plain = OG_BUF_INIT(64 << 10);
	const char *lines[OG_SEND_HEADERS + 1];
	bool lost;

	if (og_secret_is_set(&p->query_token) ||
		og_send_header_lines(&p->headers, &text, lines, &lost, NULL) < 0)
		return;
	for (const char **l = lines; *l; l++) {
		struct og_sv line = og_svz(*l), prefix = OG_SV("authorization: basic ");
		if (line.n <= prefix.n || !og_sv_caseeq(og_sv(line.p, prefix.n), prefix) ||
			!og_buf_reserve(&plain, line.n) ||
			og_base64_decode(
				&plain, og_sv(line.p + prefix.n, line.n - prefix.n), NULL) < 0)
			continue;
		size_t colon = og_sv_chr(og_buf_view(&plain), ':');
		if (colon < plain.len)
			(void)og_secret_set(
				&p->query_token, plain.p + colon + 1, plain.len - colon - 1, NULL);
		return;
	}
}

/* What pods of a namespace really get. */
static int take_distributed(struct asking *k, struct og_sv ns)
{
	struct probe_plan *p = k->p;
	const struct og_stack *s = p->stack;
	struct og_kube_answer a = {0};
	int code = get_object(k, "secrets", ns, s->distribute.secret_name, &a);

	if (code != OG_EXIT_PASS)
		return code;
	p->o.where = og_svz(og_arena_fmt(p->cli->arena, "Secret %.*s/%.*s, key %.*s", OG_SV_ARG(ns),
		OG_SV_ARG(s->distribute.secret_name), OG_SV_ARG(s->distribute.header_key)));
	if (!is_there(&a) ||
		!secret_value(k, og_jroot(a.doc), s->distribute.header_key, &p->headers)) {
		p->finding = is_there(&a) ? "OG402" : "OG401";
		p->problem = og_svz(og_arena_fmt(p->cli->arena,
			"%.*s is not there: pods of this namespace have no credential",
			OG_SV_ARG(p->o.where)));
		return OG_EXIT_PASS;
	}
	(void)secret_value(k, og_jroot(a.doc), s->distribute.profiles_user_key, &p->user);
	(void)secret_value(k, og_jroot(a.doc), s->distribute.profiles_password_key, &p->password);
	return OG_EXIT_PASS;
}

static bool copy_secret(struct og_secret *to, const struct og_secret *from)
{
	return !og_secret_is_set(from) ||
	       og_secret_set(to, og_secret_expose(from), og_secret_len(from), NULL) == 0;
}

/* What the controller would make of the Secret that people made. */
static int take_source(struct asking *k)
{
	struct probe_plan *p = k->p;
	const struct og_stack *s = p->stack;
	struct og_kube_answer a = {0};
	og_auto_credentials struct og_credentials c = {0};
	struct og_err err = OG_ERR_INIT;
	int code = get_object(
		k, "secrets", s->credentials.secret_namespace, s->credentials.secret_name, &a);

	if (code != OG_EXIT_PASS)
		return code;
	p->o.where = og_svz(og_arena_fmt(p->cli->arena, "Secret %.*s/%.*s",
		OG_SV_ARG(s->credentials.secret_namespace), OG_SV_ARG(s->credentials.secret_name)));
	enum og_credential_read how = is_there(&a) ? OG_CREDENTIAL_FOUND : OG_CREDENTIAL_ABSENT;
	struct og_jval object = is_there(&a) ? og_jroot(a.doc) : OG_JABSENT;
	if (og_credentials_make(s, og_sv("", 0), how, object, p->cli->arena, &c, &err) < 0)
		return og_cli_fail(p->cli, &err);
	if (c.state != OG_CREDENTIAL_VALID) {
		p->finding = c.finding;
		p->problem = c.message;
		return OG_EXIT_PASS;
	}
	if (!copy_secret(&p->headers, &c.header) || !copy_secret(&p->user, &c.profiles_user) ||
		!copy_secret(&p->password, &c.profiles_password))
		return fault(k, "out of memory reading a Secret");
	return OG_EXIT_PASS;
}

/* The token to read with, where the stack names one of its own. */
static int take_query_token(struct asking *k)
{
	const struct og_stack *s = k->p->stack;
	bool own = s->query.secret_name.n > 0;
	struct og_sv name = own ? s->query.secret_name : s->credentials.secret_name;
	struct og_sv ns = own ? s->query.secret_namespace : s->credentials.secret_namespace;
	struct og_sv key = s->query.token_key.n ? s->query.token_key : OG_SV("token");
	struct og_kube_answer a = {0};
	struct og_secret raw = OG_SECRET_INIT;

	if ((!own && !s->query.token_key.n) || !name.n || k->p->args->no_read ||
		k->p->args->query_token_file)
		return OG_EXIT_PASS;
	int code = get_object(k, "secrets", ns, name, &a);
	if (code != OG_EXIT_PASS)
		return code;
	if (!is_there(&a) || !secret_value(k, og_jroot(a.doc), key, &raw)) {
		og_cli_error(k->p->cli,
			"spec.query: Secret %.*s/%.*s with key %.*s is not there; the backends are asked with the token that pods send with",
			OG_SV_ARG(ns), OG_SV_ARG(name), OG_SV_ARG(key));
		return OG_EXIT_PASS;
	}
	struct og_sv t = og_sv_trim(og_sv(og_secret_expose(&raw), og_secret_len(&raw)));
	bool ok = og_secret_set(&k->p->query_token, t.p, t.n, NULL) == 0;
	if (s->query.ca_key.n && !k->p->query_ca.n) {
		if (secret_value(k, og_jroot(a.doc), s->query.ca_key, &raw))
			k->p->query_ca = og_arena_sv(k->p->cli->arena,
				og_sv(og_secret_expose(&raw), og_secret_len(&raw)));
		else
			og_cli_error(k->p->cli,
				"spec.query.caKey: Secret %.*s/%.*s has no key %.*s; the system's CAs are used",
				OG_SV_ARG(ns), OG_SV_ARG(name), OG_SV_ARG(s->query.ca_key));
	}
	og_secret_fini(&raw);
	return ok ? OG_EXIT_PASS : fault(k, "out of memory reading a Secret");
}

/* ---- TLS ---- */

static int take_tls(struct asking *k, struct og_sv ns)
{
	struct probe_plan *p = k->p;
	const struct og_cfg_tls *t = &p->stack->receiver.tls;
	struct og_kube_answer a = {0};
	struct og_secret pem = OG_SECRET_INIT;
	int code = OG_EXIT_PASS;

	if (!t->present || (t->ca_file.n && t->ca_file.p[0] == '/'))
		return OG_EXIT_PASS;
	if (t->config_map_name.n && t->ca_file.n) {
		code = get_object(k, "configmaps", ns, t->config_map_name, &a);
		if (code == OG_EXIT_PASS && is_there(&a))
			p->o.ca_pem = og_arena_sv(p->cli->arena,
				og_jstr_or_empty(
					og_jget(og_jgetl(og_jroot(a.doc), "data"), t->ca_file),
					k->secret));
	}
	if (code != OG_EXIT_PASS || !t->secret_name.n)
		return code;
	code = get_object(k, "secrets", ns, t->secret_name, &a);
	if (code != OG_EXIT_PASS || !is_there(&a))
		return code;
	if (!t->config_map_name.n && secret_value(k, og_jroot(a.doc), t->ca_file, &pem))
		p->o.ca_pem = og_arena_sv(
			p->cli->arena, og_sv(og_secret_expose(&pem), og_secret_len(&pem)));
	if (secret_value(k, og_jroot(a.doc), t->cert_file, &pem) &&
		secret_value(k, og_jroot(a.doc), t->key_file, &p->key))
		p->o.cert_pem = og_arena_sv(
			p->cli->arena, og_sv(og_secret_expose(&pem), og_secret_len(&pem)));
	og_secret_fini(&pem);
	return code;
}

/* ---- all of it ---- */

static int take_all(struct asking *k, const char *name, struct og_sv ns)
{
	struct probe_plan *p = k->p;
	bool own = p->args->token_file || p->args->headers_file;
	int code = find_stack(k, name);

	if (code == OG_EXIT_PASS && p->stack->credentials.present && !own)
		code = p->args->kube.ns ? take_distributed(k, ns) : take_source(k);
	if (code == OG_EXIT_PASS)
		code = take_query_token(k);
	if (code == OG_EXIT_PASS)
		code = take_tls(k, ns);
	token_of_header(p);
	return code;
}

int probe_plan_cluster(struct probe_plan *p, const char *name)
{
	og_auto_arena_wipe struct og_arena secret = {0};
	struct asking k = {.p = p, .secret = &secret};
	struct og_kube_access *access = NULL;
	struct og_err err = OG_ERR_INIT;
	int code = og_kubeflags_load(p->cli, &p->args->kube, &access);

	if (code != OG_EXIT_PASS)
		return code;
	struct og_sv ns = og_arena_sv(p->cli->arena, og_svz(access->ns));
	og_arena_init(&secret, 0, 64 << 20);
	struct og_kube_opts o = {.access = access, .component = "otelgate-probe"};
	if (og_loop_new(NULL, &k.loop, &err) < 0) {
		og_kube_access_free(access);
		return og_cli_fail(p->cli, &err);
	}
	o.loop = k.loop;
	if (og_kube_new(&o, &k.kube, &err) < 0) {
		og_kube_access_free(access);
		code = og_cli_fail(p->cli, &err);
	} else {
		code = take_all(&k, name, ns);
	}
	og_kube_free(k.kube);
	og_loop_free(k.loop);
	return code;
}
