/* SPDX-License-Identifier: Apache-2.0 */
/* Documents into the snapshot: equal names, the default, references, order, hash. */
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "config_read-priv.h"

/* --- references between documents --- */

static const char *place_text(struct cfg_reader *r, const struct cfg_doc *d)
{
	uint32_t line = 0, col = 0;
	og_source_position(d->sdoc, d->name_val, &line, &col);
	return cfg_fmt(r, "%s:%u", r->inputs[d->input].name, line);
}

static void check_names(struct cfg_reader *r)
{
	for (uint32_t i = 0; i < r->ndocs; i++) {
		const struct cfg_doc *d = &r->docs[i];
		for (uint32_t k = 0; k < i && d->name.n; k++) {
			const struct cfg_doc *other = &r->docs[k];
			if (other->type != d->type || !og_sv_eq(other->name, d->name))
				continue;
			cfg_error(r, d, d->name_val, "metadata.name",
				cfg_fmt(r, "the first is %s", place_text(r, other)),
				"a %s named \"%.*s\" was read before", d->type->kind,
				OG_SV_ARG(d->name));
			break;
		}
	}
}

static void check_defaults(struct cfg_reader *r)
{
	const struct cfg_doc *first = NULL;
	for (uint32_t i = 0; i < r->ndocs; i++) {
		const struct cfg_doc *d = &r->docs[i];
		if (d->type->doc != OG_DOC_PROFILE || !cfg_profile(d)->is_default)
			continue;
		if (first)
			cfg_error(r, d, cfg_val(d, "spec.default"), "spec.default",
				cfg_fmt(r, "the other is %s", place_text(r, first)),
				"more than one profile is the default");
		else
			first = d;
	}
}

/* The stack's document, or NULL (reported). */
static const struct cfg_doc *find_stack(struct cfg_reader *r, const struct cfg_doc *d)
{
	struct og_jval v = cfg_val(d, "spec.stack");
	const struct cfg_doc *only = NULL;
	const char *names[64];
	size_t n = 0, stacks = 0;
	for (uint32_t i = 0; i < r->ndocs; i++) {
		const struct cfg_doc *s = &r->docs[i];
		if (s->type->doc != OG_DOC_STACK)
			continue;
		stacks++;
		only = s;
		if (og_jis(v, OG_J_STRING) && s->name.n && og_jstr_eq(v, s->name))
			return s;
		if (s->name.n && n < OG_COUNT(names))
			names[n++] = cfg_fmt(r, "%.*s", OG_SV_ARG(s->name));
	}
	if (og_jtype(v) == OG_J_ABSENT && stacks == 1)
		return only;
	if (!cfg_ok(d, "spec.stack"))
		return NULL;
	if (og_jtype(v) == OG_J_ABSENT) {
		cfg_error(r, d, OG_JABSENT, "spec.stack",
			stacks ? "name one" : "add a GrafanaStack document",
			stacks ? "is missing, and there are %zu GrafanaStacks"
			       : "is missing, and there is no GrafanaStack",
			stacks);
		return NULL;
	}
	const char *near = og_suggest(og_jstr_or_empty(v, r->arena), names, n);
	cfg_error(r, d, v, "spec.stack",
		near	 ? cfg_fmt(r, "did you mean \"%s\"?", near)
		: stacks ? cfg_fmt(r, "there is \"%s\"", n ? names[0] : "one without a name")
			 : "add a GrafanaStack document",
		"there is no such GrafanaStack");
	return NULL;
}

void cfg_check_references(struct cfg_reader *r)
{
	check_names(r);
	check_defaults(r);
	for (uint32_t i = 0; i < r->ndocs && !r->oom; i++) {
		const struct cfg_doc *d = &r->docs[i];
		if (d->type->doc == OG_DOC_STACK) {
			cfg_check_stack(r, d);
			continue;
		}
		const struct cfg_doc *stack = find_stack(r, d);
		cfg_profile(d)->stack = stack ? stack->base : NULL;
		cfg_check_profile(r, d, stack);
	}
	if (!r->ndocs && !r->report->nerrors)
		cfg_file_problem(r, OG_SEV_ERROR, 0, 0, 0, NULL,
			"no GrafanaStack and no TelemetryProfile found");
}

/* --- the snapshot --- */

/* Documents of one kind in order of their names, so that the files' order changes nothing. */
static const struct cfg_doc **sorted(struct cfg_reader *r, enum og_doc_kind kind, uint32_t *ret_n)
{
	uint32_t n = 0;
	const struct cfg_doc **v = og_arena_new_n(r->arena, r->ndocs + 1, const struct cfg_doc *);
	if (!v)
		return NULL;
	for (uint32_t i = 0; i < r->ndocs; i++) {
		const struct cfg_doc *d = &r->docs[i];
		if (d->type->doc != kind)
			continue;
		uint32_t k = n++;
		for (; k && og_sv_cmp(d->name, v[k - 1]->name) < 0; k--)
			v[k] = v[k - 1];
		v[k] = d;
	}
	*ret_n = n;
	return v;
}

static void origin_of(const struct cfg_doc *d, struct og_config_origin *o)
{
	o->self.input = d->input;
	og_source_position(d->sdoc, d->root, &o->self.line, &o->self.col);
	o->field = d->place;
}

static bool build_stacks(struct cfg_reader *r, struct og_config *c)
{
	const struct cfg_doc **docs = sorted(r, OG_DOC_STACK, &c->nstacks);
	struct og_stack *v = og_arena_new_n(r->arena, c->nstacks + 1, struct og_stack);
	struct og_config_origin *o =
		og_arena_new_n(r->arena, c->nstacks + 1, struct og_config_origin);
	if (!docs || !v || !o)
		return false;
	for (uint32_t i = 0; i < c->nstacks; i++) {
		v[i] = *cfg_stack(docs[i]);
		origin_of(docs[i], &o[i]);
	}
	c->stacks = v;
	c->stack_origins = o;
	return true;
}

static const struct og_stack *stack_named(const struct og_config *c, struct og_sv name)
{
	for (uint32_t i = 0; i < c->nstacks; i++) {
		if (og_sv_eq(c->stacks[i].name, name))
			return &c->stacks[i];
	}
	return NULL;
}

static bool build_profiles(struct cfg_reader *r, struct og_config *c)
{
	const struct cfg_doc **docs = sorted(r, OG_DOC_PROFILE, &c->nprofiles);
	struct og_profile *v = og_arena_new_n(r->arena, c->nprofiles + 1, struct og_profile);
	struct og_config_origin *o =
		og_arena_new_n(r->arena, c->nprofiles + 1, struct og_config_origin);
	if (!docs || !v || !o)
		return false;
	for (uint32_t i = 0; i < c->nprofiles; i++) {
		v[i] = *cfg_profile(docs[i]);
		origin_of(docs[i], &o[i]);
		v[i].stack = stack_named(c, v[i].stack->name);
		if (v[i].is_default)
			c->default_profile = &v[i];
	}
	c->profiles = v;
	c->profile_origins = o;
	return true;
}

static bool hash_inputs(const struct og_config_input *inputs, size_t n, char hex[65])
{
	unsigned char sum[OG_SHA256_BYTES];
	og_auto_sha256 struct og_sha256 h;
	og_sha256_init(&h);
	for (size_t i = 0; i < n; i++)
		og_sha256_part(&h, inputs[i].text);
	if (og_sha256_final(&h, sum, NULL))
		return false;
	og_hex(hex, sum, sizeof sum);
	return true;
}

struct og_config *cfg_build(struct cfg_reader *r, size_t ninputs)
{
	struct og_config *c = og_arena_new(r->arena, struct og_config);
	if (!c || !build_stacks(r, c) || !build_profiles(r, c) ||
		!hash_inputs(r->inputs, ninputs, c->hash))
		return NULL;
	return c;
}
