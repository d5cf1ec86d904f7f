// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins a real Prometheus and its promtool; their dependencies would clash with those of the other folders.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
