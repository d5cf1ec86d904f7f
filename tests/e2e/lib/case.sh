# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What a case has at hand. A case runs in a process of its own (lib/one) with
#   $CASE  its name, also the name of its namespace   $W  an empty folder   $BIN  the control plane's programs
# and ends by the first command that fails. What it started and created goes away by itself.

# shellcheck source=tests/e2e/lib/proc.sh
. "$here/lib/proc.sh"

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

note() { printf '# %s\n' "$*" >&2; }

# for cases in which RBAC refuses requests of ServiceAccounts, as they expect
rbac_refuses() {
	export RBAC=refuses # for lib/one, which has read this
	note 'RBAC refuses on purpose'
}

eq() { # eq IS SHOULD WHAT
	[ "$1" = "$2" ] || fail "$3: is '$1', should be '$2'"
}

# k ARGUMENT...: kubectl; its --timeout is a limit like any other
k() {
	local a args=()
	for a in "$@"; do
		[[ $a =~ ^--timeout=([0-9]+)s$ ]] && a=--timeout=$((BASH_REMATCH[1] * patience))s
		args+=("$a")
	done
	kubectl "${args[@]}"
}

cluster() { "$here/cluster" "$@"; }

# fresh_cluster [FLAG...]: a cluster of the case's own from now on, where it may install for everybody
fresh_cluster() {
	"$here/cluster" --dir "$W/cluster" up --owner $$ --services "$OG_E2E/services" "$@" >/dev/null 2>"$W/cluster.log" ||
		fail "no second cluster: $(tail -n 3 "$W/cluster.log")"
	use_cluster "$W/cluster"
}

use_cluster() { # FOLDER
	D=$1
	export OTELGATE_E2E_DIR=$D KUBECONFIG=$D/kubeconfig/admin
}

# rolled NS DEPLOYMENT: as `rollout restart`, which writes the second and refuses to come twice within it
rolled() {
	k patch -n "$1" deployment "$2" -p \
		'{"spec": {"template": {"metadata": {"annotations": {"e2e.otelgate.dev/rolled": "'"$EPOCHREALTIME"'"}}}}}' >/dev/null
	k rollout status -n "$1" "deployment/$2" --timeout=60s
}

# until_true SECONDS WHAT COMMAND...: the case fails when it never becomes true
until_true() {
	local seconds=$1 what=$2
	shift 2
	until_ok "$seconds" "$@" || fail "after $((seconds * patience)) s: $what"
}

# rights_of NAMESPACE SERVICEACCOUNT VERB-AND-WHAT...: until RBAC has heard that it may. What the API
# server has just stored it knows a moment later.
rights_of() {
	local who=system:serviceaccount:$1:$2
	shift 2
	until_true 30 "$who may not $*" k auth can-i --as "$who" "$@"
}

# kinds_served: until kubectl finds our kinds; the API server says Established before it tells of them
kinds_served() {
	until_true 30 'our kinds are not served' k get telemetryprofiles,grafanastacks
}

# api METHOD PATH [BODY-FILE]: one request as admin, much quicker than a kubectl; prints the answer, and
# succeeds whatever the status is
api() {
	curl -s --noproxy '*' --max-time 30 --cacert "$D/pki/ca.crt" --cert "$D/pki/admin.crt" --key "$D/pki/admin.key" \
		-X "$1" ${3:+-H "Content-Type: ${CONTENT_TYPE:-application/json}" --data-binary "@$3"} \
		"https://127.0.0.1:$(cat "$D/apiserver.port")$2"
}

# api_is METHOD PATH FILTER [BODY-FILE]: true when jq says so about the answer
api_is() {
	api "$1" "$2" ${4:+"$4"} | jq -e "$3"
}

# ns_new NAME [LABEL=VALUE...]: a namespace in which pods can be created
ns_new() {
	local name=$1 l
	shift
	{
		printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels:\n    e2e.otelgate.dev/case: %s\n' "$name" "$CASE"
		for l in "$@"; do
			printf '    %s: "%s"\n' "${l%%=*}" "${l#*=}"
		done
	} | k create -f - >/dev/null
	ns_usable "$name"
}

ns_usable() {
	until_true 90 "there is no ServiceAccount default in $1" \
		api_is GET "/api/v1/namespaces/$1/serviceaccounts/default" '.kind == "ServiceAccount"'
}

# webhook_up NAME [FLAG...]: otelgate with $W/otelgate.yaml (or the suite's configuration); its
# ports are then in $W/NAME.ports, the CA in $W/pki/ca.crt
webhook_up() {
	local name=$1 config=$W/otelgate.yaml port=${WEBHOOK_PORT:-}
	shift
	[ -e "$config" ] || config=$here/conf/otelgate.yaml
	[ -e "$W/pki" ] || "$OG_BIN" certs -d "$W/pki" --ip 127.0.0.1 >/dev/null
	rm -f "$W/$name.ports"
	[ -n "$port" ] || port=$(free_port) # that the system gives to nobody while the webhook is away
	proc_start "$CASE.$name" "$OG_BIN" webhook --config "$config" \
		--tls-cert "$W/pki/tls.crt" --tls-key "$W/pki/tls.key" --address 127.0.0.1 --port "$port" \
		--ops-address 127.0.0.1 --ops-port 0 --ports-file "$W/$name.ports" --shutdown-delay 0s \
		--log-format json --log-level debug "$@"
	until_ok 30 ready_or_gone "$name" || fail "otelgate webhook does not start, see $D/log/$CASE.$name.log"
	[ -s "$W/$name.ports" ] || fail "otelgate webhook ended: $(tail -n 3 "$D/log/$CASE.$name.log")"
}

ready_or_gone() {
	[ -s "$W/$1.ports" ] || proc_gone "$CASE.$1"
}

# port NAME [admission|ops] of what webhook_up or neighbour_up started
port() {
	sed -n "s/^${2:-admission}=//p" "$W/$1.ports"
}

neighbour_up() {
	[ -e "$W/pki" ] || "$OG_BIN" certs -d "$W/pki" --ip 127.0.0.1 >/dev/null
	proc_start "$CASE.neighbour" "$OG_E2E/neighbour" "$W/pki/tls.crt" "$W/pki/tls.key" "$W/neighbour.ports"
	until_ok 30 ready_or_gone neighbour || fail 'the neighbour does not start'
}

# register NAME PORT PATH NAMESPACE [LINE...]: as a webhook for the pods of one namespace; the API
# server asks in the order of the names. LINE: further fields, like "failurePolicy: Fail".
register() {
	local name=$1 port=$2 path=$3 ns=$4
	shift 4
	{
		cat <<-EOF
			apiVersion: admissionregistration.k8s.io/v1
			kind: MutatingWebhookConfiguration
			metadata:
			  name: $CASE-$name
			  labels: {e2e.otelgate.dev/case: $CASE}
			webhooks:
			- name: $name.e2e.otelgate.dev
			  clientConfig:
			    url: https://127.0.0.1:$port$path
			    caBundle: $(base64 -w0 "$W/pki/ca.crt")
			  rules:
			  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}
			  namespaceSelector:
			    matchLabels: {kubernetes.io/metadata.name: $ns}
			  sideEffects: None
			  timeoutSeconds: 5
			  reinvocationPolicy: IfNeeded
			  admissionReviewVersions: [v1]
		EOF
		[ $# = 0 ] || printf '  %s\n' "$@"
		case "$*" in
		*failurePolicy*) ;;
		*) echo '  failurePolicy: Ignore' ;;
		esac
	} | k apply -f - >/dev/null
}

# dry_run NAMESPACE POD-FILE: the answer to its creation as a dry run
dry_run() {
	api POST "/api/v1/namespaces/$1/pods?dryRun=All" "$2"
}

# until_asked NAMESPACE FILTER: until a dry run shows that the API server asks the webhook
until_asked() {
	probe_pod >"$W/probe.json"
	until_true 30 "the API server does not ask the webhook: $(dry_run "$1" "$W/probe.json")" \
		api_is POST "/api/v1/namespaces/$1/pods?dryRun=All" "$2" "$W/probe.json"
}

probe_pod() {
	cat <<-'EOF'
		{"apiVersion": "v1", "kind": "Pod",
		 "metadata": {"name": "probe", "annotations": {"otelgate.dev/inject": "true"}},
		 "spec": {"containers": [{"name": "probe", "image": "registry.test/probe:1"}]}}
	EOF
}

injected='.metadata.labels["otelgate.dev/revision"] != null'

# ours NAMESPACE [FLAG...]: otelgate up, registered for the namespace, and asked
ours() {
	local ns=$1
	shift
	webhook_up otelgate "$@"
	register m-otelgate "$(port otelgate)" /mutate "$ns"
	until_asked "$ns" "$injected"
}

# metric NAME FILTER-TEXT: sum of the lines of a metric that hold the text
metric() {
	curl -s --noproxy '*' --max-time 10 "http://127.0.0.1:$(port otelgate ops)/metrics" |
		awk -v m="$1" -v t="$2" '
			index($0, m) == 1 && substr($0, length(m) + 1, 1) ~ /[{ ]/ && (t == "" || index($0, t)) { n += $NF }
			END { printf "%d\n", n }'
}

# admissions NAMESPACE: from the audit log, one JSON object for each pod that was created there: name,
# dry run or not, and the calls of webhooks in their order {round, webhook, mutated, ops}
admissions() {
	grep -F "\"namespace\":\"$1\"" "$D/log/audit.log" | jq -c '
		select(.verb == "create" and .objectRef.resource == "pods" and .objectRef.subresource == null and .objectRef.namespace == "'"$1"'")
		| {name: (.objectRef.name // .responseObject.metadata.name), dry: (.requestURI | contains("dryRun")), code: .responseStatus.code,
		   calls: (.annotations as $a | [$a | to_entries[]
			| select(.key | startswith("mutation.webhook.admission.k8s.io/"))
			| (.key | sub(".*/round_"; "") | split("_index_") | map(tonumber)) as $at
			| (.value | fromjson) + {round: $at[0], index: $at[1],
			   ops: ($a["patch.webhook.admission.k8s.io/round_\($at[0])_index_\($at[1])"] // "{\"patch\": []}" | fromjson | .patch)}]
			| sort_by(.round, .index) | map({round, configuration, mutated, ops}))}'
}

# pods NAMESPACE: its pods in a form that can be compared: what the API server and controllers
# invent (names, hashes, times) is taken out, lists whose order means nothing are sorted
pods() {
	k get pods -n "$1" -o json | jq -S -f "$here/conf/comparable.jq"
}

# no_doubles FILE: in a list of pods no variable, volume or mount is there twice
no_doubles() {
	jq -e '[.items[] | .spec
		| ((.containers + (.initContainers // []))[] | (.env // [] | group_by(.name)[]), (.volumeMounts // [] | group_by(.mountPath)[])),
		  (.volumes // [] | group_by(.name)[]) | select(length > 1)] == []' "$1" >/dev/null
}

more_load() { # COUNT more that were injected than at the last call that was true
	local n
	n=$(grep -c '^injected$' "$W/load.txt")
	[ "$n" -ge $(($(cat "$W/load.seen" 2>/dev/null || echo 0) + $1)) ] && echo "$n" >"$W/load.seen"
}

# same FILE FILE WHAT
same() {
	diff -u "$1" "$2" >"$W/diff" || {
		cat "$W/diff" >&2
		fail "$3"
	}
}
