/* SPDX-License-Identifier: Apache-2.0 */
/* The two faces of an Event: core/v1, which is stored, and events.k8s.io/v1. */
#include "sim/sim-priv.h"

static const struct {
	const char *core, *newer;
} names[] = {
	{"involvedObject", "regarding"},
	{"message", "note"},
	{"reportingComponent", "reportingController"},
	{"source", "deprecatedSource"},
	{"firstTimestamp", "deprecatedFirstTimestamp"},
	{"lastTimestamp", "deprecatedLastTimestamp"},
	{"count", "deprecatedCount"},
};

static void rename_member(json_t *o, const char *from, const char *to)
{
	json_t *v = json_object_get(o, from);

	if (!v)
		return;
	json_object_set(o, to, v);
	json_object_del(o, from);
}

void sim_event_to_core(json_t *o)
{
	for (size_t i = 0; i < OG_COUNT(names); i++)
		rename_member(o, names[i].newer, names[i].core);
	json_object_set_new(o, "apiVersion", json_string("v1"));
}

void sim_event_to_new(json_t *o)
{
	for (size_t i = 0; i < OG_COUNT(names); i++)
		rename_member(o, names[i].core, names[i].newer);
	json_object_set_new(o, "apiVersion", json_string("events.k8s.io/v1"));
}
