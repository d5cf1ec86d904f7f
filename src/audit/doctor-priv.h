/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The parts of the doctor. */
#include "otelgate/audit/doctor.h"
#include "otelgate/base/mem.h"

typedef bool doctor_holds_fn(const struct og_doctor_facts *f, const struct og_doctor_rule *r,
	struct og_arena *arena, struct og_doctor_said *ret);

/* ---- predicates; doctor_hold_cluster.c, _stack.c, _webhook.c, _workload.c, _arrival.c ---- */
doctor_holds_fn doctor_unreachable, doctor_unauthorized, doctor_skew, doctor_rights_missing,
	doctor_kinds_missing, doctor_kinds_version, doctor_config_refused, doctor_config_none,
	doctor_no_leader, doctor_version_skew, doctor_of_secret, doctor_condition_distributed,
	doctor_no_endpoint, doctor_service_unknown, doctor_service_port, doctor_no_backends,
	doctor_query_refused, doctor_of_probe, doctor_probe_changed;
doctor_holds_fn doctor_no_registration, doctor_hook_service, doctor_hook_endpoints,
	doctor_fails_broad, doctor_availability, doctor_no_reinvocation, doctor_ca_mismatch,
	doctor_ca_expired, doctor_cert_old, doctor_ca_expiring, doctor_excluded, doctor_firewall,
	doctor_no_mutation, doctor_refused_psa, doctor_refused_quota, doctor_refused_webhook,
	doctor_fail_open_gap;
/* The engine or the controller says it of the workload; of one of its signals that counts. */
doctor_holds_fn doctor_of_workload, doctor_of_signal, doctor_of_way, doctor_silent;

/* ---- checks; doctor_check.c ---- */
typedef void doctor_check_fn(
	const struct og_doctor_facts *f, struct og_arena *arena, struct og_doctor_step *step);
doctor_check_fn doctor_check_access, doctor_check_rights, doctor_check_kinds, doctor_check_webhook,
	doctor_check_certificates, doctor_check_config, doctor_check_admission,
	doctor_check_controller, doctor_check_credentials, doctor_check_receiver,
	doctor_check_workloads, doctor_check_network, doctor_check_opt_in, doctor_check_injection,
	doctor_check_rollout, doctor_check_export, doctor_check_arrival, doctor_check_correlation;

/* ---- small things ---- */
static inline bool doctor_seen(const struct og_doctor_facts *f, enum og_doctor_part p)
{
	return f->part[p].sight == OG_DS_SEEN;
}
/* "deployment/web", as kubectl takes it. */
struct og_sv doctor_object(const struct og_coverage_row *row, struct og_arena *arena);
/* One word of a shell, in quotes where it needs them: names of users and files are free text. */
struct og_sv doctor_word(struct og_sv s, struct og_arena *arena);
/* The command that shows what its SDKs say. */
struct og_sv doctor_logs(const struct og_coverage_row *row, struct og_arena *arena);
/* Time of about so many seconds: "3 days". */
struct og_sv doctor_span(int64_t seconds, struct og_arena *arena);
/* What the controller says of a stack; NULL = nothing. */
const struct og_doctor_condition *doctor_condition(
	const struct og_doctor_stack *s, struct og_sv type);
/* The first condition of that status that tells of writing a signal that counts, and is it. */
const struct og_doctor_condition *doctor_written(const struct og_doctor_facts *f,
	const char *status, bool (*is)(const struct og_doctor_condition *c, const void *ctx),
	const void *ctx, const struct og_doctor_stack **ret);
/* Of a message of the controller's; the fix is left as it is when there is none. */
void doctor_split_fix(struct og_sv text, struct og_sv *ret_message, struct og_sv *ret_fix);
/* The link that is broken first, else the first unknown one; COUNT_ = none. */
enum og_link doctor_first_link(const struct og_telemetry_row *row);
