/* SPDX-License-Identifier: Apache-2.0 */
/* TelemetryProfile: combinations that cannot work, alone and with its stack. */
#include "otelgate/base/mem.h"
#include "otelgate/kobj/image.h"
#include "config_read-priv.h"

struct check {
	struct cfg_reader *r;
	const struct cfg_doc *d, *stack; /* stack may be NULL */
	const struct og_profile *p;
};

static const char *const signal_fields[OG_SIGNAL_COUNT_] = {"spec.signals.metrics",
	"spec.signals.traces", "spec.signals.logs", "spec.signals.profiles"};
static const char *const endpoint_fields[OG_SIGNAL_COUNT_] = {"spec.receiver.endpoints.metrics",
	"spec.receiver.endpoints.traces", "spec.receiver.endpoints.logs",
	"spec.receiver.endpoints.profiles"};

static bool wants(const struct og_profile *p, size_t i)
{
	return p->signals[i] == OG_MODE_EXPECTED || p->signals[i] == OG_MODE_OPTIONAL;
}

/* Every wanted signal needs somewhere to go. */
static void check_endpoints(const struct check *c)
{
	if (!c->stack || cfg_given(c->stack, "spec.slug"))
		return;
	bool base = cfg_given(c->stack, "spec.receiver.endpoint");
	for (size_t i = 0; i < OG_SIGNAL_COUNT_; i++) {
		bool profiles = i == OG_SIGNAL_PROFILES;
		if (!wants(c->p, i) || !cfg_ok(c->d, signal_fields[i]) ||
			cfg_given(c->stack, endpoint_fields[i]) || (base && !profiles) ||
			(profiles && (c->p->profiles_via == OG_PROFILES_VIA_EBPF ||
					     !cfg_ok(c->d, "spec.profiles.via"))))
			continue;
		if (!profiles && !base)
			continue; /* the stack's own error */
		cfg_problem(c->r,
			c->p->signals[i] == OG_MODE_EXPECTED ? OG_SEV_ERROR : OG_SEV_WARNING, c->d,
			cfg_val(c->d, signal_fields[i]), signal_fields[i],
			"set it there, or spec.profiles.via: ebpf",
			"is %s, and GrafanaStack \"%.*s\" has no %s",
			og_signal_mode_name(c->p->signals[i]), OG_SV_ARG(c->stack->name),
			endpoint_fields[i]);
	}
}

static void check_signals(const struct check *c)
{
	bool any = false, known = true;
	for (size_t i = 0; i < OG_SIGNAL_COUNT_; i++) {
		any = any || c->p->signals[i] != OG_MODE_OFF;
		known = known && cfg_ok(c->d, signal_fields[i]);
	}
	if (!any && known)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.signals", "leave the profile out instead",
			"all signals are off");
	if (cfg_given(c->d, "spec.profiles.via") && cfg_ok(c->d, "spec.profiles.via") &&
		c->p->profiles_via == OG_PROFILES_VIA_EBPF && !wants(c->p, OG_SIGNAL_PROFILES) &&
		cfg_ok(c->d, "spec.signals.profiles"))
		cfg_warn(c->r, c->d, cfg_val(c->d, "spec.profiles.via"), "spec.profiles.via",
			"set spec.signals.profiles: optional",
			"has no effect: spec.signals.profiles is off");
}

/* [0-9]+(.[0-9]+)? from 0 to 1, as every SDK reads it. */
static bool is_ratio(struct og_sv s)
{
	size_t dot = og_sv_chr(s, '.');
	if (dot != 1 || (s.p[0] != '0' && s.p[0] != '1') || dot + 1 == s.n)
		return false;
	for (size_t i = dot + 1; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || (s.p[0] == '1' && s.p[i] != '0'))
			return false;
	}
	return true;
}

static bool is_jaeger_remote(struct og_sv s)
{
	static const char *const keys[] = {
		"endpoint=", "pollingIntervalMs=", "initialSamplingRate="};
	struct og_sv rest = s, part;
	bool endpoint = false;
	while (og_sv_split(&rest, ',', &part)) {
		size_t i = 0;
		while (i < OG_COUNT(keys) && !og_sv_starts(part, og_svz(keys[i])))
			i++;
		if (i == OG_COUNT(keys) || part.n == strlen(keys[i]))
			return false;
		endpoint = endpoint || i == 0;
	}
	return endpoint;
}

#define SAMPLER "spec.sdk.sampler"

static void check_sampler(const struct check *c)
{
	struct og_sv type = c->p->sdk.sampler_type, arg = c->p->sdk.sampler_argument;
	struct og_jval at = cfg_val(c->d, SAMPLER ".argument");
	bool given = cfg_given(c->d, SAMPLER ".argument");
	if (!cfg_ok(c->d, SAMPLER ".type") || !cfg_ok(c->d, SAMPLER ".argument"))
		return;
	if (!type.n) {
		if (given)
			cfg_error(c->r, c->d, at, SAMPLER ".argument", "set " SAMPLER ".type",
				"needs a sampler type");
		return;
	}
	if (og_sv_ends(type, OG_SV("traceidratio"))) {
		if (!given)
			cfg_error(c->r, c->d, OG_JABSENT, SAMPLER ".argument", "such as \"0.25\"",
				"is missing: a ratio sampler needs it");
		else if (!is_ratio(arg) && !og_sv_is(arg, "0") && !og_sv_is(arg, "1"))
			cfg_error(c->r, c->d, at, SAMPLER ".argument", "such as \"0.25\"",
				"must be a number from 0 to 1");
	} else if (og_sv_ends(type, OG_SV("jaeger_remote"))) {
		if (!given || !is_jaeger_remote(arg))
			cfg_error(c->r, c->d, given ? at : OG_JABSENT, SAMPLER ".argument", NULL,
				"must be endpoint=…,pollingIntervalMs=…,initialSamplingRate=…");
	} else if (given && !og_sv_ends(type, OG_SV("xray"))) {
		cfg_error(c->r, c->d, at, SAMPLER ".argument", "remove it",
			"has no effect: %.*s takes no argument", OG_SV_ARG(type));
	}
}

static void check_propagators(const struct check *c)
{
	if (c->p->sdk.npropagators < 2)
		return;
	og_jfor (it, cfg_val(c->d, "spec.sdk.propagators")) {
		if (og_jstr_is(it.val, "none"))
			cfg_error(c->r, c->d, it.val,
				cfg_fmt(c->r, "spec.sdk.propagators[%u]", it.index),
				"give it alone", "none can't stand beside others");
	}
}

/* Decided per workload or pod; a value here would be hidden, or give all the same name. */
static const char *const generated_attributes[] = {"service.name", "service.instance.id",
	"k8s.pod.name", "k8s.pod.uid", "k8s.pod.ip", "k8s.node.name", "k8s.container.name",
	"k8s.namespace.name"};

static void check_attributes(const struct check *c)
{
	og_jfor (it, cfg_val(c->d, "spec.sdk.resourceAttributes")) {
		if (og_jstr_is(it.key, "otelgate.revision")) {
			cfg_error(c->r, c->d, it.key, "spec.sdk.resourceAttributes", "remove it",
				"otelgate.revision is otelgate's own");
			continue;
		}
		if (og_jstr_is(it.key, "k8s.cluster.name"))
			cfg_warn(c->r, c->d, it.key, "spec.sdk.resourceAttributes",
				"set spec.clusterName of the GrafanaStack",
				"k8s.cluster.name has a field of its own");
		for (size_t i = 0; i < OG_COUNT(generated_attributes); i++) {
			if (og_jstr_eq(it.key, og_svz(generated_attributes[i])))
				cfg_warn(c->r, c->d, it.key, "spec.sdk.resourceAttributes",
					cfg_fmt(c->r,
						"annotate workloads with "
						"resource.opentelemetry.io/%s",
						generated_attributes[i]),
					"%s is decided per workload", generated_attributes[i]);
		}
	}
}

/* Variables with a field of their own. ERROR: the pod would lose its authentication. */
static const struct {
	const char *name, *field;
	bool auth;
} reserved[] = {
	{"OTEL_EXPORTER_OTLP_HEADERS", "spec.credentials of the GrafanaStack", true},
	{"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "spec.credentials of the GrafanaStack", true},
	{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "spec.credentials of the GrafanaStack", true},
	{"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "spec.credentials of the GrafanaStack", true},
	{"PYROSCOPE_BASIC_AUTH_USER", "spec.credentials of the GrafanaStack", true},
	{"PYROSCOPE_BASIC_AUTH_PASSWORD", "spec.credentials of the GrafanaStack", true},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", "spec.receiver.endpoint of the GrafanaStack", false},
	{"OTEL_EXPORTER_OTLP_PROTOCOL", "spec.receiver.protocol of the GrafanaStack", false},
	{"OTEL_EXPORTER_OTLP_COMPRESSION", "spec.receiver.compression of the GrafanaStack", false},
	{"OTEL_EXPORTER_OTLP_TIMEOUT", "spec.receiver.timeout of the GrafanaStack", false},
	{"OTEL_EXPORTER_OTLP_CERTIFICATE", "spec.receiver.tls of the GrafanaStack", false},
	{"OTEL_PROPAGATORS", "spec.sdk.propagators", false},
	{"OTEL_TRACES_SAMPLER", "spec.sdk.sampler.type", false},
	{"OTEL_TRACES_SAMPLER_ARG", "spec.sdk.sampler.argument", false},
	{"OTEL_RESOURCE_ATTRIBUTES", "spec.sdk.resourceAttributes", false},
	{"OTEL_METRICS_EXPORTER", "spec.signals.metrics", false},
	{"OTEL_TRACES_EXPORTER", "spec.signals.traces", false},
	{"OTEL_LOGS_EXPORTER", "spec.signals.logs", false},
};

static void check_env_name(const struct check *c, struct og_jval name, const char *path)
{
	bool credentials = c->stack && cfg_stack(c->stack)->credentials.present;
	for (size_t i = 0; i < OG_COUNT(reserved); i++) {
		if (!og_jstr_eq(name, og_svz(reserved[i].name)))
			continue;
		if (reserved[i].auth && credentials)
			cfg_error(c->r, c->d, name, path, "remove it", "%s is made from %s",
				reserved[i].name, reserved[i].field);
		else
			cfg_warn(c->r, c->d, name, path,
				reserved[i].auth ? "keep credentials in a Secret" : NULL,
				"%s goes before %s", reserved[i].name, reserved[i].field);
		return;
	}
	if (og_jstr_is(name, "OTEL_NODE_IP") || og_jstr_is(name, "OTEL_POD_IP"))
		cfg_error(c->r, c->d, name, path, "choose another name",
			"is a variable that otelgate sets itself");
	else if (og_jstr_is(name, "OTEL_SERVICE_NAME"))
		cfg_warn(c->r, c->d, name, path, NULL,
			"gives all workloads of the profile the same name");
}

static void check_env(const struct check *c, const char *field)
{
	og_jfor (it, cfg_val(c->d, field))
		check_env_name(
			c, og_jgetl(it.val, "name"), cfg_fmt(c->r, "%s[%u].name", field, it.index));
}

static void check_image(const struct check *c, const char *path, struct og_sv image)
{
	struct og_image im;
	if (!image.n || og_sv_is(image, "none") || og_image_parse(image, &im, NULL))
		return;
	if (!im.digest.n && (!im.tag.n || og_sv_is(im.tag, "latest")))
		cfg_warn(c->r, c->d, cfg_val(c->d, path), path, "name a version or a digest",
			"is not pinned: pods of one workload may get different agents");
}

static void check_languages(const struct check *c)
{
	bool any_profiler = false;
	for (int i = OG_LANG_JAVA; i < OG_LANG_GO; i++) { /* those that have an agent */
		const struct og_profile_language *l = &c->p->languages[i];
		const char *name = og_language_name((enum og_language)i);
		const char *profiler = cfg_fmt(c->r, "spec.languages.%s.profilerImage", name);
		const char *image = cfg_fmt(c->r, "spec.languages.%s.image", name);
		if (c->r->oom)
			return;
		check_image(c, image, l->image);
		check_image(c, profiler, l->profiler_image);
		check_env(c, cfg_fmt(c->r, "spec.languages.%s.env", name));
		any_profiler = any_profiler || l->profiler_image.n;
		if (l->profiler_image.n && (i == OG_LANG_NODEJS || i == OG_LANG_PYTHON))
			cfg_warn(c->r, c->d, cfg_val(c->d, profiler), profiler,
				"use spec.profiles.via: ebpf",
				"there is no agent that profiles %s without a change of its code",
				i == OG_LANG_PYTHON ? "Python" : "Node.js");
	}
	if (any_profiler && c->p->signals[OG_SIGNAL_PROFILES] == OG_MODE_OFF &&
		cfg_ok(c->d, "spec.signals.profiles"))
		cfg_warn(c->r, c->d, OG_JABSENT, "spec.languages",
			"set spec.signals.profiles: optional",
			"a profilerImage has no effect: spec.signals.profiles is off");
}

static void check_restart(const struct check *c)
{
	bool known = cfg_ok(c->d, "spec.restart.mode") &&
		     cfg_ok(c->d, "spec.restart.maxPerNamespace") &&
		     cfg_ok(c->d, "spec.restart.maxPerCluster");
	if (!known)
		return;
	if (c->p->restart.max_per_namespace > c->p->restart.max_per_cluster)
		cfg_error(c->r, c->d, OG_JABSENT, "spec.restart.maxPerNamespace", NULL,
			"is above maxPerCluster (%u)", c->p->restart.max_per_cluster);
	if (c->p->restart.nwindows && c->p->restart.mode != OG_RESTART_MANAGED)
		cfg_warn(c->r, c->d, OG_JABSENT, "spec.restart.windows", "set mode: managed",
			"has no effect: mode is %s", og_restart_mode_name(c->p->restart.mode));
}

void cfg_check_profile(struct cfg_reader *r, const struct cfg_doc *d, const struct cfg_doc *stack)
{
	struct check c = {.r = r, .d = d, .stack = stack, .p = cfg_profile(d)};
	check_signals(&c);
	check_endpoints(&c);
	check_sampler(&c);
	check_propagators(&c);
	check_attributes(&c);
	check_env(&c, "spec.sdk.env");
	check_languages(&c);
	check_restart(&c);
}
