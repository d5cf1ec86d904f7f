#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Service of the webhook without kube-proxy: one address, and each new connection goes to one of
the replicas that are ready.

usage: service.py PORTS-FILE ENDPOINTS-FILE [PORT]

PORTS-FILE gets "service=PORT" once it listens on 127.0.0.1. ENDPOINTS-FILE has a line "NAME PORT
OPS-PORT" for each replica and may change at any time: replace it by rename. A replica is asked for
/readyz several times a second and gets no new connection while it is not ready; connections it has
are left alone, as a Service leaves them. A replica that nobody listens at is passed over. Without
any the client's connection is reset. An empty file cuts the connections that stand too: the way to
the webhook is then interrupted.

Standard output: a line for each turn, "SECONDS ready NAMES" or "SECONDS cut".
"""
import asyncio
import os
import random
import socket
import struct
import sys
import time

LOOK_SECONDS = 0.2
PROBE_SECONDS = 1.0
PROBE_FAILURES = 3
CONNECT_SECONDS = 1.0
CHUNK = 65536


class Service:
    def __init__(self, endpoints_file):
        self.file = endpoints_file
        self.stamp = None
        self.endpoints = []  # (name, port, ops port)
        self.ready = []
        self.late = {}  # endpoint: times in a row
        self.links = set()

    @staticmethod
    def say(text):
        print("%.3f %s" % (time.time(), text), flush=True)

    def read_endpoints(self):
        try:
            st = os.stat(self.file)
            stamp = (st.st_ino, st.st_mtime_ns, st.st_size)
            if stamp == self.stamp:
                return
            with open(self.file, encoding="ascii") as f:
                lines = [line.split() for line in f if line.strip()]
            self.endpoints = [(n, int(p), int(o)) for n, p, o in lines]
            self.stamp = stamp
        except (OSError, ValueError):
            self.endpoints = []
        if not self.endpoints and self.links:
            self.say("cut")
            for writer in list(self.links):
                reset(writer)

    @staticmethod
    async def is_ready(ops):
        """None: no answer in time."""
        writer = None
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", ops)
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                line = await reader.readline()
            return b" 200 " in line
        except asyncio.TimeoutError:
            return None
        except OSError:
            return False
        finally:
            if writer:
                writer.close()

    def counts_as_ready(self, endpoint, answer):
        """One that is late is as it was, for as many times as a kubelet is patient."""
        late = self.late.get(endpoint, 0) + 1 if answer is None else 0
        self.late[endpoint] = late
        return endpoint in self.ready and late < PROBE_FAILURES if answer is None else answer

    async def follow(self):
        said = None
        while True:
            self.read_endpoints()
            answers = await asyncio.gather(*(self.is_ready(e[2]) for e in self.endpoints))
            self.ready = [e for e, good in zip(self.endpoints, answers) if self.counts_as_ready(e, good)]
            names = " ".join(sorted(e[0] for e in self.ready))
            if names != said:
                self.say("ready " + names)
                said = names
            await asyncio.sleep(LOOK_SECONDS)

    async def backend(self):
        """A connection to a replica that is ready, in any order."""
        for _, port, _ in random.sample(self.ready, len(self.ready)):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection("127.0.0.1", port)
            except (OSError, asyncio.TimeoutError):
                continue
        return None

    async def client(self, reader, writer):
        self.read_endpoints()
        self.ready = [e for e in self.ready if e in self.endpoints]
        pair = await self.backend()
        if not pair:
            reset(writer)
            return
        self.links |= {writer, pair[1]}
        try:
            await asyncio.gather(pump(reader, pair[1]), pump(pair[0], writer))
        finally:
            for w in (writer, pair[1]):
                self.links.discard(w)
                w.close()


def reset(writer):
    """Ends a connection so that the other side notices at once, whatever is on its way."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()


async def pump(reader, writer):
    """One direction; the end of either side ends both, as the loss of a process does."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        reset(writer)


async def main():
    service = Service(sys.argv[2])
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    server = await asyncio.start_server(service.client, "127.0.0.1", port, backlog=512)
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as f:
        f.write("service=%d\n" % server.sockets[0].getsockname()[1])
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    await service.follow()


if len(sys.argv) not in (3, 4):
    sys.exit(__doc__)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
