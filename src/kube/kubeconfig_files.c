/* SPDX-License-Identifier: Apache-2.0 */
/* Which kubeconfig files there are, reading them, and paths inside them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kubeconfig-priv.h"
#include "otelgate/base/mem.h"

enum { READ_FIRST = 64 << 10 };

bool kcf_grow_wiped(struct og_buf *b, size_t cap)
{
	struct og_buf bigger = OG_BUF_INIT(b->max);
	if (!og_buf_reserve(&bigger, cap))
		return false;
	og_buf_add(&bigger, b->p, b->len);
	og_buf_wipe(b);
	*b = bigger;
	return true;
}

static int read_all(int fd, const char *path, size_t max, struct og_buf *out, struct og_err *err)
{
	for (;;) {
		size_t room = out->cap - out->len - 1;
		if (room == 0) {
			if (!kcf_grow_wiped(out, out->cap * 2))
				return og_err_set(
					err, OG_E_OOM, "out of memory while reading %s", path);
			continue;
		}
		ssize_t n = read(fd, out->p + out->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return og_err_sys(err, errno, "reading %s", path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->p[out->len] = '\0';
		if (out->len > max)
			return og_err_set(err, OG_E_LIMIT,
				"%s is larger than the limit of %zu bytes", path, max);
	}
}

static int open_file(const char *path, struct og_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		return fd;
	int sys = errno, rc = og_err_sys(err, sys, "opening %s", path);
	if (sys != ENOENT && sys != ENOTDIR)
		return rc;
	if (err)
		err->code = OG_E_NOT_FOUND;
	return -OG_E_NOT_FOUND;
}

int og_kube_read_file(const char *path, size_t max, struct og_buf *out, struct og_err *err)
{
	struct stat st;
	size_t first = READ_FIRST;
	og_auto_fd int fd = open_file(path, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uintmax_t)st.st_size > max)
			return og_err_set(err, OG_E_LIMIT,
				"%s is larger than the limit of %zu bytes", path, max);
		first = (size_t)st.st_size + 1;
	}
	struct og_buf b = OG_BUF_INIT(2 * max + 2 * READ_FIRST);
	int rc = 0;
	if (!og_buf_reserve(&b, first))
		rc = og_err_set(err, OG_E_OOM, "out of memory while reading %s", path);
	else
		rc = read_all(fd, path, max, &b, err);
	if (rc) {
		og_buf_wipe(&b);
		return rc;
	}
	og_buf_wipe(out);
	*out = b;
	return 0;
}

bool kcf_is_regular(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* "/a/./b/../c" to "/a/c", by the letters alone, as Go's path/filepath.Clean. */
static void clean(char *p)
{
	char *out = p;
	for (const char *in = p; *in;) {
		while (*in == '/')
			in++;
		size_t n = strcspn(in, "/");
		if (n == 2 && in[0] == '.' && in[1] == '.') {
			while (out > p && *--out != '/')
				;
		} else if (n && !(n == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	if (out == p)
		*out++ = '/';
	*out = '\0';
}

/* The absolute folder of a file. */
static int folder_of(struct kcf_load *l, const char *path, const char **ret)
{
	char cwd[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 0;
	char *dir = NULL;
	if (path[0] == '/')
		dir = og_arena_fmt(&l->tmp, "/%.*s", n, path);
	else if (!getcwd(cwd, sizeof(cwd)))
		return og_err_sys(l->err, errno, "%s is relative to the current folder", path);
	else
		dir = og_arena_fmt(&l->tmp, "%s/%.*s", cwd, n, path);
	if (!dir)
		return kcf_oom(l);
	clean(dir);
	*ret = dir;
	return 0;
}

const char *kcf_path(struct kcf_load *l, const struct kcf_entry *e, struct og_sv path)
{
	if (!e->file || path.p[0] == '/')
		return og_arena_strndup(&l->tmp, path.p, path.n);
	char *p = og_arena_fmt(&l->tmp, "%s/%.*s", e->file->dir, OG_SV_ARG(path));
	if (p)
		clean(p);
	return p;
}

static int read_one(struct kcf_load *l, const char *path, bool must_exist)
{
	struct og_buf text og_auto_wipe = OG_BUF_INIT(0);
	struct kcf_file *f = og_arena_new(&l->tmp, struct kcf_file);
	if (!f)
		return kcf_oom(l);
	f->path = path;
	int rc = folder_of(l, path, &f->dir);
	if (!rc)
		rc = og_kube_read_file(path, OG_KUBE_FILE_BYTES, &text, l->err);
	if (rc == -OG_E_NOT_FOUND && !must_exist) {
		og_err_clear(l->err);
		if (!l->missing)
			l->missing = path;
		return 0;
	}
	if (rc)
		return og_err_wrap(l->err, "kubeconfig");
	/* the source borrows the text */
	struct og_sv kept = og_arena_sv(&l->tmp, og_buf_view(&text));
	if (!kept.p)
		return kcf_oom(l);
	l->files[l->nfiles++] = path;
	return kcf_read_text(l, f, kept);
}

static bool is_among(const char *const *list, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], path) == 0)
			return true;
	return false;
}

static int read_env_list(struct kcf_load *l, struct og_sv rest)
{
	const char *seen[OG_KUBE_FILES];
	struct og_sv part;
	size_t n = 0;
	while (og_sv_split(&rest, ':', &part)) {
		if (!part.n)
			continue;
		char *path = og_arena_strndup(&l->tmp, part.p, part.n);
		if (!path)
			return kcf_oom(l);
		if (is_among(seen, n, path))
			continue;
		if (n == OG_KUBE_FILES)
			return og_err_set(l->err, OG_E_LIMIT, "KUBECONFIG names more than %d files",
				OG_KUBE_FILES);
		seen[n++] = path;
		int rc = read_one(l, path, false);
		if (rc)
			return rc;
	}
	if (n && !l->nfiles &&
		!kcf_warn(l, "none of the files of KUBECONFIG exists (%s%s)", seen[0],
			n > 1 ? ", ..." : ""))
		return kcf_oom(l);
	return 0;
}

int kcf_read_files(struct kcf_load *l)
{
	struct og_sv list = kcf_env(l, "KUBECONFIG"), home = kcf_env(l, "HOME");
	l->files = og_arena_new_n(&l->tmp, OG_KUBE_FILES, const char *);
	if (!l->files)
		return kcf_oom(l);
	if (l->fl->kubeconfig)
		return read_one(l, l->fl->kubeconfig, true);
	if (list.n)
		return read_env_list(l, list);
	if (!home.n)
		return 0;
	char *path = og_arena_fmt(&l->tmp, "%.*s%s.kube/config", OG_SV_ARG(home),
		home.p[home.n - 1] == '/' ? "" : "/");
	return path ? read_one(l, path, false) : kcf_oom(l);
}
