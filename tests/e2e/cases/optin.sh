# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# A person opts workloads in and out with the command, and the pods follow.

plugin() {
	mkdir -p "$W/bin"
	ln -sf "$OG_BIN" "$W/bin/kubectl-otelgate"
}

# og COMMAND ARG...: as a plugin of kubectl
og() {
	PATH=$W/bin:$PATH kubectl otelgate "$1" -n "$CASE" "${@:2}"
}

web() { # [METADATA]
	jq -n --argjson m "${1:-"{}"}" '{apiVersion: "apps/v1", kind: "Deployment", metadata: ({name: "web"} + $m),
		spec: {replicas: 2, selector: {matchLabels: {app: "web"}}, template: {metadata: {labels: {app: "web"}, annotations: {team: "a"}},
		spec: {containers: [{name: "main", image: "registry.test/a:1"}]}}}}' | k apply -n "$CASE" -f - >/dev/null
	rolled
}

rolled() { k rollout status -n "$CASE" deployment/web --timeout=60s >/dev/null; }
# How many pods of the present template carry an injection.
injected() { k get pods -n "$CASE" -l app=web,otelgate.dev/revision --field-selector=status.phase=Running -o name | wc -l | tr -d ' '; }
is_injected() { [ "$(injected)" = "$1" ]; }
template() { k get -n "$CASE" deployment/web -o json | jq -cS .spec.template.metadata.annotations; }
version() { k get -n "$CASE" deployment/web -o jsonpath='{.metadata.resourceVersion}'; }

core_optin_and_out() {
	local out before
	with_otelgate
	plugin
	ns_new "$CASE"
	out=$(PATH=$W/bin:$here/../../completions:$PATH kubectl __complete otelgate opti 2>/dev/null)
	[[ $out == optin* ]] || fail "kubectl completes nothing: $out"
	web
	eq "$(injected)" 0 'pods that carry an injection before'
	before=$(template)
	out=$(og optin deployment/web --dry-run=client) || fail 'a dry run fails'
	[[ $out == *'+ otelgate.dev/inject: "true"'* && $out == *'its pods get profile '* ]] || fail "the preview lacks something: $out"
	out=$(og optin deployment/web --dry-run=server) || fail 'the server refuses the dry run'
	[[ $out == *'(server dry run)'* ]] || fail "no word of the dry run: $out"
	eq "$(template)" "$before" 'the template after the dry runs'
	og optin deployment/web --signals metrics,traces </dev/null >/dev/null 2>&1 && fail 'it is changed although nobody could be asked'
	eq "$(template)" "$before" 'the template without a word of agreement'
	og optin deployment/web --signals metrics,traces --yes >/dev/null
	eq "$(template)" '{"otelgate.dev/inject":"true","otelgate.dev/signals":"metrics,traces","team":"a"}' 'the template, opted in'
	rolled
	until_true 30 'the pods carry no injection' is_injected 2
	before=$(version)
	out=$(og optin deployment/web --yes)
	[[ $out == *'says so already'* ]] || fail "opted in twice: $out"
	og optout deployment/web --yes >/dev/null
	rolled
	until_true 30 'the pods still carry an injection' is_injected 0
	og optout deployment/web --clear --yes >/dev/null
	eq "$(template)" '{"team":"a"}' 'the template, cleared'
}

core_optin_refuses() {
	local out pod rs
	with_otelgate
	plugin
	ns_new "$CASE"
	web
	pod=$(k get pods -n "$CASE" -l app=web -o jsonpath='{.items[0].metadata.name}')
	rs=$(k get rs -n "$CASE" -l app=web -o jsonpath='{.items[0].metadata.name}')
	for object in "pod/$pod" "rs/$rs"; do
		out=$(og optin "$object" --yes 2>&1) && fail "$object is changed"
		[[ $out == *"otelgate optin deployment/web -n $CASE"* ]] || fail "the owner of $object is not named: $out"
	done
	k create job once -n "$CASE" --image=registry.test/a:1 >/dev/null
	out=$(og optin job/once --yes 2>&1) && fail 'a Job is changed'
	[[ $out == *'cannot be changed'* ]] || fail "no word of the Job's template: $out"
	out=$(og optin deployment/web -p no-such-profile --yes 2>&1) && fail 'a profile that is not there'
	[[ $out == *'replaced for nothing'* ]] || fail "no word of the profile: $out"
	eq "$(template)" '{"team":"a"}' 'the template after what was refused'
	web '{"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {"meta.helm.sh/release-name": "shop"}}'
	out=$(og optin deployment/web --yes 2>&1) && fail 'what Helm manages is changed'
	[[ $out == *'managed by Helm (release shop)'* ]] || fail "no word of Helm: $out"
	eq "$(template)" '{"team":"a"}' 'the template of the release'
	og optin deployment/web --yes --force >/dev/null || fail '--force changes nothing'
	eq "$(template)" '{"otelgate.dev/inject":"true","team":"a"}' 'the template after --force'
}
