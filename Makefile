# Two commands do everything: `make run` and `make test`. Each sets up what it needs first, idempotently.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run demo test core-image test-core test-vm deb containers lint bench bench-camera bench-hub bench-upstream bench-vision soak setup setup-dev setup-vm footage lock clean

run: setup
	$(BIN)/cuelight run --first-preset

demo: setup
	@$(BIN)/python -P -m scripts.demo

test: setup-vm
	$(BIN)/python -P scripts/test.py

# build/deb/RELEASE/cuelight_VERSION_ARCH.deb for each release (docs/install.md)
RELEASES ?= bookworm trixie
ARCH ?= $(shell dpkg --print-architecture)
REVISION ?= 1

deb: setup
	@for release in $(RELEASES); do packaging/debian/build.sh $$release $(ARCH) $(REVISION) $(VENV) || exit; done

# build/containers/cuelight-{agent,hub}-VERSION-ARCH.tar, from the package of one release (docs/containers.md)
CONTAINERS_FROM ?= trixie

containers: setup
	@packaging/containers/build.sh $(CONTAINERS_FROM) $(ARCH) $(VENV)

# The package of one release, in a booted virtual machine (docs/vm.md)
RELEASE ?= bookworm

test-vm: RELEASES = $(RELEASE)
test-vm: setup-vm deb
	RELEASE=$(RELEASE) $(BIN)/python -P scripts/test.py --vm

# What its core boots. The package is compressed less: seconds instead of minutes.
core-image: RELEASES = $(RELEASE)
core-image: export LEVEL = 1
core-image: setup-vm deb
	packaging/vm/build.sh $(RELEASE) build/deb/$(RELEASE)/cuelight_*.deb

# The core, in minutes; `make test` ends with it.
test-core: core-image
	RELEASE=$(RELEASE) $(BIN)/python -P scripts/test.py --core

# What the package installs besides the three packages, and what makes it.
PROGRAMS := packaging/helper/cuelight_helper packaging/helper/await_clock.py packaging/debian/manual.py \
	packaging/containers/layout.py packaging/vm/unpack_kernel.py

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -n 2 presets_store hardware agent tests bench scripts $(PROGRAMS)
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

soak: RELEASES = $(RELEASE)
soak: export LEVEL = 1
soak: setup-vm deb
	RELEASE=$(RELEASE) $(BIN)/python -P scripts/test.py --soak

setup:
	@scripts/setup.sh runtime "$(PYTHON)" "$(VENV)"

setup-dev:
	@scripts/setup.sh dev "$(PYTHON)" "$(VENV)"

setup-vm: setup-dev
	@scripts/setup.sh vm "$(PYTHON)" "$(VENV)"

footage:
	scripts/make_footage.sh

lock:
	scripts/lock.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build
