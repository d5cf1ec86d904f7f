/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration snapshot: lookups and the words of its enums. */
#include "otelgate/core/config.h"

const struct og_profile *og_config_profile(const struct og_config *c, struct og_sv name)
{
	for (uint32_t i = 0; i < c->nprofiles; i++) {
		if (og_sv_eq(c->profiles[i].name, name))
			return &c->profiles[i];
	}
	return NULL;
}

/* Indexed by the enum; fields.c uses the same words for documentation and schema. */
const char *const og_words_signal[] = {"metrics", "traces", "logs", "profiles", NULL};
const char *const og_words_signal_mode[] = {"expected", "optional", "off", "stdout", NULL};
const char *const og_words_receiver_type[] = {"collector", "gateway", NULL};
const char *const og_words_protocol[] = {"http/protobuf", "http/json", "grpc", NULL};
const char *const og_words_compression[] = {"unset", "none", "gzip", NULL};
const char *const og_words_on_error[] = {"admit", "reject", NULL};
const char *const og_words_profiles_via[] = {"agent", "ebpf", NULL};
const char *const og_words_compat[] = {"none", "opentelemetry-operator", NULL};
const char *const og_words_probe_mode[] = {"scheduled", "off", NULL};
const char *const og_words_restart_mode[] = {"never", "suggest", "managed", NULL};
const char *const og_words_network_policy[] = {"auto", "off", NULL};
const char *const og_words_network_policy_receiver[] = {"report", "manage", NULL};
const char *const og_words_language[] = {
	"none", "java", "nodejs", "python", "dotnet", "go", "other", NULL};
const char *const og_words_libc[] = {"unknown", "glibc", "musl", NULL};

static size_t words_count(const char *const *words)
{
	size_t n = 0;
	while (words[n])
		n++;
	return n;
}

static const char *word(const char *const *words, size_t i)
{
	return i < words_count(words) ? words[i] : "?";
}

/* The index of a word at or after `first`, or -1. */
static int find(const char *const *words, size_t first, struct og_sv w)
{
	for (size_t i = first; words[i]; i++) {
		if (og_sv_eq(w, og_svz(words[i])))
			return (int)i;
	}
	return -1;
}

#define NAMES(fn, type, words)                   \
	const char *fn(enum type v)              \
	{                                        \
		return word((words), (size_t)v); \
	}
NAMES(og_signal_name, og_signal, og_words_signal)
NAMES(og_signal_mode_name, og_signal_mode, og_words_signal_mode)
NAMES(og_receiver_type_name, og_receiver_type, og_words_receiver_type)
NAMES(og_protocol_name, og_protocol, og_words_protocol)
NAMES(og_compression_name, og_compression, og_words_compression)
NAMES(og_on_error_name, og_on_error, og_words_on_error)
NAMES(og_profiles_via_name, og_profiles_via, og_words_profiles_via)
NAMES(og_compat_name, og_compat, og_words_compat)
NAMES(og_probe_mode_name, og_probe_mode, og_words_probe_mode)
NAMES(og_restart_mode_name, og_restart_mode, og_words_restart_mode)
NAMES(og_network_policy_name, og_network_policy, og_words_network_policy)
NAMES(og_network_policy_receiver_name, og_network_policy_receiver, og_words_network_policy_receiver)
NAMES(og_language_name, og_language, og_words_language)
NAMES(og_libc_name, og_libc, og_words_libc)

#define PARSE(fn, type, words, first)              \
	bool fn(struct og_sv w, enum type *ret)    \
	{                                          \
		int i = find((words), (first), w); \
		if (i < 0)                         \
			return false;              \
		*ret = (enum type)i;               \
		return true;                       \
	}
PARSE(og_language_parse, og_language, og_words_language, 1)
PARSE(og_libc_parse, og_libc, og_words_libc, 1)
PARSE(og_signal_parse, og_signal, og_words_signal, 0)
PARSE(og_signal_mode_parse, og_signal_mode, og_words_signal_mode, 0)
