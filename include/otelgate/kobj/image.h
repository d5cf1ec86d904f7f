/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Container image references: [registry[:port]/]repository[:tag][@digest], by the grammar of
 * distribution/reference (https://github.com/distribution/reference/blob/main/reference.go).
 * Nothing is normalised: "nginx" stays "nginx", without registry and tag.
 */
#include "otelgate/base/err.h"
#include "otelgate/base/str.h"

enum { OG_IMAGE_NAME_MAX = 255, OG_IMAGE_TAG_MAX = 128 };

/* Views into the reference; empty = not said. */
struct og_image {
	struct og_sv registry;	 /* host[:port]; the first part when it has '.', ':' or upper case,
				  * or is "localhost" */
	struct og_sv repository; /* "library/nginx", never empty */
	struct og_sv tag;
	struct og_sv digest; /* "sha256:…" */
};

/* NULL, or what is wrong with it ("has a tag that is not …"). Static text. */
const char *og_image_problem(struct og_sv ref, struct og_image *ret);
/* Errors: PARSE; the message says which part is wrong and does not quote the reference. */
int og_image_parse(struct og_sv ref, struct og_image *ret, struct og_err *err);
