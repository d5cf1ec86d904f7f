/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The field table: every field of GrafanaStack and TelemetryProfile, once. The reader, defaults,
 * `otelgate config`, docs/reference/configuration.md and manifests/crds/ follow from its rows.
 * To add a field: a member in core/config.h and a row in core/fields_{stack,profile}.c.
 */
#include "otelgate/core/config.h"

#define OG_GROUP       "otelgate.dev"
#define OG_API_VERSION OG_GROUP "/v1alpha1"

enum og_doc_kind { OG_DOC_STACK, OG_DOC_PROFILE, OG_DOC_KIND_COUNT_ };

enum og_field_type {
	OG_FT_OBJECT,	 /* bool `present` at `at`, or nothing */
	OG_FT_STRING,	 /* struct og_sv */
	OG_FT_WORD,	 /* one of `words`, kept as struct og_sv */
	OG_FT_ENUM,	 /* one of `words`, kept as its index (an enum) */
	OG_FT_BOOL,	 /* bool */
	OG_FT_INT,	 /* uint32_t, min..max */
	OG_FT_DURATION,	 /* uint32_t milliseconds, min..max */
	OG_FT_SELECTOR,	 /* struct og_selector */
	OG_FT_STRINGS,	 /* const struct og_sv * at `at`, uint32_t count at `at_count` */
	OG_FT_MAP,	 /* struct og_kvs */
	OG_FT_ENV,	 /* const struct og_cfg_env * at `at`, uint32_t count at `at_count` */
	OG_FT_RESOURCES, /* corev1.ResourceRequirements as JSON text: struct og_sv */
	OG_FT_COUNT_
};

enum { OG_NOWHERE = -1 }; /* .at of an object that keeps no presence flag */

/* Syntax of a string: what the reader checks, and what the schema can say of it. */
struct og_format {
	const char *name;    /* "URL", as the documentation calls it */
	const char *pattern; /* ECMA 262 regular expression for the schema; NULL = none */
	uint32_t max_length; /* bytes; also the schema's maxLength */
	/* NULL when well formed, else what was expected: "a DNS name of …". */
	const char *(*check)(struct og_sv s);
};
extern const struct og_format og_format_name, og_format_namespace, og_format_object_key,
	og_format_url, og_format_image, og_format_attribute_key, og_format_text;

/* A CEL rule of the schema (x-kubernetes-validations), on an object. */
struct og_cel {
	const char *rule, *message;
};

enum og_field_flag {
	OG_FF_REQUIRED = 1,   /* must be given when its object is */
	OG_FF_COLUMN = 2,     /* printer column of `kubectl get` */
	OG_FF_SECRET_REF = 4, /* names a Secret or a key of one */
	OG_FF_UNIQUE = 8      /* no element twice */
};

struct og_field {
	const char *path; /* "spec.receiver.protocol" */
	enum og_field_type type;
	unsigned flags;			/* enum og_field_flag */
	const struct og_format *format; /* strings, list elements, keys of a map */
	const char *const *words;	/* NULL-terminated; also for list elements */
	uint32_t first_word, max_words; /* the slice of `words` allowed; max_words 0 = the rest */
	const char *def;		/* as a document would say it; NULL = not set */
	int64_t min, max;   /* value, or number of elements; a max of 0 = no limit of its own */
	long at, at_count;  /* offsets in struct og_stack or struct og_profile */
	const char *column; /* its header */
	const char *help;   /* one line, no full stop */
	const char *doc;    /* more, in whole sentences; NULL = nothing to add */
	const char *example;
	const struct og_cel *cel; /* ended by a NULL rule */
};

struct og_doc_type {
	enum og_doc_kind doc;
	const char *kind, *plural, *singular, *short_name;
	const char *help, *text;       /* one line; paragraphs */
	const char *example;	       /* a whole document */
	const struct og_cel *cel;      /* rules on the whole object; NULL = none */
	const struct og_field *fields; /* parents before their members; [0] is "spec" */
	const size_t *nfields_;	       /* og_nfields() */
	size_t bytes;		       /* of the struct the offsets point into */
};
extern const struct og_doc_type og_doc_types[OG_DOC_KIND_COUNT_];

static inline size_t og_nfields(enum og_doc_kind kind)
{
	return *og_doc_types[kind].nfields_;
}

/* Row number by path, or -1. */
int og_field_index(enum og_doc_kind kind, struct og_sv path);
/* The last part of the path: "protocol". */
struct og_sv og_field_key(const struct og_field *f);
/* True when f is a direct member of the object at `parent` ("spec.receiver"). */
bool og_field_is_member(const struct og_field *f, struct og_sv parent);
/* "string", "list of strings", "duration" … for people. */
const char *og_field_type_name(enum og_field_type t);
/* True when the word is allowed; *ret_index (may be NULL) gets its index in f->words. */
bool og_field_word(const struct og_field *f, struct og_sv word, uint32_t *ret_index);
/* "a, b or c". */
void og_field_words_text(const struct og_field *f, struct og_buf *out);
/*
 * Puts the default into *base. Only called for fields of types STRING, WORD, ENUM, BOOL, INT,
 * DURATION and STRINGS; the table's own defaults always parse (a test proves it).
 */
bool og_field_set_default(const struct og_field *f, void *base, struct og_arena *arena);
/* True when the struct holds nothing for it (empty string, no elements, selector not present). */
bool og_field_is_empty(const struct og_field *f, const void *base);
/* Appends the effective value as JSON; "null" when empty. Objects give their presence. */
void og_field_write(const struct og_field *f, const void *base, struct og_buf *out);
