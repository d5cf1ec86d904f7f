# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The verbs of scenarios, the same on the simulated API server and on a real control plane. To be read with `.`:
#   $CLUSTER sim or real   $CASE name   $NS its namespace   $W an empty folder   $D folder of the cluster   $OG_BIN
# A scenario ends by the first command that fails. What it started and created goes away by itself.

# shellcheck source=tests/e2e/lib/proc.sh
. "$root/tests/e2e/lib/proc.sh"

account=system:serviceaccount:otelgate:otelgate-controller
base=$root/manifests/base

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

note() { printf '# %s\n' "$*" >&2; }

eq() { # eq IS SHOULD WHAT
	[ "$1" = "$2" ] || fail "$3: is '$1', should be '$2'"
}

same() { # FILE FILE WHAT
	diff -u "$1" "$2" >"$W/diff" || fail "$3: $(head -n 40 "$W/diff")"
}

# as that of proc.sh, with longer pauses: a look costs more here
until_ok() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep 0.25 # between two looks
	done
}

# until_true SECONDS WHAT COMMAND...
until_true() {
	local seconds=$1 what=$2
	shift 2
	until_ok "$seconds" "$@" || fail "after $seconds s: $what"
}

on_sim() { [ "$CLUSTER" = sim ]; }

# ---- the API server ----

server() { printf 'https://127.0.0.1:%s' "$(cat "$D/apiserver.port")"; }

# as_admin CURL-ARGUMENT...
as_admin() {
	if on_sim; then
		curl -s --noproxy '*' --max-time 30 --cacert "$D/pki/ca.crt" -H 'Authorization: Bearer scenario' "$@"
	else
		curl -s --noproxy '*' --max-time 30 --cacert "$D/pki/ca.crt" --cert "$D/pki/admin.crt" --key "$D/pki/admin.key" "$@"
	fi
}

# api METHOD PATH [BODY-FILE [CONTENT-TYPE]]: prints the answer, and succeeds whatever the status is. BODY-FILE - is standard input
api() {
	as_admin -X "$1" ${3:+-H "Content-Type: ${4:-application/json}" --data-binary "@$3"} "$(server)$2"
}

# must METHOD PATH [BODY-FILE [CONTENT-TYPE]]: the scenario fails when it is refused
must() {
	local code
	code=$(as_admin -X "$1" ${3:+-H "Content-Type: ${4:-application/json}" --data-binary "@$3"} -o "$W/answer" -w '%{http_code}' "$(server)$2")
	[[ $code = 2* ]] || fail "$1 $2: $code $(jq -r '.message // .' "$W/answer" 2>/dev/null | head -c 1000)"
}

# where RESOURCE [NAMESPACE]: "deployments.apps" and "shop" → its path
where() {
	local plural=${1%%.*} group='' version
	[[ $1 != *.* ]] || group=${1#*.}
	case $group in
	'') version=/api/v1 ;;
	otelgate.dev) version=/apis/otelgate.dev/v1alpha1 ;;
	*) version=/apis/$group/v1 ;;
	esac
	printf '%s%s/%s' "$version" "${2:+/namespaces/$2}" "$plural"
}

plural_of() { # KIND
	case $1 in
	Deployment | StatefulSet | DaemonSet | ReplicaSet) printf '%ss.apps' "${1,,}" ;;
	Job | CronJob) printf '%ss.batch' "${1,,}" ;;
	NetworkPolicy) printf networkpolicies.networking.k8s.io ;;
	GrafanaStack | TelemetryProfile) printf '%ss.otelgate.dev' "${1,,}" ;;
	ClusterRoleBinding | ClusterRole | RoleBinding | Role) printf '%ss.rbac.authorization.k8s.io' "${1,,}" ;;
	CustomResourceDefinition) printf customresourcedefinitions.apiextensions.k8s.io ;;
	*) printf '%ss' "${1,,}" ;;
	esac
}

# apply: all objects on standard input, JSON, lists too; server-side and by force
apply() {
	local o kind ns name
	jq -c 'if .kind == "List" then .items[] else . end' | while read -r o; do
		IFS=$'\t' read -r kind ns name < <(jq -r '[.kind, .metadata.namespace // "-", .metadata.name] | @tsv' <<<"$o")
		[ "$ns" != - ] || ns=''
		must PATCH "$(where "$(plural_of "$kind")" "$ns")/$name?fieldManager=scenario&force=true" - application/apply-patch+yaml <<<"$o"
	done
}

# get RESOURCE NAME [NAMESPACE]: fails when there is none. NAMESPACE '' = cluster-scoped
get() {
	as_admin -f "$(server)$(where "$1" "${3-$NS}")/$2"
}

remove() { # RESOURCE NAME [NAMESPACE]
	must DELETE "$(where "$1" "${3-$NS}")/$2"
}

get_workload() { get "$(plural_of "${1%/*}")" "${1#*/}"; } # KIND/NAME

patch_workload() { # KIND/NAME MERGE-PATCH
	must PATCH "$(where "$(plural_of "${1%/*}")" "$NS")/${1#*/}" - application/merge-patch+json <<<"$2"
}

# restart KIND/NAME: as kubectl rollout restart
restart() {
	patch_workload "$1" '{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "'"$(date -u +%FT%T.%NZ)"'"}}}}}'
}

pod_status() { # POD STATUS
	must PATCH "/api/v1/namespaces/$NS/pods/$1/status" - application/merge-patch+json <<<"{\"status\": $2}"
}

delete_pods() { # NAME
	must DELETE "/api/v1/namespaces/$NS/pods?labelSelector=app%3D$1"
}

# wt KIND/NAME: its WorkloadTelemetry; fails when there is none
wt() {
	api GET "$(where workloadtelemetries.otelgate.dev "$NS")" | jq -ce --arg kind "${1%/*}" --arg name "${1#*/}" '
		[.items[] | select(.metadata.ownerReferences // [] | any(.kind == $kind and .name == $name))] | first // empty'
}

# dump [NAMESPACE...]: every object that matters, one a line, without what changes by itself
dump() {
	local r ns
	for ns in "${@:-}"; do
		for r in secrets configmaps services pods networkpolicies.networking.k8s.io deployments.apps replicasets.apps statefulsets.apps \
			workloadtelemetries.otelgate.dev events.events.k8s.io; do
			as_admin -f "$(server)$(where "$r" "$ns")" || :
		done
	done | objects
	[ $# != 0 ] || for r in namespaces grafanastacks.otelgate.dev telemetryprofiles.otelgate.dev; do api GET "$(where "$r" '')"; done | objects
}

objects() {
	jq -cS '(.kind | rtrimstr("List")) as $kind | (.items // [])[] | {kind: $kind} + .
		| del(.metadata.managedFields, .metadata.resourceVersion, .metadata.generation)' | sort
}

ns_new() {
	jq -nc --arg n "$1" --arg case "$CASE" '{apiVersion: "v1", kind: "Namespace", metadata: {name: $n, labels: {"e2e.otelgate.dev/case": $case}}}' | apply
	on_sim || until_true 90 "there is no ServiceAccount default in $1" get serviceaccounts default "$1"
}

ns_delete() { must DELETE "/api/v1/namespaces/$1"; }
ns_gone() { [ "$(as_admin -o /dev/null -w '%{http_code}' "$(server)/api/v1/namespaces/$1")" = 404 ]; }

# ns_quota NAMESPACE N: at most N pods
ns_quota() {
	jq -nc --arg ns "$1" --arg n "$2" '{apiVersion: "v1", kind: "ResourceQuota", metadata: {name: "few", namespace: $ns}, spec: {hard: {pods: $n}}}' | apply
}

ns_restricted() {
	jq -nc --arg n "$1" --arg case "$CASE" '{apiVersion: "v1", kind: "Namespace", metadata: {name: $n, labels:
		{"e2e.otelgate.dev/case": $case, "pod-security.kubernetes.io/enforce": "restricted"}}}' | apply
}

# server_restart term|kill|lose-history
server_restart() {
	local how=()
	if on_sim; then
		api POST /sim/restart - <<<"{\"downMs\": 1000, \"loseHistory\": $([ "$1" = lose-history ] && echo true || echo false)}" >/dev/null
		sleep 0.3 # it goes away first
		until_true 10 'the simulator does not come back' as_admin -f -o /dev/null "$(server)/api"
	else
		[ "$1" != kill ] || how=(--kill)
		"$root/tests/e2e/cluster" restart-apiserver "${how[@]}"
	fi
}

# fault RULE...: on the simulator alone, as POST /sim/faults takes them, whole or one a line
fault() {
	on_sim || fail 'faults are for the simulator'
	jq -sc 'flatten' <<<"$1" >"$W/faults"
	faults_before=$(api GET /sim/requests | jq .faultsHit)
	must POST /sim/faults "$W/faults"
}

faults_clear() { must DELETE /sim/faults; }
faults_hit() { [ "$(api GET /sim/requests | jq .faultsHit)" -gt "$faults_before" ]; }

# the controller's rights in the whole cluster, taken and given back; watches that stand are ended
rights_take() {
	get clusterrolebindings.rbac.authorization.k8s.io otelgate-controller '' | jq 'del(.metadata) + {metadata: {name: .metadata.name}}' >"$W/binding.json"
	remove clusterrolebindings.rbac.authorization.k8s.io otelgate-controller ''
	server_restart term
}

rights_give() { apply <"$W/binding.json"; }

# for scenarios in which the controller is refused what it needs
rbac_refuses() { note 'RBAC refuses on purpose'; }

crd_take() { # NAME
	get customresourcedefinitions.apiextensions.k8s.io "$1" '' |
		jq 'del(.status, .metadata.uid, .metadata.resourceVersion, .metadata.creationTimestamp, .metadata.generation, .metadata.managedFields)' >"$W/crd.json"
	remove customresourcedefinitions.apiextensions.k8s.io "$1" ''
	until_true 60 'the CRD stays' crd_gone "$1"
}

crd_gone() { ! get customresourcedefinitions.apiextensions.k8s.io "$1" ''; }
crd_give() { apply <"$W/crd.json"; }

# ---- otelgate ----

sa_dir() { # SERVICEACCOUNT: as a pod sees it
	local f=$D/sa/$1
	if on_sim; then
		if [ ! -e "$f" ]; then
			mkdir -p "$f"
			printf '%s' "token-$1" >"$f/token"
			printf otelgate >"$f/namespace"
			cp "$D/pki/ca.crt" "$f/ca.crt"
		fi
		printf '%s' "$f"
	elif [ -e "$D/sa/otelgate.$1" ]; then
		printf '%s' "$D/sa/otelgate.$1"
	else
		"$root/tests/e2e/cluster" sa otelgate "$1"
	fi
}

# program NAME SERVICEACCOUNT ARGUMENT...: otelgate as in a pod
program() {
	local name=$1 sa=$2
	shift 2
	rm -f "$W/$name.ports"
	proc_start "$CASE.$name" env -u KUBECONFIG HOME=/nonexistent KUBERNETES_SERVICE_HOST=127.0.0.1 \
		KUBERNETES_SERVICE_PORT="$(cat "$D/apiserver.port")" POD_NAMESPACE=otelgate POD_NAME="$CASE-$name" "$OG_BIN" "$@" \
		--service-account-dir "$(sa_dir "$sa")" --ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/$name.ports" --log-format json --log-level debug
	until_ok 30 up_or_gone "$name" || fail "$name does not serve, see $D/log/$CASE.$name.log"
	[ -s "$W/$name.ports" ] || fail "$name ended: $(tail -n 3 "$D/log/$CASE.$name.log")"
}

up_or_gone() { [ -s "$W/$1.ports" ] || proc_gone "$CASE.$1"; }

# port NAME [KIND]
port() { sed -n "s/^${2:-ops}=//p" "$W/$1.ports"; }

# webhook_up: serves, is registered, and is asked
webhook_up() {
	program webhook otelgate-webhook webhook -n otelgate --address 127.0.0.1 --port 0 --tls-name 127.0.0.1 --shutdown-delay 0s
	sed "/^    service:/,/^      port:/d; s|^  clientConfig:|&\n    url: https://127.0.0.1:$(port webhook admission)/mutate|" \
		"$base/webhook-registration.yaml" >"$W/registration.yaml"
	must PATCH "$(where mutatingwebhookconfigurations.admissionregistration.k8s.io '')/otelgate?fieldManager=scenario&force=true" \
		"$W/registration.yaml" application/apply-patch+yaml
	jq -nc --arg p "$CASE" '{apiVersion: "v1", kind: "Pod", metadata: {name: "probe", annotations: {"otelgate.dev/inject": $p}},
		spec: {containers: [{name: "probe", image: "registry.test/probe:1"}]}}' >"$W/probe.json"
	until_true 30 'the API server does not ask the webhook' asked
}

# probed: the revision that a pod would get now
probed() { api POST "/api/v1/namespaces/$NS/pods?dryRun=All" "$W/probe.json" | jq -er '.metadata.labels["otelgate.dev/revision"]'; }
asked() { probed >/dev/null; }
# probed_anew REVISION: … another one than that
probed_anew() { [ "$(probed)" != "$1" ]; }

webhook_down() { proc_kill "$CASE.webhook"; }

# controller_up N [FLAG...]
controller_up() {
	local n=$1
	shift
	program "controller-$n" otelgate-controller controller --scan-interval 200ms "$@"
}

controller_term() { proc_stop "$CASE.controller-$1" 20; }
controller_kill() { proc_kill "$CASE.controller-$1"; }
controller_signal() { proc_signal "$CASE.controller-$1" "$2"; }
controller_gone() { proc_gone "$CASE.controller-$1"; }

# leader: the number of the controller that holds the Lease; nothing when nobody does
leader() {
	local id
	id=$(get leases.coordination.k8s.io otelgate-controller otelgate 2>/dev/null | jq -r '.spec.holderIdentity // ""')
	[ -n "$id" ] || return 0
	grep -lF "\"$id\"" "$D/log/$CASE".controller-*.log 2>/dev/null | while read -r f; do
		grep -F '"leading"' "$f" | grep -qF "\"$id\"" && sed 's/.*controller-\([0-9]*\)\.log$/\1/' <<<"$f"
	done | head -n 1 || :
}

leads() { [ "$(leader)" = "$1" ]; }
led() { [ -n "$(leader)" ]; }

ops() { # N PATH
	curl -s --noproxy '*' --max-time 10 "http://127.0.0.1:$(port "controller-$1")$2"
}

# metric N NAME [TEXT]: sum of the lines that hold the text
metric() {
	ops "$1" /metrics | awk -v m="$2" -v t="${3:-}" '
		index($0, m) == 1 && substr($0, length(m) + 1, 1) ~ /[{ ]/ && (t == "" || index($0, t)) { n += $NF } END { printf "%d\n", n }'
}

cat_logs() { cat "$D/log/$CASE".*.log; }

# writes: what controllers have written since the last call, "verb resource path code"; not Leases and Events
writes() {
	if on_sim; then
		api GET /sim/requests | jq -r --arg u "$account" '.requests[] | select(.user == $u)
			| select(.verb | IN("create", "update", "patch", "delete", "deletecollection")) | "\(.time) \(.verb) \(.resource) \(.path | sub("[?].*"; "")) \(.code)"'
	else
		grep -F "\"$account\"" "$D/log/audit.log" | jq -r --arg u "$account" 'select(.user.username == $u and .stage == "ResponseComplete")
			| select(.verb | IN("create", "update", "patch", "delete", "deletecollection"))
			| "\(.requestReceivedTimestamp) \(.verb) \(.objectRef.resource) \(.requestURI | sub("[?].*"; "")) \(.responseStatus.code)"'
	fi | grep -v ' leases \| events ' | LC_ALL=C sort >"$W/writes.all" || :
	# not by time alone: what took longer is written down later
	touch "$W/writes.seen"
	LC_ALL=C comm -13 "$W/writes.seen" "$W/writes.all" | sed 's/^[^ ]* //'
	mv "$W/writes.all" "$W/writes.seen"
}
