# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# otelgate doctor on a real control plane: an installation that is whole, and what is broken, one after the other.

# doctor CODE [ARGUMENT...]: its report is $W/doctor.json
doctor() {
	local code=$1 is=0
	shift
	"$OG_BIN" doctor -o json "$@" >"$W/doctor.json" 2>"$W/doctor.err" || is=$?
	[ "$is" = "$code" ] || fail "exit code $is of doctor $*: $(cat "$W/doctor.err"; said)"
}

said() { jq -r '"\(.result) \(.broken // "-")", (.rungs[] | select(.result != "not-reached") | "\(.result) \(.id): \(.evidence // "") \([.findings[].id] | join(" "))")' "$W/doctor.json"; }

# breaks RUNG FINDING ARGUMENT...: once it has heard of the change
breaks() {
	local rung=$1 finding=$2
	shift 2
	until_ok 30 is_broken "$rung" "$finding" "$@" || fail "not broken at $rung ($finding): $(said)"
	note "$rung $finding: $(jq -r '.rungs[] | select(.result == "broken") | .findings[0].message // .evidence' "$W/doctor.json")"
	jq -e '.rungs[] | select(.result == "broken") | (.findings[0].fix // .fix // "") != ""' "$W/doctor.json" >/dev/null ||
		fail "no fix: $(said)"
}

is_broken() {
	local rung=$1 finding=$2
	shift 2
	"$OG_BIN" doctor -o json "$@" >"$W/doctor.json" 2>"$W/doctor.err"
	[ $? = 1 ] && jq -e --arg r "$rung" --arg f "$finding" \
		'.broken == $r and ($f == "-" or any(.rungs[] | select(.id == $r) | .findings[]; .id == $f))' "$W/doctor.json" >/dev/null
}

is_whole() { "$OG_BIN" doctor -o json "$@" >"$W/doctor.json" 2>"$W/doctor.err"; }
whole() { until_ok 30 is_whole "$@" || fail "not whole: $(cat "$W/doctor.err"; said)"; }

leads() { [ -n "$(k get lease -n otelgate otelgate-controller -o jsonpath='{.spec.holderIdentity}' 2>/dev/null)" ]; }

controller() {
	local sa
	sa=$(cluster sa otelgate otelgate-controller)
	rights_of otelgate otelgate-controller -n otelgate update leases/otelgate-controller
	rm -f "$W/ports"
	proc_start "$CASE.controller" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate "$OG_BIN" controller \
		--service-account-dir "$sa" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/ports" --scan-interval 500ms
	until_true 30 'nobody leads' leads
}

token() {
	k create secret generic -n monitoring grafana-cloud --from-literal=instance-id=12345 --from-literal=token="$1" \
		--dry-run=client -o yaml | k apply --server-side --force-conflicts -f - >/dev/null
}

# receiver: a Service with pods behind it, as kwok runs them
receiver() {
	k create deployment -n monitoring alloy --image=registry.test/alloy:1 --replicas=1 --dry-run=client -o yaml | k apply -f - >/dev/null
	k create service clusterip -n monitoring alloy --tcp=4318:4318 --dry-run=client -o yaml | k apply -f - >/dev/null
}

configuration() {
	k apply -f - >/dev/null <<-'END'
		apiVersion: otelgate.dev/v1alpha1
		kind: GrafanaStack
		metadata: {name: alloy}
		spec:
		  receiver: {endpoint: "http://alloy.monitoring.svc:4318"}
		  probe: {mode: "off"}
		  credentials: {secretRef: {name: grafana-cloud, namespace: monitoring}}
		---
		apiVersion: otelgate.dev/v1alpha1
		kind: TelemetryProfile
		metadata: {name: default}
		spec: {stack: alloy, default: true, networkPolicy: "off"}
	END
}

web() { # [ANNOTATION]
	jq -n --arg v "${1:-true}" '{apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "web"}, spec: {replicas: 2,
		selector: {matchLabels: {app: "web"}}, template: {metadata: {labels: {app: "web"}, annotations: {"otelgate.dev/inject": $v}},
		spec: {containers: [{name: "main", image: "registry.test/a:1"}]}}}}' | k apply -n "$CASE" -f - >/dev/null
}

revision() { dry_run default "$W/probe.json" | jq -r '.metadata.labels["otelgate.dev/revision"] // ""'; }
revision_is_not() { [ -n "$(revision)" ] && [ "$(revision)" != "$1" ]; }

everything() {
	local was
	fresh_cluster
	installed
	k apply -f "$here/conf/source.yaml" >/dev/null
	token glc_first
	receiver
	configuration
	replica 0
	endpoints 0
	until_asked default "$injected"
	was=$(revision)
	controller
	# The hash of the credentials is part of the revision.
	until_true 30 'the webhook has not heard of the credentials' revision_is_not "$was"
	k rollout status -n otelgate deployment/otelgate-webhook --timeout=60s >/dev/null
	k rollout status -n monitoring deployment/alloy --timeout=60s >/dev/null
	ns_new "$CASE"
}

core_doctor_cluster() {
	local reader ca
	rbac_refuses
	everything
	whole -A
	eq "$(jq -r '[.rungs[] | select(.result == "pass") | .id] | join(" ")' "$W/doctor.json")" \
		'access rights kinds webhook certificates configuration admission controller credentials receiver' 'rungs'
	"$OG_BIN" doctor -A >"$W/doctor.txt" || fail 'the table ends otherwise'
	grep -q '^No rung is broken\.$' "$W/doctor.txt" || fail "$(cat "$W/doctor.txt")"
	if grep -rq glc_first "$W/doctor.txt" "$W/doctor.json"; then fail 'the token is told'; fi

	# those who may not see everything
	reader=$(cluster kubeconfig "reader-$CASE")
	k create clusterrolebinding "$CASE" --clusterrole=otelgate-reader --user="reader-$CASE" >/dev/null
	until_true 30 'the reader has no rights' k auth can-i --as "reader-$CASE" list pods -A
	doctor 3 -A --kubeconfig "$reader"
	eq "$(jq -r '[.rungs[] | select(.result == "unknown") | .id] | join(" ")' "$W/doctor.json")" admission 'not known to a reader'
	jq -e '.rungs[] | select(.id == "admission") | .missingRight | test("pods")' "$W/doctor.json" >/dev/null || fail "$(said)"
	k delete clusterrolebinding "$CASE" >/dev/null
	until_true 30 'the reader has rights' no_rights
	doctor 3 -A --kubeconfig "$reader"
	jq -e '.rungs[] | select(.id == "rights") | .result == "unknown" and .findings[0].id == "OG002"' "$W/doctor.json" >/dev/null || fail "$(said)"

	# the webhook
	k scale -n otelgate deployment/otelgate-webhook --replicas=0 >/dev/null
	breaks webhook OG103 -A
	k scale -n otelgate deployment/otelgate-webhook --replicas=2 >/dev/null
	whole -A
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "replace", "path": "/webhooks/0/clientConfig/service/name", "value": "otelgate-webhok"}]' >/dev/null
	breaks webhook OG102 -A
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "replace", "path": "/webhooks/0/clientConfig/service/name", "value": "otelgate-webhook"}]' >/dev/null
	whole -A
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "add", "path": "/webhooks/0/namespaceSelector/matchLabels", "value": {"no": "where"}}]' >/dev/null
	breaks admission OG115 -n "$CASE"
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "remove", "path": "/webhooks/0/namespaceSelector/matchLabels"}]' >/dev/null
	whole -A
	# nobody who would mend caBundle
	ca=$(k get mutatingwebhookconfiguration otelgate -o jsonpath='{.webhooks[0].clientConfig.caBundle}')
	proc_kill webhook-0
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]' >/dev/null
	breaks certificates OG104 -A
	k patch mutatingwebhookconfiguration otelgate --type=json -p "[{\"op\": \"add\", \"path\": \"/webhooks/0/clientConfig/caBundle\", \"value\": \"$ca\"}]" >/dev/null
	breaks admission - -A
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]' >/dev/null
	breaks admission - -n "$CASE"
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]' >/dev/null
	replica 0
	endpoints 0
	whole -A
	k delete mutatingwebhookconfiguration otelgate >/dev/null
	breaks webhook OG101 -A
}

no_rights() { ! k auth can-i --as "reader-$CASE" list pods -A; }

core_doctor_stack() {
	rbac_refuses
	everything
	whole -A
	k delete secret -n monitoring grafana-cloud >/dev/null
	breaks credentials OG401 -A
	k create secret generic -n monitoring grafana-cloud --from-literal=instance-id=12345 >/dev/null
	breaks credentials OG402 -A
	token $'glc_first\nsecond'
	breaks credentials OG416 -A
	token glc_first
	whole -A
	k scale -n monitoring deployment/alloy --replicas=0 >/dev/null
	breaks receiver OG510 -A
	k patch service -n monitoring alloy --type=json -p '[{"op": "replace", "path": "/spec/ports/0/port", "value": 4317}]' >/dev/null
	breaks receiver OG509 -A
	k delete service -n monitoring alloy >/dev/null
	breaks receiver OG508 -A
	receiver
	k scale -n monitoring deployment/alloy --replicas=1 >/dev/null
	whole -A
	k patch telemetryprofile default --type=merge -p '{"spec": {"stack": "nowhere"}}' >/dev/null
	breaks configuration OG209 -A
	configuration
	whole -A
	proc_stop "$CASE.controller"
	breaks controller OG114 -A
	k delete crd telemetryprofiles.otelgate.dev --wait=false >/dev/null
	breaks kinds OG008 -A
}

core_doctor_workload() {
	rbac_refuses
	everything
	web
	k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null
	# Nobody was told whom to ask what arrives: this alone is not known.
	until_ok 30 climbs 'arrival correlation' || fail "not to the end: $(said)"
	k apply -n "$CASE" -f - >/dev/null <<-'END'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: closed}
		spec: {podSelector: {}, policyTypes: [Egress]}
	END
	breaks network - -n "$CASE" deployment/web
	k delete networkpolicy -n "$CASE" closed >/dev/null
	until_ok 30 climbs 'arrival correlation' || fail "not to the end: $(said)"
	k label namespace "$CASE" pod-security.kubernetes.io/enforce=restricted >/dev/null
	breaks admission OG308 -n "$CASE" deployment/web
	k label namespace "$CASE" pod-security.kubernetes.io/enforce- >/dev/null
	k create quota -n "$CASE" none --hard=pods=2 >/dev/null
	breaks admission OG309 -n "$CASE" deployment/web
	k delete quota -n "$CASE" none >/dev/null
	until_ok 30 climbs 'arrival correlation' || fail "not to the end: $(said)"
	# a pod that the webhook never saw
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "add", "path": "/webhooks/0/namespaceSelector/matchLabels", "value": {"no": "where"}}]' >/dev/null
	until_true 30 'still asked' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" "$injected | not" "$W/probe.json"
	k scale -n "$CASE" deployment/web --replicas=3 >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null
	k patch mutatingwebhookconfiguration otelgate --type=json -p '[{"op": "remove", "path": "/webhooks/0/namespaceSelector/matchLabels"}]' >/dev/null
	until_asked "$CASE" "$injected"
	breaks injection - -n "$CASE" deployment/web
	sh -c "$(jq -r '.rungs[] | select(.result == "broken") | .findings[0].fix // .fix' "$W/doctor.json")" >/dev/null
	until_ok 30 climbs 'arrival correlation' || fail "the fix does not mend it: $(said)"
	web no-such-profile
	breaks opt-in OG204 -n "$CASE" deployment/web
	web false
	until_ok 30 is_broken opt-in - -n "$CASE" deployment/web || fail "opted out: $(said)"
	doctor 3 -n "$CASE" deployment/nobody
}

# climbs RUNGS: nothing is broken, and these alone are not known
climbs() {
	"$OG_BIN" doctor -o json -n "$CASE" deployment/web >"$W/doctor.json" 2>"$W/doctor.err"
	[ "$(jq -r '.broken // ""' "$W/doctor.json")" = '' ] &&
		[ "$(jq -r '[.rungs[] | select(.result == "unknown") | .id] | join(" ")' "$W/doctor.json")" = "$1" ]
}
