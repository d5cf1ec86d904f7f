# SPDX-License-Identifier: Apache-2.0
# The image and the chart on a real node (root on Linux; see docs/hacking.md): tests/e2e/node.
.PHONY: e2e-node
e2e-node: image-rootfs $(E2E_DEPS) ## The image on a real kubelet, containerd and runc; T=text selects
	$(Q)OG_BIN=$(B)/otelgate OG_E2E=$(B)/e2e tests/e2e/node $(T)
# these are read, not run
SCRIPTS += $(sort $(wildcard tests/e2e/node-cases/*.sh))
