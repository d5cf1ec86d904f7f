# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# examples/tradeengine from its first opt-in to a new token, as a team lives through it: two new pods and an old one, a
# namespace that denies everything, a credential, and nobody who restarts anything by hand.

engine=$here/../../examples/tradeengine

controller() { # N
	local sa=$D/sa/otelgate.otelgate-controller
	[ -e "$sa" ] || cluster sa otelgate otelgate-controller >/dev/null
	rm -f "$W/controller-$1.ports"
	proc_start "controller-$1" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate POD_NAME="controller-$1" "$OG_BIN" controller \
		--service-account-dir "$sa" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/controller-$1.ports" --log-format json --log-level debug
	until_true 30 "controller-$1 does not serve" test -s "$W/controller-$1.ports"
}

# engine_says JQ: what the status of the trading engine says
engine_says() {
	api GET /apis/otelgate.dev/v1alpha1/namespaces/trading/workloadtelemetries/deployment-tradeengine | jq -e ".status | $1"
}

# told SECONDS JQ WHAT: within that time; then the table is shown, as people see it
told() {
	until_ok "$1" engine_says "$2" || fail "$3: $2 of $(engine_says . | jq -c .)"
	note "$3"
	k get wt -A >&2
}

ready() { printf '.conditions | any(.type == "%s" and .status == "%s")' "$1" "$2"; }

engine_pods() { k get pods -n trading -l app=tradeengine -o json | jq -r "[.items[] | select(.metadata.deletionTimestamp == null)] | $1"; }

header_of() { # TOKEN: as SDKs get it
	printf 'Authorization=Basic%%20%s' "$(printf '123456:%s' "$1" | base64 -w0 | sed 's/+/%2B/g; s|/|%2F|g; s/=/%3D/g')"
}

header_is() { [ "$(k get secret -n trading otelgate-otlp -o json 2>/dev/null | jq -r '.data["otlp-headers"] | @base64d')" = "$1" ]; }

policies_are() { [ "$(k get networkpolicies -n trading -l app.kubernetes.io/managed-by=otelgate -o name | wc -l)" = "$1" ]; }

other_leads() { # HOLDER
	local now
	now=$(k get lease -n otelgate otelgate-controller -o jsonpath='{.spec.holderIdentity}')
	[ -n "$now" ] && [ "$now" != "$1" ]
}

core_tradeengine() {
	local old token holder begin
	fresh_cluster
	installed
	k apply -k "$here/../../manifests/restarts" >/dev/null
	# server-side, so that no copy of the token is left in an annotation
	k apply --server-side -f "$engine/manifests/namespace.yaml" -f "$engine/cluster/monitoring.yaml" -f "$engine/cluster/source-access.yaml" >/dev/null
	k apply -f "$engine/cluster/default-deny.yaml" -f "$engine/cluster/otelgate.yaml" -f "$engine/cluster/tradeengine-before.yaml" >/dev/null
	k rollout status -n trading deployment/tradeengine --timeout=60s
	replica 0
	endpoints 0
	until_asked default "$injected"
	controller 1
	controller 2
	# who leads has read the credential: pods would start before their Secret
	until_true 30 'the credential of the stack was not read' api_is GET /apis/otelgate.dev/v1alpha1/grafanastacks/alloy '.status.authHash // "" | length == 16'
	# two new pods, and an old one for as long as minReadySeconds says
	k apply -f "$engine/cluster/tradeengine-mixed.yaml" >/dev/null
	told 30 '.pods.ratio == "2/3"' 'two new pods and an old one'
	old=$(engine_pods '.[] | select(.metadata.labels["otelgate.dev/revision"] == null) | .metadata.name')
	engine_says "[.pods.old[].name] == [\"$old\"] and .pods.old[0].replicaSet == \"${old%-*}\"" >/dev/null ||
		fail "the old pod $old is not named: $(engine_says .pods)"
	# its credential, and one policy in a namespace that denies everything
	token=$(sed -n 's/^  token: //p' "$engine/cluster/monitoring.yaml")
	until_true 30 'no credential' header_is "$(header_of "$token")"
	until_true 30 'not one policy' policies_are 1
	told 30 "($(ready CredentialsReady True)) and ($(ready EgressAllowed True))" 'a credential, and one policy'
	k describe wt -n trading deployment-tradeengine >&2
	# the rollout goes on
	k patch -n trading deployment tradeengine -p '{"spec": {"minReadySeconds": 0}}' >/dev/null
	told 60 ".pods.ratio == \"3/3\" and ($(ready RolloutComplete True)) and .pods.outdatedCredentials == 0" 'the rollout goes on'
	# the leader goes, the other one takes over
	holder=$(k get lease -n otelgate otelgate-controller -o jsonpath='{.spec.holderIdentity}')
	begin=$(now_ms)
	if grep -qF "\"identity\":\"$holder\"" "$D/log/controller-1.log" && grep -F '"leading"' "$D/log/controller-1.log" | grep -qF "$holder"; then
		proc_signal controller-1 TERM
	else
		proc_signal controller-2 TERM
	fi
	until_true 10 'the other controller does not lead' other_leads "$holder"
	note "handed over in $(($(now_ms) - begin)) ms"
	# a new token: first the Secret, then the pods are old, then they are restarted; not while the rollout is paused
	k rollout pause -n trading deployment/tradeengine >/dev/null
	k patch secret -n monitoring grafana-cloud -p '{"stringData": {"token": "glc_the_second_one"}}' >/dev/null
	until_true 30 'the new token is not distributed' header_is "$(header_of glc_the_second_one)"
	told 30 '.pods.stale == 3 and .pods.outdatedCredentials == 3' 'a new token: who holds the old one'
	k rollout resume -n trading deployment/tradeengine >/dev/null
	told 90 ".pods.ratio == \"3/3\" and ($(ready RolloutComplete True)) and .pods.outdatedCredentials == 0" 'restarted, once'
	eq "$(k get rs -n trading -l app=tradeengine -o json | jq '.items | length')" 3 'ReplicaSets: the old one, the new one, the restarted one'
	k events -n trading --for deployment/tradeengine >&2 || :
	# nothing isolates any more: our policy would, so it goes
	k delete networkpolicy -n trading default-deny >/dev/null
	until_true 60 'our policy stays and isolates by itself' policies_are 0
	told 30 "$(ready EgressAllowed True)" 'without the deny'
	# and nothing is left when the engine goes
	k delete deployment -n trading tradeengine >/dev/null
	until_true 60 'the credential stays behind' no_credential
	until_true 60 'the status stays behind' no_status
}

no_credential() { ! k get secret -n trading otelgate-otlp; }
no_status() { [ -z "$(k get wt -n trading -o name)" ]; }
