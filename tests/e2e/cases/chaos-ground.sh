# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the webhook stands on is taken away and given back: the API server, rights, CRDs, its Secret, caBundle, the
# token. It goes on without a restart.
# shellcheck source=tests/e2e/chaos.sh
. "$here/chaos.sh"

# bundle_back GOOD WHAT: until caBundle is that again; how long is said
bundle_back() {
	local at
	at=$(now_ms)
	until_true 60 "$2: caBundle does not come back" bundle_is "$1"
	note "$2: back after $(($(now_ms) - at)) ms"
	until_asked "$CASE" "$injected"
}

core_chaos_bundle() {
	local good foreign
	ns_new "$CASE"
	installed
	configured
	replica_up one
	until_asked "$CASE" "$injected"
	good=$(ca_bundle)
	bundle_set
	bundle_back "$good" wiped
	foreign=$(base64 -w0 "$D/pki/ca.crt")
	bundle_set "$foreign"
	bundle_back "$good" "another CA's"
	bundle_set "$(printf '%s%s' "$(ca_bundle | base64 -d)" "$(cat "$D/pki/ca.crt")" | base64 -w0)"
	bundle_back "$good" 'one CA too many'
	# the whole registration is deleted and applied again, as an upgrade by delete and create does it
	k delete mutatingwebhookconfiguration otelgate >/dev/null
	admitted "$CASE"
	install_part --registration
	bundle_back "$good" 'a new registration'
	no_refusals
}

new_secret() { # UID-OF-THE-OLD-ONE
	api_is GET "/api/v1/namespaces/$system/secrets/otelgate-webhook-ca" ".kind == \"Secret\" and .metadata.uid != \"$1\""
}

# What is served stays good without it, and whoever starts makes a new one.
core_chaos_secret_deleted() {
	local was
	ns_new "$CASE"
	installed
	configured
	replica_up one
	until_asked "$CASE" "$injected"
	was=$(k get secret -n "$system" otelgate-webhook-ca -o jsonpath='{.metadata.uid}')
	k delete secret -n "$system" otelgate-webhook-ca >/dev/null
	until_asked "$CASE" "$injected"
	replica_up two
	until_true 60 'no new Secret is made' new_secret "$was"
	until_asked "$CASE" "$injected"
	behind one
	until_asked "$CASE" "$injected"
	# what is in it is nonsense
	k patch secret -n "$system" otelgate-webhook-ca --type merge -p '{"data": {"tls.crt": "bm9uc2Vuc2U=", "tls.key": "bm9uc2Vuc2U="}}' >/dev/null
	until_asked "$CASE" "$injected"
	behind two
	until_asked "$CASE" "$injected"
	# whoever starts after both are gone finds it mended or mends it
	proc_kill "$CASE.one"
	proc_kill "$CASE.two"
	replica_up three
	until_asked "$CASE" "$injected"
	no_refusals
}

# A replica that is asked about a pod whose Deployment opted in: from its caches.
from_caches() { # NAME FILTER-OF-THE-ANSWER
	review "$1" "$W/owned.json" "$CASE" "$W/ca.pem" >"$W/answer.json"
	jq -e "$2" "$W/answer.json" >/dev/null || fail "$(head -c 1000 "$W/answer.json")"
}

full_chaos_apiserver_away() {
	local away
	ns_new "$CASE"
	installed
	configured
	replica_up one
	until_asked "$CASE" "$injected"
	ca_bundle | base64 -d >"$W/ca.pem"
	deployment web 2 - true | k create -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s
	until_true 30 'not injected' all_pods "$CASE" 2 "$injected"
	api GET "/api/v1/namespaces/$CASE/pods" | jq '.items[0] | {apiVersion: "v1", kind: "Pod",
		metadata: {generateName: .metadata.generateName, labels: {app: "web", "pod-template-hash": .metadata.labels["pod-template-hash"]},
		ownerReferences: .metadata.ownerReferences}, spec: {containers: [{name: "main", image: "registry.test/a:1"}]}}' >"$W/owned.json"
	from_caches one '.response.patch != null'
	away=$(proc_cpu "$CASE.one")
	cluster stop-apiserver --kill
	for ((i = 0; i < ${CHAOS_AWAY_SECONDS:-60}; i++)); do
		from_caches one '.response.allowed and .response.patch != null'
		ops_ok one /livez >/dev/null || fail 'not alive'
		ops_ok one /readyz >/dev/null || fail 'not ready, though it serves from its caches'
		sleep 1 # the time it is away
	done
	away=$(($(proc_cpu "$CASE.one") - away))
	note "processor time while it was away: ${away}0 ms"
	[ "$away" -lt $((${CHAOS_AWAY_SECONDS:-60} * 10)) ] || fail "a tenth of a processor for nothing: ${away}0 ms"
	cluster start-apiserver
	forbidden_before=$(cluster forbidden "$system" || :) # it answers before it knows its roles
	until_asked "$CASE" "$injected"
	# it hears of what changes again
	deployment later 1 - true | k create -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/later --timeout=60s
	until_true 30 'not injected' all_pods "$CASE" 3 "$injected"
	k patch telemetryprofile standard --type merge -p '{"spec": {"sdk": {"resourceAttributes": {"after": "restart"}}}}' >/dev/null
	until_asked "$CASE" '[.spec.containers[0].env[] | select(.name == "OTEL_RESOURCE_ATTRIBUTES") | .value | contains("after=restart")] == [true]'
	no_refusals
}

# cut_watches: the API server ends what it once allowed only with the connection
cut_watches() {
	cluster restart-apiserver
}

says_rule() { # NAME TEXT
	awk -v text="$2" 'index($0, "\"missing_rule\"") && index($0, text) { found = 1 } END { exit !found }' "$D/log/$CASE.$1.log"
}

full_chaos_rights_taken_away() {
	ns_new "$CASE"
	installed
	configured
	note 'RBAC refuses on purpose'
	replica_up one
	until_asked "$CASE" "$injected"
	k delete clusterrolebinding otelgate-webhook >/dev/null
	cut_watches
	# what it knew is good enough, and it says what is missing
	until_asked "$CASE" "$injected"
	until_true 60 'the missing right is not named' says_rule one deployments
	# one that starts now admits all the same
	replica_started two
	until_true 60 'the other one does not serve' replica_serves two
	behind two
	admitted "$CASE"
	proc_kill "$CASE.two"
	behind one
	install_part --rights
	deployment web 1 - true | k create -n "$CASE" -f - >/dev/null
	k patch telemetryprofile standard --type merge -p '{"spec": {"sdk": {"resourceAttributes": {"rights": "back"}}}}' >/dev/null
	until_true 120 'it does not find its rights again' rights_back
	until_asked "$CASE" "$injected"
}

rights_back() {
	dry_run "$CASE" "$W/probe.json" | jq -e '[.spec.containers[0].env[] | select(.name == "OTEL_RESOURCE_ATTRIBUTES") | .value | contains("rights=back")] == [true]'
}

core_chaos_crds_come_and_go() {
	ns_new "$CASE"
	installed
	crds delete
	replica_up one
	admitted "$CASE"
	jq -e "$injected | not" "$W/admitted.json" >/dev/null || fail 'injected without any configuration'
	crds install
	configured
	until_true 120 'the CRDs that came later are not seen' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" "$injected" "$W/probe.json"
	crds delete
	admitted "$CASE"
	ops_ok one /livez >/dev/null || fail 'not alive'
	crds install
	configured
	k patch telemetryprofile standard --type merge -p '{"spec": {"sdk": {"resourceAttributes": {"crds": "again"}}}}' >/dev/null
	until_true 120 'the CRDs that came again are not seen' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" \
		'[.spec.containers[0].env // [] | .[] | select(.name == "OTEL_RESOURCE_ATTRIBUTES") | .value | contains("crds=again")] == [true]' "$W/probe.json"
	no_refusals
}

token_is_refused() {
	[ "$(curl -s --noproxy '*' --cacert "$D/pki/ca.crt" -H "Authorization: Bearer $(cat "$1")" -o /dev/null -w '%{http_code}' \
		"https://127.0.0.1:$(cat "$D/apiserver.port")/apis")" = 401 ]
}

# The token in the file ends before a new one is there: from then on requests are refused, and reviews go on.
full_chaos_token_expired() {
	local good
	ns_new "$CASE"
	installed
	configured
	good=$(cat "$account/token")
	k create secret generic -n "$system" brief >/dev/null
	rm "$account/token"
	k create token -n "$system" otelgate-webhook --duration 10m --bound-object-kind Secret --bound-object-name brief >"$account/token"
	replica_up one
	until_asked "$CASE" "$injected"
	k delete secret -n "$system" brief >/dev/null
	until_true 60 'the token is not refused' token_is_refused "$account/token"
	cut_watches
	forbidden_before=$(cluster forbidden "$system" || :)
	until_true 60 'it does not notice' unauthorized one
	until_asked "$CASE" "$injected"
	printf '%s' "$good" >"$account/token.new"
	mv "$account/token.new" "$account/token"
	k patch telemetryprofile standard --type merge -p '{"spec": {"sdk": {"resourceAttributes": {"token": "new"}}}}' >/dev/null
	until_true 120 'the new token is not used' api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" \
		'[.spec.containers[0].env[] | select(.name == "OTEL_RESOURCE_ATTRIBUTES") | .value | contains("token=new")] == [true]' "$W/probe.json"
	no_refusals
}

unauthorized() { [ "$(counted "$1" rest_client_requests_total 'code="401"')" -gt 0 ]; }
