# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The webhook dies at each moment of its life, and what it stands on is taken away: pods are always admitted.
# shellcheck source=tests/e2e/chaos.sh
. "$here/chaos.sh"

# own_pods: its own Deployment, rolled once more; every pod comes to be
own_pods() {
	k apply --server-side --force-conflicts -f "$here/../../manifests/base/webhook-deployment.yaml" >/dev/null
	rolled "$system" otelgate-webhook
}

# everybody_admitted MOMENT: a pod that asks for injection, and its own
everybody_admitted() {
	note "$1"
	admitted "$CASE"
	own_pods
}

secret_there() { api_is GET "/api/v1/namespaces/$system/secrets/otelgate-webhook-ca" '.kind == "Secret"'; }

# may_not_patch: it sees the registration and may not write it
may_not_patch() {
	k get clusterrole otelgate-webhook -o json |
		jq '(.rules[] | select(.resources == ["mutatingwebhookconfigurations"]).verbs) -= ["patch"]' | k replace -f - >/dev/null
}

core_chaos_killed_at_each_moment() {
	local ms
	ns_new "$CASE"
	installed
	configured
	note 'RBAC refuses on purpose'
	# before it has a CA: it may not make one
	k delete rolebinding -n "$system" otelgate-webhook >/dev/null
	replica_started one
	everybody_admitted 'no right to the Secret'
	proc_kill "$CASE.one"
	everybody_admitted 'killed before it had a CA'
	secret_there && fail 'there is a CA already'
	# between the CA and caBundle: it may not write the registration
	install_part --rights
	may_not_patch
	replica_started one
	until_true 60 'no CA is made' secret_there
	everybody_admitted 'a CA, and no caBundle'
	proc_kill "$CASE.one"
	eq "$(ca_bundle)" '' 'caBundle that nobody may write'
	everybody_admitted 'killed between the CA and caBundle'
	install_part --rights
	# while it serves
	replica_up one
	until_asked "$CASE" "$injected"
	proc_kill "$CASE.one"
	everybody_admitted 'killed while it served'
	# while it drains
	DELAY=2m replica_up one # the most there is
	until_asked "$CASE" "$injected"
	proc_signal "$CASE.one" TERM
	until_true 20 'it does not turn not ready' not_ready one
	everybody_admitted 'draining'
	proc_kill "$CASE.one"
	everybody_admitted 'killed while it drained'
	# at moments nobody chose
	for ms in 1 3 10 20 40 60 80 120 160 240; do
		replica_started one
		sleep "0.$(printf %03d "$ms")" # the moment
		proc_kill "$CASE.one"
		admitted "$CASE"
	done
	replica_up one
	until_asked "$CASE" "$injected"
	own_pods
	k get pods -n "$system" -o json | jq -e "[.items[] | ($injected | not)] | (length > 0) and all" >/dev/null || fail 'it has injected its own pods'
	k get deployments -n "$system" -o json | jq -e '[.items[].status | .readyReplicas == .replicas] == [true]' >/dev/null || fail 'its own pods are not ready'
}

not_ready() { ! ops_ok "$1" /readyz; }

# Its first replicas race for the CA: there is one, and all serve with it.
core_chaos_first_start_race() {
	local n
	ns_new "$CASE"
	installed
	configured
	for n in one two three four; do
		replica_started "$n"
	done
	for n in one two three four; do
		until_true 60 "$n does not serve" replica_serves "$n"
		until_true 60 "$n is not ready" ops_ok "$n" /readyz
	done
	bundle_there || fail 'there is no caBundle'
	ca_bundle | base64 -d >"$W/ca.pem"
	eq "$(grep -c BEGIN "$W/ca.pem")" 1 'CAs in the bundle'
	probe_pod >"$W/probe.json"
	for n in one two three four; do
		review "$n" "$W/probe.json" "$CASE" "$W/ca.pem" | jq -e '.response.allowed and .response.patch != null' >/dev/null ||
			fail "$n does not serve with the CA of the bundle"
		behind "$n"
		until_asked "$CASE" "$injected"
	done
	no_refusals
}
