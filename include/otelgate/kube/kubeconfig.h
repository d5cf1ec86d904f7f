/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where the API server is and who we are to it: kubeconfig files, flags and the service account of
 * a pod, resolved to one `struct og_kube_access` as kubectl resolves them (k8s.io/client-go 0.36,
 * tools/clientcmd: loader.go, client_config.go, validation.go, merged_client_builder.go).
 *
 * Which files: --kubeconfig alone, which must exist; else the files of $KUBECONFIG, separated by
 * ':' (empty parts, repetitions and missing files are skipped); else $HOME/.kube/config.
 * Merging: the first file that names a cluster, user or context gives all of it; current-context
 * is the first one that is not empty. Relative paths are relative to the folder of their file
 * (exec.command only when it holds a '/'). One file that can't be read or is wrong fails the whole.
 *
 * What is used: the context of --context, else current-context; --cluster, --user and -n replace
 * its parts, the other flags replace fields. When there is no context and neither --cluster, --user
 * nor --server: the pod's service account, if KUBERNETES_SERVICE_HOST and _PORT are set and its
 * token is there, changed by the flags. Otherwise an error that says what was looked for.
 * The namespace is -n, the context's, in a pod POD_NAMESPACE or the service account's, "default".
 *
 * Other than kubectl, on purpose:
 *  - without any configuration kubectl tries http://localhost:8080; here it is an error;
 *  - a context whose cluster or user does not exist is an error (kubectl falls back to localhost
 *    or to being anonymous, "kubectl config view --minify" fails);
 *  - x and x-data in one entry: the data wins, with a warning (kubectl's documentation says so,
 *    its code refuses);
 *  - --token wins over a tokenFile of the kubeconfig (kubectl keeps the file);
 *  - --request-timeout and --as do not keep a pod from using its service account, and all flags
 *    change that one (with kubectl --server, --token and --certificate-authority alone);
 *  - a tokenFile has to be a regular file;
 *  - repeated keys, and credentials inside URLs, are errors;
 *  - user names with passwords and auth-provider are refused;
 *  - with HOME unset nothing is read from the current folder; the file names of before 2015 are
 *    not migrated.
 *
 * Errors: CONFIG (with file:line:column where a file is wrong, and the fix), PARSE, LIMIT,
 * NOT_FOUND (a file or an entry), IO, USAGE (a flag's value), UNSUPPORTED, OOM. Texts quote names
 * and paths, never tokens, keys, or values of fields that may hold them.
 *
 * Plain functions; an access is read-only after loading and may be read by any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "otelgate/base/arena.h"
#include "otelgate/base/err.h"
#include "otelgate/base/secret.h"
#include "otelgate/base/str.h"

enum {
	OG_KUBE_FILE_BYTES =
		4 << 20,	 /* one kubeconfig; a thousand clusters with CAs are about 3 MB */
	OG_KUBE_FILES = 64,	 /* of $KUBECONFIG */
	OG_KUBE_ENTRIES = 10000, /* clusters, users or contexts of one file */
	OG_KUBE_PEM_BYTES = 1 << 20,	/* CA bundle, certificate chain or key */
	OG_KUBE_TOKEN_BYTES = 64 << 10, /* an API server takes 1 MiB of headers (net/http) */
	OG_KUBE_URL_BYTES = 8192,
};

#define OG_KUBE_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* The environment, injected so that tests need not touch the real one. */
struct og_kube_env {
	const char *(*get)(void *ctx, const char *name); /* NULL or "" = not set */
	void *ctx;
	char *const *vars; /* "NAME=value" …, NULL: what exec plugins inherit; NULL = nothing */
};
/* The process's own. Static storage. */
const struct og_kube_env *og_kube_env_system(void);

/* kubectl's flags of the same names; NULL, 0 or false = not given. Borrowed during loading. */
struct og_kube_flags {
	const char *kubeconfig;
	const char *context, *cluster, *user, *ns;
	const char *server, *tls_server_name, *certificate_authority;
	bool insecure_skip_tls_verify, disable_compression;
	const char *token, *client_certificate, *client_key;
	const char *as, *as_uid;
	const char *const *as_groups;
	size_t nas_groups;
	const char *const *as_user_extra; /* "key=value" */
	size_t nas_user_extra;
	const char *request_timeout; /* "5" (seconds), "1m30s", "0" = none */
};

struct og_kube_options {
	struct og_kube_flags flags;
	const struct og_kube_env *env;	 /* NULL = the process's */
	const char *service_account_dir; /* NULL = OG_KUBE_SERVICE_ACCOUNT_DIR */
	/* The folder was asked for: no kubeconfig is read, neither KUBECONFIG's nor one at home,
	 * and flags that choose another cluster or user are refused. */
	bool service_account_only;
};

/* How requests carry a bearer token. A client certificate may come in addition. */
enum og_kube_bearer {
	OG_KUBE_BEARER_NONE,
	OG_KUBE_BEARER_TOKEN, /* access.token */
	OG_KUBE_BEARER_FILE,  /* access.token_file, to be re-read (kube/filecreds.h); access.token,
				 if  set, is used when the file can't be read */
	OG_KUBE_BEARER_EXEC   /* what access.exec prints, a client certificate included */
};

enum og_kube_client_cert {
	OG_KUBE_CERT_NONE,
	OG_KUBE_CERT_DATA, /* client_cert and client_key; both from the kubeconfig or mixed */
	OG_KUBE_CERT_FILES /* the same, and both files are to be watched (kube/filecreds.h) */
};

enum og_kube_ns_from { OG_KUBE_NS_FLAG, OG_KUBE_NS_CONTEXT, OG_KUBE_NS_POD, OG_KUBE_NS_DEFAULT };

/* exec: a credential plugin. The strings belong to the access. */
enum og_kube_interactive {
	OG_KUBE_INTERACTIVE_NEVER,
	OG_KUBE_INTERACTIVE_IF_AVAILABLE,
	OG_KUBE_INTERACTIVE_ALWAYS
};
struct og_kube_var {
	const char *name, *value; /* the value may be a credential */
};
struct og_kube_exec {
	const char *command; /* a path, or a name to be found in PATH */
	const char *const *args;
	size_t nargs;
	const struct og_kube_var *env; /* added to, and stronger than, the environment */
	size_t nenv;
	const char *api_version;  /* "client.authentication.k8s.io/v1" or "…/v1beta1" */
	const char *install_hint; /* control characters taken out; NULL = none */
	bool provide_cluster_info;
	enum og_kube_interactive interactive;
	/* JSON of the cluster's extension client.authentication.k8s.io/exec; empty = none */
	struct og_sv cluster_config;
};

struct og_kube_extra {
	const char *key;
	const char *const *values;
	size_t nvalues;
};

struct og_kube_access {
	/* Server: "https://host:port" with a path prefix if any; no trailing '/', query, fragment.
	 */
	const char *server;
	bool https;		     /* over plain HTTP credentials are neither kept nor sent */
	const char *tls_server_name; /* name to ask for and to verify; NULL = the URL's host */
	struct og_sv ca;     /* PEM with at least one certificate; empty = the system's CAs */
	const char *ca_file; /* where ca came from, to be re-read; NULL = not from a file */
	bool insecure;	     /* the server's certificate is not verified */
	/* http, https or socks5 URL; NULL = none given: kubectl then follows HTTPS_PROXY and
	 * NO_PROXY. With socks5 the proxy resolves the server's name, as Go's does: libcurl calls
	 * that socks5h. May hold a password: only proxy_shown may be printed. */
	const char *proxy_url, *proxy_shown;
	bool disable_compression;
	int64_t request_timeout_ms; /* 0 = none was asked for */

	/* Who we are */
	enum og_kube_bearer bearer;
	struct og_secret token;
	const char *token_file;
	enum og_kube_client_cert cert;
	struct og_sv client_cert; /* PEM */
	struct og_secret client_key;
	const char *client_cert_file, *client_key_file; /* where from; NULL = not from a file */
	struct og_kube_exec exec;			/* command NULL = none */

	/* Impersonation; as NULL = none, then the rest is empty too. */
	const char *as, *as_uid;
	const char *const *as_groups;
	size_t nas_groups;
	const struct og_kube_extra *as_extra;
	size_t nas_extra;

	/* Where it came from */
	const char *ns; /* never NULL; an RFC 1123 label */
	enum og_kube_ns_from ns_from;
	bool in_cluster;		      /* the pod's service account */
	const char *context, *cluster, *user; /* names in the kubeconfig; NULL = none */
	const char *source;	  /* for messages: context "prod" of /home/u/.kube/config */
	const char *const *files; /* the kubeconfig files that were read, in order */
	size_t nfiles;
	const char *const *warnings; /* sentences without a full stop, to be shown once */
	size_t nwarnings;

	struct og_arena arena_; /* holds all of the above */
};

/*
 * Resolves. Files named by the configuration are read and checked (certificates parse, the key is
 * the certificate's, the token is not empty); nothing is sent and no plugin is run.
 */
int og_kube_access_load(
	const struct og_kube_options *o, struct og_kube_access **ret, struct og_err *err);
/* Zeroes all of it. NULL is fine. */
void og_kube_access_free(struct og_kube_access *a);
void og_kube_access_free_ptr_(struct og_kube_access **a);
#define og_auto_kube_access __attribute__((cleanup(og_kube_access_free_ptr_)))

/*
 * Appends the access as a kubeconfig with one cluster, user and context (JSON, as "kubectl config
 * view --minify -o json" prints it, fields that are empty left out). Without `raw`, tokens, keys
 * and plugin variables read REDACTED, certificate data DATA+OMITTED, as kubectl's. With `flatten`
 * files are put in as data.
 */
void og_kube_access_write(
	const struct og_kube_access *a, bool raw, bool flatten, struct og_buf *out);

/* A token as it may stand in a header: not empty, at most OG_KUBE_TOKEN_BYTES of printable ASCII
 * without blanks. `what` names it in the message. */
int og_kube_token_check(struct og_sv token, const char *what, struct og_err *err);
/* PEM checks: at least one certificate; a chain with its key, which may not have a passphrase. */
int og_kube_ca_check(struct og_sv pem, const char *what, struct og_err *err);
int og_kube_pair_check(
	struct og_sv cert_pem, struct og_sv key_pem, const char *what, struct og_err *err);
/* A file that may hold secrets: at most `max` bytes, and no copies left behind. `out` is to be
 * wiped by the caller (og_buf_wipe). Errors name the path. */
int og_kube_read_file(const char *path, size_t max, struct og_buf *out, struct og_err *err);
