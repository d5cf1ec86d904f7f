#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# report.sh <otelgate> <directory>: the forms of `otelgate audit` under PyPI jsonschema, prometheus-client, PyYAML, html5lib, and
# pydantic-sarif, whose models are made from SARIF's own schema. Skipped without python3, venv or network, unless
# CONFORMANCE_STRICT=1.
set -u
here=$(dirname "$0") binary=$1 venv=$2/report-venv
packages="jsonschema==4.23.0 prometheus-client==0.21.1 PyYAML==6.0.2 pydantic-sarif==0.1.1 html5lib==1.1"
skip() {
	echo "conformance: forms of the audit skipped: $1" >&2
	[ "${CONFORMANCE_STRICT:-0}" != 1 ] || exit 1
	exit 0
}
command -v python3 >/dev/null || skip "no python3"
if [ "$(cat "$venv/ready" 2>/dev/null)" != "$packages" ]; then
	rm -rf "$venv"
	timeout 120 python3 -m venv "$venv" >/dev/null 2>&1 || skip "no python3-venv"
	# shellcheck disable=SC2086 # a list of packages
	timeout 300 "$venv/bin/pip" install -q --disable-pip-version-check $packages >/dev/null 2>&1 ||
		skip "pip cannot install $packages"
	echo "$packages" >"$venv/ready"
fi
exec timeout 300 "$venv/bin/python" "$here/report.py" "$binary" docs/reference/report.schema.json
