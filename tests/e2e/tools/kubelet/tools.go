// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins what runs on a node; tests/e2e/tools/build compiles it.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
