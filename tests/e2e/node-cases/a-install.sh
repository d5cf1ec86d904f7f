# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The pods that the chart installs, run by kubelet, containerd and runc.

# shellcheck source=tests/e2e/lib/node.sh
. "$here/lib/node.sh"

# field PID NAME: of /proc/PID/status
field() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"; }

full_node_pods() {
	local at part pod pid count=0
	at=$(now_ms)
	with_otelgate
	note "from helm install to the first injected pod: $(($(now_ms) - at)) ms"
	all_ready 4 >/dev/null || fail "not all are Ready: $(k get pods -n otelgate)"
	for part in webhook controller; do
		for pod in $(component "$part"); do
			pid=$(process otelgate "$pod" "$part")
			[ -n "$pid" ] || fail "$pod has no process"
			eq "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "otelgate $part " "what runs in $pod"
			eq "$(field "$pid" Uid) $(field "$pid" Gid)" '65532 65532' "user and group of $pod"
			eq "$(field "$pid" CapEff) $(field "$pid" CapBnd)" '0000000000000000 0000000000000000' "capabilities of $pod"
			eq "$(field "$pid" NoNewPrivs)" 1 "no_new_privs of $pod"
			eq "$(field "$pid" Seccomp)" 2 "seccomp of $pod"
			awk '$5 == "/" { print $6 }' "/proc/$pid/mountinfo" | grep -q '^ro,' || fail "the root of $pod can be written to"
			! tr '\0' '\n' <"/proc/$pid/environ" | grep -q '_SERVICE_HOST=' ||
				eq "$(tr '\0' '\n' <"/proc/$pid/environ" | grep '_SERVICE_HOST=')" KUBERNETES_SERVICE_HOST=10.0.0.1 "Services in the environment of $pod"
			note "$pod: $(field "$pid" VmRSS) KiB, $(field "$pid" Threads) threads"
			count=$((count + 1))
		done
	done
	eq "$count" 4 'pods'
	k get pods -n otelgate -o json | jq -e '[.items[].status.containerStatuses[].restartCount] | add == 0' >/dev/null || fail "they were restarted: $(k get pods -n otelgate)"
}

# What somebody finds who wants to get in.
full_node_image() {
	local pod
	with_otelgate
	pod=$(component webhook | head -n 1)
	for shell in sh /bin/sh bash busybox; do
		if k exec -n otelgate "$pod" -- "$shell" -c 'echo in' >"$W/out" 2>&1; then
			fail "there is a $shell"
		fi
		grep -q 'executable file not found\|no such file or directory' "$W/out" || fail "$shell failed for another reason: $(cat "$W/out")"
	done
	k exec -n otelgate "$pod" -- otelgate version >"$W/out" 2>&1 || fail "the program itself: $(cat "$W/out")"
	grep -q '^otelgate ' "$W/out" || fail "it says: $(cat "$W/out")"
	for place in /new /usr/new /tmp/new; do
		if k exec -n otelgate "$pod" -- otelgate certs -d "$place" --ip 127.0.0.1 >"$W/out" 2>&1; then
			fail "$place was written"
		fi
		grep -q 'Read-only file system' "$W/out" || fail "$place failed for another reason: $(cat "$W/out")"
	done
}
