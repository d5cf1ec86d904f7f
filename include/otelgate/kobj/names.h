/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Syntax of Kubernetes names, as k8s.io/apimachinery/pkg/util/validation reads them
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/).
 * Pure, no allocation; the empty text is a valid label value and nothing else.
 */
#include "otelgate/base/str.h"

bool og_name_is_dns_label(struct og_sv s);     /* RFC 1123 label: <= 63 of [a-z0-9-] */
bool og_name_is_dns_subdomain(struct og_sv s); /* labels joined by dots, <= 253 */
bool og_name_is_label_key(struct og_sv s);     /* [subdomain/]name; annotations use it too */
bool og_name_is_label_value(struct og_sv s);   /* <= 63 of [A-Za-z0-9._-], alphanumeric ends */
/* C identifier: [A-Za-z_][A-Za-z0-9_]*. Kubernetes takes more, shells and SDKs don't. */
bool og_name_is_env(struct og_sv s);
/* Key of a Secret or ConfigMap: <= 253 of [-._a-zA-Z0-9], not ".", ".." or "..x". */
bool og_name_is_object_key(struct og_sv s);
