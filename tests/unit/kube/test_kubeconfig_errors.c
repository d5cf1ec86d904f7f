/* SPDX-License-Identifier: Apache-2.0 */
/* Kubeconfigs, flags and pods that are refused: with the code, the place and the fix. */
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "support/kubeworld.h"
#include "support/suite.h"

static struct og_kubeworld w;

static void setup(void)
{
	og_kubeworld_init(&w);
}

static void teardown(void)
{
	og_kubeworld_fini(&w);
}

static void refused(enum og_code code, const char *part)
{
	int rc = og_kubeworld_load(&w);
	ck_assert_msg(rc == -(int)code, "%d, wanted %d: %s", rc, -(int)code, w.err.msg);
	ck_assert_msg(strstr(w.err.msg, part) != NULL, "wanted \"%s\": %s", part, w.err.msg);
	/* hunter2 stands for everything that is secret */
	ck_assert_msg(strstr(w.err.msg, "hunter2") == NULL, "%s", w.err.msg);
}

static void config(const char *text)
{
	og_kubeworld_write(&w, "kc", text);
	w.o.flags.kubeconfig = og_kubeworld_path(&w, "kc");
}

#define TAIL                                                      \
	"contexts: [{name: a, context: {cluster: c, user: u}}]\n" \
	"current-context: a\n"
#define CLUSTER(fields) "clusters:\n- name: c\n  cluster: {" fields "}\nusers: [{name: u}]\n" TAIL
#define HTTPS		"server: 'https://s'"
#define USER(fields)                                            \
	"clusters: [{name: c, cluster: {" HTTPS "}}]\nusers:\n" \
	"- name: u\n  user: {" fields "}\n" TAIL
#define EXEC(fields) USER("exec: {" fields "}")
#define V1	     "apiVersion: client.authentication.k8s.io/v1"
#define V1N	     V1 ", interactiveMode: Never"

static const struct {
	const char *text;
	enum og_code code;
	const char *part;
} bad[] = {
	/* no kubeconfig */
	{"clusters: [", OG_E_PARSE, "/kc:"},
	{"a: b: c", OG_E_PARSE, "/kc:1:"},
	{"\tx: y", OG_E_PARSE, "/kc:1:"},
	{"users: *x", OG_E_PARSE, "/kc:1:"},
	{"users: []\nusers: []\n", OG_E_PARSE, "/kc:2:1:"},
	{"just text", OG_E_CONFIG, "/kc:1:1: this is no kubeconfig"},
	{"[1, 2]", OG_E_CONFIG, "not an array"},
	{"kind: Pod\napiVersion: v1\n", OG_E_CONFIG, "kc:1:7: a document of kind \"Pod\""},
	{"kind: Config\napiVersion: v2\n", OG_E_UNSUPPORTED, "kc:2:13: apiVersion \"v2\""},
	{"kind: [Config]\n", OG_E_CONFIG, "kind is an array, and has to be a string"},
	/* types */
	{"clusters: {a: b}", OG_E_CONFIG, "kc:1:11: clusters is an object, and has to be a list"},
	{"users: text", OG_E_CONFIG, "users is a string, and has to be a list"},
	{"contexts: 3", OG_E_CONFIG, "contexts is a number"},
	{"contexts: [x]", OG_E_CONFIG, "contexts[0] is a string, and has to be an object"},
	{"contexts:\n- name: y\n", OG_E_CONFIG,
		"kc:2:9: contexts[0].name is a boolean, and has to be a string: put it in quotes"},
	{"clusters: [{name: c, cluster: here}]", OG_E_CONFIG,
		"clusters[0].cluster is a string, and has to be an object"},
	{"current-context: 12", OG_E_CONFIG, "current-context is a number"},
	{CLUSTER("server: [x]"), OG_E_CONFIG, "kc:3:21: clusters[0].cluster.server is an array"},
	{CLUSTER(HTTPS ", insecure-skip-tls-verify: 'true'"), OG_E_CONFIG,
		"insecure-skip-tls-verify is a string, and has to be true or false"},
	{CLUSTER(HTTPS ", certificate-authority-data: 'hunter2!'"), OG_E_CONFIG,
		"certificate-authority-data is not base64"},
	{CLUSTER(HTTPS ", extensions: {a: b}"), OG_E_CONFIG, "extensions is an object"},
	{CLUSTER(HTTPS ", extensions: [1]"), OG_E_CONFIG, "extensions[] is a number"},
	{USER("token: 12345"), OG_E_CONFIG,
		"kc:4:17: users[0].user.token is a number, and has to be a string: put it in quotes"},
	{USER("token: \"a\\0b\""), OG_E_CONFIG, "users[0].user.token holds a NUL character"},
	{USER("client-key-data: hunter2="), OG_E_CONFIG, "client-key-data is not base64"},
	{USER("as-groups: admins"), OG_E_CONFIG, "as-groups is a string, and has to be a list"},
	{USER("as-groups: [1]"), OG_E_CONFIG, "as-groups[] is a number"},
	{USER("as-user-extra: [a]"), OG_E_CONFIG,
		"as-user-extra is an array, and has to be an object"},
	{USER("as-user-extra: {a: b}"), OG_E_CONFIG, "as-user-extra is a string"},
	{USER("exec: aws"), OG_E_CONFIG, "exec is a string, and has to be an object"},
	{EXEC(V1N ", command: x, args: y-z"), OG_E_CONFIG, "user.exec.args is a string"},
	{EXEC(V1N ", command: x, env: {A: b}"), OG_E_CONFIG, "user.exec.env is an object"},
	{EXEC(V1N ", command: x, env: [{name: A, value: 1}]"), OG_E_CONFIG,
		"user.exec.env[].value is a number"},
	{USER("auth-provider: gcp"), OG_E_CONFIG, "auth-provider is a string"},
	/* names */
	{"users: [{name: a}, {name: b}, {name: a}]\n", OG_E_CONFIG,
		"kc:1:31: there is another user named \"a\" in this file"},
	{"current-context: gone\n", OG_E_NOT_FOUND,
		"kc:1:18: current-context: there is no context"},
	{"clusters: []\nusers: []\ncontexts: [{name: prod}, {name: dev}]\n", OG_E_CONFIG,
		"choose one with --context (there are \"prod\", \"dev\")"},
	{"contexts: [{name: production}]\ncurrent-context: prodution\n", OG_E_NOT_FOUND,
		"(did you mean \"production\"?)"},
	{"contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n",
		OG_E_NOT_FOUND, "kc:1:41: context \"a\" names the cluster \"c\", which does not"},
	{"clusters: [{name: c}]\n" TAIL, OG_E_NOT_FOUND,
		"kc:2:50: context \"a\" names the user \"u\""},
	{"contexts: [{name: a}]\ncurrent-context: a\n", OG_E_CONFIG, "names no cluster"},
	{"users: [{name: u}]\nclusters: [{name: c}]\n" TAIL, OG_E_CONFIG,
		"cluster \"c\" has no server"},
	/* servers */
	{CLUSTER("server: 'ftp://s'"), OG_E_UNSUPPORTED,
		"kc:3:21: server has to be an https:// URL, not ftp://"},
	{CLUSTER("server: 'https://user:hunter2@s'"), OG_E_CONFIG, "server is no URL"},
	{CLUSTER("server: 'https://'"), OG_E_CONFIG, "the host is missing"},
	{CLUSTER("server: 's:6443/path'"), OG_E_CONFIG, "has a path and no scheme"},
	{CLUSTER("server: 'https://s:99999'"), OG_E_CONFIG, "a port is a number"},
	{CLUSTER("server: ' https://s'"), OG_E_CONFIG, "server is no URL"},
	{CLUSTER(HTTPS ", tls-server-name: 'a b'"), OG_E_CONFIG, "tls-server-name has to be"},
	{CLUSTER(HTTPS ", proxy-url: 'proxy:3128'"), OG_E_CONFIG, "has to begin with http://"},
	{CLUSTER(HTTPS ", proxy-url: 'socks4://hunter2@p'"), OG_E_CONFIG, "has to begin with"},
	{CLUSTER(HTTPS ", proxy-url: 'http://'"), OG_E_CONFIG, "has no host"},
	{CLUSTER(HTTPS ", proxy-url: \"http://a:hunter2\\n@b\""), OG_E_CONFIG,
		"a blank or a control"},
	{CLUSTER(HTTPS ", insecure-skip-tls-verify: true, certificate-authority-data: %CA%"),
		OG_E_CONFIG, "remove one of them"},
	{CLUSTER(HTTPS ", certificate-authority: nowhere.crt"), OG_E_NOT_FOUND, "/nowhere.crt"},
	{CLUSTER(HTTPS ", certificate-authority-data: aGVsbG8="), OG_E_CONFIG,
		"certificate-authority-data of cluster \"c\" holds no certificate"},
	{CLUSTER(HTTPS ", certificate-authority: kc"), OG_E_CONFIG, "/kc holds no certificate"},
	{CLUSTER(HTTPS ", certificate-authority: ."), OG_E_IO, "certificate-authority"},
	/* users */
	{USER("username: admin, password: hunter2"), OG_E_UNSUPPORTED,
		"user \"u\" has a username or password"},
	{USER("password: hunter2"), OG_E_UNSUPPORTED, "a username or password"},
	{USER("auth-provider: {name: oidc, config: {id-token: hunter2}}"), OG_E_UNSUPPORTED,
		"auth-provider \"oidc\", which otelgate does not run"},
	{USER("auth-provider: {name: x}, exec: {command: y-z}"), OG_E_CONFIG,
		"has auth-provider and exec"},
	{USER("token: 'hunter2 x'"), OG_E_CONFIG, "the token holds a blank"},
	{USER("token: \"hunter2\\n\""), OG_E_CONFIG, "the token holds a blank, line end"},
	{USER("tokenFile: nowhere"), OG_E_NOT_FOUND, "/nowhere"},
	{USER("tokenFile: ."), OG_E_CONFIG, "is no regular file"},
	{USER("client-certificate-data: %CERT%"), OG_E_CONFIG, "has no key"},
	{USER("client-certificate-data: %CERT%, client-key-data: %OTHERKEY%"), OG_E_CONFIG,
		"belongs to another certificate"},
	{USER("client-certificate-data: %KEY%, client-key-data: %KEY%"), OG_E_CONFIG,
		"is not a certificate in PEM"},
	{USER("client-certificate-data: %CERT%, client-key-data: %CERT%"), OG_E_CONFIG,
		"is not a private key in PEM"},
	{USER("client-certificate: nowhere.crt, client-key-data: %KEY%"), OG_E_NOT_FOUND,
		"client-certificate"},
	{USER("client-certificate-data: %CERT%, client-key: nowhere.key"), OG_E_NOT_FOUND,
		"client-key"},
	{USER("as-groups: [g]"), OG_E_CONFIG, "impersonated without a user"},
	{USER("as-uid: '1'"), OG_E_CONFIG, "impersonated without a user"},
	{USER("as-user-extra: {k: [v]}"), OG_E_CONFIG, "impersonated without a user"},
	{USER("as: \"a\\r\\nX: y\""), OG_E_CONFIG, "holds a control character"},
	{USER("as: a, as-groups: [\"g\\n\"]"), OG_E_CONFIG, "holds a control character"},
	{USER("as: a, as-user-extra: {k: [\"\\x01\"]}"), OG_E_CONFIG, "holds a control character"},
	/* plugins */
	{EXEC("command: x, interactiveMode: Never"), OG_E_CONFIG, "has no apiVersion"},
	{EXEC("apiVersion: client.authentication.k8s.io/v1alpha1, command: x"), OG_E_UNSUPPORTED,
		"an apiVersion that is not known"},
	{EXEC(V1 ", command: x"), OG_E_CONFIG, "needs interactiveMode"},
	{EXEC(V1 ", command: x, interactiveMode: never"), OG_E_CONFIG, "needs interactiveMode"},
	{EXEC(V1N), OG_E_CONFIG, "the exec plugin of user \"u\" has no command"},
	{EXEC(V1N ", command: x, env: [{value: hunter2}]"), OG_E_CONFIG,
		"a variable without a name"},
	{EXEC(V1N ", command: x, env: [{name: 'A=b', value: c}]"), OG_E_CONFIG, "with '='"},
	/* namespaces */
	{"clusters: [{name: c, cluster: {" HTTPS "}}]\nusers: [{name: u}]\ncurrent-context: a\n"
	 "contexts: [{name: a, context: {cluster: c, user: u, namespace: ../x}}]\n",
		OG_E_CONFIG, "namespace: \"../x\" is no namespace"},
};

START_TEST(refused_files)
{
	config(bad[_i].text);
	refused(bad[_i].code, bad[_i].part);
}
END_TEST

START_TEST(as_with_a_control_character_in_a_key)
{
	config(USER("as: a, as-user-extra: {\"k\\n\": [v]}"));
	refused(OG_E_CONFIG, "holds a control character");
}
END_TEST

/* --- files --- */

START_TEST(long_names_are_cut_between_characters)
{
	for (size_t pad = 0; pad < 4; pad++) {
		struct og_buf b = OG_BUF_INIT(0);
		og_buf_lit(&b, "current-context: '");
		for (size_t i = 0; i < pad; i++)
			og_buf_ch(&b, 'x');
		for (int i = 0; i < 500; i++)
			og_buf_lit(&b, "\xf0\x9f\x98\x80");
		og_buf_lit(&b, "'\n");
		config(b.p);
		refused(OG_E_NOT_FOUND, "...\"");
		ck_assert(og_utf8_valid(w.err.msg, strlen(w.err.msg)));
		og_buf_fini(&b);
	}
}
END_TEST

START_TEST(named_file_has_to_exist)
{
	w.o.flags.kubeconfig = "/nonexistent/kubeconfig";
	refused(OG_E_NOT_FOUND, "kubeconfig: opening /nonexistent/kubeconfig");
	w.o.flags.kubeconfig = w.dir.path;
	refused(OG_E_IO, "kubeconfig: reading /");
}
END_TEST

START_TEST(one_wrong_file_of_a_list_fails_all)
{
	og_kubeworld_write(&w, "good", USER("token: t"));
	og_kubeworld_write(&w, "bad", "clusters: 7\n");
	og_kubeworld_env(&w, "KUBECONFIG", "%s:%s", og_kubeworld_path(&w, "good"),
		og_kubeworld_path(&w, "bad"));
	refused(OG_E_CONFIG, "/bad:1:11: clusters is a number");
}
END_TEST

START_TEST(too_large_a_file)
{
	config("x");
	ck_assert_int_eq(truncate(w.o.flags.kubeconfig, OG_KUBE_FILE_BYTES + 1), 0);
	refused(OG_E_LIMIT, "larger than the limit of 4194304 bytes");
	w.o.flags.kubeconfig = "/dev/zero";
	refused(OG_E_LIMIT, "larger than the limit");
}
END_TEST

START_TEST(too_long_values)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "https://");
	for (int i = 0; i < OG_KUBE_TOKEN_BYTES + 1; i++)
		og_buf_ch(&b, 'h');
	w.o.flags.server = b.p;
	refused(OG_E_LIMIT, "--server is longer than 8192 bytes");
	w.o.flags.server = "https://s";
	w.o.flags.token = b.p;
	refused(OG_E_LIMIT, "--token is longer than 65536 bytes");
	w.o.flags.token = NULL;
	struct og_buf t = OG_BUF_INIT(0);
	og_buf_fmt(&t, "clusters: [{name: c, cluster: {server: 'https://s', proxy-url: '%s'}}]\n",
		b.p);
	config(t.p);
	w.o.flags.cluster = "c";
	refused(OG_E_LIMIT, "proxy-url of cluster \"c\" is longer than 8192 bytes");
	og_buf_fini(&b);
	og_buf_fini(&t);
}
END_TEST

START_TEST(too_large_pem)
{
	og_tmpdir_write(&w.dir, "big", "x");
	ck_assert_int_eq(truncate(og_kubeworld_path(&w, "big"), OG_KUBE_PEM_BYTES + 1), 0);
	w.o.flags.server = "https://s";
	w.o.flags.certificate_authority = og_kubeworld_path(&w, "big");
	refused(OG_E_LIMIT, "certificate-authority: ");
	og_auto_free char *zeros = og_calloc(OG_KUBE_PEM_BYTES + 1, 1);
	ck_assert_int_eq(
		og_kube_ca_check(og_sv(zeros, OG_KUBE_PEM_BYTES + 1), "it", NULL), -OG_E_LIMIT);
	ck_assert_int_eq(
		og_kube_pair_check(og_sv(zeros, OG_KUBE_PEM_BYTES + 1), OG_SV(""), "it", NULL),
		-OG_E_LIMIT);
	ck_assert_int_eq(og_kube_pair_check(og_buf_view(&w.cert),
				 og_sv(zeros, OG_KUBE_PEM_BYTES + 1), "it", NULL),
		-OG_E_LIMIT);
}
END_TEST

START_TEST(too_many_files_and_entries)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "contexts:\n");
	for (int i = 0; i <= OG_KUBE_ENTRIES; i++)
		og_buf_fmt(&b, "- {name: x%d}\n", i);
	config(b.p);
	refused(OG_E_LIMIT, "more than 10000 contexts");
	og_buf_reset(&b);
	for (int i = 0; i <= OG_KUBE_FILES; i++)
		og_buf_fmt(&b, "%d:", i);
	w.o.flags.kubeconfig = NULL;
	og_kubeworld_env(&w, "KUBECONFIG", "%s", b.p);
	refused(OG_E_LIMIT, "more than 64 files");
	og_buf_fini(&b);
}
END_TEST

START_TEST(alias_bombs)
{
	struct og_buf b = OG_BUF_INIT(0);
	og_buf_lit(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++)
		og_buf_fmt(&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	config(b.p);
	refused(OG_E_LIMIT, "/kc:");
	og_buf_fini(&b);
}
END_TEST

/* --- nothing there --- */

START_TEST(nothing_at_all)
{
	refused(OG_E_NOT_FOUND, "/.kube/config does not exist, and this is no pod");
	og_kubeworld_env(&w, "HOME", "%s", "");
	refused(OG_E_NOT_FOUND, "there is no kubeconfig");
	og_kubeworld_env(&w, "KUBECONFIG", "%s", "/nonexistent/kc");
	refused(OG_E_NOT_FOUND, "/nonexistent/kc does not exist");
	og_kubeworld_env(&w, "KUBECONFIG", "%s", "/dev/null");
	refused(OG_E_CONFIG, "/dev/null has no contexts");
}
END_TEST

START_TEST(pods_that_lack_something)
{
	og_kubeworld_pod(&w);
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "sa/token")), 0);
	refused(OG_E_NOT_FOUND, "automountServiceAccountToken");
	og_tmpdir_write(&w.dir, "sa/token", " \n");
	refused(OG_E_CONFIG, "service account token: ");
	og_tmpdir_write(&w.dir, "sa/token", "hunter2\nhunter2\n");
	refused(OG_E_CONFIG, "holds a blank, line end");
	og_tmpdir_write(&w.dir, "sa/token", "t");
	og_kubeworld_env(&w, "KUBERNETES_SERVICE_PORT", "https");
	refused(OG_E_CONFIG, "server is no URL");
	og_kubeworld_env(&w, "KUBERNETES_SERVICE_PORT", "443");
	og_kubeworld_env(&w, "POD_NAMESPACE", "Not A Namespace");
	refused(OG_E_CONFIG, "the pod's namespace (POD_NAMESPACE or ");
	og_kubeworld_env(&w, "KUBERNETES_SERVICE_HOST", "%s", "");
	refused(OG_E_NOT_FOUND, "this is no pod");
}
END_TEST

START_TEST(pod_that_was_asked_for)
{
	static const char *const names[] = {"kubeconfig", "context", "cluster", "user", "server"};
	struct og_kube_flags *f = &w.o.flags;
	const char **const flags[] = {
		&f->kubeconfig, &f->context, &f->cluster, &f->user, &f->server};
	char part[80];

	og_kubeworld_pod(&w);
	w.o.service_account_only = true;
	ck_assert_int_eq(og_kubeworld_load(&w), 0);
	for (size_t i = 0; i < OG_COUNT(flags); i++) {
		*flags[i] = "https://10.0.0.1";
		(void)snprintf(part, sizeof(part),
			"--service-account-dir and --%s are two sources of one thing", names[i]);
		refused(OG_E_USAGE, part);
		*flags[i] = ""; /* as good as not given */
		ck_assert_int_eq(og_kubeworld_load(&w), 0);
		*flags[i] = NULL;
	}
	og_kubeworld_env(&w, "KUBERNETES_SERVICE_HOST", "%s", "");
	refused(OG_E_NOT_FOUND, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT have to say");
	og_kubeworld_env(&w, "KUBERNETES_SERVICE_HOST", "10.0.0.1");
	ck_assert_int_eq(unlink(og_kubeworld_path(&w, "sa/token")), 0);
	refused(OG_E_NOT_FOUND, "--service-account-dir: there is no token in ");
	/* a kubeconfig is no way out */
	og_kubeworld_env(&w, "KUBECONFIG", "%s", "/dev/null");
	refused(OG_E_NOT_FOUND, "--service-account-dir: there is no token in ");
}
END_TEST

/* --- flags --- */

#define FLAG(member) offsetof(struct og_kube_flags, member)
static const struct {
	size_t at;
	const char *value;
	enum og_code code;
	const char *part;
} bad_flags[] = {
	{FLAG(context), "b", OG_E_NOT_FOUND, "--context: there is no context \"b\""},
	{FLAG(cluster), "b\x1b[1m", OG_E_NOT_FOUND, "--cluster: there is no cluster \"b\\x1b[1m\""},
	{FLAG(user), "b", OG_E_NOT_FOUND, "--user: there is no user \"b\""},
	{FLAG(ns), "kube/system", OG_E_USAGE, "--namespace: \"kube/system\" is no namespace"},
	{FLAG(server), "https://a b", OG_E_CONFIG, "--server is no URL"},
	{FLAG(server), "unix:///run/x", OG_E_UNSUPPORTED, "--server has to be an https:// URL"},
	{FLAG(token), "hunter2 hunter2", OG_E_CONFIG, "--token holds a blank"},
	{FLAG(as_uid), "7", OG_E_CONFIG, "without a user: add as (flag --as)"},
	{FLAG(certificate_authority), "/nonexistent/ca", OG_E_NOT_FOUND, "/nonexistent/ca"},
	{FLAG(client_certificate), "/nonexistent/c", OG_E_CONFIG, "has no key"},
	{FLAG(request_timeout), "5 s", OG_E_USAGE, "--request-timeout: expected seconds"},
	{FLAG(request_timeout), "-5", OG_E_USAGE, "--request-timeout"},
	{FLAG(request_timeout), "-5s", OG_E_USAGE, "--request-timeout"},
	{FLAG(request_timeout), "999999h", OG_E_USAGE, "at most 168h"},
};

START_TEST(refused_flags)
{
	config(USER("token: t"));
	*(const char **)((char *)&w.o.flags + bad_flags[_i].at) = bad_flags[_i].value;
	refused(bad_flags[_i].code, bad_flags[_i].part);
}
END_TEST

START_TEST(flags_that_contradict_each_other)
{
	static const char *const extra[] = {"=v"}, *const groups[] = {"g"};
	config(USER("token: t"));
	w.o.flags.insecure_skip_tls_verify = true;
	w.o.flags.certificate_authority = og_kubeworld_path(&w, "ca.crt");
	refused(OG_E_USAGE, "contradict each other");
	w.o.flags = (struct og_kube_flags){.kubeconfig = w.o.flags.kubeconfig, .as = "x"};
	w.o.flags.as_user_extra = extra;
	w.o.flags.nas_user_extra = 1;
	refused(OG_E_USAGE, "--as-user-extra: expected KEY=VALUE");
	w.o.flags = (struct og_kube_flags){.kubeconfig = w.o.flags.kubeconfig};
	w.o.flags.as_groups = groups;
	w.o.flags.nas_groups = 1;
	refused(OG_E_CONFIG, "impersonated without a user");
	w.o.flags = (struct og_kube_flags){.user = "u"};
	og_kubeworld_write(&w, "one", "users: [{name: u}]\n");
	w.o.flags.kubeconfig = og_kubeworld_path(&w, "one");
	refused(OG_E_USAGE, "--user needs a cluster");
}
END_TEST

/* --- PEM --- */

START_TEST(keys_with_a_passphrase_are_not_asked_for)
{
	char word[] = "hunter2", *text = NULL;
	struct og_err err = OG_ERR_INIT;
	BIO *in = BIO_new_mem_buf(w.key.p, (int)w.key.len), *out = BIO_new(BIO_s_mem());
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(PEM_write_bio_PKCS8PrivateKey(
				 out, key, EVP_aes_128_cbc(), word, (int)strlen(word), NULL, NULL),
		1);
	long n = BIO_get_mem_data(out, &text);
	int rc = og_kube_pair_check(og_buf_view(&w.cert), og_sv(text, (size_t)n), "the pair", &err);
	EVP_PKEY_free(key);
	BIO_free(in);
	BIO_free(out);
	ck_assert_int_eq(rc, -OG_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.msg, "the key of the pair has a passphrase"));
}
END_TEST

START_TEST(checks_without_an_error_object)
{
	ck_assert_int_eq(og_kube_ca_check(OG_SV("x"), "x", NULL), -OG_E_CONFIG);
	ck_assert_int_eq(og_kube_ca_check(og_sv(NULL, 0), "x", NULL), -OG_E_CONFIG);
	ck_assert_int_eq(og_kube_pair_check(OG_SV("x"), OG_SV("y"), "x", NULL), -OG_E_CONFIG);
	ck_assert_int_eq(og_kube_token_check(OG_SV(""), "x", NULL), -OG_E_CONFIG);
	ck_assert_int_eq(og_kube_token_check(OG_SV("\xc3\xa9"), "x", NULL), -OG_E_CONFIG);
	ck_assert_int_eq(og_kube_token_check(OG_SV("ok"), "x", NULL), 0);
	ck_assert_int_eq(og_kube_access_load(&w.o, &w.a, NULL), -OG_E_NOT_FOUND);
}
END_TEST

/* --- memory --- */

static const char rich[] =
	"clusters: [{name: c, cluster: {" HTTPS ", certificate-authority-data: %CA%, proxy-url: "
	"'http://u:p@h', extensions: [{name: client.authentication.k8s.io/exec, extension: {a: 1}}]"
	"}}]\nusers:\n"
	"- name: u\n  user: {tokenFile: tok, token: t, client-certificate: client.crt, client-key: "
	"client.key, as: a, as-groups: [g], as-user-extra: {k: [v]}}\n"
	"- name: e\n  user: {exec: {" V1N ", command: ./x, args: [a], env: [{name: A, value: b}], "
	"installHint: hint}}\n"
	"contexts: [{name: a, context: {cluster: c, user: u, namespace: n-s}}, {name: b, context: "
	"{cluster: c, user: e}}]\ncurrent-context: a\n---\nmore: 1\n";

static void torture(void)
{
	bool done = false;
	for (unsigned long n = 1; !done && n < 4000; n++) {
		struct og_kube_access *a = NULL;
		og_err_clear(&w.err);
		og_mem_fault_arm(n, n % 2);
		int rc = og_kube_access_load(&w.o, &a, &w.err);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_msg(rc == 0 || rc == -OG_E_OOM, "%lu: %d %s", n, rc, w.err.msg);
		ck_assert((rc == 0) == (a != NULL));
		done = rc == 0 && seen < n;
		og_kube_access_free(a);
	}
	ck_assert(done);
}

START_TEST(memory_runs_out_anywhere)
{
	static const char *const extra[] = {"z=1"};
	og_kubeworld_write(&w, "tok", "t");
	config(rich);
	if (_i == 1)
		w.o.flags.context = "b";
	if (_i == 2) {
		w.o.flags = (struct og_kube_flags){.as = "me", .as_user_extra = extra};
		w.o.flags.nas_user_extra = 1;
		og_kubeworld_env(&w, "KUBECONFIG", "/nonexistent/a");
		og_kubeworld_pod(&w);
		ck_assert_int_eq(unlink(og_kubeworld_path(&w, "sa/ca.crt")), 0);
	}
	torture();
}
END_TEST

START_TEST(memory_runs_out_while_writing)
{
	og_kubeworld_write(&w, "tok", "t");
	config(rich);
	w.o.flags.context = "b";
	ck_assert_int_eq(og_kubeworld_load(&w), 0);
	for (unsigned long n = 1; n < 30; n++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		og_mem_fault_arm(n, true);
		og_kube_access_write(w.a, true, true, &b);
		unsigned long seen = og_mem_fault_disarm();
		ck_assert_int_eq(b.failed, seen >= n);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kube/kubeconfig_errors");
	TCase *tc = tcase_create("errors");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, refused_files, 0, (int)OG_COUNT(bad));
	tcase_add_test(tc, as_with_a_control_character_in_a_key);
	tcase_add_test(tc, long_names_are_cut_between_characters);
	tcase_add_test(tc, named_file_has_to_exist);
	tcase_add_test(tc, one_wrong_file_of_a_list_fails_all);
	tcase_add_test(tc, too_large_a_file);
	tcase_add_test(tc, too_long_values);
	tcase_add_test(tc, too_large_pem);
	tcase_add_test(tc, too_many_files_and_entries);
	tcase_add_test(tc, alias_bombs);
	tcase_add_test(tc, nothing_at_all);
	tcase_add_test(tc, pods_that_lack_something);
	tcase_add_test(tc, pod_that_was_asked_for);
	tcase_add_loop_test(tc, refused_flags, 0, (int)OG_COUNT(bad_flags));
	tcase_add_test(tc, flags_that_contradict_each_other);
	tcase_add_test(tc, keys_with_a_passphrase_are_not_asked_for);
	tcase_add_test(tc, checks_without_an_error_object);
	tcase_add_loop_test(tc, memory_runs_out_anywhere, 0, 3);
	tcase_add_test(tc, memory_runs_out_while_writing);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
