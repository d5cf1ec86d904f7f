/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Rows that commands over manifests share: name, letter, variable and wording are one. T is the
 * command's struct, m the member; the help says what a command does with it where that differs.
 */
#include "otelgate/cli/options.h"

#define OG_OPT_CONFIG(T, m, help_)                                                          \
	{                                                                                   \
		.name = "config", .letter = 'c', .type = OG_OPT_STRS, .at = offsetof(T, m), \
		.arg = "FILE|DIR", .env = "OTELGATE_CONFIG", .help = help_,                 \
	}
#define OG_OPT_CONFIG_HELP \
	"GrafanaStack and TelemetryProfile documents; when not given, those among the input"

#define OG_OPT_PROFILE(T, m, help_)                                                         \
	{                                                                                   \
		.name = "profile", .letter = 'p', .type = OG_OPT_STR, .at = offsetof(T, m), \
		.arg = "NAME", .env = "OTELGATE_PROFILE", .help = help_,                    \
	}

/* The namespace of objects in files; commands that talk to a cluster have OG_KUBE_OPT_NAMESPACE. */
#define OG_OPT_FILE_NAMESPACE(T, m, default_)                                                 \
	{                                                                                     \
		.name = "namespace", .letter = 'n', .type = OG_OPT_STR, .at = offsetof(T, m), \
		.arg = "NAME", .def = default_, .env = "OTELGATE_NAMESPACE",                  \
		.help = "namespace of objects that name none",                                \
	}

#define OG_OPT_OBJECTS(T, m)                                                                     \
	{                                                                                        \
		.name = "objects", .type = OG_OPT_STRS, .at = offsetof(T, m), .arg = "FILE|DIR", \
		.help = "objects to look at and not to change: Namespaces, owners, and "         \
			"ConfigMaps that pods take environment from",                            \
	}

#define OG_OPT_DIFF_CONTEXT(T, m)                                                           \
	{                                                                                   \
		.name = "context", .letter = 'U', .type = OG_OPT_U32, .at = offsetof(T, m), \
		.arg = "N", .def = "3", .max = 1000, .help = "lines of context in a diff",  \
	}
