# Every target that needs the environment makes it, and refreshes it when a requirement changed.
PYTHON ?= $(shell command -v python3.13 >/dev/null && python3.13 -c '' 2>/dev/null && echo python3.13 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# The layers are built for Lambda's Python, and this environment has one when it was made with it.
SAM    := PATH="$(abspath $(BIN)):$$PATH" sam

# Built for the processor of this machine instead of Lambda's, to be run here.
LOCAL_BUILD  := .aws-sam/local
ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

export SAM_CLI_TELEMETRY ?= 0

.PHONY: help demo test test-live lint check-template build build-local check-functions check-imports check-api check-latency clean
help:  ## show what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml layers/capture/requirements.txt layers/engine/requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "invoice-capture needs Python 3.11 to 3.13; name one with: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[cli,local,samples,dev]'
	@touch $@

demo: $(READY)  ## run the sample invoices through the whole pipeline on this machine
	@$(BIN)/python -m samples.demo

test: $(READY)  ## run the test suite
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile

test-live: $(READY)  ## run the tests that need Tesseract (Debian: tesseract-ocr and tesseract-ocr-deu)
	$(BIN)/python -m pytest tests/live

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy layers cli

check-template: $(READY)  ## lint template.yaml and the state machines with their expressions
	$(SAM) validate --lint
	$(BIN)/python -m tools.state_machines

build: $(READY)  ## build the functions and layers for deployment
	$(SAM) build

build-local: $(READY)
	$(SAM) build --build-dir $(LOCAL_BUILD) --parameter-overrides Architecture=$(ARCHITECTURE)

check-functions: build-local  ## call every built function once in Lambda's runtime emulator
	$(BIN)/python -m tools.invoke_built $(LOCAL_BUILD)

check-imports: build-local  ## measure the import of every built handler, and that its bytecode is used
	$(BIN)/python -m benchmarks.import_time $(LOCAL_BUILD) --repetitions 5

check-api: $(READY)  ## hold the HTTP API to its OpenAPI document and to the provider's contract
	$(BIN)/python -m tools.check_api

check-latency: build-local  ## time a warm request of the built API function
	$(BIN)/python -m benchmarks.api_latency $(LOCAL_BUILD)

clean:  ## remove everything that was built or installed here
	rm -rf $(VENV) .aws-sam
