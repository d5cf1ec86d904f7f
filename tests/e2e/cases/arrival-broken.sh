# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Ways in which telemetry does not arrive, all at once, each in a namespace of its own with real SDKs and a real way to
# the backends; and what then really is in them.

# shellcheck source=tests/e2e/lib/arrival.sh
. "$here/lib/arrival.sh"

# What is in the backends of each (metrics, traces, logs: yes or no; what has lost its revision is "bare"), and why.
broken_table() {
	cat <<-'EOF'
		healthy-python   yes  yes  yes  nothing is wrong
		healthy-node     yes  yes  yes  nothing is wrong
		healthy-alloy    yes  yes  yes  nothing is wrong, by a collector
		wrong-token      no   no   no   401: the edge does not know the token
		no-traces-scope  yes  no   yes  401 for traces: the token may not write them
		swapped          no   no   no   id and token are in each other's place
		wrong-zone       no   no   no   401: the gateway of another zone
		no-otlp-path     no   no   no   404: the base URL without /otlp
		portal           no   no   no   200 from somebody else; SDKs are content
		grpc-port        no   no   no   HTTP is spoken to the port of gRPC
		alloy-down       no   no   no   nobody listens
		alloy-refusing   no   no   no   503 for as long as it lasts
		certificate      no   no   no   pods were given another CA than its own
		cut-off          no   no   no   no way out of the pod
		drops            bare bare bare the pipeline removes the pod's name and the revision
		unknown-service  yes  yes  yes  OTEL_SERVICE_NAME is empty, and it is unknown_service
		one-name         yes  yes  yes  two Deployments under one name
		behind           no   no   no   the clock is two hours late: samples are too old
		sampler-off      yes  no   yes  OTEL_TRACES_SAMPLER=always_off
		metrics-none     no   yes  yes  OTEL_METRICS_EXPORTER=none
		disabled         no   no   no   OTEL_SDK_DISABLED=true
		no-sdk           no   no   no   the image has no SDK
		idle-python      no   no   no   nobody asks it, and it has no metrics of its own runtime
		idle-node        yes  no   no   nobody asks it; its runtime's metrics arrive
		own-endpoint     no   no   no   the pod's own endpoint wins, and has no protocol: SDKs want gRPC
	EOF
}

secret() { # NAME ID TOKEN
	echo ---
	k create secret generic -n monitoring "$1" --from-literal=instance-id="$2" --from-literal=token="$3" --dry-run=client -o yaml
}

broken_stacks() {
	secret wrong-token "$USER_OTLP" glc_sim-forgotten
	secret no-traces-scope "$USER_OTLP" glc_sim-no-traces
	secret swapped "$TOKEN_WRITE" "$USER_OTLP"
	stack_yaml wrong-token "$(to_cloud "$EDGE/otlp")" wrong-token
	stack_yaml no-traces-scope "$(to_cloud "$EDGE/otlp")" no-traces-scope
	stack_yaml swapped "$(to_cloud "$EDGE/otlp")" swapped
	stack_yaml wrong-zone "$(to_cloud "$OTHER_EDGE/otlp")"
	stack_yaml no-otlp-path "{type: collector, endpoint: \"$EDGE\", tls: {caFile: $CA}}"
	stack_yaml portal "{type: collector, endpoint: \"$EDGE/portal\", tls: {caFile: $CA}}"
	stack_yaml grpc-port "$(to_alloy "$OTLP_GRPC")"
	stack_yaml alloy-down "$(to_alloy http://127.0.0.1:1)"
	stack_yaml alloy-refusing "$(to_alloy "$OTLP_REFUSING")"
	stack_yaml certificate "{type: gateway, endpoint: \"$EDGE/otlp\", tls: {caFile: ${CA%/*}/stranger-ca.crt}}"
	stack_yaml drops "$(to_alloy "$OTLP_DROP")"
}

app() { # NAMESPACE LANGUAGE PROFILE [LABEL [ENV-LINE...]]
	local ns=$1 language=$2 profile=$3 label=${4:-}
	shift $(($# < 4 ? $# : 4))
	deployment_yaml "$ns" app "$language" 1 "$label" "$profile" '{name: SHOP_REQUESTS_PER_SECOND, value: "1"}' "$@"
}

env() { printf '{name: %s, value: "%s"}' "$1" "$2"; }

broken_apps() {
	local ns
	app healthy-python python cloud
	app healthy-node node cloud
	app healthy-alloy python alloy
	for ns in wrong-token no-traces-scope swapped wrong-zone no-otlp-path portal grpc-port alloy-down alloy-refusing certificate drops; do
		app "$ns" python "$ns"
	done
	app cut-off python cloud 'e2e.otelgate.dev/network: none'
	app unknown-service python cloud '' "$(env OTEL_SERVICE_NAME '')"
	app one-name python cloud '' "$(env OTEL_SERVICE_NAME same)"
	app one-name python cloud '' "$(env OTEL_SERVICE_NAME same)" | sed 's/app: app/app: other/g; s/name: app, /name: other, /'
	app behind python alloy 'e2e.otelgate.dev/skew: m7200'
	app sampler-off python cloud '' "$(env OTEL_TRACES_SAMPLER always_off)"
	app metrics-none python cloud '' "$(env OTEL_METRICS_EXPORTER none)"
	app disabled python cloud '' "$(env OTEL_SDK_DISABLED true)"
	app no-sdk none cloud
	app idle-python python cloud '' "$(env SHOP_REQUESTS_PER_SECOND 0)" | sed '/SHOP_REQUESTS_PER_SECOND, value: "1"/d'
	app idle-node node cloud '' "$(env SHOP_REQUESTS_PER_SECOND 0)" | sed '/SHOP_REQUESTS_PER_SECOND, value: "1"/d'
	app own-endpoint python cloud '' "$(env OTEL_EXPORTER_OTLP_ENDPOINT http://127.0.0.1:1)"
}

# broken_seen: lines NAMESPACE METRICS TRACES LOGS, of the last half minute
broken_seen() {
	{
		vector prom 'group by (k8s_namespace_name, otelgate_revision) (timestamp(target_info{k8s_cluster_name="e2e"}) > time() - 30)' \
			'"\(.k8s_namespace_name) 1 \(if .otelgate_revision then "yes" else "bare" end)"'
		backends get tempo /api/metrics/query -G --data-urlencode since=30s --data-urlencode \
			'q={resource.k8s.cluster.name="e2e"}|count_over_time() by(resource.k8s.namespace.name,resource.otelgate.revision)' |
			jq -r '.series // [] | .[].labels | map({(.key): .value.stringValue}) | add
				| "\(.["resource.k8s.namespace.name"]) 2 \(if .["resource.otelgate.revision"] == "nil" then "bare" else "yes" end)"'
		vector loki 'sum by (k8s_namespace_name, otelgate_revision) (count_over_time({k8s_cluster_name="e2e"}[30s]))' \
			'"\(.k8s_namespace_name) 3 \(if .otelgate_revision then "yes" else "bare" end)"'
	} >"$W/seen" || return 1
	broken_table | while read -r name _; do
		awk -v n="$name" 'BEGIN { s[1] = s[2] = s[3] = "no" } $1 == n { s[$2] = $3 } END { print n, s[1], s[2], s[3] }' "$W/seen"
	done
}

broken_as_expected() {
	broken_table | awk '{ print $1, $2, $3, $4 }' >"$W/expected"
	broken_seen >"$W/actual" && cmp -s "$W/expected" "$W/actual"
}

nobody_outdated() {
	api_is GET /apis/otelgate.dev/v1alpha1/workloadtelemetries '[.items[].status.conditions // [] | .[] | select(.reason == "StartedBeforeSecret" or .reason == "Progressing")]
		| length == 0'
}

credential_in() { api_is GET "/api/v1/namespaces/$1/secrets/otelgate-otlp" '.data["otlp-headers"] | length > 0'; }

all_programs_run() { [ "$(proc_names | grep -c '^pod\.')" -ge $(($(broken_table | wc -l) + 1)) ]; }

full_arrival_broken() {
	local begin i
	arrival_up managed
	backends token glc_sim-no-traces metrics:write,logs:write
	{ broken_table | awk '{ printf "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", $1 }' && broken_stacks; } |
		k apply --server-side -f - >/dev/null
	for i in $(broken_table | awk '{ print $1 }'); do
		ns_usable "$i"
	done
	broken_apps >"$W/apps.yaml"
	k apply -f "$W/apps.yaml" >/dev/null
	# pods that start before their Secret would send without it until somebody restarts them
	for i in healthy-python healthy-node healthy-alloy wrong-token no-traces-scope drops unknown-service one-name behind sampler-off metrics-none idle-node; do
		until_true 60 "no credential in $i" credential_in "$i"
	done
	until_true 60 'who started before its Secret is not restarted' nobody_outdated
	begin=$(now_ms)
	kubelet_up
	until_true 60 'not all programs run' all_programs_run
	note "all programs run after $(($(now_ms) - begin)) ms"
	until_ok 90 broken_as_expected || {
		diff -y -W 100 "$W/expected" "$W/actual" >&2
		fail 'left: what should be in the backends, right: what is'
	}
	note "as expected after $(($(now_ms) - begin)) ms"
	# a silence is only seen by waiting: it holds for longer than the slowest of them took to arrive
	for i in 1 2 3; do
		sleep 8
		until_ok 4 broken_as_expected || {
			diff -y -W 100 "$W/expected" "$W/actual" >&2
			fail 'it changed'
		}
	done
	broken_edge
	broken_logs
	until_ok 60 verdicts_as_expected || {
		diff -y -W 150 "$W/expected" "$W/actual" >&2
		fail 'left: what should be said of metrics, traces and logs, right: what is'
	}
	note "said of each after $(($(now_ms) - begin)) ms"
	k get wt -A >&2
}

# verdicts_as_expected: a workload says of each signal what is in the backends, and why not, where the pod itself tells
verdicts_as_expected() {
	broken_table | awk '
		BEGIN {
			say["yes"] = say["bare"] = "Arriving"
			say["no"] = "NeverArrived"
			own["disabled", 2] = own["disabled", 3] = own["disabled", 4] = own["metrics-none", 2] = "ExporterNone"
			own["own-endpoint", 2] = own["own-endpoint", 3] = own["own-endpoint", 4] = "SentElsewhere"
			own["sampler-off", 3] = "SampledOut"
			own["idle-node", 3] = own["idle-node", 4] = "TrafficUnknown"
		}
		{
			line = $1
			for (i = 2; i <= 4; i++)
				line = line " " (($1, i) in own ? own[$1, i] : say[$i])
			print line
			if ($1 == "one-name")
				print line
		}' | sort >"$W/expected"
	api GET /apis/otelgate.dev/v1alpha1/workloadtelemetries | jq -r '
		.items[] | .metadata.namespace as $ns | (.status.conditions // [] | map({(.type): .reason}) | add)
		| "\($ns) \(.MetricsReceived) \(.TracesReceived) \(.LogsReceived)"' | sort >"$W/actual" && cmp -s "$W/expected" "$W/actual"
}

# calls PATH STATUS: how often the edge has said so there
calls() { jq -r "select(.path == \"$1\" and .status == $2) | 1" "$D/log/back.calls.log" | wc -l; }

# broken_edge: what the edge has seen of it
broken_edge() {
	[ "$(calls /otlp/v1/traces 401)" -gt "$(calls /otlp/v1/logs 401)" ] || fail 'nobody was refused traces alone'
	[ "$(calls /v1/metrics 404)" -gt 0 ] || fail 'nobody came without /otlp'
	[ "$(calls /otlp/v1/metrics 400)" -gt 0 ] || fail 'no sample was too old'
	[ "$(calls /v1/metrics 503)" -gt 0 ] || fail 'no collector refused'
	[ "$(calls /edge/portal 200)" -gt 0 ] || fail 'nobody came to the portal'
}

# said NAMESPACE TEXT: its SDK did
said() { grep -qhF -- "$2" "$D"/log/pod."$1".*.log || fail "$1 did not say '$2': $(tail -qn 3 "$D"/log/pod."$1".*.log)"; }

# broken_logs: what the SDKs say, which is all that people have without us; one of them says nothing at all
broken_logs() {
	local f
	said wrong-token 401
	said no-traces-scope 401
	said wrong-zone 401
	said no-otlp-path 404
	said alloy-refusing 'Failed to export'
	said alloy-down 'Connection refused'
	said own-endpoint "'otlp_proto_grpc' not found"
	said certificate 'CERTIFICATE_VERIFY_FAILED'
	for f in "$D"/log/pod.portal.*.log; do
		! grep -q 'Failed to export' "$f" || fail "it is not silent any more: $(grep -m 1 'Failed to export' "$f")"
	done
}
