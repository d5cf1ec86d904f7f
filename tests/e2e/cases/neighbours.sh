# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Other admission beside ours: webhooks before and after, PodSecurity, LimitRange, ResourceQuota.

# neighbours NAMESPACE BEFORE AFTER: paths of the other webhook, asked before and after ours; - is none
neighbours() {
	neighbour_up
	[ "$2" = - ] || register a-neighbour "$(port neighbour)" "$2" "$1"
	[ "$3" = - ] || register z-neighbour "$(port neighbour)" "$3" "$1"
	probe_pod >"$W/probe.json"
	until_true 30 'the API server does not ask the neighbour' neighbour_asked "$1" "$2" "$3"
}

neighbour_asked() {
	local filter='true' p
	for p in "$2" "$3"; do
		case $p in
		/sidecar) filter+=' and ([.spec.containers[].name] | index("neighbour") != null)' ;;
		/env) filter+=' and ([.spec.containers[0].env[].name] | index("NEIGHBOUR") != null)' ;;
		/first) filter+=' and .spec.containers[0].env[0].name == "NEIGHBOUR_FIRST"' ;;
		esac
	done
	api_is POST "/api/v1/namespaces/$1/pods?dryRun=All" "$filter" "$W/probe.json"
}

# calls NAMESPACE FILTER: over the audited creations of real pods there
calls() {
	admissions "$1" | jq -s "[.[] | select(.dry | not)] | $2"
}

workloads_admitted() {
	k apply -n "$1" -f "$here/conf/workloads.yaml" >/dev/null
	k rollout status -n "$1" deployment/web statefulset/db daemonset/agent --timeout=30s ||
		fail "not all pods are Ready: $(k get events -n "$1" -o jsonpath='{.items[?(@.reason=="FailedCreate")].message}' )"
	k wait -n "$1" job/import --for=condition=Complete --timeout=60s
	k get pods -n "$1" -o json >"$W/pods.json"
	no_doubles "$W/pods.json" || fail 'something is there twice'
	eq "$(jq '[.items[] | select(.metadata.labels["otelgate.dev/revision"])] | length' "$W/pods.json")" 9 'injected pods'
	eq "$(metric otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}

# Somebody after us changes the pod: we are asked again, with the API server's defaults and the token
# volume in it, and find nothing to do.
settles_after() { # PATH
	ns_new "$CASE"
	ours "$CASE"
	neighbours "$CASE" - "$1"
	workloads_admitted "$CASE"
	eq "$(calls "$CASE" '[.[].calls[] | select(.round == 1 and (.configuration | endswith("m-otelgate")))] | length > 0')" true 'asked again'
	eq "$(calls "$CASE" '[.[].calls[] | select(.round == 1 and (.configuration | endswith("m-otelgate"))) | .ops[]] | length')" 0 \
		"operations of the second round: $(calls "$CASE" '[.[].calls[] | select(.round == 1) | .ops] | unique | .[0:3]')"
}

core_neighbour_env_after() { settles_after /env; }

core_neighbour_env_put_first() { settles_after /first; }

core_neighbour_env_before() {
	ns_new "$CASE"
	ours "$CASE"
	neighbours "$CASE" /env -
	workloads_admitted "$CASE"
	# ours comes behind what was there, and the neighbour has no reason to come again
	eq "$(calls "$CASE" '[.[].calls[] | select(.mutated and .round == 1)] | length')" 0 'changes in a second round'
}

# A container that is added after us is seen in the second round, and gets what the others have.
core_neighbour_sidecar_after() {
	ns_new "$CASE"
	ours "$CASE"
	neighbours "$CASE" - /sidecar
	workloads_admitted "$CASE"
	jq -e '[.items[] | select(.metadata.labels["otelgate.dev/revision"] and .metadata.annotations["otelgate.dev/containers"] == null)
		| .spec.containers[] | select(.name == "neighbour") | [.env // [] | .[].name | select(. == "OTEL_SERVICE_NAME")] | length] | (length > 0) and all(. == 1)' \
		"$W/pods.json" >/dev/null || fail 'the container added later is not injected'
	# who named containers gets those alone
	jq -e '[.items[] | select(.metadata.annotations["otelgate.dev/containers"]) | .spec.containers[] | select(.name != "load") | .env // [] | .[]] == []' \
		"$W/pods.json" >/dev/null || fail 'a container that was not named is injected'
}

core_neighbour_sidecar_before_and_env_after() {
	ns_new "$CASE"
	ours "$CASE"
	neighbours "$CASE" /sidecar /env
	workloads_admitted "$CASE"
	eq "$(calls "$CASE" '[.[].calls[] | select(.round == 1 and (.configuration | endswith("m-otelgate"))) | .ops[]] | length')" 0 'operations of the second round'
}

# A pod as it stands in the cluster, created once more (kubectl get | kubectl create, backups, copies):
# nothing to do.
core_neighbour_none_pod_comes_back() {
	local i n
	ns_new "$CASE"
	ours "$CASE"
	workloads_admitted "$CASE"
	jq -c '.items[] | select(.metadata.labels["otelgate.dev/revision"]) | del(.status, .metadata.uid, .metadata.resourceVersion,
		.metadata.creationTimestamp, .metadata.managedFields, .spec.nodeName) | if .metadata.generateName then del(.metadata.name) else . end' \
		"$W/pods.json" | jq -s 'unique_by(.metadata.generateName // .metadata.name)' >"$W/again.json"
	n=$(jq length "$W/again.json")
	for ((i = 0; i < n; i++)); do
		jq ".[$i]" "$W/again.json" >"$W/pod.json"
		dry_run "$CASE" "$W/pod.json" >"$W/answer.json"
	done
	until_true 30 'the audit log is behind' dry_runs_audited "$CASE" "$n"
	eq "$(admissions "$CASE" | jq -s '[.[] | select(.dry and .name != "probe") | .calls[].ops[]] | length')" 0 \
		"operations: $(admissions "$CASE" | jq -cs '[.[] | select(.dry and .name != "probe") | .calls[].ops | select(. != [])][0:3]')"
}

dry_runs_audited() {
	[ "$(admissions "$1" | jq -s '[.[] | select(.dry and .name != "probe")] | length')" -ge "$2" ]
}

# Pods that fulfil `restricted` still do.
core_neighbour_podsecurity_restricted() {
	local with without
	ns_new "$CASE" pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted
	ns_new "$CASE-without" pod-security.kubernetes.io/enforce=restricted
	webhook_up otelgate
	register m-otelgate "$(port otelgate)" /mutate "$CASE"
	restricted java >"$W/restricted.yaml"
	probe_pod | jq '.spec.securityContext = {runAsNonRoot: true, seccompProfile: {type: "RuntimeDefault"}}
		| .spec.containers[0].securityContext = {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}' >"$W/probe.json"
	until_true 30 'not injected' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" "$injected" "$W/probe.json"
	{ restricted java && restricted nodejs && restricted python/glibc && restricted dotnet/musl; } | k create -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/java deployment/nodejs deployment/python deployment/dotnet --timeout=60s
	k get pods -n "$CASE" -o json | jq -e "[.items[] | (.spec.initContainers | length == 1) and ($injected)] | (length == 4) and all" >/dev/null ||
		fail 'not injected'
	# whoever does not fulfil it is refused in the same words: not a word about us
	probe_pod >"$W/bad.json"
	with=$(dry_run "$CASE" "$W/bad.json" | jq -r .message)
	without=$(dry_run "$CASE-without" "$W/bad.json" | jq -r .message)
	eq "${with//$CASE/NS}" "${without//$CASE-without/NS}" 'the refusal'
	case $without in
	*'violates PodSecurity'*) ;;
	*) fail "not refused: $without" ;;
	esac
}

restricted() { # LANGUAGE
	cat <<-EOF
		---
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: ${1%/*}}
		spec:
		  selector: {matchLabels: {app: ${1%/*}}}
		  template:
		    metadata:
		      labels: {app: ${1%/*}}
		      annotations: {otelgate.dev/inject: "true", otelgate.dev/language: $1}
		    spec:
		      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
		      containers:
		      - name: main
		        image: registry.test/app:1
		        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
		        resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {cpu: 50m, memory: 64Mi}}
	EOF
}

# Neither the LimitRange's bounds nor the defaults it fills in, nor a quota that was enough without us,
# keep a pod from being created.
core_neighbour_limitrange() { limits 1 1Gi 5m 16Mi; }

# Tighter than what a copy asks for when nothing else is known.
core_neighbour_limitrange_tight() { limits 200m 128Mi 20m 64Mi; }

limits() { # MAX-CPU MAX-MEMORY MIN-CPU MIN-MEMORY
	ns_new "$CASE"
	ours "$CASE"
	cat <<-EOF | k create -n "$CASE" -f - >/dev/null
		apiVersion: v1
		kind: LimitRange
		metadata: {name: bounds}
		spec:
		  limits:
		  - type: Container
		    default: {cpu: 100m, memory: 128Mi}
		    defaultRequest: {cpu: 20m, memory: 64Mi}
		    max: {cpu: $1, memory: $2}
		    min: {cpu: $3, memory: $4}
	EOF
	until_true 30 'the LimitRange has no effect' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" \
		'.spec.containers[0].resources.limits.cpu == "100m"' "$W/probe.json"
	workloads_admitted "$CASE"
}

# quota REQUEST-CPU REQUEST-MEMORY LIMIT-CPU LIMIT-MEMORY: of the container, and of the namespace
quota() {
	ns_new "$CASE"
	ours "$CASE"
	restricted java | k create --dry-run=client -o json -f - | jq --arg rc "$1" --arg rm "$2" --arg lc "$3" --arg lm "$4" '
		del(.metadata.namespace) | .spec.template.spec.containers[0].resources = {requests: {cpu: $rc, memory: $rm}, limits: {cpu: $lc, memory: $lm}}' >"$W/deployment.json"
	k create quota -n "$CASE" exact --hard="pods=1,requests.cpu=$1,requests.memory=$2,limits.cpu=$3,limits.memory=$4" >/dev/null
	k wait -n "$CASE" resourcequota/exact --for=jsonpath='{.status.hard.pods}'=1 --timeout=30s
	# admission has heard of it: who does not say what it needs is refused
	until_true 60 'the quota has no effect' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" \
		'.code == 403 and (.message | contains("exact"))' "$W/probe.json"
	k create -n "$CASE" -f "$W/deployment.json" >/dev/null
	k rollout status -n "$CASE" deployment/java --timeout=30s ||
		fail "no pod: $(k get events -n "$CASE" -o jsonpath='{.items[?(@.reason=="FailedCreate")].message}')"
	k get pods -n "$CASE" -o json | jq -e "[.items[] | $injected] == [true]" >/dev/null || fail 'not injected'
	until_true 30 "what is used is not $*" used_is "$*"
}

used_is() {
	[ "$(k get quota -n "$CASE" exact -o jsonpath='{.status.used.requests\.cpu} {.status.used.requests\.memory} {.status.used.limits\.cpu} {.status.used.limits\.memory}')" = "$1" ]
}

core_neighbour_quota_guaranteed() { quota 50m 64Mi 50m 64Mi; }

core_neighbour_quota_burstable() { quota 20m 32Mi 100m 64Mi; }

core_neighbour_quota_smaller_than_a_copy() { quota 5m 16Mi 100m 64Mi; }
