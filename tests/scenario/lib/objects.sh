# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# What scenarios are made of: configuration, workloads, policies, as JSON on standard output. JQ is a jq program
# that changes the object last. To be read with `.`; $NS and $CASE have to be set.

# stack [JQ]: an Alloy in the cluster which asks for a credential, the one of source_secret
stack() {
	jq -n --arg name "$CASE" --arg ns "$NS" '{apiVersion: "otelgate.dev/v1alpha1", kind: "GrafanaStack", metadata: {name: $name},
		spec: {receiver: {endpoint: "http://alloy.\($ns)-tools.svc.cluster.local:4318"},
			credentials: {secretRef: {name: "grafana-cloud", namespace: "\($ns)-tools"}}}} | '"${1:-.}"
}

# profile [JQ]: of the stack, to be asked for by name
profile() {
	jq -n --arg name "$CASE" '{apiVersion: "otelgate.dev/v1alpha1", kind: "TelemetryProfile", metadata: {name: $name},
		spec: {stack: $name, signals: {profiles: "off"}, restart: {mode: "never"}}} | '"${1:-.}"
}

# managed: for profile, restarts without a pause
managed='.spec.restart = {mode: "managed", pause: "0s"}'

# source_secret ID TOKEN: what the stack's credential refers to
source_secret() {
	jq -n --arg ns "$NS-tools" --arg id "$1" --arg token "$2" '{apiVersion: "v1", kind: "Secret",
		metadata: {name: "grafana-cloud", namespace: $ns}, data: {"instance-id": ($id | @base64), token: ($token | @base64)}}'
}

# source_access: the controller may read it, and no other there
source_access() {
	jq -n --arg ns "$NS-tools" '{apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: {name: "otelgate-source", namespace: $ns},
		rules: [{apiGroups: [""], resources: ["secrets"], resourceNames: ["grafana-cloud"], verbs: ["get", "list", "watch"]}]},
		{apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: {name: "otelgate-source", namespace: $ns},
		roleRef: {apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "otelgate-source"},
		subjects: [{kind: "ServiceAccount", name: "otelgate-controller", namespace: "otelgate"}]}'
}

# receiver: Alloy with its Service, the thing that is sent to
receiver() {
	jq -n --arg ns "$NS-tools" '{apiVersion: "v1", kind: "List", items: [
		{apiVersion: "v1", kind: "Service", metadata: {name: "alloy", namespace: $ns},
			spec: {selector: {app: "alloy"}, ports: [{name: "otlp", port: 4318, targetPort: 4318}]}},
		{apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "alloy", namespace: $ns},
			spec: {replicas: 1, selector: {matchLabels: {app: "alloy"}}, template: {metadata: {labels: {app: "alloy"}},
				spec: {containers: [{name: "alloy", image: "registry.test/alloy:1", ports: [{name: "otlp", containerPort: 4318}]}]}}}}]}'
}

# header ID TOKEN: the value that SDKs take from the distributed Secret
header() {
	printf 'Authorization=Basic%%20%s' "$(printf '%s:%s' "$1" "$2" | base64 -w0 | sed 's/+/%2B/g; s|/|%2F|g; s/=/%3D/g')"
}

# workload KIND NAME [JQ]: opted in by its pod template. Deployment, StatefulSet, ReplicaSet with three pods; DaemonSet, Job,
# CronJob, Pod
workload() {
	jq -n --arg kind "$1" --arg name "$2" --arg ns "${4:-$NS}" --arg profile "$CASE" '
		def pod: {metadata: {labels: {app: $name}, annotations: {"otelgate.dev/inject": $profile}},
			spec: {containers: [{name: "main", image: "registry.test/a:1"}]}};
		def once: pod | .spec.restartPolicy = "Never";
		def set: {replicas: 3, selector: {matchLabels: {app: $name}}, template: pod};
		({apiVersion: "apps/v1", kind: $kind, metadata: {name: $name, namespace: $ns, labels: {app: $name}}}
		| if $kind == "Pod" then .apiVersion = "v1" | .metadata += pod.metadata | .spec = pod.spec
		  elif $kind == "Job" then .apiVersion = "batch/v1" | .spec.template = once
		  elif $kind == "CronJob" then .apiVersion = "batch/v1" | .spec = {schedule: "0 3 1 1 *", jobTemplate: {spec: {template: once}}}
		  elif $kind == "DaemonSet" then .spec = set | del(.spec.replicas)
		  elif $kind == "StatefulSet" then .spec = set | .spec.serviceName = $name
		  else .spec = set end) | '"${3:-.}"
}

# for workload: nobody has opted it in
silent='del(.spec.template.metadata.annotations)'

# for workload: two pods of a new version, one of the old, for as long as minReadySeconds says
halfway='.spec += {minReadySeconds: 3600, progressDeadlineSeconds: 7200, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 2}}}'

# deny [DIRECTION]: a default-deny policy for the namespace
deny() {
	jq -n --arg ns "$NS" --arg d "${1:-Egress}" '{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy",
		metadata: {name: "default-deny", namespace: $ns}, spec: {podSelector: {}, policyTypes: [$d]}}'
}
