/* SPDX-License-Identifier: Apache-2.0 */
/* One workload looked at: what it is to be, what runs, what to say, what to write. */
#include <stdio.h>
#include "workloads-priv.h"

enum {
	ARENA_BYTES = 256 << 20,
	SHARE = 20, /* a pass takes at most one part in so many of the time: large workloads */
	AGAIN_MS = 30000, /* a rollout that moves is looked at though nothing happens */
	MARK_BYTES = 64 << 10,
};

/* ---- the entry ---- */

void workload_entry_free(struct workload_entry *e)
{
	if (!e)
		return;
	og_free(e->w);
	arrival_fini(&e->arrival);
	og_free(e->refused);
	og_free(e);
}

struct workload_entry *workload_entry_of(struct controller *c, struct og_sv key)
{
	return og_map_get(&c->workloads->map, key);
}

/* Every string of a workload. */
static void strings_of(struct workload *w, struct og_sv *ret[], size_t *n)
{
	struct og_sv *all[] = {&w->ns, &w->group, &w->kind, &w->name, &w->uid, &w->key,
		&w->api_version, &w->profile, &w->stack, &w->detail, &w->secret_name,
		&w->selector_json, &w->template_labels_json, &w->rollout.message, &w->rollout.fix,
		&w->rollout.pod, &w->rollout.container, &w->mixed.message, &w->mixed.fix,
		&w->mixed.pod, &w->mixed.container, &w->restart_json, &w->blame_message,
		&w->blame_fix};

	memcpy(ret, all, sizeof(all));
	*n = OG_COUNT(all);
}
enum { STRINGS_MAX = 32 };

/* A copy in one block. */
static struct workload *keep(const struct workload *found)
{
	struct workload copy = *found;
	struct og_sv *s[STRINGS_MAX];
	size_t n, bytes = sizeof(copy);

	strings_of(&copy, s, &n);
	for (size_t i = 0; i < n; i++)
		bytes += s[i]->n + 1;
	struct workload *w = og_malloc(bytes);
	if (!w)
		return NULL;
	char *at = (char *)(w + 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i]->n)
			memcpy(at, s[i]->p, s[i]->n);
		at[s[i]->n] = '\0';
		s[i]->p = at;
		at += s[i]->n + 1;
	}
	*w = copy;
	return w;
}

/* What the other parts decide by. */
static uint64_t mark_of(const struct workload *w)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(MARK_BYTES);
	const struct og_sv texts[] = {w->uid, w->profile, w->stack, w->detail, w->secret_name,
		w->selector_json, w->template_labels_json, w->restart_json};
	const uint64_t numbers[] = {w->config_generation, w->injects, (uint64_t)w->reason,
		w->required, w->uses_secret, (uint64_t)w->restart_mode, w->netpol_off, w->pods,
		w->held_back, (uint64_t)w->rollout.state, (uint64_t)(uintptr_t)w->rollout.reason,
		(uint64_t)(uintptr_t)w->mixed.reason, w->blamed, w->paused,
		(uint64_t)w->newest_old_s};

	for (size_t i = 0; i < OG_COUNT(texts); i++) {
		if (texts[i].n)
			og_buf_sv(&b, texts[i]);
		og_buf_ch(&b, '\0');
	}
	og_buf_str(&b, w->revision);
	og_buf_add(&b, numbers, sizeof(numbers));
	og_buf_add(&b, w->classes, sizeof(w->classes));
	return og_hash64(0, og_buf_view(&b)) ^ b.failed;
}

static void tell_parts(struct controller *c, const struct workload *w, bool gone)
{
	for (int i = 0; i < PART_COUNT_; i++)
		if (controller_parts[i].workload_changed)
			controller_parts[i].workload_changed(c, w, gone);
}

static void forget(struct controller *c, struct og_sv key)
{
	struct workload_entry *e = og_map_remove(&c->workloads->map, key);

	if (e && e->w)
		tell_parts(c, e->w, true);
	workload_entry_free(e);
	workloads_count_soon(c);
}

static struct workload_entry *entry_for(struct pass *p)
{
	struct og_map_entry *m = og_map_put(&p->c->workloads->map, p->key, NULL);

	if (m && !m->value)
		m->value = og_calloc(1, sizeof(struct workload_entry));
	if (m && !m->value)
		(void)og_map_remove(&p->c->workloads->map, p->key);
	return m ? m->value : NULL;
}

/* ---- looking ---- */

struct og_look pass_look(const struct pass *p)
{
	return (struct og_look){.cluster = p->c->cluster,
		.config = p->config ? p->config->config : NULL,
		.arena = p->arena,
		.ns = p->ref.ns,
		.group = p->ref.group,
		.kind = p->ref.kind,
		.name = p->ref.name};
}

static bool look(struct pass *p)
{
	const struct og_look l = pass_look(p);

	return og_look_find(&l, &p->kind, &p->record, &p->extra);
}

static void name_it(struct pass *p)
{
	const struct og_look l = pass_look(p);
	struct workload *w = &p->found;

	w->ns = p->ref.ns;
	w->group = p->ref.group;
	w->kind = p->ref.kind;
	w->name = p->ref.name;
	w->key = p->key;
	w->uid = p->record.uid;
	w->generation = p->extra.generation;
	w->config_generation = p->config ? p->config->generation : 0;
	w->api_version = og_look_api_version(&l, p->kind);
	p->has_facts = og_look_facts(&l, &p->extra, &p->facts);
}

static void look_at_status(struct pass *p)
{
	char name[OG_TELEMETRY_NAME_BYTES];
	struct og_record r;
	struct og_store *s =
		og_cluster_store(p->c->cluster, OG_SV("otelgate.dev"), OG_SV(OG_TELEMETRY_KIND));

	p->has_seen =
		og_store_get(s, p->ref.ns, og_telemetry_name(p->ref.kind, p->ref.name, name), &r) &&
		og_telemetry_seen_read(r.extra, &p->seen, NULL) == 0;
	p->status_created_s = p->has_seen ? r.created_s : 0;
}

/* Into the table. False for want of memory: what was found before stays. */
static bool take(struct pass *p)
{
	struct workload *w = keep(&p->found);
	uint64_t mark = mark_of(&p->found);

	if (!w)
		return false;
	og_free(p->entry->w);
	p->entry->w = w;
	if (mark != p->entry->found_mark || !p->entry->found) {
		p->entry->found = true;
		p->entry->found_mark = mark;
		tell_parts(p->c, w, false);
	}
	workloads_count_soon(p->c);
	return true;
}

static int find(struct pass *p, struct og_err *err)
{
	int r = pass_plan(p, err);

	if (r < 0 || !p->opted_in)
		return r;
	if (!(p->entry = entry_for(p)))
		return og_err_set(err, OG_E_OOM, "keeping a workload");
	look_at_status(p);
	if ((r = pass_pods(p, err)) < 0 || (r = pass_judge(p, err)) < 0)
		return r;
	/* Grace and deadlines pass without an event. */
	if (p->result.rollout.state == OG_ROLLOUT_PROGRESSING ||
		p->result.rollout.state == OG_ROLLOUT_UNKNOWN)
		p->again_ms = AGAIN_MS;
	pass_refused(p);
	return take(p) ? 0 : og_err_set(err, OG_E_OOM, "keeping a workload");
}

static void failed(struct controller *c, struct og_sv key, const struct og_err *err)
{
	og_log_limited(OG_SV("pass"), 60000, OG_LOG_ERROR, "controller", "workload",
		og_lf_sv("workload", key), og_lf_err(err));
	controller_done(c, PART_WORKLOADS, key, OG_QUEUE_FAILED, -1);
}

static void work_on(struct pass *p)
{
	struct controller *c = p->c;
	struct og_err err = OG_ERR_INIT;

	if (!look(p)) {
		forget(c, p->key);
		workload_write(c, p->key, &p->ref, OG_SV(""), NULL);
		return;
	}
	name_it(p);
	if (find(p, &err) < 0) {
		failed(c, p->key, &err);
		return;
	}
	if (!p->opted_in) {
		forget(c, p->key);
		workload_write(c, p->key, &p->ref, p->record.uid, NULL);
		return;
	}
	pass_say(p);
	workload_write(c, p->key, &p->ref, p->record.uid, p);
}

void workloads_work(struct controller *c, struct og_sv key)
{
	struct og_arena *arena = &c->workloads->arena;
	struct pass p = {.c = c, .key = key, .arena = arena, .again_ms = -1};
	struct workload_entry *e = workload_entry_of(c, key);
	int64_t begun = og_loop_now_ns(c->loop);
	struct og_sv *strings[STRINGS_MAX];
	size_t n;

	strings_of(&p.found, strings, &n);
	for (size_t i = 0; i < n; i++)
		*strings[i] = OG_SV("");

	if (e && begun < e->not_before_ns) {
		controller_done(c, PART_WORKLOADS, key, OG_QUEUE_OK,
			(e->not_before_ns - begun) / OG_NS_PER_MS + 1);
		return;
	}
	if (!workload_key_split(key, &p.ref)) {
		controller_done(c, PART_WORKLOADS, key, OG_QUEUE_TERMINAL, -1);
		return;
	}
	p.config = og_cluster_config(c->cluster);
	work_on(&p);
	og_cluster_config_unref(p.config);
	og_arena_reset(arena);
	int64_t now = og_loop_now_ns(c->loop);
	/* `key` may be gone: the work on it has ended. The entry is not. */
	if (p.entry)
		p.entry->not_before_ns = now + (now - begun) * SHARE;
}
