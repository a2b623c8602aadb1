# `make help` lists the targets. Everything runs in .venv, which `make install` sets up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-cluster check counterparts format gpu bench faults soak lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

install: $(INSTALLED) ## set up .venv with everything, developers' tools included

# --no-deps: the lock is whole. It leaves out opencv-python-headless, which albumentations asks
# for and whose files would overwrite those of opencv-python (see pyproject.toml).
$(INSTALLED): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 install")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --editable .
	@touch $@

demo: install ## the main job on the embedded synthetic procedure
	$(BIN)/divergent-stream demo -o demo-output

test: install ## all tests that need no GPU, display, network or data
	$(BIN)/pytest

test-cluster: install ## recordings on a Ray cluster of this machine, a worker killed (two minutes)
	$(BIN)/pytest -m cluster

check: install ## format, lint, types, import rules, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.audit
	$(MAKE) test

counterparts: install ## others' tools that some tests check against (.venv-counterparts, half a gigabyte)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-counterparts
	$(BIN)/uv pip install --no-config --python .venv-counterparts/bin/python --quiet -r tests/counterparts/requirements.txt

format: install ## rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

gpu: install ## the tests and the benchmark that need a GPU (ten minutes; says so where there is none)
	$(BIN)/python -m tests.gpu

bench: install ## speed and memory of the chain (an idle machine, some minutes)
	$(BIN)/python -m tests.bench

faults: install ## what the program survives: damaged input, kills, a full disk (an hour on two cores)
	$(BIN)/python -m tests.faults

soak: install ## live runs of an hour and of 200,000 frames: memory, files, threads, delay (an hour and a quarter)
	$(BIN)/python -m tests.faults.soak fast
	$(BIN)/python -m tests.faults.soak paced

lock: install ## choose the newest versions that fit pyproject.toml
	$(BIN)/uv pip compile --universal --no-header --no-annotate --all-extras --python-version 3.11 --upgrade pyproject.toml -o requirements.lock

clean: ## remove what the targets made
	rm -rf $(VENV) .venv-counterparts demo-output build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
