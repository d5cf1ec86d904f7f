/* SPDX-License-Identifier: Apache-2.0 */
/* An access as a kubeconfig again: what "kubectl config view --minify" prints of one. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/kube/kubeconfig.h"

struct writer {
	struct og_buf *b;
	bool raw, flatten;
	bool first; /* of the object being written */
};

static void key(struct writer *w, const char *name)
{
	if (!w->first)
		og_buf_ch(w->b, ',');
	w->first = false;
	og_jw_str(w->b, og_svz(name));
	og_buf_ch(w->b, ':');
}

static void open_object(struct writer *w, const char *name)
{
	if (name)
		key(w, name);
	og_buf_ch(w->b, '{');
	w->first = true;
}

static void close_object(struct writer *w)
{
	og_buf_ch(w->b, '}');
	w->first = false;
}

static void str(struct writer *w, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	key(w, name);
	og_jw_str(w->b, og_svz(value));
}

static void flag(struct writer *w, const char *name, bool value)
{
	if (!value)
		return;
	key(w, name);
	og_buf_lit(w->b, "true");
}

static void strs(struct writer *w, const char *name, const char *const *v, size_t n)
{
	if (!n)
		return;
	key(w, name);
	for (size_t i = 0; i < n; i++) {
		og_buf_ch(w->b, i ? ',' : '[');
		og_jw_str(w->b, og_svz(v[i]));
	}
	og_buf_ch(w->b, ']');
}

static void secret(struct writer *w, const char *name, const struct og_secret *s)
{
	if (!og_secret_is_set(s))
		return;
	key(w, name);
	if (w->raw)
		og_jw_str(w->b, og_sv(og_secret_expose(s), og_secret_len(s)));
	else
		og_buf_lit(w->b, "\"REDACTED\"");
}

/* The path, or what it holds under name-data. */
static void file_or_data(struct writer *w, const char *name, const char *data_name,
	const char *path, struct og_sv data, const char *hidden)
{
	if (path && !w->flatten) {
		str(w, name, path);
		return;
	}
	if (!data.n)
		return;
	key(w, data_name);
	og_buf_ch(w->b, '"');
	if (w->raw)
		og_base64_encode(w->b, data);
	else
		og_buf_str(w->b, hidden);
	og_buf_ch(w->b, '"');
}

static void put_cluster(struct writer *w, const struct og_kube_access *a, const char *name)
{
	key(w, "clusters");
	og_buf_ch(w->b, '[');
	open_object(w, NULL);
	str(w, "name", name);
	open_object(w, "cluster");
	file_or_data(w, "certificate-authority", "certificate-authority-data", a->ca_file, a->ca,
		"DATA+OMITTED");
	flag(w, "disable-compression", a->disable_compression);
	if (a->exec.cluster_config.n) {
		key(w, "extensions");
		og_buf_lit(w->b, "[{\"name\":\"client.authentication.k8s.io/exec\",\"extension\":");
		og_buf_sv(w->b, a->exec.cluster_config);
		og_buf_lit(w->b, "}]");
	}
	flag(w, "insecure-skip-tls-verify", a->insecure);
	str(w, "proxy-url", w->raw ? a->proxy_url : a->proxy_shown);
	str(w, "server", a->server);
	str(w, "tls-server-name", a->tls_server_name);
	close_object(w);
	close_object(w);
	og_buf_ch(w->b, ']');
}

static void put_exec(struct writer *w, const struct og_kube_exec *x)
{
	static const char *const modes[] = {"Never", "IfAvailable", "Always"};
	if (!x->command)
		return;
	open_object(w, "exec");
	str(w, "apiVersion", x->api_version);
	strs(w, "args", x->args, x->nargs);
	str(w, "command", x->command);
	if (x->nenv)
		key(w, "env");
	for (size_t i = 0; i < x->nenv; i++) {
		og_buf_ch(w->b, i ? ',' : '[');
		open_object(w, NULL);
		str(w, "name", x->env[i].name);
		key(w, "value");
		og_jw_str(w->b, og_svz(w->raw ? x->env[i].value : "REDACTED"));
		close_object(w);
	}
	if (x->nenv)
		og_buf_ch(w->b, ']');
	str(w, "installHint", x->install_hint);
	str(w, "interactiveMode", modes[x->interactive]);
	key(w, "provideClusterInfo");
	og_buf_str(w->b, x->provide_cluster_info ? "true" : "false");
	close_object(w);
}

static void put_identity(struct writer *w, const struct og_kube_access *a)
{
	str(w, "as", a->as);
	strs(w, "as-groups", a->as_groups, a->nas_groups);
	str(w, "as-uid", a->as_uid);
	if (!a->nas_extra)
		return;
	open_object(w, "as-user-extra");
	for (size_t i = 0; i < a->nas_extra; i++) {
		const struct og_kube_extra *x = &a->as_extra[i];
		if (x->nvalues) {
			strs(w, x->key, x->values, x->nvalues);
			continue;
		}
		key(w, x->key);
		og_buf_lit(w->b, "[]");
	}
	close_object(w);
}

static void put_user(struct writer *w, const struct og_kube_access *a, const char *name)
{
	key(w, "users");
	og_buf_ch(w->b, '[');
	open_object(w, NULL);
	str(w, "name", name);
	open_object(w, "user");
	put_identity(w, a);
	file_or_data(w, "client-certificate", "client-certificate-data", a->client_cert_file,
		a->client_cert, "DATA+OMITTED");
	struct og_sv k = og_sv(og_secret_expose(&a->client_key), og_secret_len(&a->client_key));
	file_or_data(w, "client-key", "client-key-data", a->client_key_file, k, "DATA+OMITTED");
	put_exec(w, &a->exec);
	secret(w, "token", &a->token);
	str(w, "tokenFile", a->token_file);
	close_object(w);
	close_object(w);
	og_buf_ch(w->b, ']');
}

void og_kube_access_write(
	const struct og_kube_access *a, bool raw, bool flatten, struct og_buf *out)
{
	struct writer w = {.b = out, .raw = raw, .flatten = flatten, .first = true};
	const char *context = a->context ? a->context : a->in_cluster ? "in-cluster" : "otelgate";
	const char *cluster = a->cluster ? a->cluster : context;
	const char *user = a->user ? a->user : context;
	open_object(&w, NULL);
	str(&w, "apiVersion", "v1");
	put_cluster(&w, a, cluster);
	key(&w, "contexts");
	og_buf_ch(out, '[');
	open_object(&w, NULL);
	str(&w, "name", context);
	open_object(&w, "context");
	str(&w, "cluster", cluster);
	if (a->ns_from != OG_KUBE_NS_DEFAULT)
		str(&w, "namespace", a->ns);
	str(&w, "user", user);
	close_object(&w);
	close_object(&w);
	og_buf_ch(out, ']');
	str(&w, "current-context", context);
	str(&w, "kind", "Config");
	put_user(&w, a, user);
	close_object(&w);
}
