/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a restart as text, and what a wave is. */
#include "otelgate/base/clock.h"
#include "otelgate/base/digest.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"
#include "restart-priv.h"

static const char *const states[OG_RSTATE_COUNT_] = {
	[OG_RSTATE_NONE] = "",
	[OG_RSTATE_SUGGESTED] = "Suggested",
	[OG_RSTATE_REQUESTED] = "Requested",
	[OG_RSTATE_RESTARTED] = "Restarted",
	[OG_RSTATE_COMPLETE] = "Complete",
	[OG_RSTATE_STOOD_DOWN] = "StoodDown",
};

const char *og_rstate_name(enum og_rstate s)
{
	return (unsigned)s < OG_RSTATE_COUNT_ ? states[s] : "";
}

bool og_rstate_parse(struct og_sv name, enum og_rstate *ret)
{
	for (unsigned i = 1; i < OG_RSTATE_COUNT_; i++) {
		if (og_sv_eq(name, og_svz(states[i]))) {
			*ret = (enum og_rstate)i;
			return true;
		}
	}
	return false;
}

bool og_restart_record_eq(const struct og_restart_record *a, const struct og_restart_record *b)
{
	return a->state == b->state && a->requested_s == b->requested_s &&
	       a->completed_s == b->completed_s && strcmp(a->revision, b->revision) == 0 &&
	       strcmp(a->wave, b->wave) == 0;
}

static void member_time(struct og_buf *out, const char *key, int64_t s)
{
	char text[OG_RFC3339_BYTES];

	if (!s)
		return;
	og_fmt_rfc3339(text, s * OG_NS_PER_S);
	og_buf_fmt(out, ",\"%s\":\"%s\"", key, text);
}

void og_restart_record_json(const struct og_restart_record *r, struct og_buf *out)
{
	if (r->state == OG_RSTATE_NONE)
		return;
	og_buf_fmt(out, "{\"state\":\"%s\",\"revision\":", og_rstate_name(r->state));
	og_jw_str(out, og_svz(r->revision));
	if (r->wave[0]) {
		og_buf_lit(out, ",\"wave\":");
		og_jw_str(out, og_svz(r->wave));
	}
	member_time(out, "requestedAt", r->requested_s);
	member_time(out, "completedAt", r->completed_s);
	og_buf_ch(out, '}');
}

/* Our own texts never hold an escape: the raw text less its quotes is the value. */
static struct og_sv plain(struct og_jval object, const char *key)
{
	struct og_sv raw = og_jraw(og_jget(object, og_svz(key)));

	if (raw.n < 2 || raw.p[0] != '"' || og_sv_chr(raw, '\\') < raw.n)
		return og_sv("", 0);
	return og_sv(raw.p + 1, raw.n - 2);
}

static bool id_of(struct og_jval object, const char *key, char ret[OG_RESTART_ID_BYTES])
{
	struct og_sv s = plain(object, key);

	if (s.n >= OG_RESTART_ID_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'z'))
			return false;
	memcpy(ret, s.p, s.n);
	ret[s.n] = '\0';
	return true;
}

static int64_t time_of(struct og_jval object, const char *key)
{
	int64_t ns = 0;

	if (og_parse_rfc3339(plain(object, key), &ns, NULL) < 0 || ns < 0)
		return 0;
	return ns / OG_NS_PER_S;
}

void og_restart_record_read(struct og_jval v, struct og_restart_record *ret)
{
	struct og_restart_record r = {0};

	*ret = r;
	if (!og_jis(v, OG_J_OBJECT) || !og_rstate_parse(plain(v, "state"), &r.state) ||
		!id_of(v, "revision", r.revision) || !r.revision[0] || !id_of(v, "wave", r.wave))
		return;
	r.requested_s = time_of(v, "requestedAt");
	r.completed_s = time_of(v, "completedAt");
	/* A restart without a time cannot be told from one that was never made. */
	if (r.state >= OG_RSTATE_REQUESTED && !r.requested_s)
		return;
	if (r.state == OG_RSTATE_COMPLETE && !r.completed_s)
		r.state = OG_RSTATE_RESTARTED;
	*ret = r;
}

int og_restart_wave(struct og_sv profile_name, struct og_sv profile, struct og_sv stack_name,
	struct og_sv stack, struct og_sv auth_hash, char ret[OG_RESTART_ID_BYTES],
	struct og_err *err)
{
	const struct og_sv parts[] = {
		OG_SV("wave 1"), profile_name, profile, stack_name, stack, auth_hash};
	unsigned char sum[OG_SHA256_BYTES];
	char hex[OG_SHA256_HEX_BYTES];
	og_auto_sha256 struct og_sha256 h;

	og_sha256_init(&h);
	for (size_t i = 0; i < OG_COUNT(parts); i++)
		og_sha256_part(&h, parts[i]);
	int r = og_sha256_final(&h, sum, err);
	if (r < 0)
		return r;
	og_hex(hex, sum, sizeof(sum));
	memcpy(ret, hex, OG_RESTART_ID_BYTES - 1);
	ret[OG_RESTART_ID_BYTES - 1] = '\0';
	return 0;
}
