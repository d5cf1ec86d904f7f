# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Namespaces that come and go, a webhook that dies: nobody is kept waiting, no pod is kept from being.

deployment() { # NAME [REPLICAS]
	cat <<-EOF
		---
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: $1}
		spec:
		  replicas: ${2:-1}
		  selector: {matchLabels: {app: $1}}
		  template:
		    metadata: {labels: {app: $1}, annotations: {otelgate.dev/inject: "true"}}
		    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "registry.test/a:1"}]}
	EOF
}

how_many() { # NAMESPACE FILTER: pods of which it is true
	k get pods -n "$1" -o json | jq "[.items[] | select($2)] | length"
}

# Everything of a namespace in one request after the other, as helm install --create-namespace does.
core_lifecycle_namespace_at_once() {
	ns_new "$CASE"
	ours "$CASE"
	k delete namespace "$CASE" --timeout=60s >/dev/null
	{
		printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {e2e.otelgate.dev/case: %s}}\n' "$CASE" "$CASE"
		deployment web 3
	} | k apply -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s
	eq "$(how_many "$CASE" "$injected")" 3 'injected pods'
	# and away in the same second
	k delete namespace "$CASE" --wait=false >/dev/null
	{
		printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: %s-brief, labels: {e2e.otelgate.dev/case: %s}}\n' "$CASE" "$CASE"
		deployment web 5
	} | k apply -n "$CASE-brief" -f - >/dev/null
	k delete namespace "$CASE-brief" --timeout=60s >/dev/null
	k wait --for=delete namespace/"$CASE" --timeout=60s
	eq "$(metric otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}

scaled() { # NAMESPACE DEPLOYMENT REPLICAS: new pods
	k scale -n "$1" deployment "$2" --replicas "$3" >/dev/null
	k rollout status -n "$1" deployment "$2" --timeout=60s
}

# Killed at once: pods are created without it, and with it again when it is back on its port. Nothing
# has to be registered anew.
core_lifecycle_webhook_killed() {
	local port
	ns_new "$CASE"
	ours "$CASE"
	deployment web | k create -n "$CASE" -f - >/dev/null
	scaled "$CASE" web 1
	port=$(port otelgate)
	proc_kill "$CASE.otelgate"
	scaled "$CASE" web 3
	eq "$(how_many "$CASE" "$injected")" 1 'injected pods, two created while it was away'
	# also a pod of its own, which says so by its name and labels like any other
	deployment otelgate | k create -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/otelgate --timeout=60s
	WEBHOOK_PORT=$port webhook_up otelgate
	until_asked "$CASE" "$injected"
	scaled "$CASE" web 5
	eq "$(how_many "$CASE" ".metadata.labels.app == \"web\" and ($injected)")" 3 'injected pods, two created when it was back'
}

# It hangs: the API server waits as long as it was told and goes on.
core_lifecycle_webhook_hangs() {
	ns_new "$CASE"
	webhook_up otelgate
	register m-otelgate "$(port otelgate)" /mutate "$CASE" 'timeoutSeconds: 1'
	until_asked "$CASE" "$injected"
	proc_signal "$CASE.otelgate" STOP
	dry_run "$CASE" "$W/probe.json" >"$W/answer.json"
	proc_signal "$CASE.otelgate" CONT
	jq -e ".kind == \"Pod\" and ($injected | not)" "$W/answer.json" >/dev/null || fail "not admitted: $(cat "$W/answer.json")"
	until_asked "$CASE" "$injected"
}

# Its port is somebody else's now, who speaks another protocol, or has another certificate.
core_lifecycle_port_taken_over() {
	local port
	ns_new "$CASE"
	ours "$CASE"
	port=$(port otelgate)
	proc_stop "$CASE.otelgate"
	mv "$W/pki" "$W/pki.was"
	WEBHOOK_PORT=$port webhook_up otelgate
	dry_run "$CASE" "$W/probe.json" | jq -e ".kind == \"Pod\" and ($injected | not)" >/dev/null ||
		fail 'not admitted, or injected by one whose certificate is not ours'
	until_true 10 'the refused handshake is not counted' tls_errors
	proc_stop "$CASE.otelgate"
	# plain HTTP on the port
	proc_start "$CASE.plain" "$OG_BIN" webhook --config "$here/conf/otelgate.yaml" --tls-cert "$W/pki/tls.crt" --tls-key "$W/pki/tls.key" \
		--address 127.0.0.1 --port 0 --ops-address 127.0.0.1 --ops-port "$port" --ports-file "$W/plain.ports"
	until_true 30 'no server of plain HTTP' ready_or_gone plain
	dry_run "$CASE" "$W/probe.json" | jq -e ".kind == \"Pod\" and ($injected | not)" >/dev/null || fail 'not admitted'
	proc_stop "$CASE.plain"
	rm -rf "$W/pki"
	mv "$W/pki.was" "$W/pki"
	WEBHOOK_PORT=$port webhook_up otelgate
	until_asked "$CASE" "$injected"
}

tls_errors() { [ "$(metric otelgate_http_tls_errors_total '')" -gt 0 ]; }

# While pods are created without a pause it is stopped in an orderly way and started again, ten times. A
# pod is never refused; what was created while the port was open is injected.
core_lifecycle_restarts_under_load() {
	local port i
	ns_new "$CASE"
	ours "$CASE"
	port=$(port otelgate)
	proc_start "$CASE.load" bash "$here/lib/load" "$CASE" "$W/probe.json" "$W/load.txt"
	for ((i = 0; i < 10; i++)); do
		until_true 30 'no admissions' more_load 20
		proc_stop "$CASE.otelgate" 20
		WEBHOOK_PORT=$port webhook_up otelgate
	done
	until_true 30 'no admissions' more_load 20
	proc_stop "$CASE.load"
	note "$(sort "$W/load.txt" | uniq -c | tr '\n' ' ')"
	eq "$(grep -cv -e '^injected$' -e '^bare$' "$W/load.txt")" 0 'pods that were refused'
	[ "$(grep -c '^injected$' "$W/load.txt")" -ge 100 ] || fail 'too few were injected'
}
