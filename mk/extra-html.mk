# SPDX-License-Identifier: Apache-2.0
# The HTML report in a real browser: clicked through, and photographed for the README. Optional: without Chromium the test
# says so and is skipped; HTML_STRICT=1 makes that a failure.
.PHONY: html-test screenshots
html-test: $(BIN) ## Click through the HTML report in Chromium
	$(Q)tests/html/run $(BIN) build/html-test

screenshots: $(BIN) ## Make docs/images again
	$(Q)scripts/screenshots $(BIN)
