# Everything this project does, from a fresh checkout, with git, make and python3.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Where the environment was made, and that something is being installed into it.
PLACE := .venv/.place
INSTALLING := .venv/.installing
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
# Whether the hot modules are compiled where that can be done; `no` leaves it out.
COMPILED ?= yes
# Where they are compiled, and how well: tests do it elsewhere, and in less time.
BUILT ?= .venv
COMPILE_LEVEL ?= 3
HOT := $(BUILT)/.hot
BUILD := $(BUILT)/.build
PACKAGES := api appliance migrations monitor proxy web
# What a page shows of the documentation.
SHOWN := docs/troubleshooting.md
files = $(shell find $(1) -name __pycache__ -prune -o -type f -print)
ifneq ($(COMPILED),no)
WITH_BUILD := $(BUILD)
IN_BUILD := PYTHONPATH=$(CURDIR)/$(BUILT)/compiled$${PYTHONPATH:+:$$PYTHONPATH}
endif

# The locks are whole: pip is to install what they name, and to look for nothing.
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps
FAILED := { echo "That failed; make.log says why"; exit 1; }
is_usable = [ ! -e $(INSTALLING) ] && $(BIN)/python -c 'import pip' && cat $(PLACE)
ifneq ($(shell { $(is_usable); } 2>/dev/null),$(CURDIR))
.PHONY: $(PLACE)
endif

.DEFAULT_GOAL := help
.PHONY: help run demo test check format bench bench-query screenshots soak lock clean system compiled

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-11s %s\n", $$1, $$2}' Makefile

run: $(RUNTIME) $(WITH_BUILD) ## Start the appliance: proxy 8080, app 8000
	@$(IN_BUILD) exec $(BIN)/apimonitor serve

demo: $(RUNTIME) $(WITH_BUILD) ## Start it with a small upstream and sample traffic
	@$(IN_BUILD) exec $(BIN)/apimonitor demo

# The compiled build that is tested is made meanwhile: the checks take one core.
test: system $(DEVELOPMENT) ## All checks and all tests
	@$(BIN)/python -m tests.support.compiled_build >/dev/null 2>&1 & \
	    $(MAKE) -s check \
	    && echo "Testing (ten minutes on two cores) …" \
	    && $(BIN)/python -m pytest -n 3 --dist worksteal; \
	    ended=$$?; wait; exit $$ended

check: $(DEVELOPMENT) ## Format, lint, types, import directions
	@echo "Checking format, lint, types and import directions …"
	@for check in "ruff format --check -q ." "ruff check -q ." mypy lint-imports; do \
	    said=$$($(BIN)/$$check 2>&1) || { echo "$$said" | tee make.log; $(FAILED); }; done

format: $(DEVELOPMENT) ## Write the code in its format
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

bench: $(DEVELOPMENT) $(WITH_BUILD) ## What it costs beside nginx and others, as ratios
	@$(IN_BUILD) $(BIN)/python -m bench

bench-query: $(DEVELOPMENT) $(WITH_BUILD) ## How long searches take among a million logs (LOGS=1000000)
	@BENCH_LOGS=$${LOGS:-1000000} $(IN_BUILD) $(BIN)/python -m bench query

screenshots: $(DEVELOPMENT) $(WITH_BUILD) ## Take those of the documentation anew (needs Chromium)
	@$(IN_BUILD) $(BIN)/python -m tests.screenshots

soak: $(DEVELOPMENT) $(WITH_BUILD) ## Ten minutes of mixed traffic and faults (SOAK_S=600)
	@$(IN_BUILD) $(BIN)/python -m bench.soak

lock: ## Write the lock files anew (needs uv)
	@uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	    --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	@uv pip compile -q --universal --generate-hashes --python-version 3.11 --group dev \
	    --custom-compile-command "make lock" pyproject.toml -o requirements-dev.lock
	@uv pip compile -q --universal --generate-hashes --python-version 3.11 --group compile \
	    -c requirements-dev.lock --custom-compile-command "make lock" \
	    -o requirements-compile.lock

clean: ## Remove the environment and caches; data stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# Made anew where it is none that works: left by a run that was interrupted, moved with
# the checkout (its scripts name their interpreter by its whole path), of a Python that
# is gone.
$(PLACE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "API Monitor needs Python 3.11 or later; set PYTHON to one"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	    || { echo "Python lacks venv: apt-get install python3-venv"; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv >make.log 2>&1 || $(FAILED)
	@echo '$(CURDIR)' >$@

$(RUNTIME): $(PLACE) requirements.lock pyproject.toml
	@echo "Installing what the appliance needs into .venv …"
	@touch $(INSTALLING)
	@$(INSTALL) --require-hashes -r requirements.lock >make.log 2>&1 || $(FAILED)
	@$(INSTALL) --no-build-isolation -e . >make.log 2>&1 || $(FAILED)
	@rm $(INSTALLING)
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	@echo "Installing what the tests need into .venv …"
	@touch $(INSTALLING)
	@$(INSTALL) --require-hashes -r requirements-dev.lock >make.log 2>&1 || $(FAILED)
	@rm $(INSTALLING)
	@touch $@

compiled: $(BUILD)

# Without a compiler neither file is made: it is looked for again the next time.
$(HOT): $(RUNTIME) compile.sh setup.py requirements-compile.lock $(call files,api/ingest monitor proxy)
	@rm -f $@
	@if sh compile.sh $(BUILT)/compiling $(COMPILE_LEVEL); then touch $@; fi

# A copy of all packages, so that nothing compiled lies beside a source that is edited.
$(BUILD): $(HOT) main.py $(SHOWN) $(call files,$(PACKAGES))
	@rm -rf $@ $(BUILT)/compiled $(BUILT)/copying
	@if [ -e $(HOT) ]; then \
	    cp -R $(BUILT)/compiling/lib $(BUILT)/copying \
	    && cp -R main.py $(PACKAGES) $(BUILT)/copying \
	    && mkdir $(BUILT)/copying/docs && cp $(SHOWN) $(BUILT)/copying/docs \
	    && find $(BUILT)/copying -name __pycache__ -prune -exec rm -r {} + \
	    && mv $(BUILT)/copying $(BUILT)/compiled && touch $@; fi

# What only root can install; without it those tests are skipped, or fail where CI is set.
system: $(RUNTIME)
	@sh tests/system_packages.sh
