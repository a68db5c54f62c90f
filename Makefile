# Python 3.11 or newer and make are all that `run`, `demo` and `test` need. `check` also lints the contract, with Node.js.

PYTHON ?= python3
BIN := .venv/bin
BUF := tools/buf/node_modules/.bin/buf

.DEFAULT_GOAL := help
BENCH := .venv-bench

.PHONY: help setup run json demo test chaos soak bench-push bench-intake bench-lookup cerbos bench-names check check-format check-lint check-types check-imports check-stubs check-locks \
	check-proto buf fmt stubs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Create .venv and install the locked requirements, where they changed
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "setup: Python 3.11 or newer is needed and $(PYTHON) was not found: install it, or name one: make PYTHON=..." >&2; \
		exit 2; }
	@$(PYTHON) tools/environment.py

run: setup ## Start the service with its embedded PostgreSQL; Ctrl-C stops it
	@exec $(BIN)/credit-sanction-service run $(ARGS)

json: setup ## Put JSON over HTTP in front of a running service, by Envoy; Ctrl-C stops it
	@exec $(BIN)/python tools/json_front.py run $(ARGS)

demo: setup ## Play the whole story against a service of its own
	@exec $(BIN)/python examples/demo.py $(ARGS)

test: setup ## Run the tests; ARGS="-k name" for some of them
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

chaos: setup ## Kill worker, API and PostgreSQL 200 times under load; the last line has the figures
	@exec $(BIN)/python -m tests.chaos $(ARGS)

soak: setup ## Hold every verdict of several servers against the change log while all goes wrong; the last line has the figures
	@exec $(BIN)/python -m tests.restrictions.soak $(ARGS)

bench-push: $(BENCH)/installed ## Measure pushes beside a bare client, Procrastinate and Celery; the last line has the figures
	@PYTHONPATH=service:clients exec $(BENCH)/bin/python -m bench.push $(ARGS)

bench-lookup: $(BENCH)/installed cerbos ## Measure look-ups beside a bare echo, Cerbos and etcd; needs h2load; the last line has the figures
	@PYTHONPATH=service:clients exec $(BENCH)/bin/python -m bench.lookup $(ARGS)

cerbos: # only where npm is there: the bench does without it
	@! command -v npm >/dev/null 2>&1 || cmp -s tools/cerbos/package-lock.json tools/cerbos/node_modules/installed.json || { \
		echo "setup: installing Cerbos" && cd tools/cerbos && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error && \
		cp package-lock.json node_modules/installed.json; }

bench-intake: setup ## Measure intake beside raw inserts; the last line has the figures
	@exec $(BIN)/python -m bench.intake $(ARGS)

bench-names: setup ## Measure the search by name: precision, recall, time among a million names; the last line has the figures
	@PYTHONPATH=service:clients exec $(BIN)/python -m bench.names $(ARGS)

$(BENCH)/installed: deploy/requirements/bench.txt
	@echo "setup: creating $(BENCH) for the bench's competitors" && $(PYTHON) -m venv --clear $(BENCH) && \
		$(BENCH)/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r $< && touch $@

check: check-format check-lint check-types check-imports check-stubs check-locks check-proto ## All that CI checks beside the tests
	@echo "check: all passed"

check-format: setup
	@echo "check: format"; $(BIN)/ruff format --quiet --check || { echo "Run \`make fmt\`."; exit 1; }

check-lint: setup
	@echo "check: lint"; $(BIN)/ruff check --quiet

check-types: setup
	@echo "check: types"; $(BIN)/mypy

check-imports: setup
	@echo "check: import contract"; $(BIN)/lint-imports --no-logo

check-stubs: setup
	@echo "check: stubs against proto/"; $(BIN)/python tools/stubs.py check

check-locks: setup
	@echo "check: locks against pyproject.toml"; $(BIN)/python -m pytest -q tests/house/test_locks.py && $(BIN)/python -m pip check

check-proto: buf
	@echo "check: proto/"; cd proto && ../$(BUF) lint && ../$(BUF) format --diff --exit-code

buf: ## Install buf, for `buf curl` and linting proto/; needs Node.js
	@command -v npm >/dev/null 2>&1 || { \
		echo "buf: it needs Node.js 20 or newer with npm, which was not found: install that; all else in \`make check\` runs without." >&2; \
		exit 2; }
	@cmp -s tools/buf/package-lock.json tools/buf/node_modules/installed.json || { \
		echo "setup: installing buf" && cd tools/buf && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error && \
		cp package-lock.json node_modules/installed.json; }

fmt: setup ## Format Python and proto
	@$(BIN)/ruff format
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory buf && cd proto && ../$(BUF) format -w; fi

stubs: setup ## Regenerate clients/credit_sanction/v1 from proto/
	@$(BIN)/python tools/stubs.py write

lock: setup ## Resolve the locks anew; ARGS=--upgrade for the newest versions
	@$(BIN)/python tools/locks.py $(ARGS)

clean: ## Remove .venv and everything else that was built; the service's data stays
	@rm -rf .venv $(BENCH) tools/buf/node_modules tools/cerbos/node_modules dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
