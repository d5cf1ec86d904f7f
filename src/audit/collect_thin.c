/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block YAML of one object, as kubectl writes it, without the parts that nobody looks at. Most of a
 * dump's bytes are such parts, and reading YAML is what an audit of a dump takes its time for. What
 * was a line stays a line, so that places stay true.
 */
#include "collect-priv.h"

#include "otelgate/base/mem.h"

static struct og_sv line_at(struct og_sv text, size_t at)
{
	const char *nl = memchr(text.p + at, '\n', text.n - at);
	size_t end = nl ? (size_t)(nl - text.p) + 1 : text.n;
	return og_sv(text.p + at, end - at);
}

static uint32_t indent_of(struct og_sv line)
{
	uint32_t n = 0;
	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static bool blank(struct og_sv line)
{
	return og_sv_trim(line).n == 0;
}

/* "spec:" at that column gives "spec". */
static struct og_sv key_at(struct og_sv line, uint32_t column)
{
	if (line.n <= column || indent_of(line) != column)
		return og_sv("", 0);
	size_t n = og_sv_chr(og_sv(line.p + column, line.n - column), ':');
	return n < line.n - column ? og_sv(line.p + column, n) : og_sv("", 0);
}

bool collect_skip(struct og_sv text, uint32_t indent, struct og_sv *ret_kind)
{
	/* What workloads, their facts, their configuration and their network are made of. */
	static const char *const known[] = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
		"Job", "CronJob", "Pod", "ReplicationController", "Rollout", "Namespace",
		"ConfigMap", "Secret", "NetworkPolicy", "Service", "GrafanaStack",
		"TelemetryProfile", "WorkloadTelemetry"};

	*ret_kind = og_sv("", 0);
	for (size_t at = 0; at < text.n;) {
		struct og_sv line = line_at(text, at);
		at += line.n;
		if (!og_sv_is(key_at(line, indent), "kind"))
			continue;
		struct og_sv kind = og_sv_trim(og_sv(line.p + indent + 5, line.n - indent - 5));
		for (size_t i = 0; i < kind.n; i++)
			if (!((kind.p[i] | 0x20) >= 'a' && (kind.p[i] | 0x20) <= 'z'))
				return false; /* quoted, or with a comment: to be read */
		*ret_kind = kind;
		for (size_t i = 0; i < OG_COUNT(known); i++)
			if (og_sv_eq(kind, og_svz(known[i])))
				return false;
		return kind.n && !og_sv_ends(kind, OG_SV("List"));
	}
	return false;
}

/* Blocks that are left out: key of the object, key below it (NULL = all of it). */
struct cut {
	const char *kind, *top, *below;
	bool owned; /* only of an object with an owner, whose template tells the same */
};
static const struct cut cuts[] = {
	{NULL, "metadata", "managedFields", false},
	{"Pod", "spec", "volumes", false},
	{"Pod", "spec", "tolerations", false},
	{"Pod", "spec", "affinity", false},
	{"ReplicaSet", "spec", "template", true},
	{"Secret", "data", NULL, false},
	{"Secret", "stringData", NULL, false},
};

static bool is_cut(struct og_sv kind, struct og_sv top, struct og_sv below, bool owned)
{
	for (size_t i = 0; i < OG_COUNT(cuts); i++) {
		const struct cut *c = &cuts[i];
		if ((!c->kind || og_sv_eq(kind, og_svz(c->kind))) && (owned || !c->owned) &&
			og_sv_eq(top, og_svz(c->top)) &&
			(c->below ? og_sv_eq(below, og_svz(c->below)) : !below.n))
			return true;
	}
	return false;
}

/* Lines that belong to a key at `column`: deeper ones, a list beside it, empty ones. */
static bool belongs(struct og_sv line, uint32_t column)
{
	uint32_t n = indent_of(line);
	return blank(line) || n > column ||
	       (n == column && line.n > n + 1 && line.p[n] == '-' && line.p[n + 1] == ' ');
}

void collect_thin(struct og_sv text, uint32_t indent, struct og_sv kind, struct og_buf *out)
{
	struct og_sv top = og_sv("", 0);
	uint32_t below = 0, cut = 0; /* column of the keys below `top`; of the key that is cut */
	bool cutting = false, owned = false;

	for (size_t at = 0; at < text.n;) {
		struct og_sv line = line_at(text, at), key;
		at += line.n;
		if (cutting && belongs(line, cut)) {
			og_buf_ch(out, '\n');
			continue;
		}
		cutting = false;
		if ((key = key_at(line, indent)).n) {
			top = key;
			below = 0;
			cut = indent;
			cutting = is_cut(kind, top, og_sv("", 0), owned);
		} else if (!below && !blank(line) && indent_of(line) > indent) {
			below = indent_of(line);
		}
		if (below && (key = key_at(line, below)).n) {
			cut = below;
			owned |= og_sv_is(top, "metadata") && og_sv_is(key, "ownerReferences");
			cutting = is_cut(kind, top, key, owned);
		}
		/* The key goes with its block; a block of literal text stays what it is. */
		if (cutting)
			og_buf_ch(out, '\n');
		else
			og_buf_sv(out, line);
	}
}
