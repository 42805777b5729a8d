# Builds a layer in the form the Lambda runtime loads fastest. SAM runs this in a copy of the layer's folder.
#
# SAM tells a makefile nothing of the architecture, so template.yaml chooses by it which of the folders beside this file
# is used. SAM's cache watches the layer's own folder only: after a change here, build with --no-cached.

RUNTIME := 3.13
PYTHON  := python$(RUNTIME)
CONTENT := $(ARTIFACTS_DIR)/python

# The runtime's Amazon Linux 2023 has glibc 2.34, so the wheels of all three of these run there.
PLATFORMS := manylinux_2_28 manylinux_2_17 manylinux2014

# Neither this project nor its dependencies look at their own metadata when they run. Whoever hands a library on hands
# its licence on as well, so the texts of licences are kept beside the code, in /opt/licences.
CLUTTER  := __pycache__ *.dist-info *.pyi
LICENCES := LICEN[CS]E* COPYING* NOTICE* AUTHORS*

build-CaptureLayer: PACKAGE := invoice_capture
build-EngineLayer:  PACKAGE := invoice_engine

.PHONY: build-CaptureLayer build-EngineLayer
build-CaptureLayer build-EngineLayer:
	@$(PYTHON) -c 'import sys, pip; sys.exit("%d.%d" % sys.version_info[:2] != "$(RUNTIME)")' 2> /dev/null \
	  || { echo "Building the layers needs a $(PYTHON) that works and has pip on PATH." >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes \
	  --requirement requirements.txt --target "$(CONTENT)" --only-binary=:all: --implementation cp --python-version $(RUNTIME) \
	  $(PLATFORMS:%=--platform %_$(MACHINE))
	cp -R $(PACKAGE) "$(CONTENT)/"
	rm -rf "$(CONTENT)/bin"
	cd "$(CONTENT)" && find *.dist-info -type f \( -path '*/licen[cs]es/*' $(foreach name,$(LICENCES),-o -iname '$(name)') \) \
	  -exec sh -c 'for text; do mkdir -p "../licences/$${text%/*}" && cp "$$text" "../licences/$$text"; done' sh {} +
	find "$(CONTENT)" -depth \( $(foreach name,$(CLUTTER),-name '$(name)' -o) -false \) -exec rm -rf {} +
	@# SAM's archives date every file 1980, and bytecode that is checked by its source's date would never be used.
	$(PYTHON) -m compileall -q --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p /opt "$(CONTENT)"
