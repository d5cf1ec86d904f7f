# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# otelgate, real SDKs and real backends in one cluster. To be read with `.` by cases.

backends() { "$here/backends" "$@"; }

# kubelet_up: programs run in pods from now on
kubelet_up() { proc_start kubelet "$here/lib/kubelet"; }

# arrival_up [RESTARTS]: a cluster of the case's own in which otelgate is installed, with backends; EDGE, CA, OTLP_HTTP, … are
# set. Two stacks: cloud sends to the edge, alloy to the collector, which sends to the edge.
arrival_up() {
	local up
	fresh_cluster
	backends up --owner $$ --sim "$OG_E2E/../sim-cloud" >"$W/backends.log" 2>&1 &
	up=$!
	installed
	k apply -k "$here/../../manifests/restarts" >/dev/null
	wait "$up" || fail "no backends: $(tail -n 3 "$W/backends.log")"
	eval "$(backends env)"
	arrival_stacks "${1:-managed}"
	replica 0
	endpoints 0
	until_asked default "$injected"
	controller_up 0
	stack_read cloud
}

# stack_read STACK: the controller knows its credential
stack_read() {
	until_true 30 'the credential of the stack was not read' api_is GET "/apis/otelgate.dev/v1alpha1/grafanastacks/$1" '.status.authHash // "" | length == 16'
}

# arrival_stacks RESTARTS: both, with their Secrets, which the controller may read; and where to ask
arrival_stacks() {
	ns_new monitoring
	credential "$USER_OTLP" "$TOKEN_WRITE"
	k create secret generic -n monitoring grafana-cloud-read --from-literal=token="$TOKEN_READ" >/dev/null
	k apply -f - >/dev/null <<-EOF
		apiVersion: rbac.authorization.k8s.io/v1
		kind: Role
		metadata: {name: otelgate-source, namespace: monitoring}
		rules:
		- {apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}
		---
		apiVersion: rbac.authorization.k8s.io/v1
		kind: RoleBinding
		metadata: {name: otelgate-source, namespace: monitoring}
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: otelgate-source}
		subjects:
		- {kind: ServiceAccount, name: otelgate-controller, namespace: otelgate}
	EOF
	{ stack_yaml cloud "$(to_cloud "$EDGE/otlp")" grafana-cloud "$1" && stack_yaml alloy "$(to_alloy "$OTLP_HTTP")" grafana-cloud "$1"; } | k apply --server-side -f - >/dev/null
}

# credential USER TOKEN: of both stacks, as somebody wrote it into their Secret
credential() {
	k create secret generic -n monitoring grafana-cloud --from-literal=instance-id="$1" --from-literal=token="$2" --dry-run=client -o json |
		k apply --server-side --force-conflicts -f - >/dev/null
}

query_yaml() { # SLUG
	if [ -n "$1" ]; then
		echo "discoveryUrl: \"$PLAIN_EDGE\""
	else
		cat <<-EOF
			prometheus: {url: "$PLAIN_EDGE/api/prom", user: "$USER_PROM"}
			loki: {url: "$PLAIN_EDGE", user: "$USER_LOKI"}
			tempo: {url: "$PLAIN_EDGE/tempo", user: "$USER_TEMPO"}
			pyroscope: {url: "$PLAIN_EDGE", user: "$USER_PYROSCOPE"}
		EOF
	fi
	printf '%s\n' 'secretRef: {name: grafana-cloud-read, namespace: monitoring}' 'interval: 15s' 'freshness: 1m' 'grace: 30s'
}

# stack_yaml NAME RECEIVER [SECRET [RESTARTS [PROFILES [SLUG]]]]: a stack, and a profile of that name. With a slug the
# backends are found by it
stack_yaml() {
	cat <<-EOF
		---
		apiVersion: otelgate.dev/v1alpha1
		kind: GrafanaStack
		metadata: {name: $1}
		spec:
		  clusterName: e2e
		  receiver: $2
		  credentials: {secretRef: {name: ${3:-grafana-cloud}, namespace: monitoring}}
		  $([ -z "${6:-}" ] || echo "slug: $6")
		  query:
		$(query_yaml "${6:-}" | sed 's/^/    /')
		---
		apiVersion: otelgate.dev/v1alpha1
		kind: TelemetryProfile
		metadata: {name: $1}
		spec:
		  stack: $1
		  signals: {metrics: expected, traces: expected, logs: expected, profiles: "${5:-off}"}
		  sdk: {propagators: [tracecontext, baggage]}
		  restart: {mode: ${4:-managed}, pause: 1s}
	EOF
	[ "$1" != cloud ] || echo '  default: true'
}

to_plain() { printf '{type: gateway, endpoint: "%s", compression: gzip}' "$1"; }
to_cloud() { printf '{type: gateway, endpoint: "%s", compression: gzip, tls: {caFile: %s}}' "$1" "$CA"; }
to_alloy() { printf '{type: collector, endpoint: "%s"}' "$1"; }

# controller_up N: as controller-N, with its ServiceAccount. Without a Lease: nobody here would start one again that
# has lost it while many programs start.
controller_up() {
	local sa=$D/sa/otelgate.otelgate-controller
	[ -e "$sa" ] || cluster sa otelgate otelgate-controller --ttl 600 >/dev/null
	rm -f "$W/controller-$1.ports"
	proc_start "controller-$1" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate POD_NAME="controller-$1" "$OG_BIN" controller \
		--no-lease --service-account-dir "$sa" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/controller-$1.ports" --log-format json --log-level debug
	until_true 30 "controller-$1 does not serve" test -s "$W/controller-$1.ports"
}

# deployment_yaml NAMESPACE NAME LANGUAGE REPLICAS LABEL PROFILE [ENV-LINE...]: a service as a team has it. It exports
# metrics every second, or a test would wait for a minute. LABEL (of pods) and PROFILE may be empty; LANGUAGE is
# python, node or none.
deployment_yaml() {
	local ns=$1 name=$2 language=$3 replicas=$4 label=$5 profile=$6
	shift 6
	cat <<-EOF
		---
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: $name, namespace: $ns}
		spec:
		  replicas: $replicas
		  selector: {matchLabels: {app: $name}}
		  template:
		    metadata:
		      labels: {app: $name${label:+, $label}}
		      annotations: {${profile:+otelgate.dev/inject: $profile}}
		    spec:
		      containers:
		      - name: app
		        image: registry.test/sdk-$language:1
		        env:
		        - {name: OTEL_METRIC_EXPORT_INTERVAL, value: "1000"}
		        - {name: OTEL_BSP_SCHEDULE_DELAY, value: "1000"}
	EOF
	[ $# = 0 ] || printf '        - %s\n' "$@"
}

# deployment NAMESPACE NAME LANGUAGE REPLICAS: without otelgate, and it is there
deployment() {
	deployment_yaml "$1" "$2" "$3" "$4" '' '' | k apply -f - >/dev/null
	k rollout status -n "$1" "deployment/$2" --timeout=60s >/dev/null
}

# opt_in NAMESPACE NAME [PROFILE]
opt_in() {
	k patch -n "$1" deployment "$2" -p '{"spec": {"template": {"metadata": {"annotations": {"otelgate.dev/inject": "'"${3:-cloud}"'"}}}}}' >/dev/null
}

# pods_of NAMESPACE NAME: those that run, with their revision: lines "POD REVISION", sorted
pods_of() {
	api GET "/api/v1/namespaces/$1/pods?labelSelector=app%3D$2" | jq -r '
		.items[] | select(.status.phase == "Running" and .metadata.deletionTimestamp == null)
		| "\(.metadata.name) \(.metadata.labels["otelgate.dev/revision"] // "bare")"' | sort
}

# vector BACKEND QUERY FILTER: rows of the answer's vector by a jq filter of each .metric, sorted
vector() {
	local path=/api/v1/query
	[ "$1" != loki ] || path=/loki/api/v1/query
	backends get "$1" "$path" --data-urlencode "query=$2" | jq -r ".data.result[] | .metric | $3" | sort
}

# arrived_metrics NAMESPACE NAME: every pod that runs, and no other one, has a target_info with its revision that is not
# older than 20 s
arrived_metrics() {
	local now
	now=$(vector prom 'max by (k8s_pod_name, otelgate_revision) (timestamp(target_info{k8s_namespace_name="'"$1"'", k8s_pod_name=~"'"$2"'-.+"})) > time() - 20' \
		'"\(.k8s_pod_name) \(.otelgate_revision)"')
	[ -n "$now" ] && [ "$now" = "$(pods_of "$1" "$2")" ]
}

# arrived_traces NAMESPACE NAME: spans of each
arrived_traces() {
	local now
	now=$(backends get tempo /api/metrics/query -G --data-urlencode since=20s --data-urlencode \
		'q={resource.k8s.namespace.name="'"$1"'" && resource.k8s.deployment.name="'"$2"'"}|count_over_time() by(resource.k8s.pod.name,resource.otelgate.revision)' |
		jq -r '.series // [] | .[].labels | map({(.key): .value.stringValue}) | add | "\(.["resource.k8s.pod.name"]) \(.["resource.otelgate.revision"])"' | sort)
	[ -n "$now" ] && [ "$now" = "$(pods_of "$1" "$2")" ]
}

# arrived_logs NAMESPACE NAME: each pod's lines, with the revision as metadata and ids of traces
arrived_logs() {
	local now
	now=$(vector loki 'sum by (k8s_pod_name, otelgate_revision) (count_over_time({k8s_namespace_name="'"$1"'", k8s_pod_name=~"'"$2"'-.+"} | trace_id != "" [20s]))' \
		'"\(.k8s_pod_name) \(.otelgate_revision)"')
	[ -n "$now" ] && [ "$now" = "$(pods_of "$1" "$2")" ]
}

# said_of NAMESPACE NAME: the status of its WorkloadTelemetry
said_of() { api GET "/apis/otelgate.dev/v1alpha1/namespaces/$1/workloadtelemetries/deployment-$2" | jq -c '.status // {}'; }

# is_proved NAMESPACE NAME PROFILE: what its template says now is what runs, and it arrives
is_proved() {
	local generation
	generation=$(api GET "/apis/apps/v1/namespaces/$1/deployments/$2" | jq .metadata.generation)
	said_of "$1" "$2" | jq -e --argjson generation "$generation" --arg profile "$3" '
		.observedGeneration == $generation and .profile == $profile
		and (.conditions | any(.type == "Ready" and .status == "True" and .reason == "Arrives"))'
}
