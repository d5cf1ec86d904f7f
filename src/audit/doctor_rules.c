/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules: which finding breaks which rung, by what is known. In order of importance within a
 * rung: the first one that breaks it is what is to be mended first.
 */
#include "doctor-priv.h"

#define RUNG(r, id, weight, tier, holds)                              \
	{                                                             \
		id, OG_RUNG_##r, OG_DW_##weight, tier, doctor_##holds \
	}

const struct og_doctor_rule og_doctor_rules[] = {
	RUNG(ACCESS, "OG007", BREAKS, 'O', unauthorized),
	RUNG(ACCESS, "OG006", BREAKS, 'P', unreachable),
	RUNG(ACCESS, "OG004", WARNS, 'P', skew),

	RUNG(RIGHTS, "OG002", UNKNOWN, 'O', rights_missing),

	RUNG(KINDS, "OG008", BREAKS, 'O', kinds_missing),
	RUNG(KINDS, "OG009", BREAKS, 'O', kinds_version),

	RUNG(WEBHOOK, "OG101", BREAKS, 'O', no_registration),
	RUNG(WEBHOOK, "OG102", BREAKS, 'O', hook_service),
	RUNG(WEBHOOK, "OG103", BREAKS, 'O', hook_endpoints),
	RUNG(WEBHOOK, "OG110", BREAKS, 'O', fails_broad),
	RUNG(WEBHOOK, "OG112", WARNS, 'O', availability),
	RUNG(WEBHOOK, "OG113", WARNS, 'O', no_reinvocation),

	RUNG(CERTIFICATES, "OG105", BREAKS, 'O', ca_expired),
	RUNG(CERTIFICATES, "OG104", BREAKS, 'P', ca_mismatch),
	RUNG(CERTIFICATES, "OG106", WARNS, 'O', ca_expiring),

	RUNG(CONFIG, "OG210", BREAKS, 'O', config_none),
	RUNG(CONFIG, "OG209", BREAKS, 'O', config_refused),

	RUNG(ADMISSION, "OG115", BREAKS, 'O', excluded),
	RUNG(ADMISSION, "OG308", BREAKS, 'P', refused_psa),
	RUNG(ADMISSION, "OG309", BREAKS, 'P', refused_quota),
	RUNG(ADMISSION, "OG608", BREAKS, 'P', refused_webhook),
	RUNG(ADMISSION, "OG109", BREAKS, 'P', firewall),
	RUNG(ADMISSION, "OG108", BREAKS, 'P', no_mutation),

	RUNG(CONTROLLER, "OG114", BREAKS, 'O', no_leader),
	RUNG(CONTROLLER, "OG005", WARNS, 'O', version_skew),

	RUNG(CREDENTIALS, "OG401", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG402", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG416", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG405", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG411", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG412", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG404", BREAKS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG415", BREAKS, 'O', of_workload),
	RUNG(CREDENTIALS, "OG414", BREAKS, 'O', of_workload),
	RUNG(CREDENTIALS, "OG403", WARNS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG406", WARNS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG413", WARNS, 'H', of_secret),
	RUNG(CREDENTIALS, "OG417", WARNS, 'H', of_secret),
	RUNG(CREDENTIALS, "OG418", WARNS, 'O', of_secret),
	RUNG(CREDENTIALS, "OG410", WARNS, 'O', of_workload),

	RUNG(RECEIVER, "OG501", BREAKS, 'O', no_endpoint),
	RUNG(RECEIVER, "OG508", BREAKS, 'O', service_unknown),
	RUNG(RECEIVER, "OG509", BREAKS, 'O', service_port),
	RUNG(RECEIVER, "OG510", BREAKS, 'O', no_backends),

	RUNG(WORKLOADS, "OG111", NOTE, 'O', fail_open_gap),

	RUNG(NETWORK, "OG513", BREAKS, 'O', of_workload),
	RUNG(NETWORK, "OG512", BREAKS, 'O', of_workload),
	RUNG(NETWORK, "OG517", BREAKS, 'O', of_workload),
	RUNG(NETWORK, "OG515", WARNS, 'O', of_workload),
	RUNG(NETWORK, "OG516", WARNS, 'O', of_workload),
	RUNG(NETWORK, "OG514", UNKNOWN, 'O', of_workload),

	RUNG(OPT_IN, "OG204", BREAKS, 'O', of_workload),
	RUNG(OPT_IN, "OG203", BREAKS, 'O', of_workload),
	RUNG(OPT_IN, "OG205", BREAKS, 'O', of_workload),
	RUNG(OPT_IN, "OG207", BREAKS, 'O', of_workload),
	RUNG(OPT_IN, "OG201", WARNS, 'O', of_workload),
	RUNG(OPT_IN, "OG202", WARNS, 'O', of_workload),
	RUNG(OPT_IN, "OG206", NOTE, 'O', of_workload),
	RUNG(OPT_IN, "OG208", NOTE, 'O', of_workload),

	RUNG(INJECTION, "OG301", BREAKS, 'O', of_workload),
	RUNG(INJECTION, "OG302", BREAKS, 'O', of_workload),
	RUNG(INJECTION, "OG306", BREAKS, 'O', of_workload),
	RUNG(INJECTION, "OG303", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG305", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG314", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG315", WARNS, 'H', of_workload),
	RUNG(INJECTION, "OG317", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG318", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG320", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG321", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG322", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG323", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG324", WARNS, 'O', of_workload),
	RUNG(INJECTION, "OG316", NOTE, 'O', of_workload),
	RUNG(INJECTION, "OG319", NOTE, 'O', of_workload),

	RUNG(ROLLOUT, "OG310", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG311", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG313", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG308", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG309", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG608", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG611", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG610", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG609", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG612", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG615", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG613", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG614", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG602", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG605", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG607", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG604", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG603", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG601", BREAKS, 'O', of_workload),
	RUNG(ROLLOUT, "OG407", WARNS, 'O', of_workload),
	RUNG(ROLLOUT, "OG312", WARNS, 'O', of_workload),
	RUNG(ROLLOUT, "OG606", NOTE, 'O', of_workload),

	RUNG(EXPORT, "OG502", BREAKS, 'O', of_workload),
	RUNG(EXPORT, "OG503", BREAKS, 'O', of_workload),
	RUNG(EXPORT, "OG504", BREAKS, 'O', of_workload),
	RUNG(EXPORT, "OG505", BREAKS, 'O', of_workload),
	RUNG(EXPORT, "OG506", BREAKS, 'O', of_workload),
	RUNG(EXPORT, "OG706", BREAKS, 'O', of_workload),
	RUNG(EXPORT, "OG705", WARNS, 'O', of_workload),
	RUNG(EXPORT, "OG703", NOTE, 'O', of_workload),
	RUNG(EXPORT, "OG304", NOTE, 'O', of_workload),
	RUNG(EXPORT, "OG902", WARNS, 'H', of_workload),

	RUNG(ARRIVAL, "OG419", UNKNOWN, 'B', query_refused),
	RUNG(ARRIVAL, "OG003", UNKNOWN, 'B', of_signal),
	RUNG(ARRIVAL, "OG711", BREAKS, 'B', of_signal),
	RUNG(ARRIVAL, "OG701", BREAKS, 'B', of_signal),
	RUNG(ARRIVAL, "OG702", BREAKS, 'B', of_signal),
	RUNG(ARRIVAL, "OG712", UNKNOWN, 'B', of_signal),
	RUNG(ARRIVAL, "OG709", WARNS, 'B', of_signal),
	RUNG(ARRIVAL, "OG710", WARNS, 'B', of_signal),
	RUNG(ARRIVAL, "OG704", NOTE, 'B', of_signal),

	RUNG(CORRELATION, "OG801", BREAKS, 'B', of_signal),
	RUNG(CORRELATION, "OG307", BREAKS, 'B', of_signal),
	RUNG(CORRELATION, "OG802", WARNS, 'B', of_signal),
	RUNG(CORRELATION, "OG803", WARNS, 'O', of_signal),
	RUNG(CORRELATION, "OG804", WARNS, 'B', of_signal),
	RUNG(CORRELATION, "OG805", WARNS, 'B', of_signal),
};
const size_t og_doctor_nrules = OG_COUNT(og_doctor_rules);
