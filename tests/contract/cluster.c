/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>
#include "contract/cluster.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/str.h"
#include "otelgate/codec/base64.h"
#include "otelgate/base/fs.h"
#include "otelgate/codec/source.h"
#include "sim/sim.h"

enum { RING = 16 };
struct ct_options ct_opt;
char ct_ns[64];
struct og_sim_opts ct_sim_opts = {.tick_ms = 5};

static struct {
	char url[256], token[512];
	struct og_buf ca, cert, key;
	struct og_sim *sim;
	CURL *curl;
	struct ct_reply replies[RING];
	char *texts[RING];
	unsigned nreply, ntext;
	struct ct_watch watch;
	bool has_ns;
} c;

bool ct_real(void)
{
	const char *path = getenv("OG_CONTRACT_KUBECONFIG");

	return path && *path;
}

struct og_sim *ct_sim(void)
{
	return c.sim;
}

/* name-data in base64, or name with a path. */
static void material(struct og_jval o, const char *name, struct og_arena *a, struct og_buf *out)
{
	char data[64];
	struct og_sv v;
	struct og_err err = OG_ERR_INIT;

	snprintf(data, sizeof(data), "%s-data", name);
	v = og_jstr_or_empty(og_jget(o, og_svz(data)), a);
	if (v.n) {
		ck_assert_int_eq(og_base64_decode(out, v, &err), 0);
		return;
	}
	v = og_jstr_or_empty(og_jget(o, og_svz(name)), a);
	if (v.n)
		ck_assert_msg(!og_fs_read(og_arena_strndup(a, v.p, v.n), 1 << 20, out, &err), "%s",
			err.msg);
}

static void read_kubeconfig(struct og_sv text)
{
	og_auto_arena struct og_arena a = {0};
	struct og_source src;
	struct og_err err = OG_ERR_INIT;
	struct og_jval root, cluster, user;

	og_arena_init(&a, 0, 0);
	ck_assert_msg(!og_source_parse(&src, &a, text, "kubeconfig", NULL, &err), "%s", err.msg);
	root = og_jroot(&src.docs[0].doc);
	cluster = og_jgetl(og_jat(og_jgetl(root, "clusters"), 0), "cluster");
	user = og_jgetl(og_jat(og_jgetl(root, "users"), 0), "user");
	snprintf(c.url, sizeof(c.url), "%.*s",
		OG_SV_ARG(og_jstr_or_empty(og_jgetl(cluster, "server"), &a)));
	snprintf(c.token, sizeof(c.token), "%.*s",
		OG_SV_ARG(og_jstr_or_empty(og_jgetl(user, "token"), &a)));
	material(cluster, "certificate-authority", &a, &c.ca);
	material(user, "client-certificate", &a, &c.cert);
	material(user, "client-key", &a, &c.key);
}

static size_t take(char *p, size_t size, size_t n, void *arg)
{
	og_buf_add(arg, p, size * n);
	return size * n;
}

static void keep_header(const char *line, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) || line[n] != ':' || *out)
		return;
	snprintf(out, size, "%s", line + n + 1 + strspn(line + n + 1, " "));
	out[strcspn(out, "\r\n")] = '\0';
}

static size_t header(char *p, size_t size, size_t n, void *arg)
{
	struct ct_reply *r = arg;
	char line[1024];

	snprintf(line, sizeof(line), "%.*s", (int)(size * n), p);
	keep_header(line, "content-type", r->type, sizeof(r->type));
	keep_header(line, "content-encoding", r->encoding, sizeof(r->encoding));
	keep_header(line, "warning", r->warning, sizeof(r->warning));
	keep_header(line, "retry-after", r->retry, sizeof(r->retry));
	return size * n;
}

static void blob(CURLoption opt, struct og_buf *b)
{
	struct curl_blob d = {b->p, b->len, CURL_BLOB_COPY};

	if (b->len)
		curl_easy_setopt(c.curl, opt, &d);
}

static struct curl_slist *add(struct curl_slist *l, const char *name, const char *value)
{
	char line[4200];

	snprintf(line, sizeof(line), "%s: %s", name, value);
	return curl_slist_append(l, line);
}

static struct curl_slist *prepare(const char *method, const char *path, const char *body)
{
	struct curl_slist *h =
		add(NULL, "Accept", ct_opt.accept ? ct_opt.accept : "application/json");
	const char *token = ct_opt.token ? ct_opt.token : c.token;
	og_auto_buf struct og_buf form = OG_BUF_INIT(0);
	char url[4096];

	for (const char *p = path; *p; p++) {
		bool two = p[0] == '%' && p[1] == 's';

		if (two || *p == '@')
			og_buf_str(&form, ct_ns);
		else
			og_buf_ch(&form, *p);
		p += two;
	}
	ck_assert_int_lt(snprintf(url, sizeof(url), "%.200s%s", c.url, form.p), (int)sizeof(url));
	curl_easy_reset(c.curl);
	curl_easy_setopt(c.curl, CURLOPT_URL, url);
	curl_easy_setopt(c.curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c.curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c.curl, CURLOPT_USERAGENT,
		ct_opt.agent ? ct_opt.agent : "otelgate-contract/1 (test)");
	curl_easy_setopt(c.curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c.curl, CURLOPT_TIMEOUT, 30L);
	blob(CURLOPT_CAINFO_BLOB, &c.ca);
	if (*token && !ct_opt.anonymous && !ct_opt.cert) {
		char bearer[4096];

		snprintf(bearer, sizeof(bearer), "Bearer %s", token);
		h = add(h, "Authorization", bearer);
	}
	if (ct_opt.cert) {
		blob(CURLOPT_SSLCERT_BLOB, ct_opt.cert);
		blob(CURLOPT_SSLKEY_BLOB, ct_opt.key);
		curl_easy_setopt(c.curl, CURLOPT_FRESH_CONNECT, 1L);
	} else if (!ct_opt.anonymous && !ct_opt.token) {
		blob(CURLOPT_SSLCERT_BLOB, &c.cert);
		blob(CURLOPT_SSLKEY_BLOB, &c.key);
	} else {
		curl_easy_setopt(c.curl, CURLOPT_FRESH_CONNECT, 1L);
	}
	if (body) {
		h = add(h, "Content-Type", ct_opt.type ? ct_opt.type : "application/json");
		curl_easy_setopt(c.curl, CURLOPT_POSTFIELDS, body);
	}
	if (ct_opt.as)
		h = add(h, "Impersonate-User", ct_opt.as);
	if (ct_opt.gzip)
		curl_easy_setopt(c.curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(c.curl, CURLOPT_HTTPHEADER, h);
	return h;
}

struct ct_reply *ct_try(const char *method, const char *path, const char *body)
{
	struct ct_reply *r = &c.replies[c.nreply++ % RING];
	struct curl_slist *h = prepare(method, path, body ? ct_json(body) : NULL);
	struct og_buf out = OG_BUF_INIT(1 << 30);

	json_decref(r->json);
	og_free(r->body);
	*r = (struct ct_reply){0};
	curl_easy_setopt(c.curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c.curl, CURLOPT_WRITEDATA, &out);
	curl_easy_setopt(c.curl, CURLOPT_HEADERFUNCTION, header);
	curl_easy_setopt(c.curl, CURLOPT_HEADERDATA, r);
	if (ct_opt.seconds > 0)
		curl_easy_setopt(c.curl, CURLOPT_TIMEOUT_MS, (long)(ct_opt.seconds * 1000));
	r->rc = (int)curl_easy_perform(c.curl);
	curl_easy_getinfo(c.curl, CURLINFO_RESPONSE_CODE, &r->code);
	curl_easy_getinfo(c.curl, CURLINFO_TOTAL_TIME, &r->seconds);
	curl_slist_free_all(h);
	ct_opt = (struct ct_options){0};
	r->len = out.len;
	r->body = og_buf_take(&out);
	r->json = json_loadb(r->body, r->len, 0, NULL);
	return r;
}

struct ct_reply *ct(const char *method, const char *path, const char *body)
{
	struct ct_reply *r = ct_try(method, path, body);

	ck_assert_msg(!r->rc, "%s %s: %s", method, path, curl_easy_strerror((CURLcode)r->rc));
	return r;
}

struct ct_reply *ct_want(long code, const char *method, const char *path, const char *body)
{
	struct ct_reply *r = ct(method, path, body);

	ck_assert_msg(r->code == code, "%s %s: %ld instead of %ld: %.600s", method, path, r->code,
		code, r->body);
	return r;
}

json_t *ct_at(const json_t *o, const char *path)
{
	struct og_sv rest = og_svz(path), part;

	while (o && og_sv_split(&rest, '.', &part)) {
		char key[128];

		snprintf(key, sizeof(key), "%.*s", OG_SV_ARG(part));
		o = json_is_array(o) ? json_array_get(o, strtoul(key, NULL, 10))
				     : json_object_get(o, key);
	}
	return (json_t *)(uintptr_t)o;
}

const char *ct_text(const json_t *o, const char *path)
{
	const char *s = json_string_value(ct_at(o, path));

	return s ? s : "";
}

long long ct_int(const json_t *o, const char *path)
{
	const json_t *v = ct_at(o, path);

	return json_is_integer(v) ? (long long)json_integer_value(v) : -1;
}

const char *ct_json(const char *text)
{
	char **slot = &c.texts[c.ntext++ % RING];
	struct og_buf b = OG_BUF_INIT(0);

	for (const char *p = text; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			og_buf_str(&b, ct_ns);
			p++;
		} else {
			og_buf_ch(&b, *p == '\'' ? '"' : *p == '`' ? '\'' : *p);
		}
	}
	og_free(*slot);
	*slot = og_buf_take(&b);
	return *slot;
}

static struct {
	char method[16], url[1024];
	int ms;
	pthread_t thread;
} later;

static size_t drop(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)arg;
	return size * n;
}

static void *later_thread(void *arg)
{
	struct curl_blob ca = {c.ca.p, c.ca.len, CURL_BLOB_COPY};
	struct curl_blob cert = {c.cert.p, c.cert.len, CURL_BLOB_COPY};
	struct curl_blob key = {c.key.p, c.key.len, CURL_BLOB_COPY};
	struct curl_slist *h = NULL;
	CURL *curl = curl_easy_init();

	(void)arg;
	usleep((useconds_t)later.ms * 1000);
	curl_easy_setopt(curl, CURLOPT_URL, later.url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, later.method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
	if (c.cert.len) {
		curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &cert);
		curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
	}
	if (*c.token) {
		char bearer[600];

		snprintf(bearer, sizeof(bearer), "Bearer %s", c.token);
		h = add(NULL, "Authorization", bearer);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, h);
	}
	curl_easy_perform(curl);
	curl_slist_free_all(h);
	curl_easy_cleanup(curl);
	return NULL;
}

void ct_later(int ms, const char *method, const char *path)
{
	later.ms = ms;
	snprintf(later.method, sizeof(later.method), "%s", method);
	snprintf(later.url, sizeof(later.url), "%s%s", c.url, path);
	ck_assert_int_eq(pthread_create(&later.thread, NULL, later_thread, NULL), 0);
}

void ct_later_done(void)
{
	pthread_join(later.thread, NULL);
}

struct lines {
	struct og_buf part;
	struct ct_watch *w;
	size_t want;
};

static size_t take_lines(char *p, size_t size, size_t n, void *arg)
{
	struct lines *l = arg;
	char *nl;

	og_buf_add(&l->part, p, size * n);
	while (l->part.len && (nl = memchr(l->part.p, '\n', l->part.len))) {
		size_t len = (size_t)(nl - l->part.p) + 1;
		json_t *e = json_loadb(l->part.p, len, 0, NULL);

		ck_assert_msg(e != NULL, "not JSON: %.200s", l->part.p);
		json_array_append_new(l->w->events, e);
		memmove(l->part.p, l->part.p + len, l->part.len - len);
		l->part.len -= len;
		if (json_array_size(l->w->events) >= l->want)
			return 0; /* enough: the transfer is broken off */
	}
	return size * n;
}

struct ct_watch *ct_watch(const char *path, size_t events, int seconds)
{
	struct lines l = {OG_BUF_INIT(0), &c.watch, events};
	struct curl_slist *h = prepare("GET", path, NULL);
	CURLcode rc;

	json_decref(c.watch.events);
	og_free(c.watch.rest);
	c.watch = (struct ct_watch){.events = json_array()};
	curl_easy_setopt(c.curl, CURLOPT_WRITEFUNCTION, take_lines);
	curl_easy_setopt(c.curl, CURLOPT_WRITEDATA, &l);
	curl_easy_setopt(c.curl, CURLOPT_TIMEOUT, (long)seconds);
	rc = curl_easy_perform(c.curl);
	c.watch.timed_out = rc == CURLE_OPERATION_TIMEDOUT;
	ck_assert_msg(rc == CURLE_OK || rc == CURLE_WRITE_ERROR || c.watch.timed_out, "%s: %s",
		path, curl_easy_strerror(rc));
	curl_easy_getinfo(c.curl, CURLINFO_RESPONSE_CODE, &c.watch.code);
	curl_slist_free_all(h);
	ct_opt = (struct ct_options){0};
	c.watch.rest = og_buf_take(&l.part);
	return &c.watch;
}

const char *ct_event(const struct ct_watch *w, size_t i)
{
	static char text[256];
	const json_t *e = json_array_get(w->events, i);

	if (!e)
		return "none";
	snprintf(text, sizeof(text), "%s %s", ct_text(e, "type"),
		ct_text(e, "object.metadata.name"));
	return text;
}

void ct_status(const struct ct_reply *r, long code, const char *reason, const char *message)
{
	ck_assert_msg(r->code == code, "%ld instead of %ld: %.600s", r->code, code, r->body);
	ck_assert_msg(r->json != NULL, "no JSON: %.200s", r->body);
	ck_assert_str_eq(ct_text(r->json, "kind"), "Status");
	ck_assert_str_eq(ct_text(r->json, "apiVersion"), "v1");
	ck_assert_str_eq(ct_text(r->json, "status"), code < 400 ? "Success" : "Failure");
	if (code >= 400)
		ck_assert_int_eq(ct_int(r->json, "code"), code);
	if (reason)
		ck_assert_str_eq(ct_text(r->json, "reason"), reason);
	if (message)
		ck_assert_str_eq(ct_text(r->json, "message"), ct_json(message));
}

const char *ct_rv(const struct ct_reply *r)
{
	return ct_text(r->json, "metadata.resourceVersion");
}

struct ct_reply *ct_configmap(const char *name, const char *label)
{
	char text[256];

	snprintf(text, sizeof(text),
		"{\"metadata\":{\"name\":\"%s\",\"labels\":{\"n\":\"%s\"}},\"data\":{\"x\":\"y\"}}",
		name, label);
	return ct_want(201, "POST", "/api/v1/namespaces/%s/configmaps", text);
}

bool ct_wait(const char *path, long code)
{
	for (int i = 0; i < 4000; i++) {
		if (ct("GET", path, NULL)->code == code)
			return true;
		usleep(50000); /* a real cluster's controllers take their time */
	}
	return false;
}

void ct_setup(void)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	struct og_sim_opts o = ct_sim_opts;
	char body[128];

	c.curl = curl_easy_init();
	ck_assert_ptr_nonnull(c.curl);
	if (ct_real()) {
		ck_assert_msg(!og_fs_read(getenv("OG_CONTRACT_KUBECONFIG"), 1 << 20, &b, &err),
			"%s", err.msg);
	} else {
		ck_assert_msg(!og_sim_start(&o, &c.sim, &err), "%s", err.msg);
		og_sim_kubeconfig(c.sim, NULL, &b);
	}
	read_kubeconfig(og_buf_view(&b));
	snprintf(ct_ns, sizeof(ct_ns), "contract-%d-%ld", getpid(), random() % 100000);
	snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"%s\"}}", ct_ns);
	ct_want(201, "POST", "/api/v1/namespaces", body);
	c.has_ns = true;
}

void ct_teardown(void)
{
	if (c.has_ns)
		ct("DELETE", "/api/v1/namespaces/%s", NULL);
	curl_easy_cleanup(c.curl);
	og_sim_stop(c.sim);
	for (size_t i = 0; i < RING; i++) {
		json_decref(c.replies[i].json);
		og_free(c.replies[i].body);
		og_free(c.texts[i]);
	}
	json_decref(c.watch.events);
	og_free(c.watch.rest);
	og_buf_fini(&c.ca);
	og_buf_fini(&c.cert);
	og_buf_fini(&c.key);
	memset(&c, 0, sizeof(c));
}
