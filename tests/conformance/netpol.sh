#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# netpol.sh GENERATOR FOLDER [SETS]: our verdicts on random policies against those of
# `cyclonus analyze`, an independent evaluator, fetched and built by its module name.
set -euo pipefail
generator=$1 work=$2 sets=${3:-200}
command -v go >/dev/null || {
	echo 'conformance-netpol: Go is not here, and cyclonus is built with it: https://go.dev/dl/' >&2
	[ -n "${CONFORMANCE_STRICT-}" ] && exit 1
	exit 0
}
mkdir -p "$work"
work=$(cd "$work" && pwd)
[ -x "$work/cyclonus" ] || (cd tests/e2e/tools/cyclonus && GOTOOLCHAIN=local CGO_ENABLED=0 GOWORK=off \
	go build -trimpath -mod=readonly -buildvcs=false -o "$work/cyclonus" github.com/mattfenwick/cyclonus/cmd/cyclonus)
probes=0 failed=0
for ((i = 1; i <= sets; i++)); do
	d=$work/set
	rm -rf "$d"
	mkdir -p "$d/policies"
	"$generator" "$d" "$i" $((i % 7 + 1)) >"$d/ours"
	timeout 60 "$work/cyclonus" analyze --mode query-traffic --all-namespaces=false \
		--policy-path "$d/policies" --traffic-path "$d/traffic.json" >"$d/out" 2>"$d/err"
	sed -n 's/^.*[Ii][Ss] [Aa][Ll][Ll][Oo][Ww][Ee][Dd]?[ |]*\([TtFf][A-Za-z]*\)[ |].*$/\L\1/p' "$d/out" >"$d/theirs"
	probes=$((probes + $(wc -l <"$d/ours")))
	if ! cmp -s "$d/ours" "$d/theirs"; then
		failed=$((failed + 1))
		rm -rf "$work/differs-$i"
		cp -r "$d" "$work/differs-$i"
		echo "conformance-netpol: seed $i differs, see $work/differs-$i" >&2
	fi
done
echo "network policies against cyclonus, $probes probes: $((sets - failed)) passed, $failed failed"
[ "$failed" = 0 ]
