/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors and groupings, which the four languages have in common but for their signs. */
#include "query-priv.h"

/* Names that hold the namespace and the service's name, for shards. */
static const char *shard_label(const struct gf_ask *t, bool other)
{
	bool by_name = t->q->shard.key == OG_GF_KEY_SERVICE_NAME;
	if (t->backend == OG_GF_TEMPO)
		return by_name ? "resource.service.name" : "resource.k8s.namespace.name";
	if (by_name)
		return t->backend == OG_GF_PROMETHEUS ? "job" : "service_name";
	return other ? "namespace" : "k8s_namespace_name";
}

static void put_shard(struct gf_ask *t, const char *label)
{
	const struct og_gf_shard *s = &t->q->shard;
	struct og_buf *b = t->text;
	og_buf_str(b, label);
	og_buf_str(b, s->rest ? "!~\"" : "=~\"");
	/* `job` is the namespace and the name of a service */
	if (t->backend == OG_GF_PROMETHEUS && s->key == OG_GF_KEY_SERVICE_NAME)
		og_buf_lit(b, "(.+/)?");
	if (s->nany) {
		og_buf_ch(b, '(');
		for (uint32_t i = 0; i < s->nany; i++) {
			if (i)
				og_buf_ch(b, '|');
			og_gf_put_regexp(b, s->any[i]);
		}
		og_buf_ch(b, ')');
	} else if (s->rest) {
		og_buf_lit(b, "[0-9a-z].*");
	} else {
		og_buf_fmt(b, "[%c-%c].*", s->from, s->to);
	}
	og_buf_ch(b, '"');
}

static bool has_shard(const struct gf_ask *t)
{
	const struct og_gf_shard *s = &t->q->shard;
	return s->nany || s->rest || s->from;
}

void gf_text_matchers(struct gf_ask *t, bool other, const char *more)
{
	static const char *const cluster[OG_GF_COUNT_][2] = {
		[OG_GF_PROMETHEUS] = {"k8s_cluster_name", "cluster"},
		[OG_GF_LOKI] = {"k8s_cluster_name", "cluster"},
		[OG_GF_TEMPO] = {"resource.k8s.cluster.name", "resource.k8s.cluster.name"},
		[OG_GF_PYROSCOPE] = {"k8s_cluster_name", "cluster"},
	};
	struct og_buf *b = t->text;
	const char *and = t->backend == OG_GF_TEMPO ? " && " : ",";
	bool any = false;
	/* series carry it only where it is promoted; what is looked for is unique anyway */
	if (t->q->cluster.n && t->q->ask != OG_GF_PROM_FIND) {
		struct og_sv label = t->q->cluster_label;
		if (!label.n)
			label = og_svz(cluster[t->backend][other]);
		if (t->backend == OG_GF_TEMPO)
			og_buf_sv(b, label);
		else
			gf_put_label(b, label);
		og_buf_ch(b, '=');
		og_gf_put_string(b, t->q->cluster);
		any = true;
	}
	if (has_shard(t)) {
		og_buf_str(b, any ? and : "");
		put_shard(t, shard_label(t, other));
		any = true;
	}
	if (more && *more) {
		og_buf_str(b, any ? and : "");
		og_buf_str(b, more);
		any = true;
	}
	/* these two want something that cannot be empty */
	if (!any && (t->backend == OG_GF_LOKI || t->backend == OG_GF_PYROSCOPE))
		og_buf_lit(b, "service_name=~\".+\"");
}

bool gf_text_has_other(const struct gf_ask *t)
{
	bool by_cluster = t->q->cluster.n && !t->q->cluster_label.n;
	return by_cluster || (has_shard(t) && t->q->shard.key == OG_GF_KEY_K8S_NAMESPACE);
}

void gf_by_init(struct gf_by *by, const struct gf_ask *t, uint32_t keys)
{
	*by = (struct gf_by){.backend = t->backend, .utf8 = t->q->utf8_names};
	by->keys = t->q->by ? t->q->by : keys;
}

const char *gf_by_next(struct gf_by *by)
{
	const struct gf_label *l;
	while ((l = gf_label_at(by->at++))) {
		bool dotted = !og_gf_label_is_plain(og_svz(l->name));
		if (!(l->group & GF_BIT(by->backend)) || !(by->keys & GF_BIT(l->key)))
			continue;
		if (dotted && by->backend == OG_GF_PROMETHEUS && !by->utf8)
			continue;
		return l->name;
	}
	return NULL;
}

void gf_text_by(struct gf_ask *t, uint32_t keys)
{
	struct gf_by by;
	const char *name;
	bool first = true;
	gf_by_init(&by, t, keys);
	og_buf_lit(t->text, "by (");
	while ((name = gf_by_next(&by))) {
		if (!first)
			og_buf_lit(t->text, ", ");
		first = false;
		if (t->backend == OG_GF_TEMPO)
			og_buf_str(t->text, name);
		else
			gf_put_label(t->text, og_svz(name));
	}
	og_buf_ch(t->text, ')');
}

void gf_text_window(struct gf_ask *t)
{
	og_buf_ch(t->text, '[');
	gf_put_duration(t->text, t->window_s);
	og_buf_ch(t->text, ']');
}
