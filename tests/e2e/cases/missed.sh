# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Pods that run without the injection they asked for are named, by the command and by the controller.

# missed [FLAG...]: as a plugin of kubectl, as people with the reader's rights call it
missed() {
	PATH=$W/bin:$PATH kubectl otelgate missed -n "$CASE" "$@"
}

# reason KIND/NAME: what is said about a workload, nothing when it is not named
reason() {
	missed -o json 2>/dev/null | jq -r --arg w "$1" '.workloads[] | select("\(.kind | ascii_downcase)/\(.name)" == $w) | .reason'
}

# says KIND/NAME REASON
says() { [ "$(reason "$1")" = "$2" ]; }

deploy() { # NAME [ANNOTATIONS [TEMPLATE-ANNOTATIONS]]
	jq -n --arg name "$1" --argjson a "${2:-null}" --argjson t "${3:-null}" '{apiVersion: "apps/v1", kind: "Deployment",
		metadata: {name: $name, annotations: $a}, spec: {replicas: 2, selector: {matchLabels: {app: $name}},
		template: {metadata: {labels: {app: $name}, annotations: $t}, spec: {containers: [{name: "main", image: "registry.test/a:1"}]}}}}' |
		k apply -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" "deployment/$1" --timeout=60s >/dev/null
}

plugin() {
	mkdir -p "$W/bin"
	ln -sf "$OG_BIN" "$W/bin/kubectl-otelgate"
}

core_missed_by_reason() {
	with_otelgate
	plugin
	ns_new "$CASE"
	[[ $(PATH=$W/bin:$PATH kubectl plugin list 2>/dev/null) == *kubectl-otelgate* ]] || fail 'kubectl does not find the plugin'
	deploy good '{"otelgate.dev/inject": "true"}'
	deploy nobody
	deploy typo null '{"otelgate.dev/inject": "no-such-profile"}'
	deploy later
	sleep 1 # times are kept in whole seconds
	k annotate -n "$CASE" deployment/later otelgate.dev/inject=true >/dev/null
	deploy skipped null '{"otelgate.dev/inject": "true", "otelgate.dev/exclude-containers": "main"}'
	eq "$(reason deployment/good)" '' 'an injected workload is not named'
	eq "$(reason deployment/nobody)" '' 'nor one that nobody asked for'
	eq "$(reason deployment/typo)" config-error 'a profile that is not there'
	eq "$(reason deployment/later)" before-opt-in 'pods older than the opt-in'
	eq "$(reason deployment/skipped)" excluded 'no container is a target'
	missed --check >/dev/null 2>&1 && fail '--check passes though pods are missed'
	# what the line says puts it right
	sh -c "$(missed -o json 2>/dev/null | jq -r '.workloads[] | select(.name == "later") | .fix')" >/dev/null
	k rollout status -n "$CASE" deployment/later --timeout=60s >/dev/null
	until_true 30 'still named after the restart' says deployment/later ''
}

# While no replica serves pods start all the same, and are told from the others afterwards.
core_missed_webhook_away() {
	local reader
	with_otelgate
	plugin
	ns_new "$CASE"
	deploy web '{"otelgate.dev/inject": "true"}'
	proc_kill webhook-0
	k scale -n "$CASE" deployment/web --replicas=3 >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null
	replica 0
	endpoints 0
	until_asked "$CASE" "$injected"
	eq "$(reason deployment/web)" webhook-away 'one pod was created while it was away'
	eq "$(missed -o json 2>/dev/null | jq '.podsMissed')" 1 'pods missed'
	# with the rights of the reader alone, and with less than that
	k create clusterrolebinding "$CASE" --clusterrole=otelgate-reader --user="reader-$CASE" >/dev/null
	reader=$(cluster kubeconfig "reader-$CASE")
	eq "$("$OG_BIN" missed --kubeconfig "$reader" -n "$CASE" -o json 2>/dev/null | jq -r '.workloads[0].reason')" webhook-away 'for a reader'
	k delete clusterrolebinding "$CASE" >/dev/null
	k create rolebinding -n "$CASE" "$CASE" --clusterrole=view --user="reader-$CASE" >/dev/null
	eq "$("$OG_BIN" missed --kubeconfig "$reader" -n "$CASE" -o json 2>/dev/null | jq -r '.partial')" true 'for one who sees the namespace alone'
	k delete rolebinding -n "$CASE" "$CASE" >/dev/null
	if "$OG_BIN" missed --kubeconfig "$reader" -n "$CASE" >"$W/out" 2>&1; then
		fail 'without any rights it claims to know'
	fi
	grep -q 'resources: \["pods"\]\|- pods\|pods' "$W/out" || fail "the missing right is not named: $(cat "$W/out")"
}

# The controller as its ServiceAccount: leads, names what is missed on the workload, hands over.
core_missed_controller() {
	local sa
	with_otelgate
	plugin
	ns_new "$CASE"
	sa=$(cluster sa otelgate otelgate-controller)
	rights_of otelgate otelgate-controller -n monitoring get secrets/grafana-cloud
	rights_of otelgate otelgate-controller -n otelgate update leases/otelgate-controller
	proc_start "$CASE.controller" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate "$OG_BIN" controller \
		--service-account-dir "$sa" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/ports" --scan-interval 200ms
	until_true 30 'the controller does not serve' test -s "$W/ports"
	until_true 30 'nobody leads' holds_lease
	deploy web null '{"otelgate.dev/inject": "no-such-profile"}'
	until_true 30 'there is no event' event_of web
	until_true 30 'not counted' missed_counted
	proc_stop "$CASE.controller"
	eq "$(k get lease -n otelgate otelgate-controller -o jsonpath='{.spec.holderIdentity}')" '' 'the lease is given back'
	cluster forbidden otelgate || fail 'something was asked for that the ServiceAccount may not do'
}

missed_counted() {
	curl -s --noproxy '*' --max-time 10 "http://127.0.0.1:$(sed -n 's/^ops=//p' "$W/ports")/metrics" |
		awk '/^otelgate_missed_pods\{reason="config-error"\} [1-9]/ { found = 1 } END { exit !found }'
}

holds_lease() {
	[ -n "$(k get lease -n otelgate otelgate-controller -o jsonpath='{.spec.holderIdentity}' 2>/dev/null)" ]
}

event_of() {
	k get events -n "$CASE" -o json | jq -e --arg n "$1" '.items[] | select(.reason == "InjectionMissed" and .involvedObject.name == $n)' >/dev/null
}
