# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Background processes of one folder: $D/run/NAME.pid tells which, $D/log/NAME.log what they said.
# To be read with `.`; $D has to be set.
#
# A process is known by its id and the moment it began, so that an id that was given to somebody
# else is never signalled.

# began PID: clock tick at which the process began; nothing when it is gone or a zombie. A zombie with
# threads is still ending, and its ports are still taken.
began() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	case $1 in
	Z | X) [ "${18}" -gt 1 ] || return 1 ;;
	esac
	printf '%s\n' "${20}"
}

# proc_start NAME COMMAND...: in a session of its own, so that Ctrl-C is not for it. A signal that comes
# meanwhile takes effect when it is known which process began.
proc_start() {
	local name=$1 pid fd signal traps
	shift
	mkdir -p "$D/run" "$D/log"
	traps=$(trap -p INT TERM HUP)
	held=''
	for signal in INT TERM HUP; do
		# shellcheck disable=SC2064
		trap "held=$signal" "$signal"
	done
	{
		for fd in /proc/"$BASHPID"/fd/*; do # locks and pipes of the caller end with the caller
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		exec setsid "$@" >>"$D/log/$name.log" 2>&1 </dev/null
	} &
	pid=$!
	disown "$pid" 2>/dev/null || :
	printf '%s %s\n' "$pid" "$(began "$pid")" >"$D/run/$name.pid"
	trap - INT TERM HUP
	eval "$traps"
	[ -z "$held" ] || kill -"$held" "$BASHPID"
}

# proc_pid NAME: its id when it lives
proc_pid() {
	local pid at
	read -r pid at 2>/dev/null <"$D/run/$1.pid" || return 1
	[ -n "$at" ] && [ "$(began "$pid")" = "$at" ] && printf '%s\n' "$pid"
}

proc_names() {
	local f
	for f in "$D"/run/*.pid; do
		[ ! -e "$f" ] || basename "$f" .pid
	done
}

# proc_signal NAME SIGNAL: to it and its children
proc_signal() {
	local pid
	pid=$(proc_pid "$1") && { kill "-$2" -- "-$pid" || kill "-$2" "$pid"; } 2>/dev/null
}

proc_gone() {
	! proc_pid "$1" >/dev/null
}

# proc_stop NAME [SECONDS]: TERM, and KILL when that was not enough
proc_stop() {
	if proc_signal "$1" TERM; then
		until_ok "${2:-20}" proc_gone "$1" || proc_signal "$1" KILL
		until_ok 5 proc_gone "$1"
	fi
	rm -f "$D/run/$1.pid"
}

# proc_kill NAME: at once
proc_kill() {
	proc_signal "$1" KILL
	until_ok 5 proc_gone "$1"
	rm -f "$D/run/$1.pid"
}

# proc_status NAME FIELD: a line of /proc/PID/status, like VmRSS or VmHWM (KiB)
proc_status() {
	local pid
	pid=$(proc_pid "$1") && awk -v f="$2:" '$1 == f { print $2 }' "/proc/$pid/status"
}

# proc_cpu NAME: hundredths of a second of processor time
proc_cpu() {
	local pid
	pid=$(proc_pid "$1") &&
		awk -v hz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); print int(($12 + $13) * 100 / hz) }' "/proc/$pid/stat"
}

# Limits are what an idle machine needs at the very most; a busy one is given so many times that. A limit
# only ends what never becomes true.
patience=${E2E_PATIENCE:-5}

# until_ok SECONDS COMMAND...: runs it again and again until it succeeds, at most that long
until_ok() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * patience * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep 0.05 # between two looks
	done
}

# crds_established: every definition is served. `kubectl wait` fails when one has no conditions at all yet.
crds_established() {
	kubectl get crd -o json | jq -e '.items | all(.status.conditions // [] | any(.type == "Established" and .status == "True"))'
}

now_ms() {
	printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}

# free_port: one that nobody listens on, outside the range the system takes ports from by itself.
# Somebody may be quicker: who binds it tries again with another.
free_port() {
	local p
	while :; do
		p=$((20000 + SRANDOM % 12000))
		(: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null || break
	done
	printf '%s\n' "$p"
}
