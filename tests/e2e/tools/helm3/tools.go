// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins helm 3; its dependencies would clash with those of the other folders.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
