/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of a stack, made by the leader: after its first cycle of questions, when what it is
 * made with has changed, each spec.probe.interval, and sooner after a failure.
 */
#include "cred-priv.h"
#include "verify-priv.h"
#include "otelgate/codec/url.h"
#include "otelgate/grafana/probe.h"

enum {
	HOUR_MS = 3600000,
	BACKOFF_PART = 60, /* the first pause after a failure: a minute of an hour */
	BACKOFF_STEPS = 5, /* 1, 2, 4, 8, 16 minutes, then half an hour */
	LEAST_MS = 10000,  /* from one to the next, whatever fails or changes */
	LEAST_PART = 360,  /* the same of an hour, for tests with an interval of their own */
	ARENA_MOST = 1 << 20,
};

struct verify_run {
	struct verify_part *p;
	struct verify_part_stack *s;
	struct og_probe *probe;
	struct og_gf_client *client;
	/* Its own copies: what they are made of may change while it runs. */
	struct og_secret headers, user, password, token;
	struct verify_unprobed why[OG_SIGNAL_COUNT_];
};

static void run_free(struct verify_part_stack *s)
{
	struct verify_run *u = og_take(s->run);

	if (!u)
		return;
	og_probe_free(u->probe);
	og_gf_client_free(u->client);
	og_secret_fini(&u->headers);
	og_secret_fini(&u->user);
	og_secret_fini(&u->password);
	og_secret_fini(&u->token);
	og_free(u);
}

void verify_probe_fini(struct verify_part_stack *s)
{
	og_timer_cancel(s->p->c->loop, &s->probe);
	run_free(s);
	verify_written_fini(s);
}

/* ---- what it is made with ---- */

static const struct cred_stack *credentials_of(const struct verify_part *p, const char *stack)
{
	return p->c->credentials ? cred_stack_of(p->c->credentials, og_svz(stack)) : NULL;
}

static void mark_text(uint64_t *mark, struct og_sv s)
{
	*mark = og_hash64(*mark, s);
}

/* Of everything that a probe depends on; never 0, and never told. */
static uint64_t mark_of(const struct verify_part *p, const struct verify_part_stack *s,
	const struct og_stack *spec, const struct cred_stack *k)
{
	const struct og_cfg_tls *t = &spec->receiver.tls;
	int kinds[] = {(int)spec->receiver.protocol, (int)spec->receiver.compression, t->present,
		spec->credentials.present, k ? (int)k->cred.state : -1, (int)spec->probe.mode,
		(int)spec->probe.interval_ms, (int)spec->receiver.type};
	uint64_t m = og_hash64(1, og_sv((const char *)kinds, sizeof(kinds)));

	mark_text(&m, spec->receiver.endpoint);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		mark_text(&m, spec->receiver.signal_endpoint[i]);
	mark_text(&m, t->secret_name);
	mark_text(&m, t->config_map_name);
	mark_text(&m, t->ca_file);
	mark_text(&m, og_svz(s->token.ca));
	mark_text(&m, og_svz(k ? k->cred.hash : ""));
	mark_text(&m, og_sv(og_secret_expose(&s->token.secret), og_secret_len(&s->token.secret)));
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct og_sv url, user;
		if (og_verify_backend(p->engine, spec->name, (enum og_gf_backend)i, &url, &user)) {
			mark_text(&m, url);
			mark_text(&m, user);
		}
	}
	return m ? m : 1;
}

static bool copy_secret(struct og_secret *to, const struct og_secret *from)
{
	return !og_secret_is_set(from) ||
	       og_secret_set(to, og_secret_expose(from), og_secret_len(from), NULL) == 0;
}

/* ---- which signals ---- */

static const struct verify_unprobed unprobed_off = {"ProbeOff", "spec.probe.mode is off"};
static const struct verify_unprobed unprobed_node = {"NotProbed",
	"the endpoint is another one on each node: it cannot be probed from the controller"};
static const struct verify_unprobed unprobed_place = {
	"NotConfigured", "the stack has no endpoint for it"};
static const struct verify_unprobed unprobed_tls = {"NotProbed",
	"the certificates that pods verify the receiver with are not the controller's: use otelgate probe -n NAMESPACE"};
static const struct verify_unprobed unprobed_credentials = {
	"NotProbed", "there are no valid credentials to probe with: CredentialsValid says why"};

static const struct verify_unprobed *why_not(
	const struct og_stack *spec, const struct cred_stack *k, struct og_sv url)
{
	const struct og_cfg_tls *t = &spec->receiver.tls;

	if (spec->probe.mode == OG_PROBE_OFF)
		return &unprobed_off;
	if (!url.n)
		return &unprobed_place;
	if (og_sv_has(url, OG_SV("$(")))
		return &unprobed_node;
	if (t->present && (t->ca_file.n || t->secret_name.n || t->config_map_name.n))
		return &unprobed_tls;
	if (spec->credentials.present && (!k || k->cred.state != OG_CREDENTIAL_VALID))
		return &unprobed_credentials;
	return NULL;
}

/* Returns how many are to be probed. Errors: OOM. */
static int make_targets(struct verify_run *u, const struct og_stack *spec,
	const struct cred_stack *k, struct og_arena *arena, struct og_probe_opts *o)
{
	int n = 0;

	for (int i = 0; i < OG_OTLP_SIGNAL_COUNT_; i++) {
		og_auto_buf struct og_buf url = OG_BUF_INIT(OG_URL_BYTES);
		bool there = og_probe_url((enum og_otlp_signal)i, spec->receiver.endpoint,
			spec->receiver.signal_endpoint[i], &url, &o->target[i]);
		struct og_sv text = there ? og_arena_sv(arena, og_buf_view(&url)) : OG_SV("");
		const struct verify_unprobed *why = why_not(spec, k, text);
		if (!text.p || url.failed)
			return -OG_E_OOM;
		o->target[i].url = text;
		o->target[i].wanted = !why;
		u->why[i] = why ? *why : (struct verify_unprobed){NULL, NULL};
		n += !why;
	}
	return n;
}

/* ---- one probe ---- */

static int make_client(struct verify_run *u, struct og_probe_opts *o, struct og_send_id *ids)
{
	static const char *const what[OG_GF_COUNT_] = {
		[OG_GF_PROMETHEUS] = "the Prometheus data source",
		[OG_GF_LOKI] = "the Loki data source",
		[OG_GF_TEMPO] = "the Tempo data source",
		[OG_GF_PYROSCOPE] = "the Pyroscope data source"};
	struct verify_part *p = u->p;
	struct og_gf_client_opts c = {.loop = p->c->loop,
		.http = p->http,
		.ca_pem = og_svz(u->s->token.ca),
		.allow_http = true, /* as the engine's */
		.interval_ms = p->c->o->verify_request_ms,
		.metrics = p->c->metrics};
	bool any = false;

	o->ids = ids;
	for (int i = 0; i < OG_GF_COUNT_; i++) {
		struct og_gf_endpoint *e = &c.backend[i];
		if (!og_verify_backend(p->engine, og_svz(u->s->name), (enum og_gf_backend)i,
			    &e->url, &e->user))
			continue;
		any = true;
		e->token = og_secret_is_set(&u->token) ? &u->token : NULL;
		if (e->user.n)
			ids[o->nids++] = (struct og_send_id){what[i], e->user};
	}
	if (!any || u->s->token.why)
		return 0;
	struct og_err err = OG_ERR_INIT;
	return og_gf_client_new(&c, &u->client, &err);
}

static void on_done(void *ctx);

static int start(struct verify_run *u, const struct og_stack *spec, const struct cred_stack *k,
	struct og_err *err)
{
	static const enum og_probe_protocol protocols[] = {
		[OG_PROTOCOL_HTTP_PROTOBUF] = OG_PROBE_PROTOBUF,
		[OG_PROTOCOL_HTTP_JSON] = OG_PROBE_JSON,
		[OG_PROTOCOL_GRPC] = OG_PROBE_GRPC};
	og_auto_arena struct og_arena a;
	struct og_send_id ids[OG_GF_COUNT_];
	struct og_probe_opts o = {.loop = u->p->c->loop,
		.http = u->p->http,
		.protocol = protocols[spec->receiver.protocol],
		.gzip = spec->receiver.compression == OG_COMPRESSION_GZIP,
		.headers = &u->headers,
		.profiles_user = &u->user,
		.profiles_password = &u->password,
		.cluster = spec->cluster_name,
		.service_namespace = OG_SV("otelgate"),
		.k8s_namespace = OG_SV("otelgate"),
		.k8s_pod = OG_SV(OG_PROBE_SERVICE),
		.revision = OG_SV("probe"),
		.version = OG_SV(OG_VERSION),
		.timeout_ms = u->p->c->o->probe_timeout_ms,
		.ctx = u,
		.on_done = on_done};

	og_arena_init(&a, 0, ARENA_MOST);
	int n = make_targets(u, spec, k, &a, &o);
	if (n <= 0)
		return n < 0 ? og_err_set(err, OG_E_OOM, "preparing a probe") : 0;
	o.where = og_svz(
		og_arena_fmt(&a, "Secret %.*s/%.*s", OG_SV_ARG(spec->credentials.secret_namespace),
			OG_SV_ARG(spec->credentials.secret_name)));
	if (!spec->credentials.present)
		o.where = OG_SV("");
	o.field = og_svz(og_arena_fmt(
		&a, "spec.receiver.endpoint of GrafanaStack %.*s", OG_SV_ARG(spec->name)));
	o.profiles_field = og_svz(og_arena_fmt(&a,
		"spec.receiver.endpoints.profiles of GrafanaStack %.*s", OG_SV_ARG(spec->name)));
	bool ok = copy_secret(&u->token, &u->s->token.secret);
	if (spec->credentials.present && k)
		ok = ok && copy_secret(&u->headers, &k->cred.header) &&
		     copy_secret(&u->user, &k->cred.profiles_user) &&
		     copy_secret(&u->password, &k->cred.profiles_password);
	if (!ok || make_client(u, &o, ids) < 0)
		return og_err_set(err, OG_E_OOM, "preparing a probe");
	o.client = u->client;
	int r = og_probe_start(&o, &u->probe, err);
	return r < 0 ? r : 1;
}

/* ---- when ---- */

static void begin(struct verify_part_stack *s);

static void on_due(void *ctx)
{
	struct verify_part_stack *s = ctx;

	if (controller_acts(s->p->c))
		begin(s);
}

static int64_t least_ms(const struct verify_part_stack *s)
{
	int64_t own = s->p->c->o->probe_ms;

	return own > 0 ? own / LEAST_PART : LEAST_MS;
}

static void again(struct verify_part_stack *s, const struct og_stack *spec, bool broken)
{
	const struct og_controller_opts *o = s->p->c->o;
	int64_t well = o->probe_ms > 0 ? o->probe_ms : spec->probe.interval_ms, in_ms = well;

	s->probe_failures = broken ? s->probe_failures + 1 : 0;
	if (broken) {
		unsigned n = s->probe_failures - 1;
		int64_t hour = well < HOUR_MS ? well : HOUR_MS;
		in_ms = n < BACKOFF_STEPS ? (hour / BACKOFF_PART) << n : hour / 2;
	}
	int64_t now = og_loop_now_ns(s->p->c->loop);
	uint64_t x = og_hash64((uint64_t)now, og_svz(s->name));
	in_ms += (int64_t)(x % (uint64_t)(in_ms / 5 + 1)) - in_ms / 10;
	int64_t least = least_ms(s) > 0 ? least_ms(s) : 1;
	(void)og_timer_in(s->p->c->loop, &s->probe, in_ms > least ? in_ms : least, on_due, s);
}

/* Takes the result, if there is one, and has it told. */
static void finish(struct verify_part_stack *s)
{
	struct verify_part *p = s->p;
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	const struct verify_run *u = s->run;

	if (!spec) {
		run_free(s);
		return;
	}
	bool broken = verify_written_take(s, u->probe ? og_probe_result(u->probe) : NULL, u->why);
	run_free(s);
	again(s, spec, broken);
	verify_tell_stack(p, s);
	verify_soon(p->c, og_svz(s->name));
}

static void on_done(void *ctx)
{
	struct verify_run *u = ctx;

	if (controller_acts(u->p->c))
		finish(u->s);
	else
		run_free(u->s);
}

static void begin(struct verify_part_stack *s)
{
	struct verify_part *p = s->p;
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	const struct cred_stack *k = credentials_of(p, s->name);
	struct og_err err = OG_ERR_INIT;

	og_timer_cancel(p->c->loop, &s->probe);
	run_free(s);
	if (!spec)
		return;
	s->probed = mark_of(p, s, spec, k);
	struct verify_run *u = s->run = og_calloc(1, sizeof(*u));
	if (!u) {
		again(s, spec, true);
		return;
	}
	u->p = p;
	u->s = s;
	int r = start(u, spec, k, &err);
	if (r == 0)
		finish(s);
	else if (r > 0)
		s->sent_ns = og_loop_now_ns(p->c->loop);
	if (r >= 0)
		return;
	og_log(OG_LOG_ERROR, "verify", "not probed", og_lf_str("stack", s->name), og_lf_err(&err));
	run_free(s);
	again(s, spec, true);
}

void verify_probe_look(struct verify_part *p, struct verify_part_stack *s)
{
	const struct og_stack *spec = verify_stack_spec(p, og_svz(s->name));
	const struct cred_stack *k = credentials_of(p, s->name);
	struct og_verify_stats stats = {0};

	if (!spec || p->c->o->probe_ms < 0 || !controller_acts(p->c))
		return;
	if (spec->credentials.present && (!k || !k->known))
		return; /* it is told when they are read */
	if (!s->token.why &&
		(!og_verify_stats(p->engine, og_svz(s->name), &stats) || !stats.cycles))
		return;
	uint64_t mark = mark_of(p, s, spec, k);
	if (mark == s->probed)
		return;
	s->probe_failures = 0;
	int64_t at = s->sent_ns + least_ms(s) * OG_NS_PER_MS;
	if (!s->sent_ns || at <= og_loop_now_ns(p->c->loop) ||
		og_timer_at(p->c->loop, &s->probe, at, on_due, s) < 0) {
		begin(s);
		return;
	}
	run_free(s); /* what it is made with holds no more */
}

void verify_probe_credentials(struct controller *c, struct og_sv stack)
{
	struct verify_part_stack *s = c->verify ? verify_stack_find(c->verify, stack) : NULL;

	if (s)
		verify_probe_look(c->verify, s);
}
