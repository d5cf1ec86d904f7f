// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins cyclonus; its dependencies would clash with those of the other folders.
package tools

import _ "github.com/mattfenwick/cyclonus/cmd/cyclonus"
