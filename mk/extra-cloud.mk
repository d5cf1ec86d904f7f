# SPDX-License-Identifier: Apache-2.0
# The simulated Grafana Cloud (tests/cloud) as a program and as an archive for Check tests.
CLOUD_SRCS := $(filter-out tests/cloud/main.c tests/cloud/test_%.c,$(sort $(wildcard tests/cloud/*.c)))
CLOUD_OBJS := $(CLOUD_SRCS:tests/%.c=$(B)/tests/obj/%.o)
CLOUD_LIB := $(B)/libcloud.a
CLOUD_BIN := $(B)/sim-cloud
CLOUD_LIBS := $(shell $(PKG_CONFIG) --libs zlib 2>/dev/null) -lm

$(CLOUD_LIB): $(CLOUD_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(CLOUD_BIN): $(B)/tests/obj/cloud/main.o $(CLOUD_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(CLOUD_LIBS)

.PHONY: cloud
cloud: $(CLOUD_BIN) ## The simulated Grafana Cloud: build/<variant>/sim-cloud
tests: $(CLOUD_BIN)

# Unit tests of these folders may start one: #include "cloud/cloud.h".
CLOUD_TEST_FLOORS := grafana verify controller audit cli
CLOUD_TEST_BINS := $(filter $(CLOUD_TEST_FLOORS:%=$(B)/tests/%/%),$(TEST_BINS))
$(CLOUD_TEST_BINS): $(CLOUD_LIB)
$(CLOUD_TEST_BINS): SUPPORT_OBJS += $(CLOUD_LIB)
$(CLOUD_TEST_BINS): LIBS += $(CLOUD_LIBS)

-include $(CLOUD_OBJS:.o=.d) $(B)/tests/obj/cloud/main.d

# What is the simulator's own.
CLOUD_TEST_SRCS := $(sort $(wildcard tests/cloud/test_*.c))
CLOUD_TEST_OBJS := $(CLOUD_TEST_SRCS:tests/%.c=$(B)/tests/obj/%.o)
CLOUD_TEST_BIN := $(B)/cloud-tests

$(CLOUD_TEST_BIN): $(CLOUD_TEST_OBJS) $(CLOUD_LIB) $(SUPPORT_OBJS) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(CLOUD_LIBS) $(CHECK_LIBS)

tests: $(CLOUD_TEST_BIN)
CHECK_EXTRA += $(CLOUD_TEST_BIN)
CHECK_EXTRA_DEPS += $(CLOUD_TEST_BIN)
# The simulator is threads all over; `make tsan` runs its tests too.
.PHONY: check-threads-cloud
check-threads: check-threads-cloud
check-threads-cloud: $(CLOUD_TEST_BIN)
	$(Q)$(run_env) $(CLOUD_TEST_BIN)

-include $(CLOUD_TEST_OBJS:.o=.d)

# Against a real Prometheus and a real Loki, which tests/e2e builds.
.PHONY: compare-cloud
compare-cloud: $(CLOUD_BIN) ## The simulated cloud against a real Prometheus and Loki
	$(Q)tests/cloud/compare.py $< "$$(tests/e2e/tools/build --where prometheus)/prometheus" \
		"$$(tests/e2e/tools/build --where loki)/loki"
