# SPDX-License-Identifier: Apache-2.0
# Installation below $(DESTDIR)$(PREFIX). kubectl finds plugins by name, hence the second one.
BINDIR = $(DESTDIR)$(PREFIX)/bin
DATADIR = $(DESTDIR)$(PREFIX)/share
MAN_PAGES = $(wildcard man/*.[1-8])
COMPLETION_DIR_otelgate.bash := bash-completion/completions/otelgate
COMPLETION_DIR__otelgate := zsh/site-functions/_otelgate
COMPLETION_DIR_otelgate.fish := fish/vendor_completions.d/otelgate.fish
COMPLETIONS = $(foreach f,$(notdir $(wildcard completions/*)),$(if $(COMPLETION_DIR_$(f)),$(f)))

.PHONY: install uninstall
install: all ## Install below DESTDIR and PREFIX (/usr/local)
	install -d $(BINDIR)
	install -m 755 -s $(BIN) $(BINDIR)/otelgate
	ln -sf otelgate $(BINDIR)/kubectl-otelgate
	install -m 755 completions/kubectl_complete-otelgate $(BINDIR)/kubectl_complete-otelgate
	$(foreach m,$(MAN_PAGES),install -D -m 644 $(m) $(DATADIR)/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)) &&) true
	$(foreach f,$(COMPLETIONS),install -D -m 644 completions/$(f) $(DATADIR)/$(COMPLETION_DIR_$(f)) &&) true

uninstall: ## Remove what install put there
	rm -f $(BINDIR)/otelgate $(BINDIR)/kubectl-otelgate $(BINDIR)/kubectl_complete-otelgate
	rm -f $(foreach m,$(MAN_PAGES),$(DATADIR)/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	rm -f $(foreach f,$(COMPLETIONS),$(DATADIR)/$(COMPLETION_DIR_$(f)))
