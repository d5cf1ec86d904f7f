#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fetch-npm.sh <directory> <name> <version> <sha256>: unpacks a package of the npm registry, checked
# against the digest, into <directory>/<name>. Exit 77 when it cannot be had here and now.
set -u
dir=$1 name=$2 version=$3 sha=$4
[ -e "$dir/$name/.complete-$version" ] && exit 0
if ! command -v npm >/dev/null 2>&1; then
	echo "conformance: npm is not installed, so $name@$version cannot be fetched" >&2
	exit 77
fi
mkdir -p "$dir/tmp"
work=$(mktemp -d "$dir/tmp/XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
if ! timeout 120 npm pack --silent --pack-destination "$work" "$name@$version" \
	>/dev/null 2>"$work/log"; then
	sed 's/^/conformance: npm: /' "$work/log" | tail -3 >&2
	echo "conformance: $name@$version could not be fetched" >&2
	exit 77
fi
file=$work/${name##*/}-$version.tgz
if ! echo "$sha  $file" | sha256sum --quiet -c - >&2; then
	echo "conformance: $name@$version is not the archive that was expected" >&2
	exit 1
fi
tar xzf "$file" -C "$work" && rm -rf "${dir:?}/$name" && mkdir -p "$dir/$name" &&
	mv "$work/package"/* "$dir/$name/" && touch "$dir/$name/.complete-$version"
