/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GrafanaStack: combinations that cannot work. Facts about the gateway and Tempo's own port:
 * grafana/k8s-monitoring-helm, templates/destinations/_destination_otlp_validations.tpl; about
 * endpoints: opentelemetry-specification, specification/protocol/exporter.md.
 */
#include "otelgate/base/mem.h"
#include "config_endpoint-priv.h"
#include "config_read-priv.h"

#define ENDPOINT "spec.receiver.endpoint"

/* SDKs append these to the base endpoint; profiles never go there. */
static const char *const signal_paths[OG_SIGNAL_COUNT_] = {
	"/v1/metrics", "/v1/traces", "/v1/logs", NULL};
static const char *const endpoint_fields[OG_SIGNAL_COUNT_] = {"spec.receiver.endpoints.metrics",
	"spec.receiver.endpoints.traces", "spec.receiver.endpoints.logs",
	"spec.receiver.endpoints.profiles"};

struct check {
	struct cfg_reader *r;
	const struct cfg_doc *d;
	const struct og_stack *s;
	const char *path; /* of the endpoint at hand */
	int signal;	  /* -1 for the base */
	struct og_endpoint e;
	bool protocol_known, type_known;
};

#define FAIL(c, hint, ...) \
	cfg_error((c)->r, (c)->d, cfg_val((c)->d, (c)->path), (c)->path, (hint), __VA_ARGS__)

static bool to_gateway(const struct check *c)
{
	return og_endpoint_is_gateway(&c->e) ||
	       (c->type_known && c->s->receiver.type == OG_RECEIVER_GATEWAY);
}

static void check_protocol(const struct check *c)
{
	bool grpc = c->s->receiver.protocol == OG_PROTOCOL_GRPC;
	if (!c->protocol_known)
		return;
	if (grpc && to_gateway(c))
		FAIL(c, "set protocol: http/protobuf",
			"the gateway takes OTLP over HTTP, never gRPC");
	else if (grpc && c->e.port == 4318)
		FAIL(c, "use port 4317, or protocol: http/protobuf",
			"port 4318 is OTLP over HTTP, and the protocol is grpc");
	else if (!grpc && c->e.port == 4317)
		FAIL(c, "use port 4318, or protocol: grpc",
			"port 4317 is OTLP over gRPC, and the protocol is %s",
			og_protocol_name(c->s->receiver.protocol));
	else if (grpc && og_endpoint_path(&c->e).n)
		FAIL(c, "remove the path", "a gRPC endpoint has no path");
}

static void check_base_path(const struct check *c)
{
	struct og_sv path = og_endpoint_path(&c->e);
	for (size_t i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if (signal_paths[i] && og_sv_ends(path, og_svz(signal_paths[i]))) {
			FAIL(c, cfg_fmt(c->r, "remove %s", signal_paths[i]),
				"SDKs append %s to the base endpoint", signal_paths[i]);
			return;
		}
	}
	if (og_sv_ends(path, OG_SV("/v1")) || og_sv_ends(path, OG_SV("/v1development/profiles")))
		FAIL(c, "end it before /v1", "SDKs append /v1/<signal> to the base endpoint");
	else if (to_gateway(c) && !path.n)
		FAIL(c, "append /otlp", "the gateway's base URL ends with /otlp");
	else if (to_gateway(c) && !og_sv_ends(path, OG_SV("/otlp")))
		FAIL(c, "end it with /otlp", "the gateway's base URL ends with /otlp");
}

static void check_signal_path(const struct check *c)
{
	struct og_sv path = og_endpoint_path(&c->e);
	const char *want = signal_paths[c->signal];
	bool gateway = to_gateway(c);
	const char *full = gateway ? cfg_fmt(c->r, "/otlp%s", want) : want;
	for (size_t i = 0; i < OG_SIGNAL_COUNT_; i++) {
		if ((int)i != c->signal && signal_paths[i] &&
			og_sv_ends(path, og_svz(signal_paths[i]))) {
			FAIL(c, cfg_fmt(c->r, "end it with %s", full),
				"ends with %s, the path of another signal", signal_paths[i]);
			return;
		}
	}
	if (!og_sv_ends(path, og_svz(full)))
		FAIL(c, cfg_fmt(c->r, path.n ? "end it with %s" : "append %s", full),
			"has to end with %s: SDKs use it as it is", full);
	else if (c->e.path.n != path.n)
		FAIL(c, "remove the last /", "has to end with %s: SDKs use it as it is", full);
}

static void check_tls(const struct check *c)
{
	bool tls = c->s->receiver.tls.present;
	bool profiles = c->signal == OG_SIGNAL_PROFILES;
	if (tls && !c->e.https && !profiles)
		FAIL(c, "use https://, or remove spec.receiver.tls",
			"is plain http, and spec.receiver.tls is set");
	enum og_reach reach = og_endpoint_reach(&c->e);
	if (!c->e.https || reach == OG_REACH_PUBLIC || profiles)
		return;
	if (tls && (c->s->receiver.tls.ca_file.n || !cfg_ok(c->d, "spec.receiver.tls.caFile")))
		return;
	cfg_problem(c->r, reach == OG_REACH_PRIVATE ? OG_SEV_ERROR : OG_SEV_WARNING, c->d,
		cfg_val(c->d, c->path), c->path, "set spec.receiver.tls.caFile, or use http://",
		"is https on a %s host, and no CA is set: no public CA vouches for it",
		reach == OG_REACH_PRIVATE ? "private" : "seemingly private");
}

/* Credentials that anyone on the way can read. */
static void check_plaintext(const struct check *c)
{
	if (c->e.https || og_endpoint_is_local(&c->e))
		return;
	if (og_endpoint_is_gateway(&c->e) ||
		(to_gateway(c) && og_endpoint_reach(&c->e) == OG_REACH_PUBLIC))
		FAIL(c, "use https://", "credentials would go to the gateway in the clear");
	else if (c->s->credentials.present && og_endpoint_reach(&c->e) == OG_REACH_PUBLIC)
		FAIL(c, "use https://", "credentials would go over the internet in the clear");
	else if (c->s->credentials.present)
		cfg_warn(c->r, c->d, cfg_val(c->d, c->path), c->path,
			"use https://, or remove spec.credentials",
			"credentials go over plain http");
}

static void check_hosts(const struct check *c)
{
	bool collector = c->type_known && c->s->receiver.type == OG_RECEIVER_COLLECTOR;
	if (c->signal == OG_SIGNAL_PROFILES) {
		if (og_endpoint_is_gateway(&c->e))
			FAIL(c, "use the URL of the Pyroscope instance",
				"the gateway takes no profiles");
		return;
	}
	if (og_endpoint_is_gateway(&c->e) && collector)
		FAIL(c, "set spec.receiver.type: gateway",
			"is the Grafana Cloud gateway, and the type is collector");
	if (og_endpoint_is_tempo(&c->e))
		FAIL(c, "use https://otlp-gateway-….grafana.net/otlp",
			"is Tempo's own address, which takes traces over gRPC alone");
}

static void check_endpoint(struct check *c, const char *path, int signal)
{
	struct og_jval v = cfg_val(c->d, path);
	struct og_sv url;
	c->path = path;
	c->signal = signal;
	if (og_jtype(v) == OG_J_ABSENT || !cfg_ok(c->d, path) || !og_jstr(v, c->r->arena, &url) ||
		og_endpoint_parse(url, &c->e))
		return;
	check_hosts(c);
	check_tls(c);
	check_plaintext(c);
	if (signal == OG_SIGNAL_PROFILES)
		return;
	check_protocol(c);
	if (c->s->receiver.protocol == OG_PROTOCOL_GRPC || !c->protocol_known ||
		og_endpoint_is_tempo(&c->e))
		return;
	if (signal < 0)
		check_base_path(c);
	else
		check_signal_path(c);
}

static void check_receiver(struct check *c)
{
	const struct og_stack *s = c->s;
	bool any = false, all = true;
	check_endpoint(c, ENDPOINT, -1);
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++) {
		check_endpoint(c, endpoint_fields[i], i);
		any = any || cfg_given(c->d, endpoint_fields[i]);
		if (i != OG_SIGNAL_PROFILES)
			all = all && cfg_given(c->d, endpoint_fields[i]);
	}
	if (!c->d->unknown && cfg_ok(c->d, "spec") && cfg_ok(c->d, "spec.receiver") &&
		!cfg_given(c->d, "spec.slug") && !cfg_given(c->d, ENDPOINT) && !all)
		cfg_error(c->r, c->d, OG_JABSENT, ENDPOINT,
			"set it, or spec.slug to have it discovered",
			any ? "is missing, and spec.receiver.endpoints doesn't name all signals"
			    : "is missing");
	if (c->type_known && s->receiver.type == OG_RECEIVER_GATEWAY) {
		if (!s->credentials.present)
			cfg_warn(c->r, c->d, OG_JABSENT, "spec.credentials",
				"set it, or write the Secret by other means",
				"is missing: the gateway refuses data without credentials");
		if (c->protocol_known && s->receiver.protocol == OG_PROTOCOL_HTTP_JSON)
			cfg_warn(c->r, c->d, cfg_val(c->d, "spec.receiver.protocol"),
				"spec.receiver.protocol", "use http/protobuf",
				"the gateway takes JSON for little traffic alone");
	}
}

/* A key of an object, or an absolute path. */
static void check_tls_file(const struct check *c, const char *path, struct og_sv file,
	bool in_object, const char *where)
{
	if (file.n && file.p[0] != '/' && !in_object && cfg_ok(c->d, path))
		cfg_error(c->r, c->d, cfg_val(c->d, path), path,
			cfg_fmt(c->r, "set %s, or write an absolute path", where),
			"is the key of an object, and none is named");
}

static void check_tls_block(const struct check *c)
{
	const struct og_cfg_tls *t = &c->s->receiver.tls;
	bool secret = cfg_given(c->d, "spec.receiver.tls.secretName");
	bool map = cfg_given(c->d, "spec.receiver.tls.configMapName");
	bool cert = cfg_given(c->d, "spec.receiver.tls.certFile");
	bool key = cfg_given(c->d, "spec.receiver.tls.keyFile");
	bool ca = cfg_given(c->d, "spec.receiver.tls.caFile");
	if (!t->present)
		return;
	if (key && !cert)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.receiver.tls.certFile", NULL,
			"is missing beside keyFile");
	if (cert && !key)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.receiver.tls.keyFile", NULL,
			"is missing beside certFile");
	if (map && !ca)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.receiver.tls.caFile",
			"name the key, such as ca.crt", "is missing beside configMapName");
	if (!ca && !cert && !key && !map)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.receiver.tls",
			"set caFile, or certFile and keyFile", "names no file");
	check_tls_file(c, "spec.receiver.tls.caFile", t->ca_file, secret || map,
		"secretName or configMapName");
	check_tls_file(c, "spec.receiver.tls.certFile", t->cert_file, secret, "secretName");
	check_tls_file(c, "spec.receiver.tls.keyFile", t->key_file, secret, "secretName");
}

static bool is_default(const struct cfg_doc *d, const char *path, const struct og_sv *value)
{
	return og_sv_eq(*value, og_svz(d->type->fields[cfg_row(d, path)].def));
}

/* The CA stands beside the token, which is read by name: no other object has to be. */
static void check_query_ca(const struct check *c)
{
	if (c->s->query.ca_key.n && !c->s->query.secret_name.n)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.query.caKey", "set spec.query.secretRef",
			"names a key, and no Secret that has it");
}

static void check_credentials(const struct check *c)
{
	static const char header[] = "spec.credentials.headerKey";
	static const char id[] = "spec.credentials.instanceIdKey";
	static const char token[] = "spec.credentials.tokenKey";
	bool id_said = cfg_ok(c->d, id) && !is_default(c->d, id, &c->s->credentials.id_key);
	bool token_said = cfg_ok(c->d, token) &&
			  !is_default(c->d, token, &c->s->credentials.token_key);
	if (cfg_given(c->d, header) && (id_said || token_said))
		cfg_error(c->r, c->d, cfg_val(c->d, header), header,
			"give it alone, or instanceIdKey and tokenKey",
			"replaces %s, which is given, too", id_said ? "instanceIdKey" : "tokenKey");
	if (cfg_ok(c->d, id) && cfg_ok(c->d, token) && c->s->credentials.present &&
		og_sv_eq(c->s->credentials.id_key, c->s->credentials.token_key))
		cfg_error(c->r, c->d, OG_JABSENT, token, NULL, "is the same key as instanceIdKey");
}

/* Keys of one Secret: each has to be another one. */
static void check_distribute(const struct check *c)
{
	static const char *const paths[] = {"spec.distribute.headerKey",
		"spec.distribute.profilesUserKey", "spec.distribute.profilesPasswordKey"};
	const struct og_sv keys[] = {c->s->distribute.header_key,
		c->s->distribute.profiles_user_key, c->s->distribute.profiles_password_key};
	for (size_t i = 1; i < OG_COUNT(keys); i++) {
		for (size_t k = 0; k < i; k++) {
			if (og_sv_eq(keys[i], keys[k]) && cfg_ok(c->d, paths[i]) &&
				cfg_ok(c->d, paths[k]))
				cfg_error(c->r, c->d, OG_JABSENT, paths[i], NULL,
					"is the same key as %s", strrchr(paths[k], '.') + 1);
		}
	}
}

/* Without a Secret of its own it is asked with the token of spec.credentials; a ready-made header
 * is sent to nobody who is asked. */
static bool asks_with_token(const struct og_stack *s)
{
	return s->query.secret_name.n ||
	       (s->credentials.present && (s->query.token_key.n || !s->credentials.header_key.n));
}

static bool in_the_clear(const struct og_endpoint *e)
{
	return !e->https && og_endpoint_reach(e) == OG_REACH_PUBLIC;
}

static void check_query_backend(
	const struct check *c, const char *name, const struct og_cfg_query *q)
{
	const char *url = cfg_fmt(c->r, "spec.query.%s.url", name);
	const char *user = cfg_fmt(c->r, "spec.query.%s.user", name);
	struct og_endpoint e;
	if (c->r->oom)
		return;
	if (cfg_given(c->d, user) && !cfg_given(c->d, url) && !cfg_given(c->d, "spec.slug"))
		cfg_error(c->r, c->d, OG_JABSENT, url, "set it, or spec.slug",
			"is missing beside user");
	if (!q->url.n || !cfg_ok(c->d, url) || og_endpoint_parse(q->url, &e))
		return;
	if (og_sv_has(e.host, OG_SV("$(")))
		cfg_error(c->r, c->d, cfg_val(c->d, url), url, "write the host's name",
			"can't refer to a node: it is read by the controller");
	else if (og_endpoint_is_gateway(&e))
		cfg_error(c->r, c->d, cfg_val(c->d, url), url,
			cfg_fmt(c->r, "use the stack's %s URL", name),
			"the gateway takes data and answers no queries");
	else if ((q->user.n || asks_with_token(c->s)) && in_the_clear(&e))
		cfg_error(c->r, c->d, cfg_val(c->d, url), url, "use https://",
			"credentials would go over the internet in the clear");
}

static void check_query_token(const struct check *c)
{
	static const char key[] = "spec.query.tokenKey", ref[] = "spec.query.secretRef.name";
	static const char grafana[] = "spec.query.grafanaUrl";
	static const char discovery[] = "spec.query.discoveryUrl";
	const struct og_stack *s = c->s;
	struct og_endpoint e;

	if (cfg_given(c->d, key) && !cfg_given(c->d, ref) && !s->credentials.present)
		cfg_error(c->r, c->d, cfg_val(c->d, key), key,
			"set spec.query.secretRef, or spec.credentials",
			"is a key of a Secret, and no Secret is named");
	if (s->query.grafana_url.n && cfg_ok(c->d, grafana) &&
		!og_endpoint_parse(s->query.grafana_url, &e) && og_sv_has(e.host, OG_SV("$(")))
		cfg_error(c->r, c->d, cfg_val(c->d, grafana), grafana, "write the host's name",
			"can't refer to a node: people's browsers follow it");
	if (s->slug.n && s->query.discovery_url.n && cfg_ok(c->d, discovery) &&
		asks_with_token(s) && !og_endpoint_parse(s->query.discovery_url, &e) &&
		in_the_clear(&e))
		cfg_error(c->r, c->d, cfg_val(c->d, discovery), discovery, "use https://",
			"credentials would go over the internet in the clear");
}

static void check_query(const struct check *c)
{
	const struct og_stack *s = c->s;
	bool known = cfg_ok(c->d, "spec.query.window");
	check_query_token(c);
	check_query_backend(c, "prometheus", &s->query.prometheus);
	check_query_backend(c, "loki", &s->query.loki);
	check_query_backend(c, "tempo", &s->query.tempo);
	check_query_backend(c, "pyroscope", &s->query.pyroscope);
	if (known && cfg_ok(c->d, "spec.query.interval") &&
		s->query.interval_ms > s->query.window_ms)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.query.interval", NULL,
			"is longer than the window: what arrives in between would be missed");
	if (known && cfg_ok(c->d, "spec.query.freshness") &&
		s->query.freshness_ms > s->query.window_ms)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.query.freshness", NULL,
			"is longer than the window: nothing older than it is seen");
}

void cfg_check_stack(struct cfg_reader *r, const struct cfg_doc *d)
{
	struct check c = {.r = r, .d = d, .s = cfg_stack(d)};
	c.protocol_known = cfg_ok(d, "spec.receiver.protocol");
	c.type_known = cfg_ok(d, "spec.receiver.type");
	check_receiver(&c);
	check_tls_block(&c);
	check_query_ca(&c);
	check_credentials(&c);
	check_distribute(&c);
	check_query(&c);
}
