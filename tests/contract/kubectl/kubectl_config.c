/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same kubeconfigs given to kubectl and to otelgate: what "kubectl config view --minify --raw"
 * prints is what og_kube_access_write writes, and the credentials that kubectl sends to a server
 * are those of the access. Where the two differ on purpose, the table says so.
 *
 * KUBECTL names another kubectl. Without one the comparison is skipped, and that is said.
 */
#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/kube/execplugin.h"
#include "support/http_fixture.h"
#include "support/kubeworld.h"
#include "support/suite.h"

static struct og_kubeworld w;
static struct pki pki;
static char url[64];

static const char *kubectl(void)
{
	const char *k = getenv("KUBECTL");
	return k && *k ? k : "kubectl";
}

/* Runs kubectl in the folder of the test, with nothing of the real environment. */
static int run_kubectl(const char *args)
{
	char cmd[4096];
	const char *list = w.env.get(&w, "KUBECONFIG");
	int n = snprintf(cmd, sizeof(cmd),
		"cd '%s' && env -i HOME='%s' PATH=\"$PATH\" %s%s%s timeout 60 %s %s >out 2>err "
		"</dev/null",
		w.dir.path, w.dir.path, list ? "KUBECONFIG='" : "", list ? list : "",
		list ? "'" : "", kubectl(), args);
	ck_assert_int_lt(n, (int)sizeof(cmd));
	int rc = system(cmd);
	ck_assert(rc != -1 && WIFEXITED(rc));
	ck_assert_int_ne(WEXITSTATUS(rc), 124);
	return WEXITSTATUS(rc);
}

static struct og_sv file(const char *name, struct og_buf *b)
{
	ck_assert_int_eq(og_kube_read_file(og_kubeworld_path(&w, name), 1 << 20, b, NULL), 0);
	return og_buf_view(b);
}

static void setup(void)
{
	og_kubeworld_init(&w);
	ck_assert(pki_make(&pki));
}

static void teardown(void)
{
	pki_fini(&pki);
	og_kubeworld_fini(&w);
}

/* --- 1. config view --- */

#define CONTEXTS                                                         \
	"contexts:\n- {name: a, context: {cluster: c, user: u}}\n"       \
	"- {name: b, context: {cluster: d, user: v, namespace: ns-b}}\n" \
	"current-context: a\n"
#define C(fields) "clusters:\n- {name: c, cluster: {server: 'https://c:6443', " fields "}}\n"
#define U(fields) "users:\n- {name: u, user: {" fields "}}\n"
#define SIMPLE	  C("disable-compression: false") U("token: tok") CONTEXTS

enum verdict {
	SAME,
	BOTH_REFUSE,
	WE_REFUSE /* kubectl's view shows it, and otelgate does not take it */
};

static const struct {
	const char *one, *two; /* files; two may be NULL */
	const char *list;      /* KUBECONFIG, with %DIR%; NULL = --kubeconfig one */
	const char *context;
	enum verdict verdict;
} views[] = {
	{SIMPLE, NULL, "%DIR%/one", NULL, SAME},
	{SIMPLE, NULL, NULL, NULL, SAME},
	{SIMPLE, NULL, "one", NULL, SAME},
	{SIMPLE, NULL, "%DIR%/none::%DIR%/one:%DIR%/one:", NULL, SAME},
	/* merging */
	{"current-context: b\n", SIMPLE "clusters2: x\n", "%DIR%/one:%DIR%/two", "a", SAME},
	{"current-context: ''\n", SIMPLE, "%DIR%/one:%DIR%/two", NULL, SAME},
	{U("as: first"), SIMPLE, "%DIR%/one:%DIR%/two", NULL, SAME},
	{SIMPLE, U("as: second"), "%DIR%/one:%DIR%/two", NULL, SAME},
	{"clusters:\n- {name: d, cluster: {server: 'https://d'}}\nusers: [{name: v}]\n", SIMPLE,
		"%DIR%/one:%DIR%/two", "b", SAME},
	{"", SIMPLE, "%DIR%/one:%DIR%/two", NULL, SAME},
	{"# nothing\n", SIMPLE, "%DIR%/one:%DIR%/two", NULL, SAME},
	{"clusters: null\nusers: ~\n", SIMPLE, "%DIR%/one:%DIR%/two", NULL, SAME},
	{SIMPLE, "clusters: [", "%DIR%/one:%DIR%/two", NULL, BOTH_REFUSE},
	/* forms */
	{"{\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"https://j\",\"x\":1}}],"
	 "\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"\\u0061b\"}}],\"contexts\":[{\"name\":"
	 "\"a\",\"context\":{\"cluster\":\"c\",\"user\":\"u\",\"namespace\":\"n\"}}],"
	 "\"current-context\":\"a\",\"kind\":\"Config\",\"apiVersion\":\"v1\"}",
		NULL, "%DIR%/one", NULL, SAME},
	{SIMPLE "---\ncurrent-context: b\n", NULL, "%DIR%/one", NULL, SAME},
	{"x: &t {token: aliased}\n" C(
		 "disable-compression: true") "users: [{name: u, user: *t}]\n" CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	{"x: &t {token: merged, as: who}\n" C(
		 "insecure-skip-tls-verify: yes") "users: [{name: u, user: {<<: *t, as: me}}]\n" CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	/* fields */
	{C("certificate-authority: ca.crt") U("token: t") CONTEXTS, NULL, "one", NULL, SAME},
	{C("certificate-authority: /proc/self/cwd/ca.crt") U("token: t") CONTEXTS, NULL, NULL, NULL,
		SAME},
	{C("certificate-authority-data: %CA%, tls-server-name: n-1") U("token: t") CONTEXTS, NULL,
		"%DIR%/one", NULL, SAME},
	{C("proxy-url: 'socks5://me:pw@p:1', insecure-skip-tls-verify: true") U("token: t")
			CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	{C("disable-compression: true") U("client-certificate: client.crt, client-key: client.key")
			CONTEXTS,
		NULL, "one", NULL, SAME},
	{C("disable-compression: true") U(
		 "client-certificate-data: %CERT%, client-key-data: %KEY%, token: t") CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	{C("disable-compression: true") U("client-certificate: client.crt, client-key-data: %KEY%")
			CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	{C("disable-compression: true") U("tokenFile: tok, token: beside") CONTEXTS, NULL,
		"%DIR%/one", NULL, SAME},
	{C("disable-compression: true") U("tokenFile: tok") CONTEXTS, NULL, "one", NULL, SAME},
	{C("disable-compression: true") U("as: a, as-uid: '7', as-groups: [g, h], as-user-extra: "
					  "{k: [v, w], z: [x]}") CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	{C("extensions: [{name: client.authentication.k8s.io/exec, extension: {aud: [1, {b: c}]}}]")
			U("exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/x, args: "
			  "[a, '', b], env: [{name: A, value: b}], interactiveMode: IfAvailable, "
			  "provideClusterInfo: true, installHint: 'get it'}") CONTEXTS,
		NULL, "%DIR%/one", NULL, SAME},
	{C("disable-compression: true") U(
		 "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x}") CONTEXTS,
		NULL, "one", NULL, SAME},
	{C("disable-compression: true") "users: [{name: u}]\n" CONTEXTS, NULL, "%DIR%/one", NULL,
		SAME},
	/* both refuse */
	{SIMPLE, NULL, "%DIR%/one", "nowhere", BOTH_REFUSE},
	{"contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n", NULL,
		"%DIR%/one", NULL, BOTH_REFUSE},
	{C("x: y") CONTEXTS, NULL, "%DIR%/one", NULL, BOTH_REFUSE}, /* the user is missing */
	{C("x: y") U("token: t") "contexts: []\n", NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{"", NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{"", NULL, "%DIR%/none", NULL, BOTH_REFUSE},
	{"kind: Pod\napiVersion: v1\n", NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{"apiVersion: v9\nkind: Config\n" SIMPLE, NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{"- a\n", NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{C("x: y") U("token: 12") CONTEXTS, NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{C("x: y") U("token: no") CONTEXTS, NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{C("insecure-skip-tls-verify: 'true'") U("token: t") CONTEXTS, NULL, "%DIR%/one", NULL,
		BOTH_REFUSE},
	{C("certificate-authority-data: '***'") U("token: t") CONTEXTS, NULL, "%DIR%/one", NULL,
		BOTH_REFUSE},
	{C("x: y") U("as-groups: g") CONTEXTS, NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	{C("x: y") "users: [{name: u}, {name: u}]\n" CONTEXTS, NULL, "%DIR%/one", NULL,
		BOTH_REFUSE},
	{C("x: y") U("exec: [x]") CONTEXTS, NULL, "%DIR%/one", NULL, BOTH_REFUSE},
	/* stricter on purpose */
	{C("x: y, x: z") U("token: t") CONTEXTS, NULL, "%DIR%/one", NULL, WE_REFUSE},
	{C("x: y") U("username: a, password: b") CONTEXTS, NULL, "%DIR%/one", NULL, WE_REFUSE},
	{C("x: y") U("auth-provider: {name: oidc}") CONTEXTS, NULL, "%DIR%/one", NULL, WE_REFUSE},
};

static bool is_empty(struct og_jval v)
{
	return og_junset(v) || og_jis(v, OG_J_FALSE) || og_jstr_is(v, "") ||
	       ((og_jis(v, OG_J_ARRAY) || og_jis(v, OG_J_OBJECT)) && og_jcount(v) == 0);
}

/* Equal, but for empty values that one of them leaves out, and "preferences". */
static bool same(struct og_jval a, struct og_jval b, struct og_arena *arena)
{
	if (is_empty(a) || is_empty(b))
		return is_empty(a) && is_empty(b);
	if (og_jtype(a) != og_jtype(b))
		return false;
	if (og_jis(a, OG_J_ARRAY)) {
		if (og_jcount(a) != og_jcount(b))
			return false;
		og_jfor (it, a)
			if (!same(it.val, og_jat(b, it.index), arena))
				return is_empty(it.val) && is_empty(og_jat(b, it.index));
		return true;
	}
	if (!og_jis(a, OG_J_OBJECT))
		return og_jequal(a, b);
	for (int turn = 0; turn < 2; turn++) {
		struct og_jval x = turn ? b : a, y = turn ? a : b;
		og_jfor (it, x) {
			struct og_sv key = og_jstr_or_empty(it.key, arena);
			if (!og_sv_is(key, "preferences") && !same(it.val, og_jget(y, key), arena))
				return false;
		}
	}
	return true;
}

static void write_files(const char *one, const char *two, const char *list)
{
	char path[1024] = "";
	og_kubeworld_write(&w, "one", one);
	if (two)
		og_kubeworld_write(&w, "two", two);
	og_tmpdir_write(&w.dir, "tok", "from-file\n");
	for (const char *p = list; p && *p;) {
		size_t n = strlen(path);
		bool dir = strncmp(p, "%DIR%", 5) == 0;
		snprintf(path + n, sizeof(path) - n, "%.*s", dir ? 200 : 1, dir ? w.dir.path : p);
		p += dir ? 5 : 1;
	}
	if (list)
		og_kubeworld_env(&w, "KUBECONFIG", "%s", path);
	else
		w.o.flags.kubeconfig = "one";
	ck_assert_int_eq(chdir(w.dir.path), 0);
}

/* "kubectl config view" leaves relative paths as they are. */
static void drop_folder(struct og_buf *b)
{
	char dir[300];
	size_t n = (size_t)snprintf(dir, sizeof(dir), "\"%s/", w.dir.path);
	for (char *at; (at = strstr(b->p, dir));) {
		memmove(at + 1, at + n, strlen(at + n) + 1);
		b->len -= n - 1;
	}
}

START_TEST(config_view)
{
	char args[512];
	og_auto_buf struct og_buf ours = OG_BUF_INIT(0), theirs = OG_BUF_INIT(0);
	og_auto_arena struct og_arena arena;
	struct og_jdoc a, b;
	og_arena_init(&arena, 0, 0);
	write_files(views[_i].one, views[_i].two, views[_i].list);
	w.o.flags.context = views[_i].context;
	int rc = og_kubeworld_load(&w);
	snprintf(args, sizeof(args), "config view --minify --raw -o json %s%s %s%s",
		views[_i].context ? "--context " : "", views[_i].context ? views[_i].context : "",
		views[_i].list ? "" : "--kubeconfig ", views[_i].list ? "" : "one");
	int code = run_kubectl(args);
	struct og_sv view = file("out", &theirs);
	ck_assert_msg((rc == 0) == (views[_i].verdict == SAME), "otelgate: %d %s", rc, w.err.msg);
	ck_assert_msg((code == 0) == (views[_i].verdict != BOTH_REFUSE), "kubectl: %d %s", code,
		file("err", &ours).p);
	if (views[_i].verdict != SAME) {
		ck_assert_int_eq(chdir("/"), 0);
		return;
	}
	og_buf_reset(&ours);
	og_kube_access_write(w.a, true, false, &ours);
	drop_folder(&ours);
	ck_assert_int_eq(og_jdoc_parse(&a, &arena, og_buf_view(&ours), NULL, &w.err), 0);
	ck_assert_int_eq(og_jdoc_parse(&b, &arena, view, NULL, &w.err), 0);
	ck_assert_msg(same(og_jroot(&a), og_jroot(&b), &arena), "otelgate:\n%s\nkubectl:\n%s",
		ours.p, theirs.p);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* --- 2. what kubectl sends --- */

/* The last request to /version: header lines, as far as they say who asks. */
static char seen[4096];
static _Atomic unsigned requests;

static void version(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	static const char *const names[] = {"Authorization", "Impersonate-User", "Impersonate-Uid",
		"Impersonate-Group", "Impersonate-Extra-K", "Impersonate-Extra-Scopes"};
	struct og_sv v;
	size_t n = 0;
	(void)ctx;
	seen[0] = '\0';
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		if (og_http_header(req, names[i], &v))
			n += (size_t)snprintf(
				seen + n, sizeof(seen) - n, "%s: %.*s\n", names[i], OG_SV_ARG(v));
	}
	atomic_fetch_add(&requests, 1);
	resp->content_type = "application/json";
	og_buf_lit(resp->body, "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.0\"}");
}

static void start_server(struct og_httpd **ret, bool tls)
{
	static const struct og_route routes[] = {{"GET", "/version", version, NULL, 0},
		{"GET", "/prefix/version", version, NULL, 0}};
	struct og_httpd_opts o = {.address = "127.0.0.1",
		.routes = routes,
		.nroutes = OG_COUNT(routes),
		.workers = 1};
	if (tls) {
		o.cert_pem = og_buf_view(&pki.cert);
		o.key_pem = og_buf_view(&pki.key);
	}
	ck_assert_msg(og_httpd_new(&o, ret, &w.err) == 0, "%s", w.err.msg);
	snprintf(
		url, sizeof(url), "%s://127.0.0.1:%u", tls ? "https" : "http", og_httpd_port(*ret));
	og_tmpdir_write(&w.dir, "server-ca.crt", pki.ca.p);
}

static void put(char *out, size_t size, const char *name, const char *value)
{
	size_t n = strlen(out);
	snprintf(out + n, size - n, "%s: %s\n", name, value);
}

/* The headers that the access asks for. */
static void expected(char *out, size_t size)
{
	const struct og_kube_access *a = w.a;
	char bearer[1024] = "";
	og_auto_buf struct og_buf text = OG_BUF_INIT(0);
	if (a->bearer == OG_KUBE_BEARER_TOKEN)
		snprintf(bearer, sizeof(bearer), "Bearer %s",
			(const char *)og_secret_expose(&a->token));
	if (a->bearer == OG_KUBE_BEARER_FILE) {
		int rc = og_kube_read_file(a->token_file, 1000, &text, NULL);
		struct og_sv t = rc ? og_sv(og_secret_expose(&a->token), og_secret_len(&a->token))
				    : og_sv_trim(og_buf_view(&text));
		snprintf(bearer, sizeof(bearer), "Bearer %.*s", OG_SV_ARG(t));
	}
	if (a->bearer == OG_KUBE_BEARER_EXEC) {
		struct og_exec_plugin_options o = {.env = &w.env};
		struct og_exec_plugin *p = og_exec_plugin_new(a, &o, &w.err);
		ck_assert_msg(og_exec_plugin_run(p, &w.err) == 0, "%s", w.err.msg);
		snprintf(bearer, sizeof(bearer), "Bearer %s",
			(const char *)og_secret_expose(&og_exec_plugin_creds(p, 1)->token));
		og_exec_plugin_free(p);
	}
	out[0] = '\0';
	if (bearer[0])
		put(out, size, "Authorization", bearer);
	if (a->as)
		put(out, size, "Impersonate-User", a->as);
	if (a->as_uid)
		put(out, size, "Impersonate-Uid", a->as_uid);
	if (a->nas_groups)
		put(out, size, "Impersonate-Group", a->as_groups[0]);
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < a->nas_extra; i++)
			if (strcmp(a->as_extra[i].key, turn ? "scopes" : "k") == 0)
				put(out, size,
					turn ? "Impersonate-Extra-Scopes" : "Impersonate-Extra-K",
					a->as_extra[i].values[0]);
}

/* Flags in the form that both take. */
struct flags {
	const char *server, *token, *user, *as, *uid, *group;
	bool insecure, ca;
};

enum {
	GO, /* with the same credentials */
	BOTH_FAIL,
	WE_FAIL, /* kubectl goes on */
	WE_GO,	 /* kubectl asks for a password on the terminal */
	DIFFERS	 /* both go, with other credentials */
};

#define AT_SERVER(cluster, user)                                          \
	"clusters:\n- {name: c, cluster: {server: '%URL%'" cluster "}}\n" \
	"users:\n- {name: u, user: {" user "}}\n- {name: v, user: {token: v-token}}\n" CONTEXTS
#define CA ", certificate-authority: server-ca.crt"
#define PLUGIN                                                                         \
	"exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, " \
	"command: ./plugin}"

static const struct {
	const char *config;
	struct flags flags;
	int verdict;
	bool plain;
} sends[] = {
	{AT_SERVER(CA, "token: t1"), {.server = NULL}, GO, false},
	{AT_SERVER(CA, ""), {.server = NULL}, WE_GO, false},
	{AT_SERVER(CA, "tokenFile: tok"), {.server = NULL}, GO, false},
	{AT_SERVER(CA, "tokenFile: tok, token: t1"), {.server = NULL}, GO, false},
	{AT_SERVER(CA, "tokenFile: gone, token: t1"), {.server = NULL}, GO, false},
	{AT_SERVER(CA, "token: t1"), {.token = "flag"}, GO, false},
	{AT_SERVER(CA, "tokenFile: tok"), {.token = "flag"}, DIFFERS, false},
	{AT_SERVER(CA, "token: t1"), {.user = "v"}, GO, false},
	{AT_SERVER(CA, PLUGIN), {.server = NULL}, GO, false},
	{AT_SERVER(CA, PLUGIN ", token: t1"), {.server = NULL}, GO, false},
	{AT_SERVER(CA, PLUGIN), {.token = "flag"}, GO, false},
	{AT_SERVER(CA,
		 "token: t1, as: me, as-uid: '7', as-groups: [g1, g2], as-user-extra: {k: [v], "
		 "scopes: [s]}"),
		{.server = NULL}, GO, false},
	{AT_SERVER(CA, "token: t1, as: me, as-groups: [g1]"), {.as = "you", .uid = "8"}, GO, false},
	{AT_SERVER(CA, "token: t1, as: me, as-groups: [g1]"), {.group = "g9"}, GO, false},
	{AT_SERVER(", insecure-skip-tls-verify: true", "token: t1"), {.server = NULL}, GO, false},
	{AT_SERVER(CA, "token: t1"), {.insecure = true}, GO, false},
	{AT_SERVER(", insecure-skip-tls-verify: true", "token: t1"), {.ca = true}, GO, false},
	{AT_SERVER(", certificate-authority-data: %CA%", "token: t1"), {.ca = true}, GO, false},
	{AT_SERVER(CA, "token: t1"), {.server = "%URL%/prefix/"}, GO, false},
	{"contexts: []\n", {.server = "%URL%", .token = "alone", .ca = true}, GO, false},
	/* plain HTTP: no credentials, with or without the scheme */
	{AT_SERVER("", "token: t1, as: me"), {.server = NULL}, GO, true},
	{AT_SERVER("", "token: t1"), {.server = "%HOST%"}, GO, true},
	/* neither goes */
	{AT_SERVER(CA ", insecure-skip-tls-verify: true", "token: t1"), {.server = NULL}, BOTH_FAIL,
		false},
	{AT_SERVER(", certificate-authority: gone.crt", "token: t1"), {.server = NULL}, BOTH_FAIL,
		false},
	{AT_SERVER(CA, "tokenFile: gone"), {.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA, "token: t1"), {.user = "nobody"}, BOTH_FAIL, false},
	{AT_SERVER(CA, "token: t1"), {.uid = "7"}, BOTH_FAIL, false},
	{AT_SERVER(CA, "token: \"t1\\n\""), {.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA, "as-groups: [g]"), {.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA, "client-certificate: client.crt"), {.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA, "client-certificate: client.crt, client-key: server-ca.crt"),
		{.server = NULL}, WE_FAIL, false},
	{AT_SERVER(CA, "username: a, password: b, token: c"), {.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA ", proxy-url: 'ftp://x'", "token: t1"), {.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA, "exec: {command: x, interactiveMode: Never}"), {.server = NULL}, BOTH_FAIL,
		false},
	{AT_SERVER(CA, "exec: {apiVersion: client.authentication.k8s.io/v1, command: x}"),
		{.server = NULL}, BOTH_FAIL, false},
	{AT_SERVER(CA, "token: t1"), {.server = "%HOST%/path"}, BOTH_FAIL, false},
	/* one of the two goes on */
	{AT_SERVER(CA ", certificate-authority-data: %CA%", "token: t1"), {.ca = true}, GO, false},
	{AT_SERVER(CA,
		 "client-certificate: gone, client-certificate-data: %CERT%, client-key-data: "
		 "%KEY%"),
		{.server = NULL}, WE_GO, false},
	{AT_SERVER(CA, "token: t1"), {.server = "https://me:pw@%HOST%"}, WE_FAIL, false},
	{AT_SERVER(CA, "username: a, password: b"), {.server = NULL}, WE_FAIL, false},
	{AT_SERVER(CA, "token: 'a b'"), {.server = NULL}, WE_FAIL, false},
};

/* %URL%, %HOST% */
static const char *with_url(const char *text, char *out, size_t size)
{
	size_t n = 0;
	const char *host = strstr(url, "://") + 3;
	for (const char *p = text; *p && n + 64 < size;) {
		bool u = strncmp(p, "%URL%", 5) == 0, h = strncmp(p, "%HOST%", 6) == 0;
		n += (size_t)snprintf(out + n, size - n, "%.*s", u || h ? 60 : 1,
			u   ? url
			: h ? host
			    : p);
		p += u ? 5 : h ? 6 : 1;
	}
	return out;
}

static void set_flags(const struct flags *f, char *args, size_t size)
{
	static char server[256];
	static const char *groups[1];
	const struct {
		const char *name, *value, **to;
	} strs[] = {{"server", f->server, &w.o.flags.server}, {"token", f->token, &w.o.flags.token},
		{"user", f->user, &w.o.flags.user}, {"as", f->as, &w.o.flags.as},
		{"as-uid", f->uid, &w.o.flags.as_uid}, {"as-group", f->group, &groups[0]},
		{"certificate-authority", f->ca ? "server-ca.crt" : NULL,
			&w.o.flags.certificate_authority}};
	snprintf(args, size, "get --raw /version");
	for (size_t i = 0; i < OG_COUNT(strs); i++) {
		if (!strs[i].value)
			continue;
		const char *value = strs[i].value;
		if (i == 0)
			value = with_url(value, server, sizeof(server));
		*strs[i].to = value;
		size_t n = strlen(args);
		snprintf(args + n, size - n, " --%s '%s'", strs[i].name, value);
	}
	if (f->group) {
		w.o.flags.as_groups = groups;
		w.o.flags.nas_groups = 1;
	}
	w.o.flags.insecure_skip_tls_verify = f->insecure;
	if (f->insecure)
		strncat(args, " --insecure-skip-tls-verify", size - strlen(args) - 1);
}

START_TEST(credentials)
{
	char text[4096], args[1024], want[4096] = "";
	og_auto_httpd struct og_httpd *server = NULL;
	og_auto_buf struct og_buf err = OG_BUF_INIT(0);
	start_server(&server, !sends[_i].plain);
	write_files(with_url(sends[_i].config, text, sizeof(text)), NULL, "%DIR%/one");
	og_tmpdir_write(&w.dir, "plugin",
		"#!/bin/sh\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
		"\"ExecCredential\",\"status\":{\"token\":\"from-plugin\"}}'\n");
	ck_assert_int_eq(chmod("plugin", 0700), 0);
	set_flags(&sends[_i].flags, args, sizeof(args));
	atomic_store(&requests, 0);
	int code = run_kubectl(args), rc = og_kubeworld_load(&w);
	bool kubectl_went = code == 0 && atomic_load(&requests) > 0;
	int verdict = sends[_i].verdict;
	ck_assert_msg(kubectl_went == (verdict != BOTH_FAIL && verdict != WE_GO), "kubectl: %d %s",
		code, file("err", &err).p);
	ck_assert_msg((rc == 0) == (verdict != BOTH_FAIL && verdict != WE_FAIL), "otelgate: %d %s",
		rc, w.err.msg);
	if (rc == 0)
		expected(want, sizeof(want));
	if (verdict == GO)
		ck_assert_str_eq(want, seen);
	if (verdict == DIFFERS)
		ck_assert_str_ne(want, seen);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

int main(void)
{
	char cmd[256];
	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null 2>&1", kubectl());
	if (system(cmd) != 0) {
		printf("kubeconfig against kubectl: SKIPPED, there is no %s here\n", kubectl());
		return 0;
	}
	Suite *s = suite_create("contract/kubectl_config");
	TCase *tc = tcase_create("kubectl");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, config_view, 0, (int)OG_COUNT(views));
	tcase_add_loop_test(tc, credentials, 0, (int)OG_COUNT(sends));
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
