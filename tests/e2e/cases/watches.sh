# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Stores filled by watches hold what the API server holds, whichever way they are filled.

watches_start() {
	mkfifo "$W/ask" "$W/answer"
	"$OG_E2E/watches" "$KUBECONFIG" "$CASE" <"$W/ask" >"$W/answer" &
	exec 7>"$W/ask" 8<"$W/answer"
}

ask() { # ask LINE...: prints the answer
	local line
	printf '%s\n' "$*" >&7
	read -r -t 300 line <&8 || fail "no answer to: $1"
	printf '%s\n' "$line"
}

there() { # what the server has
	k get configmaps -n "$CASE" -o json |
		jq -r '[.items[].metadata | .name + "@" + .resourceVersion] | sort | join(" ")'
}

same() { # same WHEN
	eq "$(ask want "$(there)")" ok "stores $1"
}

watches_change() { # PREFIX: creations, changes, a deletion
	local i
	for i in 1 2 3 4 5; do
		k create configmap -n "$CASE" "$1-$i" --from-literal=a="$i" >/dev/null
	done
	k label configmap -n "$CASE" "$1-2" colour=red >/dev/null
	k delete configmap -n "$CASE" "$1-3" >/dev/null
}

core_watches() {
	ns_new "$CASE"
	watches_change before
	until_true 30 'there is no kube-root-ca.crt' api_is GET "/api/v1/namespaces/$CASE/configmaps/kube-root-ca.crt" '.data'
	local want
	want=$(there)
	watches_start
	eq "$(ask want "$want")" ok 'stores, asked for before there is an answer'
	watches_change after
	same 'after events'
	k delete configmap -n "$CASE" --all >/dev/null
	until_true 30 'kube-root-ca.crt has not come back' api_is GET "/api/v1/namespaces/$CASE/configmaps/kube-root-ca.crt" '.data'
	same 'after everything was deleted'
	eq "$(ask absent)" ok 'a kind that does not exist'
	eq "$(ask lists)" '1/streamed 1/streamed 1/listed 1/listed 1/listed 1/listed' 'lists taken'
}

# The API server goes away in a crash, history is compacted, it comes back.
full_watches_apiserver_restarts() {
	fresh_cluster
	ns_new "$CASE"
	watches_change before
	until_true 30 'there is no kube-root-ca.crt' api_is GET "/api/v1/namespaces/$CASE/configmaps/kube-root-ca.crt" '.data'
	watches_start
	same 'after the first list'
	cluster restart-apiserver --kill >/dev/null
	watches_change after
	same 'after a crash of the API server'
	cluster restart-apiserver >/dev/null
	watches_change again
	same 'after a restart of the API server'
}
