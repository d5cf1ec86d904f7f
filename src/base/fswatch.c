/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching content. inotify only says when to look; what changed is told by a digest. All watches
 * are renewed at each look, because folders come and go (a ConfigMap swap replaces them).
 */
#include "fs-priv.h"
#include "otelgate/base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

struct og_fs_watch {
	int fd; /* inotify, or -1 */
	size_t max_file_bytes;
	struct og_fs_list paths; /* as given by the caller */
	unsigned char base[OG_SHA256_BYTES];
};

enum {
	EVENTS = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_ATTRIB |
		 IN_DELETE_SELF | IN_MOVE_SELF | IN_MODIFY,
};

struct og_fs_watch *og_fs_watch_new(size_t max_file_bytes, struct og_err *err)
{
	struct og_fs_watch *w = og_calloc(1, sizeof(*w));
	if (!w) {
		(void)og_err_set(err, OG_E_OOM, "out of memory for a file watcher");
		return NULL;
	}
	w->max_file_bytes = max_file_bytes;
	/* a failure (limit of instances, no inotify) leaves the caller's periodic look */
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return w;
}

void og_fs_watch_free(struct og_fs_watch *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		(void)close(w->fd);
	og_fs_list_fini(&w->paths);
	og_free(w);
}

int og_fs_watch_fd(const struct og_fs_watch *w)
{
	return w->fd;
}

static void watch_folder(struct og_fs_watch *w, const char *dir)
{
	if (w->fd >= 0) /* adding the same folder again renews the same watch */
		(void)inotify_add_watch(w->fd, dir, EVENTS | IN_ONLYDIR);
}

/* The folder that holds `path`; of a missing one, the nearest that exists. */
static void watch_parent(struct og_fs_watch *w, const char *path)
{
	char dir[PATH_MAX];
	size_t n = strlen(path);
	if (n >= sizeof(dir))
		return;
	memcpy(dir, path, n + 1);
	for (;;) {
		char *slash = strrchr(dir, '/');
		if (!slash) {
			watch_folder(w, ".");
			return;
		}
		slash[slash == dir] = '\0';
		struct stat st;
		if (stat(dir, &st) == 0 || slash == dir) {
			watch_folder(w, dir);
			return;
		}
	}
}

/* A link's target may change in a folder of its own. */
static void watch_file(struct og_fs_watch *w, const char *path)
{
	watch_parent(w, path);
	char *real = realpath(path, NULL);
	if (real)
		watch_parent(w, real);
	free(real);
}

static const struct og_fs_list_options everything = {.recursive = true};

/*
 * Watches the folder and all below. This comes before the files are read: what appears later in any
 * of them makes an event. A folder that appears meanwhile makes one in its parent.
 */
static void watch_tree(struct og_fs_watch *w, const char *root)
{
	og_auto_fs_list struct og_fs_list files = OG_FS_LIST_INIT;
	og_auto_fs_list struct og_fs_list dirs = OG_FS_LIST_INIT;
	watch_folder(w, root);
	if (og_fs_walk_(root, &everything, &files, &dirs, NULL) != 0)
		return;
	for (size_t i = 0; i < dirs.n; i++)
		watch_folder(w, dirs.paths[i]);
}

static int digest_file(
	const struct og_fs_watch *w, const char *path, struct og_sha256 *h, struct og_err *err)
{
	struct og_buf b = OG_BUF_INIT(w->max_file_bytes + 1);
	int rc = og_fs_read(path, w->max_file_bytes, &b, NULL);
	og_sha256_part(h, og_svz(path));
	if (rc == 0)
		og_sha256_part(h, og_buf_view(&b));
	else
		og_sha256_part(h, og_svz(og_code_name((enum og_code) - rc)));
	og_buf_fini(&b);
	if (rc == -(int)OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "out of memory while looking at %s", path);
	return 0;
}

static int look_one(
	struct og_fs_watch *w, const char *path, struct og_sha256 *h, struct og_err *err)
{
	int is_dir = og_fs_is_dir(path, NULL);
	watch_file(w, path);
	if (is_dir != 1)
		return digest_file(w, path, h, err);
	watch_tree(w, path);
	og_auto_fs_list struct og_fs_list files = OG_FS_LIST_INIT;
	int rc = og_fs_list(path, &everything, &files, err);
	if (rc == -(int)OG_E_OOM)
		return rc;
	og_sha256_part(h, og_svz(og_code_name((enum og_code) - rc)));
	for (size_t i = 0; i < files.n; i++) {
		watch_file(w, files.paths[i]);
		rc = digest_file(w, files.paths[i], h, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int look(struct og_fs_watch *w, unsigned char out[OG_SHA256_BYTES], struct og_err *err)
{
	og_auto_sha256 struct og_sha256 h;
	og_sha256_init(&h);
	for (size_t i = 0; i < w->paths.n; i++) {
		int rc = look_one(w, w->paths.paths[i], &h, err);
		if (rc)
			return rc;
	}
	return og_sha256_final(&h, out, err);
}

int og_fs_watch_add(struct og_fs_watch *w, const char *path, struct og_err *err)
{
	char *copy = og_strdup(path);
	char **paths = og_realloc(w->paths.paths, w->paths.n + 1, sizeof(*paths));
	if (paths)
		w->paths.paths = paths;
	if (!copy || !paths) {
		og_free(copy);
		return og_err_set(err, OG_E_OOM, "out of memory for watching %s", path);
	}
	w->paths.paths[w->paths.n++] = copy;
	unsigned char now[OG_SHA256_BYTES];
	int rc = look(w, now, err);
	if (rc) {
		og_free(w->paths.paths[--w->paths.n]);
		return rc;
	}
	memcpy(w->base, now, sizeof(now));
	return 0;
}

static bool drain(struct og_fs_watch *w)
{
	_Alignas(struct inotify_event) char events[4096];
	bool any = false;
	while (w->fd >= 0) {
		ssize_t n = read(w->fd, events, sizeof(events));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		any = true;
	}
	return any;
}

int og_fs_watch_check(struct og_fs_watch *w, bool force, bool *ret_changed, struct og_err *err)
{
	*ret_changed = false;
	if (!drain(w) && !force)
		return 0;
	unsigned char now[OG_SHA256_BYTES];
	int rc = look(w, now, err);
	if (rc)
		return rc;
	*ret_changed = memcmp(w->base, now, sizeof(now)) != 0;
	memcpy(w->base, now, sizeof(now));
	return 0;
}
