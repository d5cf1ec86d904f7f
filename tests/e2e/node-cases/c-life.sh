# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What happens to a cluster when pods of otelgate go, and the node with them.

# shellcheck source=tests/e2e/lib/node.sh
. "$here/lib/node.sh"

# reviews: dry runs without an end, one line for each: true when it was injected, false when not
reviews() {
	while :; do
		dry_run default "$W/probe.json" | jq "if .kind == \"Pod\" then $injected else .message end" >>"$W/reviews"
	done
}

more_reviews() { # COUNT since the last call
	local n
	n=$(wc -l <"$W/reviews")
	[ "$n" -ge $(($1 + $(cat "$W/reviews.seen" 2>/dev/null || echo 0))) ] && echo "$n" >"$W/reviews.seen"
}

# A replica that is told to end serves what is asked meanwhile, and ends by itself within its grace period.
full_node_drain() {
	local pod at load watch
	with_otelgate
	until_asked default "$injected"
	: >"$W/reviews"
	reviews &
	load=$!
	until_true 30 'no reviews' more_reviews 10
	pod=$(component webhook | head -n 1)
	k get pod -n otelgate "$pod" -o json --watch >"$W/watch" &
	watch=$!
	until_true 30 'it is not watched' test -s "$W/watch"
	at=$(now_ms)
	k delete pod -n otelgate "$pod" >/dev/null
	note "a replica was away after $(($(now_ms) - at)) ms"
	until_true 60 'its successor is not ready' all_ready 4
	until_true 30 'no reviews afterwards' more_reviews 10
	kill "$load" "$watch"
	wait "$load" "$watch" || :
	eq "$(jq -s '[.[].status.containerStatuses[]?.state.terminated // empty] | last | "\(.exitCode) \(.reason)"' "$W/watch")" '"0 Completed"' 'how it ended'
	eq "$(sort "$W/reviews" | uniq -c | sed 's/^ *[0-9]* //')" true "what became of $(wc -l <"$W/reviews") reviews: $(sort "$W/reviews" | uniq -c)"
	note "$(wc -l <"$W/reviews") reviews, all injected"
}

# bare NAME: an opted-in pod, created and run without otelgate
bare() {
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, annotations: {otelgate.dev/inject: "true"}}\nspec:\n' "$1" "$CASE"
		pod_spec shop:1 '  '
	} | k create -f - >/dev/null
	k wait -n "$CASE" --for=condition=Ready "pod/$1" --timeout=60s >/dev/null
}

# Nobody answers: pods are created all the same, and it is said which ones have missed it.
full_node_away() {
	local at
	with_otelgate
	ns_new "$CASE" pod-security.kubernetes.io/enforce=restricted
	k scale -n otelgate deployment otelgate-webhook --replicas=0 >/dev/null
	# those that end still serve, for as long as somebody may not have heard of it
	k wait -n otelgate --for=delete pod -l app.kubernetes.io/component=webhook --timeout=60s >/dev/null
	at=$(now_ms)
	bare one
	note "a pod without any webhook: Ready after $(($(now_ms) - at)) ms"
	api_is GET "/api/v1/namespaces/$CASE/pods/one" "$injected | not" >/dev/null || fail 'injected by nobody'
	# killed at once, and nothing has told kube-proxy
	k scale -n otelgate deployment otelgate-webhook --replicas=2 >/dev/null
	until_true 60 'they do not come back' all_ready 4
	until_asked default "$injected"
	k delete pod -n otelgate -l app.kubernetes.io/component=webhook --grace-period=0 --force >/dev/null 2>&1
	bare two
	until_true 60 'they do not come back' all_ready 4
	until_asked default "$injected"
	bare three
	api_is GET "/api/v1/namespaces/$CASE/pods/three" "$injected" >/dev/null || fail 'not injected again'
	until_true 60 'the controller does not say what was missed' api_is GET "/apis/events.k8s.io/v1/namespaces/$CASE/events" \
		'[.items[] | select(.reportingController | contains("otelgate")) | .regarding.name] | index("one") != null'
}

# What PodSecurity refuses is refused for what its author has written, and for nothing else.
full_node_refused() {
	local name
	with_otelgate
	ns_new "$CASE" pod-security.kubernetes.io/enforce=restricted
	until_asked default "$injected"
	for name in bare asked; do
		jq -n --arg asked "$name" '{apiVersion: "v1", kind: "Pod",
			metadata: {name: "probe", annotations: (if $asked == "asked" then {"otelgate.dev/inject": "true", "otelgate.dev/language": "python"} else {} end)},
			spec: {hostNetwork: true, containers: [{name: "app", image: "python:1", securityContext: {privileged: true}}]}}' >"$W/$name.json"
		dry_run "$CASE" "$W/$name.json" | jq -r .message >"$W/$name.message"
	done
	grep -q 'violates PodSecurity "restricted' "$W/bare.message" || fail "another reason: $(cat "$W/bare.message")"
	same "$W/bare.message" "$W/asked.message" 'injection makes a refused pod worse'
	# the same where it is let in: there is an init container, and it is not the privileged one
	dry_run default "$W/asked.json" | jq -e '.spec.initContainers[0] | .securityContext.privileged != true
		and .securityContext.capabilities.drop == ["ALL"] and .securityContext.runAsNonRoot' >/dev/null || fail 'the init container is not restricted'
}

tasks() { ctr -a /run/containerd.sock -n k8s.io task ls -q; }

# started again when it has ended, which it does as long as containerd is not there
kubelet_is_back() {
	! proc_gone kubelet || "$here/lib/node-start" kubelet
	k get --raw "/api/v1/nodes/$NODE/proxy/healthz"
}

back() {
	all_ready 4 && k get pods -n "$CASE" -l app=web -o json | jq -e '[.items[] | select(.status.containerStatuses[0].ready and .status.containerStatuses[0].restartCount > 0)] | length == 1'
}

# The kubelet dies: nothing changes. Then the node: every process of every pod, and the container runtime.
full_node_restart() {
	local pod ca at lines
	shop_web glc_first
	until_true 60 'the pod before is still there' eval "[ \"\$(k get pods -n $CASE -o name | wc -l)\" = 1 ]"
	pod=$(newest "$CASE" web)
	until_true 60 'nothing arrives' sent "$pod" '.status == 200'
	ca=$(k get secret -n otelgate otelgate-webhook-ca -o json | jq -r '.data["ca.crt"]')

	proc_kill kubelet
	until_asked default "$injected"
	until_true 60 'the kubelet is not back' kubelet_is_back

	proc_kill kubelet
	at=$(now_ms)
	for id in $(tasks); do
		ctr -a /run/containerd.sock -n k8s.io task kill -s SIGKILL "$id" || :
	done
	proc_kill containerd
	"$here/lib/node-start" containerd
	until_true 60 'the kubelet is not back' kubelet_is_back
	until_true 120 "not all is back: $(k get pods -A)" back
	note "from the end of all processes until all is Ready: $(($(now_ms) - at)) ms"
	until_asked default "$injected"
	lines=$(wc -l <"$D/sink/seen")
	until_true 60 'nothing arrives any more' eval "tail -n +$((lines + 1)) '$D/sink/seen' | jq -e --arg pod '$pod' 'select(.resource[\"k8s.pod.name\"] == \$pod and .status == 200 and .auth == \"good\")'"
	eq "$(k get secret -n otelgate otelgate-webhook-ca -o json | jq -r '.data["ca.crt"]')" "$ca" 'the CA'
}
