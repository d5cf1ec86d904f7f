/* SPDX-License-Identifier: Apache-2.0 */
/* Reference pages out of the tables: findings, variables, configuration fields, annotations. */
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/term.h"
#include "otelgate/codec/jwrite.h"
#include "otelgate/core/envdoc.h"
#include "otelgate/core/fields.h"
#include "explain-priv.h"

struct topic {
	struct og_cli *cli;
	bool json;
};

static void title(const struct topic *t, const char *what)
{
	og_style_str(&t->cli->out, t->cli->colour_out, OG_STYLE_BOLD, what);
	og_buf_ch(&t->cli->out, '\n');
}

static void section(const struct topic *t, const char *name, const char *text)
{
	struct og_buf *b = &t->cli->out;
	if (!text || !text[0])
		return;
	og_buf_ch(b, '\n');
	title(t, name);
	og_buf_lit(b, "  ");
	og_text_wrap(b, og_svz(text), 2, 2, t->cli->width);
	og_buf_ch(b, '\n');
}

/* Text to copy: lines stay as they are. */
static void verbatim(const struct topic *t, const char *name, const char *text)
{
	struct og_sv rest = og_svz(text), line;
	if (!rest.n)
		return;
	og_buf_ch(&t->cli->out, '\n');
	title(t, name);
	while (og_sv_split(&rest, '\n', &line))
		og_buf_fmt(&t->cli->out, "  %.*s\n", OG_SV_ARG(line));
}

static void member(struct og_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	if (b->len && b->p[b->len - 1] != '{')
		og_buf_lit(b, ",");
	og_buf_fmt(b, "\n  \"%s\": ", key);
	og_jw_str(b, og_svz(value));
}

static int finding(const struct topic *t, const struct og_finding_def *d)
{
	struct og_buf *b = &t->cli->out;
	if (t->json) {
		og_buf_ch(b, '{');
		member(b, "id", d->id);
		member(b, "slug", d->slug);
		member(b, "severity", og_severity_name(d->severity));
		member(b, "title", d->title);
		member(b, "why", d->why);
		member(b, "fix", d->fix);
		member(b, "example", d->example);
		og_buf_lit(b, "\n}\n");
		return OG_EXIT_PASS;
	}
	struct og_buf head og_auto_buf = OG_BUF_INIT(0);
	og_buf_fmt(&head, "%s %s (%s)", d->id, d->slug, og_severity_name(d->severity));
	og_buf_inherit(&t->cli->out, &head);
	title(t, head.p ? head.p : d->id);
	og_buf_fmt(b, "%s.\n", d->title);
	section(t, "What it means", d->why);
	section(t, "What to do", d->fix);
	verbatim(t, "Example", d->example);
	return OG_EXIT_PASS;
}

static int variable(const struct topic *t, const struct og_envdoc *d)
{
	struct og_buf *b = &t->cli->out;
	if (t->json) {
		og_buf_ch(b, '{');
		member(b, "name", d->name);
		member(b, "kind", og_envdoc_kind_name(d->kind));
		member(b, "meaning", d->meaning);
		member(b, "readBy", d->read_by);
		member(b, "unset", d->unset);
		member(b, "source", d->source);
		member(b, "off", d->off);
		og_buf_lit(b, "\n}\n");
		return OG_EXIT_PASS;
	}
	struct og_buf head og_auto_buf = OG_BUF_INIT(0);
	og_buf_fmt(&head, "%s (%s)", d->name, og_envdoc_kind_name(d->kind));
	og_buf_inherit(&t->cli->out, &head);
	title(t, head.p ? head.p : d->name);
	section(t, "What it means", d->meaning);
	section(t, "Who reads it", d->read_by);
	section(t, "Without it", d->unset);
	section(t, "Where otelgate takes the value from", d->source);
	section(t, "How to replace it or keep it out", d->off);
	return OG_EXIT_PASS;
}

static int field(const struct topic *t, const struct og_doc_type *d, const struct og_field *f)
{
	struct og_buf *b = &t->cli->out;
	struct og_buf words og_auto_buf = OG_BUF_INIT(0);
	if (f->words)
		og_field_words_text(f, &words);
	og_buf_inherit(b, &words);
	if (t->json) {
		og_buf_ch(b, '{');
		member(b, "kind", d->kind);
		member(b, "path", f->path);
		member(b, "type", og_field_type_name(f->type));
		member(b, "help", f->help);
		member(b, "text", f->doc);
		member(b, "default", f->def);
		member(b, "values", words.len ? words.p : NULL);
		member(b, "example", f->example);
		og_buf_lit(b, "\n}\n");
		return OG_EXIT_PASS;
	}
	struct og_buf head og_auto_buf = OG_BUF_INIT(0);
	og_buf_fmt(&head, "%s %s (%s)", d->kind, f->path, og_field_type_name(f->type));
	og_buf_inherit(&t->cli->out, &head);
	title(t, head.p ? head.p : f->path);
	og_buf_fmt(b, "%s.\n", f->help);
	section(t, "More", f->doc);
	section(t, "Values", words.p);
	section(t, "Default", f->def);
	verbatim(t, "Example", f->example);
	return OG_EXIT_PASS;
}

static int annotation(const struct topic *t, const struct og_key_def *d)
{
	struct og_buf *b = &t->cli->out;
	if (t->json) {
		og_buf_ch(b, '{');
		member(b, "name", d->name);
		member(b, "values", d->values);
		member(b, "help", d->help);
		og_buf_lit(b, "\n}\n");
		return OG_EXIT_PASS;
	}
	title(t, d->name);
	og_buf_fmt(b, "  %s\n  values: %s\n", d->help, d->values);
	return OG_EXIT_PASS;
}

static int annotations(const struct topic *t)
{
	if (t->json)
		return og_cli_usage(t->cli, "this topic has no JSON form");
	og_buf_lit(&t->cli->out,
		"Annotations people write, each also accepted as a label, on the pod template,\n"
		"the workload or the Namespace. The nearest level that says something wins.\n");
	for (unsigned k = 0; k < OG_KEY_COUNT_; k++) {
		og_buf_ch(&t->cli->out, '\n');
		annotation(t, og_key_def((enum og_key)k));
	}
	return OG_EXIT_PASS;
}

static int reasons(const struct topic *t)
{
	if (t->json)
		return og_cli_usage(t->cli, "this topic has no JSON form");
	og_buf_lit(&t->cli->out, "Why a pod is injected or left alone: the words of reports, "
				 "metrics and audit annotations.\n\n");
	for (unsigned r = 0; r < OG_REASON_COUNT_; r++)
		og_buf_fmt(&t->cli->out, "  %-20s %s\n", og_reason_name((enum og_reason)r),
			og_reason_text((enum og_reason)r));
	return OG_EXIT_PASS;
}

static int list(const struct topic *t)
{
	struct og_buf *b = &t->cli->out;
	uint32_t n = 0;
	const struct og_finding_def *defs = og_finding_defs(&n);
	if (t->json)
		og_buf_ch(b, '[');
	else
		title(t, "Findings");
	for (uint32_t i = 0; i < n; i++) {
		if (!t->json) {
			og_buf_fmt(b, "  %s  %-7s  %-32s %s\n", defs[i].id,
				og_severity_name(defs[i].severity), defs[i].slug, defs[i].title);
			continue;
		}
		og_buf_str(b, i ? ",\n" : "\n");
		finding(t, &defs[i]);
		b->len -= b->len && !b->failed;
	}
	if (t->json) {
		og_buf_lit(b, "\n]\n");
		return OG_EXIT_PASS;
	}
	og_buf_ch(b, '\n');
	title(t, "Variables (explain env NAME)");
	const struct og_envdoc *env = og_envdocs(&n);
	for (uint32_t i = 0; i < n; i++)
		og_buf_fmt(b, "  %-10s %s\n", og_envdoc_kind_name(env[i].kind), env[i].name);
	og_buf_ch(b, '\n');
	title(t, "Annotations (explain annotations)");
	for (unsigned k = 0; k < OG_KEY_COUNT_; k++)
		og_buf_fmt(b, "  %s\n", og_key_def((enum og_key)k)->name);
	og_buf_ch(b, '\n');
	title(t, "Configuration fields (explain field PATH)");
	for (unsigned d = 0; d < OG_DOC_KIND_COUNT_; d++) {
		for (size_t i = 0; i < og_nfields((enum og_doc_kind)d); i++)
			og_buf_fmt(b, "  %-17s %s\n", og_doc_types[d].kind,
				og_doc_types[d].fields[i].path);
	}
	og_buf_lit(b, "\nAlso: explain reasons\n");
	return OG_EXIT_PASS;
}

enum { NEAR_MAX = 3 };

/* Names worth trying instead, best first. */
struct near {
	const char *name[NEAR_MAX];
	unsigned score[NEAR_MAX], n;
};

static bool has_part(struct og_sv name, struct og_sv part, char sep)
{
	struct og_sv p;
	while (og_sv_split(&name, sep, &p)) {
		if (og_sv_caseeq(p, part))
			return true;
	}
	return false;
}

/* A misspelling counts most, then the parts (between dots, underscores or dashes) in common. */
static void consider(struct near *near, struct og_sv word, const char *name)
{
	unsigned score = 0;
	struct og_sv rest = word, part;
	const char *one = name;
	char sep = og_sv_chr(word, '_') < word.n ? '_' : '.';
	while (og_sv_split(&rest, sep, &part))
		score += part.n > 1 && has_part(og_svz(name), part, sep);
	if (og_suggest(word, &one, 1))
		score += 100;
	unsigned at = near->n;
	while (at > 0 && near->score[at - 1] < score)
		at--;
	if (!score || at == NEAR_MAX)
		return;
	for (unsigned i = near->n < NEAR_MAX ? near->n : NEAR_MAX - 1; i > at; i--) {
		near->name[i] = near->name[i - 1];
		near->score[i] = near->score[i - 1];
	}
	near->name[at] = name;
	near->score[at] = score;
	near->n += near->n < NEAR_MAX;
}

static int unknown(
	const struct topic *t, const char *what, const char *word, const struct near *near)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(0);
	for (unsigned i = 0; i < near->n; i++) {
		/* With a near miss the merely related ones are noise. */
		if (i && near->score[0] >= 100 && near->score[i] < 100)
			break;
		og_buf_fmt(&b, "%s%s", i ? ", " : "", near->name[i]);
	}
	if (b.len)
		return og_cli_usage(
			t->cli, "there is no %s \"%.64s\" (did you mean %s?)", what, word, b.p);
	return og_cli_usage(t->cli, "there is no %s \"%.64s\"; \"%s explain list\" names them all",
		what, word, t->cli->prog);
}

static int env_topic(const struct topic *t, const char *name)
{
	uint32_t n = 0;
	const struct og_envdoc *docs = og_envdocs(&n);
	const struct og_envdoc *d = og_envdoc(og_svz(name));
	struct near near = {.n = 0};
	if (d)
		return variable(t, d);
	for (uint32_t i = 0; i < n; i++)
		consider(&near, og_svz(name), docs[i].name);
	return unknown(t, "page about the variable", name, &near);
}

/* "spec.receiver.protocol", also with its kind before it: "GrafanaStack.spec.receiver". */
static int field_topic(const struct topic *t, const char *path)
{
	struct near near = {.n = 0};
	int shown = 0;
	for (unsigned d = 0; d < OG_DOC_KIND_COUNT_; d++) {
		const struct og_doc_type *type = &og_doc_types[d];
		size_t k = strlen(type->kind);
		bool named = strncmp(path, type->kind, k) == 0 && path[k] == '.';
		struct og_sv p = og_svz(named ? path + k + 1 : path);
		int i = og_field_index((enum og_doc_kind)d, p);
		if (i >= 0 && !(t->json && shown)) {
			if (shown++)
				og_buf_ch(&t->cli->out, '\n');
			(void)field(t, type, &type->fields[i]);
		}
		for (size_t f = 0; f < og_nfields((enum og_doc_kind)d); f++)
			consider(&near, p, type->fields[f].path);
	}
	return shown ? OG_EXIT_PASS : unknown(t, "field", path, &near);
}

static int annotation_topic(const struct topic *t, const char *name)
{
	struct near near = {.n = 0};
	for (unsigned k = 0; k < OG_KEY_COUNT_; k++) {
		const struct og_key_def *d = og_key_def((enum og_key)k);
		const char *slash = strchr(d->name, '/');
		const char *last = slash ? slash + 1 : d->name;
		if (strcmp(d->name, name) == 0 || strcmp(last, name) == 0)
			return annotation(t, d);
		consider(&near, og_svz(name), strchr(name, '/') ? d->name : last);
	}
	return unknown(t, "annotation", name, &near);
}

static int any_topic(const struct topic *t, const char *word)
{
	static const char *const words[] = {
		"list", "annotations", "reasons", "env", "field", "annotation"};
	const struct og_finding_def *d = og_finding_def(og_svz(word));
	struct near near = {.n = 0};
	uint32_t n = 0;
	if (d)
		return finding(t, d);
	if (strncmp(word, "otelgate.dev/", 13) == 0)
		return annotation_topic(t, word);
	if (og_envdoc(og_svz(word)))
		return env_topic(t, word);
	const struct og_finding_def *defs = og_finding_defs(&n);
	for (size_t i = 0; i < OG_COUNT(words); i++)
		consider(&near, og_svz(word), words[i]);
	for (uint32_t i = 0; i < n; i++) {
		consider(&near, og_svz(word), defs[i].id);
		consider(&near, og_svz(word), defs[i].slug);
	}
	return unknown(t, "topic", word, &near);
}

int og_explain_topic(struct og_cli *cli, const char *const *words, size_t n, bool json)
{
	const struct topic t = {cli, json};
	static const struct {
		const char *word, *what;
		int (*one)(const struct topic *t, const char *name);
		int (*alone)(const struct topic *t);
	} topics[] = {
		{"env", "env OTEL_EXPORTER_OTLP_ENDPOINT", env_topic, NULL},
		{"field", "field spec.receiver.protocol", field_topic, NULL},
		{"annotation", "annotation otelgate.dev/inject", annotation_topic, annotations},
		{"annotations", NULL, NULL, annotations},
		{"reasons", NULL, NULL, reasons},
		{"list", NULL, NULL, list},
	};
	for (size_t i = 0; i < OG_COUNT(topics); i++) {
		if (strcmp(words[0], topics[i].word) != 0)
			continue;
		if (n == 1 && topics[i].alone)
			return topics[i].alone(&t);
		if (n == 2 && topics[i].one)
			return topics[i].one(&t, words[1]);
		if (n == 1)
			return og_cli_usage(cli, "a name is missing: explain %s", topics[i].what);
		break;
	}
	if (n > 1)
		return og_cli_usage(cli, "unexpected argument \"%.64s\"", words[1]);
	return any_topic(&t, words[0]);
}
