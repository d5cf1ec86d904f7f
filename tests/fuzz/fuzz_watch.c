/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reflector and its store: answers of a hostile API server. The input is a script: answers
 * divided by NUL bytes; the first byte of each says how it ends and how it is cut. Checked: there
 * is always one request or one timer; no answer makes requests follow one another without a pause
 * for long; the store's memory is given back; what listeners hear adds up to what is there.
 */
#include "../../src/kube/watch-priv.h"
#include "fuzz-support.h"

static struct world {
	int64_t now;
	struct kube_seam seam;
	bool live;
	struct og_kube_request r;
	struct og_store *store;
	int objects; /* by what listeners heard */
	unsigned requests, at_once;
	int64_t last_request;
} w;

static int64_t mono(void *ctx)
{
	(void)ctx;
	return w.now;
}

static int start(
	void *ctx, const struct og_kube_request *r, struct og_kube_call **ret, struct og_err *err)
{
	(void)ctx;
	(void)err;
	FUZZ_CHECK(!w.live);
	FUZZ_CHECK(og_utf8_valid(r->query.p, r->query.n));
	for (size_t i = 0; i < r->query.n; i++)
		FUZZ_CHECK(r->query.p[i] > ' ' && r->query.p[i] < 0x7f);
	w.live = true;
	w.r = *r;
	w.requests++;
	w.at_once = w.now == w.last_request ? w.at_once + 1 : 0;
	w.last_request = w.now;
	*ret = (struct og_kube_call *)(void *)&w;
	return 0;
}

static void cancel(void *ctx, struct og_kube_call *c)
{
	(void)ctx;
	FUZZ_CHECK(!c || w.live);
	w.live = false;
}

static void listener(void *ctx, enum og_store_change what, const struct og_record *old,
	const struct og_record *now, bool stale)
{
	(void)ctx;
	(void)stale;
	FUZZ_CHECK((what == OG_STORE_ADDED || what == OG_STORE_UPDATED) == (now != NULL));
	FUZZ_CHECK((what == OG_STORE_DELETED || what == OG_STORE_UPDATED) == (old != NULL));
	w.objects += what == OG_STORE_ADDED ? 1 : what == OG_STORE_DELETED ? -1 : 0;
}

static unsigned index_ns(void *ctx, const struct og_record *r, struct og_sv *keys)
{
	struct og_owner o;
	(void)ctx;
	keys[0] = r->ns;
	keys[1] = og_record_owner(r, &o) ? o.uid : og_sv("", 0);
	keys[2] = og_record_label(r, OG_SV("a"));
	return 3;
}

static void check_store(void)
{
	struct og_record r;
	int n = 0;
	og_auto_arena struct og_arena a;
	og_arena_init(&a, 1024, 0);
	for (uint32_t at = 0; og_store_next(w.store, &at, &r); n++) {
		struct og_record again;
		struct og_meta m;
		FUZZ_CHECK(r.name.n > 0 && og_store_get(w.store, r.ns, r.name, &again));
		FUZZ_CHECK(again.impl_ == r.impl_ && og_record_meta(&r, &a, &m, NULL) == 0);
		FUZZ_CHECK(og_utf8_valid(r.name.p, r.name.n) && og_utf8_valid(r.uid.p, r.uid.n));
	}
	FUZZ_CHECK(n == w.objects && og_store_count(w.store) == (uint32_t)n);
}

static void turn(void)
{
	while (og_loop_turn(w.seam.loop, 0) > 0) {
	}
}

static void until_request(void)
{
	turn();
	for (int i = 0; i < 2000 && !w.live; i++) {
		w.now += 500 * OG_NS_PER_MS;
		turn();
	}
	FUZZ_CHECK(w.live);
}

static void end(uint8_t how)
{
	static const int codes[] = {200, 0, 400, 401, 403, 404, 410, 422, 429, 500, 504, 200};
	static const char *const reasons[] = {"", "Expired", "NotFound", "InternalError"};
	int http = codes[how % 12];
	struct og_kube_answer a = {.http = http,
		.code = how % 12 == 0 ? 0 : -OG_E_IO,
		.status = {.reason = og_svz(reasons[how / 12 % 4]), .retry_after_s = how % 7 - 1},
		.rule = OG_SV("rules: []")};
	if (a.code)
		og_err_set(&a.err, OG_E_IO, "an answer of the fuzzer");
	w.live = false;
	w.r.on_done(w.r.ctx, &a);
	turn();
}

/* how: bits 0..5 the end, 6 chunks of some bytes, 7 time passes before the end */
static void answer(uint8_t how, struct og_sv body)
{
	size_t step = how & 64 ? 7 : body.n + 1;
	if (w.r.on_open)
		w.r.on_open(w.r.ctx);
	for (size_t i = 0; w.live && i < body.n; i += step) {
		size_t n = body.n - i < step ? body.n - i : step;
		int rc = w.r.on_data(w.r.ctx, og_sv(body.p + i, n));
		FUZZ_CHECK(rc <= 0);
		if (rc) {
			struct og_kube_answer a = {
				.http = 200, .code = rc, .status.retry_after_s = -1};
			w.live = false;
			w.r.on_done(w.r.ctx, &a);
			turn();
			return;
		}
	}
	for (int i = 0; how & 128 && i < 10; i++) {
		w.now += 20 * OG_NS_PER_S;
		turn();
	}
	if (w.live)
		end(how & 63);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || size > 30000)
		return 0;
	w = (struct world){.now = 1000 * OG_NS_PER_S};
	struct og_clock clock = {mono, mono, NULL};
	static const char *const prefixes[] = {"otelgate.dev/", NULL};
	struct og_store_opts so = {.name = "x",
		.labels = true,
		.annotation_prefixes = prefixes,
		.index = index_ns,
		.max_bytes = 32 << 10,
		.seed = 1};
	FUZZ_CHECK(og_loop_new(&clock, &w.seam.loop, NULL) == 0);
	w.seam.start = start;
	w.seam.cancel = cancel;
	FUZZ_CHECK(og_store_new(&so, &w.store, NULL) == 0);
	FUZZ_CHECK(og_store_listen(w.store, listener, NULL, NULL) == 0);
	struct og_watch_opts o = {.store = w.store,
		.res = {.version = OG_SV("v1"), .resource = OG_SV("things")},
		.no_watch_list = data[0] & 1,
		.page = 1 + data[0] % 5,
		.seed = 1 + data[0]};
	struct og_watch *watch;
	FUZZ_CHECK(watch_start(&o, &w.seam, &watch, NULL) == 0);
	struct og_sv rest = og_sv((const char *)data + 1, size - 1), part;
	while (og_sv_split(&rest, '\0', &part) && w.requests < 40) {
		until_request();
		FUZZ_CHECK(w.at_once < 30);
		if (part.n)
			answer((uint8_t)part.p[0], og_sv(part.p + 1, part.n - 1));
		check_store();
		struct og_watch_info info;
		og_watch_info(watch, &info);
		FUZZ_CHECK(og_utf8_valid(info.error, strlen(info.error)));
	}
	og_watch_stop(watch);
	FUZZ_CHECK(!w.live);
	og_store_replace_begin(w.store);
	og_store_replace_commit(w.store);
	FUZZ_CHECK(w.objects == 0 && og_store_bytes(w.store) == 0);
	og_store_free(w.store);
	og_loop_free(w.seam.loop);
	return 0;
}
