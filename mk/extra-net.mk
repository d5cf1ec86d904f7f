# SPDX-License-Identifier: Apache-2.0
# What is peculiar to the server floor.
TSAN_TESTS += net/httpd net/httpd_life net/httpd_hostile webhook/server
