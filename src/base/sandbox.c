/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock by its system calls: what the headers of the oldest system we build on do not name yet
 * is named here, as in linux/landlock.h of Linux 6.12. */
#include "otelgate/base/mem.h"
#include "otelgate/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SYS_CREATE_RULESET = 444, /* the same on every architecture */
	SYS_ADD_RULE = 445,
	SYS_RESTRICT_SELF = 446,
	ASK_VERSION = 1,
	RULE_PATH = 1,
	RULE_PORT = 2,
};

/* LANDLOCK_ACCESS_FS_* */
#define FS_EXECUTE     (1ULL << 0)
#define FS_WRITE_FILE  (1ULL << 1)
#define FS_REMOVE_DIR  (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_CHAR   (1ULL << 6)
#define FS_MAKE_DIR    (1ULL << 7)
#define FS_MAKE_REG    (1ULL << 8)
#define FS_MAKE_SOCK   (1ULL << 9)
#define FS_MAKE_FIFO   (1ULL << 10)
#define FS_MAKE_BLOCK  (1ULL << 11)
#define FS_MAKE_SYM    (1ULL << 12)
#define FS_REFER       (1ULL << 13)
#define FS_TRUNCATE    (1ULL << 14)
#define FS_IOCTL_DEV   (1ULL << 15)
#define NET_BIND_TCP   (1ULL << 0)
#define SCOPE_ALL      (1ULL << 0 | 1ULL << 1) /* abstract UNIX sockets, signals */

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct path_attr {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct port_attr {
	uint64_t allowed, port;
};

/* What each version of the interface can restrict, and how much of ruleset_attr it knows. */
static const struct {
	int abi;
	size_t bytes;
	uint64_t fs, net, scoped;
} versions[] = {
	{1, 8,
		FS_EXECUTE | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_CHAR |
			FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_BLOCK |
			FS_MAKE_SYM,
		0, 0},
	{2, 8, FS_REFER, 0, 0},
	{3, 8, FS_TRUNCATE, 0, 0},
	{4, 16, 0, NET_BIND_TCP, 0},
	{5, 16, FS_IOCTL_DEV, 0, 0},
	{6, 24, 0, 0, SCOPE_ALL},
};

/* To replace a file as og_fs_write_atomic does. */
static const uint64_t replaces = FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_REFER |
				 FS_TRUNCATE;

static int refused(const char *what, struct og_err *err)
{
	return og_err_sys(err, errno, "sandbox: %s", what);
}

static int allow_path(int set, const char *path, uint64_t what, struct og_err *err)
{
	struct path_attr rule = {what, open(path, O_PATH | O_CLOEXEC)};

	if (rule.fd < 0)
		return refused(path, err);
	long r = syscall(SYS_ADD_RULE, set, RULE_PATH, &rule, 0);
	int e = errno;
	(void)close(rule.fd);
	errno = e;
	return r < 0 ? refused(path, err) : 0;
}

static int allow(
	int set, const struct og_sandbox *s, const struct ruleset_attr *has, struct og_err *err)
{
	int r = 0;

	/* what a library may throw output away to; a bare root file system has none */
	if (has->fs && access("/dev/null", F_OK) == 0)
		r = allow_path(set, "/dev/null", FS_WRITE_FILE, err);
	if (r == 0 && has->fs && s->write_dir)
		r = allow_path(set, s->write_dir, replaces & has->fs, err);
	for (size_t i = 0; r == 0 && has->net && i < s->nports; i++) {
		struct port_attr rule = {NET_BIND_TCP, s->ports[i]};
		if (syscall(SYS_ADD_RULE, set, RULE_PORT, &rule, 0) < 0)
			r = refused("a port to listen on", err);
	}
	return r;
}

static int restrict_self(int set, struct og_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused("no_new_privs", err);
	return syscall(SYS_RESTRICT_SELF, set, 0) < 0 ? refused("the kernel", err) : 0;
}

static int nothing(const struct og_sandbox *s, const char *why, struct og_sandbox_state *ret,
	struct og_err *err)
{
	if (s->mode == OG_SANDBOX_REQUIRED)
		return og_err_set(err, OG_E_UNSUPPORTED, "no sandbox: %s", why);
	*ret = (struct og_sandbox_state){.why = why};
	return 0;
}

int og_sandbox_enter(const struct og_sandbox *s, struct og_sandbox_state *ret, struct og_err *err)
{
	struct ruleset_attr has = {0};
	size_t bytes = 0;

	if (s->mode == OG_SANDBOX_OFF) {
		*ret = (struct og_sandbox_state){.why = "it is switched off"};
		return 0;
	}
	long abi = syscall(SYS_CREATE_RULESET, NULL, 0, ASK_VERSION);
	if (abi < 1)
		return nothing(s,
			errno == EOPNOTSUPP ? "Landlock is switched off in this kernel"
					    : "this kernel has no Landlock",
			ret, err);
	for (size_t i = 0; i < OG_COUNT(versions) && versions[i].abi <= abi; i++) {
		has.fs |= versions[i].fs;
		has.net |= versions[i].net;
		has.scoped |= versions[i].scoped;
		bytes = versions[i].bytes;
	}
	if (s->runs_programs && s->mode == OG_SANDBOX_REQUIRED)
		return nothing(s, "a credential plugin has to run", ret, err);
	if (s->runs_programs)
		has.fs = has.scoped = 0; /* a plugin may stop what it has started, too */
	if (!has.fs && !has.net && !has.scoped)
		return nothing(s, "a credential plugin has to run", ret, err);
	int set = (int)syscall(SYS_CREATE_RULESET, &has, bytes, 0);
	if (set < 0)
		return refused("the kernel", err);
	int r = allow(set, s, &has, err);
	if (r == 0)
		r = restrict_self(set, err);
	(void)close(set);
	if (r == 0)
		*ret = (struct og_sandbox_state){.abi = (int)abi,
			.files = has.fs != 0,
			.tcp = has.net != 0,
			.devices = (has.fs & FS_IOCTL_DEV) != 0,
			.scope = has.scoped != 0};
	return r;
}
