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

include mk/flags.mk

SRCS := $(sort $(wildcard src/*/*.c))
LIB_SRCS := $(filter-out src/cli/main.c,$(SRCS))
LIB_OBJS := $(LIB_SRCS:src/%.c=$(B)/obj/%.o)
MAIN_OBJ := $(B)/obj/cli/main.o
LIB := $(B)/libotelgate.a
BIN := $(B)/otelgate

.PHONY: all
all: build/otelgate

build/otelgate: $(BIN)
	$(Q)ln -sf $(VARIANT)/otelgate $@ && touch -h $@

$(BIN): $(MAIN_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(MAIN_OBJ) $(LIB) $(LIBS)

# The archive is made anew, so that a deleted source leaves no member behind.
$(LIB): $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/obj/%.o: src/%.c $(B)/.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Objects are rebuilt when compiler or flags change.
$(B)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL)' > $@
.PHONY: FORCE
FORCE:

include mk/tests.mk
-include $(wildcard mk/extra-*.mk)

.PHONY: clean
clean:
	rm -rf build compile_commands.json

-include $(LIB_OBJS:.o=.d) $(MAIN_OBJ:.o=.d)
