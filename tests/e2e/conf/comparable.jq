# SPDX-License-Identifier: Apache-2.0
# Pods as they can be compared: without what the API server, controllers and nodes invent.
def generated: "pod-template-hash", "controller-revision-hash", "pod-template-generation",
	"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
	"e2e.otelgate.dev/case";
# the token volume has a name of its own in each pod
def token: if type == "string" and startswith("kube-api-access-") then "kube-api-access" else . end;
# what only admission can know: the generation of the owner between a pod and its workload
def attributes:
	if .name == "OTEL_RESOURCE_ATTRIBUTES" and .value then
		.value |= (split(",") | map(select(test("^k8s[.](replicaset|job)[.]name=") | not)) | join(","))
	else . end;
def container:
	(if .env then .env |= map(attributes) else . end) |
	if .volumeMounts then .volumeMounts |= (map(.name |= token) | sort_by(.mountPath)) else . end;

[.items[] | {
	owner: (.metadata.ownerReferences[0].kind // "none"),
	of: (.metadata.generateName // .metadata.name | sub("-[0-9bcdfghjklmnpqrstvwxz]{5,10}-$"; "") | sub("-$"; "")),
	labels: (.metadata.labels // {} | with_entries(select(.key | IN(generated) | not))),
	# "made" says which empty lists were not there before (the API server fills them in between), "sums"
	# and "merged" are digests of the values
	annotations: (.metadata.annotations // {} | del(.["kubectl.kubernetes.io/last-applied-configuration"])
		| if .["otelgate.dev/injection"] then .["otelgate.dev/injection"] |= (fromjson | del(.made, .containers[].made, .containers[].sums, .containers[].merged)) else . end),
	spec: (.spec | del(.nodeName)
		| .volumes |= (. // [] | map(.name |= token) | sort_by(.name))
		| .containers |= map(container)
		| if .initContainers then .initContainers |= map(container) else . end)
}] | sort_by(.owner, .of) | unique
