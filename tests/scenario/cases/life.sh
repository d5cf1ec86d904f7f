# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What happens to controllers, and to what they stand on.

# a namespace with all that a controller makes in it
full_house() {
	deny | apply
	workload Deployment web | apply
	workload StatefulSet db | apply
}

# converged WHAT [TOKEN [MORE]]: all is as it should be, and nothing is there twice; MORE = workloads beside the two
converged() {
	local w
	for w in Deployment/web StatefulSet/db; do
		seen $w "($(counts 3 3)) and ($(condition RolloutComplete True)) and ($(condition CredentialsReady True)) and ($(condition EgressAllowed True))" "$1"
	done
	has_header "$NS" "$(header $id "${2:-$token}")" || fail "$1: the Secret"
	eq "$(policies | wc -l)" $((2 + ${3:-0})) "$1: policies"
	eq "$(api GET "/apis/otelgate.dev/v1alpha1/namespaces/$NS/workloadtelemetries" | jq '.items | length')" $((2 + ${3:-0})) "$1: statuses"
}

# made WHAT [WORKLOAD...]: all is written, and pods that were quicker than their Secret are restarted, as one is told to
made() {
	local w what=$1
	shift
	for w in Deployment/web StatefulSet/db "$@"; do
		seen "$w" "($(condition CredentialsReady True)) and ($(condition EgressAllowed True))" "$what"
	done
	for w in Deployment/web StatefulSet/db "$@"; do
		restart "$w"
		seen "$w" "($(counts 3 3)) and ($(condition RolloutComplete True))" "$what, $w restarted"
	done
}

# nothing of ours is left when nobody needs it
cleared() {
	remove deployments.apps web
	remove statefulsets.apps db
	until_true 60 'policies stay behind' policies_are 0
	until_true 60 'the Secret stays behind' no_secret
	until_true 30 'statuses stay behind' no_statuses
}

no_statuses() { api GET "/apis/otelgate.dev/v1alpha1/namespaces/$NS/workloadtelemetries" | jq -e '.items == []'; }

# creations OBJECT-KIND: how often our controllers created or wrote one, by name
both_two_at_once() {
	world
	controller_term 1
	controller_up 1 &
	controller_up 2 &
	wait
	until_true 30 'nobody leads' led
	writes >/dev/null
	full_house
	converged 'two of them'
	writes >"$W/writes"
	eq "$(grep -c ' secrets ' "$W/writes")" 1 "writes of the Secret: $(cat "$W/writes")"
	eq "$(grep -c ' networkpolicies ' "$W/writes")" 2 'writes of policies'
	cleared
}

both_handover() {
	local was other at
	world
	controller_up 2
	until_true 30 'nobody leads' led
	was=$(leader)
	other=$((3 - was))
	full_house
	converged 'before'
	at=$(now_ms)
	controller_signal "$was" TERM
	until_true 10 'the other one does not lead' leads "$other"
	at=$(($(now_ms) - at))
	note "handed over in $at ms"
	[ $at -lt 2000 ] || fail "handed over in $at ms"
	source_secret $id glc_second | apply
	until_true 30 'the other one does nothing' has_header "$NS" "$(header $id glc_second)"
	quiet 3
	cleared
}

# Killed at each of the writes of one action: what is half done is finished by the next.
both_leader_killed() {
	local n
	world
	controller_term 1
	for n in 1 2 4 6; do
		controller_up 1
		until_true 30 'nobody leads' led
		on_sim && fault "$(hits patch '{"type": "stall", "after": -1}' "$n" -1)"
		full_house
		on_sim || sleep "0.$n" # one of the moments of the action
		on_sim && until_ok 10 faults_hit
		controller_kill 1
		on_sim && faults_clear
		controller_up 2
		made "killed at write $n"
		converged "killed at write $n"
		cleared
		controller_term 2
	done
}

both_leader_stopped() {
	local was other bare
	world
	controller_up 2
	until_true 30 'nobody leads' led
	was=$(leader)
	other=$((3 - was))
	full_house
	converged 'before'
	bare=$(probed)
	controller_signal "$was" STOP
	sleep 1
	source_secret $id glc_second | apply
	workload Deployment more | apply
	until_true 40 'the other one does not lead' leads "$other"
	until_true 30 'the other one does nothing' has_header "$NS" "$(header $id glc_second)"
	until_true 30 'the webhook does not know the new credential' probed_anew "$bare"
	made 'the other one works' Deployment/more
	converged 'the other one works' glc_second 1
	quiet 3 # both are the same account: what the other one writes is over
	controller_signal "$was" CONT
	until_true 10 'the one that slept goes on' controller_gone "$was"
	sleep 1 # what it has sent has arrived
	writes >"$W/writes"
	[ ! -s "$W/writes" ] || fail "written after it slept: $(cat "$W/writes")"
}

both_api_restart() {
	local way was n=0
	world
	full_house
	converged 'before'
	for way in term kill; do
		was=$(probed)
		server_restart $way
		source_secret $id "glc_$way" | apply
		workload Deployment "w-$way" '.spec.replicas = 1' | apply
		until_true 90 "not seen after $way" has_header "$NS" "$(header $id "glc_$way")"
		until_true 60 "no status after $way" says "Deployment/w-$way" '.pods.total == 1'
		until_true 60 "the webhook does not know the credential after $way" probed_anew "$was"
		restart "Deployment/w-$way"
		seen "Deployment/w-$way" "$(counts 1 1)" "restarted after $way"
		n=$((n + 1))
		made "after $way"
		converged "after $way" "glc_$way" $n
	done
	quiet 5
}

# Many things change while nobody looks.
both_away_for_a_day() {
	local i n begin end
	world
	full_house
	converged 'before'
	controller_term 1
	for i in $(seq 30); do
		workload Deployment "day-$i" '.spec.replicas = 1' | apply
	done
	remove statefulsets.apps db
	source_secret $id glc_second | apply
	remove networkpolicies.networking.k8s.io default-deny
	writes >/dev/null
	begin=$(now_ms)
	controller_up 1
	for i in $(seq 30); do
		until_true 120 "nothing is said of day-$i" wt "Deployment/day-$i"
	done
	until_true 60 'policies stay' policies_are 0
	has_header "$NS" "$(header $id glc_second)" || fail 'the old credential'
	end=$(now_ms)
	writes >"$W/writes"
	n=$(wc -l <"$W/writes")
	note "$n writes in $((end - begin)) ms: $((n * 1000 / (end - begin)))/s"
	[ $((n * 1000)) -le $((5 * (end - begin) + 15 * 1000)) ] || fail "$n writes in $((end - begin)) ms"
	eq "$(grep -c ' secrets ' "$W/writes")" 1 'writes of the Secret'
}

both_rights_taken() {
	local was
	rbac_refuses
	world
	full_house
	converged 'before'
	rights_take
	was=$(probed)
	source_secret $id glc_second | apply
	until_true 60 'the missing right is not named' says_log 'missing_rule\|forbidden\|Forbidden'
	has_header "$NS" "$(header $id $token)" || fail 'written without rights'
	rights_give
	until_true 120 'it does not find its rights again' has_header "$NS" "$(header $id glc_second)"
	until_true 30 'the webhook does not know the new credential' probed_anew "$was"
	workload Deployment later | apply
	until_true 60 'it goes on' says Deployment/later "$(counts 3 3)"
}

says_log() { cat_logs | grep -q "$1"; }

both_crd_removed() {
	world
	full_house
	converged 'before'
	crd_take workloadtelemetries.otelgate.dev
	source_secret $id glc_second | apply
	until_true 60 'the credential waits for a status' has_header "$NS" "$(header $id glc_second)"
	crd_give workloadtelemetries.otelgate.dev
	until_true 120 'the status does not come back' says Deployment/web "$(condition CredentialsReady True)"
	until_true 60 'nor this one' says StatefulSet/db "$(condition CredentialsReady True)"
	quiet 5
}

both_namespace_terminating() {
	local i
	world
	for i in 1 2 3; do
		ns_new "$NS-t$i"
		workload Deployment web . "$NS-t$i" | apply
		deny | jq --arg ns "$NS-t$i" '.metadata.namespace = $ns' | apply
		[ $i = 1 ] || until_true 30 'not there' has_header "$NS-t$i" "$(header $id $token)"
		ns_delete "$NS-t$i"
	done
	for i in 1 2 3; do
		until_true 90 "$NS-t$i does not end" ns_gone "$NS-t$i"
	done
	quiet 5
	full_house
	converged 'it works on'
}

both_profile_gone() {
	world
	full_house
	converged 'before'
	remove telemetryprofiles.otelgate.dev "$CASE" ''
	seen Deployment/web "$(condition Injected False)" 'named'
	mentions Deployment/web "$CASE" || fail "which profile: $(text_of Deployment/web)"
	profile | apply
	converged 'it came back'
	quiet 3
}

# hits VERB ACTION NTH COUNT: a fault for requests of the controller; VERB '' = all
hits() {
	jq -nc --arg verb "$1" --argjson action "$2" --argjson nth "$3" --argjson count "$4" '{match: {user: "system:serviceaccount:otelgate:otelgate-controller",
		verb: $verb, nth: $nth, count: $count} | del(.[] | select(. == "")), action: $action}'
}

sim_conflicts() {
	local n
	world
	fault "$(for n in $(seq 1 2 60); do hits patch '{"type": "status", "code": 409}' "$n" 1; done)"
	full_house
	converged 'with conflicts'
	faults_clear
	quiet 5
	cleared
}

sim_storm() {
	local n
	world
	fault "$(for n in $(seq 1 3 90); do
		hits '' '{"type": "status", "code": 429, "retryAfter": 1}' "$n" 1
		hits '' '{"type": "status", "code": 500}' $((n + 1)) 1
	done)"
	full_house
	until_true 120 'no credential in a storm' has_header "$NS" "$(header $id $token)"
	faults_clear
	made 'after the storm'
	converged 'after the storm'
	quiet 5
	cleared
}

sim_answers_lost() {
	local n
	world
	fault "$(for n in $(seq 1 2 60); do hits patch '{"type": "reset", "after": 1}' "$n" 1; done)"
	full_house
	converged 'answers are lost'
	faults_clear
	quiet 5
	cleared
}

sim_history_lost() {
	local i
	world
	full_house
	converged 'before'
	for i in 1 2 3; do
		server_restart lose-history
		source_secret $id "glc_$i" | apply
		until_true 60 "not seen ($i)" has_header "$NS" "$(header $id "glc_$i")"
	done
	quiet 5
	cleared
}

# Everything in one cluster, then gone: what others made is as it was.
both_foreign_untouched() {
	ns_new "$NS-o"
	ns_new "$NS"
	jq -n --arg ns "$NS" '{apiVersion: "v1", kind: "Secret", metadata: {name: "otelgate-mine", namespace: $ns}, data: {a: "eA=="}},
		{apiVersion: "v1", kind: "ConfigMap", metadata: {name: "c", namespace: $ns, labels: {"app.kubernetes.io/managed-by": "otelgate"}}, data: {a: "x"}},
		{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: {name: "otelgate-mine", namespace: $ns}, spec: {podSelector: {}, policyTypes: ["Ingress"]}},
		{apiVersion: "v1", kind: "Secret", metadata: {name: "otelgate-otlp", namespace: "\($ns)-o"}, data: {a: "eA=="}}' | apply
	workload Deployment other "$silent" "$NS-o" | apply
	until_true 60 'no pods' other_runs
	dump "$NS" "$NS-o" | grep -v '"kind":"ReplicaSet"\|"kind":"Pod"\|"kind":"Event"' >"$W/before"
	world "$managed"
	full_house
	converged 'at work'
	source_secret $id glc_second | apply
	until_true 60 'no restart' restarted Deployment/web never
	# the first one has to stay ready for a minute before the other is restarted
	seconds=150 converged 'restarted' glc_second
	cleared
	remove networkpolicies.networking.k8s.io default-deny
	controller_term 1
	dump "$NS" "$NS-o" | grep -v '"kind":"ReplicaSet"\|"kind":"Pod"\|"kind":"Event"' >"$W/after"
	same "$W/before" "$W/after" 'what others made has changed'
}

other_runs() { api GET "/apis/apps/v1/namespaces/$NS-o/deployments/other" | jq -e '.status.availableReplicas == 3'; }
