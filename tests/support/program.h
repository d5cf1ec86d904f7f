/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The program itself, for tests that start it. A test that includes this file is built after the
 * program (mk/tests.mk), so that it never runs one that is older than the sources. */

/* OG_BIN, or the otelgate of the variant the test was built in: build/<variant>/otelgate of
 * build/<variant>/tests/<floor>/test_x. The path is kept for the life of the process. */
const char *og_test_program(void);
