# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What otelgate needs from the system, and how to get it. To be read with `.` by scripts.
#
#   og_deps GROUP...     makes sure that the groups are there: installs what is missing with apt-get
#                        when it may (root, or sudo without a password), else says how and exits 3
#   og_deps_have GROUP   true when nothing of the group is missing
#   og_jobs              number of processors
#   og_say TEXT          progress
#
# Groups: build (make, compiler, libraries), test (Check, patch; curl, jq and openssl for scenarios, Python for the documentation), demo (openssl, curl and jq commands),
# e2e (what tests/e2e needs beside Go), backends (for its real backends too), node (for a real node), browser (the HTML report looked at in one), lint and coverage (analysers; never needed to build).

og_say() {
	printf '==> %s\n' "$*"
}

og_jobs() {
	nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

# What is looked for: a command, any of some commands (with '|' between), or a pkg-config module (with ':' before it).
og_deps_probes() {
	case $1 in
	build) echo 'bash make gcc ar nm pkg-config :jansson>=2.13 :yaml-0.1>=0.2 :libssl>=3.0 :libcrypto>=3.0 :libmicrohttpd>=0.9.75 :libcurl>=7.88' ;;
	test) echo ':check>=0.15 :zlib>=1.2 patch curl jq openssl setsid python3 py:yaml' ;;
	demo) echo 'openssl curl jq :zlib>=1.2' ;;
	e2e) echo 'openssl curl jq setsid flock' ;;
	backends) echo 'nginx python3 node npm' ;;
	node) echo 'containerd ctr runc busybox iptables ip unshare setpriv nsenter /usr/lib/cni/ptp|/usr/libexec/cni/ptp python3' ;;
	browser) echo 'python3 chromium|chromium-browser|google-chrome-stable|google-chrome' ;;
	lint) echo 'clang clang-format clang-tidy cppcheck shellcheck codespell' ;;
	coverage) echo 'gcovr' ;;
	valgrind) echo 'valgrind' ;;
	*) echo "og_deps: unknown group $1" >&2; exit 2 ;;
	esac
}

# og_deps_packages SYSTEM GROUP
og_deps_packages() {
	case $1-$2 in
	debian-build) echo 'bash make gcc libc6-dev binutils pkg-config libjansson-dev libyaml-dev libssl-dev libmicrohttpd-dev libcurl4-openssl-dev' ;;
	fedora-build) echo 'bash make gcc binutils pkgconf-pkg-config jansson-devel libyaml-devel openssl-devel libmicrohttpd-devel libcurl-devel diffutils findutils gawk' ;;
	alpine-build) echo 'bash make gcc musl-dev binutils pkgconf jansson-dev yaml-dev openssl-dev libmicrohttpd-dev curl-dev linux-headers' ;;
	debian-test) echo 'check zlib1g-dev patch curl jq openssl util-linux python3 python3-yaml' ;;
	fedora-test) echo 'check-devel zlib-devel patch curl jq openssl util-linux python3 python3-pyyaml' ;;
	alpine-test) echo 'check-dev zlib-dev patch coreutils diffutils curl jq openssl util-linux python3 py3-yaml' ;;
	debian-demo) echo 'openssl curl jq ca-certificates zlib1g-dev' ;;
	fedora-demo) echo 'openssl curl jq ca-certificates zlib-devel' ;;
	alpine-demo) echo 'openssl curl jq ca-certificates zlib-dev' ;;
	*-e2e) echo 'openssl curl jq util-linux' ;;
	debian-backends) echo 'nginx-light python3-venv nodejs npm' ;;
	fedora-backends) echo 'nginx-core python3 nodejs nodejs-npm' ;;
	alpine-backends) echo 'nginx python3 nodejs npm' ;;
	debian-node) echo 'containerd runc busybox-static iptables iproute2 util-linux containernetworking-plugins libc6-dev python3-venv' ;;
	fedora-node) echo 'containerd runc busybox iptables-nft iproute util-linux containernetworking-plugins glibc-static python3' ;;
	alpine-node) echo 'containerd containerd-ctr runc busybox-static iptables iproute2 util-linux setpriv cni-plugins python3' ;;
	*-browser) echo 'python3 chromium' ;;
	debian-lint) echo 'clang clang-format clang-tidy cppcheck shellcheck codespell' ;;
	fedora-lint) echo 'clang clang-tools-extra cppcheck ShellCheck codespell' ;;
	alpine-lint) echo 'clang clang-extra-tools cppcheck shellcheck codespell' ;;
	*-coverage) echo 'gcovr' ;;
	*-valgrind) echo 'valgrind' ;;
	esac
}

og_deps_has() {
	case $1 in
	:*)
		module=${1#:}
		command -v pkg-config >/dev/null 2>&1 &&
			pkg-config --atleast-version="${module#*>=}" "${module%%>=*}" 2>/dev/null
		;;
	py:*) python3 -c "import ${1#py:}" 2>/dev/null ;;
	*\|*) og_deps_has "${1%%|*}" || og_deps_has "${1#*|}" ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# og_deps_missing GROUP...: prints what is not there.
og_deps_missing() {
	for group in "$@"; do
		for probe in $(og_deps_probes "$group"); do
			og_deps_has "$probe" || printf '%s ' "${probe#:}"
		done
	done
}

og_deps_have() {
	[ -z "$(og_deps_missing "$@")" ]
}

og_deps_all_packages() {
	system=$1
	shift
	for group in "$@"; do
		og_deps_packages "$system" "$group"
	done | tr '\n' ' ' | sed 's/ $//'
}

# Nothing when root, "sudo -n" when it works without a password, "no" otherwise.
og_deps_root() {
	if [ "$(id -u)" = 0 ]; then
		return
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		echo 'sudo -n'
	else
		echo no
	fi
}

# apt-get, its words reduced to a line every few seconds; all of them when it fails.
og_deps_apt() {
	log=$(mktemp) || exit 3
	# shellcheck disable=SC2086 # "sudo -n" are two words
	$og_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 &
	apt=$!
	shown=''
	while kill -0 "$apt" 2>/dev/null; do
		now=$(grep -E '^(Get:|Unpacking|Setting up|Reading)' "$log" | tail -n 1 | cut -c 1-70)
		[ "$now" = "$shown" ] || printf '    %s\n' "$now"
		shown=$now
		sleep 1
	done
	wait "$apt" && rc=0 || rc=$?
	[ "$rc" = 0 ] || cat "$log" >&2
	rm -f "$log"
	return "$rc"
}

og_deps_install() {
	packages=$(og_deps_all_packages debian "$@")
	# The lists are fetched only when they do not know the packages, or know files that are gone.
	known=yes
	for package in $packages; do
		apt-cache show "$package" >/dev/null 2>&1 || known=no
	done
	if [ "$known" = no ]; then
		og_say "apt-get update"
		og_deps_apt update || return 1
	fi
	og_say "apt-get install $packages"
	# shellcheck disable=SC2086 # a list of words
	if ! og_deps_apt install --no-install-recommends $packages; then
		[ "$known" = yes ] || return 1
		og_say "apt-get update, and once more"
		og_deps_apt update || return 1
		# shellcheck disable=SC2086
		og_deps_apt install --no-install-recommends $packages || return 1
	fi
}

og_deps_explain() {
	printf 'Missing: %s\nInstall with one of\n' "$(og_deps_missing "$@")"
	printf '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends %s\n' "$(og_deps_all_packages debian "$@")"
	printf '  Fedora:          sudo dnf install %s\n' "$(og_deps_all_packages fedora "$@")"
	printf '  Alpine:          sudo apk add %s\n' "$(og_deps_all_packages alpine "$@")"
}

og_deps() {
	og_deps_have "$@" && return 0
	og_root=$(og_deps_root)
	if [ "$og_root" != no ] && command -v apt-get >/dev/null 2>&1; then
		og_say "missing: $(og_deps_missing "$@")"
		og_deps_install "$@" && og_deps_have "$@" && return 0
		echo "The packages could not be installed." >&2
	fi
	og_deps_explain "$@" >&2
	exit 3
}
