# Needs python >= 3.11, make and git. Every path is relative, so the checkout may lie anywhere.
SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN := .venv/bin
RUN := $(BIN)/python -m
STAMP := .venv/installed-lock
PIP := $(RUN) pip install --disable-pip-version-check --retries 10 --timeout 60
COMPILE := $(RUN) uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet
TEST := $(RUN) pytest -m "not deep"
PYTHON ?=
# Processes run with -OO: without kept bytecode each would compile everything anew, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install demo run test browser test-deep bench lint types imports check fix client lock clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## Install everything into .venv, exactly as locked

# Compared by content: a checkout gives every file a new time.
.PHONY: FORCE
FORCE:
$(STAMP): FORCE
	@cmp -s requirements-dev.lock $(STAMP) || $(MAKE) --no-print-directory .installation

.PHONY: .installation
.installation:
	@$(BIN)/python -c 'import pip' 2>/dev/null || rm -rf .venv
	@test -d .venv || { \
	  set -- "$(PYTHON)"; test -n "$$1" || set -- python3 python3.13 python3.12 python3.11; \
	  for python; do \
	    "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	      2>/dev/null || continue; \
	    echo "Making .venv with $$("$$python" --version)"; \
	    "$$python" -m venv .venv && exit 0; \
	  done; \
	  echo "No Python >= 3.11 with its venv module among: $$*." \
	    "Install one, or name it: make install PYTHON=/path/to/python" >&2; \
	  exit 1; }
	@echo "Installing the locked packages (about 100 MB once; minutes on a slow line)"
	$(PIP) --require-hashes --no-deps -r requirements-dev.lock
	$(PIP) --quiet --no-deps --no-build-isolation --no-index -e .
	@cp requirements-dev.lock $(STAMP)
	@echo "Installed. Next: make demo"

demo: install ## Show the whole fleet at work, against simulated platforms
	@$(BIN)/fleet demo

run: install ## Run the fleet until Ctrl-C
	@$(BIN)/fleet up

# Three at once, each with embedded servers of its own: much of it is waiting for processes. Servers
# that are given can be used by one at a time.
test: install ## Run the tests
	@if [ -n "$$DATABASE_URL$$BROKER_URL" ]; then exec $(TEST); fi; \
	exec $(TEST) -n 3 --dist loadfile --no-loadscope-reorder

browser: install ## Install what drives a browser in the slower tests (they need a Chromium too)
	$(PIP) --require-hashes --no-deps -r requirements-browser.lock

test-deep: install ## Run the slower tests too: many more examples, longer kills
	$(RUN) pytest -m deep -n 2 --dist loadfile --no-loadscope-reorder

bench: install ## Measure throughput, latency, memory, and what a sync costs
	$(RUN) bench
	$(RUN) bench.sync

lint: install ## Check style
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: install ## Check types
	$(RUN) mypy

imports: install ## Check that imports point down
	$(BIN)/lint-imports

check: lint types imports test ## Check everything that must hold before a commit

fix: install ## Repair style where that is safe
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

client: install ## Write the client's typed requests anew
	$(BIN)/fleet catalogue --python | $(BIN)/ruff format - >.requests.py
	mv .requests.py actionfleet/requests.py

lock: install ## Resolve the dependencies anew
	$(PIP) --quiet uv
	$(COMPILE) --upgrade --extra embedded --extra otel -o requirements.lock
	$(COMPILE) --upgrade --extra embedded --extra otel --extra dev -c requirements.lock -o requirements-dev.lock
	$(filter-out pyproject.toml,$(COMPILE)) --upgrade --group browser -c requirements-dev.lock -o requirements-browser.lock

clean: ## Remove what tools leave behind; .venv and .run stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
