# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Writes with preconditions, events and an election by our own client.

core_writes() {
	ns_new "$CASE"
	"$OG_E2E/writes" "$KUBECONFIG" "$CASE"
	# one Event that counts: 4 + 4 + 4
	k get events.events.k8s.io -n "$CASE" -o json | jq -e '[.items[] | select(.reason == "Tested")]
		| length == 1 and .[0].series.count == 12 and .[0].note == "a note \"?\" of\ntwo lines "' >/dev/null
	# given back: someone else holds it
	k get lease -n "$CASE" election -o json | jq -e '.spec.holderIdentity == "b" and .spec.leaseTransitions == 1' >/dev/null
}
