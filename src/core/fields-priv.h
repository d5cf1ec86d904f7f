/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/core/fields.h"

extern const struct og_field og_fields_stack[], og_fields_profile[];
extern const size_t og_nfields_stack, og_nfields_profile;

extern const struct og_format og_format_slug, og_format_user, og_format_tls_file,
	og_format_container, og_format_disable, og_format_window, og_format_sampler_argument,
	og_format_cidr;

/* Parses "10s" within a row's min..max; a problem text or NULL. */
const char *og_field_duration(const struct og_field *f, struct og_sv s, uint32_t *ret_ms);
