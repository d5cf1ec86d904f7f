# SPDX-License-Identifier: Apache-2.0
# The floors of docs/architecture.md, proved from the #includes and the objects' symbols.
PURE_FLOORS := codec kobj core
HEADERS := $(sort $(wildcard include/otelgate/*/*.h src/*/*.h))
HEADER_STAMPS := $(HEADERS:%=$(B)/hdr/%.ok)

.PHONY: layers hdr-check
layers: hdr-check $(foreach f,$(PURE_FLOORS),$(filter $(B)/obj/$(f)/%,$(LIB_OBJS))) ## Prove the floors, purity, headers, sizes
	@scripts/layers --self-test '$(CC)'
	@scripts/layers $(B)/obj

hdr-check: $(HEADER_STAMPS) ## Compile every header alone

$(B)/hdr/%.ok: % $(HEADERS) $(B)/.flags
	@mkdir -p $(@D)
	$(Q)printf '#include "%s"\n' '$(CURDIR)/$<' | $(CC) $(CPPFLAGS_ALL) -I$(dir $<) $(filter-out -MMD,$(CFLAGS_ALL)) -fsyntax-only -x c - \
		|| { echo '$< does not compile alone' >&2; exit 1; }
	@touch $@
