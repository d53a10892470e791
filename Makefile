# Everything a user or a developer does. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DEVELOPMENT := .venv/.installed-for-development
DOCUMENTATION := .venv/.installed-for-documentation
TRAINING := .venv/.installed-for-training
DATA ?= ../shared/data
OUT ?= build/training
ENCODERS ?= embeddings/bundled/encoder
READERS ?= embeddings/bundled/reader:embeddings/bundled/encoder
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup chat ask eval train evaluate-models test coverage docs screenshots lint typecheck fix hooks lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-22s %s\n", $$1, $$2}'
	@echo '  make ask Q="…"              ask one question'

setup: $(INSTALLED) ## install into .venv

chat: $(INSTALLED) ## serve the chat window at 127.0.0.1:7860
	@$(BIN)/yinju chat

ask: $(INSTALLED)
	@$(if $(Q),,$(error say what to ask: make ask Q="长江十年禁渔从哪天开始？"))
	@$(BIN)/yinju ask "$$Q"
ask: export Q := $(Q)

eval: $(INSTALLED) ## ask the fixed question set and print the figures
	@$(BIN)/yinju eval

# Training takes and gives back gigabytes in every step; in large pages that costs a third of the time.
train: export GLIBC_TUNABLES := glibc.malloc.hugetlb=1
train: $(TRAINING) ## train the bundled models: DATA=… OUT=… [QUICK=1] [SCALE=4] [START=FOLDER to continue from]
	@$(BIN)/python -m embeddings.training.recipe --data "$(DATA)" --out "$(if $(QUICK),$(OUT)-quick,$(OUT))" \
		$(if $(QUICK),--quick --fresh) $(if $(SCALE),--scale "$(SCALE)") $(if $(START),--start "$(START)")

evaluate-models: $(TRAINING) ## the development table: DATA=… [ENCODERS="FOLDER …"] [READERS="READER:ENCODER …"]
	@$(BIN)/python -m embeddings.training.evaluate --data "$(DATA)" $(if $(MOST),--most "$(MOST)") \
		$(foreach folder,$(ENCODERS),--encoder "$(folder)") $(foreach pair,$(READERS),--reader "$(pair)")

test: $(DEVELOPMENT) ## run the tests
	@echo "Running the tests …"
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

coverage: $(DEVELOPMENT) ## run the tests and measure their coverage, which takes a third longer
	@echo "Running the tests …"
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --cov --cov-report=term:skip-covered

docs: export NO_MKDOCS_2_WARNING := 1
docs: $(DOCUMENTATION) ## build the documentation in build/site
	@$(BIN)/mkdocs build --strict

screenshots: $(DEVELOPMENT) ## take the pictures of the window (needs Chromium)
	@$(BIN)/python tests/browser/screenshots.py ui/screenshots

lint: $(DEVELOPMENT) ## check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

typecheck: $(DEVELOPMENT) ## check the types
	@$(BIN)/mypy

fix: $(DEVELOPMENT) ## fix what the style check can fix, and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

hooks: $(DEVELOPMENT) ## check style and types before every commit
	@$(BIN)/pre-commit install

lock: $(DEVELOPMENT) $(DOCUMENTATION) $(TRAINING) ## write the installed versions to requirements.lock
	@$(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' > requirements.lock

clean: ## remove the installation and caches
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build/site

$(INSTALLED): pyproject.toml requirements.lock
	@echo "Setting up .venv: some minutes the first time, nothing to do after that …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25'
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable .
	@touch $@

$(TRAINING): $(INSTALLED)
	@echo "Adding what training needs …"
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[train]'
	@touch $@

$(DEVELOPMENT): $(INSTALLED)
	@echo "Adding what the tests need …"
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[dev]'
	@touch $@

$(DOCUMENTATION): $(INSTALLED)
	@echo "Adding what the documentation needs …"
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[docs]'
	@touch $@
