# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What otelgate doctor says of many workloads, held against a table. To be read with `.` after arrival.sh.

# reader_up: READER is a kubeconfig that may do what ClusterRole otelgate-reader allows, and nothing else
reader_up() {
	READER=$(cluster kubeconfig "reader-$CASE")
	k create clusterrolebinding "reader-$CASE" --clusterrole=otelgate-reader --user="reader-$CASE" >/dev/null
	until_true 30 'the reader may not read' k auth can-i --as "reader-$CASE" list pods -A
}

# lease_of HOLDER: the controller of these cases runs without one, alone
lease_of() {
	k create -f - >/dev/null <<-EOF
		apiVersion: coordination.k8s.io/v1
		kind: Lease
		metadata: {name: otelgate-controller, namespace: otelgate}
		spec: {holderIdentity: $1, leaseDurationSeconds: 3600, renewTime: "$(date -u +%FT%T.%6NZ)"}
	EOF
}

# ladder NAMESPACE: what a reader is told, for programs and for people, and what somebody is told who may create pods,
# in $W/ladder
ladder() {
	local ns=$1 to=$W/ladder/$1 code=0
	mkdir -p "$W/ladder"
	"$OG_BIN" doctor deployment/app -n "$ns" --kubeconfig "$READER" -o json >"$to.json" 2>"$to.err" || code=$?
	echo "$code" >"$to.code"
	COLUMNS=80 "$OG_BIN" doctor deployment/app -n "$ns" --kubeconfig "$READER" --color never >"$to.txt" 2>>"$to.err" || code=$?
	"$OG_BIN" doctor deployment/app -n "$ns" -o json >"$to.admin.json" 2>>"$to.err" && code=0 || code=$?
	echo "$code" >"$to.admin.code"
}

# ladders NAMESPACE...: some at once
ladders() {
	local ns
	for ns in "$@"; do
		[ "$(jobs -rp | wc -l)" -lt 3 ] || wait -n || :
		ladder "$ns" &
	done
	wait
}

ladder_says() {
	jq -r '"\(.result) \(.broken // "-")", (.rungs[] | select(.result != "not-reached") | "\(.result) \(.id): \(.evidence // "") \([.findings[] | "\(.id): \(.fix)"] | join("; "))")' \
		"$W/ladder/$1.json"
	cat "$W/ladder/$1.txt" "$W/ladder/$1.err"
	echo "exit codes: $(cat "$W/ladder/$1.code"), where pods may be created $(cat "$W/ladder/$1.admin.code")"
}

# ladder_is NAMESPACE RUNG RESULT FINDING WORDS: a reader is not told whether a pod would be injected, which takes
# creating one
ladder_is() {
	local to=$W/ladder/$1 rung=$2 result=$3 finding=$4 words=$5 code=3 admin=0
	[ "$result" != broken ] || code=1 admin=1
	[ "$(cat "$to.code") $(cat "$to.admin.code")" = "$code $admin" ] && [ ! -s "$to.err" ] &&
		jq -e 'any(.rungs[]; .id == "admission" and .result == "pass")' "$to.admin.json" &&
		jq -e --arg rung "$rung" --arg result "$result" --arg finding "$finding" --arg words "$words" '
			[.rungs[] | select(.result == "unknown") | .id] == ["admission"]
			and ([.rungs[] | select(.result == "warning") | .id] == (if $result == "warning" then [$rung] else [] end))
			and .broken == (if $result == "broken" then $rung else null end)
			and .result == (if $result == "broken" then "broken" else "unknown" end)
			and ($result == "whole" or any(.rungs[] | select(.id == $rung and .result == $result) | .findings[0];
				.id == $finding and (.slug | length > 0) and .effect == (if $result == "broken" then "breaks" else "warns" end)
				and (.message | length > 0) and (.fix | contains($words)) and .explain == "otelgate explain " + $finding))' "$to.json" &&
		ladder_shown "$@"
}

# ladder_shown, as above: the same for people, with commands in one piece
ladder_shown() {
	local to=$W/ladder/$1 rung=$2 result=$3 finding=$4 words=$5 slug
	case $result in
	broken)
		slug=$(jq -r '.rungs[] | select(.result == "broken") | .findings[0].slug' "$to.json")
		grep -qxF "First broken rung: $rung ($finding $slug)" "$to.txt" && grep -qxF "  more  otelgate explain $finding" "$to.txt" &&
			grep -q '^  fix   ' "$to.txt" || return 1
		;;
	warning) grep -qF "! $finding " "$to.txt" && grep -q '^ *fix ' "$to.txt" && grep -q '^No rung is broken\.' "$to.txt" || return 1 ;;
	*)
		grep -qxF 'No rung is broken. Not known: admission' "$to.txt" && ! grep -q '^ *fix ' "$to.txt"
		return
		;;
	esac
	case $words in
	kubectl* | otelgate*) grep -qF -- "$words" "$to.txt" ;;
	*) tr -s ' \n' '  ' <"$to.txt" | grep -qF -- "$words" ;;
	esac
}

ladder_comes() { ladder "$1" && ladder_is "$@"; }
