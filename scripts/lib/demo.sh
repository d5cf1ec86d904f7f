# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# What scripts/demo stands on: a simulated cluster, a simulated Grafana Cloud, and otelgate's processes in it.
# To be read with `.`; $root is the repository, $built the folder of the programs, $work an empty folder. demo_finish ends
# and removes everything.

webhook='' cluster='' controller='' cloud='' sdks=''
# end PID: also when it is gone already
end() {
	[ -z "$1" ] || kill "$1" 2>/dev/null || true
	[ -z "$1" ] || wait "$1" 2>/dev/null || true
}
demo_finish() {
	end "$sdks"
	end "$cloud"
	end "$controller"
	end "$webhook"
	end "$cluster"
	rm -rf "$work"
}

# demo_build TARGET...: with a sign of life on a terminal, for it takes a minute or two the first time
demo_build() {
	make -j "$(og_jobs)" "$@" >"$work/build.log" 2>&1 &
	making=$!
	while kill -0 "$making" 2>/dev/null; do
		[ ! -t 2 ] || printf '\r    %-70.70s' "$(tail -n 1 "$work/build.log")" >&2
		sleep 0.2
	done
	[ ! -t 2 ] || printf '\r%74s\r' '' >&2
	if ! wait "$making"; then
		cat "$work/build.log" >&2
		exit 3
	fi
}

# until_true COMMAND...: for a minute; the log of what it waits for is shown when it never comes.
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ "$tries" -gt 600 ]; then
			echo "this never came: $*" >&2
			cat "$work"/*.log >&2
			exit 3
		fi
		sleep 0.1
	done
}

# kube METHOD PATH TYPE [FILE]: what kubectl would send.
kube() {
	curl --silent --show-error --fail --noproxy '*' --max-time 10 --cacert "$work/ca.crt" --request "$1" \
		--header 'Authorization: Bearer demo' --header "Content-Type: application/$3" \
		${4:+--data-binary "@$4"} "$(cat "$work/url")$2"
}
apply() {
	kube PATCH "$1?fieldManager=demo&force=true" apply-patch+yaml "$2" >/dev/null
}
# merge PATH JSON: kubectl patch --type=merge
merge() {
	printf '%s' "$2" >"$work/merge.json"
	kube PATCH "$1" merge-patch+json "$work/merge.json" >/dev/null
}

# start_cluster FLAG...: a simulated API server with what an installation puts into it
start_cluster() {
	rm -f "$work/sim-port"
	"$built/sim-apiserver" --port 0 --port-file "$work/sim-port" --token demo \
		--kubeconfig-out "$work/kubeconfig" --crds "$root/manifests/crds" \
		--apply "$root/manifests/base/namespace.yaml" "$@" >"$work/cluster.log" 2>&1 &
	cluster=$!
	until_true test -s "$work/sim-port"
	sed -n 's/.*certificate-authority-data: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$work/kubeconfig" |
		openssl base64 -d -A >"$work/ca.crt"
	sed -n 's/.*server: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$work/kubeconfig" >"$work/url"
}

# The webhook as a pod would run it: it is told where the cluster is, and nothing else.
start_webhook() {
	rm -f "$work/ports"
	otelgate webhook --kubeconfig "$work/kubeconfig" -n otelgate --tls-name 127.0.0.1 \
		--address 127.0.0.1 --port 0 --ops-address 127.0.0.1 --ops-port 0 \
		--ports-file "$work/ports" --shutdown-delay 0s >"$work/webhook.log" 2>&1 &
	webhook=$!
	until_true test -s "$work/ports"
	ops=$(sed -n 's/^ops=//p' "$work/ports")
}

# where the API server finds the webhook, which is no pod here
registered() {
	sed "/^    service:/,/^      port:/d; s|^  clientConfig:|&\n    url: https://127.0.0.1:$(
		sed -n 's/^admission=//p' "$work/ports")/mutate|" \
		"$root/manifests/base/webhook-registration.yaml" >"$work/registration.yaml"
	apply /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/otelgate \
		"$work/registration.yaml"
	until_true curl --silent --fail --noproxy '*' "http://127.0.0.1:$ops/readyz"
}

start_controller() {
	otelgate controller --kubeconfig "$work/kubeconfig" -n otelgate --ops-address 127.0.0.1 --ops-port 0 \
		--ports-file "$work/controller-ports" >"$work/controller.log" 2>&1 &
	controller=$!
	until_true test -s "$work/controller-ports"
}

# start_cloud: a simulated Grafana Cloud; where it is stands in $work/cloud.json
start_cloud() {
	"$built/sim-cloud" --state-file "$work/cloud.json" \
		--token glc_demo_reader=metrics:read,logs:read,traces:read,profiles:read >"$work/cloud.log" 2>&1 &
	cloud=$!
	until_true jq -e .hosts.admin.url "$work/cloud.json"
}

# query_of_cloud: the part of a GrafanaStack that says whom to ask, and as whom
query_of_cloud() {
	jq -c '{query: ((.hosts | {prometheus, loki, tempo, pyroscope} | map_values({url, user})) + {
		secretRef: {namespace: "monitoring", name: "grafana-cloud-read"}, interval: "10s", grace: "0s"})}' "$work/cloud.json"
}
reader_secret() {
	printf '%s' '{"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"monitoring","name":"grafana-cloud-read"},
		"stringData":{"token":"glc_demo_reader"}}' >"$work/reader.json"
	apply /api/v1/namespaces/monitoring/secrets/grafana-cloud-read "$work/reader.json"
}

# send URL AUTHORIZATION POD-FILE: what an SDK in this pod sends, all three signals
send() {
	for signal in metrics traces logs; do
		jq -c --arg signal "$signal" --argjson now "$(date +%s)" '
			(($now * 1000000000) | tostring) as $t |
			def a($k; $v): {key: $k, value: {stringValue: $v}};
			{attributes: [a("service.name"; "tradeengine"), a("service.namespace"; .metadata.namespace),
				a("service.instance.id"; .metadata.namespace + "." + .metadata.name + ".tradeengine"),
				a("k8s.cluster.name"; "demo"), a("k8s.namespace.name"; .metadata.namespace),
				a("k8s.pod.name"; .metadata.name),
				a("otelgate.revision"; .metadata.labels["otelgate.dev/revision"])]} as $resource |
			if $signal == "metrics" then {resourceMetrics: [{resource: $resource, scopeMetrics: [{metrics: [{
				name: "orders.open", gauge: {dataPoints: [{timeUnixNano: $t, asDouble: 7}]}}]}]}]}
			elif $signal == "traces" then {resourceSpans: [{resource: $resource, scopeSpans: [{spans: [{
				name: "POST /orders", kind: 2, traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331",
				startTimeUnixNano: $t, endTimeUnixNano: $t}]}]}]}
			else {resourceLogs: [{resource: $resource, scopeLogs: [{logRecords: [{timeUnixNano: $t,
				body: {stringValue: "order filled"}}]}]}]} end' "$3" >"$work/otlp.json"
		curl --silent --show-error --fail --noproxy '*' --max-time 10 --header 'Content-Type: application/json' \
			${2:+--header "Authorization: $2"} --data-binary "@$work/otlp.json" "$1/v1/$signal" >/dev/null || return
	done
}
