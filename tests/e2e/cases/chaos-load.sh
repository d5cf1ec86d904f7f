# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Many things at once: namespaces and workloads that are new in this very second, other webhooks, clocks that
# differ, a new CA under load.
# shellcheck source=tests/e2e/chaos.sh
. "$here/chaos.sh"

# Opt-in on namespace and workload that are seconds old: whatever the caches know by then.
core_chaos_new_in_this_second() {
	local i
	ns_new "$CASE"
	installed
	configured
	replica_up one
	until_asked "$CASE" "$injected"
	for ((i = 0; i < 10; i++)); do
		jq -nc --arg n "$CASE-$i" --arg c "$CASE" '{apiVersion: "v1", kind: "Namespace", metadata: {name: $n,
			labels: {"e2e.otelgate.dev/case": $c}, annotations: {"otelgate.dev/inject": "true"}}}'
		deployment by-namespace 3 - - | jq -c --arg n "$CASE-$i" '.metadata.namespace = $n'
	done | k create -f - >/dev/null
	for ((i = 0; i < 20; i++)); do
		deployment "by-workload-$i" 2 - true
	done | k create -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment --timeout=120s >/dev/null
	all_pods "$CASE" 40 "$injected" || fail "missed: $(bare "$CASE")"
	for ((i = 0; i < 10; i++)); do
		k rollout status -n "$CASE-$i" deployment --timeout=120s >/dev/null
		all_pods "$CASE-$i" 3 "$injected" || fail "missed: $(bare "$CASE-$i")"
	done
	# away in the same second
	for ((i = 0; i < 5; i++)); do
		k delete namespace "$CASE-$i" --wait=false >/dev/null
		deployment late 3 - true | k create -n "$CASE-$i" -f - >/dev/null 2>&1 || : # it may be refused by the API server
	done
	for ((i = 0; i < 5; i++)); do
		k wait --for=delete "namespace/$CASE-$i" --timeout=60s >/dev/null
	done
	eq "$(counted one otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
	note "$(ops one /metrics | grep ^otelgate_owner_lookups_total | tr '\n' ' ')"
	no_refusals
}

bare() {
	k get pods -n "$1" -o json | jq -c "[.items[] | select($injected | not) | .metadata.name]"
}

core_chaos_two_other_webhooks() {
	ns_new "$CASE"
	installed
	configured
	replica_up one
	until_asked "$CASE" "$injected"
	neighbour_up
	register a-neighbour "$(port neighbour)" /sidecar "$CASE"
	register z-neighbour "$(port neighbour)" /env "$CASE"
	until_asked "$CASE" '([.spec.containers[].name] | index("neighbour") != null) and ([.spec.containers[0].env[].name] | index("NEIGHBOUR") != null)'
	deployment web 5 - true | k create -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null
	all_pods "$CASE" 5 "($injected) and (.spec.containers | length == 2) and ([.spec.containers[] | [.env[].name | select(. == \"OTEL_SERVICE_NAME\")] | length] | all(. == 1))" ||
		fail "$(k get pods -n "$CASE" -o json | jq -c '.items[0].spec.containers | map({name, env: [.env[]?.name]})')"
	# one of them fails: ours does not mind
	register b-neighbour "$(port neighbour)" /fail "$CASE"
	rolled "$CASE" web >/dev/null
	until_true 30 'not injected' all_pods "$CASE" 5 "$injected"
	no_refusals
}

# A replica whose clock is wrong: ahead by half an hour, behind by as much as the cluster's own certificates allow.
full_chaos_clock_skew() {
	local ca
	ns_new "$CASE"
	installed
	configured
	${CC:-cc} -shared -fPIC -O1 -o "$W/skew.so" "$here/chaos-skew.c"
	SKEW=$W/skew.so
	SKEW_SECONDS=1800 replica_up ahead
	until_asked "$CASE" "$injected"
	ca=$(ca_bundle)
	proc_kill "$CASE.ahead"
	SKEW_SECONDS=0 replica_up right
	until_asked "$CASE" "$injected"
	eq "$(ca_bundle)" "$ca" 'the CA of one whose clock is half an hour ahead'
	# both beside each other, for a few looks at the Secret
	SKEW_SECONDS=1800 replica_started ahead
	until_true 60 'it does not serve' replica_serves ahead
	until_true 60 'not ready' ops_ok ahead /readyz
	behind ahead
	until_asked "$CASE" "$injected"
	eq "$(ca_bundle)" "$ca" 'the CA with both'
	# far ahead: for it every certificate has ended
	SKEW_SECONDS=$((400 * 86400)) replica_started far
	sleep 5 # it may do harm in that time
	admitted "$CASE"
	behind right
	until_asked "$CASE" "$injected"
	proc_kill "$CASE.far"
	until_asked "$CASE" "$injected"
}

figure() { jq -r ".$1" "$W/load.json"; }

load_at_least() { [ "$(figure "$1")" -ge "$2" ]; }

rotated() { # a new CA signs from now on
	[ $(($(counted one otelgate_ca_rotations_total) + $(counted two otelgate_ca_rotations_total))) -gt 0 ]
}

# A new CA while pods are admitted as quickly as the machine can, 500 a second at most: each of them is injected.
full_chaos_rotation_under_load() {
	local was n
	# a CA is due with a third of its life left, a certificate too
	local life='--ca-lifetime 120s --certificate-lifetime 40s --rotation-settle 3s'
	ns_new "$CASE"
	installed
	configured
	# shellcheck disable=SC2086
	replica_up one $life
	# shellcheck disable=SC2086
	replica_up two $life
	behind one two
	until_asked "$CASE" "$injected"
	was=$(ca_bundle)
	probe_pod >"$W/probe.json"
	proc_start "$CASE.load" python3 "$here/soak/load.py" "$D" "$CASE" "$W/probe.json" "${CHAOS_RATE:-500}" 48 "$W/load.json"
	until_true 60 'there is no load' load_at_least injected 200
	until_true 180 'the CA is not replaced' rotated
	# what begins now is with the new one: the API server makes new connections all the time
	n=$(figure injected)
	until_true 120 'the load has stopped' load_at_least injected $((n + 1000))
	proc_stop "$CASE.load" 40
	[ "$(ca_bundle)" != "$was" ] || fail 'caBundle is the old one'
	note "$(jq -c 'del(.odd)' "$W/load.json")"
	note "$(ops one /metrics | grep -E "^otelgate_(ca_rotations|certificate|cabundle|http_accepted)" | tr "\n" " ")"
	[ "$(figure bare)$(figure refused)$(figure broken)" = 000 ] || fail "lost: $(jq -c . "$W/load.json")"
	no_refusals
}
