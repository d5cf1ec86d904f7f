/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to libcurl's options. Everything that comes from outside is checked here. */
#include "httpc-priv.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "otelgate/base/mem.h"

/*
 * A peer that has vanished is noticed after about 45 s (30 + 3 * 5) when nothing is sent and 30 s
 * when something is; the kernel's defaults are two hours and fifteen minutes.
 */
enum { KEEP_IDLE_S = 30, KEEP_INTERVAL_S = 5, KEEP_COUNT = 3, USER_TIMEOUT_MS = 30000 };

int httpc_sock_setup(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
	};
	(void)ctx;
	(void)purpose;
	/* best effort: without them a dead peer is only noticed later */
	for (size_t i = 0; i < OG_COUNT(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			sizeof(options[i].value));
	return CURL_SOCKOPT_OK;
}

static bool is_token(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false; /* RFC 9110 §5.6.2 */
	}
	return s.n > 0;
}

static bool has_control(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return true;
	}
	return false;
}

static void wipe_list(struct curl_slist *list)
{
	for (struct curl_slist *s = list; s; s = s->next)
		og_wipe(s->data, strlen(s->data));
	curl(slist_free_all)(list);
}

void httpc_call_free(struct og_httpc_call *call)
{
	if (!call)
		return;
	if (call->easy)
		curl(easy_cleanup)(call->easy);
	wipe_list(call->headers);
	curl(slist_free_all)(call->connect_to);
	if (call->body)
		og_wipe(call->body, call->nbody);
	og_free(call->body);
	httpc_head_fini(&call->head);
	og_free(call);
}

static int no_memory(struct og_err *err)
{
	return og_err_set(err, OG_E_OOM, "no memory for an HTTP request");
}

static int add_line(struct curl_slist **list, const char *line, struct og_err *err)
{
	struct curl_slist *more = curl(slist_append)(*list, line);
	if (!more)
		return no_memory(err);
	*list = more;
	return 0;
}

static int add_bearer(struct og_httpc_call *call, const struct og_secret *token, struct og_err *err)
{
	static const char prefix[] = "Authorization: Bearer ";
	struct og_sv t = og_sv(og_secret_expose(token), og_secret_len(token));
	if (!og_secret_is_set(token) || t.n == 0 || has_control(t) || memchr(t.p, ' ', t.n))
		return og_err_set(err, OG_E_INVALID,
			"the bearer token is empty or holds blanks or control characters");
	size_t n = sizeof(prefix) + t.n;
	char *line = og_malloc(n);
	if (!line)
		return no_memory(err);
	memcpy(line, prefix, sizeof(prefix) - 1);
	memcpy(line + sizeof(prefix) - 1, t.p, t.n);
	line[n - 1] = '\0';
	int r = add_line(&call->headers, line, err);
	og_wipe(line, n);
	og_free(line);
	return r;
}

static int add_headers(
	struct og_httpc_call *call, const struct og_httpc_request *r, struct og_err *err)
{
	bool typed = false;
	for (size_t i = 0; r->headers && r->headers[i]; i++) {
		struct og_sv line = og_svz(r->headers[i]);
		struct og_sv name = og_sv(line.p, og_sv_chr(line, ':'));
		if (name.n == line.n || !is_token(name) || has_control(line))
			return og_err_set(err, OG_E_INVALID,
				"header %zu of the request is not \"Name: value\" without control "
				"characters",
				i + 1);
		/* libcurl takes "Name:" for "leave it out" and wants "Name;" */
		struct og_sv value = og_sv_trim(og_sv(line.p + name.n + 1, line.n - name.n - 1));
		if (value.n == 0)
			continue;
		typed = typed || og_sv_caseeq(name, OG_SV("content-type"));
		int rc = add_line(&call->headers, line.p, err);
		if (rc < 0)
			return rc;
	}
	/* not what libcurl would put there on its own */
	int rc = add_line(&call->headers, "Expect:", err);
	if (rc == 0 && !typed)
		rc = add_line(&call->headers, "Content-Type:", err);
	if (rc == 0 && r->bearer)
		rc = add_bearer(call, r->bearer, err);
	return rc;
}

static bool is_host_name(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '.' || c == '_' || c == ':'))
			return false;
	}
	return s.n > 0 && s.n < 254;
}

/*
 * libcurl asks for and verifies the URL's host. With another name to verify, that one goes into the
 * URL, and the connection is led to the host by CONNECT_TO; the Host header stays as it was.
 */
static int set_url(struct og_httpc_call *call, const struct og_httpc_request *r,
	const struct og_url *u, struct og_err *err)
{
	const char *name = r->tls.server_name;
	og_auto_buf struct og_buf url = OG_BUF_INIT(0), to = OG_BUF_INIT(0), host = OG_BUF_INIT(0);
	(void)snprintf(call->verify_name, sizeof(call->verify_name), "%.*s", OG_SV_ARG(u->host));
	if (!u->https || !name || !*name || og_sv_eq(og_svz(name), u->host))
		return curl(easy_setopt)(call->easy, CURLOPT_URL, r->url) == CURLE_OK
			       ? 0
			       : no_memory(err);
	if (!is_host_name(og_svz(name)))
		return og_err_set(err, OG_E_INVALID, "the TLS server name is no host name");
	bool v6 = strchr(name, ':') != NULL;
	og_buf_fmt(&url, "https://%s%s%s:%u%.*s", v6 ? "[" : "", name, v6 ? "]" : "", u->port,
		OG_SV_ARG(u->path));
	if (u->has_query)
		og_buf_fmt(&url, "?%.*s", OG_SV_ARG(u->query));
	og_buf_lit(&to, "::");
	og_url_put_hostport(&to, u);
	og_buf_lit(&host, "Host: ");
	og_url_put_hostport(&host, u);
	if (url.failed || to.failed || host.failed)
		return no_memory(err);
	(void)snprintf(call->verify_name, sizeof(call->verify_name), "%s", name);
	int rc = add_line(&call->headers, host.p, err);
	if (rc == 0)
		rc = add_line(&call->connect_to, to.p, err);
	if (rc == 0 && (curl(easy_setopt)(call->easy, CURLOPT_URL, url.p) != CURLE_OK ||
			       curl(easy_setopt)(call->easy, CURLOPT_CONNECT_TO,
				       call->connect_to) != CURLE_OK))
		rc = no_memory(err);
	return rc;
}

/* Collects the failures of setopt, of which there are two: no memory, and an option that this
 * libcurl was built without. */
#define SET(rc, easy, option, value)                                                  \
	do {                                                                          \
		CURLcode set_ = curl(easy_setopt)((easy), CURLOPT_##option, (value)); \
		if ((rc) == CURLE_OK)                                                 \
			(rc) = set_;                                                  \
	} while (0)

static CURLcode set_blob(CURL *easy, CURLoption option, const void *p, size_t n)
{
	/* const is lost in libcurl's interface; the blob is copied */
	struct curl_blob blob = {.len = n, .flags = CURL_BLOB_COPY};
	memcpy(&blob.data, &p, sizeof(p));
	return curl(easy_setopt)(easy, option, &blob);
}

static CURLcode set_tls(struct og_httpc_call *call, const struct og_httpc_tls *t)
{
	CURLcode rc = CURLE_OK, b = CURLE_OK;
	CURL *e = call->easy;
	SET(rc, e, SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* a resumed session was verified long ago; and libcurl 7.88 frees twice when memory is out
	 * while it keeps one (Curl_ssl_addsessionid) */
	SET(rc, e, SSL_SESSIONID_CACHE, 0L);
	SET(rc, e, SSL_VERIFYPEER, t->insecure ? 0L : 1L);
	SET(rc, e, SSL_VERIFYHOST, t->insecure ? 0L : 2L);
	if (rc == CURLE_OK)
		rc = httpc_set_context(call);
	if (t->ca_pem.n) {
		/* a default CAPATH would add the public CAs; a blob is never cached */
		SET(rc, e, CAPATH, NULL);
		SET(rc, e, CAINFO, NULL);
		b = set_blob(e, CURLOPT_CAINFO_BLOB, t->ca_pem.p, t->ca_pem.n);
	} else if (call->c->ca_file) {
		SET(rc, e, CAINFO, call->c->ca_file);
	}
	if (t->cert_pem.n && b == CURLE_OK)
		b = set_blob(e, CURLOPT_SSLCERT_BLOB, t->cert_pem.p, t->cert_pem.n);
	if (t->cert_pem.n && t->key_pem && og_secret_is_set(t->key_pem) && b == CURLE_OK)
		b = set_blob(e, CURLOPT_SSLKEY_BLOB, og_secret_expose(t->key_pem),
			og_secret_len(t->key_pem));
	return rc == CURLE_OK ? b : rc;
}

static int set_proxy(struct og_httpc_call *call, const struct og_httpc_request *r,
	const struct og_url *u, struct og_err *err)
{
	CURLcode rc = CURLE_OK;
	if (!r->proxy && r->env_proxy && !og_url_is_loopback(u)) {
		call->proxied = true; /* perhaps */
		return 0;
	}
	if (!r->proxy) {
		SET(rc, call->easy, PROXY, "");
		SET(rc, call->easy, NOPROXY, "*");
		return rc == CURLE_OK ? 0 : no_memory(err);
	}
	struct og_sv p = og_svz(r->proxy);
	bool socks = og_sv_starts(p, OG_SV("socks5://"));
	if ((!socks && !og_sv_starts(p, OG_SV("http://")) && !og_sv_starts(p, OG_SV("https://")) &&
		    !og_sv_starts(p, OG_SV("socks5h://"))) ||
		has_control(p))
		return og_err_set(
			err, OG_E_INVALID, "the proxy is no http://, https:// or socks5:// URL");
	call->proxied = true;
	og_auto_buf struct og_buf url = OG_BUF_INIT(0);
	og_buf_fmt(&url, "%s%.*s", socks ? "socks5h://" : "",
		(int)(p.n - (socks ? strlen("socks5://") : 0)),
		p.p + (socks ? strlen("socks5://") : 0));
	if (url.failed)
		return no_memory(err);
	SET(rc, call->easy, PROXY, url.p);
	SET(rc, call->easy, NOPROXY, "");
	og_wipe(url.p, url.len);
	return rc == CURLE_OK ? 0 : no_memory(err);
}

static CURLcode set_callbacks(struct og_httpc_call *call)
{
	CURLcode rc = CURLE_OK;
	CURL *e = call->easy;
	SET(rc, e, PRIVATE, call);
	SET(rc, e, ERRORBUFFER, call->error);
	SET(rc, e, HEADERFUNCTION, httpc_on_header);
	SET(rc, e, HEADERDATA, call);
	SET(rc, e, WRITEFUNCTION, httpc_on_write);
	SET(rc, e, WRITEDATA, call);
	SET(rc, e, PREREQFUNCTION, httpc_on_prereq);
	SET(rc, e, PREREQDATA, call);
	SET(rc, e, OPENSOCKETFUNCTION, httpc_sock_open);
	SET(rc, e, OPENSOCKETDATA, call);
	SET(rc, e, CLOSESOCKETFUNCTION, httpc_sock_close);
	SET(rc, e, CLOSESOCKETDATA, call->c);
	SET(rc, e, SOCKOPTFUNCTION, httpc_sock_setup);
	return rc;
}

struct number {
	CURLoption option;
	long value;
};

static CURLcode set_numbers(CURL *easy, const struct number *list, size_t n)
{
	CURLcode rc = CURLE_OK;
	for (size_t i = 0; i < n && rc == CURLE_OK; i++)
		rc = curl(easy_setopt)(easy, list[i].option, list[i].value);
	return rc;
}

/*
 * Whether a call waits until a connection that is being made turns out to carry many. libcurl
 * (since 8.12, url_match_http_multiplex) waits for the first answer, where it comes in HTTP/1, too:
 * a list that takes a minute would hold back all others.
 */
static bool waits_for_http2(const struct og_httpc_call *call)
{
	return !call->own && call->https && !call->c->http1 &&
	       call->c->http_version != CURL_HTTP_VERSION_1_1;
}

static CURLcode set_transfer(struct og_httpc_call *call, const struct og_httpc_request *r)
{
	const struct number numbers[] = {
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_PATH_AS_IS, 1},
		/* what a proxy says of its tunnel is no head of the answer */
		{CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
		{CURLOPT_HTTP_VERSION,
			call->https ? call->c->http_version : (long)CURL_HTTP_VERSION_1_1},
		{CURLOPT_CONNECTTIMEOUT_MS, 0x7fffffff}, /* our own timers do */
		{CURLOPT_TCP_NODELAY, 1},
#if LIBCURL_VERSION_NUM >= 0x075700
		/* a call that ends does not wait for the name server in its thread */
		{CURLOPT_QUICK_EXIT, 1},
#endif
		{CURLOPT_FRESH_CONNECT, call->own},
		{CURLOPT_FORBID_REUSE, call->own},
		{CURLOPT_PIPEWAIT, waits_for_http2(call)},
	};
	CURL *e = call->easy;
	CURLcode rc = set_numbers(e, numbers, OG_COUNT(numbers));
	SET(rc, e, PROTOCOLS_STR, "http,https");
	SET(rc, e, USERAGENT, call->c->user_agent);
	SET(rc, e, HTTPHEADER, call->headers);
	if (r->accept_gzip)
		SET(rc, e, ACCEPT_ENCODING, "gzip");
	return rc;
}

static bool may_have_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	       strcmp(method, "PATCH") == 0;
}

static CURLcode set_method(struct og_httpc_call *call, const struct og_httpc_request *r)
{
	CURLcode rc = CURLE_OK;
	CURL *e = call->easy;
	if (call->body || may_have_body(r->method)) {
		SET(rc, e, POSTFIELDS, call->body ? call->body : "");
		SET(rc, e, POSTFIELDSIZE_LARGE, (curl_off_t)call->nbody);
	}
	if (strcmp(r->method, "HEAD") == 0)
		SET(rc, e, NOBODY, 1L);
	else if (strcmp(r->method, "GET") != 0 || call->body)
		SET(rc, e, CUSTOMREQUEST, r->method);
	return rc;
}

static int set_options(struct og_httpc_call *call, const struct og_httpc_request *r,
	const struct og_url *u, struct og_err *err)
{
	int rc = add_headers(call, r, err);
	if (rc == 0)
		rc = set_url(call, r, u, err);
	if (rc == 0)
		rc = set_proxy(call, r, u, err);
	if (rc < 0)
		return rc;
	CURLcode cc = set_callbacks(call);
	if (cc == CURLE_OK)
		cc = set_transfer(call, r);
	if (cc == CURLE_OK)
		cc = set_method(call, r);
	if (cc == CURLE_OK)
		cc = set_tls(call, &r->tls);
	return cc == CURLE_OK ? 0 : no_memory(err);
}

static void copy_limits(struct og_httpc_call *call, const struct og_httpc_request *r, bool https)
{
	call->ctx = r->ctx;
	call->on_head = r->on_head;
	call->on_data = r->on_data;
	call->on_done = r->on_done;
	call->connect_ms = r->connect_ms > 0 ? r->connect_ms : HTTPC_CONNECT_MS;
	call->total_ms = r->total_ms;
	call->idle_ms = r->idle_ms;
	call->max_bytes = r->max_bytes;
	call->own = r->own_connection;
	call->https = https;
	call->repeatable = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
}

int httpc_call_make(struct og_httpc *c, const struct og_httpc_request *r,
	struct og_httpc_call **ret, struct og_err *err)
{
	struct og_url u;
	struct og_err why = OG_ERR_INIT;
	if (!is_token(og_svz(r->method)) || strlen(r->method) > 16)
		return og_err_set(err, OG_E_INVALID, "the request's method is no token");
	if (og_url_parse(og_svz(r->url), &u, &why) < 0)
		return og_err_set(err, OG_E_INVALID, "the request's URL: %s", why.msg);

	struct og_httpc_call *call = og_calloc(1, sizeof(*call));
	if (!call)
		return no_memory(err);
	call->c = c;
	httpc_head_init(&call->head);
	copy_limits(call, r, u.https);
	bool v6 = u.host_kind == OG_URL_IPV6;
	(void)snprintf(call->hostport, sizeof(call->hostport), "%s%.*s%s:%u", v6 ? "[" : "",
		OG_SV_ARG(u.host), v6 ? "]" : "", u.port);
	call->easy = curl(easy_init)();
	if (call->easy && r->body.p) {
		call->nbody = r->body.n;
		call->body = og_memdup(r->body.p, r->body.n);
	}
	int rc = call->easy && (call->body || !r->body.p) ? set_options(call, r, &u, err)
							  : no_memory(err);
	if (rc < 0) {
		httpc_call_free(call);
		return rc;
	}
	*ret = call;
	return 0;
}
