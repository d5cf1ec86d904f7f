/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder: what has to be true before the next thing can be. */
#include "doctor-priv.h"

#define NEEDS(p) (1U << OG_DP_##p)

const struct og_doctor_rung og_doctor_rungs[OG_RUNG_COUNT_] = {
	{OG_RUNG_ACCESS, "access", "the cluster answers", NEEDS(ACCESS), false, false,
		doctor_check_access},
	{OG_RUNG_RIGHTS, "rights", "what has to be read may be read", NEEDS(RIGHTS), false, false,
		doctor_check_rights},
	{OG_RUNG_KINDS, "kinds", "the kinds of otelgate are installed", NEEDS(KINDS), false, false,
		doctor_check_kinds},
	{OG_RUNG_WEBHOOK, "webhook", "the webhook is registered and runs",
		NEEDS(REGISTRATION) | NEEDS(SERVICE), false, false, doctor_check_webhook},
	{OG_RUNG_CERTIFICATES, "certificates", "the API server trusts the webhook",
		NEEDS(REGISTRATION), false, false, doctor_check_certificates},
	{OG_RUNG_CONFIG, "configuration", "stacks and profiles are valid", NEEDS(CONFIG), false,
		false, doctor_check_config},
	{OG_RUNG_ADMISSION, "admission", "a pod that asks is injected", NEEDS(CALL), false, false,
		doctor_check_admission},
	{OG_RUNG_CONTROLLER, "controller", "a controller leads", NEEDS(LEASE), false, false,
		doctor_check_controller},
	{OG_RUNG_CREDENTIALS, "credentials", "the credentials of the stack are good", NEEDS(CONFIG),
		false, false, doctor_check_credentials},
	{OG_RUNG_RECEIVER, "receiver", "the receiver is there", NEEDS(CONFIG) | NEEDS(RECEIVERS),
		false, false, doctor_check_receiver},
	{OG_RUNG_WORKLOADS, "workloads", "what is opted in sends", NEEDS(WORKLOADS), false, true,
		doctor_check_workloads},
	{OG_RUNG_NETWORK, "network", "policies let it reach the receiver", NEEDS(WORKLOADS), true,
		false, doctor_check_network},
	{OG_RUNG_OPT_IN, "opt-in", "it is opted in", NEEDS(WORKLOADS), true, false,
		doctor_check_opt_in},
	{OG_RUNG_INJECTION, "injection", "its pods are injected", NEEDS(WORKLOADS), true, false,
		doctor_check_injection},
	{OG_RUNG_ROLLOUT, "rollout", "its pods run what they should", NEEDS(WORKLOADS), true, false,
		doctor_check_rollout},
	{OG_RUNG_EXPORT, "export", "its containers export to the receiver", NEEDS(WORKLOADS), true,
		false, doctor_check_export},
	{OG_RUNG_ARRIVAL, "arrival", "each signal arrives", NEEDS(WORKLOADS), true, false,
		doctor_check_arrival},
	{OG_RUNG_CORRELATION, "correlation", "what arrives is known as its own", NEEDS(WORKLOADS),
		true, false, doctor_check_correlation},
};
