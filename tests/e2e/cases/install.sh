# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# manifests/ as a newcomer applies them, in a cluster of their own.

manifests=$here/../../manifests

# Everything is taken without a warning, a second time nothing changes, and before anything serves
# the webhook, its own pods and those of others are created.
core_install_manifests() {
	fresh_cluster
	k apply -k "$manifests/base" >"$W/first" 2>"$W/warnings" || fail "refused: $(cat "$W/warnings")"
	[ ! -s "$W/warnings" ] || fail "warnings: $(cat "$W/warnings")"
	until_true 30 'no definitions' crds_established
	kinds_served
	k apply -k "$manifests/base" >"$W/second" 2>&1
	# kubectl always replaces the selector of a PodDisruptionBudget (its patchStrategy)
	if grep -v -e ' unchanged$' -e '^poddisruptionbudget.* configured$' "$W/second"; then
		fail 'a second apply changes something'
	fi
	k rollout status -n otelgate deployment/otelgate-webhook --timeout=60s
	k rollout status -n otelgate deployment/otelgate-controller --timeout=60s
	k create deployment web --image registry.test/a >/dev/null
	k rollout status deployment/web --timeout=60s
	# what the suite injects with is valid, and what is not is refused with the field's name
	k apply --server-side -f "$here/conf/otelgate.yaml" 2>"$W/warnings" || fail "refused: $(cat "$W/warnings")"
	[ ! -s "$W/warnings" ] || fail "warnings: $(cat "$W/warnings")"
	sed 's/type: gateway/type: gatewya/' "$here/conf/otelgate.yaml" >"$W/bad.yaml"
	if k apply --dry-run=server -f "$W/bad.yaml" >/dev/null 2>"$W/err"; then
		fail 'a bad receiver was taken'
	fi
	grep -q 'spec.receiver.type' "$W/err" || fail "refused for another reason: $(cat "$W/err")"
}

may() { # yes|no SERVICEACCOUNT ARGUMENT...: what RBAC says
	local want=$1 who=$2
	shift 2
	eq "$(k auth can-i --as "system:serviceaccount:otelgate:$who" "$@" 2>/dev/null || :)" "$want" "may $who $*"
}

# The rights are what is needed: by name where it can be, nothing that changes workloads, no secrets of others.
core_install_rights() {
	fresh_cluster
	k apply -k "$manifests/base" >/dev/null
	rights_of otelgate otelgate-webhook patch mutatingwebhookconfigurations/otelgate
	rights_of otelgate otelgate-webhook -n otelgate patch secrets/otelgate-webhook-ca
	for kind in namespaces deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch cronjobs.batch \
		grafanastacks.otelgate.dev telemetryprofiles.otelgate.dev; do
		may yes otelgate-webhook watch "$kind" -A
		may no otelgate-webhook patch "$kind" -A
		may no otelgate-webhook delete "$kind" -A
	done
	may yes otelgate-webhook patch mutatingwebhookconfigurations/otelgate
	may no otelgate-webhook patch mutatingwebhookconfigurations/other
	may no otelgate-webhook create mutatingwebhookconfigurations
	may yes otelgate-webhook patch secrets/otelgate-webhook-ca -n otelgate
	may no otelgate-webhook get secrets/other -n otelgate
	may no otelgate-webhook list secrets -A
	may no otelgate-webhook get secrets -n default
	may no otelgate-webhook create pods -A
	may no otelgate-webhook get pods/log -A
	may no otelgate-webhook create rolebindings -A
	may no otelgate-webhook '*' '*' -A
}
