/* SPDX-License-Identifier: Apache-2.0 */
/* Where telemetry goes: endpoints, protocol, TLS, credentials, and which signals are exported. */
#include "config_endpoint-priv.h"
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"

enum { PORT_GRPC = 4317 };

/* Per signal; the OTLP exporter specification has no variables for profiles. */
#define SIGNAL(S)                                                                               \
	{                                                                                       \
		"OTEL_" S "_EXPORTER", "OTEL_EXPORTER_OTLP_" S "_ENDPOINT",                     \
			"OTEL_EXPORTER_OTLP_" S "_HEADERS", "OTEL_EXPORTER_OTLP_" S "_PROTOCOL" \
	}
static const struct {
	const char *exporter, *endpoint, *headers, *protocol;
} vars[OG_SIGNAL_COUNT_] = {
	[OG_SIGNAL_METRICS] = SIGNAL("METRICS"),
	[OG_SIGNAL_TRACES] = SIGNAL("TRACES"),
	[OG_SIGNAL_LOGS] = SIGNAL("LOGS"),
};

static bool set_by_user(const struct og_mut *m, const char *name)
{
	if (og_mut_user(m, og_svz(name)))
		return true;
	for (uint32_t i = 0; i < m->nenv_from_keys; i++)
		if (og_sv_eq(m->env_from_keys[i], og_svz(name)))
			return true;
	return false;
}

/*
 * An endpoint of the user's own is a receiver we know nothing about: neither our credentials nor
 * our protocol may go there.
 */
static void note_user_endpoints(struct og_mut *m)
{
	m->endpoint_by_user = set_by_user(m, "OTEL_EXPORTER_OTLP_ENDPOINT");
	if (m->endpoint_by_user)
		og_mut_finding(m, "OG304",
			og_mut_place_env(m, OG_SV("OTEL_EXPORTER_OTLP_ENDPOINT")),
			"the container names its own receiver, so the stack's protocol, TLS files and credentials are not injected");
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++) {
		const char *signal = og_signal_name((enum og_signal)s);
		m->signal_by_user[s] = set_by_user(m, vars[s].endpoint);
		m->headers_by_user[s] = set_by_user(m, vars[s].headers);
		if (m->signal_by_user[s])
			og_mut_finding(m, "OG304", og_mut_place_env(m, og_svz(vars[s].endpoint)),
				"the container sends %s to its own receiver; the stack's protocol, TLS files and credentials are not given to it",
				signal);
		else if (m->headers_by_user[s])
			og_mut_finding(m, "OG304", og_mut_place_env(m, og_svz(vars[s].headers)),
				"the container sets the headers of %s itself; the stack's credentials are not given to that signal",
				signal);
	}
}

static void check_protocol(struct og_mut *m, const char *name)
{
	const struct og_user_env *u = og_mut_user(m, og_svz(name));
	if (!u || !u->has_value || !u->value.n)
		return;
	bool grpc = og_sv_caseeq(u->value, OG_SV("grpc"));
	if (grpc != (m->stack->receiver.protocol == OG_PROTOCOL_GRPC))
		og_mut_finding(m, "OG502", og_mut_place_env(m, u->name),
			"the container speaks %s, but the stack's endpoint expects %s",
			grpc ? "grpc" : "http", og_protocol_name(m->stack->receiver.protocol));
}

/* What the user switches off is no fault, but it explains why nothing arrives. */
static void note_switched_off(struct og_mut *m)
{
	const struct og_user_env *u = og_mut_user(m, OG_SV("OTEL_SDK_DISABLED"));
	if (u && u->has_value && og_sv_caseeq(u->value, OG_SV("true")))
		og_mut_finding(m, "OG703", og_mut_place_env(m, u->name),
			"the container switches its SDK off, so no signal is sent");
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++) {
		u = og_mut_user(m, og_svz(vars[s].exporter));
		bool wanted = m->plan->signals[s] == OG_MODE_EXPECTED ||
			      m->plan->signals[s] == OG_MODE_OPTIONAL;
		if (u && wanted && u->has_value && og_sv_caseeq(u->value, OG_SV("none")))
			og_mut_finding(m, "OG703", og_mut_place_env(m, u->name),
				"the container switches %s off, which the profile wants",
				og_signal_name((enum og_signal)s));
	}
}

/*
 * Plans one setting of the exporter. Where one signal goes to a receiver of the user's own, the
 * general variable would reach that too, so the other signals get their own variables. `json` makes
 * the EnvVar when the value is none of text. True when something is written.
 */
static bool plan_setting(struct og_mut *m, struct og_sv general, struct og_sv value,
	struct og_sv secret_key, const bool *by_user)
{
	static const char *const infix[] = {"METRICS_", "TRACES_", "LOGS_"};
	bool any = false, written = false;
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++)
		any |= by_user[s];
	if (!any)
		return secret_key.n ? og_mut_env_json(m, OG_ENV_ADD_LAST, OG_FROM_STACK, general,
					      og_mut_secret_env(m, general, secret_key))
				    : og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK, general, value);
	if (set_by_user(m, general.p))
		return og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK, general, value);
	og_mut_env_off(m, OG_FROM_STACK, general,
		"one signal is the container's own; the others get their own variable");
	if (og_mut_disabled(m, general))
		return false;
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++) {
		struct og_sv name = og_mut_fmt(m, "OTEL_EXPORTER_OTLP_%s%s", infix[s],
			general.p + sizeof("OTEL_EXPORTER_OTLP_") - 1);
		if (by_user[s])
			continue;
		written |= secret_key.n
				   ? og_mut_env_json(m, OG_ENV_ADD_LAST, OG_FROM_STACK, name,
					     og_mut_secret_env(m, name, secret_key))
				   : og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK, name, value);
	}
	return written;
}

/*
 * Python's distribution looks for the exporter of gRPC, which the agent does not hold, and does not
 * start (otel-operator, apis/v1alpha1 and pkg/instrumentation/python.go: "it is what our
 * autoinstrumentation supports"). So much is the agent's need wherever it sends to; a receiver at
 * the port of gRPC is left to the exporter that the image must have for it.
 */
static bool agent_speaks_http(const struct og_mut *m, const char *endpoint)
{
	const struct og_user_env *u = og_mut_user(m, og_svz(endpoint));
	struct og_endpoint e;

	return m->pc->agent && m->pc->language == OG_LANG_PYTHON && u && u->has_value &&
	       !og_endpoint_parse(u->value, &e) && e.port != PORT_GRPC &&
	       (e.port || !og_sv_has(u->value, OG_SV("$(")));
}

/* What goes to receivers of the user's own, and says no protocol. */
static void plan_agent_protocol(struct og_mut *m)
{
	struct og_sv general = OG_SV("OTEL_EXPORTER_OTLP_PROTOCOL"), http = OG_SV("http/protobuf");
	const char *why = "the endpoint is the container's own";

	for (int s = 0; s < OG_SIGNAL_PROFILES && !set_by_user(m, general.p); s++)
		if (m->signal_by_user[s] && agent_speaks_http(m, vars[s].endpoint))
			(void)og_mut_env(
				m, OG_ENV_ADD_LAST, OG_FROM_AGENT, og_svz(vars[s].protocol), http);
	if (!m->endpoint_by_user)
		return;
	if (agent_speaks_http(m, "OTEL_EXPORTER_OTLP_ENDPOINT"))
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_AGENT, general, http);
	else
		og_mut_env_off(m, OG_FROM_STACK, general, why);
}

void og_mut_exporter(struct og_mut *m)
{
	const struct og_stack *st = m->stack;
	note_user_endpoints(m);
	note_switched_off(m);
	if (!m->endpoint_by_user)
		check_protocol(m, "OTEL_EXPORTER_OTLP_PROTOCOL");
	for (int s = 0; s < OG_SIGNAL_PROFILES && !m->endpoint_by_user; s++)
		if (!m->signal_by_user[s])
			check_protocol(m, vars[s].protocol);
	if (set_by_user(m, "OTEL_CONFIG_FILE"))
		og_mut_finding(m, "OG318", og_mut_place_env(m, OG_SV("OTEL_CONFIG_FILE")),
			"SDKs that read this file ignore every other OTEL_ variable, the injected ones too");
	if (st->receiver.endpoint.n)
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK,
			OG_SV("OTEL_EXPORTER_OTLP_ENDPOINT"), st->receiver.endpoint);
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++)
		if (st->receiver.signal_endpoint[s].n && !m->endpoint_by_user)
			(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK,
				og_svz(vars[s].endpoint), st->receiver.signal_endpoint[s]);
	plan_agent_protocol(m);
	if (m->endpoint_by_user)
		return;
	(void)plan_setting(m, OG_SV("OTEL_EXPORTER_OTLP_PROTOCOL"),
		og_svz(og_protocol_name(st->receiver.protocol)), og_sv("", 0), m->signal_by_user);
	if (st->receiver.compression != OG_COMPRESSION_UNSET)
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK,
			OG_SV("OTEL_EXPORTER_OTLP_COMPRESSION"),
			st->receiver.compression == OG_COMPRESSION_GZIP ? OG_SV("gzip")
									: OG_SV("none"));
	if (st->receiver.timeout_ms) /* integer milliseconds, OTLP exporter specification */
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_STACK,
			OG_SV("OTEL_EXPORTER_OTLP_TIMEOUT"),
			og_mut_fmt(m, "%u", st->receiver.timeout_ms));
}

/* --- credentials --------------------------------------------------------------------------- */

struct og_sv og_mut_secret_env(struct og_mut *m, struct og_sv name, struct og_sv key)
{
	for (uint32_t i = 0; i < m->nsecrets; i++)
		if (og_sv_eq(m->secrets[i].name, name) && og_sv_eq(m->secrets[i].key, key))
			return m->secrets[i].json;
	struct og_buf b = OG_BUF_INIT(4096);
	og_buf_lit(&b, "{\"name\":");
	og_jw_str(&b, name);
	og_buf_lit(&b, ",\"valueFrom\":{\"secretKeyRef\":{\"name\":");
	og_jw_str(&b, m->stack->distribute.secret_name);
	og_buf_lit(&b, ",\"key\":");
	og_jw_str(&b, key);
	/* A Secret that is not there yet must not keep the pod from starting, unless that is what
	 * its owner asks for: then the kubelet holds the container until the Secret is there. Those
	 * for profiles may stay away for good. */
	bool wait = m->plan->required && og_sv_eq(key, m->stack->distribute.header_key);
	og_buf_lit(&b, ",\"optional\":");
	og_buf_str(&b, wait ? "false}}}" : "true}}}");
	struct og_sv s = b.failed ? og_sv(NULL, 0) : og_arena_sv(m->a, og_buf_view(&b));
	og_buf_fini(&b);
	m->oom |= s.p == NULL;
	if (s.p && m->nsecrets < OG_COUNT(m->secrets)) {
		m->secrets[m->nsecrets].name = name;
		m->secrets[m->nsecrets].key = key;
		m->secrets[m->nsecrets++].json = s;
	}
	return s;
}

void og_mut_headers(struct og_mut *m)
{
	const struct og_stack *st = m->stack;
	bool own[OG_SIGNAL_COUNT_];
	if (!st->credentials.present)
		return;
	if (m->endpoint_by_user) {
		og_mut_env_off(m, OG_FROM_STACK, OG_SV("OTEL_EXPORTER_OTLP_HEADERS"),
			"the endpoint is the container's own; credentials go to the stack's only");
		return;
	}
	for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
		own[s] = m->signal_by_user[s] || m->headers_by_user[s];
	(void)plan_setting(m, OG_SV("OTEL_EXPORTER_OTLP_HEADERS"), og_sv("", 0),
		st->distribute.header_key, own);
}

/* --- TLS files ----------------------------------------------------------------------------- */

#define TLS_DIR "/otelgate/tls"
#define CA_DIR	"/otelgate/ca"

/* An absolute path is a file of the image; anything else is a key below the mount. */
static struct og_sv tls_path(struct og_mut *m, const char *dir, struct og_sv file)
{
	if (file.p[0] == '/')
		return file;
	return og_mut_fmt(m, "%s/%.*s", dir, OG_SV_ARG(file));
}

static void tls_volume(struct og_mut *m, const char *volume, const char *dir, const char *source,
	const char *field, struct og_sv object)
{
	struct og_buf b = OG_BUF_INIT(4096);
	og_buf_fmt(&b, "{\"name\":\"%s\",\"%s\":{\"%s\":", volume, source, field);
	og_jw_str(&b, object);
	og_buf_lit(&b, ",\"optional\":true}}");
	struct og_sv json = og_arena_sv(m->a, og_buf_view(&b));
	m->oom |= b.failed || !json.p;
	og_buf_fini(&b);
	og_plan_volume(m, volume, json, "TLS files of the stack's receiver");
	og_mut_mount(m, volume, dir);
}

void og_mut_tls(struct og_mut *m)
{
	const struct og_cfg_tls *t = &m->stack->receiver.tls;
	if (!t->present || m->endpoint_by_user)
		return;
	bool ca_in_map = t->config_map_name.n > 0;
	struct {
		struct og_sv var, file;
		const char *dir, *volume;
	} files[] = {
		{OG_SV("OTEL_EXPORTER_OTLP_CERTIFICATE"), t->ca_file, ca_in_map ? CA_DIR : TLS_DIR,
			ca_in_map ? "otelgate-ca" : "otelgate-tls"},
		{OG_SV("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"), t->cert_file, TLS_DIR,
			"otelgate-tls"},
		{OG_SV("OTEL_EXPORTER_OTLP_CLIENT_KEY"), t->key_file, TLS_DIR, "otelgate-tls"},
	};
	/* a certificate and a key of different pairs end the exporter, in Java the process */
	bool own_pair = set_by_user(m, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE") ||
			set_by_user(m, "OTEL_EXPORTER_OTLP_CLIENT_KEY");
	bool need_tls = false, need_ca = false;
	for (size_t i = 0; i < OG_COUNT(files); i++) {
		if (!files[i].file.n)
			continue;
		if (i > 0 && own_pair) {
			og_mut_env_off(m, OG_FROM_STACK, files[i].var,
				"the container has a client certificate or key of its own");
			continue;
		}
		if (files[i].file.p[0] != '/' && og_mut_taken(m, files[i].volume, files[i].dir)) {
			og_mut_env_off(m, OG_FROM_STACK, files[i].var,
				"the place of the file is taken by the pod's own volume or mount");
			continue;
		}
		bool written = plan_setting(m, files[i].var,
			tls_path(m, files[i].dir, files[i].file), og_sv("", 0), m->signal_by_user);
		if (!written || files[i].file.p[0] == '/')
			continue;
		if (i == 0 && ca_in_map)
			need_ca = true;
		else
			need_tls = true;
	}
	if (need_tls && t->secret_name.n)
		tls_volume(m, "otelgate-tls", TLS_DIR, "secret", "secretName", t->secret_name);
	if (need_ca)
		tls_volume(m, "otelgate-ca", CA_DIR, "configMap", "name", t->config_map_name);
}

/* --- signals ------------------------------------------------------------------------------- */

void og_mut_signals(struct og_mut *m)
{
	for (int s = 0; s < OG_SIGNAL_PROFILES; s++) {
		enum og_signal_mode mode = m->plan->signals[s];
		bool on = mode == OG_MODE_EXPECTED || mode == OG_MODE_OPTIONAL;
		/* "none" also for stdout: the same records would otherwise arrive twice */
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_SIGNALS, og_svz(vars[s].exporter),
			on ? OG_SV("otlp") : OG_SV("none"));
	}
}

void og_mut_sdk(struct og_mut *m)
{
	const struct og_profile *p = m->profile;
	if (p->sdk.npropagators) {
		struct og_buf b = OG_BUF_INIT(1024);
		for (uint32_t i = 0; i < p->sdk.npropagators; i++) {
			if (i)
				og_buf_ch(&b, ',');
			og_buf_sv(&b, p->sdk.propagators[i]);
		}
		struct og_sv v = og_arena_sv(m->a, og_buf_view(&b));
		m->oom |= b.failed || !v.p;
		og_buf_fini(&b);
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_SDK, OG_SV("OTEL_PROPAGATORS"), v);
	}
	if (!p->sdk.sampler_type.n)
		return;
	/* type and argument belong together: with either of them the user's, neither is written */
	struct og_sv type = OG_SV("OTEL_TRACES_SAMPLER"), arg = OG_SV("OTEL_TRACES_SAMPLER_ARG");
	if (set_by_user(m, "OTEL_TRACES_SAMPLER_ARG") && !set_by_user(m, "OTEL_TRACES_SAMPLER")) {
		og_mut_env_off(m, OG_FROM_SDK, type,
			"the container sets OTEL_TRACES_SAMPLER_ARG, which belongs to another sampler");
		return;
	}
	if (og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_SDK, type, p->sdk.sampler_type) &&
		p->sdk.sampler_argument.n)
		(void)og_mut_env(m, OG_ENV_ADD_LAST, OG_FROM_SDK, arg, p->sdk.sampler_argument);
}

static void add_list(
	struct og_mut *m, const struct og_cfg_env *env, uint32_t n, enum og_origin origin)
{
	for (uint32_t i = 0; i < n; i++) {
		if (env[i].has_value_from)
			(void)og_mut_env_json(m, OG_ENV_ADD_LAST, origin, env[i].name, env[i].json);
		else
			(void)og_mut_env(m, OG_ENV_ADD_LAST, origin, env[i].name, env[i].value);
	}
}

void og_mut_profile_env(struct og_mut *m)
{
	const struct og_profile_language *l = &m->profile->languages[m->pc->language];
	add_list(m, l->env, l->nenv, OG_FROM_LANGUAGE);
	add_list(m, m->profile->sdk.env, m->profile->sdk.nenv, OG_FROM_PROFILE);
}
