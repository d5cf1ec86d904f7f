# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The cgroups of a private node: one folder of an unmistakable name in each hierarchy. To be read with `.`.

cgroups_v2() { [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; }

# cgroups_roots: the hierarchies
cgroups_roots() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts; }

# cgroups_name PID: holds the process and the moment it began, so that others know whether it lives
cgroups_name() { printf 'otelgate-e2e-%s-%s\n' "$1" "$(sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20)"; }

cgroups_make() {
	local r f
	if cgroups_v2; then
		for f in cpu cpuset memory pids io hugetlb; do
			! grep -qw "$f" /sys/fs/cgroup/cgroup.controllers || echo "+$f" >/sys/fs/cgroup/cgroup.subtree_control || return
		done
	fi
	for r in $(cgroups_roots); do
		mkdir -p "$r/$1" || return
		for f in cpuset.cpus cpuset.mems; do # v1: empty at first, and nothing runs where they are
			cgroups_v2 || [ ! -e "$r/$f" ] || cat "$r/$f" >"$r/$1/$f" || return
		done
	done
}

# cgroups_remove NAME: false as long as something runs in them
cgroups_remove() {
	local r rc=0
	for r in $(cgroups_roots); do
		[ ! -e "$r/$1" ] || find "$r/$1" -depth -type d -exec rmdir {} + 2>/dev/null || rc=1
	done
	return "$rc"
}

# cgroups_sweep: those of runs that were killed together with their cleaning up
cgroups_sweep() {
	local r d pid
	for r in $(cgroups_roots); do
		for d in "$r"/otelgate-e2e-*; do
			[ -e "$d" ] || continue
			d=${d##*/}
			pid=${d#otelgate-e2e-}
			pid=${pid%-*}
			[ -e "/proc/$pid" ] && [ "$(cgroups_name "$pid")" = "$d" ] || cgroups_remove "$d" || :
		done
	done
}
