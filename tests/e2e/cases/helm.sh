# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# charts/otelgate through the life of a release, with Helm 3 and Helm 4 (tests/e2e/tools/build helm3 helm4).

# shellcheck source=tests/e2e/lib/arrival.sh
. "$here/lib/arrival.sh"

chart=$here/../../charts/otelgate
engine=$here/../../examples/tradeengine/manifests

# everything in the cluster by name, but for what lives and dies by itself, and the Secrets to which the
# suite binds its tokens
inventory() {
	local kinds
	kinds=$(k api-resources --verbs=list -o name | grep -vE '^(events|pods|replicasets|controllerrevisions|leases|endpoints|endpointslices|ipaddresses|componentstatuses)([.]|$)' | paste -sd,)
	k get "$kinds" -A -o json | jq -r '.items[] | select(.kind != "Secret" or (.metadata.name | startswith("token-") | not)) | "\(.apiVersion) \(.kind) \(.metadata.namespace // "") \(.metadata.name)"' | sort
}

# versions KIND...: what an upgrade that changes nothing must not touch
versions() {
	k get "$1" -A -l app.kubernetes.io/part-of=otelgate -o json |
		jq -r '.items[] | "\(.kind) \(.metadata.namespace // "") \(.metadata.name) \(.metadata.generation // "") \(if .kind == "Deployment" or .kind == "PodDisruptionBudget" then "" else .metadata.resourceVersion end)"' | sort
}

all_kinds=deployments,services,serviceaccounts,poddisruptionbudgets,clusterroles,clusterrolebindings,roles,rolebindings,mutatingwebhookconfigurations,customresourcedefinitions

# otelgate as a process behind the Service that the release has made
serve() {
	cluster sa otelgate otelgate-webhook --ttl 600 >/dev/null
	rights_of otelgate otelgate-webhook patch mutatingwebhookconfigurations/otelgate
	rights_of otelgate otelgate-webhook -n otelgate patch secrets/otelgate-webhook-ca
	replica 0
	endpoints 0
}

helm_gone() { # nothing of it is left
	inventory >"$W/after"
	diff "$W/before" "$W/after" >"$W/left"
}

# From nothing to injected pods, through upgrades and a rollback, and away without a trace.
life() { # PROGRAM
	local helm=$BIN/$1
	[ -x "$helm" ] || fail "$1 is not built: tests/e2e/tools/build $1"
	export HELM_CACHE_HOME=$W/cache HELM_CONFIG_HOME=$W/config HELM_DATA_HOME=$W/data
	fresh_cluster
	k create namespace otelgate >/dev/null
	k label namespace otelgate pod-security.kubernetes.io/enforce=restricted >/dev/null
	ns_usable otelgate
	inventory >"$W/before"
	if "$helm" install otelgate "$chart" -n otelgate --set webhook.replica=2 >"$W/out" 2>&1; then
		fail 'a typo was taken'
	fi
	grep -q replica "$W/out" || fail "refused for another reason: $(cat "$W/out")"
	helm_gone || fail "a refused installation has left: $(cat "$W/left")"

	# objects of kinds that come with the chart: refused by Helm before anything is made, as docs/install.md says
	if "$helm" install otelgate "$chart" -n otelgate --set stacks.main.slug=acme >"$W/out" 2>&1; then
		fail 'kinds that nobody knows were taken'
	fi
	grep -q 'GrafanaStack' "$W/out" || fail "refused for another reason: $(cat "$W/out")"
	"$helm" uninstall otelgate -n otelgate --ignore-not-found >/dev/null 2>&1 || :
	until_true 30 "a refused installation has left: $(cat "$W/left")" helm_gone

	"$helm" install otelgate "$chart" -n otelgate --set crds.keep=false --wait --timeout 3m >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	if grep -i warning "$W/out"; then
		fail 'warnings of the API server'
	fi
	grep -q 'rollout status' "$W/out" || fail 'no notes'
	if "$helm" install second "$chart" -n default >"$W/out" 2>&1; then
		fail 'a second release was taken'
	fi
	grep -q 'otelgate' "$W/out" || fail "refused for another reason: $(cat "$W/out")"
	serve

	# the first two commands of the notes
	"$helm" upgrade otelgate "$chart" -n otelgate --reset-then-reuse-values --set stacks.main.receiver.endpoint=http://alloy.monitoring.svc:4318 \
		--set profiles.default.stack=main --set profiles.default.default=true >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	until_asked default "$injected"
	k create deployment web --image registry.test/a >/dev/null
	k annotate deployment web otelgate.dev/inject=true >/dev/null
	rolled default web
	until_true 60 'the workload is not injected' api_is GET "/api/v1/namespaces/default/pods?labelSelector=app=web" \
		"[.items[] | select(.metadata.deletionTimestamp == null) | $injected] == [true]"

	# an upgrade that changes nothing leaves everything alone, caBundle too
	versions $all_kinds >"$W/versions"
	"$helm" upgrade otelgate "$chart" -n otelgate --reset-then-reuse-values >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	versions $all_kinds >"$W/versions.again"
	same "$W/versions" "$W/versions.again" 'an upgrade without a change has changed something'
	until_asked default "$injected"

	# one that changes something, and back
	"$helm" upgrade otelgate "$chart" -n otelgate --reset-then-reuse-values --set webhook.replicas=3 --set rbac.restarts=true >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get deployment -n otelgate otelgate-webhook -o jsonpath='{.spec.replicas}')" 3 replicas
	k get clusterrole otelgate-controller-restarts >/dev/null
	"$helm" rollback otelgate 3 -n otelgate >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get deployment -n otelgate otelgate-webhook -o jsonpath='{.spec.replicas}')" 2 'replicas after the rollback'
	until_asked default "$injected"

	k delete deployment web >/dev/null
	proc_stop webhook-0 10
	"$helm" uninstall otelgate -n otelgate --wait >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	# the CA is otelgate's own, and stays for the next installation
	k delete secret -n otelgate otelgate-webhook-ca >/dev/null
	until_true 60 "left behind: $(helm_gone || cat "$W/left")" helm_gone
	dry_run default "$W/probe.json" | jq -e '.kind == "Pod"' >/dev/null || fail 'no pods any more'

	# again, and the definitions stay by default
	"$helm" install otelgate "$chart" -n otelgate >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	"$helm" uninstall otelgate -n otelgate >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get crds -o name | grep -c otelgate.dev)" 3 'definitions that were to stay'
	"$helm" install otelgate "$chart" -n otelgate --set stacks.main.slug=acme >"$W/out" 2>&1 || fail "with the definitions there: $(cat "$W/out")"
	k get grafanastack main >/dev/null
}

# As Argo CD and Flux do it: what is rendered is applied by the server, again and again, and the second
# time is a no-op also when the webhook has written caBundle meanwhile.
gitops() { # PROGRAM
	local helm=$BIN/$1
	[ -x "$helm" ] || fail "$1 is not built: tests/e2e/tools/build $1"
	fresh_cluster
	k create namespace otelgate >/dev/null
	ns_usable otelgate
	"$helm" template otelgate "$chart" -n otelgate --skip-tests --kube-version 1.34 --set rbac.restarts=true --set networkPolicy.enabled=true >"$W/rendered.yaml"
	k apply --server-side --field-manager=gitops -f "$W/rendered.yaml" >"$W/out" 2>"$W/warnings" || fail "$(cat "$W/warnings")"
	[ ! -s "$W/warnings" ] || fail "warnings: $(cat "$W/warnings")"
	until_true 30 'no definitions' crds_established
	kinds_served
	serve
	configured
	until_asked default "$injected"
	versions $all_kinds,networkpolicies >"$W/versions"
	grep -q NetworkPolicy "$W/versions" || fail 'no network policies'
	k apply --server-side --field-manager=gitops -f "$W/rendered.yaml" >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	versions $all_kinds,networkpolicies >"$W/versions.again"
	same "$W/versions" "$W/versions.again" 'applying it again has changed something'
	until_asked default "$injected"
}

# What was applied as manifests becomes a release, with its objects as they are.
full_helm_adopts() {
	local helm=$BIN/helm4
	[ -x "$helm" ] || fail 'helm4 is not built: tests/e2e/tools/build helm4'
	export HELM_CACHE_HOME=$W/cache HELM_CONFIG_HOME=$W/config HELM_DATA_HOME=$W/data
	fresh_cluster
	installed
	configured
	replica 0
	endpoints 0
	until_asked default "$injected"
	if "$helm" install otelgate "$chart" -n otelgate >"$W/out" 2>&1; then
		fail 'objects of somebody else were taken'
	fi
	grep -q 'ownership' "$W/out" || fail "refused for another reason: $(cat "$W/out")"
	"$helm" install otelgate "$chart" -n otelgate --take-ownership --force-conflicts >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	until_asked default "$injected"
	[ -n "$(k get telemetryprofiles -o name)" ] || fail 'the profiles are gone'
	"$helm" upgrade otelgate "$chart" -n otelgate --force-conflicts --set webhook.replicas=3 >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get deployment -n otelgate otelgate-webhook -o jsonpath='{.spec.replicas}')" 3 replicas
	until_asked default "$injected"
}

# container NAME: what `helm test` runs in it, with the places of this machine
container() {
	jq -r --arg name "$1" --arg w "$W" --arg port "$(sed -n 's/^admission=//p' "$D/webhook-0.ports")" '
		.spec.containers[]? | select(.name == $name) | .args[]
		| sub("=/(?<at>test|ca)/"; "=\($w)/\(.at)/") | sub("otelgate-webhook.otelgate.svc:443"; "127.0.0.1:\($port)")' "$W"/hook-*.json
}

# What `helm test` runs: as pods that PodSecurity restricted takes, and what is in them as processes, since
# nothing runs containers here.
full_helm_test() {
	local helm=$BIN/helm4 args port
	[ -x "$helm" ] || fail 'helm4 is not built: tests/e2e/tools/build helm4'
	export HELM_CACHE_HOME=$W/cache HELM_CONFIG_HOME=$W/config HELM_DATA_HOME=$W/data
	fresh_cluster
	k create namespace otelgate >/dev/null
	k label namespace otelgate pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted >/dev/null
	ns_usable otelgate
	"$helm" install otelgate "$chart" -n otelgate >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	serve
	proc_start "$CASE.receiver" python3 "$here/lib/receiver.py" "$W/port"
	until_true 30 'no receiver' test -s "$W/port"
	port=$(cat "$W/port")
	"$helm" upgrade otelgate "$chart" -n otelgate --reset-then-reuse-values --set stacks.main.receiver.endpoint="http://127.0.0.1:$port" \
		--set profiles.default.stack=main --set profiles.default.default=true >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	until_asked default "$injected"

	"$helm" get hooks otelgate -n otelgate >"$W/hooks.yaml"
	k apply --dry-run=server -f "$W/hooks.yaml" >"$W/out" 2>"$W/warnings" || fail "refused: $(cat "$W/warnings")"
	[ ! -s "$W/warnings" ] || fail "warnings: $(cat "$W/warnings")"
	k create --dry-run=client -o json -f "$W/hooks.yaml" | jq -c '.items[]? // .' >"$W/hooks"
	eq "$(jq -r .kind "$W/hooks" | sort | paste -sd' ')" 'Pod Pod' 'what is made for the test'
	jq 'select(.kind == "Pod")' "$W/hooks" >"$W/hook-pods.json"
	mkdir "$W/test" "$W/ca"
	jq -r '.metadata.annotations["otelgate.dev/test-pod"] // empty' "$W/hooks" >"$W/test/pod.yaml"
	eq "$(jq -c 'select(.spec.serviceAccountName == "otelgate-controller").spec.automountServiceAccountToken' "$W/hooks")" true 'a token for whom the controller stands'
	k get secret -n otelgate otelgate-webhook-ca -o 'jsonpath={.data.ca\.crt}' | base64 -d >"$W/ca/ca.crt"

	mapfile -t args < <(container admission)
	[ ${#args[@]} -ge 4 ] || fail 'no review'
	"$OG_BIN" "${args[@]}" --server-name otelgate-webhook.otelgate.svc >"$W/out" 2>&1 || fail "the review: $(cat "$W/out")"
	grep -q otelgate.dev/revision "$W/out" || fail "the pod is not injected: $(cat "$W/out")"
	"$OG_BIN" certs -d "$W/foreign" --ip 127.0.0.1 >/dev/null
	cp "$W/foreign/ca.crt" "$W/ca/ca.crt"
	"$OG_BIN" "${args[@]}" --server-name otelgate-webhook.otelgate.svc >"$W/out" 2>&1 && fail 'a webhook of another CA was believed'

	mapfile -t args < <(container s-main)
	eq "${args[*]}" 'probe main' 'what is run for the receiver'
	KUBECONFIG=$(cluster sa-kubeconfig otelgate otelgate-controller) "$OG_BIN" "${args[@]}" >"$W/out" 2>&1 || fail "the probe: $(cat "$W/out")"
	proc_stop "$CASE.receiver" 10
	KUBECONFIG=$(cluster sa-kubeconfig otelgate otelgate-controller) "$OG_BIN" "${args[@]}" >"$W/out" 2>&1 && fail 'a receiver that is away was found well'
	grep -q NothingListens "$W/out" || fail "another reason: $(cat "$W/out")"
}

full_helm_gitops() { gitops helm4; }

full_helm_three() { life helm3; }

full_helm_four() { life helm4; }

# engine_is SECONDS WHAT: each signal of every pod of the trading engine is in the backends, and it is said
engine_is() {
	local signal
	for signal in metrics traces logs; do
		until_true "$1" "$2: no $signal of pods $(pods_of trading tradeengine | tr '\n' ' ')" "arrived_$signal" trading tradeengine
	done
	until_true "$1" "$2: no proof: $(said_of trading tradeengine)" is_proved trading tradeengine cloud
}

engine_generation() { k get deployment -n trading tradeengine -o jsonpath='{.metadata.generation}'; }

# engine_rotated GENERATION: it was restarted once, and no pod holds the old token
engine_rotated() {
	[ "$(engine_generation)" = $(($1 + 1)) ] && said_of trading tradeengine | jq -e '.pods.outdatedCredentials == 0 and .pods.ratio == "3/3"'
}

# From nothing to the trading engine's telemetry in real backends; an upgrade, a new token, a step back; and away.
story() { # PROGRAM
	local helm=$BIN/$1 up at generation pods
	[ -x "$helm" ] || fail "$1 is not built: tests/e2e/tools/build $1"
	export HELM_CACHE_HOME=$W/cache HELM_CONFIG_HOME=$W/config HELM_DATA_HOME=$W/data
	fresh_cluster
	backends up --owner $$ --sim "$OG_E2E/../sim-cloud" >"$W/backends.log" 2>&1 &
	up=$!
	k create namespace otelgate >/dev/null
	k label namespace otelgate pod-security.kubernetes.io/enforce=restricted >/dev/null
	ns_usable otelgate
	"$helm" install otelgate "$chart" -n otelgate --set crds.keep=false --set rbac.restarts=true --wait --timeout 3m >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	wait "$up" || fail "no backends: $(tail -n 3 "$W/backends.log")"
	eval "$(backends env)"
	arrival_stacks managed
	serve
	until_asked default "$injected"
	controller_up 0
	stack_read cloud

	# the engine as its team has it, but for a program that can be run here, which nobody has opted in yet
	kubelet_up
	k apply -f "$engine/namespace.yaml" >/dev/null
	sed -e 's|image: .*/tradeengine:.*|image: registry.test/sdk-node:1|' -e '/otelgate.dev.inject:/d' \
		-e 's|^\( *\)- name: ORDER_BOOK_DEPTH|\1- {name: OTEL_METRIC_EXPORT_INTERVAL, value: "1000"}\n\1- {name: OTEL_BSP_SCHEDULE_DELAY, value: "1000"}\n&|' \
		"$engine/tradeengine.yaml" | k apply -f - >/dev/null
	k rollout status -n trading deployment/tradeengine --timeout=60s >/dev/null
	at=$(now_ms)
	"$OG_BIN" optin -n trading deployment/tradeengine --yes >&2 || fail 'it cannot be opted in'
	engine_is 60 'after the annotation'
	note "from the annotation to the proof: $(($(now_ms) - at)) ms"

	# an upgrade restarts nobody
	generation=$(engine_generation)
	"$helm" upgrade otelgate "$chart" -n otelgate --reset-then-reuse-values --set webhook.replicas=3 >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get deployment -n otelgate otelgate-webhook -o jsonpath='{.spec.replicas}')" 3 replicas
	until_asked default "$injected"
	eq "$(engine_generation)" "$generation" 'the engine after an upgrade'

	# a new token; once nobody holds the old one, it is revoked
	backends token glc_sim-second metrics:write,traces:write,logs:write,profiles:write
	credential "$USER_OTLP" glc_sim-second
	until_true 90 "the token is not rotated: $(said_of trading tradeengine)" engine_rotated "$generation"
	backends token "$TOKEN_WRITE" none
	engine_is 60 'with the new token'

	"$helm" rollback otelgate 1 -n otelgate >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get deployment -n otelgate otelgate-webhook -o jsonpath='{.spec.replicas}')" 2 'replicas after the rollback'
	until_asked default "$injected"
	eq "$(engine_generation)" $((generation + 1)) 'the engine after a rollback'

	# what runs goes on without otelgate
	pods=$(pods_of trading tradeengine)
	proc_stop controller-0 10
	proc_stop webhook-0 10
	"$helm" uninstall otelgate -n otelgate --wait >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	eq "$(k get mutatingwebhookconfigurations,crds -o name | grep -c otelgate)" 0 'what is left of otelgate'
	eq "$(pods_of trading tradeengine)" "$pods" 'the pods of the engine'
	until_true 60 'the engine does not send any more' arrived_metrics trading tradeengine
	dry_run default "$W/probe.json" | jq -e '.kind == "Pod"' >/dev/null || fail 'no pods any more'
}

full_helm_story_three() { story helm3; }

full_helm_story_four() { story helm4; }
