/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries and Explore links. Quoting is that of Go's strconv.Unquote, which PromQL, LogQL and
 * TraceQL share (prometheus promql/parser/lex.go, loki pkg/logql/syntax, tempo
 * pkg/traceql/lexer.go).
 */
#include "otelgate/core/explore.h"

#include "otelgate/codec/jwrite.h"
#include "otelgate/codec/percent.h"
#include "otelgate/codec/url.h"

#define PROFILE "process_cpu:cpu:nanoseconds:cpu:nanoseconds"

/* Inside double quotes: what is no text or could end a line or the quotes is escaped. */
static void put_escaped(struct og_buf *b, struct og_sv s)
{
	static const char hex[] = "0123456789abcdef";
	bool text = og_utf8_valid(s.p, s.n);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\') {
			og_buf_ch(b, '\\');
			og_buf_ch(b, s.p[i]);
		} else if (c < ' ' || c == 0x7f || (c >= 0x80 && !text)) {
			const char esc[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
			og_buf_add(b, esc, sizeof(esc));
		} else {
			og_buf_ch(b, s.p[i]);
		}
	}
}

static void put_quoted(struct og_buf *b, struct og_sv s)
{
	og_buf_ch(b, '"');
	put_escaped(b, s);
	og_buf_ch(b, '"');
}

struct list {
	struct og_buf *b;
	const char *between;
	bool any;
};

static void put_matcher(struct list *l, const char *label, struct og_sv value)
{
	if (!value.n)
		return;
	if (l->any)
		og_buf_str(l->b, l->between);
	l->any = true;
	og_buf_str(l->b, label);
	og_buf_ch(l->b, '=');
	put_quoted(l->b, value);
}

/* Pods of a workload by the name that theirs begin with: RE2 (google/re2 wiki/Syntax), anchored by
 * Prometheus and Loki; TraceQL anchors too since Tempo 2.7. */
static void put_pods(struct list *l, const char *label, struct og_sv name)
{
	if (!name.n)
		return;
	if (l->any)
		og_buf_str(l->b, l->between);
	l->any = true;
	og_buf_str(l->b, label);
	og_buf_lit(l->b, "=~\"");
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] && strchr("\\.+*?()|[]{}^$", name.p[i]))
			og_buf_lit(l->b, "\\\\");
		put_escaped(l->b, og_sv(name.p + i, 1));
	}
	og_buf_lit(l->b, "(-.+)?\"");
}

static void put_promql(struct og_buf *b, const struct og_explore_target *t)
{
	struct list l = {b, ", ", false};
	og_buf_lit(b, "count by (k8s_pod_name, otelgate_revision) (target_info{");
	if (t->service_name.n) {
		og_buf_lit(b, "job=\"");
		put_escaped(b, t->service_namespace);
		if (t->service_namespace.n)
			og_buf_ch(b, '/');
		put_escaped(b, t->service_name);
		og_buf_ch(b, '"');
		l.any = true;
	} else {
		put_matcher(&l, "k8s_namespace_name", t->ns);
		put_pods(&l, "k8s_pod_name", t->name);
	}
	put_matcher(&l, "k8s_cluster_name", t->cluster);
	put_matcher(&l, "otelgate_revision", t->revision);
	og_buf_lit(b, "})");
}

static void put_traceql(struct og_buf *b, const struct og_explore_target *t)
{
	struct list l = {b, " && ", false};
	og_buf_lit(b, "{ ");
	if (t->service_name.n) {
		put_matcher(&l, "resource.service.namespace", t->service_namespace);
		put_matcher(&l, "resource.service.name", t->service_name);
	} else {
		put_matcher(&l, "resource.k8s.namespace.name", t->ns);
		put_pods(&l, "resource.k8s.pod.name", t->name);
	}
	put_matcher(&l, "resource.k8s.cluster.name", t->cluster);
	put_matcher(&l, "resource.otelgate.revision", t->revision);
	og_buf_lit(b, " }");
}

static void put_logql(struct og_buf *b, const struct og_explore_target *t)
{
	struct list l = {b, ", ", false};
	bool collected = t->route == OG_ROUTE_STDOUT;
	og_buf_ch(b, '{');
	if (collected) { /* labels of the k8s-monitoring chart */
		put_matcher(&l, "namespace", t->ns);
		put_pods(&l, "pod", t->name);
	} else if (t->service_name.n) {
		put_matcher(&l, "service_name", t->service_name);
		put_matcher(&l, "service_namespace", t->service_namespace);
	} else {
		put_matcher(&l, "k8s_namespace_name", t->ns);
	}
	put_matcher(&l, collected ? "cluster" : "k8s_cluster_name", t->cluster);
	og_buf_ch(b, '}');
	if (collected)
		return;
	/* Neither need be an index label: a filter finds both labels and metadata. */
	struct list f = {b, " | ", true};
	if (!t->service_name.n)
		put_pods(&f, "k8s_pod_name", t->name);
	put_matcher(&f, "otelgate_revision", t->revision);
}

static void put_labels(struct og_buf *b, const struct og_explore_target *t)
{
	struct list l = {b, ", ", false};
	og_buf_ch(b, '{');
	if (t->service_name.n) {
		put_matcher(&l, "service_name", t->service_name);
		/* Agents say service_namespace, Alloy namespace: neither is on all. */
	} else {
		put_matcher(&l, "namespace", t->ns);
		put_pods(&l, "pod", t->name);
	}
	og_buf_ch(b, '}');
}

void og_explore_query(enum og_signal signal, const struct og_explore_target *t, struct og_buf *out)
{
	switch (signal) {
	case OG_SIGNAL_METRICS:
		put_promql(out, t);
		return;
	case OG_SIGNAL_TRACES:
		put_traceql(out, t);
		return;
	case OG_SIGNAL_LOGS:
		put_logql(out, t);
		return;
	case OG_SIGNAL_PROFILES:
		og_buf_lit(out, PROFILE);
		put_labels(out, t);
		return;
	case OG_SIGNAL_COUNT_:
	default:
		return;
	}
}

/* What Explore's state wants to know of each kind of data source. */
static const struct {
	const char *language, *type, *suffix, *key, *more;
} kinds[OG_SIGNAL_COUNT_] = {
	[OG_SIGNAL_METRICS] = {"PromQL", "prometheus", "prom", "expr",
		",\"editorMode\":\"code\",\"range\":true,\"instant\":false"},
	[OG_SIGNAL_TRACES] = {"TraceQL", "tempo", "traces", "query",
		",\"queryType\":\"traceql\",\"limit\":20,\"tableType\":\"traces\""},
	[OG_SIGNAL_LOGS] = {"LogQL", "loki", "logs", "expr",
		",\"editorMode\":\"code\",\"queryType\":\"range\""},
	[OG_SIGNAL_PROFILES] = {"Pyroscope", "grafana-pyroscope-datasource", "profiles",
		"labelSelector",
		",\"queryType\":\"both\",\"groupBy\":[],\"profileTypeId\":\"" PROFILE "\""},
};

const char *og_explore_language(enum og_signal signal)
{
	return (unsigned)signal < OG_SIGNAL_COUNT_ ? kinds[signal].language : "?";
}

static void put_time(struct og_buf *b, int64_t s, const char *otherwise)
{
	og_buf_ch(b, '"');
	if (s > 0 && s < INT64_MAX / 1000)
		og_buf_u64(b, (unsigned long long)s * 1000);
	else
		og_buf_str(b, otherwise);
	og_buf_ch(b, '"');
}

/* The pane as Explore keeps it in its address (grafana public/app/features/explore: schemaVersion
 * 1, since Grafana 10). */
static void put_panes(struct og_buf *b, enum og_signal signal, struct og_sv uid, struct og_sv query,
	const struct og_explore_stack *stack)
{
	og_buf_lit(b, "{\"otelgate\":{\"datasource\":");
	og_jw_str(b, uid);
	og_buf_lit(b, ",\"queries\":[{\"refId\":\"A\",\"datasource\":{\"type\":\"");
	og_buf_str(b, kinds[signal].type);
	og_buf_lit(b, "\",\"uid\":");
	og_jw_str(b, uid);
	og_buf_lit(b, "},\"");
	og_buf_str(b, kinds[signal].key);
	og_buf_lit(b, "\":");
	og_jw_str(b, query);
	og_buf_str(b, kinds[signal].more);
	og_buf_lit(b, "}],\"range\":{\"from\":");
	bool fixed = stack->from_s > 0 && stack->to_s > 0;
	put_time(b, fixed ? stack->from_s : 0, "now-1h");
	og_buf_lit(b, ",\"to\":");
	put_time(b, fixed ? stack->to_s : 0, "now");
	og_buf_lit(b, "}}}");
}

static bool uid_fine(struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return false;
	}
	return s.n > 0;
}

static int put_base(struct og_buf *b, struct og_sv url, struct og_err *err)
{
	struct og_url u;
	if (!url.n)
		return 0;
	if (og_url_parse(url, &u, err) || u.has_query || u.has_fragment)
		return og_err_set(err, OG_E_INVALID,
			"the address of Grafana is not an http or https URL without a query");
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	og_buf_sv(b, url);
	return 0;
}

int og_explore_link(enum og_signal signal, const struct og_explore_target *t,
	const struct og_explore_stack *stack, struct og_buf *out, struct og_err *err)
{
	og_auto_buf struct og_buf uid = OG_BUF_INIT(256),
				  query = OG_BUF_INIT(OG_EXPLORE_LINK_BYTES);
	og_auto_buf struct og_buf panes = OG_BUF_INIT(OG_EXPLORE_LINK_BYTES);
	og_auto_buf struct og_buf link = OG_BUF_INIT(OG_EXPLORE_LINK_BYTES);
	if ((unsigned)signal >= OG_SIGNAL_COUNT_)
		return og_err_set(err, OG_E_BUG, "no such signal");
	if (stack->uid[signal].n)
		og_buf_sv(&uid, stack->uid[signal]);
	else if (stack->slug.n)
		og_buf_fmt(
			&uid, "grafanacloud-%.*s-%s", OG_SV_ARG(stack->slug), kinds[signal].suffix);
	if (!uid_fine(og_buf_view(&uid)))
		return og_err_set(err, OG_E_NOT_FOUND,
			"neither spec.slug nor a uid tells the data source of %s",
			og_signal_name(signal));
	int rc = put_base(&link, stack->url, err);
	if (rc)
		return rc;
	if (signal == OG_SIGNAL_PROFILES)
		put_labels(&query, t);
	else
		og_explore_query(signal, t, &query);
	put_panes(&panes, signal, og_buf_view(&uid), og_buf_view(&query), stack);
	og_buf_lit(&link, "/explore?schemaVersion=1&panes=");
	og_percent_encode(&link, og_buf_view(&panes));
	og_buf_fmt(&link, "&orgId=%u", stack->org_id ? stack->org_id : 1);
	if (query.full || panes.full || link.full)
		return og_err_set(err, OG_E_LIMIT, "the link to Explore is longer than %d bytes",
			OG_EXPLORE_LINK_BYTES);
	if (!query.failed && !panes.failed && !link.failed)
		og_buf_sv(out, og_buf_view(&link));
	if (query.failed || panes.failed || link.failed || out->failed)
		return og_err_set(err, OG_E_OOM, "out of memory making a link to Explore");
	return 0;
}
