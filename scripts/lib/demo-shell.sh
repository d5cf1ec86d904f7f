# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# scripts/demo --shell: a cluster to try things in, as docs/tryout.md walks through it. To be read with `.` after
# demo.sh; demo_shell [COMMAND...] is all that is called.

# A token as access policies have them, which the gateway takes until somebody changes the Secret.
try_token=glc_eyJvIjoiMTIzNDU2IiwibiI6ImRlbW8iLCJrIjoiZmlyc3QiLCJtIjp7InIiOiJkZW1vIn19

# What the pods of the trading engine would do, had they containers: send every three seconds, with the credential that
# their Secret held when they began.
send_as_pods() {
	url=$(jq -r .hosts.gateway.url "$work/cloud.json")
	mkdir -p "$work/began"
	while :; do
		kube GET /api/v1/namespaces/trading/pods json >"$work/pods.json" 2>/dev/null || exit 0
		for pod in $(jq -r '.items[] | select(.metadata.labels["otelgate.dev/revision"] and .status.phase == "Running"
			and (.metadata.deletionTimestamp | not)) | .metadata.name' "$work/pods.json"); do
			began=$work/began/$pod
			[ -s "$began" ] || kube GET /api/v1/namespaces/trading/secrets/otelgate-otlp json 2>/dev/null |
				jq -r '.data["otlp-headers"] | @base64d | sub("^Authorization="; "") | gsub("%20"; " ")
					| gsub("%2B"; "+") | gsub("%2F"; "/") | gsub("%3D"; "=")' >"$began"
			jq --arg pod "$pod" '.items[] | select(.metadata.name == $pod)' "$work/pods.json" >"$work/sender.json"
			send "$url" "$(cat "$began")" "$work/sender.json" 2>/dev/null || true
		done
		sleep 3
	done
}

# The folder that one is in, with what a team and its platform have: manifests and configuration.
try_folder() {
	mkdir -p "$work/try/manifests" "$work/try/bin"
	sed "s|https://otlp-gateway-prod-eu-west-2.grafana.net/otlp|$(jq -r .hosts.gateway.url "$work/cloud.json")|
		s|^# The variant.*|# The stack that telemetry goes to, and what is injected.|; /^# referred to/d" \
		examples/tradeengine/gateway/otelgate.yaml >"$work/try/otelgate.yaml"
	cat >>"$work/try/otelgate.yaml" <<-'EOF'
		  restart:
		    mode: managed
		    pause: 1s
	EOF
	cp examples/tradeengine/cluster/tradeengine-before.yaml "$work/try/manifests/tradeengine.yaml"
	cp "$work/kubeconfig" "$work/try/kubeconfig"
	cat >"$work/try/bin/token" <<-EOF
		#!/bin/sh
		# token cut|whole: what a person does to the Secret of the stack, and what comes of it
		set -eu
		root='$root' built='$built' work='$work'
		. "\$root/scripts/lib/demo.sh"
		. "\$root/scripts/lib/demo-shell.sh"
		try_set_token "\${1:-}"
	EOF
	chmod +x "$work/try/bin/token"
}

# writable STATUS: what the stack says of writing metrics
writable() {
	kube GET /apis/otelgate.dev/v1alpha1/grafanastacks/grafana-cloud json |
		jq -e --arg is "$1" '.status.conditions[] | select(.type == "MetricsWritable") | .status == $is'
}

try_set_token() {
	case $1 in
	cut) token=$(printf %.20s "$try_token") want=False said='refused' ;;
	whole) token=$try_token want=True said='taken' ;;
	*)
		echo 'usage: token cut|whole' >&2
		exit 2
		;;
	esac
	patch='{"stringData":{"token":"'$token'"}}'
	echo "kubectl -n monitoring patch secret grafana-cloud -p '$patch'"
	merge /api/v1/namespaces/monitoring/secrets/grafana-cloud "$patch"
	until_true writable "$want"
	echo "secret/grafana-cloud patched; the controller has tried the token: $said"
}

try_start() {
	start_cloud
	curl --silent --fail --noproxy '*' --data "{\"token\":\"$try_token\",\"scopes\":\"metrics:write,logs:write,traces:write\"}" \
		"$(jq -r .hosts.admin.url "$work/cloud.json")/cloud/tokens" >/dev/null
	start_cluster --apply examples/tradeengine/cluster/monitoring.yaml --apply examples/tradeengine/manifests/namespace.yaml \
		--apply examples/tradeengine/cluster/tradeengine-before.yaml
	try_folder
	reader_secret
	merge /api/v1/namespaces/monitoring/secrets/grafana-cloud \
		"{\"stringData\":{\"instance-id\":\"$(jq -r .hosts.gateway.user "$work/cloud.json")\",\"token\":\"$try_token\"}}"
	awk -v work="$work" 'BEGIN { RS = "---\n" } { print > (work "/document-" NR ".yaml") }' "$work/try/otelgate.yaml"
	apply /apis/otelgate.dev/v1alpha1/grafanastacks/grafana-cloud "$work/document-1.yaml"
	apply /apis/otelgate.dev/v1alpha1/telemetryprofiles/default "$work/document-2.yaml"
	merge /apis/otelgate.dev/v1alpha1/grafanastacks/grafana-cloud "{\"spec\":$(query_of_cloud)}"
	start_webhook
	registered
	start_controller
	until_true writable True
	send_as_pods &
	# shellcheck disable=SC2034 # ended by demo_finish
	sdks=$!
}

demo_shell() {
	og_say 'starting a cluster, a Grafana Cloud, webhook and controller on 127.0.0.1'
	try_start
	KUBECONFIG=$work/try/kubeconfig
	PATH=$work/try/bin:$PATH
	export KUBECONFIG PATH
	unset OTELGATE_CONFIG OTELGATE_PROFILE OTELGATE_NAMESPACE
	cd "$work/try" || exit
	if [ $# != 0 ]; then
		"$@"
		return
	fi
	echo
	text 'A simulated cluster with the trading engine in namespace trading, which nobody has opted in.' \
		'KUBECONFIG and PATH are set; manifests/ and otelgate.yaml are here. "exit" ends all of it, and removes this folder.'
	cat <<-EOF

		   1. opt in     otelgate optin -n trading deployment/tradeengine
		                 otelgate wait -n trading deployment/tradeengine
		   2. break it   token cut
		   3. ask why    otelgate doctor -n trading deployment/tradeengine
		   4. mend it    token whole
		                 otelgate wait -n trading deployment/tradeengine
		   5. gate it    otelgate audit -n trading --min-coverage metrics=90,logs=90
		      and in CI  otelgate optin -f manifests/ --in-place
		                 otelgate audit -f manifests/ -c otelgate.yaml --fail-on error

		   Step by step, with what is seen: docs/tryout.md

	EOF
	case ${SHELL:-/bin/sh} in
	*/bash)
		# shellcheck disable=SC2016 # expanded by the shell that reads it
		printf '%s\n' '[ ! -r ~/.bashrc ] || . ~/.bashrc' "PATH=$work/try/bin:$built:\$PATH" "PS1='otelgate-demo\$ '" >"$work/rc"
		"$SHELL" --rcfile "$work/rc" -i || true
		;;
	*) PS1='otelgate-demo$ ' "${SHELL:-/bin/sh}" -i || true ;;
	esac
}
