/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields of the JSON form, and its JSON Schema. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"
#include "report-priv.h"

#define RESULTS "n/a|unknown|pass|fail"
#define SHARE(path, help)                                                                      \
	{path, OG_RT_OBJECT, false, NULL, help},                                               \
		{path ".good", OG_RT_INT, false, NULL, "So many."},                            \
		{path ".of", OG_RT_INT, false, NULL, "Of so many."},                           \
	{                                                                                      \
		path ".unknown", OG_RT_INT, false, NULL, "Of which nothing is known: no pass." \
	}
#define STARS(d, help)                                                                          \
	{"workloads[].stars." d, OG_RT_OBJECT, true, NULL, help},                               \
		{"workloads[].stars." d ".stars", OG_RT_INT, false, NULL, "Stars earned."},     \
		{"workloads[].stars." d ".best", OG_RT_INT, false, NULL,                        \
			"Stars if all that is not known turned out well."},                     \
		{"workloads[].stars." d ".of", OG_RT_INT, false, NULL, "Stars there are."},     \
		{"workloads[].stars." d ".percent", OG_RT_INT, false, NULL, "What is earned."}, \
		{"workloads[].stars." d ".bestPercent", OG_RT_INT, false, NULL,                 \
			"The same if all that is not known turned out well."},                  \
		{"workloads[].stars." d ".raise", OG_RT_STRING, true, NULL,                     \
			"The rule that would raise it most."},                                  \
		{"workloads[].stars." d ".how", OG_RT_STRING, true, NULL, "How it would."},     \
	{                                                                                       \
		"workloads[].stars." d ".unknown", OG_RT_STRING, true, NULL,                    \
			"The heaviest rule of which nothing is known."                          \
	}
#define SUM(path)                                                                               \
	{path ".workloads", OG_RT_INT, false, NULL, "Workloads."},                              \
		{path ".optedIn", OG_RT_INT, false, NULL, "Of them opted in."},                 \
		{path ".score", OG_RT_NUMBER, false, NULL,                                      \
			"Mean over workloads, weighted by the square root of their pods."},     \
		{path ".signals", OG_RT_OBJECT, false, NULL,                                    \
			"Workloads that are expected to send a signal, and do."},               \
		SHARE(path ".signals.metrics", "Metrics."),                                     \
		SHARE(path ".signals.traces", "Traces."), SHARE(path ".signals.logs", "Logs."), \
		SHARE(path ".signals.profiles", "Profiles."),                                   \
		SHARE(path ".pods", "Pods that run as they should."),                           \
		SHARE(path ".evaluated", "Links and signals that could be judged."),            \
		{path ".findings", OG_RT_OBJECT, false, NULL, "Findings by severity."},         \
		{path ".findings.unknown", OG_RT_INT, false, NULL,                              \
			"Checks that could not be made."},                                      \
		{path ".findings.error", OG_RT_INT, false, NULL, "Errors."},                    \
		{path ".findings.warning", OG_RT_INT, false, NULL, "Warnings."},                \
		{path ".findings.notice", OG_RT_INT, false, NULL, "Notices."},                  \
		{path ".findings.info", OG_RT_INT, false, NULL, "Information."},                \
		{path ".findings.ignored", OG_RT_INT, false, NULL,                              \
			"Accepted by somebody; in no other number."},                           \
	{                                                                                       \
		path ".newLosses", OG_RT_INT, false, NULL,                                      \
			"Links and signals that fail and are not in the baseline."              \
	}
#define CELL(path)                                                                         \
	{path ".result", OG_RT_WORD, false, RESULTS, "Unknown is neither pass nor fail."}, \
		{path ".reason", OG_RT_STRING, true, NULL, "One stable word."},            \
		{path ".message", OG_RT_STRING, true, NULL, "For people."},                \
		{path ".fix", OG_RT_STRING, true, NULL, "A command to copy, or words."},   \
		{path ".finding", OG_RT_STRING, true, NULL, "Id for `otelgate explain`."}, \
		{path ".ignored", OG_RT_BOOL, true, NULL,                                  \
			"Its finding is accepted: it does not count."},                    \
	{                                                                                  \
		path ".known", OG_RT_BOOL, true, NULL, "The loss is in the baseline."      \
	}
#define LINK(name, help)                                              \
	{"workloads[].links." name, OG_RT_OBJECT, false, NULL, help}, \
		CELL("workloads[].links." name)
#define SIGNAL_(p, help)                                                                           \
	{p, OG_RT_OBJECT, false, NULL, help}, CELL(p),                                             \
		{p ".mode", OG_RT_WORD, false, "expected|optional|off|stdout",                     \
			"What the profile and the annotations ask for."},                          \
		{p ".state", OG_RT_WORD, false,                                                    \
			"Unknown|Off|Waiting|Never|Stale|Idle|ViaStdout|Flowing",                  \
			"What the backends say."},                                                 \
		{p ".verified", OG_RT_BOOL, false, NULL, "A backend has told it, now or before."}, \
		{p ".lastSeen", OG_RT_TIME, true, NULL, "Newest telemetry."},                      \
		{p ".since", OG_RT_TIME, true, NULL, "When the state began."},                     \
		{p ".asked", OG_RT_TIME, true, NULL, "When the backend answered."},                \
		{p ".podsSending", OG_RT_INT, true, NULL, "Pods that send."},                      \
		{p ".podsExpected", OG_RT_INT, true, NULL, "Pods that should."},                   \
		{p ".silent", OG_RT_STRINGS, true, NULL, "Pods that should and do not."},          \
		{p ".via", OG_RT_STRING, true, NULL, "otlp, stdout, scrape or ebpf."},             \
		{p ".tie", OG_RT_STRING, true, NULL, "What ties it to the workload."},             \
		{p ".query", OG_RT_STRING, true, NULL, "The query that shows it."},                \
	{                                                                                          \
		p ".explore", OG_RT_STRING, true, NULL, "A link that opens the query."             \
	}
#define SIGNAL(name, help) SIGNAL_("workloads[].signals." name, help)
#define FINDINGS(p, what)                                                                         \
	{p "findings", OG_RT_LIST, false, NULL, what},                                            \
		{p "findings[].id", OG_RT_STRING, false, NULL, "Never reused."},                  \
		{p "findings[].slug", OG_RT_STRING, false, NULL, "Its id in words."},             \
		{p "findings[].severity", OG_RT_WORD, false, "info|notice|warning|error|unknown", \
			"How bad."},                                                              \
		{p "findings[].title", OG_RT_STRING, false, NULL, "What it is called."},          \
		{p "findings[].message", OG_RT_STRING, false, NULL, "This very case."},           \
		{p "findings[].place", OG_RT_STRING, true, NULL,                                  \
			"Container, variable, annotation."},                                      \
		{p "findings[].fix", OG_RT_STRING, true, NULL, "What to do."},                    \
		{p "findings[].signal", OG_RT_STRING, true, NULL, "The signal it is about."},     \
		{p "findings[].new", OG_RT_BOOL, true, NULL,                                      \
			"Not in the baseline; with one alone."},                                  \
		{p "findings[].ignored", OG_RT_OBJECT, true, NULL, "Somebody has accepted it."},  \
		{p "findings[].ignored.by", OG_RT_STRING, false, NULL,                            \
			"An annotation, or a rule of a file."},                                   \
		{p "findings[].ignored.why", OG_RT_STRING, true, NULL,                            \
			"The reason that was given."},                                            \
	{                                                                                         \
		p "findings[].ignored.until", OG_RT_TIME, true, NULL, "For ever when left out."   \
	}
#define POD_COUNT(name, help)                                          \
	{                                                              \
		"workloads[].pods." name, OG_RT_INT, false, NULL, help \
	}

const struct og_report_field og_report_fields[] = {
	{"schemaVersion", OG_RT_INT, false, NULL,
		"1. Grows when a member changes its meaning or goes; new members do not count."},
	{"kind", OG_RT_WORD, false, "CoverageReport", "What this is."},
	{"toolVersion", OG_RT_STRING, false, NULL, "Version of otelgate."},
	{"cluster", OG_RT_STRING, false, NULL, "Name of the cluster; empty for files."},
	{"generated", OG_RT_TIME, true, NULL, "When it was made."},
	{"backends", OG_RT_BOOL, false, NULL, "What arrives was looked at."},
	{"baseline", OG_RT_BOOL, false, NULL, "It was compared with a baseline."},
	{"summary", OG_RT_OBJECT, false, NULL, "All of it."},
	SUM("summary"),
	{"namespaces", OG_RT_LIST, false, NULL, "Each namespace, by name."},
	{"namespaces[].namespace", OG_RT_STRING, false, NULL, "Its name."},
	SUM("namespaces[]"),
	{"workloads", OG_RT_LIST, false, NULL, "Each workload, by namespace, kind and name."},
	{"workloads[].namespace", OG_RT_STRING, false, NULL, "Namespace."},
	{"workloads[].group", OG_RT_STRING, false, NULL, "API group; empty for the core group."},
	{"workloads[].kind", OG_RT_STRING, false, NULL, "Kind."},
	{"workloads[].name", OG_RT_STRING, false, NULL, "Name."},
	{"workloads[].uid", OG_RT_STRING, true, NULL, "UID."},
	{"workloads[].source", OG_RT_STRING, false, NULL, "\"cluster\", or file and line."},
	{"workloads[].optedIn", OG_RT_BOOL, false, NULL, "Somebody asked for injection."},
	{"workloads[].outReason", OG_RT_STRING, true, NULL, "Why it is not opted in."},
	{"workloads[].profile", OG_RT_STRING, true, NULL, "TelemetryProfile in effect."},
	{"workloads[].stack", OG_RT_STRING, true, NULL, "GrafanaStack in effect."},
	{"workloads[].revision", OG_RT_STRING, true, NULL, "Revision that pods should carry."},
	{"workloads[].verdict", OG_RT_WORD, false, RESULTS, "The worst of what counts."},
	{"workloads[].broken", OG_RT_WORD, true,
		"optedIn|injected|credentialsReady|egressAllowed|rolloutComplete|received",
		"The first link that fails, else the first that is unknown."},
	{"workloads[].score", OG_RT_NUMBER, false, NULL, "Earned of what is possible."},
	{"workloads[].pods", OG_RT_OBJECT, false, NULL, "How its pods run."},
	{"workloads[].pods.seen", OG_RT_BOOL, false, NULL, "Pods could be looked at."},
	POD_COUNT("total", "Pods, without those that are going."),
	POD_COUNT("current", "Pods of the wanted revision."),
	POD_COUNT("stale", "Injected, and something has changed since."),
	POD_COUNT("bare", "Should be injected and are not."),
	POD_COUNT("skipped", "Rightly not injected."),
	POD_COUNT("terminating", "On their way out."),
	POD_COUNT("finished", "Ran to their end."),
	{"workloads[].pods.list", OG_RT_LIST, false, NULL, "Pods, oldest first; not always all."},
	{"workloads[].pods.list[].name", OG_RT_STRING, false, NULL, "Name."},
	{"workloads[].pods.list[].owner", OG_RT_STRING, true, NULL, "ReplicaSet, Job …"},
	{"workloads[].pods.list[].revision", OG_RT_STRING, true, NULL, "Revision that it carries."},
	{"workloads[].pods.list[].class", OG_RT_WORD, false,
		"current|stale|bare|skipped|terminating|finished", "What it is."},
	{"workloads[].pods.list[].cause", OG_RT_STRING, true, NULL, "Why it is stale."},
	{"workloads[].pods.list[].ready", OG_RT_BOOL, false, NULL, "Ready."},
	{"workloads[].pods.list[].created", OG_RT_TIME, true, NULL, "When it was made."},
	{"workloads[].pods.list[].sends", OG_RT_OBJECT, false, NULL,
		"What it sends; a signal is left out when that is not known."},
	{"workloads[].pods.list[].sends.metrics", OG_RT_BOOL, true, NULL, "Metrics."},
	{"workloads[].pods.list[].sends.traces", OG_RT_BOOL, true, NULL, "Traces."},
	{"workloads[].pods.list[].sends.logs", OG_RT_BOOL, true, NULL, "Logs."},
	{"workloads[].pods.list[].sends.profiles", OG_RT_BOOL, true, NULL, "Profiles."},
	{"workloads[].links", OG_RT_OBJECT, false, NULL, "The chain, in order."},
	LINK("optedIn", "Somebody asked for it."),
	LINK("injected", "Its pods carry the injection."),
	LINK("credentialsReady", "What pods authenticate with is there."),
	LINK("egressAllowed", "Network policies let them reach the receiver."),
	LINK("rolloutComplete", "All pods are of the wanted revision."),
	LINK("received", "The worst of the expected signals."),
	{"workloads[].signals", OG_RT_OBJECT, false, NULL, "What arrives."},
	SIGNAL("metrics", "Metrics."),
	SIGNAL("traces", "Traces."),
	SIGNAL("logs", "Logs."),
	SIGNAL("profiles", "Profiles."),
	{"workloads[].stars", OG_RT_OBJECT, true, NULL,
		"The table of stars; a dimension that does not apply is left out."},
	STARS("coverage", "Is it there at all."),
	STARS("quality", "Does it say where it is from."),
	STARS("correlation", "Do signals lead to each other."),
	STARS("performance", "How is sending done."),
	STARS("production", "Is the workload ready for production."),
	STARS("profiling", "Is it profiled."),
	FINDINGS("workloads[].", "What is wrong with it."),
	FINDINGS("", "What is wrong with the cluster itself."),
	{"blind", OG_RT_LIST, false, NULL, "What could not be looked at."},
	{"blind[].what", OG_RT_STRING, false, NULL, "What."},
	{"blind[].why", OG_RT_STRING, false, NULL, "Why."},
	{"blind[].finding", OG_RT_STRING, true, NULL, "Id for `otelgate explain`."},
	{"blind[].rule", OG_RT_STRING, true, NULL, "The RBAC rule that is missing, YAML."},
	{"notes", OG_RT_STRINGS, false, NULL, "For people: accepted findings that have expired."},
	{"gates", OG_RT_OBJECT, false, NULL, "What was asked to be so."},
	{"gates.end", OG_RT_WORD, false, "pass|tripped|not-evaluated", "Of all gates together."},
	{"gates.lines", OG_RT_LIST, false, NULL, "Each gate."},
	{"gates.lines[].text", OG_RT_STRING, false, NULL, "What was asked, and what was found."},
	{"gates.lines[].end", OG_RT_WORD, false, "pass|tripped|not-evaluated", "How it ended."},
};
const size_t og_report_nfields = OG_COUNT(og_report_fields);

/* What a status has of its own. */
static const struct og_report_field status_head[] = {
	{"schemaVersion", OG_RT_INT, false, NULL,
		"2. Grows when a member changes its meaning or goes; new members do not count."},
	{"kind", OG_RT_WORD, false, "StatusReport", "What this is."},
	{"toolVersion", OG_RT_STRING, false, NULL, "Version of otelgate."},
	{"generated", OG_RT_TIME, true, NULL, "When it was made."},
	{"partial", OG_RT_BOOL, false, NULL, "Something could not be looked at: `blind`."},
	{"notes", OG_RT_STRINGS, false, NULL, "For people: who arrives and is nobody's."},
};
static const struct og_report_field status_workload[] = {
	{"workloads[].generation", OG_RT_INT, true, NULL, "Of the workload as it is now."},
	{"workloads[].observedGeneration", OG_RT_INT, true, NULL,
		"That the controller has judged; left out when it is judged here."},
	{"workloads[].rollout", OG_RT_WORD, false, "Unknown|Complete|Progressing|Waiting|Stuck",
		"How far its rollout is."},
	{"workloads[].ready", OG_RT_WORD, false, "true|false|unknown",
		"All that is expected is so, and is known to be."},
	{"workloads[].readyReason", OG_RT_STRING, true, NULL, "One stable word."},
	{"workloads[].readyMessage", OG_RT_STRING, true, NULL, "For people."},
};

/* ---- the schema ---- */

static void pad(struct og_buf *b, int in)
{
	og_buf_fmt(b, "\n%*s", in, "");
}

/* The rows of one document. */
struct schema {
	const struct og_report_field
		*v[OG_COUNT(og_report_fields) + OG_COUNT(status_head) + OG_COUNT(status_workload)];
	size_t n;
	struct og_arena arena;
};

static void add(struct schema *s, const struct og_report_field *f, size_t n, const char *below)
{
	for (size_t i = 0; i < n; i++)
		if (og_sv_starts(og_svz(f[i].path), og_svz(below)))
			s->v[s->n++] = &f[i];
}

/* "a.b[]" for an element of list a.b; the path itself for an object. */
static struct og_sv below(const struct og_report_field *f, struct og_arena *arena)
{
	return f->type == OG_RT_LIST ? og_svz(og_arena_fmt(arena, "%s[].", f->path))
				     : og_svz(og_arena_fmt(arena, "%s.", f->path));
}

/* The member's name when it stands right below the prefix. */
static struct og_sv member_of(const struct og_report_field *f, struct og_sv prefix)
{
	struct og_sv path = og_svz(f->path);

	if (!og_sv_starts(path, prefix) || path.n == prefix.n)
		return og_sv("", 0);
	struct og_sv rest = og_sv(path.p + prefix.n, path.n - prefix.n);
	return og_sv_chr(rest, '.') == rest.n && og_sv_chr(rest, '[') == rest.n ? rest
										: og_sv("", 0);
}

/* NOLINTBEGIN(misc-no-recursion): no deeper than the table of fields */
static void field(struct og_buf *b, const struct og_report_field *f, int in, struct schema *s);

static void object(struct og_buf *b, struct og_sv prefix, int in, struct schema *s)
{
	bool any = false;

	og_buf_lit(b, "\"type\": \"object\",");
	pad(b, in);
	og_buf_lit(b, "\"required\": [");
	for (size_t i = 0; i < s->n; i++) {
		struct og_sv name = member_of(s->v[i], prefix);
		if (!name.n || s->v[i]->optional)
			continue;
		og_buf_fmt(b, "%s\"%.*s\"", any ? ", " : "", OG_SV_ARG(name));
		any = true;
	}
	og_buf_lit(b, "],");
	pad(b, in);
	og_buf_lit(b, "\"properties\": {");
	any = false;
	for (size_t i = 0; i < s->n; i++) {
		struct og_sv name = member_of(s->v[i], prefix);
		if (!name.n)
			continue;
		og_buf_str(b, any ? "," : "");
		pad(b, in + 2);
		og_buf_fmt(b, "\"%.*s\": {", OG_SV_ARG(name));
		field(b, s->v[i], in + 4, s);
		og_buf_ch(b, '}');
		any = true;
	}
	og_buf_ch(b, '}');
}

static void words(struct og_buf *b, const char *list)
{
	struct og_sv rest = og_svz(list), word;
	bool any = false;

	og_buf_lit(b, "\"enum\": [");
	while (og_sv_split(&rest, '|', &word)) {
		og_buf_fmt(b, "%s\"%.*s\"", any ? ", " : "", OG_SV_ARG(word));
		any = true;
	}
	og_buf_ch(b, ']');
}

static void field(struct og_buf *b, const struct og_report_field *f, int in, struct schema *s)
{
	og_buf_lit(b, "\"description\": ");
	og_jw_str(b, og_svz(f->help));
	og_buf_lit(b, ", ");
	switch (f->type) {
	case OG_RT_OBJECT:
		object(b, below(f, &s->arena), in, s);
		return;
	case OG_RT_LIST:
		og_buf_lit(b, "\"type\": \"array\", \"items\": {");
		object(b, below(f, &s->arena), in, s);
		og_buf_ch(b, '}');
		return;
	case OG_RT_STRINGS:
		og_buf_lit(b, "\"type\": \"array\", \"items\": {\"type\": \"string\"}");
		return;
	case OG_RT_STRING:
		og_buf_lit(b, "\"type\": \"string\"");
		return;
	case OG_RT_TIME:
		og_buf_lit(b, "\"type\": \"string\", \"format\": \"date-time\"");
		return;
	case OG_RT_INT:
		og_buf_lit(b, "\"type\": \"integer\", \"minimum\": 0");
		return;
	case OG_RT_NUMBER:
		og_buf_lit(b, "\"type\": [\"number\", \"null\"], \"minimum\": 0, \"maximum\": 100");
		return;
	case OG_RT_BOOL:
		og_buf_lit(b, "\"type\": \"boolean\"");
		return;
	case OG_RT_WORD:
		words(b, f->words);
		return;
	}
}
/* NOLINTEND(misc-no-recursion) */

static void write_schema(
	struct schema *s, const char *title, const char *command, int version, struct og_buf *out)
{
	og_buf_fmt(out,
		"{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"title\": \"%s\",\n"
		"  \"description\": \"`%s`, schemaVersion %d. Members that are "
		"not here may come; none of these goes or changes its meaning within a version.\",\n  ",
		title, command, version);
	object(out, OG_SV(""), 2, s);
	og_buf_lit(out, "\n}\n");
	out->failed |= s->arena.failed;
	og_arena_fini(&s->arena);
}

void og_report_schema(struct og_buf *out)
{
	struct schema s = {.n = 0};

	og_arena_init(&s.arena, 0, 0);
	add(&s, og_report_fields, og_report_nfields, "");
	write_schema(
		&s, "otelgate coverage report", "otelgate audit -o json", OG_COVERAGE_SCHEMA, out);
}

void og_status_schema(struct og_buf *out)
{
	struct schema s = {.n = 0};

	og_arena_init(&s.arena, 0, 0);
	add(&s, status_head, OG_COUNT(status_head), "");
	add(&s, og_report_fields, og_report_nfields, "workloads");
	add(&s, status_workload, OG_COUNT(status_workload), "");
	add(&s, og_report_fields, og_report_nfields, "blind");
	write_schema(&s, "otelgate status", "otelgate status -o json", OG_STATUS_SCHEMA, out);
}
