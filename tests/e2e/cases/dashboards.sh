# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Every query of every panel of our dashboards, run against backends that hold what otelgate and a real SDK have sent.

# shellcheck source=tests/e2e/lib/arrival.sh
. "$here/lib/arrival.sh"

dashboards=$here/../../charts/otelgate/files/dashboards

# scraped NAME PORTS-FILE: Prometheus reads the process from now on
scraped() {
	jq -n --arg t "127.0.0.1:$(sed -n 's/^ops=//p' "$2")" '[{targets: [$t], labels: {pod: "'"$1"'"}}]' >"$D/backends/targets/$1.json"
}

# panels: a line for each target: DASHBOARD, TITLE, LETTER, TYPE, QUERY with the variables filled in
panels() {
	local file
	for file in "$dashboards"/*.json; do
		jq -r --arg d "$(basename "$file" .json)" '.panels[] | .title as $t | .targets[]?
			| [$d, $t, .refId, .datasource.type, (.expr // .query // .labelSelector
				| gsub("\\$__rate_interval|\\$__auto"; "1m") | gsub("\\$namespace|\\$service"; "shop") | gsub("\\$cluster"; ".*"))]
			| join("\t")' "$file"
	done
}

fetch() { curl -s --noproxy '*' --max-time 20 "$@" >"$W/answer"; }

# ask_panel TYPE QUERY: whether the backend has data; its answer is in $W/answer
ask_panel() {
	case $1 in
	prometheus) fetch "$PROMETHEUS/api/v1/query" --data-urlencode "query=$2" ;;
	loki) fetch "$LOKI/loki/api/v1/query_range" -G --data-urlencode "query=$2" --data-urlencode limit=10 ;;
	tempo) fetch -u "$USER_TEMPO:$TOKEN_READ" "$PLAIN_EDGE/tempo/api/search" -G --data-urlencode "q=$2" --data-urlencode limit=20 ;;
	*) false ;;
	esac && jq -e '(.data.result // .traces // []) | length > 0' "$W/answer" >/dev/null 2>&1
}

# those without data yet are asked again; done when only those are left that have a reason
panels_filled() {
	local dashboard title ref type query
	while IFS=$'\t' read -r dashboard title ref type query; do
		ask_panel "$type" "$query" || printf '%s\t%s\t%s\t%s\t%s\n' "$dashboard" "$title" "$ref" "$type" "$query"
		cp "$W/answer" "$W/answer.$dashboard.${title//[^A-Za-z]/}.$ref"
	done <"$W/asked" >"$W/empty"
	cp "$W/empty" "$W/asked"
	cut -f1-3 "$W/empty" | sort >"$W/empty.names"
	! comm -23 "$W/empty.names" "$W/quiet.names" | grep -q .
}

full_dashboards() {
	local asked
	arrival_up managed
	sed '/^#/d' "$here/conf/dashboards.quiet" | cut -f1-3 | sort >"$W/quiet.names"
	mkdir -p "$D/backends/targets"
	scraped webhook "$D/webhook-0.ports"
	scraped controller "$W/controller-0.ports"
	ns_new shop
	deployment shop shop python 2
	kubelet_up
	opt_in shop shop cloud
	panels >"$W/asked"
	asked=$(wc -l <"$W/asked")
	[ "$asked" -ge 50 ] || fail "$asked queries"
	until_ok 60 panels_filled || fail "without data: $(comm -23 "$W/empty.names" "$W/quiet.names")"
	note "$asked queries; without data, as expected: $(tr '\t\n' ' ,' <"$W/empty.names")"
	# a query that is wrong is not "without data"
	! grep -lE '"status": *"error"|parse error' "$W"/answer.* || fail 'a query is refused'
	# the other way round: a name that nobody has is found out
	! ask_panel prometheus 'otelgate_workloads_that_nobody_counts' || fail 'everything has data here'
}
