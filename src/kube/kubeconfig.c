/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing context, cluster and user, and making one access of them. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include "kubeconfig-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/kobj/names.h"

enum { QUOTED_BYTES = 80, NAMES_SHOWN = 5, ARENA_BYTES = 8 << 10 };

/* --- what all parts use --- */

int kcf_oom(struct kcf_load *l)
{
	return og_err_set(l->err, OG_E_OOM, "out of memory while reading the kubeconfig");
}

/* The largest length up to n that does not end inside a character. */
static size_t whole_chars(const char *p, size_t n)
{
	size_t at = n;
	while (at > 0 && ((unsigned char)p[at - 1] & 0xc0) == 0x80)
		at--;
	if (at == 0 || (unsigned char)p[at - 1] < 0xc0)
		return n;
	unsigned char lead = (unsigned char)p[at - 1];
	size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	return n - (at - 1) >= want ? n : at - 1;
}

/* vsnprintf that keeps UTF-8 whole. */
static void format_text(char *text, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
static void format_text(char *text, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(text, size, fmt, ap);
	if (n >= (int)size)
		text[whole_chars(text, size - 1)] = '\0';
}

void kcf_put_quoted(struct og_buf *b, struct og_sv s)
{
	size_t n = s.n > QUOTED_BYTES ? whole_chars(s.p, QUOTED_BYTES) : s.n;
	og_buf_ch(b, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < ' ' || c == 0x7f || c == '"')
			og_buf_fmt(b, "\\x%02x", c);
		else
			og_buf_ch(b, s.p[i]);
	}
	og_buf_str(b, n < s.n ? "...\"" : "\"");
}

const char *kcf_quote(struct kcf_load *l, struct og_sv s)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	kcf_put_quoted(&b, s);
	const char *q = b.failed ? NULL : og_arena_strndup(&l->tmp, b.p, b.len);
	return q ? q : "\"?\"";
}

bool kcf_warn(struct kcf_load *l, const char *fmt, ...)
{
	if (l->nwarnings == l->warnings_cap) {
		size_t cap = l->warnings_cap ? l->warnings_cap * 2 : 4;
		const char **v = og_arena_new_n(&l->a->arena_, cap, const char *);
		if (!v)
			return false;
		if (l->nwarnings)
			memcpy(v, l->warnings, l->nwarnings * sizeof(*v));
		l->warnings = v;
		l->warnings_cap = cap;
	}
	char text[OG_ERR_MSG_BYTES];
	va_list ap;
	va_start(ap, fmt);
	format_text(text, sizeof(text), fmt, ap);
	va_end(ap);
	const char *kept = kcf_keep(l, og_svz(text));
	if (!kept)
		return false;
	l->warnings[l->nwarnings++] = kept;
	return true;
}

struct og_sv kcf_env(struct kcf_load *l, const char *name)
{
	return og_svz(l->env->get(l->env->ctx, name));
}

const char *kcf_keep(struct kcf_load *l, struct og_sv s)
{
	return og_arena_strndup(&l->a->arena_, s.p, s.n);
}

int kcf_fail_at(struct kcf_load *l, const struct kcf_file *f, struct og_jval at, enum og_code code,
	const char *fmt, ...)
{
	char text[OG_ERR_MSG_BYTES];
	uint32_t line = 1, col = 1;
	va_list ap;
	va_start(ap, fmt);
	format_text(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!f)
		return og_err_set(l->err, code, "%s", text);
	if (f->root)
		og_source_position(f->root, at, &line, &col);
	return og_err_set(l->err, code, "%s:%u:%u: %s", f->path, line, col, text);
}

struct og_jval kcf_field_at(const struct kcf_entry *e, const char *key)
{
	static const char *const members[] = {"cluster", "user", "context"};
	for (size_t i = 0; i < OG_COUNT(members); i++) {
		struct og_jval v = og_jget(og_jget(e->at, og_svz(members[i])), og_svz(key));
		if (v.d)
			return v;
	}
	return e->at;
}

/* --- environment --- */

static const char *system_get(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static struct og_kube_env system_env = {.get = system_get};

static void note_environ(void)
{
	system_env.vars = environ;
}

const struct og_kube_env *og_kube_env_system(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, note_environ);
	return &system_env;
}

/* --- choosing --- */

/* "(there are a, b, c)" or "(did you mean a?)" */
static const char *others(struct kcf_load *l, enum kcf_kind kind, struct og_sv name)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	const struct og_map *m = &l->by_name[kind];
	const char *near = NULL;
	size_t n = 0;
	og_map_for (m, e) {
		const char *one[1] = {e->key.p};
		if (name.n && !near)
			near = og_suggest(name, one, 1);
	}
	if (near)
		return og_arena_fmt(&l->tmp, " (did you mean %s?)", kcf_quote(l, og_svz(near)));
	og_map_for (m, e) {
		if (n++ < NAMES_SHOWN)
			og_buf_fmt(&b, "%s%s", n > 1 ? ", " : "", kcf_quote(l, e->key));
	}
	if (!n || b.failed)
		return "";
	return og_arena_fmt(&l->tmp, " (there %s %s%s)", n == 1 ? "is" : "are", b.p,
		n > NAMES_SHOWN ? ", ..." : "");
}

static const char *text_or_empty(const char *s)
{
	return s ? s : "";
}

static int no_such(struct kcf_load *l, enum kcf_kind kind, const char *flag, struct og_sv name)
{
	return og_err_set(l->err, OG_E_NOT_FOUND, "--%s: there is no %s %s%s", flag, flag,
		kcf_quote(l, name), text_or_empty(others(l, kind, name)));
}

static int pick_context(struct kcf_load *l, struct kcf_choice *c)
{
	struct og_sv name = l->fl->context ? og_svz(l->fl->context) : l->current;
	if (!name.n)
		return 0;
	c->context = og_map_get(&l->by_name[KC_CONTEXTS], name);
	if (c->context)
		return 0;
	if (l->fl->context)
		return no_such(l, KC_CONTEXTS, "context", name);
	return kcf_fail_at(l, l->current_file, l->current_at, OG_E_NOT_FOUND,
		"current-context: there is no context %s%s", kcf_quote(l, name),
		text_or_empty(others(l, KC_CONTEXTS, name)));
}

/* Cluster or user: the flag's, else the context's. *ret stays when neither names one. */
static int pick_part(struct kcf_load *l, const struct kcf_choice *c, enum kcf_kind kind,
	const char *flag, struct og_sv in_context, const void **ret)
{
	const char *what = kind == KC_CLUSTERS ? "cluster" : "user";
	struct og_sv name = flag ? og_svz(flag) : in_context;
	if (!name.n)
		return 0;
	const void *found = og_map_get(&l->by_name[kind], name);
	if (found) {
		*ret = found;
		return 0;
	}
	if (flag)
		return no_such(l, kind, what, name);
	return kcf_fail_field(l, &c->context->e, what, OG_E_NOT_FOUND,
		"context %s names the %s %s, which does not exist%s",
		kcf_quote(l, c->context->e.name), what, kcf_quote(l, name),
		text_or_empty(others(l, kind, name)));
}

static int no_configuration(struct kcf_load *l)
{
	if (l->tmp.failed)
		return kcf_oom(l);
	const char *pod = kcf_env(l, "KUBERNETES_SERVICE_HOST").n
				  ? "the service account's token is not there "
				    "(automountServiceAccountToken: false?)"
				  : "this is no pod (KUBERNETES_SERVICE_HOST is not set)";
	if (og_map_count(&l->by_name[KC_CONTEXTS]))
		return og_err_set(l->err, OG_E_CONFIG,
			"%s: no current-context is set: choose one with --context%s", l->files[0],
			text_or_empty(others(l, KC_CONTEXTS, OG_SV(""))));
	if (l->nfiles)
		return og_err_set(l->err, OG_E_CONFIG,
			"no cluster to talk to: %s has no contexts, and %s; use --kubeconfig, "
			"KUBECONFIG or --server",
			l->files[0], pod);
	return og_err_set(l->err, OG_E_NOT_FOUND,
		"no cluster to talk to: %s%s, and %s; use --kubeconfig, KUBECONFIG or --server",
		l->missing ? l->missing : "there is no kubeconfig",
		l->missing ? " does not exist" : "", pod);
}

/* The namespace, and where it is from. */
static int set_namespace(struct kcf_load *l, const struct kcf_choice *c, bool pod)
{
	struct og_kube_access *a = l->a;
	struct og_sv ns = OG_SV("");
	int rc = 0;
	a->ns_from = OG_KUBE_NS_DEFAULT;
	if (l->fl->ns) {
		ns = og_svz(l->fl->ns);
		a->ns_from = OG_KUBE_NS_FLAG;
	} else if (c->context && c->context->ns.n) {
		ns = c->context->ns;
		a->ns_from = OG_KUBE_NS_CONTEXT;
	} else if (pod) {
		rc = kcf_pod_namespace(l, &ns);
		if (ns.n)
			a->ns_from = OG_KUBE_NS_POD;
	}
	if (rc)
		return rc;
	if (a->ns_from == OG_KUBE_NS_DEFAULT)
		ns = OG_SV("default");
	if (!og_name_is_dns_label(ns)) {
		static const char rule[] = "is no namespace: at most 63 of a-z, 0-9 and \"-\"";
		const char *q = kcf_quote(l, ns);
		if (a->ns_from == OG_KUBE_NS_FLAG)
			return og_err_set(l->err, OG_E_USAGE, "--namespace: %s %s", q, rule);
		if (a->ns_from == OG_KUBE_NS_POD)
			return og_err_set(l->err, OG_E_CONFIG,
				"the pod's namespace (POD_NAMESPACE or %s/namespace): %s %s",
				l->sa_dir, q, rule);
		return kcf_fail_field(
			l, &c->context->e, "namespace", OG_E_CONFIG, "namespace: %s %s", q, rule);
	}
	a->ns = kcf_keep(l, ns);
	return a->ns ? 0 : kcf_oom(l);
}

static int set_names(struct kcf_load *l, const struct kcf_choice *c)
{
	struct og_kube_access *a = l->a;
	const struct og_sv none = OG_SV("");
	const struct og_sv names[3] = {
		c->context ? c->context->e.name : none, c->cluster->e.name, c->user->e.name};
	const char **to[3] = {&a->context, &a->cluster, &a->user};
	for (int i = 0; i < 3; i++) {
		if (names[i].n && !(*to[i] = kcf_keep(l, names[i])))
			return kcf_oom(l);
	}
	if (a->in_cluster)
		a->source = og_arena_fmt(&a->arena_, "the pod's service account (%s)", l->sa_dir);
	else if (a->context)
		a->source = og_arena_fmt(&a->arena_, "context %s of %s",
			kcf_quote(l, c->context->e.name), c->context->e.file->path);
	else if (a->cluster)
		a->source = og_arena_fmt(&a->arena_, "cluster %s of %s",
			kcf_quote(l, c->cluster->e.name), c->cluster->e.file->path);
	else
		a->source = kcf_keep(l, OG_SV("the command line (--server)"));
	const char **files = og_arena_new_n(&a->arena_, l->nfiles + 1, const char *);
	if (!a->source || !files)
		return kcf_oom(l);
	for (size_t i = 0; i < l->nfiles; i++) {
		files[i] = kcf_keep(l, og_svz(l->files[i]));
		if (!files[i])
			return kcf_oom(l);
	}
	a->files = files;
	a->nfiles = l->nfiles;
	return 0;
}

static int choose(struct kcf_load *l, struct kcf_choice *c, struct kcf_cluster *own_cluster,
	struct kcf_user *own_user, bool pod)
{
	c->cluster = own_cluster;
	c->user = own_user;
	int rc = pick_context(l, c);
	const void *cluster = own_cluster, *user = own_user;
	const struct og_sv none = OG_SV("");
	if (!rc)
		rc = pick_part(l, c, KC_CLUSTERS, l->fl->cluster,
			c->context ? c->context->cluster : none, &cluster);
	if (!rc)
		rc = pick_part(
			l, c, KC_USERS, l->fl->user, c->context ? c->context->user : none, &user);
	if (rc)
		return rc;
	c->cluster = cluster;
	c->user = user;
	if (c->context && cluster == own_cluster && !l->fl->server)
		return kcf_fail_entry(l, &c->context->e, OG_E_CONFIG,
			"context %s names no cluster: add cluster: NAME, or use --cluster or --server",
			kcf_quote(l, c->context->e.name));
	if (c->context || cluster != own_cluster || l->fl->server)
		return 0;
	if (user != own_user)
		return og_err_set(l->err, OG_E_USAGE,
			"--user needs a cluster: use --context, --cluster or --server too");
	return pod ? kcf_pod_entries(l, own_cluster, own_user) : no_configuration(l);
}

/* The service account and nothing else. */
static int only_pod(struct kcf_load *l)
{
	static const char use[] = "--service-account-dir";
	const struct og_kube_flags *f = l->fl;
	const struct {
		const char *name, *value;
	} others_[] = {{"kubeconfig", f->kubeconfig}, {"context", f->context},
		{"cluster", f->cluster}, {"user", f->user}, {"server", f->server}};
	for (size_t i = 0; i < OG_COUNT(others_); i++)
		if (others_[i].value)
			return og_err_set(l->err, OG_E_USAGE,
				"%s and --%s are two sources of one thing: leave one of them out",
				use, others_[i].name);
	if (kcf_pod_possible(l))
		return 0;
	if (!kcf_env(l, "KUBERNETES_SERVICE_HOST").n || !kcf_env(l, "KUBERNETES_SERVICE_PORT").n)
		return og_err_set(l->err, OG_E_NOT_FOUND,
			"%s: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT have to say where the "
			"API server is, as in a pod",
			use);
	return og_err_set(l->err, OG_E_NOT_FOUND, "%s: there is no token in %s", use, l->sa_dir);
}

static int resolve(struct kcf_load *l)
{
	struct kcf_cluster own_cluster = {.e = {.name = OG_SV("")}};
	struct kcf_user own_user = {.e = {.name = OG_SV("")}};
	struct kcf_choice c = {.context = NULL};
	int rc = l->pod_only ? only_pod(l) : kcf_read_files(l);
	if (rc)
		return rc;
	bool pod = kcf_pod_possible(l);
	rc = choose(l, &c, &own_cluster, &own_user, pod);
	if (!rc)
		rc = kcf_set_server(l, &c);
	if (!rc)
		rc = kcf_set_user(l, &c);
	if (!rc)
		rc = set_namespace(l, &c, pod);
	if (!rc)
		rc = set_names(l, &c);
	l->a->warnings = l->warnings;
	l->a->nwarnings = l->nwarnings;
	/* og_jstr_or_empty gives "" where memory was out */
	return !rc && (l->tmp.failed || l->a->arena_.failed) ? kcf_oom(l) : rc;
}

/* An empty flag is one that was not given, as with kubectl. */
static void drop_empty(struct og_kube_flags *f)
{
	const char **all[] = {&f->kubeconfig, &f->context, &f->cluster, &f->user, &f->ns,
		&f->server, &f->tls_server_name, &f->certificate_authority, &f->token,
		&f->client_certificate, &f->client_key, &f->as, &f->as_uid, &f->request_timeout};
	for (size_t i = 0; i < OG_COUNT(all); i++)
		if (*all[i] && !**all[i])
			*all[i] = NULL;
}

int og_kube_access_load(
	const struct og_kube_options *o, struct og_kube_access **ret, struct og_err *err)
{
	struct og_err own = OG_ERR_INIT;
	struct og_kube_flags flags = o->flags;
	struct kcf_load l = {.fl = &flags,
		.env = o->env ? o->env : og_kube_env_system(),
		.sa_dir = o->service_account_dir ? o->service_account_dir
						 : OG_KUBE_SERVICE_ACCOUNT_DIR,
		.pod_only = o->service_account_only,
		.err = err ? err : &own};
	uint64_t seed = 0;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uint64_t)(uintptr_t)&seed;
	drop_empty(&flags);
	l.a = og_calloc(1, sizeof(*l.a));
	if (!l.a)
		return kcf_oom(&l);
	og_arena_init(&l.a->arena_, ARENA_BYTES, 0);
	og_arena_init(&l.tmp, 0, 0);
	for (int i = 0; i < KC_KINDS; i++)
		og_map_init(&l.by_name[i], seed, &l.tmp);
	int rc = resolve(&l);
	og_arena_wipe(&l.tmp);
	if (rc) {
		og_kube_access_free(l.a);
		return rc;
	}
	*ret = l.a;
	return 0;
}

void og_kube_access_free(struct og_kube_access *a)
{
	if (!a)
		return;
	og_secret_fini(&a->token);
	og_secret_fini(&a->client_key);
	og_arena_wipe(&a->arena_);
	og_wipe(a, sizeof(*a));
	og_free(a);
}

void og_kube_access_free_ptr_(struct og_kube_access **a)
{
	og_kube_access_free(*a);
}
