/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reference of every environment variable that otelgate writes, extends or looks at: what
 * `otelgate explain env NAME` prints, and the table of docs/reference. Defaults and meanings are
 * those of the OpenTelemetry specification (protocol/exporter.md and
 * configuration/sdk-environment-variables.md, v1.60) and of the runtimes' own documentation.
 */
#include "otelgate/base/str.h"
#include <stdint.h>

enum og_envdoc_kind {
	OG_ENVDOC_WRITTEN,  /* added when the container does not set it */
	OG_ENVDOC_EXTENDED, /* added, or joined to the container's own value */
	OG_ENVDOC_HELPER,   /* exists so that other values can refer to it */
	OG_ENVDOC_LOOKED_AT /* never written; the container's value changes what is done */
};

struct og_envdoc {
	const char *name; /* "OTEL_SERVICE_NAME" */
	enum og_envdoc_kind kind;
	const char *read_by; /* which SDKs or runtimes read it */
	const char *meaning;
	const char *unset;  /* what happens without it */
	const char *source; /* where otelgate takes the value from, or what it concludes */
	const char *off;    /* how to replace it or to keep it out */
};

/* Rows in the order of the reference page; *ret_n gets their number. Static storage. */
const struct og_envdoc *og_envdocs(uint32_t *ret_n);
/* NULL when otelgate has nothing to do with the variable. Case matters, as it does to SDKs. */
const struct og_envdoc *og_envdoc(struct og_sv name);
const char *og_envdoc_kind_name(enum og_envdoc_kind k); /* "written", "extended", … */
