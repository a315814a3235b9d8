# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Graft needs Python 3.11 to 3.13; say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch comes first, on its own, so that nothing else chooses its build. Where there is no NVIDIA GPU its CPU build is wanted: an
# index that offers one (PIP_EXTRA_INDEX_URL) is used, and saves a download of several GB.
$(VENV)/.torch: constraints.txt | $(BIN)/python
	@echo "Installing torch: about 200 MB, several GB with CUDA ..."
	@command -v nvidia-smi >/dev/null 2>&1 && $(PIP) install "$(TORCH)" \
		|| $(PIP) install "$(TORCH)+cpu" 2>/dev/null || $(PIP) install "$(TORCH)"
	@touch $@

$(VENV)/.app: pyproject.toml constraints.txt $(VENV)/.torch
	@echo "Installing Graft and what it needs, a few minutes ..."
	@$(PIP) install -c constraints.txt -e ".[app]"
	@touch $@
	@echo "Done. The command is $(BIN)/graft; for a plain graft: source $(BIN)/activate"

$(VENV)/.dev: $(VENV)/.app
	@echo "Installing the development tools ..."
	@$(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@

.PHONY: setup
setup: $(VENV)/.app ## Install Graft into .venv

.PHONY: demo
demo: $(VENV)/.app ## Open the chat with the bundled bots on 127.0.0.1:7860
	@$(BIN)/graft demo

.PHONY: test
test: $(VENV)/.dev ## Run the tests
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Check style and floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

.PHONY: typecheck
typecheck: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

.PHONY: format
format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: eval
eval: $(VENV)/.app ## Measure every bundled bot on its questions
	@$(BIN)/python -m benchmarks.bots

.PHONY: clean
clean: ## Remove the environment and caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
