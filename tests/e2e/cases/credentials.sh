# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Credentials on a real control plane: the rights that the controller's role gives, and one life of a token with
# them and no more.

as_controller() { k --as=system:serviceaccount:otelgate:otelgate-controller "$@"; }

# secret NAME: a Secret's text
secret() { printf '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "%s"}, "data": {"a": "eA=="}}' "$1"; }

apply_as_controller() { secret "$1" | as_controller apply --server-side -n "$CASE" -f -; }
create_as_controller() { secret "$1" | as_controller create -n "$CASE" -f -; }

# may_not WHAT ARGS...: refused, by RBAC
may_not() {
	local what=$1
	shift
	if "$@" >"$W/out" 2>&1; then fail "$what is allowed"; fi
	grep -qi forbidden "$W/out" || fail "$what: $(cat "$W/out")"
}

# A server-side apply that creates is authorized as "create" with the name, unlike a POST: so one name is enough
# of a right, in every namespace.
core_credentials_rights() {
	with_otelgate
	ns_new "$CASE"
	rights_of otelgate otelgate-controller -n "$CASE" patch secrets/otelgate-otlp
	apply_as_controller otelgate-otlp >/dev/null || fail 'cannot create by apply'
	as_controller get secret -n "$CASE" otelgate-otlp >/dev/null || fail 'cannot get'
	as_controller get secrets -A --field-selector metadata.name=otelgate-otlp >/dev/null || fail 'cannot list by name'
	may_not 'creating another name' apply_as_controller other
	may_not 'a POST of the name' create_as_controller otelgate-otlp
	k create secret generic -n "$CASE" other >/dev/null
	may_not 'reading another name' as_controller get secret -n "$CASE" other
	may_not 'patching another name' as_controller patch secret -n "$CASE" other -p '{"data": {"a": "eA=="}}'
	may_not 'deleting another name' as_controller delete secret -n "$CASE" other
	may_not 'listing all' as_controller get secrets -n "$CASE"
	may_not 'listing all everywhere' as_controller get secrets -A
	may_not 'listing by another name' as_controller get secrets -A --field-selector metadata.name=other
	may_not 'deleting all' as_controller delete secrets -n "$CASE" --all
	as_controller delete secret -n "$CASE" otelgate-otlp >/dev/null || fail 'cannot delete'
}

# token VALUE: what the stack's own Secret holds
token() {
	k create secret generic -n "$CASE-tools" cloud --from-literal=instance-id=12345 --from-literal=token="$1" \
		--dry-run=client -o yaml | k apply --server-side --force-conflicts -f - >/dev/null
}

# has_token NAMESPACE VALUE
has_token() {
	[ "$(k get secret -n "$1" otelgate-otlp -o jsonpath='{.data.otlp-headers}' 2>/dev/null | base64 -d)" = \
		"Authorization=Basic%20$(printf '12345:%s' "$2" | base64 -w0 | sed 's/+/%2B/g; s/=/%3D/g')" ]
}

auth_hash() { k get grafanastack "$CASE" -o jsonpath='{.status.authHash}'; }
no_secret() { ! k get secret -n "$1" otelgate-otlp >/dev/null 2>&1; }
hash_is_not() { [ -n "$(auth_hash)" ] && [ "$(auth_hash)" != "$1" ]; }

core_credentials_life() {
	local sa was
	with_otelgate
	ns_new "$CASE"
	ns_new "$CASE-b"
	ns_new "$CASE-tools"
	token glc_first
	k create role -n "$CASE-tools" cloud --verb=get,list,watch --resource=secrets --resource-name=cloud >/dev/null
	k create rolebinding -n "$CASE-tools" cloud --role=cloud --serviceaccount=otelgate:otelgate-controller >/dev/null
	k apply -f - >/dev/null <<-END
		{"apiVersion": "otelgate.dev/v1alpha1", "kind": "GrafanaStack", "metadata": {"name": "$CASE"},
		 "spec": {"receiver": {"endpoint": "http://alloy.$CASE-tools:4318"},
		  "credentials": {"secretRef": {"name": "cloud", "namespace": "$CASE-tools"}}}}
	END
	k apply -f - >/dev/null <<-END
		{"apiVersion": "otelgate.dev/v1alpha1", "kind": "TelemetryProfile", "metadata": {"name": "$CASE"}, "spec": {"stack": "$CASE"}}
	END
	secret otelgate-otlp | k apply --server-side -n "$CASE-b" -f - >/dev/null
	was=$(k get secret -n "$CASE-b" otelgate-otlp -o json | jq -S .)
	k label namespace "$CASE" "$CASE-b" otelgate.dev/inject="$CASE" --overwrite >/dev/null
	sa=$(cluster sa otelgate otelgate-controller)
	rights_of otelgate otelgate-controller -n otelgate update leases/otelgate-controller
	proc_start "$CASE.controller" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate "$OG_BIN" controller \
		--service-account-dir "$sa" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/ports"
	until_true 60 'not distributed' has_token "$CASE" glc_first
	until_true 30 'no hash' hash_is_not ''
	eq "$(k get secret -n "$CASE-b" otelgate-otlp -o json | jq -S .)" "$was" 'the Secret of somebody else'
	was=$(auth_hash)
	token glc_second
	until_true 30 'not rotated' has_token "$CASE" glc_second
	until_true 30 'the hash stays' hash_is_not "$was"
	k delete secret -n "$CASE" otelgate-otlp >/dev/null
	until_true 30 'not there again' has_token "$CASE" glc_second
	k patch secret -n "$CASE" otelgate-otlp -p '{"data": {"otlp-headers": "eA=="}}' >/dev/null
	until_true 30 'not repaired' has_token "$CASE" glc_second
	k label namespace "$CASE" "$CASE-b" otelgate.dev/inject- >/dev/null
	until_true 60 'not removed' no_secret "$CASE"
	no_secret "$CASE-b" && fail 'the Secret of somebody else is removed'
	proc_stop "$CASE.controller"
	k delete grafanastack "$CASE" >/dev/null
	k delete telemetryprofile "$CASE" >/dev/null
	cluster forbidden otelgate || fail 'something was asked for that the ServiceAccount may not do'
}
