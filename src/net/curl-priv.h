/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * libcurl, loaded with the first client and not with the program: it brings 30 libraries (LDAP,
 * Kerberos, SSH, ...), whose relocation takes four milliseconds of each `otelgate explain`.
 *
 * A function is called as curl(easy_init)(), which is a pointer of this table. With
 * -DHTTPC_CURL_DIRECT it is libcurl's own name, so that its header checks the types of options
 * (curl/typecheck-gcc.h): `make lint-curl`.
 */
#include <curl/curl.h>
#include "otelgate/base/err.h"

/* clang-format off: a list, that would be indented as one expression */
#define HTTPC_CURL_FUNCTIONS(X) \
	X(easy_cleanup)         \
	X(easy_getinfo)         \
	X(easy_init)            \
	X(easy_setopt)          \
	X(global_init_mem)      \
	X(multi_add_handle)     \
	X(multi_cleanup)        \
	X(multi_info_read)      \
	X(multi_init)           \
	X(multi_remove_handle)  \
	X(multi_setopt)         \
	X(multi_socket_action)  \
	X(slist_append)         \
	X(slist_free_all)       \
	X(version_info)
/* clang-format on */

struct httpc_curl {
#define X(name) __typeof__(&curl_##name) name;
	HTTPC_CURL_FUNCTIONS(X)
#undef X
};

/* Filled by httpc_curl_load; not written after that. */
extern struct httpc_curl httpc_curl;

#ifdef HTTPC_CURL_DIRECT
#define curl(name) curl_##name
#else
#define curl(name) httpc_curl.name
#endif

/*
 * Loads the library of this name (NULL: the one of the headers that otelgate was built with) and
 * finds the functions; by one thread at a time. The library stays loaded. OG_E_UNSUPPORTED with
 * the name of what is missing: the library, or one of its functions; nothing is filled then.
 */
int httpc_curl_load(const char *soname, struct httpc_curl *ret, struct og_err *err);
