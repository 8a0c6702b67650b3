# Two commands to know: make demo, make test.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TORCH := $(shell sed -n 's/^\(torch==.*\)/\1/p' constraints.txt)
PYTEST_ARGS ?=
ifeq ($(SLOW),1)
PYTEST_TIER := -m "slow or not slow" --timeout 1800
endif

.PHONY: install demo test check bench clean

install: $(STAMP)

# torch goes first and alone: beside others, the resolver may choose another build of it.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" -c constraints.txt
	@if [ "$$CI" = true ] && $(BIN)/python -m pip list --format=freeze \
	    | grep -iE '^(nvidia|cuda|triton)'; then \
	    echo "these need a GPU and must not be installed here" >&2; exit 1; fi
	@if command -v $${CXX:-c++} >/dev/null; then $(BIN)/python -m tidemill.core.native \
	    || echo "native part not built; the Python part does the same, slower"; fi
	@touch $@

demo: install
	$(BIN)/tidemill demo

test: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_TIER) $(PYTEST_ARGS)

check: test
	$(BIN)/vulture
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright --verifytypes tidemill --ignoreexternal

bench: install
	@for bench in $$(grep -l 'add_argument("--prepare"' benches/*.py); do echo "== $$bench"; $(BIN)/python $$bench --prepare && $(BIN)/python $$bench || exit 1; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
