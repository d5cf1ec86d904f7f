/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what is the simulator's own: faults, restarts, users, generated clusters. */
#include <curl/curl.h>
#include "contract/cluster.h"
#include "sim/test.h"

int main(void)
{
	SRunner *sr = srunner_create(suite_faults());
	int failed;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	srunner_add_suite(sr, suite_streams());
	srunner_add_suite(sr, suite_life());
	srunner_add_suite(sr, suite_direct());
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	curl_global_cleanup();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
