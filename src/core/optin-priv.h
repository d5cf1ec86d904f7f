/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/core/optin.h"

/*
 * The OpenTelemetry Operator's annotations (instrumentation.opentelemetry.io/…), honoured when a
 * profile says `compat: opentelemetry-operator`. Fills o when they opt the pod in or out.
 */
void og_optin_compat(const struct og_config *config, const struct og_meta *pod,
	const struct og_facts *facts, struct og_arena *arena, struct og_findings *findings,
	struct og_optin *o);
