/* SPDX-License-Identifier: Apache-2.0 */
/* NetworkPolicies and Services: what the server adds, and what it refuses. */
#include <arpa/inet.h>
#include <stdio.h>
#include "otelgate/base/parse.h"
#include "otelgate/kobj/names.h"
#include "sim/sim-priv.h"

static void port_protocols(json_t *rules)
{
	size_t i, k;
	json_t *rule, *p;

	json_array_foreach(rules, i, rule)
	{
		json_array_foreach(json_object_get(rule, "ports"), k, p)
		{
			sim_missing(p, "protocol", json_string("TCP"));
		}
	}
}

void sim_netpol_defaults(json_t *o)
{
	json_t *spec = json_object_get(o, "spec"), *types;

	if (!json_is_object(spec))
		return;
	sim_missing(spec, "podSelector", json_object());
	if (!json_array_size(json_object_get(spec, "policyTypes"))) {
		types = json_pack("[s]", "Ingress");
		if (json_array_size(json_object_get(spec, "egress")))
			json_array_append_new(types, json_string("Egress"));
		json_object_set_new(spec, "policyTypes", types);
	}
	port_protocols(json_object_get(spec, "ingress"));
	port_protocols(json_object_get(spec, "egress"));
}

/* An address of its own for each Service, and the same one again after each write. */
static json_t *cluster_ip(const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata");
	og_auto_free char *key =
		sim_fmt("%s/%s", sim_str(meta, "namespace"), sim_str(meta, "name"));
	uint64_t h = og_hash64(11, og_svz(key ? key : ""));

	return json_sprintf("10.96.%u.%u", (unsigned)(h & 255), (unsigned)((h >> 8) % 254) + 1U);
}

void sim_service_defaults(json_t *o)
{
	json_t *spec = json_object_get(o, "spec"), *p;
	size_t i;

	if (!json_is_object(spec))
		return;
	sim_missing(spec, "type", json_string("ClusterIP"));
	sim_missing(spec, "sessionAffinity", json_string("None"));
	sim_missing(sim_child(o, "status"), "loadBalancer", json_object());
	json_array_foreach(json_object_get(spec, "ports"), i, p)
	{
		sim_missing(p, "protocol", json_string("TCP"));
		sim_missing(p, "targetPort", json_copy(json_object_get(p, "port")));
	}
	if (!strcmp(sim_str(spec, "type"), "ExternalName"))
		return;
	sim_missing(spec, "internalTrafficPolicy", json_string("Cluster"));
	sim_missing(spec, "ipFamilies", json_pack("[s]", "IPv4"));
	sim_missing(spec, "ipFamilyPolicy", json_string("SingleStack"));
	sim_missing(spec, "clusterIP", cluster_ip(o));
	sim_missing(spec, "clusterIPs", json_pack("[O]", json_object_get(spec, "clusterIP")));
}

void sim_service_validate(const json_t *o, json_t *causes)
{
	const json_t *spec = json_object_get(o, "spec");

	if (strcmp(sim_str(spec, "type"), "ExternalName") &&
		strcmp(sim_str(spec, "clusterIP"), "None") &&
		!json_array_size(json_object_get(spec, "ports")))
		sim_cause(causes, "FieldValueRequired", "spec.ports", "Required value");
}

/* Address and length of "10.0.0.0/8"; false when it is none. */
static bool cidr(const char *text, unsigned char addr[16], int *ret_family, unsigned *ret_bits)
{
	char host[64];
	const char *slash = strchr(text, '/');
	uint64_t bits;

	if (!slash || (size_t)(slash - text) >= sizeof(host) ||
		og_parse_u64(og_svz(slash + 1), 0, 128, &bits, NULL))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(slash - text), text);
	*ret_bits = (unsigned)bits;
	*ret_family = strchr(host, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*ret_family, host, addr) == 1 && (*ret_family == AF_INET6 || bits <= 32);
}

static bool strictly_inside(const char *inner, const char *outer)
{
	unsigned char a[16] = {0}, b[16] = {0};
	unsigned na, nb, i;
	int fa, fb;

	if (!cidr(inner, a, &fa, &na) || !cidr(outer, b, &fb, &nb) || fa != fb || na <= nb)
		return false;
	for (i = 0; i < nb; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> (i % 8)))
			return false;
	return true;
}

static void block(const json_t *b, const char *at, json_t *c)
{
	static const char not_one[] =
		"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
	const char *text = sim_str(b, "cidr");
	unsigned char addr[16];
	unsigned bits;
	char field[128];
	int family;
	size_t i;
	json_t *x;

	snprintf(field, sizeof(field), "%s.cidr", at);
	if (!*text)
		sim_cause(c, "FieldValueRequired", field, "Required value");
	else if (!cidr(text, addr, &family, &bits))
		sim_cause(
			c, "FieldValueInvalid", field, "Invalid value: \"%s\": %s", text, not_one);
	json_array_foreach(json_object_get(b, "except"), i, x)
	{
		const char *e = json_string_value(x) ? json_string_value(x) : "";

		snprintf(field, sizeof(field), "%s.except[%zu]", at, i);
		if (!cidr(e, addr, &family, &bits))
			sim_cause(c, "FieldValueInvalid", field, "Invalid value: \"%s\": %s", e,
				not_one);
		else if (!strictly_inside(e, text))
			sim_cause(c, "FieldValueInvalid", field,
				"Invalid value: \"%s\": must be a strict subset of `cidr`", e);
	}
}

static void peers(const json_t *list, const char *at, json_t *c)
{
	char field[96];
	size_t i;
	json_t *p;

	json_array_foreach(list, i, p)
	{
		const json_t *b = json_object_get(p, "ipBlock");
		bool other = json_object_get(p, "podSelector") ||
			     json_object_get(p, "namespaceSelector");

		snprintf(field, sizeof(field), "%s[%zu]", at, i);
		if (b && other)
			sim_cause(c, "FieldValueForbidden", field,
				"Forbidden: may not specify both ipBlock and another peer");
		else if (!b && !other)
			sim_cause(c, "FieldValueRequired", field,
				"Required value: must specify a peer");
		snprintf(field, sizeof(field), "%s[%zu].ipBlock", at, i);
		if (b)
			block(b, field, c);
	}
}

static void end_port(const json_t *port, const json_t *end, const char *at, json_t *c)
{
	long long n = (long long)json_integer_value(end);
	const char *why = NULL;
	char field[96];

	snprintf(field, sizeof(field), "%s.endPort", at);
	if (!port)
		why = "may not be specified when `port` is not specified";
	else if (!json_is_integer(port))
		why = "may not be specified when `port` is non-numeric";
	else if (n < json_integer_value(port))
		why = "must be greater than or equal to `port`";
	if (!why)
		return;
	/* the server names the port here, not the end */
	if (json_is_integer(port))
		n = (long long)json_integer_value(port);
	sim_cause(c, "FieldValueInvalid", field, "Invalid value: %lld: %s", n, why);
}

static void ports(const json_t *list, const char *at, json_t *c)
{
	char place[96], field[96];
	size_t i;
	json_t *p;

	json_array_foreach(list, i, p)
	{
		const char *proto = sim_str(p, "protocol");
		const json_t *port = json_object_get(p, "port");
		long long n = (long long)json_integer_value(port);

		snprintf(place, sizeof(place), "%.80s[%zu]", at, i);
		snprintf(field, sizeof(field), "%.80s.protocol", place);
		if (strcmp(proto, "TCP") && strcmp(proto, "UDP") && strcmp(proto, "SCTP"))
			sim_cause(c, "FieldValueNotSupported", field,
				"Unsupported value: \"%s\": supported values: \"TCP\", \"UDP\", "
				"\"SCTP\"",
				proto);
		snprintf(field, sizeof(field), "%.80s.port", place);
		if (json_is_integer(port) && (n < 1 || n > 65535))
			sim_cause(c, "FieldValueInvalid", field,
				"Invalid value: %lld: must be between 1 and 65535, inclusive", n);
		if (json_object_get(p, "endPort"))
			end_port(port, json_object_get(p, "endPort"), place, c);
	}
}

static void direction(const json_t *spec, const char *name, const char *peer, json_t *c)
{
	char field[64];
	size_t i;
	json_t *rule;

	json_array_foreach(json_object_get(spec, name), i, rule)
	{
		snprintf(field, sizeof(field), "spec.%s[%zu].ports", name, i);
		ports(json_object_get(rule, "ports"), field, c);
		snprintf(field, sizeof(field), "spec.%s[%zu].%s", name, i, peer);
		peers(json_object_get(rule, peer), field, c);
	}
}

void sim_netpol_validate(const json_t *o, json_t *c)
{
	const json_t *spec = json_object_get(o, "spec"),
		     *types = json_object_get(spec, "policyTypes");
	char field[64];
	size_t i;
	json_t *t;

	direction(spec, "ingress", "from", c);
	direction(spec, "egress", "to", c);
	json_array_foreach(types, i, t)
	{
		const char *s = json_string_value(t) ? json_string_value(t) : "";

		snprintf(field, sizeof(field), "spec.policyTypes[%zu]", i);
		if (strcmp(s, "Ingress") && strcmp(s, "Egress"))
			sim_cause(c, "FieldValueNotSupported", field,
				"Unsupported value: \"%s\": supported values: \"Ingress\", "
				"\"Egress\"",
				s);
	}
}
