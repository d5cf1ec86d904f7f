/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a pod as bytes, and back. */
#include "otelgate/base/mem.h"
#include "pack-priv.h"
#include "podstate-priv.h"

enum { VERSION = 1, VERSION_SHIFT = 4 };
/* Times of pods are kept against it: four bytes until 2028, five afterwards. */
static const int64_t epoch_s = 1700000000;

/* Packed as their place: only ever add at the end, or count VERSION up. */
static const char *const words[] = {
	"",
	"CrashLoopBackOff",
	"ImagePullBackOff",
	"ErrImagePull",
	"InvalidImageName",
	"ErrImageNeverPull",
	"CreateContainerConfigError",
	"CreateContainerError",
	"RunContainerError",
	"Completed",
	"Error",
	"OOMKilled",
	"StartError",
	"ContainerCannotRun",
	"DeadlineExceeded",
	"Unschedulable",
	"SchedulingGated",
	"Evicted",
	"NodeLost",
	"NodeShutdown",
	"Terminated",
	"ContainerStatusUnknown",
	"PostStartHookError",
};

enum { /* of the pod */
	F_BOUND = 1,
	F_READY = 2,
	F_GATES = 4,
	F_SECRET = 8,
	F_INJECTED = 16,
	F_REASON = 32,
	F_TROUBLED = 64,
};
enum { /* of a container, above two bits of `run` */
	C_INIT = 4,
	C_SIDECAR = 8,
	C_TOUCHED = 16,
	C_OWN = 32,
	C_READY = 64,
	C_EXITED = 128,
	C_LIBC = 256,
	C_MESSAGE = 512,
	C_MAX = 1023,
};

static unsigned flag(bool on, unsigned bit)
{
	return on ? bit : 0;
}

static bool fits(struct og_sv s, size_t max)
{
	return s.n <= max && og_utf8_valid(s.p, s.n);
}

static void pack_container(
	const struct og_container_state *c, int64_t created_s, struct og_buf *out)
{
	if (!fits(c->name, OG_POD_REASON_BYTES) || !fits(c->reason, OG_POD_REASON_BYTES) ||
		!fits(c->exit_reason, OG_POD_REASON_BYTES) ||
		!fits(c->message, OG_POD_MESSAGE_BYTES) || (unsigned)c->run > OG_RUN_TERMINATED) {
		kobj_pack_refuse(out);
		return;
	}
	kobj_pack_u64(out, (unsigned)c->run | flag(c->init, C_INIT) | flag(c->sidecar, C_SIDECAR) |
				   flag(c->touched, C_TOUCHED) | flag(c->own, C_OWN) |
				   flag(c->ready, C_READY) | flag(c->exited, C_EXITED) |
				   flag(c->other_libc, C_LIBC) | flag(c->message.n, C_MESSAGE));
	kobj_pack_sv(out, c->name);
	kobj_pack_word(out, c->reason, words, OG_COUNT(words));
	if (c->message.n)
		kobj_pack_sv(out, c->message);
	if (c->exited) {
		kobj_pack_i64(out, c->exit_code);
		kobj_pack_word(out, c->exit_reason, words, OG_COUNT(words));
	}
	kobj_pack_u64(out, c->restarts);
	kobj_pack_time(out, c->since_s, created_s);
}

void og_pod_state_pack(const struct og_pod_state *s, struct og_buf *out)
{
	bool reason = s->reason.n || s->message.n;
	if (!fits(s->reason, OG_POD_REASON_BYTES) || !fits(s->message, OG_POD_MESSAGE_BYTES) ||
		(unsigned)s->phase >= OG_POD_PHASE_COUNT_ || s->ncontainers > OG_POD_TROUBLED_MAX) {
		kobj_pack_refuse(out);
		return;
	}
	og_buf_ch(out, (char)(VERSION << VERSION_SHIFT | (unsigned)s->phase));
	og_buf_ch(out,
		(char)(flag(s->bound, F_BOUND) | flag(s->ready, F_READY) | flag(s->gates, F_GATES) |
			flag(s->uses_secret, F_SECRET) | flag(s->injected, F_INJECTED) |
			flag(reason, F_REASON) | flag(s->ncontainers, F_TROUBLED)));
	kobj_pack_time(out, s->created_s, epoch_s);
	kobj_pack_time(out, s->ready_s, s->created_s);
	kobj_pack_time(out, s->started_s, s->created_s);
	kobj_pack_u64(out, s->containers);
	kobj_pack_u64(out, s->nready);
	kobj_pack_u32_fixed(out, s->images);
	kobj_pack_u32_fixed(out, s->rest);
	if (reason) {
		kobj_pack_word(out, s->reason, words, OG_COUNT(words));
		kobj_pack_sv(out, s->message);
	}
	if (!s->ncontainers)
		return;
	kobj_pack_u64(out, s->ncontainers);
	for (uint32_t i = 0; i < s->ncontainers; i++)
		pack_container(&s->c[i], s->created_s, out);
}

static void unpack_container(struct kobj_unpack *u, int64_t created_s, struct og_container_state *c)
{
	unsigned f = (unsigned)kobj_unpack_u64(u, C_MAX);
	*c = (struct og_container_state){
		.run = (enum og_container_run)(f & 3),
		.init = f & C_INIT,
		.sidecar = f & C_SIDECAR,
		.touched = f & C_TOUCHED,
		.own = f & C_OWN,
		.ready = f & C_READY,
		.exited = f & C_EXITED,
		.other_libc = f & C_LIBC,
		.message = OG_SV(""),
		.exit_reason = OG_SV(""),
	};
	c->name = kobj_unpack_sv(u, OG_POD_REASON_BYTES);
	c->reason = kobj_unpack_word(u, words, OG_COUNT(words), OG_POD_REASON_BYTES);
	if (f & C_MESSAGE) {
		c->message = kobj_unpack_sv(u, OG_POD_MESSAGE_BYTES);
		u->bad |= !c->message.n;
	}
	if (c->exited) {
		c->exit_code = (int32_t)kobj_unpack_i64(u, INT32_MIN, INT32_MAX);
		c->exit_reason = kobj_unpack_word(u, words, OG_COUNT(words), OG_POD_REASON_BYTES);
	}
	c->restarts = (uint32_t)kobj_unpack_u64(u, UINT32_MAX);
	c->since_s = kobj_unpack_time(u, created_s);
}

static void unpack_head(struct kobj_unpack *u, struct og_pod_state *s, unsigned *ret_flags)
{
	unsigned head = u->end - u->p >= 2 ? *u->p++ : 0;
	unsigned f = head ? *u->p++ : 0;
	u->bad |= head >> VERSION_SHIFT != VERSION || (head & 15) >= OG_POD_PHASE_COUNT_ ||
		  f >= F_TROUBLED * 2;
	*s = (struct og_pod_state){
		.phase = u->bad ? OG_POD_PHASE_UNKNOWN : (enum og_pod_phase)(head & 15),
		.bound = f & F_BOUND,
		.ready = f & F_READY,
		.gates = f & F_GATES,
		.uses_secret = f & F_SECRET,
		.injected = f & F_INJECTED,
		.reason = OG_SV(""),
		.message = OG_SV(""),
	};
	s->created_s = kobj_unpack_time(u, epoch_s);
	s->ready_s = kobj_unpack_time(u, s->created_s);
	s->started_s = kobj_unpack_time(u, s->created_s);
	s->containers = (uint16_t)kobj_unpack_u64(u, UINT16_MAX);
	s->nready = (uint16_t)kobj_unpack_u64(u, UINT16_MAX);
	s->images = kobj_unpack_u32_fixed(u);
	s->rest = kobj_unpack_u32_fixed(u);
	if (f & F_REASON) {
		s->reason = kobj_unpack_word(u, words, OG_COUNT(words), OG_POD_REASON_BYTES);
		s->message = kobj_unpack_sv(u, OG_POD_MESSAGE_BYTES);
		u->bad |= !s->reason.n && !s->message.n;
	}
	*ret_flags = f;
}

int og_pod_state_unpack(
	struct og_sv bytes, struct og_arena *arena, struct og_pod_state *ret, struct og_err *err)
{
	struct kobj_unpack u = kobj_unpack(bytes);
	struct og_container_state *c = NULL;
	struct og_pod_state s;
	unsigned f;

	unpack_head(&u, &s, &f);
	if (f & F_TROUBLED) {
		s.ncontainers = (uint16_t)kobj_unpack_u64(&u, OG_POD_TROUBLED_MAX);
		u.bad |= !s.ncontainers;
	}
	if (!u.bad && s.ncontainers) {
		c = og_arena_new_n(arena, s.ncontainers, struct og_container_state);
		if (!c)
			return og_err_set(err, OG_E_OOM, "out of memory reading a packed pod");
		for (uint32_t i = 0; i < s.ncontainers; i++)
			unpack_container(&u, s.created_s, &c[i]);
	}
	if (u.bad || u.p != u.end)
		return og_err_set(err, OG_E_PARSE, "a packed pod is damaged");
	s.c = c;
	*ret = s;
	return 0;
}
