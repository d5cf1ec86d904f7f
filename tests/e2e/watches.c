/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watches KUBECONFIG NAMESPACE: the ConfigMaps of a namespace in six stores, listed in different
 * ways. Reads lines: "want NAME@VERSION …" waits until all stores hold exactly that (sorted by
 * name) and stand; "absent" until the watch of a kind that does not exist says so; "lists" prints
 * how often each asked for the whole. Answers "ok", or what is different.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "otelgate/base/mem.h"
#include "otelgate/kube/kubeconfig.h"
#include "otelgate/kube/watch.h"

/* A watch that failed several times waits for a minute. */
enum { WATCHES = 6, SECONDS = 240 };

static const struct {
	const char *how;
	bool metadata_only, no_watch_list;
	unsigned page;
} ways[WATCHES] = {
	{"streamed", false, false, 0},
	{"streamed metadata", true, false, 0},
	{"list", false, true, 0},
	{"metadata list", true, true, 0},
	{"list in pages of 2", false, true, 2},
	{"metadata in pages of 1", true, true, 1},
};

static struct og_loop *loop;
static struct og_store *stores[WATCHES + 1];
static struct og_watch *watches[WATCHES + 1];

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "name@version name@version", sorted. */
static void content(struct og_store *s, struct og_buf *out)
{
	enum { MAX = 1000 };
	static char *rows[MAX];
	size_t n = 0;
	struct og_record r;
	for (uint32_t at = 0; n < MAX && og_store_next(s, &at, &r);) {
		char row[400];
		(void)snprintf(row, sizeof(row), "%.*s@%.*s", OG_SV_ARG(r.name),
			OG_SV_ARG(r.resource_version));
		rows[n++] = og_strdup(row);
	}
	qsort(rows, n, sizeof(rows[0]), by_name);
	og_buf_lit(out, "");
	for (size_t i = 0; i < n; i++) {
		og_buf_fmt(out, "%s%s", i ? " " : "", rows[i]);
		og_free(rows[i]);
	}
}

static bool is(unsigned i, struct og_sv want, struct og_buf *why)
{
	struct og_watch_info info;
	og_auto_buf struct og_buf have = OG_BUF_INIT(0);
	og_watch_info(watches[i], &info);
	content(stores[i], &have);
	if (info.state == OG_WATCH_SYNCED && og_sv_eq(og_buf_view(&have), want))
		return true;
	og_buf_fmt(why, "%s: %s (%s%s%s), %s; ", ways[i].how, og_watch_state_name(info.state),
		info.error, *info.waits ? "; waits for " : "", info.waits,
		have.p ? have.p : "nothing");
	return false;
}

/*
 * A question is put aside by the loop's callback and answered beside the loop, since nothing turns
 * while a callback waits.
 */
static char line[100000];
static size_t line_n;
static bool asked;

static void wait_for(struct og_sv want)
{
	int64_t end = og_loop_now_ns(loop) + SECONDS * OG_NS_PER_S;
	while (!og_loop_stopped(loop)) {
		og_auto_buf struct og_buf why = OG_BUF_INIT(0);
		bool all = true;
		for (unsigned i = 0; i < WATCHES; i++)
			all = is(i, want, &why) && all;
		if (all || og_loop_now_ns(loop) > end) {
			printf("%s\n", all ? "ok" : why.p);
			return;
		}
		(void)og_loop_turn(loop, 20);
	}
}

static void wait_absent(void)
{
	struct og_watch_info info = {.state = OG_WATCH_STARTING};
	int64_t end = og_loop_now_ns(loop) + SECONDS * OG_NS_PER_S;
	og_watch_info(watches[WATCHES], &info);
	while (info.state != OG_WATCH_ABSENT && og_loop_now_ns(loop) < end &&
		!og_loop_stopped(loop)) {
		(void)og_loop_turn(loop, 20);
		og_watch_info(watches[WATCHES], &info);
	}
	printf("%s\n", info.state == OG_WATCH_ABSENT ? "ok" : og_watch_state_name(info.state));
}

static void print_lists(void)
{
	for (unsigned i = 0; i < WATCHES; i++) {
		struct og_watch_info info;
		og_watch_info(watches[i], &info);
		printf("%llu/%s ", (unsigned long long)info.syncs,
			info.streamed ? "streamed" : "listed");
	}
	printf("\n");
}

static void answer(void)
{
	struct og_sv cmd = og_sv(line, line_n - 1);
	if (og_sv_starts(cmd, OG_SV("want")))
		wait_for(og_sv_trim(og_sv(cmd.p + 4, cmd.n - 4)));
	else if (og_sv_is(cmd, "absent"))
		wait_absent();
	else
		print_lists();
	(void)fflush(stdout);
	asked = false;
	line_n = 0;
}

static void on_line(void *ctx, int fd, uint32_t events)
{
	(void)ctx;
	(void)events;
	ssize_t got = asked ? 0 : read(fd, line + line_n, sizeof(line) - line_n);
	if (got <= 0) { /* the end; nobody asks again before the answer */
		og_loop_stop(loop);
		return;
	}
	line_n += (size_t)got;
	asked = line[line_n - 1] == '\n';
}

static int start(struct og_kube *kube, const char *ns, struct og_err *err)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i <= WATCHES; i++) {
		const struct og_store_opts so = {.name = "e2e", .labels = true, .seed = 1};
		struct og_watch_opts wo = {.kube = kube,
			.res = {.version = OG_SV("v1"),
				.resource = i < WATCHES ? OG_SV("configmaps") : OG_SV("widgets"),
				.group = i < WATCHES ? OG_SV("") : OG_SV("example.com"),
				.ns = og_svz(ns)},
			.metadata_only = i < WATCHES && ways[i].metadata_only,
			.no_watch_list = i < WATCHES && ways[i].no_watch_list,
			.page = i < WATCHES ? ways[i].page : 0};
		rc = og_store_new(&so, &stores[i], err);
		wo.store = stores[i];
		rc = rc ? rc : og_watch_start(&wo, &watches[i], err);
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct og_err err = OG_ERR_INIT;
	struct og_kube *kube = NULL;
	struct og_loop_fd *in;
	if (argc != 3)
		return 2;
	const struct og_kube_options o = {.flags = {.kubeconfig = argv[1], .ns = argv[2]}};
	struct og_kube_opts ko = {.component = "otelgate-e2e"};
	if (og_loop_new(NULL, &loop, &err) < 0)
		return 2;
	ko.loop = loop;
	if (og_kube_access_load(&o, &ko.access, &err) < 0 || og_kube_new(&ko, &kube, &err) < 0 ||
		start(kube, argv[2], &err) < 0 ||
		og_loop_fd_add(loop, STDIN_FILENO, EPOLLIN, on_line, NULL, &in, &err) < 0) {
		printf("%s\n", err.msg);
		return 2;
	}
	while (!og_loop_stopped(loop)) {
		(void)og_loop_turn(loop, -1);
		if (asked)
			answer();
	}
	og_loop_fd_remove(loop, in);
	for (unsigned i = 0; i <= WATCHES; i++) {
		og_watch_stop(watches[i]);
		og_store_free(stores[i]);
	}
	og_kube_free(kube);
	og_loop_free(loop);
	return 0;
}
