/* SPDX-License-Identifier: Apache-2.0 */
/* The ops listener: health, readiness, metrics, what is in force. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/net/ops.h"
#include "webhook-priv.h"

/* A handler that long, or a main loop silent that long, is stuck: restart. */
enum { STUCK_HANDLER_S = 30, STUCK_LOOP_S = 120 };

/* A check says whether all is well and appends what there is to know. */
typedef bool check_fn(struct webhook *w, struct og_buf *detail);

static bool check_shutdown(struct webhook *w, struct og_buf *d)
{
	bool stopping = atomic_load(&w->stopping);
	if (stopping)
		og_buf_lit(d, "shutting down");
	return !stopping;
}

static bool input_ok(struct webhook *w, enum webhook_input what, struct og_buf *d)
{
	pthread_mutex_lock(&w->status_lock);
	const struct input_status *s = &w->status[what];
	bool ok = s->generation > 0;
	if (ok)
		og_buf_fmt(d, "generation %llu", (unsigned long long)s->generation);
	else
		og_buf_lit(d, "not loaded");
	if (s->refused)
		og_buf_fmt(d, "; a newer version was refused: %s", s->error);
	pthread_mutex_unlock(&w->status_lock);
	return ok;
}

static bool check_config(struct webhook *w, struct og_buf *d)
{
	return input_ok(w, INPUT_CONFIG, d);
}

static bool check_objects(struct webhook *w, struct og_buf *d)
{
	if (w->o->objects)
		return input_ok(w, INPUT_OBJECTS, d);
	og_buf_lit(d, "none given");
	return true;
}

static bool check_certificate(struct webhook *w, struct og_buf *d)
{
	int64_t now = og_clock_wall_ns(og_clock_system()) / OG_NS_PER_S;
	char text[OG_RFC3339_BYTES];
	bool ok = input_ok(w, INPUT_CERT, d);

	pthread_mutex_lock(&w->status_lock);
	int64_t not_after = w->cert.not_after;
	pthread_mutex_unlock(&w->status_lock);
	if (!ok)
		return false;
	og_fmt_rfc3339(text, not_after * OG_NS_PER_S);
	og_buf_fmt(d, "; %s %s", now >= not_after ? "expired" : "expires", text);
	return now < not_after;
}

static bool check_listener(struct webhook *w, struct og_buf *d)
{
	struct og_httpd *s = atomic_load(&w->admission);
	if (s)
		og_buf_fmt(d, "port %u", og_httpd_port(s));
	else
		og_buf_lit(d, "not started");
	return s != NULL;
}

static bool check_workers(struct webhook *w, struct og_buf *d)
{
	int64_t now = og_clock_mono_ns(og_clock_system()), longest = 0;
	unsigned n = 0;

	pthread_mutex_lock(&w->scratch_lock);
	for (const struct worker_scratch *s = w->scratch; s; s = s->next, n++) {
		int64_t since = atomic_load(&s->busy_since_ns);
		if (since && now - since > longest)
			longest = now - since;
	}
	pthread_mutex_unlock(&w->scratch_lock);
	og_buf_fmt(d, "%u, longest review in progress %lld ms", n,
		(long long)(longest / OG_NS_PER_MS));
	return longest < STUCK_HANDLER_S * OG_NS_PER_S;
}

static bool check_loop(struct webhook *w, struct og_buf *d)
{
	int64_t beat = atomic_load(&w->beat_ns), of_cluster = webhook_cluster_beat_ns(w);
	int64_t now = og_clock_mono_ns(og_clock_system());
	int64_t silent = now - (of_cluster && of_cluster < beat ? of_cluster : beat);
	og_buf_fmt(d, "last turn %lld s ago", (long long)(silent / OG_NS_PER_S));
	return silent < STUCK_LOOP_S * OG_NS_PER_S;
}

struct check {
	const char *name;
	check_fn *fn;
};
static const struct check ready_checks[] = {
	{"shutdown", check_shutdown},
	{"listener", check_listener},
	{"certificate", check_certificate},
	{"config", check_config},
	{"objects", check_objects},
	{"cluster", webhook_cluster_check},
	{"registration", webhook_registration_check},
};
static const struct check live_checks[] = {
	{"workers", check_workers},
	{"main-loop", check_loop},
};

/* Kubernetes' own form: "[+]name ok", "[-]name failed". */
static bool run_checks(
	struct webhook *w, const struct check *checks, size_t n, struct og_buf *detail)
{
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		og_auto_buf struct og_buf d = OG_BUF_INIT(4096);
		bool ok = checks[i].fn(w, &d);
		all = all && ok;
		if (detail)
			og_buf_fmt(detail, "[%c]%s %s%s%s\n", ok ? '+' : '-', checks[i].name,
				ok ? "ok" : "failed", d.len ? ": " : "", d.len ? d.p : "");
	}
	return all;
}

bool webhook_ready(struct webhook *w, struct og_buf *detail)
{
	return run_checks(w, ready_checks, OG_COUNT(ready_checks), detail);
}

bool webhook_live(struct webhook *w, struct og_buf *detail)
{
	return run_checks(w, live_checks, OG_COUNT(live_checks), detail);
}

static void on_ready(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	bool ok = webhook_ready(ctx, resp->body);

	webhook_cluster_watches(ctx, resp->body);
	og_ops_answer(req, resp, ok);
}

static void on_live(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	og_ops_answer(req, resp, webhook_live(ctx, resp->body));
}

static void put_str(struct og_buf *b, const char *key, struct og_sv v)
{
	og_buf_fmt(b, "\"%s\":", key);
	og_jw_str(b, v);
}

static void put_time(struct og_buf *b, const char *key, int64_t wall_ns)
{
	char text[OG_RFC3339_BYTES];
	og_fmt_rfc3339(text, wall_ns);
	put_str(b, key, og_svz(text));
}

/* Without user information, query and fragment: they may hold credentials. */
static void put_url(struct og_buf *b, const char *key, struct og_sv url)
{
	static const char *const marks[] = {"?", "#"};
	size_t scheme = 0, end;

	for (size_t i = 0; i < OG_COUNT(marks); i++) {
		end = og_sv_chr(url, marks[i][0]);
		url.n = end < url.n ? end : url.n;
	}
	for (size_t i = 0; i + 3 <= url.n; i++) {
		if (memcmp(url.p + i, "://", 3) == 0) {
			scheme = i + 3;
			break;
		}
	}
	struct og_sv rest = og_sv(url.p + scheme, url.n - scheme);
	struct og_sv authority = og_sv(rest.p, og_sv_chr(rest, '/'));
	size_t user = 0;
	for (size_t i = 0; i < authority.n; i++)
		user = authority.p[i] == '@' ? i + 1 : user;
	og_buf_fmt(b, "\"%s\":\"", key);
	og_jw_part(b, og_sv(url.p, scheme));
	og_jw_part(b, og_sv(rest.p + user, rest.n - user));
	og_buf_ch(b, '"');
}

static void put_input(struct webhook *w, struct og_buf *b, enum webhook_input what,
	const struct og_snapshot *snap)
{
	pthread_mutex_lock(&w->status_lock);
	struct input_status s = w->status[what];
	pthread_mutex_unlock(&w->status_lock);
	og_buf_fmt(b, "\"generation\":%llu,", (unsigned long long)s.generation);
	put_time(b, "loadedAt", s.loaded_wall_ns);
	if (s.refused) {
		og_buf_ch(b, ',');
		put_str(b, "refused", og_svz(s.error));
	}
	if (!snap)
		return;
	og_buf_ch(b, ',');
	put_str(b, "hash", og_svz(snap->config ? snap->config->hash : snap->hash));
	og_buf_lit(b, ",\"files\":[");
	for (uint32_t i = 0; i < snap->nfiles; i++) {
		if (i)
			og_buf_ch(b, ',');
		og_jw_str(b, og_svz(snap->files[i]));
	}
	og_buf_ch(b, ']');
}

static void put_stack(struct og_buf *b, const struct og_stack *s)
{
	static const char *const protocols[] = {
		[OG_PROTOCOL_HTTP_PROTOBUF] = "http/protobuf",
		[OG_PROTOCOL_HTTP_JSON] = "http/json",
		[OG_PROTOCOL_GRPC] = "grpc",
	};
	og_buf_ch(b, '{');
	put_str(b, "name", s->name);
	og_buf_ch(b, ',');
	put_str(b, "receiver",
		s->receiver.type == OG_RECEIVER_GATEWAY ? OG_SV("gateway") : OG_SV("collector"));
	og_buf_ch(b, ',');
	put_url(b, "endpoint", s->receiver.endpoint);
	og_buf_ch(b, ',');
	put_str(b, "protocol", og_svz(protocols[s->receiver.protocol]));
	og_buf_fmt(b, ",\"credentials\":%s}", s->credentials.present ? "true" : "false");
}

static void put_profile(struct og_buf *b, const struct og_profile *p)
{
	og_buf_ch(b, '{');
	put_str(b, "name", p->name);
	og_buf_ch(b, ',');
	put_str(b, "stack", p->stack ? p->stack->name : OG_SV(""));
	og_buf_fmt(b, ",\"default\":%s,\"signals\":{", p->is_default ? "true" : "false");
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		og_buf_fmt(b, "%s\"%s\":\"%s\"", i ? "," : "", og_signal_name((enum og_signal)i),
			og_words_signal_mode[p->signals[i]]);
	og_buf_fmt(
		b, "},\"onError\":\"%s\"}", p->on_error == OG_ON_ERROR_REJECT ? "reject" : "admit");
}

static void put_config(struct webhook *w, struct og_buf *b)
{
	og_auto_snapshot struct og_snapshot *s = og_snapshot_get(&w->config);

	og_buf_lit(b, "\"config\":{");
	put_input(w, b, INPUT_CONFIG, s);
	og_buf_lit(b, ",\"stacks\":[");
	for (uint32_t i = 0; s && i < s->config->nstacks; i++) {
		if (i)
			og_buf_ch(b, ',');
		put_stack(b, &s->config->stacks[i]);
	}
	og_buf_lit(b, "],\"profiles\":[");
	for (uint32_t i = 0; s && i < s->config->nprofiles; i++) {
		if (i)
			og_buf_ch(b, ',');
		put_profile(b, &s->config->profiles[i]);
	}
	og_buf_lit(b, "]}");
}

static void put_certificate(struct webhook *w, struct og_buf *b)
{
	char subject[128], serial[65], key_type[32], names[512];
	int64_t not_before, not_after;

	pthread_mutex_lock(&w->status_lock);
	memcpy(subject, w->cert.subject, sizeof(subject));
	memcpy(serial, w->cert.serial, sizeof(serial));
	memcpy(key_type, w->cert.key_type, sizeof(key_type));
	memcpy(names, w->cert.names, sizeof(names));
	not_before = w->cert.not_before;
	not_after = w->cert.not_after;
	pthread_mutex_unlock(&w->status_lock);
	og_buf_lit(b, "\"certificate\":{");
	put_input(w, b, INPUT_CERT, NULL);
	og_buf_ch(b, ',');
	put_str(b, "subject", og_svz(subject));
	og_buf_ch(b, ',');
	put_str(b, "serial", og_svz(serial));
	og_buf_ch(b, ',');
	put_str(b, "key", og_svz(key_type));
	og_buf_ch(b, ',');
	put_time(b, "notBefore", not_before * OG_NS_PER_S);
	og_buf_ch(b, ',');
	put_time(b, "notAfter", not_after * OG_NS_PER_S);
	og_buf_lit(b, ",\"names\":[");
	struct og_sv rest = og_svz(names), name;
	for (int i = 0; og_sv_split(&rest, '\n', &name); i++) {
		if (i)
			og_buf_ch(b, ',');
		og_jw_str(b, name);
	}
	og_buf_lit(b, "]}");
}

static void on_debug_config(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	struct webhook *w = ctx;
	struct og_buf *b = resp->body;
	og_auto_snapshot struct og_snapshot *objects = og_snapshot_get(&w->objects);

	(void)req;
	resp->content_type = "application/json";
	og_buf_ch(b, '{');
	put_str(b, "version", og_svz(OG_VERSION));
	og_buf_ch(b, ',');
	put_time(b, "startedAt", w->started_wall_ns);
	og_buf_fmt(b, ",\"failureMode\":\"%s\",", w->o->fail_mode ? "Fail" : "Ignore");
	put_config(w, b);
	og_buf_ch(b, ',');
	put_certificate(w, b);
	og_buf_lit(b, ",\"objects\":");
	if (objects) {
		og_buf_ch(b, '{');
		put_input(w, b, INPUT_OBJECTS, objects);
		og_buf_fmt(b, ",\"count\":%u}", objects->nobjects);
	} else {
		og_buf_lit(b, "null");
	}
	og_buf_lit(b, ",\"cluster\":");
	webhook_cluster_debug(w, b);
	og_buf_lit(b, "}\n");
}

void webhook_ops_routes(struct webhook *w)
{
	const struct og_route routes[] = {
		{"GET", "/healthz", on_live, w, 0},
		{"GET", "/livez", on_live, w, 0},
		{"GET", "/readyz", on_ready, w, 0},
		{"GET", "/metrics", og_ops_metrics, w->metrics, 0},
		{"GET", "/debug/config", on_debug_config, w, 0},
	};
	_Static_assert(sizeof(routes) == sizeof(w->ops_routes), "room for every route");
	memcpy(w->ops_routes, routes, sizeof(routes));
}
