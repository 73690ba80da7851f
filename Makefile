# Two commands do everything: `make run` and `make test`. Each sets up what it needs first, idempotently.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run demo test lint bench bench-camera bench-hub bench-upstream bench-vision soak setup setup-dev footage lock clean

run: setup
	$(BIN)/cuelight run --first-preset

demo: setup
	@$(BIN)/python -P -m scripts.demo

test: setup-dev
	$(BIN)/python -P scripts/test.py

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests bench scripts
	$(BIN)/lint-imports --no-cache

bench: setup-dev
	$(BIN)/python -P -m bench

bench-camera: setup-dev
	PYTHONPATH=tests $(BIN)/python -P -m bench.camera

bench-hub: setup-dev
	PYTHONPATH=tests $(BIN)/python -P -m bench.hub

bench-upstream: setup-dev
	PYTHONPATH=tests $(BIN)/python -P -m bench.upstream

bench-vision: setup-dev
	PYTHONPATH=tests $(BIN)/python -P -m bench.vision

soak: setup-dev
	$(BIN)/python -P scripts/test.py --soak

setup:
	@scripts/setup.sh runtime "$(PYTHON)" "$(VENV)"

setup-dev:
	@scripts/setup.sh dev "$(PYTHON)" "$(VENV)"

footage:
	scripts/make_footage.sh

lock:
	scripts/lock.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build
