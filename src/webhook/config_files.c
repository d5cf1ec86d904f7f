/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders into texts. */
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/webhook/config_files.h"

static const char *const suffixes[] = {".yaml", ".yml", ".json", NULL};

const struct og_files_limits og_config_files_limits = {.file_bytes = OG_CONFIG_FILE_MAX_BYTES,
	.total_bytes = OG_CONFIG_TOTAL_MAX_BYTES,
	.files = OG_CONFIG_MAX_FILES};

struct loader {
	struct og_arena *arena;
	const struct og_files_limits *limits;
	struct og_config_input *v;
	size_t n, cap, bytes;
	size_t before; /* files of former paths: within one path there are no two of a name */
};

static bool seen(const struct loader *l, const char *name)
{
	for (size_t i = 0; i < l->before; i++) {
		if (strcmp(l->v[i].name, name) == 0)
			return true;
	}
	return false;
}

static int add(struct loader *l, const char *path, const char *name, int fd, struct og_err *err)
{
	const struct og_files_limits *most = l->limits;
	og_auto_buf struct og_buf text = OG_BUF_INIT(most->file_bytes);
	if (seen(l, name))
		return 0;
	if (l->n == most->files)
		return og_err_set(err, OG_E_LIMIT, "more than %zu files", most->files);
	int rc = fd >= 0 ? og_fs_read_fd(fd, name, most->file_bytes, &text, err)
			 : og_fs_read(path, most->file_bytes, &text, err);
	if (rc)
		return rc;
	l->bytes += text.len;
	if (l->bytes > most->total_bytes)
		return og_err_set(
			err, OG_E_LIMIT, "more than %zu MiB of files", most->total_bytes >> 20);
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct og_config_input *v = og_arena_new_n(l->arena, cap, struct og_config_input);
		if (!v)
			return og_err_set(err, OG_E_OOM, "out of memory");
		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->cap = cap;
	}
	struct og_config_input *in = &l->v[l->n];
	in->name = og_arena_strndup(l->arena, name, strlen(name));
	in->text = og_arena_sv(l->arena, og_buf_view(&text));
	if (!in->name || !in->text.p)
		return og_err_set(err, OG_E_OOM, "out of memory");
	l->n++;
	return 0;
}

static int add_folder(struct loader *l, const char *path, struct og_err *err)
{
	og_auto_fs_list struct og_fs_list files = OG_FS_LIST_INIT;
	const struct og_fs_list_options o = {
		.suffixes = suffixes, .recursive = true, .max_files = l->limits->files};
	int rc = og_fs_list(path, &o, &files, err);
	if (rc)
		return rc;
	if (!files.n && !l->limits->may_be_empty)
		return og_err_set(
			err, OG_E_NOT_FOUND, "%s: no .yaml, .yml or .json file in it", path);
	for (size_t i = 0; i < files.n && !rc; i++)
		rc = add(l, files.paths[i], files.paths[i], -1, err);
	return rc;
}

int og_files_read(struct og_arena *arena, const char *const *paths, size_t npaths, int stdin_fd,
	const struct og_files_limits *limits, const struct og_config_input **ret, size_t *ret_n,
	struct og_err *err)
{
	struct loader l = {.arena = arena, .limits = limits};
	for (size_t i = 0; i < npaths; i++) {
		int rc;
		l.before = l.n;
		if (strcmp(paths[i], "-") == 0) {
			rc = stdin_fd < 0 ? og_err_set(err, OG_E_INVALID,
						    "standard input can't be the configuration")
					  : add(&l, NULL, "<stdin>", stdin_fd, err);
		} else {
			rc = og_fs_is_dir(paths[i], err);
			if (rc == 1)
				rc = add_folder(&l, paths[i], err);
			else if (rc == 0)
				rc = add(&l, paths[i], paths[i], -1, err);
		}
		if (rc)
			return rc;
	}
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}

int og_config_files_read(struct og_arena *arena, const char *const *paths, size_t npaths,
	int stdin_fd, const struct og_config_input **ret, size_t *ret_n, struct og_err *err)
{
	return og_files_read(
		arena, paths, npaths, stdin_fd, &og_config_files_limits, ret, ret_n, err);
}
