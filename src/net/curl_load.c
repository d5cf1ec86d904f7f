/* SPDX-License-Identifier: Apache-2.0 */
#include "curl-priv.h"

#include <dlfcn.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>

#ifndef OG_CURL_SONAME
#define OG_CURL_SONAME "libcurl.so.4"
#endif

struct httpc_curl httpc_curl;

/* What packagers and scripts/rootfs read, since no DT_NEEDED says it
 * (https://uapi-group.org/specifications/specs/elf_dlopen_metadata/). */
#define NOTE_TYPE 0x407c0c0aU
#define NOTE_TEXT                                                                        \
	"[{\"feature\":\"http-client\",\"description\":\"Kubernetes and Grafana APIs\"," \
	"\"priority\":\"required\",\"soname\":[\"" OG_CURL_SONAME "\"]}]"

static const struct {
	Elf64_Nhdr head;
	char owner[4];
	_Alignas(4) char text[sizeof(NOTE_TEXT)];
} note __attribute__((used, section(".note.dlopen"), aligned(4))) = {
	{sizeof("FDO"), sizeof(NOTE_TEXT), NOTE_TYPE}, "FDO", NOTE_TEXT};

static const struct {
	const char *symbol;
	size_t at;
} functions[] = {
#define X(name) {"curl_" #name, offsetof(struct httpc_curl, name)},
	HTTPC_CURL_FUNCTIONS(X)
#undef X
};

int httpc_curl_load(const char *soname, struct httpc_curl *ret, struct og_err *err)
{
	/* The memory that a client gave back may be freed at the very end: never unloaded. */
	void *lib = dlopen(soname ? soname : OG_CURL_SONAME, RTLD_NOW | RTLD_NODELETE);
	struct httpc_curl found;

	if (!lib)
		return og_err_set(err, OG_E_UNSUPPORTED,
			"the HTTP client's library cannot be loaded: %s; install libcurl (Debian: "
			"libcurl4 or libcurl4t64)",
			dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *p = dlsym(lib, functions[i].symbol);

		if (!p)
			return og_err_set(err, OG_E_UNSUPPORTED, "%s has no %s: it is not libcurl",
				soname ? soname : OG_CURL_SONAME, functions[i].symbol);
		memcpy((char *)&found + functions[i].at, &p, sizeof(p));
	}
	*ret = found;
	return 0;
}
