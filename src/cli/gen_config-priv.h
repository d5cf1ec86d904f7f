/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Documents generated from the field table. */
#include "otelgate/core/config_read.h"

/* A CustomResourceDefinition, as YAML. */
void og_gen_crd(struct og_buf *out, enum og_doc_kind kind);
/* docs/reference/configuration.md. */
void og_gen_config_reference(struct og_buf *out);
/* The schema of `conditions`, indented by `in`. */
void og_gen_conditions(struct og_buf *out, int in);
/* The CustomResourceDefinition of WorkloadTelemetry, and docs/reference/status.md. */
void og_gen_crd_telemetry(struct og_buf *out);
void og_gen_status_reference(struct og_buf *out);
