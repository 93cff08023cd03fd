# People and CI run the same targets. `make demo` and `make test` do everything on a machine with Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_OPTIONS := --numprocesses=2 --dist=worksteal --durations=40

.PHONY: setup demo test test-slow check lab clean

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "workbench needs Python 3.11 to 3.13, $(PYTHON) is $$($(PYTHON) --version 2>&1); try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,dev]'
	$(BIN)/python -P -m workbench.machine.opencv_build
	@touch $@

demo: setup
	$(BIN)/workbench tune --time 4m --out tuned

# What everyone runs before each commit: all but the tests marked slow.
test: setup
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

# What needs real minutes (kills, fuzzing, fresh environments, endurance, JupyterLab); before something is called done.
# FUZZ=100 says how much is fuzzed, SEED=1 what; `python -m tests.benchmarks.fuzzing` prints the figures.
# Three at a time on two cores: a good part of their time is waiting, for kills, time limits, kernels and pages.
test-slow: setup
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) --numprocesses=3 -m slow

check: setup
	@began=$$(date +%s); $(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy && \
		echo "checked in $$(($$(date +%s) - began)) s"

lab: setup
	$(BIN)/workbench lab

clean:
	rm -rf $(VENV) report.html tuned
