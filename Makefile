# Needs make and Python >= 3.11; everything else is fetched into this folder.
.DEFAULT_GOAL := help
.PHONY: run test read lint bench translations lock clean help setup setup-dev
MAKEFLAGS += --no-print-directory

# The first Python on the path that is new enough; if none is, bootstrap.py says so in one line.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c "$(NEW_ENOUGH)" 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
TESTS ?=
# More than processors: a third of the time they wait for browsers and workers.
WORKERS ?= 3

run: setup ## Start Qiao with its demo site (another port: make run PORT=8001)
	@exec $(BIN)/qiao run $(if $(PORT),--port $(PORT))

test: ## Lint and run every test, on SQLite, PostgreSQL, Valkey and Chromium
	@$(MAKE) -j2 lint read
	@$(BIN)/python tools/check_chromium.py
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

# Once before the test processes start, or each of them would compile the same files; mypy leaves a processor idle.
read: setup-dev
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --collect-only -qq $(TESTS) >/dev/null 2>&1 || true

lint: setup-dev ## Ruff, mypy, import-linter
	@echo "qiao: ruff, mypy, import-linter"; failed=0; \
	$(BIN)/mypy --no-error-summary & types=$$!; \
	$(BIN)/lint-imports --no-logo & imports=$$!; \
	$(BIN)/ruff check --quiet || failed=1; \
	wait $$types || failed=1; wait $$imports || failed=1; \
	exit $$failed

bench: setup-dev ## Measure: a million customers, imports, exports (docs/performance.md)
	@$(BIN)/python -m bench

translations: setup-dev ## Extract the messages, compile the catalogues, list what has no translation
	@$(BIN)/python tools/translations.py extract
	@$(BIN)/python tools/translations.py compile
	@$(BIN)/python tools/translations.py check

lock: ## Write the lock files anew from pyproject.toml and package.json (make lock UPGRADE=name)
	@$(PYTHON) tools/update_locks.py $(UPGRADE)

clean: ## Remove what make fetched and compiled; instance/ (the data) stays
	rm -rf .venv node_modules app/base/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find app plugins tests -name '*.mo' -delete -o -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

define bootstrap
	@command -v "$(PYTHON)" >/dev/null || { echo "qiao: Python 3.11 or newer is needed and there is none here. On Debian or Ubuntu: sudo apt install python3 python3-venv" >&2; exit 1; }
	@"$(PYTHON)" tools/bootstrap.py $(1)
endef

setup:
	$(call bootstrap,run)
	@$(BIN)/python tools/fetch_frontend.py
	@$(BIN)/python tools/translations.py compile

setup-dev:
	$(call bootstrap,dev)
	@$(BIN)/python tools/fetch_frontend.py --dev
	@$(BIN)/python tools/translations.py compile
