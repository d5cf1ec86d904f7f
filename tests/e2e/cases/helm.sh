# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# charts/otelgate through the life of a release, with Helm 3 and Helm 4 (tests/e2e/tools/build helm3 helm4).

chart=$here/../../charts/otelgate

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
