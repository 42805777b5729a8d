# Every target that needs an environment makes it, and refreshes it when its lock file changed.
PYTHON  ?= $(shell tools/find_python.sh)
PYTHONS := python-versions.txt
VENV    := .venv
BIN     := $(VENV)/bin
# More than cores: a test that looks at processes or at time waits for a third of its own.
WORKERS ?= 3
# What check-python runs besides the demo.
TESTS   ?= tests/unit tests/contract
# What the demo runs with, and what the tests and checks need besides.
DEMO    := $(VENV)/.demo
READY   := $(VENV)/.ready
# Tools that would hold our libraries back live in environments of their own.
TOOLS       := .tools
SAM_READY   := $(TOOLS)/sam/.ready
CHECKOV_READY := $(TOOLS)/checkov/.ready
FUZZ_READY  := $(TOOLS)/fuzz/.ready
DOCS_READY  := $(TOOLS)/docs/.ready
LOCKS_READY := $(TOOLS)/maintenance/.ready
OPINIONS       := tools/second_opinions
OPINIONS_READY := $(OPINIONS)/node_modules/.package-lock.json

# A Python that was named must be the one that is used.
STRICT  := $(if $(filter command% environment%,$(origin PYTHON)),--strict)
INSTALL := $(PYTHON) tools/install.py
LAYERS  := layers/capture layers/engine
SOURCES := $(LAYERS:%=%/requirements.in) requirements/cli.in pyproject.toml

# The layers are built for Lambda's Python, and this environment has one when it was made with it.
SAM := PATH="$(abspath $(BIN)):$(abspath $(TOOLS)/sam/bin):$$PATH" sam

# Built for the processor of this machine instead of Lambda's, to be run here.
LOCAL_BUILD  := .aws-sam/local
ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

export SAM_CLI_TELEMETRY ?= 0

.PHONY: help demo test test-live test-browser test-built check-python lint check-template build build-local check-artifacts \
  check-functions check-sam-local check-imports check-api check-permissions check-security check-opinions check-chaos check-mutants check-latency docs figures upgrade audit release clean
help:  ## show what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: python
python:
	@$(or $(PYTHON),false) -c '' 2> /dev/null || { echo "invoice-capture needs Python $(shell head -1 $(PYTHONS)) or later with \
	venv (Debian: apt-get install python3-venv); name one that runs with: make PYTHON=…"; exit 1; }

$(DEMO): requirements/demo.txt $(SOURCES) | python
	@$(INSTALL) $(VENV) requirements/demo.txt --project $(STRICT)
	@touch $@

$(READY): requirements/development.txt $(DEMO) | python
	@$(INSTALL) $(VENV) requirements/development.txt --compile $(STRICT)
	@touch $@

$(TOOLS)/%/.ready: requirements/%.txt | python
	@$(INSTALL) $(TOOLS)/$* requirements/$*.txt
	@touch $@

demo: $(DEMO)  ## run the sample invoices through the whole pipeline on this machine
	@$(BIN)/python -m samples.demo

test: $(READY)  ## run the test suite
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile

test-live: $(READY)  ## run the tests that need Tesseract (Debian: tesseract-ocr and tesseract-ocr-deu)
	$(BIN)/python -m pytest tests/live

test-browser: $(READY)  ## drive the page of the API in a real browser (Debian: chromium)
	$(BIN)/python -m pytest tests/browser

test-built: build-local  ## run the workflow tests on the layers as they are built
	BUILT_LAYERS=$(abspath $(LOCAL_BUILD)) PYTHONPATH=$(LOCAL_BUILD)/CaptureLayer/python:$(LOCAL_BUILD)/EngineLayer/python \
	  $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile tests/workflow

check-python:  ## run the demo and the fast tests with another Python: make check-python PYTHON=python3.14
	$(MAKE) VENV=$(TOOLS)/$(notdir $(PYTHON)) PYTHON=$(PYTHON) check-environment

.PHONY: check-environment
check-environment: demo $(READY)
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile $(TESTS)

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy layers cli functions local_stack tools samples benchmarks

check-template: $(READY) $(SAM_READY)  ## lint template.yaml and the state machines with their expressions
	$(SAM) validate --lint
	$(BIN)/python -m tools.state_machines

check-security: $(READY) $(SAM_READY) $(CHECKOV_READY)  ## have checkov and cfn-lint look at the template that CloudFormation gets
	$(BIN)/python -m tools.check_security --checkov $(TOOLS)/checkov/bin/checkov --cfn-lint $(TOOLS)/sam/bin/cfn-lint

build: $(READY) $(SAM_READY)  ## build the functions and layers for deployment
	$(SAM) build

build-local: $(READY) $(SAM_READY)
	$(SAM) build --build-dir $(LOCAL_BUILD) --parameter-overrides Architecture=$(ARCHITECTURE)

check-artifacts: build  ## look into what was built for deployment, which another processor cannot run
	$(BIN)/python -m tools.check_artifacts .aws-sam/build

check-functions: build-local  ## call every built function once in Lambda's runtime emulator
	$(BIN)/python -m tools.invoke_built $(LOCAL_BUILD)

check-sam-local: build-local  ## have sam local invoke answer every sample event (needs a container engine)
	$(BIN)/python -m tools.check_sam_local $(LOCAL_BUILD) --sam $(TOOLS)/sam/bin/sam

check-imports: build-local  ## measure the import of every built handler, and that its bytecode is used
	$(BIN)/python -m benchmarks.import_time $(LOCAL_BUILD) --repetitions 5

check-api: $(READY) $(FUZZ_READY)  ## hold the HTTP API to its OpenAPI document and to the provider's contract
	$(BIN)/python -m tools.check_api --fuzzer $(TOOLS)/fuzz/bin/schemathesis

check-permissions: $(READY)  ## use every permission of the roles, and list what nothing uses
	$(BIN)/python -m tools.permissions

$(OPINIONS_READY): $(OPINIONS)/package-lock.json
	npm ci --prefix $(OPINIONS) --ignore-scripts --no-audit --no-fund

check-opinions: $(READY) $(OPINIONS_READY)  ## ask the reference JSONata and a strict DynamoDB (Node.js 20 or later)
	$(BIN)/python -m tools.second_opinions
	$(BIN)/python -m pytest tests/opinions

check-chaos: $(READY)  ## send 300 jobs through the worst of weather
	$(BIN)/python -m benchmarks.chaos --jobs 300 --seed 7

check-mutants: $(READY)  ## put small bugs where one costs money or a document, and see that tests notice: MODULES="path …"
	nice -n 10 $(BIN)/python -m tools.check_mutants $(MODULES)

check-latency: build-local  ## time a warm request of the built API function
	$(BIN)/python -m benchmarks.api_latency $(LOCAL_BUILD)

# Not --quiet, which hides the warnings that --strict counts.
docs: $(DOCS_READY)  ## build the docs site into .site, and check its links
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(TOOLS)/docs/bin/mkdocs build --strict

figures: build-local  ## run every benchmark that has a figure to hold, and write docs/figures.md
	$(BIN)/python -m benchmarks.figures --build $(LOCAL_BUILD) $(if $(CORPUS),--corpus $(CORPUS))

upgrade: $(LOCKS_READY)  ## write the lock files anew with the newest versions that requirements/*.in allow
	$(TOOLS)/maintenance/bin/python tools/upgrade.py

release: | python  ## check everything, then commit and tag a version: make release VERSION=0.2.0
	@$(PYTHON) tools/release.py $(VERSION)

audit: $(READY) $(LOCKS_READY)  ## known vulnerabilities, where the list of them can be reached, and licences
	$(TOOLS)/maintenance/bin/python tools/audit.py $(BIN)/python

clean:  ## remove everything that was built or installed here
	rm -rf .venv $(TOOLS) .aws-sam .site $(OPINIONS)/node_modules
