/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service may ask of the kernel. Names and numbers are those of the kernel's header for the
 * architecture; the calls that only x86-64 has are the older forms of others. What the headers of
 * the oldest system we build on do not name yet has its number here: above 423 it is the same
 * everywhere (linux/scripts/syscall.tbl).
 */
#include "seccomp-priv.h"

#include <linux/audit.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "otelgate/base/mem.h"

#ifndef __NR_futex_waitv
#define __NR_futex_waitv 449
#endif
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake	   454
#define __NR_futex_wait	   455
#define __NR_futex_requeue 456
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif
#ifndef __NR_uretprobe
#define __NR_uretprobe 335
#endif
#ifndef __NR_uprobe
#define __NR_uprobe 336
#endif

#define CALL(name)                \
	{                         \
		.nr = __NR_##name \
	}
#define WRITES(name)                              \
	{                                         \
		.nr = __NR_##name, .writes = true \
	}
#define WHEN(name, ...)                                   \
	{                                                 \
		.nr = __NR_##name, .arg = { __VA_ARGS__ } \
	}
#define IS(n, v)                                            \
	{                                                   \
		.at = (n), .mask = UINT32_MAX, .value = (v) \
	}
#define MASKED(n, m, v)                              \
	{                                            \
		.at = (n), .mask = (m), .value = (v) \
	}
#define OWN_PROCESS(n)                                      \
	{                                                   \
		.at = (n), .mask = UINT32_MAX, .self = true \
	}
#define IOCTL(request)	 WHEN(ioctl, IS(1, request))
#define PRCTL(option)	 WHEN(prctl, IS(0, option))
#define SOCKOPT(level)	 WHEN(setsockopt, IS(1, level))
#define INET(type, prot) WHEN(socket, MASKED(0, ~8U, AF_INET), MASKED(1, 0xf, type), IS(2, prot))

_Static_assert((AF_INET6 & ~8) == AF_INET, "INET takes both");

#define NEW_NAMESPACE                                                                             \
	((uint32_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
		    CLONE_NEWPID | CLONE_NEWNET | 0x80U /* CLONE_NEWTIME */))

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__x86_64__)
const uint32_t og_seccomp_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
const uint32_t og_seccomp_arch = AUDIT_ARCH_AARCH64;
#else
const uint32_t og_seccomp_arch = 0;
#endif

const struct og_seccomp_call og_seccomp_calls[] = {
	/* each review and each answer: first, where the kernel keeps no bitmap (before 5.11) */
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(recvfrom),
	CALL(sendto),
	CALL(recvmsg),
	CALL(sendmsg),
	CALL(futex),
	CALL(epoll_pwait),
	CALL(ppoll),
	CALL(pselect6),
	CALL(accept4),
	CALL(close),
	CALL(clock_gettime),
	CALL(shutdown),
#ifdef __x86_64__
	CALL(epoll_wait),
	CALL(poll),
	CALL(select),
	CALL(accept),
#else
	CALL(accept),
#endif

	/* memory; never writable and executable at once */
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(mlock),
	CALL(mlock2),
	CALL(munlock),
	CALL(mincore),
	CALL(membarrier),
	CALL(mseal),
	CALL(map_shadow_stack),
	WHEN(mmap, MASKED(2, PROT_EXEC, 0)),
	WHEN(mmap,
		MASKED(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)), /* libraries that are loaded late */
	WHEN(mprotect, MASKED(2, PROT_EXEC, 0)),
	WHEN(mprotect, MASKED(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)),

	/* threads, but no process: clone3 hides its flags, and is answered ENOSYS */
	WHEN(clone, MASKED(0, (uint32_t)CLONE_THREAD | NEW_NAMESPACE, CLONE_THREAD)),
	CALL(set_robust_list),
	CALL(get_robust_list),
	CALL(rseq),
	CALL(set_tid_address),
	CALL(gettid),
	CALL(exit),
	CALL(exit_group),
	CALL(futex_waitv),
	CALL(futex_wake),
	CALL(futex_wait),
	CALL(futex_requeue),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(sched_getparam),
	CALL(sched_getscheduler),
	CALL(sched_get_priority_max),
	CALL(sched_get_priority_min),
	CALL(getcpu),
	CALL(restart_syscall),
	/* signals: abort() and raise() signal the process itself */
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(rt_sigpending),
	CALL(rt_sigsuspend),
	CALL(rt_sigtimedwait),
	CALL(sigaltstack),
	CALL(signalfd4),
	WHEN(tgkill, OWN_PROCESS(0)),
	WHEN(kill, OWN_PROCESS(0)),
	PRCTL(PR_SET_NAME),
	PRCTL(PR_GET_NAME),
	PRCTL(PR_GET_DUMPABLE),
	PRCTL(PR_SET_DUMPABLE),
	PRCTL(PR_SET_NO_NEW_PRIVS),
	PRCTL(PR_GET_NO_NEW_PRIVS),
	PRCTL(PR_GET_SECCOMP),
	PRCTL(0x53564d41U /* PR_SET_VMA: names of mappings */),

	/* descriptors of its own */
	CALL(eventfd2),
	CALL(pipe2),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(timerfd_create),
	CALL(timerfd_settime),
	CALL(timerfd_gettime),
	CALL(inotify_init1),
	CALL(inotify_add_watch),
	CALL(inotify_rm_watch),
	CALL(dup),
	CALL(dup3),
	CALL(fcntl),
	CALL(lseek),
	CALL(pread64),
	CALL(preadv),
	CALL(preadv2),
	CALL(fadvise64),
	CALL(close_range),
	IOCTL(0x541BU /* FIONREAD */),
	IOCTL(0x5421U /* FIONBIO */),
	IOCTL(0x5451U /* FIOCLEX */),
	IOCTL(0x5401U /* TCGETS: is it a terminal */),
	IOCTL(0x802C542AU /* TCGETS2 */),
	IOCTL(0x5413U /* TIOCGWINSZ */),
	/* files that are read: certificates, tokens, configuration, resolv.conf, /proc/self for
	   metrics; what may be opened, and for what, is Landlock's */
	CALL(openat),
	CALL(openat2),
	CALL(newfstatat),
	CALL(fstat),
	CALL(statx),
	CALL(statfs),
	CALL(fstatfs),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlinkat),
	CALL(getdents64),
	CALL(getcwd),
	CALL(flock),
	CALL(cachestat),
	CALL(umask),
	/* files that are replaced: --ports-file */
	WRITES(fsync),
	WRITES(fdatasync),
	WRITES(fchmod),
	WRITES(fchown),
	WRITES(ftruncate),
	WRITES(renameat),
	WRITES(renameat2),
	WRITES(unlinkat),
	WRITES(pwrite64),
	WRITES(fchmodat),
	WRITES(fchmodat2),

	/* TCP, UDP for names, UNIX sockets for a name service, routes for getaddrinfo (netlink 0)
	 */
	INET(SOCK_STREAM, 0),
	INET(SOCK_STREAM, 6),
	INET(SOCK_DGRAM, 0),
	INET(SOCK_DGRAM, 17),
	WHEN(socket, IS(0, AF_UNIX)),
	WHEN(socket, IS(0, AF_NETLINK), IS(2, 0)),
	WHEN(socketpair, IS(0, AF_UNIX)),
	CALL(bind),
	CALL(listen),
	CALL(connect),
	CALL(getsockname),
	CALL(getpeername),
	CALL(getsockopt),
	CALL(sendmmsg),
	CALL(recvmmsg),
	SOCKOPT(SOL_SOCKET),
	SOCKOPT(0 /* IP */),
	SOCKOPT(6 /* TCP */),
	SOCKOPT(17 /* UDP */),
	SOCKOPT(41 /* IPv6 */),
	IOCTL(0x8910U /* SIOCGIFNAME */),
	IOCTL(0x8933U /* SIOCGIFINDEX */),
	CALL(sendfile),

	/* what time it is, who and where this is, how much it uses */
	CALL(clock_getres),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(times),
	CALL(getrandom),
	CALL(uname),
	CALL(sysinfo),
	CALL(getrusage),
	CALL(getpid),
	CALL(getppid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getresuid),
	CALL(getresgid),
	CALL(getgroups),
	CALL(getpgid),
	CALL(getsid),
	CALL(capget),
	CALL(getpriority),
	WHEN(prlimit64, IS(0, 0)),
	WHEN(prlimit64, OWN_PROCESS(0)),
	CALL(getitimer),
	CALL(setitimer),

#ifdef __x86_64__ /* older forms */
	CALL(open),
	CALL(stat),
	CALL(lstat),
	CALL(access),
	CALL(readlink),
	CALL(pipe),
	CALL(dup2),
	CALL(epoll_create),
	CALL(eventfd),
	CALL(inotify_init),
	CALL(time),
	CALL(getrlimit),
	CALL(setrlimit),
	CALL(getpgrp),
	CALL(alarm),
	CALL(getdents),
	WRITES(rename),
	WRITES(unlink),
	WRITES(chmod),
	CALL(arch_prctl), /* of the thread's own registers */
	/* Where a node's eBPF agent watches a library's functions (TLS, say), the kernel puts these
	   into the process, and filters them in some versions (6.11 and later, until "seccomp:
	   passthrough uretprobe systemcall without filtering"); called by others they do nothing */
	CALL(uretprobe),
	CALL(uprobe),
#endif

#ifdef SANITIZED /* the search for leaks stops its own threads from a process */
	CALL(ptrace),
	CALL(wait4),
	WHEN(clone, MASKED(0, NEW_NAMESPACE, 0)),
	CALL(getdents64),
	PRCTL(PR_SET_PTRACER),
	PRCTL(PR_SET_PDEATHSIG),
#endif
};

const size_t og_seccomp_ncalls =
#if defined(__x86_64__) || defined(__aarch64__)
	OG_COUNT(og_seccomp_calls);
#else
	0;
#endif
