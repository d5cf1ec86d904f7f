# SPDX-License-Identifier: Apache-2.0
# Scanners and attackers at the webhook's port (tests/security), by hand and before a release. Needs sslscan,
# testssl.sh, slowhttptest, python3 and jq of Debian; root for 10,000 connections. P="tls slow idle kills" selects.
.PHONY: security-figures
security-figures: $(BIN) build/otelgate ## What scanners, slow clients, idle connections and SIGKILL do to the webhook; P=part
	$(Q)OG_BIN=$(BIN) tests/security/figures $(P)
