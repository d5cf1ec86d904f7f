# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Workloads and their rollouts: what the status says of each.

both_kinds_all() {
	local kind n=0
	world
	for kind in Deployment StatefulSet DaemonSet ReplicaSet Pod CronJob; do
		workload "$kind" "all-${kind,,}" | apply
	done
	workload Deployment out '.spec.template.metadata.annotations = {"otelgate.dev/inject": "false"}' | apply
	workload Deployment silent "$silent" | apply
	until_rolled Deployment/out 3
	until_rolled Deployment/silent 3
	for kind in Deployment StatefulSet DaemonSet ReplicaSet Pod CronJob; do
		seen "$kind/all-${kind,,}" "$(condition RolloutComplete True)" "$kind"
		eq "$(wt "$kind/all-${kind,,}" | jq -r '.metadata.ownerReferences | map("\(.kind)/\(.name)/\(.uid)/\(.controller)") | join(" ")')" \
			"$kind/all-${kind,,}/$(uid_of "$kind/all-${kind,,}")/true" "owner of the status of a $kind"
		n=$((n + 1))
	done
	seen Deployment/all-deployment "$(condition Injected True) and ($(counts 3 3))" 'a Deployment'
	eq "$(api GET "/apis/otelgate.dev/v1alpha1/namespaces/$NS/workloadtelemetries" | jq '.items | length')" $n 'statuses in the namespace'
	quiet 3
}

both_mixed_replicasets() {
	local old set
	world
	workload Deployment web "$silent" | apply
	until_rolled Deployment/web 3
	workload Deployment web "$halfway" | apply
	seen Deployment/web "$(counts 3 2)" 'two new pods and an old one'
	old=$(pod_names web "$not_injected")
	set=${old%-*}
	eq "$(wc -w <<<"$old")" 1 'old pods'
	mentions Deployment/web "$old" || fail "the old pod $old is not named: $(text_of Deployment/web)"
	mentions Deployment/web "$set" || fail "its ReplicaSet $set is not named"
	eq "$(wt Deployment/web | jq -r .status.pods.ratio)" 2/3 'the column'
	workload Deployment web '.spec.minReadySeconds = 0' | apply
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'the rollout goes on'
	mentions Deployment/web "$old" && fail 'the old pod is still named'
	quiet 3
}

both_mixed_by_hand() {
	world
	workload Deployment web '.spec.replicas = 2' | apply
	seen Deployment/web "$(counts 2 2)" 'two injected pods'
	webhook_down
	workload Deployment web | apply
	until_rolled Deployment/web 3
	seen Deployment/web "$(counts 3 2 bare 1)" 'one pod was missed'
	mentions Deployment/web "$(pod_names web "$not_injected")" || fail 'the bare pod is not named'
	webhook_up
	restart Deployment/web
	seen Deployment/web "$(counts 3 3)" 'after the restart'
}

both_paused() {
	local was
	world "$managed"
	workload Deployment web | apply
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'three pods'
	patch_workload Deployment/web '{"spec": {"paused": true}}'
	was=$(restarted_at Deployment/web)
	source_secret $id glc_second | apply
	seen Deployment/web "$(counts 3 0 stale 3)" 'stale after a rotation'
	mentions Deployment/web aused || fail "paused is not said: $(text_of Deployment/web)"
	quiet 3
	eq "$(restarted_at Deployment/web)" "$was" 'restarted while it was paused'
	patch_workload Deployment/web '{"spec": {"paused": false}}'
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'restarted when it went on'
}

both_ondelete() {
	local was
	world "$managed"
	workload StatefulSet db '.spec.updateStrategy = {type: "OnDelete"}' | apply
	seen StatefulSet/db "$(counts 3 3)" 'three pods'
	was=$(restarted_at StatefulSet/db)
	profile "$managed | .spec.sdk.propagators = [\"b3\"]" | apply
	seen StatefulSet/db "$(counts 3 0 stale 3)" 'stale after a change'
	mentions StatefulSet/db db-1 || fail 'the stale pods are not named'
	mentions StatefulSet/db 'delete pod' || fail "that they have to be deleted is not said: $(text_of StatefulSet/db)"
	eq "$(restarted_at StatefulSet/db)" "$was" 'restarted, for nothing'
	delete_pods db
	seen StatefulSet/db "$(counts 3 3)" 'deleted by hand'
}

both_partition() {
	world
	workload StatefulSet db "$silent" | apply
	until_rolled StatefulSet/db 3
	workload StatefulSet db '.spec.updateStrategy = {type: "RollingUpdate", rollingUpdate: {partition: 1}}' | apply
	seen StatefulSet/db "$(counts 3 2 bare 1)" 'two above the partition, one below'
	mentions StatefulSet/db db-0 || fail 'the pod below the partition is not named'
	says StatefulSet/db '.rollout.state != "Stuck"' >/dev/null || fail "a partition is not stuck: $(text_of StatefulSet/db)"
	quiet 3
}

both_at_zero() {
	world
	workload Deployment web | apply
	seen Deployment/web "$(counts 3 3)" 'three pods'
	patch_workload Deployment/web '{"spec": {"replicas": 0}}'
	seen Deployment/web "($(counts 0 0)) and ($(condition RolloutComplete True))" 'at zero'
	quiet 3
}

both_cronjob_suspended() {
	world
	workload CronJob nightly '.spec.suspend = true' | apply
	seen CronJob/nightly "$(counts 0 0)" 'no pods'
	seen CronJob/nightly '.rollout.reason == "Suspended"' 'said'
	quiet 3
}

both_job_done() {
	world
	workload Job import | apply
	seen Job/import "$(condition RolloutComplete True)" 'it has run'
	profile '.spec.sdk.propagators = ["b3"]' | apply
	workload Deployment later | apply
	seen Deployment/later "$(counts 3 3)" 'the change was seen'
	says Job/import '.pods | .stale == 0 and .bare == 0' >/dev/null || fail "pods that ended are old: $(text_of Job/import)"
	quiet 3
}

both_deleted_and_again() {
	local i uid
	world
	for ((i = 0; i < 5; i++)); do
		workload Deployment web | apply
		until_true 30 'no status' wt Deployment/web
		remove deployments.apps web
		workload Deployment web ".spec.replicas = $((i % 2 + 1))" | apply
		uid=$(uid_of Deployment/web)
		until_true 30 'the status is that of the one before' owned_by Deployment/web "$uid"
		seen Deployment/web "$(counts $((i % 2 + 1)) $((i % 2 + 1)))" 'the pods of the new one'
		remove deployments.apps web
		until_true 30 'the status stays behind' gone Deployment/web
	done
}

both_opted_out_again() {
	world
	deny | apply
	workload Deployment web | apply
	workload Deployment two | apply
	seen Deployment/web "($(counts 3 3)) and ($(condition EgressAllowed True))" 'a policy of ours'
	seen Deployment/two "$(condition EgressAllowed True)" 'a policy of ours'
	has_header "$NS" "$(header $id $token)" || fail 'no Secret'
	until_true 10 'not two policies' policies_are 2
	workload Deployment web '.spec.template.metadata.annotations["otelgate.dev/inject"] = "false"' | apply
	until_true 30 'the status stays' gone Deployment/web
	until_true 30 'the policy stays' policies_are 1
	has_header "$NS" "$(header $id $token)" || fail 'the Secret went, though the other workload needs it'
	workload Deployment two '.spec.template.metadata.annotations["otelgate.dev/inject"] = "false"' | apply
	until_true 60 'the Secret stays' no_secret
	until_true 30 'the policy stays' policies_are 0
	quiet 3
}
