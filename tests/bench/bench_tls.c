/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhook over TLS keep-alive, driven by wrk on the same machine, beside a bare libmicrohttpd
 * echo of the same sizes: own accept thread, two epoll workers, no parsing. Both run as processes
 * of their own, so that CPU time and memory are theirs. Without wrk nothing is measured.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/reviews.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/log.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"
#include "otelgate/core/review.h"
#include "otelgate/net/certs.h"
#include "otelgate/webhook/server.h"

enum { CONNECTIONS = 16, HALF_CONNECTIONS = 64, SECONDS = 2, ROUNDS = 3, WORKERS = 2 };

static const char config_text[] =
	"apiVersion: otelgate.dev/v1alpha1\nkind: GrafanaStack\nmetadata: {name: cloud}\nspec:\n"
	"  receiver: {type: gateway, endpoint: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp'}\n"
	"  credentials: {secretRef: {name: grafana-cloud, namespace: otelgate}}\n"
	"---\napiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: standard}\n"
	"spec: {stack: cloud, default: true}\n";

struct server {
	pid_t pid;
	uint16_t port;
};

struct load {
	double rate, p50_ms, p99_ms, cpu_us; /* per request */
	long errors;
};

static char dir[64];
static struct og_buf cert = OG_BUF_INIT(0), key = OG_BUF_INIT(0);

static void path_of(char out[128], const char *name)
{
	(void)snprintf(out, 128, "%s/%s", dir, name);
}

static bool write_file(const char *name, const void *p, size_t n)
{
	char path[128];
	path_of(path, name);
	return og_fs_write_atomic(path, p, n, 0600, NULL) == 0;
}

static bool make_pair(void)
{
	static const char *const dns = "localhost";
	struct og_buf ca = OG_BUF_INIT(0), ca_key = OG_BUF_INIT(0);
	int64_t now = time(NULL);
	struct og_ca_opts co = {
		.common_name = "bench", .not_before = now - 60, .not_after = now + 86400};
	struct og_leaf_opts lo = {
		.dns_names = &dns, .ndns = 1, .not_before = now - 60, .not_after = now + 86000};
	bool ok = og_certs_make_ca(&co, &ca, &ca_key, NULL) == 0 &&
		  og_certs_make_leaf(
			  og_buf_view(&ca), og_buf_view(&ca_key), &lo, &cert, &key, NULL) == 0;
	og_buf_fini(&ca);
	og_buf_wipe(&ca_key);
	return ok;
}

/* --- the bare echo ---------------------------------------------------------------------------- */

static struct og_buf echo_answer = OG_BUF_INIT(0);

static enum MHD_Result echo_request(void *cls, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **req)
{
	static char seen;

	(void)cls;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (!*req) {
		*req = &seen;
		return MHD_YES;
	}
	if (*size) {
		*size = 0;
		return MHD_YES;
	}
	struct MHD_Response *r = MHD_create_response_from_buffer(
		echo_answer.len, echo_answer.p, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(r, "Content-Type", "application/json");
	enum MHD_Result ok = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return ok;
}

static int listen_any(uint16_t *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 512) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void echo_main(int report)
{
	uint16_t port = 0;
	int fd = listen_any(&port), on = 1;
	struct MHD_Daemon *d[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		d[i] = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
						MHD_USE_ITC | MHD_USE_TLS,
			0, NULL, NULL, echo_request, NULL, MHD_OPTION_HTTPS_MEM_CERT, cert.p,
			MHD_OPTION_HTTPS_MEM_KEY, key.p, MHD_OPTION_HTTPS_PRIORITIES,
			"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_END);
		if (!d[i])
			_exit(1);
	}
	if (fd < 0 || write(report, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	for (unsigned n = 0;; n++) {
		struct sockaddr_in a;
		socklen_t len = sizeof(a);
		int c = accept4(fd, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c < 0)
			continue;
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		MHD_add_connection(d[n % WORKERS], c, (struct sockaddr *)&a, len);
	}
}

/* --- the webhook ------------------------------------------------------------------------------ */

static int report_fd;

static void on_started(void *ctx, uint16_t port, uint16_t ops)
{
	(void)ctx;
	(void)ops;
	if (write(report_fd, &port, sizeof(port)) != sizeof(port))
		_exit(1);
}

static void webhook_main(int report)
{
	char c[128], k[128], conf[128];
	const char *paths[] = {conf};
	struct og_webhook_opts o = OG_WEBHOOK_OPTS_INIT;
	struct og_err err = OG_ERR_INIT;

	path_of(c, "tls.crt");
	path_of(k, "tls.key");
	path_of(conf, "config.yaml");
	report_fd = report;
	o.address = o.ops_address = "127.0.0.1";
	o.tls_cert = c;
	o.tls_key = k;
	o.config_paths = paths;
	o.nconfig = 1;
	o.workers = WORKERS;
	o.started = on_started;
	if (og_webhook_run(&o, &err) < 0) {
		(void)fprintf(stderr, "bench_tls: %s\n", err.msg);
		_exit(1);
	}
	_exit(0);
}

/* --- the server floor alone ------------------------------------------------------------------- */

static void fixed_answer(void *ctx, const struct og_http_req *req, struct og_http_resp *resp)
{
	(void)ctx;
	(void)req;
	resp->content_type = "application/json";
	og_buf_sv(resp->body, og_buf_view(&echo_answer));
}

static void floor_main(int report)
{
	static const struct og_route routes[] = {{"POST", "/mutate", fixed_answer, NULL,
		OG_ROUTE_JSON | OG_ROUTE_BODY | OG_ROUTE_LIMITED}};
	struct og_httpd_opts o = {.address = "127.0.0.1",
		.workers = WORKERS,
		.routes = routes,
		.nroutes = 1,
		.cert_pem = og_buf_view(&cert),
		.key_pem = og_buf_view(&key)};
	struct og_httpd *s = NULL;

	if (og_httpd_new(&o, &s, NULL) < 0)
		_exit(1);
	uint16_t port = og_httpd_port(s);
	if (write(report, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	for (;;)
		(void)pause();
}

/* Log lines are written, as in production, to nowhere. */
static struct server spawn(void (*body)(int report))
{
	struct server s = {-1, 0};
	int fds[2];

	if (pipe(fds) < 0)
		return s;
	s.pid = fork();
	if (s.pid == 0) {
		struct og_log_options log = OG_LOG_OPTIONS_INIT;
		FILE *null = fopen("/dev/null", "w");
		log.fd = null ? fileno(null) : 2;
		(void)og_log_setup(&log, NULL);
		close(fds[0]);
		body(fds[1]);
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &s.port, sizeof(s.port)) != sizeof(s.port))
		s.port = 0;
	close(fds[0]);
	return s;
}

static void finish(struct server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
}

/* --- measuring -------------------------------------------------------------------------------- */

static double cpu_seconds(pid_t pid)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, sys = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	const char *at = strrchr(line, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			   &sys) != 2)
		return 0;
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static double rss_mib(pid_t pid)
{
	char path[64], line[256];
	double kib = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %lf", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib / 1024;
}

/* "123.45us", "1.20ms", "2.1s" in ms. */
static double wrk_ms(const char *text)
{
	char *end;
	double v = strtod(text, &end);
	return strncmp(end, "us", 2) == 0 ? v / 1000 : strncmp(end, "ms", 2) == 0 ? v : v * 1000;
}

/* BENCH_SECONDS makes the rounds longer: 60 sends the webhook more than a million reviews. */
static unsigned seconds(void)
{
	uint32_t n = SECONDS;
	const char *s = getenv("BENCH_SECONDS");
	if (s)
		(void)og_parse_u32(og_svz(s), 1, 600, &n, NULL);
	return n;
}

static uint64_t sent[65536]; /* requests so far, by port */

static struct load drive(const struct server *s, int connections, int delay_ms)
{
	char cmd[512], line[512];
	struct load r = {0};
	double requests = 0, cpu = cpu_seconds(s->pid);

	(void)snprintf(cmd, sizeof(cmd),
		"OG_BODY=%s/review.json OG_DELAY=%d wrk -t1 -c%d -d%us --latency -s %s/post.lua "
		"'https://127.0.0.1:%u/mutate?timeout=5s' 2>&1",
		dir, delay_ms, connections, seconds(), dir, s->port);
	FILE *f = popen(cmd, "r");
	while (f && fgets(line, sizeof(line), f)) {
		char text[64];
		long a, b, c, d;
		if (sscanf(line, "Requests/sec: %lf", &r.rate) == 1)
			continue;
		if (sscanf(line, " 50%% %63s", text) == 1)
			r.p50_ms = wrk_ms(text);
		else if (sscanf(line, " 99%% %63s", text) == 1)
			r.p99_ms = wrk_ms(text);
		else if (strstr(line, "requests in"))
			requests = strtod(line, NULL);
		else if (sscanf(line, " Non-2xx or 3xx responses: %ld", &a) == 1)
			r.errors += a;
		else if (sscanf(line,
				 " Socket errors: connect %ld, read %ld, write %ld, timeout %ld",
				 &a, &b, &c, &d) == 4)
			r.errors += a + b + c + d;
	}
	if (f)
		pclose(f);
	if (requests > 0)
		r.cpu_us = (cpu_seconds(s->pid) - cpu) * 1e6 / requests;
	sent[s->port] += (uint64_t)requests;
	return r;
}

/* Other programs disturb and nothing makes a round faster: the best counts. */
static void keep_best(struct load *best, struct load r)
{
	if (r.rate > best->rate) {
		best->rate = r.rate;
		best->p50_ms = r.p50_ms;
		best->p99_ms = r.p99_ms;
	}
	if (r.cpu_us > 0 && (r.cpu_us < best->cpu_us || best->cpu_us <= 0))
		best->cpu_us = r.cpu_us;
	best->errors += r.errors;
}

static const char post_lua[] =
	"local f = assert(io.open(os.getenv('OG_BODY'), 'rb'))\n"
	"wrk.method = 'POST'\nwrk.body = f:read('*a')\n"
	"wrk.headers['Content-Type'] = 'application/json'\n"
	"local ms = tonumber(os.getenv('OG_DELAY'))\n"
	/* clients are not in step with one another: a mean, not a beat */
	"if ms > 0 then function delay() return math.random(0, 2 * ms) end end\n";

/* What the webhook will answer: the echo's answer has the same size. */
static bool make_review(struct og_buf *body)
{
	og_auto_arena struct og_arena config_arena, arena;
	struct og_review_result result;

	og_arena_init(&config_arena, 0, 0);
	og_arena_init(&arena, 0, 0);
	bench_review(body, 1, 5, true);
	struct og_review_input in = {
		.config = bench_config(&config_arena), .body = og_buf_view(body)};
	og_review_handle(&in, &arena, &echo_answer, &result);
	return result.patched;
}

static void report(const struct load *echo, const struct load *floor, const struct load *full,
	const struct load *half, double half_rate, double rss_warm, const struct server *web)
{
	struct bench_row rows[] = {
		{"webhook_tls_reviews_per_second", "1/s", full->rate, 15000, true, echo->rate,
			"bare TLS echo"},
		{"webhook_tls_share_of_echo", "%", 100 * full->rate / echo->rate, 45, true, 100,
			"bare TLS echo"},
		{"webhook_tls_cpu_per_review", "us", full->cpu_us, 0, false, echo->cpu_us,
			"bare TLS echo"},
		{"http_floor_tls_requests_per_second", "1/s", floor->rate, 0, true, echo->rate,
			"bare TLS echo"},
		{"http_floor_tls_cpu_per_request", "us", floor->cpu_us, 0, false, echo->cpu_us,
			"bare TLS echo"},
		{"webhook_tls_p50", "ms", full->p50_ms, 0, false, echo->p50_ms, "bare TLS echo"},
		{"webhook_tls_p99_half_load", "ms", half->p99_ms, 3, false, 0, ""},
		{"webhook_tls_half_load", "1/s", half->rate, 0, false, half_rate, "rate aimed at"},
		{"webhook_rss", "MiB", rss_mib(web->pid), 48, false, rss_warm, "after the warm-up"},
		{"webhook_reviews_sent", "", (double)sent[web->port], 0, false, 0, ""},
		{"webhook_tls_errors", "", (double)(full->errors + half->errors), 0, false, 0, ""},
	};
	bench_print(rows, (int)OG_COUNT(rows));
}

static bool prepare(struct og_buf *body)
{
	return make_pair() && make_review(body) && write_file("tls.crt", cert.p, cert.len) &&
	       write_file("tls.key", key.p, key.len) &&
	       write_file("config.yaml", config_text, sizeof(config_text) - 1) &&
	       write_file("post.lua", post_lua, sizeof(post_lua) - 1) &&
	       write_file("review.json", body->p, body->len);
}

static void clean_up(void)
{
	static const char *const names[] = {
		"tls.crt", "tls.key", "config.yaml", "post.lua", "review.json"};
	char path[128];

	for (size_t i = 0; i < OG_COUNT(names); i++) {
		path_of(path, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

int main(void)
{
	og_auto_buf struct og_buf body = OG_BUF_INIT(0);
	int code = EXIT_FAILURE;

	if (system("command -v wrk >/dev/null 2>&1") != 0) {
		puts("wrk is not installed: the TLS figures are skipped");
		return EXIT_SUCCESS;
	}
	(void)snprintf(dir, sizeof(dir), "/tmp/otelgate-bench-XXXXXX");
	if (!mkdtemp(dir))
		return code;
	if (prepare(&body)) {
		printf("review %zu bytes, answer %zu bytes\n", body.len, echo_answer.len);
		(void)fflush(stdout);
		struct server web = spawn(webhook_main), echo = spawn(echo_main);
		struct server floor = spawn(floor_main);
		if (web.port && echo.port && floor.port) {
			(void)drive(&web, CONNECTIONS, 0); /* warm up */
			double rss_warm = rss_mib(web.pid);
			struct load e = {0}, w = {0}, f = {0}, h = {0};
			for (int i = 0; i < ROUNDS; i++) {
				keep_best(&e, drive(&echo, CONNECTIONS, 0));
				keep_best(&w, drive(&web, CONNECTIONS, 0));
				keep_best(&f, drive(&floor, CONNECTIONS, 0));
			}
			int delay = (int)(HALF_CONNECTIONS * 2000 / (w.rate > 1 ? w.rate : 1));
			for (int i = 0; i < ROUNDS; i++) {
				struct load r = drive(&web, HALF_CONNECTIONS, delay ? delay : 1);
				h.errors += r.errors;
				if (i == 0 || r.p99_ms < h.p99_ms)
					h = (struct load){
						r.rate, r.p50_ms, r.p99_ms, r.cpu_us, h.errors};
			}
			report(&e, &f, &w, &h, w.rate / 2, rss_warm, &web);
			code = w.errors + h.errors == 0 && w.rate > 0 && e.rate > 0 ? 0 : 1;
		}
		finish(&web);
		finish(&echo);
		finish(&floor);
	}
	clean_up();
	return code;
}
