# SPDX-License-Identifier: Apache-2.0
# Static checks. What passed is remembered per file under build/lint, so that a second run is
# quick. The tools are pinned to Debian 12's: another major of clang-format or clang-tidy judges
# differently, and is skipped with a notice.
LINT := build/lint
CLANG_MAJOR := 14
C_FILES = $(sort $(wildcard include/otelgate/*/*.h src/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch]))
SCRIPTS = $(shell grep -lE '^\#!/bin/(ba)?sh' -r scripts .ci tests examples --include='*' 2>/dev/null) scripts/lib/deps.sh
# $(call pinned,clang-tidy): the command of the right major, or nothing
pinned = $(firstword $(shell for c in $(1)-$(CLANG_MAJOR) $(1); do \
	$$c --version 2>/dev/null | grep -qE 'version $(CLANG_MAJOR)\.' && echo $$c; done))
present = $(shell command -v $(1) 2>/dev/null)
notice = @echo '  SKIP    $(1): no $(2) here'

.PHONY: lint lint-format lint-tidy lint-cppcheck lint-shell lint-spell lint-rules lint-curl
lint: lint-rules lint-curl lint-format lint-shell lint-spell lint-cppcheck lint-tidy ## All static checks

lint-rules: ## Banned functions and other house rules
	$(call say,LINT,rules)
	@scripts/lint-rules

CLANG_FORMAT = $(call pinned,clang-format)
# The pointers of src/net/curl-priv.h take any argument; libcurl's header checks those of its options, in
# code that gcc optimises.
lint-curl: ## Types of libcurl's options
	@for f in src/net/httpc*.c; do \
		$(CC) $(CPPFLAGS_ALL) $(CFLAGS_COMMON) -O2 -DHTTPC_CURL_DIRECT -c -o /dev/null $$f || exit; done

lint-format: ## clang-format 14
ifeq ($(CLANG_FORMAT),)
	$(call notice,clang-format,clang-format $(CLANG_MAJOR))
else
lint-format: $(C_FILES:%=$(LINT)/%.format)
$(LINT)/%.format: % .clang-format
	$(call say,FORMAT,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $< && touch $@
endif

# The object stands for the source and all its headers.
CLANG_TIDY = $(call pinned,clang-tidy)
TIDY_FLAGS = -std=gnu17 $(CPPFLAGS_ALL) -Wall -Wextra
lint-tidy: ## clang-tidy 14 with .clang-tidy
ifeq ($(CLANG_TIDY),)
	$(call notice,clang-tidy,clang-tidy $(CLANG_MAJOR))
else
lint-tidy: $(SRCS:src/%.c=$(LINT)/src/%.tidy)
$(LINT)/src/%.tidy: src/%.c $(B)/obj/%.o .clang-tidy
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $< -- $(TIDY_FLAGS) 2>$@.err || { grep -v 'warnings generated' $@.err >&2; exit 1; }
	@rm -f $@.err; touch $@
endif

.PHONY: analyze
analyze: ## The path-sensitive analyzer of clang 14; slow, to be read, no gate
	$(Q)printf '%s\n' $(SRCS) | xargs -P $(JOBS) -I '{}' $(or $(CLANG_TIDY),clang-tidy) --quiet --checks='-*,clang-analyzer-*' '{}' -- $(TIDY_FLAGS) 2>/dev/null

# cppcheck keeps its own results per file; the folder is per version, results do not travel.
CPPCHECK_FLAGS = --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
	--library=posix --suppressions-list=.cppcheck --quiet -Iinclude -DOG_VERSION='"x"' -D_GNU_SOURCE
lint-cppcheck: ## cppcheck
ifeq ($(call present,cppcheck),)
	$(call notice,cppcheck,cppcheck)
else
	$(call say,CPPCHECK,src)
	@mkdir -p $(LINT)/cppcheck
	$(Q)cppcheck $(CPPCHECK_FLAGS) -j $(JOBS) --cppcheck-build-dir=$(LINT)/cppcheck src
endif

lint-shell: ## shellcheck on all shell scripts
ifeq ($(call present,shellcheck),)
	$(call notice,shellcheck,shellcheck)
else
	$(call say,SHELL,$(words $(SCRIPTS)) scripts)
	$(Q)shellcheck -x -S warning $(SCRIPTS)
endif

SPELL_FILES = $(wildcard *.md docs examples include man manifests mk scripts src tests charts completions)
lint-spell: ## codespell
ifeq ($(call present,codespell),)
	$(call notice,codespell,codespell)
else
	$(call say,SPELL,$(words $(SPELL_FILES)) folders and files)
	$(Q)codespell --config .codespellrc $(SPELL_FILES)
endif
