/* SPDX-License-Identifier: Apache-2.0 */
/* A classic BPF program from the list: row after row, what is in none falls through to the end. */
#include "otelgate/base/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "seccomp-priv.h"

enum {
	MOST = 2048,	  /* instructions; the kernel takes 4096 */
	X32 = 0x40000000, /* the bit in numbers of the x32 interface of x86-64 */
	PER_ARG = 3,	  /* instructions: load, mask, compare */
};

struct program {
	struct sock_filter f[MOST];
	size_t n; /* more than MOST: it did not fit */
};

#define AT(member) ((uint32_t)offsetof(struct seccomp_data, member))

static void put(struct program *p, unsigned code, size_t yes, size_t no, uint32_t k)
{
	if (p->n < MOST)
		p->f[p->n] = (struct sock_filter){
			.code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
	p->n++;
}

static void load(struct program *p, uint32_t at)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, at);
}

/* Goes over so many instructions when what was loaded is not k. */
static void unless_skip(struct program *p, uint32_t k, size_t over)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, over, k);
}

static void answer(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, 0, 0, action);
}

static size_t looked_at(const struct og_seccomp_call *c)
{
	size_t n = 0;

	while (n < OG_SECCOMP_ARGS && c->arg[n].mask)
		n++;
	return n;
}

/* The number is loaded before and after. */
static void allow(struct program *p, const struct og_seccomp_call *c)
{
	size_t nargs = looked_at(c);

	unless_skip(p, c->nr, nargs * PER_ARG + (nargs ? 2 : 1));
	for (size_t i = 0; i < nargs; i++) {
		const struct og_seccomp_arg *a = &c->arg[i];
		/* both architectures are little-endian: the lower half comes first */
		load(p, AT(args) + a->at * (uint32_t)sizeof(uint64_t));
		put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, a->mask);
		unless_skip(
			p, a->self ? (uint32_t)getpid() : a->value, (nargs - 1 - i) * PER_ARG + 1);
	}
	answer(p, SECCOMP_RET_ALLOW);
	if (nargs)
		load(p, AT(nr));
}

static void one_answer(struct program *p, uint32_t nr, uint32_t action)
{
	unless_skip(p, nr, 1);
	answer(p, action);
}

static size_t make(const struct og_seccomp *s, struct program *p)
{
	static const uint32_t actions[] = {
		[OG_SECCOMP_LOG] = SECCOMP_RET_LOG,
		[OG_SECCOMP_ERRNO] = SECCOMP_RET_ERRNO | EPERM,
		[OG_SECCOMP_KILL] = SECCOMP_RET_KILL_PROCESS,
	};
	uint32_t refused = actions[s->mode];
	size_t calls = 0;

	p->n = 0;
	load(p, AT(arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, og_seccomp_arch);
	answer(p, refused);
	load(p, AT(nr));
	put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32);
	answer(p, refused);
	for (size_t i = 0; i < og_seccomp_ncalls; i++) {
		const struct og_seccomp_call *c = &og_seccomp_calls[i];
		if (c->writes && !s->writes_files)
			continue;
		allow(p, c);
		calls += i == 0 || c->nr != c[-1].nr;
	}
	one_answer(p, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
	put(p, BPF_JMP | BPF_JGT | BPF_K, 0, 1, OG_SECCOMP_NEWEST);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
	answer(p, refused);
	return calls;
}

static int load_program(struct program *p, struct og_err *err)
{
	struct sock_fprog prog = {.len = (unsigned short)p->n, .filter = p->f};

	if (p->n > MOST)
		return og_err_set(err, OG_E_BUG, "seccomp: %zu instructions", p->n);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return og_err_sys(err, errno, "seccomp: no_new_privs");
	long r = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog);
	if (r > 0)
		return og_err_set(err, OG_E_IO,
			"seccomp: thread %ld has a list of its own and cannot take this one", r);
	return r < 0 ? og_err_sys(err, errno, "seccomp: the kernel") : 0;
}

int og_seccomp_enter(const struct og_seccomp *s, size_t *ret_calls, struct og_err *err)
{
	struct program *p = NULL;

	if (s->mode == OG_SECCOMP_OFF) {
		*ret_calls = 0;
		return 0;
	}
	if (og_seccomp_ncalls == 0)
		return og_err_set(err, OG_E_UNSUPPORTED,
			"no seccomp: there is no list of system calls for this architecture");
	if (s->runs_programs)
		return og_err_set(
			err, OG_E_UNSUPPORTED, "no seccomp: a credential plugin has to run");
	if (!(p = og_malloc(sizeof(*p))))
		return og_err_set(err, OG_E_OOM, "out of memory");
	size_t calls = make(s, p);
	int r = load_program(p, err);
	og_free(p);
	if (r == 0)
		*ret_calls = calls;
	return r;
}
