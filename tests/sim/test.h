/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>

Suite *suite_faults(void);
Suite *suite_streams(void);
Suite *suite_life(void);
Suite *suite_direct(void);

/* Adds a fault; ' stands for ". */
void fault(const char *json);
