# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# What scenarios look at. To be read with `.` after objects.sh and the driver's verbs.

id=123456 token=glc_first # of the stack of a world

# world [PROFILE-JQ [STACK-JQ]]: a receiver, a credential, a configuration; the webhook and one controller at work
world() {
	ns_new "$NS"
	ns_new "$NS-tools"
	receiver | apply
	source_access | apply
	source_secret "$id" "$token" | apply
	stack "${2:-.}" | apply
	profile "${1:-.}" | apply
	webhook_up
	local bare
	bare=$(probed)
	controller_up 1
	# before the webhook knows it, pods would be injected without it, and stale a moment later
	until_true 30 'the credential has no hash' stack_is '.authHash // "" | length == 16'
	until_true 30 'the webhook does not know the credential' probed_anew "$bare"
}

# rotate TOKEN: the stack has another one, and the webhook knows it: pods made from now on are not stale a moment later
rotate() {
	local was
	was=$(probed)
	source_secret "$id" "$1" | apply
	until_true 60 'the webhook does not know the new credential' probed_anew "$was"
}

stack_is() { get grafanastacks.otelgate.dev "$CASE" '' | jq -e ".status | $1"; }

# rolled KIND/NAME N: N pods of the present template and no others, all available
rolled() {
	get_workload "$1" | jq -e --argjson n "$2" '.metadata.generation == .status.observedGeneration
		and ([.status.replicas // 0, .status.updatedReplicas // 0, .status.availableReplicas // 0] == [$n, $n, $n])'
}

until_rolled() { until_true 60 "$1 does not come to $2 pods" rolled "$1" "$2"; }

# pods NAME [JQ]: the live pods of a workload as a JSON list, those of which JQ is true
pods() {
	api GET "/api/v1/namespaces/$NS/pods?labelSelector=app%3D$1" |
		jq "[.items[] | select(.metadata.deletionTimestamp == null) | select(${2:-true})]"
}

# for pods: injected or not
is_injected='.metadata.labels["otelgate.dev/revision"] != null'
not_injected='.metadata.labels["otelgate.dev/revision"] == null'

pod_names() { pods "$@" | jq -r '.[].metadata.name' | sort; }

uid_of() { get_workload "$1" | jq -r .metadata.uid; }

# says KIND/NAME JQ: what the status of a workload says
says() {
	api GET "$(where workloadtelemetries.otelgate.dev "$NS")" | jq -e --arg kind "${1%/*}" --arg name "${1#*/}" '
		[.items[] | select(.metadata.ownerReferences // [] | any(.kind == $kind and .name == $name))] | first.status | '"$2"
}

# seen KIND/NAME JQ WHAT: within 45 s, which is long on a busy machine, or $seconds
seen() {
	until_ok "${seconds:-45}" says "$1" "$2" || fail "$3: not within ${seconds:-45} s: $2 of $(wt "$1" | jq -c .status)"
}

# counts TOTAL CURRENT [CLASS N]: for says and seen
counts() {
	printf '(.pods | .total == %d and .current == %d' "$1" "$2"
	shift 2
	while [ $# != 0 ]; do
		printf ' and .%s == %d' "$1" "$2"
		shift 2
	done
	printf ')'
}

# condition TYPE STATUS [REASON]: for says and seen
condition() {
	printf '(.conditions | any(.type == "%s" and .status == "%s"%s))' "$1" "$2" "${3:+ and .reason == \"$3\"}"
}

# stuck KIND/NAME REASON WORD...: the rollout is stuck for that reason, and the status holds these words
stuck() {
	local name=$1 reason=$2 word
	shift 2
	seen "$name" ".rollout.state == \"Stuck\" and .rollout.reason == \"$reason\"" "stuck, $reason"
	seen "$name" "$(condition RolloutComplete False "$reason")" 'as a condition'
	seen "$name" "$(condition Ready False)" 'not ready'
	for word; do
		mentions "$name" "$word" || fail "'$word' is not said: $(wt "$name" | jq -c .status)"
	done
}

owned_by() { wt "$1" | jq -e --arg uid "$2" '[.metadata.ownerReferences[].uid] == [$uid]'; }
gone() { ! wt "$1"; }

# all that stands in a status, for words to be looked for
text_of() { wt "$1" | jq -r '.status | tostring'; }

mentions() { text_of "$1" | grep -qF -- "$2"; }

# distributed [NAMESPACE]: the header that workloads get there; nothing when there is none
distributed() {
	get secrets otelgate-otlp "${1:-$NS}" 2>/dev/null | jq -r '.data["otlp-headers"] // "" | @base64d'
}

has_header() { # NAMESPACE HEADER
	[ "$(distributed "$1")" = "$2" ]
}

no_secret() { ! get secrets otelgate-otlp "${1:-$NS}"; }

# policies: the names of ours
policies() {
	api GET "/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies" |
		jq -r '.items[] | select(.metadata.labels["app.kubernetes.io/managed-by"] == "otelgate") | .metadata.name'
}

policies_are() { [ "$(policies | wc -l)" = "$1" ]; }

# restarts NAME: how often we restarted it, as its template says
restarted() { [ "$(restarted_at "$1")" != "$2" ]; }
restarted_at() { get_workload "$1" | jq -r '.spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"] // "never"'; }

# quiet SECONDS: within half a minute nothing is written for that long
quiet() {
	local n end=$(($(now_ms) + 30000))
	writes >/dev/null
	while :; do
		sleep "$1" # the time that is looked at
		n=$(writes)
		[ -n "$n" ] || return 0
		[ "$(now_ms)" -lt $end ] || fail "written though nothing changes: $n"
	done
}

# events NAME: those on a workload, oldest first, "REASON NOTE"
events() {
	api GET "/apis/events.k8s.io/v1/namespaces/$NS/events" |
		jq -r --arg n "$1" '.items[] | select(.regarding.name == $n) | "\(.reason) \(.note)"'
}

has_event() { events "$1" | grep -qE -- "$2"; }
