# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# A pod gets the same whichever way it comes in.

lonely() { # the bare pod of the workloads
	k create --dry-run=client -o json -f "$here/conf/workloads.yaml" |
		jq -s '[.[] | .items // [.] | .[] | select(.kind == "Pod")][0] | del(.metadata.namespace)'
}

comparable() { # of one object on standard input
	jq -S '{items: [.]}' | jq -S -f "$here/conf/comparable.jq"
}

core_ways_of_creating() {
	local way n=0
	ns_new "$CASE"
	ns_new "$CASE-offline"
	ours "$CASE"
	lonely >"$W/pod.json"
	"$OG_BIN" inject -n "$CASE" -c "$here/conf/otelgate.yaml" -f "$W/pod.json" -o json >"$W/injected.json"
	k create -n "$CASE-offline" --dry-run=server -o json -f "$W/injected.json" >"$W/offline.json"
	comparable <"$W/offline.json" >"$W/want.json"
	for way in 'create --dry-run=server' 'apply --dry-run=server' 'apply --server-side --dry-run=server' \
		create apply 'apply --server-side' 'replace --force'; do
		n=$((n + 1))
		note "$way"
		# shellcheck disable=SC2086
		k $way -n "$CASE" -f "$W/pod.json" -o json >"$W/answer.json"
		case $way in
		*dry-run*) cp "$W/answer.json" "$W/got.json" ;;
		*) k get pod -n "$CASE" lonely -o json >"$W/got.json" ;;
		esac
		comparable <"$W/got.json" >"$W/is.json"
		same "$W/want.json" "$W/is.json" "kubectl $way: what was admitted (+) is not what inject prints (-)"
		[ "$way" = apply ] || [ "$way" = create ] || [ "$way" = 'apply --server-side' ] || continue
		[ "$way" = create ] || eq "$(k ${way} -n "$CASE" -f "$W/pod.json" -o name)" pod/lonely 'applied once more'
		[ "$way" = 'apply --server-side' ] || k delete pod -n "$CASE" lonely --timeout=60s
	done
	# a dry run leaves nothing behind and is told apart
	[ "$(metric otelgate_reviews_total 'dry_run="true"')" -ge 3 ] || fail 'dry runs are not counted'
	eq "$(metric otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
	# with a command line alone
	k run -n "$CASE" quick --image registry.test/a --annotations otelgate.dev/inject=true >/dev/null
	k get pod -n "$CASE" quick -o json | jq -e "$injected" >/dev/null || fail 'kubectl run: not injected'
}

# Templates are never changed: GitOps tools see no difference.
core_ways_templates_untouched() {
	ns_new "$CASE"
	ours "$CASE"
	k apply -n "$CASE" --server-side -f "$here/conf/workloads.yaml" >/dev/null
	k rollout status -n "$CASE" deployment/web statefulset/db daemonset/agent --timeout=60s
	k get deployments,statefulsets,daemonsets,jobs,cronjobs,replicasets -n "$CASE" -o json >"$W/owners.json"
	jq -e '[.. | strings | select(test("otelgate.dev/injection|OTEL_EXPORTER_OTLP_ENDPOINT"))] == []' "$W/owners.json" >/dev/null ||
		fail 'a template was changed'
	# applying again makes no new generation, no pod is replaced
	jq -S '[.items[] | {(.kind + "/" + .metadata.name): .metadata.generation}] | add' "$W/owners.json" >"$W/before"
	k apply -n "$CASE" --server-side -f "$here/conf/workloads.yaml" >/dev/null
	k get deployments,statefulsets,daemonsets,jobs,cronjobs,replicasets -n "$CASE" -o json |
		jq -S '[.items[] | {(.kind + "/" + .metadata.name): .metadata.generation}] | add' >"$W/after"
	same "$W/before" "$W/after" 'a second apply is seen as a change'
}

core_ways_debug() {
	local before
	ns_new "$CASE"
	ours "$CASE"
	lonely | k create -n "$CASE" -f - >/dev/null
	k wait -n "$CASE" pod/lonely --for=condition=Ready --timeout=60s
	k get pod -n "$CASE" lonely -o json | jq -S '.spec, .metadata.labels, .metadata.annotations' >"$W/before"
	before=$(metric otelgate_reviews_total '')
	k debug -n "$CASE" lonely --image registry.test/debug -c debugger --attach=false -- sleep 1
	k get pod -n "$CASE" lonely -o json >"$W/pod.json"
	eq "$(jq -r '.spec.ephemeralContainers[0].name' "$W/pod.json")" debugger 'the ephemeral container'
	jq -S '.spec | del(.ephemeralContainers)' "$W/pod.json" >"$W/after"
	jq -S '.metadata.labels, .metadata.annotations' "$W/pod.json" >>"$W/after"
	same "$W/before" "$W/after" 'the pod has changed'
	eq "$(jq '[.spec.ephemeralContainers[].env // [] | .[]] | length' "$W/pod.json")" 0 'variables in the ephemeral container'
	eq "$(metric otelgate_reviews_total '')" "$before" 'reviews'
	# a copy is a new pod that carries the injection of the first in its spec: nothing comes twice, whether
	# its annotations came along or not
	k debug -n "$CASE" lonely --image registry.test/debug -c debugger --copy-to bare-copy --attach=false -- sleep 1
	k debug -n "$CASE" lonely --image registry.test/debug -c debugger --copy-to full-copy --keep-annotations --keep-labels --attach=false -- sleep 1
	k get pods -n "$CASE" bare-copy full-copy -o json >"$W/copies.json"
	no_doubles "$W/copies.json" || fail 'something is twice in a copy'
	jq -e ".items[0] | $injected | not" "$W/copies.json" >/dev/null || fail 'a copy without annotations was injected'
	jq -e ".items[1] | $injected" "$W/copies.json" >/dev/null || fail 'a copy with annotations is not injected'
	eq "$(metric otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}

# What is no pod that can be injected is not touched and not refused.
core_ways_negative() {
	ns_new "$CASE"
	ours "$CASE"
	# not opted in, opted out, misspelled, broken values
	for a in '{}' '{"otelgate.dev/inject": "false"}' '{"otelgate.dev/injct": "true"}' '{"otelgate.dev/inject": "no-such-profile"}'; do
		probe_pod | jq --argjson a "$a" '.metadata.annotations = $a' >"$W/pod.json"
		dry_run "$CASE" "$W/pod.json" >"$W/answer.json"
		jq -e '.kind == "Pod"' "$W/answer.json" >/dev/null || fail "refused with $a: $(cat "$W/answer.json")"
		jq -e "($injected | not) and ([.spec.containers[].env // [] | .[]] | length == 0)" "$W/answer.json" >/dev/null || fail "injected with $a"
	done
	# what the API server refuses anyway, it refuses with the same words
	probe_pod | jq '.spec.containers[0].name = "Not A Name"' >"$W/pod.json"
	dry_run "$CASE" "$W/pod.json" | jq -r .message >"$W/with"
	dry_run default "$W/pod.json" | jq -r .message >"$W/without"
	same "$W/without" "$W/with" 'a bad pod is refused in other words'
	grep -q 'spec.containers\[0\].name' "$W/with" || fail "not refused: $(cat "$W/with")"
	# a Windows pod is left alone
	probe_pod | jq '.spec.os = {name: "windows"}' >"$W/pod.json"
	dry_run "$CASE" "$W/pod.json" | jq -e "$injected | not" >/dev/null || fail 'a Windows pod was injected'
	eq "$(metric otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}

# Who asks for `required` rather has no pod than one without telemetry.
core_ways_required() {
	ns_new "$CASE"
	ours "$CASE"
	probe_pod | jq '.metadata.annotations = {"otelgate.dev/inject": "no-such-profile", "otelgate.dev/required": "true"}' >"$W/pod.json"
	dry_run "$CASE" "$W/pod.json" >"$W/answer.json"
	jq -e '.kind == "Status" and (.message | contains("profile-missing"))' "$W/answer.json" >/dev/null ||
		fail "not refused: $(cat "$W/answer.json")"
	probe_pod | jq '.metadata.annotations = {"otelgate.dev/inject": "true", "otelgate.dev/required": "true"}' >"$W/pod.json"
	dry_run "$CASE" "$W/pod.json" | jq -e "$injected" >/dev/null || fail 'not injected'
}
