# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# otelgate, real SDKs and real backends in one cluster. To be read with `.` by cases.

backends() { "$here/backends" "$@"; }

# kubelet_up NAMESPACE: programs run in its pods from now on
kubelet_up() { proc_start "kubelet-$1" "$here/lib/kubelet" "$1"; }

# arrival_up: a cluster of the case's own in which otelgate is installed, with backends; EDGE, CA, OTLP_HTTP, … are
# set. Two stacks: cloud sends to the edge, alloy to the collector, which sends to the edge.
arrival_up() {
	local up sim=()
	fresh_cluster
	[ ! -x "$OG_E2E/../sim-cloud" ] || sim=(--sim "$OG_E2E/../sim-cloud")
	backends up --owner $$ "${sim[@]}" >"$W/backends.log" 2>&1 &
	up=$!
	installed
	wait "$up" || fail "no backends: $(tail -n 3 "$W/backends.log")"
	eval "$(backends env)"
	ns_new monitoring
	credential "$USER_OTLP" "$TOKEN_WRITE"
	k create secret generic -n monitoring grafana-cloud-read --from-literal=token="$TOKEN_READ" >/dev/null
	k apply -f - >/dev/null <<-EOF
		apiVersion: rbac.authorization.k8s.io/v1
		kind: Role
		metadata: {name: otelgate-source, namespace: monitoring}
		rules:
		- {apiGroups: [""], resources: [secrets], resourceNames: [grafana-cloud, grafana-cloud-read], verbs: [get, list, watch]}
		---
		apiVersion: rbac.authorization.k8s.io/v1
		kind: RoleBinding
		metadata: {name: otelgate-source, namespace: monitoring}
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: otelgate-source}
		subjects:
		- {kind: ServiceAccount, name: otelgate-controller, namespace: otelgate}
	EOF
	stack cloud
	stack alloy
	profile cloud
	profile alloy
	replica 0
	endpoints 0
	until_asked default '.metadata.annotations != null'
	controller_up 0
	until_true 30 'the credential of the stack was not read' api_is GET /apis/otelgate.dev/v1alpha1/grafanastacks/cloud '.status.authHash // "" | length == 16'
}

# credential USER TOKEN: of both stacks, as somebody wrote it into their Secret
credential() {
	k create secret generic -n monitoring grafana-cloud --from-literal=instance-id="$1" --from-literal=token="$2" --dry-run=client -o json |
		k apply --server-side --force-conflicts -f - >/dev/null
}

# stack cloud|alloy [ENDPOINT]
stack() {
	local receiver
	case $1 in
	cloud) receiver="{type: gateway, endpoint: \"${2:-$EDGE/otlp}\", compression: gzip, tls: {caFile: $CA}}" ;;
	alloy) receiver="{type: collector, endpoint: \"${2:-$OTLP_HTTP}\"}" ;;
	esac
	k apply --server-side --force-conflicts -f - >/dev/null <<-EOF
		apiVersion: otelgate.dev/v1alpha1
		kind: GrafanaStack
		metadata: {name: $1}
		spec:
		  clusterName: e2e
		  receiver: $receiver
		  credentials: {secretRef: {name: grafana-cloud, namespace: monitoring}}
		  query:
		    prometheus: {url: "$EDGE/api/prom", user: "$USER_PROM"}
		    loki: {url: "$EDGE", user: "$USER_LOKI"}
		    tempo: {url: "$EDGE/tempo", user: "$USER_TEMPO"}
		    pyroscope: {url: "$EDGE", user: "$USER_PYROSCOPE"}
		    secretRef: {name: grafana-cloud-read, namespace: monitoring}
		    interval: 10s
		    freshness: 30s
		    grace: 20s
	EOF
}

# profile NAME [SDK-LINE...]: for workloads that ask for the stack of that name
profile() {
	local name=$1
	shift
	{
		printf 'apiVersion: otelgate.dev/v1alpha1\nkind: TelemetryProfile\nmetadata: {name: %s}\nspec:\n  stack: %s\n' "$name" "$name"
		printf '  signals: {metrics: expected, traces: expected, logs: expected, profiles: "off"}\n  sdk:\n    propagators: [tracecontext, baggage]\n'
		[ $# = 0 ] || printf '    %s\n' "$@"
	} | k apply --server-side --force-conflicts -f - >/dev/null
}

# controller_up N: as controller-N, with its ServiceAccount
controller_up() {
	local sa=$D/sa/otelgate.otelgate-controller
	[ -e "$sa" ] || cluster sa otelgate otelgate-controller --ttl 600 >/dev/null
	rm -f "$W/controller-$1.ports"
	# the edge's CA is one of the system's, for it
	proc_start "controller-$1" env -u KUBECONFIG HOME=/nonexistent SSL_CERT_FILE="$CA" KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate POD_NAME="controller-$1" "$OG_BIN" controller \
		--service-account-dir "$sa" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/controller-$1.ports" --log-format json --log-level debug
	until_true 30 "controller-$1 does not serve" test -s "$W/controller-$1.ports"
}

# deployment NAMESPACE NAME python|node [REPLICAS [ENV-LINE...]]: a service as a team has it, without otelgate. It
# exports metrics every second, or a test would wait for a minute.
deployment() {
	local ns=$1 name=$2 language=$3 replicas=${4:-1}
	shift $(($# < 4 ? $# : 4))
	{
		cat <<-EOF
			apiVersion: apps/v1
			kind: Deployment
			metadata: {name: $name, namespace: $ns}
			spec:
			  replicas: $replicas
			  selector: {matchLabels: {app: $name}}
			  template:
			    metadata: {labels: {app: $name}}
			    spec:
			      containers:
			      - name: app
			        image: registry.test/sdk-$language:1
			        env:
			        - {name: OTEL_METRIC_EXPORT_INTERVAL, value: "1000"}
			        - {name: OTEL_BSP_SCHEDULE_DELAY, value: "1000"}
		EOF
		[ $# = 0 ] || printf '        - %s\n' "$@"
	} | k apply -f - >/dev/null
	k rollout status -n "$ns" "deployment/$name" --timeout=60s >/dev/null
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

# arrived_logs NAMESPACE NAME: each pod's lines, with the revision as metadata and ids of traces
arrived_logs() {
	local now
	now=$(vector loki 'sum by (k8s_pod_name, otelgate_revision) (count_over_time({k8s_namespace_name="'"$1"'", k8s_pod_name=~"'"$2"'-.+"} | trace_id != "" [20s]))' \
		'"\(.k8s_pod_name) \(.otelgate_revision)"')
	[ -n "$now" ] && [ "$now" = "$(pods_of "$1" "$2")" ]
}
