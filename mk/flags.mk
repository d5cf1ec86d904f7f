# SPDX-License-Identifier: Apache-2.0
# Compiler and linker flags per variant. Warnings are errors for everyone: the pinned compilers
# (gcc 12+, clang 14+) are the ones CI uses; WERROR= switches it off for others.
WERROR ?= -Werror
PKGS := jansson yaml-0.1 libssl libcrypto libmicrohttpd
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) libcurl 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wno-gnu-statement-expression \
	-Wno-gnu-zero-variadic-macro-arguments -Wshadow -Wconversion -Wsign-conversion -Wformat=2 \
	-Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wmissing-declarations \
	-Wredundant-decls -Wnested-externs -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef \
	-Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
WARN_GCC_ONLY := -Wduplicated-cond -Wlogical-op -Wjump-misses-init -Walloc-zero -Wformat-signedness
IS_CLANG := $(shell $(CC) --version 2>/dev/null | grep -c clang)
ifeq ($(IS_CLANG),0)
# Statement expressions (og_take) and `, ##__VA_ARGS__` (og_log) are the GNU extensions in use; gcc has
# no flags of its own for them.
WARN := $(filter-out -Wpedantic -Wno-gnu-%,$(WARN)) $(WARN_GCC_ONLY)
endif

CPPFLAGS_ALL = -D_GNU_SOURCE -DOG_VERSION='"$(VERSION)"' -Iinclude $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_COMMON = -std=gnu17 -g $(WARN) $(WERROR) -fno-common -fstack-protector-strong \
	-fstack-clash-protection -fPIE -fno-plt
ifneq ($(filter x86_64 i686,$(shell uname -m)),)
CFLAGS_COMMON += -fcf-protection=full
endif
LDFLAGS_COMMON = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed
# libcurl is loaded when it is needed (src/net/curl-priv.h), by the name that linking would have noted.
CURL_SO := $(shell $(CC) -print-file-name=$(shell $(PKG_CONFIG) --libs-only-l libcurl 2>/dev/null | sed -n 's/.*-l\(curl[a-z-]*\).*/lib\1.so/p'))
CURL_SONAME := $(shell LC_ALL=C objdump -p $(CURL_SO) 2>/dev/null | sed -n 's/^ *SONAME *//p')
CPPFLAGS_ALL += $(if $(CURL_SONAME),-DOG_CURL_SONAME='"$(CURL_SONAME)"')
LIBS = $(PKG_LIBS) -ldl -lpthread

CFLAGS_release = -O3 -D_FORTIFY_SOURCE=2
CFLAGS_debug = -O0 -fno-omit-frame-pointer
CFLAGS_asan = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan = -O1 -fno-omit-frame-pointer -fsanitize=thread
CFLAGS_cov = -O0 --coverage
CFLAGS_ALL = $(CFLAGS_COMMON) $(CFLAGS_$(VARIANT)) $(CFLAGS)
LDFLAGS_ALL = $(LDFLAGS_COMMON) $(LDFLAGS)
