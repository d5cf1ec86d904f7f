/* SPDX-License-Identifier: Apache-2.0 */
/* 401 and 403: which of the known causes. What is said of a credential is its kind and shape. */
#include "otelgate/base/mem.h"
#include "send_judge-priv.h"

static const char *scope_of(enum og_otlp_signal s)
{
	static const char *const scopes[] = {
		"metrics:write", "traces:write", "logs:write", "profiles:write"};
	return (unsigned)s < OG_COUNT(scopes) ? scopes[s] : "metrics:write";
}

static struct og_sv gateway_region(const struct judge *j)
{
	struct og_sv prefix = OG_SV("otlp-gateway-");

	if (!og_sv_starts(j->host, prefix) || !og_sv_ends(j->host, OG_SV(".grafana.net")))
		return og_sv("", 0);
	size_t dot = og_sv_chr(j->host, '.');
	return og_sv(j->host.p + prefix.n, dot - prefix.n);
}

/* The oldest regions are called by their continent: "us" is prod-us-central-0. */
static bool same_region(struct og_sv token, struct og_sv host)
{
	struct og_sv rest = host, part;

	if (og_sv_eq(token, host))
		return true;
	if (og_sv_chr(token, '-') < token.n)
		return false;
	while (og_sv_split(&rest, '-', &part))
		if (og_sv_eq(part, token))
			return true;
	return false;
}

static const struct og_send_id *owner_of(const struct og_send_facts *f)
{
	for (size_t i = 0; i < f->nids && *f->shape.id; i++)
		if (og_sv_eq(f->ids[i].user, og_svz(f->shape.id)))
			return &f->ids[i];
	return NULL;
}

#define MAKE_AGAIN \
	"kubectl create secret generic NAME --from-literal=instance=ID --from-literal=token=TOKEN"

static bool says_scope(struct judge *j)
{
	if (!judge_has(j->s->body, "invalid scope") && !judge_has(j->s->body, "missing scope") &&
		!judge_has(j->s->body, "insufficient scope"))
		return false;
	judge_say(j, OG_SEND_SCOPE,
		judge_text(j,
			"Add the scope %s to the access policy of the token; tokens that exist have it at once",
			scope_of(j->f->signal))
			.p,
		"the token may not write %s: the receiver says \"invalid scope\" (%d)",
		og_otlp_signal_name(j->f->signal), j->s->http);
	return true;
}

static bool says_expired(struct judge *j)
{
	if (!judge_has(j->s->body, "expired"))
		return false;
	judge_say(j, OG_SEND_TOKEN_EXPIRED,
		"Make another token of the access policy, and put it into the Secret.",
		"the token has expired (%d)%s%.*s", j->s->http, j->said.n ? ": " : "",
		OG_SV_ARG(j->said));
	return true;
}

static bool form_is_wrong(struct judge *j)
{
	const struct og_send_shape *h = &j->f->shape;

	if (j->f->headers_lost)
		judge_say(j, OG_SEND_TOKEN_SPACE, MAKE_AGAIN,
			"%.*s holds a line break or a control character, which no header can carry (%d)",
			OG_SV_ARG(j->cred), j->s->http);
	else if (!h->authorization)
		judge_say(j, OG_SEND_NO_CREDENTIAL,
			"Name a Secret with instance id and token in spec.credentials of the GrafanaStack.",
			"the receiver wants a credential, and none is sent (%d)", j->s->http);
	else if (h->double_encoded)
		judge_say(j, OG_SEND_DOUBLE_ENCODED,
			"Encode the value of the header once: Basic%20 and base64, without %25.",
			"%.*s is percent-encoded twice: %%25 stands where an escape was meant (%d)",
			OG_SV_ARG(j->cred), j->s->http);
	else if (h->no_scheme || h->bad_base64 || h->no_colon)
		judge_say(j, OG_SEND_RAW_TOKEN,
			"The header is Authorization=Basic%20 and base64 of \"<instance id>:<token>\"; with idKey and tokenKey in spec.credentials otelgate makes it.",
			"%.*s holds %s (%d)", OG_SV_ARG(j->cred),
			h->no_scheme ? "a value without a scheme such as Basic"
			: h->no_colon
				? "no \":\" between instance id and token: is it the token alone?"
				: "something behind Basic that is no base64: is it the token itself?",
			j->s->http);
	else
		return false;
	return true;
}

static bool token_is_wrong(struct judge *j)
{
	const struct og_send_shape *h = &j->f->shape;

	if (h->swapped)
		judge_say(j, OG_SEND_SWAPPED, "Exchange the two values in the Secret.",
			"instance id and token are swapped in %.*s (%d)", OG_SV_ARG(j->cred),
			j->s->http);
	else if (h->token == OG_TOKEN_NONE)
		judge_say(j, OG_SEND_TOKEN_EMPTY, MAKE_AGAIN,
			"the token in %.*s is empty (%d): was a variable not set when the Secret was made?",
			OG_SV_ARG(j->cred), j->s->http);
	else if (h->token_space)
		judge_say(j, OG_SEND_TOKEN_SPACE, MAKE_AGAIN,
			"the credential in %.*s has white space or a line end in it (%d): it was made with echo or wrapped when it was copied",
			OG_SV_ARG(j->cred), j->s->http);
	else if (h->token == OG_TOKEN_SERVICE && (j->cloud || h->basic))
		judge_say(j, OG_SEND_TOKEN_KIND,
			"Make an access policy token (glc_) with the scopes metrics:write, logs:write and traces:write.",
			"the token is one of a service account (glsa_), which opens the API of a Grafana and no receiver (%d)",
			j->s->http);
	else
		return false;
	return true;
}

static bool id_is_wrong(struct judge *j)
{
	const struct og_send_shape *h = &j->f->shape;
	const struct og_send_id *owner = owner_of(j->f);
	struct og_sv right = j->f->stack_id;

	if (!h->basic || (!j->cloud && !right.n))
		return false;
	if (!*h->id) {
		judge_say(j, OG_SEND_ID_NOT_NUMBER,
			right.n ? judge_text(j, "Put %.*s there", OG_SV_ARG(right)).p
				: "The instance id is the number on the stack's page under OpenTelemetry.",
			"the instance id in %.*s is %s (%d)", OG_SV_ARG(j->cred),
			h->id_empty ? "empty" : "no number", j->s->http);
	} else if (owner && !og_sv_eq(right, og_svz(h->id))) {
		judge_say(j, OG_SEND_ID_OF_BACKEND,
			right.n ? judge_text(j,
					  "Put %.*s there, the id that belongs to this receiver",
					  OG_SV_ARG(right))
					  .p
				: "Put the id of the stack itself there: its page shows it under OpenTelemetry.",
			"the instance id %s belongs to %s, and %.*s wants another (%d)", h->id,
			owner->what, OG_SV_ARG(j->host), j->s->http);
	} else if (right.n && !og_sv_eq(right, og_svz(h->id))) {
		judge_say(j, OG_SEND_ID_OTHER, judge_text(j, "Put %.*s there", OG_SV_ARG(right)).p,
			"the instance id %s is not the one of this stack (%d)", h->id, j->s->http);
	} else {
		return false;
	}
	return true;
}

static bool region_is_wrong(struct judge *j)
{
	const struct og_send_shape *h = &j->f->shape;
	struct og_sv to = gateway_region(j);

	if (h->cut) {
		judge_say(j, OG_SEND_TOKEN_CUT,
			"Copy the token again, from the first to the last character; it is shown once, so another may have to be made.",
			"the token has %zu characters and cannot be read as a whole: a part was lost when it was copied (%d)",
			h->token_chars, j->s->http);
		return true;
	}
	if (!*h->region || !to.n || same_region(og_svz(h->region), to))
		return false;
	judge_say(j, OG_SEND_WRONG_REGION,
		judge_text(j,
			"Make the access policy in the region of the stack, or correct %.*s to the stack's own gateway",
			OG_SV_ARG(j->place))
			.p,
		"the token is of an access policy in region %s, and the receiver is in %.*s (%d)",
		h->region, OG_SV_ARG(to), j->s->http);
	return true;
}

static const char *const kinds[] = {"no token", "an access policy token", "a service account token",
	"an old API key", "a number", "no token of Grafana Cloud"};

void judge_unauthorized(struct judge *j)
{
	const struct og_send_shape *h = &j->f->shape;

	if (says_scope(j) || says_expired(j) || form_is_wrong(j) || token_is_wrong(j) ||
		id_is_wrong(j) || region_is_wrong(j))
		return;
	judge_say(j, OG_SEND_UNAUTHORIZED,
		"Look in Grafana Cloud whether the token was deleted or has expired, and whether its access policy is of this stack; then make another one.",
		"%.*s does not know this credential (401), though its form is right: %s%s%s of %zu characters%s%s",
		OG_SV_ARG(j->host), *h->id ? "instance id " : "", h->id,
		*h->id ? ", token" : "a token", h->token_chars, ", ",
		kinds[(unsigned)h->token < OG_COUNT(kinds) ? h->token : 0]);
}

void judge_forbidden(struct judge *j)
{
	if (says_scope(j))
		return;
	judge_say(j, OG_SEND_FORBIDDEN,
		judge_text(j,
			"Add the scope %s to the access policy of the token; a proxy or network rule may refuse, too",
			scope_of(j->f->signal))
			.p,
		"%.*s knows the credential and does not let it write %s (403)%s%.*s",
		OG_SV_ARG(j->host), og_otlp_signal_name(j->f->signal), j->said.n ? ": " : "",
		OG_SV_ARG(j->said));
}

/* ---- signals compared ---- */

static bool may_be_scope(const struct og_send_verdict *v)
{
	return v->class == OG_SEND_UNAUTHORIZED || v->class == OG_SEND_FORBIDDEN;
}

void og_send_compare(struct og_send_verdict *v[OG_OTLP_SIGNAL_COUNT_], struct og_arena *arena)
{
	const char *passes = NULL;

	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_ && !passes; s++)
		if (v[s] && v[s]->ok)
			passes = og_otlp_signal_name((enum og_otlp_signal)s);
	for (int s = 0; s < OG_OTLP_SIGNAL_COUNT_ && passes; s++) {
		const char *name = og_otlp_signal_name((enum og_otlp_signal)s);
		if (!v[s] || v[s]->ok)
			continue;
		int http = v[s]->http;
		if (may_be_scope(v[s]))
			og_send_say(v[s], OG_SEND_SCOPE,
				og_svz(og_arena_fmt(arena,
					"%s is refused (%d), and %s is accepted with the same credential: the token lacks the scope %s",
					name, http, passes, scope_of((enum og_otlp_signal)s))),
				og_svz(og_arena_fmt(arena,
					"Add the scope %s to the access policy of the token; tokens that exist have it at once",
					scope_of((enum og_otlp_signal)s))));
		else if (v[s]->class == OG_SEND_NOT_FOUND)
			og_send_say(v[s], OG_SEND_UNROUTED,
				og_svz(og_arena_fmt(arena,
					"the receiver does not know %s (%d), and takes %s", name,
					http, passes)),
				og_svz(og_arena_fmt(arena,
					"Add a pipeline for %s to the collector, or set the signal to Off in the TelemetryProfile",
					name)));
	}
}
