// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins a real Loki; its dependencies would clash with those of the other folders.
package tools

import _ "github.com/grafana/loki/v3/cmd/loki"
