# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The webhook as it runs in a cluster: configuration from custom resources, owners and namespaces from
# its watches, certificates of its own, its own ServiceAccount.

# workload KIND NAME [ANNOTATIONS [LABELS [TEMPLATE-ANNOTATIONS]]]: as JSON
workload() {
	jq -n --arg kind "$1" --arg name "$2" --argjson a "${3:-null}" --argjson l "${4:-null}" --argjson t "${5:-null}" '
		def template($restart): {metadata: {labels: {app: $name}, annotations: $t},
			spec: {containers: [{name: "main", image: "registry.test/\($name):1"}], restartPolicy: $restart}};
		{metadata: {name: $name, annotations: $a, labels: $l}} + (
		if $kind == "Job" then {apiVersion: "batch/v1", kind: $kind, spec: {template: template("Never")}}
		elif $kind == "CronJob" then {apiVersion: "batch/v1", kind: $kind, spec: {schedule: "0 3 * * *", suspend: true, jobTemplate: {spec: {template: template("Never")}}}}
		else {apiVersion: "apps/v1", kind: $kind, spec: {selector: {matchLabels: {app: $name}}, template: template("Always")}} end
		| if $kind == "StatefulSet" then .spec.serviceName = $name else . end)'
}

on='{"otelgate.dev/inject": "true"}'
off='{"otelgate.dev/inject": "false"}'
kinds='Deployment StatefulSet DaemonSet Job CronJob'

namespace() { # NAME [ANNOTATIONS]
	jq -n --arg name "$1" --arg case "$CASE" --argjson a "${2:-null}" '{apiVersion: "v1", kind: "Namespace",
		metadata: {name: $name, annotations: $a, labels: {"e2e.otelgate.dev/case": $case, "kubernetes.io/metadata.name": $name}}}'
}

bare() { # NAME ANNOTATIONS LABELS
	jq -n --arg name "$1" --argjson a "$2" --argjson l "$3" '{apiVersion: "v1", kind: "Pod", metadata: {name: $name, annotations: $a, labels: $l},
		spec: {containers: [{name: "main", image: "registry.test/\($name):1"}]}}'
}

# What was asked for at each level, for each kind; names that begin with "on-" have to be injected.
levels() {
	local kind k
	for kind in $kinds; do
		k=${kind,,}
		workload "$kind" "on-template-$k" null null "$on"
		workload "$kind" "on-workload-$k" "$on"
		workload "$kind" "on-label-$k" null "$on"
		workload "$kind" "on-selector-$k" null '{"telemetry": "on"}'
		workload "$kind" "none-$k"
		workload "$kind" "no-template-$k" "$on" null "$off"
		workload "$kind" "no-selected-$k" "$off" '{"telemetry": "on"}'
	done
	bare on-pod "$on" null
	bare on-pod-label null "$on"
	bare on-pod-selector null '{"telemetry": "on"}'
	bare none-pod null null
}

levels_of_namespace() {
	local kind k
	for kind in $kinds; do
		k=${kind,,}
		workload "$kind" "on-namespace-$k"
		workload "$kind" "no-workload-$k" "$off"
		workload "$kind" "no-template-$k" null null "$off"
	done
	bare on-pod null null
	bare no-pod "$off" null
}

# jobs_now NAMESPACE: of each CronJob the Job that its controller would make
jobs_now() {
	k get cronjobs -n "$1" -o json | jq '.items[] | {apiVersion: "batch/v1", kind: "Job",
		metadata: {name: (.metadata.name + "-29381234"), namespace: .metadata.namespace, annotations: .spec.jobTemplate.metadata.annotations,
			ownerReferences: [{apiVersion: "batch/v1", kind: "CronJob", name: .metadata.name, uid: .metadata.uid, controller: true, blockOwnerDeletion: true}]},
		spec: .spec.jobTemplate.spec}' | k create -f - >/dev/null
}

pods_made() { # NAMESPACE COUNT
	api_is GET "/api/v1/namespaces/$1/pods" "[.items[] | select(.metadata.deletionTimestamp == null)] | length == $2"
}

# twin_empty NAMESPACE: nothing is left in it of a case before
twin_empty() {
	[ -z "$(k get deployments,statefulsets,daemonsets,cronjobs,jobs,replicasets,pods -n "$1" -o name)" ]
}

# admitted_is_offline NAMESPACE-FILE WORKLOADS-FILE TWIN PODS: the pods of the namespace are those of what
# `inject` prints, created in a namespace that the webhook is not asked about
admitted_is_offline() {
	local ns
	ns=$(jq -r .metadata.name "$1")
	k apply -f "$1" >/dev/null
	ns_usable "$ns"
	until_true 60 "$3 is not empty" twin_empty "$3"
	k apply -n "$ns" -f "$2" >/dev/null
	"$OG_BIN" inject -n "$ns" -c "$here/conf/otelgate.yaml" -c "$W/selected.yaml" --objects "$1" -f "$2" -o json -q >"$W/$3.injected.json"
	k apply -n "$3" -f "$W/$3.injected.json" >/dev/null
	jobs_now "$ns"
	jobs_now "$3"
	until_true 90 "not all pods were created in $ns" pods_made "$ns" "$4"
	until_true 90 "not all pods were created in $3" pods_made "$3" "$4"
	pods "$ns" >"$W/$ns.json"
	pods "$3" >"$W/$3.pods.json"
	k delete -n "$3" deployments,statefulsets,daemonsets,cronjobs,jobs,pods --all --wait=false >/dev/null
	jq -r --arg k "otelgate.dev/revision" '.[] | select((.labels[$k] != null) != (.of | startswith("on-"))) | "\(.owner) \(.of): \(if .labels[$k] then "injected" else "not injected" end)"' \
		"$W/$ns.json" >"$W/wrong"
	[ ! -s "$W/wrong" ] || fail "decided wrongly: $(cat "$W/wrong")"
	same "$W/$3.pods.json" "$W/$ns.json" "what was admitted in $ns (+) is not what inject prints (-)"
}

core_incluster_every_level() {
	with_otelgate
	jq -n --arg ns "$CASE" --arg case "$CASE" '{apiVersion: "otelgate.dev/v1alpha1", kind: "TelemetryProfile",
		metadata: {name: "selected", labels: {"e2e.otelgate.dev/case": $case}},
		spec: {stack: "alloy", workloadSelector: {matchLabels: {telemetry: "on"}}, namespaceSelector: {matchLabels: {"kubernetes.io/metadata.name": $ns}},
			signals: {profiles: "off"}}}' >"$W/selected.json"
	cp "$W/selected.json" "$W/selected.yaml"
	k apply -f "$W/selected.json" >/dev/null
	namespace "$CASE" >"$W/ns.json"
	namespace "$CASE-on" "$on" >"$W/ns-on.json"
	levels | jq -s '{apiVersion: "v1", kind: "List", items: .}' >"$W/levels.json"
	levels_of_namespace | jq -s '{apiVersion: "v1", kind: "List", items: .}' >"$W/levels-on.json"
	bare probe null '{"telemetry": "on"}' >"$W/selected-probe.json"
	k apply -f "$W/ns.json" >/dev/null
	ns_usable "$CASE"
	until_true 30 'the new profile has no effect' \
		api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" "$injected" "$W/selected-probe.json"
	admitted_is_offline "$W/ns.json" "$W/levels.json" kube-public 53
	admitted_is_offline "$W/ns-on.json" "$W/levels-on.json" kube-node-lease 23
	eq "$(count 0 otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}

# The suite's own workloads, as in exact-offline, without a file to help.
core_incluster_workloads() {
	with_otelgate
	namespace "$CASE" >"$W/ns.json"
	k apply -f "$W/ns.json" >/dev/null
	ns_usable "$CASE"
	k apply -n "$CASE" -f "$here/conf/workloads.yaml" >/dev/null
	jobs_now "$CASE"
	"$OG_BIN" inject -n "$CASE" -c "$here/conf/otelgate.yaml" -f "$here/conf/workloads.yaml" -q >"$W/injected.yaml"
	until_true 60 'kube-public is not empty' twin_empty kube-public
	k apply -n kube-public -f "$W/injected.yaml" >/dev/null
	jobs_now kube-public
	until_true 60 'not all pods were created' pods_made "$CASE" 12
	until_true 60 'not all pods were created offline' pods_made kube-public 12
	pods "$CASE" >"$W/admitted.json"
	pods kube-public >"$W/offline.json"
	k delete -n kube-public -f "$W/injected.yaml" --wait=false >/dev/null
	same "$W/offline.json" "$W/admitted.json" 'what was admitted (+) is not what inject prints (-)'
}

how_many() { # NAMESPACE FILTER: pods of which it is true
	k get pods -n "$1" -o json | jq "[.items[] | select(.metadata.deletionTimestamp == null) | select($2)] | length"
}

# A namespace, what opts it in and its workloads in one request after the other, again and again: no
# cache has heard of them when the first pod is admitted.
core_incluster_namespace_at_once() {
	local i
	with_otelgate
	for ((i = 0; i < 6; i++)); do
		{ namespace "$CASE-$i" "$on" && workload Deployment web | jq '.spec.replicas = 3'; } | k apply -n "$CASE-$i" -f - >/dev/null
	done
	for ((i = 0; i < 6; i++)); do
		k rollout status -n "$CASE-$i" deployment/web --timeout=60s >/dev/null
		eq "$(how_many "$CASE-$i" "$injected")" 3 "injected pods in namespace $i"
	done
	k delete namespaces -l e2e.otelgate.dev/case="$CASE" --wait=false >/dev/null
	note "waited or fetched: $(ops 0 /metrics | grep -E '^otelgate_(owner|fact|cluster)[a-z_]*(wait|fetch|miss)' | tr '\n' ' ')"
}

# Many pods of workloads that were created in the same second, opted in on the workload.
core_incluster_burst() {
	local i
	with_otelgate
	k create namespace "$CASE" >/dev/null
	k label namespace "$CASE" e2e.otelgate.dev/case="$CASE" >/dev/null
	ns_usable "$CASE"
	for ((i = 0; i < 10; i++)); do
		workload Deployment "web-$i" "$on" | jq '.spec.replicas = 5'
	done | k apply -n "$CASE" -f - >/dev/null
	for ((i = 0; i < 10; i++)); do
		k rollout status -n "$CASE" "deployment/web-$i" --timeout=90s >/dev/null
	done
	eq "$(how_many "$CASE" "$injected")" 50 'injected pods'
}

# The deployment controller copies annotations to ReplicaSets and never takes them away: what the
# Deployment says now counts.
core_incluster_opt_out_again() {
	with_otelgate
	k create namespace "$CASE" >/dev/null
	k label namespace "$CASE" e2e.otelgate.dev/case="$CASE" >/dev/null
	ns_usable "$CASE"
	workload Deployment web "$on" | k apply -n "$CASE" -f - >/dev/null
	k rollout status -n "$CASE" deployment/web --timeout=60s
	eq "$(how_many "$CASE" "$injected")" 1 'injected pods'
	twin_of_a_pod web >"$W/owned.json"
	k annotate -n "$CASE" deployment web otelgate.dev/inject- >/dev/null
	until_true 30 'the annotation that was removed still counts' owned_is "$injected | not"
	# a pod of the ReplicaSet that was there, which still carries the copy
	k delete pod -n "$CASE" -l app=web --timeout=60s >/dev/null
	until_true 60 'an injected pod after the annotation was removed' only_pod_is "$injected | not"
	rolled "$CASE" web
	until_true 60 'an injected pod in a new ReplicaSet' only_pod_is "$injected | not"
	k annotate -n "$CASE" deployment web otelgate.dev/inject=true >/dev/null
	until_true 30 'the annotation that is back does not count' owned_is "$injected"
	rolled "$CASE" web
	until_true 60 'not injected after it was opted in again' only_pod_is "$injected"
}

# twin_of_a_pod APP: another pod of the same ReplicaSet
twin_of_a_pod() {
	api GET "/api/v1/namespaces/$CASE/pods?labelSelector=app=$1" | jq '.items[0].metadata | {apiVersion: "v1", kind: "Pod",
		metadata: {generateName, labels: (.labels | del(.["otelgate.dev/revision"])), ownerReferences},
		spec: {containers: [{name: "main", image: "registry.test/a:1"}]}}'
}

# owned_is FILTER: of such a pod, as a dry run; the webhook's caches are behind the API server for a moment
owned_is() { api_is POST "/api/v1/namespaces/$CASE/pods?dryRun=All" "$1" "$W/owned.json"; }

only_pod_is() { # FILTER: one pod is there, and it is true of it
	api_is GET "/api/v1/namespaces/$CASE/pods" "[.items[] | select(.metadata.deletionTimestamp == null) | $1] == [true]"
}

# Whatever happens to the webhook, its own pods are not asked about.
core_incluster_own_pods() {
	fresh_cluster
	installed
	configured
	replica 0
	endpoints 0
	until_asked default "$injected"
	rolled otelgate otelgate-webhook
	eq "$(admissions otelgate | jq -s '[.[].calls[]] | length')" 0 'calls for pods of its own namespace'
	for way in TERM KILL; do
		proc_signal webhook-0 "$way"
		until_true 30 'it does not end' proc_gone webhook-0
		rolled otelgate otelgate-webhook
		dry_run default "$W/probe.json" | jq -e ".kind == \"Pod\" and ($injected | not)" >/dev/null || fail "not admitted while it is away ($way)"
		replica 0
		endpoints 0
		until_asked default "$injected"
	done
}

ca_bundle() {
	api GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/otelgate | jq -r '.webhooks[0].clientConfig.caBundle // "" | @base64d'
}

# verified N: the certificate of a replica holds for the Service by the caBundle as it is now
verified() {
	ca_bundle >"$W/bundle.pem"
	[ -s "$W/bundle.pem" ] && handshake "$1" "$W/bundle.pem"
}

handshake() { # N CA-FILE
	openssl s_client -connect "127.0.0.1:$(sed -n 's/^admission=//p' "$D/webhook-$1.ports")" \
		-servername otelgate-webhook.otelgate.svc -verify_hostname otelgate-webhook.otelgate.svc -verify_return_error \
		-CAfile "$2" </dev/null
}

has_bundle() { [[ $(ca_bundle) == *'BEGIN CERTIFICATE'* ]]; }

# Several replicas start at once in a cluster that has no CA: they agree on one, and each is trusted.
core_incluster_certificates() {
	local n before
	fresh_cluster
	installed
	configured
	for n in 0 1 2; do
		replica "$n" &
	done
	wait
	endpoints 0 1 2
	for n in 0 1 2; do
		until_true 30 "replica $n is not trusted" verified "$n"
	done
	eq "$(ca_bundle | grep -c 'BEGIN CERTIFICATE')" 1 'CAs in the caBundle'
	until_asked default "$injected"
	# somebody wipes the caBundle, or writes another one: back by itself
	k patch mutatingwebhookconfiguration otelgate --type json -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]' >/dev/null
	until_true 30 'the caBundle was wiped and does not come back' has_bundle
	"$OG_BIN" certs -d "$W/other" --ip 127.0.0.1 >/dev/null
	k patch mutatingwebhookconfiguration otelgate --type json \
		-p "[{\"op\": \"replace\", \"path\": \"/webhooks/0/clientConfig/caBundle\", \"value\": \"$(base64 -w0 "$W/other/ca.crt")\"}]" >/dev/null
	until_true 30 'another caBundle is not corrected' verified 0
	# the whole registration is applied again, as GitOps tools do
	k replace -f "$here/../../manifests/base/webhook-registration.yaml" >/dev/null
	until_true 30 'the registration was replaced, the caBundle does not come back' verified 1
	# the Secret is lost: whatever they agree on then, all are trusted
	before=$(k get secret -n otelgate otelgate-webhook-ca -o jsonpath='{.metadata.uid}')
	k delete secret -n otelgate otelgate-webhook-ca >/dev/null
	until_true 30 'the Secret was deleted and does not come back' new_secret "$before"
	for n in 0 1 2; do
		until_true 30 "replica $n is not trusted after the Secret was lost" verified "$n"
	done
	until_asked default "$injected"
}

new_secret() {
	local uid
	uid=$(k get secret -n otelgate otelgate-webhook-ca -o jsonpath='{.metadata.uid}' 2>/dev/null) && [ "$uid" != "$1" ]
}

# A CA that is due, with a third of its life left, is replaced, and with it every certificate, while pods are
# created without a pause.
full_incluster_rotation() {
	local n begin
	fresh_cluster
	installed
	configured
	replica 0 --ca-lifetime 180s --certificate-lifetime 60s --rotation-settle 5s
	endpoints 0
	until_asked default "$injected"
	ca_bundle >"$W/first.pem"
	begin=$(now_ms)
	proc_start "load" bash "$here/lib/load" default "$W/probe.json" "$W/load.txt"
	replica 1 --ca-lifetime 8760h --certificate-lifetime 60s --rotation-settle 5s
	until_true 150 'no new CA is published beside the old one' bundle_has 2
	until_true 30 'the second replica is not trusted' verified 1
	endpoints 0 1
	# the old CA stays in the bundle until nothing that it signed can be valid any more
	for n in 0 1; do
		until_true 120 "replica $n is not trusted by the new CA alone" verified_by_new "$n"
	done
	until_true 30 'no pods are created' more_load 50
	proc_stop load
	note "a new CA within $(($(now_ms) - begin)) ms, certificates $(certificates_made): $(sort "$W/load.txt" | uniq -c | tr '\n' ' ')"
	eq "$(grep -cv '^injected$' "$W/load.txt")" 0 'pods that were not injected'
}

bundle_has() { [ "$(ca_bundle | grep -c 'BEGIN CERTIFICATE')" = "$1" ]; }

verified_by_new() { # N: without the first CA
	ca_bundle | awk -v old="$(sed -n 2p "$W/first.pem")" '
		/BEGIN/ { cert = "" } { cert = cert $0 "\n" } /END/ && !index(cert, old) { printf "%s", cert }' >"$W/new.pem"
	[ -s "$W/new.pem" ] && handshake "$1" "$W/new.pem"
}

certificates_made() { cat "$D"/log/webhook-*.log | grep -c '"certificate in force"'; }

# Everything that can be missing at the start is said, keeps no pod away, and is found when it comes.
full_incluster_comes_later() {
	fresh_cluster
	installed
	rbac_refuses
	k delete -k "$here/../../manifests/crds" >/dev/null
	k delete clusterrolebinding otelgate-webhook >/dev/null
	replica 0 --sync-timeout 2s
	endpoints 0
	bare probe "$on" null >"$W/probe.json"
	dry_run default "$W/probe.json" | jq -e '.kind == "Pod"' >/dev/null || fail 'not admitted without rights'
	ops 0 '/readyz?verbose' >"$W/ready"
	grep -qi 'forbidden\|may not\|rbac\|right' "$W/ready" || fail "the missing rights are not named: $(cat "$W/ready")"
	k apply -k "$here/../../manifests/base" >/dev/null
	until_true 30 'no definitions' crds_established
	configured
	until_true 120 "rights and kinds came, and pods are not injected: $(ops 0 '/readyz?verbose')" \
		api_is POST '/api/v1/namespaces/default/pods?dryRun=All' "$injected" "$W/probe.json"
	until_true 60 'never ready' curl -sf --noproxy '*' "http://127.0.0.1:$(sed -n 's/^ops=//p' "$D/webhook-0.ports")/readyz"
}

# The API server goes and comes back, as in an upgrade and as in a crash: the webhook serves, and what
# changed meanwhile is known afterwards.
full_incluster_apiserver_restarts() {
	local way i=0
	fresh_cluster
	TOKEN_SECONDS=20 installed
	configured
	replica 0
	endpoints 0
	until_asked default "$injected"
	for way in '' --kill '' --kill; do
		i=$((i + 1))
		# shellcheck disable=SC2086
		cluster restart-apiserver $way
		{ namespace "$CASE-$i" "$on" && workload Deployment web | jq '.spec.replicas = 3'; } | k apply -n "$CASE-$i" -f - >/dev/null
		k rollout status -n "$CASE-$i" deployment/web --timeout=120s >/dev/null
		eq "$(how_many "$CASE-$i" "$injected")" 3 "injected pods after restart $i ($way)"
	done
	eq "$(count 0 otelgate_reviews_total 'decision="faulty"')" 0 'reviews that failed'
}

# A change of the configuration reaches new pods; one that is wrong does not, and is named.
core_incluster_configuration() {
	local endpoint='.spec.containers[0].env[] | select(.name == "OTEL_EXPORTER_OTLP_ENDPOINT") | .value'
	with_otelgate
	jq -n --arg case "$CASE" '{apiVersion: "v1", kind: "List", items: [
		{apiVersion: "otelgate.dev/v1alpha1", kind: "GrafanaStack", metadata: {name: "changing", labels: {"e2e.otelgate.dev/case": $case}},
			spec: {receiver: {endpoint: "http://one.test:4318"}}},
		{apiVersion: "otelgate.dev/v1alpha1", kind: "TelemetryProfile", metadata: {name: "changing", labels: {"e2e.otelgate.dev/case": $case}},
			spec: {stack: "changing", signals: {profiles: "off"}}}]}' | k apply -f - >/dev/null
	bare probe '{"otelgate.dev/inject": "changing"}' null >"$W/changing.json"
	until_true 30 'a new profile has no effect' api_is POST '/api/v1/namespaces/default/pods?dryRun=All' \
		"[$endpoint] == [\"http://one.test:4318\"]" "$W/changing.json"
	k patch grafanastack changing --type merge -p '{"spec": {"receiver": {"endpoint": "http://two.test:4318"}}}' >/dev/null
	until_true 30 'a changed stack has no effect' api_is POST '/api/v1/namespaces/default/pods?dryRun=All' \
		"[$endpoint] == [\"http://two.test:4318\"]" "$W/changing.json"
	# what cannot work does not even come in
	if k patch grafanastack changing --type merge -p '{"spec": {"receiver": {"type": "gateway", "protocol": "grpc"}}}' >/dev/null 2>&1; then
		fail 'gRPC to a gateway was taken'
	fi
	# fits the schema, and there is no such stack
	k patch telemetryprofile changing --type merge -p '{"spec": {"stack": "no-such-stack"}}' >/dev/null
	until_true 30 'a wrong profile is not named' refused_config changing
	dry_run default "$W/changing.json" | jq -e "[$endpoint] == [\"http://two.test:4318\"]" >/dev/null || fail 'the last good version is not in force'
	k delete telemetryprofile changing >/dev/null
	until_true 30 'a deleted profile still has an effect' api_is POST '/api/v1/namespaces/default/pods?dryRun=All' \
		"$injected | not" "$W/changing.json"
}

refused_config() { grep -q "\"configuration object refused\",\"object\":\"TelemetryProfile/$1\"" "$D/log/webhook-0.log"; }
