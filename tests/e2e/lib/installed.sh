# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# otelgate as it is installed: manifests/base in the cluster, replicas of the webhook beside it as the
# ServiceAccount of their own, with real, short-lived tokens, reached through their Service. To be read
# with `.` after case.sh.

# installed: applied in the present cluster, nothing serves yet; a token lives for TOKEN_SECONDS
installed() {
	k apply -k "$here/../../manifests/base" >/dev/null
	until_true 30 'no definitions' crds_established
	kinds_served
	cluster sa otelgate otelgate-webhook --ttl "${TOKEN_SECONDS:-60}" >/dev/null
	rights_of otelgate otelgate-webhook patch mutatingwebhookconfigurations/otelgate
	rights_of otelgate otelgate-webhook -n otelgate patch secrets/otelgate-webhook-ca
}

configured() {
	k apply --server-side -f "$here/conf/source.yaml" -f "$here/conf/otelgate.yaml" >/dev/null
}

# replica N [FLAG...]: one more process that serves
replica() {
	local n=$1 sa=$D/sa/otelgate.otelgate-webhook
	shift
	rm -f "$D/webhook-$n.ports"
	# as in a pod: no kubeconfig anywhere
	proc_start "webhook-$n" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" \
		POD_NAMESPACE=otelgate POD_NAME="webhook-$n" "$OG_BIN" webhook --service-account-dir "$sa" --address 127.0.0.1 --port 0 \
		--ops-address 127.0.0.1 --ops-port 0 --ports-file "$D/webhook-$n.ports" --shutdown-delay 0s \
		--log-format json --log-level debug "$@"
	until_ok 30 replica_up_or_gone "$n" || fail "webhook-$n does not serve, see $D/log/webhook-$n.log"
	[ -s "$D/webhook-$n.ports" ] || fail "webhook-$n ended: $(tail -n 3 "$D/log/webhook-$n.log")"
}

replica_up_or_gone() {
	[ -s "$D/webhook-$1.ports" ] || proc_gone "webhook-$1"
}

# endpoints N...: these replicas are behind the Service
endpoints() {
	local n ports=()
	for n in "$@"; do
		ports+=("$(sed -n 's/^admission=//p' "$D/webhook-$n.ports")")
	done
	cluster service otelgate otelgate-webhook "${ports[@]}"
}

# ops N PATH: of a replica's port for health and metrics
ops() {
	curl -s --noproxy '*' --max-time 10 "http://127.0.0.1:$(sed -n 's/^ops=//p' "$D/webhook-$1.ports")$2"
}

# count N METRIC [TEXT]: sum of the lines of a replica's metric that hold the text
count() {
	ops "$1" /metrics | awk -v m="$2" -v t="${3:-}" '
		index($0, m) == 1 && substr($0, length(m) + 1, 1) ~ /[{ ]/ && (t == "" || index($0, t)) { n += $NF }
		END { printf "%d\n", n }'
}

ready() { [ "$(ops "$1" /readyz)" = ok ]; }

# with_otelgate: the cluster in which it is installed and serves, shared by all cases that leave it so
with_otelgate() {
	local runner=${E2E_RUNNER:-$PPID} dir=$D/installed
	if [ ! -e "$dir/installed" ]; then
		# a first attempt that failed
		[ ! -e "$dir" ] || { "$here/cluster" --dir "$dir" down && rm -rf "$dir"; }
		"$here/cluster" --dir "$dir" up --owner "$runner" --services "$OG_E2E/services" >/dev/null 2>"$W/cluster.log" ||
			fail "no second cluster: $(tail -n 3 "$W/cluster.log")"
		use_cluster "$dir"
		installed
		configured
		replica 0
		endpoints 0
		until_asked default "$injected"
		: >"$dir/installed"
	fi
	use_cluster "$dir"
}
