# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# A container opted in, its environment expanded by kubelet, and what a receiver outside of the cluster gets of it.

# shellcheck source=tests/e2e/lib/node.sh
. "$here/lib/node.sh"

# environment NAMESPACE POD: what its process has, without what the image and the container runtime say
environment() {
	tr '\0' '\n' <"/proc/$(process "$1" "$2" app)/environ" | grep -vE '^(PATH|HOME|HOSTNAME|PYTHONUNBUFFERED|LC_CTYPE|KUBERNETES_[A-Z0-9_]*)=' | sort
}

# attributes POD SIGNAL: of the resource, as it arrived last
attributes() {
	jq -cS --arg pod "$1" --arg signal "$2" 'select(.signal == $signal and .resource["k8s.pod.name"] == $pod and .status == 200).resource' "$D/sink/seen" | tail -n 1
}

# attribute POD NAME SHOULD: in all that arrived
attribute() {
	local signal
	for signal in metrics traces logs; do
		eq "$(attributes "$1" "$signal" | jq -r --arg n "$2" '.[$n]')" "$3" "$2 of $signal"
	done
}

# From nothing, in the order in which people do it: annotated, started, and the credential later.
full_node_arrives() {
	local at pod first
	with_otelgate
	ns_new shop pod-security.kubernetes.io/enforce=restricted
	lets_in glc_first
	no_credential shop
	deployment shop web shop:1
	pod=$(newest shop web)
	! k exec -n shop "$pod" -- env | grep -q OTEL_EXPORTER || fail 'injected without being asked'
	k annotate deployment -n shop web otelgate.dev/inject=true >/dev/null
	rolled shop web >/dev/null
	first=$(newest shop web)
	# the Secret is not there, and optional: it runs, and is refused by the receiver alone
	until_true 60 'nothing was sent' sent "$first" '.auth == "none" and .status == 401'
	! environment shop "$first" | grep -q '^OTEL_EXPORTER_OTLP_HEADERS=' || fail 'a variable without its Secret'
	! sent "$first" '.auth != "none"' || fail 'credentials from nowhere'

	credential glc_first
	until_true 30 'the credential is not distributed' distributed shop glc_first
	at=$(now_ms)
	rolled shop web >/dev/null
	pod=$(newest shop web)
	until_true 60 'not all signals arrive' all_signals "$pod" '.auth == "good" and .status == 200'
	note "from the restart to metrics, traces and logs: $(($(now_ms) - at)) ms"
	! sent "$pod" '.status != 200' || fail 'something of it was refused'

	attribute "$pod" k8s.pod.uid "$(k get pod -n shop "$pod" -o jsonpath='{.metadata.uid}')"
	attribute "$pod" k8s.node.name "$NODE"
	attribute "$pod" k8s.namespace.name shop
	attribute "$pod" k8s.deployment.name web
	attribute "$pod" k8s.container.name app
	attribute "$pod" k8s.cluster.name node
	attribute "$pod" service.name web
	attribute "$pod" service.namespace shop
	attribute "$pod" service.instance.id "shop.$pod.app"
	attribute "$pod" otelgate.revision "$(k get pod -n shop "$pod" -o jsonpath='{.metadata.labels.otelgate\.dev/revision}')"
	sent "$pod" '.signal == "metrics" and (.names | index("shop.orders"))' || fail 'the counter of the application is not there'
	sent "$pod" '.signal == "traces" and (.names | any(startswith("GET /order")))' || fail 'no span of a request'
	sent "$pod" '.signal == "logs" and (.names | any(startswith("order ")))' || fail 'no line of the application'

	# what kubelet makes of the pod is what the suite's own kubelet makes of it
	environment shop "$pod" | grep -v '^PYTHONPATH=' >"$W/real"
	grep -q '^OTEL_EXPORTER_OTLP_HEADERS=Authorization=Basic' "$W/real" || fail "no header: $(cut -c 1-60 "$W/real")"
	! grep -F "\$(" "$W/real" || fail 'left to expand'
	"$here/podenv" shop "$pod" app --print | grep -vE '^(PATH|HOME|HOSTNAME|KUBERNETES_[A-Z0-9_]*)=' | sort >"$W/predicted"
	same "$W/predicted" "$W/real" 'podenv and kubelet differ'
	! k get pods -n shop -o json | grep -qE "glc_first|$(printf '100001:glc_first' | base64 -w0)" || fail 'a token in a pod'
}

# A new token: what runs keeps the old one, what starts has the new one.
full_node_rotation() {
	local old new
	shop_web glc_first
	old=$(newest "$CASE" web)
	until_true 60 'nothing arrives' sent "$old" '.auth == "good" and .status == 200'
	lets_in glc_second
	until_true 30 'the old token is still good' sent "$old" '.status == 401 and .auth == "other"'
	credential glc_second
	until_true 30 'the new credential is not distributed' distributed "$CASE" glc_second
	rolled "$CASE" web >/dev/null
	new=$(newest "$CASE" web)
	until_true 60 'not all signals arrive' all_signals "$new" '.auth == "good" and .status == 200'
	! sent "$new" '.status != 200' || fail 'something of it was refused'
}

# An image that knows nothing of OpenTelemetry: the agent comes by an init container, from an image that is
# root's, into a namespace that lets no root in.
full_node_agent() {
	local pod
	with_otelgate
	ns_new "$CASE" pod-security.kubernetes.io/enforce=restricted
	lets_in glc_first
	credential glc_first
	deployment "$CASE" plain python:1 'otelgate.dev/inject: "true"' 'otelgate.dev/language: python'
	until_true 30 'the credential is not distributed' distributed "$CASE" glc_first
	rolled "$CASE" plain >/dev/null
	pod=$(newest "$CASE" plain)
	eq "$(k get pod -n "$CASE" "$pod" -o jsonpath='{.status.initContainerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].restartCount}')" 'Completed 0' 'init container and restarts'
	until_true 60 "not all signals arrive: $(k logs -n "$CASE" "$pod" -c app | tail -n 5)" all_signals "$pod" '.auth == "good" and .status == 200'
	attribute "$pod" k8s.deployment.name plain
	attribute "$pod" telemetry.sdk.language python
	if k exec -n "$CASE" "$pod" -c app -- touch /otelgate/python/new >"$W/out" 2>&1; then
		fail 'the application may write to its agent'
	fi
	grep -q 'Read-only file system' "$W/out" || fail "$(cat "$W/out")"
}
