/* SPDX-License-Identifier: Apache-2.0 */
/* What people put into the wrong key, or copy from the wrong page. Nothing here quotes a value. */
#include "config_endpoint-priv.h"
#include "credentials-priv.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/percent.h"

enum { REGION_BYTES = 64 };

bool cred_wants_cloud(const struct og_stack *stack)
{
	struct og_endpoint e;

	if (stack->receiver.type == OG_RECEIVER_GATEWAY)
		return true;
	return stack->receiver.endpoint.n && !og_endpoint_parse(stack->receiver.endpoint, &e) &&
	       og_endpoint_is_gateway(&e);
}

static bool digits(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* Kinds of tokens by how they begin. */
static bool is_policy_token(struct og_sv s)
{
	return og_sv_starts(s, OG_SV("glc_"));
}

static bool is_service_token(struct og_sv s)
{
	return og_sv_starts(s, OG_SV("glsa_"));
}

/* A JSON object in base64: Cloud API keys, as they were before access policies. */
static bool is_old_key(struct og_sv s)
{
	return og_sv_starts(s, OG_SV("eyJ"));
}

static bool is_token(struct og_sv s)
{
	return is_policy_token(s) || is_service_token(s) || is_old_key(s);
}

static bool starts_basic(struct og_sv s)
{
	static const char *const forms[] = {"basic ", "basic%20", "authorization"};

	for (size_t i = 0; i < OG_COUNT(forms); i++) {
		struct og_sv f = og_svz(forms[i]);
		if (s.n >= f.n && og_sv_caseeq(og_sv(s.p, f.n), f))
			return true;
	}
	return false;
}

/* ---- where a token is from ------------------------------------------------------------------ */

/* Unpadded base64 is fine. {NULL, 0} when it is none. */
static struct og_sv decode_loose(struct cred_work *w, struct og_sv s)
{
	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	size_t pad = (4 - s.n % 4) % 4;
	char *p = og_arena_alloc(w->scratch, s.n + pad + 1);

	w->oom |= !p;
	if (!p || pad == 3)
		return og_sv(NULL, 0);
	memcpy(p, s.p, s.n);
	memset(p + s.n, '=', pad);
	return cred_decode(w, og_sv(p, s.n + pad));
}

/* The region in the payload of an access policy token; empty when it says none. */
static bool token_region(struct cred_work *w, struct og_sv token, struct og_sv *ret)
{
	struct og_sv text = decode_loose(w, og_sv(token.p + 4, token.n - 4));
	struct og_jlimits limits = {.max_bytes = OG_CREDENTIAL_TOKEN_BYTES, .max_depth = 8};
	struct og_jdoc *d = og_arena_new(w->scratch, struct og_jdoc);

	w->oom |= !d;
	*ret = og_sv("", 0);
	if (!d || !text.p || og_jdoc_parse(d, w->scratch, text, &limits, NULL) < 0)
		return false;
	if (!og_jis(og_jroot(d), OG_J_OBJECT))
		return false;
	*ret = og_jstr_or_empty(og_jpath(og_jroot(d), "m", "r", NULL), w->scratch);
	return true;
}

/* "prod-eu-west-2" of otlp-gateway-prod-eu-west-2.grafana.net. */
static bool host_region(const struct og_stack *stack, struct og_sv *ret)
{
	struct og_sv prefix = OG_SV("otlp-gateway-");
	struct og_endpoint e;

	if (!stack->receiver.endpoint.n || og_endpoint_parse(stack->receiver.endpoint, &e) ||
		!og_endpoint_is_gateway(&e) || !og_sv_starts(e.host, prefix))
		return false;
	size_t dot = og_sv_chr(e.host, '.');
	*ret = og_sv(e.host.p + prefix.n, dot - prefix.n);
	return ret->n > 0;
}

static bool region_like(struct og_sv r)
{
	for (size_t i = 0; i < r.n; i++)
		if (!((r.p[i] >= 'a' && r.p[i] <= 'z') || (r.p[i] >= '0' && r.p[i] <= '9') ||
			    r.p[i] == '-'))
			return false;
	return r.n && r.n <= REGION_BYTES;
}

/*
 * The oldest regions are called by their continent: "us" is prod-us-central-0, "eu" prod-eu-west-0,
 * "au" prod-au-southeast-0 (grafana.com/api/stack-regions). A long name is compared whole, a short
 * one with the continent of the host.
 */
static bool same_region(struct og_sv token, struct og_sv host)
{
	if (og_sv_eq(token, host))
		return true;
	if (og_sv_chr(token, '-') < token.n)
		return false;
	struct og_sv rest = host, part;
	while (og_sv_split(&rest, '-', &part))
		if (og_sv_eq(part, token))
			return true;
	return false;
}

static void check_region(struct cred_work *w, struct og_sv key, struct og_sv token)
{
	struct og_sv from, to;

	if (!token_region(w, token, &from)) {
		if (!w->oom)
			cred_say(w, "OG417", OG_CREDENTIAL_VALID, "TokenDoubtful", key,
				"the token does not look whole: a part may have been lost when it was copied. Copy it again, from the first to the last character");
		return;
	}
	/* regions are no secret, and only what looks like one is shown */
	if (host_region(w->stack, &to) && region_like(from) && region_like(to) &&
		!same_region(from, to))
		cred_say(w, "OG413", OG_CREDENTIAL_VALID, "WrongRegion", key,
			"the token is of an access policy in region %.*s, and the receiver is in %.*s: it will answer 401. Make the access policy in the region of the stack, or correct spec.receiver.endpoint",
			OG_SV_ARG(from), OG_SV_ARG(to));
}

/* ---- encoded once too often ----------------------------------------------------------------- */

static bool encoded_twice(struct cred_work *w, struct og_sv key, struct og_sv v, bool id)
{
	struct og_sv plain = is_token(v) || digits(v) ? og_sv(NULL, 0) : decode_loose(w, v);
	struct og_sv t = plain.p ? og_sv_trim(plain) : plain;
	size_t colon = t.p ? og_sv_chr(t, ':') : 0;

	if (!t.p || !t.n)
		return false;
	if (colon < t.n &&
		(digits(og_sv(t.p, colon)) || is_token(og_sv(t.p + colon + 1, t.n - colon - 1)))) {
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAToken", key,
			"this is base64 of \"<instance id>:<token>\"; otelgate makes that itself. Put the %s alone into this key",
			id ? "instance id" : "token");
		return true;
	}
	if (!is_token(t) && !(id && digits(t)))
		return false;
	cred_say(w, "OG405", OG_CREDENTIAL_INVALID, "EncodedTwice", key,
		"the value was put into base64 twice. Write it under stringData as it is, or encode it once under data");
	return true;
}

/* ---- one by one ----------------------------------------------------------------------------- */

void cred_check_token(struct cred_work *w, struct og_sv key, struct og_sv token)
{
	if (!cred_wants_cloud(w->stack))
		return;
	if (is_service_token(token))
		cred_say(w, "OG412", OG_CREDENTIAL_INVALID, "TokenKind", key,
			"this is a service account token (glsa_), which opens the API of a Grafana and no receiver. Make an access policy token (glc_) with the scopes metrics:write, logs:write and traces:write");
	else if (is_old_key(token))
		cred_say(w, "OG417", OG_CREDENTIAL_VALID, "TokenDoubtful", key,
			"this looks like a Cloud API key of the old kind (eyJ…), which access policy tokens (glc_) have replaced");
	else if (is_policy_token(token))
		check_region(w, key, token);
}

static void check_id(struct cred_work *w)
{
	struct og_sv key = w->stack->credentials.id_key;

	if (starts_basic(w->id) || encoded_twice(w, key, w->id, true)) {
		if (!w->refused)
			cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAnId", key,
				"this is a whole header. Put the instance id alone into this key, or name the key in spec.credentials.headerKey");
		return;
	}
	if (is_token(w->id))
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAnId", key,
			"a token stands where the instance id belongs. Put the number of the stack here, and the token into key %.*s",
			OG_SV_ARG(w->stack->credentials.token_key));
	else if (og_sv_chr(w->id, ':') < w->id.n)
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAnId", key,
			"there is a \":\" in it, where the receiver would end the user. Put the instance id alone into this key, without the token");
	else if (cred_wants_cloud(w->stack) && !digits(w->id))
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAnId", key,
			"the instance id of Grafana Cloud is a number, not a name: it stands on the stack's page under OpenTelemetry");
}

/* Blanks and control characters within; those at the ends are gone. */
static bool check_inner(struct cred_work *w, struct og_sv key, struct og_sv v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c > 0x20 && c != 0x7f)
			continue;
		cred_say(w, "OG416", OG_CREDENTIAL_INVALID, "ValueNotText", key,
			"there is a blank, a line break or a control character in the middle of it: more than the credential was put into this key, or it was wrapped when it was copied");
		return false;
	}
	return true;
}

void cred_check_pair(struct cred_work *w)
{
	struct og_sv idk = w->stack->credentials.id_key, tk = w->stack->credentials.token_key;

	if (is_token(w->id) && (digits(w->token) || !is_token(w->token))) {
		cred_say(w, "OG411", OG_CREDENTIAL_INVALID, "Swapped", idk,
			"instance id and token are swapped: the token stands in this key, and the id in key %.*s. Exchange them",
			OG_SV_ARG(tk));
		return;
	}
	if (starts_basic(w->token)) {
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAToken", tk,
			"it begins with \"Basic\", which would stand in the header twice. Put the token alone into this key, or name a key with the whole header in spec.credentials.headerKey");
		return;
	}
	check_id(w);
	if (w->refused || w->oom || !check_inner(w, idk, w->id) || !check_inner(w, tk, w->token) ||
		encoded_twice(w, tk, w->token, false))
		return;
	if (cred_wants_cloud(w->stack) && digits(w->token))
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "NotAToken", tk,
			"this is a number and no token. Put the access policy token (glc_…) into this key");
	else
		cred_check_token(w, tk, w->token);
}
