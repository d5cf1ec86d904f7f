/* SPDX-License-Identifier: Apache-2.0 */
#include "kubeworld.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "otelgate/base/mem.h"
#include "otelgate/codec/base64.h"
#include "otelgate/net/certs.h"

static const char *get(void *ctx, const char *name)
{
	struct og_kubeworld *w = ctx;
	for (size_t i = 0; i < w->nvars; i++)
		if (strcmp(w->vars[i].name, name) == 0)
			return w->vars[i].value;
	return NULL;
}

static void make_certs(struct og_kubeworld *w)
{
	static const char *const names[] = {"admin"};
	struct og_ca_opts ca = {
		.common_name = "test", .not_before = 1700000000, .not_after = 4000000000};
	struct og_leaf_opts leaf = {.common_name = "admin",
		.dns_names = names,
		.ndns = 1,
		.not_before = 1700000000,
		.not_after = 4000000000};
	struct og_buf ca_key = OG_BUF_INIT(0), other = OG_BUF_INIT(0);
	struct og_err err = OG_ERR_INIT;
	ck_assert_msg(og_certs_make_ca(&ca, &w->ca, &ca_key, &err) == 0, "%s", err.msg);
	ck_assert_msg(og_certs_make_leaf(og_buf_view(&w->ca), og_buf_view(&ca_key), &leaf, &w->cert,
			      &w->key, &err) == 0,
		"%s", err.msg);
	ck_assert_msg(og_certs_make_leaf(og_buf_view(&w->ca), og_buf_view(&ca_key), &leaf, &other,
			      &w->other_key, &err) == 0,
		"%s", err.msg);
	og_buf_fini(&ca_key);
	og_buf_fini(&other);
}

void og_kubeworld_init(struct og_kubeworld *w)
{
	*w = (struct og_kubeworld){.nvars = 0};
	w->dir = og_tmpdir_make();
	w->env = (struct og_kube_env){.get = get, .ctx = w};
	w->o.env = &w->env;
	make_certs(w);
	og_tmpdir_write(&w->dir, "ca.crt", w->ca.p);
	og_tmpdir_write(&w->dir, "client.crt", w->cert.p);
	og_tmpdir_write(&w->dir, "client.key", w->key.p);
	og_kubeworld_env(w, "HOME", "%s", w->dir.path);
	w->o.service_account_dir = "/nonexistent";
}

void og_kubeworld_fini(struct og_kubeworld *w)
{
	og_kube_access_free(w->a);
	og_buf_fini(&w->ca);
	og_buf_fini(&w->cert);
	og_buf_fini(&w->key);
	og_buf_fini(&w->other_key);
	og_tmpdir_remove(&w->dir);
}

void og_kubeworld_env(struct og_kubeworld *w, const char *name, const char *value_fmt, ...)
{
	struct og_kubeworld_var *v = NULL;
	for (size_t i = 0; i < w->nvars; i++)
		if (strcmp(w->vars[i].name, name) == 0)
			v = &w->vars[i];
	if (!v) {
		ck_assert_uint_lt(w->nvars, OG_COUNT(w->vars));
		v = &w->vars[w->nvars++];
		snprintf(v->name, sizeof(v->name), "%s", name);
	}
	va_list ap;
	va_start(ap, value_fmt);
	int n = vsnprintf(v->value, sizeof(v->value), value_fmt, ap);
	va_end(ap);
	ck_assert_int_lt(n, (int)sizeof(v->value));
}

static bool put_word(struct og_kubeworld *w, struct og_buf *b, const char **at)
{
	const struct {
		const char *word;
		const struct og_buf *pem;
	} words[] = {{"%CA%", &w->ca}, {"%CERT%", &w->cert}, {"%KEY%", &w->key},
		{"%OTHERKEY%", &w->other_key}, {"%DIR%", NULL}};
	for (size_t i = 0; i < OG_COUNT(words); i++) {
		size_t n = strlen(words[i].word);
		if (strncmp(*at, words[i].word, n) != 0)
			continue;
		if (words[i].pem)
			og_base64_encode(b, og_buf_view(words[i].pem));
		else
			og_buf_str(b, w->dir.path);
		*at += n;
		return true;
	}
	return false;
}

void og_kubeworld_write(struct og_kubeworld *w, const char *name, const char *text)
{
	struct og_buf b = OG_BUF_INIT(0);
	for (const char *p = text; *p;)
		if (!put_word(w, &b, &p))
			og_buf_ch(&b, *p++);
	og_tmpdir_write(&w->dir, name, b.p ? b.p : "");
	og_buf_fini(&b);
}

const char *og_kubeworld_path(struct og_kubeworld *w, const char *name)
{
	static char turn[8][512];
	static unsigned next;
	char *p = turn[next++ % 8];
	return og_tmpdir_join(&w->dir, name, p, sizeof(turn[0]));
}

int og_kubeworld_load(struct og_kubeworld *w)
{
	og_kube_access_free(w->a);
	w->a = NULL;
	og_err_clear(&w->err);
	int rc = og_kube_access_load(&w->o, &w->a, &w->err);
	ck_assert_int_eq(rc, -(int)w->err.code);
	ck_assert((rc == 0) == (w->a != NULL));
	ck_assert(rc == 0 || w->err.msg[0]);
	return rc;
}

void og_kubeworld_pod(struct og_kubeworld *w)
{
	static char path[512];
	ck_assert_int_eq(mkdir(og_kubeworld_path(w, "sa"), 0700), 0);
	og_tmpdir_write(&w->dir, "sa/token", "pod-token\n");
	og_tmpdir_write(&w->dir, "sa/ca.crt", w->ca.p);
	og_tmpdir_write(&w->dir, "sa/namespace", "pod-ns\n");
	snprintf(path, sizeof(path), "%s", og_kubeworld_path(w, "sa"));
	w->o.service_account_dir = path;
	og_kubeworld_env(w, "KUBERNETES_SERVICE_HOST", "10.0.0.1");
	og_kubeworld_env(w, "KUBERNETES_SERVICE_PORT", "443");
}
