# Two commands matter: `make run` and `make test`. Each does its own set-up.
SHELL := /bin/bash
.DELETE_ON_ERROR:
VENV := .venv
BIN := $(VENV)/bin
SUPERSET := .venv-superset
FEEDS ?= sample
# Some machines forbid bytecode; every process would then compile some 4,100 modules again.
unexport PYTHONDONTWRITEBYTECODE
# The newest of the Python versions that all dependencies support; override with make PYTHON=…
PYTHON ?= $(shell for v in python3 python3.13 python3.12 python3.11; do \
	command -v $$v >/dev/null && $$v -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& command -v $$v && break; done)
# Superset asks for pandas 2.1, which has no wheels for Python 3.13; override with make SUPERSET_PYTHON=…
SUPERSET_PYTHON ?= $(shell for v in python3 python3.12 python3.11; do \
	command -v $$v >/dev/null && $$v -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& command -v $$v && break; done)

.PHONY: run test test-fast lint bench ui superset superset-environment setup install-with-uv install-with-pip format lock sample clean

run: setup ## all set-up, then the whole path on the bundled sample
	$(BIN)/noord run --feeds sample

# In the order of folders: the long files of faults/ and path/ first, or one core waits for them at the end.
# Without a Python that Superset can run on, its tests say why they skip.
test: setup $(if $(SUPERSET_PYTHON),superset-environment) lint ## all set-up, then every test, on both cores
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: setup ## the tests that take seconds
	$(BIN)/pytest -n 2 -m "not slow and not browser" tests/unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar --config dbt_project/.sqlfluff dbt_project/models dbt_project/macros dbt_project/tests

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## wall, CPU and peak memory of the main jobs, as a table
	$(BIN)/python -m tests.bench

ui: setup ## the lineage UI on 127.0.0.1:3000
	$(BIN)/noord ui --feeds sample

superset: setup superset-environment ## the dashboards in a Superset on 127.0.0.1:8088; make superset FEEDS=live for others
	$(BIN)/python -m publication.superset.server --feeds $(FEEDS)

superset-environment: $(SUPERSET)/.ready

sample: setup ## write the bundled sample again
	$(BIN)/python -m sources.sample.generate

setup: $(VENV)/.ready

# The hashed lock holds no download addresses: whatever index the machine is set up for is used.
$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	if command -v uv >/dev/null; then $(MAKE) --no-print-directory install-with-uv; else $(MAKE) --no-print-directory install-with-pip; fi
	$(BIN)/python -c "from orchestration.dbt import ensure_manifest; ensure_manifest()"
	touch $@

install-with-uv:
	uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .

# --no-deps: the lock is complete, and older pips refuse extras such as gql[requests] in hash mode.
install-with-pip:
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q -j 2 $(VENV)/lib sources publication orchestration >/dev/null || echo "Some modules of dependencies can't be compiled; that is fine."

# Superset needs another SQLAlchemy than the project, so it has an environment of its own.
$(SUPERSET)/.ready: publication/superset/requirements.lock
	@test -n "$(SUPERSET_PYTHON)" || { echo "Superset needs Python 3.11 or 3.12, which was not found; nothing was installed."; exit 1; }
	test -x $(SUPERSET)/bin/python || $(SUPERSET_PYTHON) -m venv $(SUPERSET)
	if command -v uv >/dev/null; then uv pip install --quiet --python $(SUPERSET)/bin/python --require-hashes --compile-bytecode -r $<; \
		else $(SUPERSET)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<; fi
	touch $@

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links

lock: ## resolve the dependencies again (needs uv)
	$(LOCK) --only-binary :all: pyproject.toml --extra dev -o requirements.lock
	$(LOCK) publication/superset/requirements.in -o publication/superset/requirements.lock

clean:
	rm -rf $(VENV) $(SUPERSET) data dbt_project/target
