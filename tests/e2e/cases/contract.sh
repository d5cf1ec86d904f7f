# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the simulated API server (tests/sim) is held to, against the real one.

core_contract() {
	note 'RBAC refuses on purpose'
	OG_CONTRACT_KUBECONFIG=$(cluster kubeconfig admin) "$OG_E2E/../contract-tests" >"$W/contract" 2>&1 ||
		fail "$(tail -n 20 "$W/contract")"
	grep -q '^100%: Checks: [1-9][0-9]' "$W/contract" || fail "nothing was checked: $(cat "$W/contract")"
}
