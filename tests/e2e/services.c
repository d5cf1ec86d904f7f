/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays kube-proxy for the API server: services SOCKET MAP. The API server's egress selector sends
 * what goes to cluster addresses through HTTP CONNECT on a socket of the file system; each line of
 * MAP, "10.0.0.7:443 40001 40002", says at which ports of 127.0.0.1 the endpoints of that address
 * are. They are taken in turn; one that does not answer is an error, as in life. MAP is read again
 * for each connection. Serves until SIGTERM.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "otelgate/base/fs.h"
#include "otelgate/base/parse.h"
#include "otelgate/base/signals.h"

enum { HEAD_BYTES = 4096, CHUNK_BYTES = 16384, MAP_BYTES = 65536 };
static const char *map_path;
static atomic_uint turn;

/* The port of the endpoint whose turn it is; 0 when the address is nobody's. */
static uint16_t endpoint_of(struct og_sv address)
{
	og_auto_buf struct og_buf map = OG_BUF_INIT(MAP_BYTES);
	uint16_t ports[16];
	unsigned n = 0;
	struct og_sv rest, line;

	if (og_fs_read(map_path, MAP_BYTES, &map, NULL))
		return 0;
	for (rest = og_buf_view(&map); og_sv_split(&rest, '\n', &line);) {
		struct og_sv word;
		if (!og_sv_split(&line, ' ', &word) || !og_sv_eq(word, address))
			continue;
		while (n < 16 && og_sv_split(&line, ' ', &word)) {
			uint64_t port;
			if (!og_parse_u64(word, 1, 65535, &port, NULL))
				ports[n++] = (uint16_t)port;
		}
	}
	return n ? ports[atomic_fetch_add(&turn, 1) % n] : 0;
}

static int dial(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* One direction; false at its end. */
static bool pass(int from, int to)
{
	char buf[CHUNK_BYTES];
	ssize_t n = read(from, buf, sizeof(buf)), done = 0;

	while (n > 0 && done < n) {
		ssize_t w = send(to, buf + done, (size_t)(n - done), MSG_NOSIGNAL);
		if (w <= 0)
			return false;
		done += w;
	}
	return n > 0;
}

static void relay(int a, int b)
{
	struct pollfd p[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};

	while (poll(p, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (p[i].revents && !pass(p[i].fd, p[!i].fd))
				return;
}

/* Reads up to the empty line; nothing follows it before the answer. */
static bool read_head(int fd, char *head)
{
	size_t n = 0;

	while (n < HEAD_BYTES - 1) {
		ssize_t r = read(fd, head + n, HEAD_BYTES - 1 - n);
		if (r <= 0)
			return false;
		n += (size_t)r;
		head[n] = '\0';
		if (strstr(head, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void *serve(void *arg)
{
	static const char yes[] = "HTTP/1.1 200 OK\r\n\r\n";
	static const char no[] = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
	int fd = (int)(intptr_t)arg, to = -1;
	char head[HEAD_BYTES];

	if (read_head(fd, head) && strncmp(head, "CONNECT ", 8) == 0) {
		uint16_t port = endpoint_of(og_sv(head + 8, strcspn(head + 8, " ")));
		to = port ? dial(port) : -1;
		(void)send(fd, to < 0 ? no : yes, strlen(to < 0 ? no : yes), MSG_NOSIGNAL);
	}
	if (to >= 0) {
		relay(fd, to);
		(void)close(to);
	}
	(void)close(fd);
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(at.sun_path)) {
		(void)fputs("services: the path of the socket is too long\n", stderr);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 128)) {
		perror("services");
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct og_signals signals = OG_SIGNALS_INIT;
	int fd;

	if (argc != 3) {
		(void)fputs("usage: services SOCKET MAP\n", stderr);
		return 2;
	}
	map_path = argv[2];
	if (og_signals_open(&signals, NULL) || (fd = listen_at(argv[1])) < 0)
		return 1;
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = signals.fd, .events = POLLIN}};
	while (poll(p, 2, -1) > 0 && !p[1].revents) {
		pthread_t t;
		int c = p[0].revents ? accept4(fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (c < 0)
			continue;
		if (pthread_create(&t, NULL, serve, (void *)(intptr_t)c))
			(void)close(c);
		else
			(void)pthread_detach(t);
	}
	(void)unlink(argv[1]);
	return 0;
}
