/* SPDX-License-Identifier: Apache-2.0 */
/* All contract tests as one program. */
#include <curl/curl.h>
#include <stdio.h>
#include "contract/cluster.h"

int main(void)
{
	SRunner *sr = srunner_create(suite_discovery());
	int failed;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	srunner_add_suite(sr, suite_objects());
	srunner_add_suite(sr, suite_list());
	srunner_add_suite(sr, suite_watch());
	srunner_add_suite(sr, suite_patch());
	srunner_add_suite(sr, suite_apply());
	srunner_add_suite(sr, suite_delete());
	srunner_add_suite(sr, suite_validation());
	srunner_add_suite(sr, suite_access());
	srunner_add_suite(sr, suite_kinds());
	srunner_add_suite(sr, suite_admission());
	srunner_add_suite(sr, suite_rollout());
	srunner_add_suite(sr, suite_network());
	srunner_add_suite(sr, suite_grants());
	srunner_add_suite(sr, suite_pods());
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	curl_global_cleanup();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
