// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins kwok; its dependencies would clash with those of the other folders.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
