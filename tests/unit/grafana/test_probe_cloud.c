/* SPDX-License-Identifier: Apache-2.0 */
/* The whole probe against a simulated Grafana Cloud: what is broken there, and what is said of it.
 */
#include "otelgate/grafana/probe.h"

#include <stdio.h>
#include "cloud/cloud.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "support/suite.h"

static struct og_cloud *cloud;
static struct og_loop *loop;
static struct og_httpc *http;
static struct og_gf_client *client;
static struct og_probe *probe;
static struct og_secret headers, user, password, read_token;
static struct og_buf urls[OG_OTLP_SIGNAL_COUNT_];
static struct og_send_id ids[4];
static bool done;

static void on_done(void *ctx)
{
	(void)ctx;
	done = true;
}

static void setup(void)
{
	const struct og_httpc_opts h = {.user_agent = "test/1"};
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_cloud_start(NULL, &cloud, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(og_loop_new(NULL, &loop, NULL), 0);
	ck_assert_int_eq(og_httpc_new(loop, &h, &http, NULL), 0);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		urls[s] = (struct og_buf)OG_BUF_INIT(0);
	done = false;
}

static void teardown(void)
{
	og_probe_free(og_take(probe));
	og_gf_client_free(og_take(client));
	og_httpc_free(http);
	og_loop_free(loop);
	og_cloud_stop(cloud);
	og_secret_fini(&headers);
	og_secret_fini(&user);
	og_secret_fini(&password);
	og_secret_fini(&read_token);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++)
		og_buf_fini(&urls[s]);
}

static void secret(struct og_secret *s, const char *text)
{
	ck_assert_int_eq(og_secret_set(s, text, strlen(text), NULL), 0);
}

static void set_basic(const char *id, const char *token)
{
	og_auto_buf struct og_buf pair = OG_BUF_INIT(0), text = OG_BUF_INIT(0);
	og_buf_fmt(&pair, "%s:%s", id, token);
	og_buf_lit(&text, "Authorization=Basic%20");
	og_base64_encode(&text, og_buf_view(&pair));
	secret(&headers, text.p);
}

/* One world: what is changed before a probe, and what has to be said of each signal. */
struct world {
	const char *what;
	const char *id, *token; /* NULL = right */
	const char *headers;	/* instead of both */
	const char *path;	/* behind the gateway's base; NULL = "/otlp" */
	const char *own_traces; /* the traces' own path */
	bool collector;		/* by the collector instead of the gateway */
	const char *scopes;	/* of the token */
	const char *faults, *config;
	const char *read_user; /* of Prometheus */
	const char *read_token;
	const char *prom_path; /* of Prometheus instead of /api/prom */
	enum og_send_class class[OG_OTLP_SIGNAL_COUNT_];
	enum og_send_link link; /* of the first that is broken */
	const char *says;	/* of it */
	int64_t timeout_ms;
};

#define ALL(c)             \
	{                  \
		c, c, c, c \
	}
/* The OTLP signals; profiles go to Pyroscope with a credential of their own. */
#define OTLP(c)                          \
	{                                \
		c, c, c, OG_READ_VISIBLE \
	}
#define GLC "glc_sim-all"

static const struct world worlds[] = {
	{.what = "all is well", .class = ALL(OG_READ_VISIBLE), .link = OG_LINK_NONE},
	{.what = "unknown token",
		.token = "glc_eyJvIjoiMSIsIm4iOiJuIiwibSI6eyJyIjoiZXUifX0",
		.class = OTLP(OG_SEND_UNAUTHORIZED),
		.link = OG_LINK_CREDENTIAL,
		.says = "does not know this credential"},
	{.what = "no credential",
		.headers = "X-A=b",
		.class = OTLP(OG_SEND_NO_CREDENTIAL),
		.link = OG_LINK_CREDENTIAL},
	{.what = "token empty",
		.token = "",
		.class = OTLP(OG_SEND_TOKEN_EMPTY),
		.link = OG_LINK_CREDENTIAL},
	{.what = "token with a line end",
		.token = GLC "\n",
		.class = OTLP(OG_SEND_TOKEN_SPACE),
		.link = OG_LINK_CREDENTIAL,
		.says = "line end"},
	{.what = "encoded twice",
		.headers = "Authorization=Basic%2520MTAwMDAxOmdsY19zaW0tYWxs",
		.class = OTLP(OG_SEND_DOUBLE_ENCODED),
		.link = OG_LINK_CREDENTIAL},
	{.what = "the token alone",
		.headers = "Authorization=" GLC,
		.class = OTLP(OG_SEND_RAW_TOKEN),
		.link = OG_LINK_CREDENTIAL},
	{.what = "swapped",
		.id = GLC,
		.token = "100001",
		.class = OTLP(OG_SEND_SWAPPED),
		.link = OG_LINK_CREDENTIAL},
	{.what = "name for id",
		.id = "teststack",
		.class = OTLP(OG_SEND_ID_NOT_NUMBER),
		.link = OG_LINK_CREDENTIAL},
	{.what = "id of Loki",
		.id = "300003",
		.class = OTLP(OG_SEND_ID_OF_BACKEND),
		.link = OG_LINK_CREDENTIAL,
		.says = "the Loki data source"},
	{.what = "id of another stack",
		.id = "999",
		.class = OTLP(OG_SEND_ID_OTHER),
		.link = OG_LINK_CREDENTIAL},
	{.what = "service account token",
		.token = "glsa_x",
		.class = OTLP(OG_SEND_TOKEN_KIND),
		.link = OG_LINK_CREDENTIAL},
	{.what = "no scope for traces",
		.scopes =
			"metrics:write,logs:write,profiles:write,metrics:read,logs:read,traces:read,profiles:read",
		.class = {OG_READ_VISIBLE, OG_SEND_SCOPE, OG_READ_VISIBLE, OG_READ_VISIBLE},
		.link = OG_LINK_PERMISSION,
		.says = "traces"},
	{.what = "no /otlp",
		.path = "",
		.class = OTLP(OG_SEND_PATH_OTLP),
		.link = OG_LINK_PATH,
		.says = "/otlp"},
	{.what = "path doubled",
		.own_traces = "/otlp/v1/traces/v1/traces",
		.class = {OG_READ_VISIBLE, OG_SEND_PATH_DOUBLED, OG_READ_VISIBLE, OG_READ_VISIBLE},
		.link = OG_LINK_PATH},
	{.what = "signal's own URL without its path",
		.own_traces = "/otlp",
		.class = {OG_READ_VISIBLE, OG_SEND_PATH_SIGNAL, OG_READ_VISIBLE, OG_READ_VISIBLE},
		.link = OG_LINK_PATH},
	{.what = "throttled",
		.token = NULL,
		.faults =
			"{\"host\":\"gateway\",\"count\":-1,\"type\":\"status\",\"code\":429,\"retryAfter\":7}",
		.class = OTLP(OG_SEND_THROTTLED),
		.link = OG_LINK_LIMIT,
		.says = "7s"},
	{.what = "gateway fails",
		.faults = "{\"host\":\"gateway\",\"count\":-1,\"type\":\"status\",\"code\":503}",
		.class = OTLP(OG_SEND_SERVER_ERROR),
		.link = OG_LINK_RECEIVER},
	{.what = "a login page",
		.faults =
			"{\"host\":\"gateway\",\"count\":-1,\"type\":\"body\",\"text\":\"<html>log in</html>\"}",
		.class = OTLP(OG_SEND_WEB_PAGE),
		.link = OG_LINK_HTTP},
	{.what = "redirected",
		.faults =
			"{\"host\":\"gateway\",\"count\":-1,\"type\":\"redirect\",\"text\":\"https://login.example/\"}",
		.class = OTLP(OG_SEND_REDIRECT),
		.link = OG_LINK_HTTP,
		.says = "login.example"},
	{.what = "too large",
		.faults = "{\"host\":\"gateway\",\"count\":-1,\"type\":\"status\",\"code\":413}",
		.class = OTLP(OG_SEND_TOO_LARGE),
		.link = OG_LINK_REQUEST},
	{.what = "media type",
		.faults = "{\"host\":\"gateway\",\"count\":-1,\"type\":\"status\",\"code\":415}",
		.class = OTLP(OG_SEND_MEDIA_TYPE),
		.link = OG_LINK_REQUEST},
	{.what = "an empty request is refused, as Loki does",
		.faults =
			"{\"host\":\"gateway\",\"path\":\"/otlp/v1/logs\",\"count\":1,\"type\":\"status\",\"code\":422,\"text\":\"error at least one valid stream is required for ingestion\"}",
		.class = ALL(OG_READ_VISIBLE),
		.link = OG_LINK_NONE},
	{.what = "each request is refused",
		.faults =
			"{\"host\":\"gateway\",\"path\":\"/otlp/v1/logs\",\"count\":-1,\"type\":\"status\",\"code\":422,\"text\":\"no line is good enough\"}",
		.class = {OG_READ_VISIBLE, OG_READ_VISIBLE, OG_SEND_MALFORMED, OG_READ_VISIBLE},
		.link = OG_LINK_REQUEST,
		.says = "no line is good enough"},
	{.what = "method",
		.faults = "{\"host\":\"gateway\",\"count\":-1,\"type\":\"status\",\"code\":405}",
		.class = OTLP(OG_SEND_METHOD),
		.link = OG_LINK_PATH},
	{.what = "connections are reset",
		.faults = "{\"host\":\"gateway\",\"count\":-1,\"type\":\"reset\"}",
		.class = OTLP(OG_SEND_CUT),
		.link = OG_LINK_RECEIVER},
	{.what = "partly refused",
		.faults =
			"{\"host\":\"gateway\",\"path\":\"/otlp/v1/logs\",\"after\":1,\"count\":-1,\"type\":\"reject\",\"n\":1,\"text\":\"line too long\"}",
		.class = {OG_READ_VISIBLE, OG_READ_VISIBLE, OG_SEND_PARTIAL, OG_READ_VISIBLE},
		.link = OG_LINK_INGEST,
		.says = "line too long"},
	{.what = "the collector loses all",
		.collector = true,
		.config = "{\"pipeline\":{\"forward\":false}}",
		.class = OTLP(OG_READ_NOT_VISIBLE),
		.link = OG_LINK_ARRIVAL,
		.says = "not to be seen in Prometheus",
		.timeout_ms = 4000},
	{.what = "the collector loses traces",
		.collector = true,
		.config = "{\"pipeline\":{\"dropSignals\":[\"traces\"]}}",
		.class = {OG_READ_VISIBLE, OG_READ_NOT_VISIBLE, OG_READ_VISIBLE, OG_READ_VISIBLE},
		.link = OG_LINK_ARRIVAL,
		.says = "Tempo",
		.timeout_ms = 6000},
	{.what = "the collector drops the revision",
		.collector = true,
		.config = "{\"pipeline\":{\"drop\":[\"otelgate.revision\"]}}",
		.class = {OG_READ_CHANGED, OG_READ_CHANGED, OG_READ_CHANGED, OG_READ_VISIBLE},
		.link = OG_LINK_NONE,
		.says = "without otelgate.revision"},
	{.what = "the collector renames",
		.collector = true,
		.config = "{\"pipeline\":{\"rename\":{\"otelgate-probe\":\"other\"}}}",
		.class = {OG_READ_CHANGED, OG_READ_CHANGED, OG_READ_CHANGED, OG_READ_VISIBLE},
		.link = OG_LINK_NONE,
		.says = "as service other"},
	{.what = "the collector refuses",
		.collector = true,
		.config = "{\"pipeline\":{\"status\":503}}",
		.class = OTLP(OG_SEND_SERVER_ERROR),
		.link = OG_LINK_RECEIVER,
		.says = "503"},
	{.what = "wrong user for Prometheus",
		.read_user = "300003",
		.class = {OG_READ_AUTH, OG_READ_VISIBLE, OG_READ_VISIBLE, OG_READ_VISIBLE},
		.link = OG_LINK_QUERY,
		.says = "Prometheus cannot be asked"},
	{.what = "a token that cannot read",
		.read_token = "glc_sim-write",
		.class = ALL(OG_READ_AUTH),
		.link = OG_LINK_QUERY},
	{.what = "wrong path for Prometheus",
		.prom_path = "/nothing",
		.class = {OG_READ_PATH, OG_READ_VISIBLE, OG_READ_VISIBLE, OG_READ_VISIBLE},
		.link = OG_LINK_QUERY},
	{.what = "Loki fails",
		.faults = "{\"host\":\"loki\",\"count\":-1,\"type\":\"status\",\"code\":500}",
		.class = {OG_READ_VISIBLE, OG_READ_VISIBLE, OG_READ_FAILED, OG_READ_VISIBLE},
		.link = OG_LINK_QUERY,
		.timeout_ms = 5000},
	{.what = "a late backend",
		.config = "{\"delayMs\":{\"tempo\":1500}}",
		.class = ALL(OG_READ_VISIBLE),
		.link = OG_LINK_NONE},
};

static void make_client(const struct world *w)
{
	struct og_gf_client_opts c = {.loop = loop, .http = http, .interval_ms = 50};
	static const enum og_cloud_host hosts[OG_GF_COUNT_] = {[OG_GF_PROMETHEUS] = OG_CLOUD_PROM,
		[OG_GF_LOKI] = OG_CLOUD_LOKI,
		[OG_GF_TEMPO] = OG_CLOUD_TEMPO,
		[OG_GF_PYROSCOPE] = OG_CLOUD_PYROSCOPE};
	static const char *const what[OG_GF_COUNT_] = {
		[OG_GF_PROMETHEUS] = "the Prometheus data source",
		[OG_GF_LOKI] = "the Loki data source",
		[OG_GF_TEMPO] = "the Tempo data source",
		[OG_GF_PYROSCOPE] = "the Pyroscope data source"};
	static char prom[200];
	secret(&read_token, w->read_token ? w->read_token : OG_CLOUD_TOKEN_READ);
	for (int b = 0; b < OG_GF_COUNT_; b++) {
		c.backend[b] = (struct og_gf_endpoint){.url = og_svz(og_cloud_url(cloud, hosts[b])),
			.user = og_svz(og_cloud_user(cloud, hosts[b])),
			.token = &read_token};
		ids[b] = (struct og_send_id){what[b], c.backend[b].user};
	}
	if (w->read_user)
		c.backend[OG_GF_PROMETHEUS].user = og_svz(w->read_user);
	if (w->prom_path) {
		(void)snprintf(prom, sizeof(prom), "%s%s", og_cloud_base(cloud, OG_CLOUD_PROM),
			w->prom_path);
		c.backend[OG_GF_PROMETHEUS].url = og_svz(prom);
	}
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_gf_client_new(&c, &client, &err) == 0, "%s", err.msg);
}

static void make_targets(const struct world *w, struct og_probe_opts *o)
{
	og_auto_buf struct og_buf base = OG_BUF_INIT(0), own = OG_BUF_INIT(0);
	const char *gateway = og_cloud_base(cloud, OG_CLOUD_GATEWAY);
	if (w->collector)
		og_buf_str(&base, og_cloud_url(cloud, OG_CLOUD_COLLECTOR));
	else
		og_buf_fmt(&base, "%s%s", gateway, w->path ? w->path : "/otlp");
	for (int i = 0; i < OG_OTLP_SIGNAL_COUNT_; i++) {
		og_buf_reset(&own);
		if (i == OG_OTLP_PROFILES)
			og_buf_str(&own, og_cloud_base(cloud, OG_CLOUD_PYROSCOPE));
		else if (i == OG_OTLP_TRACES && w->own_traces)
			og_buf_fmt(&own, "%s%s", gateway, w->own_traces);
		ck_assert(og_probe_url((enum og_otlp_signal)i, og_buf_view(&base),
			og_buf_view(&own), &urls[i], &o->target[i]));
	}
}

static void prepare(const struct world *w)
{
	struct og_err err = OG_ERR_INIT;
	if (w->scopes)
		ck_assert_int_eq(og_cloud_token(cloud, GLC, w->scopes, &err), 0);
	if (w->config)
		ck_assert_msg(og_cloud_config(cloud, w->config, &err) == 0, "%s", err.msg);
	if (w->faults)
		ck_assert_msg(og_cloud_fault(cloud, w->faults, &err) == 0, "%s", err.msg);
	if (w->headers)
		secret(&headers, w->headers);
	else if (!w->collector)
		set_basic(w->id ? w->id : og_cloud_user(cloud, OG_CLOUD_GATEWAY),
			w->token ? w->token : GLC);
	secret(&user, og_cloud_user(cloud, OG_CLOUD_PYROSCOPE));
	secret(&password, GLC);
}

START_TEST(worlds_as_they_are)
{
	const struct world *w = &worlds[_i];
	struct og_err err = OG_ERR_INIT;
	struct og_probe_opts o = {.loop = loop,
		.http = http,
		.headers = &headers,
		.profiles_user = &user,
		.profiles_password = &password,
		.stack_id = og_svz(og_cloud_user(cloud, OG_CLOUD_GATEWAY)),
		.service_namespace = OG_SV("otelgate"),
		.cluster = OG_SV("sim"),
		.k8s_namespace = OG_SV("otelgate"),
		.k8s_pod = OG_SV("otelgate-probe"),
		.revision = OG_SV("probe"),
		.timeout_ms = w->timeout_ms ? w->timeout_ms : 40000,
		.pause_ms = 100,
		.ids = ids,
		.nids = OG_COUNT(ids),
		.on_done = on_done};
	prepare(w);
	make_client(w);
	make_targets(w, &o);
	o.client = client;
	ck_assert_msg(og_probe_start(&o, &probe, &err) == 0, "%s", err.msg);
	for (int i = 0; i < 3000 && !done; i++)
		og_loop_turn(loop, 50);
	ck_assert(done);
	const struct og_send_verdict *broken = NULL, *note = NULL;
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_; s++) {
		const struct og_send_verdict *v =
			og_probe_verdict(&og_probe_result(probe)->signal[s]);
		ck_assert_ptr_nonnull(v);
		ck_assert_msg(v->class == w->class[s], "%s, %s: %s, %.*s", w->what,
			og_otlp_signal_name((enum og_otlp_signal)s), og_send_class_name(v->class),
			OG_SV_ARG(v->message));
		if (!v->ok && !broken)
			broken = v;
		if (v->class == OG_READ_CHANGED && !note)
			note = v;
		ck_assert(!og_sv_has(v->message, OG_SV("glc_")));
	}
	ck_assert_msg((broken ? broken->link : OG_LINK_NONE) == w->link, "%s: %s", w->what,
		og_send_link_name(broken ? broken->link : OG_LINK_NONE));
	const struct og_send_verdict *said = broken ? broken : note;
	ck_assert_msg(!w->says || (said && og_sv_has(said->message, og_svz(w->says))), "%s: %.*s",
		w->what, said ? (int)said->message.n : 0, said ? said->message.p : "");
	ck_assert(!broken || broken->fix.n);
	ck_assert_int_eq(og_probe_all_ok(og_probe_result(probe)), broken == NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("probe and cloud");
	TCase *t = tcase_create("worlds");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, worlds_as_they_are, 0, (int)OG_COUNT(worlds));
	suite_add_tcase(s, t);
	return og_suite_run(s);
}
