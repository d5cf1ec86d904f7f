# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What people type, about pods that really run.

# shellcheck source=tests/e2e/lib/node.sh
. "$here/lib/node.sh"

# A Deployment opted in by the command, and the ladder of doctor before and after its credential.
full_node_commands() {
	local pod
	with_otelgate
	ns_new "$CASE" pod-security.kubernetes.io/enforce=restricted
	lets_in glc_first
	no_credential "$CASE"
	if LC_ALL=C.UTF-8 "$OG_BIN" doctor >"$W/out" 2>&1; then
		fail 'all is well without a credential'
	fi
	grep -q '^First broken rung: credentials (OG401' "$W/out" || fail "another rung: $(cat "$W/out")"
	eq "$(grep -c '^✓ ' "$W/out")" 8 'rungs before it that are well'

	credential glc_first
	deployment "$CASE" web shop:1
	"$OG_BIN" missed -n "$CASE" >"$W/out" 2>&1 || fail "nobody was asked in, yet: $(cat "$W/out")"
	"$OG_BIN" optin deployment/web -n "$CASE" --yes >"$W/out" 2>&1 || fail "optin: $(cat "$W/out")"
	until_true 30 'the credential is not distributed' distributed "$CASE" glc_first
	k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null
	rolled "$CASE" web >/dev/null
	pod=$(newest "$CASE" web)
	until_true 60 'not all signals arrive' all_signals "$pod" '.auth == "good" and .status == 200'
	until_true 60 "the ladder ends: $("$OG_BIN" doctor 2>&1)" "$OG_BIN" doctor
	"$OG_BIN" status -n "$CASE" >"$W/out" 2>&1 || fail "status: $(cat "$W/out")"
	grep -q 'web' "$W/out" || fail "status says nothing of it: $(cat "$W/out")"
}

# Prometheus' view of the pods: their annotations name the port, and what is there is metrics.
full_node_metrics() {
	local part pod address
	with_otelgate
	for part in webhook controller; do
		for pod in $(component "$part"); do
			address=$(k get pod -n otelgate "$pod" -o json | jq -r 'select(.metadata.annotations["prometheus.io/scrape"] == "true") | "\(.status.podIP):\(.metadata.annotations["prometheus.io/port"])"')
			curl -sf --noproxy '*' --max-time 10 "http://$address/metrics" >"$W/metrics" || fail "$pod tells no metrics at $address"
			grep -q '^otelgate_build_info{' "$W/metrics" || fail "$pod does not say what it is"
			# only what is asked about from outside is open
			! curl -s --noproxy '*' --max-time 3 -o /dev/null "http://$address/debug" -w '%{http_code}' | grep -q 200 || fail "$pod has a debug page"
		done
	done
	eq "$(curl -sk --noproxy '*' --max-time 10 -o /dev/null -w '%{http_code}' "https://$(k get service -n otelgate otelgate-webhook -o jsonpath='{.spec.clusterIP}')/mutate")" 405 'a GET of the webhook, through its Service'
}
