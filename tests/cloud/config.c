/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, as JSON. */
#include <jansson.h>
#include "cloud/cloud-priv.h"

/* loki pkg/loghttp/push/otlp_config.go: attributes that become index labels by default. */
static const char *const index_labels[] = {"service.name", "service.namespace",
	"service.instance.id", "deployment.environment", "cloud.region", "cloud.availability_zone",
	"container.name", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name",
	"k8s.container.name", "k8s.replicaset.name", "k8s.deployment.name", "k8s.statefulset.name",
	"k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name"};
/* grafana/docker-otel-lgtm docker/prometheus.yaml. */
static const char *const promoted[] = {"service.instance.id", "service.name", "service.namespace",
	"service.version", "cloud.availability_zone", "cloud.region", "container.name",
	"deployment.environment", "deployment.environment.name", "k8s.cluster.name",
	"k8s.container.name", "k8s.cronjob.name", "k8s.daemonset.name", "k8s.deployment.name",
	"k8s.job.name", "k8s.namespace.name", "k8s.node.name", "k8s.pod.name",
	"k8s.replicaset.name", "k8s.statefulset.name", "host.name"};

static void fill(struct cl_words *w, const char *const *v, size_t n)
{
	w->n = 0;
	for (size_t i = 0; i < n && i < OG_COUNT(w->v); i++)
		w->v[w->n++] = og_svz(v[i]);
}

void cl_settings_init(struct og_cloud *c)
{
	struct cl_settings *s = &c->set;

	s->loki_series = 500;
	s->tempo_series = 1000;
	s->prom_series = 100000;
	s->body_bytes = 20 << 20;
	s->prom_old_ms = 3600 * 1000;
	s->prom_future_ms = 600 * 1000;
	s->loki_old_ms = 7LL * 86400 * 1000;
	s->slug = OG_SV(OG_CLOUD_SLUG);
	s->region = OG_SV("prod-sim-0");
	s->status = OG_SV("active");
	s->pipe.forward = true;
	fill(&s->index_labels, index_labels, OG_COUNT(index_labels));
	fill(&s->promote, promoted, OG_COUNT(promoted));
}

struct reading {
	struct og_cloud *c;
	struct og_err *err;
	int rc;
};

static bool wrong(struct reading *r, const char *key, const char *what)
{
	if (!r->rc)
		r->rc = og_err_set(r->err, OG_E_USAGE, "config: %s: %s", key, what);
	return false;
}

static void take_int(struct reading *r, const char *key, const json_t *v, int64_t *to)
{
	if (!json_is_integer(v))
		wrong(r, key, "a whole number is expected");
	else
		*to = json_integer_value(v);
}

static void take_bool(struct reading *r, const char *key, const json_t *v, bool *to)
{
	if (!json_is_boolean(v))
		wrong(r, key, "true or false is expected");
	else
		*to = json_is_true(v);
}

static struct og_sv word(struct reading *r, const char *text)
{
	struct og_sv s = og_arena_sv(&r->c->words, og_svz(text));

	if (!s.p && !r->rc)
		r->rc = og_err_set(r->err, OG_E_OOM, "config");
	return s;
}

static void take_text(struct reading *r, const char *key, const json_t *v, struct og_sv *to)
{
	if (!json_is_string(v))
		wrong(r, key, "a string is expected");
	else
		*to = word(r, json_string_value(v));
}

static void take_words(struct reading *r, const char *key, const json_t *v, struct cl_words *to)
{
	size_t i;
	json_t *x;

	if (!json_is_array(v) || json_array_size(v) > OG_COUNT(to->v)) {
		wrong(r, key, "an array of at most 64 strings is expected");
		return;
	}
	to->n = 0;
	json_array_foreach(v, i, x)
	{
		if (json_is_string(x))
			to->v[to->n++] = word(r, json_string_value(x));
		else
			wrong(r, key, "an array of strings is expected");
	}
}

static void take_pairs(
	struct reading *r, const char *key, const json_t *v, struct cl_attr *to, uint32_t *n)
{
	const char *k;
	json_t *x;

	if (!json_is_object(v) || json_object_size(v) > 32) {
		wrong(r, key, "an object of at most 32 strings is expected");
		return;
	}
	*n = 0;
	json_object_foreach((json_t *)(uintptr_t)v, k, x)
	{
		if (json_is_string(x))
			to[(*n)++] =
				(struct cl_attr){word(r, k), word(r, json_string_value(x)), 's'};
		else
			wrong(r, key, "strings are expected");
	}
}

static void take_delays(struct reading *r, const char *k, const json_t *v)
{
	for (int h = 0; h < OG_CLOUD_HOSTS_; h++)
		if (!strcmp(k, og_cloud_host_name((enum og_cloud_host)h))) {
			take_int(r, k, v, &r->c->set.delay_ms[h]);
			return;
		}
	wrong(r, k, "no such host");
}

static void take_visible(struct reading *r, const char *k, const json_t *v)
{
	struct og_sv s;
	size_t eq;

	for (int h = 0; h < OG_CLOUD_HOSTS_; h++) {
		if (strcmp(k, og_cloud_host_name((enum og_cloud_host)h)) != 0)
			continue;
		s = og_svz(json_string_value(v));
		eq = og_sv_chr(s, '=');
		if (!json_is_string(v) || (s.n && eq == s.n)) {
			wrong(r, k, "\"label=value\" or \"\" is expected");
			return;
		}
		r->c->set.visible[h] = (struct cl_label){{"", 0}, {"", 0}};
		if (s.n) {
			s = word(r, s.p);
			r->c->set.visible[h] = (struct cl_label){
				og_sv(s.p, eq), og_sv(s.p + eq + 1, s.n - eq - 1)};
		}
		return;
	}
	wrong(r, k, "no such host");
}

static void take_limits(struct reading *r, const char *k, const json_t *v)
{
	struct cl_settings *s = &r->c->set;
	const struct {
		const char *key;
		int64_t *to;
	} rows[] = {{"lokiSeries", &s->loki_series}, {"tempoSeries", &s->tempo_series},
		{"promSeries", &s->prom_series}, {"bodyBytes", &s->body_bytes},
		{"promOldMs", &s->prom_old_ms}, {"promFutureMs", &s->prom_future_ms},
		{"lokiOldMs", &s->loki_old_ms}};

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		if (!strcmp(rows[i].key, k)) {
			take_int(r, k, v, rows[i].to);
			return;
		}
	wrong(r, k, "no such limit");
}

static void take_stack(struct reading *r, const char *k, const json_t *v)
{
	struct cl_settings *s = &r->c->set;

	if (!strcmp(k, "slug"))
		take_text(r, k, v, &s->slug);
	else if (!strcmp(k, "regionSlug"))
		take_text(r, k, v, &s->region);
	else if (!strcmp(k, "status"))
		take_text(r, k, v, &s->status);
	else
		wrong(r, k, "not of a stack");
}

static void take_pipeline(struct reading *r, const char *k, const json_t *v)
{
	struct cl_pipeline *p = &r->c->set.pipe;
	int64_t status = 0;

	if (!strcmp(k, "drop")) {
		take_words(r, k, v, &p->drop);
	} else if (!strcmp(k, "dropSignals")) {
		take_words(r, k, v, &p->drop_signals);
	} else if (!strcmp(k, "rename")) {
		take_pairs(r, k, v, p->rename, &p->nrename);
	} else if (!strcmp(k, "k8s")) {
		take_pairs(r, k, v, p->add, &p->nadd);
	} else if (!strcmp(k, "cluster")) {
		take_text(r, k, v, &p->cluster);
	} else if (!strcmp(k, "forward")) {
		take_bool(r, k, v, &p->forward);
	} else if (!strcmp(k, "status")) {
		take_int(r, k, v, &status);
		p->status = (int)status;
	} else {
		wrong(r, k, "not of the pipeline");
	}
}

static void each(struct reading *r, const char *key, const json_t *v,
	void (*take)(struct reading *, const char *, const json_t *))
{
	const char *k;
	json_t *x;

	if (!json_is_object(v))
		wrong(r, key, "an object is expected");
	json_object_foreach((json_t *)(uintptr_t)v, k, x) take(r, k, x);
}

static void take_top(struct reading *r, const char *k, const json_t *v)
{
	static const struct {
		const char *key;
		void (*take)(struct reading *, const char *, const json_t *);
	} rows[] = {{"delayMs", take_delays}, {"limits", take_limits}, {"stack", take_stack},
		{"visible", take_visible}, {"pipeline", take_pipeline}};
	struct cl_settings *s = &r->c->set;

	for (size_t i = 0; i < OG_COUNT(rows); i++)
		if (!strcmp(rows[i].key, k)) {
			each(r, k, v, rows[i].take);
			return;
		}
	if (!strcmp(k, "clockOffsetMs"))
		take_int(r, k, v, &s->clock_offset_ms);
	else if (!strcmp(k, "authText"))
		take_bool(r, k, v, &s->auth_text);
	else if (!strcmp(k, "gatewayProfiles"))
		take_bool(r, k, v, &s->gateway_profiles);
	else if (!strcmp(k, "indexLabels"))
		take_words(r, k, v, &s->index_labels);
	else if (!strcmp(k, "promote"))
		take_words(r, k, v, &s->promote);
	else
		wrong(r, k, "not a setting");
}

int og_cloud_config(struct og_cloud *c, const char *json, struct og_err *err)
{
	json_error_t je;
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, &je);
	struct reading r = {c, err, 0};
	struct cl_settings *before;

	if (!o)
		return og_err_set(err, OG_E_USAGE, "config: line %d: %s", je.line, je.text);
	before = og_malloc(sizeof(*before));
	if (!before) {
		json_decref(o);
		return og_err_set(err, OG_E_OOM, "config");
	}
	pthread_mutex_lock(&c->mu);
	*before = c->set;
	each(&r, "config", o, take_top);
	if (r.rc) /* all of it or nothing */
		c->set = *before;
	pthread_mutex_unlock(&c->mu);
	og_free(before);
	json_decref(o);
	return r.rc;
}
