#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# k8s-validate.sh <otelgate> <directory>: injected examples under PyPI kubernetes-validate. Without
# python3, venv or network it is skipped, unless CONFORMANCE_STRICT=1.
set -u
here=$(dirname "$0") binary=$1 venv=$2/k8s-venv
package=kubernetes-validate==1.37.0
skip() {
	echo "conformance: kubernetes-validate skipped: $1" >&2
	[ "${CONFORMANCE_STRICT:-0}" != 1 ] || exit 1
	exit 0
}
command -v python3 >/dev/null || skip "no python3"
if [ ! -f "$venv/ready" ]; then
	rm -rf "$venv"
	timeout 120 python3 -m venv "$venv" >/dev/null 2>&1 || skip "no python3-venv"
	timeout 300 "$venv/bin/pip" install -q --disable-pip-version-check "$package" \
		>/dev/null 2>&1 || skip "pip cannot install $package"
	touch "$venv/ready"
fi
exec timeout 600 "$venv/bin/python" "$here/k8s-validate.py" "$binary" 200 \
	tests/golden/config-std.yaml tests/golden/config-full.yaml tests/golden/config-tls.yaml \
	-- tests/golden/inject/*/in.yaml examples/*/manifests/*.yaml
