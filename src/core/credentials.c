/* SPDX-License-Identifier: Apache-2.0 */
/* From the Secret that people made to what workloads get. Nothing here quotes a value. */
#include "otelgate/core/credentials.h"

#include <stdarg.h>
#include "credentials-priv.h"
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/percent.h"
#include "otelgate/core/headers.h"

enum { SCRATCH_BYTES = 4 << 20, TEXT_BYTES = 2048, KEYS_NAMED = 8 };
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

/* ---- saying --------------------------------------------------------------------------------- */

struct og_sv cred_place(struct cred_work *w, struct og_sv key)
{
	const struct og_stack *s = w->stack;
	char *p = og_arena_fmt(w->arena, "Secret %.*s/%.*s%s%.*s",
		OG_SV_ARG(s->credentials.secret_namespace), OG_SV_ARG(s->credentials.secret_name),
		key.n ? ", key " : "", OG_SV_ARG(key));
	w->oom |= !p;
	return og_svz(p);
}

void cred_say(struct cred_work *w, const char *id, enum og_credential_state state,
	const char *reason, struct og_sv key, const char *fmt, ...)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
	struct og_sv place = cred_place(w, key);
	va_list ap;

	va_start(ap, fmt);
	og_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	struct og_sv text = og_arena_sv(w->arena, og_buf_view(&b));
	w->oom |= (b.failed && !b.full) || !text.p;
	if (w->oom)
		return;
	og_findings_add(&w->ret->findings, w->arena, id, place, text);
	if (state == OG_CREDENTIAL_VALID ? w->ret->finding != NULL : w->refused)
		return;
	char *message = og_arena_fmt(w->arena, "%.*s: %.*s", OG_SV_ARG(place), OG_SV_ARG(text));
	w->oom |= !message;
	w->refused |= state != OG_CREDENTIAL_VALID;
	w->ret->state = state;
	w->ret->reason = reason;
	w->ret->message = og_svz(message);
	w->ret->finding = id;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct og_sv cred_decode(struct cred_work *w, struct og_sv base64)
{
	/* one piece of the final size: growing would leave copies behind */
	size_t room = base64.n / 4 * 3 + 4;
	char *p = og_arena_alloc(w->scratch, room);
	struct og_buf b = OG_BUF_INIT(room);

	w->oom |= !p || !og_buf_reserve(&b, room);
	if (w->oom || og_base64_decode(&b, base64, NULL) < 0) {
		w->oom |= b.failed && !b.full;
		og_wipe(b.p, b.p ? b.cap : 0);
		og_buf_fini(&b);
		return og_sv(NULL, 0);
	}
	memcpy(p, og_buf_view(&b).p, b.len);
	struct og_sv ret = og_sv(p, b.len);
	og_wipe(b.p, b.cap);
	og_buf_fini(&b);
	return ret;
}

/* "has instance, password" or "has no keys at all". */
static struct og_sv keys_there(struct cred_work *w)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(TEXT_BYTES);
	struct og_jval data = og_jgetl(w->secret, "data");
	uint32_t n = og_jcount(data);

	if (!n) {
		og_buf_lit(&b, "has no keys at all");
	} else {
		og_buf_lit(&b, "has ");
		og_jfor (it, data) {
			if (it.index == KEYS_NAMED)
				break;
			og_buf_fmt(&b, "%s%.*s", it.index ? ", " : "",
				OG_SV_ARG(og_jstr_or_empty(it.key, w->arena)));
		}
		if (n > KEYS_NAMED)
			og_buf_fmt(&b, " and %u more", n - KEYS_NAMED);
	}
	struct og_sv ret = og_arena_sv(w->arena, og_buf_view(&b));
	w->oom |= b.failed || !ret.p;
	return ret;
}

bool cred_value(struct cred_work *w, struct og_sv key, size_t max, struct og_sv *ret)
{
	struct og_jval v = og_jget(og_jgetl(w->secret, "data"), key);
	struct og_sv b64, raw = og_sv(NULL, 0);

	if (og_junset(v)) {
		struct og_sv there = keys_there(w);
		cred_say(w, "OG402", OG_CREDENTIAL_MISSING, "KeyMissing", key,
			"there is no such key; the Secret %.*s. Add it, or name the right one in spec.credentials of GrafanaStack %.*s",
			OG_SV_ARG(there), OG_SV_ARG(w->stack->name));
		return false;
	}
	if (og_jstr(v, w->scratch, &b64) && b64.n <= og_base64_len(max + 64))
		raw = cred_decode(w, b64);
	else if (og_jis(v, OG_J_STRING) && !w->scratch->failed)
		cred_say(w, "OG416", OG_CREDENTIAL_INVALID, "ValueTooLong", key,
			"the value is longer than %zu bytes, which no credential is: put the credential alone into this key",
			max);
	w->oom |= w->scratch->failed;
	if (!raw.p && !w->refused && !w->oom)
		cred_say(w, "OG416", OG_CREDENTIAL_INVALID, "ValueUnreadable", key,
			"the value cannot be read: data of a Secret is base64");
	if (!raw.p)
		return false;
	*ret = og_sv_trim(raw);
	if (!ret->n)
		cred_say(w, "OG416", OG_CREDENTIAL_INVALID, "ValueEmpty", key,
			"the value is empty; a variable that was not set when the Secret was made leaves it so. Make the Secret again");
	else if (!og_utf8_valid(ret->p, ret->n))
		cred_say(w, "OG416", OG_CREDENTIAL_INVALID, "ValueNotText", key,
			"the value is no text (UTF-8): a file of another kind, or of another encoding, was put into it. Make the Secret again from the credential alone");
	else if (ret->n > max)
		cred_say(w, "OG416", OG_CREDENTIAL_INVALID, "ValueTooLong", key,
			"the value is longer than %zu bytes, which no credential is: put the credential alone into this key",
			max);
	else if (ret->n != raw.n)
		cred_say(w, "OG403", OG_CREDENTIAL_VALID, "WhiteSpace", key,
			"the value has white space or a line end around it. otelgate leaves it away; others who read this Secret may not. Make it again with printf %%s instead of echo");
	return !w->refused && !w->oom;
}

/* ---- a complete header ---------------------------------------------------------------------- */

/* What stands there raw and has to be percent-encoded; nothing a header may be split at. */
static bool encodable(char c)
{
	return c == ' ' || c == '+' || c == '"' || c == '\\' || c == ';' ||
	       (unsigned char)c >= 0x80;
}

static struct og_sv encode_raw(struct cred_work *w, struct og_sv text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = og_arena_alloc(w->scratch, text.n * 3 + 1);
	size_t n = 0;
	bool value = false;

	w->oom |= !p;
	for (size_t i = 0; p && i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		value = c == ',' ? false : value || (i && text.p[i - 1] == '=');
		if (value && encodable((char)c)) {
			p[n++] = '%';
			p[n++] = hex[c >> 4];
			p[n++] = hex[c & 15];
		} else {
			p[n++] = (char)c;
		}
	}
	return og_sv(p, p ? n : 0);
}

/* User and password of the first Basic credential; none is no fault. */
static void read_basic(struct cred_work *w, struct og_sv header)
{
	struct og_sv rest = header, item;

	while (og_sv_split(&rest, ',', &item)) {
		struct og_sv t = og_sv_trim(item);
		size_t eq = og_sv_chr(t, '=');
		if (eq == t.n || !og_sv_caseeq(og_sv_trim(og_sv(t.p, eq)), OG_SV("authorization")))
			continue;
		struct og_buf b = OG_BUF_INIT(OG_CREDENTIAL_HEADER_BYTES);
		if (!og_buf_reserve(&b, t.n) ||
			og_percent_decode(og_sv(t.p + eq + 1, t.n - eq - 1), &b, NULL) < 0) {
			w->oom |= b.failed && !b.full;
		} else if (b.len > 6 && og_sv_caseeq(og_sv(b.p, 6), OG_SV("basic "))) {
			struct og_sv plain = cred_decode(w, og_sv(b.p + 6, b.len - 6));
			size_t colon = og_sv_chr(plain, ':');
			if (plain.p && colon < plain.n) {
				w->id = og_sv(plain.p, colon);
				w->token = og_sv(plain.p + colon + 1, plain.n - colon - 1);
			}
		}
		og_wipe(b.p, b.p ? b.cap : 0);
		og_buf_fini(&b);
		return;
	}
}

static const struct {
	const char *id, *reason;
} faults[OG_HEADERS_FAULT_COUNT_] = {
	[OG_HEADERS_SYNTAX] = {"OG404", "HeaderMalformed"},
	[OG_HEADERS_RAW] = {"OG416", "ValueNotText"},
	[OG_HEADERS_DOUBLE_ENCODED] = {"OG405", "EncodedTwice"},
	[OG_HEADERS_CREDENTIAL] = {"OG404", "HeaderMalformed"},
};

static void take_header(struct cred_work *w, struct og_err *err)
{
	struct og_sv key = w->stack->credentials.header_key, text;
	enum og_headers_fault fault;
	bool credential = false;
	struct og_err why = OG_ERR_INIT;

	if (!cred_value(w, key, OG_CREDENTIAL_HEADER_BYTES, &text))
		return;
	if (og_otlp_headers_check(text, &fault, &credential, &why) < 0 && fault == OG_HEADERS_RAW) {
		text = encode_raw(w, text);
		if (!w->oom && og_otlp_headers_check(text, &fault, &credential, &why) == 0)
			cred_say(w, "OG406", OG_CREDENTIAL_VALID, "HeaderEncoding", key,
				"some characters stand there as they are that SDKs read differently (a blank, + or ;). What otelgate distributes has them percent-encoded; write %%20, %%2B and %%3B");
	}
	if (w->oom)
		return;
	if (fault != OG_HEADERS_OK) {
		cred_say(w, faults[fault].id, OG_CREDENTIAL_INVALID, faults[fault].reason, key,
			"%s", why.msg);
		return;
	}
	if (!credential && cred_wants_cloud(w->stack)) {
		cred_say(w, "OG404", OG_CREDENTIAL_INVALID, "HeaderMalformed", key,
			"there is no Authorization header in it: write Authorization=Basic%%20 and base64 of \"<instance id>:<token>\"");
		return;
	}
	read_basic(w, text);
	if (w->token.n)
		cred_check_token(w, key, w->token);
	if (!w->oom && !w->refused && og_secret_set(&w->ret->header, text.p, text.n, err) < 0)
		w->oom = true;
}

/* ---- instance id and token ------------------------------------------------------------------ */

static void take_pair(struct cred_work *w, struct og_err *err)
{
	const struct og_stack *s = w->stack;
	bool id = cred_value(w, s->credentials.id_key, OG_CREDENTIAL_ID_BYTES, &w->id);
	bool token = cred_value(w, s->credentials.token_key, OG_CREDENTIAL_TOKEN_BYTES, &w->token);

	if (id && token)
		cred_check_pair(w);
	if (!id || !token || w->refused || w->oom)
		return;
	size_t plain_n = w->id.n + 1 + w->token.n, b64_n = og_base64_len(plain_n);
	char *plain = og_arena_alloc(w->scratch, plain_n);
	struct og_buf b64 = OG_BUF_INIT(b64_n + 1), all = OG_BUF_INIT(64 + 3 * b64_n);
	w->oom |= !plain || !og_buf_reserve(&b64, b64_n) || !og_buf_reserve(&all, 32 + 3 * b64_n);
	if (!w->oom) {
		memcpy(plain, w->id.p, w->id.n);
		plain[w->id.n] = ':';
		memcpy(plain + w->id.n + 1, w->token.p, w->token.n);
		og_base64_encode(&b64, og_sv(plain, plain_n));
		og_buf_lit(&all, "Authorization=Basic%20");
		og_percent_encode(&all, og_buf_view(&b64));
		w->oom = b64.failed || all.failed ||
			 og_secret_set(&w->ret->header, all.p, all.len, err) < 0;
	}
	og_wipe(b64.p, b64.p ? b64.cap : 0);
	og_wipe(all.p, all.p ? all.cap : 0);
	og_buf_fini(&b64);
	og_buf_fini(&all);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int take_profiles(struct cred_work *w, struct og_err *err)
{
	const struct og_stack *s = w->stack;
	/* Pyroscope's user is the profiles instance, not the stack (reference of hpInstanceId) */
	struct og_sv user = s->query.pyroscope.user.n ? s->query.pyroscope.user : w->id;

	if (!s->receiver.signal_endpoint[OG_SIGNAL_PROFILES].n || !w->token.n)
		return 0;
	int r = og_secret_set(&w->ret->profiles_user, user.p, user.n, err);
	return r < 0 ? r : og_secret_set(&w->ret->profiles_password, w->token.p, w->token.n, err);
}

static struct og_sv exposed(const struct og_secret *s)
{
	return og_sv(og_secret_is_set(s) ? og_secret_expose(s) : "", og_secret_len(s));
}

static int make_hash(struct og_credentials *c, struct og_sv uid, struct og_err *err)
{
	unsigned char sum[OG_SHA256_BYTES];
	og_auto_sha256 struct og_sha256 h;

	og_sha256_init(&h);
	og_sha256_part(&h, uid);
	og_sha256_part(&h, exposed(&c->header));
	if (og_secret_is_set(&c->profiles_password)) {
		og_sha256_part(&h, exposed(&c->profiles_user));
		og_sha256_part(&h, exposed(&c->profiles_password));
	}
	int r = og_sha256_final(&h, sum, err);
	if (r == 0)
		og_hex(c->hash, sum, (OG_CREDENTIAL_HASH_BYTES - 1) / 2);
	return r;
}

const char *og_credential_finding(struct og_sv reason)
{
	static const char *const rows[][2] = {{"SecretMissing", "OG401"}, {"KeyMissing", "OG402"},
		{"WhiteSpace", "OG403"}, {"HeaderMalformed", "OG404"}, {"NotAToken", "OG404"},
		{"NotAnId", "OG404"}, {"EncodedTwice", "OG405"}, {"HeaderEncoding", "OG406"},
		{"Swapped", "OG411"}, {"TokenKind", "OG412"}, {"WrongRegion", "OG413"},
		{"SecretForbidden", "OG414"}, {"SecretUnreadable", "OG414"},
		{"ValueEmpty", "OG416"}, {"ValueNotText", "OG416"}, {"ValueTooLong", "OG416"},
		{"ValueUnreadable", "OG416"}, {"TokenDoubtful", "OG417"}, {"Exposed", "OG418"}};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		if (og_sv_eq(reason, og_svz(rows[i][0])))
			return rows[i][1];
	return NULL;
}

static void not_found(struct cred_work *w, enum og_credential_read how)
{
	struct og_sv none = og_sv("", 0);

	if (how == OG_CREDENTIAL_ABSENT)
		cred_say(w, "OG401", OG_CREDENTIAL_MISSING, "SecretMissing", none,
			"there is no such Secret. Make it, or name another one in spec.credentials.secretRef of GrafanaStack %.*s",
			OG_SV_ARG(w->stack->name));
	else if (how == OG_CREDENTIAL_FORBIDDEN)
		cred_say(w, "OG414", OG_CREDENTIAL_DENIED, "SecretForbidden", none,
			"otelgate may not read it: give the ServiceAccount of its controller get, list and watch on this one Secret, by a Role with resourceNames in its namespace");
	else
		cred_say(w, "OG414", OG_CREDENTIAL_UNKNOWN_, "SecretUnreadable", none,
			"it could not be read this time; what was distributed before stays");
}

static void look(struct cred_work *w, struct og_err *err)
{
	struct og_jval note = og_jpath(w->secret, "metadata", "annotations", NULL);

	if (w->stack->credentials.header_key.n)
		take_header(w, err);
	else
		take_pair(w, err);
	if (!w->oom && !og_junset(og_jgetl(note, LAST_APPLIED)))
		cred_say(w, "OG418", OG_CREDENTIAL_VALID, "Exposed", og_sv("", 0),
			"kubectl apply keeps a copy of the values in an annotation, which tools and backups show as any other. Make the Secret with kubectl create, or apply it with --server-side, and remove the annotation " LAST_APPLIED);
}

int og_credentials_make(const struct og_stack *stack, struct og_sv stack_uid,
	enum og_credential_read how, struct og_jval secret, struct og_arena *arena,
	struct og_credentials *ret, struct og_err *err)
{
	og_auto_arena_wipe struct og_arena scratch;
	struct og_credentials made = {.state = OG_CREDENTIAL_VALID, .reason = "Valid"};
	struct og_err why = OG_ERR_INIT;
	struct cred_work w = {.stack = stack,
		.arena = arena,
		.scratch = &scratch,
		.secret = secret,
		.ret = &made};
	int r = 0;

	og_arena_init(&scratch, 0, SCRATCH_BYTES);
	if (how == OG_CREDENTIAL_FOUND)
		look(&w, &why);
	else
		not_found(&w, how);
	if (!w.oom && !w.refused)
		r = take_profiles(&w, &why);
	if (!w.oom && !w.refused && r == 0)
		r = make_hash(&made, stack_uid, &why);
	if (w.oom || scratch.failed || made.findings.lost)
		r = -(int)OG_E_OOM;
	if (w.refused) { /* what was made before the refusal */
		og_secret_fini(&made.header);
		og_secret_fini(&made.profiles_user);
		og_secret_fini(&made.profiles_password);
	}
	if (r < 0) {
		og_credentials_fini(&made);
		return r == -(int)OG_E_OOM ? og_err_set(err, OG_E_OOM, "making credentials")
					   : og_err_set(err, OG_E_BUG, "%s", why.msg);
	}
	*ret = made;
	return 0;
}

void og_credentials_fini(struct og_credentials *c)
{
	og_secret_fini(&c->header);
	og_secret_fini(&c->profiles_user);
	og_secret_fini(&c->profiles_password);
}
