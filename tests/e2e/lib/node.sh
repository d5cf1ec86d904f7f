# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# otelgate on a real node, installed with Helm, and a receiver outside of the cluster. To be read with `.` by
# the cases of node-cases.

chart=$here/../../charts/otelgate
export HELM_CACHE_HOME=$D/helm HELM_CONFIG_HOME=$D/helm HELM_DATA_HOME=$D/helm

helm() { "$BIN/helm3" "$@"; }

# outside COMMAND...: as somebody who is not of the cluster, at 10.89.0.1
outside() { nsenter --net="$OUTSIDE" "$@"; }

values() {
	cat <<-'EOF'
		stacks:
		  main:
		    clusterName: node
		    receiver: {type: gateway, endpoint: "http://10.89.0.1:4318/otlp", compression: gzip}
		    credentials: {secretRef: {name: grafana-cloud, namespace: monitoring}}
		profiles:
		  default:
		    stack: main
		    default: true
		    signals: {profiles: "off"}
		    sdk: {addUids: true}
		    languages: {python: {image: agent-python:1, libc: glibc, imagePullPolicy: Never}}
	EOF
}

# with_otelgate: installed as docs/install.md says, once for all cases, in a namespace that PodSecurity guards
with_otelgate() {
	[ ! -e "$D/with-otelgate" ] || return 0
	k create namespace monitoring >/dev/null
	k create namespace otelgate >/dev/null
	k label namespace otelgate pod-security.kubernetes.io/{enforce,warn,audit}=restricted >/dev/null
	ns_usable otelgate
	helm install otelgate "$chart" -n otelgate --wait --timeout 2m >"$W/out" 2>&1 || fail "$(cat "$W/out"; k get pods -n otelgate -o wide; k get events -n otelgate)"
	if grep -i warning "$W/out"; then
		fail 'warnings of the API server'
	fi
	values >"$W/values.yaml"
	helm upgrade otelgate "$chart" -n otelgate -f "$W/values.yaml" >"$W/out" 2>&1 || fail "$(cat "$W/out")"
	mkdir -p "$D/sink"
	lets_in glc_first
	: >"$D/sink/seen"
	proc_start sink nsenter --net="$OUTSIDE" "$("$here/tools/sdk" --where python)/bin/python" "$here/lib/sink.py" 10.89.0.1 4318 "$D/sink"
	until_asked default "$injected"
	: >"$D/with-otelgate"
}

# lets_in TOKEN: the receiver, from now on
lets_in() { printf 'Basic %s\n' "$(printf '100001:%s' "$1" | base64 -w0)" >"$D/sink/good"; }

# distributed NAMESPACE TOKEN: the controller has written it there; '=' is percent-encoded in the value
distributed() {
	k get secret -n "$1" otelgate-otlp -o json |
		jq -e --arg value "$(printf '100001:%s' "$2" | base64 -w0)" '.data["otlp-headers"] | @base64d | gsub("%3D"; "=") | endswith($value)'
}

# credential TOKEN: as somebody writes it into the Secret of the stack
credential() {
	k create secret generic -n monitoring grafana-cloud --from-literal=instance-id=100001 --from-literal=token="$1" --dry-run=client -o json |
		k apply --server-side --force-conflicts -f - >/dev/null
}

# no_credential NAMESPACE: nobody has written one, and none is distributed
no_credential() {
	k delete secret -n monitoring grafana-cloud --ignore-not-found >/dev/null
	until_true 30 'the credential is still distributed' api_is GET "/api/v1/namespaces/$1/secrets/otelgate-otlp" '.code == 404'
}

# pod_spec IMAGE [INDENT]: as PodSecurity restricted lets it in
pod_spec() {
	sed "s/^/${2:-}/" <<-EOF
		terminationGracePeriodSeconds: 5
		securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
		containers:
		- name: app
		  image: $1
		  imagePullPolicy: Never
		  env:
		  - {name: OTEL_METRIC_EXPORT_INTERVAL, value: "1000"}
		  - {name: OTEL_BSP_SCHEDULE_DELAY, value: "500"}
		  - {name: OTEL_BLRP_SCHEDULE_DELAY, value: "500"}
		  securityContext:
		    allowPrivilegeEscalation: false
		    readOnlyRootFilesystem: true
		    capabilities: {drop: [ALL]}
	EOF
}

# deployment NAMESPACE NAME IMAGE [ANNOTATION...]: annotations of its pods; it is there when that is done
deployment() {
	local ns=$1 name=$2 image=$3
	shift 3
	{
		cat <<-EOF
			apiVersion: apps/v1
			kind: Deployment
			metadata: {name: $name, namespace: $ns}
			spec:
			  selector: {matchLabels: {app: $name}}
			  template:
			    metadata:
			      labels: {app: $name}
			      annotations: {$(IFS=, && echo "$*")}
			    spec:
		EOF
		pod_spec "$image" '      '
	} | k apply -f - >/dev/null
	k rollout status -n "$ns" "deployment/$name" --timeout=60s >/dev/null
}

# newest NAMESPACE NAME: the pod of it that came last, not ending
newest() {
	k get pods -n "$1" -l "app=$2" -o json | jq -r '[.items[] | select(.metadata.deletionTimestamp == null)] | max_by(.metadata.creationTimestamp).metadata.name'
}

# seen FILTER: how many lines of what the receiver saw are so
seen() { jq -c "select($1)" "$D/sink/seen" | wc -l; }

# sent POD FILTER: whether anything of this pod is so
sent() { [ "$(seen ".resource[\"k8s.pod.name\"] == \"$1\" and ($2)")" != 0 ]; }

# all_signals POD FILTER
all_signals() { sent "$1" ".signal == \"metrics\" and ($2)" && sent "$1" ".signal == \"traces\" and ($2)" && sent "$1" ".signal == \"logs\" and ($2)"; }

# component webhook|controller: names of its pods that are not ending
component() {
	k get pods -n otelgate -l "app.kubernetes.io/component=$1" -o json | jq -r '.items[] | select(.metadata.deletionTimestamp == null) | .metadata.name'
}

# all_ready COUNT: that many pods of otelgate, all of them Ready
all_ready() {
	k get pods -n otelgate -l app.kubernetes.io/part-of=otelgate -o json | jq -e --argjson n "$1" '
		[.items[] | select(.metadata.deletionTimestamp == null)] as $pods
		| ($pods | length) == $n and ($pods | all(.status.conditions // [] | any(.type == "Ready" and .status == "True")))'
}

# process NAMESPACE POD CONTAINER: the id of its first process, as the node sees it
process() {
	local id
	id=$(k get pod -n "$1" "$2" -o json | jq -r --arg c "$3" '.status.containerStatuses[] | select(.name == $c).containerID | sub("containerd://"; "")')
	ctr -a /run/containerd.sock -n k8s.io task ls | awk -v id="$id" '$1 == id { print $2 }'
}

# shop_web TOKEN: a Deployment "web" that is opted in, in a namespace of its own, with a credential that is let in
shop_web() {
	with_otelgate
	ns_new "$CASE" pod-security.kubernetes.io/enforce=restricted
	lets_in "$1"
	credential "$1"
	deployment "$CASE" web shop:1 'otelgate.dev/inject: "true"'
	until_true 30 'the credential is not distributed' distributed "$CASE" "$1"
	rolled "$CASE" web >/dev/null
}
