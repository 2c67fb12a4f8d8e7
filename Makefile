# Two commands do everything: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test check bench faults hostile mutants coverage screens lock clean

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("gangly needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## open the app on the sandbox CRM
	@$(BIN)/gangly demo

check: $(STAMP)  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## every check and every test
	$(BIN)/pytest -n 2 --dist loadfile

bench: $(STAMP)  ## timings, with a peer in the same run; never a pass or fail
	$(BIN)/pytest tests/benchmarks --override-ini addopts= --benchmark-columns=median,min,rounds -q

N ?= 300
SEED ?= 1
faults: $(STAMP)  ## kills and faults against the real courier: make faults N=10000 SEED=7
	$(BIN)/python -m tests.faults $(N) $(SEED) --jobs 2 $(if $(KEEP),--keep $(KEEP))

hostile: $(STAMP)  ## hostile strings through every screen, broken files into every importer
	$(BIN)/python -m tests.hostile $(N) $(SEED)
	$(BIN)/python -m tests.hostile files $(N) $(SEED)

mutants: $(STAMP)  ## small defects in trail, outbox, vault, clean, transport: do the tests see them?
	$(BIN)/python -m tests.mutation $(PART)

coverage: $(STAMP)  ## every branch of the same files, or it fails
	$(BIN)/python -m tests.mutation coverage

screens: $(STAMP)  ## draw the README's pictures anew
	GANGLY_DRAW=1 $(BIN)/pytest tests/tui/test_screens.py -q

lock: $(STAMP)  ## pin every dependency with its hash
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
