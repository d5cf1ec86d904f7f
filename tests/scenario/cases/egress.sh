# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Network policies: made where needed, and only there.

the_policy() { get networkpolicies.networking.k8s.io "$(policies | head -n 1)"; }

both_egress_denied() {
	world
	deny | apply
	workload Deployment web | apply
	until_true 30 'no policy' policies_are 1
	the_policy | jq -e --arg tools "$NS-tools" '.spec | .policyTypes == ["Egress"] and (.podSelector.matchLabels.app == "web")
		and ([.egress[].ports[].port] | unique == [53, 4318])
		and ([.egress[] | .to // [] | .[].ipBlock // empty] == [])
		and ([.egress[] | select(.ports[].port == 4318) | .to[].namespaceSelector.matchLabels["kubernetes.io/metadata.name"]] | unique == [$tools])' >/dev/null ||
		fail "not the least that is needed: $(the_policy | jq -c .spec)"
	seen Deployment/web "$(condition EgressAllowed True)" 'open'
	quiet 3
	remove networkpolicies.networking.k8s.io default-deny
	until_true 60 'it stays, and isolates by itself' policies_are 0
	seen Deployment/web "$(condition EgressAllowed True)" 'open without it'
	quiet 3
}

both_egress_open() {
	world
	deny Ingress | apply
	workload Deployment web | apply
	seen Deployment/web "$(condition EgressAllowed True)" 'open'
	policies_are 0 || fail "a policy without need: $(policies)"
	quiet 3
}

both_egress_foreign() {
	local name was
	world
	deny | apply
	workload Deployment web | apply
	until_true 30 'no policy' policies_are 1
	name=$(policies)
	controller_term 1
	remove networkpolicies.networking.k8s.io "$name"
	deny | jq --arg n "$name" '.metadata.name = $n | .spec.podSelector = {matchLabels: {app: "other"}}' | apply
	was=$(get networkpolicies.networking.k8s.io "$name")
	controller_up 1
	seen Deployment/web "$(condition EgressAllowed False)" 'blocked'
	mentions Deployment/web "$name" || fail "which policy: $(text_of Deployment/web)"
	quiet 3
	eq "$(get networkpolicies.networking.k8s.io "$name")" "$was" 'the foreign policy'
	remove networkpolicies.networking.k8s.io "$name"
	until_true 60 'ours is not made' policies_are 1
}

both_egress_edited() {
	local spec
	world
	deny | apply
	workload Deployment web | apply
	until_true 30 'no policy' policies_are 1
	spec=$(the_policy | jq -S .spec)
	api PATCH "/apis/networking.k8s.io/v1/namespaces/$NS/networkpolicies/$(policies)" - application/merge-patch+json <<<'{"spec": {"egress": [{}]}}' >/dev/null
	until_true 30 'a hole stays open' policy_is "$spec"
	remove networkpolicies.networking.k8s.io "$(policies)"
	until_true 30 'deleted by hand, it does not come back' policies_are 1
	policy_is "$spec" || fail 'another one'
	quiet 3
}

policy_is() { [ "$(the_policy | jq -S .spec)" = "$1" ]; }

both_egress_gateway() {
	world . '.spec.receiver = {type: "gateway", endpoint: "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp"}'
	deny | apply
	workload Deployment web | apply
	seen Deployment/web '.conditions | any(.type == "EgressAllowed" and .status != "True")' 'named'
	mentions Deployment/web otlp-gateway-prod-eu-west-2.grafana.net || fail "which host: $(text_of Deployment/web)"
	quiet 3
	policies_are 0 || the_policy | jq -e '[.spec.egress[] | .to // [{}] | .[] | select(. == {} or .ipBlock.cidr == "0.0.0.0/0" or .ipBlock.cidr == "::/0")]
		| map(select(.ports // [] | any(.port != 53))) == []' >/dev/null || fail "a hole: $(the_policy | jq -c .spec)"
}
