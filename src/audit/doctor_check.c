/* SPDX-License-Identifier: Apache-2.0 */
/* What each rung of the cluster says when no rule has broken it. */
#include "doctor-priv.h"
#include "otelgate/grafana/send.h"

#define SAY(...) og_svz(og_arena_fmt(arena, __VA_ARGS__))
#define CHECK(name)                                                                       \
	void doctor_check_##name(const struct og_doctor_facts *f, struct og_arena *arena, \
		struct og_doctor_step *step)

static void end(struct og_doctor_step *s, enum og_doctor_end e, struct og_sv evidence)
{
	if (e > s->end || e == OG_DE_NA)
		s->end = e;
	s->evidence = evidence;
}

CHECK(access)
{
	step->evidence = SAY("%.*s answers%s%.*s%s%.*s.", OG_SV_ARG(f->server),
		f->version.n ? "; Kubernetes " : "", OG_SV_ARG(f->version),
		f->user.n ? "; you are " : "", OG_SV_ARG(f->user));
}

CHECK(rights)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->nrights; i++)
		n += f->rights[i].allowed;
	step->evidence = SAY("%u of %u rights to read are there.", n, f->nrights);
}

CHECK(kinds)
{
	bool all = true;

	for (size_t i = 0; i < OG_COUNT(f->kinds); i++)
		all &= f->kinds[i].present && f->kinds[i].served;
	if (all)
		step->evidence = SAY("%s, %s and %s are served as %s.", f->kinds[0].resource,
			f->kinds[1].resource, f->kinds[2].resource, f->kinds[0].version);
	else
		end(step, OG_DE_NA,
			OG_SV("They are not installed; the webhook injects by files of its own."));
}

CHECK(webhook)
{
	const struct og_doctor_hook *h = &f->hook;

	if (h->by_url)
		end(step, OG_DE_PASS,
			OG_SV("It is registered by URL: whether it answers, the dry run shows."));
	else if (!h->service.slices)
		end(step, OG_DE_UNKNOWN, OG_SV("The endpoints of its Service may not be read."));
	else
		end(step, OG_DE_PASS,
			SAY("Service %.*s/%.*s has %u ready address%s.", OG_SV_ARG(h->service.ns),
				OG_SV_ARG(h->service.name), h->service.ready,
				h->service.ready == 1 ? "" : "es"));
}

CHECK(certificates)
{
	const struct og_doctor_hook *h = &f->hook;

	if (!h->ca_given)
		end(step, OG_DE_UNKNOWN, OG_SV("No caBundle: the API server's own CAs hold."));
	else
		end(step, OG_DE_PASS,
			SAY("caBundle holds %u CA%s, good for %.*s.", h->ca_count,
				h->ca_count == 1 ? "" : "s",
				OG_SV_ARG(doctor_span(h->ca_not_after - f->now_s, arena))));
}

CHECK(config)
{
	if (f->files && !f->nstacks)
		end(step, OG_DE_PASS, OG_SV("The configuration among the files is valid."));
	else if (!f->nstacks || !f->nprofiles)
		end(step, OG_DE_NA, OG_SV("The webhook injects by files of its own."));
	else
		end(step, OG_DE_PASS,
			SAY("%u GrafanaStack%s and %u TelemetryProfile%s are valid%s.", f->nstacks,
				f->nstacks == 1 ? "" : "s", f->nprofiles,
				f->nprofiles == 1 ? "" : "s",
				f->has_default ? "" : "; none is the default"));
}

CHECK(admission)
{
	const struct og_doctor_call *c = &f->call;

	if (c->marked)
		end(step, OG_DE_PASS,
			SAY("A dry run of %.*s in namespace %.*s came back injected, revision %.*s.",
				OG_SV_ARG(c->what), OG_SV_ARG(c->ns), OG_SV_ARG(c->revision)));
	else if (!c->created)
		end(step, OG_DE_UNKNOWN,
			SAY("A dry run of %.*s in namespace %.*s was refused: %.*s",
				OG_SV_ARG(c->what), OG_SV_ARG(c->ns), OG_SV_ARG(c->said)));
	else
		end(step, OG_DE_NA,
			SAY("%.*s asks for no injection that could be done.", OG_SV_ARG(c->what)));
}

CHECK(controller)
{
	const struct og_telemetry_row *row = f->row;

	if (row && row->observed_generation && row->observed_generation < row->generation) {
		end(step, OG_DE_WARN,
			SAY("%.*s leads, and has not judged the last change of the workload yet: "
			    "what it says is about generation %lld, and this is %lld.",
				OG_SV_ARG(f->lease.holder), (long long)row->observed_generation,
				(long long)row->generation));
		return;
	}
	step->evidence = SAY("%.*s leads; it renewed its lease %.*s ago.",
		OG_SV_ARG(f->lease.holder), OG_SV_ARG(doctor_span(f->lease.age_s, arena)));
}

/* ---- stacks ---- */

/* The Secret itself, else the controller's word of it. */
static void one_secret(
	const struct og_doctor_stack *s, struct og_arena *arena, struct og_doctor_step *step)
{
	const struct og_doctor_condition *c = doctor_condition(s, OG_SV("CredentialsValid"));

	if (s->secret_known.sight == OG_DS_SEEN) {
		bool good = s->secret_state == OG_CREDENTIAL_VALID;
		end(step, good ? OG_DE_PASS : OG_DE_BROKEN,
			good ? SAY("Secret %.*s/%.*s holds good credentials.",
				       OG_SV_ARG(s->secret_ns), OG_SV_ARG(s->secret_name))
			     : s->secret_message);
		return;
	}
	if (c && og_sv_is(c->status, "True"))
		end(step, OG_DE_PASS,
			SAY("By the controller's word Secret %.*s/%.*s is good; it may not be read "
			    "from here.",
				OG_SV_ARG(s->secret_ns), OG_SV_ARG(s->secret_name)));
	else if (c && og_sv_is(c->status, "False"))
		end(step, OG_DE_BROKEN, c->message.n ? c->message : c->reason);
	else {
		end(step, OG_DE_UNKNOWN, s->secret_known.why);
		step->right = s->secret_known.rule;
	}
}

/* A probe that is refused and that no rule has told of, at a link of the credentials or not. */
static bool of_credentials(const struct og_doctor_condition *c, const void *ctx)
{
	enum og_send_link l = og_send_class_link(og_send_class_named(c->reason));
	const bool *wanted = ctx;

	return (l == OG_LINK_CREDENTIAL || l == OG_LINK_PERMISSION) == *wanted;
}

static void refused(const struct og_doctor_facts *f, bool credentials, struct og_arena *arena,
	struct og_doctor_step *step)
{
	const struct og_doctor_stack *s;
	const struct og_doctor_condition *c =
		doctor_written(f, "False", of_credentials, &credentials, &s);
	struct og_sv said;

	if (!c || step->end == OG_DE_BROKEN)
		return;
	step->fix = SAY("otelgate probe %.*s", OG_SV_ARG(s->name));
	doctor_split_fix(c->message.n ? c->message : c->reason, &said, &step->fix);
	end(step, OG_DE_BROKEN, said);
}

CHECK(credentials)
{
	uint32_t wanted = 0;

	for (uint32_t i = 0; i < f->nlooked && step->end != OG_DE_BROKEN; i++) {
		const struct og_doctor_stack *s = &f->stacks[i];
		enum og_doctor_end before = step->end;
		struct og_sv said = step->evidence;
		if (!s->wants_credentials)
			continue;
		wanted++;
		one_secret(s, arena, step);
		if (before == OG_DE_UNKNOWN && step->end == OG_DE_UNKNOWN)
			step->evidence = said;
	}
	const struct og_cell *cell = f->row ? &f->row->row.link[OG_LINK_CREDENTIALS] : NULL;
	if (cell && og_coverage_counts(cell) == OG_RESULT_FAIL && step->end != OG_DE_BROKEN) {
		end(step, OG_DE_BROKEN, cell->message);
		step->fix = cell->fix.n ? cell->fix
					: SAY("kubectl describe grafanastack %.*s",
						  OG_SV_ARG(f->row->row.stack));
	} else if (!wanted && f->files && cell && cell->result == OG_RESULT_UNKNOWN) {
		end(step, OG_DE_UNKNOWN, cell->message);
	} else if (!wanted) {
		end(step, OG_DE_NA, OG_SV("Pods send without credentials."));
	}
	refused(f, true, arena, step);
}

/* Signals of which the controller's own probe was taken. */
static uint32_t probed(const struct og_doctor_stack *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->nconditions; i++)
		n += og_sv_ends(s->conditions[i].type, OG_SV("Writable")) &&
		     og_sv_is(s->conditions[i].status, "True");
	return n;
}

static void one_receiver(
	const struct og_doctor_stack *s, struct og_arena *arena, struct og_doctor_step *step)
{
	const struct og_doctor_service *x = &s->service;

	if (!s->has_endpoint)
		end(step, OG_DE_UNKNOWN,
			OG_SV("The controller discovers the receiver by spec.slug; it has not been "
			      "called from here."));
	else if (probed(s))
		end(step, OG_DE_PASS,
			SAY("%.*s took what the controller sent it to try %u signal%s.",
				OG_SV_ARG(s->endpoint), probed(s), probed(s) == 1 ? "" : "s"));
	else if (s->in_pod)
		end(step, OG_DE_PASS,
			SAY("%.*s is the pod itself: a container beside it has to listen there.",
				OG_SV_ARG(s->host)));
	else if (s->outside || x->external)
		end(step, OG_DE_PASS,
			SAY("%.*s is outside of the cluster: `otelgate probe` sends it a record.",
				OG_SV_ARG(s->host)));
	else if (x->known.sight != OG_DS_SEEN) {
		end(step, OG_DE_UNKNOWN, x->known.why);
		step->right = x->known.rule;
	} else if (!x->slices)
		end(step, OG_DE_UNKNOWN,
			SAY("The endpoints of Service %.*s/%.*s may not be read.", OG_SV_ARG(x->ns),
				OG_SV_ARG(x->name)));
	else
		end(step, OG_DE_PASS,
			SAY("Service %.*s/%.*s has port %u and %u ready address%s.",
				OG_SV_ARG(x->ns), OG_SV_ARG(x->name), x->port, x->ready,
				x->ready == 1 ? "" : "es"));
}

CHECK(receiver)
{
	if (!f->nlooked)
		end(step, OG_DE_NA, OG_SV("No stack is known that it could belong to."));
	for (uint32_t i = 0; i < f->nlooked; i++) {
		struct og_sv said = step->evidence;
		enum og_doctor_end before = step->end;
		one_receiver(&f->stacks[i], arena, step);
		if (before >= OG_DE_UNKNOWN && before == step->end)
			step->evidence = said;
	}
	refused(f, false, arena, step);
}

CHECK(workloads)
{
	uint32_t opted_in = 0, failing = 0, unknown = 0;

	for (uint32_t i = 0; i < f->nrows; i++) {
		const struct og_telemetry_row *row = &f->rows[i];
		enum og_link l = doctor_first_link(row);
		if (!row->row.opted_in)
			continue;
		opted_in++;
		failing += l < OG_LINK_COUNT_ && row->row.link[l].result == OG_RESULT_FAIL;
		unknown += l < OG_LINK_COUNT_ && row->row.link[l].result == OG_RESULT_UNKNOWN;
	}
	struct og_sv said = SAY("%u of %u opted-in workloads are whole; a link of %u is broken, of "
				"%u not known.",
		opted_in - failing - unknown, opted_in, failing, unknown);
	if (!opted_in)
		end(step, f->nblind ? OG_DE_UNKNOWN : OG_DE_NA,
			f->nblind ? SAY("%.*s: %.*s", OG_SV_ARG(f->blind[0].what),
					    OG_SV_ARG(f->blind[0].why))
				  : OG_SV("No workload is opted in."));
	else
		end(step, failing ? OG_DE_BROKEN : unknown ? OG_DE_UNKNOWN : OG_DE_PASS, said);
	if (failing)
		step->fix = OG_SV(
			"otelgate doctor KIND/NAME -n NAMESPACE, for one of those that are listed");
}
