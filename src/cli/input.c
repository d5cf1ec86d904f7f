/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files, folders and standard input. */
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "input-priv.h"

/*
 * A stream of some 20,000 injected workloads. As many values as manifests hold (one in 6 to 30
 * bytes)
 * and some more; what aliases expand to counts, so that a small text stays a small one.
 */
enum { FILE_MAX_BYTES = 64000000, NODES_LEAST = 200000, BYTES_PER_NODE = 4 };

const struct og_jlimits og_own_json = {
	.max_bytes = 1u << 30, .max_depth = 1000, .max_tokens = (1u << 28) - 1};

static int add(struct og_cli *cli, struct og_inputs *l, const char *path, struct og_err *err)
{
	if ((l->n & (l->n - 1)) == 0) {
		size_t cap = l->n ? l->n * 2 : 1;
		struct og_input *v = og_arena_new_n(cli->arena, cap, struct og_input);
		if (!v)
			return og_err_set(err, OG_E_OOM, "out of memory");
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
	}
	const char *name = path ? og_arena_strndup(cli->arena, path, strlen(path)) : "<stdin>";
	if (!name)
		return og_err_set(err, OG_E_OOM, "out of memory");
	l->v[l->n++] = (struct og_input){.path = path ? name : NULL, .name = name};
	return 0;
}

static int add_folder(struct og_cli *cli, struct og_inputs *l, const char *path, struct og_err *err)
{
	static const char *const suffixes[] = {".yaml", ".yml", ".json", NULL};
	const struct og_fs_list_options o = {.suffixes = suffixes, .recursive = true};
	struct og_fs_list files og_auto_fs_list = OG_FS_LIST_INIT;
	int rc = og_fs_list(path, &o, &files, err);
	if (rc != 0)
		return rc;
	if (files.n == 0)
		return og_err_set(err, OG_E_NOT_FOUND,
			"%s: the folder holds no *.yaml, *.yml or *.json file", path);
	for (size_t i = 0; i < files.n && rc == 0; i++)
		rc = add(cli, l, files.paths[i], err);
	return rc;
}

static int collect(
	struct og_cli *cli, const struct og_strs *files, struct og_inputs *l, struct og_err *err)
{
	bool seen_stdin = false;
	for (size_t i = 0; i < files->n; i++) {
		const char *f = files->v[i];
		int rc;
		if (strcmp(f, "-") == 0) {
			if (seen_stdin)
				return og_err_set(err, OG_E_USAGE,
					"standard input (-) can be read only once");
			seen_stdin = true;
			rc = add(cli, l, NULL, err);
		} else {
			/* What is missing is said when it is read, with the others read first. */
			rc = og_fs_is_dir(f, NULL) == 1 ? add_folder(cli, l, f, err)
							: add(cli, l, f, err);
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int read_one(struct og_cli *cli, struct og_input *in, struct og_err *err)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(FILE_MAX_BYTES + 1);
	int rc = in->path ? og_fs_read(in->path, FILE_MAX_BYTES, &b, err)
			  : og_fs_read_fd(cli->in_fd, in->name, FILE_MAX_BYTES, &b, err);
	if (rc != 0)
		return rc;
	in->text = og_arena_sv(cli->arena, og_buf_view(&b));
	if (!in->text.p)
		return og_err_set(err, OG_E_OOM, "out of memory");
	struct og_source_limits lim = {
		.max_bytes = FILE_MAX_BYTES, .max_nodes = (uint32_t)in->text.n / BYTES_PER_NODE};
	if (lim.max_nodes < NODES_LEAST)
		lim.max_nodes = NODES_LEAST;
	rc = og_source_parse(&in->source, cli->arena, in->text, in->name, &lim, err);
	if (rc != 0)
		return rc;
	in->docs = og_arena_new_n(cli->arena, in->source.ndocs + 1, struct og_in_doc);
	if (!in->docs)
		return og_err_set(err, OG_E_OOM, "out of memory");
	for (uint32_t i = 0; i < in->source.ndocs && rc == 0; i++) {
		in->docs[i].src = &in->source.docs[i];
		in->docs[i].input = in;
		rc = og_in_doc_objects(&in->docs[i], cli->arena, err);
	}
	in->ndocs = in->source.ndocs;
	return rc;
}

int og_inputs_read(
	struct og_cli *cli, const struct og_strs *files, struct og_inputs *ret, struct og_err *err)
{
	static const char *dash = "-";
	struct og_strs standard = {&dash, 1};
	struct og_inputs l = {NULL, 0, false};
	if (files->n == 0) {
		if (isatty(cli->in_fd) == 1)
			return og_err_set(err, OG_E_USAGE,
				"nothing to read: name files with -f FILE, or pipe manifests in");
		files = &standard;
	}
	int rc = collect(cli, files, &l, err);
	for (size_t i = 0; i < l.n && rc == 0; i++) {
		struct og_err why = OG_ERR_INIT;
		if (read_one(cli, &l.v[i], &why) == 0)
			continue;
		if (why.code == OG_E_OOM) {
			rc = og_err_set(err, OG_E_OOM, "%s: out of memory", l.v[i].name);
			break;
		}
		og_cli_error(cli, "%s", why.msg);
		l.v[i].failed = true;
		l.failed = true;
	}
	if (rc == 0)
		*ret = l;
	return rc;
}

int og_inputs_read_quiet(
	struct og_cli *cli, const struct og_strs *files, struct og_inputs *ret, struct og_err *err)
{
	struct og_inputs l = {NULL, 0, false};
	int rc = collect(cli, files, &l, err);
	for (size_t i = 0; i < l.n && rc == 0; i++)
		rc = read_one(cli, &l.v[i], err);
	if (rc == 0)
		*ret = l;
	return rc;
}
