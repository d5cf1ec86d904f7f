/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: parsing. Printing them is help.c and gen_*.c. */
#include <stdlib.h>
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/base/suggest.h"
#include "otelgate/cli/options.h"

/* One parse: the tables, and which rows were given on the command line. */
struct parser {
	const struct og_opt_set *sets;
	size_t nsets;
	struct og_arena *arena;
	const char *source; /* "" or "environment variable X: " for messages */
	bool *given;	    /* per row over all sets, for lists: explicit replaces environment */
};

struct og_sv og_opt_word(const char *words, unsigned i)
{
	struct og_sv rest = og_svz(words), part;
	while (og_sv_split(&rest, '|', &part)) {
		if (i-- == 0)
			return part;
	}
	return OG_SV("");
}

static int wrong(struct parser *p, const struct og_opt *o, struct og_err *err, const char *what)
{
	if (p->source[0])
		return og_err_set(err, OG_E_USAGE, "%s%s", p->source, what);
	return og_err_set(err, OG_E_USAGE, "--%s: %s", o->name, what);
}

static int set_word(struct parser *p, const struct og_opt *o, unsigned *at, struct og_sv value,
	struct og_err *err)
{
	struct og_sv rest = og_svz(o->words), part;
	for (unsigned i = 0; og_sv_split(&rest, '|', &part); i++) {
		if (part.n && og_sv_eq(part, value)) {
			*at = i;
			return 0;
		}
	}
	struct og_buf b = OG_BUF_INIT(256);
	og_buf_lit(&b, "expected one of");
	rest = og_svz(o->words);
	for (const char *sep = " "; og_sv_split(&rest, '|', &part);) {
		if (!part.n)
			continue;
		og_buf_str(&b, sep);
		og_buf_sv(&b, part);
		sep = ", ";
	}
	int rc = wrong(p, o, err, b.p ? b.p : "unknown word");
	og_buf_fini(&b);
	return rc;
}

static int set_number(
	struct parser *p, const struct og_opt *o, void *at, struct og_sv value, struct og_err *err)
{
	struct og_err why = OG_ERR_INIT;
	int64_t ms = 0;
	uint32_t u = 0;
	int rc;
	if (o->type == OG_OPT_U32) {
		rc = og_parse_u32(
			value, (uint32_t)o->min, o->max ? (uint32_t)o->max : UINT32_MAX, &u, &why);
		if (rc == 0)
			*(uint32_t *)at = u;
	} else {
		rc = og_parse_duration_ms(value, o->min, o->max ? o->max : INT32_MAX, &ms, &why);
		if (rc == 0)
			*(int64_t *)at = ms;
	}
	return rc == 0 ? 0 : wrong(p, o, err, why.msg);
}

static int add_str(struct parser *p, struct og_strs *l, const char *value, struct og_err *err)
{
	const char **v = og_arena_new_n(p->arena, l->n + 1, const char *);
	if (!v)
		return og_err_set(err, OG_E_OOM, "out of memory");
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	v[l->n] = value;
	*l = (struct og_strs){v, l->n + 1};
	return 0;
}

static int set_value(struct parser *p, const struct og_opt_set *s, const struct og_opt *o,
	const char *value, struct og_err *err)
{
	void *at = (char *)s->base + o->at;
	switch (o->type) {
	case OG_OPT_FLAG:
		if (og_parse_bool(og_svz(value), at, NULL) != 0)
			return wrong(p, o, err, "expected true or false");
		return 0;
	case OG_OPT_STR:
		if (!value[0])
			return wrong(p, o, err, "the value is empty");
		*(const char **)at = value;
		return 0;
	case OG_OPT_STRS:
		if (!value[0])
			return wrong(p, o, err, "the value is empty");
		return add_str(p, at, value, err);
	case OG_OPT_WORD:
		return set_word(p, o, at, og_svz(value), err);
	case OG_OPT_U32:
	case OG_OPT_DURATION:
		break;
	}
	return set_number(p, o, at, og_svz(value), err);
}

static int preset(struct parser *p, og_getenv_fn *env, struct og_err *err)
{
	for (size_t s = 0; s < p->nsets; s++) {
		for (size_t i = 0; i < p->sets[s].n; i++) {
			const struct og_opt *o = &p->sets[s].rows[i];
			p->source = "";
			if (o->def && set_value(p, &p->sets[s], o, o->def, err) != 0)
				return og_err_wrap(err, "default");
			const char *v = o->env ? env(o->env) : NULL;
			if (!v || !v[0])
				continue;
			p->source = og_arena_fmt(p->arena, "environment variable %s: ", o->env);
			if (!p->source)
				return og_err_set(err, OG_E_OOM, "out of memory");
			int rc = set_value(p, &p->sets[s], o, v, err);
			if (rc != 0)
				return rc;
		}
	}
	p->source = "";
	return 0;
}

/* Finds a row by long name (or, with name.n == 0, by letter). */
static const struct og_opt *find(const struct parser *p, struct og_sv name, char letter,
	const struct og_opt_set **ret_set, size_t *ret_index)
{
	size_t index = 0;
	for (size_t s = 0; s < p->nsets; s++) {
		for (size_t i = 0; i < p->sets[s].n; i++, index++) {
			const struct og_opt *o = &p->sets[s].rows[i];
			if (name.n ? !og_sv_eq(og_svz(o->name), name) : o->letter != letter)
				continue;
			*ret_set = &p->sets[s];
			*ret_index = index;
			return o;
		}
	}
	return NULL;
}

static int unknown_long(const struct parser *p, struct og_sv name, struct og_err *err)
{
	const char *best = NULL;
	size_t best_d = SIZE_MAX;
	for (size_t s = 0; s < p->nsets; s++) {
		const char *c = og_suggest_in(name, p->sets[s].rows, p->sets[s].n, name);
		size_t d = c ? og_edit_distance(name, og_svz(c), 8) : SIZE_MAX;
		/* The beginning of a name is more telling than a small distance. */
		for (size_t i = 0; name.n && d && i < p->sets[s].n; i++) {
			const char *full = p->sets[s].rows[i].name;
			if (og_sv_starts(og_svz(full), name)) {
				c = full;
				d = 0;
			}
		}
		if (c && d < best_d) {
			best = c;
			best_d = d;
		}
	}
	int n = (int)(name.n > 64 ? 64 : name.n);
	if (best)
		return og_err_set(err, OG_E_USAGE, "unknown option --%.*s (did you mean --%s?)", n,
			name.p, best);
	return og_err_set(err, OG_E_USAGE, "unknown option --%.*s", n, name.p);
}

static int take(struct parser *p, const struct og_opt_set *s, const struct og_opt *o, size_t index,
	const char *value, struct og_err *err)
{
	if (o->type == OG_OPT_STRS && !p->given[index])
		*(struct og_strs *)((char *)s->base + o->at) = (struct og_strs){NULL, 0};
	p->given[index] = true;
	return set_value(p, s, o, value, err);
}

/* argv[*i] is "--name" or "--name=value". */
static int parse_long(
	struct parser *p, int argc, char *const *argv, int *i, bool *ret_help, struct og_err *err)
{
	struct og_sv name = og_svz(argv[*i] + 2);
	size_t eq = og_sv_chr(name, '=');
	const char *value = eq < name.n ? name.p + eq + 1 : NULL;
	name.n = eq;
	if (og_sv_is(name, "help") && !value) {
		*ret_help = true;
		return 0;
	}
	const struct og_opt_set *s = NULL;
	size_t index = 0;
	const struct og_opt *o = name.n ? find(p, name, 0, &s, &index) : NULL;
	if (!o)
		return unknown_long(p, name, err);
	if (o->type == OG_OPT_FLAG)
		return take(p, s, o, index, value ? value : "true", err);
	if (!value) {
		if (*i + 1 >= argc)
			return og_err_set(err, OG_E_USAGE, "--%s needs a value: --%s %s", o->name,
				o->name, o->arg);
		value = argv[++*i];
	}
	return take(p, s, o, index, value, err);
}

/* argv[*i] is "-abc": flags, the last of which may take the rest or the next word as its value. */
static int parse_short(
	struct parser *p, int argc, char *const *argv, int *i, bool *ret_help, struct og_err *err)
{
	for (const char *c = argv[*i] + 1; *c; c++) {
		const struct og_opt_set *s = NULL;
		size_t index = 0;
		const struct og_opt *o = find(p, OG_SV(""), *c, &s, &index);
		if (!o && *c == 'h') {
			*ret_help = true;
			return 0;
		}
		if (!o && (*c <= ' ' || *c > '~'))
			return og_err_set(err, OG_E_USAGE, "unknown option in \"-...\"");
		if (!o)
			return og_err_set(err, OG_E_USAGE, "unknown option -%c", *c);
		if (o->type == OG_OPT_FLAG) {
			int rc = take(p, s, o, index, "true", err);
			if (rc != 0)
				return rc;
			continue;
		}
		if (c[1])
			return take(p, s, o, index, c[1] == '=' ? c + 2 : c + 1, err);
		if (*i + 1 >= argc)
			return og_err_set(
				err, OG_E_USAGE, "-%c needs a value: -%c %s", *c, *c, o->arg);
		return take(p, s, o, index, argv[++*i], err);
	}
	return 0;
}

int og_opts_parse(const struct og_opt_set *sets, size_t nsets, int argc, char *const *argv,
	og_getenv_fn *env, struct og_arena *arena, struct og_parsed *ret, struct og_err *err)
{
	size_t rows = 0;
	for (size_t s = 0; s < nsets; s++)
		rows += sets[s].n;
	struct parser p = {.sets = sets, .nsets = nsets, .arena = arena, .source = ""};
	struct og_parsed r = {NULL, 0, false};
	p.given = og_arena_new_n(arena, rows + 1, bool);
	r.operands = og_arena_new_n(arena, (size_t)argc + 1, const char *);
	if (!p.given || !r.operands)
		return og_err_set(err, OG_E_OOM, "out of memory");
	/* Asking for help has to work under a broken environment too. */
	struct og_err env_err = OG_ERR_INIT;
	int env_rc = preset(&p, env, &env_err), rc = 0;
	p.source = "";
	bool options = true;
	for (int i = 0; i < argc && !r.help; i++) {
		const char *a = argv[i];
		if (!options || a[0] != '-' || !a[1])
			r.operands[r.noperands++] = a;
		else if (strcmp(a, "--") == 0)
			options = false;
		else if (a[1] == '-')
			rc = parse_long(&p, argc, argv, &i, &r.help, err);
		else
			rc = parse_short(&p, argc, argv, &i, &r.help, err);
		if (rc != 0)
			return rc;
	}
	if (env_rc != 0 && !r.help) {
		if (err)
			*err = env_err;
		return env_rc;
	}
	*ret = r;
	return 0;
}
