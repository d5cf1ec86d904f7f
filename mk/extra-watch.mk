# SPDX-License-Identifier: Apache-2.0
# What is peculiar to stores and watches.
TSAN_TESTS += kube/store_threads kube/watch_sim

# Its servers are simulated ones.
$(B)/bench/bench_watch: BENCH_OBJS += $(SIM_LIB)
$(B)/bench/bench_watch: LIBS += $(SIM_LIBS)
$(B)/bench/bench_watch: $(SIM_LIB)
$(B)/bench/bench_controller: BENCH_OBJS += $(SIM_LIB)
$(B)/bench/bench_controller: LIBS += $(SIM_LIBS)
$(B)/bench/bench_controller: $(SIM_LIB)
$(B)/bench/bench_audit: BENCH_OBJS += $(SIM_LIB)
$(B)/bench/bench_audit: LIBS += $(SIM_LIBS)
$(B)/bench/bench_audit: $(SIM_LIB)
