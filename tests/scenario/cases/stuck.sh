# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Rollouts that do not come to an end, each with its cause. What becomes of a pod says its label
# e2e.otelgate.dev/behaviour, to the simulated nodes of both clusters.

# behaves HOW [CONTAINER [EXIT-CODE]]: for workload
behaves() {
	printf '.spec.template.metadata |= (.labels["e2e.otelgate.dev/behaviour"] = "%s"' "$1"
	[ -z "${2:-}" ] || printf ' | .annotations["e2e.otelgate.dev/container"] = "%s"' "$2"
	[ -z "${3:-}" ] || printf ' | .annotations["e2e.otelgate.dev/exit-code"] = "%s"' "$3"
	printf ')'
}

not_blamed() { # KIND/NAME
	local id
	for id in OG311 OG312 OG313; do
		! mentions "$1" $id || fail "the injection is accused: $(wt "$1" | jq -c .status)"
	done
}

both_stuck_image_pull() {
	world
	workload Deployment web "$(behaves image-pull)" | apply
	stuck Deployment/web ImagePullFailed OG610 registry.test/a:1 main
	not_blamed Deployment/web
	# corrected, it goes on by itself
	workload Deployment web | apply
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'corrected'
}

both_stuck_crash_untouched() {
	world
	workload Deployment web "$silent | .spec.template.spec.containers += [{name: \"side\", image: \"registry.test/b:1\"}]" | apply
	until_rolled Deployment/web 3
	workload Deployment web ".spec.template.spec.containers += [{name: \"side\", image: \"registry.test/b:1\"}]
		| .spec.template.metadata.annotations[\"otelgate.dev/exclude-containers\"] = \"side\" | $(behaves crash side 3)" | apply
	stuck Deployment/web CrashLooping OG612 side
	says Deployment/web '.rollout.container == "side" and .rollout.exitCode == 3' >/dev/null || fail "$(wt Deployment/web | jq -c .status.rollout)"
	not_blamed Deployment/web
}

# The version before stood; the injected one crashes, and nothing else has changed.
both_stuck_crash_touched() {
	world
	workload Deployment web "$silent" | apply
	until_rolled Deployment/web 3
	workload Deployment web "$(behaves crash main 139)" | apply
	stuck Deployment/web CrashesSinceInjection OG311 'otelgate.dev/inject'
	says Deployment/web '.rollout.container == "main" and .rollout.exitCode == 139' >/dev/null || fail "$(wt Deployment/web | jq -c .status.rollout)"
	until_true 30 "no Event: $(events web)" has_event web InjectionBlamed
	# the injection is taken back, as it says
	workload Deployment web '.spec.template.metadata.annotations["otelgate.dev/inject"] = "false"' | apply
	until_rolled Deployment/web 3
	until_true 30 'the status stays' gone Deployment/web
}

# Pods that stood without the injection crash when we have restarted them: once and no more, and nobody else is restarted.
both_restart_stands_down() {
	local at
	world "$managed"
	controller_term 1
	webhook_down
	workload Deployment web "$(behaves crash-injected main 139) | .spec.replicas = 1" | apply # the fewest pods: it goes first
	workload Deployment other | apply
	until_rolled Deployment/web 1
	until_rolled Deployment/other 3
	webhook_up
	controller_up 1
	until_true 60 'no restart' restarted Deployment/web never
	at=$(restarted_at Deployment/web)
	seen Deployment/web '.restart.reason == "RestartStoodDown"' 'stands down'
	stuck Deployment/web CrashesSinceInjection OG311 otelgate.dev/inject 139
	until_true 30 "no Event: $(events web)" has_event web 'RestartStoodDown.*otelgate.dev/inject'
	# the next leader neither tries again nor goes on with the others
	controller_kill 1
	controller_up 2
	until_true 40 'the other one does not lead' leads 2
	quiet 5
	eq "$(restarted_at Deployment/web)" "$at" 'a second restart'
	eq "$(restarted_at Deployment/other)" never 'another workload was restarted as well'
	says Deployment/web '.restart.reason == "RestartStoodDown"' >/dev/null || fail "forgotten: $(wt Deployment/web | jq -c .status.restart)"
	says Deployment/other '.restart.reason | . == "RestartHalted" or . == "WaitingForCanary"' >/dev/null || fail "$(wt Deployment/other | jq -c .status.restart)"
	# taken back, as it says, the others go on
	workload Deployment web '.spec.replicas = 1 | .spec.template.metadata.annotations["otelgate.dev/inject"] = "false"' | apply
	until_rolled Deployment/web 1
	seconds=120 seen Deployment/other "($(counts 3 3)) and ($(condition RolloutComplete True))" 'the others go on'
}

both_stuck_crash_before_too() {
	world
	workload Deployment web "$silent | .spec.template.metadata.annotations = {} | $(behaves crash main 1)" | apply
	until_true 30 'it does not crash' crashes web 3
	workload Deployment web "$(behaves crash main 1)" | apply
	until_true 30 'no injected pod crashes' crashes_injected web
	stuck Deployment/web CrashLooping OG612
	not_blamed Deployment/web
}

crashes() { pods "$1" '.status.containerStatuses // [] | any(.state.waiting.reason == "CrashLoopBackOff")' | jq -e "length == $2"; }
crashes_injected() { pods "$1" "($is_injected) and (.status.containerStatuses // [] | any(.state.waiting.reason == \"CrashLoopBackOff\"))" | jq -e 'length > 0'; }

both_stuck_unschedulable() {
	world
	workload Deployment web '.spec.template.spec.nodeSelector = {"e2e.otelgate.dev/no": "such-node"}' | apply
	until_true 60 'not stuck' says Deployment/web '.rollout.state == "Stuck"'
	stuck Deployment/web Unschedulable OG609 'node affinity/selector'
	not_blamed Deployment/web
}

both_stuck_quota() {
	world
	ns_quota "$NS" 1
	workload Deployment web | apply
	stuck Deployment/web QuotaExceeded OG309 'exceeded quota'
	ns_quota "$NS" 10
	restart Deployment/web # controllers wait long before they try again
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'with a larger quota'
}

both_stuck_podsecurity() {
	world
	ns_restricted "$NS"
	workload Deployment web | apply
	stuck Deployment/web PodSecurityDenied OG308 'violates PodSecurity' allowPrivilegeEscalation
}

# StatefulSets, DaemonSets and Jobs have no condition for it: their controllers say it in Events alone.
both_stuck_event_only() {
	local w
	world
	ns_quota "$NS" 1
	workload StatefulSet db | apply
	stuck StatefulSet/db QuotaExceeded OG309 'exceeded quota' db-1
	ns_quota "$NS" 10
	restart StatefulSet/db # controllers wait long before they try again
	seen StatefulSet/db "($(counts 3 3)) and ($(condition RolloutComplete True))" 'with a larger quota'
	mentions StatefulSet/db quota && fail "still said: $(text_of StatefulSet/db)"
	ns_restricted "$NS"
	workload DaemonSet agent | apply
	workload Job import | apply
	for w in DaemonSet/agent Job/import; do
		stuck $w PodSecurityDenied OG308 'violates PodSecurity' allowPrivilegeEscalation
	done
	quiet 3
}

# Whoever sets failurePolicy: Fail and loses the webhook is told whose fault it is.
both_stuck_own_webhook() {
	local at
	at=$(where mutatingwebhookconfigurations.admissionregistration.k8s.io '')/otelgate
	world
	webhook_down
	api GET "$at" | jq '{webhooks: [.webhooks[] | .failurePolicy = "Fail"]}' >"$W/fail.json"
	must PATCH "$at" "$W/fail.json" application/merge-patch+json
	workload StatefulSet db | apply
	workload Deployment web | apply
	stuck StatefulSet/db OwnWebhookFailed OG108 'failed calling webhook'
	stuck Deployment/web OwnWebhookFailed OG108 'failed calling webhook'
	webhook_up # registers with Ignore again
	restart StatefulSet/db
	restart Deployment/web
	seen StatefulSet/db "($(counts 3 3)) and ($(condition RolloutComplete True))" 'the webhook is there again'
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'the webhook is there again'
}

both_stuck_missing_secret() {
	local wants='.spec.template.spec.containers[0].env = [{name: "KEY", valueFrom: {secretKeyRef: {name: "app-key", key: "k"}}}]
		| .spec.template.metadata.labels["e2e.otelgate.dev/secrets"] = "checked"'
	world
	workload Deployment web "$wants" | apply
	stuck Deployment/web SecretMissing OG611 app-key main
	not_blamed Deployment/web
	jq -n --arg ns "$NS" '{apiVersion: "v1", kind: "Secret", metadata: {name: "app-key", namespace: $ns}, data: {k: "eA=="}}' | apply
	on_sim || kubectl annotate -n "$NS" pods -l app=web e2e.otelgate.dev/secrets=there >/dev/null
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'the Secret came'
}
