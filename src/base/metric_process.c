/* SPDX-License-Identifier: Apache-2.0 */
/* The process's own figures, read from /proc at each scrape. */
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/metric.h"
#include "otelgate/base/parse.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU, START, RSS, VIRTUAL, OPEN_FDS, MAX_FDS, BUILD_INFO, LOG_DROPPED };

const struct og_metric_def og_metric_process_defs[] = {
	[CPU] = {"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
		OG_METRIC_COUNTER, .unit = "seconds"},
	[START] = {"process_start_time_seconds",
		"Start time of the process since unix epoch in seconds.", OG_METRIC_GAUGE,
		.unit = "seconds"},
	[RSS] = {"process_resident_memory_bytes", "Resident memory size in bytes.", OG_METRIC_GAUGE,
		.unit = "bytes"},
	[VIRTUAL] = {"process_virtual_memory_bytes", "Virtual memory size in bytes.",
		OG_METRIC_GAUGE, .unit = "bytes"},
	[OPEN_FDS] = {"process_open_fds", "Number of open file descriptors.", OG_METRIC_GAUGE,
		.unit = NULL},
	[MAX_FDS] = {"process_max_fds", "Maximum number of open file descriptors.", OG_METRIC_GAUGE,
		.unit = NULL},
	[BUILD_INFO] = {"otelgate_build_info", "Always 1.", OG_METRIC_GAUGE, .labels = {"version"}},
	[LOG_DROPPED] = {"otelgate_log_dropped_total", "Log lines that could not be written.",
		OG_METRIC_COUNTER, .unit = NULL},
};

const size_t og_metric_process_defs_n = OG_COUNT(og_metric_process_defs);

/* Fields of /proc/self/stat as numbered in proc(5), after the command's closing bracket. */
enum { STAT_UTIME = 14, STAT_STIME = 15, STAT_STARTTIME = 22, STAT_VSIZE = 23, STAT_RSS = 24 };

static bool read_stat(double field[STAT_RSS + 1])
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(8192);
	if (og_fs_read("/proc/self/stat", 4096, &b, NULL) != 0 || !b.p)
		return false;
	const char *at = strrchr(b.p, ')'); /* the command may hold blanks and brackets */
	struct og_sv rest = og_svz(at ? at + 1 : ""), part;
	int number = 2;
	while (number < STAT_RSS && og_sv_split(&rest, ' ', &part)) {
		uint64_t v = 0;
		if (part.n == 0)
			continue;
		(void)og_parse_u64(og_sv_trim(part), 0, UINT64_MAX, &v, NULL);
		field[++number] = (double)v;
	}
	return number == STAT_RSS;
}

/* Seconds since the epoch at which the system started; 0 when it cannot be told. */
static double boot_time(void)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(4 << 20);
	if (og_fs_read("/proc/stat", 2 << 20, &b, NULL) != 0)
		return 0;
	struct og_sv rest = og_buf_view(&b), line;
	while (og_sv_split(&rest, '\n', &line)) {
		uint64_t v;
		if (og_sv_starts(line, OG_SV("btime ")) &&
			og_parse_u64(
				og_sv(line.p + 6, line.n - 6), 0, UINT32_MAX * 4ULL, &v, NULL) == 0)
			return (double)v;
	}
	return 0;
}

static double count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return 0;
	double n = -3; /* ".", ".." and the folder's own descriptor */
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

static void collect(void *ctx)
{
	struct og_metric_table *t = ctx;
	double field[STAT_RSS + 1] = {0}, ticks = (double)sysconf(_SC_CLK_TCK);
	if (ticks > 0 && read_stat(field)) {
		og_metric_set(t, CPU, (field[STAT_UTIME] + field[STAT_STIME]) / ticks, NULL);
		og_metric_set(t, VIRTUAL, field[STAT_VSIZE], NULL);
		og_metric_set(t, RSS, field[STAT_RSS] * (double)sysconf(_SC_PAGESIZE), NULL);
		double boot = boot_time();
		if (boot > 0)
			og_metric_set(t, START, boot + field[STAT_STARTTIME] / ticks, NULL);
	}
	og_metric_set(t, OPEN_FDS, count_fds(), NULL);
	og_metric_set(t, LOG_DROPPED, (double)og_log_dropped(), NULL);
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		og_metric_set(t, MAX_FDS, (double)limit.rlim_cur, NULL);
}

int og_metrics_add_process(struct og_metrics *m, struct og_err *err)
{
	struct og_metric_table *t =
		og_metrics_add(m, og_metric_process_defs, og_metric_process_defs_n, err);
	if (!t)
		return err ? -(int)err->code : -(int)OG_E_OOM;
	og_metric_set(t, BUILD_INFO, 1, OG_LABELS(OG_VERSION));
	return og_metrics_on_collect(m, collect, t, err);
}
