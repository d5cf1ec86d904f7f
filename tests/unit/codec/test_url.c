/* SPDX-License-Identifier: Apache-2.0 */
/* URLs and host:port: what is read, and refusals with their exact words. */
#include "otelgate/base/mem.h"
#include "otelgate/codec/url.h"
#include "support/suite.h"

static const struct {
	const char *text, *msg;
} bad_urls[] = {
	{"", "byte 1: the URL is empty"},
	{"grafana.net", "byte 1: no scheme (write http:// or https:// before it)"},
	{"http:/x", "byte 1: no scheme (write http:// or https:// before it)"},
	{"http:x", "byte 1: no scheme (write http:// or https:// before it)"},
	{"ftp://host/x", "byte 1: a scheme other than http and https"},
	{"//host/x", "byte 1: no scheme (write http:// or https:// before it)"},
	{"http://", "byte 8: the host is missing"},
	{"http:///path", "byte 8: the host is missing"},
	{"http://:4318", "byte 8: the host is missing"},
	{"https://user:pw@host/",
		"byte 9: a user name or password in the address (credentials belong in a Secret)"},
	{"https://token@host",
		"byte 9: a user name or password in the address (credentials belong in a Secret)"},
	{"http://host:", "byte 13: the port is missing behind \":\""},
	{"http://host:0", "byte 13: a port is a number from 1 to 65535"},
	{"http://host:65536", "byte 13: a port is a number from 1 to 65535"},
	{"http://host:99999999999", "byte 13: a port is a number from 1 to 65535"},
	{"http://host:43x8", "byte 15: a port is a number from 1 to 65535"},
	{"http://host:-1", "byte 13: a port is a number from 1 to 65535"},
	{"http://a..b", "byte 10: an empty part in the host name"},
	{"http://.a", "byte 8: an empty part in the host name"},
	{"http://-a.b", "byte 8: a part of the host name starts or ends with \"-\""},
	{"http://a-.b", "byte 8: a part of the host name starts or ends with \"-\""},
	{"http://a b/", "byte 9: a character that no host name has"},
	{"http://a/b c", "byte 11: a space (write it as %20)"},
	{"http://a/%zz",
		"byte 10: \"%\" without two hex digits behind it (write a percent sign as %25)"},
	{"http://a/%4",
		"byte 10: \"%\" without two hex digits behind it (write a percent sign as %25)"},
	{"http://a/\303\251", "byte 10: a character that has to be percent-encoded"},
	{"http://\303\251.fr", "byte 8: a host name is ASCII (write the xn-- form of the name)"},
	{"http://1.2.3", "byte 8: not a valid IPv4 address (four numbers from 0 to 255)"},
	{"http://1.2.3.256", "byte 8: not a valid IPv4 address (four numbers from 0 to 255)"},
	{"http://01.2.3.4", "byte 8: not a valid IPv4 address (four numbers from 0 to 255)"},
	{"http://1.2.3.4.5", "byte 8: not a valid IPv4 address (four numbers from 0 to 255)"},
	{"http://[::1", "byte 8: the closing \"]\" of the IPv6 address is missing"},
	{"http://[::1]x", "byte 13: only \":\" and a port can follow \"]\""},
	{"http://[::1]:x", "byte 14: a port is a number from 1 to 65535"},
	{"http://[1:2]", "byte 9: not a valid IPv6 address"},
	{"http://[::g]", "byte 9: not a valid IPv6 address"},
	{"http://[1::2::3]", "byte 9: not a valid IPv6 address"},
	{"http://[fe80::1%eth0]", "byte 9: an IPv6 address with a zone works on one machine only"},
	{"http://::1:80", "byte 8: an IPv6 address stands in brackets: [::1]"},
	{"http://a/?q=<x>", "byte 13: a character that has to be percent-encoded"},
	{"http://a/#\"x\"", "byte 11: a character that has to be percent-encoded"},
	{"http://a/\\b", "byte 10: a character that has to be percent-encoded"},
	{"http://a,b/", "byte 9: a character that no host name has"},
	{"http://a_b/{x}", "byte 12: a character that has to be percent-encoded"},
	{"http://a/^", "byte 10: a character that has to be percent-encoded"},
	{"http://$(HOST_IP):4318", "byte 8: a character that no host name has"},
	{"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/",
		"byte 8: a part of the host name has more than 63 characters"},
};

START_TEST(bad_url)
{
	struct og_url u;
	struct og_err err = OG_ERR_INIT;
	int rc = og_url_parse(og_svz(bad_urls[_i].text), &u, &err);
	ck_assert_str_eq(err.msg, bad_urls[_i].msg);
	ck_assert_int_eq(rc, -(int)err.code);
	ck_assert_int_eq(og_url_parse(og_svz(bad_urls[_i].text), &u, NULL), rc);
}
END_TEST

static const struct {
	const char *text, *msg;
} bad_hostports[] = {
	{"host", "byte 5: the port is missing (host:port)"},
	{"", "byte 1: the host is missing"},
	{"host:", "byte 6: the port is missing behind \":\""},
	{"http://h:1", "byte 1: only host:port is wanted here, without a scheme"},
	{"h:1/x", "byte 4: only host:port is wanted here, without a path"},
	{"[::1]", "byte 6: the port is missing (host:port)"},
	{"u@h:1",
		"byte 1: a user name or password in the address (credentials belong in a Secret)"},
	{":4317", "byte 1: the host is missing"},
	{"h:x", "byte 3: a port is a number from 1 to 65535"},
	{"a b:1", "byte 2: a character that no host name has"},
	{"::1:4317", "byte 1: an IPv6 address stands in brackets: [::1]"},
	{"h:1:2", "byte 1: an IPv6 address stands in brackets: [::1]"},
};

START_TEST(bad_hostport)
{
	struct og_url u;
	struct og_err err = OG_ERR_INIT;
	int rc = og_url_parse_hostport(og_svz(bad_hostports[_i].text), 0, &u, &err);
	ck_assert_str_eq(err.msg, bad_hostports[_i].msg);
	ck_assert_int_eq(rc, -OG_E_PARSE);
}
END_TEST

static const struct {
	const char *text, *host;
	enum og_url_host kind;
	uint16_t port;
	bool https, port_written;
	const char *path, *query, *fragment; /* NULL = absent */
	const char *hostport;
} good[] = {
	{"http://a", "a", OG_URL_NAME, 80, false, false, "", NULL, NULL, "a:80"},
	{"https://otlp-gateway-prod-eu-west-2.grafana.net/otlp",
		"otlp-gateway-prod-eu-west-2.grafana.net", OG_URL_NAME, 443, true, false, "/otlp",
		NULL, NULL, "otlp-gateway-prod-eu-west-2.grafana.net:443"},
	{"HTTPS://A.b:4318/", "A.b", OG_URL_NAME, 4318, true, true, "/", NULL, NULL, "A.b:4318"},
	{"http://10.0.0.255:1", "10.0.0.255", OG_URL_IPV4, 1, false, true, "", NULL, NULL,
		"10.0.0.255:1"},
	{"http://[::1]:65535/x", "::1", OG_URL_IPV6, 65535, false, true, "/x", NULL, NULL,
		"[::1]:65535"},
	{"http://[2001:db8::1]", "2001:db8::1", OG_URL_IPV6, 80, false, false, "", NULL, NULL,
		"[2001:db8::1]:80"},
	{"http://[::ffff:1.2.3.4]", "::ffff:1.2.3.4", OG_URL_IPV6, 80, false, false, "", NULL, NULL,
		"[::ffff:1.2.3.4]:80"},
	{"http://[1:2:3:4:5:6:7:8]", "1:2:3:4:5:6:7:8", OG_URL_IPV6, 80, false, false, "", NULL,
		NULL, "[1:2:3:4:5:6:7:8]:80"},
	{"http://[::]", "::", OG_URL_IPV6, 80, false, false, "", NULL, NULL, "[::]:80"},
	{"http://alloy.monitoring.svc.cluster.local.:4318", "alloy.monitoring.svc.cluster.local.",
		OG_URL_NAME, 4318, false, true, "", NULL, NULL,
		"alloy.monitoring.svc.cluster.local.:4318"},
	{"http://a_b?q#f", "a_b", OG_URL_NAME, 80, false, false, "", "q", "f", "a_b:80"},
	{"http://a/p%20q;x=1,2/@:!$&'()*+~?a=b?/c#?/", "a", OG_URL_NAME, 80, false, false,
		"/p%20q;x=1,2/@:!$&'()*+~", "a=b?/c", "?/", "a:80"},
	{"http://a/?#", "a", OG_URL_NAME, 80, false, false, "/", "", "", "a:80"},
	{"http://1.2.3.4.example/", "1.2.3.4.example", OG_URL_NAME, 80, false, false, "/", NULL,
		NULL, "1.2.3.4.example:80"},
};

START_TEST(good_url)
{
	struct og_url u;
	struct og_err err = OG_ERR_INIT;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert_msg(!og_url_parse(og_svz(good[_i].text), &u, &err), "%s", err.msg);
	ck_assert(og_sv_eq(u.host, og_svz(good[_i].host)));
	ck_assert_int_eq(u.host_kind, good[_i].kind);
	ck_assert_uint_eq(u.port, good[_i].port);
	ck_assert(u.https == good[_i].https && u.port_written == good[_i].port_written);
	ck_assert(og_sv_eq(u.path, og_svz(good[_i].path)));
	ck_assert(u.has_query == (good[_i].query != NULL));
	ck_assert(og_sv_eq(u.query, og_svz(good[_i].query)));
	ck_assert(u.has_fragment == (good[_i].fragment != NULL));
	ck_assert(og_sv_eq(u.fragment, og_svz(good[_i].fragment)));
	og_url_put_hostport(&b, &u);
	ck_assert_str_eq(b.p, good[_i].hostport);
}
END_TEST

START_TEST(good_hostport)
{
	struct og_url u;
	ck_assert(!og_url_parse_hostport(OG_SV("alloy.monitoring:4317"), 0, &u, NULL));
	ck_assert(og_sv_is(u.host, "alloy.monitoring") && u.port == 4317 && u.port_written);
	ck_assert(!og_url_parse_hostport(OG_SV("[::1]"), 4317, &u, NULL));
	ck_assert(og_sv_is(u.host, "::1") && u.port == 4317 && !u.port_written);
	ck_assert_int_eq(u.host_kind, OG_URL_IPV6);
	ck_assert(u.path.n == 0 && !u.has_query && !u.has_fragment);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	struct og_url u;
	static char large[OG_URL_BYTES + 1];
	memset(large, 'a', sizeof(large));
	memcpy(large, "http://a/", 9);
	ck_assert_int_eq(og_url_parse(og_sv(large, sizeof(large)), &u, NULL), -OG_E_LIMIT);
	ck_assert_int_eq(og_url_parse(og_sv(large, sizeof(large) - 1), &u, NULL), 0);
	ck_assert_int_eq(og_url_parse(OG_SV("http://a\0b/"), &u, NULL), -OG_E_PARSE);
	ck_assert_int_eq(og_url_parse(OG_SV("http://a/\0"), &u, NULL), -OG_E_PARSE);
	ck_assert_int_eq(og_url_parse((struct og_sv){NULL, 0}, &u, NULL), -OG_E_PARSE);
	ck_assert_int_eq(og_url_parse_hostport((struct og_sv){NULL, 0}, 1, &u, NULL), -OG_E_PARSE);
	/* A name of 253 characters is the longest one. */
	char name[7 + 260] = "http://";
	for (size_t i = 0; i < 254; i++)
		name[7 + i] = i % 4 == 3 ? '.' : 'a';
	ck_assert_int_eq(og_url_parse(og_sv(name, 7 + 253), &u, NULL), 0);
	name[7 + 251] = 'a';
	ck_assert_int_eq(og_url_parse(og_sv(name, 7 + 254), &u, NULL), -OG_E_PARSE);
}
END_TEST

static const struct {
	const char *text;
	bool is;
} loopbacks[] = {
	{"http://localhost", true},
	{"http://LocalHost:4318/v1", true},
	{"http://127.0.0.1", true},
	{"http://127.255.255.254:1", true},
	{"http://[::1]:4318", true},
	{"http://[0:0:0:0:0:0:0:1]", true},
	{"http://[0::0001]", true},
	{"http://[::0.0.0.1]", true},
	{"http://localhost.example", false},
	{"http://notlocalhost", false},
	{"http://127.0.0.1.example", false},
	{"http://127.example", false},
	{"http://128.0.0.1", false},
	{"http://0.0.0.0", false},
	{"http://10.127.0.1", false},
	{"http://[::]", false},
	{"http://[1::]", false},
	{"http://[1::1]", false},
	{"http://[::1:0]", false},
	{"http://[::11]", false},
	{"http://[::ffff:127.0.0.1]", false}, /* connects, but nobody writes it by accident */
	{"http://[fe80::1]", false},
};

START_TEST(which_hosts_are_this_machine)
{
	struct og_url u;
	ck_assert_int_eq(og_url_parse(og_svz(loopbacks[_i].text), &u, NULL), 0);
	ck_assert_msg(og_url_is_loopback(&u) == loopbacks[_i].is, "%s", loopbacks[_i].text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec/url");
	TCase *tc = tcase_create("url");
	tcase_add_loop_test(tc, bad_url, 0, (int)OG_COUNT(bad_urls));
	tcase_add_loop_test(tc, bad_hostport, 0, (int)OG_COUNT(bad_hostports));
	tcase_add_loop_test(tc, good_url, 0, (int)OG_COUNT(good));
	tcase_add_test(tc, good_hostport);
	tcase_add_test(tc, bytes_that_are_no_text);
	tcase_add_loop_test(tc, which_hosts_are_this_machine, 0, (int)OG_COUNT(loopbacks));
	suite_add_tcase(s, tc);
	return og_suite_run(s);
}
