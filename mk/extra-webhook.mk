# SPDX-License-Identifier: Apache-2.0
# The webhook in a simulated cluster.
TSAN_TESTS += webhook/cluster webhook/cluster_certs

# New CAs under load (tests/rotation), by hand and before a release: some minutes.
ROTATION_BIN := $(B)/rotation
ROTATION_OBJS := $(B)/tests/obj/rotation/rotation.o $(B)/tests/obj/bench/reviews.o $(SUPPORT_OBJS)

$(ROTATION_BIN): $(ROTATION_OBJS) $(SIM_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(SIM_LIBS) $(CHECK_LIBS)

.PHONY: rotation
rotation: $(ROTATION_BIN) ## Reviews while CAs are replaced; RATE=a second ROTATIONS=1..9
	$(Q)$(ROTATION_BIN) $(or $(RATE),600) $(or $(ROTATIONS),5)
tests: $(ROTATION_BIN)

-include $(B)/tests/obj/rotation/rotation.d
