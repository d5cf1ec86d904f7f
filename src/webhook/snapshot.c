/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: their life, and the reading of configuration. */
#include "otelgate/webhook/snapshot.h"

#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/core/config_read.h"
#include "otelgate/webhook/config_files.h"
#include "snapshot-priv.h"

struct og_snapshot *og_snapshot_ref(struct og_snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs_, 1, memory_order_relaxed);
	return s;
}

void og_snapshot_unref(struct og_snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs_, 1, memory_order_acq_rel) != 1)
		return;
	og_cluster_config_unref(s->of_cluster);
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

int snapshot_read_texts(struct og_snapshot *s, const char *const *paths, size_t npaths,
	struct snapshot_texts *ret, struct og_err *err)
{
	static const struct og_files_limits limits = {.file_bytes = OG_SNAPSHOT_FILE_BYTES,
		.total_bytes = OG_SNAPSHOT_ARENA_BYTES,
		.files = OG_SNAPSHOT_FILES,
		.may_be_empty = true};
	og_auto_sha256 struct og_sha256 hash = {0};
	unsigned char md[OG_SHA256_BYTES];
	size_t n = 0;
	int r = og_files_read(&s->arena, paths, npaths, -1, &limits, &ret->v, &n, err);

	if (r < 0)
		return r;
	ret->n = s->nfiles = (uint32_t)n;
	s->files = og_arena_new_n(&s->arena, n ? n : 1, const char *);
	if (!s->files)
		return og_err_set(err, OG_E_OOM, "reading %zu files", n);
	og_sha256_init(&hash);
	for (size_t i = 0; i < n; i++) {
		s->files[i] = ret->v[i].name;
		og_sha256_part(&hash, og_svz(ret->v[i].name));
		og_sha256_part(&hash, ret->v[i].text);
	}
	r = og_sha256_final(&hash, md, err);
	if (r == 0)
		og_hex(s->hash, md, sizeof(md));
	return r;
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

struct og_snapshot *og_snapshot_of_cluster(struct og_cluster_config *take)
{
	struct og_snapshot *s = snapshot_new();

	if (!s) {
		og_cluster_config_unref(take);
		return NULL;
	}
	s->of_cluster = take;
	s->config = take->config;
	s->nobjects = take->nobjects;
	s->nwarnings = take->nwarnings;
	memcpy(s->hash, take->hash, sizeof(s->hash));
	return s;
}
