# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Rollouts that do not come to an end, each with its cause. The pods stand where nobody moves them but the
# case: what a kubelet or a scheduler would write is written here.

# for workload: nobody moves its pods
held='.spec.template.metadata.labels["e2e.otelgate.dev/behaviour"] = "hands-off" | .spec.progressDeadlineSeconds = 600'

# fate NAME STATUS: of each pod of the workload that is injected, once there are pods
fate() {
	local p
	until_true 30 "no pods of $1" some_pods "$1"
	for p in $(pods "$1" '.status.phase == "Pending"' | jq -r '.[].metadata.name'); do
		pod_status "$p" "$2"
	done
}

some_pods() { pods "$1" '.status.phase == "Pending"' | jq -e 'length > 0'; }

waiting() { # CONTAINER REASON MESSAGE
	jq -nc --arg c "$1" --arg r "$2" --arg m "$3" '{phase: "Pending", conditions: [
		{type: "Ready", status: "False", reason: "ContainersNotReady"}, {type: "ContainersReady", status: "False", reason: "ContainersNotReady"}],
		containerStatuses: [{name: $c, image: "registry.test/a:1", imageID: "", ready: false, started: false, restartCount: 0,
			state: {waiting: {reason: $r, message: $m}}}]}'
}

crashing() { # CONTAINER EXIT-CODE RESTARTS
	jq -nc --arg c "$1" --argjson code "$2" --argjson n "$3" --arg at "$(date -u +%FT%TZ)" '{phase: "Running", conditions: [
		{type: "Ready", status: "False", reason: "ContainersNotReady"}, {type: "ContainersReady", status: "False", reason: "ContainersNotReady"}],
		startTime: $at, containerStatuses: [{name: $c, image: "registry.test/a:1", imageID: "", ready: false, started: false, restartCount: $n,
			state: {waiting: {reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container"}},
			lastState: {terminated: {exitCode: $code, reason: "Error", startedAt: $at, finishedAt: $at}}}]}'
}

# stuck KIND/NAME WORD...: the rollout is stuck, and the status holds these words
stuck() {
	local name=$1 word
	shift
	seen "$name" '.rollout.state == "Stuck"' 'stuck'
	seen "$name" "$(condition RolloutComplete False)" 'as a condition'
	for word; do
		mentions "$name" "$word" || fail "'$word' is not said: $(wt "$name" | jq -c .status)"
	done
}

both_stuck_image_pull() {
	world
	workload Deployment web "$held" | apply
	fate web "$(waiting main ImagePullBackOff 'Back-off pulling image "registry.test/a:1"')"
	stuck Deployment/web ImagePullBackOff main registry.test/a:1
}

both_stuck_crash_untouched() {
	world
	workload Deployment web "$held | .spec.template.spec.containers += [{name: \"side\", image: \"registry.test/b:1\"}]
		| .spec.template.metadata.annotations[\"otelgate.dev/exclude-containers\"] = \"side\"" | apply
	fate web "$(crashing side 3 4)"
	stuck Deployment/web side 'code 3'
	mentions Deployment/web OG311 && fail 'the injection is accused of a container it did not touch'
	says Deployment/web '.rollout.ours == false' >/dev/null || fail "ours: $(wt Deployment/web | jq -c .status.rollout)"
}

# The version before stood; the injected one crashes.
both_stuck_crash_touched() {
	world
	workload Deployment web "$silent" | apply
	until_rolled Deployment/web 3
	workload Deployment web "$held" | apply
	fate web "$(crashing main 139 4)"
	stuck Deployment/web main 'code 139' OG311 'otelgate.dev/inject'
	says Deployment/web '.rollout.ours == true' >/dev/null || fail "not ours: $(wt Deployment/web | jq -c .status.rollout)"
}

both_stuck_crash_before_too() {
	world
	workload Deployment web "$silent | $held" | apply
	fate web "$(crashing main 1 9)"
	workload Deployment web "$held" | apply
	until_true 30 'no injected pod' some_injected web
	fate web "$(crashing main 1 4)"
	stuck Deployment/web main 'code 1'
	mentions Deployment/web OG311 && fail 'the injection is accused of what was there before'
	:
}

some_injected() { pods "$1" "$is_injected" | jq -e 'length > 0'; }

both_stuck_unschedulable() {
	world
	workload Deployment web '.spec.template.spec.nodeSelector = {"e2e.otelgate.dev/no": "such-node"}' | apply
	on_sim && fate web '{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
		"message": "0/3 nodes are available: 3 node(s) didn'"'"'t match Pod'"'"'s node affinity/selector."}]}'
	stuck Deployment/web Unschedulable "node affinity/selector"
}

both_stuck_quota() {
	world
	ns_quota "$NS" 1
	workload Deployment web | apply
	stuck Deployment/web 'exceeded quota'
	ns_quota "$NS" 10
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'with a larger quota'
}

both_stuck_podsecurity() {
	world
	ns_restricted "$NS"
	workload Deployment web | apply
	stuck Deployment/web 'violates PodSecurity' allowPrivilegeEscalation
}

both_stuck_missing_secret() {
	world
	workload Deployment web "$held | .spec.template.spec.containers[0].env = [{name: \"KEY\", valueFrom: {secretKeyRef: {name: \"app-key\", key: \"k\"}}}]" | apply
	fate web "$(waiting main CreateContainerConfigError 'secret "app-key" not found')"
	stuck Deployment/web CreateContainerConfigError app-key main
}
