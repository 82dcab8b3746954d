# Everything starts here: `make demo` and `make test` do all the set-up themselves, given Python >= 3.11, git and make.
# Works with GNU make 3.81 (macOS) and later.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test lint compat bench kills prove soak lock clean

# Compiled bytecode makes every process start about a second faster; inherited paths would hide what is locked here.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport PYTHONHOME
unexport VIRTUAL_ENV
export PYTHON

VENV := .venv
COMPAT := .venv-compat
PEERS := .venv-peers
BIN := $(VENV)/bin

# A stamp's name holds the checksum of all that its environment depends on, the folder included. So a second run finds
# its stamp and starts at once, and a new lock, a moved clone or another branch does not.
checksum = $(shell { pwd; cat pyproject.toml requirements/uv.txt $(1); } | cksum | cut -d ' ' -f 1)
RUNTIME_STAMP := $(VENV)/.ready-runtime-$(call checksum,requirements/runtime.txt)
TEST_STAMP := $(VENV)/.ready-test-$(call checksum,requirements/test.txt requirements/runtime.txt)
COMPAT_STAMP := $(COMPAT)/.ready-$(call checksum,requirements/compat.txt)
PEERS_STAMP := $(PEERS)/.ready-$(call checksum,requirements/peers.txt)

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/make \1|\2/p' Makefile | awk -F '|' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: $(RUNTIME_STAMP) ## trade a simulated market and show what happens (make demo ARGS="--speed max")
	@$(BIN)/holdfast demo $(ARGS)

test: lint $(COMPAT_STAMP) ## everything that must hold: linters, types, import contracts, tests
	@$(BIN)/python -m pytest -q -n 2 -m "not serial"
	@$(BIN)/python -m pytest -q -m serial

lint: $(TEST_STAMP) ## linters, types and import contracts only
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports

compat: $(TEST_STAMP) $(COMPAT_STAMP) ## three real Binance clients on the paper exchange only
	@$(BIN)/python -m pytest -q tests/compat

bench: $(RUNTIME_STAMP) $(PEERS_STAMP) ## measure speed, with other people's clients beside ours
	@HOLDFAST_PEERS_PYTHON=$(CURDIR)/$(PEERS)/bin/python $(BIN)/python -m benchmarks $(ARGS)

kills: $(TEST_STAMP) ## the long form of the kill test (make kills ARGS="--kills 60 --seed 1")
	@$(BIN)/python -m tests.acceptance.kills $(ARGS)

prove: $(TEST_STAMP) ## the long proof: 2 000 simulated hours, kills everywhere, sown bugs (about an hour)
	@$(BIN)/python -m tests.prove $(ARGS)

soak: $(TEST_STAMP) ## simulated hours until stopped with Ctrl-C; adds to docs/reference/soak.md
	@$(BIN)/python -m tests.prove.soak $(ARGS)

LOCK = $(BIN)/python -m uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-annotate --no-emit-index-url $(ARGS)

lock: $(TEST_STAMP) ## resolve the lock files again (make lock ARGS=--upgrade takes newer versions)
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) pyproject.toml --group build -o requirements/runtime.txt
	$(LOCK) pyproject.toml --group build --group test -c requirements/runtime.txt -o requirements/test.txt
	$(LOCK) --group peers -o requirements/peers.txt
	$(LOCK) --group compat -c requirements/peers.txt -o requirements/compat.txt

clean: ## remove environments and caches
	rm -rf $(VENV) $(COMPAT) $(PEERS) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME_STAMP):
	@sh scripts/venv.sh $(VENV) requirements/runtime.txt --package
	@rm -f $(VENV)/.ready-runtime-* && touch $@

# The test lock holds the runtime's versions and more, so it makes both ready.
$(TEST_STAMP):
	@sh scripts/venv.sh $(VENV) requirements/test.txt --package
	@rm -f $(VENV)/.ready-test-* $(VENV)/.ready-runtime-* && touch $@ $(RUNTIME_STAMP)

$(COMPAT_STAMP):
	@sh scripts/venv.sh $(COMPAT) requirements/compat.txt
	@rm -f $(COMPAT)/.ready-* && touch $@

$(PEERS_STAMP):
	@sh scripts/venv.sh $(PEERS) requirements/peers.txt
	@rm -f $(PEERS)/.ready-* && touch $@
