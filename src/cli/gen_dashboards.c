/* SPDX-License-Identifier: Apache-2.0 */
/* Dashboards of Grafana from their tables. The JSON model:
 * https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
#include "otelgate/base/mem.h"
#include "otelgate/codec/emit.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/arrival.h"
#include "dashboard-priv.h"

enum { SCHEMA_VERSION = 39, COLUMNS = 24, TEXT_BYTES = 1 << 20 };

static const struct {
	const char *type, *variable;
} sources[DASH_SOURCE_COUNT_] = {
	[DASH_METRICS] = {"prometheus", "datasource"},
	[DASH_LOGS] = {"loki", "logs"},
	[DASH_TRACES] = {"tempo", "traces"},
	[DASH_PROFILES] = {"grafana-pyroscope-datasource", "profiles"},
};

static const char *const kinds[DASH_KIND_COUNT_] = {
	[DASH_ROW] = "row",
	[DASH_STAT] = "stat",
	[DASH_SERIES] = "timeseries",
	[DASH_TABLE] = "table",
	[DASH_MAP] = "table",
	[DASH_LOGS_LIST] = "logs",
	[DASH_TRACES_LIST] = "table",
	[DASH_FLAMES] = "flamegraph",
};

static const char *const options[DASH_KIND_COUNT_] = {
	[DASH_STAT] =
		"{\"reduceOptions\":{\"calcs\":[\"lastNotNull\"],\"fields\":\"\",\"values\":false},"
		"\"colorMode\":\"value\",\"graphMode\":\"area\",\"textMode\":\"auto\"}",
	[DASH_SERIES] =
		"{\"legend\":{\"displayMode\":\"list\",\"placement\":\"bottom\",\"showLegend\":true},"
		"\"tooltip\":{\"mode\":\"multi\",\"sort\":\"desc\"}}",
	[DASH_TABLE] = "{\"showHeader\":true,\"cellHeight\":\"sm\"}",
	[DASH_MAP] = "{\"showHeader\":true,\"cellHeight\":\"sm\"}",
	[DASH_LOGS_LIST] =
		"{\"showTime\":true,\"wrapLogMessage\":true,\"sortOrder\":\"Descending\","
		"\"enableLogDetails\":true}",
	[DASH_TRACES_LIST] = "{\"showHeader\":true,\"cellHeight\":\"sm\"}",
	[DASH_FLAMES] = "{}",
};

static const char *const tones[DASH_TONE_COUNT_] = {
	[DASH_PLAIN] = "{\"color\":\"text\",\"value\":null}",
	[DASH_NONE_IS_GOOD] =
		"{\"color\":\"green\",\"value\":null},{\"color\":\"red\",\"value\":0.0001}",
	[DASH_SHARE] = "{\"color\":\"red\",\"value\":null},{\"color\":\"yellow\",\"value\":0.9},"
		       "{\"color\":\"green\",\"value\":1}",
	[DASH_TIME_LEFT] =
		"{\"color\":\"red\",\"value\":null},{\"color\":\"yellow\",\"value\":86400},"
		"{\"color\":\"green\",\"value\":604800}",
	[DASH_ONE_IS_GOOD] = "{\"color\":\"red\",\"value\":null},{\"color\":\"green\",\"value\":1}",
};

/* How a state is shown; a symbol too, because not everybody tells the colours apart. */
static const struct {
	const char *colour, *symbol;
} states[OG_AR_STATE_COUNT_] = {
	[OG_AR_UNKNOWN] = {"purple", "?"},
	[OG_AR_OFF] = {"text", "–"},
	[OG_AR_WAITING] = {"blue", "…"},
	[OG_AR_NEVER] = {"red", "✗"},
	[OG_AR_STALE] = {"orange", "!"},
	[OG_AR_IDLE] = {"semi-dark-green", "○"},
	[OG_AR_VIA_STDOUT] = {"semi-dark-green", "◐"},
	[OG_AR_FLOWING] = {"green", "●"},
};

static void text(struct og_buf *out, const char *s)
{
	og_jw_str(out, og_svz(s));
}

static void source(struct og_buf *out, enum dash_source s)
{
	og_buf_fmt(out, "\"datasource\":{\"type\":\"%s\",\"uid\":\"${%s}\"}", sources[s].type,
		sources[s].variable);
}

/* ---- queries ---- */

static void metrics_target(
	struct og_buf *out, const struct dash_panel *p, const struct dash_target *t)
{
	bool at_once = p->kind == DASH_TABLE || p->kind == DASH_MAP;

	og_buf_lit(out, ",\"expr\":");
	text(out, t->query);
	og_buf_lit(out, ",\"legendFormat\":");
	text(out, t->legend ? t->legend : "__auto");
	og_buf_str(out, at_once ? ",\"format\":\"table\",\"instant\":true,\"range\":false"
				: ",\"instant\":false,\"range\":true,\"exemplar\":true");
}

static void logs_target(struct og_buf *out, const struct dash_panel *p, const struct dash_target *t)
{
	og_buf_lit(out, ",\"expr\":");
	text(out, t->query);
	og_buf_lit(out, ",\"queryType\":\"range\"");
	if (p->kind == DASH_LOGS_LIST)
		return;
	og_buf_lit(out, ",\"legendFormat\":");
	text(out, t->legend ? t->legend : "");
}

static void traces_target(
	struct og_buf *out, const struct dash_panel *p, const struct dash_target *t)
{
	(void)p;
	og_buf_lit(
		out, ",\"queryType\":\"traceql\",\"limit\":20,\"tableType\":\"traces\",\"query\":");
	text(out, t->query);
}

static void profiles_target(
	struct og_buf *out, const struct dash_panel *p, const struct dash_target *t)
{
	(void)p;
	og_buf_lit(out, ",\"queryType\":\"profile\",\"groupBy\":[],\"profileTypeId\":"
			"\"process_cpu:cpu:nanoseconds:cpu:nanoseconds\",\"labelSelector\":");
	text(out, t->query);
}

static void targets(struct og_buf *out, const struct dash_panel *p)
{
	static void (*const write[DASH_SOURCE_COUNT_])(
		struct og_buf *, const struct dash_panel *, const struct dash_target *) = {
		[DASH_METRICS] = metrics_target,
		[DASH_LOGS] = logs_target,
		[DASH_TRACES] = traces_target,
		[DASH_PROFILES] = profiles_target,
	};

	og_buf_lit(out, ",\"targets\":[");
	for (unsigned i = 0; i < DASH_TARGETS_MAX && p->targets[i].query; i++) {
		og_buf_fmt(out, "%s{\"refId\":\"%c\",", i ? "," : "", (char)('A' + (int)i));
		source(out, p->targets[i].source);
		write[p->targets[i].source](out, p, &p->targets[i]);
		og_buf_ch(out, '}');
	}
	og_buf_ch(out, ']');
}

/* ---- panels ---- */

static void mappings(struct og_buf *out)
{
	og_buf_lit(out, ",\"mappings\":[{\"type\":\"value\",\"options\":{");
	for (int i = 0; i < OG_AR_STATE_COUNT_; i++) {
		const char *name = og_arrival_state_name((enum og_arrival_state)i);
		og_buf_fmt(out, "%s\"%s\":{\"index\":%d,\"color\":\"%s\",\"text\":\"%s %s\"}",
			i ? "," : "", name, i, states[i].colour, states[i].symbol, name);
	}
	og_buf_lit(out, "}}]");
}

static void fields(struct og_buf *out, const struct dash_panel *p)
{
	og_buf_lit(out, ",\"fieldConfig\":{\"defaults\":{\"unit\":");
	text(out, p->unit ? p->unit : "short");
	og_buf_fmt(out, ",\"thresholds\":{\"mode\":\"absolute\",\"steps\":[%s]}", tones[p->tone]);
	if (p->kind == DASH_MAP)
		mappings(out);
	if (p->kind == DASH_MAP)
		og_buf_lit(out, ",\"custom\":{\"cellOptions\":{\"type\":\"color-text\"}}");
	if (p->kind == DASH_SERIES)
		og_buf_lit(
			out, ",\"min\":0,\"custom\":{\"fillOpacity\":10,\"showPoints\":\"never\"}");
	og_buf_lit(out, "},\"overrides\":[]}");
}

static void transformations(struct og_buf *out, const struct dash_panel *p)
{
	if (p->kind == DASH_MAP)
		og_buf_lit(out,
			",\"transformations\":[{\"id\":\"groupingToMatrix\",\"options\":{"
			"\"columnField\":\"signal\",\"rowField\":\"name\",\"valueField\":\"state\","
			"\"emptyValue\":\"empty\"}}]");
	else if (p->kind == DASH_TABLE)
		og_buf_lit(out, ",\"transformations\":[{\"id\":\"organize\",\"options\":{"
				"\"excludeByName\":{\"Time\":true}}}]");
}

struct place {
	unsigned x, y, row_h, id;
};

static void put(struct place *at, unsigned w, unsigned h)
{
	if (at->x + w > COLUMNS) {
		at->x = 0;
		at->y += at->row_h;
		at->row_h = 0;
	}
	at->row_h = h > at->row_h ? h : at->row_h;
}

static void panel(struct og_buf *out, const struct dash_panel *p, struct place *at)
{
	unsigned w = p->kind == DASH_ROW ? COLUMNS : p->w, h = p->kind == DASH_ROW ? 1 : p->h;

	put(at, w, h);
	og_buf_fmt(out, "%s{\"id\":%u,\"type\":\"%s\",\"title\":", at->id ? "," : "", at->id + 1,
		kinds[p->kind]);
	at->id++;
	text(out, p->title);
	og_buf_fmt(out, ",\"gridPos\":{\"x\":%u,\"y\":%u,\"w\":%u,\"h\":%u}", at->x, at->y, w, h);
	at->x += w;
	if (p->kind == DASH_ROW) {
		og_buf_lit(out, ",\"collapsed\":false,\"panels\":[]}");
		return;
	}
	og_buf_lit(out, ",\"description\":");
	text(out, p->help);
	og_buf_ch(out, ',');
	source(out, p->targets[0].source);
	og_buf_fmt(out, ",\"options\":%s", options[p->kind]);
	fields(out, p);
	transformations(out, p);
	targets(out, p);
	og_buf_ch(out, '}');
}

/* ---- the whole ---- */

static void variable(struct og_buf *out, const struct dash_variable *v)
{
	og_buf_fmt(out, "{\"name\":\"%s\",\"label\":", v->name);
	text(out, v->label);
	if (v->source) {
		og_buf_fmt(
			out, ",\"type\":\"datasource\",\"query\":\"%s\",\"refresh\":1}", v->source);
		return;
	}
	og_buf_lit(out, ",\"type\":\"query\",\"refresh\":2,\"sort\":1,");
	source(out, DASH_METRICS);
	og_buf_lit(out, ",\"definition\":");
	text(out, v->query);
	og_buf_lit(out, ",\"query\":{\"qryType\":1,\"refId\":\"variable\",\"query\":");
	text(out, v->query);
	og_buf_lit(out, "},\"regex\":");
	text(out, v->regex ? v->regex : "");
	if (v->all)
		og_buf_lit(out, ",\"includeAll\":true,\"multi\":true,\"allValue\":\".*\","
				"\"current\":{\"text\":[\"All\"],\"value\":[\"$__all\"]}");
	og_buf_ch(out, '}');
}

static void whole(struct og_buf *out, const struct dashboard *d)
{
	struct place at = {0};

	og_buf_fmt(out, "{\"uid\":\"%s\",\"title\":", d->uid);
	text(out, d->title);
	og_buf_lit(out, ",\"description\":");
	text(out, d->help);
	og_buf_fmt(out,
		",\"tags\":[\"otelgate\"],\"schemaVersion\":%d,\"version\":1,\"editable\":true,"
		"\"graphTooltip\":1,\"refresh\":\"1m\",\"time\":{\"from\":\"now-6h\",\"to\":\"now\"},"
		"\"links\":[{\"type\":\"link\",\"title\":\"%s\",\"url\":\"/d/%s\","
		"\"keepTime\":true}],\"templating\":{\"list\":[",
		(int)SCHEMA_VERSION, d->link_title, d->link_uid);
	for (size_t i = 0; i < DASH_VARIABLES_MAX && d->variables[i].name; i++) {
		og_buf_str(out, i ? "," : "");
		variable(out, &d->variables[i]);
	}
	og_buf_lit(out, "]},\"panels\":[");
	for (size_t i = 0; i < d->n; i++)
		panel(out, &d->panels[i], &at);
	og_buf_lit(out, "]}");
}

void og_gen_dashboard(struct og_buf *out, const struct dashboard *d)
{
	og_auto_buf struct og_buf flat = OG_BUF_INIT(TEXT_BYTES);
	og_auto_arena struct og_arena arena;
	struct og_err err = OG_ERR_INIT;
	struct og_jdoc doc;

	og_arena_init(&arena, 0, 0);
	whole(&flat, d);
	if (flat.failed || og_jdoc_parse(&doc, &arena, og_buf_view(&flat), NULL, &err) < 0) {
		out->failed = true;
		return;
	}
	og_emit_json(out, og_jroot(&doc), 0);
	og_buf_ch(out, '\n');
}

void og_gen_dashboard_cluster(struct og_buf *out)
{
	og_gen_dashboard(out, &og_dashboard_cluster);
}

void og_gen_dashboard_workload(struct og_buf *out)
{
	og_gen_dashboard(out, &og_dashboard_workload);
}
