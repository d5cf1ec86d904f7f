/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at a credential without showing it. Everything decoded lives in buffers that are wiped.
 * Tokens: glc_ = access policy token, base64 of {"o","n","k","m":{"r":region}}; glsa_ = service
 * account token; eyJ = Cloud API key of the old kind.
 */
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/codec/jdoc.h"
#include "otelgate/codec/percent.h"
#include "otelgate/grafana/send.h"

enum { PLAIN_BYTES = 16 << 10 };

static bool digits(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static bool has_space(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static enum og_send_token kind_of(struct og_sv t)
{
	static const struct {
		const char *prefix;
		enum og_send_token kind;
	} kinds[] = {{"glc_", OG_TOKEN_POLICY}, {"glsa_", OG_TOKEN_SERVICE}, {"eyJ", OG_TOKEN_OLD}};

	if (!t.n)
		return OG_TOKEN_NONE;
	for (size_t i = 0; i < OG_COUNT(kinds); i++)
		if (og_sv_starts(t, og_svz(kinds[i].prefix)))
			return kinds[i].kind;
	return digits(t) ? OG_TOKEN_NUMBER : OG_TOKEN_OTHER;
}

static bool is_token(enum og_send_token k)
{
	return k == OG_TOKEN_POLICY || k == OG_TOKEN_SERVICE || k == OG_TOKEN_OLD;
}

/* Base64 with or without its padding. */
static bool decode(struct og_sv s, struct og_buf *out)
{
	og_auto_wipe struct og_buf padded = OG_BUF_INIT(PLAIN_BYTES);

	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	if (!og_buf_reserve(&padded, s.n + 4) || !og_buf_reserve(out, s.n + 4))
		return false;
	og_buf_sv(&padded, s);
	for (size_t n = s.n; n % 4; n++)
		og_buf_ch(&padded, '=');
	return og_base64_decode(out, og_buf_view(&padded), NULL) == 0;
}

/* Regions are no secret; only what looks like one is kept. */
static void keep_region(struct og_sv r, struct og_send_shape *ret)
{
	for (size_t i = 0; i < r.n; i++)
		if (!((r.p[i] >= 'a' && r.p[i] <= 'z') || (r.p[i] >= '0' && r.p[i] <= '9') ||
			    r.p[i] == '-'))
			return;
	if (r.n < sizeof(ret->region))
		memcpy(ret->region, r.p, r.n);
}

static void look_into(struct og_sv token, struct og_send_shape *ret)
{
	const struct og_jlimits limits = {.max_bytes = PLAIN_BYTES, .max_depth = 8};
	og_auto_wipe struct og_buf plain = OG_BUF_INIT(PLAIN_BYTES);
	og_auto_arena_wipe struct og_arena scratch = {0};
	struct og_jdoc d;

	og_arena_init(&scratch, 0, 1 << 20);
	ret->cut = !decode(og_sv(token.p + 4, token.n - 4), &plain) ||
		   og_jdoc_parse(&d, &scratch, og_buf_view(&plain), &limits, NULL) < 0 ||
		   !og_jis(og_jroot(&d), OG_J_OBJECT);
	if (!ret->cut)
		keep_region(
			og_jstr_or_empty(og_jpath(og_jroot(&d), "m", "r", NULL), &scratch), ret);
}

static void look_at_pair(struct og_sv id, struct og_sv token, struct og_send_shape *ret)
{
	struct og_sv trimmed = og_sv_trim(token);

	ret->id_chars = id.n;
	ret->id_empty = id.n == 0;
	ret->token_chars = token.n;
	ret->token_space = token.n != trimmed.n || has_space(trimmed) || has_space(id);
	ret->token = kind_of(trimmed);
	id = og_sv_trim(id);
	if (digits(id) && id.n < sizeof(ret->id))
		memcpy(ret->id, id.p, id.n);
	ret->swapped = is_token(kind_of(id)) && !is_token(ret->token);
	if (ret->token == OG_TOKEN_POLICY)
		look_into(trimmed, ret);
}

/* The value of the header, decoded. */
static void look_at_value(struct og_sv v, struct og_send_shape *ret)
{
	og_auto_wipe struct og_buf plain = OG_BUF_INIT(PLAIN_BYTES);
	struct og_sv t = og_sv_trim(v);
	size_t space = og_sv_chr(t, ' ');
	struct og_sv scheme = og_sv(t.p, space), rest;

	ret->double_encoded = og_sv_has(t, OG_SV("%20")) || og_sv_has(t, OG_SV("%3D")) ||
			      og_sv_has(t, OG_SV("%3d"));
	ret->no_scheme = space == t.n;
	if (ret->no_scheme) {
		ret->token = kind_of(t);
		ret->token_chars = t.n;
		return;
	}
	rest = og_sv_trim(og_sv(t.p + space, t.n - space));
	if (!og_sv_caseeq(scheme, OG_SV("basic"))) {
		ret->token = kind_of(rest);
		ret->token_chars = rest.n;
		if (ret->token == OG_TOKEN_POLICY)
			look_into(rest, ret);
		return;
	}
	ret->basic = true;
	if (!rest.n || !decode(rest, &plain)) {
		ret->bad_base64 = true;
		ret->token = kind_of(rest);
		return;
	}
	struct og_sv pair = og_buf_view(&plain);
	size_t colon = og_sv_chr(pair, ':');
	ret->no_colon = colon == pair.n;
	if (ret->no_colon) {
		ret->token = kind_of(og_sv_trim(pair));
		ret->token_chars = pair.n;
		ret->token_space = og_sv_trim(pair).n != pair.n;
		return;
	}
	look_at_pair(og_sv(pair.p, colon), og_sv(pair.p + colon + 1, pair.n - colon - 1), ret);
}

void og_send_shape_headers(const struct og_secret *headers, struct og_send_shape *ret)
{
	struct og_sv rest, item;

	*ret = (struct og_send_shape){.authorization = false};
	if (!headers || !og_secret_is_set(headers))
		return;
	rest = og_sv(og_secret_expose(headers), og_secret_len(headers));
	while (og_sv_split(&rest, ',', &item)) {
		og_auto_wipe struct og_buf value = OG_BUF_INIT(PLAIN_BYTES);
		size_t eq = og_sv_chr(item, '=');
		if (eq == item.n ||
			!og_sv_caseeq(og_sv_trim(og_sv(item.p, eq)), OG_SV("authorization")))
			continue;
		ret->authorization = true;
		struct og_sv raw = og_sv(item.p + eq + 1, item.n - eq - 1);
		if (og_buf_reserve(&value, raw.n) && og_percent_decode(raw, &value, NULL) == 0)
			look_at_value(og_buf_view(&value), ret);
		else
			look_at_value(raw, ret);
		return;
	}
}

void og_send_shape_basic(
	const struct og_secret *user, const struct og_secret *password, struct og_send_shape *ret)
{
	*ret = (struct og_send_shape){.authorization = false};
	if (!password || !og_secret_is_set(password))
		return;
	ret->authorization = ret->basic = true;
	look_at_pair(user && og_secret_is_set(user)
			     ? og_sv(og_secret_expose(user), og_secret_len(user))
			     : og_sv("", 0),
		og_sv(og_secret_expose(password), og_secret_len(password)), ret);
}

/* ---- as SDKs send them ---- */

static bool header_text(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool put_line(struct og_buf *text, struct og_sv item, bool *lost)
{
	og_auto_wipe struct og_buf value = OG_BUF_INIT(PLAIN_BYTES);
	size_t eq = og_sv_chr(item, '=');
	struct og_sv name = og_sv_trim(og_sv(item.p, eq)), raw;

	if (eq == item.n || !name.n)
		return false;
	raw = og_sv_trim(og_sv(item.p + eq + 1, item.n - eq - 1));
	if (!og_buf_reserve(&value, raw.n + 1))
		return false;
	if (og_percent_decode(raw, &value, NULL) < 0) {
		og_buf_reset(&value);
		og_buf_sv(&value, raw);
	}
	if (!header_text(og_buf_view(&value)) || !header_text(name) || has_space(name) ||
		og_sv_chr(name, ':') < name.n) {
		*lost = true;
		return false;
	}
	og_buf_sv(text, name);
	og_buf_lit(text, ": ");
	og_buf_sv(text, og_buf_view(&value));
	og_buf_ch(text, '\0');
	return true;
}

int og_send_header_lines(const struct og_secret *headers, struct og_buf *text,
	const char *ret_lines[OG_SEND_HEADERS + 1], bool *ret_lost, struct og_err *err)
{
	size_t at[OG_SEND_HEADERS], n = 0;
	bool lost = false;

	ret_lines[0] = NULL;
	*ret_lost = false;
	if (!headers || !og_secret_is_set(headers))
		return 0;
	struct og_sv rest = og_sv(og_secret_expose(headers), og_secret_len(headers)), item;
	/* room for all, so that growing leaves no copies behind */
	if (!og_buf_reserve(text, rest.n + 3 * (OG_SEND_HEADERS + 1)))
		return og_err_set(err, OG_E_OOM, "headers for a probe");
	while (n < OG_SEND_HEADERS && og_sv_split(&rest, ',', &item)) {
		size_t begin = text->len;
		if (put_line(text, item, &lost))
			at[n++] = begin;
	}
	if (text->failed)
		return og_err_set(err, OG_E_OOM, "headers for a probe");
	for (size_t i = 0; i < n; i++)
		ret_lines[i] = text->p + at[i];
	ret_lines[n] = NULL;
	*ret_lost = lost;
	return 0;
}
