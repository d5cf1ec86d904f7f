/* SPDX-License-Identifier: Apache-2.0 */
/* Files: capped reading, atomic writing, listing, watching; signals as a descriptor. */
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/signals.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOT_FOUND = -(int)OG_E_NOT_FOUND, IO = -(int)OG_E_IO, LIMIT = -(int)OG_E_LIMIT };

static struct og_tmpdir dir;
static char p1[512], p2[512];
static struct og_err err;

static void setup(void)
{
	dir = og_tmpdir_make();
	og_err_clear(&err);
}

static void teardown(void)
{
	og_tmpdir_remove(&dir);
}

static const char *in(const char *name)
{
	return og_tmpdir_join(&dir, name, p1, sizeof(p1));
}

static const char *in2(const char *name)
{
	return og_tmpdir_join(&dir, name, p2, sizeof(p2));
}

static void expect_content(const char *path, const char *want)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_fs_read(path, 1 << 20, &b, &err), 0);
	ck_assert(og_sv_eq(og_buf_view(&b), og_svz(want)));
}

START_TEST(read_caps)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_tmpdir_write(&dir, "f", "12345678");
	og_buf_lit(&b, "before:");
	ck_assert_int_eq(og_fs_read(in("f"), 8, &b, &err), 0);
	ck_assert_str_eq(b.p, "before:12345678");
	ck_assert_int_eq(og_fs_read(in("f"), 7, &b, &err), LIMIT);
	ck_assert_str_eq(b.p, "before:12345678");
	ck_assert_ptr_nonnull(strstr(err.msg, "larger than the limit of 7 bytes"));
	ck_assert_int_eq(og_fs_read(in("f"), 0, &b, &err), LIMIT);
	og_tmpdir_write(&dir, "empty", "");
	ck_assert_int_eq(og_fs_read(in("empty"), 0, &b, &err), 0);
	ck_assert_uint_eq(b.len, 15);
}
END_TEST

START_TEST(read_respects_the_buffer)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(8);
	og_tmpdir_write(&dir, "fits", "12345678");
	ck_assert_int_eq(og_fs_read(in("fits"), 100, &b, &err), 0);
	og_buf_reset(&b);
	og_tmpdir_write(&dir, "not", "123456789");
	ck_assert_int_eq(og_fs_read(in("not"), 100, &b, &err), LIMIT);
	ck_assert(!b.failed && b.len == 0);
}
END_TEST

START_TEST(read_failures)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(og_fs_read(in("none"), 10, &b, &err), NOT_FOUND);
	ck_assert_int_eq(err.sys, ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "none"));
	ck_assert_int_eq(og_fs_read(dir.path, 10, &b, &err), IO);
	ck_assert_int_eq(err.sys, EISDIR);
	og_tmpdir_write(&dir, "f", "x");
	ck_assert_int_eq(og_fs_read(in("f/below"), 10, &b, &err), NOT_FOUND);
	ck_assert_int_eq(og_fs_read("", 10, &b, &err), NOT_FOUND);
	ck_assert_int_eq(og_fs_read_fd(-1, "standard input", 10, &b, &err), IO);
	ck_assert_str_eq(err.msg, "reading standard input: Bad file descriptor");
	og_mem_fault_arm(1, false);
	ck_assert_int_eq(og_fs_read(in("f"), 10, &b, &err), -(int)OG_E_OOM);
	og_mem_fault_disarm();
	ck_assert(!b.failed && b.len == 0);
}
END_TEST

static void *feed(void *arg)
{
	const int *fd = arg;
	for (int i = 0; i < 1000; i++)
		(void)og_fs_write_all(*fd, "pipe", "0123456789", 10, NULL);
	close(*fd);
	return NULL;
}

START_TEST(read_a_pipe_until_its_end)
{
	int fd[2];
	pthread_t t;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, feed, &fd[1]), 0);
	ck_assert_int_eq(og_fs_read_fd(fd[0], "pipe", 10000, &b, &err), 0);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_uint_eq(b.len, 10000);
	close(fd[0]);
}
END_TEST

static size_t count_entries(void)
{
	static const struct og_fs_list_options all = {.recursive = true};
	og_auto_fs_list struct og_fs_list l = OG_FS_LIST_INIT;
	ck_assert_int_eq(og_fs_list(dir.path, &all, &l, &err), 0);
	return l.n;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(write_new_and_old)
{
	(void)umask(027);
	ck_assert_int_eq(og_fs_write_atomic(in("f"), "one", 3, 0666, &err), 0);
	expect_content(in("f"), "one");
	ck_assert_int_eq(mode_of(in("f")), 0640);
	ck_assert_int_eq(chmod(in("f"), 0604), 0);
	ck_assert_int_eq(og_fs_write_atomic(in("f"), "two", 3, 0666, &err), 0);
	expect_content(in("f"), "two");
	ck_assert_int_eq(mode_of(in("f")), 0604);
	ck_assert_int_eq(og_fs_write_atomic(in("f"), "", 0, 0666, &err), 0);
	expect_content(in("f"), "");
	ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(write_through_a_link)
{
	ck_assert_int_eq(mkdir(in("sub"), 0700), 0);
	og_tmpdir_write(&dir, "sub/real", "old");
	ck_assert_int_eq(symlink("sub/real", in("link")), 0);
	ck_assert_int_eq(og_fs_write_atomic(in("link"), "new", 3, 0600, &err), 0);
	expect_content(in("sub/real"), "new");
	struct stat st;
	ck_assert_int_eq(lstat(in("link"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(symlink("nowhere", in("dangling")), 0);
	ck_assert_int_eq(og_fs_write_atomic(in("dangling"), "new", 3, 0600, &err), NOT_FOUND);
	ck_assert_int_eq(symlink("loop", in("loop")), 0);
	ck_assert_int_eq(og_fs_write_atomic(in("loop"), "new", 3, 0600, &err), IO);
	ck_assert_int_eq(err.sys, ELOOP);
}
END_TEST

START_TEST(write_relative_name)
{
	ck_assert_int_eq(chdir(dir.path), 0);
	ck_assert_int_eq(og_fs_write_atomic("here", "x", 1, 0600, &err), 0);
	expect_content(in("here"), "x");
}
END_TEST

START_TEST(write_failures_leave_the_old)
{
	og_tmpdir_write(&dir, "f", "old");
	ck_assert_int_eq(og_fs_write_atomic(dir.path, "x", 1, 0600, &err), -(int)OG_E_INVALID);
	ck_assert_int_eq(og_fs_write_atomic(in("no/such"), "x", 1, 0600, &err), NOT_FOUND);
	ck_assert_int_eq(og_fs_write_atomic("/dev/null", "x", 1, 0600, &err), -(int)OG_E_INVALID);
	/* a full disk, made by a limit on the size of files */
	(void)signal(SIGXFSZ, SIG_IGN);
	struct rlimit small = {2, 2};
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(og_fs_write_atomic(in("f"), "longer", 6, 0600, &err), IO);
	ck_assert_int_eq(err.sys, EFBIG);
	expect_content(in("f"), "old");
	ck_assert_uint_eq(count_entries(), 1);
	ck_assert_int_eq(rmdir(dir.path), -1); /* only the file is there: */
	ck_assert_int_eq(unlink(in("f")), 0);
	ck_assert_int_eq(rmdir(dir.path), 0); /* no temporary file stayed */
}
END_TEST

START_TEST(write_out_of_memory)
{
	og_tmpdir_write(&dir, "f", "old");
	for (unsigned long at = 1; at <= 3; at++) {
		og_mem_fault_arm(at, true);
		int rc = og_fs_write_atomic(in("f"), "new", 3, 0600, &err);
		og_mem_fault_disarm();
		ck_assert_int_lt(rc, 0);
		expect_content(in("f"), "old");
	}
}
END_TEST

static void make_tree(void)
{
	ck_assert_int_eq(mkdir(in("b"), 0700), 0);
	ck_assert_int_eq(mkdir(in("b/c"), 0700), 0);
	ck_assert_int_eq(mkdir(in("..data"), 0700), 0);
	og_tmpdir_write(&dir, "z.yaml", "");
	og_tmpdir_write(&dir, "a.json", "");
	og_tmpdir_write(&dir, "a.txt", "");
	og_tmpdir_write(&dir, ".hidden.yaml", "");
	og_tmpdir_write(&dir, "..data/x.yaml", "");
	og_tmpdir_write(&dir, "b/m.yaml", "");
	og_tmpdir_write(&dir, "b/c/n.yaml", "");
	ck_assert_int_eq(symlink("..data/x.yaml", in("x.yaml")), 0);
	ck_assert_int_eq(symlink("..", in("b/up")), 0);
	ck_assert_int_eq(symlink("nowhere", in("gone.yaml")), 0);
	ck_assert_int_eq(mkfifo(in("fifo.yaml"), 0600), 0);
}

START_TEST(list_sorted_and_filtered)
{
	static const char *const suffixes[] = {".yaml", ".json", NULL};
	static const char *const want[] = {"a.json", "b/c/n.yaml", "b/m.yaml", "x.yaml", "z.yaml"};
	make_tree();
	og_auto_fs_list struct og_fs_list l = OG_FS_LIST_INIT;
	struct og_fs_list_options o = {.suffixes = suffixes, .recursive = true};
	ck_assert_int_eq(og_fs_list(dir.path, &o, &l, &err), 0);
	ck_assert_uint_eq(l.n, OG_COUNT(want));
	for (size_t i = 0; i < l.n; i++)
		ck_assert_str_eq(l.paths[i], in(want[i]));
	og_fs_list_fini(&l);
	o.recursive = false;
	ck_assert_int_eq(og_fs_list(dir.path, &o, &l, &err), 0);
	ck_assert_uint_eq(l.n, 3);
	og_fs_list_fini(&l);
	o = (struct og_fs_list_options){.recursive = true};
	ck_assert_int_eq(og_fs_list(in2("b/"), &o, &l, &err), 0);
	ck_assert_uint_eq(l.n, 2);
	ck_assert_str_eq(l.paths[0], in("b/c/n.yaml"));
}
END_TEST

START_TEST(list_limits_and_failures)
{
	make_tree();
	og_auto_fs_list struct og_fs_list l = OG_FS_LIST_INIT;
	struct og_fs_list_options o = {.recursive = true, .max_files = 5};
	ck_assert_int_eq(og_fs_list(dir.path, &o, &l, &err), LIMIT);
	ck_assert_ptr_null(l.paths);
	ck_assert_int_eq(og_fs_list(in("none"), &o, &l, &err), NOT_FOUND);
	ck_assert_int_eq(og_fs_list(in("z.yaml"), &o, &l, &err), NOT_FOUND);
	for (unsigned long at = 1; at < 20; at++) {
		og_mem_fault_arm(at, false);
		int rc = og_fs_list(in("b"), &o, &l, &err);
		unsigned long n = og_mem_fault_disarm();
		ck_assert_int_eq(rc, at <= n ? -(int)OG_E_OOM : 0);
		og_fs_list_fini(&l);
	}
}
END_TEST

START_TEST(list_depth_limit)
{
	char deep[512];
	size_t n = strlen(dir.path);
	memcpy(deep, dir.path, n);
	for (int i = 0; i < OG_FS_MAX_DEPTH + 1; i++) {
		og_auto_fs_list struct og_fs_list l = OG_FS_LIST_INIT;
		struct og_fs_list_options o = {.recursive = true};
		ck_assert_int_eq(og_fs_list(dir.path, &o, &l, &err), 0);
		memcpy(deep + n, "/d", 3);
		n += 2;
		ck_assert_int_eq(mkdir(deep, 0700), 0);
	}
	og_auto_fs_list struct og_fs_list l = OG_FS_LIST_INIT;
	struct og_fs_list_options o = {.recursive = true};
	ck_assert_int_eq(og_fs_list(dir.path, &o, &l, &err), LIMIT);
}
END_TEST

START_TEST(is_dir)
{
	og_tmpdir_write(&dir, "f", "");
	ck_assert_int_eq(og_fs_is_dir(dir.path, &err), 1);
	ck_assert_int_eq(og_fs_is_dir(in("f"), &err), 0);
	ck_assert_int_eq(og_fs_is_dir(in("none"), &err), NOT_FOUND);
}
END_TEST

static bool changed(struct og_fs_watch *w, bool force)
{
	bool yes;
	ck_assert_int_eq(og_fs_watch_check(w, force, &yes, &err), 0);
	return yes;
}

/* An event is there at once: the kernel queues it before the writing call returns. */
static bool notified(const struct og_fs_watch *w)
{
	struct pollfd p = {.fd = og_fs_watch_fd(w), .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

static struct og_fs_watch *watch(const char *path)
{
	struct og_fs_watch *w = og_fs_watch_new(1000, &err);
	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(og_fs_watch_add(w, path, &err), 0);
	return w;
}

START_TEST(watch_a_file)
{
	og_tmpdir_write(&dir, "f", "one");
	struct og_fs_watch *w = watch(in("f"));
	ck_assert(!changed(w, false) && !changed(w, true));
	og_tmpdir_write(&dir, "f", "two");
	ck_assert(notified(w) && changed(w, false));
	ck_assert(!notified(w) && !changed(w, true));
	og_tmpdir_write(&dir, "f", "two"); /* the same bytes */
	ck_assert(notified(w) && !changed(w, false));
	og_tmpdir_write(&dir, "other", "x");
	ck_assert(!changed(w, false));
	ck_assert_int_eq(og_fs_write_atomic(in("f"), "three", 5, 0600, &err), 0);
	ck_assert(changed(w, false));
	ck_assert_int_eq(unlink(in("f")), 0);
	ck_assert(changed(w, false));
	ck_assert(!changed(w, true));
	og_tmpdir_write(&dir, "f", "three");
	ck_assert(changed(w, false));
	og_fs_watch_free(w);
}
END_TEST

START_TEST(watch_a_file_that_is_not_there_yet)
{
	struct og_fs_watch *w = watch(in("a/b/f"));
	ck_assert_int_eq(mkdir(in("a"), 0700), 0);
	ck_assert(notified(w) && !changed(w, false));
	ck_assert_int_eq(mkdir(in("a/b"), 0700), 0);
	ck_assert(notified(w) && !changed(w, false));
	og_tmpdir_write(&dir, "a/b/f", "x");
	ck_assert(notified(w) && changed(w, false));
	og_fs_watch_free(w);
}
END_TEST

START_TEST(watch_without_events)
{
	og_tmpdir_write(&dir, "f", "one");
	struct rlimit none = {3, 3};
	struct rlimit old;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct og_fs_watch *w = og_fs_watch_new(1000, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(og_fs_watch_fd(w), -1);
	ck_assert_int_eq(og_fs_watch_add(w, in("f"), &err), 0);
	og_tmpdir_write(&dir, "f", "two");
	ck_assert(!changed(w, false));
	ck_assert(changed(w, true));
	og_fs_watch_free(w);
}
END_TEST

/* How the kubelet's AtomicWriter publishes a ConfigMap: a new folder, then a rename over ..data
 * (kubernetes pkg/volume/util/atomic_writer.go). */
static void publish(const char *version, const char *content)
{
	char name[64];
	ck_assert_int_eq(mkdir(in(version), 0700), 0);
	(void)snprintf(name, sizeof(name), "%s/conf.yaml", version);
	og_tmpdir_write(&dir, name, content);
	ck_assert_int_eq(symlink(version, in("..data_tmp")), 0);
	ck_assert_int_eq(rename(in("..data_tmp"), in2("..data")), 0);
}

static void unpublish(const char *version)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "%s/conf.yaml", version);
	ck_assert_int_eq(unlink(in(name)), 0);
	ck_assert_int_eq(rmdir(in(version)), 0);
}

START_TEST(watch_a_configmap)
{
	publish("..2024_1", "one");
	ck_assert_int_eq(symlink("..data/conf.yaml", in("conf.yaml")), 0);
	struct og_fs_watch *w = watch(_i ? in("conf.yaml") : dir.path);
	for (int i = 2; i < 6; i++) {
		char now[32], old[32], content[16];
		(void)snprintf(now, sizeof(now), "..2024_%d", i);
		(void)snprintf(old, sizeof(old), "..2024_%d", i - 1);
		(void)snprintf(content, sizeof(content), "v%d", i);
		publish(now, content);
		ck_assert(notified(w) && changed(w, false));
		unpublish(old);
		ck_assert(!changed(w, false));
		ck_assert(!changed(w, true));
	}
	og_fs_watch_free(w);
}
END_TEST

START_TEST(watch_a_folder)
{
	ck_assert_int_eq(mkdir(in("sub"), 0700), 0);
	struct og_fs_watch *w = watch(dir.path);
	og_tmpdir_write(&dir, "sub/f", "x");
	ck_assert(notified(w) && changed(w, false));
	ck_assert_int_eq(mkdir(in("sub/new"), 0700), 0);
	ck_assert(!changed(w, false));
	og_tmpdir_write(&dir, "sub/new/g", "x");
	ck_assert(notified(w) && changed(w, false));
	ck_assert_int_eq(rename(in("sub/new/g"), in2("sub/new/h")), 0);
	ck_assert(changed(w, false));
	og_tmpdir_write(&dir, ".editor.swp", "x");
	ck_assert(!changed(w, false));
	og_tmpdir_write(&dir, "sub/f", "");
	ck_assert(changed(w, false));
	og_fs_watch_free(w);
}
END_TEST

START_TEST(watch_a_link_elsewhere)
{
	ck_assert_int_eq(mkdir(in("x"), 0700), 0);
	ck_assert_int_eq(mkdir(in("y"), 0700), 0);
	og_tmpdir_write(&dir, "y/real", "one");
	ck_assert_int_eq(symlink("../y/real", in("x/link")), 0);
	struct og_fs_watch *w = watch(in("x/link"));
	og_tmpdir_write(&dir, "y/real", "two");
	ck_assert(notified(w) && changed(w, false));
	og_fs_watch_free(w);
}
END_TEST

START_TEST(watch_large_files_and_out_of_memory)
{
	static char big[2000];
	memset(big, 'x', sizeof(big) - 1);
	og_tmpdir_write(&dir, "f", "small");
	struct og_fs_watch *w = watch(in("f"));
	og_tmpdir_write(&dir, "f", big);
	ck_assert(changed(w, false));
	og_mem_fault_arm(1, true);
	bool yes = true;
	ck_assert_int_eq(og_fs_watch_check(w, true, &yes, &err), -(int)OG_E_OOM);
	og_mem_fault_disarm();
	ck_assert(!yes);
	ck_assert(!changed(w, true));
	og_fs_watch_free(w);
	og_fs_watch_free(NULL);
	og_mem_fault_arm(1, true);
	ck_assert_ptr_null(og_fs_watch_new(10, &err));
	og_mem_fault_disarm();
}
END_TEST

START_TEST(signals_as_a_descriptor)
{
	struct og_signals s = OG_SIGNALS_INIT;
	ck_assert_int_eq(og_signals_open(&s, &err), 0);
	ck_assert_int_eq(og_signals_next(&s), 0);
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(raise(SIGTERM), 0);
	int first = og_signals_next(&s), second = og_signals_next(&s);
	ck_assert_int_eq(first, SIGHUP); /* the lowest number comes first */
	ck_assert_int_eq(second, SIGTERM);
	ck_assert_int_eq(og_signals_next(&s), 0);
	int fd[2];
	ck_assert_int_eq(pipe(fd), 0);
	close(fd[0]);
	ck_assert_int_eq(write(fd[1], "x", 1), -1); /* and the process lives */
	ck_assert_int_eq(errno, EPIPE);
	close(fd[1]);
	og_signals_close(&s);
	ck_assert_int_eq(s.fd, -1);
	og_signals_close(&s);
	sigset_t mask;
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/fs");
	TCase *tc = tcase_create("fs");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, read_caps);
	tcase_add_test(tc, read_respects_the_buffer);
	tcase_add_test(tc, read_failures);
	tcase_add_test(tc, read_a_pipe_until_its_end);
	tcase_add_test(tc, write_new_and_old);
	tcase_add_test(tc, write_through_a_link);
	tcase_add_test(tc, write_relative_name);
	tcase_add_test(tc, write_failures_leave_the_old);
	tcase_add_test(tc, write_out_of_memory);
	tcase_add_test(tc, list_sorted_and_filtered);
	tcase_add_test(tc, list_limits_and_failures);
	tcase_add_test(tc, list_depth_limit);
	tcase_add_test(tc, is_dir);
	tcase_add_test(tc, watch_a_file);
	tcase_add_test(tc, watch_a_file_that_is_not_there_yet);
	tcase_add_test(tc, watch_without_events);
	tcase_add_loop_test(tc, watch_a_configmap, 0, 2);
	tcase_add_test(tc, watch_a_folder);
	tcase_add_test(tc, watch_a_link_elsewhere);
	tcase_add_test(tc, watch_large_files_and_out_of_memory);
	tcase_add_test(tc, signals_as_a_descriptor);
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
