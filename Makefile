# Every target makes the environment first; `make setup` says what it does and is quick when done.
.PHONY: setup run kubeflow check lint types layers test format lock clean
.DEFAULT_GOAL := check

# Without bytecode each import of TFX takes 20 s more.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin

setup:
	@python=$$(sh scripts/find_python) && "$$python" -m scripts.setup_environment

run: setup
	$(BIN)/headrace run data/flights/spec.toml

# The flights as Kubeflow Pipelines would run them, on this machine; as root.
kubeflow: setup
	$(BIN)/python -W ignore -m tests.kubeflow.play

check: lint types layers test

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

test: setup
	$(BIN)/pytest -n auto

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Needs uv. Takes the newest versions that setup.py and pyproject.toml allow.
lock:
	uv pip compile setup.py --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--quiet --output-file requirements.lock

clean:
	rm -rf .venv .venv.building .venv.old .runtime .runtime.building .setup.log .setup.lock
