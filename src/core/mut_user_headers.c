/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at OTLP headers that the container sets itself; changes nothing. */
#include "plan-priv.h"

#include "otelgate/base/mem.h"
#include "otelgate/core/headers.h"

static const struct {
	const char *id;
	const char *effect;
} faults[OG_HEADERS_FAULT_COUNT_] = {
	[OG_HEADERS_SYNTAX] = {"OG404", "SDKs drop the header, or all of them"},
	[OG_HEADERS_RAW] = {"OG406", "SDKs read it differently"},
	[OG_HEADERS_DOUBLE_ENCODED] = {"OG405", "SDKs decode once only"},
	[OG_HEADERS_CREDENTIAL] = {"OG404", "the receiver answers 401"},
};

void og_mut_user_headers(struct og_mut *m)
{
	static const char *const names[] = {"OTEL_EXPORTER_OTLP_HEADERS",
		"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
		"OTEL_EXPORTER_OTLP_LOGS_HEADERS"};
	for (size_t i = 0; i < OG_COUNT(names); i++) {
		const struct og_user_env *u = og_mut_user(m, og_svz(names[i]));
		enum og_headers_fault kind;
		struct og_err err = OG_ERR_INIT;
		bool credential;
		/* a $(VAR) is expanded by the kubelet: what it becomes is not known here */
		if (!u || !u->has_value || !u->value.n || og_sv_has(u->value, OG_SV("$(")))
			continue;
		if (og_otlp_headers_check(u->value, &kind, &credential, &err))
			og_mut_finding(m, faults[kind].id, og_mut_place_env(m, u->name), "%s; %s",
				err.msg, faults[kind].effect);
		if (credential)
			og_mut_finding(m, "OG410", og_mut_place_env(m, u->name),
				"the value holds a credential in clear text");
	}
}
