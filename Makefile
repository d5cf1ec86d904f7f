# SPDX-License-Identifier: Apache-2.0
# otelgate: GNU make and pkg-config, no generator. `make help` lists the targets.
#
#   VARIANT=release|debug|asan|tsan|cov   each in build/<variant>/
#   CC=gcc|clang   V=1 shows the commands
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

VERSION := 0.1.0
VARIANT ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
B := build/$(VARIANT)
Q := $(if $(V),,@)
say = @$(if $(V),true,printf '  %-7s %s\n' '$(1)' '$(2)')

ifeq ($(filter release debug asan tsan cov,$(VARIANT)),)
$(error VARIANT=$(VARIANT) is not one of release, debug, asan, tsan, cov)
endif

include mk/flags.mk

SRCS := $(sort $(wildcard src/*/*.c))
LIB_SRCS := $(filter-out src/cli/main.c,$(SRCS))
LIB_OBJS := $(LIB_SRCS:src/%.c=$(B)/obj/%.o)
MAIN_OBJ := $(B)/obj/cli/main.o
LIB := $(B)/libotelgate.a
BIN := $(B)/otelgate

.PHONY: all
all: build/otelgate ## Build build/otelgate (default)

build/otelgate: $(BIN)
	$(Q)ln -sf $(VARIANT)/otelgate $@ && touch -h $@

$(BIN): $(MAIN_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(MAIN_OBJ) $(LIB) $(LIBS)

# The archive is made anew, so that a deleted source leaves no member behind.
$(LIB): $(LIB_OBJS) $(B)/.sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(LIB_OBJS)

$(B)/obj/%.o: src/%.c $(B)/.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Files that change only when what they hold does: objects are rebuilt when compiler or flags
# change, the archive when a source is gone.
keep = @mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@
$(B)/.flags: FORCE
	$(call keep,'$(CC) $(shell $(CC) -dumpfullversion 2>/dev/null) $(CPPFLAGS_ALL) $(CFLAGS_ALL)')
$(B)/.sources: FORCE
	$(call keep,$(LIB_SRCS))
.PHONY: FORCE
FORCE:

include mk/tests.mk
include mk/layers.mk
include mk/lint.mk
include mk/coverage.mk
include mk/install.mk
include mk/dev.mk
-include $(sort $(wildcard mk/extra-*.mk))

-include $(LIB_OBJS:.o=.d) $(MAIN_OBJ:.o=.d)
