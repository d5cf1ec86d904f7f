# SPDX-License-Identifier: Apache-2.0
"""A service of Python alone, which knows nothing of telemetry at all: it answers, asks itself, and logs."""
import http.server
import logging
import signal
import threading
import urllib.request

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("plain")
over = threading.Event()


class Order(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # the name is http.server's
        log.info("ordered %s", self.path)
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"ordered\n")

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Order)


def buy():
    n = 0
    while not over.wait(0.5):
        n += 1
        urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/order/{n}", timeout=5).read()


def end(*_):
    over.set()
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, end)
threading.Thread(target=buy, daemon=True).start()
server.serve_forever()
