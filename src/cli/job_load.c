/* SPDX-License-Identifier: Apache-2.0 */
/* Putting configuration and facts together for one run. */
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/suggest.h"
#include "job-priv.h"

enum { CONFIG_MAX_BYTES = 8000000 };

/* Texts for og_config_read. */
struct texts {
	struct og_config_input *v;
	size_t n, cap;
};

static bool add_text(struct og_arena *arena, struct texts *t, const char *name, struct og_sv text)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 8;
		struct og_config_input *v = og_arena_new_n(arena, cap, struct og_config_input);
		if (!v)
			return false;
		if (t->n)
			memcpy(v, t->v, t->n * sizeof(*v));
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n++] = (struct og_config_input){name, text};
	return true;
}

static int read_text(struct og_cli *cli, struct texts *t, const char *path, struct og_err *err)
{
	struct og_buf b og_auto_buf = OG_BUF_INIT(CONFIG_MAX_BYTES + 1);
	int rc = og_fs_read(path, CONFIG_MAX_BYTES, &b, err);
	if (rc != 0)
		return rc;
	char *name = og_arena_strndup(cli->arena, path, strlen(path));
	struct og_sv text = og_arena_sv(cli->arena, og_buf_view(&b));
	if (!name || !text.p || !add_text(cli->arena, t, name, text))
		return og_err_set(err, OG_E_OOM, "out of memory");
	return 0;
}

static int read_config_files(
	struct og_cli *cli, const struct og_strs *paths, struct texts *t, struct og_err *err)
{
	static const char *const suffixes[] = {".yaml", ".yml", ".json", NULL};
	const struct og_fs_list_options o = {.suffixes = suffixes, .recursive = true};
	int rc = 0;
	for (size_t i = 0; i < paths->n && rc == 0; i++) {
		struct og_fs_list files og_auto_fs_list = OG_FS_LIST_INIT;
		if (og_fs_is_dir(paths->v[i], NULL) != 1) {
			rc = read_text(cli, t, paths->v[i], err);
			continue;
		}
		rc = og_fs_list(paths->v[i], &o, &files, err);
		if (rc == 0 && files.n == 0)
			rc = og_err_set(err, OG_E_NOT_FOUND,
				"%s: the folder holds no *.yaml, *.yml or *.json file",
				paths->v[i]);
		for (size_t f = 0; f < files.n && rc == 0; f++)
			rc = read_text(cli, t, files.paths[f], err);
	}
	return rc;
}

/*
 * What a kustomize function was configured with: one of our documents, a List of them, or a
 * ConfigMap whose data holds them as texts (and `profile` and `namespace` as options).
 */
static bool function_config(struct og_job *job, struct texts *t, struct og_jval v)
{
	struct og_arena *arena = job->cli->arena;
	struct og_jval data = og_jgetl(v, "data");
	if (og_junset(v))
		return true;
	if (!og_jstr_is(og_jgetl(v, "kind"), "ConfigMap"))
		return add_text(arena, t, "functionConfig", og_jraw(v));
	og_jfor (it, data) {
		struct og_sv key = og_jstr_or_empty(it.key, arena);
		struct og_sv value = og_jstr_or_empty(it.val, arena);
		char *name = og_arena_fmt(arena, "functionConfig data[%.*s]",
			(int)(key.n > 100 ? 100 : key.n), key.p);
		char *word = og_arena_strndup(arena, value.p ? value.p : "", value.n);
		if (!name || !word)
			return false;
		if (og_sv_is(key, "profile"))
			job->args.profile = job->args.profile ? job->args.profile : word;
		else if (og_sv_is(key, "namespace"))
			job->args.ns = job->args.ns ? job->args.ns : word;
		else if (!add_text(arena, t, name, value))
			return false;
	}
	return true;
}

bool og_job_profile_known(const struct og_job *job)
{
	const char *name = job->args.profile;
	const struct og_config *c = job->config;
	if (!name || !c || og_config_profile(c, og_svz(name)))
		return true;
	const char **names =
		og_arena_new_n(job->cli->arena, (size_t)c->nprofiles + 1, const char *);
	for (uint32_t i = 0; names && i < c->nprofiles; i++)
		names[i] = og_arena_strndup(
			job->cli->arena, c->profiles[i].name.p, c->profiles[i].name.n);
	const char *near = names ? og_suggest(og_svz(name), names, c->nprofiles) : NULL;
	if (near)
		og_cli_usage(job->cli,
			"--profile: there is no TelemetryProfile \"%s\" (did you mean \"%s\"?)",
			name, near);
	else
		og_cli_usage(job->cli, "--profile: there is no TelemetryProfile \"%s\"", name);
	return false;
}

/* The text of an input with everything but our own documents blanked out: places stay exact, and
 * the reader has nothing to say about documents that are none of its business. */
static struct og_sv only_config(const struct og_input *in, struct og_arena *arena)
{
	char *text = og_arena_strndup(arena, in->text.p, in->text.n);
	for (uint32_t d = 0; text && d < in->ndocs; d++) {
		const struct og_in_doc *doc = &in->docs[d];
		if (doc->nobjects == 1 && doc->objects[0].class == OG_OBJ_CONFIG &&
			doc->objects[0].prefix.n == 0)
			continue;
		for (uint32_t i = doc->src->start; i < doc->src->end; i++) {
			if (text[i] != '\n')
				text[i] = ' ';
		}
	}
	return text ? og_sv(text, in->text.n) : og_sv(NULL, 0);
}

/* Documents of our kinds among the inputs. */
static bool config_of_input(struct og_job *job, struct texts *t, const struct og_input *in)
{
	bool whole = false;
	for (uint32_t d = 0; d < in->ndocs; d++) {
		const struct og_in_doc *doc = &in->docs[d];
		if (doc->resource_list &&
			!function_config(
				job, t, og_jgetl(og_jroot(&doc->src->doc), "functionConfig")))
			return false;
		for (uint32_t i = 0; i < doc->nobjects; i++) {
			const struct og_in_object *o = &doc->objects[i];
			if (o->class != OG_OBJ_CONFIG)
				continue;
			if (o->prefix.n == 0) {
				whole = true;
				continue;
			}
			if (!add_text(job->cli->arena, t, og_in_place(doc, o->v, job->cli->arena),
				    og_jraw(o->v)))
				return false;
		}
	}
	if (!whole)
		return true;
	struct og_sv text = only_config(in, job->cli->arena);
	return text.p && add_text(job->cli->arena, t, in->name, text);
}

void og_job_config_problems(struct og_cli *cli, const struct og_config_report *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		struct og_buf b og_auto_buf = OG_BUF_INIT(0);
		og_config_problem_text(&r->v[i], &b);
		og_cli_error(cli, "%s", b.p ? b.p : "out of memory");
	}
	if (r->nerrors + r->nwarnings > r->n)
		og_cli_error(cli, "%u more problems are not shown",
			(unsigned)(r->nerrors + r->nwarnings - r->n));
}

static int load_config(struct og_job *job)
{
	struct og_cli *cli = job->cli;
	struct texts t = {NULL, 0, 0};
	struct og_err err = OG_ERR_INIT;
	if (job->args.config.n) {
		if (read_config_files(cli, &job->args.config, &t, &err) != 0) {
			(void)og_err_wrap(&err, "--config");
			return og_cli_fail(cli, &err);
		}
	}
	bool ok = true;
	for (size_t i = 0; i < job->in.n && ok; i++) {
		/* With --config only functionConfig's options are taken from the input. */
		struct texts unused = {NULL, 0, 0};
		if (!job->in.v[i].failed)
			ok = config_of_input(job, job->args.config.n ? &unused : &t, &job->in.v[i]);
	}
	if (!ok) {
		og_cli_error(cli, "out of memory");
		return OG_EXIT_FAULT;
	}
	if (t.n == 0)
		return OG_EXIT_PASS;
	struct og_config *config = NULL;
	struct og_config_report report = {.n = 0};
	int rc = og_config_read(cli->arena, t.v, t.n, &config, &report);
	og_job_config_problems(cli, &report);
	if (rc != 0) {
		og_cli_error(cli, "the configuration is wrong: %u error%s",
			(unsigned)report.nerrors, report.nerrors == 1 ? "" : "s");
		return OG_EXIT_FAULT;
	}
	if (config->nstacks + config->nprofiles == 0 && job->args.config.n) {
		og_cli_error(cli, "--config holds no GrafanaStack and no TelemetryProfile");
		return OG_EXIT_FAULT;
	}
	job->config = config->nstacks + config->nprofiles ? config : NULL;
	return OG_EXIT_PASS;
}

/* Everything that was read is a fact: the inputs' own objects first, then those of --objects. */
static int load_facts(struct og_job *job)
{
	struct og_cli *cli = job->cli;
	struct og_inputs extra = {NULL, 0, false};
	struct og_err err = OG_ERR_INIT;
	if (job->args.objects.n &&
		og_inputs_read_quiet(cli, &job->args.objects, &extra, &err) != 0) {
		(void)og_err_wrap(&err, "--objects");
		return og_cli_fail(cli, &err);
	}
	const struct og_inputs *sets[] = {&job->in, &extra};
	uint32_t n = 0;
	for (size_t s = 0; s < OG_COUNT(sets); s++) {
		struct og_job_iter it = {0};
		while (og_job_next(sets[s], &it))
			n++;
	}
	struct og_jval *objects = og_arena_new_n(cli->arena, (size_t)n + 1, struct og_jval);
	if (!objects) {
		og_cli_error(cli, "out of memory");
		return OG_EXIT_FAULT;
	}
	n = 0;
	for (size_t s = 0; s < OG_COUNT(sets); s++) {
		struct og_job_iter it = {0};
		for (const struct og_in_object *o; (o = og_job_next(sets[s], &it));)
			objects[n++] = o->v;
	}
	job->facts = (struct og_facts_objects){objects, n, og_svz(job->args.ns)};
	job->source = og_facts_from_objects(&job->facts);
	return OG_EXIT_PASS;
}

int og_job_load(struct og_job *job)
{
	struct og_err err = OG_ERR_INIT;
	if (og_inputs_read(job->cli, &job->args.files, &job->in, &err) != 0)
		return og_cli_fail(job->cli, &err);
	job->fault = job->in.failed;
	if (job->uninject || job->edit)
		return OG_EXIT_PASS;
	int code = load_config(job);
	return code != OG_EXIT_PASS ? code : load_facts(job);
}
