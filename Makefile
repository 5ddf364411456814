# Fettle. `make run` starts it, `make test` checks everything. Each step is repeated only if what it reads has changed.

PORT ?= 8000
WORKERS ?= 1
DEMO ?= 1
TEST_WORKERS ?= 3
PYTHON ?= python3

export PORT WORKERS DEMO
# Exported only if set: an empty DATA_DIR would be the current directory.
ifdef DATA_DIR
export DATA_DIR
endif

BIN := .venv/bin
NPX := node_modules/.bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --require-hashes
BUNDLE := workflow/expressions/feel/dist/feelin.js
BUNDLED := package-lock.json esbuild.config.mjs $(wildcard workflow/expressions/feel/*.js) \
	$(shell find operate/frontend 2>/dev/null)
TRANSLATED := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))

.DEFAULT_GOAL := help
.PHONY: help run test bench screenshots lint fmt install install-dev build messages requirements clean python node chromium

help:
	@echo 'make run      start Fettle (PORT=8000 WORKERS=1 DEMO=1 DATA_DIR=…, DATABASE_URL=… in the environment)'
	@echo 'make test     linters, types, architecture, migrations, all tests'
	@echo 'make bench    measure the engine against PostgreSQL itself; PAGES=1: the pages with a million process instances'
	@echo 'make screenshots   pictures of every screen in both themes, in docs/screens'
	@echo 'make lint     only the linters, types and architecture'
	@echo 'make fmt      format the source'
	@echo 'make requirements   pin the newest allowed Python packages'
	@echo 'make messages   bring new texts into the translations'
	@echo 'make clean    remove everything that was made, except data'

run: python node
	@$(PYTHON) -m config.run --check
	@$(MAKE) --no-print-directory install build
	@exec $(BIN)/python -m config.run --with-parent

test: lint chromium
	$(BIN)/python -m pytest -n $(TEST_WORKERS)

bench: install-dev build $(if $(PAGES),chromium)
	$(BIN)/python -m tests.bench$(if $(PAGES),.pages)

screenshots: install-dev build chromium
	$(BIN)/python -m tests.screenshots

lint: install-dev build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(NPX)/prettier --check --log-level warn .
	$(NPX)/tsc

fmt: install-dev node_modules/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPX)/prettier --write --log-level warn .

# Python

install: .venv/.installed
install-dev: .venv/.installed-dev

.venv/bin/python: | python
	@echo 'Making the virtual environment .venv …'
	@$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt | .venv/bin/python
	@echo 'Installing the Python packages of requirements.txt …'
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt | .venv/bin/python
	@echo 'Installing the Python packages of requirements-dev.txt …'
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/.installed

UV_COMPILE := UV_CUSTOM_COMPILE_COMMAND='make requirements' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --upgrade

requirements: install-dev
	$(UV_COMPILE) requirements.in -o requirements.txt
	$(UV_COMPILE) requirements-dev.in -o requirements-dev.txt

# Assets

build: $(BUNDLE) $(TRANSLATED)

messages: install-dev
	@$(BIN)/python -m config.messages collect

node_modules/.installed: package-lock.json .npmrc | node
	@echo 'Installing the npm packages of package-lock.json …'
	@npm ci --ignore-scripts --no-progress --loglevel=error >/dev/null
	@touch $@

$(BUNDLE): $(BUNDLED) node_modules/.installed
	@echo 'Bundling scripts and styles …'
	@node esbuild.config.mjs
	@touch $@

%.mo: %.po config/messages.py | .venv/.installed
	@$(BIN)/python -m config.messages compile
	@touch $@

# Tools that have to be there

python:
	@command -v $(PYTHON) >/dev/null || { echo "Error: '$(PYTHON)' is missing. Install it with: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Error: expected Python 3.11 or newer, found $$($(PYTHON) -V). Name another one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Error: Python cannot make virtual environments. Install what is missing with: sudo apt-get install python3-venv" >&2; exit 1; }

node:
	@command -v npm >/dev/null && command -v node >/dev/null || { echo "Error: 'npm' is missing; it builds the pages' scripts. Install it with: sudo apt-get install nodejs npm" >&2; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || { echo "Error: expected Node.js 18 or newer, found $$(node --version). Install a newer one with: sudo apt-get install nodejs npm" >&2; exit 1; }

chromium:
	@command -v chromium >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo 'Installing Chromium for the browser tests …'; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
		else \
			echo "Error: 'chromium' is missing; the browser tests drive it. Install it with: sudo apt-get install chromium fonts-dejavu-core" >&2; exit 1; \
		fi; }

clean:
	rm -rf .venv node_modules staticfiles operate/static/operate $(dir $(BUNDLE)) $(TRANSLATED) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
