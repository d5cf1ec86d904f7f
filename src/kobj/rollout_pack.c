/* SPDX-License-Identifier: Apache-2.0 */
/* What rollouts are judged by, as bytes: what is 0 or empty takes no room. */
#include "otelgate/base/mem.h"
#include "pack-priv.h"
#include "rollout-priv.h"

enum { VERSION = 1 };

#define M(member, type_)                                                                 \
	{                                                                                \
		0, NULL, (uint16_t)offsetof(struct og_rollout_facts, member), (type_), 0 \
	}
#define MD(member, type_, def_)                                                               \
	{                                                                                     \
		0, NULL, (uint16_t)offsetof(struct og_rollout_facts, member), (type_), (def_) \
	}

/* The order is the format: only ever add at the end, or count VERSION up. At most 63. `def` takes
 * no room. */
static const struct rollout_member members[] = {
	M(created_s, RT_TIME),
	M(generation, RT_I64),
	M(observed, RT_I64),
	M(desired, RT_I32),
	M(total, RT_I32),
	M(updated, RT_I32),
	M(ready, RT_I32),
	M(available, RT_I32),
	M(current, RT_I32),
	MD(progress_deadline_s, RT_I32, 600),
	M(paused, RT_BOOL),
	M(suspended, RT_BOOL),
	M(rolling, RT_BOOL),
	M(aborted, RT_BOOL),
	M(partition, RT_I32),
	M(max_surge.set, RT_BOOL),
	M(max_surge.percent, RT_BOOL),
	M(max_surge.value, RT_I32),
	M(max_unavailable.set, RT_BOOL),
	M(max_unavailable.percent, RT_BOOL),
	M(max_unavailable.value, RT_I32),
	M(min_ready_s, RT_I32),
	M(current_revision, RT_TEXT),
	M(update_revision, RT_TEXT),
	MD(parallelism, RT_I32, -1),
	MD(completions, RT_I32, -1),
	MD(backoff_limit, RT_I32, -1),
	MD(ttl_s, RT_I32, -1),
	MD(active_deadline_s, RT_I64, -1),
	M(active, RT_I32),
	M(succeeded, RT_I32),
	M(failed, RT_I32),
	M(schedule, RT_TEXT),
	M(time_zone, RT_TEXT),
	M(last_run_s, RT_TIME),
	M(argo_phase, RT_TEXT),
	M(argo_message, RT_TEXT),
	M(restarted_at, RT_TEXT),
};
_Static_assert(OG_COUNT(members) < 64, "one bit each");

static const char *const words[] = {"", "MinimumReplicasAvailable", "MinimumReplicasUnavailable",
	"NewReplicaSetAvailable", "ReplicaSetUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet",
	"ProgressDeadlineExceeded", "DeploymentPaused", "DeploymentResumed", "FailedCreate",
	"FailedDelete"};

static bool is_default(const struct rollout_member *m, const char *v)
{
	switch ((enum rollout_type)m->type) {
	case RT_I32:
		return *(const int32_t *)(const void *)v == m->def;
	case RT_I64:
		return *(const int64_t *)(const void *)v == m->def;
	case RT_TIME:
		return *(const int64_t *)(const void *)v == 0;
	case RT_BOOL:
		return !*(const bool *)(const void *)v;
	default:
		return ((const struct og_sv *)(const void *)v)->n == 0;
	}
}

static void pack_text(struct og_sv s, size_t max, struct og_buf *out)
{
	if (s.n > max || !og_utf8_valid(s.p, s.n))
		kobj_pack_refuse(out);
	kobj_pack_sv(out, s);
}

static void pack_member(const struct rollout_member *m, const char *v, struct og_buf *out)
{
	switch ((enum rollout_type)m->type) {
	case RT_I32:
		kobj_pack_i64(out, *(const int32_t *)(const void *)v);
		break;
	case RT_I64:
		kobj_pack_i64(out, *(const int64_t *)(const void *)v);
		break;
	case RT_TIME:
		kobj_pack_time(out, *(const int64_t *)(const void *)v, 0);
		break;
	case RT_TEXT:
		pack_text(*(const struct og_sv *)(const void *)v, OG_COND_REASON_BYTES, out);
		break;
	case RT_BOOL:
		break; /* its bit says it */
	}
}

static void pack_cond(const struct og_rollout_cond *c, int64_t base, struct og_buf *out)
{
	if (c->reason.n > OG_COND_REASON_BYTES || !og_utf8_valid(c->reason.p, c->reason.n) ||
		(unsigned)c->status > OG_COND_TRUE)
		kobj_pack_refuse(out);
	og_buf_ch(out, (char)c->status);
	kobj_pack_word(out, c->reason, words, OG_COUNT(words));
	pack_text(c->message, OG_COND_MESSAGE_BYTES, out);
	kobj_pack_time(out, c->updated_s, base);
	kobj_pack_time(out, c->changed_s, base);
}

static bool is_absent(const struct og_rollout_cond *c)
{
	return c->status == OG_COND_ABSENT && !c->reason.n && !c->message.n && !c->updated_s &&
	       !c->changed_s;
}

void og_rollout_facts_pack(const struct og_rollout_facts *f, struct og_buf *out)
{
	uint64_t present = 0;
	unsigned conds = 0;

	if ((unsigned)f->kind >= OG_RK_COUNT_ || (unsigned)f->strategy >= OG_STRATEGY_COUNT_)
		kobj_pack_refuse(out);
	og_buf_ch(out, VERSION);
	og_buf_ch(out, (char)f->kind);
	og_buf_ch(out, (char)f->strategy);
	for (size_t i = 0; i < OG_COUNT(members); i++)
		if (!is_default(&members[i], (const char *)f + members[i].offset))
			present |= 1ULL << i;
	kobj_pack_u64(out, present);
	for (size_t i = 0; i < OG_COUNT(members); i++)
		if (present >> i & 1)
			pack_member(&members[i], (const char *)f + members[i].offset, out);
	for (unsigned i = 0; i < OG_COND_COUNT_; i++)
		conds |= is_absent(&f->cond[i]) ? 0 : 1u << i;
	kobj_pack_u64(out, conds);
	for (unsigned i = 0; i < OG_COND_COUNT_; i++)
		if (conds >> i & 1)
			pack_cond(&f->cond[i], f->created_s, out);
}

static void unpack_member(
	const struct rollout_member *m, bool present, char *to, struct kobj_unpack *u)
{
	switch ((enum rollout_type)m->type) {
	case RT_I32:
		*(int32_t *)(void *)to = present ? (int32_t)kobj_unpack_i64(u, INT32_MIN, INT32_MAX)
						 : m->def;
		break;
	case RT_I64:
		*(int64_t *)(void *)to = present ? kobj_unpack_i64(u, INT64_MIN, INT64_MAX)
						 : m->def;
		break;
	case RT_TIME:
		*(int64_t *)(void *)to = present ? kobj_unpack_time(u, 0) : 0;
		break;
	case RT_BOOL:
		*(bool *)(void *)to = present;
		break;
	case RT_TEXT:
		*(struct og_sv *)(void *)to = present ? kobj_unpack_sv(u, OG_COND_REASON_BYTES)
						      : OG_SV("");
		break;
	}
	u->bad |= present && is_default(m, to);
}

static void unpack_cond(struct kobj_unpack *u, int64_t base, struct og_rollout_cond *c)
{
	c->status = (enum og_cond_status)kobj_unpack_u64(u, OG_COND_TRUE);
	c->reason = kobj_unpack_word(u, words, OG_COUNT(words), OG_COND_REASON_BYTES);
	c->message = kobj_unpack_sv(u, OG_COND_MESSAGE_BYTES);
	c->updated_s = kobj_unpack_time(u, base);
	c->changed_s = kobj_unpack_time(u, base);
	u->bad |= is_absent(c);
}

int og_rollout_facts_unpack(struct og_sv *bytes, struct og_rollout_facts *ret, struct og_err *err)
{
	struct kobj_unpack u = kobj_unpack(*bytes);
	struct og_rollout_facts f = {0};

	u.bad |= kobj_unpack_u64(&u, 127) != VERSION;
	f.kind = (enum og_rollout_kind)kobj_unpack_u64(&u, OG_RK_COUNT_ - 1);
	f.strategy = (enum og_strategy)kobj_unpack_u64(&u, OG_STRATEGY_COUNT_ - 1);
	uint64_t present = kobj_unpack_u64(&u, (1ULL << OG_COUNT(members)) - 1);
	for (size_t i = 0; i < OG_COUNT(members); i++)
		unpack_member(&members[i], present >> i & 1, (char *)&f + members[i].offset, &u);
	unsigned conds = (unsigned)kobj_unpack_u64(&u, (1u << OG_COND_COUNT_) - 1);
	for (unsigned i = 0; i < OG_COND_COUNT_; i++) {
		f.cond[i].reason = f.cond[i].message = OG_SV("");
		if (conds >> i & 1)
			unpack_cond(&u, f.created_s, &f.cond[i]);
	}
	if (u.bad)
		return og_err_set(err, OG_E_PARSE, "a packed rollout is damaged");
	size_t used = (size_t)((const char *)u.p - bytes->p);
	*bytes = og_sv(bytes->p + used, bytes->n - used);
	*ret = f;
	return 0;
}
