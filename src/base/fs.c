/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, atomic writing and listing of files. Watching is in fswatch.c. */
#include "fs-priv.h"
#include "otelgate/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CHUNK = 64 << 10 };

static int sys_error(struct og_err *err, int sys, const char *what, const char *path)
{
	int rc = og_err_sys(err, sys, "%s %s", what, path);
	if (sys != ENOENT && sys != ENOTDIR)
		return rc;
	if (err)
		err->code = OG_E_NOT_FOUND;
	return -(int)OG_E_NOT_FOUND;
}

int og_fs_read_fd(
	int fd, const char *name, size_t max_bytes, struct og_buf *out, struct og_err *err)
{
	char chunk[READ_CHUNK];
	size_t before = out->len;
	int rc = 0;
	for (;;) {
		/* one byte beyond the cap is asked for, to tell "full" from "too long" */
		size_t left = max_bytes - (out->len - before);
		ssize_t n = read(fd, chunk, left < sizeof(chunk) ? left + 1 : sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = og_err_sys(err, errno, "reading %s", name);
		if (n <= 0)
			break;
		size_t got = (size_t)n;
		if (got > left || (out->max && got > out->max - out->len)) {
			rc = og_err_set(err, OG_E_LIMIT, "%s is larger than the limit of %zu bytes",
				name, got > left ? max_bytes : out->max);
			break;
		}
		og_buf_add(out, chunk, got);
		if (out->failed) {
			rc = og_err_set(err, OG_E_OOM, "out of memory while reading %s", name);
			break;
		}
	}
	if (rc) {
		out->failed = false;
		out->len = before;
		if (out->p)
			out->p[before] = '\0';
	}
	return rc;
}

int og_fs_read(const char *path, size_t max_bytes, struct og_buf *out, struct og_err *err)
{
	og_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return sys_error(err, errno, "opening", path);
	return og_fs_read_fd(fd, path, max_bytes, out, err);
}

int og_fs_write_all(int fd, const char *name, const void *p, size_t n, struct og_err *err)
{
	const char *at = p;
	while (n) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return og_err_sys(err, errno, "writing %s", name);
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The path itself, or what its last link points to, existing or not. */
static int resolve(const char *path, char **ret, struct og_err *err)
{
	char *real = realpath(path, NULL);
	if (real) {
		*ret = og_strdup(real);
		free(real);
		return *ret ? 0 : og_err_set(err, OG_E_OOM, "%s: out of memory", path);
	}
	if (errno != ENOENT)
		return sys_error(err, errno, "resolving", path);
	struct stat st;
	if (lstat(path, &st) == 0)
		return og_err_set(
			err, OG_E_NOT_FOUND, "%s is a link to a file that does not exist", path);
	*ret = og_strdup(path);
	return *ret ? 0 : og_err_set(err, OG_E_OOM, "%s: out of memory", path);
}

/* A new file `dir`/.otelgate-<random>; its name is left in `name`. The umask applies to `mode`. */
static int open_temp(struct og_buf *name, const char *dir, unsigned mode)
{
	for (int tries = 0; tries < 100; tries++) {
		uint64_t r;
		if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
			return -1;
		og_buf_reset(name);
		og_buf_fmt(name, "%s/.otelgate-%016" PRIx64, dir, r);
		if (name->failed) {
			errno = ENAMETOOLONG;
			return -1;
		}
		int fd = open(name->p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int fill_temp(int fd, const char *target, const struct stat *old, const void *p, size_t n,
	struct og_err *err)
{
	/* owner first: changing it clears set-id bits; refusal is normal for non-root */
	if (old && fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM)
		return og_err_sys(err, errno, "setting the owner of %s", target);
	if (old && fchmod(fd, old->st_mode & 07777) != 0)
		return og_err_sys(err, errno, "setting the mode of %s", target);
	int rc = og_fs_write_all(fd, target, p, n, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = og_err_sys(err, errno, "writing %s to disk", target);
	return rc;
}

static void sync_folder(const char *path)
{
	og_auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd); /* not every file system can; the rename is done either way */
}

int og_fs_write_atomic(
	const char *path, const void *p, size_t n, unsigned mode_if_new, struct og_err *err)
{
	og_auto_free char *target = NULL;
	int rc = resolve(path, &target, err);
	if (rc)
		return rc;
	struct stat st;
	bool exists = stat(target, &st) == 0;
	if (exists && !S_ISREG(st.st_mode))
		return og_err_set(err, OG_E_INVALID, "%s is not a regular file", path);
	const char *slash = strrchr(target, '/');
	int dir_n = slash ? (int)(slash - target) : 0;
	og_auto_buf struct og_buf dir = OG_BUF_INIT(PATH_MAX);
	og_auto_buf struct og_buf temp = OG_BUF_INIT(PATH_MAX);
	og_buf_fmt(&dir, "%.*s", slash ? dir_n + (dir_n == 0) : 1, slash ? target : ".");
	if (dir.failed)
		return og_err_set(
			err, OG_E_OOM, "%s: out of memory, or the path is too long", path);
	int fd = open_temp(&temp, dir.p, exists ? 0600 : mode_if_new);
	if (fd < 0)
		return sys_error(err, errno, "creating a temporary file beside", path);
	rc = fill_temp(fd, path, exists ? &st : NULL, p, n, err);
	if (close(fd) != 0 && rc == 0)
		rc = og_err_sys(err, errno, "writing %s", path);
	if (rc == 0 && rename(temp.p, target) != 0)
		rc = og_err_sys(err, errno, "replacing %s", path);
	if (rc)
		(void)unlink(temp.p);
	else
		sync_folder(dir.p);
	return rc;
}

int og_fs_is_dir(const char *path, struct og_err *err)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return sys_error(err, errno, "looking at", path);
	return S_ISDIR(st.st_mode) ? 1 : 0;
}

void og_fs_list_fini(struct og_fs_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		og_free(l->paths[i]);
	og_free(l->paths);
	*l = (struct og_fs_list)OG_FS_LIST_INIT;
}

static int list_add(struct og_fs_list *l, char **path_take, struct og_err *err)
{
	if (l->n == l->cap_) {
		size_t cap = l->cap_ ? l->cap_ * 2 : 16;
		char **paths = og_realloc(l->paths, cap, sizeof(*paths));
		if (!paths)
			return og_err_set(err, OG_E_OOM, "out of memory while listing files");
		l->paths = paths;
		l->cap_ = cap;
	}
	l->paths[l->n++] = og_take(*path_take);
	return 0;
}

static bool wanted(const char *name, const char *const *suffixes)
{
	if (!suffixes)
		return true;
	for (; *suffixes; suffixes++)
		if (og_sv_ends(og_svz(name), og_svz(*suffixes)))
			return true;
	return false;
}

static char *join(const char *dir, const char *name)
{
	struct og_buf b = OG_BUF_INIT(PATH_MAX);
	size_t n = strlen(dir);
	og_buf_fmt(&b, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
	char *path = og_buf_take(&b);
	og_buf_fini(&b);
	return path;
}

/* One folder: files go to `files`, subfolders to `dirs`. */
static int list_one(const char *dir, const struct og_fs_list_options *o, struct og_fs_list *files,
	struct og_fs_list *dirs, struct og_err *err)
{
	size_t max = o->max_files ? o->max_files : OG_FS_MAX_FILES;
	DIR *d = opendir(dir);
	if (!d)
		return sys_error(err, errno, "opening the folder", dir);
	int rc = 0;
	while (rc == 0) {
		errno = 0;
		struct dirent *e = readdir(d);
		if (!e) {
			if (errno)
				rc = og_err_sys(err, errno, "reading the folder %s", dir);
			break;
		}
		if (e->d_name[0] == '.')
			continue;
		og_auto_free char *path = join(dir, e->d_name);
		if (!path) {
			rc = og_err_set(err, OG_E_OOM, "%s: out of memory or too long a path", dir);
			break;
		}
		struct stat lst, st;
		if (lstat(path, &lst) != 0 || stat(path, &st) != 0)
			continue; /* gone meanwhile, or a dangling link */
		if (S_ISDIR(lst.st_mode) && o->recursive)
			rc = list_add(dirs, &path, err);
		else if (S_ISREG(st.st_mode) && wanted(e->d_name, o->suffixes))
			rc = files->n < max ? list_add(files, &path, err)
					    : og_err_set(err, OG_E_LIMIT,
						      "%s holds more than %zu files", dir, max);
	}
	(void)closedir(d);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int og_fs_walk_(const char *root, const struct og_fs_list_options *o, struct og_fs_list *ret_files,
	struct og_fs_list *ret_dirs, struct og_err *err)
{
	og_auto_fs_list struct og_fs_list files = OG_FS_LIST_INIT;
	og_auto_fs_list struct og_fs_list dirs = OG_FS_LIST_INIT;
	int rc = list_one(root, o, &files, &dirs, err);
	/* breadth first; `level_end` marks where the next level begins */
	size_t level_end = dirs.n;
	unsigned depth = 1;
	for (size_t i = 0; rc == 0 && i < dirs.n; i++) {
		if (i == level_end) {
			level_end = dirs.n;
			depth++;
		}
		if (depth > OG_FS_MAX_DEPTH || dirs.n > OG_FS_MAX_FILES)
			rc = og_err_set(err, OG_E_LIMIT,
				"%s holds too many folders, or deeper than %d", root,
				OG_FS_MAX_DEPTH);
		else
			rc = list_one(dirs.paths[i], o, &files, &dirs, err);
	}
	if (rc)
		return rc;
	if (files.n)
		qsort(files.paths, files.n, sizeof(*files.paths), by_name);
	*ret_files = files;
	files = (struct og_fs_list)OG_FS_LIST_INIT;
	if (ret_dirs) {
		*ret_dirs = dirs;
		dirs = (struct og_fs_list)OG_FS_LIST_INIT;
	}
	return 0;
}

int og_fs_list(const char *root, const struct og_fs_list_options *o, struct og_fs_list *ret,
	struct og_err *err)
{
	return og_fs_walk_(root, o, ret, NULL, err);
}
