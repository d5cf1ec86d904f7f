/* SPDX-License-Identifier: Apache-2.0 */
/* Reading certificate, configuration and objects, at the start and when they have changed. */
#include <stdio.h>
#include "otelgate/base/mem.h"
#include "webhook-priv.h"

enum { PROBLEM_BYTES = 64 << 10, PROBLEM_LINES = 20 };

static const char *const names[INPUT_COUNT_] = {
	[INPUT_CERT] = "certificate",
	[INPUT_CONFIG] = "config",
	[INPUT_OBJECTS] = "objects",
};

const char *webhook_input_name(enum webhook_input what)
{
	return names[what];
}

static int64_t wall_ns(void)
{
	return og_clock_wall_ns(og_clock_system());
}

uint64_t webhook_taken_over(struct webhook *w, enum webhook_input what, int64_t at_ns)
{
	pthread_mutex_lock(&w->status_lock);
	struct input_status *s = &w->status[what];
	uint64_t generation = ++s->generation;
	s->loaded_wall_ns = at_ns;
	s->refused = false;
	s->error[0] = '\0';
	pthread_mutex_unlock(&w->status_lock);
	og_metric_add(w->m, OG_WM_RELOADS, 1, OG_LABELS(names[what], "ok"));
	return generation;
}

/* The content in force came back after a refused version: nothing to do but to say so. */
static void unchanged(struct webhook *w, enum webhook_input what)
{
	pthread_mutex_lock(&w->status_lock);
	bool was = w->status[what].refused;
	w->status[what].refused = false;
	w->status[what].error[0] = '\0';
	pthread_mutex_unlock(&w->status_lock);
	if (was)
		og_log(OG_LOG_INFO, "webhook", "the version in force is back",
			og_lf_str("what", names[what]));
}

void webhook_refused(
	struct webhook *w, enum webhook_input what, const struct og_err *err, struct og_sv detail)
{
	pthread_mutex_lock(&w->status_lock);
	struct input_status *s = &w->status[what];
	s->refused = true;
	(void)snprintf(s->error, sizeof(s->error), "%s%s%.*s", err->msg, detail.n ? "; " : "",
		OG_SV_ARG(detail));
	pthread_mutex_unlock(&w->status_lock);
	og_metric_add(w->m, OG_WM_RELOADS, 1, OG_LABELS(names[what], "error"));
	og_log(OG_LOG_ERROR, "webhook", "new version refused, the one in force is kept",
		og_lf_str("what", names[what]), og_lf_err(err));
}

static void note_pair(struct webhook *w, const struct og_tls_pair *p)
{
	pthread_mutex_lock(&w->status_lock);
	(void)snprintf(w->cert.hash, sizeof(w->cert.hash), "%s", p->hash);
	(void)snprintf(w->cert.subject, sizeof(w->cert.subject), "%s", p->subject);
	(void)snprintf(w->cert.serial, sizeof(w->cert.serial), "%s", p->serial);
	(void)snprintf(w->cert.key_type, sizeof(w->cert.key_type), "%s", p->key_type);
	(void)snprintf(w->cert.names, sizeof(w->cert.names), "%.*s",
		OG_SV_ARG(og_sv_trim(og_buf_view(&p->names))));
	w->cert.not_before = p->not_before;
	w->cert.not_after = p->not_after;
	pthread_mutex_unlock(&w->status_lock);
	for (unsigned i = 0; i < p->nwarnings; i++)
		og_log(OG_LOG_WARN, "webhook", "certificate", og_lf_str("warning", p->warnings[i]));
}

int webhook_take_pair(struct webhook *w, struct og_tls_pair *p, struct og_err *err)
{
	int64_t now = wall_ns();
	int r = 0;

	pthread_mutex_lock(&w->pair_lock);
	struct og_httpd *s = atomic_load(&w->admission);
	if (strcmp(p->hash, w->cert.hash) == 0) {
		pthread_mutex_unlock(&w->pair_lock);
		return 0;
	}
	if (s)
		r = og_httpd_rotate(s, og_buf_view(&p->cert_pem), og_buf_view(&p->key_pem), err);
	if (r == 0)
		note_pair(w, p);
	if (r == 0 && !s) {
		og_tls_pair_fini(&w->pair);
		w->pair = *p;
		*p = (struct og_tls_pair){0};
	}
	const struct og_tls_pair *in_force = s ? p : &w->pair;
	if (r == 0) {
		(void)webhook_taken_over(w, INPUT_CERT, now);
		og_log(OG_LOG_INFO, "webhook", "certificate in force",
			og_lf_str("subject", in_force->subject),
			og_lf_str("serial", in_force->serial), og_lf_str("key", in_force->key_type),
			og_lf_int("hours_left", (in_force->not_after - now / OG_NS_PER_S) / 3600));
	}
	pthread_mutex_unlock(&w->pair_lock);
	return r < 0 ? r : 1;
}

static int load_cert(struct webhook *w, struct og_err *err)
{
	og_auto_tls_pair struct og_tls_pair p = {0};

	og_metric_add(w->m, OG_WM_CERT_READS, 1, NULL);
	int r = og_tls_pair_load(&p, w->o->tls_cert, w->o->tls_key, wall_ns() / OG_NS_PER_S, err);
	if (r == 0)
		r = webhook_take_pair(w, &p, err);
	if (r < 0)
		og_metric_add(w->m, OG_WM_CERT_ERRORS, 1, NULL);
	return r;
}

/* One log line per problem; a file with hundreds must not drown the log. */
static void log_problems(struct og_sv text, enum og_log_level level)
{
	struct og_sv line;

	for (int n = 0; n < PROBLEM_LINES && og_sv_split(&text, '\n', &line); n++)
		og_log(level, "webhook", "configuration", og_lf_sv("problem", line));
	if (text.n)
		og_log(level, "webhook", "configuration: more problems follow");
}

static int load_config(struct webhook *w, struct og_buf *problems, struct og_err *err)
{
	og_auto_snapshot struct og_snapshot *s = NULL;
	og_auto_snapshot struct og_snapshot *old = og_snapshot_get(&w->config);
	int r = og_snapshot_load_config(w->o->config_paths, w->o->nconfig, &s, problems, err);

	if (r == 0 && old && strcmp(old->hash, s->hash) == 0)
		return 0;
	log_problems(og_buf_view(problems), r < 0 ? OG_LOG_ERROR : OG_LOG_WARN);
	if (r < 0)
		return r;
	s->loaded_wall_ns = wall_ns();
	s->generation = webhook_taken_over(w, INPUT_CONFIG, s->loaded_wall_ns);
	s->config->generation = s->generation;
	og_log(s->config->nprofiles ? OG_LOG_INFO : OG_LOG_WARN, "webhook",
		s->config->nprofiles ? "configuration in force"
				     : "configuration in force; without a TelemetryProfile "
				       "nothing is injected",
		og_lf_uint("generation", s->generation), og_lf_str("hash", s->config->hash),
		og_lf_uint("files", s->nfiles), og_lf_uint("stacks", s->config->nstacks),
		og_lf_uint("profiles", s->config->nprofiles));
	og_snapshot_set(&w->config, og_take(s));
	return 1;
}

static int load_objects(struct webhook *w, struct og_err *err)
{
	og_auto_snapshot struct og_snapshot *s = NULL;
	og_auto_snapshot struct og_snapshot *old = og_snapshot_get(&w->objects);
	int r = og_snapshot_load_objects(w->o->objects, &s, err);

	if (r < 0)
		return r;
	if (old && strcmp(old->hash, s->hash) == 0)
		return 0;
	s->loaded_wall_ns = wall_ns();
	s->generation = webhook_taken_over(w, INPUT_OBJECTS, s->loaded_wall_ns);
	og_log(OG_LOG_INFO, "webhook", "objects in force", og_lf_uint("generation", s->generation),
		og_lf_uint("files", s->nfiles), og_lf_uint("objects", s->nobjects));
	og_snapshot_set(&w->objects, og_take(s));
	return 1;
}

int webhook_load(struct webhook *w, enum webhook_input what, bool first, struct og_err *err)
{
	og_auto_buf struct og_buf problems = OG_BUF_INIT(PROBLEM_BYTES);
	struct og_err own = OG_ERR_INIT;
	struct og_sv detail;
	int r = 0;

	if (!webhook_has_file(w, what))
		return 0;
	switch (what) {
	case INPUT_CERT:
		r = load_cert(w, &own);
		break;
	case INPUT_CONFIG:
		r = load_config(w, &problems, &own);
		break;
	case INPUT_OBJECTS:
		r = load_objects(w, &own);
		break;
	default:
		break;
	}
	if (r == 0)
		unchanged(w, what);
	if (r >= 0)
		return 0;
	if (first) {
		if (err)
			*err = own;
		return r;
	}
	struct og_sv rest = og_buf_view(&problems);
	if (!og_sv_split(&rest, '\n', &detail))
		detail = OG_SV("");
	webhook_refused(w, what, &own, detail);
	return r;
}
