# Podium's commands. `make demo` shows it, `make test` proves it; everything they need they install.
#
# Only Python 3.11+, Node 20+ and make are taken for granted; Debian's Chromium is installed for the browser journeys
# when we are root on Debian.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := npm --prefix frontend
PYTEST_WORKERS ?= 4

.PHONY: help
help: ## what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- what everything stands on -------------------------------------------------------------------------------------

.PHONY: need-python need-node
need-python:
	@command -v $(PYTHON) >/dev/null || { echo "Podium needs Python 3.11 or newer, and there is no $(PYTHON) here." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Podium needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1 | cut -d" " -f2)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Podium needs Python's venv module (Debian: apt install python3-venv)." >&2; exit 1; }
need-node:
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "Podium needs Node.js 20 or newer with npm, to build its web client." >&2; exit 1; }
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || { echo "Podium needs Node.js 20 or newer; this is $$(node -v)." >&2; exit 1; }

$(BIN)/python: | need-python
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing Python packages ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "podium-checkout.pth").write_text(str(pathlib.Path("backend").resolve()) + "\n")'
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "installing Python packages for development ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json frontend/.npmrc | need-node
	@echo "installing npm packages ..."
	@$(NPM) ci --silent --no-audit --no-fund
	@touch $@

tests/xensim/node/node_modules/.installed: tests/xensim/node/package-lock.json | need-node
	@npm --prefix tests/xensim/node ci --silent --no-audit --no-fund
	@touch $@

WEB_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts -type f 2>/dev/null)
frontend/dist/index.html: frontend/node_modules/.installed $(WEB_SOURCES)
	@echo "building the web client ..."
	@$(NPM) run --silent build
	@touch $@

.PHONY: setup web
setup: $(VENV)/.dev frontend/node_modules/.installed tests/xensim/node/node_modules/.installed ## install everything for development
web: frontend/dist/index.html ## build the web client

# --- using it ------------------------------------------------------------------------------------------------------

.PHONY: demo serve
demo: $(VENV)/.runtime web ## set up, start a simulated pool and the service, print the address and an account
	@exec $(BIN)/python -m podium demo $(DEMO)
serve: $(VENV)/.runtime web ## set up and start the service alone
	@exec $(BIN)/python -m podium serve

# --- proving it ----------------------------------------------------------------------------------------------------

.PHONY: check check-python check-web test journeys bench docker-lint
check: check-python check-web ## everything fast: format, lint, types, layers, tests
check-python: $(VENV)/.dev tests/xensim/node/node_modules/.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal
check-web: frontend/node_modules/.installed types-current refusals-current
	@$(NPM) run --silent check

.PHONY: openapi types-current refusals-current
openapi: $(VENV)/.runtime frontend/node_modules/.installed ## write the web client's types anew, from the OpenAPI document
	@$(BIN)/python -m podium openapi > $(VENV)/openapi.json
	@$(NPM) run --silent generate -- "$(CURDIR)/$(VENV)/openapi.json"
types-current: $(VENV)/.runtime frontend/node_modules/.installed
	@cp frontend/src/api/schema.gen.ts $(VENV)/schema.gen.ts
	@$(MAKE) openapi
	@cmp -s $(VENV)/schema.gen.ts frontend/src/api/schema.gen.ts || { cp $(VENV)/schema.gen.ts frontend/src/api/schema.gen.ts; echo "the web client's types are not what the backend says: run make openapi" >&2; exit 1; }
refusals-current: $(VENV)/.runtime
	@$(BIN)/python tools/gen_refusals.py --check

test: setup check journeys ## set up from nothing and run everything, browser journeys included
journeys: setup web chromium ## whole flows in a real browser
	@$(NPM) run --silent e2e

.PHONY: chromium
chromium:
	@if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then echo "installing Chromium ..."; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else (cd frontend && npx --no-install playwright install chromium) || [ -z "$${CI:-}" ]; fi

bench: $(VENV)/.dev ## measure: 10 hosts, 10,000 VMs; writes docs/benchmarks.md
	@$(BIN)/python bench/run.py

# --- keeping it ----------------------------------------------------------------------------------------------------

.PHONY: format lock clean
format: $(VENV)/.dev ## format the Python code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix -q .
PIP_COMPILE := $(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(VENV)/.dev ## renew the Python lock files
	@$(BIN)/pip install -q pip-tools
	@$(PIP_COMPILE) --upgrade -o requirements.lock pyproject.toml
	@$(PIP_COMPILE) --upgrade --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
clean: ## remove what was built and installed
	@rm -rf $(VENV) frontend/node_modules frontend/dist tests/xensim/node/node_modules .mypy_cache .ruff_cache .pytest_cache
