# `make help` lists the targets. Everything happens inside .venv; nothing else is touched.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test test-slow lint format docs-img docs-tour docs-gallery docs-check docs-debugger docs-diagnosis docs-progression docs-performance docs-reliability bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run.stamp ## open microgpt-tui on the built-in names, training live
	@$(BIN)/microgpt-tui

test: .venv/test.stamp ## run the tests, but for the slow ones
	@$(BIN)/python -m pytest -n auto

test-slow: .venv/test.stamp ## run the tests that take more than a few seconds each
	@$(BIN)/python -m pytest -n auto -m slow

lint: .venv/lint.stamp ## ruff (lint and format check) and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/lint.stamp ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs-img: .venv/test.stamp ## draw the pictures of the README again
	@$(BIN)/python docs/img/make.py

docs-tour: .venv/run.stamp ## play the first ten minutes of docs/tour.md again
	@$(BIN)/python docs/make_tour.py

docs-keys: .venv/run.stamp ## write docs/keys.md and the README's keys again
	@$(BIN)/python docs/make_keys.py

docs-gallery: .venv/run.stamp ## draw the pictures of docs/gallery.md again
	@$(BIN)/python docs/make_gallery.py

docs-check: .venv/test.stamp ## run every command and program of README.md and docs/*.md (three minutes)
	@$(BIN)/python -m pytest -n auto -m '' tests/docs

docs-debugger: .venv/run.stamp ## run the commands of docs/debugger.md and docs/diagnosis.md again
	@$(BIN)/python docs/make_debugger.py

docs-diagnosis: .venv/test.stamp ## diagnose all planted faults again for docs/diagnosis.md (ten minutes)
	@$(BIN)/python docs/make_diagnosis.py

docs-progression: .venv/run.stamp ## run the six programs of docs/progression.md again (ten minutes)
	@$(BIN)/python docs/make_progression.py

docs-performance: .venv/test.stamp ## measure the tables of docs/performance.md again (twelve minutes)
	@$(BIN)/python docs/make_performance.py

docs-reliability: .venv/test.stamp ## damage run files and press random keys for docs/reliability.md (half an hour)
	@$(BIN)/python docs/make_reliability.py

bench: .venv/test.stamp ## time the engines against the straightforward form
	@$(BIN)/python -m pytest tests/benchmarks -p no:xdist --benchmark-enable -s

clean: ## remove .venv and what tools left behind
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "microgpt-tui needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -m venv .venv || \
	    { rm -rf .venv; echo "python3 -m venv failed: install your system's python3-venv"; exit 2; }

.venv/run.stamp: .venv/bin/python pyproject.toml
	@echo "installing into .venv ..."
	@$(BIN)/python -m pip install --quiet -e '.[pictures]'
	@touch $@

.venv/test.stamp: .venv/run.stamp
	@echo "installing the test extras ..."
	@$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@

.venv/lint.stamp: .venv/test.stamp
	@echo "installing the linters ..."
	@$(BIN)/python -m pip install --quiet -e '.[test,lint]'
	@touch $@
