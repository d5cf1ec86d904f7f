# SPDX-License-Identifier: Apache-2.0
"""An OTLP/HTTP receiver with credentials that remembers who sent what: sink.py ADDRESS PORT FOLDER

FOLDER/good holds the values of Authorization that are let in; nothing is asked for when there is no such file.
FOLDER/seen gets a line of JSON for each resource of each request: signal, path, status, auth (good, other or
none), peer, agent, resource, names (of metrics and spans, bodies of log records). Never a credential."""
import gzip
import http.server
import json
import os
import sys
import threading

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ADDRESS, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), sys.argv[3]
SIGNALS = {
    'metrics': (ExportMetricsServiceRequest, 'resource_metrics', 'scope_metrics', 'metrics', lambda m: m.name),
    'traces': (ExportTraceServiceRequest, 'resource_spans', 'scope_spans', 'spans', lambda s: s.name),
    'logs': (ExportLogsServiceRequest, 'resource_logs', 'scope_logs', 'log_records', lambda r: r.body.string_value),
}
lock = threading.Lock()


def rows(signal, body):
    """(attributes of the resource, names) of each resource"""
    message, resources, scopes, items, name = SIGNALS[signal]
    request = message()
    request.ParseFromString(body)
    for r in getattr(request, resources):
        attributes = {a.key: a.value.string_value or a.value.int_value for a in r.resource.attributes}
        yield attributes, sorted({name(i) for s in getattr(r, scopes) for i in getattr(s, items)})


def judge(value):
    if not value:
        return 'none'
    try:
        with open(os.path.join(FOLDER, 'good'), encoding='ascii') as f:
            return 'good' if value in f.read().splitlines() else 'other'
    except FileNotFoundError:
        return 'other'


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):  # the name is http.server's
        body = self.rfile.read(int(self.headers.get('Content-Length', '0')))
        signal = self.path.rsplit('/', 1)[-1]
        auth = judge(self.headers.get('Authorization'))
        asked = os.path.exists(os.path.join(FOLDER, 'good'))
        status = 404 if signal not in SIGNALS else 401 if asked and auth != 'good' else 200
        if status != 404:
            if self.headers.get('Content-Encoding') == 'gzip':
                body = gzip.decompress(body)
            self.remember(signal, status, auth, body)
        self.send_response(status)
        self.send_header('Content-Type', 'application/x-protobuf')
        self.send_header('Content-Length', '0')
        self.end_headers()

    def remember(self, signal, status, auth, body):
        with lock, open(os.path.join(FOLDER, 'seen'), 'a', encoding='utf-8') as f:
            for resource, names in rows(signal, body):
                f.write(json.dumps({'signal': signal, 'path': self.path, 'status': status, 'auth': auth,
                                    'peer': self.client_address[0], 'agent': self.headers.get('User-Agent'),
                                    'resource': resource, 'names': names}) + '\n')

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer((ADDRESS, PORT), Sink).serve_forever()
