# SPDX-License-Identifier: Apache-2.0
# The simulated API server (tests/sim) as a program and as an archive for Check tests, and the
# contract tests (tests/contract) against it.
SIM_SRCS := $(filter-out tests/sim/main.c tests/sim/test_%.c,$(sort $(wildcard tests/sim/*.c)))
SIM_OBJS := $(SIM_SRCS:tests/%.c=$(B)/tests/obj/%.o)
SIM_LIB := $(B)/libsim.a
SIM_BIN := $(B)/sim-apiserver
SIM_LIBS := $(shell $(PKG_CONFIG) --libs libcurl zlib 2>/dev/null)

$(SIM_LIB): $(SIM_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(SIM_BIN): $(B)/tests/obj/sim/main.o $(SIM_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(SIM_LIBS)

.PHONY: sim
sim: $(SIM_BIN) ## The simulated API server: build/<variant>/sim-apiserver
tests: $(SIM_BIN)

# Unit tests of these folders may start a simulator: #include "sim/sim.h".
SIM_TEST_FLOORS := kube cluster webhook controller audit cli
SIM_TEST_BINS := $(filter $(SIM_TEST_FLOORS:%=$(B)/tests/%/%),$(TEST_BINS))
$(SIM_TEST_BINS): $(SIM_LIB)
$(SIM_TEST_BINS): SUPPORT_OBJS += $(SIM_LIB)
$(SIM_TEST_BINS): LIBS += $(SIM_LIBS)

-include $(SIM_OBJS:.o=.d) $(B)/tests/obj/sim/main.d

# Contract tests: against the simulator, or a real cluster when OG_CONTRACT_KUBECONFIG names a
# kubeconfig of its administrator.
CONTRACT_SRCS := $(sort $(wildcard tests/contract/*.c))
CONTRACT_OBJS := $(CONTRACT_SRCS:tests/%.c=$(B)/tests/obj/%.o)
CONTRACT_BIN := $(B)/contract-tests

$(CONTRACT_BIN): $(CONTRACT_OBJS) $(SIM_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(SIM_LIBS) $(CHECK_LIBS)

.PHONY: contract
contract: $(CONTRACT_BIN) ## Contract tests; OG_CONTRACT_KUBECONFIG=FILE runs them on a real cluster
	$(Q)$(run_env) $<
tests: $(CONTRACT_BIN)
CHECK_EXTRA += $(CONTRACT_BIN)
CHECK_EXTRA_DEPS += $(CONTRACT_BIN)

-include $(CONTRACT_OBJS:.o=.d)

# What is the simulator's own.
SIM_TEST_SRCS := $(sort $(wildcard tests/sim/test_*.c))
SIM_TEST_OBJS := $(SIM_TEST_SRCS:tests/%.c=$(B)/tests/obj/%.o) $(B)/tests/obj/contract/cluster.o
SIM_TEST_BIN := $(B)/sim-tests

$(SIM_TEST_BIN): $(SIM_TEST_OBJS) $(SIM_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(SIM_LIBS) $(CHECK_LIBS)

tests: $(SIM_TEST_BIN)
CHECK_EXTRA += $(SIM_TEST_BIN)
# The simulator is threads all over; `make tsan` runs its tests too.
.PHONY: check-threads-sim
check-threads: check-threads-sim
check-threads-sim: $(SIM_TEST_BIN) $(CONTRACT_BIN)
	$(Q)$(run_env) $(SIM_TEST_BIN) && $(run_env) $(CONTRACT_BIN)
CHECK_EXTRA_DEPS += $(SIM_TEST_BIN)

-include $(SIM_TEST_SRCS:tests/%.c=$(B)/tests/obj/%.d)

# The real cluster is held to the same (tests/e2e/cases/contract.sh).
e2e e2e-core: $(CONTRACT_BIN)
