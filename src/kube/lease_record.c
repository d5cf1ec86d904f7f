/* SPDX-License-Identifier: Apache-2.0 */
/* Lease objects as text: read from answers, written with all that others have put into them. */
#include "lease_core-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/parse.h"
#include "otelgate/codec/jwrite.h"

/* Never "no time at all": what a record without a usable duration allows is up to us. */
static int64_t valid_of(struct og_jval spec, int64_t default_ns)
{
	int64_t s;
	if (!og_ji64(og_jgetl(spec, "leaseDurationSeconds"), &s) || s <= 0 || s > INT32_MAX)
		return default_ns;
	return s * OG_NS_PER_S;
}

static int64_t transitions_of(struct og_jval spec)
{
	int64_t n;
	return og_ji64(og_jgetl(spec, "leaseTransitions"), &n) && n >= 0 && n <= INT32_MAX ? n : 0;
}

static struct og_sv time_of(struct og_jval spec, struct og_sv key, struct og_arena *arena)
{
	int64_t ns;
	struct og_sv s = og_jstr_or_empty(og_jget(spec, key), arena);
	return og_parse_rfc3339(s, &ns, NULL) < 0 ? OG_SV("") : s;
}

int lease_record_read(
	struct lease_record *r, struct og_sv body, int64_t default_valid_ns, struct og_err *err)
{
	static const struct og_jlimits limits = {.max_bytes = LEASE_OBJECT_BYTES, .max_depth = 32};
	if (body.n > LEASE_OBJECT_BYTES)
		return og_err_set(err, OG_E_LIMIT, "a Lease of %zu bytes", body.n);
	struct og_sv text = og_arena_sv(&r->arena, body);
	if (!text.p)
		return og_err_set(err, OG_E_OOM, "no memory for a Lease");
	int code = og_jdoc_parse(&r->doc, &r->arena, text, &limits, err);
	if (code < 0)
		return code;
	struct og_jval root = og_jroot(&r->doc), meta = og_jgetl(root, "metadata");
	struct og_jval spec = og_jgetl(root, "spec"), holder = og_jgetl(spec, "holderIdentity");
	if (og_jstr_or_empty(og_jgetl(meta, "resourceVersion"), &r->arena).n == 0)
		return og_err_set(err, OG_E_PARSE, "a Lease without metadata.resourceVersion");
	if (!og_junset(spec) && !og_jis(spec, OG_J_OBJECT))
		return og_err_set(err, OG_E_PARSE, "a Lease whose spec is no object");
	struct og_sv who = OG_SV("");
	if (!og_junset(holder) && !og_jstr(holder, &r->arena, &who))
		return og_err_set(err, OG_E_PARSE, "a Lease whose spec.holderIdentity is no text");
	r->holder = og_sv(og_arena_strndup(&r->arena, who.p, who.n), who.n);
	r->meta = og_jraw(meta);
	r->spec = og_junset(spec) ? OG_SV("") : og_jraw(spec);
	r->acquire = time_of(spec, OG_SV("acquireTime"), &r->arena);
	r->renew = time_of(spec, OG_SV("renewTime"), &r->arena);
	r->transitions = transitions_of(spec);
	r->valid_ns = valid_of(spec, default_valid_ns);
	return r->arena.failed ? og_err_set(err, OG_E_OOM, "no memory for a Lease") : 0;
}

static const char *const ours[] = {
	"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"};

/* Members of the record's spec that are not ours stay as they are (strategy, preferredHolder). */
static bool others(const struct lease_core *c, struct og_buf *out)
{
	og_auto_arena struct og_arena arena;
	og_arena_init(&arena, 4096, LEASE_OBJECT_BYTES * 4);
	struct og_jdoc doc;
	if (c->seen.spec.n == 0)
		return true;
	if (og_jdoc_parse(&doc, &arena, c->seen.spec, NULL, NULL) < 0)
		return false;
	og_jfor (it, og_jroot(&doc)) {
		bool mine = false;
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			mine = mine || og_jstr_eq(it.key, og_svz(ours[i]));
		if (mine)
			continue;
		og_buf_lit(out, ",\"");
		og_buf_sv(out, og_sv(doc.text + og_jtok(it.key)->off, og_jtok(it.key)->len));
		og_buf_lit(out, "\":");
		og_buf_sv(out, og_jraw(it.val));
	}
	return true;
}

/* A renewal must look different from what it renews, or others would not see it (L-5): also when
 * the wall clock stands still or was set back by just that much. */
static void renew_text(const struct lease_core *c, int64_t wall_ns, char out[OG_RFC3339_BYTES])
{
	og_fmt_rfc3339_us(out, wall_ns);
	if (c->has_seen && og_sv_eq(og_svz(out), c->seen.renew))
		og_fmt_rfc3339_us(out, wall_ns + 1000);
}

bool lease_body(const struct lease_core *c, int64_t wall_ns, struct og_buf *out)
{
	char renew[OG_RFC3339_BYTES];
	bool mine = lease_mine(c), create = c->act == LEASE_CREATE;
	int64_t transitions = mine ? c->seen.transitions : 0;
	if (!mine && !create) /* L-3; an int32 that must not become negative */
		transitions = c->seen.transitions < INT32_MAX ? c->seen.transitions + 1 : INT32_MAX;
	renew_text(c, wall_ns, renew);
	bool keep = mine && !c->releasing && c->seen.acquire.n;

	og_buf_lit(
		out, "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":");
	if (create) {
		og_buf_lit(out, "{\"name\":");
		og_jw_str(out, og_svz(c->name));
		og_buf_lit(out, ",\"namespace\":");
		og_jw_str(out, og_svz(c->ns));
		og_buf_lit(out, "}");
	} else {
		og_buf_sv(out, c->seen.meta); /* with its resourceVersion: the precondition */
	}
	og_buf_lit(out, ",\"spec\":{\"holderIdentity\":");
	og_jw_str(out, og_svz(c->releasing ? "" : c->identity));
	og_buf_lit(out, ",\"leaseDurationSeconds\":");
	og_buf_u64(out, c->releasing ? 1 : (unsigned long long)(c->duration_ns / OG_NS_PER_S));
	og_buf_lit(out, ",\"acquireTime\":");
	og_jw_str(out, keep ? c->seen.acquire : og_svz(renew));
	og_buf_lit(out, ",\"renewTime\":");
	og_jw_str(out, og_svz(renew));
	og_buf_lit(out, ",\"leaseTransitions\":");
	og_buf_u64(out, (unsigned long long)transitions);
	if (!create && !others(c, out))
		return false;
	og_buf_lit(out, "}}");
	return !out->failed;
}
