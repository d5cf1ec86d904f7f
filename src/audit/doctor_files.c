/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that files tell: what needs no cluster. */
#include "doctor-priv.h"

#include "otelgate/audit/targets.h"

static void set(struct og_doctor_facts *f, enum og_doctor_part p, enum og_doctor_sight sight,
	const char *why)
{
	f->part[p] =
		(struct og_doctor_known){.sight = sight, .why = og_svz(why), .rule = OG_SV("")};
}

static void parts(struct og_doctor_facts *f, const struct og_config *config)
{
	for (int p = 0; p < OG_DP_COUNT_; p++)
		set(f, (enum og_doctor_part)p, OG_DS_NA, "Files tell nothing of it.");
	set(f, OG_DP_WORKLOADS, OG_DS_SEEN, "");
	set(f, OG_DP_CONFIG, OG_DS_SEEN, "");
	set(f, OG_DP_RECEIVERS, OG_DS_SEEN, "");
	if (!config)
		return;
	f->nstacks = config->nstacks;
	f->nprofiles = config->nprofiles;
	f->has_default = config->default_profile != NULL;
}

/* What is wrong with the configuration is a fact, not an error. */
static int wrong_config(struct og_doctor_facts *f, struct og_arena *arena, const struct og_err *why)
{
	struct og_doctor_refused *v = og_arena_new(arena, struct og_doctor_refused);

	if (!v)
		return -(int)OG_E_OOM;
	*v = (struct og_doctor_refused){OG_SV(""), og_arena_sv(arena, og_svz(why->msg))};
	f->refused = v;
	f->nrefused = 1;
	set(f, OG_DP_WORKLOADS, OG_DS_FAILED, "The configuration has to be right first.");
	return 0;
}

static bool take_stacks(
	struct og_doctor_facts *f, const struct og_config *config, struct og_arena *arena)
{
	uint32_t n = config ? config->nstacks : 0;

	f->stacks = og_arena_new_n(arena, (size_t)n + 1, struct og_doctor_stack);
	for (uint32_t i = 0; f->stacks && i < n; i++) {
		const struct og_stack *s = &config->stacks[i];
		if (f->row && !og_sv_eq(f->row->row.stack, s->name))
			continue;
		f->stacks[f->nlooked++] = (struct og_doctor_stack){.name = s->name,
			.endpoint = s->receiver.endpoint,
			.has_endpoint = s->receiver.endpoint.n > 0,
			.discovers = s->slug.n > 0,
			.host = s->receiver.endpoint,
			.service.known = {.sight = OG_DS_NA,
				.why = OG_SV("Files do not tell whether it is there."),
				.rule = OG_SV("")}};
	}
	return f->stacks != NULL;
}

/* One workload among them: the one that is named, or the only one. */
static int choose(struct og_doctor_facts *f, struct og_audit_target *t, size_t nt,
	struct og_telemetry_row *rows, uint32_t n, struct og_err *err)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct og_coverage_row *r = &rows[i].row;
		if (nt ? !og_audit_targets_want(t, nt, r->group, r->kind, r->name) : n > 1)
			continue;
		f->row = &rows[i];
		found++;
	}
	if (nt && !found)
		return og_err_set(err, OG_E_NOT_FOUND,
			"no workload among the files is called \"%s%s%.*s\"",
			t->kind ? t->kind : "", t->kind ? "/" : "", OG_SV_ARG(t->name));
	if (found > 1)
		return og_err_set(err, OG_E_LIMIT,
			"several workloads among the files are called \"%.*s\": say which, by "
			"KIND/NAME and --namespace",
			OG_SV_ARG(t->name));
	return 0;
}

static int take_rows(struct og_doctor_facts *f, const struct og_coverage *c,
	struct og_audit_target *t, size_t nt, struct og_arena *arena, struct og_err *err)
{
	struct og_telemetry_row *rows =
		og_arena_new_n(arena, (size_t)c->n + 1, struct og_telemetry_row);

	if (!rows)
		return og_err_set(err, OG_E_OOM, "reading files");
	for (uint32_t i = 0; i < c->n; i++) {
		rows[i] = (struct og_telemetry_row){
			.row = c->rows[i], .ready_reason = "", .ready_message = OG_SV("")};
		const char *why = c->rows[i].link[OG_LINK_INJECTED].reason;
		if (why && !strcmp(why, "NoConfig"))
			set(f, OG_DP_CONFIG, OG_DS_NA,
				"No GrafanaStack and TelemetryProfile is among the files; name "
				"them with --config.");
	}
	f->rows = rows;
	f->nrows = c->n;
	int r = choose(f, t, nt, rows, c->n, err);
	if (r == 0 && f->row) {
		f->target = doctor_object(&f->row->row, arena);
		f->ns = f->row->row.ns;
	}
	return r;
}

int og_doctor_collect_files(const struct og_audit_files *files, const struct og_audit_want *want,
	const char *const *target, size_t ntarget, struct og_arena *arena,
	struct og_doctor_facts *ret, struct og_err *err)
{
	struct og_doctor_facts f = {
		.now_s = want->now_s, .files = true, .server = OG_SV(""), .ns = want->ns};
	struct og_audit_target *t = NULL;
	struct og_coverage c = {.n = 0};
	struct og_err why = OG_ERR_INIT;
	size_t nt = 0;
	int r = og_audit_targets_parse(target, ntarget, arena, &t, &nt, err);

	f.target = f.version = f.user = f.call.revision = f.call.what = OG_SV("");
	if (r == 0 && (nt > 1 || (nt == 1 && !t[0].name.n)))
		r = og_err_set(err, OG_E_USAGE, "one workload at a time: KIND/NAME");
	if (r < 0)
		return r;
	parts(&f, want->config);
	r = og_audit_collect_files(files, want, arena, &c, &why);
	if (r == -(int)OG_E_CONFIG) {
		f.target = nt ? t[0].name : OG_SV("");
		r = wrong_config(&f, arena, &why);
	} else if (r < 0) {
		*err = why;
	} else {
		r = take_rows(&f, &c, t, nt, arena, err);
	}
	if (r == 0 && !take_stacks(&f, want->config, arena))
		r = og_err_set(err, OG_E_OOM, "reading files");
	if (r == 0)
		*ret = f;
	return r;
}
