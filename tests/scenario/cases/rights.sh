# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The roles grant what is used and nothing else: everything that webhook and controller ever do is done here once, and
# then each right of each role has to have been used.

# crd GROUP VERSION PLURAL KIND: a definition of somebody else's, without a schema
crd() {
	jq -n --arg g "$1" --arg v "$2" --arg p "$3" --arg k "$4" '{apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
		metadata: {name: "\($p).\($g)"}, spec: {group: $g, scope: "Namespaced", names: {plural: $p, singular: ($k | ascii_downcase), kind: $k},
		versions: [{name: $v, served: true, storage: true,
			schema: {openAPIV3Schema: {type: "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}' | apply
}

# watch_fault USER RESOURCE NTH COUNT ACTION: of the watches of a resource
watch_fault() {
	jq -nc --arg u "system:serviceaccount:otelgate:otelgate-$1" --arg r "$2" --argjson nth "$3" --argjson count "$4" --argjson action "$5" \
		'{match: {user: $u, verb: "watch", resource: $r, nth: $nth, count: $count}, action: $action}'
}

# An API server without streamed lists: each first watch is refused, and what it is for listed. Of what owns pods the
# webhook is shown nothing afterwards, so that it has to ask.
older_server() {
	local r old='{"type": "status", "code": 422, "reason": "Invalid", "message": "sendInitialEvents is forbidden"}'
	for r in grafanastacks telemetryprofiles mutatingwebhookconfigurations; do
		watch_fault webhook $r 1 1 "$old"
	done
	watch_fault webhook secrets 1 1 "$old"
	for r in namespaces deployments replicasets statefulsets daemonsets jobs cronjobs rollouts; do
		watch_fault webhook $r 1 1 "$old"
		watch_fault webhook $r 2 1 '{"type": "stall", "after": 0}'
	done
	for r in grafanastacks telemetryprofiles mutatingwebhookconfigurations namespaces deployments replicasets statefulsets \
		daemonsets jobs cronjobs rollouts pods networkpolicies services workloadtelemetries ciliumnetworkpolicies; do
		watch_fault controller $r 1 1 "$old"
	done
	watch_fault controller secrets 1 2 "$old"
}

# A Rollout as Argo has it, and its ReplicaSet, which the simulator makes pods of.
rollout() {
	jq -n --arg ns "$NS" --arg p "$CASE-argo" '
		def pod: {metadata: {labels: {app: "argo"}, annotations: {"otelgate.dev/inject": $p}},
			spec: {containers: [{name: "main", image: "registry.test/a:1"}]}};
		{apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata: {name: "argo", namespace: $ns, generation: 1},
			spec: {replicas: 1, selector: {matchLabels: {app: "argo"}}, template: pod},
			status: {phase: "Healthy", observedGeneration: "1", replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}}' >"$W/rollout.json"
	must POST "/apis/argoproj.io/v1alpha1/namespaces/$NS/rollouts" "$W/rollout.json"
	jq --arg uid "$(jq -r .metadata.uid "$W/answer")" '{apiVersion: "apps/v1", kind: "ReplicaSet",
		metadata: {name: "argo-1", namespace: .metadata.namespace, ownerReferences: [{apiVersion: "argoproj.io/v1alpha1", kind: "Rollout",
			name: "argo", uid: $uid, controller: true}]}, spec: (.spec | {replicas, selector, template})}' "$W/rollout.json" | apply
}

# Job of a CronJob, made now.
run_now() {
	get cronjobs.batch nightly | jq '{apiVersion: "batch/v1", kind: "Job", metadata: {name: "nightly-now", namespace: .metadata.namespace,
		ownerReferences: [{apiVersion: "batch/v1", kind: "CronJob", name: .metadata.name, uid: .metadata.uid, controller: true}]},
		spec: .spec.jobTemplate.spec}' | apply
}

host_policy() { as_admin -f "$(server)/apis/cilium.io/v2/namespaces/$NS/ciliumnetworkpolicies/otelgate-egress-deployment-web"; }
host_policy_says() { host_policy | grep -q "$1"; }

managed_all='.spec.restart = {mode: "managed", pause: "0s", maxPerNamespace: 100, maxPerCluster: 100}'

# unused: what is left of the rights when those that were used are taken away, one a line
unused() {
	local sa role
	api GET /sim/uses >"$W/uses"
	for sa in webhook controller; do
		for role in $(api GET "$(where clusterrolebindings.rbac.authorization.k8s.io '')" |
			jq -r --arg n "otelgate-$sa" '.items[] | select(.subjects[0].name == $n) | .roleRef.name'); do
			get clusterroles.rbac.authorization.k8s.io "$role" '' | jq --arg u "system:serviceaccount:otelgate:otelgate-$sa" '{u: $u, ns: "", rules}'
		done
		for role in $(api GET "$(where rolebindings.rbac.authorization.k8s.io otelgate)" |
			jq -r --arg n "otelgate-$sa" '.items[] | select(.subjects[0].name == $n) | .roleRef.name'); do
			get roles.rbac.authorization.k8s.io "$role" otelgate | jq --arg u "system:serviceaccount:otelgate:otelgate-$sa" '{u: $u, ns: "otelgate", rules}'
		done
	done >"$W/roles"
	jq -rs --rawfile uses "$W/uses" '
		($uses | split("\n") | map(select(. != "") | split("\t") | {u: .[0], verb: .[1], group: .[2], resource: .[3], ns: .[4], name: .[5]})) as $uses
		| .[] | . as $role | .rules[] | . as $rule
		| $rule.apiGroups[] as $g | $rule.resources[] as $r | $rule.verbs[] as $v | ($rule.resourceNames // [""])[] as $n
		| select($uses | any(.u == $role.u and .verb == $v and .group == $g and .resource == $r
			and ($role.ns == "" or .ns == $role.ns) and ($n == "" or .name == $n)) | not)
		| "\($role.u | sub(".*:"; "")) \(if $role.ns == "" then "everywhere" else "in \($role.ns)" end): \($v) \($r)\(if $g == "" then "" else ".\($g)" end) \($n)"' \
		"$W/roles" | sort -u
}

sim_rights_used() {
	local w
	crd argoproj.io v1alpha1 rollouts Rollout
	crd cilium.io v2 ciliumnetworkpolicies CiliumNetworkPolicy
	fault "$(older_server)"
	world "$managed_all"
	faults_clear
	grep -q '^otelgate-controller everywhere: patch statefulsets.apps ' <(unused) || fail 'a right that is not used yet is not found'
	deny | apply
	# one of each kind, with a profile of its own: in each the first one is restarted at once
	for w in StatefulSet/db DaemonSet/agent Rollout/argo; do
		profile "$managed_all | .metadata.name += \"-${w#*/}\"" | apply
	done
	workload Deployment web | apply
	for w in StatefulSet/db DaemonSet/agent; do
		workload "${w%/*}" "${w#*/}" ".spec.template.metadata.annotations[\"otelgate.dev/inject\"] += \"-${w#*/}\"" | apply
	done
	rollout
	workload CronJob nightly | apply
	run_now
	ns_new "$NS-later"
	workload Pod lone . "$NS-later" | apply
	until_true 30 'not there' has_header "$NS" "$(header $id $token)"
	for w in Deployment/web StatefulSet/db DaemonSet/agent Rollout/argo; do
		seen $w "($(condition CredentialsReady True)) and .pods.total >= 1" 'looked at'
	done
	until_true 30 'no policies' policies_are 5
	# what is ours is spoilt and put right, the CA too
	api PATCH "/api/v1/namespaces/$NS/secrets/otelgate-otlp" - application/merge-patch+json <<<'{"data": {"otlp-headers": "eA=="}}' >/dev/null
	api PATCH "/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies/otelgate-egress-deployment-web" - application/merge-patch+json <<<'{"spec": {"egress": [{}]}}' >/dev/null
	api PATCH /api/v1/namespaces/otelgate/secrets/otelgate-webhook-ca - application/merge-patch+json <<<'{"data": {"ca.crt": "eA=="}}' >/dev/null
	until_true 30 'the Secret is not put right' has_header "$NS" "$(header $id $token)"
	# pods that cannot be made, and nobody says why but Events; the same Event again
	ns_quota "$NS" 1
	workload StatefulSet few | apply
	stuck StatefulSet/few QuotaExceeded OG309
	remove resourcequotas few
	for w in 1 2; do
		remove secrets grafana-cloud "$NS-tools"
		seen Deployment/web "$(condition CredentialsReady False)" 'the source has gone'
		source_secret $id $token | apply
		seen Deployment/web "$(condition CredentialsReady True)" 'the source is there again'
	done
	# a receiver outside, by host name; and with the changed configuration restarts of each kind
	stack '.spec.receiver = {type: "gateway", endpoint: "https://one.example.com/otlp"}' | apply
	until_true 30 'no policy by host name' host_policy_says one.example.com
	stack '.spec.receiver = {type: "gateway", endpoint: "https://two.example.com/otlp"}' | apply
	until_true 30 'not that of the new host' host_policy_says two.example.com
	until_true 60 'not every kind was restarted' all_restarted
	# and all of it goes
	workload Deployment web '.spec.template.metadata.annotations["otelgate.dev/inject"] = "false"' | apply
	until_true 30 'the policy by host name stays' not_there host_policy
	for w in StatefulSet/db StatefulSet/few DaemonSet/agent; do
		remove "$(plural_of "${w%/*}")" "${w#*/}"
	done
	must DELETE "/apis/argoproj.io/v1alpha1/namespaces/$NS/rollouts/argo"
	remove cronjobs.batch nightly
	until_true 60 'the Secret stays' no_secret
	until_true 30 'policies stay' policies_are 0
	unused >"$W/unused"
	[ ! -s "$W/unused" ] || fail "granted, and not used by anything: $(cat "$W/unused")"
}

not_there() { ! "$@"; }
all_restarted() {
	api GET /sim/uses | awk -F '\t' '$2 == "patch" && $4 ~ /^(deployments|statefulsets|daemonsets|rollouts)$/ && !seen[$4]++ { n++ } END { exit n != 4 }'
}
