/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What inject, uninject and explain read: files, folders and standard input, taken apart into
 * documents and these into objects (a List or ResourceList holds many).
 */
#include "otelgate/cli/command.h"
#include "otelgate/codec/source.h"
#include "otelgate/kobj/meta.h"
#include "otelgate/kobj/workload.h"

/* For JSON that we made from what was read: as large as that was. */
extern const struct og_jlimits og_own_json;

enum og_object_class {
	OG_OBJ_WORKLOAD,    /* makes pods: the engine knows what to do */
	OG_OBJ_CONFIG,	    /* GrafanaStack or TelemetryProfile */
	OG_OBJ_OTHER,	    /* any other Kubernetes object: passed through */
	OG_OBJ_UNSUPPORTED, /* holds a pod template of a kind we don't know, or is no object at all
			     */
	OG_OBJ_EMPTY	    /* a document without content */
};

struct og_plan;

struct og_in_object {
	enum og_object_class class;
	struct og_jval v;
	struct og_sv prefix; /* JSON Pointer of the object within its document; "" mostly */
	const struct og_workload_kind *kind; /* WORKLOAD only */
	struct og_meta meta;
	struct og_sv kind_name; /* "Deployment"; empty when there is none */
	const struct og_in_doc *doc;
	/* filled by job.c */
	struct og_plan *plan;		    /* inject: always set for a WORKLOAD without a fault */
	const struct og_findings *findings; /* never NULL after a run */
	struct og_sv patch;		    /* "[]" or "" = unchanged; paths below the object */
	bool changed;
	bool was_injected; /* uninject: it carried our record */
};

struct og_in_doc {
	const struct og_source_doc *src;
	const struct og_input *input;
	struct og_in_object *objects;
	uint32_t nobjects;
	bool resource_list; /* a KRM ResourceList: standard input of a kustomize function */
	/* filled by job.c */
	bool changed;
	struct og_sv patch; /* RFC 6902 against the document */
	struct og_sv text;  /* the document after it; in the input's own form */
};

struct og_input {
	const char *path; /* NULL = standard input */
	const char *name; /* for messages: the path as given, or "<stdin>" */
	struct og_sv text;
	struct og_source source;
	struct og_in_doc *docs;
	uint32_t ndocs;
	bool failed; /* a message was printed; nothing is written for it */
	bool changed;
};

struct og_inputs {
	struct og_input *v;
	size_t n;
	bool failed; /* any of them */
};

/*
 * Reads what -f named: "-" is standard input (once), a folder gives its *.yaml, *.yml and *.json
 * files, sorted. No name at all reads standard input unless it is a terminal (USAGE). A file that
 * cannot be read or parsed is reported on standard error and marked as failed; the others go on.
 * Errors: USAGE, OOM, and what listing a folder gives.
 */
int og_inputs_read(
	struct og_cli *cli, const struct og_strs *files, struct og_inputs *ret, struct og_err *err);

/* Files that hold objects only to look at (--objects, --config): errors are the caller's. */
int og_inputs_read_quiet(
	struct og_cli *cli, const struct og_strs *files, struct og_inputs *ret, struct og_err *err);

/* Takes a document apart. Errors: LIMIT (lists in lists too deep, too many objects), OOM. */
int og_in_doc_objects(struct og_in_doc *doc, struct og_arena *arena, struct og_err *err);

/* "name:line:col" of a value of the document, in the arena. */
const char *og_in_place(const struct og_in_doc *doc, struct og_jval v, struct og_arena *arena);
/* "Deployment shop/web", control characters made harmless. */
void og_in_title(struct og_buf *b, const struct og_in_object *o);
