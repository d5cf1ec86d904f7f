/* SPDX-License-Identifier: Apache-2.0 */
/* Where a probe goes, from flags, files or a cluster; flags win. */
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/cli/config_load.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/percent.h"
#include "otelgate/codec/url.h"
#include "probe-priv.h"

enum { SECRET_BYTES = 64 << 10, PEM_BYTES = 4 << 20 };

_Static_assert((int)OG_SIGNAL_METRICS == (int)OG_OTLP_METRICS &&
		       (int)OG_SIGNAL_TRACES == (int)OG_OTLP_TRACES &&
		       (int)OG_SIGNAL_LOGS == (int)OG_OTLP_LOGS &&
		       (int)OG_SIGNAL_PROFILES == (int)OG_OTLP_PROFILES,
	"signals are in one order");

void probe_plan_fini(struct probe_plan *p)
{
	og_secret_fini(&p->headers);
	og_secret_fini(&p->user);
	og_secret_fini(&p->password);
	og_secret_fini(&p->key);
	og_secret_fini(&p->query_token);
}

/* ---- files ---- */

static int read_secret(
	struct probe_plan *p, const char *path, const char *what, bool trim, struct og_secret *ret)
{
	og_auto_wipe struct og_buf b = OG_BUF_INIT(SECRET_BYTES);
	struct og_err err = OG_ERR_INIT;

	if (!og_buf_reserve(&b, SECRET_BYTES))
		return og_cli_fail(p->cli, (og_err_set(&err, OG_E_OOM, "reading %s", what), &err));
	int rc = strcmp(path, "-") == 0
			 ? og_fs_read_fd(p->cli->in_fd, "standard input", SECRET_BYTES, &b, &err)
			 : og_fs_read(path, SECRET_BYTES, &b, &err);
	struct og_sv text = trim ? og_sv_trim(og_buf_view(&b)) : og_buf_view(&b);
	if (rc == 0)
		rc = og_secret_set(ret, text.p, text.n, &err);
	if (rc < 0) {
		(void)og_err_wrap(&err, "reading %s", what);
		return og_cli_fail(p->cli, &err);
	}
	return OG_EXIT_PASS;
}

static int read_pem(struct probe_plan *p, const char *path, struct og_sv *ret)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(PEM_BYTES);
	struct og_err err = OG_ERR_INIT;

	int rc = og_fs_read(path, PEM_BYTES, &b, &err);
	if (rc == 0) {
		*ret = og_arena_sv(p->cli->arena, og_buf_view(&b));
		rc = ret->p ? 0 : og_err_set(&err, OG_E_OOM, "reading certificates");
	}
	return rc < 0 ? og_cli_fail(p->cli, &err) : OG_EXIT_PASS;
}

bool probe_basic_header(struct og_sv user, struct og_sv token, struct og_secret *ret)
{
	og_auto_wipe struct og_buf pair = OG_BUF_INIT(SECRET_BYTES), b64 = OG_BUF_INIT(0);
	og_auto_wipe struct og_buf text = OG_BUF_INIT(0);

	if (!og_buf_reserve(&pair, user.n + token.n + 2) ||
		!og_buf_reserve(&b64, og_base64_len(user.n + token.n + 1) + 1) ||
		!og_buf_reserve(&text, 3 * og_base64_len(user.n + token.n + 1) + 64))
		return false;
	og_buf_sv(&pair, user);
	og_buf_ch(&pair, ':');
	og_buf_sv(&pair, token);
	og_base64_encode(&b64, og_buf_view(&pair));
	og_buf_lit(&text, "Authorization=Basic%20");
	og_percent_encode(&text, og_buf_view(&b64));
	return !text.failed && og_secret_set(ret, text.p, text.len, NULL) == 0;
}

static int no_memory(struct probe_plan *p)
{
	struct og_err err = OG_ERR_INIT;
	(void)og_err_set(&err, OG_E_OOM, "preparing a probe");
	return og_cli_fail(p->cli, &err);
}

/* ---- flags ---- */

static int take_credentials(struct probe_plan *p)
{
	const struct probe_args *a = p->args;
	struct og_secret token = OG_SECRET_INIT;
	int code = OG_EXIT_PASS;

	if (a->headers_file && (a->token_file || a->user))
		return og_cli_usage(p->cli, "--headers-file and --token-file exclude each other");
	if (a->user && !a->token_file)
		return og_cli_usage(p->cli, "--instance-id needs --token-file");
	if (a->headers_file) {
		p->o.where = og_svz("--headers-file");
		return read_secret(p, a->headers_file, "--headers-file", false, &p->headers);
	}
	if (!a->token_file)
		return OG_EXIT_PASS;
	code = read_secret(p, a->token_file, "--token-file", true, &token);
	struct og_sv t = og_sv(og_secret_expose(&token), og_secret_len(&token));
	p->o.where = a->user ? OG_SV("--instance-id and --token-file") : OG_SV("--token-file");
	if (code == OG_EXIT_PASS && !probe_basic_header(og_svz(a->user), t, &p->headers))
		code = no_memory(p);
	const char *u = a->profiles_user ? a->profiles_user : a->user;
	if (code == OG_EXIT_PASS &&
		(og_secret_set(&p->password, t.p, t.n, NULL) < 0 ||
			og_secret_set(&p->query_token, t.p, t.n, NULL) < 0 ||
			og_secret_set(&p->user, u ? u : "", u ? strlen(u) : 0, NULL) < 0))
		code = no_memory(p);
	og_secret_fini(&token);
	return code;
}

static int take_files(struct probe_plan *p)
{
	const struct probe_args *a = p->args;
	int code = OG_EXIT_PASS;

	if (!a->cert_file != !a->key_file)
		return og_cli_usage(p->cli, "--certificate-file and --key-file belong together");
	if (a->ca_file)
		code = read_pem(p, a->ca_file, &p->o.ca_pem);
	if (code == OG_EXIT_PASS && a->query_ca_file)
		code = read_pem(p, a->query_ca_file, &p->query_ca);
	if (code == OG_EXIT_PASS && a->cert_file)
		code = read_pem(p, a->cert_file, &p->o.cert_pem);
	if (code == OG_EXIT_PASS && a->key_file)
		code = read_secret(p, a->key_file, "--key-file", false, &p->key);
	if (code == OG_EXIT_PASS && a->query_token_file)
		code = read_secret(
			p, a->query_token_file, "--query-token-file", true, &p->query_token);
	return code;
}

static void take_flags(struct probe_plan *p)
{
	const struct probe_args *a = p->args;
	static const enum og_probe_protocol protocols[] = {
		OG_PROBE_PROTOBUF, OG_PROBE_PROTOBUF, OG_PROBE_JSON, OG_PROBE_GRPC};

	if (a->endpoint) {
		p->base = og_svz(a->endpoint);
		memset(p->own, 0, sizeof(p->own));
		p->o.field = OG_SV("--endpoint");
	}
	if (a->profiles_url) {
		p->profiles = og_svz(a->profiles_url);
		p->o.profiles_field = OG_SV("--profiles-url");
	}
	if (a->protocol)
		p->o.protocol = protocols[a->protocol];
	if (a->compression)
		p->o.gzip = a->compression == 2;
	if (a->cluster_name)
		p->o.cluster = og_svz(a->cluster_name);
	for (int b = 0; b < OG_GF_COUNT_; b++) {
		if (a->query_url[b])
			p->backend[b].url = og_svz(a->query_url[b]);
		if (a->query_user[b])
			p->backend[b].user = og_svz(a->query_user[b]);
	}
}

/* ---- a stack ---- */

static void take_stack(struct probe_plan *p)
{
	const struct og_stack *s = p->stack;
	const struct og_cfg_query *q[OG_GF_COUNT_] = {[OG_GF_PROMETHEUS] = &s->query.prometheus,
		[OG_GF_LOKI] = &s->query.loki,
		[OG_GF_TEMPO] = &s->query.tempo,
		[OG_GF_PYROSCOPE] = &s->query.pyroscope};
	static const enum og_probe_protocol protocols[] = {
		[OG_PROTOCOL_HTTP_PROTOBUF] = OG_PROBE_PROTOBUF,
		[OG_PROTOCOL_HTTP_JSON] = OG_PROBE_JSON,
		[OG_PROTOCOL_GRPC] = OG_PROBE_GRPC};

	p->name = s->name;
	p->base = s->receiver.endpoint;
	for (int i = 0; i < OG_OTLP_PROFILES; i++)
		p->own[i] = s->receiver.signal_endpoint[i];
	p->profiles = s->receiver.signal_endpoint[OG_SIGNAL_PROFILES];
	p->o.protocol = protocols[s->receiver.protocol];
	p->o.gzip = s->receiver.compression == OG_COMPRESSION_GZIP;
	p->o.cluster = s->cluster_name;
	p->o.field = og_svz(og_arena_fmt(
		p->cli->arena, "spec.receiver.endpoint of GrafanaStack %.*s", OG_SV_ARG(s->name)));
	p->o.profiles_field = og_svz(og_arena_fmt(p->cli->arena,
		"spec.receiver.endpoints.profiles of GrafanaStack %.*s", OG_SV_ARG(s->name)));
	for (int b = 0; b < OG_GF_COUNT_; b++)
		p->backend[b] = (struct og_gf_endpoint){.url = q[b]->url, .user = q[b]->user};
}

static int pick_stack(struct probe_plan *p, const struct og_config *c, const char *name)
{
	for (uint32_t i = 0; i < c->nstacks; i++)
		if (name ? og_sv_eq(c->stacks[i].name, og_svz(name)) : c->nstacks == 1)
			p->stack = &c->stacks[i];
	if (p->stack)
		return OG_EXIT_PASS;
	if (name)
		og_cli_error(p->cli, "the configuration has no GrafanaStack \"%s\"", name);
	else if (!c->nstacks)
		og_cli_error(p->cli, "the configuration has no GrafanaStack");
	else
		return og_cli_usage(p->cli,
			"the configuration has %u GrafanaStacks: name one of them", c->nstacks);
	return OG_EXIT_FAULT;
}

static int take_signals(struct probe_plan *p)
{
	struct og_sv rest = og_svz(p->args->signals), word;
	enum og_signal s;

	for (int i = 0; !p->args->signals && i < OG_OTLP_SIGNAL_COUNT_; i++)
		p->o.target[i].wanted = true;
	while (og_sv_split(&rest, ',', &word)) {
		if (!og_signal_parse(og_sv_trim(word), &s))
			return og_cli_usage(p->cli,
				"--signals takes metrics, traces, logs and profiles, separated by commas");
		p->o.target[s].wanted = true;
	}
	return OG_EXIT_PASS;
}

int probe_plan_make(
	struct og_cli *cli, const struct probe_args *a, const char *stack, struct probe_plan *ret)
{
	const struct og_config *config = NULL;
	int code = OG_EXIT_PASS;

	*ret = (struct probe_plan){.cli = cli, .args = a};
	ret->o.field = OG_SV("--endpoint");
	ret->o.profiles_field = OG_SV("--profiles-url");
	if (a->endpoint && !stack && !a->config.n) {
		/* flags alone */
	} else if (a->config.n) {
		code = og_cli_config_load(cli, a->config.v, a->config.n, -1, &config);
		if (code == OG_EXIT_PASS)
			code = pick_stack(ret, config, stack);
		if (code == OG_EXIT_PASS && ret->stack->credentials.present && !a->token_file &&
			!a->headers_file)
			return og_cli_usage(cli,
				"the credentials of the stack are in a Secret of the cluster: give --instance-id and --token-file, or leave --config away");
	} else if (!a->slug || stack || !a->token_file) {
		code = probe_plan_cluster(ret, stack);
	}
	if (code != OG_EXIT_PASS)
		return code;
	if (ret->stack)
		take_stack(ret);
	take_flags(ret);
	code = take_signals(ret);
	if (code == OG_EXIT_PASS)
		code = take_credentials(ret);
	return code == OG_EXIT_PASS ? take_files(ret) : code;
}

/* ---- discovery ---- */

struct finding_stack {
	struct probe_plan *p;
	bool done;
	enum og_gf_state state;
	struct og_gf_stack stack;
	struct og_sv message;
};

static struct og_sv keep(struct probe_plan *p, struct og_sv s)
{
	return og_arena_sv(p->cli->arena, s);
}

static void on_discovered(void *ctx, const struct og_gf_discovered *d)
{
	struct finding_stack *f = ctx;

	f->done = true;
	f->state = d->state;
	f->message = keep(f->p, d->message);
	if (!d->stack)
		return;
	f->stack.id = keep(f->p, d->stack->id);
	f->stack.otlp.url = keep(f->p, d->stack->otlp.url);
	f->stack.otlp.user = keep(f->p, d->stack->otlp.user);
	for (int b = 0; b < OG_GF_COUNT_; b++) {
		f->stack.backend[b].url = keep(f->p, d->stack->backend[b].url);
		f->stack.backend[b].user = keep(f->p, d->stack->backend[b].user);
	}
}

static void use_stack(struct probe_plan *p, const struct og_gf_stack *s)
{
	if (!p->base.n)
		p->base = s->otlp.url;
	if (og_sv_eq(p->base, s->otlp.url))
		p->o.stack_id = s->otlp.user;
	if (p->args->token_file && !p->args->user && s->otlp.user.n)
		(void)probe_basic_header(s->otlp.user,
			og_sv(og_secret_expose(&p->password), og_secret_len(&p->password)),
			&p->headers);
	if (!p->profiles.n)
		p->profiles = s->backend[OG_GF_PYROSCOPE].url;
	if (!p->args->profiles_user && s->backend[OG_GF_PYROSCOPE].user.n &&
		og_sv_eq(p->profiles, s->backend[OG_GF_PYROSCOPE].url))
		(void)og_secret_set(&p->user, s->backend[OG_GF_PYROSCOPE].user.p,
			s->backend[OG_GF_PYROSCOPE].user.n, NULL);
	for (int b = 0; b < OG_GF_COUNT_; b++) {
		if (!p->backend[b].url.n)
			p->backend[b].url = s->backend[b].url;
		if (!p->backend[b].user.n)
			p->backend[b].user = s->backend[b].user;
	}
}

static int discover(struct probe_plan *p, struct og_loop *loop, struct og_httpc *http)
{
	struct og_sv slug = p->args->slug ? og_svz(p->args->slug)
			    : p->stack	  ? p->stack->slug
					  : og_sv("", 0);
	struct finding_stack f = {.p = p};
	struct og_err err = OG_ERR_INIT;
	struct og_gf_discovery_opts o = {.loop = loop,
		.http = http,
		.url = og_svz(p->args->grafana_com),
		.slug = slug,
		.token = &p->query_token,
		.ca_pem = p->args->grafana_com ? p->o.ca_pem : og_sv("", 0),
		.proxy = p->o.proxy};

	if (!slug.n || !og_secret_is_set(&p->query_token))
		return OG_EXIT_PASS;
	if (og_gf_discover(&o, &f, on_discovered, NULL, &err) < 0)
		return og_cli_fail(p->cli, &err);
	while (!f.done)
		(void)og_loop_turn(loop, 1000);
	if (f.state == OG_GF_PRESENT)
		use_stack(p, &f.stack);
	else
		og_cli_error(p->cli, "stack %.*s could not be looked up: %.*s", OG_SV_ARG(slug),
			OG_SV_ARG(f.message));
	return OG_EXIT_PASS;
}

/* ---- the proxy of the environment, as Go reads it (golang.org/x/net/http/httpproxy) ---- */

static bool no_proxy(struct og_sv list, struct og_sv host)
{
	struct og_sv word;

	while (og_sv_split(&list, ',', &word)) {
		word = og_sv_trim(word);
		size_t colon = og_sv_chr(word, ':');
		if (colon < word.n && word.p[0] != '[')
			word.n = colon;
		if (og_sv_is(word, "*") || og_sv_caseeq(word, host))
			return true;
		if (word.n && word.p[0] == '*')
			word = og_sv(word.p + 1, word.n - 1);
		bool dot = word.n && word.p[0] == '.';
		size_t n = word.n + (dot ? 0 : 1);
		if (word.n && host.n > n - (dot ? 1 : 0) && host.n >= n &&
			og_sv_caseeq(og_sv(host.p + host.n - word.n, word.n), word) &&
			(dot || host.p[host.n - n] == '.'))
			return true;
	}
	return false;
}

static const char *env_of(struct og_cli *cli, const char *upper, const char *lower)
{
	const char *v = cli->env(upper);
	if (!v || !*v)
		v = cli->env(lower);
	return v && *v ? v : NULL;
}

static void take_proxy(struct probe_plan *p)
{
	struct og_url u;
	const char *named = p->args->proxy;

	if (named) {
		p->o.proxy = strcmp(named, "none") == 0 ? NULL : named;
		return;
	}
	if (og_url_parse(p->base.n ? p->base : p->profiles, &u, NULL) < 0 || og_url_is_loopback(&u))
		return;
	const char *proxy = u.https ? env_of(p->cli, "HTTPS_PROXY", "https_proxy")
				    : env_of(p->cli, "HTTP_PROXY", "http_proxy");
	const char *none = env_of(p->cli, "NO_PROXY", "no_proxy");
	if (!proxy || (none && no_proxy(og_svz(none), u.host)))
		return;
	p->o.proxy = strstr(proxy, "://") ? proxy : og_arena_fmt(p->cli->arena, "http://%s", proxy);
}

/* ---- the whole ---- */

static void name_ids(struct probe_plan *p)
{
	static const char *const what[OG_GF_COUNT_] = {"the Prometheus data source",
		"the Loki data source", "the Tempo data source", "the Pyroscope data source"};

	for (int b = 0; b < OG_GF_COUNT_; b++)
		if (p->backend[b].user.n)
			p->ids[p->o.nids++] = (struct og_send_id){what[b], p->backend[b].user};
	p->o.ids = p->ids;
}

static int make_targets(struct probe_plan *p)
{
	for (int i = 0; i < OG_OTLP_SIGNAL_COUNT_; i++) {
		enum og_otlp_signal s = (enum og_otlp_signal)i;
		struct og_buf url = OG_BUF_INIT(OG_URL_BYTES);
		bool profiles = s == OG_OTLP_PROFILES;
		if (!p->o.target[i].wanted)
			continue;
		/* nobody asked for profiles by name, and there is no place for them */
		if (profiles && !p->profiles.n && !p->args->signals) {
			p->o.target[i].wanted = false;
			continue;
		}
		bool ok = og_probe_url(
			s, p->base, profiles ? p->profiles : p->own[i], &url, &p->o.target[i]);
		p->o.target[i].url = ok ? keep(p, og_buf_view(&url)) : og_sv("", 0);
		bool failed = url.failed || (ok && !p->o.target[i].url.p);
		og_buf_fini(&url);
		if (failed)
			return no_memory(p);
	}
	return OG_EXIT_PASS;
}

int probe_plan_complete(struct probe_plan *p, struct og_loop *loop, struct og_httpc *http)
{
	take_proxy(p);
	int code = discover(p, loop, http);
	if (code != OG_EXIT_PASS)
		return code;
	take_proxy(p);
	name_ids(p);
	p->o.loop = loop;
	p->o.http = http;
	p->o.headers = &p->headers;
	p->o.profiles_user = &p->user;
	p->o.profiles_password = &p->password;
	p->o.key_pem = &p->key;
	p->o.insecure = p->args->insecure;
	p->o.service_namespace = OG_SV("otelgate");
	p->o.k8s_namespace = OG_SV("otelgate");
	p->o.k8s_pod = OG_SV(OG_PROBE_SERVICE);
	p->o.revision = OG_SV("probe");
	p->o.version = OG_SV(OG_VERSION);
	p->o.timeout_ms = p->args->timeout_ms;
	p->o.connect_ms = p->args->connect_ms;
	for (int b = 0; b < OG_GF_COUNT_; b++)
		p->backend[b].token = og_secret_is_set(&p->query_token) ? &p->query_token : NULL;
	return make_targets(p);
}
