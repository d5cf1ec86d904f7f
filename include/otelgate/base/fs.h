/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Files: capped reading, atomic writing, sorted listing, watching.
 * Nothing here asks for a size first: what is read is what one descriptor gave until its end.
 */
#include <stddef.h>
#include <stdbool.h>
#include "otelgate/base/digest.h"
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

/*
 * Appends the whole content to `out`. -OG_E_LIMIT when it is longer than max_bytes (or than the
 * buffer's own cap), -OG_E_NOT_FOUND, -OG_E_IO (a folder, no permission, ...), -OG_E_OOM. On
 * failure `out` is as it was before. FIFOs and /dev/stdin work.
 */
int og_fs_read(const char *path, size_t max_bytes, struct og_buf *out, struct og_err *err);
/* The same on an open descriptor, which stays open; `name` is for messages ("standard input"). */
int og_fs_read_fd(
	int fd, const char *name, size_t max_bytes, struct og_buf *out, struct og_err *err);

/*
 * Replaces the file's content so that a reader or a crash sees the old or the new bytes, never a
 * part: temporary file in the same folder, fsync, rename, fsync of the folder. An existing file
 * keeps mode and (where permitted) owner; a new one gets mode_if_new less the umask. A symbolic
 * link stays, its target is replaced. On failure (ENOSPC, read-only folder, not a regular file)
 * nothing changes and no temporary file remains.
 */
int og_fs_write_atomic(
	const char *path, const void *p, size_t n, unsigned mode_if_new, struct og_err *err);
/* Writes all bytes, repeating after EINTR and short writes. */
int og_fs_write_all(int fd, const char *name, const void *p, size_t n, struct og_err *err);

/* Sorted list of paths (byte order of the whole path). */
struct og_fs_list {
	char **paths;
	size_t n, cap_;
};
#define OG_FS_LIST_INIT       \
	{                     \
		.paths = NULL \
	}
void og_fs_list_fini(struct og_fs_list *l);
#define og_auto_fs_list __attribute__((cleanup(og_fs_list_fini)))

enum { OG_FS_MAX_DEPTH = 32, OG_FS_MAX_FILES = 100000 };
struct og_fs_list_options {
	const char *const *suffixes; /* ".yaml", …, ended by NULL; NULL = all regular files */
	bool recursive;
	size_t max_files; /* 0 = OG_FS_MAX_FILES */
};
/*
 * Regular files under the folder `root`, as root/sub/name. Names that begin with '.' are left out:
 * editors' and Kubernetes' own (..data, ..2024_01_01_…). Links to files are followed, links to
 * folders are not, so no cycle is possible. -OG_E_LIMIT beyond max_files or OG_FS_MAX_DEPTH.
 */
int og_fs_list(const char *root, const struct og_fs_list_options *o, struct og_fs_list *ret,
	struct og_err *err);

/* 1 a folder, 0 something else, or -OG_E_NOT_FOUND / -OG_E_IO. Follows links. */
int og_fs_is_dir(const char *path, struct og_err *err);

/*
 * Watcher: tells that the *content* of some files or folders changed. The folder that holds a file
 * is watched, not the file, so that renames over it and the Kubernetes ConfigMap/Secret swap of the
 * `..data` link are seen; so is the folder of a link's target. Events only trigger a look: changed
 * means that the SHA-256 over names and contents differs from the last look, so a touch or an
 * atomic rewrite of the same bytes is no change.
 *
 *	poll({og_fs_watch_fd(w)}, 10 s) → og_fs_watch_check(w, timed_out, &changed, &err)
 *
 * Where inotify is not to be had (limits, some network file systems) the descriptor is -1 or stays
 * silent; the caller's look every 10 seconds with force = true is then the whole mechanism.
 * One thread.
 */
struct og_fs_watch;
enum { OG_FS_WATCH_POLL_MS = 10000 };

/* `max_file_bytes`: larger files count as "too large", whatever they hold. */
struct og_fs_watch *og_fs_watch_new(size_t max_file_bytes, struct og_err *err);
void og_fs_watch_free(struct og_fs_watch *w); /* NULL is fine */
/* A file or a folder (recursive), which may not exist yet. Its present content is the base. */
int og_fs_watch_add(struct og_fs_watch *w, const char *path, struct og_err *err);
int og_fs_watch_fd(const struct og_fs_watch *w);
/*
 * Reads all pending events; when there were any, or with `force`, looks at the files and sets
 * *ret_changed. Unreadable or missing files are content of their own kind, so that going away
 * and coming back are changes.
 */
int og_fs_watch_check(struct og_fs_watch *w, bool force, bool *ret_changed, struct og_err *err);
