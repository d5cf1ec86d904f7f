#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# otlp.sh <emitter> <directory>: the encoder against the classes of PyPI's opentelemetry-proto. Without
# python3, pip or network it is skipped, unless CONFORMANCE_STRICT=1.
set -u
here=$(dirname "$0") emitter=$1 dir=$2
skip() {
	[ "${CONFORMANCE_STRICT:-0}" != 1 ] || exit 1
	echo "conformance: OTLP skipped ($1)"
	exit 0
}
if [ ! -x "$dir/otlp-venv/bin/python" ]; then
	python3 -m venv "$dir/otlp-venv" >/dev/null 2>&1 || skip "no python3 with venv"
fi
"$dir/otlp-venv/bin/pip" install -q --disable-pip-version-check 'opentelemetry-proto==1.45.2' \
	>/dev/null 2>&1 || skip "opentelemetry-proto cannot be installed"
timeout 120 "$dir/otlp-venv/bin/python" "$here/otlp.py" "$emitter"
