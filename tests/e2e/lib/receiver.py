# SPDX-License-Identifier: Apache-2.0
"""An OTLP receiver that takes everything and keeps nothing: receiver.py FILE, which gets its port."""
import http.server
import os
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):  # the name is http.server's
        self.rfile.read(int(self.headers.get('Content-Length', '0')))
        known = self.path in ('/v1/metrics', '/v1/traces', '/v1/logs')
        self.send_response(200 if known else 404)
        self.send_header('Content-Type', self.headers.get('Content-Type', 'application/x-protobuf'))
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Receiver)
with open(sys.argv[1] + '.new', 'w', encoding='ascii') as f:
    f.write(str(server.server_port))
os.rename(sys.argv[1] + '.new', sys.argv[1])
server.serve_forever()
