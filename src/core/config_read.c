/* SPDX-License-Identifier: Apache-2.0 */
/* Texts into documents, documents into the snapshot: headers, names, references. */
#include "otelgate/base/digest.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "otelgate/kobj/names.h"
#include "config_read-priv.h"

/* metav1.ObjectMeta: what `kubectl get -o yaml` prints is taken as it is. */
static const char *const meta_fields[] = {"name", "labels", "annotations", "uid", "resourceVersion",
	"generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
	"finalizers", "ownerReferences", "managedFields", "selfLink", "generateName"};
static const char *const top_fields[] = {"apiVersion", "kind", "metadata", "spec", "status"};

static bool among(struct og_jval key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (og_jstr_eq(key, og_svz(names[i])))
			return true;
	}
	return false;
}

static void check_members(struct cfg_reader *r, struct cfg_doc *d, struct og_jval object,
	const char *path, const char *const *names, size_t n)
{
	og_jfor (it, object) {
		if (among(it.key, names, n))
			continue;
		struct og_sv name = og_jstr_or_empty(it.key, r->arena);
		const char *near = og_suggest(name, names, n), *hint = NULL;
		d->unknown = true;
		if (near)
			hint = cfg_fmt(r, "did you mean \"%s\"?", near);
		else if (*path && og_sv_is(name, "namespace"))
			hint = "remove it: the kind is cluster-scoped";
		else if (!*path && og_field_index(d->type->doc,
					   og_svz(cfg_fmt(r, "spec.%s", cfg_quote(r, name)))) >= 0)
			hint = "it belongs under spec";
		cfg_error(r, d, it.key, path, hint, "unknown field \"%s\"", cfg_quote(r, name));
	}
}

/* metadata.name: an object name; a profile's must not be a word of the inject annotation. */
static void read_name(struct cfg_reader *r, struct cfg_doc *d, struct og_jval meta)
{
	struct og_sv s;
	d->name_val = og_jgetl(meta, "name");
	if (og_junset(d->name_val)) {
		d->name_val = OG_JABSENT;
		cfg_error(r, d, og_junset(meta) ? d->root : meta, "metadata.name", NULL,
			"is missing");
		return;
	}
	if (!cfg_text(r, d, d->name_val, "metadata.name", &s))
		return;
	if (cfg_is_template(s)) {
		cfg_error(r, d, d->name_val, "metadata.name",
			"fill it in, or render the template first",
			"looks like an unfilled template");
		return;
	}
	const char *bad = og_format_name.check(s);
	if (bad)
		cfg_error(r, d, d->name_val, "metadata.name", NULL, "%s", bad);
	else if (d->type->doc == OG_DOC_PROFILE && (og_sv_is(s, "true") || og_sv_is(s, "false")))
		cfg_error(r, d, d->name_val, "metadata.name", "choose another name",
			"can't be \"true\" or \"false\": they mean something else in "
			"otelgate.dev/inject");
	else
		d->name = s;
}

static bool grow_docs(struct cfg_reader *r)
{
	if (r->ndocs < r->cap_docs)
		return true;
	uint32_t cap = r->cap_docs ? r->cap_docs * 2 : 8;
	struct cfg_doc *v = og_arena_new_n(r->arena, cap, struct cfg_doc);
	if (!v) {
		r->oom = true;
		return false;
	}
	if (r->ndocs)
		memcpy(v, r->docs, r->ndocs * sizeof *v);
	r->docs = v;
	r->cap_docs = cap;
	return true;
}

static void read_doc(struct cfg_reader *r, const struct cfg_doc *head)
{
	if (r->ndocs >= OG_CONFIG_MAX_DOCUMENTS) {
		cfg_error(r, head, head->root, "", NULL, "is document %u: no more than %d are read",
			r->ndocs + 1, OG_CONFIG_MAX_DOCUMENTS);
		return;
	}
	if (!grow_docs(r))
		return;
	struct cfg_doc *d = &r->docs[r->ndocs];
	size_t n = og_nfields(head->type->doc);
	*d = *head;
	d->val = og_arena_new_n(r->arena, n, struct og_jval);
	d->bad = og_arena_new_n(r->arena, n, bool);
	d->place = og_arena_new_n(r->arena, n, struct og_config_place);
	d->base = og_arena_calloc(r->arena, 1, head->type->bytes);
	if (!d->val || !d->bad || !d->place || !d->base) {
		r->oom = true;
		return;
	}
	r->ndocs++;
	struct og_jval meta = og_jgetl(d->root, "metadata");
	check_members(r, d, d->root, "", top_fields, OG_COUNT(top_fields));
	if (!og_junset(meta) && !og_jis(meta, OG_J_OBJECT)) {
		cfg_error(r, d, meta, "metadata", NULL, "must be an object, not %s",
			og_jtype_name(og_jtype(meta)));
	} else {
		check_members(r, d, meta, "metadata", meta_fields, OG_COUNT(meta_fields));
		read_name(r, d, meta);
	}
	if (d->type->doc == OG_DOC_STACK)
		cfg_stack(d)->name = d->name;
	else
		cfg_profile(d)->name = d->name;
	cfg_read_spec(r, d, og_jgetl(d->root, "spec"));
}

/* A document of another group: not ours to read. */
static void ignore(struct cfg_reader *r, const struct cfg_doc *head, const char *what)
{
	r->report->nignored++;
	cfg_warn(r, head, head->root, "", NULL, "%s", what);
}

/* Finds the kind; true when it is one to read. */
static bool read_kind(
	struct cfg_reader *r, struct cfg_doc *head, struct og_sv version, struct og_sv kind)
{
	const char *kinds[OG_DOC_KIND_COUNT_];
	size_t slash = og_sv_chr(version, '/');
	if (!og_sv_eq(og_sv(version.p, slash), OG_SV(OG_GROUP))) {
		static const char *const groups[] = {OG_GROUP};
		bool ours = false;
		for (size_t i = 0; i < OG_DOC_KIND_COUNT_; i++)
			ours = ours || og_sv_eq(kind, og_svz(og_doc_types[i].kind));
		if (ours || og_suggest(og_sv(version.p, slash), groups, 1))
			cfg_error(r, head, og_jgetl(head->root, "apiVersion"), "apiVersion",
				"write " OG_API_VERSION, "is not " OG_API_VERSION);
		else
			ignore(r, head, "ignored: not a document of " OG_GROUP);
		return false;
	}
	if (!og_sv_eq(version, OG_SV(OG_API_VERSION))) {
		cfg_error(r, head, og_jgetl(head->root, "apiVersion"), "apiVersion",
			"write " OG_API_VERSION, "has an unknown version");
		return false;
	}
	for (size_t i = 0; i < OG_DOC_KIND_COUNT_; i++) {
		kinds[i] = og_doc_types[i].kind;
		head->type = &og_doc_types[i];
		if (og_sv_eq(kind, og_svz(kinds[i])))
			return true;
	}
	head->type = &og_doc_types[0];
	if (og_sv_is(kind, "WorkloadTelemetry")) {
		ignore(r, head, "ignored: WorkloadTelemetry is written by otelgate, not read");
		return false;
	}
	const char *near = og_suggest(kind, kinds, OG_COUNT(kinds));
	cfg_error(r, head, og_jgetl(head->root, "kind"), "kind",
		near ? cfg_fmt(r, "did you mean \"%s\"?", near) : NULL,
		"must be GrafanaStack or TelemetryProfile");
	return false;
}

static bool header_text(
	struct cfg_reader *r, const struct cfg_doc *head, const char *key, struct og_sv *ret)
{
	struct og_jval v = og_jget(head->root, og_svz(key));
	if (og_junset(v)) {
		cfg_error(r, head, head->root, key, NULL, "is missing");
		return false;
	}
	return cfg_text(r, head, v, key, ret);
}

/* One object: a document, or an element of a List. */
static void read_object(struct cfg_reader *r, const struct cfg_doc *file, struct og_jval root)
{
	struct cfg_doc head = *file;
	struct og_sv version, kind;
	head.root = root;
	if (!og_jis(root, OG_J_OBJECT)) {
		cfg_error(r, &head, root, "", NULL, "a document must be an object, not %s",
			og_jtype_name(og_jtype(root)));
		return;
	}
	bool ok = header_text(r, &head, "apiVersion", &version);
	ok = header_text(r, &head, "kind", &kind) && ok;
	if (ok && read_kind(r, &head, version, kind))
		read_doc(r, &head);
}

static bool is_list(struct og_jval root)
{
	struct og_jval kind = og_jgetl(root, "kind");
	return og_jis(og_jgetl(root, "items"), OG_J_ARRAY) &&
	       (og_jstr_is(kind, "List") || og_jstr_is(kind, "GrafanaStackList") ||
		       og_jstr_is(kind, "TelemetryProfileList"));
}

/* Splits "name:line:column: what" of a parser's message. */
static void parse_problem(struct cfg_reader *r, uint32_t input, const struct og_err *err)
{
	struct og_sv msg = og_svz(err->msg), name = og_svz(r->inputs[input].name);
	uint32_t place[2] = {0, 0};
	const char *hint = NULL;
	if (og_sv_starts(msg, name)) {
		const char *p = msg.p + name.n;
		size_t i = 0;
		while (i < 2 && *p == ':' && p[1] >= '0' && p[1] <= '9') {
			for (p++; *p >= '0' && *p <= '9' && place[i] < 100000000; p++)
				place[i] = place[i] * 10 + (uint32_t)(*p - '0');
			i++;
		}
		while (*p == ':' || *p == ' ')
			p++;
		msg = og_svz(p);
	}
	/* The parser puts its advice in brackets at the end. */
	const char *advice = strstr(msg.p, " (");
	if (advice && msg.p[msg.n - 1] == ')') {
		hint = cfg_fmt(r, "%.*s", (int)(msg.p + msg.n - advice) - 3, advice + 2);
		msg.n = (size_t)(advice - msg.p);
	} else if (og_sv_has(r->inputs[input].text, OG_SV("{{"))) {
		hint = "it holds {{ }}: render the template first";
	}
	cfg_file_problem(r, OG_SEV_ERROR, input, place[0], place[1], hint,
		cfg_fmt(r, "%.*s", OG_SV_ARG(msg)));
}

static void read_input(struct cfg_reader *r, uint32_t input)
{
	struct og_err err = OG_ERR_INIT;
	struct og_source *src = og_arena_new(r->arena, struct og_source);
	const struct og_config_input *in = &r->inputs[input];
	if (!src) {
		r->oom = true;
		return;
	}
	int rc = og_source_parse(src, r->arena, in->text, in->name, NULL, &err);
	if (rc == -OG_E_OOM) {
		r->oom = true;
		return;
	}
	if (rc) {
		parse_problem(r, input, &err);
		return;
	}
	for (uint32_t i = 0; i < src->ndocs && !r->oom; i++) {
		const struct og_source_doc *sd = &src->docs[i];
		struct cfg_doc file = {.input = input, .sdoc = sd, .type = &og_doc_types[0]};
		struct og_jval root = og_jroot(&sd->doc);
		if (og_junset(root))
			continue; /* comments alone, or "---" */
		if (!is_list(root)) {
			read_object(r, &file, root);
			continue;
		}
		og_jfor (it, og_jgetl(root, "items"))
			read_object(r, &file, it.val);
	}
}

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

static void check_all(struct cfg_reader *r)
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

int og_config_read(struct og_arena *arena, const struct og_config_input *inputs, size_t n,
	struct og_config **ret, struct og_config_report *report)
{
	static const struct og_config_input nothing = {"configuration", {"", 0}};
	struct cfg_reader r = {.arena = arena, .inputs = n ? inputs : &nothing, .report = report};
	*report = (struct og_config_report){.v = NULL};
	for (size_t i = 0; i < n && !r.oom; i++)
		read_input(&r, (uint32_t)i);
	if (!r.oom)
		check_all(&r);
	for (uint32_t i = 0; i < r.ndocs; i++) {
		report->nstacks += r.docs[i].type->doc == OG_DOC_STACK;
		report->nprofiles += r.docs[i].type->doc == OG_DOC_PROFILE;
	}
	cfg_report_finish(&r);
	if (r.oom)
		return -OG_E_OOM;
	if (report->nerrors)
		return -OG_E_CONFIG;
	struct og_config *c = og_arena_new(arena, struct og_config);
	if (!c || !build_stacks(&r, c) || !build_profiles(&r, c) ||
		!hash_inputs(inputs, n, c->hash))
		return -OG_E_OOM;
	*ret = c;
	return 0;
}
