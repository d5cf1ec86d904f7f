# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Ways in which telemetry does not arrive, all at once, each in a namespace of its own with real SDKs and a real way to
# the backends; what then really is in them, and what is said of it: each signal, and the first link that is broken.

# shellcheck source=tests/e2e/lib/arrival.sh
. "$here/lib/arrival.sh"
# shellcheck source=tests/e2e/lib/ladder.sh
. "$here/lib/ladder.sh"

# What is in the backends of each (metrics, traces, logs: yes or no; what has lost its revision is "bare"), what Ready says, with
# the first link that is broken, and words that its message, its findings or the stack's conditions have to hold.
broken_table() {
	grep -v '^ *#' <<-'EOF'
		healthy-python   yes  yes  yes  True  Arrives -
		healthy-node     yes  yes  yes  True  Arrives -
		healthy-alloy    yes  yes  yes  True  Arrives -
		healthy-plain    yes  yes  yes  True  Arrives -
		# where to ask is found by the stack's slug
		by-slug          yes  yes  yes  True  Arrives -
		# it pushes profiles, too
		profiles         yes  yes  yes  True  Arrives -
		# the edge does not know the token
		wrong-token      no   no   no   False Unauthorized   401 Unauthorized at link credential (OG408)
		# the token may not write them
		no-traces-scope  yes  no   yes  False ScopeMissing   401 ScopeMissing at link permission (OG409)
		# id and token are in each other's place
		swapped          no   no   no   False Swapped        instance id and token are swapped
		# the gateway of another zone
		wrong-zone       no   no   no   False Unauthorized   401 Unauthorized at link credential (OG408)
		# the base URL without /otlp
		no-otlp-path     no   no   no   False PathWithoutOtlp 404 PathWithoutOtlp at link path (OG505)
		# 200 from somebody else; SDKs are content
		portal           no   no   no   False WebPage        200 WebPage at link http (OG522)
		# HTTP is spoken to the port of gRPC
		grpc-port        no   no   no   False GrpcPort       GrpcPort at link http (OG502)
		# nobody listens
		alloy-down       no   no   no   False NothingListens NothingListens at link tcp (OG519)
		# for as long as it lasts
		alloy-refusing   no   no   no   False ServerError    503 ServerError at link receiver (OG523)
		# pods were given another CA than its own: what is only in pods is for `otelgate probe -n`
		certificate      no   no   no   False NeverArrived   Nothing has arrived
		# no such Service
		no-service       no   no   no   False NoSuchHost     OG508
		# a policy lets nothing out, and the receiver is a host outside: policies know addresses alone
		policy-closed    no   no   no   False ExternalHost   otlp.example.test
		# no way out of the pod
		cut-off          no   no   no   False NeverArrived   the stack's own probe arrives: the pod does not send it, or it is lost on its way
		# the pipeline removes the pod's name and the revision
		drops            bare bare bare True  Arrives        otelgate.revision
		# OTEL_SERVICE_NAME is empty, and it is unknown_service
		unknown-service  yes  yes  yes  True  Arrives        OG801
		# two Deployments under one name
		one-name         yes  yes  yes  True  Arrives        OG803
		# the clock is two hours late: samples are too old
		behind           no   no   no   False NeverArrived   the stack's own probe arrives: the pod does not send it, or it is lost on its way
		# OTEL_TRACES_SAMPLER=always_off
		sampler-off      yes  no   yes  True  Arrives        OG705
		# OTEL_METRICS_EXPORTER=none
		metrics-none     no   yes  yes  True  Arrives        OG703
		# OTEL_SDK_DISABLED=true
		disabled         no   no   no   True  ExporterNone   OG703
		# the image has no SDK
		no-sdk           no   no   no   False NeverArrived   the stack's own probe arrives: the pod does not send it, or it is lost on its way
		# nobody asks it, and it has no metrics of its own runtime
		idle-python      no   no   no   False NeverArrived   Nothing has arrived
		# nobody asks it; its runtime's metrics arrive
		idle-node        yes  no   no   True  Arrives        -
		# the pod's own endpoint wins, and has no protocol: SDKs want gRPC
		own-endpoint     no   no   no   True  SentElsewhere  OG703
	EOF
}

# What the stacks say of writing, where they are probed: STACK METRICS TRACES LOGS, as STATUS/REASON
stack_table() {
	cat <<-'EOF'
		healthy-plain    True/Visible True/Visible True/Visible
		alloy            True/Visible True/Visible True/Visible
		by-slug          True/Visible True/Visible True/Visible
		profiles         True/Visible True/Visible True/Visible
		drops            True/ChangedOnTheWay True/ChangedOnTheWay True/ChangedOnTheWay
		wrong-token      False/Unauthorized False/Unauthorized False/Unauthorized
		no-traces-scope  True/Visible False/ScopeMissing True/Visible
		swapped          Unknown/NotProbed Unknown/NotProbed Unknown/NotProbed
		wrong-zone       False/Unauthorized False/Unauthorized False/Unauthorized
		no-otlp-path     False/PathWithoutOtlp False/PathWithoutOtlp False/PathWithoutOtlp
		portal           False/WebPage False/WebPage False/WebPage
		grpc-port        False/GrpcPort False/GrpcPort False/GrpcPort
		alloy-down       False/NothingListens False/NothingListens False/NothingListens
		alloy-refusing   False/ServerError False/ServerError False/ServerError
		no-service       False/NoSuchHost False/NoSuchHost False/NoSuchHost
		certificate      Unknown/NotProbed Unknown/NotProbed Unknown/NotProbed
		policy-closed    Unknown/ProbeOff Unknown/ProbeOff Unknown/ProbeOff
		cloud            Unknown/NotProbed Unknown/NotProbed Unknown/NotProbed
	EOF
}

# What otelgate doctor says of each to somebody who may only read: the rung, what it is (broken; warning: nothing is
# broken, and somebody should read it; whole), the finding, and words of the fix to copy.
doctor_table() {
	grep -v '^ *#' <<-'EOF'
		healthy-python   -           whole   -     -
		healthy-node     -           whole   -     -
		healthy-alloy    -           whole   -     -
		healthy-plain    -           whole   -     -
		by-slug          -           whole   -     -
		# profiles that were pushed say no pod
		profiles         correlation warning OG804 processors of the collector
		wrong-token      credentials broken  OG408 whether the token was deleted or has expired
		no-traces-scope  credentials broken  OG409 Add the scope traces:write
		swapped          credentials broken  OG411 Exchange the two values
		wrong-zone       credentials broken  OG408 whether its access policy is of this stack
		no-otlp-path     receiver    broken  OG505 /otlp into spec.receiver.endpoint of GrafanaStack no-otlp-path
		portal           receiver    broken  OG522 spec.receiver.endpoint of GrafanaStack portal
		grpc-port        receiver    broken  OG502 Use the receiver's HTTP port (4318)
		alloy-down       receiver    broken  OG519 that the receiver runs
		alloy-refusing   receiver    broken  OG523 the receiver's log
		# what pods verify with is in pods alone: the command shows it
		certificate      arrival     broken  OG701 otelgate probe certificate -n certificate
		no-service       receiver    broken  OG508 kubectl -n monitoring get services
		policy-closed    network     broken  OG515 spec.networkPolicyCidrs
		# its stack gets through, and policies let it: the pod is left
		cut-off          arrival     broken  OG701 kubectl -n cut-off logs deployment/app
		drops            correlation warning OG715 Keep service.name, service.namespace, k8s.* and otelgate.revision
		unknown-service  correlation broken  OG801 resource.opentelemetry.io/service.name
		one-name         correlation warning OG803 resource.opentelemetry.io/service.name
		behind           arrival     broken  OG701 kubectl -n behind logs deployment/app
		sampler-off      export      warning OG705 kubectl -n sampler-off set env deployment/app -c app OTEL_TRACES_SAMPLER-
		metrics-none     export      warning OG703 kubectl -n metrics-none set env deployment/app -c app OTEL_METRICS_EXPORTER-
		disabled         export      warning OG703 kubectl -n disabled set env deployment/app -c app OTEL_SDK_DISABLED-
		no-sdk           arrival     broken  OG701 kubectl -n no-sdk logs deployment/app
		idle-python      arrival     broken  OG701 otelgate probe cloud -n idle-python
		idle-node        -           whole   -     -
		own-endpoint     export      warning OG703 kubectl -n own-endpoint set env deployment/app -c app OTEL_EXPORTER_OTLP_ENDPOINT-
	EOF
}

secret() { # NAME ID TOKEN
	echo ---
	k create secret generic -n monitoring "$1" --from-literal=instance-id="$2" --from-literal=token="$3" --dry-run=client -o yaml
}

# token_of NAME: of an access policy, in the shape that they have
token_of() { printf 'glc_%s' "$(printf '{"o":"900009","n":"%s","k":"c2ltdWxhdGVk","m":{"r":"e2e"}}' "$1" | base64 -w0)"; }

# The stacks' own has the form of a real one: whoever looks at it has nothing to say.
broken_tokens() {
	local before
	before=$(api GET /apis/otelgate.dev/v1alpha1/grafanastacks/cloud | jq -r .status.authHash)
	TOKEN_WRITE=$(token_of all)
	backends token "$TOKEN_WRITE" metrics:write,logs:write,traces:write,profiles:write
	credential "$USER_OTLP" "$TOKEN_WRITE"
	until_true 30 'the new credential was not read' api_is GET /apis/otelgate.dev/v1alpha1/grafanastacks/cloud ".status.authHash | length == 16 and . != \"$before\""
}

broken_stacks() {
	secret wrong-token "$USER_OTLP" "$(token_of forgotten)"
	secret wrong-zone "$USER_OTLP" "$(token_of zone)" # which the right zone knows
	secret no-traces-scope "$USER_OTLP" "$(token_of no-traces)"
	secret swapped "$TOKEN_WRITE" "$USER_OTLP"
	# without TLS, for what the controller itself is to probe: it has no CA but the system's
	stack_yaml healthy-plain "$(to_plain "$PLAIN_EDGE/otlp")"
	stack_yaml by-slug "$(to_plain "$PLAIN_EDGE/otlp")" grafana-cloud managed off e2e
	stack_yaml profiles "{type: gateway, endpoint: \"$PLAIN_EDGE/otlp\", endpoints: {profiles: \"$PLAIN_EDGE\"}}" grafana-cloud managed expected
	echo '  languages: {nodejs: {image: none}}' # the SDKs are in the image
	stack_yaml wrong-token "$(to_plain "$PLAIN_EDGE/otlp")" wrong-token
	stack_yaml no-traces-scope "$(to_plain "$PLAIN_EDGE/otlp")" no-traces-scope
	stack_yaml swapped "$(to_plain "$PLAIN_EDGE/otlp")" swapped
	stack_yaml wrong-zone "$(to_plain "$OTHER_PLAIN_EDGE/otlp")" wrong-zone
	stack_yaml no-otlp-path "{type: collector, endpoint: \"$PLAIN_EDGE\"}"
	stack_yaml portal "{type: collector, endpoint: \"$PLAIN_EDGE/portal\"}"
	stack_yaml grpc-port "$(to_alloy "$OTLP_GRPC")"
	stack_yaml alloy-down "$(to_alloy http://127.0.0.1:1)"
	stack_yaml alloy-refusing "$(to_alloy "$OTLP_REFUSING")"
	stack_yaml certificate "{type: gateway, endpoint: \"$EDGE/otlp\", tls: {caFile: ${CA%/*}/stranger-ca.crt}}"
	stack_yaml no-service "$(to_alloy http://alloy.monitoring.svc.cluster.local:4318)"
	# whether that name is known where the controller runs is not what this is about
	stack_yaml policy-closed "$(to_alloy http://otlp.example.test:4318)" | sed 's/^  query:/  probe: {mode: "off"}\n&/'
	stack_yaml drops "$(to_alloy "$OTLP_DROP")"
	cat <<-'EOF'
		---
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: nothing-out, namespace: policy-closed}
		spec: {podSelector: {}, policyTypes: [Egress]}
	EOF
}

app() { # NAMESPACE LANGUAGE PROFILE [LABEL [ENV-LINE...]]
	local ns=$1 language=$2 profile=$3 label=${4:-}
	shift $(($# < 4 ? $# : 4))
	deployment_yaml "$ns" app "$language" 1 "$label" "$profile" '{name: SHOP_REQUESTS_PER_SECOND, value: "1"}' "$@"
}

env() { printf '{name: %s, value: "%s"}' "$1" "$2"; }

broken_apps() {
	local ns
	app healthy-python python cloud
	app healthy-node node cloud
	app healthy-alloy python alloy
	app healthy-plain node healthy-plain
	app by-slug node by-slug
	app profiles node profiles '' "$(env OTEL_SERVICE_NAME profiled)" | sed 's|annotations: {|&otelgate.dev/language: nodejs, |'
	for ns in wrong-token no-traces-scope swapped wrong-zone no-otlp-path portal grpc-port alloy-down alloy-refusing certificate no-service drops; do
		app "$ns" python "$ns"
	done
	app policy-closed python policy-closed 'e2e.otelgate.dev/network: none'
	app cut-off python healthy-plain 'e2e.otelgate.dev/network: none'
	app unknown-service python cloud '' "$(env OTEL_SERVICE_NAME '')"
	app one-name python cloud '' "$(env OTEL_SERVICE_NAME same)"
	app one-name python cloud '' "$(env OTEL_SERVICE_NAME same)" | sed 's/app: app/app: other/g; s/name: app, /name: other, /'
	app behind python alloy 'e2e.otelgate.dev/skew: m7200'
	app sampler-off python cloud '' "$(env OTEL_TRACES_SAMPLER always_off)"
	app metrics-none python cloud '' "$(env OTEL_METRICS_EXPORTER none)"
	app disabled python cloud '' "$(env OTEL_SDK_DISABLED true)"
	app no-sdk none healthy-plain
	app idle-python python cloud '' "$(env SHOP_REQUESTS_PER_SECOND 0)" | sed '/SHOP_REQUESTS_PER_SECOND, value: "1"/d'
	app idle-node node cloud '' "$(env SHOP_REQUESTS_PER_SECOND 0)" | sed '/SHOP_REQUESTS_PER_SECOND, value: "1"/d'
	app own-endpoint python cloud '' "$(env OTEL_EXPORTER_OTLP_ENDPOINT http://127.0.0.1:1)"
}

# broken_seen: lines NAMESPACE METRICS TRACES LOGS, of the last half minute
broken_seen() {
	{
		vector prom 'group by (k8s_namespace_name, otelgate_revision) (timestamp(target_info{k8s_cluster_name="e2e"}) > time() - 30)' \
			'"\(.k8s_namespace_name) 1 \(if .otelgate_revision then "yes" else "bare" end)"'
		backends get tempo /api/metrics/query -G --data-urlencode since=30s --data-urlencode \
			'q={resource.k8s.cluster.name="e2e"}|count_over_time() by(resource.k8s.namespace.name,resource.otelgate.revision)' |
			jq -r '.series // [] | .[].labels | map({(.key): .value.stringValue}) | add
				| "\(.["resource.k8s.namespace.name"]) 2 \(if .["resource.otelgate.revision"] == "nil" then "bare" else "yes" end)"'
		vector loki 'sum by (k8s_namespace_name, otelgate_revision) (count_over_time({k8s_cluster_name="e2e"}[30s]))' \
			'"\(.k8s_namespace_name) 3 \(if .otelgate_revision then "yes" else "bare" end)"'
	} >"$W/seen" || return 1
	broken_table | while read -r name _; do
		awk -v n="$name" 'BEGIN { s[1] = s[2] = s[3] = "no" } $1 == n { s[$2] = $3 } END { print n, s[1], s[2], s[3] }' "$W/seen"
	done
}

broken_as_expected() {
	broken_table | awk '{ print $1, $2, $3, $4 }' >"$W/expected"
	broken_seen >"$W/actual" && cmp -s "$W/expected" "$W/actual"
}

nobody_outdated() {
	api_is GET /apis/otelgate.dev/v1alpha1/workloadtelemetries '[.items[].status.conditions // [] | .[] | select(.reason == "StartedBeforeSecret" or .reason == "Progressing")]
		| length == 0'
}

credential_in() { api_is GET "/api/v1/namespaces/$1/secrets/otelgate-otlp" '.data["otlp-headers"] | length > 0'; }

all_programs_run() { [ "$(proc_names | grep -c '^pod\.')" -ge $(($(broken_table | wc -l) + 1)) ]; }

full_arrival_broken() {
	local begin i
	arrival_up managed
	broken_tokens
	backends token "$(token_of no-traces)" metrics:write,logs:write
	backends token "$(token_of zone)" metrics:write,logs:write,traces:write
	{ broken_table | awk '{ printf "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", $1 }' && broken_stacks; } |
		k apply --server-side -f - >/dev/null
	for i in $(broken_table | awk '{ print $1 }'); do
		ns_usable "$i"
	done
	broken_apps >"$W/apps.yaml"
	k apply -f "$W/apps.yaml" >/dev/null
	# pods that start before their Secret would send without it until somebody restarts them
	for i in healthy-python healthy-node healthy-alloy healthy-plain by-slug profiles wrong-token no-traces-scope drops unknown-service one-name behind sampler-off metrics-none idle-node; do
		until_true 60 "no credential in $i" credential_in "$i"
	done
	until_true 60 'who started before its Secret is not restarted' nobody_outdated
	begin=$(now_ms)
	kubelet_up
	until_true 60 'not all programs run' all_programs_run
	note "all programs run after $(($(now_ms) - begin)) ms"
	until_ok 90 broken_as_expected || {
		diff -y -W 100 "$W/expected" "$W/actual" >&2
		fail 'left: what should be in the backends, right: what is'
	}
	note "as expected after $(($(now_ms) - begin)) ms"
	# a silence is only seen by waiting: it holds for longer than the slowest of them took to arrive
	for i in 1 2 3; do
		sleep 8
		until_ok 4 broken_as_expected || {
			diff -y -W 100 "$W/expected" "$W/actual" >&2
			fail 'it changed'
		}
	done
	broken_edge
	broken_logs
	until_ok 60 verdicts_as_expected || {
		diff -y -W 150 "$W/expected" "$W/actual" >&2
		fail 'left: what should be said of metrics, traces and logs, right: what is'
	}
	note "said of each after $(($(now_ms) - begin)) ms"
	for i in stacks_as_expected links_as_expected; do
		until_ok 90 "$i" || {
			diff -y -W 200 "$W/expected" "$W/actual" >&2
			fail "$i: left what should be said, right: what is"
		}
	done
	note "the first broken link of each after $(($(now_ms) - begin)) ms"
	broken_profiles
	doctor_names_each
	k get wt -A >&2
}

# verdicts_as_expected: a workload says of each signal what is in the backends, and why not, where the pod itself tells
verdicts_as_expected() {
	broken_table | awk '
		BEGIN {
			say["yes"] = say["bare"] = "Arriving"
			say["no"] = "NeverArrived"
			own["disabled", 2] = own["disabled", 3] = own["disabled", 4] = own["metrics-none", 2] = "ExporterNone"
			own["own-endpoint", 2] = own["own-endpoint", 3] = own["own-endpoint", 4] = "SentElsewhere"
			own["sampler-off", 3] = "SampledOut"
			own["idle-node", 3] = own["idle-node", 4] = "TrafficUnknown"
		}
		{
			line = $1
			for (i = 2; i <= 4; i++)
				line = line " " (($1, i) in own ? own[$1, i] : say[$i])
			print line
			if ($1 == "one-name")
				print line
		}' | sort >"$W/expected"
	api GET /apis/otelgate.dev/v1alpha1/workloadtelemetries | jq -r '
		.items[] | .metadata.namespace as $ns | (.status.conditions // [] | map({(.type): .reason}) | add)
		| "\($ns) \(.MetricsReceived) \(.TracesReceived) \(.LogsReceived)"' | sort >"$W/actual" && cmp -s "$W/expected" "$W/actual"
}

# stacks_as_expected: what the stacks' own probes have found of writing
stacks_as_expected() {
	stack_table | awk '{ print $1, $2, $3, $4 }' | sort >"$W/expected"
	api GET /apis/otelgate.dev/v1alpha1/grafanastacks | jq -r '
		.items[] | .metadata.name as $n | (.status.conditions // [] | map({(.type): "\(.status)/\(.reason)"}) | add)
		| "\($n) \(.MetricsWritable) \(.TracesWritable) \(.LogsWritable)"' | sort >"$W/actual" && cmp -s "$W/expected" "$W/actual"
}

# links_as_expected: Ready has the first broken link, and what is said of it, or found, or said by the stack, has the words
links_as_expected() {
	local ns words said
	broken_table | awk '{ print $1, $5, $6; if ($1 == "one-name") print $1, $5, $6 }' | sort >"$W/expected"
	api GET /apis/otelgate.dev/v1alpha1/workloadtelemetries >"$W/wt.json"
	jq -r '.items[] | .metadata.namespace as $ns | .status.conditions // [] | .[] | select(.type == "Ready") | "\($ns) \(.status) \(.reason)"' "$W/wt.json" | sort >"$W/actual"
	while read -r ns _ _ _ _ _ words; do
		[ "$words" != - ] || continue
		said=$(jq -r --arg ns "$ns" '.items[] | select(.metadata.namespace == $ns) | .status | (.conditions[] | select(.type == "Ready") | .message),
			(.findings // [] | .[].id), (.signals // {} | .[] | .finding // empty)' "$W/wt.json")
		[ "$ns" != drops ] || said=$(api GET /apis/otelgate.dev/v1alpha1/grafanastacks/drops | jq -r '.status.conditions[] | select(.type == "MetricsWritable") | .message')
		echo "$ns: $words" >>"$W/expected"
		if grep -qF -- "$words" <<<"$said"; then echo "$ns: $words"; else echo "$ns: $(tr '\n' ' ' <<<"$said")"; fi >>"$W/actual"
	done < <(broken_table)
	cmp -s "$W/expected" "$W/actual"
}

# broken_profiles: what was pushed is held, under the service's name, and said of its workload alone
broken_profiles() {
	backends get pyroscope /querier.v1.QuerierService/LabelValues -H 'Content-Type: application/json' \
		-d "{\"name\": \"service_name\", \"start\": $(($(now_ms) - 600000)), \"end\": $(now_ms)}" |
		jq -e '.names | index("profiled")' >/dev/null || fail 'the profiles are not in Pyroscope'
	until_true 60 "no profile: $(said_of profiles app)" eval 'said_of profiles app | jq -e "
		(.conditions | any(.type == \"ProfilesReceived\" and .status == \"True\" and .reason == \"Arriving\")) and .signals.profiles.state == \"Flowing\""'
	said_of healthy-node app | jq -e '.signals.profiles.state != "Flowing"' >/dev/null || fail 'profiles of nobody'
}

# calls PATH STATUS: how often the edge has said so there
calls() { jq -r "select(.path == \"$1\" and .status == $2) | 1" "$D/log/back.calls.log" | wc -l; }

# broken_edge: what the edge has seen of it
broken_edge() {
	[ "$(calls /otlp/v1/traces 401)" -gt "$(calls /otlp/v1/logs 401)" ] || fail 'nobody was refused traces alone'
	[ "$(calls /v1/metrics 404)" -gt 0 ] || fail 'nobody came without /otlp'
	[ "$(calls /otlp/v1/metrics 400)" -gt 0 ] || fail 'no sample was too old'
	[ "$(calls /v1/metrics 503)" -gt 0 ] || fail 'no collector refused'
	[ "$(calls /edge/portal 200)" -gt 0 ] || fail 'nobody came to the portal'
}

# said NAMESPACE TEXT: its SDK did
said() { grep -qhF -- "$2" "$D"/log/pod."$1".*.log || fail "$1 did not say '$2': $(tail -qn 3 "$D"/log/pod."$1".*.log)"; }

# broken_logs: what the SDKs say, which is all that people have without us; one of them says nothing at all
broken_logs() {
	local f
	said wrong-token 401
	said no-traces-scope 401
	said wrong-zone 401
	said no-otlp-path 404
	said alloy-refusing 'Failed to export'
	said alloy-down 'Connection refused'
	said own-endpoint "'otlp_proto_grpc' not found"
	said certificate 'CERTIFICATE_VERIFY_FAILED'
	for f in "$D"/log/pod.portal.*.log; do
		! grep -q 'Failed to export' "$f" || fail "it is not silent any more: $(grep -m 1 'Failed to export' "$f")"
	done
}

# doctor_names_each: the table, line by line; and that what it prints to copy does what it says
doctor_names_each() {
	local ns rung result finding words begin
	begin=$(now_ms)
	reader_up
	lease_of controller-0
	eq "$(doctor_table | awk '{ print $1 }')" "$(broken_table | awk '{ print $1 }')" 'the doctor is asked of each'
	# shellcheck disable=SC2046 # a word for each
	ladders $(doctor_table | awk '{ print $1 }')
	while read -r ns rung result finding words; do
		ladder_is "$ns" "$rung" "$result" "$finding" "$words" >/dev/null ||
			until_ok 60 ladder_comes "$ns" "$rung" "$result" "$finding" "$words" ||
			fail "doctor of $ns: not $result at rung $rung by $finding, with '$words': $(ladder_says "$ns")"
	done < <(doctor_table)
	! grep -rqF "$TOKEN_WRITE" "$W/ladder" || fail 'the token is told'
	note "what doctor says of each: $(($(now_ms) - begin)) ms"
	doctor_fixes
}

# run_fix NAMESPACE [OPTION...]: what is printed to be copied, as it stands there
run_fix() {
	local ns=$1
	shift
	jq -r 'first(.rungs[] | select(.result == "broken" or .result == "warning")) | .findings[0].fix' "$W/ladder/$ns.json" >"$W/fix.sh"
	[ $# = 0 ] || sed -i "s|   # .*| $*|" "$W/fix.sh"
	PATH=$W/bin:$PATH sh "$W/fix.sh" >"$W/fix.txt" 2>&1
}

doctor_fixes() {
	mkdir -p "$W/bin"
	ln -sf "$OG_BIN" "$W/bin/otelgate"
	# the CA that the pods were given is shown to be another one
	! run_fix certificate --ca-file "${CA%/*}/stranger-ca.crt" || fail "$(cat "$W/fix.txt")"
	grep -q OG521 "$W/fix.txt" || fail "$(cat "$W/fix.sh"): $(cat "$W/fix.txt")"
	# nothing is wrong with the way of the one that nobody asks
	run_fix idle-python --ca-file "$CA" || fail "$(cat "$W/fix.sh"): $(cat "$W/fix.txt")"
	run_fix disabled || fail "$(cat "$W/fix.sh"): $(cat "$W/fix.txt")"
	until_true 120 "disabled still: $(said_of disabled app)" is_proved disabled app cloud
	until_ok 60 ladder_comes disabled - whole - - || fail "what it says to do does not mend it: $(ladder_says disabled)"
}
