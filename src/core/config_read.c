/* SPDX-License-Identifier: Apache-2.0 */
/* Texts into documents: parsing, lists, headers, names. */
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

/* The one part of a status that is read: nothing else has it, and a wrong one is nobody's fault. */
static struct og_sv read_auth_hash(struct cfg_reader *r, const struct cfg_doc *d)
{
	struct og_jval v = og_jpath(d->root, "status", "authHash", NULL);
	struct og_sv s = og_jstr_or_empty(v, r->arena);

	r->oom |= og_jis(v, OG_J_STRING) && !s.p;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return OG_SV("");
	return s.n <= 64 ? s : OG_SV("");
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
	if (d->type->doc == OG_DOC_STACK) {
		cfg_stack(d)->name = d->name;
		cfg_stack(d)->auth_hash = read_auth_hash(r, d);
	} else {
		cfg_profile(d)->name = d->name;
	}
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

int og_config_read(struct og_arena *arena, const struct og_config_input *inputs, size_t n,
	struct og_config **ret, struct og_config_report *report)
{
	static const struct og_config_input nothing = {"configuration", {"", 0}};
	struct cfg_reader r = {.arena = arena, .inputs = n ? inputs : &nothing, .report = report};
	*report = (struct og_config_report){.v = NULL};
	for (size_t i = 0; i < n && !r.oom; i++)
		read_input(&r, (uint32_t)i);
	if (!r.oom)
		cfg_check_references(&r);
	for (uint32_t i = 0; i < r.ndocs; i++) {
		report->nstacks += r.docs[i].type->doc == OG_DOC_STACK;
		report->nprofiles += r.docs[i].type->doc == OG_DOC_PROFILE;
	}
	cfg_report_finish(&r);
	if (r.oom)
		return -OG_E_OOM;
	if (report->nerrors)
		return -OG_E_CONFIG;
	struct og_config *c = cfg_build(&r, n);
	if (!c)
		return -OG_E_OOM;
	*ret = c;
	return 0;
}
