# duban on one machine. Needs Python >= 3.11, git and make; everything else comes from requirements.lock.
# Paths are relative throughout, so that the folder's own path may hold spaces and Chinese characters.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
# The first interpreter of these that is new enough; name another one with PYTHON=…
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

PLAN ?= examples/plan.md
AS_OF ?= $(if $(filter examples/%,$(PLAN)),2026-07-15,)
DIRECTORY ?= $(if $(filter examples/%,$(PLAN)),examples/directory.csv,)

# Ledgers of tests live in memory where the machine has such a folder: every commit waits for the disk otherwise.
TEST_ROOT := $(shell test -w /dev/shm && echo /dev/shm || echo "$${TMPDIR:-/tmp}")

# Tests side by side, a file whole to one process: half of a test is waiting for a server. JOBS=0 runs them in one.
JOBS ?= 2

.PHONY: help install run serve test test-fast check bench lock docs clean

help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo '  make run PLAN=path/to/file AS_OF=2015-01-12 [DIRECTORY=parties.csv]   the same on a document of yours'

install: $(STAMP) ## Make .venv with duban in it; nothing is started

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'duban needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python3' >&2; exit 1; }
	@echo "Installing into $(VENV) from requirements.lock …"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/{on=1} on{print; if (!/\\$$/) exit}' requirements.lock > $(VENV)/uv.lock
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock 2>$(VENV)/pip.log || true
	@$(PY) -m uv pip sync -q --require-hashes --python $(PY) requirements.lock 2>$(VENV)/uv.log \
		|| $(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock \
		|| { cat $(VENV)/uv.log >&2; exit 1; }
	@$(PY) -m uv pip install -q --no-deps --no-build-isolation --python $(PY) -e . 2>$(VENV)/uv.log \
		|| $(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP) ## Do the main job on the example plan, then stay up: board, Prefect UI, API
	@$(PY) -m duban.cli.main up --plan "$(PLAN)" $(if $(DIRECTORY),--directory "$(DIRECTORY)") $(if $(AS_OF),--as-of $(AS_OF))

serve: $(STAMP) ## Start everything without registering a plan
	@$(PY) -m duban.cli.main up

test: $(STAMP) ## Run the whole suite, on SQLite and on a real PostgreSQL
	@TMPDIR="$(TEST_ROOT)" $(PY) -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder

test-fast: $(STAMP) ## Run the tests that need no server
	@$(PY) -m pytest -p no:schemathesis -p no:xdist tests/unit tests/property -m "not slow"

check: $(STAMP) ## Lint, types, layers
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-cache

bench: $(STAMP) ## Print the figures, each a ratio within one run
	@$(PY) -m benchmarks

lock: $(STAMP) ## Resolve the dependencies anew into requirements.lock
	@$(PY) -m uv pip compile -q pyproject.toml --all-extras --universal --generate-hashes --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade -o requirements.lock

docs: $(STAMP) ## Write the generated pages of docs/ anew
	@$(PY) -m docs.generate

clean: ## Remove what runs leave behind (the ledger in var/ as well)
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
