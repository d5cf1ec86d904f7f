/* SPDX-License-Identifier: Apache-2.0 */
/* Watching Secrets by name, as metadata: values never pass through a watch. */
#include "cred-priv.h"

#include <stdio.h>
#include "otelgate/base/parse.h"

static const char *const prefixes[] = {"otelgate.dev/", NULL};

/* `extra` is "m" when our manager has applied it. */
static int project(void *ctx, struct og_jval object, struct og_arena *scratch, struct og_buf *extra,
	struct og_err *err)
{
	(void)ctx, (void)scratch, (void)err;
	og_jfor (it, og_jpath(object, "metadata", "managedFields", NULL)) {
		if (og_jstr_is(og_jgetl(it.val, "manager"), "otelgate-controller") &&
			og_jstr_is(og_jgetl(it.val, "operation"), "Apply")) {
			og_buf_ch(extra, 'm');
			break;
		}
	}
	return extra->failed ? -(int)OG_E_OOM : 1;
}

bool cred_record_ours(const struct og_record *r)
{
	return og_sv_is(r->extra, "m") &&
	       (og_sv_is(og_record_label(r, OG_SV("app.kubernetes.io/managed-by")), "otelgate") ||
		       og_record_annotation(r, OG_SV(OG_CREDENTIAL_HASH)).n);
}

/* Versions of one resource grow (KEP-5504). */
uint64_t cred_version(struct og_sv rv)
{
	uint64_t n = 0;

	return og_parse_u64(rv, 0, UINT64_MAX, &n, NULL) == 0 ? n : 0;
}

static void on_change(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	struct cred_watch *w = ctx;
	const struct og_record *r = now ? now : old;

	(void)stale;
	if (now && cred_version(now->resource_version) > w->seen_rv)
		w->seen_rv = cred_version(now->resource_version);
	if (w->stack)
		cred_enqueue(w->k, 's', og_svz(w->stack), OG_QUEUE_HIGH, 0);
	else if (r)
		cred_enqueue(w->k, 'n', r->ns, OG_QUEUE_USER, 0);
	else if (what == OG_STORE_SYNCED)
		cred_enqueue_namespaces(w->k, OG_QUEUE_LOW);
}

static void on_state(void *ctx, enum og_watch_state s, const struct og_err *why)
{
	struct cred_watch *w = ctx;

	if (s != OG_WATCH_SYNCED)
		og_log_limited(og_svz(w->name), 60000, OG_LOG_WARN, "credentials", "watch",
			og_lf_str("secret", w->name), og_lf_str("namespace", w->ns),
			og_lf_str("state", og_watch_state_name(s)), og_lf_err(why));
	if (w->stack)
		cred_enqueue(w->k, 's', og_svz(w->stack), OG_QUEUE_USER, 0);
	else
		cred_enqueue_namespaces(w->k, OG_QUEUE_LOW);
}

static int start(struct cred *k, struct og_sv ns, struct og_sv name, struct og_sv stack,
	struct cred_watch **ret, struct og_err *err)
{
	struct cred_watch *w = og_calloc(1, sizeof(*w));
	char selector[300];

	if (!w || !og_sv_set(&w->ns, ns) || !og_sv_set(&w->name, name) ||
		(stack.n && !og_sv_set(&w->stack, stack))) {
		cred_watch_free(w);
		return og_err_set(err, OG_E_OOM, "watching a Secret");
	}
	w->k = k;
	(void)snprintf(selector, sizeof(selector), "metadata.name=%s", w->name);
	struct og_store_opts so = {.name = stack.n ? "source-secrets" : "secrets",
		.group = OG_SV(""),
		.kind = OG_SV("Secret"),
		.labels = true,
		.annotation_prefixes = prefixes,
		.project = project,
		.ctx = w};
	struct og_watch_opts wo = {.kube = k->c->kube,
		.res = {.group = OG_SV(""),
			.version = OG_SV("v1"),
			.resource = OG_SV("secrets"),
			.ns = ns},
		.field_selector = selector,
		.metadata_only = true,
		.optional = true,
		.on_state = on_state,
		.ctx = w};
	int r = og_store_new(&so, &w->store, err);
	if (r == 0)
		r = og_store_listen(w->store, on_change, w, err);
	wo.store = w->store;
	if (r == 0)
		r = og_watch_start(&wo, &w->watch, err);
	if (r < 0) {
		cred_watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int cred_watch_source(
	struct cred *k, struct cred_stack *s, const struct og_stack *spec, struct og_err *err)
{
	struct cred_watch *new = NULL;

	if (s->source && og_sv_eq(og_svz(s->source->ns), spec->credentials.secret_namespace) &&
		og_sv_eq(og_svz(s->source->name), spec->credentials.secret_name))
		return 0;
	int r = start(k, spec->credentials.secret_namespace, spec->credentials.secret_name,
		spec->name, &new, err);
	if (r == 0) {
		cred_watch_free(s->source);
		s->source = new;
	}
	return r;
}

int cred_watch_name(struct cred *k, struct og_sv name, struct og_err *err)
{
	struct cred_watch *w = NULL;

	if (og_map_get(&k->names, name))
		return 0;
	int r = start(k, OG_SV(""), name, OG_SV(""), &w, err);
	if (r == 0 && !og_map_set(&k->names, name, w)) {
		cred_watch_free(w);
		r = og_err_set(err, OG_E_OOM, "watching a Secret");
	}
	return r;
}

void cred_watch_free(struct cred_watch *w)
{
	if (!w)
		return;
	og_watch_stop(w->watch);
	og_store_free(w->store);
	og_free(w->ns);
	og_free(w->name);
	og_free(w->stack);
	og_free(w);
}

bool cred_watch_synced(const struct cred_watch *w)
{
	return w && og_store_synced(w->store);
}

bool cred_watch_forbidden(const struct cred_watch *w)
{
	struct og_watch_info info;

	og_watch_info(w->watch, &info);
	return info.state == OG_WATCH_FORBIDDEN;
}
