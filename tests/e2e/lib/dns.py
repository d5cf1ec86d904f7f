# SPDX-License-Identifier: Apache-2.0
"""Names of Services for the pods of tests/e2e/node: dns.py ADDRESS API-SERVER PKI-FOLDER

Answers NAME.NAMESPACE.svc.cluster.local with the Service's address as the API server says it now; every other
name is not known. RFC 1035 over UDP, one question; IPv4 alone."""
import json
import socket
import ssl
import struct
import sys
import urllib.error
import urllib.request

ADDRESS, SERVER, PKI = sys.argv[1:4]
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
A, IN = 1, 1
tls = ssl.create_default_context(cafile=f'{PKI}/ca.crt')
tls.load_cert_chain(f'{PKI}/admin.crt', f'{PKI}/admin.key')


def question(packet):
    """The labels that are asked for, the type, and where the question ends"""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode('ascii').lower())
        at += 1 + packet[at]
    kind, _ = struct.unpack_from('>HH', packet, at + 1)
    return labels, kind, at + 5


def look_up(labels):
    """A code, and an address if there is one"""
    if len(labels) != 5 or labels[2:] != ['svc', 'cluster', 'local']:
        return NXDOMAIN, None
    try:
        with urllib.request.urlopen(f'{SERVER}/api/v1/namespaces/{labels[1]}/services/{labels[0]}', timeout=3, context=tls) as r:
            return NOERROR, json.load(r)['spec'].get('clusterIP')
    except urllib.error.HTTPError as e:
        return (NXDOMAIN if e.code == 404 else SERVFAIL), None
    except OSError:
        return SERVFAIL, None


def answer(packet):
    labels, kind, end = question(packet)
    code, address = look_up(labels)
    found = code == NOERROR and kind == A and address not in (None, 'None')
    flags = 0x8400 | (packet[2] & 1) << 8 | code  # authoritative; recursion as it was desired
    text = packet[:2] + struct.pack('>HHHHH', flags, 1, int(found), 0, 0) + packet[12:end]
    if found:
        text += struct.pack('>HHHIH', 0xc00c, A, IN, 0, 4) + socket.inet_aton(address)
    return text


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((ADDRESS, 53))
while True:
    request, who = sock.recvfrom(512)
    try:
        sock.sendto(answer(request), who)
    except (IndexError, struct.error, UnicodeDecodeError):
        pass  # no question
