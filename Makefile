# Two entry points: `make demo` and `make test`. Each builds .venv from the pinned constraints first.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c '' 2>/dev/null && echo $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo deploy-local test lint unit check-system clean

demo: $(VENV)/.demo
	$(BIN)/understudy demo

test: $(VENV)/.test lint unit

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# One BLAS/OpenMP thread per worker: two workers on two cores.
unit: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

# make bench-real-data runs benchmarks/real_data.py, make study-census runs studies/census.py; ARGS passes options.
bench-%: $(VENV)/.test
	$(BIN)/python benchmarks/$(subst -,_,$*).py $(ARGS)

study-%: $(VENV)/.test
	$(BIN)/python -m studies.$(subst -,_,$*) $(ARGS)

# Deploys to an emulated cloud, uses what was deployed, rolls back, takes it down; needs Node 20 or later and no account.
deploy-local: $(VENV)/.test
	$(BIN)/python tests/infra/deploy_local.py

# What pip cannot install, and how to get it.
check-system:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, found $$($(PYTHON) --version); set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "The venv module is incomplete: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { echo "LightGBM needs libgomp.so.1: apt-get install libgomp1"; exit 1; }

$(BIN)/python: | check-system
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[teacher,distill,serve]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	@command -v node >/dev/null || { echo "Node 18 or later is needed to synthesise the stacks: apt-get install nodejs"; exit 1; }
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || echo "No Chromium: the console is not tested in a browser: apt-get install -y --no-install-recommends chromium"
	$(PIP) install -c constraints.txt -e '.[teacher,distill,serve,infra,test]'
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build runs cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis
