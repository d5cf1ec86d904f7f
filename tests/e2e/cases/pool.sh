# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# All nodes are replaced while no webhook answers, and the namespace of otelgate is deleted: whatever happens, pods can be made,
# and once otelgate is back it injects again without anybody's help.
# shellcheck source=tests/e2e/lib/installed.sh
. "$here/lib/installed.sh"

# serving: otelgate as a newcomer applies it, and asked
serving() {
	installed
	configured
	replica 0
	endpoints 0
	until_asked default "$injected"
}

# web: a Deployment that is opted in, with two pods that are injected
web() {
	ns_new "$CASE"
	k create deployment -n "$CASE" web --image registry.test/a --replicas=2 >/dev/null
	k patch -n "$CASE" deployment web -p '{"spec": {"template": {"metadata": {"annotations": {"otelgate.dev/inject": "true"}}}}}' >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null
	until_true 60 'its pods are not injected' pods_are "[true, true]"
}

pods_are() { # JSON: which of them are injected
	api_is GET "/api/v1/namespaces/$CASE/pods?labelSelector=app%3Dweb" "[.items[] | select(.metadata.deletionTimestamp == null) | $injected] == $1"
}

# nodes_of: of every pod that is to run
nodes_of() { k get pods -A -o json | jq -r '[.items[] | select(.metadata.deletionTimestamp == null and .status.phase == "Running") | .spec.nodeName] | unique | join(" ")'; }

all_on() { [ "$(nodes_of)" = "$1" ] && [ -z "$(k get pods -A --field-selector=status.phase=Pending -o name)" ]; }

full_pool_replaced() {
	local old node
	fresh_cluster
	serving
	web
	# the webhook goes first, as it does when its nodes are drained at once
	proc_stop webhook-0 10
	endpoints
	old=$(k get nodes -o name)
	k apply -f - >/dev/null <<-'EOF'
		apiVersion: v1
		kind: Node
		metadata:
		  name: new-0
		  labels: {kubernetes.io/os: linux, kubernetes.io/arch: amd64, kubernetes.io/hostname: new-0}
		  annotations: {kwok.x-k8s.io/node: fake}
	EOF
	k wait --for=condition=Ready node/new-0 --timeout=60s >/dev/null
	for node in $old; do
		k drain "${node#node/}" --ignore-daemonsets --delete-emptydir-data --force --timeout=90s >"$W/drain" 2>&1 || fail "$node cannot be drained: $(tail -n 5 "$W/drain")"
		k delete "$node" >/dev/null
	done
	until_true 90 "pods are missing: on $(nodes_of), not yet $(k get pods -A --field-selector=status.phase=Pending -o name | tr '\n' ' ')" all_on new-0
	k rollout status -n otelgate deployment/otelgate-webhook --timeout=60s >/dev/null
	pods_are '[false, false]' >/dev/null || fail 'who has injected them?'
	eq "$("$OG_BIN" missed -n "$CASE" -o json 2>/dev/null | jq '.podsMissed')" 2 'pods that were missed'
	replica 0
	endpoints 0
	until_asked default "$injected"
	rolled "$CASE" web >/dev/null
	until_true 60 'they are not injected again' pods_are '[true, true]'
}

full_pool_namespace_deleted() {
	fresh_cluster
	serving
	web
	proc_stop webhook-0 10
	k delete namespace otelgate --timeout=60s >/dev/null || fail 'the namespace does not go'
	k get mutatingwebhookconfiguration otelgate >/dev/null || fail 'the registration has gone with it'
	# its Service is gone, the registration is not: everybody is let in
	rolled "$CASE" web >/dev/null
	until_true 60 'the pods without it' pods_are '[false, false]'
	# the same commands as at first; a CA of its own is made anew
	serving
	rolled "$CASE" web >/dev/null
	until_true 60 'they are not injected again' pods_are '[true, true]'
}
