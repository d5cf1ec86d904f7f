// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins kube-score; its dependencies would clash with those of the other folders.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
