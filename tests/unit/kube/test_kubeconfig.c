/* SPDX-License-Identifier: Apache-2.0 */
/* Loading kubeconfigs that work: lookup, merging, flags, fields, the pod's service account. */
#include <stdio.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/kubeworld.h"
#include "support/suite.h"

#define CONTEXT(name_, cluster_, user_) \
	"- {name: " name_ ", context: {cluster: " cluster_ ", user: " user_ "}}\n"

static const char plain[] = "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
			    "clusters:\n- {name: c, cluster: {server: 'https://h:6443/', "
			    "certificate-authority-data: %CA%}}\n"
			    "users:\n- {name: u, user: {token: secret-token}}\n"
			    "contexts:\n" CONTEXT("a", "c", "u");

static struct og_kubeworld w;

static void setup(void)
{
	og_kubeworld_init(&w);
}

static void teardown(void)
{
	og_kubeworld_fini(&w);
}

static void load_ok(void)
{
	int rc = og_kubeworld_load(&w);
	ck_assert_msg(rc == 0, "%s", w.err.msg);
}

static void config(const char *text)
{
	og_kubeworld_write(&w, "kc", text);
	og_kubeworld_env(&w, "KUBECONFIG", "%s", og_kubeworld_path(&w, "kc"));
}

static bool token_is(const char *s)
{
	return og_secret_eq(&w.a->token, s, strlen(s));
}

static bool warned(const char *part)
{
	for (size_t i = 0; i < w.a->nwarnings; i++)
		if (strstr(w.a->warnings[i], part))
			return true;
	return false;
}

/* --- lookup --- */

START_TEST(home_file_is_read_when_nothing_is_said)
{
	char kube[512];
	snprintf(kube, sizeof(kube), "mkdir %s/.kube", w.dir.path);
	ck_assert_int_eq(system(kube), 0);
	og_kubeworld_write(&w, ".kube/config", plain);
	load_ok();
	ck_assert_str_eq(w.a->server, "https://h:6443");
	ck_assert(w.a->https && !w.a->insecure && !w.a->in_cluster);
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_TOKEN);
	ck_assert(token_is("secret-token"));
	ck_assert_str_eq(w.a->ns, "default");
	ck_assert_int_eq(w.a->ns_from, OG_KUBE_NS_DEFAULT);
	ck_assert_str_eq(w.a->context, "a");
	ck_assert_str_eq(w.a->cluster, "c");
	ck_assert_str_eq(w.a->user, "u");
	ck_assert(og_sv_eq(w.a->ca, og_buf_view(&w.ca)));
	ck_assert_ptr_null(w.a->ca_file);
	ck_assert_uint_eq(w.a->nwarnings, 0);
	ck_assert_uint_eq(w.a->nfiles, 1);
	ck_assert_ptr_nonnull(strstr(w.a->source, "context \"a\" of /"));
}
END_TEST

START_TEST(flag_beats_the_variable)
{
	config("clusters: [");
	og_kubeworld_write(&w, "other", plain);
	w.o.flags.kubeconfig = og_kubeworld_path(&w, "other");
	load_ok();
	ck_assert_str_eq(w.a->context, "a");
}
END_TEST

START_TEST(list_skips_missing_empty_and_repeated)
{
	const char *kc = og_kubeworld_path(&w, "kc");
	og_kubeworld_write(&w, "kc", plain);
	og_kubeworld_write(&w, "empty", "");
	og_kubeworld_write(&w, "comment", "# nothing\n");
	og_kubeworld_env(&w, "KUBECONFIG",
		"/nonexistent/x::%s:%s:%s:%s:", og_kubeworld_path(&w, "empty"),
		og_kubeworld_path(&w, "comment"), kc, kc);
	load_ok();
	ck_assert_uint_eq(w.a->nfiles, 3);
	ck_assert_uint_eq(w.a->nwarnings, 0);
}
END_TEST

START_TEST(merge_takes_whole_entries_of_the_first_file)
{
	og_kubeworld_write(&w, "one",
		"contexts:\n" CONTEXT("a", "c", "u") "users:\n- {name: u, user: {as: x}}\n"
						     "current-context: ''\n");
	og_kubeworld_write(&w, "two",
		"current-context: a\n"
		"clusters:\n- {name: c, cluster: {server: 'https://two'}}\n"
		"users:\n- {name: u, user: {token: two}}\n"
		"contexts:\n- {name: a, context: {cluster: c, user: u, namespace: two}}\n");
	og_kubeworld_env(&w, "KUBECONFIG", "%s:%s", og_kubeworld_path(&w, "one"),
		og_kubeworld_path(&w, "two"));
	load_ok();
	ck_assert_str_eq(w.a->server, "https://two");
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_NONE); /* u is the first file's */
	ck_assert_str_eq(w.a->as, "x");
	ck_assert_str_eq(w.a->ns, "default");
}
END_TEST

START_TEST(first_current_context_wins)
{
	og_kubeworld_write(&w, "one", "current-context: b\n");
	og_kubeworld_write(&w, "two",
		"current-context: a\nclusters:\n- {name: c, cluster: {server: 'https://s'}}\n"
		"users: [{name: u}]\ncontexts:\n" CONTEXT("a", "c", "u") CONTEXT("b", "c", "u"));
	og_kubeworld_env(&w, "KUBECONFIG", "%s:%s", og_kubeworld_path(&w, "one"),
		og_kubeworld_path(&w, "two"));
	load_ok();
	ck_assert_str_eq(w.a->context, "b");
	w.o.flags.context = "a";
	load_ok();
	ck_assert_str_eq(w.a->context, "a");
}
END_TEST

START_TEST(paths_are_relative_to_their_file)
{
	char cmd[512];
	snprintf(cmd, sizeof(cmd), "mkdir %s/sub", w.dir.path);
	ck_assert_int_eq(system(cmd), 0);
	og_kubeworld_write(&w, "sub/kc",
		"clusters: [{name: c, cluster: {server: 'https://s', "
		"certificate-authority: ./x/../../ca.crt}}]\n"
		"users: [{name: u, user: {client-certificate: ../client.crt, "
		"client-key: %DIR%/client.key}}]\n"
		"contexts:\n" CONTEXT("a", "c", "u") "current-context: a\n");
	ck_assert_int_eq(chdir(w.dir.path), 0);
	og_kubeworld_env(&w, "KUBECONFIG", "sub/kc");
	load_ok();
	ck_assert_str_eq(w.a->ca_file, og_kubeworld_path(&w, "ca.crt"));
	ck_assert_str_eq(w.a->client_cert_file, og_kubeworld_path(&w, "client.crt"));
	ck_assert_str_eq(w.a->client_key_file, og_kubeworld_path(&w, "client.key"));
	ck_assert_int_eq(w.a->cert, OG_KUBE_CERT_FILES);
	ck_assert(og_sv_eq(w.a->client_cert, og_buf_view(&w.cert)));
	ck_assert(og_secret_eq(&w.a->client_key, w.key.p, w.key.len));
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(json_works_and_unknown_fields_do_not_matter)
{
	config("{\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"https://s\",\"new\":[1]}}],"
	       "\"users\":null,\"preferences\":{},\"x\":3,\"current-context\":\"a\","
	       "\"contexts\":[{\"name\":\"a\",\"context\":{\"cluster\":\"c\",\"user\":\"\"}}]}");
	load_ok();
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_NONE);
	ck_assert_ptr_null(w.a->user);
	ck_assert_uint_eq(w.a->ca.n, 0);
}
END_TEST

/* --- flags --- */

START_TEST(flags_replace_fields)
{
	static const char *const groups[] = {"g1", "g2"}, *const extra[] = {"k=1", "k=2", "z="};
	config(plain);
	struct og_kube_flags *f = &w.o.flags;
	f->server = "https://other:1/prefix/";
	f->tls_server_name = "name";
	f->token = "flag-token";
	f->ns = "flag-ns";
	f->as = "me";
	f->as_uid = "7";
	f->as_groups = groups;
	f->nas_groups = 2;
	f->as_user_extra = extra;
	f->nas_user_extra = 3;
	f->request_timeout = "90";
	load_ok();
	ck_assert_str_eq(w.a->server, "https://other:1/prefix");
	ck_assert_str_eq(w.a->tls_server_name, "name");
	ck_assert(token_is("flag-token"));
	ck_assert_str_eq(w.a->ns, "flag-ns");
	ck_assert_int_eq(w.a->ns_from, OG_KUBE_NS_FLAG);
	ck_assert_str_eq(w.a->as, "me");
	ck_assert_str_eq(w.a->as_uid, "7");
	ck_assert_uint_eq(w.a->nas_groups, 2);
	ck_assert_str_eq(w.a->as_groups[1], "g2");
	ck_assert_uint_eq(w.a->nas_extra, 2);
	ck_assert_uint_eq(w.a->as_extra[0].nvalues, 2);
	ck_assert_str_eq(w.a->as_extra[0].values[1], "2");
	ck_assert_str_eq(w.a->as_extra[1].values[0], "");
	ck_assert_int_eq(w.a->request_timeout_ms, 90000);
	ck_assert_uint_gt(w.a->ca.n, 0); /* the kubeconfig's CA stays */
}
END_TEST

START_TEST(server_flag_clears_the_name_of_the_certificate)
{
	config("clusters: [{name: c, cluster: {server: 'https://s', tls-server-name: name}}]\n"
	       "users: [{name: u}]\ncurrent-context: a\ncontexts:\n" CONTEXT("a", "c", "u"));
	load_ok();
	ck_assert_str_eq(w.a->tls_server_name, "name");
	w.o.flags.server = "https://t";
	load_ok();
	ck_assert_ptr_null(w.a->tls_server_name);
}
END_TEST

START_TEST(cluster_and_user_flags_need_no_context)
{
	config("clusters: [{name: c, cluster: {server: 'https://s'}}]\n"
	       "users: [{name: u, user: {token: t}}]\n");
	w.o.flags.cluster = "c";
	w.o.flags.user = "u";
	load_ok();
	ck_assert_ptr_null(w.a->context);
	ck_assert(token_is("t"));
	ck_assert_ptr_nonnull(strstr(w.a->source, "cluster \"c\" of"));
}
END_TEST

START_TEST(server_flag_alone_is_enough)
{
	w.o.flags.server = "https://s:443?x=y#z";
	w.o.flags.certificate_authority = og_kubeworld_path(&w, "ca.crt");
	load_ok();
	ck_assert_str_eq(w.a->server, "https://s:443");
	ck_assert_str_eq(w.a->ca_file, og_kubeworld_path(&w, "ca.crt"));
	ck_assert_ptr_nonnull(strstr(w.a->source, "--server"));
}
END_TEST

START_TEST(insecure_flag_drops_the_ca)
{
	config(plain);
	w.o.flags.insecure_skip_tls_verify = true;
	load_ok();
	ck_assert(w.a->insecure && w.a->ca.n == 0);
	ck_assert(warned("is not verified"));
}
END_TEST

START_TEST(ca_flag_drops_insecure_and_data)
{
	config("clusters: [{name: c, cluster: {server: 'https://s', "
	       "insecure-skip-tls-verify: true}}]\n"
	       "users: [{name: u}]\ncurrent-context: a\ncontexts:\n" CONTEXT("a", "c", "u"));
	load_ok();
	ck_assert(w.a->insecure);
	w.o.flags.certificate_authority = og_kubeworld_path(&w, "ca.crt");
	load_ok();
	ck_assert(!w.a->insecure && w.a->ca.n && w.a->ca_file);
	ck_assert_uint_eq(w.a->nwarnings, 0);
}
END_TEST

START_TEST(certificate_flags_replace_data)
{
	config("clusters: [{name: c, cluster: {server: 'https://s'}}]\n"
	       "users: [{name: u, user: {client-certificate-data: %CERT%, client-key-data: "
	       "%OTHERKEY%}}]\ncurrent-context: a\ncontexts:\n" CONTEXT("a", "c", "u"));
	w.o.flags.client_key = og_kubeworld_path(&w, "client.key");
	load_ok();
	ck_assert_int_eq(w.a->cert, OG_KUBE_CERT_DATA);
	w.o.flags.client_certificate = og_kubeworld_path(&w, "client.crt");
	load_ok();
	ck_assert_int_eq(w.a->cert, OG_KUBE_CERT_FILES);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;
} timeouts[] = {
	{"0", 0}, {"5", 5000}, {"0s", 0}, {"1m30s", 90000}, {"250ms", 250}, {"1h", 3600000}};

START_TEST(request_timeouts)
{
	config(plain);
	w.o.flags.request_timeout = timeouts[_i].text;
	load_ok();
	ck_assert_int_eq(w.a->request_timeout_ms, timeouts[_i].ms);
}
END_TEST

/* --- servers --- */

static const struct {
	const char *given, *server;
	bool https;
} servers[] = {
	{"https://h", "https://h", true},
	{"https://h:8443/", "https://h:8443", true},
	{"https://h:8443/k8s/clusters/c-1//", "https://h:8443/k8s/clusters/c-1", true},
	{"HTTPS://h", "https://h", true},
	{"https://[::1]:6443", "https://[::1]:6443", true},
	{"https://h?a=b", "https://h", true},
	{"http://h:8080", "http://h:8080", false},
	{"h:6443", "http://h:6443", false},
	{"127.0.0.1:8080/", "http://127.0.0.1:8080", false},
	{"localhost", "http://localhost", false},
};

START_TEST(server_forms)
{
	w.o.flags.server = servers[_i].given;
	w.o.flags.token = "t";
	load_ok();
	ck_assert_str_eq(w.a->server, servers[_i].server);
	ck_assert_int_eq(w.a->https, servers[_i].https);
	/* nothing is sent in the clear */
	ck_assert_int_eq(
		w.a->bearer, servers[_i].https ? OG_KUBE_BEARER_TOKEN : OG_KUBE_BEARER_NONE);
	ck_assert_int_eq(og_secret_is_set(&w.a->token), servers[_i].https);
	ck_assert_int_eq(warned("plain HTTP"), !servers[_i].https);
}
END_TEST

static const struct {
	const char *given, *shown, *url; /* NULL = as given */
} proxies[] = {
	{"http://proxy:3128", "http://proxy:3128", NULL},
	{"https://proxy", "https://proxy", NULL},
	{"socks5://127.0.0.1:1080", "socks5://127.0.0.1:1080", NULL},
	{"http://user:hunter2@proxy:3128/", "http://REDACTED@proxy:3128/", NULL},
	{"http://user:a@b@proxy", "http://REDACTED@proxy", NULL},
	{"HTTP://proxy", "HTTP://proxy", "http://proxy"},
};

START_TEST(proxy_forms)
{
	char text[1024];
	snprintf(text, sizeof(text),
		"clusters: [{name: c, cluster: {server: 'https://s', disable-compression: true, "
		"proxy-url: '%s'}}]\nusers: [{name: u}]\ncurrent-context: a\n"
		"contexts:\n" CONTEXT("a", "c", "u"),
		proxies[_i].given);
	config(text);
	load_ok();
	ck_assert_str_eq(w.a->proxy_url, proxies[_i].url ? proxies[_i].url : proxies[_i].given);
	ck_assert_str_eq(w.a->proxy_shown, proxies[_i].shown);
	ck_assert(w.a->disable_compression);
}
END_TEST

/* --- users --- */

#define USER(fields)                                                                 \
	"clusters: [{name: c, cluster: {server: 'https://s'}}]\nusers:\n- name: u\n" \
	"  user: {" fields "}\ncurrent-context: a\ncontexts:\n" CONTEXT("a", "c", "u")

START_TEST(token_file_wins_over_token)
{
	og_kubeworld_write(&w, "tok", "  from-file\r\n");
	config(USER("token: beside, tokenFile: tok"));
	load_ok();
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_FILE);
	ck_assert_str_eq(w.a->token_file, og_kubeworld_path(&w, "tok"));
	ck_assert(token_is("beside"));
	w.o.flags.token = "flag";
	load_ok();
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_TOKEN);
	ck_assert_ptr_null(w.a->token_file);
	ck_assert(token_is("flag"));
}
END_TEST

START_TEST(missing_token_file_beside_a_token_is_a_warning)
{
	config(USER("token: beside, tokenFile: nowhere"));
	load_ok();
	ck_assert(warned("instead of tokenFile"));
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_FILE);
}
END_TEST

START_TEST(data_wins_over_files)
{
	config("clusters: [{name: c, cluster: {server: 'https://s', certificate-authority: nowhere, "
	       "certificate-authority-data: %CA%}}]\nusers: [{name: u, user: {client-certificate: "
	       "nope, client-certificate-data: %CERT%, client-key: nope, client-key-data: %KEY%}}]\n"
	       "current-context: a\ncontexts:\n" CONTEXT("a", "c", "u"));
	load_ok();
	ck_assert_uint_eq(w.a->nwarnings, 3);
	ck_assert(warned("certificate-authority-data: the data is used"));
	ck_assert_ptr_null(w.a->ca_file);
	ck_assert_ptr_null(w.a->client_key_file);
	ck_assert_int_eq(w.a->cert, OG_KUBE_CERT_DATA);
}
END_TEST

START_TEST(base64_may_be_folded)
{
	struct og_buf b = OG_BUF_INIT(0);
	config(plain);
	load_ok();
	og_kube_access_write(w.a, true, true, &b);
	ck_assert(!b.failed);
	/* every 60 characters of the CA a line end, as "base64 ca.crt" writes it */
	char *at = strstr(b.p, "certificate-authority-data");
	ck_assert_ptr_nonnull(at);
	at = strchr(at, ':') + 2;
	at += *at == '"';
	size_t n = strcspn(at, "\"");
	struct og_buf t = OG_BUF_INIT(0);
	og_buf_lit(&t, "clusters:\n- name: c\n  cluster:\n    server: https://s\n"
		       "    certificate-authority-data: |\n");
	for (size_t i = 0; i < n; i += 60)
		og_buf_fmt(&t, "      %.*s\n", (int)(n - i < 60 ? n - i : 60), at + i);
	og_buf_lit(
		&t, "users: [{name: u}]\ncurrent-context: a\ncontexts:\n" CONTEXT("a", "c", "u"));
	config(t.p);
	load_ok();
	ck_assert(og_sv_eq(w.a->ca, og_buf_view(&w.ca)));
	og_buf_fini(&b);
	og_buf_fini(&t);
}
END_TEST

START_TEST(impersonation_of_the_user)
{
	config(USER("as: a, as-uid: '1', as-groups: [x, null], as-user-extra: {k: [v, w], "
		    "scopes: [s]}"));
	load_ok();
	ck_assert_str_eq(w.a->as, "a");
	ck_assert_uint_eq(w.a->nas_groups, 2);
	ck_assert_str_eq(w.a->as_groups[1], "");
	ck_assert_uint_eq(w.a->nas_extra, 2);
	static const char *const groups[] = {"g"}, *const extra[] = {"k=new"};
	w.o.flags.as_groups = groups;
	w.o.flags.nas_groups = 1;
	w.o.flags.as_user_extra = extra;
	w.o.flags.nas_user_extra = 1;
	load_ok();
	ck_assert_uint_eq(w.a->nas_groups, 1);
	ck_assert_str_eq(w.a->as_groups[0], "g");
	ck_assert_uint_eq(w.a->nas_extra, 2);
	ck_assert_uint_eq(w.a->as_extra[0].nvalues, 1);
	ck_assert_str_eq(w.a->as_extra[0].values[0], "new");
	ck_assert_str_eq(w.a->as_extra[1].key, "scopes");
}
END_TEST

START_TEST(exec_is_kept)
{
	config("clusters:\n- name: c\n  cluster:\n    server: https://s\n    extensions:\n"
	       "    - {name: other, extension: 1}\n"
	       "    - {name: client.authentication.k8s.io/exec, extension: {audience: x, n: 0x10}}\n"
	       "users:\n- name: u\n  user:\n    exec:\n"
	       "      apiVersion: client.authentication.k8s.io/v1\n      command: ./bin/plugin\n"
	       "      args: [get-token, --x]\n      env: [{name: A, value: b}, {name: E}]\n"
	       "      installHint: \"install\\e[1m it\\nnow\"\n      provideClusterInfo: true\n"
	       "      interactiveMode: Never\ncurrent-context: a\ncontexts:\n" CONTEXT(
		       "a", "c", "u"));
	load_ok();
	const struct og_kube_exec *x = &w.a->exec;
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_EXEC);
	ck_assert_str_eq(x->command, og_kubeworld_path(&w, "bin/plugin"));
	ck_assert_uint_eq(x->nargs, 2);
	ck_assert_str_eq(x->args[1], "--x");
	ck_assert_uint_eq(x->nenv, 2);
	ck_assert_str_eq(x->env[1].value, "");
	ck_assert_str_eq(x->install_hint, "install [1m it\nnow");
	ck_assert(x->provide_cluster_info);
	ck_assert_int_eq(x->interactive, OG_KUBE_INTERACTIVE_NEVER);
	ck_assert_ptr_nonnull(memmem(x->cluster_config.p, x->cluster_config.n, "\"audience\"", 10));
	w.o.flags.token = "t";
	load_ok();
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_TOKEN);
	ck_assert_ptr_null(w.a->exec.command);
}
END_TEST

START_TEST(exec_v1beta1_defaults_to_if_available)
{
	config(USER("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws}"));
	load_ok();
	ck_assert_int_eq(w.a->exec.interactive, OG_KUBE_INTERACTIVE_IF_AVAILABLE);
	ck_assert_str_eq(w.a->exec.command, "aws");
}
END_TEST

START_TEST(key_without_certificate_is_a_warning)
{
	config(USER("token: t, client-key-data: %KEY%"));
	load_ok();
	ck_assert_int_eq(w.a->cert, OG_KUBE_CERT_NONE);
	ck_assert(warned("without a client certificate"));
}
END_TEST

START_TEST(token_and_certificate_go_together)
{
	config(USER("token: t, client-certificate-data: %CERT%, client-key-data: %KEY%"));
	load_ok();
	ck_assert_int_eq(w.a->cert, OG_KUBE_CERT_DATA);
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_TOKEN);
}
END_TEST

/* --- pods --- */

START_TEST(pod_without_kubeconfig)
{
	og_kubeworld_pod(&w);
	load_ok();
	ck_assert(w.a->in_cluster);
	ck_assert_str_eq(w.a->server, "https://10.0.0.1:443");
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_FILE);
	ck_assert_str_eq(w.a->ns, "pod-ns");
	ck_assert_int_eq(w.a->ns_from, OG_KUBE_NS_POD);
	ck_assert_ptr_nonnull(w.a->ca_file);
	ck_assert_ptr_nonnull(strstr(w.a->source, "service account"));
	og_kubeworld_env(&w, "POD_NAMESPACE", "from-env");
	og_kubeworld_env(&w, "KUBERNETES_SERVICE_HOST", "fd00::1");
	load_ok();
	ck_assert_str_eq(w.a->ns, "from-env");
	ck_assert_str_eq(w.a->server, "https://[fd00::1]:443");
}
END_TEST

/* Whoever names the folder means it: a kubeconfig in the environment is none of its business. */
START_TEST(pod_that_was_asked_for)
{
	og_kubeworld_pod(&w);
	config(USER("token: theirs"));
	load_ok();
	ck_assert(!w.a->in_cluster);
	w.o.service_account_only = true;
	load_ok();
	ck_assert(w.a->in_cluster);
	ck_assert_uint_eq(w.a->nfiles, 0);
	ck_assert_str_eq(w.a->server, "https://10.0.0.1:443");
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_FILE);
	ck_assert_str_eq(w.a->ns, "pod-ns");
	/* broken ones are not even read */
	og_kubeworld_write(&w, "kc", "{");
	load_ok();
	w.o.flags.ns = "n";
	load_ok();
	ck_assert_str_eq(w.a->ns, "n");
}
END_TEST

START_TEST(pod_with_flags)
{
	og_kubeworld_pod(&w);
	w.o.flags.ns = "n";
	w.o.flags.token = "mine";
	w.o.flags.as = "someone";
	w.o.flags.request_timeout = "3s";
	load_ok();
	ck_assert(w.a->in_cluster);
	ck_assert_str_eq(w.a->ns, "n");
	ck_assert_int_eq(w.a->bearer, OG_KUBE_BEARER_TOKEN);
	ck_assert(token_is("mine"));
	ck_assert_str_eq(w.a->as, "someone");
	ck_assert_int_eq(w.a->request_timeout_ms, 3000);
}
END_TEST

START_TEST(pod_without_a_ca_warns)
{
	og_kubeworld_pod(&w);
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "sa/ca.crt")), 0);
	load_ok();
	ck_assert_uint_eq(w.a->ca.n, 0);
	ck_assert(warned("the system's CAs are used"));
}
END_TEST

START_TEST(kubeconfig_beats_the_pod)
{
	og_kubeworld_pod(&w);
	config(plain);
	load_ok();
	ck_assert(!w.a->in_cluster);
	/* the context names no namespace: the pod's, as kubectl does it */
	ck_assert_str_eq(w.a->ns, "pod-ns");
	config("contexts: []\n"); /* nothing to use */
	load_ok();
	ck_assert(w.a->in_cluster);
}
END_TEST

/* --kubeconfig <(…) */
START_TEST(pipes_are_read_once)
{
	int kc[2], ca[2];
	char kc_path[64], ca_path[64];
	ck_assert_int_eq(pipe(kc), 0);
	ck_assert_int_eq(pipe(ca), 0);
	snprintf(kc_path, sizeof(kc_path), "/proc/self/fd/%d", kc[0]);
	snprintf(ca_path, sizeof(ca_path), "/proc/self/fd/%d", ca[0]);
	static const char text[] = "clusters: [{name: c, cluster: {server: 'https://s'}}]\n";
	ck_assert_int_eq(write(kc[1], text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(write(ca[1], w.ca.p, w.ca.len), (ssize_t)w.ca.len);
	close(kc[1]);
	close(ca[1]);
	w.o.flags.kubeconfig = kc_path;
	w.o.flags.cluster = "c";
	w.o.flags.certificate_authority = ca_path;
	load_ok();
	ck_assert(og_sv_eq(w.a->ca, og_buf_view(&w.ca)));
	ck_assert_ptr_null(w.a->ca_file);
	close(kc[0]);
	close(ca[0]);
}
END_TEST

START_TEST(empty_flags_are_not_given)
{
	config(plain);
	w.o.flags = (struct og_kube_flags){.kubeconfig = "",
		.context = "",
		.cluster = "",
		.user = "",
		.ns = "",
		.server = "",
		.token = "",
		.as = "",
		.request_timeout = ""};
	load_ok();
	ck_assert_str_eq(w.a->context, "a");
	ck_assert(token_is("secret-token"));
}
END_TEST

START_TEST(the_environment_of_the_process)
{
	ck_assert_int_eq(setenv("KUBECONFIG", "/nonexistent/from/process", 1), 0);
	w.o.env = NULL;
	ck_assert_int_eq(og_kubeworld_load(&w), -OG_E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(w.err.msg, "/nonexistent/from/process"));
	ck_assert_ptr_nonnull(og_kube_env_system()->vars);
}
END_TEST

START_TEST(several_documents_warn)
{
	char text[2048];
	snprintf(text, sizeof(text), "%s---\ncurrent-context: zzz\n", plain);
	config(text);
	load_ok();
	ck_assert_str_eq(w.a->context, "a");
	ck_assert(warned("several documents"));
}
END_TEST

START_TEST(first_missing_files_of_the_variable_warn)
{
	og_kubeworld_env(&w, "KUBECONFIG", "/nonexistent/a:/nonexistent/b");
	w.o.flags.server = "https://s";
	load_ok();
	ck_assert(warned("none of the files"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/kubeconfig");
	TCase *tc = tcase_create("kubeconfig");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, home_file_is_read_when_nothing_is_said);
	tcase_add_test(tc, flag_beats_the_variable);
	tcase_add_test(tc, list_skips_missing_empty_and_repeated);
	tcase_add_test(tc, merge_takes_whole_entries_of_the_first_file);
	tcase_add_test(tc, first_current_context_wins);
	tcase_add_test(tc, paths_are_relative_to_their_file);
	tcase_add_test(tc, json_works_and_unknown_fields_do_not_matter);
	tcase_add_test(tc, flags_replace_fields);
	tcase_add_test(tc, server_flag_clears_the_name_of_the_certificate);
	tcase_add_test(tc, cluster_and_user_flags_need_no_context);
	tcase_add_test(tc, server_flag_alone_is_enough);
	tcase_add_test(tc, insecure_flag_drops_the_ca);
	tcase_add_test(tc, ca_flag_drops_insecure_and_data);
	tcase_add_test(tc, certificate_flags_replace_data);
	tcase_add_loop_test(tc, request_timeouts, 0, (int)OG_COUNT(timeouts));
	tcase_add_loop_test(tc, server_forms, 0, (int)OG_COUNT(servers));
	tcase_add_loop_test(tc, proxy_forms, 0, (int)OG_COUNT(proxies));
	tcase_add_test(tc, token_file_wins_over_token);
	tcase_add_test(tc, missing_token_file_beside_a_token_is_a_warning);
	tcase_add_test(tc, data_wins_over_files);
	tcase_add_test(tc, base64_may_be_folded);
	tcase_add_test(tc, impersonation_of_the_user);
	tcase_add_test(tc, exec_is_kept);
	tcase_add_test(tc, exec_v1beta1_defaults_to_if_available);
	tcase_add_test(tc, key_without_certificate_is_a_warning);
	tcase_add_test(tc, token_and_certificate_go_together);
	tcase_add_test(tc, pod_without_kubeconfig);
	tcase_add_test(tc, pod_that_was_asked_for);
	tcase_add_test(tc, pod_with_flags);
	tcase_add_test(tc, pod_without_a_ca_warns);
	tcase_add_test(tc, kubeconfig_beats_the_pod);
	tcase_add_test(tc, pipes_are_read_once);
	tcase_add_test(tc, empty_flags_are_not_given);
	tcase_add_test(tc, the_environment_of_the_process);
	tcase_add_test(tc, several_documents_warn);
	tcase_add_test(tc, first_missing_files_of_the_variable_warn);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
