# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The credential of a stack on its way to workloads.

both_secret_distributed() {
	local ns
	world
	ns_new "$NS-b"
	ns_new "$NS-c"
	workload Deployment web | apply
	workload Deployment web . "$NS-b" | apply
	workload Deployment web "$silent" "$NS-c" | apply
	for ns in "$NS" "$NS-b"; do
		until_true 30 "not in $ns" has_header "$ns" "$(header $id $token)"
		eq "$(get secrets otelgate-otlp "$ns" | jq -r '.metadata.labels["app.kubernetes.io/managed-by"]')" otelgate 'label'
		eq "$(get secrets otelgate-otlp "$ns" | jq -r '[.metadata.managedFields[] | .manager] | unique | join(" ")')" otelgate-controller 'manager'
	done
	seen Deployment/web "($(counts 3 3)) and ($(condition CredentialsReady True))" 'ready'
	no_secret "$NS-c" || fail 'a namespace without opted-in workloads has one'
	quiet 3
}

both_secret_edited() {
	world
	workload Deployment web | apply
	until_true 30 'not there' has_header "$NS" "$(header $id $token)"
	api PATCH "/api/v1/namespaces/$NS/secrets/otelgate-otlp" - application/merge-patch+json <<<'{"metadata": {"labels": {"mine": "yes"}},
		"data": {"otlp-headers": "bm9uc2Vuc2U=", "other": "eA=="}}' >/dev/null
	until_true 30 'not put right' has_header "$NS" "$(header $id $token)"
	eq "$(get secrets otelgate-otlp "$NS" | jq -r .metadata.labels.mine)" yes 'a label of others'
	quiet 3
}

both_secret_deleted() {
	local i
	world
	workload Deployment web | apply
	for i in 1 2 3; do
		until_true 30 "not there ($i)" has_header "$NS" "$(header $id $token)"
		remove secrets otelgate-otlp
	done
	until_true 30 'not there again' has_header "$NS" "$(header $id $token)"
	quiet 3
}

both_secret_foreign() {
	local was
	world
	jq -n --arg ns "$NS" '{apiVersion: "v1", kind: "Secret", metadata: {name: "otelgate-otlp", namespace: $ns}, data: {mine: "eA=="}}' | apply
	was=$(get secrets otelgate-otlp "$NS")
	workload Deployment web | apply
	seen Deployment/web "$(condition CredentialsReady False)" 'named'
	mentions Deployment/web otelgate-otlp || fail "which Secret: $(text_of Deployment/web)"
	quiet 3
	eq "$(get secrets otelgate-otlp "$NS")" "$was" 'the foreign Secret'
	workload Deployment web '.spec.template.metadata.annotations["otelgate.dev/inject"] = "false"' | apply
	until_true 30 'the status stays' gone Deployment/web
	eq "$(get secrets otelgate-otlp "$NS")" "$was" 'the foreign Secret, when nobody needs it'
	workload Deployment web | apply
	remove secrets otelgate-otlp
	until_true 60 'ours is not made' has_header "$NS" "$(header $id $token)"
	seen Deployment/web "$(condition CredentialsReady True)" 'ready'
}

both_secret_source_missing() {
	world
	remove secrets grafana-cloud "$NS-tools"
	workload Deployment web | apply
	seen Deployment/web "$(condition CredentialsReady False)" 'named'
	mentions Deployment/web grafana-cloud || fail "which Secret: $(text_of Deployment/web)"
	source_secret $id $token | apply
	until_true 60 'not distributed' has_header "$NS" "$(header $id $token)"
	seen Deployment/web "$(condition CredentialsReady True)" 'ready'
	# what was given out stays when the source goes: it may come back, and pods hold it anyway
	remove secrets grafana-cloud "$NS-tools"
	seen Deployment/web "$(condition CredentialsReady False)" 'named again'
	has_header "$NS" "$(header $id $token)" || fail 'taken away from pods that need it'
}

# A line end that echo has left: what is distributed is without it, and it is named all the same.
both_secret_newline() {
	local hash
	world
	rotate $'glc_newline\n'
	workload Deployment web | apply
	until_true 30 'not distributed' has_header "$NS" "$(header $id glc_newline)"
	seen Deployment/web "($(counts 3 3)) and ($(condition CredentialsReady True))" 'ready'
	until_true 30 "the finding: $(text_of Deployment/web)" mentions Deployment/web OG403
	hash=$(get grafanastacks.otelgate.dev "$CASE" '' | jq -r .status.authHash)
	mentions Deployment/web glc_newline && fail 'the token is in the status'
	source_secret $id glc_newline | apply
	until_true 30 'still named' not_mentions Deployment/web OG403
	has_header "$NS" "$(header $id glc_newline)" || fail 'another header'
	quiet 3
	stack_is ".authHash == \"$hash\"" >/dev/null || fail 'another hash for the same header'
	says Deployment/web "$(counts 3 3)" >/dev/null || fail 'pods are stale, for the same header'
}

not_mentions() { ! mentions "$@"; }

both_secret_before_pod() {
	world
	controller_term 1
	workload Deployment web | apply
	until_rolled Deployment/web 3
	sleep 2 # times are kept in whole seconds
	controller_up 1
	until_true 30 'not there' has_header "$NS" "$(header $id $token)"
	seen Deployment/web '.pods.stale == 3' 'started before their Secret'
	restart Deployment/web
	seen Deployment/web "$(counts 3 3)" 'restarted'
}

both_rotation() {
	local was
	world "$managed"
	workload Deployment web | apply
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'three pods'
	was=$(restarted_at Deployment/web)
	source_secret $id glc_second | apply
	until_true 30 'the new header' has_header "$NS" "$(header $id glc_second)"
	until_true 60 'no restart' restarted Deployment/web "$was"
	was=$(restarted_at Deployment/web)
	seen Deployment/web "($(counts 3 3)) and ($(condition RolloutComplete True))" 'three new pods'
	quiet 5
	eq "$(restarted_at Deployment/web)" "$was" 'a second restart'
}

both_rotation_suggest() {
	world '.spec.restart.mode = "suggest"'
	workload Deployment web | apply
	seen Deployment/web "$(counts 3 3)" 'three pods'
	source_secret $id glc_second | apply
	seen Deployment/web "$(counts 3 0 stale 3)" 'stale'
	until_true 30 "no Event with the command: $(events web)" has_event web "kubectl .*rollout restart deployment/web"
	quiet 3
	eq "$(restarted_at Deployment/web)" never 'restarted'
}

both_canary_token() {
	local canary=glc_CANARY$RANDOM$RANDOM$RANDOM where
	world "$managed"
	source_secret $id "$canary" | apply
	workload Deployment web | apply
	until_true 30 'not distributed' has_header "$NS" "$(header $id "$canary")"
	seen Deployment/web "$(counts 3 3)" 'three pods'
	source_secret $id "$canary in two" | apply
	seen Deployment/web "$(condition CredentialsReady False)" 'a broken one'
	source_secret "$canary" $id | apply
	seen Deployment/web "$(condition CredentialsReady False)" 'swapped'
	source_secret $id "$canary-2" | apply
	until_true 30 'not distributed' has_header "$NS" "$(header $id "$canary-2")"
	seen Deployment/web "$(counts 3 3)" 'three pods'
	dump >"$W/all"
	for where in metrics debug/missed readyz?verbose; do
		ops 1 "/$where" >>"$W/said" || :
	done
	cat_logs >>"$W/said"
	for form in "$canary" "$(printf '%s:%s' $id "$canary" | base64 -w0 | cut -c 1-24)" "$(printf '%s' "$canary" | base64 -w0 | cut -c 1-20)"; do
		grep -qF "$form" "$W/said" && fail 'the token is in a log or metric'
		grep -F "$form" "$W/all" | grep -v '"kind":"Secret"' >"$W/leak" && fail "the token is in another object: $(cut -c 1-300 "$W/leak")"
	done
	grep -qF "$(printf '%s' "$canary" | base64 -w0 | cut -c 1-20)" "$W/all" || fail 'the search finds nothing at all'
}
