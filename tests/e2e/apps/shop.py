# SPDX-License-Identifier: Apache-2.0
"""A service as people write them: it answers, asks itself, logs and counts; it knows nothing of telemetry but the API.

Started as images do it: opentelemetry-instrument python shop.py. SHOP_REQUESTS_PER_SECOND (default 2; 0: idle)."""
import logging
import os
import signal
import threading
import urllib.request

from flask import Flask
from opentelemetry import metrics
from werkzeug.serving import make_server

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("shop")
orders = metrics.get_meter("shop").create_counter("shop.orders")
app = Flask("shop")
server = make_server("127.0.0.1", 0, app, threaded=True)
over = threading.Event()


@app.get("/order/<int:n>")
def order(n):
    orders.add(1, {"kind": "even" if n % 2 == 0 else "odd"})
    log.info("order %d", n)
    return "ordered\n"


def buy():
    rate = float(os.environ.get("SHOP_REQUESTS_PER_SECOND", "2"))
    n = 0
    while rate and not over.wait(1 / rate):
        n += 1
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/order/{n}", timeout=5).read()
        except OSError as e:
            log.warning("order %d: %s", n, e)


def end(*_):
    over.set()
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, end)
threading.Thread(target=buy, daemon=True).start()
server.serve_forever()
