/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: their life, and the reading of configuration. */
#include "otelgate/webhook/snapshot.h"

#include "otelgate/base/digest.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "snapshot-priv.h"

static const char *const suffixes[] = {".yaml", ".yml", ".json", NULL};

struct og_snapshot *og_snapshot_ref(struct og_snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs_, 1, memory_order_relaxed);
	return s;
}

void og_snapshot_unref(struct og_snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs_, 1, memory_order_acq_rel) != 1)
		return;
	og_arena_fini(&s->arena);
	og_free(s);
}

void og_snapshot_unref_ptr_(struct og_snapshot **s)
{
	og_snapshot_unref(*s);
}

struct og_snapshot *og_snapshot_get(struct og_snapshot_cell *c)
{
	pthread_mutex_lock(&c->lock_);
	struct og_snapshot *s = c->cur_ ? og_snapshot_ref(c->cur_) : NULL;
	pthread_mutex_unlock(&c->lock_);
	return s;
}

void og_snapshot_set(struct og_snapshot_cell *c, struct og_snapshot *take)
{
	pthread_mutex_lock(&c->lock_);
	struct og_snapshot *old = c->cur_;
	c->cur_ = take;
	pthread_mutex_unlock(&c->lock_);
	og_snapshot_unref(old);
}

struct og_snapshot *snapshot_new(void)
{
	struct og_snapshot *s = og_calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	atomic_init(&s->refs_, 1);
	og_arena_init(&s->arena, 0, OG_SNAPSHOT_ARENA_BYTES);
	return s;
}

static int add_file(struct snapshot_texts *t, const char *path, struct og_arena *a,
	struct og_sha256 *hash, struct og_err *err)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(OG_SNAPSHOT_FILE_BYTES);
	int r;

	if (t->n == OG_SNAPSHOT_FILES)
		return og_err_set(err, OG_E_LIMIT, "more than %d files", OG_SNAPSHOT_FILES);
	r = og_fs_read(path, OG_SNAPSHOT_FILE_BYTES, &b, err);
	if (r < 0)
		return r;
	if (t->n == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 16;
		struct og_config_input *v =
			og_arena_grow(a, t->v, t->cap * sizeof(t->v[0]), cap * sizeof(t->v[0]));
		if (!v)
			return og_err_set(err, OG_E_OOM, "reading %s", path);
		t->v = v;
		t->cap = cap;
	}
	char *name = og_arena_strndup(a, path, strlen(path));
	char *text = og_arena_strndup(a, og_buf_view(&b).p, b.len);
	if (!name || !text)
		return og_err_set(err, OG_E_OOM, "reading %s", path);
	og_sha256_part(hash, og_svz(name));
	og_sha256_part(hash, og_sv(text, b.len));
	t->v[t->n++] = (struct og_config_input){.name = name, .text = og_sv(text, b.len)};
	return 0;
}

static int add_path(struct snapshot_texts *t, const char *path, struct og_arena *a,
	struct og_sha256 *hash, struct og_err *err)
{
	static const struct og_fs_list_options all = {
		.suffixes = suffixes, .recursive = true, .max_files = OG_SNAPSHOT_FILES};
	og_auto_fs_list struct og_fs_list list = OG_FS_LIST_INIT;
	int r = og_fs_is_dir(path, err);

	if (r <= 0)
		return r < 0 ? r : add_file(t, path, a, hash, err);
	r = og_fs_list(path, &all, &list, err);
	for (size_t i = 0; i < list.n && r == 0; i++)
		r = add_file(t, list.paths[i], a, hash, err);
	return r;
}

int snapshot_read_texts(struct og_snapshot *s, const char *const *paths, size_t npaths,
	struct snapshot_texts *ret, struct og_err *err)
{
	og_auto_sha256 struct og_sha256 hash = {0};
	unsigned char md[OG_SHA256_BYTES];
	int r = 0;

	og_sha256_init(&hash);
	*ret = (struct snapshot_texts){0};
	for (size_t i = 0; i < npaths && r == 0; i++)
		r = add_path(ret, paths[i], &s->arena, &hash, err);
	if (r == 0)
		r = og_sha256_final(&hash, md, err);
	if (r < 0)
		return r;
	og_hex(s->hash, md, sizeof(md));
	s->files = og_arena_new_n(&s->arena, ret->n ? ret->n : 1, const char *);
	if (!s->files)
		return og_err_set(err, OG_E_OOM, "reading %u files", ret->n);
	for (uint32_t i = 0; i < ret->n; i++)
		s->files[i] = ret->v[i].name;
	s->nfiles = ret->n;
	return 0;
}

int og_snapshot_load_config(const char *const *paths, size_t npaths, struct og_snapshot **ret,
	struct og_buf *problems, struct og_err *err)
{
	og_auto_snapshot struct og_snapshot *s = snapshot_new();
	struct og_config_report report = {0};
	struct snapshot_texts texts;

	if (!s)
		return og_err_set(err, OG_E_OOM, "reading the configuration");
	int r = snapshot_read_texts(s, paths, npaths, &texts, err);
	if (r < 0)
		return r;
	r = og_config_read(&s->arena, texts.v, texts.n, &s->config, &report);
	for (uint32_t i = 0; i < report.n; i++) {
		og_config_problem_text(&report.v[i], problems);
		if (problems->len == 0 || problems->p[problems->len - 1] != '\n')
			og_buf_ch(problems, '\n');
	}
	if (r == -OG_E_OOM)
		return og_err_set(err, OG_E_OOM, "reading the configuration");
	if (r < 0)
		return og_err_set(err, OG_E_CONFIG, "%u error%s in %u configuration file%s",
			report.nerrors, report.nerrors == 1 ? "" : "s", texts.n,
			texts.n == 1 ? "" : "s");
	s->nwarnings = report.nwarnings;
	*ret = og_take(s);
	return 0;
}
