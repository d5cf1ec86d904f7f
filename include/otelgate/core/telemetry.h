/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * WorkloadTelemetry: the document that says where one workload stands. Pure: what is known goes in,
 * JSON for a server-side apply comes out, and what was written before is seen again so that nothing
 * is written twice.
 *
 * Conditions follow metav1.Condition: lastTransitionTime changes when the status does, and only
 * then (api-conventions.md); absent is Unknown; all are there from the first writing.
 */
#include <stdint.h>
#include "otelgate/codec/jdoc.h"
#include "otelgate/core/config.h"
#include "otelgate/core/stars_brief.h"
#include "otelgate/kobj/rollout.h"

#define OG_TELEMETRY_KIND     "WorkloadTelemetry"
#define OG_TELEMETRY_RESOURCE "workloadtelemetries"
#define OG_LABEL_MANAGED_BY   "app.kubernetes.io/managed-by"
#define OG_MANAGED_BY	      "otelgate"

enum og_telemetry_cond {
	OG_TC_INJECTED,
	OG_TC_ROLLOUT_COMPLETE,
	OG_TC_CREDENTIALS_READY,
	OG_TC_EGRESS_ALLOWED,
	OG_TC_METRICS_RECEIVED,
	OG_TC_TRACES_RECEIVED,
	OG_TC_LOGS_RECEIVED,
	OG_TC_PROFILES_RECEIVED,
	OG_TC_READY, /* made from the others */
	OG_TC_COUNT_
};
const char *og_telemetry_cond_name(enum og_telemetry_cond c); /* "CredentialsReady" */

/* One condition as it is now. reason: CamelCase, at most 1,024 bytes. */
struct og_telemetry_said {
	enum og_cond_status status; /* ABSENT counts as UNKNOWN */
	const char *reason;	    /* NULL = "NotChecked" */
	struct og_sv message;
	/* Of what is received, for READY: its absence is no fault (False is passed over); it is
	 * verified (Unknown is not). */
	bool optional, verified;
	bool off;	   /* its owner has switched it off: with all of them, READY says so */
	const char *cause; /* False for a link before this one: its reason; NULL = not known */
};

/* What was written before, as og_telemetry_seen_read gives it. */
struct og_telemetry_seen {
	bool has_status;
	uint64_t digest; /* og_telemetry_digest */
	struct {
		enum og_cond_status status;
		int64_t since_s;
	} conds[OG_TC_COUNT_];
	uint64_t rollout_mark; /* og_telemetry_rollout_mark of what was written */
	int64_t rollout_since_s;
	struct og_sv seen_text;	   /* status.seen; "" = none */
	struct og_sv restart_json; /* status.restart; "" = none */
};
/* Packs what is needed of an object into text for a store; reads it again. Errors: OOM, LIMIT;
 * PARSE for a text that the first does not write. */
int og_telemetry_seen_pack(
	struct og_jval object, struct og_arena *scratch, struct og_buf *out, struct og_err *err);
int og_telemetry_seen_read(struct og_sv text, struct og_telemetry_seen *ret, struct og_err *err);
/* The digest of a status as it was received, or is to be written; without `restart`, which has
 * another writer. */
uint64_t og_telemetry_digest(struct og_jval status, struct og_arena *scratch);

/* State and reason of a rollout: while they stay, so does `since`. */
uint64_t og_telemetry_rollout_mark(struct og_sv state, struct og_sv reason);

struct og_telemetry_pod {
	struct og_sv name, replica_set, revision;
	const char *class_, *cause; /* names; NULL = none */
	int64_t created_s;
};
struct og_telemetry_finding {
	const char *id;
	struct og_sv message;
};
enum { OG_TELEMETRY_OLD_PODS = 10, OG_TELEMETRY_FINDINGS = 16, OG_TELEMETRY_SILENT = 10 };
enum { OG_TELEMETRY_SEEN_BYTES = 1024 };

/* What arrives of one signal. Texts may be empty, and times 0: not written then. */
struct og_telemetry_signal {
	const char *state; /* NULL = it is not verified: nothing is written */
	const char *reason;
	const char *finding;   /* NULL = none */
	const char *via, *tie; /* "otlp"; "revision" */
	const char *trust;     /* "high" */
	bool pods_known;
	uint32_t covered, of;	    /* pods */
	const struct og_sv *silent; /* pods that send nothing; the first ones are written */
	uint32_t nsilent;
	int64_t last_seen_s, since_s;
	struct og_sv query, explore; /* the evidence: as text, and as a link */
};

struct og_telemetry_input {
	struct og_sv ns, group, version, kind, name, uid; /* of the workload */
	int64_t generation;
	struct og_sv profile, stack, revision; /* "" = none */
	struct {
		struct og_sv ratio; /* "2/3" */
		uint32_t total, current, stale, bare, skipped, terminating;
		/* Pods that are not as they should be, oldest first; the first ones are written. */
		const struct og_telemetry_pod *old;
		uint32_t nold;
		uint32_t old_total; /* of all of them */
		uint32_t outdated;  /* that hold an old token, or none */
	} pods;
	struct {
		const char *state, *reason; /* NULL = nothing is known */
		struct og_sv message, fix;
		const char *finding;
		struct og_sv pod, container;
		bool exited;
		int32_t exit_code;
		int64_t since_s; /* not written for what is complete */
	} rollout;
	const char *egress_need; /* NULL = nothing is known */
	bool policy_managed;
	struct og_telemetry_signal signals[OG_SIGNAL_COUNT_];
	struct og_stars_brief stars;
	struct og_sv seen_text; /* for the next process, as it is; at most SEEN_BYTES */
	const struct og_telemetry_finding *findings;
	uint32_t nfindings;
	struct og_telemetry_said said[OG_TC_COUNT_]; /* that of READY is not read */
	int64_t now_s;
	const struct og_telemetry_seen *seen; /* NULL = it is new */
};

/* "deployment-web"; longer than a name may be: cut, with a hash of all of it. `buf` gets a NUL. */
enum { OG_TELEMETRY_NAME_BYTES = 254 };
struct og_sv og_telemetry_name(
	struct og_sv kind, struct og_sv name, char buf[OG_TELEMETRY_NAME_BYTES]);

/* The object without its status, and with nothing but its status. Errors: OOM, LIMIT. */
int og_telemetry_object(
	const struct og_telemetry_input *in, struct og_buf *out, struct og_err *err);
int og_telemetry_status(
	const struct og_telemetry_input *in, struct og_buf *out, struct og_err *err);
/* What the condition of a signal says of its verdict. */
struct og_arrival_verdict;
void og_telemetry_received(const struct og_arrival_verdict *v, struct og_telemetry_said *ret);
/* READY as it follows from the others. */
void og_telemetry_ready(
	const struct og_telemetry_said said[OG_TC_COUNT_], struct og_telemetry_said *ret);

/* ---- the table of fields: the CRD and the documentation are made from it ---- */

enum og_status_type {
	OG_ST_OBJECT,
	OG_ST_LIST,    /* of objects, `key` is the key of the map */
	OG_ST_STRINGS, /* as a whole */
	OG_ST_STRING,
	OG_ST_INT, /* int32, not negative unless `negative` */
	OG_ST_INT64,
	OG_ST_BOOL,
	OG_ST_TIME,	  /* RFC 3339 */
	OG_ST_CONDITIONS, /* []metav1.Condition */
};
struct og_status_field {
	const char *path; /* "status.pods.old[].name"; parents before their members */
	enum og_status_type type;
	const char *help;
	const char *key; /* LIST */
	bool negative;
	uint32_t max; /* STRING: bytes; LIST, STRINGS: elements; 0 = 1,024 bytes */
};
extern const struct og_status_field og_telemetry_fields[];
extern const size_t og_telemetry_fields_n;
struct og_status_column {
	const char *name, *type, *json_path;
	bool wide; /* only with -o wide */
};
extern const struct og_status_column og_telemetry_columns[];
extern const size_t og_telemetry_columns_n;
