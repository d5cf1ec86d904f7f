# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# Whether telemetry arrives, from what a simulated Grafana Cloud (tests/cloud) was really sent.

# cloud_up: its state is in $W/cloud.json, and the stack's way to it in $queries
cloud_up() {
	proc_start "$CASE.cloud" "$OG_CLOUD" --state-file "$W/cloud.json"
	until_true 30 'the simulated cloud does not start' jq -e .hosts.admin.url "$W/cloud.json"
	queries=$(jq -c '.hosts | {prometheus, loki, tempo, pyroscope} | map_values({url, user})' "$W/cloud.json")
}

cloud_at() { jq -r --arg h "$1" '.hosts[$h].url' "$W/cloud.json"; }

# cloud_admin METHOD PATH [BODY]
cloud_admin() {
	curl -s -f --noproxy '*' --max-time 10 -X "$1" ${3:+--data-binary "$3"} "$(cloud_at admin)$2" >/dev/null || fail "the simulated cloud refuses $1 $2"
}

# export_from POD...: what a pod with these names and this revision sends through a collector
export_from() {
	local pod signal
	for pod; do
		for signal in metrics traces logs; do
			api GET "/api/v1/namespaces/$NS/pods/$pod" | jq -c --arg signal "$signal" --argjson now "$(date +%s)" '
				((($now - 15) * 1000000000) | tostring) as $t |
				def a($k; $v): {key: $k, value: {stringValue: $v}};
				{attributes: [a("service.name"; .metadata.labels.app), a("service.namespace"; .metadata.namespace),
					a("service.instance.id"; .metadata.namespace + "." + .metadata.name + ".app"),
					a("k8s.namespace.name"; .metadata.namespace), a("k8s.pod.name"; .metadata.name),
					a("otelgate.revision"; .metadata.labels["otelgate.dev/revision"] // "")]} as $resource |
				if $signal == "metrics" then {resourceMetrics: [{resource: $resource, scopeMetrics: [{metrics: [{name: "queue.length",
					gauge: {dataPoints: [{timeUnixNano: $t, asDouble: 1}]}}]}]}]}
				elif $signal == "traces" then {resourceSpans: [{resource: $resource, scopeSpans: [{spans: [{name: "GET /", kind: 2,
					traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", startTimeUnixNano: $t, endTimeUnixNano: $t}]}]}]}
				else {resourceLogs: [{resource: $resource, scopeLogs: [{logRecords: [{timeUnixNano: $t, body: {stringValue: "hello"}}]}]}]} end' |
				curl -s -f --noproxy '*' --max-time 10 -H 'Content-Type: application/json' --data-binary @- \
					"$(cloud_at collector)/v1/$signal" >/dev/null || fail "$signal of $pod are refused"
		done
	done
}

flows() { printf '(.signals | .metrics.state == "Flowing" and .traces.state == "Flowing" and .logs.state == "Flowing")'; }

both_arrival() {
	local was
	cloud_up
	token=glc_sim-all
	world . ".spec.receiver.endpoint = \"$(cloud_at collector)\" | .spec.query = ($queries + {interval: \"10s\", grace: \"0s\", freshness: \"2m\"})"
	workload Deployment web | apply
	until_rolled Deployment/web 3
	# nothing was sent, and the backends say so
	seen Deployment/web "$(condition MetricsReceived False)" 'missing'
	seen Deployment/web "$(condition Ready False)" 'not ready'
	mapfile -t was < <(pod_names web)
	export_from "${was[@]}"
	seconds=90 seen Deployment/web "$(flows) and ($(condition Ready True))" 'proved'
	says Deployment/web '.signals.traces | .pods == "3/3" and .tie == "revision"' >/dev/null || fail "which pods: $(text_of Deployment/web)"
	until_true 30 'the stack is not ready' stack_is "$(condition TracesQueryable True) and $(condition TracesWritable True Visible) and $(condition Ready True)"
	# a backend that refuses the token makes nothing missing
	cloud_admin POST /cloud/faults '{"host": "tempo", "count": -1, "type": "status", "code": 401}'
	until_true 60 'the stack does not say so' stack_is "$(condition TracesQueryable False AuthFailed)"
	says Deployment/web "$(flows) and $(condition TracesReceived True)" >/dev/null || fail "an error counts as absence: $(text_of Deployment/web)"
	cloud_admin DELETE /cloud/faults
	until_true 60 'the stack does not recover' stack_is "$(condition TracesQueryable True)"
}
