#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh <build dir> <harness> <seconds>: one fuzzer for a time, from a copy of its corpus.
set -u
build=$1 name=$2 seconds=$3
run=$build/run/$name log=$build/$name.log
mkdir -p "$run" "$build/found"
if ! ls "tests/fuzz/corpus/$name/"* >/dev/null 2>&1; then
	echo "fuzz_$name: no inputs in tests/fuzz/corpus/$name" >&2
	exit 1
fi
cp -n "tests/fuzz/corpus/$name/"* "$run/"
dict=()
[ -f "tests/fuzz/$name.dict" ] && dict=("-dict=tests/fuzz/$name.dict")
timeout $((seconds + 120)) "$build/bin/fuzz_$name" -max_total_time="$seconds" -timeout=20 \
	-rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$build/found/$name-" \
	"${dict[@]}" "$run" >"$log" 2>&1
rc=$?
if [ $rc -ne 0 ]; then
	tail -40 "$log" >&2
	echo "fuzz_$name: FAILED (exit $rc); the input is in $build/found, the log is $log" >&2
	exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "${runs:-0}" -eq 0 ]; then
	echo "fuzz_$name: nothing was executed, see $log" >&2
	exit 1
fi
echo "fuzz_$name: $runs runs in $seconds s, nothing found, $(ls "$run" | wc -l) inputs"
