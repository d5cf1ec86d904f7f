# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The rig itself: what all other cases rely on.

rig_pod() { # NAME BEHAVIOUR
	cat <<-EOF
		apiVersion: v1
		kind: Pod
		metadata: {name: $1, labels: {e2e.otelgate.dev/behaviour: $2}}
		spec:
		  initContainers: [{name: prepare, image: registry.test/a}]
		  containers: [{name: main, image: registry.test/b}]
		---
	EOF
}

core_rig_behaviours() {
	ns_new "$CASE"
	{ rig_pod healthy healthy && rig_pod slow slow && rig_pod crash crash && rig_pod init init-fail; } |
		k create -n "$CASE" -f - >/dev/null
	k wait -n "$CASE" pod/healthy pod/slow --for=condition=Ready --timeout=60s
	until_true 60 'a crashing pod is not restarted' api_is GET "/api/v1/namespaces/$CASE/pods/crash" '.status.containerStatuses[0].restartCount >= 2'
	k wait -n "$CASE" pod/init --for=jsonpath='{.status.initContainerStatuses[0].state.waiting.reason}'=CrashLoopBackOff --timeout=60s
	eq "$(k get pod -n "$CASE" crash -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}')" CrashLoopBackOff 'a crashing pod'
	eq "$(k get pod -n "$CASE" crash -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" False 'a crashing pod is Ready'
	eq "$(k get pod -n "$CASE" init -o jsonpath='{.status.phase} {.status.conditions[?(@.type=="Initialized")].status}')" \
		'Pending False' 'a pod whose init container fails'
	# the token is mounted as in life, and a pod goes when it is deleted
	k get pod -n "$CASE" healthy -o json | jq -e '[.spec.volumes[].name] | any(startswith("kube-api-access-"))' >/dev/null ||
		fail 'no token volume'
	k delete pod -n "$CASE" healthy --timeout=30s
}

refused() { ! cluster forbidden "$CASE"; }

# Our ServiceAccounts have the rights they were given and no others, and the suite sees a refusal.
core_rig_rbac() {
	local f
	ns_new "$CASE"
	k create serviceaccount -n "$CASE" reader >/dev/null
	f=$(cluster sa "$CASE" reader)
	eq "$(cat "$f/namespace")" "$CASE" 'the namespace file'
	eq "$(kubectl --kubeconfig "$f/kubeconfig" auth whoami -o jsonpath='{.status.userInfo.username}')" \
		"system:serviceaccount:$CASE:reader" 'the identity'
	if kubectl --kubeconfig "$f/kubeconfig" get pods -n "$CASE" 2>"$W/err"; then
		fail 'RBAC is not enforced'
	fi
	grep -q 'cannot list resource "pods"' "$W/err" || fail "another error: $(cat "$W/err")"
	until_true 10 'the refusal is not in the audit log' refused
	cluster forbidden "$CASE" >"$W/forbidden" || :
	grep -q "system:serviceaccount:$CASE:reader: list pods $CASE/" "$W/forbidden" || fail "named badly: $(cat "$W/forbidden")"
	rbac_refuses
	k create role -n "$CASE" reader --verb=list --resource=pods >/dev/null
	k create rolebinding -n "$CASE" reader --role=reader --serviceaccount="$CASE:reader" >/dev/null
	until_true 10 'the role has no effect' kubectl --kubeconfig "$f/kubeconfig" get pods -n "$CASE"
}

replaced() { [ "$(cat "$1/token")" != "$2" ]; }

token_refused() {
	[ "$(curl -s --noproxy '*' --cacert "$D/pki/ca.crt" -H "Authorization: Bearer $1" -o "$W/answer" -w '%{http_code}' \
		"https://127.0.0.1:$(cat "$D/apiserver.port")/apis")" = 401 ]
}

# A token that is replaced goes on working in the same files; the old one is refused.
full_rig_token_rotation() {
	local f old
	ns_new "$CASE"
	k create serviceaccount -n "$CASE" me >/dev/null
	f=$(cluster sa "$CASE" me --ttl 4)
	old=$(cat "$f/token")
	until_true 30 'the token is never replaced' replaced "$f" "$old"
	until_true 60 'the old token is never refused' token_refused "$old"
	eq "$(kubectl --kubeconfig "$f/kubeconfig" auth whoami -o jsonpath='{.status.userInfo.username}')" \
		"system:serviceaccount:$CASE:me" 'the identity by the new token'
}

# Both ways of stopping it; what runs beside it comes back by itself.
full_rig_apiserver_restarts() {
	local way
	ns_new "$CASE"
	for way in '' --kill; do
		# shellcheck disable=SC2086
		cluster restart-apiserver $way
		k create deployment -n "$CASE" "web$way" --image registry.test/a >/dev/null
		k rollout status -n "$CASE" deployment "web$way" --timeout=90s
	done
}

core_rig_two_at_once() {
	local other
	other=$(OTELGATE_E2E_DIR='' TMPDIR=$W cluster up --nodes 1)
	eq "$(kubectl --kubeconfig "$other/kubeconfig/admin" get nodes -o name)" node/node-0 'nodes of the second cluster'
	cluster --dir "$other" down --remove
	[ ! -e "$other" ] || fail "left behind: $(ls -A "$other")"
}

# Interrupted at any moment, nothing is left behind.
full_rig_interrupted() {
	local after signal
	for signal in INT TERM; do
		for after in 0.2 0.5 0.8 1.2 2 3 4; do
			OTELGATE_E2E_DIR='' timeout -s "$signal" "$after" "$here/cluster" --dir "$W/other" up >"$W/up.log" 2>&1 || :
			if [ -e "$W/other/tools" ]; then # it was quicker
				cluster --dir "$W/other" down
			fi
			until_true 5 "something runs on after $signal at $after s: $(grep -la "$W/other" /proc/[0-9]*/cmdline 2>/dev/null)" nobody_in "$W/other"
			eq "$(find "$W/other" -mindepth 1 -maxdepth 1 ! -name log 2>/dev/null)" '' "what is left after $signal at $after s"
			rm -rf "$W/other"
		done
	done
}

nobody_in() { ! grep -qa "$1/" /proc/[0-9]*/cmdline; }
