/* SPDX-License-Identifier: Apache-2.0 */
#include "support/jsongen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Same in every run, so that a gate says the same of the same code; "random" looks further. */
uint64_t jsongen_seed_from(const char *name)
{
	enum { FIXED = 20260101 };
	const char *s = getenv(name);
	if (!s || !*s)
		return FIXED;
	if (strcmp(s, "random") != 0)
		return strtoull(s, NULL, 10);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000003 + (uint64_t)ts.tv_nsec * 31 + (uint64_t)getpid();
}

uint64_t jsongen_seed(void)
{
	return jsongen_seed_from("OG_SEED");
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t jsongen_next(struct jsongen *g)
{
	uint64_t z = g->state += 0x9E3779B97F4A7C15ULL;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	return z ^ z >> 31;
}

struct jsongen jsongen_case(uint64_t seed, unsigned n)
{
	struct jsongen g = {.state = seed};
	g.state = jsongen_next(&g) + (uint64_t)n * 0xD1342543DE82EF95ULL;
	return g;
}

unsigned jsongen_below(struct jsongen *g, unsigned n)
{
	return (unsigned)(jsongen_next(g) >> 33) % n;
}

bool jsongen_chance(struct jsongen *g, unsigned percent)
{
	return jsongen_below(g, 100) < percent;
}
#define PICK(g, table) (table)[jsongen_below((g), (unsigned)(sizeof(table) / sizeof((table)[0])))]

static void white_space(struct jsongen *g, struct og_buf *out)
{
	static const char *const ws[] = {" ", "\n", "\t", "\r\n", "    ", "\n                    "};
	while (jsongen_chance(g, 15))
		og_buf_str(out, PICK(g, ws));
}

static void string(struct jsongen *g, struct og_buf *out)
{
	static const char *const parts[] = {"a", "b", "key", "plain text", "\\n", "\\\"", "\\\\",
		"\\/", "\\u0061", "\\u00e9", "\xc3\xa9", "\\u0000", "\xe2\x82\xac", "\\u20AC",
		"\\ud83d\\ude00", "\xf0\x9f\x98\x80", "\x7f", "/", "~", "0123456789abcdef",
		"\\b\\f", "\\r\\t", "\xed\x9f\xbf", "\xee\x80\x80", " "};
	og_buf_ch(out, '"');
	unsigned n = jsongen_chance(g, 5) ? jsongen_below(g, 40) : jsongen_below(g, 4);
	while (n--)
		og_buf_str(out, PICK(g, parts));
	og_buf_ch(out, '"');
}

static void number(struct jsongen *g, struct og_buf *out)
{
	static const char *const forms[] = {"0", "-0", "0.0", "1", "-1", "10", "1.0", "1e1", "1E+2",
		"0.1e-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"123456789012345678901234567890", "1e308", "1e999", "-1e400", "1e-999",
		"3.141592653589793", "0.1", "1.5e300", "0e0", "00", "01", "-", "1.", ".5", "1e",
		"+1"};
	if (jsongen_chance(g, 60))
		og_buf_fmt(out, "%s%u", jsongen_chance(g, 20) ? "-" : "", jsongen_below(g, 2000));
	else /* the malformed ones rarely, or no document were valid */
		og_buf_str(out, forms[jsongen_below(g, jsongen_chance(g, 2) ? 28 : 21)]);
}

static void value(struct jsongen *g, struct og_buf *out, unsigned depth);

static void container(struct jsongen *g, struct og_buf *out, unsigned depth, bool object)
{
	og_buf_ch(out, object ? '{' : '[');
	unsigned n = jsongen_chance(g, 4) ? jsongen_below(g, 90) : jsongen_below(g, 5);
	bool plain_keys = jsongen_chance(g, 70);
	for (unsigned i = 0; i < n && g->budget; i++) {
		if (i)
			og_buf_ch(out, ',');
		white_space(g, out);
		if (object) {
			if (plain_keys && !jsongen_chance(g, 1))
				og_buf_fmt(out, "\"%ckey%u\"", 'a' + (int)jsongen_below(g, 3), i);
			else
				string(g, out);
			white_space(g, out);
			og_buf_ch(out, ':');
		}
		value(g, out, depth + 1);
	}
	white_space(g, out);
	og_buf_ch(out, object ? '}' : ']');
}

static void value(struct jsongen *g, struct og_buf *out, unsigned depth)
{
	static const char *const names[] = {"true", "false", "null"};
	if (g->budget)
		g->budget--;
	white_space(g, out);
	unsigned kind = jsongen_below(g, depth == 0 ? 14 : 10);
	if (kind >= 6 && depth < 40)
		container(g, out, depth, jsongen_chance(g, 60));
	else if (kind >= 3)
		string(g, out);
	else if (kind >= 1)
		number(g, out);
	else
		og_buf_str(out, PICK(g, names));
	white_space(g, out);
}

void jsongen_text(struct jsongen *g, struct og_buf *out)
{
	g->budget = 1 + jsongen_below(g, 200);
	value(g, out, 0);
}

static void insert(struct og_buf *b, size_t at, const char *p, size_t n)
{
	og_auto_buf struct og_buf copy = OG_BUF_INIT(0);
	og_buf_add(&copy, b->p, at);
	og_buf_add(&copy, p, n);
	og_buf_add(&copy, b->p + at, b->len - at);
	og_buf_reset(b);
	og_buf_sv(b, og_buf_view(&copy));
}

static void erase(struct og_buf *b, size_t at, size_t n)
{
	n = n < b->len - at ? n : b->len - at;
	memmove(b->p + at, b->p + at + n, b->len - at - n);
	b->len -= n;
}

void jsongen_damage(struct jsongen *g, struct og_buf *b)
{
	static const char *const tokens[] = {"{", "}", "[", "]", ",", ":", "\"", "\\", "\\u",
		"\\ud800", "0", "-", ".", "e", "null", "tru", "\x01", "\x80", "\xc3",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbb\xbf", " ", "\n", "/", "'", "\x7f",
		"\xff", "\"a\":1,", ",,", "1e999"};
	for (unsigned turns = 1 + jsongen_below(g, 4); turns && b->len; turns--) {
		size_t at = jsongen_below(g, (unsigned)b->len);
		size_t n = 1 + jsongen_below(g, jsongen_chance(g, 80) ? 2 : 40);
		const char *t = PICK(g, tokens);
		switch (jsongen_below(g, 6)) {
		case 0:
			b->p[at] = (char)jsongen_below(g, 256);
			break;
		case 1:
			insert(b, at, t, strlen(t));
			break;
		case 2:
			erase(b, at, n);
			break;
		case 3:
			erase(b, at, b->len);
			break;
		case 4: { /* a part of the text once more, somewhere */
			og_auto_buf struct og_buf part = OG_BUF_INIT(0);
			og_buf_add(&part, b->p + at, n < b->len - at ? n : b->len - at);
			insert(b, jsongen_below(g, (unsigned)b->len), part.p, part.len);
			break;
		}
		default:
			b->p[at] = (char)(b->p[at] ^ (1 << jsongen_below(g, 8)));
			break;
		}
	}
}

static json_t *small_value(struct jsongen *g, unsigned depth)
{
	static const char *const words[] = {"", "a", "b", "x/y", "m~n", "\xc3\xa9", "line\nbreak"};
	unsigned kind = jsongen_below(g, depth < 5 ? 9 : 5);
	if (depth == 0 && kind < 5 && jsongen_chance(g, 90))
		kind = 5 + kind % 4; /* mostly containers */
	if (kind == 0)
		return jsongen_chance(g, 50) ? json_null() : json_boolean((int)jsongen_below(g, 2));
	if (kind <= 2)
		return json_integer((json_int_t)jsongen_below(g, 4));
	if (kind <= 4)
		return json_string(PICK(g, words));
	json_t *j = kind <= 6 ? json_array() : json_object();
	for (unsigned n = jsongen_below(g, 6); n; n--) {
		char key[16];
		snprintf(key, sizeof(key), "%s%u", jsongen_chance(g, 10) ? "~/" : "k",
			jsongen_below(g, 9));
		if (json_is_array(j))
			json_array_append_new(j, small_value(g, depth + 1));
		else
			json_object_set_new(
				j, jsongen_chance(g, 15) ? "name" : key, small_value(g, depth + 1));
	}
	return j;
}

json_t *jsongen_value(struct jsongen *g)
{
	return small_value(g, 0);
}

/* Walks down by chance and changes what it finds there. */
static void edit_once(struct jsongen *g, json_t *j, unsigned depth)
{
	size_t n = json_is_array(j) ? json_array_size(j) : json_object_size(j);
	unsigned pick = n ? jsongen_below(g, (unsigned)n) : 0;
	const char *key = NULL;
	json_t *child = json_is_array(j) ? json_array_get(j, pick) : NULL;
	if (json_is_object(j) && n) {
		void *it = json_object_iter(j);
		while (pick--)
			it = json_object_iter_next(j, it);
		key = json_object_iter_key(it);
		child = json_object_iter_value(it);
	}
	if (child && (json_is_array(child) || json_is_object(child)) && jsongen_chance(g, 70)) {
		edit_once(g, child, depth + 1);
		return;
	}
	unsigned what = jsongen_below(g, 3);
	if (json_is_array(j)) {
		size_t at = n ? jsongen_below(g, (unsigned)n) : 0;
		if (what == 0 || !n)
			json_array_insert_new(j, at, small_value(g, depth + 1));
		else if (what == 1)
			json_array_remove(j, at);
		else
			json_array_set_new(j, at, small_value(g, depth + 1));
	} else if (json_is_object(j)) {
		if (what == 0 || !n)
			json_object_set_new(j,
				PICK(g, ((const char *const[]){"new", "k1", "name", "~"})),
				small_value(g, depth + 1));
		else if (what == 1)
			json_object_del(j, key);
		else
			json_object_set_new(j, key, small_value(g, depth + 1));
	}
}

void jsongen_edit(struct jsongen *g, json_t *doc)
{
	for (unsigned n = 1 + jsongen_below(g, 6); n; n--)
		edit_once(g, doc, 0);
}

static bool same_text(struct og_jval v, const json_t *j)
{
	return og_jstr_eq(v, og_sv(json_string_value(j), json_string_length(j)));
}

static bool same_number(struct og_jval v, const json_t *j)
{
	int64_t n;
	struct og_sv raw = og_jraw(v);
	char text[512];
	if (json_is_integer(j))
		return og_ji64(v, &n) && n == json_integer_value(j);
	if (og_ji64(v, &n) || raw.n >= sizeof(text))
		return false;
	memcpy(text, raw.p, raw.n);
	text[raw.n] = '\0';
	double d = strtod(text, NULL), e = json_real_value(j);
	return memcmp(&d, &e, sizeof(d)) == 0;
}

static bool same_members(struct og_jval v, const json_t *j)
{
	if (og_jcount(v) != json_object_size(j))
		return false;
	void *at = json_object_iter((json_t *)(uintptr_t)j);
	og_jfor (it, v) {
		const char *key = json_object_iter_key(at);
		if (!og_jstr_eq(it.key, og_svz(key)) ||
			!jsongen_same(it.val, json_object_iter_value(at)) ||
			og_jget(v, og_svz(key)).i != it.val.i)
			return false;
		at = json_object_iter_next((json_t *)(uintptr_t)j, at);
	}
	return true;
}

bool jsongen_same(struct og_jval v, const json_t *j)
{
	switch (og_jtype(v)) {
	case OG_J_NULL:
		return json_is_null(j);
	case OG_J_TRUE:
		return json_is_true(j);
	case OG_J_FALSE:
		return json_is_false(j);
	case OG_J_NUMBER:
		return json_is_number(j) && same_number(v, j);
	case OG_J_STRING:
		return json_is_string(j) && same_text(v, j);
	case OG_J_OBJECT:
		return json_is_object(j) && same_members(v, j);
	case OG_J_ARRAY:
		if (!json_is_array(j) || og_jcount(v) != json_array_size(j))
			return false;
		og_jfor (it, v)
			if (!jsongen_same(it.val, json_array_get(j, it.index)))
				return false;
		return true;
	case OG_J_ABSENT:
		break;
	}
	return false;
}
