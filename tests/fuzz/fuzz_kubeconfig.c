/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubeconfigs: any text, or two (cut at a NUL) as the files of KUBECONFIG. Checked: a verdict that
 * fits the error, values that are safe to use, the access written as a kubeconfig and read again is
 * the same, out of memory. The files are descriptors of memory; what they name does not exist.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fuzz-support.h"
#include "otelgate/kobj/names.h"
#include "otelgate/kube/kubeconfig.h"

static char list[128];

static const char *get(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "KUBECONFIG") == 0 ? list : NULL;
}
static const struct og_kube_env env = {.get = get};

static int memory_file(struct og_sv text)
{
	int fd = memfd_create("kubeconfig", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(text.n == 0 || write(fd, text.p, text.n) == (ssize_t)text.n);
	return fd;
}

static void check_text(const char *s)
{
	FUZZ_CHECK(!s || !strpbrk(s, "\r\n"));
}

static void check_access(const struct og_kube_access *a)
{
	FUZZ_CHECK(a->https == (strncmp(a->server, "https://", 8) == 0));
	FUZZ_CHECK(a->https || strncmp(a->server, "http://", 7) == 0);
	FUZZ_CHECK(a->server[strlen(a->server) - 1] != '/');
	FUZZ_CHECK(og_name_is_dns_label(og_svz(a->ns)));
	FUZZ_CHECK(a->source && !a->in_cluster);
	FUZZ_CHECK(!og_secret_is_set(&a->token) ||
		   og_kube_token_check(og_sv(og_secret_expose(&a->token), og_secret_len(&a->token)),
			   "it", NULL) == 0);
	FUZZ_CHECK(a->https || (a->bearer == OG_KUBE_BEARER_NONE && a->cert == OG_KUBE_CERT_NONE));
	FUZZ_CHECK((a->bearer == OG_KUBE_BEARER_EXEC) == (a->exec.command != NULL));
	FUZZ_CHECK(a->as || (!a->as_uid && !a->nas_groups && !a->nas_extra));
	FUZZ_CHECK(!a->proxy_url == !a->proxy_shown);
	check_text(a->as);
	check_text(a->as_uid);
	check_text(a->proxy_url);
	check_text(a->tls_server_name);
	for (size_t i = 0; i < a->nas_groups; i++)
		check_text(a->as_groups[i]);
	for (size_t i = 0; i < a->nwarnings; i++)
		FUZZ_CHECK(a->warnings[i][0]);
}

static void check_again(const struct og_kube_access *a)
{
	char path[64];
	struct og_kube_options o = {.env = &env, .flags = {.kubeconfig = path}};
	struct og_kube_access *b = NULL;
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf one = OG_BUF_INIT(0), two = OG_BUF_INIT(0);
	og_kube_access_write(a, false, true, &two);
	FUZZ_CHECK(!two.failed);
	og_buf_reset(&two);
	og_kube_access_write(a, true, true, &one);
	int fd = memory_file(og_buf_view(&one));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = og_kube_access_load(&o, &b, &err);
	if (rc)
		fprintf(stderr, "%s\n%s\n", err.msg, one.p);
	FUZZ_CHECK(rc == 0);
	og_kube_access_write(b, true, true, &two);
	FUZZ_CHECK(og_sv_eq(og_buf_view(&one), og_buf_view(&two)));
	og_kube_access_free(b);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv one = og_sv((const char *)data, size), two = OG_SV("");
	(void)fuzz_split(data, size, &one, &two);
	int fd1 = memory_file(one), fd2 = memory_file(two);
	struct og_kube_options o = {.env = &env, .service_account_dir = "/nonexistent"};
	struct og_kube_access *a = NULL;
	struct og_err err = OG_ERR_INIT;
	snprintf(list, sizeof(list), "/proc/self/fd/%d:/proc/self/fd/%d", fd1, fd2);
	int rc = og_kube_access_load(&o, &a, &err);
	FUZZ_CHECK(rc == -(int)err.code && (rc == 0) == (a != NULL));
	FUZZ_CHECK(rc == 0 || err.msg[0]);
	FUZZ_CHECK(og_utf8_valid(err.msg, strlen(err.msg)));
	if (a) {
		check_access(a);
		check_again(a);
	}
	og_kube_access_free(a);
	a = NULL;
	og_mem_fault_arm(1 + (size ? data[size - 1] : 0), size % 2);
	int rc2 = og_kube_access_load(&o, &a, &err);
	(void)og_mem_fault_disarm();
	FUZZ_CHECK(rc2 == rc || rc2 == -OG_E_OOM);
	og_kube_access_free(a);
	close(fd1);
	close(fd2);
	return 0;
}
