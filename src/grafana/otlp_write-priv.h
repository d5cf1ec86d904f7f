/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* One description of a message, written as protobuf wire format or as its JSON mapping. */
#include <stdint.h>
#include "otelgate/grafana/otlp.h"

enum { OTLP_DEPTH = 16 };

struct otlp_writer {
	struct og_buf *b;
	enum og_otlp_encoding form;
	bool bad; /* nested too deep: our own fault */
	unsigned depth;
	size_t begin[OTLP_DEPTH]; /* protobuf: where the content of the open message begins */
	bool some[OTLP_DEPTH];	  /* JSON: the open object or list holds something */
};

void otlp_begin(struct otlp_writer *w, struct og_buf *b, enum og_otlp_encoding form);
void otlp_end(struct otlp_writer *w);
/* A message as a field of the open one. */
void otlp_open(struct otlp_writer *w, unsigned field, const char *name);
void otlp_close(struct otlp_writer *w);
/* Repeated fields: list, items, end. Items of messages repeat the field's number. */
void otlp_list(struct otlp_writer *w, const char *name);
void otlp_item(struct otlp_writer *w, unsigned field);
void otlp_list_end(struct otlp_writer *w);
void otlp_item_str(struct otlp_writer *w, unsigned field, struct og_sv v);

/* Left out when empty or zero, as proto3 has it. */
void otlp_str(struct otlp_writer *w, unsigned field, const char *name, struct og_sv v);
void otlp_u32(struct otlp_writer *w, unsigned field, const char *name, uint32_t v);
/* Written also when zero: members of a oneof, and elements of tables. */
void otlp_str_always(struct otlp_writer *w, unsigned field, const char *name, struct og_sv v);
void otlp_double(struct otlp_writer *w, unsigned field, const char *name, double v);
void otlp_bool(struct otlp_writer *w, unsigned field, const char *name, bool v);
/* fixed64; JSON has a string. */
void otlp_fixed64(struct otlp_writer *w, unsigned field, const char *name, uint64_t v);
/* int64, uint64 as varint; JSON has a string. */
void otlp_u64(struct otlp_writer *w, unsigned field, const char *name, uint64_t v);
/* Bytes that JSON has in hex: trace and span ids. */
void otlp_id(struct otlp_writer *w, unsigned field, const char *name, const void *p, size_t n);
/* Packed. */
void otlp_u32s(
	struct otlp_writer *w, unsigned field, const char *name, const uint32_t *v, size_t n);
void otlp_u64s(
	struct otlp_writer *w, unsigned field, const char *name, const uint64_t *v, size_t n);
void otlp_fixed64s(
	struct otlp_writer *w, unsigned field, const char *name, const uint64_t *v, size_t n);
