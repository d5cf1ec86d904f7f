/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Languages: one row per agent otelgate can put into a container. Adding a language is adding a
 * row. Images and paths are those of the OpenTelemetry Operator's auto-instrumentation images
 * (open-telemetry/opentelemetry-operator, autoinstrumentation/, release 0.158).
 */
#include "otelgate/core/config.h"

/* How an agent variable is joined to what the user has. */
enum og_join {
	OG_JOIN_SPACE_AFTER, /* user + " " + ours: JVM and Node.js option strings */
	OG_JOIN_COLON_AFTER, /* user + ":" + ours */
	OG_JOIN_PYTHONPATH,  /* ours + ":" + user + ":" + home, as Python's agent needs it */
	OG_JOIN_KEEP	     /* single-valued: the user's value stands */
};

struct og_lang_var {
	const char *name;
	enum og_join join;
	const char *value;	/* glibc, or any libc */
	const char *value_musl; /* NULL = the same */
};

struct og_lang_def {
	enum og_language language;
	const char *title;	    /* "Java" */
	const char *default_image;  /* pinned; used when the profile names none */
	bool needs_libc;	    /* native parts: unknown libc means environment only */
	const char *home;	    /* where the agent is mounted */
	const char *volume;	    /* name of the volume and of the init container */
	const char *copy[6];	    /* init command for glibc, NULL-terminated */
	const char *copy_musl[6];   /* [0] NULL = the same */
	struct og_lang_var vars[8]; /* activation, ended by name NULL */
	/* parts of the variables' text that show another agent; ended by NULL */
	const char *other_agents[10];
	const char *marker;   /* a variable that shows another OpenTelemetry agent is active */
	const char *profiler; /* how Pyroscope profiles it: "agent", "env" or NULL */
};

/* NULL for languages that are environment only. */
const struct og_lang_def *og_lang_def(enum og_language l);
