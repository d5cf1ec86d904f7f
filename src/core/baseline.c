/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines of coverage. */
#include "otelgate/core/baseline.h"

#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/jwrite.h"

#define KIND "CoverageBaseline"
enum { KEY_BYTES = 2048, PARTS = 5, TOKENS = 4000000 };
static const uint64_t SEED = 0x62617365ULL;

/* loss, namespace, kind, name, signal; with IN instead of a loss it is opted in */
struct loss {
	struct og_sv part[PARTS];
};
static const char *const parts[PARTS] = {"loss", "namespace", "kind", "name", "signal"};
#define IN OG_SV("OptedIn")

static int by_parts(const void *a, const void *b)
{
	static const int order[PARTS] = {1, 2, 3, 0, 4};
	const struct loss *x = a, *y = b;

	for (int i = 0; i < PARTS; i++) {
		int r = og_sv_cmp(x->part[order[i]], y->part[order[i]]);
		if (r)
			return r;
	}
	return 0;
}

/* Parts with their lengths, so that no name can look like two. */
static bool key_of(const struct loss *l, char *buf, struct og_sv *ret)
{
	size_t n = 0;

	for (int i = 0; i < PARTS; i++) {
		uint32_t len = (uint32_t)l->part[i].n;
		if (n + sizeof(len) + len > KEY_BYTES)
			return false;
		memcpy(buf + n, &len, sizeof(len));
		n += sizeof(len);
		if (len)
			memcpy(buf + n, l->part[i].p, len);
		n += len;
	}
	*ret = og_sv(buf, n);
	return true;
}

static struct loss of_row(const struct og_coverage_row *row, struct og_sv what, const char *signal)
{
	return (struct loss){.part = {what, row ? row->ns : OG_SV(""), row ? row->kind : OG_SV(""),
				     row ? row->name : OG_SV(""), og_svz(signal)}};
}

static struct og_sv link_loss(enum og_link l)
{
	static const struct og_sv names[OG_LINK_COUNT_] = {{"NotOptedIn", 10}, {"NotInjected", 11},
		{"NotCredentialsReady", 19}, {"NotEgressAllowed", 16}, {"NotRolloutComplete", 18},
		{"NotReceived", 11}};
	return names[l];
}

/* ---- writing ---- */

struct losses {
	struct loss *v;
	size_t n, cap;
	bool failed;
};

static void add(struct losses *l, struct loss loss)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct loss *v = og_realloc(l->v, cap, sizeof(*v));
		l->failed |= !v;
		if (!v)
			return;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = loss;
}

static void add_findings(struct losses *l, const struct og_coverage_row *row,
	const struct og_coverage_finding *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!f[i].ignored)
			add(l, of_row(row, og_svz(f[i].def->id), f[i].signal));
}

static void add_row(struct losses *l, const struct og_coverage_row *row)
{
	add_findings(l, row, row->findings, row->nfindings);
	if (!row->opted_in)
		return;
	add(l, of_row(row, IN, NULL));
	for (int i = 0; i < OG_LINK_RECEIVED; i++)
		if (og_coverage_counts(&row->link[i]) == OG_RESULT_FAIL)
			add(l, of_row(row, link_loss((enum og_link)i), NULL));
	for (int i = 0; i < OG_SIGNAL_COUNT_; i++)
		if (og_coverage_expects(&row->signal[i]) &&
			og_coverage_counts(&row->signal[i].cell) == OG_RESULT_FAIL)
			add(l, of_row(row, link_loss(OG_LINK_RECEIVED),
				       og_signal_name((enum og_signal)i)));
}

static bool is_in(const struct loss *l)
{
	return og_sv_eq(l->part[0], IN);
}

/* One of the two lists, a line each. */
static void write_list(const struct losses *l, bool in, const char *name, struct og_buf *out)
{
	const struct loss *last = NULL;

	og_buf_fmt(out, ",\"%s\":[", name);
	for (size_t i = 0; i < l->n; i++) {
		const struct loss *x = &l->v[i];
		const char *comma = "";
		if (is_in(x) != in || (last && by_parts(last, x) == 0))
			continue;
		og_buf_str(out, last ? ",\n{" : "\n{");
		last = x;
		for (int k = in; k < PARTS; k++) {
			if (k && !x->part[k].n)
				continue;
			og_buf_fmt(out, "%s\"%s\":", comma, parts[k]);
			og_jw_str(out, x->part[k]);
			comma = ",";
		}
		og_buf_ch(out, '}');
	}
	og_buf_str(out, last ? "\n]" : "]");
}

void og_baseline_write(const struct og_coverage *c, struct og_buf *out)
{
	struct losses l = {0};

	for (uint32_t i = 0; i < c->n; i++)
		add_row(&l, &c->rows[i]);
	add_findings(&l, NULL, c->findings, c->nfindings);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_parts);
	og_buf_fmt(out, "{\"schemaVersion\":%d,\"kind\":\"" KIND "\"", OG_BASELINE_SCHEMA);
	write_list(&l, true, "optedIn", out);
	write_list(&l, false, "losses", out);
	og_buf_str(out, "}\n");
	out->failed |= l.failed;
	og_free(l.v);
}

/* ---- reading ---- */

/* Of which list: "losses", or "optedIn", whose objects have no loss. */
static int read_loss(struct og_jval v, const char *list, uint32_t index, struct og_arena *arena,
	struct loss *ret, struct og_err *err)
{
	if (!og_jis(v, OG_J_OBJECT))
		return og_err_set(err, OG_E_PARSE, "%s[%u]: must be an object", list, index);
	for (int k = 0; k < PARTS; k++) {
		struct og_jval m = og_jget(v, og_svz(parts[k]));
		bool in = !k && list[0] == 'o';
		ret->part[k] = in ? IN : OG_SV("");
		if (in || (og_junset(m) && k))
			continue;
		if (!og_jis(m, OG_J_STRING))
			return og_err_set(err, OG_E_PARSE, "%s[%u].%s: must be a string", list,
				index, parts[k]);
		if (!og_jstr(m, arena, &ret->part[k]))
			return og_err_set(err, OG_E_OOM, "reading the baseline");
	}
	return 0;
}

static int read_list(struct og_jval root, const char *name, struct og_arena *arena,
	struct og_baseline *b, struct og_err *err)
{
	struct og_jval list = og_jget(root, og_svz(name));
	char buf[KEY_BYTES];

	if (og_jcount(list) > OG_BASELINE_MAX)
		return og_err_set(err, OG_E_LIMIT, "%s: more than %d", name, OG_BASELINE_MAX);
	og_jfor (it, list) {
		struct loss l;
		struct og_sv key;
		int r = read_loss(it.val, name, it.index, arena, &l, err);
		if (r < 0)
			return r;
		if (!key_of(&l, buf, &key))
			return og_err_set(err, OG_E_LIMIT, "%s[%u]: longer than any name", name,
				(unsigned)it.index);
		if (!og_map_put(&b->set, key, NULL))
			return og_err_set(err, OG_E_OOM, "reading the baseline");
	}
	return 0;
}

int og_baseline_read(
	struct og_sv text, struct og_arena *arena, struct og_baseline *ret, struct og_err *err)
{
	const struct og_jlimits limits = {
		.max_bytes = OG_BASELINE_MAX_BYTES, .max_depth = 8, .max_tokens = TOKENS};
	struct og_baseline b = {.n = 0};
	struct og_jdoc *d = og_arena_new(arena, struct og_jdoc);
	int64_t version = 0;

	if (!d)
		return og_err_set(err, OG_E_OOM, "reading the baseline");
	int r = og_jdoc_parse(d, arena, text, &limits, err);
	if (r < 0)
		return r;
	struct og_jval root = og_jroot(d), in = og_jgetl(root, "optedIn");
	if (!og_jstr_is(og_jgetl(root, "kind"), KIND) ||
		!og_jis(og_jgetl(root, "losses"), OG_J_ARRAY) ||
		!(og_junset(in) || og_jis(in, OG_J_ARRAY)))
		return og_err_set(err, OG_E_PARSE,
			"this is no baseline: kind " KIND " and losses are missing; write one with "
			"--write-baseline");
	if (!og_ji64(og_jgetl(root, "schemaVersion"), &version) || version != OG_BASELINE_SCHEMA)
		return og_err_set(err, OG_E_UNSUPPORTED,
			"schemaVersion is not %d: it was written by another version of otelgate",
			OG_BASELINE_SCHEMA);
	og_map_init(&b.set, SEED, arena);
	if ((r = read_list(root, "losses", arena, &b, err)) < 0 ||
		(r = read_list(root, "optedIn", arena, &b, err)) < 0)
		return r;
	b.n = (uint32_t)og_map_count(&b.set);
	*ret = b;
	return 0;
}

/* ---- comparing ---- */

static bool has(const struct og_baseline *b, const struct og_coverage_row *row, struct og_sv what,
	const char *signal)
{
	char buf[KEY_BYTES];
	struct loss l = of_row(row, what, signal);
	struct og_sv key;

	return key_of(&l, buf, &key) && og_map_find(&b->set, key);
}

static void mark_findings(const struct og_baseline *b, const struct og_coverage_row *row,
	struct og_coverage_finding *f, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		f[i].is_new = !has(b, row, og_svz(f[i].def->id), f[i].signal);
}

void og_baseline_apply(const struct og_baseline *b, struct og_coverage *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct og_coverage_row *row = &c->rows[i];
		mark_findings(b, row, row->findings, row->nfindings);
		row->was_in = has(b, row, IN, NULL);
		for (int l = 0; l < OG_LINK_RECEIVED; l++)
			row->link[l].known = has(b, row, link_loss((enum og_link)l), NULL);
		for (int s = 0; s < OG_SIGNAL_COUNT_; s++)
			row->signal[s].cell.known = has(b, row, link_loss(OG_LINK_RECEIVED),
				og_signal_name((enum og_signal)s));
	}
	mark_findings(b, NULL, c->findings, c->nfindings);
	c->baselined = true;
}
