/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Gathering the facts of a cluster. */
#include "doctor-priv.h"
#include "otelgate/audit/session.h"
#include "otelgate/audit/targets.h"
#include "otelgate/codec/jdoc.h"

struct doctor_look {
	const struct og_doctor_ask *ask;
	struct og_arena *arena;
	struct og_doctor_facts *f;
	struct og_audit_session s;
	struct og_audit_target *targets;
	size_t ntargets;
	struct og_cluster_config *config; /* NULL = none was seen */
};

/* One request. SEEN: *ret is its answer, absent when there is no such thing (404). */
void doctor_fetch(struct doctor_look *l, const struct og_kube_request *r, struct og_arena *a,
	struct og_jval *ret, struct og_doctor_known *known);
/* The same for GET (name) and LIST (name "", of those with these labels, "" = all). */
void doctor_read(struct doctor_look *l, const char *group, const char *version,
	const char *resource, struct og_sv ns, struct og_sv name, struct og_sv labels,
	struct og_jval *ret, struct og_doctor_known *known);
void doctor_say(struct doctor_look *l, const char *what);
struct og_sv doctor_str(struct doctor_look *l, struct og_jval v); /* "" when it is none */

void doctor_look_access(struct doctor_look *l); /* version, who asks, rights, kinds */
/* Which port of it, and what is behind. */
void doctor_look_service(struct doctor_look *l, struct og_doctor_service *s);
void doctor_look_webhook(struct doctor_look *l); /* registration, Service, components, lease */
void doctor_look_call(struct doctor_look *l);	 /* a dry run; after everything else */
void doctor_look_stacks(struct doctor_look *l);	 /* configuration, Secrets, receivers */
void doctor_look_network(struct doctor_look *l); /* after the stacks */
