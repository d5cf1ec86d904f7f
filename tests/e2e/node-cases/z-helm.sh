# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What Helm runs in the cluster, and what is left when it has taken all away.

# shellcheck source=tests/e2e/lib/node.sh
. "$here/lib/node.sh"

# `helm test`: pods that ask the webhook by the name of its Service, and the receiver.
full_node_helm_test() {
	with_otelgate
	lets_in glc_first
	credential glc_first
	helm test otelgate -n otelgate --timeout 2m >"$W/out" 2>&1 || fail "$(cat "$W/out"; k logs -n otelgate otelgate-test-receivers; k logs -n otelgate otelgate-test-admission)"
	eq "$(grep -c '^Phase: *Succeeded' "$W/out")" 2 'tests that succeeded'
	eq "$(k get pods,configmaps -n otelgate -o name | grep -c test || :)" 0 'what is left of them'
	# it is the credential that is tried, and it is said
	lets_in glc_other
	if helm test otelgate -n otelgate --timeout 2m >"$W/out" 2>&1; then
		fail "a refused credential was found well: $(cat "$W/out")"
	fi
	eq "$(grep -c '^Phase: *Succeeded' "$W/out")" 1 'tests that succeeded'
	k logs -n otelgate otelgate-test-receivers >"$W/out"
	grep -q '^metrics  *broken  *credential ' "$W/out" || fail "another reason: $(cat "$W/out")"
	k delete pod -n otelgate otelgate-test-receivers >/dev/null
	lets_in glc_first
}

# The last one: nobody needs otelgate any more to live.
full_node_uninstalled() {
	local pod lines
	shop_web glc_first
	pod=$(newest "$CASE" web)
	until_true 60 'nothing arrives' sent "$pod" '.status == 200'
	# from here on they lose their rights while they end
	cluster forbidden >&2 || fail 'RBAC refused what was needed'
	helm uninstall otelgate -n otelgate --wait --timeout 2m >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	until_true 60 'pods of it are left' all_ready 0
	eq "$(k get mutatingwebhookconfigurations -o name)" '' 'registrations'
	lines=$(wc -l <"$D/sink/seen")
	until_true 60 'nothing arrives any more' eval "tail -n +$((lines + 1)) '$D/sink/seen' | jq -e --arg pod '$pod' 'select(.resource[\"k8s.pod.name\"] == \$pod and .status == 200)'"
	rolled "$CASE" web >/dev/null
	k get pod -n "$CASE" "$(newest "$CASE" web)" -o json | jq -e "$injected | not" >/dev/null || fail 'injected by nobody'
	rm "$D/with-otelgate"
}
