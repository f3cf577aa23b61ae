# Everything a newcomer needs: `make demo` and `make test`. Both create .venv and install on first use.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
SOURCES := scenes renderers training simlearn bench tests

.PHONY: help setup demo test bench lint types format clean
help:
	@echo "make setup    create $(VENV) and install simlearn with its development tools"
	@echo "make demo     worlds -> labels -> features -> real images -> report (at most 8 minutes on two cores)"
	@echo "make test     run the tests"
	@echo "make bench    measure the renderer beside its peers"
	@echo "make lint | types | format"

setup: $(VENV)/.installed
# torch goes first and pinned: an open range would pull the CUDA build.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "simlearn needs Python 3.11 or newer: run 'make PYTHON=/path/to/python3.11 setup'" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(MAKE) --no-print-directory virtualenv
	@echo "installing into $(VENV) (about 3 GB; a few minutes on the first run)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

# Debian splits venv's ensurepip into a package of its own; where it is missing, the virtualenv wheel does the same without root.
.PHONY: virtualenv
virtualenv:
	@rm -rf $(VENV) && $(PYTHON) -m pip install --quiet --target $(VENV)-bootstrap virtualenv
	@PYTHONPATH=$(VENV)-bootstrap $(PYTHON) -m virtualenv --quiet $(VENV) && rm -rf $(VENV)-bootstrap

demo: setup
	@$(BIN)/simlearn demo

test: setup
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

bench: setup
	@$(BIN)/python -m bench.render

lint: setup
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)

types: setup
	@$(BIN)/mypy

format: setup
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
