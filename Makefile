# make demo      link the example texts, in an environment of its own (.venv)
# make test      all tests, with coverage
# make services  install and start PostgreSQL and Redis for the tests that need them (apt, or see .ci/compose.yaml)
# make lint      style, types, and which module may import which
# make spacy-versions  the tests of glinker-spacy with the oldest spaCy of each minor version it supports
# make wheels    build the distributions and try each in a clean environment
# make clean     remove what the others made
# make demo PYTHON=python3.13    chooses the interpreter the environment is made with

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq
INSTALL := $(PIP) install --no-build-isolation -c constraints.txt
PROJECTS := $(wildcard plugins/*/pyproject.toml examples/plugin/pyproject.toml)
PACKAGES := glinker_core $(notdir $(wildcard plugins/glinker-*/glinker_*))
TEXTS  := $(sort $(wildcard examples/texts/*.txt))

.PHONY: demo test services lint spacy-versions wheels clean help

help:
	@sed -n 's/^# make/make/p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/demo.installed
	@mkdir -p demo && rm -f demo/kb.db*
	@$(BIN)/glinker kb import examples/entities.jsonl --store demo/kb.db
	@$(BIN)/glinker link --kb demo/kb.db $(addprefix --input ,$(TEXTS)) --format table --html demo/links.html
	@echo "The page with all links: demo/links.html"

test: $(VENV)/test.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=95

services:
	@.ci/services

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(addprefix -p ,$(PACKAGES))
	$(BIN)/lint-imports

spacy-versions: $(VENV)/test.installed
	@.ci/spacy_versions $(BIN)/python $(VENV)

wheels: $(VENV)/test.installed
	@rm -rf dist
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist . $(wildcard ./plugins/glinker-*)
	@$(BIN)/python .ci/wheel_smoke.py dist

clean:
	rm -rf $(VENV) demo dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# the build tool is installed once here rather than by pip for each distribution, which takes twenty seconds longer
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "glinker needs Python 3.10 or later; name one: make PYTHON=python3.12 ..."; exit 2; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install "hatchling>=1.27" editables || { rm -rf $(VENV); exit 1; }

$(VENV)/demo.installed: pyproject.toml $(PROJECTS) | $(BIN)/python
	@echo "Installing glinker-core, glinker-stores and glinker-lexical ..."
	@$(INSTALL) -e . -e plugins/glinker-stores -e plugins/glinker-lexical
	@touch $@

$(VENV)/test.installed: pyproject.toml constraints.txt plugins/requirements.txt $(PROJECTS) | $(BIN)/python
	@echo "Installing everything, with the tools to test it ..."
	@$(PIP) install -c constraints.txt torch
	@$(INSTALL) -r plugins/requirements.txt
	@touch $@
