# make demo    link the example texts, in an environment of its own
# make test    all tests;  make lint: style, types, layers;  make wheels: build and smoke-test the distributions
# PYTHON=python3.13 make ...   chooses the interpreter the environment is made with

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
PACKAGES := glinker_core $(notdir $(wildcard plugins/glinker-*/glinker_*))
TEXTS  := $(wildcard examples/texts/*.txt)

.PHONY: demo test lint wheels clean help

help:
	@sed -n 's/^# //p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/demo.installed
	@mkdir -p demo && rm -f demo/kb.db*
	@$(BIN)/glinker kb import examples/entities.jsonl --store demo/kb.db
	@$(BIN)/glinker link --kb demo/kb.db $(addprefix --input ,$(TEXTS)) --format table --html demo/links.html
	@echo "The page with all links: demo/links.html"

test: $(VENV)/test.installed
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=95

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(addprefix -p ,$(PACKAGES))
	$(BIN)/lint-imports

wheels: $(VENV)/test.installed
	@rm -rf dist
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist . $(wildcard ./plugins/glinker-*)
	$(BIN)/python .ci/wheel_smoke.py dist

clean:
	rm -rf $(VENV) demo dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "glinker needs Python 3.10 or later: PYTHON=python3.12 make ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.installed: pyproject.toml plugins/glinker-stores/pyproject.toml plugins/glinker-lexical/pyproject.toml | $(BIN)/python
	@echo "Installing glinker-core, glinker-stores and glinker-lexical into $(VENV) ..."
	@$(PIP) install --constraint constraints.txt -e . -e plugins/glinker-stores -e plugins/glinker-lexical
	@touch $@

$(VENV)/test.installed: pyproject.toml constraints.txt plugins/requirements.txt $(wildcard plugins/*/pyproject.toml) examples/plugin/pyproject.toml | $(BIN)/python
	$(PIP) install --constraint constraints.txt --requirement plugins/requirements.txt
	@touch $@
