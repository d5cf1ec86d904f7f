# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Workloads that are admitted get exactly what `otelgate inject` prints offline.

# The CronJob's controller would wait for 3 o'clock: its Job as it makes it.
cron_job_now() { # NAMESPACE
	k get cronjob -n "$1" nightly -o json | jq '{
		apiVersion: "batch/v1", kind: "Job",
		metadata: {name: "nightly-29381234", namespace: .metadata.namespace, annotations: .spec.jobTemplate.metadata.annotations,
			ownerReferences: [{apiVersion: "batch/v1", kind: "CronJob", name: "nightly", uid: .metadata.uid, controller: true, blockOwnerDeletion: true}]},
		spec: .spec.jobTemplate.spec}' | k create -f - >/dev/null
}

# all_there NAMESPACE: every controller has made its pods
all_there() {
	k get pods -n "$1" -o json | jq -e '[.items[] | .metadata.ownerReferences[0].kind // "Pod"] | group_by(.) | map({key: .[0], value: length}) | from_entries
		== {DaemonSet: 3, Job: 2, Pod: 1, ReplicaSet: 4, StatefulSet: 2}'
}

core_exact_offline() {
	ns_new "$CASE"
	ns_new "$CASE-offline"
	# what it would see in a cluster: whose Job this is
	mkdir "$W/objects"
	cat >"$W/objects/job.yaml" <<-EOF
		apiVersion: batch/v1
		kind: Job
		metadata:
		  name: nightly-29381234
		  namespace: $CASE
		  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, uid: 8d1ffb2b-4fa2-4a0c-9a49-0a2f3d1a7d4c, controller: true}]
	EOF
	ours "$CASE" --objects "$W/objects"
	k apply -n "$CASE" -f "$here/conf/workloads.yaml" >/dev/null
	"$OG_BIN" inject -n "$CASE" -c "$here/conf/otelgate.yaml" -f "$here/conf/workloads.yaml" >"$W/injected.yaml"
	k apply -n "$CASE-offline" -f "$W/injected.yaml" >/dev/null
	cron_job_now "$CASE"
	cron_job_now "$CASE-offline"
	until_true 60 'not all pods were created' all_there "$CASE"
	until_true 60 'not all pods were created offline' all_there "$CASE-offline"
	pods "$CASE" >"$W/admitted.json"
	pods "$CASE-offline" >"$W/offline.json"
	eq "$(jq '[.[] | select(.labels["otelgate.dev/revision"])] | length' "$W/admitted.json")" 9 'injected pods that differ'
	same "$W/offline.json" "$W/admitted.json" 'what was admitted (+) is not what inject prints (-)'
	# and nothing was refused or failed on the way
	eq "$(metric otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}
