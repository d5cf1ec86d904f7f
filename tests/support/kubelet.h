/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a container really gets to see: the kubelet's expansion of $(VAR)
 * (kubernetes third_party/forked/golang/expansion/expand.go) and the SDKs' reading of
 * OTEL_RESOURCE_ATTRIBUTES, written a second time for the tests.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An object name → effective value of a container's env. valueFrom gives "<metadata.name>",
 * "<secret NAME/KEY>" or "<configmap NAME/KEY>".
 */
json_t *kubelet_env(const json_t *env);

/*
 * The decoded attributes, or NULL with a reason in why[]: an item without "=", a second "=", a bad
 * escape, a repeated key, bytes that W3C baggage does not allow, or an unexpanded "$(".
 */
json_t *sdk_attributes(const char *value, char why[200]);
