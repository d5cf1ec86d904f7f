# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# From an annotation to data in real backends, sent by real SDKs with the environment that their pods were given.

# shellcheck source=tests/e2e/lib/arrival.sh
. "$here/lib/arrival.sh"

full_arrival_real() {
	local at pod where
	arrival_up managed # who starts before its Secret is restarted
	ns_new shop
	deployment shop shop python 2
	deployment shop cart node 1
	kubelet_up
	until_true 60 'programs do not run in the pods' programs_run 3
	for where in cloud alloy; do
		at=$(now_ms)
		opt_in shop shop "$where"
		opt_in shop cart "$where"
		for what in 'metrics shop' 'metrics cart' 'traces shop' 'traces cart' 'logs shop' 'logs cart'; do
			# shellcheck disable=SC2086 # two words
			until_true 60 "no $what by $where: pods $(pods_of shop "${what#* }" | tr '\n' ' ')" arrived_${what% *} shop ${what#* }
			note "$where: ${what#* }'s ${what% *} after $(($(now_ms) - at)) ms"
		done
		for what in shop cart; do
			until_true 60 "no proof by $where: $(said_of shop "$what")" is_proved shop "$what" "$where"
			note "$where: from the annotation of $what to its proof, Ready=True: $(($(now_ms) - at)) ms"
		done
	done
	# what the SDKs add by themselves is what tells this way from collected lines
	eq "$(vector prom 'group by (job, telemetry_sdk_language) (target_info{k8s_namespace_name="shop", otelgate_revision!=""})' \
		'"\(.job) \(.telemetry_sdk_language)"' | tr '\n' ' ')" 'shop/cart nodejs shop/shop python ' 'who sends metrics'
	eq "$(vector loki 'sum by (service_name, telemetry_sdk_language) (count_over_time({service_namespace="shop"} | otelgate_revision != "" [5m]))' \
		'"\(.service_name) \(.telemetry_sdk_language)"' | tr '\n' ' ')" 'cart nodejs shop python ' 'who sends logs'
	backends get prom /api/v1/query --data-urlencode 'query=target_info{otelgate_revision!=""}' | jq -c '[.data.result[].metric] | group_by(.job)[] | .[0]' >&2
	backends get loki /loki/api/v1/series --data-urlencode 'match[]={service_namespace="shop"}' | jq -c '.data[0]' >&2
	backends get prom /api/v1/query --data-urlencode 'query=group by (__name__, job) ({job=~"shop/.*"})' | jq -c '[.data.result[].metric] | group_by(.job)[] | [.[0].job, [.[].__name__]]' >&2
	# what a pod was given is what kubelet would have given it: nothing is left to expand, no credential in the pod
	pod=$(pods_of shop shop | sed -n '1s/ .*//p')
	grep -q "^OTEL_RESOURCE_ATTRIBUTES=.*k8s.pod.name=$pod,.*service.instance.id=shop.$pod.app" "$D/pods/shop.$pod.app" ||
		fail "not expanded: $(cat "$D/pods/shop.$pod.app")"
	! k get pods -n shop -o json | grep -q "$TOKEN_WRITE" || fail 'a token in a pod'
}

programs_run() { [ "$(proc_names | grep -c '^pod\.')" = "$1" ]; }
