/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies without end, bombs and other answers that no backend gives. */
#include "client_rig.h"

static void endless_chunks(struct ss_conn *c, void *ctx)
{
	char chunk[8192 + 32];
	(void)ctx;
	if (!ss_read(c))
		return;
	int n = snprintf(chunk, sizeof(chunk), "2000\r\n%-8192s\r\n", "[");
	if (!ss_send(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
		return;
	while (ss_send_n(c, chunk, (size_t)n))
		;
}

static void hundred_megabytes(struct ss_conn *c, void *ctx)
{
	static const char piece[65536];
	(void)ctx;
	if (!ss_read(c) || !ss_send(c, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"))
		return;
	for (int i = 0; i < 1600; i++) {
		if (!ss_send_n(c, piece, sizeof(piece)))
			return;
	}
}

static void endless_error(struct ss_conn *c, void *ctx)
{
	static const char piece[4096] = "error ";
	(void)ctx;
	if (!ss_read(c) || !ss_send(c, "HTTP/1.1 400 Bad\r\nContent-Length: 104857600\r\n\r\n"))
		return;
	while (ss_send_n(c, piece, sizeof(piece)))
		;
}

/* Sanitizers keep what is freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static long peak_kib(void)
{
	struct rusage u;
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

START_TEST(large_bodies_are_bounded)
{
	static ss_fn *const fns[] = {endless_chunks, hundred_megabytes};
	long before = peak_kib();
	serve_fn(fns[_i]);
	(void)ask(OG_GF_PROM_ARRIVAL);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_BACKEND_ERROR);
	ck_assert_int_eq(t.got[0].why, OG_GF_WHY_TOO_LARGE);
	ck_assert(t.got[0].too_large);
	ck_assert_uint_le(t.got[0].body_bytes, 32 << 20);
	/* the limit, doubled by growing, and what libraries take */
	if (!SANITIZED)
		ck_assert_int_le(peak_kib() - before, 112 << 10);
}
END_TEST

START_TEST(the_caller_may_ask_for_less)
{
	serve_fn(endless_chunks);
	struct og_gf_ask_opts o = {.max_bytes = 100000};
	(void)ask_with(OG_GF_PROM_ARRIVAL, &o);
	wait_for(1);
	ck_assert(t.got[0].too_large);
	ck_assert_uint_le(t.got[0].body_bytes, 100000);
}
END_TEST

START_TEST(an_endless_error_is_read_in_part)
{
	serve_fn(endless_error);
	(void)ask(OG_GF_PROM_ARRIVAL);
	wait_for(1);
	ck_assert_int_eq(t.got[0].state, OG_GF_QUERY_ERROR);
	ck_assert_int_eq(t.got[0].http, 400);
	ck_assert_uint_le(t.got[0].body_bytes, 256 << 10);
	ck_assert_ptr_nonnull(strstr(t.got[0].message, "error"));
}
END_TEST

/* 64 MiB of zeros, 64 KiB on the wire: gzip -9 made in memory by the test's own stored repetition
 * would need a library; deflate blocks are written by hand instead: one fixed-Huffman block that
 * repeats a zero byte with matches of length 258. */
struct bits {
	struct og_buf *out;
	unsigned acc, n;
};
static void put_bits(struct bits *b, unsigned v, unsigned n)
{
	b->acc |= v << b->n;
	b->n += n;
	while (b->n >= 8) {
		og_buf_ch(b->out, (char)(b->acc & 255));
		b->acc >>= 8;
		b->n -= 8;
	}
}

static struct og_buf bomb;

static void make_bomb(unsigned matches)
{
	struct bits b = {.out = &bomb};
	og_buf_init(&bomb, 0);
	og_buf_add(&bomb, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	put_bits(&b, 3, 3);    /* last block, fixed codes */
	put_bits(&b, 0x0c, 8); /* literal 0: code 00110000, most significant bit first */
	for (unsigned i = 0; i < matches; i++) {
		put_bits(&b, 0xa3, 8); /* length 258 is symbol 285: 11000101 */
		put_bits(&b, 0, 5);    /* distance 1 */
	}
	put_bits(&b, 0, 7); /* end of block */
	put_bits(&b, 0, 7);
	og_buf_add(&bomb, "\0\0\0\0\0\0\0\0", 8); /* never reached */
}

static void gzip_bomb(struct ss_conn *c, void *ctx)
{
	char head[160];
	(void)ctx;
	(void)snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		bomb.len);
	if (ss_read(c) && ss_send(c, head))
		(void)ss_send_n(c, bomb.p, bomb.len);
	ss_hang(c);
}

START_TEST(a_gzip_bomb)
{
	make_bomb(2000000); /* 516 MB */
	long before = peak_kib();
	serve_fn(gzip_bomb);
	(void)ask(OG_GF_PROM_ARRIVAL);
	wait_for(1);
	ck_assert_msg(t.got[0].too_large, "%s", t.got[0].message);
	ck_assert_uint_le(t.got[0].body_bytes, 32 << 20);
	ck_assert_uint_lt(t.got[0].wire_bytes, 4 << 20);
	if (!SANITIZED)
		ck_assert_int_le(peak_kib() - before, 112 << 10);
	og_buf_fini(&bomb);
}
END_TEST

static const struct {
	const char *answer;
	enum og_gf_state state;
	enum og_gf_why why;
} odd[] = {
	{"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" CLOSED "<html>" TOKEN, OG_GF_WRONG_PATH,
		OG_GF_WHY_WEB_PAGE},
	{"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n" CLOSED "\x08\x01" TOKEN,
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE},
	{"HTTP/1.1 200 OK\r\n" CLOSED, OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE},
	{"HTTP/1.1 401 No\r\n" CLOSED "Authorization: Basic " BASIC " is wrong, " TOKEN,
		OG_GF_AUTH_FAILED, OG_GF_WHY_CREDENTIALS},
	{"HTTP/1.1 400 No\r\n" CLOSED "{\"error\":\"" TOKEN "\"}", OG_GF_QUERY_ERROR,
		OG_GF_WHY_QUERY},
	{"HTTP/1.1 308 No\r\nLocation: https://" TOKEN "@x.example/\r\n" CLOSED, OG_GF_WRONG_PATH,
		OG_GF_WHY_REDIRECT},
	{"SSH-2.0-OpenSSH_9\r\n", OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE},
	{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" CLOSED "not gzip " TOKEN,
		OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE},
	{"HTTP/1.1 700 What\r\n" CLOSED, OG_GF_BACKEND_ERROR, OG_GF_WHY_SHAPE},
};

START_TEST(odd_answers)
{
	static struct ss_step steps[2];
	steps[0] = (struct ss_step){odd[_i].answer, 0, SS_CLOSE};
	serve(steps);
	(void)ask(OG_GF_PROM_ARRIVAL); /* on_answer looks for the token */
	wait_for(1);
	ck_assert_msg(t.got[0].state == odd[_i].state && t.got[0].why == odd[_i].why, "%s %s: %s",
		og_gf_state_name(t.got[0].state), og_gf_why_name(t.got[0].why), t.got[0].message);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("grafana/client_bodies");
	TCase *tc = tcase_create("client_bodies");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, large_bodies_are_bounded, 0, 2);
	tcase_add_test(tc, the_caller_may_ask_for_less);
	tcase_add_test(tc, an_endless_error_is_read_in_part);
	tcase_add_test(tc, a_gzip_bomb);
	tcase_add_loop_test(tc, odd_answers, 0, (int)OG_COUNT(odd));
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
