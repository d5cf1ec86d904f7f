# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# otelgate in the shared cluster as manifests/ installs it: namespace, CRDs, rights, the registration (by
# URL, at a Service of tests/e2e/soak), replicas as processes with a ServiceAccount's token. To be
# read with `.` by the cases that need it.

system=otelgate # its namespace
registration=/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/otelgate

gone() { # PATH
	api_is GET "$1" '.code == 404'
}

# installed: everything but configuration and replicas
installed() {
	until_true 60 'the namespace of a former case is still there' gone "/api/v1/namespaces/$system"
	: >"$W/endpoints"
	proc_start "$CASE.service" python3 "$here/soak/service.py" "$W/service.ports" "$W/endpoints"
	until_true 20 'the service does not listen' test -s "$W/service.ports"
	install_part ''
	rm -rf "$D/sa/$system.otelgate-webhook"
	kinds_served
	account=$(cluster sa "$system" otelgate-webhook)
	rights_of "$system" otelgate-webhook patch mutatingwebhookconfigurations/otelgate
	rights_of "$system" otelgate-webhook -n "$system" patch secrets/otelgate-webhook-ca
	forbidden_before=$(cluster forbidden "$system" || :)
}

install_part() { # --registration or --rights, or all of it
	"$here/soak/install" ${1:+"$1"} "$(sed -n 's/^service=//p' "$W/service.ports")" "e2e.otelgate.dev/case=$CASE"
}

# crds install|delete
crds() {
	local f
	for f in "$here"/../../manifests/crds/otelgate.dev_*.yaml; do
		if [ "$1" = delete ]; then
			k delete -f "$f" --ignore-not-found --timeout=60s >/dev/null
		else
			k apply --server-side -f "$f" >/dev/null
			until_true 60 'no definitions' crds_established
		fi
	done
	[ "$1" = delete ] || kinds_served
}

# configured: the suite's own configuration, as objects
configured() {
	k apply --server-side -f "$here/conf/otelgate.yaml" >/dev/null
}

# replica_started NAME [FLAG...]: begins; it may not serve yet
replica_started() {
	local name=$1
	shift
	rm -f "$W/$name.ports"
	proc_start "$CASE.$name" env -u KUBECONFIG KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" \
		${SKEW:+LD_PRELOAD="$SKEW"} ${SKEW_SECONDS:+SKEW_SECONDS="$SKEW_SECONDS"} \
		"$OG_BIN" webhook --service-account-dir "$account" --address 127.0.0.1 --port 0 --ops-address 127.0.0.1 \
		--ops-port 0 --ports-file "$W/$name.ports" --tls-name 127.0.0.1 --shutdown-delay "${DELAY:-0s}" \
		--log-format json --log-level debug "$@"
}

replica_serves() { [ -s "$W/$1.ports" ]; }

# behind NAME...: these are the Service's endpoints from now on
behind() {
	local name
	for name in "$@"; do
		printf '%s %s %s\n' "$name" "$(port "$name")" "$(port "$name" ops)"
	done >"$W/endpoints.new"
	mv "$W/endpoints.new" "$W/endpoints"
}

# replica_up NAME [FLAG...]: started, serves, ready, and the only endpoint
replica_up() {
	local name=$1
	replica_started "$@"
	until_ok 60 ready_or_gone "$name" || fail "otelgate webhook does not serve: $(tail -n 3 "$D/log/$CASE.$name.log")"
	[ -s "$W/$name.ports" ] || fail "otelgate webhook ended: $(tail -n 3 "$D/log/$CASE.$name.log")"
	until_true 60 "not ready: $(ops "$name" '/readyz?verbose')" ops_ok "$name" /readyz
	behind "$name"
}

# ops NAME PATH: a page of its ops port
ops() {
	curl -s --noproxy '*' --max-time 10 "http://127.0.0.1:$(port "$1" ops)$2"
}

ops_ok() {
	curl -sf --noproxy '*' --max-time 10 "http://127.0.0.1:$(port "$1" ops)$2"
}

# counted NAME METRIC [TEXT]: sum of the lines of a metric that hold the text
counted() {
	ops "$1" /metrics | awk -v m="$2" -v t="${3:-}" '
		index($0, m) == 1 && substr($0, length(m) + 1, 1) ~ /[{ ]/ && (t == "" || index($0, t)) { n += $NF }
		END { printf "%d\n", n }'
}

# no_refusals: nothing that otelgate asked for was forbidden
no_refusals() {
	eq "$(cluster forbidden "$system" || :)" "$forbidden_before" 'requests that RBAC refused'
}

ca_bundle() {
	api GET "$registration" | jq -r '.webhooks[0].clientConfig.caBundle // ""'
}

bundle_is() { [ "$(ca_bundle)" = "$1" ]; }

bundle_there() { [ -n "$(ca_bundle)" ]; }

# bundle_set [BASE64]: another caBundle, or none
bundle_set() {
	jq -n --arg v "${1:-}" '[{path: "/webhooks/0/clientConfig/caBundle"} + if $v == "" then {op: "remove"} else {op: "add", value: $v} end]' \
		>"$W/bundle-patch.json"
	CONTENT_TYPE=application/json-patch+json api PATCH "$registration" "$W/bundle-patch.json" >"$W/bundle-answer.json"
	jq -e '.kind == "MutatingWebhookConfiguration"' "$W/bundle-answer.json" >/dev/null || fail "$(cat "$W/bundle-answer.json")"
}

# admitted NAMESPACE: a pod that asks for injection is created, injected or not
admitted() {
	probe_pod >"$W/probe.json"
	dry_run "$1" "$W/probe.json" >"$W/admitted.json"
	jq -e '.kind == "Pod"' "$W/admitted.json" >/dev/null || fail "not admitted: $(cat "$W/admitted.json")"
}

# deployment NAME REPLICAS TEMPLATE-ANNOTATION-VALUE WORKLOAD-ANNOTATION-VALUE, as JSON; - is none
deployment() {
	jq -n --arg name "$1" --argjson n "$2" --arg t "${3:--}" --arg w "${4:--}" '
		def inject(v): if v == "-" then {} else {"otelgate.dev/inject": v} end;
		{apiVersion: "apps/v1", kind: "Deployment", metadata: {name: $name, annotations: inject($w)},
		 spec: {replicas: $n, selector: {matchLabels: {app: $name}}, template: {
			metadata: {labels: {app: $name}, annotations: inject($t)},
			spec: {terminationGracePeriodSeconds: 0, containers: [{name: "main", image: "registry.test/a:1"}]}}}}'
}

# all_pods NAMESPACE COUNT FILTER: so many pods are there, and the filter is true of each
all_pods() {
	api_is GET "/api/v1/namespaces/$1/pods" "[.items[] | select(.metadata.deletionTimestamp == null) | $3] | (length == $2) and all"
}

# review NAME POD-FILE NAMESPACE CA-FILE: the answer of a replica that is asked directly
review() {
	jq '{apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: {
		uid: "705ab4f5-6393-11e8-b7cc-42010a800002", operation: "CREATE", namespace: "'"$3"'",
		kind: {group: "", version: "v1", kind: "Pod"}, resource: {group: "", version: "v1", resource: "pods"},
		userInfo: {username: "e2e"}, object: .}}' "$2" >"$W/review.json"
	curl -s --noproxy '*' --max-time 10 --cacert "$4" -H 'Content-Type: application/json' --data-binary "@$W/review.json" \
		"https://127.0.0.1:$(port "$1")/mutate?timeout=3s"
}
