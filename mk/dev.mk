# SPDX-License-Identifier: Apache-2.0
# For people: help, the compilation database, formatting, cleaning.
.PHONY: help clean format compdb

help: ## List the targets
	@echo 'usage: make [TARGET] [VARIANT=release|debug|asan|tsan|cov] [CC=gcc|clang] [V=1] [T=test]'
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST) | sort

# compile_commands.json for editors and clang-tidy; refreshed by `make` when flags or the list of
# files change.
define compdb_entry
{"directory": "$(CURDIR)", "file": "$(1)", "command": "$(subst ",\",$(CC) $(CPPFLAGS_ALL) -Itests $(filter-out $(WARN_GCC_ONLY),$(CFLAGS_ALL)) -c $(1))"}
endef
comma := ,
compdb: compile_commands.json ## Write compile_commands.json
compile_commands.json:
	$(call say,GEN,compile_commands.json)
	$(file >compile_commands.json,[)
	$(foreach f,$(LIB_SRCS) $(SUPPORT_SRCS) $(TEST_SRCS),$(file >>compile_commands.json,$(call compdb_entry,$(f))$(comma)))
	$(file >>compile_commands.json,$(call compdb_entry,src/cli/main.c))
	$(file >>compile_commands.json,])
	@true
ifneq ($(filter release debug,$(VARIANT)),)
compile_commands.json: $(B)/.flags $(B)/.sources
all: compile_commands.json
endif

format: ## Format all C files (clang-format 14)
	clang-format$(if $(shell command -v clang-format-14),-14) -i $(C_FILES)

clean: ## Remove everything that was built
	rm -rf build compile_commands.json
