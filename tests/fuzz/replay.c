/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz harness over the files of its corpus: a test for compilers without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otelgate/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
enum { INPUT_MAX = 1 << 20 };

static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return -1;
	}
	uint8_t *buf = og_malloc(INPUT_MAX);
	size_t n = buf ? fread(buf, 1, INPUT_MAX, f) : 0;
	int rc = buf && !ferror(f) ? 0 : -1;
	fclose(f);
	/* a copy of the exact size, so that ASan sees reads behind the end */
	uint8_t *exact = rc == 0 ? og_memdup(buf, n) : NULL;
	og_free(buf);
	if (!exact) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	(void)LLVMFuzzerTestOneInput(exact, n);
	og_free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	DIR *d = opendir(argv[1]);
	if (!d) {
		perror(argv[1]);
		return 1;
	}
	unsigned count = 0;
	for (struct dirent *e; (e = readdir(d));) {
		char path[4096];
		int n = snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (e->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof(path))
			continue;
		if (replay(path) != 0) {
			closedir(d);
			return 1;
		}
		count++;
	}
	closedir(d);
	const char *name = strrchr(argv[1], '/');
	printf("%s: %u passed, 0 failed\n", name ? name + 1 : argv[1], count);
	if (count == 0)
		fprintf(stderr, "%s: no inputs, so nothing was tested\n", argv[1]);
	return count ? 0 : 1;
}
