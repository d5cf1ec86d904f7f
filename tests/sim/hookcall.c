/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side of admission, on libcurl with connections kept. */
#include <curl/curl.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include "otelgate/codec/base64.h"
#include "sim/admission-priv.h"

int og_sim_route_service(struct og_sim *s, const char *service, uint16_t port, struct og_err *err)
{
	struct sim_route *r;

	pthread_mutex_lock(&s->mu);
	for (r = s->routes; r && strcmp(r->service, service); r = r->next)
		;
	if (!r) {
		r = og_calloc(1, sizeof(*r));
		if (r)
			r->service = og_strdup(service);
		if (r && r->service) {
			r->next = s->routes;
			s->routes = r;
		} else {
			og_free(r);
			r = NULL;
		}
	}
	if (r)
		r->port = port;
	pthread_mutex_unlock(&s->mu);
	return r ? 0 : og_err_set(err, OG_E_OOM, "route");
}

static CURL *take(struct og_sim *s)
{
	CURL *c = NULL;

	pthread_mutex_lock(&s->mu);
	if (s->nhooks)
		c = s->hooks[--s->nhooks];
	pthread_mutex_unlock(&s->mu);
	return c ? c : curl_easy_init();
}

static void give(struct og_sim *s, CURL *c)
{
	pthread_mutex_lock(&s->mu);
	if (s->nhooks < OG_COUNT(s->hooks)) {
		s->hooks[s->nhooks++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&s->mu);
	curl_easy_cleanup(c);
}

void sim_hooks_free(struct og_sim *s)
{
	while (s->nhooks)
		curl_easy_cleanup(s->hooks[--s->nhooks]);
}

static size_t receive(char *p, size_t size, size_t n, void *arg)
{
	og_buf_add(arg, p, size * n);
	return ((struct og_buf *)arg)->failed ? 0 : size * n;
}

static size_t header(char *p, size_t size, size_t n, void *arg)
{
	int *retry = arg;

	if (size * n > 13 && !strncasecmp(p, "retry-after:", 12))
		*retry = (int)strtol(p + 12, NULL, 10);
	return size * n;
}

/* The URL, and for a service where it really is. False = nobody is there. */
static bool address(
	struct og_sim *s, const json_t *hook, json_int_t timeout, char url[1024], char connect[256])
{
	const json_t *cc = json_object_get(hook, "clientConfig");
	const json_t *svc = json_object_get(cc, "service");
	const char *path = sim_str(svc, "path"), *to = sim_str(cc, "url");
	json_int_t port = json_integer_value(json_object_get(svc, "port"));
	og_auto_free char *name = NULL;
	uint16_t real = 0;

	connect[0] = '\0';
	if (!svc) {
		snprintf(url, 1024, "%s%ctimeout=%llds", to, strchr(to, '?') ? '&' : '?',
			(long long)timeout);
		return *to != '\0';
	}
	name = sim_fmt("%s/%s", sim_str(svc, "namespace"), sim_str(svc, "name"));
	if (!name)
		return false;
	port = port ? port : 443;
	pthread_mutex_lock(&s->mu);
	for (struct sim_route *r = s->routes; r; r = r->next)
		if (!strcmp(r->service, name))
			real = r->port;
	pthread_mutex_unlock(&s->mu);
	snprintf(url, 1024, "https://%s.%s.svc:%lld%s%s?timeout=%llds", sim_str(svc, "name"),
		sim_str(svc, "namespace"), (long long)port, *path == '/' ? "" : "/", path,
		(long long)timeout);
	snprintf(connect, 256, "::127.0.0.1:%u", real);
	return real != 0;
}

static void setup(CURL *c, const char *url, const char *body, struct og_buf *ca, int64_t ms,
	struct curl_slist *headers, struct curl_slist *to)
{
	struct curl_blob blob = {ca->p, ca->len, CURL_BLOB_COPY};

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "kube-apiserver-admission");
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)ms);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, header);
	if (to)
		curl_easy_setopt(c, CURLOPT_CONNECT_TO, to);
	if (ca->len)
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
}

/* Repeats while the webhook asks for it and the time allows; -1 with why. */
static int attempts(
	CURL *c, const char *url, int64_t until, struct og_buf *answer, char *why, size_t size)
{
	for (int tries = 0;; tries++) {
		int64_t left = until - sim_mono_ms();
		long code = 0;
		int retry = -1;
		CURLcode rc;

		og_buf_reset(answer);
		if (left <= 0) {
			snprintf(why, size,
				"failed to call webhook: Post \"%s\": context deadline "
				"exceeded",
				url);
			return -1;
		}
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)left);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
		curl_easy_setopt(c, CURLOPT_HEADERDATA, &retry);
		rc = curl_easy_perform(c);
		ERR_clear_error(); /* the queue is the thread's, and its own connection reads it */
		if (rc != CURLE_OK) {
			snprintf(why, size, "failed to call webhook: Post \"%s\": %s", url,
				curl_easy_strerror(rc));
			return -1;
		}
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
		if ((code == 429 || code >= 500) && retry >= 0 && tries < 10 &&
			sim_mono_ms() + retry * 1000 < until) {
			poll(NULL, 0, retry * 1000);
			continue;
		}
		if (code >= 200 && code < 300)
			return 0;
		snprintf(why, size, "failed to call webhook: the server answered with status %ld",
			code);
		return -1;
	}
}

int sim_hook_call(struct og_sim *s, const json_t *hook, const char *body, struct og_buf *answer,
	char *why, size_t size)
{
	json_int_t seconds = json_integer_value(json_object_get(hook, "timeoutSeconds"));
	og_auto_buf struct og_buf ca = OG_BUF_INIT(0);
	struct curl_slist *headers = NULL, *to = NULL;
	char url[1024], connect[256];
	CURL *c;
	int rc = -1;

	if (seconds < 1)
		seconds = 10;
	if (!address(s, hook, seconds, url, connect)) {
		snprintf(why, size,
			"failed to call webhook: Post \"%s\": no endpoints available for "
			"service",
			url);
		return -1;
	}
	if (og_base64_decode(&ca,
		    og_svz(sim_str(json_object_get(hook, "clientConfig"), "caBundle")), NULL)) {
		snprintf(why, size, "failed to call webhook: caBundle is not base64");
		return -1;
	}
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Accept: application/json, */*");
	headers = curl_slist_append(headers, "Expect:");
	if (*connect)
		to = curl_slist_append(NULL, connect);
	c = take(s);
	if (c) {
		setup(c, url, body, &ca, seconds * 1000, headers, to);
		rc = attempts(c, url, sim_mono_ms() + seconds * 1000, answer, why, size);
		give(s, c);
	}
	curl_slist_free_all(headers);
	curl_slist_free_all(to);
	return rc;
}
