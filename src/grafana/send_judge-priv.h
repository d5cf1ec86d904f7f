/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "otelgate/codec/url.h"
#include "otelgate/grafana/send.h"

struct judge {
	const struct og_send_facts *f;
	const struct og_send_seen *s;
	struct og_arena *arena;
	struct og_send_verdict *ret;
	struct og_url url;
	bool url_ok;
	bool cloud;	    /* the receiver or the credential is Grafana Cloud's */
	struct og_sv host;  /* of the URL */
	struct og_sv place; /* "spec.receiver.endpoint", or what the facts say */
	struct og_sv cred;  /* "the credential", or where it is from */
	struct og_sv said;  /* what the receiver says, harmless; may be empty */
};

void judge_init(struct judge *j, const struct og_send_facts *f, struct og_arena *arena,
	struct og_send_verdict *ret);
/* Message and fix by one format each. */
void judge_say(struct judge *j, enum og_send_class c, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct og_sv judge_text(struct judge *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* send_judge_auth.c */
void judge_unauthorized(struct judge *j);
void judge_forbidden(struct judge *j);
/* send_judge_path.c */
void judge_not_found(struct judge *j);
void judge_redirect(struct judge *j);
bool judge_wrong_signal_path(struct judge *j);
/* What a receiver says in a refusal or a partial success; false when it is of no known kind. */
bool judge_words(struct judge *j, struct og_sv text);
/* Upper and lower case are the same. */
bool judge_has(struct og_sv text, const char *needle);
